//! Received voice on its way to the recording.

use crate::device::PLAYBACK_TARGET;
use crate::margin::{MUCH_MS, Reserve, is_silent, nudge};

/// Received voice between the clock of a device, which pulls it, and ours, which records it: as little of it as the device's pieces
/// need, so that both sides of a recording keep their time whatever the two clocks do.
#[derive(Debug, Default)]
pub(super) struct Far {
    pcm: Vec<i16>,
    rate: u32,
    primed: bool,
    reserve: Reserve,
}

impl Far {
    pub(super) fn put(&mut self, pcm: &[i16], rate: u32) {
        if self.rate != rate {
            *self = Self { pcm: std::mem::take(&mut self.pcm), rate, ..Self::default() };
            self.pcm.clear();
        }
        self.pcm.extend_from_slice(pcm);
        if self.pcm.len() > self.samples(LIMIT_MS) {
            // Rounds were missed: what they had to record is a gap there.
            self.keep_newest();
        }
    }

    /// Makes silence of what waits.
    pub(super) fn hush(&mut self) {
        self.pcm.fill(0);
    }

    /// A round of 20 ms, of so many samples.
    pub(super) fn take(&mut self, out: &mut Vec<i16>, count: usize) {
        out.clear();
        if !self.primed && self.pcm.len() >= self.enough() {
            self.keep_newest();
            self.primed = true;
        }
        if self.primed {
            self.correct(count);
        }
        if self.primed && self.pcm.len() < count {
            self.primed = false;
            self.reserve.ran_dry();
        }
        if self.primed {
            out.extend(self.pcm.drain(..count));
            let left_ms = (self.pcm.len() / self.samples(1).max(1)) as u32;
            self.reserve.left(left_ms.saturating_sub(EAR_MS));
        }
        out.resize(count, 0);
    }

    /// A clock that differs from ours shows as more or less that waits.
    fn correct(&mut self, count: usize) {
        let silent = is_silent(self.pcm.get(..count).unwrap_or_default());
        let off = self.reserve.correction(silent);
        if off == 0 {
            return;
        }
        let samples = self.samples(off.unsigned_abs());
        if !silent && off <= MUCH_MS {
            nudge(&mut self.pcm, off, self.rate);
        } else if off > 0 {
            self.pcm.drain(..samples.min(self.pcm.len()));
        } else {
            self.pcm.splice(..0, std::iter::repeat_n(0, samples));
        }
    }

    fn keep_newest(&mut self) {
        let surplus = self.pcm.len().saturating_sub(self.enough());
        self.pcm.drain(..surplus);
    }

    fn enough(&self) -> usize {
        self.samples(self.reserve.fill_up_to(ROUND_MS) + EAR_MS)
    }

    fn samples(&self, ms: u32) -> usize {
        (self.rate / 1_000 * ms) as usize
    }
}

const ROUND_MS: u32 = 20;
/// What is pulled is heard so much later, by the ring of the ear piece and the pieces of 5 ms that a device takes: the recording has it
/// when the operator hears it.
const EAR_MS: u32 = PLAYBACK_TARGET.as_millis() as u32 + 5;
/// More than this is never kept.
const LIMIT_MS: u32 = 200;
