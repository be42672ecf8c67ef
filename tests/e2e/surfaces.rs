//! The command line offers what the control protocol offers, and a call leaves its facts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use protocol::Command;
use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::SOON;

/// Methods of calls, seats, sound and events.
const NOT_DATA: [&str; 6] = ["call.", "seat.", "devices.", "events.", "dial.", "status."];

/// A socket before the daemon's that notes which methods are asked for.
#[derive(Clone, Default)]
struct Tap(Arc<Mutex<BTreeSet<String>>>);

impl Tap {
    /// Serves until the test is over.
    fn serve(&self, at: &Path, daemon: &Path) {
        let listener = UnixListener::bind(at).expect("the folder is ours");
        let (tap, daemon) = (self.clone(), daemon.to_owned());
        beside("tap", move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = UnixStream::connect(&daemon) else { break };
                let (Ok(mut back), Ok(mut from)) = (client.try_clone(), server.try_clone()) else { break };
                beside("answers", move || {
                    // Whoever hangs up ends it.
                    let _ = std::io::copy(&mut from, &mut back);
                    let _ = back.shutdown(std::net::Shutdown::Both);
                });
                let tap = tap.clone();
                beside("requests", move || tap.forward(client, server));
            }
        });
    }

    fn forward(&self, client: UnixStream, mut server: UnixStream) {
        let mut lines = BufReader::new(client);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let request: Value = serde_json::from_slice(&line).unwrap_or_default();
            if let Some(method) = request["method"].as_str() {
                self.0.lock().expect("no thread panics").insert(method.to_owned());
            }
            if server.write_all(&line).is_err() {
                break;
            }
            line.clear();
        }
        let _ = server.shutdown(std::net::Shutdown::Write);
        let _ = lines.read_to_end(&mut line);
    }
}

fn beside(name: &str, work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).expect("a thread can be started");
}

/// F1: each verb on data is reached by a command, which answers in JSON, refusals too.
#[test]
fn every_verb_on_data_has_a_command() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().account(account).start();
    daemon.import("春", "会社名,電話番号\nA社,0312345601\n");
    daemon.cli(&["dial", "start", "春"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "stay"]);
    daemon.cli(&["dial", "stop"]);
    daemon.cli(&["ready"]);
    daemon.recording(SOON);
    let row = daemon.cli(&["history"])["rows"][0].take();
    let call = row["attempt"].as_str().unwrap();
    let month = daemon.text(&["history", "export", "-"]);
    let month = month.split(['-', '/', ',', '"']).collect::<Vec<_>>();
    let year = month.iter().position(|word| word.len() == 4 && word.starts_with("20")).unwrap();
    let month = format!("{}-{}", month[year], month[year + 1]);
    std::fs::write(daemon.path("f.csv"), "会社名,電話番号\nB社,0612345601\n").unwrap();
    std::fs::write(daemon.path("d.csv"), "電話番号\n0752345601\n").unwrap();
    let tap = Tap::default();
    tap.serve(&daemon.path("tap.sock"), &daemon.socket());
    let copy = daemon.path("copy.db").to_string_lossy().into_owned();
    let commands = format!(
        "list create 夏|list import 夏 f.csv|list show 夏|list export 夏 out.csv|list ls|list view 夏|list change 夏 --order random|\
         list round 夏|list grant 夏 a|list imports|list import-undo x --yes|list import-cancel 夏|list delete 夏 --yes|list bin|\
         list restore 夏|lead show 夏#1|lead add 夏 0522345601|lead edit 夏#2 --company C社|lead exclude 夏 --all|\
         lead add-number 夏#2 0522345602|project ls|project create 案件|project change 案件 --name 別件|project grant 別件 a|\
         project delete 別件 --yes|project restore 別件|contact add --company D社 --phone 0432345601|contact from-call {call}|\
         contact show 0432345601|contact ls|contact edit 0432345601 --person 佐藤|contact import f.csv|contact import-cancel|\
         contact export c.csv|contact delete 0432345601 --yes|contact undo x|contact hand-over --to a|contact categories|\
         contact categories --delete 無い --yes|profile ls|disposition ls|disposition add 済|disposition edit 済 --label 終|\
         user ls|user add bob --role OP|user rename bob 名前|user passwd bob|user me|user holds bob|user delete bob --yes|\
         audit|task ls|task due 1 --no-time|task reassign 1 a|task hand-over --from a|task done 1|history|history show {call}|\
         history export h.csv|history amend {call} --memo 訂正|history report {call}|note add 伝言 --attempt {call}|\
         note ls --attempt {call}|note edit 1 訂正|note delete 1|note restore 1|dnc add 0712345601 --reason 希望|dnc ls|dnc import d.csv|\
         dnc import-cancel|dnc imports|dnc import-undo x --reason 誤り|dnc export x.csv|dnc clear 0712345601 --reason 誤り|stats|\
         stats --by day|stats --verify|stats --verify --mend|recording ls|recording fetch {call} r.wav|recording hold {call} --reason 調査|\
         recording release {call}|recording quota|recording export --month {month} .|recording pause|recording resume|\
         recording delete {call} --reason 請求 --yes|backup {copy}|doctor"
    );
    for command in commands.split('|').map(str::trim) {
        let mut kakeru = std::process::Command::new(e2e::daemon::binary());
        kakeru.current_dir(daemon.path("")).args(command.split(' ')).arg("--json").arg("--socket");
        let output = kakeru.arg(daemon.path("tap.sock")).stdin(std::process::Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let answer: Value = serde_json::from_str(text.trim())
            .unwrap_or_else(|error| panic!("{command}: {error}: {text} {:?}", output.stderr));
        let code = &answer["error"]["data"]["code"];
        match output.status.code() {
            Some(0) => assert!(code.is_null(), "{command}: {answer:#}"),
            Some(1) => assert!(
                code.as_str().is_some_and(|code| !["E-BAD-REQUEST", "E-INTERNAL"].contains(&code)),
                "{command}: {answer:#}"
            ),
            other => panic!("{command}: {other:?} {answer:#}"),
        }
    }
    let asked = tap.0.lock().unwrap();
    let other = |method: &str| NOT_DATA.iter().any(|group| method.starts_with(group));
    let missing: Vec<_> =
        Command::METHODS.iter().filter(|method| !other(method) && !asked.contains(**method)).collect();
    assert!(missing.is_empty(), "no command asks for {missing:?}");
}

/// The row of the one call of a number, column by column.
fn facts(daemon: &Daemon, phone: &str) -> BTreeMap<String, Sql> {
    let db = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("the database is there");
    let mut row = db.prepare("SELECT * FROM attempts WHERE phone = ?1").expect("the table is there");
    let names: Vec<String> = row.column_names().map(str::to_owned).collect();
    row.query_row([phone], |row| {
        names.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get::<_, Sql>(at)?))).collect()
    })
    .expect("the call is there")
}

/// D12: what happened to a call stands in its row, as the wire had it; what it was called then stays when list, lead, contact
/// and user change.
#[test]
fn a_call_keeps_its_facts() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered().set("caller_id", "\"0312340000\"");
    let daemon = Daemon::builder().account(account).start();
    daemon.import(
        "春",
        "会社名,担当者名,電話番号,カテゴリー\nA社,佐藤,0312345601,大口\nB社,鈴木,0312345603,\n",
    );
    daemon.cli(&["dial", "start", "春"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&[
        "save",
        "--status",
        "見込",
        "--memo",
        "資料",
        "--recall",
        "2099-01-02 10:00",
        "--next",
        "dial",
    ]);
    wait::until_true("both are called", SOON, || {
        let rows = daemon.wait_history(2, SOON);
        rows.iter().all(|row| !row["sealed_at"].is_null())
    });

    daemon.cli(&["lead", "edit", "春#1", "--company", "改", "--person", "改"]);
    daemon.cli(&["contact", "delete", "0312345601", "--yes"]);
    daemon.cli(&["user", "rename", "a", "改名"]);
    daemon.cli(&["list", "change", "春", "--name", "夏"]);
    daemon.cli(&["lead", "delete", "夏", "--all", "--yes"]);
    daemon.cli(&["list", "delete", "夏", "--yes"]);
    let call = facts(&daemon, "+81312345601");
    let text = |name: &str| match &call[name] {
        Sql::Text(text) => text.clone(),
        Sql::Null => String::new(),
        other => panic!("{name}: {other:?}"),
    };
    let number = |name: &str| match call[name] {
        Sql::Integer(number) => number,
        _ => panic!("{name}: {:?}", call[name]),
    };
    for (name, expected) in [
        ("box_id", "box-1"),
        ("seat", "a"),
        ("account", "main"),
        ("direction", "out"),
        ("origin", "list"),
        ("list_name", "春"),
        ("phone", "+81312345601"),
        ("company", "A社"),
        ("person", "佐藤"),
        ("categories", "[\"大口\"]"),
        ("caller_id", "0312340000"),
        ("hangup_by", "local"),
        ("disposition", "prospect"),
        ("set_by", "operator"),
        ("memo", "資料"),
    ] {
        assert_eq!(text(name), expected, "{name}");
    }
    assert_eq!(exchange.invites()[0].call_id, text("sip_call_id"));
    let moments =
        ["claimed_at", "dialed_at", "ringing_at", "answered_at", "ended_at", "sealed_at"].map(number);
    assert!(moments.is_sorted() && moments[0] > 1_700_000_000_000, "{moments:?}");
    assert_eq!((number("sip_code"), number("recall_at")), (200, 4_070_998_800_000));
    for name in ["user_id", "list_id", "lead_id", "project_id"] {
        assert!(matches!(&call[name], Sql::Blob(id) if id.len() == 16), "{name}");
    }

    // Nobody answered this one: the machine judged by what the network said.
    let call = facts(&daemon, "+81312345603");
    let number = |name: &str| match call[name] {
        Sql::Integer(number) => Some(number),
        _ => None,
    };
    assert_eq!((number("sip_code"), number("q850"), number("answered_at")), (Some(404), Some(1), None));
    assert!(number("early_media_at").is_some(), "its announcement was heard");
    let judged = [&call["disposition"], &call["set_by"]].map(Clone::clone);
    assert_eq!(judged, [Sql::Text("not_in_service".into()), Sql::Text("auto".into())]);
    assert!(matches!(&call["evidence"], Sql::Text(text) if text.len() > 2), "{:?}", call["evidence"]);
}

/// F2: why a lead is or is not called is told in one line, for the first reason that holds.
#[test]
fn why_a_lead_is_not_called_is_one_line() {
    let daemon =
        Daemon::builder().account(Account::new("main", e2e::ports::free_address()).unregistered()).start();
    daemon.import("春", "会社名,電話番号\nA社,0312345601\nB社,0312345602\nC社,0312345603\n");
    daemon.cli(&["lead", "exclude", "春", "--lead", "春#1", "--reason", "契約済"]);
    daemon.cli(&["dnc", "add", "0312345602", "--reason", "希望"]);
    for (lead, ja, en) in
        [("春#1", "契約済", "契約済"), ("春#2", "架電禁止", "do-not-call"), ("春#3", "", "")]
    {
        for (lang, words) in [("ja", ja), ("en", en)] {
            let told = daemon.text(&["dial", "why", lead, "--lang", lang]);
            let rows: Vec<_> = told.lines().skip(1).collect();
            assert!(rows.len() == 1 && rows[0].contains(words), "{lead}: {told}");
        }
    }
    let whole = daemon.cli(&["dial", "why", "春"])["rows"].take();
    let reasons: Vec<_> = whole.as_array().unwrap().iter().map(|row| row["reason"].clone()).collect();
    assert_eq!(reasons, ["excluded", "do-not-call", "eligible"]);
}

/// S4.42: 2回目 lists the leads whose one call ended as 不通, 3回目 those with two of them; who is not in service, or was called
/// once more, is on neither.
#[test]
fn the_shortcuts_list_who_was_not_reached() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    // Busy, not in service, busy.
    daemon.import("春", "会社名,電話番号\nA社,0312341102\nB社,0312341103\nC社,0312341202\n");
    let shift = |calls: usize| {
        daemon.cli(&["dial", "start", "春"]);
        let _ = daemon.wait_drop_rows(calls, SOON);
    };
    let companies = |shortcut: &[&str]| -> Vec<String> {
        let page = daemon.cli(&[&["list", "view", "春"], shortcut].concat());
        page["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["company"].as_str().unwrap().to_owned())
            .collect()
    };
    shift(3);
    assert_eq!(
        (companies(&["--second"]), companies(&["--third"])),
        (vec!["A社".into(), "C社".into()], vec![])
    );
    daemon.cli(&["lead", "exclude", "春", "--number", "0312341202"]);
    daemon.cli(&["list", "round", "春"]);
    shift(4);
    assert_eq!((companies(&["--second"]), companies(&["--third"])), (vec![], vec!["A社".to_owned()]));
    assert_eq!(companies(&["--second", "--excluded"]), ["C社"]);
    assert_eq!(exchange.invites().len(), 4);
}
