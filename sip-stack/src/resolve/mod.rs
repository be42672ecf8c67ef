//! Finding a SIP server (RFC 3263), without I/O.
//!
//! [`plan`] is a pure function: a [`Search`], what is known of the DNS and a seed give the targets, best first, and
//! the questions that are still open. [`Cache`] keeps answers fresh by their lifetime, and keeps the last good answer
//! when a newer one does not come.

mod cache;
mod order;
mod plan;

pub use self::cache::Cache;
pub use self::plan::{Plan, plan};
use std::net::IpAddr;

use crate::message::Uri;
use crate::transport::TransportKind;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The next hop: outbound proxy, registrar or domain.
    pub uri: Uri,
    /// The transports that may be used, the preferred one first. One alone is as if the URI asked for it.
    pub transports: Vec<TransportKind>,
    /// Whether IPv4 addresses can be reached.
    pub ipv4: bool,
    /// Whether IPv6 addresses can be reached.
    pub ipv6: bool,
}

/// One question to the DNS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// The name in lower case without the dot at its end.
    pub name: String,
    /// The kind of records.
    pub kind: RecordKind,
}

/// The kinds of records of RFC 3263.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// Services of a domain (RFC 3403).
    Naptr,
    /// Servers of a service (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// An answer of the DNS. An empty list: there is no such name, or no such record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a question of [`RecordKind::Naptr`].
    Naptr(Vec<Naptr>),
    /// To a question of [`RecordKind::Srv`].
    Srv(Vec<Srv>),
    /// To a question of [`RecordKind::A`] or [`RecordKind::Aaaa`].
    Addresses(Vec<IpAddr>),
}

impl Answer {
    /// No records.
    pub fn none(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Naptr => Self::Naptr(Vec::new()),
            RecordKind::Srv => Self::Srv(Vec::new()),
            RecordKind::A | RecordKind::Aaaa => Self::Addresses(Vec::new()),
        }
    }

    /// True without records.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Naptr(records) => records.is_empty(),
            Self::Srv(records) => records.is_empty(),
            Self::Addresses(addresses) => addresses.is_empty(),
        }
    }
}

/// A NAPTR record. Its regular expression is not used (RFC 3263 4.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naptr {
    /// Lower goes first, and excludes higher ones.
    pub order: u16,
    /// Lower goes first among equal `order`.
    pub preference: u16,
    /// `s`: the replacement is the name of SRV records. Other flags are not used.
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T` …
    pub services: String,
    /// The name to go on with.
    pub replacement: String,
}

/// An SRV record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Srv {
    /// Lower goes first.
    pub priority: u16,
    /// The share among equal `priority`.
    pub weight: u16,
    /// The port of the server.
    pub port: u16,
    /// The name of the server; `.` or empty: the service does not exist.
    pub target: String,
}

/// What is known of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// An answer, maybe an old one.
    Answer(&'a Answer),
    /// No server answered, and none ever did.
    Lost,
    /// Not asked yet, or the answer is on its way.
    Open,
}

/// A name as it is compared: lower case, no dot at the end.
pub(crate) fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod plan_tests;
