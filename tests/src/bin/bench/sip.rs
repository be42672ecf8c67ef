//! The stack without store or media: its examples and sipp, each pinned to a core of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::daemon::binary;
use e2e::process::{self, Process};
use e2e::{ports, wait};

use crate::sipp::{CALLEE_CORE, CALLER_CORE, Calls, Held, pinned, server};
use crate::table::{Table, quantile};

/// How long a transaction absorbs repetitions after its answer (64*T1), and a little more.
const LINGER: Duration = Duration::from_secs(34);
/// Held calls beside which the cost of a call is measured.
const HELD: [u32; 4] = [10, 100, 1_000, 10_000];
/// How many calls per second are tried, one after the other.
const RATES: [u32; 14] =
    [500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000];

pub(crate) fn measure(table: &mut Table, quick: bool) {
    rate(table, quick);
    dial(table);
    memory(table);
    flat(table);
}

fn rate(table: &mut Table, quick: bool) {
    let seconds = if quick { 1 } else { 3 };
    let callee = Callee::start();
    let from = callee.seconds();
    let (best, calls) = highest(callee.port, seconds);
    // Ends of transactions belong to the cost of their calls.
    wait::pass(LINGER);
    let cost = (callee.seconds() - from) * 1_000.0 / f64::from(calls);
    let what = "calls per second, INVITE to BYE, nothing repeated: the stack on one core, sipp calls";
    table.at_least(what, best, 2_000.0, "calls/s");
    table.at_most("… processor time for 1,000 calls", cost, 0.25, "s");
    table.note("… pjsua on two cores, measured before, not in this run", "800 calls/s, 0.5 s");
    drop(callee);
    let (_sipp, port) = server(CALLEE_CORE);
    let (best, _) = highest(port, seconds);
    table.note("… sipp on one core in the place of the stack", format!("{best:.0} calls/s"));
}

/// The highest rate of [`RATES`] at which every call went through without a repetition, as sipp counted it, and how many
/// calls were made in all.
fn highest(port: u16, seconds: u32) -> (f64, u32) {
    let (mut best, mut made) = (0.0, 0);
    for rate in RATES {
        // Other work on the machine may spoil one try.
        let passed = (0..2).find_map(|_| {
            made += rate * seconds;
            let done = Calls { port, rate, count: rate * seconds }.run();
            let clean = done.failed == 0 && done.repeated == 0 && done.successful == rate * seconds;
            (clean && done.per_second >= f64::from(rate) * 0.95).then_some(done.per_second)
        });
        match passed {
            Some(rate) => best = rate,
            None => break,
        }
    }
    (best, made)
}

fn dial(table: &mut Table) {
    let (_callee, port) = server(CALLER_CORE);
    let target = format!("sip:service@127.0.0.1:{port}");
    let mut repeated = 0;
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let mut command = pinned(CALLEE_CORE, &example("dial"));
            let said = process::output_of(command.args([target.as_str(), "100"]));
            let words: Vec<&str> = said.split_whitespace().collect();
            repeated += number(&words, "messages") as u32;
            number(&words, "s") * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let what = "100 calls dialed at once, first INVITE to last ACK, sipp answers; median of 5";
    table.at_most(what, quantile(&times, 0.5), 50.0, "ms");
    let most = quantile(&times, 1.0);
    table.note("… slowest; repeated messages", format!("{most:.2} ms; {repeated}"));
}

/// The number before a word.
fn number(words: &[&str], unit: &str) -> f64 {
    let at = words.windows(2).find(|pair| pair[1] == unit);
    at.and_then(|pair| pair[0].parse().ok()).unwrap_or(f64::NAN)
}

fn memory(table: &mut Table) {
    let callee = Callee::start();
    let empty = callee.rss();
    let mut held = Vec::new();
    let mut before = 0;
    for (count, name) in [(1_000, "1,000"), (10_000, "10,000")] {
        held.push(Held::start(callee.port, count - before));
        before = count;
        wait::pass(LINGER);
        let each = (callee.rss() - empty) / (f64::from(count) / 1_000.0);
        table.note(&format!("memory for 1,000 idle dialogs, {name} held"), format!("{each:.2} MiB"));
    }
}

fn flat(table: &mut Table) {
    let mut costs = Vec::new();
    for count in HELD {
        // A fresh one each time: no transaction of earlier calls ends while the next are counted.
        let callee = Callee::start();
        let _held = Held::start(callee.port, count);
        let calls = Calls { port: callee.port, rate: 500, count: 2_000 };
        let mut runs: Vec<f64> = (0..3)
            .map(|_| {
                let from = callee.seconds();
                let done = calls.run();
                assert_eq!(
                    (done.successful, done.failed),
                    (2_000, 0),
                    "calls failed beside {count} held ones"
                );
                (callee.seconds() - from) * 1_000.0 / 2_000.0
            })
            .collect();
        runs.sort_by(f64::total_cmp);
        let cost = quantile(&runs, 0.5);
        let what = format!("processor time for 1,000 calls beside {count} held ones");
        table.note(&what, format!("{cost:.3} s"));
        costs.push(cost);
    }
    let ratio = costs.last().copied().unwrap_or(f64::NAN) / costs.first().copied().unwrap_or(f64::NAN);
    table.at_most("… beside 10,000 to beside 10", ratio, 1.25, "times");
}

/// The example that answers.
struct Callee {
    process: Process,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Callee {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let port = ports::free();
        let mut command = pinned(CALLEE_CORE, &example("answer"));
        command.arg(format!("127.0.0.1:{port}"));
        let mut process = Process::start("answer", &command, &directory.path().join("output.log"));
        process.wait_until("open port", Duration::from_secs(5), || ports::udp_bound(port));
        Self { process, port, _directory: directory }
    }

    /// Processor time used so far, in seconds.
    fn seconds(&self) -> f64 {
        processor_seconds(self.process.pid())
    }

    /// Resident MiB.
    fn rss(&self) -> f64 {
        let text =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1_024.0
    }
}

/// Processor time of a process, all its threads, in seconds: the scheduler's own account in nanoseconds, since the
/// ticks of `/proc/PID/stat` are 10 ms.
pub(crate) fn processor_seconds(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.map(nanoseconds).sum::<f64>() / 1e9
}

/// An example of `sip-stack` or `store`, built beside the daemon.
pub(crate) fn example(name: &str) -> PathBuf {
    let path = binary().parent().unwrap_or(Path::new(".")).join("examples").join(name);
    assert!(
        path.is_file(),
        "{} is not built: cargo build --release -p sip-stack -p store --examples",
        path.display()
    );
    path
}
