//! Who may call in: the exchange, whom its owner trusts, and nobody else (`trusted_sources`).
//!
//! The daemon is at 127.0.0.1 and its exchange at 127.0.0.2; everybody else is a stranger.

use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon, binary};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::peer::sipvicious;
use serde_json::{Value, json};

use crate::SOON;

const EXCHANGE: [u8; 4] = [127, 0, 0, 2];
const STRANGER: [u8; 4] = [127, 0, 0, 3];

fn daemon(change: impl FnOnce(Account) -> Account) -> (Sipp, Daemon) {
    let exchange = Scenario::server("registrar_open").at(EXCHANGE).start();
    let daemon = Daemon::builder().account(change(Account::new("main", exchange.address()))).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    (exchange, daemon)
}

fn strangers(daemon: &Daemon) -> Value {
    daemon.cli(&["status"])["strangers"].take()
}

/// No call is known to the daemon, and none was.
fn assert_nothing_rang(daemon: &Daemon, events: &[Value]) {
    assert!(events.iter().all(|event| event["params"]["kind"] == "stranger.refused"), "{events:#?}");
    let status = daemon.cli(&["status"]);
    assert_eq!(status["seats"][0]["call"], Value::Null);
    let rows: i64 = daemon
        .database()
        .query_row("SELECT count(*) FROM attempts", [], |row| row.get(0))
        .expect("the table is there");
    assert_eq!(rows, 0, "no attempt is on disk");
}

/// A call from there rings and is answered.
fn assert_rings(daemon: &Daemon, source: [u8; 4]) {
    let caller = Scenario::client("uac_call", daemon.sip_address(), "100").at(source).start();
    daemon.wait_status("ringing", SOON, |status| status["seats"][0]["state"] == "ringing");
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
}

/// A daemon that is scanned, and what its clients were told.
struct Scanned {
    _exchange: Sipp,
    daemon: Daemon,
    control: Control,
}

impl Scanned {
    fn start() -> Self {
        let (exchange, daemon) = daemon(|account| account);
        let mut control = daemon.control();
        control.subscribe(None).expect("events are there for everybody");
        Self { _exchange: exchange, daemon, control }
    }

    /// Nothing rang, the scanner was counted, and the exchange gets through. Gives back what was told and counted.
    fn finish(mut self) -> (Vec<Value>, Value) {
        let mut events = Vec::new();
        while let Some(event) = self.control.event(Duration::from_millis(200)) {
            events.push(event);
        }
        assert_nothing_rang(&self.daemon, &events);
        let seen = strangers(&self.daemon);
        assert!(seen["refused"].as_u64() > Some(0), "{seen}");
        assert_eq!(seen["sources"][0]["address"], "127.0.0.1");
        assert_eq!(seen["sources"].as_array().map(Vec::len), Some(1));
        assert_rings(&self.daemon, EXCHANGE);
        (events, seen)
    }
}

#[test]
fn svmap_finds_no_name() {
    let scanned = Scanned::start();
    for method in ["OPTIONS", "INVITE", "REGISTER"] {
        let found = sipvicious::svmap(scanned.daemon.sip_address(), &["-d", "-m", method]);
        assert!(found.output.contains("SIP/2.0 403 Forbidden"), "it was answered: {found:?}");
        for name in ["akeru", "Server:", "Allow", "main", "sip:100@127.0.0.1"] {
            assert!(!found.output.contains(name), "{name}: {found:?}");
        }
    }
    scanned.finish();
}

#[test]
fn svwar_finds_no_user() {
    for arguments in [
        &["-e", "90-110"][..],
        &["-e", "90-110", "--force"],
        &["-e", "90-110", "--force", "-m", "OPTIONS"],
        &["-e", "90-110", "--force", "-m", "INVITE"],
        &["-e", "100", "--force", "-m", "INVITE"],
    ] {
        let scanned = Scanned::start();
        let found = sipvicious::svwar(scanned.daemon.sip_address(), arguments);
        assert!(found.rows.is_empty(), "{arguments:?}: {found:?}");
        scanned.finish();
    }
}

/// It goes on as long as it is answered: soon it is not, and the operator is told once.
#[test]
fn svcrack_finds_no_password_and_gives_up() {
    let scanned = Scanned::start();
    let guesses = ["-u", "100", "-r", "1-9999", "--maximumtime", "2"];
    let cracked = sipvicious::svcrack(scanned.daemon.sip_address(), &guesses);
    assert!(cracked.rows.is_empty(), "{cracked:?}");
    // A line per burst, not per packet.
    let warnings = scanned.daemon.log().lines().filter(|line| line.contains("a scanner;")).count();
    assert_eq!(warnings, 1);
    let (events, seen) = scanned.finish();
    let told: Vec<Value> =
        events.iter().map(|event| json!([event["params"]["requests"], event["params"]["scanner"]])).collect();
    assert_eq!(told, [json!([1, false]), json!([30, true])]);
    assert!(seen["dropped"].as_u64() > Some(100), "{seen}");
    assert!(seen["refused"].as_u64() <= Some(16), "eight, and one a second until it is known: {seen}");
    assert_eq!(seen["sources"][0]["scanner"], true);
    assert_eq!(seen["sources"][0]["method"], "REGISTER");
}

#[test]
fn a_strangers_call_does_not_ring_and_a_trusted_one_does() {
    let (_exchange, daemon) =
        daemon(|account| account.set("trusted_sources", "[\"127.0.0.4\", \"127.0.5.0/24\"]"));
    let mut control = daemon.control();
    control.subscribe(None).unwrap();
    for number in ["100", "999"] {
        for tcp in [false, true] {
            let call = Scenario::client("uac_call_forbidden", daemon.sip_address(), number).at(STRANGER);
            if tcp { call.tcp() } else { call }.start().succeed(SOON);
        }
    }
    let told = control.event(SOON).expect("the stranger is told");
    let told = &told["params"];
    assert_eq!(
        json!([told["kind"], told["source"], told["method"], told["scanner"]]),
        json!(["stranger.refused", "127.0.0.3", "INVITE", false])
    );
    assert_nothing_rang(&daemon, &[]);
    assert_eq!(strangers(&daemon)["refused"], 4);
    // What the operator reads names the source and the key.
    let mut command = Command::new(binary());
    command.arg("--socket").arg(daemon.socket()).args(["--lang", "en", "status"]);
    let shown = e2e::process::output_of(&mut command);
    assert!(shown.contains("127.0.0.3 INVITE") && shown.contains("trusted_sources"), "{shown}");

    for source in [[127, 0, 0, 4], [127, 0, 5, 77]] {
        assert_rings(&daemon, source);
        daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
        daemon.wait_status("a free seat", SOON, |status| status["seats"][0]["state"] != "wrap_up");
    }
}
