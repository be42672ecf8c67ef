//! OPTIONS sent (RFC 3261 11): is a dead target back, does the active one still answer?

use std::time::{Duration, Instant};

use super::UserAgent;
use super::account::Account;
use super::build::{ALLOW, SDP, SUPPORTED};
use super::call::ClientUse;
use super::event::{AccountId, RegistrationState};
use super::registration::loose_route;
use super::timer::UaTimer;
use crate::message::{CSeq, HeaderName, Headers, Method, NameAddr, Request, Response};
use crate::transaction::TransactionId;
use crate::transport::Flow;

/// An OPTIONS under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ping {
    pub(crate) transaction: TransactionId,
    pub(crate) flow: Flow,
}

impl UserAgent {
    /// Arms or stops the next ping. Pings run where the account asks for them, where a better target than the active
    /// one is down, and where the exchange is lost and no REGISTER under way or planned would find it again.
    pub(crate) fn plan_ping(&mut self, account: AccountId, now: Instant) {
        let spread = self.random.below(1000);
        let Some(entry) = self.accounts.get(account.0 as usize) else { return };
        let timer = UaTimer::Ping(account);
        let status = entry.trunk.status();
        let unreachable = entry.trunk.is_unreachable();
        let registers = entry.config.registrar.is_some();
        let registered = matches!(entry.registration.state, RegistrationState::Registered { .. });
        let asked = entry.config.options_interval.is_some() && status.active.is_some();
        let search =
            if unreachable { !registers || registered } else { status.active.is_some() && !status.preferred };
        if !asked && !search {
            self.timers.stop(timer);
            return;
        }
        if !self.timers.is_set(timer) && entry.pings.is_empty() {
            let interval = entry.ping_interval();
            // The first look comes soon: often it was one lost packet.
            let first = if search { interval.min(FIRST_PING) } else { interval };
            self.timers.set(timer, now + first + first / 10 * u32::try_from(spread).unwrap_or(0) / 1000);
        }
    }

    /// Pings a dead target that we would like back, and the active one where the account asks for it.
    pub(crate) fn send_pings(&mut self, account: AccountId, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        let mut flows: Vec<Flow> = entry.trunk.ping_candidate(now).into_iter().collect();
        if entry.config.options_interval.is_some() {
            flows.extend(entry.trunk.active().filter(|active| !flows.contains(active)));
        }
        for flow in flows {
            self.ping(account, flow, now);
        }
        let spread = self.random.below(1000);
        let Some(entry) = self.accounts.get(account.0 as usize) else { return };
        let (interval, patience) = (entry.ping_interval(), entry.config.failover_after);
        if !entry.pings.is_empty() {
            self.timers.set(UaTimer::PingUnanswered(account), now + patience);
        }
        // Spread by a tenth, so that boxes started together do not ask together.
        let next = interval.max(patience * 2) + interval / 10 * u32::try_from(spread).unwrap_or(0) / 1000;
        self.timers.set(UaTimer::Ping(account), now + next);
    }

    fn ping(&mut self, account: AccountId, flow: Flow, now: Instant) {
        let contact = self.contact(Some(account), None, flow);
        let (call_id, tag) = (self.random.call_id(), self.random.tag());
        self.trace_question(&call_id, account);
        let Some(entry) = self.accounts.get(account.0 as usize) else { return };
        let request = options(entry, contact, call_id, &tag);
        let (transaction, _) = self.send_sized(request, flow, false, ClientUse::Ping(account), now);
        self.accounts[account.0 as usize].pings.push(Ping { transaction, flow });
    }

    /// Any answer shows life, but for a 503, which says that there is none to spare, and a 408 of a proxy that found
    /// nobody behind it.
    pub(crate) fn ping_response(
        &mut self,
        id: TransactionId,
        account: AccountId,
        response: &Response,
        now: Instant,
    ) {
        if response.is_provisional() {
            return;
        }
        let Some(flow) = self.take_ping(id, account) else { return };
        match response.code {
            408 | 503 => {
                let rest = response.headers.retry_after_wait().unwrap_or_default();
                self.target_failed(account, flow, rest, now);
            }
            _ => self.target_ponged(account, flow, now),
        }
    }

    pub(crate) fn ping_failed(&mut self, id: TransactionId, account: AccountId, now: Instant) {
        if let Some(flow) = self.take_ping(id, account) {
            self.target_failed(account, flow, Duration::ZERO, now);
        }
    }

    pub(crate) fn pings_unanswered(&mut self, account: AccountId, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else { return };
        for ping in std::mem::take(&mut entry.pings) {
            self.layer.abandon(ping.transaction);
            self.uses.remove(&ping.transaction);
            self.target_failed(account, ping.flow, Duration::ZERO, now);
        }
    }

    fn take_ping(&mut self, id: TransactionId, account: AccountId) -> Option<Flow> {
        let entry = self.accounts.get_mut(account.0 as usize)?;
        let at = entry.pings.iter().position(|ping| ping.transaction == id)?;
        let flow = entry.pings.swap_remove(at).flow;
        if entry.pings.is_empty() {
            self.timers.stop(UaTimer::PingUnanswered(account));
        }
        Some(flow)
    }
}

impl Account {
    fn ping_interval(&self) -> Duration {
        self.config.options_interval.unwrap_or(PING_INTERVAL).max(SHORTEST_INTERVAL)
    }
}

fn options(entry: &Account, contact: String, call_id: String, tag: &str) -> Request {
    let domain = entry.config.registrar.as_ref().unwrap_or(&entry.config.aor);
    let mut uri = domain.clone();
    // The exchange itself is asked, not a user of it (11).
    if let Some(uri) = uri.as_sip_mut() {
        uri.user = None;
        uri.password = None;
    }
    let mut headers = Headers::new();
    headers.push(HeaderName::MAX_FORWARDS, "70");
    headers.push(HeaderName::FROM, NameAddr::new(entry.config.aor.clone()).with_tag(tag).to_string());
    headers.push(HeaderName::TO, NameAddr::new(uri.clone()).to_string());
    headers.push(HeaderName::CALL_ID, call_id);
    headers.push(HeaderName::CSEQ, CSeq::new(1, Method::Options).to_string());
    headers.push(HeaderName::CONTACT, contact);
    if let Some(proxy) = &entry.config.outbound_proxy {
        headers.push(HeaderName::ROUTE, loose_route(proxy));
    }
    headers.push(HeaderName::ACCEPT, SDP);
    headers.push(HeaderName::ALLOW, ALLOW);
    headers.push(HeaderName::SUPPORTED, SUPPORTED);
    Request { method: Method::Options, uri, headers, body: Vec::new() }
}

/// Between pings of a dead target, where the account names no interval.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const FIRST_PING: Duration = Duration::from_secs(10);
