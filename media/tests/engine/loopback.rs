//! Two engines talk over UDP on loopback.

use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint, MediaEvent};

use crate::kit::{CALL, SEAT, Side, assert_tone, connect, pause, tone_clip, write_tone};

#[test]
fn a_recorded_call_has_both_voices_on_their_sides() {
    record_a_call(Codec::Pcmu, 8_000);
}

#[test]
fn a_wideband_call_is_recorded_at_16_khz() {
    record_a_call(Codec::Opus, 16_000);
    record_a_call(Codec::G722, 16_000);
}

fn record_a_call(codec: Codec, rate: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (voice, heard) = (folder.path().join("voice.wav"), folder.path().join("heard.wav"));
    let recording = folder.path().join("2026/call.wav");
    write_tone(&voice, 1_000.0, -16.0, 10_000);
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    operator.open_file_seat(Some(&voice), Some(&heard));
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), codec);
    operator.wait_for("RTP", |event| matches!(event, MediaEvent::RtpFlowing { .. }));
    operator.send(Command::Answered { session: CALL });
    operator.send(Command::Record { session: CALL, path: recording.clone() });
    pause(2_000);
    let part = folder.path().join("2026/call.wav.part");
    assert!(part.exists() && !recording.exists());
    let (_, live) = media::wav::read_channels(&part).unwrap();
    assert!(live[0].len() >= rate as usize / 2, "the live header says {} frames", live[0].len());
    operator.send(Command::StopRecording { session: CALL, keep: true });
    let closed = operator.wait_for("the recording", |e| matches!(e, MediaEvent::RecordingClosed { .. }));
    let MediaEvent::RecordingClosed { path, duration_ms, bytes, sha256, gaps_ms, kept, .. } = closed else {
        panic!("{closed:?}")
    };
    assert_eq!((&path, gaps_ms, kept, part.exists()), (&recording, 0, true, false));
    assert!((1_900..2_200).contains(&duration_ms), "{duration_ms} ms");
    let file = std::fs::read(&recording).unwrap();
    assert_eq!(bytes, file.len() as u64);
    use sha2::Digest;
    assert_eq!(<[u8; 32]>::from(sha2::Sha256::digest(&file)), sha256);

    let (file_rate, channels) = media::wav::read_channels(&recording).unwrap();
    assert_eq!((file_rate, channels.len()), (rate, 2));
    assert_eq!(channels[0].len() as u64 * 1_000 / u64::from(rate), duration_ms);
    assert_tone(&channels[0], rate, 1_000.0, -16.0);
    assert_tone(&channels[1], rate, 440.0, -15.0);

    let stats = operator.hang_up();
    assert!(stats.packets_sent > 80 && stats.packets_received > 80 && stats.malformed == 0, "{stats:?}");
    assert_eq!(stats.lost, 0, "{stats:?}");
    operator.engine.shutdown();
    callee.engine.shutdown();
    let heard = media::wav::read_mono(&heard).unwrap();
    assert_tone(&heard.samples, heard.rate, 440.0, -15.0);
}

#[test]
fn a_paused_recording_holds_silence_and_keeps_its_time() {
    for codec in [Codec::Pcmu, Codec::G722] {
        pause_a_recording(codec);
    }
}

fn pause_a_recording(codec: Codec) {
    let folder = tempfile::tempdir().unwrap();
    let (voice, recording) = (folder.path().join("voice.wav"), folder.path().join("call.wav"));
    write_tone(&voice, 1_000.0, -16.0, 10_000);
    let (mut operator, mut callee) = (Side::start(1), Side::start(1));
    operator.open_file_seat(Some(&voice), None);
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), codec);
    operator.wait_for("RTP", |event| matches!(event, MediaEvent::RtpFlowing { .. }));
    operator.send(Command::Answered { session: CALL });
    operator.send(Command::Record { session: CALL, path: recording.clone() });
    pause(1_200);
    let edge = |side: &mut Side, on: bool| {
        // A second order of the same kind changes nothing.
        for _ in 0..2 {
            side.send(Command::PauseRecording { session: CALL, on });
        }
        let event = side.wait_for("an edge", |event| matches!(event, MediaEvent::RecordingPaused { .. }));
        let MediaEvent::RecordingPaused { paused, at_ms, .. } = event else { panic!("{event:?}") };
        assert_eq!(paused, on);
        at_ms as usize
    };
    let from = edge(&mut operator, true);
    pause(1_000);
    let to = edge(&mut operator, false);
    pause(1_200);
    let stats = operator.hang_up();
    let closed = operator.wait_for("the recording", |e| matches!(e, MediaEvent::RecordingClosed { .. }));
    let MediaEvent::RecordingClosed { duration_ms, gaps_ms, .. } = closed else { panic!("{closed:?}") };
    assert_eq!(gaps_ms, 0, "a pause is no loss");
    assert!((900..1_200).contains(&(to - from)), "{from} to {to} ms");
    assert!(!operator.listen().iter().any(|event| matches!(event, MediaEvent::RecordingPaused { .. })));

    let (rate, channels) = media::wav::read_channels(&recording).unwrap();
    let per_ms = rate as usize / 1_000;
    assert_eq!(channels[0].len() as u64 / per_ms as u64, duration_ms);
    for (channel, hertz, level) in [(&channels[0], 1_000.0, -16.0), (&channels[1], 440.0, -15.0)] {
        assert!(channel[from * per_ms..to * per_ms].iter().all(|&sample| sample == 0), "{codec:?}");
        assert_tone(&channel[..from * per_ms], rate, hertz, level);
        assert_tone(&channel[(to + 40) * per_ms..], rate, hertz, level);
    }
    // The call itself knew no pause.
    assert_eq!(stats.lost, 0, "{stats:?}");
    callee.hang_up();
    operator.engine.shutdown();
    callee.engine.shutdown();
}
