//! What can be wrong with a message, and how much of it is left to answer with.

use super::{Headers, Method, Response, header};

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// Neither a request line nor a status line (RFC 3261 7.1, 7.2).
    #[error("not a SIP start line")]
    StartLine,
    /// A version other than SIP/2.0.
    #[error("unsupported SIP version")]
    Version,
    /// The Request-URI cannot be read.
    #[error("malformed Request-URI")]
    RequestUri,
    /// More than [`super::MAX_MESSAGE`] bytes.
    #[error("message too large")]
    TooLarge,
    /// More than [`super::MAX_HEADERS`] header fields.
    #[error("too many header fields")]
    TooManyHeaders,
    /// No empty line after the header fields.
    #[error("header section is cut off")]
    Truncated,
    /// A header that every message carries is absent.
    #[error("missing {0}")]
    Missing(&'static str),
    /// A header that may stand once stands twice with different values.
    #[error("several {0}")]
    Repeated(&'static str),
    /// A header that every message carries cannot be read.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Content-Length says more than the datagram holds (RFC 3261 18.3).
    #[error("body shorter than Content-Length")]
    ShortBody,
    /// The CSeq method differs from the request's (RFC 3261 8.1.1.5).
    #[error("CSeq method differs from the request's")]
    MethodMismatch,
}

/// A message that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Nobody can be answered: no request, or one without a usable Via. Count it and drop it.
    #[error("unusable message: {0}")]
    Unusable(Defect),
    /// A request that can be answered with `Rejected::code`.
    #[error("bad request: {}", .0.defect)]
    Rejected(Box<Rejected>),
}

impl ParseError {
    /// What is wrong.
    pub fn defect(&self) -> Defect {
        match self {
            Self::Unusable(defect) => *defect,
            Self::Rejected(rejected) => rejected.defect,
        }
    }
}

/// A request that was framed but cannot be processed, with what is needed to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The status to answer with: 400, 505 or 513.
    pub code: u16,
    /// Why.
    pub defect: Defect,
    /// The method, when the start line gave one.
    pub method: Option<Method>,
    /// Every header that could be read.
    pub headers: Headers,
}

impl Rejected {
    /// The answer (RFC 3261 8.2.6.2), Via first; `None` for an ACK, which is never answered. The caller stamps
    /// `received`/`rport` and adds a To tag.
    pub fn response(&self) -> Option<Response> {
        if self.method == Some(Method::Ack) {
            return None;
        }
        let phrase = format!("{} ({})", super::reason_phrase(self.code), self.defect);
        let mut headers = Headers::new();
        header::copy_for_response(&self.headers, &mut headers);
        Some(Response { code: self.code, reason: phrase, headers, body: Vec::new() })
    }
}

/// A header that cannot be read as its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The header is absent.
    #[error("missing {0}")]
    Missing(&'static str),
    /// The header is there, but does not follow its grammar.
    #[error("malformed {0}")]
    Malformed(&'static str),
}
