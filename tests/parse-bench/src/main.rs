//! A typical INVITE through three Rust SIP parsers, in turns in the same run: `sip-stack`, `rsip`, `rsipstack`.
//!
//! Each reads the same bytes from a slice, each prints its own message to a `Vec<u8>`. Reading means Via, From, To, CSeq
//! and Contact as types, and Call-ID. The table gives medians over turns; it exits 1 where `sip-stack` is not the
//! fastest.

use std::hint::black_box;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

/// As a PBX sends it, with an offer.
const HEAD: &str = "INVITE sip:0312345678@192.0.2.10:5060;transport=udp SIP/2.0\r\n\
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
Content-Type: application/sdp\r\n";

const BODY: &str = "v=0\r\no=- 1094586310 1094586310 IN IP4 192.0.2.1\r\ns=Asterisk\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=audio 16402 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\n";

const TURNS: usize = 61;
const EACH: u32 = 2_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let text = format!("{HEAD}Content-Length: {}\r\n\r\n{BODY}", BODY.len());
    let bytes = text.as_bytes();
    let (a, b, c) = (ours::parse(bytes)?, rsip::parse(bytes)?, rsipstack::parse(bytes)?);
    let work: [&dyn Fn(); 9] = [
        &|| assert!(black_box(ours::parse(black_box(bytes))).is_ok()),
        &|| assert!(black_box(rsip::parse(black_box(bytes))).is_ok()),
        &|| assert!(black_box(rsipstack::parse(black_box(bytes))).is_ok()),
        &|| assert!(ours::read(black_box(bytes)).is_ok()),
        &|| assert!(rsip::read(black_box(bytes)).is_ok()),
        &|| assert!(rsipstack::read(black_box(bytes)).is_ok()),
        &|| drop(black_box(black_box(&a).to_bytes())),
        &|| drop(black_box(Vec::<u8>::from(black_box(&b).to_string()))),
        &|| drop(black_box(black_box(&c).to_bytes())),
    ];
    let times = in_turns(work);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| INVITE of {} bytes | sip-stack | rsip 0.4.0 | rsipstack 0.7.14 | fastest |\n|---|---|---|---|---|",
        bytes.len()
    )?;
    let mut won = true;
    for (what, row) in ["parse", "parse and read six headers", "print"].iter().zip(times.chunks(3)) {
        let fastest = row[0] <= row[1] && row[0] <= row[2];
        won &= fastest;
        let yes = if fastest { "yes" } else { "**no**" };
        writeln!(out, "| {what} | {:.2} µs | {:.2} µs | {:.2} µs | {yes} |", row[0], row[1], row[2])?;
    }
    Ok(if won { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Median microseconds of one run of each, in turns so that a busy moment hits all.
fn in_turns<const N: usize>(work: [&dyn Fn(); N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..TURNS {
        for (work, times) in work.iter().zip(&mut times) {
            let from = Instant::now();
            for _ in 0..EACH {
                work();
            }
            times.push(from.elapsed().as_secs_f64() * 1e6 / f64::from(EACH));
        }
    }
    times.map(|mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    })
}

mod ours {
    use std::hint::black_box;

    use sip_stack::message::{Message, parse_datagram};

    pub(crate) fn parse(bytes: &[u8]) -> Result<Message, super::Failure> {
        Ok(parse_datagram(bytes)?)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<(), super::Failure> {
        let message = parse(bytes)?;
        let headers = message.headers();
        let contact = headers.contact().ok_or("no Contact")?;
        let call_id = headers.call_id().ok_or("no Call-ID")?;
        black_box((headers.via()?, headers.from()?, headers.to()?, headers.cseq()?, contact, call_id));
        Ok(())
    }
}

mod rsip {
    use std::hint::black_box;

    use ::rsip::Request;
    use ::rsip::prelude::{HeadersExt as _, ToTypedHeader as _};

    pub(crate) fn parse(bytes: &[u8]) -> Result<Request, super::Failure> {
        Ok(Request::try_from(bytes)?)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<(), super::Failure> {
        let message = parse(bytes)?;
        let (via, from, to) =
            (message.via_header()?.typed()?, message.from_header()?.typed()?, message.to_header()?.typed()?);
        let (cseq, contact) = (message.cseq_header()?.typed()?, message.contact_header()?.typed()?);
        black_box((via, from, to, cseq, contact, message.call_id_header()?));
        Ok(())
    }
}

mod rsipstack {
    use std::hint::black_box;

    use ::rsipstack::sip::Request;
    use ::rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};

    pub(crate) fn parse(bytes: &[u8]) -> Result<Request, super::Failure> {
        Ok(Request::try_from(bytes)?)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<(), super::Failure> {
        let message = parse(bytes)?;
        let (via, from, to) =
            (message.via_header()?.typed()?, message.from_header()?.typed()?, message.to_header()?.typed()?);
        let (cseq, contact) = (message.cseq_header()?.typed()?, message.contact_header()?.typed()?);
        black_box((via, from, to, cseq, contact, message.call_id_header()?));
        Ok(())
    }
}
