//! Forked calls: several early dialogs, several answers (RFC 3261 13.2.2.4).

use sip_stack::message::Method;
use sip_stack::ua::Event;

use super::bench::{Bench, in_dialog, reply, secs, with_sdp};

#[test]
fn the_first_answer_is_kept_and_the_others_are_hung_up() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.receive(reply(&invite, 180, "b"));
    bench.receive(with_sdp(reply(&invite, 200, "b"), 4002));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.headers.to().unwrap().tag(), Some("b"));
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.headers.to().unwrap().tag(), Some("a"));
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag(), Some("a"));
    bench.receive(reply(&bye, 200, ""));
    assert_eq!(bench.events.iter().filter(|event| matches!(event, Event::Answered { .. })).count(), 1);
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag(), Some("b"));
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn an_answer_of_another_fork_after_the_call_ended() {
    let mut bench = Bench::new();
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.receive(in_dialog(&invite, "a", Method::Bye, 1));
    bench.response(200);
    bench.advance(secs(10));
    bench.receive(with_sdp(reply(&invite, 200, "late"), 4000));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag(), Some("late"));
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn early_media_follows_the_fork_that_speaks() {
    let mut bench = Bench::new();
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
    bench.receive(with_sdp(reply(&invite, 183, "b"), 4002));
    bench.receive(with_sdp(reply(&invite, 183, "b"), 4002));
    let ports: Vec<u16> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::EarlyMedia { media, .. } => Some(media.remote.port()),
            _ => None,
        })
        .collect();
    assert_eq!(ports, [4000, 4002]);
    bench.receive(reply(&invite, 480, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn a_flood_of_forks_is_bounded() {
    let mut bench = Bench::new();
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    for n in 0..200 {
        bench.receive(reply(&invite, 180, &format!("fork{n}")));
    }
    bench.receive(reply(&invite, 486, "fork1"));
    bench.request(Method::Ack);
    bench.finish();
}
