//! Bodies: session descriptions, messages and parts inside messages, pressed keys, text, and what nobody can read.

use super::digits::hide_text;
use super::mask::{Content, Pen, line};
use crate::message::part_ranges;

impl Pen<'_> {
    pub(super) fn body(&mut self, content: &Content, bytes: &mut [u8], levels: usize) {
        let kind = media_type(&content.kind);
        if content.encoded {
            return self.opaque(bytes);
        }
        match kind.as_str() {
            "application/sdp" => each_line(bytes, |line| self.description_line(line)),
            "" if bytes.starts_with(b"v=0") => each_line(bytes, |line| self.description_line(line)),
            _ if kind.starts_with("multipart/") && levels > 0 => self.parts(content, bytes, levels - 1),
            "message/sipfrag" | "message/sip" if levels > 0 => self.message(bytes, levels - 1),
            "application/dtmf" | "audio/telephone-event" => self.opaque_text(bytes),
            "application/dtmf-relay" => each_line(bytes, |line| self.key_line(line)),
            _ if is_text(&kind) => each_line(bytes, |line| {
                if !hide_key(line) {
                    self.value(line);
                }
            }),
            _ => {
                each_line(bytes, |line| {
                    hide_key(line);
                });
                self.opaque(bytes);
            }
        }
    }

    fn parts(&mut self, content: &Content, bytes: &mut [u8], levels: usize) {
        let mut done = 0;
        for range in part_ranges(&content.kind, bytes) {
            // Boundaries stay, so that the parts can be found.
            self.token(&mut bytes[done..range.start]);
            let part = &mut bytes[range.clone()];
            let (head, content) = self.head(part, false);
            self.body(&content, &mut part[head..], levels);
            done = range.end;
        }
        if done == 0 {
            return self.opaque(bytes);
        }
        each_line(&mut bytes[done..], |line| {
            if line.starts_with(b"--") { self.token(line) } else { self.value(line) }
        });
    }

    /// A line of a session description (RFC 8866 5).
    fn description_line(&mut self, line: &mut [u8]) {
        if hide_key(line) {
            return;
        }
        let (Some(kind), Some(b'=')) = (line.first().copied(), line.get(1)) else { return self.value(line) };
        let rest = &mut line[2..];
        match kind {
            b'v' | b't' | b'r' | b'b' | b'c' | b'z' => self.token(rest),
            b'o' => {
                let user = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
                let (user, rest) = rest.split_at_mut(user);
                self.number(user);
                self.token(rest);
            }
            b'm' => {
                // A port has at most five digits; what is longer is none.
                for word in rest.split_mut(|byte| *byte == b' ') {
                    if word.trim_ascii().len() > 5 {
                        self.number(word);
                    }
                }
            }
            b'a' => {
                let name =
                    rest.iter().position(|byte| matches!(byte, b':' | b'\r' | b'\n')).unwrap_or(rest.len());
                if NUMERIC.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&rest[..name])) {
                    self.token(rest);
                } else {
                    self.value(rest);
                }
            }
            _ => self.value(rest),
        }
    }

    /// `Signal=5` of a pressed key: digits of a PIN are not for everybody.
    fn key_line(&mut self, line: &mut [u8]) {
        match memchr::memchr(b'=', line) {
            Some(equals) if line[..equals].trim_ascii().eq_ignore_ascii_case(b"Duration") => {}
            Some(equals) => self.opaque_text(&mut line[equals + 1..]),
            None => self.opaque_text(line),
        }
    }
}

/// Hides the key in a line that holds one, and says whether it does: `k=` of RFC 2327, SDES (RFC 4568; tag and suite
/// are no secret), MIKEY (RFC 4567), the password of ICE.
fn hide_key(line: &mut [u8]) -> bool {
    let begins = |prefix: &&&str| {
        line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let Some(prefix) = KEYS.iter().find(begins) else { return false };
    let rest = &mut line[prefix.len()..];
    let inline = rest.windows(INLINE.len()).position(|window| window.eq_ignore_ascii_case(INLINE));
    let secret = match inline.filter(|_| *prefix == "a=crypto:") {
        Some(inline) => inline + INLINE.len(),
        None => 0,
    };
    hide_text(&mut rest[secret..]);
    true
}

fn each_line(bytes: &mut [u8], mut act: impl FnMut(&mut [u8])) {
    let mut at = 0;
    while at < bytes.len() {
        let range = line(bytes, at);
        at = range.end;
        act(&mut bytes[range]);
    }
}

/// `type/subtype` in lower case, without parameters and white space.
fn media_type(value: &str) -> String {
    let kind = value.split(';').next().unwrap_or_default();
    kind.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_text(kind: &str) -> bool {
    kind.is_empty()
        || kind.starts_with("text/")
        || ["xml", "json"]
            .iter()
            .any(|format| kind.strip_suffix(format).is_some_and(|before| before.ends_with(['/', '+'])))
        || ["application/simple-message-summary", "application/vq-rtcpxr"].contains(&kind)
}

const KEYS: [&str; 5] = ["a=crypto:", "a=key-mgmt:", "a=ice-pwd:", "a=identity:", "k="];
const INLINE: &[u8] = b"inline:";
/// Attributes whose long numbers are ports, rates and identifiers.
const NUMERIC: [&str; 14] = [
    "rtpmap",
    "fmtp",
    "rtcp",
    "rtcp-fb",
    "rtcp-xr",
    "candidate",
    "ssrc",
    "ssrc-group",
    "msid",
    "fingerprint",
    "extmap",
    "T38MaxBitRate",
    "T38FaxMaxBuffer",
    "ice-ufrag",
];
