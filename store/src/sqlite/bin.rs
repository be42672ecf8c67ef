//! What has lain in the bins of lists for longer than it can be brought back (S1.27, S1.28).
//!
//! Leads that were never called go for good. A lead with calls, notes or tasks stays as the number they belong to, emptied of
//! everything else; a list stays as the name that its calls and figures know. Both carry [`EMPTIED`] as the moment of
//! their deletion, which no bin shows.

use rusqlite::Connection;
use serde_json::json;

use super::{all, audit_by, exec, one};
use crate::error::{Doing, Result};
use crate::id::{LeadId, ListId};
use crate::model::Actor;

/// `deleted_at` of what cannot be brought back any more.
pub(super) const EMPTIED: i64 = 0;
/// Leads of one slice.
const SLICE: i64 = 200;

/// Empties a slice of what was deleted before `than`: leads of deleted lists, leads deleted alone, then the lists
/// themselves. Returns how many leads and lists it emptied; 0 at the end.
pub(super) fn purge(db: &Connection, than: i64, now: i64) -> Result<u64> {
    let doing = "empty the bin";
    let old = "SELECT id FROM lists WHERE deleted_at > 0 AND deleted_at < ?1 ORDER BY id LIMIT 1";
    if let Some(list) = one(db, old, [than], |r| r.get::<_, ListId>(0)).doing(doing)? {
        let sql =
            "SELECT id FROM leads WHERE list_id = ?1 AND (deleted_at IS NULL OR deleted_at > 0) LIMIT ?2";
        let leads: Vec<LeadId> = all(db, sql, (list, SLICE), |r| r.get(0)).doing(doing)?;
        if leads.is_empty() {
            let sql = "DELETE FROM import_changes WHERE id IN (SELECT c.id FROM import_changes c
                         JOIN imports i ON i.id = c.import_id WHERE i.list_id = ?1 AND c.kind = 'lead' LIMIT ?2)";
            let changes = exec(db, sql, (list, SLICE)).doing(doing)?;
            if changes > 0 {
                return Ok(changes as u64);
            }
            let sql = "UPDATE lists SET deleted_at = ?2, registered = 0, columns = '[]' WHERE id = ?1";
            exec(db, sql, (list, EMPTIED)).doing(doing)?;
            audit_by(db, now, Actor::default(), "list.purge", &list.to_string(), &json!({})).doing(doing)?;
            return Ok(1);
        }
        return empty(db, &leads, false).doing(doing);
    }
    let sql = "SELECT DISTINCT list_id FROM leads WHERE deleted_at > 0 AND deleted_at < ?1 AND list_id = ?2";
    let lists: Vec<ListId> = all(db, "SELECT id FROM lists", [], |r| r.get(0)).doing(doing)?;
    for list in lists {
        if all(db, sql, (than, list), |_| Ok(())).doing(doing)?.is_empty() {
            continue;
        }
        let sql = "SELECT id FROM leads WHERE list_id = ?1 AND deleted_at > 0 AND deleted_at < ?2 LIMIT ?3";
        let leads: Vec<LeadId> = all(db, sql, (list, than, SLICE), |r| r.get(0)).doing(doing)?;
        let gone = empty(db, &leads, true).doing(doing)?;
        audit_by(db, now, Actor::default(), "lead.purge", &list.to_string(), &json!({ "leads": gone }))
            .doing(doing)?;
        return Ok(gone);
    }
    Ok(0)
}

/// `changes`: what imports overwrote of them goes too; with a whole list that is done at its end.
fn empty(db: &Connection, leads: &[LeadId], changes: bool) -> rusqlite::Result<u64> {
    if changes {
        let some = vec!["?"; leads.len()].join(", ");
        let sql = format!("DELETE FROM import_changes WHERE kind = 'lead' AND row_id IN ({some})");
        db.execute(&sql, rusqlite::params_from_iter(leads))?;
    }
    for lead in leads {
        let sql = "DELETE FROM leads WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM attempts WHERE lead_id = ?1)
                     AND NOT EXISTS (SELECT 1 FROM notes WHERE lead_id = ?1)
                     AND NOT EXISTS (SELECT 1 FROM tasks WHERE lead_id = ?1)";
        if exec(db, sql, [lead])? > 0 {
            continue;
        }
        exec(db, "DELETE FROM lead_phones WHERE lead_id = ?1", [lead])?;
        exec(db, "DELETE FROM lead_categories WHERE lead_id = ?1", [lead])?;
        let sql =
            "UPDATE leads SET deleted_at = ?2, raw_phone = NULL, company = NULL, person = NULL, attrs = '{}',
                     name_key = '', last_memo = NULL, excluded_reason = NULL WHERE id = ?1";
        exec(db, sql, (lead, EMPTIED))?;
    }
    Ok(leads.len() as u64)
}
