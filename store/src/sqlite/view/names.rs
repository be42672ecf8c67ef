//! Texts that are searched: folded names and memos, each kind in one piece.

use memchr::memmem::Finder;
use rusqlite::Connection;

use super::entry::Entry;
use crate::id::ListId;
use crate::name_key::{SEPARATOR, fold_into};

/// Search keys of all leads.
pub(super) struct Names(Texts);

impl Names {
    pub(super) fn read(db: &Connection, list: ListId, entries: &[Entry]) -> rusqlite::Result<Self> {
        let mut names = Self(Texts::new(entries.len()));
        each(db, "name_key", list, entries, |at, name| names.set(at, name.unwrap_or_default()))?;
        Ok(names)
    }

    pub(super) fn set(&mut self, at: usize, key: &str) {
        self.0.set(at, |text| text.push_str(key));
    }

    pub(super) fn company(&self, at: u32) -> &str {
        let key = self.0.get(at);
        key.split_once(SEPARATOR).map_or(key, |(company, _)| company)
    }

    pub(super) fn person(&self, at: u32) -> &str {
        self.0.get(at).split_once(SEPARATOR).map_or("", |(_, person)| person)
    }

    /// Company or person hold it; a key has no separator, so none is found across both.
    pub(super) fn contains(&self, at: u32, key: &Finder<'_>) -> bool {
        key.find(self.0.get(at).as_bytes()).is_some()
    }
}

/// Last memos, folded.
pub(super) struct Memos(Texts);

impl Memos {
    pub(super) fn read(db: &Connection, list: ListId, entries: &[Entry]) -> rusqlite::Result<Self> {
        let mut memos = Self(Texts::new(entries.len()));
        each(db, "last_memo", list, entries, |at, memo| memos.set(at, memo))?;
        Ok(memos)
    }

    pub(super) fn set(&mut self, at: usize, memo: Option<&str>) {
        self.0.set(at, |text| fold_into(memo.unwrap_or_default(), text));
    }

    pub(super) fn contains(&self, at: u32, part: &Finder<'_>) -> bool {
        part.find(self.0.get(at).as_bytes()).is_some()
    }
}

/// One text of each lead, one behind the other: to read 200,000 of them is one walk through memory.
struct Texts {
    text: String,
    /// Where each begins and ends.
    spans: Vec<(u32, u32)>,
}

impl Texts {
    fn new(leads: usize) -> Self {
        Self { text: String::new(), spans: vec![(0, 0); leads] }
    }

    fn get(&self, at: u32) -> &str {
        let (start, end) = self.spans.get(at as usize).copied().unwrap_or_default();
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Another text; the old one's room is lost until the list is read anew.
    fn set(&mut self, at: usize, write: impl FnOnce(&mut String)) {
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

/// One text of every lead that is here, with its place.
///
/// A list's leads lie together in the table, unless lists were filled in turns: then it is one walk over a stretch of the table,
/// where the index of positions would lead to each row anew.
fn each(
    db: &Connection,
    column: &str,
    list: ListId,
    entries: &[Entry],
    mut found: impl FnMut(usize, Option<&str>),
) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let together = last.row.abs_diff(first.row) / MOST_BETWEEN <= entries.len() as u64;
    let sql = if together {
        format!(
            "SELECT rowid, {column} FROM leads WHERE +list_id = ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid"
        )
    } else {
        // Positions grow with rows.
        format!(
            "SELECT rowid, {column} FROM leads WHERE list_id = ?1 AND +rowid BETWEEN ?2 AND ?3 ORDER BY position"
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
            found(at, row.get_ref(1)?.as_str_or_null()?);
        }
    }
    Ok(())
}

/// Rows of a stretch to each lead that is wanted; with more of them the index is quicker.
const MOST_BETWEEN: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_change_and_only_new_ones_take_room() {
        let mut names = Names(Texts::new(3));
        for (at, key) in [(0, "カブラ\u{1F}山田"), (1, "\u{1F}"), (2, "abc\u{1F}")] {
            names.set(at, key);
        }
        let length = names.0.text.len();
        names.set(1, "\u{1F}");
        assert_eq!(names.0.text.len(), length);
        names.set(0, "xyz\u{1F}佐藤");
        let both = |at| (names.company(at), names.person(at));
        assert_eq!([both(0), both(1), both(2)], [("xyz", "佐藤"), ("", ""), ("abc", "")]);
        assert!(names.contains(0, &Finder::new("佐")) && !names.contains(0, &Finder::new("山田")));
        names.set(9, "no such lead");
        let mut memos = Memos(Texts::new(2));
        memos.set(1, Some("めもＡ"));
        assert!(memos.contains(1, &Finder::new("メモa")) && !memos.contains(0, &Finder::new("メ")));
        memos.set(1, None);
        assert!(!memos.contains(1, &Finder::new("メモa")));
    }
}
