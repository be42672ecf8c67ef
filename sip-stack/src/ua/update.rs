//! UPDATE (RFC 3311): the peer's, ours before the answer, and ours that only refreshes the session (RFC 4028 7.4).

use std::time::Instant;

use super::auth::AuthTries;
use super::build::{SDP, SUPPORTED};
use super::call::{Call, ClientUse, Phase, Refresh};
use super::event::{CallId, EndedBy, Event, HangupReason};
use super::outgoing::sdp_body;
use super::receive::dialog_id;
use super::{ClientFailure, UserAgent};
use crate::message::{HeaderName, Method, Request, Response};
use crate::sdp::Negotiated;
use crate::transaction::TransactionId;

impl UserAgent {
    /// The peer's UPDATE: a target refresh, with or without an offer.
    pub(crate) fn peer_update(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let Some(tag) = dialog_id(request).map(|dialog| dialog.remote_tag) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        call.take_allow(&request.headers);
        if let Some(min) = call.session.objection(&request.headers) {
            self.refuse_short_session(tx, request, min, now);
            return;
        }
        let offer = sdp_body(&request.headers, &request.body);
        let refusal = offer.and_then(|_| call.offer_refusal(&tag));
        if let Some(code) = refusal {
            self.refuse_offer(tx, request, code, now);
            return;
        }
        let answered = offer.map(|offer| call.answer_offer(&tag, offer));
        if answered == Some(None) {
            self.refuse(tx, request, 488, now);
            return;
        }
        let Some(exchange) = call.exchange(&tag) else { return };
        exchange.dialog.refresh_target(&request.headers);
        let dialog = exchange.dialog.clone();
        let mut session = call.session;
        let established = call.established().is_some();
        let mut response = self.dialog_response(request, 200, &dialog, account);
        response.headers.push(HeaderName::ALLOW, self.allow());
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        if established {
            session.answer(&request.headers, &mut response.headers);
            if let Some(call) = self.calls.get_mut(&id) {
                call.session = session;
            }
            self.session_refreshed(id, now);
        }
        if let Some(Some((body, media, changed))) = answered {
            response.headers.push(HeaderName::CONTENT_TYPE, SDP);
            response.body = body;
            if changed {
                self.media_agreed(id, &tag, media);
            }
        }
        self.layer.respond(tx, &response, now);
    }

    /// Refuses an offer that came at the wrong time (RFC 3311 5.2, RFC 3261 14.2).
    pub(crate) fn refuse_offer(&mut self, tx: TransactionId, request: &Request, code: u16, now: Instant) {
        if code != 500 {
            self.refuse(tx, request, code, now);
            return;
        }
        let mut response = self.response(request, code, "");
        response.headers.push(HeaderName::RETRY_AFTER, self.random.below(11).to_string());
        self.counters.refused += 1;
        self.layer.respond(tx, &response, now);
    }

    /// 422: the session interval is too short for us (RFC 4028 9).
    pub(crate) fn refuse_short_session(
        &mut self,
        tx: TransactionId,
        request: &Request,
        min: u32,
        now: Instant,
    ) {
        let mut response = self.response(request, 422, "Session Interval Too Small");
        response.headers.push(HeaderName::MIN_SE, min.to_string());
        self.counters.refused += 1;
        self.layer.respond(tx, &response, now);
    }

    /// Tells that an exchange inside the dialog changed the media.
    pub(crate) fn media_agreed(&mut self, id: CallId, tag: &str, media: Negotiated) {
        match self.calls.get(&id).map(|call| &call.phase) {
            Some(Phase::Established(_)) => self.events.push_back(Event::MediaChanged { call: id, media }),
            Some(Phase::Incoming(_)) => self.events.push_back(Event::EarlyMedia { call: id, media }),
            Some(Phase::Outgoing(_)) => self.early_media_heard(id, tag, media),
            None => {}
        }
    }

    /// Refreshes the session with an UPDATE that carries no offer.
    pub(crate) fn send_refresh(&mut self, id: CallId, now: Instant) {
        let tries = self.calls.get_mut(&id).and_then(Call::established).and_then(|e| e.refresh.take());
        let tries = tries.map_or_else(AuthTries::default, |refresh| refresh.tries);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let session = call.session;
        let Some(established) = call.established() else { return };
        let mut request = established.dialog.request(Method::Update);
        let tag = established.dialog.id.remote_tag.clone();
        let hop = established.dialog.next_hop();
        let contact = self.contact(account, None, hop);
        request.headers.push(HeaderName::CONTACT, contact);
        request.headers.push(HeaderName::ALLOW, self.allow());
        request.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        session.ask(&mut request.headers);
        self.authorize(account, &mut request);
        let (transaction, _) = self.send_request(request, hop, ClientUse::Update { call: id, tag }, now);
        if let Some(established) = self.calls.get_mut(&id).and_then(Call::established) {
            established.refresh = Some(Refresh { transaction, tries });
        }
    }

    pub(crate) fn update_response(
        &mut self,
        id: CallId,
        tag: &str,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        if response.code < 200 {
            return;
        }
        let refresh = self.calls.get_mut(&id).and_then(Call::established).and_then(|e| e.refresh.as_mut());
        if refresh.is_some_and(|refresh| refresh.transaction == tx) {
            self.refresh_response(id, response, now);
        } else if (200..300).contains(&response.code) {
            if let Some(exchange) = self.calls.get_mut(&id).and_then(|call| call.exchange(tag)) {
                exchange.dialog.refresh_target(&response.headers);
            }
            self.offer_answered(id, tag, tx, response, now);
        } else {
            self.offer_refused(id, tag, tx, response, now);
        }
    }

    fn refresh_response(&mut self, id: CallId, response: &Response, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut end = call.end(EndedBy::Remote);
        let raised = response.code == 422 && call.session.too_small(&response.headers);
        let Some(established) = call.established() else { return };
        let Some(refresh) = established.refresh.as_mut() else { return };
        match response.code {
            200..=299 => {
                established.refresh = None;
                established.dialog.refresh_target(&response.headers);
                call.take_allow(&response.headers);
                call.session.accepted(&response.headers);
                self.session_refreshed(id, now);
                return;
            }
            422 if raised => {
                self.send_refresh(id, now);
                return;
            }
            401 | 407 if refresh.tries.may_retry(response) => {
                let entry = account.and_then(|account| self.accounts.get_mut(account.0 as usize));
                if entry.is_some_and(|entry| entry.call_auth.learn(response, &entry.config)) {
                    self.send_refresh(id, now);
                    return;
                }
            }
            // Its Allow promised too much.
            405 | 501 => {
                established.refresh = None;
                call.peer_allows_update = false;
                self.refresh_session(id, now);
                return;
            }
            code if ends_dialog(code) => {
                end.take_response(response);
                self.leave(id, HangupReason::Failure, end, now);
                return;
            }
            _ => {}
        }
        if let Some(established) = self.calls.get_mut(&id).and_then(Call::established) {
            established.refresh = None;
        }
        self.refresh_failed(id, now);
    }

    pub(crate) fn update_unanswered(
        &mut self,
        id: CallId,
        tag: &str,
        tx: TransactionId,
        failure: ClientFailure,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let end = call.end(EndedBy::Timeout);
        let Some(established) = call.established() else {
            // The INVITE itself decides about the call.
            self.offer_failed(id, tag, None, now);
            return;
        };
        if failure == ClientFailure::Timeout {
            self.leave(id, HangupReason::Failure, end, now);
        } else if established.refresh.take_if(|refresh| refresh.transaction == tx).is_some() {
            self.refresh_failed(id, now);
        } else {
            self.offer_failed(id, tag, None, now);
        }
    }
}

impl Call {
    /// Why an offer of the peer inside this dialog cannot be answered now (RFC 3311 5.2): 491 while an offer of ours is
    /// open, 500 while one of the peer's waits for our answer.
    pub(crate) fn offer_refusal(&mut self, tag: &str) -> Option<u16> {
        let ours = matches!(&self.phase, Phase::Established(established)
            if established.unacked.as_ref().is_some_and(|unacked| unacked.offered));
        let offered = match &self.phase {
            Phase::Incoming(incoming) => incoming.offered,
            Phase::Outgoing(_) | Phase::Established(_) => false,
        };
        let exchange = self.exchange(tag)?;
        let open = exchange.own_offer.as_ref().is_some_and(|own| own.transaction.is_some());
        match exchange.settled {
            _ if ours || open => Some(491),
            true => None,
            false => Some(if offered { 500 } else { 491 }),
        }
    }

    /// Answers an offer inside this dialog: the answer, what is agreed, and whether that is new. `None`: 488; the call
    /// goes on as it is.
    pub(crate) fn answer_offer(&mut self, tag: &str, offer: &[u8]) -> Option<(Vec<u8>, Negotiated, bool)> {
        let capabilities = self.capabilities.clone()?;
        let exchange = self.exchange(tag)?;
        let mut negotiator = exchange.negotiator.clone();
        let taken = negotiator.offer_received(offer);
        let saw_t38 = negotiator.saw_t38();
        let agreed = taken.and_then(|()| negotiator.answer(&capabilities));
        let result = agreed.ok().map(|(body, media)| {
            let changed = exchange.media.as_ref() != Some(&media);
            *exchange.media = Some(media.clone());
            *exchange.negotiator = negotiator;
            (body, media, changed)
        });
        self.saw_t38 |= saw_t38;
        if let (Some(_), Some(incoming)) = (&result, self.incoming()) {
            // Another description took the place of the one that the 2xx would repeat.
            incoming.early_body = None;
        }
        result
    }
}

/// Answers to a request inside a dialog that say that the peer has no such dialog, or that it cannot be reached by it
/// any more (RFC 3261 12.2.1.2, RFC 5057 5.1). Whatever else is refused leaves the call as it was.
pub(crate) fn ends_dialog(code: u16) -> bool {
    matches!(code, 404 | 408 | 410 | 416 | 481 | 482 | 483 | 484 | 485 | 502 | 604)
}
