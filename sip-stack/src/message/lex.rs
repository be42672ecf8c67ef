//! Lexical rules shared by the header parsers (RFC 3261 25.1): tokens, quoted strings, lists.

use std::borrow::Cow;

/// Whether `byte` may stand in a token.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-.!%*_+`'~";
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

/// Whether `text` is a non-empty token.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// `bytes` as text; what is not UTF-8 shows as U+FFFD.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly everything is ASCII, which the strict reading passes many bytes at a time.
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Where the ASCII character `byte` stands first in `text`.
pub(crate) fn find(text: &str, byte: u8) -> Option<usize> {
    memchr::memchr(byte, text.as_bytes())
}

/// `text` before and after the first ASCII character `byte`.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = find(text, byte)?;
    Some((&text[..at], &text[at + 1..]))
}

/// `text` before the first ASCII character `byte`, and the rest beginning with it.
pub(crate) fn split_before(text: &str, byte: u8) -> (&str, &str) {
    text.split_at(find(text, byte).unwrap_or(text.len()))
}

/// Removes linear white space at both ends.
pub(crate) fn trim(text: &str) -> &str {
    trim_start(trim_end(text))
}

/// Removes linear white space at the start.
pub(crate) fn trim_start(text: &str) -> &str {
    let space = text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    &text[space..]
}

/// Removes linear white space at the end.
pub(crate) fn trim_end(text: &str) -> &str {
    let space = text.bytes().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    &text[..text.len() - space]
}

/// How a backslash inside a quoted string is read.
///
/// The second byte of a Shift-JIS character can be a backslash (表 is 95 5C). A display name sent that way
/// swallows its closing quote under [`Escapes::Honoured`]; a parser that failed tries again with
/// [`Escapes::Literal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `\"` is a quote character inside the string (the grammar).
    Honoured,
    /// A backslash is a character like any other.
    Literal,
}

/// The length of the quoted string that `text` begins with, both quotes included.
pub(crate) fn quoted_len(text: &str, escapes: Escapes) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ if escapes == Escapes::Honoured => at += 2,
            _ => at += 1,
        }
    }
}

/// The elements of a comma-separated list, trimmed, empty ones left out (RFC 2543 senders write them). Commas inside
/// quoted strings and angle brackets separate nothing. `None` when a quote or a bracket is left open.
pub(crate) fn list(text: &str) -> Option<impl Iterator<Item = &str>> {
    let escapes = match closed(text, Escapes::Honoured) {
        true => Escapes::Honoured,
        false => closed(text, Escapes::Literal).then_some(Escapes::Literal)?,
    };
    let mut rest = Some(text);
    let parts = std::iter::from_fn(move || {
        let (part, tail) = cut(rest?, escapes)?;
        rest = tail;
        Some(part)
    });
    Some(parts.map(trim).filter(|part| !part.is_empty()))
}

/// The first element of a list; `None` also where there is none.
pub(crate) fn first(text: &str) -> Option<&str> {
    list(text)?.next()
}

/// Whether every quote and bracket is closed.
fn closed(text: &str, escapes: Escapes) -> bool {
    let mut rest = Some(text);
    while let Some(text) = rest {
        match cut(text, escapes) {
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
    true
}

/// The text before the first comma that separates, and what follows it.
fn cut(text: &str, escapes: Escapes) -> Option<(&str, Option<&str>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'"', b'<', b',', &bytes[at..]) {
        at += found;
        match bytes[at] {
            b'"' => at += quoted_len(&text[at..], escapes)?,
            b'<' => at += memchr::memchr(b'>', &bytes[at..])? + 1,
            _ => return Some((&text[..at], Some(&text[at + 1..]))),
        }
    }
    Some((text, None))
}

/// The content of a quoted string, or `text` itself when it is not quoted.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = strip_quotes(text) else { return Cow::Borrowed(text) };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// The text between the quotes, escapes untouched.
pub(crate) fn strip_quotes(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// `text` as a quoted string. Control characters cannot be carried and become spaces.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Undoes every `%HH`.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| byte == b'%' && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `text` as an `hvalue` of a URI: everything but unreserved characters becomes `%HH`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_respect_quotes_and_brackets() {
        let parts: Vec<_> = list(r#""a, \"b" <sip:x,y@h>, , c"#).unwrap().collect();
        assert_eq!(parts, [r#""a, \"b" <sip:x,y@h>"#, "c"]);
        assert!(list(r#""open"#).is_none());
        assert!(list("<sip:open").is_none());
        assert_eq!(first(" , a, b"), Some("a"));
        // A backslash before the closing quote, as Shift-JIS has it.
        assert_eq!(list(r#""a\" <sip:a@h>, b"#).unwrap().count(), 2);
    }

    #[test]
    fn quoting_is_undone_by_unquoting() {
        for text in ["", "plain", r#"a "b" \c"#, "営業部"] {
            assert_eq!(unquote(&quote(text)), text);
        }
    }

    #[test]
    fn escapes_are_undone() {
        for text in ["", "a;b=c@d", "営 業", "100%"] {
            assert_eq!(percent_decode(&percent_encode(text)), text);
        }
        assert_eq!(percent_decode("%4%zz%+1%41%"), "%4%zz%+1A%");
    }
}
