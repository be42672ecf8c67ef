//! A URI as it stands in a text: checked, but not copied.

use super::{Host, Params, SipUri, TelUri, Uri, UriError, host::HostPart, lex};

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
        if !text.bytes().all(|byte| byte > b' ' && !matches!(byte, 0x7f | b'<' | b'>' | b'"'))
            || (!text.is_ascii() && text.contains(char::is_control))
        {
            return Err(UriError);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError)?;
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
        let (number, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
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
        let Some(last) = rest.rfind('@') else { return Self::parse_host(secure, rest) };
        let with_user = |at: usize| {
            let (userinfo, host) = (&rest[..at], &rest[at + 1..]);
            let (user, password) = match userinfo.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (userinfo, None),
            };
            let uri = Self::parse_host(secure, host).filter(|_| !user.is_empty())?;
            Some(Self { user: Some(user), password, ..uri })
        };
        let counts =
            |at: &usize| rest[at + 1..].bytes().find(|byte| matches!(byte, b'@' | b'?')) != Some(b'@');
        let first = rest.match_indices('@').map(|(at, _)| at).find(counts).unwrap_or(last);
        with_user(first).or_else(|| with_user(last))
    }

    fn parse_host(secure: bool, text: &'a str) -> Option<Self> {
        let (text, headers) = text.split_once('?').unwrap_or((text, ""));
        let (host, params) = text.split_at(text.bytes().position(|byte| byte == b';').unwrap_or(text.len()));
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
pub(crate) struct AddressPart<'a> {
    /// As written, quotes included.
    pub(crate) display: Option<&'a str>,
    pub(crate) escapes: lex::Escapes,
    pub(crate) uri: UriPart<'a>,
    pub(crate) params: &'a str,
}

impl<'a> AddressPart<'a> {
    /// As [`super::NameAddr::parse`].
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = lex::trim(text);
        Self::parse_with(text, lex::Escapes::Honoured)
            .or_else(|| text.starts_with('"').then(|| Self::parse_with(text, lex::Escapes::Literal))?)
    }

    fn parse_with(text: &'a str, escapes: lex::Escapes) -> Option<Self> {
        let (display, rest) = match lex::quoted_len(text, escapes) {
            Some(end) => (Some(&text[..end]), lex::trim_start(&text[end..])),
            None if text.starts_with('"') => return None,
            None => match text.split_once('<') {
                Some((name, _)) => (Some(lex::trim(name)), &text[name.len()..]),
                None => return Self::parse_bare(text, escapes),
            },
        };
        let (uri, params) = rest.strip_prefix('<')?.split_once('>')?;
        let uri = UriPart::parse(lex::trim(uri)).ok()?;
        Params::is_valid_header(params).then_some(Self { display, escapes, uri, params })
    }

    fn parse_bare(text: &'a str, escapes: lex::Escapes) -> Option<Self> {
        // The user part may hold a `;`, so header parameters start at the first one after the host began.
        let from = text.find('@').unwrap_or(0);
        let at = text[from..].find(';').map_or(text.len(), |at| from + at);
        let (uri, params) = text.split_at(at);
        let uri = UriPart::parse(lex::trim(uri)).ok()?;
        Params::is_valid_header(params).then_some(Self { display: None, escapes, uri, params })
    }
}
