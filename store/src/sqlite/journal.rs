//! The journal of imports.

use rusqlite::Connection;

use super::audit_log::{Done, asker};
use super::{all, one};
use crate::error::{Doing, Error, ListError, Result, Said};
use crate::id::{ImportId, ListId};
use crate::model::ImportRecord;

/// Imports, newest first.
pub(super) fn imports(
    db: &Connection,
    list: Option<ListId>,
    before: Option<ImportId>,
    limit: u32,
) -> rusqlite::Result<Vec<ImportRecord>> {
    of(db, LEADS_OR_CONTACTS, list, before, limit)
}

/// Imports of do-not-call numbers, newest first.
pub(super) fn dnc_imports(
    db: &Connection,
    before: Option<ImportId>,
    limit: u32,
) -> rusqlite::Result<Vec<ImportRecord>> {
    of(db, DO_NOT_CALL, None, before, limit)
}

fn of(
    db: &Connection,
    register: &str,
    list: Option<ListId>,
    before: Option<ImportId>,
    limit: u32,
) -> rusqlite::Result<Vec<ImportRecord>> {
    let sql = format!(
        "{SELECT} WHERE {register} AND (?1 IS NULL OR i.list_id = ?1) AND (?2 IS NULL OR i.id < ?2)
                       ORDER BY i.id DESC LIMIT ?3"
    );
    let mut records = all(db, &sql, (list, before, limit.clamp(1, 1000)), record)?;
    for record in records.iter_mut().filter(|record| record.user.is_none()) {
        let object = record.id.to_string();
        let actions = "'import.commit', 'import.refused', 'dnc.import'";
        record.uid = asker(db, &Done { actions, object: Some(&object), at: record.created_at })?;
    }
    Ok(records)
}

/// What a start found under way, and what it made of it.
pub(super) fn found(db: &Connection, ids: &[ImportId]) -> rusqlite::Result<Vec<ImportRecord>> {
    let sql = format!("{SELECT} WHERE i.id = ?1");
    ids.iter().filter_map(|id| one(db, &sql, [id], record).transpose()).collect()
}

/// One import of leads or contacts, by the beginning of its identifier.
pub(super) fn import(db: &Connection, key: &str) -> Result<ImportRecord> {
    named(db, LEADS_OR_CONTACTS, key)
}

/// One of do-not-call numbers.
pub(super) fn dnc_import(db: &Connection, key: &str) -> Result<ImportRecord> {
    named(db, DO_NOT_CALL, key)
}

fn named(db: &Connection, register: &str, key: &str) -> Result<ImportRecord> {
    let doing = "find import";
    let key = key.trim().to_ascii_uppercase();
    let ids: Vec<ImportId> =
        all(db, &format!("SELECT i.id FROM imports i WHERE {register} ORDER BY i.id DESC"), [], |r| r.get(0))
            .doing(doing)?;
    let found: Vec<ImportId> =
        ids.into_iter().filter(|id| !key.is_empty() && id.to_string().starts_with(&key)).take(2).collect();
    match found.as_slice() {
        [id] => one(db, &format!("{SELECT} WHERE i.id = ?1"), [id], record)
            .doing(doing)?
            .ok_or_else(|| missing(&key)),
        [] => Err(missing(&key)),
        _ => Err(Error::Ambiguous { what: "imports", key }),
    }
}

/// Only what was committed can be taken back; once more, where something was `left`.
pub(crate) fn may_undo(record: &ImportRecord, left: bool) -> Result<()> {
    let reason = match record.state.as_str() {
        _ if record.report["not_taken"] == true => {
            Said::fixed("何も取り込まれていません", "nothing of it was taken")
        }
        "committed" => return Ok(()),
        "undone" if left => return Ok(()),
        "staging" => Said::fixed("実行中です。中止してください", "it is still running; cancel it instead"),
        _ => Said::fixed("取り消し済みです", "it was undone before"),
    };
    Err(ListError::NotUndoable { reason }.into())
}

fn missing(key: &str) -> Error {
    Error::NotFound { what: "import", key: key.to_owned() }
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<ImportRecord> {
    let report: String = row.get(10)?;
    Ok(ImportRecord {
        id: row.get(0)?,
        list: row.get(1)?,
        list_name: row.get(2)?,
        source: row.get(3)?,
        state: row.get(4)?,
        user: row.get(5)?,
        login: row.get(6)?,
        uid: None,
        created_at: row.get(7)?,
        finished_at: row.get(8)?,
        interrupted_at: row.get(9)?,
        report: serde_json::from_str(&report).unwrap_or_default(),
    })
}

/// What can be taken back when it is committed.
const LEADS_OR_CONTACTS: &str = "i.report ->> '$.register' IS NULL";
/// What is cleared with a reason instead.
const DO_NOT_CALL: &str = "i.report ->> '$.register' = 'dnc'";
const SELECT: &str = "
  SELECT i.id, i.list_id, l.name, i.source, i.state, i.user_id, u.login, i.created_at, i.finished_at,
    i.interrupted_at, i.report
  FROM imports i LEFT JOIN lists l ON l.id = i.list_id LEFT JOIN users u ON u.id = i.user_id";
