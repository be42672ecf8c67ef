//! How much of a signal is one sine: correlation at known frequencies, and the frequency of an unknown one.

use std::f32::consts::{PI, TAU};

/// Samples of a detector block: 10 ms at 8 kHz. Any multiple of 100 Hz has whole periods in it, so that the phases
/// of neighbouring blocks can be compared.
pub const BLOCK: usize = 80;

/// A correlation with a sine: its size and phase.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phasor {
    /// Real part.
    pub re: f32,
    /// Imaginary part.
    pub im: f32,
}

impl Phasor {
    /// Square of the size.
    pub fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// Phase in radians.
    pub fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }

    /// Product with the conjugate of `other`: its angle is the phase that passed since `other`.
    #[must_use]
    pub fn since(self, other: Self) -> Self {
        Self { re: self.re * other.re + self.im * other.im, im: self.im * other.re - self.re * other.im }
    }

    /// Sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

/// One frequency of a Goertzel bank.
#[derive(Clone, Copy, Debug)]
pub struct Bin {
    /// Radians per sample.
    omega: f32,
}

impl Bin {
    /// A bin for a frequency at a sample rate, both in Hz.
    pub fn new(hz: f32, rate: f32) -> Self {
        Self { omega: TAU * hz / rate }
    }

    /// Correlation of the samples with the bin's sine.
    pub fn correlate(self, samples: impl Iterator<Item = f32>) -> Phasor {
        // The Goertzel recurrence: one multiplication per sample.
        let coefficient = 2.0 * self.omega.cos();
        let (mut s1, mut s2, mut count) = (0.0_f32, 0.0_f32, 0);
        for sample in samples {
            let s0 = sample + coefficient * s1 - s2;
            s2 = s1;
            s1 = s0;
            count += 1;
        }
        // Turned back to the phase at the first sample.
        let (sin, cos) = self.omega.sin_cos();
        let (re, im) = (s1 - s2 * cos, s2 * sin);
        let (turn_sin, turn_cos) = (-(self.omega * (count as f32 - 1.0)) % TAU).sin_cos();
        Phasor { re: re * turn_cos - im * turn_sin, im: re * turn_sin + im * turn_cos }
    }

    /// Which share of the power of `pcm` lies in this frequency; 1 for a pure sine, 0 for silence.
    pub fn share_of(self, pcm: &[i16]) -> f32 {
        let energy: f32 = pcm.iter().map(|&sample| f32::from(sample) * f32::from(sample)).sum();
        share(self.correlate(pcm.iter().map(|&sample| f32::from(sample))), energy, pcm.len())
    }
}

/// Correlations at three fixed frequencies over a block, with what does not change worked out once.
#[derive(Clone, Debug)]
pub struct Bank {
    coefficient: [f32; 3],
    /// Cosine and sine of a sample's turn, and of the turn back to the first sample of a block.
    turn: [(f32, f32); 3],
    back: [(f32, f32); 3],
}

impl Bank {
    /// A bank for three frequencies at a sample rate, all in Hz.
    pub fn new(hz: [f32; 3], rate: f32) -> Self {
        let omega = hz.map(|hz| TAU * hz / rate);
        let cos_sin = |angle: f32| (angle.cos(), angle.sin());
        Self {
            coefficient: omega.map(|omega| 2.0 * omega.cos()),
            turn: omega.map(cos_sin),
            back: omega.map(|omega| cos_sin(-(omega * (BLOCK as f32 - 1.0)) % TAU)),
        }
    }

    /// As [`Bin::correlate`], for each frequency. The three recurrences run side by side: one alone would wait for itself.
    pub fn correlate(&self, samples: &[f32; BLOCK]) -> [Phasor; 3] {
        let (mut s1, mut s2) = ([0.0_f32; 3], [0.0_f32; 3]);
        for &sample in samples {
            for tone in 0..3 {
                let s0 = sample + self.coefficient[tone] * s1[tone] - s2[tone];
                s2[tone] = s1[tone];
                s1[tone] = s0;
            }
        }
        std::array::from_fn(|tone| {
            let ((cos, sin), (back_cos, back_sin)) = (self.turn[tone], self.back[tone]);
            let (re, im) = (s1[tone] - s2[tone] * cos, s2[tone] * sin);
            Phasor { re: re * back_cos - im * back_sin, im: re * back_sin + im * back_cos }
        })
    }
}

/// Share of a phasor in a total energy over `count` samples.
pub fn share(phasor: Phasor, energy: f32, count: usize) -> f32 {
    if energy < 1.0 { 0.0 } else { (2.0 * phasor.power() / (energy * count as f32)).min(1.0) }
}

/// The strongest single sine in some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tonality {
    /// Its frequency as a share of the sample rate.
    pub cycles: f32,
    /// Its share of the power, 0 to 1.
    pub share: f32,
}

/// Estimates the frequency from the autocorrelation at one and two samples (Pisarenko: noise adds nothing to these),
/// refines it by the phase between the two halves, and measures how much of the power it explains.
pub fn tonality(samples: &[f32]) -> Tonality {
    let (mut lag1, mut lag2, mut total) = (0.0_f32, 0.0_f32, 0.0_f32);
    for window in samples.windows(3) {
        lag1 += window[1] * (window[0] + window[2]) / 2.0;
        lag2 += window[0] * window[2];
    }
    for sample in samples {
        total += sample * sample;
    }
    if total < samples.len() as f32 {
        return Tonality::default();
    }
    // cos 2w = 2 cos² w − 1 relates the two.
    let cos = if lag1.abs() < 1e-6 * total {
        0.0
    } else {
        (lag2 + (lag2 * lag2 + 8.0 * lag1 * lag1).sqrt()) / (4.0 * lag1)
    };
    let mut omega = cos.clamp(-1.0, 1.0).acos();
    let half = samples.len() / 2;
    let bin = Bin { omega };
    let first = bin.correlate(samples[..half].iter().copied());
    let second = bin.correlate(samples[half..half * 2].iter().copied());
    // `second` starts `half` samples later, so a tone at exactly omega shows a phase of omega * half.
    let passed = wrap(second.since(first).angle() - omega * half as f32);
    omega = (omega + passed / half as f32).clamp(0.0, PI);
    let phasor = Bin { omega }.correlate(samples.iter().copied());
    Tonality { cycles: omega / TAU, share: share(phasor, total, samples.len()) }
}

/// An angle brought to −π to π.
pub fn wrap(angle: f32) -> f32 {
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec};

    fn samples(hz: f32, level: f32, noise: f32) -> Vec<f32> {
        let mut pcm = vec![0; BLOCK * 20];
        ToneSource::new(ToneSpec::sine(hz, level), 8_000).fill(&mut pcm);
        let mut state = 7_u32;
        pcm.iter()
            .map(|&sample| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f32::from(sample) + ((state >> 16) as f32 / 32_768.0 - 1.0) * noise
            })
            .collect()
    }

    #[test]
    fn the_share_of_a_sine_is_one_at_its_frequency_only() {
        let pcm: Vec<i16> = samples(2100.0, -10.0, 0.0).iter().map(|&sample| sample as i16).collect();
        assert!(Bin::new(2100.0, 8000.0).share_of(&pcm[..BLOCK]) > 0.999);
        assert!(Bin::new(2000.0, 8000.0).share_of(&pcm[..BLOCK]) < 0.001);
        assert_eq!(Bin::new(2100.0, 8000.0).share_of(&[0; 80]), 0.0);
    }

    #[test]
    fn a_bank_says_what_its_bins_say() {
        let pcm = samples(1100.0, -10.0, 300.0);
        let block: [f32; BLOCK] = pcm[..BLOCK].try_into().unwrap();
        let hz = [400.0, 1100.0, 2100.0];
        for (hz, found) in hz.into_iter().zip(Bank::new(hz, 8000.0).correlate(&block)) {
            let wanted = Bin::new(hz, 8000.0).correlate(block.iter().copied());
            assert!(
                (found.re - wanted.re).abs() + (found.im - wanted.im).abs() < 1.0,
                "{hz}: {found:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn phases_of_neighbouring_blocks_tell_the_offset() {
        let pcm = samples(2107.0, -10.0, 0.0);
        let bin = Bin::new(2100.0, 8000.0);
        let first = bin.correlate(pcm[..BLOCK].iter().copied());
        let second = bin.correlate(pcm[BLOCK..2 * BLOCK].iter().copied());
        let hz = second.since(first).angle() / TAU * 100.0;
        assert!((hz - 7.0).abs() < 0.2, "{hz}");
    }

    #[test]
    fn an_unknown_tone_is_found_also_in_noise() {
        for hz in [300.0, 440.0, 1000.0, 1999.0, 3300.0] {
            let clean = tonality(&samples(hz, -20.0, 0.0)[BLOCK..2 * BLOCK]);
            assert!((clean.cycles * 8000.0 - hz).abs() < 8.0 && clean.share > 0.98, "{hz}: {clean:?}");
            // Noise 14 dB below the tone.
            let noisy = tonality(&samples(hz, -20.0, 560.0)[BLOCK..2 * BLOCK]);
            assert!((noisy.cycles * 8000.0 - hz).abs() < 40.0 && noisy.share > 0.85, "{hz}: {noisy:?}");
        }
        assert_eq!(tonality(&[0.0; 80]), Tonality::default());
    }
}
