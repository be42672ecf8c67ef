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

/// After its beep a machine listens: 250 ms this far below the beep. Music and singing go on.
const SILENCE_BLOCKS: u32 = 25;
const SILENCE_BELOW: f32 = 15.0;

/// The end of the beep falls into these blocks, which may be anything.
const TAIL_BLOCKS: u32 = 4;

/// A tone this long is no beep.
const MAX_BLOCKS: u32 = 300;

/// Finds a single steady tone of at least 120 ms, followed by silence.
#[derive(Clone, Debug, Default)]
pub struct BeepDetector {
    run: u32,
    start_ms: u32,
    hz: f32,
    level: f32,
    /// Start and level of a beep that has ended or is still sounding, until the silence after it.
    candidate: Option<(u32, f32)>,
    after: u32,
}

impl BeepDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a tone half heard.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// Takes a block. Gives the start of a beep once the silence after it is heard; a tone before any speech is none.
    pub fn block(&mut self, block: &Block, after_speech: bool) -> Option<u32> {
        if self.goes_on(block) {
            self.after = 0;
            if self.run == MIN_BLOCKS && after_speech {
                self.candidate = Some((self.start_ms, self.level));
            } else if self.run > MAX_BLOCKS {
                self.candidate = None;
            }
            return None;
        }
        let (start_ms, level) = self.candidate?;
        self.after += 1;
        if self.after > TAIL_BLOCKS && block.level_dbm0 > level - SILENCE_BELOW {
            self.candidate = None;
            return None;
        }
        if self.after < TAIL_BLOCKS + SILENCE_BLOCKS {
            return None;
        }
        self.candidate = None;
        Some(start_ms)
    }

    /// Whether the block continues a steady tone; a tone that changes begins anew.
    fn goes_on(&mut self, block: &Block) -> bool {
        let hz = block.tonality.cycles * DETECTOR_RATE as f32;
        let is_tone = block.tonality.share >= MIN_SHARE
            && block.level_dbm0 >= MIN_LEVEL
            && BAND_HZ.contains(&hz)
            && !NETWORK_HZ.contains(&hz);
        if !is_tone {
            self.run = 0;
            return false;
        }
        let is_same = self.run > 0
            && (hz - self.hz).abs() <= (self.hz * MAX_DRIFT).max(12.0)
            && (block.level_dbm0 - self.level).abs() <= MAX_LEVEL_CHANGE;
        if is_same {
            self.run += 1;
            return true;
        }
        self.run = 1;
        self.start_ms = block.end_ms.saturating_sub(BLOCK_MS);
        self.hz = hz;
        self.level = block.level_dbm0;
        false
    }
}
