//! One account: what it was told, what it learned, where its registration stands.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::auth::{AuthCache, AuthTries};
use super::config::AccountConfig;
use super::event::{RegistrationError, RegistrationState, RegistrationStatus};
use super::ping::Ping;
use super::trunk::Trunk;
use crate::transaction::TransactionId;
use crate::transport::Flow;

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) config: AccountConfig,
    /// RFC 3263 result, and which of it is in use.
    pub(crate) trunk: Trunk,
    /// OPTIONS under way.
    pub(crate) pings: Vec<Ping>,
    /// Our address as the exchange sees it (RFC 3581).
    pub(crate) learned: Option<SocketAddr>,
    /// Our address changed, and its owner is told once the registration is renewed.
    pub(crate) moved: bool,
    /// The route that the registrar wants requests to take (RFC 3608).
    pub(crate) service_route: Vec<String>,
    /// Hops of the registrar's Service-Route and Path that are addresses.
    pub(crate) registrar_hops: Vec<Flow>,
    /// Where the registrar behind our outbound proxy is.
    pub(crate) registrar_addresses: Vec<Flow>,
    /// Nonces for REGISTER and for everything else; registrar and proxy may be different realms.
    pub(crate) register_auth: AuthCache,
    pub(crate) call_auth: AuthCache,
    pub(crate) registration: Registration,
    /// The registrar supports RFC 5626, and how often it wants to hear from us.
    pub(crate) outbound: bool,
    pub(crate) flow_timer: Option<Duration>,
}

/// REGISTER state of one account (RFC 3261 10.2). One Call-ID and a growing CSeq for its whole life.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) state: RegistrationState,
    /// True from `register` to `unregister`.
    pub(crate) wanted: bool,
    pub(crate) transaction: Option<TransactionId>,
    /// Where the REGISTER under way went.
    pub(crate) flow: Option<Flow>,
    pub(crate) call_id: String,
    pub(crate) tag: String,
    pub(crate) cseq: u32,
    /// Lifetime to ask for; raised by a 423.
    pub(crate) expires: Duration,
    /// The contact the registrar holds, so that a changed one can replace it.
    pub(crate) bound: Option<String>,
    /// Who took it.
    pub(crate) bound_at: Option<Flow>,
    /// The contact of the REGISTER under way.
    pub(crate) offered: Option<String>,
    /// True while the REGISTER under way removes the binding.
    pub(crate) removing: bool,
    pub(crate) tries: AuthTries,
    pub(crate) interval_raised: bool,
    /// True when the contact was replaced by the address the exchange saw; not done twice in a row.
    pub(crate) rebound: bool,
    pub(crate) targets_tried: usize,
    /// Redirections followed since the last success.
    pub(crate) redirected: u8,
    /// False once the registrar refused `reg-id` (439, RFC 5626 6).
    pub(crate) may_outbound: bool,
    pub(crate) failures: u32,
    /// Until when the registrar asked us to wait (Retry-After).
    pub(crate) not_before: Option<Instant>,
    pub(crate) last_error: Option<RegistrationError>,
    pub(crate) next_attempt: Option<Instant>,
    /// What the last event said.
    pub(crate) told: Option<RegistrationStatus>,
}

impl Account {
    pub(crate) fn new(config: AccountConfig, call_id: String, tag: String) -> Self {
        let registration = Registration {
            state: RegistrationState::Idle,
            wanted: false,
            transaction: None,
            flow: None,
            call_id,
            tag,
            cseq: 0,
            expires: config.expires,
            bound: None,
            bound_at: None,
            offered: None,
            removing: false,
            tries: AuthTries::default(),
            interval_raised: false,
            rebound: false,
            targets_tried: 0,
            redirected: 0,
            may_outbound: true,
            failures: 0,
            not_before: None,
            last_error: None,
            next_attempt: None,
            told: None,
        };
        Self {
            config,
            trunk: Trunk::default(),
            pings: Vec::new(),
            learned: None,
            moved: false,
            service_route: Vec::new(),
            registrar_hops: Vec::new(),
            registrar_addresses: Vec::new(),
            register_auth: AuthCache::default(),
            call_auth: AuthCache::default(),
            registration,
            outbound: false,
            flow_timer: None,
        }
    }

    pub(crate) fn status(&self) -> RegistrationStatus {
        RegistrationStatus {
            state: self.registration.state,
            last_error: self.registration.last_error.clone(),
            next_attempt: self.registration.next_attempt,
        }
    }
}
