//! Digest authentication of both sides (RFC 3261 22, RFC 7616, RFC 8760): MD5 and SHA-256, their `-sess` forms,
//! `qop=auth`, nonce counts, stale nonces, several challenges.

mod client;
mod digest;
mod secret;
mod server;

pub use {
    client::{AuthError, Login, answer},
    digest::Algorithm,
    secret::Secret,
    server::{ServerAuth, Verdict},
};
