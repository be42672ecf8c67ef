//! The media worker: one thread that owns the sockets, sessions and seats given to it.
//!
//! It sleeps until its bell rings for its mailbox, or its turn comes. While it has sessions turns follow a grid of 5 ms: every
//! session has one of the four slots of a 20 ms round, in which it takes what has arrived and the local voice, sends
//! one frame and feeds its recording; seats on devices are topped up in every slot. Slots that nobody has are slept
//! through. The grid is absolute, so that packets keep their distance and do not drift. Without sessions it does
//! not wake at all.

mod turn;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::bell::{Bell, wake_in_time};
use crate::device::Audio;
use crate::inbox::Inbox;
use crate::leg::{Frames, Leg};
use crate::mailbox::{Mailbox, Message, session_of};
use crate::monitor::{self, Monitor};
use crate::queue::{EventQueue, now};
use crate::recorder::{Finish, Recorder, RecorderCommand, Target};
use crate::seat::Seat;
use crate::types::{Command, Endpoint, MediaEvent, SeatId, SessionId};

/// A worker's thread state.
pub(crate) struct Worker {
    mailbox: mpsc::Receiver<Message>,
    pub(crate) events: EventQueue,
    pub(crate) recorder: Recorder,
    pub(crate) audio: Option<Audio>,
    /// Sessions by slot; the slot decides the place in the 20 ms round.
    legs: Vec<Option<Leg>>,
    slots: HashMap<SessionId, usize>,
    pub(crate) seats: HashMap<SeatId, Seat>,
    /// Whether some seat is to be looked at in every slot; `None` when that may have changed.
    hurried: Option<bool>,
    /// Supervisors' seats of this worker that listen to others.
    pub(crate) monitors: HashMap<SeatId, Monitor>,
    /// Messages for sessions on their way here.
    expected: HashMap<SessionId, Vec<Message>>,
    /// What the recorder or another worker had no room for.
    pub(crate) unsent: VecDeque<Unsent>,
    /// The next point of the 5 ms grid and its number, while there are sessions.
    grid: Option<Grid>,
    /// Orders that named nothing known.
    ignored: u64,
    /// Seats opened so far.
    pub(crate) openings: u64,
    /// Whether sessions look for tones and speech.
    detectors: bool,
    /// For threads that open voices.
    pub(crate) own_mailbox: Mailbox,
    /// Code point of voice packets.
    dscp: u8,
    inbox: Inbox,
    frames: Frames,
}

/// What waits for room in a channel.
pub(crate) enum Unsent {
    /// For the recorder thread.
    Recorder(RecorderCommand),
    /// For another worker.
    Worker(Mailbox, Message),
}

#[derive(Clone, Copy)]
struct Grid {
    next: Instant,
    number: u64,
}

impl Worker {
    /// A worker and the way to it.
    pub(crate) fn new(
        capacity: usize,
        dscp: u8,
        events: EventQueue,
        recorder: Recorder,
    ) -> io::Result<(Self, Mailbox)> {
        let (sender, mailbox) = mpsc::channel(capacity);
        let own_mailbox = Mailbox::new(sender, Bell::new()?);
        let worker = Self {
            mailbox,
            events,
            recorder,
            audio: None,
            legs: Vec::new(),
            slots: HashMap::new(),
            seats: HashMap::new(),
            hurried: None,
            monitors: HashMap::new(),
            expected: HashMap::new(),
            unsent: VecDeque::new(),
            grid: None,
            ignored: 0,
            openings: 0,
            detectors: true,
            own_mailbox: own_mailbox.clone(),
            dscp,
            inbox: Inbox::new(),
            frames: Frames::default(),
        };
        Ok((worker, own_mailbox))
    }

    /// Gives the worker sound devices.
    pub(crate) fn set_audio(&mut self, audio: Audio) {
        self.audio = Some(audio);
    }

    /// Whether sessions look for tones and speech; they do unless told.
    pub(crate) fn set_detectors(&mut self, on: bool) {
        self.detectors = on;
    }

    /// Runs until stopped.
    pub(crate) fn run(mut self) {
        wake_in_time();
        while !self.own_mailbox.is_stopped() {
            if let Err(error) = self.wake() {
                tracing::error!(%error, "a media worker cannot sleep");
                break;
            }
        }
        self.end();
    }

    /// Sleeps until there is something to do, and does it.
    fn wake(&mut self) -> io::Result<()> {
        self.sleep()?;
        let now = self.inbox.look_at_clocks();
        self.step(now);
        Ok(())
    }

    /// What there is to do at `now`.
    fn step(&mut self, now: Instant) {
        while let Ok(message) = self.mailbox.try_recv() {
            self.handle(message, now);
        }
        self.tick(now);
        self.retry();
    }

    /// A session's leg.
    #[cfg(test)]
    pub(crate) fn leg(&self, session: SessionId) -> Option<&Leg> {
        self.legs.get(*self.slots.get(&session)?)?.as_ref()
    }

    /// A step in simulated time: packets arrive when they are read.
    #[cfg(test)]
    pub(crate) fn simulate(&mut self, now: Instant) {
        self.inbox.set_clock(now);
        self.step(now);
    }

    /// Sleeps until a message comes or somebody's turn does.
    fn sleep(&mut self) -> io::Result<()> {
        let time = match self.turn() {
            Some(turn) => Some(turn.saturating_duration_since(now())),
            None if self.events.is_empty() && self.unsent.is_empty() => None,
            None => Some(SLOT),
        };
        if time.is_some_and(|time| time.is_zero()) {
            // The mailbox is looked into anyway.
            return Ok(());
        }
        self.own_mailbox.bell().sleep(time)
    }

    /// When the next slot comes that somebody has; all of them while a device wants to be topped up.
    fn turn(&mut self) -> Option<Instant> {
        let grid = self.grid?;
        let every = self.is_hurried();
        let listens = !self.monitors.is_empty();
        let taken = |slot: u64| {
            self.legs.iter().skip(slot as usize % 4).step_by(4).any(Option::is_some)
                || (listens && slot.is_multiple_of(4))
        };
        let ahead = (0..4).find(|ahead| every || taken(grid.number + ahead)).unwrap_or(0);
        Some(grid.next + SLOT * ahead as u32)
    }

    /// Whether a device plays or rings by its own clock. Asked in every slot, when a thousand seats need not be looked at.
    fn is_hurried(&mut self) -> bool {
        let seats = &self.seats;
        let hurries = |seat: &Seat| seat.plays_by_device() || seat.rings_by_clock();
        *self.hurried.get_or_insert_with(|| seats.values().any(hurries))
    }

    fn handle(&mut self, message: Message, now: Instant) {
        self.hurried = None;
        match message {
            Message::Command(command) => match self.expecting(&command) {
                Some(waiting) if waiting.len() < EXPECTED_LIMIT => waiting.push(Message::Command(command)),
                Some(_) => self.ignored += 1,
                None => self.command(command, now),
            },
            Message::Feed { seat, opening, feed } => self.feed(seat, opening, feed),
            Message::Tapped { seat, end } => self.add_tap(seat, *end),
            Message::Monitor { by, monitor } => self.set_monitor(by, *monitor, now),
            Message::Ping { id, left } => {
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.events.push(MediaEvent::Pong { id });
                }
            }
            Message::Expect { session } => {
                self.expected.entry(session).or_default();
            }
            Message::Move { session, to, endpoint } => {
                if let Some(waiting) = self.expected.get_mut(&session) {
                    // It is to move on before it has arrived.
                    waiting.push(Message::Move { session, to, endpoint });
                    return;
                }
                let leg = self.remove(session).map(Box::new);
                self.unsent.push_back(Unsent::Worker(to, Message::Adopt { session, leg, endpoint }));
            }
            Message::Adopt { session, leg, endpoint } => {
                match leg {
                    Some(leg) => {
                        self.insert(*leg, now);
                        self.set_endpoint(session, endpoint);
                    }
                    None => self.ignored += 1,
                }
                for message in self.expected.remove(&session).unwrap_or_default() {
                    self.handle(message, now);
                }
            }
        }
    }

    fn expecting(&mut self, command: &Command) -> Option<&mut Vec<Message>> {
        if self.expected.is_empty() {
            return None;
        }
        self.expected.get_mut(&session_of(command)?)
    }

    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::OpenSeat { seat, voice } => self.open_seat(seat, voice),
            Command::CloseSeat { seat } => drop(self.close_seat(seat)),
            Command::Ring { seat, on } => self.ring(seat, on, now),
            Command::Meter { seat, time } => {
                if let Some(audio) = &self.audio {
                    audio.meter(seat, time);
                }
            }
            Command::SetVolume { seat, volume } => self.setting(seat, |seat| seat.set_volume(volume)),
            Command::SetProcessing { seat, processing } => {
                self.setting(seat, |seat| seat.set_processing(processing));
            }
            Command::Tap { seat, by, mode, tone } => {
                let (tap, monitor) = monitor::tap(by, mode, tone);
                self.add_tap(seat, tap);
                self.set_monitor(by, monitor, now);
            }
            Command::SetTapMode { by, mode } => {
                if let Some(monitor) = self.monitors.get_mut(&by) {
                    monitor.set_mode(mode);
                }
            }
            Command::Untap { by } => {
                self.monitors.remove(&by);
                self.rest();
            }
            Command::OpenSession { session, socket, endpoint } => {
                // A caller that reuses an id gets its old session closed first.
                self.close(session, now);
                match Leg::open(session, socket, self.detectors, self.dscp) {
                    Ok(leg) => {
                        self.insert(leg, now);
                        self.set_endpoint(session, endpoint);
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot take over the sockets of a session");
                        self.events.push(MediaEvent::Closed { session, stats: Default::default() });
                    }
                }
            }
            Command::SetEndpoint { session, endpoint } => self.set_endpoint(session, endpoint),
            Command::Close { session } => {
                if !self.close(session, now) {
                    self.ignored += 1;
                }
            }
            Command::Answered { session } => {
                let seat =
                    self.slots.get(&session).and_then(|slot| self.legs.get_mut(*slot)?.as_mut()).and_then(
                        |leg| {
                            leg.answered(now);
                            leg.seat()
                        },
                    );
                if let Some(seat) =
                    seat.and_then(|seat| self.seats.get_mut(&seat)).filter(|s| s.is_attached(session))
                {
                    seat.restart();
                }
            }
            Command::Ping { id } => self.events.push(MediaEvent::Pong { id }),
            Command::Start { session, params } | Command::Update { session, params } => {
                self.with_leg(session, |leg, events, _| leg.set_params(params, now, events));
            }
            Command::Record { session, path } => {
                self.with_leg(session, |leg, events, unsent| {
                    if let Some(begin) = leg.record(path, events) {
                        unsent.push_back(Unsent::Recorder(begin));
                    }
                });
            }
            Command::StopRecording { session, keep } => {
                self.with_leg(session, |leg, _, unsent| {
                    if let Some(frames) = leg.stop_recording() {
                        let finish = Finish { frames, keep };
                        unsent.push_back(Unsent::Recorder(RecorderCommand::Finish {
                            target: Target::Call(session),
                            finish,
                        }));
                    }
                });
            }
            Command::PauseRecording { session, on } => {
                self.with_leg(session, |leg, events, _| leg.pause_recording(on, events));
            }
            Command::Notice { session, notice } => {
                self.with_leg(session, |leg, _, _| leg.set_notice(notice));
            }
            Command::Mute { session, on } => self.with_leg(session, |leg, _, _| leg.set_muted(on)),
            Command::Dtmf { session, digits } => self.with_leg(session, |leg, _, _| leg.send_digits(&digits)),
            Command::LocalRingback { session, on } => {
                self.with_leg(session, |leg, _, _| leg.set_ringback(on, now))
            }
        }
        self.retry();
    }

    fn with_leg(
        &mut self,
        session: SessionId,
        act: impl FnOnce(&mut Leg, &mut EventQueue, &mut VecDeque<Unsent>),
    ) {
        match self.slots.get(&session).and_then(|slot| self.legs.get_mut(*slot)?.as_mut()) {
            Some(leg) => act(leg, &mut self.events, &mut self.unsent),
            None => {
                self.ignored += 1;
                tracing::debug!(
                    session = session.0,
                    ignored = self.ignored,
                    "command for an unknown session"
                );
            }
        }
    }

    fn set_endpoint(&mut self, session: SessionId, endpoint: Endpoint) {
        let Some(leg) = self.slots.get(&session).and_then(|slot| self.legs.get_mut(*slot)?.as_mut()) else {
            self.ignored += 1;
            return;
        };
        if let Some(seat) = leg.seat().and_then(|seat| self.seats.get_mut(&seat)) {
            seat.detach(session);
        }
        let (phone_before, leg) = (leg.phone_of(), leg);
        leg.set_endpoint(endpoint);
        let (seat, phone) = (leg.seat(), leg.phone_of());
        if let Some(id) = seat {
            // A session may come before its seat: silence until the seat opens.
            self.seats.entry(id).or_insert_with(|| Seat::new(0, Vec::new())).attach(session);
        }
        if let Some(id) = phone_before {
            self.take_phone(id, session);
        }
        if let Some(id) = phone {
            self.put_phone(id, session);
        }
    }

    fn insert(&mut self, leg: Leg, now: Instant) {
        let slot = self.legs.iter().position(Option::is_none).unwrap_or_else(|| {
            self.legs.push(None);
            self.legs.len() - 1
        });
        self.slots.insert(leg.id(), slot);
        if let Some(entry) = self.legs.get_mut(slot) {
            *entry = Some(leg);
        }
        self.wake_up(now);
    }

    /// The leg that is a seat's phone.
    pub(crate) fn phone_leg(&self, seat: SeatId) -> Option<SessionId> {
        self.legs.iter().flatten().find(|leg| leg.phone_of() == Some(seat)).map(Leg::id)
    }

    fn remove(&mut self, session: SessionId) -> Option<Leg> {
        let slot = self.slots.remove(&session)?;
        let leg = self.legs.get_mut(slot)?.take()?;
        if let Some(seat) = leg.seat().and_then(|seat| self.seats.get_mut(&seat)) {
            seat.detach(session);
        }
        if let Some(seat) = leg.phone_of() {
            self.take_phone(seat, session);
        }
        self.rest();
        Some(leg)
    }

    /// Stops the clock when nobody needs it.
    pub(crate) fn rest(&mut self) {
        let needed = !self.slots.is_empty() || !self.monitors.is_empty();
        if !needed && !self.seats.values().any(Seat::rings_by_clock) {
            self.grid = None;
        }
    }

    /// Starts the clock.
    pub(crate) fn wake_up(&mut self, now: Instant) {
        self.grid.get_or_insert(Grid { next: now + SLOT, number: 0 });
    }

    fn close(&mut self, session: SessionId, now: Instant) -> bool {
        let Some(mut leg) = self.remove(session) else { return false };
        let stats = leg.close(now, &mut self.events);
        if let Some(frames) = leg.stop_recording() {
            let finish = Finish { frames, keep: true };
            self.unsent.push_back(Unsent::Recorder(RecorderCommand::Finish {
                target: Target::Call(session),
                finish,
            }));
        }
        self.events.push(MediaEvent::Stats { session, stats });
        if leg.was_recorded() {
            // The recorder answers, so that `Closed` comes after `RecordingClosed`.
            self.unsent.push_back(Unsent::Recorder(RecorderCommand::Closed { session, stats }));
        } else {
            self.events.push(MediaEvent::Closed { session, stats });
        }
        self.retry();
        true
    }

    fn tick(&mut self, now: Instant) {
        let Some(mut grid) = self.grid else { return };
        let behind = now.saturating_duration_since(grid.next);
        if behind > CATCH_UP {
            // The machine slept or starved us: packets of the past help nobody, the recording gets a gap.
            let rounds = (behind.as_millis() / SLOT.as_millis() / 4) as u64;
            grid.number += rounds * 4;
            grid.next += SLOT * 4 * u32::try_from(rounds).unwrap_or(u32::MAX);
            self.legs.iter_mut().flatten().for_each(|leg| leg.skip_ticks(rounds));
        }
        let hurried = self.is_hurried();
        while grid.next <= now {
            let round = grid.number % 4;
            // Only devices want something between their sessions' turns.
            let (first, step) = if hurried { (0, 1) } else { (round as usize, 4) };
            for slot in (first..self.legs.len()).step_by(step) {
                self.turn_of(slot, slot as u64 % 4 == round, now);
            }
            if !self.monitors.is_empty() {
                self.turn_of_monitors(round == 0);
            }
            if hurried {
                self.seats.values_mut().for_each(Seat::ring);
            }
            if grid.number / 4 % REPORT_ROUNDS == 0 {
                let its_turn = self.legs.iter_mut().skip(round as usize).step_by(4);
                its_turn.flatten().for_each(|leg| leg.report(&mut self.events));
            }
            grid.number += 1;
            grid.next += SLOT;
        }
        self.grid = Some(grid);
    }

    fn retry(&mut self) {
        self.events.flush();
        while let Some(unsent) = self.unsent.pop_front() {
            let back = match unsent {
                Unsent::Recorder(command) => self.recorder.try_send(command).map_err(Unsent::Recorder),
                Unsent::Worker(mailbox, message) => match mailbox.try_send(message) {
                    Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
                    Err(TrySendError::Full(message)) => Err(Unsent::Worker(mailbox, message)),
                },
            };
            if let Err(unsent) = back {
                self.unsent.push_front(unsent);
                return;
            }
        }
    }

    fn end(mut self) {
        let sessions: Vec<SessionId> = self.legs.iter().flatten().map(Leg::id).collect();
        for session in sessions {
            self.close(session, now());
        }
        let seats: Vec<SeatId> = self.seats.keys().copied().collect();
        for seat in seats {
            self.close_seat(seat);
        }
        // Nothing is on the air any more, so waiting harms nobody.
        for unsent in self.unsent.drain(..) {
            if let Unsent::Recorder(command) = unsent {
                self.recorder.send(command);
            }
        }
        self.events.drain();
    }
}

/// Distance of the grid: a device's ring is looked at this often.
const SLOT: Duration = Duration::from_millis(5);
/// So many rounds of 20 ms apart, sessions are asked to report: half a second, since each does so every second time. Together, so
/// that the core wakes for all of them a few times a second, and not for each.
const REPORT_ROUNDS: u64 = 25;
/// Delay up to which missed ticks are made up for, one after another.
const CATCH_UP: Duration = Duration::from_millis(100);
/// Messages kept for a session on its way between workers.
const EXPECTED_LIMIT: usize = 64;

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
