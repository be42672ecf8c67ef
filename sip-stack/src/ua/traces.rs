//! What went over the wire: kept while the user agent works, given out to be looked at.

use std::net::SocketAddr;
use std::time::Instant;

use super::UserAgent;
use super::event::AccountId;
use crate::message::{HeaderName, percent_decode};
use crate::trace::{Trace, TracedMessage, log};
use crate::transport::{Flow, Transmit};

impl UserAgent {
    /// The messages of a Call-ID, if any are kept ([`UaConfig::trace`](super::UaConfig::trace)).
    pub fn trace(&self, sip_call_id: &str) -> Option<Trace> {
        self.traces.as_ref()?.get(sip_call_id)
    }

    /// Those of other dialogs that this one names or that name it: by Replaces (RFC 3891), or by the Replaces of a
    /// Refer-To, as in an attended transfer.
    pub fn related_traces(&self, sip_call_id: &str) -> Vec<Trace> {
        let Some(traces) = &self.traces else { return Vec::new() };
        let named = |messages: &mut dyn Iterator<Item = &TracedMessage>| -> Vec<String> {
            messages.flat_map(|message| named_dialogs(&message.bytes)).collect()
        };
        let own = self.trace(sip_call_id).map(|trace| named(&mut trace.messages.iter())).unwrap_or_default();
        let related = traces.all().filter(|(other, ..)| *other != sip_call_id);
        let related = related.filter_map(|(other, _, mut messages)| {
            let known = own.iter().any(|name| name == other)
                || named(&mut messages).iter().any(|name| name == sip_call_id);
            known.then(|| traces.get(other)).flatten()
        });
        related.collect()
    }

    /// Everything else of an account: its REGISTER and OPTIONS, what its exchange asked, calls that came in. The
    /// oldest first.
    pub fn account_traces(&self, account: AccountId) -> Vec<Trace> {
        let (Some(traces), Some(entry)) = (&self.traces, self.accounts.get(account.0 as usize)) else {
            return Vec::new();
        };
        let from_exchange = |message: &TracedMessage| {
            entry.trunk.flows().iter().any(|flow| flow.peer.ip() == message.flow.peer.ip())
        };
        let belongs = traces.all().filter(|(_, of, messages)| match of {
            Some(of) => *of == account,
            None => messages.clone().any(from_exchange),
        });
        let mut found: Vec<Trace> = belongs.filter_map(|(call_id, ..)| traces.get(call_id)).collect();
        found.sort_by_key(|trace| trace.messages.first().map(|message| message.at));
        found
    }

    /// Bytes that kept messages take, the tables counted roughly.
    pub fn traced_bytes(&self) -> usize {
        self.traces.as_ref().map_or(0, |traces| traces.bytes())
    }

    pub(crate) fn note_received(&mut self, now: Instant, flow: Flow, local: SocketAddr, bytes: &[u8]) {
        log::received(flow, bytes);
        if self.traces.is_none() {
            return;
        }
        let local = if local.ip().is_unspecified() { self.local_addr(flow) } else { local };
        if let Some(traces) = &mut self.traces {
            traces.pass(now);
            traces.record(false, flow, local, bytes);
        }
    }

    pub(crate) fn note_sent(&mut self, transmit: &Transmit) {
        log::sent(transmit);
        if self.traces.is_none() {
            return;
        }
        let flow = Flow { transport: transmit.transport, peer: transmit.destination };
        let local = self.local_addr(flow);
        if let Some(traces) = &mut self.traces {
            traces.record(true, flow, local, &transmit.bytes);
        }
    }

    pub(crate) fn trace_call(&mut self, sip_call_id: &str, account: Option<AccountId>) {
        if let Some(traces) = &mut self.traces {
            traces.begin(sip_call_id, account);
        }
    }

    pub(crate) fn trace_call_end(&mut self, sip_call_id: &str) {
        if let Some(traces) = &mut self.traces {
            traces.end(sip_call_id);
        }
    }

    pub(crate) fn trace_question(&mut self, sip_call_id: &str, account: AccountId) {
        if let Some(traces) = &mut self.traces {
            traces.ask(sip_call_id, account);
        }
    }
}

/// Call-IDs of other dialogs in an INVITE or REFER.
fn named_dialogs(message: &[u8]) -> Vec<String> {
    if !(message.starts_with(b"INVITE ") || message.starts_with(b"REFER ")) {
        return Vec::new();
    }
    let lines = message.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let values = lines.filter_map(|line| {
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::new(name.trim());
        if name == HeaderName::REPLACES {
            Some(value.to_owned())
        } else if name == HeaderName::REFER_TO {
            let (_, headers) = value.split_once('?')?;
            headers.split(['&', '>']).find_map(|header| {
                let (name, value) = header.split_once('=')?;
                name.eq_ignore_ascii_case("Replaces").then(|| percent_decode(value))
            })
        } else {
            None
        }
    });
    values.filter_map(|value| Some(value.split(';').next()?.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialogs_that_a_request_names() {
        let invite = b"INVITE sip:h SIP/2.0\r\nreplaces: a@b ;to-tag=1;from-tag=2\r\n\r\nReplaces: body";
        assert_eq!(named_dialogs(invite), ["a@b"]);
        let refer = b"REFER sip:h SIP/2.0\r\nr: <sip:x@h?A=b&Replaces=a%40b%3Bto-tag%3D1>\r\n\r\n";
        assert_eq!(named_dialogs(refer), ["a@b"]);
        assert!(named_dialogs(b"BYE sip:h SIP/2.0\r\nReplaces: a@b\r\n\r\n").is_empty());
    }
}
