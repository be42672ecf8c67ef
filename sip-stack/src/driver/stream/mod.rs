//! TCP and TLS connections: one task each, bounded queues both ways, reused by peer address (RFC 5923).

mod connection;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use self::connection::{Opening, serve};
use super::tls::{Connector, TlsFailure, TlsInfo};
use crate::message::ParseError;
use crate::transport::{Flow, TransportKind};
use crate::ua::AccountId;

/// What connections tell the driver.
#[derive(Debug)]
pub(super) enum StreamInput {
    Accepted,
    Closed {
        flow: Flow,
        serial: u64,
        failure: Option<TlsFailure>,
    },
    Malformed {
        flow: Flow,
        error: ParseError,
    },
    /// One message, or the single CRLF of a pong.
    Message {
        flow: Flow,
        local: SocketAddr,
        bytes: Vec<u8>,
    },
    /// The handshake of a connection that we opened is done.
    Secured {
        peer: SocketAddr,
        info: TlsInfo,
    },
}

/// A message that could not be queued; the connection, if there was one, is gone.
#[derive(Debug)]
pub(super) enum SendError {
    Io(io::Error),
    Tls(TlsFailure),
}

#[derive(Debug)]
pub(super) struct Streams {
    tcp: Option<Listener>,
    tls: Option<Listener>,
    open: HashMap<Flow, Connection>,
    serial: u64,
    /// Code point that connections are marked with.
    dscp: u8,
    // 256 messages of all connections: when full, the connections stop reading and TCP slows the peers.
    sender: mpsc::Sender<StreamInput>,
    receiver: mpsc::Receiver<StreamInput>,
}

struct Listener {
    socket: TcpListener,
    local: SocketAddr,
    acceptor: Option<TlsAcceptor>,
}

#[derive(Debug)]
struct Connection {
    serial: u64,
    /// How we opened it; `None` for one that the peer opened, and for plain TCP.
    connector: Option<Arc<Connector>>,
    accepted: bool,
    /// True for one that was accepted from a source that nobody expects.
    stranger: bool,
    // 64 messages: when full, the peer does not read and the connection counts as broken.
    queue: mpsc::Sender<Vec<u8>>,
}

impl Streams {
    pub(super) async fn bind(address: Option<SocketAddr>) -> io::Result<Self> {
        let tcp = match address {
            Some(address) => Some(Listener::bind(address, None).await?),
            None => None,
        };
        let (sender, receiver) = mpsc::channel(MAX_INPUTS);
        Ok(Self { tcp, tls: None, open: HashMap::new(), serial: 0, dscp: 0, sender, receiver })
    }

    /// Marks the connections from now on.
    pub(super) fn mark(&mut self, dscp: u8) {
        self.dscp = dscp;
    }

    /// Opens the TLS listener beside the other; gives back its address.
    pub(super) async fn bind_tls(
        &mut self,
        address: SocketAddr,
        acceptor: TlsAcceptor,
    ) -> io::Result<SocketAddr> {
        let listener = Listener::bind(address, Some(acceptor)).await?;
        let local = listener.local;
        self.tls = Some(listener);
        Ok(local)
    }

    pub(super) fn local_tcp(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().map(|listener| listener.local)
    }

    pub(super) fn local_tls(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|listener| listener.local)
    }

    /// Queues a message to the TCP connection with `peer`, opening it if there is none.
    pub(super) fn send_tcp(&mut self, peer: SocketAddr, bytes: Vec<u8>) -> Result<(), SendError> {
        let flow = Flow { transport: TransportKind::Tcp, peer };
        match self.reuse(flow, bytes, |_| true)? {
            Some(bytes) => self.open_with(flow, Opening::Connect, None, bytes),
            None => Ok(()),
        }
    }

    /// The same for TLS. A connection is reused only where its certificate was verified for every one of `accounts`;
    /// `connector` is asked for when a new one is needed.
    pub(super) fn send_tls(
        &mut self,
        peer: SocketAddr,
        bytes: Vec<u8>,
        accounts: &[AccountId],
        connector: impl FnOnce() -> Result<Arc<Connector>, TlsFailure>,
    ) -> Result<(), SendError> {
        let flow = Flow { transport: TransportKind::Tls, peer };
        let fits = |connection: &Connection| {
            connection.accepted
                || connection.connector.as_ref().is_some_and(|connector| connector.serves(accounts))
        };
        match self.reuse(flow, bytes, fits)? {
            Some(bytes) => {
                let connector = connector().map_err(SendError::Tls)?;
                self.open_with(flow, Opening::ConnectTls(Arc::clone(&connector)), Some(connector), bytes)
            }
            None => Ok(()),
        }
    }

    /// Gives the bytes back where no connection takes them.
    fn reuse(
        &mut self,
        flow: Flow,
        bytes: Vec<u8>,
        fits: impl FnOnce(&Connection) -> bool,
    ) -> Result<Option<Vec<u8>>, SendError> {
        let Some(connection) = self.open.get(&flow) else { return Ok(Some(bytes)) };
        if !fits(connection) {
            self.open.remove(&flow);
            return Ok(Some(bytes));
        }
        match connection.queue.try_send(bytes) {
            Ok(()) => Ok(None),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.open.remove(&flow);
                Err(SendError::Io(io::ErrorKind::TimedOut.into()))
            }
            // It ended, but its end is still in the input queue: a new one takes over.
            Err(mpsc::error::TrySendError::Closed(bytes)) => Ok(Some(bytes)),
        }
    }

    fn open_with(
        &mut self,
        flow: Flow,
        opening: Opening,
        connector: Option<Arc<Connector>>,
        bytes: Vec<u8>,
    ) -> Result<(), SendError> {
        if self.open.len() >= MAX_CONNECTIONS {
            return Err(SendError::Io(io::ErrorKind::QuotaExceeded.into()));
        }
        let queue = self.start(flow, opening, connector, false);
        queue.try_send(bytes).map_err(|_| SendError::Io(io::ErrorKind::BrokenPipe.into()))
    }

    /// The next input. Cancel-safe: all sources keep what they have.
    /// `expected` says of a peer whether it may talk to us.
    pub(super) async fn next(&mut self, expected: impl Fn(Flow) -> bool) -> StreamInput {
        let (stream, peer, acceptor) = tokio::select! {
            input = self.receiver.recv() => match input {
                Some(input) => return input,
                // Never: the sender lives in this struct.
                None => return std::future::pending().await,
            },
            accepted = accept(self.tcp.as_ref()) => accepted,
            accepted = accept(self.tls.as_ref()) => accepted,
        };
        let Ok(stream) = stream else {
            // Out of descriptors: the listener stays readable, and must not make us spin.
            tokio::time::sleep_until(tokio::time::Instant::now() + ACCEPT_PAUSE).await;
            return StreamInput::Accepted;
        };
        let (transport, opening) = match acceptor {
            None => (TransportKind::Tcp, Opening::Accepted(stream)),
            Some(acceptor) => (TransportKind::Tls, Opening::AcceptedTls(stream, acceptor)),
        };
        let flow = Flow { transport, peer };
        let stranger = !expected(flow);
        // Over a limit the peer is turned away before it costs anything.
        if self.has_room(peer.ip(), stranger) {
            self.start(flow, opening, None, stranger);
        } else {
            tracing::debug!(%peer, "too many connections");
        }
        StreamInput::Accepted
    }

    /// Strangers find their own places taken, never those of the exchange.
    fn has_room(&self, source: IpAddr, stranger: bool) -> bool {
        let strangers = || self.open.values().filter(|connection| connection.stranger).count();
        self.open.len() < MAX_CONNECTIONS
            && self.accepted_from(source) < MAX_PER_SOURCE
            && (!stranger || strangers() < MAX_STRANGERS)
    }

    fn accepted_from(&self, ip: IpAddr) -> usize {
        let from = |(flow, connection): &(&Flow, &Connection)| connection.accepted && flow.peer.ip() == ip;
        self.open.iter().filter(from).count()
    }

    /// Closes a connection that the core gave up.
    pub(super) fn close(&mut self, flow: Flow) {
        self.open.remove(&flow);
    }

    /// Closes every connection that we opened; the next message opens a new one.
    pub(super) fn close_opened(&mut self) {
        self.open.retain(|_, connection| connection.accepted);
    }

    /// Removes an ended connection. `false` when a newer one to the same peer has taken its place, or it was closed.
    pub(super) fn forget(&mut self, flow: Flow, serial: u64) -> bool {
        let current = self.open.get(&flow).is_some_and(|connection| connection.serial == serial);
        if current {
            self.open.remove(&flow);
        }
        current
    }

    #[expect(clippy::disallowed_methods, reason = "one task per connection, bounded by MAX_CONNECTIONS")]
    fn start(
        &mut self,
        flow: Flow,
        opening: Opening,
        connector: Option<Arc<Connector>>,
        stranger: bool,
    ) -> mpsc::Sender<Vec<u8>> {
        self.serial += 1;
        let serial = self.serial;
        let (queue, outgoing) = mpsc::channel(MAX_OUTGOING);
        let inputs = self.sender.clone();
        let dscp = self.dscp;
        let accepted = matches!(opening, Opening::Accepted(_) | Opening::AcceptedTls(..));
        tokio::spawn(async move {
            let ended = serve(flow, opening, dscp, outgoing, &inputs).await;
            let failure = ended.err().and_then(|error| {
                tracing::debug!(peer = %flow.peer, transport = flow.transport.via_token(), %error, "connection ended");
                (flow.transport == TransportKind::Tls && !accepted).then(|| TlsFailure::of(&error)).flatten()
            });
            let _ = inputs.send(StreamInput::Closed { flow, serial, failure }).await;
        });
        self.open.insert(flow, Connection { serial, connector, accepted, stranger, queue: queue.clone() });
        queue
    }
}

impl Listener {
    async fn bind(address: SocketAddr, acceptor: Option<TlsAcceptor>) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local, acceptor })
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("local", &self.local).finish_non_exhaustive()
    }
}

async fn accept(listener: Option<&Listener>) -> (io::Result<TcpStream>, SocketAddr, Option<TlsAcceptor>) {
    let Some(listener) = listener else { return std::future::pending().await };
    match listener.socket.accept().await {
        Ok((stream, peer)) => (Ok(stream), peer, listener.acceptor.clone()),
        Err(error) => (Err(error), listener.local, None),
    }
}

const MAX_INPUTS: usize = 256;
const MAX_OUTGOING: usize = 64;
const MAX_CONNECTIONS: usize = 1024;
/// Connections from sources that nobody expects.
const MAX_STRANGERS: usize = 64;
/// Connections that one address may open to us.
const MAX_PER_SOURCE: usize = 64;
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
