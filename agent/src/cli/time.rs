//! Moments as people in Japan write and read them. The daemon speaks UTC milliseconds.

use std::str::FromStr;

use config::Date;
use protocol::{ErrorCode, RpcError, Text};

use super::usage::Expected;

/// A moment typed by a person, Japan time: `2026-11-30`, `2026-11-30 10:00`, or as our tables show it, `2026-11-30 10:00:05`; also
/// with a `T` between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

/// Where a stretch of time ends, as a person types it: a day belongs to the stretch, a moment does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Until {
    /// The first millisecond behind the stretch, UTC.
    ms: i64,
    /// The last from which one can begin: the first behind it is in no day of it.
    latest: i64,
    /// As it was written.
    typed: String,
}

impl FromStr for Until {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Moment(ms) = text.parse()?;
        let day = text.parse::<Date>().is_ok();
        let (ms, latest) = if day { (ms + DAY, ms + DAY - 1) } else { (ms, ms) };
        Ok(Self { ms, latest, typed: text.to_owned() })
    }
}

/// The ends of a stretch of time in UTC milliseconds, the second one behind it.
///
/// # Errors
/// `E-USAGE`: it ends before it begins.
pub(super) fn stretch(
    from: Option<Moment>,
    to: Option<Until>,
) -> Result<(Option<i64>, Option<i64>), RpcError> {
    match (from, &to) {
        (Some(Moment(from)), Some(Until { latest, typed, .. })) if from > *latest => {
            let from = full(from);
            Err(RpcError::with_detail(
                ErrorCode::Usage,
                (
                    format!("--from {from} が --to {typed} より後です"),
                    format!("--from {from} is later than --to {typed}"),
                ),
            ))
        }
        _ => Ok((from.map(|Moment(ms)| ms), to.map(|until| until.ms))),
    }
}

/// A month of Japan: `2026-11`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// As it was written.
    pub name: String,
    /// Its first moment, UTC milliseconds.
    pub from: i64,
    /// The first moment of the next one.
    pub to: i64,
}

impl FromStr for Month {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: Expected = Expected(Text {
            ja: "2026-11 のように月を書いてください",
            en: "write a month such as 2026-11",
        });
        let (year, month) = text.split_once('-').filter(|(_, month)| month.len() == 2).ok_or(EXPECTED)?;
        let (year, number): (u16, u16) =
            (year.parse().map_err(|_| EXPECTED)?, month.parse().map_err(|_| EXPECTED)?);
        let next = if number == 12 { (year.saturating_add(1), 1) } else { (year, number + 1) };
        let begin = |(year, month): (u16, u16)| format!("{year:04}-{month:02}-01").parse::<Moment>();
        let (from, to) = (begin((year, number)), begin(next));
        match (from, to) {
            (Ok(Moment(from)), Ok(Moment(to))) => Ok(Self { name: text.to_owned(), from, to }),
            _ => Err(EXPECTED),
        }
    }
}

pub(super) const DAY: i64 = 86_400_000;
pub(super) const MINUTE: i64 = 60_000;
/// Japan Standard Time, UTC+9 without daylight saving.
pub(super) const JST: i64 = 9 * 3_600_000;

impl FromStr for Moment {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: Expected = Expected(Text {
            ja: "2026-11-30 か \"2026-11-30 10:00\" のように書いてください",
            en: "write 2026-11-30 or \"2026-11-30 10:00\"",
        });
        let (date, clock) = match text.split_once(['T', ' ']) {
            Some((date, clock)) => (date, Some(clock)),
            None => (text, None),
        };
        let date: Date = date.parse().map_err(|()| EXPECTED)?;
        let seconds = match clock {
            None => 0,
            Some(clock) => seconds(clock).ok_or(EXPECTED)?,
        };
        Ok(Self(date.days_since_epoch() * DAY + seconds * 1_000 - JST))
    }
}

/// Of the day, from `10:00` or `10:00:05`.
pub(super) fn seconds(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let mut next = |most: i64| -> Option<i64> {
        let part = parts.next()?;
        let two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|number| two_digits && *number < most)
    };
    let (hours, minutes) = (next(24)?, next(60)?);
    let seconds = if clock.len() > "10:00".len() { next(60)? } else { 0 };
    parts.next().is_none().then_some((hours * 60 + minutes) * 60 + seconds)
}

/// `2026-11-30 10:00:05` in Japan.
pub(super) fn full(wall: i64) -> String {
    let text = crate::clock::rfc3339_jst(wall);
    // 2026-11-30T10:00:05.000+09:00
    match (text.get(..10), text.get(11..19)) {
        (Some(date), Some(clock)) => format!("{date} {clock}"),
        _ => text,
    }
}

/// `11-30 10:00`, or `10:00:05` on the day of `now`.
pub(super) fn short(wall: i64, now: i64) -> String {
    let text = full(wall);
    let (date, clock) = text.split_at(text.len().min(10));
    if full(now).starts_with(date) {
        return clock.trim_start().to_owned();
    }
    let month_and_day = date.get(5..).unwrap_or(date);
    let hours_and_minutes = clock.get(..6).unwrap_or(clock);
    format!("{month_and_day}{hours_and_minutes}")
}

/// `1:02:03` or `2:03`.
pub(super) fn length(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_moments_are_japan_time() {
        assert_eq!("1970-01-01T09:00".parse(), Ok(Moment(0)));
        assert_eq!("2026-11-23 10:40".parse(), Ok(Moment(1_795_398_000_000)));
        assert_eq!("2026-11-23".parse(), Ok(Moment(1_795_359_600_000)));
        // S1.33: what a table shows is typed again.
        assert_eq!("2026-11-23 10:40:05".parse(), Ok(Moment(1_795_398_005_000)));
        assert_eq!(full(1_795_398_005_000), "2026-11-23 10:40:05");
        for text in [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-11-23 24:00",
            "2026-11-23 9:00",
            "2026-11-23 10:00:60",
            "2026-11-23 10:00:",
            "2026-11-23 10:00:00:00",
            "2026-11-23 +1:00",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    /// S4.18: a day that ends a stretch belongs to it, so that one day is from itself to itself.
    #[test]
    fn a_stretch_ends_with_its_last_day_or_before_a_moment() {
        let ends = |from: &str, to: &str| stretch(Some(from.parse().unwrap()), Some(to.parse().unwrap()));
        let day = 1_795_359_600_000;
        assert_eq!(ends("2026-11-23", "2026-11-23").unwrap(), (Some(day), Some(day + DAY)));
        assert_eq!(ends("2026-11-23", "2026-11-23 10:40").unwrap(), (Some(day), Some(1_795_398_000_000)));
        assert_eq!(stretch(None, None).unwrap(), (None, None));
        let refused = ends("2026-11-24", "2026-11-22").unwrap_err();
        assert_eq!(refused.error_code(), Some(ErrorCode::Usage));
        let detail = refused.data.unwrap().detail_in(protocol::Lang::En).unwrap().to_owned();
        assert_eq!(detail, "--from 2026-11-24 00:00:00 is later than --to 2026-11-22");
        for (from, to) in [
            ("2026-11-24", "2026-11-23"),
            ("2026-11-24 00:00", "2026-11-23"),
            ("2026-11-23 10:40", "2026-11-23 10:39"),
        ] {
            assert!(ends(from, to).is_err(), "{from} {to}");
        }
        assert!(ends("2026-11-23 23:59:59", "2026-11-23").is_ok());
    }

    /// S1.33: the daemon speaks UTC, people in Japan read their own time.
    #[test]
    fn moments_are_shown_short_on_the_same_day() {
        let at = 1_795_398_000_000;
        assert_eq!(full(at), "2026-11-23 10:40:00");
        assert_eq!(short(at, at + 60_000), "10:40:00");
        assert_eq!(short(at, at + DAY), "11-23 10:40");
        assert_eq!((length(59_999), length(3_723_000)), ("0:59".to_owned(), "1:02:03".to_owned()));
    }

    /// S4.50: months are those of Japan.
    #[test]
    fn a_month_begins_at_midnight_in_japan() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (full(month.from), full(month.to)),
            ("2026-12-01 00:00:00".into(), "2027-01-01 00:00:00".into())
        );
        for wrong in ["2026-13", "2026-1", "2026", "2026-00", "2026-11-01"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
