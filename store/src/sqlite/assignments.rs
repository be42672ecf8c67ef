//! Who calls a number: one owner on whatever list it stands (S1.13, S1.24).

use rusqlite::Connection;

use super::{all, exec, lead_numbers, one};
use crate::id::{ImportId, ListId, UserId};

/// Gives a number to a user, or to nobody; returns on how many leads it shows.
pub(super) fn assign(
    db: &Connection,
    phone: &str,
    user: Option<UserId>,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<usize> {
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
    lead_numbers::touched(db, phone, None)?;
    show(db, phone, user)
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

/// Gives the numbers of an import's new leads that nobody owns to whom the file names, or to users in turn (S1.6), behind
/// `after`; returns the last position looked at, `None` at the end.
pub(super) fn of_import(
    db: &Connection,
    (import, list): (ImportId, ListId),
    users: &[UserId],
    after: i64,
    (by, now): (Option<UserId>, i64),
    most: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT position, phone, assigned_user_id FROM leads
               WHERE list_id = ?1 AND position > ?2 AND import_id = ?3 ORDER BY position LIMIT ?4";
    let leads: Vec<(i64, String, Option<UserId>)> =
        all(db, sql, (list, after, import, most), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for (position, phone, named) in &leads {
        // By position: whoever imports a second file goes on where the first one ended.
        let turn = usize::try_from(position - 1).unwrap_or(0) % users.len().max(1);
        let Some(user) = named.or(users.get(turn).copied()) else { continue };
        let sql = "INSERT OR IGNORE INTO assignments (phone, user_id, by_user_id, import_id, at)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        if exec(db, sql, (phone, user, by, import, now))? == 0 {
            // Somebody's already.
            continue;
        }
        lead_numbers::touched(db, phone, Some(import))?;
        show(db, phone, Some(user))?;
    }
    Ok(leads.last().map(|(position, ..)| *position))
}
