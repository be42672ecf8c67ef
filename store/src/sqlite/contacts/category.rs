//! Categories: counted, and deleted without deleting what carries them (S0.9).
//!
//! Half a million contacts may carry one, so it goes in slices. The first step renames the key, so that the name is
//! free and nothing finds the category any more; what still points to it is unlinked behind it, also after a crash.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::json;

use super::super::staging::category::key;
use super::super::{all, audit_by, exec, one, unsigned};
use crate::error::{Doing, Error, Result};
use crate::model::{Actor, CategoryInfo};

/// Every category with its counts, by name.
pub(in crate::sqlite) fn list(db: &Connection) -> rusqlite::Result<Vec<CategoryInfo>> {
    // Each count would walk its table for each category: the tables are walked once instead.
    let counts = |sql: &str| -> rusqlite::Result<HashMap<i64, u64>> {
        Ok(all(db, sql, [], |r| Ok((r.get(0)?, unsigned(r, 1)?)))?.into_iter().collect())
    };
    let contacts = counts(
        "SELECT m.category_id, count(*) FROM contact_categories m JOIN contacts c ON c.id = m.contact_id
         WHERE c.deleted_at IS NULL GROUP BY m.category_id",
    )?;
    let leads = counts(
        "SELECT m.category_id, count(*) FROM lead_categories m JOIN leads l ON l.id = m.lead_id
         WHERE l.deleted_at IS NULL GROUP BY m.category_id",
    )?;
    let sql = "SELECT id, name FROM categories WHERE name_key > char(31) ORDER BY name_key";
    all(db, sql, [], |r| {
        let id = r.get(0)?;
        let of = |counts: &HashMap<i64, u64>| counts.get(&id).copied().unwrap_or(0);
        Ok(CategoryInfo { id, name: r.get(1)?, contacts: of(&contacts), leads: of(&leads) })
    })
}

/// Takes a category out of use. [`unlink`] has to follow until it says that nothing is left.
pub(in crate::sqlite) fn delete(db: &Connection, name: &str, by: Actor, now: i64) -> Result<i64> {
    let doing = "delete category";
    // An import remembers the categories it has met.
    if one(db, "SELECT 1 FROM imports WHERE state = 'staging' AND interrupted_at IS NULL LIMIT 1", [], |_| {
        Ok(())
    })
    .doing(doing)?
    .is_some()
    {
        return Err(Error::ListBusy);
    }
    let sql = "SELECT id, name FROM categories WHERE name_key = ?1";
    let found: Option<(i64, String)> =
        one(db, sql, [key(name.trim())], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
    let (id, name) = found.ok_or_else(|| Error::NotFound { what: "category", key: name.to_owned() })?;
    // What still points to it is unlinked behind it: no undo of an import may be faster.
    let sql = "UPDATE categories SET name_key = char(1) || id, import_id = NULL WHERE id = ?1";
    exec(db, sql, [id]).doing(doing)?;
    audit_by(db, now, by, "category.delete", &name, &json!({ "id": id })).doing(doing)?;
    Ok(id)
}

/// Unlinks a slice of what carries deleted categories; `true` when nothing is left.
///
/// `from` is where the last slice ended: a table and a row identifier.
pub(in crate::sqlite) fn unlink(db: &Connection, from: &mut UnlinkAt) -> Result<bool> {
    let doing = "unlink a category";
    let gone: Vec<i64> =
        all(db, "SELECT id FROM categories WHERE name_key GLOB char(1) || '*'", [], |r| r.get(0))
            .doing(doing)?;
    if gone.is_empty() {
        return Ok(true);
    }
    let (table, column) =
        if from.leads { ("lead_categories", "lead_id") } else { ("contact_categories", "contact_id") };
    let sql = format!(
        "SELECT {column}, position, category_id FROM {table} WHERE {column} > ?1 ORDER BY {column} LIMIT ?2"
    );
    let rows: Vec<(Vec<u8>, i64, i64)> =
        all(db, &sql, (&from.after, UNLINK_SLICE), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).doing(doing)?;
    let full = i64::try_from(rows.len()).unwrap_or(0) == UNLINK_SLICE;
    // A row's categories may be cut by the slice's end: its last row comes again whole.
    let last = rows.last().map(|(row, _, _)| row.clone());
    let sql = format!("DELETE FROM {table} WHERE {column} = ?1 AND position = ?2");
    for (row, position, category) in &rows {
        if gone.contains(category) {
            exec(db, &sql, (row, position)).doing(doing)?;
        }
    }
    match (full, from.leads) {
        (true, _) => from.after = before(last.unwrap_or_default()),
        (false, false) => *from = UnlinkAt { leads: true, after: Vec::new() },
        (false, true) => {
            let sql = "UPDATE categories SET name_key = char(2) || id WHERE name_key GLOB char(1) || '*'";
            exec(db, sql, []).doing(doing)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where unlinking goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnlinkAt {
    leads: bool,
    after: Vec<u8>,
}

/// The greatest identifier before this one.
fn before(mut id: Vec<u8>) -> Vec<u8> {
    for byte in id.iter_mut().rev() {
        let (less, borrow) = byte.overflowing_sub(1);
        *byte = less;
        if !borrow {
            break;
        }
    }
    id
}

/// Links looked at in one transaction; a row has at most 100.
const UNLINK_SLICE: i64 = 2048;
