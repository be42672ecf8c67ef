//! A whole user agent under a script of packets, commands and time, written by chance.
//!
//! No packet may make it panic, fill its tables beyond their limits or send what is no message; and once the owner
//! has hung up and time has passed, nothing may be left.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sip_stack::message::{HeaderName, Message, Method, Request, Uri, parse_datagram};
use sip_stack::sdp::{Capabilities, CodecName, CodecSpec};
use sip_stack::trace::{Mask, TraceLimits};
use sip_stack::transport::Flow;
use sip_stack::ua::{
    AccountConfig, AccountId, CallId, Event, HangupReason, Invite, Rejection, Reply, RequestId, Secret,
    Trust, UaConfig, UserAgent,
};
use sip_stack::{Transmit, TransportKind};

/// One step per leading byte; see [`World::step`].
pub(crate) fn run(script: &[u8]) {
    let mut script = Script(script);
    let mut world = World::new();
    for _ in 0..MAX_STEPS {
        if world.step(&mut script).is_none() {
            break;
        }
        world.collect();
        world.check();
    }
    world.finish();
}

/// Which of the peers nobody knows.
const STRANGER: usize = 2;
const MAX_STEPS: usize = 96;
const MAX_CALLS: usize = 6;
const MAX_TRANSACTIONS: usize = 48;
const MAX_TRACED: usize = 12_000;
const LOCAL: &str = "192.0.2.10:5060";
/// Two ports of the exchange, and a stranger.
const PEERS: [&str; 3] = ["192.0.2.1:5060", "192.0.2.1:5062", "198.51.100.7:5060"];
const STEPS_OF_TIME: [u64; 8] = [1, 120, 501, 4_001, 32_001, 61_000, 310_000, 3_700_000];
const CODES: [u16; 24] = [
    100, 180, 183, 199, 200, 202, 300, 302, 401, 407, 408, 415, 422, 423, 480, 481, 486, 487, 488, 491, 500,
    503, 603, 699,
];
const METHODS: [Method; 14] = [
    Method::Bye,
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Update,
    Method::Prack,
    Method::Info,
    Method::Refer,
    Method::Notify,
    Method::Subscribe,
    Method::Message,
    Method::Options,
    Method::Register,
    Method::Publish,
];

/// The bytes that choose.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn index(&mut self, below: usize) -> Option<usize> {
        Some(usize::from(self.byte()?) % below)
    }

    /// Two bytes of length, then that many bytes or what is left.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
        let (block, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        Some(block)
    }
}

struct World {
    ua: UserAgent,
    now: Instant,
    account: AccountId,
    calls: Vec<CallId>,
    requests: Vec<RequestId>,
    sent: Vec<Message>,
    last_received: Vec<u8>,
    peer_cseq: u32,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "only the start of simulated time")]
    fn new() -> Self {
        let now = Instant::now();
        let config = UaConfig {
            seed: 7,
            trust: Trust::KnownSources,
            accept: vec![Method::Message, Method::Subscribe],
            max_calls: MAX_CALLS,
            max_transactions: MAX_TRANSACTIONS,
            trace: Some(TraceLimits { bytes: MAX_TRACED, messages: 6, message_bytes: 900 }),
            ..UaConfig::default()
        };
        let mut ua = UserAgent::new(config, now);
        ua.set_local_addresses(Some(address(LOCAL)), Some(address(LOCAL)));
        let mut account = AccountConfig::new("main", uri("sip:100@pbx.example"));
        account.registrar = Some(uri("sip:pbx.example"));
        account.password = Secret::new("secret");
        let account = ua.add_account(account);
        ua.set_targets(account, vec![flow(0), flow(1)], now);
        Self {
            ua,
            now,
            account,
            calls: Vec::new(),
            requests: Vec::new(),
            sent: Vec::new(),
            last_received: Vec::new(),
            peer_cseq: 1,
        }
    }

    /// One step; `None` at the end of the script.
    fn step(&mut self, script: &mut Script<'_>) -> Option<()> {
        match script.byte()? % 12 {
            0 => {
                let peer = script.index(PEERS.len())?;
                let bytes = script.block()?.to_vec();
                self.receive(peer, TransportKind::Udp, bytes);
            }
            1 => {
                let peer = script.index(PEERS.len())?;
                let bytes = script.block()?.to_vec();
                self.receive(peer, TransportKind::Tcp, bytes);
            }
            2 => self.advance(Duration::from_millis(STEPS_OF_TIME[script.index(STEPS_OF_TIME.len())?])),
            3 | 4 => self.command(script)?,
            5..=7 => self.answer_ours(script)?,
            8 => self.in_dialog(script)?,
            9 => self.incoming_invite(script)?,
            10 => {
                let bytes = self.last_received.clone();
                self.receive(script.index(PEERS.len())?, TransportKind::Udp, bytes);
            }
            _ => match script.index(4)? {
                0 => self.ua.handle_transport_failure(self.now, TransportKind::Udp, address(PEERS[0])),
                1 => self.ua.handle_transport_failure(self.now, TransportKind::Tcp, address(PEERS[0])),
                2 => self.ua.set_targets(self.account, Vec::new(), self.now),
                _ => self.ua.set_targets(self.account, vec![flow(1), flow(0)], self.now),
            },
        }
        Some(())
    }

    /// What the owner may do at any time, with calls that live or have ended.
    fn command(&mut self, script: &mut Script<'_>) -> Option<()> {
        let (command, pick) = (script.byte()? % 14, usize::from(script.byte()?));
        let now = self.now;
        let call = self.calls.get(pick % self.calls.len().max(1)).copied();
        match (command, call) {
            (0 | 1, _) => {
                let targets =
                    ["sip:0312345678@pbx.example", "sip:*21#@192.0.2.1", "sips:a@h", "tel:+81312345678"];
                let invite = Invite {
                    target: uri(targets[pick % targets.len()]),
                    capabilities: capabilities(),
                    ring_timeout: Duration::from_secs(if pick > 127 { 5 } else { 60 }),
                    headers: Vec::new(),
                };
                self.calls.extend(self.ua.invite(self.account, invite, now));
            }
            (2, _) => self.ua.register(self.account, now),
            (3, _) => self.ua.unregister(self.account, now),
            (4, _) => {
                let code = CODES[pick % CODES.len()];
                if let Some(request) = self.requests.pop() {
                    self.ua.respond(request, Reply::new(code), now);
                }
            }
            (5, Some(call)) => self.ua.ring(call, now),
            (6, Some(call)) => self.ua.early_media(call, &capabilities(), now),
            (7 | 8, Some(call)) => self.ua.answer(call, &capabilities(), now),
            (9, Some(call)) => self.ua.reject(call, Rejection::new(CODES[pick % CODES.len()]), now),
            (10, Some(call)) => self.ua.hangup(call, HangupReason::Normal, now),
            (11, Some(call)) => drop(self.ua.hold(call, now)),
            (12, Some(call)) => drop(self.ua.resume(call, now)),
            _ => {}
        }
        Some(())
    }

    /// An answer to one of our last requests: its code, tag, body and further header lines by chance.
    fn answer_ours(&mut self, script: &mut Script<'_>) -> Option<()> {
        let (back, code, shape) = (script.index(6)?, CODES[script.index(CODES.len())?], script.byte()?);
        let lines = script.block()?;
        let requests = self.sent.iter().rev().filter_map(|message| match message {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        });
        let Some(request) = requests.cycle().nth(back).cloned() else { return Some(()) };
        let mut response = request.response(code, "");
        response.headers.set_to_tag(if shape & 1 == 0 { "callee" } else { "fork" });
        response.headers.push("Contact", "<sip:callee@192.0.2.1>");
        if shape & 2 != 0 {
            response.headers.push("Require", "100rel");
            response.headers.push("RSeq", (1 + u32::from(shape >> 6)).to_string());
        }
        if shape & 4 != 0 {
            response.headers.push("Content-Type", "application/sdp");
            response.body = description(shape).into_bytes();
        }
        if code == 401 || code == 407 {
            let name =
                if code == 401 { HeaderName::WWW_AUTHENTICATE } else { HeaderName::PROXY_AUTHENTICATE };
            response.headers.push(name, format!("Digest realm=\"r\", nonce=\"n{shape}\", qop=\"auth\""));
        }
        add_lines(&mut response.headers, lines);
        self.receive(0, TransportKind::Udp, response.to_bytes());
        Some(())
    }

    /// A request of the peer inside a dialog that one of our last messages names.
    fn in_dialog(&mut self, script: &mut Script<'_>) -> Option<()> {
        let (back, method, shape) =
            (script.byte()?, METHODS[script.index(METHODS.len())?].clone(), script.byte()?);
        let lines = script.block()?;
        // Few of them from a stranger, who may have seen the dialog.
        let peer = if back >= 240 { STRANGER } else { 0 };
        let Some(known) = self.sent.iter().rev().cycle().nth(usize::from(back % 6)) else { return Some(()) };
        // Our side is From in what we ask and To in what we answer.
        let (ours, theirs) = match known {
            Message::Request(_) => (HeaderName::FROM, HeaderName::TO),
            Message::Response(_) => (HeaderName::TO, HeaderName::FROM),
        };
        let headers = known.headers().clone();
        let (Some(ours), Ok(theirs)) = (
            headers.get(&ours).map(<[u8]>::to_vec),
            sip_stack::message::NameAddr::parse(&headers.text(&theirs).unwrap_or_default()).ok_or(()),
        ) else {
            return Some(());
        };
        let theirs = if theirs.tag().is_none() {
            theirs.with_tag(if shape & 1 == 0 { "callee" } else { "fork" })
        } else {
            theirs
        };
        self.peer_cseq += u32::from(shape >> 4);
        // An ACK and a CANCEL belong to the peer's INVITE.
        let cseq = match (&method, headers.cseq()) {
            (Method::Ack | Method::Cancel, Ok(cseq)) => cseq.seq,
            _ => self.peer_cseq,
        };
        let mut request = Request::new(method.clone(), uri(&format!("sip:100@{LOCAL}")));
        let via = match (&method, headers.get(&HeaderName::VIA)) {
            (Method::Cancel, Some(via)) => via.to_vec(),
            _ => format!("SIP/2.0/UDP {};branch=z9hG4bKd{cseq}{method}", PEERS[0]).into_bytes(),
        };
        request.headers.push("Via", via);
        request.headers.push("From", theirs.to_string());
        request.headers.push("To", ours);
        request.headers.push("Call-ID", headers.get(&HeaderName::CALL_ID).unwrap_or_default());
        request.headers.push("CSeq", format!("{cseq} {method}"));
        request.headers.push("Contact", "<sip:callee@192.0.2.1>");
        if shape & 4 != 0 {
            request.headers.push("Content-Type", "application/sdp");
            request.body = description(shape).into_bytes();
        }
        add_lines(&mut request.headers, lines);
        self.receive(peer, TransportKind::Udp, request.to_bytes());
        Some(())
    }

    /// An INVITE to us; few numbers, so that repetitions, merged requests and glare happen.
    fn incoming_invite(&mut self, script: &mut Script<'_>) -> Option<()> {
        let (first, shape) = (script.byte()?, script.byte()?);
        let (number, peer) = (first % 8, if first >= 224 { STRANGER } else { 0 });
        let lines = script.block()?;
        let mut request = Request::new(Method::Invite, uri(&format!("sip:100@{LOCAL}")));
        request.headers.push("Via", format!("SIP/2.0/UDP {};branch=z9hG4bKi{number}{}", PEERS[0], shape & 3));
        request.headers.push("From", format!("\"C\" <sip:0312345678@pbx.example>;tag=caller{number}"));
        request.headers.push("To", "<sip:100@pbx.example>");
        request.headers.push("Call-ID", format!("peer-{number}"));
        request.headers.push("CSeq", "1 INVITE");
        request.headers.push("Contact", "<sip:0312345678@192.0.2.1>");
        request.headers.push("Max-Forwards", "70");
        if shape & 4 != 0 {
            request.headers.push("Content-Type", "application/sdp");
            request.body = description(shape).into_bytes();
        }
        if shape & 8 != 0 {
            request.headers.push("Supported", "100rel, timer, replaces");
        }
        add_lines(&mut request.headers, lines);
        self.receive(peer, TransportKind::Udp, request.to_bytes());
        Some(())
    }

    fn receive(&mut self, peer: usize, transport: TransportKind, bytes: Vec<u8>) {
        self.ua.handle_receive(self.now, address(PEERS[peer]), address(LOCAL), transport, &bytes);
        self.last_received = bytes;
    }

    /// Lets time pass, every deadline on its instant.
    fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        let mut rounds = 0;
        while let Some((at, reason)) = self.ua.poll_timeout().filter(|(at, _)| *at <= end) {
            rounds += 1;
            assert!(rounds < 20_000, "busy loop: {reason}");
            self.now = self.now.max(at);
            self.ua.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    fn collect(&mut self) {
        while let Some(Transmit { bytes, .. }) = self.ua.poll_transmit() {
            // Keep-alives: CRLFs, and STUN, whose first two bits are zero (RFC 5626 3.5).
            if bytes == b"\r\n\r\n" || bytes.first().is_some_and(|first| first & 0xC0 == 0 && *first < b' ') {
                continue;
            }
            let message = match parse_datagram(&bytes) {
                Ok(message) => message,
                // The answer to a bad request gives its bad headers back.
                Err(_) if bytes.starts_with(b"SIP/2.0 400 ") || bytes.starts_with(b"SIP/2.0 505 ") => {
                    continue;
                }
                Err(error) => panic!("we sent what is refused, {error}: {}", bytes.escape_ascii()),
            };
            self.sent.push(message);
        }
        // The last ones are enough to answer.
        let old = self.sent.len().saturating_sub(12);
        self.sent.drain(..old);
        while let Some(event) = self.ua.poll_event() {
            match event {
                Event::Incoming { call, source, .. } => {
                    let source = Flow { transport: TransportKind::Udp, peer: source };
                    assert!(self.ua.knows(source), "a stranger's call rings");
                    self.calls.push(call);
                }
                Event::Request { id, .. } => self.requests.push(id),
                Event::Ended { call, .. } => {
                    let known = self.calls.iter().position(|known| *known == call);
                    assert!(known.is_some(), "a call ended twice, or was never there");
                    self.calls.retain(|known| *known != call);
                }
                _ => {}
            }
        }
    }

    fn check(&self) {
        let (clients, servers, calls) = self.ua.load();
        assert!(calls <= MAX_CALLS * 2, "{calls} calls");
        // Requests of calls that exist (ACK, BYE, PRACK, CANCEL) are sent beyond the limit.
        assert!(servers <= MAX_TRANSACTIONS, "{servers} server transactions");
        assert!(clients <= MAX_TRANSACTIONS * 4, "{clients} client transactions");
        assert!(self.ua.strangers().len() <= 1, "one stranger is one source");
        assert!(self.ua.traced_bytes() <= MAX_TRACED, "{} bytes traced", self.ua.traced_bytes());
        let mut mask = Mask::new();
        mask.learn(&self.last_received);
        assert_eq!(mask.apply(&self.last_received).len(), self.last_received.len());
        drop(self.ua.account_traces(self.account));
    }

    /// The owner hangs up and signs off; after the longest timers nothing is left.
    fn finish(mut self) {
        self.collect();
        for call in self.calls.clone() {
            self.ua.hangup(call, HangupReason::Normal, self.now);
        }
        self.ua.unregister(self.account, self.now);
        self.collect();
        self.advance(Duration::from_secs(1_800));
        // A target that failed is asked now and then whether it lives again; between two such OPTIONS all is quiet.
        let quiet = (0..600).any(|_| {
            self.advance(Duration::from_secs(1));
            self.ua.is_idle()
        });
        assert!(quiet, "left over: {:?}, {:?}", self.ua.load(), self.ua.poll_timeout());
        assert!(self.calls.is_empty(), "calls that never ended: {:?}", self.calls);
        let timer = self.ua.poll_timeout().map(|(_, name)| name).filter(|name| *name != "next OPTIONS");
        assert_eq!(timer, None);
    }
}

/// Further header lines `name: value`, as many as the bytes hold.
fn add_lines(headers: &mut sip_stack::message::Headers, lines: &[u8]) {
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name: String = line[..colon]
            .iter()
            .filter(|b| b.is_ascii_alphanumeric() || **b == b'-')
            .map(|b| char::from(*b))
            .collect();
        if !name.is_empty() {
            headers.push(name.as_str(), &line[colon + 1..]);
        }
    }
}

fn description(shape: u8) -> String {
    let direction = ["sendrecv", "sendonly", "recvonly", "inactive"][usize::from(shape >> 3) % 4];
    let port = if shape & 64 == 0 { 4_000 } else { 0 };
    format!(
        "v=0\r\no=- 1 {shape} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 8\r\n\
         a={direction}\r\n"
    )
}

fn capabilities() -> Capabilities {
    Capabilities {
        codecs: vec![CodecSpec::new(CodecName::Pcmu)],
        ..Capabilities::new(IpAddr::from([192, 0, 2, 10]), 16_384)
    }
}

fn flow(peer: usize) -> Flow {
    Flow { transport: TransportKind::Udp, peer: address(PEERS[peer]) }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn uri(text: &str) -> Uri {
    Uri::parse(text).expect("a URI")
}
