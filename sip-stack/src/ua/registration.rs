//! REGISTER (RFC 3261 10.2): refresh before expiry, 423, Retry-After, back-off, re-registration on loss.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::account::Account;
use super::auth::AuthTries;
use super::build::{ALLOW, SUPPORTED};
use super::call::ClientUse;
use super::event::{AccountId, Event, RegistrationError, RegistrationState};
use super::timer::UaTimer;
use super::{ClientFailure, UserAgent};
use crate::dialog::{uri_ip, uri_transport};
use crate::message::{CSeq, Contact, HeaderName, Headers, Method, NameAddr, Request, Response, Uri};
use crate::transport::{Flow, TransportKind};

impl UserAgent {
    /// Registers the account and keeps it registered. Without a known address it waits for
    /// [`Self::set_targets`]. Asked again, it registers at once (after a suspend, a changed network).
    pub fn register(&mut self, account: AccountId, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return;
        };
        if entry.config.registrar.is_none() {
            return;
        }
        entry.registration.wanted = true;
        entry.registration.failures = 0;
        self.drop_registration_transaction(account);
        self.send_register(account, now);
        self.pump(now);
    }

    /// Removes the binding and stops registering.
    pub fn unregister(&mut self, account: AccountId, now: Instant) {
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return;
        };
        entry.registration.wanted = false;
        entry.registration.next_attempt = None;
        let registration = &mut entry.registration;
        // A REGISTER under way may have made a binding already.
        if registration.transaction.is_some() && registration.bound.is_none() {
            registration.bound = registration.offered.take();
        }
        let bound = registration.bound.is_some();
        self.timers.stop(UaTimer::Register(account));
        self.drop_registration_transaction(account);
        if bound {
            self.send_register(account, now);
        } else {
            self.set_registration_state(account, RegistrationState::Idle);
        }
        self.pump(now);
    }

    pub(crate) fn send_register(&mut self, account: AccountId, now: Instant) {
        self.timers.stop(UaTimer::Register(account));
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return;
        };
        if entry.registration.transaction.is_some() {
            return;
        }
        let registration = &mut entry.registration;
        registration.tries = AuthTries::default();
        registration.interval_raised = false;
        registration.targets_tried = 0;
        registration.redirected = 0;
        registration.removing = !registration.wanted;
        if entry.flow().is_none() {
            entry.registration.next_attempt = Some(now);
            self.set_registration_state(account, RegistrationState::Resolving);
            return;
        }
        self.transmit_register(account, now);
    }

    /// Builds and sends one REGISTER; a retry with credentials or a longer interval is one more.
    fn transmit_register(&mut self, account: AccountId, now: Instant) {
        let cnonce = self.random.tag();
        let Some(flow) = self.accounts.get(account.0 as usize).and_then(Account::flow) else {
            return;
        };
        let contact = self.contact(Some(account), None, flow);
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return;
        };
        let Some(mut request) = register_request(entry, &contact) else {
            return;
        };
        entry.register_auth.authorize(&mut request, &entry.config, &cnonce);
        entry.registration.next_attempt = None;
        let state = match entry.registration.state {
            _ if entry.registration.removing => RegistrationState::Unregistering,
            // A refresh does not take the binding away.
            RegistrationState::Registered { expires_at } if expires_at > now => {
                RegistrationState::Registered { expires_at }
            }
            _ => RegistrationState::Registering,
        };
        let call_id = entry.registration.call_id.clone();
        self.trace_call(&call_id, Some(account));
        let (id, _) = self.send_request(request, flow, ClientUse::Register(account), now);
        let entry = &mut self.accounts[account.0 as usize];
        let (patience, more) = (entry.config.failover_after, entry.trunk.flows().len());
        let registration = &mut entry.registration;
        registration.transaction = Some(id);
        registration.flow = Some(flow);
        if registration.targets_tried + 1 < more {
            self.timers.set(UaTimer::RegisterUnanswered(account), now + patience);
        }
        let registration = &mut self.accounts[account.0 as usize].registration;
        // A refresh under way is no news; its result is.
        if registration.state != state {
            self.set_registration_state(account, state);
        }
    }

    pub(crate) fn register_response(&mut self, account: AccountId, response: &Response, now: Instant) {
        self.timers.stop(UaTimer::RegisterUnanswered(account));
        if response.is_provisional() {
            return;
        }
        let Some(flow) = self.accounts.get(account.0 as usize).and_then(|entry| entry.registration.flow)
        else {
            return;
        };
        let renewed = self.learn_address(account, response, flow);
        // While the transaction is noted, a change of the target does not start another REGISTER.
        if response.code == 503 {
            let rest = response.headers.retry_after_wait().unwrap_or_default();
            self.target_failed(account, flow, rest, now);
        } else {
            self.target_answered(account, flow, now);
        }
        let entry = &mut self.accounts[account.0 as usize];
        entry.registration.transaction = None;
        // A translator on the way gave us another address: what runs by the old one is to move too.
        entry.moved |= renewed && entry.registration.bound.is_some();
        match response.code {
            200..=299 => self.registered(account, response, flow, now),
            401 | 407 => {
                let retry = entry.registration.tries.may_retry(response)
                    && entry.register_auth.learn(response, &entry.config);
                if retry {
                    self.transmit_register(account, now);
                } else {
                    entry.register_auth.forget();
                    self.registration_failed(account, response, now);
                }
            }
            423 if !entry.registration.interval_raised => {
                let least = response.headers.min_expires().map(u64::from).map(Duration::from_secs);
                match least {
                    Some(least) if least > entry.registration.expires && least <= LONGEST_EXPIRES => {
                        entry.registration.expires = least;
                        entry.registration.interval_raised = true;
                        self.transmit_register(account, now);
                    }
                    _ => self.registration_failed(account, response, now),
                }
            }
            // The first hop does not keep flows (RFC 5626 6): the binding is made without one.
            439 if entry.registration.may_outbound => {
                entry.registration.may_outbound = false;
                self.transmit_register(account, now);
            }
            301 | 302 | 305 if self.follow_registrar(account, response, flow, now) => {}
            503 if self.next_registrar(account, now) => {}
            _ => self.registration_failed(account, response, now),
        }
    }

    /// The registrar names another one. It is followed twice at most, to an address only, and never from this machine
    /// off it; the Request-URI stays, since the digest's realm and our domain do.
    fn follow_registrar(
        &mut self,
        account: AccountId,
        response: &Response,
        from: Flow,
        now: Instant,
    ) -> bool {
        let entry = &mut self.accounts[account.0 as usize];
        let Some(uri) = response.headers.contact().map(|contact| contact.uri) else { return false };
        let Some(ip) = uri_ip(&uri) else { return false };
        let transport = uri_transport(&uri).unwrap_or(from.transport);
        let secure = from.transport == TransportKind::Tls && transport != TransportKind::Tls;
        if entry.registration.redirected >= MAX_REDIRECTS
            || entry.registration.removing
            || secure
            || (from.peer.ip().is_loopback() && !ip.is_loopback())
        {
            return false;
        }
        let peer = SocketAddr::new(ip, uri.port().unwrap_or(transport.default_port()));
        let to = Flow { transport, peer };
        if to == from {
            return false;
        }
        entry.registration.redirected += 1;
        entry.registration.tries = AuthTries::default();
        self.redirect_trunk(account, to, now);
        self.transmit_register(account, now);
        true
    }

    /// The next target of the exchange at once; only when all failed comes the waiting time.
    fn next_registrar(&mut self, account: AccountId, now: Instant) -> bool {
        let entry = &mut self.accounts[account.0 as usize];
        entry.registration.targets_tried += 1;
        let more = entry.registration.targets_tried < entry.trunk.flows().len() && entry.registration.wanted;
        if more {
            entry.registration.tries = AuthTries::default();
            self.transmit_register(account, now);
        }
        more
    }

    /// No response at all from the registrar in use, but there is another one.
    pub(crate) fn registrar_silent(&mut self, account: AccountId, now: Instant) {
        let Some(id) = self.accounts.get(account.0 as usize).and_then(|entry| entry.registration.transaction)
        else {
            return;
        };
        self.layer.abandon(id);
        self.uses.remove(&id);
        self.register_unanswered(account, ClientFailure::Timeout, now);
    }

    pub(crate) fn register_unanswered(&mut self, account: AccountId, failure: ClientFailure, now: Instant) {
        self.timers.stop(UaTimer::RegisterUnanswered(account));
        if let Some(flow) = self.accounts.get(account.0 as usize).and_then(|entry| entry.registration.flow) {
            self.target_failed(account, flow, Duration::ZERO, now);
        }
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return;
        };
        entry.registration.transaction = None;
        if self.next_registrar(account, now) {
            return;
        }
        let reason = match failure {
            ClientFailure::Timeout => "no answer",
            ClientFailure::Transport => "transport failure",
        };
        self.back_off(account, RegistrationError { code: None, reason: reason.to_owned() }, None, now);
    }

    /// A flow broke (RFC 5626 4.4): the registrar may no longer reach us, so the binding is renewed soon; where it is
    /// dead, that shows at once.
    pub(crate) fn registrations_lost(&mut self, transport: TransportKind, peer: SocketAddr, now: Instant) {
        let lost = Flow { transport, peer };
        for index in 0..self.accounts.len() {
            let entry = &mut self.accounts[index];
            let registered = matches!(entry.registration.state, RegistrationState::Registered { .. });
            if !registered || entry.flow() != Some(lost) || entry.registration.transaction.is_some() {
                continue;
            }
            // Spread over a second: a restarted exchange sees all its boxes at once.
            let at = now + Duration::from_millis(self.random.below(1000));
            let account = AccountId(u32::try_from(index).unwrap_or(u32::MAX));
            self.accounts[index].registration.next_attempt = Some(at);
            self.timers.set(UaTimer::Register(account), at);
        }
    }

    fn registered(&mut self, account: AccountId, response: &Response, flow: Flow, now: Instant) {
        let contact = self.contact(Some(account), None, flow);
        self.learn_outbound(account, response);
        let draw = self.random.next_u64();
        let entry = &mut self.accounts[account.0 as usize];
        let routes = response.headers.addresses(&HeaderName::SERVICE_ROUTE).unwrap_or_default();
        entry.service_route = routes.iter().take(MAX_ROUTES).map(ToString::to_string).collect();
        entry.learn_hops(&routes, &response.headers.addresses(&HeaderName::new("Path")).unwrap_or_default());
        let registration = &mut entry.registration;
        registration.failures = 0;
        registration.targets_tried = 0;
        registration.redirected = 0;
        registration.last_error = None;
        registration.not_before = None;
        if registration.removing {
            registration.bound = None;
            registration.expires = entry.config.expires;
            self.set_registration_state(account, RegistrationState::Idle);
            return;
        }
        let offered = registration.offered.take().unwrap_or_default();
        let granted = granted(response, &offered).unwrap_or(registration.expires);
        registration.bound = Some(offered.clone());
        registration.bound_at = Some(flow);
        if granted.is_zero() {
            let error =
                RegistrationError { code: Some(response.code), reason: "binding not kept".to_owned() };
            self.back_off(account, error, None, now);
            return;
        }
        // A contact with the address we were seen at replaces ours, at once and only once (the next answer agrees).
        let moved = contact != offered && !registration.rebound;
        registration.rebound = moved;
        let next = if moved { now } else { now + refresh_after(granted, draw) };
        registration.next_attempt = Some(next);
        self.timers.set(UaTimer::Register(account), next);
        if !moved && std::mem::take(&mut entry.moved) {
            self.events.push_back(Event::AddressChanged { account });
        }
        self.set_registration_state(account, RegistrationState::Registered { expires_at: now + granted });
    }

    fn registration_failed(&mut self, account: AccountId, response: &Response, now: Instant) {
        let error = RegistrationError { code: Some(response.code), reason: response.reason.clone() };
        let wait = response.headers.retry_after_wait();
        self.back_off(account, error, wait, now);
    }

    fn back_off(
        &mut self,
        account: AccountId,
        error: RegistrationError,
        wait: Option<Duration>,
        now: Instant,
    ) {
        let draw = self.random.next_u64();
        let entry = &mut self.accounts[account.0 as usize];
        let registration = &mut entry.registration;
        registration.targets_tried = 0;
        registration.failures = registration.failures.saturating_add(1);
        if registration.removing {
            registration.bound = None;
            registration.last_error = Some(error);
            self.set_registration_state(account, RegistrationState::Idle);
            return;
        }
        let policy = entry.config.retry;
        let base = match error.code {
            // A wrong password or an unknown user does not get better in 30 s, and exchanges lock out who insists.
            Some(401 | 403 | 404 | 407) => policy.max,
            _ => policy.min.saturating_mul(1 << (registration.failures - 1).min(16)).min(policy.max),
        };
        let span =
            u64::try_from(base.as_millis()).unwrap_or(u64::MAX) / 100 * u64::from(policy.jitter_percent);
        let jitter = Duration::from_millis(if span == 0 { 0 } else { draw % span });
        // 端末設備等規則 32条の4: the waiting time the network asks for is kept. A day is the longest we believe.
        let delay = (base + jitter).max(wait.unwrap_or_default().min(LONGEST_EXPIRES));
        registration.last_error = Some(error);
        registration.next_attempt = Some(now + delay);
        registration.not_before = wait.map(|wait| now + wait.min(LONGEST_EXPIRES));
        self.timers.set(UaTimer::Register(account), now + delay);
        self.set_registration_state(account, RegistrationState::Failed);
    }

    pub(crate) fn drop_registration_transaction(&mut self, account: AccountId) {
        self.timers.stop(UaTimer::RegisterUnanswered(account));
        if let Some(id) = self.accounts[account.0 as usize].registration.transaction.take() {
            self.layer.abandon(id);
            self.uses.remove(&id);
        }
    }

    fn set_registration_state(&mut self, account: AccountId, state: RegistrationState) {
        let entry = &mut self.accounts[account.0 as usize];
        entry.registration.state = state;
        self.keepalives.stale = true;
        let status = entry.status();
        if self.accounts[account.0 as usize].registration.told.as_ref() != Some(&status) {
            self.accounts[account.0 as usize].registration.told = Some(status.clone());
            self.events.push_back(Event::Registration { account, status });
        }
    }
}

/// Refresh at the lifetime less a tenth, at least 5 s before the end, and earlier by up to another tenth, so that
/// accounts and boxes that registered together do not refresh together; a very short one at its half.
fn refresh_after(granted: Duration, draw: u64) -> Duration {
    let margin = (granted / 10).max(Duration::from_secs(5));
    let spread = u64::try_from((granted / 10).as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    let early = Duration::from_millis(draw % spread);
    if granted > margin * 2 + early { granted - margin - early } else { granted / 2 }
}

fn register_request(entry: &mut Account, contact: &str) -> Option<Request> {
    let registrar = entry.config.registrar.as_ref()?;
    let mut uri = registrar.clone();
    // The Request-URI names the domain, without a user (10.2).
    if let Some(uri) = uri.as_sip_mut() {
        uri.user = None;
        uri.password = None;
    }
    let flows_kept = entry.outbound;
    let registration = &mut entry.registration;
    registration.cseq += 1;
    let seconds = registration.expires.as_secs();
    let mut headers = Headers::new();
    headers.push(HeaderName::MAX_FORWARDS, "70");
    let address =
        NameAddr { display: entry.config.display_name.clone(), ..NameAddr::new(entry.config.aor.clone()) };
    headers.push(HeaderName::FROM, address.with_tag(&registration.tag).to_string());
    headers.push(HeaderName::TO, NameAddr::new(entry.config.aor.clone()).to_string());
    headers.push(HeaderName::CALL_ID, registration.call_id.clone());
    headers.push(HeaderName::CSEQ, CSeq::new(registration.cseq, Method::Register).to_string());
    if let Some(proxy) = &entry.config.outbound_proxy {
        headers.push(HeaderName::ROUTE, loose_route(proxy));
    }
    if registration.removing {
        let bound = registration.bound.clone().unwrap_or_else(|| contact.to_owned());
        headers.push(HeaderName::CONTACT, format!("{bound};expires=0"));
    } else {
        let instance = match (&entry.config.instance, registration.may_outbound) {
            (Some(uuid), true) => format!(";+sip.instance=\"<urn:uuid:{uuid}>\";reg-id=1"),
            (Some(uuid), false) => format!(";+sip.instance=\"<urn:uuid:{uuid}>\""),
            (None, _) => String::new(),
        };
        headers.push(HeaderName::CONTACT, format!("{contact};expires={seconds}{instance}"));
        // A registrar that knows flows replaces the binding of this one by itself (RFC 5626 6).
        let old = registration.bound.as_ref().filter(|_| !flows_kept);
        if let Some(old) = old.filter(|old| *old != contact) {
            headers.push(HeaderName::CONTACT, format!("{old};expires=0"));
        }
        registration.offered = Some(contact.to_owned());
    }
    let seconds = if registration.removing { 0 } else { seconds };
    headers.push(HeaderName::EXPIRES, seconds.to_string());
    headers.push(HeaderName::ALLOW, ALLOW);
    let outbound = entry.config.instance.is_some() && entry.registration.may_outbound;
    // Path is the registrar's and the edge's business; it is used only where the user agent says so (RFC 3327 5.1).
    let extensions = if outbound { "path, outbound" } else { "path" };
    headers.push(HeaderName::SUPPORTED, format!("{SUPPORTED}, {extensions}"));
    Some(Request { method: Method::Register, uri, headers, body: Vec::new() })
}

/// A Route value for a proxy that the configuration names: always a loose router.
pub(crate) fn loose_route(proxy: &Uri) -> String {
    let mut proxy = proxy.clone();
    if let Some(uri) = proxy.as_sip_mut() {
        uri.params.set("lr", None);
    }
    format!("<{proxy}>")
}

/// The lifetime the registrar gave to our contact (10.2.4): its `expires` parameter, else the Expires header.
fn granted(response: &Response, offered: &str) -> Option<Duration> {
    let ours = NameAddr::parse(offered)?.uri;
    let contacts = response.headers.contacts().unwrap_or_default();
    let mut listed = contacts.iter().filter_map(Contact::address);
    let found = listed.find(|contact| {
        let same_place = contact.uri.host() == ours.host() && contact.uri.port() == ours.port();
        contact.uri.equivalent(&ours) || (same_place && contact.uri.user() == ours.user())
    });
    let seconds = match found {
        Some(contact) => contact.expires().or_else(|| response.headers.expires()),
        None => response.headers.expires(),
    };
    seconds.map(|seconds| Duration::from_secs(u64::from(seconds)))
}

/// Redirections followed for one registration.
const MAX_REDIRECTS: u8 = 2;
/// Hops of a Service-Route that are kept.
const MAX_ROUTES: usize = 8;
const LONGEST_EXPIRES: Duration = Duration::from_secs(86_400);
