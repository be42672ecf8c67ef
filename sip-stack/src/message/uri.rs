//! URIs (RFC 3261 19.1, RFC 3966).

use std::{fmt, net::SocketAddr, str::FromStr};

use super::{Host, Params, lex, uri_part::UriPart};

/// A URI of any scheme. Only `sip`, `sips` and `tel` are taken apart; the rest is kept as written, so that an
/// unknown scheme can be answered with 416 instead of losing the message.
///
/// Text is kept as it stood on the wire, escapes included: `sip:*21#@h` dials `*21#`, not `*21%23`. `==` compares
/// what is written; [`Uri::equivalent`] applies RFC 3261 19.1.4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Uri {
    /// `sip:` and `sips:`.
    Sip(SipUri),
    /// `tel:`.
    Tel(TelUri),
    /// Any other scheme.
    Other {
        /// The scheme, in lower case.
        scheme: String,
        /// Everything after the colon.
        opaque: String,
    },
}

/// A `sip:` or `sips:` URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SipUri {
    /// Whether the scheme is `sips`.
    pub secure: bool,
    /// The user part as written, escapes included.
    pub user: Option<String>,
    /// The password as written.
    pub password: Option<String>,
    /// The host.
    pub host: Host,
    /// The port, when written.
    pub port: Option<u16>,
    /// URI parameters (`transport`, `lr`, …).
    pub params: Params,
    /// Header components (`?Replaces=…`) as written, in order.
    pub headers: Vec<(String, String)>,
}

/// A `tel:` URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TelUri {
    /// The number as written, with visual separators.
    pub number: String,
    /// Parameters (`phone-context`, `ext`, …).
    pub params: Params,
}

/// A text that is no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed URI")]
pub struct UriError;

impl Uri {
    /// True for a `sips:` URI, which only TLS may carry (RFC 3261 26.2.2).
    pub fn is_sips(&self) -> bool {
        matches!(self, Self::Sip(uri) if uri.secure)
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// White space, control characters, `<`, `>` or `"` anywhere, no scheme, or a `sip:` URI without a valid host.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        UriPart::parse(text).map(Self::from)
    }

    /// `sip:user@host:port` for a literal address.
    pub fn from_address(user: Option<&str>, address: SocketAddr) -> Self {
        Self::Sip(SipUri {
            user: user.map(str::to_owned),
            port: Some(address.port()),
            ..SipUri::new(Host::from(address.ip()))
        })
    }

    /// The scheme in lower case.
    pub fn scheme(&self) -> &str {
        match self {
            Self::Sip(uri) if uri.secure => "sips",
            Self::Sip(_) => "sip",
            Self::Tel(_) => "tel",
            Self::Other { scheme, .. } => scheme,
        }
    }

    /// The SIP or SIPS URI, if it is one.
    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other { .. } => None,
        }
    }

    /// The SIP or SIPS URI for changing, if it is one.
    pub fn as_sip_mut(&mut self) -> Option<&mut SipUri> {
        match self {
            Self::Sip(uri) => Some(uri),
            Self::Tel(_) | Self::Other { .. } => None,
        }
    }

    /// The user part of a SIP URI or the number of a `tel:` URI, as written.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Sip(uri) => uri.user.as_deref(),
            Self::Tel(uri) => Some(&uri.number),
            Self::Other { .. } => None,
        }
    }

    /// The host of a SIP URI.
    pub fn host(&self) -> Option<&Host> {
        self.as_sip().map(|uri| &uri.host)
    }

    /// The port of a SIP URI, when written.
    pub fn port(&self) -> Option<u16> {
        self.as_sip().and_then(|uri| uri.port)
    }

    /// The parameters of a SIP or `tel:` URI.
    pub fn params(&self) -> Option<&Params> {
        match self {
            Self::Sip(uri) => Some(&uri.params),
            Self::Tel(uri) => Some(&uri.params),
            Self::Other { .. } => None,
        }
    }

    /// Whether the URI marks a loose router (RFC 3261 16.12).
    pub fn is_loose_route(&self) -> bool {
        self.params().is_some_and(|params| params.contains("lr"))
    }

    /// Whether the two name the same resource (RFC 3261 19.1.4; RFC 3966 4 for `tel:`).
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sip(a), Self::Sip(b)) => a.equivalent(b),
            (Self::Tel(a), Self::Tel(b)) => a.equivalent(b),
            (a, b) => a == b,
        }
    }
}

impl SipUri {
    /// `sip:host` and nothing else.
    pub fn new(host: Host) -> Self {
        Self {
            secure: false,
            user: None,
            password: None,
            host,
            port: None,
            params: Params::new(),
            headers: Vec::new(),
        }
    }

    /// The header component `name` (`?Replaces=…`) with escapes undone; bytes that are not UTF-8 show as U+FFFD.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| lex::percent_decode(value))
    }

    /// Sets the header component `name`, escaping what may not stand there (RFC 3261 19.1.1, 25.1 `hvalue`).
    pub fn set_header(&mut self, name: &str, value: &str) {
        let value = lex::percent_encode(value);
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(slot) => slot.1 = value,
            None => self.headers.push((name.to_owned(), value)),
        }
    }

    fn equivalent(&self, other: &Self) -> bool {
        let text = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => unescape(a) == unescape(b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.secure == other.secure
            && text(&self.user, &other.user)
            && text(&self.password, &other.password)
            && self.host == other.host
            && self.port == other.port
            && self.params_match(&other.params)
            && other.params_match(&self.params)
            && headers_match(&self.headers, &other.headers)
            && headers_match(&other.headers, &self.headers)
    }

    /// Parameters in both must agree; of those in one only, the listed ones forbid a match.
    fn params_match(&self, other: &Params) -> bool {
        self.params.iter().all(|(name, _)| {
            if !other.contains(name) {
                return !["user", "ttl", "method", "maddr", "transport"]
                    .iter()
                    .any(|telling| telling.eq_ignore_ascii_case(name));
            }
            // A name given twice counts by its first value, on both sides.
            let value = |params: &Params| params.get(name).map(unescape).unwrap_or_default();
            value(&self.params).eq_ignore_ascii_case(&value(other))
        })
    }
}

impl TelUri {
    fn equivalent(&self, other: &Self) -> bool {
        let digits = |number: &str| -> String {
            number.chars().filter(|c| !"-.()".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
        };
        let covers = |a: &Params, b: &Params| {
            let value = |params: &Params, name| params.get(name).unwrap_or_default().to_ascii_lowercase();
            a.iter().all(|(name, _)| b.contains(name) && value(a, name) == value(b, name))
        };
        digits(&self.number) == digits(&other.number)
            && covers(&self.params, &other.params)
            && covers(&other.params, &self.params)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(uri) => uri.fmt(f),
            Self::Tel(uri) => write!(f, "tel:{}{}", uri.number, uri.params),
            Self::Other { scheme, opaque } => write!(f, "{scheme}:{opaque}"),
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                f.write_str(":")?;
                f.write_str(password)?;
            }
            f.write_str("@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)?;
        for (index, (name, value)) in self.headers.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

fn headers_match(a: &[(String, String)], b: &[(String, String)]) -> bool {
    a.iter().all(|(name, value)| {
        b.iter().any(|(known, other)| known.eq_ignore_ascii_case(name) && unescape(value) == unescape(other))
    })
}

/// Undoes `%HH` of unreserved characters; escapes of reserved ones stay, in upper case (RFC 3261 19.1.4).
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) if b";/?:@&=+$,%".contains(&code) || !(0x21..0x7f).contains(&code) => {
                out.extend(bytes[at..at + 3].to_ascii_uppercase());
                at += 3;
            }
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_printed() {
        for text in [
            "sip:alice@atlanta.com",
            "sips:alice:secret@atlanta.com;transport=tcp?subject=project%20x&priority=urgent",
            "sip:*21#@pbx.example",
            "sip:john.doe@h",
            "sip:+81-3-1234-5678;ext=5@gw.example:5070;user=phone",
            "sip:user;par=u%40example.net@example.com",
            "sip:[2001:db8::10]:5070;lr",
            "sip:a@[2001:db8::1]",
            "sip:null-%00-null@example.com",
            "tel:+81312345678;phone-context=example.jp",
            "tel:*21#",
            "urn:service:sos",
            "soap.beep://192.0.2.103:3002",
            "sip:営業@example.jp",
        ] {
            let uri = Uri::parse(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(uri.to_string(), text);
        }
    }

    #[test]
    fn parts_are_found() {
        let uri = Uri::parse("sip:1;x=2#?/@h:5;lr;transport=TCP?Replaces=a%3Bb").unwrap();
        let sip = uri.as_sip().unwrap();
        assert_eq!(sip.user.as_deref(), Some("1;x=2#?/"));
        assert_eq!(sip.port, Some(5));
        assert!(uri.is_loose_route());
        assert_eq!(sip.params.get("Transport"), Some("TCP"));
        assert_eq!(sip.headers, [("Replaces".to_owned(), "a%3Bb".to_owned())]);
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "sip:",
            "sip:@h",
            "alice",
            "sip:a b@h",
            "<sip:a@h>",
            "sip:a@h>",
            "sip:a@[::1",
            "1x:y",
            "sip:h:99999",
            "sip:h:x",
            "sip:a@",
            "tel:",
            "tel:abc xyz",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }

    /// The examples of RFC 3261 19.1.4.
    #[test]
    fn equivalence_follows_19_1_4() {
        let same = [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+81-3-1234", "tel:+8131234"),
        ];
        let different = [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@h", "sips:a@h"),
            ("sip:a%3Bb@h", "sip:a;b@h"),
        ];
        for (a, b) in same {
            let (a, b) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
            assert!(a.equivalent(&b) && b.equivalent(&a), "{a} {b}");
        }
        for (a, b) in different {
            let (a, b) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
            assert!(!a.equivalent(&b) && !b.equivalent(&a), "{a} {b}");
        }
    }
}
