//! Event and Subscription-State (RFC 6665 8.2).

use std::fmt;

use super::{
    super::{HeaderName, Headers, Params, lex},
    typed::delta_seconds,
};

/// Event: what a subscription is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPackage {
    /// The package with its templates, e.g. `refer`, `message-summary`, `presence.winfo`; compared case-sensitively
    /// (RFC 6665 8.2.1).
    pub package: String,
    /// `id` and others.
    pub params: Params,
}

impl EventPackage {
    /// A package without parameters.
    pub fn new(package: &str) -> Self {
        Self { package: package.to_owned(), params: Params::new() }
    }

    /// Reads the value.
    pub fn parse(text: &str) -> Option<Self> {
        let (package, params) = token_and_params(text)?;
        Some(Self { package, params })
    }

    /// The `id` parameter: which of several subscriptions in one dialog.
    pub fn id(&self) -> Option<&str> {
        self.params.get("id")
    }

    /// Whether both name the same subscription: same package and same `id` (RFC 6665 8.2.1).
    pub fn matches(&self, other: &Self) -> bool {
        self.package == other.package && self.id() == other.id()
    }
}

impl fmt::Display for EventPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.params)
    }
}

/// Subscription-State: how a subscription stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionState {
    /// `active`, `pending`, `terminated`, or another token, in lower case.
    pub state: String,
    /// `reason`, `expires`, `retry-after` and others.
    pub params: Params,
}

impl SubscriptionState {
    /// A state without parameters.
    pub fn new(state: &str) -> Self {
        Self { state: state.to_ascii_lowercase(), params: Params::new() }
    }

    /// Reads the value.
    pub fn parse(text: &str) -> Option<Self> {
        let (state, params) = token_and_params(text)?;
        Some(Self { state: state.to_ascii_lowercase(), params })
    }

    /// Whether the subscription has ended.
    pub fn is_terminated(&self) -> bool {
        self.state == "terminated"
    }

    /// Why it ended: `noresource`, `timeout`, `rejected`, …
    pub fn reason(&self) -> Option<&str> {
        self.params.get("reason")
    }

    /// How long it lasts, in seconds.
    pub fn expires(&self) -> Option<u32> {
        delta_seconds(self.params.get("expires")?)
    }

    /// How long to wait before subscribing again, in seconds.
    pub fn retry_after(&self) -> Option<u32> {
        delta_seconds(self.params.get("retry-after")?)
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.params)
    }
}

impl Headers {
    /// Event; `None` where it is absent or unreadable.
    pub fn event(&self) -> Option<EventPackage> {
        EventPackage::parse(&self.text(&HeaderName::EVENT)?)
    }

    /// Subscription-State; `None` where it is absent or unreadable.
    pub fn subscription_state(&self) -> Option<SubscriptionState> {
        SubscriptionState::parse(&self.text(&HeaderName::SUBSCRIPTION_STATE)?)
    }
}

fn token_and_params(text: &str) -> Option<(String, Params)> {
    let text = lex::trim(text);
    let (token, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    let token = lex::trim(token);
    lex::is_token(token)
        .then(|| Params::parse_header(params).map(|params| (token.to_owned(), params)))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6665_8_2_event_and_state() {
        let headers: Headers = [
            ("o", "refer ; id=93809824"),
            ("Subscription-State", "Terminated;reason=noresource;retry-after=30;expires=0"),
        ]
        .into_iter()
        .collect();
        let event = headers.event().unwrap();
        assert_eq!((event.package.as_str(), event.id()), ("refer", Some("93809824")));
        assert!(event.matches(&EventPackage::parse("refer;x=y;id=93809824").unwrap()));
        assert!(!event.matches(&EventPackage::new("refer")));
        assert!(!event.matches(&EventPackage::parse("Refer;id=93809824").unwrap()));
        let state = headers.subscription_state().unwrap();
        assert!(state.is_terminated());
        assert_eq!(
            (state.reason(), state.expires(), state.retry_after()),
            (Some("noresource"), Some(0), Some(30))
        );
        assert_eq!(SubscriptionState::parse(&state.to_string()), Some(state));
        assert_eq!(EventPackage::parse(""), None);
        assert_eq!(EventPackage::parse("a b"), None);
    }
}
