use super::session::{Encoding, Format};

/// A codec under the payload type by which we offer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecSpec {
    /// Which codec.
    pub name: CodecName,
    /// The RTP payload type: static for G.711 and G.722, 96–127 for Opus. Where it is taken, or means something else
    /// in this session already, a free dynamic one is used instead.
    pub payload_type: u8,
    /// Format parameters (`a=fmtp`), without the payload type. For Opus those of RFC 7587 6.1 (`useinbandfec=1`,
    /// `usedtx=1`, `maxplaybackrate=…`, `maxaveragebitrate=…`, `stereo=0`): they say what we want to receive.
    pub fmtp: Option<String>,
}

impl CodecSpec {
    /// The codec under its static or usual payload type, without format parameters.
    pub const fn new(name: CodecName) -> Self {
        Self { name, payload_type: name.usual_payload_type(), fmtp: None }
    }
}

/// A voice codec by its name in SDP. Comfort noise and telephone-event are no codecs that a call could settle on:
/// they stand in [`Capabilities`](super::Capabilities) and [`Negotiated`](super::Negotiated) beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodecName {
    /// G.711 µ-law, `PCMU/8000`.
    Pcmu,
    /// G.711 A-law, `PCMA/8000`.
    Pcma,
    /// G.722, `G722/8000` although it is sampled at 16 kHz (RFC 3551 4.5.2).
    G722,
    /// Opus, `opus/48000/2` whatever is inside (RFC 7587 7).
    Opus,
}

impl CodecName {
    /// Every codec there is.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// The RTP clock in hertz.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8000,
            Self::Opus => 48000,
        }
    }

    /// The encoding name of `a=rtpmap`.
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// 0, 8 and 9 for the G.711 and G.722 family (RFC 3551 6), 111 for Opus as most endpoints use it.
    pub const fn usual_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus => 111,
        }
    }

    /// The packet length in milliseconds that the codec has and that comes nearest below `ms`, 10 to 60. Opus has no
    /// frames of 30 and 50 ms (RFC 6716 2.1.4), the others have every multiple of 10.
    pub const fn packet_length(self, ms: u16) -> u8 {
        match (self, ms) {
            (_, ..20) => 10,
            (Self::Opus, 20..40) | (_, 20..30) => 20,
            (_, 30..40) => 30,
            (Self::Opus, 40..60) | (_, 40..50) => 40,
            (_, 50..60) => 50,
            (_, 60..) => 60,
        }
    }

    /// The codec of a format: by its rtpmap, or by its static payload type where it has none.
    pub(crate) fn of(format: &Format) -> Option<Self> {
        let Some(encoding) = &format.encoding else {
            let payload_type = format.payload_type()?;
            return Self::ALL
                .into_iter()
                .find(|c| c.usual_payload_type() == payload_type && payload_type < 96);
        };
        let codec = Self::ALL.into_iter().find(|c| encoding.name.eq_ignore_ascii_case(c.encoding_name()))?;
        let right = match codec {
            // Some write the rate of the samples.
            Self::G722 => matches!(encoding.clock_rate, 8000 | 16000) && encoding.is_mono(),
            Self::Pcmu | Self::Pcma => encoding.clock_rate == 8000 && encoding.is_mono(),
            Self::Opus => encoding.clock_rate == 48000,
        };
        right.then_some(codec)
    }

    /// The encoding as we write it.
    pub(crate) fn encoding(self) -> Encoding {
        Encoding {
            name: self.encoding_name().to_owned(),
            clock_rate: self.clock_rate(),
            channels: (self == Self::Opus).then(|| "2".to_owned()),
        }
    }
}
