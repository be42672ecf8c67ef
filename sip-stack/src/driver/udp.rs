//! The UDP socket.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::icmp;
use crate::message::MAX_MESSAGE;

#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    local: SocketAddr,
    buffer: Vec<u8>,
    // What the kernel did not take at once. Full: the oldest goes, as on a wire; the transaction repeats it.
    queue: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Datagrams {
    pub(super) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address).await?;
        let local = socket.local_addr()?;
        // Without it nothing breaks: a dead peer shows by its silence.
        if let Err(error) = icmp::listen(&socket, local) {
            tracing::debug!(%error, "no ICMP errors");
        }
        // A hundred calls at once are answered by a few hundred datagrams; what does not fit is lost until it is
        // repeated. The system caps both; with less the socket works all the same.
        let options = SockRef::from(&socket);
        let _ = options.set_recv_buffer_size(BUFFER);
        let _ = options.set_send_buffer_size(BUFFER);
        // Until the runtime has seen the socket writable once, `try_send_to` refuses without asking the kernel.
        socket.writable().await?;
        Ok(Self { socket, local, buffer: vec![0; MAX_MESSAGE], queue: VecDeque::new() })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn mark(&self, dscp: u8) {
        super::mark(SockRef::from(&self.socket), dscp);
    }

    pub(super) fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) -> io::Result<()> {
        if self.queue.is_empty() {
            // With the error queue on, a send may report what became of an earlier one; that is told from the queue.
            let sent = self.socket.try_send_to(&bytes, to);
            let sent = match sent {
                Err(error) if is_delayed(&error) => self.socket.try_send_to(&bytes, to),
                sent => sent,
            };
            match sent {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if self.queue.len() >= MAX_QUEUED {
            self.queue.pop_front();
        }
        self.queue.push_back((to, bytes));
        Ok(())
    }

    pub(super) fn send_queued(&mut self) {
        let mut again = false;
        while let Some((to, bytes)) = self.queue.front() {
            match self.socket.try_send_to(bytes, *to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_delayed(&error) && !again => again = true,
                _ => {
                    again = false;
                    self.queue.pop_front();
                }
            }
        }
    }

    /// Returns when something can be read, or written where something waits. Cancel-safe.
    pub(super) async fn ready(&self) {
        let interest = match self.queue.is_empty() {
            true => Interest::READABLE | Interest::ERROR,
            false => Interest::READABLE | Interest::WRITABLE | Interest::ERROR,
        };
        // An error here shows again on the next read, which counts it.
        let _ = self.socket.ready(interest).await;
    }

    /// A peer that ICMP says cannot be reached.
    pub(super) fn unreachable(&self) -> Option<SocketAddr> {
        icmp::unreachable(&self.socket)
    }

    pub(super) fn receive(&mut self) -> Option<(SocketAddr, &[u8])> {
        loop {
            match self.socket.try_recv_from(&mut self.buffer) {
                Ok((length, source)) => return Some((source, &self.buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => {
                    // A refused port reported by ICMP: who it is says the error queue.
                    tracing::trace!(%error, "UDP receive");
                }
            }
        }
    }
}

/// What ICMP said of an earlier datagram, or says of this one.
fn is_delayed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
    )
}

/// Our address on the way to `peer`, by the routing table; nothing is sent.
pub(super) fn address_towards(peer: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = std::net::UdpSocket::bind((any, 0))?;
    probe.connect(peer)?;
    Ok(probe.local_addr()?.ip())
}

const MAX_QUEUED: usize = 256;
const BUFFER: usize = 1 << 20;
