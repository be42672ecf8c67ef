//! Our own address changes during a call. The test runs once more in a network of its own, where the routes are ours to change.

use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::{self, Scenario};
use e2e::wait;
use e2e::wav::Sound;

use crate::SOON;

/// Set where the test is in its own network.
pub(crate) const INSIDE: &str = "KAKERU_TEST_NETWORK";
const SECOND: Duration = Duration::from_secs(1);
/// What the operator says, and the callee sends back, in Hz.
const OPERATOR_HZ: f64 = 440.0;

pub(crate) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("ip is there (iproute2)");
    assert!(status.success(), "ip {arguments}");
}

/// Runs the test of that name in a user and network namespace of its own.
pub(crate) fn run_inside(test: &str) {
    run_in("-rn", test);
}

/// The same with a mount namespace, where devices can be plugged in.
pub(crate) fn run_inside_with_devices(test: &str) {
    run_in("-rnm", test);
}

fn run_in(namespaces: &str, test: &str) {
    let mut command = Command::new("unshare");
    command.arg(namespaces).arg(std::env::current_exe().expect("a process knows its file")).args([
        "--exact",
        test,
        "--nocapture",
    ]);
    let output = command.env(INSIDE, "yes").output().expect("unshare is there (util-linux)");
    let text = String::from_utf8_lossy(&output.stdout);
    let said = format!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "in its own network:\n{said}");
}

/// The route to the exchange begins at another address of ours: within seconds the exchange hears of it by a re-INVITE with
/// the new Contact and media address, and the voice goes on both ways.
#[test]
fn a_call_moves_along_to_another_address() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("moved::a_call_moves_along_to_another_address");
    }
    ip("link set lo up");
    let callee = Scenario::server("uas_transfer").start();
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, OPERATOR_HZ, sipp::TONE_DBFS, SECOND * 30).write(&say).unwrap();
    let mut daemon = Daemon::builder()
        .set("sip", "listen", "\"0.0.0.0:0\"")
        .account(Account::new("main", callee.address()).unregistered())
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    daemon.cli(&["call", "0312340001"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(SECOND * 2);
    ip("route replace local 127.0.0.1 dev lo src 127.0.0.2 table local");
    let offers = callee.wait_received("INVITE", 2, SOON);
    assert!(offers[0].header("Contact").unwrap().contains("127.0.0.1"), "{}", offers[0].text);
    assert!(offers[1].header("Contact").unwrap().contains("127.0.0.2"), "{}", offers[1].text);
    assert!(offers[1].body().contains("c=IN IP4 127.0.0.2"), "{}", offers[1].text);
    let port = |text: &str| text.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(port(offers[0].body()), port(offers[1].body()), "the sockets stay");
    wait::pass(SECOND * 3);
    daemon.cli(&["hangup"]);
    let bye = callee.wait_received("BYE", 1, SOON).remove(0);
    assert!(bye.header("Via").unwrap().contains("127.0.0.2"), "{}", bye.text);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    assert!(daemon.stop().success());
    let heard = Sound::read(&hear, 0).unwrap();
    let last = heard.slice(heard.length().saturating_sub(SECOND * 2), SECOND / 2);
    assert!((last.frequency() - OPERATOR_HZ).abs() < 3.0, "{} Hz", last.frequency());
}
