//! A list's own columns, as they are searched.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem::Finder;
use rusqlite::Connection;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::super::{one, texts};
use super::entry::Entry;
use super::texts::{Texts, each};
use crate::error::{Doing, ListError, Result};
use crate::id::ListId;
use crate::name_key::{fold, fold_into};

/// What one column says of all leads, folded.
pub(super) struct Column {
    /// As the list has it.
    pub(super) name: String,
    texts: Texts,
}

impl Column {
    pub(super) fn read(
        db: &Connection,
        list: ListId,
        entries: &[Entry],
        name: String,
    ) -> rusqlite::Result<Self> {
        let mut column = Self { name, texts: Texts::new(entries.len()) };
        each(db, "attrs", list, entries, |at, attrs| column.set(at, attrs.unwrap_or_default()))?;
        Ok(column)
    }

    /// `attrs`: all columns of a lead, a JSON object of texts.
    pub(super) fn set(&mut self, at: usize, attrs: &str) {
        let Self { name, texts } = self;
        texts.set(at, |text| fold_into(&value(attrs, name), text));
    }

    pub(super) fn get(&self, at: u32) -> &str {
        self.texts.get(at)
    }
}

/// What a column has to say.
pub(super) enum Says {
    /// This, folded.
    Is(String),
    /// Something with this in it.
    Holds(Box<Finder<'static>>),
}

impl Says {
    pub(super) fn passes(&self, text: &str) -> bool {
        match self {
            Self::Is(wanted) => text == wanted,
            Self::Holds(part) => part.find(text.as_bytes()).is_some(),
        }
    }
}

/// The name a list has for a column that somebody typed.
pub(super) fn named(db: &Connection, list: ListId, column: &str) -> Result<String> {
    let sql = "SELECT columns FROM lists WHERE id = ?1";
    let columns = one(db, sql, [list], |r| r.get::<_, String>(0)).doing("read columns")?;
    let columns = texts(&columns.unwrap_or_default());
    let exactly = columns.iter().find(|known| *known == column);
    let folded = || {
        let wanted = fold(column);
        columns.iter().find(|known| fold(known) == wanted)
    };
    let found = exactly.or_else(folded).cloned();
    found.ok_or_else(|| ListError::Column { column: column.to_owned(), columns }.into())
}

/// One text of an object of texts, without the others.
fn value<'a>(attrs: &'a str, name: &str) -> Cow<'a, str> {
    let mut reader = serde_json::Deserializer::from_str(attrs);
    reader.deserialize_map(Only(name)).unwrap_or_default()
}

struct Only<'n>(&'n str);

impl<'a> Visitor<'a> for Only<'_> {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut found = Cow::Borrowed("");
        while let Some(Word(key)) = map.next_key()? {
            if key == self.0 {
                let Word(text) = map.next_value()?;
                found = text;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A text that is copied only where it has escapes.
#[derive(serde::Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_is_read_out_of_many() {
        let attrs = r#"{"備考":"\"地域\":\"大阪\"","地域":"東京","n":"1","with \"quotes\"":"a\nb"}"#;
        for (name, text) in [("地域", "東京"), ("n", "1"), ("with \"quotes\"", "a\nb"), ("大阪", "")] {
            assert_eq!(value(attrs, name), text, "{name}");
        }
        assert_eq!((value("{}", "n"), value("", "n"), value("[1]", "n")), ("".into(), "".into(), "".into()));
    }
}
