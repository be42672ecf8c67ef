//! Projects.

use rusqlite::Connection;

use super::{all, exec, one, projects};
use crate::error::{Doing, Result};
use crate::id::ProjectId;
use crate::model::ProjectInfo;

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
    projects::inherit(db, id, name).doing(doing)?;
    Ok(id)
}

pub(super) fn projects(db: &Connection) -> rusqlite::Result<Vec<ProjectInfo>> {
    let sql = "SELECT id, name, caller_id FROM projects WHERE deleted_at IS NULL ORDER BY name";
    all(db, sql, [], |r| Ok(ProjectInfo { id: r.get(0)?, name: r.get(1)?, caller_id: r.get(2)? }))
}
