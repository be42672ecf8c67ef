//! Texts that are searched, each kind in one piece, and what reads them.

use memchr::memmem::Finder;
use rusqlite::{Connection, Row};

use super::columns::Column;
use super::entry::Entry;
use super::further::Further;
use super::names::{Folded, Names};
use crate::id::ListId;

/// What has been searched for so far: each is read when it is first asked for.
#[derive(Default)]
pub(super) struct Searched {
    pub(super) names: Option<Names>,
    /// With their legal forms, for searches of those.
    pub(super) companies: Option<Folded>,
    pub(super) memos: Option<Folded>,
    pub(super) further: Option<Further>,
    /// The last one asked for last.
    pub(super) columns: Vec<Column>,
}

impl Searched {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_none()
            && self.companies.is_none()
            && self.memos.is_none()
            && self.further.is_none()
            && self.columns.is_empty()
    }

    /// The column that was read under this name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// One text of each lead, one behind the other: to read 200,000 of them is one walk through memory.
pub(super) struct Texts {
    text: String,
    /// Where each begins and ends.
    spans: Vec<(u32, u32)>,
}

impl Texts {
    pub(super) fn new(leads: usize) -> Self {
        Self { text: String::new(), spans: vec![(0, 0); leads] }
    }

    /// Bytes held, those that nobody refers to any more included.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn get(&self, at: u32) -> &str {
        let (start, end) = self.spans.get(at as usize).copied().unwrap_or_default();
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether this is the text of a lead: most differ in their length, which needs no look at the text.
    pub(super) fn is(&self, at: u32, wanted: &str) -> bool {
        let (start, end) = self.spans.get(at as usize).copied().unwrap_or_default();
        (end - start) as usize == wanted.len()
            && self.text.as_bytes().get(start as usize..end as usize) == Some(wanted.as_bytes())
    }

    /// Whether the text of a lead holds a part.
    pub(super) fn holds(&self, at: u32, part: &Finder<'_>) -> bool {
        let (start, end) = self.spans.get(at as usize).copied().unwrap_or_default();
        self.text.as_bytes().get(start as usize..end as usize).is_some_and(|text| part.find(text).is_some())
    }

    /// Another text; the old one's room is lost until the list is read anew.
    pub(super) fn set(&mut self, at: usize, write: impl FnOnce(&mut String)) {
        let Some(span) = self.spans.get_mut(at) else { return };
        let begin = self.text.len();
        write(&mut self.text);
        let old = self.text.get(span.0 as usize..span.1 as usize).unwrap_or_default();
        if self.text.get(begin..) == Some(old) {
            return self.text.truncate(begin);
        }
        match (u32::try_from(begin), u32::try_from(self.text.len())) {
            (Ok(start), Ok(end)) => *span = (start, end),
            // Beyond 4 GiB of texts a lead is found by everything else.
            _ => self.text.truncate(begin),
        }
    }
}

/// Every lead that is here, with its place and the `columns` that are asked for, from 1.
///
/// A list's leads lie together in the table, unless lists were filled in turns: then it is one walk over a stretch of the table,
/// where the index of positions would lead to each row anew.
pub(super) fn each(
    db: &Connection,
    columns: &str,
    list: ListId,
    entries: &[Entry],
    mut found: impl FnMut(usize, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let together = last.row.abs_diff(first.row) / MOST_BETWEEN <= entries.len() as u64;
    let sql = if together {
        format!(
            "SELECT rowid, {columns} FROM leads WHERE +list_id = ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid"
        )
    } else {
        // Positions grow with rows.
        format!(
            "SELECT rowid, {columns} FROM leads WHERE list_id = ?1 AND +rowid BETWEEN ?2 AND ?3 ORDER BY position"
        )
    };
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query((list, first.row, last.row))?;
    let mut at = 0;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        // Leads that were in the bin when the list was read are not here.
        while entries.get(at).is_some_and(|entry| entry.row < id) {
            at += 1;
        }
        if entries.get(at).is_some_and(|entry| entry.row == id) {
            found(at, row)?;
        }
    }
    Ok(())
}

/// Rows of a stretch to each lead that is wanted; with more of them the index is quicker.
const MOST_BETWEEN: u64 = 4;
