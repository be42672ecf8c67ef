//! The user agent in simulated time: two of them over a seeded network, or one against a scripted peer. Every test
//! ends by proving that no transaction, dialog, call or timer is left.
#![allow(
    clippy::disallowed_methods,
    reason = "a start instant is needed; the simulated clock runs from there"
)]

mod bench;
mod binding;
mod calls;
mod cancel;
mod chaos;
mod drivers;
mod failover;
mod forks;
mod guard;
mod hold;
mod identity;
mod incoming;
mod infos;
mod keepalive;
mod network;
mod offers;
mod pair;
mod registration;
mod reliable;
mod replaced;
mod requests;
mod sessions;
mod streams;
mod tls;
mod traces;
mod transfers;
mod updates;
