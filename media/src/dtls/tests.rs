//! Two associations against each other in simulated time.

use std::collections::VecDeque;
use std::time::Instant;

use super::association::{Association, LIMIT};
use super::{DtlsFailure, DtlsIdentity, DtlsTerms, Fingerprint, HashFunction, is_dtls, matches};
use crate::rtp::sender::mix;
use crate::srtp::SrtpKeys;

fn start() -> Instant {
    crate::queue::now()
}

fn print_of(identity: &DtlsIdentity) -> Fingerprint {
    Fingerprint { hash: HashFunction::Sha256, digest: identity.fingerprint().to_vec() }
}

struct Pair {
    sides: [Association; 2],
    keys: [Option<Result<SrtpKeys, DtlsFailure>>; 2],
    /// What a side that is done sends again when it is asked.
    last: [Vec<Vec<u8>>; 2],
    /// Datagrams under way and whom to.
    network: VecDeque<(usize, Vec<u8>)>,
    sent: usize,
    now: Instant,
}

impl Pair {
    /// A client, a server, and the fingerprints that each was told of the other.
    fn new(client: &DtlsIdentity, server: &DtlsIdentity, told: [Fingerprint; 2], now: Instant) -> Self {
        let [of_server, of_client] = told;
        let terms = |identity: &DtlsIdentity, client, print| DtlsTerms {
            identity: identity.clone(),
            client,
            fingerprints: vec![print],
            tls_id: None,
        };
        let sides = [
            Association::begin(terms(client, true, of_server), now).unwrap(),
            Association::begin(terms(server, false, of_client), now).unwrap(),
        ];
        let (keys, last, network) = ([None, None], [Vec::new(), Vec::new()], VecDeque::new());
        Self { sides, keys, last, network, sent: 0, now }
    }

    /// Runs until both are done; `lost` says which datagrams, counted from 1, are.
    fn run(&mut self, lost: impl Fn(usize) -> bool) {
        self.send(0, &lost);
        while self.keys.iter().any(Option::is_none) {
            if let Some((to, datagram)) = self.network.pop_front() {
                self.arrive(to, &datagram, &lost);
                continue;
            }
            let open = |side: &usize| self.keys[*side].is_none();
            let open: Vec<usize> = [0, 1].into_iter().filter(open).collect();
            self.now = open.iter().map(|side| self.sides[*side].poll_timeout()).min().unwrap();
            for side in open {
                match self.sides[side].handle_timeout(self.now) {
                    Ok(()) => self.send(side, &lost),
                    Err(failure) => self.keys[side] = Some(Err(failure)),
                }
            }
        }
    }

    fn arrive(&mut self, side: usize, datagram: &[u8], lost: &impl Fn(usize) -> bool) {
        if self.keys[side].is_some() {
            for datagram in self.last[side].clone() {
                self.post(side, datagram, lost);
            }
            return;
        }
        let found = self.sides[side].handle(self.now, datagram).transpose();
        self.send(side, lost);
        if found.is_some() {
            self.last[side] = self.sides[side].last_flight();
            self.keys[side] = found;
        }
    }

    fn send(&mut self, side: usize, lost: &impl Fn(usize) -> bool) {
        while let Some(datagram) = self.sides[side].poll_transmit().map(<[u8]>::to_vec) {
            assert!(is_dtls(&datagram));
            self.post(side, datagram, lost);
        }
    }

    fn post(&mut self, side: usize, datagram: Vec<u8>, lost: &impl Fn(usize) -> bool) {
        self.sent += 1;
        if !lost(self.sent) {
            self.network.push_back((1 - side, datagram));
        }
    }
}

fn identities() -> (DtlsIdentity, DtlsIdentity) {
    (DtlsIdentity::generate().unwrap(), DtlsIdentity::generate().unwrap())
}

#[test]
fn both_sides_have_the_same_keys() {
    let (a, b) = identities();
    assert!(a != b && a == a.clone());
    let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&a)], start());
    pair.run(|_| false);
    let [Some(Ok(client)), Some(Ok(server))] = &pair.keys else { panic!("{:?}", pair.keys) };
    assert_eq!(
        (client.profile, &client.local, &client.remote),
        (server.profile, &server.remote, &server.local)
    );
    assert_ne!(client.local, client.remote);
    assert!(crate::srtp::Srtp::new(client.clone()).is_ok());
}

/// Every single datagram lost once, then one of ten: the timers bring it through.
#[test]
fn lost_flights_are_sent_again() {
    let (a, b) = identities();
    for missing in 1..=8 {
        let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&a)], start());
        pair.run(|number| number == missing);
        assert!(matches!(pair.keys, [Some(Ok(_)), Some(Ok(_))]), "{missing}: {:?}", pair.keys);
    }
    for seed in 0..20 {
        let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&a)], start());
        pair.run(|number| mix(seed << 32 | number as u64).is_multiple_of(10));
        assert!(matches!(pair.keys, [Some(Ok(_)), Some(Ok(_))]), "{seed}: {:?}", pair.keys);
    }
}

#[test]
fn a_silent_peer_ends_it_in_time() {
    let (a, b) = identities();
    let begun = start();
    let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&a)], begun);
    pair.run(|_| true);
    assert_eq!(pair.keys, [Some(Err(DtlsFailure::Timeout)), Some(Err(DtlsFailure::Timeout))]);
    assert_eq!(pair.now, begun + LIMIT);
}

#[test]
fn another_certificate_than_the_one_named_gives_no_keys() {
    let (a, b) = identities();
    let other = DtlsIdentity::generate().unwrap();
    let mut pair = Pair::new(&a, &b, [print_of(&other), print_of(&a)], start());
    pair.run(|_| false);
    assert_eq!(pair.keys[0], Some(Err(DtlsFailure::Fingerprint)));
    let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&other)], start());
    pair.run(|_| false);
    assert_eq!(pair.keys[1], Some(Err(DtlsFailure::Fingerprint)));
}

#[test]
fn noise_changes_nothing() {
    let (a, b) = identities();
    let mut pair = Pair::new(&a, &b, [print_of(&b), print_of(&a)], start());
    for length in 0..120_usize {
        let mut noise: Vec<u8> = (0..length).map(|n| (n * 37 + length) as u8).collect();
        if let Some(first) = noise.first_mut() {
            *first = 20 + (length % 44) as u8;
        }
        if length > 12 {
            // A record that is right by its form.
            noise[1..3].copy_from_slice(&[254, 253]);
            noise[3..11].fill(0);
            noise[11..13].copy_from_slice(&((length - 13) as u16).to_be_bytes());
        }
        for side in &mut pair.sides {
            assert_eq!(side.handle(pair.now, &noise), Ok(None), "{length}");
        }
    }
    pair.run(|_| false);
    assert!(matches!(pair.keys, [Some(Ok(_)), Some(Ok(_))]), "{:?}", pair.keys);
}

#[test]
fn the_strongest_hash_decides() {
    let certificate = b"certificate";
    let right = |hash, length| {
        let candidates = [
            <sha1::Sha1 as sha1::Digest>::digest(certificate).to_vec(),
            <sha2::Sha256 as sha2::Digest>::digest(certificate).to_vec(),
            <sha2::Sha512 as sha2::Digest>::digest(certificate).to_vec(),
        ];
        let digest = candidates.into_iter().find(|digest| digest.len() == length).unwrap();
        Fingerprint { hash, digest }
    };
    let weak = right(HashFunction::Sha1, 20);
    let usual = right(HashFunction::Sha256, 32);
    let wrong = Fingerprint { hash: HashFunction::Sha512, digest: vec![0; 64] };
    assert!(matches(std::slice::from_ref(&weak), certificate));
    assert!(matches(std::slice::from_ref(&usual), certificate));
    assert!(matches(&[weak.clone(), wrong.clone(), right(HashFunction::Sha512, 64)], certificate));
    assert!(!matches(&[weak, usual, wrong], certificate));
    assert!(!matches(&[], certificate));
}
