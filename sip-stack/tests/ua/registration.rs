//! REGISTER in simulated time (RFC 3261 10.2, RFC 7616, RFC 3581).

use std::time::Instant;

use sip_stack::TransportKind;
use sip_stack::auth::{Algorithm, ServerAuth, Verdict};
use sip_stack::message::{HeaderName, Method, Request, Response};
use sip_stack::ua::{Event, RegistrationState, Secret, UaConfig};

use super::bench::{Bench, addr, millis, reply, secs, udp, uri, with};

#[test]
fn digest_with_both_algorithms() {
    for algorithms in [&[Algorithm::Md5][..], &[Algorithm::Sha256, Algorithm::Md5]] {
        let mut bench = Bench::new();
        let mut registrar = Registrar::new(&bench, algorithms);
        register(&mut bench);
        let first = bench.request(Method::Register);
        assert_eq!(first.uri, uri("sip:pbx.example"));
        assert_eq!(first.headers.to().unwrap().uri, uri("sip:100@pbx.example"));
        let answer = registrar.answer(&first, bench.now);
        assert_eq!(answer.code, 401);
        bench.receive(answer);
        let second = bench.request(Method::Register);
        assert_eq!(second.headers.cseq().unwrap().seq, 2);
        assert_eq!(second.headers.call_id(), first.headers.call_id());
        let answer = registrar.answer(&second, bench.now);
        assert_eq!(answer.code, 200);
        bench.receive(answer);
        assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
        assert_eq!(bench.status().last_error, None);
        unregister(bench, &mut registrar);
    }
}

#[test]
fn refreshes_before_expiry_with_the_same_nonce() {
    let mut bench = Bench::new();
    let mut registrar = Registrar::new(&bench, &[Algorithm::Sha256]);
    registered(&mut bench, &mut registrar);
    for round in 0..3 {
        bench.advance(secs(239));
        bench.quiet();
        bench.until_sent(secs(31));
        let refresh = bench.request(Method::Register);
        let credentials = refresh.headers.credentials(&HeaderName::AUTHORIZATION);
        assert_eq!(credentials[0].nc, Some(2 + round));
        let answer = registrar.answer(&refresh, bench.now);
        assert_eq!(answer.code, 200);
        bench.receive(answer);
    }
    unregister(bench, &mut registrar);
}

#[test]
fn a_stale_nonce_costs_one_round_trip() {
    let mut bench = Bench::new();
    let mut registrar = Registrar::new(&bench, &[Algorithm::Sha256]);
    registrar.auth = ServerAuth::new("pbx", 9, bench.now).with_lifetime(secs(100));
    registered(&mut bench, &mut registrar);
    bench.until_sent(secs(270));
    let refresh = bench.request(Method::Register);
    let answer = registrar.answer(&refresh, bench.now);
    assert_eq!(answer.code, 401);
    assert!(answer.headers.challenges(&HeaderName::WWW_AUTHENTICATE)[0].stale);
    bench.receive(answer);
    let again = bench.request(Method::Register);
    bench.receive(registrar.answer(&again, bench.now));
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
    unregister(bench, &mut registrar);
}

#[test]
fn a_wrong_password_ends_after_one_retry_and_waits_long() {
    let mut bench = Bench::with(UaConfig::default(), |account| account.password = Secret::new("wrong"));
    let mut registrar = Registrar::new(&bench, &[Algorithm::Md5]);
    register(&mut bench);
    for _ in 0..2 {
        let request = bench.request(Method::Register);
        bench.receive(registrar.answer(&request, bench.now));
    }
    bench.quiet();
    let status = bench.status();
    assert_eq!(status.state, RegistrationState::Failed);
    assert_eq!(status.last_error.unwrap().code, Some(401));
    assert!(status.next_attempt.unwrap() >= bench.now + secs(600));
    bench.ua.unregister(bench.account, bench.now);
    bench.finish();
}

#[test]
fn the_interval_too_brief_is_raised_once() {
    let mut bench = Bench::new();
    register(&mut bench);
    let first = bench.request(Method::Register);
    assert_eq!(first.headers.expires(), Some(300));
    bench.receive(with(reply(&first, 423, "r"), "Min-Expires", "1800"));
    let second = bench.request(Method::Register);
    assert_eq!(second.headers.expires(), Some(1800));
    bench.receive(with(reply(&second, 423, "r"), "Min-Expires", "3600"));
    bench.quiet();
    assert_eq!(bench.status().last_error.unwrap().code, Some(423));
    bench.ua.unregister(bench.account, bench.now);
    bench.finish();
}

#[test]
fn retry_after_is_obeyed() {
    let mut bench = Bench::new();
    register(&mut bench);
    let first = bench.request(Method::Register);
    bench.receive(with(reply(&first, 503, "r"), "Retry-After", "250 (maintenance)"));
    assert!(bench.status().next_attempt.unwrap() >= bench.now + secs(250));
    bench.advance(secs(249));
    bench.quiet();
    bench.advance(secs(2));
    let second = bench.request(Method::Register);
    bench.receive(granted(&second, 60));
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(reply(&removal, 200, "r"));
    bench.finish();
}

#[test]
fn waiting_times_grow_from_30_to_600_seconds() {
    let mut bench = Bench::new();
    register(&mut bench);
    let mut waits = Vec::new();
    for _ in 0..7 {
        bench.advance(secs(32));
        bench.ignore_sent();
        let status = bench.status();
        assert_eq!(status.state, RegistrationState::Failed);
        assert_eq!(status.last_error.unwrap().code, None);
        let wait = status.next_attempt.unwrap() - bench.now;
        waits.push(wait.as_secs());
        bench.advance(wait);
        assert!(bench.ignore_sent() > 0);
    }
    for (wait, least) in waits.iter().zip([30, 60, 120, 240, 480, 600, 600]) {
        assert!((least..=least * 5 / 4).contains(wait), "{waits:?}");
    }
    bench.ua.unregister(bench.account, bench.now);
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.finish();
}

#[test]
fn the_next_address_is_tried_at_once() {
    let mut bench = Bench::new();
    bench.ua.set_targets(bench.account, vec![udp("192.0.2.1:5060"), udp("192.0.2.2:5060")], bench.now);
    register(&mut bench);
    bench.advance(millis(3900));
    assert!(bench.ignore_sent() > 0);
    bench.advance(millis(200));
    let sent = bench.transmit();
    assert_eq!(sent.destination, addr("192.0.2.2:5060"));
    bench.ua.unregister(bench.account, bench.now);
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.finish();
}

#[test]
fn waits_for_the_address_and_then_goes() {
    let mut bench = Bench::new();
    let mut config = sip_stack::AccountConfig::new("late", uri("sip:7@late.example"));
    config.registrar = Some(uri("sip:late.example"));
    let account = bench.ua.add_account(config);
    bench.ua.register(account, bench.now);
    bench.quiet();
    assert_eq!(bench.ua.registration(account).state, RegistrationState::Resolving);
    assert_eq!(bench.ua.poll_timeout(), None);
    bench.advance(secs(100));
    bench.ua.set_targets(account, vec![udp("192.0.2.1:5060")], bench.now);
    bench.advance(secs(0));
    let request = bench.request(Method::Register);
    bench.receive(granted(&request, 60));
    assert!(matches!(bench.ua.registration(account).state, RegistrationState::Registered { .. }));
    bench.ua.unregister(account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(reply(&removal, 200, "r"));
    bench.finish();
}

#[test]
fn the_address_the_exchange_saw_becomes_the_contact() {
    let mut bench = Bench::new();
    register(&mut bench);
    let first = bench.request(Method::Register);
    let seen = |request: &Request, mut response: Response| {
        let mut via = request.headers.via().unwrap();
        via.stamp(addr("203.0.113.9:41000"));
        response.headers.replace_top_via(&via);
        response
    };
    bench.receive(seen(&first, granted(&first, 300)));
    bench.advance(secs(0));
    // Registered again under the new contact, the old one removed; then no more.
    let second = bench.request(Method::Register);
    let contacts = second.headers.contacts().unwrap();
    assert_eq!(contacts[0].address().unwrap().uri, uri("sip:100@203.0.113.9:41000"));
    assert_eq!(contacts[1].address().unwrap().expires(), Some(0));
    bench.receive(seen(&second, granted(&second, 300)));
    bench.advance(secs(1));
    bench.quiet();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    assert_eq!(invite.headers.contact().unwrap().uri, uri("sip:100@203.0.113.9:41000"));
    bench.hangup(call);
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(seen(&removal, reply(&removal, 200, "r")));
    bench.finish();
}

#[test]
fn a_lost_connection_registers_again() {
    let mut bench = Bench::with(UaConfig::default(), |account| account.transport = TransportKind::Tcp);
    register(&mut bench);
    let first = bench.request(Method::Register);
    bench.receive(granted(&first, 300));
    bench.ua.handle_transport_failure(bench.now, TransportKind::Tcp, addr("192.0.2.1:5060"));
    bench.quiet();
    bench.advance(secs(1));
    let again = bench.request(Method::Register);
    bench.receive(granted(&again, 300));
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(reply(&removal, 200, "r"));
    bench.finish();
}

#[test]
fn rfc_3608_the_service_route_is_taken() {
    let mut bench = Bench::new();
    register(&mut bench);
    let first = bench.request(Method::Register);
    bench.receive(with(granted(&first, 300), "Service-Route", "<sip:orig@192.0.2.77;lr>"));
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    assert_eq!(invite.headers.routes().unwrap()[0].uri, uri("sip:orig@192.0.2.77;lr"));
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive(reply(&removal, 200, "r"));
    bench.finish();
}

#[test]
fn events_tell_every_change() {
    let mut bench = Bench::new();
    register(&mut bench);
    let first = bench.request(Method::Register);
    bench.receive(reply(&first, 403, "r"));
    let states: Vec<_> = bench
        .events
        .iter()
        .map(|event| match event {
            Event::Registration { status, .. } => status.state,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(states, [RegistrationState::Registering, RegistrationState::Failed]);
    bench.ua.unregister(bench.account, bench.now);
    assert_eq!(bench.status().state, RegistrationState::Idle);
    bench.finish();
}

struct Registrar {
    auth: ServerAuth,
}

impl Registrar {
    fn new(bench: &Bench, algorithms: &[Algorithm]) -> Self {
        let auth = ServerAuth::new("pbx", 9, bench.now).with_lifetime(secs(86_400));
        Self { auth: auth.with_algorithms(algorithms) }
    }

    fn answer(&mut self, request: &Request, now: Instant) -> Response {
        let lookup = |user: &str| (user == "100").then(|| Secret::new("secret"));
        let stale = match self.auth.verify(now, request, false, lookup) {
            Verdict::Accepted { .. } => return granted(request, 300),
            Verdict::Challenge => false,
            Verdict::Stale => true,
        };
        let mut response = reply(request, 401, "r");
        for challenge in self.auth.challenges(now, stale) {
            response.headers.push(HeaderName::WWW_AUTHENTICATE, challenge.to_string());
        }
        response
    }
}

fn granted(request: &Request, seconds: u32) -> Response {
    let contact = request.headers.contact().unwrap().uri;
    with(reply(request, 200, "r"), "Contact", &format!("<{contact}>;expires={seconds}"))
}

fn register(bench: &mut Bench) {
    bench.ua.register(bench.account, bench.now);
}

fn registered(bench: &mut Bench, registrar: &mut Registrar) {
    register(bench);
    for _ in 0..2 {
        let request = bench.request(Method::Register);
        bench.receive(registrar.answer(&request, bench.now));
    }
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
}

fn unregister(mut bench: Bench, registrar: &mut Registrar) {
    bench.ua.unregister(bench.account, bench.now);
    assert_eq!(bench.status().state, RegistrationState::Unregistering);
    let mut request = bench.request(Method::Register);
    assert_eq!(request.headers.contact().unwrap().expires(), Some(0));
    let mut answer = registrar.answer(&request, bench.now);
    if answer.code == 401 {
        bench.receive(answer);
        request = bench.request(Method::Register);
        answer = registrar.answer(&request, bench.now);
    }
    assert_eq!(answer.code, 200);
    bench.receive(answer);
    assert_eq!(bench.status().state, RegistrationState::Idle);
    bench.finish();
}
