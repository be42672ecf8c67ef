//! Packets waiting for the socket, in buffers that are used again.

use std::net::SocketAddr;

/// Which socket a datagram belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The RTP socket.
    Rtp,
    /// The RTCP socket.
    Rtcp,
}

/// A datagram to send; its bytes are in the buffer given to `poll_transmit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub destination: SocketAddr,
    /// Number of bytes.
    pub length: usize,
    /// By which socket.
    pub channel: Channel,
}

/// Longest datagram: an Opus packet of 1275 bytes and its header.
pub const MAX_DATAGRAM: usize = 1400;

/// Packets that may wait. The shell drains after each push, which makes at most a few; more means that it does not,
/// and the oldest are dropped, since late voice is of no use.
const ROOM: usize = 8;

/// The queue. Each slot is allocated when first used.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    slots: [Option<(Transmit, Vec<u8>)>; ROOM],
    first: usize,
    count: usize,
}

impl Outbox {
    /// Queues what `write` writes into the buffer it gets; nothing when it returns `None`. Returns the length.
    pub(crate) fn push(
        &mut self,
        destination: SocketAddr,
        channel: Channel,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Option<usize> {
        if self.count == 0 {
            // The same slot serves again and again, the others are never allocated.
            self.first = 0;
        }
        if self.count == ROOM {
            self.first = (self.first + 1) % ROOM;
            self.count -= 1;
        }
        let index = (self.first + self.count) % ROOM;
        let fresh = (Transmit { destination, length: 0, channel }, Vec::new());
        let (transmit, bytes) = self.slots[index].get_or_insert(fresh);
        if bytes.is_empty() {
            bytes.resize(MAX_DATAGRAM, 0);
        }
        let length = write(bytes)?;
        *transmit = Transmit { destination, length, channel };
        self.count += 1;
        Some(length)
    }

    /// Copies the next datagram into `out`; one that does not fit is dropped.
    pub(crate) fn pop(&mut self, out: &mut [u8]) -> Option<Transmit> {
        while self.count > 0 {
            let index = self.first;
            self.first = (self.first + 1) % ROOM;
            self.count -= 1;
            if let Some((transmit, bytes)) = &self.slots[index]
                && let Some(out) = out.get_mut(..transmit.length)
            {
                out.copy_from_slice(&bytes[..transmit.length]);
                return Some(*transmit);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_the_oldest_go_first_when_nobody_drains() {
        let mut outbox = Outbox::default();
        let to: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        for value in 0..12_u8 {
            outbox.push(to, Channel::Rtp, |bytes| {
                bytes[0] = value;
                Some(1)
            });
        }
        assert_eq!(outbox.push(to, Channel::Rtp, |_| None), None);
        let mut buffer = [0; 4];
        let mut values = Vec::new();
        while let Some(transmit) = outbox.pop(&mut buffer) {
            assert_eq!((transmit.length, transmit.destination), (1, to));
            values.push(buffer[0]);
        }
        // One more went to make room for the packet that was not written after all.
        assert_eq!(values, [5, 6, 7, 8, 9, 10, 11]);
        outbox.push(to, Channel::Rtcp, |_| Some(9));
        assert_eq!(outbox.pop(&mut buffer), None);
    }
}
