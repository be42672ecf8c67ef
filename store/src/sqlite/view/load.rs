//! Reading a list, and what changed of it.

use rusqlite::{Connection, OptionalExtension};

use super::View;
use super::columns::{self, Column};
use super::entry::{COLUMNS, Entry};
use super::further::Further;
use super::names::{Folded, Names};
use super::texts::Searched;
use crate::error::{Doing, Result};
use crate::id::{LeadId, ListId};
use crate::model::ViewFilter;
use crate::name_key::CompanySearch;

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
            let id: [u8; 16] = row.get(12)?;
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
        if begin > 0 && !self.searched.is_empty() {
            self.searched = Searched::default();
        }
        Ok(())
    }

    /// Categories of these leads, which are taken out, and the stretch of identifiers that is here. They lie by lead, and identifiers grow: one walk over a stretch of that
    /// table.
    fn read_categories(&mut self, db: &Connection, ids: &mut Vec<(u128, u32)>) -> rusqlite::Result<()> {
        if !ids.is_sorted() {
            ids.sort_unstable();
        }
        let (Some(&(first, _)), Some(&(last, _))) = (ids.first(), ids.last()) else { return Ok(()) };
        self.ids = Some(self.ids.map_or((first, last), |ids| (ids.0.min(first), ids.1.max(last))));
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
                    Ok((entry, r.get::<_, [u8; 16]>(12)?, r.get::<_, bool>(13)?, r.get::<_, ListId>(14)?))
                })
                .optional()?;
            match (place, answer) {
                (Ok(at), Some((mut entry, id, live, list))) if list == self.list => {
                    entry.alive = live;
                    let categories = categories(db, &id)?;
                    entry.categories =
                        self.dictionary.categories.code(Some(categories).filter(|ids| !ids.is_empty()));
                    if !self.searched.is_empty() {
                        self.read_texts(db, at, row, LeadId(u128::from_be_bytes(id)))?;
                    }
                    if self.entries[at] != entry || self.searched.names.is_some() {
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

    fn read_texts(&mut self, db: &Connection, at: usize, row: i64, lead: LeadId) -> rusqlite::Result<()> {
        let mut statement =
            db.prepare_cached("SELECT name_key, last_memo, attrs, company FROM leads WHERE rowid = ?1")?;
        let mut rows = statement.query([row])?;
        if let Some(row) = rows.next()? {
            if let Some(names) = &mut self.searched.names {
                names.set(at, row.get_ref(0)?.as_str()?);
            }
            if let Some(memos) = &mut self.searched.memos {
                memos.set(at, row.get_ref(1)?.as_str_or_null()?);
            }
            if let Some(companies) = &mut self.searched.companies {
                companies.set(at, row.get_ref(3)?.as_str_or_null()?);
            }
            for column in &mut self.searched.columns {
                column.set(at, row.get_ref(2)?.as_str()?);
            }
        }
        if let Some(further) = &mut self.searched.further {
            further.update(db, at, lead)?;
        }
        Ok(())
    }

    /// Reads what a filter searches, where it is first asked for; answers with the list's names of the columns of the filter.
    pub(super) fn need(&mut self, db: &Connection, filter: &ViewFilter) -> Result<Vec<String>> {
        if self.searched.companies.is_none() && asks_for_forms(filter) {
            if self.searched.names.is_none() {
                let both = Names::read_with_companies(db, self.list, &self.entries).doing("read names")?;
                self.searched.names = Some(both.0);
                self.searched.companies = Some(both.1);
            } else {
                self.searched.companies = Some(self.folded(db, "company").doing("read names")?);
            }
        }
        if filter.name.is_some() || filter.company.is_some() || filter.person.is_some() {
            self.need_names(db)?;
        }
        if filter.memo.is_some() && self.searched.memos.is_none() {
            self.searched.memos = Some(self.folded(db, "last_memo").doing("read memos")?);
        }
        if filter.number.is_some() && self.searched.further.is_none() {
            self.searched.further = Some(Further::read(db, self.ids, &self.entries).doing("read numbers")?);
        }
        let mut names: Vec<String> = Vec::with_capacity(filter.columns.len());
        for wanted in &filter.columns {
            let name = columns::named(db, self.list, &wanted.column)?;
            let held = &mut self.searched.columns;
            let column = match held.iter().position(|column| column.name == name) {
                Some(at) => held.remove(at),
                None => Column::read(db, self.list, &self.entries, name.clone()).doing("read columns")?,
            };
            held.push(column);
            names.push(name);
        }
        // Those of this filter are the last ones.
        let most = MOST_COLUMNS.max(names.len());
        let held = self.searched.columns.len();
        self.searched.columns.drain(..held.saturating_sub(most));
        Ok(names)
    }

    fn folded(&self, db: &Connection, column: &str) -> rusqlite::Result<Folded> {
        Folded::read(db, column, self.list, &self.entries)
    }

    pub(super) fn need_names(&mut self, db: &Connection) -> Result<()> {
        if self.searched.names.is_none() {
            self.searched.names = Some(Names::read(db, self.list, &self.entries).doing("read names")?);
        }
        Ok(())
    }
}

/// Whether it looks for a legal form, which search keys are without.
fn asks_for_forms(filter: &ViewFilter) -> bool {
    let searches = [&filter.name, &filter.company].into_iter().flatten();
    searches.filter_map(|text| CompanySearch::new(text)).any(|search| search.wants_forms())
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
/// Columns held at once: each is as much memory as the names.
const MOST_COLUMNS: usize = 4;
