//! The typed accessors of [`Headers`].

use std::borrow::Cow;
use std::time::Duration;

use super::{
    super::{HeaderError, HeaderName, Headers, Method, lex},
    CSeq, Challenge, Contact, Credentials, NameAddr, Reason, Via,
};

impl Headers {
    /// The topmost Via.
    ///
    /// # Errors
    /// No Via, or one that does not follow the grammar.
    pub fn via(&self) -> Result<Via, HeaderError> {
        let value = self.text(&HeaderName::VIA).ok_or(HeaderError::Missing("Via"))?;
        lex::first(&value).and_then(Via::parse).ok_or(HeaderError::Malformed("Via"))
    }

    /// Every Via, topmost first, whether on one line or several.
    ///
    /// # Errors
    /// No Via, or any that does not follow the grammar.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        let vias = self.elements(&HeaderName::VIA, "Via", Via::parse)?;
        if vias.is_empty() { Err(HeaderError::Missing("Via")) } else { Ok(vias) }
    }

    /// Replaces the topmost Via, leaving the others as they were.
    pub fn replace_top_via(&mut self, via: &Via) {
        let Some(value) = self.text(&HeaderName::VIA) else {
            self.push_front(HeaderName::VIA, via.to_string());
            return;
        };
        let mut value_new = via.to_string();
        for rest in lex::list(&value).into_iter().flatten().skip(1) {
            value_new.push_str(", ");
            value_new.push_str(rest);
        }
        self.replace_first(&HeaderName::VIA, value_new);
    }

    /// From.
    ///
    /// # Errors
    /// Absent or malformed.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.address(&HeaderName::FROM, "From")
    }

    /// To.
    ///
    /// # Errors
    /// Absent or malformed.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.address(&HeaderName::TO, "To")
    }

    /// Adds a To tag without touching the rest of the value, unless there is one.
    pub fn set_to_tag(&mut self, tag: &str) {
        let Ok(to) = self.to() else { return };
        if to.tag().is_some() {
            return;
        }
        if let Some(value) = self.get(&HeaderName::TO) {
            let mut value = value.to_vec();
            value.extend(format!(";tag={tag}").bytes());
            self.replace_first(&HeaderName::TO, value);
        }
    }

    /// Call-ID as text.
    pub fn call_id(&self) -> Option<Cow<'_, str>> {
        self.text(&HeaderName::CALL_ID)
    }

    /// CSeq.
    ///
    /// # Errors
    /// Absent or malformed.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        let value = self.text(&HeaderName::CSEQ).ok_or(HeaderError::Missing("CSeq"))?;
        CSeq::parse(&value).ok_or(HeaderError::Malformed("CSeq"))
    }

    /// Every Contact; empty when there is none.
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn contacts(&self) -> Result<Vec<Contact>, HeaderError> {
        self.elements(&HeaderName::CONTACT, "Contact", Contact::parse)
    }

    /// The first Contact that is an address: the remote target.
    pub fn contact(&self) -> Option<NameAddr> {
        // The first one counts alone: a malformed second one must not cost the dialog its target.
        let value = self.text(&HeaderName::CONTACT)?;
        NameAddr::parse(lex::first(&value).unwrap_or(&value))
    }

    /// Every Route, in order.
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::ROUTE)
    }

    /// Every Record-Route, in order.
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::RECORD_ROUTE)
    }

    /// Every address of a list header (Service-Route, Path, P-Asserted-Identity, …).
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn addresses(&self, name: &HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        self.elements(name, "address list", NameAddr::parse)
    }

    /// The challenges under `name` (`WWW-Authenticate` or `Proxy-Authenticate`), those that can be read.
    pub fn challenges(&self, name: &HeaderName) -> Vec<Challenge> {
        self.get_all(name).filter_map(|value| Challenge::parse_list(&lex::text(value))).flatten().collect()
    }

    /// The digest credentials under `name` (`Authorization` or `Proxy-Authorization`), those that can be read.
    pub fn credentials(&self, name: &HeaderName) -> Vec<Credentials> {
        self.get_all(name).filter_map(|value| Credentials::parse(&lex::text(value))).collect()
    }

    /// Every Reason that can be read, in order.
    pub fn reasons(&self) -> Vec<Reason> {
        self.readable(&HeaderName::REASON, Reason::parse)
    }

    /// The tokens of a list header (Allow, Supported, Require, …), in order.
    pub fn tokens(&self, name: &HeaderName) -> Vec<String> {
        self.get_all(name)
            .flat_map(|value| {
                let text = lex::text(value);
                text.split(',')
                    .map(lex::trim)
                    .filter(|t| !t.is_empty())
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// The methods of Allow that are tokens.
    pub fn allow(&self) -> Vec<Method> {
        self.tokens(&HeaderName::ALLOW).iter().filter_map(|token| Method::from_token(token)).collect()
    }

    /// The option tags of Supported.
    pub fn supported(&self) -> Vec<String> {
        self.tokens(&HeaderName::SUPPORTED)
    }

    /// The option tags of Require.
    pub fn require(&self) -> Vec<String> {
        self.tokens(&HeaderName::REQUIRE)
    }

    /// Whether Supported or Require names the option `tag` (`100rel`, `timer`, `replaces`, …).
    pub fn supports(&self, tag: &str) -> bool {
        let named = |name| self.tokens(name).iter().any(|known| known.eq_ignore_ascii_case(tag));
        named(&HeaderName::SUPPORTED) || named(&HeaderName::REQUIRE)
    }

    /// Whether Require names the option `tag`.
    pub fn requires(&self, tag: &str) -> bool {
        self.require().iter().any(|known| known.eq_ignore_ascii_case(tag))
    }

    /// Every Path, in order (RFC 3327).
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn path(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::PATH)
    }

    /// Every Service-Route, in order (RFC 3608).
    ///
    /// # Errors
    /// Any that does not follow the grammar.
    pub fn service_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.addresses(&HeaderName::SERVICE_ROUTE)
    }

    /// Expires in seconds.
    pub fn expires(&self) -> Option<u32> {
        delta_seconds(&self.text(&HeaderName::EXPIRES)?)
    }

    /// Min-Expires in seconds.
    pub fn min_expires(&self) -> Option<u32> {
        delta_seconds(&self.text(&HeaderName::MIN_EXPIRES)?)
    }

    /// Retry-After in seconds; comment and parameters are dropped (RFC 3261 20.33).
    pub fn retry_after(&self) -> Option<u32> {
        delta_seconds(&self.text(&HeaderName::RETRY_AFTER)?)
    }

    /// Retry-After as a waiting time. A date, which HTTP allows and SIP does not (RFC 3261 20.33), counts from the
    /// message's own Date, since the sender's clock wrote both; without Date it says nothing.
    pub fn retry_after_wait(&self) -> Option<Duration> {
        if let Some(seconds) = self.retry_after() {
            return Some(Duration::from_secs(u64::from(seconds)));
        }
        let until = date_seconds(&self.text(&HeaderName::RETRY_AFTER)?)?;
        let sent = date_seconds(&self.text(&HeaderName::DATE)?)?;
        Some(Duration::from_secs(until.saturating_sub(sent)))
    }

    /// Max-Forwards.
    pub fn max_forwards(&self) -> Option<u8> {
        self.text(&HeaderName::MAX_FORWARDS)?.parse().ok()
    }

    /// The media type of the body in lower case, without parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.text(&HeaderName::CONTENT_TYPE)?;
        let media = value.split(';').next().unwrap_or_default();
        Some(media.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_ascii_lowercase()).collect())
    }

    fn address(&self, name: &HeaderName, label: &'static str) -> Result<NameAddr, HeaderError> {
        let value = self.text(name).ok_or(HeaderError::Missing(label))?;
        NameAddr::parse(&value).ok_or(HeaderError::Malformed(label))
    }

    /// The one element of a header that may stand once.
    pub(super) fn only<T>(
        &self,
        name: &HeaderName,
        label: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, HeaderError> {
        let mut elements = self.elements(name, label, parse)?;
        let first = elements.pop();
        if elements.is_empty() { Ok(first) } else { Err(HeaderError::Malformed(label)) }
    }

    /// Every element that can be read; the others are passed over.
    pub(super) fn readable<T>(&self, name: &HeaderName, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut out = Vec::new();
        for value in self.get_all(name) {
            let text = lex::text(value);
            out.extend(lex::list(&text).into_iter().flatten().filter_map(&parse));
        }
        out
    }

    fn elements<T>(
        &self,
        name: &HeaderName,
        label: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, HeaderError> {
        let mut out = Vec::new();
        for value in self.get_all(name) {
            let text = lex::text(value);
            for element in lex::list(&text).ok_or(HeaderError::Malformed(label))? {
                out.push(parse(element).ok_or(HeaderError::Malformed(label))?);
            }
        }
        Ok(out)
    }
}

/// Copies what every response repeats (RFC 3261 8.2.6.2): Via, From, To, Call-ID, CSeq, and Timestamp.
pub(crate) fn copy_for_response(from: &Headers, to: &mut Headers) {
    for via in from.get_all(&HeaderName::VIA) {
        to.push(HeaderName::VIA, via);
    }
    // The first one of each: a sender that repeats itself gets one back.
    for name in
        [HeaderName::FROM, HeaderName::TO, HeaderName::CALL_ID, HeaderName::CSEQ, HeaderName::TIMESTAMP]
    {
        if let Some(value) = from.get(&name) {
            to.push(name, value);
        }
    }
}

/// Leading digits as seconds; a number too large counts as the largest (RFC 3261 20.19 speaks of 2**32-1).
/// `Sat, 13 Nov 2010 23:29:00 GMT` (RFC 1123) as seconds since year 0 of the Gregorian calendar.
fn date_seconds(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let date = text.split_once(',').map_or(text, |(_, date)| date);
    let mut parts = date.split_ascii_whitespace();
    let day: u64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = parts.next().filter(|name| name.len() == 3).and_then(|name| MONTHS.find(name))?;
    let month = u64::try_from(month / 3).ok()? + 1;
    let year: u64 = parts.next()?.parse().ok().filter(|year| (1900..=9999).contains(year))?;
    let mut clock = parts.next()?.split(':').map(str::parse::<u64>);
    let mut unit = |limit: u64| clock.next()?.ok().filter(|value| *value <= limit);
    let (hour, minute, second) = (unit(23)?, unit(59)?, unit(60)?);
    // Years begin in March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

pub(super) fn delta_seconds(text: &str) -> Option<u32> {
    let text = lex::trim(text);
    let digits = &text[..text.bytes().take_while(u8::is_ascii_digit).count()];
    if digits.is_empty() {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_on_one_line_and_on_several() {
        let headers: Headers = [
            ("Via", "SIP/2.0/UDP a;branch=1 , SIP/2.0/TCP b;branch=2"),
            ("v", "SIP/2.0/UDP c;branch=3"),
            ("m", "<sip:a@h;x=1,2>;q=1, \"B, c\" <sip:b@h>"),
            ("Allow", "INVITE, ACK,,FOO"),
            ("Reason", "SIP;cause=200, Q.850;cause=16"),
            ("Retry-After", "120 (I'm in a meeting);duration=3600"),
            ("Expires", "99999999999"),
            ("Content-Type", "Application / SDP ;charset=x"),
        ]
        .into_iter()
        .collect();
        let branches: Vec<_> =
            headers.vias().unwrap().iter().map(|via| via.branch().map(str::to_owned)).collect();
        assert_eq!(branches, [Some("1".into()), Some("2".into()), Some("3".into())]);
        assert_eq!(headers.contacts().unwrap().len(), 2);
        assert_eq!(headers.allow(), [Method::Invite, Method::Ack, Method::Other("FOO".into())]);
        assert_eq!(headers.reasons()[1].cause, Some(16));
        assert_eq!(headers.retry_after(), Some(120));
        let dated: Headers = [
            ("Date", "Sat, 28 Feb 2032 23:59:30 GMT"),
            ("Retry-After", "Mon, 01 Mar 2032 00:00:10 GMT (maintenance)"),
        ]
        .into_iter()
        .collect();
        // 2032 has a 29th of February.
        assert_eq!(dated.retry_after_wait(), Some(Duration::from_secs(86_400 + 40)));
        assert_eq!(headers.retry_after_wait(), Some(Duration::from_secs(120)));
        assert_eq!(headers.expires(), Some(u32::MAX));
        assert_eq!(headers.content_type().as_deref(), Some("application/sdp"));
    }

    #[test]
    fn the_top_via_is_replaced_alone() {
        let mut headers: Headers =
            [("Via", "SIP/2.0/UDP a;branch=1;rport, SIP/2.0/TCP b;x=\"1,2\""), ("Via", "SIP/2.0/UDP c")]
                .into_iter()
                .collect();
        let mut via = headers.via().unwrap();
        via.stamp("192.0.2.1:9".parse().unwrap());
        headers.replace_top_via(&via);
        assert_eq!(
            headers.text(&HeaderName::VIA).unwrap(),
            "SIP/2.0/UDP a;branch=1;rport=9;received=192.0.2.1, SIP/2.0/TCP b;x=\"1,2\""
        );
        assert_eq!(headers.vias().unwrap().len(), 3);
    }

    #[test]
    fn a_to_tag_leaves_other_bytes_alone() {
        let mut headers = Headers::new();
        headers.push("To", b"\"\x89c\x8b\xc6\" <sip:a@h>");
        headers.set_to_tag("x");
        headers.set_to_tag("y");
        assert_eq!(headers.get(&HeaderName::TO), Some(&b"\"\x89c\x8b\xc6\" <sip:a@h>;tag=x"[..]));
    }
}
