use proptest::prelude::*;

use super::*;

fn shown(message: &str) -> String {
    let mut mask = Mask::new();
    mask.learn(message.as_bytes());
    let bytes = mask.apply(message.as_bytes());
    assert_eq!(bytes.len(), message.len());
    String::from_utf8(bytes).expect("text stays text")
}

fn with_numbers(message: &str) -> String {
    let bytes = Mask::secrets().apply(message.as_bytes());
    assert_eq!(bytes.len(), message.len());
    String::from_utf8(bytes).expect("text stays text")
}

/// An INVITE with this header, then this body.
fn invite(header: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "INVITE sip:0312345678@pbx.example:15060;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:50601;branch=z9hG4bK1112223;rport\r\n\
         From: <sip:100@pbx.example>;tag=8877665544\r\nTo: <sip:0312345678@pbx.example>\r\nCall-ID: 99887766@192.0.2.10\r\n\
         CSeq: 314159 INVITE\r\n{header}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn what_a_machine_needs_stays_and_numbers_go() {
    let shown =
        shown(&invite("P-Asserted-Identity: \"03-9876-5432\" <tel:+81-3-9876-5432>", "application/sdp", ""));
    assert!(shown.starts_with("INVITE sip:******5678@pbx.example:15060;user=phone SIP/2.0\r\n"), "{shown}");
    for line in [
        "Via: SIP/2.0/UDP 192.0.2.10:50601;branch=z9hG4bK1112223;rport\r\n",
        "From: <sip:100@pbx.example>;tag=8877665544\r\n",
        "To: <sip:******5678@pbx.example>\r\n",
        "Call-ID: 99887766@192.0.2.10\r\n",
        "CSeq: 314159 INVITE\r\n",
        "P-Asserted-Identity: \"**-****-5432\" <tel:+**-*-****-5432>\r\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
}

#[test]
fn every_place_of_a_number_is_looked_at() {
    for (header, hidden) in [
        (
            "Contact: <sip:09012345678@192.0.2.1:50600;transport=tcp>",
            "Contact: <sip:*******5678@192.0.2.1:50600;transport=tcp>",
        ),
        ("m: sip:09012345678@192.0.2.1", "m: sip:*******5678@192.0.2.1"),
        (
            "Diversion: <sip:0459876543@h>;reason=no-answer;counter=1",
            "Diversion: <sip:******6543@h>;reason=no-answer;counter=1",
        ),
        (
            "History-Info: <sip:0459876543@h?Reason=SIP%3Bcause%3D302>;index=1.1",
            "History-Info: <sip:******6543@h?Reason=SIP%3Bcause%3D302>;index=1.1",
        ),
        ("Refer-To: <tel:0459876543;phone-context=+81>", "Refer-To: <tel:******6543;phone-context=+81>"),
        ("X-Called: 0459876543", "X-Called: ******6543"),
        ("X-Note:  045 987 6543 was called", "X-Note:  *** *** 6543 was called"),
        (
            "Reason: Q.850;cause=16;text=\"0459876543 gone\"",
            "Reason: Q.850;cause=16;text=\"******6543 gone\"",
        ),
        ("Warning: 399 192.0.2.1:50600 \"no 0459876543\"", "Warning: 399 192.0.2.1:50600 \"no ******6543\""),
        (
            "Remote-Party-ID: \"０４５９８７\" <sip:%304598@h>;party=called",
            "Remote-Party-ID: \"******５９８７\" <sip:***4598@h>;party=called",
        ),
        ("P-X: <sip:045,987;x=6543@h>;no=98765432", "P-X: <sip:045,987;x=6543@h>;no=****5432"),
        ("Call-Info: <http://h/0459876543>;purpose=info", "Call-Info: <http://h/******6543>;purpose=info"),
        ("Identity: eyJhbGciOiJFUzI1NiJ9.e30.sig;info=<https://h>", "Identity: "),
        ("Contact: *", "Contact: *"),
    ] {
        let message = invite(header, "text/plain", "");
        let shown = shown(&message);
        let line = shown.lines().find(|line| line.starts_with(hidden.split(':').next().unwrap_or_default()));
        let line = line.unwrap_or_else(|| panic!("{shown}"));
        if hidden.ends_with(' ') {
            assert!(line[hidden.len()..].bytes().all(|byte| byte == b'*'), "{line}");
        } else {
            assert_eq!(line, hidden);
        }
        // With numbers nothing of it is touched.
        assert_eq!(with_numbers(&message), message);
    }
}

#[test]
fn proofs_are_hidden_and_what_explains_them_stays() {
    let header = "Authorization: Digest username=\"0312345678\",realm=\"pbx, main\", nonce=\"abc/99\",\r\n uri=\"sip:0312345678@pbx\",\
                  response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, cnonce=\"0a4f\", qop=auth,nc=00000001,x=\"y\"";
    for (message, user) in [
        (shown(&invite(header, "a/b", "")), "******5678"),
        (with_numbers(&invite(header, "a/b", "")), "0312345678"),
    ] {
        let line = format!(
            "\r\nAuthorization: Digest username=\"{user}\",realm=\"pbx, main\", nonce=\"abc/99\",\r\n uri=\"sip:{user}@pbx\",\
             response=\"********************************\", algorithm=MD5, cnonce=\"****\", qop=auth,nc=00000001,x=\"*\"\r\n"
        );
        assert!(message.contains(&line), "{message}");
    }
    for (header, hidden) in [
        ("Proxy-Authorization: Basic dXNlcjpwYXNz", "Proxy-Authorization: ***** ************"),
        ("authorization : hunter2", "authorization : *******"),
        (
            "Authentication-Info: rspauth=\"6629fae4\", nextnonce=\"n1\"",
            "Authentication-Info: rspauth=\"********\", nextnonce=\"n1\"",
        ),
        ("X-Auth-Token: hunter2 \r\n more", "X-Auth-Token: ******* \r\n ****"),
        ("Route: <sip:user:hunter2@h;lr>", "Route: <sip:user:*******@h;lr>"),
        ("Authorization: Digest response=\"open, qop=auth", "Authorization: Digest response=****** ********"),
    ] {
        for message in [shown(&invite(header, "a/b", "")), with_numbers(&invite(header, "a/b", ""))] {
            assert!(message.contains(&format!("\r\n{hidden}\r\n")), "{message}");
        }
    }
}

#[test]
fn keys_of_a_description_are_hidden_and_ports_stay() {
    let description = "v=0\r\no=0312345678 3911115555 3911115555 IN IP4 192.0.2.10\r\ns=call to 0312345678\r\n\
        p=+81 3 1234 5678\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nk=clear:hunter2\r\nm=audio 40000 RTP/SAVP 0 101\r\n\
        a=rtpmap:111 opus/48000/2\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:hunter2hunter2|2^20|1:32\r\n\
        a=KEY-MGMT:mikey hunter2\r\na=ice-pwd:hunter2\r\na=rtcp:40001\r\na=x-called:0459876543\r\na=sendrecv\r\n";
    let message = invite("Subject: x", "application/sdp", description);
    let expected = "v=0\r\no=******5678 3911115555 3911115555 IN IP4 192.0.2.10\r\ns=call to ******5678\r\n\
        p=+** * **** 5678\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nk=*************\r\nm=audio 40000 RTP/SAVP 0 101\r\n\
        a=rtpmap:111 opus/48000/2\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:************************\r\n\
        a=KEY-MGMT:***** *******\r\na=ice-pwd:*******\r\na=rtcp:40001\r\na=x-called:******6543\r\na=sendrecv\r\n";
    let hidden = shown(&message);
    assert!(hidden.ends_with(expected), "{hidden}");
    let secrets = with_numbers(&message);
    assert!(!secrets.contains("hunter2") && secrets.contains("s=call to 0312345678"), "{secrets}");
}

#[test]
fn bodies_of_other_kinds() {
    let parts = "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nk=clear:hunter2\r\n--b1\r\nContent-Type: application/isup\r\n\r\n\
                 \u{1}\u{20}03\r\n--b1\r\n\r\n0459876543\r\n--b1--\r\n";
    for (kind, body, hidden) in [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "Signal=*\r\nDuration=160\r\n"),
        ("application/dtmf", "5", "*"),
        (
            "message/sipfrag;version=2.0",
            "SIP/2.0 200 0459876543\r\nTo: <sip:0459876543@h>\r\n",
            "SIP/2.0 200 ******6543\r\nTo: <sip:******6543@h>\r\n",
        ),
        ("application/pidf+xml", "<a e=\"sip:0459876543@h\"/>", "<a e=\"sip:******6543@h\"/>"),
        ("text/plain", "m=0459876543\na=crypto:1 X hunter2", "m=******6543\na=crypto:* * *******"),
        ("application/isup", "\u{1} 03", "****"),
        (
            "Multipart/Mixed;\r\n boundary=b1",
            parts,
            "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nk=*************\r\n--b1\r\nContent-Type: application/isup\r\n\r\n\
             ****\r\n--b1\r\n\r\n******6543\r\n--b1--\r\n",
        ),
        ("multipart/mixed", "0459876543", "**********"),
    ] {
        let shown = shown(&invite("A: b", kind, body));
        assert!(shown.ends_with(&format!("\r\n\r\n{hidden}")), "{kind}: {shown}");
        assert!(!with_numbers(&invite("A: b", kind, body)).contains("hunter2"), "{kind}");
    }
    let zipped = invite("Content-Encoding: gzip", "application/sdp", "s=ABC");
    assert!(shown(&zipped).ends_with("\r\n\r\n*****"));
}

#[test]
fn a_number_that_was_learned_goes_from_tags_too() {
    let mut mask = Mask::new();
    mask.learn(invite("A: b", "a/b", "").as_bytes());
    mask.know("090-8765-4321");
    let late = "BYE sip:h SIP/2.0\r\nFrom: <sip:h>;tag=x0312345678y\r\nCall-ID: 9087654321x99887766\r\n\r\n";
    let shown = String::from_utf8(mask.apply(late.as_bytes())).unwrap();
    assert!(shown.contains(";tag=x******5678y\r\nCall-ID: ******4321x99887766\r\n"), "{shown}");
    assert_eq!(mask.token("9087654321@h"), "******4321@h");
    assert_eq!(Mask::secrets().token("9087654321@h"), "9087654321@h");
}

/// How people, devices and exchanges write one number.
fn written(digits: &str) -> impl Strategy<Value = String> + use<> {
    let digits = digits.to_owned();
    let (area, middle, last) = (digits[..2].to_owned(), digits[2..6].to_owned(), digits[6..].to_owned());
    prop_oneof![
        Just(digits.clone()),
        Just(format!("+81{}", &digits[1..])),
        Just(format!("81{}", &digits[1..])),
        Just(format!("184{digits}")),
        Just(format!("0,{digits}")),
        Just(format!("{area}-{middle}-{last}")),
        Just(format!("({area}){middle}.{last}")),
        Just(format!("+81 {} {middle} {last}", &area[1..])),
        Just(digits.chars().map(|c| format!("%{:02X}", u32::from(c))).collect::<String>()),
        Just(digits.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect::<String>()),
    ]
}

/// Where a number may come, `{}` for it.
const PLACES: [&str; 24] = [
    "From: \"{}\" <sip:{}@h>;tag=a{}",
    "f: {} <sip:{}@h;user=phone>;tag=1",
    "Contact: <sips:{}:{}@[2001:db8::1]:5061;x={}>",
    "Contact: <sip:h?To={}>, \"a\\\"{}\" <tel:{};ext={}>",
    "P-Asserted-Identity: <tel:{}>, <sip:{}@h>",
    "Diversion: <sip:{}@h>;reason=\"{}\";{}",
    "History-Info: <sip:{}@h?Reason=x>;index=1;mp={}",
    "Call-ID: {}",
    "Call-ID: a{}b@h",
    "Via: SIP/2.0/TCP h;branch=z9hG4bK{};x={}",
    "Record-Route: <sip:h;ftag={};lr;{}>",
    "X-Number: {}",
    "X-Number: <{}>;a=\"{}\";b={},{}",
    "Subject: {} and {}",
    "Warning: 399 h \"{}\"",
    "Refer-To: <sip:{}@h?Replaces={}%3Bto-tag%3D{}>",
    "Reason: SIP;cause=200;text=\"{}\"",
    "Authorization: Digest username=\"{}\",uri=\"sip:{}@h\",realm=\"{}\",nonce=\"{}\",response=\"hunter2{}\"",
    "Proxy-Authenticate: Digest realm=\"{}\", nonce=\"{}\"",
    "{}",
    "{}: {}",
    "X: a\r\n {}\r\n\t<sip:{}@h>",
    "User-Agent: phone {}",
    "P-Charging-Vector: icid-value={};orig-ioi={}",
];

const BODIES: [(&str, &str); 9] = [
    (
        "application/sdp",
        "v=0\r\no={} {} 1 IN IP4 h\r\ns={}\r\np={}\r\nm=audio 40000 RTP/AVP 0\r\na=x:{}\r\na=ssrc:1 cname:{}\r\nk={}\r\n",
    ),
    ("", "{}"),
    ("text/plain", "{}\n<sip:{}@h>;tag={}\n"),
    ("message/sipfrag", "SIP/2.0 404 {}\r\nTo: {}\r\n"),
    ("application/x-unknown", "{}"),
    ("application/simple-message-summary", "Message-Account: sip:{}@h\r\n"),
    (
        "multipart/mixed;boundary=x",
        "{}\r\n--x\r\nContent-Type: text/plain\r\n\r\n{}\r\n--x\r\nA: {}\r\n\r\n{}\r\n--x--\r\n{}",
    ),
    ("multipart/mixed;boundary=x", "{}"),
    ("application/dtmf-relay", "Signal={}\r\n{}\r\n"),
];

/// The digits of a text in whatever form, one after the other without what stands between.
fn digits_in_a_row(text: &str) -> Vec<String> {
    let plain: String = text
        .chars()
        .map(|c| match u32::from(c) {
            wide @ 0xFF10..=0xFF19 => char::from_u32(wide - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .collect();
    let mut plain = plain;
    for digit in '0'..='9' {
        plain = plain.replace(&format!("%{:02X}", u32::from(digit)), &digit.to_string());
    }
    let between = |c: char| !c.is_ascii_digit() && !"-.() ".contains(c);
    plain.split(between).map(|run| run.chars().filter(char::is_ascii_digit).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No five digits in a row of the dialed number survive anywhere, however it is written, and no secret does.
    #[test]
    fn neither_number_nor_secret_survives(
        (digits, forms) in "0[1-9][0-9]{8}".prop_flat_map(|digits| {
            let forms = proptest::collection::vec(written(&digits), 8);
            (Just(digits), forms)
        }),
        place in 0..PLACES.len(),
        body in 0..BODIES.len(),
    ) {
        let mut forms = forms.into_iter().cycle();
        let mut fill = |template: &str| {
            let mut text = String::new();
            for (index, piece) in template.split("{}").enumerate() {
                if index > 0 {
                    text.push_str(&forms.next().unwrap_or_default());
                }
                text.push_str(piece);
            }
            text
        };
        let (kind, body) = BODIES[body];
        // What stands there without any number: `SIP/2.0 404` may have five digits of one.
        let own = digits_in_a_row(&format!("SIP/2.0\r\n{}\r\n{body}", PLACES[place]).replace("{}", "x"));
        let body = fill(body);
        let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let message = fill(&format!(
            "INVITE sip:{digits}@h SIP/2.0\r\n{}\r\nProxy-Authorization: Digest response=\"hunter2\"\r\n{kind}\r\n", PLACES[place]
        )) + &body;
        let mut mask = Mask::new();
        mask.learn(message.as_bytes());
        let bytes = mask.apply(message.as_bytes());
        prop_assert_eq!(bytes.len(), message.len());
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        for run in digits_in_a_row(&shown) {
            for five in digits.as_bytes().windows(5) {
                let five = std::str::from_utf8(five).unwrap_or_default();
                let known = own.iter().any(|own| own.contains(five));
                prop_assert!(known || !run.contains(five), "{} of {} in {}", five, digits, shown);
            }
        }
        prop_assert!(!shown.contains("hunter2"));
        prop_assert_eq!(mask.apply(&bytes), bytes);
    }

    /// Whatever comes: no panic, the same length, and the second time changes nothing.
    #[test]
    fn any_bytes_can_be_masked(bytes in proptest::collection::vec(any::<u8>(), 0..400), numbers: bool) {
        let mut mask = if numbers { Mask::secrets() } else { Mask::new() };
        mask.learn(&bytes);
        let shown = mask.apply(&bytes);
        prop_assert_eq!(shown.len(), bytes.len());
        prop_assert_eq!(mask.apply(&shown), shown);
    }

    /// The same for what looks like a message.
    #[test]
    fn any_text_can_be_masked(text in "[a-zA-Z0-9:;=@<>\", \r\n%+.*\\\\-]{0,200}") {
        let message = format!("INVITE sip:0312345678@h SIP/2.0\r\nContent-Type: multipart/x;boundary=a\r\nTo: {text}\r\n\r\n--a\r\n{text}");
        let mut mask = Mask::new();
        mask.learn(message.as_bytes());
        let shown = mask.apply(message.as_bytes());
        prop_assert_eq!(shown.len(), message.len());
    }
}
