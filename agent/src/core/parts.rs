//! Birth, health and death of the core.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use config::Config;
use media::engine::Engine;
use media::types::{Command as MediaCommand, MediaEvent};
use sip_stack::driver::Driver;
use sip_stack::ua::UserAgent;
use store::{Sealed, Store};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::job::Done;
use super::rehearsal::Rehearsal;
use super::{AccountRuntime, Core, SeatRuntime};
use crate::archive::Archivist;
use crate::clock::{JumpWatch, Now, now};
use crate::control::{EventHub, Incoming, People};
use crate::keeping::Kept;
use crate::notify::Notifier;

/// What [`crate::run`] has built for the core.
pub(crate) struct Parts {
    pub(crate) config: Arc<Config>,
    pub(crate) ua: UserAgent,
    pub(crate) driver: Driver,
    pub(crate) engine: Engine,
    pub(crate) media_events: mpsc::Receiver<MediaEvent>,
    pub(crate) store: Store,
    pub(crate) commands: mpsc::Receiver<Incoming>,
    pub(crate) hub: Arc<EventHub>,
    pub(crate) people: Arc<People>,
    pub(crate) notifier: Notifier,
    pub(crate) outbox_nudge: Arc<Notify>,
    pub(crate) outbox_trouble: Arc<Mutex<Option<String>>>,
    pub(crate) stop: Arc<Notify>,
    pub(crate) archivist: Archivist,
    pub(crate) kept: Arc<Kept>,
    pub(crate) settings: crate::settings::Kept,
    pub(crate) headsets: super::Headsets,
    pub(crate) accounts: Vec<AccountRuntime>,
    pub(crate) seats: Vec<SeatRuntime>,
    pub(crate) labels: HashMap<String, String>,
    pub(crate) project: store::ProjectId,
    pub(crate) interrupted: u32,
    pub(crate) begun_empty: Option<i64>,
    /// What the start sealed of the last run's calls.
    pub(crate) sealed: Vec<Sealed>,
    /// Why the folder of recordings takes nothing, where calls are to be recorded.
    pub(crate) unwritable: Option<super::Trouble>,
}

/// Asks media and store whether they still answer; the service manager is told only when both do.
pub(crate) struct Watchdog {
    interval: Option<Duration>,
    next: Option<Instant>,
    round: u64,
    media: bool,
    store: bool,
}

impl Watchdog {
    fn new(interval: Option<Duration>, now: Instant) -> Self {
        Self { interval, next: interval.map(|i| now + i), round: 0, media: true, store: true }
    }

    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    pub(super) fn media_answered(&mut self, round: u64) {
        self.media |= round == self.round;
    }

    pub(super) const fn store_answered(&mut self) {
        self.store = true;
    }
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        let start = now();
        let watchdog = Watchdog::new(parts.notifier.ping_interval(), start.mono);
        let mut damage = parts.store.damage();
        // The start may have met it.
        damage.mark_changed();
        Self {
            config: parts.config,
            ua: parts.ua,
            driver: parts.driver,
            engine: parts.engine,
            media_events: parts.media_events,
            store: parts.store,
            commands: parts.commands,
            hub: parts.hub,
            people: parts.people,
            notifier: parts.notifier,
            outbox_nudge: parts.outbox_nudge,
            outbox_trouble: parts.outbox_trouble,
            stop: parts.stop,
            settings: parts.settings,
            headsets: parts.headsets,
            accounts: parts.accounts,
            seats: parts.seats,
            calls: HashMap::new(),
            by_sip: HashMap::new(),
            by_session: HashMap::new(),
            late_recordings: HashMap::new(),
            past: super::PastCalls::default(),
            consultations: HashSet::new(),
            arriving: HashMap::new(),
            archivist: parts.archivist,
            kept: parts.kept,
            running_imports: Default::default(),
            fetches: Default::default(),
            jobs: JoinSet::new(),
            next_session: 0,
            damage,
            store_trouble: None,
            store_probe: None,
            store_probing: false,
            unsaved: 0,
            waiting_told: false,
            begun_empty: Arc::new(parts.begun_empty.unwrap_or_default().into()),
            interrupted: parts.interrupted,
            sealed: parts.sealed,
            unwritable: parts.unwritable,
            labels: parts.labels,
            project: parts.project,
            started_at: start.wall,
            started: start.mono,
            jumps: JumpWatch::new(start),
            clock_steps: Vec::new(),
            watchdog,
            stopping: None,
            rehearsal: Rehearsal::default(),
        }
    }

    pub(super) fn begin(&mut self) {
        let now = now();
        for index in 0..self.accounts.len() {
            self.trunk_state(index, now);
        }
        self.watch_addresses(now);
        self.report_started(now);
        if let Some(trouble) = self.unwritable.take() {
            self.trouble(trouble, now);
        }
        for sealed in std::mem::take(&mut self.sealed) {
            self.report_sealed(&sealed.seat, &sealed, now);
        }
        self.outbox_nudge.notify_one();
    }

    /// Orderly end: no new claim, calls are hung up, rows written, registrations removed.
    pub(super) fn begin_stop(&mut self, now: Now) {
        if self.stopping.is_some() {
            return;
        }
        tracing::info!("stopping");
        self.notifier.stopping();
        self.stopping = Some(now.mono + STOP_WITHIN);
        for seat in &mut self.seats {
            seat.dialer.pause(String::from("shutdown"), now.into());
            // A seat without a session has nothing to stop.
            let _ = seat.dialer.stop(now.into());
        }
        self.end_taps(now);
        self.hang_up_all(now);
        for account in &self.accounts {
            self.ua.unregister(account.id, now.mono);
        }
    }

    /// The last thing of a core: results that operators left open are sealed, as a restart would (S4.49).
    pub(super) async fn seal_left(&mut self) {
        let now = now();
        // The disk may be full, or slow; then the next start does it.
        match tokio::time::timeout(SEAL_WITHIN, self.store.seal_judged(now.wall)).await {
            Ok(Ok(sealed)) => {
                for sealed in sealed {
                    self.report_sealed(&sealed.seat, &sealed, now);
                    if let Some(path) = sealed.discard_recording {
                        super::job::discard(path).await;
                    }
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "results are left open; the next start seals them"),
            Err(_) => tracing::warn!("results are left open; the next start seals them"),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let Some(deadline) = self.stopping else { return false };
        // Transactions of others may linger (Timers I, J, L); ours are answered when the user agent may stop.
        let done = self.calls.is_empty() && self.jobs.is_empty() && self.ua.may_stop();
        done || deadline <= now().mono
    }

    /// The wall clock jumped ahead: calling windows and recalls are looked at anew. Whether the machine slept, and its
    /// bindings with it, is the SIP driver's to see: a corrected wall clock takes no registration away.
    pub(super) fn clock_jumped(&mut self, gap: Duration, now: Now) {
        tracing::warn!(ahead_s = gap.as_secs(), "the clock jumped ahead");
        if self.clock_steps.len() == MOST_STEPS {
            self.clock_steps.remove(0);
        }
        let by_ms = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX);
        self.clock_steps.push(store::ClockStep { at: now.wall, by_ms });
        for seat in &mut self.seats {
            seat.dialer.clock_jumped(now.into());
        }
    }

    pub(super) fn tick_watchdog(&mut self, now: Now) {
        let Some(interval) = self.watchdog.interval else { return };
        if self.watchdog.next.is_none_or(|at| at > now.mono) {
            return;
        }
        self.watchdog.next = Some(now.mono + interval);
        if self.watchdog.media && self.watchdog.store {
            self.notifier.watchdog();
        } else {
            let (media, store) = (self.watchdog.media, self.watchdog.store);
            tracing::error!(media, store, "a part of the daemon does not answer");
        }
        self.watchdog.round += 1;
        (self.watchdog.media, self.watchdog.store) = (false, false);
        self.media(MediaCommand::Ping { id: self.watchdog.round });
        let store = self.store.clone();
        self.jobs.spawn(async move {
            match store.ping().await {
                Ok(()) => Done::Alive,
                Err(error) => Done::Noted(Err(error)),
            }
        });
    }
}

/// Time for BYE, rows and un-REGISTER at shutdown; the unit's TimeoutStopSec is longer.
const STOP_WITHIN: Duration = Duration::from_secs(8);
const SEAL_WITHIN: Duration = Duration::from_secs(2);
/// Steps of the clock that are remembered; a dial before the oldest is long past the floor.
const MOST_STEPS: usize = 32;
