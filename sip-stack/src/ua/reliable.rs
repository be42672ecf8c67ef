//! Provisional answers of ours: reliable ones with their PRACK (RFC 3262 3, 5), and the repetition that keeps a call
//! ringing (RFC 3261 13.3.1.1).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::UserAgent;
use super::build::{SDP, SUPPORTED};
use super::call::{Call, Phase};
use super::config::ReliablePolicy;
use super::event::{CallId, EndedBy, Rejection};
use super::outgoing::sdp_body;
use super::timer::UaTimer;
use crate::message::{HeaderName, Method, RAck, Request, Response};
use crate::transaction::TransactionId;

/// The reliable provisionals of one incoming call. One is under way at a time; the next waits for its PRACK.
#[derive(Debug)]
pub(crate) struct Reliable {
    pub(crate) on: bool,
    last_rseq: u32,
    waiting: Option<Waiting>,
    queue: VecDeque<(u16, Description)>,
}

#[derive(Debug)]
struct Waiting {
    rseq: u32,
    response: Response,
    interval: Duration,
    description: Description,
}

/// What a provisional says of the media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Description {
    Nothing,
    Answer(Vec<u8>),
    /// Our offer, to an INVITE that had none; the PRACK answers.
    Offer(Vec<u8>),
}

impl Reliable {
    /// `draw` is random: the first RSeq (RFC 3262 3).
    pub(crate) fn new(policy: ReliablePolicy, invite: &Request, draw: u64) -> Self {
        let on = match policy {
            ReliablePolicy::Never => false,
            ReliablePolicy::WhenRequired => invite.headers.requires("100rel"),
            ReliablePolicy::WhenSupported => invite.headers.supports("100rel"),
        };
        let last_rseq = u32::try_from(draw % (1 << 31)).unwrap_or(0);
        Self { on, last_rseq, waiting: None, queue: VecDeque::new() }
    }

    /// True while the peer may not know a description that a provisional carries: no 2xx before its PRACK (5).
    pub(crate) fn holds_answer(&self) -> bool {
        let carries = |description: &Description| *description != Description::Nothing;
        self.waiting.as_ref().is_some_and(|waiting| carries(&waiting.description))
            || self.queue.iter().any(|(_, description)| carries(description))
    }

    /// What a PRACK may still acknowledge after the final answer.
    pub(crate) fn outstanding(&self, invite: &Request) -> Option<RAck> {
        let rseq = self.waiting.as_ref()?.rseq;
        let cseq = invite.headers.cseq().map_or(0, |cseq| cseq.seq);
        Some(RAck { rseq, cseq, method: Method::Invite })
    }
}

impl UserAgent {
    pub(crate) fn send_provisional(&mut self, id: CallId, code: u16, description: Description, now: Instant) {
        let interval = self.config.timers.t1;
        let give_up = self.config.timers.give_up();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(incoming) = call.incoming() else { return };
        incoming.last_provisional = Some(code);
        let reliable = incoming.reliable.on;
        let bare = description == Description::Nothing;
        if reliable && bare && !incoming.offered && !incoming.settled && incoming.early_body.is_none() {
            // The first reliable answer would have to carry our offer (RFC 3261 13.2.1); a bare one is left out.
            return;
        }
        if reliable && incoming.reliable.waiting.is_some() {
            if incoming.reliable.queue.len() < MAX_QUEUED {
                incoming.reliable.queue.push_back((code, description));
            }
            return;
        }
        let (tx, request, dialog) = (incoming.transaction, incoming.request.clone(), incoming.dialog.clone());
        let mut response = self.dialog_response(&request, code, &dialog, account);
        response.headers.push(HeaderName::ALLOW, self.allow());
        response.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        if let Description::Answer(body) | Description::Offer(body) = &description {
            response.headers.push(HeaderName::CONTENT_TYPE, SDP);
            response.body.clone_from(body);
        }
        let Some(incoming) = self.calls.get_mut(&id).and_then(Call::incoming) else { return };
        let mut again = PROGRESS;
        if reliable {
            incoming.reliable.last_rseq += 1;
            let rseq = incoming.reliable.last_rseq;
            response.headers.push(HeaderName::REQUIRE, "100rel");
            response.headers.push(HeaderName::RSEQ, rseq.to_string());
            let response = response.clone();
            incoming.reliable.waiting = Some(Waiting { rseq, response, interval, description });
            self.timers.set(UaTimer::Repeat1xx(id), now + interval);
            self.timers.set(UaTimer::PrackGiveUp(id), now + give_up);
            again = RELIABLE_PROGRESS;
        }
        self.timers.set(UaTimer::Progress(id), now + again);
        self.layer.respond(tx, &response, now);
    }

    /// Repeats a reliable provisional, from T1, doubling without a limit (RFC 3262 3).
    pub(crate) fn repeat_1xx(&mut self, id: CallId, now: Instant) {
        let Some(incoming) = self.calls.get_mut(&id).and_then(Call::incoming) else { return };
        let tx = incoming.transaction;
        let Some(waiting) = &mut incoming.reliable.waiting else { return };
        waiting.interval *= 2;
        self.timers.set(UaTimer::Repeat1xx(id), now + waiting.interval);
        self.layer.respond(tx, &waiting.response, now);
    }

    /// 64*T1 without a PRACK: the INVITE is refused (RFC 3262 3).
    pub(crate) fn prack_missing(&mut self, id: CallId, now: Instant) {
        self.reject_as(id, Rejection::new(504), EndedBy::Timeout, now);
    }

    /// The call still rings: the caller, and the proxies that would give up, hear so again (RFC 3261 13.3.1.1).
    pub(crate) fn progress_again(&mut self, id: CallId, now: Instant) {
        let Some(incoming) = self.calls.get_mut(&id).and_then(Call::incoming) else { return };
        let Some(code) = incoming.last_provisional else { return };
        let description = match &incoming.early_body {
            Some(body) if !incoming.reliable.on => Description::Answer(body.clone()),
            _ => Description::Nothing,
        };
        self.send_provisional(id, code, description, now);
    }

    pub(crate) fn peer_prack(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let Ok(rack) = request.headers.rack() else {
            self.refuse(tx, request, 400, now);
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let matching = match &mut call.phase {
            Phase::Incoming(incoming) => {
                let expected = incoming.reliable.outstanding(&incoming.request);
                if expected.as_ref() == Some(&rack) { incoming.reliable.waiting.take() } else { None }
            }
            Phase::Established(established) => {
                let late = established.late_prack.take_if(|late| *late == rack).is_some();
                self.refuse(tx, request, if late { 200 } else { 481 }, now);
                return;
            }
            Phase::Outgoing(_) => None,
        };
        let Some(waiting) = matching else {
            self.refuse(tx, request, 481, now);
            return;
        };
        self.timers.stop(UaTimer::Repeat1xx(id));
        self.timers.stop(UaTimer::PrackGiveUp(id));
        let tag = call.speaking().unwrap_or_default();
        let body = sdp_body(&request.headers, &request.body);
        let mut answer = None;
        let mut heard = None;
        match (&waiting.description, body) {
            (Description::Offer(_), body) => {
                let media = body.and_then(|body| call.negotiator.answer_received(body).ok());
                let (Some(media), Some(incoming)) = (media, call.incoming()) else {
                    // Without an answer there is nothing to talk over.
                    self.refuse(tx, request, 488, now);
                    self.reject_as(id, Rejection::new(488), EndedBy::Remote, now);
                    return;
                };
                incoming.media = Some(media.clone());
                incoming.settled = true;
                incoming.early_body = None;
                heard = Some(media);
            }
            (description, body) => {
                if let Description::Answer(_) = description
                    && let Some(incoming) = call.incoming()
                {
                    incoming.settled = true;
                }
                if let Some(offer) = body {
                    if let Some(code) = call.offer_refusal(&tag) {
                        self.refuse_offer(tx, request, code, now);
                    } else if let Some((bytes, media, changed)) = call.answer_offer(&tag, offer) {
                        answer = Some(bytes);
                        heard = Some(media).filter(|_| changed);
                    } else {
                        self.refuse(tx, request, 488, now);
                    }
                    if answer.is_none() {
                        self.after_prack(id, now);
                        return;
                    }
                }
            }
        }
        let Some(dialog) = self.calls.get_mut(&id).and_then(Call::incoming).map(|i| i.dialog.clone()) else {
            return;
        };
        let mut response = self.dialog_response(request, 200, &dialog, account);
        if let Some(answer) = answer {
            response.headers.push(HeaderName::CONTENT_TYPE, SDP);
            response.body = answer;
        }
        self.layer.respond(tx, &response, now);
        if let Some(media) = heard {
            self.media_agreed(id, &tag, media);
        }
        self.after_prack(id, now);
    }

    /// What waited for the PRACK: the next provisional, else the answer.
    fn after_prack(&mut self, id: CallId, now: Instant) {
        let Some(incoming) = self.calls.get_mut(&id).and_then(Call::incoming) else { return };
        if !incoming.reliable.holds_answer()
            && let Some(capabilities) = incoming.held_answer.take()
        {
            self.answer_call(id, &capabilities, now);
        } else if let Some((code, description)) = incoming.reliable.queue.pop_front() {
            self.send_provisional(id, code, description, now);
        }
    }
}

/// Every minute (RFC 3261 13.3.1.1).
const PROGRESS: Duration = Duration::from_secs(60);
/// Reliable answers are not lost on the way; Timer C of the proxies, three minutes, is what counts.
const RELIABLE_PROGRESS: Duration = Duration::from_secs(150);
/// Provisionals that may wait for a PRACK.
const MAX_QUEUED: usize = 8;
