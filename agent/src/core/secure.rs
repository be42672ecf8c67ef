//! Encryption of voice: what came of it, and calls that would go in the clear where they must not.

use media::dtls::DtlsFailure;
use media::srtp::SrtpProfile;
use media::types::SessionId;
use protocol::{ErrorCode, Event};
use sip_stack::sdp::{Negotiated, NegotiationError};
use sip_stack::ua::{CallEnd, CallId, HangupReason};
use store::AttemptId;

use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::stream::secure;

impl Core {
    /// What offer and answer say of it.
    pub(super) fn encryption_agreed(&mut self, attempt: AttemptId, media: &Negotiated, now: Now) {
        let Some(call) = self.calls.get(&attempt) else { return };
        self.encryption_is(attempt, secure(media, call.secure.clone()), now);
    }

    /// A handshake brought keys.
    pub(super) fn encrypted(&mut self, session: SessionId, profile: SrtpProfile, now: Now) {
        let Some(attempt) = self.by_session.get(&session).copied() else { return };
        self.encryption_is(attempt, Some(format!("dtls {}", profile.as_str())), now);
    }

    fn encryption_is(&mut self, attempt: AttemptId, secure: Option<String>, now: Now) {
        let Some(call) = self.calls.get_mut(&attempt).filter(|call| call.secure != secure) else { return };
        call.secure.clone_from(&secure);
        let seat = self.seats[call.seat].name.clone();
        self.publish(Event::CallSecured { seat, attempt: attempt.to_string(), secure }, now);
    }

    /// There are no keys: nothing will ever be heard.
    pub(super) fn encryption_failed(&mut self, session: SessionId, failure: DtlsFailure, now: Now) {
        let Some(attempt) = self.by_session.get(&session).copied() else { return };
        tracing::warn!(%attempt, %failure, "the voice cannot be encrypted; the call is hung up");
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.trouble = Some(match failure {
                DtlsFailure::Fingerprint => ErrorCode::SrtpPeer,
                _ => ErrorCode::Srtp,
            });
        }
        self.hang_up(attempt, HangupReason::Failure, now);
    }

    /// Whether an incoming call has to be refused before it rings: its account wants encryption, and it brings none.
    pub(super) fn unencrypted_offer(&self, seat: SeatIndex, sip: CallId) -> Option<NegotiationError> {
        let account = self.seats[seat].account;
        if self.accounts[account].config.srtp != config::Srtp::Required {
            return None;
        }
        let capabilities = self.accounts[account].capabilities(self.media_address(account)?, 9);
        self.ua.try_answer(sip, &capabilities).err().filter(|error| *error == NegotiationError::Security)
    }

    /// Refuses it with 488 and a Warning; its row says why.
    pub(super) fn refuse_unencrypted(
        &mut self,
        attempt: AttemptId,
        sip: CallId,
        error: NegotiationError,
        now: Now,
    ) {
        tracing::warn!(%attempt, "a call without encryption is refused, since the account has srtp = \"required\"");
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.trouble = Some(ErrorCode::Srtp);
        }
        self.ua.reject_offer(sip, error, now.mono);
    }
}

/// Whether a call ended for want of common encryption. `required`: it was offered to be encrypted only, and an exchange
/// that refuses such an offer says no more than that it does not like it.
pub(super) fn trouble(end: &CallEnd, required: bool) -> Option<ErrorCode> {
    let disliked = required && matches!(end.sip_code, Some(415 | 488 | 606));
    (disliked || end.mismatch == Some(NegotiationError::Security)).then_some(ErrorCode::Srtp)
}
