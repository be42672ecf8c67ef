//! The validated configuration.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::error::Warning;
use crate::identity::{ClirRule, DialRule, Identity};
use crate::people::{Contacts, People};
use crate::secret::{PasswordSource, Secret};
use crate::window::CallingWindow;

/// The longest an unanswered call may ring: 端末設備等規則 32条の3 (1), two minutes after the call-setup message.
pub const MAX_RING_TIMEOUT: Duration = Duration::from_secs(120);
/// The shortest time between two automatic calls to one number: 端末設備等規則 32条の3 (2), three minutes.
pub const MIN_REPEAT_GAP: Duration = Duration::from_secs(180);
/// The most automatic repeats of one number per day, from the same clause.
pub const MAX_REPEATS_PER_DAY: u32 = 15;

/// Everything one daemon is told at start. Built by [`crate::load`]; every value is in range.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from, when it was a file.
    pub path: Option<PathBuf>,
    /// Identity, folders, language.
    pub daemon: Daemon,
    /// Signalling sockets.
    pub sip: Sip,
    /// RTP.
    pub media: Media,
    /// SIP accounts, names unique, in the file's order.
    pub accounts: Vec<Account>,
    /// Seats, names unique, in the file's order.
    pub seats: Vec<Seat>,
    /// How lists are called.
    pub dialing: Dialing,
    /// Users and what they see.
    pub people: People,
    /// The contact book.
    pub contacts: Contacts,
    /// Call recording.
    pub recording: Recording,
    /// Where results are handed out.
    pub outbox: Outbox,
    /// Log output.
    pub log: Log,
    /// What works but should be changed; printed at start and by `kakeru config check`.
    pub warnings: Vec<Warning>,
}

impl Config {
    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The seat of this name.
    pub fn seat(&self, name: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.name == name)
    }
}

/// `[daemon]`: identity, folders, language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Name of this box in every attempt row; unique in the fleet.
    pub box_id: String,
    /// The folder of everything that must survive.
    pub state_dir: PathBuf,
    /// The database file, `state_dir/kakeru.db`.
    pub database: PathBuf,
    /// Where call recordings are kept.
    pub recordings_dir: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
    /// Language of messages and of what is written for people.
    pub locale: Locale,
}

/// Language of human output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Locale {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// `[sip]`: signalling sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// Local address for UDP and TCP; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Address to write into Contact and SDP when it differs from the local one (a static NAT).
    pub advertise: Option<IpAddr>,
    /// DNS servers asked for the accounts' exchanges; empty = the system's.
    pub dns: Vec<SocketAddr>,
    /// RFC 3261 17.1.1.1 T1, the round-trip estimate.
    pub t1: Duration,
    /// Listener for TLS, where exchanges connect to us.
    pub tls: Option<TlsListen>,
    /// When our ringing and early media are sent reliably (RFC 3262).
    pub reliable_provisionals: ReliableProvisionals,
    /// An answered call is hung up after this time; `None`: never.
    pub max_call_length: Option<Duration>,
    /// MiB of memory for the SIP messages of the latest calls, 0 to 256; 0 keeps none.
    pub trace_mib: u32,
    /// Code point that signalling is marked with (RFC 2474), 0 to 63.
    pub dscp: u8,
}

/// Which callers get provisional answers that they acknowledge (RFC 3262).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReliableProvisionals {
    /// None; who insists is refused.
    Never,
    /// Those that require it.
    Required,
    /// Those that can.
    Supported,
}

/// `[media]`: RTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Local UDP ports for RTP (even) and RTCP (odd); a call takes two.
    pub ports: RangeInclusive<u16>,
    /// Media worker threads; `None` = one per core.
    pub workers: Option<usize>,
    /// Code point that voice is marked with (RFC 2474), 0 to 63.
    pub dscp: u8,
    /// An answered call from which no voice comes is hung up after this time; `None`: it is only told of.
    pub rtp_timeout: Option<Duration>,
}

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

/// How an account's TLS connections are secured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the authorities to trust; `None`: the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, PEM files.
    pub identity: Option<TlsIdentity>,
    /// Name the exchange's certificate must have, when it is not the host of proxy, registrar or aor.
    pub name: Option<String>,
    /// What is verified.
    pub verify: TlsVerify,
}

/// A certificate and its key, PEM files that were there when the configuration was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificate, then those above it.
    pub certificate: PathBuf,
    /// The key, which only its owner can read.
    pub key: PathBuf,
}

/// What is verified of the exchange's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVerify {
    /// Authority, time and name.
    #[default]
    Full,
    /// Authority and time only.
    Authority,
    /// Nothing.
    Nothing,
}

/// A TLS listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsListen {
    /// Where.
    pub address: SocketAddr,
    /// Our certificate.
    pub identity: TlsIdentity,
    /// PEM file of the authorities of client certificates; `None`: none is asked for.
    pub client_ca: Option<PathBuf>,
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

/// How DTMF digits are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtmf {
    /// As telephone-event (RFC 4733) where the call agreed on it, else as tones in the audio.
    #[default]
    Auto,
    /// As telephone-event only; refused in a call without it.
    Rfc4733,
    /// By INFO (`application/dtmf-relay`, else `application/dtmf`); telephone-event is not offered.
    Info,
    /// As tones in the audio; telephone-event is not offered.
    Inband,
}

/// Whether an account's voice is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// Where the other side can.
    Optional,
    /// Always; calls that cannot be encrypted fail.
    Required,
}

/// Where the keys of SRTP come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SrtpKeying {
    /// The signalling brings them (RFC 4568).
    #[default]
    Sdes,
    /// A DTLS handshake on the RTP port makes them (RFC 5763).
    Dtls,
}

/// A codec by its SDP name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722: wideband at the bit rate of G.711.
    G722,
    /// Opus.
    Opus,
}

impl Codec {
    /// The name as in SDP and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }
}

/// `[[seat]]`: one operator's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Name, as in `--seat`.
    pub name: String,
    /// Login of the operator who works here.
    pub operator: String,
    /// Unix user whose commands mean this seat when none is named.
    pub uid: Option<u32>,
    /// Account calls go out through; names an existing one.
    pub account: String,
    /// Where the operator's voice comes from and goes to.
    pub voice: Voice,
    /// Part of the name of the headset whose buttons and lamps are used, any where it is empty; `None`: none is.
    pub headset: Option<String>,
}

/// A seat's voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Sound devices: names by preference, each matched as a part of the device's name; empty = the system's default.
    Device {
        /// Microphones.
        capture: Vec<String>,
        /// Headphones.
        playback: Vec<String>,
        /// Where it rings; empty = in the headphones.
        ring: Vec<String>,
        /// What is done to the operator's voice.
        processing: Processing,
    },
    /// WAV files instead of a headset, for tests and scripted operators.
    File {
        /// Played as the operator's voice.
        play: Option<PathBuf>,
        /// What the operator would hear is written here.
        write: Option<PathBuf>,
    },
    /// Silence in, nothing out.
    Null,
    /// A SIP phone on the operator's desk.
    Phone(DeskPhone),
}

/// A SIP phone as a seat's voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskPhone {
    /// `sip:user@host[:port]`, called directly; else an extension at the exchange of the seat's account.
    pub address: String,
    /// When it is called.
    pub keep: PhoneKeep,
    /// What it hears between calls.
    pub idle: PhoneIdle,
    /// What it is offered, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether it is asked to answer by itself.
    pub auto_answer: bool,
    /// How long it rings, 5 to 120 s.
    pub ring_timeout: Duration,
}

/// When a desk phone is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKeep {
    /// Once, when the operator becomes ready; it stays up between calls ("nailed-up").
    Up,
    /// For each call, before the customer.
    PerCall,
}

/// What a desk phone hears between calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneIdle {
    /// Nothing.
    Silence,
    /// A quiet chord of our own.
    Music,
    /// A WAV file.
    File(PathBuf),
}

/// What is done to an operator's voice before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// Takes out what the microphone hears of the headphones.
    pub echo: bool,
    /// Makes steady noise softer.
    pub noise: bool,
    /// Makes soft voices louder.
    pub gain: bool,
}

/// `[dialing]`: how lists are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialing {
    /// Whether the operator sees a row before it is called.
    pub mode: DialMode,
    /// Preview: how long until the call starts by itself; zero waits for `dial` or `skip`.
    pub preview: Duration,
    /// How long a call rings before it is cancelled, at most [`MAX_RING_TIMEOUT`].
    pub ring_timeout: Duration,
    /// Breathing time between a call whose result the machine saved and the next call.
    pub wrap_up: Duration,
    /// Outcomes whose result is saved without asking.
    pub auto_disposition: BTreeSet<AutoOutcome>,
    /// Whether the next call needs a result for the last one.
    pub require_status: bool,
    /// Least time between automatic calls to one number, at least [`MIN_REPEAT_GAP`].
    pub repeat_gap: Duration,
    /// Most automatic repeats of one number per day, at most [`MAX_REPEATS_PER_DAY`].
    pub max_repeats_per_day: u32,
    /// When calling is allowed.
    pub window: CallingWindow,
}

/// Whether the operator looks before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialMode {
    /// The next call starts at once.
    Straight,
    /// The row is shown first.
    Preview,
}

/// An outcome certain enough that the machine may save it: the rows marked "yes" that count as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AutoOutcome {
    /// Answered by a FAX: FAX.
    Fax,
    /// Rang out: 不通.
    NoAnswer,
    /// Busy: 不通.
    Busy,
    /// Number not in use: 現アナ.
    Vacant,
    /// A mobile out of reach or switched off: 不通.
    OutOfReach,
}

impl AutoOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Fax, Self::NoAnswer, Self::Busy, Self::Vacant, Self::OutOfReach];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fax => "fax",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Vacant => "vacant",
            Self::OutOfReach => "out_of_reach",
        }
    }

    /// Code of the result status it saves.
    pub fn status(self) -> &'static str {
        match self {
            Self::Fax => "fax",
            Self::NoAnswer | Self::Busy | Self::OutOfReach => "no_contact",
            Self::Vacant => "not_in_service",
        }
    }
}

/// `[recording]`: call recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Whether calls are recorded.
    pub enabled: bool,
    /// Whether finished recordings become archives: Ogg Opus of at most 120,000 bytes a minute.
    pub archive: bool,
    /// How much is kept, bytes: above it the oldest are deleted (S4.33, S4.35); `None` = as much as the disk takes.
    pub quota: Option<u64>,
    /// How long recordings are kept (S4.32); `None` = until the quota needs the room.
    pub max_age: Option<Duration>,
    /// The tone that tells of a recording; `None`: there is none.
    pub notice: Option<NoticeTone>,
}

/// The tone that tells of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeTone {
    /// The callee hears it.
    pub to_callee: bool,
    /// The operator hears it.
    pub to_operator: bool,
    /// From one tone to the next.
    pub every: Duration,
    /// Level in dBm0, -40 to -10.
    pub level_dbm0: i8,
}

/// Where sealed results are handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Folder that receives the CSV files.
    pub drop_dir: PathBuf,
}

/// `[log]`: log output on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Filter in `tracing`'s directive syntax, such as `info` or `info,sip_stack=debug`.
    pub level: String,
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people and the journal.
    Text,
    /// One JSON object per line.
    Json,
}
