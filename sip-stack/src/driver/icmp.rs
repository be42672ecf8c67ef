//! ICMP errors of the UDP socket: who cannot be reached (RFC 3261 18.4).
//!
//! An unconnected socket tells of them only by its error queue (`IP_RECVERR`, ip(7)): the address is where the
//! datagram went, the control message says what came back.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd as _;

use nix::errno::Errno;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Turns the error queue on.
pub(super) fn listen(socket: &UdpSocket, local: SocketAddr) -> io::Result<()> {
    match local {
        SocketAddr::V4(_) => setsockopt(socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(socket, Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// The next peer that cannot be reached; `None` when the queue is empty. Size limits and other soft errors are
/// passed over, as are those that name no peer.
pub(super) fn unreachable(socket: &UdpSocket) -> Option<SocketAddr> {
    for _ in 0..ERRORS_PER_TURN {
        match socket.try_io(Interest::ERROR, || read(socket)) {
            Ok(Some(peer)) => return Some(peer),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
    None
}

fn read(socket: &UdpSocket) -> io::Result<Option<SocketAddr>> {
    // What we sent comes back too; nobody needs it.
    let mut payload = [0; 16];
    let mut parts = [IoSliceMut::new(&mut payload)];
    let mut control = nix::cmsg_space!([u8; 128]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let dead = message.cmsgs()?.any(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, _) => is_unreachable(error.ee_errno),
        ControlMessageOwned::Ipv6RecvErr(error, _) => is_unreachable(error.ee_errno),
        _ => false,
    });
    let peer = message.address.as_ref().and_then(|address| match address.as_sockaddr_in() {
        Some(v4) => Some(SocketAddr::V4(SocketAddrV4::from(*v4))),
        None => address.as_sockaddr_in6().map(|v6| SocketAddr::V6(SocketAddrV6::from(*v6))),
    });
    Ok(peer.filter(|_| dead))
}

/// Host, network, port and protocol unreachable. What says "later" or "smaller" is none of it.
fn is_unreachable(error: u32) -> bool {
    let Ok(error) = i32::try_from(error) else { return false };
    matches!(
        Errno::from_raw(error),
        Errno::ECONNREFUSED
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETDOWN
            | Errno::ENOPROTOOPT
    )
}

const ERRORS_PER_TURN: usize = 32;
