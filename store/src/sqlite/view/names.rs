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

    pub(super) fn company_contains(&self, at: u32, key: &Finder<'_>) -> bool {
        key.find(self.company(at).as_bytes()).is_some()
    }

    pub(super) fn person_contains(&self, at: u32, key: &Finder<'_>) -> bool {
        key.find(self.person(at).as_bytes()).is_some()
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
        assert!(names.contains(0, &Finder::new("佐")) && !names.contains(0, &Finder::new("山田")));
        names.set(9, "no such lead");
        let mut memos = Memos(Texts::new(2));
        memos.set(1, Some("めもＡ"));
        assert!(memos.contains(1, &Finder::new("メモa")) && !memos.contains(0, &Finder::new("メ")));
        memos.set(1, None);
        assert!(!memos.contains(1, &Finder::new("メモa")));
    }
}
