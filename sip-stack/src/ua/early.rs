//! Provisional answers to our INVITE: early dialogs, their media, PRACK (RFC 3261 13.2.2.1, RFC 3262 4, RFC 6228).

use std::time::Instant;

use super::UserAgent;
use super::auth::AuthTries;
use super::build::SDP;
use super::call::{Call, Cancel, ClientUse, Early, PrackContext};
use super::config::EarlyMediaPolicy;
use super::event::{CallId, Event, HangupReason};
use super::outgoing::{MAX_FORKS, sdp_body};
use crate::dialog::Dialog;
use crate::message::{HeaderName, Method, RAck, Response};
use crate::sdp::Negotiated;
use crate::transaction::TransactionId;

impl UserAgent {
    pub(crate) fn invite_provisional(
        &mut self,
        id: CallId,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else {
            return;
        };
        if outgoing.cancel == Cancel::Wanted {
            self.try_cancel(id, now);
        }
        let mut rack = None;
        if response.code > 100 {
            match self.early_dialog(id, tx, response) {
                Provisional::Repeated => return,
                Provisional::Unreliable => {}
                Provisional::Reliable(acknowledgement) => rack = Some(acknowledgement),
            }
        }
        let (code, reason) = (response.code, response.reason.clone());
        self.referred_progress(id, code, &reason);
        self.events.push_back(Event::Provisional { call: id, code, reason });
        let tag = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
        let answer = self.early_description(id, &tag, response, rack.is_some(), now);
        if let Some(rack) = rack {
            let context =
                PrackContext { call: id, tag: tag.clone(), rack, body: answer, tries: AuthTries::default() };
            self.send_prack(context, now);
        }
        if code == 199 {
            self.fork_ended(id, &tag);
        }
    }

    /// Makes or finds the early dialog of a 1xx. A repeated or out-of-order reliable 1xx is not to be looked at
    /// (RFC 3262 4).
    fn early_dialog(&mut self, id: CallId, tx: TransactionId, response: &Response) -> Provisional {
        let Some(tag) = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned)) else {
            return Provisional::Unreliable;
        };
        let Some((request, flow)) = self.layer.sent_request(tx) else { return Provisional::Unreliable };
        let dialog = Dialog::from_response(request, response, flow);
        let cseq = request.headers.cseq().map_or(1, |cseq| cseq.seq);
        let Some(call) = self.calls.get_mut(&id) else { return Provisional::Unreliable };
        let negotiator = call.negotiator.clone();
        let Some(outgoing) = call.outgoing() else { return Provisional::Unreliable };
        if !outgoing.early.contains_key(&tag) {
            let Some(dialog) = dialog else { return Provisional::Unreliable };
            // The end of a fork we never heard of begins nothing.
            if outgoing.early.len() >= MAX_FORKS
                || (response.code == 199 && response.headers.rseq().is_none())
            {
                return Provisional::Unreliable;
            }
            self.dialogs.insert(dialog.id.clone(), id);
            let early = Early {
                dialog,
                negotiator,
                media: None,
                rseq: None,
                settled: false,
                allows_update: false,
                own_offer: None,
            };
            outgoing.early.insert(tag.clone(), early);
        }
        let Some(early) = outgoing.early.get_mut(&tag) else { return Provisional::Unreliable };
        let Some(rseq) = response.headers.rseq().filter(|_| response.headers.requires("100rel")) else {
            return Provisional::Unreliable;
        };
        if early.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
            return Provisional::Repeated;
        }
        early.rseq = Some(rseq);
        Provisional::Reliable(RAck { rseq, cseq, method: Method::Invite })
    }

    /// Takes the description of a 1xx: the answer to our offer, or, where our INVITE had none, the peer's offer, whose
    /// answer belongs into the PRACK and comes back.
    fn early_description(
        &mut self,
        id: CallId,
        tag: &str,
        response: &Response,
        reliable: bool,
        now: Instant,
    ) -> Option<Vec<u8>> {
        let call = self.calls.get_mut(&id)?;
        let capabilities = call.capabilities.clone()?;
        let first = call.negotiator.clone();
        let outgoing = call.outgoing()?;
        let delayed = outgoing.offer.is_empty();
        let mut early = outgoing.early.get_mut(tag);
        if let Some(early) = &mut early {
            if response.headers.contains(&HeaderName::ALLOW) {
                early.allows_update = response.headers.allow().contains(&Method::Update);
            }
            if early.settled {
                return None;
            }
        }
        let body = sdp_body(&response.headers, &response.body)?;
        let mut negotiator = early.as_ref().map_or(first, |early| early.negotiator.clone());
        let mut answer = None;
        let agreed = if delayed {
            // An unreliable preview of the offer cannot be answered before the 2xx (RFC 3261 13.2.1).
            if !reliable {
                return None;
            }
            let agreed = negotiator.offer_received(body).and_then(|()| negotiator.answer(&capabilities));
            agreed.map(|(bytes, media)| {
                answer = Some(bytes);
                media
            })
        } else {
            // Every 1xx answers the one offer anew: a changed early answer replaces the former.
            negotiator.answer_received(body)
        };
        let Ok(media) = agreed else {
            if delayed {
                outgoing.hangup = HangupReason::Failure;
                self.try_cancel(id, now);
            }
            return None;
        };
        if let Some(early) = early {
            early.negotiator = negotiator;
            early.media = Some(media.clone());
            early.settled = reliable;
        }
        self.early_media_heard(id, tag, media);
        answer
    }

    /// Tells the media of a fork, if it is the one to be heard.
    pub(crate) fn early_media_heard(&mut self, id: CallId, tag: &str, media: Negotiated) {
        let policy = self.config.early_media;
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else { return };
        if let Some((heard, told)) = &outgoing.early_media {
            let other = heard != tag && policy == EarlyMediaPolicy::First;
            if other || *told == media {
                if !other {
                    outgoing.early_media = Some((tag.to_owned(), media));
                }
                return;
            }
        }
        outgoing.early_media = Some((tag.to_owned(), media.clone()));
        self.events.push_back(Event::EarlyMedia { call: id, media });
    }

    /// A fork ended without an answer (RFC 6228): another one that has media is heard instead.
    fn fork_ended(&mut self, id: CallId, tag: &str) {
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else { return };
        let Some(gone) = outgoing.early.remove(tag) else { return };
        let heard = outgoing.early_media.take_if(|(heard, _)| heard == tag).is_some();
        let next = outgoing.early.iter().find_map(|(tag, early)| Some((tag.clone(), early.media.clone()?)));
        self.dialogs.remove(&gone.dialog.id);
        if let Some((tag, media)) = next.filter(|_| heard) {
            self.early_media_heard(id, &tag, media);
        }
    }

    fn send_prack(&mut self, context: PrackContext, now: Instant) {
        let Some(call) = self.calls.get_mut(&context.call) else { return };
        let account = call.account;
        let Some(exchange) = call.exchange(&context.tag) else { return };
        let mut prack = exchange.dialog.request(Method::Prack);
        let hop = exchange.dialog.next_hop();
        prack.headers.push(HeaderName::RACK, context.rack.to_string());
        if let Some(body) = &context.body {
            prack.headers.push(HeaderName::CONTENT_TYPE, SDP);
            prack.body.clone_from(body);
        }
        self.authorize(account, &mut prack);
        self.send_request(prack, hop, ClientUse::Prack(Box::new(context)), now);
    }

    /// A PRACK that is challenged is sent once more; another refusal says nothing about the call.
    pub(crate) fn prack_response(&mut self, id: TransactionId, response: &Response, now: Instant) {
        if !matches!(response.code, 401 | 407) {
            return;
        }
        let Some(ClientUse::Prack(mut context)) = self.uses.remove(&id) else { return };
        let account = self.calls.get(&context.call).and_then(|call| call.account);
        if self.may_answer(account, &mut context.tries, response) {
            self.send_prack(*context, now);
        }
    }
}

enum Provisional {
    /// Seen before, or not its turn yet.
    Repeated,
    Unreliable,
    Reliable(RAck),
}
