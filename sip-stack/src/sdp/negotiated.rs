use std::net::SocketAddr;

use super::{CodecName, CryptoSuite, Direction, DtlsRole, Fingerprint, KeyMaterial};

/// What an offer and its answer agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where to send RTP. Unspecified (`0.0.0.0`) when the peer holds the old way, port 0 when it took the stream
    /// away; then `direction` does not send.
    pub remote: SocketAddr,
    /// Where to send RTCP: `a=rtcp`, or one port above, or `remote` itself with `rtcp_mux`. `None`: nowhere.
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether RTCP shares the port of RTP in both directions.
    pub rtcp_mux: bool,
    /// The codec for both ways.
    pub codec: CodecName,
    /// The payload type to send, which is the peer's.
    pub payload_type: u8,
    /// The payload type to expect, which is ours.
    pub receive_payload_type: u8,
    /// The peer's format parameters for the codec: what it wants to receive.
    pub fmtp: Option<String>,
    /// telephone-event to send; `None` when the peer does not take it.
    pub dtmf_payload_type: Option<u8>,
    /// telephone-event to expect.
    pub dtmf_receive_payload_type: Option<u8>,
    /// The clock in hertz of telephone-event's durations. It is the codec's, as RFC 4733 2.1 wants, except beside Opus
    /// with a peer that knows `telephone-event/8000` only. There too the RTP timestamp runs on the codec's clock, since
    /// both share one stream; only the duration inside the event counts in this one.
    pub dtmf_clock_rate: u32,
    /// Comfort noise to send, when both have it.
    pub comfort_noise_payload_type: Option<u8>,
    /// Comfort noise to expect.
    pub comfort_noise_receive_payload_type: Option<u8>,
    /// The packet length to send, in milliseconds, 10 to 60: the peer's wish where the codec has it, else ours.
    pub ptime_ms: u8,
    /// The packet length that we asked for, in milliseconds, 10 to 60. Peers do not always follow it.
    pub receive_ptime_ms: u8,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// How it is encrypted.
    pub security: MediaSecurity,
}

impl Negotiated {
    /// Whether RTCP goes to the port of RTP.
    pub(crate) fn share_port(&mut self, shared: bool) {
        self.rtcp_mux = shared;
        if shared {
            self.remote_rtcp = Some(self.remote);
        }
    }

    /// The same without the stream, which the peer took away by port 0 (RFC 3264 8.2).
    pub(crate) fn removed(&self) -> Self {
        let mut removed = self.clone();
        removed.remote.set_port(0);
        removed.remote_rtcp = None;
        removed.direction = Direction::Inactive;
        removed
    }
}

/// How media is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MediaSecurity {
    /// Not at all.
    #[default]
    None,
    /// SRTP under keys of the session description (RFC 4568).
    Sdes {
        /// For both ways.
        suite: CryptoSuite,
        /// What we send under.
        local: KeyMaterial,
        /// What the peer sends under.
        remote: KeyMaterial,
    },
    /// SRTP under keys of a DTLS association on the RTP port (RFC 5763, 5764).
    Dtls {
        /// Who opens the association.
        role: DtlsRole,
        /// The peer's certificate must match one of them.
        fingerprints: Vec<Fingerprint>,
        /// The peer's name of the association: another one begins anew (RFC 8842).
        tls_id: Option<String>,
    },
}
