//! Telephone numbers: what a cell of a list means, what is sent to the trunk, and what is never sent.
//!
//! Nothing here reads a clock, a file or the network. [`Phone::parse`] turns human input into an E.164 key, a
//! [`DialPlan`] turns the key into the string for one trunk, and [`is_emergency`] / [`is_forbidden`] judge that
//! final string, after every prefix, right before the INVITE.

mod area;
mod dial;
mod kind;
mod number;
mod parse;
mod special;

pub use dial::{
    ClirRule, DialPlan, DialRule, Dialing, NumberFormat, Verdict, is_emergency, is_forbidden,
    is_list_forbidden,
};
pub use kind::{AutoDial, NumberKind};
pub use number::{Clir, FurtherPhone, ParsedPhone, Phone, PhoneError};
pub(crate) use number::{is_dialed_from_lists, reached};
pub use special::Special;
