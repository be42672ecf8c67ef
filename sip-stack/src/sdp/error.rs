use super::SdpError;

/// Why an exchange failed. The state before the offer stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The body is no session description.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// No RTP audio line that is not refused. A lone T.38 offer ends here too.
    #[error("no audio stream")]
    NoCommonMedia,
    /// Audio, but in no codec of ours.
    #[error("no common codec")]
    NoCommonCodec,
    /// Encryption that we do not do, or none where we require it.
    #[error("no common media security")]
    Security,
    /// The connection address is a name; names are not resolved on the call path.
    #[error("connection address is not literal")]
    UnresolvedHost,
    /// The connection address is of the family that we do not use in this call.
    #[error("connection address of the other family")]
    OtherFamily,
    /// The connection address is multicast.
    #[error("connection address is multicast")]
    Multicast,
    /// The answer does not follow our offer.
    #[error("answer does not match the offer")]
    Mismatch,
    /// An offer while another is open, or a call out of order.
    #[error("offer or answer out of order")]
    WrongState,
}

impl NegotiationError {
    /// The status that refuses the peer's offer: 491 while ours is open (RFC 3261 14.2), 400 for a body that is none,
    /// else 488.
    pub const fn status(self) -> u16 {
        match self {
            Self::Sdp(_) => 400,
            Self::WrongState => 491,
            _ => 488,
        }
    }

    /// Code and text for the Warning header of that answer (RFC 3261 20.43).
    pub const fn warning(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::NoCommonMedia => (304, "Media type not available"),
            Self::NoCommonCodec => (305, "Incompatible media format"),
            Self::Security => (302, "Incompatible transport protocol"),
            Self::UnresolvedHost | Self::OtherFamily => (301, "Incompatible network address formats"),
            Self::Multicast => (330, "Multicast not available"),
            Self::Sdp(_) | Self::Mismatch | Self::WrongState => return None,
        })
    }

    /// How much an error of one media line tells, where several lines failed.
    pub(super) const fn weight(self) -> u8 {
        match self {
            Self::NoCommonMedia => 0,
            Self::NoCommonCodec => 1,
            _ => 2,
        }
    }
}
