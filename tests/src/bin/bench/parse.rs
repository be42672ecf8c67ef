//! A typical INVITE: our parser beside rsip, in turns in the same run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rsip::prelude::{HeadersExt as _, ToTypedHeader as _};
use sip_stack::message::{Message, parse_datagram};

use crate::table::{Table, quantile};

/// As a PBX sends it, with an offer.
const INVITE: &str = "INVITE sip:0312345678@192.0.2.10:5060;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj8d1f0a4e-4a7b-4f0e-9b57-0c2f6b1b0a11\r\n\
Max-Forwards: 70\r\n\
From: \"0398765432\" <sip:0398765432@pbx.example.jp>;tag=7d2c1f44-9a57-4d11-8a4f-6e1b2a0c9d3e\r\n\
To: <sip:0312345678@192.0.2.10>\r\n\
Contact: <sip:asterisk@192.0.2.1:5060>\r\n\
Call-ID: 2f0c9d1a-7b6e-4f53-9d0a-1b2c3d4e5f60\r\n\
CSeq: 21034 INVITE\r\n\
Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, MESSAGE, REFER\r\n\
Supported: 100rel, timer, replaces, norefersub, histinfo\r\n\
Session-Expires: 1800\r\n\
Min-SE: 90\r\n\
P-Asserted-Identity: \"0398765432\" <sip:0398765432@pbx.example.jp>\r\n\
User-Agent: Asterisk PBX 20.5.0\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 252\r\n\r\n\
v=0\r\no=- 1094586310 1094586310 IN IP4 192.0.2.1\r\ns=Asterisk\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=audio 16402 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\n";

const ROUNDS: usize = 41;
const EACH: u32 = 2_000;

pub(crate) fn measure(table: &mut Table) {
    // A length that lies would make one of them refuse.
    let (head, body) = INVITE.split_once("\r\n\r\n").unwrap_or_default();
    let text = format!(
        "{}\r\n\r\n{body}",
        head.replace("Content-Length: 252", &format!("Content-Length: {}", body.len()))
    );
    let bytes = text.as_bytes();
    let [ours, ours_read, theirs, theirs_read] =
        in_turns([&|| own(bytes), &|| own_read(bytes), &|| other(bytes), &|| other_read(bytes)]);
    let size = bytes.len();
    table.note(&format!("parse an INVITE of {size} bytes, this parser"), format!("{ours:.2} µs"));
    table.note("… and read Via, From, To, CSeq, Call-ID, Contact", format!("{ours_read:.2} µs"));
    table.note("the same, rsip 0.4", format!("{theirs:.2} µs"));
    table.note("… and read the same headers", format!("{theirs_read:.2} µs"));
}

/// Median microseconds of one run of each, measured in turns so that a busy moment hits all.
fn in_turns<const N: usize>(work: [&dyn Fn(); N]) -> [f64; N] {
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (work, times) in work.iter().zip(&mut times) {
            let from = Instant::now();
            for _ in 0..EACH {
                work();
            }
            let each: Duration = from.elapsed() / EACH;
            times.push(each.as_nanos() as f64 / 1_000.0);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        quantile(&times, 0.5)
    })
}

fn parsed(bytes: &[u8]) -> Message {
    match parse_datagram(black_box(bytes)) {
        Ok(message) => message,
        Err(error) => panic!("the INVITE is refused: {error}"),
    }
}

fn own(bytes: &[u8]) {
    black_box(parsed(bytes));
}

fn own_read(bytes: &[u8]) {
    let message = parsed(bytes);
    let headers = message.headers();
    let read = (headers.via(), headers.from(), headers.to(), headers.cseq(), headers.contact());
    assert!(read.0.is_ok() && read.1.is_ok() && read.2.is_ok() && read.3.is_ok() && read.4.is_some());
    drop(black_box((read, headers.call_id().is_some())));
}

fn other(bytes: &[u8]) {
    match rsip::Request::try_from(black_box(bytes).to_vec()) {
        Ok(request) => drop(black_box(request)),
        Err(error) => panic!("rsip refuses the INVITE: {error}"),
    }
}

fn other_read(bytes: &[u8]) {
    let read = || -> Result<(), rsip::Error> {
        let request = rsip::Request::try_from(black_box(bytes).to_vec())?;
        black_box((
            request.via_header()?.typed()?,
            request.from_header()?.typed()?,
            request.to_header()?.typed()?,
            request.cseq_header()?.typed()?,
            request.contact_header()?.typed()?,
            request.call_id_header()?,
        ));
        Ok(())
    };
    if let Err(error) = read() {
        panic!("rsip refuses the INVITE: {error}");
    }
}
