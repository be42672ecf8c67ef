//! Sound as a measurement: WAV and G.711 files made and read by code of their own, apart from the daemon's.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

/// Samples of one channel.
#[derive(Clone, Debug, Default)]
pub struct Sound {
    /// Samples per second.
    pub rate: u32,
    /// 16-bit linear samples.
    pub samples: Vec<i16>,
}

impl Sound {
    /// A sine of `hertz` at `dbfs` (0 dBFS is a full-scale sine).
    pub fn tone(rate: u32, hertz: f64, dbfs: f64, length: Duration) -> Self {
        let peak = 10_f64.powf(dbfs / 20.0) * f64::from(i16::MAX);
        let count = (length.as_secs_f64() * f64::from(rate)).round() as usize;
        let step = TAU * hertz / f64::from(rate);
        let samples = (0..count).map(|n| (peak * (step * n as f64).sin()).round() as i16).collect();
        Self { rate, samples }
    }

    /// Silence.
    pub fn silence(rate: u32, length: Duration) -> Self {
        Self { rate, samples: vec![0; (length.as_secs_f64() * f64::from(rate)).round() as usize] }
    }

    /// This, then `other`.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        assert_eq!(self.rate, other.rate, "sounds of one rate are joined");
        self.samples.extend_from_slice(&other.samples);
        self
    }

    /// One channel of a 16-bit WAV file, 0 being the left one. A file still being written yields what is there.
    ///
    /// # Errors
    /// When the file is no 16-bit WAV with that channel.
    pub fn read(path: &Path, channel: u16) -> Result<Self, hound::Error> {
        let mut reader = hound::WavReader::open(path)?;
        let spec = reader.spec();
        if spec.bits_per_sample != 16 || channel >= spec.channels {
            return Err(hound::Error::Unsupported);
        }
        let samples = reader.samples::<i16>().map_while(Result::ok);
        let samples = samples.skip(channel.into()).step_by(spec.channels.into()).collect();
        Ok(Self { rate: spec.sample_rate, samples })
    }

    /// Headerless little-endian 16-bit mono, as `parec --raw` writes it.
    pub fn from_raw(rate: u32, bytes: &[u8]) -> Self {
        Self { rate, samples: bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect() }
    }

    /// Writes a mono 16-bit WAV file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), hound::Error> {
        let sample_format = hound::SampleFormat::Int;
        let spec = hound::WavSpec { channels: 1, sample_rate: self.rate, bits_per_sample: 16, sample_format };
        let mut writer = hound::WavWriter::create(path, spec)?;
        for &sample in &self.samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    }

    /// The samples as headerless G.711 µ-law bytes, what sipp streams. The rate must be 8 kHz.
    pub fn to_ulaw(&self) -> Vec<u8> {
        assert_eq!(self.rate, 8_000, "G.711 is 8 kHz");
        self.samples.iter().map(|&sample| ulaw(sample)).collect()
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }

    /// A stretch of it, cut short at its end.
    #[must_use]
    pub fn slice(&self, from: Duration, length: Duration) -> Self {
        let at =
            |time: Duration| ((time.as_secs_f64() * f64::from(self.rate)) as usize).min(self.samples.len());
        Self { rate: self.rate, samples: self.samples[at(from)..at(from + length)].to_vec() }
    }

    /// Root mean square level in dBFS, where a full-scale sine is 0; −120 for silence.
    pub fn level(&self) -> f64 {
        let square: f64 = self.samples.iter().map(|&s| f64::from(s).powi(2)).sum();
        dbfs((2.0 * square / self.samples.len().max(1) as f64).sqrt())
    }

    /// Level of one frequency in dBFS (Goertzel over the whole length).
    pub fn level_at(&self, hertz: f64) -> f64 {
        let coefficient = 2.0 * (TAU * hertz / f64::from(self.rate)).cos();
        let (mut one, mut two) = (0.0_f64, 0.0_f64);
        for &sample in &self.samples {
            (one, two) = (f64::from(sample) + coefficient * one - two, one);
        }
        let power = (one * one + two * two - coefficient * one * two).max(0.0);
        dbfs(2.0 * power.sqrt() / self.samples.len().max(1) as f64)
    }

    /// The strongest frequency in Hz between 50 Hz and just under half the rate (at most 4 kHz), to about 1 Hz.
    pub fn frequency(&self) -> f64 {
        let window = self.slice(Duration::ZERO, Duration::from_millis(500));
        let top = (f64::from(self.rate) / 2.0 - 50.0).min(4_000.0);
        let strongest = |from: f64, to: f64, step: f64| {
            let count = ((to - from) / step) as usize;
            let bins = (0..=count).map(|n| from + step * n as f64);
            bins.map(|hertz| (hertz, window.level_at(hertz)))
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .map_or(0.0, |b| b.0)
        };
        // Half a second resolves 2 Hz: a comb of 2 Hz cannot step over a peak.
        let near = strongest(50.0, top, 2.0);
        strongest(near - 2.0, near + 2.0, 0.25)
    }

    /// The loudest stretch of `length`, looked for in steps of a quarter of it: finds the talk in a long recording.
    #[must_use]
    pub fn loudest(&self, length: Duration) -> Self {
        let mut best = self.slice(Duration::ZERO, length);
        let mut from = length / 4;
        while from + length <= self.length() {
            let candidate = self.slice(from, length);
            if candidate.level() > best.level() {
                best = candidate;
            }
            from += length / 4;
        }
        best
    }

    /// The time of the first 20 ms frame whose level at `hertz` is above `floor` dBFS.
    pub fn onset(&self, hertz: f64, floor: f64) -> Option<Duration> {
        let frame = Duration::from_millis(20);
        let frames = (self.length().as_millis() / 20) as u32;
        (0..frames).map(|n| frame * n).find(|&from| self.slice(from, frame).level_at(hertz) > floor)
    }
}

fn dbfs(peak: f64) -> f64 {
    20.0 * (peak / f64::from(i16::MAX)).max(1e-6).log10()
}

/// ITU-T G.711 µ-law encoding of one sample.
fn ulaw(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + BIAS;
    let exponent = (24 - (magnitude as u32).leading_zeros()) as i32; // segment 0 holds magnitudes below 256
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_measures_as_what_it_is() {
        let tone = Sound::tone(48_000, 441.0, -12.0, Duration::from_secs(1));
        assert!((tone.frequency() - 441.0).abs() < 1.0, "{}", tone.frequency());
        assert!((tone.level() + 12.0).abs() < 0.1, "{}", tone.level());
        assert!((tone.level_at(441.0) + 12.0).abs() < 0.1);
        assert!(tone.level_at(1_000.0) < -50.0);
        assert!(Sound::silence(8_000, Duration::from_secs(1)).level() < -100.0);
    }

    #[test]
    fn wav_files_round_trip() {
        let path = tempfile::tempdir().unwrap();
        let path = path.path().join("tone.wav");
        let tone = Sound::tone(8_000, 1_000.0, -6.0, Duration::from_millis(300));
        tone.write(&path).unwrap();
        assert_eq!(Sound::read(&path, 0).unwrap().samples, tone.samples);
        assert!(Sound::read(&path, 1).is_err());
    }

    #[test]
    fn ulaw_matches_the_reference_points() {
        // ITU-T G.711 table 2: 0 is 0xFF, the largest magnitudes are 0x80 and 0x00.
        assert_eq!([0, -1, i16::MAX, i16::MIN].map(ulaw), [0xFF, 0x7F, 0x80, 0x00]);
        assert_eq!(ulaw(8_031 * 4 - 1), 0x80);
        assert_eq!([ulaw(1_000), ulaw(-1_000)], [0xCE, 0x4E]);
    }

    #[test]
    fn talk_is_found_in_a_recording() {
        let quiet = Sound::silence(8_000, Duration::from_secs(1));
        let tone = Sound::tone(8_000, 440.0, -20.0, Duration::from_secs(1));
        let whole = quiet.clone().then(&tone).then(&quiet);
        assert!((whole.loudest(Duration::from_millis(500)).level() + 20.0).abs() < 0.2);
        let onset = whole.onset(440.0, -30.0).unwrap();
        assert!((980..=1_020).contains(&onset.as_millis()), "{onset:?}");
    }
}
