//! Measures what an operator and an administrator feel; `docs/performance.md` keeps the table.
//!
//! `./x bench [--quick]` prints one table from one run: the release binary against real peers on loopback. Every figure
//! has its goal beside it; the exit code says whether all were met. Two cores are enough; other work on them shows.
#![expect(clippy::print_stdout, reason = "the table is this program's output")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

mod desks;
mod devices;
mod import;
mod imports;
mod invite;
mod leads;
mod load;
mod memory;
mod pages;
mod rate;
mod roundtrip;
mod sip;
mod sipp;
mod start;
mod store;
mod table;
mod voice;

use std::process::ExitCode;

use e2e::daemon::binary;
use table::Table;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if load::act(&arguments)
        || roundtrip::act(&arguments)
        || devices::act(&arguments)
        || store::act(&arguments)
    {
        return ExitCode::SUCCESS;
    }
    let quick = std::env::args().any(|argument| argument == "--quick");
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| o == name);
    println!("{}\n{}\n", machine(), binary().display());

    let mut table = Table::default();
    if wanted("import") {
        import::measure(&mut table);
    }
    if wanted("store") {
        imports::measure(&mut table, quick);
        store::measure(&mut table, quick);
    }
    if wanted("sip") {
        sip::measure(&mut table, quick);
    }
    if ["start", "memory", "invite", "rate"].iter().any(|name| wanted(name)) {
        let state = leads::prepare();
        if wanted("start") {
            start::measure(&mut table, state.path(), if quick { 10 } else { 40 });
        }
        if wanted("memory") {
            memory::measure(&mut table, state.path());
        }
        if wanted("invite") {
            invite::measure(&mut table, state.path(), if quick { 60 } else { 320 });
        }
        if wanted("rate") {
            rate::measure(&mut table, state.path(), if quick { 4 } else { 15 });
        }
    }
    if wanted("media") {
        load::measure(&mut table, quick);
    }
    if wanted("desks") {
        desks::measure(&mut table, quick);
    }
    if wanted("roundtrip") {
        roundtrip::measure(&mut table, quick);
    }
    if wanted("devices") {
        devices::measure(&mut table, quick);
    }
    if wanted("voice") {
        voice::measure(&mut table, quick, !std::env::args().any(|argument| argument == "--alone"));
    }
    println!("\n{table}");
    ExitCode::from(u8::from(!table.all_met()))
}

/// A table beside the main one.
fn print(text: &str) {
    println!("\n{text}");
}

/// Processor, kernel and system, for the head of the table.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once([':', '='])
            .map_or(String::new(), |(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let system = field(&read("/etc/os-release"), "PRETTY_NAME");
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores, {processor}; {system}, Linux {}; load at start {load}", kernel.trim())
}
