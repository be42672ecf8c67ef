//! Transfers against sipp: what the exchange is asked, what it tells, and what becomes of the call.

use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon, Outcome, Seat};
use e2e::peer::sipp::{self, Scenario, Sipp};
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;

use crate::SOON;

/// A daemon in a call with a callee who takes transfers as `uas_transfer` says.
fn talking() -> (Sipp, Daemon, Control) {
    let callee = Scenario::server("uas_transfer").calls(1).start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut events = daemon.control();
    events.subscribe(None).expect("events");
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    (callee, daemon, events)
}

fn wait_state(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

/// The next event of the transfer: its state and code.
fn told(events: &mut Control) -> (String, Option<u64>) {
    let event =
        events.wait_event("transfer", SOON, |event| event["params"]["kind"] == "call.transfer")["params"]
            .take();
    (event["transfer"]["state"].as_str().expect("a state").to_owned(), event["code"].as_u64())
}

#[track_caller]
fn assert_refused(outcome: &Outcome, code: &str, detail: &str) {
    outcome.refused(code);
    assert!(outcome.stdout.contains(detail), "{outcome:#?}");
}

/// What history says of the call's transfer.
fn handed(daemon: &Daemon) -> Value {
    daemon.wait_history(1, SOON).remove(0)["transfer"].take()
}

#[test]
fn a_call_is_handed_to_a_number() {
    let (callee, daemon, mut events) = talking();
    let seat = daemon.cli(&["transfer", "03-5555-0101"]);
    assert_eq!(seat["call"]["transfer"]["state"], "done", "{seat:#}");
    wait_state(&daemon, "wrap_up");

    // Held first, then asked; the number in the account's own form, at the account's exchange.
    let offers = callee.received("INVITE");
    assert_eq!(offers.len(), 2);
    assert!(offers[1].body().contains("a=sendonly"), "{}", offers[1].text);
    let refers = callee.received("REFER");
    let to = format!("<sip:0355550101@{}>", callee.address());
    assert_eq!(refers[0].header("Refer-To"), Some(to.as_str()), "{}", refers[0].text);
    assert!(refers[0].header("Referred-By").unwrap().contains("sip:100@"), "{}", refers[0].text);

    let progress: Vec<_> = (0..5).map(|_| told(&mut events)).collect();
    let states: Vec<_> = progress.iter().map(|(state, code)| (state.as_str(), *code)).collect();
    let expected = [
        ("asked", None),
        ("accepted", Some(202)),
        ("progress", Some(100)),
        ("progress", Some(180)),
        ("done", Some(200)),
    ];
    assert_eq!(states, expected);
    callee.succeed(SOON);
    assert_eq!(handed(&daemon), serde_json::json!({ "way": "blind", "number": "0355550101", "code": 200 }));
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let rows = daemon.wait_drop_rows(1, SOON);
    let told = ["transfer", "transferred_to", "transfer_code"].map(|column| rows[0][column].as_str());
    assert_eq!(told, ["blind", "+81355550101", "200"]);
}

/// The exchange says no at once, or the target cannot be reached: the customer is taken off hold, and the call goes on.
#[test]
fn a_transfer_that_fails_leaves_the_call_as_it_was() {
    for (number, code, detail) in [
        ("03-5555-0102", "E-TRANSFER-REFUSED", "603"),
        ("03-5555-0106", "E-TRANSFER-REFUSED", "404"),
        ("03-5555-0103", "E-TRANSFER-FAILED", "503"),
    ] {
        let (callee, daemon, _events) = talking();
        assert_refused(&daemon.run(&["transfer", number]), code, detail);
        let offers = callee.wait_received("INVITE", 3, SOON);
        assert!(!offers[2].body().contains("a=sendonly"), "{}", offers[2].text);
        let status = daemon.wait_status("talk", SOON, |status| status["seats"][0]["call"]["held"] == false);
        assert_eq!(status["seats"][0]["state"], "in_call");
        assert!(status["seats"][0]["call"]["transfer"].is_null());
        daemon.cli(&["hangup"]);
        callee.succeed(SOON);
        assert!(handed(&daemon).is_null());
    }
}

/// A call that the operator had put on hold stays there.
#[test]
fn a_held_call_stays_held_when_its_transfer_fails() {
    let (callee, daemon, _events) = talking();
    daemon.cli(&["hold"]);
    daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    assert_refused(&daemon.run(&["transfer", "03-5555-0102"]), "E-TRANSFER-REFUSED", "603");
    assert_eq!(daemon.cli(&["status"])["seats"][0]["call"]["held"], true);
    assert_eq!(callee.received("INVITE").len(), 2);
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
}

/// RFC 5589 6.1: the exchange may end the call as soon as it tries.
#[test]
fn a_bye_after_the_202_counts_as_arrived() {
    let (callee, daemon, _events) = talking();
    daemon.cli(&["transfer", "03-5555-0105"]);
    wait_state(&daemon, "wrap_up");
    callee.succeed(SOON);
    let expected = serde_json::json!({ "way": "blind", "number": "0355550105", "code": null });
    assert_eq!(handed(&daemon), expected);
}

/// An exchange that never tells: the operator sees that it tries, and may leave. The row says what is known.
#[test]
fn an_exchange_that_never_tells_is_left_by_hand() {
    let (callee, daemon, mut events) = talking();
    daemon.control().send("call.transfer", &serde_json::json!({ "number": "03-5555-0104" }));
    assert_eq!(told(&mut events), ("asked".to_owned(), None));
    assert_eq!(told(&mut events), ("accepted".to_owned(), Some(202)));
    let again = daemon.run(&["transfer", "03-5555-0104"]);
    assert_refused(&again, "E-BUSY", "under way");
    assert_eq!(daemon.cli(&["status"])["seats"][0]["call"]["transfer"]["state"], "accepted");
    daemon.cli(&["hangup"]);
    assert_eq!(told(&mut events), ("done".to_owned(), None));
    callee.succeed(SOON);
    assert_eq!(handed(&daemon)["code"], Value::Null);
    assert_eq!(handed(&daemon)["number"], "0355550104");
}

/// The rules of dialing hold for the target, and are asked before the customer notices anything.
#[test]
fn a_forbidden_target_is_refused_before_anything_is_sent() {
    let (callee, daemon, _events) = talking();
    daemon.cli(&["dnc", "add", "03-5555-0199", "--reason", "希望"]);
    for (number, code) in [
        ("119", "E-PHONE-FORBIDDEN"),
        ("0570-123-456", "E-PHONE-FORBIDDEN"),
        ("03-5555-0199", "E-DNC"),
        ("nobody", "E-PHONE-INVALID"),
    ] {
        assert_refused(&daemon.run(&["transfer", number]), code, "");
    }
    assert_eq!((callee.received("INVITE").len(), callee.received("REFER").len()), (1, 0));
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    assert_refused(&daemon.run(&["transfer", "03-5555-0101"]), "E-NO-CALL", "");
}

/// The dialog of a call of ours as a Replaces names it (RFC 3891 6.1): our own tag is the `to-tag`.
fn dialog(callee: &Sipp) -> String {
    let messages = callee.messages();
    let answer = messages.iter().find(|message| message.verb() == "200").expect("an answer");
    let tag = |name: &str| {
        let value = answer.header(name).unwrap_or_default();
        value.split(";tag=").nth(1).unwrap_or_else(|| panic!("no tag: {}", answer.text)).to_owned()
    };
    format!("{};to-tag={};from-tag={}", answer.header("Call-ID").expect("a Call-ID"), tag("From"), tag("To"))
}

/// The other side is transferred by somebody else: the exchange calls with Replaces, and the operator talks on in the same
/// attempt, with the voice of whoever is there now, on one recording.
#[test]
fn a_call_that_takes_the_place_of_another_goes_on_in_its_row() {
    let callee = Scenario::server("uas_answer_tone").start();
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, OPERATOR_HZ, sipp::TONE_DBFS, SECOND * 20).write(&say).unwrap();
    let daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 2);
    let other = Scenario::client("uac_replaces", daemon.sip_address(), "100")
        .argument("-key")
        .argument("replaces")
        .argument(&dialog(&callee))
        .start();
    callee.wait_received("BYE", 1, SOON);
    let event = events
        .wait_event("another at the other end", SOON, |event| event["params"]["kind"] == "call.replaced");
    assert_eq!(event["params"]["number"], "0398765432", "{event}");
    // What the operator says comes back from the new other side.
    wait::pass(SECOND * 3);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    other.succeed(SOON);

    let rows = daemon.wait_history(1, SOON);
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(
        (rows[0]["number"].as_str(), rows[0]["hangup_by"].as_str()),
        (Some("0312340001"), Some("local"))
    );
    let path = daemon.recording(SOON);
    let sound = Sound::read(&path, 1).unwrap();
    let first = sound.slice(SECOND, SECOND / 2).frequency();
    let last = sound.slice(sound.length() - SECOND, SECOND / 2).frequency();
    assert!((first - sipp::TONE_HZ).abs() < 3.0 && (last - OPERATOR_HZ).abs() < 3.0, "{first} Hz, {last} Hz");
}

/// RFC 3891 3: a dialog that is not there is no way in.
#[test]
fn a_call_in_the_place_of_none_is_refused() {
    let (callee, daemon, _events) = talking();
    let stranger = dialog(&callee).replace("to-tag=", "to-tag=x");
    Scenario::client("uac_replaces_refused", daemon.sip_address(), "100")
        .argument("-key")
        .argument("replaces")
        .argument(&stranger)
        .start()
        .succeed(SOON);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

const SECOND: Duration = Duration::from_secs(1);
/// What the operator of a file voice says, in Hz.
const OPERATOR_HZ: f64 = 440.0;
