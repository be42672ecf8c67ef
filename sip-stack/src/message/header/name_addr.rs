//! From, To, Contact, Route and their kin: an address with an optional name (RFC 3261 20.10, 25.1).

use std::fmt;

use super::super::{
    Params, Uri,
    lex::{self, Escapes},
    uri_part::AddressPart,
};

/// `"display name" <uri>;params`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name without quotes and escapes. Bytes that were not UTF-8 show as U+FFFD; the raw header keeps
    /// them.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Header parameters (`tag`, `expires`, …), not those of the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without name and parameters.
    pub const fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::new() }
    }

    /// Reads one address, with or without angle brackets. Without them parameters belong to the header
    /// (RFC 3261 20.10). A display name that should have been quoted is taken as it stands.
    pub fn parse(text: &str) -> Option<Self> {
        let part = AddressPart::parse(text, Params::parse_header)?;
        let display = part.display.map(|name| match part.escapes {
            Escapes::Honoured => lex::unquote(name).into_owned(),
            Escapes::Literal => lex::strip_quotes(name).unwrap_or(name).to_owned(),
        });
        Some(Self {
            display: display.filter(|name| !name.is_empty()),
            uri: part.uri.into(),
            params: part.params,
        })
    }

    /// Whether [`Self::parse`] reads `text`, without the cost of it.
    pub(crate) fn is_valid(text: &str) -> bool {
        AddressPart::parse(text, |params| Params::is_valid_header(params).then_some(())).is_some()
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// Sets the `tag` parameter.
    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// The same with a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.set_tag(tag);
        self
    }

    /// The `expires` parameter of a Contact, in seconds; a value too large for 32 bits counts as the largest.
    pub fn expires(&self) -> Option<u32> {
        super::typed::delta_seconds(self.params.get("expires")?)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.display {
            write!(f, "{} ", lex::quote(name))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// One value of Contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// `*`: every binding, in a REGISTER that removes them (RFC 3261 10.2.2).
    Star,
    /// An address.
    Address(NameAddr),
}

impl Contact {
    /// Reads one value.
    pub fn parse(text: &str) -> Option<Self> {
        match lex::trim(text) {
            "*" => Some(Self::Star),
            other => NameAddr::parse(other).map(Self::Address),
        }
    }

    /// The address, unless it is the star.
    pub fn address(&self) -> Option<&NameAddr> {
        match self {
            Self::Star => None,
            Self::Address(address) => Some(address),
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star => f.write_str("*"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_decide_whose_the_parameters_are() {
        let bare = NameAddr::parse("sip:a;x=1@h ; tag=t").unwrap();
        assert_eq!((bare.uri.to_string().as_str(), bare.tag()), ("sip:a;x=1@h", Some("t")));
        let bracketed = NameAddr::parse("<sip:a@h;lr> ;tag = t").unwrap();
        assert_eq!((bracketed.uri.to_string().as_str(), bracketed.tag()), ("sip:a@h;lr", Some("t")));
    }

    #[test]
    fn names_come_in_every_form() {
        let cases = [
            (r#""A. \"G\" <b>; c" <sip:a@h>"#, Some(r#"A. "G" <b>; c"#)),
            ("Watson, Thomas < sip:t@example.org >", Some("Watson, Thomas")),
            ("営業部<sip:a@h>", Some("営業部")),
            (r#""" <sip:a@h>"#, None),
            ("<sip:a@h>", None),
        ];
        for (text, name) in cases {
            let parsed = NameAddr::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parsed.display.as_deref(), name);
            assert_eq!(NameAddr::parse(&parsed.to_string()), Some(parsed));
        }
    }

    /// 表 in Shift-JIS ends in a backslash, which would escape the closing quote.
    #[test]
    fn a_shift_jis_name_does_not_swallow_its_quote() {
        let raw = b"\"\x95\x5c\" <sip:a@h>;tag=1;x=\"y\"";
        let parsed = NameAddr::parse(&String::from_utf8_lossy(raw)).unwrap();
        assert_eq!(parsed.tag(), Some("1"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "\"open <sip:a@h>", "<sip:a@h", "sip:a@h>", "<>", "name only", "<sip:a@h> junk"] {
            assert_eq!(NameAddr::parse(text), None, "{text}");
        }
    }
}
