//! Keys that the callee presses: as events, as tones, each told once.

use std::path::PathBuf;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::baresip::{Codec, Phone};
use e2e::peer::sipp::{DIGITS, Scenario};
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
