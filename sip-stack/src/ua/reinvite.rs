//! The peer's re-INVITE (RFC 3261 14.2) and answers to ours.

use std::time::{Duration, Instant};

use super::build::{ALLOW, SDP, SUPPORTED};
use super::call::{ClientUse, Phase, Unacked};
use super::event::{CallId, EndedBy, Event, HangupReason};
use super::outgoing::sdp_body;
use super::timer::UaTimer;
use super::{ClientFailure, UserAgent};
use crate::dialog::Role;
use crate::message::{HeaderName, Request, Response};
use crate::transaction::TransactionId;

impl UserAgent {
    pub(crate) fn peer_reinvite(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut negotiator = call.negotiator.clone();
        let capabilities = call.capabilities.clone();
        let Phase::Established(established) = &mut call.phase else {
            // A second INVITE before the first one is answered (14.2).
            let mut response = self.response(request, 500, "");
            response.headers.push(HeaderName::RETRY_AFTER, "5");
            self.layer.respond(tx, &response, now);
            return;
        };
        if established.own_offer.as_ref().is_some_and(|offer| offer.transaction.is_some()) {
            self.refuse(tx, request, 491, now);
            return;
        }
        if established.unacked.as_ref().is_some_and(|unacked| unacked.offered) {
            self.refuse(tx, request, 491, now);
            return;
        }
        // Who sends the next INVITE has the answer to the last one: a lost ACK no longer matters.
        let confirmed = established.unacked.take().is_some_and(|unacked| unacked.initial);
        let wish = established.wish;
        let offer = sdp_body(&request.headers, &request.body);
        let agreed = capabilities.and_then(|capabilities| match offer {
            Some(offer) => {
                negotiator.offer_received(offer).ok()?;
                negotiator.answer(&capabilities).ok().map(|(answer, media)| (answer, Some(media)))
            }
            None => negotiator.offer(&capabilities, wish).ok().map(|offer| (offer, None)),
        });
        let Some((body, media)) = agreed else {
            // T.38 among others: the call goes on as it is.
            call.saw_t38 |= negotiator.saw_t38();
            self.acknowledged(id, confirmed);
            self.refuse(tx, request, 488, now);
            return;
        };
        established.dialog.refresh_target(&request.headers);
        let dialog = established.dialog.clone();
        let changed = media.clone().filter(|media| established.media.as_ref() != Some(media));
        if let Some(media) = &media {
            established.media = Some(media.clone());
        }
        call.saw_t38 |= negotiator.saw_t38();
        call.negotiator = negotiator;
        self.acknowledged(id, confirmed);
        let mut response = self.dialog_response(request, 200, &dialog, account);
        response.headers.push(HeaderName::ALLOW, ALLOW);
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        response.headers.push(HeaderName::CONTENT_TYPE, SDP);
        response.body = body;
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.seq);
        let interval = self.config.timers.t1;
        let offered = media.is_none();
        self.send_2xx(
            id,
            Unacked { transaction: tx, cseq, response, interval, offered, initial: false },
            now,
        );
        if let Some(media) = changed {
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
            200..=299 => self.reinvite_accepted(id, tx, response),
            _ => self.reinvite_refused(id, tx, response, now),
        }
    }

    fn reinvite_accepted(&mut self, id: CallId, tx: TransactionId, response: &Response) {
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
        self.acknowledge(tx, &invite, &dialog);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let mut negotiator = call.negotiator.clone();
        let Some(established) = call.established() else { return };
        let own = established.own_offer.take();
        established.dialog.refresh_target(&response.headers);
        let answer = sdp_body(&response.headers, &response.body).map(|body| negotiator.answer_received(body));
        let Some(Ok(media)) = answer else {
            call.negotiator.rollback();
            self.events.push_back(Event::HoldFailed { call: id, code: None });
            return;
        };
        established.media = Some(media.clone());
        if let Some(own) = own {
            established.wish = own.direction;
        }
        call.negotiator = negotiator;
        self.events.push_back(Event::MediaChanged { call: id, media });
    }

    fn reinvite_refused(&mut self, id: CallId, tx: TransactionId, response: &Response, now: Instant) {
        let draw = self.random.next_u64();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut end = call.end(EndedBy::Remote);
        let Some(established) = call.established() else { return };
        let Some(offer) = established.own_offer.as_mut().filter(|offer| offer.transaction == Some(tx)) else {
            return;
        };
        offer.transaction = None;
        match response.code {
            401 | 407 if offer.tries.may_retry(response) => {
                let entry = account.and_then(|account| self.accounts.get_mut(account.0 as usize));
                if entry.is_some_and(|entry| entry.call_auth.learn(response, &entry.config)) {
                    self.send_reinvite(id, now);
                } else {
                    self.offer_failed(id, Some(response.code));
                }
            }
            // Glare (14.1): the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms.
            491 if offer.glares < MAX_GLARES => {
                offer.glares += 1;
                let steps = match established.dialog.role {
                    Role::Uac => 210 + draw % 191,
                    Role::Uas => draw % 201,
                };
                self.timers.set(UaTimer::Glare(id), now + Duration::from_millis(steps * 10));
                call.negotiator.rollback();
            }
            // The peer has no such dialog (12.2.1.2).
            408 | 481 => {
                end.take_response(response);
                self.leave(id, HangupReason::Failure, end, now);
            }
            code => self.offer_failed(id, Some(code)),
        }
    }

    pub(crate) fn reinvite_unanswered(&mut self, id: CallId, failure: ClientFailure, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let end = call.end(EndedBy::Timeout);
        match failure {
            // No answer inside a dialog ends it (12.2.1.2).
            ClientFailure::Timeout => self.leave(id, HangupReason::Failure, end, now),
            // A broken connection does not: the media may well go on.
            ClientFailure::Transport => self.offer_failed(id, None),
        }
    }

    pub(crate) fn offer_failed(&mut self, id: CallId, code: Option<u16>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.negotiator.rollback();
        if let Some(established) = call.established() {
            established.own_offer = None;
        }
        self.timers.stop(UaTimer::Glare(id));
        self.events.push_back(Event::HoldFailed { call: id, code });
    }
}

const MAX_GLARES: u8 = 5;
