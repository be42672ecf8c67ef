//! How connections by TLS are secured.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How an account's TLS connections are secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authorities to trust; `None`: the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, PEM files.
    pub identity: Option<TlsIdentity>,
    /// Name the exchange's certificate must have, when it is not the host of proxy, registrar or aor.
    pub name: Option<String>,
    /// What is verified.
    pub verify: TlsVerify,
}

/// A certificate and its key, PEM files that were there when the configuration was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate, then those above it.
    pub certificate: PathBuf,
    /// The key, which only its owner can read.
    pub key: PathBuf,
}

/// What is verified of the exchange's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVerify {
    /// Authority, time and name.
    #[default]
    Full,
    /// Authority and time only.
    Authority,
    /// Nothing.
    Nothing,
}

/// A TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsListen {
    /// Where.
    pub address: SocketAddr,
    /// Our certificate.
    pub identity: TlsIdentity,
    /// PEM file of the authorities of client certificates; `None`: none is asked for.
    pub client_ca: Option<PathBuf>,
}
