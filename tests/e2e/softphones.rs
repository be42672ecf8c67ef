//! Softphones that people use, by way of kamailio: they call, are called, hold, transfer and hang up.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::authority::Authority;
use e2e::peer::baresip::{Baresip, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::peer::linphone::{self, Linphone};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;

use crate::SOON;
use crate::line::wait_state;
use crate::proxied::{TRANSPORTS, Transport, behind};

const DESK: &str = "0312345678";
const SECOND: Duration = Duration::from_secs(1);

fn exchange(authority: &Authority) -> Kamailio {
    let exchange = kamailio::Setup::default().user("100", "secret").user(DESK, "secret");
    exchange.tls(authority.issue("127.0.0.1"), None).start()
}

fn baresip(exchange: &Kamailio, authority: &Authority, transport: Transport) -> Baresip {
    let phone = Phone::new(DESK).tone(1_000.0, -15.0);
    match transport {
        Transport::Udp => phone.registrar(exchange.address(), "secret"),
        Transport::Tcp => phone.registrar(exchange.address(), "secret").tcp(),
        Transport::Tls => phone.registrar(exchange.tls_address(), "secret").tls(authority),
    }
    .start()
}

fn wait_held(daemon: &Daemon, held: bool) {
    let what = if held { "hold" } else { "talk" };
    daemon.wait_status(what, SOON, |status| status["seats"][0]["call"]["held"] == held);
}

fn save(daemon: &Daemon) {
    wait_state(daemon, "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    daemon.wait_status("free seat", SOON, |status| status["seats"][0]["state"] != "wrap_up");
}

#[test]
fn baresip_is_called_and_calls() {
    for transport in TRANSPORTS {
        let authority = Authority::new();
        let exchange = exchange(&authority);
        let phone = baresip(&exchange, &authority, transport);
        let daemon = Daemon::builder().account(behind(&exchange, &authority, transport)).start();
        daemon.wait_registered("main", SOON);
        daemon.cli(&["ready"]);

        daemon.cli(&["call", DESK]);
        wait_state(&daemon, "in_call");
        phone.wait_established(1, SOON);
        for (command, held) in [("hold", true), ("resume", false)] {
            daemon.cli(&[command]);
            wait_held(&daemon, held);
        }
        phone.hangup();
        save(&daemon);

        phone.dial("100");
        let seat = wait_state(&daemon, "ringing");
        assert_eq!(seat["call"]["number"], DESK, "{transport:?}");
        daemon.cli(&["answer"]);
        wait_state(&daemon, "in_call");
        phone.wait_established(2, SOON);
        daemon.cli(&["hangup"]);
        save(&daemon);
        let ended: Vec<Value> =
            daemon.wait_history(2, SOON).iter().map(|row| row["hangup_by"].clone()).collect();
        assert_eq!(ended, ["local", "remote"], "{transport:?}");
    }
}

/// The operator hears nothing while baresip holds, and the callee again afterwards.
#[test]
fn baresip_holds_us_and_takes_us_back() {
    let authority = Authority::new();
    let exchange = exchange(&authority);
    let phone = baresip(&exchange, &authority, Transport::Udp);
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, 440.0, -15.0, SECOND * 20).write(&say).unwrap();
    let mut daemon = Daemon::builder()
        .account(behind(&exchange, &authority, Transport::Udp))
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND);
    phone.command("hold", "");
    wait_held(&daemon, true);
    wait::pass(SECOND * 2);
    phone.command("resume", "");
    wait_held(&daemon, false);
    wait::pass(SECOND * 2);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    assert!(daemon.stop().success());
    let heard = Sound::read(&hear, 0).unwrap();
    assert!((heard.loudest(SECOND / 2).frequency() - 1_000.0).abs() < 3.0);
    let quiet =
        heard.samples.chunks(4_000).skip(1).filter(|half| half.iter().all(|sample| sample.abs() < 50));
    assert!(quiet.count() >= 3, "no silence in {:?}", heard.length());
}

/// Policy: nobody is called because a callee wants it. (baresip hangs up by itself where it may not transfer.)
#[test]
fn baresip_may_not_transfer_us() {
    let authority = Authority::new();
    let exchange = exchange(&authority);
    let mut phone = baresip(&exchange, &authority, Transport::Udp);
    let daemon = Daemon::builder().account(behind(&exchange, &authority, Transport::Udp)).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    phone.wait_established(1, SOON);
    phone.command("transfer", &format!("sip:0312340009@{}", exchange.address()));
    wait::until_true("refusal", SOON, || phone.process().output().contains("transfer failure: 603"));
    save(&daemon);
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

/// Linphone registers with digest, calls and is called, holds and is held, and hangs up on either side.
#[test]
fn linphone_calls_and_is_called() {
    let authority = Authority::new();
    let exchange = exchange(&authority);
    let phone = Linphone::start(DESK, exchange.address(), "secret");
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, 440.0, -15.0, SECOND * 20).write(&say).unwrap();
    let mut daemon = Daemon::builder()
        .account(behind(&exchange, &authority, Transport::Udp))
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);

    phone.command(&format!("call sip:100@{}", exchange.address()));
    assert_eq!(wait_state(&daemon, "ringing")["call"]["number"], DESK);
    daemon.cli(&["answer"]);
    phone.wait_call(1, "StreamsRunning", SOON);
    phone.command("call-pause 1");
    wait_held(&daemon, true);
    phone.command("call-resume 1");
    wait_held(&daemon, false);
    phone.command("terminate 1");
    save(&daemon);

    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    phone.wait_call(2, "StreamsRunning", SOON);
    daemon.cli(&["hold"]);
    phone.wait_call(2, "PausedByRemote", SOON);
    daemon.cli(&["resume"]);
    phone.wait_call(2, "StreamsRunning", SOON);
    phone.speak(2);
    wait::pass(SECOND * 2);
    daemon.cli(&["hangup"]);
    save(&daemon);
    assert!(daemon.stop().success());
    let heard = Sound::read(&hear, 0).unwrap().loudest(SECOND / 2);
    assert!((heard.frequency() - linphone::TONE_HZ).abs() < 3.0, "{} Hz", heard.frequency());
}

/// As with baresip: the call goes on, and Linphone is told that it may not.
#[test]
fn linphone_may_not_transfer_us() {
    let authority = Authority::new();
    let exchange = exchange(&authority);
    let phone = Linphone::start(DESK, exchange.address(), "secret");
    let daemon = Daemon::builder().account(behind(&exchange, &authority, Transport::Udp)).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    phone.wait_call(1, "StreamsRunning", SOON);
    phone.command(&format!("call-transfer 1 sip:0312340009@{}", exchange.address()));
    wait::until_true("refusal", SOON, || phone.log().contains("SIP/2.0 603"));
    wait::pass(SECOND / 2);
    wait_state(&daemon, "in_call");
    phone.wait_call(1, "StreamsRunning", SOON);
    daemon.cli(&["hangup"]);
    save(&daemon);
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

/// kamailio forks to two phones of one number that both answer at once: one is talked to, the other let go.
#[test]
fn of_two_phones_that_answer_one_is_talked_to() {
    let authority = Authority::new();
    let exchange = exchange(&authority);
    let (first, second) =
        (baresip(&exchange, &authority, Transport::Udp), baresip(&exchange, &authority, Transport::Tcp));
    let daemon = Daemon::builder().account(behind(&exchange, &authority, Transport::Udp)).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND);
    let talking = || [&first, &second].into_iter().filter(|phone| phone.in_call()).count();
    assert_eq!(talking(), 1);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    save(&daemon);
    wait::until_true("quiet phones", SOON, || talking() == 0);
    assert_eq!(daemon.wait_history(1, SOON).len(), 1);
}

/// The other way round: another phone of our number takes the call, and we stop ringing.
#[test]
fn a_call_that_another_phone_takes_stops_ringing_here() {
    let exchange = kamailio::Setup::default().user("100", "secret").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let phone = Phone::new("100").registrar(exchange.address(), "secret").start();
    Scenario::client("uac_call", exchange.address(), "100").start().succeed(SOON);
    assert_eq!(phone.established(), 1);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert!(row["answered_at"].is_null() && row["sip_code"] == 487, "{row:#}");
    daemon.wait_status("free seat", SOON, |status| status["seats"][0]["state"] == "ready");
}

/// The callee's phone does what we ask it: it calls the third party by itself, and tells us so.
#[test]
fn baresip_is_handed_over_to_somebody_else() {
    let authority = Authority::new();
    let third = Scenario::server("uas_answer").start();
    let exchange = kamailio::Setup::default().user("100", "secret").user(DESK, "secret");
    let exchange = exchange.gateway(third.address()).tls(authority.issue("127.0.0.1"), None).start();
    let phone = baresip(&exchange, &authority, Transport::Udp);
    let daemon = Daemon::builder().account(behind(&exchange, &authority, Transport::Udp)).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", DESK]);
    wait_state(&daemon, "in_call");
    phone.wait_established(1, SOON);
    let seat = daemon.cli(&["transfer", "03-5555-0101"]);
    assert_eq!(seat["call"]["transfer"]["state"], "done", "{seat:#}");
    save(&daemon);
    let invite = third.received("INVITE").remove(0);
    assert_eq!(invite.number(), "0355550101");
    assert!(invite.header("From").is_some_and(|from| from.contains(DESK)), "{}", invite.text);
    phone.wait_established(2, SOON);
}
