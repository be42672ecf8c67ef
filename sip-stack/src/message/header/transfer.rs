//! Transfer: Refer-To, Referred-By, Replaces (RFC 3515, 3892, 3891).

use std::fmt;

use super::{
    super::{HeaderError, HeaderName, Headers, Params, Uri, lex},
    NameAddr,
};

/// Replaces (RFC 3891 6.1): the dialog that a new INVITE takes the place of. Tags are named from the view of the
/// request's receiver: `to_tag` is its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replaces {
    /// The Call-ID of the dialog.
    pub call_id: String,
    /// The receiver's tag in it.
    pub to_tag: String,
    /// The other side's tag in it.
    pub from_tag: String,
    /// Whether only a dialog that is not answered yet may be replaced.
    pub early_only: bool,
}

impl Replaces {
    /// Reads `call-id;to-tag=…;from-tag=…`. Both tags are required; `0` stands for none (RFC 3891 6.1).
    pub fn parse(text: &str) -> Option<Self> {
        let text = lex::trim(text);
        let (call_id, params) = text.split_at(text.find(';')?);
        let call_id = lex::trim(call_id);
        if call_id.is_empty() || call_id.contains([' ', '\t', ',']) {
            return None;
        }
        let params = Params::parse_header(params)?;
        Some(Self {
            call_id: call_id.to_owned(),
            to_tag: params.get("to-tag")?.to_owned(),
            from_tag: params.get("from-tag")?.to_owned(),
            early_only: params.contains("early-only"),
        })
    }

    /// The Replaces that a Refer-To carries in its URI (`?Replaces=…`, escaped).
    pub fn of_uri(uri: &Uri) -> Option<Self> {
        Self::parse(&uri.as_sip()?.header("Replaces")?)
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

impl Headers {
    /// Refer-To.
    ///
    /// # Errors
    /// Absent, malformed, or more than one (400, RFC 3515 2.4.2).
    pub fn refer_to(&self) -> Result<NameAddr, HeaderError> {
        self.only(&HeaderName::REFER_TO, "Refer-To", NameAddr::parse)?.ok_or(HeaderError::Missing("Refer-To"))
    }

    /// Referred-By; `None` where it is absent or unreadable.
    pub fn referred_by(&self) -> Option<NameAddr> {
        NameAddr::parse(&self.text(&HeaderName::REFERRED_BY)?)
    }

    /// Replaces, where there is one.
    ///
    /// # Errors
    /// Malformed, or more than one (400, RFC 3891 3).
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        self.only(&HeaderName::REPLACES, "Replaces", Replaces::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3891_6_1_replaces() {
        let text = "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only";
        let headers: Headers = [("Replaces", text)].into_iter().collect();
        let replaces = headers.replaces().unwrap().unwrap();
        assert_eq!((replaces.to_tag.as_str(), replaces.from_tag.as_str()), ("ff87ff", "r33th4x0r"));
        assert!(replaces.early_only);
        assert_eq!(Replaces::parse(&replaces.to_string()), Some(replaces));
        assert_eq!(Headers::new().replaces(), Ok(None));
        let twice: Headers = [("Replaces", text), ("Replaces", text)].into_iter().collect();
        assert_eq!(twice.replaces(), Err(HeaderError::Malformed("Replaces")));
        for bad in
            ["", "id", "id;to-tag=1", "id;from-tag=1", ";to-tag=1;from-tag=2", "a b;to-tag=1;from-tag=2"]
        {
            assert_eq!(Replaces::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn rfc_3515_refer_to_with_replaces() {
        let value = "<sips:a8342043f@atlanta.example.com;gr?Replaces=12345601%40atlanta.example.com%3B\
                     from-tag%3D314159%3Bto-tag%3D1234567>";
        let headers: Headers =
            [("r", value), ("b", "<sip:r@ref.example>;cid=\"2@ref\"")].into_iter().collect();
        let replaces = Replaces::of_uri(&headers.refer_to().unwrap().uri).unwrap();
        assert_eq!(replaces.call_id, "12345601@atlanta.example.com");
        assert_eq!(replaces.from_tag, "314159");
        assert_eq!(headers.referred_by().unwrap().uri.user(), Some("r"));

        let mut target = Uri::parse("sip:bob@192.0.2.4").unwrap();
        target.as_sip_mut().unwrap().set_header("Replaces", &replaces.to_string());
        assert_eq!(Replaces::of_uri(&Uri::parse(&target.to_string()).unwrap()), Some(replaces));

        assert_eq!(Headers::new().refer_to(), Err(HeaderError::Missing("Refer-To")));
        let twice: Headers = [("Refer-To", "<sip:a@h>, <sip:b@h>")].into_iter().collect();
        assert_eq!(twice.refer_to(), Err(HeaderError::Malformed("Refer-To")));
    }
}
