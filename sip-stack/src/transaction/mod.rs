//! Transactions (RFC 3261 17, RFC 6026): the four machines, their matching and their timers.
//!
//! The layer owns every transaction of a user agent, never a dialog and never a socket. Order of use: a command
//! (`request`, `respond`, `cancel`) or an input (`receive_*`, `handle_timeout`, `transport_failed`), then drain
//! `poll_event` and `poll_transmit`. Both queues are filled only by those calls.

mod build;
mod client;
mod invite_client;
mod invite_server;
mod key;
mod server;
mod step;
pub(crate) mod timers;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use self::client::NonInviteClient;
use self::invite_client::InviteClient;
use self::invite_server::InviteServer;
use self::key::{ClientKey, ServerKey};
use self::server::NonInviteServer;
use self::step::{Fate, Step};
use self::timers::TimerTable;
pub use self::timers::{Timer, Timers};
use crate::message::{Headers, Method, Request, Response};
use crate::transport::{Flow, Transmit, TransportKind};

/// One transaction of this user agent, client or server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TransactionId(u64);

/// What transactions tell the user agent core.
#[derive(Debug)]
pub(crate) enum TransactionEvent {
    /// A server INVITE transaction saw no ACK for its non-2xx final (Timer H).
    AckTimeout,
    /// A client transaction got a response that its user must see.
    Response { id: TransactionId, response: Response },
    /// The transaction is gone; nothing more comes with this id.
    Terminated { id: TransactionId },
    /// A client transaction got no answer (Timer B or F).
    Timeout { id: TransactionId },
    /// A client transaction could not send.
    TransportFailed { id: TransactionId },
}

/// What became of a received request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A new server transaction.
    New(TransactionId),
    /// Absorbed: a retransmission, or the ACK of a non-2xx final.
    Absorbed,
    /// An ACK that belongs to a 2xx, hence to a dialog.
    Ack,
    /// The table is full; answer 503 without a transaction.
    Overload,
}

#[derive(Debug)]
enum Client {
    Invite(InviteClient),
    Other(NonInviteClient),
}

#[derive(Debug)]
enum Server {
    Invite(InviteServer),
    Other(NonInviteServer),
}

#[derive(Debug)]
pub(crate) struct TransactionLayer {
    timers: Timers,
    limit: usize,
    serial: u64,
    clients: BTreeMap<TransactionId, (ClientKey, Client)>,
    servers: BTreeMap<TransactionId, (ServerKey, Server)>,
    client_keys: HashMap<ClientKey, TransactionId>,
    server_keys: HashMap<ServerKey, TransactionId>,
    table: TimerTable<(TransactionId, Timer)>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<TransactionEvent>,
    retransmissions: u64,
}

impl Server {
    fn flow(&self) -> Flow {
        match self {
            Self::Invite(server) => server.flow(),
            Self::Other(server) => server.flow(),
        }
    }
}

impl TransactionLayer {
    pub(crate) fn new(timers: Timers, limit: usize) -> Self {
        Self {
            timers,
            limit,
            serial: 0,
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            client_keys: HashMap::new(),
            server_keys: HashMap::new(),
            table: TimerTable::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            retransmissions: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.servers.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.clients.len() + self.servers.len() >= self.limit
    }

    /// True while a client transaction has no final response.
    pub(crate) fn awaits_final(&self) -> bool {
        self.clients.values().any(|(_, client)| match client {
            Client::Invite(client) => client.awaits_final(),
            Client::Other(client) => client.awaits_final(),
        })
    }

    pub(crate) fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    pub(crate) fn len(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    /// Starts a client transaction. The request carries its Via with the branch already.
    pub(crate) fn request(&mut self, request: Request, flow: Flow, now: Instant) -> TransactionId {
        let id = self.fresh_id();
        let key = ClientKey::of_request(&request);
        let mut step = step(self, id, now);
        let client = if request.method == Method::Invite {
            Client::Invite(InviteClient::start(request, flow, &mut step))
        } else {
            Client::Other(NonInviteClient::start(request, flow, &mut step))
        };
        self.client_keys.insert(key.clone(), id);
        self.clients.insert(id, (key, client));
        id
    }

    /// Sends a CANCEL for a pending INVITE (9.1). `None` where none may be sent: no provisional yet, or a final.
    pub(crate) fn cancel(
        &mut self,
        invite: TransactionId,
        reason: &Headers,
        now: Instant,
    ) -> Option<TransactionId> {
        let (_, Client::Invite(client)) = self.clients.get(&invite)? else {
            return None;
        };
        if !client.is_proceeding() {
            return None;
        }
        let (cancel, flow) = (client.cancel(reason), client.flow());
        Some(self.request(cancel, flow, now))
    }

    /// The request of a client transaction, as it was sent.
    pub(crate) fn sent_request(&self, id: TransactionId) -> Option<(&Request, Flow)> {
        Some(match &self.clients.get(&id)?.1 {
            Client::Invite(client) => (client.request(), client.flow()),
            Client::Other(client) => (client.request(), client.flow()),
        })
    }

    /// The request of a server transaction, as it came; `None` once it has its final answer.
    pub(crate) fn received_request(&self, id: TransactionId) -> Option<(&Request, Flow)> {
        Some(match &self.servers.get(&id)?.1 {
            Server::Invite(server) => (server.request()?, server.flow()),
            Server::Other(server) => (server.request()?, server.flow()),
        })
    }

    /// Stops repeating an INVITE that has no response yet; late responses still come until Timer B.
    pub(crate) fn silence(&mut self, id: TransactionId) {
        self.table.stop((id, Timer::A));
    }

    /// Forgets a client transaction whose user gave up (64*T1 after a CANCEL, 9.1).
    pub(crate) fn abandon(&mut self, id: TransactionId) {
        self.remove(id);
    }

    pub(crate) fn respond(&mut self, id: TransactionId, response: &Response, now: Instant) {
        let Some((key, mut server)) = self.servers.remove(&id) else {
            return;
        };
        let mut step = step(self, id, now);
        let fate = match &mut server {
            Server::Invite(server) => server.respond(response, &mut step),
            Server::Other(server) => server.respond(response, &mut step),
        };
        self.servers.insert(id, (key, server));
        self.settle(id, fate);
    }

    /// Matches a response (17.1.3). A response of no transaction comes back to the caller.
    pub(crate) fn receive_response(&mut self, response: Response, now: Instant) -> Option<Response> {
        let found = ClientKey::of_response(&response)
            .and_then(|key| self.client_keys.get(&key).copied())
            .and_then(|id| self.clients.remove(&id).map(|entry| (id, entry)));
        let Some((id, (key, mut client))) = found else {
            return Some(response);
        };
        let mut step = step(self, id, now);
        let fate = match &mut client {
            Client::Invite(client) => client.on_response(response, &mut step),
            Client::Other(client) => client.on_response(response, &mut step),
        };
        self.clients.insert(id, (key, client));
        self.settle(id, fate);
        None
    }

    /// Matches a request (17.2.3); a new one gets a server transaction.
    pub(crate) fn receive_request(&mut self, request: &Request, flow: Flow, now: Instant) -> Received {
        let key = ServerKey::of_request(request);
        let known = self.server_keys.get(&key).copied();
        let known = known.and_then(|id| self.servers.remove(&id).map(|entry| (id, entry)));
        let Some((id, (key, mut server))) = known else {
            if request.method == Method::Ack {
                return Received::Ack;
            }
            if self.is_full() {
                return Received::Overload;
            }
            return Received::New(self.serve(key, request.clone(), flow));
        };
        let mut step = step(self, id, now);
        let mut outcome = Received::Absorbed;
        let fate = match &mut server {
            Server::Invite(server) if request.method == Method::Ack => {
                if server.is_accepted() {
                    outcome = Received::Ack;
                }
                server.on_ack(&mut step)
            }
            Server::Invite(server) => {
                server.on_retransmission(&mut step);
                Fate::Alive
            }
            Server::Other(server) => {
                server.on_retransmission(&mut step);
                Fate::Alive
            }
        };
        self.servers.insert(id, (key, server));
        self.settle(id, fate);
        outcome
    }

    /// Whether a request belongs to a server transaction of this source: it repeats its request, acknowledges or
    /// cancels it.
    pub(crate) fn serves(&self, request: &Request, source: std::net::IpAddr) -> bool {
        let cancelled = (request.method == Method::Cancel).then(|| ServerKey::of_cancelled_invite(request));
        let keys = cancelled.into_iter().chain([ServerKey::of_request(request)]);
        let mut found = keys.filter_map(|key| self.servers.get(self.server_keys.get(&key)?));
        found.any(|(_, server)| server.flow().peer.ip() == source)
    }

    /// The INVITE transaction that a received CANCEL means (9.2).
    pub(crate) fn invite_of_cancel(&self, cancel: &Request) -> Option<TransactionId> {
        self.server_keys.get(&ServerKey::of_cancelled_invite(cancel)).copied()
    }

    /// A flow broke: every client transaction that still sends over it fails.
    pub(crate) fn transport_failed(
        &mut self,
        transport: TransportKind,
        peer: std::net::SocketAddr,
        now: Instant,
    ) {
        let broken = Flow { transport, peer };
        let hit: Vec<TransactionId> = self
            .clients
            .iter()
            .filter(|(_, (_, client))| match client {
                Client::Invite(client) => client.flow() == broken,
                Client::Other(client) => client.flow() == broken,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in hit {
            let Some((key, mut client)) = self.clients.remove(&id) else {
                continue;
            };
            let mut step = step(self, id, now);
            let fate = match &mut client {
                Client::Invite(client) => client.on_transport_failure(&mut step),
                Client::Other(client) => client.on_transport_failure(&mut step),
            };
            self.clients.insert(id, (key, client));
            self.settle(id, fate);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some((id, timer)) = self.table.pop_expired(now) {
            if let Some((key, mut client)) = self.clients.remove(&id) {
                let mut step = step(self, id, now);
                let fate = match &mut client {
                    Client::Invite(client) => client.on_timer(timer, &mut step),
                    Client::Other(client) => client.on_timer(timer, &mut step),
                };
                self.clients.insert(id, (key, client));
                self.settle(id, fate);
            } else if let Some((key, mut server)) = self.servers.remove(&id) {
                let mut step = step(self, id, now);
                let fate = match &mut server {
                    Server::Invite(server) => server.on_timer(timer, &mut step),
                    Server::Other(server) => server.on_timer(timer),
                };
                self.servers.insert(id, (key, server));
                self.settle(id, fate);
            }
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.table.next().map(|(at, (_, timer))| (at, timer.name()))
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// Bytes outside any transaction: the ACK of a 2xx, a stateless answer.
    pub(crate) fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.transmits.push_back(Transmit { transport: flow.transport, destination: flow.peer, bytes });
    }

    pub(crate) fn poll_event(&mut self) -> Option<TransactionEvent> {
        self.events.pop_front()
    }

    fn serve(&mut self, key: ServerKey, request: Request, flow: Flow) -> TransactionId {
        let id = self.fresh_id();
        let server = if request.method == Method::Invite {
            Server::Invite(InviteServer::start(request, flow))
        } else {
            Server::Other(NonInviteServer::start(request, flow))
        };
        self.server_keys.insert(key.clone(), id);
        self.servers.insert(id, (key, server));
        id
    }

    fn settle(&mut self, id: TransactionId, fate: Fate) {
        if fate == Fate::Terminated {
            self.remove(id);
            self.events.push_back(TransactionEvent::Terminated { id });
        }
    }

    fn remove(&mut self, id: TransactionId) {
        let timers: &[Timer] = if let Some((key, client)) = self.clients.remove(&id) {
            self.client_keys.remove(&key);
            match client {
                Client::Invite(_) => &InviteClient::TIMERS,
                Client::Other(_) => &NonInviteClient::TIMERS,
            }
        } else if let Some((key, server)) = self.servers.remove(&id) {
            self.server_keys.remove(&key);
            match server {
                Server::Invite(_) => &InviteServer::TIMERS,
                Server::Other(_) => &NonInviteServer::TIMERS,
            }
        } else {
            &[]
        };
        for timer in timers {
            self.table.stop((id, *timer));
        }
    }

    fn fresh_id(&mut self) -> TransactionId {
        self.serial += 1;
        TransactionId(self.serial)
    }
}

fn step(layer: &mut TransactionLayer, id: TransactionId, now: Instant) -> Step<'_> {
    Step {
        id,
        now,
        timers: &layer.timers,
        table: &mut layer.table,
        transmits: &mut layer.transmits,
        events: &mut layer.events,
        retransmissions: &mut layer.retransmissions,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transitions;
