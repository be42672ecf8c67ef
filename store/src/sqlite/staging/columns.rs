//! Names of a list's further columns, in the order in which files brought them.

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::super::{all, exec, one, texts};
use crate::id::{ImportId, ListId};

/// Adds the columns that `said` names as `attributes` to those the list has.
pub(in crate::sqlite) fn remember(db: &Connection, list: ListId, said: &Value) -> rusqlite::Result<()> {
    add(db, list, said).map(|_| ())
}

/// The same for an import that is committed with this report; which columns were new is kept with it.
pub(super) fn bring(db: &Connection, list: ListId, import: ImportId, report: &Value) -> rusqlite::Result<()> {
    let new = add(db, list, report)?;
    if new.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE imports SET report = json_set(report, ?2, json(?3)) WHERE id = ?1";
    exec(db, sql, (import, format!("$.{NEW_COLUMNS}"), Value::from(new).to_string())).map(|_| ())
}

/// Returns which of them are new.
fn add(db: &Connection, list: ListId, said: &Value) -> rusqlite::Result<Vec<String>> {
    let Some(named) = said.get("attributes").and_then(Value::as_array) else { return Ok(Vec::new()) };
    let mut columns = of_list(db, list)?;
    let before = columns.len();
    for name in named.iter().filter_map(Value::as_str) {
        if columns.len() < MOST_COLUMNS && !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    }
    let new = columns.get(before..).unwrap_or_default().to_vec();
    if !new.is_empty() {
        put(db, list, columns)?;
    }
    Ok(new)
}

/// The columns that the import brought to the list and no other file had since.
pub(super) fn only_of(db: &Connection, list: ListId, import: ImportId) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT report ->> ?2 FROM imports WHERE id = ?1";
    let new = one(db, sql, (import, format!("$.{NEW_COLUMNS}")), |r| r.get::<_, Option<String>>(0))?;
    let mut new = texts(&new.flatten().unwrap_or_default());
    if !new.is_empty() {
        let sql = "SELECT DISTINCT a.value FROM imports i, json_each(i.report, '$.attributes') a
                   WHERE i.list_id = ?1 AND i.id > ?2 AND i.state = 'committed'";
        let others: Vec<String> = all(db, sql, (list, import), |r| r.get(0))?;
        new.retain(|name| !others.contains(name));
    }
    Ok(new)
}

/// Strikes out of `unused` what the next leads behind `after` have; the last position looked at, `None` at the end. Leads in the bin
/// may come back and count too.
pub(super) fn strike(
    db: &Connection,
    list: ListId,
    after: i64,
    most: i64,
    unused: &mut Vec<String>,
) -> rusqlite::Result<Option<i64>> {
    let sql =
        "SELECT position, attrs FROM leads WHERE list_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3";
    let rows: Vec<(i64, String)> = all(db, sql, (list, after, most), |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (_, attrs) in rows.iter().filter(|(_, attrs)| attrs.len() > 2) {
        let has: Map<String, Value> = serde_json::from_str(attrs).unwrap_or_default();
        unused.retain(|name| !has.contains_key(name));
    }
    Ok(rows.last().filter(|_| !unused.is_empty()).map(|(position, _)| *position))
}

pub(super) fn remove(db: &Connection, list: ListId, unused: &[String]) -> rusqlite::Result<()> {
    let mut columns = of_list(db, list)?;
    columns.retain(|name| !unused.contains(name));
    put(db, list, columns)
}

fn of_list(db: &Connection, list: ListId) -> rusqlite::Result<Vec<String>> {
    let known = one(db, "SELECT columns FROM lists WHERE id = ?1", [list], |r| r.get::<_, String>(0))?;
    Ok(texts(&known.unwrap_or_default()))
}

fn put(db: &Connection, list: ListId, columns: Vec<String>) -> rusqlite::Result<()> {
    let sql = "UPDATE lists SET columns = ?2 WHERE id = ?1";
    exec(db, sql, (list, Value::from(columns).to_string())).map(|_| ())
}

/// In the report of a committed import: the columns that it brought to the list.
const NEW_COLUMNS: &str = "new_columns";
/// A list fed from files of ever different columns must not grow without end.
const MOST_COLUMNS: usize = 2048;
