//! One way of a seat's sound: which devices are wanted, which one is used, which one is held in reserve.
//!
//! No thread and no clock: the audio thread says what was opened and what time it is, and asks what is to be opened
//! and given to the worker. The two best devices that can be had are open; the second one is silent until the first
//! is lost, since opening can take a second. A better one that turns up is used as soon as its callbacks run.

use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::device::thread::AudioFeed;
use crate::device::watch::Watch;
use crate::device::{
    CaptureFeed, DeviceError, Direction, Duplex, Half, Health, OpenParams, PlaybackFeed, Presence, Stream,
};

/// What a seat's stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The operator's voice.
    Capture,
    /// What the operator hears of calls.
    Playback,
    /// Where it rings.
    Ring,
}

impl Role {
    /// Which way its devices go.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Capture => Direction::Capture,
            Self::Playback | Self::Ring => Direction::Playback,
        }
    }

    /// Its word in events and logs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Playback => "playback",
            Self::Ring => "ring",
        }
    }

    fn nothing(self) -> AudioFeed {
        match self {
            Self::Capture => AudioFeed::Capture(CaptureFeed::Silence),
            Self::Playback => AudioFeed::Playback(PlaybackFeed::Discard),
            Self::Ring => AudioFeed::Ring(PlaybackFeed::Discard),
        }
    }
}

/// One way of a seat's sound.
pub(super) struct Side {
    /// What it is for.
    pub(super) role: Role,
    candidates: Vec<Candidate>,
    active: Option<usize>,
    attempts: u64,
    /// Not yet taken by the worker.
    pub(super) undelivered: Option<AudioFeed>,
    /// Another device is in use since the core was last told.
    pub(super) fresh: bool,
    /// Why the device in use was lost since the core was last told.
    pub(super) lost: Option<String>,
}

/// A device by its rank in the preference.
struct Candidate {
    name: String,
    state: State,
    failures: u32,
    /// Attempts that were given up and whose thread has not come back.
    hanging: Vec<u64>,
    last_error: String,
}

enum State {
    Waiting { until: Instant },
    Opening { since: Instant, attempt: u64 },
    Open(Open),
}

struct Open {
    id: Option<String>,
    device: Option<String>,
    watch: Watch,
    stream: Option<Stream>,
    /// Until it is given to the worker.
    feed: Option<AudioFeed>,
    /// Why the list of devices says that it is over.
    gone: Option<&'static str>,
}

/// An opening to be carried out.
pub(super) struct Attempt {
    /// To be returned with the result.
    pub(super) number: u64,
    /// What to open.
    pub(super) params: OpenParams,
}

impl Side {
    /// The wanted devices, best first; `None`: none at all, empty: the default device.
    pub(super) fn new(role: Role, names: Option<Vec<String>>, now: Instant) -> Self {
        let names = match names {
            Some(names) if names.is_empty() => vec![DEFAULT_NAME.to_owned()],
            Some(names) => names,
            None => Vec::new(),
        };
        let candidates = names.into_iter().map(|name| Candidate {
            name,
            state: State::Waiting { until: now },
            failures: 0,
            hanging: Vec::new(),
            last_error: String::new(),
        });
        Self {
            role,
            candidates: candidates.collect(),
            active: None,
            attempts: 0,
            undelivered: None,
            fresh: false,
            lost: None,
        }
    }

    /// Name of the device in use.
    pub(super) fn device(&self) -> Option<&str> {
        self.in_use()?.device.as_deref()
    }

    /// Whether something is in use, or nothing is wanted.
    pub(super) fn works(&self) -> bool {
        self.active.is_some() || self.candidates.is_empty()
    }

    /// Whether something is in use.
    pub(super) fn is_open(&self) -> bool {
        self.active.is_some()
    }

    /// What the callbacks of the device in use count.
    pub(super) fn health(&self) -> Option<&Health> {
        self.in_use()?.watch.health()
    }

    fn in_use(&self) -> Option<&Open> {
        match &self.candidates.get(self.active?)?.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Whether every wanted device has had its first answer, or one is in use.
    pub(super) fn is_settled(&self) -> bool {
        self.works() || self.candidates.iter().all(|candidate| candidate.failures > 0)
    }

    /// Why nothing is in use; empty when something is.
    pub(super) fn error(&self) -> String {
        if self.works() {
            return String::new();
        }
        let reasons: Vec<&str> =
            self.candidates.iter().map(|candidate| candidate.last_error.as_str()).collect();
        reasons.join("; ")
    }

    /// The next opening that is due. A worse device waits for a better one that is being opened, but not for long.
    pub(super) fn next_attempt(&mut self, now: Instant) -> Option<Attempt> {
        let mut better: Vec<String> = Vec::new();
        let mut open = 0;
        for candidate in &mut self.candidates {
            match &candidate.state {
                State::Open(found) => {
                    better.extend(found.id.clone());
                    open += 1;
                    if open == HELD {
                        return None;
                    }
                }
                State::Opening { since, .. } if now.saturating_duration_since(*since) < STAGGER => {
                    return None;
                }
                State::Opening { .. } => {}
                State::Waiting { until } if now >= *until && candidate.hanging.len() < MAX_HANGING => {
                    self.attempts += 1;
                    candidate.state = State::Opening { since: now, attempt: self.attempts };
                    let names = Some(vec![candidate.name.clone()]);
                    let params = match self.role.direction() {
                        Direction::Capture => OpenParams { capture: names, playback: None, except: better },
                        Direction::Playback => OpenParams { capture: None, playback: names, except: better },
                    };
                    return Some(Attempt { number: self.attempts, params });
                }
                State::Waiting { .. } => {}
            }
        }
        None
    }

    /// Takes the result of an attempt; gives back what nobody needs any more.
    pub(super) fn opened(
        &mut self,
        number: u64,
        result: Result<Duplex, DeviceError>,
        now: Instant,
    ) -> Option<Result<Duplex, DeviceError>> {
        let is_this = |c: &Candidate| matches!(c.state, State::Opening { attempt, .. } if attempt == number);
        let Some(candidate) = self.candidates.iter_mut().find(|candidate| is_this(candidate)) else {
            // It comes late, after it was given up.
            self.candidates.iter_mut().for_each(|candidate| candidate.hanging.retain(|late| *late != number));
            return Some(result);
        };
        let (role, used) = (self.role, self.active.is_some());
        let open = match result {
            Ok(Duplex { capture: Some(half), .. }) if role == Role::Capture => {
                Open::new(half, AudioFeed::Capture, now)
            }
            Ok(Duplex { playback: Some(half), .. }) if role == Role::Playback => {
                Open::new(half, AudioFeed::Playback, now)
            }
            Ok(Duplex { playback: Some(half), .. }) if role == Role::Ring => {
                Open::new(half, AudioFeed::Ring, now)
            }
            Ok(other) => return Some(Ok(other)),
            Err(error) => {
                candidate.failed(&error, used, now);
                return None;
            }
        };
        tracing::info!(device = open.device, role = role.name(), "audio device open");
        candidate.state = State::Open(open);
        candidate.failures = 0;
        candidate.last_error.clear();
        None
    }

    /// An attempt that could not even be begun.
    pub(super) fn not_begun(&mut self, error: std::io::Error, now: Instant) {
        let newest = self.attempts;
        let is_this =
            |c: &&mut Candidate| matches!(c.state, State::Opening { attempt, .. } if attempt == newest);
        if let Some(candidate) = self.candidates.iter_mut().find(is_this) {
            candidate.failed(&DeviceError::Thread(error), false, now);
        }
    }

    /// Takes the list of devices: what is missing there is lost, and what has failed is worth another attempt.
    pub(super) fn present(&mut self, presence: &Presence, now: Instant) {
        let direction = self.role.direction();
        for candidate in &mut self.candidates {
            match &mut candidate.state {
                State::Open(open) => {
                    let Some(id) = &open.id else { continue };
                    if presence.lacks(id, direction) {
                        open.gone = Some("the device is gone");
                    } else if candidate.name == DEFAULT_NAME
                        && id.starts_with(&presence.covers)
                        && presence.default(direction).is_some_and(|default| default != id)
                    {
                        open.gone = Some("another device is the default now");
                    }
                }
                State::Waiting { until } => *until = now.min(*until),
                State::Opening { .. } => {}
            }
        }
    }

    /// Looks at the streams, gives up attempts that hang, and decides what is used.
    pub(super) fn watch(&mut self, now: Instant) {
        for index in 0..self.candidates.len() {
            let Some(candidate) = self.candidates.get_mut(index) else { continue };
            match &mut candidate.state {
                State::Opening { since, attempt }
                    if now.saturating_duration_since(*since) >= OPEN_DEADLINE =>
                {
                    candidate.hanging.push(*attempt);
                    candidate.failed(&DeviceError::Hangs { direction: self.role.direction() }, false, now);
                }
                State::Open(open) => {
                    let Some(reason) = open.gone.map(str::to_owned).or_else(|| open.watch.lost(now)) else {
                        continue;
                    };
                    candidate.close(now);
                    candidate.last_error.clone_from(&reason);
                    if self.active == Some(index) {
                        self.active = None;
                        self.lost = Some(reason);
                        self.undelivered = Some(self.role.nothing());
                        self.hurry(now);
                    }
                }
                _ => {}
            }
        }
        self.choose(now);
    }

    /// Every device that is waited for is tried now.
    fn hurry(&mut self, now: Instant) {
        for candidate in &mut self.candidates {
            if let State::Waiting { until } = &mut candidate.state {
                *until = now.min(*until);
            }
        }
    }

    fn choose(&mut self, now: Instant) {
        let open = |candidate: &Candidate| matches!(&candidate.state, State::Open(_));
        let runs = |candidate: &Candidate| matches!(&candidate.state, State::Open(open) if open.watch.runs());
        let running = self.candidates.iter().position(runs);
        let next = match self.active {
            None => running.or_else(|| self.candidates.iter().position(open)),
            Some(active) => running.filter(|index| *index < active),
        };
        if let Some(index) = next {
            if let Some(before) = self.active.and_then(|active| self.candidates.get_mut(active)) {
                // Its samples are in the worker's hands; it is opened again as the reserve.
                before.close(now + RETRY_LAST);
            }
            self.active = Some(index);
            self.fresh = true;
            if let Some(State::Open(open)) = self.candidates.get_mut(index).map(|c| &mut c.state) {
                self.undelivered = open.feed.take();
            }
        }
        // A better one was opened beside two others.
        let held: Vec<usize> = (0..self.candidates.len())
            .filter(|index| self.candidates.get(*index).is_some_and(open))
            .collect();
        for index in held.into_iter().skip(HELD).filter(|index| Some(*index) != self.active) {
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.close(now + RETRY_LAST);
            }
        }
    }

    /// Closes every stream.
    pub(super) fn close(&mut self, now: Instant) {
        self.active = None;
        self.candidates.iter_mut().for_each(|candidate| candidate.close(now));
    }
}

impl Candidate {
    /// `used`: another device is in use, so that there is no haste; a device that turns up is tried at once anyway.
    fn failed(&mut self, error: &DeviceError, used: bool, now: Instant) {
        let reason = error.reason();
        tracing::debug!(reason, "cannot open an audio device");
        self.last_error = reason;
        let longest = if used { RETRY_IDLE } else { RETRY_LAST };
        let pause = RETRY_FIRST.saturating_mul(1 << self.failures.min(8)).min(longest);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting { until: now + pause };
    }

    fn close(&mut self, until: Instant) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Waiting { until }) {
            dispose(open.stream);
        }
    }
}

impl Open {
    fn new<Feed>(half: Half<Feed>, wrap: impl FnOnce(Feed) -> AudioFeed, now: Instant) -> Self {
        let Half { name, id, feed, health, stream } = half;
        Self { id, device: name, watch: Watch::new(health, now), stream, feed: Some(wrap(feed)), gone: None }
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
/// The name that stands for the system's default device.
pub(super) const DEFAULT_NAME: &str = "default";
/// Devices held open: the one in use and its reserve.
const HELD: usize = 2;
/// The next device in the preference is tried beside a better one that takes longer than this.
const STAGGER: Duration = Duration::from_secs(1);
/// An attempt that takes longer is given up.
const OPEN_DEADLINE: Duration = Duration::from_secs(8);
/// No new attempt while this many hang, or a hanging audio system would eat threads.
const MAX_HANGING: usize = 2;
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(2);
const RETRY_IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
#[path = "side_tests.rs"]
mod tests;
