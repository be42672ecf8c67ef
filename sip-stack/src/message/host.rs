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
            return inner.strip_suffix(']')?.parse().ok().map(Self::V6);
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
