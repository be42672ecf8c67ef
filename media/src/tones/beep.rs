//! The beep with which an answering machine invites to speak.

use super::detect::{BLOCK_MS, Block, DETECTOR_RATE};

/// Frequencies of beeps seen in the field.
const BAND_HZ: std::ops::RangeInclusive<f32> = 290.0..=2050.0;

/// The network's own tone is no beep.
const NETWORK_HZ: std::ops::RangeInclusive<f32> = 375.0..=425.0;

const MIN_BLOCKS: u32 = 12;
const MIN_SHARE: f32 = 0.88;
const MIN_LEVEL: f32 = -38.0;

/// A voice does not hold pitch and level like this for 120 ms.
const MAX_DRIFT: f32 = 0.02;
const MAX_LEVEL_CHANGE: f32 = 3.0;

/// One beep is one event.
const PAUSE_MS: u32 = 2000;

/// Finds a single steady tone of at least 120 ms.
#[derive(Clone, Debug, Default)]
pub struct BeepDetector {
    run: u32,
    start_ms: u32,
    hz: f32,
    level: f32,
    last_ms: Option<u32>,
}

impl BeepDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a tone half heard.
    pub fn restart(&mut self) {
        self.run = 0;
    }

    /// Takes a block. Gives the start of a beep; a tone before any speech is none.
    pub fn block(&mut self, block: &Block, after_speech: bool) -> Option<u32> {
        let hz = block.tonality.cycles * DETECTOR_RATE as f32;
        let is_tone = block.tonality.share >= MIN_SHARE
            && block.level_dbm0 >= MIN_LEVEL
            && BAND_HZ.contains(&hz)
            && !NETWORK_HZ.contains(&hz);
        if !is_tone {
            self.run = 0;
            return None;
        }
        let goes_on = self.run > 0
            && (hz - self.hz).abs() <= (self.hz * MAX_DRIFT).max(12.0)
            && (block.level_dbm0 - self.level).abs() <= MAX_LEVEL_CHANGE;
        if !goes_on {
            self.run = 1;
            self.start_ms = block.end_ms.saturating_sub(BLOCK_MS);
            self.hz = hz;
            self.level = block.level_dbm0;
            return None;
        }
        self.run += 1;
        let is_paused = self.last_ms.is_none_or(|last| self.start_ms.saturating_sub(last) >= PAUSE_MS);
        if self.run == MIN_BLOCKS && after_speech && is_paused {
            self.last_ms = Some(self.start_ms);
            return Some(self.start_ms);
        }
        None
    }
}
