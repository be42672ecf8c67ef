//! Idle memory, from the kernel's own account of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use e2e::daemon::Account;
use e2e::peer::baresip::Phone;
use e2e::peer::kamailio;
use e2e::wait;

use crate::leads;
use crate::table::Table;

/// Long enough for what is opened lazily to be closed again: the housekeeper looks through the leads four seconds after the start, and its
/// connection goes two to three seconds later.
const IDLE: Duration = Duration::from_secs(12);

pub(crate) fn measure(table: &mut Table, state: &Path) {
    let registrar = kamailio::Setup::default().user("100", "secret").user("200", "secret").start();
    let mut daemon = leads::daemon(leads::setup(Account::new("main", registrar.address())), state);
    daemon.start();
    daemon.wait_registered("main", Duration::from_secs(10));
    let mut phone = Phone::new("200").registrar(registrar.address(), "secret").start();
    wait::pass(IDLE);
    let ours = Rollup::of(daemon.process().pid());
    table.at_most("idle memory, registered, 100,000 leads: RSS", ours.rss, 10.0, "MiB");
    table.at_most("idle memory: anonymous", ours.anonymous, 3.0, "MiB");
    for (what, (resident, anonymous)) in parts(daemon.process().pid()) {
        table.note(&format!("… of it {what}"), format!("{resident:.2} MiB, anonymous {anonymous:.2}"));
    }
    let threads =
        std::fs::read_dir(format!("/proc/{}/task", daemon.process().pid())).map_or(0, Iterator::count);
    table.note("… threads", threads.to_string());
    let theirs = Rollup::of(phone.process().pid());
    table.note(
        "baresip, registered, one audio codec: RSS",
        format!("{:.2} MiB, anonymous {:.2}", theirs.rss, theirs.anonymous),
    );
}

/// `/proc/PID/smaps_rollup`, in MiB.
struct Rollup {
    rss: f64,
    anonymous: f64,
}

impl Rollup {
    fn of(pid: u32) -> Self {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
        let text = text.unwrap_or_else(|error| panic!("no account of process {pid}: {error}"));
        let field = |key: &str| text.lines().find_map(|line| kib(line, key)).unwrap_or(f64::NAN) / 1_024.0;
        Self { rss: field("Rss:"), anonymous: field("Anonymous:") }
    }
}

fn kib(line: &str, key: &str) -> Option<f64> {
    line.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Resident and anonymous MiB by kind of mapping.
fn parts(pid: u32) -> BTreeMap<&'static str, (f64, f64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
    let mut parts: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    let mut part = "other";
    for line in text.lines() {
        let first = line.split(' ').next().unwrap_or_default();
        if first.contains('-') && !first.ends_with(':') {
            part = kind(line.split_whitespace().nth(5).unwrap_or_default());
        } else if let Some(rss) = kib(line, "Rss:") {
            parts.entry(part).or_default().0 += rss / 1_024.0;
        } else if let Some(anonymous) = kib(line, "Anonymous:") {
            parts.entry(part).or_default().1 += anonymous / 1_024.0;
        }
    }
    parts.retain(|_, (rss, _)| *rss >= 0.01);
    parts
}

fn kind(path: &str) -> &'static str {
    if path.ends_with("/kakeru") {
        "the program's code and constants"
    } else if path.contains("libasound") {
        "the ALSA library"
    } else if path.contains(".so") {
        "the C library and others"
    } else if path.contains("kakeru.db") {
        "SQLite's shared index"
    } else if path == "[heap]" {
        "the main thread's heap"
    } else if path == "[stack]" {
        "the main thread's stack"
    } else if path.is_empty() {
        "other threads' stacks and heaps"
    } else {
        "other"
    }
}
