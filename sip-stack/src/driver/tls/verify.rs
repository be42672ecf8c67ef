//! Who the server is (RFC 5922 7.2, 7.3): authority, time and name, with a verdict an operator can use.

use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::failure::{Refused, TlsFailureKind};
use super::settings::{Verify, provider};

/// Verifies for all accounts that share a connection: for each of them one of its names must be in the certificate.
#[derive(Debug)]
pub(super) struct PeerVerifier {
    /// `None` verifies nothing but that the peer holds the key it shows.
    pub(super) inner: Option<Arc<WebPkiServerVerifier>>,
    pub(super) verify: Verify,
    pub(super) names: Vec<Vec<ServerName<'static>>>,
}

impl PeerVerifier {
    fn any_of(
        &self,
        inner: &WebPkiServerVerifier,
        names: &[ServerName<'static>],
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let mut presented_names = Vec::new();
        for name in names {
            match inner.verify_server_cert(end_entity, intermediates, name, &[], now) {
                Ok(_) => return Ok(()),
                // The name is looked at last: authority and time are in order.
                Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                    presented,
                    ..
                })) => {
                    presented_names = presented;
                }
                Err(Error::InvalidCertificate(CertificateError::NotValidForName)) => {}
                Err(Error::InvalidCertificate(error)) => {
                    return Err(Refused::error(fault(error), end_entity));
                }
                Err(error) => return Err(error),
            }
        }
        if self.verify == Verify::Authority {
            return Ok(());
        }
        let expected = names.iter().map(|name| name.to_str().into_owned()).collect();
        let presented = presented_names.iter().take(MAX_SHOWN).map(|name| plain(name)).collect();
        Err(Refused::error(TlsFailureKind::WrongName { expected, presented }, end_entity))
    }
}

/// `DnsName("pbx.example")` as webpki says it, without the wrapping.
fn plain(name: &str) -> String {
    name.split_once("(\"")
        .and_then(|(_, rest)| rest.strip_suffix("\")"))
        .or_else(|| name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')))
        .unwrap_or(name)
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}

fn fault(error: CertificateError) -> TlsFailureKind {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFailureKind::UnknownAuthority,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailureKind::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailureKind::NotYetValid
        }
        other => TlsFailureKind::BadCertificate(other.to_string()),
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(inner) = &self.inner {
            for names in &self.names {
                self.any_of(inner, names, end_entity, intermediates, now)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Names of a refused certificate that are told.
const MAX_SHOWN: usize = 8;
