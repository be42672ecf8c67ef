//! All detectors of a received voice behind one door: PCM in, [`Detected`] out.
//!
//! ```text
//!  8 kHz PCM ─> high pass ─> blocks of 10 ms ─┬─> call progress (always)
//!                                             └─> FAX, beep, speech (after the answer)
//! ```

use std::collections::VecDeque;

use super::beep::BeepDetector;
use super::cadence::CadenceDetector;
use super::fax::{AnswerToneDetector, CallingToneDetector};
use super::goertzel::{BLOCK, Bank, Phasor, Tonality, share, tonality};
use super::level::dbm0_of_power;
use super::speech::SpeechDetector;
use super::v21::V21Detector;
use crate::types::{CallProgress, FaxSignal};

/// Rate in Hz that the detectors work at.
pub const DETECTOR_RATE: u32 = 8_000;

/// Milliseconds of a block.
pub const BLOCK_MS: u32 = 10;

/// Below this level in dBm0 nobody asks whether a block is a tone: neither beep, modem nor speech is that quiet.
const SILENT: f32 = -46.0;

/// Results that may wait; there are a few per call.
const MAX_WAITING: usize = 16;

/// Something that was heard. Times are those given to [`Detectors::feed`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detected {
    /// A call-progress tone.
    CallProgress {
        /// Which.
        tone: CallProgress,
        /// Whether the call was not answered.
        early: bool,
    },
    /// A FAX or modem signal.
    Fax {
        /// Which.
        signal: FaxSignal,
        /// Its start.
        at_ms: u32,
        /// Its level.
        level_dbm0: f32,
    },
    /// A beep after speech.
    Beep {
        /// Its start.
        at_ms: u32,
    },
    /// Speech began.
    SpeechStarted {
        /// Its start.
        at_ms: u32,
    },
    /// Speech ended.
    SpeechEnded {
        /// Its end.
        at_ms: u32,
        /// Its length.
        ms: u32,
    },
}

/// What every detector is told of 10 ms of audio.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Level of everything.
    pub level_dbm0: f32,
    /// Correlations at 400, 1100 and 2100 Hz.
    pub tone_400: Tone,
    /// See `tone_400`.
    pub tone_1100: Tone,
    /// See `tone_400`.
    pub tone_2100: Tone,
    /// The strongest sine of any frequency.
    pub tonality: Tonality,
    /// End of the block.
    pub end_ms: u32,
}

/// One known frequency in a block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tone {
    /// Size and phase.
    pub phasor: Phasor,
    /// Share of the block's power.
    pub share: f32,
}

impl Tone {
    /// Level of the tone alone.
    pub fn level_dbm0(&self) -> f32 {
        dbm0_of_power(self.phasor.power() * 2.0 / (BLOCK * BLOCK) as f32)
    }
}

/// The detectors of one session. Never allocates after it is made.
#[derive(Debug)]
pub struct Detectors {
    high_pass: HighPass,
    samples: [f32; BLOCK],
    filled: usize,
    now_ms: u32,
    answered: bool,
    bank: Bank,
    cadence: CadenceDetector,
    answer_tone: AnswerToneDetector,
    calling_tone: CallingToneDetector,
    v21: V21Detector,
    beep: BeepDetector,
    speech: SpeechDetector,
    waiting: VecDeque<Detected>,
}

impl Detectors {
    /// Detectors for a call that is not answered yet.
    pub fn new() -> Self {
        Self {
            high_pass: HighPass::default(),
            samples: [0.0; BLOCK],
            filled: 0,
            now_ms: 0,
            answered: false,
            bank: Bank::new([400.0, 1100.0, 2100.0], DETECTOR_RATE as f32),
            cadence: CadenceDetector::new(),
            answer_tone: AnswerToneDetector::new(),
            calling_tone: CallingToneDetector::new(),
            v21: V21Detector::new(),
            beep: BeepDetector::new(),
            speech: SpeechDetector::new(),
            waiting: VecDeque::with_capacity(MAX_WAITING),
        }
    }

    /// The call was answered: what was half heard before does not count any more.
    pub fn answered(&mut self) {
        self.answered = true;
        self.pause();
    }

    /// What was half heard does not go on, since there was a hold in between.
    pub fn pause(&mut self) {
        self.cadence.restart();
        self.answer_tone.restart();
        self.calling_tone.restart();
        self.v21.restart();
        self.beep.restart();
        self.filled = 0;
    }

    /// Takes audio at 8 kHz; `at_ms` is when it is heard.
    pub fn feed(&mut self, at_ms: u32, pcm: &[i16]) {
        // The clock of the detectors counts samples; the caller's clock corrects it when they part.
        if at_ms.abs_diff(self.now_ms) > 100 {
            self.now_ms = at_ms;
        }
        let mut rest = pcm;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(BLOCK - self.filled));
            rest = later;
            let mut high_pass = self.high_pass;
            for (slot, &sample) in self.samples[self.filled..].iter_mut().zip(piece) {
                *slot = high_pass.filter(f32::from(sample));
            }
            self.high_pass = high_pass;
            self.filled += piece.len();
            if self.filled == BLOCK {
                self.filled = 0;
                self.now_ms = self.now_ms.wrapping_add(BLOCK_MS);
                self.block();
            }
        }
    }

    /// The next thing heard.
    pub fn poll(&mut self) -> Option<Detected> {
        self.waiting.pop_front()
    }

    fn block(&mut self) {
        let energy: f32 = self.samples.iter().map(|sample| sample * sample).sum();
        let [tone_400, tone_1100, tone_2100] = self
            .bank
            .correlate(&self.samples)
            .map(|phasor| Tone { phasor, share: share(phasor, energy, BLOCK) });
        let level_dbm0 = dbm0_of_power(energy / BLOCK as f32);
        let block = Block {
            level_dbm0,
            tone_400,
            tone_1100,
            tone_2100,
            tonality: if self.answered && level_dbm0 > SILENT {
                tonality(&self.samples)
            } else {
                Tonality::default()
            },
            end_ms: self.now_ms,
        };
        if self.answered && level_dbm0 > SILENT {
            self.v21.samples(&self.samples);
        } else {
            self.v21.silence();
        }
        let early = !self.answered;
        if let Some(tone) = self.cadence.block(&block, early) {
            self.emit(Detected::CallProgress { tone, early });
        }
        if early {
            return;
        }
        if let Some((signal, at_ms, level_dbm0)) = self.answer_tone.block(&block) {
            self.emit(Detected::Fax { signal, at_ms, level_dbm0 });
        }
        if let Some((at_ms, level_dbm0)) = self.calling_tone.block(&block) {
            self.emit(Detected::Fax { signal: FaxSignal::Cng, at_ms, level_dbm0 });
        }
        if let Some((at_ms, level_dbm0)) = self.v21.block(&block) {
            self.emit(Detected::Fax { signal: FaxSignal::V21, at_ms, level_dbm0 });
        }
        let speech = self.speech.block(&block, self.v21.in_band_share());
        if let Some(detected) = speech {
            self.emit(detected);
        }
        if let Some(at_ms) = self.beep.block(&block, self.speech.has_spoken()) {
            self.emit(Detected::Beep { at_ms });
        }
    }

    fn emit(&mut self, detected: Detected) {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(detected);
    }
}

impl Default for Detectors {
    fn default() -> Self {
        Self::new()
    }
}

/// Second-order Butterworth high pass at 120 Hz: keeps hum and the 15 Hz that some exchanges add to their ringback
/// instead of modulating it out of the measured power.
#[derive(Clone, Copy, Debug, Default)]
struct HighPass {
    x1: f32,
    x2: f32,
    y1: f32,
    y2: f32,
}

impl HighPass {
    fn filter(&mut self, x: f32) -> f32 {
        const B0: f32 = 0.935_527;
        const A1: f32 = -1.866_892;
        const A2: f32 = 0.875_215;
        let y = B0 * (x - 2.0 * self.x1 + self.x2) - A1 * self.y1 - A2 * self.y2;
        (self.x2, self.x1, self.y2, self.y1) = (self.x1, x, self.y1, y);
        // Denormals are slow, and below any level of interest.
        if y.abs() < 1e-12 {
            self.y1 = 0.0;
        }
        y
    }
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
