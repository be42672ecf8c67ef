//! Why a TLS connection did not come about, in words that name the certificate and the remedy.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, OtherError, PeerMisbehaved};

use super::certificate::CertificateView;

/// A TLS connection that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFailure {
    /// What was wrong.
    pub kind: TlsFailureKind,
    /// The peer's certificate, where that was the reason.
    pub certificate: Option<Box<CertificateView>>,
}

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFailureKind {
    /// No authority that we trust stands behind the peer's certificate.
    UnknownAuthority,
    /// The certificate is for other names (RFC 5922 7.3).
    WrongName {
        /// Names that would have done.
        expected: Vec<String>,
        /// Names the certificate has.
        presented: Vec<String>,
    },
    /// The certificate is past its end.
    Expired,
    /// The certificate's time has not begun; or our clock is wrong.
    NotYetValid,
    /// Another fault of the certificate.
    BadCertificate(String),
    /// The peer wants a certificate of ours, or does not accept the one it got.
    ClientCertificate(String),
    /// No version or cipher in common: the peer is older than TLS 1.2.
    TooOld,
    /// What answers there does not speak TLS.
    NotTls,
    /// No handshake within the time.
    Timeout,
    /// Accounts that reach the same address want different TLS settings.
    Conflict,
    /// The account has no TLS settings, or the peer is none of an account's.
    NotConfigured,
    /// Anything else.
    Other(String),
}

impl TlsFailureKind {
    /// A short name that does not change, for programs and translations.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownAuthority => "E-TLS-AUTHORITY",
            Self::WrongName { .. } => "E-TLS-NAME",
            Self::Expired => "E-TLS-EXPIRED",
            Self::NotYetValid => "E-TLS-NOT-YET",
            Self::BadCertificate(_) => "E-TLS-CERTIFICATE",
            Self::ClientCertificate(_) => "E-TLS-CLIENT",
            Self::TooOld => "E-TLS-VERSION",
            Self::NotTls => "E-TLS-NOT-TLS",
            Self::Timeout => "E-TLS-TIMEOUT",
            Self::Conflict => "E-TLS-CONFLICT",
            Self::NotConfigured => "E-TLS-SETTINGS",
            Self::Other(_) => "E-TLS",
        }
    }
}

impl TlsFailure {
    pub(crate) fn new(kind: TlsFailureKind) -> Self {
        Self { kind, certificate: None }
    }

    /// What a handshake ended with; `None` where it was no matter of TLS.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        if let Some(failure) = inner.downcast_ref::<Self>() {
            return Some(failure.clone());
        }
        let error = inner.downcast_ref::<Error>()?;
        Some(match error {
            Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
                match inner.downcast_ref::<Refused>() {
                    Some(refused) => refused.0.clone(),
                    None => Self::new(TlsFailureKind::BadCertificate(inner.to_string())),
                }
            }
            Error::InvalidCertificate(error) => Self::new(TlsFailureKind::BadCertificate(error.to_string())),
            Error::InvalidMessage(_) => Self::new(TlsFailureKind::NotTls),
            Error::AlertReceived(alert) => Self::new(alert_kind(*alert)),
            Error::PeerIncompatible(_) => Self::new(TlsFailureKind::TooOld),
            Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => {
                Self::new(TlsFailureKind::TooOld)
            }
            other => Self::new(TlsFailureKind::Other(other.to_string())),
        })
    }
}

fn alert_kind(alert: AlertDescription) -> TlsFailureKind {
    match alert {
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => TlsFailureKind::TooOld,
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => TlsFailureKind::ClientCertificate(format!("{alert:?}")),
        other => TlsFailureKind::Other(format!("the peer ended the handshake: {other:?}")),
    }
}

/// Carries a verdict of ours through rustls.
#[derive(Debug)]
pub(super) struct Refused(TlsFailure);

impl Refused {
    /// The verdict on the certificate at the end of the chain.
    pub(super) fn error(kind: TlsFailureKind, certificate: &CertificateDer<'_>) -> Error {
        let certificate = Some(Box::new(CertificateView::read(certificate)));
        let refused = Self(TlsFailure { kind, certificate });
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refused))))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(certificate) = &self.certificate {
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "(no name)".to_owned());
            write!(
                f,
                "certificate {} of issuer {}: ",
                name(&certificate.subject),
                name(&certificate.issuer)
            )?;
        }
        match &self.kind {
            TlsFailureKind::UnknownAuthority => f.write_str("signed by no authority we trust"),
            TlsFailureKind::WrongName { expected, presented } => {
                write!(f, "is for [{}], not for {}", presented.join(", "), expected.join(" or "))
            }
            TlsFailureKind::Expired => f.write_str("has expired"),
            TlsFailureKind::NotYetValid => f.write_str("is not valid yet, or the clock here is wrong"),
            TlsFailureKind::BadCertificate(why) => write!(f, "is not acceptable: {why}"),
            TlsFailureKind::ClientCertificate(alert) => {
                write!(f, "the exchange wants another certificate of ours ({alert})")
            }
            TlsFailureKind::TooOld => f.write_str("the exchange offers no TLS 1.2 or 1.3 that we share"),
            TlsFailureKind::NotTls => f.write_str("what answers there speaks no TLS"),
            TlsFailureKind::Timeout => f.write_str("no TLS handshake within the time"),
            TlsFailureKind::Conflict => {
                f.write_str("accounts that reach the same address have different TLS settings")
            }
            TlsFailureKind::NotConfigured => f.write_str("no account has TLS settings for this address"),
            TlsFailureKind::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for TlsFailure {}
