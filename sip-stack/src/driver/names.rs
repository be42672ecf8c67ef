//! Where the accounts' exchanges are: the searches of RFC 3263, looked up beside the call path and kept fresh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::dns::{self, Told};
use crate::resolve::{Cache, Question, Search};
use crate::transport::Flow;
use crate::ua::{AccountId, UserAgent};

#[derive(Debug)]
pub(super) struct Names {
    cache: Cache,
    wanted: Vec<Wanted>,
    servers: Arc<[SocketAddr]>,
    // Dropped with the driver: questions under way end with it.
    questions: JoinSet<(Question, Told)>,
    arrived: Vec<(Question, Told)>,
}

#[derive(Debug)]
struct Wanted {
    account: AccountId,
    /// False where it is only to be known: the registrar behind a proxy.
    called: bool,
    search: Search,
    seed: u64,
    /// What the user agent was told.
    told: Vec<Flow>,
}

impl Names {
    pub(super) fn new() -> Self {
        Self {
            cache: Cache::new(),
            wanted: Vec::new(),
            servers: Arc::new([]),
            questions: JoinSet::new(),
            arrived: Vec::new(),
        }
    }

    /// Servers to be asked instead of the system's; empty: the system's.
    pub(super) fn set_servers(&mut self, servers: &[SocketAddr]) {
        self.servers = servers.into();
    }

    /// Begins a search, or begins it anew.
    pub(super) fn want(&mut self, ua: &mut UserAgent, account: AccountId, now: Instant) {
        let Some(search) = ua.search(account) else { return };
        self.wanted.retain(|wanted| wanted.account != account);
        let seed = ua.order_seed();
        self.wanted.push(Wanted { account, called: true, search, seed, told: Vec::new() });
        if let Some(search) = ua.registrar_search(account) {
            self.wanted.push(Wanted { account, called: false, search, seed, told: Vec::new() });
        }
        self.tell(ua, now);
        self.refresh(now);
    }

    /// The network changed: every name is looked up again.
    pub(super) fn expire(&mut self, now: Instant) {
        self.cache.expire(now);
        self.refresh(now);
    }

    pub(super) fn next_refresh(&self) -> Option<Instant> {
        self.cache.poll_timeout().filter(|_| self.questions.len() < MAX_QUESTIONS)
    }

    /// Asks what is due.
    pub(super) fn refresh(&mut self, now: Instant) {
        while self.questions.len() < MAX_QUESTIONS {
            let Some(question) = self.cache.poll_question(now) else { return };
            let servers = Arc::clone(&self.servers);
            self.questions.spawn(async move {
                let told = dns::ask(&question, &servers).await;
                (question, told)
            });
        }
    }

    /// Returns when an answer came back. Cancel-safe: it waits for [`Self::settle`].
    pub(super) async fn answered(&mut self) {
        if !self.arrived.is_empty() {
            return;
        }
        while let Some(joined) = self.questions.join_next().await {
            if let Ok(told) = joined {
                self.arrived.push(told);
                return;
            }
        }
        std::future::pending().await
    }

    pub(super) fn settle(&mut self, ua: &mut UserAgent, now: Instant) {
        for (question, told) in std::mem::take(&mut self.arrived) {
            match told {
                Some((answer, lifetime)) => self.cache.answered(&question, answer, lifetime, now),
                None => self.cache.lost(&question, now),
            }
        }
        self.tell(ua, now);
        self.refresh(now);
    }

    /// Hands out what changed. A search with open questions waits; one that finds nothing changes nothing.
    fn tell(&mut self, ua: &mut UserAgent, now: Instant) {
        for wanted in &mut self.wanted {
            let plan = self.cache.plan(&wanted.search, wanted.seed, now);
            if plan.open.is_empty() && plan.targets != wanted.told && !plan.targets.is_empty() {
                tracing::debug!(account = ?wanted.account, called = wanted.called, targets = ?plan.targets, "exchange found");
                wanted.told.clone_from(&plan.targets);
                match wanted.called {
                    true => ua.set_targets(wanted.account, plan.targets, now),
                    false => ua.set_registrar_addresses(wanted.account, plan.targets),
                }
            }
        }
        self.cache.sweep();
    }
}

/// Questions under way at once.
const MAX_QUESTIONS: usize = 16;
