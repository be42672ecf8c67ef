use std::net::IpAddr;

use super::{CodecName, CodecSpec, CryptoSuite, Fingerprint, MasterKey};

/// What we can do, for offers and answers. It stays the same for the whole call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Where we receive. A peer that gives an address of the other family is refused.
    pub address: IpAddr,
    /// The RTP port; RTCP is one above.
    pub port: u16,
    /// Codecs in order of preference. Offers list them so; in answers the offer's order decides (RFC 3264 6.1) and this
    /// list only says which are taken.
    pub codecs: Vec<CodecSpec>,
    /// Whether telephone-event (RFC 4733) is offered and accepted.
    pub dtmf: bool,
    /// Whether comfort noise (RFC 3389) is offered and accepted, beside codecs on a clock of 8 kHz.
    pub comfort_noise: bool,
    /// The packet length we want to receive, in milliseconds, 10 to 60.
    pub ptime_ms: u8,
    /// The longest packet we can receive, in milliseconds; `None` says nothing of it.
    pub max_ptime_ms: Option<u8>,
    /// Whether RTP and RTCP may share a port.
    pub rtcp_mux: RtcpMux,
    /// Whether and how media is encrypted.
    pub security: Security,
}

impl Capabilities {
    /// G.711 in packets of 20 ms with telephone-event, in the clear: what every exchange takes.
    pub fn new(address: IpAddr, port: u16) -> Self {
        Self {
            address,
            port,
            codecs: vec![CodecSpec::new(CodecName::Pcmu), CodecSpec::new(CodecName::Pcma)],
            dtmf: true,
            comfort_noise: false,
            ptime_ms: 20,
            max_ptime_ms: None,
            rtcp_mux: RtcpMux::Never,
            security: Security::default(),
        }
    }
}

/// RTP and RTCP on one port (RFC 5761): only where both sides say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RtcpMux {
    /// Not understood.
    #[default]
    Never,
    /// Agreed to, not asked for.
    Answer,
    /// Asked for; RTCP on its own port still works.
    Offer,
}

/// Whether media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SecurityPolicy {
    /// Never. Encrypted offers are refused.
    #[default]
    Off,
    /// Where the peer can: offered as `RTP/AVP` with keys beside it, which a peer that cannot ignores (RFC 5939's
    /// negotiation is not spoken by anybody). Plain answers and offers are taken.
    Optional,
    /// Always: offered as `RTP/SAVP` or `UDP/TLS/RTP/SAVP`. Plain answers and offers are refused.
    Required,
}

/// What we bring for encryption. Keys are drawn by the caller, fresh for each call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// Whether it is used.
    pub policy: SecurityPolicy,
    /// One key per suite in order of preference (RFC 4568). Where it is [`SecurityPolicy::Required`], these are offered
    /// and not DTLS.
    pub sdes: Vec<SdesKey>,
    /// Our certificate for DTLS-SRTP (RFC 5763).
    pub dtls: Option<DtlsIdentity>,
}

/// What we send under when this suite is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdesKey {
    /// The suite.
    pub suite: CryptoSuite,
    /// Key and salt, as long as the suite wants them.
    pub master: MasterKey,
}

/// Who we are in DTLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DtlsIdentity {
    /// The hash of our certificate.
    pub fingerprint: Fingerprint,
    /// `a=tls-id` (RFC 8842): 20 to 255 characters, the same as long as the association is.
    pub tls_id: Option<String>,
}
