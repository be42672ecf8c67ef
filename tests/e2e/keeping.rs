//! Recordings are kept while there is room, and copied elsewhere by the month.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::sum::sha256;
use e2e::wait;
use serde_json::{Value, json};

use crate::SOON;

const OPERATOR: u32 = 64_021;
const COLLEAGUE: u32 = 64_022;
const SUPERVISOR: u32 = 64_023;
const BACK_OFFICE: u32 = 64_024;

pub(crate) fn daemon(exchange: &Sipp) -> Daemon {
    let account = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().account(account).set("recording", "quota_gb", "1").start();
    daemon.import(
        "first",
        "会社名,電話番号\n株式会社一,0312340001\n株式会社二,0312340101\n株式会社三,0312340201\n",
    );
    daemon
}

/// Calls the three leads, saves each and waits until its result has left the box.
pub(crate) fn talk(daemon: &Daemon) -> Vec<Value> {
    daemon.cli(&["dial", "start", "first"]);
    for call in 1..=3 {
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        wait::pass(Duration::from_millis(500));
        daemon.cli(&["hangup"]);
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
        daemon.cli(&["save", "--status", "見込", "--next", if call < 3 { "dial" } else { "skip" }]);
    }
    daemon.wait_drop_rows(3, SOON);
    let rows = wait::until("three recordings", SOON, || {
        let rows = daemon.cli(&["recording", "ls"])["rows"].as_array().expect("rows").clone();
        (rows.len() == 3).then_some(rows)
    });
    rows.into_iter().rev().collect()
}

pub(crate) fn path(row: &Value) -> PathBuf {
    row["path"].as_str().expect("a path").into()
}

/// The month of a recording, as the daemon's own folders are named too.
pub(crate) fn month_of(row: &Value) -> String {
    let path = path(row);
    let month = path.parent().and_then(Path::parent).and_then(Path::file_name).expect("a month");
    month.to_str().expect("UTF-8").to_owned()
}

/// S4.32, S4.33, S4.35: above the quota the oldest goes, what is on hold stays, the call keeps its row, and it is told.
#[test]
fn the_oldest_recording_makes_room() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = daemon(&exchange);
    let rows = talk(&daemon);
    let held = rows[0]["attempt"].as_str().expect("an id").to_owned();
    daemon.cli(&["recording", "hold", &held, "--reason", "調査"]);
    daemon.stop();
    // Three calls of some seconds stand for months of them.
    let database = daemon.path("state/kakeru.db");
    let grown = rusqlite::Connection::open(&database).expect("the database is there");
    grown.execute("UPDATE recordings SET bytes = 400000000", []).expect("it is written");
    drop(grown);
    daemon.start();
    // The first look comes some seconds after the start.
    let mut control = daemon.control();
    control.subscribe(None).expect("events");
    let event = control.wait_event("expired", SOON, |event| event["params"]["kind"] == "recording.expired");
    let event = &event["params"];
    assert_eq!((&event["count"], &event["bytes"]), (&Value::from(1), &Value::from(400_000_000)), "{event:#}");
    wait::until("the file is gone", SOON, || (!path(&rows[1]).exists()).then_some(()));
    assert!(path(&rows[0]).exists() && path(&rows[2]).exists());
    let kept = daemon.cli(&["recording", "ls"])["rows"].as_array().expect("rows").len();
    assert_eq!(kept, 2);
    let call = daemon.cli(&["history", "show", rows[1]["attempt"].as_str().expect("an id")]);
    assert_eq!(call["call"]["recording"]["state"], "expired", "{call:#}");
    let status = daemon.cli(&["status"]);
    assert_eq!(status["recordings"]["count"], 2, "{status:#}");
    assert_eq!(status["recordings"]["over_quota"], false);
    let audit = daemon.cli(&["audit", "--action", "recording."]);
    let actions: Vec<_> = audit["rows"].as_array().expect("rows").iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, ["recording.expire", "recording.hold"], "{audit:#}");
    assert!(!audit["rows"][1]["uid"].is_null(), "who held it: {audit:#}");
}

/// D8, D14: operators hear their own calls and supervisors all, which the audit log tells; a manager deletes a recording for good, with
/// a reason, and its file goes at once.
#[test]
fn a_recording_is_listened_to_and_deleted() {
    let exchange = Scenario::server("exchange").start();
    let daemon = daemon(&exchange);
    let rows = talk(&daemon);
    for (login, role, uid) in [("sv", "SV", SUPERVISOR), ("bob", "OP", COLLEAGUE), ("by", "BY", BACK_OFFICE)]
    {
        daemon.cli(&["user", "add", login, "--role", role, "--uid", &uid.to_string()]);
    }
    let operator = rows[0]["operator"].as_str().expect("an operator");
    daemon.cli(&["user", "uid", operator, &OPERATOR.to_string()]);
    let call = rows[0]["attempt"].as_str().expect("an id");
    let copy = daemon.path("copy.wav");
    let fetched = daemon.cli(&["recording", "fetch", call, copy.to_str().expect("UTF-8")]);
    assert_eq!(
        (sha256(&copy), &fetched["sha256"]),
        (rows[0]["sha256"].as_str().expect("a sum").into(), &rows[0]["sha256"])
    );
    let again = daemon.run(&["recording", "fetch", call, copy.to_str().expect("UTF-8")]);
    assert_eq!(again.code, 1, "it would overwrite: {again:#?}");
    for uid in [OPERATOR, SUPERVISOR] {
        let heard = daemon.run_as(uid, &["recording", "fetch", call, "-"]);
        assert!(heard.code == 0 && heard.stdout.starts_with("RIFF"), "{uid}: {}", heard.stderr);
    }
    daemon.run_as(COLLEAGUE, &["recording", "fetch", call, "-"]).refused("E-NOT-FOUND");
    daemon.run_as(BACK_OFFICE, &["recording", "fetch", call, "-"]).refused("E-PERMISSION");
    let listened = daemon.cli(&["audit", "--action", "recording.fetch"]);
    let uids: Vec<_> = listened["rows"].as_array().expect("rows").iter().map(|row| &row["uid"]).collect();
    assert_eq!(uids[..2], [&Value::from(SUPERVISOR), &Value::from(OPERATOR)], "{listened:#}");
    assert!(listened["rows"][0]["object"] == call && uids.len() == 3, "{listened:#}");
    // All but its first byte is not taken without a word either.
    let all_but_one = json!({ "recording": rows[0]["id"], "offset": 1 });
    daemon.control_as(SUPERVISOR).call("recording.fetch", &all_but_one).expect("a piece of it");
    let listened = daemon.cli(&["audit", "--action", "recording.fetch"]);
    assert_eq!(listened["rows"].as_array().map(Vec::len), Some(4), "{listened:#}");
    // S4.50: the month is the supervisor's work; an operator's copies of their own calls let none go earlier.
    for (uid, unmarked, state) in [(OPERATOR, 3, "final"), (SUPERVISOR, 0, "exported")] {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::chown(folder.path(), Some(uid), None).expect("root may");
        let target = folder.path().to_str().expect("UTF-8");
        let copied = daemon.run_as(uid, &["recording", "export", "--month", &month_of(&rows[0]), target]);
        let found = copied.json();
        assert_eq!((copied.code, &found["fetched"], &found["unmarked"]), (0, &3.into(), &unmarked.into()));
        let kept = daemon.cli(&["recording", "ls"]);
        assert!(kept["rows"].as_array().expect("rows").iter().all(|row| row["state"] == state), "{kept:#}");
    }

    let delete = ["recording", "delete", call, "--reason", "本人の請求", "--yes"];
    for uid in [OPERATOR, SUPERVISOR] {
        daemon.run_as(uid, &delete).refused("E-PERMISSION");
    }
    assert_eq!(daemon.run(&delete[..5]).code, 2, "it asks first");
    assert!(path(&rows[0]).exists());
    daemon.cli(&delete);
    assert!(!path(&rows[0]).exists() && path(&rows[1]).exists());
    daemon.run(&["recording", "fetch", call, "-"]).refused("E-NOT-FOUND");
    assert_eq!(daemon.cli(&["history", "show", call])["call"]["recording"]["state"], "expired");
}

/// S4.36, S4.50: a month is copied with its list; a second run fetches only what is missing or broken.
#[test]
fn a_month_is_exported_and_goes_on_where_it_stopped() {
    let exchange = Scenario::server("exchange").start();
    let daemon = daemon(&exchange);
    let rows = talk(&daemon);
    let month = month_of(&rows[0]);
    let target = daemon.path("copy");
    let target = target.to_str().expect("UTF-8");
    let export = || daemon.cli(&["recording", "export", "--month", &month, target]);

    let first = export();
    assert_eq!((&first["fetched"], &first["present"], &first["gone"]), (&3.into(), &0.into(), &0.into()));
    let folder = Path::new(target).join(&month);
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).expect("sums");
    let names: Vec<&str> = sums.lines().map(|line| &line[66..]).collect();
    for (name, row) in names.iter().zip(&rows) {
        assert_eq!(sha256(&folder.join(name)), row["sha256"], "{name}");
    }
    let check =
        Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&folder).output();
    assert!(check.expect("coreutils").status.success());
    let list = fs::read_to_string(folder.join("manifest.csv")).expect("the list");
    assert!(list.contains("株式会社一") && list.lines().count() == 4, "{list}");

    // Broken off: one is missing, one is half there, one differs.
    let [missing, half, other] = [0, 1, 2].map(|at| folder.join(names[at]));
    fs::remove_file(&missing).expect("it was there");
    let whole = fs::read(&half).expect("it was there");
    fs::write(half.with_extension("wav.part"), &whole[..whole.len() / 2]).expect("written");
    fs::remove_file(&half).expect("it was there");
    let second = export();
    assert_eq!((&second["fetched"], &second["present"]), (&2.into(), &1.into()), "{second:#}");
    fs::write(&other, b"something else").expect("written");
    assert_eq!(export()["fetched"], 1);
    assert_eq!(sha256(&other), rows[2]["sha256"]);
    assert_eq!(export()["present"], 3);
    assert_eq!(daemon.cli(&["recording", "ls"])["rows"][0]["state"], "exported");

    // An export of less loses nothing of what lies there, nor do recordings that the daemon deletes afterwards.
    let listed = || {
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).expect("sums");
        let list = fs::read_to_string(folder.join("manifest.csv")).expect("the list");
        (sums.lines().map(|line| line[66..].to_owned()).collect::<Vec<_>>(), list)
    };
    let whole = listed();
    daemon.import("second", "会社名,電話番号\n株式会社四,0312340301\n");
    let of_second = ["recording", "export", "--month", &month, target, "--list", "second"];
    let second = daemon.cli(&of_second);
    assert_eq!((&second["recordings"], &second["earlier"]), (&0.into(), &3.into()), "{second:#}");
    assert_eq!(listed(), whole);
    let deleted = rows[0]["attempt"].as_str().expect("an id");
    daemon.cli(&["recording", "delete", deleted, "--reason", "容量", "--yes"]);
    let later = export();
    assert_eq!((&later["present"], &later["earlier"]), (&2.into(), &1.into()), "{later:#}");
    assert_eq!(listed(), whole);

    // One that cannot be fetched any more and differs is told, and its line stays; one that was taken away loses it.
    fs::write(&missing, b"something else").expect("written");
    let damaged = daemon.run(&["recording", "export", "--month", &month, target]);
    assert_eq!(damaged.code, 1, "{damaged:#?}");
    assert!(damaged.stdout.contains("\"damaged\":1"), "{damaged:#?}");
    assert_eq!(listed(), whole);
    fs::remove_file(&missing).expect("it was there");
    assert_eq!(export()["earlier"], 0);
    assert_eq!(listed().0, whole.0[1..]);

    // A list that another program wrote over is not thrown away.
    fs::write(folder.join("manifest.csv"), "ファイル;SHA-256\n").expect("written");
    daemon.run(&["recording", "export", "--month", &month, target]).refused("E-FILE");
}

/// S4.50: a recording whose file is not what was recorded any more is named, and the others of the month are had all the same.
#[test]
fn a_damaged_recording_holds_up_no_other_of_its_month() {
    let exchange = Scenario::server("exchange").start();
    let daemon = daemon(&exchange);
    let rows = talk(&daemon);
    let month = month_of(&rows[0]);
    let first = path(&rows[0]);
    fs::write(&first, b"no sound").expect("written");
    let doctor = daemon.run(&["doctor"]);
    let database = &doctor.json()["database"];
    assert_eq!(
        (doctor.code, &database["missing_recordings"], &database["altered_recordings"]),
        (1, &0.into(), &1.into()),
        "{database:#}"
    );
    let path_of_first = first.to_str().expect("UTF-8");
    let attempt = rows[0]["attempt"].as_str().expect("an id");
    let named = &database["wrong_recordings"];
    assert_eq!(
        (
            &named[0]["attempt"],
            &named[0]["path"],
            &named[0]["bytes"],
            &named[0]["found"],
            named.as_array().map(Vec::len)
        ),
        (&attempt.into(), &path_of_first.into(), &rows[0]["bytes"], &8.into(), Some(1)),
        "{named:#}"
    );
    let told = daemon.run_plain(&["doctor"]).stdout;
    assert!(told.lines().any(|line| line.contains(attempt) && line.contains(path_of_first)), "{told}");
    let target = daemon.path("copy");
    let target = target.to_str().expect("UTF-8");
    for (fetched, present) in [(2, 0), (0, 2)] {
        let done = daemon.run(&["recording", "export", "--month", &month, target]);
        assert_eq!(done.code, 1, "{done:#?}");
        let told: Value = serde_json::from_str(&done.stdout).expect("JSON");
        assert_eq!((&told["fetched"], &told["present"]), (&fetched.into(), &present.into()), "{told:#}");
        assert_eq!((&told["altered"], &told["recordings"]), (&1.into(), &3.into()), "{told:#}");
        assert!(done.stderr.contains(first.to_str().expect("UTF-8")), "{done:#?}");
    }
    let list = fs::read_to_string(Path::new(target).join(&month).join("manifest.csv")).expect("the list");
    assert!(!list.contains("株式会社一") && list.lines().count() == 3, "{list}");
    let id = rows[0]["attempt"].as_str().expect("an id");
    let one = daemon.run(&["recording", "fetch", id, "one.opus"]);
    one.refused("E-FILE");
    assert!(
        one.stdout.contains(first.to_str().expect("UTF-8")),
        "the daemon's file, not the one to come: {one:#?}"
    );
    assert!(!daemon.path("one.opus").exists());
}

/// S4.36, D14: a file that has the size of what was recorded and another content is found by its sum, which `doctor --full` compares.
#[test]
fn a_recording_with_another_content_is_found_by_its_sum() {
    let exchange = Scenario::server("exchange").start();
    let daemon = daemon(&exchange);
    let rows = talk(&daemon);
    let full = daemon.cli(&["doctor", "--full"]);
    let found = |told: &Value| {
        let database = &told["database"];
        (database["altered_recordings"].clone(), database["summed_recordings"].clone())
    };
    assert_eq!(found(&full), (0.into(), 3.into()), "{full:#}");
    let (whole, gone) = (path(&rows[1]), path(&rows[2]));
    let mut bytes = fs::read(&whole).expect("it is there");
    let last = bytes.last_mut().expect("it has content");
    *last ^= 1;
    fs::write(&whole, bytes).expect("written");
    fs::remove_file(&gone).expect("it was there");
    let quick = daemon.run(&["doctor"]).json();
    assert_eq!(found(&quick), (0.into(), Value::Null), "sizes say nothing of it: {quick:#}");
    let full = daemon.run(&["doctor", "--full"]);
    let told = full.json();
    assert_eq!((full.code, found(&told)), (1, (1.into(), 2.into())), "{told:#}");
    assert_eq!(told["database"]["missing_recordings"], 1, "{told:#}");
    let named = told["database"]["wrong_recordings"].as_array().expect("which they are");
    let of = |row: &Value| named.iter().find(|named| named["attempt"] == row["attempt"]).expect("named");
    let altered = of(&rows[1]);
    assert_eq!((&altered["bytes"], &altered["found"]), (&rows[1]["bytes"], &rows[1]["bytes"]));
    assert_eq!(altered["sha256"], sha256(&whole).as_str());
    assert!(of(&rows[2]).get("sha256").is_none(), "{named:#?}");
    for (lang, said) in [("ja", "中身が録音時と違います"), ("en", "another content")] {
        let text = daemon.run_plain(&["doctor", "--full", "--lang", lang]).stdout;
        assert!(text.contains(said), "{text}");
    }
}
