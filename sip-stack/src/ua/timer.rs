//! Deadlines of the user agent core, beside those of the transactions.

use super::event::{AccountId, CallId, RequestId};
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
    /// An outgoing call rang long enough.
    RingTimeout(CallId),
    /// The next REGISTER: refresh or retry.
    Register(AccountId),
    /// The next keep-alive of a flow, or the end of the wait for its answer (RFC 5626 4.4).
    KeepAlive(Flow),
}

impl UaTimer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppAnswer(_) => "answer of the owner",
            Self::CancelGiveUp(_) => "final answer after CANCEL",
            Self::Glare(_) => "retry after 491",
            Self::AckGiveUp(_) => "ACK give up",
            Self::Repeat2xx(_) => "repeat 2xx",
            Self::RingTimeout(_) => "ring timeout",
            Self::Register(_) => "next REGISTER",
            Self::KeepAlive(_) => "keep-alive",
        }
    }
}
