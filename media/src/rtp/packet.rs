//! One RTP packet.

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};
use thiserror::Error;

/// Length of a header without CSRC and extension.
pub const HEADER_LEN: usize = 12;

/// Whether a datagram is RTCP: payload types 64 to 95 with the marker are reserved for it (RFC 5761 4). Must be
/// asked first, since a sender report also reads as RTP.
pub fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|second| (192..=223).contains(second))
}

/// A packet, its payload borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Start of a talk spurt, or of an event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Grows by one per packet.
    pub sequence: u16,
    /// In the codec's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// The coded audio.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; header extension, CSRCs and padding are skipped.
    ///
    /// # Errors
    /// [`PacketError::Malformed`] when it is not RTP version 2.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacketError> {
        let reader = RtpReader::new(bytes).map_err(|_| PacketError::Malformed)?;
        Ok(Self {
            marker: reader.mark(),
            payload_type: reader.payload_type(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }

    /// Writes the packet and returns its length.
    ///
    /// # Errors
    /// [`PacketError::Space`] when `out` is too small or the payload type above 127.
    pub fn write(&self, out: &mut [u8]) -> Result<usize, PacketError> {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(self.payload)
            .build_into(out)
            .map_err(|_| PacketError::Space)
    }
}

/// Why a packet could not be read or written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketError {
    /// Not RTP version 2, or its lengths contradict each other.
    #[error("not an RTP packet")]
    Malformed,
    /// The buffer is too small.
    #[error("RTP packet does not fit its buffer")]
    Space,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let packet = Packet {
            marker: true,
            payload_type: 8,
            sequence: 65_535,
            timestamp: 4_000_000_000,
            ssrc: 7,
            payload: b"abc",
        };
        let mut bytes = [0; 20];
        assert_eq!(packet.write(&mut bytes), Ok(15));
        assert_eq!(Packet::parse(&bytes[..15]), Ok(packet));
        assert_eq!(packet.write(&mut bytes[..14]), Err(PacketError::Space));
    }

    #[test]
    fn extension_csrc_and_padding_are_skipped() {
        let mut bytes = vec![0xB1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([9, 9, 9, 9]); // CSRC
        bytes.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // extension of one word
        bytes.extend([0xAA, 0xBB, 0, 2]); // payload and two bytes of padding
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.payload, packet.marker, packet.payload_type), (&[0xAA, 0xBB][..], true, 0));
    }

    #[test]
    fn garbage_is_refused_without_a_panic() {
        for length in 0..64_u8 {
            for first in [0x00, 0x40, 0x80, 0x8F, 0xBF, 0xFF] {
                let mut bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(91)).collect();
                if let Some(slot) = bytes.first_mut() {
                    *slot = first;
                }
                let _ = Packet::parse(&bytes);
            }
        }
        assert_eq!(Packet::parse(&[0x40; 40]), Err(PacketError::Malformed));
    }

    #[test]
    fn rtcp_is_told_apart_by_its_second_byte() {
        assert!(is_rtcp(&[0x80, 200]) && is_rtcp(&[0x80, 223]));
        assert!(!is_rtcp(&[0x80, 0x80]) && !is_rtcp(&[0x80, 127]) && !is_rtcp(&[0x80]));
    }
}
