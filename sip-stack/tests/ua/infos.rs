//! INFO inside a call: digits both ways, and everything else that comes so (RFC 2976, RFC 6086).

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::ua::{DtmfError, Event};

use super::bench::{Bench, in_dialog, millis, reply, secs, with, with_sdp};
use super::pair::Pair;

/// An answered call of ours.
pub(super) fn answered() -> (Bench, sip_stack::ua::CallId, Request) {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    (bench, call, invite)
}

fn info(invite: &Request, cseq: u32, kind: &str, body: &str) -> Request {
    let mut request = in_dialog(invite, "a", Method::Info, cseq);
    if !kind.is_empty() {
        request.headers.push(HeaderName::CONTENT_TYPE, kind);
    }
    request.body = body.as_bytes().to_vec();
    request
}

#[test]
fn digits_of_the_peer_are_told() {
    let (mut bench, call, invite) = answered();
    let cases = [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160),
        ("Application/DTMF-Relay;x=y", "Signal= 11 \nDuration= 90", '#', 90),
        ("application/dtmf", "d", 'D', 160),
    ];
    for (number, (kind, body, wanted, ms)) in (10..).zip(cases) {
        bench.receive(info(&invite, number, kind, body));
        bench.response(200);
        match bench.event() {
            Event::Dtmf { call: of, digit, duration } => {
                assert_eq!((of, digit, duration), (call, wanted, millis(ms)));
            }
            other => panic!("{other:?}"),
        }
    }
    // A repeated INFO is answered again but is no second digit.
    bench.receive(info(&invite, 12, "application/dtmf", "d"));
    bench.response(200);
    bench.no_event();
    bench.close(call);
}

#[test]
fn other_infos_are_answered_as_they_deserve() {
    let (mut bench, call, invite) = answered();
    bench.receive(info(&invite, 10, "", ""));
    bench.response(200);
    bench.receive(info(&invite, 11, "application/media_control+xml", "<media_control/>"));
    let refusal = bench.response(415);
    assert_eq!(
        refusal.headers.text(&HeaderName::ACCEPT).unwrap(),
        "application/dtmf-relay, application/dtmf"
    );
    bench.receive(info(&invite, 12, "", "?"));
    bench.response(415);
    for (number, body) in (13..).zip(["Signal=hf", "", "Duration=1"]) {
        bench.receive(info(&invite, number, "application/dtmf-relay", body));
        bench.response(if body.is_empty() { 200 } else { 400 });
    }
    let mut package = info(&invite, 16, "application/conf", "x");
    package.headers.push("Info-Package", "conf");
    bench.receive(package);
    let refusal = bench.response(469);
    assert!(refusal.headers.contains(&HeaderName::RECV_INFO));
    bench.no_event();
    bench.close(call);
}

#[test]
fn our_digits_go_one_after_the_other() {
    let (mut bench, call, _) = answered();
    assert_eq!(bench.ua.send_digits(call, "1x", bench.now), Err(DtmfError::InvalidDigit));
    assert_eq!(bench.ua.send_digits(call, "", bench.now), Err(DtmfError::InvalidDigit));
    assert_eq!(bench.ua.send_digits(call, &"1".repeat(65), bench.now), Err(DtmfError::TooMany));
    bench.ua.send_digits(call, "1a#", bench.now).unwrap();
    for digit in ["1", "A", "#"] {
        let sent = bench.request(Method::Info);
        assert_eq!(sent.headers.content_type().as_deref(), Some("application/dtmf-relay"));
        assert_eq!(
            String::from_utf8(sent.body.clone()).unwrap(),
            format!("Signal={digit}\r\nDuration=160\r\n")
        );
        bench.advance(millis(100));
        bench.receive(reply(&sent, 200, ""));
        // The tone is still being played.
        bench.quiet();
        bench.advance(millis(140));
    }
    bench.quiet();
    bench.close(call);
}

#[test]
fn the_plain_body_is_tried_where_the_relay_is_refused() {
    let (mut bench, call, _) = answered();
    bench.ua.send_digits(call, "12", bench.now).unwrap();
    let first = bench.request(Method::Info);
    bench.receive(with(reply(&first, 415, ""), "Accept", "application/dtmf"));
    let again = bench.request(Method::Info);
    assert_eq!(
        (again.headers.content_type().as_deref(), &again.body[..]),
        (Some("application/dtmf"), &b"1"[..])
    );
    bench.receive(reply(&again, 200, ""));
    bench.advance(millis(300));
    let second = bench.request(Method::Info);
    assert_eq!(second.headers.content_type().as_deref(), Some("application/dtmf"));
    bench.receive(reply(&second, 415, ""));
    assert!(matches!(bench.event(), Event::DtmfFailed { code: Some(415), .. }));
    bench.close(call);
}

#[test]
fn a_refused_digit_drops_the_rest_and_481_ends_the_call() {
    let (mut bench, call, _) = answered();
    bench.ua.send_digits(call, "123", bench.now).unwrap();
    let sent = bench.request(Method::Info);
    bench.receive(reply(&sent, 405, ""));
    assert!(matches!(bench.event(), Event::DtmfFailed { code: Some(405), .. }));
    bench.advance(secs(1));
    bench.quiet();
    bench.ua.send_digits(call, "4", bench.now).unwrap();
    let sent = bench.request(Method::Info);
    bench.receive(reply(&sent, 481, ""));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 481, ""));
    bench.ended();
    bench.finish();
}

#[test]
fn digits_survive_loss_in_their_order() {
    for seed in 0..20 {
        let network = LinkConfig { delay: millis(30), ..LinkConfig::default() };
        let mut pair = Pair::new(network, seed);
        let (call, _) = pair.connect();
        pair.configure(LinkConfig { loss_per_mille: 200, duplicate_per_mille: 200, ..network });
        pair.caller.ua.send_digits(call, "0123", pair.now).unwrap();
        pair.run_for(secs(100));
        let heard: String = pair
            .callee
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Dtmf { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect();
        let failed = pair.caller.has(|event| matches!(event, Event::DtmfFailed { .. }));
        assert!(heard == "0123" || failed && "0123".starts_with(&heard), "seed {seed}: {heard}");
        pair.configure(network);
        pair.hangup(call);
        pair.finish();
    }
}
