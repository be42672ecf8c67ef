//! The configuration file: TOML read strictly into validated types, secrets kept apart.
//!
//! One call reads everything: [`load`] gives a [`Config`] in which every value is in range and every name resolves, or
//! *all* mistakes of the file at once, each with its key path, its line and what to write instead. Unknown keys are
//! mistakes. What works but should be changed (a password others can read) is in [`Config::warnings`].
//!
//! This crate reads files and environment variables once, at the call, and knows nothing of SIP, sound or SQLite; the
//! daemon translates.

mod duration;
mod error;
mod identity;
mod imports;
mod paths;
mod people;
mod read;
mod reader;
mod secret;
mod types;
mod window;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

pub use error::{ConfigError, ErrorKind, Text, Warning};
pub use identity::{ClirRule, DialRule, Identity, Preset, UriForm};
pub use imports::{Limit, OwnColumns, OwnProfile, PROFILES, ProfileLimits};
pub use paths::{Environment, Paths, Setup};
pub use people::{ContactNames, Contacts, People, RoleName, TapNotice};
pub use secret::{PasswordSource, Secret};
pub use types::{
    Account, AccountKind, AutoOutcome, Codec, Config, Daemon, DeskPhone, DialMode, Dialing, Dtmf, Keepalive,
    Locale, Log, LogFormat, MAX_REPEATS_PER_DAY, MAX_RING_TIMEOUT, MIN_REPEAT_GAP, Media, NoticeTone,
    NumberFormat, Outbox, PhoneIdle, PhoneKeep, Processing, Recording, ReliableProvisionals, Seat, Sip, Srtp,
    SrtpKeying, Tls, TlsIdentity, TlsListen, TlsVerify, Transport, Voice,
};
pub use window::{CEILING_FROM, CEILING_TO, CallingWindow, ClosedDates, Date, Weekday, Weekdays};

use read::Context;
use reader::Report;

/// The commented example, as shown in the manual; it is a valid file.
pub const EXAMPLE: &str = include_str!("../kakeru.example.toml");

/// A configuration file is a page; whatever is larger is another file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Reads the file with this process's environment.
///
/// # Errors
/// Every mistake of the file, in the order of the sections; never an empty list.
pub fn load(path: &Path) -> Result<Config, Vec<ConfigError>> {
    load_with(path, &Environment::of_process(), false)
}

impl Config {
    /// The same as [`load`].
    ///
    /// # Errors
    /// Every mistake of the file.
    pub fn load(path: &Path) -> Result<Self, Vec<ConfigError>> {
        load(path)
    }

    /// Reads the file for `kakeru config check`: a credential that only systemd can hand over is a warning here, and
    /// the account's password stays `None`.
    ///
    /// # Errors
    /// Every mistake of the file.
    pub fn check(path: &Path) -> Result<Self, Vec<ConfigError>> {
        load_with(path, &Environment::of_process(), true)
    }

    /// Reads a text that is no file, with relative paths relative to `base`.
    ///
    /// # Errors
    /// Every mistake of the text.
    pub fn parse(text: &str, base: &Path, env: &Environment) -> Result<Self, Vec<ConfigError>> {
        // The name only lends its folder to relative paths.
        let file = base.join("kakeru.toml");
        let mut config = parse_with(text, Some(&file), None, env, false)?;
        config.path = None;
        Ok(config)
    }
}

fn load_with(path: &Path, env: &Environment, check_only: bool) -> Result<Config, Vec<ConfigError>> {
    let refuse = |message: Text| {
        vec![ConfigError { kind: ErrorKind::Io, path: path.display().to_string(), line: None, message }]
    };
    let cannot_read = |error| {
        let ja = format!(
            "設定ファイルを読めません({})。kakeru config example がひな形(kakeru.example.toml)を出力します。別のファイルは --config で指定してください",
            error::reason_ja(&error)
        );
        let en = format!(
            "cannot read the configuration file ({error}); `kakeru config example` prints one to begin with (kakeru.example.toml), --config names another"
        );
        refuse((ja, en).into())
    };
    let meta = std::fs::metadata(path).map_err(cannot_read)?;
    if meta.len() > MAX_FILE_BYTES {
        let ja = "1 MiB を超えています。設定ファイルではありません";
        return Err(refuse((ja, "larger than 1 MiB; this is not a configuration file").into()));
    }
    let bytes = std::fs::read(path).map_err(cannot_read)?;
    let Ok(text) = String::from_utf8(bytes) else {
        let ja = "UTF-8 ではありません。UTF-8 で保存し直してください";
        return Err(refuse((ja, "not UTF-8; save the file as UTF-8").into()));
    };
    parse_with(&text, Some(path), Some(meta.mode()), env, check_only)
}

fn parse_with(
    text: &str,
    file: Option<&Path>,
    file_mode: Option<u32>,
    env: &Environment,
    check_only: bool,
) -> Result<Config, Vec<ConfigError>> {
    let context = Context { env, paths: Paths::of(env), file, file_mode, check_only };
    let mut report = Report::new(text);
    match read::config(text, &context, &mut report) {
        Some(config) => Ok(config),
        None => Err(report.errors),
    }
}

#[cfg(test)]
mod tests;
