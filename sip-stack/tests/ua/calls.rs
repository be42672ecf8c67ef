//! The flows of RFC 3665 3 between two user agents, and outgoing calls against a scripted peer.

use std::time::Duration;

use netem::LinkConfig;
use sip_stack::TransportKind;
use sip_stack::message::{HeaderName, Method};
use sip_stack::ua::{EndedBy, Event, HangupReason, Invite, InviteError, Rejection, UaConfig};

use super::bench::{Bench, PEER, addr, capabilities, in_dialog, millis, reply, secs, uri, with, with_sdp};
use super::pair::Pair;

fn lan() -> LinkConfig {
    LinkConfig { delay: millis(5), ..LinkConfig::default() }
}

#[test]
fn rfc_3665_3_1_session_establishment() {
    let mut pair = Pair::new(lan(), 1);
    let (call, theirs) = pair.connect();
    assert!(pair.caller.ua.sip_call_id(call).is_some());
    assert_eq!(pair.caller.ua.sip_call_id(call), pair.callee.ua.sip_call_id(theirs));
    pair.run_for(secs(60));
    pair.hangup(call);
    let end = pair.caller.end();
    assert_eq!((end.by, end.answered, end.cancelled), (EndedBy::Local, true, false));
    let end = pair.callee.end();
    assert_eq!((end.by, end.answered, end.q850), (EndedBy::Remote, true, Some(16)));
    let ladder = ["> INVITE", "< 100", "< 180", "< 200", "> ACK", "> BYE", "< 200"];
    assert_eq!(pair.ladder, ladder);
    pair.finish();
}

#[test]
fn the_callee_hangs_up() {
    let mut pair = Pair::new(lan(), 2);
    let (_, theirs) = pair.connect();
    pair.callee.ua.hangup(theirs, HangupReason::Normal, pair.now);
    pair.run_until(|pair| pair.caller.has_ended());
    assert_eq!(pair.caller.end().by, EndedBy::Remote);
    assert_eq!(pair.callee.end().by, EndedBy::Local);
    pair.finish();
}

#[test]
fn both_hang_up_at_once() {
    let mut pair = Pair::new(lan(), 3);
    let (call, theirs) = pair.connect();
    pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
    pair.callee.ua.hangup(theirs, HangupReason::Normal, pair.now);
    pair.run_for(secs(1));
    assert_eq!((pair.caller.end().by, pair.callee.end().by), (EndedBy::Local, EndedBy::Local));
    pair.finish();
}

#[test]
fn rfc_3665_3_9_busy() {
    let mut pair = Pair::new(lan(), 4);
    pair.invite();
    let theirs = pair.incoming();
    let headers = vec![("Reason".to_owned(), "Q.850;cause=17;text=\"User busy\"".to_owned())];
    pair.callee.ua.reject(theirs, Rejection { code: 486, reason: None, headers }, pair.now);
    pair.run_until(|pair| pair.caller.has_ended());
    let end = pair.caller.end();
    assert_eq!((end.by, end.sip_code, end.q850), (EndedBy::Remote, Some(486), Some(17)));
    assert_eq!(end.reason_text.as_deref(), Some("User busy"));
    assert_eq!(pair.ladder, ["> INVITE", "< 100", "< 486", "> ACK"]);
    pair.finish();
}

#[test]
fn early_media_then_not_in_service() {
    let mut pair = Pair::new(lan(), 5);
    pair.invite();
    let theirs = pair.incoming();
    pair.callee.ua.early_media(theirs, &capabilities(), pair.now);
    pair.run_until(|pair| pair.caller.has(|event| matches!(event, Event::EarlyMedia { .. })));
    pair.run_for(secs(6));
    let headers = vec![("Reason".to_owned(), "Q.850;cause=1".to_owned())];
    pair.callee.ua.reject(theirs, Rejection { code: 404, reason: None, headers }, pair.now);
    pair.run_until(|pair| pair.caller.has_ended());
    let end = pair.caller.end();
    assert_eq!((end.sip_code, end.q850, end.answered), (Some(404), Some(1), false));
    assert_eq!(pair.caller.count(|event| matches!(event, Event::EarlyMedia { .. })), 1);
    pair.finish();
}

#[test]
fn an_answer_after_early_media_repeats_the_description() {
    let mut pair = Pair::new(lan(), 6);
    let call = pair.invite();
    let theirs = pair.incoming();
    pair.callee.ua.early_media(theirs, &capabilities(), pair.now);
    pair.run_for(secs(3));
    pair.callee.ua.answer(theirs, &capabilities(), pair.now);
    pair.run_until(|pair| pair.callee.has(|event| matches!(event, Event::Confirmed { .. })));
    pair.hangup(call);
    pair.finish();
}

#[test]
fn nobody_answers_at_all() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    bench.advance(secs(32));
    // Timer A: 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s (17.1.1.2).
    assert_eq!(bench.ignore_sent(), 7);
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code, end.cancelled), (EndedBy::Timeout, None, false));
    assert_eq!(bench.ua.counters().timeouts, 1);
    bench.finish();
}

#[test]
fn every_provisional_is_told_and_a_hundred_stops_timer_a() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 100, ""));
    bench.receive(reply(&invite, 181, "a"));
    bench.receive(reply(&invite, 180, "a"));
    bench.advance(secs(20));
    bench.quiet();
    for wanted in [100, 181, 180] {
        assert!(matches!(bench.event(), Event::Provisional { code, .. } if code == wanted));
    }
    bench.receive(with(reply(&invite, 503, "a"), "Retry-After", "30"));
    bench.request(Method::Ack);
    assert_eq!(bench.ended().retry_after, Some(secs(30)));
    bench.finish();
}

#[test]
fn the_invite_carries_what_peers_need() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    assert_eq!(invite.uri, uri("sip:0312345678@pbx.example"));
    assert!(invite.headers.via().unwrap().params.contains("rport"));
    assert_eq!(invite.headers.max_forwards(), Some(70));
    assert_eq!(invite.headers.contact().unwrap().uri, uri("sip:100@192.0.2.10:5060"));
    assert_eq!(invite.headers.content_type().as_deref(), Some("application/sdp"));
    assert!(invite.headers.allow().contains(&Method::Bye));
    bench.receive(reply(&invite, 404, "a"));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.headers.via().unwrap().branch(), invite.headers.via().unwrap().branch());
    assert_eq!(ack.headers.to().unwrap().tag(), Some("a"));
    // The final again: the ACK again (17.1.1.2, Completed).
    bench.receive(reply(&invite, 404, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn a_repeated_2xx_repeats_the_same_ack() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    let ok = with_sdp(reply(&invite, 200, "a"), 4000);
    bench.receive(&ok);
    let first = bench.transmit();
    bench.advance(secs(3));
    bench.receive(&ok);
    assert_eq!(bench.transmit(), first);
    assert!(matches!(bench.event(), Event::Answered { .. }));
    bench.no_event();
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.uri, uri("sip:callee-a@192.0.2.1"));
    assert!(!bench.ua.may_stop());
    bench.receive(reply(&bye, 200, ""));
    assert!(bench.ua.may_stop() && !bench.ua.is_idle());
    // A 2xx that was still under way finds the ACK after the call has gone.
    bench.receive(&ok);
    assert_eq!(bench.transmit(), first);
    bench.finish();
}

#[test]
fn the_route_set_comes_from_the_2xx_reversed() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    let ok = with_sdp(reply(&invite, 200, "a"), 4000);
    let ok = with(ok, "Record-Route", "<sip:192.0.2.9;lr>, <sip:192.0.2.8:5070;lr>");
    bench.receive(ok);
    let sent = bench.transmit();
    assert_eq!(sent.destination, "192.0.2.8:5070".parse().unwrap());
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    let routes = bye.headers.routes().unwrap();
    assert_eq!(routes[0].uri, uri("sip:192.0.2.8:5070;lr"));
    assert_eq!(routes[1].uri, uri("sip:192.0.2.9;lr"));
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn a_strict_router_gets_its_own_uri() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(with(with_sdp(reply(&invite, 200, "a"), 4000), "Record-Route", "<sip:192.0.2.8>"));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.uri, uri("sip:192.0.2.8"));
    assert_eq!(ack.headers.routes().unwrap()[0].uri, uri("sip:callee-a@192.0.2.1"));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn a_2xx_without_a_usable_answer_is_hung_up() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(reply(&invite, 200, "a"));
    bench.request(Method::Ack);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code), (EndedBy::Local, Some(200)));
    bench.finish();
}

#[test]
fn an_answer_in_the_183_counts_when_the_200_has_none() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 183, "a"), 4000));
    bench.receive(reply(&invite, 200, "a"));
    bench.request(Method::Ack);
    assert!(matches!(bench.event(), Event::Provisional { code: 183, .. }));
    assert!(matches!(bench.event(), Event::EarlyMedia { .. }));
    assert!(matches!(bench.event(), Event::Answered { media, .. } if media.remote.port() == 4000));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.finish();
}

#[test]
fn a_challenge_is_answered_once_with_a_higher_cseq() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let first = bench.request(Method::Invite);
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
    bench.receive(with(reply(&first, 407, "a"), "Proxy-Authenticate", challenge));
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    assert_eq!(second.headers.cseq().unwrap().seq, 2);
    assert_eq!(second.headers.call_id(), first.headers.call_id());
    assert_eq!(second.headers.from().unwrap().tag(), first.headers.from().unwrap().tag());
    assert_eq!(second.headers.to().unwrap().tag(), None);
    let credentials = second.headers.credentials(&HeaderName::PROXY_AUTHORIZATION);
    assert_eq!((credentials[0].nonce.as_str(), credentials[0].nc), ("n1", Some(1)));
    bench.receive(with(reply(&second, 407, "b"), "Proxy-Authenticate", challenge));
    bench.request(Method::Ack);
    bench.quiet();
    assert_eq!(bench.ended().sip_code, Some(407));
    bench.finish();
}

#[test]
fn a_rehearsed_invite_leaves_nothing_and_takes_no_nonce_count() {
    let mut bench = Bench::new();
    let invite = || Invite {
        target: uri("sip:0312345678@pbx.example"),
        capabilities: capabilities(),
        ring_timeout: secs(60),
        headers: Vec::new(),
    };
    bench.ua.rehearse(bench.account, invite()).unwrap();
    assert!(bench.ua.is_idle(), "left over: {:?}", bench.ua.load());
    assert_eq!(bench.ua.poll_timeout(), None);
    bench.quiet();
    let call = bench.invite("sip:0312345678@pbx.example");
    let first = bench.request(Method::Invite);
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
    bench.receive(with(reply(&first, 407, "a"), "Proxy-Authenticate", challenge));
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    // With credentials it is as long as the one that was sent.
    let length = bench.ua.rehearse(bench.account, invite()).unwrap();
    assert!(length.abs_diff(second.to_bytes().len()) < 60, "{length}: {second:?}");
    bench.quiet();
    bench.receive(with_sdp(reply(&second, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.event();
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    let credentials = bye.headers.credentials(&HeaderName::PROXY_AUTHORIZATION);
    assert_eq!(credentials[0].nc, Some(2), "after the INVITE, whose ACK repeats it: {credentials:?}");
    bench.receive(reply(&bye, 200, ""));
    bench.ended();
    bench.finish();
}

#[test]
fn the_ack_of_a_2xx_carries_the_credentials_and_a_bye_counts_on() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:0312345678@pbx.example");
    let first = bench.request(Method::Invite);
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"";
    bench.receive(with(reply(&first, 401, "a"), "WWW-Authenticate", challenge));
    bench.request(Method::Ack);
    let second = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&second, 200, "b"), 4000));
    let ack = bench.request(Method::Ack);
    assert_eq!(ack.headers.get(&HeaderName::AUTHORIZATION), second.headers.get(&HeaderName::AUTHORIZATION));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    let credentials = bye.headers.credentials(&HeaderName::AUTHORIZATION);
    assert_eq!(credentials[0].nc, Some(2));
    let stale = "Digest realm=\"pbx\", nonce=\"n2\", qop=\"auth\", stale=true";
    bench.receive(with(reply(&bye, 401, ""), "WWW-Authenticate", stale));
    let again = bench.request(Method::Bye);
    assert_eq!(again.headers.credentials(&HeaderName::AUTHORIZATION)[0].nonce, "n2");
    assert!(again.headers.cseq().unwrap().seq > bye.headers.cseq().unwrap().seq);
    bench.receive(reply(&again, 200, ""));
    bench.finish();
}

#[test]
fn redirection_goes_to_the_same_number_only_and_ends() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let mut invite = bench.request(Method::Invite);
    let contacts =
        "<sip:0312345678@192.0.2.5>;q=0.5, <sip:0999999999@192.0.2.5>, <sip:0312345678@192.0.2.6:5070>";
    bench.receive(with(reply(&invite, 302, "a"), "Contact", contacts));
    bench.request(Method::Ack);
    let sent = bench.transmit();
    assert_eq!(sent.destination, "192.0.2.6:5070".parse().unwrap());
    // Round and round: five at most, and never the same twice.
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.starts_with("INVITE sip:0312345678@192.0.2.6:5070 SIP/2.0\r\n"), "{text}");
    invite = match sip_stack::message::parse_datagram(text.as_bytes()).unwrap() {
        sip_stack::message::Message::Request(request) => request,
        sip_stack::message::Message::Response(_) => unreachable!(),
    };
    let mut followed = 1;
    loop {
        let contact = format!("<sip:0312345678@192.0.2.{}>", 100 + followed);
        bench.receive(with(reply(&invite, 302, "a"), "Contact", &contact));
        bench.request(Method::Ack);
        if matches!(bench.events.back(), Some(Event::Ended { .. })) {
            break;
        }
        invite = bench.request(Method::Invite);
        followed += 1;
    }
    assert_eq!(followed, 5);
    assert_eq!(bench.ended().sip_code, Some(302));
    bench.finish();
}

/// RFC 3261 8.1.3.1: no answer is an answer, 408, and the next contact is tried as after any other failure.
#[test]
fn the_next_contact_is_tried_where_one_is_silent() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    let contacts = "<sip:0312345678@192.0.2.5>;q=0.9, <sip:0312345678@192.0.2.6>;q=0.1";
    bench.receive(with(reply(&invite, 302, "a"), "Contact", contacts));
    bench.request(Method::Ack);
    assert_eq!(bench.transmit().destination, addr("192.0.2.5:5060"));
    bench.advance(millis(31_999));
    assert_eq!(bench.ignore_sent(), 6);
    bench.advance(millis(1));
    assert_eq!(bench.transmit().destination, addr("192.0.2.6:5060"));
    bench.no_event();
    bench.advance(secs(32));
    bench.ignore_sent();
    let end = bench.ended();
    assert_eq!((end.by, end.sip_code), (EndedBy::Timeout, None));
    bench.finish();
}

#[test]
fn a_reliable_provisional_gets_its_prack_once() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    let reliable = |rseq: &str| with(with(reply(&invite, 183, "a"), "Require", "100rel"), "RSeq", rseq);
    bench.receive(reliable("7"));
    let prack = bench.request(Method::Prack);
    assert_eq!(prack.headers.text(&HeaderName::RACK).unwrap(), "7 1 INVITE");
    bench.receive(reply(&prack, 200, ""));
    bench.receive(reliable("7"));
    bench.receive(reliable("9"));
    bench.quiet();
    bench.receive(reliable("8"));
    let prack = bench.request(Method::Prack);
    bench.receive(reply(&prack, 200, ""));
    bench.receive(reply(&invite, 486, "a"));
    bench.request(Method::Ack);
    bench.finish();
}

#[test]
fn a_long_invite_goes_by_tcp_and_falls_back() {
    let mut bench = Bench::new();
    let headers = vec![("X-Note".to_owned(), "n".repeat(900))];
    let target = uri("sip:0312345678@pbx.example");
    let invite = Invite { target, capabilities: capabilities(), ring_timeout: secs(30), headers };
    bench.ua.invite(bench.account, invite, bench.now).unwrap();
    let sent = bench.transmit();
    assert_eq!(sent.transport, TransportKind::Tcp);
    assert!(String::from_utf8_lossy(&sent.bytes).contains("Via: SIP/2.0/TCP 192.0.2.10:5060"));
    bench.ua.handle_transport_failure(bench.now, sent.transport, sent.destination);
    let again = bench.transmit();
    assert_eq!(again.transport, TransportKind::Udp);
    bench.advance(secs(40));
    bench.ignore_sent();
    assert_eq!(bench.ended().by, EndedBy::Timeout);
    bench.finish();
}

#[test]
fn a_broken_connection_ends_the_attempt() {
    let mut bench = Bench::with(UaConfig::default(), |account| account.transport = TransportKind::Tcp);
    bench.invite("sip:0312345678@pbx.example");
    let sent = bench.transmit();
    bench.ua.handle_transport_failure(bench.now, sent.transport, sent.destination);
    assert_eq!(bench.ended().by, EndedBy::Timeout);
    bench.finish();
}

#[test]
fn limits_refuse_before_anything_is_sent() {
    let mut bench = Bench::with(UaConfig { max_calls: 1, ..UaConfig::default() }, |_| {});
    let invite = || Invite {
        target: uri("sip:1@h"),
        capabilities: capabilities(),
        ring_timeout: Duration::from_secs(5),
        headers: Vec::new(),
    };
    bench.invite("sip:1@h");
    bench.ignore_sent();
    assert_eq!(bench.ua.invite(bench.account, invite(), bench.now), Err(InviteError::TooManyCalls));
    bench.quiet();
    bench.advance(secs(40));
    bench.ignore_sent();
    let lost = bench.ua.add_account(sip_stack::AccountConfig::new("x", uri("sip:x@h")));
    assert_eq!(bench.ua.invite(lost, invite(), bench.now), Err(InviteError::NoRoute));
    bench.finish();
}

#[test]
fn the_peer_hangs_up_with_a_cause() {
    let mut bench = Bench::new();
    bench.invite("sip:0312345678@pbx.example");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.event();
    let mut bye = in_dialog(&invite, "a", Method::Bye, 10);
    bye.headers.push("Reason", "SIP;cause=200;text=\"x\", Q.850;cause=31;text=\"Normal, unspecified\"");
    bench.receive(&bye);
    bench.response(200);
    let end = bench.ended();
    assert_eq!((end.by, end.q850), (EndedBy::Remote, Some(31)));
    assert_eq!(end.reason_text.as_deref(), Some("Normal, unspecified"));
    // The BYE again is absorbed by its transaction.
    bench.receive(&bye);
    bench.response(200);
    bench.no_event();
    bench.finish();
}

/// RFC 3261 26.2.2: a `sips:` target is never called in the clear, and our Contact is one too.
#[test]
fn a_sips_target_goes_by_tls_only() {
    let mut bench = Bench::new();
    let invite = Invite {
        target: uri("sips:1@pbx.example"),
        capabilities: capabilities(),
        ring_timeout: secs(30),
        headers: Vec::new(),
    };
    let refused = bench.ua.invite(bench.account, invite, bench.now);
    assert_eq!(refused, Err(InviteError::InsecureRoute));
    bench.quiet();
    bench.finish();

    // A sips: address of record is enough to go by TLS, whatever the account's transport says.
    let mut bench = Bench::with(UaConfig::default(), |account| {
        account.aor = uri("sips:100@pbx.example");
        account.registrar = Some(uri("sips:pbx.example"));
    });
    bench.transport = TransportKind::Tls;
    bench.invite("sips:1@pbx.example");
    let sent = bench.transmit();
    assert_eq!(sent.transport, TransportKind::Tls);
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.contains("Via: SIP/2.0/TLS "), "{text}");
    assert!(text.contains("Contact: <sips:100@"), "{text}");
    bench.ua.handle_transport_failure(bench.now, TransportKind::Tls, addr(PEER));
    bench.ended();
    bench.finish();
}

/// RFC 3261 19.1.1: `maddr` takes the place of the host.
#[test]
fn the_maddr_of_a_contact_is_where_requests_go() {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@pbx.example");
    let invite = bench.request(Method::Invite);
    let mut answer = with_sdp(reply(&invite, 200, "a"), 4000);
    answer.headers.set("Contact", "<sip:callee@192.0.2.77;maddr=192.0.2.78>");
    bench.receive(answer);
    let ack = bench.transmit();
    assert_eq!(ack.destination, addr("192.0.2.78:5060"));
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, "a"));
    bench.finish();
}
