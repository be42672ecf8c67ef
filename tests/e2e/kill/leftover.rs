//! SIGKILL between the commit that says that a recording is not kept and the removal of its file.

use std::path::{Path, PathBuf};

use e2e::boundary;
use e2e::daemon::{Account, Daemon};
use e2e::wait;
use rusqlite::types::Value;

use super::boundary::copy;
use crate::SOON;

/// Talks until hung up on.
const NUMBER: &str = "0312340001";

/// S4.8, S4.33: the file goes at the next start, however many calls came after its own; a kept one and a stranger's stay.
#[test]
fn a_recording_that_a_death_left_goes_however_old_its_call_is() {
    let exchange = super::exchange();
    let line = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(line).set("log", "level", "\"info\"").start();
    let template = tempfile::tempdir().expect("the temporary folder is writable");
    assert!(daemon.stop().success());
    copy(&daemon.path("state"), template.path());

    // Once without a death: when its file is removed.
    let log = template.path().join("points");
    let lived = day(&mut daemon, template.path(), 0, &log);
    assert!(lived.is_ok(), "{lived:?}: {}", daemon.text(&["status"]));
    let removed =
        boundary::points(&log).into_iter().find(|point| point.what == "remove").expect("it is removed");
    assert!(daemon.stop().success());

    // Which commits happen side by side differs a little from life to life.
    let around = [0, -1, 1, -2, 2, -3, 3].map(|step| removed.number.saturating_add_signed(step));
    let left = around.into_iter().find_map(|at| {
        let _ = std::fs::remove_file(&log);
        if day(&mut daemon, template.path(), at, &log).is_ok() {
            daemon.stop();
        } else {
            daemon.wait_end(SOON);
        }
        recording(&daemon, "discarded").filter(|file| file.exists())
    });
    let left = left.expect("one of these deaths came between the row and the file");

    let kept = later_calls(&daemon, &left, 250);
    let stranger = left.with_file_name("memo.wav");
    std::fs::write(&stranger, "of somebody").expect("the folder is ours");
    daemon.set_environment(Vec::new());
    daemon.start();
    wait::until_true("the file is gone", SOON, || !left.exists());
    assert!(kept.exists() && stranger.exists());
    assert!(daemon.stop().success());
}

/// A call is recorded, saved as 不通 and sealed, and its file removed; `Err`: what the daemon did not live to do.
fn day(daemon: &mut Daemon, template: &Path, kill_at: u64, log: &Path) -> Result<(), &'static str> {
    for folder in ["state", "recordings", "outbox"] {
        let _ = std::fs::remove_dir_all(daemon.path(folder));
    }
    copy(template, &daemon.path("state"));
    daemon.set_environment(boundary::environment(kill_at, log));
    daemon.launch();
    let until = |what, done: &dyn Fn() -> bool| {
        let met = wait::within(SOON, || (done() || dead(log, kill_at)).then(done));
        if met == Some(true) { Ok(()) } else { Err(what) }
    };
    let run = |arguments: &[&'static str]| {
        let done = daemon.run(arguments).code == 0;
        if done { Ok(()) } else { Err(*arguments.first().unwrap_or(&"")) }
    };
    let seat = |state: &str| {
        let status: Option<serde_json::Value> = serde_json::from_str(&daemon.run(&["status"]).stdout).ok();
        status.is_some_and(|status| status["seats"][0]["state"] == state)
    };
    until("it starts", &|| seat("paused"))?;
    run(&["call", NUMBER])?;
    until("a talk", &|| seat("in_call"))?;
    run(&["hangup"])?;
    until("the end of the talk", &|| seat("wrap_up"))?;
    until("a recording that is closed", &|| recording(daemon, "final").is_some())?;
    run(&["save", "--status", "不通"])?;
    run(&["ready"])?;
    until("the removal", &|| recording(daemon, "discarded").is_some_and(|file| !file.exists()))
}

/// Whether the point of death was reached.
fn dead(log: &Path, kill_at: u64) -> bool {
    kill_at > 0 && boundary::points(log).iter().any(|point| point.number == kill_at)
}

/// The file of the call's recording, if its row says that it is in this state.
fn recording(daemon: &Daemon, state: &str) -> Option<PathBuf> {
    if !daemon.path("state/kakeru.db").exists() {
        return None;
    }
    let sql = "SELECT path FROM recordings WHERE state = ?1";
    let path: String = daemon.database().query_row(sql, [state], |row| row.get(0)).ok()?;
    Some(daemon.path("recordings").join(path))
}

/// Calls after that one, of which one has a recording that is kept: its file.
fn later_calls(daemon: &Daemon, left: &Path, count: u16) -> PathBuf {
    let mut db = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("nobody has it open");
    let tx = db.transaction().expect("a transaction");
    let columns: Vec<String> = tx
        .prepare("SELECT name FROM pragma_table_info('attempts') WHERE name <> 'id'")
        .and_then(|mut found| found.query_map([], |row| row.get(0))?.collect())
        .expect("columns");
    let columns = columns.join(", ");
    let copies =
        format!("INSERT INTO attempts (id, {columns}) SELECT ?1, {columns} FROM attempts WHERE id = ?2");
    let id: Vec<u8> = tx.query_row("SELECT id FROM attempts", [], |row| row.get(0)).expect("one call");
    let mut last = id.clone();
    for number in 1..=count {
        // Later by as many milliseconds.
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&id[..6]);
        let millis = u64::from_be_bytes(millis) + u64::from(number);
        last[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        tx.execute(&copies, (&last, &id)).expect("a call like it");
    }
    let attempt: store::AttemptId = tx
        .query_row("SELECT id FROM attempts ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
        .expect("the last call");
    let kept = left.with_file_name(format!("{attempt}.wav"));
    std::fs::copy(left, &kept).expect("the folder is ours");
    // As its place in the folder of recordings.
    let place = kept.strip_prefix(daemon.path("recordings")).expect("it lies there");
    let path = Value::Text(place.to_string_lossy().into_owned());
    tx.execute(
        "INSERT INTO recordings (attempt_id, path, state, duration_ms, bytes, sha256, opened_at)
         SELECT ?1, ?2, 'final', duration_ms, bytes, sha256, opened_at FROM recordings",
        (attempt, path),
    )
    .expect("its recording");
    tx.commit().expect("the disk has room");
    kept
}
