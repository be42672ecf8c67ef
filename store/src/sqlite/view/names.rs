//! Folded names and memos.

use memchr::memmem::Finder;
use rusqlite::Connection;

use super::entry::Entry;
use super::texts::{Texts, each};
use crate::id::ListId;
use crate::name_key::{SEPARATOR, fold_into};

/// Search keys of all leads.
pub(super) struct Names(Texts);

impl Names {
    pub(super) fn read(db: &Connection, list: ListId, entries: &[Entry]) -> rusqlite::Result<Self> {
        let mut names = Self(Texts::new(entries.len()));
        each(db, "name_key", list, entries, |at, row| {
            names.set(at, row.get_ref(1)?.as_str()?);
            Ok(())
        })?;
        Ok(names)
    }

    /// With the companies as they are written, in one walk.
    pub(super) fn read_with_companies(
        db: &Connection,
        list: ListId,
        entries: &[Entry],
    ) -> rusqlite::Result<(Self, Folded)> {
        let (mut names, mut companies) = (Self(Texts::new(entries.len())), Folded(Texts::new(entries.len())));
        each(db, "name_key, company", list, entries, |at, row| {
            names.set(at, row.get_ref(1)?.as_str()?);
            companies.set(at, row.get_ref(2)?.as_str_or_null()?);
            Ok(())
        })?;
        Ok((names, companies))
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

    /// Company and person; what is searched for has no separator, so nothing is found across both.
    pub(super) fn both(&self, at: u32) -> &str {
        self.0.get(at)
    }
}

/// Texts that are folded as they are read: last memos, or companies with their legal forms.
pub(super) struct Folded(Texts);

impl Folded {
    /// `column` of the leads.
    pub(super) fn read(
        db: &Connection,
        column: &str,
        list: ListId,
        entries: &[Entry],
    ) -> rusqlite::Result<Self> {
        let mut folded = Self(Texts::new(entries.len()));
        each(db, column, list, entries, |at, row| {
            folded.set(at, row.get_ref(1)?.as_str_or_null()?);
            Ok(())
        })?;
        Ok(folded)
    }

    pub(super) fn set(&mut self, at: usize, text: Option<&str>) {
        self.0.set(at, |folded| fold_into(text.unwrap_or_default(), folded));
    }

    pub(super) fn get(&self, at: u32) -> &str {
        self.0.get(at)
    }

    pub(super) fn holds(&self, at: u32, part: &Finder<'_>) -> bool {
        self.0.holds(at, part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_change_and_only_new_ones_take_room() {
        let mut names = Names(Texts::new(3));
        for (at, key) in [(0, "カブラ\u{1F}山田"), (1, "\u{1F}"), (2, "abc\u{1F}")] {
            names.set(at, key);
        }
        let length = names.0.len();
        names.set(1, "\u{1F}");
        assert_eq!(names.0.len(), length);
        names.set(0, "xyz\u{1F}佐藤");
        let both = |at| (names.company(at), names.person(at));
        assert_eq!([both(0), both(1), both(2)], [("xyz", "佐藤"), ("", ""), ("abc", "")]);
        assert_eq!(names.both(0), "xyz\u{1F}佐藤");
        names.set(9, "no such lead");
        let mut memos = Folded(Texts::new(2));
        memos.set(1, Some("めもＡ"));
        assert_eq!([memos.get(0), memos.get(1)], ["", "メモa"]);
        memos.set(1, None);
        assert_eq!(memos.get(1), "");
    }
}
