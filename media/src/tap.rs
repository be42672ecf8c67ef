//! The worker's side of a recording.

use crate::recorder::TrackWriter;
use crate::seat::Rate;

/// Feeds a stereo track from both sides of a call, 20 ms at a time by the media clock.
#[derive(Debug)]
pub(crate) struct Tap {
    track: TrackWriter,
    rate: u32,
    operator: Rate,
    callee: Rate,
    converted: [Vec<i16>; 2],
    paused: bool,
}

impl Tap {
    /// A tap into a stereo track at `rate` hertz.
    pub(crate) fn new(track: TrackWriter, rate: u32) -> Self {
        Self {
            track,
            rate,
            operator: Rate::default(),
            callee: Rate::default(),
            converted: [Vec::new(), Vec::new()],
            paused: false,
        }
    }

    /// Writes 20 ms: `operator` to the left, `callee` to the right, both at `rate` hertz.
    pub(crate) fn write(&mut self, operator: &[i16], callee: &[i16], rate: u32) {
        let frames = self.rate as usize / 50;
        if self.paused {
            return self.track.write_pair(&[], &[], frames);
        }
        let [left, right] = &mut self.converted;
        let left = self.operator.convert(operator, rate, self.rate, left);
        let right = self.callee.convert(callee, rate, self.rate, right);
        self.track.write_pair(left, right, frames);
    }

    /// Writes silence from now on, or sound again. Where in the file, in milliseconds; `None` when it was so already.
    pub(crate) fn set_paused(&mut self, on: bool) -> Option<u64> {
        if self.paused == on {
            return None;
        }
        self.paused = on;
        // What a resampler still holds was said on the other side of the edge.
        (self.operator, self.callee) = (Rate::default(), Rate::default());
        Some(self.frames() * 1_000 / u64::from(self.rate))
    }

    /// Whether it writes silence.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Time that passed without a tick: a gap in the file.
    pub(crate) fn skip_ticks(&mut self, ticks: u64) {
        self.track.skip(ticks * u64::from(self.rate) / 50);
    }

    /// Length so far, in frames of the file.
    pub(crate) fn frames(&self) -> u64 {
        self.track.position()
    }
}
