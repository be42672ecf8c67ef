use serde::{Deserialize, Serialize};

use super::Direction;

/// `call.trace`: the SIP messages of a call, or those of an account that belong to no call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceResult {
    /// The attempt's id, where the messages are those of an attempt.
    pub attempt: Option<String>,
    /// The attempt's seat.
    pub seat: Option<String>,
    /// The account, where it is known.
    pub account: Option<String>,
    /// The way the attempt goes.
    pub direction: Option<Direction>,
    /// Whether numbers are hidden but for their last four digits. Secrets always are.
    pub masked: bool,
    /// The Call-IDs, that of the call first; [`TraceMessage::dialog`] is a position in it.
    pub sip_call_ids: Vec<String>,
    /// The messages in order of time.
    pub messages: Vec<TraceMessage>,
    /// The voice, where there was one and its figures are known.
    pub media: Option<TraceMedia>,
}

/// One SIP message on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceMessage {
    /// Position in [`TraceResult::sip_call_ids`].
    pub dialog: usize,
    /// When, UTC milliseconds.
    pub at: i64,
    /// Microseconds since the first message of the result.
    pub offset_us: u64,
    /// Sent by us, or received.
    pub direction: TraceDirection,
    /// `udp`, `tcp` or `tls`.
    pub transport: String,
    /// Our address and port.
    pub local: String,
    /// The peer's address and port.
    pub peer: String,
    /// The start line.
    pub line: String,
    /// The CSeq: number and method.
    pub cseq: Option<String>,
    /// The same bytes went the same way before: a retransmission.
    pub repeated: bool,
    /// Messages of this Call-ID that came before this one and were not kept.
    pub left_out_before: u32,
    /// Bytes on the wire. `text` is shorter where only the beginning of a long message was kept.
    pub length: u64,
    /// The message; what is no UTF-8 shows as U+FFFD.
    pub text: String,
    /// Its bytes in base64, only where `text` does not hold them.
    pub base64: Option<String>,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceDirection {
    /// We sent it.
    Sent,
    /// It came.
    Received,
}

/// What RTP and RTCP say of a call's voice, up to now or to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceMedia {
    /// The codec.
    pub codec: Option<String>,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets received.
    pub packets_received: u64,
    /// Packets that never came (RFC 3550 A.3).
    pub lost: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Packets that came out of order.
    pub reordered: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 A.8).
    pub jitter_ms: f64,
    /// Audio made up for missing packets, in milliseconds.
    pub concealed_ms: u64,
    /// Round trip in milliseconds, where the peer speaks RTCP.
    pub rtt_ms: Option<f64>,
    /// Packets of ours that the peer reports lost.
    pub remote_lost: Option<u32>,
    /// Jitter of our packets in milliseconds, as the peer reports it.
    pub remote_jitter_ms: Option<f64>,
}
