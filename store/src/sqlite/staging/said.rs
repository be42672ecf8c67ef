//! What a file says of numbers that are there: label and extension.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::exec;
use crate::phone::Phone;

/// Of the numbers of one row of the database: what is said anew, and what was there.
#[derive(Default)]
pub(super) struct Said {
    changes: Vec<Change>,
}

struct Change {
    phone: String,
    old: Pair<String>,
    new: Pair<String>,
}

/// Label and extension.
type Pair<T> = (Option<T>, Option<T>);

impl Said {
    /// Notes what a file says of a number; nothing said changes nothing.
    pub(super) fn look(&mut self, phone: &Phone, old: Pair<&str>, said: Pair<&str>) {
        self.note(phone, old, (said.0.or(old.0), said.1.or(old.1)));
    }

    /// The same with what the number is to have.
    pub(super) fn note(&mut self, phone: &Phone, old: Pair<&str>, new: Pair<&str>) {
        if old != new {
            let owned = |pair: Pair<&str>| (pair.0.map(str::to_owned), pair.1.map(str::to_owned));
            let (old, new) = (owned(old), owned(new));
            self.changes.push(Change { phone: phone.expose().to_owned(), old, new });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds what was there to what is kept of the row.
    pub(super) fn put_old(&self, before: &mut Value) {
        let mut of = |name: &str, value: fn(&Change) -> &Option<String>| {
            let old = self.changes.iter().map(|change| (change.phone.clone(), json!(value(change))));
            before[name] = Value::Object(old.collect::<Map<_, _>>());
        };
        of(LABELS, |change| &change.old.0);
        of(EXTENSIONS, |change| &change.old.1);
    }

    pub(super) fn write(&self, db: &Connection, kind: &str, row: &[u8]) -> rusqlite::Result<()> {
        for Change { phone, new: (label, ext), .. } in &self.changes {
            let sql = match kind {
                "lead" => "UPDATE lead_phones SET label = ?3, ext = ?4 WHERE lead_id = ?1 AND phone = ?2",
                _ => "UPDATE contact_phones SET label = ?3, ext = ?4 WHERE contact_id = ?1 AND phone = ?2",
            };
            exec(db, sql, (row, phone, label, ext))?;
        }
        Ok(())
    }

    /// Puts back what was kept.
    pub(super) fn put_back(db: &Connection, kind: &str, row: &[u8], before: &Value) -> rusqlite::Result<()> {
        let (table, key) = match kind {
            "lead" => ("lead_phones", "lead_id"),
            _ => ("contact_phones", "contact_id"),
        };
        for (name, column) in [(LABELS, "label"), (EXTENSIONS, "ext")] {
            let sql = format!("UPDATE {table} SET {column} = ?3 WHERE {key} = ?1 AND phone = ?2");
            for (phone, old) in before.get(name).and_then(Value::as_object).into_iter().flatten() {
                exec(db, &sql, (row, phone, old.as_str()))?;
            }
        }
        Ok(())
    }
}

/// In what is kept of a row: by number.
const LABELS: &str = "labels";
const EXTENSIONS: &str = "exts";
