//! How an account's voice is sent.

/// How DTMF digits are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dtmf {
    /// As telephone-event (RFC 4733) where the call agreed on it, else as tones in the audio.
    #[default]
    Auto,
    /// As telephone-event only; refused in a call without it.
    Rfc4733,
    /// By INFO (`application/dtmf-relay`, else `application/dtmf`); telephone-event is not offered.
    Info,
    /// As tones in the audio; telephone-event is not offered.
    Inband,
}

/// Whether an account's voice is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// Where the other side can.
    Optional,
    /// Always; calls that cannot be encrypted fail.
    Required,
}

/// Where the keys of SRTP come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SrtpKeying {
    /// The signalling brings them (RFC 4568).
    #[default]
    Sdes,
    /// A DTLS handshake on the RTP port makes them (RFC 5763).
    Dtls,
}

/// A codec by its SDP name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722: wideband at the bit rate of G.711.
    G722,
    /// Opus.
    Opus,
}

impl Codec {
    /// The name as in SDP and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }
}
