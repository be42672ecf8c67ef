//! The command line as an integrator's script sees it: exit code, JSON, error code.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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

/// Runs `kakeru ARGUMENTS --socket SOCKET --json` as another Unix user of this process's group, which the socket is open to.
/// Only root may become somebody else.
pub(super) fn run_as(uid: u32, socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let (open, private) = (std::fs::Permissions::from_mode(0o711), std::fs::Permissions::from_mode(0o700));
    // The folder and the build may be closed to everybody else.
    let program = folder.join("kakeru");
    if !program.exists() {
        std::fs::copy(super::binary(), &program).expect("the binary can be copied");
    }
    std::fs::set_permissions(folder, open).expect("the folder is ours");
    let mut command = Command::new(&program);
    let group = std::fs::metadata(socket).expect("the daemon listens").gid();
    command.current_dir("/").args(arguments).arg("--json").arg("--socket").arg(socket).uid(uid).gid(group);
    let output = command.stdin(Stdio::null()).output();
    std::fs::set_permissions(folder, private).expect("the folder is ours");
    outcome(arguments, &output.expect("tests of roles run as root, which may become another user"))
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
