//! What a user agent and its accounts are told at start.

use std::time::Duration;

pub use ipnet::IpNet;

pub use crate::auth::Secret;
use crate::dialog::uri_transport;
use crate::message::{Method, Uri};
use crate::trace::TraceLimits;
use crate::transaction::Timers;
use crate::transport::{KeepAlive, TransportKind};

/// Settings of a [`UserAgent`](super::UserAgent).
#[derive(Debug, Clone)]
pub struct UaConfig {
    /// The User-Agent and Server headers.
    pub user_agent: String,
    /// Seeds tags, branches, Call-IDs and jitter. Must be unpredictable in production: tags and nonces follow.
    pub seed: u64,
    /// Whose requests are listened to.
    pub trust: Trust,
    /// Methods of out-of-dialog requests that are handed out as [`Event::Request`](super::Event::Request).
    pub accept: Vec<Method>,
    /// T1, T2 and T4.
    pub timers: Timers,
    /// Calls that may exist at once, default 1024; a further INVITE is answered 486.
    pub max_calls: usize,
    /// Transactions that may exist at once, default 16384; a further request is answered 503.
    pub max_transactions: usize,
    /// Which 3xx contacts are followed.
    pub redirects: RedirectPolicy,
    /// Whether our provisional answers are reliable (RFC 3262).
    pub reliable: ReliablePolicy,
    /// What becomes of a REFER inside a call.
    pub refers: ReferPolicy,
    /// Which fork of a call is heard before the answer.
    pub early_media: EarlyMediaPolicy,
    /// Session timers of calls that belong to no account.
    pub session: SessionPolicy,
    /// An answered call is hung up after this time. Default `None`: never.
    pub max_call_length: Option<Duration>,
    /// How much of what goes over the wire is kept for [`UserAgent::trace`](super::UserAgent::trace). Default `None`:
    /// nothing.
    pub trace: Option<TraceLimits>,
}

impl Default for UaConfig {
    fn default() -> Self {
        Self {
            user_agent: concat!("Kakeru/", env!("CARGO_PKG_VERSION")).to_owned(),
            seed: 0,
            trust: Trust::Anyone,
            accept: Vec::new(),
            timers: Timers::default(),
            max_calls: 1024,
            max_transactions: 16_384,
            redirects: RedirectPolicy::SameUser,
            reliable: ReliablePolicy::WhenRequired,
            refers: ReferPolicy::Refuse,
            early_media: EarlyMediaPolicy::Latest,
            session: SessionPolicy::default(),
            max_call_length: None,
            trace: None,
        }
    }
}

/// Whose requests reach transactions and dialogs. Responses are told apart by the branch that we chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Everybody's: a registrar, a user agent without accounts.
    Anyone,
    /// Those of the accounts' exchanges (every address that their names lead to, any port; where TLS is spoken, TLS
    /// only), of [`AccountConfig::trusted_sources`], and of those that a dialog's way leads through. Anybody else gets a
    /// bare 403, a few times and then nothing, and is told by [`Event::Stranger`](super::Event::Stranger). Before an
    /// exchange's name is resolved nobody is known.
    KnownSources,
}

/// Which contacts of a 3xx answer are tried (RFC 3261 8.1.3.4), at most five per call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectPolicy {
    /// None: a 3xx ends the call.
    Never,
    /// Only contacts with the dialed user part. A redirection to another number would evade the checks that
    /// the caller made on the number before dialing.
    SameUser,
    /// Every `sip:` contact.
    Any,
}

/// When the provisional answers to an INVITE are sent reliably: repeated until a PRACK acknowledges them (RFC 3262 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReliablePolicy {
    /// Never: an INVITE with `Require: 100rel` is refused with 420.
    Never,
    /// For a caller that asks for it with `Require: 100rel`.
    WhenRequired,
    /// For every caller that can do it.
    WhenSupported,
}

/// What becomes of the peer's wish that we call somebody else (REFER, RFC 3515). One outside a call is answered 405.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferPolicy {
    /// It is refused with 603 and not told: the number would evade the checks that the caller makes before dialing.
    Refuse,
    /// The owner decides, see [`Event::TransferAsked`](super::Event::TransferAsked).
    Ask,
}

/// Which of several forks is heard, where more than one sends early media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyMediaPolicy {
    /// The one that spoke last, as most telephones do: a call forwarded on no answer is heard at its new place.
    Latest,
    /// The one that spoke first, until it ends (199, RFC 6228) or the call is answered.
    First,
}

/// Session timers (RFC 4028): both ends learn that a call is dead although no BYE came. Whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// The session interval to ask for, default 1800 s. Zero: no timer is asked for, but the peer's wish is granted.
    pub expires: Duration,
    /// The shortest interval accepted, default and least 90 s. A shorter one is refused with 422.
    pub min: Duration,
    /// Who should refresh, where we may choose.
    pub refresher: WishedRefresher,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            expires: Duration::from_secs(1800),
            min: Duration::from_secs(90),
            refresher: WishedRefresher::Either,
        }
    }
}

/// Who should refresh a session (RFC 4028 7.1, 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishedRefresher {
    /// The peer chooses where we call; the caller refreshes where we are called.
    Either,
    /// We do, unless the peer insists.
    Us,
    /// The peer does, where it can.
    Peer,
}

/// One account: an identity at an exchange, with or without registration.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The name in logs and events.
    pub name: String,
    /// Address of record: the From of requests and the To of REGISTER.
    pub aor: Uri,
    /// Where to register; `None` for a trunk that knows us by address.
    pub registrar: Option<Uri>,
    /// Digest user name.
    pub auth_user: String,
    /// Digest password.
    pub password: Secret,
    /// Display name of the From header.
    pub display_name: Option<String>,
    /// Wished lifetime of a registration.
    pub expires: Duration,
    /// Transport towards the exchange.
    pub transport: TransportKind,
    /// Every request of this account goes there first (as a loose route).
    pub outbound_proxy: Option<Uri>,
    /// Waiting times between failed registrations.
    pub retry: RetryPolicy,
    /// How the way to the exchange is kept open while registered.
    pub keep_alive: KeepAlive,
    /// True: NAPTR and SRV records choose among UDP, TCP and TLS (RFC 3263 4.1), `transport` where they say nothing.
    pub choose_transport: bool,
    /// Names this box for ever, a UUID as 36 characters: `+sip.instance` of the REGISTER's Contact (RFC 5626 4.1), by
    /// which a registrar replaces the binding of our former address. `None` leaves it out.
    pub instance: Option<String>,
    /// How long a target may stay silent before the next one is tried, default 4 s.
    pub failover_after: Duration,
    /// Between OPTIONS to the target in use; `None`: only lost targets are asked whether they are back, every 30 s.
    pub options_interval: Option<Duration>,
    /// User part of our Contact; the user of `aor` when absent.
    pub contact_user: Option<String>,
    /// Session timers of its calls.
    pub session: SessionPolicy,
    /// Who may send us requests besides the account's exchange, such as servers of it that stand in no DNS.
    pub trusted_sources: Vec<IpNet>,
}

impl AccountConfig {
    /// An account with usual values: no registrar, no password, UDP, 300 s, back-off 30 s to 600 s.
    pub fn new(name: &str, aor: Uri) -> Self {
        Self {
            name: name.to_owned(),
            auth_user: aor.user().unwrap_or_default().to_owned(),
            aor,
            registrar: None,
            password: Secret::default(),
            display_name: None,
            expires: Duration::from_secs(300),
            transport: TransportKind::Udp,
            outbound_proxy: None,
            retry: RetryPolicy::default(),
            keep_alive: KeepAlive::default(),
            choose_transport: false,
            instance: None,
            failover_after: Duration::from_secs(4),
            options_interval: None,
            contact_user: None,
            session: SessionPolicy::default(),
            trusted_sources: Vec::new(),
        }
    }

    /// The URI whose host is resolved for this account: outbound proxy, else registrar, else the AOR's domain.
    pub fn next_hop(&self) -> &Uri {
        self.outbound_proxy.as_ref().or(self.registrar.as_ref()).unwrap_or(&self.aor)
    }

    /// The transport towards the exchange: TLS where the next hop is a `sips:` URI (RFC 3261 26.2.2).
    pub fn transport(&self) -> TransportKind {
        uri_transport(self.next_hop()).filter(|kind| *kind == TransportKind::Tls).unwrap_or(self.transport)
    }

    /// The transports that may be used, the preferred one first.
    pub fn transports(&self) -> Vec<TransportKind> {
        let preferred = self.transport();
        let mut all = vec![preferred];
        if self.choose_transport {
            let others = [TransportKind::Udp, TransportKind::Tcp, TransportKind::Tls];
            all.extend(others.into_iter().filter(|kind| *kind != preferred));
        } else if let Some(asked) = uri_transport(self.next_hop())
            && asked != preferred
        {
            // What the URI names wins over what the account names.
            all = vec![asked];
        }
        all
    }

    pub(crate) fn contact_user(&self) -> Option<&str> {
        self.contact_user.as_deref().or(self.aor.user())
    }
}

/// Waiting times after a failed registration: `min * 2^n` up to `max`, each shortened by a random part up to
/// `jitter_percent`, never below `min`. A `Retry-After` of the exchange that asks for longer wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// First waiting time; default 30 s.
    pub min: Duration,
    /// Largest waiting time; default 600 s.
    pub max: Duration,
    /// Share of the waiting time that is random, in percent; default 25.
    pub jitter_percent: u8,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { min: Duration::from_secs(30), max: Duration::from_secs(600), jitter_percent: 25 }
    }
}
