//! What a trial of a headset tells: how long sound takes from the ear piece to the microphone, how loud voice and noise
//! are, and what to do about it. No I/O: whoever tries the devices plays and records.

use std::time::Duration;

use crate::tones::level_dbm0;

/// Samples per second of everything here.
pub const RATE: u32 = 8_000;

/// What is played to measure the latency: a sweep from 400 to 3000 Hz in 100 ms, faded in and out, at −12 dBm0. Nothing
/// that a room or a voice makes by itself looks like it.
pub fn sweep() -> Vec<i16> {
    let length = RATE / 10;
    let mut phase = 0.0f32;
    (0..length)
        .map(|at| {
            let share = at as f32 / length as f32;
            phase += std::f32::consts::TAU * (400.0 + 2_600.0 * share) / RATE as f32;
            let fade = (share * std::f32::consts::PI).sin().sqrt();
            (phase.sin() * fade * SWEEP_PEAK) as i16
        })
        .collect()
}

/// Where the sweep stands in what was recorded since it was played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// From playing to recording.
    pub latency: Duration,
    /// How much softer it came back, in decibels.
    pub leak_db: f32,
}

/// Looks for the sweep; `None` where it is not heard, as with a headset that keeps tight.
pub fn find(recorded: &[i16]) -> Option<Found> {
    let sweep = sweep();
    let energy = |pcm: &[i16]| pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    let own = energy(&sweep);
    let (mut best, mut at, mut gain) = (0.0, 0, 0.0);
    for (start, window) in recorded.windows(sweep.len()).enumerate() {
        let product: f64 = window.iter().zip(&sweep).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let there = energy(window);
        // The echo may be upside down. A window of nearly nothing looks like anything.
        let likeness =
            if there > QUIET * sweep.len() as f64 { product.abs() / (there * own).sqrt() } else { 0.0 };
        if likeness > best {
            (best, at, gain) = (likeness, start, product.abs() / own);
        }
    }
    (best >= ALIKE).then(|| Found {
        latency: Duration::from_micros(at as u64 * 1_000_000 / u64::from(RATE)),
        leak_db: (-20.0 * gain.log10()) as f32,
    })
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// The microphone while nobody speaks, dBm0.
    pub noise_dbm0: f32,
    /// The voice: its louder parts, dBm0. `None` where nobody was asked to speak.
    pub voice_dbm0: Option<f32>,
    /// The largest sample of the voice in percent of full scale.
    pub peak_percent: f32,
    /// The sweep, where it was heard.
    pub found: Option<Found>,
}

/// What to tell whoever tries a headset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The microphone delivers nothing but zeros: switched off, or another device.
    Dead,
    /// The voice is not louder than the room: nobody spoke, or the microphone is far away.
    NoVoice,
    /// The voice is soft.
    Soft,
    /// The voice is clipped.
    Clipped,
    /// The room, or the microphone, is noisy.
    Noisy,
    /// The microphone hears the ear piece: callees would hear themselves.
    Echo,
    /// The way through the devices takes long.
    Slow,
}

/// Judges what was measured; empty: all is well.
pub fn judge(measured: &Measured) -> Vec<Finding> {
    let Measured { noise_dbm0, voice_dbm0, peak_percent, found } = *measured;
    let mut findings = Vec::new();
    let silent = noise_dbm0 <= DEAD && voice_dbm0.is_none_or(|voice| voice <= DEAD);
    // What heard the sweep lives.
    if silent && found.is_none() {
        findings.push(Finding::Dead);
    } else if let Some(voice) = voice_dbm0 {
        if voice < noise_dbm0 + 10.0 {
            findings.push(Finding::NoVoice);
        } else if voice < SOFT {
            findings.push(Finding::Soft);
        }
    }
    if peak_percent >= CLIPPED {
        findings.push(Finding::Clipped);
    }
    if noise_dbm0 > NOISY {
        findings.push(Finding::Noisy);
    }
    if found.is_some_and(|found| found.leak_db < LEAK) {
        findings.push(Finding::Echo);
    }
    if found.is_some_and(|found| found.latency > SLOW) {
        findings.push(Finding::Slow);
    }
    findings
}

/// Level of the louder parts of a voice: the tenth of its blocks of 20 ms that are the loudest, without the very loudest.
pub fn voice_level(pcm: &[i16]) -> f32 {
    let mut levels: Vec<f32> = pcm.chunks_exact(RATE as usize / 50).map(level_dbm0).collect();
    levels.sort_by(|a, b| b.total_cmp(a));
    levels.get(levels.len() / 10).copied().unwrap_or(crate::tones::SILENCE_DBM0)
}

/// −12 dBm0.
const SWEEP_PEAK: f32 = 5_732.0;
/// Likeness from which it is the sweep; noise alone reaches 0.15.
const ALIKE: f64 = 0.4;
/// Mean square below which a microphone is called silent.
const QUIET: f64 = 4.0;
const DEAD: f32 = -85.0;
const SOFT: f32 = -32.0;
const NOISY: f32 = -45.0;
const CLIPPED: f32 = 99.0;
/// Decibels between ear piece and microphone; ITU-T P.340 wants 40 of a handset at least.
const LEAK: f32 = 25.0;
const SLOW: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, peak: f32) -> Vec<i16> {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * peak
        };
        (0..length).map(|_| next() as i16).collect()
    }

    #[test]
    fn the_sweep_is_found_in_noise_soft_and_upside_down() {
        for (gain, delay) in [(1.0, 0), (0.1, 400), (-0.03, 1_234)] {
            let mut recorded = noise(6_000, 60.0);
            for (at, sample) in sweep().into_iter().enumerate() {
                recorded[delay + at] += (f32::from(sample) * gain) as i16;
            }
            let found = find(&recorded).unwrap();
            assert_eq!(found.latency, Duration::from_micros(delay as u64 * 125), "{gain}");
            let expected = -20.0 * gain.abs().log10();
            assert!((found.leak_db - expected).abs() < 1.5, "{} instead of {expected}", found.leak_db);
        }
    }

    #[test]
    fn without_the_sweep_nothing_is_found() {
        assert_eq!(find(&noise(8_000, 3_000.0)), None);
        assert_eq!(find(&[0; 8_000]), None);
        assert_eq!(find(&[1, 2, 3]), None);
    }

    #[test]
    fn advice_fits_what_was_measured() {
        let good = Measured { noise_dbm0: -62.0, voice_dbm0: Some(-20.0), peak_percent: 40.0, found: None };
        assert_eq!(judge(&good), []);
        let found = |latency_ms, leak_db| Some(Found { latency: Duration::from_millis(latency_ms), leak_db });
        for (measured, expected) in [
            (Measured { noise_dbm0: -90.0, voice_dbm0: Some(-90.0), ..good }, vec![Finding::Dead]),
            (Measured { voice_dbm0: Some(-60.0), ..good }, vec![Finding::NoVoice]),
            (Measured { noise_dbm0: -90.0, voice_dbm0: None, found: found(40, 50.0), ..good }, vec![]),
            (Measured { voice_dbm0: Some(-38.0), ..good }, vec![Finding::Soft]),
            (Measured { peak_percent: 100.0, ..good }, vec![Finding::Clipped]),
            (Measured { noise_dbm0: -40.0, ..good }, vec![Finding::Noisy]),
            (Measured { found: found(60, 12.0), ..good }, vec![Finding::Echo]),
            (Measured { found: found(60, 45.0), ..good }, vec![]),
            (
                Measured { found: found(220, 5.0), voice_dbm0: None, ..good },
                vec![Finding::Echo, Finding::Slow],
            ),
        ] {
            assert_eq!(judge(&measured), expected, "{measured:?}");
        }
    }

    #[test]
    fn the_level_of_a_voice_is_that_of_its_louder_parts() {
        let mut pcm = vec![0; 8_000];
        crate::tones::ToneSource::new(crate::tones::ToneSpec::sine(300.0, -18.0), RATE)
            .fill(&mut pcm[..2_000]);
        assert!((voice_level(&pcm) + 18.0).abs() < 0.5, "{}", voice_level(&pcm));
        assert!(voice_level(&[]) <= -90.0);
    }
}
