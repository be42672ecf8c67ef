//! Challenges and credentials (RFC 3261 20.7, 20.27, 20.28, 20.44; RFC 7616).

use std::fmt;

use super::super::lex;

/// One `WWW-Authenticate` or `Proxy-Authenticate` value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme, as written; only `Digest` can be answered.
    pub scheme: String,
    /// The protection space, unescaped.
    pub realm: String,
    /// The server's nonce, as between its quotes.
    pub nonce: String,
    /// Returned unchanged by the client.
    pub opaque: Option<String>,
    /// The algorithm token, as written; absent means MD5.
    pub algorithm: Option<String>,
    /// The offered qualities of protection, in order, lower case.
    pub qop: Vec<String>,
    /// Whether only the nonce was too old.
    pub stale: bool,
}

impl Challenge {
    /// Reads one challenge.
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, fields) = scheme_and_fields(value)?;
        let mut challenge = Self { scheme: scheme.to_owned(), ..Self::default() };
        for (name, raw) in fields {
            let text = lex::unquote(raw);
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = text.into_owned(),
                "nonce" => challenge.nonce = verbatim(raw),
                "opaque" => challenge.opaque = Some(verbatim(raw)),
                "algorithm" => challenge.algorithm = Some(text.into_owned()),
                "stale" => challenge.stale = text.eq_ignore_ascii_case("true"),
                "qop" => {
                    challenge.qop = text
                        .split([',', ' ', '\t'])
                        .filter(|q| !q.is_empty())
                        .map(str::to_ascii_lowercase)
                        .collect();
                }
                _ => {}
            }
        }
        Some(challenge)
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} realm={}, nonce=\"{}\"", self.scheme, lex::quote(&self.realm), self.nonce)?;
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        if let Some(algorithm) = &self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        if !self.qop.is_empty() {
            write!(f, ", qop=\"{}\"", self.qop.join(","))?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        Ok(())
    }
}

/// One `Authorization` or `Proxy-Authorization` value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user name, unescaped.
    pub username: String,
    /// The protection space, unescaped.
    pub realm: String,
    /// The nonce answered to.
    pub nonce: String,
    /// The URI that was hashed, as written.
    pub uri: String,
    /// The digest in lower-case hexadecimal.
    pub response: String,
    /// The algorithm token, as the challenge wrote it.
    pub algorithm: Option<String>,
    /// The client's nonce.
    pub cnonce: Option<String>,
    /// As the challenge gave it.
    pub opaque: Option<String>,
    /// The quality of protection used, `auth`.
    pub qop: Option<String>,
    /// The nonce count; eight hexadecimal digits on the wire.
    pub nc: Option<u32>,
}

impl Credentials {
    /// Reads Digest credentials; `None` for other schemes.
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, fields) = scheme_and_fields(value)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut credentials = Self::default();
        for (name, raw) in fields {
            let text = || lex::unquote(raw).into_owned();
            match name.to_ascii_lowercase().as_str() {
                "username" => credentials.username = text(),
                "realm" => credentials.realm = text(),
                "nonce" => credentials.nonce = verbatim(raw),
                "uri" => credentials.uri = verbatim(raw),
                "response" => credentials.response = text().to_ascii_lowercase(),
                "algorithm" => credentials.algorithm = Some(text()),
                "cnonce" => credentials.cnonce = Some(verbatim(raw)),
                "opaque" => credentials.opaque = Some(verbatim(raw)),
                "qop" => credentials.qop = Some(text().to_ascii_lowercase()),
                "nc" => credentials.nc = Some(u32::from_str_radix(&text(), 16).ok()?),
                _ => {}
            }
        }
        Some(credentials)
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Digest username={}, realm={}, nonce=\"{}\", uri=\"{}\", response=\"{}\"",
            lex::quote(&self.username),
            lex::quote(&self.realm),
            self.nonce,
            self.uri,
            self.response
        )?;
        if let Some(algorithm) = &self.algorithm {
            write!(f, ", algorithm={algorithm}")?;
        }
        if let Some(cnonce) = &self.cnonce {
            write!(f, ", cnonce=\"{cnonce}\"")?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque=\"{opaque}\"")?;
        }
        if let Some(qop) = &self.qop {
            write!(f, ", qop={qop}")?;
        }
        if let Some(nc) = self.nc {
            write!(f, ", nc={nc:08x}")?;
        }
        Ok(())
    }
}

/// Values that are only echoed keep their escapes, so that they go back byte for byte.
fn verbatim(raw: &str) -> String {
    lex::strip_quotes(raw).unwrap_or(raw).to_owned()
}

/// The scheme and its `name=value` fields, values still quoted.
fn scheme_and_fields(value: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let value = lex::trim(value);
    let (scheme, fields) = value.split_at(value.find([' ', '\t']).unwrap_or(value.len()));
    if !lex::is_token(scheme) {
        return None;
    }
    let fields = lex::list(fields)?
        .into_iter()
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (lex::trim(name), lex::trim(value)))
        .collect();
    Some((scheme, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_with_every_oddity() {
        let text = "digest realm = \"a \\\"b\\\", c\" , nonce=\"x==\",qop=\"Auth , auth-int\" ,algorithm=sha-256, \
                    stale=TRUE, opaque=\"\", foo";
        let challenge = Challenge::parse(text).unwrap();
        assert!(challenge.is_digest() && challenge.stale);
        assert_eq!(challenge.realm, "a \"b\", c");
        assert_eq!(challenge.qop, ["auth", "auth-int"]);
        assert_eq!(challenge.opaque.as_deref(), Some(""));
        assert_eq!(Challenge::parse(&challenge.to_string()), Some(challenge));
    }

    #[test]
    fn the_nonce_count_is_hexadecimal() {
        let credentials = Credentials { nc: Some(16), ..Credentials::default() };
        assert!(credentials.to_string().ends_with(", nc=00000010"));
        assert_eq!(Credentials::parse(&credentials.to_string()), Some(credentials));
    }
}
