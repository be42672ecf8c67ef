//! The wire in the log: start line and Call-ID at DEBUG, whole messages at TRACE, both masked.

use super::Mask;
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

/// Start line, CSeq and Call-ID on one line.
fn summary(bytes: &[u8]) -> String {
    let text = redacted(bytes);
    let mut lines = text.lines().skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().trim();
        if ["cseq", "call-id", "i"].iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
            out.push_str(" | ");
            out.push_str(line.trim());
        }
    }
    out
}

/// The message without its secrets and numbers.
fn redacted(bytes: &[u8]) -> String {
    let mut mask = Mask::new();
    mask.learn(bytes);
    String::from_utf8_lossy(&mask.apply(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_shows_the_last_four_digits_only() {
        let wire = b"INVITE sip:0312345678@pbx SIP/2.0\r\nCall-ID: ab\r\nCSeq: 2 INVITE\r\n\r\nCSeq: 3 x";
        assert_eq!(summary(wire), "INVITE sip:******5678@pbx SIP/2.0 | Call-ID: ab | CSeq: 2 INVITE");
    }
}
