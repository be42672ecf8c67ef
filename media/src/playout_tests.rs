//! Concealment of wideband: G.722, whose decoder goes on from a gap with what it knew before it.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

use std::time::{Duration, Instant};

use super::*;
use crate::codec::Encoder;
use crate::tones::level_dbm0;

const FRAME: usize = 320;

/// A voice at 16 kHz with a pitch that glides from 110 to 160 Hz, and harmonics that fall by 12 dB an octave, as a voice has them.
fn voice(seconds: usize) -> Vec<i16> {
    let samples = seconds * 16_000;
    let mut phase = 0.0_f64;
    (0..samples)
        .map(|n| {
            phase += (110.0 + 50.0 * n as f64 / samples as f64) / 16_000.0;
            let turn = std::f64::consts::TAU * phase;
            ((1..37).map(|k| (turn * f64::from(k)).sin() / f64::from(k * k)).sum::<f64>() * 4_000.0) as i16
        })
        .collect()
}

/// What is heard of `pcm` when the packets `lost` do not come, and how much of it was made up, in samples.
fn heard(pcm: &[i16], lost: impl Fn(usize) -> bool) -> (Vec<i16>, u64) {
    let base = Instant::now();
    let mut encoder = Encoder::new(Codec::G722, None, None).unwrap();
    let mut playout = Playout::new(Codec::G722).unwrap();
    let mut heard = Vec::new();
    for (index, frame) in pcm.chunks_exact(FRAME).enumerate() {
        let now = base + Duration::from_millis(20 * index as u64);
        let mut coded = [0; FRAME / 2];
        let length = encoder.encode(frame, &mut coded).unwrap();
        if !lost(index) {
            playout.put(now, index as i64, index as u32 * 160, 9, &coded[..length]);
        }
        let mut out = [0; FRAME];
        playout.pull(now, &mut out);
        heard.extend_from_slice(&out);
    }
    (heard, playout.counters().concealed)
}

/// dB of what is heard without loss above what differs from it.
fn likeness(whole: &[i16], heard: &[i16]) -> f32 {
    let error: Vec<i16> = whole.iter().zip(heard).map(|(a, b)| a.saturating_sub(*b)).collect();
    level_dbm0(whole) - level_dbm0(&error)
}

/// One packet in twenty lost: what takes its place is like it, and better than silence by far; the decoder is in step again soon.
#[test]
fn lost_packets_of_g722_are_concealed() {
    let pcm = voice(4);
    let lost = |index: usize| index > 20 && index.is_multiple_of(20);
    let (whole, made_up) = heard(&pcm, |_| false);
    assert_eq!(made_up, 0);
    let (concealed, made_up) = heard(&pcm, lost);
    let gaps = (21..200).filter(|&index| lost(index)).count();
    assert_eq!(made_up, (gaps * FRAME) as u64, "each gap is filled once");
    let mut silenced = whole.clone();
    for (index, frame) in silenced.chunks_exact_mut(FRAME).enumerate() {
        if lost(index + 1) {
            frame.fill(0);
        }
    }
    let (with, without) = (likeness(&whole, &concealed), likeness(&whole, &silenced));
    assert!(with > without + 3.0, "concealed {with} dB, silence {without} dB");
    // Each gap has its packet's decoder out of step, and no longer than 100 ms.
    let settled = |pcm: &[i16]| -> Vec<i16> {
        let frames = pcm.chunks_exact(FRAME).enumerate();
        frames.filter(|(index, _)| index % 20 > 6).flat_map(|(_, frame)| frame.iter().copied()).collect()
    };
    let again = likeness(&settled(&whole), &settled(&concealed));
    assert!(again > 20.0, "{again} dB from 100 ms after a gap on");
}

/// A long gap fades out, and the voice after it is there at once.
#[test]
fn a_long_gap_of_g722_falls_silent() {
    let pcm = voice(2);
    let (heard, _) = heard(&pcm, |index| (40..55).contains(&index));
    let level = |from_ms: usize, ms: usize| level_dbm0(&heard[from_ms * 16..(from_ms + ms) * 16]);
    let voice = level(500, 200);
    assert!(level(1_000, 60) < voice - 40.0, "{} in the gap, {voice} before", level(1_000, 60));
    assert!((level(1_300, 200) - voice).abs() < 2.0, "{} after the gap, {voice} before", level(1_300, 200));
}
