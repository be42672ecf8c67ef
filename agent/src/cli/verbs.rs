//! Commands that are one call to the daemon: parameters in, result shown.

use protocol::params::*;
use protocol::result::SeatStatus;
use protocol::{ErrorCode, RpcError, Verb as Method};
use store::phone::{Phone, Special};

use super::args::{
    CallArgs, DialVerb, FilterArg, Global, ListVerb, NextArg, Switch, TapArgs, Verb, WriteArgs,
};
use super::output::{Closed, Out};
use super::progress::{self, Work};
use super::time::{self, stretch};
use super::when::When;
use super::{Failure, args, exports, files, office, render, socket};
use crate::control::client::Client;

/// Calls and shows: the result as the daemon wrote it with `--json`, else for people.
pub(super) fn call<V: Method>(
    global: &Global,
    verb: V,
    out: Out,
    show: impl FnOnce(&V::Result, Out) -> Result<(), Closed>,
) -> Result<(), Failure> {
    let mut client = Client::connect(&socket(global))?;
    if out.json {
        return Ok(out.object(&client.call_json(verb.into_command())?)?);
    }
    let result = client.call(verb)?;
    Ok(show(&result, out)?)
}

fn seat_call<V: Method<Result = SeatStatus>>(global: &Global, verb: V, out: Out) -> Result<(), Failure> {
    call(global, verb, out, render::seat)
}

/// What is going on now; people are also told of tasks whose time has come, where they may see some.
fn status(global: &Global, out: Out) -> Result<(), Failure> {
    if out.json {
        return call(global, Status {}, out, render::status);
    }
    let mut client = Client::connect(&socket(global))?;
    render::status(&client.call(Status {})?, out)?;
    let past = TaskLs { folder: Some("past".to_owned()), limit: Some(1), ..TaskLs::default() };
    match client.call(past) {
        Ok(page) => Ok(render::due(page.counts.past, out)?),
        // Not for every role, and the status is told.
        Err(_) => Ok(()),
    }
}

/// A seat whose number is dialed by hand only, and with a doubt: its last digits are ignored by the network.
fn dialed(seat: &SeatStatus, out: Out) -> Result<(), Closed> {
    render::seat(seat, out)?;
    for code in &seat.warnings {
        let said = Special::Overlong.said();
        let said = if out.is_japanese() { said.ja } else { said.en };
        out.line(&format!("    {code} {said}"))?;
    }
    Ok(())
}

/// When to call again, UTC milliseconds: on a day alone it depends on the daemon's calling window.
pub(super) fn recall(global: &Global, when: Option<When>) -> Result<Option<i64>, Failure> {
    let Some(when) = when else { return Ok(None) };
    let status = Client::connect(&socket(global))?.call(Status {})?;
    let passed = when.moment(USUAL_HOURS, status.now);
    if when.is_todays() && passed <= status.now {
        return Err(Failure::Refused(Box::new(RpcError::with_detail(ErrorCode::Value, over(passed)))));
    }
    let hours = status.hours.map_or(USUAL_HOURS, |hours| (hours.from, hours.to));
    Ok(Some(when.moment(hours, status.now)))
}

/// A time of today that is over: what to write for one of tomorrow.
fn over(at: i64) -> (String, String) {
    let typed = time::full(at);
    let clock = typed.get(11..16).unwrap_or_default();
    (
        format!("今日の {clock} は過ぎています。明日なら \"明日 {clock}\" と書いてください"),
        format!("{clock} is over today; write \"tomorrow {clock}\" for tomorrow"),
    )
}

/// The time to call again that was taken, and where nobody may be called then, from when on they may.
pub(super) fn told_recall(at: Option<i64>, opens: Option<Option<i64>>, out: Out) -> Result<(), Closed> {
    let Some(at) = at else { return Ok(()) };
    out.line(&format!("    {}: {}", out.text("再コール日時", "to be called again"), time::full(at)))?;
    let told = |at| match out.is_japanese() {
        true => format!("    この日時は架電可能時間外です。{} から発信できます", time::full(at)),
        false => format!("    no call may leave then; it can be called from {} on", time::full(at)),
    };
    match opens {
        None => Ok(()),
        Some(Some(at)) => out.line(&told(at)),
        Some(None) => out.line(out.text(
            "    架電可能な日時が設定されていません",
            "    no call may leave then: the settings never open the calling window",
        )),
    }
}

/// 09:00 to 20:00, where a daemon does not tell its own.
const USUAL_HOURS: (u16, u16) = (540, 1_200);

pub(super) fn client(global: &Global, verb: Verb, out: Out) -> Result<(), Failure> {
    let seat = global.seat.clone();
    match verb {
        Verb::Status => status(global, out),
        Verb::Call(args) => {
            let CallArgs { number, contact, label, lead, attempt, task, project } = args;
            let lead = lead.map(|lead| super::manage::lead_id(global, lead)).transpose()?;
            let verb = CallDial { seat, number, contact, label, lead, attempt, task, project };
            call(global, verb, out, dialed)
        }
        Verb::Answer => seat_call(global, CallAnswer { seat }, out),
        Verb::Hangup { attempt } => seat_call(global, CallHangup { seat, attempt }, out),
        Verb::Hold => seat_call(global, CallHold { seat }, out),
        Verb::Resume => seat_call(global, CallResume { seat }, out),
        Verb::Mute { state } => seat_call(global, CallMute { seat, on: state == Switch::On }, out),
        Verb::Dtmf { digits } => seat_call(global, CallDtmf { seat, digits }, out),
        Verb::Transfer { number } => call(global, CallTransfer { seat, number }, out, dialed),
        Verb::Consult { number: Some(number), .. } => call(global, CallConsult { seat, number }, out, dialed),
        Verb::Consult { number: None, .. } => seat_call(global, CallReturn { seat }, out),
        Verb::Swap => seat_call(global, CallSwap { seat }, out),
        Verb::Listen(TapArgs { tapped }) => seat_call(global, CallListen { seat, tapped }, out),
        Verb::Whisper(TapArgs { tapped }) => seat_call(global, CallWhisper { seat, tapped }, out),
        Verb::Barge(TapArgs { tapped }) => seat_call(global, CallBarge { seat, tapped }, out),
        Verb::Untap => seat_call(global, CallUntap { seat }, out),
        Verb::Save(args) => {
            let next = match args.next {
                NextArg::Dial => Next::Dial,
                NextArg::Skip => Next::Skip,
                NextArg::Stay => Next::Stay,
            };
            let recall_at = recall(global, args.recall)?;
            let verb = CallSave {
                seat,
                attempt: args.attempt,
                status: args.status,
                memo: args.memo,
                recall_at,
                next,
                save_seq: args.save_seq,
            };
            call(global, verb, out, |seat, out| {
                render::seat(seat, out)?;
                let status = seat.call.as_ref().and_then(|call| call.status.as_deref());
                if status.is_some_and(store::forbids) {
                    out.line(out.text(
                        "    この番号を架電禁止に登録しました。今後は発信しません",
                        "    the number is on the do-not-call list and is called no more",
                    ))?;
                }
                told_recall(seat.recall_at, seat.recall_opens_at, out)
            })
        }
        Verb::Pause { code } => seat_call(global, SeatPause { seat, code }, out),
        Verb::Ready => seat_call(global, SeatReady { seat }, out),
        Verb::Dial(verb) => dial(global, verb, out),
        Verb::Dnc(verb) => office::dnc(global, verb, out),
        Verb::Contact(verb) => office::contact(global, verb, out),
        Verb::Task(verb) => office::task(global, verb, out),
        Verb::Note(verb) => office::note(global, verb, out),
        Verb::Disposition(verb) => office::disposition(global, verb, out),
        Verb::User(verb) => office::user(global, verb, out),
        Verb::Audit(args) => office::audit(global, args, out),
        Verb::History(args) => {
            let args = *args;
            if let Some(verb) = args.verb {
                return office::history(global, verb, out);
            }
            let filters = args.calls.export(seat)?.list();
            let verb = HistoryList { before: args.before, limit: Some(args.limit), ..filters };
            // A search may have to read every call there is.
            let bar = verb.searches().then(|| {
                let work = Work::Named { work: "search", of: "history".to_owned() };
                progress::watch(&socket(global), work, out)
            });
            let lists_only = verb.manual.is_none() && !verb.unsealed && !verb.interrupted;
            call(global, verb, out, |page, out| {
                drop(bar);
                render::history(page, out)?;
                if lists_only && page.rows.is_empty() {
                    out.note(out.text(
                        "  手動で掛けた通話は --manual include で表示します",
                        "  Calls to typed numbers are shown with --manual include.",
                    ));
                }
                Ok(())
            })
        }
        Verb::Stats(args) if args.by.is_some() => {
            let (from, to) = stretch(args.from, args.to)?;
            let verb = StatsTally {
                by: args
                    .by
                    .map(|by| if by == "operator" { "user".to_owned() } else { by })
                    .unwrap_or_default(),
                from,
                to,
                list: args.list.map(|list| args::path(args.project.as_deref(), list)),
                project: args.project,
                operator: args.operator,
            };
            call(global, verb, out, render::manage::tally)
        }
        Verb::Stats(args) => {
            let (from, to) = stretch(args.from, args.to)?;
            let verb = StatsGet {
                from,
                to,
                list: args.list.map(|list| args::path(args.project.as_deref(), list)),
                project: args.project,
                operator: args.operator,
            };
            call(global, verb, out, render::stats)
        }
        Verb::Devices(args) => super::devices::devices(global, args.verb, out),
        // Dispatched before they come here.
        Verb::Run(_)
        | Verb::Demo(_)
        | Verb::Exchange(_)
        | Verb::Events(_)
        | Verb::Trace(_)
        | Verb::List(_)
        | Verb::Project(_)
        | Verb::Profile(_)
        | Verb::Lead(_)
        | Verb::Recording(_)
        | Verb::Backup(_)
        | Verb::Restore(_)
        | Verb::Doctor(_)
        | Verb::Config(_)
        | Verb::Completion { .. } => Ok(()),
    }
}

pub(super) fn list(global: &Global, verb: ListVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ListVerb::Create { name, project, create_project } => {
            call(global, ListCreate { name, project, create_project }, out, render::list)
        }
        ListVerb::Import(args) => files::import(&socket(global), *args, out),
        ListVerb::Export { list, file, write, without_results, strict } => {
            let list = list.path();
            let of = list.clone();
            let WriteArgs { encoding, raw, profile, cut } = write.clone();
            let verb = ListExport {
                list,
                path: None,
                encoding,
                raw,
                profile,
                split: cut.split,
                split_rows: cut.split_rows,
                split_bytes: cut.split_bytes,
                without_results,
                strict,
            };
            exports::fetch(&socket(global), verb, of, (&file, &write), out)
        }
        ListVerb::Ls => call(global, ListLs {}, out, |lists, out| render::lists(&lists.lists, out)),
        ListVerb::Show { list, filter, after, limit } => {
            let filter = match filter {
                FilterArg::All => LeadFilter::All,
                FilterArg::Dialable => LeadFilter::Dialable,
                FilterArg::Excluded => LeadFilter::Excluded,
                FilterArg::Untouched => LeadFilter::Untouched,
                FilterArg::Worked => LeadFilter::Worked,
            };
            let verb = ListShow { list: list.path(), after, limit: Some(limit), filter: Some(filter) };
            call(global, verb, out, render::leads)
        }
        other => super::manage::list(global, other, out),
    }
}

fn dial(global: &Global, verb: DialVerb, out: Out) -> Result<(), Failure> {
    let seat = global.seat.clone();
    match verb {
        DialVerb::Start { list } => {
            let list = list.path();
            call(global, DialStart { seat, list: list.clone() }, out, |seat, out| {
                render::seat(seat, out)?;
                if seat.dial.is_none() {
                    let none = out.text("  発信できる行がありません", "  Nobody on the list can be called");
                    out.note(&format!("{none}: kakeru dial why --list {list}"));
                }
                Ok(())
            })
        }
        DialVerb::Pause => seat_call(global, DialPause { seat }, out),
        DialVerb::Resume => seat_call(global, DialResume { seat }, out),
        DialVerb::Stop => seat_call(global, DialStop { seat }, out),
        DialVerb::Skip => seat_call(global, DialSkip { seat }, out),
        DialVerb::Why { lead, list, limit } => {
            let list = list.path();
            // An id has 26 letters and digits of Crockford's alphabet; a number is shorter.
            let is_id = |text: &String| text.len() == 26 && text.chars().all(|c| c.is_ascii_alphanumeric());
            // Whoever writes a name means a list: 11月リスト as little as 春 is a number.
            let is_number =
                |text: &String| Phone::parse(text).is_ok() || !text.chars().any(char::is_alphabetic);
            let (lead, number, list) = match lead {
                Some(text) if super::manage::place(&text).is_some() => {
                    (Some(super::manage::lead_id(global, text)?), None, list)
                }
                Some(text) if is_id(&text) => (Some(text), None, list),
                Some(text) if list.is_none() && !is_number(&text) => (None, None, Some(text)),
                other => (None, other, list),
            };
            call(global, DialWhy { list, lead, number, limit: Some(limit) }, out, render::why)
        }
    }
}
