//! The digest itself (RFC 7616 3.4).

use std::fmt::Write as _;

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};

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
    /// `SHA-512-256` (RFC 8760): SHA-512/256 of FIPS 180-4, with its own initial value, not SHA-512 cut short.
    Sha512T256,
    /// `SHA-512-256-sess`.
    Sha512T256Sess,
}

impl Algorithm {
    /// The algorithm of a token, `None` for one we cannot compute. Some peers write `SHA256`.
    pub fn from_token(token: &str) -> Option<Self> {
        match token.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5),
            "MD5-SESS" => Some(Self::Md5Sess),
            "SHA-256" | "SHA256" => Some(Self::Sha256),
            "SHA-256-SESS" | "SHA256-SESS" => Some(Self::Sha256Sess),
            "SHA-512-256" => Some(Self::Sha512T256),
            "SHA-512-256-SESS" => Some(Self::Sha512T256Sess),
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
            Self::Sha512T256 => "SHA-512-256",
            Self::Sha512T256Sess => "SHA-512-256-sess",
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
            Self::Sha512T256 => 4,
            Self::Sha512T256Sess => 5,
        }
    }

    /// Whether the password's hash is bound to the nonces (`-sess`).
    pub(super) const fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess | Self::Sha512T256Sess)
    }

    /// `H(text)` in lower-case hexadecimal.
    pub(super) fn hash(self, text: &[u8]) -> String {
        match self {
            Self::Md5 | Self::Md5Sess => hex(&Md5::digest(text)),
            Self::Sha256 | Self::Sha256Sess => hex(&Sha256::digest(text)),
            Self::Sha512T256 | Self::Sha512T256Sess => hex(&Sha512_256::digest(text)),
        }
    }

    /// The user name as it stands in credentials with `userhash=true` (RFC 7616 3.4.4).
    pub(super) fn userhash(self, user: &str, realm: &str) -> String {
        self.hash(format!("{user}:{realm}").as_bytes())
    }
}

/// Quality of protection (RFC 7616 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// Method and URI are protected.
    Auth,
    /// The body too.
    AuthInt,
}

impl Qop {
    /// The quality of a token, without case.
    pub fn from_token(token: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| token.eq_ignore_ascii_case(qop.as_str()))
    }

    /// The token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
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
    pub(super) body: &'a [u8],
    pub(super) cnonce: &'a str,
    /// `Some((qop, nc))` with a quality of protection, `None` for RFC 2069 servers.
    pub(super) qop: Option<(Qop, u32)>,
}

impl Inputs<'_> {
    /// The `response` parameter.
    pub(super) fn response(&self) -> String {
        let hash = |text: String| self.algorithm.hash(text.as_bytes());
        let mut a1 = hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        if self.algorithm.is_session() {
            a1 = hash(format!("{a1}:{}:{}", self.nonce, self.cnonce));
        }
        let mut a2 = format!("{}:{}", self.method, self.uri);
        if let Some((Qop::AuthInt, _)) = self.qop {
            let _ = write!(a2, ":{}", self.algorithm.hash(self.body));
        }
        let a2 = hash(a2);
        match self.qop {
            Some((qop, nc)) => {
                hash(format!("{a1}:{}:{nc:08x}:{}:{}:{a2}", self.nonce, self.cnonce, qop.as_str()))
            }
            None => hash(format!("{a1}:{}:{a2}", self.nonce)),
        }
    }

    /// The `rspauth` parameter of the answer: the same without the method, over the answer's body
    /// (RFC 7616 3.5).
    pub(super) fn rspauth(&self, body: &[u8]) -> String {
        Inputs { method: "", body, ..*self }.response()
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

    fn vector(algorithm: Algorithm, qop: Option<(Qop, u32)>) -> Inputs<'static> {
        Inputs {
            body: b"",
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
            body: b"",
            algorithm: Algorithm::Md5,
            user: "Mufasa",
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method: "GET",
            uri: "/dir/index.html",
            cnonce: "0a4f113b",
            qop: Some((Qop::Auth, 1)),
        };
        assert_eq!(inputs.response(), "6629fae49393a05397450978507c4ef1");
    }

    /// RFC 7616 3.9.1, both algorithms.
    #[test]
    fn rfc_7616_examples() {
        assert_eq!(
            vector(Algorithm::Md5, Some((Qop::Auth, 1))).response(),
            "8ca523f5e9506fed4657c9700eebdbec"
        );
        assert_eq!(
            vector(Algorithm::Sha256, Some((Qop::Auth, 1))).response(),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    /// RFC 7616 3.9.2 with the values of erratum 4897: the printed ones are SHA-512 cut to 256 bits.
    #[test]
    fn rfc_7616_example_of_userhash_and_sha_512_256() {
        let inputs = Inputs {
            algorithm: Algorithm::Sha512T256,
            user: "J\u{e4}s\u{f8}n Doe",
            realm: "api@example.org",
            password: "Secret, or not?",
            nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            method: "GET",
            uri: "/doe.json",
            body: b"",
            cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
            qop: Some((Qop::Auth, 1)),
        };
        assert_eq!(
            inputs.algorithm.userhash(inputs.user, inputs.realm),
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        assert_eq!(inputs.response(), "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    }

    #[test]
    fn a_body_counts_only_with_auth_int() {
        let with = |qop, body| Inputs { body, ..vector(Algorithm::Sha256, Some((qop, 1))) }.response();
        assert_eq!(with(Qop::Auth, b"a"), with(Qop::Auth, b"b"));
        assert_ne!(with(Qop::AuthInt, b"a"), with(Qop::AuthInt, b"b"));
    }

    #[test]
    fn tokens_ignore_case() {
        assert_eq!(Algorithm::from_token("sha-256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::from_token("md5-SESS"), Some(Algorithm::Md5Sess));
        assert_eq!(Algorithm::from_token("sha-512-256"), Some(Algorithm::Sha512T256));
        assert_eq!(Algorithm::from_token("SHA-512"), None);
    }
}
