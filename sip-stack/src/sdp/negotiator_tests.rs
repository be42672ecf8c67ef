//! Offer/answer tables (RFC 3264).

use super::*;
use crate::sdp::CodecSpec;

fn capabilities(codecs: &[CodecName]) -> Capabilities {
    Capabilities {
        codecs: codecs.iter().copied().map(CodecSpec::new).collect(),
        ..Capabilities::new("192.0.2.1".parse().unwrap(), 20000)
    }
}

fn g711() -> Capabilities {
    capabilities(&[CodecName::Pcmu, CodecName::Pcma])
}

/// A description of the peer at 198.51.100.9.
fn peer(media: &str) -> Vec<u8> {
    format!("v=0\r\no=- 9 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n{media}")
        .into_bytes()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Offers, takes `answer`, and gives what was agreed.
fn offered(capabilities: &Capabilities, answer: &str) -> Result<Negotiated, NegotiationError> {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(capabilities, Direction::SendRecv).unwrap();
    negotiator.answer_received(&peer(answer))
}

/// Answers `offer` and gives the answer with what was agreed.
fn answered(capabilities: &Capabilities, offer: &str) -> Result<(String, Negotiated), NegotiationError> {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer_received(&peer(offer))?;
    let (bytes, negotiated) = negotiator.answer(capabilities)?;
    Ok((text(bytes), negotiated))
}

#[test]
fn the_first_offer_is_complete() {
    let mut negotiator = Negotiator::new(14);
    let codecs = [CodecName::Opus, CodecName::Pcmu, CodecName::Pcma];
    let offer = text(negotiator.offer(&capabilities(&codecs), Direction::SendRecv).unwrap());
    assert_eq!(
        offer,
        "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 111 0 8 101 102\r\n\
         a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=rtpmap:102 telephone-event/48000\r\na=fmtp:102 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(negotiator.state(), NegotiatorState::LocalOffer);
    assert_eq!(negotiator.offer(&g711(), Direction::SendRecv), Err(NegotiationError::WrongState));
}

#[test]
fn answers_to_our_offer() {
    let agreed = offered(&g711(), "m=audio 4000 RTP/AVP 8 0\r\n").unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.receive_payload_type), (CodecName::Pcma, 8, 8));
    assert_eq!(agreed.remote, "198.51.100.9:4000".parse().unwrap());
    assert_eq!(agreed.remote_rtcp, Some("198.51.100.9:4001".parse().unwrap()));
    assert_eq!((agreed.dtmf_payload_type, agreed.direction), (None, Direction::SendRecv));

    // The answerer may number dynamic types its own way: we send theirs and expect ours.
    let opus = capabilities(&[CodecName::Opus]);
    let agreed = offered(
        &opus,
        "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 usedtx=1\r\n\
         a=rtpmap:97 telephone-event/48000\r\na=ptime:40\r\na=rtcp:5000\r\n",
    )
    .unwrap();
    assert_eq!((agreed.payload_type, agreed.receive_payload_type), (96, 111));
    assert_eq!((agreed.dtmf_payload_type, agreed.dtmf_receive_payload_type), (Some(97), Some(102)));
    assert_eq!((agreed.ptime_ms, agreed.fmtp.as_deref()), (40, Some("usedtx=1")));
    assert_eq!(agreed.remote_rtcp, Some("198.51.100.9:5000".parse().unwrap()));
}

#[test]
fn answers_that_cannot_be_used() {
    for (answer, error) in [
        ("m=audio 0 RTP/AVP 0\r\n", NegotiationError::NoCommonMedia),
        ("m=audio 4000 RTP/AVP 18\r\n", NegotiationError::NoCommonCodec),
        ("m=image 4000 udptl t38\r\n", NegotiationError::NoCommonMedia),
        ("m=audio 4000 RTP/SAVP 0\r\n", NegotiationError::Security),
        ("", NegotiationError::Mismatch),
        ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 media.example\r\n", NegotiationError::UnresolvedHost),
    ] {
        assert_eq!(offered(&g711(), answer), Err(error), "{answer}");
    }
    let mut negotiator = Negotiator::new(7);
    assert_eq!(negotiator.answer_received(&peer("")), Err(NegotiationError::WrongState));
    negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    assert!(negotiator.answer_received(b"nonsense").is_err());
    assert!(
        negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).is_ok(),
        "a usable one may follow"
    );
}

#[test]
fn an_answer_may_come_twice_and_change() {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    let early = negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
    let last = negotiator.answer_received(&peer("m=audio 4002 RTP/AVP 0\r\n")).unwrap();
    assert_eq!((early.remote.port(), last.remote.port()), (4000, 4002));
    assert_eq!(negotiator.current(), Some(&last));
}

#[test]
fn answers_to_the_peers_offer() {
    let (answer, agreed) = answered(
        &capabilities(&[CodecName::Pcmu, CodecName::Opus]),
        "m=audio 4000 RTP/AVPF 9 96 0 100 101\r\na=rtpmap:96 OPUS/48000/2\r\n\
         a=rtpmap:100 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\na=maxptime:30\r\na=ptime:60\r\n\
         m=image 4002 udptl t38\r\nm=video 4004 RTP/AVP 31\r\nm=audio 4006 RTP/AVP 0\r\n",
    )
    .unwrap();
    assert_eq!(
        (agreed.codec, agreed.payload_type, agreed.dtmf_payload_type),
        (CodecName::Opus, 96, Some(100))
    );
    assert_eq!(agreed.ptime_ms, 20, "Opus codes no 30 ms at once");
    assert!(answer.contains(
        "m=audio 20000 RTP/AVPF 96 100\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:100 telephone-event/48000\r\n"
    ));
    assert!(
        answer.ends_with("m=image 0 udptl t38\r\nm=video 0 RTP/AVP 31\r\nm=audio 0 RTP/AVP 0\r\n"),
        "{answer}"
    );
}

#[test]
fn offers_that_cannot_be_taken() {
    for (offer, error) in [
        ("m=audio 4000 RTP/AVP 18\r\n", NegotiationError::NoCommonCodec),
        ("m=audio 0 RTP/AVP 0\r\n", NegotiationError::NoCommonMedia),
        ("", NegotiationError::NoCommonMedia),
        ("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 media.example\r\n", NegotiationError::UnresolvedHost),
    ] {
        assert_eq!(answered(&g711(), offer).unwrap_err(), error, "{offer}");
    }
    // An offer of codecs that only others of us know fails at the answer; the call goes back to where it was.
    let mut negotiator = Negotiator::new(7);
    negotiator.offer_received(&peer("m=audio 4000 RTP/AVP 8\r\n")).unwrap();
    let error = negotiator.answer(&capabilities(&[CodecName::Pcmu])).unwrap_err();
    assert_eq!(error, NegotiationError::NoCommonCodec);
    negotiator.rollback();
    assert_eq!(negotiator.state(), NegotiatorState::Stable);
}

#[test]
fn directions_of_answer_and_offer() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    // The peer's re-offer, what we asked for before, what the answer says.
    for (theirs, wanted, ours) in [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, SendRecv, RecvOnly),
        (RecvOnly, SendRecv, SendOnly),
        (Inactive, SendRecv, Inactive),
        (SendRecv, SendOnly, SendOnly),
        (SendOnly, SendOnly, Inactive),
        (RecvOnly, SendOnly, SendOnly),
    ] {
        let mut negotiator = Negotiator::new(7);
        negotiator.offer(&g711(), wanted).unwrap();
        negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
        let offer = format!("m=audio 4000 RTP/AVP 0\r\na={}\r\n", theirs.as_str());
        negotiator.offer_received(&peer(&offer)).unwrap();
        let (answer, agreed) = negotiator.answer(&g711()).unwrap();
        assert_eq!(agreed.direction, ours, "{theirs:?} {wanted:?}");
        assert!(text(answer).contains(&format!("a={}\r\n", ours.as_str())));
    }
    // Our offer, the peer's answer, what flows.
    for (ours, theirs, flows) in [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, RecvOnly, SendOnly),
        (SendOnly, SendRecv, SendOnly),
        (SendOnly, Inactive, Inactive),
        (SendRecv, SendOnly, RecvOnly),
    ] {
        let mut negotiator = Negotiator::new(7);
        negotiator.offer(&g711(), ours).unwrap();
        let answer = format!("m=audio 4000 RTP/AVP 0\r\na={}\r\n", theirs.as_str());
        assert_eq!(
            negotiator.answer_received(&peer(&answer)).unwrap().direction,
            flows,
            "{ours:?} {theirs:?}"
        );
    }
}

#[test]
fn a_zero_address_is_a_hold() {
    let (answer, agreed) = answered(&g711(), "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n").unwrap();
    assert_eq!(agreed.direction, Direction::RecvOnly);
    assert!(answer.contains("a=recvonly"));
    let agreed = offered(&g711(), "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n").unwrap();
    assert_eq!(agreed.direction, Direction::RecvOnly);
}

#[test]
fn hold_and_resume_keep_lines_and_count_versions() {
    let mut negotiator = Negotiator::new(14);
    let offer = "m=image 0 udptl t38\r\nm=audio 4000 RTP/AVP 96 8 97\r\na=rtpmap:96 opus/48000/2\r\n\
                 a=rtpmap:97 telephone-event/8000\r\n";
    negotiator.offer_received(&peer(offer)).unwrap();
    let (answer, _) = negotiator.answer(&g711()).unwrap();
    assert!(text(answer).contains("o=- 7 1 "));
    let hold = text(negotiator.offer(&g711(), Direction::SendOnly).unwrap());
    assert!(hold.contains("o=- 7 2 "), "{hold}");
    assert!(hold.contains("m=image 0 udptl t38\r\nm=audio 20000 RTP/AVP 0 8 97\r\n"), "{hold}");
    assert!(hold.contains("a=sendonly"));
    let held = negotiator
        .answer_received(&peer("m=image 0 udptl t38\r\nm=audio 4000 RTP/AVP 8\r\na=recvonly\r\n"))
        .unwrap();
    assert_eq!(held.direction, Direction::SendOnly);
    let again = text(negotiator.offer(&g711(), Direction::SendOnly).unwrap());
    assert!(again.contains("o=- 7 2 "), "nothing changed, so the version stays: {again}");
    negotiator.rollback();
    let resume = text(negotiator.offer(&g711(), Direction::SendRecv).unwrap());
    assert!(resume.contains("o=- 7 3 ") && resume.contains("a=sendrecv"), "{resume}");
}

#[test]
fn fax_is_reported_and_voice_stays() {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    let voice = negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
    let fax = peer("m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n");
    assert_eq!(negotiator.offer_received(&fax), Err(NegotiationError::NoCommonMedia));
    assert!(negotiator.saw_t38());
    assert_eq!(negotiator.current(), Some(&voice));
    assert_eq!(negotiator.state(), NegotiatorState::Stable);
}

#[test]
fn glare_and_failure_leave_the_old_agreement() {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    let voice = negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
    negotiator.offer(&g711(), Direction::SendOnly).unwrap();
    assert_eq!(
        negotiator.offer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")),
        Err(NegotiationError::WrongState)
    );
    negotiator.rollback();
    assert_eq!(negotiator.current(), Some(&voice));
    assert!(negotiator.offer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).is_ok());
}

#[test]
fn forks_are_followed_apart() {
    let mut first = Negotiator::new(7);
    first.offer(&g711(), Direction::SendRecv).unwrap();
    let mut second = first.clone();
    let a = first.answer_received(&peer("m=audio 4000 RTP/AVP 0\r\n")).unwrap();
    let b = second.answer_received(&peer("m=audio 5000 RTP/AVP 8\r\n")).unwrap();
    assert_eq!((a.codec, b.codec), (CodecName::Pcmu, CodecName::Pcma));
}

#[test]
fn ipv6_is_written_as_such() {
    let six = Capabilities { address: "2001:db8::1".parse().unwrap(), ..g711() };
    let offer = text(Negotiator::new(7).offer(&six, Direction::SendRecv).unwrap());
    assert!(offer.contains("c=IN IP6 2001:db8::1\r\n"));
}
