//! What the processing does, measured on synthetic voices. The same figures stand in ADR 0004.

use super::*;
use crate::tones::level_dbm0;

/// Noise shaped like speech: bands of syllables that come and go, reproducible.
struct Speech {
    state: u64,
    low: f32,
    at: u32,
}

impl Speech {
    fn new(seed: u64) -> Self {
        Self { state: seed, low: 0.0, at: 0 }
    }

    fn noise(&mut self) -> f32 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// 250 ms of voice, 150 ms of pause.
    fn next(&mut self, rate: u32, loud: f32) -> i16 {
        let white = self.noise();
        self.low += (white - self.low) * 0.3;
        let ms = self.at * 1_000 / rate % 400;
        self.at += 1;
        let seconds = self.at as f32 / rate as f32;
        let pitch = (seconds * std::f32::consts::TAU * 140.0).sin()
            + (seconds * std::f32::consts::TAU * 420.0).sin() * 0.5;
        let envelope = if ms < 250 { (ms as f32 / 250.0 * std::f32::consts::PI).sin() } else { 0.0 };
        ((pitch * 0.5 + self.low) * envelope * loud) as i16
    }
}

/// An echo path of a loudspeaker on a desk: 40 ms, then a decaying tail of 60 ms, 12 dB down.
fn echo(played: &[i16], rate: u32) -> Vec<i16> {
    let ms = |ms: usize| rate as usize * ms / 1_000;
    let taps = [(ms(40), 0.20), (ms(47), -0.10), (ms(58), 0.06), (ms(74), 0.03), (ms(100), -0.015)];
    (0..played.len())
        .map(|at| {
            let sum: f32 = taps
                .iter()
                .map(|(delay, gain)| {
                    at.checked_sub(*delay).map_or(0.0, |from| f32::from(played[from]) * gain)
                })
                .sum();
            sum as i16
        })
        .collect()
}

fn run(processing: Processing, rate: u32, played: &[i16], microphone: &[i16]) -> Vec<i16> {
    let mut processor = Processor::default();
    processor.set(processing);
    let frame = rate as usize / 50;
    let mut sent = Vec::with_capacity(microphone.len());
    for (heard, said) in played.chunks_exact(frame).zip(microphone.chunks_exact(frame)) {
        processor.played(heard, rate);
        let mut said = said.to_vec();
        processor.process(&mut said, rate);
        sent.extend(said);
    }
    sent
}

#[test]
fn echo_is_taken_out_and_the_operator_is_not() {
    for rate in [8_000, 16_000, 48_000] {
        let mut callee = Speech::new(1);
        let played: Vec<i16> = (0..rate * 12).map(|_| callee.next(rate, 12_000.0)).collect();
        let echoed = echo(&played, rate);
        let on = Processing { echo: true, ..Processing::default() };
        let sent = run(on, rate, &played, &echoed);
        let tail = |pcm: &[i16]| level_dbm0(&pcm[rate as usize * 6..rate as usize * 11]);
        let erle = tail(&echoed) - tail(&sent);
        println!("{rate} Hz: echo return loss enhancement {erle:.1} dB");
        assert!(erle > 25.0, "{rate} Hz: {erle:.1} dB");

        // Only the operator speaks: nothing of the voice is lost.
        let mut operator = Speech::new(2);
        let said: Vec<i16> = (0..rate * 6).map(|_| operator.next(rate, 8_000.0)).collect();
        let silent = vec![0; said.len()];
        let sent = run(on, rate, &silent, &said);
        let from = rate as usize * 2;
        let change = level_dbm0(&sent[from..from * 2]) - level_dbm0(&said[from..from * 2]);
        println!("{rate} Hz: the operator's voice changes by {change:.1} dB");
        assert!(change.abs() < 3.0, "{rate} Hz: {change:.1} dB");
    }
}

#[test]
fn steady_noise_falls_and_the_voice_stays() {
    let rate = 16_000;
    let mut source = Speech::new(3);
    let noise: Vec<i16> = (0..rate * 8).map(|_| (source.noise() * 300.0) as i16).collect();
    let on = Processing { noise: true, ..Processing::default() };
    let silent = vec![0; noise.len()];
    let sent = run(on, rate, &silent, &noise);
    let from = rate as usize * 4;
    let fall = level_dbm0(&noise[from..]) - level_dbm0(&sent[from..]);
    println!("steady noise falls by {fall:.1} dB");
    assert!(fall > 8.0, "{fall:.1} dB");

    let mut voice = Speech::new(4);
    let said: Vec<i16> = noise.iter().map(|noise| noise.saturating_add(voice.next(rate, 8_000.0))).collect();
    let sent = run(on, rate, &silent, &said);
    let change = level_dbm0(&sent[from..]) - level_dbm0(&said[from..]);
    println!("a voice in it changes by {change:.1} dB");
    assert!(change.abs() < 3.0, "{change:.1} dB");
}

/// The gain follows speech only, by a small neural network that knows how speech sounds: the practice exchange's operator.
#[test]
fn a_soft_voice_is_made_louder_and_a_loud_one_is_not_clipped() {
    let coded = include_bytes!("../../agent/voices/operator.ul");
    let mut voice = vec![0; coded.len()];
    crate::codec::g711::Law::Mu.decode(coded, &mut voice);
    let on = Processing { gain: true, ..Processing::default() };
    let level = |dbm0: f32| {
        let gain = 10_f32.powf((dbm0 - level_dbm0(&voice)) / 20.0);
        let said = voice.iter().cycle().take(8_000 * 30);
        let said: Vec<i16> = said.map(|sample| (f32::from(*sample) * gain) as i16).collect();
        let sent = run(on, 8_000, &vec![0; said.len()], &said);
        let tail = 8_000 * 20;
        let peak = sent[tail..].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        let (before, after) = (level_dbm0(&said[tail..sent.len()]), level_dbm0(&sent[tail..]));
        println!("a voice at {before:.1} dBm0 leaves at {after:.1}, peak {peak}");
        (before, after, peak)
    };
    let (before, after, _) = level(-40.0);
    assert!(after > before + 6.0, "{before} {after}");
    let (before, after, peak) = level(-12.0);
    assert!(after < before + 3.0 && peak < 32_767, "{before} {after} {peak}");
}

#[test]
fn nothing_is_done_unless_wanted_and_odd_lengths_do_no_harm() {
    let mut processor = Processor::default();
    let mut voice = [1, -2, 3, 400];
    processor.played(&voice, 8_000);
    processor.process(&mut voice, 8_000);
    assert_eq!(voice, [1, -2, 3, 400]);
    processor.set(Processing { echo: true, noise: true, gain: true });
    for length in [0, 1, 39, 80, 400, 7] {
        processor.played(&vec![100; length], 8_000);
        processor.process(&mut vec![100; length], 8_000);
    }
    processor.process(&mut [100; 960], 48_000);
    processor.process(&mut [100; 160], 8_000);
    // A rate that makes no frame.
    processor.process(&mut [100; 160], 50);
}
