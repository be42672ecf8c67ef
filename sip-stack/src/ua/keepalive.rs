//! Keep-alives of registered flows (RFC 5626 4.4): which flows, and what their death means.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use super::UserAgent;
use super::event::{AccountId, RegistrationState};
use super::timer::UaTimer;
use crate::message::{HeaderName, Response};
use crate::transport::keepalive::{Step, Terms, Watch};
use crate::transport::{Flow, Transmit, TransportKind, stun};

/// The flows under watch.
#[derive(Debug, Default)]
pub(crate) struct KeepAlives {
    flows: BTreeMap<Flow, Watch>,
    /// A registration changed: the list is made anew at the end of the input.
    pub(crate) stale: bool,
    /// Flows whose connection the driver is to close.
    closes: Vec<Flow>,
    transmits: Vec<Transmit>,
}

impl KeepAlives {
    /// Asks the driver to close a connection.
    pub(crate) fn close(&mut self, flow: Flow) {
        if !self.closes.contains(&flow) {
            self.closes.push(flow);
        }
    }
}

impl UserAgent {
    /// A flow whose connection is to be closed, because it is dead or a stranger's; drain it after every call. What hung
    /// on it has failed already: the driver need not report its end.
    pub fn poll_close(&mut self) -> Option<Flow> {
        self.keepalives.closes.pop()
    }

    pub(crate) fn poll_keepalive(&mut self) -> Option<Transmit> {
        self.keepalives.transmits.pop()
    }

    /// What the answer to a REGISTER says of keep-alives: the `outbound` option tag or an `ob` in Path show RFC 5626,
    /// as does Flow-Timer, which also says how often.
    pub(crate) fn learn_outbound(&mut self, account: AccountId, response: &Response) {
        let timer = response
            .headers
            .text(&HeaderName::new("Flow-Timer"))
            .and_then(|text| text.trim().parse().ok())
            .filter(|seconds| *seconds > 0)
            .map(std::time::Duration::from_secs);
        let required = response.headers.tokens(&HeaderName::REQUIRE);
        let paths = response.headers.addresses(&HeaderName::new("Path")).unwrap_or_default();
        let outbound = required.iter().any(|tag| tag.eq_ignore_ascii_case("outbound"))
            || paths.iter().any(|path| path.uri.params().is_some_and(|params| params.contains("ob")));
        if let Some(entry) = self.accounts.get_mut(account.0 as usize) {
            entry.outbound = outbound;
            entry.flow_timer = timer;
        }
    }

    /// Makes the list of watched flows agree with the registrations.
    pub(crate) fn watch_flows(&mut self, now: Instant) {
        if !std::mem::take(&mut self.keepalives.stale) {
            return;
        }
        let mut wanted: BTreeMap<Flow, Terms> = BTreeMap::new();
        for account in &self.accounts {
            let registered = matches!(account.registration.state, RegistrationState::Registered { .. });
            let Some(flow) = account.flow().filter(|_| registered) else { continue };
            let policy = account.config.keep_alive;
            if let Some(terms) = Terms::of(policy, flow, account.outbound, account.flow_timer) {
                wanted.entry(flow).and_modify(|other| *other = other.and(terms)).or_insert(terms);
            }
        }
        let gone: Vec<Flow> =
            self.keepalives.flows.keys().filter(|flow| !wanted.contains_key(flow)).copied().collect();
        for flow in gone {
            self.unwatch(flow);
        }
        for (flow, terms) in wanted {
            let draw = self.random.next_u64();
            let watch =
                self.keepalives.flows.entry(flow).or_insert_with(|| Watch::new(flow, terms, draw, now));
            watch.set_terms(terms, draw, now);
            self.timers.set(UaTimer::KeepAlive(flow), watch.deadline());
        }
    }

    pub(crate) fn keep_alive_due(&mut self, flow: Flow, now: Instant) {
        let draw = [self.random.next_u64(), self.random.next_u64()];
        let Some(watch) = self.keepalives.flows.get_mut(&flow) else { return };
        match watch.handle_timeout(draw, now) {
            Step::Send(bytes) => {
                let Flow { transport, peer: destination } = flow;
                self.keepalives.transmits.push(Transmit { transport, destination, bytes });
            }
            Step::Wait => {}
            Step::Dead => {
                tracing::info!(peer = %flow.peer, transport = flow.transport.via_token(), "no answer to keep-alives");
                if flow.transport.is_reliable() {
                    self.keepalives.close(flow);
                }
                self.handle_transport_failure(now, flow.transport, flow.peer);
                return;
            }
        }
        self.timers.set(UaTimer::KeepAlive(flow), watch.deadline());
    }

    /// A single CRLF on a stream.
    pub(crate) fn pong_received(&mut self, flow: Flow, now: Instant) {
        let draw = self.random.next_u64();
        let Some(watch) = self.keepalives.flows.get_mut(&flow) else { return };
        watch.pong(draw, now);
        self.timers.set(UaTimer::KeepAlive(flow), watch.deadline());
    }

    /// A STUN message on the SIP socket. Requests are not answered: that is for edge proxies (RFC 5626 5.4).
    pub(crate) fn stun_received(&mut self, source: SocketAddr, bytes: &[u8], now: Instant) {
        let flow = Flow { transport: TransportKind::Udp, peer: source };
        let draw = self.random.next_u64();
        let (Some(response), Some(watch)) =
            (stun::parse_response(bytes), self.keepalives.flows.get_mut(&flow))
        else {
            self.counters.stray += 1;
            return;
        };
        let moved = watch.binding_response(response, draw, now);
        self.timers.set(UaTimer::KeepAlive(flow), watch.deadline());
        if moved {
            tracing::info!(peer = %source, "the exchange sees us at another address");
            self.registrations_lost(flow.transport, flow.peer, now);
        }
    }

    /// The flow broke: a new one is watched from its registration on.
    pub(crate) fn unwatch(&mut self, flow: Flow) {
        self.keepalives.flows.remove(&flow);
        self.timers.stop(UaTimer::KeepAlive(flow));
    }
}
