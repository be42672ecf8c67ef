//! Moments as people in Japan write and read them. The daemon speaks UTC milliseconds.

use std::str::FromStr;

use config::Date;
use protocol::{ErrorCode, RpcError, Text};

use super::usage::Expected;

/// A moment typed by a person, Japan time: `2026-11-30`, `2026-11-30 10:00`, or as our tables show it, `2026-11-30 10:00:05`; also
/// with a `T` between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

/// When to call somebody again, as a person types it: a moment, a day, or a time of a day that is near: `15:30`, `明日 15:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This UTC millisecond.
    At(i64),
    /// The day in Japan that begins at this UTC millisecond.
    Day(i64),
    /// The day in Japan that many days after the one on which it is typed.
    In(i64),
    /// So many milliseconds behind midnight in Japan of the day that many days after the one on which it is typed.
    Clock(i64, i64),
}

impl FromStr for When {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: Expected = Expected(Text {
            ja: "\"2026-11-30 10:00\"、2026-11-30、15:30 (今日)、\"明日 15:30\" のように書いてください",
            en: "write \"2026-11-30 10:00\", 2026-11-30, 15:30 (today) or \"tomorrow 15:30\"",
        });
        let text = half_width(text);
        let text = text.trim();
        if let Ok(Moment(ms)) = text.parse() {
            return Ok(if text.parse::<Date>().is_ok() { Self::Day(ms) } else { Self::At(ms) });
        }
        let word = |(word, days): &(&str, i64)| {
            let rest = text.get(..word.len()).filter(|front| front.eq_ignore_ascii_case(word));
            rest.and_then(|_| text.get(word.len()..)).map(|rest| (rest.trim_start(), *days))
        };
        let (clock, days) = DAYS.iter().find_map(word).unwrap_or((text, 0));
        match clock {
            "" if !text.is_empty() => Ok(Self::In(days)),
            clock => {
                let hour = clock.find(':') == Some(1);
                let clock = if hour { format!("0{clock}") } else { clock.to_owned() };
                seconds(&clock).map(|seconds| Self::Clock(days, seconds * 1_000)).ok_or(EXPECTED)
            }
        }
    }
}

/// What an input method types with wide digits, signs and spaces.
fn half_width(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.chars().map(narrow).collect()
}

/// Words for days that are near.
const DAYS: [(&str, i64); 9] = [
    ("今日", 0),
    ("本日", 0),
    ("today", 0),
    ("明後日", 2),
    ("あさって", 2),
    ("明日", 1),
    ("あした", 1),
    ("翌日", 1),
    ("tomorrow", 1),
];

impl When {
    /// The moment: of a day the one at which calling begins then, `from` minutes behind midnight; of today's, where calling has begun,
    /// `now`, and where it is over (`to`), still when it began, which is refused as a time that has passed.
    pub(super) fn moment(self, (from, to): (u16, u16), now: i64) -> i64 {
        let midnight = |days: i64| (now + JST).div_euclid(DAY) * DAY - JST + days * DAY;
        let day = match self {
            Self::At(ms) => return ms,
            Self::Clock(days, ms) => return midnight(days) + ms,
            Self::In(days) => midnight(days),
            Self::Day(day) => day,
        };
        let (from, to) = (day + i64::from(from) * MINUTE, day + i64::from(to) * MINUTE);
        if (from..to).contains(&now) { now - now.rem_euclid(MINUTE) } else { from }
    }

    /// A time without a date, which is today's.
    pub(super) const fn is_todays(self) -> bool {
        matches!(self, Self::Clock(0, _))
    }
}

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

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;
/// Japan Standard Time, UTC+9 without daylight saving.
const JST: i64 = 9 * 3_600_000;

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
fn seconds(clock: &str) -> Option<i64> {
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

    /// S4.46, X4: a callback on a day is due when calling begins then, and not in the middle of the night.
    #[test]
    fn a_day_to_call_again_begins_with_the_calling_window() {
        let day = 1_795_359_600_000;
        let at = |text: &str, now| text.parse::<When>().unwrap().moment((9 * 60, 20 * 60), now);
        assert_eq!(full(at("2026-11-23", day - DAY)), "2026-11-23 09:00:00");
        assert_eq!(full(at("2026-11-23", day + 8 * 3_600_000)), "2026-11-23 09:00:00");
        assert_eq!(full(at("2026-11-23", day + 10 * 3_600_000 + 59_000)), "2026-11-23 10:00:00", "now");
        assert_eq!(full(at("2026-11-23", day + 21 * 3_600_000)), "2026-11-23 09:00:00", "over");
        assert_eq!(full(at("2026-11-23 00:00", day - DAY)), "2026-11-23 00:00:00", "as it was said");
    }

    /// S4.46, X4: in a call one says half past three, or tomorrow at ten.
    #[test]
    fn a_time_alone_is_todays_and_words_say_which_day() {
        let now = 1_795_398_000_000; // 2026-11-23 10:40
        let at = |text: &str| full(text.parse::<When>().unwrap().moment((9 * 60, 20 * 60), now));
        for (text, moment) in [
            ("15:30", "2026-11-23 15:30:00"),
            ("9:30", "2026-11-23 09:30:00"),
            ("１５：３０", "2026-11-23 15:30:00"),
            ("今日 15:30", "2026-11-23 15:30:00"),
            ("明日 15:30", "2026-11-24 15:30:00"),
            ("明日　９：３０", "2026-11-24 09:30:00"),
            ("明日15:30", "2026-11-24 15:30:00"),
            ("Tomorrow 15:30", "2026-11-24 15:30:00"),
            ("明後日 15:30", "2026-11-25 15:30:00"),
            ("明日", "2026-11-24 09:00:00"),
            ("今日", "2026-11-23 10:40:00"),
            ("2026-11-23 10:40", "2026-11-23 10:40:00"),
        ] {
            assert_eq!(at(text), moment, "{text}");
        }
        // Of the last minutes of a day in Japan, which is another one by UTC.
        let late: When = "23:59".parse().unwrap();
        assert_eq!(full(late.moment((540, 1_200), now + 13 * 3_600_000)), "2026-11-23 23:59:00");
        for text in ["", "24:00", "15", "1530", "15:3", "昨日 15:30", "明日 25:00", "tomorrow at ten"] {
            assert!(text.parse::<When>().is_err(), "{text}");
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
