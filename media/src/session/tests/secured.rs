//! SRTP.

use super::*;
use crate::dtls::{DtlsIdentity, DtlsTerms};
use crate::srtp::{SrtpKey, SrtpProfile};

fn keys(own: u8, peer: u8) -> SrtpKeys {
    let key = |fill| SrtpKey { key_and_salt: vec![fill; 30], mki: None };
    SrtpKeys { profile: SrtpProfile::AesCm128HmacSha1_80, local: key(own), remote: key(peer) }
}

#[test]
fn an_encrypted_call_takes_new_keys_without_a_gap() {
    let with = |remote, own, peer| {
        let encryption = Encryption::Keys(keys(own, peer));
        StreamParams { encryption, rtcp_mux: true, ..params(Codec::Pcmu, remote) }
    };
    let network = Network { delay_ms: 40, ..Network::default() };
    let mut pair = Pair::with(with(4002, 1, 2), with(4000, 2, 1), network);
    pair.answered();
    pair.a_says(ToneSpec::sine(440.0, -15.0));
    pair.run(10_000);
    let now = pair.now();
    // Both sides go over at once; what a sent before is still under way.
    pair.a.session.update(now, with(4002, 3, 2)).unwrap();
    pair.b.session.update(now, with(4000, 2, 3)).unwrap();
    pair.run(10_000);
    let (a, b) = (pair.a.session.stats(), pair.b.session.stats());
    assert_eq!((a.unauthentic, a.replayed, a.lost, a.malformed), (0, 0, 0, 0), "{a:?}");
    assert_eq!((b.unauthentic, b.replayed, b.lost, b.malformed), (0, 0, 0, 0), "{b:?}");
    assert!(b.packets_received > 990 && b.missed == 0, "{b:?}");
    assert!(a.rtt_ms.is_some() && b.rtt_ms.is_some(), "reports are read");
    // The old key is void by now.
    pair.a.session.update(pair.base, with(4002, 1, 2)).unwrap();
    pair.run(1_000);
    assert!(pair.b.session.stats().unauthentic > 40);
}

#[test]
fn nothing_goes_in_the_clear_before_a_handshake_is_over() {
    let identity = DtlsIdentity::generate().unwrap();
    let terms =
        |client| DtlsTerms { identity: identity.clone(), client, fingerprints: Vec::new(), tls_id: None };
    let with = |remote, client| {
        let encryption = Encryption::Dtls(terms(client));
        StreamParams { encryption, rtcp_mux: true, ..params(Codec::Pcmu, remote) }
    };
    let mut pair = Pair::with(with(4002, true), with(4000, false), Network::default());
    pair.answered();
    pair.a_says(ToneSpec::sine(440.0, -15.0));
    pair.run(6_000);
    assert_eq!((pair.a.sent, pair.b.sent), (0, 0));
    pair.a.session.set_keys(Channel::Rtp, keys(1, 2)).unwrap();
    pair.b.session.set_keys(Channel::Rtp, keys(2, 1)).unwrap();
    pair.run(6_000);
    let b = pair.b.session.stats();
    assert!(b.packets_received > 290 && b.unauthentic == 0, "{b:?}");
    assert!(b.rtt_ms.is_some() || pair.a.session.stats().rtt_ms.is_some(), "reports go on the same port");
    // A later description without a change leaves the keys in force.
    pair.a.session.update(pair.base, with(4002, true)).unwrap();
    pair.run(1_000);
    assert!(pair.b.session.stats().packets_received > 340);
}

/// RFC 5764 4.1.2: without rtcp-mux the handshake on the RTCP port makes the keys of the reports, that on the RTP port none for them.
#[test]
fn reports_on_a_port_of_their_own_have_keys_of_their_own() {
    let identity = DtlsIdentity::generate().unwrap();
    let with = |remote, client| {
        let terms = DtlsTerms { identity: identity.clone(), client, fingerprints: Vec::new(), tls_id: None };
        StreamParams { encryption: Encryption::Dtls(terms), ..params(Codec::Pcmu, remote) }
    };
    let mut pair = Pair::with(with(4002, true), with(4000, false), Network::default());
    assert_eq!(pair.a.session.remote_reports(), address(4003));
    pair.answered();
    pair.a_says(ToneSpec::sine(440.0, -15.0));
    pair.a.session.set_keys(Channel::Rtp, keys(1, 2)).unwrap();
    pair.b.session.set_keys(Channel::Rtp, keys(2, 1)).unwrap();
    pair.run(15_000);
    let (a, b) = (pair.a.session.stats(), pair.b.session.stats());
    assert!(b.packets_received > 740, "voice needs no keys of reports: {b:?}");
    assert_eq!((a.rtt_ms, a.remote_lost, b.rtt_ms, b.remote_lost), (None, None, None, None));
    pair.a.session.set_keys(Channel::Rtcp, keys(5, 6)).unwrap();
    pair.b.session.set_keys(Channel::Rtcp, keys(6, 5)).unwrap();
    pair.run(25_000);
    let (a, b) = (pair.a.session.stats(), pair.b.session.stats());
    assert!(a.rtt_ms.is_some() && b.rtt_ms.is_some(), "{a:?} {b:?}");
    assert_eq!((a.unauthentic, b.unauthentic), (0, 0));
    // Other keys on one side: its reports are refused, the voice goes on.
    pair.a.session.set_keys(Channel::Rtcp, keys(7, 6)).unwrap();
    pair.run(15_000);
    let after = pair.b.session.stats();
    assert!(
        after.unauthentic + after.replayed > 0 && after.packets_received > b.packets_received + 740,
        "{after:?}"
    );
}
