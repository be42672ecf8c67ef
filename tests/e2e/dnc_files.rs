//! Files of contacts and do-not-call numbers that are larger than anything would hold in memory: all of them, or nothing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon, idle};
use e2e::wait;
use serde_json::{Value, json};

use crate::SOON;

/// Debug builds on a busy machine read some megabytes a second.
const LONG: Duration = Duration::from_secs(240);

/// A line of a file: numbers from 033-000-0000 on.
fn line(text: &mut String, row: u32, pad: usize) {
    let _ = writeln!(text, "会社{row},033{row:07},{:x<pad$}", "x");
}

fn sheet(rows: std::ops::Range<u32>) -> String {
    let mut text = String::from("会社名,電話番号,根拠\n");
    rows.for_each(|row| line(&mut text, row, 1));
    text
}

/// Highest memory of a process so far, MiB.
fn peak_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") / 1024
}

/// Entries that hold.
const LIVE: &str = "revoked_at IS NULL";

fn entries(daemon: &Daemon, condition: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM do_not_call WHERE {condition}");
    daemon.database().query_row(&sql, [], |row| row.get(0)).expect("the table is there")
}

/// S0.11, S4.28: 72 MiB from standard input, made while it is sent, pass through a daemon that has no room for them; how far it
/// is is told meanwhile.
#[test]
fn a_file_larger_than_its_memory_goes_through_the_daemon() {
    const ROWS: u32 = 36_000;
    const PAD: usize = 2_048;
    let mut daemon = idle();
    let pid = daemon.process().pid();
    for (noun, into, changed) in [("dnc", "dnc", "changed"), ("contact", "contacts", "inserted")] {
        let mut events = daemon.control();
        events.call("events.subscribe", &json!({ "kinds": ["import."] })).expect("whoever runs it listens");
        let before = peak_mib(pid);
        let mut command = Command::new(e2e::daemon::binary());
        command.args([noun, "import", "-", "--json", "--socket"]).arg(daemon.socket());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary can be run");
        let mut to = child.stdin.take().expect("it is piped");
        to.write_all("会社名,電話番号,根拠\n".as_bytes()).expect("it reads");
        let mut text = String::new();
        for row in 0..ROWS {
            text.clear();
            line(&mut text, row, PAD);
            to.write_all(text.as_bytes()).expect("it reads");
        }
        drop(to);
        let output = child.wait_with_output().expect("it ends");
        let done: Value = serde_json::from_slice(&output.stdout).expect("one JSON object and nothing else");
        assert_eq!((&done[changed], &done["committed"]), (&ROWS.into(), &true.into()), "{done:#}");
        let grown = peak_mib(pid) - before;
        assert!(grown < 60, "{noun}: {grown} MiB more for a file of 72 MiB");
        let news = |kind: &'static str| move |event: &Value| event["params"]["kind"] == kind;
        let told = events.wait_event("progress", LONG, news("import.progress"))["params"].take();
        assert_eq!(told["into"], into);
        assert!(told["bytes_total"].as_u64().is_some_and(|bytes| bytes > 70 * 1024 * 1024), "{told}");
        let over = events.wait_event("the end", SOON, news("import.finished"))["params"].take();
        assert_eq!((&over["into"], &over["result"]["committed"]), (&into.into(), &true.into()));
    }
}

fn count(daemon: &Daemon, sql: &str) -> i64 {
    daemon.database().query_row(sql, [], |row| row.get(0)).expect("the table is there")
}

/// What a file is going to clear.
const TO_CLEAR: &str = "SELECT count(*) FROM dnc_to_clear";
const ADDED: &str = "SELECT count(*) FROM do_not_call WHERE source = 'import' AND revoked_at IS NULL";

/// Begins to import a file of do-not-call numbers. The import goes on while its client is there.
fn send_file(daemon: &Daemon, rows: u32, clear: bool) -> Control {
    let mut control = daemon.control();
    let path = daemon.path("numbers.csv");
    std::fs::write(&path, sheet(0..rows)).expect("the folder is ours");
    let reason = "名簿";
    control.send("dnc.import", &json!({ "path": path, "clear": clear, "reason": reason }));
    control
}

/// Kills it when some of the file is written, and returns how many numbers are.
fn cut(daemon: &mut Daemon, sql: &str) -> i64 {
    daemon.kill9_when("the first numbers", LONG, |database| {
        let written: i64 = database.query_row(sql, [], |row| row.get(0)).expect("the table is there");
        (written > 0).then_some(())
    });
    count(daemon, sql)
}

/// The files that the journal shows, newest first.
fn journal(daemon: &Daemon) -> Vec<Value> {
    daemon.cli(&["dnc", "imports"])["rows"].as_array().expect("rows").clone()
}

/// X6, S4.28: what `kill -9` leaves of a file makes no number callable, whether numbers were added or cleared; the file is imported
/// again, or taken back by somebody.
#[test]
fn a_crash_in_the_middle_of_a_file_makes_no_number_callable() {
    const ROWS: u32 = 30_000;
    let mut daemon = idle();
    daemon.cli(&["list", "create", "春"]);
    let list = daemon.path("leads.csv");
    std::fs::write(&list, "会社名,電話番号\n会社,0330000000\n").expect("the folder is ours");
    daemon.cli(&["list", "import", "春", &list.to_string_lossy()]);
    let callable = |daemon: &Daemon| {
        let why = daemon.cli(&["dial", "why", "--list", "春"])["rows"][0]["reason"].clone();
        assert!(why == "do-not-call" || why == "eligible", "{why}");
        why == "eligible"
    };
    assert!(callable(&daemon));
    daemon.cli(&["dnc", "add", "0399999999", "--reason", "希望"]);
    let client = send_file(&daemon, ROWS, false);
    let begun = cut(&mut daemon, ADDED);
    drop(client);
    assert!((1..i64::from(ROWS)).contains(&begun), "it was in the middle: {begun}");
    daemon.start();
    assert_eq!((count(&daemon, ADDED), callable(&daemon)), (begun, false), "what was added stays blocked");
    let log = daemon.log();
    assert!(
        log.contains("an import of do-not-call numbers was cut short") && log.contains("numbers.csv"),
        "{log}"
    );
    let found = journal(&daemon);
    assert_eq!((found.len(), &found[0]["state"]), (1, &"interrupted".into()), "{found:?}");
    assert_eq!(
        (&found[0]["changed"], &found[0]["rows"]),
        (&begun.into(), &ROWS.into()),
        "what was done: {found:?}"
    );
    let log = daemon.cli(&["audit", "--action", "import.interrupted", "--limit", "1"]);
    assert_eq!(log["rows"][0]["detail"]["changed"], begun, "{log:#}");

    let file = daemon.path("numbers.csv");
    let file = file.to_string_lossy();
    let done = daemon.cli(&["dnc", "import", &file, "--reason", "名簿"]);
    let added = i64::from(ROWS) - begun;
    assert_eq!((&done["changed"], &done["unchanged"]), (&added.into(), &begun.into()));
    let states: Vec<Value> = journal(&daemon).into_iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["committed", "committed"], "the one that was cut short is settled");

    let client = send_file(&daemon, ROWS, true);
    cut(&mut daemon, TO_CLEAR);
    drop(client);
    assert_eq!(entries(&daemon, LIVE), i64::from(ROWS) + 1, "nothing was cleared yet");
    daemon.start();
    assert_eq!((entries(&daemon, LIVE), callable(&daemon)), (i64::from(ROWS) + 1, false));
    assert_eq!(count(&daemon, TO_CLEAR), 0);
    assert_eq!(journal(&daemon)[0]["state"], "undone");
    let done = daemon.cli(&["dnc", "import", &file, "--clear", "--reason", "再開"]);
    assert_eq!((&done["changed"], entries(&daemon, LIVE)), (&ROWS.into(), 1));
    assert!(callable(&daemon));
}

/// D16: a file of our own says in 理由 why its numbers were entered; why they are cleared is what whoever clears them says.
#[test]
fn numbers_are_cleared_for_the_reason_that_is_given() {
    let daemon = idle();
    daemon.cli(&["dnc", "add", "0312345678", "--reason", "本人の希望"]);
    daemon.cli(&["dnc", "export", "out.csv"]);
    let path = daemon.path("out.csv");
    let silent = daemon.control().call("dnc.import", &json!({ "path": path, "clear": true })).unwrap_err();
    assert_eq!(silent.code, "E-REASON-REQUIRED");
    let done = daemon.cli(&["dnc", "import", "out.csv", "--clear", "--reason", "誤登録"]);
    assert_eq!(done["changed"], 1);
    let rows = daemon.cli(&["dnc", "ls", "--cleared"]);
    let row = &rows["rows"][0];
    assert_eq!((&row["reason"], &row["cleared_reason"]), (&"本人の希望".into(), &"誤登録".into()), "{row:#}");
    // One that somebody wrote may say there why it is to be cleared: neither word is lost.
    daemon.cli(&["dnc", "add", "0312345678", "--reason", "本人の希望"]);
    std::fs::write(daemon.path("own.csv"), "電話番号,理由\n0312345678,本人の取消\n").expect("ours");
    daemon.cli(&["dnc", "import", "own.csv", "--clear", "--reason", "誤登録"]);
    let rows = daemon.cli(&["dnc", "ls", "--cleared"]);
    let reasons: Vec<_> = rows["rows"].as_array().unwrap().iter().map(|row| &row["cleared_reason"]).collect();
    assert_eq!(reasons, ["誤登録", "誤登録 / 本人の取消"]);
}

/// X6: a command that is interrupted, or loses its connection, leaves the numbers blocked that it added; somebody takes them back, with a
/// reason. `import-cancel` is somebody's word already.
#[test]
fn only_somebody_s_word_takes_a_file_back() {
    const ROWS: u32 = 60_000;
    let daemon = idle();
    std::fs::write(daemon.path("numbers.csv"), sheet(0..ROWS)).expect("the folder is ours");
    let over = |what: &str| {
        wait::until(what, LONG, || {
            let running = "SELECT count(*) FROM imports WHERE state = 'staging' AND interrupted_at IS NULL";
            (count(&daemon, running) == 0).then_some(())
        });
    };
    let mut command = Command::new(e2e::daemon::binary());
    command
        .args(["dnc", "import", "--json", "--socket"])
        .arg(daemon.socket())
        .arg(daemon.path("numbers.csv"));
    let log = daemon.path("import.log");
    let mut import = e2e::process::Process::start("import", &command, &log);
    wait::until("the first numbers", LONG, || (entries(&daemon, LIVE) > 0).then_some(()));
    import.signal("INT");
    assert_eq!(import.wait(SOON).code(), Some(130), "as a shell tells of the signal");
    assert!(import.output().contains("kakeru dnc imports"), "it says where to look: {}", import.output());
    over("after Ctrl-C");
    let left = entries(&daemon, LIVE);
    assert!((1..i64::from(ROWS)).contains(&left), "it was in the middle: {left}");
    let found = journal(&daemon);
    assert_eq!((&found[0]["state"], &found[0]["changed"]), (&"interrupted".into(), &left.into()));
    let id = found[0]["id"].as_str().expect("an id");
    daemon.run(&["dnc", "import-undo", id, "--reason", " ", "--yes"]).refused("E-REASON-REQUIRED");
    let asked = daemon.run_plain(&["dnc", "import-undo", id, "--reason", "x", "--lang", "ja"]);
    assert!(asked.code == 2 && asked.stderr.contains(&format!("架電禁止 {left}件")), "{asked:?}");
    let undone = daemon.cli(&["dnc", "import-undo", id, "--reason", "別の名簿だった", "--yes"]);
    assert_eq!((&undone["cleared"], &undone["kept"]), (&left.into(), &0.into()));
    assert_eq!(entries(&daemon, LIVE), 0);
    let again = ["dnc", "import-undo", id, "--reason", "x"];
    daemon.run(&again).refused("E-IMPORT-UNDO");
    let told = daemon.run_plain(&[&again[..], &["--lang", "en"]].concat()).stderr;
    assert!(told.contains(&format!("({left} cleared, 0 kept")) && told.contains("dnc imports"), "{told}");
    let log = daemon.control().call("audit.list", &json!({})).expect("whoever runs the daemon may ask");
    let row = log["rows"].as_array().and_then(|rows| rows.iter().find(|row| row["action"] == "import.undo"));
    let row = row.unwrap_or_else(|| panic!("nothing of the undo: {log:#}"));
    assert!(!row["user"].is_null() || !row["uid"].is_null(), "by whom? {row}");

    let mut control = daemon.control();
    let path = daemon.path("numbers.csv");
    control.send("dnc.import", &json!({ "path": path }));
    wait::until("the first numbers", LONG, || (entries(&daemon, LIVE) > 0).then_some(()));
    daemon.cli(&["dnc", "import-cancel"]);
    over("after import-cancel");
    assert_eq!(entries(&daemon, LIVE), 0);
    let cancelled = journal(&daemon).remove(0);
    assert_eq!(cancelled["state"], "undone");
    assert!(cancelled["changed"].as_u64().is_some_and(|changed| changed > 0), "{cancelled}");
    daemon.run(&["dnc", "import-cancel"]).refused("E-NOT-FOUND");
    let log = daemon.cli(&["audit", "--action", "import.", "--limit", "2"])["rows"].take();
    assert_eq!((&log[0]["action"], &log[1]["action"]), (&"import.undo".into(), &"import.cancel".into()));
    assert!(log[1]["uid"].is_number() && log[0]["uid"] == log[1]["uid"], "{log:#}");
}

/// S4.26, S4.27: rows that are refused come back as a file; corrected, they go in. The limit of a product is its profile's.
#[test]
fn refused_numbers_come_back_as_a_file() {
    let daemon = idle();
    let (file, bad) = (daemon.path("numbers.csv"), daemon.path("bad.csv"));
    std::fs::write(&file, "電話番号,理由\n0312340001,断り\nabc,断り\n0312340003,断り\n").expect("ours");
    let (file, bad) = (file.to_string_lossy(), bad.to_string_lossy());
    assert_eq!(daemon.run(&["dnc", "import", &file]).code, 1, "all or nothing");
    assert_eq!(entries(&daemon, LIVE), 0);
    let looked = daemon.cli(&["dnc", "import", &file, "--dry-run"]);
    assert_eq!((&looked["refused"], &looked["changed"]), (&1.into(), &0.into()));
    let rows = looked["preview"].as_array().expect("rows");
    let shown = rows.iter().map(|row| json!([row["line"], row["number"], row["effect"], row["code"]]));
    let expected = [
        json!([2, "0312340001", "new", null]),
        json!([3, "abc", "refused", "E-PHONE-INVALID"]),
        json!([4, "0312340003", "new", null]),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    for (lang, words) in [
        ("ja", ["全社", "登録", "エラー E-PHONE-INVALID"]),
        ("en", ["everywhere", "added", "refused E-PHONE-INVALID"]),
    ] {
        let text = daemon.text(&["dnc", "import", &file, "--preview", "--lang", lang]);
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let done = daemon.cli(&["dnc", "import", &file, "--partial", "--report", &bad]);
    assert_eq!((&done["changed"], &done["refused"]), (&2.into(), &1.into()));
    let refused = std::fs::read_to_string(&*bad).expect("it was written");
    assert!(refused.contains("abc") && refused.contains("E-PHONE-INVALID"), "{refused}");
    std::fs::write(&*bad, refused.replace("abc", "0312340002")).expect("ours");
    assert_eq!(daemon.cli(&["dnc", "import", &bad])["changed"], 1);
    std::fs::write(&*bad, sheet(0..50_001)).expect("ours");
    daemon.run(&["dnc", "import", &bad, "--profile", "calltree"]).refused("E-CSV-TOO-MANY-ROWS");
    // What stands there takes in another reason: a preview says so, and changes nothing.
    std::fs::write(&*bad, "電話番号,理由\n0312340001,移転\n0312340001,移転\n0312340004,移転\n")
        .expect("ours");
    let look = ["dnc", "import", &bad, "--preview"];
    for _ in 0..2 {
        let looked = daemon.cli(&look);
        let figures = ["changed", "unchanged", "completed"].map(|what| looked[what].clone());
        assert_eq!(figures, [json!(1), json!(2), json!(1)], "{looked:#}");
        let rows = looked["preview"].as_array().expect("rows");
        let effects: Vec<_> = rows.iter().map(|row| row["effect"].clone()).collect();
        assert_eq!(effects, [json!("completed"), json!("known"), json!("new")], "{looked:#}");
    }
    assert!(daemon.text(&[&look[..], &["--lang", "ja"]].concat()).contains("登録済み、理由・根拠を書き足す"));
    assert!(
        daemon
            .text(&[&look[..], &["--lang", "en"]].concat())
            .contains("given a reason or evidence besides: 1")
    );
    // A name that is wrong makes no project, and refuses its row.
    let csv = daemon.path("wrong-project.csv").display().to_string();
    std::fs::write(&*bad, "電話番号,案件\n0312340009,なし\n312340008,\n").expect("ours");
    assert_eq!(daemon.run(&["dnc", "import", &bad]).code, 1);
    assert_eq!(entries(&daemon, LIVE), 3);
    let done = daemon.cli(&["dnc", "import", &bad, "--partial", "--report", &csv]);
    assert_eq!((&done["changed"], &done["refused"]), (&json!(1), &json!(1)), "{done}");
    let (error, warning) = (&done["errors"][0], &done["warnings"][0]);
    assert_eq!(
        (&error["line"], &error["value"], &error["code"]),
        (&json!(2), &json!("なし"), &json!("E-PROJECT-UNKNOWN"))
    );
    assert_eq!((&warning["line"], &warning["code"]), (&json!(3), &json!("W-ZERO-RESTORED")));
    let refused = std::fs::read_to_string(&csv).expect("it is there");
    assert!(refused.contains("0312340009") && !refused.contains("312340008"), "{refused}");
}

/// D16: leads of which it is seen only at their turn that they are not dialed (here a rule of the account) are passed over in one line of
/// the log, however many they are; those on the do-not-call list, and those with a digit too many (C9, D23), have no turn at all, and are
/// counted beside.
#[test]
fn a_list_that_is_blocked_as_a_whole_is_passed_over_in_one_line() {
    let account = Account::nowhere();
    let account = account.set("dial", "[{ starts = \"033123\", refuse = true }]");
    let daemon = Daemon::builder().account(account).set("log", "level", "\"info\"").start();
    let mut text = String::from("会社名,電話番号\n");
    (0..450).for_each(|row| {
        let _ = writeln!(text, "会社{row},033123{row:04}");
    });
    (0..30).for_each(|row| {
        let _ = writeln!(text, "商会{row},033124{row:04}0");
    });
    daemon.import("塞", &text);
    let file = daemon.path("blocked.csv");
    std::fs::write(&file, sheet(0..50)).expect("written");
    let file = file.to_str().expect("UTF-8");
    daemon.cli(&["list", "import", "塞", file]);
    let done = daemon.cli(&["dnc", "import", file, "--reason", "名簿"]);
    assert_eq!(done["changed"], 50, "{done:#}");
    let list = daemon.cli(&["list", "show", "塞"])["list"].take();
    assert_eq!((&list["dialable"], &list["blocked"]), (&450.into(), &80.into()), "{list:#}");
    daemon.cli(&["dial", "start", "塞"]);
    wait::until_true("the list is walked", SOON, || daemon.log().contains("passed over"));
    let log = daemon.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("passed over")).collect();
    assert!(
        told.len() == 1 && told[0].contains("\"count\":450") && told[0].contains("E-TRUNK-RULE 450"),
        "{told:#?}"
    );
    let list = daemon.cli(&["list", "show", "塞"])["list"].take();
    assert_eq!((&list["dialable"], &list["blocked"]), (&0.into(), &80.into()), "{list:#}");
    // S1.34: the view says so, and finds them.
    let blocked = ["list", "view", "塞", "--blocked", "true"];
    let shown = daemon.text(&[&blocked[..], &["--lang", "ja"]].concat());
    assert!(shown.contains("架電禁止") && shown.contains("/ 80"), "{shown}");
    for (number, code) in [("0331240000", "E-PHONE-FORBIDDEN"), ("0330000007", "E-DNC")] {
        let row = daemon.cli(&[&blocked[..], &["--number", number]].concat())["rows"][0].take();
        assert_eq!((&row["blocked"], &row["dialable"]), (&code.into(), &true.into()), "{row:#}");
    }
    // D23: who types a digit too many means the callee who is reached.
    let said = daemon.text(&["dnc", "add", "03-3125-00017", "--reason", "本人", "--lang", "ja"]);
    assert!(said.contains("W-PHONE-UNASSIGNED") && said.contains("0331250001 を架電禁止に"), "{said}");
    daemon.run(&["call", "03-3125-0001"]).refused("E-DNC");
    let refused = daemon.run(&["call", "03-3125-00019"]);
    refused.refused("E-DNC");
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("0001"), "{refused:?}");
}
