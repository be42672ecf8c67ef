//! Files of contacts and do-not-call numbers that are larger than anything would hold in memory: all of them, or nothing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon};
use e2e::{ports, wait};
use serde_json::{Value, json};

use crate::SOON;

/// Debug builds on a busy machine read some megabytes a second.
const LONG: Duration = Duration::from_secs(240);

fn idle() -> Daemon {
    Daemon::builder().account(Account::new("main", ports::free_address()).unregistered()).start()
}

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

/// Begins to import a file of do-not-call numbers and waits until some of it is written. The import goes on while its client
/// is there.
fn half_way(daemon: &Daemon, rows: u32, clear: bool, condition: &str) -> Control {
    let mut control = daemon.control();
    let path = daemon.path("numbers.csv");
    std::fs::write(&path, sheet(0..rows)).expect("the folder is ours");
    let reason = "名簿";
    control.send("dnc.import", &json!({ "path": path, "clear": clear, "reason": reason }));
    wait::until("the first numbers", LONG, || (entries(daemon, condition) > 0).then_some(()));
    control
}

/// S4.27, S4.28: what `kill -9` leaves of a file is taken back at the next start, whether numbers were added or cleared.
#[test]
fn a_crash_in_the_middle_leaves_nothing_of_a_file() {
    const ROWS: u32 = 30_000;
    let mut daemon = idle();
    daemon.cli(&["dnc", "add", "0399999999", "--reason", "希望"]);
    let client = half_way(&daemon, ROWS, false, "source = 'import'");
    daemon.kill9();
    drop(client);
    let begun = entries(&daemon, "source = 'import'");
    assert!((1..i64::from(ROWS)).contains(&begun), "it was in the middle: {begun}");
    daemon.start();
    assert_eq!(entries(&daemon, LIVE), 1, "only what was added by hand");
    let file = daemon.path("numbers.csv");
    let file = file.to_string_lossy();
    assert_eq!(daemon.cli(&["dnc", "import", &file, "--reason", "名簿"])["changed"], ROWS);
    let client = half_way(&daemon, ROWS, true, "revoked_at IS NOT NULL");
    daemon.kill9();
    drop(client);
    assert!(entries(&daemon, LIVE) > 1, "it was in the middle");
    daemon.start();
    assert_eq!(entries(&daemon, LIVE), i64::from(ROWS) + 1, "every number holds again");
}

/// Ctrl-C at the command line ends the daemon's work too, and nothing of the file is kept; so does `import-cancel`.
#[test]
fn an_interrupted_command_leaves_nothing_of_a_file() {
    const ROWS: u32 = 60_000;
    let daemon = idle();
    std::fs::write(daemon.path("numbers.csv"), sheet(0..ROWS)).expect("the folder is ours");
    let nothing = |what: &str| {
        wait::until(what, LONG, || {
            let sql = "SELECT count(*) FROM imports WHERE state = 'staging'";
            let running: i64 = daemon.database().query_row(sql, [], |row| row.get(0)).expect("the table");
            (running == 0).then_some(())
        });
        assert_eq!(entries(&daemon, LIVE), 0, "{what}");
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
    assert_eq!(import.wait(SOON).code(), None, "ended by the signal");
    nothing("after Ctrl-C");

    let mut control = daemon.control();
    let path = daemon.path("numbers.csv");
    control.send("dnc.import", &json!({ "path": path }));
    wait::until("the first numbers", LONG, || (entries(&daemon, LIVE) > 0).then_some(()));
    daemon.cli(&["dnc", "import-cancel"]);
    nothing("after import-cancel");
    daemon.run(&["dnc", "import-cancel"]).refused("E-NOT-FOUND");
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
    let done = daemon.cli(&["dnc", "import", &file, "--partial", "--report", &bad]);
    assert_eq!((&done["changed"], &done["refused"]), (&2.into(), &1.into()));
    let refused = std::fs::read_to_string(&*bad).expect("it was written");
    assert!(refused.contains("abc") && refused.contains("E-PHONE-INVALID"), "{refused}");
    std::fs::write(&*bad, refused.replace("abc", "0312340002")).expect("ours");
    assert_eq!(daemon.cli(&["dnc", "import", &bad])["changed"], 1);
    std::fs::write(&*bad, sheet(0..50_001)).expect("ours");
    daemon.run(&["dnc", "import", &bad, "--profile", "calltree"]).refused("E-CSV-TOO-MANY-ROWS");
    // A name that is wrong makes no project.
    std::fs::write(&*bad, "電話番号,案件\n0312340009,なし\n").expect("ours");
    daemon.run(&["dnc", "import", &bad]).refused("E-NOT-FOUND");
    assert_eq!(entries(&daemon, LIVE), 3);
}
