//! What comes before the answer: sound, ringing, reliable or not, and answers that describe no sound.

use e2e::daemon::Daemon;
use e2e::peer::sipp::Scenario;
use serde_json::Value;

use crate::SOON;
use crate::line::{self, line, registered, wait_state};

/// The call once it is answered, and the provisionals that the callee sent.
fn in_call(callee: &str) -> (Value, Vec<String>) {
    let (mut call, mut provisionals) = (Value::Null, Vec::new());
    line::called(callee, |callee, daemon| {
        call = daemon.cli(&["status"])["seats"][0]["call"].take();
        let verbs = callee.messages().into_iter().map(|message| message.verb().to_owned());
        provisionals = verbs.filter(|verb| verb.starts_with("18")).collect();
    });
    (call, provisionals)
}

/// A ringback tone of ours must not sound over the exchange's own.
#[test]
fn a_ringing_after_early_sound_does_not_end_the_sound() {
    for first in ["183 Session Progress", "180 Ringing"] {
        let callee =
            Scenario::server("uas_early_then_ringing").edit("183 Session Progress", first).calls(1).start();
        let daemon = line(&callee).start();
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        daemon.cli(&["call", "0312340001"]);
        let of = |kind: &'static str| move |event: &Value| event["params"]["kind"] == kind;
        events.wait_event("early sound", SOON, of("call.early_media"));
        events.wait_event("ringing", SOON, |event| {
            event["params"]["kind"] == "call.progress" && event["params"]["code"] == 180
        });
        let call = daemon.cli(&["status"])["seats"][0]["call"].take();
        assert_eq!(call["state"], "early_media", "{call:#}");
        events.wait_event("answer", SOON, of("call.answered"));
        daemon.cli(&["hangup"]);
        callee.succeed(SOON);
    }
}

#[test]
fn a_progress_without_sound_is_ringing() {
    let (call, provisionals) = in_call("uas_progress_without_sound");
    assert_eq!(provisionals, ["183"]);
    assert!(call["early_media_at"].is_null() && call["ringing_at"].is_i64(), "{call:#}");
}

#[test]
fn sound_that_was_described_early_only_is_the_sound_of_the_call() {
    let (call, provisionals) = in_call("uas_sound_only_early");
    assert_eq!(provisionals, ["183"]);
    assert!(call["early_media_at"].is_i64() && call["codec"] == "PCMU", "{call:#}");
}

/// Nobody could talk: acknowledged, hung up, and no result of the callee.
#[test]
fn an_answer_without_a_usable_sound_is_void() {
    let answers = [
        Scenario::server("uas_answer_without_sound"),
        Scenario::server("uas_answer").edit("m=audio [media_port]", "m=audio 0"),
        Scenario::server("uas_answer")
            .edit("RTP/AVP 0 101", "RTP/AVP 18")
            .edit("0 PCMU/8000", "18 G729/8000"),
    ];
    for callee in answers {
        let callee = callee.calls(1).start();
        let daemon = line(&callee).start();
        daemon.cli(&["call", "0312340001"]);
        let row = daemon.wait_history(1, SOON).remove(0);
        assert_eq!(
            (&row["void"], &row["outcome"]),
            (&Value::from(true), &Value::from("media_mismatch")),
            "{row:#}"
        );
        callee.succeed(SOON);
    }
}

#[test]
fn a_caller_whose_acknowledgement_answers_no_offer_is_hung_up() {
    let (_registrar, daemon) = registered(Daemon::builder());
    let caller = Scenario::client("uac_ack_without_answer", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
    wait_state(&daemon, "ready");
}

#[test]
fn reliable_answers_that_come_again_are_acknowledged_once() {
    line::called(Scenario::server("uas_100rel_repeats").counting(), |callee, _| {
        assert_eq!(callee.received("PRACK").len(), 3);
    });
}
