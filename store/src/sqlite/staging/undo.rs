//! Taking an import back, slice by slice.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::{SqliteBackend, all, audit, exec};
use super::category::{CategoryIds, link, unlink};
use super::{IMPORT_CACHE_KIB, Import, SLICE_ROWS, end_session, read};
use crate::error::{Doing, Result};
use crate::id::ImportId;

/// Takes a slice back; `true` when nothing is left. New leads that were called stay.
pub(in crate::sqlite) fn undo_slice(backend: &mut SqliteBackend, import: ImportId, now: i64) -> Result<bool> {
    let doing = "undo import";
    set_cache(backend, IMPORT_CACHE_KIB);
    let done = backend.transact(doing, |db, _| {
        let context = read(db, import)?;
        if context.state == "undone" {
            return Ok(true);
        }
        if restore(db, import).doing(doing)? || remove(db, import, &context).doing(doing)? {
            return Ok(false);
        }
        let sql = "UPDATE imports SET state = 'undone', finished_at = ?2 WHERE id = ?1";
        exec(db, sql, (import, now)).doing(doing)?;
        let sql = "UPDATE lists SET last_position = max(visible_position, ifnull(
                     (SELECT max(position) FROM leads WHERE list_id = ?1), 0)) WHERE id = ?1";
        exec(db, sql, [context.list]).doing(doing)?;
        audit(db, now, None, "import.undo", &import.to_string(), &json!({ "list": context.list }))
            .doing(doing)?;
        Ok(true)
    })?;
    if done {
        end_session(backend);
        set_cache(backend, backend.cache_kib);
        if let Err(error) = exec(&backend.db, "PRAGMA shrink_memory", []) {
            tracing::debug!(%error, "memory of the import was not given back");
        }
    }
    Ok(done)
}

/// Puts back what a slice of updates overwrote, newest first; `false` when there is nothing left.
/// A row that somebody changed since keeps its newer state.
fn restore(db: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    let sql = "SELECT id, kind, row_id, version, before FROM import_changes WHERE import_id = ?1
               ORDER BY id DESC LIMIT ?2";
    let changes: Vec<(i64, String, Vec<u8>, i64, String)> = all(db, sql, (import, SLICE_ROWS as i64), |r| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
    })?;
    let mut known = CategoryIds::default();
    for (change, kind, row, version, before) in &changes {
        let before: Value = serde_json::from_str(before).unwrap_or_default();
        let text = |name: &str| before.get(name).and_then(Value::as_str);
        let restored = match kind.as_str() {
            "lead" => exec(
                db,
                "UPDATE leads SET company = ?3, person = ?4, attrs = ?5, raw_phone = ?6, clir = ?7,
                   version = version - 1 WHERE id = ?1 AND version = ?2",
                (
                    row,
                    version,
                    text("company"),
                    text("person"),
                    text("attrs").unwrap_or("{}"),
                    text("raw_phone"),
                    text("clir"),
                ),
            )?,
            _ => exec(
                db,
                "UPDATE contacts SET company = ?3, person = ?4, version = version - 1 WHERE id = ?1 AND version = ?2",
                (row, version, text("company"), text("person")),
            )?,
        };
        if restored > 0 {
            let id = row.as_slice().try_into().map(u128::from_be_bytes).unwrap_or_default();
            let names: Vec<String> = before
                .get("categories")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default();
            unlink(db, kind, id)?;
            link(db, &mut known, kind, id, &names)?;
        }
        exec(db, "DELETE FROM import_changes WHERE id = ?1", [change])?;
    }
    Ok(!changes.is_empty())
}

/// Removes a slice of new leads and contacts; `false` when there is nothing left that may go.
fn remove(db: &Connection, import: ImportId, context: &Import) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM leads WHERE id IN (
                 SELECT id FROM leads WHERE list_id = ?1 AND position >= ?2 AND import_id = ?3 AND state <> 'claimed'
                   AND NOT EXISTS (SELECT 1 FROM attempts WHERE lead_id = leads.id) LIMIT ?4)";
    let slice = SLICE_ROWS as i64;
    if exec(db, sql, (context.list, context.first_position, import, slice))? > 0 {
        return Ok(true);
    }
    // Contacts of numbers that stay on a list stay too. Identifiers grow, so the import's contacts lie behind its own.
    let sql = "DELETE FROM contacts WHERE id IN (
                 SELECT c.id FROM contacts c WHERE c.id > ?1 AND c.import_id = ?1 AND c.version = 1
                   AND NOT EXISTS (SELECT 1 FROM contact_phones p JOIN leads d ON d.phone = p.phone
                                   WHERE p.contact_id = c.id) LIMIT ?2)";
    Ok(exec(db, sql, (import, slice))? > 0)
}

/// The size of the cache is a matter of speed only.
fn set_cache(backend: &SqliteBackend, kib: u32) {
    if let Err(error) = backend.db.pragma_update(None, "cache_size", -i64::from(kib)) {
        tracing::debug!(%error, "cache size unchanged");
    }
}
