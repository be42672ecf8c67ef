//! Giving up an outgoing call: CANCEL and its races (RFC 3261 9.1).

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method};
use sip_stack::ua::{EndedBy, Event, HangupReason};

use super::bench::{Bench, millis, reply, secs, with_sdp};
use super::pair::Pair;

#[test]
fn rfc_3665_3_8_no_answer() {
    let mut pair = Pair::new(LinkConfig { delay: millis(5), ..LinkConfig::default() }, 1);
    pair.invite_ringing(secs(30));
    let theirs = pair.incoming();
    pair.callee.ua.ring(theirs, pair.now);
    let start = pair.now;
    pair.run_until(|pair| pair.caller.has_ended() && pair.callee.has_ended());
    assert!(pair.now - start < secs(31));
    let end = pair.caller.end();
    assert_eq!((end.by, end.ring_timeout, end.cancelled), (EndedBy::Local, true, true));
    assert_eq!(end.sip_code, Some(487));
    let end = pair.callee.end();
    assert_eq!((end.by, end.cancelled, end.sip_code), (EndedBy::Remote, true, Some(487)));
    assert_eq!(pair.ladder[..4], ["> INVITE", "< 100", "< 180", "> CANCEL"]);
    assert!(pair.ladder.contains(&"> ACK".to_owned()));
    pair.finish();
}

#[test]
fn the_ring_timeout_never_exceeds_two_minutes() {
    let mut bench = Bench::new();
    bench.invite_ringing("sip:1@h", secs(3600));
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.advance(millis(119_900));
    bench.quiet();
    bench.advance(millis(200));
    let cancel = bench.request(Method::Cancel);
    bench.receive(reply(&cancel, 200, "a"));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn no_cancel_before_a_provisional() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.hangup(call);
    bench.quiet();
    bench.receive(reply(&invite, 100, ""));
    let cancel = bench.request(Method::Cancel);
    assert_eq!(cancel.uri, invite.uri);
    assert_eq!(cancel.headers.via().unwrap(), invite.headers.via().unwrap());
    assert_eq!(cancel.headers.cseq().unwrap().seq, invite.headers.cseq().unwrap().seq);
    assert_eq!(cancel.headers.get(&HeaderName::TO), invite.headers.get(&HeaderName::TO));
    assert_eq!(cancel.headers.reasons()[0].cause, Some(16));
    bench.receive(reply(&cancel, 200, "a"));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.event();
    let end = bench.ended();
    assert_eq!((end.by, end.cancelled, end.ring_timeout), (EndedBy::Local, true, false));
    bench.finish();
}

#[test]
fn hung_up_before_any_answer_ends_with_timer_b() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    bench.hangup(call);
    bench.advance(secs(33));
    bench.ignore_sent();
    let end = bench.ended();
    assert_eq!((end.by, end.cancelled), (EndedBy::Timeout, true));
    bench.finish();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.event();
    bench.hangup(call);
    let cancel = bench.request(Method::Cancel);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&cancel, 200, "a"));
    bench.receive(reply(&bye, 200, ""));
    let end = bench.ended();
    assert_eq!((end.by, end.cancelled, end.answered, end.sip_code), (EndedBy::Local, true, false, Some(200)));
    bench.no_event();
    bench.finish();
}

#[test]
fn an_answer_before_the_first_provisional_beats_a_wanted_cancel() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.hangup(call);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(bench.ended().cancelled);
    bench.finish();
}

#[test]
fn a_cancel_that_nobody_obeys_ends_after_64_t1() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.event();
    bench.hangup(call);
    let cancel = bench.request(Method::Cancel);
    bench.receive(reply(&cancel, 200, "a"));
    bench.advance(millis(31_900));
    bench.no_event();
    bench.advance(millis(200));
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code, end.cancelled), (EndedBy::Local, None, true));
    bench.finish();
}

#[test]
fn another_final_than_487_after_a_cancel_is_the_peers_word() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.event();
    bench.hangup(call);
    bench.request(Method::Cancel);
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.advance(secs(40));
    bench.ignore_sent();
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code, end.cancelled), (EndedBy::Remote, Some(486), true));
    bench.finish();
}

#[test]
fn hanging_up_twice_sends_one_cancel() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.hangup(call);
    bench.request(Method::Cancel);
    bench.ua.hangup(call, HangupReason::Busy, bench.now);
    bench.quiet();
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Provisional { .. }));
    bench.ended();
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.finish();
}
