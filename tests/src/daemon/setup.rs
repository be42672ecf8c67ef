//! The configuration of a daemon under test.

use std::fmt::{Display, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Daemon;
use crate::peer::pulse::{self, Pulse};
use crate::ports;

/// A SIP account. Without more it is a practice account (no calling window, no repeat floor) of user 100 with
/// password `secret`, over UDP, quick to retry.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    kind: String,
    user: String,
    password: String,
    exchange: String,
    lines: Vec<(String, String)>,
}

impl Account {
    /// An account at the exchange of that address or name.
    pub fn new(name: &str, exchange: impl Display) -> Self {
        let line = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Self {
            name: name.to_owned(),
            kind: "practice".to_owned(),
            user: "100".to_owned(),
            password: "secret".to_owned(),
            exchange: exchange.to_string(),
            lines: vec![
                line("expires", "\"60s\""),
                line("retry_min", "\"300ms\""),
                line("retry_max", "\"2s\""),
            ],
        }
    }

    /// `trunk`, `pbx` or `practice`.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_owned();
        if kind != "practice" {
            // Only practice accounts may be this quick.
            self.lines.retain(|(key, _)| !key.starts_with("retry_"));
        }
        self
    }

    /// User name and password.
    #[must_use]
    pub fn user(mut self, user: &str, password: &str) -> Self {
        (self.user, self.password) = (user.to_owned(), password.to_owned());
        self
    }

    /// Account `main` of an exchange that is not there: for what needs no call.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new("main", ports::free_address()).unregistered()
    }

    /// Signalling over TCP.
    #[must_use]
    pub fn tcp(self) -> Self {
        self.set("transport", "\"tcp\"")
    }

    /// A line that knows us by our address: no REGISTER.
    #[must_use]
    pub fn unregistered(self) -> Self {
        self.set("register", "false")
    }

    /// A further key with its TOML value.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.lines.retain(|(existing, _)| existing != key);
        self.lines.push((key.to_owned(), value.to_owned()));
        self
    }

    fn write(&self, folder: &Path, text: &mut String) {
        let Self { name, kind, user, exchange, .. } = self;
        let file = folder.join(format!("{name}.password"));
        std::fs::write(&file, format!("{}\n", self.password)).expect("the temporary folder is writable");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, private).expect("the file is ours");
        let _ = writeln!(
            text,
            "[[account]]\nname = \"{name}\"\nkind = \"{kind}\"\naor = \"sip:{user}@{exchange}\"\n\
             username = \"{user}\"\npassword = {{ file = \"{name}.password\" }}"
        );
        write_lines(text, &self.lines);
    }
}

/// An operator's place. Without more it has the null voice.
#[derive(Clone, Debug)]
pub struct Seat {
    name: String,
    account: String,
    lines: Vec<(String, String)>,
}

impl Seat {
    /// A seat that calls out through an account.
    pub fn new(name: &str, account: &str) -> Self {
        Self { name: name.to_owned(), account: account.to_owned(), lines: Vec::new() }
            .set("voice", "{ kind = \"null\" }")
    }

    /// The operator's voice is a WAV file, what the operator hears is written to another.
    #[must_use]
    pub fn file(self, play: &Path, write: &Path) -> Self {
        let voice = format!("{{ kind = \"file\", play = {play:?}, write = {write:?} }}");
        self.set("voice", &voice)
    }

    /// The operator's voice is the private headset of a [`Pulse`].
    #[must_use]
    pub fn headset(self) -> Self {
        let (mic, ear) = (pulse::MICROPHONE, pulse::EARPHONE);
        self.set("voice", &format!("{{ kind = \"device\", capture = [\"{mic}\"], playback = [\"{ear}\"] }}"))
    }

    /// A further key with its TOML value.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.lines.retain(|(existing, _)| existing != key);
        self.lines.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// What a daemon is to be; [`start`](Self::start) starts it.
#[derive(Debug, Default)]
pub struct Setup {
    accounts: Vec<Account>,
    seats: Vec<Seat>,
    sections: Vec<(String, Vec<(String, String)>)>,
    environment: Vec<(String, PathBuf)>,
    allowed_errors: Vec<String>,
    ipv6: bool,
}

impl Setup {
    /// A SIP account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// A seat; without any there is seat `a` with the null voice on the first account.
    #[must_use]
    pub fn seat(mut self, seat: Seat) -> Self {
        self.seats.push(seat);
        self
    }

    /// A key of a section, with its TOML value: `.set("dialing", "mode", "\"preview\"")`.
    #[must_use]
    pub fn set(mut self, section: &str, key: &str, value: &str) -> Self {
        let line = (key.to_owned(), value.to_owned());
        match self.sections.iter_mut().find(|(name, _)| name == section) {
            Some((_, lines)) => {
                lines.retain(|(existing, _)| existing != key);
                lines.push(line);
            }
            None => self.sections.push((section.to_owned(), vec![line])),
        }
        self
    }

    /// Sees the private sound server and no other.
    #[must_use]
    pub fn pulse(mut self, pulse: &Pulse) -> Self {
        // The client library reports the end of a stream it closed itself as an error.
        self.allowed_errors.push("pulseaudio::client::reactor".to_owned());
        self.environment.extend(pulse.environment().into_iter().map(|(key, value)| (key.to_owned(), value)));
        self
    }

    /// Speaks SIP at `::1`.
    #[must_use]
    pub fn ipv6(mut self) -> Self {
        self.ipv6 = true;
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl Into<PathBuf>) -> Self {
        self.environment.push((key.to_owned(), value.into()));
        self
    }

    /// ERROR lines that contain this text are meant.
    #[must_use]
    pub fn allow_errors(mut self, text: &str) -> Self {
        self.allowed_errors.push(text.to_owned());
        self
    }

    /// Starts the daemon and waits until its control socket answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(self) -> Daemon {
        let mut daemon = self.prepare();
        daemon.start();
        daemon
    }

    /// Writes folder and configuration, starts nothing.
    pub fn prepare(mut self) -> Daemon {
        let directory =
            tempfile::Builder::new().prefix("kakeru-").tempdir().expect("the temporary folder is writable");
        let host = if self.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let sip = SocketAddr::new(host, ports::free());
        let rtp = ports::run(60);
        if self.seats.is_empty()
            && let Some(account) = self.accounts.first()
        {
            self.seats.push(Seat::new("a", &account.name));
        }
        // What a test sets goes over these.
        let defaults = [
            ("daemon", "box", "\"box-1\"".to_owned()),
            ("daemon", "state_dir", "\"state\"".to_owned()),
            ("daemon", "recordings_dir", "\"recordings\"".to_owned()),
            ("daemon", "drop_dir", "\"outbox\"".to_owned()),
            ("daemon", "socket", "\"control.sock\"".to_owned()),
            ("daemon", "locale", "\"en\"".to_owned()),
            ("sip", "listen", format!("\"{sip}\"")),
            ("media", "ports", format!("\"{}-{}\"", rtp.start(), rtp.end())),
            ("recording", "archive", "false".to_owned()),
            ("log", "format", "\"json\"".to_owned()),
            ("log", "level", "\"debug,pulseaudio=error\"".to_owned()),
        ];
        for (section, key, value) in defaults {
            let set = self
                .sections
                .iter()
                .any(|(name, lines)| name == section && lines.iter().any(|(k, _)| k == key));
            if !set {
                self = self.set(section, key, &value);
            }
        }
        let mut text = String::new();
        for (section, lines) in &self.sections {
            let _ = writeln!(text, "[{section}]");
            write_lines(&mut text, lines);
        }
        for account in &self.accounts {
            account.write(directory.path(), &mut text);
        }
        for seat in &self.seats {
            let _ = writeln!(text, "[[seat]]\nname = \"{}\"\naccount = \"{}\"", seat.name, seat.account);
            write_lines(&mut text, &seat.lines);
        }
        std::fs::write(directory.path().join("kakeru.toml"), text).expect("the temporary folder is writable");
        Daemon {
            process: None,
            directory,
            environment: self.environment,
            sip,
            allowed_errors: self.allowed_errors,
        }
    }
}

fn write_lines(text: &mut String, lines: &[(String, String)]) {
    for (key, value) in lines {
        let _ = writeln!(text, "{key} = {value}");
    }
}
