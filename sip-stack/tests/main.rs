//! The crate's integration tests, one binary.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzz;
mod oracle;
mod round_trip;
mod sdp;
mod torture;
mod ua;
