//! Who may talk: the judgement on a request before it costs a transaction, and the refusal of strangers.
//!
//! A stranger is answered as a stateless server does (RFC 3261 8.2.7): one response made of the request alone, the same
//! whomever it asks for, or none. It leaves no transaction, timer or dialog, and tells neither who we are nor what we do.

use std::net::IpAddr;
use std::time::Instant;

use super::UserAgent;
use super::account::Account;
use super::call::{Call, Phase};
use super::config::Trust;
use super::event::{AccountId, Event};
use super::receive::{dialog_id, reply_flow};
use super::strangers::{News, Stranger};
use crate::dialog::{Dialog, DialogId, uri_ip, uri_transport};
use crate::message::{HeaderName, Method, NameAddr, Rejected, Request, Response, reason_phrase};
use crate::resolve::Search;
use crate::transport::{Flow, TransportKind};

impl UserAgent {
    /// Whether requests from there may talk to us by their source alone: an account's exchange, or one of its trusted
    /// sources. True of everybody with [`Trust::Anyone`]. The port does not count.
    pub fn knows(&self, source: Flow) -> bool {
        self.config.trust == Trust::Anyone || self.accounts.iter().any(|account| account.knows(source))
    }

    /// The same, and the peers of dialogs.
    pub fn expects(&self, source: Flow) -> bool {
        let ip = source.peer.ip();
        self.knows(source) || self.calls.values().any(|call| call.dialogs().any(|dialog| dialog.passes(ip)))
    }

    /// Who was refused, most requests first; at most 512 sources. [`Counters`](super::Counters) holds the sums.
    pub fn strangers(&self) -> Vec<Stranger> {
        self.strangers.list()
    }

    /// What is looked for besides [`Self::search`], only to know it: the registrar behind an outbound proxy, which may
    /// send its requests to our Contact and not by way of the proxy. The result goes to
    /// [`Self::set_registrar_addresses`].
    pub fn registrar_search(&self, account: AccountId) -> Option<Search> {
        let config = self.account(account)?;
        let behind = config.outbound_proxy.is_some() && self.config.trust == Trust::KnownSources;
        let uri = config.registrar.as_ref().unwrap_or(&config.aor);
        behind.then(|| Some(Search { uri: uri.clone(), ..self.search(account)? })).flatten()
    }

    /// Where the registrar behind an account's outbound proxy is; see [`Self::registrar_search`].
    pub fn set_registrar_addresses(&mut self, account: AccountId, addresses: Vec<Flow>) {
        if let Some(entry) = self.accounts.get_mut(account.0 as usize) {
            entry.registrar_addresses = addresses;
        }
    }

    /// Whether a request may reach transactions and dialogs: by its source, as a repetition of one that did, or as a
    /// part of a dialog whose way leads through its source.
    pub(crate) fn may_talk(&self, request: &Request, source: Flow) -> bool {
        self.knows(source)
            || self.layer.serves(request, source.peer.ip())
            || dialog_id(request).is_some_and(|id| self.leads_through(&id, source.peer.ip()))
    }

    fn leads_through(&self, id: &DialogId, source: IpAddr) -> bool {
        let call = self.dialogs.find(id).and_then(|call| self.calls.get(&call));
        call.is_some_and(|call| call.dialogs().any(|dialog| dialog.id == *id && dialog.may_come_from(source)))
    }

    /// Answers a stranger, or does not. ACK and CANCEL are ignored (8.2.7); an ACK is no wish of its own.
    pub(crate) fn turn_away(&mut self, request: &Request, source: Flow, reply: Flow, now: Instant) {
        if request.method == Method::Ack {
            self.counters.stray += 1;
            return;
        }
        let answerable = request.method != Method::Cancel;
        if self.note_stranger(source, Some(&request.method), answerable, now) {
            self.answer_stranger(request.response(403, ""), reply);
        }
    }

    /// The same for what is no proper request. Its own code is said, without what exactly we missed.
    pub(crate) fn turn_away_malformed(&mut self, rejected: Option<&Rejected>, source: Flow, now: Instant) {
        let method = rejected.and_then(|rejected| rejected.method.as_ref());
        let response = rejected.filter(|_| method != Some(&Method::Cancel)).and_then(Rejected::response);
        if self.note_stranger(source, method, response.is_some(), now)
            && let Some(mut response) = response
            && let Ok(mut via) = response.headers.via()
        {
            let reply = reply_flow(&mut via, source);
            response.headers.replace_top_via(&via);
            reason_phrase(response.code).clone_into(&mut response.reason);
            self.answer_stranger(response, reply);
        }
    }

    fn answer_stranger(&mut self, mut response: Response, reply: Flow) {
        // 8.2.7: the same tag for the same request, though nothing of it is kept.
        let names = [HeaderName::VIA, HeaderName::FROM, HeaderName::CALL_ID, HeaderName::CSEQ];
        let parts = names.iter().map(|name| response.headers.get(name).unwrap_or_default());
        let tag = self.random.digest(parts);
        response.headers.set_to_tag(&format!("{tag:016x}"));
        self.layer.send(reply, response.to_bytes());
    }

    /// Counts a stranger's request; true where it is to be answered.
    fn note_stranger(
        &mut self,
        source: Flow,
        method: Option<&Method>,
        answerable: bool,
        now: Instant,
    ) -> bool {
        let ip = source.peer.ip();
        let noted = self.strangers.note(ip, method, answerable, now);
        tracing::debug!(peer = %source.peer, method = method.map(Method::as_str), answered = noted.answer, "stranger");
        // Above its limit a connection is worth more to us than to its peer.
        if !noted.answer && source.transport.is_reliable() {
            self.keepalives.close(source);
        }
        if let Some(news) = noted.news {
            let (source, requests, scanner) = match news {
                News::Begins => (Some(ip.to_canonical()), 1, false),
                News::Scans { requests } => (Some(ip.to_canonical()), requests, true),
                News::Flood { requests } => (None, requests, true),
            };
            self.events.push_back(Event::Stranger { source, method: method.cloned(), requests, scanner });
        }
        noted.answer
    }
}

impl Account {
    /// Whether requests from there are the account's: its exchange (every server of it, and where a registrar sent us),
    /// who holds its binding and the hops that were named with it, and sources that its owner trusts.
    pub(crate) fn knows(&self, source: Flow) -> bool {
        let ip = source.peer.ip().to_canonical();
        // What is spoken by TLS is not believed of a datagram, whose source anybody can write.
        let is = |flow: &Flow| {
            flow.peer.ip().to_canonical() == ip
                && (flow.transport != TransportKind::Tls || source.transport == TransportKind::Tls)
        };
        let bound = self.registration.bound.is_some();
        let registrar = self.registration.bound_at.iter().chain(&self.registrar_hops).filter(|_| bound);
        self.trunk.flows().iter().chain(registrar).chain(&self.registrar_addresses).any(is)
            || self.config.trusted_sources.iter().any(|network| network.contains(&ip))
    }

    /// Hops of Service-Route and Path that are addresses: calls may come by way of them.
    pub(crate) fn learn_hops(&mut self, routes: &[NameAddr], paths: &[NameAddr]) {
        let usual = self.config.transport();
        let flow = |hop: &NameAddr| {
            let transport = uri_transport(&hop.uri).unwrap_or(usual);
            let port = hop.uri.port().unwrap_or(transport.default_port());
            Some(Flow { transport, peer: (uri_ip(&hop.uri)?, port).into() })
        };
        let hops = routes.iter().take(MAX_HOPS).chain(paths.iter().take(MAX_HOPS));
        self.registrar_hops = hops.filter_map(flow).collect();
    }
}

impl Call {
    fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        let (early, one) = match &self.phase {
            Phase::Outgoing(outgoing) => (Some(outgoing.early.values()), None),
            Phase::Incoming(incoming) => (None, Some(&incoming.dialog)),
            Phase::Established(established) => (None, Some(&established.dialog)),
        };
        early.into_iter().flatten().map(|early| &early.dialog).chain(one)
    }
}

/// Hops of one list that are looked at.
const MAX_HOPS: usize = 8;
