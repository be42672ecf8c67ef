//! sipp's own scenarios, fast and without a trace.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::process::{self, Process};
use e2e::{ports, wait};

/// Where the program that is measured runs.
pub(crate) const CALLEE_CORE: &str = "0";
/// Where the other side runs.
pub(crate) const CALLER_CORE: &str = "1";
/// sipp's usual buffer of 64 KiB does not hold the answers to a hundred calls.
const BUFFER: &str = "1000000";

/// A command on one core.
pub(crate) fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

fn sipp(core: &str, scenario: &str, directory: &Path, port: u16) -> Command {
    let mut command = pinned(core, &process::program("sipp", "sip-tester"));
    command.current_dir(directory).args(["-sn", scenario, "-nostdin", "-i", "127.0.0.1"]);
    command.args(["-p", &port.to_string(), "-deadcall_wait", "0", "-buff_size", BUFFER]);
    command
}

/// A sipp that answers every call at once, and its port.
pub(crate) fn server(core: &str) -> (Running, u16) {
    let (directory, port) = (folder(), ports::free());
    let command = sipp(core, "uas", directory.path(), port);
    let mut process = Process::start("sipp uas", &command, &directory.path().join("output.log"));
    process.wait_until("open port", Duration::from_secs(5), || ports::udp_bound(port));
    (Running { _process: process, _directory: directory }, port)
}

/// A sipp that runs until it is dropped.
pub(crate) struct Running {
    _process: Process,
    _directory: tempfile::TempDir,
}

/// Calls that are hung up as soon as they are answered.
pub(crate) struct Calls {
    /// Whom to call, on this machine.
    pub(crate) port: u16,
    /// Calls per second.
    pub(crate) rate: u32,
    /// How many.
    pub(crate) count: u32,
}

/// What became of them, as sipp counted it.
pub(crate) struct Done {
    pub(crate) successful: u32,
    pub(crate) failed: u32,
    pub(crate) repeated: u32,
    pub(crate) per_second: f64,
}

impl Calls {
    pub(crate) fn run(&self) -> Done {
        let directory = folder();
        let mut command = sipp(CALLER_CORE, "uac", directory.path(), ports::free());
        command.args(["-r", &self.rate.to_string(), "-m", &self.count.to_string(), "-d", "0"]);
        command.args(["-trace_stat", "-stf", "stat.csv", "-fd", "1"]).arg(format!("127.0.0.1:{}", self.port));
        let mut process = Process::start("sipp uac", &command, &directory.path().join("output.log"));
        // Its code says whether a call failed, which the table tells in numbers.
        let _ = process.wait(Duration::from_secs(60));
        let stat = Stat::read(&directory.path().join("stat.csv"));
        Done {
            successful: stat.count("SuccessfulCall(C)"),
            failed: stat.count("FailedCall(C)"),
            repeated: stat.count("Retransmissions(C)"),
            per_second: stat.value("CallRate(C)"),
        }
    }
}

/// Calls that are answered and stay so until this is dropped.
pub(crate) struct Held {
    _running: Running,
}

impl Held {
    pub(crate) fn start(port: u16, count: u32) -> Self {
        let directory = folder();
        let count_text = count.to_string();
        let mut command = sipp(CALLER_CORE, "uac", directory.path(), ports::free());
        command.args(["-r", "1000", "-m", &count_text, "-l", &count_text, "-d", "600000"]);
        command.args(["-trace_stat", "-stf", "stat.csv", "-fd", "1"]).arg(format!("127.0.0.1:{port}"));
        let process = Process::start("sipp that holds", &command, &directory.path().join("output.log"));
        let file = directory.path().join("stat.csv");
        wait::until_true("held calls", Duration::from_secs(60), || {
            file.is_file() && Stat::read(&file).count("CurrentCall") == count
        });
        // The last of them gets its answer.
        wait::pass(Duration::from_secs(2));
        assert_eq!(Stat::read(&file).count("FailedCall(C)"), 0, "calls that were to be held failed");
        Self { _running: Running { _process: process, _directory: directory } }
    }
}

/// The last row of sipp's statistics.
struct Stat {
    head: Vec<String>,
    last: Vec<String>,
}

impl Stat {
    fn read(file: &Path) -> Self {
        let text = process::read_lossy(file);
        let cells = |line: &str| line.split(';').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines();
        let head = lines.next().map(cells).unwrap_or_default();
        // A row that is being written is shorter.
        let whole = |row: &Vec<String>| row.len() + 1 >= head.len();
        let last = lines.map(cells).rfind(whole).unwrap_or_default();
        Self { head, last }
    }

    fn value(&self, name: &str) -> f64 {
        let at = self.head.iter().position(|head| head == name);
        at.and_then(|at| self.last.get(at)?.parse().ok()).unwrap_or(f64::NAN)
    }

    fn count(&self, name: &str) -> u32 {
        self.value(name) as u32
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"))
}
