//! The heartbeat of one device stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::device::Health;

/// Whether a stream lives, by its callbacks, whatever its library reports.
pub(super) struct Watch {
    health: Option<Arc<Health>>,
    beats: u64,
    beat_at: Instant,
    patience: Duration,
}

impl Watch {
    /// Watches a stream that was just opened; one without health never ends.
    pub(super) fn new(health: Option<Arc<Health>>, now: Instant) -> Self {
        Self { health, beats: 0, beat_at: now, patience: FIRST_BEAT }
    }

    /// Whether the device calls back by its own clock: PulseAudio prefills before it starts.
    pub(super) fn runs(&self) -> bool {
        self.health.as_ref().is_none_or(|health| health.beats() > PREFILL)
    }

    /// What the stream's callbacks count; `None` where there is no device.
    pub(super) fn health(&self) -> Option<&Health> {
        self.health.as_deref()
    }

    /// Why the stream is lost, if it is.
    pub(super) fn lost(&mut self, now: Instant) -> Option<String> {
        let health = self.health.as_ref()?;
        if let Some(fault) = health.fault() {
            return Some(fault.to_string());
        }
        let beats = health.beats();
        if beats != self.beats {
            self.beats = beats;
            self.beat_at = now;
            if beats > PREFILL {
                self.patience = HEARTBEAT;
            }
            return None;
        }
        let silent = now.saturating_duration_since(self.beat_at);
        (silent >= self.patience).then(|| format!("the device has been still for {} ms", silent.as_millis()))
    }
}

/// Callbacks that may come before the device runs.
const PREFILL: u64 = 2;
/// A stream without a callback for this long is lost. With the interval of the audio thread 450 ms at most.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(400);
/// Patience with a stream that was just opened; PulseAudio takes up to a second.
pub(super) const FIRST_BEAT: Duration = Duration::from_secs(3);
