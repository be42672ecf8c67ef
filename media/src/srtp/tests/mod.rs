//! Sender against receiver, and both against another implementation.

mod vectors;

use libsrtp::{MasterKey, ProtectionProfile, RecvSession, SendSession, StreamConfig};

use super::*;

fn key(profile: SrtpProfile, fill: u8) -> SrtpKey {
    let length = profile.key_length() + profile.salt_length();
    SrtpKey { key_and_salt: (0..length).map(|n| fill.wrapping_add(n as u8)).collect(), mki: None }
}

fn pair(profile: SrtpProfile) -> (Srtp, Srtp) {
    let (one, two) = (key(profile, 1), key(profile, 100));
    let a = SrtpKeys { profile, local: one.clone(), remote: two.clone() };
    let b = SrtpKeys { profile, local: two, remote: one };
    (Srtp::new(a).unwrap(), Srtp::new(b).unwrap())
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0xD5; 160]);
    packet
}

fn protect(srtp: &mut Srtp, packet: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; packet.len() + 64];
    buffer[..packet.len()].copy_from_slice(packet);
    let length = srtp.protect_rtp(&mut buffer, packet.len()).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn every_profile_carries_rtp_and_rtcp_through_a_wrap() {
    for profile in SrtpProfile::ALL {
        let (mut a, mut b) = pair(profile);
        for step in 0..200_u16 {
            let packet = rtp(step.wrapping_sub(100), 7);
            let secured = protect(&mut a, &packet);
            assert_ne!(secured[12..172], packet[12..]);
            let tag = secured.len() - packet.len();
            let expected = match profile {
                SrtpProfile::AesCm128HmacSha1_32 | SrtpProfile::AesCm256HmacSha1_32 => 4,
                SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => 16,
                _ => 10,
            };
            assert_eq!(tag, expected, "{profile:?}");
            assert_eq!(b.unprotect_rtp(&secured), Ok(&packet[..]), "{profile:?} {step}");
        }
        let mut report = [0; 200];
        let length = crate::rtcp::write(&mut report, 7, None, None, "name", true).unwrap();
        let plain = report[..length].to_vec();
        let secured = a.protect_rtcp(&mut report, length).unwrap();
        assert!(secured >= length + 14, "{profile:?}: RTCP keeps the long tag");
        assert_eq!(b.unprotect_rtcp(&report[..secured]), Ok(&plain[..]));
        assert_eq!(b.unprotect_rtcp(&report[..secured]), Err(Refused::Replayed));
    }
}

#[test]
fn wrong_changed_replayed_and_plain_packets_are_refused() {
    for profile in SrtpProfile::ALL {
        let (mut a, mut b) = pair(profile);
        let secured = protect(&mut a, &rtp(1, 7));
        for at in 0..secured.len() {
            let mut changed = secured.clone();
            changed[at] ^= 0x10;
            assert_eq!(b.unprotect_rtp(&changed), Err(Refused::Unauthentic), "{profile:?} byte {at}");
        }
        for cut in 0..secured.len() {
            assert!(b.unprotect_rtp(&secured[..cut]).is_err());
            assert!(b.unprotect_rtcp(&secured[..cut]).is_err());
        }
        assert!(b.unprotect_rtp(&secured).is_ok());
        assert_eq!(b.unprotect_rtp(&secured), Err(Refused::Replayed));
        assert_eq!(b.unprotect_rtp(&rtp(2, 7)), Err(Refused::Unauthentic), "not encrypted");
        // Our own packets, thrown back at us.
        let own = protect(&mut b, &rtp(3, 9));
        assert_eq!(b.unprotect_rtp(&own), Err(Refused::Unauthentic));
    }
}

#[test]
fn reordered_packets_are_taken_once_each() {
    let (mut a, mut b) = pair(SrtpProfile::AesCm128HmacSha1_80);
    let secured: Vec<_> = (1..40).map(|n| protect(&mut a, &rtp(n, 7))).collect();
    let mut order: Vec<usize> = (0..secured.len()).collect();
    order.chunks_mut(5).for_each(<[usize]>::reverse);
    assert!(order.iter().all(|&n| b.unprotect_rtp(&secured[n]).is_ok()));
    assert!(order.iter().all(|&n| b.unprotect_rtp(&secured[n]) == Err(Refused::Replayed)));
}

#[test]
fn a_new_key_of_the_peer_takes_over_without_a_gap() {
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let (mut a, mut b) = pair(profile);
    assert!(b.unprotect_rtp(&protect(&mut a, &rtp(1, 7))).is_ok());
    let before = protect(&mut a, &rtp(2, 7));
    let old = a.keys().clone();
    // a takes a new key; what it had sent before is still under way.
    a.rekey(SrtpKeys { local: key(profile, 55), ..old.clone() }).unwrap();
    b.rekey(SrtpKeys { profile, local: old.remote, remote: key(profile, 55) }).unwrap();
    assert!(b.unprotect_rtp(&before).is_ok());
    assert!(b.unprotect_rtp(&protect(&mut a, &rtp(3, 7))).is_ok());
    // From then on the old key is void.
    let (mut stale, _) = pair(profile);
    assert_eq!(b.unprotect_rtp(&protect(&mut stale, &rtp(4, 7))), Err(Refused::Unauthentic));
    // b's own key stayed, and with it the replay window on the other side.
    assert!(a.unprotect_rtp(&protect(&mut b, &rtp(10, 9))).is_ok());
    let keys = b.keys().clone();
    b.rekey(keys).unwrap();
    assert!(a.unprotect_rtp(&protect(&mut b, &rtp(11, 9))).is_ok());
    let mut buffer = rtp(11, 9);
    buffer.resize(300, 0);
    assert_eq!(b.protect_rtp(&mut buffer, 172), None, "a number is never encrypted twice under one key");
}

#[test]
fn a_key_identifier_is_read() {
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let mut named = key(profile, 1);
    let mut plain = Srtp::new(SrtpKeys { profile, local: named.clone(), remote: named.clone() }).unwrap();
    named.mki = Some(vec![0, 7]);
    let mut with = Srtp::new(SrtpKeys { profile, local: key(profile, 9), remote: named }).unwrap();
    let secured = protect(&mut plain, &rtp(1, 7));
    assert_eq!(with.unprotect_rtp(&secured), Err(Refused::Unauthentic));
    let mut identified = secured[..secured.len() - 10].to_vec();
    identified.extend([0, 7]);
    identified.extend(&secured[secured.len() - 10..]);
    assert_eq!(with.unprotect_rtp(&identified), Ok(&rtp(1, 7)[..]));
}

#[test]
fn a_peer_of_many_sources_does_not_fill_memory() {
    let (_, mut b) = pair(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..500 {
        let (mut a, _) = pair(SrtpProfile::AeadAes128Gcm);
        assert!(b.unprotect_rtp(&protect(&mut a, &rtp(1, ssrc))).is_ok());
    }
    assert_eq!(b.receiver.sources(), MAX_SOURCES);
    let (mut a, _) = pair(SrtpProfile::AeadAes128Gcm);
    let mut buffer = [0; 300];
    let sends = (0..100).filter(|ssrc| {
        buffer[..172].copy_from_slice(&rtp(1, *ssrc));
        a.protect_rtp(&mut buffer, 172).is_some()
    });
    assert_eq!(sends.count(), MAX_SOURCES, "what was sent under a key is never forgotten");
    for ssrc in 1_000..3_000 {
        assert!(b.unprotect_rtp(&rtp(1, ssrc)).is_err());
    }
    assert_eq!(b.receiver.sources(), MAX_SOURCES);
}

#[test]
fn keys_of_another_length_are_refused_and_shown_nowhere() {
    let profile = SrtpProfile::AeadAes256Gcm;
    let short = SrtpKey { key_and_salt: vec![0xA5; 30], mki: None };
    let keys = SrtpKeys { profile, local: short.clone(), remote: short };
    assert_eq!(Srtp::new(keys).unwrap_err(), KeyError { profile });
    let (a, _) = pair(profile);
    let shown = format!("{a:?}");
    assert!(shown.contains("44 bytes") && !shown.contains("102"), "{shown}");
}

#[test]
fn a_key_identifier_is_written_and_read_in_every_profile() {
    for profile in SrtpProfile::ALL {
        let named = |fill| SrtpKey { mki: Some(vec![1, 2, 3, 4]), ..key(profile, fill) };
        let mut a = Srtp::new(SrtpKeys { profile, local: named(1), remote: named(2) }).unwrap();
        let mut b = Srtp::new(SrtpKeys { profile, local: named(2), remote: named(1) }).unwrap();
        let packet = rtp(1, 7);
        assert_eq!(b.unprotect_rtp(&protect(&mut a, &packet)), Ok(&packet[..]), "{profile:?}");
        let (mut report, length) = report(7);
        let plain = report[..length].to_vec();
        let secured = a.protect_rtcp(&mut report, length).unwrap();
        assert_eq!(b.unprotect_rtcp(&report[..secured]), Ok(&plain[..]), "{profile:?}");
    }
}

#[test]
fn headers_with_sources_and_extensions_stay_readable() {
    let mut packet = vec![0x92, 0x80, 0, 9, 0, 0, 0, 1, 0, 0, 0, 7];
    packet.extend([0, 0, 0, 1, 0, 0, 0, 2]);
    packet.extend([0xBE, 0xDE, 0, 1, 0x10, 0x33, 0, 0]);
    let header = packet.len();
    packet.extend([0xD5; 20]);
    for profile in SrtpProfile::ALL {
        let (mut a, mut b) = pair(profile);
        let secured = protect(&mut a, &packet);
        assert_eq!(secured[..header], packet[..header]);
        assert_ne!(secured[header..packet.len()], packet[header..]);
        assert_eq!(b.unprotect_rtp(&secured), Ok(&packet[..]));
        // An extension that claims to be longer than the packet.
        let mut broken = secured.clone();
        broken[header - 6] = 0xFF;
        assert_eq!(b.unprotect_rtp(&broken), Err(Refused::Unauthentic));
    }
}

/// RFC 3711 3.4: the E bit. Nobody agreed on reports that anybody can read.
#[test]
fn reports_that_are_authentic_but_not_encrypted_are_refused() {
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let (_, mut b) = pair(profile);
    let (report, length) = report(7);
    let mut plain = report[..length].to_vec();
    plain.extend([0, 0, 0, 0]);
    let ciphers = cipher::Ciphers::new(profile, &key(profile, 1)).unwrap();
    let mut tag = [0; 10];
    ciphers.rtcp.sign(&plain, &[], &mut tag).unwrap();
    plain.extend(tag);
    assert_eq!(b.unprotect_rtcp(&plain), Err(Refused::Unauthentic));
}

/// What `libsrtp` (a Rust crate that is tested against Cisco's) makes of the same keys, both ways, over two wraps.
#[test]
fn another_implementation_agrees() {
    for profile in SrtpProfile::ALL {
        let (rtp_profile, rtcp_profile) = others(profile);
        let config = |fill: u8| {
            let key = key(profile, fill).key_and_salt;
            let (secret, salt) = key.split_at(profile.key_length());
            StreamConfig::new(vec![MasterKey::new(secret, salt, &None)], &rtp_profile, &rtcp_profile)
        };
        let (mut sends, mut receives) = (SendSession::new(), RecvSession::new());
        sends.add_stream(None, &config(100)).unwrap();
        receives.add_stream(None, &config(1)).unwrap();
        let (mut ours, _) = pair(profile);
        // 40,000 numbers apart would be another cycle; 20,000 are a long silence.
        for step in 0..10_u32 {
            for n in 0..50 {
                let packet = rtp((step * 20_000 + n + 100) as u16, 7);
                assert_eq!(
                    receives.rtp_unprotect(protect(&mut ours, &packet)).unwrap(),
                    packet,
                    "{profile:?}"
                );
                let theirs = sends.rtp_protect(packet.clone()).unwrap();
                assert_eq!(ours.unprotect_rtp(&theirs), Ok(&packet[..]), "{profile:?}");
            }
            let (mut report, length) = report(7);
            let plain = report[..length].to_vec();
            let theirs = sends.rtcp_protect(plain.clone()).unwrap();
            assert_eq!(ours.unprotect_rtcp(&theirs), Ok(&plain[..]), "{profile:?}");
            let secured = ours.protect_rtcp(&mut report, length).unwrap();
            assert_eq!(receives.rtcp_unprotect(report[..secured].to_vec()).unwrap(), plain, "{profile:?}");
        }
    }
}

fn others(profile: SrtpProfile) -> (ProtectionProfile, ProtectionProfile) {
    use ProtectionProfile as P;
    match profile {
        SrtpProfile::AesCm128HmacSha1_80 => (P::Aes128CmHmacSha180, P::Aes128CmHmacSha180),
        SrtpProfile::AesCm128HmacSha1_32 => (P::Aes128CmHmacSha132, P::Aes128CmHmacSha180),
        SrtpProfile::AesCm256HmacSha1_80 => (P::Aes256CmHmacSha180, P::Aes256CmHmacSha180),
        SrtpProfile::AesCm256HmacSha1_32 => (P::Aes256CmHmacSha132, P::Aes256CmHmacSha180),
        SrtpProfile::AeadAes128Gcm => (P::AeadAes128Gcm, P::AeadAes128Gcm),
        SrtpProfile::AeadAes256Gcm => (P::AeadAes256Gcm, P::AeadAes256Gcm),
    }
}

#[test]
fn no_packet_costs_an_allocation() {
    for profile in SrtpProfile::ALL {
        let (mut a, mut b) = pair(profile);
        let mut buffer = rtp(1, 7);
        buffer.resize(300, 0);
        let (reports, length) = report(7);
        let mut reports = reports.to_vec();
        // The first packet of a source makes its counters.
        let secured = a.protect_rtp(&mut buffer, 172).unwrap();
        assert!(b.unprotect_rtp(&buffer[..secured]).is_ok());
        let counted = allocation_counter::measure(|| {
            for sequence in 2..100_u16 {
                buffer[2..4].copy_from_slice(&sequence.to_be_bytes());
                let secured = a.protect_rtp(&mut buffer, 172).unwrap();
                assert!(b.unprotect_rtp(&buffer[..secured]).is_ok());
                assert!(b.unprotect_rtp(&buffer[..secured]).is_err());
                let secured = a.protect_rtcp(&mut reports, length).unwrap();
                assert!(b.unprotect_rtcp(&reports[..secured]).is_ok());
            }
        });
        assert_eq!(counted.count_total, 0, "{profile:?}");
    }
}

fn report(ssrc: u32) -> ([u8; 200], usize) {
    let mut report = [0; 200];
    let length = crate::rtcp::write(&mut report, ssrc, None, None, "name", true).unwrap();
    (report, length)
}
