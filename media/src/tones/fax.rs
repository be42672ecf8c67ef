//! FAX answer tone (CED, ANS, ANSam) and calling tone (CNG): T.30, V.8, V.25.

use std::f32::consts::TAU;

use super::detect::{BLOCK_MS, Block};
use super::goertzel::Phasor;
use crate::types::FaxSignal;

/// Weakest tone that counts; a FAX sends at −12 dBm0 and lines lose up to 20 dB.
const MIN_LEVEL: f32 = -40.0;

/// CED lasts 2.6 to 4 s; half a second is enough to know it from anything else.
const MIN_BLOCKS: usize = 50;

/// 2100 Hz ±15 (T.30), and 3 Hz for measuring.
const MAX_OFFSET_HZ: f32 = 18.0;

/// Share of the power in a block that the tone must have: noise may be 3 dB below it.
const MIN_SHARE: f32 = 0.65;

/// A phase reversal or a lost packet spoils this many blocks in a row at most.
const MAX_MISSES: u32 = 4;

/// Spread of the tone's amplitude, relative and without the modulation of V.8: a held note of music decays and is
/// struck again (C7 is 2093 Hz), which spreads by 0.11 and more.
const MAX_SPREAD: f32 = 0.1;

/// V.8 modulates by 15 Hz and 20 %.
const AM_HZ: f32 = 15.0;
const AM_MIN_DEPTH: f32 = 0.1;

/// Finds 2100 Hz lasting for half a second, steady in level and frequency.
#[derive(Clone, Debug)]
pub struct AnswerToneDetector {
    run: usize,
    misses: u32,
    missed: usize,
    start_ms: u32,
    last: Option<Phasor>,
    /// Sum of the phase steps; its angle is the frequency offset.
    turned: Phasor,
    turned_size: f32,
    sizes: [f32; MIN_BLOCKS],
    found: bool,
}

impl AnswerToneDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self {
            run: 0,
            misses: 0,
            missed: 0,
            start_ms: 0,
            last: None,
            turned: Phasor::default(),
            turned_size: 0.0,
            sizes: [0.0; MIN_BLOCKS],
            found: false,
        }
    }

    /// Forgets a tone half heard.
    pub fn restart(&mut self) {
        *self = Self { found: self.found, ..Self::new() };
    }

    /// Takes a block. Gives signal, start and level, once.
    pub fn block(&mut self, block: &Block) -> Option<(FaxSignal, u32, f32)> {
        let tone = &block.tone_2100;
        if self.found {
            return None;
        }
        if tone.share < MIN_SHARE || tone.level_dbm0() < MIN_LEVEL {
            self.miss();
            return None;
        }
        if self.run == 0 {
            self.start_ms = block.end_ms.saturating_sub(BLOCK_MS);
        }
        self.misses = 0;
        self.sizes[self.run % MIN_BLOCKS] = tone.phasor.power().sqrt();
        self.run += 1;
        if let Some(last) = self.last {
            let step = tone.phasor.since(last);
            // A reversal is a step by π; the tone's offset is taken from the steps between reversals.
            if step.angle().abs() < 2.0 {
                self.turned = self.turned.plus(step);
                self.turned_size += step.power().sqrt();
            }
        }
        self.last = Some(tone.phasor);
        if self.run < MIN_BLOCKS {
            return None;
        }
        let offset_hz = self.turned.angle() / TAU * (1000 / BLOCK_MS) as f32;
        let is_coherent = self.turned.power().sqrt() > 0.85 * self.turned_size;
        let (mean, spread, depth) = self.modulation();
        if offset_hz.abs() > MAX_OFFSET_HZ {
            self.restart();
            return None;
        }
        if !is_coherent || spread > MAX_SPREAD * mean {
            // Not steady yet, as at the start through Opus: the next half second decides.
            let start_ms = self.start_ms;
            self.restart();
            (self.run, self.start_ms) = (1, start_ms);
            return None;
        }
        self.found = true;
        let signal = if depth > AM_MIN_DEPTH { FaxSignal::Ansam } else { FaxSignal::Ced };
        Some((signal, self.start_ms, tone.level_dbm0()))
    }

    fn miss(&mut self) {
        if self.run == 0 {
            return;
        }
        self.misses += 1;
        self.missed += 1;
        self.last = None;
        if self.misses > MAX_MISSES || self.missed * 6 > self.run + 12 {
            self.restart();
        }
    }

    /// Mean and spread of the amplitude, and the depth of its modulation by 15 Hz, which is not in the spread.
    fn modulation(&self) -> (f32, f32, f32) {
        let count = MIN_BLOCKS as f32;
        let mean = self.sizes.iter().sum::<f32>() / count;
        let variance = self.sizes.iter().map(|size| (size - mean).powi(2)).sum::<f32>() / count;
        // 40 blocks hold six whole periods, so that the mean drops out.
        let whole = 40;
        let (mut re, mut im) = (0.0, 0.0);
        for index in 0..whole {
            let size = self.sizes[(self.run + MIN_BLOCKS - whole + index) % MIN_BLOCKS] - mean;
            let (sin, cos) = (TAU * AM_HZ * index as f32 * BLOCK_MS as f32 / 1000.0).sin_cos();
            re += size * cos;
            im += size * sin;
        }
        let depth = (re * re + im * im).sqrt() * 2.0 / (whole as f32 * mean.max(1.0));
        let unexplained = variance - (depth * mean).powi(2) / 2.0;
        (mean, unexplained.max(0.0).sqrt(), depth)
    }
}

impl Default for AnswerToneDetector {
    fn default() -> Self {
        Self::new()
    }
}

/// Between two bursts it is this far below them.
const CNG_SILENCE_BELOW: f32 = 9.0;

/// CNG is 0.5 s of 1100 Hz ±38 every 3.5 s; a single burst may be a voicemail's beep, so two are wanted.
#[derive(Clone, Debug, Default)]
pub struct CallingToneDetector {
    on: u32,
    off: u32,
    misses: u32,
    burst_ms: Option<u32>,
    /// Level of the burst; what follows must be silence against it.
    level: f32,
    start_ms: u32,
    last: Option<Phasor>,
    turned: Phasor,
    found: bool,
}

impl CallingToneDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a tone half heard.
    pub fn restart(&mut self) {
        *self = Self { found: self.found, ..Self::default() };
    }

    /// Takes a block. Gives start of the first burst and level, once.
    pub fn block(&mut self, block: &Block) -> Option<(u32, f32)> {
        let tone = &block.tone_1100;
        if self.found {
            return None;
        }
        // At 38 Hz off, 60 % of the power is still in the bin.
        if tone.share > 0.5 && tone.level_dbm0() > MIN_LEVEL {
            if self.on == 0 {
                self.start_ms = block.end_ms.saturating_sub(BLOCK_MS);
                self.turned = Phasor::default();
                self.last = None;
            }
            self.on += 1;
            self.misses = 0;
            self.level = tone.level_dbm0();
            if let Some(last) = self.last {
                self.turned = self.turned.plus(tone.phasor.since(last));
            }
            self.last = Some(tone.phasor);
            return self.second_burst(tone.level_dbm0());
        }
        self.misses += 1;
        self.last = None;
        if self.misses <= 3 {
            return None;
        }
        if self.on > 0 {
            let is_burst = (42..=60).contains(&self.on) && self.is_on_frequency();
            self.burst_ms = is_burst.then_some(self.start_ms);
            self.off = self.misses;
            self.on = 0;
        } else {
            self.off += 1;
            if self.off > 6 && block.level_dbm0 > self.level - CNG_SILENCE_BELOW {
                self.burst_ms = None;
            }
        }
        None
    }

    fn second_burst(&mut self, level_dbm0: f32) -> Option<(u32, f32)> {
        let first = self.burst_ms?;
        if self.on < 42 {
            return None;
        }
        let is_paused = (240..=360).contains(&self.off);
        if is_paused && self.is_on_frequency() {
            self.found = true;
            return Some((first, level_dbm0));
        }
        self.burst_ms = None;
        None
    }

    fn is_on_frequency(&self) -> bool {
        (self.turned.angle() / TAU * (1000 / BLOCK_MS) as f32).abs() <= 42.0
    }
}
