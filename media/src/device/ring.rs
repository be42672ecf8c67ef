//! The sample ring between an audio callback and a media worker.
//!
//! One writer, one reader, no lock, no allocation after creation and no `unsafe`: samples are
//! atomics, and the acquire/release pair on the indices orders them. The writer never overwrites
//! what the reader has not taken; what does not fit is counted and dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicI16, AtomicU64, AtomicUsize, Ordering};

/// Makes a ring of `capacity` samples and returns its two ends.
///
/// ```
/// let (mut writer, mut reader) = media::device::ring(4);
/// assert_eq!(writer.push(&[1, 2, 3]), 3);
/// let mut out = [0; 4];
/// assert_eq!(reader.pop(&mut out), 3);
/// assert_eq!(out, [1, 2, 3, 0]);
/// ```
pub fn ring(capacity: usize) -> (RingWriter, RingReader) {
    let shared = Arc::new(Shared {
        samples: (0..capacity.max(1)).map(|_| AtomicI16::new(0)).collect(),
        written: AtomicUsize::new(0),
        read: AtomicUsize::new(0),
        dropped: AtomicU64::new(0),
    });
    (RingWriter { shared: Arc::clone(&shared) }, RingReader { shared })
}

/// The end that puts samples in. Belongs to one thread at a time.
#[derive(Debug)]
pub struct RingWriter {
    shared: Arc<Shared>,
}

impl RingWriter {
    /// Samples that fit right now.
    pub fn free(&self) -> usize {
        self.shared.samples.len() - self.level()
    }

    /// Samples waiting for the reader.
    pub fn level(&self) -> usize {
        self.shared.level()
    }

    /// Puts in as many of `samples` as fit and returns how many; the rest is counted as dropped.
    pub fn push(&mut self, samples: &[i16]) -> usize {
        self.push_with(samples.len(), |index| samples.get(index).copied().unwrap_or_default())
    }

    /// Puts in all of `samples` or, when they do not all fit, none of them and answers `false`.
    pub fn push_all(&mut self, samples: &[i16]) -> bool {
        samples.len() <= self.free() && self.push(samples) == samples.len()
    }

    /// Puts in up to `count` samples computed by `sample(index)`, and returns how many fitted.
    /// For callbacks that convert formats without a buffer of their own.
    pub fn push_with(&mut self, count: usize, mut sample: impl FnMut(usize) -> i16) -> usize {
        let shared = &*self.shared;
        let start = shared.written.load(Ordering::Relaxed);
        let fits = count.min(shared.samples.len() - shared.level());
        for (index, slot) in shared.slots(start, fits).enumerate() {
            slot.store(sample(index), Ordering::Relaxed);
        }
        shared.written.store(shared.advance(start, fits), Ordering::Release);
        if fits < count {
            shared.dropped.fetch_add((count - fits) as u64, Ordering::Relaxed);
        }
        fits
    }

    /// Samples dropped so far because the ring was full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Whether the other end is gone.
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }
}

/// The end that takes samples out. Belongs to one thread at a time.
#[derive(Debug)]
pub struct RingReader {
    shared: Arc<Shared>,
}

impl RingReader {
    /// Samples that can be taken right now.
    pub fn level(&self) -> usize {
        self.shared.level()
    }

    /// Fills the start of `out` and returns how many samples there were; the rest of `out` is untouched.
    pub fn pop(&mut self, out: &mut [i16]) -> usize {
        self.pop_with(out.len(), |index, sample| {
            if let Some(slot) = out.get_mut(index) {
                *slot = sample;
            }
        })
    }

    /// Hands up to `count` samples to `sink(index, sample)` and returns how many there were.
    pub fn pop_with(&mut self, count: usize, mut sink: impl FnMut(usize, i16)) -> usize {
        let shared = &*self.shared;
        let start = shared.read.load(Ordering::Relaxed);
        let ready = count.min(shared.level());
        for (index, slot) in shared.slots(start, ready).enumerate() {
            sink(index, slot.load(Ordering::Relaxed));
        }
        shared.read.store(shared.advance(start, ready), Ordering::Release);
        ready
    }

    /// Throws away the oldest `count` samples, or all there are, and returns how many.
    pub fn discard(&mut self, count: usize) -> usize {
        let count = count.min(self.level());
        let read = self.shared.read.load(Ordering::Relaxed);
        self.shared.read.store(self.shared.advance(read, count), Ordering::Release);
        count
    }

    /// Samples the writer had to drop so far because the ring was full.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Shared {
    samples: Box<[AtomicI16]>,
    /// Samples ever written, modulo twice the capacity: equal indices mean empty, a capacity apart means
    /// full. Stored by the writer only.
    written: AtomicUsize,
    /// Samples ever read, likewise. Stored by the reader only.
    read: AtomicUsize,
    dropped: AtomicU64,
}

impl Shared {
    fn level(&self) -> usize {
        // Each side sees its own index exactly and the other's at least as old as it was: the writer can
        // only under-estimate the room and the reader only under-estimate the samples.
        let (written, read) = (self.written.load(Ordering::Acquire), self.read.load(Ordering::Acquire));
        if written >= read { written - read } else { written + 2 * self.samples.len() - read }
    }

    fn advance(&self, index: usize, by: usize) -> usize {
        let next = index + by;
        if next >= 2 * self.samples.len() { next - 2 * self.samples.len() } else { next }
    }

    /// The `count` slots from an index on: two stretches, since a division for every sample would cost more than the sample.
    fn slots(&self, start: usize, count: usize) -> impl Iterator<Item = &AtomicI16> {
        let at = start % self.samples.len();
        let first = count.min(self.samples.len() - at);
        let stretch = |from: usize, to: usize| self.samples.get(from..to).unwrap_or_default();
        stretch(at, at + first).iter().chain(stretch(0, count - first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_the_newest_and_counts_them() {
        let (mut writer, mut reader) = ring(4);
        assert_eq!(writer.push(&[1, 2, 3, 4, 5, 6]), 4);
        assert_eq!((writer.free(), writer.dropped()), (0, 2));
        assert!(!writer.push_all(&[7]));
        let mut out = [0; 2];
        assert_eq!(reader.pop(&mut out), 2);
        assert_eq!(out, [1, 2]);
        assert!(writer.push_all(&[7, 8]));
        let mut out = [0; 8];
        assert_eq!(reader.pop(&mut out), 4);
        assert_eq!(&out[..4], [3, 4, 7, 8]);
    }

    #[test]
    fn discard_takes_no_more_than_there_is() {
        let (mut writer, mut reader) = ring(8);
        writer.push(&[1, 2, 3]);
        assert_eq!(reader.discard(2), 2);
        assert_eq!(reader.discard(2), 1);
        assert_eq!(reader.level(), 0);
        assert_eq!(writer.free(), 8);
    }

    #[test]
    fn samples_keep_their_order_across_threads() {
        const TOTAL: usize = 2_000_000;
        let (mut writer, mut reader) = ring(960);
        let pusher = std::thread::Builder::new()
            .spawn(move || {
                let mut next = 0usize;
                while next < TOTAL {
                    let chunk = 480.min(TOTAL - next).min(writer.free());
                    if chunk == 0 {
                        std::thread::yield_now();
                        continue;
                    }
                    next += writer.push_with(chunk, |index| (next + index) as i16);
                }
                writer.dropped()
            })
            .unwrap();
        let mut seen = 0usize;
        let mut out = [0i16; 333];
        while seen < TOTAL {
            let count = reader.pop(&mut out);
            if count == 0 {
                std::thread::yield_now();
            }
            for sample in &out[..count] {
                assert_eq!(*sample, seen as i16, "at sample {seen}");
                seen += 1;
            }
        }
        assert_eq!(pusher.join().unwrap(), 0);
    }
}
