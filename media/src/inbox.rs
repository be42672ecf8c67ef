//! Datagrams out of a socket, with the moment at which the kernel got them.
//!
//! Workers look at their sockets when a session's turn comes, not whenever a packet arrives: nobody needs it before, and
//! a thousand calls would wake them 50,000 times a second. The kernel's time of arrival keeps delay and jitter true.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use crate::queue::{now, wall_now};

/// One buffer for all sockets of a worker, and both clocks as they stand.
#[derive(Debug)]
pub(crate) struct Inbox {
    buffer: Box<[u8]>,
    control: Vec<u8>,
    now: Instant,
    wall: SystemTime,
}

impl Inbox {
    /// An inbox with the clocks of this moment.
    pub(crate) fn new() -> Self {
        Self {
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
            control: nix::cmsg_space!(TimeSpec),
            now: now(),
            wall: wall_now(),
        }
    }

    /// Asks the kernel to tell when packets of this socket arrive. Without, they arrive when they are read.
    pub(crate) fn watch(socket: &UdpSocket) {
        if let Err(error) = setsockopt(socket, sockopt::ReceiveTimestampns, &true) {
            tracing::debug!(%error, "no times of arrival");
        }
    }

    /// Reads the clocks; to be called once for a round of sockets.
    pub(crate) fn look_at_clocks(&mut self) -> Instant {
        self.now = now();
        self.wall = wall_now();
        self.now
    }

    /// The moment of a round in simulated time: whatever is read in it arrives then.
    #[cfg(test)]
    pub(crate) fn set_clock(&mut self, now: Instant) {
        (self.now, self.wall) = (now, SystemTime::UNIX_EPOCH);
    }

    /// The next datagram: when it arrived, from whom, its bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when there is none; else an ICMP error of an earlier packet.
    pub(crate) fn read(&mut self, socket: &UdpSocket) -> io::Result<(Instant, SocketAddr, &[u8])> {
        let mut parts = [IoSliceMut::new(&mut self.buffer)];
        let control = Some(self.control.as_mut_slice());
        let message =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, control, MsgFlags::MSG_DONTWAIT)?;
        let arrived = message.cmsgs().ok().and_then(|mut list| {
            list.find_map(|control| match control {
                ControlMessageOwned::ScmTimestampns(time) => Some(time),
                _ => None,
            })
        });
        let (length, source) = (message.bytes, message.address.as_ref().and_then(address));
        let at = arrived.map_or(self.now, |time| self.instant(time));
        let source = source.ok_or(Errno::EAFNOSUPPORT)?;
        Ok((at, source, self.buffer.get(..length).unwrap_or_default()))
    }

    /// The wall clock's moment by the other clock. A wall clock that was set in between says nothing.
    fn instant(&self, time: TimeSpec) -> Instant {
        let arrived = SystemTime::UNIX_EPOCH + Duration::from(time);
        let ago = self.wall.duration_since(arrived).unwrap_or_default();
        if ago > LONGEST { self.now } else { self.now.checked_sub(ago).unwrap_or(self.now) }
    }
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::from((v4.ip(), v4.port())));
    }
    storage.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into()))
}

/// Longest datagram taken; voice packets stay far below.
const DATAGRAM: usize = 2_048;
/// No packet waits longer for its turn, unless the machine slept.
const LONGEST: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const TRIES: usize = 100;

    #[test]
    fn a_packet_has_the_time_at_which_it_came() {
        for ip in ["127.0.0.1:0", "[::1]:0"] {
            let (Ok(ear), Ok(mouth)) = (UdpSocket::bind(ip), UdpSocket::bind(ip)) else { continue };
            Inbox::watch(&ear);
            let mut inbox = Inbox::new();
            // The kernel begins to stamp a moment after the first socket asked for it; until then a packet has the time
            // of its turn.
            let stamped = (0..TRIES).any(|_| {
                let before = now();
                mouth.send_to(b"voice", ear.local_addr().unwrap()).unwrap();
                let after = now();
                // Some time goes by before its turn.
                while now() < after + Duration::from_millis(10) {
                    std::hint::spin_loop();
                }
                inbox.look_at_clocks();
                let (at, source, bytes) = inbox.read(&ear).unwrap();
                assert_eq!((source, bytes), (mouth.local_addr().unwrap(), &b"voice"[..]));
                let slack = Duration::from_millis(2);
                at + slack >= before && at <= after + slack
            });
            assert!(stamped, "no packet of {TRIES} had the time at which it came");
            assert_eq!(inbox.read(&ear).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }
}
