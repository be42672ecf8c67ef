//! Via (RFC 3261 20.42, RFC 3581).

use std::{fmt, net::SocketAddr};

use super::super::{Host, Params, host::HostPart, lex};

/// One hop of the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The transport token in upper case: `UDP`, `TCP`, `TLS`, `WSS`, or one we do not know.
    pub transport: String,
    /// The sent-by host.
    pub host: Host,
    /// The sent-by port, when written.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport`, …
    pub params: Params,
}

impl Via {
    /// A hop sent from `sent_by`, asking for `rport`.
    pub fn new(transport: &str, sent_by: SocketAddr, branch: &str) -> Self {
        Self {
            transport: transport.to_ascii_uppercase(),
            host: sent_by.ip().into(),
            port: Some(sent_by.port()),
            params: Params::new().with("branch", Some(branch)).with("rport", None),
        }
    }

    /// Reads one hop; white space may stand around every separator.
    pub fn parse(text: &str) -> Option<Self> {
        let part = ViaPart::parse(text, Params::parse_header)?;
        Some(Self {
            transport: part.transport.to_ascii_uppercase(),
            host: part.host.into(),
            port: part.port,
            params: part.params,
        })
    }

    /// Whether [`Self::parse`] reads `text`, without the cost of it.
    pub(crate) fn is_valid(text: &str) -> bool {
        ViaPart::parse(text, |params| Params::is_valid_header(params).then_some(())).is_some()
    }

    /// The transaction's branch.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// The address the next hop saw the request come from (RFC 3261 18.2.1), brackets removed.
    pub fn received(&self) -> Option<std::net::IpAddr> {
        self.params.get("received")?.trim_matches(['[', ']']).parse().ok()
    }

    /// The port the next hop saw (RFC 3581 4).
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// Notes where the request really came from: `received` when it differs from sent-by or rport was asked for,
    /// and the value of `rport` (RFC 3261 18.2.1, RFC 3581 4).
    pub fn stamp(&mut self, source: SocketAddr) {
        let asked = self.params.contains("rport");
        if asked {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if asked || self.host.ip() != Some(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
    }
}

/// A hop as it stands in a text: checked, but not copied.
struct ViaPart<'a, P> {
    transport: &'a str,
    host: HostPart<'a>,
    port: Option<u16>,
    /// What became of the parameters.
    params: P,
}

impl<'a, P> ViaPart<'a, P> {
    fn parse(text: &'a str, read: impl Fn(&'a str) -> Option<P>) -> Option<Self> {
        let (name, rest) = lex::split_once(lex::trim(text), b'/')?;
        let (version, rest) = lex::split_once(rest, b'/')?;
        // A hop of another version is read too: a request of that version is answered with 505 along it.
        let version_ok =
            version.bytes().all(|b| b.is_ascii_digit() || b". \t".contains(&b)) && version.contains('.');
        if !lex::trim(name).eq_ignore_ascii_case("SIP") || !version_ok {
            return None;
        }
        let rest = lex::trim_start(rest);
        let (transport, rest) = rest.split_at(memchr::memchr2(b' ', b'\t', rest.as_bytes())?);
        let (sent_by, params) = lex::split_before(rest, b';');
        let (host, port) = HostPart::parse_with_port(sent_by)?;
        lex::is_token(transport).then(|| read(params).map(|params| Self { transport, host, port, params }))?
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_never_hides_the_branch() {
        let via = Via::parse("SIP / 2.0 / udp\t[2001:db8::9] : 5070 ; branch = z9hG4bK=x ;rport").unwrap();
        assert_eq!(via.branch(), Some("z9hG4bK=x"));
        assert_eq!(via.port, Some(5070));
        assert!(via.params.contains("rport"));
        assert_eq!(via.to_string(), "SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bK=x;rport");
    }

    #[test]
    fn stamping_answers_rport() {
        let mut via = Via::new("udp", "10.0.0.1:5060".parse().unwrap(), "z9hG4bKa");
        via.stamp("192.0.2.7:40000".parse().unwrap());
        assert_eq!(via.rport(), Some(40000));
        assert_eq!(via.received(), Some("192.0.2.7".parse().unwrap()));
        let mut plain = Via::parse("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKb").unwrap();
        plain.stamp("192.0.2.7:5060".parse().unwrap());
        assert_eq!(plain.received(), None);
        let mut six = Via::parse("SIP/2.0/UDP h;branch=z9hG4bKb").unwrap();
        six.stamp("[2001:db8::7]:5060".parse().unwrap());
        assert_eq!(six.to_string(), "SIP/2.0/UDP h;branch=z9hG4bKb;received=2001:db8::7");
    }

    #[test]
    fn what_is_no_hop_is_refused() {
        for text in ["", ";", "SIP/2.0/UDP", "SIP/x/UDP h", "SIP/2.0/UDP ;branch=x", "HTTP/2.0/UDP h"] {
            assert_eq!(Via::parse(text), None, "{text}");
        }
    }
}
