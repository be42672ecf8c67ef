//! Bodies of several parts (RFC 2046 5.1, RFC 5621), as far as a user agent needs them: to find the session
//! description.

use std::ops::Range;

use super::{HeaderName, Headers, Params, head::Lines, lex};

/// One part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its own header fields, Content-Type and others.
    pub headers: Headers,
    /// Its bytes.
    pub body: &'a [u8],
}

/// The body of type `media_type` (`application/sdp`): `body` itself where its Content-Type is that, or the part of a
/// `multipart/…` body: the first one of `multipart/mixed` and others, the last one of `multipart/alternative`, which
/// is the one that the sender likes best (RFC 2046 5.1.4). A part may have parts itself, three levels deep.
pub fn body_of<'a>(headers: &Headers, body: &'a [u8], media_type: &str) -> Option<&'a [u8]> {
    find(headers, body, media_type, 3)
}

fn find<'a>(headers: &Headers, body: &'a [u8], media_type: &str, levels: usize) -> Option<&'a [u8]> {
    let kind = headers.content_type()?;
    if kind == media_type {
        return Some(body);
    }
    if levels == 0 || !kind.starts_with("multipart/") {
        return None;
    }
    let parts = parts(headers, body);
    let mut found = parts.iter().filter_map(|part| find(&part.headers, part.body, media_type, levels - 1));
    if kind == "multipart/alternative" { found.next_back() } else { found.next() }
}

/// The parts of a `multipart/…` body, at most 16; none where it is of another type or names no boundary. A last part
/// whose closing line is missing counts.
pub fn parts<'a>(headers: &Headers, body: &'a [u8]) -> Vec<Part<'a>> {
    let Some(value) = headers.text(&HeaderName::CONTENT_TYPE) else { return Vec::new() };
    part_ranges(&value, body).into_iter().map(|range| part(&body[range])).collect()
}

/// Where the parts stand, their header fields included; `content_type` is the header's value.
pub(crate) fn part_ranges(content_type: &str, body: &[u8]) -> Vec<Range<usize>> {
    let Some(boundary) = boundary(content_type) else { return Vec::new() };
    let mut parts = Vec::new();
    let mut start = None;
    for delimiter in delimiters(body, boundary.as_bytes()) {
        if let Some(start) = start.replace(delimiter.next) {
            // The delimiter of an empty part may follow at once.
            parts.push(start..delimiter.at.max(start));
        }
        if delimiter.last || parts.len() >= MAX_PARTS {
            return parts;
        }
    }
    parts.extend(start.map(|start| start..body.len()));
    parts
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, params) = lex::split_before(content_type, b';');
    if !lex::trim(kind).get(..10)?.eq_ignore_ascii_case("multipart/") {
        return None;
    }
    // At most 70 characters (RFC 2046 5.1.1).
    Params::parse_header(params)?.unescaped("boundary").filter(|text| (1..=70).contains(&text.len()))
}

/// A line of two dashes and the boundary.
struct Delimiter {
    /// Where the part before it ends: the line break before the delimiter belongs to it.
    at: usize,
    /// Where the next part begins.
    next: usize,
    /// Whether two more dashes say that no part follows.
    last: bool,
}

fn delimiters<'a>(body: &'a [u8], boundary: &'a [u8]) -> impl Iterator<Item = Delimiter> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < body.len() {
            let start = from;
            let end = memchr::memchr(b'\n', &body[start..]).map_or(body.len(), |end| start + end + 1);
            from = end;
            let Some(rest) =
                body[start..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary))
            else {
                continue;
            };
            let last = rest.starts_with(b"--");
            // White space may follow, nothing else.
            if last || rest.trim_ascii().is_empty() {
                let before = &body[..start];
                let before = before.strip_suffix(b"\n").unwrap_or(before);
                let at = before.strip_suffix(b"\r").unwrap_or(before).len();
                return Some(Delimiter { at, next: end, last });
            }
        }
        None
    })
}

fn part(bytes: &[u8]) -> Part<'_> {
    let mut headers = Headers::new();
    let mut lines = Lines::without_start(bytes);
    while let Some(field) = lines.field() {
        if let Some(name) = HeaderName::from_wire(field.name)
            && headers.len() < MAX_FIELDS
        {
            headers.push(name, field.text());
        }
    }
    Part { headers, body: lines.body.map_or(&[], |body| &bytes[body..]) }
}

const MAX_PARTS: usize = 16;
const MAX_FIELDS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &str) -> Headers {
        [("Content-Type", content_type)].into_iter().collect()
    }

    #[test]
    fn the_parts_of_a_mixed_body() {
        let headers = headers("Multipart/Mixed; boundary=\"b 1\"");
        let body = b"preamble\r\n--b 1 \r\nContent-Type: text/plain\r\n\r\na\r\n--b 12\r\n\r\n--b 1\r\n\r\nno type\r\n\
                     --b 1\r\nc:\r\n application/SDP\r\n\r\nv=0\r\n\r\n--b 1--\r\nepilogue\r\n--b 1\r\n";
        let parts = parts(&headers, body);
        let bodies: Vec<_> = parts.iter().map(|part| part.body).collect();
        assert_eq!(bodies, [&b"a\r\n--b 12\r\n"[..], b"no type", b"v=0\r\n"]);
        assert_eq!(parts[1].headers.content_type(), None);
        assert_eq!(body_of(&headers, body, "application/sdp"), Some(&b"v=0\r\n"[..]));
        assert_eq!(body_of(&headers, body, "application/pidf+xml"), None);
    }

    #[test]
    fn parts_inside_parts_and_the_last_alternative() {
        let body = b"--o\nContent-Type: multipart/alternative;boundary=i\n\n--i\nContent-Type: application/sdp\n\nfirst\n\
                     --i\nContent-Type: application/sdp\n\nlast\n--i--\n\n--o--\n";
        assert_eq!(
            body_of(&headers("multipart/mixed;boundary=o"), body, "application/sdp"),
            Some(&b"last"[..])
        );
    }

    #[test]
    fn what_has_no_parts() {
        for content_type in
            ["text/plain", "multipart/mixed", "multipart/mixed;boundary=\"\"", "multipart/mixed;boundary=x"]
        {
            assert!(parts(&headers(content_type), b"--y\r\n\r\nz\r\n--y--").is_empty(), "{content_type}");
        }
        assert!(parts(&Headers::new(), b"--y\r\n\r\nz\r\n--y--").is_empty());
        // Cut off: the last part ends with the body.
        assert_eq!(parts(&headers("multipart/x;boundary=y"), b"--y\r\n\r\nz")[0].body, b"z");
        assert_eq!(parts(&headers("multipart/x;boundary=y"), b"--y\r\nA: b")[0].body, b"");
    }
}
