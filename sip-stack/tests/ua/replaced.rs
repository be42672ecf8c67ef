//! One call in another's place: INVITE with Replaces (RFC 3891 3).

use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::ua::{CallId, EndedBy, Event};

use super::bench::{Bench, addr, capabilities, follow_up, peer_invite, reply, sdp};
use super::infos::answered;

/// An INVITE of the exchange that wants the place of the call that our `invite` made with the peer's `tag`.
fn replacing(invite: &Request, tag: &str, more: &str) -> Request {
    let mut request = peer_invite("replaces", Some(&sdp(4100, "sendrecv")));
    let ours = invite.headers.from().unwrap().tag().unwrap().to_owned();
    let call_id = invite.headers.call_id().unwrap().into_owned();
    request.headers.push("Require", "replaces");
    request.headers.push("Replaces", format!("{call_id};from-tag={tag};to-tag={ours}{more}"));
    request
}

fn offered_in_place_of(bench: &mut Bench, old: CallId) -> CallId {
    bench.response(100);
    match bench.event() {
        Event::Incoming { call, replaces, .. } => {
            assert_eq!(replaces, Some(old));
            call
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_answered_call_gives_its_place() {
    let (mut bench, old, invite) = answered();
    assert!(invite.headers.supports("replaces"));
    let replacing = replacing(&invite, "a", "");
    bench.receive(&replacing);
    let new = offered_in_place_of(&mut bench, old);
    bench.ua.answer(new, &capabilities(), bench.now);
    let ok = bench.response(200);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.call_id(), invite.headers.call_id());
    bench.receive(reply(&bye, 200, ""));
    assert!(matches!(bench.event(), Event::Answered { call, .. } if call == new));
    assert!(matches!(bench.event(), Event::Replaced { call, by } if (call, by) == (old, new)));
    assert!(matches!(bench.event(), Event::Ended { call, end } if call == old && end.by == EndedBy::Remote));
    bench.receive(follow_up(&replacing, Method::Ack, Some(&ok), "ack"));
    assert!(matches!(bench.event(), Event::Confirmed { .. }));
    bench.close(new);
}

#[test]
fn a_ringing_call_of_ours_gives_its_place() {
    let mut bench = Bench::new();
    let old = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 180, "a"));
    bench.event();
    let replacing = replacing(&invite, "a", ";early-only");
    bench.receive(&replacing);
    let new = offered_in_place_of(&mut bench, old);
    bench.ua.answer(new, &capabilities(), bench.now);
    let ok = bench.response(200);
    let cancel = bench.request(Method::Cancel);
    bench.receive(reply(&cancel, 200, ""));
    bench.receive(reply(&invite, 487, "a"));
    bench.request(Method::Ack);
    bench.receive(follow_up(&replacing, Method::Ack, Some(&ok), "ack"));
    bench.event();
    assert!(matches!(bench.event(), Event::Replaced { call, .. } if call == old));
    assert!(matches!(bench.event(), Event::Ended { call, .. } if call == old));
    bench.close(new);
}

#[test]
fn a_refused_replacement_leaves_the_call() {
    let (mut bench, old, invite) = answered();
    let replacing = replacing(&invite, "a", "");
    bench.receive(&replacing);
    let new = offered_in_place_of(&mut bench, old);
    bench.ua.reject(new, sip_stack::ua::Rejection::new(603), bench.now);
    let refusal = bench.response(603);
    bench.receive(follow_up(&replacing, Method::Ack, Some(&refusal), "replaces"));
    assert!(matches!(bench.event(), Event::Ended { call, .. } if call == new));
    bench.no_event();
    bench.close(old);
}

#[test]
fn a_call_that_ended_meanwhile_is_not_ended_twice() {
    let (mut bench, old, invite) = answered();
    let replacing = replacing(&invite, "a", "");
    bench.receive(&replacing);
    let new = offered_in_place_of(&mut bench, old);
    bench.receive(super::bench::in_dialog(&invite, "a", Method::Bye, 9));
    bench.response(200);
    assert!(matches!(bench.event(), Event::Ended { call, .. } if call == old));
    bench.ua.answer(new, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.quiet();
    bench.receive(follow_up(&replacing, Method::Ack, Some(&ok), "ack"));
    bench.close(new);
}

/// Every refusal of RFC 3891 3, and what is nobody's business.
#[test]
fn what_cannot_be_replaced_is_refused() {
    let (mut bench, old, invite) = answered();
    let good = replacing(&invite, "a", "");
    let name = HeaderName::REPLACES;
    let altered = |value: &str| {
        let mut request = good.clone();
        request.headers.set(name.clone(), value);
        request
    };
    let mut twice = good.clone();
    let value = good.headers.text(&name).unwrap().into_owned();
    twice.headers.push(name.clone(), value.clone());
    let cases = [
        (replacing(&invite, "other", ""), 481),
        (altered("nobody@h;from-tag=a;to-tag=b"), 481),
        // The tags the wrong way round name no dialog of ours.
        (altered(&value.replace("from-tag", "x").replace("to-tag", "from-tag").replace('x', "to-tag")), 481),
        (altered("nonsense"), 400),
        (twice, 400),
        (replacing(&invite, "a", ";early-only"), 486),
    ];
    for (index, (mut request, code)) in cases.into_iter().enumerate() {
        let branch = format!("case{index}");
        request.headers.set("Via", format!("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch};rport"));
        request.headers.set("Call-ID", branch.clone());
        bench.receive(&request);
        bench.response(100);
        let refusal = bench.response(code);
        bench.receive(follow_up(&request, Method::Ack, Some(&refusal), &branch));
    }
    // From outside the trunk not even the right dialog helps.
    let mut foreign = good.clone();
    foreign.headers.set("Via", "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKforeign;rport");
    bench.receive_from(addr("198.51.100.7:5060"), &foreign.to_bytes());
    bench.response(100);
    let refusal = bench.response(403);
    let ack = follow_up(&foreign, Method::Ack, Some(&refusal), "foreign");
    bench.receive_from(addr("198.51.100.7:5060"), &ack.to_bytes());
    bench.no_event();
    bench.close(old);
}

#[test]
fn an_incoming_call_that_rings_cannot_be_replaced() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    let ours = ringing.headers.to().unwrap().tag().unwrap().to_owned();
    let mut request = peer_invite("2", Some(&sdp(4100, "sendrecv")));
    request.headers.set("Call-ID", "peer-call-2");
    request.headers.push("Replaces", format!("peer-call-1;from-tag=caller;to-tag={ours}"));
    bench.receive(&request);
    bench.response(100);
    let refusal = bench.response(481);
    bench.receive(follow_up(&request, Method::Ack, Some(&refusal), "2"));
    bench.no_event();
    bench.hangup(call);
    let refusal = bench.response(480);
    bench.receive(follow_up(&invite, Method::Ack, Some(&refusal), "1"));
    bench.ended();
    bench.finish();
}
