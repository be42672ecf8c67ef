//! Who we are in DTLS.

use std::fmt;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};

use rtc_dtls::config::{ClientAuthType, ConfigBuilder, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile as Offered;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use thiserror::Error;

use super::thread::{self, Order};

/// A certificate of our own: self-signed, made when the program starts and never written anywhere. Clones are the same
/// identity.
#[derive(Clone)]
pub struct DtlsIdentity(Arc<Inner>);

struct Inner {
    client: Arc<HandshakeConfig>,
    server: Arc<HandshakeConfig>,
    fingerprint: [u8; 32],
    /// The way to the thread of handshakes, once one was begun. It ends when the last identity is gone.
    orders: OnceLock<Option<SyncSender<Order>>>,
}

/// No certificate could be made.
#[derive(Debug, Error)]
#[error("cannot make a certificate for DTLS: {0}")]
pub struct IdentityError(String);

impl DtlsIdentity {
    /// Makes a key (ECDSA, P-256) and a certificate.
    ///
    /// # Errors
    /// [`IdentityError`] without random numbers.
    pub fn generate() -> Result<Self, IdentityError> {
        let told = |error: &dyn fmt::Display| IdentityError(error.to_string());
        // RFC 8827 6.5 and RFC 5763 4: the name says nothing.
        let certificate =
            Certificate::generate_self_signed(vec!["kakeru".to_owned()]).map_err(|error| told(&error))?;
        let der = certificate.certificate.first().ok_or_else(|| told(&"empty"))?;
        let fingerprint = Sha256::digest(der.as_ref()).into();
        let config = |client: bool| {
            ConfigBuilder::default()
                .with_certificates(vec![certificate.clone()])
                .with_srtp_protection_profiles(vec![
                    Offered::Srtp_Aead_Aes_256_Gcm,
                    Offered::Srtp_Aead_Aes_128_Gcm,
                    Offered::Srtp_Aes128_Cm_Hmac_Sha1_80,
                    Offered::Srtp_Aes128_Cm_Hmac_Sha1_32,
                ])
                // RFC 5763 5: both sides show a certificate, and its fingerprint is all that is believed.
                .with_client_auth(ClientAuthType::RequireAnyClientCert)
                .with_insecure_skip_verify(true)
                // The association has the timer; the library's is due whenever it is asked.
                .with_flight_interval(Duration::from_nanos(1))
                .with_server_name("kakeru".to_owned())
                .build(client, None)
                .map(Arc::new)
                .map_err(|error| told(&error))
        };
        Ok(Self(Arc::new(Inner {
            client: config(true)?,
            server: config(false)?,
            fingerprint,
            orders: OnceLock::new(),
        })))
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.0.fingerprint
    }

    pub(super) fn config(&self, client: bool) -> Arc<HandshakeConfig> {
        if client { self.0.client.clone() } else { self.0.server.clone() }
    }

    pub(super) fn orders(&self) -> Option<SyncSender<Order>> {
        let start = || {
            thread::start().inspect_err(|error| tracing::error!(%error, "no thread for DTLS handshakes")).ok()
        };
        self.0.orders.get_or_init(start).clone()
    }
}

impl PartialEq for DtlsIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for DtlsIdentity {}

impl fmt::Debug for DtlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DtlsIdentity")
    }
}
