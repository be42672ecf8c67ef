//! A list's own columns, as they are searched.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};
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
        each(db, "attrs", list, entries, |at, row| {
            column.set(at, row.get_ref(1)?.as_str()?);
            Ok(())
        })?;
        Ok(column)
    }

    /// `attrs`: all columns of a lead, a JSON object of texts.
    pub(super) fn set(&mut self, at: usize, attrs: &str) {
        let Self { name, texts } = self;
        texts.set(at, |text| fold_into(&value(attrs, name), text));
    }

    /// Whether what it says of a lead is what is asked for.
    pub(super) fn says(&self, at: u32, says: &Says) -> bool {
        match says {
            Says::Is(wanted) => self.texts.is(at, wanted),
            Says::Holds(part) => self.texts.holds(at, part),
        }
    }
}

/// What a column has to say.
pub(super) enum Says {
    /// This, folded.
    Is(String),
    /// Something with this in it.
    Holds(Box<Finder<'static>>),
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
    if let Some(text) = between_quotes(attrs, name) {
        return Cow::Borrowed(text);
    }
    let mut reader = serde_json::Deserializer::from_str(attrs);
    reader.deserialize_map(Only(name)).unwrap_or_default()
}

/// The same where nothing is escaped and nothing but texts is there, which the places of the quotes tell: a third of the time, for each of
/// 200,000 leads. `None`: it has to be read as JSON.
fn between_quotes<'a>(attrs: &'a str, name: &str) -> Option<&'a str> {
    if memchr(b'\\', attrs.as_bytes()).is_some() {
        return None;
    }
    let mut found = "";
    let mut quotes = memchr_iter(b'"', attrs.as_bytes());
    let mut before = "{";
    let mut end = 0;
    while let Some(key) = quotes.next() {
        let [key_end, text, text_end] = [quotes.next()?, quotes.next()?, quotes.next()?];
        if attrs.get(end..key)? != before || attrs.get(key_end + 1..text)? != ":" {
            return None;
        }
        if attrs.get(key + 1..key_end)? == name {
            found = attrs.get(text + 1..text_end)?;
        }
        (before, end) = (",", text_end + 1);
    }
    (attrs.get(end..)? == "}" && before == ",").then_some(found)
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

    /// What serde_json writes is read as serde_json reads it, and what it does not write too.
    #[test]
    fn quotes_tell_what_json_says() {
        let read = |attrs: &str, name: &str| {
            let mut reader = serde_json::Deserializer::from_str(attrs);
            reader.deserialize_map(Only(name)).map(Cow::into_owned).unwrap_or_default()
        };
        for attrs in [
            r#"{"支店":"大阪","n":"1"}"#,
            r#"{"n":""}"#,
            r#"{"n":"1","n":"2"}"#,
            r#"{ "n" : "1" }"#,
            r#"{"a":1,"n":"2"}"#,
            r#"{"a":["x","n","y"],"n":"2"}"#,
            r#"{"a":{"n":"3"},"n":"2"}"#,
            r#"{"a":"x\","n":"2"}"#,
            r#"{"n":"2""#,
            r#"{"n":"2"}{"n":"3"}"#,
            r#"["n","2"]"#,
            r#"{"n","2"}"#,
            "{}",
            "",
        ] {
            for name in ["n", "支店", "a", ""] {
                assert_eq!(value(attrs, name), read(attrs, name), "{name} of {attrs}");
                if let Some(text) = between_quotes(attrs, name) {
                    assert_eq!(text, read(attrs, name), "{name} of {attrs}");
                }
            }
        }
        assert_eq!(between_quotes(r#"{"支店":"大阪","n":"1"}"#, "n"), Some("1"), "and it is used");
    }
}
