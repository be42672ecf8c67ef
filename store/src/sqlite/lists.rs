//! Lists: create, find, enable, count, next round.

use rusqlite::{Connection, Row};

use super::{audit_by, exec, one, texts, unsigned};
use crate::error::{Doing, Error, ListError, Result};
use crate::id::{ListId, ProjectId, UserId};
use crate::model::{Actor, DeletedList, DialOrder, ListInfo, ListSpec};

/// A list as the claim needs it.
pub(super) struct ListHead {
    pub(super) name: String,
    pub(super) project: ProjectId,
    pub(super) caller_id: Option<String>,
    pub(super) round: u32,
    pub(super) visible_position: i64,
    pub(super) order: DialOrder,
    /// Leads of nobody are everybody's (S1.37).
    pub(super) pooled: bool,
    /// Enabled and not deleted.
    pub(super) open: bool,
}

pub(super) fn head(db: &Connection, list: ListId) -> Result<ListHead> {
    let sql = "SELECT l.name, l.project_id, p.caller_id, l.round, l.visible_position,
                 l.enabled AND l.deleted_at IS NULL, l.dial_order, p.pooled
               FROM lists l JOIN projects p ON p.id = l.project_id WHERE l.id = ?1";
    one(db, sql, [list], |r| {
        Ok(ListHead {
            name: r.get(0)?,
            project: r.get(1)?,
            caller_id: r.get(2)?,
            round: r.get(3)?,
            visible_position: r.get(4)?,
            open: r.get(5)?,
            order: r.get(6)?,
            pooled: r.get(7)?,
        })
    })
    .doing("read list")?
    .ok_or_else(|| missing(list))
}

pub(super) fn create(db: &Connection, spec: &ListSpec, by: Actor, now: i64) -> Result<ListInfo> {
    create_as(db, ListId::generate(now), spec, by, now)
}

/// The same under an identifier that was made before.
pub(super) fn create_as(
    db: &Connection,
    id: ListId,
    spec: &ListSpec,
    by: Actor,
    now: i64,
) -> Result<ListInfo> {
    let doing = "create list";
    let name = spec.name.trim();
    if name.is_empty() {
        return Err(Error::ListName);
    }
    let name = super::name::checked("name", name)?;
    let project =
        one(db, "SELECT 1 FROM projects WHERE id = ?1 AND deleted_at IS NULL", [spec.project], |_| Ok(()));
    if project.doing(doing)?.is_none() {
        return Err(Error::NotFound { what: "project", key: spec.project.to_string() });
    }
    let sql = "SELECT 1 FROM lists WHERE project_id = ?1 AND name = ?2 AND deleted_at IS NULL";
    if one(db, sql, (spec.project, name), |_| Ok(())).doing(doing)?.is_some() {
        return Err(Error::ListDuplicate { name: name.to_owned() });
    }
    let sql = "INSERT INTO lists (id, project_id, name, created_by, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    exec(db, sql, (id, spec.project, name, by.user, now)).doing(doing)?;
    audit_by(db, now, by, "list.create", &id.to_string(), &serde_json::json!({ "name": name }))
        .doing(doing)?;
    by_id(db, id)
}

pub(super) fn by_id(db: &Connection, list: ListId) -> Result<ListInfo> {
    let sql = format!("{SELECT} WHERE l.id = ?1 AND l.deleted_at IS NULL");
    let found = one(db, &sql, [list], info).doing("read list")?.ok_or_else(|| missing(list))?;
    offered(db, found).doing("read list")
}

/// By name, by `PROJECT/NAME`, else by the beginning of the identifier.
pub(super) fn by_name(db: &Connection, name: &str) -> Result<ListInfo> {
    let doing = "find list";
    let name = name.trim();
    if let Some(list) = called(db, name)? {
        return by_id(db, list);
    }
    let mut found = Vec::new();
    if !name.is_empty() {
        let prefix = name.to_ascii_uppercase();
        let ids: Vec<ListId> =
            super::all(db, "SELECT id FROM lists WHERE deleted_at IS NULL", [], |r| r.get(0)).doing(doing)?;
        found = ids.into_iter().filter(|id| id.to_string().starts_with(&prefix)).collect();
    }
    match found.as_slice() {
        [id] => by_id(db, *id),
        [] => Err(Error::NotFound { what: "list", key: name.to_owned() }),
        _ => Err(Error::Ambiguous { what: "lists", key: name.to_owned() }),
    }
}

/// By name as [`by_name`], but also one that is deleted, for whoever looks for its calls: those stay (S1.28).
pub(super) fn ever(db: &Connection, name: &str) -> Result<ListId> {
    let missing = match by_name(db, name) {
        Ok(list) => return Ok(list.id),
        Err(error @ Error::NotFound { .. }) => error,
        Err(error) => return Err(error),
    };
    let sql = "SELECT l.id, l.name, p.name FROM lists l JOIN projects p ON p.id = l.project_id
               WHERE l.deleted_at IS NOT NULL ORDER BY l.deleted_at DESC";
    let gone: Vec<(ListId, String, String)> =
        super::all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).doing("find list")?;
    let named = gone.iter().map(|(id, name, project)| (*id, &**name, &**project));
    one_of_bin(named, name)?.ok_or(missing)
}

/// Which of these lists, each with its name and project, a text means: by name, by `PROJECT/NAME`, by identifier. Where it means
/// several, they are named.
pub(super) fn one_of_bin<'a>(
    lists: impl Iterator<Item = (ListId, &'a str, &'a str)>,
    text: &str,
) -> Result<Option<ListId>> {
    let (text, id) = (text.trim(), text.trim().to_ascii_uppercase());
    let found: Vec<(ListId, &str, &str)> = lists
        .filter(|(list, name, project)| {
            *name == text || list.to_string() == id || paths(text).any(|path| path == (project, name))
        })
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [(list, ..)] => Ok(Some(*list)),
        several => {
            let each = several.iter().map(|(list, name, project)| format!("{project}/{name} {list}"));
            let key = each.collect::<Vec<_>>().join(", ");
            Err(Error::Ambiguous { what: "lists in the bin", key })
        }
    }
}

/// The list of exactly this name, of `project` or, without one, of any: `None` where there is none.
pub(super) fn exactly(db: &Connection, name: &str, project: Option<&str>) -> Result<Option<ListInfo>> {
    let name = name.trim();
    let found = match project.map(str::trim) {
        Some(project) => in_project(db, project, name)?,
        None => called(db, name)?,
    };
    found.map(|list| by_id(db, list)).transpose()
}

/// By name, else by `PROJECT/NAME`: names are unique in their project only (S1.5).
fn called(db: &Connection, name: &str) -> Result<Option<ListId>> {
    let sql = "SELECT l.id, p.name FROM lists l JOIN projects p ON p.id = l.project_id
               WHERE l.name = ?1 AND l.deleted_at IS NULL ORDER BY p.name";
    let found: Vec<(ListId, String)> =
        super::all(db, sql, [name], |r| Ok((r.get(0)?, r.get(1)?))).doing("find list")?;
    match found.as_slice() {
        [] => {}
        [(list, _)] => return Ok(Some(*list)),
        several => {
            let paths: Vec<String> = several.iter().map(|(_, project)| format!("{project}/{name}")).collect();
            return Err(ListError::InSeveralProjects { paths: paths.join(", ") }.into());
        }
    }
    for (project, list) in paths(name) {
        if let Some(list) = in_project(db, project, list)? {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// Every way to read a text as `PROJECT/NAME`: either may hold the stroke itself.
fn paths(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices(['/', '／']).map(|(at, stroke)| {
        let (project, name) = text.split_at(at);
        (project.trim(), name.strip_prefix(stroke).unwrap_or(name).trim())
    })
}

fn in_project(db: &Connection, project: &str, name: &str) -> Result<Option<ListId>> {
    let sql = "SELECT l.id FROM projects p JOIN lists l ON l.project_id = p.id
               WHERE p.name = ?1 AND l.name = ?2 AND l.deleted_at IS NULL AND p.deleted_at IS NULL";
    one(db, sql, (project, name), |r| r.get(0)).doing("find list")
}

/// Where a list of this name would be made: a text that begins with the name of a project is `PROJECT/NAME`.
pub(super) fn place(db: &Connection, text: &str) -> Result<Option<(ProjectId, String)>> {
    let sql = "SELECT id FROM projects WHERE name = ?1 AND deleted_at IS NULL";
    for (project, name) in paths(text) {
        if let Some(project) = one(db, sql, [project], |r| r.get(0)).doing("find project")? {
            return Ok(Some((project, name.to_owned())));
        }
    }
    Ok(None)
}

pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<ListInfo>> {
    let sql = format!("{SELECT} WHERE l.deleted_at IS NULL ORDER BY p.name, l.name");
    super::all(db, &sql, [], info)?.into_iter().map(|list| offered(db, list)).collect()
}

/// Those that are enabled and granted (X7), to nobody in particular or to the user; `own`: only those with leads of theirs,
/// or of nobody where the project pools them (S1.36, S1.37).
pub(super) fn visible(db: &Connection, user: UserId, own: bool) -> rusqlite::Result<Vec<ListInfo>> {
    let sql = format!(
        "{SELECT} WHERE l.deleted_at IS NULL AND l.enabled
           AND (NOT EXISTS (SELECT 1 FROM grants WHERE list_id = l.id)
                OR EXISTS (SELECT 1 FROM grants WHERE list_id = l.id AND user_id = ?1))
           AND (NOT ?2 OR EXISTS (SELECT 1 FROM leads d WHERE d.list_id = l.id AND d.deleted_at IS NULL
                  AND d.position <= l.visible_position
                  AND (d.assigned_user_id = ?1 OR (p.pooled AND d.assigned_user_id IS NULL))))
         ORDER BY p.name, l.name"
    );
    let found = super::all(db, &sql, (user, own), info)?;
    found.into_iter().map(|list| offered(db, list)).collect()
}

/// Tells apart what nobody is offered: 発信対象 are those that somebody may call.
fn offered(db: &Connection, list: ListInfo) -> rusqlite::Result<ListInfo> {
    let shut_out = shut_out(db, &list)?;
    let unassigned = if list.pooled { 0 } else { unassigned(db, &list)? };
    let dialable = list.dialable.saturating_sub(shut_out).saturating_sub(unassigned);
    Ok(ListInfo { dialable, shut_out, unassigned, ..list })
}

/// Leads whose owner may not use the list (X7). By owner and round, in the order of the claim's index: a list of hundreds of thousands has
/// few such leads, and only they are read.
fn shut_out(db: &Connection, list: &ListInfo) -> rusqlite::Result<u64> {
    let sql = "SELECT 1 FROM grants WHERE list_id = ?1 LIMIT 1";
    if one(db, sql, [list.id], |_| Ok(()))?.is_none() {
        return Ok(0);
    }
    let sql = "WITH RECURSIVE
                 rounds (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rounds WHERE n < ?2),
                 shut (id) AS MATERIALIZED (SELECT id FROM users WHERE role NOT IN ('MGR', 'SV')
                   AND id NOT IN (SELECT user_id FROM grants WHERE list_id = ?1))
               SELECT (SELECT count(*) FROM rounds CROSS JOIN shut CROSS JOIN leads d
                       WHERE d.list_id = ?1 AND d.round = rounds.n AND d.assigned_user_id = shut.id
                         AND d.state = 'ready' AND d.excluded = 0 AND d.deleted_at IS NULL
                         AND d.position <= (SELECT visible_position FROM lists WHERE id = ?1))
                    + (SELECT count(*) FROM leads d
                       WHERE d.list_id = ?1 AND d.round <= ?2 AND d.assigned_user_id IN (SELECT id FROM shut)
                         AND d.state = 'waiting' AND d.excluded = 0 AND d.deleted_at IS NULL)";
    Ok(one(db, sql, (list.id, list.round), |r| unsigned(r, 0))?.unwrap_or(0))
}

/// Leads of nobody, of a list whose project does not share them (S1.37). Those may be all of them: they are counted in the claim's index,
/// and only while an import runs is looked at the leads, for what is not there yet.
fn unassigned(db: &Connection, list: &ListInfo) -> rusqlite::Result<u64> {
    let sql = "SELECT visible_position FROM lists WHERE id = ?1 AND last_position > visible_position";
    let there = match one(db, sql, [list.id], |r| r.get::<_, i64>(0))? {
        Some(visible) => format!("AND d.position <= {visible}"),
        None => String::new(),
    };
    let sql = format!(
        "WITH RECURSIVE rounds (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rounds WHERE n < ?2)
         SELECT (SELECT count(*) FROM rounds CROSS JOIN leads d
                 WHERE d.list_id = ?1 AND d.round = rounds.n AND d.assigned_user_id IS NULL
                   AND d.state = 'ready' AND d.excluded = 0 AND d.deleted_at IS NULL {there})
              + (SELECT count(*) FROM leads d WHERE d.list_id = ?1 AND d.round <= ?2 AND d.assigned_user_id IS NULL
                   AND d.state = 'waiting' AND d.excluded = 0 AND d.deleted_at IS NULL)"
    );
    Ok(one(db, &sql, (list.id, list.round), |r| unsigned(r, 0))?.unwrap_or(0))
}

/// Opens the next round. Leads to retry carry its number already; only interrupted ones are touched, and those are few.
pub(super) fn next_round(db: &Connection, list: ListId, by: Actor, now: i64) -> Result<u32> {
    let doing = "open a round";
    let sql = "UPDATE lists SET round = round + 1 WHERE id = ?1 AND deleted_at IS NULL RETURNING round";
    let round: u32 = one(db, sql, [list], |r| r.get(0)).doing(doing)?.ok_or_else(|| missing(list))?;
    let sql = "UPDATE leads SET state = 'ready', round = ?2 WHERE list_id = ?1 AND state = 'interrupted'";
    exec(db, sql, (list, round)).doing(doing)?;
    audit_by(db, now, by, "list.round", &list.to_string(), &serde_json::json!({ "round": round }))
        .doing(doing)?;
    Ok(round)
}

pub(super) fn missing(list: ListId) -> Error {
    Error::NotFound { what: "list", key: list.to_string() }
}

fn info(row: &Row<'_>) -> rusqlite::Result<ListInfo> {
    let columns: String = row.get(14)?;
    Ok(ListInfo {
        id: row.get(0)?,
        name: row.get(1)?,
        project: row.get(2)?,
        project_name: row.get(3)?,
        enabled: row.get(4)?,
        round: row.get(5)?,
        created_at: row.get(6)?,
        total: unsigned(row, 7)?,
        dialable: unsigned(row, 8)?.saturating_sub(unsigned(row, 15)?) + unsigned(row, 9)?,
        shut_out: 0,
        unassigned: 0,
        blocked: unsigned(row, 18)?,
        worked: unsigned(row, 10)?,
        excluded: unsigned(row, 11)?,
        skipped: unsigned(row, 12)?,
        order: row.get(13)?,
        columns: texts(&columns),
        profile: row.get(16)?,
        pooled: row.get(17)?,
    })
}

/// Every figure is counted in an index of its own or kept with the list, so that none reads the leads. Staged leads are
/// no part of any: while an import runs, those of its leads that are ready are counted by their turns, which are behind all others.
const SELECT: &str = "
  SELECT l.id, l.name, l.project_id, p.name, l.enabled, l.round, l.created_at, l.registered,
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.round <= l.round
       AND d.state = 'ready' AND d.excluded = 0 AND d.deleted_at IS NULL),
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.round <= l.round
       AND d.state = 'waiting' AND d.excluded = 0 AND d.deleted_at IS NULL),
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.attempts > 0 AND d.deleted_at IS NULL),
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.excluded = 1 AND d.deleted_at IS NULL),
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.state = 'skipped' AND d.deleted_at IS NULL
       AND +d.position <= l.visible_position),
    l.dial_order, l.columns,
    CASE WHEN l.last_position > l.visible_position THEN (
      SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.round <= l.round
        AND d.turn > l.visible_position + iif(l.dial_order = 'position', 0, 1 << 56)
        AND d.state = 'ready' AND d.excluded = 0 AND d.deleted_at IS NULL) ELSE 0 END,
    l.profile, p.pooled,
    (SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.skip_reason IN ('E-DNC', 'E-PHONE-FORBIDDEN') AND d.excluded = 0
       AND d.state = 'skipped' AND d.deleted_at IS NULL AND +d.position <= l.visible_position)
  FROM lists l JOIN projects p ON p.id = l.project_id";

/// Lists in the bin, the last deleted first.
pub(super) fn bin(db: &Connection) -> rusqlite::Result<Vec<DeletedList>> {
    let sql = "SELECT l.id, l.name, p.name, l.registered, l.deleted_at FROM lists l JOIN projects p ON p.id = l.project_id
               WHERE l.deleted_at > 0 ORDER BY l.deleted_at DESC";
    super::all(db, sql, [], |r| {
        Ok(DeletedList {
            id: r.get(0)?,
            name: r.get(1)?,
            project_name: r.get(2)?,
            total: unsigned(r, 3)?,
            deleted_at: r.get(4)?,
        })
    })
}
