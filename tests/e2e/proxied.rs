//! Calls by way of kamailio with Record-Route: every request inside the dialog takes the route, whoever sends it and
//! whatever carries it.

use e2e::daemon::{Account, Daemon};
use e2e::peer::authority::Authority;
use e2e::peer::kamailio::{self, Kamailio};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::peer::trace::Message;
use e2e::ports;

use crate::SOON;
use crate::line::wait_state;

/// How the daemon reaches the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

pub(crate) const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// A daemon that is registered at the proxy, with voice in µ-law.
pub(crate) fn behind(proxy: &Kamailio, authority: &Authority, transport: Transport) -> Account {
    let line = match transport {
        Transport::Udp => Account::new("main", proxy.address()),
        Transport::Tcp => Account::new("main", proxy.address()).tcp(),
        Transport::Tls => Account::new("main", proxy.tls_address())
            .set("transport", "\"tls\"")
            .set("tls_ca", &format!("\"{}\"", authority.file().display())),
    };
    line.set("codecs", "[\"PCMU\"]")
}

fn proxied(callee: &str, transport: Transport) -> (Sipp, Kamailio, Daemon) {
    let authority = Authority::new();
    let callee = Scenario::server(callee).calls(1).start();
    let proxy = kamailio::Setup::default()
        .user("100", "secret")
        .gateway(callee.address())
        .tls(authority.issue("127.0.0.1"), None)
        .start();
    let daemon = Daemon::builder().account(behind(&proxy, &authority, transport)).start();
    daemon.wait_registered("main", SOON);
    (callee, proxy, daemon)
}

/// RFC 3261 12.2.1.1: hold, resume and BYE of ours come to the callee by the proxy that recorded itself.
#[test]
fn holds_and_our_bye_take_the_route() {
    for transport in TRANSPORTS {
        let (callee, proxy, daemon) = proxied("uas_held", transport);
        daemon.cli(&["call", "0312340001"]);
        wait_state(&daemon, "in_call");
        for (command, held) in [("hold", true), ("resume", false)] {
            daemon.cli(&[command]);
            daemon.wait_status(command, SOON, |status| status["seats"][0]["call"]["held"] == held);
        }
        daemon.cli(&["hangup"]);
        callee.wait_received("BYE", 1, SOON);
        for method in ["INVITE", "ACK", "BYE"] {
            for request in callee.received(method) {
                let hops: Vec<&str> = request.text.lines().filter(|line| line.starts_with("Via:")).collect();
                assert!(hops[0].contains(&proxy.address().to_string()), "{transport:?}: {}", request.text);
                assert!(
                    hops.len() == 2 && request.header("Route").is_none(),
                    "{transport:?}: {}",
                    request.text
                );
            }
        }
        assert_eq!(callee.received("ACK").len(), 3, "{transport:?}");
        callee.succeed(SOON);
    }
}

/// The callee's re-INVITEs and BYE come to us by the route that our answers confirmed.
#[test]
fn holds_and_the_bye_of_the_callee_reach_us() {
    for transport in TRANSPORTS {
        let (callee, _proxy, daemon) = proxied("uas_holds", transport);
        daemon.cli(&["call", "0312340001"]);
        wait_state(&daemon, "in_call");
        for held in [true, false] {
            daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == held);
        }
        daemon.cli(&["hangup"]);
        callee.succeed(SOON);

        let (callee, _proxy, daemon) = proxied("uas_bye_with_cause", transport);
        daemon.cli(&["call", "0312340001"]);
        let row = daemon.wait_history(1, SOON).remove(0);
        assert_eq!(row["q850"], 27, "{transport:?}: {row:#}");
        callee.succeed(SOON);
    }
}

/// The trace leaves the CRs out.
fn wire_length(message: &Message) -> usize {
    message.text.len() + message.text.lines().count()
}

/// RFC 3261 18.1.1: an INVITE above 1300 bytes goes by TCP though the line is UDP.
#[test]
fn a_long_invite_goes_by_tcp() {
    // As long as a display name may be, thrice.
    let long = "株".repeat(42);
    let keys = |account: Account| {
        let account = account.set("caller_id", "\"0398765432\"").set("display_name", &format!("\"{long}\""));
        account
            .set("identity", "[\"from\", \"pai\", \"ppi\"]")
            .set("privacy", "[\"id\", \"header\", \"user\", \"session\", \"history\", \"critical\"]")
    };
    let callee = Scenario::server("uas_answer").calls(1).start();
    let proxy = kamailio::Setup::default().user("100", "secret").gateway(callee.address()).start();
    let daemon = Daemon::builder().account(keys(Account::new("main", proxy.address()))).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    callee.wait_received("BYE", 1, SOON);
    let invite = callee.received("INVITE").remove(0);
    assert!(wire_length(&invite) > 1_300, "{}", invite.text);
    let ours = invite.text.lines().filter(|line| line.starts_with("Via:")).nth(1).unwrap_or_default();
    assert!(ours.contains("SIP/2.0/TCP"), "{}", invite.text);
    callee.succeed(SOON);

    // A peer without TCP gets the datagram after all.
    let callee = Scenario::server("uas_answer").calls(1).start();
    let daemon =
        Daemon::builder().account(keys(Account::new("main", callee.address()).unregistered())).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    callee.wait_received("BYE", 1, SOON);
    let invite = callee.received("INVITE").remove(0);
    assert!(
        wire_length(&invite) > 1_300 && invite.header("Via").unwrap().contains("SIP/2.0/UDP"),
        "{}",
        invite.text
    );
    callee.succeed(SOON);
}

/// A proxy that restarts forgets its connections and transactions, not the routes, which are ours to keep.
#[test]
fn a_call_outlives_a_restart_of_the_proxy() {
    let callee = Scenario::server("uas_held").calls(1).start();
    let port = ports::free();
    let proxy =
        || kamailio::Setup::default().user("100", "secret").gateway(callee.address()).port(port).start();
    let first = proxy();
    let daemon = Daemon::builder().account(Account::new("main", first.address()).tcp()).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    drop(first);
    let _second = proxy();
    wait_state(&daemon, "in_call");
    for (command, held) in [("hold", true), ("resume", false)] {
        daemon.cli(&[command]);
        daemon.wait_status(command, SOON, |status| status["seats"][0]["call"]["held"] == held);
    }
    daemon.cli(&["hangup"]);
    callee.succeed(SOON);
    wait_state(&daemon, "wrap_up");
}
