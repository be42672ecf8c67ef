//! UTC milliseconds and the Japanese business date.
//!
//! Japan has one zone and no summer time, so the business date is plain arithmetic: UTC plus nine hours.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A calendar date in Japan, ordered. Counters are kept per business date (S4.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(i64);

/// A text that is not `YYYY-MM-DD` or not a day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date (YYYY-MM-DD expected)")]
pub struct ParseDateError;

impl BusinessDate {
    /// The date in Japan at `millis` (UTC milliseconds).
    #[must_use]
    pub fn of(millis: i64) -> Self {
        let (year, month, day) = civil_from_days(millis.saturating_add(JST_OFFSET_MS).div_euclid(DAY_MS));
        Self(year * 10_000 + month * 100 + day)
    }

    /// UTC milliseconds of its first instant, midnight in Japan.
    #[must_use]
    pub fn start(self) -> i64 {
        let (year, month, day) = self.parts();
        days_from_civil(year, month, day) * DAY_MS - JST_OFFSET_MS
    }

    /// UTC milliseconds of the next date's first instant.
    #[must_use]
    pub fn end(self) -> i64 {
        self.start() + DAY_MS
    }

    /// `(year, month, day)`.
    #[must_use]
    pub fn parts(self) -> (i64, i64, i64) {
        (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for BusinessDate {
    type Err = ParseDateError;
    fn from_str(text: &str) -> Result<Self, ParseDateError> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| -> Result<i64, ParseDateError> {
            let part = parts.next().ok_or(ParseDateError)?;
            if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(ParseDateError);
            }
            part.parse().map_err(|_| ParseDateError)
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) {
            return Err(ParseDateError);
        }
        let date = Self(year * 10_000 + month * 100 + day);
        // 2026-02-30 would come back as another day.
        if Self::of(date.start()) == date { Ok(date) } else { Err(ParseDateError) }
    }
}

/// UTC milliseconds of a time in Japan as our exports and spreadsheets write it: `2026-01-31 09:05:00`, `2026/1/31 9:05`, or the date
/// alone. `None`: it is none.
pub(crate) fn parse_japan_time(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once([' ', 'T']).unwrap_or((text.trim(), "0:00"));
    let number = |part: &str, longest: usize| {
        let digits = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| digits)
    };
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (parts.next()?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let date: BusinessDate = format!("{year}-{month:02}-{day:02}").parse().ok()?;
    let mut clock = time.split(':');
    let (hour, minute) = (number(clock.next()?, 2)?, number(clock.next()?, 2)?);
    let second = clock.next().map_or(Some(0), |part| number(part, 2))?;
    let rest = parts.next().is_some() || clock.next().is_some();
    let whole = hour < 24 && minute < 60 && second < 60 && !rest;
    whole.then(|| date.start() + ((hour * 60 + minute) * 60 + second) * 1000)
}

impl ToSql for BusinessDate {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0))
    }
}

impl FromSql for BusinessDate {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

impl serde::Serialize for BusinessDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `2026-11-21T18:05:09.123+09:00`: what write-back files show for UTC milliseconds.
#[must_use]
pub fn format_jst(millis: i64) -> String {
    let local = millis.saturating_add(JST_OFFSET_MS);
    let (year, month, day) = civil_from_days(local.div_euclid(DAY_MS));
    let ms = local.rem_euclid(DAY_MS);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}+09:00",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

/// Days since 1970-01-01 to the proleptic Gregorian calendar, by counting years from March.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_TO_EPOCH;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Japan Standard Time is UTC+9 all year.
pub const JST_OFFSET_MS: i64 = 9 * 3_600_000;
const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_exports_and_spreadsheets_are_read() {
        let at = |text: &str| parse_japan_time(text);
        let morning = Some("2026-01-31".parse::<BusinessDate>().unwrap().start() + (9 * 60 + 5) * 60_000);
        for text in ["2026-01-31 09:05:00", "2026/1/31 9:05", " 2026-01-31T09:05 ", "2026/01/31 09:05:00"] {
            assert_eq!(at(text), morning, "{text}");
        }
        assert_eq!(at("2026-01-31"), at("2026/1/31 0:00:00"));
        for text in [
            "",
            "きのう",
            "2026-02-30",
            "2026-1",
            "2026-01-31 24:00",
            "2026-01-31 9",
            "1/31/2026",
            "2026-01-31 09:05:00:00",
            "2026-01-31 +9:05",
            "2026-01-31-01",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn the_date_changes_at_midnight_in_japan() {
        // 2026-11-21 15:00:00 UTC is midnight in Japan.
        let midnight = 1_795_273_200_000;
        assert_eq!(BusinessDate::of(midnight - 1).to_string(), "2026-11-21");
        assert_eq!(BusinessDate::of(midnight).to_string(), "2026-11-22");
        assert_eq!(BusinessDate::of(midnight).start(), midnight);
        assert_eq!(BusinessDate::of(midnight - 1).end(), midnight);
        assert_eq!(format_jst(midnight), "2026-11-22T00:00:00.000+09:00");
    }

    #[test]
    fn every_day_of_four_centuries_round_trips() {
        for day in -1000..146_097 {
            let date = BusinessDate::of(day * DAY_MS);
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn wrong_dates_are_refused() {
        for text in ["", "2026-02-30", "2026-13-01", "2026-1-1", "2026-01-01-01", "20260101", "2026-01-0x"] {
            assert_eq!(text.parse::<BusinessDate>(), Err(ParseDateError), "{text}");
        }
    }
}
