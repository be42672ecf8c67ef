//! When calling is allowed: weekdays, minutes of the day, closed dates. Japan has one time zone and no daylight
//! saving, so a window is plain wall time there.

use std::fmt;
use std::str::FromStr;

/// The earliest minute of the day any window may open: 08:00.
pub const CEILING_FROM: u16 = 8 * 60;
/// The latest minute of the day any window may close: 21:00. Calls between 21:00 and 08:00 count as improper in the
/// money-lending and real-estate rules, so no configuration reaches into the night.
pub const CEILING_TO: u16 = 21 * 60;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the days of the week explain themselves")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// Monday to Sunday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Monday is 0.
    pub fn index(self) -> u8 {
        self as u8
    }

    /// The day with this index modulo 7; Monday is 0.
    pub fn from_index(index: u8) -> Self {
        Self::ALL[usize::from(index % 7)]
    }

    /// `mon` … `sun`, as in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }
}

impl FromStr for Weekday {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|day| day.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// A set of weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Adds a day.
    pub fn insert(&mut self, day: Weekday) {
        self.0 |= 1 << day.index();
    }

    /// Whether the day belongs to the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.index()) != 0
    }

    /// The days in order.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        Weekday::ALL.into_iter().filter(move |day| self.contains(*day))
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        let mut set = Self::default();
        for day in days {
            set.insert(day);
        }
        set
    }
}

impl fmt::Debug for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A calendar day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year, 1970 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

impl Date {
    /// The date, when it exists.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1;
        (in_range && day <= days_in_month(year, month)).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub fn days_since_epoch(self) -> i64 {
        // Days from civil, after Howard Hinnant: years start in March so that the leap day comes last.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from(self.month);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The day of the week; 1970-01-01 was a Thursday.
    pub fn weekday(self) -> Weekday {
        let index = (self.days_since_epoch() + 3).rem_euclid(7);
        Weekday::from_index(u8::try_from(index).unwrap_or(0))
    }
}

impl FromStr for Date {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        if year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return Err(());
        }
        let number = |text: &str| text.parse::<u16>().map_err(|_| ());
        let small = |text: &str| text.parse::<u8>().map_err(|_| ());
        Self::new(number(year)?, small(month)?, small(day)?).ok_or(())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Days on which nobody calls, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedDates {
    /// First closed day.
    pub from: Date,
    /// Last closed day.
    pub to: Date,
}

impl ClosedDates {
    /// Whether the day is closed.
    pub fn contains(&self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

/// The calling window (架電時間帯).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingWindow {
    /// Days on which calling is allowed.
    pub days: Weekdays,
    /// First minute of the day, at least [`CEILING_FROM`].
    pub from: u16,
    /// Minute of the day from which no call starts any more, at most [`CEILING_TO`].
    pub to: u16,
    /// Holidays and company closures.
    pub closed: Vec<ClosedDates>,
}

impl CallingWindow {
    /// Whether a call may start on this date at this minute of the day (local time).
    pub fn is_open(&self, date: Date, minute: u16) -> bool {
        self.days.contains(date.weekday())
            && (self.from..self.to).contains(&minute)
            && (CEILING_FROM..CEILING_TO).contains(&minute)
            && !self.closed.iter().any(|closed| closed.contains(date))
    }
}

impl Default for CallingWindow {
    /// Monday to Saturday, 09:00 to 20:00.
    fn default() -> Self {
        Self {
            days: Weekday::ALL.into_iter().filter(|day| *day != Weekday::Sun).collect(),
            from: 9 * 60,
            to: 20 * 60,
            closed: Vec::new(),
        }
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn dates_count_from_the_epoch_and_know_their_weekday() {
        assert_eq!(date("1970-01-01").days_since_epoch(), 0);
        assert_eq!(date("2000-03-01").days_since_epoch(), 11_017);
        assert_eq!(date("2026-11-22").weekday(), Weekday::Sun);
        assert_eq!(date("2028-02-29").weekday(), Weekday::Tue);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in
            ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "26-01-01", "2026-01-01-01", "", "a-b-c"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert!("2028-02-29".parse::<Date>().is_ok());
    }

    #[test]
    fn the_window_closes_at_its_end_on_sundays_and_on_closed_days() {
        let mut window = CallingWindow::default();
        window.closed.push(ClosedDates { from: date("2026-12-29"), to: date("2027-01-03") });
        let monday = date("2026-11-23");
        assert!(!window.is_open(monday, 9 * 60 - 1));
        assert!(window.is_open(monday, 9 * 60));
        assert!(window.is_open(monday, 20 * 60 - 1));
        assert!(!window.is_open(monday, 20 * 60));
        assert!(!window.is_open(date("2026-11-22"), 12 * 60));
        assert!(!window.is_open(date("2026-12-31"), 12 * 60));
        assert!(window.is_open(date("2027-01-04"), 12 * 60));
    }

    #[test]
    fn no_window_reaches_past_the_ceiling() {
        let window = CallingWindow { from: 0, to: 24 * 60, ..CallingWindow::default() };
        let monday = date("2026-11-23");
        assert!(!window.is_open(monday, CEILING_FROM - 1));
        assert!(window.is_open(monday, CEILING_FROM));
        assert!(!window.is_open(monday, CEILING_TO));
    }
}
