//! The user agent: accounts with registration, calls, and the requests around them (RFC 3261 8, 10–15).
//!
//! [`UserAgent`] owns all signalling state and does no I/O. Four kinds of methods:
//!
//! * getters (`registration`, `targets`, `counters`, `is_idle` …);
//! * commands (`register`, `invite`, `answer`, `hangup` …), each with `now`;
//! * inputs `handle_*`: bytes, a broken flow, the passing of time;
//! * outputs `poll_transmit`, `poll_event`, `poll_timeout`.
//!
//! After every command and every input drain `poll_transmit` (send at once), then `poll_event`, then arm one timer
//! with `poll_timeout` and call `handle_timeout` when it is due. Nothing happens between calls.

mod account;
mod accounts;
mod auth;
mod build;
mod call;
mod cancel;
mod config;
mod early;
mod event;
mod failover;
mod guard;
mod hold;
mod in_dialog;
mod incoming;
mod info;
mod keepalive;
mod outgoing;
mod ping;
mod random;
mod receive;
mod redirect;
mod refer;
mod registration;
mod reinvite;
mod reliable;
mod replaces;
mod requests;
mod session;
mod strangers;
mod timer;
mod traces;
mod transfer;
mod trunk;
mod update;
mod usages;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use self::account::Account;
use self::call::{AckRecord, Call, ClientUse};
pub use self::config::{
    AccountConfig, EarlyMediaPolicy, IpNet, RedirectPolicy, ReferPolicy, ReliablePolicy, RetryPolicy, Secret,
    SessionPolicy, Trust, UaConfig, WishedRefresher,
};
pub use self::event::{
    AccountId, CallEnd, CallId, Counters, DtmfError, EndedBy, Event, HangupReason, HoldError, Invite,
    InviteError, RegistrationError, RegistrationState, RegistrationStatus, Rejection, Reply, RequestId,
    TransferError,
};
use self::keepalive::KeepAlives;
use self::random::Random;
pub use self::strangers::Stranger;
use self::strangers::Strangers;
use self::timer::UaTimer;
pub use self::trunk::{TrunkState, TrunkStatus};
use crate::dialog::DialogTable;
use crate::message::Request;
use crate::trace::Traces;
use crate::transaction::timers::TimerTable;
use crate::transaction::{TransactionEvent, TransactionId, TransactionLayer};
use crate::transport::{Flow, Transmit, TransportKind};

/// A SIP user agent without I/O; see the module documentation for the call order.
#[derive(Debug)]
pub struct UserAgent {
    config: UaConfig,
    random: Random,
    local_udp: Option<SocketAddr>,
    local_tcp: Option<SocketAddr>,
    local_tls: Option<SocketAddr>,
    // Which of our addresses faces a peer, known only where the socket is bound to the wildcard address.
    local_routes: BTreeMap<IpAddr, IpAddr>,
    accounts: Vec<Account>,
    layer: TransactionLayer,
    calls: BTreeMap<CallId, Call>,
    dialogs: DialogTable,
    uses: HashMap<TransactionId, ClientUse>,
    server_invites: HashMap<TransactionId, CallId>,
    // Incoming calls by SIP Call-ID: the same INVITE by another path has the same one.
    arrived: BTreeSet<(String, CallId)>,
    // ACKs of 2xx by INVITE transaction, repeated for each repeated 2xx (RFC 3261 13.2.2.4) until Timer M.
    acks: HashMap<TransactionId, Vec<AckRecord>>,
    requests: BTreeMap<RequestId, TransactionId>,
    timers: TimerTable<UaTimer>,
    keepalives: KeepAlives,
    strangers: Strangers,
    // Calls whose peer waits for a NOTIFY about its REFER.
    notices: BTreeSet<CallId>,
    // REFERs whose call ended before they were answered.
    orphans: Vec<(TransactionId, Request)>,
    events: VecDeque<Event>,
    counters: Counters,
    traces: Option<Traces>,
    serial: u64,
}

impl UserAgent {
    /// A user agent without accounts. `now` is where its time starts.
    pub fn new(config: UaConfig, now: Instant) -> Self {
        Self {
            random: Random::new(config.seed),
            layer: TransactionLayer::new(config.timers, config.max_transactions),
            traces: config.trace.map(|limits| Traces::new(limits, now)),
            config,
            local_udp: None,
            local_tcp: None,
            local_tls: None,
            local_routes: BTreeMap::new(),
            accounts: Vec::new(),
            calls: BTreeMap::new(),
            dialogs: DialogTable::new(),
            uses: HashMap::new(),
            server_invites: HashMap::new(),
            arrived: BTreeSet::new(),
            acks: HashMap::new(),
            requests: BTreeMap::new(),
            timers: TimerTable::new(),
            keepalives: KeepAlives::default(),
            strangers: Strangers::new(now),
            notices: BTreeSet::new(),
            orphans: Vec::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            serial: 0,
        }
    }

    /// What Via and Contact say until a response teaches better (RFC 3581). The driver calls it.
    pub fn set_local_addresses(&mut self, udp: Option<SocketAddr>, tcp: Option<SocketAddr>) {
        self.local_udp = udp;
        self.local_tcp = tcp;
    }

    /// The same for a TLS listener; without one our Contact over TLS is our end of the connection.
    pub fn set_local_tls(&mut self, tls: Option<SocketAddr>) {
        self.local_tls = tls;
    }

    /// Which of our addresses packets to `peer` leave from; needed where sockets are bound to the wildcard address.
    /// At most 1024 peers are remembered.
    pub fn set_local_route(&mut self, peer: IpAddr, local: IpAddr) {
        if self.local_routes.len() >= MAX_LOCAL_ROUTES {
            self.local_routes.clear();
        }
        self.local_routes.insert(peer, local);
    }

    /// True when the driver should find out and tell [`Self::set_local_route`] before anything goes to `peer`.
    pub fn needs_local_route(&self, peer: IpAddr) -> bool {
        let wildcard = |addr: Option<SocketAddr>| addr.is_some_and(|addr| addr.ip().is_unspecified());
        (wildcard(self.local_udp) || wildcard(self.local_tcp) || wildcard(self.local_tls))
            && !self.local_routes.contains_key(&peer)
    }

    /// The routes of the accounts' targets that [`Self::set_local_route`] told: (peer, our address).
    pub fn target_routes(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        let targets = self.accounts.iter().flat_map(|account| account.trunk.flows());
        targets.filter_map(|target| Some((target.peer.ip(), *self.local_routes.get(&target.peer.ip())?)))
    }

    fn own_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.target_routes().map(|(_, local)| local)
    }

    /// The machine slept or its network changed: what was learned of addresses and of dead targets is forgotten, and
    /// every account registers again within a second, with its new Contact in the place of the old one (RFC 3261
    /// 10.2.1). A waiting time that the exchange asked for is kept. [`Event::AddressChanged`] follows for each account: only
    /// the owner knows where its media can be received now.
    pub fn network_changed(&mut self, now: Instant) {
        for index in 0..self.accounts.len() {
            let account = AccountId(u32::try_from(index).unwrap_or(u32::MAX));
            let spread = std::time::Duration::from_millis(self.random.below(1000));
            self.forgive_targets(account, now);
            let entry = &mut self.accounts[index];
            entry.learned = None;
            entry.moved = entry.registration.wanted;
            let registration = &mut entry.registration;
            if !registration.wanted {
                self.events.push_back(Event::AddressChanged { account });
                continue;
            }
            if registration.state == RegistrationState::Resolving {
                continue;
            }
            registration.failures = 0;
            let at = registration.not_before.map_or(now + spread, |not_before| not_before.max(now + spread));
            registration.next_attempt = Some(at);
            self.drop_registration_transaction(account);
            self.timers.set(UaTimer::Register(account), at);
        }
        self.pump(now);
    }

    /// A target whose [`Self::needs_local_route`] is still open.
    pub fn unrouted_target(&self) -> Option<SocketAddr> {
        let mut targets = self.accounts.iter().flat_map(|account| account.trunk.flows());
        targets.find(|target| self.needs_local_route(target.peer.ip())).map(|target| target.peer)
    }

    /// The SIP Call-ID of a call that has not ended.
    pub fn sip_call_id(&self, call: CallId) -> Option<&str> {
        self.calls.get(&call).map(|call| call.sip_call_id.as_str())
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        Counters {
            retransmissions: self.layer.retransmissions(),
            strangers_refused: self.strangers.refused,
            strangers_dropped: self.strangers.dropped,
            ..self.counters
        }
    }

    /// Transactions and calls that exist now: (client transactions, server transactions, calls).
    pub fn load(&self) -> (usize, usize, usize) {
        let (clients, servers) = self.layer.len();
        (clients, servers, self.calls.len())
    }

    /// True when no transaction, dialog, call or open request is left. Registrations may still have timers.
    pub fn is_idle(&self) -> bool {
        self.layer.is_empty()
            && self.calls.is_empty()
            && self.dialogs.is_empty()
            && self.uses.is_empty()
            && self.server_invites.is_empty()
            && self.arrived.is_empty()
            && self.acks.is_empty()
            && self.requests.is_empty()
            && self.notices.is_empty()
            && self.orphans.is_empty()
    }

    /// True when no call is left and every request of ours is answered: nothing is lost by stopping now. What
    /// [`Self::is_idle`] still waits for then are timers that absorb repetitions. Check it after draining
    /// [`Self::poll_transmit`].
    pub fn may_stop(&self) -> bool {
        self.calls.is_empty() && !self.layer.awaits_final()
    }

    /// A flow broke: no connection, a reset, an ICMP error. Everything that waits for it fails now.
    pub fn handle_transport_failure(&mut self, now: Instant, transport: TransportKind, peer: SocketAddr) {
        self.counters.transport_failures += 1;
        tracing::debug!(?transport, %peer, "transport failure");
        self.unwatch(Flow { transport, peer });
        self.keepalives.stale = true;
        self.layer.transport_failed(transport, peer, now);
        self.pump(now);
        self.registrations_lost(transport, peer, now);
        self.pump(now);
    }

    /// Time passed: everything due at `now` happens.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.layer.handle_timeout(now);
        self.pump(now);
        while let Some(timer) = self.timers.pop_expired(now) {
            match timer {
                UaTimer::AppAnswer(id) => self.app_answer_missing(id, now),
                UaTimer::CancelGiveUp(call) => self.cancel_gave_up(call, now),
                UaTimer::Glare(call) => self.retry_offer(call, now),
                UaTimer::AckGiveUp(call) => self.ack_missing(call, now),
                UaTimer::Repeat2xx(call) => self.repeat_2xx(call, now),
                UaTimer::Repeat1xx(call) => self.repeat_1xx(call, now),
                UaTimer::PrackGiveUp(call) => self.prack_missing(call, now),
                UaTimer::Progress(call) => self.progress_again(call, now),
                UaTimer::SessionRefresh(call) => self.refresh_session(call, now),
                UaTimer::SessionEnd(call) => self.session_expired(call, now),
                UaTimer::LongestCall(call) => self.call_too_long(call, now),
                UaTimer::RingTimeout(call) => self.ring_timed_out(call, now),
                UaTimer::TransferEnd(call) => self.transfer_too_long(call),
                UaTimer::ReferAnswer(call) => self.refer_answer_missing(call, now),
                UaTimer::NextDigit(call) => self.next_digit(call, now),
                UaTimer::Register(account) => self.send_register(account, now),
                UaTimer::KeepAlive(flow) => self.keep_alive_due(flow, now),
                UaTimer::RegisterUnanswered(account) => self.registrar_silent(account, now),
                UaTimer::NextTarget(call) => self.target_silent(call, now),
                UaTimer::OrphanGiveUp(transaction) => self.orphan_gave_up(transaction),
                UaTimer::Ping(account) => self.send_pings(account, now),
                UaTimer::PingUnanswered(account) => self.pings_unanswered(account, now),
            }
            self.pump(now);
        }
    }

    /// The next message to send; drain it after every call.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(keepalive) = self.poll_keepalive() {
            return Some(keepalive);
        }
        let transmit = self.layer.poll_transmit()?;
        self.counters.sent += 1;
        self.note_sent(&transmit);
        Some(transmit)
    }

    /// The next event; drain it after every call.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] must be called, and why. `None`: nothing will happen by itself.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let own = self.timers.next().map(|(at, timer)| (at, timer.name()));
        match (own, self.layer.poll_timeout()) {
            (Some(own), Some(layer)) => Some(if layer.0 < own.0 { layer } else { own }),
            (own, layer) => own.or(layer),
        }
    }

    /// Works off what the transactions reported. Every entry point ends with it.
    fn pump(&mut self, now: Instant) {
        if let Some(traces) = &mut self.traces {
            traces.pass(now);
        }
        self.take_reports(now);
        while !(self.notices.is_empty() && self.orphans.is_empty()) {
            self.refuse_orphans(now);
            self.send_notices(now);
            self.take_reports(now);
        }
        self.watch_flows(now);
    }

    fn take_reports(&mut self, now: Instant) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                // The peer never saw our refusal; the call has ended for us already (17.2.1).
                TransactionEvent::AckTimeout => self.counters.timeouts += 1,
                TransactionEvent::Response { id, response } => self.client_response(id, response, now),
                TransactionEvent::Terminated { id } => {
                    self.uses.remove(&id);
                    self.acks.remove(&id);
                    self.server_invites.remove(&id);
                    self.timers.stop(UaTimer::OrphanGiveUp(id));
                }
                TransactionEvent::Timeout { id } => {
                    self.counters.timeouts += 1;
                    self.client_failed(id, ClientFailure::Timeout, now);
                }
                TransactionEvent::TransportFailed { id } => {
                    self.client_failed(id, ClientFailure::Transport, now);
                }
            }
        }
    }

    fn fresh_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// Why a client transaction ended without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientFailure {
    Timeout,
    Transport,
}

const MAX_LOCAL_ROUTES: usize = 1024;
