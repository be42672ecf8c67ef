//! Parameters of headers and URIs.

use std::fmt;

use super::lex;

/// An ordered list of `;name=value` parameters. Names compare without case; values are kept as they stood on the
/// wire (quotes and escapes included), so that printing gives back what was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of `name` without surrounding quotes; `None` when it is absent or a flag. Backslash escapes of a
    /// quoted value stay; [`Params::unescaped`] undoes them.
    pub fn get(&self, name: &str) -> Option<&str> {
        let raw = self.raw(name)?.as_deref()?;
        Some(lex::strip_quotes(raw).unwrap_or(raw))
    }

    /// The value of `name` with quotes and escapes undone.
    pub fn unescaped(&self, name: &str) -> Option<String> {
        self.raw(name)?.as_deref().map(|raw| lex::unquote(raw).into_owned())
    }

    /// Whether `name` is present, as a flag or with a value.
    pub fn contains(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Sets or replaces `name`. A value that is neither token nor host is written as a quoted string.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(|value| {
            let plain =
                !value.is_empty() && value.bytes().all(|b| lex::is_token_byte(b) || b"[]:".contains(&b));
            if plain { value.to_owned() } else { lex::quote(value) }
        });
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(slot) => slot.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The same with one parameter more, for building.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// Removes every `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Names and values in wire order, values as on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads `;a=b ; c = "d;e"`. Empty parameters (`;;`) are skipped.
    pub(crate) fn parse_header(text: &str) -> Option<Self> {
        let mut params = Self::new();
        let text = lex::trim(text);
        if text.is_empty() {
            return Some(params);
        }
        let mut parts = lex::split(text, b';')?.into_iter();
        if !lex::trim(parts.next()?).is_empty() {
            return None;
        }
        for part in parts.map(lex::trim).filter(|part| !part.is_empty()) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (lex::trim(name), Some(lex::trim(value))),
                None => (part, None),
            };
            let name_ok = !name.is_empty() && name.bytes().all(|b| b > b' ' && !b"\"<>,".contains(&b));
            let value_ok = value.is_none_or(|value| match lex::strip_quotes(value) {
                Some(_) => value.len() >= 2,
                None => value.bytes().all(|b| b > b' ' && !b"\"<>".contains(&b)),
            });
            if !name_ok || !value_ok {
                return None;
            }
            // `x=` without a value is read as a flag: the grammar cannot print an empty value.
            params.0.push((name.to_owned(), value.filter(|v| !v.is_empty()).map(str::to_owned)));
        }
        Some(params)
    }

    /// Reads URI parameters: no white space, no quoting.
    pub(crate) fn parse_uri(text: &str) -> Option<Self> {
        let mut params = Self::new();
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (part, None),
            };
            if name.is_empty() || part.contains('@') {
                return None;
            }
            params.0.push((name.to_owned(), value.filter(|v| !v.is_empty()).map(str::to_owned)));
        }
        Some(params)
    }

    fn raw(&self, name: &str) -> Option<&Option<String>> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}
