use serde::{Deserialize, Serialize};

/// How the voice of a call fared, from its packets (RFC 3550) and what the peer reports of ours. Counts are those of the
/// call so far. A field is absent where it is not known, as without reports of the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallQuality {
    /// Estimated mean opinion score of what the operator hears, 1 to 4.5 (E-model, ITU-T G.107).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<f64>,
    /// The same of what the other side hears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_mos: Option<f64>,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// Share of the packets that was not heard, percent.
    pub loss_percent: f64,
    /// Jitter of the packets received, milliseconds.
    pub jitter_ms: f64,
    /// Audio made up for missing packets, milliseconds.
    pub concealed_ms: u64,
    /// Round trip, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    /// Packets of ours that the other side says it lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_lost: Option<u64>,
    /// Packets dropped because they were not encrypted under the agreed key, or came twice. Absent where none was.
    #[serde(skip_serializing_if = "is_zero")]
    pub refused: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
