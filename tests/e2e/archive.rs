//! Finished recordings become archives, and so does what a death leaves.

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Setup};
use e2e::peer::ffmpeg;
use e2e::peer::sipp::{Scenario, Sipp, TONE_DBFS, TONE_HZ};
use e2e::sum::sha256;
use e2e::wait;
use e2e::wav::Sound;

use crate::SOON;
use crate::media::{DBFS as OPERATOR_DBFS, OPERATOR_HZ, Operator};

fn archiving(exchange: &Sipp) -> Setup {
    let account = Account::new("main", exchange.address()).unregistered();
    Daemon::builder().account(account).set("recording", "archive", "true")
}

/// S4.34: the result that leaves names the archive, with its checksum; the callee's side holds the tone, ours does not.
#[test]
fn the_result_names_the_archive() {
    let exchange = Scenario::server("exchange").start();
    let daemon = archiving(&exchange).start();
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_secs(2));
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let row = daemon.wait_drop_rows(1, SOON).remove(0);

    let archive = Path::new(&row["recording_path"]);
    assert_eq!(archive.extension().and_then(|e| e.to_str()), Some("opus"), "{row:#?}");
    // It is there when its result leaves.
    assert_eq!(row["recording_sha256"], sha256(archive));
    let bytes = fs::metadata(archive).expect("it is there").len();
    assert!(bytes < 2 * 3 * 2_000, "{bytes} bytes for three seconds at most");
    assert!(!archive.with_extension("wav").exists(), "the WAV has been replaced");

    let (rate, [operator, callee]) = media::archive::read(archive).expect("it is an archive");
    // The second in the middle: the tone has begun by then, and has not ended.
    let middle = |samples| Sound { rate, samples }.slice(Duration::from_millis(700), Duration::from_secs(1));
    let [operator, callee] = [operator, callee].map(middle);
    let level = callee.level_at(TONE_HZ);
    // A codec of speech keeps a steady tone less exactly than a voice.
    assert!((level - TONE_DBFS).abs() < 5.0, "the tone is at {level} dBFS, sent at {TONE_DBFS}");
    assert!(
        operator.level() < level - 40.0,
        "{} dBFS of the callee on the operator's side",
        operator.level()
    );

    let history = daemon.cli(&["history"]);
    assert_eq!(history["rows"][0]["recording"]["path"], row["recording_path"], "{history:#}");
}

/// Another program plays it: two channels, the operator's left, of which nothing is heard on the other, and not a sample more
/// or less.
#[test]
fn the_archive_plays_in_ffmpeg() {
    let exchange = Scenario::server("exchange").start();
    let operator = Operator::new();
    let daemon = archiving(&exchange).seat(operator.seat()).start();
    daemon.cli(&["call", "0312340001"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_secs(3));
    daemon.cli(&["hangup"]);
    let archive = daemon.recording(SOON);
    assert_eq!(archive.extension().and_then(|e| e.to_str()), Some("opus"), "{}", archive.display());
    let (rate, [ours, _]) = media::archive::read(&archive).expect("it is an archive");
    let sides = ffmpeg::decode(&archive, rate);
    for side in &sides {
        let off = side.samples.len().abs_diff(ours.len());
        assert!(off <= rate as usize / 1_000, "{} samples, ours has {}", side.samples.len(), ours.len());
    }
    let [operator, callee] = sides.map(|side| side.slice(Duration::from_millis(700), Duration::from_secs(1)));
    for (side, hertz, dbfs, other) in
        [(&operator, OPERATOR_HZ, OPERATOR_DBFS, TONE_HZ), (&callee, TONE_HZ, TONE_DBFS, OPERATOR_HZ)]
    {
        let (level, leak) = (side.level_at(hertz), side.level_at(other));
        assert!((level - dbfs).abs() < 5.0, "{hertz} Hz at {level} dBFS, said at {dbfs}");
        assert!(leak <= dbfs.max(TONE_DBFS) - 40.0, "{leak} dBFS of {other} Hz beside it");
    }
}

/// S4.34: killed in a talk, the recording is repaired and becomes an archive as any other, before its result leaves.
#[test]
fn a_death_leaves_the_recording() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = archiving(&exchange).start();
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_secs(2));
    daemon.kill9();
    daemon.start();
    let row = wait::until("the archive", SOON, || {
        let row = daemon.cli(&["history", "--interrupted"])["rows"][0].clone();
        (row["recording"]["state"] == "final").then_some(row)
    });
    let path = row["recording"]["path"].as_str().expect("it was recorded").to_owned();
    assert!(path.ends_with(".opus"), "{row:#}");
    wait::until("the archive takes its place", SOON, || {
        (!Path::new(&path).with_extension("wav").exists()).then_some(())
    });
    let (rate, [_, callee]) = media::archive::read(Path::new(&path)).expect("it is an archive");
    let callee = Sound { rate, samples: callee };
    let level = callee.slice(Duration::from_millis(700), Duration::from_secs(1)).level_at(TONE_HZ);
    assert!((level - TONE_DBFS).abs() < 5.0, "{level} dBFS");
}

/// S4.34: killed when its result is final already, and the recording is not yet an archive: the result waits for it at the next start.
#[test]
fn a_result_waits_for_the_archive_of_what_a_death_left() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = archiving(&exchange).start();
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_secs(2));
    daemon.cli(&["save", "--status", "見込"]);
    daemon.kill9();
    daemon.start();
    let row = daemon.wait_drop_rows(1, SOON).remove(0);
    assert!(row["recording_path"].ends_with(".opus"), "{row:#?}");
    // It is there when its result leaves.
    assert_eq!(row["recording_sha256"], sha256(Path::new(&row["recording_path"])));
}
