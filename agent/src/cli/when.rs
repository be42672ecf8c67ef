//! When to call somebody again, as people say it on the phone: 明日の10時, 火曜 15:30, 30分後.

use std::str::FromStr;

use config::Date;
use protocol::Text;

use super::time::{DAY, JST, MINUTE, Moment, seconds};
use super::usage::Expected;

/// When to call somebody again, as a person types it: a moment, or what is said of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This UTC millisecond.
    At(i64),
    /// So many milliseconds from now on.
    After(i64),
    /// A day in Japan, and so many milliseconds behind its midnight; without them when calling begins.
    On(Day, Option<i64>),
}

/// A day in Japan, as a person names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// It begins at this UTC millisecond.
    Date(i64),
    /// So many days after the one on which it is typed.
    In(i64),
    /// The next of this day of the week (Monday is 0), never the one on which it is typed.
    Weekday(i64),
    /// The next of this month and day, the one on which it is typed included.
    Yearly(u8, u8),
}

impl FromStr for When {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: Expected = Expected(Text {
            ja: "\"2026-11-30 10:00\"、15:30 (今日)、\"明日 10時\"、\"火曜 15:30\"、\"12/1 10:00\"、30分後 のように書いてください",
            en: "write \"2026-11-30 10:00\", 15:30 (today), \"tomorrow 15:30\", \"tue 15:30\", \"12/1 10:00\" or +30m",
        });
        let text = half_width(text).trim().to_lowercase();
        if text.is_empty() {
            return Err(EXPECTED);
        }
        if let Ok(Moment(ms)) = text.to_uppercase().parse() {
            let day = text.parse::<Date>().is_ok();
            return Ok(if day { Self::On(Day::Date(ms), None) } else { Self::At(ms) });
        }
        if let Some(ms) = after(&text) {
            return Ok(Self::After(ms));
        }
        let (day, rest) = day(&text).unwrap_or((Day::In(0), &text));
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('の').unwrap_or(rest).trim_start();
        match rest {
            "" => Ok(Self::On(day, None)),
            rest => clock(rest).map(|ms| Self::On(day, Some(ms))).ok_or(EXPECTED),
        }
    }
}

impl When {
    /// The moment: of a day the one at which calling begins then, `from` minutes behind midnight; of today's, where calling has begun,
    /// `now`, and where it is over (`to`), still when it began, which is refused as a time that has passed.
    pub(super) fn moment(self, (from, to): (u16, u16), now: i64) -> i64 {
        let (day, clock) = match self {
            Self::At(ms) => return ms,
            Self::After(ms) => return now - now.rem_euclid(MINUTE) + ms,
            Self::On(day, clock) => (day.begin(now), clock),
        };
        if let Some(ms) = clock {
            return day + ms;
        }
        let (from, to) = (day + i64::from(from) * MINUTE, day + i64::from(to) * MINUTE);
        if (from..to).contains(&now) { now - now.rem_euclid(MINUTE) } else { from }
    }

    /// A time without a date, which is today's.
    pub(super) const fn is_todays(self) -> bool {
        matches!(self, Self::On(Day::In(0), Some(_)))
    }
}

impl Day {
    /// Its midnight, UTC milliseconds.
    fn begin(self, now: i64) -> i64 {
        let today = (now + JST).div_euclid(DAY);
        let days = match self {
            Self::Date(ms) => return ms,
            Self::In(days) => today + days,
            // 1970-01-01 was a Thursday.
            Self::Weekday(day) => today + 1 + (day - (today + 4)).rem_euclid(7),
            Self::Yearly(month, day) => {
                let years = (1970..).map_while(|year| (year <= 9999).then_some(year));
                let dates = years.filter_map(|year| Date::new(year, month, day));
                dates.map(Date::days_since_epoch).find(|date| *date >= today).unwrap_or(today)
            }
        };
        days * DAY - JST
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

/// `30分後`, `2時間後`, `+30m`, `+2h`: milliseconds.
fn after(text: &str) -> Option<i64> {
    let (number, unit) = match (text.strip_prefix('+'), text.strip_suffix('後')) {
        (Some(text), None) => (text.strip_suffix(['m', 'h'])?, text.ends_with('h')),
        (None, Some(text)) => match text.strip_suffix("時間") {
            Some(number) => (number, true),
            None => (text.strip_suffix('分')?, false),
        },
        _ => return None,
    };
    let count = number_below(number.trim_end(), 1_000)?;
    Some(count * if unit { 60 * MINUTE } else { MINUTE })
}

/// The day that a text begins with, and the rest.
fn day(text: &str) -> Option<(Day, &str)> {
    if let Some(found) = DAYS.iter().find_map(|(word, days)| Some((Day::In(*days), text.strip_prefix(word)?)))
    {
        return Some(found);
    }
    for (weekday, words) in (0..).zip(WEEKDAYS) {
        if let Some(rest) = words.iter().find_map(|word| text.strip_prefix(word)) {
            return Some((Day::Weekday(weekday), rest));
        }
    }
    let end = text.find([' ', '日']).unwrap_or(text.len());
    let (date, rest) = text.split_at(end);
    if let (Some(days), Some(rest)) = (number_below(date, 1_000), rest.strip_prefix("日後")) {
        return Some((Day::In(days), rest));
    }
    let rest = match date.contains('月') {
        true => rest.strip_prefix('日')?,
        false => rest,
    };
    let parts: Vec<i64> =
        date.split(['/', '月']).map(|part| number_below(part, 10_000)).collect::<Option<_>>()?;
    let (year, month, day) = match *parts.as_slice() {
        [month, day] => (None, month, day),
        [year, month, day] => (Some(u16::try_from(year).ok()?), month, day),
        _ => return None,
    };
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let day = match year {
        Some(year) => Day::Date(Date::new(year, month, day)?.days_since_epoch() * DAY - JST),
        // A leap year, so that the 29th of February is a day.
        None => Date::new(2000, month, day).map(|date| Day::Yearly(date.month, date.day))?,
    };
    Some((day, rest))
}

/// A time of a day: `9:30`, `10時`, `10時半`, `午後3時15分`; milliseconds behind midnight.
fn clock(text: &str) -> Option<i64> {
    let (noon, text) = match (text.strip_prefix("午前"), text.strip_prefix("午後")) {
        (Some(text), _) => (Some(0), text),
        (_, Some(text)) => (Some(12), text),
        _ => (None, text),
    };
    let ms = match text.trim_start().split_once('時') {
        Some((hours, minutes)) => {
            let minutes = match minutes.trim() {
                "" => 0,
                "半" => 30,
                minutes => number_below(minutes.strip_suffix('分')?, 60)?,
            };
            (number_below(hours, 24)? * 60 + minutes) * MINUTE
        }
        None => {
            let text = text.trim_start();
            let hour = text.find(':') == Some(1);
            seconds(&if hour { format!("0{text}") } else { text.to_owned() })? * 1_000
        }
    };
    match noon {
        None => Some(ms),
        // 午後0時 is noon; nobody says 午後15時.
        Some(hours) => (ms < DAY / 2).then_some(ms + hours * 60 * MINUTE),
    }
}

fn number_below(digits: &str, most: i64) -> Option<i64> {
    let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| *number < most)
}

/// Words for days that are near.
const DAYS: [(&str, i64); 10] = [
    ("今日", 0),
    ("本日", 0),
    ("today", 0),
    ("明後日", 2),
    ("あさって", 2),
    ("明日", 1),
    ("あした", 1),
    ("あす", 1),
    ("翌日", 1),
    ("tomorrow", 1),
];
/// Words for days of the week, the longer ones first.
const WEEKDAYS: [[&str; 4]; 7] = [
    ["月曜日", "月曜", "monday", "mon"],
    ["火曜日", "火曜", "tuesday", "tue"],
    ["水曜日", "水曜", "wednesday", "wed"],
    ["木曜日", "木曜", "thursday", "thu"],
    ["金曜日", "金曜", "friday", "fri"],
    ["土曜日", "土曜", "saturday", "sat"],
    ["日曜日", "日曜", "sunday", "sun"],
];

#[cfg(test)]
mod tests {
    use super::super::time::full;
    use super::*;

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
            ("明日 10時", "2026-11-24 10:00:00"),
            ("明日の午後3時半", "2026-11-24 15:30:00"),
            ("10時15分", "2026-11-23 10:15:00"),
            ("午後0時5分", "2026-11-23 12:05:00"),
            ("30分後", "2026-11-23 11:10:00"),
            ("２時間後", "2026-11-23 12:40:00"),
            ("+90m", "2026-11-23 12:10:00"),
            ("+1h", "2026-11-23 11:40:00"),
            // It is a Monday.
            ("火曜 10:00", "2026-11-24 10:00:00"),
            ("日曜日", "2026-11-29 09:00:00"),
            ("mon 9:00", "2026-11-30 09:00:00"),
            ("3日後 10時", "2026-11-26 10:00:00"),
            ("12/1 10:00", "2026-12-01 10:00:00"),
            ("11/23 16:00", "2026-11-23 16:00:00"),
            ("1月5日 10時", "2027-01-05 10:00:00"),
            ("2/29", "2028-02-29 09:00:00"),
            ("2026/12/01 10:00", "2026-12-01 10:00:00"),
        ] {
            assert_eq!(at(text), moment, "{text}");
        }
        // Of the last minutes of a day in Japan, which is another one by UTC.
        let late: When = "23:59".parse().unwrap();
        assert_eq!(full(late.moment((540, 1_200), now + 13 * 3_600_000)), "2026-11-23 23:59:00");
        for text in [
            "",
            "24:00",
            "15",
            "1530",
            "15:3",
            "昨日 15:30",
            "明日 25:00",
            "tomorrow at ten",
            "30分",
            "+30",
            "+m",
            "午後15時",
            "25時",
            "10時60分",
            "2/30",
            "13/1",
            "2026/2/29",
            "12月",
            "0/1",
            "月",
            "9999999999日後",
            "後",
            "+",
            "火曜火曜",
            "12/1/1/1",
            "１２",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
