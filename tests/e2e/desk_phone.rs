//! A seat whose voice is a desk phone (baresip): who hears whom, in which order they are called, who hangs up.

use std::path::PathBuf;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::{Baresip, Codec, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::wait;
use e2e::wav::Sound;

use crate::SOON;
use crate::line::wait_state;

const SECOND: Duration = Duration::from_secs(1);
const CUSTOMER: &str = "0312345678";
const OPERATOR_HZ: f64 = 600.0;
const CUSTOMER_HZ: f64 = 1_000.0;

fn desk(codec: Codec) -> Baresip {
    Phone::new("201").tone(OPERATOR_HZ, -15.0).codec(codec).start()
}

fn customer(codec: Codec) -> (Kamailio, Baresip) {
    let exchange = kamailio::Setup::default().user("100", "secret").user(CUSTOMER, "secret").start();
    let phone = Phone::new(CUSTOMER).registrar(exchange.address(), "secret").tone(CUSTOMER_HZ, -15.0);
    (exchange, phone.codec(codec).start())
}

fn daemon(exchange: &Kamailio, desk: &Baresip, more: &str) -> Daemon {
    let voice = format!("{{ kind = \"phone\", address = \"sip:201@{}\"{more} }}", desk.address());
    let seat = Seat::new("a", "main").set("voice", &voice);
    let daemon = Daemon::builder().account(Account::new("main", exchange.address())).seat(seat).start();
    daemon.wait_registered("main", SOON);
    daemon
}

fn wait_voice(daemon: &Daemon, ok: bool) {
    daemon.wait_status("the phone", SOON, |status| status["seats"][0]["voice"]["ok"] == ok);
}

#[track_caller]
fn assert_tone(what: &str, sound: &Sound, hertz: f64) {
    let found = sound.loudest(SECOND / 2).frequency();
    assert!((found - hertz).abs() < 3.0, "{what}: {found} Hz instead of {hertz} Hz in {:?}", sound.length());
}

fn recording(daemon: &Daemon) -> PathBuf {
    let found = wait::within(SOON, || {
        let row = daemon.wait_history(1, SOON).remove(0);
        let recording = &row["recording"];
        (recording["state"] == "final").then(|| PathBuf::from(recording["path"].as_str().expect("a path")))
    });
    let path = found.expect("a finished recording");
    if path.is_absolute() { path } else { daemon.path("recordings").join(path) }
}

/// Voice both ways and onto the two channels, with the codecs equal and different.
#[test]
fn phone_and_customer_talk_whatever_codec_each_has() {
    for (of_desk, of_customer) in
        [(Codec::Pcmu, Codec::Pcmu), (Codec::G722, Codec::Pcmu), (Codec::Pcma, Codec::G722)]
    {
        let (desk, (exchange, customer)) = (desk(of_desk), customer(of_customer));
        let daemon = daemon(&exchange, &desk, "");
        daemon.cli(&["call", CUSTOMER]);
        wait_state(&daemon, "in_call");
        wait::pass(SECOND * 3);
        daemon.cli(&["hangup"]);
        wait_state(&daemon, "wrap_up");
        assert!(desk.in_call(), "the phone is kept up");
        assert_tone("customer", &customer.heard(), OPERATOR_HZ);
        let path = recording(&daemon);
        assert_tone("operator's channel", &Sound::read(&path, 0).unwrap(), OPERATOR_HZ);
        assert_tone("callee's channel", &Sound::read(&path, 1).unwrap(), CUSTOMER_HZ);
        desk.hangup();
        assert_tone("desk phone", &desk.heard(), CUSTOMER_HZ);
    }
}

/// No customer is called before somebody is at the phone; hanging it up ends the call and leaves the desk.
#[test]
fn a_list_waits_for_the_phone_and_hanging_up_leaves_the_desk() {
    let (desk, (exchange, customer)) = (desk(Codec::Pcmu), customer(Codec::Pcmu));
    let daemon = daemon(&exchange, &desk, ", idle = \"music\"");
    daemon.import("first", format!("取引先会社名,電話番号\nさんぷる,{CUSTOMER}\n"));
    daemon.cli(&["dial", "start", "first"]);
    wait_state(&daemon, "in_call");
    wait_voice(&daemon, true);
    desk.wait_established(1, SOON);
    customer.wait_established(1, SOON);
    desk.hangup();
    let seat = wait_state(&daemon, "wrap_up");
    assert!(!seat["voice"]["ok"].as_bool().unwrap_or(true), "{seat:#}");
    wait::until_true("the customer is free", SOON, || !customer.in_call());
    assert_eq!(daemon.wait_history(1, SOON)[0]["hangup_by"], "local");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let seat = wait_state(&daemon, "paused");
    assert_eq!(seat["pause_code"], "phone");
    assert_eq!(desk.established(), 1, "a phone that was hung up is not called");
    daemon.cli(&["ready"]);
    desk.wait_established(2, SOON);
    wait_voice(&daemon, true);
}

/// Nobody takes up the phone: nobody is called, no attempt is made, and the operator is told.
#[test]
fn without_the_phone_nobody_is_called() {
    let (exchange, customer) = customer(Codec::Pcmu);
    let gone = desk(Codec::Pcmu);
    let address = gone.address();
    drop(gone);
    let voice = format!("{{ kind = \"phone\", address = \"sip:201@{address}\", ring_timeout = \"5s\" }}");
    let seat = Seat::new("a", "main").set("voice", &voice);
    let daemon = Daemon::builder().account(Account::new("main", exchange.address())).seat(seat).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", format!("取引先会社名,電話番号\nさんぷる,{CUSTOMER}\n"));
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("a wait for the phone", SOON, |status| {
        status["seats"][0]["dial"]["waiting"] == "phone"
            && status["seats"][0]["voice"]["why"].as_str().is_some_and(|why| why.contains("not"))
    });
    let refused = daemon.run(&["call", CUSTOMER]);
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert_eq!(customer.established(), 0);
    assert!(daemon.cli(&["history"])["rows"].as_array().is_some_and(Vec::is_empty));
}

/// The phone is called for each call, before the customer, and let go after it; an incoming call rings it.
#[test]
fn a_phone_that_is_called_for_each_call() {
    let (desk, (exchange, customer)) = (desk(Codec::Pcmu), customer(Codec::Pcmu));
    let daemon = daemon(&exchange, &desk, ", keep = \"per-call\"");
    daemon.cli(&["ready"]);
    assert_eq!(desk.established(), 0);
    daemon.cli(&["call", CUSTOMER]);
    wait_state(&daemon, "in_call");
    assert_eq!(desk.established(), 1);
    customer.hangup();
    wait_state(&daemon, "wrap_up");
    wait::until_true("the phone is free", SOON, || !desk.in_call());
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    customer.dial("100");
    wait_state(&daemon, "in_call");
    desk.wait_established(2, SOON);
    desk.hangup();
    wait_state(&daemon, "wrap_up");
    wait::until_true("the customer is free", SOON, || !customer.in_call());
}
