//! Session keys out of a master key, and what they do to a packet.

use aes::cipher::{InnerIvInit, KeyInit, StreamCipherCore};
use aes::{Aes128, Aes256};
use aes_gcm::{AeadInPlace, Aes128Gcm, Aes256Gcm};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::keys::{KeyError, SrtpKey, SrtpProfile};

/// The session keys of one direction for RTP and for RTCP.
pub(super) struct Ciphers {
    pub(super) rtp: Cipher,
    pub(super) rtcp: Cipher,
    /// What each packet names its key by; empty where it does not.
    pub(super) mki: Vec<u8>,
}

impl Ciphers {
    /// Derives them (RFC 3711 4.3, key derivation rate 0).
    pub(super) fn new(profile: SrtpProfile, key: &SrtpKey) -> Result<Self, KeyError> {
        let (length, salt) = (profile.key_length(), profile.salt_length());
        if key.key_and_salt.len() != length + salt {
            return Err(KeyError { profile });
        }
        let (master, master_salt) = key.key_and_salt.split_at(length);
        let derive = |label: u8, out: &mut [u8]| keystream(master, master_salt, label, out);
        let session = |first_label: u8, tag: usize| {
            let (mut key, mut auth, mut salt) = ([0; 32], [0; 20], [0; 14]);
            derive(first_label, &mut key[..length]);
            derive(first_label + 1, &mut auth);
            derive(first_label + 2, &mut salt[..profile.salt_length()]);
            Cipher::new(profile, &key[..length], &auth, salt, tag)
        };
        // RFC 3711 5.2: RTCP never has the short tag.
        let rtcp_tag = if profile.is_aead() { profile.rtp_tag() } else { 10 };
        Ok(Self {
            rtp: session(0, profile.rtp_tag()),
            rtcp: session(3, rtcp_tag),
            mki: key.mki.clone().unwrap_or_default(),
        })
    }
}

/// Session keys for packets of one kind.
pub(super) struct Cipher {
    mode: Mode,
    /// 14 bytes in counter mode, else 12.
    salt: [u8; 14],
    pub(super) tag: usize,
}

enum Mode {
    Counter(Block, Hmac<Sha1>),
    Galois128(Box<Aes128Gcm>),
    Galois256(Box<Aes256Gcm>),
}

enum Block {
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
}

impl Cipher {
    pub(super) fn new(profile: SrtpProfile, key: &[u8], auth: &[u8; 20], salt: [u8; 14], tag: usize) -> Self {
        use SrtpProfile as P;
        let mode = match profile {
            P::AesCm128HmacSha1_80 | P::AesCm128HmacSha1_32 => {
                Mode::Counter(Block::Aes128(Box::new(Aes128::new(key.into()))), mac(auth))
            }
            P::AesCm256HmacSha1_80 | P::AesCm256HmacSha1_32 => {
                Mode::Counter(Block::Aes256(Box::new(Aes256::new(key.into()))), mac(auth))
            }
            P::AeadAes128Gcm => Mode::Galois128(Box::new(Aes128Gcm::new(key.into()))),
            P::AeadAes256Gcm => Mode::Galois256(Box::new(Aes256Gcm::new(key.into()))),
        };
        Self { mode, salt, tag }
    }

    pub(super) fn is_aead(&self) -> bool {
        !matches!(self.mode, Mode::Counter(..))
    }

    /// Galois/Counter mode: encrypts `body` in place and writes its tag (RFC 7714 8.1, 9.1).
    pub(super) fn seal(
        &self,
        ssrc: u32,
        index: u64,
        header: &[u8],
        body: &mut [u8],
        tag: &mut [u8],
    ) -> Option<()> {
        let nonce = self.nonce(ssrc, index);
        let made = match &self.mode {
            Mode::Galois128(gcm) => gcm.encrypt_in_place_detached(&nonce.into(), header, body),
            Mode::Galois256(gcm) => gcm.encrypt_in_place_detached(&nonce.into(), header, body),
            Mode::Counter(..) => return None,
        };
        tag.copy_from_slice(made.ok()?.get(..tag.len())?);
        Some(())
    }

    /// Galois/Counter mode: decrypts `body` in place if its tag is right.
    pub(super) fn open(&self, ssrc: u32, index: u64, header: &[u8], body: &mut [u8], tag: &[u8; 16]) -> bool {
        let nonce = self.nonce(ssrc, index);
        match &self.mode {
            Mode::Galois128(gcm) => {
                gcm.decrypt_in_place_detached(&nonce.into(), header, body, tag.into()).is_ok()
            }
            Mode::Galois256(gcm) => {
                gcm.decrypt_in_place_detached(&nonce.into(), header, body, tag.into()).is_ok()
            }
            Mode::Counter(..) => false,
        }
    }

    /// Counter mode: encrypts or decrypts `body` in place (RFC 3711 4.1.1).
    pub(super) fn apply(&self, ssrc: u32, index: u64, body: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &ssrc.to_be_bytes());
        xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
        match &self.mode {
            Mode::Counter(Block::Aes128(aes), _) => {
                CtrCore::<&Aes128, Ctr128BE>::inner_iv_init(aes, &iv.into())
                    .apply_keystream_partial(body.into());
            }
            Mode::Counter(Block::Aes256(aes), _) => {
                CtrCore::<&Aes256, Ctr128BE>::inner_iv_init(aes, &iv.into())
                    .apply_keystream_partial(body.into());
            }
            Mode::Galois128(_) | Mode::Galois256(_) => {}
        }
    }

    /// Counter mode: writes the tag over `first` and `second`.
    pub(super) fn sign(&self, first: &[u8], second: &[u8], tag: &mut [u8]) -> Option<()> {
        let Mode::Counter(_, mac) = &self.mode else { return None };
        let made = mac.clone().chain_update(first).chain_update(second).finalize().into_bytes();
        tag.copy_from_slice(made.get(..tag.len())?);
        Some(())
    }

    /// Counter mode: whether `tag` is right, in constant time.
    pub(super) fn verify(&self, first: &[u8], second: &[u8], tag: &[u8]) -> bool {
        let Mode::Counter(_, mac) = &self.mode else { return false };
        mac.clone().chain_update(first).chain_update(second).verify_truncated_left(tag).is_ok()
    }

    /// RFC 7714 8.1 and 9.1: the same form for the 48 bits of RTP and the 31 of RTCP.
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.salt[..12]);
        xor(&mut nonce[2..6], &ssrc.to_be_bytes());
        xor(&mut nonce[6..], &index.to_be_bytes()[2..]);
        nonce
    }
}

/// RFC 3711 4.3.3 and RFC 6188 3; a salt of 96 bits is followed by zeros (RFC 7714 11).
pub(super) fn keystream(master: &[u8], salt: &[u8], label: u8, out: &mut [u8]) {
    let mut iv = [0; 16];
    iv[..salt.len()].copy_from_slice(salt);
    iv[7] ^= label;
    out.fill(0);
    let iv = iv.into();
    match master.len() {
        16 => CtrCore::<_, Ctr128BE>::inner_iv_init(Aes128::new(master.into()), &iv)
            .apply_keystream_partial(out.into()),
        _ => CtrCore::<_, Ctr128BE>::inner_iv_init(Aes256::new(master.into()), &iv)
            .apply_keystream_partial(out.into()),
    }
}

fn mac(auth: &[u8; 20]) -> Hmac<Sha1> {
    // A key shorter than a block is filled up with zeros, which is what the block takes (RFC 2104 2).
    let mut block = [0; 64];
    block[..20].copy_from_slice(auth);
    <Hmac<Sha1> as KeyInit>::new(&block.into())
}

fn xor(into: &mut [u8], with: &[u8]) {
    into.iter_mut().zip(with).for_each(|(byte, with)| *byte ^= with);
}
