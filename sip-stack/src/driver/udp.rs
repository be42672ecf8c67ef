//! The UDP socket.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::Interest;
use tokio::net::UdpSocket;

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
        // Until the runtime has seen the socket writable once, `try_send_to` refuses without asking the kernel.
        socket.writable().await?;
        Ok(Self { socket, local, buffer: vec![0; MAX_MESSAGE], queue: VecDeque::new() })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) -> io::Result<()> {
        if self.queue.is_empty() {
            match self.socket.try_send_to(&bytes, to) {
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
        while let Some((to, bytes)) = self.queue.front() {
            match self.socket.try_send_to(bytes, *to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => {
                    self.queue.pop_front();
                }
            }
        }
    }

    /// Returns when something can be read, or written where something waits. Cancel-safe.
    pub(super) async fn ready(&self) {
        let interest = match self.queue.is_empty() {
            true => Interest::READABLE,
            false => Interest::READABLE | Interest::WRITABLE,
        };
        // An error here shows again on the next read, which counts it.
        let _ = self.socket.ready(interest).await;
    }

    pub(super) fn receive(&mut self) -> Option<(SocketAddr, &[u8])> {
        loop {
            match self.socket.try_recv_from(&mut self.buffer) {
                Ok((length, source)) => return Some((source, &self.buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => {
                    // A refused port reported by ICMP: the transaction's own timers deal with it.
                    tracing::debug!(%error, "UDP receive");
                }
            }
        }
    }
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
