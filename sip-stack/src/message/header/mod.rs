//! Typed views of header fields. Every view reads a value on demand and says `None` to what does not follow the
//! grammar; the raw bytes stay in [`super::Headers`].

mod auth;
mod cseq;
mod event;
mod identity;
mod name_addr;
mod reason;
mod session;
mod transfer;
mod typed;
mod via;

pub(crate) use typed::copy_for_response;
pub use {
    auth::{AuthInfo, Challenge, Credentials},
    cseq::CSeq,
    event::{EventPackage, SubscriptionState},
    identity::{Diversion, HistoryInfo, Privacy},
    name_addr::{Contact, NameAddr},
    reason::Reason,
    session::{RAck, Refresher, SessionExpires},
    transfer::Replaces,
    via::Via,
};
