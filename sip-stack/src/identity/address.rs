//! Numbers as URIs (RFC 3261 19.1.6, RFC 3966).

use crate::message::{Host, Params, SipUri, TelUri, Uri};

/// How a number becomes a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressForm {
    /// `sip:0312345678@host`.
    #[default]
    Sip,
    /// `sip:0312345678@host;user=phone`: the user part is a telephone number.
    SipPhone,
    /// `tel:+81312345678`, or `tel:0312345678;phone-context=+81` for a number that is not global.
    Tel,
}

impl AddressForm {
    /// The URI of `number` at `host`. `country` (`+81`) tells what a national number is relative to. `None` for an
    /// empty number, or one of characters that such a URI cannot hold.
    pub fn uri(self, number: &str, host: &Host, port: Option<u16>, country: &str) -> Option<Uri> {
        // `#` would begin a fragment; `,` and pauses may stand as they are in a user part (25.1 user-unreserved).
        let number = number.replace('#', "%23");
        let plain = |extra: &[u8]| {
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
        };
        match self {
            Self::Sip | Self::SipPhone => {
                let params = match self {
                    Self::SipPhone => Params::new().with("user", Some("phone")),
                    Self::Sip | Self::Tel => Params::new(),
                };
                let user = plain(b"+-_.!~*'()%,&=$").then_some(number)?;
                Some(Uri::Sip(SipUri { user: Some(user), port, params, ..SipUri::new(host.clone()) }))
            }
            Self::Tel => {
                let digits = number.strip_prefix('+').unwrap_or(&number);
                let valid =
                    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b"*%-".contains(&b));
                let params = match number.starts_with('+') {
                    true => Params::new(),
                    false => Params::new().with("phone-context", Some(country)),
                };
                valid.then_some(Uri::Tel(TelUri { number, params }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(form: AddressForm, number: &str) -> Option<String> {
        let host = Uri::parse("sip:h.example:5070").unwrap();
        form.uri(number, host.host().unwrap(), host.port(), "+81").map(|uri| uri.to_string())
    }

    #[test]
    fn every_form_of_a_number() {
        for (form, number, expected) in [
            (AddressForm::Sip, "0312345678", "sip:0312345678@h.example:5070"),
            (AddressForm::SipPhone, "+81312345678", "sip:+81312345678@h.example:5070;user=phone"),
            (AddressForm::Sip, "0,0312345678", "sip:0,0312345678@h.example:5070"),
            (AddressForm::Sip, "*21#0312345678", "sip:*21%230312345678@h.example:5070"),
            (AddressForm::Tel, "+81312345678", "tel:+81312345678"),
            (AddressForm::Tel, "1840312345678", "tel:1840312345678;phone-context=+81"),
        ] {
            let text = uri(form, number).unwrap();
            assert_eq!(text, expected);
            assert_eq!(Uri::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_would_change_the_uri_is_refused() {
        for number in ["", "1@2", "1;x", "1 2", "1:2", "\u{ff11}", "1?x", "<1>", "\"1", "1\r\n2"] {
            for form in [AddressForm::Sip, AddressForm::SipPhone, AddressForm::Tel] {
                assert_eq!(uri(form, number), None, "{number:?}");
            }
        }
        assert_eq!(uri(AddressForm::Tel, "0,0312345678"), None, "no pause in a tel URI");
    }
}
