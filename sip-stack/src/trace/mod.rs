//! What went over the wire, kept to be looked at, and made fit to be shown.
//!
//! A user agent that is told to ([`UaConfig::trace`](crate::UaConfig::trace)) keeps the messages of the latest calls by
//! SIP Call-ID within fixed bounds ([`TraceLimits`]); [`UserAgent::trace`](crate::UserAgent::trace) gives them out as
//! they were, credentials and numbers included. [`Mask`] hides both without changing the length of anything, so that
//! Content-Length still counts and a dissector still reads the message.

mod body;
mod digits;
mod kept;
pub(crate) mod log;
mod mask;
mod value;

pub(crate) use self::kept::Traces;
pub use self::kept::{Trace, TraceLimits, TracedMessage};
pub use self::mask::Mask;
