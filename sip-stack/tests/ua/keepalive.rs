//! Keep-alives of registered flows in simulated time (RFC 5626 4.4), and what a broken flow does.

use std::time::Duration;

use sip_stack::message::{Method, Request, Response};
use sip_stack::transport::{KeepAliveMethod, TransportKind};
use sip_stack::ua::{RegistrationState, UaConfig};

use super::bench::{Bench, LOCAL, PEER, addr, reply, secs, with};

fn bench(transport: TransportKind) -> Bench {
    Bench::with(UaConfig { seed: 42, ..UaConfig::default() }, |account| {
        account.transport = transport;
        account.keep_alive.method = KeepAliveMethod::Auto;
    })
}

fn granted(request: &Request) -> Response {
    let contact = request.headers.contact().unwrap();
    with(reply(request, 200, "r"), "Contact", &format!("<{}>;expires=3600", contact.uri))
}

/// Registers; the answer carries these headers too.
fn register(bench: &mut Bench, headers: &[(&str, &str)]) {
    bench.ua.register(bench.account, bench.now);
    again(bench, headers);
}

fn again(bench: &mut Bench, headers: &[(&str, &str)]) {
    let request = bench.request(Method::Register);
    let answer = headers.iter().fold(granted(&request), |answer, (name, value)| with(answer, name, value));
    bench.receive(answer);
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
}

fn unregister(mut bench: Bench) {
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(reply(&removal, 200, "r"));
    bench.finish();
}

/// How long until the next bytes leave, and what they are.
fn next(bench: &mut Bench) -> (Duration, Vec<u8>) {
    let start = bench.now;
    loop {
        let (at, reason) = bench.ua.poll_timeout().expect("a deadline");
        bench.advance(at - bench.now);
        if reason == "keep-alive" {
            break;
        }
    }
    (bench.now - start, bench.transmit().bytes)
}

#[test]
fn a_registered_stream_is_pinged_and_an_unregistered_one_is_not() {
    let mut bench = bench(TransportKind::Tls);
    register(&mut bench, &[]);
    for _ in 0..3 {
        let (after, bytes) = next(&mut bench);
        assert!((secs(95)..=secs(120)).contains(&after), "{after:?}");
        assert_eq!(bytes, b"\r\n\r\n");
        bench.receive_from(addr(PEER), b"\r\n");
    }
    unregister(bench);
}

/// RFC 5626 4.4.1 and 4.4: the pong stays away, the connection is closed, a REGISTER opens a new one.
#[test]
fn a_dead_stream_is_closed_and_registers_again() {
    let mut bench = bench(TransportKind::Tcp);
    register(&mut bench, &[("Flow-Timer", "60")]);
    let (after, _) = next(&mut bench);
    assert!((secs(48)..=secs(60)).contains(&after), "{after:?}");
    bench.advance(secs(10));
    let closed = bench.ua.poll_close().expect("the dead connection is to be closed");
    assert_eq!((closed.transport, closed.peer), (TransportKind::Tcp, addr(PEER)));
    assert_eq!(bench.ua.poll_close(), None);
    bench.advance(secs(1));
    again(&mut bench, &[("Flow-Timer", "60")]);
    let (after, _) = next(&mut bench);
    assert!((secs(48)..=secs(60)).contains(&after), "{after:?}");
    bench.receive_from(addr(PEER), b"\r\n");
    unregister(bench);
}

#[test]
fn datagrams_get_empty_lines_and_with_outbound_stun() {
    for (headers, stun) in [
        (&[][..], false),
        (&[("Require", "outbound")][..], true),
        (&[("Path", "<sip:edge@192.0.2.1;lr;ob>")][..], true),
        (&[("Path", "<sip:edge@192.0.2.1;lr>")][..], false),
    ] {
        let mut bench = bench(TransportKind::Udp);
        register(&mut bench, headers);
        let (after, bytes) = next(&mut bench);
        assert!((secs(24)..=secs(29)).contains(&after), "{after:?}");
        assert_eq!(bytes[0] == 0, stun, "{headers:?}");
        if stun {
            bench.receive_from(addr(PEER), &mapped(&bytes, 5060));
        }
        unregister(bench);
    }
}

/// RFC 5626 4.4.2: a NAT that lost its mapping makes the binding worthless.
#[test]
fn a_changed_mapped_address_registers_again() {
    let mut bench = bench(TransportKind::Udp);
    register(&mut bench, &[("Require", "outbound")]);
    for port in [40_000, 40_000] {
        let (_, request) = next(&mut bench);
        bench.receive_from(addr(PEER), &mapped(&request, port));
    }
    bench.quiet();
    let (_, request) = next(&mut bench);
    // Not from the exchange: nothing happens.
    bench.receive_from(addr("198.51.100.9:5060"), &mapped(&request, 41_000));
    bench.quiet();
    bench.receive_from(addr(PEER), &mapped(&request, 41_000));
    bench.advance(secs(1));
    again(&mut bench, &[]);
    unregister(bench);
}

/// An exchange that is away shows at once, not after the 32 s of Timer F.
#[test]
fn a_refused_datagram_fails_the_registration_at_once() {
    let mut bench = bench(TransportKind::Udp);
    register(&mut bench, &[]);
    next(&mut bench);
    bench.ua.handle_transport_failure(bench.now, TransportKind::Udp, addr(PEER));
    bench.advance(secs(1));
    bench.request(Method::Register);
    bench.ignore_sent();
    bench.ua.handle_transport_failure(bench.now, TransportKind::Udp, addr(PEER));
    assert_eq!(bench.status().state, RegistrationState::Failed);
    assert!(bench.status().next_attempt.unwrap() >= bench.now + secs(30), "back-off");
    bench.quiet();
    bench.ua.unregister(bench.account, bench.now);
    bench.ignore_sent();
    bench.finish();
}

/// Bytes that look like STUN are never taken for SIP, and never answered (RFC 5626 5.4 is for edge proxies).
#[test]
fn a_binding_request_is_not_answered() {
    let mut bench = bench(TransportKind::Udp);
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend([7; 12]);
    bench.receive_from(addr(PEER), &request);
    bench.quiet();
    assert_eq!(bench.ua.counters().malformed, 0);
    bench.finish();
}

/// The success answer to a binding request (RFC 5389 15.2).
fn mapped(request: &[u8], port: u16) -> Vec<u8> {
    let mut bytes = vec![1, 1, 0, 12];
    bytes.extend(&request[4..20]);
    bytes.extend([0, 0x20, 0, 8, 0, 1]);
    bytes.extend((port ^ 0x2112).to_be_bytes());
    let std::net::IpAddr::V4(ip) = addr(LOCAL).ip() else { panic!() };
    bytes.extend((u32::from(ip) ^ 0x2112_a442).to_be_bytes());
    bytes
}
