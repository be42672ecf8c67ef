//! Session timers (RFC 4028) from either side, and the longest call.

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, Request};
use sip_stack::ua::{CallId, EndedBy, Event, SessionPolicy, UaConfig, WishedRefresher};

use super::bench::{
    Bench, capabilities, follow_up, in_dialog, millis, of_caller, peer_invite, reply, sdp, secs, with,
    with_sdp,
};
use super::pair::Pair;

fn policy(expires: u64, refresher: WishedRefresher) -> UaConfig {
    let session = SessionPolicy { expires: secs(expires), refresher, ..SessionPolicy::default() };
    UaConfig { session, ..UaConfig::default() }
}

/// A call of ours that is answered with these Session-Expires and Allow.
fn answered(expires: &str, allow: &str) -> (Bench, CallId, Request) {
    let mut bench = Bench::new();
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    assert_eq!(invite.headers.session_expires().map(|asked| asked.interval), Some(1800));
    assert!(invite.headers.supports("timer"));
    let ok = with(with_sdp(reply(&invite, 200, "a"), 4000), "Allow", allow);
    bench.receive(if expires.is_empty() { ok } else { with(ok, "Session-Expires", expires) });
    bench.request(Method::Ack);
    bench.event();
    (bench, call, invite)
}

#[test]
fn both_sides_refresh_a_long_call_by_update() {
    for refresher in [WishedRefresher::Us, WishedRefresher::Peer] {
        let link = LinkConfig { delay: millis(30), loss_per_mille: 100, ..LinkConfig::default() };
        let mut pair = Pair::with(link, 7, policy(90, refresher), policy(90, WishedRefresher::Either));
        let (call, _) = pair.connect();
        pair.run_for(secs(400));
        assert!(!pair.caller.has_ended() && !pair.callee.has_ended(), "{refresher:?}");
        let (by_us, by_peer) = (pair.sent("> UPDATE"), pair.sent("< UPDATE"));
        let (refreshed, other) =
            if refresher == WishedRefresher::Us { (by_us, by_peer) } else { (by_peer, by_us) };
        assert!(refreshed >= 8 && other == 0, "{refresher:?}: {by_us} and {by_peer}");
        pair.hangup(call);
        pair.finish();
    }
}

#[test]
fn a_dead_peer_is_noticed_by_both_sides() {
    for refresher in [WishedRefresher::Us, WishedRefresher::Peer] {
        let mut pair = Pair::with(
            LinkConfig { delay: millis(5), ..LinkConfig::default() },
            8,
            policy(90, refresher),
            policy(90, WishedRefresher::Either),
        );
        pair.connect();
        pair.configure(LinkConfig { loss_per_mille: 1000, ..LinkConfig::default() });
        // Who refreshes gives up 64*T1 after half the interval, at 77 s, or at its end; who waits 60 s after the start.
        pair.run_for(secs(80));
        assert!(pair.caller.has_ended() && pair.callee.has_ended(), "{refresher:?}");
        assert_eq!((pair.caller.end().by, pair.callee.end().by), (EndedBy::Timeout, EndedBy::Timeout));
        pair.finish();
    }
}

#[test]
fn refresh_by_update_at_half_the_interval() {
    let (mut bench, call, _) = answered("100;refresher=uac", "INVITE, ACK, BYE, UPDATE");
    for _ in 0..3 {
        bench.advance(millis(49_999));
        bench.quiet();
        bench.advance(millis(1));
        let update = bench.request(Method::Update);
        assert!(update.body.is_empty() && update.headers.contact().is_some());
        assert_eq!(update.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "100;refresher=uac");
        bench.receive(with(reply(&update, 200, ""), "Session-Expires", "100;refresher=uac"));
        bench.no_event();
    }
    bench.close(call);
}

#[test]
fn refresh_by_reinvite_repeats_the_description_and_its_version() {
    let (mut bench, call, invite) = answered("100;refresher=uac", "INVITE, ACK, BYE");
    bench.advance(secs(50));
    let refresh = bench.request(Method::Invite);
    assert_eq!(refresh.body, invite.body);
    assert_eq!(refresh.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "100;refresher=uac");
    bench.receive(with(with_sdp(reply(&refresh, 200, "a"), 4000), "Session-Expires", "100;refresher=uac"));
    bench.request(Method::Ack);
    // Nothing changed, so nobody is told.
    bench.no_event();
    bench.close(call);
}

#[test]
fn a_refused_hold_does_not_come_back_with_the_refresh() {
    let (mut bench, call, invite) = answered("100;refresher=uac", "INVITE");
    bench.ua.hold(call, bench.now).unwrap();
    let hold = bench.request(Method::Invite);
    bench.receive(reply(&hold, 488, "a"));
    bench.request(Method::Ack);
    bench.event();
    bench.advance(secs(50));
    let refresh = bench.request(Method::Invite);
    assert_eq!(refresh.body, invite.body);
    bench.receive(with_sdp(reply(&refresh, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.no_event();
    bench.close(call);
}

#[test]
fn an_allow_that_promised_too_much_falls_back_to_reinvite() {
    for code in [405, 501] {
        let (mut bench, call, _) = answered("100;refresher=uac", "INVITE, UPDATE");
        bench.advance(secs(50));
        let update = bench.request(Method::Update);
        bench.receive(reply(&update, code, ""));
        let refresh = bench.request(Method::Invite);
        bench.receive(with_sdp(reply(&refresh, 200, "a"), 4000));
        bench.request(Method::Ack);
        // No Session-Expires any more: the session does not expire (7.2).
        bench.advance(secs(500));
        bench.quiet();
        bench.close(call);
    }
}

#[test]
fn a_peer_without_timers_is_left_alone() {
    let (mut bench, call, _) = answered("", "INVITE, UPDATE");
    bench.advance(secs(7200));
    bench.quiet();
    bench.close(call);
}

#[test]
fn a_refresher_that_stays_away_is_hung_up() {
    let (mut bench, _, invite) = answered("90;refresher=uas", "UPDATE");
    bench.advance(secs(50));
    // A refresh of the peer starts the clock anew.
    let mut update = in_dialog(&invite, "a", Method::Update, 5);
    update.headers.push("Supported", "timer");
    update.headers.push("Session-Expires", "90;refresher=uac");
    bench.receive(&update);
    let ok = bench.response(200);
    assert_eq!(ok.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "90;refresher=uac");
    assert!(ok.headers.requires("timer"));
    // The end of the session less a third of it (10).
    bench.advance(millis(59_999));
    bench.quiet();
    bench.advance(millis(1));
    let bye = bench.request(Method::Bye);
    assert_eq!(bye.headers.reasons()[0].cause, Some(102));
    bench.receive(reply(&bye, 200, ""));
    let end = bench.ended();
    assert_eq!((end.by, end.reason_text.as_deref()), (EndedBy::Timeout, Some("session expired")));
    bench.finish();
}

#[test]
fn answers_to_a_refresh_that_end_the_call_and_those_that_do_not() {
    for code in [408, 481, 404] {
        let (mut bench, _, _) = answered("100;refresher=uac", "UPDATE");
        bench.advance(secs(50));
        let update = bench.request(Method::Update);
        bench.receive(reply(&update, code, ""));
        let bye = bench.request(Method::Bye);
        bench.receive(reply(&bye, 481, ""));
        assert_eq!(bench.ended().sip_code, Some(code));
        bench.finish();
    }
    let (mut bench, _, _) = answered("100;refresher=uac", "UPDATE");
    bench.advance(secs(50));
    let update = bench.request(Method::Update);
    bench.receive(reply(&update, 503, ""));
    bench.no_event();
    // Tried again until the session expires at 68 s.
    bench.advance(millis(12_500));
    let update = bench.request(Method::Update);
    bench.receive(reply(&update, 503, ""));
    bench.advance(secs(10));
    bench.request(Method::Bye);
    bench.event();
    bench.advance(secs(40));
    bench.ignore_sent();
    bench.finish();
}

#[test]
fn a_challenged_refresh_is_sent_again() {
    let (mut bench, call, _) = answered("100;refresher=uac", "UPDATE");
    bench.advance(secs(50));
    let update = bench.request(Method::Update);
    bench.receive(with(reply(&update, 407, ""), "Proxy-Authenticate", "Digest realm=\"p\", nonce=\"n\""));
    let again = bench.request(Method::Update);
    assert!(again.headers.contains(&HeaderName::PROXY_AUTHORIZATION));
    bench.receive(with(reply(&again, 200, ""), "Session-Expires", "100;refresher=uac"));
    bench.close(call);
}

#[test]
fn a_422_is_answered_with_a_longer_interval() {
    let mut bench = Bench::with(policy(120, WishedRefresher::Either), |account| {
        account.session.expires = secs(120);
    });
    let call = bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with(reply(&invite, 422, "x"), "Min-SE", "300"));
    bench.request(Method::Ack);
    let again = bench.request(Method::Invite);
    assert_eq!(again.headers.call_id(), invite.headers.call_id());
    assert_eq!(again.headers.cseq().unwrap().seq, 2);
    assert_eq!((again.headers.session_expires().unwrap().interval, again.headers.min_se()), (300, Some(300)));
    // A 422 that asks for nothing more ends the call.
    bench.receive(with(reply(&again, 422, "x"), "Min-SE", "300"));
    bench.request(Method::Ack);
    assert_eq!(bench.ended().sip_code, Some(422));
    let _ = call;
    bench.finish();
}

#[test]
fn a_422_to_a_refresh_raises_the_interval() {
    let (mut bench, call, _) = answered("100;refresher=uac", "UPDATE");
    bench.advance(secs(50));
    let update = bench.request(Method::Update);
    bench.receive(with(reply(&update, 422, ""), "Min-SE", "600"));
    let again = bench.request(Method::Update);
    assert_eq!(again.headers.session_expires().unwrap().interval, 600);
    bench.receive(with(reply(&again, 200, ""), "Session-Expires", "600;refresher=uac"));
    bench.close(call);
}

#[test]
fn a_callers_interval_that_is_too_short_is_refused_with_422() {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.push("Supported", "timer");
    invite.headers.push("Session-Expires", "60");
    bench.receive(&invite);
    bench.response(100);
    let refused = bench.response(422);
    assert_eq!(refused.headers.min_se(), Some(90));
    bench.receive(follow_up(&invite, Method::Ack, Some(&refused), "1"));
    bench.no_event();
    bench.finish();
}

/// A peer that chose a short interval in its 2xx refreshes with it; less than that is too short.
#[test]
fn an_agreed_interval_is_not_too_short_when_it_is_refreshed() {
    let (mut bench, call, invite) = answered("20;refresher=uas", "UPDATE");
    let refresh = |cseq: u32, expires: &str| {
        let mut update = in_dialog(&invite, "a", Method::Update, cseq);
        update.headers.push("Contact", "<sip:callee-a@192.0.2.1>");
        update.headers.push("Supported", "timer");
        update.headers.push("Session-Expires", expires);
        update
    };
    bench.advance(secs(10));
    bench.receive(refresh(1, "20;refresher=uac"));
    let ok = bench.response(200);
    assert_eq!(ok.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "20;refresher=uac");
    // Past the end of the first interval.
    bench.advance(secs(10));
    bench.quiet();
    bench.receive(refresh(2, "10;refresher=uac"));
    assert_eq!(bench.response(422).headers.min_se(), Some(90));
    bench.close(call);
}

#[test]
fn as_the_called_side_we_answer_and_refresh() {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.push("Supported", "timer");
    invite.headers.push("Session-Expires", "100;refresher=uas");
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert_eq!(ok.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "100;refresher=uas");
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.advance(secs(50));
    // No Allow in the INVITE: the refresh is a re-INVITE with the answer in force.
    let refresh = bench.request(Method::Invite);
    assert_eq!(refresh.body, ok.body);
    assert_eq!(refresh.headers.text(&HeaderName::SESSION_EXPIRES).unwrap(), "100;refresher=uac");
    bench.receive(with_sdp(reply(&refresh, 200, ""), 4000));
    bench.request(Method::Ack);
    bench.close(call);
}

#[test]
fn a_peers_reinvite_refreshes_too() {
    let mut bench = Bench::new();
    let mut invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    invite.headers.push("Supported", "timer");
    invite.headers.push("Session-Expires", "90");
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    assert!(ok.headers.requires("timer"));
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    for cseq in 2..6 {
        bench.advance(secs(50));
        let again = of_caller(&invite, &ok, Method::Invite, cseq);
        let mut again = super::bench::offering(again, &sdp(4000, "sendrecv"));
        again.headers.push("Supported", "timer");
        bench.receive(&again);
        let refreshed = bench.response(200);
        assert_eq!(refreshed.headers.session_expires().map(|said| said.interval), Some(90));
        bench.receive(of_caller(&again, &refreshed, Method::Ack, cseq));
    }
    assert!(!bench.events.iter().any(|event| matches!(event, Event::MediaChanged { .. })));
    bench.close(call);
}

#[test]
fn the_longest_call_is_ended() {
    let config = UaConfig { max_call_length: Some(secs(3600)), ..UaConfig::default() };
    let mut bench = Bench::with(config, |_| {});
    bench.invite("sip:1@h");
    let invite = bench.request(Method::Invite);
    bench.receive(with_sdp(reply(&invite, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.event();
    bench.advance(secs(3600) - millis(1));
    bench.quiet();
    bench.advance(millis(1));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    let end = bench.ended();
    assert_eq!((end.by, end.reason_text.as_deref()), (EndedBy::Local, Some("longest call length reached")));
    bench.finish();
}
