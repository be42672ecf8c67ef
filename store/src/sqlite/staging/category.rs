//! Categories of leads and contacts by name.

use std::collections::HashMap;

use rusqlite::Connection;

use super::super::{exec, one};
use crate::id::ImportId;
use crate::name_key::category_key;

/// Categories already looked up, by their name as spelled; to be forgotten when a transaction that made new ones fails, or when
/// some are removed.
#[derive(Default)]
pub(in crate::sqlite) struct CategoryIds(HashMap<String, Known>);

#[derive(Clone, Copy)]
struct Known {
    id: i64,
    /// The import that made it and alone uses it.
    import: Option<ImportId>,
}

/// Who gives rows their categories. A category that an import made is undone with it, unless somebody else used it meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sqlite) enum Giver {
    /// A person.
    Somebody,
    /// An import.
    Import(ImportId),
    /// The undo of an import, which gives back what was there before.
    Undo(ImportId),
}

impl CategoryIds {
    /// The category of this name, if there is one.
    pub(super) fn find(&mut self, db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
        Ok(self.look(db, name)?.map(|known| known.id))
    }

    fn look(&mut self, db: &Connection, name: &str) -> rusqlite::Result<Option<Known>> {
        if let Some(known) = self.0.get(name) {
            return Ok(Some(*known));
        }
        let sql = "SELECT id, import_id FROM categories WHERE name_key = ?1";
        let found = one(db, sql, [key(name)], |r| Ok(Known { id: r.get(0)?, import: r.get(1)? }))?;
        if let Some(known) = found {
            self.remember(name, known);
        }
        Ok(found)
    }

    /// The category of this name, made when new, for a row that gets it now.
    pub(super) fn find_or_make(
        &mut self,
        db: &Connection,
        name: &str,
        giver: Giver,
    ) -> rusqlite::Result<i64> {
        if let Some(known) = self.look(db, name)? {
            let alone = match giver {
                Giver::Somebody => None,
                Giver::Import(import) | Giver::Undo(import) => Some(import),
            };
            if known.import.is_some() && known.import != alone {
                exec(db, "UPDATE categories SET import_id = NULL WHERE id = ?1", [known.id])?;
                self.remember(name, Known { import: None, ..known });
            }
            return Ok(known.id);
        }
        let import = if let Giver::Import(import) = giver { Some(import) } else { None };
        let sql = "INSERT INTO categories (name, name_key, import_id) VALUES (?1, ?2, ?3)";
        exec(db, sql, (name, key(name), import))?;
        let id = db.last_insert_rowid();
        self.remember(name, Known { id, import });
        Ok(id)
    }

    /// Forgets all: some are removed, or are somebody else's now.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    fn remember(&mut self, name: &str, known: Known) {
        // A file with a different category in every row must not fill the memory.
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(name.to_owned(), known);
    }
}

pub(in crate::sqlite) fn link(
    db: &Connection,
    known: &mut CategoryIds,
    kind: &str,
    row: u128,
    categories: &[String],
    giver: Giver,
) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => "INSERT INTO lead_categories (lead_id, position, category_id) VALUES (?1, ?2, ?3)",
        _ => "INSERT INTO contact_categories (contact_id, position, category_id) VALUES (?1, ?2, ?3)",
    };
    for (at, name) in (1_i64..).zip(categories) {
        let category = known.find_or_make(db, name, giver)?;
        exec(db, sql, (row.to_be_bytes().as_slice(), at, category))?;
    }
    Ok(())
}

/// The row stays when its import is undone: its categories are nobody's then, and stay.
pub(super) fn keep(db: &Connection, kind: &str, row: &[u8]) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => {
            "UPDATE categories SET import_id = NULL WHERE import_id IS NOT NULL
               AND id IN (SELECT category_id FROM lead_categories WHERE lead_id = ?1)"
        }
        _ => {
            "UPDATE categories SET import_id = NULL WHERE import_id IS NOT NULL
               AND id IN (SELECT category_id FROM contact_categories WHERE contact_id = ?1)"
        }
    };
    exec(db, sql, [row]).map(|_| ())
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
