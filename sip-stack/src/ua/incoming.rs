//! Incoming calls up to the ACK (RFC 3261 13.3), and the CANCEL that withdraws them (9.2).

use std::time::Instant;

use super::UserAgent;
use super::build::{SDP, SUPPORTED, add_headers};
use super::call::{Call, Established, Incoming, Phase, Unacked};
use super::event::{CallId, EndedBy, Event, HangupReason, Rejection};
use super::outgoing::sdp_body;
use super::receive::dialog_id;
use super::reliable::{Description, Reliable};
use super::session::Session;
use super::timer::UaTimer;
use super::usages::Usages;
use crate::dialog::Dialog;
use crate::message::{HeaderName, Request, Response, Uri};
use crate::sdp::{Capabilities, Direction, NegotiationError, Negotiator};
use crate::transaction::TransactionId;
use crate::transport::Flow;

impl UserAgent {
    pub(crate) fn incoming_invite(
        &mut self,
        tx: TransactionId,
        request: Request,
        source: Flow,
        now: Instant,
    ) {
        let trying = self.response(&request, 100, "");
        self.layer.respond(tx, &trying, now);
        if let Some(code) = self.invite_objection(&request) {
            self.refuse_invite(tx, &request, code, now);
            return;
        }
        let replaces = match self.replaced_call(&request, source) {
            Ok(replaces) => replaces,
            Err(code) => return self.refuse_invite(tx, &request, code, now),
        };
        let account = self.account_for(&request, source);
        let entry = account.and_then(|id| self.accounts.get(id.0 as usize));
        let own_exchange = entry.is_some_and(|entry| entry.knows(source));
        let policy = entry.map(|entry| entry.config.session);
        let session = Session::new(policy.unwrap_or(self.config.session));
        if let Some(min) = session.objection(&request.headers) {
            self.refuse_short_session(tx, &request, min, now);
            return;
        }
        let tag = self.random.tag();
        // Our first request in the dialog: any number below 2**31 will do (8.1.1.5).
        let first_cseq = u32::try_from(self.random.below(1 << 16)).unwrap_or(0);
        let mut negotiator = Negotiator::new(self.random.next_u64() >> 2);
        let offer = sdp_body(&request.headers, &request.body);
        if let Some(offer) = offer
            && let Err(error) = negotiator.offer_received(offer)
        {
            let mut response = self.response(&request, error.status(), "");
            add_headers(&mut response.headers, self.warning(error).as_slice());
            self.counters.refused += 1;
            self.layer.respond(tx, &response, now);
            return;
        }
        let (Some(dialog), Ok(from), Ok(to)) = (
            Dialog::from_request(&request, &tag, first_cseq, source),
            request.headers.from(),
            request.headers.to(),
        ) else {
            self.refuse_invite(tx, &request, 400, now);
            return;
        };
        let id = CallId(self.fresh_serial());
        let reliable = Reliable::new(self.config.reliable, &request, self.random.next_u64());
        let sip_call_id = dialog.id.call_id.clone();
        let offered = offer.is_some();
        self.dialogs.insert(dialog.id.clone(), id);
        self.server_invites.insert(tx, id);
        self.arrived.insert((sip_call_id.clone(), id));
        let incoming = Incoming {
            transaction: tx,
            request: request.clone(),
            dialog,
            early_body: None,
            media: None,
            offered,
            settled: false,
            own_offer: None,
            reliable,
            last_provisional: None,
            held_answer: None,
        };
        let mut call = Call {
            account,
            sip_call_id: sip_call_id.clone(),
            capabilities: None,
            saw_t38: negotiator.saw_t38(),
            negotiator,
            phase: Phase::Incoming(Box::new(incoming)),
            wish: Direction::SendRecv,
            session,
            peer_allows_update: false,
            usages: Usages { replaces, ..Usages::default() },
            answered: false,
            ended: false,
        };
        call.take_allow(&request.headers);
        self.trace_call(&sip_call_id, account);
        self.calls.insert(id, call);
        self.events.push_back(Event::Incoming {
            call: id,
            account,
            from,
            to,
            request_uri: request.uri.clone(),
            sip_call_id,
            source: source.peer,
            own_exchange,
            offer: offered,
            replaces,
            request: Box::new(request),
        });
    }

    /// Answers an incoming call with 180, and again every minute until the call is answered. Left out where the caller
    /// insists on reliable answers to an INVITE without an offer: [`Self::early_media`] can make the offer.
    pub fn ring(&mut self, call: CallId, now: Instant) {
        self.send_provisional(call, 180, Description::Nothing, now);
        self.pump(now);
    }

    /// Answers with 183 and a session description, so that the caller hears us before the answer. An INVITE without
    /// an offer gets ours where the 183 is reliable ([`UaConfig::reliable`](super::UaConfig::reliable)), else a 183
    /// without one.
    pub fn early_media(&mut self, call: CallId, capabilities: &Capabilities, now: Instant) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let mut negotiator = entry.negotiator.clone();
        let Some(incoming) = entry.incoming() else { return };
        let mut description = Description::Nothing;
        let mut early = None;
        if let Some(body) = &incoming.early_body {
            // Said reliably it need not be said again.
            if !incoming.reliable.on {
                description = Description::Answer(body.clone());
            }
        } else if incoming.offered && incoming.media.is_none() {
            let (answer, media) = match negotiator.answer(capabilities) {
                Ok(agreed) => agreed,
                Err(error) => {
                    self.reject(call, self.not_acceptable(error), now);
                    return;
                }
            };
            incoming.early_body = Some(answer.clone());
            incoming.media = Some(media.clone());
            early = Some(media);
            description = Description::Answer(answer);
        } else if !incoming.offered
            && incoming.reliable.on
            && !incoming.settled
            && let Ok(offer) = negotiator.offer(capabilities, Direction::SendRecv)
        {
            incoming.early_body = Some(offer.clone());
            description = Description::Offer(offer);
        }
        if description != Description::Nothing {
            entry.negotiator = negotiator;
            entry.capabilities = Some(capabilities.clone());
        }
        self.send_provisional(call, 183, description, now);
        if let Some(media) = early {
            self.events.push_back(Event::EarlyMedia { call, media });
        }
        self.pump(now);
    }

    /// Answers an incoming call with 200; `Event::Answered` follows at once, `Event::Confirmed` with the ACK. Where
    /// the INVITE had no offer, both come with the ACK. A codec mismatch refuses the call with 488. Where a reliable
    /// 183 with a description waits for its PRACK, the 200 waits for it too (RFC 3262 5).
    pub fn answer(&mut self, call: CallId, capabilities: &Capabilities, now: Instant) {
        self.answer_call(call, capabilities, now);
        self.pump(now);
    }

    /// Whether the offer of a call that rings can be answered so. Nothing is sent and nothing changes.
    ///
    /// # Errors
    /// As [`Negotiator::answer`]; without an offer there is none.
    pub fn try_answer(&self, call: CallId, capabilities: &Capabilities) -> Result<(), NegotiationError> {
        let Some(call) = self.calls.get(&call) else { return Ok(()) };
        match &call.phase {
            Phase::Incoming(incoming) if incoming.offered && incoming.media.is_none() => {
                call.negotiator.clone().answer(capabilities).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Refuses an incoming call whose offer does not fit: 488 with a Warning that says why.
    pub fn reject_offer(&mut self, call: CallId, error: NegotiationError, now: Instant) {
        self.reject(call, self.not_acceptable(error), now);
    }

    /// Refuses an incoming call.
    pub fn reject(&mut self, call: CallId, rejection: Rejection, now: Instant) {
        self.reject_as(call, rejection, EndedBy::Local, now);
        self.pump(now);
    }

    pub(crate) fn reject_as(&mut self, call: CallId, rejection: Rejection, by: EndedBy, now: Instant) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let mut end = entry.end(by);
        let Some(incoming) = entry.incoming() else { return };
        let (tx, request, tag) =
            (incoming.transaction, incoming.request.clone(), incoming.dialog.id.local_tag.clone());
        let code = if (300..700).contains(&rejection.code) { rejection.code } else { 500 };
        let mut response = request.response(code, rejection.reason.as_deref().unwrap_or(""));
        response.headers.set_to_tag(&tag);
        response.headers.push(HeaderName::SERVER, self.config.user_agent.clone());
        add_headers(&mut response.headers, &rejection.headers);
        end.take_response(&response);
        self.layer.respond(tx, &response, now);
        self.finish_call(call, end);
    }

    pub(crate) fn answer_call(&mut self, id: CallId, capabilities: &Capabilities, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut negotiator = call.negotiator.clone();
        let Some(incoming) = call.incoming() else { return };
        if incoming.reliable.holds_answer() {
            incoming.held_answer = Some(capabilities.clone());
            return;
        }
        let agreed = match (incoming.media.clone(), incoming.offered) {
            (Some(media), _) => Ok((incoming.early_body.clone(), Some(media))),
            (None, true) => {
                negotiator.answer(capabilities).map(|(answer, media)| (Some(answer), Some(media)))
            }
            (None, false) => {
                negotiator.offer(capabilities, Direction::SendRecv).map(|offer| (Some(offer), None))
            }
        };
        let (body, media) = match agreed {
            Ok(agreed) => agreed,
            Err(error) => {
                self.reject(id, self.not_acceptable(error), now);
                return;
            }
        };
        let late_prack = incoming.reliable.outstanding(&incoming.request);
        let own_offer = incoming.own_offer.take();
        let (tx, request, dialog) = (incoming.transaction, incoming.request.clone(), incoming.dialog.clone());
        let mut response = self.dialog_response(&request, 200, &dialog, account);
        response.headers.push(HeaderName::ALLOW, self.allow());
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        if let Some(body) = body {
            response.headers.push(HeaderName::CONTENT_TYPE, SDP);
            response.body = body;
        }
        for timer in [UaTimer::Repeat1xx(id), UaTimer::PrackGiveUp(id), UaTimer::Progress(id)] {
            self.timers.stop(timer);
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.session.answer(&request.headers, &mut response.headers);
        call.negotiator = negotiator;
        call.capabilities = Some(capabilities.clone());
        call.answered = true;
        call.phase = Phase::Established(Box::new(Established {
            dialog,
            media: media.clone(),
            unacked: None,
            own_offer,
            refresh: None,
            late_prack,
            bye_after_ack: None,
        }));
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.seq);
        self.send_2xx(
            id,
            Unacked {
                transaction: tx,
                cseq,
                response,
                interval: self.config.timers.t1,
                offered: media.is_none(),
                initial: true,
            },
            now,
        );
        self.watch_call(id, now);
        if let Some(media) = media {
            self.events.push_back(Event::Answered { call: id, media });
        }
        self.end_replaced(id, now);
    }

    /// Sends a 2xx to an INVITE and repeats it until its ACK comes: from T1, doubling up to T2, for 64*T1
    /// (13.3.1.4). Over every transport, since a proxy further on may lose it.
    pub(crate) fn send_2xx(&mut self, id: CallId, unacked: Unacked, now: Instant) {
        self.layer.respond(unacked.transaction, &unacked.response, now);
        self.timers.set(UaTimer::Repeat2xx(id), now + unacked.interval);
        self.timers.set(UaTimer::AckGiveUp(id), now + self.config.timers.give_up());
        if let Some(established) = self.calls.get_mut(&id).and_then(Call::established) {
            established.unacked = Some(unacked);
        }
    }

    pub(crate) fn repeat_2xx(&mut self, id: CallId, now: Instant) {
        let timers = self.config.timers;
        let Some(established) = self.calls.get_mut(&id).and_then(Call::established) else {
            return;
        };
        let Some(unacked) = &mut established.unacked else { return };
        unacked.interval = timers.back_off(unacked.interval);
        self.timers.set(UaTimer::Repeat2xx(id), now + unacked.interval);
        self.layer.respond(unacked.transaction, &unacked.response, now);
    }

    /// 64*T1 without an ACK: the dialog is confirmed all the same, and ended with a BYE (13.3.1.4).
    pub(crate) fn ack_missing(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let end = call.end(EndedBy::Timeout);
        let account = call.account;
        let Some(established) = call.established() else { return };
        let reason = established.bye_after_ack.unwrap_or(HangupReason::Failure);
        let dialog = established.dialog.clone();
        self.send_bye(dialog, account, reason, now);
        self.finish_call(id, end);
    }

    /// The ACK of a 2xx. Repeated and unknown ones are dropped: an ACK is never answered.
    pub(crate) fn ack_received(&mut self, ack: &Request, now: Instant) {
        let Some(id) = dialog_id(ack).and_then(|dialog| self.dialogs.find(&dialog)) else {
            self.counters.stray += 1;
            return;
        };
        let cseq = ack.headers.cseq().map_or(0, |cseq| cseq.seq);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut negotiator = call.negotiator.clone();
        let Some(established) = call.established() else { return };
        let Some(unacked) = established.unacked.take_if(|unacked| unacked.cseq == cseq) else {
            return;
        };
        self.timers.stop(UaTimer::Repeat2xx(id));
        self.timers.stop(UaTimer::AckGiveUp(id));
        if let Some(reason) = established.bye_after_ack {
            let dialog = established.dialog.clone();
            let end = call.end(EndedBy::Local);
            self.send_bye(dialog, account, reason, now);
            self.finish_call(id, end);
            return;
        }
        if unacked.offered {
            let answer = sdp_body(&ack.headers, &ack.body).map(|body| negotiator.answer_received(body));
            let Some(Ok(media)) = answer else {
                let mut end = call.end(EndedBy::Local);
                end.mismatch = answer.and_then(Result::err);
                self.leave(id, HangupReason::Failure, end, now);
                return;
            };
            let changed = established.media.as_ref() != Some(&media);
            established.media = Some(media.clone());
            call.negotiator = negotiator;
            if unacked.initial {
                self.events.push_back(Event::Answered { call: id, media });
            } else if changed {
                self.events.push_back(Event::MediaChanged { call: id, media });
            }
        }
        if unacked.initial {
            self.events.push_back(Event::Confirmed { call: id });
        }
    }

    /// A CANCEL: answered 200, and the INVITE 487 where it has no final answer yet (9.2).
    pub(crate) fn cancel_received(&mut self, tx: TransactionId, cancel: &Request, now: Instant) {
        let Some(invite) = self.layer.invite_of_cancel(cancel) else {
            self.refuse(tx, cancel, 481, now);
            return;
        };
        let call = self.server_invites.get(&invite).copied();
        let mut response = cancel.response(200, "");
        // The tag of the INVITE's own answer, also where that was a 2xx already (9.2).
        let tag =
            call.and_then(|call| self.calls.get(&call)?.dialog_ids().pop()).map(|dialog| dialog.local_tag);
        let tag = tag.unwrap_or_else(|| self.random.tag());
        response.headers.set_to_tag(&tag);
        self.layer.respond(tx, &response, now);
        if let Some(call) = call {
            self.withdraw(call, cancel, now);
        }
    }

    /// The caller gave up: 487 to the INVITE, and the call ends.
    pub(crate) fn withdraw(&mut self, id: CallId, request: &Request, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let mut end = call.end(EndedBy::Remote);
        let Some(incoming) = call.incoming() else { return };
        let (tx, invite, tag) =
            (incoming.transaction, incoming.request.clone(), incoming.dialog.id.local_tag.clone());
        let mut response = invite.response(487, "");
        response.headers.set_to_tag(&tag);
        self.layer.respond(tx, &response, now);
        end.sip_code = Some(487);
        end.reason_phrase = Some(response.reason);
        end.cancelled = true;
        end.take_reason(&request.headers);
        self.finish_call(id, end);
    }

    /// A response inside the dialog that it makes or belongs to: tag, Contact, Record-Route (12.1.1).
    pub(crate) fn dialog_response(
        &self,
        request: &Request,
        code: u16,
        dialog: &Dialog,
        account: Option<super::event::AccountId>,
    ) -> Response {
        let mut response = request.response(code, "");
        response.headers.set_to_tag(&dialog.id.local_tag);
        for route in request.headers.get_all(&HeaderName::RECORD_ROUTE) {
            response.headers.push(HeaderName::RECORD_ROUTE, route);
        }
        let contact = self.contact(account, request.uri.user(), dialog.flow());
        response.headers.push(HeaderName::CONTACT, contact);
        response.headers.push(HeaderName::SERVER, self.config.user_agent.clone());
        response
    }

    /// Why an INVITE is refused before anybody is asked.
    fn invite_objection(&self, request: &Request) -> Option<u16> {
        if matches!(request.uri, Uri::Other { .. }) {
            return Some(416);
        }
        if !self.unsupported(request).is_empty() {
            return Some(420);
        }
        if self.is_merged(request) {
            return Some(482);
        }
        let foreign_body = !request.body.is_empty() && sdp_body(&request.headers, &request.body).is_none();
        if foreign_body || request.headers.contains(&HeaderName::CONTENT_ENCODING) {
            return Some(415);
        }
        if !accepts_sdp(request) {
            return Some(406);
        }
        (self.calls.len() >= self.config.max_calls).then_some(486)
    }

    /// The same INVITE by another path (8.2.2.2), whether its call rings or was answered.
    fn is_merged(&self, request: &Request) -> bool {
        let Some(call_id) = request.headers.call_id() else { return false };
        let (Ok(from), Ok(cseq)) = (request.headers.from(), request.headers.cseq()) else { return false };
        let tag = from.tag().unwrap_or_default();
        let [first, last] = [0, u64::MAX].map(|id| (call_id.clone().into_owned(), CallId(id)));
        let mut same = self.arrived.range(first..=last).filter_map(|(_, id)| self.calls.get(id));
        same.any(|call| match &call.phase {
            Phase::Incoming(incoming) => incoming.dialog.has_seen(tag, cseq.seq),
            // The other path may be the longer one: the call may be answered before its INVITE is here.
            Phase::Established(established) => established.dialog.has_seen(tag, cseq.seq),
            Phase::Outgoing(_) => false,
        })
    }

    fn refuse_invite(&mut self, tx: TransactionId, request: &Request, code: u16, now: Instant) {
        let mut response = self.response(request, code, "");
        match code {
            415 => response.headers.push(HeaderName::ACCEPT, SDP),
            420 => {
                let required = self.unsupported(request).join(", ");
                response.headers.push(HeaderName::UNSUPPORTED, required);
            }
            486 => self.counters.overload += 1,
            _ => {}
        }
        self.counters.refused += 1;
        self.layer.respond(tx, &response, now);
    }
}

/// Whether our answer's session description would be understood; without Accept it is (20.1).
fn accepts_sdp(request: &Request) -> bool {
    let accepted = request.headers.tokens(&HeaderName::ACCEPT);
    let sdp = |range: &String| {
        let range = range.split(';').next().unwrap_or_default().trim();
        [SDP, "application/*", "*/*"].iter().any(|known| known.eq_ignore_ascii_case(range))
    };
    !request.headers.contains(&HeaderName::ACCEPT) || accepted.iter().any(sdp)
}
