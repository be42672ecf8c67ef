//! Keys in the session description: `a=crypto` (RFC 4568).

use std::fmt::{self, Formatter, Write as _};

use super::base64;

/// How SRTP encrypts and authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CryptoSuite {
    /// RFC 4568 6.2.1; the one that everybody has.
    AesCm128HmacSha1_80,
    /// RFC 4568 6.2.2.
    AesCm128HmacSha1_32,
    /// RFC 6188 2.
    AesCm256HmacSha1_80,
    /// RFC 6188 2.
    AesCm256HmacSha1_32,
    /// RFC 7714 14.2.
    AeadAes128Gcm,
    /// RFC 7714 14.2.
    AeadAes256Gcm,
}

impl CryptoSuite {
    /// Every suite there is.
    pub const ALL: [Self; 6] = [
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
        Self::AesCm256HmacSha1_80,
        Self::AesCm256HmacSha1_32,
        Self::AeadAes128Gcm,
        Self::AeadAes256Gcm,
    ];

    /// The name in `a=crypto`.
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

    /// Bytes of the master salt, which follows the key.
    pub const fn salt_length(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            _ => 14,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        // Some swap the number and the mode, as RFC 6188's drafts did.
        let swapped = |suite: &Self| match suite {
            Self::AesCm256HmacSha1_80 => "AES_CM_256_HMAC_SHA1_80",
            Self::AesCm256HmacSha1_32 => "AES_CM_256_HMAC_SHA1_32",
            other => other.as_str(),
        };
        Self::ALL.into_iter().find(|suite| {
            name.eq_ignore_ascii_case(suite.as_str()) || name.eq_ignore_ascii_case(swapped(suite))
        })
    }
}

/// A master key and its salt. `Debug` shows the length only; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Vec<u8>);

impl MasterKey {
    /// Key and salt in one piece, as long as the suite wants them.
    pub const fn new(key_and_salt: Vec<u8>) -> Self {
        Self(key_and_salt)
    }

    /// The bytes, for the cipher.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({} bytes)", self.0.len())
    }
}

/// The key of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMaterial {
    /// Key and salt.
    pub master: MasterKey,
    /// Packets after which the key is used up, when told (RFC 4568 6.1).
    pub lifetime: Option<u64>,
    /// The master key identifier that every packet under this key carries at its end.
    pub mki: Option<Mki>,
}

impl KeyMaterial {
    /// A key without lifetime and identifier, which is what we send.
    pub const fn new(key_and_salt: Vec<u8>) -> Self {
        Self { master: MasterKey::new(key_and_salt), lifetime: None, mki: None }
    }
}

/// A master key identifier (RFC 4568 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mki {
    /// Its value.
    pub value: u64,
    /// Its length in the packet, 1–128 bytes.
    pub length: u8,
}

/// One `a=crypto` line with a suite that we know and one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptoAttribute {
    /// Which line of the offer it is or answers, up to nine digits.
    pub tag: u32,
    /// The suite.
    pub suite: CryptoSuite,
    /// What the one who writes it sends under.
    pub key: KeyMaterial,
}

impl CryptoAttribute {
    /// Reads the value of the attribute. `None` for what we cannot do: another suite or method, several keys, a key of
    /// the wrong length, session parameters that change the cipher (RFC 4568 6.3: such a line is not to be taken).
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
        let suite = CryptoSuite::from_name(words.next()?)?;
        let key = words.next()?;
        let (method, key) = key.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") || key.contains(';') {
            return None;
        }
        // WSH is the sender's hint about the replay window; what begins with a dash may be ignored.
        if !words.all(|word| word.starts_with('-') || word.to_ascii_uppercase().starts_with("WSH=")) {
            return None;
        }
        let mut parts = key.split('|');
        let secret = base64::decode(parts.next()?)?;
        if secret.len() != suite.key_length() + suite.salt_length() {
            return None;
        }
        let (mut lifetime, mut mki) = (None, None);
        for part in parts {
            match part.split_once(':') {
                Some((value, length)) => {
                    let length = length.parse().ok().filter(|length| (1..=128).contains(length))?;
                    mki = Some(Mki { value: value.parse().ok()?, length });
                }
                None => {
                    let packets = match part.strip_prefix("2^") {
                        Some(power) => 1 << power.parse::<u32>().ok().filter(|power| *power <= 48)?,
                        None => part.parse().ok()?,
                    };
                    lifetime = Some(packets);
                }
            }
        }
        Some(Self { tag, suite, key: KeyMaterial { master: MasterKey(secret), lifetime, mki } })
    }

    /// The value of the attribute, key included.
    pub(crate) fn wire(&self) -> String {
        let mut out =
            format!("{} {} inline:{}", self.tag, self.suite.as_str(), base64::encode(&self.key.master.0));
        if let Some(lifetime) = self.key.lifetime {
            let _ = write!(out, "|{lifetime}");
        }
        if let Some(Mki { value, length }) = self.key.mki {
            let _ = write!(out, "|{value}:{length}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 bytes, as in the example of RFC 4568 9.1.
    const KEY: &str = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

    #[test]
    fn the_lines_of_the_rfc() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:32");
        let read = CryptoAttribute::parse(&line).unwrap();
        assert_eq!((read.tag, read.suite), (1, CryptoSuite::AesCm128HmacSha1_80));
        assert_eq!(read.key.master.expose().len(), 30);
        assert_eq!((read.key.lifetime, read.key.mki), (Some(1 << 20), Some(Mki { value: 1, length: 32 })));
        assert_eq!(read.wire(), line.replace("2^20", "1048576"));
        let bare =
            CryptoAttribute::parse(&format!("2 aes_cm_128_hmac_sha1_32 INLINE:{KEY} WSH=64 -X")).unwrap();
        assert_eq!((bare.key.lifetime, bare.key.mki), (None, None));
        let mki_only =
            CryptoAttribute::parse(&format!("2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|7:1")).unwrap();
        assert_eq!(mki_only.key.mki, Some(Mki { value: 7, length: 1 }));
    }

    #[test]
    fn every_suite_reads_its_own_line() {
        for suite in CryptoSuite::ALL {
            let key = KeyMaterial::new(vec![0xA5; suite.key_length() + suite.salt_length()]);
            let line = CryptoAttribute { tag: 9, suite, key };
            assert_eq!(CryptoAttribute::parse(&line.wire()), Some(line));
        }
    }

    #[test]
    fn lines_that_we_must_not_take() {
        for line in [
            "",
            "1",
            "x AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1234567890 AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1 F8_128_HMAC_SHA1_80 inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 uri:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^49",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:0",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:129",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY;inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY KDR=1",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTP",
            "1 AES_256_CM_HMAC_SHA1_80 inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QQ==",
        ] {
            assert_eq!(CryptoAttribute::parse(&line.replace("KEY", KEY)), None, "{line}");
        }
    }

    #[test]
    fn keys_are_not_in_the_debug_form() {
        let line = CryptoAttribute::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")).unwrap();
        let shown = format!("{line:?}");
        assert!(shown.contains("MasterKey(30 bytes)") && !shown.contains("61"), "{shown}");
    }
}
