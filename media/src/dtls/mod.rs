//! Keys for SRTP by a DTLS handshake on the port of RTP, and by another on that of RTCP where it has one of its own (RFC 5763,
//! 5764 4.1.2).
//!
//! ```text
//!  RTP or RTCP socket ─> Port (on the voice thread: sorts, copies) ─> dtls thread: Association ─> keys ─> Session
//! ```
//!
//! The association does no I/O and takes time as an argument; its thread, one for all calls and started by the first of
//! them, owns clock and channel. Who the peer is, its certificate's fingerprint in the signalling says.

mod association;
mod identity;
mod port;
mod record;
#[cfg(test)]
mod tests;
mod thread;

use std::fmt;

pub use identity::{DtlsIdentity, IdentityError};
pub(crate) use port::{Port, is_dtls};
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use thiserror::Error;

/// What the signalling agreed on for the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DtlsTerms {
    /// Our certificate.
    pub identity: DtlsIdentity,
    /// Whether we open the association (`a=setup:active`); else we wait.
    pub client: bool,
    /// Of the peer's certificate. With several, one of the strongest hash function must match (RFC 8122 5).
    pub fingerprints: Vec<Fingerprint>,
    /// The peer's name of the association (RFC 8842); another one begins anew.
    pub tls_id: Option<String>,
}

impl DtlsTerms {
    /// Whether an association under these terms goes on under the others. RFC 8842 4 has another role begin a new one too;
    /// but peers that answer each `actpass` with `active` mean the one that there is.
    fn same_association(&self, other: &Self) -> bool {
        (&self.identity, &self.fingerprints, &self.tls_id)
            == (&other.identity, &other.fingerprints, &other.tls_id)
    }
}

/// The hash of a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash function.
    pub hash: HashFunction,
    /// Its digest.
    pub digest: Vec<u8>,
}

impl Fingerprint {
    fn is_of(&self, certificate: &[u8]) -> bool {
        let made = match self.hash {
            HashFunction::Sha1 => <sha1::Sha1 as sha1::Digest>::digest(certificate).to_vec(),
            HashFunction::Sha224 => Sha224::digest(certificate).to_vec(),
            HashFunction::Sha256 => Sha256::digest(certificate).to_vec(),
            HashFunction::Sha384 => Sha384::digest(certificate).to_vec(),
            HashFunction::Sha512 => Sha512::digest(certificate).to_vec(),
        };
        made == self.digest
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.hash)?;
        self.digest.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// Hash functions of RFC 8122 5, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashFunction {
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Why there are no keys.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DtlsFailure {
    /// The peer's certificate is not the one that its signalling named: somebody may be in between.
    #[error("the certificate is not the one that the signalling named")]
    Fingerprint,
    /// The handshake brought no SRTP profile that we have.
    #[error("no common SRTP profile")]
    Profile,
    /// The handshake was not over in time.
    #[error("the DTLS handshake was not over in time")]
    Timeout,
    /// No room for another handshake, or no thread.
    #[error("no room for another DTLS handshake")]
    Busy,
    /// The library failed.
    #[error("the DTLS library failed")]
    Library,
}

/// Whether the certificate is the one that was named.
fn matches(fingerprints: &[Fingerprint], certificate: &[u8]) -> bool {
    let Some(strongest) = fingerprints.iter().map(|print| print.hash).max() else { return false };
    fingerprints.iter().any(|print| print.hash == strongest && print.is_of(certificate))
}
