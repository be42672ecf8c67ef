//! `kakeru trace`: what a person sees of a call, and what Wireshark makes of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::authority::Authority;
use e2e::peer::digest::field;
use e2e::peer::kamailio;
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::peer::tshark::{self, Packet};
use e2e::{ports, wait};
use serde_json::Value;

use crate::SOON;

/// Dialed in these tests; the last digits choose the callee of the scenario `exchange`.
const ANSWERS: &str = "0398760001";
const REFUSES: &str = "0398760003";

fn wait_seat(daemon: &Daemon, state: &str) {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
}

fn call_and_hang_up(daemon: &Daemon) {
    daemon.cli(&["call", ANSWERS]);
    wait_seat(daemon, "in_call");
    // Some voice for the figures.
    wait::pass(Duration::from_millis(400));
    daemon.cli(&["hangup"]);
    wait_seat(daemon, "wrap_up");
}

fn direct(tcp: bool) -> (Sipp, Daemon) {
    let callee = Scenario::server("exchange");
    let callee = if tcp { callee.tcp() } else { callee }.start();
    let line = Account::new("main", callee.address()).unregistered();
    let daemon = Daemon::builder().account(if tcp { line.tcp() } else { line }).start();
    (callee, daemon)
}

/// Start lines as `> INVITE`, `< 200`.
fn verbs(trace: &Value) -> Vec<String> {
    let messages = trace["messages"].as_array().expect("messages");
    let verb = |message: &Value| {
        let line = message["line"].as_str().unwrap_or_default();
        let word = line.split(' ').nth(usize::from(line.starts_with("SIP/2.0"))).unwrap_or_default();
        let arrow = if message["direction"] == "sent" { ">" } else { "<" };
        format!("{arrow} {word}")
    };
    messages.iter().map(verb).collect()
}

/// Without the wall clock's times, whose milliseconds depend on when they are asked for.
fn untimed(mut trace: Value) -> Value {
    for message in trace["messages"].as_array_mut().expect("messages") {
        message["at"].take();
    }
    trace
}

/// No five digits in a row of the number, nor the password.
fn assert_masked(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for number in [ANSWERS, REFUSES] {
        for five in (0..=number.len() - 5).map(|at| &number[at..at + 5]) {
            assert!(!text.contains(five), "{what} shows {five}:\n{text}");
        }
    }
    assert!(!text.contains("secret"), "{what} shows the password:\n{text}");
    for (at, _) in text.match_indices("response=\"") {
        assert!(text[at + 10..].starts_with('*'), "{what} shows a proof:\n{text}");
    }
}

#[test]
fn the_ladder_of_a_call_with_digest() {
    let callee = Scenario::server("exchange").start();
    let exchange = kamailio::Setup::default().user("100", "secret").gateway(callee.address()).start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address())).start();
    daemon.wait_registered("main", SOON);
    call_and_hang_up(&daemon);

    let ladder = daemon.text(&["trace", "--lang", "en"]);
    let lines: Vec<&str> = ladder.lines().collect();
    let mut from = 0;
    for wanted in [
        "outgoing 0",
        "Call-ID ",
        "kakeru",
        "- INVITE ******0001 (1) SDP -",
        "- 407 Proxy Authentication Required (1 INVITE) -",
        "- ACK ******0001 (1) -",
        "- INVITE ******0001 (2) SDP -",
        "- 180 Ringing (2 INVITE) -",
        "- 200 OK (2 INVITE) SDP -",
        " ACK ",
        " BYE ",
        "- 200 OK (3 BYE) -",
        "voice PCMU  sent ",
        "numbers: last four digits only",
    ] {
        let found = lines[from..].iter().position(|line| line.contains(wanted));
        from += found.unwrap_or_else(|| panic!("no {wanted} in its place:\n{ladder}")) + 1;
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{ladder}");
    assert_masked("the ladder", ladder.as_bytes());

    // The same by every name that the call has, in Japanese, in full.
    let trace = daemon.cli(&["trace", "last"]);
    let attempt = trace["attempt"].as_str().unwrap().to_owned();
    let sip_call_id = trace["sip_call_ids"][0].as_str().unwrap().to_owned();
    assert_eq!(trace["masked"], true);
    assert_eq!(trace["account"], "main");
    assert!(trace["media"]["packets_sent"].as_u64() > Some(0), "{trace:#}");
    assert!(trace["media"]["packets_received"].as_u64() > Some(0), "{trace:#}");
    for name in [attempt.as_str(), &attempt[20..].to_lowercase(), &sip_call_id] {
        assert_eq!(untimed(daemon.cli(&["trace", name])), untimed(trace.clone()), "{name}");
    }
    assert!(daemon.text(&["trace", "--lang", "ja"]).contains("音声 PCMU  送信 "));
    let full = daemon.text(&["trace", "--full", "--lang", "en"]);
    assert!(full.contains("Proxy-Authorization: Digest username=\"100\""), "{full}");
    assert!(full.contains("\nm=audio "), "{full}");
    assert_masked("the whole messages", full.as_bytes());
    assert_masked("the JSON", trace.to_string().as_bytes());
    assert_masked(
        "the log",
        daemon
            .log()
            .lines()
            .filter(|line| line.contains("\"target\":\"sip\""))
            .collect::<String>()
            .as_bytes(),
    );
}

/// What was kept is what the peer saw, byte by byte; whoever looks at whole numbers is in the log.
#[test]
fn unmasked_messages_are_those_of_the_wire() {
    let (callee, daemon) = direct(false);
    call_and_hang_up(&daemon);
    let shown = "SIP messages shown with whole numbers";
    assert!(!daemon.log().contains(shown));
    let trace = daemon.cli(&["trace", "--unmasked"]);
    assert!(daemon.log().contains(shown));
    assert_eq!(verbs(&trace), ["> INVITE", "< 180", "< 200", "> ACK", "> BYE", "< 200"]);
    let seen = callee.messages();
    assert_eq!(seen.len(), 6);
    for (message, seen) in trace["messages"].as_array().unwrap().iter().zip(&seen) {
        let text = message["text"].as_str().unwrap().replace('\r', "");
        assert_eq!(text.trim_end(), seen.text.trim_end());
        assert_eq!(message["direction"] == "sent", seen.received);
        assert_eq!(message["peer"], callee.address().to_string());
        assert_eq!(message["local"], daemon.sip_address().to_string());
    }
    assert!(trace["messages"][0]["line"].as_str().unwrap().contains(ANSWERS));
}

#[test]
fn why_a_call_was_refused_stands_in_its_ladder() {
    let (_callee, daemon) = direct(false);
    daemon.cli(&["call", REFUSES]);
    wait_seat(&daemon, "wrap_up");
    let ladder = daemon.text(&["trace", "--lang", "en"]);
    assert!(ladder.contains(" 183 Session Progress (1 INVITE) SDP "), "{ladder}");
    assert!(ladder.contains(" 404 Not Found (1 INVITE) Q.850 cause 1 "), "{ladder}");
    // Of the announcement voice came, and the figures say so.
    assert!(daemon.cli(&["trace"])["media"]["packets_received"].as_u64() > Some(10));
}

/// While it runs, against an exchange that says nothing.
#[test]
fn a_silent_exchange_shows_by_repetitions() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = Account::new("main", silent.local_addr().unwrap()).unregistered();
    let daemon = Daemon::builder().account(line).set("sip", "t1", "\"100ms\"").start();
    daemon.cli(&["call", ANSWERS]);
    let ladder = wait::within(SOON, || {
        let ladder = daemon.text(&["trace", "--lang", "en"]);
        (ladder.matches("INVITE ******0001 (1) SDP repeated").count() >= 3).then_some(ladder)
    });
    let ladder = ladder.expect("three repetitions");
    assert!(ladder.contains("    0.000  |---") && ladder.contains("|- - - "), "{ladder}");
    daemon.cli(&["hangup"]);
}

fn capture(daemon: &Daemon, arguments: &[&str]) -> Vec<Packet> {
    let file = daemon.path("call.pcap");
    let _ = std::fs::remove_file(&file);
    let path = file.to_string_lossy().into_owned();
    let all: Vec<&str> = ["trace"].iter().chain(arguments).copied().chain(["--pcap", &path]).collect();
    let done = daemon.cli(&all);
    let mode = file.metadata().expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_masked("the capture", &std::fs::read(&file).expect("the file is ours"));
    let packets = tshark::dissect(&file);
    assert_eq!(done["messages"], packets.len());
    for packet in &packets {
        assert!(packet.protocols.contains(":sip"), "Wireshark sees no SIP in {packet:?}");
        assert!(!packet.verb.is_empty() && !packet.cseq.is_empty(), "{packet:?}");
    }
    assert!(packets.windows(2).all(|pair| pair[0].time <= pair[1].time), "{packets:#?}");
    packets
}

fn said(packets: &[Packet]) -> Vec<&str> {
    packets.iter().map(|packet| packet.verb.as_str()).collect()
}

#[test]
fn wireshark_opens_the_capture_of_a_call_over_udp_and_tcp() {
    for tcp in [false, true] {
        let (callee, daemon) = direct(tcp);
        call_and_hang_up(&daemon);
        let packets = capture(&daemon, &[]);
        assert_eq!(said(&packets), ["INVITE", "180", "200", "ACK", "BYE", "200"]);
        let below = if tcp { ":tcp:sip" } else { ":udp:sip" };
        assert!(packets.iter().all(|packet| packet.protocols.contains(below)), "{packets:#?}");
        assert!(packets[0].protocols.ends_with(":sip:sdp"), "{}", packets[0].protocols);
        let invite = &callee.received("INVITE")[0];
        assert_eq!(packets[0].call_id, invite.header("Call-ID").unwrap());
        assert_eq!(packets[0].to, callee.address().to_string());
        // Both ways between the same two ends: over TCP the port that the connection really had.
        assert!(packets.iter().all(|p| [&p.from, &p.to].contains(&&packets[0].from)), "{packets:#?}");
        assert_eq!(packets[0].from == daemon.sip_address().to_string(), !tcp);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        assert!((now - packets[0].time).abs() < 60.0, "{}", packets[0].time);
    }
}

#[test]
fn wireshark_opens_what_went_over_tls() {
    let authority = Authority::new();
    let callee = Scenario::server("exchange").start();
    let exchange = kamailio::Setup::default()
        .user("100", "secret")
        .gateway(callee.address())
        .tls(authority.issue("127.0.0.1"), None)
        .start();
    let line = Account::new("main", exchange.tls_address())
        .set("transport", "\"tls\"")
        .set("tls_ca", &format!("\"{}\"", authority.file().display()));
    let daemon = Daemon::builder().account(line).start();
    daemon.wait_registered("main", SOON);
    call_and_hang_up(&daemon);
    let packets = capture(&daemon, &[]);
    assert_eq!(said(&packets)[..4], ["INVITE", "407", "ACK", "INVITE"]);
    assert!(packets.iter().all(|packet| packet.protocols.contains(":udp:sip")), "{packets:#?}");
    let packets = capture(&daemon, &["--account", "main"]);
    assert_eq!(said(&packets)[..4], ["REGISTER", "401", "REGISTER", "200"]);
}

/// The customer's call, the consultation, and the REFER that put them together.
#[test]
fn a_call_that_was_handed_over_is_shown_with_the_consultation() {
    let exchange = Scenario::server("uas_transfer").calls(2).start();
    let line = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().account(line).start();
    daemon.cli(&["call", ANSWERS]);
    wait_seat(&daemon, "in_call");
    daemon.cli(&["consult", "0398760002"]);
    daemon.wait_status("consultation", SOON, |status| {
        status["seats"][0]["consult"]["state"] == "answered" && status["seats"][0]["call"]["held"] == true
    });
    daemon.cli(&["transfer"]);
    wait_seat(&daemon, "wrap_up");

    let trace = daemon.cli(&["trace"]);
    let invites: Vec<_> = exchange.invites().into_iter().map(|invite| invite.call_id).collect();
    // Five digits of a made-up Call-ID may be those of a number by chance, and are hidden then.
    let whole = daemon.cli(&["trace", "--unmasked"]);
    assert_eq!(whole["sip_call_ids"], serde_json::json!(invites));
    assert_masked("the JSON", trace.to_string().as_bytes());
    let ladder = daemon.text(&["trace", "--lang", "en"]);
    for wanted in [" #1 INVITE ******0001 ", " #2 INVITE ******0002 ", " #1 REFER ", " #2 BYE "] {
        assert!(ladder.contains(wanted), "no {wanted}:\n{ladder}");
    }
    let packets = capture(&daemon, &[]);
    let shown = trace["sip_call_ids"].as_array().unwrap();
    assert!(shown.iter().all(|id| packets.iter().any(|packet| packet.call_id == *id)), "{packets:#?}");
}

#[test]
fn wireshark_opens_ipv6() {
    let silent = std::net::UdpSocket::bind("[::1]:0").unwrap();
    let peer = silent.local_addr().unwrap();
    let daemon = Daemon::builder()
        .account(Account::new("main", peer).unregistered())
        .set("sip", "listen", &format!("\"[::1]:{}\"", ports::free()))
        .set("sip", "t1", "\"100ms\"")
        .start();
    daemon.cli(&["call", ANSWERS]);
    let repeated = || daemon.text(&["trace", "--lang", "ja"]).contains("再送").then_some(());
    wait::within(SOON, repeated).expect("a repetition");
    // While the call still waits for an answer.
    let packets = capture(&daemon, &[]);
    assert!(packets.len() >= 2 && said(&packets).iter().all(|verb| *verb == "INVITE"), "{packets:#?}");
    assert!(packets.iter().all(|packet| packet.protocols.contains(":ipv6:udp:sip:sdp")), "{packets:#?}");
    assert_eq!(packets[0].to, format!("::1:{}", peer.port()));
}

/// Its REGISTER without the proof, and a call that was turned away and has no attempt.
#[test]
fn an_account_shows_what_belongs_to_no_attempt() {
    let registrar = Scenario::server("registrar_digest_md5").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let trace = daemon.cli(&["trace", "--account", "main"]);
    assert_eq!(verbs(&trace), ["> REGISTER", "< 401", "> REGISTER", "< 200"]);
    assert!(trace["attempt"].is_null() && trace["media"].is_null());
    let proof = registrar.received("REGISTER")[1].header("Authorization").unwrap().to_owned();
    let response = field(&proof, "response").unwrap();
    let text = trace["messages"][2]["text"].as_str().unwrap();
    assert!(text.contains("Authorization: Digest username=\"100\""), "{text}");
    assert!(!trace.to_string().contains(&response) && text.contains(&"*".repeat(response.len())), "{text}");
    // A manager sees numbers, and no more.
    assert!(!daemon.cli(&["trace", "--account", "main", "--unmasked"]).to_string().contains(&response));
    assert_eq!(said(&capture(&daemon, &["--account", "main"])), ["REGISTER", "401", "REGISTER", "200"]);

    let first = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    wait_seat(&daemon, "ringing");
    let _second = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    let ladder = wait::within(SOON, || {
        let ladder = daemon.text(&["trace", "--account", "main", "--lang", "en"]);
        ladder.contains(" 486 Busy Here (1 INVITE) ").then_some(ladder)
    });
    let ladder = ladder.expect("the call that was turned away");
    // The call that rings has an attempt, and is shown by itself.
    assert_eq!(ladder.matches("INVITE 100 (1) SDP").count(), 1, "{ladder}");
    assert!(daemon.text(&["trace", "--lang", "en"]).contains("incoming 0"));
    daemon.cli(&["answer"]);
    first.succeed(SOON);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let line = || Account::nowhere();
    let daemon = Daemon::builder().account(line()).start();
    daemon.run(&["trace"]).refused("E-NO-TRACE");
    daemon.run(&["trace", "01JD5Y8ZK4T0M9Q2W7R3X6B1CV"]).refused("E-NO-TRACE");
    daemon.run(&["trace", "--account", "nobody"]).refused("E-NOT-FOUND");
    daemon.run(&["trace", "--account", "main"]).refused("E-NO-TRACE");
    daemon.run(&["trace", "--seat", "nobody"]).refused("E-SEAT-UNKNOWN");

    let (_callee, daemon) = direct(false);
    call_and_hang_up(&daemon);
    let file = daemon.path("mine.pcap");
    std::fs::write(&file, "mine").unwrap();
    let path = file.to_string_lossy().into_owned();
    let refused = daemon.run(&["trace", "--pcap", &path]);
    assert!(refused.code == 2 && refused.stdout.contains("--force"), "{refused:#?}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    daemon.cli(&["trace", "--pcap", &path, "--force"]);
    assert_eq!(tshark::dissect(&file).len(), 6);
    let nowhere = daemon.run(&["trace", "--pcap", "/nonexistent/x.pcap"]);
    assert_eq!(nowhere.code, 1, "{nowhere:#?}");
    assert!(!Path::new("/nonexistent").exists());

    let (callee, _) = direct(false);
    let off = Daemon::builder().account(Account::new("main", callee.address()).unregistered());
    let daemon = off.set("sip", "trace_mib", "0").start();
    call_and_hang_up(&daemon);
    daemon.run(&["trace"]).refused("E-NO-TRACE");
}
