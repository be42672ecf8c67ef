//! The messages of RFC 4475 and RFC 5118 and some from the field, each with the RFC's verdict, judged by the parser and
//! by a user agent. The files are under `torture/`.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use sip_stack::TransportKind;
use sip_stack::message::{
    Contact, Defect, HeaderName, Message, Method, ParseError, Request, Response, Uri, parse_datagram, parts,
};
use sip_stack::ua::{Event, Rejection, Reply, UaConfig, UserAgent};

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

/// What the parser makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parsed {
    /// A message, which survives a round trip.
    Taken,
    /// A request that is answered with this code.
    Rejected(u16, Defect),
    /// Nobody can be answered.
    Dropped(Defect),
}

/// What a user agent does with the file as a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// Answers with this code.
    Answers(u16),
    /// Tells its owner of a call.
    Call,
    /// Hands the request to its owner, who asked for REGISTER.
    Handed,
    /// Nothing: a response without a request of ours.
    Nothing,
}

use Done::{Answers, Call, Handed, Nothing};
use Parsed::{Dropped, Rejected, Taken};

/// Section, file, the RFC's verdict, ours.
type Row = (&'static str, &'static str, &'static str, Parsed, Done);

/// Every message of RFC 4475, in its order.
const RFC_4475: &[Row] = &[
    ("3.1.1.1", "wsinv", "valid; its To tag names a dialog we do not have", Taken, Answers(481)),
    ("3.1.1.2", "intmeth", "valid; an unknown method: 405 or 501", Taken, Answers(501)),
    ("3.1.1.3", "esc01", "valid", Taken, Call),
    ("3.1.1.4", "escnull", "valid", Taken, Handed),
    ("3.1.1.5", "esc02", "valid; the method is not REGISTER", Taken, Answers(501)),
    ("3.1.1.6", "lwsdisp", "valid", Taken, Answers(200)),
    ("3.1.1.7", "longreq", "valid", Taken, Call),
    ("3.1.1.8", "dblreq", "valid; what follows is dropped", Taken, Handed),
    ("3.1.1.9", "semiuri", "valid", Taken, Answers(200)),
    ("3.1.1.10", "transports", "valid", Taken, Answers(200)),
    ("3.1.1.11", "mpart01", "valid", Taken, Answers(405)),
    ("3.1.1.12", "unreason", "valid", Taken, Nothing),
    ("3.1.1.13", "noreason", "valid", Taken, Nothing),
    ("3.1.2.1", "badinv01", "400", Rejected(400, Defect::Malformed("Via")), Answers(400)),
    ("3.1.2.2", "clerr", "400", Rejected(400, Defect::ShortBody), Answers(400)),
    ("3.1.2.3", "ncl", "400", Rejected(400, Defect::Malformed("Content-Length")), Answers(400)),
    ("3.1.2.4", "scalar02", "400", Rejected(400, Defect::Malformed("CSeq")), Answers(400)),
    ("3.1.2.5", "scalarlg", "dropped", Dropped(Defect::Malformed("CSeq")), Nothing),
    ("3.1.2.6", "quotbal", "400", Rejected(400, Defect::Malformed("To")), Answers(400)),
    ("3.1.2.7", "ltgtruri", "400", Rejected(400, Defect::RequestUri), Answers(400)),
    ("3.1.2.8", "lwsruri", "400", Rejected(400, Defect::RequestUri), Answers(400)),
    // Lenient where what is meant is beyond doubt: a call is worth more than a space.
    ("3.1.2.9", "lwsstart", "400, or repaired", Taken, Call),
    ("3.1.2.10", "trws", "400, or repaired", Taken, Answers(200)),
    ("3.1.2.11", "escruri", "400, or the header component ignored", Taken, Call),
    ("3.1.2.12", "baddate", "400, or the date ignored", Taken, Call),
    // Whether the Contact will do is the registrar's to say.
    ("3.1.2.13", "regbadct", "400, or repaired", Taken, Handed),
    ("3.1.2.14", "badaspec", "400, or repaired", Taken, Answers(200)),
    ("3.1.2.15", "baddn", "400, or repaired", Taken, Answers(200)),
    ("3.1.2.16", "badvers", "505", Rejected(505, Defect::Version), Answers(505)),
    (
        "3.1.2.16",
        "badvers2",
        "505, also along a Via of our version",
        Rejected(505, Defect::Version),
        Answers(505),
    ),
    ("3.1.2.17", "mismatch01", "400", Rejected(400, Defect::MethodMismatch), Answers(400)),
    ("3.1.2.18", "mismatch02", "501 or 400", Rejected(400, Defect::MethodMismatch), Answers(400)),
    ("3.1.2.19", "bigcode", "dropped", Dropped(Defect::StartLine), Nothing),
    ("3.2.1", "badbranch", "matched as RFC 2543 did", Taken, Answers(200)),
    ("3.3.1", "insuf", "400", Rejected(400, Defect::Missing("From")), Answers(400)),
    ("3.3.2", "unkscm", "416", Taken, Answers(416)),
    ("3.3.3", "novelsc", "416", Taken, Answers(416)),
    ("3.3.4", "unksm2", "a registrar's 400; others need not care", Taken, Handed),
    ("3.3.5", "bext01", "420", Taken, Answers(420)),
    ("3.3.6", "invut", "415", Taken, Answers(415)),
    ("3.3.7", "regaut01", "a registrar's 401", Taken, Handed),
    ("3.3.8", "multi01", "400", Rejected(400, Defect::Repeated("From")), Answers(400)),
    ("3.3.9", "mcl01", "400", Rejected(400, Defect::Repeated("Content-Length")), Answers(400)),
    ("3.3.10", "bcast", "dropped: not our Via", Taken, Nothing),
    // 483 is for those who would forward it; an endpoint answers (RFC 3261 8.2, 11).
    ("3.3.11", "zeromf", "483 by a proxy, else an answer", Taken, Answers(200)),
    ("3.3.12", "cparam01", "valid", Taken, Handed),
    ("3.3.13", "cparam02", "valid", Taken, Handed),
    ("3.3.14", "regescrt", "valid", Taken, Handed),
    ("3.3.15", "sdp01", "406", Taken, Answers(406)),
    ("3.4.1", "inv2543", "valid in RFC 2543", Taken, Call),
];

/// Every message of RFC 5118, in its order.
const RFC_5118: &[Row] = &[
    ("4.1", "ipv6-good", "valid", Taken, Handed),
    ("4.2", "ipv6-bad", "400", Rejected(400, Defect::RequestUri), Answers(400)),
    ("4.3", "port-ambiguous", "valid; the port is part of the address", Taken, Handed),
    ("4.4", "port-unambiguous", "valid", Taken, Handed),
    ("4.5", "via-received-param-with-delim", "valid", Taken, Answers(481)),
    ("4.5", "via-received-param-no-delim", "valid, as the grammar has it", Taken, Answers(200)),
    ("4.6", "ipv6-in-sdp", "valid; but G.726 alone, which we do not have", Taken, Answers(488)),
    ("4.7", "mult-ip-in-header", "valid", Taken, Answers(481)),
    ("4.8", "mult-ip-in-sdp", "valid", Taken, Call),
    ("4.9", "ipv4-mapped-ipv6", "valid; but G.726 alone, which we do not have", Taken, Answers(488)),
    ("4.10", "ipv6-bug-abnf-3-colons", "best read as two colons", Taken, Answers(200)),
];

/// From the field: what no RFC lists.
const FIELD: &[Row] = &[
    ("star codes", "starcode", "valid", Taken, Call),
    ("tel Request-URI", "telruri", "valid", Taken, Call),
    ("Shift-JIS name", "shiftjis", "not UTF-8; taken", Taken, Call),
    ("bare line feeds", "barelf", "no CRLF; read, and 406 as sdp01", Taken, Answers(406)),
    ("cut off", "cut", "400", Rejected(400, Defect::Truncated), Answers(400)),
    ("SDP in a part", "mpart-sdp", "valid (RFC 5621)", Taken, Call),
];

fn rows() -> impl Iterator<Item = (&'static str, &'static Row)> {
    let with = |name, rows: &'static [Row]| rows.iter().map(move |row| (name, row));
    with("RFC 4475", RFC_4475).chain(with("RFC 5118", RFC_5118)).chain(with("field", FIELD))
}

#[test]
fn every_file_has_a_verdict() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".dat").map(str::to_owned)
        })
        .collect();
    let mut named: Vec<&str> = rows().map(|(_, row)| row.1).collect();
    files.sort();
    named.sort_unstable();
    assert_eq!(files, named);
}

#[test]
fn rfc_4475_and_5118_the_parser_judges_every_message() {
    let mut wrong = Vec::new();
    for (list, (section, file, verdict, expected, _)) in rows() {
        let parsed = match parse_datagram(&bytes(file)) {
            Ok(message) => {
                assert_eq!(
                    parse_datagram(&message.to_bytes()).as_ref(),
                    Ok(&message),
                    "{file}: print and read again"
                );
                Taken
            }
            Err(ParseError::Rejected(rejected)) => {
                let answer = rejected.response().unwrap();
                assert!(answer.headers.contains(&HeaderName::VIA), "{file}");
                Rejected(rejected.code, rejected.defect)
            }
            Err(ParseError::Unusable(defect)) => Dropped(defect),
            Err(other) => panic!("{file}: {other}"),
        };
        if parsed != *expected {
            wrong.push(format!("{list} {section} {file}, {verdict}: {parsed:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rfc_4475_and_5118_a_user_agent_reacts_to_every_message() {
    let mut wrong = Vec::new();
    for (list, (section, file, verdict, _, expected)) in rows() {
        let done = react(&bytes(file), file);
        if done != *expected {
            wrong.push(format!("{list} {section} {file}, {verdict}: {done:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Gives the datagram to a fresh user agent, tells what it did at once, and proves that nothing is left of it in the
/// end.
#[expect(clippy::disallowed_methods, reason = "only the start of simulated time")]
fn react(bytes: &[u8], file: &str) -> Done {
    let config = UaConfig { seed: 1, accept: vec![Method::Register], ..UaConfig::default() };
    let mut now = Instant::now();
    let mut ua = UserAgent::new(config, now);
    let local = "192.0.2.10:5060".parse().unwrap();
    ua.set_local_addresses(Some(local), Some(local));
    ua.handle_receive(now, "192.0.2.1:5060".parse().unwrap(), local, TransportKind::Udp, bytes);
    let mut done = Nothing;
    while let Some(sent) = ua.poll_transmit() {
        let code = sent
            .bytes
            .get(8..11)
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|c| c.parse().ok());
        match code {
            Some(100) => {}
            Some(code) => done = Answers(code),
            None => panic!("{file}: a request of ours"),
        }
    }
    let events: Vec<_> = std::iter::from_fn(|| ua.poll_event()).collect();
    for event in events {
        match event {
            Event::Incoming { call, .. } => {
                done = Call;
                ua.reject(call, Rejection::new(486), now);
            }
            Event::Request { id, .. } => {
                done = Handed;
                ua.respond(id, Reply::new(403), now);
            }
            other => panic!("{file}: {other:?}"),
        }
    }
    let end = now + Duration::from_secs(600);
    while let Some((at, _)) = ua.poll_timeout().filter(|(at, _)| *at < end) {
        now = at;
        ua.handle_timeout(now);
        while ua.poll_transmit().is_some() || ua.poll_event().is_some() {}
    }
    assert!(ua.is_idle(), "{file}: left over {:?}", ua.load());
    done
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
    let message = request("mpart01");
    let parts = parts(&message.headers, &message.body);
    assert_eq!((parts.len(), parts[0].body), (2, &b"Hello"[..]));
    assert!(parts[1].body.iter().copied().eq(0..=255));
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
    let received = |name| request(name).headers.via().unwrap().received();
    assert_eq!(received("via-received-param-with-delim"), Some("2001:db8::9:255".parse().unwrap()));
    assert_eq!(received("via-received-param-no-delim"), Some("2001:db8::9:255".parse().unwrap()));
    assert_eq!(request("port-ambiguous").uri.port(), None);
    assert_eq!(request("port-unambiguous").uri.port(), Some(5070));
    assert_eq!(request("ipv6-bug-abnf-3-colons").uri.to_string(), "sip:user@[2001:db8::c000:201]");
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
