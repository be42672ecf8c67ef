use serde::{Deserialize, Serialize};

use super::manage::QuotaResult;
use super::seat::SeatStatus;

/// `status.get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusResult {
    /// The daemon's version.
    pub version: String,
    /// The protocol's version, [`crate::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// Name of the box.
    #[serde(rename = "box")]
    pub box_id: String,
    /// Process id.
    pub pid: u32,
    /// When the daemon started.
    pub started_at: i64,
    /// The daemon's clock.
    pub now: i64,
    /// How long it has run, whatever was done to the clock; `null` where a daemon does not tell it.
    #[serde(default)]
    pub up_ms: Option<u64>,
    /// The last event's `seq`; subscribe with it as `since` to miss nothing after this snapshot.
    pub seq: u64,
    /// Accounts, in the configuration's order.
    pub accounts: Vec<AccountStatus>,
    /// Seats, in the configuration's order.
    pub seats: Vec<SeatStatus>,
    /// The database.
    pub store: StoreStatus,
    /// Results on their way out.
    pub outbox: OutboxStatus,
    /// Recordings: what is kept, of how much, and how long that lasts; `null` until they were first looked at.
    #[serde(default)]
    pub recordings: Option<QuotaResult>,
    /// Attempts that a crash interrupted and nobody has judged yet.
    pub interrupted: u32,
    /// Other attempts that ended without a result and that no seat shows: the daemon ended during wrap-up.
    #[serde(default)]
    pub open: u32,
    /// Whose requests were refused.
    #[serde(default)]
    pub strangers: StrangersStatus,
    /// Warnings of the configuration, in the language that it names.
    pub warnings: Vec<String>,
    /// The same in Japanese. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings_ja: Vec<String>,
    /// The same in English. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings_en: Vec<String>,
    /// The calling window's hours; `null` where a daemon does not tell them.
    #[serde(default)]
    pub hours: Option<CallingHours>,
}

/// When calls leave, by the days and minutes of Japan (`dialing.window`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingHours {
    /// The first minute, from 0 at midnight.
    pub from: u16,
    /// The first minute behind it.
    pub to: u16,
    /// On which days of the week, Monday first; a daemon that does not tell them may call on any.
    #[serde(default = "every_day")]
    pub days: [bool; 7],
    /// Closed days, from the first to the last of each, counted from 1970-01-01.
    #[serde(default)]
    pub closed: Vec<(i32, i32)>,
}

fn every_day() -> [bool; 7] {
    [true; 7]
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    /// Name.
    pub name: String,
    /// `trunk`, `pbx` or `practice`.
    pub kind: String,
    /// Address of record.
    pub aor: String,
    /// Its registration.
    pub state: RegistrationState,
    /// SIP code of the last failure.
    pub code: Option<u16>,
    /// Why it is not registered, in words.
    pub why: Option<String>,
    /// When it is tried next.
    pub next_attempt_at: Option<i64>,
    /// When the registration ends unless it is refreshed.
    pub expires_at: Option<i64>,
    /// `udp`, `tcp` or `tls`; `auto` while the DNS has not said which.
    #[serde(default)]
    pub transport: String,
    /// Whether the exchange answers, and where.
    #[serde(default)]
    pub trunk: TrunkStatus,
    /// The TLS connection, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsStatus>,
}

/// Where an account's requests go, and whether anybody answers there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkStatus {
    /// Whether the exchange answers.
    pub state: TrunkState,
    /// Since when; null while unknown.
    pub since: Option<i64>,
    /// The server in use, `address:port`; null while none is known.
    pub target: Option<String>,
    /// `udp`, `tcp` or `tls`, as used with that server.
    pub transport: Option<String>,
    /// False while a better server of the exchange is down.
    pub preferred: bool,
}

/// Whether an exchange answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Nothing was asked yet.
    #[default]
    Unknown,
    /// The server in use answered last.
    Reachable,
    /// No server of it answers.
    Unreachable,
}

/// A TLS connection with an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsStatus {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// What was verified of the exchange's certificate: `full`, `authority` or `nothing`.
    pub verified: String,
    /// The certificate's common name.
    pub certificate: Option<String>,
    /// The common name of its issuer.
    pub issuer: Option<String>,
    /// When the certificate ends.
    pub certificate_expires_at: Option<i64>,
}

/// State of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// Not asked for yet.
    Idle,
    /// A trunk that knows us by address: nothing to register.
    Unneeded,
    /// Looking the name up.
    Resolving,
    /// REGISTER is under way.
    Registering,
    /// Registered.
    Registered,
    /// Refused or out of reach; see `why` and `next_attempt_at`.
    Failed,
    /// Leaving.
    Unregistering,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Whether results and recordings can be kept.
    pub ok: bool,
    /// `E-DISK-FULL`, `E-STORE`, … while they cannot.
    pub trouble: Option<String>,
    /// What exactly.
    pub detail: Option<String>,
    /// The same in Japanese. Absent where the code's own text says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ja: Option<String>,
    /// The folder of recordings that takes nothing, while results are kept: incoming calls ring. Absent where it is not that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Results that wait in memory to be written.
    pub pending: u32,
    /// When it was begun empty though recordings were there, until that is accepted or a copy restored; UTC milliseconds.
    #[serde(default)]
    pub begun_empty_at: Option<i64>,
}

/// Results on their way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxStatus {
    /// Sealed results not delivered yet.
    pub backlog: u64,
    /// Results the receiver refused for good.
    pub dead: u64,
    /// Why the last delivery failed.
    pub why: Option<String>,
}

/// Requests from sources that are no account's exchange and in no account's `trusted_sources`, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangersStatus {
    /// Requests that were answered with a refusal.
    pub refused: u64,
    /// Requests that were not answered.
    pub dropped: u64,
    /// At most five sources: those with the most requests, and the last one.
    pub sources: Vec<StrangerInfo>,
}

/// A source that may not talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangerInfo {
    /// The address of its last request; all of an IPv6 /64 are one source.
    pub address: String,
    /// Its requests, answered or not.
    pub requests: u64,
    /// The method of the last one, where it was one.
    pub method: Option<String>,
    /// True once 30 came within a minute.
    pub scanner: bool,
    /// When the first one came.
    pub first_at: i64,
    /// When the last one came.
    pub last_at: i64,
}
