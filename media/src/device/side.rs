//! One direction of a seat's devices.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::device::thread::{AudioFeed, Message};
use crate::device::{
    AudioBackend, CaptureFeed, DeviceError, Direction, Duplex, Half, Health, OpenParams, PlaybackFeed,
    Stream, direction_name,
};
use crate::types::SeatId;

/// One direction of a seat: waiting, being opened, or open and watched.
pub(super) struct Side {
    /// Which way.
    pub(super) direction: Direction,
    names: Option<Vec<String>>,
    /// Where it is in its life.
    pub(super) state: SideState,
    /// Name of the device in use.
    pub(super) device: Option<String>,
    /// Opened since the core was last told.
    pub(super) fresh: bool,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Attempts given up whose thread has not come back.
    pub(super) hanging: u32,
    /// Number of the newest attempt.
    pub(super) attempt: u64,
    /// Not yet taken by the worker.
    pub(super) undelivered: Option<AudioFeed>,
    /// Why the last attempt failed.
    pub(super) last_error: String,
}

/// Where a direction is in its life.
pub(super) enum SideState {
    /// Not wanted.
    Off,
    /// Until the next attempt.
    Waiting { until: Instant },
    /// An attempt is under way.
    Opening { since: Instant },
    /// It runs while the stream is kept.
    Open { watch: Watch, stream: Option<Stream> },
}

impl Side {
    /// A direction that is opened at once, or never without names.
    pub(super) fn new(direction: Direction, names: Option<Vec<String>>, now: Instant) -> Self {
        let state = if names.is_some() { SideState::Waiting { until: now } } else { SideState::Off };
        Self {
            direction,
            names,
            state,
            device: None,
            fresh: false,
            failures: 0,
            hanging: 0,
            attempt: 0,
            undelivered: None,
            last_error: String::new(),
        }
    }

    /// Starts an attempt when it is time, gives one up when it hangs.
    pub(super) fn step(
        &mut self,
        seat: SeatId,
        backend: &Arc<dyn AudioBackend>,
        reply: &Sender<Message>,
        now: Instant,
    ) {
        match self.state {
            SideState::Waiting { until } if now >= until && self.hanging < MAX_HANGING => {
                self.attempt += 1;
                self.state = SideState::Opening { since: now };
                if let Err(error) = self.attempt(seat, Arc::clone(backend), reply.clone()) {
                    self.failed(&DeviceError::Thread(error), now);
                }
            }
            SideState::Opening { since } if now.saturating_duration_since(since) >= OPEN_DEADLINE => {
                self.hanging += 1;
                // The next attempt begins with the next name: it may be only this device that hangs.
                if let Some(names) = self.names.as_mut().filter(|names| !names.is_empty()) {
                    names.rotate_left(1);
                }
                self.failed(&DeviceError::Hangs { direction: self.direction }, now);
            }
            _ => {}
        }
    }

    fn attempt(
        &self,
        seat: SeatId,
        backend: Arc<dyn AudioBackend>,
        reply: Sender<Message>,
    ) -> std::io::Result<()> {
        let (direction, attempt, names) = (self.direction, self.attempt, self.names.clone());
        let params = match direction {
            Direction::Capture => OpenParams { capture: names, playback: None },
            Direction::Playback => OpenParams { capture: None, playback: names },
        };
        let open = move || {
            let result = backend.open(&params);
            if let Err(unsent) = reply.send(Message::Opened { seat, direction, attempt, result }) {
                // The engine is gone; the stream closes here.
                drop(unsent);
            }
        };
        Builder::new().name("audio-open".into()).stack_size(STACK).spawn(open).map(drop)
    }

    /// Takes the result of the newest attempt.
    pub(super) fn opened(&mut self, result: Result<Duplex, DeviceError>, now: Instant) {
        let duplex = match result {
            Ok(duplex) => duplex,
            Err(error) => return self.failed(&error, now),
        };
        match duplex {
            Duplex { capture: Some(half), .. } if self.direction == Direction::Capture => {
                let feed = self.adopt(half, now);
                self.undelivered = Some(AudioFeed::Capture(feed));
            }
            Duplex { playback: Some(half), .. } if self.direction == Direction::Playback => {
                let feed = self.adopt(half, now);
                self.undelivered = Some(AudioFeed::Playback(feed));
            }
            _ => self.state = SideState::Off,
        }
    }

    fn adopt<Feed>(&mut self, half: Half<Feed>, now: Instant) -> Feed {
        let Half { name, feed, health, stream } = half;
        tracing::info!(device = name, direction = direction_name(self.direction), "audio device open");
        self.state = SideState::Open { watch: Watch::new(health, now), stream };
        self.device = name;
        self.fresh = true;
        self.failures = 0;
        self.last_error.clear();
        feed
    }

    fn failed(&mut self, error: &DeviceError, now: Instant) {
        let reason = error.reason();
        tracing::debug!(reason, "cannot open an audio device");
        self.last_error = reason;
        let pause = RETRY_FIRST.saturating_mul(1 << self.failures.min(8)).min(RETRY_LAST);
        self.failures = self.failures.saturating_add(1);
        self.state = SideState::Waiting { until: now + pause };
    }

    /// Looks at an open stream; when it is lost, closes it, gives the worker clocked silence in its place
    /// and answers why.
    pub(super) fn check(&mut self, now: Instant) -> Option<String> {
        let SideState::Open { watch, .. } = &mut self.state else { return None };
        let reason = watch.lost(now)?;
        self.close();
        self.state = SideState::Waiting { until: now };
        self.undelivered = Some(match self.direction {
            Direction::Capture => AudioFeed::Capture(CaptureFeed::Silence),
            Direction::Playback => AudioFeed::Playback(PlaybackFeed::Discard),
        });
        Some(reason)
    }

    /// Closes the stream.
    pub(super) fn close(&mut self) {
        self.device = None;
        if let SideState::Open { stream, .. } = std::mem::replace(&mut self.state, SideState::Off) {
            dispose(stream);
        }
    }
}

/// Heartbeat of one stream.
pub(super) struct Watch {
    health: Option<Arc<Health>>,
    beats: u64,
    beat_at: Instant,
    patience: Duration,
}

impl Watch {
    fn new(health: Option<Arc<Health>>, now: Instant) -> Self {
        Self { health, beats: 0, beat_at: now, patience: FIRST_BEAT }
    }

    fn lost(&mut self, now: Instant) -> Option<String> {
        let health = self.health.as_ref()?;
        if let Some(fault) = health.fault() {
            return Some(fault.to_string());
        }
        let beats = health.beats();
        if beats != self.beats {
            self.beats = beats;
            self.beat_at = now;
            // PulseAudio prefills before it starts; only the second callback shows a running stream.
            if beats > 2 {
                self.patience = HEARTBEAT;
            }
            return None;
        }
        let silent = now.saturating_duration_since(self.beat_at);
        (silent >= self.patience).then(|| format!("the device has been still for {} ms", silent.as_millis()))
    }
}

/// Drops what may block on its way out where nobody waits for it.
pub(super) fn dispose<T: Send + 'static>(garbage: T) {
    if let Err(error) =
        Builder::new().name("audio-close".into()).stack_size(STACK).spawn(move || drop(garbage))
    {
        tracing::error!(%error, "cannot start a thread to close an audio device");
    }
}

/// Stack of every thread of the audio side.
pub(super) const STACK: usize = 512 * 1_024;
/// A stream without a callback for this long is lost.
const HEARTBEAT: Duration = Duration::from_millis(450);
/// Patience with a stream that was just opened; PulseAudio takes up to a second.
const FIRST_BEAT: Duration = Duration::from_millis(if cfg!(test) { 600 } else { 3_000 });
/// An attempt that takes longer is given up.
const OPEN_DEADLINE: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 8_000 });
/// No new attempt while this many hang, or a hanging audio system would eat threads.
const MAX_HANGING: u32 = 2;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(2);
