//! One connection from connect to end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::StreamInput;
use crate::driver::tls::{Connector, TlsFailure, TlsFailureKind, TlsInfo};
use crate::message::{RawFrame, StreamFramer};
use crate::transport::Flow;

/// How a connection comes about.
pub(super) enum Opening {
    Accepted(TcpStream),
    AcceptedTls(TcpStream, TlsAcceptor),
    Connect,
    ConnectTls(Arc<Connector>),
}

/// Runs until the peer or our side ends it.
pub(super) async fn serve(
    flow: Flow,
    opening: Opening,
    dscp: u8,
    outgoing: mpsc::Receiver<Vec<u8>>,
    inputs: &mpsc::Sender<StreamInput>,
) -> io::Result<()> {
    match opening {
        Opening::Accepted(stream) => {
            let local = prepare(&stream, dscp)?;
            let deadline = Some(Instant::now() + MESSAGE_WITHIN);
            Talk { flow, local, outgoing, inputs, deadline }.run(stream).await
        }
        Opening::AcceptedTls(stream, acceptor) => {
            let local = prepare(&stream, dscp)?;
            let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
            let deadline = Some(Instant::now() + MESSAGE_WITHIN);
            Talk { flow, local, outgoing, inputs, deadline }.run(stream).await
        }
        Opening::Connect => {
            let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(flow.peer)).await??;
            let local = prepare(&stream, dscp)?;
            Talk { flow, local, outgoing, inputs, deadline: None }.run(stream).await
        }
        Opening::ConnectTls(connector) => {
            let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(flow.peer)).await??;
            let local = prepare(&stream, dscp)?;
            let handshake = connector.tls.connect(connector.name.clone(), stream);
            let Ok(stream) = timeout(HANDSHAKE_TIMEOUT, handshake).await else {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    TlsFailure::new(TlsFailureKind::Timeout),
                ));
            };
            let stream = stream?;
            let info = TlsInfo::of(stream.get_ref().1, connector.verify);
            if inputs.send(StreamInput::Secured { peer: flow.peer, info }).await.is_err() {
                return Ok(());
            }
            Talk { flow, local, outgoing, inputs, deadline: None }.run(stream).await
        }
    }
}

fn prepare(stream: &TcpStream, dscp: u8) -> io::Result<std::net::SocketAddr> {
    stream.set_nodelay(true)?;
    crate::driver::mark(socket2::SockRef::from(stream), dscp);
    let socket = socket2::SockRef::from(stream);
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
    socket.set_tcp_keepalive(&keepalive)?;
    // What was written and is not acknowledged within this time breaks the connection: pings show a dead peer even
    // where no pong is owed.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    stream.local_addr()
}

struct Talk<'a> {
    flow: Flow,
    local: std::net::SocketAddr,
    outgoing: mpsc::Receiver<Vec<u8>>,
    inputs: &'a mpsc::Sender<StreamInput>,
    /// Until when the message that has begun, or the first one of a stranger, must be complete.
    deadline: Option<Instant>,
}

impl Talk<'_> {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut stream: S) -> io::Result<()> {
        let talked = self.talk(&mut stream).await;
        // For TLS this says that nothing was cut off (close_notify).
        let _ = timeout(LINGER, stream.shutdown()).await;
        talked
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        let mut framer = StreamFramer::new();
        let mut buffer = vec![0; READ_BUFFER];
        loop {
            let deadline = self.deadline.unwrap_or_else(|| Instant::now() + IDLE_TIMEOUT);
            // All branches are cancel-safe; the writes happen outside the select.
            let read = tokio::select! {
                read = stream.read(&mut buffer) => read?,
                bytes = self.outgoing.recv() => {
                    let Some(bytes) = bytes else { return Ok(()) };
                    write(stream, &bytes).await?;
                    continue;
                }
                () = tokio::time::sleep_until(deadline) => return Err(io::ErrorKind::TimedOut.into()),
            };
            if read == 0 {
                return Ok(());
            }
            framer.feed(&buffer[..read]);
            while let Some(frame) = framer.next_raw() {
                let (flow, local) = (self.flow, self.local);
                let input = match frame {
                    Ok(RawFrame::Message(bytes)) => {
                        self.deadline = None;
                        StreamInput::Message { flow, local, bytes }
                    }
                    Ok(RawFrame::Ping) => {
                        write(stream, PONG).await?;
                        continue;
                    }
                    // The core counts them.
                    Ok(RawFrame::Pong) => StreamInput::Message { flow, local, bytes: PONG.to_vec() },
                    Err(error) => StreamInput::Malformed { flow, error },
                };
                if self.inputs.send(input).await.is_err() {
                    return Ok(());
                }
            }
            if framer.is_broken() {
                // The answer to the broken message is still in the queue; it gets a moment to leave.
                while let Ok(Some(bytes)) = timeout(LINGER, self.outgoing.recv()).await {
                    write(stream, &bytes).await?;
                }
                return Ok(());
            }
            if framer.is_inside_message() {
                self.deadline.get_or_insert_with(|| Instant::now() + MESSAGE_WITHIN);
            }
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    timeout(WRITE_TIMEOUT, async {
        stream.write_all(bytes).await?;
        stream.flush().await
    })
    .await?
}

const PONG: &[u8] = b"\r\n";
const READ_BUFFER: usize = 8192;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// A message that has begun, and the first one of a connection that a peer opened, is whole after this time.
const MESSAGE_WITHIN: Duration = Duration::from_secs(10);
/// Longer than any usual registration, whose refresh is traffic.
const IDLE_TIMEOUT: Duration = Duration::from_secs(7200);
const KEEPALIVE: Duration = Duration::from_secs(60);
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
const LINGER: Duration = Duration::from_millis(200);
