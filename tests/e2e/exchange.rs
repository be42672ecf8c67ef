//! The practice exchange and the demo. The exchange speaks our own stack, so sipp is its client here.

use std::process::Command;

use e2e::daemon::{Account, Daemon, binary};
use e2e::peer::authority::Authority;
use e2e::peer::sipp::Scenario;
use e2e::process::Process;
use e2e::{ports, wait};

use crate::SOON;

/// An exchange that listens, with these arguments more.
fn exchange(folder: &std::path::Path, more: &[&str]) -> (Process, std::net::SocketAddr) {
    let address = ports::free_address();
    let mut command = Command::new(binary());
    command.args(["exchange", "--fast", "--listen", &address.to_string()]).args(more);
    let mut exchange = Process::start("kakeru exchange", &command, &folder.join("log"));
    exchange.wait_until("open port", SOON, || {
        ports::udp_bound(address.port()) && ports::tcp_listening(address.port())
    });
    (exchange, address)
}

#[test]
fn sipp_registers_at_the_practice_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let (mut exchange, address) = exchange(folder.path(), &[]);
    for tcp in [false, true] {
        let client = Scenario::client("uac_register", address, "100").credentials("100", "practice");
        if tcp { client.tcp() } else { client }.start().succeed(SOON);
    }
    Scenario::client("uac_options", address, "100").start().succeed(SOON);
    assert!(exchange.stop(SOON).success());
}

#[test]
fn both_digests_are_offered_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut exchange, address) = exchange(folder.path(), &["--digest", "both"]);
    // sipp 3.6 knows MD5 only and cannot choose, so the challenges are all it is asked for.
    let client = Scenario::client("uac_register", address, "100")
        .edit("<recv response=\"401\" auth=\"true\"/>", "<recv response=\"401\" next=\"end\"/>")
        .edit("</scenario>", "<label id=\"end\"/>\n<nop/>\n</scenario>")
        .start();
    let refusal =
        wait::until("a challenge", SOON, || client.messages().into_iter().find(|m| m.verb() == "401"));
    for algorithm in ["algorithm=SHA-256", "algorithm=MD5"] {
        assert!(refusal.text.contains(algorithm), "{}", refusal.text);
    }
    client.succeed(SOON);
    assert!(exchange.stop(SOON).success());
}

/// SHA-512-256 and signed bodies, REGISTER and INVITE: the exchange judges with the same code as the daemon, so this
/// proves only that a person can have it; `registration.rs` holds the independent proof.
#[test]
fn the_daemon_logs_in_with_every_digest_that_the_exchange_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    for more in
        [&["--digest", "sha512-256"][..], &["--digest", "all"], &["--digest", "md5-sess", "--auth-int"]]
    {
        let (mut exchange, address) = exchange(folder.path(), more);
        let account = Account::new("main", address).user("100", "practice");
        let daemon = Daemon::builder().account(account).start();
        daemon.wait_registered("main", SOON);
        assert!(exchange.stop(SOON).success());
    }
}

/// The whole main job in one command; exit 0 means that every row ended as it should.
#[test]
fn the_demo_ends_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    command.args(["demo", "--fast", "--mute", "--json", "--dir"]).arg(folder.path().join("demo"));
    command.env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path());
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 20, "one object per call and a summary: {stdout}");
}

/// The practice exchange over TLS, by its own stack on both sides: a person can try it. kamailio is the proof.
#[test]
fn the_practice_exchange_speaks_tls() {
    let authority = Authority::new();
    let identity = authority.issue("127.0.0.1");
    let folder = tempfile::tempdir().unwrap();
    let secure = ports::free_address();
    let text = |path: &std::path::Path| path.display().to_string();
    let (certificate, key) = (text(&identity.certificate), text(&identity.key));
    let more = ["--tls", &secure.to_string(), "--tls-cert", &certificate, "--tls-key", &key];
    let (mut exchange, _) = exchange(folder.path(), &more);
    let line = Account::new("main", secure)
        .user("100", "practice")
        .set("transport", "\"tls\"")
        .set("tls_ca", &format!("\"{}\"", authority.file().display()));
    let daemon = Daemon::builder().account(line).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", "0312340010"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    assert!(exchange.stop(SOON).success());
}
