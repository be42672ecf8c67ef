//! Many numbers that are given to users at once. Two walks: the register of owners in the order of its numbers, then the leads in the
//! order of theirs. In one, each slice would change a page of the register and two of its index for each of its leads, some twenty
//! thousand pages of the log in a second, and what is changed of a page is the whole page's to be written.
//!
//! Between the two a number has its new owner and its lead shows the old one, for seconds: the second walk writes what the register says
//! then, so that whatever somebody does meanwhile stays.

use std::time::Instant;

use rusqlite::Connection;

use super::lead_edit::Former;
use super::lead_numbers::importing;
use super::{all, assignments, exec, lead_numbers, one};
use crate::id::{LeadId, ListId, UserId};
use crate::model::LeadsChanged;

/// Who gets the numbers of a list, and from whom.
pub(super) struct Giving<'a> {
    pub(super) list: ListId,
    /// In turn; nobody where there are none.
    pub(super) users: &'a [UserId],
    pub(super) by: Option<UserId>,
    pub(super) now: i64,
}

/// Gives as many of `numbers` as fit before `deadline`, each with its place in the turns; returns how many were looked at. `former` counts
/// whose they were.
pub(super) fn give(
    db: &Connection,
    giving: &Giving<'_>,
    numbers: &[(String, usize)],
    former: &mut Former,
    deadline: Instant,
) -> rusqlite::Result<(usize, LeadsChanged)> {
    let importing = one(db, concat!("SELECT ", importing!()), [], |r| r.get::<_, bool>(0))?.unwrap_or(true);
    let mut done = LeadsChanged::default();
    let mut looked = 0;
    for (phone, turn) in numbers {
        let user = giving.users.get(turn % giving.users.len().max(1)).copied();
        if let Some((before, others)) = give_one(db, giving, phone, user, importing)? {
            *former.entry(before.map(|user| user.to_string()).unwrap_or_default()).or_default() += 1;
            done.changed += 1;
            done.other_lists += others;
        }
        looked += 1;
        if over(deadline) {
            break;
        }
    }
    Ok((looked, done))
}

/// Whose it was, and how many leads of other lists show it; `None`: the list does not have it any more.
fn give_one(
    db: &Connection,
    giving: &Giving<'_>,
    phone: &str,
    user: Option<UserId>,
    importing: bool,
) -> rusqlite::Result<Option<(Option<UserId>, u64)>> {
    let sql = "SELECT list_id FROM lead_numbers WHERE phone = ?1";
    let lists: Vec<ListId> = all(db, sql, [phone], |r| r.get(0))?;
    if !lists.contains(&giving.list) {
        return Ok(None);
    }
    let before = assignments::owner(db, phone)?;
    assignments::register(db, phone, user, giving.by, giving.now)?;
    if importing {
        lead_numbers::touched(db, phone, None)?;
    }
    // Most numbers stand once.
    if lists.len() == 1 {
        return Ok(Some((before, 0)));
    }
    let sql = "UPDATE leads SET assigned_user_id = ?2 WHERE (list_id, position) IN (
                 SELECT list_id, position FROM lead_numbers WHERE phone = ?1 AND list_id <> ?3)";
    exec(db, sql, (phone, user, giving.list))?;
    let others = assignments::shown(db, phone)?.saturating_sub(1);
    Ok(Some((before, others as u64)))
}

/// Shows on as many of `leads` as fit before `deadline` whose their numbers are; returns how many were looked at.
pub(super) fn show(db: &Connection, leads: &[LeadId], deadline: Instant) -> rusqlite::Result<usize> {
    let sql =
        "UPDATE leads SET assigned_user_id = (SELECT user_id FROM assignments WHERE phone = leads.phone)
               WHERE id = ?1 AND deleted_at IS NULL";
    let mut looked = 0;
    for lead in leads {
        exec(db, sql, [lead])?;
        looked += 1;
        if over(deadline) {
            break;
        }
    }
    Ok(looked)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
fn over(deadline: Instant) -> bool {
    Instant::now() >= deadline
}
