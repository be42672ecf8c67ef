//! Sound devices of a running daemon, with PulseAudio: loss in mid-call, the ring, choice and volume at run time, the
//! trial of a headset.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::{Baresip, Codec, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::peer::pulse::{EARPHONE, MIC_FEED, MICROPHONE, Pulse, RATE};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::{Value, json};

use crate::SOON;

const SECOND: Duration = Duration::from_secs(1);
const CALLEE: &str = "0312345678";
const CALLEE_HZ: f64 = 1_000.0;
const DBFS: f64 = -15.0;
const SPARE: &str = "spare_ear";

/// A registrar, and a phone there that answers with a tone.
fn phone() -> (Kamailio, Baresip) {
    let exchange = kamailio::Setup::default().user("100", "secret").user(CALLEE, "secret").start();
    let phone =
        Phone::new(CALLEE).registrar(exchange.address(), "secret").tone(CALLEE_HZ, DBFS).codec(Codec::Pcmu);
    (exchange, phone.start())
}

fn daemon(pulse: &Pulse, exchange: &Kamailio, voice: &str) -> Daemon {
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).set("codecs", "[\"PCMU\"]"))
        .seat(Seat::new("a", "main").set("voice", voice))
        .pulse(pulse)
        .start();
    daemon.wait_registered("main", SOON);
    daemon
}

fn wait_state(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

fn wait_ear(daemon: &Daemon, name: &str) {
    daemon.wait_status(name, SOON, |status| status["seats"][0]["voice"]["playback"] == name);
}

fn plug(pulse: &Pulse, sink: &str) {
    pulse.plug(&format!(
        "module-null-sink sink_name={sink} rate={RATE} channels=1 sink_properties=device.description={sink}"
    ));
}

/// The callee's tone comes out of a sink at a level. A busy machine leaves gaps: a quarter of a second without one is
/// enough, and is waited for.
#[track_caller]
fn assert_heard(pulse: &Pulse, sink: &str, dbfs: f64) {
    let mut heard = f64::NAN;
    let found = wait::within(SOON, || {
        let sound = pulse.record(&format!("{sink}.monitor")).take(SECOND);
        heard = sound.loudest(SECOND / 4).level_at(CALLEE_HZ);
        ((heard - dbfs).abs() < 3.0).then_some(())
    });
    assert!(found.is_some(), "{heard} dBFS instead of {dbfs} at {sink}");
}

/// Level of what a sink plays.
fn level(pulse: &Pulse, sink: &str) -> f64 {
    pulse.record(&format!("{sink}.monitor")).take(SECOND).level()
}

/// The headset is pulled out twice and the sound server killed once in one call: the reserve, then the headset, then
/// nothing and the headset again; the call is the same one all the time.
#[test]
fn a_call_goes_on_at_the_reserve_and_comes_back() {
    let mut pulse = Pulse::start();
    plug(&pulse, SPARE);
    let (exchange, phone) = phone();
    let voice = format!(
        "{{ kind = \"device\", capture = [\"{MICROPHONE}\"], playback = [\"{EARPHONE}\", \"{SPARE}\"] }}"
    );
    let daemon = daemon(&pulse, &exchange, &voice);
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    assert_heard(&pulse, EARPHONE, DBFS);
    for _ in 0..2 {
        let ear = pulse.unplug(EARPHONE);
        let lost = events.wait_event("loss", SOON, |event| event["params"]["kind"] == "device.lost");
        assert!(lost["params"]["why"].as_str().unwrap().contains("playback"), "{lost}");
        let back = events.wait_event("reserve", SOON, |event| event["params"]["kind"] == "device.back");
        assert_eq!(back["params"]["playback"], SPARE);
        assert_heard(&pulse, SPARE, DBFS);
        pulse.plug(&ear);
        let back = events.wait_event("return", SOON, |event| event["params"]["kind"] == "device.back");
        assert_eq!(back["params"]["playback"], EARPHONE);
        assert_heard(&pulse, EARPHONE, DBFS);
        assert!(level(&pulse, SPARE) < -60.0, "the reserve is silent again");
    }
    pulse.process().kill9();
    events.wait_event("loss", SOON, |event| event["params"]["kind"] == "device.lost");
    wait_state(&daemon, "in_call");
    assert_eq!(phone.established(), 1);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
}

/// Who answers is to hear somebody. Without the headset the call that is up goes on, and nobody is called any more, until its
/// operator goes on with the headset there.
#[test]
fn nobody_is_called_whose_operator_is_not_heard() {
    let pulse = Pulse::start();
    let exchange = Scenario::server("exchange").start();
    let voice = format!("{{ kind = \"device\", capture = [\"{MICROPHONE}\"], playback = [\"{EARPHONE}\"] }}");
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("voice", &voice))
        .pulse(&pulse)
        .start();
    wait_ear(&daemon, EARPHONE);
    daemon.import("first", "会社名,電話番号\n一,0312340001\n二,0312340101\n");
    daemon.cli(&["dial", "start", "first"]);
    wait_state(&daemon, "in_call");
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    let ear = pulse.unplug(EARPHONE);
    daemon.wait_status("loss", SOON, |status| status["seats"][0]["voice"]["ok"] == false);
    wait_state(&daemon, "in_call");
    let seat = daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let paused = events.wait_event("pause", SOON, |event| event["params"]["kind"] == "dial.paused");
    assert_eq!(paused["params"]["reason"], "device", "{paused:#} {seat:#}");
    let status = daemon.wait_status("pause", SOON, |status| status["seats"][0]["pause_code"] == "device");
    assert_eq!(status["seats"][0]["dial"]["list"], "first", "{status:#}");
    for (lang, told) in [("ja", "音声デバイスの異常"), ("en", "the sound device is gone")] {
        let told_all = daemon.text(&["status", "--lang", lang]);
        assert!(told_all.contains(told) && told_all.contains("kakeru devices"), "{told_all}");
    }
    for refused in [&["call", "0312349901"][..], &["dial", "resume"], &["dial", "start", "first"], &["ready"]]
    {
        let answer = daemon.run(refused);
        if refused != ["ready"] {
            answer.refused("E-DEVICE-LOST");
        }
    }
    assert_eq!(exchange.invites().len(), 1);
    pulse.plug(&ear);
    wait_ear(&daemon, EARPHONE);
    wait::pass(SECOND);
    assert_eq!(exchange.invites().len(), 1, "not by itself");
    daemon.cli(&["dial", "resume"]);
    wait_state(&daemon, "in_call");
    assert_eq!(exchange.invites().len(), 2);
}

/// Two sinks: an incoming call rings on the loudspeaker, its voice is in the headset.
#[test]
fn a_call_rings_on_the_loudspeaker_and_talks_in_the_headset() {
    let pulse = Pulse::start();
    plug(&pulse, "speaker");
    let registrar = Scenario::server("registrar_open").start();
    let voice = format!(
        "{{ kind = \"device\", capture = [\"{MICROPHONE}\"], playback = [\"{EARPHONE}\"], ring = [\"speaker\"] }}"
    );
    let daemon = Daemon::builder()
        .account(Account::new("main", registrar.address()))
        .seat(Seat::new("a", "main").set("voice", &voice))
        .pulse(&pulse)
        .start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    daemon.wait_status("ring", SOON, |status| status["seats"][0]["voice"]["ring"] == "speaker");
    let (speaker, ear) = (pulse.record("speaker.monitor"), pulse.record_earphone());
    let caller = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    wait::pass(SECOND);
    let rung = speaker.so_far().loudest(SECOND / 20);
    assert!(rung.level() > -20.0, "it rings: {}", rung.level());
    assert!(ear.so_far().level() < -60.0, "and not in the headset: {}", ear.so_far().level());
    daemon.cli(&["answer"]);
    wait_state(&daemon, "in_call");
    drop(speaker);
    wait::pass(SECOND / 2);
    let after = pulse.record("speaker.monitor").take(SECOND / 2);
    assert!(after.level() < -60.0, "it has ended: {}", after.level());
    caller.succeed(SOON);
}

/// Devices and volume are set while the call is up, and are the same after a restart.
#[test]
fn what_was_set_counts_at_once_and_after_a_restart() {
    let pulse = Pulse::start();
    plug(&pulse, SPARE);
    let (exchange, _phone) = phone();
    let voice = format!("{{ kind = \"device\", capture = [\"{MICROPHONE}\"], playback = [\"{EARPHONE}\"] }}");
    let mut daemon = daemon(&pulse, &exchange, &voice);
    let shown = daemon.cli(&["devices", "show"]);
    assert_eq!((&shown["changed"], &shown["playback"]), (&json!(false), &json!([EARPHONE])), "{shown:#}");
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    assert_heard(&pulse, EARPHONE, DBFS);

    daemon.cli(&["devices", "set", "--playback", SPARE, "--playback", "default", "--noise", "on"]);
    wait_ear(&daemon, SPARE);
    daemon.cli(&["devices", "volume", "25"]);
    // A quarter of the amplitude.
    assert_heard(&pulse, SPARE, DBFS - 12.0);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    daemon.run(&["devices", "set", "--playback", " "]).refused("E-BAD-REQUEST");

    daemon.kill9();
    daemon.start();
    let shown = daemon.cli(&["devices", "show"]);
    let expected = json!({ "changed": true, "playback": [SPARE, "default"], "volume": 25, "noise": true });
    let found = json!({
        "changed": shown["changed"], "playback": shown["playback"],
        "volume": shown["volume"]["playback"], "noise": shown["processing"]["noise"],
    });
    assert_eq!(found, expected, "{shown:#}");
    wait_ear(&daemon, SPARE);
    let shown = daemon.cli(&["devices", "set", "--reset", "--echo", "off"]);
    assert_eq!(shown["playback"], json!([EARPHONE]));
    wait_ear(&daemon, EARPHONE);
}

/// The bar of `devices level`, as JSON, without a call; and not without being asked.
#[test]
fn levels_are_shown() {
    let pulse = Pulse::start();
    let (exchange, _phone) = phone();
    let voice = format!("{{ kind = \"device\", capture = [\"{MICROPHONE}\"], playback = [\"{EARPHONE}\"] }}");
    let daemon = daemon(&pulse, &exchange, &voice);
    wait_ear(&daemon, EARPHONE);
    let _voice = pulse.play(MIC_FEED, &Sound::tone(RATE, 440.0, DBFS, SECOND * 20));
    wait::pass(SECOND);
    let text = daemon.text(&["devices", "level", "--seconds", "2", "--json"]);
    let levels: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(levels.len(), 20);
    // A sine of full scale has +3.1 dBm0 (G.711).
    let expected = DBFS + 3.1;
    let fits = |level: &&Value| (level["capture"]["dbm0"].as_f64().unwrap_or(-90.0) - expected).abs() < 1.0;
    let good = levels.iter().filter(fits).count();
    assert!(good >= 15, "{good} of {}: {text}", levels.len());
    let time = levels[19]["at"].as_i64().unwrap() - levels[0]["at"].as_i64().unwrap();
    assert!((1_500..4_000).contains(&time), "ten a second: {time} ms for 20");
}

/// The trial of a headset whose microphone hears its ear piece (a monitor), and of one that hears nothing.
#[test]
fn a_headset_is_tried_without_a_daemon() {
    let pulse = Pulse::start();
    let trial = |arguments: &[&str]| {
        let mut command = std::process::Command::new(e2e::daemon::binary());
        command.envs(pulse.environment()).args(["devices", "test", "--lang", "en"]).args(arguments);
        let output = command.output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        (output.status.code(), out, err)
    };
    let monitor = format!("{EARPHONE}.monitor");
    let heard = ["--capture", &monitor, "--playback", EARPHONE, "--latency"];
    let (code, out, err) = trial(&[&heard[..], &["--json"]].concat());
    let result: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    let latency = result["latency_ms"].as_f64().unwrap_or_else(|| panic!("not heard: {result:#}"));
    assert!((5.0..2_000.0).contains(&latency), "{result:#}");
    assert!(result["leak_db"].as_f64().unwrap().abs() < 3.0, "a monitor hears all of it: {result:#}");
    assert!(result["findings"].as_array().unwrap().contains(&json!("echo")), "{result:#}");
    assert_eq!(code, Some(1), "there is something to do");

    let (_, out, _) = trial(&["--capture", MICROPHONE, "--playback", EARPHONE, "--seconds", "1", "--json"]);
    let result: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&result["latency_ms"], &result["findings"]), (&Value::Null, &json!(["dead"])), "{result:#}");

    let (code, out, _) = trial(&heard);
    assert!(out.contains("The microphone hears the loudspeaker") && code == Some(1), "{out}");
    let (code, _, err) = trial(&["--capture", "no such microphone"]);
    assert!(code == Some(1) && err.contains("no such microphone") && err.contains("kakeru devices"), "{err}");
}
