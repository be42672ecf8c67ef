//! Talks that are cut by SIGKILL: the recording goes on to the last second.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::{Scenario, TONE_DBFS, TONE_HZ};
use e2e::wait;
use e2e::wav::Sound;
use serde_json::{Value, json};

use super::Chance;
use crate::SOON;

const DEATHS: u64 = 4;
const SEATS: [&str; 3] = ["a", "b", "c"];
const SEED: u64 = 5;
/// What may be lost, in milliseconds.
const LOST_MS: u64 = 1_000;

#[expect(clippy::disallowed_methods, reason = "wall-clock time of a talk that another process measures too")]
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as u64
}

#[test]
fn a_death_costs_at_most_the_last_second_of_a_recording() {
    let mut chance = Chance::new(SEED);
    let seed = chance.0;
    for death in 0..DEATHS {
        // A new one for each life: sipp plays to a dead caller for ever, and only to a few callers at a time.
        let exchange = Scenario::server("exchange").start();
        let mut setup = Daemon::builder().account(Account::new("main", exchange.address()).unregistered());
        for seat in SEATS {
            setup = setup.seat(Seat::new(seat, "main").set("operator", &format!("\"{seat}\"")));
        }
        let mut daemon = setup.start();
        let mut control = daemon.control();
        for (n, seat) in SEATS.iter().enumerate() {
            // Not all at once: each is cut at another phase of its fsync.
            wait::pass(Duration::from_millis(chance.below(250)));
            let number = format!("0312{death}{n}0001");
            control.call("call.dial", &json!({ "seat": seat, "number": number })).expect("the call goes out");
        }
        let mut status = Value::Null;
        wait::until_true("three talks", SOON, || {
            status = control.call("status.get", &json!({})).expect("there is a status");
            seats(&status).all(|seat| seat["state"] == "in_call")
        });
        wait::pass(Duration::from_millis(500 + chance.below(2_500)));
        daemon.kill9();
        let died = now_ms();
        let answered: Vec<(String, u64)> = seats(&status)
            .map(|seat| {
                let call = &seat["call"];
                (call["attempt"].as_str().unwrap().to_owned(), call["answered_at"].as_u64().unwrap())
            })
            .collect();

        daemon.start();
        let history = daemon.cli(&["history", "--interrupted"]);
        for (attempt, answered) in answered {
            let talked = died - answered;
            let story = format!("seed {seed}, death {death} after {talked} ms of talk");
            let rows = history["rows"].as_array().unwrap();
            let row = rows.iter().find(|row| row["attempt"] == attempt).unwrap_or_else(|| panic!("{story}"));
            let recording = &row["recording"];
            assert_eq!(recording["state"], "final", "{story}: {row:#}");
            let heard =
                Sound::read(recording["path"].as_str().unwrap().as_ref(), 1).expect("a stereo WAV file");
            let length = heard.length().as_millis() as u64;
            assert!(length + LOST_MS >= talked, "{story}: only {length} ms were kept");
            assert!(length <= talked + 500, "{story}: {length} ms were kept");
            // Not silence that fills up: the callee is heard up to the cut.
            let end = heard.slice(heard.length() - Duration::from_millis(200), Duration::from_millis(200));
            let level = end.level_at(TONE_HZ);
            assert!((level - TONE_DBFS).abs() < 3.0, "{story}: the last 200 ms are at {level} dBFS");
        }
    }
}

fn seats(status: &Value) -> impl Iterator<Item = &Value> {
    status["seats"].as_array().expect("seats").iter()
}
