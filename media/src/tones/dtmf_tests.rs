use std::f64::consts::TAU;

use super::dtmf::DtmfDetector;
use super::level::amplitude_of;
use crate::codec::{Decoder, Encoder};
use crate::dtmf::Digit;
use crate::plc::Concealer;
use crate::types::Codec;

const KEYS: &str = "0123456789*#ABCD";

/// A pair of tones: frequencies off by these shares, levels in dBm0, length in samples of 8 kHz.
#[derive(Clone, Copy)]
struct Pair {
    off: (f64, f64),
    dbm0: (f32, f32),
    samples: usize,
}

const PLAIN: Pair = Pair { off: (0.0, 0.0), dbm0: (-12.0, -12.0), samples: 400 };

impl Pair {
    fn ms(ms: usize) -> Self {
        Self { samples: ms * 8, ..PLAIN }
    }

    fn put(self, key: char, pcm: &mut Vec<i16>) {
        let (low, high) = Digit::from_char(key).unwrap().frequencies();
        let (low, high) = (f64::from(low) * (1.0 + self.off.0), f64::from(high) * (1.0 + self.off.1));
        let (a, b) = (f64::from(amplitude_of(self.dbm0.0)), f64::from(amplitude_of(self.dbm0.1)));
        let start = pcm.len() as f64;
        pcm.extend((0..self.samples).map(|n| {
            let seconds = n as f64 / 8_000.0;
            (a * (TAU * low * seconds + start).sin() + b * (TAU * high * seconds).sin()) as i16
        }));
    }
}

fn silence(ms: usize, pcm: &mut Vec<i16>) {
    pcm.resize(pcm.len() + ms * 8, 0);
}

/// Every key, `pause` after each, every time at another place of the detector's windows.
fn row(pair: Pair, pause_ms: usize) -> Vec<i16> {
    let mut pcm = vec![0; 300];
    for (index, key) in KEYS.chars().enumerate() {
        pair.put(key, &mut pcm);
        silence(pause_ms, &mut pcm);
        pcm.resize(pcm.len() + index * 3 % 40, 0);
    }
    silence(100, &mut pcm);
    pcm
}

fn heard(pcm: &[i16]) -> String {
    let (mut detector, mut heard) = (DtmfDetector::new(), String::new());
    pcm.chunks(160).for_each(|chunk| detector.feed(chunk, |digit| heard.push(digit.to_char())));
    heard
}

/// Q.24: 1.5 % off (NTT: 1.8 %), 0 to −25 dBm a tone, the column 8 dB below to 4 dB (NTT: 5 dB) above the row, 40 ms with pauses
/// of 40 ms (NTT: 30 ms), every combination.
#[test]
fn what_must_be_taken_is_taken() {
    for off in [-0.018, 0.0, 0.018] {
        for other in [-0.018, 0.0, 0.018] {
            for (row_dbm0, column_dbm0) in
                [(0.0, 0.0), (-25.0, -25.0), (-10.0, -18.0), (-18.0, -13.0), (-25.0, -20.0)]
            {
                for (samples, pause_ms) in [(320, 40), (320, 30), (800, 30)] {
                    let pair = Pair { off: (off, other), dbm0: (row_dbm0, column_dbm0), samples };
                    assert_eq!(
                        heard(&row(pair, pause_ms)),
                        KEYS,
                        "{off} {other} {row_dbm0} {column_dbm0} {samples} {pause_ms}"
                    );
                }
            }
        }
    }
}

/// Q.24: 3.5 % off, shorter than 23 ms, too quiet, one tone alone.
#[test]
fn what_must_not_be_taken_is_not() {
    for off in [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035), (0.035, 0.035)] {
        assert_eq!(heard(&row(Pair { off, ..PLAIN }, 60)), "", "{off:?}");
    }
    assert_eq!(heard(&row(Pair::ms(23), 60)), "");
    for dbm0 in [(-32.0, -32.0), (-10.0, -80.0), (-80.0, -10.0), (-10.0, -26.0), (-20.0, -8.0)] {
        assert_eq!(heard(&row(Pair { dbm0, ..PLAIN }, 60)), "", "{dbm0:?}");
    }
}

/// Q.24: an interruption of 10 ms makes no second digit; the same key pressed again does.
#[test]
fn an_interruption_is_no_pause() {
    for (gap_ms, expected) in [(10, "5"), (30, "55"), (60, "55")] {
        for shift in 0..40 {
            let mut pcm = vec![0; 400 + shift];
            Pair::ms(50).put('5', &mut pcm);
            silence(gap_ms, &mut pcm);
            Pair::ms(50).put('5', &mut pcm);
            silence(100, &mut pcm);
            assert_eq!(heard(&pcm), expected, "{gap_ms} ms at {shift}");
        }
    }
}

/// Noise 15 dB below the digit, and an echo 10 dB below it and 20 ms late.
#[test]
fn noise_and_echo_are_borne() {
    let mut pcm = row(PLAIN, 50);
    let clean = pcm.clone();
    let mut state = 7_u32;
    for (n, sample) in pcm.iter_mut().enumerate() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Even noise has a third of the power of its peak squared.
        let noise = f64::from(state as i32) / 2_147_483_648.0 * 3.0_f64.sqrt();
        let power = f64::from(amplitude_of(-12.0 + 3.0 - 15.0)) / 2.0_f64.sqrt();
        let echo = n.checked_sub(160).map_or(0.0, |at| f64::from(clean[at]) * 0.316);
        *sample = (f64::from(*sample) + noise * power + echo).clamp(-32_768.0, 32_767.0) as i16;
    }
    assert_eq!(heard(&pcm), KEYS);
}

/// G.711 of either law with 1 % of its packets lost, and concealed as on a call: no digit is missed, none comes twice.
#[test]
fn lost_packets_neither_hide_nor_double_digits() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let expected = KEYS.repeat(60);
        let mut pcm = Vec::new();
        for key in expected.chars() {
            Pair::ms(100).put(key, &mut pcm);
            silence(60, &mut pcm);
        }
        silence(100, &mut pcm);
        let (mut encoder, mut decoder) =
            (Encoder::new(codec, None, None).unwrap(), Decoder::new(codec).unwrap());
        let (mut concealer, mut detector, mut heard) =
            (Concealer::new(8_000), DtmfDetector::new(), String::new());
        let (mut state, mut lost) = (99_u32, 0);
        let mut frame = [0; 240];
        for chunk in pcm.chunks_exact(160) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut coded = [0; 160];
            let length = encoder.encode(chunk, &mut coded).unwrap();
            let count = if (state >> 16) % 100 == 0 {
                lost += 1;
                concealer.conceal(&mut frame[..160]);
                160
            } else {
                let count = decoder.decode(&coded[..length], &mut frame).unwrap();
                concealer.good(&mut frame, count)
            };
            detector.feed(&frame[..count], |digit| heard.push(digit.to_char()));
        }
        assert!(lost > 50, "{lost} packets lost");
        assert_eq!(heard, expected, "{codec:?}");
    }
}

/// One sine after another through the whole band, and the tones of the network: none is a digit.
#[test]
fn other_tones_are_no_digits() {
    let mut pcm = Vec::new();
    let mut phase = 0.0;
    for n in 0..160_000 {
        phase += TAU * (200.0 + f64::from(n) * 0.02) / 8_000.0;
        pcm.push((12_000.0 * f64::sin(phase)) as i16);
    }
    for name in [
        "ansam",
        "beep",
        "busy",
        "call-waiting",
        "ced",
        "cng",
        "dial",
        "ringback",
        "second-dial",
        "sit",
        "v21",
    ] {
        let mut tone = vec![0; 24_000];
        super::ToneSource::new(super::ToneSpec::named(name).unwrap(), 8_000).fill(&mut tone);
        pcm.extend(tone);
    }
    assert_eq!(heard(&pcm), "");
}
