//! Notices that the machine slept or that its network changed.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::time::ClockId;

use super::udp;
use crate::ua::UserAgent;

/// Looks every few seconds at the clocks and at the routes towards the exchanges.
#[derive(Debug)]
pub(super) struct Watch {
    next: Instant,
    last: Instant,
    uptime: Option<Duration>,
}

/// What a look found. Either way what was learned of the network no longer holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) slept: bool,
    /// An exchange is reached from another address of ours.
    pub(super) moved: bool,
}

impl Watch {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now + INTERVAL, last: now, uptime: uptime() }
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    pub(super) fn look(&mut self, ua: &mut UserAgent, now: Instant) -> Seen {
        if now < self.next {
            return Seen::default();
        }
        let slept = self.slept(now);
        self.next = now + INTERVAL;
        // Both are looked at: after a sleep the routes are to be known before anything is sent.
        let moved = rerouted(ua);
        if let Some(slept) = slept {
            tracing::info!(slept_s = slept.as_secs(), "the machine slept");
        }
        Seen { slept: slept.is_some(), moved }
    }

    /// `Instant` stands still while the machine sleeps, the system's uptime does not.
    fn slept(&mut self, now: Instant) -> Option<Duration> {
        let awake = now.saturating_duration_since(self.last);
        let before = std::mem::replace(&mut self.uptime, uptime());
        self.last = now;
        let passed = self.uptime?.checked_sub(before?)?;
        passed.checked_sub(awake).filter(|gap| *gap > THRESHOLD)
    }
}

/// Asks the routing table again for every peer we know a way to. A way that is gone changes nothing: without a network
/// there is nobody to tell, and with the next one the answer differs.
fn rerouted(ua: &mut UserAgent) -> bool {
    let mut moved = false;
    let routes: Vec<(IpAddr, IpAddr)> = ua.target_routes().collect();
    for (peer, known) in routes {
        // The port does not matter: nothing is sent.
        let Ok(local) = udp::address_towards((peer, 9).into()) else { continue };
        if local != known {
            tracing::info!("our own address changed");
            ua.set_local_route(peer, local);
            moved = true;
        }
    }
    moved
}

/// Time since the boot, sleep included (CLOCK_BOOTTIME).
fn uptime() -> Option<Duration> {
    // Not /proc/uptime: a confined service does not see it (ProcSubset=pid).
    nix::time::clock_gettime(ClockId::CLOCK_BOOTTIME).ok().map(Duration::from)
}

const INTERVAL: Duration = Duration::from_secs(5);
const THRESHOLD: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

    use super::*;

    #[test]
    fn a_sleep_shows_as_uptime_ahead_of_the_clock() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        assert_eq!(watch.slept(start + Duration::from_millis(1)), None);
        // As if the machine had booted an hour more ago than it had at the last look.
        watch.uptime = watch
            .uptime
            .and_then(|uptime| uptime.checked_sub(Duration::from_secs(3600)).or(Some(Duration::ZERO)));
        let slept = watch.slept(start + Duration::from_millis(2)).expect("a gap");
        assert!(slept > THRESHOLD);
        assert_eq!(watch.slept(start + Duration::from_millis(3)), None);
    }
}
