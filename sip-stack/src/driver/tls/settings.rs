//! TLS settings as told, and the material loaded from them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// How an account's connections are secured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file of the authorities that may stand behind the exchange's certificate; `None`: the system's.
    pub authorities: Option<PathBuf>,
    /// Our own certificate, where the exchange asks for one.
    pub identity: Option<TlsIdentity>,
    /// The name the certificate must have and the one asked for (SNI); `None`: the host of the next hop's URI, or
    /// the domain of the address of record (RFC 5922 7.1).
    pub name: Option<String>,
    /// What is verified.
    pub verify: Verify,
}

/// A certificate chain and its private key, PEM files both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate, then those above it.
    pub certificate: PathBuf,
    /// Its key. Nobody but the owner should be able to read it; whoever makes these settings checks that.
    pub key: PathBuf,
}

/// What is verified of a server's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// Authority, time and name.
    #[default]
    Full,
    /// Authority and time, not the name: for exchanges whose own authority signs certificates without a usable name.
    Authority,
    /// Nothing: anybody on the way can listen and take the password.
    Nothing,
}

/// A TLS listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsListen {
    /// Where.
    pub address: std::net::SocketAddr,
    /// Who we are.
    pub identity: TlsIdentity,
    /// PEM file of the authorities of client certificates; `None`: none is asked for.
    pub client_authorities: Option<PathBuf>,
}

/// TLS material that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSetupError {
    /// A file cannot be read, or holds no PEM of the kind it should.
    #[error("cannot read {what} from {path}: {why}")]
    File {
        /// Certificates, a key, authorities.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system or the PEM reader said.
        why: String,
    },
    /// The key does not belong to the certificate, or is of a kind we cannot sign with.
    #[error("the key in {path} does not fit its certificate: {why}")]
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No authority is known, so that every certificate would be refused.
    #[error("no certificate authority: install the system's (ca-certificates) or name a file")]
    NoAuthorities,
    /// Anything else.
    #[error("TLS cannot be set up: {0}")]
    Other(String),
}

/// The material of one account, loaded and checked.
#[derive(Clone)]
pub struct TlsClient {
    pub(super) settings: TlsSettings,
    /// `None` where nothing is verified.
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
}

impl TlsClient {
    /// Reads the files. Blocks on the disk.
    ///
    /// # Errors
    /// A file is missing or wrong, the key does not fit, or there is no authority.
    pub fn load(settings: TlsSettings) -> Result<Self, TlsSetupError> {
        let verifier = match settings.verify {
            Verify::Nothing => None,
            Verify::Full | Verify::Authority => {
                let roots = match &settings.authorities {
                    Some(path) => authorities(path)?,
                    None => system_authorities()?,
                };
                let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
                Some(builder.build().map_err(|error| TlsSetupError::Other(error.to_string()))?)
            }
        };
        let identity = settings.identity.as_ref().map(certified_key).transpose()?.map(Arc::new);
        Ok(Self { settings, verifier, identity })
    }

    /// What it was loaded from.
    pub fn settings(&self) -> &TlsSettings {
        &self.settings
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The server side of a listener.
pub(in crate::driver) fn server_config(listen: &TlsListen) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let other = |error: &dyn fmt::Display| TlsSetupError::Other(error.to_string());
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| other(&error))?;
    let builder = match &listen.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(authorities(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| other(&error))?)
        }
    };
    let key = certified_key(&listen.identity)?;
    let resolver = tokio_rustls::rustls::sign::SingleCertAndKey::from(key);
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(resolver))))
}

/// ring, the one provider of this workspace.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certified_key(identity: &TlsIdentity) -> Result<CertifiedKey, TlsSetupError> {
    let chain = certificates("certificates", &identity.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read("a private key", &identity.key)?).map_err(|error| {
        TlsSetupError::File { what: "a private key", path: identity.key.clone(), why: error.to_string() }
    })?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|error| TlsSetupError::Key { path: identity.key.clone(), why: error.to_string() })
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("authorities", path)? {
        roots.add(certificate).map_err(|error| TlsSetupError::File {
            what: "authorities",
            path: path.to_owned(),
            why: error.to_string(),
        })?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 { Err(TlsSetupError::NoAuthorities) } else { Ok(roots) }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let bytes = read(what, path)?;
    let file = |why: String| TlsSetupError::File { what, path: path.to_owned(), why };
    let found = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| file(error.to_string()))?;
    if found.is_empty() { Err(file("no PEM certificate in it".to_owned())) } else { Ok(found) }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsSetupError> {
    let file = |why: String| TlsSetupError::File { what, path: path.to_owned(), why };
    let length = std::fs::metadata(path).map_err(|error| file(error.to_string()))?.len();
    if length > MAX_FILE {
        return Err(file(io::Error::from(io::ErrorKind::FileTooLarge).to_string()));
    }
    std::fs::read(path).map_err(|error| file(error.to_string()))
}

/// The system's own bundle of all authorities has a quarter of it.
const MAX_FILE: u64 = 1 << 20;
