//! espeak-ng speaks.

use std::path::PathBuf;
use std::process::Command;

use media::resample::Resampler;

use crate::process;
use crate::wav::Sound;

/// Speaks a text at `rate` hertz: `voice` as `ja+f2`, `speed` in words a minute.
///
/// # Panics
/// When espeak-ng is missing or does not speak.
pub fn speak(voice: &str, speed: &str, text: &str, rate: u32) -> Sound {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let file = folder.path().join("speech.wav");
    process::output_of(Command::new(program()).args(["-v", voice, "-s", speed, "-w"]).arg(&file).arg(text));
    let mut reader = hound::WavReader::open(&file).unwrap_or_else(|error| panic!("espeak-ng: {error}"));
    let spoken = reader.spec().sample_rate;
    let samples: Vec<i16> = reader.samples().map(|sample| sample.unwrap_or_default()).collect();
    let mut resampler = Resampler::new(spoken, rate);
    let mut out = vec![0; resampler.max_output(samples.len())];
    let count = resampler.process(&samples, &mut out);
    out.truncate(count);
    Sound { rate, samples: out }
}

/// The program.
///
/// # Panics
/// When it is missing.
pub fn program() -> PathBuf {
    process::program("espeak-ng", "espeak-ng")
}
