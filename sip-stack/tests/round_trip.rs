//! Properties: what is printed is read back as the same, and no bytes make a parser panic.

use proptest::prelude::*;
use sip_stack::{
    message::{
        CSeq, Contact, HeaderName, Headers, Message, Method, NameAddr, Params, Request, Response,
        StreamFramer, Uri, Via, parse_datagram,
    },
    sdp,
};

fn token() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,12}"
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![Just("INVITE".to_owned()), Just("BYE".to_owned()), token()]
        .prop_map(|text| Method::from_token(&text).unwrap())
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z]{2,5})?",
        Just("192.0.2.1".into()),
        Just("[2001:db8::1]".into())
    ]
}

fn uri() -> impl Strategy<Value = Uri> {
    let user = proptest::option::of("[a-zA-Z0-9*#+;?/._~%=&営-]{1,10}");
    let port = proptest::option::of(1_u16..);
    let params = proptest::collection::vec(("[a-z]{1,6}", proptest::option::of("[a-zA-Z0-9.%-]{1,6}")), 0..3);
    let sip = (user, host(), port, params).prop_map(|(user, host, port, params)| {
        let mut text = "sip:".to_owned();
        if let Some(user) = user {
            text.push_str(&format!("{user}@"));
        }
        text.push_str(&host);
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        for (name, value) in params {
            match value {
                Some(value) => text.push_str(&format!(";{name}={value}")),
                None => text.push_str(&format!(";{name}")),
            }
        }
        text
    });
    prop_oneof![sip, "tel:\\+?[0-9]{3,12}", "[a-z]{3,8}x:[a-z0-9/]{1,9}"]
        .prop_map(|text| Uri::parse(&text).unwrap())
}

fn name_addr() -> impl Strategy<Value = NameAddr> {
    let display = proptest::option::of("[ -~営業ü]{1,12}");
    let params = proptest::collection::vec((token(), proptest::option::of("[ -~é]{1,8}")), 0..3);
    (display, uri(), params).prop_map(|(display, uri, params)| {
        let mut built = Params::new();
        for (name, value) in params {
            built.set(&name.replace('=', "-"), value.as_deref());
        }
        NameAddr { display, uri, params: built }
    })
}

fn headers(method: Method) -> impl Strategy<Value = Headers> {
    let other = proptest::collection::vec(
        ("X-[a-zA-Z0-9]{1,8}", proptest::collection::vec(any::<u8>(), 0..40)),
        0..6,
    );
    (name_addr(), name_addr(), "[!-~]{1,20}", any::<u32>(), other).prop_map(
        move |(from, to, id, seq, other)| {
            let mut headers = Headers::new();
            headers.push("Via", Via::new("UDP", "192.0.2.9:5060".parse().unwrap(), "z9hG4bKx").to_string());
            headers.push("From", from.to_string());
            headers.push("To", to.to_string());
            headers.push("Call-ID", id);
            headers.push("CSeq", CSeq::new(seq, method.clone()).to_string());
            for (name, value) in other {
                headers.push(name.as_str(), value);
            }
            headers
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let body = || proptest::collection::vec(any::<u8>(), 0..64);
    let request = method().prop_flat_map(move |method| {
        (uri(), headers(method.clone()), body()).prop_map(move |(uri, headers, body)| {
            Message::Request(Request { method: method.clone(), uri, headers, body })
        })
    });
    let response = (100_u16..700, "[!-~営](.{0,10}[!-~])?", headers(Method::Invite), body()).prop_map(
        |(code, reason, headers, body)| {
            let reason = reason.replace(char::is_control, "-").replace(char::is_whitespace, "_");
            Message::Response(Response { code, reason, headers, body })
        },
    );
    prop_oneof![request, response]
}

/// The same header in another spelling: name in any case or compact, value folded, one line or one per element.
fn spelled(name: &str, compact: &str, values: &[&str], spelling: u8) -> String {
    let name = match spelling & 3 {
        0 => name.to_owned(),
        1 => name.to_ascii_uppercase(),
        2 => name.to_ascii_lowercase(),
        _ => compact.to_owned(),
    };
    let colon = if spelling & 4 == 0 { ":" } else { " \t: " };
    let fold = if spelling & 8 == 0 { " " } else { "\r\n\t " };
    if spelling & 16 == 0 {
        values.iter().map(|value| format!("{name}{colon}{fold}{value}\r\n")).collect()
    } else {
        format!("{name}{colon}{fold}{}\r\n", values.join(&format!(" ,{fold}")))
    }
}

proptest! {
    #[test]
    fn printed_messages_read_back_the_same(message in message()) {
        prop_assert_eq!(parse_datagram(&message.to_bytes()), Ok(message));
    }

    #[test]
    fn printed_addresses_read_back_the_same(address in name_addr()) {
        let again = NameAddr::parse(&address.to_string());
        prop_assert_eq!(again.map(|again| again.to_string()), Some(address.to_string()));
    }

    #[test]
    fn printed_uris_read_back_the_same(uri in uri()) {
        prop_assert_eq!(Uri::parse(&uri.to_string()), Ok(uri.clone()));
        prop_assert!(uri.equivalent(&uri));
    }

    #[test]
    fn cut_and_flipped_messages_never_panic(
        message in message(),
        cut in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = message.to_bytes();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(message) = parse_datagram(&bytes) {
            prop_assert_eq!(parse_datagram(&message.to_bytes()), Ok(message.clone()));
            touch(message.headers());
        }
        let mut framer = StreamFramer::new();
        framer.feed(&bytes);
        while framer.next().is_some() {}
    }

    #[test]
    fn headers_not_understood_survive_byte_for_byte(
        fields in proptest::collection::vec(
            ("Z[a-zA-Z0-9.!%*_+`'~-]{1,20}", proptest::collection::vec(any::<u8>(), 0..60)),
            1..6,
        ),
        message in message(),
    ) {
        let printed = message.to_bytes();
        let end_of_start = printed.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let mut lines = Vec::new();
        for (name, value) in fields {
            let value: Vec<u8> = value.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
            lines.extend_from_slice(format!("{name}: ").as_bytes());
            lines.extend_from_slice(value.trim_ascii());
            lines.extend_from_slice(b"\r\n");
        }
        let with = [&printed[..end_of_start], &lines, &printed[end_of_start..]].concat();
        prop_assert_eq!(parse_datagram(&with).unwrap().to_bytes(), with);
    }

    #[test]
    fn every_spelling_of_a_header_is_the_same_header(spellings in proptest::array::uniform4(any::<u8>())) {
        let vias = ["SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/TCP [2001:db8::1]:5061;x=\"1,2\""];
        let contacts = ["\"A, \\\"B\\\"\" <sip:a@h;x=1,2>;q=1", "<tel:+81-3-1234>"];
        let text = format!(
            "OPTIONS sip:b@h SIP/2.0\r\n{}{}{}{}To: <sip:b@h>\r\nCSeq: 1 OPTIONS\r\n\r\n",
            spelled("Via", "v", &vias, spellings[0]),
            spelled("Contact", "m", &contacts, spellings[1]),
            spelled("From", "f", &["\"営業部\" <sip:a@h>;tag=1"], spellings[2] & !16),
            spelled("Call-ID", "i", &["x@y"], spellings[3] & !16),
        );
        let message = parse_datagram(text.as_bytes()).unwrap();
        let headers = message.headers();
        prop_assert_eq!(headers.vias().unwrap(), vias.map(|via| Via::parse(via).unwrap()));
        prop_assert_eq!(headers.contacts().unwrap(), contacts.map(|one| Contact::parse(one).unwrap()));
        prop_assert_eq!(headers.from().unwrap().display, Some("営業部".to_owned()));
        prop_assert_eq!(headers.get(&HeaderName::CALL_ID), Some(&b"x@y"[..]));
        prop_assert_eq!(parse_datagram(&message.to_bytes()), Ok(message.clone()));
    }

    #[test]
    fn session_descriptions_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[vosctma=0-9 /IPN:.\r\n]{0,200}") {
        let _ = sdp::parse(&bytes);
        if let Ok(session) = sdp::parse(text.as_bytes()) {
            prop_assert!(sdp::parse(&session.to_bytes()).is_ok());
        }
    }
}

/// Reads every typed view.
fn touch(headers: &Headers) {
    let _ =
        (headers.vias(), headers.contacts(), headers.contact(), headers.routes(), headers.record_routes());
    let _ = (
        headers.reasons(),
        headers.allow(),
        headers.expires(),
        headers.retry_after(),
        headers.content_type(),
    );
    for (name, _) in headers.iter() {
        let _ = (headers.challenges(name), headers.credentials(name), headers.addresses(name));
    }
}
