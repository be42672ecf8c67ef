//! The command line as an integrator's script sees it: exit code, JSON, error code.

use std::path::Path;
use std::process::{Command, Stdio};

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

/// Runs `kakeru ARGUMENTS --socket SOCKET --json`.
pub(super) fn run(socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    run_plain(socket, folder, &json)
}

/// The same without `--json`.
pub(super) fn run_plain(socket: &Path, folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(super::binary());
    command.current_dir(folder).args(arguments).arg("--socket").arg(socket);
    let output = command.stdin(Stdio::null()).output().expect("the binary can be run");
    Outcome {
        command: format!("kakeru {}", arguments.join(" ")),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
