//! DTLS-SRTP in the session description: `a=fingerprint`, `a=setup`, `a=tls-id` (RFC 5763, 8122, 8842).

use std::fmt::{self, Display, Formatter};

/// The hash of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash function.
    pub hash: HashFunction,
    /// The digest, as long as the function gives it.
    pub digest: Vec<u8>,
}

/// A hash function by its name in RFC 8122 5. MD5 and MD2 are not there: they prove nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// `sha-1`, still written by old gateways.
    Sha1,
    /// `sha-224`.
    Sha224,
    /// `sha-256`, the one to offer.
    Sha256,
    /// `sha-384`.
    Sha384,
    /// `sha-512`.
    Sha512,
}

impl HashFunction {
    /// Every function there is.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name in `a=fingerprint`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha224 => "sha-224",
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    /// Bytes of the digest.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Fingerprint {
    /// Reads the value of the attribute; `None` for other functions and for digests of the wrong length.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let name = words.next()?;
        let hash = HashFunction::ALL.into_iter().find(|hash| name.eq_ignore_ascii_case(hash.as_str()))?;
        let hex = |pair: &str| {
            let right = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            right.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
        };
        let digest: Option<Vec<u8>> = words.next()?.split(':').map(hex).collect();
        digest.filter(|digest| digest.len() == hash.length()).map(|digest| Self { hash, digest })
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.as_str())?;
        for (n, byte) in self.digest.iter().enumerate() {
            write!(f, "{}{byte:02X}", if n == 0 { ' ' } else { ':' })?;
        }
        Ok(())
    }
}

/// Who opens the DTLS association (RFC 4145 4, RFC 5763 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setup {
    /// The writer is the client.
    Active,
    /// The writer is the server.
    Passive,
    /// The writer leaves it to the answerer; offers only.
    ActPass,
    /// Not now.
    HoldConn,
}

impl Setup {
    /// The value of the attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        [Self::Active, Self::Passive, Self::ActPass, Self::HoldConn]
            .into_iter()
            .find(|setup| value.eq_ignore_ascii_case(setup.as_str()))
    }
}

impl Display for Setup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Our side of the DTLS association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DtlsRole {
    /// We send the ClientHello.
    Client,
    /// We wait for it.
    Server,
}

impl DtlsRole {
    /// Our role from the peer's offer; what it leaves to us is client (RFC 5763 5), `kept` where the association
    /// already stands (RFC 8842 5.3). `None` when it wants no association now.
    pub(crate) fn answering(offer: Option<Setup>, kept: Option<Self>) -> Option<Self> {
        match offer {
            Some(Setup::ActPass) => Some(kept.unwrap_or(Self::Client)),
            Some(Setup::Passive) => Some(Self::Client),
            // RFC 4145 4.1: an offer without the attribute is active.
            Some(Setup::Active) | None => Some(Self::Server),
            Some(Setup::HoldConn) => None,
        }
    }

    /// Our role from the peer's answer to our `actpass`.
    pub(crate) const fn answered(answer: Option<Setup>) -> Option<Self> {
        match answer {
            Some(Setup::Active) => Some(Self::Server),
            // RFC 4145 4.1: an answer without the attribute is passive. One that says actpass waits, too.
            Some(Setup::Passive | Setup::ActPass) | None => Some(Self::Client),
            Some(Setup::HoldConn) => None,
        }
    }

    /// What our answer says.
    pub(crate) const fn setup(self) -> Setup {
        match self {
            Self::Client => Setup::Active,
            Self::Server => Setup::Passive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_and_written() {
        for hash in HashFunction::ALL {
            let print = Fingerprint { hash, digest: (0..hash.length()).map(|n| n as u8).collect() };
            assert_eq!(Fingerprint::parse(&print.to_string()), Some(print.clone()));
            assert_eq!(Fingerprint::parse(&print.to_string().to_lowercase()), Some(print));
        }
        for bad in ["", "sha-256", "sha-256 00:01", "md5 00:01", "sha-1 +1:02", "sha-1 あ:い"] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn roles_of_rfc_5763() {
        use DtlsRole::{Client, Server};
        for (offer, kept, ours) in [
            (Some(Setup::ActPass), None, Some(Client)),
            (Some(Setup::ActPass), Some(Server), Some(Server)),
            (Some(Setup::Active), None, Some(Server)),
            (Some(Setup::Passive), Some(Server), Some(Client)),
            (None, None, Some(Server)),
            (Some(Setup::HoldConn), Some(Client), None),
        ] {
            assert_eq!(DtlsRole::answering(offer, kept), ours, "{offer:?} {kept:?}");
        }
        for (answer, ours) in [
            (Some(Setup::Active), Some(Server)),
            (Some(Setup::Passive), Some(Client)),
            (Some(Setup::ActPass), Some(Client)),
            (None, Some(Client)),
            (Some(Setup::HoldConn), None),
        ] {
            assert_eq!(DtlsRole::answered(answer), ours, "{answer:?}");
        }
    }
}
