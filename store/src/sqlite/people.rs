//! Users, projects and result statuses.

use rusqlite::{Connection, Row};

use super::{all, exec, one};
use crate::error::{Doing, Error, Result};
use crate::id::{ProjectId, UserId};
use crate::model::{DispositionInfo, ProjectInfo, Role, UserInfo};

pub(super) fn ensure_user(db: &Connection, login: &str, name: &str, role: Role, now: i64) -> Result<UserId> {
    let doing = "ensure user";
    let found: Option<(UserId, bool)> =
        one(db, "SELECT id, deleted_at IS NOT NULL FROM users WHERE login = ?1", [login], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .doing(doing)?;
    match found {
        Some((_, true)) => Err(Error::UserTombstone { login: login.to_owned() }),
        Some((id, false)) => {
            let sql = "UPDATE users SET name = ?2, role = ?3 WHERE id = ?1 AND (name <> ?2 OR role <> ?3)";
            exec(db, sql, (id, name, role)).doing(doing)?;
            Ok(id)
        }
        None => {
            let id = UserId::generate(now);
            let sql = "INSERT INTO users (id, login, name, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            exec(db, sql, (id, login, name, role, now)).doing(doing)?;
            Ok(id)
        }
    }
}

pub(super) fn users(db: &Connection) -> rusqlite::Result<Vec<UserInfo>> {
    let sql = "SELECT id, login, name, role FROM users WHERE deleted_at IS NULL ORDER BY login";
    all(db, sql, [], |r| Ok(UserInfo { id: r.get(0)?, login: r.get(1)?, name: r.get(2)?, role: r.get(3)? }))
}

pub(super) fn ensure_project(
    db: &Connection,
    name: &str,
    caller_id: Option<&str>,
    now: i64,
) -> Result<ProjectId> {
    let doing = "ensure project";
    let sql = "SELECT id FROM projects WHERE name = ?1 AND deleted_at IS NULL";
    if let Some(id) = one(db, sql, [name], |r| r.get::<_, ProjectId>(0)).doing(doing)? {
        if let Some(number) = caller_id {
            let sql = "UPDATE projects SET caller_id = ?2 WHERE id = ?1 AND caller_id IS NOT ?2";
            exec(db, sql, (id, number)).doing(doing)?;
        }
        return Ok(id);
    }
    let id = ProjectId::generate(now);
    let sql = "INSERT INTO projects (id, name, caller_id, created_at) VALUES (?1, ?2, ?3, ?4)";
    exec(db, sql, (id, name, caller_id, now)).doing(doing)?;
    Ok(id)
}

pub(super) fn projects(db: &Connection) -> rusqlite::Result<Vec<ProjectInfo>> {
    let sql = "SELECT id, name, caller_id FROM projects WHERE deleted_at IS NULL ORDER BY name";
    all(db, sql, [], |r| Ok(ProjectInfo { id: r.get(0)?, name: r.get(1)?, caller_id: r.get(2)? }))
}

pub(super) fn dispositions(db: &Connection) -> rusqlite::Result<Vec<DispositionInfo>> {
    let sql =
        "SELECT code, label, builtin, keep_history, keep_recording, counts_call, counts_connect, lead_next
               FROM dispositions WHERE archived_at IS NULL ORDER BY position, code";
    all(db, sql, [], disposition_row)
}

/// The status of this code or label. Spellings of other systems are understood (C15).
pub(super) fn disposition(db: &Connection, status: &str) -> Result<DispositionInfo> {
    let status = status.trim();
    let status = ALIASES.iter().find(|(alias, _)| *alias == status).map_or(status, |(_, code)| code);
    let sql =
        "SELECT code, label, builtin, keep_history, keep_recording, counts_call, counts_connect, lead_next
               FROM dispositions WHERE (code = ?1 OR label = ?1) AND archived_at IS NULL
               ORDER BY code = ?1 DESC LIMIT 1";
    one(db, sql, [status], disposition_row)
        .doing("read status")?
        .ok_or_else(|| Error::StatusUnknown { status: status.to_owned() })
}

fn disposition_row(row: &Row<'_>) -> rusqlite::Result<DispositionInfo> {
    Ok(DispositionInfo {
        code: row.get(0)?,
        label: row.get(1)?,
        builtin: row.get(2)?,
        keep_history: row.get(3)?,
        keep_recording: row.get(4)?,
        counts_call: row.get(5)?,
        counts_connect: row.get(6)?,
        lead_next: row.get(7)?,
    })
}

const ALIASES: &[(&str, &str)] =
    &[("見込み", "prospect"), ("架電禁止", "do_not_call"), ("再架電", "callback")];
