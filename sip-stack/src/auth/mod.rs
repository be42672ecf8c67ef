//! Digest authentication of both sides (RFC 3261 22, RFC 7616, RFC 8760): MD5, SHA-256 and SHA-512-256, their `-sess`
//! forms, `qop=auth` and `auth-int`, user name hashes, nonce counts, stale and next nonces, the server's proof, several
//! challenges.

mod client;
mod digest;
mod secret;
mod server;

pub(crate) use client::{is_supported, proves_server};
pub use {
    client::{AuthError, Login, Protected, answer},
    digest::{Algorithm, Qop},
    secret::Secret,
    server::{ServerAuth, Verdict},
};
