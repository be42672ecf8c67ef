//! WAV files: reading prompts and operator voices, and the header that recordings carry.
//!
//! Reading accepts what people have (any rate, 8 to 32 bit or float, mono or stereo) and gives telephone
//! voice: mono, 16 bit, 8 kHz. Writing is always 16-bit PCM.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Sample rate of telephone voice in hertz.
pub const VOICE_RATE: u32 = 8_000;

/// Bytes of the header that [`header`] makes.
pub const HEADER_LEN: usize = 44;

/// Longest file that [`read_voice`] keeps in memory, in seconds.
pub const MAX_VOICE_SECONDS: u32 = 1_800;

/// Why a WAV file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The file is missing, unreadable or not WAV.
    #[error("cannot read WAV file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: hound::Error,
    },
    /// It is WAV, but longer than [`MAX_VOICE_SECONDS`], or its rate or channel count makes no sense.
    #[error("WAV file {} is not usable as voice: {rate} Hz, {channels} channels, {frames} frames", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Its sample rate in hertz.
        rate: u32,
        /// Its channel count.
        channels: u16,
        /// Its length in frames.
        frames: u32,
    },
}

/// Samples of a file as they are in it, mixed to mono.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mono {
    /// Hertz.
    pub rate: u32,
    /// 16-bit samples.
    pub samples: Vec<i16>,
}

/// Reads a WAV file as telephone voice: mono, 16 bit, [`VOICE_RATE`].
///
/// # Errors
/// [`WavError`] when the file cannot be read or is no voice.
pub fn read_voice(path: &Path) -> Result<Arc<[i16]>, WavError> {
    let mono = read_mono(path)?;
    Ok(resample(&mono.samples, mono.rate, VOICE_RATE).into())
}

/// Reads a WAV file at its own rate, all channels mixed to one.
///
/// # Errors
/// [`WavError`] when the file cannot be read or is no voice.
pub fn read_mono(path: &Path) -> Result<Mono, WavError> {
    let (rate, channels) = read_channels(path)?;
    let frames = channels.iter().map(Vec::len).min().unwrap_or(0);
    let count = channels.len().max(1) as i32;
    let samples = (0..frames)
        .map(|index| {
            let sum: i32 =
                channels.iter().map(|c| i32::from(c.get(index).copied().unwrap_or_default())).sum();
            (sum / count) as i16
        })
        .collect();
    Ok(Mono { rate, samples })
}

/// Reads a WAV file at its own rate, one vector of 16-bit samples per channel. A recording has the operator
/// in channel 0 and the callee in channel 1.
///
/// # Errors
/// [`WavError`] when the file cannot be read or is no voice.
pub fn read_channels(path: &Path) -> Result<(u32, Vec<Vec<i16>>), WavError> {
    let unreadable = |source| WavError::Unreadable { path: path.to_owned(), source };
    let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
    let spec = reader.spec();
    let frames = reader.duration();
    let seconds = frames.checked_div(spec.sample_rate);
    let usable = spec.channels > 0
        && spec.channels <= 8
        && (4_000..=192_000).contains(&spec.sample_rate)
        && seconds.is_some_and(|s| s <= MAX_VOICE_SECONDS);
    if !usable {
        return Err(WavError::Unusable {
            path: path.to_owned(),
            rate: spec.sample_rate,
            channels: spec.channels,
            frames,
        });
    }
    let count = usize::from(spec.channels);
    let mut channels = vec![Vec::with_capacity(frames as usize); count];
    let mut put = |index: usize, sample: i16| {
        if let Some(channel) = channels.get_mut(index % count) {
            channel.push(sample);
        }
    };
    match spec.sample_format {
        hound::SampleFormat::Float => {
            for (index, sample) in reader.samples::<f32>().enumerate() {
                put(index, (sample.map_err(unreadable)? * 32_767.0) as i16);
            }
        }
        hound::SampleFormat::Int => {
            let bits = spec.bits_per_sample;
            for (index, sample) in reader.samples::<i32>().enumerate() {
                let sample = sample.map_err(unreadable)?;
                let scaled = if bits >= 16 { sample >> (bits - 16) } else { sample << (16 - bits) };
                put(index, scaled.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16);
            }
        }
    }
    Ok((spec.sample_rate, channels))
}

/// The 44-byte header of a 16-bit PCM WAV file with `data_len` bytes of samples.
///
/// Lengths beyond the format's 4 GiB are written as its maximum, which readers take as "to the end of file".
pub fn header(channels: u16, rate: u32, data_len: u64) -> [u8; HEADER_LEN] {
    let data = u32::try_from(data_len).unwrap_or(u32::MAX);
    let frame = channels * 2;
    let mut bytes = [0; HEADER_LEN];
    let parts: [&[u8]; 13] = [
        b"RIFF",
        &data.saturating_add(HEADER_LEN as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(frame)).to_le_bytes(),
        &frame.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data.to_le_bytes(),
    ];
    for (slot, byte) in bytes.iter_mut().zip(parts.iter().flat_map(|part| part.iter())) {
        *slot = *byte;
    }
    bytes
}

/// Rate and channel count from a header made by [`header`], or `None` when it is something else.
pub fn parse_header(bytes: &[u8; HEADER_LEN]) -> Option<(u32, u16)> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let half = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
    let (channels, rate) = (half(22)?, word(24)?);
    let ours = bytes.starts_with(b"RIFF")
        && bytes.get(8..16)? == b"WAVEfmt "
        && bytes.get(36..40)? == b"data"
        && half(20)? == 1
        && half(34)? == 16
        && (1..=2).contains(&channels)
        && (4_000..=192_000).contains(&rate);
    ours.then_some((rate, channels))
}

/// Writes a mono 16-bit WAV file in one go. For prompts and fixtures; live files are the recorder's.
///
/// # Errors
/// Whatever the file system says.
pub fn write_mono(path: &Path, rate: u32, samples: &[i16]) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + samples.len() * 2);
    bytes.extend_from_slice(&header(1, rate, samples.len() as u64 * 2));
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(path, bytes)
}

/// Whole-file rate change by a Blackman-windowed sinc, cut at the lower of the two Nyquist frequencies.
/// Not for live voice: it sees the future.
fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || from == 0 || to == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from) / f64::from(to);
    let cutoff = (1.0 / step).min(1.0) * 0.95;
    let reach = (f64::from(SINC_ZEROS) / cutoff).ceil();
    let length = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from));
    (0..length)
        .map(|index| {
            let centre = index as f64 * step;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor().max(0.0) as usize).min(samples.len().saturating_sub(1));
            let sum: f64 = samples
                .get(first..=last)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(offset, sample)| {
                    let distance = (first + offset) as f64 - centre;
                    f64::from(*sample) * windowed_sinc(distance, cutoff, reach)
                })
                .sum();
            sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

fn windowed_sinc(distance: f64, cutoff: f64, reach: f64) -> f64 {
    use std::f64::consts::PI;
    let x = PI * distance * cutoff;
    let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
    let phase = PI * (distance / reach + 1.0);
    let window = 0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
    cutoff * sinc * window
}

/// Zero crossings of the sinc on each side; 16 keep aliases below −60 dB.
const SINC_ZEROS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hertz: f64, amplitude: f64, seconds: f64) -> Vec<i16> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|n| {
                let t = n as f64 / f64::from(rate);
                (amplitude * (2.0 * std::f64::consts::PI * hertz * t).sin()) as i16
            })
            .collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_header_round_trips_and_hound_agrees() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write_mono(&path, 8_000, &[1, -2, 3]).unwrap();
        assert_eq!(*read_voice(&path).unwrap(), [1, -2, 3]);
        assert_eq!(parse_header(&header(2, 16_000, 1_000)), Some((16_000, 2)));
        assert_eq!(parse_header(&[0; HEADER_LEN]), None);
    }

    #[test]
    fn other_rates_become_eight_kilohertz_without_alias_or_loss() {
        let folder = tempfile::tempdir().unwrap();
        for rate in [16_000, 22_050, 44_100, 48_000] {
            let path = folder.path().join("t.wav");
            write_mono(&path, rate, &tone(rate, 1_000.0, 8_000.0, 0.5)).unwrap();
            let voice = read_voice(&path).unwrap();
            assert!((voice.len() as i64 - 4_000).abs() <= 1, "{rate}: {} samples", voice.len());
            assert!((rms(&voice[400..3_600]) / (8_000.0 / 2f64.sqrt()) - 1.0).abs() < 0.02, "{rate}");
            // 7 kHz would fold to 1 kHz if nothing held it back.
            write_mono(&path, rate, &tone(rate, 7_000.0, 8_000.0, 0.5)).unwrap();
            assert!(rms(&read_voice(&path).unwrap()[400..3_600]) < 30.0, "{rate} aliases");
        }
    }

    #[test]
    fn what_is_no_wav_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no.wav");
        std::fs::write(&path, b"RIFFnope").unwrap();
        assert!(read_voice(&path).unwrap_err().to_string().contains("no.wav"));
        assert!(matches!(read_voice(&folder.path().join("gone")), Err(WavError::Unreadable { .. })));
    }
}
