//! The dialer of one seat (operator) as a state machine without I/O.
//!
//! [`Dialer`] decides what happens next: claim a lead, show it, place the call, hang up, keep the result, go on.
//! It never looks at a clock, a socket or a database. The shell calls it like this:
//!
//! 1. an operator's command or a fact goes in ([`Dialer::start`], [`Dialer::claimed`], [`Dialer::ended`], …), always with [`Now`];
//! 2. [`Dialer::poll_action`] is drained and each [`Action`] carried out;
//! 3. [`Dialer::poll_timeout`] says when [`Dialer::handle_timeout`] wants to be called.
//!
//! Rules it holds by construction: no call without an attempt on disk (an INVITE is asked for only after the store
//! said so), no claim while an attempt is open, no call outside the calling window, no result saved by the machine
//! for a row that a person must judge ([`outcome`]).

mod action;
pub mod ceilings;
mod facts;
pub mod outcome;
mod policy;
mod seat;
mod state;
mod steps;
pub mod window;

pub use action::{Action, ClaimIntent, Claimed, Ended, Next, Refusal, SaveIntent, SeatChange};
pub use facts::{PAUSED_AT_CLOSING, PAUSED_AT_START, PAUSED_BY_DEVICE, PAUSED_BY_TRUNK, PAUSED_DIALING};
pub use policy::{Mode, Policy};
pub use seat::{CROSSES, Dialer};
pub use state::{SeatState, Waiting};

/// Time as the shell saw it when it called: both clocks at the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic clock, for deadlines.
    pub mono: std::time::Instant,
    /// Wall clock, milliseconds since 1970-01-01 UTC, for calling windows.
    pub wall: i64,
}

/// An attempt (one call, one row): 128 bits, made by the caller, ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub u128);

/// A dial list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListId(pub u128);
