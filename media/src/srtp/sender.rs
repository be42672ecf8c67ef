//! Our own packets.

use super::MAX_SOURCES;
use super::cipher::Ciphers;
use super::keys::{KeyError, SrtpKey, SrtpProfile};
use super::receiver::{ENCRYPTED, header_length, word};
use super::window::index;

pub(super) struct Sender {
    ciphers: Ciphers,
    /// A session has one SSRC; of what had ever been sent under this key nothing may be forgotten.
    streams: Vec<Stream>,
}

struct Stream {
    ssrc: u32,
    /// The highest RTP number so far.
    rtp: Option<u64>,
    /// The next RTCP number.
    rtcp: u32,
}

impl Sender {
    pub(super) fn new(profile: SrtpProfile, key: &SrtpKey) -> Result<Self, KeyError> {
        Ok(Self { ciphers: Ciphers::new(profile, key)?, streams: Vec::with_capacity(1) })
    }

    pub(super) fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let header = header_length(buffer.get(..length)?)?;
        let sequence = u16::from_be_bytes([*buffer.get(2)?, *buffer.get(3)?]);
        let ssrc = word(buffer, 8)?;
        let tag = self.ciphers.rtp.tag;
        let end = length + tag + self.ciphers.mki.len();
        let buffer = buffer.get_mut(..end)?;
        let stream = stream(&mut self.streams, ssrc)?;
        // RFC 3711 9.1: a number is never encrypted twice under one key.
        let number = index(stream.rtp, sequence)
            .filter(|number| stream.rtp.is_none_or(|highest| *number > highest) && *number < RTP_LIMIT)?;
        let (cipher, mki) = (&self.ciphers.rtp, &self.ciphers.mki);
        let (packet, trailer) = buffer.split_at_mut(length);
        if cipher.is_aead() {
            let (header, body) = packet.split_at_mut(header);
            cipher.seal(ssrc, number, header, body, &mut trailer[..tag])?;
            trailer[tag..].copy_from_slice(mki);
        } else {
            cipher.apply(ssrc, number, &mut packet[header..]);
            let (name, tag) = trailer.split_at_mut(mki.len());
            name.copy_from_slice(mki);
            cipher.sign(packet, &cycle(number), tag)?;
        }
        stream.rtp = Some(number);
        Some(end)
    }

    pub(super) fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        if length < 8 {
            return None;
        }
        let ssrc = word(buffer.get(..length)?, 4)?;
        let tag = self.ciphers.rtcp.tag;
        let end = length + 4 + tag + self.ciphers.mki.len();
        let buffer = buffer.get_mut(..end)?;
        let stream = stream(&mut self.streams, ssrc)?;
        let number = Some(stream.rtcp).filter(|number| *number < ENCRYPTED)?;
        let (cipher, mki) = (&self.ciphers.rtcp, &self.ciphers.mki);
        let last = (ENCRYPTED | number).to_be_bytes();
        if cipher.is_aead() {
            let (packet, trailer) = buffer.split_at_mut(length);
            let (header, body) = packet.split_at_mut(8);
            cipher.seal(ssrc, number.into(), &with_index(header, last), body, &mut trailer[..tag])?;
            trailer[tag..tag + 4].copy_from_slice(&last);
            trailer[tag + 4..].copy_from_slice(mki);
        } else {
            cipher.apply(ssrc, number.into(), &mut buffer[8..length]);
            buffer[length..length + 4].copy_from_slice(&last);
            let (signed, trailer) = buffer.split_at_mut(length + 4);
            let (name, tag) = trailer.split_at_mut(mki.len());
            name.copy_from_slice(mki);
            cipher.sign(signed, &[], tag)?;
        }
        stream.rtcp = number + 1;
        Some(end)
    }
}

/// What the tag of RTP covers beside the packet: the roll-over counter (RFC 3711 4.2).
pub(super) fn cycle(number: u64) -> [u8; 4] {
    ((number >> 16) as u32).to_be_bytes()
}

/// What the tag of RTCP covers in Galois/Counter mode: the first eight bytes and the last word (RFC 7714 9.2).
pub(super) fn with_index(header: &[u8], last: [u8; 4]) -> [u8; 12] {
    let mut covered = [0; 12];
    covered.iter_mut().zip(header.iter().chain(&last)).for_each(|(into, byte)| *into = *byte);
    covered
}

fn stream(streams: &mut Vec<Stream>, ssrc: u32) -> Option<&mut Stream> {
    if let Some(at) = streams.iter().position(|stream| stream.ssrc == ssrc) {
        return streams.get_mut(at);
    }
    if streams.len() == MAX_SOURCES {
        return None;
    }
    streams.push(Stream { ssrc, rtp: None, rtcp: 0 });
    streams.last_mut()
}

/// RFC 3711 9.2: packets under one key.
const RTP_LIMIT: u64 = 1 << 48;
