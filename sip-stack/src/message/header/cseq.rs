//! CSeq (RFC 3261 20.16).

use std::fmt;

use super::super::{Method, lex};

/// A sequence number and the method it numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The number.
    pub seq: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// `seq method`.
    pub const fn new(seq: u32, method: Method) -> Self {
        Self { seq, method }
    }

    /// Reads a CSeq; a number above 32 bits is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let (seq, method) = (words.next()?, words.next()?);
        if words.next().is_some() || !seq.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { seq: seq.parse().ok()?, method: Method::from_token(lex::trim(method))? })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.method)
    }
}
