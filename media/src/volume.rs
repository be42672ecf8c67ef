//! How loud a seat speaks, hears and rings.

/// Volumes of a seat in percent of the amplitude: 50 is 6 dB softer, 200 is 6 dB louder. What an ear hears is never made
/// louder, or the acoustic-shock limiter's promise would not hold; the headset and the sound server have volumes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The operator's voice, 0 to 200.
    pub capture: u16,
    /// What the operator hears of calls, 0 to 100.
    pub playback: u16,
    /// The ring, 0 to 100.
    pub ring: u16,
}

impl Volume {
    /// The loudest for the operator's voice.
    pub const MAX_CAPTURE: u16 = 200;
    /// The loudest for ears.
    pub const MAX_HEARD: u16 = 100;
}

impl Default for Volume {
    fn default() -> Self {
        Self { capture: 100, playback: 100, ring: 100 }
    }
}

/// Makes samples so many percent as loud.
pub(crate) fn scale(samples: &mut [i16], percent: u16) {
    if percent == 100 {
        return;
    }
    let percent = i32::from(percent.min(Volume::MAX_CAPTURE));
    for sample in samples {
        let louder = i32::from(*sample) * percent / 100;
        *sample = louder.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec, level_dbm0};

    #[test]
    fn half_is_6_db_softer_and_twice_6_db_louder() {
        for (percent, expected) in [(100, -20.0), (50, -26.0), (200, -14.0), (25, -32.0)] {
            let mut pcm = vec![0; 8_000];
            ToneSource::new(ToneSpec::sine(440.0, -20.0), 8_000).fill(&mut pcm);
            scale(&mut pcm, percent);
            let level = level_dbm0(&pcm);
            assert!((level - expected).abs() < 0.3, "{percent} %: {level} dBm0");
        }
        let mut loud = [30_000, -30_000, 1];
        scale(&mut loud, 200);
        assert_eq!(loud, [i16::MAX, i16::MIN, 2]);
        scale(&mut loud, 0);
        assert_eq!(loud, [0; 3]);
    }
}
