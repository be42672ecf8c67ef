//! What a received INVITE says of the caller.

use crate::message::{Headers, NameAddr};

/// The caller of an incoming call, as far as it may be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerId {
    /// The number, or the user part where it is no number, without escapes. `None` where it is withheld: then no part
    /// of the request may be shown, kept or called back.
    pub number: Option<String>,
    /// The display name; `None` where the number is withheld.
    pub display: Option<String>,
    /// Why there is no number.
    pub withheld: Option<Withheld>,
    /// Whether the network vouches for the number (P-Asserted-Identity of a trusted source).
    pub asserted: bool,
    /// Whom the call was meant for before it was diverted to us, the last one first.
    pub diverted: Vec<Diverted>,
}

/// Why a caller's number is not there: the reasons that Japanese networks put into the display name of From.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// The caller withheld it (184, `Privacy: id`): 非通知.
    Anonymous,
    /// A coin phone: 公衆電話.
    Payphone,
    /// A network on the way cannot carry it ("Interaction with other service"): 表示圏外.
    Service,
    /// The network does not have it ("Unavailable"): 表示圏外.
    Unavailable,
}

impl Withheld {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Anonymous, Self::Payphone, Self::Service, Self::Unavailable];

    /// A stable word, for rows and events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Payphone => "payphone",
            Self::Service => "service",
            Self::Unavailable => "unavailable",
        }
    }

    /// The reason that a display name tells.
    fn of_display(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "anonymous" => Some(Self::Anonymous),
            "unavailable" => Some(Self::Unavailable),
            _ if text.starts_with("coin line") || text == "payphone" => Some(Self::Payphone),
            _ if text.starts_with("interaction with other service") => Some(Self::Service),
            _ => None,
        }
    }
}

/// One diversion before us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverted {
    /// The number that was called; `None` where the diverting party asked not to be shown.
    pub number: Option<String>,
    /// Why: `unconditional`, `user-busy`, `no-answer`, … (RFC 5806 4.1), or the text or code of a Reason (RFC 7044).
    pub reason: Option<String>,
}

impl CallerId {
    /// Reads the headers of an INVITE. P-Asserted-Identity is believed only where `trusted` says that the source is a
    /// peer of ours (RFC 3325 8); else From tells.
    ///
    /// A From that is anonymous hides the number even where another header leaks it without a Privacy header.
    pub fn read(headers: &Headers, trusted: bool) -> Self {
        let from = headers.from().ok();
        let mut caller = Self { diverted: diverted(headers), ..Self::default() };
        let hidden = headers.privacy().hides_caller();
        if hidden || from.as_ref().is_none_or(is_anonymous) {
            let told = from.as_ref().and_then(|from| Withheld::of_display(from.display.as_deref()?));
            caller.withheld = Some(told.unwrap_or(Withheld::Anonymous));
            return caller;
        }
        let asserted = if trusted { headers.asserted_identities() } else { Vec::new() };
        // A `tel:` identity beside a SIP one is the number; else the first counts (RFC 3325 9.1).
        let best = asserted.iter().find(|one| one.uri.scheme() == "tel").or(asserted.first());
        let best = best.filter(|one| number_of(one).is_some());
        caller.asserted = best.is_some();
        let told = best.or(from.as_ref());
        caller.number = told.and_then(number_of);
        let display = told.and_then(|told| told.display.clone());
        caller.display =
            display.or_else(|| from.and_then(|from| from.display)).filter(|name| !name.trim().is_empty());
        caller
    }
}

/// RFC 3323 4.1.1.3, and what networks write instead.
fn is_anonymous(from: &NameAddr) -> bool {
    let host = from.uri.host().map(ToString::to_string).unwrap_or_default();
    let user = number_of(from).unwrap_or_default().to_ascii_lowercase();
    let no_number = !user.bytes().any(|b| b.is_ascii_digit());
    host.eq_ignore_ascii_case("anonymous.invalid")
        || ["anonymous", "restricted", "unavailable", "unknown"].contains(&user.as_str())
        || no_number && from.display.as_deref().is_some_and(|name| Withheld::of_display(name).is_some())
}

/// The user part without escapes and parameters.
fn number_of(address: &NameAddr) -> Option<String> {
    let user = crate::message::percent_decode(address.uri.user()?);
    let number = user.split(';').next().unwrap_or_default().trim();
    (!number.is_empty()).then(|| number.chars().filter(|c| !c.is_control()).take(MAX_NUMBER).collect())
}

/// Diversion where there is one, else the History-Info entries before the last, which is the present target.
fn diverted(headers: &Headers) -> Vec<Diverted> {
    let diversions = headers.diversions();
    if !diversions.is_empty() {
        let told = diversions.iter().take(MAX_DIVERSIONS).map(|one| Diverted {
            number: (!one.is_private()).then(|| number_of(&one.address)).flatten(),
            reason: one.reason().map(str::to_owned),
        });
        return told.collect();
    }
    let history = headers.history();
    let earlier = history.iter().rev().filter_map(|entry| entry.reason().map(|reason| (entry, reason)));
    let told = earlier.take(MAX_DIVERSIONS).map(|(entry, reason)| Diverted {
        number: (!entry.is_private()).then(|| number_of(&entry.address)).flatten(),
        reason: reason.text.clone().or_else(|| reason.cause.map(|cause| cause.to_string())),
    });
    told.collect()
}

/// Characters of a number that are kept.
const MAX_NUMBER: usize = 64;
/// Diversions that are kept.
const MAX_DIVERSIONS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(trusted: bool, headers: &[(&str, &str)]) -> CallerId {
        CallerId::read(&headers.iter().copied().collect(), trusted)
    }

    const FROM: (&str, &str) = ("From", "\"Sales\" <sip:100@pbx.example>;tag=1");
    const PAI: (&str, &str) =
        ("P-Asserted-Identity", "\"\u{5c71}\u{7530}\" <sip:+81312345678@carrier;user=phone>");

    #[test]
    fn the_asserted_number_counts_where_its_sender_is_trusted() {
        let trusted = read(true, &[FROM, PAI]);
        assert_eq!(trusted.number.as_deref(), Some("+81312345678"));
        assert_eq!((trusted.display.as_deref(), trusted.asserted), (Some("\u{5c71}\u{7530}"), true));
        let stranger = read(false, &[FROM, PAI]);
        assert_eq!((stranger.number.as_deref(), stranger.asserted), (Some("100"), false));
        assert_eq!(stranger.display.as_deref(), Some("Sales"));
        let both = read(true, &[FROM, ("P-Asserted-Identity", "<sip:a1@h>, <tel:+81-3-1234-5678>")]);
        assert_eq!(both.number.as_deref(), Some("+81-3-1234-5678"));
    }

    #[test]
    fn a_withheld_number_is_nowhere() {
        for headers in [
            &[FROM, PAI, ("Privacy", "id")][..],
            &[FROM, PAI, ("Privacy", "user;id")],
            &[("From", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1"), PAI],
            &[("From", "<sip:Unknown@gw>"), PAI],
            &[PAI],
        ] {
            let caller = read(true, headers);
            assert_eq!((caller.number, caller.display), (None, None), "{headers:?}");
            assert_eq!(caller.withheld, Some(Withheld::Anonymous));
        }
        assert_eq!(read(true, &[FROM, PAI, ("Privacy", "none")]).withheld, None);
    }

    #[test]
    fn the_reasons_of_japanese_networks() {
        for (display, reason) in [
            ("Anonymous", Withheld::Anonymous),
            ("Coin line/payphone", Withheld::Payphone),
            ("COIN LINE", Withheld::Payphone),
            ("Interaction with other service", Withheld::Service),
            ("Unavailable", Withheld::Unavailable),
        ] {
            let from = format!("\"{display}\" <sip:anonymous@anonymous.invalid>;tag=1");
            assert_eq!(read(true, &[("From", &from)]).withheld, Some(reason));
            let hidden = format!("\"{display}\" <sip:ngn@carrier.example>;tag=1");
            assert_eq!(read(true, &[("From", &hidden)]).withheld, Some(reason));
        }
        // A company may be called so.
        let named = read(true, &[("From", "\"Anonymous\" <sip:0312345678@h>;tag=1")]);
        assert_eq!(named.number.as_deref(), Some("0312345678"));
    }

    #[test]
    fn escapes_and_parameters_are_no_part_of_the_number() {
        let caller = read(true, &[("From", "<sip:%30312345678;phone-context=+81@h;user=phone>;tag=1")]);
        assert_eq!(caller.number.as_deref(), Some("0312345678"));
        let long = format!("<sip:{}@h>", "1".repeat(5000));
        assert_eq!(read(true, &[("From", &long)]).number.unwrap().len(), MAX_NUMBER);
    }

    #[test]
    fn diversions_are_told_but_private_ones_keep_their_number() {
        let caller = read(
            true,
            &[
                FROM,
                (
                    "Diversion",
                    "<sip:0312340001@gw>;reason=no-answer, <sip:0312340002@gw>;reason=user-busy;privacy=full",
                ),
            ],
        );
        assert_eq!(
            caller.diverted,
            [
                Diverted { number: Some("0312340001".into()), reason: Some("no-answer".into()) },
                Diverted { number: None, reason: Some("user-busy".into()) },
            ]
        );
        let history = "<sip:0312340001@h?Reason=SIP%3Bcause%3D486>;index=1, <sip:100@h>;index=1.1";
        let caller = read(true, &[FROM, ("History-Info", history)]);
        assert_eq!(
            caller.diverted,
            [Diverted { number: Some("0312340001".into()), reason: Some("486".into()) }]
        );
    }
}
