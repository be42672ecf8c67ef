//! Profiles and the keys that signalling or a handshake agreed on.

use std::fmt;

use thiserror::Error;

use crate::dtls::DtlsTerms;

/// How packets are encrypted and authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// AES-128 in counter mode, tags of 80 bits (RFC 3711).
    AesCm128HmacSha1_80,
    /// The same with tags of 32 bits; RTCP keeps 80 (RFC 4568 6.2.2).
    AesCm128HmacSha1_32,
    /// AES-256 in counter mode, tags of 80 bits (RFC 6188).
    AesCm256HmacSha1_80,
    /// The same with tags of 32 bits; RTCP keeps 80.
    AesCm256HmacSha1_32,
    /// AES-128 in Galois/Counter mode, tags of 128 bits (RFC 7714).
    AeadAes128Gcm,
    /// AES-256 in Galois/Counter mode.
    AeadAes256Gcm,
}

impl SrtpProfile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
        Self::AesCm256HmacSha1_80,
        Self::AesCm256HmacSha1_32,
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
    ];

    /// The name, as SDP writes it (RFC 4568 10.1, RFC 6188 3.1, RFC 7714 14.2).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256HmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256HmacSha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Bytes of the master key.
    pub const fn key_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AesCm256HmacSha1_80 | Self::AesCm256HmacSha1_32 | Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    pub const fn salt_length(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Whether one algorithm encrypts and authenticates.
    pub(super) const fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// Bytes of the tag of an RTP packet.
    pub(super) const fn rtp_tag(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_32 | Self::AesCm256HmacSha1_32 => 4,
            Self::AesCm128HmacSha1_80 | Self::AesCm256HmacSha1_80 => 10,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }
}

/// What one side sends under. `Debug` shows lengths only.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpKey {
    /// Master key and master salt in one piece, as long as the profile wants them.
    pub key_and_salt: Vec<u8>,
    /// The master key identifier in each packet (RFC 3711 3.1), up to 128 bytes, where there is one.
    pub mki: Option<Vec<u8>>,
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpKey({} bytes)", self.key_and_salt.len())
    }
}

/// Profile and keys of both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrtpKeys {
    /// For both directions.
    pub profile: SrtpProfile,
    /// What we send under.
    pub local: SrtpKey,
    /// What the peer sends under.
    pub remote: SrtpKey,
}

/// How a stream is encrypted. With anything but `Off` nothing is sent or taken in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    #[default]
    Off,
    /// Under keys that the signalling brought (RFC 4568).
    Keys(SrtpKeys),
    /// Under the keys of a DTLS handshake on the RTP port (RFC 5764), and nothing before it is over. Reports on a port of their
    /// own have a handshake and keys of their own (4.1.2).
    Dtls(DtlsTerms),
}

/// The keys do not fit their profile.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the SRTP keys do not fit {profile:?}")]
pub struct KeyError {
    /// The profile.
    pub profile: SrtpProfile,
}
