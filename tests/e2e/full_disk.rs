//! A disk that fills up during a call: dialing stops, the talk goes on, nothing is lost, nobody is called twice.
//!
//! The disk is made full between the daemon and the C library ([`Disk`]), which needs neither root nor a mount.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::boundary::Disk;
use e2e::daemon::{Account, Control, Daemon, Seat};
use e2e::peer::sipp::{Scenario, Sipp, TONE_DBFS, TONE_HZ};
use e2e::sum::sha256;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;
use tempfile::TempDir;

use crate::SOON;

/// Leads behind the one that talks: enough that the second seat is still among them when the disk fills up.
const BUSY: usize = 40;

/// Seat `a` talks, seat `b` calls down the same list past busy callees, seat `c` is free.
struct Shift {
    daemon: Daemon,
    exchange: Sipp,
    control: Control,
    disk: Disk,
    /// Attempt of the talk.
    talk: String,
    /// Holds what is not on the disk under test: its switch and what the operator hears.
    folder: TempDir,
}

impl Shift {
    fn start() -> Self {
        let exchange = Scenario::server("exchange").start();
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let say = folder.path().join("say.wav");
        Sound::silence(8_000, Duration::from_secs(60)).write(&say).expect("the voice is written");
        let mut setup = Daemon::builder()
            .account(Account::new("main", exchange.address()).set("codecs", "[\"PCMU\"]").unregistered())
            // Quiet moments between calls, as every centre has them.
            .set("dialing", "wrap_up", "\"100ms\"")
            .seat(operator("a").file(&say, &folder.path().join("hear.wav")));
        for seat in ["b", "c"] {
            setup = setup.seat(operator(seat));
        }
        // What is meant to be said loudly.
        for error in ["recording failed", "the disk takes nothing", "the end of a call is not on disk yet"] {
            setup = setup.allow_errors(error);
        }
        let mut daemon = setup.prepare();
        let disk = Disk::new(&daemon.path(""), &folder.path().join("full"));
        daemon.set_environment(disk.environment());
        daemon.start();
        let rows = (0..BUSY).map(|n| format!("会社{n},担当,0312{n:04}02,\n"));
        let rows: String = rows.collect();
        daemon.import(
            "first",
            format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\n長話,,0312340001,\n{rows}"),
        );
        // Room that commits have of their own, made in the first quiet moment.
        let log = daemon.path("state/kakeru.db-wal");
        wait::until_true("room in the log", SOON, || log.metadata().is_ok_and(|log| log.len() >= 2 << 20));
        let mut control = daemon.control();
        control.subscribe(None).expect("events are given");
        daemon.cli(&["dial", "start", "first", "--seat", "a"]);
        let status = daemon.wait_status("talk", SOON, |status| seat(status, 0)["state"] == "in_call");
        let talk = seat(&status, 0)["call"]["attempt"].as_str().expect("an attempt").to_owned();
        // A second of the talk is recorded before anything happens.
        wait::pass(Duration::from_secs(1));
        daemon.cli(&["dial", "start", "first", "--seat", "b"]);
        exchange.wait_received("INVITE", 4, SOON);
        Self { daemon, exchange, control, disk, talk, folder }
    }

    /// Waits for the alarm, and that nobody is called from then on, for as long as that.
    fn nobody_is_called(&mut self, time: Duration) {
        let trouble = self.control.wait_event("store.trouble", SOON, |e| kind(e) == "store.trouble");
        assert_eq!(trouble["params"]["code"], "E-DISK-FULL", "{trouble:#}");
        // What was committed before may still leave.
        wait::pass(Duration::from_millis(200));
        let before = self.exchange.invites().len();
        assert!(before <= BUSY, "the list was at its end before the disk was full");
        wait::pass(time);
        assert_eq!(self.exchange.invites().len(), before, "somebody was called while the disk was full");
        let status = self.daemon.cli(&["status"]);
        assert_eq!(status["store"]["ok"], false, "{status:#}");
        assert_eq!(status["store"]["trouble"], "E-DISK-FULL", "{status:#}");
        let told = self.daemon.text(&["status", "--lang", "ja"]);
        let line = told.lines().find(|line| line.starts_with("E-DISK-FULL")).expect("it is told");
        assert!(!line.contains(" no ") && !line.contains("disk"), "{line}");
        assert!((0..2).all(|index| seat(&status, index)["dial"]["waiting"] == "disk"), "{status:#}");
        assert_eq!(seat(&status, 0)["state"], "in_call", "{status:#}");
        self.daemon.run(&["call", "0312349902", "--seat", "c"]).refused("E-DISK-FULL");
    }

    fn heard(&self) -> Sound {
        Sound::read(&self.folder.path().join("hear.wav"), 0).expect("what the operator hears is readable")
    }

    /// The list is called down to its end, and each number once.
    fn to_the_end(&self) -> Vec<std::collections::BTreeMap<String, String>> {
        self.daemon.cli(&["save", "--seat", "a", "--status", "見込", "--next", "dial"]);
        let rows = self.daemon.wait_drop_rows(BUSY + 1, Duration::from_secs(60));
        let calls = self.exchange.calls_by_number();
        assert_eq!(calls.len(), BUSY + 1);
        assert!(calls.values().all(|&count| count == 1), "called twice: {calls:?}");
        rows
    }

    /// The row of the talk once its recording is complete, with the file.
    fn recorded(&self) -> (Value, PathBuf) {
        let mut row = Value::Null;
        wait::until_true("the recording", SOON, || {
            let history = self.daemon.cli(&["history", "--limit", "1000"]);
            let mut rows = history["rows"].as_array().expect("rows").iter();
            row = rows.find(|row| row["attempt"] == self.talk.as_str()).cloned().unwrap_or_default();
            row["recording"]["state"] == "final" && !row["ended_at"].is_null()
        });
        let path = self.daemon.path(row["recording"]["path"].as_str().expect("a path"));
        assert_eq!(row["recording"]["sha256"], sha256(&path), "{row:#}");
        (row, path)
    }
}

/// Said once, however many calls end meanwhile and however often they are tried again.
const END_WAITS: &str = "the end of a call is not on disk yet";

/// The database is damaged under a talk: its end waits, is told once and counted.
#[test]
fn an_end_that_a_damaged_database_does_not_take_is_told_once() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .set("log", "level", "\"info\"")
        .allow_errors("the database is damaged")
        .allow_errors("the disk takes nothing")
        .allow_errors(END_WAITS)
        .start();
    daemon.cli(&["call", "0312340001"]);
    daemon.wait_status("talk", SOON, |status| seat(status, 0)["state"] == "in_call");
    // The indexes of calls lead to another table's pages: what changes one of their columns meets a damaged database.
    let other = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("it can be opened");
    other
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'users')
             WHERE type = 'index' AND tbl_name = 'attempts' AND sql IS NOT NULL;",
        )
        .expect("the schema is writable");
    let version: i64 = other.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("a version");
    other.pragma_update(None, "schema_version", version + 1).expect("others read it anew");
    drop(other);
    daemon.cli(&["hangup"]);
    daemon.wait_status("the end in memory", SOON, |status| {
        status["store"]["trouble"] == "E-STORE-CORRUPT" && status["store"]["pending"] == 1
    });
    wait::pass(Duration::from_secs(6));
    assert_eq!(daemon.log().matches(END_WAITS).count(), 1);
    assert_eq!(daemon.cli(&["status"])["store"]["pending"], 1);
}

/// S4.34: what nothing can be written to is closed as failed with its call, in the row that it was opened with; the result does not wait
/// for it until the next start.
#[test]
fn a_recording_that_failed_is_closed_with_its_call() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .allow_errors("recording failed")
        .allow_errors("the disk takes nothing")
        .start();
    // No folder can be made below a file.
    let folder = daemon.path("recordings");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::write(&folder, "in the way").expect("it can be written");
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| seat(status, 0)["state"] == "in_call");
    let rows = || {
        let database = daemon.database();
        let mut read = database.prepare("SELECT state, path FROM recordings").expect("the table is there");
        let rows = read.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("rows");
        rows.collect::<Result<Vec<(String, String)>, _>>().expect("rows")
    };
    wait::until_true("the row of the recording", SOON, || rows().iter().any(|(state, _)| state == "open"));
    // It is told where it is seen, and nobody else is called.
    daemon.wait_status("told", SOON, |status| {
        seat(status, 0)["call"]["recording"]["trouble"] == "E-DISK-IO"
            && status["store"]["trouble"] == "E-DISK-IO"
            && !status["store"]["folder"].is_null()
    });
    let told = daemon.text(&["status", "--lang", "ja"]);
    assert!(told.contains("録音できていません") && told.contains("録音のフォルダー"), "{told}");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| seat(status, 0)["state"] == "wrap_up");
    let closed = rows();
    assert!(
        matches!(&closed[..], [(state, path)] if state == "failed" && path.ends_with(".wav")),
        "{closed:?}"
    );
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let row = daemon.wait_drop_rows(1, SOON).remove(0);
    assert_eq!(row["recording_path"], "", "{row:#?}");
    daemon.run(&["call", "0312349902"]).refused("E-DISK-IO");
    std::fs::remove_file(&folder).expect("it is there");
    daemon.wait_status("it takes files again", SOON, |status| status["store"]["ok"] == true);
}

fn operator(name: &str) -> Seat {
    Seat::new(name, "main").set("operator", &format!("{name:?}"))
}

fn seat(status: &Value, index: usize) -> &Value {
    &status["seats"][index]
}

fn kind(event: &Value) -> &str {
    event["params"]["kind"].as_str().unwrap_or_default()
}

fn millis(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no time"))
}

fn length(path: &Path) -> u64 {
    Sound::read(path, 1).expect("a stereo WAV file").length().as_millis() as u64
}

/// Not one byte more is taken until the call is over.
#[test]
fn a_full_disk_stops_dialing_and_loses_no_result() {
    let mut shift = Shift::start();
    shift.disk.fill(0);
    let heard = shift.heard().length();
    shift.nobody_is_called(Duration::from_millis(1_500));
    let sound = shift.heard();
    assert!(sound.length() > heard + Duration::from_secs(1), "the talk fell silent");
    let end = sound.slice(sound.length() - Duration::from_millis(300), Duration::from_millis(300));
    let level = end.level_at(TONE_HZ);
    assert!((level - TONE_DBFS).abs() < 3.0, "the callee is heard at {level} dBFS");

    // The talk ends; its end waits in memory.
    shift.daemon.cli(&["hangup", "--seat", "a"]);
    shift.exchange.wait_received("BYE", 1, SOON);
    shift.daemon.wait_status("end of the talk in memory", SOON, |status| {
        seat(status, 0)["call"]["state"] == "ended" && status["store"]["pending"] != 0
    });
    let unwritten = shift.daemon.database().query_row(
        "SELECT count(*) FROM attempts WHERE answered_at IS NOT NULL AND ended_at IS NULL",
        [],
        |row| row.get::<_, u32>(0),
    );
    assert_eq!(unwritten.expect("the database is readable"), 1, "the end was written to a full disk");
    // It is tried again each second, and told once.
    wait::pass(Duration::from_millis(2_500));
    assert_eq!(shift.daemon.log().matches(END_WAITS).count(), 1);
    for (lang, told) in
        [("ja", "保存を待っている通話の終了: "), ("en", "ends of calls that wait to be saved: ")]
    {
        let status = shift.daemon.text(&["status", "--lang", lang]);
        assert!(status.contains(told), "{status}");
    }

    shift.disk.free();
    shift.control.wait_event("recovery", SOON, |event| kind(event) == "store.recovered");
    shift.daemon.wait_status("the end on disk", SOON, |status| {
        seat(status, 0)["state"] == "wrap_up" && status["store"]["pending"] == 0
    });
    let (row, path) = shift.recorded();
    let (kept, gaps) = (length(&path), millis(&row["recording"]["gaps_ms"]));
    let talked = millis(&row["ended_at"]) - millis(&row["answered_at"]);
    assert!(gaps >= 1_500, "{row:#}");
    assert!((kept + gaps).abs_diff(talked) < 400, "{kept} ms and {gaps} ms of {talked} ms: {row:#}");
    let rows = shift.to_the_end();
    let row = rows.iter().find(|row| row["id"] == shift.talk).expect("the talk was handed out");
    assert_eq!((row["status"].as_str(), row["recording_gaps_ms"].as_str()), ("prospect", &*gaps.to_string()));
}

/// A recording finds no room while commits still do: dialing stops all the same, and does not flutter.
#[test]
fn small_writes_that_still_fit_are_no_room() {
    let mut shift = Shift::start();
    shift.disk.fill(16_000);
    let talk = shift.talk.clone();
    let trouble = shift.control.wait_event("recording.trouble", SOON, |event| {
        kind(event) == "recording.trouble" && event["params"]["attempt"] == *talk
    });
    assert_eq!(trouble["params"]["code"], "E-DISK-FULL", "{trouble:#}");
    // Twice as long as a probe waits.
    shift.nobody_is_called(Duration::from_secs(7));
    let told = std::iter::from_fn(|| shift.control.event(Duration::from_millis(50)));
    let flutter: Vec<Value> = told.filter(|event| kind(event).starts_with("store.")).collect();
    assert!(flutter.is_empty(), "{flutter:#?}");

    shift.disk.free();
    shift.control.wait_event("recovery", SOON, |event| kind(event) == "store.recovered");
    // The talk outlives the trouble, and the recording goes on.
    wait::pass(Duration::from_secs(2));
    shift.daemon.cli(&["hangup", "--seat", "a"]);
    let (row, path) = shift.recorded();
    let (kept, gaps) = (length(&path), millis(&row["recording"]["gaps_ms"]));
    let talked = millis(&row["ended_at"]) - millis(&row["answered_at"]);
    assert!((6_000..talked).contains(&gaps), "{row:#}");
    assert!(kept.abs_diff(talked) < 400, "{kept} ms of {talked} ms: {row:#}");
    let callee = Sound::read(&path, 1).expect("a stereo WAV file");
    let piece = |from: u64| callee.slice(Duration::from_millis(from), Duration::from_millis(300));
    assert!((piece(300).level_at(TONE_HZ) - TONE_DBFS).abs() < 3.0, "the beginning is not there");
    assert!((piece(kept - 500).level_at(TONE_HZ) - TONE_DBFS).abs() < 3.0, "it did not go on");
    assert!(piece(kept / 2).level() < -60.0, "the gap is no silence");
    shift.to_the_end();
}

/// The disk fills up in the middle of an import: nothing of the file stays, and its list takes another one as soon as
/// there is room, without a new start.
#[test]
fn a_list_whose_import_met_a_full_disk_is_free_again() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(account).allow_errors("the disk takes nothing").prepare();
    let disk = Disk::new(&daemon.path(""), &folder.path().join("full"));
    daemon.set_environment(disk.environment());
    daemon.start();
    daemon.cli(&["list", "create", "first"]);
    let file = folder.path().join("long.csv");
    let rows: String = (0..60_000).map(|n| format!("会社{n},03{:08}\n", 10_000_000 + n)).collect();
    std::fs::write(&file, format!("会社名,電話番号\n{rows}")).expect("there is room");
    let mut control = daemon.control();
    control.subscribe(None).expect("events are given");
    let import = ["list", "import", "first", file.to_str().expect("UTF-8")];
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| daemon.run(&import));
        let begun =
            |event: &Value| kind(event) == "import.progress" && millis(&event["params"]["rows"]) > 4_000;
        control.wait_event("rows", Duration::from_secs(60), begun);
        disk.fill(0);
        importing.join().expect("it ends").refused("E-DISK-FULL");
    });
    // It is tried again meanwhile, and told once.
    wait::pass(Duration::from_secs(7));
    assert_eq!(daemon.log().matches("an import is ended as soon as the disk takes it").count(), 1);
    let imports = || daemon.cli(&["list", "imports", "first"])["rows"].as_array().expect("rows").clone();
    assert_eq!(imports()[0]["state"], "staging", "{:#?}", imports());
    disk.free();
    wait::until("the list is free", SOON, || (imports()[0]["state"] == "undone").then_some(()));
    let state = |state: &str| {
        let sql = "SELECT count(*) FROM leads WHERE deleted_at IS NULL AND list_id IN (SELECT id FROM lists WHERE name = ?1)";
        daemon
            .database()
            .query_row(sql, [state], |row| row.get::<_, u32>(0))
            .expect("the database is readable")
    };
    assert_eq!(state("first"), 0, "nothing of the file stays");
    assert_eq!(daemon.run(&import).success()["inserted"], 60_000);
}

/// A copy to a disk that is full: the file is named, and nobody stops calling. A restore and a start on a full disk say that nothing
/// runs, not that it goes on by itself.
#[test]
fn a_full_disk_is_told_as_what_it_is() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let (target, switch) = (folder.path().join("stick"), folder.path().join("full"));
    std::fs::create_dir(&target).expect("the temporary folder is writable");
    let account = Account::nowhere();
    let mut daemon = Daemon::builder().account(account).prepare();
    let stick = Disk::new(&target, &switch);
    daemon.set_environment(stick.environment());
    daemon.start();
    let (copy, good) = (target.join("copy.db"), daemon.path("good.db"));
    daemon.cli(&["backup", good.to_str().expect("UTF-8")]);
    stick.fill(0);
    let args = ["backup", copy.to_str().expect("UTF-8")];
    daemon.run(&args).refused("E-FILE");
    let told = daemon.run_plain(&[&args[..], &["--lang", "ja"]].concat()).stderr;
    assert!(told.contains(args[1]) && told.contains("ディスクの空きがありません"), "{told}");
    let status = daemon.cli(&["status"]);
    assert_eq!(status["store"]["ok"], true, "{status:#}");
    assert!(std::fs::read_dir(&target).expect("it is there").next().is_none(), "nothing is left of it");
    stick.free();
    daemon.cli(&args);
    assert!(daemon.stop().success());

    let own = Disk::new(&daemon.path(""), &switch);
    own.fill(0);
    let database = daemon.path("state/kakeru.db");
    let (config, database) = (daemon.path("kakeru.toml"), database.to_str().expect("UTF-8"));
    let config = config.to_str().expect("UTF-8");
    let run = |args: &[&str]| {
        let mut kakeru = std::process::Command::new(e2e::daemon::binary());
        let done = kakeru.envs(own.environment()).args(args).output().expect("it runs");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    for (args, ja, en) in [
        (
            &["restore", good.to_str().expect("UTF-8"), "--database", database][..],
            "復元していません",
            "Nothing was restored",
        ),
        (&["run", "--config", config], "デーモンは起動していません", "The daemon does not run"),
    ] {
        for (lang, said) in [("ja", ja), ("en", en)] {
            let (code, told) = run(&[args, &["--lang", lang]].concat());
            assert_eq!(code, Some(1), "{told}");
            assert!(told.contains("E-DISK-FULL") && told.contains(said), "{told}");
            assert!(!told.contains("自動") && !told.contains("by itself"), "{told}");
        }
    }
    own.free();
    daemon.start();
}
