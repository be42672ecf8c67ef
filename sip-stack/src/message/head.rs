//! The header section: lines, folding, names (RFC 3261 7.3.1).

use std::{borrow::Cow, ops::Range};

use super::{Defect, HeaderName, Headers, MAX_HEADERS};

/// The header section, read in one pass.
pub(super) struct Head {
    /// Every field but Content-Length.
    pub(super) headers: Headers,
    pub(super) too_many: bool,
    pub(super) length: Result<Option<usize>, Defect>,
    /// Where the body begins; `None` when the empty line is missing.
    pub(super) end: Option<usize>,
}

impl Head {
    /// Reads what follows the start line. A line without a colon, or with a name that is no token, is junk: it is
    /// skipped, the message lives.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut lines = Lines::new(bytes);
        let mut headers = Headers::with_room(20);
        let mut length = ContentLength::default();
        let mut folded = Vec::new();
        let mut too_many = false;
        while let Some(field) = lines.field() {
            let Some(name) = HeaderName::from_wire(field.name) else { continue };
            if name == HeaderName::CONTENT_LENGTH {
                length.take(&field.text());
            } else if headers.len() >= MAX_HEADERS {
                too_many = true;
            } else {
                if field.odd {
                    folded.push((headers.len(), field.lines()));
                }
                headers.push_part(name, field.value);
            }
        }
        headers.own(&bytes[..lines.at]);
        for (at, lines) in folded {
            headers.unfold(at, lines);
        }
        Self { headers, too_many, length: length.value(), end: lines.body }
    }
}

/// What is declared of the body's length.
#[derive(Default)]
pub(super) struct ContentLength {
    /// The first declaration; `Some(None)` where it is no number.
    first: Option<Option<usize>>,
    differs: bool,
}

impl ContentLength {
    /// One more Content-Length.
    pub(super) fn take(&mut self, value: &[u8]) {
        let digits = std::str::from_utf8(value).ok();
        let digits = digits.filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|text| text.parse().ok());
        match self.first {
            None => self.first = Some(length),
            Some(first) => self.differs |= first != length,
        }
    }

    /// The length; `None` where nothing was declared.
    pub(super) fn value(&self) -> Result<Option<usize>, Defect> {
        match self.first {
            _ if self.differs => Err(Defect::Repeated("Content-Length")),
            Some(None) => Err(Defect::Malformed("Content-Length")),
            Some(length) => Ok(length),
            None => Ok(None),
        }
    }
}

/// The start line without its line break.
pub(super) fn start_line(bytes: &[u8]) -> &[u8] {
    &bytes[..line(bytes, 0).end]
}

/// One header field on the wire.
pub(super) struct Field<'a> {
    bytes: &'a [u8],
    /// As written, without the white space before the colon.
    pub(super) name: &'a [u8],
    /// The value with its line breaks, trimmed.
    pub(super) value: Range<usize>,
    /// Whether the value has line breaks in it, of folding or alone.
    pub(super) odd: bool,
}

impl<'a> Field<'a> {
    /// The lines of the value.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.bytes[self.value.clone()].split(|byte| *byte == b'\n')
    }

    /// The value on one line.
    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        if !self.odd {
            return Cow::Borrowed(&self.bytes[self.value.clone()]);
        }
        let lines: Vec<_> = self.lines().map(<[u8]>::trim_ascii).collect();
        Cow::Owned(lines.join(&b' ').trim_ascii().to_vec())
    }
}

/// Walks the fields of a header section.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the body begins, once the empty line was seen.
    pub(super) body: Option<usize>,
}

impl<'a> Lines<'a> {
    /// Begins after the start line.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: line(bytes, 0).next, body: None }
    }

    /// Begins at once: the header of a part has no start line.
    pub(super) fn without_start(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, body: None }
    }

    /// The next field; `None` after the last one.
    pub(super) fn field(&mut self) -> Option<Field<'a>> {
        loop {
            if self.at >= self.bytes.len() || self.body.is_some() {
                return None;
            }
            let start = self.at;
            let first = line(self.bytes, start);
            self.at = first.next;
            if first.end == start && first.next > start {
                self.body = Some(first.next);
                return None;
            }
            let (mut end, mut odd) = (first.end, first.odd);
            while let Some(b' ' | b'\t') = self.bytes.get(self.at) {
                let more = line(self.bytes, self.at);
                (self.at, end, odd) = (more.next, more.end, true);
            }
            let text = &self.bytes[start..end];
            // A line that continues nothing, as after the start line, is junk like one without a colon.
            let Some(colon) = memchr::memchr(b':', &text[..first.end - start]) else { continue };
            let value = trimmed(self.bytes, start + colon + 1..end);
            return Some(Field { bytes: self.bytes, name: text[..colon].trim_ascii_end(), value, odd });
        }
    }
}

/// A part of `bytes` without white space at its ends.
fn trimmed(bytes: &[u8], part: Range<usize>) -> Range<usize> {
    let text = bytes[part.clone()].trim_ascii_end();
    let end = part.start + text.len();
    end - text.trim_ascii_start().len()..end
}

struct Line {
    /// Before the line break.
    end: usize,
    /// After it.
    next: usize,
    /// Whether a CR stands alone in the line.
    odd: bool,
}

/// The line that begins at `from`, ended by CRLF, by a bare LF, or by the end of the bytes.
fn line(bytes: &[u8], from: usize) -> Line {
    let (mut at, mut odd) = (from, false);
    while let Some(found) = memchr::memchr2(b'\r', b'\n', &bytes[at..]) {
        let found = at + found;
        if bytes[found] == b'\n' {
            return Line { end: found, next: found + 1, odd };
        }
        if bytes.get(found + 1) == Some(&b'\n') {
            return Line { end: found, next: found + 2, odd };
        }
        odd = true;
        at = found + 1;
    }
    Line { end: bytes.len(), next: bytes.len(), odd }
}
