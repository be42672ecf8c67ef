//! A daemon with one line to sipp, and the two stories that most calls follow.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Setup};
use e2e::peer::sipp::{Scenario, Sipp};
use serde_json::Value;

use crate::SOON;

/// A daemon to be, whose line needs no registration at this peer.
pub(crate) fn line(peer: &Sipp) -> Setup {
    Daemon::builder().account(Account::new("main", peer.address()).unregistered())
}

/// Waits until the first seat is in that state, and returns the seat.
#[track_caller]
pub(crate) fn wait_state(daemon: &Daemon, state: &str) -> Value {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state)["seats"][0].take()
}

/// A daemon that is registered and whose operator is there, so that it can be called.
pub(crate) fn registered(setup: Setup) -> (Sipp, Daemon) {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = setup.account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    (registrar, daemon)
}

/// A caller of a daemon of its own; the operator answers when it has rung a second.
pub(crate) fn answered(caller: impl Into<Scenario>, setup: Setup) -> Daemon {
    let (_registrar, daemon) = registered(setup);
    let caller = caller.into().target(daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    // What is to happen while it rings has its time.
    e2e::wait::pass(Duration::from_millis(1_000));
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    daemon
}

/// A callee of the daemon, who is called and in the end hung up by us.
pub(crate) fn called(callee: impl Into<Scenario>, during: impl FnOnce(&Sipp, &Daemon)) {
    let callee = callee.into().calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    during(&callee, &daemon);
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    wait_state(&daemon, "wrap_up");
}
