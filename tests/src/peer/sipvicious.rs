//! sipvicious: the scanner that every SIP port on the Internet hears from. Its sources are 127.0.0.1 towards 127.0.0.1.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::ports;
use crate::process::{self, Process};

/// What a run of it printed.
#[derive(Debug)]
pub struct Findings {
    /// Its output, messages and tables.
    pub output: String,
    /// The rows of its table of results, cells trimmed; none where it found nothing.
    pub rows: Vec<Vec<String>>,
}

/// Looks for SIP devices at that address.
pub fn svmap(target: SocketAddr, arguments: &[&str]) -> Findings {
    run("svmap", target, arguments)
}

/// Looks for users at that address, `-e` says which.
pub fn svwar(target: SocketAddr, arguments: &[&str]) -> Findings {
    run("svwar", target, arguments)
}

/// Tries passwords at that address, `-u` says whose and `-r` which.
pub fn svcrack(target: SocketAddr, arguments: &[&str]) -> Findings {
    run("svcrack", target, arguments)
}

fn run(name: &str, target: SocketAddr, arguments: &[&str]) -> Findings {
    let program = process::program(name, "sipvicious");
    let directory = tempfile::tempdir().expect("the temporary folder is writable");
    let mut command = Command::new(program);
    command.current_dir(directory.path()).env("HOME", directory.path());
    command.args(["-p", &target.port().to_string(), "-P", &ports::free().to_string()]);
    command.args(["-x", "127.0.0.1", "-v"]).args(arguments).arg(target.ip().to_string());
    let mut process = Process::start(name, &command, &directory.path().join("output.log"));
    process.wait(LIMIT);
    let output = process.output();
    let table = output.lines().filter(|line| line.starts_with('|'));
    let rows =
        table.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    Findings { rows: rows.skip(1).collect(), output }
}

/// It stops by itself some seconds after its last answer.
const LIMIT: Duration = Duration::from_secs(60);
