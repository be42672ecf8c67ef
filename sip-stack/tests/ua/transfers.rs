//! REFER as transferor and as transferee (RFC 3515, 4488, 5589).

use netem::LinkConfig;
use sip_stack::message::{HeaderName, Method, NameAddr, Replaces, Request, Uri};
use sip_stack::ua::{CallId, Event, HangupReason, Invite, ReferPolicy, Rejection, TransferError, UaConfig};

use super::bench::{
    Bench, capabilities, follow_up, in_dialog, millis, of_caller, peer_invite, reply, sdp, secs, uri, with,
    with_sdp,
};
use super::infos::answered;
use super::pair::Pair;

fn notify(invite: &Request, cseq: u32, state: &str, fragment: &str) -> Request {
    let mut request = in_dialog(invite, "a", Method::Notify, cseq);
    request.headers.push("Event", "refer");
    request.headers.push("Subscription-State", state);
    if !fragment.is_empty() {
        request.headers.push("Content-Type", "message/sipfrag;version=2.0");
        request.body = format!("SIP/2.0 {fragment}\r\n").into_bytes();
    }
    request
}

/// An answered call of ours whose REFER is on the wire.
fn referring() -> (Bench, CallId, Request, Request) {
    let (mut bench, call, invite) = answered();
    bench.ua.transfer(call, &uri("sip:0312345678@pbx.example"), bench.now).unwrap();
    let refer = bench.request(Method::Refer);
    (bench, call, invite, refer)
}

fn progress(bench: &mut Bench, wanted: u16) {
    assert!(matches!(bench.event(), Event::TransferProgress { code, .. } if code == wanted));
}

fn failed(bench: &mut Bench, wanted: Option<u16>) {
    match bench.event() {
        Event::TransferFailed { code, .. } => assert_eq!(code, wanted),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_blind_transfer_is_told_and_ends_the_call() {
    let (mut bench, call, invite, refer) = referring();
    assert_eq!(refer.headers.refer_to().unwrap().uri.user(), Some("0312345678"));
    assert_eq!(refer.headers.referred_by().unwrap().uri.user(), Some("100"));
    assert_eq!(bench.ua.transfer(call, &uri("sip:2@h"), bench.now), Err(TransferError::Pending));
    bench.receive(reply(&refer, 202, ""));
    progress(&mut bench, 202);
    for (cseq, fragment, code) in [(5, "100 Trying", 100), (6, "180 Ringing", 180)] {
        bench.receive(notify(&invite, cseq, "active;expires=60", fragment));
        bench.response(200);
        progress(&mut bench, code);
    }
    bench.receive(notify(&invite, 7, "terminated;reason=noresource", "200 OK"));
    bench.response(200);
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(matches!(bench.event(), Event::Transferred { code: Some(200), .. }));
    bench.ended();
    bench.finish();
}

#[test]
fn refusals_leave_the_call() {
    for code in [403, 404, 405, 484, 488, 501, 603] {
        let (mut bench, call, _, refer) = referring();
        bench.receive(reply(&refer, code, ""));
        failed(&mut bench, Some(code));
        // Another one may be tried.
        bench.ua.transfer(call, &uri("sip:2@h"), bench.now).unwrap();
        let refer = bench.request(Method::Refer);
        bench.receive(reply(&refer, code, ""));
        bench.close(call);
    }
    let (mut bench, _, _, refer) = referring();
    bench.receive(reply(&refer, 481, ""));
    failed(&mut bench, Some(481));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 481, ""));
    bench.ended();
    bench.finish();
}

#[test]
fn a_challenged_refer_is_sent_again() {
    let (mut bench, call, invite, refer) = referring();
    let challenge = "Digest realm=\"pbx\", nonce=\"n1\", algorithm=MD5";
    bench.receive(with(reply(&refer, 407, ""), "Proxy-Authenticate", challenge));
    let again = bench.request(Method::Refer);
    assert!(again.headers.contains(&HeaderName::PROXY_AUTHORIZATION));
    assert_eq!(again.headers.refer_to(), refer.headers.refer_to());
    bench.receive(reply(&again, 202, ""));
    progress(&mut bench, 202);
    // The subscription's id is the number of the REFER that was accepted (RFC 3515 2.4.6).
    let number = again.headers.cseq().unwrap().seq;
    for (cseq, id, code) in [(5, number - 1, 481), (6, number, 200)] {
        let mut told = notify(&invite, cseq, "terminated", "486 Busy Here");
        told.headers.set("Event", format!("refer;id={id}"));
        bench.receive(told);
        bench.response(code);
    }
    failed(&mut bench, Some(486));
    bench.close(call);
}

#[test]
fn a_notify_may_overtake_the_202() {
    let (mut bench, call, invite, refer) = referring();
    bench.receive(notify(&invite, 5, "active", "180 Ringing"));
    bench.response(200);
    progress(&mut bench, 180);
    bench.receive(notify(&invite, 6, "terminated", "603 Decline"));
    bench.response(200);
    failed(&mut bench, Some(603));
    bench.receive(reply(&refer, 202, ""));
    bench.no_event();
    // The subscription is over.
    bench.receive(notify(&invite, 7, "active", "100 Trying"));
    bench.response(481);
    bench.close(call);
}

#[test]
fn odd_notifies_do_no_harm() {
    let (mut bench, call, invite, refer) = referring();
    bench.receive(reply(&refer, 202, ""));
    progress(&mut bench, 202);
    let mut foreign = notify(&invite, 5, "active", "100 Trying");
    foreign.headers.set("Content-Type", "text/plain");
    bench.receive(foreign);
    bench.response(415);
    bench.receive(notify(&invite, 6, "active", "nothing"));
    bench.response(400);
    bench.receive(notify(&invite, 7, "active", ""));
    bench.response(200);
    // Another fork's dialog is none of ours.
    let mut fork = notify(&invite, 8, "active", "200 OK");
    fork.headers.set("From", NameAddr::parse("<sip:1@h>").unwrap().with_tag("b").to_string());
    bench.receive(fork);
    bench.response(481);
    bench.no_event();
    bench.receive(notify(&invite, 9, "terminated;reason=giveup", ""));
    bench.response(200);
    failed(&mut bench, None);
    bench.close(call);
}

#[test]
fn silence_ends_the_wait() {
    let (mut bench, call, _, refer) = referring();
    bench.receive(reply(&refer, 202, ""));
    progress(&mut bench, 202);
    bench.advance(secs(149));
    bench.no_event();
    bench.advance(secs(1));
    failed(&mut bench, None);
    bench.close(call);

    let (mut bench, call, ..) = referring();
    bench.advance(secs(32));
    bench.ignore_sent();
    failed(&mut bench, None);
    bench.close(call);
}

#[test]
fn a_peer_that_leaves_after_its_202_has_arrived() {
    for (accepted, code) in [(true, 202), (false, 100)] {
        let (mut bench, _, invite, refer) = referring();
        bench.receive(reply(&refer, code, ""));
        if accepted {
            progress(&mut bench, 202);
        }
        bench.receive(in_dialog(&invite, "a", Method::Bye, 5));
        bench.response(200);
        match bench.event() {
            Event::Transferred { code: None, .. } => assert!(accepted),
            Event::TransferFailed { code: None, .. } => assert!(!accepted),
            other => panic!("{other:?}"),
        }
        bench.ended();
        bench.receive(notify(&invite, 6, "terminated", "200 OK"));
        bench.response(481);
        bench.receive(reply(&refer, 202, ""));
        bench.no_event();
        bench.finish();
    }
}

#[test]
fn our_bye_crosses_the_transfer() {
    let (mut bench, call, invite, refer) = referring();
    bench.hangup(call);
    let bye = bench.request(Method::Bye);
    failed(&mut bench, None);
    bench.ended();
    bench.receive(notify(&invite, 5, "terminated", "200 OK"));
    bench.response(481);
    bench.receive(reply(&refer, 202, ""));
    bench.receive(reply(&bye, 200, ""));
    bench.no_event();
    bench.finish();
}

#[test]
fn a_peer_without_subscription_is_believed() {
    let (mut bench, _, _, refer) = referring();
    bench.receive(with(reply(&refer, 200, ""), "Refer-Sub", "false"));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    assert!(matches!(bench.event(), Event::Transferred { code: None, .. }));
    bench.ended();
    bench.finish();
}

#[test]
fn an_attended_transfer_names_the_other_dialog() {
    let (mut bench, first, _) = answered();
    assert_eq!(bench.ua.transfer_to(first, first, bench.now), Err(TransferError::NotEstablished));
    let second = bench.invite("sip:2@h");
    let invite = bench.request(Method::Invite);
    assert_eq!(bench.ua.transfer_to(first, second, bench.now), Err(TransferError::NotEstablished));
    assert_eq!(bench.ua.transfer(second, &uri("sip:3@h"), bench.now), Err(TransferError::NotEstablished));
    bench.receive(with_sdp(reply(&invite, 200, "b"), 4002));
    bench.request(Method::Ack);
    bench.event();
    bench.ua.transfer_to(first, second, bench.now).unwrap();
    let refer = bench.request(Method::Refer);
    let to = refer.headers.refer_to().unwrap().uri;
    assert_eq!(to.user(), Some("callee-b"));
    let replaces = Replaces::of_uri(&to).unwrap();
    assert_eq!(Some(replaces.call_id.as_str()), invite.headers.call_id().as_deref());
    assert_eq!(
        (replaces.to_tag.as_str(), Some(replaces.from_tag.as_str())),
        ("b", invite.headers.from().unwrap().tag())
    );
    bench.receive(with(reply(&refer, 202, ""), "Refer-Sub", "false"));
    let bye = bench.request(Method::Bye);
    bench.receive(reply(&bye, 200, ""));
    bench.events.clear();
    // The target ends the call whose place was taken.
    bench.receive(in_dialog(&invite, "b", Method::Bye, 5));
    bench.response(200);
    bench.ended();
    bench.finish();
}

/// An answered call of the peer's, with its INVITE and our 200.
fn called(policy: ReferPolicy) -> (Bench, CallId, Request, sip_stack::message::Response) {
    let config = UaConfig { refers: policy, seed: 7, ..UaConfig::default() };
    let mut bench = Bench::with(config, |_| {});
    let invite = peer_invite("1", Some(&sdp(4000, "sendrecv")));
    bench.receive(&invite);
    bench.response(100);
    let call = bench.incoming();
    bench.ua.answer(call, &capabilities(), bench.now);
    let ok = bench.response(200);
    bench.receive(follow_up(&invite, Method::Ack, Some(&ok), "ack"));
    bench.events.clear();
    (bench, call, invite, ok)
}

fn refer(invite: &Request, ok: &sip_stack::message::Response, cseq: u32, to: &str) -> Request {
    let mut request = of_caller(invite, ok, Method::Refer, cseq);
    request.headers.push("Refer-To", to);
    request.headers.push("Referred-By", "<sip:boss@pbx.example>");
    request
}

#[test]
fn a_refer_is_refused_unless_the_owner_wants_to_be_asked() {
    let (mut bench, call, invite, ok) = called(ReferPolicy::Refuse);
    assert!(!ok.headers.allow().contains(&Method::Refer));
    bench.receive(refer(&invite, &ok, 2, "<sip:0990123456@pbx.example>"));
    bench.response(603);
    bench.no_event();
    bench.close(call);

    let (mut bench, call, invite, ok) = called(ReferPolicy::Ask);
    assert!(ok.headers.allow().contains(&Method::Refer));
    let cases = [("<sip:a@h>, <sip:b@h>", 400), ("<mailto:a@h>", 416), ("<sip:a@h;method=BYE>", 603)];
    for (cseq, (to, code)) in (2..).zip(cases) {
        bench.receive(refer(&invite, &ok, cseq, to));
        bench.response(code);
    }
    bench.no_event();
    bench.close(call);
}

#[test]
fn the_owner_is_asked_and_the_peer_is_told() {
    let (mut bench, call, invite, ok) = called(ReferPolicy::Ask);
    let to = "<sip:0990123456@pbx.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&P-Asserted-Identity=evil>";
    bench.receive(refer(&invite, &ok, 2, to));
    bench.quiet();
    let Event::TransferAsked { target, replaces, referred_by, .. } = bench.event() else { panic!() };
    assert_eq!(target.to_string(), "sip:0990123456@pbx.example");
    assert_eq!(replaces.unwrap().call_id, "x");
    assert_eq!(referred_by.unwrap().uri.user(), Some("boss"));
    bench.receive(refer(&invite, &ok, 3, "<sip:2@h>"));
    bench.response(491);
    let new = bench.invite("sip:0990123456@pbx.example");
    let outgoing = bench.request(Method::Invite);
    bench.ua.accept_transfer(call, new, bench.now).unwrap();
    bench.response(202);
    let told = |bench: &mut Bench, fragment: &str, over: bool| {
        let notify = bench.request(Method::Notify);
        assert_eq!(String::from_utf8_lossy(&notify.body), format!("SIP/2.0 {fragment}\r\n"));
        assert_eq!(notify.headers.event().unwrap().id(), Some("2"));
        assert_eq!(notify.headers.subscription_state().unwrap().is_terminated(), over);
        notify
    };
    let first = told(&mut bench, "100 Trying", false);
    // While the first NOTIFY waits for its answer only the latest news counts.
    bench.receive(reply(&outgoing, 180, "n"));
    bench.receive(reply(&outgoing, 183, "n"));
    bench.quiet();
    bench.receive(reply(&first, 200, ""));
    let second = told(&mut bench, "183 Session Progress", false);
    bench.receive(reply(&second, 200, ""));
    bench.receive(with_sdp(reply(&outgoing, 200, "n"), 4002));
    bench.request(Method::Ack);
    let last = told(&mut bench, "200 OK", true);
    bench.receive(reply(&last, 200, ""));
    // The transferor leaves.
    bench.receive(of_caller(&invite, &ok, Method::Bye, 4));
    bench.response(200);
    bench.close(new);
}

#[test]
fn the_owner_refuses_or_says_nothing() {
    let (mut bench, call, invite, ok) = called(ReferPolicy::Ask);
    bench.receive(refer(&invite, &ok, 2, "<sip:2@h>"));
    bench.event();
    bench.ua.refuse_transfer(call, &Rejection::new(403), bench.now).unwrap();
    bench.response(403);
    let again = bench.ua.refuse_transfer(call, &Rejection::new(403), bench.now);
    assert_eq!(again, Err(TransferError::NothingAsked));
    bench.receive(refer(&invite, &ok, 3, "<sip:2@h>"));
    bench.event();
    bench.advance(secs(16));
    bench.response(603);
    // A call that ends first answers the open REFER too.
    bench.receive(refer(&invite, &ok, 4, "<sip:2@h>"));
    bench.event();
    bench.receive(of_caller(&invite, &ok, Method::Bye, 5));
    let mut codes = [bench.transmit(), bench.transmit()].map(|sent| sent.bytes[8..11].to_vec());
    codes.sort();
    assert_eq!(codes, [b"200".to_vec(), b"481".to_vec()]);
    bench.ended();
    bench.finish();
}

#[test]
fn a_failed_new_call_and_a_refer_without_subscription() {
    let (mut bench, call, invite, ok) = called(ReferPolicy::Ask);
    bench.receive(refer(&invite, &ok, 2, "<sip:2@h>"));
    bench.event();
    let new = bench.invite("sip:2@h");
    let outgoing = bench.request(Method::Invite);
    bench.ua.accept_transfer(call, new, bench.now).unwrap();
    bench.response(202);
    let first = bench.request(Method::Notify);
    bench.receive(reply(&first, 200, ""));
    bench.receive(reply(&outgoing, 486, "n"));
    bench.request(Method::Ack);
    let last = bench.request(Method::Notify);
    assert_eq!(last.body, b"SIP/2.0 486 Busy Here\r\n");
    // Nobody subscribed any more: the call goes on.
    bench.receive(reply(&last, 481, ""));
    bench.events.clear();

    let mut quiet = refer(&invite, &ok, 3, "<sip:2@h>");
    quiet.headers.push("Refer-Sub", "false");
    bench.receive(quiet);
    bench.event();
    let new = bench.invite("sip:2@h");
    let outgoing = bench.request(Method::Invite);
    bench.ua.accept_transfer(call, new, bench.now).unwrap();
    assert_eq!(bench.response(202).headers.text(&HeaderName::REFER_SUB).unwrap(), "false");
    bench.receive(reply(&outgoing, 486, "n"));
    bench.request(Method::Ack);
    bench.quiet();
    bench.close(call);
}

/// Both roles over networks that lose, repeat and reorder: the transferee's new call goes back to the transferor's
/// host, which stands for the target.
#[test]
fn transfers_survive_bad_networks() {
    let (mut done, base) = (0, LinkConfig { delay: millis(30), ..LinkConfig::default() });
    for seed in 0..30 {
        let config = UaConfig { refers: ReferPolicy::Ask, ..UaConfig::default() };
        let mut pair = Pair::with(base, seed, UaConfig::default(), config);
        let (call, theirs) = pair.connect();
        pair.configure(LinkConfig {
            loss_per_mille: 150,
            duplicate_per_mille: 150,
            reorder_per_mille: 100,
            reorder_by: millis(300),
            ..base
        });
        pair.caller.ua.transfer(call, &uri("sip:alice@192.0.2.10"), pair.now).unwrap();
        pair.run_for(secs(10));
        let asked = pair.callee.events.iter().find_map(|event| match event {
            Event::TransferAsked { target, .. } => Some(target.clone()),
            _ => None,
        });
        if let Some(target) = asked {
            transfer_to_caller(&mut pair, theirs, target);
        }
        pair.run_for(secs(200));
        let outcomes = pair
            .caller
            .count(|event| matches!(event, Event::Transferred { .. } | Event::TransferFailed { .. }));
        assert_eq!(outcomes, 1, "seed {seed}: {:?}", pair.caller.events);
        done += pair.caller.count(|event| matches!(event, Event::Transferred { .. }));
        pair.configure(base);
        for call in [call, theirs].into_iter().chain(pair.caller.all_incoming()) {
            pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
            pair.callee.ua.hangup(call, HangupReason::Normal, pair.now);
        }
        pair.run_for(secs(200));
        pair.finish();
    }
    assert!(done >= 25, "{done} of 30 transfers succeeded");
}

fn transfer_to_caller(pair: &mut Pair, theirs: CallId, target: Uri) {
    let invite = Invite { target, capabilities: capabilities(), ring_timeout: secs(60), headers: Vec::new() };
    let new = pair.callee.ua.invite(pair.callee.account, invite, pair.now).unwrap();
    if pair.callee.ua.accept_transfer(theirs, new, pair.now).is_err() {
        // The refusal for want of an answer went before.
        pair.callee.ua.hangup(new, HangupReason::Normal, pair.now);
    }
    pair.run_for(secs(5));
    if let Some(arrived) = pair.caller.incoming() {
        pair.caller.ua.ring(arrived, pair.now);
        pair.run_for(secs(3));
        pair.caller.ua.answer(arrived, &capabilities(), pair.now);
    }
}
