//! Projects (案件): create, change, delete, bring back.

use rusqlite::Connection;
use serde_json::json;

use super::audit_log::Fields;
use super::{audit_by, exec, one, tasks, typed, unsigned};
use crate::error::{Doing, Error, ListError, Result};
use crate::id::{ProjectId, UserId};
use crate::model::{Actor, GrantRow, ProjectEdit, ProjectRow, TRASH_MS};
use crate::time::format_jst;

pub(super) fn create(
    db: &Connection,
    name: &str,
    caller_id: Option<&str>,
    by: Actor,
    now: i64,
) -> Result<ProjectRow> {
    let doing = "create project";
    let name = free_name(db, name, None).and_then(|name| super::name::checked("name", name))?;
    let caller_id = caller_id.map(caller).transpose()?;
    let id = ProjectId::generate(now);
    let sql = "INSERT INTO projects (id, name, caller_id, created_at) VALUES (?1, ?2, ?3, ?4)";
    exec(db, sql, (id, name, caller_id, now)).doing(doing)?;
    let mut detail = json!({ "name": name });
    match inherit(db, id, name).doing(doing)? {
        0 => {}
        entries => detail["do_not_call"] = json!(entries),
    }
    audit_by(db, now, by, "project.create", &id.to_string(), &detail).doing(doing)?;
    by_id(db, id)
}

/// Do-not-call entries of projects in the bin hold for one that takes their name: whoever asked them never to call again meant it (D16).
/// Returns how many.
pub(super) fn inherit(db: &Connection, project: ProjectId, name: &str) -> rusqlite::Result<usize> {
    let sql =
        "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, attempt_id, evidence, by_user_id, at,
                 said_source, said_by, said_at)
               SELECT n.phone, ?1, n.reason, n.source, n.attempt_id, n.evidence, n.by_user_id, n.at, n.said_source, n.said_by, n.said_at
               FROM projects p CROSS JOIN do_not_call n ON n.project_id = p.id AND n.revoked_at IS NULL
               WHERE p.name = ?2 AND p.deleted_at IS NOT NULL AND p.id <> ?1 ORDER BY n.id";
    exec(db, sql, (project, name))
}

pub(super) fn edit(
    db: &Connection,
    project: ProjectId,
    edit: &ProjectEdit,
    by: Actor,
    now: i64,
) -> Result<ProjectRow> {
    let doing = "change project";
    let before = by_id(db, project)?;
    let mut changed = Fields::default();
    if let Some(name) = &edit.name {
        let name = free_name(db, name, Some(project)).and_then(|name| super::name::checked("name", name))?;
        exec(db, "UPDATE projects SET name = ?2 WHERE id = ?1", (project, name)).doing(doing)?;
        inherit(db, project, name).doing(doing)?;
        changed.put("name", &before.name, name);
    }
    if let Some(number) = &edit.caller_id {
        let number = number.as_deref().map(caller).transpose()?;
        exec(db, "UPDATE projects SET caller_id = ?2 WHERE id = ?1", (project, &number)).doing(doing)?;
        changed.put("caller_id", &before.caller_id, &number);
    }
    if let Some(company) = edit.company_wide_dnc {
        let scope = if company { "company" } else { "project" };
        exec(db, "UPDATE projects SET dnc_scope = ?2 WHERE id = ?1", (project, scope)).doing(doing)?;
        let old = if before.company_wide_dnc { "company" } else { "project" };
        changed.put("dnc_scope", old, scope);
    }
    if let Some(pooled) = edit.pooled {
        exec(db, "UPDATE projects SET pooled = ?2 WHERE id = ?1", (project, pooled)).doing(doing)?;
        changed.put("pooled", before.pooled, pooled);
        // Nobody's tasks are everybody's now, and hold no lead back.
        if pooled && !before.pooled {
            tasks::release_project(db, project).doing(doing)?;
        }
    }
    if !changed.is_empty() {
        audit_by(db, now, by, "project.change", &project.to_string(), &changed.detail()).doing(doing)?;
    }
    by_id(db, project)
}

/// Moves a project without lists into the bin; calls keep naming it.
pub(super) fn delete(db: &Connection, project: ProjectId, by: Actor, now: i64) -> Result<()> {
    let doing = "delete project";
    let row = by_id(db, project)?;
    if row.lists > 0 {
        return Err(ListError::ProjectInUse { name: row.name, lists: row.lists }.into());
    }
    exec(db, "UPDATE projects SET deleted_at = ?2 WHERE id = ?1", (project, now)).doing(doing)?;
    audit_by(db, now, by, "project.delete", &project.to_string(), &json!({ "name": row.name })).doing(doing)
}

/// Brings the project of this name or identifier back, within thirty days as lists and leads (S1.28, C8). Where several are called so,
/// they are named, and the identifier says which.
pub(super) fn restore(db: &Connection, key: &str, by: Actor, now: i64) -> Result<ProjectRow> {
    let (doing, key) = ("restore project", key.trim());
    let sql = "SELECT id, name, deleted_at FROM projects WHERE deleted_at >= ?1 ORDER BY deleted_at DESC";
    let mut found: Vec<(ProjectId, String, i64)> =
        super::all(db, sql, [now - TRASH_MS], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).doing(doing)?;
    let wanted = key.parse::<ProjectId>().ok();
    found.retain(|(id, name, _)| name == key || Some(*id) == wanted);
    let (project, name) = match found.as_slice() {
        [] => return Err(Error::NotFound { what: "project in the bin", key: key.to_owned() }),
        [(id, name, _)] => (*id, name),
        several => {
            let each = several.iter().map(|(id, name, at)| format!("{name} {id} ({})", format_jst(*at)));
            let key = each.collect::<Vec<_>>().join(", ");
            return Err(Error::Ambiguous { what: "projects in the bin", key });
        }
    };
    free_name(db, name, None)?;
    exec(db, "UPDATE projects SET deleted_at = NULL WHERE id = ?1", [project]).doing(doing)?;
    audit_by(db, now, by, "project.restore", &project.to_string(), &json!({ "name": name })).doing(doing)?;
    by_id(db, project)
}

/// The live project of this name.
pub(super) fn by_name(db: &Connection, name: &str) -> Result<ProjectId> {
    let sql = "SELECT id FROM projects WHERE name = ?1 AND deleted_at IS NULL";
    one(db, sql, [name.trim()], |r| r.get(0)).doing("find project")?.ok_or_else(|| missing(name))
}

/// The project of this name or identifier, one of the bin too: what it left behind (entries, calls) still names it. The live one has the
/// name before those of the bin.
pub(super) fn ever(db: &Connection, word: &str) -> Result<ProjectId> {
    let (doing, word) = ("find project", word.trim());
    if let Ok(id) = word.parse::<ProjectId>()
        && let Some(id) = one(db, "SELECT id FROM projects WHERE id = ?1", [id], |r| r.get(0)).doing(doing)?
    {
        return Ok(id);
    }
    let sql =
        "SELECT id, deleted_at IS NULL FROM projects WHERE name = ?1 ORDER BY deleted_at IS NOT NULL LIMIT 2";
    let found: Vec<(ProjectId, bool)> =
        super::all(db, sql, [word], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
    match found.as_slice() {
        [] => Err(missing(word)),
        [(id, true), ..] | [(id, _)] => Ok(*id),
        _ => Err(Error::Ambiguous { what: "projects", key: word.to_owned() }),
    }
}

pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<ProjectRow>> {
    super::all(db, &format!("{SELECT} WHERE p.deleted_at IS NULL ORDER BY p.name"), [], row)
}

fn by_id(db: &Connection, project: ProjectId) -> Result<ProjectRow> {
    let sql = format!("{SELECT} WHERE p.id = ?1 AND p.deleted_at IS NULL");
    one(db, &sql, [project], row).doing("read project")?.ok_or_else(|| missing(&project.to_string()))
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ProjectRow> {
    Ok(ProjectRow {
        id: row.get(0)?,
        name: row.get(1)?,
        caller_id: row.get(2)?,
        company_wide_dnc: row.get(3)?,
        lists: unsigned(row, 4)?,
        created_at: row.get(5)?,
        pooled: row.get(6)?,
    })
}

fn free_name<'a>(db: &Connection, name: &'a str, own: Option<ProjectId>) -> Result<&'a str> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ListError::ProjectName.into());
    }
    let sql = "SELECT 1 FROM projects WHERE name = ?1 AND deleted_at IS NULL AND id IS NOT ?2";
    match one(db, sql, (name, own), |_| Ok(())).doing("find project")? {
        Some(()) => Err(ListError::ProjectDuplicate { name: name.to_owned() }.into()),
        None => Ok(name),
    }
}

/// The number shown to callees, in national digits (S4.53).
fn caller(raw: &str) -> Result<String> {
    Ok(typed::single(raw)?.phone.national())
}

fn missing(key: &str) -> Error {
    Error::NotFound { what: "project", key: key.to_owned() }
}

const SELECT: &str = "
  SELECT p.id, p.name, p.caller_id, p.dnc_scope = 'company',
    (SELECT count(*) FROM lists WHERE project_id = p.id AND deleted_at IS NULL), p.created_at, p.pooled
  FROM projects p";

/// Grants every list of a project to users, or takes the grant back (X7).
pub(super) fn grant(
    db: &Connection,
    project: ProjectId,
    users: &[UserId],
    granted: bool,
    by: Actor,
    now: i64,
) -> Result<()> {
    let doing = "grant project";
    for user in users {
        let live = "SELECT 1 FROM users WHERE id = ?1 AND deleted_at IS NULL";
        if one(db, live, [user], |_| Ok(())).doing(doing)?.is_none() {
            return Err(Error::NotFound { what: "user", key: user.to_string() });
        }
        if granted {
            let sql = "INSERT OR IGNORE INTO project_grants (project_id, user_id, granted_by, at) VALUES (?1, ?2, ?3, ?4)";
            exec(db, sql, (project, user, by.user, now)).doing(doing)?;
        } else {
            let sql = "DELETE FROM project_grants WHERE project_id = ?1 AND user_id = ?2";
            exec(db, sql, (project, user)).doing(doing)?;
        }
    }
    let action = if granted { "project.grant" } else { "project.revoke" };
    audit_by(db, now, by, action, &project.to_string(), &json!({ "users": users })).doing(doing)
}

/// Who may use every list of a project; nobody named: no grant binds them.
pub(super) fn grants(db: &Connection, project: ProjectId) -> rusqlite::Result<Vec<GrantRow>> {
    let sql = "SELECT g.user_id, u.login, u.name, g.at FROM project_grants g JOIN users u ON u.id = g.user_id
               WHERE g.project_id = ?1 ORDER BY u.login";
    super::all(db, sql, [project], |r| {
        Ok(GrantRow { user: r.get(0)?, login: r.get(1)?, name: r.get(2)?, at: r.get(3)? })
    })
}
