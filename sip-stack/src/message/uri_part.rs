//! A URI as it stands in a text: checked, but not copied.

use super::{
    Host, Params, SipUri, TelUri, Uri, UriError,
    host::HostPart,
    lex::{self, Escapes},
};

/// What [`Uri`] owns, borrowed.
pub(crate) enum UriPart<'a> {
    Sip(SipPart<'a>),
    Tel { number: &'a str, params: &'a str },
    Other { scheme: &'a str, opaque: &'a str },
}

pub(crate) struct SipPart<'a> {
    secure: bool,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: HostPart<'a>,
    port: Option<u16>,
    params: &'a str,
    headers: &'a str,
}

impl<'a> UriPart<'a> {
    /// As [`Uri::parse`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, UriError> {
        // No early way out: so the compiler looks at many bytes at a time.
        let plain = text.bytes().fold(true, |plain, byte| {
            plain & (byte > b' ') & (byte != 0x7f) & (byte != b'<') & (byte != b'>') & (byte != b'"')
        });
        if !plain || (!text.is_ascii() && text.contains(char::is_control)) {
            return Err(UriError);
        }
        let (scheme, rest) = lex::split_once(text, b':').ok_or(UriError)?;
        if rest.is_empty() {
            return Err(UriError);
        }
        if scheme.eq_ignore_ascii_case("sip") {
            return SipPart::parse(false, rest).map(Self::Sip).ok_or(UriError);
        }
        if scheme.eq_ignore_ascii_case("sips") {
            return SipPart::parse(true, rest).map(Self::Sip).ok_or(UriError);
        }
        if scheme.eq_ignore_ascii_case("tel") {
            return Self::parse_tel(rest).ok_or(UriError);
        }
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        scheme_ok.then_some(Self::Other { scheme, opaque: rest }).ok_or(UriError)
    }

    fn parse_tel(rest: &'a str) -> Option<Self> {
        let (number, params) = lex::split_before(rest, b';');
        let valid = !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_hexdigit() || b"+-.()*#%pPwW".contains(&b))
            && Params::is_valid_uri(params);
        valid.then_some(Self::Tel { number, params })
    }
}

impl<'a> SipPart<'a> {
    /// The user part may hold `;`, `?` and `/`, so the `@` is looked for first. Some senders also leave an `@` in it
    /// unescaped, or in a header component: the first `@` that no other follows before a `?` counts, else the last.
    fn parse(secure: bool, rest: &'a str) -> Option<Self> {
        let Some(last) = memchr::memrchr(b'@', rest.as_bytes()) else {
            return Self::parse_host(secure, rest);
        };
        let with_user = |at: usize| {
            let (userinfo, host) = (&rest[..at], &rest[at + 1..]);
            let (user, password) = match lex::split_once(userinfo, b':') {
                Some((user, password)) => (user, Some(password)),
                None => (userinfo, None),
            };
            let uri = Self::parse_host(secure, host).filter(|_| !user.is_empty())?;
            Some(Self { user: Some(user), password, ..uri })
        };
        let counts = |at: &usize| {
            let after = &rest.as_bytes()[at + 1..];
            memchr::memchr2(b'@', b'?', after).is_none_or(|next| after[next] == b'?')
        };
        let first = memchr::memchr_iter(b'@', rest.as_bytes()).find(counts).unwrap_or(last);
        with_user(first).or_else(|| with_user(last))
    }

    fn parse_host(secure: bool, text: &'a str) -> Option<Self> {
        let (text, headers) = lex::split_once(text, b'?').unwrap_or((text, ""));
        let (host, params) = lex::split_before(text, b';');
        let (host, port) = HostPart::parse_with_port(host)?;
        Params::is_valid_uri(params).then_some(Self {
            secure,
            user: None,
            password: None,
            host,
            port,
            params,
            headers,
        })
    }
}

impl From<UriPart<'_>> for Uri {
    fn from(part: UriPart<'_>) -> Self {
        let params = |text| Params::parse_uri(text).unwrap_or_default();
        match part {
            UriPart::Sip(part) => Self::Sip(SipUri {
                secure: part.secure,
                user: part.user.map(str::to_owned),
                password: part.password.map(str::to_owned),
                host: Host::from(part.host),
                port: part.port,
                params: params(part.params),
                headers: header_components(part.headers),
            }),
            UriPart::Tel { number, params: text } => {
                Self::Tel(TelUri { number: number.to_owned(), params: params(text) })
            }
            UriPart::Other { scheme, opaque } => {
                Self::Other { scheme: scheme.to_ascii_lowercase(), opaque: opaque.to_owned() }
            }
        }
    }
}

fn header_components(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// An address with an optional name, checked, but not copied.
pub(crate) struct AddressPart<'a, P> {
    /// As written, quotes included.
    pub(crate) display: Option<&'a str>,
    pub(crate) escapes: Escapes,
    pub(crate) uri: UriPart<'a>,
    /// What became of the parameters.
    pub(crate) params: P,
}

impl<'a, P> AddressPart<'a, P> {
    /// As [`super::NameAddr::parse`]; `read` takes the parameters or refuses the address.
    pub(crate) fn parse(text: &'a str, read: impl Fn(&'a str) -> Option<P>) -> Option<Self> {
        let text = lex::trim(text);
        Self::parse_with(text, Escapes::Honoured, &read)
            .or_else(|| text.starts_with('"').then(|| Self::parse_with(text, Escapes::Literal, &read))?)
    }

    fn parse_with(text: &'a str, escapes: Escapes, read: impl Fn(&'a str) -> Option<P>) -> Option<Self> {
        let (display, rest) = match lex::quoted_len(text, escapes) {
            Some(end) => (Some(&text[..end]), lex::trim_start(&text[end..])),
            None if text.starts_with('"') => return None,
            None => match lex::find(text, b'<') {
                Some(at) => (Some(lex::trim(&text[..at])), &text[at..]),
                None => return Self::parse_bare(text, escapes, read),
            },
        };
        let (uri, params) = lex::split_once(rest.strip_prefix('<')?, b'>')?;
        let uri = UriPart::parse(lex::trim(uri)).ok()?;
        Some(Self { display, escapes, uri, params: read(params)? })
    }

    fn parse_bare(text: &'a str, escapes: Escapes, read: impl Fn(&'a str) -> Option<P>) -> Option<Self> {
        // The user part may hold a `;`, so header parameters start at the first one after the host began.
        let from = lex::find(text, b'@').unwrap_or(0);
        let at = lex::find(&text[from..], b';').map_or(text.len(), |at| from + at);
        let (uri, params) = text.split_at(at);
        let uri = UriPart::parse(lex::trim(uri)).ok()?;
        Some(Self { display: None, escapes, uri, params: read(params)? })
    }
}
