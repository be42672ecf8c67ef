//! Torture messages after RFC 4475 and from the field, each with its verdict. The files are under `torture/`.

use std::{fs, path::PathBuf};

use sip_stack::message::{
    Contact, Defect, HeaderName, Message, Method, ParseError, Request, Response, Uri, parse_datagram,
};

fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/torture").join(format!("{name}.dat"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn request(name: &str) -> Request {
    match parse_datagram(&bytes(name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

fn response(name: &str) -> Response {
    match parse_datagram(&bytes(name)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name}: {other:?}"),
    }
}

/// RFC 4475 3.1.1: unusual, but right; and what a lenient receiver takes of 3.1.2 and 3.3.
const ACCEPTED: &[&str] = &[
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unreason",
    "noreason",
    "lwsstart",
    "trws",
    "escruri",
    "baddate",
    "regbadct",
    "badaspec",
    "baddn",
    "badbranch",
    "unkscm",
    "novelsc",
    "unksm2",
    "bext01",
    "invut",
    "regaut01",
    "bcast",
    "zeromf",
    "cparam01",
    "cparam02",
    "regescrt",
    "sdp01",
    "inv2543",
    "starcode",
    "ipv6",
    "telruri",
    "shiftjis",
    "barelf",
];

/// Requests answered with this code, and why.
const REJECTED: &[(&str, u16, Defect)] = &[
    ("badinv01", 400, Defect::Malformed("Via")),
    ("clerr", 400, Defect::ShortBody),
    ("ncl", 400, Defect::Malformed("Content-Length")),
    ("scalar02", 400, Defect::Malformed("CSeq")),
    ("quotbal", 400, Defect::Malformed("To")),
    ("ltgtruri", 400, Defect::RequestUri),
    ("lwsruri", 400, Defect::RequestUri),
    ("badvers2", 505, Defect::Version),
    ("mismatch01", 400, Defect::MethodMismatch),
    ("mismatch02", 400, Defect::MethodMismatch),
    ("insuf", 400, Defect::Missing("From")),
    ("multi01", 400, Defect::Repeated("From")),
    ("mcl01", 400, Defect::Repeated("Content-Length")),
    ("cut", 400, Defect::Truncated),
];

/// Nothing to answer: broken responses, and a request whose Via is of another version.
const DROPPED: &[(&str, Defect)] =
    &[("scalarlg", Defect::Malformed("CSeq")), ("bigcode", Defect::StartLine), ("badvers", Defect::Version)];

#[test]
fn every_file_has_a_verdict() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let verdicts: Vec<&str> = ACCEPTED
        .iter()
        .copied()
        .chain(REJECTED.iter().map(|(name, ..)| *name))
        .chain(DROPPED.iter().map(|(name, _)| *name))
        .collect();
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".dat") {
            assert!(verdicts.contains(&name), "{name}");
            files += 1;
        }
    }
    assert_eq!(files, verdicts.len());
}

#[test]
fn accepted_messages_survive_a_round_trip() {
    for name in ACCEPTED {
        let message = parse_datagram(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(parse_datagram(&message.to_bytes()).as_ref(), Ok(&message), "{name}");
    }
}

#[test]
fn rejected_requests_can_be_answered() {
    for (name, code, defect) in REJECTED {
        let Err(ParseError::Rejected(rejected)) = parse_datagram(&bytes(name)) else { panic!("{name}") };
        assert_eq!((rejected.code, rejected.defect), (*code, *defect), "{name}");
        let answer = rejected.response().unwrap();
        assert!(answer.headers.contains(&HeaderName::VIA), "{name}");
    }
}

#[test]
fn the_rest_is_dropped() {
    for (name, defect) in DROPPED {
        assert_eq!(parse_datagram(&bytes(name)), Err(ParseError::Unusable(*defect)), "{name}");
    }
}

#[test]
fn wsinv_is_read_through_its_white_space() {
    let request = request("wsinv");
    let headers = &request.headers;
    let branches: Vec<_> =
        headers.vias().unwrap().iter().map(|via| via.branch().map(str::to_owned)).collect();
    assert_eq!(
        branches,
        [Some("390skdjuw".into()), Some("z9hG4bK9ikj8".into()), Some("z9hG4bK30239".into())]
    );
    let from = headers.from().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some("J Rosenberg \\\""), Some("98asjd8")));
    assert_eq!(headers.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(headers.cseq().unwrap().seq, 9);
    assert_eq!(headers.max_forwards(), Some(68));
    assert_eq!(headers.contact().unwrap().params.get("q"), Some("0.33"));
    assert_eq!(headers.text(&HeaderName::SUBJECT).as_deref(), Some(""));
    let unusual = HeaderName::new("UnknownHeaderWithUnusualValue");
    assert_eq!(headers.text(&unusual).as_deref(), Some(";;,,;;,;"));
    assert!(headers.routes().unwrap()[0].uri.is_loose_route());
    assert!(request.body.starts_with(b"v=0\r\n"));
}

#[test]
fn tokens_and_escapes_are_kept_as_written() {
    let odd = request("intmeth");
    assert_eq!(odd.method, Method::Other("!interesting-Method0123456789_*+`.%indeed'~".into()));
    assert_eq!(odd.headers.to().unwrap().display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(odd.headers.from().unwrap().params.get("fromParam''~+*_!.-%"), Some("работающий"));
    let escaped = request("esc02");
    assert_eq!(escaped.method, Method::Other("RE%47IST%45R".into()), "not REGISTER");
    assert_eq!(escaped.headers.to().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(request("esc01").uri.user(), Some("sips%3Auser%40example.com"));
    assert_eq!(request("semiuri").uri.user(), Some("user;par=u%40example.net"));
    assert_eq!(request("starcode").uri.user(), Some("*21#"));
}

#[test]
fn bodies_end_where_content_length_says() {
    assert_eq!(request("dblreq").body, b"");
    let binary = request("mpart01").body;
    assert!(binary.windows(256).any(|window| window.iter().copied().eq(0..=255)));
    assert!(request("inv2543").body.starts_with(b"v=0"), "no Content-Length: the rest of the datagram");
}

#[test]
fn reasons_are_kept() {
    assert_eq!(response("unreason").reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
    assert_eq!(response("noreason").reason, "");
}

#[test]
fn schemes_and_extensions_are_left_to_the_user_agent() {
    assert_eq!(request("unkscm").uri.scheme(), "nobodyknowsthisscheme");
    assert!(request("novelsc").uri.as_sip().is_none());
    assert!(matches!(request("telruri").uri, Uri::Tel(_)));
    assert_eq!(request("bext01").headers.tokens(&HeaderName::REQUIRE).len(), 2);
    assert!(request("regaut01").headers.credentials(&HeaderName::AUTHORIZATION).is_empty());
    assert_eq!(request("invut").headers.content_type().as_deref(), Some("application/unknownformat"));
}

#[test]
fn contacts_know_whose_parameters_are_whose() {
    let first = |name| match request(name).headers.contacts().unwrap().remove(0) {
        Contact::Address(address) => address,
        Contact::Star => panic!("{name}"),
    };
    assert!(first("cparam01").params.contains("unknownparam"));
    assert!(first("cparam02").uri.params().unwrap().contains("unknownparam"));
    let route = first("regescrt").uri.as_sip().unwrap().headers.clone();
    assert_eq!(route, [("Route".to_owned(), "%3Csip:sip.example.com%3E".to_owned())]);
    assert_eq!(request("escnull").headers.contacts().unwrap().len(), 2);
}

#[test]
fn transports_and_addresses_of_every_kind() {
    let transports: Vec<_> =
        request("transports").headers.vias().unwrap().into_iter().map(|via| via.transport).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    let six = request("ipv6");
    assert_eq!(six.headers.via().unwrap().received(), Some("2001:db8::9:255".parse().unwrap()));
    assert_eq!(six.uri.port(), Some(5070));
}

#[test]
fn bytes_that_are_not_utf8_are_kept() {
    let message = request("shiftjis");
    assert_eq!(message.headers.from().unwrap().tag(), Some("1"));
    assert_eq!(message.headers.get(&HeaderName::SUBJECT), Some(&b"\x83\x65\x83\x58\x83\x67"[..]));
    let answer = message.response(486, "");
    let printed = answer.to_bytes();
    let name = b"\"\x89c\x8b\xc6\x95\x5c\" <tel:";
    assert!(printed.windows(name.len()).any(|window| window == name), "From goes back byte for byte");
}
