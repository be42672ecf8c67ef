//! Re-INVITE: hold, resume, glare, the peer's changes (RFC 3261 14, RFC 3264 8.4, RFC 3311).

use netem::LinkConfig;
use sip_stack::message::{Method, Request};
use sip_stack::sdp::Direction;
use sip_stack::ua::{CallId, EndedBy, Event, HoldError};

use super::bench::{Bench, follow_up, in_dialog, millis, reply, sdp, secs, with, with_sdp};
use super::pair::{Host, Pair};

#[test]
fn hold_and_resume_between_two_user_agents() {
    let mut pair = Pair::new(LinkConfig { delay: millis(5), ..LinkConfig::default() }, 1);
    let (call, _) = pair.connect();
    pair.caller.ua.hold(call, pair.now).unwrap();
    assert_eq!(pair.caller.ua.hold(call, pair.now), Err(HoldError::Pending));
    pair.run_for(secs(2));
    assert_eq!(last_direction(&pair.caller), Some(Direction::SendOnly));
    assert_eq!(last_direction(&pair.callee), Some(Direction::RecvOnly));
    pair.caller.ua.resume(call, pair.now).unwrap();
    pair.run_for(secs(2));
    assert_eq!(last_direction(&pair.caller), Some(Direction::SendRecv));
    assert_eq!(last_direction(&pair.callee), Some(Direction::SendRecv));
    pair.hangup(call);
    pair.finish();
}

#[test]
fn both_hold_at_once_and_both_succeed_in_the_end() {
    let mut pair = Pair::new(LinkConfig { delay: millis(5), ..LinkConfig::default() }, 2);
    let (call, theirs) = pair.connect();
    pair.caller.ua.hold(call, pair.now).unwrap();
    pair.callee.ua.hold(theirs, pair.now).unwrap();
    pair.run_for(secs(10));
    assert!(pair.ladder.contains(&"< 491".to_owned()) && pair.ladder.contains(&"> 491".to_owned()));
    for host in [&pair.caller, &pair.callee] {
        assert!(!host.has(|event| matches!(event, Event::HoldFailed { .. })));
        assert_eq!(last_direction(host), Some(Direction::Inactive));
    }
    pair.hangup(call);
    pair.finish();
}

#[test]
fn a_refused_hold_leaves_the_call_as_it_was() {
    let (mut bench, call, _) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    assert!(String::from_utf8_lossy(&reinvite.body).contains("a=sendonly"));
    bench.receive(reply(&reinvite, 488, "a"));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::HoldFailed { code: Some(488), .. }));
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&reinvite, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::MediaChanged { .. }));
    close(bench, call);
}

#[test]
fn a_glare_is_retried_after_two_to_four_seconds() {
    let (mut bench, call, _) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    bench.receive(reply(&reinvite, 491, "a"));
    bench.request(Method::Ack);
    bench.advance(millis(2_090));
    bench.quiet();
    bench.advance(millis(1_920));
    let again = bench.request(Method::Invite);
    bench.ignore_sent();
    assert_eq!(again.headers.cseq().unwrap().seq, reinvite.headers.cseq().unwrap().seq + 1);
    bench.receive(with_sdp(reply(&again, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::MediaChanged { .. }));
    close(bench, call);
}

#[test]
fn a_challenged_reinvite_is_sent_again() {
    let (mut bench, call, _) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"";
    bench.receive(with(reply(&reinvite, 401, "a"), "WWW-Authenticate", challenge));
    bench.request(Method::Ack);
    let again = bench.request(Method::Invite);
    assert_eq!(again.body, reinvite.body);
    bench.receive(with_sdp(reply(&again, 200, "a"), 4000));
    bench.request(Method::Ack);
    close(bench, call);
}

#[test]
fn a_peer_that_knows_no_such_dialog_ends_the_call() {
    let (mut bench, call, _) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    bench.receive(reply(&reinvite, 481, "a"));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 481, ""));
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code, end.answered), (EndedBy::Remote, Some(481), true));
    bench.finish();
}

#[test]
fn hanging_up_during_our_own_reinvite() {
    let (mut bench, call, _) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let reinvite = bench.request(Method::Invite);
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert_eq!(bench.ended().by, EndedBy::Local);
    bench.receive(with_sdp(reply(&reinvite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.quiet();
    bench.finish();
}

#[test]
fn the_peer_holds_and_resumes() {
    let (mut bench, call, invite) = established();
    for (cseq, said, ours) in [(5, "sendonly", Direction::RecvOnly), (6, "sendrecv", Direction::SendRecv)] {
        let reinvite = peer_reinvite(&invite, cseq, Some(&sdp(4000, said)));
        bench.receive(&reinvite);
        let ok = bench.response(200);
        assert!(ok.headers.contact().is_some());
        assert!(matches!(bench.event(), Event::MediaChanged { media, .. } if media.direction == ours));
        bench.receive(follow_up(&reinvite, Method::Ack, None, &format!("ack{cseq}")));
        bench.advance(secs(3));
        bench.quiet();
    }
    close(bench, call);
}

#[test]
fn the_answer_to_a_reinvite_is_repeated_until_its_ack() {
    let (mut bench, call, invite) = established();
    let reinvite = peer_reinvite(&invite, 5, Some(&sdp(4000, "sendonly")));
    bench.receive(&reinvite);
    bench.response(200);
    bench.advance(millis(1_600));
    bench.response(200);
    bench.response(200);
    bench.receive(follow_up(&reinvite, Method::Ack, None, "ack"));
    bench.advance(secs(20));
    bench.quiet();
    bench.event();
    close(bench, call);
}

#[test]
fn a_reinvite_without_offer_gets_ours_and_the_ack_answers() {
    let (mut bench, call, invite) = established();
    let reinvite = peer_reinvite(&invite, 5, None);
    bench.receive(&reinvite);
    let ok = bench.response(200);
    assert!(String::from_utf8_lossy(&ok.body).contains("m=audio"));
    let mut ack = follow_up(&reinvite, Method::Ack, None, "ack");
    ack.headers.push("Content-Type", "application/sdp");
    ack.body = sdp(4010, "sendrecv").into_bytes();
    bench.receive(ack);
    assert!(matches!(bench.event(), Event::MediaChanged { media, .. } if media.remote.port() == 4010));
    close(bench, call);
}

#[test]
fn t38_is_refused_and_told() {
    let (mut bench, call, invite) = established();
    let t38 = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
               m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\n";
    let reinvite = peer_reinvite(&invite, 5, Some(t38));
    bench.receive(&reinvite);
    let refused = bench.response(488);
    bench.receive(follow_up(&reinvite, Method::Ack, Some(&refused), "a5INVITE"));
    bench.no_event();
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(bench.ended().saw_t38);
    bench.finish();
}

#[test]
fn our_offer_and_the_peers_meet() {
    let (mut bench, call, invite) = established();
    bench.ua.hold(call, bench.now).unwrap();
    let ours = bench.request(Method::Invite);
    let theirs = peer_reinvite(&invite, 5, Some(&sdp(4000, "sendonly")));
    bench.receive(&theirs);
    let pending = bench.response(491);
    bench.receive(follow_up(&theirs, Method::Ack, Some(&pending), "a5INVITE"));
    bench.receive(reply(&ours, 491, "a"));
    bench.request(Method::Ack);
    // The peer, not the owner of the Call-ID, comes back first.
    bench.advance(secs(1));
    let theirs = peer_reinvite(&invite, 6, Some(&sdp(4000, "sendonly")));
    bench.receive(&theirs);
    bench.response(200);
    bench.receive(follow_up(&theirs, Method::Ack, None, "ack6"));
    assert!(
        matches!(bench.event(), Event::MediaChanged { media, .. } if media.direction == Direction::RecvOnly)
    );
    bench.advance(secs(4));
    let ours = bench.request(Method::Invite);
    bench.ignore_sent();
    let mut ok = with_sdp(reply(&ours, 200, "a"), 4000);
    ok.body = sdp(4000, "inactive").into_bytes();
    bench.receive(ok);
    bench.request(Method::Ack);
    assert!(
        matches!(bench.event(), Event::MediaChanged { media, .. } if media.direction == Direction::Inactive)
    );
    close(bench, call);
}

#[test]
fn update_refreshes_the_target_and_may_change_media() {
    let (mut bench, call, invite) = established();
    let mut update = in_dialog(&invite, "a", Method::Update, 5);
    update.headers.push("Contact", "<sip:moved@192.0.2.1:5099>");
    bench.receive(&update);
    let ok = bench.response(200);
    assert!(ok.headers.contact().is_some() && ok.body.is_empty());
    bench.no_event();
    let mut update = in_dialog(&invite, "a", Method::Update, 6);
    update.headers.push("Contact", "<sip:moved@192.0.2.1:5099>");
    update.headers.push("Content-Type", "application/sdp");
    update.body = sdp(4444, "sendrecv").into_bytes();
    bench.receive(&update);
    assert!(!bench.response(200).body.is_empty());
    assert!(matches!(bench.event(), Event::MediaChanged { media, .. } if media.remote.port() == 4444));
    bench.hangup(call);
    let sent = bench.transmit();
    assert!(sent.bytes.starts_with(b"BYE sip:moved@192.0.2.1:5099"));
    assert_eq!(sent.destination.port(), 5099);
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.finish();
}

#[test]
fn an_old_cseq_is_refused() {
    let (mut bench, call, invite) = established();
    bench.receive(in_dialog(&invite, "a", Method::Info, 9));
    bench.response(200);
    bench.receive(in_dialog(&invite, "a", Method::Info, 8));
    bench.response(500);
    close(bench, call);
}

fn established() -> (Bench, CallId, Request) {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    (bench, call, invite)
}

fn close(mut bench: Bench, call: CallId) {
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(matches!(bench.events.back(), Some(Event::Ended { .. })));
    bench.finish();
}

fn peer_reinvite(invite: &Request, cseq: u32, body: Option<&str>) -> Request {
    let mut request = in_dialog(invite, "a", Method::Invite, cseq);
    request.headers.push("Contact", "<sip:callee-a@192.0.2.1>");
    if let Some(body) = body {
        request.headers.push("Content-Type", "application/sdp");
        request.body = body.as_bytes().to_vec();
    }
    request
}

fn last_direction(host: &Host) -> Option<Direction> {
    host.events.iter().rev().find_map(|event| match event {
        Event::MediaChanged { media, .. } => Some(media.direction),
        _ => None,
    })
}
