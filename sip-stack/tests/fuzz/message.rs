//! One datagram: what is read prints to bytes that read back the same, and every typed view stands any value.

use sip_stack::message::{
    CSeq, Challenge, Contact, Credentials, Diversion, EventPackage, HeaderName, Headers, HistoryInfo,
    Message, NameAddr, ParseError, Privacy, RAck, Reason, Replaces, SessionExpires, SubscriptionState, Uri,
    Via, parse_datagram, parse_framed,
};

pub(crate) fn run(bytes: &[u8]) {
    let _ = parse_framed(bytes);
    match parse_datagram(bytes) {
        Ok(message) => {
            assert_eq!(parse_datagram(&message.to_bytes()).as_ref(), Ok(&message), "print and read again");
            views(message.headers());
            if let Message::Request(request) = &message {
                answerable(&request.response(486, "").to_bytes());
            }
        }
        Err(ParseError::Rejected(rejected)) => {
            views(&rejected.headers);
            // A bad request may lack what a response needs, but never so that printing it goes wrong.
            let _ = rejected.response().map(|response| response.to_bytes());
        }
        Err(_) => {}
    }
}

/// A response to a request that was taken is one that its sender can take.
fn answerable(bytes: &[u8]) {
    let response = parse_datagram(bytes);
    assert!(matches!(response, Ok(Message::Response(_))), "{response:?}");
}

fn views(headers: &Headers) {
    let _ = (headers.via(), headers.vias(), headers.from(), headers.to(), headers.cseq(), headers.call_id());
    let _ =
        (headers.contacts(), headers.contact(), headers.routes(), headers.record_routes(), headers.reasons());
    let _ =
        (headers.allow(), headers.supported(), headers.require(), headers.expires(), headers.min_expires());
    let _ = (headers.retry_after(), headers.max_forwards(), headers.content_type(), headers.min_se());
    let _ = (
        headers.session_expires(),
        headers.rseq(),
        headers.rack(),
        headers.refer_to(),
        headers.referred_by(),
    );
    let _ = (
        headers.replaces(),
        headers.event(),
        headers.subscription_state(),
        headers.path(),
        headers.privacy(),
    );
    let _ = (
        headers.asserted_identities(),
        headers.preferred_identities(),
        headers.diversions(),
        headers.history(),
    );
    for name in [HeaderName::WWW_AUTHENTICATE, HeaderName::AUTHORIZATION] {
        let _ = (headers.challenges(&name), headers.credentials(&name));
    }
    for (_, value) in headers.iter() {
        value_as_everything(&String::from_utf8_lossy(value));
    }
}

fn value_as_everything(text: &str) {
    let _ = (Challenge::parse(text), Credentials::parse(text), Privacy::parse(text));
    settles(text, Via::parse);
    settles(text, NameAddr::parse);
    settles(text, Contact::parse);
    settles(text, CSeq::parse);
    settles(text, RAck::parse);
    settles(text, Reason::parse);
    settles(text, Replaces::parse);
    settles(text, SessionExpires::parse);
    settles(text, EventPackage::parse);
    settles(text, SubscriptionState::parse);
    settles(text, |text| Uri::parse(text).ok());
    let _ = Diversion::parse(text).map(|one| (one.reason().is_some(), one.counter(), one.is_private()));
    let _ = HistoryInfo::parse(text).map(|one| (one.index().is_some(), one.reason(), one.is_private()));
    if let Ok(uri) = Uri::parse(text) {
        assert!(uri.equivalent(&uri), "{uri}");
        let _ = Replaces::of_uri(&uri);
    }
}

/// What a view prints, it reads, and prints the same again.
fn settles<T: std::fmt::Display>(text: &str, parse: impl Fn(&str) -> Option<T>) {
    let Some(read) = parse(text) else { return };
    let printed = read.to_string();
    let again = parse(&printed).unwrap_or_else(|| panic!("{printed:?} was printed, and is refused"));
    assert_eq!(again.to_string(), printed);
}
