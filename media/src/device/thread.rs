//! The audio thread: opens device streams, watches their heartbeat, opens them again.
//!
//! It never opens a stream itself. Audio systems hang (ALSA's `pulse` plug-in, a stopped server), so each
//! attempt runs on a thread of its own that may be given up; the other seats do not notice. Closing runs
//! on a throw-away thread for the same reason.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::device::side::{Attempt, Role, STACK, Side, dispose};
use crate::device::{
    AudioBackend, CaptureFeed, DeviceError, Duplex, Health, Level, PlaybackFeed, Presence, SeatParams,
    presence,
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
    /// Another place to ring at, or none: then it rings in the ear piece.
    Ring(PlaybackFeed),
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
    pub(crate) fn open(&self, seat: SeatId, opening: u64, params: SeatParams) -> Result<(), DeviceError> {
        self.send(Message::Open { seat, opening, params })
    }

    /// Closes a seat's devices, if it has any.
    pub(crate) fn close(&self, seat: SeatId) {
        self.tell(Message::Close { seat });
    }

    /// A message that is not worth starting the thread for.
    fn tell(&self, message: Message) {
        let asleep =
            matches!(*self.shared.lock().unwrap_or_else(PoisonError::into_inner), State::Asleep { .. });
        if !asleep {
            // Only starting the thread can fail, and it runs.
            drop(self.send(message));
        }
    }

    /// Tells the levels of a seat's devices ten times a second, for at most [`METER_LONGEST`].
    pub(crate) fn meter(&self, seat: SeatId, time: Duration) {
        self.tell(Message::Meter { seat, time: time.min(METER_LONGEST) });
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
            if let Some(inventory) = backend.inventory() {
                presence::start(inventory, sender.clone());
            }
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
    Open {
        seat: SeatId,
        opening: u64,
        params: SeatParams,
    },
    Close {
        seat: SeatId,
    },
    Meter {
        seat: SeatId,
        time: Duration,
    },
    Opened {
        seat: SeatId,
        role: Role,
        attempt: u64,
        result: Result<Duplex, DeviceError>,
    },
    /// The devices there are; `None` while no sound server answers.
    Present(Option<Presence>),
    /// Asks whether this thread still lives.
    Nothing,
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
    sides: [Side; 3],
    announced: Announced,
    /// Until when levels are told, and when next.
    meter: Option<(Instant, Instant)>,
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
            seat.sides.iter_mut().for_each(|side| side.close(now()));
        }
        self.events.drain();
    }

    fn handle(&mut self, message: Message, now: Instant) {
        match message {
            Message::Open { seat, opening, params } => {
                self.close(seat, now);
                let sides = [
                    (Role::Capture, Some(params.capture)),
                    (Role::Playback, Some(params.playback)),
                    // Without a wish of its own it rings in the ear piece.
                    (Role::Ring, Some(params.ring).filter(|names| !names.is_empty())),
                ];
                let sides = sides.map(|(role, names)| Side::new(role, names, now));
                self.seats.push(Seat {
                    id: seat,
                    opening,
                    sides,
                    announced: Announced::Nothing,
                    meter: None,
                });
            }
            Message::Close { seat } => self.close(seat, now),
            Message::Meter { seat, time } => {
                if let Some(seat) = self.seats.iter_mut().find(|s| s.id == seat) {
                    // What was before nobody asked for.
                    seat.levels();
                    seat.meter = (!time.is_zero()).then_some((now + time, now + METER_INTERVAL));
                }
            }
            Message::Opened { seat, role, attempt, result } => {
                let mut sides = self.seats.iter_mut().filter(|s| s.id == seat).flat_map(|s| &mut s.sides);
                let left = match sides.find(|side| side.role == role) {
                    Some(side) => side.opened(attempt, result, now),
                    None => Some(result),
                };
                if let Some(result) = left {
                    dispose(result);
                }
            }
            Message::Present(Some(list)) => {
                for side in self.seats.iter_mut().flat_map(|seat| &mut seat.sides) {
                    side.present(&list, now);
                }
            }
            Message::Present(None) | Message::Nothing | Message::End => {}
        }
    }

    fn close(&mut self, seat: SeatId, now: Instant) {
        if let Some(index) = self.seats.iter().position(|s| s.id == seat) {
            let mut seat = self.seats.swap_remove(index);
            seat.sides.iter_mut().for_each(|side| side.close(now));
        }
    }

    fn watch(&mut self, now: Instant) {
        for seat in &mut self.seats {
            for side in &mut seat.sides {
                side.watch(now);
                while let Some(attempt) = side.next_attempt(now) {
                    let begun = open(seat.id, side.role, attempt, &self.backend, &self.reply);
                    if let Err(error) = begun {
                        side.not_begun(error, now);
                    }
                }
                if let Some(feed) = side.undelivered.take() {
                    side.undelivered = (self.deliver)(seat.id, seat.opening, feed).err();
                }
            }
            seat.announce(&mut self.events);
            seat.tell_levels(now, &mut self.events);
        }
    }
}

/// Opens on a thread of its own, which may hang.
fn open(
    seat: SeatId,
    role: Role,
    attempt: Attempt,
    backend: &Arc<dyn AudioBackend>,
    reply: &Sender<Message>,
) -> std::io::Result<()> {
    let (backend, reply) = (Arc::clone(backend), reply.clone());
    let open = move || {
        let result = backend.open(&attempt.params);
        if let Err(unsent) = reply.send(Message::Opened { seat, role, attempt: attempt.number, result }) {
            // The engine is gone; the stream closes here.
            drop(unsent);
        }
    };
    Builder::new().name("audio-open".into()).stack_size(STACK).spawn(open).map(drop)
}

impl Seat {
    fn levels(&self) -> [Option<Level>; 2] {
        [Role::Capture, Role::Playback].map(|role| {
            let side = self.sides.iter().find(|side| side.role == role)?;
            side.health().map(Health::take_level)
        })
    }

    fn tell_levels(&mut self, now: Instant, events: &mut EventQueue) {
        let Some((until, next)) = self.meter else { return };
        if now < next {
            return;
        }
        self.meter = (now < until).then_some((until, now + METER_INTERVAL));
        let [capture, playback] = self.levels();
        events.push(MediaEvent::SeatLevel { seat: self.id, capture, playback });
    }

    fn announce(&mut self, events: &mut EventQueue) {
        let seat = self.id;
        let [capture, playback, ring] = self.sides.each_ref().map(|side| side.device().map(str::to_owned));
        let mut fresh = false;
        let mut lost = Vec::new();
        for side in &mut self.sides {
            fresh |= std::mem::take(&mut side.fresh);
            lost.extend(side.lost.take().map(|reason| format!("{}: {reason}", side.role.name())));
        }
        let voice = self.sides.iter().filter(|side| side.role != Role::Ring);
        match self.announced {
            Announced::Opened => {
                for reason in &lost {
                    tracing::warn!(seat = seat.0, reason, "audio device lost");
                    events.push(MediaEvent::SeatLost { seat, reason: reason.clone() });
                }
                // Both may come at once: the reserve has taken over.
                let whole = voice.clone().all(Side::works);
                if fresh || (whole && !lost.is_empty()) {
                    events.push(MediaEvent::SeatBack { seat, capture, playback, ring });
                }
            }
            Announced::Nothing | Announced::Failed
                if voice.clone().any(Side::is_open) && voice.clone().all(Side::is_settled) =>
            {
                self.announced = Announced::Opened;
                events.push(MediaEvent::SeatOpened { seat, capture, playback, ring });
            }
            Announced::Nothing if voice.clone().all(Side::is_settled) => {
                self.announced = Announced::Failed;
                let reasons: Vec<String> =
                    self.sides.iter().map(Side::error).filter(|text| !text.is_empty()).collect();
                events.push(MediaEvent::SeatFailed { seat, reason: reasons.join("; ") });
            }
            Announced::Nothing | Announced::Failed => {}
        }
    }
}

/// The longest that levels are told without being asked for again.
pub(crate) const METER_LONGEST: Duration = Duration::from_secs(60);
/// Between two levels; a little less than 100 ms, since the thread wakes every 50.
const METER_INTERVAL: Duration = Duration::from_millis(95);
/// How often heartbeats are looked at: a loss is noticed within the heartbeat's patience plus this.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::null::clocked;
    use crate::device::{Half, OpenParams};
    use std::sync::Barrier;

    /// A sound system that hangs for one name, as ALSA's `pulse` plug-in does, and works for others.
    #[derive(Default)]
    struct Moody {
        opened: Mutex<Vec<String>>,
    }

    impl AudioBackend for Moody {
        fn open(&self, params: &OpenParams) -> Result<Duplex, DeviceError> {
            if params.capture.is_some() {
                return Ok(Duplex { capture: Some(clocked(CaptureFeed::Silence)), playback: None });
            }
            let names = params.playback.clone().unwrap_or_default();
            let name = names.first().cloned().unwrap_or_default();
            self.opened.lock().unwrap().push(name.clone());
            if name == "hangs" {
                // Nobody else ever comes.
                Barrier::new(2).wait();
            }
            let half = Half { name: Some(name), ..clocked(PlaybackFeed::Discard) };
            Ok(Duplex { capture: None, playback: Some(half) })
        }
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
        let names = |list: &[&str]| SeatParams {
            playback: list.iter().map(|name| (*name).to_owned()).collect(),
            ..SeatParams::default()
        };
        audio.open(SeatId(1), 1, names(&["hangs", "spare"])).unwrap();
        audio.open(SeatId(2), 2, names(&["good"])).unwrap();
        let opened = |seat, name: &str| MediaEvent::SeatOpened {
            seat,
            capture: None,
            playback: Some(name.into()),
            ring: None,
        };
        assert_eq!(events.blocking_recv().unwrap(), opened(SeatId(2), "good"));
        assert_eq!(events.blocking_recv().unwrap(), opened(SeatId(1), "spare"));
        audio.close(SeatId(1));
        audio.close(SeatId(2));
        audio.join();
        let mut opened = backend.opened.lock().unwrap().clone();
        opened.sort();
        assert_eq!(opened, ["good", "hangs", "spare"]);
    }
}
