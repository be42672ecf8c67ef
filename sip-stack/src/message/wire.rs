//! Bytes to message and back (RFC 3261 7.3, 18.3, 25).

use super::{
    Defect, HeaderName, Headers, MAX_HEADERS, MAX_MESSAGE, Message, Method, NameAddr, ParseError, Rejected,
    Request, Response, Uri, lex,
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
pub(super) fn print(start: &[u8], headers: &Headers, body: &[u8]) -> Vec<u8> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let mut out = Vec::with_capacity(start.len() + size + body.len() + 32);
    out.extend_from_slice(start);
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| **name != HeaderName::CONTENT_LENGTH) {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

/// The Content-Length of a header section that begins with the start line. `None` when it is absent, unreadable or
/// given twice with different values: the stream cannot be followed any further.
pub(super) fn declared_length(head: &[u8]) -> Option<usize> {
    let head = Head::read(head);
    head.content_length().ok().flatten()
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
    let mut head = Head::read(bytes);
    let start = Start::read(head.start_line)?;
    let body = head.body(bytes, framing);
    let too_many = head.too_many;
    head.headers.remove(&HeaderName::CONTENT_LENGTH);
    let headers = head.headers;
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
    for (name, label) in [
        (HeaderName::FROM, "From"),
        (HeaderName::TO, "To"),
        (HeaderName::CALL_ID, "Call-ID"),
        (HeaderName::CSEQ, "CSeq"),
        (HeaderName::MAX_FORWARDS, "Max-Forwards"),
    ] {
        let mut values = headers.get_all(&name);
        let first = values.next();
        // Max-Forwards may be absent: RFC 2543 senders do not know it.
        if first.is_none() && name != HeaderName::MAX_FORWARDS {
            return Err(Defect::Missing(label));
        }
        if values.any(|other| Some(other) != first) {
            return Err(Defect::Repeated(label));
        }
    }
    if !headers.contains(&HeaderName::VIA) {
        return Err(Defect::Missing("Via"));
    }
    // A response is matched by its topmost Via alone; a request is answered along all of them.
    let vias_ok = if method.is_some() { headers.vias().is_ok() } else { headers.via().is_ok() };
    if !vias_ok {
        return Err(Defect::Malformed("Via"));
    }
    if headers.get(&HeaderName::CALL_ID).is_some_and(<[u8]>::is_empty) {
        return Err(Defect::Malformed("Call-ID"));
    }
    address_ok(headers, &HeaderName::FROM).then_some(()).ok_or(Defect::Malformed("From"))?;
    address_ok(headers, &HeaderName::TO).then_some(()).ok_or(Defect::Malformed("To"))?;
    let cseq = headers.cseq().map_err(|_| Defect::Malformed("CSeq"))?;
    let Some(method) = method else { return Ok(()) };
    if headers.contains(&HeaderName::MAX_FORWARDS) && headers.max_forwards().is_none() {
        return Err(Defect::Malformed("Max-Forwards"));
    }
    if cseq.method != *method {
        return Err(Defect::MethodMismatch);
    }
    Ok(())
}

fn address_ok(headers: &Headers, name: &HeaderName) -> bool {
    headers.text(name).is_some_and(|value| NameAddr::parse(&value).is_some())
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
        let text = String::from_utf8_lossy(line);
        let Some((method, rest)) = text.split_once([' ', '\t']) else { return Err(garbage) };
        let Some(method) = Method::from_token(method) else { return Err(garbage) };
        let (uri, version) = match rest.rsplit_once([' ', '\t']) {
            Some((uri, version)) => (lex::trim(uri), version),
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
        let valid = std::str::from_utf8(line).is_ok();
        let uri = Uri::parse(uri).ok().filter(|_| valid).ok_or(Defect::RequestUri);
        Ok(Self::Request { method, uri })
    }

    fn read_status(line: &[u8]) -> Result<Self, ParseError> {
        let text = String::from_utf8_lossy(line);
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

/// Start line and header section, unfolded.
struct Head<'a> {
    start_line: &'a [u8],
    headers: Headers,
    too_many: bool,
    /// Where the body begins; `None` when the empty line is missing.
    end: Option<usize>,
}

impl<'a> Head<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let mut head = Self { start_line: &[], headers: Headers::new(), too_many: false, end: None };
        let mut pending: Option<(&'a [u8], Vec<u8>)> = None;
        let mut at = 0;
        let mut first = true;
        while at < bytes.len() {
            let length = bytes[at..].iter().position(|b| *b == b'\n');
            let line = &bytes[at..length.map_or(bytes.len(), |length| at + length)];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            at = length.map_or(bytes.len(), |length| at + length + 1);
            if first {
                head.start_line = line;
                first = false;
            } else if line.is_empty() && length.is_some() {
                head.end = Some(at);
                break;
            } else if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
                if let Some((_, value)) = &mut pending {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
            } else {
                head.store(pending.take());
                // A line without a colon is junk: it is skipped, the message lives.
                let colon = line.iter().position(|b| *b == b':');
                pending = colon
                    .map(|colon| (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii().to_vec()));
            }
        }
        head.store(pending);
        head
    }

    fn store(&mut self, field: Option<(&[u8], Vec<u8>)>) {
        let Some((name, value)) = field else { return };
        let Some(name) = std::str::from_utf8(name).ok().filter(|name| lex::is_token(name)) else { return };
        if self.headers.len() >= MAX_HEADERS {
            self.too_many = true;
            return;
        }
        self.headers.push(name, value);
    }

    fn content_length(&self) -> Result<Option<usize>, Defect> {
        let mut values = self.headers.get_all(&HeaderName::CONTENT_LENGTH);
        let Some(first) = values.next() else { return Ok(None) };
        if values.any(|other| other != first) {
            return Err(Defect::Repeated("Content-Length"));
        }
        let digits = std::str::from_utf8(first).ok();
        let digits = digits.filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|text| text.parse().ok());
        length.map(Some).ok_or(Defect::Malformed("Content-Length"))
    }

    fn body(&self, bytes: &'a [u8], framing: Framing) -> Result<&'a [u8], Defect> {
        let rest = &bytes[self.end.ok_or(Defect::Truncated)?..];
        match (self.content_length()?, framing) {
            (Some(length), _) => rest.get(..length).ok_or(Defect::ShortBody),
            (None, Framing::Datagram) => Ok(rest),
            (None, Framing::Stream) => Err(Defect::Missing("Content-Length")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
