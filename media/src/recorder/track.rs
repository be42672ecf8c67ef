//! The queue from a media worker to the recorder thread.
//!
//! A chunk is five header samples (four of position, one of length) and its frames. Positions are frames since the
//! recording began, by the media clock, so that a dropped chunk leaves a hole of known length and nothing shifts.
//!
//! One writer, one reader, no lock. The queue has room for [`QUEUE_SECONDS`], and memory for what was ever in it at once,
//! half a second at least: further pages are made when they are first reached, and whoever writes to an empty queue begins
//! again at its first page.

use std::sync::atomic::{AtomicI16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::recorder::QUEUE_SECONDS;

/// Makes a queue of [`QUEUE_SECONDS`] for `channels` channels at `rate` hertz.
pub(crate) fn track(channels: u16, rate: u32) -> (TrackWriter, TrackReader) {
    let samples = u32::from(channels) * rate * QUEUE_SECONDS;
    // 20 ms chunks at the rates in use: five header samples for at least 160 frames.
    let room = samples as usize + samples as usize / 32;
    let queue = Arc::new(Queue {
        pages: (0..room.div_ceil(PAGE)).map(|_| OnceLock::new()).collect(),
        written: AtomicU64::new(0),
        read: AtomicU64::new(0),
        first: AtomicU64::new(0),
    });
    for page in queue.pages.iter().take(room.div_ceil(PAGE * AT_ONCE)) {
        page.get_or_init(empty);
    }
    let reader = TrackReader { queue: Arc::clone(&queue) };
    (TrackWriter { queue, channels: usize::from(channels), position: 0 }, reader)
}

#[derive(Debug)]
struct Queue {
    pages: Box<[OnceLock<Box<[AtomicI16; PAGE]>>]>,
    /// Samples written and read since the queue was made.
    written: AtomicU64,
    read: AtomicU64,
    /// Which of them lies at the start of the first page. The writer's; changed while the queue is empty only, so that
    /// whoever sees samples sees where they lie.
    first: AtomicU64,
}

impl Queue {
    /// Samples that fit.
    fn room(&self) -> u64 {
        (self.pages.len() * PAGE) as u64
    }

    /// Calls `each` with the slots of `count` samples from number `at` on.
    fn slots(&self, at: u64, count: usize, mut each: impl FnMut(usize, &AtomicI16)) {
        let mut at = ((at - self.first.load(Ordering::Relaxed)) % self.room()) as usize;
        let mut done = 0;
        while done < count {
            let Some(page) = self.pages.get(at / PAGE) else { return };
            let page = page.get_or_init(empty);
            let stretch = page.get(at % PAGE..).unwrap_or_default();
            for slot in stretch.iter().take(count - done) {
                each(done, slot);
                done += 1;
            }
            at = (at / PAGE + 1) % self.pages.len() * PAGE;
        }
    }
}

/// The media worker's end.
#[derive(Debug)]
pub(crate) struct TrackWriter {
    queue: Arc<Queue>,
    channels: usize,
    position: u64,
}

impl TrackWriter {
    /// Appends interleaved frames. When the queue is full they become a gap of the same length.
    pub(crate) fn write(&mut self, interleaved: &[i16]) {
        for chunk in interleaved.chunks(MAX_CHUNK / self.channels * self.channels) {
            self.push(&chunk_header(self.position, chunk.len()), chunk);
            self.position += (chunk.len() / self.channels) as u64;
        }
    }

    fn push(&mut self, header: &[i16; HEADER], chunk: &[i16]) {
        let queue = &*self.queue;
        let (from, read) = (queue.written.load(Ordering::Relaxed), queue.read.load(Ordering::Acquire));
        let until = from + (HEADER + chunk.len()) as u64;
        if until - read > queue.room() {
            return;
        }
        if from == read {
            queue.first.store(from, Ordering::Relaxed);
        }
        let samples = [header.as_slice(), chunk];
        let mut from = from;
        for samples in samples {
            queue.slots(from, samples.len(), |index, slot| {
                slot.store(samples.get(index).copied().unwrap_or_default(), Ordering::Relaxed);
            });
            from += samples.len() as u64;
        }
        // A chunk becomes visible in one store, so that a header is never seen without its frames.
        queue.written.store(until, Ordering::Release);
    }

    /// Moves on by `frames` without audio: they are written as silence and counted as a gap.
    pub(crate) fn skip(&mut self, frames: u64) {
        self.position += frames;
    }

    /// Frames since the recording began.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }
}

/// The recorder thread's end.
#[derive(Debug)]
pub(crate) struct TrackReader {
    queue: Arc<Queue>,
}

impl TrackReader {
    /// The next chunk: the position of its first frame and its interleaved samples, put into `samples`.
    pub(crate) fn next(&mut self, samples: &mut Vec<i16>) -> Option<u64> {
        let queue = &*self.queue;
        let (written, read) = (queue.written.load(Ordering::Acquire), queue.read.load(Ordering::Relaxed));
        if written == read {
            return None;
        }
        let take = |at: u64, out: &mut [i16]| {
            queue.slots(at, out.len(), |index, slot| {
                if let Some(sample) = out.get_mut(index) {
                    *sample = slot.load(Ordering::Relaxed);
                }
            });
        };
        let mut header = [0i16; HEADER];
        take(read, &mut header);
        let [a, b, c, d, length] = header.map(|half| u64::from(half as u16));
        samples.clear();
        samples.resize(length as usize, 0);
        take(read + HEADER as u64, samples);
        // What was read is given back after it was read.
        queue.read.store(read + HEADER as u64 + length, Ordering::Release);
        Some(a | b << 16 | c << 32 | d << 48)
    }
}

fn empty() -> Box<[AtomicI16; PAGE]> {
    Box::new([const { AtomicI16::new(0) }; PAGE])
}

fn chunk_header(position: u64, length: usize) -> [i16; HEADER] {
    let half = |shift: u32| (position >> shift) as u16 as i16;
    [half(0), half(16), half(32), half(48), length as u16 as i16]
}

const HEADER: usize = 5;
/// Samples in one chunk: 20 ms of stereo at 48 kHz.
const MAX_CHUNK: usize = 1_920;
/// Samples in a page: 4 KiB.
const PAGE: usize = 2_048;
/// The share of a queue that has memory from the beginning: one in so many.
const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that were made.
    fn pages(writer: &TrackWriter) -> usize {
        writer.queue.pages.iter().filter(|page| page.get().is_some()).count()
    }

    #[test]
    fn a_full_queue_loses_frames_but_not_the_clock() {
        let (mut writer, mut reader) = track(2, 8_000);
        let chunk = [7i16; 320];
        for _ in 0..150 {
            writer.write(&chunk);
        }
        assert_eq!(writer.position(), 150 * 160);
        let (mut samples, mut frames, mut next) = (Vec::new(), 0, 0);
        while let Some(position) = reader.next(&mut samples) {
            assert_eq!(position, next);
            next = position + samples.len() as u64 / 2;
            frames = next;
        }
        assert!((16_000..17_600).contains(&frames), "{frames} frames queued");
        writer.write(&chunk);
        assert_eq!(reader.next(&mut samples), Some(150 * 160));
        writer.skip(1 << 40);
        writer.write(&chunk);
        assert_eq!(reader.next(&mut samples), Some((1 << 40) + 151 * 160));
    }

    /// What a queue of two seconds holds in memory is half a second, however long the recording is, until the recorder is later.
    #[test]
    fn a_recorder_that_keeps_up_needs_few_pages() {
        let (mut writer, mut reader) = track(2, 8_000);
        let mut samples = Vec::new();
        for round in 0..100_u64 {
            for frame in 0..10 {
                writer.write(&[(round * 10 + frame) as i16; 320]);
            }
            for frame in 0..10 {
                assert_eq!(reader.next(&mut samples), Some((round * 10 + frame) * 160));
                assert_eq!(samples, [(round * 10 + frame) as i16; 320]);
            }
            assert_eq!(reader.next(&mut samples), None);
        }
        assert_eq!(pages(&writer), 5);
        // A second late, and everything is there.
        for frame in 0..50_i16 {
            writer.write(&[frame; 320]);
        }
        for frame in 0..50_i16 {
            assert!(reader.next(&mut samples).is_some());
            assert_eq!(samples, [frame; 320]);
        }
        assert_eq!(pages(&writer), 8);
    }

    #[test]
    fn chunks_keep_their_order_and_their_samples_across_threads() {
        const CHUNKS: u64 = 20_000;
        let (mut writer, mut reader) = track(2, 8_000);
        let (told, taken) = std::sync::mpsc::channel();
        let pusher = std::thread::Builder::new()
            .spawn(move || {
                for number in 0..CHUNKS {
                    let length = 2 + number as usize % 700 * 2;
                    while writer.queue.room()
                        - (writer.queue.written.load(Ordering::Relaxed)
                            - writer.queue.read.load(Ordering::Acquire))
                        < 2_000
                    {
                        std::thread::yield_now();
                    }
                    let position = writer.position();
                    writer.write(&vec![number as i16; length]);
                    told.send((position, length, number as i16)).unwrap();
                }
            })
            .unwrap();
        let mut samples = Vec::new();
        let mut seen = 0;
        while seen < CHUNKS {
            let Some(position) = reader.next(&mut samples) else {
                std::thread::yield_now();
                continue;
            };
            let (at, length, value) = taken.recv().unwrap();
            assert_eq!((position, samples.len()), (at, length));
            assert!(samples.iter().all(|sample| *sample == value), "chunk {seen}");
            seen += 1;
        }
        pusher.join().unwrap();
        assert_eq!(reader.next(&mut samples), None);
    }
}
