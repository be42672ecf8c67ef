//! The command line as an integrator's script sees it: exit code, JSON, error code.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub command: String,
    /// 0 ok, 1 refused, 2 usage, 3 daemon unreachable, 78 bad configuration; −1 for a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// The JSON it printed; one value, or an array when it printed several lines; null when nothing.
    ///
    /// # Panics
    /// When that is no JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let text = self.stdout.trim();
        let bad = |error: serde_json::Error| panic!("{}: no JSON ({error}): {text}", self.command);
        let mut values: Vec<Value> = serde_json::Deserializer::from_str(text)
            .into_iter()
            .map(|value| value.unwrap_or_else(bad))
            .collect();
        match values.len() {
            0 => Value::Null,
            1 => values.remove(0),
            _ => Value::Array(values),
        }
    }

    /// The JSON of a command that has to succeed.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn success(&self) -> Value {
        assert_eq!(self.code, 0, "{} was refused:\n{}{}", self.command, self.stdout, self.stderr);
        self.json()
    }

    /// Asserts that it was refused with that stable code, and exit code 1.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn refused(&self, code: &str) {
        let said = self.stdout.contains(code) || self.stderr.contains(code);
        assert!(self.code == 1 && said, "no refusal with {code}: {self:#?}");
    }
}

/// Runs `kakeru ARGUMENTS --socket SOCKET` as another Unix user of this process's group, which the socket is open to.
/// Only root may become somebody else.
pub(super) fn run_as(uid: u32, socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let private = std::fs::Permissions::from_mode(0o700);
    let output = command_as(uid, socket, folder, arguments).output();
    std::fs::set_permissions(folder, private).expect("the folder is ours");
    outcome(arguments, &output.expect("tests of roles run as root, which may become another user"))
}

/// The same with `--json`, going on in the background until it is dropped; its folder stays open to others.
pub(super) fn spawn_as(uid: u32, socket: &Path, folder: &Path, arguments: &[&str]) -> Background {
    let mut command = command_as(uid, socket, folder, arguments);
    command.arg("--json");
    let child = command.stdout(Stdio::piped()).spawn();
    let mut child = child.expect("tests of roles run as root, which may become another user");
    let lines = std::io::BufReader::new(child.stdout.take().expect("it is piped"));
    Background { child, lines }
}

fn command_as(uid: u32, socket: &Path, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program_as(uid, socket, folder, "kakeru");
    command.args(arguments).arg("--socket").arg(socket).stdin(Stdio::null());
    command
}

/// A program of this build as another Unix user of the socket's group.
pub(super) fn program_as(uid: u32, socket: &Path, folder: &Path, name: &str) -> Command {
    // The folder and the build may be closed to everybody else.
    let program = folder.join(name);
    if !program.exists() {
        std::fs::copy(super::built(name), &program).expect("the binary can be copied");
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).expect("the folder is ours");
    let mut command = Command::new(&program);
    let group = std::fs::metadata(socket).expect("the daemon listens").gid();
    command.current_dir("/").uid(uid).gid(group);
    command
}

/// A command that prints one JSON object per line until it is dropped.
#[derive(Debug)]
pub struct Background {
    child: Child,
    lines: std::io::BufReader<ChildStdout>,
}

impl Background {
    /// The next object; `None` when it ended.
    pub fn next_line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = std::io::BufRead::read_line(&mut self.lines, &mut line).ok()?;
        if read == 0 { None } else { serde_json::from_str(&line).ok() }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `kakeru ARGUMENTS --socket SOCKET --json`.
pub(super) fn run(socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    run_plain(socket, folder, &json)
}

/// The same without `--json`.
pub(super) fn run_plain(socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(super::binary());
    command.current_dir(folder).args(arguments).arg("--socket").arg(socket);
    outcome(arguments, &command.stdin(Stdio::null()).output().expect("the binary can be run"))
}

fn outcome(arguments: &[&str], output: &Output) -> Outcome {
    Outcome {
        command: format!("kakeru {}", arguments.join(" ")),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
