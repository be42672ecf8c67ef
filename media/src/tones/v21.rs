//! The preamble of a T.30 control frame: HDLC flags in V.21 channel 2. It betrays a FAX that sends no CED.

use super::detect::{BLOCK_MS, Block};
use super::goertzel::BLOCK;
use super::level::dbm0_of_power;

/// Once mixed down, the band is looked at every second sample.
const PAIR: usize = 2;

/// Pairs. One bit at 300 bit/s is 26.7 samples; the filter sees about one bit.
const FILTER: usize = 13;

/// 1750 Hz, the middle of the two frequencies, has 7 whole periods in 32 samples.
const PERIOD: usize = 32;

/// Pairs over which the phase step is taken.
const STEP: usize = 2;

/// In pairs. A flag `01111110` is six bits of mark (1650 Hz) and, with its neighbour, two of space (1850 Hz).
const MARK: std::ops::RangeInclusive<u32> = 65..=95;
const SPACE: std::ops::RangeInclusive<u32> = 16..=38;

/// Flags in a row: 15 take 0.4 s of the preamble's 1 s.
const MIN_FLAGS: u32 = 15;

/// Share of the power between the two frequencies; a clean signal has 0.7.
const MIN_SHARE: f32 = 0.4;

const MIN_LEVEL: f32 = -43.0;

/// Demodulates and counts flags.
#[derive(Clone, Debug)]
pub struct V21Detector {
    cos: [f32; PERIOD],
    sin: [f32; PERIOD],
    phase: usize,
    /// The last mixed pairs, and their sums. `f64`, since the sums run for hours.
    mixed: [(f32, f32); FILTER],
    at: usize,
    sum: (f64, f64),
    /// The last filter outputs.
    outputs: [(f32, f32); STEP],
    output_at: usize,
    is_space: bool,
    length: u32,
    good_mark: bool,
    flags: u32,
    /// Smoothed powers, of the band and of everything.
    band: f32,
    total: f32,
    found: bool,
    ready: bool,
}

impl V21Detector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        let angle = |n: usize| std::f32::consts::TAU * 7.0 * n as f32 / PERIOD as f32;
        Self {
            cos: std::array::from_fn(|n| angle(n).cos()),
            sin: std::array::from_fn(|n| angle(n).sin()),
            phase: 0,
            mixed: [(0.0, 0.0); FILTER],
            at: 0,
            sum: (0.0, 0.0),
            outputs: [(0.0, 0.0); STEP],
            output_at: 0,
            is_space: false,
            length: 0,
            good_mark: false,
            flags: 0,
            band: 0.0,
            total: 1.0,
            found: false,
            ready: false,
        }
    }

    /// Forgets flags half heard.
    pub fn restart(&mut self) {
        self.flags = 0;
        self.good_mark = false;
        self.ready = false;
    }

    /// Takes a block of samples.
    pub fn samples(&mut self, samples: &[f32; BLOCK]) {
        for pair in samples.chunks_exact(PAIR) {
            self.pair(pair[0], pair[1]);
        }
    }

    /// A block too quiet to be looked at: what was half heard is over.
    pub fn silence(&mut self) {
        if self.total > 0.0 {
            let (found, cos, sin) = (self.found, self.cos, self.sin);
            *self = Self { found, cos, sin, total: 0.0, ..Self::new() };
        }
    }

    fn pair(&mut self, first: f32, second: f32) {
        let next = self.phase + 1;
        let mixed = (
            first * self.cos[self.phase] + second * self.cos[next],
            -first * self.sin[self.phase] - second * self.sin[next],
        );
        self.phase = (self.phase + PAIR) % PERIOD;
        let old = std::mem::replace(&mut self.mixed[self.at], mixed);
        self.at = (self.at + 1) % FILTER;
        self.sum.0 += f64::from(mixed.0) - f64::from(old.0);
        self.sum.1 += f64::from(mixed.1) - f64::from(old.1);
        let scale = 1.0 / (FILTER * PAIR) as f32;
        let output = (self.sum.0 as f32 * scale, self.sum.1 as f32 * scale);
        let before = std::mem::replace(&mut self.outputs[self.output_at], output);
        self.output_at = (self.output_at + 1) % STEP;
        // Smoothed over about 30 ms.
        let power = 2.0 * (output.0 * output.0 + output.1 * output.1);
        self.band += (power - self.band) / 128.0;
        self.total += ((first * first + second * second) / 2.0 - self.total) / 128.0;
        // The sign of the phase step (±0.31 rad in a bit) is the bit; near zero the old bit holds, or each change
        // of the bit would be heard as several.
        let sine = output.1 * before.0 - output.0 * before.1;
        let dead_zone = 0.05 * power;
        let is_space = if sine.abs() < dead_zone { self.is_space } else { sine > 0.0 };
        if is_space == self.is_space {
            self.length = self.length.saturating_add(1);
            return;
        }
        self.run_ended();
        self.is_space = is_space;
        self.length = 1;
    }

    /// Ends a block. Gives start and level of the preamble, once.
    pub fn block(&mut self, block: &Block) -> Option<(u32, f32)> {
        if self.length > (2 * BLOCK as u32 + 40) / PAIR as u32 {
            self.flags = 0;
        }
        if self.found || !self.ready {
            return None;
        }
        self.ready = false;
        let level = dbm0_of_power(self.total);
        if self.in_band_share() < MIN_SHARE || level < MIN_LEVEL {
            self.flags = 0;
            return None;
        }
        self.found = true;
        let lasted_ms = MIN_FLAGS * 8 * 1000 / 300;
        Some((block.end_ms.saturating_sub(lasted_ms.max(BLOCK_MS)), level))
    }

    /// Share of the recent power that lies around 1750 Hz: also while data follow the preamble.
    pub fn in_band_share(&self) -> f32 {
        if self.total < 1.0 { 0.0 } else { self.band / self.total }
    }

    fn run_ended(&mut self) {
        if self.is_space {
            if self.good_mark && SPACE.contains(&self.length) {
                self.flags += 1;
                self.ready |= self.flags >= MIN_FLAGS;
            } else {
                self.flags = 0;
            }
            self.good_mark = false;
        } else {
            self.good_mark = MARK.contains(&self.length);
            if !self.good_mark {
                self.flags = 0;
            }
        }
    }
}

impl Default for V21Detector {
    fn default() -> Self {
        Self::new()
    }
}
