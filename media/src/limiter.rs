//! The acoustic-shock limiter: a FAX or a modem that answers must not scream into an operator's ear.
//!
//! A steady single tone above 900 Hz that is louder than −10 dBm0 is brought down to −26 dBm0 within 100 ms. DTMF
//! (two tones), call progress (400 Hz) and voice are left as they are.

use crate::tones::dbm0_of_power;
use crate::tones::goertzel::tonality;

/// Analysis blocks of 10 ms at 8 or 16 kHz.
const BLOCK_MS: usize = 10;
const MAX_BLOCK: usize = 160;

/// The same block before it is averaged, at 48 kHz.
const MAX_FULL: usize = 480;

/// Averaging lets tones above half of its rate come out lower, or not at all; they are looked for at the full rate, where
/// nothing of a voice is that steady.
const FULL_MIN_HZ: f32 = 5_000.0;

/// Tones above this are shrill.
const MIN_HZ: f32 = 900.0;

/// Loudest level let through.
const THRESHOLD_DBM0: f32 = -10.0;

/// Level above which a tone that is already held down counts as the same tone.
const HOLD_DBM0: f32 = -22.0;

/// Level after limiting; 1 dB below what is promised, for the ripple of the measurement.
const TARGET_DBM0: f32 = -26.0;

/// Share of one sine in the power that makes a tone; a DTMF pair has 0.5, voice seldom more than 0.8.
const MIN_SHARE: f32 = 0.85;

/// Blocks in a row before the gain falls, so that a whistling consonant is not touched, and before it rises again.
const ATTACK: u32 = 4;
const RELEASE: u32 = 6;

/// A tone that comes back within a second, as after lost packets, is known at once.
const REMEMBERED: u32 = 100;

/// Time constants of the gain: down within 10 ms, up within 60 ms.
const FALL_MS: f32 = 2.0;
const RISE_MS: f32 = 20.0;

/// Limits a stream of PCM in place. Allocates only when it is made.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: u32,
    /// Samples averaged into one for the analysis: 48 kHz is analysed at 16.
    decimation: usize,
    /// The samples of a block so far, as they came.
    block: Box<[i16]>,
    filled: usize,
    tonal: u32,
    calm: u32,
    /// Blocks since a tone was last held down.
    since: u32,
    goal: f32,
    gain: f32,
    fall: f32,
    rise: f32,
}

impl Limiter {
    /// A limiter for a sample rate in Hz.
    pub fn new(rate: u32) -> Self {
        let decimation = (rate / 16_000).max(1) as usize;
        let length = (rate as usize / decimation * BLOCK_MS / 1000).clamp(8, MAX_BLOCK);
        let step = |ms: f32| 1.0 - (-1000.0 / (ms * rate.max(1) as f32)).exp();
        Self {
            rate,
            decimation,
            block: vec![0; length * decimation].into_boxed_slice(),
            filled: 0,
            tonal: 0,
            calm: 0,
            since: REMEMBERED,
            goal: 1.0,
            gain: 1.0,
            fall: step(FALL_MS),
            rise: step(RISE_MS),
        }
    }

    /// Limits `pcm` in place.
    pub fn process(&mut self, pcm: &mut [i16]) {
        let mut rest = pcm;
        while !rest.is_empty() {
            let count = rest.len().min(self.block.len() - self.filled);
            let (piece, later) = rest.split_at_mut(count);
            rest = later;
            self.block[self.filled..self.filled + count].copy_from_slice(piece);
            self.filled += count;
            if self.is_limiting() {
                self.hold_down(piece);
            }
            if self.filled == self.block.len() {
                self.filled = 0;
                self.judge();
            }
        }
    }

    /// Whether a tone is being held down, or will be with the next sample.
    pub fn is_limiting(&self) -> bool {
        self.gain < 1.0 || self.goal < 1.0
    }

    fn hold_down(&mut self, pcm: &mut [i16]) {
        for sample in pcm {
            let step = if self.goal < self.gain { self.fall } else { self.rise };
            self.gain += (self.goal - self.gain) * step;
            if self.goal >= 1.0 && self.gain > 0.999 {
                self.gain = 1.0;
                return;
            }
            *sample = (f32::from(*sample) * self.gain).round() as i16;
        }
    }

    /// Whether the block is one sine above a frequency, with so many samples averaged into one.
    fn is_tone_above(&self, min_hz: f32, averaged: usize) -> bool {
        let mut block = [0.0; MAX_BLOCK];
        let mut whole = [0.0; MAX_FULL];
        let samples = if averaged > 1 { &mut block[..] } else { &mut whole[..] };
        let mut count = 0;
        for (slot, group) in samples.iter_mut().zip(self.block.chunks_exact(averaged)) {
            *slot = group.iter().map(|sample| f32::from(*sample)).sum::<f32>() / averaged as f32;
            count += 1;
        }
        let tone = tonality(&samples[..count]);
        tone.share > MIN_SHARE && tone.cycles * self.rate as f32 / averaged as f32 > min_hz
    }

    fn judge(&mut self) {
        // In whole numbers, which a processor adds up many at a time.
        let energy: i64 =
            self.block.iter().map(|sample| i64::from(i32::from(*sample) * i32::from(*sample))).sum();
        let level = dbm0_of_power(energy as f32 / self.block.len() as f32);
        // A tone that is held down stays so while it swells and fades, as the answer tone does through Opus.
        let threshold = if self.goal < 1.0 { HOLD_DBM0 } else { THRESHOLD_DBM0 };
        let is_shrill = level > threshold
            && (self.is_tone_above(MIN_HZ, self.decimation)
                || (self.decimation > 1 && self.is_tone_above(FULL_MIN_HZ, 1)));
        if is_shrill {
            self.tonal += 1;
            self.calm = 0;
        } else {
            self.calm += 1;
            if self.calm >= RELEASE {
                self.tonal = 0;
                self.goal = 1.0;
            }
        }
        self.since = self.since.saturating_add(1);
        if is_shrill && (self.tonal >= ATTACK || self.since < REMEMBERED) {
            self.since = 0;
            self.goal = self.goal.min(10_f32.powf((TARGET_DBM0 - level) / 20.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::g711::Law;
    use crate::dtmf::Digit;
    use crate::tones::{ToneSource, ToneSpec, level_dbm0};

    fn limited(spec: ToneSpec, rate: u32, ms: u32) -> (Vec<i16>, Vec<i16>) {
        let mut pcm = vec![0; (rate * ms / 1000) as usize];
        ToneSource::new(spec, rate).fill(&mut pcm);
        let original = pcm.clone();
        let mut limiter = Limiter::new(rate);
        pcm.chunks_mut(rate as usize / 100).for_each(|chunk| limiter.process(chunk));
        (original, pcm)
    }

    #[test]
    fn loud_steady_tones_are_down_within_100_ms() {
        for rate in [8_000, 48_000] {
            for hz in [950.0, 1000.0, 1500.0, 2100.0, 2600.0, 3400.0] {
                for level in [-9.0, -6.0, -3.0, 0.0, 3.0] {
                    let (_, heard) = limited(ToneSpec::sine(hz, level), rate, 600);
                    let settled = level_dbm0(&heard[rate as usize / 10..]);
                    assert!(settled <= -25.0, "{rate} {hz} Hz {level}: {settled}");
                    assert!(settled >= -29.0, "still audible: {settled}");
                }
            }
        }
    }

    /// Issue 4: any steady tone above 900 Hz that is louder than −10 dBm0 is at −25 dBm0 or less within 100 ms, at every
    /// rate that calls have, however it falls into blocks.
    #[test]
    fn every_frequency_is_held_down() {
        for (rate, step) in [(8_000, 43), (16_000, 83), (48_000, 167)] {
            for hz in (905..rate / 2 - 50).step_by(step) {
                for level in [-9.7, -4.0, 2.0] {
                    let mut pcm = vec![0; rate as usize / 2];
                    // It begins in the middle of a block.
                    let lead = (hz as usize * 7) % (rate as usize / 100);
                    ToneSource::new(ToneSpec::sine(hz as f32, level), rate).fill(&mut pcm[lead..]);
                    let mut limiter = Limiter::new(rate);
                    pcm.chunks_mut(rate as usize / 200).for_each(|chunk| limiter.process(chunk));
                    let settled = level_dbm0(&pcm[lead + rate as usize / 10..]);
                    assert!(settled <= -25.0, "{hz} Hz at {rate}, {level} dBm0: {settled}");
                }
            }
        }
    }

    #[test]
    fn a_calling_fax_is_held_down_in_every_burst() {
        for rate in [8_000, 16_000, 48_000] {
            let (_, heard) = limited(ToneSpec::cng().at_dbm0(-3.0), rate, 7_500);
            let ms = |ms: usize| rate as usize * ms / 1_000;
            for burst in [0, 3_500, 7_000] {
                let level = level_dbm0(&heard[ms(burst + 100)..ms(burst + 500)]);
                assert!(level <= -25.0, "{rate}: burst at {burst} ms: {level}");
                assert!(level > -30.0, "it is still heard that it is a FAX: {level}");
            }
        }
    }

    /// As it comes over the wire: coded by G.711, with noise 30 dB below.
    #[test]
    fn a_coded_and_noisy_answer_tone_is_held_down_too() {
        let mut pcm = vec![0; 8_000];
        ToneSource::new(ToneSpec::ced().at_dbm0(-6.0), 8_000).fill(&mut pcm);
        let mut state = 1u32;
        for sample in &mut pcm {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noisy = i32::from(*sample) + ((state >> 16) as i32 - 32_768) / 50;
            *sample = noisy.clamp(-32_768, 32_767) as i16;
        }
        let mut coded = vec![0; pcm.len()];
        Law::Mu.encode(&pcm, &mut coded);
        Law::Mu.decode(&coded, &mut pcm);
        let mut limiter = Limiter::new(8_000);
        pcm.chunks_mut(160).for_each(|chunk| limiter.process(chunk));
        assert!(level_dbm0(&pcm[800..]) <= -25.0, "{}", level_dbm0(&pcm[800..]));
    }

    #[test]
    fn fax_answer_tones_are_held_down_whole() {
        for spec in [ToneSpec::ced(), ToneSpec::ans_reversing(), ToneSpec::ansam()] {
            let (_, heard) = limited(spec.at_dbm0(-3.0), 8_000, 3000);
            assert!(level_dbm0(&heard[800..]) <= -25.0);
        }
    }

    #[test]
    fn what_is_not_shrill_or_not_loud_is_untouched() {
        let mut specs = vec![
            ToneSpec::dial().at_dbm0(-3.0),
            ToneSpec::ringback().at_dbm0(-3.0),
            ToneSpec::busy().at_dbm0(-3.0),
            ToneSpec::sine(2100.0, -11.0),
            ToneSpec::sine(800.0, 0.0),
        ];
        specs.extend(
            "0123456789*#ABCD".chars().map(|key| Digit::from_char(key).unwrap().tone().at_dbm0(-2.0)),
        );
        for rate in [8_000, 48_000] {
            for spec in &specs {
                let (original, heard) = limited(spec.clone(), rate, 1500);
                assert!(original == heard, "{} {:?} at {rate}", spec.name, spec.steps);
            }
        }
    }

    #[test]
    fn the_voice_after_a_tone_is_back_within_a_moment() {
        let mut pcm = vec![0; 4000];
        ToneSource::new(ToneSpec::sine(2100.0, 0.0), 8_000).fill(&mut pcm);
        let mut limiter = Limiter::new(8_000);
        limiter.process(&mut pcm);
        assert!(limiter.is_limiting());
        let mut voice = vec![0; 4000];
        ToneSource::new(ToneSpec::sine(300.0, -12.0), 8_000).fill(&mut voice);
        limiter.process(&mut voice);
        assert!(!limiter.is_limiting());
        assert!((level_dbm0(&voice[1600..]) + 12.0).abs() < 0.3);
    }
}
