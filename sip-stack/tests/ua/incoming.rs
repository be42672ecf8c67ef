//! Incoming calls against a scripted caller (RFC 3261 13.3, 9.2).

use sip_stack::message::{HeaderName, Method};
use sip_stack::sdp::{Capabilities, NegotiationError, Security, SecurityPolicy};
use sip_stack::ua::{CallId, EndedBy, Event, HangupReason, Rejection, UaConfig};

use super::bench::{Bench, capabilities, follow_up, millis, peer_invite, reply, sdp, secs, with_sdp};

#[test]
fn ring_answer_confirm_and_bye() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.ring(call, bench.now);
    let ringing = bench.response(180);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert_eq!(ok.headers.to().unwrap().tag(), ringing.headers.to().unwrap().tag());
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4000));
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    assert!(matches!(bench.event(), Event::Confirmed { .. }));
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.no_event();
    bench.advance(secs(60));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.to().unwrap().tag(), Some("caller"));
    bench.receive(reply(&bye, 200, ""));
    assert_eq!(bench.ended().by, EndedBy::Local);
    bench.finish();
}

#[test]
fn rport_and_received_are_written_into_the_answer() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive_from("198.51.100.7:40000".parse().unwrap(), &invite.to_bytes());
    let sent = bench.transmit();
    assert_eq!(sent.destination, "198.51.100.7:40000".parse().unwrap());
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.contains("received=198.51.100.7") && text.contains("rport=40000"), "{text}");
    let call = incoming(&mut bench);
    reject_and_ack(bench, call, 603, &invite);
}

#[test]
fn without_rport_the_answer_goes_to_the_port_of_sent_by() {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1");
    bench.receive_from("192.0.2.1:40000".parse().unwrap(), &invite.to_bytes());
    assert_eq!(bench.transmit().destination, "192.0.2.1:5070".parse().unwrap());
    let call = incoming(&mut bench);
    bench.ua.reject(call, Rejection::new(486), bench.now);
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.event();
    bench.finish();
}

#[test]
fn an_invite_without_offer_gets_ours() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", None);
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert!(!ok.body.is_empty());
    bench.no_event();
    let mut ack = follow_up(&invite, Method::Ack, Some(&ok), "ack");
    ack.headers.push("Content-Type", "application/sdp");
    ack.body = sdp(4002, "sendrecv").into_bytes();
    bench.receive(ack);
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4002));
    assert!(matches!(bench.event(), Event::Confirmed { .. }));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.event();
    bench.finish();
}

#[test]
fn no_ack_for_64_t1_ends_with_a_bye() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    bench.advance(secs(31));
    // 100, then 200 at 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 27.5 s (13.3.1.4): doubling up to T2.
    assert_eq!(bench.ignore_sent(), 11);
    bench.advance(millis(900));
    bench.response(200);
    bench.advance(millis(200));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(matches!(bench.event(), Event::Answered { .. }));
    assert_eq!(bench.ended().by, EndedBy::Timeout);
    bench.finish();
}

#[test]
fn the_bye_waits_for_the_ack() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.event();
    bench.hangup(call);
    bench.quiet();
    assert_eq!(bench.ended().by, EndedBy::Local);
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.no_event();
    bench.finish();
}

#[test]
fn the_caller_cancels() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.ring(call, bench.now);
    bench.response(180);
    let mut cancel = follow_up(&invite, Method::Cancel, None, "1");
    cancel.headers.push("Reason", "SIP;cause=200;text=\"Call completed elsewhere\"");
    bench.receive(&cancel);
    bench.response(200);
    let terminated = bench.response(487);
    let end = bench.ended();
    assert_eq!((end.by, end.cancelled, end.sip_code), (EndedBy::Remote, true, Some(487)));
    assert_eq!(end.reason_text.as_deref(), Some("Call completed elsewhere"));
    bench.receive(follow_up(&invite, Method::Ack, Some(&terminated), "1"));
    bench.finish();
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.event();
    bench.receive(follow_up(&invite, Method::Cancel, None, "1"));
    // The same tag: some callers take the last one they saw for that of the dialog (9.2).
    assert_eq!(bench.response(200).headers.to().unwrap().tag(), ok.headers.to().unwrap().tag());
    bench.no_event();
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.event();
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.event();
    bench.finish();
}

#[test]
fn a_cancel_of_nothing_is_481() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", None);
    bench.receive(follow_up(&invite, Method::Cancel, None, "1"));
    bench.response(481);
    bench.no_event();
    bench.finish();
}

#[test]
fn rejections_carry_their_headers() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    let headers = vec![
        ("Reason".to_owned(), "Q.850;cause=1".to_owned()),
        ("Via".to_owned(), "SIP/2.0/UDP evil".to_owned()),
    ];
    bench.ua.reject(call, Rejection { code: 404, reason: Some("Gone".to_owned()), headers }, bench.now);
    let refused = bench.response(404);
    assert_eq!(refused.reason, "Gone");
    assert_eq!(refused.headers.reasons()[0].cause, Some(1));
    assert_eq!(refused.headers.get_all(&HeaderName::VIA).count(), 1);
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code, end.q850), (EndedBy::Local, Some(404), Some(1)));
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    bench.finish();
}

#[test]
fn hanging_up_a_ringing_call_refuses_it() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.hangup(call, HangupReason::Busy, bench.now);
    let refused = bench.response(486);
    assert_eq!(refused.headers.reasons()[0].cause, Some(17));
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    assert_eq!(bench.ended().by, EndedBy::Local);
    bench.finish();
}

type Change = fn(&mut sip_stack::message::Request);

#[test]
fn what_an_invite_may_not_ask() {
    let cases: [(&str, Change); 4] = [
        ("420", |invite| invite.headers.push("Require", "100rel, magic")),
        ("415", |invite| invite.headers.set("Content-Type", "text/plain")),
        ("488", |invite| invite.body = b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n".to_vec()),
        ("416", |invite| invite.uri = super::bench::uri("http://example.org/x")),
    ];
    for (code, change) in cases {
        let mut bench = Bench::new();
        let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
        change(&mut invite);
        bench.receive(&invite);
        let mut answer = bench.transmit();
        if answer.bytes.starts_with(b"SIP/2.0 100") {
            answer = bench.transmit();
        }
        assert!(answer.bytes.starts_with(format!("SIP/2.0 {code}").as_bytes()), "{code}");
        bench.no_event();
        bench.advance(secs(40));
        bench.ignore_sent();
        bench.finish();
    }
}

#[test]
fn the_same_invite_by_two_paths_is_482() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.receive(peer_invite("2", Some(&sdp(4000, "sendrecv"))));
    bench.response(100);
    let merged = bench.response(482);
    bench.receive(follow_up(&invite, Method::Ack, Some(&merged), "2"));
    reject_and_ack(bench, call, 480, &invite);
}

/// The second path may be the longer one, also than the ringing.
#[test]
fn the_same_invite_by_two_paths_is_482_after_the_answer() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.event();
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.event();
    bench.receive(peer_invite("2", Some(&sdp(4000, "sendrecv"))));
    bench.response(100);
    let merged = bench.response(482);
    bench.receive(follow_up(&invite, Method::Ack, Some(&merged), "2"));
    bench.no_event();
    bench.close(call);
}

#[test]
fn a_full_house_is_busy() {
    let mut bench = Bench::with(UaConfig { max_calls: 0, ..UaConfig::default() }, |_| {});
    let invite = peer_invite("1", None);
    bench.receive(&invite);
    bench.response(100);
    let busy = bench.response(486);
    bench.receive(follow_up(&invite, Method::Ack, Some(&busy), "1"));
    bench.no_event();
    assert_eq!(bench.ua.counters().overload, 1);
    bench.finish();
}

#[test]
fn a_full_transaction_table_is_503() {
    let mut bench = Bench::with(UaConfig { max_transactions: 1, ..UaConfig::default() }, |_| {});
    let invite = peer_invite("1", None);
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.receive(with_call_id(peer_invite("2", None), "other"));
    let refused = bench.response(503);
    assert!(refused.headers.retry_after().is_some());
    reject_and_ack(bench, call, 486, &invite);
}

fn with_call_id(mut request: sip_stack::message::Request, call_id: &str) -> sip_stack::message::Request {
    request.headers.set("Call-ID", call_id);
    request
}

#[test]
fn early_media_carries_our_answer() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.early_media(call, &capabilities(), bench.now);
    let progress = bench.response(183);
    assert!(
        matches!(bench.event(), Event::EarlyMedia { .. }),
        "what was agreed is told, so that we can be heard"
    );
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert_eq!(ok.body, progress.body);
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.event();
    bench.event();
    let mut bye = follow_up(&invite, Method::Bye, Some(&ok), "bye");
    bye.headers.set("CSeq", "2 BYE");
    bench.receive(bye);
    bench.response(200);
    assert_eq!(bench.ended().by, EndedBy::Remote);
    bench.finish();
}

#[test]
fn a_record_route_comes_back_and_is_used() {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.push("Record-Route", "<sip:192.0.2.3;lr>");
    bench.receive(&invite);
    bench.response(100);
    let call = incoming(&mut bench);
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert_eq!(ok.headers.record_routes().unwrap().len(), 1);
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.event();
    bench.event();
    bench.hangup(call);
    let sent = bench.transmit();
    assert_eq!(sent.destination, "192.0.2.3:5060".parse().unwrap());
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.event();
    bench.finish();
}

fn incoming(bench: &mut Bench) -> CallId {
    match bench.event() {
        Event::Incoming { call, .. } => call,
        other => panic!("expected Incoming, got {other:?}"),
    }
}

fn reject_and_ack(mut bench: Bench, call: CallId, code: u16, invite: &sip_stack::message::Request) {
    bench.ua.reject(call, Rejection::new(code), bench.now);
    let refused = bench.response(code);
    let mut ack = follow_up(invite, Method::Ack, Some(&refused), "1");
    ack.headers.set("Via", invite.headers.text(&HeaderName::VIA).unwrap().into_owned());
    bench.receive(&ack);
    bench.ended();
    bench.finish();
}

#[test]
fn refusals_of_descriptions_say_why() {
    // RFC 3261 20.43. Refused with the offer, or only once it is known what we can do.
    for (media, known, warning) in [
        ("m=audio 4000 RTP/AVP 18\r\n", true, "305 "),
        ("m=image 4000 udptl t38\r\n", true, "304 "),
        ("m=audio 4000 RTP/AVP 9\r\n", false, "305 "),
        ("m=audio 4000 RTP/SAVP 0\r\n", false, "302 "),
        ("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::9\r\n", false, "301 "),
    ] {
        let mut bench = Bench::new();
        let invite = peer_invite("1", Some(&format!("v=0\r\nc=IN IP4 192.0.2.9\r\n{media}")));
        bench.receive(&invite);
        bench.response(100);
        if !known {
            let call = bench.incoming();
            bench.ua.answer(call, &capabilities(), bench.now);
        }
        let refused = bench.response(488);
        let said = refused.headers.text(&HeaderName::WARNING).expect("a warning").into_owned();
        assert!(said.starts_with(warning) && said.ends_with('"'), "{media}: {said}");
        bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
        if !known {
            assert_eq!(bench.ended().sip_code, Some(488));
        }
        bench.advance(secs(40));
        bench.finish();
    }
}

/// Where encryption is required a plain offer is known before it rings, and refused with the reason.
#[test]
fn an_offer_is_tried_before_it_rings() {
    let mut bench = Bench::new();
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    let security = Security { policy: SecurityPolicy::Required, ..Security::default() };
    let required = Capabilities { security, ..capabilities() };
    assert_eq!(bench.ua.try_answer(call, &capabilities()), Ok(()));
    let refusal = bench.ua.try_answer(call, &required).unwrap_err();
    assert_eq!(refusal, NegotiationError::Security);
    bench.no_event();
    bench.quiet();
    bench.ua.reject_offer(call, refusal, bench.now);
    let refused = bench.response(488);
    assert!(refused.headers.text(&HeaderName::WARNING).unwrap().starts_with("302 "));
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    assert_eq!(bench.ended().sip_code, Some(488));
    bench.advance(secs(40));
    bench.finish();
}

#[test]
fn an_answer_that_does_not_fit_says_why() {
    let mut bench = Bench::new();
    bench.invite("sip:callee@192.0.2.1");
    let invite = bench.request(Method::Invite);
    let mut answer = with_sdp(reply(&invite, 200, "a"), 4000);
    answer.body = String::from_utf8(answer.body).unwrap().replace("RTP/AVP", "RTP/SAVP").into_bytes();
    bench.receive(answer);
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    let end = bench.ended();
    assert_eq!((end.answered, end.mismatch), (true, Some(NegotiationError::Security)));
    bench.advance(secs(40));
    bench.finish();
}
