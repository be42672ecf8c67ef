//! Accounts: adding them, where their exchange is, what we learn of our own address.

use std::net::SocketAddr;

use super::UserAgent;
use super::account::Account;
use super::config::AccountConfig;
use super::event::{AccountId, RegistrationState, RegistrationStatus};
use crate::message::{Request, Response};
use crate::resolve::Search;
use crate::transport::{Flow, TransportKind};

impl UserAgent {
    /// Adds an account. Nothing is sent until [`Self::register`].
    pub fn add_account(&mut self, config: AccountConfig) -> AccountId {
        let id = AccountId(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX));
        let (call_id, tag) = (self.random.call_id(), self.random.tag());
        self.accounts.push(Account::new(config, call_id, tag));
        id
    }

    /// What an account was told.
    pub fn account(&self, account: AccountId) -> Option<&AccountConfig> {
        self.accounts.get(account.0 as usize).map(|account| &account.config)
    }

    /// All accounts, in the order of their adding.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, &AccountConfig)> {
        (0u32..).map(AccountId).zip(self.accounts.iter().map(|account| &account.config))
    }

    /// What is looked for to find the account's exchange; the result goes to [`Self::set_targets`].
    pub fn search(&self, account: AccountId) -> Option<Search> {
        let config = self.account(account)?;
        // Our Contact names one address: a family that we do not listen on could not be answered.
        let bound = [self.local_udp, self.local_tcp, self.local_tls];
        let family = |four: bool| bound.iter().flatten().any(|local| local.is_ipv4() == four);
        let any = bound.iter().all(Option::is_none);
        Some(Search {
            uri: config.next_hop().clone(),
            transports: config.transports(),
            ipv4: any || family(true),
            ipv6: any || family(false),
        })
    }

    /// A seed for the order of equal targets: another one in each process.
    pub fn order_seed(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// Where the registration of an account stands.
    pub fn registration(&self, account: AccountId) -> RegistrationStatus {
        let unknown =
            RegistrationStatus { state: RegistrationState::Idle, last_error: None, next_attempt: None };
        self.accounts.get(account.0 as usize).map_or(unknown, Account::status)
    }

    fn listens(&self, transport: TransportKind) -> bool {
        match transport {
            TransportKind::Udp => self.local_udp.is_some(),
            TransportKind::Tcp => self.local_tcp.is_some(),
            TransportKind::Tls => self.local_tls.is_some(),
        }
    }

    /// Keeps the address that the exchange saw us at (RFC 3581 4). True when it is a new one.
    pub(crate) fn learn_address(&mut self, account: AccountId, response: &Response, flow: Flow) -> bool {
        let Ok(via) = response.headers.via() else {
            return false;
        };
        let Some(ip) = via.received() else {
            return false;
        };
        let local = self.local_addr(flow);
        // Without a translation in between our own address is right; over TCP the port of the connection that we
        // opened says nothing about the port we listen at.
        let port = if flow.transport.is_reliable() && ip == local.ip() && self.listens(flow.transport) {
            local.port()
        } else {
            via.rport().unwrap_or(local.port())
        };
        let seen = SocketAddr::new(ip, port);
        let Some(entry) = self.accounts.get_mut(account.0 as usize) else {
            return false;
        };
        let learned = (seen != local).then_some(seen);
        let changed = entry.learned != learned;
        entry.learned = learned;
        changed
    }

    /// The account a request is meant for: by the user of the Request-URI, else by the AOR in To; one whose
    /// exchange or trusted source sent it goes first.
    pub(crate) fn account_for(&self, request: &Request, source: Flow) -> Option<AccountId> {
        let user = request.uri.user();
        let to = request.headers.to().ok();
        let matches = |account: &Account| {
            (user.is_some() && user == account.config.contact_user())
                || to.as_ref().is_some_and(|to| {
                    to.uri.user().is_some()
                        && to.uri.user() == account.config.aor.user()
                        && to.uri.host() == account.config.aor.host()
                })
        };
        let from_exchange = |account: &Account| account.knows(source);
        let all = || (0u32..).map(AccountId).zip(&self.accounts);
        all()
            .find(|(_, account)| matches(account) && from_exchange(account))
            .or_else(|| all().find(|(_, account)| matches(account)))
            .or_else(|| all().find(|(_, account)| from_exchange(account)))
            .map(|(id, _)| id)
    }
}
