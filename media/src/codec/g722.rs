//! ITU-T G.722 at 64 kbit/s: 16 kHz PCM in two sub-bands, each ADPCM, two bits of a byte above, six below.
//!
//! Encoder and decoder share `Bands`: both run the same predictors on the same codes, which is what lets
//! [`Decoder::follow`] keep the decoder near the sender's while packets are missing.

/// Samples per byte.
pub const SAMPLES_PER_BYTE: usize = 2;

/// PCM to G.722.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    split: Split,
    bands: Bands,
}

impl Encoder {
    /// An encoder in the initial state of the Recommendation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes pairs of samples, as many as both slices have.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) {
        for (code, pair) in out.iter_mut().zip(pcm.chunks_exact(SAMPLES_PER_BYTE)) {
            let (low, high) = self.split.push(pair[0], pair[1]);
            *code = self.bands.encode(low, high);
        }
    }
}

/// G.722 to PCM.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    join: Join,
    bands: Bands,
    /// Splits what was played; see [`Decoder::follow`].
    played: Split,
}

impl Decoder {
    /// A decoder in the initial state of the Recommendation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes as many bytes as there is room for two samples each.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        for (&code, pair) in payload.iter().zip(out.chunks_exact_mut(SAMPLES_PER_BYTE)) {
            let (low, high) = self.bands.decode(code);
            let (first, second) = self.join.push(low, high);
            self.played.push(first, second);
            pair.copy_from_slice(&[first, second]);
        }
    }

    /// Takes made-up audio in the place of a lost packet: predictors and step sizes go on as the sender's probably
    /// did, so that the packet afterwards is not decoded with those of a time long past (as G.722 appendix IV does).
    pub fn follow(&mut self, made_up: &[i16]) {
        for pair in made_up.chunks_exact(SAMPLES_PER_BYTE) {
            let (low, high) = self.played.push(pair[0], pair[1]);
            self.bands.encode(low, high);
            self.join.push(low, high);
        }
    }
}

/// The quadrature mirror filter of both directions, every second coefficient; the other half is its mirror image.
const FILTER: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// The transmitting filter: two samples at 16 kHz to one of each band at 8 kHz.
#[derive(Clone, Debug, Default)]
struct Split([i32; 24]);

impl Split {
    fn push(&mut self, first: i16, second: i16) -> (i32, i32) {
        self.0.copy_within(2.., 0);
        self.0[22] = i32::from(first);
        self.0[23] = i32::from(second);
        let (even, odd) = filter(&self.0);
        ((even + odd) >> 14, (odd - even) >> 14)
    }
}

/// The receiving filter: one sample of each band to two at 16 kHz.
#[derive(Clone, Debug, Default)]
struct Join([i32; 24]);

impl Join {
    fn push(&mut self, low: i32, high: i32) -> (i16, i16) {
        self.0.copy_within(2.., 0);
        self.0[22] = low + high;
        self.0[23] = low - high;
        let (even, odd) = filter(&self.0);
        (saturate(odd >> 11) as i16, saturate(even >> 11) as i16)
    }
}

/// The sums over even and odd places.
fn filter(history: &[i32; 24]) -> (i32, i32) {
    let (mut even, mut odd) = (0, 0);
    for (pair, index) in history.chunks_exact(2).zip(0..12) {
        even += pair[0] * FILTER[index];
        odd += pair[1] * FILTER[11 - index];
    }
    (even, odd)
}

/// Both predictors, as encoder and decoder have them.
#[derive(Clone, Debug)]
struct Bands {
    low: Predictor,
    high: Predictor,
}

impl Default for Bands {
    fn default() -> Self {
        Self { low: Predictor::new(32), high: Predictor::new(8) }
    }
}

impl Bands {
    fn encode(&mut self, low: i32, high: i32) -> u8 {
        let error = saturate(low - self.low.signal);
        let magnitude = if error < 0 { !error } else { error };
        let level = (1..30).find(|&level| magnitude < (LOW_DECISION[level] * self.low.step) >> 12);
        let level = level.unwrap_or(30);
        let low_code = if error < 0 { LOW_NEGATIVE[level] } else { LOW_POSITIVE[level] };
        self.adapt_low(low_code >> 2);

        let error = saturate(high - self.high.signal);
        let magnitude = if error < 0 { !error } else { error };
        let is_outer = magnitude >= (564 * self.high.step) >> 12;
        let high_code = match (error < 0, is_outer) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.adapt_high(high_code);
        high_code << 6 | low_code
    }

    fn decode(&mut self, code: u8) -> (i32, i32) {
        let (low_code, high_code) = (code & 63, code >> 6);
        let difference = (self.low.step * LOW_OUTPUT_6[usize::from(low_code)]) >> 15;
        let low = (self.low.signal + difference).clamp(-16_384, 16_383);
        self.adapt_low(low_code >> 2);

        let difference = (self.high.step * HIGH_OUTPUT[usize::from(high_code)]) >> 15;
        let high = (self.high.signal + difference).clamp(-16_384, 16_383);
        self.adapt_high(high_code);
        (low, high)
    }

    /// The upper four bits of a low-band code drive its predictor.
    fn adapt_low(&mut self, code: u8) {
        let index = usize::from(code);
        let difference = (self.low.step * LOW_OUTPUT_4[index]) >> 15;
        self.low.scale(LOW_LOG[index], 18_432, 8);
        self.low.predict(difference);
    }

    fn adapt_high(&mut self, code: u8) {
        let index = usize::from(code);
        let difference = (self.high.step * HIGH_OUTPUT[index]) >> 15;
        self.high.scale(HIGH_LOG[index], 22_528, 10);
        self.high.predict(difference);
    }
}

/// Two poles, six zeros, and the adaptive step size of one band.
#[derive(Clone, Debug, Default)]
struct Predictor {
    /// The predicted signal, and its part from the zeros.
    signal: i32,
    zeros: i32,
    /// The last two reconstructed signals, newest first.
    reconstructed: [i32; 2],
    pole_weights: [i32; 2],
    /// The signs of the last two partial reconstructions.
    signs: [i32; 2],
    /// The last six quantised differences, newest first.
    differences: [i32; 6],
    zero_weights: [i32; 6],
    log_step: i32,
    step: i32,
}

impl Predictor {
    fn new(step: i32) -> Self {
        Self { step, ..Self::default() }
    }

    /// The next step size (blocks 3L and 3H).
    fn scale(&mut self, change: i32, limit: i32, shift: i32) {
        self.log_step = (((self.log_step * 127) >> 7) + change).clamp(0, limit);
        let mantissa = INVERSE_LOG[(self.log_step >> 6) as usize & 31];
        let shift = shift - (self.log_step >> 11);
        self.step = if shift < 0 { mantissa << -shift } else { mantissa >> shift } << 2;
    }

    /// The next prediction (blocks 4L and 4H).
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.signal + difference);
        let sign = saturate(self.zeros + difference) >> 15;
        let [last, before] = self.signs;

        // UPPOL2
        let [first, second] = self.pole_weights;
        let four = saturate(first << 2);
        let turned = if sign == last { -four } else { four }.min(32_767);
        let towards = if sign == before { 128 } else { -128 };
        let second = (towards + (turned >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        // UPPOL1
        let towards = if sign == last { 192 } else { -192 };
        let bound = saturate(15_360 - second);
        let first = saturate(towards + ((first * 32_640) >> 15)).clamp(-bound, bound);
        self.pole_weights = [first, second];
        // UPZERO
        let towards = if difference == 0 { 0 } else { 128 };
        for (weight, &old) in self.zero_weights.iter_mut().zip(&self.differences) {
            let change = if old >> 15 == difference >> 15 { towards } else { -towards };
            *weight = saturate(change + ((*weight * 32_640) >> 15));
        }
        // DELAYA
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.signs = [sign, last];
        // FILTEP, FILTEZ, PREDIC
        let part = |weight: i32, value: i32| (weight * saturate(value + value)) >> 15;
        let poles = saturate(part(first, self.reconstructed[0]) + part(second, self.reconstructed[1]));
        self.zeros =
            saturate(self.zero_weights.iter().zip(&self.differences).map(|(w, d)| part(*w, *d)).sum());
        self.signal = saturate(poles + self.zeros);
    }
}

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// Q6: decision levels of the low band, in units of the step size.
const LOW_DECISION: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
    1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// ILN and ILP: codes of the levels.
const LOW_NEGATIVE: [u8; 31] = [
    0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
    7, 6, 5, 4,
];
const LOW_POSITIVE: [u8; 31] = [
    0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37,
    36, 35, 34, 33, 32,
];
/// QM6: what the six bits of the low band stand for.
const LOW_OUTPUT_6: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232,
    -9_360, -8_576, -7_856, -7_192, -6_576, -6_000, -5_456, -4_944, -4_464, -4_008, -3_576, -3_168, -2_776,
    -2_400, -2_032, -1_688, -1_360, -1_040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280,
    11_192, 10_232, 9_360, 8_576, 7_856, 7_192, 6_576, 6_000, 5_456, 4_944, 4_464, 4_008, 3_576, 3_168,
    2_776, 2_400, 2_032, 1_688, 1_360, 1_040, 728, 432, 136, -432, -136,
];
/// QM4: what the upper four of them stand for.
const LOW_OUTPUT_4: [i32; 16] = [
    0, -20_456, -12_896, -8_968, -6_288, -4_240, -2_584, -1_200, 20_456, 12_896, 8_968, 6_288, 4_240, 2_584,
    1_200, 0,
];
/// WL by RL42: change of the logarithm of the step size.
const LOW_LOG: [i32; 16] =
    [-60, 3_042, 1_198, 538, 334, 172, 58, -30, 3_042, 1_198, 538, 334, 172, 58, -30, -60];
/// QM2 and WH by RH2: the same for the high band.
const HIGH_OUTPUT: [i32; 4] = [-7_408, -1_616, 7_408, 1_616];
const HIGH_LOG: [i32; 4] = [798, -214, 798, -214];
/// ILB: 2048 · 2^(n/32).
const INVERSE_LOG: [i32; 32] = [
    2_048, 2_093, 2_139, 2_186, 2_233, 2_282, 2_332, 2_383, 2_435, 2_489, 2_543, 2_599, 2_656, 2_714, 2_774,
    2_834, 2_896, 2_960, 3_025, 3_091, 3_158, 3_228, 3_298, 3_371, 3_444, 3_520, 3_597, 3_676, 3_756, 3_838,
    3_922, 4_008,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec, level_dbm0};

    /// Noise, a triangle of changing frequency, full-scale squares and near silence, in integers alone.
    fn signal(samples: usize) -> Vec<i16> {
        let (mut state, mut phase) = (1_u32, 0_usize);
        (0..samples)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 16) as i32 - 32_768;
                let value = match n / 1600 % 4 {
                    0 => noise >> 2,
                    1 => {
                        phase = (phase + n * 7 % 9973) & 0xFFFF;
                        (phase as i32 - 32_768).abs() * 2 - 32_768
                    }
                    2 if n / 20 % 2 == 1 => 32_767,
                    2 => -32_768,
                    _ => noise >> 9,
                };
                saturate(value) as i16
            })
            .collect()
    }

    fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
        bytes.fold(0xCBF2_9CE4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
    }

    /// What spandsp 0.0.6 makes of the same input. The decoder is given half the level: at the full one spandsp's output
    /// wraps around, where the Recommendation limits it.
    #[test]
    fn every_bit_is_that_of_another_implementation() {
        let mut pcm = signal(16_000);
        let mut coded = vec![0; 8_000];
        Encoder::new().encode(&pcm, &mut coded);
        assert_eq!(coded[..8], [0x34, 0x8A, 0x20, 0x84, 0x20, 0x84, 0x1F, 0x88]);
        assert_eq!(fnv(coded.iter().copied()), 0x792F_6FFA_86B0_B523);
        pcm.iter_mut().for_each(|sample| *sample >>= 1);
        Encoder::new().encode(&pcm, &mut coded);
        assert_eq!(fnv(coded.iter().copied()), 0x93A7_2B63_F30F_0652);
        let mut heard = vec![0; 16_000];
        Decoder::new().decode(&coded, &mut heard);
        assert_eq!(fnv(heard.iter().flat_map(|sample| sample.to_le_bytes())), 0x0A32_C2AC_E406_F9A2);
    }

    #[test]
    fn codes_that_no_encoder_makes_are_limited() {
        let mut state = 7_u32;
        let garbage: Vec<u8> = (0..8_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let mut heard = vec![0; 16_000];
        Decoder::new().decode(&garbage, &mut heard);
        assert!(heard.contains(&i16::MAX) && heard.contains(&i16::MIN));
        // A payload of odd length and room that does not fit.
        Decoder::new().decode(&garbage[..7], &mut heard[..5]);
        Encoder::new().encode(&heard[..5], &mut [0; 9]);
    }

    #[test]
    fn both_bands_keep_their_level() {
        for hz in [300.0, 1000.0, 3000.0, 5000.0, 6800.0] {
            let mut pcm = vec![0; 16_000];
            ToneSource::new(ToneSpec::sine(hz, -15.0), 16_000).fill(&mut pcm);
            let (mut coded, mut heard) = (vec![0; 8_000], vec![0; 16_000]);
            Encoder::new().encode(&pcm, &mut coded);
            Decoder::new().decode(&coded, &mut heard);
            let level = level_dbm0(&heard[4_000..]);
            assert!((level + 15.0).abs() < 0.5, "{hz} Hz: {level}");
        }
    }

    /// Voice that swells right after the loss: the decoder that stood still meanwhile is off for longer.
    #[test]
    fn a_decoder_that_followed_the_loss_recovers_better() {
        let voice: Vec<i16> = (0..16_000)
            .map(|n| {
                let time = f64::from(n) / 16_000.0;
                let swell = 0.5 - 0.5 * (time * 18.0).cos();
                let sum: f64 = (1..20)
                    .map(|k| (time * std::f64::consts::TAU * 130.0 * f64::from(k)).sin() / f64::from(k))
                    .sum();
                (sum * swell * 6_000.0) as i16
            })
            .collect();
        let mut coded = vec![0; 8_000];
        Encoder::new().encode(&voice, &mut coded);
        let heard = |lost: Option<(usize, bool)>| {
            let (mut decoder, mut out) = (Decoder::new(), vec![0; 16_000]);
            for (index, packet) in coded.chunks(160).enumerate() {
                let pcm = &mut out[index * 320..(index + 1) * 320];
                match lost {
                    Some((at, follow)) if at == index => {
                        if follow {
                            // As good as concealment can be: what was said.
                            decoder.follow(&voice[index * 320..(index + 1) * 320]);
                        }
                    }
                    _ => decoder.decode(packet, pcm),
                }
            }
            out
        };
        let clean = heard(None);
        let mut sums = [0.0_f64; 2];
        for at in (5..45).step_by(3) {
            for follow in [false, true] {
                let start = (at + 1) * 320;
                let other = heard(Some((at, follow)));
                sums[usize::from(follow)] += clean[start..start + 960]
                    .iter()
                    .zip(&other[start..start + 960])
                    .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                    .sum::<f64>();
            }
        }
        assert!(sums[1] < sums[0] * 0.7, "followed {:.0}, stood still {:.0}", sums[1], sums[0]);
    }
}
