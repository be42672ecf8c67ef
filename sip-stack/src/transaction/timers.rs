//! Timers A to M of RFC 3261 17 and RFC 6026 as data, and the table that holds running ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The three base values of RFC 3261 17.1.1.1. All transaction timers follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip estimate; default 500 ms.
    pub t1: Duration,
    /// Largest retransmission interval of non-INVITE requests and INVITE responses; default 4 s.
    pub t2: Duration,
    /// How long a message stays in the network; default 5 s.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// 64*T1, the lifetime of a transaction that nobody answers.
    pub fn give_up(&self) -> Duration {
        self.t1 * 64
    }

    /// The next retransmission interval after `last`, doubled up to T2.
    pub fn back_off(&self, last: Duration) -> Duration {
        (last * 2).min(self.t2)
    }
}

/// The timers, named as the RFCs name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// INVITE request retransmission, UDP only (17.1.1.2).
    A,
    /// INVITE client transaction gives up (17.1.1.2).
    B,
    /// INVITE client transaction that saw provisionals only (16.6; a user agent's INVITE needs the bound as well).
    C,
    /// How long to absorb retransmitted non-2xx finals of an INVITE (17.1.1.2).
    D,
    /// Non-INVITE request retransmission, UDP only (17.1.2.2).
    E,
    /// Non-INVITE client transaction gives up (17.1.2.2).
    F,
    /// Retransmission of a non-2xx final to INVITE, UDP only (17.2.1).
    G,
    /// How long to wait for the ACK of a non-2xx final (17.2.1).
    H,
    /// How long to absorb retransmitted ACKs (17.2.1).
    I,
    /// How long to absorb retransmitted non-INVITE requests (17.2.2).
    J,
    /// How long to absorb retransmitted non-INVITE finals (17.1.2.2).
    K,
    /// How long to absorb retransmitted INVITEs after a 2xx (RFC 6026 7.1).
    L,
    /// How long to take 2xx answers of further forks (RFC 6026 7.2).
    M,
}

impl Timer {
    /// Every timer, in the order of the RFCs' tables.
    pub const ALL: [Self; 13] = [
        Self::A,
        Self::B,
        Self::C,
        Self::D,
        Self::E,
        Self::F,
        Self::G,
        Self::H,
        Self::I,
        Self::J,
        Self::K,
        Self::L,
        Self::M,
    ];

    /// The first value of the timer over a reliable or unreliable transport. Zero means: fires at once.
    pub fn duration(self, timers: &Timers, reliable: bool) -> Duration {
        match self {
            Self::A | Self::E | Self::G => timers.t1,
            Self::B | Self::F | Self::H | Self::L | Self::M => timers.give_up(),
            Self::C => Duration::from_secs(180),
            Self::D if reliable => Duration::ZERO,
            // "At least 32 s" (17.1.1.2), that is Timer H of the peer; it shrinks with T1 in tests.
            Self::D => timers.give_up(),
            Self::I | Self::K if reliable => Duration::ZERO,
            Self::I | Self::K => timers.t4,
            Self::J if reliable => Duration::ZERO,
            Self::J => timers.give_up(),
        }
    }

    /// The reason shown beside a deadline.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "timer A",
            Self::B => "timer B",
            Self::C => "timer C",
            Self::D => "timer D",
            Self::E => "timer E",
            Self::F => "timer F",
            Self::G => "timer G",
            Self::H => "timer H",
            Self::I => "timer I",
            Self::J => "timer J",
            Self::K => "timer K",
            Self::L => "timer L",
            Self::M => "timer M",
        }
    }
}

/// Running timers by key: set, stop, next, expired. Setting a running timer moves it.
#[derive(Debug)]
pub(crate) struct TimerTable<K> {
    by_key: BTreeMap<K, Instant>,
    by_time: BTreeSet<(Instant, K)>,
}

impl<K: Ord + Copy> TimerTable<K> {
    pub(crate) fn new() -> Self {
        Self { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }

    pub(crate) fn set(&mut self, key: K, at: Instant) {
        if let Some(old) = self.by_key.insert(key, at) {
            self.by_time.remove(&(old, key));
        }
        self.by_time.insert((at, key));
    }

    pub(crate) fn is_set(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }

    /// When it fires.
    pub(crate) fn at(&self, key: K) -> Option<Instant> {
        self.by_key.get(&key).copied()
    }

    pub(crate) fn stop(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    pub(crate) fn next(&self) -> Option<(Instant, K)> {
        self.by_time.first().copied()
    }

    /// The keys of the running timers, in order.
    #[cfg(test)]
    pub(crate) fn running(&self) -> Vec<K> {
        self.by_key.keys().copied().collect()
    }

    /// Takes the earliest timer that is due at `now`.
    pub(crate) fn pop_expired(&mut self, now: Instant) -> Option<K> {
        let (at, key) = self.next()?;
        if at > now {
            return None;
        }
        self.stop(key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

    use super::*;

    #[test]
    fn durations_follow_the_table_of_rfc_3261_appendix_a() {
        let timers = Timers::default();
        let ms = |timer: Timer, reliable| timer.duration(&timers, reliable).as_millis();
        for timer in [Timer::A, Timer::E, Timer::G] {
            assert_eq!(ms(timer, false), 500, "{}", timer.name());
        }
        for timer in [Timer::B, Timer::D, Timer::F, Timer::H, Timer::J, Timer::L, Timer::M] {
            assert_eq!(ms(timer, false), 32_000, "{}", timer.name());
        }
        assert_eq!((ms(Timer::I, false), ms(Timer::K, false)), (5_000, 5_000));
        for timer in [Timer::D, Timer::I, Timer::J, Timer::K] {
            assert_eq!(ms(timer, true), 0, "{}", timer.name());
        }
        assert!(ms(Timer::C, false) >= 180_000);
    }

    #[test]
    fn setting_again_moves_and_stopping_removes() {
        let start = Instant::now();
        let mut table = TimerTable::new();
        table.set(1, start + Duration::from_secs(1));
        table.set(2, start + Duration::from_secs(2));
        table.set(1, start + Duration::from_secs(3));
        assert_eq!(table.next(), Some((start + Duration::from_secs(2), 2)));
        assert_eq!(table.pop_expired(start + Duration::from_secs(1)), None);
        assert_eq!(table.pop_expired(start + Duration::from_secs(9)), Some(2));
        table.stop(1);
        assert_eq!(table.next(), None);
    }
}
