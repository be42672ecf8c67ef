use std::ops::Range;

use super::digits::{self, Known};
use crate::message::HeaderName;

/// Hides what must not be seen in a message, byte by byte, so that lengths stay.
///
/// Secrets always: the proofs of digest authentication and all other credentials, passwords in URIs, the keys of
/// SRTP (RFC 4568, RFC 3830). Numbers unless they are wanted: all but the last four digits of everything that may be a
/// telephone number, wherever it stands but in the fields that cannot hold one; there (tags, branches, Call-IDs, the
/// numbers of a session description) only what was [learned](Self::learn). Unknown headers and bodies are treated as if
/// they held numbers; a body of an unknown type is hidden whole, and so are keys pressed by INFO.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    shows_numbers: bool,
    known: Known,
}

impl Mask {
    /// Hides secrets and numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hides secrets alone.
    pub fn secrets() -> Self {
        Self { shows_numbers: true, known: Known::default() }
    }

    /// Whether numbers stay as they are.
    pub fn shows_numbers(&self) -> bool {
        self.shows_numbers
    }

    /// Takes the numbers of a message, to find them in its other fields and in the other messages of its call.
    pub fn learn(&mut self, message: &[u8]) {
        if self.shows_numbers {
            return;
        }
        let mut copy = message.to_vec();
        let mut found = std::mem::take(&mut self.known);
        let mut pen = Pen { known: None, found: Some(&mut found) };
        pen.message(&mut copy, LEVELS);
        self.known = found;
    }

    /// Takes a number, however it is written.
    pub fn know(&mut self, number: &str) {
        if !self.shows_numbers {
            self.known.add_text(number);
        }
    }

    /// The message as it may be shown, of the same length.
    pub fn apply(&self, message: &[u8]) -> Vec<u8> {
        let mut shown = message.to_vec();
        let known = (!self.shows_numbers).then_some(&self.known);
        Pen { known, found: None }.message(&mut shown, LEVELS);
        shown
    }

    /// A Call-ID, tag or branch as [`Self::apply`] shows it.
    pub fn token(&self, token: &str) -> String {
        let mut shown = token.as_bytes().to_vec();
        let known = (!self.shows_numbers).then_some(&self.known);
        Pen { known, found: None }.token(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }
}

/// Goes over a message and hides; or, with `found`, over a copy that nobody sees and learns.
pub(super) struct Pen<'a> {
    /// `None` where numbers are shown, and while learning.
    known: Option<&'a Known>,
    found: Option<&'a mut Known>,
}

/// What the head says of the body.
#[derive(Default)]
pub(super) struct Content {
    /// The value of Content-Type.
    pub(super) kind: String,
    /// True with a Content-Encoding.
    pub(super) encoded: bool,
}

impl Pen<'_> {
    /// Text in which a number may stand.
    pub(super) fn number(&mut self, bytes: &mut [u8]) {
        if self.hides_numbers() {
            digits::hide_numbers(bytes, |digits| {
                if let Some(found) = &mut self.found {
                    found.add(digits);
                }
            });
        }
    }

    /// What a machine made up, and may have made from a number.
    pub(super) fn token(&self, bytes: &mut [u8]) {
        if let Some(known) = self.known {
            digits::hide_known(bytes, known);
        }
    }

    /// Text that nobody here can read, and a number may stand in.
    pub(super) fn opaque_text(&self, bytes: &mut [u8]) {
        if self.hides_numbers() {
            digits::hide_text(bytes);
        }
    }

    /// The same for what may be no text: two digits may hide in a space.
    pub(super) fn opaque(&self, bytes: &mut [u8]) {
        if self.hides_numbers() {
            digits::hide_all(bytes);
        }
    }

    pub(super) fn hides_numbers(&self) -> bool {
        self.known.is_some() || self.found.is_some()
    }

    /// Head and body; `levels` deep where the body holds messages again.
    pub(super) fn message(&mut self, bytes: &mut [u8], levels: usize) {
        let (end, content) = self.head(bytes, true);
        self.body(&content, &mut bytes[end..], levels);
    }

    /// Start line and headers, or headers alone; gives back where the body begins.
    pub(super) fn head(&mut self, bytes: &mut [u8], start_line: bool) -> (usize, Content) {
        let mut content = Content::default();
        let mut first = start_line;
        let mut at = 0;
        while at < bytes.len() {
            let line = logical_line(bytes, at);
            at = line.end;
            let line = &mut bytes[line];
            match (is_blank(line), first) {
                // RFC 3261 7.5: line breaks before the start line.
                (true, true) => {}
                (true, false) => break,
                (false, true) => {
                    first = false;
                    self.start_line(line);
                }
                (false, false) => self.header(line, &mut content),
            }
        }
        (at, content)
    }

    fn start_line(&mut self, line: &mut [u8]) {
        let response = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
        // Version and code, or the method, hold no number.
        let words = if response { 2 } else { 1 };
        let mut spaces = line.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
        match spaces.nth(words - 1) {
            Some(rest) => self.value(&mut line[rest..]),
            None => self.value(line),
        }
    }

    fn header(&mut self, line: &mut [u8], content: &mut Content) {
        let Some(colon) = memchr::memchr(b':', line) else { return self.value(line) };
        let (name, value) = line.split_at_mut(colon + 1);
        let name = HeaderName::new(String::from_utf8_lossy(&name[..colon]).trim());
        if name == HeaderName::CONTENT_TYPE {
            content.kind = String::from_utf8_lossy(value).replace(['\r', '\n'], " ").trim().to_owned();
        }
        content.encoded |= name == HeaderName::CONTENT_ENCODING;
        if CREDENTIALS.contains(&name) {
            self.credentials(value, true);
        } else if name == HeaderName::AUTHENTICATION_INFO || name == HeaderName::PROXY_AUTHENTICATION_INFO {
            self.credentials(value, false);
        } else if TOKENS.contains(&name) {
            self.token(value);
        } else if name == HeaderName::IDENTITY || name.as_str().eq_ignore_ascii_case("User-to-User") {
            // RFC 8224, RFC 7433: the numbers stand there in an encoding.
            self.opaque_text(value);
        } else if is_secret(name.as_str()) {
            digits::hide_text(value);
        } else {
            self.value(value);
            self.number(&mut line[..colon]);
            // A number that was cut in pieces by signs that nobody writes inside a number.
            self.token(line);
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// One line with its line break.
pub(super) fn line(bytes: &[u8], at: usize) -> Range<usize> {
    at..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
}

/// The same with the folded lines that belong to it (RFC 3261 7.3.1).
fn logical_line(bytes: &[u8], at: usize) -> Range<usize> {
    let mut end = line(bytes, at).end;
    while !is_blank(&bytes[at..end]) && matches!(bytes.get(end), Some(b' ' | b'\t')) {
        end = line(bytes, end).end;
    }
    at..end
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

static CREDENTIALS: [HeaderName; 2] = [HeaderName::AUTHORIZATION, HeaderName::PROXY_AUTHORIZATION];

/// Fields without numbers of people: only what was learned is hidden in them.
static TOKENS: [HeaderName; 34] = [
    HeaderName::ACCEPT,
    HeaderName::ACCEPT_ENCODING,
    HeaderName::ACCEPT_LANGUAGE,
    HeaderName::ALLOW,
    HeaderName::ALLOW_EVENTS,
    HeaderName::CALL_ID,
    HeaderName::CONTENT_DISPOSITION,
    HeaderName::CONTENT_ENCODING,
    HeaderName::CONTENT_LENGTH,
    HeaderName::CONTENT_TYPE,
    HeaderName::CSEQ,
    HeaderName::DATE,
    HeaderName::EVENT,
    HeaderName::EXPIRES,
    HeaderName::INFO_PACKAGE,
    HeaderName::MAX_FORWARDS,
    HeaderName::MIME_VERSION,
    HeaderName::MIN_EXPIRES,
    HeaderName::MIN_SE,
    HeaderName::PRIVACY,
    HeaderName::PROXY_AUTHENTICATE,
    HeaderName::PROXY_REQUIRE,
    HeaderName::RACK,
    HeaderName::RECV_INFO,
    HeaderName::REPLACES,
    HeaderName::REQUIRE,
    HeaderName::RETRY_AFTER,
    HeaderName::RSEQ,
    HeaderName::SESSION_EXPIRES,
    HeaderName::SUBSCRIPTION_STATE,
    HeaderName::SUPPORTED,
    HeaderName::TIMESTAMP,
    HeaderName::VIA,
    HeaderName::WWW_AUTHENTICATE,
];

/// In the names of headers that somebody made up for a password.
const SECRET_WORDS: [&str; 8] =
    ["authori", "authentication-info", "password", "passwd", "secret", "token", "cookie", "apikey"];

/// Messages inside messages are looked into so deep; what is deeper is hidden whole.
const LEVELS: usize = 3;

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
