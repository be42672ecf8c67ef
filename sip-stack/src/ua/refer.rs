//! The peer's transfers: its REFER, the owner's word on it, and the NOTIFYs about the new call (RFC 3515 2.4).
//! Nothing is ever dialed from here: the owner checks the number as any other and makes the call itself.

use std::time::Instant;

use super::UserAgent;
use super::auth::AuthTries;
use super::call::{Call, ClientUse, Phase};
use super::config::ReferPolicy;
use super::event::{CallEnd, CallId, Event, Rejection, TransferError};
use super::timer::UaTimer;
use super::transfer::{SIPFRAG, refer_sub};
use crate::message::{HeaderName, Method, Replaces, Request, Response, Uri};
use crate::transaction::TransactionId;

/// The peer's REFER in one call.
#[derive(Debug)]
pub(crate) struct Referral {
    /// The REFER, while the owner has not said anything.
    asked: Option<(TransactionId, Request)>,
    /// The number of the REFER: the `id` of the subscription (RFC 3515 2.4.6).
    cseq: u32,
    /// False where the peer wants no NOTIFYs (RFC 4488).
    subscribed: bool,
    /// The NOTIFY under way, and what it says.
    pending: Option<(TransactionId, Notice)>,
    /// What to say next: only the latest counts, and a final one is the last.
    next: Option<Notice>,
    tries: AuthTries,
}

/// The status of the new call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    code: u16,
    reason: String,
}

impl UserAgent {
    /// Carries out what [`Event::TransferAsked`] asked for: `new` is the call that the owner has started to the target
    /// with [`Self::invite`]. The peer gets a 202 and hears of the new call's ringing, answer or failure by NOTIFY;
    /// where it said `Refer-Sub: false` (RFC 4488), only the 202.
    ///
    /// # Errors
    /// The peer asked for nothing, or was answered.
    pub fn accept_transfer(&mut self, call: CallId, new: CallId, now: Instant) -> Result<(), TransferError> {
        let entry = self.calls.get_mut(&call).ok_or(TransferError::UnknownCall)?;
        let account = entry.account;
        let Phase::Established(established) = &entry.phase else { return Err(TransferError::NotEstablished) };
        let dialog = established.dialog.clone();
        let referral = entry.usages.referral.as_mut().ok_or(TransferError::NothingAsked)?;
        let (tx, request) = referral.asked.take().ok_or(TransferError::NothingAsked)?;
        let subscribed = referral.subscribed;
        self.timers.stop(UaTimer::ReferAnswer(call));
        let mut response = self.dialog_response(&request, 202, &dialog, account);
        if !subscribed {
            response.headers.push(HeaderName::REFER_SUB, "false");
        }
        self.layer.respond(tx, &response, now);
        if subscribed {
            self.notify(call, Notice { code: 100, reason: "Trying".to_owned() });
            match self.calls.get_mut(&new).filter(|new| !new.answered) {
                Some(new) => new.usages.referrer = Some(call),
                None => self.notify(call, Notice { code: 503, reason: "Service Unavailable".to_owned() }),
            }
        } else if let Some(entry) = self.calls.get_mut(&call) {
            entry.usages.referral = None;
        }
        self.pump(now);
        Ok(())
    }

    /// Refuses what [`Event::TransferAsked`] asked for; the call goes on.
    ///
    /// # Errors
    /// The peer asked for nothing, or was answered.
    pub fn refuse_transfer(
        &mut self,
        call: CallId,
        rejection: &Rejection,
        now: Instant,
    ) -> Result<(), TransferError> {
        let entry = self.calls.get_mut(&call).ok_or(TransferError::UnknownCall)?;
        let asked = entry.usages.referral.as_mut().and_then(|referral| referral.asked.take());
        let (tx, request) = asked.ok_or(TransferError::NothingAsked)?;
        entry.usages.referral = None;
        self.timers.stop(UaTimer::ReferAnswer(call));
        let code = if (300..700).contains(&rejection.code) { rejection.code } else { 603 };
        let mut response = self.response(&request, code, rejection.reason.as_deref().unwrap_or(""));
        super::build::add_headers(&mut response.headers, &rejection.headers);
        self.layer.respond(tx, &response, now);
        self.pump(now);
        Ok(())
    }

    /// The owner said nothing in time.
    pub(crate) fn refer_answer_missing(&mut self, call: CallId, now: Instant) {
        // It may have been answered at this very instant.
        let _ = self.refuse_transfer(call, &Rejection::new(603), now);
    }

    /// The peer's REFER inside the dialog.
    pub(crate) fn peer_refer(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let code = self.refer_objection(id, request).err();
        let to = request.headers.refer_to().ok().filter(|_| code.is_none());
        let (Some(to), Some(call)) = (to, self.calls.get_mut(&id)) else {
            return self.refuse(tx, request, code.unwrap_or(400), now);
        };
        let replaces = Replaces::of_uri(&to.uri);
        let mut target = to.uri;
        // Headers and a method that the URI carries along would reach our INVITE unseen.
        if let Some(sip) = target.as_sip_mut() {
            sip.headers.clear();
            sip.params.remove("method");
        }
        call.usages.referral = Some(Box::new(Referral {
            asked: Some((tx, request.clone())),
            cseq: request.headers.cseq().map_or(0, |cseq| cseq.seq),
            subscribed: refer_sub(&request.headers) != Some(false),
            pending: None,
            next: None,
            tries: AuthTries::default(),
        }));
        // Well before the peer's Timer F, so that it hears the refusal.
        self.timers.set(UaTimer::ReferAnswer(id), now + self.config.timers.give_up() / 2);
        self.events.push_back(Event::TransferAsked {
            call: id,
            target,
            replaces,
            referred_by: request.headers.referred_by(),
        });
    }

    fn refer_objection(&self, id: CallId, request: &Request) -> Result<(), u16> {
        let to = request.headers.refer_to().map_err(|_| 400_u16)?;
        if matches!(to.uri, Uri::Other { .. }) {
            return Err(416);
        }
        // Another method than INVITE is not to be had (RFC 3515 2.4.2).
        let method = to.uri.params().and_then(|params| params.get("method"));
        let invites = method.is_none_or(|method| method.eq_ignore_ascii_case("INVITE"));
        let call = self.calls.get(&id).ok_or(481_u16)?;
        let established = matches!(call.phase, Phase::Established(_)) && !call.ended;
        if self.config.refers == ReferPolicy::Refuse || !invites || !established {
            return Err(603);
        }
        if call.usages.referral.is_some() { Err(491) } else { Ok(()) }
    }

    /// The new call rings: its referrer hears so.
    pub(crate) fn referred_progress(&mut self, new: CallId, code: u16, reason: &str) {
        if let Some(referrer) = self.calls.get(&new).and_then(|call| call.usages.referrer)
            && code > 100
        {
            self.notify(referrer, Notice { code, reason: reason.to_owned() });
        }
    }

    /// The new call is answered: its referrer hears so.
    pub(crate) fn referred_answered(&mut self, new: CallId) {
        let Some(call) = self.calls.get_mut(&new) else { return };
        if let Some(referrer) = call.usages.referrer.take() {
            self.notify(referrer, Notice { code: 200, reason: "OK".to_owned() });
        }
    }

    /// The new call came to nothing: its referrer hears so.
    pub(crate) fn referred_ended(&mut self, referrer: CallId, end: &CallEnd) {
        let code = end.sip_code.filter(|code| *code >= 300).unwrap_or(487);
        let reason = end.reason_phrase.clone().unwrap_or_default();
        self.notify(referrer, Notice { code, reason });
    }

    /// A REFER whose call ended in the meantime is answered as one of no dialog.
    pub(crate) fn refuse_orphans(&mut self, now: Instant) {
        for (tx, request) in std::mem::take(&mut self.orphans) {
            self.refuse(tx, &request, 481, now);
        }
    }

    /// Puts a notice in line; [`Self::send_notices`] sends it.
    fn notify(&mut self, call: CallId, notice: Notice) {
        let referral = self.calls.get_mut(&call).and_then(|call| call.usages.referral.as_mut());
        let Some(referral) = referral.filter(|referral| referral.asked.is_none()) else { return };
        let last = referral.next.as_ref().or(referral.pending.as_ref().map(|(_, notice)| notice));
        if last.is_some_and(|last| last.code >= 200 || *last == notice) {
            return;
        }
        referral.next = Some(notice);
        self.notices.insert(call);
    }

    /// Sends what is in line, one NOTIFY per call at a time: a repeated one that comes after its successor would be
    /// refused for its number (RFC 3261 12.2.2).
    pub(crate) fn send_notices(&mut self, now: Instant) {
        while let Some(id) = self.notices.pop_first() {
            let Some(call) = self.calls.get_mut(&id) else { continue };
            let account = call.account;
            let Some(referral) = call.usages.referral.as_mut().filter(|one| one.pending.is_none()) else {
                continue;
            };
            let Some(notice) = referral.next.take() else { continue };
            let cseq = referral.cseq;
            let Some(established) = call.established() else { continue };
            let mut request = established.dialog.request(Method::Notify);
            let hop = established.dialog.next_hop();
            let contact = self.contact(account, None, hop);
            request.headers.push(HeaderName::CONTACT, contact);
            request.headers.push(HeaderName::EVENT, format!("refer;id={cseq}"));
            let state =
                if notice.code >= 200 { "terminated;reason=noresource" } else { "active;expires=150" };
            request.headers.push(HeaderName::SUBSCRIPTION_STATE, state);
            request.headers.push(HeaderName::CONTENT_TYPE, format!("{SIPFRAG};version=2.0"));
            // The phrase comes from another peer's answer; a line break in it would begin a header.
            let phrase: String = notice.reason.chars().filter(|sign| !sign.is_control()).collect();
            request.body = format!("SIP/2.0 {} {phrase}\r\n", notice.code).into_bytes();
            self.authorize(account, &mut request);
            let (transaction, _) = self.send_request(request, hop, ClientUse::Notify(id), now);
            if let Some(referral) = self.referral_mut(id) {
                referral.pending = Some((transaction, notice));
            }
        }
    }

    pub(crate) fn notify_response(&mut self, id: CallId, tx: TransactionId, response: &Response) {
        if response.code < 200 {
            return;
        }
        let account = self.calls.get(&id).and_then(|call| call.account);
        let Some(referral) = self.referral_mut(id) else { return };
        let Some((_, notice)) = referral.pending.take_if(|(pending, _)| *pending == tx) else { return };
        let mut tries = std::mem::take(&mut referral.tries);
        let again = matches!(response.code, 401 | 407) && self.may_answer(account, &mut tries, response);
        let Some(referral) = self.referral_mut(id) else { return };
        referral.tries = tries;
        if again {
            referral.next.get_or_insert(notice);
            self.notices.insert(id);
        } else {
            self.notice_done(id, &notice, response.code);
        }
    }

    pub(crate) fn notify_unanswered(&mut self, id: CallId, tx: TransactionId) {
        let Some(referral) = self.referral_mut(id) else { return };
        if let Some((_, notice)) = referral.pending.take_if(|(pending, _)| *pending == tx) {
            self.notice_done(id, &notice, 408);
        }
    }

    /// A refused NOTIFY ends the subscription (RFC 6665 4.2.2); the call goes on.
    fn notice_done(&mut self, id: CallId, notice: &Notice, code: u16) {
        if notice.code >= 200 || code >= 300 {
            if let Some(call) = self.calls.get_mut(&id) {
                call.usages.referral = None;
            }
        } else {
            self.notices.insert(id);
        }
    }

    fn referral_mut(&mut self, id: CallId) -> Option<&mut Referral> {
        self.calls.get_mut(&id)?.usages.referral.as_deref_mut()
    }
}

impl Call {
    /// The peer's REFER that the owner has not answered when the call ends.
    pub(crate) fn unanswered_refer(&mut self) -> Option<(TransactionId, Request)> {
        self.usages.referral.as_mut()?.asked.take()
    }
}
