//! The core task: one owner of all call state.
//!
//! Everything that happens arrives here as one `Input`, is applied to the seats' [`dialer::Dialer`]s and the calls,
//! and leaves as orders to the user agent, the media engine and the store. Nothing here blocks: store verbs run as
//! jobs whose results come back as inputs; names, passwords and files are dealt with elsewhere.
//!
//! ```text
//!  SIP driver ─┐                        ┌─> UserAgent (INVITE on the wire before anything else)
//!  media  ─────┤                        ├─> media::Engine
//!  store jobs ─┼─> Core::handle(Input) ─┼─> Store (jobs)
//!  control ────┤      Dialer per seat   ├─> EventHub
//!  timers ─────┘                        └─> Notifier
//! ```

pub(crate) mod account;
mod act;
mod beside;
mod call;
mod callee;
mod command;
mod consult;
mod devices;
mod digits;
mod ended;
mod export;
mod hangup;
mod headset;
mod heard;
pub(crate) mod identity;
mod import;
mod its_seat;
mod job;
mod manage;
mod moved;
mod named_call;
mod office;
mod out_of_hours;
mod parts;
mod passed;
mod past;
mod pause;
mod phone;
mod project;
mod query;
mod reach;
mod refusal;
mod rehearsal;
mod replaced;
mod report;
mod rows;
mod save;
mod seat;
mod secure;
mod sight;
mod signal;
mod silence;
mod status;
mod strangers;
mod tap;
mod trace;
mod transfer;
mod trouble;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use config::Config;
use media::engine::Engine;
use media::types::Command as MediaCommand;
use media::types::{MediaEvent, SessionId};
use sip_stack::driver::Driver;
use sip_stack::ua::{CallId, Event as SipEvent, UserAgent};
use store::{AttemptId, Sealed, Store};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::archive::Archivist;
use crate::clock::{JumpWatch, Now, now};
use crate::control::{EventHub, Incoming, People};
use crate::keeping::Kept;
use crate::notify::Notifier;

pub(crate) use account::AccountRuntime;
use call::Call;
use command::respond;
pub(crate) use devices::Wanted;
pub(crate) use headset::Headsets;
use job::Done;
pub(crate) use parts::Parts;
pub(crate) use passed::PassedOver;
use past::PastCalls;
pub(crate) use phone::{IDLE as PHONE_IDLE, Phone};
pub(crate) use seat::{SeatRuntime, Voice};
pub(crate) use trouble::Trouble;

/// Position of a seat in the configuration.
pub(crate) type SeatIndex = usize;

/// The owner of all call state. Built by [`crate::run`], driven by [`Core::run`].
pub(crate) struct Core {
    config: Arc<Config>,
    ua: UserAgent,
    driver: Driver,
    engine: Engine,
    media_events: mpsc::Receiver<MediaEvent>,
    store: Store,
    commands: mpsc::Receiver<Incoming>,
    hub: Arc<EventHub>,
    people: Arc<People>,
    notifier: Notifier,
    outbox_nudge: Arc<Notify>,
    /// Why the last delivery failed.
    outbox_trouble: Arc<Mutex<Option<String>>>,
    stop: Arc<Notify>,
    /// What operators set of their devices.
    settings: crate::settings::Kept,
    headsets: Headsets,

    accounts: Vec<AccountRuntime>,
    seats: Vec<SeatRuntime>,
    calls: HashMap<AttemptId, Call>,
    by_sip: HashMap<CallId, AttemptId>,
    by_session: HashMap<SessionId, AttemptId>,
    /// Recordings whose calls ended before the recorder did.
    late_recordings: HashMap<SessionId, call::Recorded>,
    /// Calls that are over, for traces.
    past: PastCalls,
    /// Rows of second calls that are not sealed yet.
    consultations: HashSet<AttemptId>,
    /// Incoming calls whose row is not on disk yet.
    arriving: HashMap<CallId, signal::Arriving>,
    archivist: Archivist,
    /// Recordings, as the housekeeper last saw them.
    kept: Arc<Kept>,
    /// Imports that may be cancelled.
    running_imports: manage::Running,
    /// Recordings that are being fetched, piece by piece.
    fetches: manage::Fetches,
    jobs: JoinSet<Done>,
    next_session: u64,
    /// The first sign of damage in the database.
    damage: watch::Receiver<Option<String>>,
    /// Why results or recordings cannot be kept, while they cannot.
    store_trouble: Option<Trouble>,
    /// What the start met of it, until the core runs.
    unwritable: Option<Trouble>,
    /// Ends of calls that are not on disk yet. No more than calls ran when the disk began to take nothing: nobody is called
    /// meanwhile, and who calls is turned away.
    unsaved: usize,
    /// The log was told that ends wait.
    waiting_told: bool,
    /// When the database was begun empty though recordings were there, until somebody accepts that; 0: it was not.
    begun_empty: Arc<AtomicI64>,
    /// Attempts that the last run left without an end.
    interrupted: u32,
    /// What the start sealed, until clients are told.
    sealed: Vec<Sealed>,
    /// Labels of result statuses by code.
    labels: HashMap<String, String>,
    /// The default project.
    project: store::ProjectId,
    started_at: i64,
    /// The same by the clock that nobody sets.
    started: Instant,
    store_probe: Option<Instant>,
    /// A probe is under way.
    store_probing: bool,
    jumps: JumpWatch,
    /// How the wall clock was set ahead in this run: the floor between two calls of a number is of time that went by.
    clock_steps: Vec<store::ClockStep>,
    watchdog: parts::Watchdog,
    stopping: Option<Instant>,
    rehearsal: rehearsal::Rehearsal,
}

/// One thing that happened.
enum Input {
    Sip(Box<SipEvent>),
    Media(MediaEvent),
    Command(Incoming),
    Headset(SeatIndex, ::headset::Notice),
    Damage,
    Done(Done),
    Timer,
    Stop,
}

impl Core {
    /// Runs until a stop was asked for and carried out. Consumes the core; the store's last rows are on disk then.
    pub(crate) async fn run(mut self) {
        self.begin();
        loop {
            self.settle();
            if self.is_over() {
                break;
            }
            let input = self.next().await;
            let now = now();
            if let Some(gap) = self.jumps.jumped(now) {
                self.clock_jumped(gap, now);
            }
            self.handle(input, now);
            self.watch_addresses(now);
        }
        self.driver.flush(&mut self.ua);
        self.seal_left().await;
    }

    async fn next(&mut self) -> Input {
        let deadline = self.deadline();
        let timer = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        // No source comes first: a flood on the wire must not keep results of the store and commands waiting.
        tokio::select! {
            event = self.driver.drive(&mut self.ua) => Input::Sip(Box::new(event)),
            Some(done) = self.jobs.join_next(), if !self.jobs.is_empty() => {
                done.map_or_else(|error| Input::Done(Done::lost(&error)), Input::Done)
            }
            Some(event) = self.media_events.recv() => Input::Media(event),
            Some(command) = self.commands.recv() => Input::Command(command),
            (seat, notice) = self.headsets.next() => Input::Headset(seat, notice),
            Ok(()) = self.damage.changed() => Input::Damage,
            () = timer => Input::Timer,
            () = self.stop.notified() => Input::Stop,
        }
    }

    fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Sip(event) => self.on_sip(*event, now),
            Input::Media(event) => self.on_media(event, now),
            Input::Command(incoming) => self.on_command(incoming, now),
            Input::Headset(seat, notice) => self.on_headset(seat, notice, now),
            Input::Damage => self.damaged(now),
            Input::Done(done) => self.on_done(done, now),
            Input::Timer => self.on_timer(now),
            Input::Stop => self.begin_stop(now),
        }
    }

    /// Carries out what the dialers want until they want nothing more, then sends what the user agent wrote.
    fn settle(&mut self) {
        let now = now();
        loop {
            let mut idle = true;
            for seat in 0..self.seats.len() {
                while let Some(action) = self.seats[seat].dialer.poll_action() {
                    idle = false;
                    self.act(seat, action, now);
                }
            }
            for seat in 0..self.seats.len() {
                idle &= !self.drive_tap(seat, now);
                idle &= !self.drive_phone(seat, now);
            }
            if idle {
                break;
            }
        }
        self.light();
        self.driver.flush(&mut self.ua);
    }

    fn deadline(&self) -> Option<Instant> {
        let seats = self.seats.iter().filter_map(|seat| seat.dialer.poll_timeout()).map(|(at, _)| at);
        let closing = self.calls.values().filter(|call| call.session.is_some());
        let closing = closing.filter_map(|call| call.closing.as_ref()).map(|closing| closing.deadline);
        // The resolver tells nobody of names that no registration waits for; they are looked at until they are known.
        let now = now();
        let unknown = self.accounts.iter().any(|account| account.awaits_address(&self.ua));
        let address = unknown.then(|| now.mono + ADDRESS_LOOK);
        let own = [
            self.store_probe,
            self.watchdog.next(),
            self.stopping,
            address,
            self.phones_deadline(),
            self.silence_deadline(),
            self.rehearsal_deadline(now),
        ];
        seats.chain(closing).chain(own.into_iter().flatten()).min()
    }

    fn on_timer(&mut self, now: Now) {
        for seat in &mut self.seats {
            if seat.dialer.poll_timeout().is_some_and(|(at, _)| at <= now.mono) {
                seat.dialer.handle_timeout(now.into());
            }
        }
        self.close_overdue(now);
        self.hang_up_silent(now);
        if self.store_probe.is_some_and(|at| at <= now.mono) {
            self.probe_store();
        }
        self.tick_watchdog(now);
        self.rehearse(now);
    }

    /// An order to the media engine. Its queue is bounded; when it is full the order is lost, loudly: the voice of one
    /// call matters less than the signalling of all.
    fn media(&self, command: MediaCommand) {
        if self.engine.try_send(command).is_err() {
            tracing::error!("the media engine does not take orders, a call may be without voice");
        }
    }
}

/// How often an address is looked for that the resolver has not found yet.
const ADDRESS_LOOK: std::time::Duration = std::time::Duration::from_millis(250);
