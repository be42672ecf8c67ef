//! An import of contacts that `kill -9` cuts short, while a seat calls.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::process::Process;
use e2e::wait;

use crate::SOON;

/// Debug builds on a busy machine write some thousand contacts a second.
const LONG: Duration = Duration::from_secs(240);
const ROWS: u32 = 60_000;

fn count(daemon: &Daemon, sql: &str) -> i64 {
    daemon.database().query_row(sql, [], |row| row.get(0)).expect("the tables are there")
}

const CONTACTS: &str = "SELECT count(*) FROM contacts";
const IMPORTED: &str = "SELECT count(*) FROM contacts WHERE import_id IS NOT NULL";
/// Contacts without a number, and numbers and categories without a contact.
const HALVES: &str = "
    SELECT (SELECT count(*) FROM contacts c WHERE NOT EXISTS (SELECT 1 FROM contact_phones WHERE contact_id = c.id))
         + (SELECT count(*) FROM contact_phones WHERE contact_id NOT IN (SELECT id FROM contacts))
         + (SELECT count(*) FROM contact_categories WHERE contact_id NOT IN (SELECT id FROM contacts))";

/// Calls that were sealed: what the operator and the result files were told is over.
fn sealed(daemon: &Daemon) -> Vec<(Vec<u8>, String)> {
    let db = daemon.database();
    let sql = "SELECT id, disposition FROM attempts WHERE sealed_at IS NOT NULL ORDER BY id";
    let mut statement = db.prepare(sql).expect("the table is there");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("they are read");
    rows.collect::<Result<_, _>>().expect("they are read")
}

/// S0.10, S4.28: nothing of the file is kept, what it had overwritten is as it was, and the daemon says so; no call made beside it is lost.
/// Imported again, the file goes in whole and is counted right.
#[test]
fn a_file_of_contacts_that_a_crash_cuts_short_is_taken_back() {
    let exchange = Scenario::server("exchange").start();
    let line = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(line).set("dialing", "wrap_up", "\"100ms\"").start();
    // Number 5 of the file is known already; numbers are entered in their order, so it is among the first that are overwritten.
    daemon.cli(&["contact", "add", "--company", "元の会社", "--phone", "0330000005", "--category", "既存"]);
    let leads: String = (0..80).map(|n| format!("会社,0312{n:04}02\n")).collect();
    daemon.import("first", format!("会社名,電話番号\n{leads}"));
    let (contacts, imported) = (count(&daemon, CONTACTS), count(&daemon, IMPORTED));

    let mut text = String::from("会社名,電話番号,カテゴリー\n");
    for row in 0..ROWS {
        let _ = writeln!(text, "会社{row},033{row:07},新規");
    }
    let file = daemon.path("book.csv");
    std::fs::write(&file, text).expect("the folder is ours");
    let mut command = Command::new(e2e::daemon::binary());
    command.args(["contact", "import", "--json", "--socket"]).arg(daemon.socket()).arg(&file);
    let mut import = Process::start("import", &command, &daemon.path("import.log"));
    daemon.cli(&["dial", "start", "first"]);
    wait::until("the first contacts, and calls beside", LONG, || {
        let begun = count(&daemon, IMPORTED) > imported && sealed(&daemon).len() >= 2;
        begun.then_some(())
    });
    let company = |daemon: &Daemon| daemon.cli(&["contact", "show", "0330000005"])["company"].clone();
    assert_eq!(company(&daemon), "会社5", "it was overwritten");
    let over = sealed(&daemon);
    daemon.kill9();
    assert!(!import.wait(SOON).success(), "whoever imports is told that the daemon went");
    let written = count(&daemon, IMPORTED) - imported;
    assert!((1..i64::from(ROWS) - 1).contains(&written), "it was in the middle: {written}");

    daemon.start();
    assert_eq!(count(&daemon, CONTACTS), contacts);
    assert_eq!(count(&daemon, HALVES), 0);
    let before = daemon.cli(&["contact", "show", "0330000005"]);
    assert_eq!((&before["company"], &before["categories"][0]), (&"元の会社".into(), &"既存".into()));
    let log = daemon.log();
    let told = log.lines().find(|line| line.contains("an import was cut short and taken back"));
    assert!(told.is_some_and(|line| line.contains("book.csv") && line.contains("contacts")), "{told:?}");
    let journal = daemon.cli(&["list", "imports"]);
    assert_eq!(
        (&journal["rows"][0]["file"], &journal["rows"][0]["state"]),
        (&"book.csv".into(), &"undone".into())
    );
    // Claims and calls of the last moment may have been sealed since; none of those that were over is gone.
    let now = sealed(&daemon);
    assert!(over.iter().all(|call| now.contains(call)), "{over:?} and now {now:?}");

    let done = daemon.cli(&["contact", "import", &file.to_string_lossy()]);
    let of_file = (&done["committed"], &done["rows"], &done["inserted"], &done["updated"], &done["refused"]);
    assert_eq!(of_file, (&true.into(), &ROWS.into(), &(ROWS - 1).into(), &1.into(), &0.into()));
    assert_eq!(count(&daemon, CONTACTS), contacts + i64::from(ROWS) - 1);
    assert_eq!((count(&daemon, HALVES), company(&daemon)), (0, "会社5".into()));
    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"], serde_json::json!([]));
}
