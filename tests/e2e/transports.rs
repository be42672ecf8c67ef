//! TLS and dead exchanges against kamailio: certificates, a whole call behind Record-Route, what the status says.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat, account};
use e2e::peer::authority::Authority;
use e2e::peer::kamailio;
use e2e::peer::segments::{Cut, Segments};
use e2e::peer::sipp::Scenario;
use e2e::ports;
use e2e::wav::Sound;
use serde_json::Value;

use crate::SOON;
use crate::line::wait_state;

fn quoted(path: &std::path::Path) -> String {
    format!("\"{}\"", path.display())
}

fn wait_failed(daemon: &Daemon) -> Value {
    let status = daemon.wait_status("failed registration", SOON, |status| {
        account(status, "main").is_some_and(|line| line["state"] == "failed")
    });
    account(&status, "main").expect("the account is there").clone()
}

/// REGISTER, INVITE with digest, ACK and BYE over one TLS connection, the callee behind the proxy over UDP.
#[test]
fn a_call_over_tls_by_way_of_kamailio() {
    let authority = Authority::new();
    let callee = Scenario::server("exchange").start();
    let proxy = kamailio::Setup::default()
        .user("100", "secret")
        .gateway(callee.address())
        .tls(authority.issue("127.0.0.1"), None)
        .start();
    let line = Account::new("main", proxy.tls_address())
        .set("transport", "\"tls\"")
        .set("tls_ca", &quoted(authority.file()));
    let daemon = Daemon::builder().account(line).start();
    daemon.wait_registered("main", SOON);
    let status = daemon.cli(&["status"]);
    let line = account(&status, "main").unwrap();
    assert_eq!(line["transport"], "tls");
    assert_eq!(line["tls"]["version"], "TLS 1.3");
    assert_eq!(line["tls"]["verified"], "full");
    assert_eq!(line["tls"]["certificate"], "127.0.0.1");
    assert!(line["tls"]["certificate_expires_at"].as_i64() > status["now"].as_i64());

    daemon.cli(&["call", "0312340001"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    assert_eq!(callee.received("BYE").len(), 1);
    let invite = &callee.received("INVITE")[0];
    assert!(invite.text.contains("SIP/2.0/TLS"), "{}", invite.text);
    assert!(invite.header("Contact").is_some_and(|contact| contact.contains("transport=tls")));
}

/// The status names the fault by a code and the certificate by its name; nothing was sent to the impostor.
#[test]
fn an_exchange_of_an_unknown_authority_is_not_spoken_to() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let exchange =
        kamailio::Setup::default().user("100", "secret").tls(theirs.issue("127.0.0.1"), None).start();
    let line = Account::new("main", exchange.tls_address())
        .set("transport", "\"tls\"")
        .set("tls_ca", &quoted(ours.file()));
    let line = wait_failed(&Daemon::builder().account(line).start());
    let why = line["why"].as_str().unwrap();
    assert!(why.starts_with("E-TLS-AUTHORITY certificate 127.0.0.1 of issuer Test authority"), "{why}");
    assert!(line["tls"].is_null(), "{line:#}");
}

#[test]
fn a_client_certificate_is_shown_to_kamailio() {
    let authority = Authority::new();
    let exchange = kamailio::Setup::default()
        .user("100", "secret")
        .tls(authority.issue("127.0.0.1"), Some(authority.file()))
        .start();
    let plain = Account::new("main", exchange.tls_address())
        .set("transport", "\"tls\"")
        .set("tls_ca", &quoted(authority.file()));
    let why = wait_failed(&Daemon::builder().account(plain.clone()).start())["why"].clone();
    assert!(why.as_str().is_some_and(|why| why.starts_with("E-TLS-CLIENT")), "{why}");

    let desk = authority.issue("desk");
    let line = plain.set("tls_cert", &quoted(&desk.certificate)).set("tls_key", &quoted(&desk.key));
    let daemon = Daemon::builder().account(line).start();
    daemon.wait_registered("main", SOON);
}

/// A connection that breaks is replaced, and the exchange hears a REGISTER at once, not at the next refresh.
#[test]
fn a_restarted_exchange_is_registered_with_at_once_over_tcp() {
    let exchange = kamailio::Setup::default().user("100", "secret").start();
    let port = exchange.address().port();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).tcp()).start();
    daemon.wait_registered("main", SOON);
    drop(exchange);
    // Half a minute before the refresh of a registration of 60 s.
    daemon.wait_status("lost registration", Duration::from_secs(10), |status| {
        account(status, "main").is_some_and(|line| line["state"] == "failed")
    });
    let _again = kamailio::Setup::default().user("100", "secret").port(port).start();
    daemon.wait_registered("main", SOON);
}

/// A port that nobody listens at is told by ICMP: no waiting for the 32 s of Timer F (RFC 3261 18.4).
#[test]
fn a_closed_udp_port_shows_at_once() {
    let daemon = Daemon::builder().account(Account::new("main", ports::free_address())).start();
    // It waits for half of Timer F at most.
    let line = wait_failed(&daemon);
    assert_eq!(line["why"], "transport failure", "{line:#}");
}

/// RFC 3261 19.1.1, RFC 5118: Via, Contact, SDP and RTP with `::1`, in both directions.
#[test]
fn calls_over_ipv6() {
    let folder = tempfile::tempdir().unwrap();
    let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
    Sound::tone(8_000, 440.0, -15.0, Duration::from_secs(20)).write(&say).unwrap();
    let callee = Scenario::server("uas_answer").ipv6().calls(1).start();
    let mut daemon = Daemon::builder()
        .ipv6()
        .account(Account::new("main", callee.address()).unregistered().set("codecs", "[\"PCMU\"]"))
        .seat(Seat::new("a", "main").file(&say, &hear))
        .start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    e2e::wait::pass(Duration::from_secs(2));
    daemon.cli(&["hangup"]);
    let invite = callee.received("INVITE").remove(0);
    assert!(invite.header("Contact").is_some_and(|contact| contact.contains("@[::1]:")), "{}", invite.text);
    assert!(invite.body().contains("c=IN IP6 ::1"), "{}", invite.text);
    callee.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);

    let caller = Scenario::client("uac_call", daemon.sip_address(), "100").ipv6().start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    assert!(daemon.stop().success());
    // sipp sent our own tone back.
    let heard = Sound::read(&hear, 0).unwrap().loudest(Duration::from_millis(500));
    assert!((heard.frequency() - 440.0).abs() < 3.0, "{} Hz", heard.frequency());
}

/// RFC 3261 18.3: a stream has no message borders but Content-Length. 180 and 200 come in one segment, then an INVITE
/// in a hundred pieces, and ACK and BYE together.
#[test]
fn a_stream_may_be_cut_anywhere() {
    let callee = Scenario::server("uas_answer").tcp().start();
    let wire = Segments::start(callee.address(), Some(Cut::Together(Duration::from_millis(500))), None);
    let line = Account::new("main", wire.address()).unregistered().tcp();
    let daemon = Daemon::builder().account(line).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, "in_call");
    let (came, left) = wire.counts();
    assert!(came > left, "{came} segments came, {left} left");
    daemon.cli(&["hangup"]);
    callee.wait_received("BYE", 1, SOON);
    wait_state(&daemon, "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);

    for cut in [Cut::Pieces(7), Cut::Together(Duration::from_millis(1_500))] {
        let wire = Segments::start(daemon.sip_address(), None, Some(cut));
        let caller = Scenario::client("uac_call", wire.address(), "100").tcp().start();
        wait_state(&daemon, "ringing");
        daemon.cli(&["answer"]);
        caller.succeed(SOON);
        wait_state(&daemon, "wrap_up");
        daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
        let (came, left) = wire.counts();
        assert!(if cut == Cut::Pieces(7) { left > 100 } else { left < came }, "{came}, {left}");
    }
}
