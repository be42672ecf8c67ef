//! The parts of a session description that a call needs.

use std::{
    fmt::{self, Write as _},
    net::IpAddr,
};

use super::Direction;

/// A session description, reduced to what offer/answer looks at. Printing is strict RFC 8866.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    /// The session id of `o=`.
    pub session_id: String,
    /// The version of `o=`, one more with every change (RFC 3264 8).
    pub version: u64,
    /// The address of `o=`.
    pub origin: String,
    /// The session's connection address, literal or name.
    pub connection: Option<String>,
    /// The session's direction, when written.
    pub direction: Option<Direction>,
    /// Media lines in order. Their order and number never change within a call (RFC 3264 8).
    pub media: Vec<MediaDescription>,
}

/// One `m=` section.
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
    /// The encoding name of `a=rtpmap`.
    pub encoding: Option<String>,
    /// The clock of `a=rtpmap` in hertz.
    pub clock_rate: Option<u32>,
    /// The channels or other parameters of `a=rtpmap`.
    pub channels: Option<String>,
    /// `a=fmtp`, without the format.
    pub fmtp: Option<String>,
}

impl Format {
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
    /// Whether it is a fax stream (T.38).
    pub fn is_t38(&self) -> bool {
        self.kind == MediaKind::Image && self.formats.iter().any(|f| f.id.eq_ignore_ascii_case("t38"))
    }

    /// The same line with port 0 and nothing else: refused (RFC 3264 6).
    pub fn refused(&self) -> Self {
        Self {
            kind: self.kind.clone(),
            port: 0,
            protocol: self.protocol.clone(),
            formats: self
                .formats
                .iter()
                .map(|format| Format {
                    id: format.id.clone(),
                    encoding: None,
                    clock_rate: None,
                    channels: None,
                    fmtp: None,
                })
                .collect(),
            connection: None,
            direction: None,
            ptime: None,
            maxptime: None,
            rtcp: None,
        }
    }
}

impl SessionDescription {
    /// The connection address of a media line: its own, else the session's.
    pub fn connection_of<'a>(&'a self, media: &'a MediaDescription) -> Option<&'a str> {
        media.connection.as_deref().or(self.connection.as_deref())
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

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no=- {} {} {}\r\ns=-\r\n", self.session_id, self.version, address(&self.origin))?;
        if let Some(connection) = &self.connection {
            write!(f, "c={}\r\n", address(connection))?;
        }
        f.write_str("t=0 0\r\n")?;
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.as_str())?;
        }
        self.media.iter().try_for_each(|media| write!(f, "{media}"))
    }
}

impl fmt::Display for MediaDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {} {}", self.kind.as_str(), self.port, self.protocol)?;
        for format in &self.formats {
            write!(f, " {}", format.id)?;
        }
        f.write_str("\r\n")?;
        if let Some(connection) = &self.connection {
            write!(f, "c={}\r\n", address(connection))?;
        }
        for format in &self.formats {
            if let (Some(encoding), Some(rate)) = (&format.encoding, format.clock_rate) {
                write!(f, "a=rtpmap:{} {encoding}/{rate}", format.id)?;
                if let Some(channels) = &format.channels {
                    write!(f, "/{channels}")?;
                }
                f.write_str("\r\n")?;
            }
            if let Some(fmtp) = &format.fmtp {
                write!(f, "a=fmtp:{} {fmtp}\r\n", format.id)?;
            }
        }
        if let Some(ptime) = self.ptime {
            write!(f, "a=ptime:{ptime}\r\n")?;
        }
        if let Some(maxptime) = self.maxptime {
            write!(f, "a=maxptime:{maxptime}\r\n")?;
        }
        if let Some((port, host)) = &self.rtcp {
            write!(f, "a=rtcp:{port}")?;
            if let Some(host) = host {
                write!(f, " {}", address(host))?;
            }
            f.write_str("\r\n")?;
        }
        if let Some(direction) = self.direction {
            write!(f, "a={}\r\n", direction.as_str())?;
        }
        Ok(())
    }
}

/// `IN IP4 192.0.2.1`.
fn address(host: &str) -> String {
    let mut out = String::new();
    let family = if matches!(host.parse(), Ok(IpAddr::V6(_))) { "IP6" } else { "IP4" };
    let _ = write!(out, "IN {family} {host}");
    out
}
