//! Categories of leads and contacts by name.

use std::collections::HashMap;

use rusqlite::Connection;

use super::super::{exec, one};
use crate::name_key::category_key;

/// Categories already looked up, by their name as spelled; to be forgotten when a transaction that made new ones fails.
#[derive(Default)]
pub(in crate::sqlite) struct CategoryIds(HashMap<String, i64>);

impl CategoryIds {
    /// The category of this name, if there is one.
    pub(super) fn find(&mut self, db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.0.get(name) {
            return Ok(Some(*id));
        }
        let sql = "SELECT id FROM categories WHERE name_key = ?1";
        let found = one(db, sql, [key(name)], |r| r.get(0))?;
        if let Some(id) = found {
            self.remember(name, id);
        }
        Ok(found)
    }

    /// The category of this name, made when new.
    pub(super) fn find_or_make(&mut self, db: &Connection, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.find(db, name)? {
            return Ok(id);
        }
        exec(db, "INSERT INTO categories (name, name_key) VALUES (?1, ?2)", (name, key(name)))?;
        let id = db.last_insert_rowid();
        self.remember(name, id);
        Ok(id)
    }

    fn remember(&mut self, name: &str, id: i64) {
        // A file with a different category in every row must not fill the memory.
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(name.to_owned(), id);
    }
}

pub(in crate::sqlite) fn link(
    db: &Connection,
    known: &mut CategoryIds,
    kind: &str,
    row: u128,
    categories: &[String],
) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => "INSERT INTO lead_categories (lead_id, position, category_id) VALUES (?1, ?2, ?3)",
        _ => "INSERT INTO contact_categories (contact_id, position, category_id) VALUES (?1, ?2, ?3)",
    };
    for (at, name) in (1_i64..).zip(categories) {
        let category = known.find_or_make(db, name)?;
        exec(db, sql, (row.to_be_bytes().as_slice(), at, category))?;
    }
    Ok(())
}

pub(in crate::sqlite) fn unlink(db: &Connection, kind: &str, row: u128) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => "DELETE FROM lead_categories WHERE lead_id = ?1",
        _ => "DELETE FROM contact_categories WHERE contact_id = ?1",
    };
    exec(db, sql, [row.to_be_bytes().as_slice()]).map(|_| ())
}

pub(in crate::sqlite) fn key(name: &str) -> String {
    category_key(name)
}

/// Categories remembered at once.
const MAX_KNOWN: usize = 4096;
