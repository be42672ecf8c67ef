//! The tone generator.

use std::f64::consts::{PI, TAU};

use super::level::amplitude_of;
use super::spec::{ToneSpec, Wave};

/// Plays a [`ToneSpec`] as PCM. Allocates nothing after it is made.
#[derive(Clone, Debug)]
pub struct ToneSource {
    spec: ToneSpec,
    rate: u32,
    step: usize,
    /// Samples played of the current step.
    in_step: u64,
    /// Samples played in all.
    played: u64,
    phase: f64,
    phase2: f64,
    finished: bool,
}

impl ToneSource {
    /// A source at the start of the tone, at a sample rate in Hz.
    pub fn new(spec: ToneSpec, rate: u32) -> Self {
        let finished = spec.steps.is_empty();
        Self { spec, rate: rate.max(1), step: 0, in_step: 0, played: 0, phase: 0.0, phase2: 0.0, finished }
    }

    /// Writes the next samples and returns how many; fewer than asked when the tone ended.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        for (index, slot) in out.iter_mut().enumerate() {
            match self.next_sample() {
                Some(sample) => *slot = sample,
                None => return index,
            }
        }
        out.len()
    }

    /// Whether the tone ended.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    fn next_sample(&mut self) -> Option<i16> {
        if self.finished || self.spec.ms.is_some_and(|ms| self.played >= self.samples(ms)) {
            self.finished = true;
            return None;
        }
        let ms = self.spec.steps[self.step].ms;
        if ms != 0 && self.in_step >= self.samples(ms) {
            self.in_step = 0;
            self.step += 1;
            if self.step >= self.spec.steps.len() {
                // A length longer than the steps repeats them all.
                let again = self.spec.loop_to.or(self.spec.ms.map(|_| 0));
                match again {
                    Some(step) if step < self.spec.steps.len() => self.step = step,
                    _ => {
                        self.finished = true;
                        return None;
                    }
                }
            }
        }
        let value = self.wave(self.spec.steps[self.step].wave);
        self.in_step += 1;
        self.played += 1;
        Some((value * f64::from(amplitude_of(self.spec.level_dbm0))).clamp(-32_768.0, 32_767.0).round() as i16)
    }

    fn samples(&self, ms: u32) -> u64 {
        u64::from(ms) * u64::from(self.rate) / 1000
    }

    /// The next value, normed to the power of a sine with amplitude 1.
    fn wave(&mut self, wave: Wave) -> f64 {
        let seconds = self.in_step as f64 / f64::from(self.rate);
        match wave {
            Wave::Silence => 0.0,
            Wave::Sine { hz } => self.turn(f64::from(hz)).sin(),
            Wave::Dual { low_hz, high_hz } => {
                let low = self.turn(f64::from(low_hz)).sin();
                self.phase2 = (self.phase2 + TAU * f64::from(high_hz) / f64::from(self.rate)) % TAU;
                (low + self.phase2.sin()) * std::f64::consts::FRAC_1_SQRT_2
            }
            Wave::Am { hz, by_hz, depth } => {
                let depth = f64::from(depth);
                let envelope = 1.0 - depth * (TAU * f64::from(by_hz) * seconds).cos();
                self.turn(f64::from(hz)).sin() * envelope / (1.0 + depth * depth / 2.0).sqrt()
            }
            Wave::Reversing { hz, every_ms } => {
                let reversals = (seconds * 1000.0 / f64::from(every_ms.max(1))) as u64;
                let turned = if reversals.is_multiple_of(2) { 0.0 } else { PI };
                (self.turn(f64::from(hz)) + turned).sin()
            }
            Wave::V21Flags => {
                // The first and last bit of 0x7E are 0, so space lasts two bits between two runs of six marks.
                let bit = (seconds * 300.0) as u64 % 8;
                let hz = if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 };
                self.turn(hz).sin()
            }
        }
    }

    fn turn(&mut self, hz: f64) -> f64 {
        self.phase = (self.phase + TAU * hz / f64::from(self.rate)) % TAU;
        self.phase
    }
}

#[cfg(test)]
mod tests {
    use super::super::level::level_dbm0;
    use super::*;

    fn render(spec: ToneSpec, ms: usize) -> Vec<i16> {
        let mut pcm = vec![0; ms * 8];
        let written = ToneSource::new(spec, 8000).fill(&mut pcm);
        pcm.truncate(written);
        pcm
    }

    #[test]
    fn cadences_and_levels_follow_the_tables() {
        let ringback = render(ToneSpec::ringback(), 6000);
        assert!((level_dbm0(&ringback[..8000]) + 16.0).abs() < 0.2);
        assert_eq!(level_dbm0(&ringback[8000..24_000]), -90.0);
        assert!(level_dbm0(&ringback[24_000..32_000]) > -17.0);
        let busy = render(ToneSpec::busy(), 2000);
        for (index, half) in busy.chunks(4000).enumerate() {
            assert_eq!(level_dbm0(half) > -20.0, index % 2 == 0);
        }
        assert!((level_dbm0(&render(ToneSpec::v21_preamble(), 500)) + 12.0).abs() < 0.2);
    }

    #[test]
    fn a_tone_ends_with_its_steps_or_its_length() {
        assert_eq!(render(ToneSpec::beep(), 5000).len(), 400 * 8);
        assert_eq!(render(ToneSpec::ced().for_ms(700), 5000).len(), 700 * 8);
        assert_eq!(render(ToneSpec::beep().for_ms(900), 5000).len(), 900 * 8);
        assert_eq!(render(ToneSpec::dial(), 5000).len(), 5000 * 8);
    }

    #[test]
    fn every_name_of_the_table_is_found() {
        for name in ["dial", "ringback", "busy", "ced", "ansam", "ans-pr", "cng", "v21", "beep", "sit"] {
            assert_eq!(ToneSpec::named(name).map(|spec| spec.name), Some(name));
        }
        assert_eq!(ToneSpec::named("unknown"), None);
    }
}
