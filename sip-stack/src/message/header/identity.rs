//! Who calls, who called before, and what must stay hidden (RFC 3323, 3325, 5806, 7044).

use std::fmt;

use super::{
    super::{HeaderName, Headers, lex},
    NameAddr, Reason,
};

/// Privacy (RFC 3323 4.2): what the caller wants hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy(Vec<String>);

impl Privacy {
    /// A wish of these values, e.g. `["id"]`.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        Self(values.into_iter().map(str::to_ascii_lowercase).collect())
    }

    /// Reads the values. The grammar puts `;` between them; senders with `,` are understood.
    pub fn parse(text: &str) -> Self {
        Self::new(text.split([';', ',']).map(lex::trim).filter(|value| lex::is_token(value)))
    }

    /// Whether `value` (`id`, `header`, `session`, `user`, `critical`, `none`, `history`) is asked for.
    pub fn contains(&self, value: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(value))
    }

    /// Whether the caller's number must not be shown: `id`, `user` or `header`, unless `none` takes it back.
    pub fn hides_caller(&self) -> bool {
        !self.contains("none") && ["id", "user", "header"].iter().any(|value| self.contains(value))
    }

    /// The values in lower case, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(";"))
    }
}

/// One Diversion (RFC 5806): an address that the call was meant for before it was diverted to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// The diverting address with its parameters.
    pub address: NameAddr,
}

impl Diversion {
    /// Reads one value.
    pub fn parse(text: &str) -> Option<Self> {
        NameAddr::parse(text).map(|address| Self { address })
    }

    /// Why it was diverted: `unconditional`, `user-busy`, `no-answer`, `deflection`, …
    pub fn reason(&self) -> Option<&str> {
        self.address.params.get("reason")
    }

    /// How many diversions this value stands for; 1 where nothing is said (RFC 5806 4.1).
    pub fn counter(&self) -> u32 {
        self.address.params.get("counter").and_then(super::typed::delta_seconds).unwrap_or(1)
    }

    /// Whether the diverting party asked not to be shown: `privacy` other than `off`.
    pub fn is_private(&self) -> bool {
        self.address.params.get("privacy").is_some_and(|value| !value.eq_ignore_ascii_case("off"))
    }
}

/// One History-Info entry (RFC 7044): a target that the request was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryInfo {
    /// The target; its URI may carry `Reason` and `Privacy` as header components.
    pub address: NameAddr,
}

impl HistoryInfo {
    /// Reads one entry.
    pub fn parse(text: &str) -> Option<Self> {
        NameAddr::parse(text).map(|address| Self { address })
    }

    /// The place in the tree of targets, `1.2.1`.
    pub fn index(&self) -> Option<&str> {
        self.address.params.get("index")
    }

    /// Why the request was sent on from this target.
    pub fn reason(&self) -> Option<Reason> {
        Reason::parse(&self.address.uri.as_sip()?.header("Reason")?)
    }

    /// Whether this target asked not to be shown.
    pub fn is_private(&self) -> bool {
        let wish = self.address.uri.as_sip().and_then(|uri| uri.header("Privacy"));
        wish.is_some_and(|wish| Privacy::parse(&wish).contains("history"))
    }
}

impl Headers {
    /// The identities the network asserts (RFC 3325 9.1), those that can be read: at most a SIP and a `tel:` one
    /// from a peer that follows the RFC. Believe them only from trusted sources.
    pub fn asserted_identities(&self) -> Vec<NameAddr> {
        self.readable(&HeaderName::P_ASSERTED_IDENTITY, NameAddr::parse)
    }

    /// The identities the caller prefers (RFC 3325 9.2), those that can be read.
    pub fn preferred_identities(&self) -> Vec<NameAddr> {
        self.readable(&HeaderName::P_PREFERRED_IDENTITY, NameAddr::parse)
    }

    /// What the caller wants hidden; empty where there is no Privacy header.
    pub fn privacy(&self) -> Privacy {
        let all: Vec<_> = self.get_all(&HeaderName::PRIVACY).map(lex::text).collect();
        Privacy::parse(&all.join(";"))
    }

    /// The diversions that can be read, the last one first (RFC 5806 4.2).
    pub fn diversions(&self) -> Vec<Diversion> {
        self.readable(&HeaderName::DIVERSION, Diversion::parse)
    }

    /// The targets of the request so far that can be read, the first one first.
    pub fn history(&self) -> Vec<HistoryInfo> {
        self.readable(&HeaderName::HISTORY_INFO, HistoryInfo::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3325_identities_on_one_line_and_on_two() {
        let headers: Headers = [
            ("P-Asserted-Identity", "\"Cullen Jennings\" <sip:fluffy@cisco.com>, tel:+14085264000"),
            ("p-preferred-identity", "<sip:a@h>"),
            ("Privacy", "ID; critical"),
        ]
        .into_iter()
        .collect();
        let asserted = headers.asserted_identities();
        assert_eq!(asserted[0].display.as_deref(), Some("Cullen Jennings"));
        assert_eq!(asserted[1].uri.user(), Some("+14085264000"));
        assert_eq!(headers.preferred_identities().len(), 1);
        let privacy = headers.privacy();
        assert!(privacy.hides_caller() && privacy.contains("Critical"));
        assert_eq!(privacy.to_string(), "id;critical");
        assert!(!Privacy::parse("none").hides_caller());
        assert!(Headers::new().privacy().is_empty());
    }

    #[test]
    fn rfc_5806_diversions() {
        let headers: Headers = [
            ("Diversion", "<sip:0312340001@gw>;reason=user-busy;counter=2;privacy=full, junk <"),
            ("Diversion", "\"B\" <tel:+81312340002>;reason=unconditional;privacy=off"),
        ]
        .into_iter()
        .collect();
        let diversions = headers.diversions();
        assert_eq!(diversions.len(), 1, "a line that cannot be split costs only itself");
        assert_eq!((diversions[0].reason(), diversions[0].counter()), (Some("unconditional"), 1));
        assert!(!diversions[0].is_private());
        let first = Diversion::parse("<sip:0312340001@gw>;reason=user-busy;counter=2;privacy=full").unwrap();
        assert_eq!((first.counter(), first.is_private()), (2, true));
    }

    #[test]
    fn rfc_7044_history() {
        let headers: Headers = [(
            "History-Info",
            "<sip:bob@example.com?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1, <sip:b@192.0.2.4>;index=1.1;mp=1",
        )]
        .into_iter()
        .collect();
        let history = headers.history();
        assert_eq!(history[0].reason().and_then(|reason| reason.cause), Some(302));
        assert!(history[0].is_private() && !history[1].is_private());
        assert_eq!(history[1].index(), Some("1.1"));
    }
}
