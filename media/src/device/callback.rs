//! The two data callbacks: no lock, allocation, log, system call, channel or panic.

use std::sync::Arc;

use crate::device::{Health, RingReader, RingWriter};

/// Takes what a microphone delivers: any channel count, mixed to mono into the ring.
#[derive(Debug)]
pub struct CaptureCallback {
    ring: RingWriter,
    health: Arc<Health>,
    channels: usize,
}

impl CaptureCallback {
    /// A callback for interleaved samples of `channels` channels.
    pub fn new(ring: RingWriter, health: Arc<Health>, channels: u16) -> Self {
        Self { ring, health, channels: usize::from(channels.max(1)) }
    }

    /// Takes 16-bit samples.
    pub fn run_i16(&mut self, data: &[i16]) {
        self.run(data, |sample| i32::from(*sample));
    }

    /// Takes float samples, full scale ±1.
    pub fn run_f32(&mut self, data: &[f32]) {
        // `as` saturates, and makes a NaN zero.
        self.run(data, |sample| (*sample * 32_768.0) as i32);
    }

    fn run<T>(&mut self, data: &[T], level: impl Fn(&T) -> i32) {
        self.health.beat();
        let channels = self.channels;
        let mut meter = Meter::default();
        let frames = data.len() / channels;
        let mono = |frame: usize| {
            let frame = data.get(frame * channels..(frame + 1) * channels).unwrap_or_default();
            let sum: i32 = frame.iter().fold(0, |sum, sample| sum.saturating_add(level(sample)));
            (sum / channels as i32).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
        };
        let fitted = self.ring.push_with(frames, |frame| meter.add(mono(frame)));
        // A reserve's ring is full, and its level is still asked for.
        (fitted..frames).for_each(|frame| {
            meter.add(mono(frame));
        });
        meter.tell(&self.health, frames);
    }
}

/// Fills what an ear piece asks for: mono from the ring on every channel, silence when the ring is empty.
#[derive(Debug)]
pub struct PlaybackCallback {
    ring: RingReader,
    health: Arc<Health>,
    channels: usize,
}

impl PlaybackCallback {
    /// A callback for interleaved samples of `channels` channels.
    pub fn new(ring: RingReader, health: Arc<Health>, channels: u16) -> Self {
        Self { ring, health, channels: usize::from(channels.max(1)) }
    }

    /// Fills 16-bit samples.
    pub fn run_i16(&mut self, data: &mut [i16]) {
        self.run(data, |sample| sample);
    }

    /// Fills float samples, full scale ±1.
    pub fn run_f32(&mut self, data: &mut [f32]) {
        self.run(data, |sample| f32::from(sample) / 32_768.0);
    }

    fn run<T: Copy>(&mut self, data: &mut [T], level: impl Fn(i16) -> T) {
        self.health.beat();
        let channels = self.channels;
        let frames = data.len() / channels;
        let mut meter = Meter::default();
        let filled = self.ring.pop_with(frames, |frame, sample| {
            meter.add(sample);
            if let Some(frame) = data.get_mut(frame * channels..(frame + 1) * channels) {
                frame.fill(level(sample));
            }
        });
        if let Some(rest) = data.get_mut(filled * channels..) {
            rest.fill(level(0));
        }
        self.health.starve((frames - filled) as u64);
        meter.tell(&self.health, frames);
    }
}

/// The level of one callback's samples.
#[derive(Default)]
struct Meter {
    energy: u64,
    peak: u32,
}

impl Meter {
    fn add(&mut self, sample: i16) -> i16 {
        let size = u32::from(sample.unsigned_abs());
        self.energy += u64::from(size * size);
        self.peak = self.peak.max(size);
        sample
    }

    fn tell(&self, health: &Health, samples: usize) {
        health.measure(self.energy, samples as u64, self.peak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::ring;

    #[test]
    fn channels_are_mixed_down_and_spread_out() {
        let (writer, mut reader) = ring(8);
        let health = Arc::new(Health::default());
        let mut capture = CaptureCallback::new(writer, Arc::clone(&health), 2);
        capture.run_i16(&[100, 300, i16::MAX, i16::MAX]);
        capture.run_f32(&[0.5, 0.0, 2.0, 2.0, f32::NAN, 0.0]);
        let mut out = [0; 5];
        assert_eq!(reader.pop(&mut out), 5);
        assert_eq!(out, [200, i16::MAX, 8_192, i16::MAX, 0]);

        let (mut writer, reader) = ring(8);
        writer.push(&[16_384]);
        let mut playback = PlaybackCallback::new(reader, Arc::clone(&health), 2);
        let mut data = [1.0f32; 4];
        playback.run_f32(&mut data);
        assert_eq!(data, [0.5, 0.5, 0.0, 0.0]);
        assert_eq!((health.beats(), health.starved()), (3, 1));
    }
}
