//! One user agent against a peer whose every message the test writes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_stack::message::{HeaderName, Message, Method, Request, Response, Uri, parse_datagram};
use sip_stack::sdp::Capabilities;
use sip_stack::transport::{Flow, KeepAliveMethod};
use sip_stack::ua::{
    AccountConfig, AccountId, CallEnd, CallId, Event, HangupReason, Invite, RegistrationStatus, Secret,
    TrunkStatus, UaConfig, UserAgent,
};
use sip_stack::{Transmit, TransportKind};

pub(super) struct Bench {
    pub(super) ua: UserAgent,
    pub(super) now: Instant,
    pub(super) account: AccountId,
    pub(super) events: VecDeque<Event>,
    pub(super) trunks: Vec<TrunkStatus>,
    pub(super) transport: TransportKind,
    sent: VecDeque<Transmit>,
}

pub(super) const LOCAL: &str = "192.0.2.10:5060";
pub(super) const PEER: &str = "192.0.2.1:5060";

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(UaConfig { seed: 42, ..UaConfig::default() }, |_| {})
    }

    pub(super) fn with(config: UaConfig, adjust: impl FnOnce(&mut AccountConfig)) -> Self {
        let now = Instant::now();
        let mut ua = UserAgent::new(config, now);
        ua.set_local_addresses(Some(addr(LOCAL)), Some(addr(LOCAL)));
        let mut config = AccountConfig::new("main", uri("sip:100@pbx.example"));
        config.registrar = Some(uri("sip:pbx.example"));
        config.password = Secret::new("secret");
        // Only the tests of keep-alives want them in between.
        config.keep_alive.method = KeepAliveMethod::Off;
        adjust(&mut config);
        let transport = config.transport();
        let account = ua.add_account(config);
        ua.set_targets(account, vec![Flow { transport, peer: addr(PEER) }], now);
        Self {
            ua,
            now,
            account,
            events: VecDeque::new(),
            trunks: Vec::new(),
            transport,
            sent: VecDeque::new(),
        }
    }

    pub(super) fn invite(&mut self, target: &str) -> CallId {
        self.invite_ringing(target, Duration::from_secs(60))
    }

    pub(super) fn invite_ringing(&mut self, target: &str, ring_timeout: Duration) -> CallId {
        let invite =
            Invite { target: uri(target), capabilities: capabilities(), ring_timeout, headers: Vec::new() };
        let call = self.ua.invite(self.account, invite, self.now).expect("the call starts");
        self.collect();
        call
    }

    pub(super) fn hangup(&mut self, call: CallId) {
        self.ua.hangup(call, HangupReason::Normal, self.now);
        self.collect();
    }

    /// The next message on the wire, which must be a request of this method.
    pub(super) fn request(&mut self, method: Method) -> Request {
        match self.message() {
            Message::Request(request) => {
                assert_eq!(request.method, method, "{request:?}");
                request
            }
            Message::Response(response) => {
                panic!("expected {method}, got {} {}", response.code, response.reason)
            }
        }
    }

    /// The next message on the wire, which must be a response with this code.
    pub(super) fn response(&mut self, code: u16) -> Response {
        match self.message() {
            Message::Response(response) => {
                assert_eq!(response.code, code, "{response:?}");
                response
            }
            Message::Request(request) => panic!("expected {code}, got {}", request.method),
        }
    }

    pub(super) fn transmit(&mut self) -> Transmit {
        self.collect();
        self.sent.pop_front().expect("a message on the wire")
    }

    pub(super) fn take_sent(&mut self) -> Vec<Transmit> {
        self.collect();
        self.sent.drain(..).collect()
    }

    pub(super) fn quiet(&mut self) {
        self.collect();
        let texts: Vec<_> = self.sent.iter().map(|sent| String::from_utf8_lossy(&sent.bytes)).collect();
        assert!(texts.is_empty(), "unexpected: {texts:#?}");
    }

    /// Drops what was sent, e.g. retransmissions that are not the point.
    pub(super) fn ignore_sent(&mut self) -> usize {
        self.collect();
        let count = self.sent.len();
        self.sent.clear();
        count
    }

    pub(super) fn receive(&mut self, message: impl Into<Wire>) {
        let Wire(bytes) = message.into();
        self.receive_from(addr(PEER), &bytes);
    }

    pub(super) fn receive_from(&mut self, source: SocketAddr, bytes: &[u8]) {
        self.ua.handle_receive(self.now, source, addr(LOCAL), self.transport, bytes);
        self.collect();
    }

    /// Lets time pass, handling every deadline on its instant.
    pub(super) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        let mut rounds = 0;
        while let Some((at, reason)) = self.ua.poll_timeout().filter(|(at, _)| *at <= end) {
            rounds += 1;
            assert!(rounds < 10_000, "busy loop: {reason}");
            self.now = self.now.max(at);
            self.ua.handle_timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    /// Lets time pass until something is sent.
    pub(super) fn until_sent(&mut self, limit: Duration) -> Duration {
        let start = self.now;
        self.collect();
        while self.sent.is_empty() {
            let (at, _) = self.ua.poll_timeout().expect("nothing is to happen any more");
            assert!(at <= start + limit, "nothing was sent in time");
            self.now = self.now.max(at);
            self.ua.handle_timeout(self.now);
            self.collect();
        }
        self.now - start
    }

    pub(super) fn event(&mut self) -> Event {
        self.collect();
        self.events.pop_front().expect("an event")
    }

    pub(super) fn no_event(&mut self) {
        self.collect();
        assert!(self.events.is_empty(), "{:?}", self.events);
    }

    pub(super) fn ended(&mut self) -> CallEnd {
        match self.event() {
            Event::Ended { end, .. } => end,
            other => panic!("expected Ended, got {other:?}"),
        }
    }

    /// The call of the next event, which must be `Incoming`.
    pub(super) fn incoming(&mut self) -> CallId {
        match self.event() {
            Event::Incoming { call, .. } => call,
            other => panic!("expected Incoming, got {other:?}"),
        }
    }

    /// Ends an established call from our side.
    pub(super) fn close(mut self, call: CallId) {
        self.events.clear();
        self.hangup(call);
        let bye = self.request(Method::Bye);
        self.receive(reply(&bye, 200, ""));
        assert!(matches!(self.event(), Event::Ended { .. }));
        self.finish();
    }

    pub(super) fn status(&self) -> RegistrationStatus {
        self.ua.registration(self.account)
    }

    /// Waits until everything is over and proves it.
    pub(super) fn finish(mut self) {
        self.advance(Duration::from_secs(120));
        assert!(self.ua.is_idle(), "left over: {:?}", self.ua.load());
        assert_eq!(self.ua.poll_timeout(), None);
    }

    fn message(&mut self) -> Message {
        parse_datagram(&self.transmit().bytes).expect("our own message parses")
    }

    fn collect(&mut self) {
        self.sent.extend(std::iter::from_fn(|| self.ua.poll_transmit()));
        while let Some(event) = self.ua.poll_event() {
            match event {
                Event::Trunk { status, .. } => self.trunks.push(status),
                other => self.events.push_back(other),
            }
        }
    }
}

/// Bytes of a message the peer sends.
pub(super) struct Wire(pub(super) Vec<u8>);

impl From<Response> for Wire {
    fn from(response: Response) -> Self {
        Self(response.to_bytes())
    }
}

impl From<&Response> for Wire {
    fn from(response: &Response) -> Self {
        Self(response.to_bytes())
    }
}

impl From<Request> for Wire {
    fn from(request: Request) -> Self {
        Self(request.to_bytes())
    }
}

impl From<&Request> for Wire {
    fn from(request: &Request) -> Self {
        Self(request.to_bytes())
    }
}

impl From<&str> for Wire {
    fn from(text: &str) -> Self {
        Self(text.replace('\n', "\r\n").into_bytes())
    }
}

/// The peer's answer to a request of ours.
pub(super) fn reply(request: &Request, code: u16, tag: &str) -> Response {
    let mut response = request.response(code, "");
    if !tag.is_empty() {
        response.headers.set_to_tag(tag);
    }
    if matches!(request.method, Method::Invite | Method::Update) && code > 100 && code < 300 {
        response.headers.push(HeaderName::CONTACT, format!("<sip:callee-{tag}@192.0.2.1>"));
    }
    response
}

pub(super) fn with_sdp(mut response: Response, port: u16) -> Response {
    response.headers.push(HeaderName::CONTENT_TYPE, "application/sdp");
    response.body = sdp(port, "sendrecv").into_bytes();
    response
}

pub(super) fn with(mut response: Response, name: &str, value: &str) -> Response {
    response.headers.push(name, value);
    response
}

pub(super) fn sdp(port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
    )
}

/// A request of the peer inside the dialog that our `invite` made; `tag` is the peer's.
pub(super) fn in_dialog(invite: &Request, tag: &str, method: Method, cseq: u32) -> Request {
    let contact = invite.headers.contact().expect("our contact").uri;
    let mut request = Request::new(method.clone(), contact);
    request.headers.push("Via", format!("SIP/2.0/UDP {PEER};branch=z9hG4bK{tag}{cseq}{method};rport"));
    let to = invite.headers.to().expect("to").with_tag(tag);
    request.headers.push("From", to.to_string());
    request.headers.push("To", invite.headers.from().expect("from").to_string());
    request.headers.push("Call-ID", invite.headers.call_id().expect("call-id").as_bytes());
    request.headers.push("CSeq", format!("{cseq} {method}"));
    request.headers.push("Max-Forwards", "70");
    request
}

/// An INVITE of the peer to us.
pub(super) fn peer_invite(branch: &str, body: Option<&str>) -> Request {
    let mut request = Request::new(Method::Invite, uri(&format!("sip:100@{LOCAL}")));
    request.headers.push("Via", format!("SIP/2.0/UDP {PEER};branch=z9hG4bK{branch};rport"));
    request.headers.push("From", "\"Caller\" <sip:0312345678@pbx.example>;tag=caller");
    request.headers.push("To", "<sip:100@pbx.example>");
    request.headers.push("Call-ID", "peer-call-1");
    request.headers.push("CSeq", "1 INVITE");
    request.headers.push("Contact", format!("<sip:0312345678@{PEER}>"));
    request.headers.push("Max-Forwards", "70");
    if let Some(body) = body {
        request.headers.push("Content-Type", "application/sdp");
        request.body = body.as_bytes().to_vec();
    }
    request
}

/// A request of the peer in the dialog of its own `invite`; `response` is what we answered.
pub(super) fn of_caller(invite: &Request, response: &Response, method: Method, cseq: u32) -> Request {
    let mut request = follow_up(invite, method.clone(), Some(response), &format!("{method}{cseq}"));
    request.headers.set("CSeq", format!("{cseq} {method}"));
    request.headers.remove(&HeaderName::REQUIRE);
    request
}

pub(super) fn offering(mut request: Request, body: &str) -> Request {
    request.headers.set(HeaderName::CONTENT_TYPE, "application/sdp");
    request.body = body.as_bytes().to_vec();
    request
}

/// The peer's ACK or CANCEL of its own INVITE; `response` is what we answered.
pub(super) fn follow_up(
    invite: &Request,
    method: Method,
    response: Option<&Response>,
    branch: &str,
) -> Request {
    let mut request = invite.clone();
    request.method = method.clone();
    request.headers.set("CSeq", format!("{} {method}", invite.headers.cseq().expect("cseq").seq));
    request.headers.set("Via", format!("SIP/2.0/UDP {PEER};branch=z9hG4bK{branch};rport"));
    if let Some(response) = response {
        request.headers.set("To", response.headers.to().expect("to").to_string());
    }
    request.headers.remove(&HeaderName::CONTENT_TYPE);
    request.body.clear();
    request
}

pub(super) fn capabilities() -> Capabilities {
    Capabilities::new(addr(LOCAL).ip(), 20_000)
}

pub(super) fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A target by UDP.
pub(super) fn udp(text: &str) -> Flow {
    Flow { transport: TransportKind::Udp, peer: addr(text) }
}

pub(super) fn uri(text: &str) -> Uri {
    Uri::parse(text).expect("a URI")
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
