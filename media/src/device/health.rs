//! Whether a device stream lives.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Atomics that a stream's callbacks write and the audio thread reads. A stream whose heartbeat stops is
/// lost whatever its library says: PulseAudio kills streams without a word, ALSA plug-ins stall.
#[derive(Debug, Default)]
pub struct Health {
    beats: AtomicU64,
    fault: AtomicU8,
    xruns: AtomicU64,
    starved: AtomicU64,
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
    fn an_xrun_is_no_fault() {
        let health = Health::default();
        health.report(cpal::ErrorKind::Xrun);
        health.report(cpal::ErrorKind::DeviceChanged);
        assert_eq!((health.fault(), health.xruns()), (None, 1));
        health.report(cpal::ErrorKind::StreamInvalidated);
        assert_eq!(health.fault(), Some(Fault::Invalidated));
    }
}
