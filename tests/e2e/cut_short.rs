//! Long work that `kill -9` cuts short: an import of contacts while a seat calls, and a change of many leads.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::process::Process;
use e2e::wait;
use serde_json::json;

use crate::SOON;

/// Debug builds on a busy machine write some thousand contacts a second.
const LONG: Duration = Duration::from_secs(240);
const ROWS: u32 = 60_000;

fn count(daemon: &Daemon, sql: &str) -> i64 {
    counted(&daemon.database(), sql)
}

fn counted(database: &rusqlite::Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).expect("the tables are there")
}

/// Kills it once `sql` counts `at` or more, and returns what it counts then.
fn cut(daemon: &mut Daemon, sql: &str, at: i64) -> i64 {
    daemon.kill9_when("the middle", LONG, |database| (counted(database, sql) >= at).then_some(()));
    count(daemon, sql)
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
    let calls = "SELECT count(*) FROM attempts WHERE sealed_at IS NOT NULL";
    daemon.kill9_when("the first contacts, and calls beside", LONG, |database| {
        (counted(database, IMPORTED) > imported && counted(database, calls) >= 2).then_some(())
    });
    let written = count(&daemon, IMPORTED) - imported;
    assert!(!import.wait(SOON).success(), "whoever imports is told that the daemon went");
    let over = sealed(&daemon);
    assert_eq!(
        count(&daemon, "SELECT count(*) FROM contacts WHERE company = '会社5'"),
        1,
        "it was overwritten"
    );
    let company = |daemon: &Daemon| daemon.cli(&["contact", "show", "0330000005"])["company"].clone();
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
    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"], json!([]));
}

/// S4.28: Ctrl-C takes an import back, and says so.
#[test]
fn an_interrupted_import_is_taken_back_and_says_so() {
    let line = Account::nowhere();
    let daemon = Daemon::builder().account(line).start();
    let mut text = String::from("会社名,電話番号\n");
    for row in 0..ROWS {
        let _ = writeln!(text, "会社{row},033{row:07}");
    }
    std::fs::write(daemon.path("leads.csv"), text).expect("the folder is ours");
    let mut command = Command::new(e2e::daemon::binary());
    command.args(["list", "import", "春", "--create", "--lang", "ja", "--socket"]).arg(daemon.socket());
    command.arg(daemon.path("leads.csv"));
    let mut import = Process::start("import", &command, &daemon.path("import.log"));
    wait::until("the first leads", LONG, || (count(&daemon, "SELECT count(*) FROM leads") > 0).then_some(()));
    import.signal("INT");
    assert_eq!(import.wait(SOON).code(), Some(130), "as a shell tells of the signal");
    let said = import.output();
    assert!(said.contains("中断しました") && said.contains("kakeru list imports"), "{said}");
    wait::until("it is taken back", LONG, || {
        let journal = daemon.cli(&["list", "imports"]);
        (journal["rows"][0]["state"] == "undone").then_some(())
    });
    daemon.run(&["list", "view", "春"]).refused("E-LIST-UNKNOWN");
}

/// S1.24: a process that is killed while many leads get another owner finishes that at its next start: all of them have the new one, and
/// one row of audit tells of it.
#[test]
fn many_leads_get_another_owner_whole_whatever_cuts_it() {
    let line = Account::nowhere();
    let mut daemon = Daemon::builder().account(line).start();
    let rows: String = (0..MANY).map(|n| format!("会社,0312{n:06}\n")).collect();
    daemon.import("春", format!("会社名,電話番号\n{rows}"));
    for login in ["bob", "carol"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    let owned = |daemon: &Daemon, login: &str| {
        let page = daemon.cli(&["list", "view", "春", "--assigned", login, "--limit", "1"]);
        page["total"].as_u64().expect("a count")
    };
    let looked = "SELECT ifnull(max(looked), -1) FROM lead_changes";
    let turns = [("bob", 1), ("carol", MANY / 4), ("bob", MANY / 2), ("carol", MANY - MANY / 4)];
    for (turn, (login, at)) in turns.into_iter().enumerate() {
        let wanted = json!({ "list": "春", "filter": {}, "what": "assign", "users": [login] });
        let mut control = daemon.control();
        control.send("lead.change", &wanted);
        let cut = cut(&mut daemon, looked, at);
        daemon.start();
        assert_eq!(
            (owned(&daemon, login), count(&daemon, looked)),
            (MANY.unsigned_abs(), -1),
            "cut at {cut}"
        );
        let log = daemon.cli(&["audit", "--action", "lead.assign"])["rows"].take();
        assert_eq!(log.as_array().map(Vec::len), Some(turn + 1), "{log:#}");
        assert_eq!(log[0]["detail"]["done"]["changed"], MANY);
    }
    assert_eq!(daemon.log().matches("did not finish a change of leads").count(), turns.len());
    assert_eq!(
        daemon.control().call("store.check", &json!({ "full": true })).expect("it is asked")["sound"],
        true
    );
}

/// S4.23, D19: a process that is killed while somebody's work changes hands finishes that at its next start: they are deleted, all of it is
/// the other's, and one row of audit tells of it.
#[test]
fn a_user_is_deleted_whole_whatever_cuts_it() {
    let line = Account::nowhere();
    let mut daemon = Daemon::builder().account(line).start();
    let rows: String = (0..MANY).map(|n| format!("会社,0312{n:06}\n")).collect();
    daemon.import("春", format!("会社名,電話番号\n{rows}"));
    daemon.cli(&["user", "add", "last", "--role", "OP"]);
    let moved = "SELECT ifnull(max(leads), -1) FROM hand_overs";
    for (turn, at) in [1, MANY / 3, MANY - MANY / 3].into_iter().enumerate() {
        let login = format!("op{turn}");
        daemon.cli(&["user", "add", &login, "--role", "OP"]);
        let mut control = daemon.control();
        let wanted = json!({ "list": "春", "filter": {}, "what": "assign", "users": [login] });
        control.call("lead.change", &wanted).expect("they are assigned");
        control.send("user.delete", &json!({ "user": login, "hand_over": "last" }));
        let cut = cut(&mut daemon, moved, at);
        daemon.start();
        assert_eq!(count(&daemon, moved), -1, "cut at {cut}");
        let page = daemon.cli(&["list", "view", "春", "--assigned", "last", "--limit", "1"]);
        assert_eq!(page["total"], MANY, "{login}");
        let users = daemon.cli(&["user", "ls", "--deleted"]);
        let gone = users["users"].as_array().expect("users").iter().find(|user| user["login"] == *login);
        assert!(gone.is_some_and(|user| !user["deleted_at"].is_null()), "{users:#}");
        let log = daemon.cli(&["audit", "--action", "user.delete"])["rows"].take();
        assert_eq!(log.as_array().map(Vec::len), Some(turn + 1), "{log:#}");
        assert_eq!(log[0]["detail"]["handed_over"]["leads"], MANY);
    }
    assert_eq!(daemon.log().matches("did not finish handing a user's work over").count(), 3);
}

/// S4.21, D19: an edit of several things that hands work over is done whole by the next start, or not at all.
#[test]
fn a_user_is_edited_whole_whatever_cuts_it() {
    let line = Account::nowhere();
    let mut daemon = Daemon::builder().account(line).start();
    let rows: String = (0..MANY).map(|n| format!("会社,0312{n:06}\n")).collect();
    daemon.import("春", format!("会社名,電話番号\n{rows}"));
    for login in ["last", "op"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    daemon.cli(&["lead", "assign", "春", "--all", "--owner", "op"]);
    let edit = json!({ "user": "op", "role": "BY", "name": "事務", "uid": 64_031, "hand_over": "last" });
    let mut control = daemon.control();
    control.send("user.edit", &edit);
    let moved = "SELECT ifnull(max(leads), -1) FROM hand_overs";
    let cut = cut(&mut daemon, moved, MANY / 3);
    daemon.start();
    let page = daemon.cli(&["list", "view", "春", "--assigned", "last", "--limit", "1"]);
    assert_eq!((&page["total"], count(&daemon, moved)), (&MANY.into(), -1), "cut at {cut}");
    let users = daemon.cli(&["user", "ls"])["users"].take();
    let op = users.as_array().expect("users").iter().find(|user| user["login"] == "op").expect("it is there");
    assert_eq!((&op["role"], &op["name"], &op["uid"]), (&"BY".into(), &"事務".into(), &64_031.into()));
}

/// S4.20, D19: a process that is killed while many tasks change hands finishes that at its next start; the rows of audit have all of them.
#[test]
fn tasks_change_hands_whole_whatever_cuts_it() {
    let line = Account::nowhere();
    let mut daemon = Daemon::builder().account(line).start();
    for login in ["bob", "carol"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    daemon.stop();
    let tasks = format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
           SELECT i, unhex(printf('%032x', i)) AS id FROM n;
         INSERT INTO attempts (id, box_id, seat, direction, origin, phone, dial_string, business_day, claimed_at, dialed_at, ended_at,
             sealed_at, disposition)
           SELECT id, 'box', 'a', 'out', 'manual', '+8131' || (2000000 + i), '03', 20260101, 1, 1, 2, 3, 'callback' FROM n;
         INSERT INTO tasks (attempt_id, phone, kind, owner_user_id, created_at)
           SELECT id, '+8131' || (2000000 + i), 'callback', (SELECT id FROM users WHERE login = 'bob'), 1 FROM n;"
    );
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("it can be opened");
    database.execute_batch(&tasks).expect("the tasks are written");
    drop(database);
    daemon.start();
    let open = "SELECT count(*) FROM lead_changes";
    for (from, to, at) in [("bob", "carol", 1), ("carol", "bob", MANY / 2)] {
        let theirs = format!(
            "SELECT count(*) FROM tasks WHERE owner_user_id = (SELECT id FROM users WHERE login = '{to}')"
        );
        let mut control = daemon.control();
        control.send("task.hand_over", &json!({ "from": from, "to": to }));
        let cut = cut(&mut daemon, &theirs, at);
        assert!((1..MANY).contains(&cut) && count(&daemon, open) == 1, "it was in the middle: {cut}");
        daemon.start();
        assert_eq!((count(&daemon, &theirs), count(&daemon, open)), (MANY, 0), "cut at {cut}");
    }
    let logged = "SELECT sum(detail ->> '$.tasks') FROM audit WHERE action = 'task.hand_over'";
    assert_eq!(count(&daemon, logged), 2 * MANY);
    assert_eq!(daemon.log().matches("did not finish handing tasks over").count(), 2);
}

/// S3.8, D19: the same of contacts.
#[test]
fn contacts_change_hands_whole_whatever_cuts_it() {
    let line = Account::nowhere();
    let mut daemon = Daemon::builder().account(line).start();
    for login in ["bob", "carol"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    daemon.stop();
    let book = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BOOK})
         INSERT INTO contacts (id, person, owner_user_id, created_at, updated_at)
           SELECT unhex(printf('%032x', i)), '担当' || i, (SELECT id FROM users WHERE login = 'bob'), 1, 1 FROM n;"
    );
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("it can be opened");
    database.execute_batch(&book).expect("the contacts are written");
    drop(database);
    daemon.start();
    let theirs =
        "SELECT count(*) FROM contacts WHERE owner_user_id = (SELECT id FROM users WHERE login = 'carol')";
    let open = "SELECT count(*) FROM lead_changes";
    let mut control = daemon.control();
    control.send("contact.hand_over", &json!({ "from": "bob", "to": "carol" }));
    let cut = cut(&mut daemon, theirs, 1);
    assert!((1..BOOK).contains(&cut) && count(&daemon, open) == 1, "it was in the middle: {cut}");
    daemon.start();
    assert_eq!((count(&daemon, theirs), count(&daemon, open)), (BOOK, 0), "cut at {cut}");
    let logged = "SELECT sum(detail ->> '$.contacts') FROM audit WHERE action = 'contact.hand_over'";
    assert_eq!(count(&daemon, logged), BOOK);
    assert_eq!(daemon.log().matches("did not finish handing contacts over").count(), 1);
}

/// Enough that a debug build is seen at it.
const MANY: i64 = 4000;
/// Contacts, which go over faster.
const BOOK: i64 = 400_000;
