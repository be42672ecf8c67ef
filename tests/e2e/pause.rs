//! A recording is paused while a card number is said: both sides hold silence of the same length.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::Phone;
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::{Value, json};

use crate::SOON;
use crate::media::{Operator, wait_state};

const SECOND: Duration = Duration::from_secs(1);
const CALLEE: &str = "0312345678";
const OPERATOR_HZ: f64 = 440.0;
const CALLEE_HZ: f64 = 1_000.0;
const DBFS: f64 = -15.0;

/// The row once its recording is final.
fn recorded(daemon: &Daemon) -> Value {
    let found = wait::within(SOON, || {
        let row = daemon.wait_history(1, SOON).remove(0);
        (row["recording"]["state"] == "final").then_some(row)
    });
    found.unwrap_or_else(|| panic!("no finished recording: {:#}", daemon.cli(&["history"])))
}

/// Both sides, whatever the file is.
fn sides(path: &Path) -> [Sound; 2] {
    if path.extension().is_some_and(|extension| extension == "opus") {
        let (rate, sides) = media::archive::read(path).expect("it is an archive");
        return sides.map(|samples| Sound { rate, samples });
    }
    [0, 1].map(|channel| Sound::read(path, channel).expect("it is a recording"))
}

/// How many tenths of a second hold that tone, at its level and above all else. Each is looked at by itself: where the machine was
/// late for a moment the tone goes on in another phase, and a longer stretch would seem to be quieter, or of another pitch.
fn tenths_with_tone(sound: &Sound, hertz: f64) -> usize {
    let tenth = Duration::from_millis(100);
    let count = (sound.length().as_millis() / tenth.as_millis()) as u32;
    (0..count)
        .map(|n| sound.slice(tenth * n, tenth))
        .filter(|part| {
            let level = part.level_at(hertz);
            (level - DBFS).abs() < 5.0 && part.level() - level < 1.0
        })
        .count()
}

/// With baresip: sound before and after the pause, silence within, on both sides, in the WAV and in its archive.
#[test]
fn a_pause_is_silence_on_both_sides() {
    for archive in ["false", "true"] {
        let phone = Phone::new(CALLEE).tone(CALLEE_HZ, DBFS).start();
        let operator = Operator::new();
        let daemon = Daemon::builder()
            .account(Account::new("main", phone.address()).unregistered())
            .seat(operator.seat())
            .set("recording", "archive", archive)
            .start();
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        daemon.cli(&["call", CALLEE]);
        let seat = wait_state(&daemon, "in_call");
        assert_eq!(seat["seats"][0]["call"]["recording"], json!({ "paused": false, "since": null }));
        wait::pass(SECOND * 2);
        let (resumed, longest) = wait::timed(|| {
            let paused = daemon.cli(&["recording", "pause"]);
            assert_eq!(paused["call"]["recording"]["paused"], true, "{paused:#}");
            assert!(daemon.text(&["status", "--lang", "ja"]).contains("録音停止中"));
            // Once more changes nothing.
            daemon.cli(&["recording", "pause"]);
            wait::pass(SECOND * 2);
            daemon.cli(&["recording", "resume"])
        });
        assert_eq!(resumed["call"]["recording"], json!({ "paused": false, "since": null }), "{resumed:#}");
        wait::pass(SECOND * 2);
        daemon.cli(&["hangup"]);
        let row = recorded(&daemon);

        let spans = row["recording"]["paused"].as_array().expect("stretches");
        assert_eq!(spans.len(), 1, "{row:#}");
        let [from, to] = ["from_ms", "to_ms"].map(|key| spans[0][key].as_u64().expect("a place"));
        // The engine's clock may be a tenth behind ours at either end.
        let longest = longest.as_millis() as u64 + 200;
        assert!((1_700..=longest).contains(&(to - from)), "{spans:?}, at most {longest} ms");
        // A starved machine may lose some; a pause that counted as loss would be all of it.
        let lost = row["recording"]["gaps_ms"].as_u64().expect("a length");
        assert!(lost < 1_000, "a pause is no loss: {lost} ms");
        for (kind, at_ms) in [("recording.paused", from), ("recording.resumed", to)] {
            let event = events.wait_event(kind, SOON, |event| event["params"]["kind"] == kind);
            assert_eq!(event["params"]["at_ms"], at_ms, "{event:#}");
        }
        let log = daemon.cli(&["audit"]);
        let actions: Vec<&str> = log["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .rev()
            .map(|row| row["action"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(actions, ["recording.pause", "recording.resume"], "{log:#}");
        // Whoever takes the result is told which silence was wanted.
        let closed = |event: &Value| event["params"]["kind"] == "recording.closed";
        let closed = events.wait_event("the end of the recording", SOON, closed);
        assert_eq!(closed["params"]["recording"]["paused"], row["recording"]["paused"], "{closed:#}");
        daemon.cli(&["save", "--status", "通話済", "--next", "dial"]);
        let dropped = daemon.wait_drop_rows(1, SOON);
        assert_eq!(dropped[0]["recording_paused"], format!("{from}-{to}"), "{dropped:#?}");

        let path = PathBuf::from(row["recording"]["path"].as_str().expect("a path"));
        let sides = sides(&path);
        let millis = Duration::from_millis;
        // An archive's codec rings for some milliseconds at the edges.
        let (edge, quiet) = if archive == "true" { (millis(40), -60.0) } else { (millis(0), -90.0) };
        for (name, sound, hertz) in [("operator", &sides[0], OPERATOR_HZ), ("callee", &sides[1], CALLEE_HZ)] {
            let within = sound.slice(millis(from) + edge, millis(to - from) - edge * 2);
            assert!(
                within.level() < quiet,
                "{name}: {} dBFS in the pause, archive {archive}",
                within.level()
            );
            for part in
                [sound.slice(millis(from - 1_000), millis(900)), sound.slice(millis(to + 100), SECOND)]
            {
                let tenths = tenths_with_tone(&part, hertz);
                let (level, found) = (part.level(), part.frequency());
                assert!(tenths >= 6, "{name}: {tenths} tenths of a second, {found} Hz, {level} dBFS");
            }
        }
        let length = sides[0].length().as_millis() as u64;
        assert!(length.abs_diff(row["recording"]["duration_ms"].as_u64().expect("a length")) <= 1);
    }
}

/// Nothing resumes it but the operator; digits that come meanwhile are told without their value.
#[test]
fn a_pause_lasts_to_the_end_of_the_call_and_hides_digits() {
    let callee = Scenario::server("uas_digits_as_tones").start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.run(&["recording", "pause"]).refused("E-NO-CALL");
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["recording", "pause"]);
    let heard = events.wait_event("a digit", SOON, |event| event["params"]["what"] == "dtmf");
    assert_eq!(heard["params"]["digit"], Value::Null, "{heard:#}");
    daemon.cli(&["hangup"]);
    let row = recorded(&daemon);
    let (span, length) = (&row["recording"]["paused"][0], &row["recording"]["duration_ms"]);
    assert_eq!(&span["to_ms"], length, "{row:#}");
}

/// SIGKILL in a pause: the row still tells of it.
#[test]
fn a_death_in_a_pause_does_not_hide_it() {
    let callee = Scenario::server("uas_answer_tone").start();
    let mut daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND);
    daemon.cli(&["recording", "pause"]);
    events.wait_event("the pause", SOON, |event| event["params"]["kind"] == "recording.paused");
    wait::pass(SECOND * 2);
    daemon.kill9();
    daemon.start();
    let row = recorded(&daemon);
    let span = &row["recording"]["paused"][0];
    assert!(span["from_ms"].as_u64().is_some_and(|at| at >= 900) && span["to_ms"].is_null(), "{row:#}");
    // D12: nobody saw its end, and its recording goes on to the last second.
    let [answered, ended, length] = [&row["answered_at"], &row["ended_at"], &row["recording"]["duration_ms"]]
        .map(|at| at.as_i64().unwrap());
    assert!(length >= 2_000 && ended - answered >= length - 100, "{row:#}");
}

/// Not where nothing is recorded; and the tone that tells of a recording, which the callee hears.
#[test]
fn a_notice_tone_tells_of_the_recording() {
    let unrecorded = Scenario::server("uas_answer").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", unrecorded.address()).unregistered())
        .set("recording", "enabled", "false")
        .start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.run(&["recording", "pause"]).refused("E-NOT-RECORDED");
    daemon.cli(&["hangup"]);

    let phone = Phone::new(CALLEE).start();
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::silence(8_000, SECOND).write(&say).unwrap();
    let daemon = Daemon::builder()
        .account(Account::new("main", phone.address()).unregistered())
        .seat(Seat::new("a", "main").file(&say, &hear))
        .set("recording", "notice_tone", "\"callee\"")
        .set("recording", "notice_tone_every", "\"2s\"")
        .start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 5);
    daemon.cli(&["hangup"]);
    let heard = phone.heard();
    let frames = heard.samples.chunks(heard.rate as usize / 50);
    let count = frames
        .filter(|frame| Sound { rate: heard.rate, samples: frame.to_vec() }.level_at(1_400.0) > -35.0)
        .count();
    // Ten frames each; two or three tones in five seconds.
    assert!((18..=35).contains(&count), "{count} frames of 20 ms with the tone");
    let row = recorded(&daemon);
    let path = PathBuf::from(row["recording"]["path"].as_str().expect("a path"));
    assert!(sides(&path)[0].level_at(1_400.0) < -60.0, "the tone is not on the recording");
}
