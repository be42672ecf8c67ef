//! Comfort noise (RFC 3389): what is heard while the peer sends nothing because nobody speaks.

use crate::rtp::sender::mix;

/// Static payload type at 8 kHz (RFC 3551 table 4).
pub const PT_COMFORT_NOISE: u8 = 13;

/// 0 dBov, a full-scale square wave of µ-law, in dBm0 (RFC 3389 3).
const OVERLOAD_DBM0: f32 = 6.18;

/// Louder noise comforts nobody; a packet that says otherwise is wrong or hostile.
const LOUDEST_DBM0: f32 = -20.0;

/// Reflection coefficients used of those in the packet. Leaving the higher ones out only smooths the spectrum.
const MAX_ORDER: usize = 10;

/// Makes noise of the level and spectrum that the peer described.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    /// Root mean square of the excitation.
    gain: f32,
    goal: f32,
    reflections: [f32; MAX_ORDER],
    order: usize,
    /// Of the lattice filter.
    state: [f32; MAX_ORDER + 1],
    random: u64,
}

impl ComfortNoise {
    /// The noise of a packet: its level in −dBov, then one reflection coefficient per byte. `None` for an empty payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut noise = Self {
            gain: 0.0,
            goal: 0.0,
            reflections: [0.0; MAX_ORDER],
            order: 0,
            state: [0.0; MAX_ORDER + 1],
            random: 0x434E,
        };
        noise.update(payload).then_some(noise).map(|mut noise| {
            noise.gain = noise.goal;
            noise
        })
    }

    /// Goes over to what a further packet describes, without a step. `false` for an empty payload.
    pub fn update(&mut self, payload: &[u8]) -> bool {
        let Some((level, coefficients)) = payload.split_first() else { return false };
        let dbm0 = (OVERLOAD_DBM0 - f32::from(level & 0x7F)).min(LOUDEST_DBM0);
        self.order = coefficients.len().min(MAX_ORDER);
        let mut prediction_gain = 1.0_f32;
        for (slot, &byte) in self.reflections.iter_mut().zip(coefficients) {
            *slot = 258.0 * (f32::from(byte) - 127.0) / 32_768.0;
            // 255 would be just above 1, where the filter is not stable.
            *slot = slot.clamp(-0.99, 0.99);
            prediction_gain *= 1.0 - *slot * *slot;
        }
        let rms = 22_827.0 / 2.0_f32.sqrt() * 10_f32.powf(dbm0 / 20.0);
        self.goal = rms * prediction_gain.sqrt();
        true
    }

    /// Fills `out`.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            self.gain += (self.goal - self.gain) / 256.0;
            self.random = mix(self.random);
            // Uniform between ±√3: a root mean square of 1.
            let white = (self.random >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
            let mut forward = white * 3.0_f32.sqrt() * self.gain;
            for stage in (0..self.order).rev() {
                let reflection = self.reflections[stage];
                forward -= reflection * self.state[stage];
                self.state[stage + 1] = self.state[stage] + reflection * forward;
            }
            self.state[0] = forward;
            *sample = forward.clamp(-32_768.0, 32_767.0).round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::level_dbm0;

    fn noise(payload: &[u8]) -> Vec<i16> {
        let mut pcm = vec![0; 16_000];
        ComfortNoise::read(payload).unwrap().fill(&mut pcm);
        pcm
    }

    /// Normalised correlation of neighbouring samples: near 1 for rumble, near −1 for hiss, 0 for white noise.
    fn colour(pcm: &[i16]) -> f32 {
        let power: f32 = pcm.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
        pcm.windows(2).map(|pair| f32::from(pair[0]) * f32::from(pair[1])).sum::<f32>() / power
    }

    #[test]
    fn the_level_is_the_stated_one() {
        for level in [30_u8, 40, 50, 60, 70] {
            for spectrum in [&[][..], &[60], &[200, 100], &[50, 180, 127, 130, 90]] {
                let payload: Vec<u8> = [level].iter().chain(spectrum).copied().collect();
                let heard = level_dbm0(&noise(&payload)[1000..]);
                let stated = OVERLOAD_DBM0 - f32::from(level);
                // At −64 dBm0 the noise is a few steps of 16 bit.
                assert!((heard - stated).abs() < 1.0, "{payload:?}: {heard} instead of {stated}");
            }
        }
    }

    #[test]
    fn the_spectrum_follows_the_coefficients() {
        assert!(colour(&noise(&[40])).abs() < 0.05);
        // k = −r(1)/r(0): below 127 the neighbours are alike.
        assert!((colour(&noise(&[40, 47])) - 0.63).abs() < 0.05, "{}", colour(&noise(&[40, 47])));
        assert!((colour(&noise(&[40, 207])) + 0.63).abs() < 0.05);
    }

    #[test]
    fn wild_packets_are_neither_loud_nor_unstable() {
        assert!(ComfortNoise::read(&[]).is_none());
        for payload in [&[0][..], &[0x80, 255, 0, 255, 0], &[255; 300], &[0; 40]] {
            assert!(level_dbm0(&noise(payload)) < -18.0, "{payload:?}");
        }
        let mut steady = ComfortNoise::read(&[50]).unwrap();
        assert!(!steady.update(&[]) && steady.update(&[70, 127]));
        let mut pcm = vec![0; 16_000];
        steady.fill(&mut pcm);
        assert!((level_dbm0(&pcm[8_000..]) + 63.8).abs() < 1.0);
    }
}
