//! What is done to an operator's voice before it is sent: echo cancellation, noise suppression, gain control.
//!
//! The work is that of `sonora`, WebRTC's audio processing (AEC3, NS, AGC2) in Rust; ADR 0004 says why, with figures.
//! It runs on the media worker, which feeds it what the ear piece plays and takes the microphone through it, in frames
//! of 10 ms. Nothing runs and nothing is held where nothing is switched on.

use sonora::config::{AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, NoiseSuppression};
use sonora::{AudioProcessing, Config, StreamConfig};

/// What is done to the operator's voice. Headsets do much of it themselves: nothing is on unless wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// What the microphone hears of the ear piece is taken out: for loudspeakers, and headsets that leak.
    pub echo: bool,
    /// Steady noise is made softer: ventilation, a humming line, a murmuring room.
    pub noise: bool,
    /// Soft voices are made louder, loud ones are kept from clipping.
    pub gain: bool,
}

impl Processing {
    /// Whether anything is done.
    pub fn is_on(self) -> bool {
        self.echo || self.noise || self.gain
    }
}

/// The processing of one seat.
#[derive(Default)]
pub struct Processor {
    processing: Processing,
    work: Option<Box<Work>>,
}

/// What is held while something is on and the rate is known.
struct Work {
    apm: AudioProcessing,
    rate: u32,
    /// Played samples that do not fill a frame yet.
    played: Vec<i16>,
    /// One frame that goes through.
    frame: Vec<i16>,
    out: Vec<i16>,
}

impl Processor {
    /// What is done.
    pub fn processing(&self) -> Processing {
        self.processing
    }

    /// Does something else from now on.
    pub fn set(&mut self, processing: Processing) {
        if processing != self.processing {
            self.processing = processing;
            self.work = None;
        }
    }

    /// Takes what goes to the ear piece, at `rate` hertz.
    pub fn played(&mut self, samples: &[i16], rate: u32) {
        if !self.processing.echo {
            return;
        }
        let Some(work) = self.work(rate) else { return };
        work.played.extend_from_slice(samples);
        let length = work.frame.len();
        let mut taken = 0;
        for frame in work.played.chunks_exact(length) {
            // What comes out is the same: nothing is done to what is heard.
            if let Err(error) = work.apm.process_render_i16(frame, &mut work.out) {
                tracing::debug!(?error, "echo reference refused");
            }
            taken += length;
        }
        work.played.drain(..taken);
    }

    /// Works on the operator's voice in place: whole frames of 10 ms at `rate` hertz, 8000, 16 000, 32 000 or 48 000.
    pub fn process(&mut self, voice: &mut [i16], rate: u32) {
        if !self.processing.is_on() {
            return;
        }
        let Some(work) = self.work(rate) else { return };
        for frame in voice.chunks_exact_mut(work.frame.len()) {
            work.frame.copy_from_slice(frame);
            match work.apm.process_capture_i16(&work.frame, frame) {
                Ok(()) => {}
                // The voice as it was is better than none.
                Err(error) => {
                    tracing::debug!(?error, "processing refused");
                    frame.copy_from_slice(&work.frame);
                }
            }
        }
    }

    fn work(&mut self, rate: u32) -> Option<&mut Work> {
        if !RATES.contains(&rate) {
            return None;
        }
        if self.work.as_ref().is_none_or(|work| work.rate != rate) {
            let Processing { echo, noise, gain } = self.processing;
            let config = Config {
                high_pass_filter: Some(HighPassFilter::default()),
                echo_canceller: echo.then(EchoCanceller::default),
                noise_suppression: noise.then(NoiseSuppression::default),
                gain_controller2: gain.then(|| GainController2 {
                    adaptive_digital: Some(AdaptiveDigital {
                        initial_gain_db: 0.0,
                        ..AdaptiveDigital::default()
                    }),
                    ..GainController2::default()
                }),
                ..Config::default()
            };
            let stream = StreamConfig::new(rate, 1);
            let apm = AudioProcessing::builder()
                .config(config)
                .capture_config(stream)
                .render_config(stream)
                .build();
            let frame = vec![0; rate as usize / 100];
            let out = frame.clone();
            self.work = Some(Box::new(Work { apm, rate, played: Vec::new(), frame, out }));
        }
        self.work.as_deref_mut()
    }
}

/// What the library takes in frames of 10 ms.
const RATES: [u32; 4] = [8_000, 16_000, 32_000, 48_000];

impl std::fmt::Debug for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processor").field("processing", &self.processing).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "processing_tests.rs"]
mod tests;
