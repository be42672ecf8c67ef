//! Offers in unusual places: none in the INVITE, different ones in 18x and 2xx, forks with their own early media.

use netem::LinkConfig;
use sip_stack::message::{Method, Response};
use sip_stack::sdp::Direction;
use sip_stack::ua::{CallId, EarlyMediaPolicy, EndedBy, Event, Invite, UaConfig};

use super::bench::{
    Bench, capabilities, follow_up, in_dialog, millis, offering, peer_invite, reply, sdp, secs, uri, with,
    with_sdp,
};
use super::pair::Pair;

fn without_offer(bench: &mut Bench) -> CallId {
    let invite = Invite {
        target: uri("sip:1@h"),
        capabilities: capabilities(),
        ring_timeout: secs(60),
        headers: Vec::new(),
    };
    bench.ua.invite_without_offer(bench.account, invite, bench.now).unwrap()
}

fn reliable(response: Response, rseq: &str) -> Response {
    with(with(response, "Require", "100rel"), "RSeq", rseq)
}

#[test]
fn the_2xx_offers_and_the_ack_answers() {
    let mut bench = Bench::new();
    let call = without_offer(&mut bench);
    let invite = bench.request(Method::Invite);
    assert!(invite.body.is_empty() && invite.headers.content_type().is_none());
    // A preview in an unreliable 183 cannot be answered.
    bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
    assert!(matches!(bench.event(), Event::Provisional { code: 183, .. }));
    bench.no_event();
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4002));
    let ack = bench.request(Method::Ack);
    assert!(String::from_utf8_lossy(&ack.body).contains("m=audio 20000"));
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4002));
    // A repeated 2xx gets the same ACK.
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4002));
    assert_eq!(bench.request(Method::Ack).body, ack.body);
    bench.ua.hold(call, bench.now).unwrap();
    let hold = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&hold, 200, "a"), 4002));
    bench.request(Method::Ack);
    bench.close(call);
}

#[test]
fn a_reliable_183_offers_and_the_prack_answers() {
    let mut bench = Bench::new();
    let call = without_offer(&mut bench);
    let invite = bench.request(Method::Invite);
    bench.receive(reliable(with_sdp(reply(&invite, 183, "a"), 4000), "1"));
    let prack = bench.request(Method::Prack);
    assert!(!prack.body.is_empty());
    bench.receive(reply(&prack, 200, ""));
    bench.event();
    assert!(matches!(bench.event(), Event::EarlyMedia { media, .. } if media.remote.port() == 4000));
    bench.receive(reply(&invite, 200, "a"));
    assert!(bench.request(Method::Ack).body.is_empty());
    assert!(matches!(bench.event(), Event::Answered { .. }));
    bench.close(call);
}

#[test]
fn a_2xx_without_the_offer_that_is_due_is_hung_up() {
    let mut bench = Bench::new();
    without_offer(&mut bench);
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 200, "a"));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(bench.ended().answered);
    bench.finish();
}

#[test]
fn an_unusable_offer_in_a_reliable_183_ends_the_call() {
    let mut bench = Bench::new();
    without_offer(&mut bench);
    let invite = bench.request(Method::Invite);
    let mut progress = with_sdp(reply(&invite, 183, "a"), 4000);
    progress.body = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n".to_vec();
    bench.receive(reliable(progress, "1"));
    let cancel = bench.request(Method::Cancel);
    let prack = bench.request(Method::Prack);
    bench.receive(reply(&prack, 200, ""));
    bench.receive(reply(&cancel, 200, ""));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.event();
    assert_eq!(bench.ended().by, EndedBy::Local);
    bench.finish();
}

#[test]
fn two_user_agents_without_an_offer_in_the_invite() {
    for seed in 0..20 {
        let link = LinkConfig { delay: millis(30), loss_per_mille: 150, ..LinkConfig::default() };
        let mut pair = Pair::new(link, seed);
        let invite = Invite {
            target: uri("sip:bob@192.0.2.20"),
            capabilities: capabilities(),
            ring_timeout: secs(60),
            headers: Vec::new(),
        };
        let call = pair.caller.ua.invite_without_offer(pair.caller.account, invite, pair.now).unwrap();
        let theirs = pair.incoming();
        pair.callee.ua.answer(theirs, &capabilities(), pair.now);
        pair.run_until(|pair| pair.callee.has(|event| matches!(event, Event::Confirmed { .. })));
        for host in [&pair.caller, &pair.callee] {
            assert!(host.has(
                |event| matches!(event, Event::Answered { media, .. } if media.direction == Direction::SendRecv)
            ));
        }
        pair.hangup(call);
        pair.finish();
    }
}

#[test]
fn the_2xx_may_differ_from_an_unreliable_183() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4002));
    bench.request(Method::Ack);
    bench.event();
    assert!(matches!(bench.event(), Event::EarlyMedia { media, .. } if media.remote.port() == 4000));
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4002));
    bench.close(call);
}

/// The ports that were to be heard, in order.
fn heard(bench: &Bench) -> Vec<u16> {
    let ports = bench.events.iter().filter_map(|event| match event {
        Event::EarlyMedia { media, .. } => Some(media.remote.port()),
        _ => None,
    });
    ports.collect()
}

#[test]
fn which_fork_is_heard_is_a_choice() {
    for (policy, expected) in
        [(EarlyMediaPolicy::Latest, vec![4000, 4002]), (EarlyMediaPolicy::First, vec![4000])]
    {
        let mut bench = Bench::with(UaConfig { early_media: policy, ..UaConfig::default() }, |_| {});
        bench.invite("sip:1@h");
        let invite = bench.request(Method::Invite);
        bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
        bench.receive(with_sdp(reply(&invite, 183, "b"), 4002));
        assert_eq!(heard(&bench), expected, "{policy:?}");
        bench.receive(reply(&invite, 486, "a"));
        bench.request(Method::Ack);
        bench.finish();
    }
}

#[test]
fn a_fork_that_ended_gives_its_place_to_another() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    assert!(invite.headers.supports("199"));
    bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
    bench.receive(with_sdp(reply(&invite, 183, "b"), 4002));
    bench.receive(reply(&invite, 199, "b"));
    assert_eq!(heard(&bench), [4000, 4002, 4000]);
    // Its dialog is gone; a 199 of an unknown one makes none.
    bench.receive(in_dialog(&invite, "b", Method::Info, 5));
    bench.response(481);
    bench.receive(reply(&invite, 199, "c"));
    bench.receive(in_dialog(&invite, "c", Method::Info, 5));
    bench.response(481);
    bench.receive(reply(&invite, 200, "a"));
    bench.request(Method::Ack);
    bench.close(call);
}

#[test]
fn an_ack_with_the_wrong_description_ends_the_call() {
    for body in ["", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n", "garbage"] {
        let mut bench = Bench::new();
        let invite = peer_invite("1", None);
        bench.receive(&invite);
        bench.response(100);
        let call = bench.incoming();
        bench.ua.answer(call, &capabilities(), bench.now);
        let ok = bench.response(200);
        let ack = follow_up(&invite, Method::Ack, Some(&ok), "ack");
        bench.receive(if body.is_empty() { ack } else { offering(ack, body) });
        let bye = bench.request(Method::Bye);
        bench.receive(reply(&bye, 200, ""));
        bench.ended();
        bench.finish();
    }
}

#[test]
fn a_bye_in_an_early_dialog_withdraws_the_call() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    let mut bye = super::bench::of_caller(&invite, &ringing, Method::Bye, 2);
    bye.headers.push("Reason", "Q.850;cause=16");
    bench.receive(bye);
    bench.response(200);
    let terminated = bench.response(487);
    bench.receive(follow_up(&invite, Method::Ack, Some(&terminated), "1"));
    let end = bench.ended();
    assert_eq!((end.by, end.cancelled, end.q850), (EndedBy::Remote, true, Some(16)));
    bench.finish();
}

#[test]
fn alternative_services_and_ambiguous_addresses_are_not_followed() {
    for code in [380, 485] {
        let mut bench = Bench::new();
        bench.invite("sip:1@h");
        let invite = bench.request(Method::Invite);
        bench.receive(with(reply(&invite, code, "a"), "Contact", "<sip:1@192.0.2.77>"));
        bench.request(Method::Ack);
        bench.quiet();
        assert_eq!(bench.ended().sip_code, Some(code));
        bench.finish();
    }
}

#[test]
fn messages_and_unknown_methods_in_a_call() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.event();
    for (cseq, method, code) in [
        (5, Method::Message, 405),
        (6, Method::Other("FROBNICATE".to_owned()), 501),
        (7, Method::Publish, 405),
    ] {
        bench.receive(in_dialog(&invite, "a", method, cseq));
        assert!(bench.response(code).headers.allow().contains(&Method::Update));
    }
    bench.no_event();
    bench.close(call);
}
