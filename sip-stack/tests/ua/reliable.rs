//! Reliable provisional answers of ours (RFC 3262 3, 5), and the one every minute (RFC 3261 13.3.1.1).

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, Request, Response};
use sip_stack::ua::{CallId, EndedBy, Event, ReliablePolicy, UaConfig};

use super::bench::{Bench, capabilities, follow_up, millis, of_caller, offering, peer_invite, sdp, secs};
use super::pair::Pair;

fn invited(require: &str, body: Option<&str>) -> (Bench, CallId, Request) {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", body);
    invite.headers.push(require, "100rel");
    invite.headers.push("Allow", "INVITE, ACK, BYE, CANCEL, PRACK, UPDATE");
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    (bench, call, invite)
}

fn prack(invite: &Request, response: &Response, cseq: u32) -> Request {
    let mut prack = of_caller(invite, response, Method::Prack, cseq);
    prack.headers.push("RAck", format!("{} 1 INVITE", response.headers.rseq().expect("RSeq")));
    prack
}

fn confirm(mut bench: Bench, call: CallId, invite: &Request, ok: &Response) {
    bench.receive(follow_up(invite, Method::Ack, Some(ok), "ack"));
    assert!(matches!(bench.events.back(), Some(Event::Confirmed { .. })));
    bench.close(call);
}

#[test]
fn a_required_180_is_repeated_until_its_prack() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    assert!(ringing.headers.requires("100rel") && ringing.headers.contact().is_some());
    // From T1, doubling without a limit.
    bench.advance(millis(7_600));
    assert_eq!(bench.ignore_sent(), 4);
    bench.receive(prack(&invite, &ringing, 2));
    bench.response(200);
    bench.advance(secs(40));
    bench.quiet();
    // The next one counts on; a PRACK of another number is unknown.
    bench.ua.ring(call, bench.now);
    let again = bench.response(180);
    assert_eq!(again.headers.rseq(), ringing.headers.rseq().map(|rseq| rseq + 1));
    bench.receive(prack(&invite, &ringing, 3));
    bench.response(481);
    bench.receive(prack(&invite, &again, 4));
    bench.response(200);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    confirm(bench, call, &invite, &ok);
}

#[test]
fn no_prack_for_64_t1_refuses_the_call() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.ring(call, bench.now);
    bench.advance(millis(31_999));
    assert_eq!(bench.ignore_sent(), 7);
    bench.advance(millis(1));
    let refused = bench.response(504);
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code), (EndedBy::Timeout, Some(504)));
    bench.finish();
}

#[test]
fn the_2xx_waits_for_the_prack_of_a_description() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.early_media(call, &capabilities(), bench.now);
    let progress = bench.response(183);
    assert!(!progress.body.is_empty());
    assert!(matches!(bench.event(), Event::EarlyMedia { .. }));
    bench.ua.ring(call, bench.now);
    bench.ua.answer(call, &capabilities(), bench.now);
    bench.quiet();
    bench.no_event();
    bench.receive(prack(&invite, &progress, 2));
    bench.response(200);
    // The 180 that waited is left out, since the answer is there.
    let ok = bench.response(200);
    assert_eq!(ok.body, progress.body);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    confirm(bench, call, &invite, &ok);
}

#[test]
fn a_2xx_may_overtake_a_bare_provisional() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.advance(millis(400));
    bench.receive(prack(&invite, &ringing, 2));
    bench.response(200);
    bench.receive(prack(&invite, &ringing, 3));
    bench.response(481);
    confirm(bench, call, &invite, &ok);
}

#[test]
fn an_offer_in_the_prack_is_answered_in_its_200() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.early_media(call, &capabilities(), bench.now);
    let progress = bench.response(183);
    bench.event();
    bench.receive(offering(prack(&invite, &progress, 2), &sdp(4010, "sendrecv")));
    let ok = bench.response(200);
    assert!(String::from_utf8_lossy(&ok.body).contains("m=audio"));
    assert!(matches!(bench.event(), Event::EarlyMedia { media, .. } if media.remote.port() == 4010));
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    // What the 183 said is out of date: the 2xx says nothing.
    assert!(ok.body.is_empty());
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4010));
    confirm(bench, call, &invite, &ok);
}

#[test]
fn an_invite_without_offer_gets_ours_in_the_reliable_183() {
    let (mut bench, call, invite) = invited("Require", None);
    // A bare 180 may not come first.
    bench.ua.ring(call, bench.now);
    bench.quiet();
    bench.ua.early_media(call, &capabilities(), bench.now);
    let progress = bench.response(183);
    assert!(!progress.body.is_empty());
    bench.no_event();
    bench.ua.answer(call, &capabilities(), bench.now);
    bench.quiet();
    bench.receive(offering(prack(&invite, &progress, 2), &sdp(4020, "sendrecv")));
    bench.response(200);
    let ok = bench.response(200);
    assert!(ok.body.is_empty());
    assert!(matches!(bench.event(), Event::EarlyMedia { media, .. } if media.remote.port() == 4020));
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4020));
    confirm(bench, call, &invite, &ok);
}

#[test]
fn a_prack_without_the_answer_we_need_refuses_the_call() {
    let (mut bench, call, invite) = invited("Require", None);
    bench.ua.early_media(call, &capabilities(), bench.now);
    let progress = bench.response(183);
    bench.receive(prack(&invite, &progress, 2));
    bench.response(488);
    let refused = bench.response(488);
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    assert_eq!(bench.ended().sip_code, Some(488));
    bench.finish();
}

#[test]
fn a_prack_that_cannot_be_read_or_means_nothing() {
    let (mut bench, call, invite) = invited("Require", Some(&sdp(4000, "sendrecv")));
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    bench.receive(of_caller(&invite, &ringing, Method::Prack, 2));
    bench.response(400);
    let mut wrong = of_caller(&invite, &ringing, Method::Prack, 3);
    wrong.headers.push("RAck", format!("{} 2 INVITE", ringing.headers.rseq().unwrap()));
    bench.receive(wrong);
    bench.response(481);
    bench.receive(follow_up(&invite, Method::Cancel, None, "1"));
    bench.response(200);
    let terminated = bench.response(487);
    bench.receive(follow_up(&invite, Method::Ack, Some(&terminated), "1"));
    bench.ended();
    bench.finish();
}

#[test]
fn who_merely_can_is_answered_reliably_only_where_we_wish() {
    for (policy, reliable) in [(ReliablePolicy::WhenRequired, false), (ReliablePolicy::WhenSupported, true)] {
        let mut bench = Bench::with(UaConfig { reliable: policy, ..UaConfig::default() }, |_| {});
        let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
        invite.headers.push("Supported", "100rel");
        bench.receive(&invite);
        bench.response(100);
        let call = bench.incoming();
        bench.ua.ring(call, bench.now);
        let ringing = bench.response(180);
        assert_eq!(ringing.headers.rseq().is_some(), reliable, "{policy:?}");
        if reliable {
            bench.receive(prack(&invite, &ringing, 2));
            bench.response(200);
        }
        bench.ua.answer(call, &capabilities(), bench.now);
        let ok = bench.response(200);
        confirm(bench, call, &invite, &ok);
    }
}

#[test]
fn where_it_is_off_the_demand_is_refused() {
    let config = UaConfig { reliable: ReliablePolicy::Never, ..UaConfig::default() };
    let mut bench = Bench::with(config, |_| {});
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.push("Require", "timer, 100rel");
    bench.receive(&invite);
    bench.response(100);
    let refused = bench.response(420);
    assert_eq!(refused.headers.text(&HeaderName::UNSUPPORTED).unwrap(), "100rel");
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    bench.finish();
}

#[test]
fn a_ringing_call_is_heard_of_every_minute() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.ring(call, bench.now);
    let first = bench.response(180);
    for _ in 0..4 {
        bench.advance(millis(59_999));
        bench.quiet();
        bench.advance(millis(1));
        assert_eq!(bench.response(180).headers.to().unwrap().tag(), first.headers.to().unwrap().tag());
    }
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    confirm(bench, call, &invite, &ok);
}

#[test]
fn two_user_agents_over_a_lossy_network() {
    let mut answered = 0;
    for seed in 0..40 {
        let config = UaConfig { reliable: ReliablePolicy::WhenSupported, ..UaConfig::default() };
        let link = LinkConfig {
            delay: millis(40),
            jitter: millis(60),
            loss_per_mille: 200,
            duplicate_per_mille: 100,
            ..LinkConfig::default()
        };
        let mut pair = Pair::with(link, seed, UaConfig::default(), config);
        let call = pair.invite();
        let theirs = pair.incoming();
        pair.callee.ua.ring(theirs, pair.now);
        pair.callee.ua.early_media(theirs, &capabilities(), pair.now);
        pair.run_for(millis(300 * seed));
        pair.callee.ua.answer(theirs, &capabilities(), pair.now);
        pair.run_for(secs(40));
        answered += pair.caller.count(|event| matches!(event, Event::Answered { .. }));
        pair.caller.ua.hangup(call, sip_stack::ua::HangupReason::Normal, pair.now);
        pair.run_for(secs(40));
        pair.callee.ua.hangup(theirs, sip_stack::ua::HangupReason::Normal, pair.now);
        pair.run_for(secs(40));
        pair.caller.end();
        pair.callee.end();
        pair.finish();
    }
    assert!(answered >= 38, "{answered} of 40 were answered");
}
