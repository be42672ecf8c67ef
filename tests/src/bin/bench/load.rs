//! What a recorded call costs: the engine in one process, a light RTP peer in another.
//!
//! Each call is a PCMU session on a seat, recorded in stereo to a disk: once with the null voice, once bridged to a desk
//! phone, which is a second PCMU session. The peer is everybody outside, callees and phones: it sends speech-like sound
//! 20 ms at a time and takes what comes, with the kernel's time of arrival. Processor time is that of the engine's process
//! alone, all its threads.

mod engine;
mod peer;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::table::Table;

pub(crate) use engine::params;

/// Calls at once.
const COUNTS: [usize; 5] = [1, 20, 100, 400, 1_000];
/// Words for the voice of the seats.
const PLAIN: &str = "plain";
const BRIDGED: &str = "bridged";
/// Words for the peer.
const LOOKS: &str = "looks";
const SLEEPS: &str = "sleeps";

/// Words that make this program one of the two processes instead.
pub(crate) fn act(arguments: &[String]) -> bool {
    match arguments {
        [verb, calls, detectors, voice, seconds] if verb == "media-engine" => {
            engine::run(number(calls), detectors == "on", voice == BRIDGED, number(seconds));
            true
        }
        [verb, how] if verb == "media-peer" => {
            peer::run(how == SLEEPS);
            true
        }
        _ => false,
    }
}

/// What one run gave.
struct Run {
    /// Milliseconds of processor time for a call and second.
    cost: f64,
    /// Resident MiB.
    rss: f64,
    /// Packets that either side missed.
    missed: f64,
    /// Distances of packets at the peer, milliseconds: p99 and longest.
    gap: (f64, f64),
}

pub(crate) fn measure(table: &mut Table, quick: bool) {
    let counts = if quick { &COUNTS[..3] } else { &COUNTS[..] };
    let seconds = if quick { 5 } else { 20 };
    let (mut plain, mut bridged) = (Vec::new(), Vec::new());
    for &calls in counts {
        for detectors in ["off", "on"] {
            let one = run(calls, detectors, PLAIN, seconds, LOOKS);
            let what = format!(
                "{calls} recorded PCMU calls, detectors {detectors}: processor time, call and second"
            );
            match calls {
                1 => table.at_most(&what, one.cost, 5.0, "ms"),
                100 => table.at_most(&what, one.cost, 0.8, "ms"),
                _ => table.note(&what, format!("{:.3} ms", one.cost)),
            }
            rest(table, calls, &one);
            if detectors == "on" && [1, 100].contains(&calls) {
                let woken = run(calls, detectors, PLAIN, seconds, SLEEPS).cost;
                let what = "… with a peer whom every packet wakes, at the sender's cost over loopback";
                table.note(what, format!("{woken:.3} ms"));
            }
            let both = run(calls, detectors, BRIDGED, seconds, LOOKS);
            let what = format!("… bridged to a desk phone, detectors {detectors}: the same");
            table.note(&what, format!("{:.3} ms, {:.2} times", both.cost, both.cost / one.cost));
            rest(table, calls, &both);
            if detectors == "on" {
                plain.push((calls, one));
                bridged.push((calls, both));
            }
        }
    }
    let Some(slope) = Slope::of(&plain) else { return };
    table.at_least("recorded calls, detectors on, for one core", slope.for_a_core, 1_000.0, "calls");
    let Slope { first, most, .. } = slope;
    table.at_most(&format!("memory of a further call, {most} to {first}"), slope.memory, 0.1, "MiB");
    table.at_most(&format!("cost of a call beside {most} to beside 100"), slope.cost, 1.1, "times");
    if let Some(slope) = Slope::of(&bridged) {
        table.note("bridged calls, detectors on, for one core", format!("{:.0} calls", slope.for_a_core));
        let what = format!("memory of a further bridged call, {most} to {first}");
        table.note(&what, format!("{:.3} MiB", slope.memory));
        let what = format!("cost of a bridged call beside {most} to beside 100");
        table.at_most(&what, slope.cost, 1.1, "times");
    }
    table.note(
        "pjsua-lib, measured elsewhere, 1 and 100 calls",
        "16 ms, 1.15 ms; distance p99 20.7 ms, longest 21.1 ms",
    );
    table.note("baresip 4.10, measured elsewhere, 1 and 100 calls", "9.4 MiB, 22 MiB resident");
}

/// What else one run gave.
fn rest(table: &mut Table, calls: usize, run: &Run) {
    table.note("… resident; packets missed", format!("{:.1} MiB; {}", run.rss, run.missed));
    if calls == 100 {
        table.at_most("… distance of packets, p99", run.gap.0, 20.5, "ms");
        table.note("… longest", format!("{:.2} ms", run.gap.1));
    }
}

/// How figures change with the number of calls.
struct Slope {
    first: usize,
    most: usize,
    /// Calls that one core carries.
    for_a_core: f64,
    /// MiB of a further call.
    memory: f64,
    /// Cost beside the most calls to that beside 100.
    cost: f64,
}

impl Slope {
    fn of(runs: &[(usize, Run)]) -> Option<Self> {
        let ((first, one), (most, many)) = runs.first().zip(runs.last())?;
        let (_, hundred) = runs.iter().find(|(calls, _)| *calls == 100)?;
        Some(Self {
            first: *first,
            most: *most,
            for_a_core: 1_000.0 / many.cost,
            memory: (many.rss - one.rss) / (most - first) as f64,
            cost: many.cost / hundred.cost,
        })
    }
}

/// Both processes, and what they say.
fn run(calls: usize, detectors: &str, voice: &str, seconds: usize, peer: &str) -> Run {
    let (calls_word, seconds_word) = (calls.to_string(), seconds.to_string());
    let mut engine = Half::start(&["media-engine", &calls_word, detectors, voice, &seconds_word]);
    let ports = engine.hear();
    let mut peer = Half::start(&["media-peer", peer]);
    peer.say(&ports);
    engine.say(&peer.hear());
    // Processor time, memory, packets that the engine got and the recorder lost.
    let told = numbers(&engine.hear());
    peer.say("end");
    let gaps = numbers(&peer.hear());
    let value = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(f64::NAN);
    Run {
        cost: value(&told, 0) / (calls * seconds) as f64,
        rss: value(&told, 1),
        missed: value(&told, 2) + value(&gaps, 2),
        gap: (value(&gaps, 0), value(&gaps, 1)),
    }
}

/// This program again, as one side; it ends with its input.
struct Half {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Half {
    fn start(arguments: &[&str]) -> Self {
        let own = std::env::current_exe().unwrap_or_else(|error| panic!("no program: {error}"));
        let mut command = Command::new(own);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {arguments:?}: {error}"));
        let Some(out) = child.stdout.take() else { panic!("no output of {arguments:?}") };
        Self { child, out: BufReader::new(out) }
    }

    fn say(&mut self, line: &str) {
        let Some(input) = &mut self.child.stdin else { return };
        writeln!(input, "{line}").unwrap_or_else(|error| panic!("half of the bench is gone: {error}"));
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        let read = self.out.read_line(&mut line);
        assert!(read.is_ok_and(|count| count > 0), "half of the bench is gone, see above");
        line.trim().to_owned()
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // It ends by itself when its input does; this is for one that hangs.
        drop(self.child.stdin.take());
        if e2e::wait::within(std::time::Duration::from_secs(20), || self.child.try_wait().ok().flatten())
            .is_none()
        {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// A line of the other process, which said it last.
fn heard() -> String {
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    line.trim().to_owned()
}

/// Tells the other process.
fn tell(line: &str) {
    println!("{line}");
}
