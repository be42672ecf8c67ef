//! Calls in the unusual forms that exchanges use: reliable answers, session timers, late offers, races. Each against
//! sipp, which ends its scenario only where the daemon did what the RFC says.

use std::time::Duration;

use e2e::daemon::Daemon;
use e2e::peer::sipp::Scenario;

use crate::SOON;
use crate::line::{self, line, wait_state};

#[test]
fn a_caller_that_requires_reliable_answers() {
    line::answered("uac_100rel", Daemon::builder());
}

#[test]
fn a_caller_without_an_offer() {
    line::answered("uac_delayed_offer", Daemon::builder());
}

#[test]
fn a_caller_with_a_session_timer_and_odd_requests() {
    line::answered("uac_session_timer", Daemon::builder());
}

#[test]
fn a_cancel_that_comes_after_the_answer() {
    line::answered("uac_late_cancel", Daemon::builder());
}

/// T1 is short here, so that 64*T1 is over soon.
#[test]
fn a_caller_who_never_acknowledges_is_hung_up() {
    line::answered("uac_no_ack", Daemon::builder().set("sip", "t1", "\"20ms\""));
}

#[test]
fn reliable_early_media_are_acknowledged_and_updated() {
    line::called("uas_100rel", |_, _| {});
}

#[test]
fn a_session_is_refreshed_by_update() {
    line::called("uas_session_timer", |callee, _| {
        callee.wait_received("UPDATE", 1, SOON);
    });
}

#[test]
fn a_session_that_the_callee_forgot_ends() {
    let callee = Scenario::server("uas_session_reinvite").calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    wait_state(&daemon, "wrap_up");
    assert_eq!(callee.received("INVITE").len(), 2);
    callee.succeed(SOON);
}

#[test]
fn an_answer_that_crosses_our_cancel_is_hung_up() {
    let callee = Scenario::server("uas_late_answer").calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "dialing");
    callee.wait_received("INVITE", 1, SOON);
    e2e::wait::pass(Duration::from_millis(300));
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
}

#[test]
fn a_hold_that_meets_another_offer_comes_again() {
    line::called("uas_glare", |callee, daemon| {
        daemon.cli(&["hold"]);
        callee.wait_received("INVITE", 3, SOON);
        daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    });
}

#[test]
fn of_two_forks_one_ends_before_the_answer() {
    line::called("uas_early_forks", |_, _| {});
}

#[test]
fn a_call_is_as_long_as_it_may_be() {
    let callee = Scenario::server("uas_answer").start();
    let daemon = line(&callee).set("sip", "max_call_length", "\"1s\"").start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    let byes = callee.wait_received("BYE", 1, SOON);
    assert!(byes[0].header("Reason").unwrap().contains("cause=102"), "{}", byes[0].text);
    wait_state(&daemon, "wrap_up");
}
