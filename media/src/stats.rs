//! What a session counts, and how good that probably sounded.

use crate::quality::{Heard, mos};
use crate::types::Codec;

/// Counters of a session since its start. They only grow, except the gauges (`*_ms` marked so).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SessionStats {
    /// RTP packets handed to the socket.
    pub packets_sent: u64,
    /// Payload bytes in them.
    pub bytes_sent: u64,
    /// Those of them that were passed on as they came from the other leg of a bridge, not encoded here.
    pub packets_passed: u64,
    /// Valid RTP packets received, duplicates included.
    pub packets_received: u64,
    /// Payload bytes in them.
    pub bytes_received: u64,
    /// Packets that never came (RFC 3550 A.3), all SSRCs together.
    pub lost: u64,
    /// Packets that came after their time to be played.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came out of order.
    pub reordered: u64,
    /// Packets that are not RTP, have another payload type or fail validation.
    pub malformed: u64,
    /// Packets from another source than the pinned one.
    pub foreign: u64,
    /// Packets that were not encrypted under the agreed key, or were changed on the way.
    pub unauthentic: u64,
    /// Encrypted packets that came again.
    pub replayed: u64,
    /// Times the peer's SSRC changed.
    pub ssrc_changes: u32,
    /// Interarrival jitter (RFC 3550 A.8), gauge, milliseconds.
    pub jitter_ms: f32,
    /// Delay that the jitter buffer aims at, gauge, milliseconds.
    pub target_ms: u32,
    /// Packets played.
    pub played: u64,
    /// Packets that were not there when they should have been played: lost, or late.
    pub missed: u64,
    /// Runs of them; `missed / missed_runs` is their mean length.
    pub missed_runs: u64,
    /// Audio made up for missing packets, milliseconds.
    pub concealed_ms: u64,
    /// Audio removed to catch up, milliseconds.
    pub accelerated_ms: u64,
    /// Audio inserted to gain delay, milliseconds.
    pub expanded_ms: u64,
    /// Round trip by RTCP, gauge.
    pub rtt_ms: Option<f32>,
    /// Packets of ours that the peer reports lost.
    pub remote_lost: Option<u32>,
    /// Jitter of our packets that the peer reports, gauge, milliseconds.
    pub remote_jitter_ms: Option<f32>,
    /// Estimated mean opinion score of what is heard here, 1 to 4.5 (E-model, G.107), over the whole session; `None` until
    /// a second was heard.
    pub mos: Option<f32>,
    /// The same of what the peer hears, by its reports; `None` without any.
    pub remote_mos: Option<f32>,
}

/// Packets after which a score means something: one second of 20 ms.
const RATED_FROM: u64 = 50;

impl SessionStats {
    /// The scores that follow from the counters.
    pub(crate) fn rated(mut self, codec: Codec, ptime_ms: u8) -> Self {
        let share = |part: u64, whole: u64| part as f32 / whole.max(1) as f32;
        // Half the round trip is the way; the packet has to be filled before it leaves.
        let way = self.rtt_ms.unwrap_or(0.0) / 2.0 + f32::from(ptime_ms);
        if self.played >= RATED_FROM {
            let loss = share(self.missed, self.missed + self.played);
            // G.107 7.5: the mean run, divided by what independent losses would give.
            let burst_ratio = share(self.missed, self.missed_runs) * (1.0 - loss);
            let delay_ms = way + self.target_ms as f32;
            self.mos = Some(mos(&Heard { codec, loss, burst_ratio, delay_ms }));
        }
        if let Some(lost) = self.remote_lost.filter(|_| self.packets_sent >= RATED_FROM) {
            // The peer's buffer is not told; twice its jitter is what a good one takes.
            let delay_ms = way + 2.0 * self.remote_jitter_ms.unwrap_or(0.0);
            let loss = share(u64::from(lost), self.packets_sent);
            self.remote_mos = Some(mos(&Heard { codec, loss, burst_ratio: 1.0, delay_ms }));
        }
        self
    }
}
