//! Encrypted voice between two engines over real sockets.

use media::dtls::{DtlsFailure, DtlsIdentity, DtlsTerms, Fingerprint, HashFunction};
use media::srtp::{Encryption, SrtpKey, SrtpKeys, SrtpProfile};
use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint, MediaEvent, StreamParams};

use crate::kit::{CALL, Side, params, pause, tone_clip};

/// Two engines that say a tone, with what each is told of encryption.
fn call(a: Encryption, b: Encryption, rtcp_mux: bool) -> (Side, Side) {
    let (one, two) = (Side::start(1), Side::start(1));
    let at_one = one.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    let at_two = two.open(Endpoint::Silence);
    for (side, remote, encryption) in [(&one, at_two, a), (&two, at_one, b)] {
        let params = StreamParams { encryption, rtcp_mux, ..params(remote, Codec::Pcmu) };
        side.send(Command::Start { session: CALL, params });
        side.send(Command::Answered { session: CALL });
    }
    (one, two)
}

fn terms(own: &DtlsIdentity, client: bool, peer: &DtlsIdentity) -> Encryption {
    let print = Fingerprint { hash: HashFunction::Sha256, digest: peer.fingerprint().to_vec() };
    Encryption::Dtls(DtlsTerms { identity: own.clone(), client, fingerprints: vec![print], tls_id: None })
}

fn flows(side: &mut Side) {
    side.wait_for("voice", |event| matches!(event, MediaEvent::RtpFlowing { .. }));
}

#[test]
fn keys_of_the_signalling() {
    for profile in SrtpProfile::ALL {
        let key = |fill| SrtpKey {
            key_and_salt: vec![fill; profile.key_length() + profile.salt_length()],
            mki: None,
        };
        let keys = |own, peer| Encryption::Keys(SrtpKeys { profile, local: key(own), remote: key(peer) });
        let (mut one, mut two) = call(keys(1, 2), keys(2, 1), false);
        flows(&mut one);
        flows(&mut two);
        pause(200);
        let (one, two) = (one.hang_up(), two.hang_up());
        assert_eq!((one.unauthentic, two.unauthentic), (0, 0), "{profile:?}");
        assert!(two.packets_received > 5 && two.lost == 0, "{two:?}");
    }
}

#[test]
fn voice_in_the_clear_is_not_taken_for_encrypted_nor_the_other_way() {
    let profile = SrtpProfile::AesCm128HmacSha1_80;
    let key = SrtpKey { key_and_salt: vec![1; 30], mki: None };
    let keys = Encryption::Keys(SrtpKeys { profile, local: key.clone(), remote: key });
    let (mut one, mut two) = call(Encryption::Off, keys, false);
    pause(500);
    let (_, two) = (one.hang_up(), two.hang_up());
    assert_eq!(two.packets_received, 0);
    assert!(two.unauthentic > 10, "{two:?}");
}

/// Both roles.
#[test]
fn keys_of_a_handshake() {
    let (a, b) = (DtlsIdentity::generate().unwrap(), DtlsIdentity::generate().unwrap());
    let (mut one, mut two) = call(terms(&a, true, &b), terms(&b, false, &a), true);
    for side in [&mut one, &mut two] {
        side.wait_for("keys", |event| {
            matches!(event, MediaEvent::Encrypted { profile: SrtpProfile::AeadAes256Gcm, .. })
        });
        flows(side);
    }
    pause(300);
    let (one, two) = (one.hang_up(), two.hang_up());
    assert!(one.packets_received > 10 && two.packets_received > 10, "{one:?} {two:?}");
    // Whose keys come a moment later hears the first packets of the other in vain.
    assert!(one.unauthentic <= 2 && two.unauthentic <= 2, "{one:?} {two:?}");
}

/// Without rtcp-mux there are two handshakes, and reports go both ways under the keys of the second.
#[test]
fn reports_on_a_port_of_their_own_have_a_handshake_of_their_own() {
    let (a, b) = (DtlsIdentity::generate().unwrap(), DtlsIdentity::generate().unwrap());
    let (mut one, mut two) = call(terms(&a, true, &b), terms(&b, false, &a), false);
    for side in [&mut one, &mut two] {
        flows(side);
        // A round trip is known from a report of the peer that answers one of ours.
        side.wait_for(
            "a round trip",
            |event| matches!(event, MediaEvent::Stats { stats, .. } if stats.rtt_ms.is_some()),
        );
    }
    let (one, two) = (one.hang_up(), two.hang_up());
    assert!(one.unauthentic <= 2 && two.unauthentic <= 2, "{one:?} {two:?}");
}

#[test]
fn a_certificate_that_was_not_named_ends_it() {
    let (a, b) = (DtlsIdentity::generate().unwrap(), DtlsIdentity::generate().unwrap());
    let other = DtlsIdentity::generate().unwrap();
    let (mut one, mut two) = call(terms(&a, true, &other), terms(&b, false, &a), true);
    one.wait_for("the failure", |event| {
        matches!(event, MediaEvent::EncryptionFailed { failure: DtlsFailure::Fingerprint, .. })
    });
    pause(200);
    let (one, _) = (one.hang_up(), two.hang_up());
    assert_eq!(one.packets_received, 0, "{one:?}");
}
