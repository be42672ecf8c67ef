//! One call of the exchange in the place of another (RFC 3891): somebody else transfers the other side of a seat's call, and
//! the exchange calls us with Replaces. Seat, row, recording and voice stay; only who is at the other end is new.

use protocol::Event;
use serde_json::json;
use sip_stack::identity::CallerId;
use sip_stack::message::Headers;
use sip_stack::ua::{CallId, Rejection};

use super::Core;
use crate::clock::Now;

/// A call that takes another's place, until it is answered.
#[derive(Debug)]
pub(crate) struct TakingPlace {
    /// The SIP call whose place it takes; it ends when ours is answered.
    old: CallId,
    /// Who calls, and by which Call-ID.
    number: Option<String>,
    sip_call_id: String,
}

impl Core {
    /// Answers an INVITE with Replaces at once: the operator is talking already. That it comes from the exchange of the call
    /// that it names is the user agent's to see.
    pub(super) fn take_place(
        &mut self,
        sip: CallId,
        old: CallId,
        headers: &Headers,
        sip_call_id: String,
        now: Now,
    ) {
        let call = self.by_sip.get(&old).and_then(|attempt| self.calls.get_mut(attempt));
        // A call that we hand over, or that is over, keeps nobody's place.
        let call = call.filter(|call| call.transfer.is_none() && call.closing.is_none());
        let (Some(call), None) = (call, self.stopping) else {
            return self.ua.reject(sip, Rejection::new(486), now.mono);
        };
        let Some(rtp) = call.rtp.filter(|_| call.taking_place.is_none()) else {
            return self.ua.reject(sip, Rejection::new(486), now.mono);
        };
        let attempt = call.attempt;
        let account = &self.accounts[self.seats[call.seat].account];
        let number = CallerId::read(headers, account.config.identity.trusted).number;
        // The socket stays, and with it the recording.
        let capabilities = account.capabilities(rtp.ip(), rtp.port());
        call.taking_place = Some(TakingPlace { old, number, sip_call_id });
        call.sip = Some(sip);
        self.by_sip.remove(&old);
        self.by_sip.insert(sip, attempt);
        self.ua.answer(sip, &capabilities, now.mono);
    }

    /// The new call is answered. `true`: it took the place of one that was answered before.
    pub(super) fn took_place(&mut self, sip: CallId, now: Now) -> bool {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return false };
        let Some(call) = self.calls.get_mut(&attempt) else { return false };
        let Some(TakingPlace { number, sip_call_id, .. }) = call.taking_place.take() else { return false };
        tracing::info!(%attempt, "another call of the exchange took the place of this one");
        // Nobody holds the new call yet.
        call.hold_wanted = false;
        call.hear(
            json!({ "what": "replaced", "number": number, "sip_call_id": sip_call_id, "at": now.wall }),
        );
        let before = call.times.answered.is_some();
        let seat = self.seats[call.seat].name.clone();
        let attempt = attempt.to_string();
        self.publish(Event::CallReplaced { seat, attempt, number, sip_call_id }, now);
        before
    }

    /// The new call came to nothing. `true`: the old one goes on.
    pub(super) fn kept_place(&mut self, sip: CallId) -> bool {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return false };
        let Some(call) = self.calls.get_mut(&attempt) else { return false };
        let Some(TakingPlace { old, .. }) = call.taking_place.take() else { return false };
        if self.ua.sip_call_id(old).is_none() {
            return false;
        }
        call.sip = Some(old);
        self.by_sip.remove(&sip);
        self.by_sip.insert(old, attempt);
        true
    }
}
