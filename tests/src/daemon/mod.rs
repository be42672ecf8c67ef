//! The real binary under test: `kakeru run` in a temporary folder, driven as an operator or integrator would.

mod cli;
mod control;
mod operator;
mod setup;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

pub use self::cli::{Background, Outcome};
pub use self::control::{Control, Refused};
pub use self::operator::Operator;
pub use self::setup::{Account, Seat, Setup};
use crate::process::{self, Process};
use crate::wait;

/// How long a start may take: the goal is 0.1 s, the rest is for a busy machine.
const START: Duration = Duration::from_secs(15);
/// The unit grants 15 s to stop.
const STOP: Duration = Duration::from_secs(15);

/// A daemon with its folder; it can be killed and started again, and is ended when dropped.
///
/// An ERROR line in its log fails the test when it is dropped, unless [`Setup::allow_errors`] says it is meant.
#[derive(Debug)]
pub struct Daemon {
    process: Option<Process>,
    directory: TempDir,
    environment: Vec<(String, PathBuf)>,
    sip: SocketAddr,
    allowed_errors: Vec<String>,
}

/// A daemon for what needs no call.
pub fn idle() -> Daemon {
    Daemon::builder().account(Account::nowhere()).start()
}

impl Daemon {
    /// A configuration to fill and [`start`](Setup::start).
    pub fn builder() -> Setup {
        Setup::default()
    }

    /// Starts it, again after [`kill9`](Self::kill9) or [`stop`](Self::stop), and waits for its control socket.
    ///
    /// # Panics
    /// When it ends, or the socket does not answer in time.
    pub fn start(&mut self) {
        let socket = self.socket();
        self.launch();
        let process = self.process.as_mut().expect("just launched");
        process.wait_until("control socket", START, || Control::connect(&socket).is_ok());
    }

    /// Starts it without waiting: for a start that is to fail or to be killed on its way.
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "the daemon runs already");
        // A socket left by a killed daemon must not look like a ready one; the daemon itself has to cope with it.
        let mut command = Command::new(binary());
        command.current_dir(self.directory.path()).envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.arg("run").arg("--config").arg(self.path("kakeru.toml"));
        self.process = Some(Process::start("kakeru", &command, &self.path("kakeru.log")));
    }

    /// The environment of its next lives, instead of the one it was built with.
    pub fn set_environment(&mut self, environment: Vec<(String, PathBuf)>) {
        self.environment = environment;
    }

    /// SIGKILL at this very moment.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill9();
        }
    }

    /// SIGKILL in the middle of some work: looks at the database again and again, each time while the process stands still, and kills it
    /// at the first look that yields something. No commit follows what was seen, however quick the machine is, but the one that it may
    /// have been in.
    ///
    /// # Panics
    /// When nothing is seen within `limit`, or it does not run.
    pub fn kill9_when<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut look: impl FnMut(&rusqlite::Connection) -> Option<T>,
    ) -> T {
        let database = self.database();
        let mut process = self.process.take().expect("the daemon runs");
        wait::until(what, limit, || {
            process.held(|process| {
                let seen = look(&database)?;
                process.kill9();
                Some(seen)
            })
        })
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.take().expect("the daemon runs").stop(STOP)
    }

    /// Waits for an end of its own.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    pub fn wait_end(&mut self, limit: Duration) -> ExitStatus {
        let status = self.process.as_mut().expect("the daemon runs").wait(limit);
        self.process = None;
        status
    }

    /// The running process, for pid, signals and memory.
    ///
    /// # Panics
    /// When it does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the daemon runs")
    }

    /// Where it listens for SIP, UDP and TCP.
    pub fn sip_address(&self) -> SocketAddr {
        self.sip
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Its control socket.
    pub fn socket(&self) -> PathBuf {
        self.path("control.sock")
    }

    /// A new connection to the control socket.
    ///
    /// # Panics
    /// When it refuses.
    pub fn control(&self) -> Control {
        Control::connect(&self.socket()).expect("the daemon listens on its control socket")
    }

    /// A new connection to the control socket as another Unix user; only root can.
    ///
    /// # Panics
    /// When that user's process cannot be started.
    pub fn control_as(&self, uid: u32) -> Control {
        let control = Control::connect_as(uid, &self.socket(), self.directory.path());
        control.expect("tests of roles run as root, which may become another user")
    }

    /// Everything it has logged, all its lives together.
    pub fn log(&self) -> String {
        process::read_lossy(&self.path("kakeru.log"))
    }

    /// The log's ERROR lines (the kit's configuration logs as JSON).
    pub fn errors(&self) -> Vec<String> {
        let log = self.log();
        let errors =
            log.lines().filter(|line| line.contains("\"level\":\"ERROR\"") || line.contains(" panicked at "));
        errors
            .filter(|line| !self.allowed_errors.iter().any(|a| line.contains(a)))
            .map(str::to_owned)
            .collect()
    }

    /// Runs a command of the CLI against this daemon, `--socket` and `--json` added.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        cli::run(&self.socket(), self.directory.path(), arguments)
    }

    /// Runs a command as a person does, without `--json`.
    pub fn run_plain(&self, arguments: &[&str]) -> Outcome {
        cli::run_plain(&self.socket(), self.directory.path(), arguments)
    }

    /// Runs a command as another Unix user; only root can.
    pub fn run_as(&self, uid: u32, arguments: &[&str]) -> Outcome {
        self.run_plain_as(uid, &[arguments, &["--json"]].concat())
    }

    /// The same without `--json`.
    pub fn run_plain_as(&self, uid: u32, arguments: &[&str]) -> Outcome {
        cli::run_as(uid, &self.socket(), self.directory.path(), arguments)
    }

    /// Starts a command as another Unix user, such as `events`; only root can.
    pub fn spawn_as(&self, uid: u32, arguments: &[&str]) -> Background {
        cli::spawn_as(uid, &self.socket(), self.directory.path(), arguments)
    }

    /// Runs a command that has to succeed and returns what a person sees.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn text(&self, arguments: &[&str]) -> String {
        let outcome = cli::run_plain(&self.socket(), self.directory.path(), arguments);
        assert_eq!(outcome.code, 0, "{outcome:#?}");
        outcome.stdout
    }

    /// Runs a command that has to succeed and returns its JSON (an array when it printed several lines).
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn cli(&self, arguments: &[&str]) -> Value {
        self.run(arguments).success()
    }

    /// Ends the call that is up at a seat by its name: right after the end of another a hang-up without one is refused once.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn hang_up(&self, seat: &str) {
        let status = self.cli(&["status"]);
        let mut seats = status["seats"].as_array().into_iter().flatten();
        let found = seats.find(|found| found["name"] == seat).unwrap_or_else(|| panic!("no seat {seat}"));
        let attempt = found["call"]["attempt"].as_str().unwrap_or_default();
        self.cli(&["hangup", "--seat", seat, "--attempt", attempt]);
    }

    /// Waits until `status --json` says that the account is registered.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_registered(&self, account: &str, limit: Duration) -> Value {
        self.wait_status(&format!("registration of {account}"), limit, |status| {
            account_state(status, account).is_some_and(|state| state == "registered")
        })
    }

    /// Waits until the status is as wanted, and returns it.
    ///
    /// # Panics
    /// When `limit` is over; the message shows the last status.
    #[track_caller]
    pub fn wait_status(&self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = wait::within(limit, || {
            last = self.cli(&["status"]);
            wanted(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("no {what} within {limit:?}; status is {last:#}"))
    }

    /// Creates a list and imports a CSV file (header row included) into it; returns the import's report.
    #[track_caller]
    pub fn import(&self, list: &str, csv: impl AsRef<[u8]>) -> Value {
        let file = self.path(&format!("{list}.csv"));
        std::fs::write(&file, csv).expect("the temporary folder is writable");
        self.cli(&["list", "create", list]);
        self.cli(&["list", "import", list, &file.to_string_lossy()])
    }

    /// The rows of all files in the drop folder, in the order of the file names, each by column name.
    ///
    /// # Panics
    /// When a file there is no CSV: what the folder shows is complete at every moment.
    pub fn drop_rows(&self) -> Vec<BTreeMap<String, String>> {
        let entries = std::fs::read_dir(self.path("outbox")).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
        files.sort();
        files.iter().flat_map(|path| rows(path)).collect()
    }

    /// Waits until the drop folder holds so many rows.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_drop_rows(&self, count: usize, limit: Duration) -> Vec<BTreeMap<String, String>> {
        let found = wait::within(limit, || Some(self.drop_rows()).filter(|rows| rows.len() >= count));
        found.unwrap_or_else(|| panic!("no {count} rows within {limit:?}, only {:#?}", self.drop_rows()))
    }

    /// Waits until `history` shows so many ended attempts, newest first.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_history(&self, count: usize, limit: Duration) -> Vec<Value> {
        let mut last = Value::Null;
        let found = wait::within(limit, || {
            last = self.cli(&["history", "--manual", "include"]);
            let ended = |row: &&Value| !row["ended_at"].is_null();
            let rows: Vec<Value> = last["rows"].as_array()?.iter().filter(ended).cloned().collect();
            Some(rows).filter(|rows| rows.len() >= count)
        });
        found.unwrap_or_else(|| panic!("no {count} ended attempts within {limit:?}; history is {last:#}"))
    }

    /// The file of the last call's recording, once it is finished.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn recording(&self, limit: Duration) -> PathBuf {
        let found = wait::within(limit, || {
            let row = self.wait_history(1, limit).remove(0);
            let recording = &row["recording"];
            (recording["state"] == "final")
                .then(|| PathBuf::from(recording["path"].as_str().expect("a path")))
        });
        let path = found.unwrap_or_else(|| panic!("no finished recording: {:#}", self.cli(&["history"])));
        if path.is_absolute() { path } else { self.path("recordings").join(path) }
    }

    /// The database, read-only.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn database(&self) -> rusqlite::Connection {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        rusqlite::Connection::open_with_flags(self.path("state/kakeru.db"), flags)
            .expect("the database is there")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(STOP);
        }
        let errors = self.errors();
        if !errors.is_empty() && !std::thread::panicking() {
            panic!("the daemon logged errors:\n{}", errors.join("\n"));
        }
    }
}

/// What `status` says of an account: `state` of the entry of that name in `accounts`.
pub fn account_state<'a>(status: &'a Value, name: &str) -> Option<&'a str> {
    account(status, name)?.get("state")?.as_str()
}

/// The entry of an account in `status`.
pub fn account<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    status.get("accounts")?.as_array()?.iter().find(|entry| entry.get("name").is_some_and(|n| n == name))
}

/// The binary under test: beside this test's own, or where `KAKERU_BIN` says.
///
/// # Panics
/// When it was not built.
pub fn binary() -> PathBuf {
    std::env::var_os("KAKERU_BIN").map_or_else(|| built("kakeru"), PathBuf::from)
}

/// A program that was built beside this test's own.
fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its file");
    let found = own.ancestors().skip(1).take(3).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built: cargo build -p kakeru -p e2e   (./x test does it)"))
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = String::from_utf8(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let rows = reader.deserialize::<BTreeMap<String, String>>();
    rows.map(|row| row.unwrap_or_else(|error| panic!("{}: {error}", path.display()))).collect()
}
