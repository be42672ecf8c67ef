//! What goes on inside a call's dialog beside offers and answers: transfers, digits, one call in another's place.

use super::event::CallId;
use super::info::Digits;
use super::refer::Referral;
use super::transfer::Transfer;

/// Each at most once per call, so that a call's size is bounded.
#[derive(Debug, Default)]
pub(crate) struct Usages {
    /// Our REFER, until its outcome is known.
    pub(crate) transfer: Option<Transfer>,
    /// The peer's REFER, until its outcome is told.
    pub(crate) referral: Option<Box<Referral>>,
    /// The call whose peer asked for this one.
    pub(crate) referrer: Option<CallId>,
    /// The call that this one takes the place of when it is answered.
    pub(crate) replaces: Option<CallId>,
    /// Digits of ours on their way by INFO.
    pub(crate) digits: Digits,
}
