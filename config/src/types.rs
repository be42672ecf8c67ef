//! The validated configuration.

mod account;
mod daemon;
mod dialing;
mod seat;
mod tls;
mod voice;

use std::path::PathBuf;

pub use account::{Account, AccountKind, Keepalive, NumberFormat, Transport};
pub use daemon::{
    Daemon, Locale, Log, LogFormat, Media, NoticeTone, Outbox, Recording, ReliableProvisionals, Sip,
};
pub use dialing::{AutoOutcome, DialMode, Dialing, MAX_REPEATS_PER_DAY, MAX_RING_TIMEOUT, MIN_REPEAT_GAP};
pub use seat::{DeskPhone, PhoneIdle, PhoneKeep, Processing, Seat, Voice};
pub use tls::{Tls, TlsIdentity, TlsListen, TlsVerify};
pub use voice::{Codec, Dtmf, Srtp, SrtpKeying};

use crate::error::Warning;
use crate::imports::ProfileLimits;
use crate::people::{Contacts, People};

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
    /// Limits of import profiles that the site set, and its own profiles.
    pub imports: Vec<ProfileLimits>,
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
