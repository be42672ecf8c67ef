//! Whose packets are believed: the source address (symmetric RTP) and the SSRC.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::rtp::{Packet, Receiver, Verdict};

/// Silence of the pinned source after which another address of the same peer is believed.
const REPIN_AFTER: Duration = Duration::from_secs(2);

/// After the peer announced another address, the old one is deaf to us this long: with a forked call the loser may
/// still be sending. After that it is believed again, since some peers announce what they do not do.
const DISOWNED_FOR: Duration = Duration::from_millis(500);

/// An abandoned SSRC is deaf to us while the new one has spoken within this time.
const ALIVE: Duration = Duration::from_millis(500);

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// To be used; its number with the wraps counted. `fresh` when the past is void: first packet, other SSRC, jump.
    Accepted { seq: i64, fresh: bool },
    /// Not yet believed.
    Probation,
    /// From somebody else.
    Foreign,
    /// Off the sequence.
    Misplaced,
}

/// The packet that put a source on probation; it is good once the next one is.
#[derive(Debug, Default)]
pub(crate) struct Held {
    ssrc: u32,
    sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    pub(crate) payload: Vec<u8>,
}

/// Learns the peer's address and SSRC from its packets, pins them, and follows changes that last.
#[derive(Debug)]
pub(crate) struct Inbound {
    clock_rate: u32,
    pinned: Option<SocketAddr>,
    current: Option<Receiver>,
    candidate: Option<Receiver>,
    abandoned: Option<u32>,
    held: Option<Held>,
    disowned: Option<(SocketAddr, Instant)>,
    last_packet: Option<Instant>,
    pub(crate) ssrc_changes: u32,
    lost_before: u64,
}

impl Inbound {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            pinned: None,
            current: None,
            candidate: None,
            abandoned: None,
            held: None,
            disowned: None,
            last_packet: None,
            ssrc_changes: 0,
            lost_before: 0,
        }
    }

    pub(crate) fn admit(
        &mut self,
        now: Instant,
        source: SocketAddr,
        signalled: SocketAddr,
        packet: &Packet<'_>,
    ) -> Admission {
        if let Some(pinned) = self.pinned
            && pinned != source
        {
            let silent =
                self.last_packet.is_none_or(|last| now.saturating_duration_since(last) >= REPIN_AFTER);
            // A rebooted gateway or a re-routed peer; never a stranger who speaks into a running call.
            if !(silent && (source == signalled || source.ip() == pinned.ip())) {
                return Admission::Foreign;
            }
        }
        if let Some((old, since)) = self.disowned
            && old == source
            && source != signalled
            && now.saturating_duration_since(since) < DISOWNED_FOR
        {
            return Admission::Foreign;
        }
        let is_current = self.current.as_ref().is_some_and(|current| current.ssrc() == packet.ssrc);
        if !is_current {
            return self.consider(now, source, packet);
        }
        let Some(current) = &mut self.current else { return Admission::Misplaced };
        match current.receive(now, packet.sequence, packet.timestamp) {
            Verdict::Valid(seq) => {
                self.pin(now, source);
                Admission::Accepted { seq, fresh: false }
            }
            Verdict::Restarted(seq) => {
                self.pin(now, source);
                Admission::Accepted { seq, fresh: true }
            }
            Verdict::Probation => Admission::Probation,
            Verdict::Misplaced => Admission::Misplaced,
        }
    }

    /// Where the peer sends from, once it is known.
    pub(crate) fn pinned(&self) -> Option<SocketAddr> {
        self.pinned
    }

    /// Forgets the address but not the SSRC: the peer announced another one.
    pub(crate) fn unpin(&mut self, now: Instant) {
        self.disowned = self.pinned.take().map(|old| (old, now));
    }

    /// The packet before `packet`, if that ended the probation.
    pub(crate) fn take_held(&mut self, packet: &Packet<'_>) -> Option<Held> {
        let held = self.held.take()?;
        (held.ssrc == packet.ssrc && held.sequence == packet.sequence.wrapping_sub(1)).then_some(held)
    }

    /// The SSRC that is heard.
    pub(crate) fn receiver(&mut self) -> Option<&mut Receiver> {
        self.current.as_mut()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + self.current.as_ref().map_or(0, Receiver::lost)
    }

    pub(crate) fn jitter_ms(&self) -> f32 {
        self.current.as_ref().map_or(0.0, Receiver::jitter_ms)
    }

    /// The source said farewell (RFC 3550 6.3.4); should it speak again, it goes through probation.
    pub(crate) fn leave(&mut self, ssrc: u32) {
        if self.current.as_ref().is_some_and(|current| current.ssrc() == ssrc) {
            self.lost_before = self.lost();
            self.current = None;
        }
    }

    /// After a codec change; the SSRC goes through probation again.
    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        self.clock_rate = clock_rate;
        self.lost_before = self.lost();
        self.current = None;
        self.candidate = None;
        self.abandoned = None;
    }

    fn pin(&mut self, now: Instant, source: SocketAddr) {
        self.pinned = Some(source);
        self.last_packet = Some(now);
    }

    /// Another SSRC must send two packets in a row; the one it replaces is not heard again while it lives.
    fn consider(&mut self, now: Instant, source: SocketAddr, packet: &Packet<'_>) -> Admission {
        let alive = self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < ALIVE);
        if alive && self.abandoned == Some(packet.ssrc) {
            return Admission::Foreign;
        }
        let clock_rate = self.clock_rate;
        if self.candidate.as_ref().is_none_or(|known| known.ssrc() != packet.ssrc) {
            self.candidate = Some(Receiver::new(packet.ssrc, packet.sequence, clock_rate));
        }
        let Some(mut candidate) = self.candidate.take() else { return Admission::Probation };
        match candidate.receive(now, packet.sequence, packet.timestamp) {
            Verdict::Valid(seq) | Verdict::Restarted(seq) => {
                if let Some(old) = self.current.take() {
                    self.abandoned = Some(old.ssrc());
                    self.lost_before += old.lost();
                    self.ssrc_changes += 1;
                }
                self.current = Some(candidate);
                self.pin(now, source);
                Admission::Accepted { seq, fresh: true }
            }
            Verdict::Probation | Verdict::Misplaced => {
                self.candidate = Some(candidate);
                self.held = Some(Held {
                    ssrc: packet.ssrc,
                    sequence: packet.sequence,
                    timestamp: packet.timestamp,
                    payload_type: packet.payload_type,
                    payload: packet.payload.to_vec(),
                });
                Admission::Probation
            }
        }
    }
}
