//! The wire trace: start line and Call-ID at DEBUG, whole messages at TRACE; credentials never, and phone numbers
//! only where the level is DEBUG or below, shortened.

use crate::transport::{Flow, Transmit};

pub(crate) fn received(flow: Flow, bytes: &[u8]) {
    trace("recv", flow, bytes);
}

pub(crate) fn sent(transmit: &Transmit) {
    trace("send", Flow { transport: transmit.transport, peer: transmit.destination }, &transmit.bytes);
}

fn trace(direction: &'static str, flow: Flow, bytes: &[u8]) {
    if !tracing::enabled!(target: "sip", tracing::Level::DEBUG) {
        return;
    }
    let transport = flow.transport.via_token();
    tracing::debug!(
        target: "sip",
        direction,
        transport,
        peer = %flow.peer,
        bytes = bytes.len(),
        message = summary(bytes),
    );
    if tracing::enabled!(target: "sip", tracing::Level::TRACE) {
        tracing::trace!(target: "sip", direction, peer = %flow.peer, wire = redacted(bytes));
    }
}

/// Start line, CSeq and Call-ID on one line, every run of digits that may be a phone number shortened.
fn summary(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.lines();
    let mut out = shorten_numbers(lines.next().unwrap_or_default());
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().trim();
        if ["cseq", "call-id", "i"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
            out.push_str(" | ");
            out.push_str(line.trim());
        }
    }
    out
}

/// The message with the values of credential headers hidden.
fn redacted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut hiding = false;
    let mut in_body = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if in_body {
            // The keys of SRTP (RFC 4568), and what RFC 2327 had in their place.
            let secret = SECRET_LINES.iter().find(|secret| {
                bare.get(..secret.len()).is_some_and(|start| start.eq_ignore_ascii_case(secret))
            });
            match secret {
                Some(secret) => {
                    out.push_str(secret);
                    out.push_str("(hidden)\r\n");
                }
                None => out.push_str(line),
            }
            continue;
        }
        // A folded line belongs to the header above it.
        if hiding && line.starts_with([' ', '\t']) && !bare.trim().is_empty() {
            continue;
        }
        let name = bare.split(':').next().unwrap_or_default().trim();
        hiding = SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
        if hiding {
            out.push_str(name);
            out.push_str(": (hidden)\r\n");
        } else {
            out.push_str(line);
        }
        in_body = bare.is_empty();
    }
    out
}

/// Digits but the last four become dots in runs of seven and more.
fn shorten_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        if run.len() >= 7 {
            out.push('…');
            out.push_str(&run[run.len() - 4..]);
        } else {
            out.push_str(run);
        }
        run.clear();
    };
    for c in text.chars() {
        if c.is_ascii_digit() {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

const SECRET_HEADERS: [&str; 2] = ["Authorization", "Proxy-Authorization"];

const SECRET_LINES: [&str; 2] = ["a=crypto:", "k="];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_the_description_are_hidden() {
        let wire =
            b"INVITE sip:h SIP/2.0\r\n\r\nv=0\r\nk=clear:x\r\na=crypto:1 AES inline:secret\r\na=ptime:20\r\n";
        let shown = redacted(wire);
        assert!(shown.ends_with("v=0\r\nk=(hidden)\r\na=crypto:(hidden)\r\na=ptime:20\r\n"), "{shown}");
    }

    #[test]
    fn credentials_are_hidden_with_their_folded_lines() {
        let wire = b"REGISTER sip:h SIP/2.0\r\nAuthorization: Digest username=\"a\",\r\n response=\"b\"\r\nCSeq: 1 REGISTER\r\n\r\nbody";
        let shown = redacted(wire);
        assert!(shown.contains("Authorization: (hidden)\r\nCSeq: 1 REGISTER\r\n\r\nbody"), "{shown}");
        assert!(!shown.contains("response"));
    }

    #[test]
    fn the_summary_shows_the_last_four_digits_only() {
        let wire = b"INVITE sip:0312345678@pbx SIP/2.0\r\nCall-ID: ab\r\nCSeq: 2 INVITE\r\n\r\n";
        assert_eq!(summary(wire), "INVITE sip:…5678@pbx SIP/2.0 | Call-ID: ab | CSeq: 2 INVITE");
    }
}
