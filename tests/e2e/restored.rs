//! State and recordings that were moved, or restored beside the box that they are of.

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::wait;
use serde_json::Value;

use crate::SOON;
use crate::keeping::{month_of, path};

fn box_at(exchange: &Sipp) -> Daemon {
    Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).prepare()
}

/// Two calls with their recordings, the oldest first.
fn talk(daemon: &Daemon) -> Vec<Value> {
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n株式会社二,0312340101\n");
    daemon.cli(&["dial", "start", "first"]);
    for next in ["dial", "skip"] {
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        wait::pass(Duration::from_millis(300));
        daemon.cli(&["hangup"]);
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
        daemon.cli(&["save", "--status", "見込", "--next", next]);
    }
    daemon.wait_drop_rows(2, SOON);
    let mut rows = wait::until("two recordings", SOON, || {
        let rows = daemon.cli(&["recording", "ls"])["rows"].as_array().expect("rows").clone();
        (rows.len() == 2).then_some(rows)
    });
    rows.reverse();
    rows
}

fn id(row: &Value) -> &str {
    row["attempt"].as_str().expect("an id")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("it is there").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("it is copied");
        }
    }
}

fn database(daemon: &Daemon) -> rusqlite::Connection {
    rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("the database is there")
}

/// As versions before kept it: the whole path.
fn as_before(daemon: &Daemon, recordings: &Path) {
    let db = database(daemon);
    let folder = format!("{}/", recordings.display());
    db.execute("UPDATE recordings SET path = ?1 || path WHERE substr(path, 1, 1) <> '/'", [&folder])
        .expect("written");
    db.execute("DELETE FROM meta WHERE key = 'recordings_elsewhere'", []).expect("written");
}

/// S4.36: recordings come along when the folders are moved to another box or a bigger disk, those of earlier versions too.
#[test]
fn recordings_come_along_with_their_folder() {
    let exchange = Scenario::server("exchange").start();
    let mut first = box_at(&exchange);
    first.start();
    let rows = talk(&first);
    first.stop();
    for before in [false, true] {
        let mut moved = box_at(&exchange);
        copy(&first.path("state"), &moved.path("state"));
        copy(&first.path("recordings"), &moved.path("recordings"));
        if before {
            as_before(&moved, &first.path("recordings"));
            fs::remove_dir_all(first.path("recordings")).expect("it was there");
        }
        moved.start();
        let here = moved.cli(&["recording", "ls"]);
        for row in here["rows"].as_array().expect("rows") {
            assert!(path(row).starts_with(moved.path("recordings")), "{row:#}");
        }
        let file = moved.path("one.wav");
        moved.cli(&["recording", "fetch", id(&rows[0]), file.to_str().expect("UTF-8")]);
        let target = moved.path("copy");
        let month = ["recording", "export", "--month", &month_of(&rows[0]), target.to_str().expect("UTF-8")];
        let export = moved.cli(&month);
        assert_eq!(
            (&export["fetched"], &export["gone"], &export["missing"]),
            (&2.into(), &0.into(), &0.into())
        );
        let doctor = moved.cli(&["doctor"]);
        assert_eq!(
            (&doctor["database"]["missing_recordings"], &doctor["recordings"]["count"]),
            (&0.into(), &2.into())
        );
        moved.cli(&["recording", "delete", id(&rows[0]), "--reason", "試験", "--yes"]);
        assert!(
            !moved
                .path("recordings")
                .join(path(&rows[0]).strip_prefix(first.path("recordings")).expect("below"))
                .exists()
        );
        assert!(before || path(&rows[0]).exists(), "the copy is of another box");
        moved.stop();
    }
}

/// S4.33: a copy that is tried beside the box that it was made of changes nothing of it, neither what is kept nor what is being recorded.
#[test]
fn a_copy_tried_beside_the_original_leaves_its_recordings_alone() {
    let exchange = Scenario::server("exchange").start();
    let mut original = box_at(&exchange);
    original.start();
    let rows = talk(&original);
    original.cli(&["call", "0312340201"]);
    original.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    let running = wait::until("a recording", SOON, || {
        let day = path(&rows[0]).parent().expect("a day").to_owned();
        let found = fs::read_dir(day).expect("it is there").flatten().map(|file| file.path());
        found.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "part"))
    });
    let backup = original.path("copy.db");
    original.cli(&["backup", backup.to_str().expect("UTF-8")]);
    for before in [false, true] {
        let mut tried = box_at(&exchange);
        fs::create_dir_all(tried.path("state")).expect("a folder");
        fs::copy(&backup, tried.path("state/kakeru.db")).expect("copied");
        if before {
            as_before(&tried, &original.path("recordings"));
        }
        tried.start();
        for row in &rows {
            let deleted = tried.run(&["recording", "delete", id(row), "--reason", "試験", "--yes"]);
            assert_eq!(deleted.code, i32::from(before), "{deleted:#?}");
            assert!(path(row).exists(), "of the original");
        }
        assert!(running.exists(), "the original is still writing it");
        tried.stop();
        assert!(running.exists() && rows.iter().all(|row| path(row).exists()));
    }
    original.cli(&["hangup"]);
    original.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    wait::until("the recording is whole", SOON, || (!running.exists()).then_some(()));
    assert!(running.with_extension("").exists());
}

/// S4.36: a recording whose file is not there is told as that, by which its row is no less kept: nobody deleted it.
#[test]
fn a_recording_without_its_file_is_told_as_missing() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = box_at(&exchange);
    daemon.start();
    let rows = talk(&daemon);
    fs::rename(path(&rows[0]), daemon.path("aside.wav")).expect("it was there");
    let fetch = daemon.run(&["recording", "fetch", id(&rows[0]), "-"]);
    fetch.refused("E-FILE");
    let target = daemon.path("copy");
    let month = ["recording", "export", "--month", &month_of(&rows[0]), target.to_str().expect("UTF-8")];
    let export = daemon.run(&month);
    assert_eq!(export.code, 1, "{export:#?}");
    let told = export.json();
    assert_eq!(
        (&told["fetched"], &told["gone"], &told["missing"]),
        (&1.into(), &0.into(), &1.into()),
        "{told:#}"
    );
    assert!(export.stderr.contains(path(&rows[0]).to_str().expect("UTF-8")), "{export:#?}");
    let doctor = daemon.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:#?}");
    let told = doctor.json();
    assert_eq!(
        (&told["database"]["sound"], &told["database"]["missing_recordings"]),
        (&true.into(), &1.into())
    );
    fs::rename(daemon.path("aside.wav"), path(&rows[0])).expect("it comes back");
    assert_eq!(daemon.cli(&["doctor"])["database"]["missing_recordings"], 0);
    assert_eq!(daemon.cli(&month)["fetched"], 1);
}

/// S4.36: a copy made during a call is put back when its recording is whole, as an archive or not: it is kept as if nothing had been.
/// Recordings of calls that the copy does not have are told of by the start and by doctor, and stay.
#[test]
fn recordings_outlive_a_copy_that_was_made_during_their_call() {
    let exchange = Scenario::server("exchange").start();
    for archive in ["true", "false"] {
        let account = Account::new("main", exchange.address()).unregistered();
        let mut daemon = Daemon::builder().account(account).set("recording", "archive", archive).start();
        daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n株式会社二,0312340101\n");
        let copy = daemon.path("copy.db");
        let copy = copy.to_str().expect("UTF-8");
        daemon.cli(&["dial", "start", "first"]);
        for next in ["dial", "skip"] {
            daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
            if next == "dial" {
                wait::pass(Duration::from_millis(300));
                daemon.cli(&["backup", copy]);
            }
            wait::pass(Duration::from_millis(300));
            daemon.cli(&["hangup"]);
            daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
            daemon.cli(&["save", "--status", "見込", "--next", next]);
        }
        daemon.wait_drop_rows(2, SOON);
        let rows = wait::until("two recordings", SOON, || {
            let rows = daemon.cli(&["recording", "ls"])["rows"].as_array().expect("rows").clone();
            (rows.len() == 2).then_some(rows)
        });
        assert!(daemon.stop().success());
        let database = daemon.path("state/kakeru.db");
        daemon.cli(&["restore", copy, "--database", database.to_str().expect("UTF-8")]);
        daemon.start();
        let kept = daemon.cli(&["recording", "ls"])["rows"].as_array().expect("rows").clone();
        assert_eq!(kept.len(), 1, "{kept:#?}");
        for field in ["attempt", "path", "bytes", "sha256", "state"] {
            assert_eq!(kept[0][field], rows[1][field], "{field}: {kept:#?}");
        }
        let length = |row: &Value| row["duration_ms"].as_u64().expect("a length");
        assert!(length(&kept[0]).abs_diff(length(&rows[1])) <= 20, "{kept:#?}");
        let stray = path(&rows[0]);
        let doctor = daemon.run(&["doctor"]);
        let told = doctor.json();
        let strays = &told["database"]["stray_recordings"];
        assert_eq!((doctor.code, &strays["count"]), (1, &1.into()), "{told:#}");
        assert_eq!(strays["first"][0], stray.to_str().expect("UTF-8"));
        for (lang, said) in
            [("ja", "データベースにない通話の録音ファイル"), ("en", "calls that the database does not have")]
        {
            let text = daemon.run_plain(&["doctor", "--lang", lang]).stdout;
            assert!(text.contains(said) && text.contains(stray.to_str().expect("UTF-8")), "{text}");
        }
        wait::until_true("the start says so", SOON, || {
            daemon.log().contains("are of calls that the database does not have")
        });
        assert!(stray.exists());
        fs::remove_file(&stray).expect("it was there");
        assert_eq!(daemon.cli(&["doctor"])["database"]["stray_recordings"]["count"], 0);
    }
}

/// S1.25: who was called or asked for no call since the copy was made is not called because it was put back, and how many these
/// are is said.
#[test]
fn nobody_is_called_again_because_a_copy_was_put_back() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = box_at(&exchange);
    daemon.start();
    daemon.import("first", "会社名,電話番号\n一,0312340001\n二,0312340101\n三,0312340201\n");
    let copy = daemon.path("copy.db");
    let copy = copy.to_str().expect("UTF-8");
    daemon.cli(&["backup", copy]);
    daemon.cli(&["lead", "exclude", "first", "--lead", "first#3", "--reason", "本人希望"]);
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "通話済", "--next", "skip"]);
    assert!(daemon.stop().success());
    let database = daemon.path("state/kakeru.db");
    let database = database.to_str().expect("UTF-8");
    let told = daemon.run_plain(&["restore", copy, "--database", database, "--lang", "ja"]).stdout;
    for line in ["引き継いだ発信対象外: 1", "コピーの後に発信したので発信対象外にした発信先: 1"]
    {
        assert!(told.contains(line), "{told}");
    }
    daemon.start();
    let leads = daemon.cli(&["list", "view", "first", "--dialable", "false"]);
    let reasons: Vec<_> =
        leads["rows"].as_array().expect("rows").iter().map(|row| &row["excluded_reason"]).collect();
    assert_eq!(reasons.len(), 2, "{leads:#}");
    assert!(
        reasons[0].as_str().is_some_and(|reason| reason.starts_with("復元: コピーの後に発信済")),
        "{leads:#}"
    );
    assert_eq!(reasons[1], "本人希望");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    let calls = exchange.calls_by_number();
    assert!(calls.len() == 2 && calls.values().all(|&count| count == 1), "{calls:?}");
    assert!(!calls.keys().any(|number| number.ends_with("40201")), "{calls:?}");
}
