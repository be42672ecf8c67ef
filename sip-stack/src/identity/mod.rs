//! Who calls: what our INVITE says of the caller, and what a received one says (RFC 3323, RFC 3325, RFC 5806,
//! RFC 7044).
//!
//! [`Presentation`] is one trunk's way of telling; it turns a [`Caller`] into a From and headers. [`CallerId`] reads
//! the other direction. Both are plain values without state.

mod address;
mod presentation;
mod received;

pub use address::AddressForm;
pub use presentation::{Caller, Presentation, Presented, Wish};
pub use received::{CallerId, Diverted, Withheld};
