//! Header names.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// The name of a header field: compared without case, compact forms expanded, printed in the usual spelling.
#[derive(Debug, Clone)]
pub struct HeaderName(Name);

/// A name we know is a number, so that it costs no allocation and compares at once.
#[derive(Debug, Clone)]
enum Name {
    Known(u8),
    Other(Box<str>),
}

macro_rules! header_names {
    ($($constant:ident = $name:literal $(, $compact:literal)?;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as the constants, to number them")]
        enum Number { $($constant),* }

        impl HeaderName {
            $(
                #[doc = concat!("`", $name, "`", $(" (compact `", $compact, "`)",)? ".")]
                pub const $constant: Self = Self(Name::Known(Number::$constant as u8));
            )*
        }

        /// Long and compact spelling of the names we know, by number.
        const KNOWN: &[(&str, Option<&str>)] = &[$(($name, header_names!(@compact $($compact)?))),*];
    };
    (@compact $compact:literal) => { Some($compact) };
    (@compact) => { None };
}

header_names! {
    ACCEPT = "Accept";
    ACCEPT_CONTACT = "Accept-Contact", "a";
    ACCEPT_ENCODING = "Accept-Encoding";
    ACCEPT_LANGUAGE = "Accept-Language";
    ALERT_INFO = "Alert-Info";
    ALLOW = "Allow";
    ALLOW_EVENTS = "Allow-Events", "u";
    AUTHENTICATION_INFO = "Authentication-Info";
    AUTHORIZATION = "Authorization";
    CALL_ID = "Call-ID", "i";
    CALL_INFO = "Call-Info";
    CONTACT = "Contact", "m";
    CONTENT_DISPOSITION = "Content-Disposition";
    CONTENT_ENCODING = "Content-Encoding", "e";
    CONTENT_LENGTH = "Content-Length", "l";
    CONTENT_TYPE = "Content-Type", "c";
    CSEQ = "CSeq";
    DATE = "Date";
    DIVERSION = "Diversion";
    EVENT = "Event", "o";
    EXPIRES = "Expires";
    FROM = "From", "f";
    HISTORY_INFO = "History-Info";
    IDENTITY = "Identity", "y";
    INFO_PACKAGE = "Info-Package";
    MAX_FORWARDS = "Max-Forwards";
    MIN_EXPIRES = "Min-Expires";
    MIN_SE = "Min-SE";
    MIME_VERSION = "MIME-Version";
    P_ASSERTED_IDENTITY = "P-Asserted-Identity";
    P_PREFERRED_IDENTITY = "P-Preferred-Identity";
    PATH = "Path";
    PRIVACY = "Privacy";
    PROXY_AUTHENTICATE = "Proxy-Authenticate";
    PROXY_AUTHENTICATION_INFO = "Proxy-Authentication-Info";
    PROXY_AUTHORIZATION = "Proxy-Authorization";
    PROXY_REQUIRE = "Proxy-Require";
    RACK = "RAck";
    REASON = "Reason";
    RECORD_ROUTE = "Record-Route";
    RECV_INFO = "Recv-Info";
    REFER_SUB = "Refer-Sub";
    REFER_TO = "Refer-To", "r";
    REFERRED_BY = "Referred-By", "b";
    REJECT_CONTACT = "Reject-Contact", "j";
    REPLACES = "Replaces";
    REQUEST_DISPOSITION = "Request-Disposition", "d";
    REQUIRE = "Require";
    RETRY_AFTER = "Retry-After";
    ROUTE = "Route";
    RSEQ = "RSeq";
    SERVER = "Server";
    SERVICE_ROUTE = "Service-Route";
    SESSION_EXPIRES = "Session-Expires", "x";
    SUBJECT = "Subject", "s";
    SUBSCRIPTION_STATE = "Subscription-State";
    SUPPORTED = "Supported", "k";
    TIMESTAMP = "Timestamp";
    TO = "To", "t";
    UNSUPPORTED = "Unsupported";
    USER_AGENT = "User-Agent";
    VIA = "Via", "v";
    WARNING = "Warning";
    WWW_AUTHENTICATE = "WWW-Authenticate";
}

impl HeaderName {
    /// The name spelled `text`; a compact form becomes its long one.
    pub fn new(text: &str) -> Self {
        Self::known(text.as_bytes()).unwrap_or_else(|| Self(Name::Other(text.into())))
    }

    /// The name on the wire; `None` for one that is no token (RFC 3261 25.1).
    pub(super) fn from_wire(bytes: &[u8]) -> Option<Self> {
        Self::known(bytes).or_else(|| {
            let text = std::str::from_utf8(bytes).ok().filter(|text| super::lex::is_token(text))?;
            Some(Self(Name::Other(text.into())))
        })
    }

    /// The spelling used in print.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Known(number) => KNOWN.get(usize::from(*number)).map_or("", |(long, _)| *long),
            Name::Other(text) => text,
        }
    }

    fn known(name: &[u8]) -> Option<Self> {
        let number = match name {
            [] => return None,
            [letter] => {
                let letter = letter.to_ascii_lowercase();
                letter.is_ascii_lowercase().then(|| COMPACT[usize::from(letter - b'a')])?
            }
            _ => {
                let mut slot = slot(name);
                loop {
                    let number = SLOTS[slot];
                    let (long, _) = KNOWN.get(usize::from(number))?;
                    if long.as_bytes().eq_ignore_ascii_case(name) {
                        break number;
                    }
                    slot = (slot + 1) % SLOTS.len();
                }
            }
        };
        (number != NONE).then_some(Self(Name::Known(number)))
    }
}

const NONE: u8 = u8::MAX;

/// The names we know by compact letter.
const COMPACT: [u8; 26] = {
    let mut table = [NONE; 26];
    let mut number = 0;
    while number < KNOWN.len() {
        if let Some(compact) = KNOWN[number].1 {
            table[(compact.as_bytes()[0] - b'a') as usize] = number as u8;
        }
        number += 1;
    }
    table
};

/// The names we know by [`slot`]; a taken slot sends to the next one.
const SLOTS: [u8; 256] = {
    assert!(KNOWN.len() < 128, "a table that is half empty ends every search soon");
    let mut table = [NONE; 256];
    let mut number = 0;
    while number < KNOWN.len() {
        let mut at = slot(KNOWN[number].0.as_bytes());
        while table[at] != NONE {
            at = (at + 1) % table.len();
        }
        table[at] = number as u8;
        number += 1;
    }
    table
};

/// Where the search for a name of two or more bytes begins.
const fn slot(name: &[u8]) -> usize {
    let length = name.len();
    let (first, last) = (name[0].to_ascii_lowercase(), name[length - 1].to_ascii_lowercase());
    let middle = name[length / 2].to_ascii_lowercase();
    (length * 37 + first as usize * 11 + last as usize * 5 + middle as usize) % 256
}

impl From<&str> for HeaderName {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Name::Known(a), Name::Known(b)) => a == b,
            (Name::Other(a), Name::Other(b)) => a.eq_ignore_ascii_case(b),
            // A known name is never held as text.
            (Name::Known(_), Name::Other(_)) | (Name::Other(_), Name::Known(_)) => false,
        }
    }
}

impl Eq for HeaderName {}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.as_str().bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_expand_compact_forms() {
        assert_eq!(HeaderName::new("v"), HeaderName::VIA);
        assert_eq!(HeaderName::new("CALL-id").as_str(), "Call-ID");
        assert_eq!(HeaderName::new("X-Foo"), HeaderName::new("x-foo"));
        assert_eq!(HeaderName::new("X-Foo").as_str(), "X-Foo");
        assert_ne!(HeaderName::new("z"), HeaderName::new("v"));
        assert_eq!(HeaderName::new("").as_str(), "");
    }

    #[test]
    fn every_known_name_is_found() {
        for (number, (long, compact)) in KNOWN.iter().enumerate() {
            for spelling in [Some(*long), *compact].into_iter().flatten() {
                for spelling in [spelling.to_owned(), spelling.to_lowercase(), spelling.to_uppercase()] {
                    let name = HeaderName::new(&spelling);
                    assert!(
                        matches!(name.0, Name::Known(found) if usize::from(found) == number),
                        "{spelling}"
                    );
                    assert_eq!(name.as_str(), *long);
                }
            }
        }
    }
}
