//! The tokio shell around the user agent: sockets, names, one timer.
//!
//! [`Driver::drive`] waits for the network, for names and for time, feeds the [`UserAgent`] and hands out its
//! events. It may be dropped at any await and called again. After a command (`invite`, `hangup` …) call
//! [`Driver::flush`]: the message has been given to the kernel when it returns.

mod dns;
mod icmp;
mod names;
mod stream;
mod tls;
mod udp;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use self::names::Names;
use self::stream::{SendError, StreamInput, Streams};
use self::tls::Tls;
pub use self::tls::{
    CertificateView, TlsClient, TlsFailure, TlsFailureKind, TlsIdentity, TlsInfo, TlsListen, TlsSettings,
    TlsSetupError, TlsState, Verify,
};
use self::udp::Datagrams;
use self::watch::Watch;
use crate::transport::{Flow, TransportKind};
use crate::ua::{AccountId, Event, UserAgent};

/// Where to listen. Port 0 takes a free one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BindConfig {
    /// UDP.
    pub udp: Option<SocketAddr>,
    /// TCP. Outgoing connections need no listener.
    pub tcp: Option<SocketAddr>,
}

/// A socket that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The UDP address is taken or not ours.
    #[error("cannot listen on UDP {address}")]
    Udp {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The TCP address is taken or not ours.
    #[error("cannot listen on TCP {address}")]
    Tcp {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The TLS address is taken or not ours.
    #[error("cannot listen on TLS {address}")]
    Tls {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate or key of the TLS listener cannot be used.
    #[error("the TLS listener's certificate cannot be used")]
    TlsSetup(#[from] TlsSetupError),
}

/// Sockets of one user agent. Owns no signalling state.
#[derive(Debug)]
pub struct Driver {
    udp: Option<Datagrams>,
    streams: Streams,
    tls: Tls,
    names: Names,
    watch: Watch,
}

enum Input {
    Datagrams,
    Names,
    Streams(StreamInput),
    Timer,
}

impl Driver {
    /// Opens the sockets and tells the user agent their addresses.
    ///
    /// # Errors
    /// An address is taken or not ours.
    pub async fn bind(config: BindConfig, ua: &mut UserAgent) -> Result<Self, BindError> {
        let udp = match config.udp {
            Some(address) => {
                Some(Datagrams::bind(address).await.map_err(|source| BindError::Udp { address, source })?)
            }
            None => None,
        };
        let streams = Streams::bind(config.tcp).await.map_err(|source| BindError::Tcp {
            address: config.tcp.unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0))),
            source,
        })?;
        ua.set_local_addresses(udp.as_ref().map(Datagrams::local), streams.local_tcp());
        Ok(Self { udp, streams, tls: Tls::default(), names: Names::new(), watch: Watch::new(now()) })
    }

    /// Marks everything that is sent with this code point (RFC 2474), 0 to 63; call it before the first connection. Best
    /// effort: not every system lets us.
    pub fn mark(&mut self, dscp: u8) {
        if let Some(udp) = &self.udp {
            udp.mark(dscp);
        }
        self.streams.mark(dscp);
    }

    /// The UDP address, port 0 replaced by the real one.
    pub fn local_udp(&self) -> Option<SocketAddr> {
        self.udp.as_ref().map(Datagrams::local)
    }

    /// The TCP address, port 0 replaced by the real one.
    pub fn local_tcp(&self) -> Option<SocketAddr> {
        self.streams.local_tcp()
    }

    /// The TLS address, port 0 replaced by the real one.
    pub fn local_tls(&self) -> Option<SocketAddr> {
        self.streams.local_tls()
    }

    /// Listens for TLS too, and tells the user agent the address. Outgoing connections need no listener.
    ///
    /// # Errors
    /// The address is taken or not ours, or certificate and key cannot be used.
    pub async fn listen_tls(&mut self, listen: &TlsListen, ua: &mut UserAgent) -> Result<(), BindError> {
        let acceptor = tls::server_config(listen)?.into();
        let address = listen.address;
        let bound = self.streams.bind_tls(address, acceptor).await;
        let local = bound.map_err(|source| BindError::Tls { address, source })?;
        ua.set_local_tls(Some(local));
        Ok(())
    }

    /// How an account's TLS connections are made; without it an account with [`TransportKind::Tls`] reaches nobody.
    /// Call it before [`Self::resolve`].
    pub fn secure(&mut self, account: AccountId, client: TlsClient) {
        self.tls.set_client(account, client);
    }

    /// Closes the connection with a peer, if there is one; the next message opens a new one.
    pub fn hang_up(&mut self, transport: TransportKind, peer: SocketAddr) {
        self.streams.close(Flow { transport, peer });
    }

    /// How the last TLS connection that we opened to this address went.
    pub fn tls_state(&self, peer: SocketAddr) -> Option<&TlsState> {
        self.tls.state(peer)
    }

    /// DNS servers to ask instead of the system's, before the first [`Self::resolve`]. Empty: the system's.
    pub fn set_dns_servers(&mut self, servers: &[SocketAddr]) {
        self.names.set_servers(servers);
    }

    /// Finds the account's exchange (RFC 3263), now and again as the DNS asks for it, and tells the user agent. A
    /// literal address is known at once; a name is looked up beside the call path, and a look-up that fails or never
    /// returns changes nothing.
    pub fn resolve(&mut self, ua: &mut UserAgent, account: AccountId) {
        self.names.want(ua, account, now());
        learn_routes(ua);
    }

    /// Sends everything that is ready. Datagrams are with the kernel when this returns (or in a short queue while its
    /// buffer is full); stream messages are queued to their connection.
    pub fn flush(&mut self, ua: &mut UserAgent) {
        while let Some(dead) = ua.poll_close() {
            self.streams.close(dead);
        }
        while let Some(transmit) = ua.poll_transmit() {
            let peer = transmit.destination;
            let sent = match transmit.transport {
                TransportKind::Udp => match &mut self.udp {
                    Some(udp) => udp.send(peer, transmit.bytes).map_err(SendError::Io),
                    None => Err(SendError::Io(io::ErrorKind::NotConnected.into())),
                },
                TransportKind::Tcp => self.streams.send_tcp(peer, transmit.bytes),
                TransportKind::Tls => {
                    let accounts = Tls::accounts_at(ua, peer);
                    let tls = &mut self.tls;
                    self.streams.send_tls(peer, transmit.bytes, &accounts, || tls.connector(ua, peer))
                }
            };
            let Err(error) = sent else { continue };
            match error {
                SendError::Io(error) => tracing::debug!(%peer, %error, "cannot send"),
                SendError::Tls(failure) => self.tls_failed(peer, failure),
            }
            ua.handle_transport_failure(now(), transmit.transport, peer);
        }
    }

    fn tls_failed(&mut self, peer: SocketAddr, failure: TlsFailure) {
        tracing::warn!(%peer, code = failure.kind.code(), %failure, "no TLS connection");
        self.tls.note(peer, TlsState::Failed(failure));
    }

    /// Runs the user agent until it has an event. Everything it wanted to send is sent by then.
    pub async fn drive(&mut self, ua: &mut UserAgent) -> Event {
        loop {
            self.flush(ua);
            if let Some(event) = ua.poll_event() {
                return event;
            }
            match self.next_input(ua).await {
                Input::Datagrams => self.read_datagrams(ua),
                Input::Names => self.names.settle(ua, now()),
                Input::Streams(input) => self.read_stream(ua, input),
                Input::Timer => {
                    let now = now();
                    self.names.refresh(now);
                    let seen = self.watch.look(ua, now);
                    if seen.moved {
                        // Nothing comes or goes by our former address any more; TCP would try for minutes.
                        self.streams.close_opened();
                    }
                    if seen.moved || seen.slept {
                        self.names.expire(now);
                        ua.network_changed(now);
                    }
                    ua.handle_timeout(now);
                }
            }
            learn_routes(ua);
        }
    }

    async fn next_input(&mut self, ua: &UserAgent) -> Input {
        // Without an account there is nobody whose way could change.
        let look = ua.accounts().next().map(|_| self.watch.next());
        let deadlines = [ua.poll_timeout().map(|(at, _)| at), self.names.next_refresh(), look];
        let deadline = deadlines.into_iter().flatten().min();
        tokio::select! {
            () = ready(self.udp.as_mut()) => Input::Datagrams,
            input = self.streams.next(|source| ua.expects(source)) => Input::Streams(input),
            () = self.names.answered() => Input::Names,
            () = until(deadline) => Input::Timer,
        }
    }

    fn read_datagrams(&mut self, ua: &mut UserAgent) {
        let Some(udp) = &mut self.udp else { return };
        udp.send_queued();
        let local = udp.local();
        // A bounded share per turn, so that a flood starves neither timers nor streams.
        for _ in 0..DATAGRAMS_PER_TURN {
            let Some((source, bytes)) = udp.receive() else { break };
            learn_source(ua, Flow { transport: TransportKind::Udp, peer: source });
            ua.handle_receive(now(), source, local, TransportKind::Udp, bytes);
        }
        // After the datagrams: an answer that came before its sender went away still counts.
        for _ in 0..DATAGRAMS_PER_TURN {
            let Some(peer) = udp.unreachable() else { return };
            tracing::debug!(%peer, "unreachable");
            ua.handle_transport_failure(now(), TransportKind::Udp, peer);
        }
    }

    fn read_stream(&mut self, ua: &mut UserAgent, input: StreamInput) {
        match input {
            StreamInput::Message { flow, local, bytes } => {
                learn_source(ua, flow);
                ua.handle_receive(now(), flow.peer, local, flow.transport, &bytes);
            }
            StreamInput::Malformed { flow, error } => ua.handle_malformed(now(), flow, &error),
            StreamInput::Accepted => {}
            StreamInput::Secured { peer, info } => {
                if info.verify != Verify::Full {
                    tracing::warn!(%peer, "the exchange's certificate is not fully verified");
                }
                tracing::debug!(%peer, version = info.version, cipher = info.cipher, resumed = info.resumed, "TLS");
                self.tls.note(peer, TlsState::Secured(info));
            }
            StreamInput::Closed { flow: flow @ Flow { transport, peer }, serial, failure } => {
                if self.streams.forget(flow, serial) {
                    if let Some(failure) = failure {
                        self.tls_failed(peer, failure);
                    }
                    ua.handle_transport_failure(now(), transport, peer);
                }
            }
        }
    }
}

async fn ready(udp: Option<&mut Datagrams>) {
    match udp {
        Some(udp) => udp.ready().await,
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The driver's clock. Tokio's, so that a paused test clock holds here too.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Sockets bound to the wildcard address do not say which of our addresses faces the exchange: the routing table does.
fn learn_routes(ua: &mut UserAgent) {
    for _ in 0..TARGETS_PER_TURN {
        let Some(target) = ua.unrouted_target() else { return };
        if !learn_route(ua, target) {
            return;
        }
    }
}

/// The answer to a stranger needs no address of ours, and a million strangers must not cost a million look-ups.
fn learn_source(ua: &mut UserAgent, source: Flow) {
    if ua.needs_local_route(source.peer.ip()) && ua.expects(source) {
        learn_route(ua, source.peer);
    }
}

/// Sets the code point of a socket; it is the upper six bits of the octet (RFC 2474 3).
fn mark(socket: socket2::SockRef<'_>, dscp: u8) {
    let octet = u32::from(dscp & 63) << 2;
    let is_v6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
    let marked = if is_v6 { socket.set_tclass_v6(octet) } else { socket.set_tos_v4(octet) };
    if let Err(error) = marked {
        tracing::debug!(%error, "cannot mark signalling");
    }
}

fn learn_route(ua: &mut UserAgent, peer: SocketAddr) -> bool {
    if !ua.needs_local_route(peer.ip()) {
        return true;
    }
    match udp::address_towards(peer) {
        Ok(local) => {
            ua.set_local_route(peer.ip(), local);
            true
        }
        Err(error) => {
            tracing::debug!(%peer, %error, "no route");
            false
        }
    }
}

const TARGETS_PER_TURN: usize = 64;
const DATAGRAMS_PER_TURN: usize = 32;
