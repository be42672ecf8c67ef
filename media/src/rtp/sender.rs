//! The sending side of one SSRC.

use super::packet::{Packet, PacketError};

/// Numbers the packets of one SSRC and counts them.
#[derive(Clone, Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    packets: u64,
    octets: u64,
}

impl Sender {
    /// A sender with SSRC, first sequence number and first timestamp drawn from `seed` (RFC 3550 5.1: all random).
    pub fn new(seed: u64) -> Self {
        let (first, second) = (mix(seed), mix(seed.wrapping_add(1)));
        // The upper half of the sequence space is left to growth, as SRTP wants it.
        let sequence = (second as u16) & 0x7FFF;
        Self { ssrc: (first >> 32) as u32, sequence, timestamp: first as u32, packets: 0, octets: 0 }
    }

    /// Who we are.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Timestamp of the audio that is sent next.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Lets time pass, in timestamp units, whether or not a packet was sent for it.
    pub fn advance(&mut self, units: u32) {
        self.timestamp = self.timestamp.wrapping_add(units);
    }

    /// The audio that is sent next has another timestamp than would follow.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.timestamp = timestamp;
    }

    /// Leaves out so many sequence numbers: packets of a source that is passed on, which never came.
    pub fn skip(&mut self, packets: u16) {
        self.sequence = self.sequence.wrapping_add(packets);
    }

    /// Writes the next packet and returns its length.
    ///
    /// # Errors
    /// [`PacketError::Space`] when `out` is too small; no number is used up.
    pub fn write(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, PacketError> {
        let packet =
            Packet { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc, payload };
        let length = packet.write(out)?;
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
        self.octets += payload.len() as u64;
        Ok(length)
    }

    /// Packets written.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload bytes written.
    pub fn octets(&self) -> u64 {
        self.octets
    }
}

/// SplitMix64: one step of a generator whose outputs are well spread for neighbouring seeds.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_and_seeds_differ() {
        let mut sender = Sender::new(1);
        let mut bytes = [0; 32];
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let length = sender.write(false, 0, sender.timestamp(), &[1; 4], &mut bytes).unwrap();
            numbers.push(Packet::parse(&bytes[..length]).unwrap().sequence);
            sender.advance(160);
        }
        assert_eq!([numbers[1] - numbers[0], numbers[2] - numbers[1]], [1, 1]);
        assert_eq!((sender.packets(), sender.octets()), (3, 12));
        assert!(sender.write(false, 0, 0, &[1; 64], &mut bytes).is_err());
        assert_eq!(sender.packets(), 3);
        assert_ne!(Sender::new(2).ssrc(), sender.ssrc());
    }
}
