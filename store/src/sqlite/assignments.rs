//! Who calls a number: one owner on whatever list it stands (S1.13, S1.24).

use rusqlite::Connection;
use serde_json::Value;

use super::staging::remember_owner;
use super::{all, exec, lead_numbers, one};
use crate::id::{ImportId, LeadId, ListId, UserId};

/// Gives a number to a user, or to nobody; returns on how many leads it shows, those of lists in the bin left out.
pub(super) fn assign(
    db: &Connection,
    phone: &str,
    user: Option<UserId>,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<usize> {
    give(db, phone, user, by, now)?;
    shown(db, phone)
}

/// The same of a number that a lead of a live list has.
pub(super) fn assign_lead(
    db: &Connection,
    phone: &str,
    user: Option<UserId>,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<usize> {
    // Most numbers stand once.
    match give(db, phone, user, by, now)? {
        0 | 1 => Ok(1),
        _ => shown(db, phone),
    }
}

/// On how many leads a number shows, those of lists in the bin left out.
pub(super) fn shown(db: &Connection, phone: &str) -> rusqlite::Result<usize> {
    let sql = "SELECT count(*) FROM lead_numbers n JOIN lists l ON l.id = n.list_id
               WHERE n.phone = ?1 AND l.deleted_at IS NULL";
    Ok(one(db, sql, [phone], |r| super::unsigned(r, 0))?.unwrap_or(0) as usize)
}

fn give(
    db: &Connection,
    phone: &str,
    user: Option<UserId>,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<usize> {
    register(db, phone, user, by, now)?;
    lead_numbers::touched(db, phone, None)?;
    show(db, phone, user)
}

/// Writes down whose a number is; its leads do not show it yet.
pub(super) fn register(
    db: &Connection,
    phone: &str,
    user: Option<UserId>,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<()> {
    match user {
        Some(user) => {
            let sql = "INSERT INTO assignments (phone, user_id, by_user_id, at) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT (phone) DO UPDATE SET user_id = excluded.user_id, by_user_id = excluded.by_user_id,
                         import_id = NULL, at = excluded.at";
            exec(db, sql, (phone, user, by, now))?;
        }
        None => {
            exec(db, "DELETE FROM assignments WHERE phone = ?1", [phone])?;
        }
    }
    Ok(())
}

/// Writes the owner of a number on its leads; returns on how many.
fn show(db: &Connection, phone: &str, user: Option<UserId>) -> rusqlite::Result<usize> {
    let sql = "UPDATE leads SET assigned_user_id = ?2
               WHERE (list_id, position) IN (SELECT list_id, position FROM lead_numbers WHERE phone = ?1)";
    exec(db, sql, (phone, user))
}

/// Who owns a number.
pub(super) fn owner(db: &Connection, phone: &str) -> rusqlite::Result<Option<UserId>> {
    one(db, "SELECT user_id FROM assignments WHERE phone = ?1", [phone], |r| r.get(0))
}

/// Numbers of leads that show another owner than they have, among a few leads behind a row; and the last row looked at, `None` at
/// the end. Those of an import that is staging come later, those in the bin when they are brought back.
pub(super) fn astray(db: &Connection, after: i64) -> rusqlite::Result<(Vec<String>, Option<i64>)> {
    let last: i64 = one(db, "SELECT ifnull(max(rowid), 0) FROM leads", [], |r| r.get(0))?.unwrap_or(0);
    if after >= last {
        return Ok((Vec::new(), None));
    }
    let until = after.saturating_add(ROWS).min(last);
    let sql = format!("SELECT l.phone FROM leads l WHERE l.rowid > ?1 AND l.rowid <= ?2 AND {ASTRAY}");
    Ok((all(db, &sql, (after, until), |r| r.get(0))?, Some(until)))
}

/// How many leads show another owner than their number has.
pub(super) fn count_astray(db: &Connection) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM leads l WHERE {ASTRAY}");
    Ok(one(db, &sql, [], |r| super::unsigned(r, 0))?.unwrap_or(0))
}

/// Writes the owners of numbers on their leads again; returns on how many.
pub(super) fn show_again(db: &Connection, phones: &[String]) -> rusqlite::Result<u64> {
    let mut shown = 0;
    for phone in phones {
        let owner = owner(db, phone)?;
        shown += show(db, phone, owner)? as u64;
    }
    Ok(shown)
}

/// Whose a number was before an import gave it to somebody else.
#[derive(serde::Serialize, serde::Deserialize)]
struct Former {
    user: UserId,
    by: Option<UserId>,
    import: Option<ImportId>,
    at: i64,
}

/// Gives a number to whom the file of an import names (S1.6); `None` when it is theirs already, else whose it was, for
/// [`give_back`].
pub(super) fn take(
    db: &Connection,
    phone: &str,
    user: UserId,
    import: ImportId,
    (by, now): (Option<UserId>, i64),
) -> rusqlite::Result<Option<Value>> {
    let sql = "SELECT user_id, by_user_id, import_id, at FROM assignments WHERE phone = ?1";
    let former = one(db, sql, [phone], |r| {
        Ok(Former { user: r.get(0)?, by: r.get(1)?, import: r.get(2)?, at: r.get(3)? })
    })?;
    if former.as_ref().is_some_and(|former| former.user == user) {
        return Ok(None);
    }
    let sql =
        "INSERT INTO assignments (phone, user_id, by_user_id, import_id, at) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (phone) DO UPDATE SET user_id = excluded.user_id, by_user_id = excluded.by_user_id,
                 import_id = excluded.import_id, at = excluded.at";
    exec(db, sql, (phone, user, by, import, now))?;
    lead_numbers::touched(db, phone, Some(import))?;
    show(db, phone, Some(user))?;
    Ok(Some(serde_json::to_value(former).unwrap_or_default()))
}

/// Gives a number back to whom it was before the import, or to nobody where they are gone or call no more ([`crate::Role::calls`]);
/// `false`: somebody gave it away since.
pub(super) fn give_back(
    db: &Connection,
    phone: &str,
    import: ImportId,
    former: &Value,
) -> rusqlite::Result<bool> {
    let former: Option<Former> = serde_json::from_value(former.clone()).unwrap_or_default();
    let here = |former: &Former| {
        let sql = "SELECT 1 FROM users WHERE id = ?1 AND deleted_at IS NULL AND role IN ('MGR', 'SV', 'OP')";
        one(db, sql, [former.user], |_| Ok(()))
    };
    let former = match former {
        Some(former) if here(&former)?.is_some() => Some(former),
        _ => None,
    };
    let given = match &former {
        Some(Former { user, by, import: of, at }) => {
            let sql = "UPDATE assignments SET user_id = ?3, by_user_id = ?4,
                         import_id = (SELECT id FROM imports WHERE id = ?5), at = ?6
                       WHERE phone = ?1 AND import_id = ?2";
            exec(db, sql, (phone, import, user, by, of, at))?
        }
        None => exec(db, "DELETE FROM assignments WHERE phone = ?1 AND import_id = ?2", (phone, import))?,
    };
    let user = former.map(|former| former.user);
    if given == 0 {
        // An undo that is repeated has given it back already.
        return Ok(owner(db, phone)? == user);
    }
    lead_numbers::touched(db, phone, Some(import))?;
    show(db, phone, user)?;
    Ok(true)
}

/// Gives the numbers of an import's new leads to whom the file names, and those that nobody owns to users in turn (S1.6), behind
/// `after`; returns the last position looked at, `None` at the end.
pub(super) fn of_import(
    db: &Connection,
    (import, list): (ImportId, ListId),
    users: &[UserId],
    after: i64,
    (by, now): (Option<UserId>, i64),
    most: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT position, phone, assigned_user_id, id FROM leads
               WHERE list_id = ?1 AND position > ?2 AND import_id = ?3 ORDER BY position LIMIT ?4";
    let leads: Vec<(i64, String, Option<UserId>, LeadId)> =
        all(db, sql, (list, after, import, most), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    for (position, phone, named, lead) in &leads {
        // By position: whoever imports a second file goes on where the first one ended.
        let turn = usize::try_from(position - 1).unwrap_or(0) % users.len().max(1);
        let Some(user) = named.or(users.get(turn).copied()) else { continue };
        let sql = "INSERT OR IGNORE INTO assignments (phone, user_id, by_user_id, import_id, at)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        if exec(db, sql, (phone, user, by, import, now))? == 0 {
            // Somebody's already: theirs, unless the file says otherwise.
            if let Some(user) = named
                && let Some(former) = take(db, phone, *user, import, (by, now))?
            {
                remember_owner(db, import, *lead, &former)?;
            }
            continue;
        }
        lead_numbers::touched(db, phone, Some(import))?;
        show(db, phone, Some(user))?;
    }
    Ok(leads.last().map(|(position, ..)| *position))
}

/// Where many are given at once, their leads show it a little later.
const ASTRAY: &str = "l.assigned_user_id IS NOT (SELECT user_id FROM assignments WHERE phone = l.phone)
  AND l.deleted_at IS NULL AND l.position <= (SELECT visible_position FROM lists WHERE id = l.list_id)
  AND l.list_id NOT IN (SELECT list_id FROM lead_changes)";
/// Leads looked at in one step.
const ROWS: i64 = 2048;
