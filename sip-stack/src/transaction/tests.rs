//! The four machines, transition by transition, named by clause and timer.
#![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

use std::time::{Duration, Instant};

use super::*;
use crate::message::{HeaderName, Message, parse_datagram};

pub(super) struct Rig {
    pub(super) layer: TransactionLayer,
    pub(super) now: Instant,
    pub(super) flow: Flow,
}

impl Rig {
    pub(super) fn new(transport: TransportKind) -> Self {
        let flow = Flow { transport, peer: "192.0.2.1:5060".parse().unwrap() };
        Self { layer: TransactionLayer::new(Timers::default(), 16), now: Instant::now(), flow }
    }

    fn udp() -> Self {
        Self::new(TransportKind::Udp)
    }

    fn tcp() -> Self {
        Self::new(TransportKind::Tcp)
    }

    fn start(&mut self, method: Method) -> (TransactionId, Request) {
        let request = request(method, "z9hG4bKclient");
        let id = self.layer.request(request.clone(), self.flow, self.now);
        assert_eq!(self.sent(), 1);
        (id, request)
    }

    fn serve(&mut self, method: Method) -> (TransactionId, Request) {
        let request = request(method, "z9hG4bKserver");
        match self.layer.receive_request(&request, self.flow, self.now) {
            Received::New(id) => (id, request),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, request: &Request, code: u16) {
        assert!(self.layer.receive_response(request.response(code, ""), self.now).is_none());
    }

    fn respond(&mut self, id: TransactionId, request: &Request, code: u16) {
        self.layer.respond(id, &request.response(code, ""), self.now);
    }

    /// Times of transmissions within the next `span`, in milliseconds from now.
    fn transmissions(&mut self, span: Duration) -> Vec<u128> {
        let start = self.now;
        let mut times = Vec::new();
        while let Some((at, _)) = self.layer.poll_timeout().filter(|(at, _)| *at <= start + span) {
            self.now = at;
            self.layer.handle_timeout(at);
            times.extend((0..self.sent()).map(|_| (at - start).as_millis()));
        }
        self.now = start + span;
        times
    }

    fn sent(&mut self) -> usize {
        std::iter::from_fn(|| self.layer.poll_transmit()).count()
    }

    pub(super) fn sent_methods(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.layer.poll_transmit())
            .map(|sent| match parse_datagram(&sent.bytes).unwrap() {
                Message::Request(request) => request.method.to_string(),
                Message::Response(response) => response.code.to_string(),
            })
            .collect()
    }

    pub(super) fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.layer.poll_event())
            .map(|event| match event {
                TransactionEvent::AckTimeout => "no ack".to_owned(),
                TransactionEvent::Response { response, .. } => response.code.to_string(),
                TransactionEvent::Terminated { .. } => "end".to_owned(),
                TransactionEvent::Timeout { .. } => "timeout".to_owned(),
                TransactionEvent::TransportFailed { .. } => "transport".to_owned(),
            })
            .collect()
    }

    pub(super) fn is_over(&self) -> bool {
        self.layer.is_empty()
            && self.layer.client_keys.is_empty()
            && self.layer.server_keys.is_empty()
            && self.layer.poll_timeout().is_none()
    }
}

pub(super) fn request(method: Method, branch: &str) -> Request {
    let text = format!(
        "{method} sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch={branch}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:bob@h>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Route: <sip:192.0.2.9;lr>\r\n\r\n"
    );
    match parse_datagram(text.as_bytes()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => unreachable!(),
    }
}

const LONG: Duration = Duration::from_secs(64);

#[test]
fn invite_client_17_1_1_2_timer_a_doubles_and_timer_b_gives_up() {
    let mut rig = Rig::udp();
    rig.start(Method::Invite);
    assert_eq!(rig.transmissions(LONG), [500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(rig.events(), ["timeout", "end"]);
    assert!(rig.is_over());
}

#[test]
fn invite_client_over_tcp_has_no_timer_a() {
    let mut rig = Rig::tcp();
    rig.start(Method::Invite);
    assert!(rig.transmissions(LONG).is_empty());
    assert_eq!(rig.events(), ["timeout", "end"]);
}

#[test]
fn invite_client_a_provisional_stops_timers_a_and_b() {
    let mut rig = Rig::udp();
    let (id, request) = rig.start(Method::Invite);
    rig.answer(&request, 180);
    assert!(rig.transmissions(LONG).is_empty());
    assert_eq!(rig.events(), ["180"]);
    rig.layer.abandon(id);
    assert!(rig.is_over());
}

/// Neither further provisionals nor silence keep the transaction beyond Timer C.
#[test]
fn invite_client_proceeding_ends_with_timer_c() {
    for rig in [Rig::udp(), Rig::tcp()] {
        let mut rig = rig;
        let (_, request) = rig.start(Method::Invite);
        rig.answer(&request, 100);
        rig.transmissions(Duration::from_secs(170));
        rig.answer(&request, 180);
        assert_eq!(rig.events(), ["100", "180"]);
        rig.transmissions(Duration::from_secs(9));
        assert!(!rig.layer.is_empty());
        rig.transmissions(Duration::from_secs(2));
        assert_eq!(rig.events(), ["timeout", "end"]);
        assert!(rig.is_over());
    }
}

#[test]
fn invite_client_completed_repeats_the_ack_until_timer_d() {
    let mut rig = Rig::udp();
    let (_, request) = rig.start(Method::Invite);
    for _ in 0..3 {
        rig.answer(&request, 486);
    }
    assert_eq!(rig.sent_methods(), ["ACK", "ACK", "ACK"]);
    assert_eq!(rig.events(), ["486"]);
    rig.transmissions(Duration::from_secs(31));
    assert!(!rig.layer.is_empty());
    rig.transmissions(Duration::from_secs(2));
    assert_eq!(rig.events(), ["end"]);
    assert!(rig.is_over());
}

#[test]
fn invite_client_over_tcp_ends_with_its_ack() {
    let mut rig = Rig::tcp();
    let (_, request) = rig.start(Method::Invite);
    rig.answer(&request, 603);
    assert_eq!(rig.sent_methods(), ["ACK"]);
    assert_eq!(rig.events(), ["603", "end"]);
    assert!(rig.is_over());
}

#[test]
fn invite_client_rfc_6026_accepted_passes_every_2xx_until_timer_m() {
    let mut rig = Rig::udp();
    let (_, request) = rig.start(Method::Invite);
    rig.answer(&request, 200);
    rig.answer(&request, 200);
    rig.answer(&request, 486);
    assert_eq!(rig.sent(), 0);
    assert_eq!(rig.events(), ["200", "200"]);
    assert_eq!(rig.layer.poll_timeout().map(|(_, reason)| reason), Some("timer M"));
    rig.transmissions(LONG);
    assert_eq!(rig.events(), ["end"]);
    assert!(rig.layer.receive_response(request.response(200, ""), rig.now).is_some());
}

#[test]
fn cancel_9_1_needs_a_provisional_and_no_final() {
    let mut rig = Rig::udp();
    let (id, request) = rig.start(Method::Invite);
    let none = Headers::new();
    assert_eq!(rig.layer.cancel(id, &none, rig.now), None);
    rig.answer(&request, 100);
    let cancel = rig.layer.cancel(id, &none, rig.now).unwrap();
    let sent = rig.layer.sent_request(cancel).unwrap().0.clone();
    assert_eq!(sent.headers.via().unwrap(), request.headers.via().unwrap());
    assert_eq!(sent.headers.get(&HeaderName::ROUTE), request.headers.get(&HeaderName::ROUTE));
    // The 200 to the CANCEL and the 487 to the INVITE share the branch; the CSeq method tells them apart.
    rig.answer(&sent, 200);
    rig.answer(&request, 487);
    assert_eq!(rig.events(), ["100", "200", "487"]);
    assert_eq!(rig.layer.cancel(id, &none, rig.now), None);
    rig.sent();
    rig.transmissions(LONG);
    assert!(rig.is_over());
}

#[test]
fn client_17_1_2_2_timer_e_doubles_to_t2_and_timer_f_gives_up() {
    let mut rig = Rig::udp();
    rig.start(Method::Options);
    let times = rig.transmissions(LONG);
    assert_eq!(times, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(rig.events(), ["timeout", "end"]);
    assert!(rig.is_over());
}

#[test]
fn client_proceeding_repeats_every_t2() {
    let mut rig = Rig::udp();
    let (_, request) = rig.start(Method::Options);
    rig.answer(&request, 100);
    assert_eq!(rig.transmissions(Duration::from_secs(9)), [500, 4500, 8500]);
    rig.answer(&request, 200);
    rig.answer(&request, 200);
    assert_eq!(rig.events(), ["100", "200"]);
    assert_eq!(
        rig.layer.poll_timeout().map(|(at, reason)| (at - rig.now, reason)),
        Some((Duration::from_secs(5), "timer K"))
    );
    rig.transmissions(LONG);
    assert!(rig.is_over());
}

#[test]
fn client_over_tcp_ends_with_the_final() {
    let mut rig = Rig::tcp();
    let (_, request) = rig.start(Method::Bye);
    rig.answer(&request, 200);
    assert_eq!(rig.events(), ["200", "end"]);
    assert!(rig.is_over());
}

#[test]
fn a_broken_flow_fails_what_was_not_answered() {
    let mut rig = Rig::tcp();
    let (_, invite) = rig.start(Method::Invite);
    rig.layer.transport_failed(TransportKind::Tcp, "192.0.2.7:5060".parse().unwrap(), rig.now);
    assert!(rig.events().is_empty());
    rig.answer(&invite, 180);
    rig.start(Method::Options);
    rig.layer.transport_failed(rig.flow.transport, rig.flow.peer, rig.now);
    assert_eq!(rig.events(), ["180", "transport", "end"]);
    rig.answer(&invite, 486);
    assert_eq!(rig.events(), ["486", "end"]);
}

#[test]
fn invite_server_17_2_1_timer_g_repeats_and_timer_h_gives_up() {
    let mut rig = Rig::udp();
    let (id, request) = rig.serve(Method::Invite);
    rig.respond(id, &request, 486);
    assert_eq!(rig.sent(), 1);
    let times = rig.transmissions(LONG);
    assert_eq!(times, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(rig.events(), ["no ack", "end"]);
    assert!(rig.is_over());
}

#[test]
fn invite_server_absorbs_acks_until_timer_i() {
    let mut rig = Rig::udp();
    let (id, invite) = rig.serve(Method::Invite);
    rig.respond(id, &invite, 100);
    assert_eq!(rig.layer.receive_request(&invite, rig.flow, rig.now), Received::Absorbed);
    assert_eq!(rig.sent_methods(), ["100", "100"]);
    rig.respond(id, &invite, 404);
    assert_eq!(rig.layer.receive_request(&invite, rig.flow, rig.now), Received::Absorbed);
    assert_eq!(rig.sent_methods(), ["404", "404"]);
    let ack = request(Method::Ack, "z9hG4bKserver");
    for _ in 0..2 {
        assert_eq!(rig.layer.receive_request(&ack, rig.flow, rig.now), Received::Absorbed);
    }
    assert_eq!(rig.layer.poll_timeout().map(|(_, reason)| reason), Some("timer I"));
    assert!(rig.transmissions(LONG).is_empty());
    assert!(rig.is_over());
}

#[test]
fn invite_server_rfc_6026_accepted_absorbs_invites_until_timer_l() {
    let mut rig = Rig::udp();
    let (id, invite) = rig.serve(Method::Invite);
    rig.respond(id, &invite, 200);
    rig.respond(id, &invite, 200);
    assert_eq!(rig.sent(), 2);
    assert_eq!(rig.layer.receive_request(&invite, rig.flow, rig.now), Received::Absorbed);
    rig.respond(id, &invite, 486);
    assert_eq!(rig.sent(), 0);
    let ack = request(Method::Ack, "z9hG4bKanother");
    assert_eq!(rig.layer.receive_request(&ack, rig.flow, rig.now), Received::Ack);
    assert_eq!(rig.layer.poll_timeout().map(|(_, reason)| reason), Some("timer L"));
    rig.transmissions(LONG);
    assert!(rig.is_over());
}

#[test]
fn server_17_2_2_repeats_its_answer_until_timer_j() {
    let mut rig = Rig::udp();
    let (id, request) = rig.serve(Method::Options);
    assert_eq!(rig.layer.receive_request(&request, rig.flow, rig.now), Received::Absorbed);
    assert_eq!(rig.sent(), 0);
    rig.respond(id, &request, 200);
    assert_eq!(rig.layer.receive_request(&request, rig.flow, rig.now), Received::Absorbed);
    rig.respond(id, &request, 500);
    assert_eq!(rig.sent_methods(), ["200", "200"]);
    assert_eq!(rig.layer.poll_timeout().map(|(_, reason)| reason), Some("timer J"));
    rig.transmissions(LONG);
    assert!(rig.is_over());
}

#[test]
fn server_over_tcp_ends_with_its_final() {
    let mut rig = Rig::tcp();
    let (id, request) = rig.serve(Method::Options);
    rig.respond(id, &request, 200);
    assert!(rig.is_over());
}

#[test]
fn matching_17_2_3_tells_senders_and_methods_apart() {
    let mut rig = Rig::udp();
    let (invite, request_a) = rig.serve(Method::Invite);
    let mut other_sender = request_a;
    other_sender.headers.set(HeaderName::VIA, "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKserver");
    assert!(matches!(rig.layer.receive_request(&other_sender, rig.flow, rig.now), Received::New(_)));
    let cancel = request(Method::Cancel, "z9hG4bKserver");
    assert_eq!(rig.layer.invite_of_cancel(&cancel), Some(invite));
    assert!(
        matches!(rig.layer.receive_request(&cancel, rig.flow, rig.now), Received::New(id) if id != invite)
    );
}

#[test]
fn matching_of_rfc_2543_peers() {
    let mut rig = Rig::udp();
    let old = request(Method::Invite, "1");
    let Received::New(id) = rig.layer.receive_request(&old, rig.flow, rig.now) else { panic!("not new") };
    rig.respond(id, &old, 486);
    let mut ack = request(Method::Ack, "1");
    ack.headers.set(HeaderName::TO, "<sip:bob@h>;tag=ours");
    assert_eq!(rig.layer.receive_request(&ack, rig.flow, rig.now), Received::Absorbed);
    assert_eq!(rig.layer.poll_timeout().map(|(_, reason)| reason), Some("timer I"));
}

#[test]
fn a_full_table_takes_no_new_request() {
    let mut rig = Rig::udp();
    for n in 0..16 {
        let request = request(Method::Options, &format!("z9hG4bK{n}x"));
        assert!(matches!(rig.layer.receive_request(&request, rig.flow, rig.now), Received::New(_)));
    }
    let one_more = request(Method::Options, "z9hG4bKmore");
    assert_eq!(rig.layer.receive_request(&one_more, rig.flow, rig.now), Received::Overload);
}
