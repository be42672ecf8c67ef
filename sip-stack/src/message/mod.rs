//! SIP messages (RFC 3261 7): lenient in, strict out.
//!
//! [`parse_datagram`] and [`StreamFramer`] turn bytes into a [`Message`]; [`Message::to_bytes`] turns it back.
//! Header values stay bytes and are read by typed views on demand, so one bad header never costs the message. A
//! request that is framed but bad keeps enough to be answered ([`ParseError::Rejected`]).

mod error;
mod head;
pub mod header;
mod headers;
mod host;
mod lex;
mod method;
mod multipart;
mod name;
mod params;
mod phrase;
mod stream;
mod uri;
mod uri_part;
mod wire;

pub(crate) use lex::percent_decode;
pub(crate) use multipart::part_ranges;
pub use {
    error::{Defect, HeaderError, ParseError, Rejected},
    header::{
        AuthInfo, CSeq, Challenge, Contact, Credentials, Diversion, EventPackage, HistoryInfo, NameAddr,
        Privacy, RAck, Reason, Refresher, Replaces, SessionExpires, SubscriptionState, Via,
    },
    headers::Headers,
    host::Host,
    method::Method,
    multipart::{Part, body_of, parts},
    name::HeaderName,
    params::Params,
    phrase::reason_phrase,
    stream::{Frame, RawFrame, StreamFramer},
    uri::{SipUri, TelUri, Uri, UriError},
    wire::{parse_datagram, parse_framed},
};

/// The largest message we read, in bytes: what a UDP datagram can hold.
pub const MAX_MESSAGE: usize = 65_535;

/// The most header fields a message may have.
pub const MAX_HEADERS: usize = 256;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// The header fields. Content-Length is written from the body and need not be here.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub const fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Vec::new() }
    }

    /// A response to this request: Via, From, To, Call-ID, CSeq and Timestamp copied byte for byte (RFC 3261
    /// 8.2.6.2). The caller adds the To tag ([`Headers::set_to_tag`]). An empty `reason` becomes the usual phrase.
    pub fn response(&self, code: u16, reason: &str) -> Response {
        let reason = if reason.is_empty() { reason_phrase(code) } else { reason };
        let mut response = Response::new(code, reason);
        header::copy_for_response(&self.headers, &mut response.headers);
        response
    }

    /// The bytes for the wire. Content-Length is the body's; a Content-Length header is replaced in its place.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::print(&self.headers, &self.body, |out| {
            use std::io::Write as _;
            out.extend_from_slice(self.method.as_str().as_bytes());
            // Writing to memory cannot fail.
            let _ = write!(out, " {} SIP/2.0", self.uri);
        })
    }
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, 100–699.
    pub code: u16,
    /// The reason phrase, as received; bytes that were not UTF-8 show as U+FFFD.
    pub reason: String,
    /// The header fields. Content-Length is written from the body and need not be here.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers and body.
    pub fn new(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), headers: Headers::new(), body: Vec::new() }
    }

    /// Whether it is a 1xx.
    pub const fn is_provisional(&self) -> bool {
        self.code < 200
    }

    /// Whether it is a 2xx.
    pub const fn is_success(&self) -> bool {
        self.code >= 200 && self.code < 300
    }

    /// The bytes for the wire. Content-Length is the body's; a Content-Length header is replaced in its place.
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::print(&self.headers, &self.body, |out| {
            use std::io::Write as _;
            let _ = write!(out, "SIP/2.0 {:03} ", self.code);
            if self.reason.contains(char::is_control) {
                out.extend_from_slice(self.reason.replace(char::is_control, " ").as_bytes());
            } else {
                out.extend_from_slice(self.reason.as_bytes());
            }
        })
    }
}

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// The header fields.
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }

    /// The bytes for the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}
