//! SIP accounts.

use std::time::Duration;

use ipnet::IpNet;

use super::{Codec, Dtmf, Srtp, SrtpKeying, Tls};
use crate::identity::{ClirRule, DialRule, Identity};
use crate::secret::{PasswordSource, Secret};

/// `[[account]]`: one SIP account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name used by seats and in output.
    pub name: String,
    /// What stands behind it.
    pub kind: AccountKind,
    /// Address of record, `sip:user@host`.
    pub aor: String,
    /// Where to REGISTER, `sip:host`; `None` for a trunk that knows us by address.
    pub registrar: Option<String>,
    /// Outbound proxy that gets every request, `sip:host[:port]`.
    pub proxy: Option<String>,
    /// Digest user name.
    pub username: String,
    /// Digest password; `None` only where nothing registers.
    pub password: Option<Secret>,
    /// Where the password came from.
    pub password_source: Option<PasswordSource>,
    /// Transport to the registrar or proxy.
    pub transport: Transport,
    /// How TLS connections are secured; only looked at where `transport` is TLS, or may become it.
    pub tls: Tls,
    /// How the way to the exchange is kept open.
    pub keepalive: Keepalive,
    /// Longest time between two keep-alives; `None`: as the exchange asks, else the usual of RFC 5626.
    pub keepalive_interval: Option<Duration>,
    /// Registration lifetime asked for.
    pub expires: Duration,
    /// Whether a registration names this box and its flow (RFC 5626).
    pub outbound: bool,
    /// Between OPTIONS to the exchange; `None` = only lost servers are asked whether they are back.
    pub options_interval: Option<Duration>,
    /// Session interval asked for (RFC 4028); zero asks for none.
    pub session_expires: Duration,
    /// Shortest session interval accepted (RFC 4028).
    pub session_min: Duration,
    /// First wait after a failed registration; doubles up to `retry_max` unless the network says otherwise.
    pub retry_min: Duration,
    /// Longest wait between registrations (端末設備等規則 32条の4).
    pub retry_max: Duration,
    /// How numbers are written in the request URI.
    pub number_format: NumberFormat,
    /// Digits before every number (a PBX's outside line), part of what the emergency check sees.
    pub prefix: String,
    /// What differs for some numbers; the first rule that fits counts.
    pub dial: Vec<DialRule>,
    /// What a 184 or 186 before a number becomes.
    pub clir: ClirRule,
    /// Which headers tell the number to present, and how.
    pub identity: Identity,
    /// Number to present, as the carrier wants it. A number of the project goes before it.
    pub caller_id: Option<String>,
    /// Display name in From.
    pub display_name: Option<String>,
    /// Most calls at once, incoming ones included (S4.13); `None` = any number.
    pub lines: Option<u32>,
    /// Codecs in order of preference, without repetition.
    pub codecs: Vec<Codec>,
    /// Addresses and networks that may send requests besides the exchange; none is everybody's, none is IPv4 in IPv6.
    pub trusted_sources: Vec<IpNet>,
    /// How digits are sent.
    pub dtmf: Dtmf,
    /// Bits per second of Opus that are sent, and asked for; `None`: 28 000 are sent, nothing is asked for.
    pub opus_bitrate: Option<u32>,
    /// Length of the voice packets that are asked for, 10 to 60 ms in steps of 10.
    pub ptime: Duration,
    /// Whether voice is encrypted (SRTP, RFC 3711).
    pub srtp: Srtp,
    /// Where its keys come from.
    pub srtp_keying: SrtpKeying,
}

impl Account {
    /// `sips` where the address of record is a SIPS URI, else `sip`.
    pub fn scheme(&self) -> &'static str {
        if self.aor.starts_with("sips:") { "sips" } else { "sip" }
    }

    /// The part of the address of record before the `@`.
    pub fn aor_user(&self) -> &str {
        let rest = self.aor.split_once(':').map_or(self.aor.as_str(), |(_, rest)| rest);
        rest.split_once('@').map_or("", |(user, _)| user)
    }

    /// Host and optional port of the address of record.
    pub fn aor_host(&self) -> &str {
        let rest = self.aor.split_once(':').map_or(self.aor.as_str(), |(_, rest)| rest);
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        host.split([';', '?']).next().unwrap_or(host)
    }
}

/// What an account leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A carrier's trunk: every law applies.
    Trunk,
    /// An extension of a PBX that reaches the public network: every law applies.
    Pbx,
    /// The practice exchange on loopback; the daemon checks its resolved target at each INVITE. It alone is free of the
    /// calling window and the repeat floor.
    Practice,
}

/// Signalling transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
    /// What the exchange's DNS says: NAPTR, then SRV (RFC 3263 4.1); UDP where it says nothing.
    Auto,
}

impl Transport {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Auto => "auto",
        }
    }

    /// Whether connections by TLS may be made.
    pub fn may_be_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Auto)
    }
}

/// How the way to the exchange is kept open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keepalive {
    /// STUN where the exchange supports it, else empty lines; nothing towards loopback.
    #[default]
    Auto,
    /// Nothing.
    Off,
    /// Empty lines.
    Crlf,
    /// STUN over UDP.
    Stun,
}

/// How a number is written for the trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// `0312345678`.
    National,
    /// `81312345678`.
    E164,
    /// `+81312345678`.
    E164Plus,
}
