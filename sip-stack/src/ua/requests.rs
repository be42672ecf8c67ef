//! Requests outside a dialog (RFC 3261 8.2, 11).

use std::time::Instant;

use super::UserAgent;
use super::build::{SDP, SUPPORTED, add_headers};
use super::event::{Event, Reply, RequestId};
use super::timer::UaTimer;
use crate::message::{HeaderName, Method, Request, Uri};
use crate::transaction::TransactionId;
use crate::transport::Flow;

impl UserAgent {
    pub(crate) fn out_of_dialog_request(
        &mut self,
        tx: TransactionId,
        request: Request,
        source: Flow,
        now: Instant,
    ) {
        if matches!(request.uri, Uri::Other { .. }) {
            self.refuse(tx, &request, 416, now);
            return;
        }
        // A To tag names a dialog that we do not have (12.2.2).
        if request.headers.to().is_ok_and(|to| to.tag().is_some()) && !polite_notify(&request) {
            self.refuse(tx, &request, 481, now);
            return;
        }
        if request.method != Method::Invite && self.config.accept.contains(&request.method) {
            self.hand_out(tx, request, source, now);
            return;
        }
        if request.method != Method::Invite && !self.unsupported(&request).is_empty() {
            self.refuse(tx, &request, 420, now);
            return;
        }
        match &request.method {
            Method::Invite => self.incoming_invite(tx, request, source, now),
            Method::Options => self.answer_options(tx, &request, now),
            // The REFER that it is about is long over, or was never ours (RFC 6665 4.1.3).
            Method::Notify if !polite_notify(&request) => self.refuse(tx, &request, 481, now),
            // Exchanges report waiting messages without being asked; a 200 keeps them from repeating it.
            Method::Notify => self.refuse(tx, &request, 200, now),
            Method::Bye | Method::Prack | Method::Update | Method::Info => {
                self.refuse(tx, &request, 481, now)
            }
            // A 200 would say that somebody was shown the message (RFC 3428 7); the 405 keeps it from coming again.
            Method::Message | Method::Publish | Method::Refer | Method::Register | Method::Subscribe => {
                self.refuse(tx, &request, 405, now);
            }
            Method::Ack | Method::Cancel => {}
            Method::Other(_) => self.refuse(tx, &request, 501, now),
        }
    }

    /// Answers an [`Event::Request`]. Unknown and already answered ids are ignored.
    pub fn respond(&mut self, request: RequestId, reply: Reply, now: Instant) {
        let Some(tx) = self.requests.get(&request).copied() else { return };
        let code = if (100..700).contains(&reply.code) { reply.code } else { 500 };
        let Some((received, _)) = self.layer.received_request(tx) else { return };
        let received = received.clone();
        let mut response = self.response(&received, code, reply.reason.as_deref().unwrap_or(""));
        add_headers(&mut response.headers, &reply.headers);
        response.body = reply.body;
        if code >= 200 {
            self.requests.remove(&request);
            self.timers.stop(UaTimer::AppAnswer(request));
        }
        self.layer.respond(tx, &response, now);
        self.pump(now);
    }

    /// The owner said nothing for 64*T1: nobody waits for the answer any more, but the transaction must end.
    pub(crate) fn app_answer_missing(&mut self, id: RequestId, now: Instant) {
        self.respond(id, Reply::new(500), now);
    }

    pub(crate) fn answer_options(&mut self, tx: TransactionId, request: &Request, now: Instant) {
        let busy = self.calls.len() >= self.config.max_calls;
        // The answer an INVITE would get (11.2).
        let mut response = self.response(request, if busy { 486 } else { 200 }, "");
        response.headers.push(HeaderName::ALLOW, self.allow());
        response.headers.push(HeaderName::ACCEPT, SDP);
        response.headers.push(HeaderName::ACCEPT_ENCODING, "identity");
        response.headers.push(HeaderName::ACCEPT_LANGUAGE, "ja, en");
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        self.layer.respond(tx, &response, now);
    }

    fn hand_out(&mut self, tx: TransactionId, request: Request, source: Flow, now: Instant) {
        let id = RequestId(self.fresh_serial());
        self.requests.insert(id, tx);
        self.timers.set(UaTimer::AppAnswer(id), now + self.config.timers.give_up());
        self.events.push_back(Event::Request { id, request: Box::new(request), source: source.peer });
    }
}

/// A NOTIFY without a subscription that is none the worse for a 200.
fn polite_notify(request: &Request) -> bool {
    request.method == Method::Notify && request.headers.event().is_none_or(|event| event.package != "refer")
}
