//! The control socket and the command line as integrators meet them.

use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat, Setup, binary};
use e2e::peer::sipp::Scenario;
use e2e::ports;
use serde_json::json;

use crate::SOON;

/// A daemon with a line that needs no exchange.
fn idle() -> Setup {
    Daemon::builder().account(Account::new("main", ports::free_address()).unregistered())
}

fn code(arguments: &[&str]) -> i32 {
    let output = Command::new(binary()).args(arguments).output().expect("the binary can be run");
    output.status.code().unwrap_or(-1)
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let daemon = idle().start();
    assert_eq!(daemon.run(&["status"]).code, 0);
    daemon.run(&["hangup"]).refused("E-NO-CALL");
    daemon.run(&["dial", "start", "nowhere"]).refused("E-LIST-UNKNOWN");
    assert_eq!(code(&["nonsense"]), 2);
    assert_eq!(code(&["status", "--socket", "/nonexistent/control.sock"]), 3);
}

/// Every mistake at once, each with its line.
#[test]
fn a_bad_configuration_ends_with_78() {
    let mut daemon =
        idle().set("dialing", "ring_timeout", "\"10m\"").set("dialing", "mode", "\"wild\"").prepare();
    daemon.launch();
    assert_eq!(daemon.wait_end(SOON).code(), Some(78));
    let log = daemon.log();
    assert!(log.contains("ring_timeout") && log.contains("mode"), "{log}");
    let file = daemon.path("kakeru.toml");
    let check = Command::new(binary()).args(["config", "check"]).arg(&file).output().unwrap();
    assert_eq!(check.status.code(), Some(78));
    let text = String::from_utf8_lossy(&check.stdout).into_owned() + &String::from_utf8_lossy(&check.stderr);
    assert!(text.contains("ring_timeout") && text.contains("mode"), "{text}");
}

/// `seq` grows across a crash, and what came before it can be replayed or is said to be gone.
#[test]
fn events_are_numbered_across_restarts() {
    let mut daemon = idle().start();
    let mut client = daemon.control();
    client.subscribe(None).unwrap();
    client.call("seat.pause", &json!({ "code": "lunch" })).unwrap();
    let pause = client.wait_event("pause", SOON, |event| event["params"]["state"] == "paused");
    let before = pause["params"]["seq"].as_u64().expect("a number");

    let mut late = daemon.control();
    late.subscribe(Some(before - 1)).unwrap();
    let replayed = late.wait_event("replayed pause", SOON, |event| event["params"]["state"] == "paused");
    assert_eq!(replayed["params"]["seq"].as_u64(), Some(before));

    daemon.kill9();
    daemon.start();
    let mut client = daemon.control();
    assert_eq!(client.subscribe(Some(before)).unwrap_err().code, "E-EVENTS-GONE");
    client.subscribe(None).unwrap();
    client.call("seat.pause", &json!({ "code": "again" })).unwrap();
    let again = client.wait_event("pause", SOON, |event| event["params"]["state"] == "paused");
    assert!(again["params"]["seq"].as_u64().unwrap() > before);
}

/// A client that asks and never reads holds up nobody.
#[test]
fn a_stalled_client_stalls_nobody() {
    let daemon = idle().start();
    let mut stalled = daemon.control();
    stalled.subscribe(None).unwrap();
    let mut busy = daemon.control();
    for n in 0..2_000 {
        busy.call(if n % 2 == 0 { "seat.pause" } else { "seat.ready" }, &json!({})).unwrap();
    }
    let (_, took) = e2e::wait::timed(|| busy.call("status.get", &json!({})).unwrap());
    assert!(took < Duration::from_millis(500), "{took:?}");
}

/// Lines that are no request are answered as JSON-RPC says, and the connection goes on.
#[test]
fn bad_requests_are_answered() {
    let daemon = idle().start();
    let mut client = daemon.control();
    client.send_raw("this is no JSON\n{\"jsonrpc\":\"2.0\",\"id\":1}\n\n{}\n");
    assert!(client.call("status.get", &json!({ "unknown": 1 })).is_err());
    assert!(client.call("no.such.method", &json!({})).is_err());
    assert!(client.call("status.get", &json!({})).is_ok());
}

/// Two seats in one daemon: a verb needs to say which, and both call at once.
#[test]
fn two_seats_work_side_by_side() {
    let callee = Scenario::server("uas_answer").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .seat(Seat::new("a", "main").set("operator", "\"alice\""))
        .seat(Seat::new("b", "main").set("operator", "\"bob\""))
        .start();
    daemon.run(&["call", "0312340001"]).refused("E-SEAT-REQUIRED");
    daemon.run(&["call", "0312340001", "--seat", "c"]).refused("E-SEAT-UNKNOWN");
    daemon.cli(&["call", "0312340001", "--seat", "a"]);
    daemon.cli(&["call", "0312340002", "--seat", "b"]);
    daemon.wait_status("two talks", SOON, |status| {
        status["seats"].as_array().is_some_and(|seats| seats.iter().all(|seat| seat["state"] == "in_call"))
    });
    daemon.cli(&["hangup", "--seat", "b"]);
    daemon.cli(&["hangup", "--seat", "a"]);
    let rows = daemon.wait_history(2, SOON);
    let operators: Vec<_> = rows.iter().map(|row| row["operator"].as_str().unwrap()).collect();
    assert_eq!(operators, ["bob", "alice"]);
}

/// 0660: the group may, others may not.
#[test]
fn the_socket_is_for_owner_and_group() {
    use std::os::unix::fs::PermissionsExt as _;
    let daemon = idle().start();
    let mode = std::fs::metadata(daemon.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}
