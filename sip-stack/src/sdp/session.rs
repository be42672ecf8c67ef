//! The parts of a session description that a call needs.

use super::{CryptoAttribute, Direction, Fingerprint, Setup};

/// A session description, reduced to what offer/answer looks at.
///
/// Reading is lenient ([`parse`](super::parse)); printing is strict RFC 8866. What is printed reads back as the same.
/// `Display` writes the form for the wire, keys of `a=crypto` included: log the `Debug` form, which hides them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    /// The session id of `o=`.
    pub session_id: String,
    /// The version of `o=`, one more with every change (RFC 3264 8).
    pub version: u64,
    /// The address of `o=`, literal or name.
    pub origin: String,
    /// The session's connection address, literal or name.
    pub connection: Option<String>,
    /// The session's direction, when written.
    pub direction: Option<Direction>,
    /// Media lines in order. Their order and number never change within a call (RFC 3264 8).
    pub media: Vec<MediaDescription>,
}

/// One `m=` section. Session-level `ptime`, `maxptime`, `fingerprint`, `setup` and `tls-id` are read as if they stood
/// in every section that has none of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaDescription {
    /// `audio`, `image`, …
    pub kind: MediaKind,
    /// The port; 0 refuses or removes the stream.
    pub port: u16,
    /// The transport, e.g. `RTP/AVP`, `udptl`.
    pub protocol: String,
    /// The formats in order of preference.
    pub formats: Vec<Format>,
    /// Its own connection address, literal or name.
    pub connection: Option<String>,
    /// Its own direction, when written.
    pub direction: Option<Direction>,
    /// `a=ptime` in milliseconds.
    pub ptime: Option<u16>,
    /// `a=maxptime` in milliseconds.
    pub maxptime: Option<u16>,
    /// `a=rtcp`: port and address (RFC 3605).
    pub rtcp: Option<(u16, Option<String>)>,
    /// `a=rtcp-mux`: RTP and RTCP on one port (RFC 5761).
    pub rtcp_mux: bool,
    /// `a=crypto` lines that we understand, in order of preference (RFC 4568).
    pub crypto: Vec<CryptoAttribute>,
    /// `a=fingerprint` lines that we understand (RFC 8122).
    pub fingerprints: Vec<Fingerprint>,
    /// `a=setup` (RFC 4145).
    pub setup: Option<Setup>,
    /// `a=tls-id` (RFC 8842).
    pub tls_id: Option<String>,
}

/// The kind of a media line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaKind {
    /// `audio`.
    Audio,
    /// `image`: T.38 in practice.
    Image,
    /// Any other, as written.
    Other(String),
}

/// One format of a media line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// The format as written; for RTP a payload type.
    pub id: String,
    /// `a=rtpmap`.
    pub encoding: Option<Encoding>,
    /// `a=fmtp`, without the format.
    pub fmtp: Option<String>,
}

/// What `a=rtpmap` says of a payload type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// The encoding name.
    pub name: String,
    /// The RTP clock in hertz; 8000 where none was written.
    pub clock_rate: u32,
    /// The channels or other parameters.
    pub channels: Option<String>,
}

impl Encoding {
    pub(crate) fn is_mono(&self) -> bool {
        self.channels.as_deref().is_none_or(|channels| channels == "1")
    }
}

impl Format {
    /// A format without attributes.
    pub fn new(id: impl ToString) -> Self {
        Self { id: id.to_string(), encoding: None, fmtp: None }
    }

    /// The RTP payload type, 0–127.
    pub fn payload_type(&self) -> Option<u8> {
        self.id.parse().ok().filter(|payload_type| *payload_type < 128)
    }
}

impl MediaKind {
    /// The word of the `m=` line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Other(kind) => kind,
        }
    }
}

impl MediaDescription {
    /// A line without attributes.
    pub fn new(kind: MediaKind, port: u16, protocol: impl Into<String>, formats: Vec<Format>) -> Self {
        Self {
            kind,
            port,
            protocol: protocol.into(),
            formats,
            connection: None,
            direction: None,
            ptime: None,
            maxptime: None,
            rtcp: None,
            rtcp_mux: false,
            crypto: Vec::new(),
            fingerprints: Vec::new(),
            setup: None,
            tls_id: None,
        }
    }

    /// Whether it is a fax stream (T.38).
    pub fn is_t38(&self) -> bool {
        self.kind == MediaKind::Image && self.formats.iter().any(|f| f.id.eq_ignore_ascii_case("t38"))
    }

    /// The same line with port 0 and nothing else: refused (RFC 3264 6).
    pub fn refused(&self) -> Self {
        let mut formats: Vec<_> = self.formats.iter().map(|format| Format::new(&format.id)).collect();
        if formats.is_empty() {
            // The grammar wants one, even where the peer wrote none.
            formats.push(Format::new(0));
        }
        Self::new(self.kind.clone(), 0, self.protocol.clone(), formats)
    }
}

impl SessionDescription {
    /// The connection address of a media line: its own, else the session's, else (where a peer forgot both) that of
    /// `o=`.
    pub fn connection_of<'a>(&'a self, media: &'a MediaDescription) -> &'a str {
        media.connection.as_deref().or(self.connection.as_deref()).unwrap_or(&self.origin)
    }

    /// The direction of a media line: its own, else the session's, else both ways.
    pub fn direction_of(&self, media: &MediaDescription) -> Direction {
        media.direction.or(self.direction).unwrap_or_default()
    }

    /// The bytes for a body of type `application/sdp`.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}
