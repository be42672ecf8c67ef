//! The two header packets of Ogg Opus (RFC 7845 5).

use super::GRANULE_RATE;

/// What the identification header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Samples at 48 kHz that the encoders were ahead: not to be played.
    pub(super) pre_skip: u16,
    /// Hertz of the recording.
    pub(super) rate: u32,
}

impl Head {
    /// The packet: two channels of two streams, none coupled, left first (5.1.1.2).
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = b"OpusHead\x01\x02".to_vec();
        bytes.extend_from_slice(&self.pre_skip.to_le_bytes());
        bytes.extend_from_slice(&self.rate.to_le_bytes());
        // No gain; family 1; 2 streams, 0 coupled; left is stream 0, right is stream 1.
        bytes.extend_from_slice(&[0, 0, 1, 2, 0, 0, 1]);
        bytes
    }

    /// Reads a packet that [`Self::to_bytes`] made.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let pre_skip = u16::from_le_bytes(bytes.get(10..12)?.try_into().ok()?);
        let rate = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?);
        let head = Self { pre_skip, rate };
        (rate > 0 && GRANULE_RATE.is_multiple_of(rate) && head.to_bytes() == bytes).then_some(head)
    }
}

/// The comment header: what the channels are, and no word about whose call it was.
pub(super) fn tags() -> Vec<u8> {
    let mut bytes = b"OpusTags".to_vec();
    let mut text = |text: &str| {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    text(concat!("Kakeru ", env!("CARGO_PKG_VERSION")));
    let comments = ["LEFT=operator", "RIGHT=callee"];
    let mut rest = u32::try_from(comments.len()).unwrap_or_default().to_le_bytes().to_vec();
    for comment in comments {
        rest.extend_from_slice(&u32::try_from(comment.len()).unwrap_or_default().to_le_bytes());
        rest.extend_from_slice(comment.as_bytes());
    }
    bytes.extend_from_slice(&rest);
    bytes
}
