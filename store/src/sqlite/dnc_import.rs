//! Do-not-call numbers of a file, in slices: all of them stay, or none.
//!
//! All rows of an import carry its time, which no other import has. So they are found again without a column of their own.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::json;

use super::{SqliteBackend, audit_by, dnc, exec, one};
use crate::dnc_import::{DncChange, DncStage, DncStart};
use crate::error::{Doing, Error, Result};
use crate::id::{ImportId, UserId};
use crate::model::Actor;

pub(super) fn begin(backend: &mut SqliteBackend, start: &DncStart) -> Result<DncStage> {
    let doing = "begin import";
    backend.transact(doing, |db, _| {
        let sql = "SELECT max(created_at) FROM imports WHERE report ->> '$.register' = 'dnc'";
        let last = one(db, sql, [], |r| r.get::<_, Option<i64>>(0)).doing(doing)?.flatten();
        let at = last.map_or(start.now, |last| start.now.max(last + 1));
        let import = ImportId::generate(at);
        let sql = "INSERT INTO imports (id, source, state, first_position, user_id, created_at, report)
                   VALUES (?1, ?2, 'staging', (SELECT ifnull(max(id), 0) + 1 FROM do_not_call), ?3, ?4, ?5)";
        let report = json!({ "register": "dnc", "clear": start.clear }).to_string();
        exec(db, sql, (import, &start.source, start.by.user, at, report)).doing(doing)?;
        Ok(DncStage { import, at, clear: start.clear, by: start.by })
    })
}

/// Writes some of the rows in one commit; how many, and how many entries they changed.
#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(super) fn stage(
    backend: &mut SqliteBackend,
    stage: DncStage,
    rows: &[DncChange],
) -> Result<(usize, u64)> {
    let doing = "stage rows";
    let deadline = Instant::now() + SLICE;
    backend.transact(doing, |db, _| {
        let (mut written, mut changed) = (0, 0);
        for row in rows {
            if written > 0 && Instant::now() >= deadline {
                break;
            }
            changed += u64::from(match stage.clear {
                true => dnc::clear_entry(db, &row.phone, row.project, &row.reason, stage.by.user, stage.at)?,
                false => add(db, stage, row).doing(doing)?,
            });
            written += 1;
        }
        Ok((written, changed))
    })
}

fn add(db: &Connection, stage: DncStage, row: &DncChange) -> rusqlite::Result<bool> {
    let sql =
        "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, evidence, by_user_id, at)
               VALUES (?1, ?2, ?3, 'import', ?4, ?5, ?6)";
    let values = params![row.phone, row.project, &*row.reason, row.evidence, stage.by.user, stage.at];
    Ok(exec(db, sql, values)? > 0)
}

/// All of it was written, and counts for good.
pub(super) fn commit(
    backend: &mut SqliteBackend,
    stage: DncStage,
    rows: u64,
    refused: u64,
    changed: u64,
) -> Result<()> {
    let doing = "commit import";
    backend.transact(doing, |db, _| {
        let report = json!({ "register": "dnc", "clear": stage.clear, "rows": rows, "refused": refused,
            "changed": changed });
        let sql = "UPDATE imports SET state = 'committed', finished_at = ?2, report = ?3
                   WHERE id = ?1 AND state = 'staging'";
        if exec(db, sql, (stage.import, stage.at, report.to_string())).doing(doing)? == 0 {
            return Err(Error::ImportStopped { reason: "it was taken back".to_owned() });
        }
        audit_by(db, stage.at, stage.by, "dnc.import", &stage.import.to_string(), &report).doing(doing)
    })
}

/// Takes a slice of an import back that was not committed: rows up to some behind `after`. Returns where to go on, `None`
/// at the end.
pub(super) fn undo(
    backend: &mut SqliteBackend,
    import: ImportId,
    after: i64,
    now: i64,
) -> Result<Option<i64>> {
    let doing = "undo import";
    backend.transact(doing, |db, _| {
        let sql = "SELECT created_at, user_id, first_position, report ->> '$.clear' FROM imports
                   WHERE id = ?1 AND state = 'staging'";
        let found = one(db, sql, [import], |r| {
            Ok((
                r.get::<_, i64>(0)?,
                r.get::<_, Option<UserId>>(1)?,
                r.get::<_, i64>(2)?,
                r.get::<_, bool>(3)?,
            ))
        });
        let Some((at, user, first, clear)) = found.doing(doing)? else { return Ok(None) };
        let after = if clear { after } else { after.max(first - 1) };
        let upto = after + RANGE;
        if clear {
            // A number that was added anew meanwhile keeps its new entry.
            let sql =
                "UPDATE OR IGNORE do_not_call SET revoked_at = NULL, revoked_by = NULL, revoked_reason = NULL
                       WHERE id > ?1 AND id <= ?2 AND revoked_at = ?3 AND revoked_by IS ?4";
            exec(db, sql, (after, upto, at, user)).doing(doing)?;
        } else {
            // Entries are cleared, never deleted.
            let sql = "UPDATE do_not_call SET revoked_at = ?5, revoked_by = ?4,
                         revoked_reason = 'the import was not finished'
                       WHERE id > ?1 AND id <= ?2 AND source = 'import' AND at = ?3 AND by_user_id IS ?4
                         AND revoked_at IS NULL";
            exec(db, sql, (after, upto, at, user, now)).doing(doing)?;
        }
        let sql = "SELECT 1 FROM do_not_call WHERE id > ?1 LIMIT 1";
        if one(db, sql, [upto], |_| Ok(())).doing(doing)?.is_some() {
            return Ok(Some(upto));
        }
        let sql = "UPDATE imports SET state = 'undone', finished_at = ?2 WHERE id = ?1";
        exec(db, sql, (import, now)).doing(doing)?;
        let by = Actor { user, uid: None };
        audit_by(db, now, by, "import.undo", &import.to_string(), &json!({ "register": "dnc" }))
            .doing(doing)?;
        Ok(None)
    })
}

/// Time of one slice.
const SLICE: Duration = Duration::from_millis(4);
/// Rows that are looked at in one slice.
const RANGE: i64 = 4096;
