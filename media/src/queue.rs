//! Events on their way to the core, without ever making a voice thread wait.

use std::collections::VecDeque;
use std::time::Instant;

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

    /// Sends what waits even if the core has to make room first. Only for a thread about to end.
    pub(crate) fn drain(mut self) {
        for event in self.waiting.drain(..) {
            if self.channel.blocking_send(event).is_err() {
                return;
            }
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

fn is_observation(event: &MediaEvent) -> bool {
    matches!(
        event,
        MediaEvent::Dtmf { .. }
            | MediaEvent::CallProgress { .. }
            | MediaEvent::Beep { .. }
            | MediaEvent::SpeechStarted { .. }
            | MediaEvent::SpeechEnded { .. }
            | MediaEvent::Stats { .. }
    )
}

/// Events kept before observations are dropped.
const WAITING_LIMIT: usize = 1_024;
