//! How calls end, and what we make of it: redirections, causes of ISDN, requests that are not served.

use e2e::daemon::Daemon;
use e2e::peer::sipp::Scenario;
use e2e::ports;
use serde_json::{Value, json};

use crate::SOON;
use crate::line::{line, registered, wait_state};

const CONTACT: &str = "<sip:0312349999@[local_ip]:[local_port]>";

/// RFC 3261 8.1.3.4: the same number at another place is called there.
#[test]
fn a_callee_that_moved_is_called_at_its_new_place() {
    let there = Scenario::server("uas_answer").calls(1).start();
    let contact = format!("<sip:0312340001@{}>", there.address());
    let here = Scenario::server("uas_redirect_302").edit(CONTACT, &contact).calls(1).start();
    let daemon = line(&here).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    there.succeed(SOON);
    here.succeed(SOON);
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

/// The best contact by `q` is dead, the next one answers.
#[test]
fn the_next_contact_is_called_when_the_first_is_dead() {
    let there = Scenario::server("uas_answer").calls(1).start();
    let dead = ports::free_address();
    let contacts = format!("<sip:0312340001@{}>;q=0.3, <sip:0312340001@{dead}>;q=0.9", there.address());
    let here = Scenario::server("uas_redirect_302").edit(CONTACT, &contacts).calls(1).start();
    let daemon = line(&here).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    there.succeed(SOON);
    here.succeed(SOON);
    // A dead contact says nothing of the exchange.
    assert_ne!(daemon.cli(&["status"])["accounts"][0]["trunk"]["state"], "unreachable");
}

/// Another number could be on the do-not-call list: it is not called.
#[test]
fn a_redirection_to_another_number_is_not_followed() {
    let exchange = Scenario::server("uas_redirect_302").start();
    let daemon = line(&exchange).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["sip_code"], 302, "{row:#}");
    assert_eq!(exchange.calls_by_number().into_keys().collect::<Vec<_>>(), ["0312340001"]);
}

#[test]
fn redirections_in_a_circle_end() {
    // The second does not know the first when it starts, so both have their ports told.
    let (first, second) = (ports::free_address(), ports::free_address());
    let server = |own: std::net::SocketAddr, other: std::net::SocketAddr| {
        let contact = format!("<sip:0312340001@{other}>");
        Scenario::server("uas_redirect_302").edit(CONTACT, &contact).port(own.port()).start()
    };
    let (here, there) = (server(first, second), server(second, first));
    let daemon = line(&here).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["sip_code"], 302, "{row:#}");
    assert!(here.received("INVITE").len() <= 2 && there.received("INVITE").len() == 1);
}

/// RFC 3326, RFC 6432: in a BYE of the callee, in a refusal, and in what we send.
#[test]
fn causes_of_isdn_are_read_and_sent() {
    let callee = Scenario::server("uas_bye_with_cause").calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!((&row["sip_code"], &row["q850"]), (&json!(200), &json!(27)), "{row:#}");
    callee.succeed(SOON);

    // Two causes: that of SIP says less than that of ISDN.
    let reason =
        "      Reason: SIP;cause=480, Q.850;cause=20;text=\"Subscriber absent\"\n      Content-Length: 0";
    let callee = Scenario::server("uas_busy_486").edit("      Content-Length: 0", reason).calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(
        (&row["sip_code"], &row["q850"], &row["outcome"]),
        (&json!(486), &json!(20), &json!("out_of_reach"))
    );
    callee.succeed(SOON);

    let callee = Scenario::server("uas_no_answer").calls(1).start();
    let daemon = line(&callee).set("dialing", "ring_timeout", "\"1s\"").start();
    daemon.cli(&["call", "0312340001"]);
    let cancel = callee.wait_received("CANCEL", 1, SOON).remove(0);
    assert!(
        cancel.header("Reason").is_some_and(|reason| reason.starts_with("Q.850;cause=")),
        "{}",
        cancel.text
    );
    callee.succeed(SOON);

    let callee = Scenario::server("uas_answer").calls(1).start();
    let daemon = line(&callee).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    let bye = callee.wait_received("BYE", 1, SOON).remove(0);
    assert!(bye.header("Reason").is_some_and(|reason| reason.contains("cause=16")), "{}", bye.text);
    callee.succeed(SOON);
}

/// Another phone of the same line took the call: nothing was missed here.
#[test]
fn a_caller_that_was_answered_elsewhere_tells_so() {
    let (_registrar, daemon) = registered(Daemon::builder());
    let reason = "CSeq: 1 CANCEL\n      Reason: SIP;cause=200;text=\"Call completed elsewhere\"";
    let caller =
        Scenario::client("uac_call_cancelled", daemon.sip_address(), "100").edit("CSeq: 1 CANCEL", reason);
    caller.start().succeed(SOON);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!((&row["sip_code"], &row["answered_at"]), (&json!(487), &Value::Null), "{row:#}");
}

/// RFC 3261 8.2.1: 405 with Allow for what is known and not served, 501 for what nobody has heard of.
#[test]
fn requests_outside_a_call_are_refused_politely() {
    let (_registrar, daemon) = registered(Daemon::builder());
    for method in ["MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "REGISTER"] {
        let request =
            Scenario::client("uac_outside_request", daemon.sip_address(), "100").edit("JUGGLE", method);
        request.start().succeed(SOON);
    }
    let unknown =
        Scenario::client("uac_outside_request", daemon.sip_address(), "100").edit("\"405\"", "\"501\"");
    unknown.start().succeed(SOON);
    // Of a dialog that we do not have.
    for method in ["BYE", "UPDATE", "INFO", "PRACK", "NOTIFY"] {
        let request = Scenario::client("uac_outside_request", daemon.sip_address(), "100");
        let request = request
            .edit("JUGGLE", method)
            .edit(
                "To: <sip:[service]@[remote_ip]:[remote_port]>",
                "To: <sip:[service]@[remote_ip]:[remote_port]>;tag=gone",
            )
            .edit("Max-Forwards: 70", "Max-Forwards: 70\n      Event: refer")
            .edit("response=\"405\"", "response=\"481\"")
            .edit("header=\"Allow:\" check_it=\"true\"", "header=\"Allow:\" check_it=\"false\"");
        request.start().succeed(SOON);
    }
}
