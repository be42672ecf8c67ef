//! Whatever we can do, we agree with ourselves; whatever we print, we read.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sip_stack::sdp::{
    Capabilities, CodecName, CodecSpec, CryptoAttribute, CryptoSuite, Direction, DtlsRole, Encoding,
    Fingerprint, Format, HashFunction, KeyMaterial, MasterKey, MediaDescription, MediaKind, MediaSecurity,
    Mki, Negotiator, RtcpMux, SecurityPolicy, SessionDescription, Setup, parse,
};

use super::security;

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let codecs = subsequence(CodecName::ALL.to_vec(), 1..=4).prop_shuffle();
    let numbers = vec(96_u8..128, 4);
    let policy = select(vec![SecurityPolicy::Off, SecurityPolicy::Optional, SecurityPolicy::Required]);
    let keys = (subsequence(CryptoSuite::ALL.to_vec(), 0..=6), any::<bool>());
    let mux = select(vec![RtcpMux::Never, RtcpMux::Answer, RtcpMux::Offer]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (codecs, numbers, policy, keys, mux, flags, 1_u8..=6).prop_map(
        |(codecs, numbers, policy, (suites, dtls), rtcp_mux, (dtmf, comfort_noise, dynamic), ptime)| {
            let spec = |(name, number): (CodecName, u8)| CodecSpec {
                // Collisions included.
                payload_type: if dynamic { number } else { name.usual_payload_type() },
                ..CodecSpec::new(name)
            };
            let mut security = security(policy);
            security.sdes.retain(|key| suites.contains(&key.suite));
            security.dtls = security.dtls.filter(|_| dtls || suites.is_empty());
            Capabilities {
                codecs: codecs.into_iter().zip(numbers).map(spec).collect(),
                dtmf,
                comfort_noise,
                ptime_ms: ptime * 10,
                rtcp_mux,
                security,
                ..Capabilities::new("192.0.2.1".parse().unwrap(), 20_000)
            }
        },
    )
}

fn direction() -> impl Strategy<Value = Direction> {
    select(Direction::ALL.to_vec())
}

/// Whether two sides can come together at all.
fn compatible(a: &Capabilities, b: &Capabilities) -> bool {
    a.codecs.iter().any(|a| b.codecs.iter().any(|b| a.name == b.name))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn our_offer_is_answerable_by_ourselves(ours in capabilities(), wanted in direction()) {
        let (mut a, mut b) = (Negotiator::new(1), Negotiator::new(2));
        let offer = a.offer(&ours, wanted).unwrap();
        b.offer_received(&offer).unwrap();
        let (answer, at_b) = b.answer(&ours).unwrap();
        let at_a = a.answer_received(&answer).unwrap();
        prop_assert_eq!(at_a.codec, ours.codecs[0].name, "the offerer's first");
        prop_assert_eq!(at_a.codec, at_b.codec);
        prop_assert_eq!(at_a.direction, at_b.direction.reversed());
        prop_assert_eq!(at_a.direction, wanted);
        prop_assert_eq!(at_a.payload_type, at_b.receive_payload_type);
        prop_assert_eq!(at_a.dtmf_payload_type, at_b.dtmf_receive_payload_type);
        prop_assert_eq!(at_a.dtmf_payload_type.is_some(), ours.dtmf);
        prop_assert_eq!(at_a.dtmf_clock_rate, at_b.dtmf_clock_rate);
        prop_assert_eq!(at_a.dtmf_clock_rate, at_a.codec.clock_rate(), "both know the codec's clock");
        prop_assert_eq!(at_a.comfort_noise_payload_type.is_some(), ours.comfort_noise && at_a.codec != CodecName::Opus);
        prop_assert_eq!((at_a.rtcp_mux, at_b.rtcp_mux), (ours.rtcp_mux == RtcpMux::Offer, ours.rtcp_mux == RtcpMux::Offer));
        match (&at_a.security, &at_b.security) {
            (MediaSecurity::None, MediaSecurity::None) => {
                prop_assert!(ours.security.policy == SecurityPolicy::Off
                    || ours.security.policy == SecurityPolicy::Optional && ours.security.sdes.is_empty() && ours.security.dtls.is_none());
            }
            (MediaSecurity::Sdes { suite, local, remote }, MediaSecurity::Sdes { suite: other, local: theirs, .. }) => {
                prop_assert_eq!((suite, remote), (other, theirs));
                prop_assert_eq!(local.master.expose().len(), suite.key_length() + suite.salt_length());
            }
            (MediaSecurity::Dtls { role, .. }, MediaSecurity::Dtls { role: other, .. }) => {
                prop_assert_eq!((*role, *other), (DtlsRole::Server, DtlsRole::Client));
            }
            (a, b) => prop_assert!(false, "{:?} {:?}", a, b),
        }
    }

    #[test]
    fn an_answer_has_nothing_that_was_not_offered(a in capabilities(), b in capabilities(), again in any::<bool>()) {
        let (mut caller, mut callee) = (Negotiator::new(1), Negotiator::new(2));
        for _ in 0..=u8::from(again) {
            let offer = caller.offer(&a, Direction::SendRecv).unwrap();
            let offered = parse(&offer).unwrap();
            if callee.offer_received(&offer).is_err() {
                prop_assert!(false, "our offers are always readable");
            }
            let Ok((answer, _)) = callee.answer(&b) else {
                let (x, y) = (a.security.policy, b.security.policy);
                prop_assert!(!compatible(&a, &b) || x == SecurityPolicy::Required || y == SecurityPolicy::Required);
                return Ok(());
            };
            let agreed = caller.answer_received(&answer);
            let answered = parse(&answer).unwrap();
            let line = |s: &SessionDescription| s.media[0].clone();
            for format in line(&answered).formats {
                let offered = line(&offered).formats.into_iter().find(|o| o.id == format.id);
                prop_assert_eq!(offered.map(|o| o.encoding), Some(format.encoding));
            }
            prop_assert!(!line(&answered).rtcp_mux || line(&offered).rtcp_mux);
            for crypto in line(&answered).crypto {
                prop_assert!(line(&offered).crypto.iter().any(|o| (o.tag, o.suite) == (crypto.tag, crypto.suite)));
            }
            if a.security.policy != SecurityPolicy::Required {
                prop_assert!(agreed.is_ok(), "{:?}", agreed);
            } else if let Ok(agreed) = agreed {
                prop_assert!(agreed.security != MediaSecurity::None);
            }
        }
    }

    #[test]
    fn versions_only_grow_and_only_with_a_change(steps in vec((direction(), any::<bool>(), 4000_u16..4003), 1..12)) {
        let ours = Capabilities::new("192.0.2.1".parse().unwrap(), 20_000);
        let mut negotiator = Negotiator::new(9);
        let mut last: Option<SessionDescription> = None;
        for (direction, we_offer, port) in steps {
            let theirs = format!(
                "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\nc=IN IP4 198.51.100.9\r\nm=audio {port} RTP/AVP 0\r\na={direction}\r\n"
            );
            let sent = if we_offer {
                let offer = negotiator.offer(&ours, direction).unwrap();
                negotiator.answer_received(theirs.as_bytes()).unwrap();
                offer
            } else {
                negotiator.offer_received(theirs.as_bytes()).unwrap();
                negotiator.answer(&ours).unwrap().0
            };
            let sent = parse(&sent).unwrap();
            if let Some(last) = &last {
                let same = SessionDescription { version: last.version, ..sent.clone() } == *last;
                prop_assert_eq!(sent.version, last.version + u64::from(!same));
                prop_assert_eq!(&sent.session_id, &last.session_id);
            }
            last = Some(sent);
        }
    }

    #[test]
    fn what_is_printed_reads_back(session in session()) {
        prop_assert_eq!(parse(&session.to_bytes()), Ok(session.clone()), "{}", session);
    }

    #[test]
    fn what_is_read_prints_the_same(text in "(v=0\r\n)?([vosctmabk]=[a-z0-9 :/.;|-]{0,40}(\r\n|\n)){0,12}") {
        if let Ok(session) = parse(text.as_bytes()) {
            prop_assert_eq!(parse(&session.to_bytes()), Ok(session.clone()), "{}", session);
        }
    }
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<std::net::Ipv4Addr>().prop_map(|a| a.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|a| a.to_string()),
        "[a-z][a-z0-9.-]{0,20}",
    ]
}

fn format() -> impl Strategy<Value = Format> {
    let encoding = ("[A-Za-z][A-Za-z0-9-]{0,12}", any::<u32>(), option::of("[0-9]{1,3}"));
    let encoding = encoding.prop_map(|(name, clock_rate, channels)| Encoding { name, clock_rate, channels });
    (any::<u8>(), option::of(encoding), option::of("[!-~]([ -~]{0,30}[!-~])?"))
        .prop_map(|(id, encoding, fmtp)| Format { id: id.to_string(), encoding, fmtp })
}

fn crypto() -> impl Strategy<Value = CryptoAttribute> {
    let mki = option::of((any::<u64>(), 1_u8..=128).prop_map(|(value, length)| Mki { value, length }));
    (
        0_u32..1_000_000_000,
        select(CryptoSuite::ALL.to_vec()),
        vec(any::<u8>(), 46),
        option::of(any::<u64>()),
        mki,
    )
        .prop_map(|(tag, suite, mut key, lifetime, mki)| {
            key.truncate(suite.key_length() + suite.salt_length());
            CryptoAttribute { tag, suite, key: KeyMaterial { master: MasterKey::new(key), lifetime, mki } }
        })
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    (select(HashFunction::ALL.to_vec()), vec(any::<u8>(), 64)).prop_map(|(hash, mut digest)| {
        digest.truncate(hash.length());
        Fingerprint { hash, digest }
    })
}

fn media() -> impl Strategy<Value = MediaDescription> {
    let kind = prop_oneof![
        Just(MediaKind::Audio),
        Just(MediaKind::Image),
        "[b-h][a-z]{2,8}".prop_map(MediaKind::Other)
    ];
    let protocol = select(vec!["RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF", "udptl", "TCP/MSRP"]);
    let formats = vec(format(), 1..5).prop_map(|mut formats| {
        formats.sort_by(|a, b| a.id.cmp(&b.id));
        formats.dedup_by(|a, b| a.id == b.id);
        formats
    });
    let times = (option::of(any::<u16>()), option::of(any::<u16>()));
    let rtcp = (option::of((any::<u16>(), option::of(host()))), any::<bool>());
    let setup = option::of(select(vec![Setup::Active, Setup::Passive, Setup::ActPass, Setup::HoldConn]));
    let secure = (vec(crypto(), 0..3), vec(fingerprint(), 0..3), setup, option::of("[A-Za-z0-9]{20,30}"));
    let places = (option::of(host()), option::of(direction()));
    (kind, any::<u16>(), protocol, formats, times, rtcp, secure, places).prop_map(
        |(kind, port, protocol, formats, times, rtcp, secure, places)| {
            let mut media = MediaDescription::new(kind, port, protocol, formats);
            (media.ptime, media.maxptime) = times;
            (media.rtcp, media.rtcp_mux) = rtcp;
            (media.crypto, media.fingerprints, media.setup, media.tls_id) = secure;
            (media.connection, media.direction) = places;
            media
        },
    )
}

fn session() -> impl Strategy<Value = SessionDescription> {
    ("[0-9]{1,24}", any::<u64>(), host(), option::of(host()), option::of(direction()), vec(media(), 0..4))
        .prop_map(|(session_id, version, origin, connection, direction, media)| SessionDescription {
            session_id,
            version,
            origin,
            connection,
            direction,
            media,
        })
}
