//! The peer's re-INVITE (RFC 3261 14.2), and the answers to offers of ours.

use std::time::{Duration, Instant};

use super::build::{SDP, SUPPORTED};
use super::call::{Change, ClientUse, Unacked};
use super::event::{CallId, EndedBy, Event, HangupReason};
use super::outgoing::sdp_body;
use super::timer::UaTimer;
use super::update::ends_dialog;
use super::{ClientFailure, UserAgent};
use crate::dialog::Role;
use crate::message::{HeaderName, Request, Response};
use crate::transaction::TransactionId;

impl UserAgent {
    pub(crate) fn peer_reinvite(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(tag) = call.established().map(|established| established.dialog.id.remote_tag.clone()) else {
            // A second INVITE before the first one is answered (14.2).
            let mut response = self.response(request, 500, "");
            response.headers.push(HeaderName::RETRY_AFTER, "5");
            self.layer.respond(tx, &response, now);
            return;
        };
        if let Some(code) = call.offer_refusal(&tag) {
            self.refuse_offer(tx, request, code, now);
            return;
        }
        call.take_allow(&request.headers);
        if let Some(min) = call.session.objection(&request.headers) {
            self.refuse_short_session(tx, request, min, now);
            return;
        }
        let (wish, capabilities) = (call.wish, call.capabilities.clone());
        let mut session = call.session;
        // Who sends the next INVITE has the answer to the last one: a lost ACK no longer matters.
        let confirmed = call
            .established()
            .and_then(|established| established.unacked.take())
            .is_some_and(|unacked| unacked.initial);
        let agreed = match sdp_body(&request.headers, &request.body) {
            Some(offer) => {
                call.answer_offer(&tag, offer).map(|(body, media, changed)| (body, Some((media, changed))))
            }
            None => capabilities
                .and_then(|capabilities| call.negotiator.offer(&capabilities, wish).ok())
                .map(|offer| (offer, None)),
        };
        let Some((body, media)) = agreed else {
            // T.38 among others: the call goes on as it is.
            self.acknowledged(id, confirmed);
            self.refuse(tx, request, 488, now);
            return;
        };
        let Some(established) = call.established() else { return };
        established.dialog.refresh_target(&request.headers);
        let dialog = established.dialog.clone();
        self.acknowledged(id, confirmed);
        let mut response = self.dialog_response(request, 200, &dialog, account);
        response.headers.push(HeaderName::ALLOW, self.allow());
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        session.answer(&request.headers, &mut response.headers);
        response.headers.push(HeaderName::CONTENT_TYPE, SDP);
        response.body = body;
        if let Some(call) = self.calls.get_mut(&id) {
            call.session = session;
        }
        self.session_refreshed(id, now);
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.seq);
        let interval = self.config.timers.t1;
        let offered = media.is_none();
        self.send_2xx(
            id,
            Unacked { transaction: tx, cseq, response, interval, offered, initial: false },
            now,
        );
        if let Some((media, true)) = media {
            self.events.push_back(Event::MediaChanged { call: id, media });
        }
    }

    fn acknowledged(&mut self, id: CallId, confirmed: bool) {
        self.timers.stop(UaTimer::Repeat2xx(id));
        self.timers.stop(UaTimer::AckGiveUp(id));
        if confirmed {
            self.events.push_back(Event::Confirmed { call: id });
        }
    }

    pub(crate) fn reinvite_response(
        &mut self,
        id: CallId,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        match response.code {
            100..=199 => {}
            200..=299 => self.reinvite_accepted(id, tx, response, now),
            _ => {
                if let Some(ClientUse::Reinvite { dialog, .. }) = self.uses.get(&tx) {
                    let tag = dialog.id.remote_tag.clone();
                    self.offer_refused(id, &tag, tx, response, now);
                }
            }
        }
    }

    fn reinvite_accepted(&mut self, id: CallId, tx: TransactionId, response: &Response, now: Instant) {
        let records = self.acks.entry(tx).or_default();
        if let Some(record) = records.first() {
            let (flow, bytes) = (record.flow, record.bytes.clone());
            self.layer.send(flow, bytes);
            return;
        }
        let Some(ClientUse::Reinvite { dialog, .. }) = self.uses.get(&tx) else { return };
        let mut dialog = dialog.clone();
        dialog.refresh_target(&response.headers);
        let Some((invite, _)) = self.layer.sent_request(tx) else { return };
        let invite = invite.clone();
        self.acknowledge(tx, &invite, &dialog, None);
        let tag = dialog.id.remote_tag;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(established) = call.established() else { return };
        established.dialog.refresh_target(&response.headers);
        call.take_allow(&response.headers);
        call.session.accepted(&response.headers);
        self.session_refreshed(id, now);
        self.offer_answered(id, &tag, tx, response, now);
    }

    /// A 2xx to an offer of ours inside a dialog.
    pub(crate) fn offer_answered(
        &mut self,
        id: CallId,
        tag: &str,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(exchange) = call.exchange(tag) else { return };
        let Some(own) = exchange.own_offer.take_if(|own| own.transaction == Some(tx)) else { return };
        let mut negotiator = exchange.negotiator.clone();
        let answer = sdp_body(&response.headers, &response.body).map(|body| negotiator.answer_received(body));
        let Some(Ok(media)) = answer else {
            *exchange.own_offer = Some(own);
            self.offer_failed(id, tag, None, now);
            return;
        };
        let changed = exchange.media.as_ref() != Some(&media);
        *exchange.media = Some(media.clone());
        *exchange.negotiator = negotiator;
        if let Change::Direction(direction) = own.change {
            call.wish = direction;
        }
        if let Some(incoming) = call.incoming() {
            incoming.early_body = None;
        }
        if changed || !matches!(own.change, Change::Refresh) {
            self.media_agreed(id, tag, media);
        }
    }

    /// A refusal of an offer of ours inside a dialog.
    pub(crate) fn offer_refused(
        &mut self,
        id: CallId,
        tag: &str,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        let draw = self.random.next_u64();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut end = call.end(EndedBy::Remote);
        let established = call.established().is_some();
        let raised = response.code == 422 && call.session.too_small(&response.headers);
        let Some(exchange) = call.exchange(tag) else { return };
        let role = exchange.dialog.role;
        let Some(offer) = exchange.own_offer.as_mut().filter(|offer| offer.transaction == Some(tx)) else {
            return;
        };
        offer.transaction = None;
        match response.code {
            401 | 407 if offer.tries.may_retry(response) => {
                let entry = account.and_then(|account| self.accounts.get_mut(account.0 as usize));
                if entry.is_some_and(|entry| entry.call_auth.learn(response, &entry.config)) {
                    self.send_offer(id, tag, now);
                } else {
                    self.offer_failed(id, tag, Some(response.code), now);
                }
            }
            422 if raised => self.send_offer(id, tag, now),
            // Glare (RFC 3261 14.1, RFC 3311 5.3): the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s, in
            // steps of 10 ms.
            491 if offer.glares < MAX_GLARES => {
                offer.glares += 1;
                let steps = match role {
                    Role::Uac => 210 + draw % 191,
                    Role::Uas => draw % 201,
                };
                exchange.negotiator.rollback();
                self.timers.set(UaTimer::Glare(id), now + Duration::from_millis(steps * 10));
            }
            // The peer's own offer was still open (RFC 3311 5.2).
            500 if offer.glares < MAX_GLARES && response.headers.retry_after().is_some_and(|s| s <= 10) => {
                offer.glares += 1;
                let seconds = response.headers.retry_after().unwrap_or(0);
                exchange.negotiator.rollback();
                self.timers.set(UaTimer::Glare(id), now + Duration::from_secs(u64::from(seconds)));
            }
            code if established && ends_dialog(code) => {
                end.take_response(response);
                self.leave(id, HangupReason::Failure, end, now);
            }
            code => self.offer_failed(id, tag, Some(code), now),
        }
    }

    pub(crate) fn reinvite_unanswered(
        &mut self,
        id: CallId,
        tag: &str,
        failure: ClientFailure,
        now: Instant,
    ) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let end = call.end(EndedBy::Timeout);
        match failure {
            // No answer inside a dialog ends it (12.2.1.2).
            ClientFailure::Timeout => self.leave(id, HangupReason::Failure, end, now),
            // A broken connection does not: the media may well go on.
            ClientFailure::Transport => self.offer_failed(id, tag, None, now),
        }
    }

    /// An offer of ours came to nothing; what was agreed before stays in force.
    pub(crate) fn offer_failed(&mut self, id: CallId, tag: &str, code: Option<u16>, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(exchange) = call.exchange(tag) else { return };
        let Some(own) = exchange.own_offer.take() else { return };
        exchange.negotiator.rollback();
        self.timers.stop(UaTimer::Glare(id));
        match own.change {
            Change::Refresh => {
                self.refresh_failed(id, now);
                return;
            }
            Change::Capabilities(before) => call.capabilities = before.map(|before| *before),
            Change::Direction(_) => {}
        }
        self.events.push_back(Event::HoldFailed { call: id, code });
    }
}

const MAX_GLARES: u8 = 5;
