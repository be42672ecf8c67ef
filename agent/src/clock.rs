//! The one reader of the operating system's clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Both clocks, read at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic clock, for deadlines. Stands still while the machine is suspended.
    pub mono: Instant,
    /// Wall clock, milliseconds since 1970-01-01 UTC.
    pub wall: i64,
}

impl From<Now> for dialer::Now {
    fn from(now: Now) -> Self {
        Self { mono: now.mono, wall: now.wall }
    }
}

/// Reads both clocks.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clocks")]
pub fn now() -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Now { mono: Instant::now(), wall: i64::try_from(wall).unwrap_or(i64::MAX) }
}

/// Notices that the wall clock ran ahead of the monotonic one: the machine slept, or its clock was corrected.
#[derive(Debug)]
pub struct JumpWatch {
    last: Now,
}

impl JumpWatch {
    /// Begins to watch.
    #[must_use]
    pub const fn new(now: Now) -> Self {
        Self { last: now }
    }

    /// How far it ran ahead since the last call, if it was more than two seconds.
    pub fn jumped(&mut self, now: Now) -> Option<Duration> {
        let mono = now.mono.saturating_duration_since(self.last.mono);
        let wall = Duration::from_millis(u64::try_from(now.wall - self.last.wall).unwrap_or(0));
        self.last = now;
        wall.checked_sub(mono).filter(|gap| *gap > THRESHOLD)
    }
}

const THRESHOLD: Duration = Duration::from_secs(2);

/// `2026-11-30 10:00` in Japan, of UTC milliseconds.
#[must_use]
pub fn minute_jst(wall: i64) -> String {
    let text = rfc3339_jst(wall);
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// `2026-11-30_10-00-05` in Japan, of UTC milliseconds: for names of files, which take no colons everywhere.
#[must_use]
pub fn file_jst(wall: i64) -> String {
    let text = rfc3339_jst(wall);
    text.get(..19).unwrap_or(&text).replace('T', "_").replace(':', "-")
}

/// `wall` (UTC milliseconds) as RFC 3339 in Japan Standard Time, with milliseconds.
#[must_use]
pub fn rfc3339_jst(wall: i64) -> String {
    let local = wall + 9 * 3_600_000;
    let (days, ms) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{:03}+09:00", ms % 1_000)
}

/// Gregorian date of a day number since 1970-01-01 (the era arithmetic of Howard Hinnant's calendar notes).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jst_times_cross_midnight_and_leap_days() {
        assert_eq!(rfc3339_jst(0), "1970-01-01T09:00:00.000+09:00");
        assert_eq!(file_jst(1_709_132_399_999), "2024-02-28_23-59-59");
        assert_eq!(rfc3339_jst(1_709_132_399_999), "2024-02-28T23:59:59.999+09:00");
        assert_eq!(rfc3339_jst(1_709_132_400_000), "2024-02-29T00:00:00.000+09:00");
    }

    #[test]
    fn a_jump_shows_as_wall_time_ahead_of_monotonic_time() {
        let start = now();
        let mut watch = JumpWatch::new(start);
        let later = Now { mono: start.mono + Duration::from_secs(1), wall: start.wall + 1_000 };
        assert_eq!(watch.jumped(later), None);
        let woken = Now { mono: later.mono + Duration::from_secs(1), wall: later.wall + 61_000 };
        assert_eq!(watch.jumped(woken), Some(Duration::from_secs(60)));
    }
}
