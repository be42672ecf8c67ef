//! What a binding is known by and where it is made: instances (RFC 5626), redirections, another network.

use sip_stack::Transmit;
use sip_stack::message::{HeaderName, Message, Method, Request, parse_datagram};
use sip_stack::sdp::Capabilities;
use sip_stack::ua::{CallId, Event, RegistrationState, UaConfig};

use super::bench::{Bench, addr, reply, secs, udp, with, with_sdp};

const UUID: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
const FIRST: &str = "192.0.2.1:5060";
const ELSEWHERE: &str = "192.0.2.3:5062";

fn named() -> Bench {
    Bench::with(UaConfig { seed: 42, ..UaConfig::default() }, |account| {
        account.instance = Some(UUID.to_owned())
    })
}

/// The next REGISTER and where it goes.
fn register(bench: &mut Bench) -> (String, Request) {
    let Transmit { destination, bytes, .. } = bench.transmit();
    match parse_datagram(&bytes).unwrap() {
        Message::Request(request) if request.method == Method::Register => (destination.to_string(), request),
        other => panic!("no REGISTER: {other:?}"),
    }
}

/// The values of every line of a header.
fn values(request: &Request, name: &HeaderName) -> Vec<String> {
    request.headers.get_all(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

fn granted(request: &Request) -> sip_stack::message::Response {
    let contact = request.headers.contact().unwrap().uri;
    with(reply(request, 200, "r"), "Contact", &format!("<{contact}>;expires=300"))
}

fn give_up(mut bench: Bench, at: &str) {
    bench.ua.unregister(bench.account, bench.now);
    let (destination, removal) = register(&mut bench);
    assert_eq!(destination, at);
    bench.receive_from(addr(at), &reply(&removal, 200, "r").to_bytes());
    bench.finish();
}

#[test]
fn rfc_5626_4_2_a_registration_names_its_instance_and_its_flow() {
    let mut bench = named();
    bench.ua.register(bench.account, bench.now);
    let (_, first) = register(&mut bench);
    let contact = values(&first, &HeaderName::CONTACT).join("\n");
    assert!(contact.contains(&format!(";+sip.instance=\"<urn:uuid:{UUID}>\"")), "{contact}");
    assert!(contact.contains(";reg-id=1"), "{contact}");
    let supported = values(&first, &HeaderName::SUPPORTED).join(",");
    assert!(supported.contains("outbound") && supported.contains("path"), "{supported}");
    bench.receive(granted(&first));
    give_up(bench, FIRST);
}

#[test]
fn without_an_instance_there_is_no_flow_to_name() {
    let mut bench = Bench::new();
    bench.ua.register(bench.account, bench.now);
    let (_, first) = register(&mut bench);
    let contact = values(&first, &HeaderName::CONTACT).join("\n");
    assert!(!contact.contains("reg-id") && !contact.contains("+sip.instance"), "{contact}");
    assert!(!values(&first, &HeaderName::SUPPORTED).join(",").contains("outbound"));
    bench.receive(granted(&first));
    give_up(bench, FIRST);
}

/// RFC 5626 6: 439, the first hop does not keep flows. The instance stays, the flow goes.
#[test]
fn rfc_5626_6_a_first_hop_without_outbound_gets_a_plain_binding() {
    let mut bench = named();
    bench.ua.register(bench.account, bench.now);
    let (_, first) = register(&mut bench);
    bench.receive(reply(&first, 439, "r"));
    let (_, second) = register(&mut bench);
    let contact = values(&second, &HeaderName::CONTACT).join("\n");
    assert!(contact.contains("+sip.instance") && !contact.contains("reg-id"), "{contact}");
    assert!(!values(&second, &HeaderName::SUPPORTED).join(",").contains("outbound"));
    bench.receive(granted(&second));
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
    give_up(bench, FIRST);
}

/// RFC 3261 10.2.1: the old Contact is removed beside the new one, unless the registrar tells flows apart by itself.
#[test]
fn another_network_takes_the_binding_along() {
    for outbound in [false, true] {
        let mut bench = named();
        bench.ua.register(bench.account, bench.now);
        let (_, first) = register(&mut bench);
        let mut answer = granted(&first);
        if outbound {
            answer = with(answer, "Require", "outbound");
        }
        bench.receive(answer);
        let moved = addr("198.51.100.7:5060");
        bench.ua.set_local_addresses(Some(moved), Some(moved));
        bench.ua.network_changed(bench.now);
        assert!(bench.until_sent(secs(1)) <= secs(1));
        let (_, second) = register(&mut bench);
        assert_eq!(second.headers.call_id(), first.headers.call_id());
        assert!(second.headers.cseq().unwrap().seq > first.headers.cseq().unwrap().seq);
        let contacts = values(&second, &HeaderName::CONTACT);
        assert!(contacts[0].contains("198.51.100.7"), "{contacts:?}");
        if outbound {
            assert_eq!(contacts.len(), 1, "{contacts:?}");
        } else {
            assert!(contacts[1].contains("192.0.2.10") && contacts[1].contains(";expires=0"), "{contacts:?}");
        }
        bench.receive(granted(&second));
        give_up(bench, FIRST);
    }
}

const MOVED: &str = "198.51.100.7:5060";

/// An answered call, on an account that is registered or has nowhere to register.
fn talking(registered: bool) -> (Bench, CallId) {
    let mut bench = Bench::with(UaConfig { seed: 42, ..UaConfig::default() }, |account| {
        account.registrar = account.registrar.take().filter(|_| registered);
    });
    if registered {
        bench.ua.register(bench.account, bench.now);
        let (_, first) = register(&mut bench);
        bench.receive(granted(&first));
    }
    let call = bench.invite("sip:1@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.events.clear();
    (bench, call)
}

/// The owner moves the call, as it does when it is told: the request that carries the new address of the voice also names
/// the new Contact.
fn move_call(bench: &mut Bench, call: CallId) -> Request {
    let capabilities = Capabilities::new(addr(MOVED).ip(), 30_000);
    bench.ua.change_media(call, &capabilities, bench.now).unwrap();
    let offer = bench.request(Method::Invite);
    assert!(offer.headers.contact().unwrap().uri.to_string().contains("198.51.100.7"));
    let body = String::from_utf8_lossy(&offer.body);
    assert!(body.contains("c=IN IP4 198.51.100.7") && body.contains("m=audio 30000"), "{body}");
    assert!(values(&offer, &HeaderName::VIA)[0].contains("198.51.100.7"));
    offer
}

/// The owner is told when the exchange knows our new address, not before: only then does it let requests from there through.
#[test]
fn another_network_takes_running_calls_along() {
    let (mut bench, call) = talking(true);
    bench.ua.set_local_addresses(Some(addr(MOVED)), Some(addr(MOVED)));
    bench.ua.network_changed(bench.now);
    bench.until_sent(secs(1));
    let (_, second) = register(&mut bench);
    bench.no_event();
    bench.receive(granted(&second));
    let told = bench.events.iter().filter(|event| matches!(event, Event::AddressChanged { .. })).count();
    assert_eq!(told, 1, "{:?}", bench.events);
    bench.events.clear();
    let offer = move_call(&mut bench, call);
    bench.receive(with_sdp(reply(&offer, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::MediaChanged { .. }));
    // From now on everything of this call goes by the new address.
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    assert!(values(&bye, &HeaderName::VIA)[0].contains("198.51.100.7"));
    bench.receive(reply(&bye, 200, "a"));
    bench.events.clear();
    give_up(bench, FIRST);
}

#[test]
fn a_line_without_registration_moves_at_once() {
    let (mut bench, call) = talking(false);
    bench.ua.set_local_addresses(Some(addr(MOVED)), Some(addr(MOVED)));
    bench.ua.network_changed(bench.now);
    assert!(matches!(bench.event(), Event::AddressChanged { .. }));
    let offer = move_call(&mut bench, call);
    // A peer that refuses leaves the call as it was; its next request names the new address all the same.
    bench.receive(reply(&offer, 488, "a"));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::HoldFailed { code: Some(488), .. }));
    bench.close(call);
}

/// A router on the way restarts and maps us to another port: the refresh of the registration shows it.
#[test]
fn an_address_that_only_the_exchange_sees_takes_calls_along_too() {
    let (mut bench, call) = talking(true);
    bench.until_sent(secs(300));
    let (_, refresh) = register(&mut bench);
    let via = values(&refresh, &HeaderName::VIA).remove(0);
    let mut answer = granted(&refresh);
    answer.headers.set("Via", format!("{};received=203.0.113.9;rport=40001", via.replace(";rport", "")));
    bench.receive(answer);
    bench.until_sent(secs(1));
    let (_, again) = register(&mut bench);
    assert!(values(&again, &HeaderName::CONTACT)[0].contains("203.0.113.9:40001"));
    assert!(!bench.events.iter().any(|event| matches!(event, Event::AddressChanged { .. })));
    let mut answer = granted(&again);
    let via = values(&again, &HeaderName::VIA).remove(0);
    answer.headers.set("Via", format!("{};received=203.0.113.9;rport=40001", via.replace(";rport", "")));
    bench.receive(answer);
    assert!(bench.events.iter().any(|event| matches!(event, Event::AddressChanged { .. })));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, "a"));
    bench.events.clear();
    give_up(bench, FIRST);
}

#[test]
fn another_network_forgives_dead_targets_but_keeps_a_waiting_time() {
    let mut bench = Bench::new();
    bench.ua.register(bench.account, bench.now);
    let (_, first) = register(&mut bench);
    bench.receive(with(reply(&first, 503, "r"), "Retry-After", "120"));
    assert_eq!(bench.status().state, RegistrationState::Failed);
    bench.ua.network_changed(bench.now);
    let registers_after = bench.until_sent(secs(125));
    assert!(registers_after >= secs(120), "{registers_after:?}");
    let (_, second) = register(&mut bench);
    bench.receive(granted(&second));
    give_up(bench, FIRST);
}

#[test]
fn a_registrar_that_names_another_is_followed_by_everything() {
    let mut bench = Bench::new();
    bench.ua.register(bench.account, bench.now);
    let (_, first) = register(&mut bench);
    bench.receive(with(reply(&first, 302, "r"), "Contact", &format!("<sip:{ELSEWHERE}>")));
    let (destination, second) = register(&mut bench);
    assert_eq!(destination, ELSEWHERE);
    // The domain stays: its realm and our address belong to it.
    assert_eq!((&second.uri, second.headers.call_id()), (&first.uri, first.headers.call_id()));
    bench.receive_from(addr(ELSEWHERE), &granted(&second).to_bytes());
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
    assert_eq!(bench.ua.trunk(bench.account).active, Some(udp(ELSEWHERE)));
    bench.invite("sip:1@pbx.example");
    let Transmit { destination, bytes, .. } = bench.transmit();
    assert_eq!(destination, addr(ELSEWHERE));
    let Message::Request(invite) = parse_datagram(&bytes).unwrap() else { panic!("no request") };
    bench.receive_from(addr(ELSEWHERE), &reply(&invite, 404, "b").to_bytes());
    bench.request(Method::Ack);
    give_up(bench, ELSEWHERE);
}

/// Two registrars that name each other, one that names itself, one that names a host we would have to look up, and one
/// that leads from this machine off it.
#[test]
fn a_registrar_is_not_followed_for_ever_nor_anywhere() {
    let mut bench = Bench::new();
    bench.ua.register(bench.account, bench.now);
    let mut seen = Vec::new();
    while bench.status().state != RegistrationState::Failed {
        let (at, request) = register(&mut bench);
        let other = if at == FIRST { ELSEWHERE } else { FIRST };
        let answer = with(reply(&request, 301, "r"), "Contact", &format!("<sip:{other}>"));
        bench.receive_from(addr(&at), &answer.to_bytes());
        seen.push(at);
    }
    assert_eq!(seen, [FIRST, ELSEWHERE, FIRST]);
    assert_eq!(bench.status().last_error.as_ref().unwrap().code, Some(301));
    bench.ua.unregister(bench.account, bench.now);
    bench.finish();

    for (home, away) in
        [(FIRST, "sip:192.0.2.1"), (FIRST, "sip:other.example"), ("127.0.0.1:5060", "sip:192.0.2.3")]
    {
        let mut bench = Bench::new();
        bench.ua.set_targets(bench.account, vec![udp(home)], bench.now);
        bench.ua.register(bench.account, bench.now);
        let (_, request) = register(&mut bench);
        let answer = with(reply(&request, 302, "r"), "Contact", &format!("<{away}>"));
        bench.receive_from(addr(home), &answer.to_bytes());
        bench.quiet();
        assert_eq!(bench.status().state, RegistrationState::Failed, "{away}");
        bench.ua.unregister(bench.account, bench.now);
        bench.finish();
    }
}
