//! RFC 3263 4.1 and 4.2 as a function of what is known.

use std::net::SocketAddr;

use super::order::{self, Draw};
use super::{Answer, Known, Naptr, Question, RecordKind, Search, Srv, canonical};
use crate::message::{Host, SipUri};
use crate::transport::{Flow, TransportKind};

/// What a search came to, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Where to go, best first, each once. Empty: not found, or not found yet.
    pub targets: Vec<Flow>,
    /// Questions whose answers decide more. While there are some, `targets` is only a part.
    pub open: Vec<Question>,
    /// Every question that the plan rests on, the open ones included.
    pub used: Vec<Question>,
}

/// Finds the targets of a search (RFC 3263 4): pure, called again with each answer. `seed` decides among SRV records
/// of equal priority and among the addresses of a name; the same seed decides alike.
///
/// Where a question is [`Known::Lost`] the search goes on as if there were no such record: a router that drops
/// questions it does not understand must not keep a phone from its exchange.
pub fn plan<'a>(search: &Search, known: impl Fn(&Question) -> Known<'a>, seed: u64) -> Plan {
    let mut walk = Walk { search, known, draw: Draw::new(seed), plan: Plan::default() };
    if let Some(uri) = search.uri.as_sip() {
        walk.start(uri);
    }
    walk.plan
}

struct Walk<'s, F> {
    search: &'s Search,
    known: F,
    draw: Draw,
    plan: Plan,
}

/// The result of a step that needs an answer.
enum Found<T> {
    Records(T),
    Nothing,
    Open,
}

impl<'a, F: Fn(&Question) -> Known<'a>> Walk<'_, F> {
    fn start(&mut self, uri: &SipUri) {
        // "TARGET": maddr, else the host (4).
        let maddr = uri.params.get("maddr").and_then(Host::parse);
        let host = maddr.as_ref().unwrap_or(&uri.host);
        let token = uri.params.get("transport");
        let asked = token.and_then(TransportKind::from_token);
        // A transport that we do not speak leads nowhere.
        if token.is_some() && asked.is_none() {
            return;
        }
        let allowed: Vec<TransportKind> = self
            .search
            .transports
            .iter()
            .copied()
            .filter(|kind| !uri.secure || *kind == TransportKind::Tls)
            .collect();
        // 4.1: the transport parameter; TLS for sips; ours where we have but one.
        let fixed = match (uri.secure, asked) {
            (true, Some(TransportKind::Udp)) => return,
            (true, _) => Some(TransportKind::Tls),
            (false, Some(kind)) => Some(kind),
            (false, None) if allowed.len() == 1 => allowed.first().copied(),
            (false, None) => None,
        };
        if fixed.is_some_and(|kind| !allowed.contains(&kind)) {
            return;
        }
        // 4.1: a numeric host or an explicit port means UDP, where nothing else was said.
        let plain = fixed.unwrap_or(match allowed.contains(&TransportKind::Udp) {
            true => TransportKind::Udp,
            false => allowed.first().copied().unwrap_or_default(),
        });
        match (host, uri.port) {
            (Host::Name(name), Some(port)) => self.addresses(&canonical(name), plain, port),
            (Host::Name(name), None) => self.name(&canonical(name), fixed, &allowed, plain),
            (literal, port) => {
                if let Some(ip) = literal.ip() {
                    self.add(Flow {
                        transport: plain,
                        peer: SocketAddr::new(ip, port.unwrap_or(plain.default_port())),
                    });
                }
            }
        }
    }

    /// A name without a port: NAPTR where the transport is open, then SRV, then addresses.
    fn name(
        &mut self,
        name: &str,
        fixed: Option<TransportKind>,
        allowed: &[TransportKind],
        plain: TransportKind,
    ) {
        // RFC 6761 6.3: nobody is asked about localhost.
        if is_localhost(name) {
            return self.addresses(name, plain, plain.default_port());
        }
        let services = match fixed {
            Some(kind) => vec![(kind, service(kind, name))],
            None => match self.services(name, allowed) {
                Found::Records(services) => services,
                // 4.1: without NAPTR each transport's SRV is asked for, in our order.
                Found::Nothing => allowed.iter().map(|kind| (*kind, service(*kind, name))).collect(),
                Found::Open => return,
            },
        };
        let mut without_srv = true;
        let mut waiting = false;
        for (kind, service) in services {
            match self.servers(service) {
                Found::Records(servers) => {
                    without_srv = false;
                    for server in servers {
                        let target = canonical(&server.target);
                        // RFC 2782: "." says that the service is decidedly not there.
                        if !target.is_empty() {
                            self.addresses(&target, kind, server.port);
                        }
                    }
                }
                Found::Nothing => {}
                Found::Open => waiting = true,
            }
        }
        // 4.2: no SRV at all, so the name's own addresses with the default port. Asked for at once, to lose no time.
        if without_srv {
            let before = self.plan.targets.len();
            self.addresses(name, plain, plain.default_port());
            if waiting {
                self.plan.targets.truncate(before);
            }
        }
    }

    /// The SRV names of the NAPTR records that are ours, best first. The lowest order with one of ours excludes
    /// higher orders (RFC 3403 4.1).
    fn services(&mut self, name: &str, allowed: &[TransportKind]) -> Found<Vec<(TransportKind, String)>> {
        let question = Question { name: name.to_owned(), kind: RecordKind::Naptr };
        let records = match self.ask(question) {
            Known::Answer(Answer::Naptr(records)) => records,
            Known::Open => return Found::Open,
            Known::Answer(_) | Known::Lost => return Found::Nothing,
        };
        let mut ours: Vec<(&Naptr, TransportKind)> = records
            .iter()
            .filter(|record| record.flags.eq_ignore_ascii_case("s"))
            .filter_map(|record| Some((record, naptr_transport(&record.services)?)))
            .filter(|(_, kind)| allowed.contains(kind))
            .collect();
        ours.sort_by_key(|(record, _)| (record.order, record.preference));
        let order = ours.first().map(|(record, _)| record.order);
        ours.retain(|(record, _)| Some(record.order) == order);
        ours.truncate(MAX_RECORDS);
        if ours.is_empty() {
            return Found::Nothing;
        }
        Found::Records(
            ours.into_iter().map(|(record, kind)| (kind, canonical(&record.replacement))).collect(),
        )
    }

    fn servers(&mut self, service: String) -> Found<Vec<Srv>> {
        match self.ask(Question { name: service, kind: RecordKind::Srv }) {
            Known::Answer(Answer::Srv(records)) if !records.is_empty() => {
                let mut servers = order::servers(records, &mut self.draw);
                servers.truncate(MAX_RECORDS);
                Found::Records(servers)
            }
            Known::Open => Found::Open,
            Known::Answer(_) | Known::Lost => Found::Nothing,
        }
    }

    fn addresses(&mut self, name: &str, transport: TransportKind, port: u16) {
        // The target of an SRV record may be written as an address, against RFC 2782.
        if let Some(ip) = Host::parse(name).and_then(|host| host.ip()) {
            return self.add(Flow { transport, peer: SocketAddr::new(ip, port) });
        }
        if is_localhost(name) {
            let loopback = [
                self.search.ipv4.then(|| [127, 0, 0, 1].into()),
                self.search.ipv6.then(|| std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST)),
            ];
            for ip in loopback.into_iter().flatten() {
                self.add(Flow { transport, peer: SocketAddr::new(ip, port) });
            }
            return;
        }
        let (ipv4, ipv6) = (self.search.ipv4, self.search.ipv6);
        let mut ask = |kind, wanted: bool| -> &'a [std::net::IpAddr] {
            if !wanted {
                return &[];
            }
            match self.ask(Question { name: name.to_owned(), kind }) {
                Known::Answer(Answer::Addresses(found)) => found,
                Known::Answer(_) | Known::Lost | Known::Open => &[],
            }
        };
        let six = ask(RecordKind::Aaaa, ipv6);
        let four = ask(RecordKind::A, ipv4);
        for ip in order::addresses(six, four, &mut self.draw) {
            self.add(Flow { transport, peer: SocketAddr::new(ip, port) });
        }
    }

    fn ask(&mut self, question: Question) -> Known<'a> {
        // An answer that never ends must not make us ask for ever.
        if self.plan.used.len() >= MAX_QUESTIONS && !self.plan.used.contains(&question) {
            return Known::Lost;
        }
        let known = (self.known)(&question);
        if known == Known::Open && !self.plan.open.contains(&question) {
            self.plan.open.push(question.clone());
        }
        if !self.plan.used.contains(&question) {
            self.plan.used.push(question);
        }
        known
    }

    fn add(&mut self, target: Flow) {
        let reachable = match target.peer {
            SocketAddr::V4(_) => self.search.ipv4,
            SocketAddr::V6(_) => self.search.ipv6,
        };
        if reachable && self.plan.targets.len() < MAX_TARGETS && !self.plan.targets.contains(&target) {
            self.plan.targets.push(target);
        }
    }
}

/// The SRV name of a transport (RFC 3263 4.1).
fn service(transport: TransportKind, name: &str) -> String {
    let prefix = match transport {
        TransportKind::Udp => "_sip._udp",
        TransportKind::Tcp => "_sip._tcp",
        TransportKind::Tls => "_sips._tcp",
    };
    format!("{prefix}.{name}")
}

/// The services of RFC 3263 4.1.
fn naptr_transport(services: &str) -> Option<TransportKind> {
    match services.to_ascii_uppercase().as_str() {
        "SIP+D2U" => Some(TransportKind::Udp),
        "SIP+D2T" => Some(TransportKind::Tcp),
        "SIPS+D2T" => Some(TransportKind::Tls),
        _ => None,
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

const MAX_RECORDS: usize = 16;
const MAX_QUESTIONS: usize = 64;
const MAX_TARGETS: usize = 16;
