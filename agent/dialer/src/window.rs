//! Calling windows: pure functions of the wall clock, in Japan Standard Time (UTC+9, no daylight saving).

use crate::ceilings::{WINDOW_FROM_MIN, WINDOW_TO_MAX};

const JST_MS: i64 = 9 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Days on which calls may be made, between two minutes of the day, except closed dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingWindow {
    /// Open weekdays, index 0 = Monday.
    pub days: [bool; 7],
    /// First open minute of the day, JST.
    pub from: u16,
    /// First closed minute of the day, JST.
    pub to: u16,
    /// Closed dates as inclusive ranges of days since 1970-01-01 (JST calendar).
    pub closed: Vec<(i32, i32)>,
}

impl Default for CallingWindow {
    /// 09:00–20:00 Monday to Saturday, the industry's custom.
    fn default() -> Self {
        Self {
            days: [true, true, true, true, true, true, false],
            from: 9 * 60,
            to: 20 * 60,
            closed: Vec::new(),
        }
    }
}

impl CallingWindow {
    /// The window cut to the hard ceiling 08:00–21:00.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.from = self.from.max(WINDOW_FROM_MIN);
        self.to = self.to.min(WINDOW_TO_MAX);
        self
    }

    /// Whether a call may leave at `wall` (UTC milliseconds).
    #[must_use]
    pub fn is_open(&self, wall: i64) -> bool {
        let (day, minute) = jst(wall);
        self.is_open_day(day) && (i64::from(self.from)..i64::from(self.to)).contains(&minute)
    }

    /// The first moment at or after `wall` at which the window is open; `None` when no day within a year is.
    #[must_use]
    pub fn next_open(&self, wall: i64) -> Option<i64> {
        if self.is_open(wall) {
            return Some(wall);
        }
        let (today, _) = jst(wall);
        (today..today + 367)
            .filter(|day| self.is_open_day(*day) && self.from < self.to)
            .map(|day| i64::from(day) * DAY_MS + i64::from(self.from) * MINUTE_MS - JST_MS)
            .find(|opens| *opens >= wall)
    }

    fn is_open_day(&self, day: i32) -> bool {
        // 1970-01-01 was a Thursday, index 3.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
        self.days[weekday] && !self.closed.iter().any(|(first, last)| (*first..=*last).contains(&day))
    }
}

/// JST calendar day (days since 1970-01-01).
pub(crate) fn day(wall: i64) -> i32 {
    jst(wall).0
}

/// JST calendar day (days since 1970-01-01) and minute of that day.
fn jst(wall: i64) -> (i32, i64) {
    let local = wall + JST_MS;
    let day = local.div_euclid(DAY_MS);
    (i32::try_from(day).unwrap_or(i32::MAX - 400), local.rem_euclid(DAY_MS) / MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-20 was a Friday; 00:00 UTC is 09:00 JST.
    const FRIDAY_9: i64 = 1_795_132_800_000;

    #[test]
    fn opens_at_nine_and_closes_at_eight_in_the_evening_j8_6() {
        let window = CallingWindow::default();
        assert!(window.is_open(FRIDAY_9));
        assert!(!window.is_open(FRIDAY_9 - 1));
        assert!(window.is_open(FRIDAY_9 + 11 * 3_600_000 - 1));
        assert!(!window.is_open(FRIDAY_9 + 11 * 3_600_000));
    }

    #[test]
    fn sunday_is_closed_and_monday_opens() {
        let window = CallingWindow::default();
        let sunday = FRIDAY_9 + 2 * DAY_MS;
        assert!(!window.is_open(sunday));
        assert_eq!(window.next_open(sunday), Some(FRIDAY_9 + 3 * DAY_MS));
    }

    /// S4.12: days and ranges.
    #[test]
    fn closed_dates_are_passed_over() {
        let (day, _) = jst(FRIDAY_9);
        let window = CallingWindow { closed: vec![(day, day)], ..CallingWindow::default() };
        assert_eq!(window.next_open(FRIDAY_9), Some(FRIDAY_9 + DAY_MS));
        // A range has both its ends: Saturday to Tuesday, so it opens on Wednesday.
        let (saturday, tuesday) = (jst(FRIDAY_9 + DAY_MS).0, jst(FRIDAY_9 + 4 * DAY_MS).0);
        let window = CallingWindow { closed: vec![(saturday, tuesday)], ..CallingWindow::default() };
        assert_eq!(window.next_open(FRIDAY_9), Some(FRIDAY_9));
        for days in 1..5 {
            let at = FRIDAY_9 + days * DAY_MS;
            assert_eq!(window.next_open(at), Some(FRIDAY_9 + 5 * DAY_MS), "{days}");
        }
    }

    #[test]
    fn no_configuration_opens_before_eight_or_after_nine() {
        let window = CallingWindow { days: [true; 7], from: 0, to: 24 * 60, closed: Vec::new() }.clamped();
        assert!(!window.is_open(FRIDAY_9 - 3_600_001));
        assert!(window.is_open(FRIDAY_9 - 3_600_000));
        assert!(!window.is_open(FRIDAY_9 + 12 * 3_600_000));
    }

    #[test]
    fn a_window_that_never_opens_says_so() {
        let window = CallingWindow { days: [false; 7], ..CallingWindow::default() };
        assert_eq!(window.next_open(FRIDAY_9), None);
    }
}
