//! rsip as a second opinion on clean messages: both must read the same fields. What rsip gets wrong is left out here
//! and listed in ADR 0001.

use rsip::prelude::{HeadersExt, ToTypedHeader, UntypedHeader};
use sip_stack::message::{HeaderName, Message, parse_datagram};

const REQUESTS: &[&str] = &[
    "INVITE sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8\r\n\
     Max-Forwards: 70\r\nTo: <sip:bob@biloxi.com>\r\nFrom: <sip:alice@atlanta.com>;tag=1928301774\r\n\
     Call-ID: a84b4c76e66710\r\nCSeq: 314159 INVITE\r\nContact: <sip:alice@pc33.atlanta.com>\r\n\
     Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nbody",
    "REGISTER sip:registrar.biloxi.com SIP/2.0\r\nVia: SIP/2.0/TCP bobspc.biloxi.com:5060;branch=z9hG4bKnashds7\r\n\
     Max-Forwards: 70\r\nTo: <sip:bob@biloxi.com>\r\nFrom: <sip:bob@biloxi.com>;tag=456248\r\n\
     Call-ID: 843817637684230@998sdasdh09\r\nCSeq: 1826 REGISTER\r\nContact: <sip:bob@192.0.2.4>\r\n\
     Expires: 7200\r\nContent-Length: 0\r\n\r\n",
    "BYE sip:alice@pc33.atlanta.com:5062 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKnashds10\r\n\
     Max-Forwards: 70\r\nFrom: <sip:bob@biloxi.com>;tag=a6c85cf\r\nTo: <sip:alice@atlanta.com>;tag=1928301774\r\n\
     Call-ID: a84b4c76e66710\r\nCSeq: 231 BYE\r\nContent-Length: 0\r\n\r\n",
];

const RESPONSES: &[&str] = &[
    "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP server10.biloxi.com;branch=z9hG4bK4b43c2ff8.1;received=192.0.2.3\r\n\
     To: <sip:bob@biloxi.com>;tag=a6c85cf\r\nFrom: <sip:alice@atlanta.com>;tag=1928301774\r\n\
     Call-ID: a84b4c76e66710\r\nCSeq: 314159 INVITE\r\nContact: <sip:bob@192.0.2.4>\r\nContent-Length: 0\r\n\r\n",
    "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bK1\r\nTo: <sip:b@h.example>;tag=2\r\n\
     From: <sip:a@h.example>;tag=1\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\nContent-Length: 0\r\n\r\n",
];

fn assert_same(ours: &Message, theirs: &impl HeadersExt) {
    let headers = ours.headers();
    assert_eq!(headers.call_id().as_deref(), Some(theirs.call_id_header().unwrap().value()));
    let cseq = theirs.cseq_header().unwrap().typed().unwrap();
    assert_eq!(headers.cseq().unwrap().seq, cseq.seq);
    assert_eq!(headers.cseq().unwrap().method.as_str(), cseq.method.to_string());
    let via = theirs.via_header().unwrap().typed().unwrap();
    assert_eq!(headers.via().unwrap().branch(), via.branch().map(|branch| branch.value()));
    assert_eq!(headers.via().unwrap().transport, via.transport.to_string());
    assert_eq!(headers.via().unwrap().host.to_string(), via.uri.host_with_port.host.to_string());
    assert_eq!(headers.via().unwrap().port, via.uri.host_with_port.port.map(|port| *port.value()));
    let (from, to) =
        (theirs.from_header().unwrap().typed().unwrap(), theirs.to_header().unwrap().typed().unwrap());
    assert_eq!(headers.from().unwrap().uri.to_string(), from.uri.to_string());
    assert_eq!(headers.from().unwrap().tag(), from.tag().map(|tag| tag.value()));
    assert_eq!(headers.to().unwrap().uri.to_string(), to.uri.to_string());
    assert_eq!(headers.to().unwrap().tag(), to.tag().map(|tag| tag.value()));
    if let Some(contact) = headers.contact() {
        let theirs = theirs.contact_header().unwrap().typed().unwrap();
        assert_eq!(contact.uri.to_string(), theirs.uri.to_string());
    }
    // Content-Length is written from the body, so it is the one header that we do not keep.
    let kept = headers.iter().filter(|(name, _)| **name != HeaderName::CONTENT_LENGTH).count();
    assert_eq!(kept + 1, theirs.headers().iter().count());
}

#[test]
fn clean_requests_read_the_same() {
    for text in REQUESTS {
        let ours = parse_datagram(text.as_bytes()).unwrap();
        // rsip reads what we print, too: strict out.
        for bytes in [text.as_bytes().to_vec(), ours.to_bytes()] {
            let theirs = rsip::Request::try_from(bytes).unwrap();
            let Message::Request(request) = &ours else { panic!() };
            assert_eq!(request.method.as_str(), theirs.method.to_string());
            assert_eq!(request.uri.to_string(), theirs.uri.to_string());
            assert_eq!(request.body, theirs.body);
            assert_same(&ours, &theirs);
        }
    }
}

#[test]
fn clean_responses_read_the_same() {
    for text in RESPONSES {
        let ours = parse_datagram(text.as_bytes()).unwrap();
        for bytes in [text.as_bytes().to_vec(), ours.to_bytes()] {
            let theirs = rsip::Response::try_from(bytes).unwrap();
            let Message::Response(response) = &ours else { panic!() };
            assert_eq!(response.code, theirs.status_code.code());
            assert_same(&ours, &theirs);
        }
    }
}
