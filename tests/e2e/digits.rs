//! Keys that the callee presses, or the operator at a desk phone: as events, as tones, by INFO, each told once.

use std::path::PathBuf;
use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon, Seat};
use e2e::peer::baresip::{Codec, Phone};
use e2e::peer::sipp::{DIGITS, Scenario};
use e2e::peer::trace::Message;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;

use crate::SOON;
use crate::media::wait_state;

const CALLEE: &str = "0312345678";

/// The digits among what was heard, as the row keeps them.
fn kept(daemon: &Daemon) -> String {
    let database = daemon.database();
    let evidence: String =
        database.query_row("SELECT evidence FROM attempts", [], |row| row.get(0)).expect("one call");
    let evidence: Value = serde_json::from_str(&evidence).expect("evidence is JSON");
    let heard = evidence["heard"].as_array().cloned().unwrap_or_default();
    heard.iter().filter(|one| one["what"] == "dtmf").filter_map(|one| one["digit"].as_str()).collect()
}

/// A gateway without telephone-event, in either law: its tones are digits, each once.
#[test]
fn tones_of_a_gateway_are_digits() {
    for alaw in [false, true] {
        let mut callee = Scenario::server("uas_digits_as_tones");
        if alaw {
            callee = callee
                .edit("RTP/AVP 0", "RTP/AVP 8")
                .edit("rtpmap:0 PCMU", "rtpmap:8 PCMA")
                .edit("digits.ulaw,1,0", "digits.alaw,1,8");
        }
        let callee = callee.start();
        let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        daemon.cli(&["call", CALLEE]);
        wait_state(&daemon, "in_call");
        for digit in DIGITS.chars() {
            let event = events.wait_event("a digit", SOON, |event| event["params"]["what"] == "dtmf");
            assert_eq!(event["params"]["digit"], digit.to_string(), "{event:#}");
        }
        wait::pass(Duration::from_millis(500));
        daemon.cli(&["hangup"]);
        daemon.wait_history(1, SOON);
        wait::until_true("the digits of the row", SOON, || kept(&daemon) == DIGITS);
    }
}

/// RFC 4733 from baresip, beside every codec.
#[test]
fn events_of_a_softphone_are_digits() {
    for (codec, name) in [(Codec::Pcmu, "PCMU"), (Codec::G722, "G722"), (Codec::Opus, "opus")] {
        let phone = Phone::new(CALLEE).codec(codec).start();
        let account = Account::new("main", phone.address()).unregistered();
        let daemon = Daemon::builder().account(account.set("codecs", &format!("[\"{name}\"]"))).start();
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        daemon.cli(&["call", CALLEE]);
        wait_state(&daemon, "in_call");
        phone.wait_established(1, SOON);
        for digit in ["1", "5", "5", "#"] {
            phone.command("sndcode", digit);
            let event = events.wait_event("a digit", SOON, |event| event["params"]["what"] == "dtmf");
            assert_eq!(event["params"]["digit"], digit, "{name}: {event:#}");
            wait::pass(Duration::from_millis(300));
        }
        daemon.cli(&["hangup"]);
        daemon.wait_history(1, SOON);
        wait::until_true("the digits of the row", SOON, || kept(&daemon) == "155#");
    }
}

/// RTP as somebody captured it, sent by sipp: its speech is heard and recorded, its key is told once.
#[test]
fn captured_rtp_is_heard() {
    let callee = Scenario::server("uas_plays_capture").start();
    let account = Account::new("main", callee.address()).unregistered();
    let daemon = Daemon::builder().account(account.set("codecs", "[\"PCMU\", \"PCMA\"]")).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.wait_status("PCMA", SOON, |status| status["seats"][0]["call"]["codec"] == "PCMA");
    let event = events.wait_event("a digit", SOON, |event| event["params"]["what"] == "dtmf");
    assert_eq!(event["params"]["digit"], "5", "{event:#}");
    wait::pass(Duration::from_millis(500));
    daemon.cli(&["hangup"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert!(row["quality"]["packets_received"].as_u64().is_some_and(|packets| packets > 200), "{row:#}");
    wait::until_true("the digits of the row", SOON, || kept(&daemon) == "5");
    let file = wait::until("the recording", SOON, || {
        let row = daemon.wait_history(1, SOON).remove(0);
        let path = row["recording"]["path"].as_str().filter(|_| row["recording"]["state"] == "final")?;
        Some(PathBuf::from(path))
    });
    let speech = Sound::read(&file, 1).expect("it plays").loudest(Duration::from_secs(1));
    assert!(speech.level() > -40.0, "{} dBFS of speech", speech.level());
}

/// The digits that are told until there are so many, and for half a second after them.
fn told(events: &mut Control, digits: usize) -> String {
    let mut told = String::new();
    let mut more = |told: &mut String| {
        while let Some(event) = events.event(Duration::from_millis(50)) {
            if event["params"]["what"] == "dtmf" {
                told.push_str(event["params"]["digit"].as_str().unwrap_or("?"));
            }
        }
        told.len()
    };
    wait::until_true("the digits", SOON, || more(&mut told) >= digits);
    wait::pass(Duration::from_millis(500));
    more(&mut told);
    told
}

/// The same press as telephone-event and by INFO, whichever is first, counts once; one that comes one way only counts too.
#[test]
fn a_digit_by_info_and_as_event_counts_once() {
    let callee = Scenario::server("uas_digits_twice").calls(1).start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    assert_eq!(told(&mut events, 4), "1595");
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    daemon.wait_history(1, SOON);
    wait::until_true("the digits of the row", SOON, || kept(&daemon) == "1595");
}

/// Five tones of a gateway, of which it tells the last three by INFO too.
#[test]
fn a_digit_by_info_and_as_tones_counts_once() {
    let callee = Scenario::server("uas_tones_and_info").calls(1).start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    wait::until_true("answers to three INFO", SOON, || {
        let messages = callee.messages();
        let of_info = |message: &&Message| {
            message.verb() == "200" && message.header("CSeq").is_some_and(|cseq| cseq.ends_with("INFO"))
        };
        messages.iter().filter(of_info).count() == 3
    });
    assert_eq!(told(&mut events, DIGITS.len()), DIGITS);
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    daemon.wait_history(1, SOON);
    wait::until_true("the digits of the row", SOON, || kept(&daemon) == DIGITS);
}

/// The keys of a desk phone that sends both go on to the customer once.
#[test]
fn keys_of_a_desk_phone_that_come_twice_are_sent_on_once() {
    let desk = Scenario::server("uas_digits_twice").start();
    let customer = Scenario::server("uas_info").edit("415 Unsupported Media Type", "200 Relayed").start();
    let voice = format!("{{ kind = \"phone\", address = \"sip:201@{}\" }}", desk.address());
    let daemon = Daemon::builder()
        .account(Account::new("main", customer.address()).unregistered().set("dtmf", "\"info\""))
        .seat(Seat::new("a", "main").set("voice", &voice))
        .start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    customer.wait_received("INFO", 4, SOON);
    wait::pass(Duration::from_millis(500));
    let infos = customer.received("INFO");
    let digits: Vec<&str> = infos.iter().filter_map(|info| info.body().lines().next()).collect();
    assert_eq!(digits, ["Signal=1", "Signal=5", "Signal=9", "Signal=5"]);
    daemon.cli(&["hangup"]);
}
