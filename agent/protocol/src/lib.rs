//! The control protocol's types: JSON-RPC 2.0 requests, replies, events and error codes.
//!
//! One JSON object per line, UTF-8, over the daemon's Unix socket. [`Command`] is everything a client may ask,
//! [`Verb`] ties each method's parameters ([`params`]) to its result ([`result`]), [`Event`] is everything the daemon
//! tells by itself, [`ErrorCode`] is every reason to refuse. `docs/control-protocol.md` describes the protocol for
//! people; `golden/` holds one example of every message, which the tests read and write back.
//!
//! Where a field does not say otherwise, `now`, `at`, `…_at`, `from`, `to`, `since` and `until` are UTC milliseconds, `…_ms` is a
//! length in milliseconds, `bytes` and `…_bytes` are sizes in bytes, and rows are in the order in which they are to be shown.
//!
//! No I/O here: the daemon's server and every client share these types.

mod code;
mod command;
mod detail;
mod event;
pub mod params;
pub mod result;
mod rpc;

pub use code::{ErrorCode, Lang, Text, UnknownCode};
pub use command::{Command, Verb};
pub use detail::Detail;
pub use event::{Event, EventRecord, Lagged, read_event};
pub use rpc::{
    EncodingCandidate, ErrorData, Id, Incoming, LostChar, MAX_LINE, ReadError, Reply, Request, RpcError,
};

/// Version of the protocol, in `status.get`. It changes when a client of the old version would misunderstand; new
/// methods, fields and event kinds do not change it.
pub const PROTOCOL_VERSION: u32 = 1;

#[cfg(test)]
mod golden;
