//! The queue from a media worker to the recorder thread.
//!
//! A chunk is five header samples (four of position, one of length) and its frames, in the same lock-free
//! ring as the audio callbacks use. Positions are frames since the recording began, by the media clock, so
//! that a dropped chunk leaves a hole of known length and nothing shifts.

use crate::device::{RingReader, RingWriter, ring};
use crate::recorder::QUEUE_SECONDS;

/// Makes a queue of [`QUEUE_SECONDS`] for `channels` channels at `rate` hertz.
pub(crate) fn track(channels: u16, rate: u32) -> (TrackWriter, TrackReader) {
    let samples = u32::from(channels) * rate * QUEUE_SECONDS;
    // 20 ms chunks at the rates in use: five header samples for at least 160 frames.
    let (writer, reader) = ring(samples as usize + samples as usize / 32);
    (TrackWriter { ring: writer, channels: usize::from(channels), position: 0 }, TrackReader { ring: reader })
}

/// The media worker's end.
#[derive(Debug)]
pub(crate) struct TrackWriter {
    ring: RingWriter,
    channels: usize,
    position: u64,
}

impl TrackWriter {
    /// Appends interleaved frames. When the queue is full they become a gap of the same length.
    pub(crate) fn write(&mut self, interleaved: &[i16]) {
        for chunk in interleaved.chunks(MAX_CHUNK / self.channels * self.channels) {
            let header = chunk_header(self.position, chunk.len());
            if self.ring.free() >= HEADER + chunk.len() {
                self.ring.push_with(HEADER + chunk.len(), |index| {
                    let from = if index < HEADER { header.get(index) } else { chunk.get(index - HEADER) };
                    from.copied().unwrap_or_default()
                });
            }
            self.position += (chunk.len() / self.channels) as u64;
        }
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
    ring: RingReader,
}

impl TrackReader {
    /// The next chunk: the position of its first frame and its interleaved samples, put into `samples`.
    pub(crate) fn next(&mut self, samples: &mut Vec<i16>) -> Option<u64> {
        let mut header = [0i16; HEADER];
        // A chunk becomes visible in one store, so that a header is never seen without its frames.
        if self.ring.pop(&mut header) < HEADER {
            return None;
        }
        let [a, b, c, d, length] = header.map(|half| u64::from(half as u16));
        samples.clear();
        samples.resize(length as usize, 0);
        self.ring.pop(samples);
        Some(a | b << 16 | c << 32 | d << 48)
    }
}

fn chunk_header(position: u64, length: usize) -> [i16; HEADER] {
    let half = |shift: u32| (position >> shift) as u16 as i16;
    [half(0), half(16), half(32), half(48), length as u16 as i16]
}

const HEADER: usize = 5;
/// Samples in one chunk: 20 ms of stereo at 48 kHz.
const MAX_CHUNK: usize = 1_920;

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!((16_000..16_800).contains(&frames), "{frames} frames queued");
        writer.write(&chunk);
        assert_eq!(reader.next(&mut samples), Some(150 * 160));
        writer.skip(1 << 40);
        writer.write(&chunk);
        assert_eq!(reader.next(&mut samples), Some((1 << 40) + 151 * 160));
    }
}
