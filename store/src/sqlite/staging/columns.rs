//! Names of a list's further columns, in the order in which files brought them.

use rusqlite::Connection;
use serde_json::Value;

use super::super::{exec, one, texts};
use crate::id::ListId;

/// Adds the columns that this import's report names to those the list has.
pub(in crate::sqlite) fn remember(db: &Connection, list: ListId, report: &Value) -> rusqlite::Result<()> {
    let Some(new) = report.get("attributes").and_then(Value::as_array) else { return Ok(()) };
    let known = one(db, "SELECT columns FROM lists WHERE id = ?1", [list], |r| r.get::<_, String>(0))?;
    let mut columns = texts(&known.unwrap_or_default());
    let before = columns.len();
    for name in new.iter().filter_map(Value::as_str) {
        if columns.len() < MOST_COLUMNS && !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
        }
    }
    if columns.len() == before {
        return Ok(());
    }
    exec(db, "UPDATE lists SET columns = ?2 WHERE id = ?1", (list, Value::from(columns).to_string()))
        .map(|_| ())
}

/// A list fed from files of ever different columns must not grow without end.
const MOST_COLUMNS: usize = 2048;
