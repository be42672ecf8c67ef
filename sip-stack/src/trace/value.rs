//! Header values: addresses, parameters, credentials.

use super::digits::{hide_text, port};
use super::mask::Pen;

impl Pen<'_> {
    /// A value of any header, or a line of text: numbers in it, passwords of URIs.
    pub(super) fn value(&mut self, bytes: &mut [u8]) {
        let (mut at, mut plain) = (0, 0);
        while at < bytes.len() {
            let end = match bytes[at] {
                b'"' => quoted_end(bytes, at),
                b';' => parameter_end(bytes, at),
                _ => match scheme_at(bytes, at) {
                    Some(scheme) => uri_end(bytes, at + scheme),
                    None => {
                        at += 1;
                        continue;
                    }
                },
            };
            self.number(&mut bytes[plain..at]);
            let piece = &mut bytes[at..end];
            match piece[0] {
                b'"' => self.number(piece),
                b';' => self.parameter(piece),
                _ => self.uri(piece),
            }
            (at, plain) = (end, end);
        }
        self.number(&mut bytes[plain..]);
    }

    /// `;name=value` or `;name`.
    fn parameter(&mut self, piece: &mut [u8]) {
        let Some(equals) = memchr::memchr(b'=', piece) else { return self.number(piece) };
        let (name, value) = piece.split_at_mut(equals + 1);
        let name = name[1..equals].trim_ascii();
        if MACHINE_MADE.iter().any(|made| made.as_bytes().eq_ignore_ascii_case(name)) {
            self.token(value);
        } else if value.first() == Some(&b'"') {
            self.number(value);
        } else {
            self.value(value);
        }
    }

    /// `scheme:user:password@host:port`, without parameters and headers.
    fn uri(&mut self, piece: &mut [u8]) {
        let start = memchr::memchr(b':', piece).map_or(0, |colon| colon + 1);
        let rest = &mut piece[start..];
        let Some(at) = memchr::memchr(b'@', rest) else { return self.host(rest) };
        let (user, host) = rest.split_at_mut(at);
        match memchr::memchr(b':', user) {
            Some(colon) => {
                self.number(&mut user[..colon]);
                hide_text(&mut user[colon + 1..]);
            }
            None => self.number(user),
        }
        self.host(&mut host[1..]);
    }

    /// A host name or address; its port is no number of a person.
    fn host(&mut self, bytes: &mut [u8]) {
        let port = memchr::memrchr(b':', bytes).filter(|colon| port(&bytes[*colon..]) == bytes.len() - colon);
        let end = port.unwrap_or(bytes.len());
        self.number(&mut bytes[..end]);
    }

    /// Of Digest credentials (RFC 7616 3.4) what proves nothing is kept, since it tells why a proof was refused; of
    /// all others nothing.
    pub(super) fn credentials(&mut self, value: &mut [u8], has_scheme: bool) {
        let mut at = 0;
        if has_scheme {
            let start = value.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(value.len());
            at = start + value[start..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
            if !value[start..at].eq_ignore_ascii_case(b"Digest") {
                return hide_text(value);
            }
        }
        while at < value.len() {
            let end = element_end(value, at);
            self.credential(&mut value[at..end]);
            at = end + 1;
        }
    }

    fn credential(&mut self, parameter: &mut [u8]) {
        let Some(equals) = memchr::memchr(b'=', parameter) else { return hide_text(parameter) };
        let (name, value) = parameter.split_at_mut(equals + 1);
        let name = name[..equals].trim_ascii().to_ascii_lowercase();
        let inside = inside_quotes(value);
        match name.as_slice() {
            b"username" | b"username*" | b"uri" | b"realm" => self.value(&mut value[inside]),
            b"nonce" | b"nextnonce" | b"opaque" => self.token(value),
            b"algorithm" | b"qop" | b"nc" | b"userhash" => {}
            _ => hide_text(&mut value[inside]),
        }
    }
}

fn inside_quotes(value: &[u8]) -> std::ops::Range<usize> {
    let start = value.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(start, |last| last + 1);
    match &value[start..end] {
        [b'"', .., b'"'] => start + 1..end - 1,
        _ => start..end,
    }
}

/// Length of a scheme with its colon, where one begins here.
fn scheme_at(bytes: &[u8], at: usize) -> Option<usize> {
    let first = bytes[at].to_ascii_lowercase();
    if !matches!(first, b's' | b't') || at.checked_sub(1).is_some_and(|b| bytes[b].is_ascii_alphanumeric()) {
        return None;
    }
    let begins = |scheme: &&&str| {
        bytes[at..].get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    ["sip:", "sips:", "tel:"].iter().find(begins).map(|scheme| scheme.len())
}

/// Where user, host and port of a URI end whose scheme ends at `start`.
fn uri_end(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"');
    let whole = start + bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start);
    // A user may contain `;`, `?` and `,`, a host may not.
    let host = memchr::memchr(b'@', &bytes[start..whole]).map_or(start, |at| start + at + 1);
    let ends = |byte: &u8| matches!(byte, b';' | b'?' | b',');
    host + bytes[host..whole].iter().position(ends).unwrap_or(whole - host)
}

/// Where a quoted text that begins here ends; one that is not closed ends with the value.
fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where `;name=value` ends.
fn parameter_end(bytes: &[u8], start: usize) -> usize {
    let ends =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b',' | b'<' | b'>' | b'?' | b'"');
    let name = bytes[start + 1..].iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    let name = start + 1 + name.unwrap_or(0);
    let end = name + bytes[name..].iter().position(ends).unwrap_or(bytes.len() - name);
    match bytes.get(end) {
        Some(b'"') if bytes[end - 1] == b'=' => quoted_end(bytes, end),
        _ => end,
    }
}

/// Where an element of a list ends: before the next comma that stands in no quotes.
fn element_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b',' => return at,
            b'"' => at = quoted_end(bytes, at),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Parameters that machines make up or that hold no number of a person, in URIs and behind them.
const MACHINE_MADE: [&str; 27] = [
    "tag",
    "branch",
    "received",
    "rport",
    "maddr",
    "ttl",
    "q",
    "expires",
    "reg-id",
    "+sip.instance",
    "cause",
    "to-tag",
    "from-tag",
    "transport",
    "lr",
    "refresher",
    "index",
    "ftag",
    "did",
    "alias",
    "comp",
    "method",
    "gr",
    "handling",
    "boundary",
    "charset",
    "icid-value",
];
