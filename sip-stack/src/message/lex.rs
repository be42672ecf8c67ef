//! Lexical rules shared by the header parsers (RFC 3261 25.1): tokens, quoted strings, lists.

use std::borrow::Cow;

/// Whether `byte` may stand in a token.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Whether `text` is a non-empty token.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Removes linear white space at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
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
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if escapes == Escapes::Honoured => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Splits `text` at `separator`, but not inside quoted strings or angle brackets. `None` when a quote or a
/// bracket is left open.
pub(crate) fn split(text: &str, separator: u8) -> Option<Vec<&str>> {
    split_with(text, separator, Escapes::Honoured).or_else(|| split_with(text, separator, Escapes::Literal))
}

fn split_with(text: &str, separator: u8, escapes: Escapes) -> Option<Vec<&str>> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut at, mut in_angle) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if !in_angle => {
                at += quoted_len(&text[at..], escapes)?;
                continue;
            }
            b'<' => in_angle = true,
            b'>' => in_angle = false,
            _ if byte == separator && !in_angle => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if in_angle {
        return None;
    }
    parts.push(&text[start..]);
    Some(parts)
}

/// The elements of a comma-separated list, trimmed, empty ones left out (RFC 2543 senders write them).
pub(crate) fn list(text: &str) -> Option<Vec<&str>> {
    Some(split(text, b',')?.into_iter().map(trim).filter(|part| !part.is_empty()).collect())
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
        assert_eq!(list(r#""a, \"b" <sip:x,y@h>, , c"#), Some(vec![r#""a, \"b" <sip:x,y@h>"#, "c"]));
        assert_eq!(list(r#""open"#), None);
        assert_eq!(list("<sip:open"), None);
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
