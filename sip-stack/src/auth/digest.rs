//! The digest itself (RFC 7616 3.4).

use std::fmt::Write as _;

use md5::{Digest, Md5};
use sha2::Sha256;

/// A digest algorithm. Tokens compare without case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `MD5`, and what an absent parameter means.
    Md5,
    /// `MD5-sess`.
    Md5Sess,
    /// `SHA-256` (RFC 8760).
    Sha256,
    /// `SHA-256-sess`.
    Sha256Sess,
}

impl Algorithm {
    /// The algorithm of a token, `None` for one we cannot compute. Some peers write `SHA256`.
    pub fn from_token(token: &str) -> Option<Self> {
        match token.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5),
            "MD5-SESS" => Some(Self::Md5Sess),
            "SHA-256" | "SHA256" => Some(Self::Sha256),
            "SHA-256-SESS" | "SHA256-SESS" => Some(Self::Sha256Sess),
            _ => None,
        }
    }

    /// The registered token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    /// How strong it is; the larger is taken when a server offers several (RFC 8760 2.3 leaves the order to the
    /// server, but a client may pick the strongest it knows).
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Md5 => 0,
            Self::Md5Sess => 1,
            Self::Sha256 => 2,
            Self::Sha256Sess => 3,
        }
    }

    const fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess)
    }

    /// `H(text)` in lower-case hexadecimal.
    pub(super) fn hash(self, text: &[u8]) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => hex(&Md5::digest(text)),
            Self::Sha256 | Self::Sha256Sess => hex(&Sha256::digest(text)),
        }
    }
}

/// What goes into a response digest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) user: &'a str,
    pub(super) realm: &'a str,
    pub(super) password: &'a str,
    pub(super) nonce: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) cnonce: &'a str,
    /// `Some((qop, nc))` with a quality of protection, `None` for RFC 2069 servers.
    pub(super) qop: Option<(&'a str, u32)>,
}

impl Inputs<'_> {
    /// The `response` parameter.
    pub(super) fn response(&self) -> String {
        let hash = |text: String| self.algorithm.hash(text.as_bytes());
        let mut a1 = hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        if self.algorithm.is_session() {
            a1 = hash(format!("{a1}:{}:{}", self.nonce, self.cnonce));
        }
        let a2 = hash(format!("{}:{}", self.method, self.uri));
        match self.qop {
            Some((qop, nc)) => hash(format!("{a1}:{}:{nc:08x}:{}:{qop}:{a2}", self.nonce, self.cnonce)),
            None => hash(format!("{a1}:{}:{a2}", self.nonce)),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(algorithm: Algorithm, qop: Option<(&str, u32)>) -> Inputs<'_> {
        Inputs {
            algorithm,
            user: "Mufasa",
            realm: "http-auth@example.org",
            password: "Circle of Life",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            method: "GET",
            uri: "/dir/index.html",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            qop,
        }
    }

    /// RFC 2617 3.5.
    #[test]
    fn rfc_2617_example() {
        let inputs = Inputs {
            algorithm: Algorithm::Md5,
            user: "Mufasa",
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method: "GET",
            uri: "/dir/index.html",
            cnonce: "0a4f113b",
            qop: Some(("auth", 1)),
        };
        assert_eq!(inputs.response(), "6629fae49393a05397450978507c4ef1");
    }

    /// RFC 7616 3.9.1, both algorithms.
    #[test]
    fn rfc_7616_examples() {
        assert_eq!(vector(Algorithm::Md5, Some(("auth", 1))).response(), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            vector(Algorithm::Sha256, Some(("auth", 1))).response(),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn tokens_ignore_case() {
        assert_eq!(Algorithm::from_token("sha-256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::from_token("md5-SESS"), Some(Algorithm::Md5Sess));
        assert_eq!(Algorithm::from_token("SHA-512-256"), None);
    }
}
