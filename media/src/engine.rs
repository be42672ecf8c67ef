//! The engine: worker threads behind bounded channels.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::device::{Audio, AudioBackend, Cpal};
use crate::mailbox::{Mailbox, Message};
use crate::monitor;
use crate::queue::EventQueue;
use crate::recorder::Recorder;
use crate::thread::Worker;
use crate::types::{Command, Endpoint, MediaEvent, SeatId, SessionId};

/// How the engine is built.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Media worker threads; 0 means one per core.
    pub workers: usize,
    /// Whether sound devices may be opened; without, device seats fail as if no device were there.
    pub audio: bool,
    /// Code point that voice packets are marked with (RFC 2474), 0 to 63; 46 is Expedited Forwarding (RFC 3246).
    pub dscp: u8,
    /// Depth of the event channel. When it is full, state events wait in the worker and statistics are
    /// coalesced.
    pub event_capacity: usize,
    /// Whether tones, FAX, beeps and speech are looked for. Without, nobody hears of them and a call costs less.
    pub detectors: bool,
    /// Depth of each worker's command channel. When it is full, [`Engine::send`] waits and
    /// [`Engine::try_send`] answers [`Busy`].
    pub command_capacity: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { workers: 0, audio: true, dscp: 46, detectors: true, event_capacity: 256, command_capacity: 32 }
    }
}

/// Handle to the media threads; cheap to clone.
///
/// It owns nothing of a call but the knowledge which worker serves it: all legs of a seat stay on one
/// worker. Commands of one sender for one session take effect in order.
///
/// ```
/// # fn main() -> Result<(), media::engine::StartError> {
/// use media::engine::{Engine, EngineConfig};
/// let (engine, _events) = Engine::start(EngineConfig { workers: 1, ..EngineConfig::default() })?;
/// engine.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    workers: Box<[Mailbox]>,
    routes: Mutex<HashMap<SessionId, usize>>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    workers: Vec<JoinHandle<()>>,
    audio: Audio,
    recorder: Recorder,
}

impl Engine {
    /// Starts the workers. The audio and the recorder thread start when they are needed.
    ///
    /// # Errors
    /// [`StartError`] when the system gives no thread or no poller.
    pub fn start(config: EngineConfig) -> Result<(Self, mpsc::Receiver<MediaEvent>), StartError> {
        Self::start_with(config, Arc::new(Cpal))
    }

    /// Like [`Engine::start`], with device seats opened by `backend`.
    ///
    /// # Errors
    /// [`StartError`] when the system gives no thread or no poller.
    pub fn start_with(
        config: EngineConfig,
        backend: Arc<dyn AudioBackend>,
    ) -> Result<(Self, mpsc::Receiver<MediaEvent>), StartError> {
        // media->core: state events must not be lost, so a full channel makes them wait in `EventQueue`.
        let (sender, receiver) = mpsc::channel(config.event_capacity.max(1));
        let events = EventQueue::new(sender);
        let recorder = Recorder::new(events.fork());
        let parts = Parts::build(&config, backend, events, recorder)?;
        let mut threads = Vec::with_capacity(parts.workers.len());
        for (index, worker) in parts.workers.into_iter().enumerate() {
            let thread = std::thread::Builder::new()
                .name(format!("media-{index}"))
                .stack_size(512 * 1_024)
                .spawn(move || worker.run())
                .map_err(StartError::Thread)?;
            threads.push(thread);
        }
        let threads =
            Mutex::new(Some(Threads { workers: threads, audio: parts.audio, recorder: parts.recorder }));
        let shared = Shared { workers: parts.mailboxes, routes: Mutex::new(HashMap::new()), threads };
        Ok((Self { shared: Arc::new(shared) }, receiver))
    }

    /// Gives a command to its worker without waiting.
    ///
    /// # Errors
    /// [`Busy`] with the command when the worker's channel is full or the engine has ended.
    pub fn try_send(&self, command: Command) -> Result<(), Busy> {
        let parcel = self.address(command);
        let mut permits = Vec::with_capacity(parcel.workers.len());
        for &mailbox in &parcel.workers {
            match mailbox.sender.try_reserve() {
                Ok(permit) => permits.push((permit, mailbox)),
                Err(_) => return Err(Busy(Box::new(parcel.command))),
            }
        }
        self.deliver(permits, parcel.command, &parcel.workers);
        Ok(())
    }

    /// Gives a command to its worker, waiting while the channel is full.
    ///
    /// # Errors
    /// [`Closed`] when the engine has ended.
    pub async fn send(&self, command: Command) -> Result<(), Closed> {
        let parcel = self.address(command);
        let mut permits = Vec::with_capacity(parcel.workers.len());
        for &mailbox in &parcel.workers {
            permits.push((mailbox.sender.reserve().await.map_err(|_| Closed)?, mailbox));
        }
        self.deliver(permits, parcel.command, &parcel.workers);
        Ok(())
    }

    /// Closes every session and seat, ends recordings properly, and waits for the threads. Blocks for as
    /// long as the disk does; other handles answer [`Closed`] from then on.
    ///
    /// The caller may go on reading events in another task or after this returns; what does not fit the
    /// channel and is not read within seconds is given up.
    pub fn shutdown(self) {
        let Some(threads) = self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        for mailbox in &self.shared.workers {
            mailbox.stop();
        }
        for thread in threads.workers {
            if thread.join().is_err() {
                tracing::error!("a media worker panicked");
            }
        }
        threads.audio.join();
        threads.recorder.join();
    }

    /// The workers that a command goes to: one, except for a ping (all) and a session that changes workers.
    fn address(&self, command: Command) -> Parcel<'_> {
        let count = self.shared.workers.len();
        let by_session = |session: SessionId| (session.0 % count as u64) as usize;
        let by_seat = |seat: SeatId| seat.0 as usize % count;
        let known =
            |session: SessionId| self.routes().get(&session).copied().unwrap_or_else(|| by_session(session));
        let indices: Vec<usize> = match &command {
            Command::OpenSeat { seat, .. }
            | Command::CloseSeat { seat }
            | Command::Ring { seat, .. }
            | Command::Meter { seat, .. }
            | Command::SetVolume { seat, .. }
            | Command::SetProcessing { seat, .. }
            | Command::SetTapMode { by: seat, .. }
            | Command::Untap { by: seat } => vec![by_seat(*seat)],
            Command::Tap { seat, by, .. } => {
                let (tapped, own) = (by_seat(*seat), by_seat(*by));
                if tapped == own { vec![own] } else { vec![tapped, own] }
            }
            Command::OpenSession { session, endpoint, .. } => match endpoint {
                Endpoint::Seat(seat) | Endpoint::Phone(seat) => vec![by_seat(*seat)],
                Endpoint::Clip(_) | Endpoint::Echo | Endpoint::Silence => vec![by_session(*session)],
            },
            Command::SetEndpoint { session, endpoint: Endpoint::Seat(seat) | Endpoint::Phone(seat) } => {
                let (from, to) = (known(*session), by_seat(*seat));
                if from == to { vec![to] } else { vec![from, to] }
            }
            Command::SetEndpoint { session, .. }
            | Command::Start { session, .. }
            | Command::Update { session, .. }
            | Command::Answered { session }
            | Command::Record { session, .. }
            | Command::StopRecording { session, .. }
            | Command::PauseRecording { session, .. }
            | Command::Notice { session, .. }
            | Command::Mute { session, .. }
            | Command::Dtmf { session, .. }
            | Command::LocalRingback { session, .. }
            | Command::Close { session } => vec![known(*session)],
            Command::Ping { .. } => (0..count).collect(),
        };
        let workers = indices.iter().filter_map(|index| self.shared.workers.get(*index)).collect();
        Parcel { command, workers }
    }

    fn deliver(
        &self,
        permits: Vec<(mpsc::Permit<'_, Message>, &Mailbox)>,
        command: Command,
        workers: &[&Mailbox],
    ) {
        let mut routes = self.routes();
        match (&command, workers) {
            (Command::OpenSession { session, .. }, [worker]) => {
                routes.insert(*session, worker.index(&self.shared.workers));
            }
            (Command::SetEndpoint { session, .. }, [_, to]) => {
                routes.insert(*session, to.index(&self.shared.workers));
            }
            (Command::Close { session }, _) => {
                routes.remove(session);
            }
            _ => {}
        }
        drop(routes);
        let mut permits = permits.into_iter();
        match (command, workers) {
            (Command::Ping { id }, _) => {
                let left = Arc::new(AtomicUsize::new(workers.len()));
                for (permit, mailbox) in permits {
                    permit.send(Message::Ping { id, left: Arc::clone(&left) });
                    mailbox.wake();
                }
            }
            (Command::SetEndpoint { session, endpoint }, [_, to]) => {
                // The new worker keeps what is said to the session until the session itself arrives.
                let (from_permit, to_permit) = (permits.next(), permits.next());
                if let (Some((from, old)), Some((permit, new))) = (from_permit, to_permit) {
                    permit.send(Message::Expect { session });
                    new.wake();
                    from.send(Message::Move { session, to: (*to).clone(), endpoint });
                    old.wake();
                }
            }
            (Command::Tap { seat, by, mode, tone }, [_, _]) => {
                let (end, monitor) = monitor::tap(by, mode, tone);
                let tapped = Message::Tapped { seat, end: Box::new(end) };
                for (message, (permit, mailbox)) in
                    [tapped, Message::Monitor { by, monitor: Box::new(monitor) }].into_iter().zip(permits)
                {
                    permit.send(message);
                    mailbox.wake();
                }
            }
            (command, _) => {
                if let Some((permit, mailbox)) = permits.next() {
                    permit.send(Message::Command(command));
                    mailbox.wake();
                }
            }
        }
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<SessionId, usize>> {
        self.shared.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("workers", &self.shared.workers.len()).finish_non_exhaustive()
    }
}

/// Workers that are not running yet, and what belongs to them.
struct Parts {
    workers: Vec<Worker>,
    mailboxes: Box<[Mailbox]>,
    audio: Audio,
    recorder: Recorder,
}

impl Parts {
    fn build(
        config: &EngineConfig,
        backend: Arc<dyn AudioBackend>,
        events: EventQueue,
        recorder: Recorder,
    ) -> Result<Self, StartError> {
        let count = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let mut workers = Vec::with_capacity(count);
        let mut mailboxes = Vec::with_capacity(count);
        for _ in 0..count {
            let (mut worker, mailbox) =
                Worker::new(config.command_capacity.max(1), config.dscp, events.fork(), recorder.clone())
                    .map_err(StartError::Poller)?;
            worker.set_detectors(config.detectors);
            workers.push(worker);
            mailboxes.push(mailbox);
        }
        let mailboxes: Box<[Mailbox]> = mailboxes.into();
        let to_workers = mailboxes.clone();
        let deliver = move |seat: SeatId, opening, feed| match to_workers.get(seat.0 as usize % count) {
            Some(mailbox) => match mailbox.try_send(Message::Feed { seat, opening, feed }) {
                Err(TrySendError::Full(Message::Feed { feed, .. })) => Err(feed),
                Ok(()) | Err(_) => Ok(()),
            },
            None => Ok(()),
        };
        let audio = Audio::new(backend, events, Box::new(deliver));
        if config.audio {
            workers.iter_mut().for_each(|worker| worker.set_audio(audio.clone()));
        }
        Ok(Self { workers, mailboxes, audio, recorder })
    }
}

struct Parcel<'a> {
    command: Command,
    workers: Vec<&'a Mailbox>,
}

/// The engine could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No poller: out of file descriptors.
    #[error("cannot create a poller for a media worker")]
    Poller(#[source] io::Error),
    /// No thread.
    #[error("cannot start a media worker")]
    Thread(#[source] io::Error),
}

/// The worker has not yet taken earlier commands, or the engine has ended. Holds the command.
#[derive(Debug, thiserror::Error)]
#[error("the media worker is busy")]
pub struct Busy(pub Box<Command>);

/// The engine has ended.
#[derive(Debug, thiserror::Error)]
#[error("the media engine has ended")]
pub struct Closed;

#[cfg(test)]
mod tests;
