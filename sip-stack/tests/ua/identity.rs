//! Who calls, and with which credentials, through a whole call (RFC 3261 22, RFC 3323, RFC 3325).

use sip_stack::identity::{Caller, CallerId, Presentation, Wish, Withheld};
use sip_stack::message::{HeaderName, Method, Request, Response};
use sip_stack::ua::{HangupReason, Invite, InviteError, Secret, UaConfig};

use super::bench::{Bench, capabilities, in_dialog, reply, secs, uri, with_sdp};

fn invite(headers: Vec<(String, String)>) -> Invite {
    let target = uri("sip:0312345678@pbx.example");
    Invite { target, capabilities: capabilities(), ring_timeout: secs(30), headers }
}

fn from(request: &Request) -> String {
    request.headers.from().unwrap().uri.to_string()
}

/// The dialog keeps the From that it began with (12.2.1.1), and its ACK and BYE do not tell what the INVITE hid.
#[test]
fn an_anonymous_call_stays_anonymous() {
    let mut bench = Bench::new();
    let presentation = Presentation { asserted: true, ..Presentation::default() };
    let caller = Caller { number: Some("0398765432"), display: Some("K.K."), wish: Wish::Withheld };
    let presented = presentation.present(&uri("sip:100@pbx.example"), caller).unwrap();
    let mut headers = presented.headers;
    headers.push(("From".to_owned(), presented.from.with_tag("ignored").to_string()));
    let call = bench.ua.invite(bench.account, invite(headers), bench.now).unwrap();
    let sent = bench.request(Method::Invite);
    assert_eq!(from(&sent), "sip:anonymous@anonymous.invalid");
    assert_ne!(sent.headers.from().unwrap().tag(), Some("ignored"));
    assert_eq!(sent.headers.asserted_identities()[0].uri.user(), Some("0398765432"));
    let read = CallerId::read(&sent.headers, true);
    assert_eq!((read.number, read.withheld), (None, Some(Withheld::Anonymous)));
    bench.receive(with_sdp(reply(&sent, 200, "a"), 4000));
    let ack = bench.request(Method::Ack);
    bench.event();
    bench.ua.hangup(call, HangupReason::Normal, bench.now);
    let bye = bench.request(Method::Bye);
    for request in [&ack, &bye] {
        let text = String::from_utf8_lossy(&request.to_bytes()).into_owned();
        assert_eq!(from(request), "sip:anonymous@anonymous.invalid");
        assert!(!text.contains("0398765432") && !text.contains("K.K."), "{text}");
    }
    bench.receive(reply(&bye, 200, ""));
    bench.ended();
    bench.finish();
}

#[test]
fn a_from_that_is_no_address_starts_no_call() {
    let mut bench = Bench::new();
    let headers = vec![("f".to_owned(), "anonymous".to_owned())];
    let refused = bench.ua.invite(bench.account, invite(headers), bench.now);
    assert_eq!(refused, Err(InviteError::InvalidTarget));
    bench.quiet();
    bench.finish();
}

fn challenged(request: &Request, code: u16, realm: &str, nonce: &str) -> Response {
    let mut response = reply(request, code, "c");
    let name = if code == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
    response.headers.push(
        name,
        format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-512-256"),
    );
    response
}

fn secured() -> Bench {
    Bench::with(UaConfig::default(), |account| account.password = Secret::new("pw"))
}

/// A proxy asks first, the exchange behind it next (22.3); from then on every request carries both (22.1).
#[test]
fn a_proxy_and_an_exchange_ask_one_after_the_other() {
    let mut bench = secured();
    let call = bench.ua.invite(bench.account, invite(Vec::new()), bench.now).unwrap();
    let mut sent = bench.request(Method::Invite);
    for (code, realm) in [(407, "edge"), (401, "core")] {
        bench.receive(challenged(&sent, code, realm, realm));
        let ack = bench.request(Method::Ack);
        assert_eq!(ack.headers.credentials(&HeaderName::PROXY_AUTHORIZATION).len(), 0);
        sent = bench.request(Method::Invite);
    }
    let count = |request: &Request| {
        let counts = |name| request.headers.credentials(&name).iter().map(|c| c.nc).collect::<Vec<_>>();
        (counts(HeaderName::AUTHORIZATION), counts(HeaderName::PROXY_AUTHORIZATION))
    };
    assert_eq!(count(&sent), (vec![Some(1)], vec![Some(2)]));
    assert_eq!(sent.headers.cseq().unwrap().seq, 3);
    bench.receive(with_sdp(reply(&sent, 200, "a"), 4000));
    let ack = bench.request(Method::Ack);
    assert_eq!(count(&ack), count(&sent), "the ACK of a 2xx repeats its INVITE's");
    bench.event();
    bench.ua.hold(call, bench.now).unwrap();
    let hold = bench.request(Method::Invite);
    assert_eq!(count(&hold), (vec![Some(2)], vec![Some(3)]));
    bench.receive(with_sdp(reply(&hold, 200, "a"), 4000));
    bench.request(Method::Ack);
    bench.event();
    bench.ua.hangup(call, HangupReason::Normal, bench.now);
    let bye = bench.request(Method::Bye);
    assert_eq!(count(&bye), (vec![Some(3)], vec![Some(4)]));
    bench.receive(reply(&bye, 200, ""));
    bench.ended();
    bench.finish();
}

/// Two tries, then the refusal stands.
#[test]
fn a_wrong_password_ends_the_call_after_one_answer() {
    let mut bench = secured();
    bench.ua.invite(bench.account, invite(Vec::new()), bench.now).unwrap();
    for nonce in ["1", "2"] {
        let sent = bench.request(Method::Invite);
        bench.receive(challenged(&sent, 401, "core", nonce));
        bench.request(Method::Ack);
    }
    assert_eq!(bench.ended().sip_code, Some(401));
    bench.finish();
}

/// RFC 7616 3.5: the nonce that a 200 brings is used for the BYE, without a challenge in between.
#[test]
fn the_next_nonce_of_an_answer_is_used() {
    let mut bench = secured();
    let call = bench.ua.invite(bench.account, invite(Vec::new()), bench.now).unwrap();
    let sent = bench.request(Method::Invite);
    bench.receive(challenged(&sent, 401, "core", "one"));
    bench.request(Method::Ack);
    let sent = bench.request(Method::Invite);
    let mut answer = with_sdp(reply(&sent, 200, "a"), 4000);
    answer.headers.push("Authentication-Info", "nextnonce=\"two\"");
    bench.receive(answer);
    bench.request(Method::Ack);
    bench.event();
    let reinvite = in_dialog(&sent, "a", Method::Options, 7);
    bench.receive(&reinvite);
    bench.response(200);
    bench.ua.hangup(call, HangupReason::Normal, bench.now);
    let bye = bench.request(Method::Bye);
    let credentials = bye.headers.credentials(&HeaderName::AUTHORIZATION).remove(0);
    assert_eq!((credentials.nonce.as_str(), credentials.nc), ("two", Some(1)));
    let mut ok = reply(&bye, 200, "");
    ok.headers.push("Authentication-Info", "rspauth=\"00\", qop=auth, nc=00000001");
    bench.receive(ok);
    assert_eq!(bench.ua.counters().false_proofs, 1);
    bench.ended();
    bench.finish();
}
