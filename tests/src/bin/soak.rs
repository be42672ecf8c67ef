//! Hours of calls: several seats call down one list after another at the practice exchange, operators save at random,
//! and at the end every counter is recounted, no number was dialed twice in a round, and nothing has grown.
//!
//! `./x soak [--minutes N] [--seats N] [--leads N] [--seed N]`; 10 minutes, 4 seats, 400 leads a list by default. Exits 1
//! when a rule is broken. Loopback only; stops by itself.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use e2e::daemon::{Account, Control, Daemon, Seat, binary};
use e2e::process::Process;
use e2e::wait;
use serde_json::{Value, json};

struct Options {
    minutes: u64,
    seats: usize,
    leads: usize,
    seed: u64,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(usage) => {
            println!("{usage}");
            return ExitCode::from(2);
        }
    };
    let broken = soak(&options);
    for line in &broken {
        println!("BROKEN: {line}");
    }
    ExitCode::from(u8::from(!broken.is_empty()))
}

fn options() -> Result<Options, String> {
    let mut options = Options { minutes: 10, seats: 4, leads: 400, seed: 1 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let usage = || String::from("usage: soak [--minutes N] [--seats N] [--leads N] [--seed N]");
        let value: u64 = arguments.next().and_then(|value| value.parse().ok()).ok_or_else(usage)?;
        match name.as_str() {
            "--minutes" => options.minutes = value,
            "--seats" => options.seats = usize::try_from(value).unwrap_or(1).clamp(1, 30),
            "--leads" => options.leads = usize::try_from(value).unwrap_or(1).clamp(1, 10_000),
            "--seed" => options.seed = value,
            _ => return Err(usage()),
        }
    }
    Ok(options)
}

#[expect(clippy::disallowed_methods, reason = "a soak is measured by the wall clock")]
fn soak(options: &Options) -> Vec<String> {
    let (_exchange, address) = exchange();
    let mut setup = Daemon::builder()
        .account(Account::new("practice", address).kind("practice").user("100", "practice"))
        .set("dialing", "ring_timeout", "\"1s\"")
        .set("log", "level", "\"warn\"");
    for seat in 0..options.seats {
        setup = setup.seat(Seat::new(&format!("s{seat}"), "practice"));
    }
    let daemon = setup.start();
    daemon.wait_registered("practice", Duration::from_secs(10));
    let started = Instant::now();
    let end = started + Duration::from_secs(options.minutes * 60);
    let (over, rounds, saves) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let pid = daemon_pid(&daemon);
    let first = memory(pid);
    println!(
        "seats {}, {} leads a list, {} minutes; start: {first}",
        options.seats, options.leads, options.minutes
    );
    std::thread::scope(|scope| {
        for seat in 0..options.seats {
            let (daemon, over, saves) = (&daemon, &over, &saves);
            let seed = options.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seat as u64;
            scope.spawn(move || operator(daemon, &format!("s{seat}"), seed, over, saves));
        }
        let mut next_report = started + REPORT;
        while Instant::now() < end {
            let round = rounds.fetch_add(1, Ordering::Relaxed);
            let list = format!("round {round}");
            daemon.import(&list, leads(options.leads));
            for seat in 0..options.seats {
                daemon.cli(&["--seat", &format!("s{seat}"), "dial", "start", &list]);
            }
            while Instant::now() < end && dialing(&daemon) {
                wait::pass(Duration::from_millis(500));
                if Instant::now() >= next_report {
                    next_report += REPORT;
                    let stats = daemon.cli(&["stats"]);
                    println!(
                        "{:>5} s  calls {}  {}",
                        started.elapsed().as_secs(),
                        stats["calls"],
                        memory(pid)
                    );
                }
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let last = memory(pid);
    println!(
        "end: {last}, {} rounds, {} saves",
        rounds.load(Ordering::Relaxed),
        saves.load(Ordering::Relaxed)
    );
    judge(&daemon, &first, &last)
}

/// What must hold afterwards.
fn judge(daemon: &Daemon, first: &Memory, last: &Memory) -> Vec<String> {
    let mut broken = Vec::new();
    let told = daemon.cli(&["stats"]);
    let database = daemon.database();
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(-1);
    let calls =
        count("SELECT count(*) FROM attempts WHERE origin = 'list' AND void = 0 AND ended_at IS NOT NULL");
    if told["calls"].as_i64() != Some(calls) {
        broken.push(format!("{} calls told, {calls} rows", told["calls"]));
    }
    let twice = count(
        "SELECT count(*) FROM (SELECT lead_id FROM attempts WHERE void = 0 AND lead_id IS NOT NULL
         GROUP BY lead_id, round HAVING count(*) > 1)",
    );
    if twice != 0 {
        broken.push(format!("{twice} leads were dialed twice in a round"));
    }
    let undialed = count(
        "SELECT count(*) FROM attempts WHERE ended_at IS NOT NULL AND dialed_at IS NULL AND direction = 'out'",
    );
    if undialed != 0 {
        broken.push(format!("{undialed} calls ended that were never marked as dialed"));
    }
    let rows = daemon.drop_rows();
    let ids: HashSet<&str> = rows.iter().filter_map(|row| row.get("id").map(String::as_str)).collect();
    let sealed = count("SELECT count(*) FROM attempts WHERE sealed_at IS NOT NULL");
    let waiting = count("SELECT count(*) FROM outbox");
    if i64::try_from(ids.len()).unwrap_or(-1) + waiting < sealed {
        broken.push(format!("{sealed} sealed, {} handed out, {waiting} waiting", ids.len()));
    }
    if last.rss_kib > first.rss_kib * 2 + 8 * 1024 {
        broken.push(format!("memory grew from {} to {} KiB", first.rss_kib, last.rss_kib));
    }
    if last.descriptors > first.descriptors + 40 {
        broken.push(format!("open files grew from {} to {}", first.descriptors, last.descriptors));
    }
    broken
}

/// One operator: hangs up after a while, saves something, goes on.
fn operator(daemon: &Daemon, seat: &str, seed: u64, over: &AtomicBool, saves: &AtomicU64) {
    let mut random = seed | 1;
    let mut draw = |below: u64| {
        // xorshift64: the seed gives the same shift again.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let mut control = daemon.control();
    while !over.load(Ordering::Relaxed) {
        wait::pass(Duration::from_millis(50 + draw(200)));
        let status = match control.call("status.get", &json!({})) {
            Ok(status) => status,
            Err(error) => panic!("status refused: {error:?}"),
        };
        let state = seat_of(&status, seat)["state"].as_str().unwrap_or_default().to_owned();
        let mut ask = |method: &str, params: Value| control.call(method, &params).is_ok();
        match state.as_str() {
            "in_call" if draw(4) == 0 => {
                ask("call.hangup", json!({ "seat": seat }));
            }
            "wrap_up" => {
                let status = ["prospect", "callback", "no_contact"][usize::try_from(draw(3)).unwrap_or(0)];
                let params = json!({ "seat": seat, "status": status, "memo": "soak", "next": "dial" });
                saves.fetch_add(u64::from(ask("call.save", params)), Ordering::Relaxed);
            }
            "previewing" | "paused" => {
                ask("seat.ready", json!({ "seat": seat }));
            }
            _ => {}
        }
    }
    // A failed last command is nobody's loss.
    let _ = control.call("dial.stop", &json!({ "seat": seat }));
}

fn dialing(daemon: &Daemon) -> bool {
    let status = daemon.cli(&["status"]);
    status["seats"].as_array().is_some_and(|seats| seats.iter().any(|seat| !seat["dial"].is_null()))
}

fn seat_of<'a>(status: &'a Value, name: &str) -> &'a Value {
    let seats = status["seats"].as_array();
    seats.and_then(|seats| seats.iter().find(|seat| seat["name"] == name)).unwrap_or(&Value::Null)
}

/// A list in which every kind of callee occurs; refusing ones are left out, since they end on the do-not-call list.
fn leads(count: usize) -> String {
    let mut csv = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\n");
    let kinds = [10, 11, 20, 30, 31, 40, 50, 60, 70, 75, 85];
    for lead in 0..count {
        let _ = writeln!(
            csv,
            "会社{lead},担当{lead},03-{:04}-{:02}{:02},soak",
            1_000 + lead / 100,
            lead % 100,
            kinds[lead % kinds.len()]
        );
    }
    csv
}

/// The practice exchange as a process of its own.
fn exchange() -> (Process, SocketAddr) {
    let log = std::env::temp_dir().join(format!("kakeru-soak-exchange-{}.log", std::process::id()));
    let mut command = Command::new(binary());
    command.args(["exchange", "--listen", "127.0.0.1:0", "--fast", "--json"]);
    let process = Process::start("exchange", &command, &log);
    let address = wait::until("the exchange's address", Duration::from_secs(10), || {
        let text = process.output();
        let line = text.lines().find(|line| line.starts_with('{'))?;
        serde_json::from_str::<Value>(line).ok()?["listen"].as_str()?.parse().ok()
    });
    (process, address)
}

fn daemon_pid(daemon: &Daemon) -> u64 {
    let mut control: Control = daemon.control();
    control.call("status.get", &json!({})).ok().and_then(|status| status["pid"].as_u64()).unwrap_or(0)
}

/// What a process holds.
struct Memory {
    rss_kib: u64,
    descriptors: usize,
    threads: u64,
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RSS {} KiB, {} open files, {} threads", self.rss_kib, self.descriptors, self.threads)
    }
}

fn memory(pid: u64) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    Memory { rss_kib: field("VmRSS:").unwrap_or(0), descriptors, threads: field("Threads:").unwrap_or(0) }
}

const REPORT: Duration = Duration::from_secs(30);
