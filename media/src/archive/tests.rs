use std::fs;

use super::*;
use crate::tones::{ToneSource, ToneSpec, level_dbm0};
use crate::wav::header;

/// Something like speech: a gliding pitch with harmonics in syllables of a quarter of a second. Seeded by `voice`.
fn speech(voice: u32, seconds: u32) -> Vec<i16> {
    let mut phase = 0.0_f64;
    (0..seconds * 8_000)
        .map(|n| {
            let t = f64::from(n) / 8_000.0;
            let pitch = 110.0 + 40.0 * f64::from(voice) + 30.0 * (t * (2.0 + f64::from(voice))).sin();
            phase += 2.0 * std::f64::consts::PI * pitch / 8_000.0;
            let voiced: f64 = (1..20).map(|k| (phase * f64::from(k)).sin() / f64::from(k).powf(0.8)).sum();
            let syllable = (t * 4.0 * std::f64::consts::PI + f64::from(voice)).sin().max(0.0);
            (voiced * syllable * 3_000.0) as i16
        })
        .collect()
}

fn record(path: &Path, left: &[i16], right: &[i16]) {
    let mut bytes = header(2, 8_000, left.len() as u64 * 4).to_vec();
    for (left, right) in left.iter().zip(right) {
        bytes.extend_from_slice(&left.to_le_bytes());
        bytes.extend_from_slice(&right.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

fn archived(left: &[i16], right: &[i16]) -> (Archived, [Vec<i16>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let (wav, archive) = (folder.path().join("a.wav"), folder.path().join("a.opus"));
    record(&wav, left, right);
    let done = write(&wav, &archive).unwrap();
    assert_eq!(done.bytes, fs::metadata(&archive).unwrap().len());
    assert_eq!(look(&archive).unwrap(), done);
    let half = folder.path().join("half.opus");
    let bytes = fs::read(&archive).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(look(&half), Err(ArchiveError::NotAnArchive { .. })));
    let (rate, sides) = read(&archive).unwrap();
    assert_eq!(rate, 8_000);
    (done, sides)
}

/// S4.34: whatever is said, a minute takes no more than 120,000 bytes, pages included.
#[test]
fn a_minute_keeps_the_limit() {
    let minutes = 3;
    let mut noise = 1_u32;
    let noisy: Vec<i16> = (0..minutes * 60 * 8_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((noise >> 16) as i16) / 3
        })
        .collect();
    let talk = speech(1, minutes * 60);
    let reply = speech(3, minutes * 60);
    for (left, right) in [(&talk, &reply), (&noisy, &talk), (&noisy, &noisy)] {
        let (done, sides) = archived(left, right);
        let each = done.bytes / u64::from(minutes);
        assert!(each <= BYTES_PER_MINUTE, "{each} bytes a minute");
        assert!(each > 40_000, "{each} bytes a minute: nothing can be left of it");
        assert_eq!(done.duration_ms, u64::from(minutes) * 60_000);
        assert_eq!(sides[0].len(), talk.len());
    }
}

/// One side speaks, the other is silent: what leaks is at least 40 dB below, either way round.
#[test]
fn a_silent_side_stays_silent() {
    let talk = speech(2, 20);
    let silence = vec![0; talk.len()];
    for (left, right, speaks) in [(&talk, &silence, 0), (&silence, &talk, 1)] {
        let (_, sides) = archived(left, right);
        let (spoken, leaked) = (level_dbm0(&sides[speaks]), level_dbm0(&sides[1 - speaks]));
        assert!((spoken - level_dbm0(&talk)).abs() < 2.0, "{spoken} dBm0 of {}", level_dbm0(&talk));
        assert!(leaked <= spoken - 40.0, "{leaked} dBm0 leak beside {spoken}");
    }
}

/// What was said at a time is heard at that time, to the millisecond, at the end of ten minutes too.
#[test]
fn both_sides_keep_their_time() {
    let seconds = 600;
    let mut side = vec![0; seconds * 8_000];
    let bursts = [1, 300, 598];
    for at in bursts {
        ToneSource::new(ToneSpec::sine(600.0, -6.0), 8_000).fill(&mut side[at * 8_000..at * 8_000 + 2_000]);
    }
    let (_, sides) = archived(&side, &side);
    for side in &sides {
        assert_eq!(side.len(), seconds * 8_000);
        for at in bursts {
            let from = at * 8_000 - 800;
            let began =
                side[from..from + 2_000].iter().position(|sample| sample.unsigned_abs() > 2_500).unwrap();
            assert!(began.abs_diff(800) < 40, "{at} s: {began} instead of 800");
        }
    }
}

#[test]
fn every_length_is_kept() {
    for length in [0, 1, 79, 479, 480, 481, 960, 8_001] {
        let side: Vec<i16> = speech(1, 2)[..length].to_vec();
        let (done, sides) = archived(&side, &side);
        assert_eq!((sides[0].len(), sides[1].len()), (length, length));
        assert_eq!(done.duration_ms, length as u64 / 8);
    }
}

#[test]
fn what_is_no_recording_or_no_archive_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, archive) = (folder.path().join("a.wav"), folder.path().join("a.opus"));
    assert!(matches!(write(&wav, &archive), Err(ArchiveError::File { .. })));
    for content in [&b"RIFF"[..], &[0; 200], &header(1, 8_000, 0), &header(2, 44_100, 0)] {
        fs::write(&wav, content).unwrap();
        assert!(matches!(write(&wav, &archive), Err(ArchiveError::NotARecording { .. })), "{content:?}");
    }
    record(&wav, &speech(1, 3), &speech(2, 3));
    write(&wav, &archive).unwrap();
    let whole = fs::read(&archive).unwrap();
    let left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left.iter().filter(|name| name.ends_with(".part")).count(), 0, "{left:?}");
    // Cut anywhere, or with any byte turned: an error or audio, never a panic.
    for at in (0..whole.len()).step_by(97) {
        fs::write(&archive, &whole[..at]).unwrap();
        assert!(read(&archive).is_err(), "cut at {at}");
        let mut turned = whole.clone();
        turned[at] ^= 0x55;
        fs::write(&archive, &turned).unwrap();
        let _ = read(&archive);
    }
}
