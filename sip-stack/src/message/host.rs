//! The host of a URI or a Via.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::lex;

/// A host: a name or a literal address. Printing an IPv6 address adds the brackets.
#[derive(Debug, Clone, Eq)]
pub enum Host {
    /// A domain name, as written.
    Name(String),
    /// `192.0.2.1`.
    V4(Ipv4Addr),
    /// `[2001:db8::1]`.
    V6(Ipv6Addr),
}

/// A host as it stands in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HostPart<'a> {
    Name(&'a str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl<'a> HostPart<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return v6(inner.strip_suffix(']')?).map(Self::V6);
        }
        if text.starts_with(|c: char| c.is_ascii_digit())
            && let Ok(address) = text.parse()
        {
            return Some(Self::V4(address));
        }
        let ok = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        ok.then_some(Self::Name(text))
    }

    /// As [`Host::parse_with_port`].
    pub(crate) fn parse_with_port(text: &'a str) -> Option<(Self, Option<u16>)> {
        let text = lex::trim(text);
        let end = match text.starts_with('[') {
            true => text.find(']')? + 1,
            false => lex::find(text, b':').unwrap_or(text.len()),
        };
        let (host, port) = text.split_at(end);
        let host = Self::parse(lex::trim(host))?;
        let port = lex::trim(port);
        if port.is_empty() {
            return Some((host, None));
        }
        let digits = lex::trim(port.strip_prefix(':')?);
        if digits.is_empty() {
            return Some((host, None));
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(|port| (host, Some(port)))
    }
}

/// An IPv6 address between its brackets. A zone (`%25eth0`, RFC 6874) says nothing to anyone but its writer and is left
/// out; the three colons that a fault of RFC 3261's grammar allows count as two (RFC 5118 4.10).
fn v6(text: &str) -> Option<Ipv6Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (address, zone) = lex::split_once(text, b'%').unwrap_or((text, "zone"));
    let zone_ok =
        !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b));
    zone_ok.then(|| address.replacen(":::", "::", 1).parse().ok())?
}

impl From<HostPart<'_>> for Host {
    fn from(part: HostPart<'_>) -> Self {
        match part {
            HostPart::Name(name) => Self::Name(name.to_owned()),
            HostPart::V4(address) => Self::V4(address),
            HostPart::V6(address) => Self::V6(address),
        }
    }
}

impl Host {
    /// Reads a host without a port. Underscores are let through, since field names in private networks have them.
    pub fn parse(text: &str) -> Option<Self> {
        HostPart::parse(text).map(Self::from)
    }

    /// Reads `host[:port]`, with white space around the colon as Via allows it.
    pub fn parse_with_port(text: &str) -> Option<(Self, Option<u16>)> {
        HostPart::parse_with_port(text).map(|(host, port)| (host.into(), port))
    }

    /// The literal address, `None` for a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some((*address).into()),
            Self::V6(address) => Some((*address).into()),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (Self::V4(a), Self::V4(b)) => a == b,
            (Self::V6(a), Self::V6(b)) => a == b,
            (Self::Name(_) | Self::V4(_) | Self::V6(_), _) => false,
        }
    }
}

impl std::hash::Hash for Host {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Self::Name(name) => name.to_ascii_lowercase().hash(state),
            Self::V4(address) => address.hash(state),
            Self::V6(address) => address.hash(state),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_in_every_form() {
        let cases = [
            ("[2001:DB8::1]:5070", Some(("[2001:db8::1]", Some(5070)))),
            ("[fe80::1%25eth0]", Some(("[fe80::1]", None))),
            ("[fe80::1%eth0]:5060", Some(("[fe80::1]", Some(5060)))),
            ("[2001:db8:::192.0.2.1]", Some(("[2001:db8::c000:201]", None))),
            ("[::ffff:192.0.2.2]:19823", Some(("[::ffff:192.0.2.2]", Some(19823)))),
            ("2001:db8::1", None),
            ("[2001:db8::1", None),
            ("[fe80::1%]", None),
            ("[fe80::1%25a b]", None),
            ("[::1]5060", None),
            ("[]", None),
        ];
        for (text, expected) in cases {
            let read = Host::parse_with_port(text).map(|(host, port)| (host.to_string(), port));
            assert_eq!(read, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
