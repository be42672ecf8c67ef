//! Offers inside a call (RFC 3264, RFC 3261 14, RFC 3311): holds of either side in every spelling, glare, fax, refreshes.

use e2e::daemon::Daemon;
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::peer::trace::Message;

use crate::SOON;
use crate::line::{self, wait_state};

/// Spellings of a hold, and what the answer may say (RFC 3264 6.1, 8.4).
const HOLDS: [(&str, &str, &[&str]); 3] = [
    ("@sdp 2 sendonly@", "@sdp 2 sendonly@", &["recvonly"]),
    ("@sdp 2 sendonly@", "@sdp 2 inactive@", &["inactive"]),
    // RFC 2543: no direction, but no address either.
    ("@sdp 2 sendonly@", "@sdp 2 sendrecv 0.0.0.0@", &["recvonly", "inactive"]),
];

/// The direction of the answer to the n-th re-INVITE of the peer.
fn answered_direction(messages: &[Message], cseq: u32) -> String {
    let wanted = format!("{cseq} INVITE");
    let mut answers = messages.iter().filter(|message| message.received && message.verb() == "200");
    let answer = answers.rfind(|message| message.header("CSeq") == Some(&wanted));
    let body = answer.unwrap_or_else(|| panic!("no answer to {wanted}")).body().to_owned();
    let known = ["sendonly", "recvonly", "inactive", "sendrecv"];
    let line = |direction: &&&str| body.lines().any(|line| line.trim() == format!("a={direction}"));
    known.iter().find(line).map_or("sendrecv", |direction| direction).to_owned()
}

fn held(daemon: &Daemon, held: bool) {
    let what = if held { "hold" } else { "talk" };
    daemon.wait_status(what, SOON, |status| status["seats"][0]["call"]["held"] == held);
}

/// Waits until the peer has sent the request with this CSeq.
fn wait_sent(peer: &Sipp, cseq: &str) {
    e2e::wait::until_true(cseq, SOON, || {
        peer.messages().iter().any(|message| !message.received && message.header("CSeq") == Some(cseq))
    });
}

#[test]
fn a_callee_holds_in_every_spelling_and_takes_back() {
    for (from, to, allowed) in HOLDS {
        line::called(Scenario::server("uas_holds").edit(from, to), |callee, daemon| {
            let mut events = daemon.control();
            events.subscribe(None).unwrap();
            held(daemon, true);
            held(daemon, false);
            let direction = answered_direction(&callee.messages(), 1);
            assert!(allowed.contains(&direction.as_str()), "{to}: {direction}");
            assert_eq!(answered_direction(&callee.messages(), 2), "sendrecv");
            events.wait_event("end of the hold", SOON, |event| {
                let told = &event["params"];
                told["kind"] == "call.held" && told["local"] == false && told["remote"] == false
            });
        });
    }
}

#[test]
fn a_caller_holds_in_every_spelling_and_takes_back() {
    for spelling in ["a=inactive", "a=sendrecv"] {
        let caller = Scenario::server("uac_reinvite_hold").edit("a=sendonly", spelling);
        // The old spelling: an address that is none.
        let caller = match spelling {
            "a=inactive" => caller,
            _ => caller.edit(
                "2 IN IP[local_ip_type] [local_ip]\n      s=-\n      c=IN IP[media_ip_type] [media_ip]",
                "2 IN IP[local_ip_type] [local_ip]\n      s=-\n      c=IN IP4 0.0.0.0",
            ),
        };
        line::answered(caller, Daemon::builder());
    }
}

#[test]
fn a_callee_holds_by_update() {
    line::called("uas_holds_by_update", |callee, daemon| {
        held(daemon, true);
        held(daemon, false);
        assert_eq!(callee.received("INVITE").len(), 1);
    });
}

/// What was agreed before stays in force, and the operator sees that nobody is on hold.
#[test]
fn a_callee_that_refuses_to_be_held_is_talked_to() {
    line::called("uas_refuses_hold", |callee, daemon| {
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        daemon.cli(&["hold"]);
        callee.wait_received("INVITE", 2, SOON);
        let told = events.wait_event("refusal", SOON, |event| event["params"]["kind"] == "call.held");
        assert_eq!(told["params"]["local"], false);
        held(daemon, false);
        assert_eq!(wait_state(daemon, "in_call")["call"]["held"], false);
    });
}

#[test]
fn an_offer_that_meets_ours_waits() {
    line::called("uas_glare_crossing", |callee, daemon| {
        daemon.cli(&["hold"]);
        held(daemon, true);
        // The callee's second offer is answered as a held call is.
        wait_sent(callee, "2 ACK");
        held(daemon, true);
    });
}

#[test]
fn a_callee_that_asks_for_our_offer_again() {
    line::called("uas_reinvite_without_offer", |callee, _| {
        wait_sent(callee, "1 ACK");
    });
}

/// The fax offer is refused and kept as evidence.
#[test]
fn a_fax_that_offers_t38_is_known() {
    let callee = Scenario::server("uas_t38").calls(1).start();
    let daemon = line::line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    e2e::wait::until_true("the refusal", SOON, || {
        callee.messages().iter().any(|message| message.received && message.verb() == "488")
    });
    assert_eq!(wait_state(&daemon, "in_call")["call"]["held"], false);
    daemon.cli(&["hangup"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["outcome"], "fax", "{row:#}");
    callee.succeed(SOON);
}

#[test]
fn a_session_whose_update_is_refused_is_refreshed_by_reinvite() {
    line::called("uas_session_refuses_update", |callee, _| {
        callee.wait_received("INVITE", 2, SOON);
    });
}

/// RFC 4028 10: 8 s less a third.
#[test]
fn a_session_that_the_callee_does_not_refresh_ends() {
    let callee = Scenario::server("uas_session_forgotten").calls(1).start();
    let daemon = line::line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    wait_state(&daemon, "wrap_up");
    let bye = &callee.received("BYE")[0];
    assert!(bye.header("Reason").is_some_and(|reason| reason.contains("cause=102")), "{}", bye.text);
    callee.succeed(SOON);
}

/// The interval that was agreed on is not too small when it comes again, though a new one of 8 s would be.
#[test]
fn a_session_that_the_callee_refreshes_goes_on() {
    line::called("uas_session_refreshed", |callee, daemon| {
        wait_sent(callee, "2 ACK");
        wait_state(daemon, "in_call");
    });
}

/// RFC 6086, and the older forms: digits are heard, the rest is refused politely.
#[test]
fn digits_by_info_are_heard() {
    let (_registrar, daemon) = line::registered(Daemon::builder());
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    let caller = Scenario::client("uac_info", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
    for digit in ["5", "#"] {
        events.wait_event(digit, SOON, |event| {
            event["params"]["kind"] == "call.heard" && event["params"]["digit"] == digit
        });
    }
    wait_state(&daemon, "wrap_up");
}

#[test]
fn an_offer_of_another_codec_changes_nothing() {
    line::called("uas_offers_other_codec", |callee, daemon| {
        wait_sent(callee, "1 ACK");
        assert_eq!(wait_state(daemon, "in_call")["call"]["codec"], "PCMU");
    });
}

#[test]
fn a_callee_may_hang_up_while_our_hold_waits() {
    let callee = Scenario::server("uas_bye_in_our_hold").calls(1).start();
    let daemon = line::line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hold"]);
    callee.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    assert_eq!(daemon.wait_history(1, SOON)[0]["hangup_by"], "remote");
}
