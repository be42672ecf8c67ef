//! A seeded network model without I/O: delay, jitter, loss, bursts, duplication, reordering.
//!
//! A [`Link`] carries items of any type in one direction. It owns no clock and no socket: [`Link::send`] takes
//! the instant at which the sender let go of the item, [`Link::poll_deliver`] hands out what has arrived by the
//! given instant, and [`Link::poll_timeout`] says when to ask again. The same seed and the same sequence of
//! calls give the same losses and the same order on every machine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What one direction of a path does to the items sent over it. The default is a perfect wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkConfig {
    /// Propagation delay of every item.
    pub delay: Duration,
    /// Largest extra delay, drawn uniformly per item. It alone may reorder items.
    pub jitter: Duration,
    /// Independent loss, in items per 1000.
    pub loss_per_mille: u16,
    /// Items per 1000 that arrive twice.
    pub duplicate_per_mille: u16,
    /// Items per 1000 that are held back by `reorder_by`, so that later ones overtake them.
    pub reorder_per_mille: u16,
    /// How long a reordered item is held back.
    pub reorder_by: Duration,
    /// Loss in bursts (Gilbert–Elliott), on top of the independent loss.
    pub burst: Option<Burst>,
}

/// A two-state loss model: in the bad state everything is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Chance per 1000 items to fall into the bad state.
    pub enter_per_mille: u16,
    /// Chance per 1000 items to leave the bad state; the mean burst is `1000 / leave_per_mille` items.
    pub leave_per_mille: u16,
}

/// What a link did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Items handed to [`Link::send`].
    pub sent: u64,
    /// Items that never arrive.
    pub lost: u64,
    /// Extra copies made.
    pub duplicated: u64,
    /// Items handed out, copies included.
    pub delivered: u64,
}

/// One direction of a simulated path. See the crate documentation for the call order.
#[derive(Debug)]
pub struct Link<T> {
    config: LinkConfig,
    random: Random,
    bad: bool,
    // Ordered by arrival, ties by order of sending.
    flight: BTreeMap<(Instant, u64), T>,
    serial: u64,
    stats: LinkStats,
}

impl<T: Clone> Link<T> {
    /// A link with the given behaviour; `seed` decides every loss and delay.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            random: Random::new(seed),
            bad: false,
            flight: BTreeMap::new(),
            serial: 0,
            stats: LinkStats::default(),
        }
    }

    /// Changes the behaviour for items sent from now on.
    pub fn configure(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Puts an item on the wire at `now`.
    pub fn send(&mut self, now: Instant, item: T) {
        self.stats.sent += 1;
        if self.is_lost() {
            self.stats.lost += 1;
            return;
        }
        if self.random.per_mille(self.config.duplicate_per_mille) {
            self.stats.duplicated += 1;
            self.launch(now, item.clone());
        }
        self.launch(now, item);
    }

    /// The next item that has arrived by `now`, in order of arrival.
    pub fn poll_deliver(&mut self, now: Instant) -> Option<T> {
        let entry = self.flight.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        self.stats.delivered += 1;
        Some(entry.remove())
    }

    /// When the next item arrives; `None` while nothing is in flight.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flight.first_key_value().map(|((at, _), _)| *at)
    }

    /// Items in flight.
    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// What happened so far.
    pub fn stats(&self) -> LinkStats {
        self.stats
    }

    fn is_lost(&mut self) -> bool {
        if let Some(burst) = self.config.burst {
            let chance = if self.bad { burst.leave_per_mille } else { burst.enter_per_mille };
            if self.random.per_mille(chance) {
                self.bad = !self.bad;
            }
            if self.bad {
                return true;
            }
        }
        self.random.per_mille(self.config.loss_per_mille)
    }

    fn launch(&mut self, now: Instant, item: T) {
        let mut at = now + self.config.delay;
        let jitter = u64::try_from(self.config.jitter.as_micros()).unwrap_or(u64::MAX);
        if jitter > 0 {
            at += Duration::from_micros(self.random.below(jitter.saturating_add(1)));
        }
        if self.random.per_mille(self.config.reorder_per_mille) {
            at += self.config.reorder_by;
        }
        self.serial += 1;
        self.flight.insert((at, self.serial), item);
    }
}

/// A small seeded generator (splitmix64). Good enough for networks, not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// True for `chance` of 1000 draws on average. Always draws, so that a changed rate does not shift the rest.
    pub fn per_mille(&mut self, chance: u16) -> bool {
        self.below(1000) < u64::from(chance)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

    use super::*;

    #[test]
    fn a_perfect_wire_keeps_order_and_delay() {
        let start = Instant::now();
        let config = LinkConfig { delay: Duration::from_millis(20), ..LinkConfig::default() };
        let mut link = Link::new(config, 1);
        (0..5).for_each(|n| link.send(start, n));
        assert_eq!(link.poll_timeout(), Some(start + Duration::from_millis(20)));
        assert_eq!(link.poll_deliver(start + Duration::from_millis(19)), None);
        assert_eq!(drain(&mut link, start + Duration::from_millis(20)), [0, 1, 2, 3, 4]);
        assert_eq!(link.poll_timeout(), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_network() {
        let start = Instant::now();
        let config = LinkConfig {
            jitter: Duration::from_millis(50),
            loss_per_mille: 200,
            duplicate_per_mille: 100,
            ..LinkConfig::default()
        };
        let run = |seed| {
            let mut link = Link::new(config, seed);
            (0..200).for_each(|n| link.send(start, n));
            drain(&mut link, start + Duration::from_secs(1))
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn loss_and_duplication_come_near_their_rates() {
        let start = Instant::now();
        let config = LinkConfig { loss_per_mille: 100, duplicate_per_mille: 50, ..LinkConfig::default() };
        let mut link = Link::new(config, 3);
        (0..20_000).for_each(|n| link.send(start, n));
        assert!((1_800..2_200).contains(&link.stats().lost), "{:?}", link.stats());
        assert!((750..1_050).contains(&link.stats().duplicated), "{:?}", link.stats());
        assert_eq!(link.in_flight() as u64, 20_000 - link.stats().lost + link.stats().duplicated);
    }

    #[test]
    fn held_back_items_are_overtaken() {
        let start = Instant::now();
        let config = LinkConfig {
            reorder_per_mille: 300,
            reorder_by: Duration::from_millis(5),
            ..LinkConfig::default()
        };
        let mut link = Link::new(config, 11);
        (0..50).for_each(|n| link.send(start + Duration::from_millis(n), n));
        let arrived = drain(&mut link, start + Duration::from_secs(1));
        assert!(arrived.windows(2).any(|pair| pair[0] > pair[1]));
        let mut sorted = arrived;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn bursts_lose_runs() {
        let start = Instant::now();
        let burst = Burst { enter_per_mille: 20, leave_per_mille: 200 };
        let mut link = Link::new(LinkConfig { burst: Some(burst), ..LinkConfig::default() }, 5);
        (0..5_000).for_each(|n| link.send(start, n));
        let arrived = drain(&mut link, start);
        let longest = arrived.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest > Some(5), "{longest:?}");
    }

    fn drain<T: Clone>(link: &mut Link<T>, now: Instant) -> Vec<T> {
        std::iter::from_fn(|| link.poll_deliver(now)).collect()
    }
}
