//! Buttons and lamps of a headset (HID telephony): the daemon finds it, heeds its reports and writes its lamps. The tests run once
//! more where `/sys/class` and `/dev` are theirs.

use e2e::daemon::{Daemon, Seat};
use e2e::peer::headset::{DROP, FLASH, HOLD_LAMP, HOOK, MUTE, MUTE_LAMP, Machine, OFF_HOOK_LAMP, RING_LAMPS};
use e2e::peer::sipp::Scenario;
use serde_json::Value;

use crate::SOON;
use crate::line::{line, registered, wait_state};
use crate::moved::{INSIDE, ip, run_inside_with_devices};

const NAME: &str = "Kakeru Test 50";

fn seat() -> Seat {
    // A part of the name is enough, in any case.
    Seat::new("a", "main").set("headset", "\"test 50\"")
}

#[track_caller]
fn wait_headset(daemon: &Daemon, name: Option<&str>) {
    daemon.wait_status("the headset", SOON, |status| status["seats"][0]["voice"]["headset"].as_str() == name);
}

#[track_caller]
fn wait_call(daemon: &Daemon, key: &str, value: bool) {
    daemon.wait_status(key, SOON, |status| status["seats"][0]["call"][key] == value);
}

#[test]
fn an_incoming_call_is_answered_muted_and_hung_up_at_the_headset() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside_with_devices(
            "headset::an_incoming_call_is_answered_muted_and_hung_up_at_the_headset",
        );
    }
    ip("link set lo up");
    let machine = Machine::new();
    let mut headset = machine.plug("hidraw0", NAME);
    let (_registrar, mut daemon) = registered(Daemon::builder().seat(seat()));
    wait_headset(&daemon, Some(NAME));
    // Without a call its buttons do nothing.
    headset.press(HOOK);
    headset.press(0);
    let caller = Scenario::client("uac_call_bye_by_callee", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    headset.wait_lamps(RING_LAMPS);
    headset.press(HOOK);
    wait_state(&daemon, "in_call");
    headset.wait_lamps(OFF_HOOK_LAMP);
    for on in [true, false] {
        headset.press(HOOK | MUTE);
        wait_call(&daemon, "muted", on);
        headset.press(HOOK);
        headset.wait_lamps(if on { OFF_HOOK_LAMP | MUTE_LAMP } else { OFF_HOOK_LAMP });
    }
    // A lamp tells of what was done elsewhere too.
    daemon.cli(&["mute", "on"]);
    headset.wait_lamps(OFF_HOOK_LAMP | MUTE_LAMP);
    daemon.cli(&["mute", "off"]);
    headset.wait_lamps(OFF_HOOK_LAMP);
    headset.press(0);
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    headset.wait_lamps(0);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!((&row["origin"], &row["hangup_by"]), (&"incoming".into(), &"local".into()), "{row:#}");
    // Those of a call that is refused elsewhere go out.
    daemon.cli(&["save", "--status", "通話済", "--next", "dial"]);
    let caller = Scenario::client("uac_call_rejected", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    headset.wait_lamps(RING_LAMPS);
    daemon.cli(&["hangup"]);
    caller.succeed(SOON);
    headset.wait_lamps(0);
    assert!(daemon.stop().success());
}

/// The daemon calls; the headset repeats what its lamp says, holds the call, is pulled out and plugged in again, and hangs up.
#[test]
fn a_call_goes_on_while_its_headset_is_pulled_out() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside_with_devices("headset::a_call_goes_on_while_its_headset_is_pulled_out");
    }
    ip("link set lo up");
    let machine = Machine::new();
    // Another one that is not the seat's.
    let mut other = machine.plug("hidraw0", "Somebody Else's");
    let mut headset = machine.plug("hidraw1", NAME);
    let callee = Scenario::server("uas_transfer").start();
    let mut daemon = line(&callee).seat(seat()).start();
    wait_headset(&daemon, Some(NAME));
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    headset.wait_lamps(OFF_HOOK_LAMP);
    headset.press(HOOK);
    for held in [true, false] {
        headset.press(HOOK | FLASH);
        wait_call(&daemon, "held", held);
        headset.press(HOOK);
        headset.wait_lamps(if held { OFF_HOOK_LAMP | HOLD_LAMP } else { OFF_HOOK_LAMP });
    }
    drop(headset);
    wait_headset(&daemon, None);
    wait_state(&daemon, "in_call");
    let mut headset = machine.plug("hidraw2", NAME);
    wait_headset(&daemon, Some(NAME));
    headset.wait_lamps(OFF_HOOK_LAMP);
    let mut told = Vec::new();
    while told.len() < 2 {
        let event =
            events.wait_event("the headset", SOON, |event| event["params"]["kind"] == "device.headset");
        told.push(event["params"]["name"].as_str().map(str::to_owned));
    }
    assert_eq!(told, [None, Some(NAME.to_owned())]);
    headset.press(HOOK);
    wait_state(&daemon, "in_call");
    headset.press(0);
    callee.wait_received("BYE", 1, SOON);
    wait_state(&daemon, "wrap_up");
    headset.wait_lamps(0);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["hangup_by"], Value::from("local"), "{row:#}");
    // The daemon ends with lamps dark, also in a call.
    daemon.cli(&["save", "--status", "通話済", "--next", "dial"]);
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    headset.wait_lamps(OFF_HOOK_LAMP);
    assert!(daemon.stop().success());
    headset.wait_lamps(0);
    other.wait_lamps(0);
}

/// Without the udev rule its owner is told what to do, and calls go on; with it the headset is used at once, and its drop key hangs up.
#[test]
fn a_headset_that_may_not_be_opened_is_told_of_until_it_may() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside_with_devices("headset::a_headset_that_may_not_be_opened_is_told_of_until_it_may");
    }
    ip("link set lo up");
    let machine = Machine::new();
    let callee = Scenario::server("uas_transfer").start();
    let daemon = line(&callee).seat(seat()).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    let mut headset = machine.plug_forbidden("hidraw0", NAME);
    let event = events.wait_event("trouble", SOON, |event| event["params"]["kind"] == "device.headset");
    let why = event["params"]["why"].as_str().unwrap_or_default();
    assert!(event["params"]["name"].is_null() && why.contains("no permission for /dev/hidraw0"), "{event:#}");
    assert!(why.contains("70-kakeru-headset.rules") && why.contains("udevadm trigger"), "{why}");
    wait_headset(&daemon, None);
    // Whoever looks later sees it too, in their language.
    let trouble = daemon.cli(&["status"])["seats"][0]["voice"]["headset_trouble"].take();
    assert_eq!((&trouble["kind"], &trouble["path"]), (&"permission".into(), &"/dev/hidraw0".into()));
    assert_eq!(trouble["why"], why);
    let text = daemon.text(&["status", "--lang", "ja"]);
    assert!(
        text.contains("席 a: ヘッドセットのボタンを使えません。/dev/hidraw0 を開く権限がありません"),
        "{text}"
    );
    let text = daemon.text(&["status", "--lang", "en"]);
    assert!(text.contains("seat a: the headset's buttons cannot be used: no permission"), "{text}");
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");

    headset.allow();
    wait_headset(&daemon, Some(NAME));
    assert!(daemon.cli(&["status"])["seats"][0]["voice"]["headset_trouble"].is_null());
    headset.wait_lamps(OFF_HOOK_LAMP);
    headset.press(HOOK);
    wait_state(&daemon, "in_call");
    headset.press(HOOK | DROP);
    callee.wait_received("BYE", 1, SOON);
    wait_state(&daemon, "wrap_up");
    headset.press(0);
    headset.wait_lamps(0);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["hangup_by"], Value::from("local"), "{row:#}");
    assert_eq!(daemon.log().matches("no permission for").count(), 1, "told once");
}
