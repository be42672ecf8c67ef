//! What media workers are told, and how it reaches them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::bell::Bell;
use crate::device::AudioFeed;
use crate::leg::Leg;
use crate::monitor::{Monitor, TappedEnd};
use crate::types::{Command, Endpoint, SeatId, SessionId};

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// By the core.
    Command(Command),
    /// By the audio thread or a voice being opened: a seat has another feed. `opening` is the number of the
    /// [`Command::OpenSeat`] it belongs to.
    Feed { seat: SeatId, opening: u64, feed: AudioFeed },
    /// By the engine: the last worker to see it answers.
    Ping { id: u64, left: Arc<AtomicUsize> },
    /// By the engine: somebody listens at this seat.
    Tapped { seat: SeatId, end: Box<TappedEnd> },
    /// By the engine: this seat listens to another.
    Monitor { by: SeatId, monitor: Box<Monitor> },
    /// By the engine: keep what is said to this session until it arrives from another worker.
    Expect { session: SessionId },
    /// By the engine: hand this session to another worker and put it on `endpoint` there.
    Move { session: SessionId, to: Mailbox, endpoint: Endpoint },
    /// By another worker: the session; `None` when it is not there any more.
    Adopt { session: SessionId, leg: Option<Box<Leg>>, endpoint: Endpoint },
}

/// The way to a worker.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    /// core->media: bounded; the core awaits room.
    pub(crate) sender: mpsc::Sender<Message>,
    bell: Arc<Bell>,
    stop: Arc<AtomicBool>,
}

impl Mailbox {
    /// A way to the worker that sleeps on `bell`.
    pub(crate) fn new(sender: mpsc::Sender<Message>, bell: Bell) -> Self {
        Self { sender, bell: Arc::new(bell), stop: Arc::new(AtomicBool::new(false)) }
    }

    /// What the worker sleeps on.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Whether the worker is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Makes the worker look into its mailbox.
    pub(crate) fn wake(&self) {
        if let Err(error) = self.bell.ring() {
            tracing::error!(%error, "cannot wake a media worker");
        }
    }

    /// Sends without waiting.
    #[expect(clippy::result_large_err, reason = "the message goes back to the sender, who keeps it")]
    pub(crate) fn try_send(&self, message: Message) -> Result<(), TrySendError<Message>> {
        self.sender.try_send(message)?;
        self.wake();
        Ok(())
    }

    /// Ends the worker, whatever is in its mailbox.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    /// Position among `all`.
    pub(crate) fn index(&self, all: &[Self]) -> usize {
        all.iter().position(|other| Arc::ptr_eq(&other.bell, &self.bell)).unwrap_or_default()
    }
}

/// The session that a command is about.
pub(crate) fn session_of(command: &Command) -> Option<SessionId> {
    match command {
        Command::OpenSession { session, .. }
        | Command::Start { session, .. }
        | Command::Update { session, .. }
        | Command::SetEndpoint { session, .. }
        | Command::Answered { session }
        | Command::Record { session, .. }
        | Command::StopRecording { session, .. }
        | Command::PauseRecording { session, .. }
        | Command::Notice { session, .. }
        | Command::Mute { session, .. }
        | Command::Dtmf { session, .. }
        | Command::LocalRingback { session, .. }
        | Command::Close { session } => Some(*session),
        Command::OpenSeat { .. }
        | Command::CloseSeat { .. }
        | Command::Ring { .. }
        | Command::Meter { .. }
        | Command::SetVolume { .. }
        | Command::SetProcessing { .. }
        | Command::Tap { .. }
        | Command::SetTapMode { .. }
        | Command::Untap { .. }
        | Command::Ping { .. } => None,
    }
}
