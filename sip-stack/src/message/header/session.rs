//! Session timers and reliable provisional responses (RFC 4028, RFC 3262).

use std::fmt;

use super::{
    super::{HeaderError, HeaderName, Headers, Method, Params, lex},
    typed::delta_seconds,
};

/// Who refreshes the session (RFC 4028 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refresher {
    /// The sender of the request that the value belongs to.
    Uac,
    /// Its receiver.
    Uas,
}

impl Refresher {
    /// `uac` or `uas`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// Session-Expires (RFC 4028 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionExpires {
    /// The session interval in seconds.
    pub interval: u32,
    /// Who refreshes, where it is settled.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads the value. A refresher that is neither `uac` nor `uas` is taken as not settled.
    pub fn parse(text: &str) -> Option<Self> {
        let text = lex::trim(text);
        let (interval, params) = text.split_at(text.find(';').unwrap_or(text.len()));
        let interval = lex::trim(interval);
        if !interval.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let refresher = match Params::parse_header(params)?.get("refresher") {
            Some(value) if value.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(value) if value.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            Some(_) | None => None,
        };
        Some(Self { interval: delta_seconds(interval)?, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval)?;
        match self.refresher {
            Some(refresher) => write!(f, ";refresher={}", refresher.as_str()),
            None => Ok(()),
        }
    }
}

/// RAck (RFC 3262 7.2): which reliable provisional response a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RAck {
    /// The RSeq of the response.
    pub rseq: u32,
    /// The CSeq number of the response.
    pub cseq: u32,
    /// The CSeq method of the response.
    pub method: Method,
}

impl RAck {
    /// Reads `rseq cseq method`; numbers above 32 bits are malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let mut number = || {
            let word = words.next()?;
            word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
        };
        let (rseq, cseq) = (number()?, number()?);
        let method = Method::from_token(words.next()?)?;
        words.next().is_none().then_some(Self { rseq, cseq, method })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rseq, self.cseq, self.method)
    }
}

impl Headers {
    /// Session-Expires; `None` where it is absent or unreadable.
    pub fn session_expires(&self) -> Option<SessionExpires> {
        SessionExpires::parse(&self.text(&HeaderName::SESSION_EXPIRES)?)
    }

    /// Min-SE in seconds.
    pub fn min_se(&self) -> Option<u32> {
        delta_seconds(&self.text(&HeaderName::MIN_SE)?)
    }

    /// RSeq, 1 to 2^32-1 (RFC 3262 7.1).
    pub fn rseq(&self) -> Option<u32> {
        let text = self.text(&HeaderName::RSEQ)?;
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .filter(|seq| *seq > 0)
    }

    /// RAck.
    ///
    /// # Errors
    /// Absent or malformed.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        let value = self.text(&HeaderName::RACK).ok_or(HeaderError::Missing("RAck"))?;
        RAck::parse(&value).ok_or(HeaderError::Malformed("RAck"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4028_4_session_expires() {
        let headers: Headers =
            [("x", "4000 ; Refresher = UAC;other=1"), ("Min-SE", "90;x=y")].into_iter().collect();
        let session = headers.session_expires().unwrap();
        assert_eq!((session.interval, session.refresher), (4000, Some(Refresher::Uac)));
        assert_eq!(session.to_string(), "4000;refresher=uac");
        assert_eq!(headers.min_se(), Some(90));
        assert_eq!(SessionExpires::parse("1800;refresher=me").map(|value| value.refresher), Some(None));
        for bad in ["", "-1", "12a", "1.5", ";refresher=uac", "90 90"] {
            assert_eq!(SessionExpires::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rfc_3262_7_rseq_and_rack() {
        let headers: Headers = [("RSeq", "988789"), ("RAck", "776656  1 INVITE")].into_iter().collect();
        assert_eq!(headers.rseq(), Some(988_789));
        let rack = headers.rack().unwrap();
        assert_eq!(rack, RAck { rseq: 776_656, cseq: 1, method: Method::Invite });
        assert_eq!(rack.to_string(), "776656 1 INVITE");
        assert_eq!(Headers::new().rack(), Err(HeaderError::Missing("RAck")));
        for bad in ["", "1", "1 2", "1 2 INVITE x", "-1 2 INVITE", "4294967296 1 INVITE", "1 2 IN,VITE"] {
            assert_eq!(RAck::parse(bad), None, "{bad}");
        }
        let zero: Headers = [("RSeq", "0")].into_iter().collect();
        assert_eq!(zero.rseq(), None);
    }
}
