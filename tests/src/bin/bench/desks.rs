//! What a floor of desk phones costs the whole daemon: signalling, store, media, events.

use std::time::Duration;

use e2e::daemon::{Account, Seat};
use e2e::peer::sipp::Scenario;
use e2e::{ports, wait};
use serde_json::json;

use crate::leads;
use crate::sip::processor_seconds;
use crate::table::Table;

const SEATS: usize = 20;
/// Phones are called, calls set up, recordings begun.
const LIMIT: Duration = Duration::from_secs(30);

/// Twenty seats in a call each, recorded, detectors on: callees play a tone, phones send back what they hear.
pub(crate) fn measure(table: &mut Table, quick: bool) {
    let time = Duration::from_secs(if quick { 5 } else { 20 });
    let (exchange, phones) =
        (Scenario::server("uas_answer_tone").start(), Scenario::server("uas_answer").start());
    let rtp = ports::run(100);
    let range = format!("\"{}-{}\"", rtp.start(), rtp.end());
    let line = Account::new("main", exchange.address()).unregistered();
    let mut setup = leads::setup(line).set("media", "ports", &range);
    for seat in 0..SEATS {
        let voice = format!("{{ kind = \"phone\", address = \"sip:2{seat:02}@{}\" }}", phones.address());
        setup = setup.seat(Seat::new(&format!("s{seat}"), "main").set("voice", &voice));
    }
    let mut daemon = setup.start();
    let (pid, mut control) = (daemon.process().pid(), daemon.control());
    for seat in 0..SEATS {
        let params = json!({ "seat": format!("s{seat}"), "number": format!("03123400{seat:02}") });
        control.call("call.dial", &params).unwrap_or_else(|error| panic!("seat {seat}: {error:?}"));
    }
    wait::until_true("every seat talks", LIMIT, || {
        let status = control.call("status.get", &json!({})).unwrap_or_default();
        let talks = |seat: &serde_json::Value| seat["state"] == "in_call";
        status["seats"].as_array().is_some_and(|seats| seats.iter().all(talks))
    });
    wait::pass(Duration::from_secs(2));
    let used = processor_seconds(pid);
    wait::pass(time);
    let used = (processor_seconds(pid) - used) * 1_000.0 / time.as_secs_f64();
    let what =
        format!("the daemon with {SEATS} recorded calls on desk phones: processor time, call and second");
    table.note(&what, format!("{:.2} ms, {:.1} % of a core", used / SEATS as f64, used / 10.0));
    daemon.stop();
}
