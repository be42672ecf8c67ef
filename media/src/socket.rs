//! The pair of UDP sockets of a session.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};

use thiserror::Error;

/// RTP socket on an even port and RTCP socket on the next one (RFC 3550 11), both non-blocking.
///
/// Binding is quick, so that the core thread can do it before it writes the port into an offer. The media
/// worker takes the sockets over with [`RtpSocket::into_parts`].
#[derive(Debug)]
pub struct RtpSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
}

impl RtpSocket {
    /// Binds the next free even port of `ports` and the one above it.
    ///
    /// # Errors
    /// [`BindError::NoFreePort`] when every pair of the range is taken, [`BindError::Io`] when the address itself
    /// cannot be used.
    pub fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, BindError> {
        let first = ports.start().checked_add(ports.start() % 2).ok_or(BindError::NoFreePort)?;
        let pairs = (*ports.end()).saturating_add(1).saturating_sub(first) / 2;
        if pairs == 0 {
            return Err(BindError::NoFreePort);
        }
        // Walking on from the last port keeps late packets of an ended call out of the next one.
        let offset = NEXT_PAIR.fetch_add(1, Ordering::Relaxed);
        for step in 0..pairs {
            let port = first + 2 * (offset.wrapping_add(step) % pairs);
            let Some(rtp) = try_bind(ip, port)? else { continue };
            let Some(rtcp) = try_bind(ip, port + 1)? else { continue };
            let local = rtp.local_addr().map_err(BindError::Io)?;
            return Ok(Self { rtp, rtcp, local });
        }
        Err(BindError::NoFreePort)
    }

    /// The RTP port, even.
    pub fn port(&self) -> u16 {
        self.local.port()
    }

    /// The address of the RTP socket.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The RTP socket and the RTCP socket.
    pub fn into_parts(self) -> (UdpSocket, UdpSocket) {
        (self.rtp, self.rtcp)
    }
}

fn try_bind(ip: IpAddr, port: u16) -> Result<Option<UdpSocket>, BindError> {
    match UdpSocket::bind((ip, port)) {
        Ok(socket) => {
            socket.set_nonblocking(true).map_err(BindError::Io)?;
            Ok(Some(socket))
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(BindError::Io(error)),
    }
}

static NEXT_PAIR: AtomicU16 = AtomicU16::new(0);

/// Why no pair of sockets could be bound.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// The range is empty or every pair in it is taken: widen `media.ports`.
    #[error("no free pair of RTP ports in the range")]
    NoFreePort,
    /// The address cannot be bound.
    #[error("cannot bind the RTP socket")]
    Io(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn takes_even_ports_until_none_is_left() {
        let range = 43_211..=43_217; // 43212, 43214, 43216
        let open: Vec<_> =
            std::iter::from_fn(|| RtpSocket::bind(LOOPBACK, range.clone()).ok()).take(9).collect();
        assert_eq!(open.len(), 3);
        assert!(open.iter().all(|socket| socket.port() % 2 == 0));
        assert!(matches!(RtpSocket::bind(LOOPBACK, range), Err(BindError::NoFreePort)));
    }

    #[test]
    fn refuses_empty_ranges() {
        assert!(matches!(RtpSocket::bind(LOOPBACK, 65_535..=65_535), Err(BindError::NoFreePort)));
        assert!(matches!(RtpSocket::bind(LOOPBACK, 10..=10), Err(BindError::NoFreePort)));
    }
}
