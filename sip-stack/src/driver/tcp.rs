//! TCP connections: one task each, bounded queues both ways, reused by peer address.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::message::{ParseError, RawFrame, StreamFramer};

/// What connections tell the driver.
#[derive(Debug)]
pub(super) enum TcpInput {
    Accepted,
    Closed { peer: SocketAddr, serial: u64 },
    Malformed { peer: SocketAddr, error: ParseError },
    Message { peer: SocketAddr, local: SocketAddr, bytes: Vec<u8> },
}

#[derive(Debug)]
pub(super) struct Streams {
    listener: Option<TcpListener>,
    local: Option<SocketAddr>,
    open: HashMap<SocketAddr, Connection>,
    serial: u64,
    // 256 messages of all connections: when full, the connections stop reading and TCP slows the peers.
    sender: mpsc::Sender<TcpInput>,
    receiver: mpsc::Receiver<TcpInput>,
}

#[derive(Debug)]
struct Connection {
    serial: u64,
    // 64 messages: when full, the peer does not read and the connection counts as broken.
    queue: mpsc::Sender<Vec<u8>>,
}

impl Streams {
    pub(super) async fn bind(address: Option<SocketAddr>) -> io::Result<Self> {
        let listener = match address {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        };
        let local = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let (sender, receiver) = mpsc::channel(MAX_INPUTS);
        Ok(Self { listener, local, open: HashMap::new(), serial: 0, sender, receiver })
    }

    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Queues a message to the connection with `peer`, opening it if there is none.
    pub(super) fn send(&mut self, peer: SocketAddr, bytes: Vec<u8>) -> io::Result<()> {
        let bytes = match self.open.get(&peer) {
            None => bytes,
            Some(connection) => match connection.queue.try_send(bytes) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.open.remove(&peer);
                    return Err(io::ErrorKind::TimedOut.into());
                }
                // It ended, but its end is still in the input queue: a new one takes over.
                Err(mpsc::error::TrySendError::Closed(bytes)) => bytes,
            },
        };
        if self.open.len() >= MAX_CONNECTIONS {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let queue = self.start(peer, None);
        queue.try_send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// The next input. Cancel-safe: both sources keep what they have.
    pub(super) async fn next(&mut self) -> TcpInput {
        tokio::select! {
            input = self.receiver.recv() => match input {
                Some(input) => input,
                // Never: the sender lives in this struct.
                None => std::future::pending().await,
            },
            accepted = accept(self.listener.as_ref()) => {
                if let Ok((stream, peer)) = accepted {
                    // Over the limit the peer is turned away before it costs anything.
                    if self.open.len() < MAX_CONNECTIONS {
                        self.start(peer, Some(stream));
                    }
                }
                TcpInput::Accepted
            }
        }
    }

    /// Closes a connection that the core gave up.
    pub(super) fn close(&mut self, peer: SocketAddr) {
        self.open.remove(&peer);
    }

    /// Removes an ended connection. `false` when a newer one to the same peer has taken its place.
    pub(super) fn forget(&mut self, peer: SocketAddr, serial: u64) -> bool {
        let current = self.open.get(&peer).is_some_and(|connection| connection.serial == serial);
        if current {
            self.open.remove(&peer);
        }
        current
    }

    #[expect(clippy::disallowed_methods, reason = "one task per connection, bounded by MAX_CONNECTIONS")]
    fn start(&mut self, peer: SocketAddr, stream: Option<TcpStream>) -> mpsc::Sender<Vec<u8>> {
        self.serial += 1;
        let serial = self.serial;
        let (queue, outgoing) = mpsc::channel(MAX_OUTGOING);
        let inputs = self.sender.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(peer, stream, outgoing, &inputs).await {
                tracing::debug!(%peer, %error, "TCP connection ended");
            }
            let _ = inputs.send(TcpInput::Closed { peer, serial }).await;
        });
        self.open.insert(peer, Connection { serial, queue: queue.clone() });
        queue
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// One connection from connect to end.
async fn serve(
    peer: SocketAddr,
    stream: Option<TcpStream>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
    inputs: &mpsc::Sender<TcpInput>,
) -> io::Result<()> {
    let stream = match stream {
        Some(stream) => stream,
        None => tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(peer)).await??,
    };
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    let local = stream.local_addr()?;
    let (mut reader, mut writer) = stream.into_split();
    let mut framer = StreamFramer::new();
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        // Both branches are cancel-safe; the writes happen outside the select.
        let read = tokio::select! {
            read = tokio::time::timeout(IDLE_TIMEOUT, reader.read(&mut buffer)) => read??,
            bytes = outgoing.recv() => {
                let Some(bytes) = bytes else { return Ok(()) };
                write(&mut writer, &bytes).await?;
                continue;
            }
        };
        if read == 0 {
            return Ok(());
        }
        framer.feed(&buffer[..read]);
        while let Some(frame) = framer.next_raw() {
            let input = match frame {
                Ok(RawFrame::Message(bytes)) => TcpInput::Message { peer, local, bytes },
                Ok(RawFrame::Ping) => {
                    write(&mut writer, b"\r\n").await?;
                    continue;
                }
                // The core counts them.
                Ok(RawFrame::Pong) => TcpInput::Message { peer, local, bytes: b"\r\n".to_vec() },
                Err(error) => TcpInput::Malformed { peer, error },
            };
            if inputs.send(input).await.is_err() {
                return Ok(());
            }
        }
        if framer.is_broken() {
            // The answer to the broken message is still in the queue; it gets a moment to leave.
            while let Ok(Some(bytes)) = tokio::time::timeout(LINGER, outgoing.recv()).await {
                write(&mut writer, &bytes).await?;
            }
            return Ok(());
        }
    }
}

async fn write(writer: &mut tokio::net::tcp::OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    tokio::time::timeout(WRITE_TIMEOUT, writer.write_all(bytes)).await?
}

const MAX_INPUTS: usize = 256;
const MAX_OUTGOING: usize = 64;
const MAX_CONNECTIONS: usize = 1024;
const READ_BUFFER: usize = 8192;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than any usual registration, whose refresh is traffic.
const IDLE_TIMEOUT: Duration = Duration::from_secs(7200);
const KEEPALIVE: Duration = Duration::from_secs(60);
const LINGER: Duration = Duration::from_millis(200);
