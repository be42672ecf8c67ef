//! Result statuses: read, made, changed, archived. Rows are never deleted, since old calls carry their codes.

use rusqlite::{Connection, Row, params};
use serde_json::json;

use super::{all, audit_by, exec, one, unsigned};
use crate::error::{Doing, Error, ListError, Result, Said, StatusCandidate};
use crate::id::ProjectId;
use crate::model::{Actor, DispositionChange, DispositionDraft, DispositionFlags, DispositionInfo, LeadNext};
use crate::name_key::fold;

/// Statuses in order, archived ones behind if asked for.
pub(super) fn list(db: &Connection, archived: bool) -> rusqlite::Result<Vec<DispositionInfo>> {
    let sql =
        format!("{SELECT} WHERE ?1 OR archived_at IS NULL ORDER BY archived_at IS NOT NULL, position, code");
    all(db, &sql, [archived], row)
}

/// The status of this code or label that a call of the project may be given. Spellings of other systems are
/// understood (C15), and other widths, cases and kana of each. A label of the project goes before the same label of all, but for the
/// built-in ones (S4.6): a database of an earlier version may hold such a label.
pub(super) fn find(db: &Connection, status: &str, project: Option<ProjectId>) -> Result<DispositionInfo> {
    let doing = "read status";
    let status = status.trim();
    let of_project = "archived_at IS NULL AND (project_id IS NULL OR project_id = ?1)";
    let sql = format!(
        "{SELECT} WHERE (code = ?2 OR label = ?2) AND {of_project}
         ORDER BY code = ?2 DESC, builtin DESC, project_id IS NULL LIMIT 1"
    );
    if let Some(found) = one(db, &sql, (project, code_of(status)), row).doing(doing)? {
        return Ok(found);
    }
    let sql =
        format!("{SELECT} WHERE {of_project} ORDER BY builtin DESC, project_id IS NULL, position, code");
    alike(all(db, &sql, [project], row).doing(doing)?, status)
}

/// The status of this code or label in any project, archived ones too: for searches.
pub(super) fn any(db: &Connection, status: &str) -> Result<DispositionInfo> {
    let doing = "read status";
    let status = status.trim();
    let order = "builtin DESC, archived_at IS NOT NULL, project_id IS NOT NULL, code";
    let sql = format!("{SELECT} WHERE code = ?1 OR label = ?1 ORDER BY code = ?1 DESC, {order} LIMIT 1");
    if let Some(found) = one(db, &sql, [code_of(status)], row).doing(doing)? {
        return Ok(found);
    }
    alike(all(db, &format!("{SELECT} ORDER BY {order}"), [], row).doing(doing)?, status)
}

/// The status that is to be changed: of this code, else the one of this label. Changed by mistake it would be another project's, so where
/// several have the label none is taken. What is offered goes before what is not, archived or of a project in the bin, and the other way
/// round where one is to be offered again.
fn named(db: &Connection, status: &str, change: &DispositionChange) -> Result<DispositionInfo> {
    let doing = "read status";
    let status = status.trim();
    let sql = "SELECT id, name FROM projects WHERE deleted_at IS NULL";
    let projects: Vec<(ProjectId, String)> = all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
    let name = |id: ProjectId| projects.iter().find(|(known, _)| *known == id).map(|(_, name)| name);
    let sql = format!("{SELECT} WHERE ?1 IS NULL OR project_id = ?1 ORDER BY position, code");
    let rows = all(db, &sql, [change.of], row).doing(doing)?;
    let (code, key) = (code_of(status), fold(status));
    if let Some(row) = rows.iter().find(|row| row.code == code) {
        return Ok(row.clone());
    }
    let labelled = |row: &&DispositionInfo| fold(&row.label) == key;
    let offered =
        |row: &&DispositionInfo| row.archived_at.is_none() && row.project.is_none_or(|id| name(id).is_some());
    let restores = change.archived == Some(false);
    let (first, then): (Vec<_>, Vec<_>) =
        rows.iter().filter(labelled).partition(|row| offered(row) != restores);
    let found = if first.is_empty() { then } else { first };
    match found.as_slice() {
        [] => alike(rows, status),
        [one] => Ok((*one).clone()),
        several => {
            // An earlier version let a project take the label of a built-in one, which stands before it everywhere (S4.6).
            if let Some(builtin) = several.iter().find(|row| row.builtin) {
                return Ok((*builtin).clone());
            }
            let candidate = |row: &&DispositionInfo| StatusCandidate {
                code: row.code.clone(),
                project: row.project.map(|id| name(id).cloned().unwrap_or_else(|| id.to_string())),
            };
            let candidates = several.iter().map(candidate).collect();
            Err(ListError::StatusInSeveral { status: status.to_owned(), candidates }.into())
        }
    }
}

/// The codes of the statuses that a search for this code or label means: where several projects have one of the label, of all of them.
/// Which project is asked for is for the search to say.
pub(super) fn codes(db: &Connection, status: &str) -> Result<Vec<String>> {
    let named = any(db, status)?;
    if named.code == code_of(status.trim()) {
        return Ok(vec![named.code]);
    }
    let key = fold(&named.label);
    let mut rows = all(db, SELECT, [], row).doing("read status")?;
    rows.retain(|row| row.code == named.code || fold(&row.label) == key);
    Ok(rows.into_iter().map(|row| row.code).collect())
}

/// Whether a status, as somebody writes it, forbids its number to everybody (S4.53): the built-in one of that meaning, in any spelling.
#[must_use]
pub fn forbids(status: &str) -> bool {
    let key = fold(status.trim());
    let spellings = ALIASES.iter().filter(|(_, code)| *code == DO_NOT_CALL).map(|(alias, _)| *alias);
    spellings.chain([DO_NOT_CALL, COMPLAINT]).any(|spelling| fold(spelling) == key)
}

/// The code of what another system calls a status; all else as it is.
fn code_of(status: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == status).map_or(status, |(_, code)| code)
}

/// The one that is meant by another spelling, among those there are, the likelier before.
fn alike(mut rows: Vec<DispositionInfo>, typed: &str) -> Result<DispositionInfo> {
    let key = fold(typed);
    let alias = ALIASES.iter().find(|(alias, _)| fold(alias) == key).map(|(_, code)| *code);
    let fits = |row: &DispositionInfo| {
        row.code == key || alias == Some(row.code.as_str()) || fold(&row.label) == key
    };
    if let Some(at) = rows.iter().position(fits).filter(|_| !key.is_empty()) {
        return Ok(rows.swap_remove(at));
    }
    rows.retain(|row| row.archived_at.is_none());
    rows.sort_by_key(|row| row.position);
    let mut known: Vec<String> = Vec::new();
    for row in rows {
        if !known.contains(&row.label) {
            known.push(row.label);
        }
    }
    Err(Error::StatusUnknown { status: typed.to_owned(), known })
}

/// What becomes of a lead whose call has this code, whether the status is still offered or not.
pub(super) fn lead_next(db: &Connection, code: &str) -> Result<LeadNext> {
    one(db, "SELECT lead_next FROM dispositions WHERE code = ?1", [code], |r| r.get(0))
        .doing("read status")?
        .ok_or_else(|| Error::StatusUnknown { status: code.to_owned(), known: Vec::new() })
}

pub(super) fn add(db: &Connection, draft: &DispositionDraft, by: Actor, now: i64) -> Result<DispositionInfo> {
    let doing = "add status";
    let label = check_label(&draft.label)?;
    free_label(db, label, draft.project, None)?;
    let code = match &draft.code {
        Some(code) => check_code(db, code.trim())?,
        None => new_code(db).doing(doing)?,
    };
    let flags = &draft.flags;
    let (hotkey, color, position) = (hotkey(flags)?, color(flags)?, position(flags)?);
    free_hotkey(db, hotkey.as_deref(), draft.project, None)?;
    let counts_call = flags.counts_call.unwrap_or(true);
    let counts_connect = flags.counts_connect.unwrap_or(counts_call);
    counted_once(counts_call, counts_connect)?;
    let last: i64 = one(db, "SELECT ifnull(max(position), 0) FROM dispositions", [], |r| r.get(0))
        .doing(doing)?
        .unwrap_or(0);
    let sql = "INSERT INTO dispositions (code, label, keep_recording, counts_call, counts_connect, lead_next, position,
                 project_id, hotkey, color) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        code,
        label,
        flags.keep_recording.unwrap_or(true),
        counts_call,
        counts_connect,
        flags.lead_next.unwrap_or(LeadNext::Done),
        last + 1,
        draft.project,
        hotkey,
        color,
    ];
    exec(db, sql, values).doing(doing)?;
    if let Some(position) = position {
        place(db, &code, position).doing(doing)?;
    }
    let added = any(db, &code)?;
    audit_by(db, now, by, "status.add", &code, &json!(added)).doing(doing)?;
    Ok(added)
}

/// Changes a status. The built-in ones are coupled to functions: only key, colour and place are a matter of taste.
pub(super) fn change(
    db: &Connection,
    status: &str,
    change: &DispositionChange,
    by: Actor,
    now: i64,
) -> Result<DispositionInfo> {
    let doing = "change status";
    let old = named(db, status, change)?;
    let flags = &change.flags;
    let fixed = change.label.is_some()
        || change.archived.is_some()
        || flags.keep_recording.is_some()
        || flags.counts_call.is_some()
        || flags.counts_connect.is_some()
        || flags.lead_next.is_some();
    if old.builtin && fixed {
        return Err(Error::StatusBuiltin);
    }
    let label = match &change.label {
        Some(label) => check_label(label)?,
        None => &old.label,
    };
    let archived_at = match change.archived {
        Some(true) => old.archived_at.or(Some(now)),
        Some(false) => None,
        None => old.archived_at,
    };
    let hotkey = if flags.hotkey.is_some() { hotkey(flags)? } else { old.hotkey.clone() };
    let color = if flags.color.is_some() { color(flags)? } else { old.color.clone() };
    let position = position(flags)?;
    // Two of an older database may be alike: they go on as they are.
    if archived_at.is_none() && (label != old.label || old.archived_at.is_some()) {
        free_label(db, label, old.project, Some(&old.code))?;
    }
    if archived_at.is_none() && (hotkey != old.hotkey || old.archived_at.is_some()) {
        free_hotkey(db, hotkey.as_deref(), old.project, Some(&old.code))?;
    }
    let counts_call = flags.counts_call.unwrap_or(old.counts_call);
    let counts_connect = flags.counts_connect.unwrap_or(old.counts_connect);
    if (counts_call, counts_connect) != (old.counts_call, old.counts_connect) {
        counted_once(counts_call, counts_connect)?;
    }
    if fixed {
        let sql =
            "UPDATE dispositions SET label = ?2, keep_recording = ?3, counts_call = ?4, counts_connect = ?5,
                     lead_next = ?6, archived_at = ?7 WHERE code = ?1";
        let values = params![
            old.code,
            label,
            flags.keep_recording.unwrap_or(old.keep_recording),
            counts_call,
            counts_connect,
            flags.lead_next.unwrap_or(old.lead_next),
            archived_at,
        ];
        exec(db, sql, values).doing(doing)?;
    }
    let sql = "UPDATE dispositions SET hotkey = ?2, color = ?3 WHERE code = ?1";
    exec(db, sql, (&old.code, hotkey, color)).doing(doing)?;
    if let Some(position) = position {
        place(db, &old.code, position).doing(doing)?;
    }
    let new = any(db, &old.code)?;
    audit_by(db, now, by, "status.edit", &old.code, &json!({ "before": old, "after": new })).doing(doing)?;
    Ok(new)
}

/// コネクト率 is the share of the calls: what is no call is no connect of one.
fn counted_once(counts_call: bool, counts_connect: bool) -> Result<()> {
    match counts_connect && !counts_call {
        true => Err(Error::Value {
            what: "counts_connect",
            needs: Said::fixed(
                "コール数に数えない状態はコネクト数にも数えません(--counts-connect no を指定してください)",
                "a status that does not count as a call counts as no connect either (--counts-connect no)",
            ),
        }),
        false => Ok(()),
    }
}

/// Refuses to let a status that calls have count as something else: all their figures would change without a word.
pub(super) fn countable(db: &Connection, status: &str, change: &DispositionChange) -> Result<()> {
    let (old, flags) = (named(db, status, change)?, &change.flags);
    let same = flags.counts_call.is_none_or(|counts| counts == old.counts_call)
        && flags.counts_connect.is_none_or(|counts| counts == old.counts_connect);
    if same || old.builtin {
        return Ok(());
    }
    let sql = "SELECT count(*) FROM attempts WHERE disposition = ?1";
    match one(db, sql, [&old.code], |r| unsigned(r, 0)).doing("count calls")?.unwrap_or(0) {
        0 => Ok(()),
        calls => Err(Error::StatusUsed { label: old.label, calls }),
    }
}

/// Moves a status to a place, from 1; the others keep their order.
fn place(db: &Connection, code: &str, position: i64) -> rusqlite::Result<()> {
    let mut order: Vec<String> =
        all(db, "SELECT code FROM dispositions WHERE code <> ?1 ORDER BY position, code", [code], |r| {
            r.get(0)
        })?;
    let at = usize::try_from(position.max(1) - 1).unwrap_or(usize::MAX).min(order.len());
    order.insert(at, code.to_owned());
    for (position, code) in (1_i64..).zip(&order) {
        exec(
            db,
            "UPDATE dispositions SET position = ?2 WHERE code = ?1 AND position <> ?2",
            (code, position),
        )?;
    }
    Ok(())
}

fn check_label(label: &str) -> Result<&str> {
    super::name::checked("label", label)
}

/// Neither another label nor a code nor a spelling of one, in any width, case or kana: what is typed must mean one status. Nor, in any project, the label of
/// a built-in one, whose functions it would take away there (S4.6).
fn free_label(db: &Connection, label: &str, project: Option<ProjectId>, own: Option<&str>) -> Result<()> {
    let sql = format!(
        "{SELECT} WHERE (project_id IS ?1 AND archived_at IS NULL OR builtin OR code = ?2) AND code IS NOT ?3"
    );
    let key = fold(label);
    let others = all(db, &sql, (project, &key, own), row).doing("look up a status")?;
    let taken = others.iter().any(|other| other.code == key || fold(&other.label) == key);
    if taken || ALIASES.iter().any(|(alias, _)| fold(alias) == key) {
        return Err(Error::StatusDuplicate { label: label.to_owned() });
    }
    Ok(())
}

fn check_code(db: &Connection, code: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if code.is_empty() || code.len() > MOST_CODE || !code.chars().all(plain) {
        return Err(Error::Value {
            what: "code",
            needs: Said::fixed(
                "英小文字・数字・「_」(32文字まで)",
                "lower-case letters, digits and '_', at most 32",
            ),
        });
    }
    let sql = "SELECT 1 FROM dispositions WHERE code = ?1 OR label = ?1";
    match one(db, sql, [code], |_| Ok(())).doing("look up a status")? {
        Some(()) => Err(Error::StatusDuplicate { label: code.to_owned() }),
        None => Ok(code.to_owned()),
    }
}

/// Codes are for programs, so a Japanese label needs none of its own.
fn new_code(db: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT count(*) FROM dispositions";
    let mut number: i64 = one(db, sql, [], |r| r.get(0))?.unwrap_or(0) + 1;
    loop {
        let code = format!("status_{number}");
        if one(db, "SELECT 1 FROM dispositions WHERE code = ?1", [&code], |_| Ok(()))?.is_none() {
            return Ok(code);
        }
        number += 1;
    }
}

fn hotkey(flags: &DispositionFlags) -> Result<Option<String>> {
    let Some(key) = flags.hotkey.as_deref().map(str::trim).filter(|key| !key.is_empty()) else {
        return Ok(None);
    };
    if key.chars().count() != 1 || key.chars().any(char::is_control) {
        return Err(Error::Value { what: "hotkey", needs: Said::fixed("1文字", "one character") });
    }
    Ok(Some(key.to_lowercase()))
}

/// One key means one status wherever it is pressed: in a project those of all projects are offered too.
fn free_hotkey(
    db: &Connection,
    key: Option<&str>,
    project: Option<ProjectId>,
    own: Option<&str>,
) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    let sql = "SELECT label FROM dispositions WHERE hotkey = ?1 AND archived_at IS NULL AND code IS NOT ?3
                 AND (?2 IS NULL OR project_id IS NULL OR project_id = ?2) LIMIT 1";
    match one(db, sql, (key, project, own), |r| r.get::<_, String>(0)).doing("look up a key")? {
        Some(label) => Err(Error::StatusDuplicate { label: format!("{label} ({key})") }),
        None => Ok(()),
    }
}

/// A place in the order, from 1.
fn position(flags: &DispositionFlags) -> Result<Option<i64>> {
    match flags.position {
        Some(..1) => Err(Error::Value {
            what: "position",
            needs: Said::fixed("1以上の番号", "a number from 1 on"),
        }),
        position => Ok(position),
    }
}

fn color(flags: &DispositionFlags) -> Result<Option<String>> {
    let Some(color) = flags.color.as_deref().map(str::trim).filter(|color| !color.is_empty()) else {
        return Ok(None);
    };
    let digits = color.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Error::Value { what: "color", needs: Said::fixed("「#rrggbb」の形", "#rrggbb") });
    }
    Ok(Some(color.to_ascii_lowercase()))
}

fn row(row: &Row<'_>) -> rusqlite::Result<DispositionInfo> {
    Ok(DispositionInfo {
        code: row.get(0)?,
        label: row.get(1)?,
        builtin: row.get(2)?,
        keep_history: row.get(3)?,
        keep_recording: row.get(4)?,
        counts_call: row.get(5)?,
        counts_connect: row.get(6)?,
        lead_next: row.get(7)?,
        position: row.get(8)?,
        project: row.get(9)?,
        hotkey: row.get(10)?,
        color: row.get(11)?,
        archived_at: row.get(12)?,
    })
}

const SELECT: &str = "
  SELECT code, label, builtin, keep_history, keep_recording, counts_call, counts_connect, lead_next, position,
    project_id, hotkey, color, archived_at FROM dispositions";
const ALIASES: &[(&str, &str)] =
    &[("見込み", "prospect"), ("架電禁止", "do_not_call"), ("再架電", "callback")];
const DO_NOT_CALL: &str = "do_not_call";
/// Its label, which nobody changes (S4.6).
const COMPLAINT: &str = "クレーム";
const MOST_CODE: usize = 32;
