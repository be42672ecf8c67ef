//! Deadlines of the user agent core, beside those of the transactions.

use super::event::{AccountId, CallId, RequestId};
use crate::transaction::TransactionId;
use crate::transport::Flow;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UaTimer {
    /// The owner of the user agent did not answer a request.
    AppAnswer(RequestId),
    /// No final answer came 64*T1 after our CANCEL (RFC 3261 9.1).
    CancelGiveUp(CallId),
    /// Our offer met the peer's (491): when to try again (RFC 3261 14.1).
    Glare(CallId),
    /// No ACK came 64*T1 after our 2xx (RFC 3261 13.3.1.4).
    AckGiveUp(CallId),
    /// Our 2xx is repeated until the ACK comes (RFC 3261 13.3.1.4).
    Repeat2xx(CallId),
    /// A reliable provisional is repeated until its PRACK comes (RFC 3262 3).
    Repeat1xx(CallId),
    /// No PRACK came 64*T1 after our reliable provisional (RFC 3262 3).
    PrackGiveUp(CallId),
    /// The caller of a ringing call hears of us again before proxies lose patience (RFC 3261 13.3.1.1).
    Progress(CallId),
    /// Half the session interval is over (RFC 4028 7.4).
    SessionRefresh(CallId),
    /// Nobody refreshed the session (RFC 4028 10).
    SessionEnd(CallId),
    /// The call reached `UaConfig::max_call_length`.
    LongestCall(CallId),
    /// An outgoing call rang long enough.
    RingTimeout(CallId),
    /// Nothing was heard of the outcome of our REFER.
    TransferEnd(CallId),
    /// The owner said nothing to the peer's REFER.
    ReferAnswer(CallId),
    /// The last digit is over: the next one may go.
    NextDigit(CallId),
    /// The next REGISTER: refresh or retry.
    Register(AccountId),
    /// The next keep-alive of a flow, or the end of the wait for its answer (RFC 5626 4.4).
    KeepAlive(Flow),
    /// The registrar does not answer, but there is another one.
    RegisterUnanswered(AccountId),
    /// The target of an INVITE does not answer, but there is another one (RFC 3263 4.3).
    NextTarget(CallId),
    /// No final answer came 64*T1 after the CANCEL of an INVITE that went elsewhere meanwhile.
    OrphanGiveUp(TransactionId),
    /// The next OPTIONS.
    Ping(AccountId),
    /// OPTIONS were not answered.
    PingUnanswered(AccountId),
}

impl UaTimer {
    /// The timers that belong to one call.
    pub(crate) const fn of_call(call: CallId) -> [Self; 15] {
        [
            Self::CancelGiveUp(call),
            Self::Glare(call),
            Self::AckGiveUp(call),
            Self::Repeat2xx(call),
            Self::Repeat1xx(call),
            Self::PrackGiveUp(call),
            Self::Progress(call),
            Self::SessionRefresh(call),
            Self::SessionEnd(call),
            Self::LongestCall(call),
            Self::RingTimeout(call),
            Self::NextTarget(call),
            Self::TransferEnd(call),
            Self::ReferAnswer(call),
            Self::NextDigit(call),
        ]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppAnswer(_) => "answer of the owner",
            Self::CancelGiveUp(_) => "final answer after CANCEL",
            Self::Glare(_) => "retry after 491",
            Self::AckGiveUp(_) => "ACK give up",
            Self::Repeat2xx(_) => "repeat 2xx",
            Self::Repeat1xx(_) => "repeat reliable 1xx",
            Self::PrackGiveUp(_) => "PRACK give up",
            Self::Progress(_) => "1xx once more",
            Self::SessionRefresh(_) => "session refresh",
            Self::SessionEnd(_) => "end of the session",
            Self::LongestCall(_) => "longest call",
            Self::RingTimeout(_) => "ring timeout",
            Self::TransferEnd(_) => "outcome of a transfer",
            Self::ReferAnswer(_) => "answer to a REFER",
            Self::NextDigit(_) => "next digit",
            Self::Register(_) => "next REGISTER",
            Self::KeepAlive(_) => "keep-alive",
            Self::RegisterUnanswered(_) => "answer to REGISTER",
            Self::NextTarget(_) => "answer to INVITE",
            Self::OrphanGiveUp(_) => "end of an abandoned INVITE",
            Self::Ping(_) => "next OPTIONS",
            Self::PingUnanswered(_) => "answer to OPTIONS",
        }
    }
}
