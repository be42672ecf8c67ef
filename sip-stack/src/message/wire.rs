//! Bytes to message and back (RFC 3261 7.3, 18.3, 25).

use std::io::Write as _;

use super::{
    CSeq, Defect, HeaderName, Headers, MAX_MESSAGE, Message, Method, NameAddr, ParseError, Rejected, Request,
    Response, Uri, Via,
    head::{self, ContentLength, Head},
    lex,
};

/// Reads one datagram. Bytes after Content-Length are dropped; without Content-Length the body is the rest
/// (RFC 3261 18.3).
///
/// # Errors
/// [`ParseError::Rejected`] for a request that can be answered, [`ParseError::Unusable`] for everything else.
pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
    parse(bytes, Framing::Datagram)
}

/// Reads one message cut from a stream by [`super::StreamFramer`]; Content-Length is required.
///
/// # Errors
/// As [`parse_datagram`].
pub fn parse_framed(bytes: &[u8]) -> Result<Message, ParseError> {
    parse(bytes, Framing::Stream)
}

/// Writes start line, headers and body. Content-Length is the body's, whatever the headers say.
pub(super) fn print(headers: &Headers, body: &[u8], start: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let mut out = Vec::with_capacity(size + body.len() + 160);
    start(&mut out);
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| **name != HeaderName::CONTENT_LENGTH) {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    // Writing to memory cannot fail.
    let _ = write!(out, "Content-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
    out
}

/// The Content-Length of a header section that begins with the start line. `None` when it is absent, unreadable or
/// given twice with different values: the stream cannot be followed any further.
pub(super) fn declared_length(head: &[u8]) -> Option<usize> {
    let mut length = ContentLength::default();
    let mut lines = head::Lines::new(head);
    while let Some(field) = lines.field() {
        if HeaderName::from_wire(field.name) == Some(HeaderName::CONTENT_LENGTH) {
            length.take(&field.text());
        }
    }
    length.value().ok().flatten()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Datagram,
    Stream,
}

fn parse(bytes: &[u8], framing: Framing) -> Result<Message, ParseError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(ParseError::Unusable(Defect::TooLarge));
    }
    let skip = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let bytes = &bytes[skip..];
    let start = Start::read(head::start_line(bytes))?;
    let Head { headers, too_many, length, end } = Head::read(bytes);
    let body = body(bytes, end, length, framing);
    match start {
        Start::Status { code, reason } => {
            if too_many {
                return Err(ParseError::Unusable(Defect::TooManyHeaders));
            }
            check(&headers, None).map_err(ParseError::Unusable)?;
            let body = body.map_err(ParseError::Unusable)?.to_vec();
            Ok(Message::Response(Response { code, reason, headers, body }))
        }
        Start::Request { method, uri } => {
            let checked = uri.and_then(|uri| {
                if too_many {
                    return Err(Defect::TooManyHeaders);
                }
                check(&headers, Some(&method))?;
                Ok((uri, body?.to_vec()))
            });
            match checked {
                Ok((uri, body)) => Ok(Message::Request(Request { method, uri, headers, body })),
                Err(defect) => Err(reject(defect, Some(method), headers)),
            }
        }
        Start::Bad { method } => Err(reject(Defect::StartLine, method, headers)),
    }
}

fn body(
    bytes: &[u8],
    end: Option<usize>,
    length: Result<Option<usize>, Defect>,
    framing: Framing,
) -> Result<&[u8], Defect> {
    let rest = &bytes[end.ok_or(Defect::Truncated)?..];
    match (length?, framing) {
        (Some(length), _) => rest.get(..length).ok_or(Defect::ShortBody),
        (None, Framing::Datagram) => Ok(rest),
        (None, Framing::Stream) => Err(Defect::Missing("Content-Length")),
    }
}

/// A request that cannot be processed; unusable when there is no Via to answer along.
fn reject(defect: Defect, method: Option<Method>, headers: Headers) -> ParseError {
    if headers.via().is_err() {
        return ParseError::Unusable(defect);
    }
    let code = if defect == Defect::Version { 505 } else { 400 };
    ParseError::Rejected(Box::new(Rejected { code, defect, method, headers }))
}

/// The headers without which nothing can be matched or answered (RFC 3261 8.1.1, 8.2.6.2, 16.3).
fn check(headers: &Headers, method: Option<&Method>) -> Result<(), Defect> {
    let from = single(headers, &HeaderName::FROM, "From")?.ok_or(Defect::Missing("From"))?;
    let to = single(headers, &HeaderName::TO, "To")?.ok_or(Defect::Missing("To"))?;
    let call_id = single(headers, &HeaderName::CALL_ID, "Call-ID")?.ok_or(Defect::Missing("Call-ID"))?;
    let cseq = single(headers, &HeaderName::CSEQ, "CSeq")?.ok_or(Defect::Missing("CSeq"))?;
    // Max-Forwards may be absent: RFC 2543 senders do not know it.
    let hops = single(headers, &HeaderName::MAX_FORWARDS, "Max-Forwards")?;
    let mut vias = headers.get_all(&HeaderName::VIA).peekable();
    if vias.peek().is_none() {
        return Err(Defect::Missing("Via"));
    }
    // A response is matched by its topmost Via alone; a request is answered along all of them.
    let vias_ok = if method.is_some() {
        let mut some = false;
        vias.all(|value| {
            let value = lex::text(value);
            lex::list(&value).is_some_and(|mut list| {
                list.all(|hop| {
                    some = true;
                    Via::is_valid(hop)
                })
            })
        }) && some
    } else {
        headers.via().is_ok()
    };
    if !vias_ok {
        return Err(Defect::Malformed("Via"));
    }
    if call_id.is_empty() {
        return Err(Defect::Malformed("Call-ID"));
    }
    let address_ok = |value| NameAddr::is_valid(&lex::text(value));
    if !address_ok(from) {
        return Err(Defect::Malformed("From"));
    }
    if !address_ok(to) {
        return Err(Defect::Malformed("To"));
    }
    let cseq = CSeq::parse(&lex::text(cseq)).ok_or(Defect::Malformed("CSeq"))?;
    let Some(method) = method else { return Ok(()) };
    if hops.is_some() && headers.max_forwards().is_none() {
        return Err(Defect::Malformed("Max-Forwards"));
    }
    if cseq.method != *method {
        return Err(Defect::MethodMismatch);
    }
    Ok(())
}

/// The value of a header that may stand once; repeating the very same value is let through.
fn single<'a>(
    headers: &'a Headers,
    name: &HeaderName,
    label: &'static str,
) -> Result<Option<&'a [u8]>, Defect> {
    let mut first = None;
    for (known, value) in headers.iter() {
        if known == name {
            match first {
                None => first = Some(value),
                Some(first) if first == value => {}
                Some(_) => return Err(Defect::Repeated(label)),
            }
        }
    }
    Ok(first)
}

enum Start {
    Status {
        code: u16,
        reason: String,
    },
    Request {
        method: Method,
        uri: Result<Uri, Defect>,
    },
    /// A request line without a version: enough to answer, nothing to process.
    Bad {
        method: Option<Method>,
    },
}

impl Start {
    fn read(line: &[u8]) -> Result<Self, ParseError> {
        let garbage = ParseError::Unusable(Defect::StartLine);
        let line = line.trim_ascii();
        if line.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"SIP/")) {
            return Self::read_status(line);
        }
        let text = lex::text(line);
        let space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let Some(first) = text.as_bytes().iter().position(space) else { return Err(garbage) };
        let (method, rest) = (&text[..first], &text[first + 1..]);
        let Some(method) = Method::from_token(method) else { return Err(garbage) };
        let (uri, version) = match rest.as_bytes().iter().rposition(space) {
            Some(last) => (lex::trim(&rest[..last]), &rest[last + 1..]),
            None => ("", rest),
        };
        if !version.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("SIP/")) {
            // `INVITE sip:a@h` is a SIP request that lost its version; `GET / HTTP/1.1` is not ours at all.
            let sip = Uri::parse(lex::trim(rest)).is_ok();
            return if sip { Ok(Self::Bad { method: Some(method) }) } else { Err(garbage) };
        }
        if !version.eq_ignore_ascii_case("SIP/2.0") {
            return Ok(Self::Request { method, uri: Err(Defect::Version) });
        }
        let valid = matches!(text, std::borrow::Cow::Borrowed(_));
        let uri = Uri::parse(uri).ok().filter(|_| valid).ok_or(Defect::RequestUri);
        Ok(Self::Request { method, uri })
    }

    fn read_status(line: &[u8]) -> Result<Self, ParseError> {
        let text = lex::text(line);
        let mut words = text.splitn(2, [' ', '\t']);
        if !words.next().is_some_and(|version| version.eq_ignore_ascii_case("SIP/2.0")) {
            return Err(ParseError::Unusable(Defect::Version));
        }
        let rest = lex::trim(words.next().unwrap_or_default());
        let (code, reason) = match rest.split_once([' ', '\t']) {
            Some((code, reason)) => (code, lex::trim(reason)),
            None => (rest, ""),
        };
        let code = Some(code)
            .filter(|code| code.len() == 3)
            .and_then(|code| code.parse().ok())
            .filter(|code| (100..700).contains(code))
            .ok_or(ParseError::Unusable(Defect::StartLine))?;
        // Control characters become spaces, and then those at the ends go.
        Ok(Self::Status { code, reason: lex::trim(&reason.replace(char::is_control, " ")).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MAX_HEADERS, *};

    fn request(extra: &str, tail: &str) -> Vec<u8> {
        format!(
            "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
             To: <sip:b@h>\r\nCall-ID: x@y\r\nCSeq: 1 OPTIONS\r\n{extra}\r\n{tail}"
        )
        .into_bytes()
    }

    fn defect(bytes: &[u8]) -> Defect {
        parse_datagram(bytes).expect_err("must be refused").defect()
    }

    #[test]
    fn the_body_follows_content_length() {
        let body = |extra: &str, tail: &str| parse_datagram(&request(extra, tail)).map(|m| m.body().to_vec());
        assert_eq!(body("", "rest").unwrap(), b"rest");
        assert_eq!(body("l : 2 \r\n", "rest").unwrap(), b"re");
        assert_eq!(body("Content-Length: 4\r\nContent-Length: 4\r\n", "rest").unwrap(), b"rest");
        assert_eq!(body("Content-Length: 5\r\n", "rest").unwrap_err().defect(), Defect::ShortBody);
        for bad in ["-1", "4, 4", "x", "", "99999999999999999999999"] {
            let error = body(&format!("Content-Length: {bad}\r\n"), "rest").unwrap_err();
            assert_eq!(error.defect(), Defect::Malformed("Content-Length"), "{bad}");
        }
        let error = parse_framed(&request("", "")).unwrap_err();
        assert_eq!(error.defect(), Defect::Missing("Content-Length"));
    }

    #[test]
    fn a_bad_request_can_be_answered() {
        let bytes = String::from_utf8(request("", "")).unwrap().replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia");
        let Err(ParseError::Rejected(rejected)) = parse_datagram(bytes.as_bytes()) else { panic!() };
        assert_eq!(rejected.code, 505);
        let printed = rejected.response().unwrap().to_bytes();
        let Ok(Message::Response(response)) = parse_datagram(&printed) else { panic!() };
        assert_eq!((response.code, response.headers.call_id().as_deref()), (505, Some("x@y")));
    }

    #[test]
    fn an_ack_is_never_answered() {
        let bytes = String::from_utf8(request("", "")).unwrap().replace("OPTIONS sip:b@h", "ACK sip:b@h");
        let Err(ParseError::Rejected(rejected)) = parse_datagram(bytes.as_bytes()) else { panic!() };
        assert_eq!(rejected.defect, Defect::MethodMismatch);
        assert_eq!(rejected.response(), None);
    }

    #[test]
    fn garbage_is_unusable() {
        for bytes in [
            &b""[..],
            b"\0\0\0\0",
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"SIP/2.0 99 x\r\n\r\n",
        ] {
            assert!(matches!(parse_datagram(bytes), Err(ParseError::Unusable(_))), "{bytes:?}");
        }
        assert_eq!(defect(&vec![b'x'; MAX_MESSAGE + 1]), Defect::TooLarge);
    }

    #[test]
    fn there_is_a_limit_to_headers() {
        let many = "X: y\r\n".repeat(MAX_HEADERS);
        assert_eq!(defect(&request(&many, "")), Defect::TooManyHeaders);
    }

    #[test]
    fn junk_lines_and_odd_line_ends_cost_nothing() {
        let mut text =
            String::from_utf8(request("this is junk\r\nX-\u{e9}: y\r\n: z\r\nX-Ok : 1\r\n", "")).unwrap();
        text = format!("\r\n\n{}", text.replace("\r\n", "\n"));
        let message = parse_datagram(text.as_bytes()).unwrap();
        assert_eq!(message.headers().get(&HeaderName::new("x-ok")), Some(&b"1"[..]));
    }
}
