//! Sample-rate conversion by a polyphase FIR, for mono PCM between any two usual rates.

use std::f64::consts::PI;

/// Taps per phase when going up; going down needs more in proportion.
const TAPS: usize = 32;

/// Highest number of phases; rates whose ratio needs more are rounded to it (an error below 0.1 %).
const MAX_PHASES: u32 = 480;

/// Shape of the window: aliases are 70 dB down, below G.711's own noise.
const KAISER_BETA: f64 = 7.0;

/// Converts a stream of mono PCM from one rate to another. Delay: [`Resampler::delay_samples`] input samples.
/// Allocates only when it is made.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Interpolation and decimation factor.
    up: u32,
    down: u32,
    /// Filter, phase by phase, newest input sample last.
    filter: Box<[f32]>,
    taps: usize,
    /// The last `taps` samples, written twice so that a window is always contiguous.
    history: Box<[f32]>,
    at: usize,
    /// Position of the next output in units of 1/up input samples, relative to the newest input sample.
    position: u32,
}

impl Resampler {
    /// A converter from `from` Hz to `to` Hz.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.max(1), to.max(1));
        let common = gcd(from, to);
        let (mut up, mut down) = (to / common, from / common);
        if up > MAX_PHASES {
            down = ((u64::from(down) * u64::from(MAX_PHASES)) as f64 / f64::from(up)).round() as u32;
            up = MAX_PHASES;
            down = down.max(1);
        }
        let taps = if down > up { (TAPS * down as usize).div_ceil(up as usize) } else { TAPS };
        let filter = design(up as usize, down as usize, taps);
        Self { up, down, filter, taps, history: vec![0.0; taps * 2].into_boxed_slice(), at: 0, position: 0 }
    }

    /// Most samples that `input` samples can give.
    pub fn max_output(&self, input: usize) -> usize {
        (input * self.up as usize).div_ceil(self.down as usize) + 1
    }

    /// Delay of the filter in input samples.
    pub fn delay_samples(&self) -> usize {
        self.taps / 2
    }

    /// Converts all of `input` and returns how many samples were written. Output that does not fit is dropped:
    /// give room for [`Resampler::max_output`].
    pub fn process(&mut self, input: &[i16], out: &mut [i16]) -> usize {
        if self.up == self.down {
            let count = input.len().min(out.len());
            out[..count].copy_from_slice(&input[..count]);
            return count;
        }
        let mut written = 0;
        for &sample in input {
            self.history[self.at] = f32::from(sample);
            self.history[self.at + self.taps] = f32::from(sample);
            self.at = (self.at + 1) % self.taps;
            while self.position < self.up {
                let phase = self.position as usize;
                if let Some(slot) = out.get_mut(written) {
                    *slot = self.convolve(phase);
                    written += 1;
                }
                self.position += self.down;
            }
            self.position -= self.up;
        }
        written
    }

    /// Forgets the past, as at the start of a stream.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.at = 0;
        self.position = 0;
    }

    fn convolve(&self, phase: usize) -> i16 {
        let window = &self.history[self.at..self.at + self.taps];
        let filter = &self.filter[phase * self.taps..(phase + 1) * self.taps];
        let sum: f32 = window.iter().zip(filter).map(|(sample, weight)| sample * weight).sum();
        sum.clamp(-32_768.0, 32_767.0).round() as i16
    }
}

/// Windowed sinc, cut off at 92 % of the lower Nyquist rate, split into phases.
fn design(up: usize, down: usize, taps: usize) -> Box<[f32]> {
    let length = up * taps;
    let cutoff = 0.46 / up.max(down) as f64;
    let middle = (length as f64 - 1.0) / 2.0;
    let prototype: Vec<f64> = (0..length)
        .map(|n| {
            let t = n as f64 - middle;
            let sinc = if t.abs() < 1e-9 { 2.0 * cutoff } else { (2.0 * PI * cutoff * t).sin() / (PI * t) };
            let x = (n as f64 + 0.5) / length as f64 * 2.0 - 1.0;
            sinc * bessel_i0(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel_i0(KAISER_BETA)
        })
        .collect();
    let mut filter = vec![0.0_f32; length];
    for phase in 0..up {
        let sum: f64 = (0..taps).map(|tap| prototype[tap * up + phase]).sum();
        for tap in 0..taps {
            // The newest sample meets the start of the prototype.
            filter[phase * taps + (taps - 1 - tap)] = (prototype[tap * up + phase] / sum) as f32;
        }
    }
    filter.into_boxed_slice()
}

/// Modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::goertzel::Bin;
    use crate::tones::{ToneSource, ToneSpec, level_dbm0};

    fn convert(from: u32, to: u32, hz: f32, seconds: u32) -> Vec<i16> {
        let mut pcm = vec![0; (from * seconds) as usize];
        ToneSource::new(ToneSpec::sine(hz, -6.0), from).fill(&mut pcm);
        let mut resampler = Resampler::new(from, to);
        let mut heard = Vec::new();
        // Odd chunks, as a device gives them.
        for chunk in pcm.chunks(147) {
            let mut out = [0; 2000];
            assert!(resampler.max_output(chunk.len()) <= out.len());
            let written = resampler.process(chunk, &mut out);
            assert!(written <= resampler.max_output(chunk.len()));
            heard.extend_from_slice(&out[..written]);
        }
        heard
    }

    #[test]
    fn length_level_and_frequency_are_kept() {
        for (from, to) in
            [(8_000, 48_000), (48_000, 8_000), (44_100, 48_000), (44_100, 8_000), (16_000, 8_000)]
        {
            for hz in [300.0, 1000.0, 2100.0, 3300.0] {
                let heard = convert(from, to, hz, 1);
                assert!((heard.len() as i64 - i64::from(to)).abs() <= 2, "{from}->{to}: {}", heard.len());
                let settled = &heard[heard.len() / 4..];
                let level = level_dbm0(settled);
                assert!((level + 6.0).abs() < 0.5, "{from}->{to} {hz} Hz: {level}");
                let count = to as usize / 10;
                let purity = Bin::new(hz, to as f32).share_of(&settled[..count]);
                assert!(purity > 0.999, "{from}->{to} {hz} Hz: {purity}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_the_lower_rate_is_removed() {
        for hz in [5_000.0, 7_900.0, 12_000.0] {
            let level = level_dbm0(&convert(48_000, 8_000, hz, 1)[2000..]);
            assert!(level < -60.0, "{hz} Hz: {level}");
        }
    }

    #[test]
    fn equal_rates_copy() {
        assert_eq!(Resampler::new(8_000, 8_000).process(&[1, 2, 3], &mut [0; 3]), 3);
        assert_eq!(convert(11_025, 96_001, 500.0, 1).len() / 1000, 96);
    }
}
