//! Do-not-call numbers of a file, in slices. What it adds holds from its row on, what it clears holds until its commit: whatever
//! happens between, nobody is called for it.
//!
//! All rows of an import carry its time, which no other import has. So they are found again without a column of their own.

mod end;

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::json;

use super::dnc::Put;
use super::{SqliteBackend, audit_by, dnc, exec, one, unsigned};
use crate::dnc_import::{DncChange, DncStage, DncStart};
use crate::error::{Doing, Error, Result, Said};
use crate::id::ImportId;
use crate::model::{DncAdded, DncEntry};
use crate::phone::Phone;

pub(crate) use end::may_undo_dnc;
pub(super) use end::{adds, clear_slice, forget_settled, holds, interrupt, settle_slice, undo_slice};

pub(super) fn begin(backend: &mut SqliteBackend, start: &DncStart) -> Result<DncStage> {
    let doing = "begin import";
    backend.transact(doing, |db, _| {
        // An identifier is not older than its import: of those before none is of now, and none is read, however many there were.
        let sql = "SELECT max(created_at) FROM imports WHERE id >= ?1 AND report ->> '$.register' = 'dnc'";
        let since = ImportId::first_of(start.now);
        let last = one(db, sql, [since], |r| r.get::<_, Option<i64>>(0)).doing(doing)?.flatten();
        let at = last.map_or(start.now, |last| start.now.max(last + 1));
        let import = ImportId::generate(at);
        let sql = "INSERT INTO imports (id, source, state, first_position, user_id, created_at, report)
                   VALUES (?1, ?2, 'staging', (SELECT ifnull(max(id), 0) + 1 FROM do_not_call), ?3, ?4, ?5)";
        let report = json!({ "register": "dnc", "clear": start.clear, "rows": start.rows,
            "refused": start.refused })
        .to_string();
        exec(db, sql, (import, &start.source, start.by.user, at, report)).doing(doing)?;
        Ok(DncStage { import, at, clear: start.clear, by: start.by })
    })
}

/// Writes some of the rows in one commit; how many, and how many entries they add, or are to clear, and complete.
#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(super) fn stage(
    backend: &mut SqliteBackend,
    stage: DncStage,
    rows: &[DncChange],
) -> Result<(usize, DncAdded)> {
    let doing = "stage rows";
    let deadline = Instant::now() + SLICE;
    backend.transact(doing, |db, _| {
        let (mut written, mut done) = (0, DncAdded::default());
        for row in rows {
            if written > 0 && Instant::now() >= deadline {
                break;
            }
            match stage.clear {
                true => done.added += u64::from(to_clear(db, stage, row).doing(doing)?),
                false => match add(db, stage, row)? {
                    Put::Added => done.added += 1,
                    Put::Completed => done.completed += 1,
                    Put::Known => {}
                },
            }
            written += 1;
        }
        // Nothing is cleared before the commit.
        if !stage.clear {
            count(db, stage.import, [("changed", done.added), ("completed", done.completed)]).doing(doing)?;
        }
        Ok((written, done))
    })
}

/// Adds to what the journal says of an import, in the transaction that did it: whatever ends it early, that is known.
fn count<const N: usize>(db: &Connection, import: ImportId, more: [(&str, u64); N]) -> rusqlite::Result<()> {
    let sql = "UPDATE imports SET report = json_set(report, '$.' || ?2, ifnull(report ->> ('$.' || ?2), 0) + ?3) WHERE id = ?1";
    for (what, more) in more.into_iter().filter(|(_, more)| *more > 0) {
        exec(db, sql, (import, what, i64::try_from(more).unwrap_or(i64::MAX)))?;
    }
    Ok(())
}

/// What the journal says of an import so far.
fn counted(db: &Connection, import: ImportId, what: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT ifnull(report ->> ('$.' || ?2), 0) FROM imports WHERE id = ?1";
    Ok(one(db, sql, (import, what), |r| unsigned(r, 0))?.unwrap_or(0))
}

fn add(db: &Connection, stage: DncStage, row: &DncChange) -> Result<Put> {
    let doing = "stage rows";
    let sql =
        "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, evidence, by_user_id, at,
                 said_source, said_by, said_at)
               VALUES (?1, ?2, ?3, 'import', ?4, ?5, ?6, ?7, ?8, ?9)";
    let said = &row.said;
    let values = params![
        row.phone,
        row.project,
        &*row.reason,
        row.evidence,
        stage.by.user,
        stage.at,
        said.source,
        said.by,
        said.at
    ];
    if exec(db, sql, values).doing(doing)? > 0 {
        return Ok(Put::Added);
    }
    dnc::again(db, &row.phone, row.project, dnc::Again::File(stage.import)).doing(doing)?;
    let Ok(phone) = Phone::from_e164(&row.phone) else { return Ok(Put::Known) };
    let entry = DncEntry {
        phone: row.phone.clone(),
        project: row.project,
        reason: row.reason.to_string(),
        source: String::from("import"),
        attempt: None,
        evidence: row.evidence.clone(),
        by: stage.by,
        now: stage.at,
    };
    match dnc::complete(db, &entry, &phone) {
        Ok(true) => Ok(Put::Completed),
        // What is too long for a cell stays as it is: the number is blocked, and the rest of the file too.
        Ok(false) | Err(Error::Value { .. }) => Ok(Put::Known),
        Err(error) => Err(error),
    }
}

fn to_clear(db: &Connection, stage: DncStage, row: &DncChange) -> rusqlite::Result<bool> {
    let sql = "INSERT OR IGNORE INTO dnc_to_clear (entry_id, import_id, reason)
               SELECT id, ?3, ?4 FROM do_not_call WHERE phone = ?1 AND project_id IS ?2 AND revoked_at IS NULL";
    Ok(exec(db, sql, params![row.phone, row.project, stage.import, &*row.reason])? > 0)
}

/// All of it was written, and counts for good. What it clears may be cleared now.
pub(super) fn commit(
    backend: &mut SqliteBackend,
    stage: DncStage,
    rows: u64,
    refused: u64,
    changed: u64,
) -> Result<()> {
    let doing = "commit import";
    backend.transact(doing, |db, _| {
        let completed = counted(db, stage.import, "completed").doing(doing)?;
        let report = json!({ "register": "dnc", "clear": stage.clear, "rows": rows, "refused": refused,
            "changed": changed, "completed": completed });
        let sql = "UPDATE imports SET state = 'committed', finished_at = ?2, report = ?3
                   WHERE id = ?1 AND state = 'staging'";
        if exec(db, sql, (stage.import, stage.at, report.to_string())).doing(doing)? == 0 {
            return Err(Error::ImportStopped {
                reason: Said::fixed("取り消されました", "it was taken back"),
            });
        }
        audit_by(db, stage.at, stage.by, "dnc.import", &stage.import.to_string(), &report).doing(doing)
    })
}

/// Time of one slice.
const SLICE: Duration = Duration::from_millis(4);
/// Rows that are looked at in one slice.
const RANGE: i64 = 1024;
