//! Events on their way to the core, without ever making a voice thread wait.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::types::MediaEvent;

/// One thread's end of the event channel. When the channel is full, state events wait here in order and
/// statistics are coalesced to the newest per session; past [`WAITING_LIMIT`] mere observations (keys,
/// tones, speech) are dropped and counted, so that a peer cannot grow the queue.
#[derive(Debug)]
pub(crate) struct EventQueue {
    channel: mpsc::Sender<MediaEvent>,
    waiting: VecDeque<MediaEvent>,
    dropped: u64,
}

impl EventQueue {
    /// A queue in front of `channel`.
    pub(crate) fn new(channel: mpsc::Sender<MediaEvent>) -> Self {
        Self { channel, waiting: VecDeque::new(), dropped: 0 }
    }

    /// A second queue in front of the same channel, for another thread.
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.channel.clone())
    }

    /// Sends `event`, or keeps it until [`EventQueue::flush`].
    pub(crate) fn push(&mut self, event: MediaEvent) {
        if self.flush() {
            match self.channel.try_send(event) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(event)) => self.waiting.push_back(event),
            }
            return;
        }
        if let MediaEvent::Stats { session, .. } = &event {
            let same =
                |old: &&mut MediaEvent| matches!(old, MediaEvent::Stats { session: s, .. } if s == session);
            if let Some(old) = self.waiting.iter_mut().find(same) {
                *old = event;
                return;
            }
        }
        if self.waiting.len() >= WAITING_LIMIT && is_observation(&event) {
            self.dropped += 1;
            tracing::warn!(dropped = self.dropped, "the core does not take media events");
            return;
        }
        self.waiting.push_back(event);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what waits; `true` when nothing is left.
    pub(crate) fn flush(&mut self) -> bool {
        while let Some(event) = self.waiting.pop_front() {
            match self.channel.try_send(event) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return false;
                }
            }
        }
        true
    }

    /// Sends what waits, giving the core [`DRAIN_PATIENCE`] to make room. Only for a thread about to end: a
    /// core that no longer reads must not keep it.
    pub(crate) fn drain(mut self) {
        let deadline = now() + DRAIN_PATIENCE;
        while !self.flush() {
            if now() >= deadline {
                tracing::error!(events = self.waiting.len(), "the core did not take the last media events");
                return;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// The clock of the shell's threads; the cores get what it says as an argument.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell around the media core reads the clock here, and only here"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, in which the kernel tells when packets arrived; nothing else is measured by it.
#[expect(clippy::disallowed_methods, reason = "kernel timestamps are in wall-clock time")]
pub(crate) fn wall_now() -> SystemTime {
    SystemTime::now()
}

fn is_observation(event: &MediaEvent) -> bool {
    matches!(
        event,
        MediaEvent::Dtmf { .. }
            | MediaEvent::CallProgress { .. }
            | MediaEvent::Beep { .. }
            | MediaEvent::SpeechStarted { .. }
            | MediaEvent::SpeechEnded { .. }
            | MediaEvent::Stats { .. }
            | MediaEvent::SeatLevel { .. }
    )
}

/// Events kept before observations are dropped.
const WAITING_LIMIT: usize = 1_024;
/// How long an ending thread waits for the core.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{SessionId, SessionStats};

    fn stats(session: u64, packets_sent: u64) -> MediaEvent {
        let stats = SessionStats { packets_sent, ..SessionStats::default() };
        MediaEvent::Stats { session: SessionId(session), stats }
    }

    #[test]
    fn state_events_wait_in_order_and_statistics_are_coalesced() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut queue = EventQueue::new(sender);
        queue.push(MediaEvent::Pong { id: 1 });
        queue.push(stats(1, 10));
        queue.push(MediaEvent::Pong { id: 2 });
        queue.push(stats(1, 20));
        queue.push(stats(2, 5));
        assert!(!queue.flush());
        let mut seen = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            seen.push(event);
            queue.flush();
        }
        assert!(queue.is_empty());
        assert_eq!(seen, [MediaEvent::Pong { id: 1 }, stats(1, 20), MediaEvent::Pong { id: 2 }, stats(2, 5)]);
    }

    #[test]
    fn a_peer_that_floods_keys_cannot_grow_the_queue_nor_push_out_state() {
        let (sender, receiver) = mpsc::channel(1);
        let mut queue = EventQueue::new(sender);
        for _ in 0..5_000 {
            queue.push(MediaEvent::Dtmf { session: SessionId(1), digit: '1' });
        }
        queue.push(MediaEvent::RtpTimeout { session: SessionId(1) });
        assert_eq!(queue.waiting.len(), WAITING_LIMIT + 1);
        assert!(matches!(queue.waiting.back(), Some(MediaEvent::RtpTimeout { .. })));
        drop(receiver);
        assert!(queue.flush(), "nobody listens any more");
    }
}
