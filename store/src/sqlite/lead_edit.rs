//! Leads: many at once, slice by slice, and out of the bin.

use std::collections::BTreeMap;
use std::time::Instant;

use rusqlite::Connection;

use super::typed::fits;
use super::{all, assignments, due, exec, last_call, one, tasks, users};
use crate::error::{Doing, Result};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{Actor, LeadChange, LeadsChanged};

/// Who had leads before they were given to others, by user, and how many; `""` is nobody.
pub(super) type Former = BTreeMap<String, u64>;

/// Whether the change itself may be: leads go to users who call, and a reason fits into a cell of the list's file.
pub(super) fn allowed(db: &Connection, change: &LeadChange) -> Result<()> {
    match change {
        LeadChange::Assign { users } => users::callers(db, users),
        LeadChange::Exclude { reason } => fits("reason", reason.as_deref()),
        LeadChange::Include | LeadChange::Delete => Ok(()),
    }
}

/// Changes as many of `leads` as fit before `deadline`; returns how many were looked at. `turn` is how many were changed
/// before, for users who take turns.
#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(super) fn change(
    db: &Connection,
    leads: &[LeadId],
    change: &LeadChange,
    (turn, former): (usize, &mut Former),
    by: Actor,
    now: i64,
    deadline: Instant,
) -> Result<(usize, LeadsChanged)> {
    let doing = "change leads";
    allowed(db, change)?;
    let mut done = LeadsChanged::default();
    let mut looked = 0;
    for lead in leads {
        let changed = match change {
            LeadChange::Exclude { reason } => exclude(db, *lead, reason.as_deref(), by, now).doing(doing)?,
            LeadChange::Include => include(db, *lead).doing(doing)?,
            LeadChange::Delete => delete(db, *lead, now, &mut done).doing(doing)?,
            LeadChange::Assign { users } => {
                let user = users.get((turn + looked) % users.len().max(1)).copied();
                assign(db, *lead, (user, &mut *former), by, now, &mut done).doing(doing)?
            }
        };
        done.changed += u64::from(changed);
        looked += 1;
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok((looked, done))
}

/// S1.25: who, when and why stay with the lead; a blank reason is none. A claim that is not dialed yet is caught by the check before its INVITE.
fn exclude(
    db: &Connection,
    lead: LeadId,
    reason: Option<&str>,
    by: Actor,
    now: i64,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE leads SET excluded = 1, excluded_reason = ?2, excluded_by = ?3, excluded_at = ?4
               WHERE id = ?1 AND deleted_at IS NULL AND excluded = 0";
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    Ok(exec(db, sql, (lead, reason, by.user, now))? > 0)
}

/// S1.26. A lead that was passed over because of the mark has its turn again without it.
fn include(db: &Connection, lead: LeadId) -> rusqlite::Result<bool> {
    let sql = "UPDATE leads SET excluded = 0, excluded_reason = NULL, excluded_by = NULL, excluded_at = NULL,
                 state = CASE WHEN state = 'skipped' AND skip_reason = 'E-EXCLUDED' THEN 'ready' ELSE state END,
                 skip_reason = CASE WHEN skip_reason = 'E-EXCLUDED' THEN NULL ELSE skip_reason END
               WHERE id = ?1 AND deleted_at IS NULL AND excluded = 1";
    Ok(exec(db, sql, [lead])? > 0)
}

/// S1.27: contacts and calls stay. A lead that a seat holds stays too.
fn delete(db: &Connection, lead: LeadId, now: i64, done: &mut LeadsChanged) -> rusqlite::Result<bool> {
    let sql = "UPDATE leads SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL AND state <> 'claimed'
               RETURNING list_id";
    let Some(list) = one(db, sql, (lead, now), |r| r.get::<_, ListId>(0))? else {
        let held = "SELECT 1 FROM leads WHERE id = ?1 AND deleted_at IS NULL";
        done.held += u64::from(one(db, held, [lead], |_| Ok(()))?.is_some());
        return Ok(false);
    };
    exec(db, "UPDATE lists SET registered = registered - 1 WHERE id = ?1", [list])?;
    done.tasks += tasks::release_lead(db, lead)?;
    Ok(true)
}

/// S1.13: the number's owner changes, on every list that has it.
fn assign(
    db: &Connection,
    lead: LeadId,
    (user, former): (Option<UserId>, &mut Former),
    by: Actor,
    now: i64,
    done: &mut LeadsChanged,
) -> rusqlite::Result<bool> {
    let sql = "SELECT phone FROM leads WHERE id = ?1 AND deleted_at IS NULL";
    let Some(phone) = one(db, sql, [lead], |r| r.get::<_, String>(0))? else { return Ok(false) };
    // Its lead shows it a little later where many are given at once.
    let before = assignments::owner(db, &phone)?;
    *former.entry(before.map(|user| user.to_string()).unwrap_or_default()).or_default() += 1;
    let shown = assignments::assign_lead(db, &phone, user, by.user, now)?;
    done.other_lists += (shown as u64).saturating_sub(1);
    Ok(true)
}

/// Brings leads back that were deleted at one moment, behind `after`; a number that is on the list again stays in the bin.
/// Returns the last lead looked at, `None` at the end.
pub(super) fn restore(
    db: &Connection,
    list: ListId,
    deleted_at: i64,
    after: Option<LeadId>,
    most: i64,
) -> rusqlite::Result<(LeadsChanged, Option<LeadId>)> {
    let mut done = LeadsChanged::default();
    let sql = "SELECT id, phone FROM leads WHERE list_id = ?1 AND deleted_at = ?2 AND deleted_at > 0 AND (?3 IS NULL OR id > ?3)
               ORDER BY id LIMIT ?4";
    let leads: Vec<(LeadId, String)> =
        all(db, sql, (list, deleted_at, after, most), |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (lead, phone) in &leads {
        let taken = "SELECT 1 FROM lead_numbers WHERE phone = ?1 AND list_id = ?2";
        if one(db, taken, (phone, list), |_| Ok(()))?.is_some() {
            done.held += 1;
            continue;
        }
        let owner = assignments::owner(db, phone)?;
        // Who lies in the bin learns nothing of calls with the number, nor of entries that are cleared.
        let last = last_call::last_call_of(db, *lead, phone)?;
        let sql = "UPDATE leads SET deleted_at = NULL, assigned_user_id = ?2, last_disposition = ?3, last_user_id = ?4, last_at = ?5,
                     last_kind = ?6, last_memo = ?7 WHERE id = ?1";
        exec(db, sql, (lead, owner, last.disposition, last.user, last.at, last.kind, last.memo))?;
        due::again(db, *lead)?;
        exec(db, "UPDATE lists SET registered = registered + 1 WHERE id = ?1", [list])?;
        done.changed += 1;
    }
    Ok((done, leads.last().map(|(lead, _)| *lead)))
}

/// How many leads [`restore`] would bring back, and how many leads the list has.
pub(super) fn restorable(db: &Connection, list: ListId, deleted_at: i64) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT count(*), (SELECT registered FROM lists WHERE id = ?1) FROM leads l
               WHERE l.list_id = ?1 AND l.deleted_at = ?2 AND l.deleted_at > 0
                 AND NOT EXISTS (SELECT 1 FROM lead_numbers WHERE phone = l.phone AND list_id = ?1)";
    let found = one(db, sql, (list, deleted_at), |r| Ok((super::unsigned(r, 0)?, super::unsigned(r, 1)?)))?;
    Ok(found.unwrap_or_default())
}

/// What lies in the bin of a list: moments and how many leads went then, newest first.
pub(super) fn bin(db: &Connection, list: ListId) -> rusqlite::Result<Vec<(i64, u64)>> {
    let sql = "SELECT deleted_at, count(*) FROM leads WHERE list_id = ?1 AND deleted_at > 0
               GROUP BY deleted_at ORDER BY deleted_at DESC";
    all(db, sql, [list], |r| Ok((r.get(0)?, super::unsigned(r, 1)?)))
}
