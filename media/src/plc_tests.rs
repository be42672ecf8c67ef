use super::*;
use crate::tones::{ToneSource, ToneSpec, level_dbm0};

const FRAME: usize = 160;

fn sine(hz: f32, samples: usize) -> Vec<i16> {
    let mut pcm = vec![0; samples];
    ToneSource::new(ToneSpec::sine(hz, -12.0), 8_000).fill(&mut pcm);
    pcm
}

/// A voice whose pitch glides from 110 to 160 Hz.
fn gliding(samples: usize) -> Vec<i16> {
    let mut phase = 0.0_f64;
    (0..samples)
        .map(|n| {
            phase += (110.0 + 50.0 * n as f64 / samples as f64) / 8_000.0;
            let turn = std::f64::consts::TAU * phase;
            ((1..9).map(|k| (turn * f64::from(k)).sin() / f64::from(k)).sum::<f64>() * 4_000.0) as i16
        })
        .collect()
}

fn noise(samples: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 19) as i16 - 4_096
    };
    (0..samples).map(|_| next()).collect()
}

/// Hears `original` with the frames `lost` made up; those in `blind` without knowing what follows.
fn heard(original: &[i16], lost: &[usize], blind: bool) -> Vec<i16> {
    let mut concealer = Concealer::new(8_000);
    let frames: Vec<&[i16]> = original.chunks_exact(FRAME).collect();
    let mut heard = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let mut out = [0; FRAME + 80];
        if lost.contains(&index) {
            match frames.get(index + 1).filter(|_| !blind && !lost.contains(&(index + 1))) {
                Some(next) => concealer.bridge(&mut out[..FRAME], next),
                None => concealer.conceal(&mut out[..FRAME]),
            }
            heard.extend_from_slice(&out[..FRAME]);
        } else {
            out[..FRAME].copy_from_slice(frame);
            let length = concealer.good(&mut out, FRAME);
            heard.extend_from_slice(&out[..length]);
        }
    }
    heard
}

fn noise_of(original: &[i16], heard: &[i16]) -> f32 {
    let error: Vec<i16> = original.iter().zip(heard).map(|(a, b)| a.saturating_sub(*b)).collect();
    level_dbm0(original) - level_dbm0(&error)
}

fn roughest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
}

#[test]
fn a_tone_goes_on_through_a_gap_whose_end_is_known() {
    let original = sine(160.0, FRAME * 20);
    let heard = heard(&original, &[10], false);
    assert!(noise_of(&original[1600..1760], &heard[1600..1760]) > 20.0);
    assert!(roughest_step(&heard) <= roughest_step(&original) * 5 / 4);
    assert_eq!(heard[1760..], original[1760..], "what is known is not changed");
}

#[test]
fn a_gliding_voice_is_led_into_what_follows() {
    let original = gliding(FRAME * 40);
    let lost = [10, 17, 25, 33];
    let (bridged, blind) = (heard(&original, &lost, false), heard(&original, &lost, true));
    assert_eq!(bridged.len(), original.len());
    let worst = |pcm: &[i16]| {
        let gaps = lost.iter().map(|frame| frame * FRAME..(frame + 1) * FRAME);
        gaps.map(|gap| noise_of(&original[gap.clone()], &pcm[gap])).fold(f32::INFINITY, f32::min)
    };
    assert!(worst(&bridged) > 8.0, "{}", worst(&bridged));
    assert!(worst(&bridged) > worst(&blind), "{} {}", worst(&bridged), worst(&blind));
    assert!(roughest_step(&bridged) <= roughest_step(&original) * 5 / 4);
    assert!(roughest_step(&blind) <= roughest_step(&original) * 5 / 4, "{}", roughest_step(&blind));
}

#[test]
fn noise_keeps_its_level_and_gets_no_pitch() {
    let original = noise(FRAME * 20);
    let heard = heard(&original, &[10, 15], false);
    for frame in [10, 15] {
        let level = level_dbm0(&heard[frame * FRAME..(frame + 1) * FRAME]);
        assert!((level - level_dbm0(&original)).abs() < 2.5, "{level}");
    }
}

#[test]
fn a_long_loss_fades_to_silence() {
    let mut concealer = Concealer::new(8_000);
    let mut start = sine(200.0, 1680);
    concealer.good(&mut start, 1600);
    let mut out = vec![0; 1_600];
    concealer.conceal(&mut out);
    assert!(level_dbm0(&out[..80]) > -14.0);
    assert!(level_dbm0(&out[720..800]) < -18.0);
    assert!(out[1_200..].iter().all(|&sample| sample == 0), "150 ms");
}

#[test]
fn silence_stays_silent() {
    let mut concealer = Concealer::new(16_000);
    let mut out = [7; 320];
    concealer.conceal(&mut out);
    assert_eq!(out, [0; 320]);
    concealer.bridge(&mut out, &[0; 320]);
    assert_eq!(out, [0; 320]);
    let mut frame = [100; 480];
    let length = concealer.good(&mut frame, 320);
    assert_eq!((length, frame[319]), (320, 100));
    concealer.reset();
    concealer.conceal(&mut out);
    assert_eq!(out, [0; 320]);
}

#[test]
fn whatever_comes_is_taken() {
    let mut concealer = Concealer::new(8_000);
    for length in [0, 1, 39, 80, 160, 480] {
        let mut out = vec![0; length];
        concealer.bridge(&mut out, &vec![i16::MIN; length]);
        concealer.conceal(&mut out);
        concealer.bridge(&mut out, &[]);
        let room = &mut vec![i16::MAX; length + 80];
        assert!(concealer.good(room, length) <= length + 80);
        concealer.good(&mut [], 5);
    }
}
