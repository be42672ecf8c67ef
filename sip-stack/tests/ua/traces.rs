//! What a user agent keeps of the wire.

use std::time::Duration;

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::trace::{Mask, Trace, TraceLimits};
use sip_stack::ua::{Rejection, UaConfig};

use super::bench::{Bench, LOCAL, PEER, addr, millis, peer_invite, reply, sdp, secs, with};
use super::pair::Pair;

fn tracing() -> UaConfig {
    UaConfig { seed: 42, trace: Some(TraceLimits::default()), ..UaConfig::default() }
}

/// `> INVITE 1` for a request of ours, `< 200` for an answer, `~` before a retransmission.
fn ladder(trace: &Trace) -> Vec<String> {
    let line = |message: &sip_stack::trace::TracedMessage| {
        let text = String::from_utf8_lossy(&message.bytes).into_owned();
        let word = text.split(' ').nth(usize::from(text.starts_with("SIP/"))).unwrap_or_default().to_owned();
        let arrow = if message.sent { ">" } else { "<" };
        format!("{}{arrow} {word}", if message.repeated { "~" } else { "" })
    };
    trace.messages.iter().map(line).collect()
}

#[test]
fn both_sides_of_a_call_keep_the_same_ladder() {
    let delay = LinkConfig { delay: millis(20), ..LinkConfig::default() };
    let mut pair = Pair::with(delay, 7, tracing(), tracing());
    let (call, _) = pair.connect();
    let id = pair.caller.ua.sip_call_id(call).unwrap().to_owned();
    pair.hangup(call);
    pair.run_for(secs(1));
    let ours = pair.caller.ua.trace(&id).unwrap();
    let theirs = pair.callee.ua.trace(&id).unwrap();
    assert_eq!(ladder(&ours), ["> INVITE", "< 100", "< 180", "< 200", "> ACK", "> BYE", "< 200"]);
    assert_eq!(ladder(&theirs), ["< INVITE", "> 100", "> 180", "> 200", "< ACK", "< BYE", "> 200"]);
    for (sent, received) in ours.messages.iter().zip(&theirs.messages) {
        assert_eq!(sent.bytes, received.bytes);
        assert_eq!((sent.local, sent.flow.peer), (received.flow.peer, received.local));
        let (from, to) = if sent.sent { (sent.at, received.at) } else { (received.at, sent.at) };
        assert_eq!(to - from, millis(20));
    }
    assert_eq!((ours.left_out, ours.account), (0, Some(pair.caller.account)));
    pair.finish();
}

/// Timer A (RFC 3261 17.1.1.2) as the ladder shows it, from the first message on.
#[test]
fn retransmissions_have_their_times() {
    let mut bench = Bench::with(tracing(), |_| {});
    let call = bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.advance(Duration::from_millis(3600));
    bench.ignore_sent();
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    let id = invite.headers.call_id().unwrap().into_owned();
    let trace = bench.ua.trace(&id).unwrap();
    assert_eq!(ladder(&trace), ["> INVITE", "~> INVITE", "~> INVITE", "~> INVITE", "< 486", "> ACK"]);
    let start = trace.messages[0].at;
    let times: Vec<_> = trace.messages.iter().map(|message| (message.at - start).as_millis()).collect();
    assert_eq!(times, [0, 500, 1500, 3500, 3600, 3600]);
    assert!(bench.ua.sip_call_id(call).is_none(), "the call is over and can still be looked at");
    assert!(matches!(bench.event(), sip_stack::ua::Event::Ended { .. }));
    bench.finish();
}

#[test]
fn an_account_has_its_registration_its_pings_and_who_was_turned_away() {
    let mut bench = Bench::with(tracing(), |account| account.options_interval = Some(secs(60)));
    bench.ua.register(bench.account, bench.now);
    let register = bench.request(Method::Register);
    let challenge = with(reply(&register, 401, "r"), "WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"");
    bench.receive(challenge);
    let register = bench.request(Method::Register);
    assert!(register.headers.contains(&HeaderName::AUTHORIZATION));
    bench.receive(with(
        reply(&register, 200, "r"),
        "Contact",
        &register.headers.text(&HeaderName::CONTACT).unwrap(),
    ));
    bench.until_sent(secs(70));
    let ping = bench.request(Method::Options);
    bench.receive(reply(&ping, 200, "r"));
    bench.advance(millis(10));
    // The exchange asks in turn, somebody else does, and a call is refused.
    let mut options = Request::new(Method::Options, register.headers.contact().unwrap().uri);
    for (name, value) in peer_invite("o", None).headers.iter() {
        options.headers.push(name.clone(), value);
    }
    options.headers.set("CSeq", "1 OPTIONS");
    options.headers.set("Call-ID", "exchange-asks");
    bench.receive(&options);
    bench.response(200);
    options.headers.set("Call-ID", "stranger-asks");
    options.headers.set("Via", "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKs;rport");
    bench.receive_from(addr("198.51.100.7:5060"), &options.to_bytes());
    bench.response(200);
    bench.receive(peer_invite("i", Some(&sdp(4000, "sendrecv"))));
    bench.response(100);
    bench.events.retain(|event| matches!(event, sip_stack::ua::Event::Incoming { .. }));
    let call = bench.incoming();
    bench.ua.reject(call, Rejection::new(486), bench.now);
    bench.response(486);

    let traces = bench.ua.account_traces(bench.account);
    let ladders: Vec<_> = traces.iter().map(ladder).collect();
    assert_eq!(ladders[0], ["> REGISTER", "< 401", "> REGISTER", "< 200"]);
    assert_eq!(ladders[1], ["> OPTIONS", "< 200"]);
    assert_eq!(ladders[2], ["< OPTIONS", "> 200"]);
    assert_eq!(traces[2].sip_call_id, "exchange-asks");
    assert_eq!(ladders[3], ["< INVITE", "> 100", "> 486"]);
    assert_eq!(traces.len(), 4);
    assert!(bench.ua.trace("stranger-asks").is_some());
    let shown = Mask::new().apply(&traces[0].messages[2].bytes);
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("Authorization: Digest username=\"100\"") && !shown.contains("secret"), "{shown}");
}

#[test]
fn a_call_in_the_place_of_another_is_shown_with_it() {
    let mut bench = Bench::with(tracing(), |_| {});
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    let ours = invite.headers.call_id().unwrap().into_owned();
    let tag = invite.headers.from().unwrap().tag().unwrap().to_owned();
    let mut replacing = peer_invite("r", Some(&sdp(4000, "sendrecv")));
    replacing.headers.push("Replaces", format!("{ours};from-tag=a;to-tag={tag}"));
    bench.receive(&replacing);
    bench.invite("sip:0398765432@pbx.example");
    for (of, other) in [(ours.as_str(), "peer-call-1"), ("peer-call-1", ours.as_str())] {
        let related = bench.ua.related_traces(of);
        let related: Vec<_> = related.iter().map(|trace| trace.sip_call_id.as_str()).collect();
        assert_eq!(related, [other]);
    }
}

#[test]
fn nothing_is_kept_unless_it_is_wanted_and_never_more_than_allowed() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    assert!(bench.ua.trace(&invite.headers.call_id().unwrap()).is_none());
    assert_eq!(bench.ua.traced_bytes(), 0);

    let limits = TraceLimits { bytes: 20_000, ..TraceLimits::default() };
    let mut bench = Bench::with(UaConfig { seed: 1, trace: Some(limits), ..UaConfig::default() }, |_| {});
    let mut last = String::new();
    for _ in 0..100 {
        bench.invite("sip:0312345678@pbx.example");
        let invite = bench.request(Method::Invite);
        bench.receive(reply(&invite, 404, "a"));
        bench.request(Method::Ack);
        assert!((1..=20_000).contains(&bench.ua.traced_bytes()));
        last = invite.headers.call_id().unwrap().into_owned();
    }
    assert_eq!(ladder(&bench.ua.trace(&last).unwrap()), ["> INVITE", "< 404", "> ACK"]);
}

/// Bound to the wildcard address, the socket does not say which of our addresses a message came to.
#[test]
fn our_end_is_an_address_that_a_packet_can_have() {
    let mut bench = Bench::with(tracing(), |_| {});
    let any = addr("0.0.0.0:5060");
    bench.ua.set_local_addresses(Some(any), Some(any));
    bench.ua.set_local_route(addr(PEER).ip(), addr(LOCAL).ip());
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    let answer = reply(&invite, 404, "a").to_bytes();
    bench.ua.handle_receive(bench.now, addr(PEER), any, sip_stack::TransportKind::Udp, &answer);
    bench.request(Method::Ack);
    let trace = bench.ua.trace(&invite.headers.call_id().unwrap()).unwrap();
    assert!(trace.messages.iter().all(|message| message.local == addr(LOCAL)), "{trace:?}");
}
