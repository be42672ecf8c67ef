//! Received voice on its way to the recording.

/// Received voice between the clock of a device, which pulls it, and ours, which records it.
#[derive(Debug, Default)]
pub(super) struct Far {
    pcm: Vec<i16>,
    rate: u32,
    primed: bool,
}

impl Far {
    pub(super) fn put(&mut self, pcm: &[i16], rate: u32) {
        if self.rate != rate {
            *self = Self { pcm: std::mem::take(&mut self.pcm), rate, primed: false };
            self.pcm.clear();
        }
        self.pcm.extend_from_slice(pcm);
        let frame = rate as usize / 50;
        if self.pcm.len() > FAR_LIMIT * frame {
            let surplus = self.pcm.len() - FAR_TARGET * frame;
            self.pcm.drain(..surplus);
        }
    }

    /// Makes silence of what waits.
    pub(super) fn hush(&mut self) {
        self.pcm.fill(0);
    }

    pub(super) fn take(&mut self, out: &mut Vec<i16>, count: usize) {
        out.clear();
        self.primed = self.pcm.len() >= if self.primed { count } else { FAR_TARGET * count };
        if self.primed {
            out.extend(self.pcm.drain(..count));
        }
        out.resize(count, 0);
    }
}

/// Frames of 20 ms that smooth a device's steps for the recording.
const FAR_TARGET: usize = 2;
const FAR_LIMIT: usize = 5;
