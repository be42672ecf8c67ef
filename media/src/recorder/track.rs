//! The queue from a media worker to the recorder thread.
//!
//! A chunk is two words, its position and the number of its samples, and then its samples, four to a word as they will lie in
//! the file. Positions are frames since the recording began, by the media clock, so that a dropped chunk leaves a hole of known
//! length and nothing shifts.
//!
//! One writer, one reader, no lock. The queue has room for [`QUEUE_SECONDS`], and memory for what was ever in it at once,
//! half a second at least: further pages are made when they are first reached, and whoever writes to an empty queue begins
//! again at its first page.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::recorder::QUEUE_SECONDS;

/// Makes a queue of [`QUEUE_SECONDS`] for `channels` channels at `rate` hertz.
pub(crate) fn track(channels: u16, rate: u32) -> (TrackWriter, TrackReader) {
    let words = (u32::from(channels) * rate * QUEUE_SECONDS) as usize / IN_A_WORD;
    // 20 ms chunks at the rates in use: a header of two words for at least 160 samples.
    let room = words + words / 16;
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
    pages: Box<[OnceLock<Box<[AtomicU64; PAGE]>>]>,
    /// Words written and read since the queue was made.
    written: AtomicU64,
    read: AtomicU64,
    /// Which of them lies at the start of the first page. The writer's; changed while the queue is empty only, so that
    /// whoever sees words sees where they lie.
    first: AtomicU64,
}

impl Queue {
    /// Words that fit.
    fn room(&self) -> u64 {
        (self.pages.len() * PAGE) as u64
    }

    /// Calls `each` with the slots of `count` words from number `at` on, a stretch at a time, and the number of the first of them.
    fn slots(&self, at: u64, count: usize, mut each: impl FnMut(usize, &[AtomicU64])) {
        let mut at = ((at - self.first.load(Ordering::Relaxed)) % self.room()) as usize;
        let mut done = 0;
        while done < count {
            let Some(page) = self.pages.get(at / PAGE) else { return };
            let (page, from) = (page.get_or_init(empty), at % PAGE);
            let length = (count - done).min(PAGE - from);
            each(done, page.get(from..from + length).unwrap_or_default());
            done += length;
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
            self.push(chunk.len(), |index| word(chunk.get(index * IN_A_WORD..).unwrap_or_default()));
        }
    }

    /// Appends `frames` of two channels, 20 ms at most; what one lacks is silence, what it has more is left out.
    pub(crate) fn write_pair(&mut self, left: &[i16], right: &[i16], frames: usize) {
        let at =
            |channel: &[i16], frame: usize| u64::from(channel.get(frame).copied().unwrap_or_default() as u16);
        self.push(frames * 2, |index| {
            let [one, two] = [2 * index, 2 * index + 1]
                .map(|frame| if frame < frames { at(left, frame) | at(right, frame) << 16 } else { 0 });
            one | two << 32
        });
    }

    /// Appends a chunk of so many samples, given by its words. When the queue is full it becomes a gap of the same length.
    fn push(&mut self, samples: usize, word: impl Fn(usize) -> u64) {
        let header = [self.position, samples as u64];
        self.position += (samples / self.channels) as u64;
        let queue = &*self.queue;
        let (from, read) = (queue.written.load(Ordering::Relaxed), queue.read.load(Ordering::Acquire));
        let words = samples.div_ceil(IN_A_WORD);
        let until = from + (HEADER + words) as u64;
        if until - read > queue.room() {
            return;
        }
        if from == read {
            queue.first.store(from, Ordering::Relaxed);
        }
        queue.slots(from, HEADER, |first, slots| {
            for (slot, word) in slots.iter().zip(header.iter().skip(first)) {
                slot.store(*word, Ordering::Relaxed);
            }
        });
        queue.slots(from + HEADER as u64, words, |first, slots| {
            for (index, slot) in slots.iter().enumerate() {
                slot.store(word(first + index), Ordering::Relaxed);
            }
        });
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
    /// The next chunk: the position of its first frame and its interleaved samples, appended to `bytes` as a WAV file has them.
    pub(crate) fn next(&mut self, bytes: &mut Vec<u8>) -> Option<u64> {
        let queue = &*self.queue;
        let (written, read) = (queue.written.load(Ordering::Acquire), queue.read.load(Ordering::Relaxed));
        if written == read {
            return None;
        }
        let mut header = [0; HEADER];
        queue.slots(read, HEADER, |first, slots| {
            for (word, slot) in header.iter_mut().skip(first).zip(slots) {
                *word = slot.load(Ordering::Relaxed);
            }
        });
        let [position, samples] = header;
        let words = (samples as usize).div_ceil(IN_A_WORD);
        let end = bytes.len() + 2 * samples as usize;
        queue.slots(read + HEADER as u64, words, |_, slots| {
            for slot in slots {
                bytes.extend_from_slice(&slot.load(Ordering::Relaxed).to_le_bytes());
            }
        });
        // The last word may be longer than the chunk.
        bytes.truncate(end);
        // What was read is given back after it was read.
        queue.read.store(read + (HEADER + words) as u64, Ordering::Release);
        Some(position)
    }
}

fn empty() -> Box<[AtomicU64; PAGE]> {
    Box::new([const { AtomicU64::new(0) }; PAGE])
}

/// The first four samples, or what there is, the first in the lowest bits.
fn word(samples: &[i16]) -> u64 {
    match *samples {
        [a, b, c, d, ..] => {
            let [a, b, c, d] = [a, b, c, d].map(|sample| u64::from(sample as u16));
            a | b << 16 | c << 32 | d << 48
        }
        _ => samples.iter().rev().fold(0, |word, sample| word << 16 | u64::from(*sample as u16)),
    }
}

/// Words in front of a chunk's samples.
const HEADER: usize = 2;
/// Samples in a word.
const IN_A_WORD: usize = 4;
/// Samples in one chunk: 20 ms of stereo at 48 kHz.
const MAX_CHUNK: usize = 1_920;
/// Words in a page: 4 KiB.
const PAGE: usize = 512;
/// The share of a queue that has memory from the beginning: one in so many.
const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that were made.
    fn pages(writer: &TrackWriter) -> usize {
        writer.queue.pages.iter().filter(|page| page.get().is_some()).count()
    }

    /// The next chunk, as samples.
    fn take(reader: &mut TrackReader, samples: &mut Vec<i16>) -> Option<u64> {
        let mut bytes = Vec::new();
        let position = reader.next(&mut bytes)?;
        samples.clear();
        samples.extend(bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])));
        Some(position)
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
        while let Some(position) = take(&mut reader, &mut samples) {
            assert_eq!(position, next);
            next = position + samples.len() as u64 / 2;
            frames = next;
        }
        assert!((16_000..17_600).contains(&frames), "{frames} frames queued");
        writer.write(&chunk);
        assert_eq!(take(&mut reader, &mut samples), Some(150 * 160));
        writer.skip(1 << 40);
        writer.write(&chunk);
        assert_eq!(take(&mut reader, &mut samples), Some((1 << 40) + 151 * 160));
    }

    #[test]
    fn two_channels_lie_side_by_side_and_what_one_lacks_is_silence() {
        let (mut writer, mut reader) = track(2, 8_000);
        writer.write_pair(&[1, 2, 3], &[-1, -2], 3);
        writer.write_pair(&[], &[], 2);
        writer.write_pair(&[5, 6, 7], &[8], 1);
        let mut samples = Vec::new();
        assert_eq!(take(&mut reader, &mut samples), Some(0));
        assert_eq!(samples, [1, -1, 2, -2, 3, 0]);
        assert_eq!(take(&mut reader, &mut samples), Some(3));
        assert_eq!(samples, [0; 4]);
        assert_eq!(take(&mut reader, &mut samples), Some(5));
        assert_eq!(samples, [5, 8]);
        assert_eq!((writer.position(), take(&mut reader, &mut samples)), (6, None));
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
                assert_eq!(take(&mut reader, &mut samples), Some((round * 10 + frame) * 160));
                assert_eq!(samples, [(round * 10 + frame) as i16; 320]);
            }
            assert_eq!(take(&mut reader, &mut samples), None);
        }
        assert_eq!(pages(&writer), 5);
        // A second late, and everything is there.
        for frame in 0..50_i16 {
            writer.write(&[frame; 320]);
        }
        for frame in 0..50_i16 {
            assert!(take(&mut reader, &mut samples).is_some());
            assert_eq!(samples, [frame; 320]);
        }
        assert_eq!(pages(&writer), 9);
    }

    /// Samples that differ from those of other chunks and from each other, so that none can take another's place.
    fn voice(number: u64, length: usize) -> Vec<i16> {
        (0..length).map(|at| (number as usize * 31 + at * 7) as i16).collect()
    }

    #[test]
    fn chunks_keep_their_order_and_their_samples_across_threads() {
        const CHUNKS: u64 = 20_000;
        let (mut writer, mut reader) = track(2, 8_000);
        let (told, taken) = std::sync::mpsc::channel();
        let pusher = std::thread::Builder::new()
            .spawn(move || {
                for number in 0..CHUNKS {
                    let length = 2 + number as usize % 701;
                    while writer.queue.room()
                        - (writer.queue.written.load(Ordering::Relaxed)
                            - writer.queue.read.load(Ordering::Acquire))
                        < 2_000
                    {
                        std::thread::yield_now();
                    }
                    let position = writer.position();
                    writer.write(&voice(number, length));
                    told.send((position, length, number)).unwrap();
                }
            })
            .unwrap();
        let mut samples = Vec::new();
        let mut seen = 0;
        while seen < CHUNKS {
            let Some(position) = take(&mut reader, &mut samples) else {
                std::thread::yield_now();
                continue;
            };
            let (at, length, number) = taken.recv().unwrap();
            assert_eq!((position, samples.len()), (at, length));
            assert_eq!(samples, voice(number, length), "chunk {seen}");
            seen += 1;
        }
        pusher.join().unwrap();
        assert_eq!(take(&mut reader, &mut samples), None);
    }
}
