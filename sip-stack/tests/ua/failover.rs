//! Several targets of one exchange (RFC 3263 4.3): the next one within five seconds, the best one again when it is
//! back, and nobody called twice.

use std::time::Duration;

use netem::{Link, LinkConfig};
use sip_stack::Transmit;
use sip_stack::message::{HeaderName, Message, Method, Request, parse_datagram};
use sip_stack::ua::{AccountConfig, EndedBy, Event, RegistrationState, TrunkState, UaConfig};

use super::bench::{Bench, addr, in_dialog, millis, reply, secs, udp, with, with_sdp};

const FIRST: &str = "192.0.2.1:5060";
const SECOND: &str = "192.0.2.2:5060";

fn bench(adjust: impl FnOnce(&mut AccountConfig)) -> Bench {
    let mut bench = Bench::with(UaConfig { seed: 42, ..UaConfig::default() }, adjust);
    bench.ua.set_targets(bench.account, vec![udp(FIRST), udp(SECOND)], bench.now);
    bench
}

/// A trunk that knows us by address.
fn trunk() -> Bench {
    bench(|account| account.registrar = None)
}

fn sent(bench: &mut Bench) -> (String, Request) {
    let Transmit { destination, bytes, .. } = bench.transmit();
    match parse_datagram(&bytes).unwrap() {
        Message::Request(request) => (destination.to_string(), request),
        Message::Response(response) => panic!("a response: {}", response.code),
    }
}

fn sent_to(bench: &mut Bench, to: &str, method: Method) -> Request {
    let (destination, request) = sent(bench);
    assert_eq!((destination.as_str(), &request.method), (to, &method));
    request
}

fn from(bench: &mut Bench, source: &str, response: sip_stack::message::Response) {
    bench.receive_from(addr(source), &response.to_bytes());
}

/// The INVITE that the first target never answers, and the one to the second.
fn abandoned(bench: &mut Bench) -> (Request, Request) {
    bench.invite("sip:0312345678@pbx.example");
    let first = sent_to(bench, FIRST, Method::Invite);
    for _ in 0..3 {
        bench.until_sent(secs(5));
        let again = sent_to(bench, FIRST, Method::Invite);
        assert_eq!(again.headers.via().unwrap().branch(), first.headers.via().unwrap().branch());
    }
    bench.until_sent(secs(1));
    let second = sent_to(bench, SECOND, Method::Invite);
    (first, second)
}

/// Ends the call that the second target answers 486.
fn busy(bench: &mut Bench, invite: &Request) {
    from(bench, SECOND, reply(invite, 486, "b"));
    sent_to(bench, SECOND, Method::Ack);
    loop {
        if let Event::Ended { end, .. } = bench.event() {
            assert_eq!(end.sip_code, Some(486));
            return;
        }
    }
}

/// The next ping; anything else is an error.
fn ping(bench: &mut Bench, to: &str, within: Duration) -> Request {
    bench.until_sent(within);
    sent_to(bench, to, Method::Options)
}

/// Answers pings of the first target until it is in use again; says how many that took.
fn brought_back(bench: &mut Bench) -> u32 {
    let mut pings = 0;
    while !bench.ua.trunk(bench.account).preferred {
        let options = ping(bench, FIRST, secs(40));
        from(bench, FIRST, reply(&options, 200, "o"));
        pings += 1;
    }
    pings
}

#[test]
fn rfc_3263_4_3_a_silent_target_is_left_within_five_seconds() {
    let mut bench = trunk();
    let start = bench.now;
    let (first, second) = abandoned(&mut bench);
    assert!(bench.now - start <= secs(5), "{:?}", bench.now - start);
    // The same request in a new transaction.
    assert_ne!(first.headers.via().unwrap().branch(), second.headers.via().unwrap().branch());
    assert_eq!(first.headers.call_id(), second.headers.call_id());
    assert_eq!(first.headers.cseq().unwrap().seq, second.headers.cseq().unwrap().seq);
    assert_eq!(first.uri, second.uri);
    let status = bench.ua.trunk(bench.account);
    assert_eq!((status.active, status.preferred), (Some(udp(SECOND)), false));
    busy(&mut bench, &second);
    // The next call goes there at once.
    bench.invite("sip:1@pbx.example");
    let next = sent_to(&mut bench, SECOND, Method::Invite);
    busy(&mut bench, &next);
    assert_eq!(brought_back(&mut bench), 1);
    bench.finish();
}

#[test]
fn a_late_180_of_the_abandoned_target_is_cancelled() {
    let mut bench = trunk();
    let (first, second) = abandoned(&mut bench);
    from(&mut bench, FIRST, reply(&first, 180, "a"));
    let cancel = sent_to(&mut bench, FIRST, Method::Cancel);
    assert_eq!(cancel.headers.via().unwrap().branch(), first.headers.via().unwrap().branch());
    from(&mut bench, FIRST, reply(&cancel, 200, "a"));
    from(&mut bench, FIRST, reply(&first, 487, "a"));
    sent_to(&mut bench, FIRST, Method::Ack);
    assert!(bench.events.is_empty(), "{:?}", bench.events);
    busy(&mut bench, &second);
    brought_back(&mut bench);
    bench.finish();
}

#[test]
fn a_late_180_whose_cancel_nobody_answers_leaves_nothing() {
    let mut bench = trunk();
    let (first, second) = abandoned(&mut bench);
    from(&mut bench, FIRST, reply(&first, 180, "a"));
    sent_to(&mut bench, FIRST, Method::Cancel);
    busy(&mut bench, &second);
    bench.advance(millis(1));
    bench.ignore_sent();
    bench.ua.set_targets(bench.account, vec![udp(SECOND)], bench.now);
    bench.finish();
}

#[test]
fn a_late_200_of_the_abandoned_target_is_acknowledged_and_hung_up() {
    let mut bench = trunk();
    let (first, second) = abandoned(&mut bench);
    from(&mut bench, FIRST, with_sdp(reply(&first, 200, "a"), 4000));
    sent_to(&mut bench, FIRST, Method::Ack);
    let bye = sent_to(&mut bench, FIRST, Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag(), Some("a"));
    from(&mut bench, FIRST, reply(&bye, 200, "a"));
    assert!(bench.events.is_empty(), "{:?}", bench.events);
    // The call itself goes on at the second target.
    from(&mut bench, SECOND, with_sdp(reply(&second, 200, "b"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    bench.receive_from(addr(SECOND), &in_dialog(&second, "b", Method::Bye, 1).to_bytes());
    bench.response(200);
    bench.ended();
    brought_back(&mut bench);
    bench.finish();
}

#[test]
fn a_call_given_up_in_the_silence_goes_nowhere_else() {
    let mut bench = trunk();
    let call = bench.invite("sip:1@pbx.example");
    let first = sent_to(&mut bench, FIRST, Method::Invite);
    bench.hangup(call);
    bench.advance(secs(20));
    bench.ignore_sent();
    from(&mut bench, FIRST, reply(&first, 180, "a"));
    sent_to(&mut bench, FIRST, Method::Cancel);
    from(&mut bench, FIRST, reply(&first, 487, "a"));
    sent_to(&mut bench, FIRST, Method::Ack);
    bench.finish();
}

#[test]
fn a_broken_connection_goes_to_the_next_target_at_once() {
    let mut bench = trunk();
    bench.invite("sip:1@pbx.example");
    sent_to(&mut bench, FIRST, Method::Invite);
    bench.ua.handle_transport_failure(bench.now, sip_stack::TransportKind::Udp, addr(FIRST));
    let second = sent_to(&mut bench, SECOND, Method::Invite);
    busy(&mut bench, &second);
    brought_back(&mut bench);
    bench.finish();
}

#[test]
fn a_503_sends_the_call_on_but_does_not_condemn_the_target() {
    let mut bench = trunk();
    bench.invite("sip:1@pbx.example");
    let first = sent_to(&mut bench, FIRST, Method::Invite);
    from(&mut bench, FIRST, reply(&first, 503, "a"));
    sent_to(&mut bench, FIRST, Method::Ack);
    let second = sent_to(&mut bench, SECOND, Method::Invite);
    assert_eq!(second.headers.cseq().unwrap().seq, 2);
    from(&mut bench, SECOND, reply(&second, 503, "b"));
    sent_to(&mut bench, SECOND, Method::Ack);
    assert_eq!(bench.ended().sip_code, Some(503));
    assert!(bench.ua.trunk(bench.account).preferred);
    bench.finish();
}

#[test]
fn a_retry_after_is_kept() {
    let mut bench = trunk();
    bench.invite("sip:1@pbx.example");
    let first = sent_to(&mut bench, FIRST, Method::Invite);
    from(&mut bench, FIRST, with(reply(&first, 503, "a"), "Retry-After", "120 (full)"));
    sent_to(&mut bench, FIRST, Method::Ack);
    let second = sent_to(&mut bench, SECOND, Method::Invite);
    busy(&mut bench, &second);
    bench.advance(secs(119));
    bench.quiet();
    assert_eq!(brought_back(&mut bench), 1);
    bench.finish();
}

#[test]
fn a_challenge_is_answered_where_it_came_from() {
    let mut bench = trunk();
    bench.invite("sip:1@pbx.example");
    let first = sent_to(&mut bench, FIRST, Method::Invite);
    // Something else finds the first target dead meanwhile.
    bench.ua.set_targets(bench.account, vec![udp(SECOND), udp(FIRST)], bench.now);
    let challenge = "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    from(&mut bench, FIRST, with(reply(&first, 407, "a"), "Proxy-Authenticate", challenge));
    sent_to(&mut bench, FIRST, Method::Ack);
    let again = sent_to(&mut bench, FIRST, Method::Invite);
    assert!(again.headers.get(&HeaderName::PROXY_AUTHORIZATION).is_some());
    from(&mut bench, FIRST, reply(&again, 404, "a"));
    sent_to(&mut bench, FIRST, Method::Ack);
    bench.finish();
}

#[test]
fn a_target_that_falls_again_must_answer_more_often() {
    let mut bench = trunk();
    let mut asked = Vec::new();
    for _ in 0..5 {
        let (_, second) = abandoned(&mut bench);
        busy(&mut bench, &second);
        asked.push(brought_back(&mut bench));
    }
    assert_eq!(asked, [1, 2, 4, 8, 8]);
    // After a quiet while it is trusted again.
    bench.advance(secs(700));
    let (_, second) = abandoned(&mut bench);
    busy(&mut bench, &second);
    assert_eq!(brought_back(&mut bench), 1);
    bench.finish();
}

#[test]
fn a_lost_trunk_is_pinged_until_it_answers() {
    let mut bench = Bench::with(UaConfig::default(), |account| account.registrar = None);
    bench.invite("sip:1@pbx.example");
    bench.advance(secs(33));
    bench.ignore_sent();
    assert_eq!(bench.ended().by, EndedBy::Timeout);
    assert_eq!(bench.ua.trunk(bench.account).state, TrunkState::Unreachable);
    // Unanswered pings: each is repeated for four seconds, then it rests until the next interval.
    bench.advance(secs(300));
    let sent = bench.ignore_sent();
    assert!((20..=50).contains(&sent), "{sent} messages in five minutes");
    assert_eq!(bench.ua.trunk(bench.account).state, TrunkState::Unreachable);
    let options = ping(&mut bench, FIRST, secs(40));
    from(&mut bench, FIRST, reply(&options, 404, "o"));
    assert_eq!(bench.ua.trunk(bench.account).state, TrunkState::Reachable);
    let states: Vec<TrunkState> = bench.trunks.iter().map(|status| status.state).collect();
    assert_eq!(states, [TrunkState::Unreachable, TrunkState::Reachable]);
    bench.finish();
}

#[test]
fn options_on_an_interval_find_a_dead_trunk_before_a_call_does() {
    let mut bench = bench(|account| {
        account.registrar = None;
        account.options_interval = Some(secs(60));
    });
    bench.until_sent(secs(70));
    let options = sent_to(&mut bench, FIRST, Method::Options);
    from(&mut bench, FIRST, reply(&options, 200, "o"));
    bench.until_sent(secs(70));
    sent_to(&mut bench, FIRST, Method::Options);
    bench.advance(secs(5));
    bench.ignore_sent();
    assert_eq!(bench.ua.trunk(bench.account).active, Some(udp(SECOND)));
    bench.invite("sip:1@pbx.example");
    let invite = sent_to(&mut bench, SECOND, Method::Invite);
    busy(&mut bench, &invite);
}

#[test]
fn the_registration_goes_along_and_comes_back() {
    let mut bench = bench(|_| {});
    bench.ua.register(bench.account, bench.now);
    let first = sent_to(&mut bench, FIRST, Method::Register);
    from(&mut bench, FIRST, registered(&first));
    // A call finds the first registrar dead.
    bench.invite("sip:1@pbx.example");
    sent_to(&mut bench, FIRST, Method::Invite);
    for _ in 0..3 {
        bench.until_sent(secs(5));
        sent_to(&mut bench, FIRST, Method::Invite);
    }
    bench.until_sent(secs(1));
    // REGISTER goes first, so that the second registrar knows us when the INVITE comes.
    let register = sent_to(&mut bench, SECOND, Method::Register);
    let invite = sent_to(&mut bench, SECOND, Method::Invite);
    assert!(register.headers.cseq().unwrap().seq > first.headers.cseq().unwrap().seq);
    from(&mut bench, SECOND, registered(&register));
    busy(&mut bench, &invite);
    // It is back: the registration first, and nothing more at the second.
    let options = ping(&mut bench, FIRST, secs(40));
    from(&mut bench, FIRST, reply(&options, 200, "o"));
    let home = sent_to(&mut bench, FIRST, Method::Register);
    from(&mut bench, FIRST, registered(&home));
    assert!(bench.ua.trunk(bench.account).preferred);
    assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
    bench.ua.unregister(bench.account, bench.now);
    let removal = sent_to(&mut bench, FIRST, Method::Register);
    from(&mut bench, FIRST, reply(&removal, 200, "r"));
    bench.finish();
}

#[test]
fn a_registrar_that_is_silent_or_overloaded_is_passed_over() {
    for silent in [true, false] {
        let mut bench = bench(|_| {});
        let start = bench.now;
        bench.ua.register(bench.account, bench.now);
        let first = sent_to(&mut bench, FIRST, Method::Register);
        if silent {
            bench.advance(millis(3999));
            bench.ignore_sent();
            bench.until_sent(millis(2));
        } else {
            from(&mut bench, FIRST, reply(&first, 503, "r"));
        }
        let second = sent_to(&mut bench, SECOND, Method::Register);
        assert!(bench.now - start < secs(5));
        from(&mut bench, SECOND, registered(&second));
        assert!(matches!(bench.status().state, RegistrationState::Registered { .. }));
        bench.ua.unregister(bench.account, bench.now);
        let removal = sent_to(&mut bench, SECOND, Method::Register);
        from(&mut bench, SECOND, reply(&removal, 200, "r"));
        bench.ua.set_targets(bench.account, vec![udp(SECOND)], bench.now);
        bench.finish();
    }
}

/// Two exchanges behind a bad network; the first dies in the middle and comes back.
#[test]
fn calls_go_on_over_a_bad_network_while_an_exchange_dies_and_returns() {
    for seed in 0..20 {
        let config = LinkConfig {
            delay: millis(40),
            jitter: millis(30),
            loss_per_mille: 150,
            ..LinkConfig::default()
        };
        let (mut out, mut back) =
            (Link::<Transmit>::new(config, seed), Link::<(bool, Vec<u8>)>::new(config, seed + 99));
        let mut bench =
            Bench::with(UaConfig { seed, ..UaConfig::default() }, |account| account.registrar = None);
        bench.ua.set_targets(bench.account, vec![udp(FIRST), udp(SECOND)], bench.now);
        let (mut ended, mut asked, mut first_calls, mut second_calls) = (0, 0, 0, 0);
        let start = bench.now;
        let end = start + secs(600);
        let mut next_call = start;
        while bench.now < end {
            let dead = (bench.now - start) >= secs(100) && (bench.now - start) < secs(300);
            if bench.now >= next_call && bench.now < end - secs(80) {
                bench.invite("sip:1@pbx.example");
                asked += 1;
                next_call = bench.now + secs(20);
            }
            for transmit in bench.take_sent() {
                out.send(bench.now, transmit);
            }
            while let Some(transmit) = out.poll_deliver(bench.now) {
                let first = transmit.destination == addr(FIRST);
                let Ok(Message::Request(request)) = parse_datagram(&transmit.bytes) else { continue };
                if (first && dead) || request.method == Method::Ack {
                    continue;
                }
                let code = match request.method {
                    Method::Invite if first => {
                        first_calls += 1;
                        486
                    }
                    Method::Invite => {
                        second_calls += 1;
                        486
                    }
                    _ => 200,
                };
                back.send(bench.now, (first, reply(&request, code, "x").to_bytes()));
            }
            while let Some((first, bytes)) = back.poll_deliver(bench.now) {
                bench.receive_from(addr(if first { FIRST } else { SECOND }), &bytes);
            }
            while let Some(event) = bench.events.pop_front() {
                if let Event::Ended { end, .. } = event {
                    assert_eq!(end.sip_code, Some(486), "seed {seed}: a call was lost");
                    ended += 1;
                }
            }
            let due = [
                bench.ua.poll_timeout().map(|(at, _)| at),
                out.poll_timeout(),
                back.poll_timeout(),
                Some(next_call),
                Some(end),
            ];
            let at = due.into_iter().flatten().filter(|at| *at > bench.now).min().unwrap_or(end);
            bench.now = at.min(bench.now + secs(1));
            bench.ua.handle_timeout(bench.now);
        }
        assert_eq!(ended, asked, "seed {seed}");
        assert!(first_calls > 0 && second_calls > 0, "seed {seed}");
        bench.ignore_sent();
        bench.ua.set_targets(bench.account, vec![udp(SECOND)], bench.now);
        bench.finish();
    }
}

fn registered(request: &Request) -> sip_stack::message::Response {
    let contact = request.headers.contact().unwrap();
    let mut response = reply(request, 200, "r");
    response.headers.push(HeaderName::CONTACT, format!("<{}>;expires=300", contact.uri));
    response
}
