//! An exchange of two servers, found through a real DNS server (RFC 3263): one dies in silence and comes back.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, binary};
use e2e::peer::dns::{self, Dns};
use e2e::process::Process;
use e2e::{ports, wait};
use serde_json::{Value, json};

use crate::SOON;

/// One server of the exchange.
struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path, name: &str) -> Self {
        let address = ports::free_address();
        let mut command = Command::new(binary());
        command.args(["exchange", "--fast", "--listen", &address.to_string()]);
        let mut process = Process::start(name, &command, &folder.join(name));
        process.wait_until("open port", SOON, || ports::udp_bound(address.port()));
        Self { process, address }
    }

    fn registrations(&self) -> usize {
        self.process.output().matches(": registered").count()
    }

    fn calls(&self) -> usize {
        self.process.output().matches("a callee is called").count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A stopped process does not hear that it should end.
        self.process.signal("CONT");
    }
}

/// What `status` says of the account's exchange.
fn trunk(daemon: &Daemon) -> Value {
    let trunk = daemon.cli(&["status"])["accounts"][0]["trunk"].take();
    assert!(trunk["since"].is_i64(), "{trunk}");
    json!([trunk["state"], trunk["target"], trunk["transport"], trunk["preferred"]])
}

fn kind(event: &Value) -> &str {
    event["params"]["kind"].as_str().unwrap_or_default()
}

/// A call from dialing to its end; returns the milliseconds until the exchange made a sound.
fn call(daemon: &Daemon, number: &str) -> i64 {
    daemon.cli(&["call", number]);
    let status = daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    let times = &status["seats"][0]["call"];
    let at = |name: &str| times[name].as_i64().unwrap_or_else(|| panic!("no {name}: {times}"));
    let waited = at("early_media_at") - at("started_at");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    daemon.wait_status("free seat", SOON, |status| status["seats"][0]["state"] != "wrap_up");
    waited
}

#[test]
fn a_server_that_falls_silent_is_left_within_five_seconds_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Server::start(folder.path(), "first");
    let second = Server::start(folder.path(), "second");
    let mut names = Dns::start(&[first.address, second.address]);
    let account = Account::new("main", dns::EXCHANGE).user("100", "practice");
    let servers = format!("[\"{}\"]", names.address());
    let daemon = Daemon::builder().set("sip", "dns", &servers).account(account).start();
    daemon.wait_registered("main", SOON);
    assert_eq!((first.registrations(), second.registrations()), (1, 0));
    assert_eq!(trunk(&daemon), json!(["reachable", first.address.to_string(), "udp", true]));
    let mut events = daemon.control();
    events.subscribe(None).unwrap();

    // Everything that follows happens without the DNS, and its answers live for ten seconds at the most.
    names.silence();
    first.process.signal("STOP");
    let waited = call(&daemon, "0312340010");
    // A closed port would have told at once; this one was silent.
    assert!((3_000..5_000).contains(&waited), "{waited} ms");
    assert_eq!(second.calls(), 1);
    wait::until_true("registration at the second", SOON, || second.registrations() > 0);
    daemon.wait_registered("main", SOON);
    assert_eq!(trunk(&daemon), json!(["reachable", second.address.to_string(), "udp", false]));
    let moved = events.wait_event("change of the server", SOON, |event| kind(event) == "trunk.changed");
    assert_eq!(moved["params"]["trunk"]["target"], second.address.to_string());

    wait::until_true("a question that nobody answers", Duration::from_secs(30), || {
        daemon.log().contains("the DNS does not answer")
    });
    let waited = call(&daemon, "0312340011");
    assert!(waited < 1_000, "{waited} ms");
    assert_eq!(second.calls(), 2);

    first.process.signal("CONT");
    wait::until_true("return to the first", Duration::from_secs(45), || first.registrations() > 1);
    assert_eq!(trunk(&daemon), json!(["reachable", first.address.to_string(), "udp", true]));
    let waited = call(&daemon, "0312340012");
    assert!(waited < 1_000, "{waited} ms");
    assert_eq!(second.calls(), 2, "the call went through the first");
}

/// `transport = "auto"`: the exchange prefers TLS, at a server that is down, then TCP, then UDP (RFC 3263 4.1). Without NAPTR
/// records it is UDP.
#[test]
fn the_dns_chooses_the_transport() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), "server");
    let dead = ports::free_address();
    let services = [
        ("SIPS+D2T", "_sips._tcp", dead),
        ("SIP+D2T", "_sip._tcp", server.address),
        ("SIP+D2U", "_sip._udp", server.address),
    ];
    for (names, transport, preferred) in
        [(Dns::choosing(&services), "tcp", false), (Dns::start(&[server.address]), "udp", true)]
    {
        let account =
            Account::new("main", dns::EXCHANGE).user("100", "practice").set("transport", "\"auto\"");
        let servers = format!("[\"{}\"]", names.address());
        let daemon = Daemon::builder().set("sip", "dns", &servers).account(account).start();
        daemon.wait_registered("main", SOON);
        let expected = json!(["reachable", server.address.to_string(), transport, preferred]);
        assert_eq!(trunk(&daemon), expected);
        assert_eq!(daemon.cli(&["status"])["accounts"][0]["transport"], transport);
        call(&daemon, "0312340010");
    }
}
