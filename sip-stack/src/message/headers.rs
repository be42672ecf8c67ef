//! The ordered header list.

use std::{borrow::Cow, fmt, ops::Range};

use super::{HeaderName, lex};

/// Header fields in wire order. Values are bytes, unfolded and trimmed but otherwise as received, so that text in
/// any encoding survives; typed views (`via()`, `from()`, …) read them on demand.
#[derive(Clone, Default)]
pub struct Headers {
    /// The bytes of all values, with what lies between them on the wire: reading a message copies it once.
    text: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: HeaderName,
    value: Range<usize>,
}

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self { text: Vec::new(), fields: Vec::new() }
    }

    /// No headers yet, with room for `fields`.
    pub(super) fn with_room(fields: usize) -> Self {
        Self { text: Vec::new(), fields: Vec::with_capacity(fields) }
    }

    /// Appends a field whose value is a part of the text that [`Self::own`] will take.
    pub(super) fn push_part(&mut self, name: HeaderName, value: Range<usize>) {
        self.fields.push(Field { name, value });
    }

    /// Takes a copy of the text that the values are parts of.
    pub(super) fn own(&mut self, text: &[u8]) {
        self.text = text.to_vec();
    }

    /// Makes the value of field `at` one line of its `lines`.
    pub(super) fn unfold<'a>(&mut self, at: usize, lines: impl Iterator<Item = &'a [u8]>) {
        let start = self.text.len();
        for (index, line) in lines.enumerate() {
            if index > 0 {
                self.text.push(b' ');
            }
            self.text.extend_from_slice(line.trim_ascii());
        }
        self.fields[at].value = self.tidy(start);
    }

    /// The first value of `name`.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.name == *name).map(|field| self.value(field))
    }

    /// Every value of `name`, in order. One value may itself be a comma-separated list.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.name == *name).map(|field| self.value(field))
    }

    /// The first value of `name` as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.get(name).map(lex::text)
    }

    /// Whether `name` is present.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.fields.iter().any(|field| field.name == *name)
    }

    /// Appends a field. Line breaks in the value become spaces: a header cannot be smuggled in.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl AsRef<[u8]>) {
        let value = self.store(value.as_ref());
        self.fields.push(Field { name: name.into(), value });
    }

    /// Puts a field before all others.
    pub fn push_front(&mut self, name: impl Into<HeaderName>, value: impl AsRef<[u8]>) {
        let value = self.store(value.as_ref());
        self.fields.insert(0, Field { name: name.into(), value });
    }

    /// Replaces the first field `name` in its place and removes the others; appends it when there was none.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl AsRef<[u8]>) {
        let name = name.into();
        let Some(at) = self.fields.iter().position(|field| field.name == name) else {
            self.push(name, value);
            return;
        };
        self.fields[at].value = self.store(value.as_ref());
        self.remove_after(&name, at + 1);
    }

    /// Replaces the first field `name` only; the others stay. `false` when there is none.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl AsRef<[u8]>) -> bool {
        let Some(at) = self.fields.iter().position(|field| field.name == *name) else { return false };
        self.fields[at].value = self.store(value.as_ref());
        true
    }

    /// Removes every field `name`; how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        self.remove_after(name, 0)
    }

    /// Keeps the fields that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&HeaderName, &[u8]) -> bool) {
        let text = &self.text;
        self.fields.retain(|field| keep(&field.name, &text[field.value.clone()]));
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.fields.iter().map(|field| (&field.name, self.value(field)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn value(&self, field: &Field) -> &[u8] {
        &self.text[field.value.clone()]
    }

    fn remove_after(&mut self, name: &HeaderName, start: usize) -> usize {
        let before = self.fields.len();
        let mut at = 0;
        self.fields.retain(|field| {
            at += 1;
            at <= start || field.name != *name
        });
        before - self.fields.len()
    }

    /// Puts a value at the end of the text.
    fn store(&mut self, value: &[u8]) -> Range<usize> {
        if self.text.len() > WASTE {
            self.compact();
        }
        let start = self.text.len();
        self.text.extend_from_slice(value.trim_ascii());
        self.tidy(start)
    }

    /// The value that begins at `start` and ends the text, its line breaks made spaces.
    fn tidy(&mut self, start: usize) -> Range<usize> {
        for byte in &mut self.text[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        start..self.text.len()
    }

    /// Drops replaced values and what lay between the values.
    fn compact(&mut self) {
        let live: usize = self.fields.iter().map(|field| field.value.len()).sum();
        if self.text.len() < 2 * live {
            return;
        }
        let mut text = Vec::with_capacity(live + 64);
        for field in &mut self.fields {
            let start = text.len();
            text.extend_from_slice(&self.text[field.value.clone()]);
            field.value = start..text.len();
        }
        self.text = text;
    }
}

/// Text beyond this many bytes is looked at for replaced values.
const WASTE: usize = 2 * super::MAX_MESSAGE;

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value))))
            .finish()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_start_a_new_line() {
        let mut headers = Headers::new();
        headers.push("Subject", " hi\r\nVia: evil\r\n");
        assert_eq!(headers.get(&HeaderName::SUBJECT), Some(&b"hi  Via: evil"[..]));
    }

    #[test]
    fn set_replaces_in_place_and_drops_repeats() {
        let mut headers: Headers = [("To", "a"), ("X-Y", "1"), ("to", "b")].into_iter().collect();
        headers.set(HeaderName::TO, "c");
        let order: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(order, [("To", &b"c"[..]), ("X-Y", &b"1"[..])]);
    }

    #[test]
    fn replaced_values_do_not_pile_up() {
        let mut headers: Headers = [("To", "a"), ("X-Y", "1")].into_iter().collect();
        for round in 0..10_000 {
            headers.set(HeaderName::TO, format!("{round:0100}"));
        }
        assert!(headers.text.len() <= WASTE + 100);
        assert_eq!(headers.text(&HeaderName::TO).unwrap(), format!("{:0100}", 9_999));
        assert_eq!(headers.text(&HeaderName::new("x-y")).unwrap(), "1");
    }
}
