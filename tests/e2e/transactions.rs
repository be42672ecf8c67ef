//! Peers that repeat themselves, fall silent, or answer what nobody asked (RFC 3261 17): sipp, in both directions.

use std::time::Duration;

use e2e::daemon::Daemon;
use e2e::peer::digest;
use e2e::peer::sipp::Scenario;

use crate::SOON;
use crate::line::{self, line, registered, wait_state};

/// 64*T1 is over soon.
const BRISK: &str = "\"20ms\"";

#[test]
fn a_caller_that_repeats_itself_is_one_call() {
    let daemon = line::answered(Scenario::server("uac_repeats_itself").counting(), Daemon::builder());
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

#[test]
fn an_invite_that_comes_by_several_ways_rings_once() {
    let daemon = line::answered("uac_merged", Daemon::builder());
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

#[test]
fn a_caller_may_end_the_ringing_with_bye() {
    let (_registrar, daemon) = registered(Daemon::builder());
    Scenario::client("uac_bye_before_answer", daemon.sip_address(), "100").start().succeed(SOON);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert!(row["answered_at"].is_null(), "{row:#}");
    wait_state(&daemon, "ready");
}

#[test]
fn a_repeated_answer_is_acknowledged_each_time() {
    line::called(Scenario::server("uas_repeats_answer").counting(), |callee, _| {
        callee.wait_received("ACK", 1, SOON);
        e2e::wait::until_true("three ACKs", SOON, || {
            callee.messages().iter().filter(|message| message.verb() == "ACK").count() == 3
        });
    });
}

#[test]
fn answers_to_nothing_of_ours_are_dropped() {
    line::called("uas_wrong_branch", |_, _| {});
}

#[test]
fn an_old_callee_without_tags_is_talked_to() {
    line::called("uas_without_tag", |_, _| {});
}

/// RFC 3261 22.2, 22.3: the third INVITE proves itself to both.
#[test]
fn a_proxy_and_a_callee_that_both_challenge() {
    line::called("uas_two_realms", |callee, _| {
        let invites = callee.received("INVITE");
        assert_eq!(invites.len(), 3);
        let last = &invites[2];
        assert!(last.header("Authorization").is_some() && last.header("Proxy-Authorization").is_some());
        assert!(digest::verify(last, "secret"), "{}", last.text);
    });
}

/// Nobody was there: the call says nothing of the callee.
#[test]
fn an_exchange_that_never_answers_is_given_up() {
    let callee = Scenario::server("uas_silent").start();
    let daemon = line(&callee).set("sip", "t1", BRISK).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert!(row["sip_code"].is_null() && row["void"] == true, "{row:#}");
    assert_eq!(callee.invites().len(), 1);
}

/// The operator is free at once; the BYE is repeated behind the scenes.
#[test]
fn a_callee_that_is_deaf_to_bye_holds_nobody_up() {
    let callee = Scenario::server("uas_deaf_to_bye").start();
    let daemon = line(&callee).set("sip", "t1", BRISK).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    e2e::wait::until_true("a repeated BYE", SOON, || {
        callee.messages().iter().filter(|message| message.verb() == "BYE").count() > 2
    });
    assert_eq!(callee.received("BYE").len(), 1);
}

#[test]
fn a_cancel_without_effect_is_given_up() {
    let callee = Scenario::server("uas_ignores_cancel").start();
    let daemon = line(&callee).set("sip", "t1", BRISK).start();
    daemon.cli(&["call", "0312340001"]);
    callee.wait_received("INVITE", 1, SOON);
    daemon.wait_status("ringing", SOON, |status| status["seats"][0]["call"]["state"] == "ringing");
    daemon.cli(&["hangup"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert!(row["answered_at"].is_null(), "{row:#}");
    assert_eq!(callee.received("CANCEL").len(), 1);
}

#[test]
fn a_refusal_that_comes_again_is_acknowledged_again() {
    let callee = Scenario::server("uas_busy_twice").counting().calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["sip_code"], 486, "{row:#}");
    callee.succeed(SOON);
}

/// RFC 3261 15.1.2: the callee's BYE finds no dialog any more, and hears so.
#[test]
fn both_sides_hang_up_at_once() {
    line::called("uas_bye_crosses", |_, _| {});
}

/// A call that rings for ever at a caller who forgot it ends all the same.
#[test]
fn a_caller_that_acknowledges_no_ringing_is_let_go() {
    let (_registrar, daemon) = registered(Daemon::builder().set("sip", "t1", BRISK));
    let caller = Scenario::client("uac_never_pracks", daemon.sip_address(), "100").start();
    caller.succeed(SOON);
    daemon.wait_status("free seat", SOON, |status| status["seats"][0]["state"] == "ready");
    assert_eq!(daemon.wait_history(1, Duration::from_secs(5)).len(), 1);
}

/// RFC 3261 22.2 inside the dialog; RFC 7616 3.4.5: a stale nonce is replaced.
#[test]
fn a_proxy_that_challenges_inside_the_call() {
    let callee = Scenario::server("uas_challenges_inside").calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hold"]);
    daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    daemon.cli(&["hangup"]);
    let byes = callee.wait_received("BYE", 2, SOON);
    let offers = callee.received("INVITE");
    for request in [&offers[2], &offers[3], &byes[1]] {
        assert!(digest::verify(request, "secret"), "{}", request.text);
    }
    callee.succeed(SOON);
}
