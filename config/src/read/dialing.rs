//! `[dialing]` and `[dialing.window]`. The legal ceilings are checked here and again where they bite.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::ErrorKind;
use crate::reader::{Found, Report, Table};
use crate::types::{AutoOutcome, DialMode, Dialing, MAX_REPEATS_PER_DAY, MAX_RING_TIMEOUT, MIN_REPEAT_GAP};
use crate::window::{CEILING_FROM, CEILING_TO, CallingWindow, ClosedDates, Date, Weekdays};

pub(super) fn dialing(section: Option<Table<'_, '_>>, report: &mut Report) -> Dialing {
    let mut dialing = Dialing {
        mode: DialMode::Straight,
        preview: Duration::ZERO,
        ring_timeout: Duration::from_secs(30),
        wrap_up: Duration::ZERO,
        auto_disposition: AutoOutcome::ALL.into(),
        require_status: true,
        repeat_gap: MIN_REPEAT_GAP,
        max_repeats_per_day: 3,
        window: CallingWindow::default(),
    };
    let Some(mut table) = section else { return dialing };
    let hour = Duration::from_secs(3_600);
    let modes = [("straight", DialMode::Straight), ("preview", DialMode::Preview)];
    if let Some(mode) = table.choice("mode", &modes, report) {
        dialing.mode = mode.value;
    }
    if let Some(preview) = table.duration("preview", Duration::ZERO, hour, report) {
        dialing.preview = preview.value;
    }
    if let Some(ring) = table.duration("ring_timeout", Duration::from_secs(1), MAX_RING_TIMEOUT, report) {
        dialing.ring_timeout = ring.value;
    }
    if let Some(wrap_up) = table.duration("wrap_up", Duration::ZERO, hour, report) {
        dialing.wrap_up = wrap_up.value;
    }
    if let Some(words) = table.strings("auto_disposition", report) {
        dialing.auto_disposition = outcomes(&words.value, report);
    }
    if let Some(require) = table.boolean("require_status", report) {
        dialing.require_status = require.value;
    }
    if let Some(gap) = table.duration("repeat_gap", MIN_REPEAT_GAP, Duration::from_secs(86_400 * 7), report) {
        dialing.repeat_gap = gap.value;
    }
    if let Some(repeats) = table.integer("max_repeats_per_day", 0..MAX_REPEATS_PER_DAY + 1, report) {
        dialing.max_repeats_per_day = repeats.value;
    }
    if let Some(inner) = table.table("window", report) {
        dialing.window = window(inner, report);
    }
    table.finish(report);
    dialing
}

/// Outcome words, or a status code that stands for all of its outcomes.
fn outcomes(words: &[Found<String>], report: &mut Report) -> BTreeSet<AutoOutcome> {
    let mut chosen = BTreeSet::new();
    for word in words {
        let matching: Vec<_> = AutoOutcome::ALL
            .into_iter()
            .filter(|outcome| outcome.as_str() == word.value || outcome.status() == word.value)
            .collect();
        if matching.is_empty() {
            report.invalid(
                &word.at,
                (
                    format!(
                        "{:?} は自動で保存できる結果ではありません。fax、no_answer、busy、vacant、out_of_reach、\
                         またはそれぞれをまとめた no_contact、not_in_service を書いてください",
                        word.value
                    ),
                    format!(
                        "{:?} is not an outcome the machine may save; write fax, no_answer, busy, vacant, out_of_reach, \
                         or no_contact and not_in_service for all of theirs",
                        word.value
                    ),
                ),
            );
        }
        chosen.extend(matching);
    }
    chosen
}

fn window(mut table: Table<'_, '_>, report: &mut Report) -> CallingWindow {
    let mut window = CallingWindow::default();
    if let Some(days) = table.strings("days", report) {
        let mut set = Weekdays::default();
        for day in &days.value {
            match day.value.parse() {
                Ok(weekday) => set.insert(weekday),
                Err(()) => report.invalid(
                    &day.at,
                    (
                        format!("{:?} は曜日ではありません。mon、tue、wed、thu、fri、sat、sun のいずれかを書いてください", day.value),
                        format!("{:?} is not a day; write mon, tue, wed, thu, fri, sat or sun", day.value),
                    ),
                ),
            }
        }
        if days.value.is_empty() {
            report.invalid(
                &days.at,
                ("曜日がありません。1つ以上書いてください", "no day at all; write at least one"),
            );
        }
        window.days = set;
    }
    let from = minute(&mut table, "from", report);
    let to = minute(&mut table, "to", report);
    if let Some(from) = &from {
        window.from = from.value;
    }
    if let Some(to) = &to {
        window.to = to.value;
    }
    if let Some(last) = to.as_ref().or(from.as_ref())
        && window.from >= window.to
    {
        report.error(
            ErrorKind::Conflict,
            &last.at,
            (
                "時間帯の終わりが始まりより前です。\"from\" を \"to\" より早くしてください",
                "the window ends before it begins; \"from\" is earlier than \"to\"",
            ),
        );
    }
    if let Some(closed) = table.strings("closed", report) {
        window.closed = closed.value.iter().filter_map(|item| dates(item, report)).collect();
    }
    table.finish(report);
    window
}

/// `HH:MM` within the ceiling, as a minute of the day.
fn minute(table: &mut Table<'_, '_>, key: &'static str, report: &mut Report) -> Option<Found<u16>> {
    let found = table.string(key, report)?;
    let Some(value) = clock(&found.value) else {
        report.invalid(
            &found.at,
            (
                format!("{:?} は時刻ではありません。\"09:00\" のように書いてください", found.value),
                format!("{:?} is not a time of day; write \"09:00\"", found.value),
            ),
        );
        return None;
    };
    if !(CEILING_FROM..=CEILING_TO).contains(&value) {
        report.invalid(
            &found.at,
            (
                format!(
                    "{} は架電してよい 08:00 から 21:00 の外です。この間の時刻を書いてください",
                    found.value
                ),
                format!(
                    "{} is outside 08:00 to 21:00, the hours in which calling is proper; write a time within",
                    found.value
                ),
            ),
        );
        return None;
    }
    Some(Found { value, at: found.at })
}

fn clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// `2026-12-29` or `2026-12-29/2027-01-03`.
fn dates(found: &Found<String>, report: &mut Report) -> Option<ClosedDates> {
    let (from, to) = found.value.split_once('/').unwrap_or((&found.value, &found.value));
    let parsed = from.trim().parse::<Date>().ok().zip(to.trim().parse::<Date>().ok());
    match parsed {
        Some((from, to)) if from <= to => Some(ClosedDates { from, to }),
        Some(_) => {
            report.invalid(
                &found.at,
                (
                    format!("{:?} は終わりが始まりより前です。日付を入れ替えてください", found.value),
                    format!("{:?} ends before it begins; exchange the dates", found.value),
                ),
            );
            None
        }
        None => {
            report.invalid(
                &found.at,
                (
                    format!(
                        "{:?} は日付ではありません。\"2026-12-29\" か \"2026-12-29/2027-01-03\" のように書いてください",
                        found.value
                    ),
                    format!(
                        "{:?} is not a date; write \"2026-12-29\" or \"2026-12-29/2027-01-03\"",
                        found.value
                    ),
                ),
            );
            None
        }
    }
}
