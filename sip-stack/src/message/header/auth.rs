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
    /// Whether the server wants the user name hashed (RFC 7616 3.4.4).
    pub userhash: bool,
    /// The character set of user name and password, as written; `UTF-8` is the only one there is.
    pub charset: Option<String>,
}

impl Challenge {
    /// Reads one challenge.
    pub fn parse(value: &str) -> Option<Self> {
        Self::parse_list(value)?.into_iter().next()
    }

    /// Reads a header value with one challenge, as it must be, or with several behind one another: servers that come
    /// from HTTP write them so (RFC 7235 4.1; RFC 3261 7.3.1 forbids it).
    pub(crate) fn parse_list(value: &str) -> Option<Vec<Self>> {
        let value = lex::trim(value);
        let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
        for element in lex::list(value)? {
            // `Digest realm=x` opens a challenge, `nonce=y` continues one.
            let (scheme, field) = match element.find([' ', '\t']) {
                Some(at) if lex::is_token(&element[..at]) && !lex::trim(&element[at..]).starts_with('=') => {
                    (Some(&element[..at]), lex::trim(&element[at..]))
                }
                None if lex::is_token(element) && found.is_empty() => (Some(element), ""),
                _ => (None, element),
            };
            if let Some(scheme) = scheme {
                found.push((scheme, Vec::new()));
            }
            let (_, fields) = found.last_mut()?;
            if let Some((name, value)) = field.split_once('=') {
                fields.push((lex::trim(name), lex::trim(value)));
            }
        }
        Some(found.into_iter().map(|(scheme, fields)| Self::from_fields(scheme, fields)).collect())
    }

    fn from_fields(scheme: &str, fields: Vec<(&str, &str)>) -> Self {
        let mut challenge = Self { scheme: scheme.to_owned(), ..Self::default() };
        for (name, raw) in fields {
            let text = lex::unquote(raw);
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = text.into_owned(),
                "nonce" => challenge.nonce = verbatim(raw),
                "opaque" => challenge.opaque = Some(verbatim(raw)),
                "algorithm" => challenge.algorithm = Some(text.into_owned()),
                "stale" => challenge.stale = text.eq_ignore_ascii_case("true"),
                "userhash" => challenge.userhash = text.eq_ignore_ascii_case("true"),
                "charset" => challenge.charset = Some(text.into_owned()),
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
        challenge
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
        if let Some(charset) = &self.charset {
            write!(f, ", charset={charset}")?;
        }
        if self.userhash {
            f.write_str(", userhash=true")?;
        }
        Ok(())
    }
}

/// One `Authorization` or `Proxy-Authorization` value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user name, unescaped; its hash where `userhash` says so.
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
    /// The quality of protection used, `auth` or `auth-int`.
    pub qop: Option<String>,
    /// The nonce count; eight hexadecimal digits on the wire.
    pub nc: Option<u32>,
    /// Whether `username` is a hash (RFC 7616 3.4.4).
    pub userhash: bool,
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
                "userhash" => credentials.userhash = text().eq_ignore_ascii_case("true"),
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
        if self.userhash {
            f.write_str(", userhash=true")?;
        }
        Ok(())
    }
}

/// An `Authentication-Info` or `Proxy-Authentication-Info` value (RFC 7616 3.5): the server's own proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthInfo {
    /// The nonce to use from the next request on.
    pub nextnonce: Option<String>,
    /// The quality of protection of the answer.
    pub qop: Option<String>,
    /// The digest that only a server which knows the password can make, in lower-case hexadecimal.
    pub rspauth: Option<String>,
    /// The client's nonce, given back.
    pub cnonce: Option<String>,
    /// The nonce count, given back.
    pub nc: Option<u32>,
}

impl AuthInfo {
    /// Reads one value.
    pub fn parse(value: &str) -> Option<Self> {
        let mut info = Self::default();
        let fields = lex::list(value)?;
        for (name, raw) in fields.filter_map(|field| field.split_once('=')) {
            let raw = lex::trim(raw);
            let text = || lex::unquote(raw).into_owned();
            match lex::trim(name).to_ascii_lowercase().as_str() {
                "nextnonce" => info.nextnonce = Some(verbatim(raw)),
                "qop" => info.qop = Some(text().to_ascii_lowercase()),
                "rspauth" => info.rspauth = Some(text().to_ascii_lowercase()),
                "cnonce" => info.cnonce = Some(verbatim(raw)),
                "nc" => info.nc = u32::from_str_radix(&text(), 16).ok(),
                _ => {}
            }
        }
        Some(info)
    }
}

impl fmt::Display for AuthInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let mut field = |f: &mut fmt::Formatter<'_>, text: String| {
            let written = write!(f, "{between}{text}");
            between = ", ";
            written
        };
        if let Some(nonce) = &self.nextnonce {
            field(f, format!("nextnonce=\"{nonce}\""))?;
        }
        if let Some(qop) = &self.qop {
            field(f, format!("qop={qop}"))?;
        }
        if let Some(rspauth) = &self.rspauth {
            field(f, format!("rspauth=\"{rspauth}\""))?;
        }
        if let Some(cnonce) = &self.cnonce {
            field(f, format!("cnonce=\"{cnonce}\""))?;
        }
        if let Some(nc) = self.nc {
            field(f, format!("nc={nc:08x}"))?;
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
    fn several_challenges_in_one_value_are_read_one_by_one() {
        let text = "Digest realm=\"a\", nonce=\"1\",qop=\"auth,auth-int\", userhash=true, charset=UTF-8, \
                    Basic realm=\"b\", DIGEST  realm = \"c, d\", nonce = \"2\"";
        let found = Challenge::parse_list(text).unwrap();
        let realms: Vec<_> = found.iter().map(|c| (c.scheme.as_str(), c.realm.as_str())).collect();
        assert_eq!(realms, [("Digest", "a"), ("Basic", "b"), ("DIGEST", "c, d")]);
        assert!(found[0].userhash && found[0].charset.as_deref() == Some("UTF-8"));
        assert_eq!((found[0].qop.len(), found[2].nonce.as_str()), (2, "2"));
        assert_eq!(Challenge::parse_list("Digest").unwrap().len(), 1);
        assert!(Challenge::parse_list("nonce=\"1\"").is_none());
        for text in ["", ",", "Digest realm=\"open"] {
            assert!(Challenge::parse_list(text).is_none_or(|list| list.is_empty()), "{text}");
        }
    }

    #[test]
    fn authentication_info_is_read_back() {
        let text = "qop=AUTH, rspauth=\"AB12\" , cnonce=\"c\\\"\", nc=0000000a,nextnonce=\"n==\", foo=bar";
        let info = AuthInfo::parse(text).unwrap();
        assert_eq!((info.nc, info.rspauth.as_deref()), (Some(10), Some("ab12")));
        assert_eq!(AuthInfo::parse(&info.to_string()), Some(info));
    }

    #[test]
    fn the_nonce_count_is_hexadecimal() {
        let credentials = Credentials { nc: Some(16), ..Credentials::default() };
        assert!(credentials.to_string().ends_with(", nc=00000010"));
        assert_eq!(Credentials::parse(&credentials.to_string()), Some(credentials));
    }
}
