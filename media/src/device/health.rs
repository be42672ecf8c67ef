//! Whether a device stream lives.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use crate::tones::dbm0_of_power;

/// Atomics that a stream's callbacks write and the audio thread reads. A stream whose heartbeat stops is
/// lost whatever its library says: PulseAudio kills streams without a word, ALSA plug-ins stall.
#[derive(Debug, Default)]
pub struct Health {
    beats: AtomicU64,
    fault: AtomicU8,
    xruns: AtomicU64,
    starved: AtomicU64,
    /// Sum of the squares of samples, their number and the largest since the level was last taken.
    energy: AtomicU64,
    samples: AtomicU64,
    peak: AtomicU32,
}

/// How loud a device was for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Power, dBm0 (a full-scale sine has +3.14); −90 is silence.
    pub dbm0: f32,
    /// The largest sample in percent of full scale; 100 is clipped.
    pub peak_percent: f32,
}

/// What the audio system reported as the end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device is gone.
    DeviceGone,
    /// The audio server is gone.
    ServerGone,
    /// The stream must be opened anew.
    Invalidated,
    /// Anything else that is not recoverable.
    Failed,
}

impl Health {
    /// Counts one data callback.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Data callbacks so far.
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Counts samples that were played as silence because the ring was empty.
    pub fn starve(&self, samples: u64) {
        self.starved.fetch_add(samples, Ordering::Relaxed);
    }

    /// Samples that were played as silence because the ring was empty.
    pub fn starved(&self) -> u64 {
        self.starved.load(Ordering::Relaxed)
    }

    /// Adds samples to the level: the sum of their squares, how many, and the largest.
    pub fn measure(&self, energy: u64, samples: u64, peak: u32) {
        self.energy.fetch_add(energy, Ordering::Relaxed);
        self.samples.fetch_add(samples, Ordering::Relaxed);
        self.peak.fetch_max(peak, Ordering::Relaxed);
    }

    /// The level since it was last taken, silence where nothing came. The three counts are taken one after another, so
    /// a callback in between is off by 10 ms.
    pub fn take_level(&self) -> Level {
        let energy = self.energy.swap(0, Ordering::Relaxed);
        let samples = self.samples.swap(0, Ordering::Relaxed).max(1);
        let peak = self.peak.swap(0, Ordering::Relaxed);
        Level {
            dbm0: dbm0_of_power(energy as f32 / samples as f32),
            peak_percent: peak as f32 * 100.0 / 32_768.0,
        }
    }

    /// Under- and overruns that the audio system reported.
    pub fn xruns(&self) -> u64 {
        self.xruns.load(Ordering::Relaxed)
    }

    /// Takes an error of the stream: recoverable ones are counted, others end it.
    pub fn report(&self, kind: cpal::ErrorKind) {
        use cpal::ErrorKind;
        let fault = match kind {
            ErrorKind::Xrun => {
                self.xruns.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The stream goes on at another device or at lower priority.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => return,
            ErrorKind::DeviceNotAvailable | ErrorKind::DeviceBusy => 1,
            ErrorKind::HostUnavailable => 2,
            ErrorKind::StreamInvalidated => 3,
            _ => 4,
        };
        self.fault.store(fault, Ordering::Release);
    }

    /// What ended the stream, if anything did.
    pub fn fault(&self) -> Option<Fault> {
        match self.fault.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Fault::DeviceGone),
            2 => Some(Fault::ServerGone),
            3 => Some(Fault::Invalidated),
            _ => Some(Fault::Failed),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DeviceGone => "the device is gone",
            Self::ServerGone => "the audio server is gone",
            Self::Invalidated => "the audio system ended the stream",
            Self::Failed => "the stream failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_of_the_time_since_it_was_taken() {
        let health = Health::default();
        assert_eq!(health.take_level(), Level { dbm0: -90.0, peak_percent: 0.0 });
        // A square wave of half of full scale: 3 dB above a sine of that peak.
        health.measure(16_384 * 16_384 * 480, 480, 16_384);
        let level = health.take_level();
        assert!((level.dbm0 - 0.13).abs() < 0.2 && level.peak_percent == 50.0, "{level:?}");
        assert_eq!(health.take_level().peak_percent, 0.0);
    }

    #[test]
    fn an_xrun_is_no_fault() {
        let health = Health::default();
        health.report(cpal::ErrorKind::Xrun);
        health.report(cpal::ErrorKind::DeviceChanged);
        assert_eq!((health.fault(), health.xruns()), (None, 1));
        health.report(cpal::ErrorKind::StreamInvalidated);
        assert_eq!(health.fault(), Some(Fault::Invalidated));
    }
}
