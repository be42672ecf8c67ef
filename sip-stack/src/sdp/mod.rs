//! Session descriptions (RFC 8866) and the offer/answer machine (RFC 3264).

mod negotiator;
mod parse;
mod session;

use std::net::{IpAddr, SocketAddr};

pub use {
    negotiator::{NegotiationError, Negotiator, NegotiatorState},
    parse::{SdpError, parse},
    session::{Format, MediaDescription, MediaKind, SessionDescription},
};

/// What we can do, for offers and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Where we receive.
    pub address: IpAddr,
    /// The RTP port; RTCP is one above.
    pub port: u16,
    /// Codecs in order of preference.
    pub codecs: Vec<CodecSpec>,
    /// Whether telephone-event (RFC 4733) is offered and accepted.
    pub dtmf: bool,
    /// The packet length we want to receive, in milliseconds.
    pub ptime_ms: u8,
}

/// A codec under the payload type by which we offer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecSpec {
    /// Which codec.
    pub name: CodecName,
    /// The RTP payload type: static for G.711, 96–127 for the rest.
    pub payload_type: u8,
    /// Format parameters (`a=fmtp`), without the payload type.
    pub fmtp: Option<String>,
}

impl CodecSpec {
    /// The codec under its static or usual payload type, without format parameters.
    pub const fn new(name: CodecName) -> Self {
        Self { name, payload_type: name.usual_payload_type(), fmtp: None }
    }
}

/// A codec by its name in SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodecName {
    /// G.711 µ-law, `PCMU/8000`.
    Pcmu,
    /// G.711 A-law, `PCMA/8000`.
    Pcma,
    /// Opus, `opus/48000/2` whatever is inside (RFC 7587 7).
    Opus,
}

impl CodecName {
    /// Every codec there is.
    pub const ALL: [Self; 3] = [Self::Pcmu, Self::Pcma, Self::Opus];

    /// The RTP clock in hertz.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8000,
            Self::Opus => 48000,
        }
    }

    /// The encoding name and clock of `a=rtpmap`.
    pub const fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// 0 and 8 for G.711 (RFC 3551 6), 111 for Opus as most endpoints use it.
    pub const fn usual_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::Opus => 111,
        }
    }

    /// The codec of a format: by its rtpmap, or by its static payload type where it has none.
    pub(crate) fn of(format: &Format) -> Option<Self> {
        let Some(encoding) = &format.encoding else {
            return match format.payload_type()? {
                0 => Some(Self::Pcmu),
                8 => Some(Self::Pcma),
                _ => None,
            };
        };
        let rate = format.clock_rate;
        Self::ALL.into_iter().find(|codec| {
            let name = codec.rtpmap().split('/').next().unwrap_or_default();
            encoding.eq_ignore_ascii_case(name) && rate == Some(codec.clock_rate())
        })
    }
}

/// Which way media flows, seen from the one who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways; what an absent attribute means.
    #[default]
    SendRecv,
    /// Out only.
    SendOnly,
    /// In only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The direction that sends and receives as told.
    pub const fn new(send: bool, receive: bool) -> Self {
        match (send, receive) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether it sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether it receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow seen from the other side.
    pub const fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow, seen from the same side.
    pub const fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|direction| name.eq_ignore_ascii_case(direction.as_str()))
    }
}

/// What an offer and its answer agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where to send RTP. Unspecified (`0.0.0.0`) when the peer holds the old way; then `direction` does not send.
    pub remote: SocketAddr,
    /// Where to send RTCP: `a=rtcp`, or one port above.
    pub remote_rtcp: Option<SocketAddr>,
    /// The codec for both ways.
    pub codec: CodecName,
    /// The payload type to send, which is the peer's.
    pub payload_type: u8,
    /// The payload type to expect, which is ours.
    pub receive_payload_type: u8,
    /// The peer's format parameters for the codec.
    pub fmtp: Option<String>,
    /// telephone-event on the codec's clock, to send; `None` when the peer does not take it.
    pub dtmf_payload_type: Option<u8>,
    /// telephone-event on the codec's clock, to expect.
    pub dtmf_receive_payload_type: Option<u8>,
    /// The packet length to send, in milliseconds: the peer's wish within 10–60, else ours.
    pub ptime_ms: u8,
    /// Which way media flows, seen from us.
    pub direction: Direction,
}
