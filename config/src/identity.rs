//! How an account tells who calls and whom: its keys `identity`, `privacy`, `uri`, `clir`, `dial`, `preset`.

use crate::types::{Codec, Dtmf, NumberFormat};
use std::time::Duration;

/// What an account's INVITEs say of the caller, and what is believed of callers that come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number to present replaces the user part of From.
    pub from: bool,
    /// It stands in P-Asserted-Identity (RFC 3325).
    pub asserted: bool,
    /// It stands in P-Preferred-Identity.
    pub preferred: bool,
    /// Values of the Privacy header of every call (RFC 3323 4.2); empty: no header.
    pub privacy: Vec<String>,
    /// Whether From is anonymous where the number is withheld by Privacy.
    pub anonymous_from: bool,
    /// How numbers become URIs.
    pub uri: UriForm,
    /// Whether P-Asserted-Identity of incoming calls is believed.
    pub trusted: bool,
}

/// How a number becomes a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriForm {
    /// `sip:0312345678@host`.
    Sip,
    /// `sip:0312345678@host;user=phone`.
    SipPhone,
    /// `tel:0312345678;phone-context=+81`.
    Tel,
}

/// What a 184 or 186 before a number becomes; none is ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClirRule {
    /// Dialed as it is.
    Dialed,
    /// Told in the Privacy header.
    Privacy,
    /// The call is refused.
    Refused,
}

/// What differs for numbers that start in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialRule {
    /// First digits of the national number, with its 0.
    pub starts: String,
    /// Another format.
    pub number_format: Option<NumberFormat>,
    /// Another prefix.
    pub prefix: Option<String>,
    /// Not dialed over this account.
    pub refuse: bool,
}

/// Usual values for a kind of line; every key of the file goes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// An extension of a ひかり電話 gateway (HGW, OGW): PCMU alone, digits as tones in the audio, the number in
    /// P-Asserted-Identity, From stays the extension, a minute between registrations.
    Hikari,
    /// A 050 or 0AB-J trunk: PCMU first, the number in P-Preferred-Identity.
    SipTrunk,
    /// Asterisk and PBXes like it: the number in P-Asserted-Identity, From stays the extension.
    Asterisk,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Hikari, Self::SipTrunk, Self::Asterisk];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hikari => "hikari",
            Self::SipTrunk => "sip-trunk",
            Self::Asterisk => "asterisk",
        }
    }

    /// Headers that carry the number to present: From, P-Asserted-Identity, P-Preferred-Identity.
    pub(crate) const fn carriers(self) -> (bool, bool, bool) {
        match self {
            Self::Hikari | Self::Asterisk => (false, true, false),
            Self::SipTrunk => (false, false, true),
        }
    }

    pub(crate) fn codecs(self) -> Option<Vec<Codec>> {
        match self {
            Self::Hikari => Some(vec![Codec::Pcmu]),
            Self::SipTrunk => Some(vec![Codec::Pcmu, Codec::Pcma]),
            Self::Asterisk => None,
        }
    }

    /// A gateway passes tones on to the telephone network as they are.
    pub(crate) const fn dtmf(self) -> Option<Dtmf> {
        match self {
            Self::Hikari => Some(Dtmf::Inband),
            Self::SipTrunk | Self::Asterisk => None,
        }
    }

    pub(crate) const fn retry_min(self) -> Option<Duration> {
        match self {
            Self::Hikari => Some(Duration::from_secs(60)),
            Self::SipTrunk | Self::Asterisk => None,
        }
    }
}
