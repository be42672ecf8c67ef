//! Names of exchanges, looked up beside the call path.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::message::Host;
use crate::ua::{AccountId, UserAgent};

#[derive(Debug)]
pub(super) struct Names {
    wanted: Vec<Lookup>,
    // Bounded by one look-up in flight per account.
    sender: mpsc::Sender<Found>,
    receiver: mpsc::Receiver<Found>,
    arrived: Option<Found>,
}

#[derive(Debug)]
struct Lookup {
    account: AccountId,
    name: String,
    port: u16,
    busy: bool,
    next: Instant,
}

#[derive(Debug)]
struct Found {
    account: AccountId,
    addrs: Vec<SocketAddr>,
}

impl Names {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(64);
        Self { wanted: Vec::new(), sender, receiver, arrived: None }
    }

    pub(super) fn want(&mut self, ua: &mut UserAgent, account: AccountId, now: Instant) {
        let Some(config) = ua.account(account) else { return };
        let Some(hop) = config.next_hop().as_sip() else { return };
        let port = hop.port.unwrap_or(config.transport().default_port());
        match &hop.host {
            Host::Name(name) => {
                let name = name.clone();
                self.wanted.retain(|lookup| lookup.account != account);
                self.wanted.push(Lookup { account, name, port, busy: false, next: now });
                self.refresh(now);
            }
            literal => {
                if let Some(ip) = literal.ip() {
                    ua.set_targets(account, vec![SocketAddr::new(ip, port)]);
                }
            }
        }
    }

    pub(super) fn next_refresh(&self) -> Option<Instant> {
        self.wanted.iter().filter(|lookup| !lookup.busy).map(|lookup| lookup.next).min()
    }

    /// Starts the look-ups that are due. The system's resolver blocks, hence tokio's blocking threads; one per
    /// account at most, however long it hangs.
    #[expect(clippy::disallowed_methods, reason = "one short-lived task per look-up")]
    pub(super) fn refresh(&mut self, now: Instant) {
        for lookup in &mut self.wanted {
            if lookup.busy || lookup.next > now {
                continue;
            }
            lookup.busy = true;
            let (sender, account) = (self.sender.clone(), lookup.account);
            let (name, port) = (lookup.name.clone(), lookup.port);
            tokio::spawn(async move {
                let addrs = match tokio::net::lookup_host((name.as_str(), port)).await {
                    Ok(addrs) => addrs.take(MAX_ADDRESSES).collect(),
                    Err(error) => {
                        tracing::debug!(%name, %error, "name not found");
                        Vec::new()
                    }
                };
                // The driver is gone when nobody takes it.
                let _ = sender.send(Found { account, addrs }).await;
            });
        }
    }

    /// Returns when a look-up came back. Cancel-safe: the result waits for [`Self::settle`].
    pub(super) async fn answered(&mut self) {
        if self.arrived.is_none() {
            self.arrived = self.receiver.recv().await;
        }
        if self.arrived.is_none() {
            std::future::pending().await
        }
    }

    pub(super) fn settle(&mut self, ua: &mut UserAgent, now: Instant) {
        let Some(found) = self.arrived.take() else { return };
        if let Some(lookup) = self.wanted.iter_mut().find(|lookup| lookup.account == found.account) {
            lookup.busy = false;
            lookup.next = now + if found.addrs.is_empty() { RETRY } else { REFRESH };
            ua.set_targets(found.account, found.addrs);
        }
    }
}

/// `lookup_host` tells no lifetime, so a middle one is assumed.
const REFRESH: Duration = Duration::from_secs(300);
const RETRY: Duration = Duration::from_secs(15);
const MAX_ADDRESSES: usize = 8;
