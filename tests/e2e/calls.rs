//! Calls in the unusual forms that exchanges use: reliable answers, session timers, late offers, races. Each against
//! sipp, which ends its scenario only where the daemon did what the RFC says.

use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::{Scenario, Sipp};

use crate::SOON;

fn line(peer: &Sipp) -> Daemon {
    Daemon::builder().account(Account::new("main", peer.address()).unregistered()).start()
}

fn wait_state(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

/// A caller of a daemon of its own; the operator answers when it rings.
fn answered(scenario: &str, t1: &str) {
    let registrar = Scenario::server("registrar_open").start();
    let account = Account::new("main", registrar.address());
    let daemon = Daemon::builder().account(account).set("sip", "t1", t1).start();
    daemon.wait_registered("main", SOON);
    let caller = Scenario::client(scenario, daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    // What is to happen while it rings has its time.
    e2e::wait::pass(Duration::from_millis(1_000));
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
}

/// A callee of the daemon, who is called and in the end hung up by us.
fn called(scenario: &str, during: impl FnOnce(&Sipp, &Daemon)) {
    let callee = Scenario::server(scenario).calls(1).start();
    let daemon = line(&callee);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    during(&callee, &daemon);
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
}

#[test]
fn a_caller_that_requires_reliable_answers() {
    answered("uac_100rel", "\"500ms\"");
}

#[test]
fn a_caller_without_an_offer() {
    answered("uac_delayed_offer", "\"500ms\"");
}

#[test]
fn a_caller_with_a_session_timer_and_odd_requests() {
    answered("uac_session_timer", "\"500ms\"");
}

#[test]
fn a_cancel_that_comes_after_the_answer() {
    answered("uac_late_cancel", "\"500ms\"");
}

/// T1 is short here, so that 64*T1 is over soon.
#[test]
fn a_caller_who_never_acknowledges_is_hung_up() {
    answered("uac_no_ack", "\"20ms\"");
}

#[test]
fn reliable_early_media_are_acknowledged_and_updated() {
    called("uas_100rel", |_, _| {});
}

#[test]
fn a_session_is_refreshed_by_update() {
    called("uas_session_timer", |callee, _| {
        callee.wait_received("UPDATE", 1, SOON);
    });
}

#[test]
fn a_session_that_the_callee_forgot_ends() {
    let callee = Scenario::server("uas_session_reinvite").calls(1).start();
    let daemon = line(&callee);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    wait_state(&daemon, "wrap_up");
    assert_eq!(callee.received("INVITE").len(), 2);
    callee.succeed(SOON);
}

#[test]
fn an_answer_that_crosses_our_cancel_is_hung_up() {
    let callee = Scenario::server("uas_late_answer").calls(1).start();
    let daemon = line(&callee);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "dialing");
    callee.wait_received("INVITE", 1, SOON);
    e2e::wait::pass(Duration::from_millis(300));
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
}

#[test]
fn a_hold_that_meets_another_offer_comes_again() {
    called("uas_glare", |callee, daemon| {
        daemon.cli(&["hold"]);
        callee.wait_received("INVITE", 3, SOON);
        daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    });
}

#[test]
fn of_two_forks_one_ends_before_the_answer() {
    called("uas_early_forks", |_, _| {});
}

#[test]
fn a_call_is_as_long_as_it_may_be() {
    let callee = Scenario::server("uas_answer").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .set("sip", "max_call_length", "\"1s\"")
        .start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    let byes = callee.wait_received("BYE", 1, SOON);
    assert!(byes[0].header("Reason").unwrap().contains("cause=102"), "{}", byes[0].text);
    wait_state(&daemon, "wrap_up");
}
