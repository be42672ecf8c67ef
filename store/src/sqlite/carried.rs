//! What does not go back with a restored copy: it is taken over from the database in whose place the copy comes.
//!
//! Who asked since the copy was made never to be called again is not called (D16), and what leaves the box is numbered on (D18): a
//! number that is used twice would put a result file in the place of another, and events of today behind those of last week. Leads
//! that were excluded or called since are not called either ([`carried_leads`](super::carried_leads)), and no number before the floor
//! between two calls of it is over.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};
use serde_json::json;

use super::carried_leads::{Excluded, Excluding, Which};
use super::migrate::APPLICATION_ID;
use super::rests::{KEPT_MS, Rests};
use super::salvage::Salvage;
use super::{all, exec, one};
use crate::id::{AttemptId, LeadId};

/// What a restored copy has of the database that was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Numbers of the do-not-call list that the copy did not have.
    pub do_not_call: u64,
    /// Those of them of which nothing but the number could be read.
    pub number_only: u64,
    /// Leads that were excluded since the copy was made (発信対象外), deleted, or taken back with their import: excluded in it.
    pub excluded: u64,
    /// Leads that were called since and are excluded for that, until a supervisor takes them in again.
    pub called_since: u64,
    /// Calls that the copy does not have. They stay in the file that was moved aside; nothing of them is taken over.
    pub calls_left_behind: u64,
    /// What of it could not be read, or not all of it: of that the figures count what was read.
    pub unread: Vec<Part>,
}

impl Carried {
    /// As the audit log has it, and the command line with `--json`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let unread: Vec<_> = self.unread.iter().map(|part| part.as_str()).collect();
        json!({
            "do_not_call": self.do_not_call, "number_only": self.number_only,
            "excluded": self.excluded, "called_since": self.called_since,
            "calls_left_behind": self.calls_left_behind, "unread": unread,
        })
    }
}

/// What is taken over, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The do-not-call list.
    DoNotCall,
    /// The calls.
    Calls,
    /// The leads.
    Leads,
    /// The numbers that result files and events count on from.
    Numbering,
}

impl Part {
    /// Its word in JSON and in the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoNotCall => "do_not_call",
            Self::Calls => "calls",
            Self::Leads => "leads",
            Self::Numbering => "numbering",
        }
    }
}

/// Takes over what may not go back, from `present` into a copy; `None`: there is no database, or nothing of it can be read. It is
/// only read, and may be damaged, or of another version: what cannot be had of it is left out. Its log is beside it, and read too.
///
/// # Errors
/// What the copy says.
pub(super) fn over(copy: &Connection, present: &Path, now: i64) -> rusqlite::Result<Option<Carried>> {
    if present.metadata().map_or(true, |found| !found.is_file() || found.len() == 0) {
        return Ok(None);
    }
    // A connection of its own: what one that is damaged answers ends every transaction that it has a part in.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match Connection::open_with_flags(present, flags) {
        Ok(present) if is_ours(&present) => take(copy, &present, now),
        _ => Ok(None),
    }
}

fn take(copy: &Connection, present: &Connection, now: i64) -> rusqlite::Result<Option<Carried>> {
    let mut carried = Carried::default();
    let transaction = copy.unchecked_transaction()?;
    let mut whole = |part, whole: bool| {
        if !whole {
            carried.unread.push(part);
        }
    };
    whole(Part::Numbering, numbering(copy, present)?);
    let (all, do_not_call, number_only) = do_not_call(copy, present, now)?;
    whole(Part::DoNotCall, all);
    let mut leads = Excluding::new(copy, present, now)?;
    whole(Part::Leads, leads.all()?);
    let (all, calls_left_behind) = calls(copy, present, &mut leads, now)?;
    whole(Part::Calls, all);
    leads.undone()?;
    leads.tasks()?;
    transaction.commit()?;
    let Excluded { as_before: excluded, called: called_since } = leads.done;
    let carried = Carried { do_not_call, number_only, excluded, called_since, calls_left_behind, ..carried };
    let nothing =
        carried.unread.len() == PARTS && do_not_call + excluded + called_since + calls_left_behind == 0;
    Ok((!nothing).then_some(carried))
}

/// What leaves the box is numbered on. Returns whether it is known where from.
fn numbering(copy: &Connection, present: &Connection) -> rusqlite::Result<bool> {
    let number = |sql: &str| one(present, sql, [], |r| r.get::<_, i64>(0));
    let last = number("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'");
    if let Ok(Some(last)) = last {
        let ahead = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'outbox'";
        if exec(copy, ahead, [last])? == 0 {
            exec(copy, "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?1)", [last])?;
        }
    }
    let next = number("SELECT value FROM meta WHERE key = 'next_event_seq'");
    if let Ok(Some(next)) = next {
        let ahead = "INSERT INTO meta (key, value) VALUES ('next_event_seq', ?1)
                     ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
        exec(copy, ahead, [next])?;
    }
    Ok(last.is_ok() && next.is_ok())
}

/// An entry of a project that the copy does not know holds everywhere; one that was cleared since the copy was made holds again.
/// Returns whether every number is known, how many the copy did not have, and of how many of these only the number.
fn do_not_call(copy: &Connection, present: &Connection, now: i64) -> rusqlite::Result<(bool, u64, u64)> {
    // The other columns are in every version.
    let has = |database: &Connection, column: &str| {
        let sql = "SELECT 1 FROM pragma_table_info('do_not_call') WHERE name = ?1";
        one(database, sql, [column], |_| Ok(())).is_ok_and(|found| found.is_some())
    };
    let more = ["evidence", "said_source", "said_by", "said_at"];
    let more: String = more
        .into_iter()
        .filter(|column| has(copy, column) && has(present, column))
        .map(|column| format!(", {column}"))
        .collect();
    let columns = format!("phone, project_id, reason, source, attempt_id, by_user_id, at{more}");
    let values: String = (8..8 + more.matches(',').count()).map(|at| format!(", ?{at}")).collect();
    let insert = format!(
        "INSERT OR IGNORE INTO do_not_call ({columns})
         VALUES (?1, (SELECT id FROM projects WHERE id = ?2), ?3, ?4, (SELECT id FROM attempts WHERE id = ?5),
           (SELECT id FROM users WHERE id = ?6), ?7{values})"
    );
    let width = insert.matches('?').count();
    let mut added = 0;
    let whole = Salvage::new(present, "do_not_call", &columns, "revoked_at IS NULL").each(
        |row| (1..=width).map(|at| row.get::<_, Value>(at)).collect::<rusqlite::Result<Vec<_>>>(),
        |entry| sense(exec(copy, &insert, params_from_iter(entry)), &mut added),
    )?;
    if whole {
        return Ok((true, added, 0));
    }
    // The index has every number that holds, and its pages are others.
    let sql = "SELECT phone, ifnull(project_id, x'') FROM do_not_call INDEXED BY do_not_call_live
               WHERE revoked_at IS NULL";
    let numbers = all(present, sql, [], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?)));
    let insert = "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, at)
                  VALUES (?1, (SELECT id FROM projects WHERE id = ?2), ?3, 'manual', ?4)";
    let mut alone = 0;
    let known = numbers.is_ok();
    for (phone, project) in numbers.unwrap_or_default() {
        sense(exec(copy, insert, (phone, project, NUMBER_ONLY, now)), &mut alone)?;
    }
    Ok((known, added + alone, alone))
}

/// Returns whether every call is known, and how many of those that were dialed the copy does not have; their leads are not called
/// again, nor their numbers before the floor between two calls of one is over (D24). One that failed before it was a call is none.
fn calls(
    copy: &Connection,
    present: &Connection,
    leads: &mut Excluding<'_>,
    now: i64,
) -> rusqlite::Result<(bool, u64)> {
    let mut left = 0;
    let (rests, since) = (Rests::of(copy)?, now.saturating_sub(KEPT_MS));
    // What it took over itself, from the one that was there before: its calls are in neither.
    let earlier = Rests::of(present).and_then(|rests| rests.since(present, since));
    for (number, at) in earlier.as_deref().unwrap_or_default() {
        rests.note(copy, number, *at)?;
    }
    let known = "SELECT 1 FROM attempts WHERE id = ?1 AND dialed_at IS NOT NULL";
    let columns =
        "id, lead_id, list_id, phone, dialed_at, disposition, direction = 'out' AND practice = 0, void";
    let whole = Salvage::new(present, "attempts", columns, "dialed_at IS NOT NULL").each(
        |row| {
            let lead: Option<LeadId> = row.get(2)?;
            let (list, phone): (_, Option<String>) = (row.get(3)?, row.get(4)?);
            let (out, void): (bool, bool) = (row.get(7)?, row.get(8)?);
            let which = (out && !void).then(|| Which { lead, list, phone: phone.clone() });
            let number = phone.filter(|_| out);
            let (at, result): (i64, Option<String>) = (row.get(5)?, row.get(6)?);
            Ok((row.get::<_, AttemptId>(1)?, which, number, at, result))
        },
        |(call, which, number, at, result)| {
            if one(copy, known, [call], |_| Ok(()))?.is_none() {
                left += 1;
                if let Some(number) = number.filter(|_| at >= since) {
                    rests.note(copy, &number, at)?;
                }
                which.map_or(Ok(()), |which| leads.called(&which, at, result.as_deref()))?;
            }
            Ok(true)
        },
    )?;
    if whole {
        return Ok((earlier.is_ok(), left));
    }
    // Its own index knows them too; claims that were never dialed are few.
    let calls: Vec<AttemptId> =
        all(present, "SELECT id FROM attempts ORDER BY id", [], |r| r.get(0)).unwrap_or_default();
    let mut counted = 0;
    for call in calls {
        counted += u64::from(one(copy, known, [call], |_| Ok(()))?.is_none());
    }
    Ok((false, counted.max(left)))
}

/// Counts what was written; `false`: a row that breaks the rules of its table is none that somebody wrote.
fn sense(written: rusqlite::Result<usize>, count: &mut u64) -> rusqlite::Result<bool> {
    match written {
        Ok(rows) => {
            *count += rows as u64;
            Ok(true)
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Another program's file is none of ours to read.
fn is_ours(present: &Connection) -> bool {
    let id = present.query_row("PRAGMA application_id", [], |r| r.get::<_, i64>(0));
    id.is_ok_and(|id| id == APPLICATION_ID)
}

/// How many a [`Part`] can be.
const PARTS: usize = 4;
/// The reason of an entry whose row cannot be read.
const NUMBER_ONLY: &str = "復元: 以前のファイルの理由は読めませんでした";
