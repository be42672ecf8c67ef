//! Who gets encryption from whom: every policy with every offer and answer (RFC 4568 5, RFC 5763 5, RFC 8842 5).

use sip_stack::sdp::{
    Capabilities, CryptoSuite, Direction, DtlsIdentity, DtlsRole, Fingerprint, HashFunction, MediaSecurity,
    NegotiationError, Negotiator, RtcpMux, Security, SecurityPolicy, parse,
};

use super::security;

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

fn ours(policy: SecurityPolicy) -> Capabilities {
    Capabilities { security: security(policy), ..Capabilities::new("192.0.2.1".parse().unwrap(), 20_000) }
}

fn only(policy: SecurityPolicy, sdes: bool) -> Capabilities {
    let all = security(policy);
    let security = match sdes {
        true => Security { dtls: None, ..all },
        false => Security { sdes: Vec::new(), ..all },
    };
    Capabilities { security, ..ours(policy) }
}

fn print() -> String {
    Fingerprint { hash: HashFunction::Sha256, digest: vec![0xCD; 32] }.to_string()
}

fn peer(protocol: &str, lines: &str) -> String {
    let lines = lines.replace("KEY", KEY).replace("PRINT", &print()).replace('\n', "\r\n");
    format!(
        "v=0\r\no=- 9 1 IN IP4 198.51.100.9\r\nc=IN IP4 198.51.100.9\r\nm=audio 4000 {protocol} 0\r\n{lines}\r\n"
    )
}

const SDES: &str = "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31|1:4";
const UNKNOWN: &str = "a=crypto:1 F8_128_HMAC_SHA1_80 inline:KEY";
const DTLS: &str = "a=fingerprint:PRINT\na=setup:actpass";

fn name(security: &MediaSecurity) -> &'static str {
    match security {
        MediaSecurity::None => "plain",
        MediaSecurity::Sdes { .. } => "sdes",
        MediaSecurity::Dtls { .. } => "dtls",
        other => panic!("{other:?}"),
    }
}

#[test]
fn offers_by_policy() {
    // Profile, crypto lines, fingerprint.
    for (capabilities, wanted) in [
        (ours(SecurityPolicy::Off), ("RTP/AVP", 0, false)),
        (ours(SecurityPolicy::Optional), ("RTP/AVP", 6, true)),
        (only(SecurityPolicy::Optional, true), ("RTP/AVP", 6, false)),
        (only(SecurityPolicy::Optional, false), ("RTP/AVP", 0, true)),
        (ours(SecurityPolicy::Required), ("RTP/SAVP", 6, false)),
        (only(SecurityPolicy::Required, false), ("UDP/TLS/RTP/SAVP", 0, true)),
    ] {
        let offer = Negotiator::new(1).offer(&capabilities, Direction::SendRecv).unwrap();
        let line = &parse(&offer).unwrap().media[0];
        let said = (line.protocol.as_str(), line.crypto.len(), !line.fingerprints.is_empty());
        assert_eq!(said, wanted);
        assert_eq!(
            line.crypto.iter().map(|c| c.tag).collect::<Vec<_>>(),
            (1..=wanted.1 as u32).collect::<Vec<_>>()
        );
    }
    let nothing = Security { policy: SecurityPolicy::Required, ..Security::default() };
    let nothing = Capabilities { security: nothing, ..ours(SecurityPolicy::Off) };
    assert_eq!(Negotiator::new(1).offer(&nothing, Direction::SendRecv), Err(NegotiationError::Security));
}

#[test]
fn answers_by_policy() {
    use SecurityPolicy::{Off, Optional, Required};
    let both = format!("{SDES}\n{DTLS}");
    for (protocol, lines, off, optional, required) in [
        ("RTP/AVP", "", "plain", "plain", "refused"),
        ("RTP/AVPF", "", "plain", "plain", "refused"),
        ("RTP/AVP", SDES, "plain", "sdes", "sdes"),
        ("RTP/AVP", UNKNOWN, "plain", "plain", "refused"),
        ("RTP/AVP", DTLS, "plain", "dtls", "dtls"),
        ("RTP/AVP", both.as_str(), "plain", "sdes", "sdes"),
        ("RTP/SAVP", SDES, "refused", "sdes", "sdes"),
        ("RTP/SAVPF", SDES, "refused", "sdes", "sdes"),
        ("RTP/SAVP", "", "refused", "refused", "refused"),
        ("RTP/SAVP", UNKNOWN, "refused", "refused", "refused"),
        ("RTP/SAVP", DTLS, "refused", "dtls", "dtls"),
        ("UDP/TLS/RTP/SAVP", DTLS, "refused", "dtls", "dtls"),
        ("UDP/TLS/RTP/SAVPF", both.as_str(), "refused", "dtls", "dtls"),
        ("UDP/TLS/RTP/SAVPF", SDES, "refused", "refused", "refused"),
        ("UDP/TLS/RTP/SAVP", "a=fingerprint:PRINT\na=setup:holdconn", "refused", "refused", "refused"),
    ] {
        for (policy, wanted) in [(Off, off), (Optional, optional), (Required, required)] {
            let mut negotiator = Negotiator::new(1);
            negotiator.offer_received(peer(protocol, lines).as_bytes()).unwrap();
            let agreed = negotiator.answer(&ours(policy));
            let Ok((answer, agreed)) = agreed else {
                assert_eq!(agreed, Err(NegotiationError::Security));
                assert_eq!("refused", wanted, "{policy:?} {protocol} {lines}");
                continue;
            };
            assert_eq!(name(&agreed.security), wanted, "{policy:?} {protocol} {lines}");
            let line = &parse(&answer).unwrap().media[0];
            assert_eq!(line.protocol, protocol);
            assert_eq!(
                (line.crypto.len(), line.fingerprints.len()),
                match wanted {
                    "sdes" => (1, 0),
                    "dtls" => (0, 1),
                    _ => (0, 0),
                }
            );
        }
    }
}

#[test]
fn keys_go_both_ways() {
    let mut negotiator = Negotiator::new(1);
    let two = format!("a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:KEY\n{SDES}");
    negotiator.offer_received(peer("RTP/SAVP", &two).as_bytes()).unwrap();
    let mut capabilities = ours(SecurityPolicy::Required);
    capabilities.security.sdes.retain(|key| key.suite == CryptoSuite::AesCm128HmacSha1_80);
    let (answer, agreed) = negotiator.answer(&capabilities).unwrap();
    let MediaSecurity::Sdes { suite, local, remote } = agreed.security else { panic!() };
    assert_eq!(suite, CryptoSuite::AesCm128HmacSha1_80);
    assert_eq!(local.master, capabilities.security.sdes[0].master);
    assert_eq!((remote.lifetime, remote.mki.map(|mki| mki.length)), (Some(1 << 31), Some(4)));
    let line = parse(&answer).unwrap().media[0].crypto[0].clone();
    assert_eq!((line.tag, line.key.mki), (7, None), "the tag is the offer's, the key ours");

    // A re-offer by us keeps the profile and repeats our keys; the peer may come with a new one.
    let offer = negotiator.offer(&capabilities, Direction::SendOnly).unwrap();
    let line = parse(&offer).unwrap().media[0].clone();
    assert_eq!((line.protocol.as_str(), line.crypto[0].key.master == local.master), ("RTP/SAVP", true));
    let rekeyed = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let agreed = negotiator.answer_received(peer("RTP/SAVP", rekeyed).as_bytes()).unwrap();
    let MediaSecurity::Sdes { remote, .. } = agreed.security else { panic!() };
    assert!(remote.master.expose().iter().all(|byte| *byte == 0));
    assert!(!format!("{:?}", negotiator).contains("[7, 7"), "no key in the debug form");
}

#[test]
fn answers_to_our_offers() {
    use SecurityPolicy::{Off, Optional, Required};
    let first = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY";
    for (policy, protocol, lines, wanted) in [
        (Off, "RTP/AVP", "", "plain"),
        (Off, "RTP/AVP", first, "plain"),
        (Off, "RTP/SAVP", first, "refused"),
        (Optional, "RTP/AVP", "", "plain"),
        (Optional, "RTP/AVP", first, "sdes"),
        (Optional, "RTP/SAVP", first, "sdes"),
        (Optional, "RTP/AVP", "a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:KEY", "sdes"),
        (Optional, "RTP/AVP", UNKNOWN, "plain"),
        (Optional, "RTP/AVP", "a=fingerprint:PRINT\na=setup:active", "dtls"),
        (Required, "RTP/SAVP", first, "sdes"),
        (Required, "RTP/SAVP", "", "refused"),
        (Required, "RTP/AVP", "", "refused"),
        (Required, "RTP/AVP", first, "sdes"),
    ] {
        let mut negotiator = Negotiator::new(1);
        negotiator.offer(&ours(policy), Direction::SendRecv).unwrap();
        let agreed = negotiator.answer_received(peer(protocol, lines).as_bytes());
        let said = match &agreed {
            Ok(agreed) => name(&agreed.security),
            Err(NegotiationError::Security) => "refused",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(said, wanted, "{policy:?} {protocol} {lines}");
    }
}

#[test]
fn the_dtls_role_stays_with_the_association() {
    let mut capabilities = only(SecurityPolicy::Required, false);
    let id = "abcdefghijklmnopqrstu";
    capabilities.security.dtls =
        capabilities.security.dtls.map(|dtls| DtlsIdentity { tls_id: Some(id.to_owned()), ..dtls });
    let role = |security: &MediaSecurity| match security {
        MediaSecurity::Dtls { role, .. } => *role,
        other => panic!("{other:?}"),
    };
    let mut negotiator = Negotiator::new(1);
    let offer = negotiator.offer(&capabilities, Direction::SendRecv).unwrap();
    let line = parse(&offer).unwrap().media[0].clone();
    assert_eq!(line.tls_id.as_deref(), Some(id));
    let answer = "a=fingerprint:PRINT\na=setup:active\na=tls-id:one";
    let agreed = negotiator.answer_received(peer("UDP/TLS/RTP/SAVP", answer).as_bytes()).unwrap();
    assert_eq!(role(&agreed.security), DtlsRole::Server);
    // The peer's re-offer leaves it to us: we stay what we are as long as the association is the same.
    for (tls_id, wanted, setup) in [("one", DtlsRole::Server, "passive"), ("two", DtlsRole::Client, "active")]
    {
        let offer = format!("{DTLS}\na=tls-id:{tls_id}");
        negotiator.offer_received(peer("UDP/TLS/RTP/SAVP", &offer).as_bytes()).unwrap();
        let (answer, agreed) = negotiator.answer(&capabilities).unwrap();
        assert_eq!(role(&agreed.security), wanted, "{tls_id}");
        let line = parse(&answer).unwrap().media[0].clone();
        assert_eq!(line.setup.map(|setup| setup.as_str()), Some(setup));
        assert_eq!(line.tls_id.as_deref(), Some(id));
    }
}

#[test]
fn of_two_lines_the_encrypted_one_is_taken() {
    let crypto = SDES.replace("KEY", KEY);
    let offer = format!(
        "v=0\r\nc=IN IP4 198.51.100.9\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/SAVP 0\r\n{crypto}\r\n"
    );
    for (policy, port, line) in [
        (SecurityPolicy::Off, 4000, 0),
        (SecurityPolicy::Optional, 4002, 1),
        (SecurityPolicy::Required, 4002, 1),
    ] {
        let mut negotiator = Negotiator::new(1);
        negotiator.offer_received(offer.as_bytes()).unwrap();
        let (answer, agreed) = negotiator.answer(&ours(policy)).unwrap();
        assert_eq!(agreed.remote.port(), port, "{policy:?}");
        let ports: Vec<u16> = parse(&answer).unwrap().media.iter().map(|media| media.port).collect();
        assert_eq!((ports[line], ports[1 - line]), (20_000, 0));
    }
}

#[test]
fn one_port_only_where_both_say_so() {
    use RtcpMux::{Answer, Never, Offer};
    for (ours_mux, theirs, offered, agreed_answering) in [
        (Never, true, false, false),
        (Answer, true, false, true),
        (Offer, true, true, true),
        (Offer, false, true, false),
    ] {
        let capabilities = Capabilities { rtcp_mux: ours_mux, ..ours(SecurityPolicy::Off) };
        let line = if theirs { "a=rtcp-mux\na=rtcp:4444" } else { "a=rtcp:4444" };
        let mut negotiator = Negotiator::new(1);
        let offer = negotiator.offer(&capabilities, Direction::SendRecv).unwrap();
        assert_eq!(parse(&offer).unwrap().media[0].rtcp_mux, offered);
        let agreed = negotiator.answer_received(peer("RTP/AVP", line).as_bytes()).unwrap();
        assert_eq!(agreed.rtcp_mux, offered && theirs);
        let port = if agreed.rtcp_mux { 4000 } else { 4444 };
        assert_eq!(agreed.remote_rtcp.unwrap().port(), port);

        let mut negotiator = Negotiator::new(1);
        negotiator.offer_received(peer("RTP/AVP", line).as_bytes()).unwrap();
        let (answer, agreed) = negotiator.answer(&capabilities).unwrap();
        assert_eq!(
            (agreed.rtcp_mux, parse(&answer).unwrap().media[0].rtcp_mux),
            (agreed_answering, agreed_answering)
        );
        // What is agreed stays in our own next offer.
        let again = negotiator.offer(&capabilities, Direction::SendOnly).unwrap();
        assert_eq!(parse(&again).unwrap().media[0].rtcp_mux, agreed_answering || ours_mux == Offer);
    }
}
