//! Lists: rename, enable, order, grant, delete, bring back.

use rusqlite::Connection;
use serde_json::json;

use super::audit_log::Fields;
use super::lists::{missing, one_of_bin};
use super::{all, audit_by, exec, one, tasks};
use crate::error::{Doing, Error, ListError, Result};
use crate::id::{ListId, ProjectId, UserId};
use crate::model::{Actor, DialOrder, GrantRow, ListEdit, TRASH_MS};

/// What a change needs to know of its list.
struct Known {
    name: String,
    project: ProjectId,
    order: DialOrder,
    enabled: bool,
    profile: String,
}

pub(super) fn edit(db: &Connection, list: ListId, edit: &ListEdit, by: Actor, now: i64) -> Result<()> {
    let doing = "change list";
    let known = known(db, list)?;
    let mut changed = Fields::default();
    if let Some(name) = &edit.name {
        let name = free_name(db, known.project, name, Some(list))?;
        exec(db, "UPDATE lists SET name = ?2 WHERE id = ?1", (list, name)).doing(doing)?;
        changed.put("name", &known.name, name);
    }
    if let Some(enabled) = edit.enabled {
        exec(db, "UPDATE lists SET enabled = ?2 WHERE id = ?1", (list, enabled)).doing(doing)?;
        changed.put("enabled", known.enabled, enabled);
    }
    if let Some(order) = edit.order.filter(|order| *order != known.order) {
        // The turns follow in slices; until then the leads keep the turns they have.
        exec(db, "UPDATE lists SET dial_order = ?2 WHERE id = ?1", (list, order)).doing(doing)?;
        changed.put("order", known.order, order);
    }
    if let Some(profile) = &edit.profile {
        exec(db, "UPDATE lists SET profile = ?2 WHERE id = ?1", (list, profile)).doing(doing)?;
        changed.put("profile", &known.profile, profile);
    }
    if changed.is_empty() {
        return Ok(());
    }
    audit_by(db, now, by, "list.change", &list.to_string(), &changed.detail()).doing(doing)
}

/// Moves a list into the bin with its leads; calls, contacts and do-not-call stay (C8). Refused while a call to one of
/// its leads is open or an import runs (S1.28).
pub(super) fn delete(db: &Connection, list: ListId, by: Actor, now: i64) -> Result<()> {
    let doing = "delete list";
    let known = known(db, list)?;
    // As in [`super::leads::held`].
    let busy = "SELECT 1 FROM leads WHERE state = 'claimed' AND +list_id = ?1
                UNION ALL SELECT 1 FROM imports WHERE list_id = ?1 AND state = 'staging'";
    if one(db, busy, [list], |_| Ok(())).doing(doing)?.is_some() {
        return Err(Error::ListBusy);
    }
    exec(db, "UPDATE lists SET deleted_at = ?2 WHERE id = ?1", (list, now)).doing(doing)?;
    tasks::release_project(db, known.project).doing(doing)?;
    audit_by(db, now, by, "list.delete", &list.to_string(), &json!({ "name": known.name })).doing(doing)
}

/// Brings the list of this name, `PROJECT/NAME` or identifier back; under `name` where one is given. Where several are called so, the
/// identifier says which. What has lain there for longer than thirty days is being emptied, and half a list is none.
pub(super) fn restore(db: &Connection, key: &str, name: Option<&str>, by: Actor, now: i64) -> Result<ListId> {
    let doing = "restore list";
    let sql = "SELECT l.id, l.project_id, l.name, p.name, p.deleted_at IS NULL
               FROM lists l JOIN projects p ON p.id = l.project_id
               WHERE l.deleted_at > 0 AND l.deleted_at >= ?1 ORDER BY l.deleted_at DESC";
    let bin: Vec<(ListId, ProjectId, String, String, bool)> =
        all(db, sql, [now - TRASH_MS], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
            .doing(doing)?;
    let named = bin.iter().map(|(id, _, name, project, _)| (*id, &**name, &**project));
    let wanted = one_of_bin(named, key)?;
    let found = bin.iter().find(|(id, ..)| Some(*id) == wanted);
    let Some((list, project, old, project_name, open)) = found else {
        return Err(Error::NotFound { what: "list in the bin", key: key.trim().to_owned() });
    };
    if !open {
        return Err(ListError::ProjectInBin { name: project_name.clone() }.into());
    }
    let name = free_name(db, *project, name.unwrap_or(old), None)?;
    exec(db, "UPDATE lists SET deleted_at = NULL, name = ?2 WHERE id = ?1", (list, name)).doing(doing)?;
    let mut detail = json!({ "name": name });
    if name != old {
        detail["name_before"] = json!(old);
    }
    audit_by(db, now, by, "list.restore", &list.to_string(), &detail).doing(doing)?;
    Ok(*list)
}

/// Grants a list to users, or takes the grant back (X7).
pub(super) fn grant(
    db: &Connection,
    list: ListId,
    users: &[UserId],
    granted: bool,
    by: Actor,
    now: i64,
) -> Result<()> {
    let doing = "grant list";
    known(db, list)?;
    for user in users {
        let live = "SELECT 1 FROM users WHERE id = ?1 AND deleted_at IS NULL";
        if one(db, live, [user], |_| Ok(())).doing(doing)?.is_none() {
            return Err(Error::NotFound { what: "user", key: user.to_string() });
        }
        if granted {
            let sql = "INSERT OR IGNORE INTO list_grants (list_id, user_id, granted_by, at) VALUES (?1, ?2, ?3, ?4)";
            exec(db, sql, (list, user, by.user, now)).doing(doing)?;
        } else {
            exec(db, "DELETE FROM list_grants WHERE list_id = ?1 AND user_id = ?2", (list, user))
                .doing(doing)?;
        }
    }
    let action = if granted { "list.grant" } else { "list.revoke" };
    audit_by(db, now, by, action, &list.to_string(), &json!({ "users": users })).doing(doing)
}

pub(super) fn grants(db: &Connection, list: ListId) -> rusqlite::Result<Vec<GrantRow>> {
    let sql = "SELECT g.user_id, u.login, u.name, g.at FROM list_grants g JOIN users u ON u.id = g.user_id
               WHERE g.list_id = ?1 ORDER BY u.login";
    all(db, sql, [list], |r| {
        Ok(GrantRow { user: r.get(0)?, login: r.get(1)?, name: r.get(2)?, at: r.get(3)? })
    })
}

/// The condition that the list `list` is granted to the user `user`, or to nobody in particular (X7); rows without a
/// list pass. Both are ours, never a user's.
pub(super) fn granted(list: &str, user: &str) -> String {
    format!(
        "({list} IS NULL OR NOT EXISTS (SELECT 1 FROM grants g WHERE g.list_id = {list})
          OR EXISTS (SELECT 1 FROM grants g WHERE g.list_id = {list} AND g.user_id = {user}))"
    )
}

/// The same of a project, for calls that are of no list.
pub(super) fn granted_project(project: &str, user: &str) -> String {
    format!(
        "({project} IS NULL OR NOT EXISTS (SELECT 1 FROM project_grants g WHERE g.project_id = {project})
          OR EXISTS (SELECT 1 FROM project_grants g WHERE g.project_id = {project} AND g.user_id = {user}))"
    )
}

/// Whether a user may use a list: nobody in particular may, the user does, or the user's role sees all lists (S1.36, X7).
pub(super) fn may_use(db: &Connection, list: ListId, user: UserId) -> rusqlite::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM grants WHERE list_id = ?1)
                 OR EXISTS (SELECT 1 FROM grants WHERE list_id = ?1 AND user_id = ?2)
                 OR EXISTS (SELECT 1 FROM users WHERE id = ?2 AND role IN ('MGR', 'SV'))";
    Ok(one(db, sql, (list, user), |r| r.get(0))?.unwrap_or(false))
}

fn free_name<'a>(db: &Connection, project: ProjectId, name: &'a str, own: Option<ListId>) -> Result<&'a str> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::ListName);
    }
    let name = super::name::checked("name", name)?;
    let sql =
        "SELECT 1 FROM lists WHERE project_id = ?1 AND name = ?2 AND deleted_at IS NULL AND id IS NOT ?3";
    match one(db, sql, (project, name, own), |_| Ok(())).doing("find list")? {
        Some(()) => Err(Error::ListDuplicate { name: name.to_owned() }),
        None => Ok(name),
    }
}

fn known(db: &Connection, list: ListId) -> Result<Known> {
    let sql = "SELECT name, project_id, dial_order, enabled, profile FROM lists WHERE id = ?1 AND deleted_at IS NULL";
    let found = one(db, sql, [list], |r| {
        Ok(Known {
            name: r.get(0)?,
            project: r.get(1)?,
            order: r.get(2)?,
            enabled: r.get(3)?,
            profile: r.get(4)?,
        })
    });
    found.doing("read list")?.ok_or_else(|| missing(list))
}
