//! One question to the DNS, by the system's settings or given servers.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, Resolver, TokioResolver};

use crate::resolve::{Answer, Naptr, Question, RecordKind, Srv};

/// An answer and its lifetime; `None` where nobody answered.
pub(super) type Told = Option<(Answer, Duration)>;

/// Asks once. The settings are read each time: they change with the network, and questions are rare.
pub(super) async fn ask(question: &Question, servers: &[SocketAddr]) -> Told {
    let none = Some((Answer::none(question.kind), NO_LIFETIME));
    // Who writes a name into the hosts file wants that address and no other.
    if matches!(question.kind, RecordKind::Naptr | RecordKind::Srv) && in_hosts_file(&question.name) {
        return none;
    }
    let Some(resolver) = resolver(question.kind, servers) else {
        return by_system(question).await;
    };
    match resolver.lookup(absolute(&question.name), record_type(question.kind)).await {
        Ok(lookup) => {
            let wanted = record_type(question.kind);
            let of_kind = || lookup.answers().iter().filter(|record| record.record_type() == wanted);
            let lifetime = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or_default();
            let data = of_kind().map(|record| &record.data);
            Some((answer(question.kind, data), Duration::from_secs(u64::from(lifetime))))
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
            if matches!(nothing.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            // What the system knows besides the DNS: mDNS, the names of the local network.
            if servers.is_empty() && is_local(&question.name) {
                return by_system(question).await;
            }
            let lifetime =
                nothing.negative_ttl.map_or(NO_LIFETIME, |ttl| Duration::from_secs(u64::from(ttl)));
            Some((Answer::none(question.kind), lifetime))
        }
        Err(error) => {
            tracing::debug!(name = question.name, kind = ?question.kind, %error, "the DNS does not answer");
            None
        }
    }
}

fn resolver(kind: RecordKind, servers: &[SocketAddr]) -> Option<TokioResolver> {
    let mut builder = if servers.is_empty() {
        match TokioResolver::builder_tokio() {
            Ok(builder) => builder,
            Err(error) => {
                tracing::debug!(%error, "no DNS is configured; the system is asked for addresses");
                return None;
            }
        }
    } else {
        let servers = servers.iter().map(name_server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        Resolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    // Lifetimes are kept by the core; a second cache would only make them longer.
    options.cache_size = 0;
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    options.use_hosts_file = match kind {
        RecordKind::A | RecordKind::Aaaa => ResolveHosts::Always,
        RecordKind::Naptr | RecordKind::Srv => ResolveHosts::Never,
    };
    builder.build().inspect_err(|error| tracing::debug!(%error, "no resolver")).ok()
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

/// The system's own resolver blocks, hence tokio's blocking threads. It knows addresses only.
async fn by_system(question: &Question) -> Told {
    let four = match question.kind {
        RecordKind::A => true,
        RecordKind::Aaaa => false,
        RecordKind::Naptr | RecordKind::Srv => return Some((Answer::none(question.kind), NO_LIFETIME)),
    };
    match tokio::net::lookup_host((question.name.as_str(), 0)).await {
        Ok(found) => {
            let addresses = found.map(|address| address.ip()).filter(|ip| ip.is_ipv4() == four);
            Some((Answer::Addresses(addresses.take(MAX_RECORDS).collect()), SYSTEM_LIFETIME))
        }
        Err(error) => {
            tracing::debug!(name = question.name, %error, "the system does not know the name");
            None
        }
    }
}

fn answer<'a>(kind: RecordKind, records: impl Iterator<Item = &'a RData>) -> Answer {
    let records = records.take(MAX_RECORDS);
    match kind {
        RecordKind::Naptr => Answer::Naptr(
            records
                .filter_map(|record| match record {
                    RData::NAPTR(naptr) => Some(Naptr {
                        order: naptr.order,
                        preference: naptr.preference,
                        flags: String::from_utf8_lossy(&naptr.flags).into_owned(),
                        services: String::from_utf8_lossy(&naptr.services).into_owned(),
                        replacement: naptr.replacement.to_ascii(),
                    }),
                    _ => None,
                })
                .collect(),
        ),
        RecordKind::Srv => Answer::Srv(
            records
                .filter_map(|record| match record {
                    RData::SRV(srv) => Some(Srv {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_ascii(),
                    }),
                    _ => None,
                })
                .collect(),
        ),
        RecordKind::A | RecordKind::Aaaa => Answer::Addresses(records.filter_map(RData::ip_addr).collect()),
    }
}

fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::Naptr => RecordType::NAPTR,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
    }
}

/// With a dot at its end, so that no search list applies; a bare host name is what search lists are for.
fn absolute(name: &str) -> String {
    if name.split('.').filter(|label| !label.starts_with('_')).count() > 1 {
        format!("{name}.")
    } else {
        name.to_owned()
    }
}

fn is_local(name: &str) -> bool {
    !name.contains('.') || name.ends_with(".local")
}

/// Whether the domain of a service or name stands in the hosts file.
fn in_hosts_file(name: &str) -> bool {
    let mut labels = name.split('.').skip_while(|label| label.starts_with('_'));
    let Some(first) = labels.next() else { return false };
    let domain = labels.fold(first.to_owned(), |domain, label| domain + "." + label);
    let (Ok(hosts), Ok(domain)) = (Hosts::from_system(), Name::from_ascii(domain)) else { return false };
    [RecordType::A, RecordType::AAAA]
        .into_iter()
        .any(|kind| hosts.lookup_static_host(&Query::query(domain.clone(), kind)).is_some())
}

/// Where the DNS gives no lifetime for "no such record".
const NO_LIFETIME: Duration = Duration::from_secs(60);
/// `getaddrinfo` tells no lifetime.
const SYSTEM_LIFETIME: Duration = Duration::from_secs(300);
const TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;
const MAX_RECORDS: usize = 32;
