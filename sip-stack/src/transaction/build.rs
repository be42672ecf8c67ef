//! Requests that a transaction builds itself: CANCEL and the ACK of a non-2xx final.

use crate::message::{CSeq, HeaderName, Headers, Method, Request, Response};

/// The ACK of a non-2xx final (RFC 3261 17.1.1.3): everything of the INVITE but To, which is the response's.
pub(super) fn ack_for_final(invite: &Request, response: &Response) -> Request {
    let mut ack = derived(invite, Method::Ack);
    if let Some(to) = response.headers.get(&HeaderName::TO) {
        ack.headers.set(HeaderName::TO, to);
    }
    ack
}

/// The CANCEL of an INVITE (RFC 3261 9.1), with headers like Reason added.
pub(super) fn cancel_for(invite: &Request, extra: &Headers) -> Request {
    let mut cancel = derived(invite, Method::Cancel);
    for (name, value) in extra.iter() {
        cancel.headers.push(name.clone(), value);
    }
    cancel
}

fn derived(invite: &Request, method: Method) -> Request {
    let mut headers = Headers::new();
    if let Some(via) = invite.headers.get(&HeaderName::VIA) {
        headers.push(HeaderName::VIA, via);
    }
    headers.push(HeaderName::MAX_FORWARDS, "70");
    for name in [HeaderName::FROM, HeaderName::TO, HeaderName::CALL_ID] {
        if let Some(value) = invite.headers.get(&name) {
            headers.push(name, value);
        }
    }
    let number = invite.headers.cseq().map_or(0, |cseq| cseq.seq);
    headers.push(HeaderName::CSEQ, CSeq::new(number, method.clone()).to_string());
    for route in invite.headers.get_all(&HeaderName::ROUTE) {
        headers.push(HeaderName::ROUTE, route);
    }
    if let Some(agent) = invite.headers.get(&HeaderName::USER_AGENT) {
        headers.push(HeaderName::USER_AGENT, agent);
    }
    headers.push(HeaderName::CONTENT_LENGTH, "0");
    Request { method, uri: invite.uri.clone(), headers, body: Vec::new() }
}
