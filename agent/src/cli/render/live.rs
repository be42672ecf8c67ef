//! What is going on now: accounts, seats, calls, devices.

use protocol::Lang;
use protocol::result::{
    AccountStatus, CallInfo, CallState, DeviceDirection, Devices, DialInfo, DialState, EarlierCall,
    HeadsetTrouble, RegistrationState, SeatState, SeatStatus, StatusResult, StoreStatus, StrangersStatus,
    TapInfo, TapMode, TransferInfo, TransferState, TrunkState, TrunkStatus,
};

use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, clean, shorten};
use crate::cli::time;
use crate::said::built_in;

use super::words;

/// Columns that a name of a customer, a user or a list may take in a line; `--json` has it whole.
const NAME: usize = 40;
/// And each part of what is known of an earlier call.
const EARLIER: usize = 80;

pub(crate) fn status(status: &StatusResult, out: Out) -> Result<(), Closed> {
    let by_clock = || u64::try_from(status.now - status.started_at).unwrap_or(0);
    let up = status.up_ms.unwrap_or_else(by_clock);
    out.line(&format!(
        "kakeru {}  {}  pid {}  {} {}",
        status.version,
        clean(&status.box_id),
        status.pid,
        out.text("稼働", "up"),
        time::length(up)
    ))?;
    out.table(&accounts(status, out))?;
    for account in &status.accounts {
        if let Some(line) = certificate(account, status.now, out) {
            out.line(&line)?;
        }
    }
    out.table(&seats(status, out))?;
    let told: std::collections::BTreeSet<_> =
        status.seats.iter().filter_map(|seat| goes_on(seat.pause_code.as_deref()?, out)).collect();
    told.into_iter().try_for_each(|line| out.line(line))?;
    for seat in &status.seats {
        if let Some(trouble) = &seat.voice.headset_trouble {
            out.line(&format!("{} {}: {}", out.text("席", "seat"), seat.name, headset(trouble, out)))?;
        }
    }
    store_trouble(&status.store, out)?;
    if status.store.trouble.is_some() && status.store.pending > 0 {
        let what = out.text("保存を待っている通話の終了", "ends of calls that wait to be saved");
        out.line(&format!("  {what}: {}", status.store.pending))?;
    }
    if let Some(at) = status.store.begun_empty_at {
        let text = out.text(
            "に、データベースがなかったため空のものを始めました。録音は残っていますが、架電禁止リスト・発信先・履歴は空です。意図したものでなければ、デーモンを止めて kakeru restore ファイル で復元してください(これでよければ kakeru doctor --accept-empty)",
            "there was no database and an empty one was begun: recordings are there, the do-not-call list, leads and history are empty. If that is not meant, stop the daemon and `kakeru restore FILE`; if it is, `kakeru doctor --accept-empty`",
        );
        out.line(&format!("{} {text}", time::full(at)))?;
    }
    if let Some(kept) = &status.recordings {
        let left = match status.store.folder {
            Some(_) => out.text("録音できません", "nothing can be recorded").to_owned(),
            None => super::manage::hours_left(kept.hours_left, out),
        };
        let most = kept.quota.map_or_else(String::new, |quota| format!(" / {}", super::manage::size(quota)));
        out.line(&format!(
            "{}: {} ({}{most})  {}: {left}",
            out.text("録音", "recordings"),
            kept.count,
            super::manage::size(kept.bytes),
            out.text("残り時間(通話)", "hours of talk left"),
        ))?;
        if kept.over_quota {
            out.line(&super::manage::full(kept, out))?;
        }
    }
    if status.outbox.backlog > 0 || status.outbox.dead > 0 {
        out.line(&format!(
            "{}: {}  {}: {}  {}",
            out.text("未送信の結果", "results not delivered yet"),
            status.outbox.backlog,
            out.text("受け取り拒否", "refused"),
            status.outbox.dead,
            status.outbox.why.as_deref().map(clean).unwrap_or_default()
        ))?;
    }
    if status.interrupted > 0 {
        let text = out.text(
            "件の通話が中断されています(kakeru history --interrupted)",
            "calls were interrupted (`kakeru history --interrupted`)",
        );
        out.line(&format!("{} {text}", status.interrupted))?;
    }
    if status.open > 0 {
        let text = out.text(
            "件の通話に結果がありません(kakeru history --open、kakeru save --attempt ID --status …)",
            "calls have no result yet (`kakeru history --open`, `kakeru save --attempt ID --status …`)",
        );
        out.line(&format!("{} {text}", status.open))?;
    }
    strangers(&status.strangers, status.now, out)?;
    let told = if out.is_japanese() { &status.warnings_ja } else { &status.warnings_en };
    // A daemon of an earlier version tells them in its own language only.
    let told = if told.is_empty() { &status.warnings } else { told };
    told.iter().try_for_each(|warning| out.line(&clean(warning)))
}

/// Why nobody is called, where results or recordings cannot be kept.
pub(crate) fn store_trouble(store: &StoreStatus, out: Out) -> Result<(), Closed> {
    let Some(trouble) = &store.trouble else { return Ok(()) };
    // What the program says of itself is English, as in the log.
    let detail = if out.is_japanese() { &store.detail_ja } else { &store.detail };
    let detail = detail.as_deref().map_or_else(String::new, |detail| format!(" ({})", clean(detail)));
    let (text, hint) = trouble
        .parse::<protocol::ErrorCode>()
        .map_or(("", ""), |code| (code.text().in_lang(out.lang), code.hint().in_lang(out.lang)));
    out.line(&format!("{trouble} {text} {hint}{detail}"))
}

/// How many tasks of theirs wait, their time being over (X4).
pub(crate) fn due(past: u64, out: Out) -> Result<(), Closed> {
    if past == 0 {
        return Ok(());
    }
    let text = out.text(
        "件の対応タスクの時刻が過ぎています(kakeru task ls --folder past、kakeru call --task ID)",
        "tasks are due (`kakeru task ls --folder past`, `kakeru call --task ID`)",
    );
    out.line(&format!("{past} {text}"))
}

fn accounts(status: &StatusResult, out: Out) -> Table {
    let mut accounts = Table::new(&[
        out.text("アカウント", "account"),
        out.text("種別", "kind"),
        out.text("アドレス", "address"),
        out.text("経路", "transport"),
        out.text("交換機", "exchange"),
        out.text("状態", "state"),
        out.text("次の試行", "next attempt"),
        out.text("理由", "why"),
    ])
    .whole();
    for account in &status.accounts {
        accounts.row([
            account.name.clone(),
            account.kind.clone(),
            account.aor.clone(),
            transport(account),
            exchange(&account.trunk, status.now, out),
            registration(account, out).to_owned(),
            // A registered account's next attempt is its refresh, which is nobody's concern.
            account
                .next_attempt_at
                .filter(|_| account.state != RegistrationState::Registered)
                .map_or_else(String::new, |at| time::short(at, status.now)),
            why(account, out),
        ]);
    }
    accounts
}

fn seats(status: &StatusResult, out: Out) -> Table {
    let mut seats = Table::new(&[
        out.text("席", "seat"),
        out.text("担当", "operator"),
        out.text("状態", "state"),
        out.text("いつから", "since"),
        out.text("通話", "call"),
        out.text("リスト", "list"),
        out.text("架電", "dialing"),
        out.text("再開", "goes on"),
        out.text("音声", "voice"),
    ])
    // Times and what to do must be whole; names are cut one by one.
    .whole();
    for seat in &status.seats {
        let (list, dialing, until) = seat.dial.as_ref().map_or_else(Default::default, |dial| {
            let goes_on = dial.until.filter(|_| dial.state != DialState::Paused);
            let until = goes_on.map_or_else(String::new, time::full);
            (shorten(&dial.list, NAME), dialing(dial, out), until)
        });
        seats.row([
            seat.name.clone(),
            shorten(&seat.operator, NAME),
            format!("{} {}", state(seat, out), taps(seat, out)).trim_end().to_owned(),
            time::short(seat.since, status.now),
            calls(seat, out),
            list,
            dialing,
            until,
            voice(seat, out),
        ]);
    }
    seats
}

/// Whose requests were refused: how many, then the sources, and what to do where one is no stranger.
fn strangers(strangers: &StrangersStatus, now: i64, out: Out) -> Result<(), Closed> {
    if strangers.sources.is_empty() {
        return Ok(());
    }
    let mut sources: Vec<_> = strangers.sources.iter().collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.last_at));
    let told = sources.iter().map(|source| {
        let scanner = if source.scanner { out.text(" スキャン", " scanner") } else { "" };
        let method =
            source.method.as_deref().map_or_else(String::new, |method| format!(" {}", clean(method)));
        let (address, last) = (clean(&source.address), time::short(source.last_at, now));
        format!("{address}{method}×{}{scanner} {last}", source.requests)
    });
    out.line(&format!(
        "{}: {} {}  {} {}  {}",
        out.text("外部からの要求を拒否", "requests of strangers"),
        strangers.refused,
        out.text("件", "refused"),
        strangers.dropped,
        out.text("件は無応答", "not answered"),
        told.collect::<Vec<_>>().join(", "),
    ))?;
    // A scanner explains itself; a caller may be a server of the own exchange.
    if sources.iter().any(|source| !source.scanner && source.method.as_deref() == Some("INVITE")) {
        let hint = "自社の交換機からの着信であれば、アカウントの trusted_sources にその宛先を加えてください";
        out.line(out.text(
            hint,
            "if a call of your own exchange is among them, name its address in trusted_sources",
        ))?;
    }
    Ok(())
}

/// The seat after a command.
pub(crate) fn seat(seat: &SeatStatus, out: Out) -> Result<(), Closed> {
    out.line(&seat_line(seat, out))?;
    if let Some(line) = seat.pause_code.as_deref().and_then(|code| goes_on(code, out)) {
        out.line(line)?;
    }
    if seat.state == SeatState::WrapUp {
        let saved = seat.call.as_ref().is_some_and(|call| call.status.is_some());
        out.line(match saved {
            false => out.text(
                "    結果を保存してください: kakeru save --status 見込 --next dial",
                "    it wants a result: `kakeru save --status … --next dial`",
            ),
            // A session that was paused goes on; another one is not begun beside it.
            true if seat.dial.as_ref().is_some_and(|dial| dial.state == DialState::Paused) => out.text(
                "    保存済みです。次へ進むと確定します: kakeru dial resume、ready、call",
                "    saved; the next step makes it final: `kakeru dial resume`, `ready`, `call`",
            ),
            true => out.text(
                "    保存済みです。次へ進むと確定します: kakeru ready、dial start、call",
                "    saved; the next step makes it final: `kakeru ready`, `dial start`, `call`",
            ),
        })?;
    }
    seat.call.iter().flat_map(|call| &call.earlier).try_for_each(|call| out.line(&earlier(call, out)))
}

/// How a seat goes on that the machine paused.
fn goes_on(code: &str, out: Out) -> Option<&'static str> {
    match code {
        dialer::PAUSED_AT_CLOSING => Some(out.text(
            "    翌日は自動では発信しません。再開: kakeru dial resume または kakeru ready",
            "    nothing is dialed by itself the next day: `kakeru dial resume` or `kakeru ready` goes on",
        )),
        dialer::PAUSED_BY_DEVICE => Some(out.text(
            "    音声デバイスが使えないため発信しません。kakeru devices で確かめ、使えるようになったら再開: kakeru dial resume",
            "    nobody is called without a sound device: see `kakeru devices`; once it is back `kakeru dial resume` goes on",
        )),
        _ => None,
    }
}

fn seat_line(seat: &SeatStatus, out: Out) -> String {
    let parts = [
        format!("{}: {}", clean(&seat.name), state(seat, out)),
        calls(seat, out),
        taps(seat, out),
        clean(&dial(seat, out)),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("  ")
}

/// An earlier call with an incoming caller.
fn earlier(call: &EarlierCall, out: Out) -> String {
    let label = call.label.as_deref().unwrap_or_else(|| out.text("未入力", "no status"));
    let parts = [Some(label), call.operator.as_deref(), call.memo.as_deref()];
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| shorten(&clean(part), EARLIER)).collect();
    format!("    {}  {}", time::full(call.at), parts.join("  "))
}

pub(crate) fn devices(devices: &Devices, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("方向", "direction"),
        out.text("名前", "name"),
        out.text("既定", "default"),
        out.text("方式", "host"),
    ])
    .whole();
    for device in &devices.devices {
        let direction = match device.direction {
            DeviceDirection::Capture => out.text("マイク", "capture"),
            DeviceDirection::Playback => out.text("ヘッドホン", "playback"),
        };
        let default = if device.default { "*" } else { "" };
        table.row([direction.to_owned(), device.name.clone(), default.to_owned(), device.host.clone()]);
    }
    out.table(&table)
}

fn registration(account: &AccountStatus, out: Out) -> &'static str {
    match account.state {
        RegistrationState::Idle => out.text("未登録", "idle"),
        RegistrationState::Unneeded => out.text("登録不要", "no registration needed"),
        RegistrationState::Resolving => out.text("名前を解決中", "resolving"),
        RegistrationState::Registering => out.text("登録中", "registering"),
        RegistrationState::Registered => out.text("登録済", "registered"),
        RegistrationState::Failed => out.text("失敗", "failed"),
        RegistrationState::Unregistering => out.text("登録解除中", "unregistering"),
    }
}

fn why(account: &AccountStatus, out: Out) -> String {
    // A code of ours, then what exactly: the words are the reader's.
    let told = account.why.as_deref().unwrap_or_default();
    let (code, detail) = told.split_once(' ').unwrap_or((told, ""));
    if let Ok(code) = code.parse::<protocol::ErrorCode>() {
        let (text, hint) = (code.text().in_lang(out.lang), code.hint().in_lang(out.lang));
        return match detail {
            "" => format!("{text} {hint}"),
            detail => format!("{text} {hint} ({detail})"),
        };
    }
    match (account.code, &account.why) {
        (Some(code @ (401 | 407)), _) => {
            format!(
                "{code} {}",
                out.text("ユーザー名かパスワードが違います", "the user name or the password is wrong")
            )
        }
        (Some(code), Some(why)) => format!("{code} {}", words::sip(why, out)),
        (Some(code), None) => code.to_string(),
        (None, why) => words::sip(why.as_deref().unwrap_or_default(), out).to_owned(),
    }
}

fn transport(account: &AccountStatus) -> String {
    account.tls.as_ref().map_or_else(|| account.transport.clone(), |tls| tls.version.clone())
}

/// The server in use, whether it is only second best, and since when nobody answers.
fn exchange(trunk: &TrunkStatus, now: i64, out: Out) -> String {
    let target = trunk.target.as_deref().unwrap_or_default();
    match trunk.state {
        TrunkState::Unreachable => {
            let since = trunk.since.map_or_else(String::new, |at| time::short(at, now));
            format!("{} {since}", out.text("応答なし", "no answer since"))
        }
        _ if trunk.preferred || target.is_empty() => target.to_owned(),
        _ => format!("{target} ({})", out.text("予備", "alternate")),
    }
}

/// A warning about the exchange's certificate: it ends soon, or it was not verified.
fn certificate(account: &AccountStatus, now: i64, out: Out) -> Option<String> {
    let tls = account.tls.as_ref()?;
    let name = clean(&account.name);
    if tls.verified == "nothing" {
        let text = out.text("交換機の証明書を検証していません", "the exchange's certificate is not verified");
        return Some(format!("{name}: {text}"));
    }
    let end = tls.certificate_expires_at.filter(|end| end - now < CERTIFICATE_WARNING)?;
    let text = out.text("交換機の証明書の期限", "the exchange's certificate ends");
    Some(format!("{name}: {text} {}", time::full(end)))
}

/// Two weeks, in milliseconds.
const CERTIFICATE_WARNING: i64 = 14 * 86_400_000;

fn state(seat: &SeatStatus, out: Out) -> String {
    let state = match seat.state {
        SeatState::LoggedOut => out.text("ログアウト", "logged out"),
        SeatState::Paused => out.text("離席", "paused"),
        SeatState::Ready => out.text("待機", "ready"),
        SeatState::Previewing => out.text("確認中", "previewing"),
        SeatState::Dialing => out.text("発信中", "dialing"),
        SeatState::Ringing => out.text("着信中", "ringing"),
        SeatState::InCall => out.text("通話中", "in call"),
        SeatState::WrapUp => out.text("後処理", "wrap-up"),
    };
    match (&seat.pause_code, &seat.pausing) {
        (Some(code), _) => format!("{state} ({})", clean(words::pause(code, out))),
        (None, Some(code)) => {
            let (then, code) = (out.text("このあと離席", "then away"), clean(words::pause(code, out)));
            format!("{state} ({then}: {code})")
        }
        (None, None) => state.to_owned(),
    }
}

/// The seat's call, and whom is asked about it.
fn calls(seat: &SeatStatus, out: Out) -> String {
    let call = seat.call.as_ref().map_or_else(String::new, |call| brief(call, out));
    match &seat.consult {
        Some(second) => format!("{call}  {}: {}", out.text("相談", "consulting"), brief(second, out)),
        None => call,
    }
}

/// Whom the seat listens to, and who listens to it.
fn taps(seat: &SeatStatus, out: Out) -> String {
    let mode = |tap: &TapInfo| match tap.mode {
        TapMode::Listen => out.text("モニタリング", "listening"),
        TapMode::Whisper => out.text("ささやき", "whispering"),
        TapMode::Barge => out.text("三者通話", "barging in"),
    };
    let own = seat.tap.iter().map(|tap| format!("({} → {})", mode(tap), clean(&tap.seat)));
    let here = seat.taps.iter().map(|tap| format!("({} ← {})", mode(tap), clean(&tap.operator)));
    own.chain(here).collect::<Vec<_>>().join(" ")
}

fn brief(call: &CallInfo, out: Out) -> String {
    let state = match call.state {
        CallState::Preview => out.text("発信前", "preview"),
        CallState::Dialing => out.text("発信", "dialing"),
        CallState::Ringing => out.text("呼出", "ringing"),
        CallState::EarlyMedia => out.text("アナウンス", "early media"),
        CallState::Answered => out.text("通話", "answered"),
        CallState::Ended => out.text("終了", "ended"),
    };
    let name = call
        .company
        .as_ref()
        .or(call.person.as_ref())
        .map_or_else(String::new, |name| format!(" {}", shorten(name, NAME)));
    let flags = match (call.held, call.muted) {
        (true, _) => out.text(" 保留", " held"),
        (false, true) => out.text(" ミュート", " muted"),
        (false, false) => "",
    };
    let result = match (&call.label, &call.suggestion) {
        (Some(label), _) => format!(" [{label}]"),
        (None, Some(code)) => format!(" [{}{}]", out.text("候補: ", "suggested: "), built_in(code)),
        (None, None) => String::new(),
    };
    let number = withheld(call.withheld.as_deref(), out).unwrap_or(&call.number);
    let diverted = call.diverted.first().map_or_else(String::new, |one| {
        let from = one.number.as_deref().unwrap_or_else(|| out.text("非通知", "withheld"));
        format!(" ({}: {from})", out.text("転送元", "diverted from"))
    });
    let transfer = call.transfer.as_ref().map_or_else(String::new, |transfer| handed(transfer, out));
    let voice = line(call, out);
    clean(&format!("{state} {number}{diverted}{name}{flags}{voice}{result}{transfer}"))
}

/// Whom a call is, or was, handed to.
fn handed(transfer: &TransferInfo, out: Out) -> String {
    let state = match transfer.state {
        TransferState::Done => out.text("転送済", "transferred to"),
        TransferState::Failed => out.text("転送失敗", "transfer failed to"),
        TransferState::Asked | TransferState::Accepted | TransferState::Progress => {
            out.text("転送中", "transferring to")
        }
    };
    format!(" ({state} {})", transfer.number)
}

/// How the voice fares: what is wrong first, then whether it is encrypted, then the score.
fn line(call: &CallInfo, out: Out) -> String {
    let mut text = String::new();
    if let Some(recording) = &call.recording {
        if recording.paused {
            text.push_str(out.text(" 録音停止中", " recording paused"));
        }
        if let Some(code) = &recording.trouble {
            text.push_str(&format!(" {} {code}", out.text("録音できていません", "not recorded")));
        }
    }
    if let Some(code) = &call.trouble {
        text.push_str(&format!(" {}", told(code, out)));
    }
    if call.silent {
        text.push_str(out.text(" 無音", " silent"));
    }
    if let Some(secure) = &call.secure {
        text.push_str(&format!(" {} ({secure})", out.text("暗号化", "encrypted")));
    }
    if let Some(mos) = call.quality.and_then(|quality| quality.mos) {
        text.push_str(&format!(" MOS {mos:.1}"));
    }
    text
}

/// What a code means and what to do about it.
pub(super) fn told(code: &str, out: Out) -> String {
    let Ok(known) = code.parse::<protocol::ErrorCode>() else { return code.to_owned() };
    format!("{code} {} ({})", known.text().in_lang(out.lang), known.hint().in_lang(out.lang))
}

/// Why a caller shows no number, as ナンバー・ディスプレイ says it.
pub(super) fn withheld(reason: Option<&str>, out: Out) -> Option<&'static str> {
    match reason? {
        "anonymous" => Some(out.text("非通知", "number withheld")),
        "payphone" => Some(out.text("公衆電話", "payphone")),
        "service" | "unavailable" => Some(out.text("表示圏外", "number not available")),
        _ => None,
    }
}

fn dial(seat: &SeatStatus, out: Out) -> String {
    let Some(dial) = &seat.dial else {
        let through = out.text(
            "最後まで進みました(今発信できる発信先はありません)",
            "is through: nobody is left to call now",
        );
        return seat
            .finished
            .as_ref()
            .map_or_else(String::new, |list| format!("{} {through}", shorten(list, NAME)));
    };
    // A pause is not over by itself.
    let word = match dial.state {
        DialState::Paused => out.text("架電可能", "calls may leave from"),
        _ => out.text("再開", "goes on"),
    };
    let until = dial.until.map_or_else(String::new, |at| format!("  {word} {}", time::full(at)));
    format!("{} {}{until}", shorten(&dial.list, NAME), dialing(dial, out))
}

/// How a dialing session stands, and what it waits for.
fn dialing(dial: &DialInfo, out: Out) -> String {
    let state = match dial.state {
        DialState::Running => out.text("架電中", "running"),
        DialState::Waiting => out.text("待ち", "waiting"),
        DialState::Paused => out.text("一時停止", "paused"),
        DialState::Stopping => out.text("終了待ち", "stopping"),
    };
    match &dial.waiting {
        Some(waiting) => format!("{state} ({})", words::waits_for(waiting, out)),
        None => state.to_owned(),
    }
}

fn voice(seat: &SeatStatus, out: Out) -> String {
    if seat.voice.ok {
        let name = seat.voice.capture.as_deref().or(seat.voice.playback.as_deref()).unwrap_or("ok");
        return match &seat.voice.secure {
            Some(secure) => format!("{name} ({secure})"),
            None => name.to_owned(),
        };
    }
    let why = seat.voice.why.as_deref().unwrap_or_default();
    format!("{} {}", out.text("使えません", "not working"), words::voice(why, out))
}

/// Why a headset that is there cannot be used, and what to do.
fn headset(trouble: &HeadsetTrouble, out: Out) -> String {
    let HeadsetTrouble { kind, path, why } = trouble;
    match (out.lang, kind.as_str()) {
        (Lang::En, _) => format!("the headset's buttons cannot be used: {}", clean(why)),
        (Lang::Ja, "permission") => format!(
            "ヘッドセットのボタンを使えません。{path} を開く権限がありません。udevルール {rule} を /etc/udev/rules.d/ に置き、\
             `udevadm control --reload && udevadm trigger --subsystem-match=hidraw` を実行するか、ヘッドセットを挿し直してください",
            path = clean(path),
            rule = ::headset::RULE,
        ),
        (Lang::Ja, _) => format!(
            "ヘッドセットのボタンを使えません。{} を開けません。ヘッドセットを挿し直し、続く場合はログを確認してください",
            clean(path)
        ),
    }
}

#[cfg(test)]
mod tests;
