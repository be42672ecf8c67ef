//! Somebody is asked before a call is handed over: two calls of one seat, against sipp as an exchange with both of them.

use std::path::PathBuf;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::{self, Scenario, Sipp};
use e2e::wait;
use e2e::wav::Sound;
use serde_json::{Value, json};

use crate::SOON;

const CUSTOMER: &str = "0312340001";
const COLLEAGUE: &str = "0355550100";
const SECOND: Duration = Duration::from_secs(1);
/// What the operator says, in Hz.
const OPERATOR_HZ: f64 = 440.0;

fn wait_state(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

/// A seat in a call with the customer, at an exchange that answers everybody.
fn talking() -> (Sipp, Daemon) {
    let exchange = Scenario::server("uas_transfer").calls(2).start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    daemon.cli(&["call", CUSTOMER]);
    wait_state(&daemon, "in_call");
    (exchange, daemon)
}

/// Who waits: the customer, whom is asked.
fn wait_held(daemon: &Daemon, customer: bool, colleague: bool) -> Value {
    daemon.wait_status("hold", SOON, |status| {
        let seat = &status["seats"][0];
        seat["call"]["held"] == customer
            && seat["consult"]["held"] == colleague
            && seat["consult"]["state"] == "answered"
    })
}

fn recording(daemon: &Daemon, row: &Value) -> PathBuf {
    let found = wait::within(SOON, || {
        let history = daemon.cli(&["history", "--manual", "include"]);
        let rows =
            history["rows"].as_array()?.iter().find(|other| other["attempt"] == row["attempt"])?.clone();
        (rows["recording"]["state"] == "final")
            .then(|| PathBuf::from(rows["recording"]["path"].as_str().expect("a path")))
    });
    let path = found.unwrap_or_else(|| panic!("no recording of {row:#}"));
    if path.is_absolute() { path } else { daemon.path("recordings").join(path) }
}

/// The customer waits, a colleague is asked and takes over: REFER with Replaces (RFC 5589 7). The operator is heard by one of
/// the two at a time, and each conversation has its own row and recording.
#[test]
fn a_colleague_is_asked_and_takes_the_customer_over() {
    let exchange = Scenario::server("uas_transfer").calls(2).start();
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, OPERATOR_HZ, sipp::TONE_DBFS, SECOND * 30).write(&say).unwrap();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    daemon.cli(&["call", CUSTOMER]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 2);
    let seat = daemon.cli(&["consult", COLLEAGUE]);
    assert_eq!(seat["consult"]["number"], COLLEAGUE, "{seat:#}");
    assert_eq!(seat["consult"]["parent"], seat["call"]["attempt"]);
    wait_held(&daemon, true, false);
    wait::pass(SECOND * 2);
    let seat = daemon.cli(&["transfer"]);
    assert_eq!(seat["call"]["transfer"], json!({ "way": "attended", "number": COLLEAGUE, "state": "done" }));
    wait_state(&daemon, "wrap_up");

    let invites = exchange.invites();
    let numbers: Vec<&str> = invites.iter().map(|invite| invite.number.as_str()).collect();
    assert_eq!(numbers, [CUSTOMER, COLLEAGUE]);
    let refer = exchange.received("REFER").remove(0);
    assert_eq!(refer.header("Call-ID"), Some(invites[0].call_id.as_str()), "asked of the customer's side");
    let to = refer.header("Refer-To").unwrap();
    assert!(to.contains("?Replaces=") && to.contains(&invites[1].call_id), "{to}");
    exchange.succeed(SOON);

    let rows = daemon.wait_history(2, SOON);
    let of = |number: &str| rows.iter().find(|row| row["number"] == number).expect("a row").clone();
    let (customer, colleague) = (of(CUSTOMER), of(COLLEAGUE));
    assert_eq!(customer["transfer"], json!({ "way": "attended", "number": COLLEAGUE, "code": 200 }));
    assert_eq!(colleague["parent"], customer["attempt"]);
    assert_eq!(colleague["outcome"], "talk");
    assert!(customer["sealed_at"].is_null() && customer["parent"].is_null());
    // Nobody has to judge the consultation: it leaves the box by itself, and is no call of the list.
    let told = daemon.wait_drop_rows(1, SOON);
    assert_eq!(told[0]["parent_id"], customer["attempt"].as_str().unwrap());
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    assert_eq!(daemon.wait_drop_rows(2, SOON)[1]["transfer"], "attended");

    let operator = |row: &Value| Sound::read(&recording(&daemon, row), 0).unwrap();
    let (first, second) = (operator(&customer), operator(&colleague));
    let (talk, waiting) = (first.slice(SECOND / 2, SECOND), first.slice(first.length() - SECOND, SECOND / 2));
    assert!((talk.frequency() - OPERATOR_HZ).abs() < 3.0, "{} Hz", talk.frequency());
    assert!(waiting.level() < -70.0, "who waits hears the operator: {} dBFS", waiting.level());
    let asked = second.slice(second.length() - SECOND, SECOND / 2);
    assert!((asked.frequency() - OPERATOR_HZ).abs() < 3.0, "{} Hz", asked.frequency());
}

/// `consult --cancel`, `hangup` and a busy colleague all lead back to the customer.
#[test]
fn the_operator_comes_back_to_the_customer() {
    for (number, back) in [
        (COLLEAGUE, Some(&["consult", "--cancel"][..])),
        (COLLEAGUE, Some(&["hangup"][..])),
        ("03-5555-0186", None),
    ] {
        let (exchange, daemon) = talking();
        daemon.cli(&["consult", number]);
        if let Some(back) = back {
            wait_held(&daemon, true, false);
            daemon.cli(back);
        }
        daemon.wait_status("the customer", SOON, |status| {
            let seat = &status["seats"][0];
            seat["consult"].is_null() && seat["call"]["held"] == false && seat["state"] == "in_call"
        });
        let held: Vec<bool> = exchange
            .wait_received("INVITE", 4, SOON)
            .iter()
            .map(|it| it.body().contains("a=sendonly"))
            .collect();
        assert_eq!(held.iter().filter(|held| **held).count(), 1, "{held:?}");
        daemon.cli(&["hangup"]);
        exchange.succeed(SOON);
        let rows = daemon.wait_history(2, SOON);
        let second = rows.iter().find(|row| !row["parent"].is_null()).expect("the row of the consultation");
        let code = if back.is_some() { 200 } else { 486 };
        assert_eq!(second["sip_code"], code, "{second:#}");
        assert!(!second["sealed_at"].is_null() && second["status"].is_null(), "{second:#}");
    }
}

#[test]
fn the_operator_swaps_between_the_two() {
    let (exchange, daemon) = talking();
    daemon.cli(&["consult", COLLEAGUE]);
    wait_held(&daemon, true, false);
    daemon.run(&["resume"]).refused("E-STATE");
    daemon.cli(&["swap"]);
    wait_held(&daemon, false, true);
    daemon.cli(&["swap"]);
    wait_held(&daemon, true, false);
    daemon.cli(&["swap"]);
    wait_held(&daemon, false, true);
    // The operator ends the call that they are in: the customer's. The colleague goes when the operator goes on.
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    assert_eq!(daemon.cli(&["status"])["seats"][0]["consult"]["number"], COLLEAGUE);
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    exchange.wait_received("BYE", 2, SOON);
    exchange.succeed(SOON);
    daemon.wait_status("a free seat", SOON, |status| status["seats"][0]["consult"].is_null());
}

/// The exchange takes no REFER with Replaces: both calls stay as they are, and the operator talks with whom is asked.
#[test]
fn a_refused_handover_keeps_both() {
    let exchange = Scenario::server("uas_transfer").calls(2).edit("(01@|Replaces=)", "(01@)").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    daemon.cli(&["call", CUSTOMER]);
    wait_state(&daemon, "in_call");
    daemon.run(&["transfer"]).refused("E-BAD-REQUEST");
    daemon.cli(&["consult", COLLEAGUE]);
    wait_held(&daemon, true, false);
    daemon.run(&["transfer", "0355550101"]).refused("E-CALL-BUSY");
    daemon.run(&["transfer"]).refused("E-TRANSFER-REFUSED");
    wait_held(&daemon, true, false);
    daemon.cli(&["consult", "--cancel"]);
    daemon.wait_status("the customer", SOON, |status| status["seats"][0]["call"]["held"] == false);
    daemon.cli(&["hangup"]);
    exchange.succeed(SOON);
}

/// Nobody waits for a number that may not be called.
#[test]
fn a_forbidden_number_is_not_asked() {
    let (exchange, daemon) = talking();
    daemon.cli(&["dnc", "add", COLLEAGUE, "--reason", "希望"]);
    daemon.run(&["consult", COLLEAGUE]).refused("E-DNC");
    daemon.run(&["consult", "119"]).refused("E-PHONE-FORBIDDEN");
    daemon.run(&["swap"]).refused("E-NO-CALL");
    daemon.run(&["consult", "--cancel"]).refused("E-NO-CALL");
    assert_eq!(exchange.received("INVITE").len(), 1);
    assert_eq!(daemon.cli(&["status"])["seats"][0]["call"]["held"], false);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    daemon.run(&["consult", COLLEAGUE]).refused("E-NO-CALL");
}

/// SIGKILL while a colleague is asked: the customer's call waits for its result, the consultation for nobody.
#[test]
fn a_crash_leaves_no_consultation_open() {
    let (_exchange, mut daemon) = talking();
    daemon.cli(&["consult", COLLEAGUE]);
    wait_held(&daemon, true, false);
    daemon.kill9();
    daemon.start();
    let open = daemon.cli(&["history", "--open"]);
    let rows = open["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["number"].as_str()), (1, Some(CUSTOMER)), "{open:#}");
    assert_eq!(daemon.cli(&["status"])["interrupted"], 1);
}
