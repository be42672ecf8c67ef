//! The audio thread: opens device streams, watches their heartbeat, opens them again.
//!
//! It never opens a stream itself. Audio systems hang (ALSA's `pulse` plug-in, a stopped server), so each
//! attempt runs on a thread of its own that may be given up; the other seats do not notice. Closing runs
//! on a throw-away thread for the same reason.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::device::side::{STACK, Side, SideState, dispose};
use crate::device::{
    AudioBackend, CaptureFeed, DeviceError, Direction, Duplex, OpenParams, PlaybackFeed, direction_name,
};
use crate::queue::{EventQueue, now};
use crate::types::{MediaEvent, SeatId};

/// A change of a seat's devices, for the media worker that serves the seat.
#[derive(Debug)]
pub(crate) enum AudioFeed {
    /// A new microphone, or clocked silence after a loss.
    Capture(CaptureFeed),
    /// A new ear piece, or none after a loss.
    Playback(PlaybackFeed),
}

/// Hands a feed to a worker without waiting, or gives it back to be tried again.
/// The number is the one given to [`Audio::open`].
pub(crate) type Deliver = Box<dyn FnMut(SeatId, u64, AudioFeed) -> Result<(), AudioFeed> + Send>;

/// Handle to the audio thread, which starts with the first device seat.
#[derive(Clone)]
pub(crate) struct Audio {
    shared: Arc<Mutex<State>>,
}

enum State {
    Asleep { backend: Arc<dyn AudioBackend>, events: EventQueue, deliver: Deliver },
    Running { sender: Sender<Message>, thread: JoinHandle<()> },
    Ended,
}

impl Audio {
    /// An audio thread in waiting.
    pub(crate) fn new(backend: Arc<dyn AudioBackend>, events: EventQueue, deliver: Deliver) -> Self {
        Self { shared: Arc::new(Mutex::new(State::Asleep { backend, events, deliver })) }
    }

    /// Opens devices for a seat; replaces what the seat had. `opening` comes back with every feed.
    ///
    /// # Errors
    /// [`DeviceError::Thread`] when the audio thread cannot be started.
    pub(crate) fn open(&self, seat: SeatId, opening: u64, params: OpenParams) -> Result<(), DeviceError> {
        self.send(Message::Open { seat, opening, params })
    }

    /// Closes a seat's devices, if it has any.
    pub(crate) fn close(&self, seat: SeatId) {
        let asleep =
            matches!(*self.shared.lock().unwrap_or_else(PoisonError::into_inner), State::Asleep { .. });
        if !asleep {
            // Only starting the thread can fail, and it runs.
            drop(self.send(Message::Close { seat }));
        }
    }

    /// Closes everything and waits for the thread; streams that hang are left behind.
    pub(crate) fn join(self) {
        let state =
            std::mem::replace(&mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner), State::Ended);
        if let State::Running { sender, thread } = state {
            drop(sender.send(Message::End));
            if thread.join().is_err() {
                tracing::error!("the audio thread panicked");
            }
        }
    }

    fn send(&self, message: Message) -> Result<(), DeviceError> {
        let mut state = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Asleep { .. } = &*state {
            let State::Asleep { backend, events, deliver } = std::mem::replace(&mut *state, State::Ended)
            else {
                return Ok(());
            };
            // Unbounded, but it only holds one message per seat command and per opening attempt.
            let (sender, receiver) = channel();
            let reply = sender.clone();
            let thread = Builder::new()
                .name("audio".into())
                .stack_size(STACK)
                .spawn(move || Work { backend, events, deliver, reply, seats: Vec::new() }.run(&receiver))
                .map_err(DeviceError::Thread)?;
            *state = State::Running { sender, thread };
        }
        if let State::Running { sender, .. } = &*state {
            drop(sender.send(message));
        }
        Ok(())
    }
}

/// What the audio thread is told.
pub(super) enum Message {
    Open { seat: SeatId, opening: u64, params: OpenParams },
    Close { seat: SeatId },
    Opened { seat: SeatId, direction: Direction, attempt: u64, result: Result<Duplex, DeviceError> },
    End,
}

struct Work {
    backend: Arc<dyn AudioBackend>,
    events: EventQueue,
    deliver: Deliver,
    reply: Sender<Message>,
    seats: Vec<Seat>,
}

struct Seat {
    id: SeatId,
    opening: u64,
    halves: [Side; 2],
    announced: Announced,
}

/// What the core was told of a seat.
#[derive(PartialEq, Eq)]
enum Announced {
    Nothing,
    Failed,
    Opened,
}

impl Work {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let flushed = self.events.flush();
            let next = if self.seats.is_empty() && flushed {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                messages.recv_timeout(WATCH_INTERVAL)
            };
            match next {
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => self.handle(message, now()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.watch(now());
        }
        for seat in &mut self.seats {
            seat.halves.iter_mut().for_each(Side::close);
        }
        self.events.drain();
    }

    fn handle(&mut self, message: Message, now: Instant) {
        match message {
            Message::Open { seat, opening, params } => {
                self.close(seat);
                let halves = [(Direction::Capture, params.capture), (Direction::Playback, params.playback)]
                    .map(|(direction, names)| Side::new(direction, names, now));
                self.seats.push(Seat { id: seat, opening, halves, announced: Announced::Nothing });
            }
            Message::Close { seat } => self.close(seat),
            Message::Opened { seat, direction, attempt, result } => {
                let side = self
                    .seats
                    .iter_mut()
                    .filter(|s| s.id == seat)
                    .flat_map(|s| &mut s.halves)
                    .find(|side| side.direction == direction);
                match side {
                    Some(side)
                        if side.attempt == attempt && matches!(side.state, SideState::Opening { .. }) =>
                    {
                        side.opened(result, now);
                    }
                    Some(side) => {
                        side.hanging = side.hanging.saturating_sub(1);
                        dispose(result);
                    }
                    None => dispose(result),
                }
            }
            Message::End => {}
        }
    }

    fn close(&mut self, seat: SeatId) {
        if let Some(index) = self.seats.iter().position(|s| s.id == seat) {
            let mut seat = self.seats.swap_remove(index);
            seat.halves.iter_mut().for_each(Side::close);
        }
    }

    fn watch(&mut self, now: Instant) {
        for seat in &mut self.seats {
            let mut lost = None;
            let mut opened = false;
            for side in &mut seat.halves {
                opened |= std::mem::take(&mut side.fresh);
                if let Some(reason) = side.check(now) {
                    lost = Some(format!("{}: {reason}", direction_name(side.direction)));
                }
                side.step(seat.id, &self.backend, &self.reply, now);
                if let Some(feed) = side.undelivered.take() {
                    side.undelivered = (self.deliver)(seat.id, seat.opening, feed).err();
                }
            }
            seat.announce(opened, lost, &mut self.events);
        }
    }
}

impl Seat {
    fn announce(&mut self, opened: bool, lost: Option<String>, events: &mut EventQueue) {
        let seat = self.id;
        let [capture, playback] =
            [0, 1].map(|index| self.halves.get(index).and_then(|side: &Side| side.device.clone()));
        let some_open = capture.is_some() || playback.is_some();
        match self.announced {
            Announced::Opened => {
                if opened {
                    events.push(MediaEvent::SeatBack { seat, capture, playback });
                }
                if let Some(reason) = lost {
                    tracing::warn!(seat = seat.0, reason, "audio device lost");
                    events.push(MediaEvent::SeatLost { seat, reason });
                }
            }
            Announced::Nothing | Announced::Failed if some_open && self.settled() => {
                self.announced = Announced::Opened;
                events.push(MediaEvent::SeatOpened { seat, capture, playback });
            }
            Announced::Nothing if self.settled() => {
                self.announced = Announced::Failed;
                let reasons: Vec<&str> = self
                    .halves
                    .iter()
                    .map(|side| side.last_error.as_str())
                    .filter(|text| !text.is_empty())
                    .collect();
                events.push(MediaEvent::SeatFailed { seat, reason: reasons.join("; ") });
            }
            Announced::Nothing | Announced::Failed => {}
        }
    }

    /// Whether every direction has had its first answer.
    fn settled(&self) -> bool {
        self.halves.iter().all(|side| match side.state {
            SideState::Off | SideState::Open { .. } => true,
            SideState::Waiting { .. } | SideState::Opening { .. } => side.failures > 0,
        })
    }
}

/// How often heartbeats are looked at: a loss is noticed within the heartbeat's patience plus this.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Half;
    use crate::device::null::clocked;
    use std::sync::Barrier;

    /// A sound system that hangs for one name, as ALSA's `pulse` plug-in does, and works for others until
    /// their heartbeat is stopped.
    #[derive(Default)]
    struct Moody {
        opened: Mutex<Vec<String>>,
    }

    impl AudioBackend for Moody {
        fn open(&self, params: &OpenParams) -> Result<Duplex, DeviceError> {
            let names = params.playback.clone().unwrap_or_default();
            let name = names.first().cloned().unwrap_or_default();
            self.opened.lock().unwrap().push(name.clone());
            if name == "hangs" {
                // Nobody else ever comes.
                Barrier::new(2).wait();
            }
            let half =
                Half { name: Some(name), health: Some(Arc::default()), ..clocked(PlaybackFeed::Discard) };
            Ok(Duplex { capture: None, playback: Some(half) })
        }
    }

    fn next(events: &mut tokio::sync::mpsc::Receiver<MediaEvent>) -> MediaEvent {
        events.blocking_recv().unwrap()
    }

    #[test]
    fn a_hanging_device_delays_no_other_seat_and_its_fallback_is_used() {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let backend = Arc::new(Moody::default());
        let audio = Audio::new(
            Arc::clone(&backend) as Arc<dyn AudioBackend>,
            EventQueue::new(sender),
            Box::new(|_, _, _| Ok(())),
        );
        let names = |list: &[&str]| OpenParams {
            capture: None,
            playback: Some(list.iter().map(|name| (*name).to_owned()).collect()),
        };
        audio.open(SeatId(1), 1, names(&["hangs", "spare"])).unwrap();
        audio.open(SeatId(2), 2, names(&["good"])).unwrap();
        let opened =
            |seat, name: &str| MediaEvent::SeatOpened { seat, capture: None, playback: Some(name.into()) };
        assert_eq!(next(&mut events), opened(SeatId(2), "good"));
        assert!(matches!(next(&mut events), MediaEvent::SeatFailed { seat: SeatId(1), .. }));
        assert_eq!(next(&mut events), opened(SeatId(1), "spare"));
        // Neither has a heartbeat: lost after the patience with a new stream, and opened again.
        assert!(matches!(next(&mut events), MediaEvent::SeatLost { seat: SeatId(2), .. }));
        assert!(matches!(next(&mut events), MediaEvent::SeatBack { .. } | MediaEvent::SeatLost { .. }));
        audio.close(SeatId(1));
        audio.close(SeatId(2));
        audio.join();
        assert!(backend.opened.lock().unwrap().len() >= 4);
    }
}
