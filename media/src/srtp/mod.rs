//! Secure RTP and RTCP (RFC 3711, 6188, 7714): one context per session, without I/O and without an allocation per packet.
//!
//! What is not encrypted under the agreed key, was changed on the way or was here before is refused. Counter mode,
//! Galois/Counter mode and HMAC are those of RustCrypto; packet forms, indexes, windows and keys are ours.

mod cipher;
mod keys;
mod receiver;
mod sender;
mod window;

use std::fmt;

pub use keys::{Encryption, KeyError, SrtpKey, SrtpKeys, SrtpProfile};
use receiver::Receiver;
pub use receiver::Refused;
use sender::Sender;

/// Encrypts and decrypts the packets of one session.
pub struct Srtp {
    keys: SrtpKeys,
    sender: Sender,
    receiver: Receiver,
    /// The receiver before a new key of the peer, until a packet comes under the new one.
    former: Option<Receiver>,
    /// The packet that was decrypted last.
    plain: Vec<u8>,
}

impl Srtp {
    /// A context at the start of its keys.
    ///
    /// # Errors
    /// [`KeyError`] when a key has not the length of the profile.
    pub fn new(keys: SrtpKeys) -> Result<Self, KeyError> {
        let sender = Sender::new(keys.profile, &keys.local)?;
        let receiver = Receiver::new(keys.profile, &keys.remote)?;
        Ok(Self { keys, sender, receiver, former: None, plain: Vec::with_capacity(LONGEST) })
    }

    /// Profile and keys in force.
    pub fn keys(&self) -> &SrtpKeys {
        &self.keys
    }

    /// Goes over to other keys. A direction whose key stays keeps its counters: the same key must never be used anew from
    /// the start (RFC 3711 9.1). Packets that the peer sent under its old key are taken until the first under the new one.
    ///
    /// # Errors
    /// [`KeyError`]; the former keys then stay in force.
    pub fn rekey(&mut self, keys: SrtpKeys) -> Result<(), KeyError> {
        let same_profile = keys.profile == self.keys.profile;
        let sender = match same_profile && keys.local == self.keys.local {
            true => None,
            false => Some(Sender::new(keys.profile, &keys.local)?),
        };
        if !same_profile || keys.remote != self.keys.remote {
            let receiver = Receiver::new(keys.profile, &keys.remote)?;
            self.former = Some(std::mem::replace(&mut self.receiver, receiver));
        }
        if let Some(sender) = sender {
            self.sender = sender;
        }
        self.keys = keys;
        Ok(())
    }

    /// Encrypts the RTP packet in `buffer[..length]` in place and returns its new length; `None` when it is none, there is
    /// no room for the tag, or its number was used under this key before.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        self.sender.protect_rtp(buffer, length)
    }

    /// The same for a compound RTCP packet, which gets the next number of its own.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        self.sender.protect_rtcp(buffer, length)
    }

    /// Decrypts an RTP packet.
    ///
    /// # Errors
    /// [`Refused`]: it must not be looked at.
    pub fn unprotect_rtp(&mut self, packet: &[u8]) -> Result<&[u8], Refused> {
        self.unprotect(packet, Receiver::unprotect_rtp)
    }

    /// Decrypts a compound RTCP packet.
    ///
    /// # Errors
    /// [`Refused`]: it must not be looked at.
    pub fn unprotect_rtcp(&mut self, packet: &[u8]) -> Result<&[u8], Refused> {
        self.unprotect(packet, Receiver::unprotect_rtcp)
    }

    fn unprotect(
        &mut self,
        packet: &[u8],
        open: fn(&mut Receiver, &mut Vec<u8>) -> Result<(), Refused>,
    ) -> Result<&[u8], Refused> {
        if packet.len() > LONGEST {
            return Err(Refused::Unauthentic);
        }
        let mut attempt = |receiver: &mut Receiver| {
            self.plain.clear();
            self.plain.extend_from_slice(packet);
            open(receiver, &mut self.plain)
        };
        match (attempt(&mut self.receiver), &mut self.former) {
            (Ok(()), former) => *former = None,
            (Err(Refused::Unauthentic), Some(former)) => attempt(former)?,
            (Err(refused), _) => return Err(refused),
        }
        Ok(&self.plain)
    }
}

impl fmt::Debug for Srtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srtp").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// Sources whose counters are kept. A peer has one, a few after transfers; one that invents sources must not fill memory.
const MAX_SOURCES: usize = 16;
/// Longest packet that is looked at: as long as a datagram that the workers read.
const LONGEST: usize = 2_048;

#[cfg(test)]
mod tests;
