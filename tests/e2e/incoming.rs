//! Calls and requests that come in from sipp.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::kamailio;
use e2e::peer::sipp::{Scenario, Sipp};

use crate::SOON;

fn daemon() -> (Sipp, Daemon) {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    (registrar, daemon)
}

fn wait_state(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

#[test]
fn a_call_rings_and_is_answered() {
    let (_registrar, daemon) = daemon();
    let caller = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    wait_state(&daemon, "in_call");
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
}

/// S2.31: nobody is rung before the operator has begun, nor while they are away: another seat is, else the caller hears busy, and the row
/// stays.
#[test]
fn nobody_is_rung_where_nobody_is() {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", registrar.address()))
        .seat(Seat::new("a", "main"))
        .seat(Seat::new("b", "main"))
        .start();
    daemon.wait_registered("main", SOON);
    let calls = std::cell::Cell::new(0);
    let called = |rings: Option<usize>| {
        let caller = Scenario::client("uac_call_rejected", daemon.sip_address(), "100").start();
        if let Some(seat) = rings {
            daemon.wait_status("ringing", SOON, |status| status["seats"][seat]["state"] == "ringing");
            daemon.hang_up(["a", "b"][seat]);
        }
        caller.succeed(SOON);
        calls.set(calls.get() + 1);
        let rows = daemon.wait_history(calls.get(), SOON);
        let row = &rows[0];
        assert_eq!(
            (&row["direction"], row["operator"].is_null()),
            (&"incoming".into(), rings.is_none()),
            "{row:#}"
        );
        daemon.wait_status("quiet", SOON, |status| {
            status["seats"]
                .as_array()
                .unwrap()
                .iter()
                .all(|seat| seat["state"] != "ringing" && seat["state"] != "wrap_up")
        });
    };
    called(None);
    daemon.cli(&["ready", "--seat", "b"]);
    called(Some(1));
    daemon.cli(&["ready", "--seat", "a"]);
    called(Some(0));
    daemon.cli(&["pause", "lunch", "--seat", "a"]);
    called(Some(1));
    daemon.cli(&["pause", "lunch", "--seat", "b"]);
    called(None);
}

/// By way of the registrar that knows our contact, over UDP and TCP.
#[test]
fn a_call_comes_by_way_of_kamailio() {
    for tcp in [false, true] {
        let exchange = kamailio::Setup::default().user("100", "secret").start();
        let line = Account::new("main", exchange.address());
        let daemon = Daemon::builder().account(if tcp { line.tcp() } else { line }).start();
        daemon.wait_registered("main", SOON);
        daemon.cli(&["ready"]);
        let caller = Scenario::client("uac_call", exchange.address(), "100").start();
        let status = daemon.wait_status("ringing", SOON, |status| status["seats"][0]["state"] == "ringing");
        assert_eq!(status["seats"][0]["call"]["number"], "0398765432");
        daemon.cli(&["answer"]);
        caller.succeed(SOON);
    }
}

#[test]
fn a_call_is_rejected() {
    let (_registrar, daemon) = daemon();
    let caller = Scenario::client("uac_call_rejected", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["hangup"]);
    caller.succeed(SOON);
}

#[test]
fn a_caller_gives_up_while_it_rings() {
    let (_registrar, daemon) = daemon();
    Scenario::client("uac_call_cancelled", daemon.sip_address(), "100").start().succeed(SOON);
    daemon.wait_status("end of the ringing", SOON, |status| status["seats"][0]["state"] != "ringing");
}

/// A re-INVITE that holds is answered as RFC 3264 8.4 says, and undone.
#[test]
fn the_other_side_holds_and_takes_us_back() {
    let (_registrar, daemon) = daemon();
    let caller = Scenario::client("uac_reinvite_hold", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
}

/// RFC 3261 8.2.1 and 11; over TCP too.
#[test]
fn requests_outside_a_call_are_answered() {
    let (_registrar, daemon) = daemon();
    for scenario in ["uac_options", "uac_unknown_method"] {
        Scenario::client(scenario, daemon.sip_address(), "100").start().succeed(SOON);
        Scenario::client(scenario, daemon.sip_address(), "100").tcp().start().succeed(SOON);
    }
}

/// What is no SIP is dropped, and the daemon goes on.
#[test]
fn garbage_is_dropped() {
    let (_registrar, daemon) = daemon();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for garbage in [&b"\x00"[..], b"\r\n\r\n", b"INVITE\r\n\r\n", b"SIP/2.0 99999 x\r\n\r\n", &[0xFF; 65_000]]
    {
        socket.send_to(garbage, daemon.sip_address()).unwrap();
    }
    Scenario::client("uac_options", daemon.sip_address(), "100").start().succeed(SOON);
    assert!(daemon.run(&["status"]).code == 0);
    e2e::wait::pass(Duration::from_millis(100));
}
