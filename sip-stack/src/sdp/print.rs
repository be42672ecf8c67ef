//! Printing, strict RFC 8866: fixed order of lines, CRLF, every mandatory line.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::{MediaDescription, SessionDescription};

impl Display for SessionDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no=- {} {} {}\r\ns=-\r\n", self.session_id, self.version, Address(&self.origin))?;
        if let Some(connection) = &self.connection {
            write!(f, "c={}\r\n", Address(connection))?;
        }
        f.write_str("t=0 0\r\n")?;
        attribute(f, "", self.direction)?;
        self.media.iter().try_for_each(|media| media.fmt(f))
    }
}

impl Display for MediaDescription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "m={} {} {}", self.kind.as_str(), self.port, self.protocol)?;
        for format in &self.formats {
            write!(f, " {}", format.id)?;
        }
        f.write_str("\r\n")?;
        if let Some(connection) = &self.connection {
            write!(f, "c={}\r\n", Address(connection))?;
        }
        for format in &self.formats {
            if let Some(encoding) = &format.encoding {
                write!(f, "a=rtpmap:{} {}/{}", format.id, encoding.name, encoding.clock_rate)?;
                if let Some(channels) = &encoding.channels {
                    write!(f, "/{channels}")?;
                }
                f.write_str("\r\n")?;
            }
            if let Some(fmtp) = &format.fmtp {
                write!(f, "a=fmtp:{} {fmtp}\r\n", format.id)?;
            }
        }
        attribute(f, "ptime:", self.ptime)?;
        attribute(f, "maxptime:", self.maxptime)?;
        if let Some((port, host)) = &self.rtcp {
            write!(f, "a=rtcp:{port}")?;
            if let Some(host) = host {
                write!(f, " {}", Address(host))?;
            }
            f.write_str("\r\n")?;
        }
        attribute(f, "", self.rtcp_mux.then_some("rtcp-mux"))?;
        self.crypto.iter().try_for_each(|crypto| attribute(f, "crypto:", Some(crypto.wire())))?;
        self.fingerprints.iter().try_for_each(|print| attribute(f, "fingerprint:", Some(print)))?;
        attribute(f, "setup:", self.setup)?;
        attribute(f, "tls-id:", self.tls_id.as_deref())?;
        attribute(f, "", self.direction)
    }
}

fn attribute(f: &mut Formatter<'_>, name: &str, value: Option<impl Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, "a={name}{value}\r\n"))
}

/// `IN IP4 192.0.2.1`.
struct Address<'a>(&'a str);

impl Display for Address<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let family = if matches!(self.0.parse(), Ok(IpAddr::V6(_))) { "IP6" } else { "IP4" };
        write!(f, "IN {family} {}", self.0)
    }
}
