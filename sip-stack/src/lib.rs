//! SIP user agent: messages, transactions, dialogs, registration, calls, SDP and digest, without I/O; a tokio
//! driver behind the feature `tokio`.
//!
//! The core reads no clock, no socket and no random source: time comes in as an argument, datagrams as bytes,
//! chance as a seed. What it wants done comes out of `poll_*`.
//!
//! * [`message`]: requests, responses, headers, URIs; lenient in, strict out (RFC 3261 7, 19, 20, 25).
//! * [`auth`]: digest for both sides (RFC 3261 22, RFC 7616, RFC 8760).
//! * [`identity`]: who calls, told and read (RFC 3323, RFC 3325).
//! * [`sdp`]: session descriptions and the offer/answer machine (RFC 8866, RFC 3264).
//! * [`transaction`], [`dialog`], [`ua`]: RFC 3261 17 as amended by RFC 6026, 12 and 13; registration.
//! * [`transport`]: where bytes come from and go to.
//! * [`trace`]: what went over the wire, kept and masked.

pub mod auth;
pub mod dialog;
#[cfg(feature = "tokio")]
pub mod driver;
pub mod identity;
pub mod message;
pub mod resolve;
pub mod sdp;
pub mod trace;
pub mod transaction;
pub mod transport;
pub mod ua;

#[cfg(feature = "tokio")]
pub use driver::{BindConfig, Driver};
pub use transaction::Timers;
pub use transport::{Transmit, TransportKind};
pub use ua::{AccountConfig, AccountId, CallEnd, CallId, EndedBy, Event, Invite, UaConfig, UserAgent};
