//! Encrypted packets and what anybody makes of them: genuine ones are taken once, changed ones never, noise costs nothing.

use media::srtp::{Refused, Srtp, SrtpKey, SrtpKeys, SrtpProfile};

/// The first byte chooses the profile, and whether packets name their key. Then records: how it is made, its length, its
/// bytes.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&choice, mut rest)) = bytes.split_first() else { return };
    let profile = SrtpProfile::ALL[usize::from(choice & 7) % SrtpProfile::ALL.len()];
    let mki = (choice & 8 != 0).then(|| vec![choice; 1 + usize::from(choice >> 4)]);
    let key = |fill: u8| SrtpKey {
        key_and_salt: vec![fill; profile.key_length() + profile.salt_length()],
        mki: mki.clone(),
    };
    let keys = SrtpKeys { profile, local: key(1), remote: key(2) };
    let mut sender = Srtp::new(keys).expect("keys of the right length");
    let mut receiver = Srtp::new(SrtpKeys { profile, local: key(2), remote: key(1) }).expect("the same");
    let mut sequence = u16::from(choice) << 8;
    for _ in 0..RECORDS {
        let [how, length, tail @ ..] = rest else { break };
        let (body, next) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = next;
        let reports = how & 1 != 0;
        if how & 2 != 0 {
            let taken = unprotect(&mut receiver, reports, body);
            assert!(taken.is_none_or(|plain| plain.len() < body.len()), "noise grows");
            continue;
        }
        // Up to half of the numbers may be lost on the way (RFC 3711 3.3.1); reports have none of them.
        let step = [1, 2, 100, 20_000][usize::from(how >> 2 & 3)];
        sequence = sequence.wrapping_add(if reports { 0 } else { step });
        let plain = packet(reports, sequence, body);
        let mut secured = plain.clone();
        secured.resize(plain.len() + OVERHEAD, 0);
        let protected = match reports {
            true => sender.protect_rtcp(&mut secured, plain.len()),
            false => sender.protect_rtp(&mut secured, plain.len()),
        };
        secured.truncate(protected.expect("a packet of ours is encrypted"));
        let mut changed = secured.clone();
        let at = usize::from(*how >> 4) * usize::from(*length) % changed.len();
        changed[at] ^= 1 << (length & 7);
        assert_eq!(unprotect(&mut receiver, reports, &changed), None, "byte {at} was changed");
        assert_eq!(unprotect(&mut receiver, reports, &secured), Some(plain), "{profile:?}");
        let again = match reports {
            true => receiver.unprotect_rtcp(&secured).err(),
            false => receiver.unprotect_rtp(&secured).err(),
        };
        assert_eq!(again, Some(Refused::Replayed));
        for cut in [1, secured.len() / 2, secured.len() - 1] {
            assert_eq!(unprotect(&mut receiver, reports, &secured[..cut]), None, "cut at {cut}");
        }
    }
}

fn unprotect(receiver: &mut Srtp, reports: bool, bytes: &[u8]) -> Option<Vec<u8>> {
    let plain = if reports { receiver.unprotect_rtcp(bytes) } else { receiver.unprotect_rtp(bytes) };
    plain.ok().map(<[u8]>::to_vec)
}

fn packet(reports: bool, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = match reports {
        // A receiver report's first word, its length left alone: nobody reads it here.
        true => vec![0x80, 201, 0, 1],
        false => [&[0x80, 0][..], &sequence.to_be_bytes(), &[0, 0, 0, 1]].concat(),
    };
    packet.extend([0, 0, 0, 7]);
    packet.extend(body);
    packet
}

/// Number, tag and the longest name of a key.
const OVERHEAD: usize = 4 + 16 + 16;
const RECORDS: usize = 100;
