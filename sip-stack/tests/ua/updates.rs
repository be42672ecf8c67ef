//! UPDATE (RFC 3311): early and established, both ways, with its refusals.

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::sdp::Direction;
use sip_stack::ua::{CallId, Event, HoldError, ReliablePolicy, UaConfig};

use super::bench::{
    Bench, capabilities, follow_up, in_dialog, millis, of_caller, offering, peer_invite, reply, sdp, secs,
    with, with_sdp,
};
use super::pair::Pair;

/// A call of ours with a reliable 183 whose description counts.
fn early() -> (Bench, CallId, Request) {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    let progress = with_sdp(reply(&invite, 183, "a"), 4000);
    let progress = with(with(progress, "Require", "100rel"), "RSeq", "7");
    bench.receive(with(progress, "Allow", "INVITE, UPDATE, PRACK"));
    let prack = bench.request(Method::Prack);
    bench.receive(reply(&prack, 200, ""));
    bench.event();
    assert!(matches!(bench.event(), Event::EarlyMedia { .. }));
    (bench, call, invite)
}

#[test]
fn the_callee_changes_early_media_by_update() {
    let (mut bench, call, invite) = early();
    let update = offering(in_dialog(&invite, "a", Method::Update, 5), &sdp(4004, "sendrecv"));
    bench.receive(&update);
    assert!(!bench.response(200).body.is_empty());
    assert!(matches!(bench.event(), Event::EarlyMedia { media, .. } if media.remote.port() == 4004));
    // What the 2xx repeats of the first answer is no longer true.
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.headers.cseq().unwrap().seq, 1);
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4004));
    bench.hangup(call);
    // INVITE 1, PRACK 2, BYE 3 (12.2.1.1).
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.cseq().unwrap().seq, 3);
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn an_offer_before_the_first_answer_is_refused() {
    let mut bench = Bench::new();
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.receive(offering(in_dialog(&invite, "a", Method::Update, 5), &sdp(4004, "sendrecv")));
    bench.response(491);
    // Without an offer it only moves the target.
    let mut update = in_dialog(&invite, "a", Method::Update, 6);
    update.headers.push("Contact", "<sip:moved@192.0.2.1:5099>");
    bench.receive(update);
    bench.response(200);
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn the_callers_offer_before_our_answer_waits_with_500() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    let update = offering(of_caller(&invite, &ringing, Method::Update, 2), &sdp(4002, "sendrecv"));
    bench.receive(&update);
    let later = bench.response(500);
    assert!(later.headers.retry_after().is_some_and(|seconds| seconds <= 10));
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.close(call);
}

#[test]
fn we_hold_an_early_dialog_by_update() {
    let (mut bench, call, invite) = early();
    bench.ua.hold(call, bench.now).unwrap();
    let update = bench.request(Method::Update);
    assert!(String::from_utf8_lossy(&update.body).contains("a=sendonly"));
    assert!(update.headers.contact().is_some());
    assert_eq!(bench.ua.hold(call, bench.now), Err(HoldError::Pending));
    let mut ok = with_sdp(reply(&update, 200, ""), 4000);
    ok.body = sdp(4000, "recvonly").into_bytes();
    bench.receive(ok);
    assert!(
        matches!(bench.event(), Event::EarlyMedia { media, .. } if media.direction == Direction::SendOnly)
    );
    // The hold outlives the answer.
    bench.receive(reply(&invite, 200, "a"));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.direction == Direction::SendOnly));
    bench.close(call);
}

#[test]
fn an_update_may_be_overtaken_by_the_2xx() {
    let (mut bench, call, invite) = early();
    bench.ua.hold(call, bench.now).unwrap();
    let update = bench.request(Method::Update);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    let mut ok = with_sdp(reply(&update, 200, ""), 4000);
    ok.body = sdp(4000, "recvonly").into_bytes();
    bench.receive(ok);
    assert!(
        matches!(bench.event(), Event::MediaChanged { media, .. } if media.direction == Direction::SendOnly)
    );
    bench.close(call);
}

#[test]
fn updates_that_are_refused() {
    for code in [488, 404, 500] {
        let (mut bench, call, invite) = early();
        bench.ua.hold(call, bench.now).unwrap();
        let update = bench.request(Method::Update);
        bench.receive(reply(&update, code, ""));
        // The INVITE alone decides about the call.
        assert!(matches!(bench.event(), Event::HoldFailed { code: Some(said), .. } if said == code));
        bench.receive(reply(&invite, 200, "a"));
        bench.request(Method::Ack);
        assert!(
            matches!(bench.event(), Event::Answered { media, .. } if media.direction == Direction::SendRecv)
        );
        bench.close(call);
    }
}

#[test]
fn updates_that_met_another_offer_are_retried() {
    for (code, after, least, most) in [(491, None, 2_100, 4_000), (500, Some("3"), 3_000, 3_000)] {
        let (mut bench, call, invite) = early();
        bench.ua.hold(call, bench.now).unwrap();
        let update = bench.request(Method::Update);
        let refused = reply(&update, code, "");
        bench.receive(match after {
            Some(seconds) => with(refused, "Retry-After", seconds),
            None => refused,
        });
        bench.advance(millis(least - 1));
        bench.quiet();
        bench.advance(millis(most - least + 1));
        let again = bench.request(Method::Update);
        bench.ignore_sent();
        bench.receive(with_sdp(reply(&again, 200, ""), 4000));
        assert!(matches!(bench.event(), Event::EarlyMedia { .. }));
        bench.receive(reply(&invite, 200, "a"));
        bench.request(Method::Ack);
        bench.close(call);
    }
}

#[test]
fn without_a_settled_answer_or_allow_nothing_is_sent() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    assert_eq!(bench.ua.hold(call, bench.now), Err(HoldError::NotEstablished));
    bench.receive(with(with_sdp(reply(&invite, 183, "a"), 4000), "Allow", "UPDATE"));
    assert_eq!(bench.ua.hold(call, bench.now), Err(HoldError::NotEstablished));
    bench.quiet();
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn the_callee_may_send_the_update_too() {
    let config = UaConfig { reliable: ReliablePolicy::WhenSupported, ..UaConfig::default() };
    let link = LinkConfig { delay: millis(20), ..LinkConfig::default() };
    let mut pair = Pair::with(link, 3, UaConfig::default(), config);
    let call = pair.invite();
    let theirs = pair.incoming();
    pair.callee.ua.early_media(theirs, &capabilities(), pair.now);
    pair.run_for(secs(1));
    let mut moved = capabilities();
    moved.port = 30_000;
    pair.callee.ua.change_media(theirs, &moved, pair.now).unwrap();
    pair.run_for(secs(1));
    assert_eq!((pair.sent("< UPDATE"), pair.sent("> 200")), (1, 1), "{:?}", pair.ladder);
    let heard = |host: &super::pair::Host, port: u16| {
        host.has(|event| matches!(event, Event::EarlyMedia { media, .. } if media.remote.port() == port))
    };
    assert!(heard(&pair.caller, 30_000));
    pair.callee.ua.answer(theirs, &moved, pair.now);
    pair.run_for(secs(1));
    assert!(
        pair.caller
            .has(|event| matches!(event, Event::Answered { media, .. } if media.remote.port() == 30_000))
    );
    pair.hangup(call);
    pair.finish();
}

#[test]
fn media_move_in_an_established_call() {
    let mut pair = Pair::new(LinkConfig { delay: millis(20), ..LinkConfig::default() }, 4);
    let (call, _) = pair.connect();
    let mut moved = capabilities();
    moved.port = 30_000;
    pair.caller.ua.change_media(call, &moved, pair.now).unwrap();
    pair.run_for(secs(1));
    assert!(
        pair.callee
            .has(|event| matches!(event, Event::MediaChanged { media, .. } if media.remote.port() == 30_000))
    );
    pair.hangup(call);
    pair.finish();
}

#[test]
fn what_an_update_may_not_require() {
    let (mut bench, call, invite) = early();
    let mut update = in_dialog(&invite, "a", Method::Update, 5);
    update.headers.push("Require", "timer, magic");
    bench.receive(update);
    let refused = bench.response(420);
    assert_eq!(refused.headers.text(&HeaderName::UNSUPPORTED).unwrap(), "magic");
    bench.hangup(call);
    let cancel = bench.request(Method::Cancel);
    bench.receive(reply(&cancel, 200, ""));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.finish();
}
