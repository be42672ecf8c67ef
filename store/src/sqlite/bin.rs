//! What has lain in the bins of lists for longer than it can be brought back (S1.27, S1.28).
//!
//! Leads that were never called go for good. A lead with calls, notes or tasks stays as the number they belong to, emptied of
//! everything else; a list stays as the name that its calls and figures know. Both carry [`EMPTIED`] as the moment of
//! their deletion, which no bin shows.

use rusqlite::Connection;
use serde_json::json;

use super::{all, audit_by, exec, one};
use crate::error::{Doing, Result};
use crate::id::{ImportId, LeadId, ListId};
use crate::model::Actor;

/// `deleted_at` of what cannot be brought back any more.
pub(super) const EMPTIED: i64 = 0;
/// Leads of one slice.
const SLICE: i64 = 200;
/// What imports overwrote, looked at in one slice.
const CHANGES: i64 = 512;

/// Where emptying the bins goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BinAt {
    /// With whatever has lain there for too long.
    #[default]
    Next,
    /// With what imports overwrote of a list's leads: it goes before them, so that a stop between leaves none of it for good.
    Changes { of: Of, import: ImportId, after: i64 },
    /// With leads behind a position.
    Leads { of: Of, after: i64 },
}

/// What of a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Of {
    list: ListId,
    /// The list with all its leads; else those that were deleted alone.
    whole: bool,
}

/// Empties a slice of what was deleted before `than`: leads of deleted lists and the lists themselves, then leads deleted alone. Returns
/// how many leads and lists it emptied, and where to go on, `None` at the end.
pub(super) fn purge(db: &Connection, than: i64, now: i64, at: BinAt) -> Result<(u64, Option<BinAt>)> {
    let doing = "empty the bin";
    match at {
        BinAt::Next => {
            let found = next(db, than).doing(doing)?;
            Ok((0, found.map(|of| BinAt::Changes { of, import: ImportId(0), after: 0 })))
        }
        // It was brought back meanwhile.
        BinAt::Changes { of, .. } | BinAt::Leads { of, .. }
            if of.whole && !is_old(db, of.list, than).doing(doing)? =>
        {
            Ok((0, Some(BinAt::Next)))
        }
        BinAt::Changes { of, import, after } => {
            Ok((0, Some(forget(db, of, (import, after), than).doing(doing)?)))
        }
        BinAt::Leads { of: Of { list, whole: false }, .. } => {
            let sql =
                "SELECT id FROM leads WHERE list_id = ?1 AND deleted_at > 0 AND deleted_at < ?2 LIMIT ?3";
            let leads: Vec<LeadId> = all(db, sql, (list, than, SLICE), |r| r.get(0)).doing(doing)?;
            if leads.is_empty() {
                return Ok((0, Some(BinAt::Next)));
            }
            let gone = empty(db, &leads).doing(doing)?;
            audit_by(db, now, Actor::default(), "lead.purge", &list.to_string(), &json!({ "leads": gone }))
                .doing(doing)?;
            Ok((gone, Some(at)))
        }
        BinAt::Leads { of, after } => {
            // By position: those that are emptied already are not looked at again and again.
            let sql = "SELECT id, position, deleted_at IS NULL OR deleted_at > 0 FROM leads
                       WHERE list_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
            let leads: Vec<(LeadId, i64, bool)> =
                all(db, sql, (of.list, after, SLICE), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                    .doing(doing)?;
            let Some((_, last, _)) = leads.last() else {
                let sql = "UPDATE lists SET deleted_at = ?2, registered = 0, columns = '[]' WHERE id = ?1";
                exec(db, sql, (of.list, EMPTIED)).doing(doing)?;
                audit_by(db, now, Actor::default(), "list.purge", &of.list.to_string(), &json!({}))
                    .doing(doing)?;
                return Ok((1, Some(BinAt::Next)));
            };
            let full: Vec<LeadId> = leads.iter().filter(|(.., full)| *full).map(|(lead, ..)| *lead).collect();
            Ok((empty(db, &full).doing(doing)?, Some(BinAt::Leads { of, after: *last })))
        }
    }
}

/// A list that was deleted before `than`, else one with leads that were.
fn next(db: &Connection, than: i64) -> rusqlite::Result<Option<Of>> {
    let sql = "SELECT id FROM lists WHERE deleted_at > 0 AND deleted_at < ?1 ORDER BY id LIMIT 1";
    if let Some(list) = one(db, sql, [than], |r| r.get::<_, ListId>(0))? {
        return Ok(Some(Of { list, whole: true }));
    }
    let sql = "SELECT 1 FROM leads WHERE list_id = ?1 AND deleted_at > 0 AND deleted_at < ?2 LIMIT 1";
    for list in all(db, "SELECT id FROM lists", [], |r| r.get::<_, ListId>(0))? {
        if one(db, sql, (list, than), |_| Ok(()))?.is_some() {
            return Ok(Some(Of { list, whole: false }));
        }
    }
    Ok(None)
}

fn is_old(db: &Connection, list: ListId, than: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM lists WHERE id = ?1 AND deleted_at > 0 AND deleted_at < ?2";
    Ok(one(db, sql, (list, than), |_| Ok(()))?.is_some())
}

/// Forgets what imports overwrote of leads that go, or have gone: of this import behind `after`, then of the next one.
fn forget(db: &Connection, of: Of, (import, after): (ImportId, i64), than: i64) -> rusqlite::Result<BinAt> {
    let sql = "SELECT id FROM imports WHERE list_id = ?1 AND id >= ?2 ORDER BY id LIMIT 1";
    let Some(found) = one(db, sql, (of.list, import), |r| r.get::<_, ImportId>(0))? else {
        return Ok(BinAt::Leads { of, after: 0 });
    };
    let after = if found == import { after } else { 0 };
    let sql = "SELECT id, row_id, kind = 'lead' FROM import_changes WHERE import_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let changes: Vec<(i64, Vec<u8>, bool)> =
        all(db, sql, (found, after, CHANGES), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let Some((last, ..)) = changes.last() else {
        return Ok(BinAt::Changes { of, import: ImportId(found.0.saturating_add(1)), after: 0 });
    };
    for (change, lead, _) in changes.iter().filter(|(.., of_lead)| *of_lead) {
        let sql = "DELETE FROM import_changes WHERE id = ?1 AND (?3
                     OR NOT EXISTS (SELECT 1 FROM leads WHERE id = ?2 AND (deleted_at IS NULL OR deleted_at >= ?4)))";
        exec(db, sql, (change, lead, of.whole, than))?;
    }
    Ok(BinAt::Changes { of, import: found, after: *last })
}

fn empty(db: &Connection, leads: &[LeadId]) -> rusqlite::Result<u64> {
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
