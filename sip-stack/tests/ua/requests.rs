//! Requests outside dialogs, garbage, and requests handed to the owner (RFC 3261 8.2, 11).

use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::ua::{Event, Reply, UaConfig};

use super::bench::{Bench, LOCAL, PEER, secs, uri};

#[test]
fn options_says_what_we_can() {
    let mut bench = Bench::new();
    bench.receive(outside(Method::Options, "1"));
    let ok = bench.response(200);
    assert!(ok.headers.allow().contains(&Method::Invite));
    assert_eq!(ok.headers.text(&HeaderName::ACCEPT).unwrap(), "application/sdp");
    assert!(ok.headers.to().unwrap().tag().is_some());
    bench.finish();
}

#[test]
fn unknown_and_unwanted_methods() {
    let cases = [
        (Method::Other("FROBNICATE".to_owned()), 501),
        (Method::Message, 405),
        (Method::Refer, 405),
        (Method::Register, 405),
        (Method::Subscribe, 405),
        (Method::Notify, 200),
        (Method::Bye, 481),
        (Method::Update, 481),
        (Method::Prack, 481),
    ];
    let mut bench = Bench::new();
    for (method, code) in cases {
        bench.receive(outside(method.clone(), method.as_str()));
        let answer = bench.response(code);
        assert_eq!(answer.headers.contains(&HeaderName::ALLOW), matches!(code, 405 | 501), "{method}");
    }
    bench.no_event();
    bench.finish();
}

#[test]
fn a_request_of_no_dialog_is_481_and_a_stray_ack_is_dropped() {
    let mut bench = Bench::new();
    let mut bye = outside(Method::Bye, "1");
    bye.headers.set("To", "<sip:100@pbx.example>;tag=gone");
    bench.receive(bye);
    bench.response(481);
    bench.receive(outside(Method::Ack, "2"));
    bench.quiet();
    assert_eq!(bench.ua.counters().stray, 1);
    bench.finish();
}

#[test]
fn an_unknown_scheme_is_416() {
    let mut bench = Bench::new();
    let mut request = outside(Method::Options, "1");
    request.uri = uri("mailto:x@example.org");
    bench.receive(request);
    bench.response(416);
    bench.finish();
}

#[test]
fn garbage_is_counted_and_bad_requests_are_answered() {
    let mut bench = Bench::new();
    for garbage in ["hello", "\u{0}\u{1}", "SIP/2.0 200 OK\n\n", "INVITE sip:x SIP/2.0\n\n"] {
        bench.receive(garbage);
    }
    bench.quiet();
    assert_eq!(bench.ua.counters().malformed, 4);
    let bad = format!(
        "OPTIONS sip:100@h SIP/2.0\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKx;rport\nTo: <sip:100@h>\n\
         From: <sip:1@h>;tag=1\nCall-ID: x\nCSeq: none OPTIONS\n\n"
    );
    bench.receive(bad.as_str());
    // The answer repeats the CSeq as it came, so that the sender finds its request.
    assert!(bench.transmit().bytes.starts_with(b"SIP/2.0 400 "));
    // Keep-alives are no messages.
    bench.receive("\n\n");
    bench.quiet();
    assert_eq!(bench.ua.counters().malformed, 5);
    bench.finish();
}

#[test]
fn a_stray_response_is_counted() {
    let mut bench = Bench::new();
    let request = outside(Method::Options, "1");
    bench.receive(request.response(200, ""));
    bench.quiet();
    assert_eq!(bench.ua.counters().stray, 1);
    bench.finish();
}

#[test]
fn accepted_methods_go_to_the_owner() {
    let config = UaConfig { accept: vec![Method::Register], ..UaConfig::default() };
    let mut bench = Bench::with(config, |_| {});
    let register = outside(Method::Register, "1");
    bench.receive(&register);
    bench.quiet();
    let Event::Request { id, request, .. } = bench.event() else { panic!("no request") };
    assert_eq!(request.method, Method::Register);
    bench.receive(&register);
    bench.no_event();
    let headers = vec![("Contact".to_owned(), "<sip:100@192.0.2.1>;expires=60".to_owned())];
    bench.ua.respond(id, Reply { headers, ..Reply::new(200) }, bench.now);
    let ok = bench.response(200);
    assert_eq!(ok.headers.contact().unwrap().expires(), Some(60));
    bench.receive(&register);
    bench.response(200);
    bench.ua.respond(id, Reply::new(500), bench.now);
    bench.quiet();
    bench.finish();
}

#[test]
fn an_owner_who_forgets_does_not_leak() {
    let config = UaConfig { accept: vec![Method::Message], ..UaConfig::default() };
    let mut bench = Bench::with(config, |_| {});
    bench.receive(outside(Method::Message, "1"));
    bench.event();
    bench.advance(secs(33));
    bench.response(500);
    bench.finish();
}

#[test]
fn a_peer_of_rfc_2543_is_served() {
    let mut bench = Bench::new();
    let mut request = outside(Method::Options, "1");
    request.headers.set("Via", format!("SIP/2.0/UDP {PEER}"));
    bench.receive(&request);
    bench.response(200);
    // Its retransmission is recognised without a branch.
    bench.receive(&request);
    bench.response(200);
    assert_eq!(bench.ua.load().1, 1);
    bench.finish();
}

fn outside(method: Method, branch: &str) -> Request {
    let mut request = Request::new(method.clone(), uri(&format!("sip:100@{LOCAL}")));
    request.headers.push("Via", format!("SIP/2.0/UDP {PEER};branch=z9hG4bK{branch};rport"));
    request.headers.push("From", "<sip:200@pbx.example>;tag=peer");
    request.headers.push("To", "<sip:100@pbx.example>");
    request.headers.push("Call-ID", format!("outside-{branch}"));
    request.headers.push("CSeq", format!("1 {method}"));
    request.headers.push("Max-Forwards", "70");
    request
}
