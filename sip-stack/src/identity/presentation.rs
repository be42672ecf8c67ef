//! What our INVITE says of the caller.

use super::AddressForm;
use crate::message::{HeaderName, NameAddr, Privacy, SipUri, Uri};

/// How one trunk wants to be told who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    /// The number replaces the user part of the account's address in From.
    pub from: bool,
    /// The number stands in P-Asserted-Identity (RFC 3325 9.1): towards a trunk that trusts us.
    pub asserted: bool,
    /// The number stands in P-Preferred-Identity (RFC 3325 9.2): the trunk checks it and asserts it itself.
    pub preferred: bool,
    /// The Privacy header of every call (RFC 3323 4.2); empty: none.
    pub privacy: Privacy,
    /// Whether From is anonymous where the number is withheld (RFC 3323 4.1). `false` for a trunk that finds its
    /// customer by From.
    pub anonymous_from: bool,
    /// How the number becomes a URI.
    pub form: AddressForm,
    /// What national numbers are relative to in a `tel:` URI, `+81`.
    pub country: String,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            from: true,
            asserted: false,
            preferred: false,
            privacy: Privacy::default(),
            anonymous_from: true,
            form: AddressForm::Sip,
            country: "+81".to_owned(),
        }
    }
}

/// Who calls, in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caller<'a> {
    /// The number to show, written as the trunk wants it; `None` leaves the account's address.
    pub number: Option<&'a str>,
    /// The display name.
    pub display: Option<&'a str>,
    /// Whether this call differs from what the line does by itself.
    pub wish: Wish,
}

/// What a caller wants done with the number in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// As the Privacy header of every call says.
    #[default]
    AsUsual,
    /// Withheld: `Privacy: id`, what 184 means where it is dialed.
    Withheld,
    /// Shown: `Privacy: none`, what 186 means where it is dialed.
    Shown,
}

/// The caller as an INVITE has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The From header, without its tag.
    pub from: NameAddr,
    /// P-Asserted-Identity, P-Preferred-Identity and Privacy, those that are wanted.
    pub headers: Vec<(String, String)>,
}

impl Presentation {
    /// The From and the headers that tell `caller` from the account `aor`. `None` where the number cannot stand in a
    /// URI.
    pub fn present(&self, aor: &Uri, caller: Caller<'_>) -> Option<Presented> {
        let sip = aor.as_sip()?;
        let number = match caller.number {
            Some(number) => Some(self.form.uri(number, &sip.host, sip.port, &self.country)?),
            None => None,
        };
        let privacy = self.privacy(caller.wish);
        let display = caller.display.filter(|name| !name.is_empty()).map(str::to_owned);
        let named = |uri: &Uri| NameAddr { display: display.clone(), ..NameAddr::new(uri.clone()) };
        let from = match &number {
            _ if privacy.hides_caller() && self.anonymous_from => anonymous(),
            Some(number) if self.from => named(number),
            Some(_) | None => named(aor),
        };
        // Without a number of its own a call is the account's: that is what the trunk is told.
        let identity = named(number.as_ref().unwrap_or(aor)).to_string();
        let mut headers = Vec::new();
        for (wanted, name) in [
            (self.asserted, HeaderName::P_ASSERTED_IDENTITY),
            (self.preferred, HeaderName::P_PREFERRED_IDENTITY),
        ] {
            if wanted {
                headers.push((name.as_str().to_owned(), identity.clone()));
            }
        }
        if !privacy.is_empty() {
            headers.push((HeaderName::PRIVACY.as_str().to_owned(), privacy.to_string()));
        }
        Some(Presented { from, headers })
    }

    fn privacy(&self, wish: Wish) -> Privacy {
        match wish {
            Wish::AsUsual => self.privacy.clone(),
            Wish::Shown => Privacy::new(["none"]),
            Wish::Withheld => {
                // `none` forbids every other value (RFC 3323 4.2).
                let usual = self.privacy.iter().filter(|value| !matches!(*value, "none" | "id"));
                Privacy::new(["id"].into_iter().chain(usual))
            }
        }
    }
}

/// RFC 3323 4.1.1.3: the From of a caller who is not to be known.
fn anonymous() -> NameAddr {
    let host = crate::message::Host::Name("anonymous.invalid".to_owned());
    let uri = Uri::Sip(SipUri { user: Some("anonymous".to_owned()), ..SipUri::new(host) });
    NameAddr { display: Some("Anonymous".to_owned()), ..NameAddr::new(uri) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aor() -> Uri {
        Uri::parse("sip:100@pbx.example").unwrap()
    }

    fn present(presentation: &Presentation, caller: Caller<'_>) -> (String, Vec<String>) {
        let presented = presentation.present(&aor(), caller).unwrap();
        let headers = presented.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        (presented.from.to_string(), headers)
    }

    fn caller(wish: Wish) -> Caller<'static> {
        Caller { number: Some("0312345678"), display: Some("\u{55b6}\u{696d} \"A\""), wish }
    }

    #[test]
    fn the_number_stands_where_the_trunk_looks_for_it() {
        let name = "\"\u{55b6}\u{696d} \\\"A\\\"\"";
        let shown = format!("{name} <sip:0312345678@pbx.example>");
        let own = format!("{name} <sip:100@pbx.example>");
        for (from, asserted, preferred, expected_from, expected) in [
            (true, false, false, &shown, vec![]),
            (false, true, false, &own, vec![format!("P-Asserted-Identity: {shown}")]),
            (false, false, true, &own, vec![format!("P-Preferred-Identity: {shown}")]),
            (
                true,
                true,
                true,
                &shown,
                vec![format!("P-Asserted-Identity: {shown}"), format!("P-Preferred-Identity: {shown}")],
            ),
            (false, false, false, &own, vec![]),
        ] {
            let presentation = Presentation { from, asserted, preferred, ..Presentation::default() };
            let (from, headers) = present(&presentation, caller(Wish::AsUsual));
            assert_eq!((&from, headers), (expected_from, expected));
        }
    }

    /// RFC 3325 9.3 and RFC 3323 4.1: the network still learns the number, the callee does not.
    #[test]
    fn a_withheld_number_is_asserted_to_the_trunk_alone() {
        let presentation = Presentation { from: true, asserted: true, ..Presentation::default() };
        let (from, headers) = present(&presentation, caller(Wish::Withheld));
        assert_eq!(from, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        assert!(headers[0].contains("sip:0312345678@pbx.example") && headers[1] == "Privacy: id");
        let kept = Presentation { anonymous_from: false, from: false, ..presentation };
        assert!(present(&kept, caller(Wish::Withheld)).0.ends_with("<sip:100@pbx.example>"));
    }

    #[test]
    fn anonymous_without_any_identity_names_nobody() {
        let presentation = Presentation { privacy: Privacy::new(["id"]), ..Presentation::default() };
        let (from, headers) = present(&presentation, caller(Wish::AsUsual));
        assert_eq!(headers, ["Privacy: id"]);
        assert!(!from.contains("100") && !from.contains("0312345678"));
    }

    #[test]
    fn one_call_differs_from_the_line() {
        let presentation =
            Presentation { privacy: Privacy::new(["header", "critical"]), ..Presentation::default() };
        assert_eq!(present(&presentation, caller(Wish::Withheld)).1, ["Privacy: id;header;critical"]);
        let (from, headers) = present(&presentation, caller(Wish::Shown));
        assert_eq!(headers, ["Privacy: none"]);
        assert!(from.contains("0312345678"));
        assert!(present(&Presentation::default(), caller(Wish::AsUsual)).1.is_empty());
    }

    #[test]
    fn a_number_that_breaks_the_header_is_refused() {
        let caller = Caller { number: Some("1>\r\nX: y"), ..Caller::default() };
        assert_eq!(Presentation::default().present(&aor(), caller), None);
    }
}
