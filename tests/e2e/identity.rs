//! Who calls and whom, on the wire: what sipp received of our INVITEs, and what we make of sipp's.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Setup};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::peer::trace::Message;

use crate::SOON;

/// A list whose numbers the exchange answers 486, and an account with these keys.
fn dial(keys: &[(&str, &str)], numbers: &[&str]) -> (Sipp, Daemon, Vec<Message>) {
    let exchange = Scenario::server("exchange").start();
    let account = keys
        .iter()
        .fold(Account::new("main", exchange.address()), |account, (key, value)| account.set(key, value));
    let setup: Setup = Daemon::builder().account(account).set("dialing", "ring_timeout", "\"2s\"");
    let daemon = setup.start();
    daemon.wait_registered("main", SOON);
    let rows: String = numbers.iter().map(|number| format!("株式会社A,担当,{number},新規\r\n")).collect();
    daemon.import("first", format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n{rows}"));
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_drop_rows(numbers.len(), Duration::from_secs(30));
    let invites = exchange.received("INVITE");
    (exchange, daemon, invites)
}

#[test]
fn a_trunk_that_asserts_learns_the_number_and_a_withheld_call_hides_it_from_the_callee() {
    let keys = [
        ("caller_id", "\"0398765432\""),
        ("identity", "[\"pai\"]"),
        ("clir", "\"privacy\""),
        ("number_format", "\"+e164\""),
        ("uri", "\"sip;user=phone\""),
    ];
    let (_exchange, _daemon, invites) =
        dial(&keys, &["03-1234-0002", "184-03-1234-0102", "186-03-1234-0202"]);
    assert_eq!(invites.len(), 3);
    let header = |at: usize, name: &str| invites[at].header(name).unwrap_or_default().to_owned();
    for (at, number) in ["+81312340002", "+81312340102", "+81312340202"].iter().enumerate() {
        assert!(invites[at].start_line().contains(&format!("sip:{number}@")), "{}", invites[at].text);
        assert!(invites[at].start_line().contains(";user=phone"), "{}", invites[at].text);
        assert!(header(at, "P-Asserted-Identity").contains("<sip:0398765432@"), "{}", invites[at].text);
    }
    assert!(header(0, "From").starts_with("<sip:100@") && invites[0].header("Privacy").is_none());
    assert!(header(1, "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
    assert_eq!((header(1, "Privacy").as_str(), header(2, "Privacy").as_str()), ("id", "none"));
}

/// A call from sipp with these headers in place of its From; what the seat shows while it rings.
fn incoming(from: &str, more: &str) -> (serde_json::Value, String) {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let caller = Scenario::client("uac_call_rejected", daemon.sip_address(), "100")
        .edit("From: \"Caller\" <sip:0398765432@[local_ip]:[local_port]>", &format!("From: {from}"))
        .edit("Max-Forwards: 70", &format!("Max-Forwards: 70{more}"))
        .start();
    let status = daemon.wait_status("ringing", SOON, |status| status["seats"][0]["state"] == "ringing");
    daemon.cli(&["hangup"]);
    caller.succeed(SOON);
    let history = daemon.wait_history(1, SOON);
    (status["seats"][0]["call"].clone(), history[0].to_string() + &daemon.log())
}

#[test]
fn the_asserted_number_of_the_trunk_is_shown_with_its_diversion() {
    let more = "\n      P-Asserted-Identity: <sip:+81312345678@[local_ip];user=phone>\
                \n      Diversion: <sip:0312340001@[local_ip]>;reason=no-answer";
    let (call, _) = incoming("\"Caller\" <sip:100@[local_ip]>", more);
    assert_eq!(call["number"], "0312345678");
    assert_eq!(call["diverted"][0]["number"], "0312340001");
    assert_eq!(call["diverted"][0]["reason"], "no-answer");
    assert!(call["withheld"].is_null());
}

/// A number that another header leaks stays hidden where the caller asked for it.
#[test]
fn a_withheld_number_is_neither_shown_nor_kept() {
    let more = "\n      P-Asserted-Identity: <sip:+81312345678@[local_ip]>\n      Privacy: id";
    let (call, kept) = incoming("\"Coin line/payphone\" <sip:0312345678@[local_ip]>", more);
    assert_eq!((call["number"].as_str(), call["withheld"].as_str()), (Some(""), Some("payphone")));
    assert!(kept.contains("payphone") && !kept.contains("312345678"), "{kept}");
}

/// The usual case: 184 as it was dialed, the number in From, refused numbers passed over.
#[test]
fn a_dialed_184_and_a_rule_of_the_trunk() {
    let keys = [
        ("caller_id", "\"0398765432\""),
        ("prefix", "\"0,\""),
        ("dial", "[{ starts = \"050\", refuse = true }]"),
    ];
    let exchange = Scenario::server("exchange").start();
    let account = keys
        .iter()
        .fold(Account::new("main", exchange.address()), |account, (key, value)| account.set(key, value));
    let daemon = Daemon::builder().account(account).set("dialing", "ring_timeout", "\"2s\"").start();
    daemon.wait_registered("main", SOON);
    daemon.import(
        "first",
        "取引先会社名,取引先担当者名,電話番号,カテゴリー\r\nA,a,050-1234-5602,新規\r\nB,b,184-03-1234-0002,新規\r\n",
    );
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_drop_rows(1, Duration::from_secs(30));
    let invites = exchange.received("INVITE");
    assert_eq!(invites.len(), 1);
    assert!(invites[0].start_line().contains("sip:0,1840312340002@"), "{}", invites[0].text);
    assert!(invites[0].header("From").unwrap().starts_with("<sip:0398765432@"));
    let why = daemon.cli(&["dial", "why", "050-1234-5602"]);
    assert!(why.to_string().contains("trunk"), "{why}");
}

/// RFC 3325 9.2: a trunk that wants to be told, not to be trusted; and RFC 3966 in the Request-URI.
#[test]
fn a_preferred_identity_and_a_number_as_tel() {
    let keys = [
        ("caller_id", "\"0398765432\""),
        ("display_name", "\"株式会社例\""),
        ("identity", "[\"from\", \"ppi\"]"),
        ("privacy", "[\"none\"]"),
        ("number_format", "\"+e164\""),
        ("uri", "\"tel\""),
        ("clir", "\"refused\""),
    ];
    let (_exchange, daemon, invites) = dial(&keys, &["03-1234-0002"]);
    let invite = &invites[0];
    assert!(invite.start_line().starts_with("INVITE tel:+81312340002 "), "{}", invite.text);
    assert!(invite.header("To").unwrap().starts_with("<tel:+81312340002>"), "{}", invite.text);
    // RFC 3966 5.1.4: a number without its country says where it is valid.
    let ours = "\"株式会社例\" <tel:0398765432;phone-context=+81>";
    assert!(invite.header("From").unwrap().starts_with(ours), "{}", invite.text);
    assert_eq!(invite.header("P-Preferred-Identity"), Some(ours), "{}", invite.text);
    assert!(invite.header("P-Asserted-Identity").is_none() && invite.header("Privacy") == Some("none"));
    daemon.run(&["call", "184-03-1234-0102"]).refused("E-TRUNK-RULE");
}
