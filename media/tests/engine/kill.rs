//! A process that is killed while it records loses at most one second.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint};

use crate::kit::{CALL, SEAT, Side, assert_tone, connect, pause, tone_clip, write_tone};

const FOLDER: &str = "KAKERU_TEST_RECORDING_FOLDER";

#[test]
fn kill_9_loses_at_most_a_second() {
    let victims: Vec<_> = [1_150, 1_600, 2_170, 2_630]
        .into_iter()
        .map(|life_ms| {
            let folder = tempfile::tempdir().unwrap();
            let mut child = Process::new(std::env::current_exe().unwrap())
                .args(["--exact", "kill::victim", "--nocapture"])
                .env(FOLDER, folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().contains("recording")), "the child does not record");
            (folder, child, lines, Instant::now(), Duration::from_millis(life_ms))
        })
        .collect();
    for (folder, mut child, _lines, started, life) in victims {
        std::thread::sleep((started + life).saturating_duration_since(Instant::now()));
        child.kill().unwrap();
        let lived = started.elapsed().as_millis() as u64;
        child.wait().unwrap();
        let part = folder.path().join("call.wav.part");
        let repaired = media::recorder::repair(&part).unwrap();
        assert!(repaired.duration_ms + 1_000 >= lived, "{} ms left of {lived} ms", repaired.duration_ms);
        assert!(repaired.duration_ms <= lived + 100, "{} ms of {lived} ms", repaired.duration_ms);
        let (rate, channels) = media::wav::read_channels(&repaired.path).unwrap();
        assert_eq!(channels[0].len() as u64 * 1_000 / u64::from(rate), repaired.duration_ms);
        assert_tone(&channels[0], rate, 1_000.0, -16.0);
        assert_tone(&channels[1], rate, 440.0, -15.0);
    }
}

/// The child's part; without its environment there is nothing to do.
#[test]
fn victim() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let voice = folder.join("voice.wav");
    write_tone(&voice, 1_000.0, -16.0, 20_000);
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    operator.open_file_seat(Some(&voice), None);
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    operator.wait_for("RTP", |event| matches!(event, media::MediaEvent::RtpFlowing { .. }));
    operator.send(Command::Record { session: CALL, path: folder.join("call.wav") });
    println!("\nrecording");
    // The end of a child that nobody kills.
    pause(20_000);
}
