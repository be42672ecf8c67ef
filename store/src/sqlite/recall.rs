//! When somebody is to be called again: what may be given, whatever it is given by, and what becomes of it with another result.

use rusqlite::Connection;

use super::{dispositions, one, tasks};
use crate::error::{Doing, Error, Result, Said};
use crate::id::AttemptId;
use crate::model::LeadNext;
use crate::time::format_jst;

/// A time to call back that somebody gives is one that can be shown, and is to come. The one that `stands` there may have passed since, and
/// is said again with the rest.
pub(super) fn may_be(what: &'static str, at: Option<i64>, stands: Option<i64>, now: i64) -> Result<()> {
    shown(what, at)?;
    to_come(what, at.filter(|at| stands != Some(*at)), now)
}

/// The time to call back that goes with a result: the one that is `given`, else the one that `stands` there. What was judged before (`was`)
/// and asked for a callback takes its time with it, unless the new result (`is`) asks for one too (X4).
pub(super) fn of_result(
    db: &Connection,
    (was, is): (Option<&str>, Option<&str>),
    given: Option<i64>,
    stands: Option<i64>,
) -> Result<Option<i64>> {
    let Some(code) = is else { return Ok(given.or(stands)) };
    let next = dispositions::lead_next(db, code)?;
    match (given, next) {
        // It would be promised, and nobody be reminded.
        (Some(_), LeadNext::Never) => {
            let sql = "SELECT label FROM dispositions WHERE code = ?1";
            let label: Option<String> = one(db, sql, [code], |r| r.get(0)).doing("read status")?;
            let label = label.unwrap_or_else(|| code.to_owned());
            let needs = Said::new(
                format!("「{label}」は今後発信しない結果のため、指定できません"),
                format!("left out: nobody is called after {label}"),
            );
            Err(Error::Value { what: "recall_at", needs })
        }
        (Some(at), _) => Ok(Some(at)),
        (None, LeadNext::Never) if was != is => Ok(None),
        (None, _) if was.is_some() && was != is && !tasks::is_task(Some(next), None) => Ok(None),
        (None, _) => Ok(stands),
    }
}

/// When the other end of a call is to be called again.
pub(super) fn stands(db: &Connection, attempt: AttemptId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT iif(t.id IS NULL, a.recall_at, t.due_at) FROM attempts a
               LEFT JOIN tasks t ON t.attempt_id = a.id AND t.state = 'open' WHERE a.id = ?1";
    Ok(one(db, sql, [attempt], |r| r.get(0))?.flatten())
}

/// Whether a moment (UTC milliseconds) can be shown, and counted with.
fn shown(what: &'static str, at: Option<i64>) -> Result<()> {
    match at.is_some_and(|at| !TIMES.contains(&at)) {
        true => {
            let needs = Said::fixed("1970年から2199年までの時刻", "a time between 1970 and 2199");
            Err(Error::Value { what, needs })
        }
        false => Ok(()),
    }
}

/// A time that somebody gives is none of the past.
fn to_come(what: &'static str, at: Option<i64>, now: i64) -> Result<()> {
    // People type minutes: the one that runs is none of it.
    if at.is_none_or(|at| at >= now - now.rem_euclid(MINUTE_MS)) {
        return Ok(());
    }
    let now = format_jst(now);
    let now = now.get(..16).unwrap_or(&now).replace('T', " ");
    let needs = Said::new(
        format!("今 ({now}) より後の日時にしてください"),
        format!("a time to come; it is {now} now"),
    );
    Err(Error::Value { what, needs })
}

const MINUTE_MS: i64 = 60_000;
/// 1970 to 2199: what has four digits of a year wherever it is shown, and room to count with.
const TIMES: std::ops::Range<i64> = 0..7_258_118_400_000;
