//! How late packets come, and the delay that most of them need.

use super::{MAX_TARGET, MIN_TARGET};

/// Of so many packets one may come too late: what is rarer is concealed, since waiting for it would delay every word.
const ONE_IN: usize = 200;

/// Allowance for the packet being fetched before its last sample is due.
const MARGIN_US: i64 = 5_000;

/// A transit time this far above the lowest is a new clock, not a late packet.
const REBASE_US: i64 = 1_000_000;

/// Packets that come this close together and were sent one after another waited for the same thing.
const TOGETHER_US: i64 = 2_000;

/// The lowest transit time is that of the last one or two windows.
const WINDOW_US: i64 = 5_000_000;

const BUCKETS: usize = 64;
const BUCKET_US: i64 = 5_000;
/// Packets that are remembered: 10 s of 20 ms packets.
const RECENT: usize = 500;

/// Transit times of the recent packets: the lowest over 5 to 10 s, and a histogram of what lies above it.
#[derive(Clone, Debug)]
pub(super) struct Delays {
    window_start_us: Option<i64>,
    lowest_now: i64,
    lowest_before: i64,
    /// Histogram in steps of 5 ms over the packets in `recent`; the last bucket takes all above.
    buckets: [u16; BUCKETS],
    recent: [u8; RECENT],
    filled: usize,
    at: usize,
    /// Arrival and transit time of the packet before.
    last: Option<(i64, i64)>,
    target_us: i64,
}

impl Delays {
    pub(super) fn new() -> Self {
        Self {
            window_start_us: None,
            lowest_now: i64::MAX,
            lowest_before: i64::MAX,
            buckets: [0; BUCKETS],
            recent: [0; RECENT],
            filled: 0,
            at: 0,
            last: None,
            target_us: MIN_TARGET.as_micros() as i64,
        }
    }

    /// Forgets everything, without allocating.
    pub(super) fn forget(&mut self) {
        self.window_start_us = None;
        (self.lowest_now, self.lowest_before) = (i64::MAX, i64::MAX);
        self.forget_histogram();
        self.last = None;
        self.target_us = MIN_TARGET.as_micros() as i64;
    }

    pub(super) fn target_us(&self) -> i64 {
        self.target_us
    }

    pub(super) fn lowest(&self) -> i64 {
        let lowest = self.lowest_now.min(self.lowest_before);
        if lowest == i64::MAX { 0 } else { lowest }
    }

    pub(super) fn is_far_above(&self, transit: i64) -> bool {
        self.window_start_us.is_some() && transit - self.lowest() > REBASE_US
    }

    /// Takes note of a packet that arrived at `now_us`.
    pub(super) fn observe(&mut self, now_us: i64, transit: i64) {
        let before = self.lowest();
        let start = *self.window_start_us.get_or_insert(now_us);
        if now_us - start > WINDOW_US {
            self.lowest_before = self.lowest_now;
            self.lowest_now = transit;
            self.window_start_us = Some(now_us);
        }
        self.lowest_now = self.lowest_now.min(transit);
        if self.filled > 0 && before - self.lowest() > 100_000 {
            // All that was measured was measured against a wrong base.
            self.forget_histogram();
        }
        // What a stall held up comes all at once, each packet less late than the one before. That is one event: a lone stall
        // must not delay the next ten seconds, and stalls that return count as often as they return.
        let with_last = self
            .last
            .replace((now_us, transit))
            .is_some_and(|(last_us, last_transit)| now_us - last_us < TOGETHER_US && transit < last_transit);
        if with_last && transit - self.lowest() > BUCKET_US {
            return;
        }
        let bucket = ((transit - self.lowest()) / BUCKET_US).clamp(0, BUCKETS as i64 - 1) as usize;
        if self.filled == RECENT {
            self.buckets[usize::from(self.recent[self.at])] -= 1;
        } else {
            self.filled += 1;
        }
        self.recent[self.at] = bucket as u8;
        self.buckets[bucket] += 1;
        self.at = (self.at + 1) % RECENT;
        self.aim();
    }

    fn forget_histogram(&mut self) {
        self.buckets = [0; BUCKETS];
        self.filled = 0;
        self.at = 0;
    }

    fn aim(&mut self) {
        let spared = if self.filled < RECENT / 2 { 0 } else { self.filled / ONE_IN };
        let mut above = 0;
        let mut bucket = 0;
        for (index, &count) in self.buckets.iter().enumerate().rev() {
            above += usize::from(count);
            if above > spared {
                bucket = index as i64;
                break;
            }
        }
        let wanted = (bucket + 1) * BUCKET_US + MARGIN_US;
        self.target_us = wanted.clamp(MIN_TARGET.as_micros() as i64, MAX_TARGET.as_micros() as i64);
    }
}
