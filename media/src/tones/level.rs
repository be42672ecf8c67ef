//! Levels in dBm0.
//!
//! The convention is that of G.711: the largest sine that the code can carry is +3.14 dBm0 (A-law; µ-law says
//! 3.17, and the difference is below anything measured here). So 0 dBm0 is a sine 3.14 dB below full scale.

/// Level of a full-scale sine.
#[expect(clippy::approx_constant, reason = "G.711's 3.14 dB, not a circle")]
pub const FULL_SCALE_DBM0: f32 = 3.14;

/// What silence is called: nothing measured is below it.
pub const SILENCE_DBM0: f32 = -90.0;

/// Mean square of a full-scale sine of 16-bit PCM.
const FULL_SCALE_POWER: f32 = 32_768.0 * 32_768.0 / 2.0;

/// Level of a signal with the given mean square, in 16-bit units squared.
pub fn dbm0_of_power(mean_square: f32) -> f32 {
    if mean_square <= 0.0 {
        return SILENCE_DBM0;
    }
    (10.0 * (mean_square / FULL_SCALE_POWER).log10() + FULL_SCALE_DBM0).max(SILENCE_DBM0)
}

/// Mean square of a signal with the given level.
pub fn power_of_dbm0(level: f32) -> f32 {
    FULL_SCALE_POWER * 10_f32.powf((level - FULL_SCALE_DBM0) / 10.0)
}

/// Level of some PCM; [`SILENCE_DBM0`] when it is empty.
pub fn level_dbm0(pcm: &[i16]) -> f32 {
    if pcm.is_empty() {
        return SILENCE_DBM0;
    }
    let sum: f64 = pcm.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    dbm0_of_power((sum / pcm.len() as f64) as f32)
}

/// Peak amplitude of a sine with the given level.
pub fn amplitude_of(level: f32) -> f32 {
    32_768.0 * 10_f32.powf((level - FULL_SCALE_DBM0) / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_dbm0_is_a_sine_of_22827() {
        assert!((amplitude_of(0.0) - 22_827.0).abs() < 2.0);
        let sine: Vec<i16> =
            (0..800).map(|n| (f64::from(amplitude_of(-10.0)) * (f64::from(n) * 0.7).sin()) as i16).collect();
        assert!((level_dbm0(&sine) + 10.0).abs() < 0.05);
        assert!((dbm0_of_power(power_of_dbm0(-23.0)) + 23.0).abs() < 0.001);
        assert_eq!(level_dbm0(&[]), SILENCE_DBM0);
        assert_eq!(level_dbm0(&[0; 80]), SILENCE_DBM0);
    }
}
