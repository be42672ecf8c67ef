//! A seat whose voice is a desk phone (baresip, sipp): who hears whom, in which order they are called, who hangs up, what is
//! encrypted, and where it goes when our address changes.

use std::net::SocketAddr;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::{Baresip, Codec, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;

use crate::SOON;
use crate::line::wait_state;
use crate::moved::{INSIDE, ip, run_inside};

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
        let path = daemon.recording(SOON);
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

/// A daemon whose line is that exchange, whose only seat has a phone at that address, and which has a list of those numbers.
fn with_list(exchange: &Kamailio, phone: SocketAddr, more: &str, mode: &str, numbers: &[&str]) -> Daemon {
    let voice = format!("{{ kind = \"phone\", address = \"sip:201@{phone}\"{more} }}");
    let seat = Seat::new("a", "main").set("voice", &voice);
    let setup = Daemon::builder().account(Account::new("main", exchange.address())).seat(seat);
    let daemon = setup.set("dialing", "mode", &format!("\"{mode}\"")).start();
    daemon.wait_registered("main", SOON);
    let rows: String = numbers.iter().map(|number| format!("さんぷる,{number}\n")).collect();
    daemon.import("first", format!("取引先会社名,電話番号\n{rows}"));
    daemon
}

/// The operator sees the lead, wants it, is called, then the customer is: no phone rings for a lead that is only looked at.
#[test]
fn a_shown_lead_rings_the_phone_of_the_call_when_it_is_accepted() {
    let (desk, (exchange, customer)) = (desk(Codec::Pcmu), customer(Codec::Pcmu));
    let numbers = ["0312340001", "0312340002", CUSTOMER];
    let daemon = with_list(&exchange, desk.address(), ", keep = \"per-call\"", "preview", &numbers);
    daemon.cli(&["dial", "start", "first"]);
    for number in numbers {
        daemon.wait_status(number, SOON, |status| {
            let seat = &status["seats"][0];
            seat["state"] == "previewing" && seat["call"]["number"] == number
        });
        if number != CUSTOMER {
            daemon.cli(&["dial", "skip"]);
        }
    }
    assert_eq!(desk.established(), 0, "nobody is called for what is passed over");
    daemon.cli(&["call"]);
    wait_state(&daemon, "in_call");
    assert_eq!((desk.established(), customer.established()), (1, 1));
    customer.hangup();
    wait_state(&daemon, "wrap_up");
    wait::until_true("the phone is free", SOON, || !desk.in_call());
}

/// Busy, declined, not answered: the accepted lead is given back and nobody is called; who is ready again is shown it again.
#[test]
fn a_phone_of_the_call_that_does_not_come_gives_the_lead_back() {
    let (exchange, customer) = customer(Codec::Pcmu);
    for (answer, why) in [("486 Busy Here", "busy"), ("603 Decline", "declined"), ("", "not answered")] {
        let phone = match answer {
            "" => Scenario::server("uas_no_answer"),
            answer => Scenario::server("uas_busy_486").edit("486 Busy Here", answer),
        };
        let phone = phone.start();
        let more = ", keep = \"per-call\", ring_timeout = \"5s\"";
        let daemon = with_list(&exchange, phone.address(), more, "preview", &[CUSTOMER]);
        daemon.cli(&["dial", "start", "first"]);
        wait_state(&daemon, "previewing");
        daemon.cli(&["call"]);
        let seat = wait_state(&daemon, "paused");
        assert_eq!(seat["pause_code"], "phone", "{seat:#}");
        assert!(seat["voice"]["why"].as_str().is_some_and(|said| said.contains(why)), "{why}: {seat:#}");
        assert!(daemon.cli(&["history"])["rows"].as_array().is_some_and(Vec::is_empty));
        assert_eq!(phone.received("INVITE").len(), 1, "an empty desk is not called again and again");
        daemon.cli(&["ready"]);
        let seat = wait_state(&daemon, "previewing");
        assert_eq!(seat["call"]["number"], CUSTOMER);
    }
    assert_eq!(customer.established(), 0);
}

/// A phone that is kept up and is busy is called again, later each time; until then nobody is called, and the status says why.
#[test]
fn a_phone_that_is_kept_up_and_busy_is_called_again() {
    let (exchange, customer) = customer(Codec::Pcmu);
    let phone = Scenario::server("uas_busy_486").start();
    let daemon = with_list(&exchange, phone.address(), "", "straight", &[CUSTOMER]);
    daemon.cli(&["dial", "start", "first"]);
    let busy = daemon.wait_status("a busy phone", SOON, |status| {
        status["seats"][0]["voice"]["why"].as_str().is_some_and(|why| why.contains("busy"))
    });
    let seat = &busy["seats"][0];
    assert_eq!((&seat["dial"]["waiting"], &seat["state"]), (&"phone".into(), &"ready".into()), "{seat:#}");
    assert_eq!(customer.established(), 0);
    // Again after 5 s, then after 10 s.
    phone.wait_received("INVITE", 2, SOON);
    assert_eq!(customer.established(), 0);
    let port = phone.address().port();
    drop(phone);
    let _phone = Scenario::server("uas_answer").port(port).start();
    daemon.wait_status("talk", SOON + SECOND * 5, |status| status["seats"][0]["state"] == "in_call");
    customer.wait_established(1, SOON);
}

/// Hanging up while the customer rings takes the call back, of a phone that is kept up and of one of each call.
#[test]
fn hanging_up_while_the_customer_rings_cancels_the_call() {
    for keep in ["up", "per-call"] {
        let desk = desk(Codec::Pcmu);
        let callee = Scenario::server("uas_no_answer").start();
        let voice =
            format!("{{ kind = \"phone\", address = \"sip:201@{}\", keep = \"{keep}\" }}", desk.address());
        let account = Account::new("main", callee.address()).unregistered();
        let daemon =
            Daemon::builder().account(account).seat(Seat::new("a", "main").set("voice", &voice)).start();
        daemon.cli(&["call", CUSTOMER]);
        daemon.wait_status("ringing", SOON, |status| !status["seats"][0]["call"]["ringing_at"].is_null());
        desk.hangup();
        callee.wait_received("CANCEL", 1, SOON);
        let row = daemon.wait_history(1, SOON).remove(0);
        assert_eq!(
            (&row["hangup_by"], &row["answered_at"]),
            (&"local".into(), &serde_json::Value::Null),
            "{row:#}"
        );
        assert_eq!(desk.established(), 1, "and it is left alone");
    }
}

/// The phone vanishes without a word: dialing waits, the phone is called again, and with it back the list goes on.
#[test]
fn a_phone_that_is_lost_between_calls_stops_the_list_until_it_is_back() {
    let (exchange, customer) = customer(Codec::Pcmu);
    let phone = Scenario::server("uas_answer").start();
    let daemon =
        with_list(&exchange, phone.address(), ", idle = \"music\"", "preview", &["0312340001", CUSTOMER]);
    daemon.cli(&["dial", "start", "first"]);
    let seat = wait_state(&daemon, "previewing");
    assert_eq!(seat["voice"]["ok"], true, "{seat:#}");
    let port = phone.address().port();
    drop(phone);
    // Ten seconds without voice, and a call that nobody takes.
    let lost = daemon
        .wait_status("a lost phone", SOON + SECOND * 10, |status| status["seats"][0]["voice"]["ok"] == false);
    assert!(lost["seats"][0]["voice"]["why"].is_string(), "{lost:#}");
    daemon.cli(&["dial", "skip"]);
    daemon
        .wait_status("a wait for the phone", SOON, |status| status["seats"][0]["dial"]["waiting"] == "phone");
    assert_eq!(customer.established(), 0);
    let _phone = Scenario::server("uas_answer").port(port).start();
    daemon.wait_status("the phone is back", SOON * 2, |status| {
        status["seats"][0]["voice"]["ok"] == true && status["seats"][0]["state"] == "previewing"
    });
}

/// Two seconds of a call that both hear, to its end.
fn hear_and_end(daemon: &Daemon, desk: &Baresip, customer: &Baresip) {
    wait::pass(SECOND * 2);
    daemon.cli(&["hangup"]);
    wait_state(daemon, "wrap_up");
    assert_tone("customer", &customer.heard(), OPERATOR_HZ);
    desk.hangup();
    assert_tone("desk phone", &desk.heard(), CUSTOMER_HZ);
}

/// With keys of the seat that ask for it, a phone that does not encrypt is refused, and nobody is called.
fn refuse_in_the_clear(keys: &str) {
    let (desk, (exchange, customer)) = (desk(Codec::Pcmu), customer(Codec::Pcmu));
    let daemon = daemon(&exchange, &desk, keys);
    let refused = daemon.run(&["call", CUSTOMER]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(refused.code == 1 && said.contains("does not encrypt"), "{refused:#?}");
    assert_eq!((desk.established(), customer.established()), (0, 0));
}

/// Encrypted under keys of the signalling as its key says, shown on the seat; a phone that cannot is refused where it must.
#[test]
fn the_voice_of_a_phone_is_encrypted() {
    for (word, srtp, secure) in [
        ("", "optional", false),
        ("srtp", "optional", true),
        ("srtp-mand", "required", true),
        ("srtp", "off", false),
    ] {
        let phone = Phone::new("201").tone(OPERATOR_HZ, -15.0);
        let desk = if word.is_empty() { phone } else { phone.encryption(word) }.start();
        let (exchange, customer) = customer(Codec::Pcmu);
        let daemon = daemon(&exchange, &desk, &format!(", srtp = \"{srtp}\""));
        daemon.cli(&["call", CUSTOMER]);
        let seat = wait_state(&daemon, "in_call");
        let shown = seat["voice"]["secure"].as_str();
        assert_eq!(
            shown.is_some_and(|shown| shown.starts_with("sdes AES_CM_128")),
            secure,
            "{word} {srtp}: {seat:#}"
        );
        assert!(secure || shown.is_none(), "{seat:#}");
        assert!(seat["call"]["secure"].is_null(), "the customer's leg is another matter: {seat:#}");
        hear_and_end(&daemon, &desk, &customer);
    }
    refuse_in_the_clear(", srtp = \"required\"");
}

/// Encrypted under keys of a handshake, with one port and with two; nobody is called before they are there.
#[test]
fn the_voice_of_a_phone_is_encrypted_under_keys_of_a_handshake() {
    let keying = ", srtp = \"required\", srtp_keying = \"dtls\"";
    for mux in [false, true] {
        let phone = Phone::new("201").tone(OPERATOR_HZ, -15.0).encryption("dtls_srtp");
        let desk = if mux { phone.rtcp_mux() } else { phone }.start();
        let (exchange, customer) = customer(Codec::Pcmu);
        let daemon = daemon(&exchange, &desk, keying);
        daemon.cli(&["call", CUSTOMER]);
        let seat = wait_state(&daemon, "in_call");
        assert!(
            seat["voice"]["secure"].as_str().is_some_and(|shown| shown.starts_with("dtls A")),
            "{seat:#}"
        );
        assert!(seat["call"]["secure"].is_null(), "the customer's leg is another matter: {seat:#}");
        hear_and_end(&daemon, &desk, &customer);
    }
    refuse_in_the_clear(keying);
}

/// A phone whose handshake never comes to its end is no voice: nobody is called, and the operator is told.
#[test]
fn a_phone_without_its_handshake_is_not_up() {
    let desk = Scenario::server("uas_answer")
        .edit("RTP/AVP 0", "UDP/TLS/RTP/SAVP 0")
        .edit("a=ptime:20", "a=ptime:20\n      a=setup:passive\n      a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF")
        .start();
    let customer = Phone::new(CUSTOMER).tone(CUSTOMER_HZ, -15.0).start();
    let voice = format!(
        "{{ kind = \"phone\", address = \"sip:201@{}\", srtp = \"required\", srtp_keying = \"dtls\" }}",
        desk.address()
    );
    let daemon = Daemon::builder()
        .account(Account::new("main", customer.address()).unregistered())
        .seat(Seat::new("a", "main").set("voice", &voice))
        .start();
    let refused = daemon.run(&["call", CUSTOMER]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(refused.code == 1 && said.contains("cannot be encrypted"), "{refused:#?}");
    desk.wait_received("BYE", 1, SOON);
    assert_eq!(customer.established(), 0);
}

/// The way to phone and exchange begins at another address of ours: both are told, and the voice goes on.
#[test]
fn a_bridged_call_moves_along_to_another_address() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("desk_phone::a_bridged_call_moves_along_to_another_address");
    }
    ip("link set lo up");
    let phone = Scenario::server("uas_transfer").start();
    let customer = Phone::new(CUSTOMER).tone(CUSTOMER_HZ, -15.0).start();
    let voice = format!("{{ kind = \"phone\", address = \"sip:201@{}\" }}", phone.address());
    let mut daemon = Daemon::builder()
        .set("sip", "listen", "\"0.0.0.0:0\"")
        .account(Account::new("main", customer.address()).unregistered())
        .seat(Seat::new("a", "main").set("voice", &voice))
        .start();
    daemon.cli(&["call", CUSTOMER]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 2);
    ip("route replace local 127.0.0.1 dev lo src 127.0.0.2 table local");
    let offers = phone.wait_received("INVITE", 2, SOON);
    assert!(offers[0].body().contains("c=IN IP4 127.0.0.1"), "{}", offers[0].text);
    assert!(offers[1].header("Contact").unwrap().contains("127.0.0.2"), "{}", offers[1].text);
    assert!(offers[1].body().contains("c=IN IP4 127.0.0.2"), "{}", offers[1].text);
    let port = |text: &str| text.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(port(offers[0].body()), port(offers[1].body()), "the sockets stay");
    wait::pass(SECOND * 3);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    // What the phone sends back comes by way of both legs.
    let heard = customer.heard();
    let last = heard.slice(heard.length().saturating_sub(SECOND * 2), SECOND);
    assert_tone("after the move", &last, CUSTOMER_HZ);
    assert!(daemon.stop().success());
    let bye = phone.wait_received("BYE", 1, SOON).remove(0);
    assert!(bye.header("Via").unwrap().contains("127.0.0.2"), "{}", bye.text);
}
