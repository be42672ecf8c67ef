//! A child process with its output in a file, ended by its own pid when the owner is dropped.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::wait;

/// A running child. Dropping it sends SIGTERM, then SIGKILL, and waits for it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` with both output streams appended to `log` and no input.
    ///
    /// The kernel sends the child SIGTERM when the thread that started it ends, so that a test run that is
    /// killed leaves nobody behind (`setpriv`, part of every Debian system).
    ///
    /// # Panics
    /// When the child cannot be started.
    pub fn start(name: &str, command: &Command, log: &Path) -> Self {
        let sink = File::options().create(true).append(true).open(log);
        let sink = sink.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let twin = sink.try_clone().expect("a file handle can be cloned");
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "TERM", "--"]).arg(command.get_program()).args(command.get_args());
        if let Some(directory) = command.get_current_dir() {
            guarded.current_dir(directory);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        // A group of its own, so that what a peer forked can be ended with it.
        let child = guarded.process_group(0).stdin(Stdio::null()).stdout(sink).stderr(twin).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { name: name.to_owned(), child, log: log.to_owned(), status: None }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything the child has printed so far.
    pub fn output(&self) -> String {
        read_lossy(&self.log)
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("the child is ours");
        }
        self.status
    }

    /// Waits for its own end.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let pid = self.pid();
        if let Some(status) = wait::patiently(limit, || busy(pid), || self.ended()) {
            return status;
        }
        panic!("{} still runs after {limit:?}; it printed:\n{}", self.name, tail(&self.output()));
    }

    /// Waits until `condition` holds, failing at once when the child ends before.
    ///
    /// # Panics
    /// When `limit` is over or the child is gone.
    pub fn wait_until(&mut self, what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
        let pid = self.pid();
        let ready = wait::patiently(
            limit,
            || busy(pid),
            || match (condition(), self.ended()) {
                (true, _) => Some(true),
                (false, Some(_)) => Some(false),
                (false, None) => None,
            },
        );
        if ready != Some(true) {
            let state = self.ended().map_or("still runs".to_owned(), |status| format!("ended with {status}"));
            panic!(
                "{}: no {what} within {limit:?}; it {state} and printed:\n{}",
                self.name,
                tail(&self.output())
            );
        }
    }

    /// SIGKILL, and waits until it is gone: the crash of the crash tests.
    pub fn kill9(&mut self) {
        if self.ended().is_none() {
            // Fails only when it ended by itself in between.
            let _ = self.child.kill();
            self.status = Some(self.child.wait().expect("the child is ours"));
        }
    }

    /// Looks while every thread stands still, and lets it go on: what is seen cannot change before the look is over.
    ///
    /// # Panics
    /// When it does not come to a stand.
    pub fn held<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.signal("STOP");
        let pid = self.pid();
        // A thread that waits for a disk stops when that is over.
        wait::until("a stand", HOLD, || (self.ended().is_some() || stands(pid)).then_some(()));
        let seen = look(self);
        self.signal("CONT");
        seen
    }

    /// Sends a signal by name, such as `TERM` or `STOP`.
    pub fn signal(&mut self, name: &str) {
        if self.ended().is_none() {
            // The shell's own `kill`: the command of that name is not on every minimal system.
            let line = format!("kill -{name} {}", self.child.id());
            let _ = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status();
        }
    }

    /// SIGTERM and an orderly end; SIGKILL when that takes longer than `limit`.
    pub fn stop(&mut self, limit: Duration) -> ExitStatus {
        self.signal("TERM");
        let pid = self.pid();
        if wait::patiently(limit, || busy(pid), || self.ended()).is_none() {
            self.kill9();
        }
        self.status.unwrap_or_else(|| ExitStatus::from_raw(9))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(3));
        // Children that its end left behind; the group is named by an id of ours for as long as one of them lives.
        let line = format!("kill -s KILL -- -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status();
        if std::thread::panicking() {
            let text = format!("--- {} printed:\n{}\n", self.name, tail(&self.output()));
            // Straight to the stream: a failing test shows what its peers said.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        }
    }
}

/// A file's text, empty when it is not there.
pub fn read_lossy(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// How long a disk may keep a thread from standing still.
const HOLD: Duration = Duration::from_secs(60);

/// Whether a thread of that process runs or wants to (`R`), or waits for a disk (`D`).
pub fn busy(pid: u32) -> bool {
    states(pid).contains(['R', 'D'])
}

/// Whether all threads of that process were stopped (`T`).
fn stands(pid: u32) -> bool {
    let states = states(pid);
    !states.is_empty() && states.chars().all(|state| state == 'T')
}

/// The letters that the kernel has for what each thread of a process does.
fn states(pid: u32) -> String {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let state = |thread: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).ok()?;
        // The state follows the name, which is in brackets and may hold any character.
        stat.rsplit_once(") ")?.1.chars().next()
    };
    threads.filter_map(state).collect()
}

/// Finds a program of a peer, also where a user's PATH does not look.
///
/// # Panics
/// When it is not installed: a missing peer fails the test and names its package.
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    directories.extend(["/usr/sbin".into(), "/sbin".into(), "/usr/bin".into()]);
    let found = directories.iter().map(|directory| directory.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is missing: apt-get install --no-install-recommends {package}   (./x test does it)")
    })
}

/// Runs a command to its end and returns its standard output.
///
/// # Panics
/// When it fails.
pub fn output_of(command: &mut Command) -> String {
    let shown = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).map(|a| a.into_owned()).collect();
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown} {}: {}: {stderr}", arguments.join(" "), output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The last lines of a long text.
fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
