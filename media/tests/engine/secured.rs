//! Encrypted voice between two engines over real sockets.

use media::dtls::{DtlsFailure, DtlsIdentity, DtlsTerms, Fingerprint, HashFunction};
use media::srtp::{Encryption, SrtpKey, SrtpKeys, SrtpProfile};
use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint, MediaEvent, StreamParams};

use crate::kit::{CALL, Side, params, pause, tone_clip};

/// Two engines that say a tone, with what each is told of encryption.
fn call(a: Encryption, b: Encryption, dtls: bool) -> (Side, Side) {
    let (one, two) = (Side::start(1), Side::start(1));
    let at_one = one.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    let at_two = two.open(Endpoint::Silence);
    for (side, remote, encryption) in [(&one, at_two, a), (&two, at_one, b)] {
        let params = StreamParams { encryption, rtcp_mux: dtls, ..params(remote, Codec::Pcmu) };
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

/// Both roles, and a new handshake in the middle of the call when the peer has another certificate.
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

#[path = "../fuzz/srtp.rs"]
mod fuzz;

/// Seeded changes of the corpus, as `./x fuzz` makes many more.
#[test]
fn changed_packets_break_no_rule() {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/srtp");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let inputs: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    inputs.iter().for_each(|input| fuzz::run(input));
    let mut state = 0x5EED_u64;
    let mut below = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    for _ in 0..2_000 {
        let mut input = inputs[below(inputs.len())].clone();
        for _ in 0..=below(4) {
            let at = below(input.len());
            match below(4) {
                0 => input[at] ^= 1 << below(8),
                1 => input[at] = below(256) as u8,
                2 => input.truncate(at.max(1)),
                _ => input.extend_from_within(at..),
            }
        }
        input.truncate(4_096);
        fuzz::run(&input);
    }
}
