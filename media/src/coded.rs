//! Voice on its way from one leg of a bridged seat to the other, as it came: packets instead of samples.
//!
//! A leg that plays packets for a leg of the same codec keeps those whose playing began in a round. Whoever changes the
//! samples of that round (a limiter at work, a volume, a whisper, mute) spoils them: then the samples are encoded.

/// What was played in a round, as it came. Kept to be used again; allocates only for longer packets than usual.
#[derive(Debug)]
pub(crate) struct Coded {
    frames: Box<[CodedFrame]>,
    count: usize,
    /// The samples of the round are those of packets, or of gaps between packets, and nothing else.
    whole: bool,
}

/// A packet of voice.
#[derive(Debug)]
pub(crate) struct CodedFrame {
    /// What the codec reads.
    pub(crate) payload: Vec<u8>,
    /// Timestamp of its first sample, wraps not counted.
    pub(crate) timestamp: u32,
    /// Its length in timestamp units.
    pub(crate) units: u32,
    /// Packets between it and the one before that never came.
    pub(crate) lost: u32,
}

impl Default for Coded {
    fn default() -> Self {
        let empty = |_| CodedFrame { payload: Vec::with_capacity(USUAL), timestamp: 0, units: 0, lost: 0 };
        Self { frames: (0..MOST).map(empty).collect(), count: 0, whole: false }
    }
}

impl Coded {
    /// A round begins.
    pub(crate) fn begin(&mut self) {
        (self.count, self.whole) = (0, true);
    }

    /// The samples are no longer what the packets hold.
    pub(crate) fn spoil(&mut self) {
        (self.count, self.whole) = (0, false);
    }

    /// A packet begins to be played; its numbers follow by [`Coded::place`].
    pub(crate) fn push(&mut self, payload: &[u8]) {
        let Some(frame) = self.frames.get_mut(self.count).filter(|_| self.whole) else { return self.spoil() };
        frame.payload.clear();
        frame.payload.extend_from_slice(payload);
        self.count += 1;
    }

    /// Where the packet pushed last belongs.
    pub(crate) fn place(&mut self, timestamp: u32, units: u32, lost: u32) {
        let last = self.count.checked_sub(1).and_then(|last| self.frames.get_mut(last));
        if let Some(frame) = last {
            (frame.timestamp, frame.units, frame.lost) = (timestamp, units, lost);
        }
    }

    /// The packets of the round, or `None` where they are not what is to be heard. In a gap there are none.
    pub(crate) fn frames(&self) -> Option<&[CodedFrame]> {
        self.whole.then(|| self.frames.get(..self.count).unwrap_or_default())
    }
}

/// Packets that may begin in a round of 20 ms: of 10 ms each, two and one that was begun early.
const MOST: usize = 4;
/// Bytes of 20 ms of G.711 and G.722; Opus has fewer.
const USUAL: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_whole_until_it_is_spoilt() {
        let mut coded = Coded::default();
        assert!(coded.frames().is_none(), "nothing was played yet");
        coded.begin();
        assert!(coded.frames().is_some_and(<[_]>::is_empty), "a gap");
        coded.push(&[1, 2]);
        coded.place(160, 2, 1);
        assert_eq!(coded.frames().map(|frames| (frames.len(), frames[0].timestamp)), Some((1, 160)));
        coded.spoil();
        coded.push(&[3]);
        assert!(coded.frames().is_none());
        coded.begin();
        (0..=MOST).for_each(|_| coded.push(&[4]));
        assert!(coded.frames().is_none(), "more than a round holds");
    }
}
