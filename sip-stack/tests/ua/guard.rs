//! Who may talk: strangers get a bare refusal a few times and then nothing, and leave nothing behind; the exchange, what
//! its owner trusts and the peers of dialogs go on being heard.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sip_stack::TransportKind;
use sip_stack::message::{HeaderName, Message, Method, Request, Response, parse_datagram};
use sip_stack::transport::Flow;
use sip_stack::ua::{AccountConfig, CallId, Event, Trust, UaConfig};

use super::bench::{
    Bench, LOCAL, PEER, addr, capabilities, follow_up, in_dialog, of_caller, peer_invite, reply, sdp, secs,
    udp, uri, with, with_sdp,
};

const STRANGER: &str = "198.51.100.7:5060";

fn guarded() -> Bench {
    guarded_with(|_| {})
}

fn guarded_with(adjust: impl FnOnce(&mut AccountConfig)) -> Bench {
    Bench::with(UaConfig { seed: 42, trust: Trust::KnownSources, ..UaConfig::default() }, adjust)
}

/// A request outside any dialog, for a user of ours or one that nobody has.
fn request(method: Method, user: &str, branch: &str) -> Request {
    let mut request = peer_invite(branch, None);
    request.method = method.clone();
    request.uri = uri(&format!("sip:{user}@{LOCAL}"));
    request.headers.set("To", format!("<sip:{user}@{LOCAL}>"));
    request.headers.set("CSeq", format!("1 {method}"));
    request
}

/// What a source gets for a request: at most one answer, and nobody is told but of strangers.
fn answer(bench: &mut Bench, source: &str, request: &Request) -> Option<Response> {
    bench.receive_from(addr(source), &request.to_bytes());
    let mut sent = bench.take_sent();
    assert!(sent.len() <= 1, "{sent:?}");
    bench.events.retain(|event| !matches!(event, Event::Stranger { .. }));
    bench.no_event();
    let sent = sent.pop()?;
    assert_eq!(sent.destination, addr(source), "the answer goes where the request came from");
    match parse_datagram(&sent.bytes).expect("our own message parses") {
        Message::Response(response) => Some(response),
        Message::Request(request) => panic!("{request:?}"),
    }
}

fn source(n: u32) -> String {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(0xC633_6400 + n)), 5060).to_string()
}

#[test]
fn every_method_is_refused_alike_whoever_is_asked_for() {
    let methods =
        ["INVITE", "REGISTER", "OPTIONS", "MESSAGE", "BYE", "NOTIFY", "SUBSCRIBE", "REFER", "INFO", "PRACK"];
    let mut bench = guarded();
    for (n, method) in methods.iter().enumerate() {
        let method = Method::from_token(method).unwrap();
        let from = source(u32::try_from(n).unwrap());
        let right = answer(&mut bench, &from, &request(method.clone(), "100", "1")).expect("an answer");
        let wrong = answer(&mut bench, &from, &request(method.clone(), "900", "1")).expect("an answer");
        let print = |response: &Response| String::from_utf8(response.to_bytes()).unwrap();
        assert_eq!(print(&right), print(&wrong).replace("sip:900@", "sip:100@"), "nothing tells who exists");
        assert_eq!((right.code, right.reason.as_str()), (403, "Forbidden"));
        let names: Vec<String> =
            right.headers.iter().map(|(name, _)| name.as_str().to_ascii_lowercase()).collect();
        for name in &names {
            let needed = ["via", "from", "to", "call-id", "cseq", "content-length"];
            assert!(needed.contains(&name.as_str()), "{method}: {name}");
        }
        assert!(!print(&right).to_ascii_lowercase().contains("kakeru"));
    }
    assert_eq!(bench.ua.load(), (0, 0, 0));
    assert!(bench.ua.is_idle());
    assert_eq!(bench.ua.poll_timeout(), None, "no timer for a stranger");
    let counters = bench.ua.counters();
    assert_eq!((counters.strangers_refused, counters.strangers_dropped), (20, 0));
    bench.finish();
}

/// RFC 3261 8.2.7: the same tag for a repetition; ACK and CANCEL are ignored.
#[test]
fn the_refusal_is_stateless() {
    let mut bench = guarded();
    let invite = request(Method::Invite, "100", "1");
    let first = answer(&mut bench, STRANGER, &invite).expect("an answer");
    let again = answer(&mut bench, STRANGER, &invite).expect("an answer");
    let other = answer(&mut bench, STRANGER, &request(Method::Invite, "100", "2")).expect("an answer");
    let tag = |response: &Response| response.headers.to().unwrap().tag().unwrap().to_owned();
    assert_eq!(tag(&first), tag(&again));
    assert_ne!(tag(&first), tag(&other));
    for method in [Method::Ack, Method::Cancel] {
        assert_eq!(answer(&mut bench, STRANGER, &follow_up(&invite, method, Some(&first), "1")), None);
    }
    let counters = bench.ua.counters();
    assert_eq!((counters.strangers_refused, counters.strangers_dropped, counters.stray), (3, 1, 1));
    bench.finish();
}

#[test]
fn a_scanner_is_answered_eight_times_and_told_once() {
    let mut bench = guarded();
    let mut answers = 0;
    for n in 0..1_000 {
        let register = request(Method::Register, &format!("{n}"), &format!("{n}"));
        bench.receive_from(addr(STRANGER), &register.to_bytes());
        answers += bench.ignore_sent();
    }
    assert_eq!(answers, 8);
    let told = |bench: &mut Bench| match bench.event() {
        Event::Stranger { source, method, requests, scanner } => {
            assert_eq!(source, Some(addr(STRANGER).ip()));
            assert_eq!(method, Some(Method::Register));
            (requests, scanner)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!([told(&mut bench), told(&mut bench)], [(1, false), (30, true)]);
    bench.no_event();
    let counters = bench.ua.counters();
    assert_eq!((counters.strangers_refused, counters.strangers_dropped), (8, 992));
    let known = bench.ua.strangers();
    assert_eq!((known.len(), known[0].requests, known[0].scanner), (1, 1_000, true));

    // Other strangers are answered, and the exchange is not slower for it.
    assert!(answer(&mut bench, "203.0.113.5:5060", &request(Method::Options, "100", "x")).is_some());
    bench.receive(request(Method::Options, "100", "y"));
    bench.response(200);
    bench.finish();
}

#[test]
fn many_sources_leave_a_table_of_512() {
    let mut bench = guarded();
    let bytes = request(Method::Invite, "100", "1").to_bytes();
    for n in 0..40_000 {
        bench.ua.handle_receive(bench.now, addr(&source(n)), addr(LOCAL), TransportKind::Udp, &bytes);
        if n % 100 == 99 {
            bench.advance(secs(1));
        }
    }
    assert_eq!(bench.ua.strangers().len(), 512);
    assert!(bench.ignore_sent() <= 64 + 400 * 20, "twenty answers a second to all together");
    assert_eq!(bench.ua.load(), (0, 0, 0));
    assert_eq!(bench.ua.poll_timeout(), None);
    let floods = bench.events.iter().filter(|event| matches!(event, Event::Stranger { source: None, .. }));
    assert_eq!(floods.count(), 1);
    assert!(bench.events.len() < 30, "few of many are told: {}", bench.events.len());
    // The exchange gets through all the same.
    bench.events.clear();
    let call = rings(&mut bench, PEER, &peer_invite("1", Some(&sdp(4000, "sendrecv"))));
    refuse(bench, call, PEER, &peer_invite("1", None));
}

/// The INVITE rings; gives back the call.
fn rings(bench: &mut Bench, source: &str, invite: &Request) -> CallId {
    bench.receive_from(addr(source), &invite.to_bytes());
    bench.response(100);
    match bench.event() {
        Event::Incoming { call, own_exchange, account, .. } => {
            assert!(own_exchange && account == Some(bench.account));
            call
        }
        other => panic!("expected Incoming, got {other:?}"),
    }
}

fn refuse(mut bench: Bench, call: CallId, source: &str, invite: &Request) {
    bench.ua.reject(call, sip_stack::ua::Rejection::new(486), bench.now);
    let refused = bench.response(486);
    let mut ack = follow_up(invite, Method::Ack, Some(&refused), "1");
    ack.headers.set("Via", invite.headers.text(&HeaderName::VIA).unwrap().into_owned());
    bench.receive_from(addr(source), &ack.to_bytes());
    bench.ended();
    bench.finish();
}

#[test]
fn the_exchange_rings_from_any_port_and_any_of_its_servers() {
    for source in ["192.0.2.1:5060", "192.0.2.1:40000", "192.0.2.2:5060", "[::ffff:192.0.2.2]:5060"] {
        let mut bench = guarded();
        bench.ua.set_targets(bench.account, vec![udp(PEER), udp("192.0.2.2:5070")], bench.now);
        let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
        let call = rings(&mut bench, source, &invite);
        refuse(bench, call, source, &invite);
    }
}

#[test]
fn trusted_sources_ring_and_their_neighbours_do_not() {
    let trust = |account: &mut AccountConfig| {
        account.trusted_sources =
            ["203.0.113.0/24", "2001:db8:5060::/48"].map(|network| network.parse().unwrap()).to_vec();
    };
    for source in ["203.0.113.200:5060", "[2001:db8:5060:1::9]:5060", "[::ffff:203.0.113.1]:5060"] {
        let mut bench = guarded_with(trust);
        let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
        let call = rings(&mut bench, source, &invite);
        refuse(bench, call, source, &invite);
    }
    let mut bench = guarded_with(trust);
    for source in ["203.0.112.255:5060", "[2001:db8:5061::1]:5060"] {
        let refused = answer(&mut bench, source, &request(Method::Invite, "100", "1"));
        assert_eq!(refused.map(|response| response.code), Some(403), "{source}");
    }
    bench.finish();
}

/// Who is known for one account is no peer of another: its owner is told, and decides.
#[test]
fn one_accounts_exchange_is_not_anothers() {
    let mut bench = guarded();
    let mut other = AccountConfig::new("other", uri("sip:200@pbx.example.net"));
    other.trusted_sources = vec!["203.0.113.0/24".parse().unwrap()];
    let other = bench.ua.add_account(other);
    for (source, user, account, own) in [
        ("203.0.113.1:5060", "200", other, true),
        ("203.0.113.1:5060", "100", bench.account, false),
        (PEER, "200", other, false),
        (PEER, "100", bench.account, true),
    ] {
        let mut invite = request(Method::Invite, user, "1");
        invite.headers.set("Call-ID", format!("{source}-{user}"));
        invite.headers.set("Via", format!("SIP/2.0/UDP {PEER};branch=z9hG4bK{source}{user};rport"));
        bench.receive_from(addr(source), &invite.to_bytes());
        bench.response(100);
        let call = match bench.event() {
            Event::Incoming { call, account: told, own_exchange, .. } => {
                assert_eq!((told, own_exchange), (Some(account), own), "{source} calls {user}");
                call
            }
            event => panic!("{event:?}"),
        };
        bench.ua.reject(call, sip_stack::ua::Rejection::new(404), bench.now);
        bench.response(404);
        bench.ended();
    }
    bench.advance(secs(60));
    bench.ignore_sent();
    bench.finish();
}

#[test]
fn an_exchange_of_ipv6_is_known_and_its_neighbours_are_one_source() {
    let mut bench = guarded();
    bench.ua.set_targets(bench.account, vec![udp("[2001:db8::1]:5060")], bench.now);
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    let call = rings(&mut bench, "[2001:db8::1]:5070", &invite);
    let mut answers = 0;
    for n in 1..100 {
        let near = format!("[2001:db8::7:{n}]:5060");
        answers += u32::from(answer(&mut bench, &near, &request(Method::Options, "100", "1")).is_some());
    }
    assert_eq!(answers, 8);
    assert_eq!(bench.ua.strangers().len(), 1);
    refuse(bench, call, "[2001:db8::1]:5070", &invite);
}

#[test]
fn before_the_name_is_resolved_nobody_is_known() {
    let mut bench = guarded();
    let mut other = AccountConfig::new("other", uri("sip:200@pbx.example.net"));
    other.registrar = Some(uri("sip:pbx.example.net"));
    let other = bench.ua.add_account(other);
    let refused = answer(&mut bench, "203.0.113.1:5060", &request(Method::Invite, "200", "1"));
    assert_eq!(refused.map(|response| response.code), Some(403));
    bench.ua.set_targets(other, vec![udp("203.0.113.1:5060")], bench.now);
    bench.receive_from(addr("203.0.113.1:5060"), &request(Method::Options, "200", "2").to_bytes());
    bench.response(200);
    // An empty look-up takes nothing away.
    bench.ua.set_targets(other, Vec::new(), bench.now);
    bench.receive_from(addr("203.0.113.1:5060"), &request(Method::Options, "200", "3").to_bytes());
    bench.response(200);
    bench.events.clear();
    bench.finish();
}

#[test]
fn anyone_may_talk_where_the_owner_says_so() {
    let mut bench = Bench::new();
    bench.receive_from(addr(STRANGER), &request(Method::Options, "100", "1").to_bytes());
    bench.response(200);
    assert_eq!(bench.ua.counters().strangers_refused, 0);
    bench.finish();
}

// -- known after registration --

/// Registered at PEER; the 200 has these headers besides.
fn registered(headers: &[(&str, &str)]) -> Bench {
    let mut bench = guarded();
    bench.ua.register(bench.account, bench.now);
    let register = bench.request(Method::Register);
    let contact = register.headers.text(&HeaderName::CONTACT).unwrap().into_owned();
    let ok = with(reply(&register, 200, "r"), "Contact", &contact);
    bench.receive(headers.iter().fold(ok, |ok, (name, value)| with(ok, name, value)));
    bench.events.clear();
    bench
}

fn code(bench: &mut Bench, source: &str, branch: &str) -> Option<u16> {
    answer(bench, source, &request(Method::Options, "100", branch)).map(|response| response.code)
}

fn unregister(mut bench: Bench) {
    bench.ua.unregister(bench.account, bench.now);
    let register = bench.request(Method::Register);
    bench.receive(reply(&register, 200, "r"));
    bench.events.clear();
    bench.advance(secs(40));
    assert_eq!(code(&mut bench, "192.0.2.21:5060", "late"), Some(403), "no longer registered there");
    bench.finish();
}

#[test]
fn hops_that_the_registrar_names_are_known_while_registered() {
    let mut bench = registered(&[
        ("Service-Route", "<sip:192.0.2.21;lr>, <sip:edge.example.jp;lr>"),
        ("Path", "<sip:192.0.2.22:5070;lr;ob>"),
    ]);
    assert_eq!(code(&mut bench, "192.0.2.21:5060", "1"), Some(200));
    assert_eq!(code(&mut bench, "192.0.2.22:40000", "2"), Some(200));
    assert_eq!(code(&mut bench, "192.0.2.23:5060", "3"), Some(403));
    unregister(bench);
}

/// The name leads elsewhere now, but the binding is still at the old server, which sends us our calls.
#[test]
fn the_server_that_holds_the_binding_is_known_though_the_name_moved() {
    let mut bench = registered(&[]);
    bench.ua.set_targets(bench.account, vec![udp("192.0.2.31:5060")], bench.now);
    // Until the new one has answered, calls come from the old one.
    let register = bench.request(Method::Register);
    assert_eq!(code(&mut bench, "192.0.2.31:5060", "1"), Some(200));
    assert_eq!(code(&mut bench, PEER, "2"), Some(200));
    let contact = register.headers.text(&HeaderName::CONTACT).unwrap().into_owned();
    bench.receive_from(
        addr("192.0.2.31:5060"),
        &with(reply(&register, 200, "r"), "Contact", &contact).to_bytes(),
    );
    bench.events.clear();
    assert_eq!(code(&mut bench, PEER, "3"), Some(403), "nothing leads there any more");
    unregister(bench);
}

#[test]
fn a_server_without_our_binding_is_a_stranger_again() {
    let mut bench = registered(&[]);
    bench.ua.set_targets(bench.account, vec![udp("192.0.2.31:5060")], bench.now);
    bench.request(Method::Register);
    assert_eq!(code(&mut bench, PEER, "1"), Some(200), "it holds the binding");
    bench.ua.unregister(bench.account, bench.now);
    let removal = bench.request(Method::Register);
    bench.receive_from(addr("192.0.2.31:5060"), &reply(&removal, 200, "r").to_bytes());
    bench.events.clear();
    assert_eq!(code(&mut bench, PEER, "2"), Some(403));
    bench.finish();
}

#[test]
fn the_registrar_behind_an_outbound_proxy_is_known() {
    let mut bench = guarded_with(|account| {
        account.outbound_proxy = Some(uri("sip:192.0.2.1"));
        account.registrar = Some(uri("sip:registrar.example.jp"));
    });
    let search = bench.ua.registrar_search(bench.account).expect("the registrar is looked for");
    assert_eq!(search.uri, uri("sip:registrar.example.jp"));
    assert_eq!(code(&mut bench, "192.0.2.9:5060", "1"), Some(403));
    bench.ua.set_registrar_addresses(bench.account, vec![udp("192.0.2.9:5060")]);
    assert_eq!(code(&mut bench, "192.0.2.9:5060", "2"), Some(200));
    assert_eq!(bench.ua.targets(bench.account), [udp(PEER)], "requests still go to the proxy");
    bench.finish();
    assert_eq!(guarded().ua.registrar_search(Bench::new().account), None, "no proxy, no second search");
}

#[test]
fn what_is_spoken_by_tls_is_not_believed_of_a_datagram() {
    let mut bench = guarded_with(|account| account.transport = TransportKind::Tls);
    let options = request(Method::Options, "100", "1").to_bytes();
    for (transport, code) in [(TransportKind::Udp, 403), (TransportKind::Tcp, 403), (TransportKind::Tls, 200)]
    {
        bench.ua.handle_receive(bench.now, addr("192.0.2.1:40000"), addr(LOCAL), transport, &options);
        bench.response(code);
    }
    bench.events.clear();
    bench.finish();
}

// -- dialogs --

/// A call that came from the exchange by way of a proxy and was answered: the INVITE and our 200.
fn answered(record_route: &str) -> (Bench, CallId, Request, Response) {
    let mut bench = guarded();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    if !record_route.is_empty() {
        invite.headers.push("Record-Route", record_route);
    }
    let call = rings(&mut bench, PEER, &invite);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.event();
    (bench, call, invite, ok)
}

#[test]
fn a_proxy_in_the_route_set_may_send_the_dialogs_requests_and_no_others() {
    let proxy = addr("192.0.2.3:5060");
    let (mut bench, _, invite, ok) = answered("<sip:192.0.2.3;lr>");
    bench.receive_from(proxy, &follow_up(&invite, Method::Ack, Some(&ok), "ack").to_bytes());
    assert!(matches!(bench.event(), Event::Confirmed { .. }));
    // A stranger who knows the dialog is a stranger, and the dialog stands (RFC 5057 5.1: 403 is the transaction's).
    let bye = of_caller(&invite, &ok, Method::Bye, 2);
    let refused = answer(&mut bench, STRANGER, &bye);
    assert_eq!(refused.map(|response| response.code), Some(403));
    assert_eq!(bench.ua.load().2, 1);
    // The proxy's own wishes are a stranger's.
    let outside = answer(&mut bench, "192.0.2.3:5060", &request(Method::Options, "100", "2"));
    assert_eq!(outside.map(|response| response.code), Some(403));
    bench.receive_from(proxy, &bye.to_bytes());
    bench.response(200);
    bench.ended();
    // Its repetition is absorbed, though the dialog that made the proxy known is over.
    bench.receive_from(proxy, &bye.to_bytes());
    bench.response(200);
    bench.events.clear();
    bench.finish();
}

/// No Record-Route: the caller itself sends what follows, from the address of its Contact.
#[test]
fn the_peer_of_a_dialog_may_send_from_its_contact() {
    let mut bench = guarded();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.set("Contact", "<sip:0312345678@203.0.113.40:5062>");
    let call = rings(&mut bench, PEER, &invite);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    let caller = addr("203.0.113.40:5062");
    bench.receive_from(caller, &follow_up(&invite, Method::Ack, Some(&ok), "ack").to_bytes());
    bench.receive_from(caller, &of_caller(&invite, &ok, Method::Bye, 2).to_bytes());
    bench.response(200);
    bench.events.clear();
    assert_eq!(bench.ua.load().2, 0);
    bench.finish();
}

/// The core resolves no names: where the way of a dialog is one, its tags are the proof.
#[test]
fn a_dialog_by_way_of_a_name_is_known_by_its_tags() {
    let (mut bench, _, invite, ok) = answered("<sip:sbc.example.jp;lr>");
    let sbc = "203.0.113.77:5060";
    bench.receive_from(addr(sbc), &follow_up(&invite, Method::Ack, Some(&ok), "ack").to_bytes());
    assert!(matches!(bench.event(), Event::Confirmed { .. }));
    let mut bye = of_caller(&invite, &ok, Method::Bye, 2);
    let right = bye.headers.text(&HeaderName::TO).unwrap().into_owned();
    bye.headers.set("To", "<sip:100@pbx.example>;tag=guessed");
    assert_eq!(answer(&mut bench, sbc, &bye).map(|response| response.code), Some(403));
    bye.headers.set("To", right);
    bench.receive_from(addr(sbc), &bye.to_bytes());
    bench.response(200);
    bench.events.clear();
    bench.finish();
}

/// Our own call: the fork that rings answers from where it is, and may change the early dialog from there.
#[test]
fn forks_and_redirected_calls_are_heard() {
    let mut bench = guarded();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    let mut progress = with_sdp(reply(&invite, 183, "a"), 4000);
    progress.headers.set("Contact", "<sip:callee@203.0.113.50>");
    // A response counts by its branch, whatever it comes from.
    bench.receive_from(addr("203.0.113.50:5060"), &progress.to_bytes());
    bench.events.clear();
    let early = in_dialog(&invite, "a", Method::Info, 1);
    bench.receive_from(addr("203.0.113.50:5060"), &early.to_bytes());
    bench.response(200);
    let stranger = answer(&mut bench, STRANGER, &in_dialog(&invite, "a", Method::Info, 2));
    assert_eq!(stranger.map(|response| response.code), Some(403));
    bench.hangup(call);
    let cancel = bench.request(Method::Cancel);
    bench.receive(reply(&cancel, 200, ""));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.events.clear();
    bench.finish();
}

/// The exchange's name moves while it rings; its CANCEL and the ACK that ends it come from where the INVITE came from.
#[test]
fn a_ringing_call_is_withdrawn_though_its_exchange_moved() {
    let mut bench = guarded_with(|account| account.registrar = None);
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    let call = rings(&mut bench, PEER, &invite);
    bench.ua.ring(call, bench.now);
    bench.response(180);
    bench.ua.set_targets(bench.account, vec![udp("192.0.2.31:5060")], bench.now);
    let cancel = follow_up(&invite, Method::Cancel, None, "1");
    assert_eq!(answer(&mut bench, STRANGER, &cancel), None, "a stranger's CANCEL is ignored");
    bench.receive(&cancel);
    bench.response(200);
    let terminated = bench.response(487);
    assert!(bench.ended().cancelled);
    bench.receive(follow_up(&invite, Method::Ack, Some(&terminated), "1"));
    bench.finish();
}

#[test]
fn a_known_branch_from_elsewhere_makes_us_repeat_nothing() {
    let mut bench = guarded();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    let call = rings(&mut bench, PEER, &invite);
    let copied = answer(&mut bench, STRANGER, &invite);
    assert_eq!(copied.map(|response| response.code), Some(403));
    refuse(bench, call, PEER, &invite);
}

// -- what is no request --

#[test]
fn bad_requests_of_strangers_are_limited_too_and_learn_nothing() {
    let mut bench = guarded();
    let bad = |n: u32| {
        format!(
            "OPTIONS sip:100@h SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER};branch=z9hG4bKx{n};rport\r\n\
             To: <sip:100@h>\r\nFrom: <sip:1@h>;tag=1\r\nCall-ID: x\r\nCSeq: none OPTIONS\r\n\r\n"
        )
    };
    let mut answers = Vec::new();
    for n in 0..100 {
        bench.receive_from(addr(STRANGER), bad(n).as_bytes());
        answers.extend(bench.take_sent());
        bench.receive_from(addr(STRANGER), b"hello");
    }
    assert_eq!(answers.len(), 8);
    for sent in &answers {
        let text = String::from_utf8_lossy(&sent.bytes);
        assert!(text.starts_with("SIP/2.0 400 Bad Request\r\n"), "{text}");
        assert!(!text.contains("Server") && text.contains(";tag="), "{text}");
    }
    let counters = bench.ua.counters();
    assert_eq!((counters.malformed, counters.strangers_dropped), (200, 192));
    bench.events.clear();
    // The exchange still learns what was wrong.
    bench.receive_from(addr(PEER), bad(0).as_bytes());
    assert!(bench.transmit().bytes.starts_with(b"SIP/2.0 400 Bad Request ("));
    bench.finish();
}

#[test]
fn a_connection_above_the_limit_is_closed() {
    let mut bench = guarded();
    let flow = Flow { transport: TransportKind::Tcp, peer: addr(STRANGER) };
    let mut closed = None;
    for n in 0..9 {
        let options = request(Method::Options, "100", &format!("{n}")).to_bytes();
        bench.ua.handle_receive(bench.now, flow.peer, addr(LOCAL), flow.transport, &options);
        closed = bench.ua.poll_close();
        assert_eq!(closed.is_some(), n == 8);
    }
    assert_eq!(closed, Some(flow));
    assert_eq!(bench.ignore_sent(), 8);
    bench.events.clear();
    bench.finish();
}

#[test]
fn keepalives_and_stray_responses_are_no_business_of_the_guard() {
    let mut bench = guarded();
    bench.receive_from(addr(STRANGER), b"\r\n\r\n");
    bench.receive_from(addr(STRANGER), &request(Method::Options, "100", "1").response(200, "").to_bytes());
    bench.quiet();
    assert_eq!(bench.ua.counters().stray, 1);
    assert!(bench.ua.strangers().is_empty());
    bench.finish();
}
