//! What changes within a call: streams that go and come, numbers that keep their meaning, early and final answers,
//! packet lengths, addresses.

use sip_stack::sdp::{
    Capabilities, CodecName, CodecSpec, Direction, Negotiated, NegotiationError, Negotiator, parse,
};

fn g711() -> Capabilities {
    Capabilities::new("192.0.2.1".parse().unwrap(), 20_000)
}

fn codecs(codecs: &[CodecName]) -> Capabilities {
    Capabilities {
        codecs: codecs.iter().copied().map(CodecSpec::new).collect(),
        comfort_noise: true,
        ..g711()
    }
}

fn peer(media: &str) -> Vec<u8> {
    let media = media.replace('\n', "\r\n");
    format!("v=0\r\no=- 9 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n{media}\r\n")
        .into_bytes()
}

fn answered(capabilities: &Capabilities, offer: &str) -> Result<(String, Negotiated), NegotiationError> {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer_received(&peer(offer))?;
    let (bytes, agreed) = negotiator.answer(capabilities)?;
    Ok((String::from_utf8(bytes).unwrap(), agreed))
}

fn offered(capabilities: &Capabilities, answer: &str) -> Result<Negotiated, NegotiationError> {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(capabilities, Direction::SendRecv).unwrap();
    negotiator.answer_received(&peer(answer))
}

/// A negotiator in a call of PCMU.
fn talking() -> Negotiator {
    let mut negotiator = Negotiator::new(7);
    negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    negotiator.answer_received(&peer("m=audio 4000 RTP/AVP 0")).unwrap();
    negotiator
}

#[test]
fn a_stream_taken_away_comes_back() {
    let mut negotiator = talking();
    negotiator.offer_received(&peer("m=audio 0 RTP/AVP 0")).unwrap();
    let (answer, agreed) = negotiator.answer(&g711()).unwrap();
    assert_eq!((agreed.direction, agreed.remote.port()), (Direction::Inactive, 0));
    assert_eq!(parse(&answer).unwrap().media[0].port, 0, "RFC 3264 6: refused in the answer, too");
    assert!(!negotiator.saw_t38());
    negotiator.offer_received(&peer("m=audio 4010 RTP/AVP 8")).unwrap();
    let (_, agreed) = negotiator.answer(&g711()).unwrap();
    assert_eq!(
        (agreed.direction, agreed.remote.port(), agreed.codec),
        (Direction::SendRecv, 4010, CodecName::Pcma)
    );

    // The other way round: our hold is answered by taking the stream away.
    let mut negotiator = talking();
    negotiator.offer(&g711(), Direction::SendOnly).unwrap();
    let agreed = negotiator.answer_received(&peer("m=audio 0 RTP/AVP 0")).unwrap();
    assert_eq!((agreed.direction, agreed.remote.port()), (Direction::Inactive, 0));
    let resume = negotiator.offer(&g711(), Direction::SendRecv).unwrap();
    assert_eq!(parse(&resume).unwrap().media[0].port, 20_000);

    // A first offer or answer without a stream is no call.
    assert_eq!(answered(&g711(), "m=audio 0 RTP/AVP 0").unwrap_err(), NegotiationError::NoCommonMedia);
    let mut early = Negotiator::new(7);
    early.offer(&g711(), Direction::SendRecv).unwrap();
    early.answer_received(&peer("m=audio 4000 RTP/AVP 0")).unwrap();
    assert_eq!(early.answer_received(&peer("m=audio 0 RTP/AVP 0")), Err(NegotiationError::NoCommonMedia));
}

#[test]
fn fax_is_told_from_the_ability_to_fax() {
    let image = "m=image 4002 udptl t38";
    for (offer, taken, fax) in [
        (image.to_owned(), false, true),
        (format!("m=audio 0 RTP/AVP 0\n{image}"), false, true),
        (format!("{image}\nm=audio 0 RTP/AVP 0"), false, true),
        (format!("m=audio 4000 RTP/AVP 0\n{image}"), true, true),
        ("m=audio 4000 RTP/AVP 0\nm=image 0 udptl t38".to_owned(), true, false),
    ] {
        let mut negotiator = talking();
        assert_eq!(negotiator.offer_received(&peer(&offer)).is_ok(), taken, "{offer}");
        assert_eq!(negotiator.saw_t38(), fax, "{offer}");
        assert!(!taken || negotiator.answer(&g711()).is_ok());
        assert_eq!(negotiator.current().unwrap().direction, Direction::SendRecv, "the voice goes on");
    }
    let mut first = Negotiator::new(7);
    first.offer_received(&peer(&format!("m=audio 4000 RTP/AVP 0\n{image}"))).unwrap();
    assert!(!first.saw_t38());
}

#[test]
fn the_audio_line_in_use_is_kept() {
    let two = "m=audio 4000 RTP/AVP 18\nm=audio 4002 RTP/AVP 0";
    let mut negotiator = Negotiator::new(7);
    negotiator.offer_received(&peer(two)).unwrap();
    assert_eq!(negotiator.answer(&g711()).unwrap().1.remote.port(), 4002);
    // Both would do now; the one we talk on stays.
    negotiator.offer_received(&peer("m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 0")).unwrap();
    let (answer, agreed) = negotiator.answer(&g711()).unwrap();
    assert_eq!(agreed.remote.port(), 4002);
    assert_eq!(parse(&answer).unwrap().media[0].port, 0);
    // Our own offer keeps both lines; an answer that forgets the refused one is understood.
    let offer = parse(&negotiator.offer(&g711(), Direction::SendOnly).unwrap()).unwrap();
    assert_eq!(offer.media.iter().map(|media| media.port).collect::<Vec<_>>(), [0, 20_000]);
    assert_eq!(negotiator.answer_received(&peer("m=audio 4004 RTP/AVP 0")).unwrap().remote.port(), 4004);
}

#[test]
fn numbers_keep_their_meaning() {
    let all = codecs(&[CodecName::Opus, CodecName::Pcmu]);
    let mut negotiator = Negotiator::new(7);
    let maps =
        "a=rtpmap:101 opus/48000/2\na=rtpmap:111 telephone-event/8000\na=rtpmap:96 telephone-event/48000";
    negotiator.offer_received(&peer(&format!("m=audio 4000 RTP/AVP 101 111 96\n{maps}"))).unwrap();
    let (answer, agreed) = negotiator.answer(&all).unwrap();
    assert_eq!(
        (agreed.payload_type, agreed.dtmf_payload_type, agreed.dtmf_clock_rate),
        (101, Some(96), 48000)
    );
    assert!(String::from_utf8(answer).unwrap().contains("m=audio 20000 RTP/AVP 101 96\r\n"));
    // RFC 3264 8.3.2: our own offer takes the numbers over and gives none of them another meaning.
    for _ in 0..2 {
        let offer = String::from_utf8(negotiator.offer(&all, Direction::SendRecv).unwrap()).unwrap();
        assert!(offer.contains("m=audio 20000 RTP/AVP 101 0 13 97 96\r\n"), "{offer}");
        negotiator.rollback();
    }
    // Collisions among our own are resolved.
    let spec = |name, payload_type| CodecSpec { payload_type, ..CodecSpec::new(name) };
    let clash =
        Capabilities { codecs: vec![spec(CodecName::Opus, 101), spec(CodecName::G722, 101)], ..g711() };
    let offer = String::from_utf8(Negotiator::new(7).offer(&clash, Direction::SendRecv).unwrap()).unwrap();
    assert!(offer.contains("m=audio 20000 RTP/AVP 101 96 97 102\r\n"), "{offer}");
}

#[test]
fn peers_that_write_no_map() {
    let all = codecs(&[CodecName::Opus, CodecName::G722, CodecName::Pcma, CodecName::Pcmu]);
    for (formats, codec) in
        [("0", CodecName::Pcmu), ("8", CodecName::Pcma), ("9", CodecName::G722), ("18 4 9", CodecName::G722)]
    {
        assert_eq!(answered(&all, &format!("m=audio 4000 RTP/AVP {formats}")).unwrap().1.codec, codec);
    }
    assert_eq!(answered(&all, "m=audio 4000 RTP/AVP 111").unwrap_err(), NegotiationError::NoCommonCodec);
    // In an answer, a number without a map is the one that we offered.
    let agreed = offered(&all, "m=audio 4000 RTP/AVP 111 102").unwrap();
    assert_eq!(
        (agreed.codec, agreed.dtmf_payload_type, agreed.dtmf_clock_rate),
        (CodecName::Opus, Some(102), 48000)
    );
    for (map, error) in [
        ("a=rtpmap:0 PCMU/16000", NegotiationError::NoCommonCodec),
        ("a=rtpmap:0 PCMU/8000/2", NegotiationError::NoCommonCodec),
        ("a=rtpmap:0 L16/44100", NegotiationError::NoCommonCodec),
    ] {
        assert_eq!(answered(&all, &format!("m=audio 4000 RTP/AVP 0\n{map}")).unwrap_err(), error, "{map}");
    }
    for map in ["a=rtpmap:0 PCMU", "a=rtpmap:0 pcmu/8000/1", "a=rtpmap: 0 PCMU/8000", "a=rtpmap:0\tPCMU/8000"]
    {
        assert!(answered(&all, &format!("m=audio 4000 RTP/AVP 0\n{map}")).is_ok(), "{map}");
    }
}

#[test]
fn events_and_noise_go_with_the_codec() {
    let all = codecs(&[CodecName::Opus, CodecName::G722, CodecName::Pcmu]);
    let narrow = "a=rtpmap:101 telephone-event/8000";
    let wide = "a=rtpmap:102 telephone-event/48000";
    let opus = "a=rtpmap:96 opus/48000/2";
    for (line, event, noise) in [
        (format!("m=audio 4000 RTP/AVP 96 101 102 13\n{opus}\n{narrow}\n{wide}"), Some((102, 48000)), None),
        // RFC 4733 2.1 wants the codec's clock; many know only that of the telephone.
        (format!("m=audio 4000 RTP/AVP 96 101\n{opus}\n{narrow}"), Some((101, 8000)), None),
        (format!("m=audio 4000 RTP/AVP 0 102\n{wide}"), None, None),
        (format!("m=audio 4000 RTP/AVP 0 13 101\n{narrow}"), Some((101, 8000)), Some(13)),
        (
            format!("m=audio 4000 RTP/AVP 9 97 101\na=rtpmap:97 CN/8000\n{narrow}"),
            Some((101, 8000)),
            Some(97),
        ),
        ("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event".to_owned(), Some((101, 8000)), None),
    ] {
        for agreed in [answered(&all, &line).unwrap().1, offered(&all, &line).unwrap()] {
            let said = agreed.dtmf_payload_type.map(|id| (id, agreed.dtmf_clock_rate));
            assert_eq!((said, agreed.comfort_noise_payload_type), (event, noise), "{line}");
        }
        let plain = Capabilities { dtmf: false, comfort_noise: false, ..all.clone() };
        let agreed = answered(&plain, &line).unwrap().1;
        assert_eq!((agreed.dtmf_payload_type, agreed.comfort_noise_payload_type), (None, None));
    }
}

#[test]
fn packet_lengths() {
    let opus = codecs(&[CodecName::Opus]);
    // Theirs, ours, codec, what we send.
    for (attributes, ours, g711_ms, opus_ms) in [
        ("", 20, 20, 20),
        ("", 30, 30, 20),
        ("a=ptime:10", 20, 10, 10),
        ("a=ptime:30", 20, 30, 20),
        ("a=ptime:40", 20, 40, 40),
        ("a=ptime:50", 20, 50, 40),
        ("a=ptime:60", 20, 60, 60),
        ("a=ptime:20.0", 40, 20, 20),
        ("a=ptime:35", 20, 30, 20),
        ("a=ptime:5", 20, 20, 20),
        ("a=ptime:0", 20, 20, 20),
        ("a=ptime:240", 30, 30, 20),
        ("a=maxptime:10", 40, 10, 10),
        ("a=maxptime:30\na=ptime:60", 20, 30, 20),
        ("a=maxptime:5", 20, 20, 20),
        ("a=maxptime:150\na=ptime:x", 20, 20, 20),
    ] {
        for (codec, wanted, line) in [
            (g711(), g711_ms, "m=audio 4000 RTP/AVP 0"),
            (opus.clone(), opus_ms, "m=audio 4000 RTP/AVP 111\na=rtpmap:111 opus/48000/2"),
        ] {
            let capabilities = Capabilities { ptime_ms: ours, ..codec };
            let line = format!("{line}\n{attributes}");
            let (answer, agreed) = answered(&capabilities, &line).unwrap();
            assert_eq!((agreed.ptime_ms, agreed.receive_ptime_ms), (wanted, wanted), "{line}");
            assert!(answer.contains(&format!("a=ptime:{wanted}\r\n")), "{answer}");
            let agreed = offered(&capabilities, &line).unwrap();
            assert_eq!(agreed.ptime_ms, wanted, "{line}");
            assert_eq!(agreed.receive_ptime_ms, agreed.codec.packet_length(u16::from(ours)));
        }
    }
    let bounded = Capabilities { ptime_ms: 30, max_ptime_ms: Some(60), ..g711() };
    let offer = String::from_utf8(Negotiator::new(7).offer(&bounded, Direction::SendRecv).unwrap()).unwrap();
    assert!(offer.contains("a=ptime:30\r\na=maxptime:60\r\n"), "{offer}");
}

#[test]
fn addresses_that_cannot_be() {
    for (line, error) in [
        ("m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::9", NegotiationError::OtherFamily),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 239.0.0.1/127", NegotiationError::Multicast),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP6 ff15::101/3", NegotiationError::Multicast),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 media.example", NegotiationError::UnresolvedHost),
        ("m=audio 4000 TCP/RTP/AVP 0", NegotiationError::NoCommonMedia),
        ("m=video 4000 RTP/AVP 31", NegotiationError::NoCommonMedia),
        // The most telling of several.
        ("m=video 4000 RTP/AVP 31\nm=audio 4000 RTP/AVP 18", NegotiationError::NoCommonCodec),
        ("m=audio 4000 RTP/AVP 18\nm=audio 4000 RTP/SAVP 0\nm=audio 0 RTP/AVP 0", NegotiationError::Security),
    ] {
        assert_eq!(answered(&g711(), line).unwrap_err(), error, "{line}");
        assert_eq!(error.status(), 488);
        assert!(error.warning().is_some());
    }
    let six = Capabilities { address: "2001:db8::1".parse().unwrap(), ..g711() };
    let (answer, agreed) = answered(&six, "m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::9").unwrap();
    assert_eq!(agreed.remote, "[2001:db8::9]:4000".parse().unwrap());
    assert!(answer.contains("o=- 3 1 IN IP6 2001:db8::1\r\n") && answer.contains("c=IN IP6 2001:db8::1\r\n"));
    let held = answered(&six, "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0").unwrap().1;
    assert_eq!(held.direction, Direction::RecvOnly);
}

#[test]
fn the_session_direction_counts_where_the_line_has_none() {
    let held = "v=0\r\nc=IN IP4 198.51.100.9\r\na=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n";
    for (line, direction) in [("", Direction::RecvOnly), ("a=sendrecv\r\n", Direction::SendRecv)] {
        let mut negotiator = Negotiator::new(7);
        negotiator.offer_received(format!("{held}{line}").as_bytes()).unwrap();
        assert_eq!(negotiator.answer(&g711()).unwrap().1.direction, direction);
    }
}

#[test]
fn every_hold_and_its_end() {
    use Direction::{Inactive, RecvOnly, SendRecv};
    // The peer's re-offer, our direction after it.
    for (line, direction) in [
        ("m=audio 4000 RTP/AVP 0\na=sendonly", RecvOnly),
        ("m=audio 4000 RTP/AVP 0\na=inactive", Inactive),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0", RecvOnly),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=inactive", Inactive),
        ("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=recvonly", Inactive),
        ("m=audio 0 RTP/AVP 0", Inactive),
    ] {
        let mut negotiator = talking();
        negotiator.offer_received(&peer(line)).unwrap();
        let (_, agreed) = negotiator.answer(&g711()).unwrap();
        assert_eq!(agreed.direction, direction, "{line}");
        negotiator.offer_received(&peer("m=audio 4000 RTP/AVP 0")).unwrap();
        assert_eq!(negotiator.answer(&g711()).unwrap().1.direction, SendRecv, "{line}");
    }
}

#[test]
fn early_and_final_answers_of_forks() {
    let mut first = Negotiator::new(7);
    first.offer(&g711(), Direction::SendRecv).unwrap();
    let mut second = first.clone();
    first.answer_received(&peer("m=audio 4000 RTP/AVP 0\na=sendonly")).unwrap();
    let early = second.answer_received(&peer("m=audio 5000 RTP/AVP 8\na=ptime:30")).unwrap();
    assert_eq!((early.remote.port(), early.codec, early.ptime_ms), (5000, CodecName::Pcma, 30));
    let last = first.answer_received(&peer("m=audio 4002 RTP/AVP 8\na=sendrecv")).unwrap();
    assert_eq!(
        (last.remote.port(), last.codec, last.direction),
        (4002, CodecName::Pcma, Direction::SendRecv)
    );
    assert_eq!(second.current(), Some(&early), "forks do not touch each other");
    // A bad answer in between leaves the last good one.
    assert!(first.answer_received(&peer("m=audio 4004 RTP/AVP 18")).is_err());
    assert_eq!(first.current(), Some(&last));
    // After an exchange of the peer's, our old offer has no more answers.
    first.offer_received(&peer("m=audio 4002 RTP/AVP 8")).unwrap();
    first.answer(&g711()).unwrap();
    assert_eq!(first.answer_received(&peer("m=audio 4002 RTP/AVP 8")), Err(NegotiationError::WrongState));
}

#[test]
fn a_refresh_changes_nothing() {
    let mut negotiator = talking();
    let refresh = peer("m=audio 4000 RTP/AVP 0");
    let mut seen = Vec::new();
    for _ in 0..3 {
        negotiator.offer_received(&refresh).unwrap();
        seen.push(negotiator.answer(&g711()).unwrap());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
}
