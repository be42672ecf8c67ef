//! What the core knows of the network: a kind of transport, an address and bytes.

pub(crate) mod keepalive;
pub(crate) mod stun;

use std::net::SocketAddr;

pub use self::keepalive::{KeepAlive, KeepAliveMethod};

/// Requests longer than this many bytes go by a congestion-controlled transport (RFC 3261 18.1.1).
pub const MAX_DATAGRAM_REQUEST: usize = 1300;

/// The transports of this stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum TransportKind {
    /// Datagrams; the transaction layer retransmits.
    #[default]
    Udp,
    /// Streams with Content-Length framing.
    Tcp,
    /// The same inside TLS.
    Tls,
}

impl TransportKind {
    /// True where the transport itself retransmits, so that timers A, E and G stay off (RFC 3261 17).
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls => true,
        }
    }

    /// The port of a URI without one (RFC 3261 19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The token of the Via header: `UDP`, `TCP` or `TLS`.
    pub fn via_token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The kind named by a `transport` parameter, any case; `None` for one this stack does not speak.
    pub fn from_token(token: &str) -> Option<Self> {
        if token.eq_ignore_ascii_case("udp") {
            Some(Self::Udp)
        } else if token.eq_ignore_ascii_case("tcp") {
            Some(Self::Tcp)
        } else if token.eq_ignore_ascii_case("tls") {
            Some(Self::Tls)
        } else {
            None
        }
    }
}

/// Where a message goes or came from: for TCP the peer's end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// The transport.
    pub transport: TransportKind,
    /// The peer's address.
    pub peer: SocketAddr,
}

/// Bytes to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The transport.
    pub transport: TransportKind,
    /// The peer's address; for TCP an open connection to it is reused.
    pub destination: SocketAddr,
    /// One whole message.
    pub bytes: Vec<u8>,
}
