//! The control socket: clients are served on a thread of their own, so that none can stall a call.
//!
//! ```text
//!  clients ──lines──> [thread `control`] ──Incoming, 32──> core
//!     ^                     │    ^                          │
//!     └──replies, events────┘    └── EventHub (ring 4096) <─┘
//! ```
//!
//! [`Server`] reads lines, checks them ([`protocol`]), decides who may ask ([`roles`]) and hands typed commands to the
//! core over a bounded channel; a full channel is answered with `E-BUSY`. The core publishes events to the
//! [`EventHub`], which never blocks: each client fetches from the ring at its own pace, and one that falls more than
//! the ring behind is told `lagged`. [`client`] is the blocking other side for the command line.

mod audience;
mod auth;
pub(crate) mod base64;
pub mod client;
mod connection;
mod directory;
mod files;
mod hub;
mod line;
pub mod roles;
mod server;

pub use audience::Audience;
pub use directory::{Directory, People, SeatBinding, Who};
pub(crate) use files::is_spooled;
pub use hub::EventHub;
pub use protocol::RpcError;
pub use server::{Server, ServerOptions};

use protocol::Command;
use tokio::sync::oneshot;

/// Who sent a command, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Unix user.
    pub uid: u32,
    /// Process, where the kernel knows it.
    pub pid: Option<i32>,
}

/// A command on its way to the core, with the place for its answer.
#[derive(Debug)]
pub struct Incoming {
    /// What to do; the core checks the role and looks the seat up (see [`roles::resolve_seat`]).
    pub command: Command,
    /// Who asks.
    pub peer: Peer,
    /// Where the answer goes. The client may be gone; then the answer is dropped and the command stays done.
    pub reply: oneshot::Sender<Result<serde_json::Value, RpcError>>,
}

#[cfg(test)]
mod tests;
