//! Texts that are searched: folded names in one piece, memos of the leads that have one.

use std::collections::HashMap;

use rusqlite::Connection;

use super::entry::Entry;
use crate::id::ListId;
use crate::name_key::{SEPARATOR, fold};

/// Search keys of all leads, one behind the other.
pub(super) struct Names {
    text: String,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    length: u32,
    /// Length of the company.
    company: u32,
}

impl Names {
    pub(super) fn read(
        db: &Connection,
        list: ListId,
        visible: i64,
        entries: &[Entry],
    ) -> rusqlite::Result<Self> {
        let mut names = Self { text: String::new(), spans: vec![Span::default(); entries.len()] };
        let mut statement = db.prepare(
            "SELECT rowid, name_key FROM leads WHERE list_id = ?1 AND position <= ?2 ORDER BY position",
        )?;
        let mut rows = statement.query((list, visible))?;
        let mut at = 0;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            // Leads that were in the bin when the list was read are not here.
            while entries.get(at).is_some_and(|entry| entry.row < id) {
                at += 1;
            }
            if entries.get(at).is_some_and(|entry| entry.row == id) {
                names.set(at, row.get_ref(1)?.as_str()?);
            }
        }
        Ok(names)
    }

    /// Another key; the old one's room is lost until the list is read anew.
    pub(super) fn set(&mut self, at: usize, key: &str) {
        let Some(span) = self.spans.get_mut(at) else { return };
        if self.text.get(span.start as usize..(span.start + span.length) as usize) == Some(key)
            && span.length > 0
        {
            return;
        }
        // Beyond 4 GiB of names a lead is found by everything else.
        let Ok(start) = u32::try_from(self.text.len()) else { return };
        self.text.push_str(key);
        let company = key.find(SEPARATOR).unwrap_or(key.len());
        *span = Span { start, length: key.len() as u32, company: company as u32 };
    }

    fn span(&self, at: u32) -> (Span, &str) {
        let span = self.spans.get(at as usize).copied().unwrap_or_default();
        let text = self.text.get(span.start as usize..(span.start + span.length) as usize);
        (span, text.unwrap_or_default())
    }

    pub(super) fn company(&self, at: u32) -> &str {
        let (span, text) = self.span(at);
        text.get(..span.company as usize).unwrap_or_default()
    }

    pub(super) fn person(&self, at: u32) -> &str {
        let (span, text) = self.span(at);
        text.get(span.company as usize + SEPARATOR.len_utf8()..).unwrap_or_default()
    }

    /// Company or person hold it; a key has no separator, so none is found across both.
    pub(super) fn contains(&self, at: u32, key: &str) -> bool {
        self.span(at).1.contains(key)
    }
}

/// Last memos, folded.
pub(super) struct Memos(HashMap<u32, String>);

impl Memos {
    pub(super) fn read(db: &Connection, list: ListId, entries: &[Entry]) -> rusqlite::Result<Self> {
        let mut memos = Self(HashMap::new());
        let mut statement =
            db.prepare("SELECT rowid, last_memo FROM leads WHERE list_id = ?1 AND last_memo <> ''")?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if let Ok(at) = entries.binary_search_by_key(&id, |entry| entry.row) {
                memos.set(at, row.get_ref(1)?.as_str_or_null()?);
            }
        }
        Ok(memos)
    }

    pub(super) fn set(&mut self, at: usize, memo: Option<&str>) {
        match memo {
            Some(memo) if !memo.is_empty() => self.0.insert(at as u32, fold(memo)),
            _ => self.0.remove(&(at as u32)),
        };
    }

    pub(super) fn contains(&self, at: u32, text: &str) -> bool {
        self.0.get(&at).is_some_and(|memo| memo.contains(text))
    }
}
