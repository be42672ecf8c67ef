//! The peer's packets.

use std::collections::VecDeque;

use super::MAX_SOURCES;
use super::cipher::Ciphers;
use super::keys::{KeyError, SrtpKey, SrtpProfile};
use super::sender::{cycle, with_index};
use super::window::{Window, index};

/// Why a received packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not encrypted under this key, or changed on the way.
    Unauthentic,
    /// It was here before, or is too old to tell.
    Replayed,
}

pub(super) struct Receiver {
    ciphers: Ciphers,
    /// Sources that were heard, oldest first. Only authentic packets make one.
    sources: VecDeque<Source>,
}

#[derive(Clone, Copy, Default)]
struct Source {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

impl Receiver {
    pub(super) fn new(profile: SrtpProfile, key: &SrtpKey) -> Result<Self, KeyError> {
        let ciphers = Ciphers::new(profile, key)?;
        Ok(Self { ciphers, sources: VecDeque::with_capacity(MAX_SOURCES) })
    }

    #[cfg(test)]
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Decrypts the RTP packet in `packet`, which is then as long as it was before encryption.
    pub(super) fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), Refused> {
        let (cipher, mki) = (&self.ciphers.rtp, &self.ciphers.mki);
        let header = header_length(packet).ok_or(Refused::Unauthentic)?;
        let ssrc = word(packet, 8).ok_or(Refused::Unauthentic)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let plain = packet
            .len()
            .checked_sub(cipher.tag + mki.len())
            .filter(|plain| *plain >= header)
            .ok_or(Refused::Unauthentic)?;
        let source = self.source(ssrc);
        let number = index(source.rtp.highest(), sequence).ok_or(Refused::Unauthentic)?;
        let fresh = source.rtp.is_fresh(number);
        let authentic = if cipher.is_aead() {
            let (header, rest) = packet.split_at_mut(header);
            let (body, trailer) = rest.split_at_mut(plain - header.len());
            let (tag, name) = trailer.split_at(cipher.tag);
            name == mki
                && <&[u8; 16]>::try_from(tag)
                    .is_ok_and(|tag| fresh && cipher.open(ssrc, number, header, body, tag))
        } else {
            let (signed, trailer) = packet.split_at_mut(plain);
            let (name, tag) = trailer.split_at(mki.len());
            let authentic = name == mki && fresh && cipher.verify(signed, &cycle(number), tag);
            if authentic {
                cipher.apply(ssrc, number, &mut signed[header..]);
            }
            authentic
        };
        // RFC 3711 3.3: the window comes first, since it is cheap.
        match (fresh, authentic) {
            (false, _) => return Err(Refused::Replayed),
            (true, false) => return Err(Refused::Unauthentic),
            (true, true) => {}
        }
        self.known(source).rtp.note(number);
        packet.truncate(plain);
        Ok(())
    }

    /// Decrypts the compound RTCP packet in `packet`, which is then as long as it was before encryption.
    pub(super) fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), Refused> {
        let (cipher, mki) = (&self.ciphers.rtcp, &self.ciphers.mki);
        let ssrc = word(packet, 4).ok_or(Refused::Unauthentic)?;
        let plain = packet
            .len()
            .checked_sub(4 + cipher.tag + mki.len())
            .filter(|plain| *plain >= 8)
            .ok_or(Refused::Unauthentic)?;
        let at = if cipher.is_aead() { plain + cipher.tag } else { plain };
        let last = word(packet, at).ok_or(Refused::Unauthentic)?;
        // What is authentic only was not agreed on (UNENCRYPTED_SRTCP, RFC 4568 6.3.2).
        let number = u64::from(last & !ENCRYPTED);
        let source = self.source(ssrc);
        let fresh = source.rtcp.is_fresh(number);
        let allowed = fresh && last & ENCRYPTED != 0;
        let authentic = if cipher.is_aead() {
            let (header, rest) = packet.split_at_mut(8);
            let (body, trailer) = rest.split_at_mut(plain - 8);
            let (tag, end) = trailer.split_at(cipher.tag);
            let covered = with_index(header, last.to_be_bytes());
            end.get(4..) == Some(mki)
                && <&[u8; 16]>::try_from(tag)
                    .is_ok_and(|tag| allowed && cipher.open(ssrc, number, &covered, body, tag))
        } else {
            let (signed, trailer) = packet.split_at_mut(plain + 4);
            let (name, tag) = trailer.split_at(mki.len());
            let authentic = name == mki && allowed && cipher.verify(signed, &[], tag);
            if authentic {
                cipher.apply(ssrc, number, &mut signed[8..plain]);
            }
            authentic
        };
        match (fresh, authentic) {
            (false, _) => return Err(Refused::Replayed),
            (true, false) => return Err(Refused::Unauthentic),
            (true, true) => {}
        }
        self.known(source).rtcp.note(number);
        packet.truncate(plain);
        Ok(())
    }

    fn source(&self, ssrc: u32) -> Source {
        let known = self.sources.iter().find(|source| source.ssrc == ssrc).copied();
        known.unwrap_or(Source { ssrc, ..Source::default() })
    }

    /// The source's place; the oldest goes to make room.
    fn known(&mut self, source: Source) -> &mut Source {
        let at = self.sources.iter().position(|known| known.ssrc == source.ssrc).unwrap_or_else(|| {
            if self.sources.len() == MAX_SOURCES {
                self.sources.pop_front();
            }
            self.sources.push_back(source);
            self.sources.len() - 1
        });
        &mut self.sources[at]
    }
}

/// Bytes before the payload (RFC 3550 5.1, 5.3.1), which are not encrypted.
pub(super) fn header_length(packet: &[u8]) -> Option<usize> {
    let first = *packet.first().filter(|first| *first >> 6 == 2)?;
    let mut length = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let words = packet.get(length + 2..length + 4)?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    (length <= packet.len()).then_some(length)
}

pub(super) fn word(packet: &[u8], at: usize) -> Option<u32> {
    packet.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

/// The bit above the 31 bits of an RTCP number (RFC 3711 3.4).
pub(super) const ENCRYPTED: u32 = 1 << 31;
