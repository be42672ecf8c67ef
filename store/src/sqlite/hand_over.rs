//! Work that changes hands: the numbers somebody calls, their open tasks, their contacts. Slice by slice, since a manager may own
//! half a million contacts by importing them.

use std::time::Instant;

use rusqlite::Connection;

use super::{all, assignments, exec, hand_overs, one, tasks, users};
use crate::error::{Doing, Error, Result, Said};
use crate::id::{LeadId, ListId, UserId};
use crate::model::Holdings;

/// From whom to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handing {
    pub(crate) from: UserId,
    /// `None`: nobody.
    pub(crate) to: Option<UserId>,
    /// Contacts too, which whoever is not deleted keeps.
    pub(crate) contacts: bool,
    pub(crate) by: Option<UserId>,
    pub(crate) now: i64,
}

/// Where a hand-over goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandOverAt {
    /// Whatever numbers are left.
    Numbers,
    /// Tasks behind this one.
    Tasks(i64),
    /// Contacts behind this row.
    Contacts(i64),
}

/// What a user holds. Contacts have no order by owner, so that all of them are read: not for the connection that calls wait for.
pub(super) fn count(db: &Connection, user: UserId) -> rusqlite::Result<Holdings> {
    let sql = "SELECT count(*) FROM contacts WHERE owner_user_id = ?1";
    let contacts = one(db, sql, [user], |r| super::unsigned(r, 0))?.unwrap_or(0);
    Ok(Holdings { contacts, ..count_indexed(db, user)? })
}

/// The same without contacts.
fn count_indexed(db: &Connection, user: UserId) -> rusqlite::Result<Holdings> {
    let sql = format!("SELECT (SELECT count(*) {NUMBERS}), (SELECT count(*) {OPEN_TASKS})");
    let held = one(db, &sql, [user], |r| {
        Ok(Holdings { leads: super::unsigned(r, 0)?, contacts: 0, tasks: super::unsigned(r, 1)? })
    })?;
    Ok(held.unwrap_or_default())
}

/// The same where a call may wait for it: nothing is counted unless there is something, which is what came since it was counted.
pub(super) fn count_left(db: &Connection, user: UserId) -> rusqlite::Result<Holdings> {
    let sql = format!("SELECT EXISTS (SELECT 1 {NUMBERS}) OR EXISTS (SELECT 1 {OPEN_TASKS})");
    match one(db, &sql, [user], |r| r.get(0))? {
        Some(true) => count_indexed(db, user),
        Some(false) | None => Ok(Holdings::default()),
    }
}

/// Hands over as much as fits before `deadline`; returns where to go on, or the last row of contacts that was looked at.
pub(super) fn slice(
    db: &Connection,
    handing: &Handing,
    at: HandOverAt,
    deadline: Instant,
) -> Result<(Holdings, std::result::Result<HandOverAt, i64>)> {
    users::live(db, handing.from)?;
    may_take(db, handing)?;
    hand_overs::not_taken_over(db, handing)?;
    let (mut done, mut at) = (Holdings::default(), Ok(at));
    while let Ok(from) = at {
        at = step(db, handing, from, &mut done).doing("hand over")?;
        if over(deadline) {
            break;
        }
    }
    hand_overs::count(db, handing.from, done).doing("hand over")?;
    Ok((done, at))
}

/// Hands over what is left behind the contacts already `seen`. Of tasks that may be an old one, opened again since its slice: it is looked
/// for among those of theirs that are open, not among all that the user ever had.
pub(super) fn rest(db: &Connection, handing: &Handing, seen: i64) -> Result<Holdings> {
    may_take(db, handing)?;
    hand_overs::not_taken_over(db, handing)?;
    let (mut done, mut at) = (Holdings::default(), Ok(HandOverAt::Numbers));
    while let Ok(from) = at {
        let from = match from {
            HandOverAt::Numbers => from,
            HandOverAt::Tasks(_) => {
                done.tasks += give_open(db, handing).doing("hand over")?;
                if !handing.contacts {
                    break;
                }
                HandOverAt::Contacts(seen)
            }
            HandOverAt::Contacts(row) => HandOverAt::Contacts(row.max(seen)),
        };
        at = step(db, handing, from, &mut done).doing("hand over")?;
    }
    Ok(done)
}

fn give_open(db: &Connection, handing: &Handing) -> rusqlite::Result<u64> {
    let sql = "SELECT id, lead_id FROM tasks INDEXED BY tasks_open_by_owner WHERE state = 'open' AND owner_user_id = ?1";
    let open: Vec<OpenTask> = all(db, sql, [handing.from], |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (task, lead) in &open {
        tasks::give(db, *task, *lead, handing.to)?;
    }
    Ok(open.len() as u64)
}

/// The last row of contacts.
fn last_contact(db: &Connection) -> rusqlite::Result<i64> {
    Ok(one(db, "SELECT ifnull(max(rowid), 0) FROM contacts", [], |r| r.get(0))?.unwrap_or(0))
}

/// Of the next rows, those of the bin too; how many, and where to go on. No new version: who has the contact open loses nothing by it, and
/// an import that wrote it is still undone.
pub(super) fn give_contacts(
    db: &Connection,
    from: Option<UserId>,
    to: Option<UserId>,
    after: i64,
) -> rusqlite::Result<(u64, Option<i64>)> {
    let last = last_contact(db)?;
    let next = after.saturating_add(ROWS).min(last);
    let sql =
        "UPDATE contacts SET owner_user_id = ?2 WHERE rowid > ?3 AND rowid <= ?4 AND owner_user_id IS ?1";
    let given = if after < last { exec(db, sql, (from, to, after, next))? } else { 0 };
    Ok((given as u64, (next < last).then_some(next)))
}

/// Lists with leads or open tasks of a user who may not use them (X7).
pub(super) fn out_of_reach(db: &Connection, user: UserId) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT l.name FROM lists l
               WHERE l.deleted_at IS NULL AND l.enabled AND EXISTS (SELECT 1 FROM grants WHERE list_id = l.id)
                 AND NOT EXISTS (SELECT 1 FROM grants WHERE list_id = l.id AND user_id = ?1)
                 AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND role IN ('MGR', 'SV'))
                 AND (EXISTS (SELECT 1 FROM leads d
                              WHERE d.list_id = l.id AND d.assigned_user_id = ?1 AND d.deleted_at IS NULL)
                   OR EXISTS (SELECT 1 FROM tasks t JOIN leads d ON d.id = t.lead_id
                              WHERE t.owner_user_id = ?1 AND t.state = 'open' AND d.list_id = l.id))
               ORDER BY l.name";
    all(db, sql, [user], |r| r.get(0))
}

/// Leads and tasks go to who calls, and not to who gives them away.
pub(super) fn may_take(db: &Connection, handing: &Handing) -> Result<()> {
    if handing.to == Some(handing.from) {
        return Err(SAME);
    }
    users::callers(db, handing.to.as_slice())
}

/// A handful of rows.
fn step(
    db: &Connection,
    handing: &Handing,
    at: HandOverAt,
    done: &mut Holdings,
) -> rusqlite::Result<std::result::Result<HandOverAt, i64>> {
    let Handing { from, to, contacts, by, now } = *handing;
    match at {
        HandOverAt::Numbers => {
            let sql = "SELECT phone FROM assignments WHERE user_id = ?1 LIMIT ?2";
            let phones: Vec<String> = all(db, sql, (from, FEW as i64), |r| r.get(0))?;
            for phone in &phones {
                done.leads += assignments::assign(db, phone, to, by, now)? as u64;
            }
            Ok(Ok(if phones.is_empty() { HandOverAt::Tasks(0) } else { at }))
        }
        HandOverAt::Tasks(after) => {
            let (open, next) = open_tasks(db, Some(from), None, after)?;
            for (task, lead) in &open {
                tasks::give(db, *task, *lead, to)?;
            }
            done.tasks += open.len() as u64;
            Ok(match next {
                Some(task) => Ok(HandOverAt::Tasks(task)),
                None if contacts => Ok(HandOverAt::Contacts(0)),
                None => Err(0),
            })
        }
        HandOverAt::Contacts(after) => {
            let (given, next) = give_contacts(db, Some(from), to, after)?;
            done.contacts += given;
            Ok(match next {
                Some(next) => Ok(HandOverAt::Contacts(next)),
                None => Err(last_contact(db)?.max(after)),
            })
        }
    }
}

/// A task with the lead that waits for it.
type OpenTask = (i64, Option<LeadId>);

/// Open tasks behind `after`, a handful, and where to go on; `None` at the end. Where those of one list are wanted, no more of others are
/// looked at than a slice has time for.
pub(super) fn open_tasks(
    db: &Connection,
    owner: Option<UserId>,
    list: Option<ListId>,
    after: i64,
) -> rusqlite::Result<(Vec<OpenTask>, Option<i64>)> {
    let sql = "SELECT t.id, t.lead_id, ?3 IS NULL OR EXISTS (SELECT 1 FROM leads l WHERE l.id = t.lead_id AND l.list_id = ?3)
               FROM tasks t INDEXED BY tasks_open_by_owner
               WHERE t.owner_user_id IS ?1 AND t.state = 'open' AND t.id > ?2 ORDER BY t.id LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((owner, after, list, LOOKED as i64))?;
    let (mut open, mut looked) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let task: i64 = row.get(0)?;
        looked += 1;
        if row.get(2)? {
            open.push((task, row.get(1)?));
        }
        if open.len() == FEW || looked == LOOKED {
            return Ok((open, Some(task)));
        }
    }
    Ok((open, None))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(super) fn over(deadline: Instant) -> bool {
    Instant::now() >= deadline
}

pub(super) const SAME: Error = Error::Value {
    what: "who takes over",
    needs: Said::fixed("別の人を指定してください", "somebody else"),
};
/// Rows of one step: each is some tens of microseconds.
const FEW: usize = 16;
/// Tasks looked at in one step, most of which may be of other lists.
const LOOKED: usize = 256;
/// Contacts looked at in one step.
const ROWS: i64 = 256;
/// What lies in the bin with its list nobody calls, and nobody is shown its tasks.
const NUMBERS: &str = "FROM assignments a JOIN lead_numbers n ON n.phone = a.phone
  JOIN lists l ON l.id = n.list_id AND l.deleted_at IS NULL WHERE a.user_id = ?1";
/// By what is open of theirs, not by all that the user ever had.
const OPEN_TASKS: &str = concat!(
    "FROM tasks t INDEXED BY tasks_open_by_owner WHERE t.owner_user_id = ?1 AND t.state = 'open' AND NOT ",
    tasks::in_bin!()
);
