//! Speech by energy: louder than the line's noise, and not a tone.

use super::detect::{BLOCK_MS, Block, Detected};

/// Speech is this far above the noise floor, and above this level.
const ABOVE_FLOOR: f32 = 9.0;
const MIN_LEVEL: f32 = -45.0;

/// The noise floor is learned within these bounds; it falls at once and rises slowly.
const FLOOR: std::ops::RangeInclusive<f32> = -70.0..=-32.0;
const FLOOR_RISE: f32 = 0.01;

/// Blocks out of the last eight that begin speech.
const START: u32 = 6;

/// Quiet after which speech has ended: pauses between words are shorter.
const END_MS: u32 = 700;

/// Share of one sine above which a block is a tone.
const TONAL: f32 = 0.93;

/// Finds where the callee speaks.
#[derive(Clone, Debug)]
pub struct SpeechDetector {
    floor: f32,
    /// The last eight blocks, one bit each.
    recent: u8,
    started_ms: Option<u32>,
    last_ms: u32,
    spoken_ms: u32,
}

impl SpeechDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self { floor: -60.0, recent: 0, started_ms: None, last_ms: 0, spoken_ms: 0 }
    }

    /// Whether at least 300 ms of speech were heard.
    pub fn has_spoken(&self) -> bool {
        self.spoken_ms >= 300
    }

    /// Takes a block; `v21_share` tells a modem from a voice.
    pub fn block(&mut self, block: &Block, v21_share: f32) -> Option<Detected> {
        let level = block.level_dbm0;
        self.floor = if level < self.floor { level } else { self.floor + FLOOR_RISE };
        self.floor = self.floor.clamp(*FLOOR.start(), *FLOOR.end());
        let is_loud = level > (self.floor + ABOVE_FLOOR).max(MIN_LEVEL);
        let is_tone = block.tonality.share > TONAL || block.tone_2100.share > 0.6 || v21_share > 0.55;
        let is_network = block.tone_400.share > 0.6;
        let is_speech = is_loud && !is_tone && !is_network;
        self.recent = self.recent << 1 | u8::from(is_speech);
        if is_speech {
            self.last_ms = block.end_ms;
        }
        let Some(started_ms) = self.started_ms else {
            if self.recent.count_ones() < START {
                return None;
            }
            let at_ms = block.end_ms.saturating_sub(8 * BLOCK_MS);
            self.started_ms = Some(at_ms);
            return Some(Detected::SpeechStarted { at_ms });
        };
        if is_speech {
            self.spoken_ms = self.spoken_ms.saturating_add(BLOCK_MS);
        }
        if block.end_ms.saturating_sub(self.last_ms) < END_MS {
            return None;
        }
        self.started_ms = None;
        self.recent = 0;
        Some(Detected::SpeechEnded { at_ms: self.last_ms, ms: self.last_ms.saturating_sub(started_ms) })
    }
}

impl Default for SpeechDetector {
    fn default() -> Self {
        Self::new()
    }
}
