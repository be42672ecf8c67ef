//! Header names and the ordered header list.

use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
};

/// The name of a header field: compared without case, compact forms expanded, printed in the usual spelling.
#[derive(Debug, Clone, Eq)]
pub struct HeaderName(Cow<'static, str>);

macro_rules! header_names {
    ($($(#[$meta:meta])* $constant:ident = $name:literal $(, $compact:literal)?;)*) => {
        impl HeaderName {
            $(
                #[doc = concat!("`", $name, "`", $(" (compact `", $compact, "`)",)? ".")]
                pub const $constant: Self = Self(Cow::Borrowed($name));
            )*
        }

        /// Long and compact spelling of the names we know.
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
        let known = if text.len() == 1 {
            KNOWN
                .iter()
                .find(|(_, compact)| compact.is_some_and(|compact| compact.eq_ignore_ascii_case(text)))
        } else {
            // Most peers write names as the RFCs do, and a comparison of bytes is the cheaper one.
            let exact = KNOWN.iter().find(|(long, _)| *long == text);
            exact.or_else(|| KNOWN.iter().find(|(long, _)| long.eq_ignore_ascii_case(text)))
        };
        match known {
            Some((long, _)) => Self(Cow::Borrowed(long)),
            None => Self(Cow::Owned(text.to_owned())),
        }
    }

    /// The spelling used in print.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for HeaderName {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Hash for HeaderName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Header fields in wire order. Values are bytes, unfolded and trimmed but otherwise as received, so that text in
/// any encoding survives; typed views (`via()`, `from()`, …) read them on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, Vec<u8>)>);

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The first value of `name`.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// Every value of `name`, in order. One value may itself be a comma-separated list.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// The first value of `name` as text; bytes that are not UTF-8 show as U+FFFD.
    pub fn text(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// Whether `name` is present.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// Appends a field. Line breaks in the value become spaces: a header cannot be smuggled in.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        self.0.push((name.into(), clean(value.into())));
    }

    /// Puts a field before all others.
    pub fn push_front(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        self.0.insert(0, (name.into(), clean(value.into())));
    }

    /// Replaces the first field `name` in its place and removes the others; appends it when there was none.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl Into<Vec<u8>>) {
        let (name, value) = (name.into(), clean(value.into()));
        let Some(at) = self.0.iter().position(|(known, _)| *known == name) else {
            self.0.push((name, value));
            return;
        };
        self.remove_after(&name, at + 1);
        self.0[at].1 = value;
    }

    /// Replaces the first field `name` only; the others stay. `false` when there is none.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl Into<Vec<u8>>) -> bool {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(slot) => {
                slot.1 = clean(value.into());
                true
            }
            None => false,
        }
    }

    /// Removes every field `name`; how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        self.remove_after(name, 0)
    }

    /// Keeps the fields that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&HeaderName, &[u8]) -> bool) {
        self.0.retain(|(name, value)| keep(name, value));
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0.iter().map(|(name, value)| (name, value.as_slice()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn remove_after(&mut self, name: &HeaderName, start: usize) -> usize {
        let before = self.0.len();
        let mut at = 0;
        self.0.retain(|(known, _)| {
            at += 1;
            at <= start || known != name
        });
        before - self.0.len()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}

fn clean(mut value: Vec<u8>) -> Vec<u8> {
    for byte in &mut value {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    let start = value.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(value.len());
    value.drain(..start);
    while value.last().is_some_and(u8::is_ascii_whitespace) {
        value.pop();
    }
    value
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
    }

    #[test]
    fn a_value_cannot_start_a_new_line() {
        let mut headers = Headers::new();
        headers.push("Subject", "hi\r\nVia: evil");
        assert_eq!(headers.get(&HeaderName::SUBJECT), Some(&b"hi  Via: evil"[..]));
    }

    #[test]
    fn set_replaces_in_place_and_drops_repeats() {
        let mut headers: Headers = [("To", "a"), ("X-Y", "1"), ("to", "b")].into_iter().collect();
        headers.set(HeaderName::TO, "c");
        let order: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(order, [("To", &b"c"[..]), ("X-Y", &b"1"[..])]);
    }
}
