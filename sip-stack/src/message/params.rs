//! Parameters of headers and URIs.

use std::fmt;

use super::lex::{self, Escapes};

/// An ordered list of `;name=value` parameters. Names compare without case; values are kept as they stood on the
/// wire (quotes and escapes included), so that printing gives back what was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(
    /// As printed: `;name=value;flag`, without white space around names and values.
    String,
);

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// The value of `name` without surrounding quotes; `None` when it is absent or a flag. Backslash escapes of a
    /// quoted value stay; [`Params::unescaped`] undoes them.
    pub fn get(&self, name: &str) -> Option<&str> {
        let raw = self.raw(name)??;
        Some(lex::strip_quotes(raw).unwrap_or(raw))
    }

    /// The value of `name` with quotes and escapes undone.
    pub fn unescaped(&self, name: &str) -> Option<String> {
        self.raw(name)?.map(|raw| lex::unquote(raw).into_owned())
    }

    /// Whether `name` is present, as a flag or with a value.
    pub fn contains(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Sets or replaces `name`, a token. A value that is neither token nor host is written as a quoted string.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(|value| {
            let plain =
                !value.is_empty() && value.bytes().all(|b| lex::is_token_byte(b) || b"[]:".contains(&b));
            if plain { value.to_owned() } else { lex::quote(value) }
        });
        let value = value.as_deref();
        if !self.contains(name) {
            self.append(name, value);
            return;
        }
        let old = std::mem::take(self);
        let mut replaced = false;
        for (known, kept) in old.iter() {
            let this = !replaced && known.eq_ignore_ascii_case(name);
            replaced |= this;
            self.append(known, if this { value } else { kept });
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
        let old = std::mem::take(self);
        for (known, value) in old.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name)) {
            self.append(known, value);
        }
    }

    /// Names and values in wire order, values as on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            let text = rest.strip_prefix(';')?;
            let end = memchr::memchr2(b';', b'=', text.as_bytes()).unwrap_or(text.len());
            let (name, tail) = text.split_at(end);
            let Some(value) = tail.strip_prefix('=') else {
                rest = tail;
                return Some((name, None));
            };
            let end = lex::quoted_len(value, Escapes::Honoured)
                .or_else(|| lex::find(value, b';'))
                .unwrap_or(value.len());
            let (value, tail) = value.split_at(end);
            rest = tail;
            Some((name, Some(value)))
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether [`Self::parse_header`] reads `text`.
    pub(crate) fn is_valid_header(text: &str) -> bool {
        walk_header(text, Escapes::Honoured, |_, _| {}).is_some()
            || walk_header(text, Escapes::Literal, |_, _| {}).is_some()
    }

    /// Reads `;a=b ; c = "d;e"`. Empty parameters (`;;`) are skipped.
    pub(crate) fn parse_header(text: &str) -> Option<Self> {
        let mut params = Self(String::with_capacity(text.len()));
        if walk_header(text, Escapes::Honoured, |name, value| params.append(name, value)).is_some() {
            return Some(params);
        }
        // Kept so that the quotes close by the grammar from now on.
        let mut params = Self::new();
        walk_header(text, Escapes::Literal, |name, value| match value.and_then(lex::strip_quotes) {
            Some(inner) => params.append(name, Some(&lex::quote(inner))),
            None => params.append(name, value),
        })?;
        Some(params)
    }

    /// Whether [`Self::parse_uri`] reads `text`.
    pub(crate) fn is_valid_uri(text: &str) -> bool {
        walk_uri(text, |_, _| {}).is_some()
    }

    /// Reads URI parameters: no white space, no quoting.
    pub(crate) fn parse_uri(text: &str) -> Option<Self> {
        let mut params = Self(String::with_capacity(text.len()));
        walk_uri(text, |name, value| params.append(name, value))?;
        Some(params)
    }

    fn append(&mut self, name: &str, value: Option<&str>) {
        self.0.push(';');
        self.0.push_str(name);
        if let Some(value) = value {
            self.0.push('=');
            self.0.push_str(value);
        }
    }

    fn raw(&self, name: &str) -> Option<Option<&str>> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Tells every parameter of a header. `None` where the text is none.
fn walk_header<'a>(
    text: &'a str,
    escapes: Escapes,
    mut tell: impl FnMut(&'a str, Option<&'a str>),
) -> Option<()> {
    let mut rest = lex::trim(text);
    while !rest.is_empty() {
        let text = lex::trim_start(rest.strip_prefix(';')?);
        let end = memchr::memchr2(b';', b'=', text.as_bytes()).unwrap_or(text.len());
        let name = lex::trim_end(&text[..end]);
        let Some(after) = text[end..].strip_prefix('=') else {
            // `;;` is let through.
            if !name.is_empty() {
                is_plain(name, b',').then(|| tell(name, None))?;
            }
            rest = &text[end..];
            continue;
        };
        let after = lex::trim_start(after);
        let value;
        if after.starts_with('"') {
            let (quoted, tail) = after.split_at(lex::quoted_len(after, escapes)?);
            (value, rest) = (quoted, lex::trim_start(tail));
        } else {
            let (plain, tail) = lex::split_before(after, b';');
            (value, rest) = (lex::trim_end(plain), tail);
            if !is_plain(value, b'"') {
                return None;
            }
        }
        if name.is_empty() || !is_plain(name, b',') {
            return None;
        }
        // `x=` without a value is read as a flag: the grammar cannot print an empty value.
        tell(name, Some(value).filter(|value| !value.is_empty()));
    }
    Some(())
}

/// Whether neither white space, control characters, quotes, angle brackets nor `more` stand in `text`. No early way
/// out: so the compiler looks at many bytes at a time.
fn is_plain(text: &str, more: u8) -> bool {
    text.bytes().fold(true, |plain, byte| {
        plain & (byte > b' ') & (byte != b'"') & (byte != b'<') & (byte != b'>') & (byte != more)
    })
}

/// Tells every parameter of a URI.
fn walk_uri<'a>(text: &'a str, mut tell: impl FnMut(&'a str, Option<&'a str>)) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let text = rest.strip_prefix(';')?;
        let (part, tail) = lex::split_before(text, b';');
        rest = tail;
        if part.is_empty() {
            continue;
        }
        let (name, value) = match lex::split_once(part, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        };
        if name.is_empty() || lex::find(part, b'@').is_some() {
            return None;
        }
        tell(name, value.filter(|value| !value.is_empty()));
    }
    Some(())
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_quotes_and_flags() {
        let text = r#" ; a = b;;flag ;c="d;\"e"; x= ;Tag=1"#;
        let params = Params::parse_header(text).unwrap();
        assert!(Params::is_valid_header(text));
        assert_eq!(params.to_string(), r#";a=b;flag;c="d;\"e";x;Tag=1"#);
        assert_eq!((params.get("A"), params.get("flag"), params.get("tag")), (Some("b"), None, Some("1")));
        assert_eq!(params.unescaped("c").as_deref(), Some(r#"d;"e"#));
        for bad in ["a", ";a=b c", ";=b", ";a=\"open", ";a=<b>", ";a=\"b\"c", "; a b"] {
            assert_eq!(Params::parse_header(bad), None, "{bad}");
            assert!(!Params::is_valid_header(bad), "{bad}");
        }
    }

    #[test]
    fn changes_keep_the_order() {
        let mut params = Params::parse_header(";a=1;b=2;A=3;c").unwrap();
        params.set("a", Some("x y"));
        params.set("d", None);
        assert_eq!(params.to_string(), ";a=\"x y\";b=2;A=3;c;d");
        params.remove("a");
        assert_eq!(params.to_string(), ";b=2;c;d");
    }

    #[test]
    fn a_backslash_before_the_closing_quote_is_kept_readable() {
        let params = Params::parse_header(r#";a="x\";tag=1"#).unwrap();
        assert_eq!(params.get("tag"), Some("1"));
        assert_eq!(params.unescaped("a").as_deref(), Some(r"x\"));
        assert_eq!(Params::parse_header(&params.to_string()), Some(params));
    }
}
