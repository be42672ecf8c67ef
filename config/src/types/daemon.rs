//! The daemon itself: folders, sockets, media, what leaves it.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::TlsListen;

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
    /// Language of what the daemon itself says to people; commands follow the locale of who types them.
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
