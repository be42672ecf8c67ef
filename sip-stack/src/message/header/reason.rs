//! Reason (RFC 3326).

use std::fmt;

use super::super::{Params, lex};

/// Why a request or a response was sent: `Q.850;cause=16;text="Terminated"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or another protocol, as written.
    pub protocol: String,
    /// The cause number in that protocol.
    pub cause: Option<u16>,
    /// A text for people.
    pub text: Option<String>,
}

impl Reason {
    /// A Q.850 cause, e.g. 16 for normal clearing.
    pub fn q850(cause: u16, text: &str) -> Self {
        Self { protocol: "Q.850".to_owned(), cause: Some(cause), text: Some(text.to_owned()) }
    }

    /// Reads one value.
    pub fn parse(value: &str) -> Option<Self> {
        let value = lex::trim(value);
        let (protocol, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let protocol = lex::trim(protocol);
        let params = Params::parse_header(params)?;
        lex::is_token(protocol).then(|| Self {
            protocol: protocol.to_owned(),
            cause: params.get("cause").and_then(|cause| cause.parse().ok()),
            text: params.unescaped("text"),
        })
    }

    /// Whether the cause is one of Q.850.
    pub fn is_q850(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("Q.850")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ";text={}", lex::quote(text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_and_printed() {
        let reason = Reason::parse("Q.850 ; cause=1 ;text=\"Unallocated (unassigned), number\"").unwrap();
        assert!(reason.is_q850());
        assert_eq!(reason.to_string(), "Q.850;cause=1;text=\"Unallocated (unassigned), number\"");
        assert_eq!(Reason::parse("Q.850;cause=99999").unwrap().cause, None);
    }
}
