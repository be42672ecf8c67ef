//! Reading a list, and what changed of it.

use rusqlite::{Connection, OptionalExtension};

use super::View;
use super::entry::{COLUMNS, Entry};
use super::names::{Memos, Names};
use crate::error::{Doing, Result};
use crate::id::ListId;

impl View {
    /// Reads the leads behind those that are here, up to a position.
    pub(super) fn append(&mut self, db: &Connection, visible: i64) -> rusqlite::Result<()> {
        let begin = self.entries.len();
        let sql = format!(
            "SELECT {COLUMNS}, id FROM leads WHERE list_id = ?1 AND position > ?2 AND position <= ?3
               AND deleted_at IS NULL ORDER BY position"
        );
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query((self.list, self.visible, visible))?;
        let mut ids: Vec<(u128, u32)> = Vec::new();
        while let Some(row) = rows.next()? {
            let id: [u8; 16] = row.get(11)?;
            ids.push((u128::from_be_bytes(id), self.entries.len() as u32));
            self.entries.push(Entry::read(row, &mut self.dictionary)?);
            if ids.len() == WITH_CATEGORIES {
                self.read_categories(db, &mut ids)?;
            }
        }
        drop(rows);
        self.visible = visible;
        self.read_categories(db, &mut ids)?;
        // Rows are given out in the order of positions; what finds them by row relies on it.
        if !self.entries.is_sorted_by_key(|entry| entry.row) {
            self.entries.sort_by_key(|entry| entry.row);
        }
        self.orders.clear();
        if begin > 0 && self.names.is_some() {
            self.names = None;
        }
        if begin > 0 && self.memos.is_some() {
            self.memos = None;
        }
        Ok(())
    }

    /// Categories of these leads, which are taken out. They lie by lead, and identifiers grow: one walk over a stretch of that
    /// table.
    fn read_categories(&mut self, db: &Connection, ids: &mut Vec<(u128, u32)>) -> rusqlite::Result<()> {
        if !ids.is_sorted() {
            ids.sort_unstable();
        }
        let (Some((first, _)), Some((last, _))) = (ids.first(), ids.last()) else { return Ok(()) };
        let mut statement = db.prepare_cached(
            "SELECT lead_id, category_id FROM lead_categories WHERE lead_id >= ?1 AND lead_id <= ?2
             ORDER BY lead_id, position",
        )?;
        let mut rows = statement.query((first.to_be_bytes(), last.to_be_bytes()))?;
        let mut at = 0;
        let mut current: Vec<i64> = Vec::new();
        let mut of: Option<u32> = None;
        while let Some(row) = rows.next()? {
            let id: [u8; 16] = row.get(0)?;
            let id = u128::from_be_bytes(id);
            while ids.get(at).is_some_and(|(known, _)| *known < id) {
                at += 1;
            }
            let Some((_, entry)) = ids.get(at).filter(|(known, _)| *known == id) else { continue };
            if of != Some(*entry) {
                self.set_categories(of, &mut current);
                of = Some(*entry);
            }
            current.push(row.get(1)?);
        }
        drop(rows);
        self.set_categories(of, &mut current);
        ids.clear();
        Ok(())
    }

    fn set_categories(&mut self, entry: Option<u32>, categories: &mut Vec<i64>) {
        if let Some(entry) = entry.and_then(|entry| self.entries.get_mut(entry as usize)) {
            entry.categories = self.dictionary.categories.code(Some(std::mem::take(categories)));
        }
    }

    /// Reads rows again that commits changed; `false` when the list must be read anew.
    pub(super) fn update(&mut self, db: &Connection, rows: &[i64]) -> rusqlite::Result<bool> {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows.dedup();
        let mut changed: Vec<u32> = Vec::new();
        let sql = format!(
            "SELECT {COLUMNS}, id, deleted_at IS NULL, list_id, name_key, last_memo FROM leads WHERE rowid = ?1"
        );
        let mut statement = db.prepare_cached(&sql)?;
        for row in rows {
            let place = self.entries.binary_search_by_key(&row, |entry| entry.row);
            let answer = statement
                .query_row([row], |r| {
                    let entry = Entry::read(r, &mut self.dictionary)?;
                    Ok((entry, r.get::<_, [u8; 16]>(11)?, r.get::<_, bool>(12)?, r.get::<_, ListId>(13)?))
                })
                .optional()?;
            match (place, answer) {
                (Ok(at), Some((mut entry, id, live, list))) if list == self.list => {
                    entry.alive = live;
                    let categories = categories(db, &id)?;
                    entry.categories =
                        self.dictionary.categories.code(Some(categories).filter(|ids| !ids.is_empty()));
                    if self.names.is_some() || self.memos.is_some() {
                        self.read_texts(db, at, row)?;
                    }
                    if self.entries[at] != entry || self.names.is_some() {
                        self.entries[at] = entry;
                        changed.push(at as u32);
                    }
                }
                (Ok(at), _) => {
                    self.entries[at].alive = false;
                    changed.push(at as u32);
                }
                // Out of the bin: it has its place among the others.
                (Err(_), Some((entry, _, true, list)))
                    if list == self.list && entry.position <= self.visible =>
                {
                    return Ok(false);
                }
                (Err(_), _) => {}
            }
        }
        if changed.len() > MOST_MOVED {
            self.orders.clear();
        } else if !changed.is_empty() {
            self.move_in_orders(&changed);
        }
        Ok(true)
    }

    fn read_texts(&mut self, db: &Connection, at: usize, row: i64) -> rusqlite::Result<()> {
        let mut statement = db.prepare_cached("SELECT name_key, last_memo FROM leads WHERE rowid = ?1")?;
        let mut rows = statement.query([row])?;
        if let Some(row) = rows.next()? {
            if let Some(names) = &mut self.names {
                names.set(at, row.get_ref(0)?.as_str()?);
            }
            if let Some(memos) = &mut self.memos {
                memos.set(at, row.get_ref(1)?.as_str_or_null()?);
            }
        }
        Ok(())
    }

    /// Reads names or memos when they are first asked for.
    pub(super) fn need(&mut self, db: &Connection, names: bool, memos: bool) -> Result<()> {
        let doing = "read names";
        if names && self.names.is_none() {
            self.names = Some(Names::read(db, self.list, &self.entries).doing(doing)?);
        }
        if memos && self.memos.is_none() {
            self.memos = Some(Memos::read(db, self.list, &self.entries).doing(doing)?);
        }
        Ok(())
    }
}

fn categories(db: &Connection, lead: &[u8; 16]) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT category_id FROM lead_categories WHERE lead_id = ?1 ORDER BY position";
    super::super::all(db, sql, [lead], |r| r.get(0))
}

/// Leads whose categories are read in one walk: 256 KiB of identifiers at a time, where those of all were 6 MiB that the
/// allocator then kept. Few in tests, whose lists are short.
const WITH_CATEGORIES: usize = if cfg!(test) { 3 } else { 8_192 };
/// Rows that are moved within the orders; sorting anew is quicker for more.
const MOST_MOVED: usize = 2_000;
