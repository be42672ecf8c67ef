//! Do-not-call: who must not be called, for one project or for the whole company.

use rusqlite::Connection;

use super::{all, audit, exec, one};
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, ProjectId, UserId};
use crate::model::{DncEntry, DncRow};
use crate::phone::Phone;

/// Is the number blocked for the project? Judged inside the transaction that precedes the INVITE.
pub(super) fn blocked(db: &Connection, phone: &str, project: Option<ProjectId>) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM do_not_call WHERE phone = ?1 AND revoked_at IS NULL
                 AND (project_id IS NULL OR project_id = ?2) LIMIT 1";
    Ok(one(db, sql, (phone, project), |_| Ok(()))?.is_some())
}

/// Adds a number by hand or import; `false` when it was there.
pub(super) fn add(db: &Connection, entry: &DncEntry) -> Result<bool> {
    let doing = "add do-not-call";
    let parsed = Phone::parse(&entry.phone).map_err(Error::Phone)?;
    let sql = "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, by_user_id, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = (parsed.phone.expose(), entry.project, &entry.reason, &entry.source, entry.by, entry.now);
    let added = exec(db, sql, values).doing(doing)? > 0;
    if added {
        let detail = serde_json::json!({ "reason": entry.reason, "source": entry.source });
        audit(db, entry.now, entry.by, "dnc.add", &parsed.phone.to_string(), &detail).doing(doing)?;
    }
    Ok(added)
}

/// Adds a number because its call was saved as クレーム. The project decides how far it reaches.
pub(super) fn add_from_call(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    attempt: AttemptId,
    by: UserId,
    now: i64,
) -> rusqlite::Result<bool> {
    let sql =
        "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, attempt_id, by_user_id, at)
               VALUES (?1, (SELECT id FROM projects WHERE id = ?2 AND dnc_scope = 'project'),
                       'クレーム', 'status', ?3, ?4, ?5)";
    Ok(exec(db, sql, (phone, project, attempt, by, now))? > 0)
}

/// Takes back what this very call had registered: its operator chose another status before the call was closed.
pub(super) fn retract_from_call(
    db: &Connection,
    attempt: AttemptId,
    by: UserId,
    now: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE do_not_call SET revoked_at = ?2, revoked_by = ?3,
                 revoked_reason = 'the status was changed before the call was closed'
               WHERE attempt_id = ?1 AND source = 'status' AND revoked_at IS NULL";
    if exec(db, sql, (attempt, now, by))? > 0 {
        audit(db, now, Some(by), "dnc.retract", &attempt.to_string(), &serde_json::json!({}))?;
    }
    Ok(())
}

pub(super) fn list(db: &Connection) -> rusqlite::Result<Vec<DncRow>> {
    let sql = "SELECT phone, project_id, reason, source, attempt_id, by_user_id, at FROM do_not_call
               WHERE revoked_at IS NULL ORDER BY id";
    all(db, sql, [], |r| {
        Ok(DncRow {
            phone: r.get(0)?,
            project: r.get(1)?,
            reason: r.get(2)?,
            source: r.get(3)?,
            attempt: r.get(4)?,
            by: r.get(5)?,
            at: r.get(6)?,
        })
    })
}
