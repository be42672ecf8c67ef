//! The engine from socket to file: real threads, real UDP on loopback, real files, a real sound server.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests drive threads and devices that run by the wall clock"
)]

mod kill;
mod kit;
mod loopback;
mod phone;
mod pulse;
mod secured;
mod worker;
