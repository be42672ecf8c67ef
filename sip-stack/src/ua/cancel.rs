//! Giving up: hang-up, ring timeout, CANCEL (RFC 3261 9.1) and BYE (15.1.1).

use std::time::Instant;

use super::UserAgent;
use super::auth::AuthTries;
use super::call::{ByeContext, Call, Cancel, ClientUse, Phase};
use super::event::{AccountId, CallEnd, CallId, EndedBy, HangupReason, Rejection};
use super::timer::UaTimer;
use crate::dialog::Dialog;
use crate::message::{HeaderName, Headers, Method, Reason, Response};
use crate::transaction::TransactionId;

impl UserAgent {
    /// Ends a call in whatever state it is: CANCEL before the final answer (once a provisional came, 9.1), BYE after
    /// it, a refusal for an incoming call that was not answered. `Event::Ended` follows; after a CANCEL only when
    /// the peer confirms or 64*T1 passed.
    pub fn hangup(&mut self, call: CallId, reason: HangupReason, now: Instant) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        if entry.ended {
            return;
        }
        match &mut entry.phase {
            Phase::Outgoing(outgoing) => {
                outgoing.hangup = reason;
                self.try_cancel(call, now);
            }
            Phase::Incoming(_) => {
                let headers = vec![("Reason".to_owned(), reason.q850().to_string())];
                self.reject(call, Rejection { code: reason.refusal(), reason: None, headers }, now);
            }
            Phase::Established(_) => {
                let end = entry.end(EndedBy::Local);
                self.leave(call, reason, end, now);
            }
        }
        self.pump(now);
    }

    pub(crate) fn ring_timed_out(&mut self, id: CallId, now: Instant) {
        if let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) {
            outgoing.ring_timeout = true;
            self.try_cancel(id, now);
        }
    }

    /// Sends the CANCEL if one may be sent now, else remembers to.
    pub(crate) fn try_cancel(&mut self, id: CallId, now: Instant) {
        self.timers.stop(UaTimer::RingTimeout(id));
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else {
            return;
        };
        if outgoing.cancel == Cancel::Sent {
            return;
        }
        outgoing.cancel = Cancel::Wanted;
        let Some(invite) = outgoing.transaction else { return };
        let mut headers = Headers::new();
        headers.push(HeaderName::REASON, outgoing.hangup.q850().to_string());
        if let Some(cancel) = self.layer.cancel(invite, &headers, now) {
            outgoing.cancel = Cancel::Sent;
            self.uses.insert(cancel, ClientUse::Cancel);
            self.timers.set(UaTimer::CancelGiveUp(id), now + self.config.timers.give_up());
        }
    }

    /// 64*T1 after the CANCEL without a final answer: the call counts as cancelled (9.1).
    pub(crate) fn cancel_gave_up(&mut self, id: CallId, _now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let end = call.end(EndedBy::Local);
        if let Some(transaction) = call.outgoing().and_then(|outgoing| outgoing.transaction) {
            self.layer.abandon(transaction);
            self.uses.remove(&transaction);
            self.acks.remove(&transaction);
        }
        self.finish_call(id, end);
    }

    /// Ends an established call from our side. The BYE waits for the ACK of our 2xx where that is still out (15).
    pub(crate) fn leave(&mut self, id: CallId, reason: HangupReason, end: CallEnd, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(established) = call.established() else { return };
        if established.unacked.as_ref().is_some_and(|unacked| unacked.initial) {
            established.bye_after_ack = Some(reason);
            if !std::mem::replace(&mut call.ended, true) {
                self.events.push_back(super::event::Event::Ended { call: id, end });
            }
            return;
        }
        let dialog = established.dialog.clone();
        self.send_bye(dialog, account, reason, now);
        self.finish_call(id, end);
    }

    pub(crate) fn send_bye(
        &mut self,
        dialog: Dialog,
        account: Option<AccountId>,
        reason: HangupReason,
        now: Instant,
    ) {
        let context = ByeContext { dialog, account, reason, tries: AuthTries::default() };
        self.transmit_bye(context, now);
    }

    fn transmit_bye(&mut self, mut context: ByeContext, now: Instant) {
        let mut request = context.dialog.request(Method::Bye);
        request.headers.push(HeaderName::REASON, context.reason.q850().to_string());
        self.authorize(context.account, &mut request);
        let hop = context.dialog.next_hop();
        self.send_request(request, hop, ClientUse::Bye(Box::new(context)), now);
    }

    /// A BYE that is challenged is sent once more with credentials; whatever else comes, the call is over.
    pub(crate) fn bye_response(&mut self, id: TransactionId, response: &Response, now: Instant) {
        if !matches!(response.code, 401 | 407) {
            return;
        }
        let Some(ClientUse::Bye(mut context)) = self.uses.remove(&id) else {
            return;
        };
        if self.may_answer(context.account, &mut context.tries, response) {
            self.transmit_bye(*context, now);
        }
    }
}

impl HangupReason {
    /// The Reason header of BYE and CANCEL (RFC 3326).
    pub(crate) fn q850(self) -> Reason {
        match self {
            Self::Normal => Reason::q850(16, "Normal call clearing"),
            Self::Busy => Reason::q850(17, "User busy"),
            Self::Declined => Reason::q850(21, "Call rejected"),
            Self::Failure => Reason::q850(41, "Temporary failure"),
            Self::Timeout => Reason::q850(102, "Recovery on timer expiry"),
        }
    }

    /// The code that refuses an incoming call.
    pub(crate) fn refusal(self) -> u16 {
        match self {
            Self::Normal | Self::Timeout => 480,
            Self::Busy => 486,
            Self::Declined => 603,
            Self::Failure => 503,
        }
    }
}
