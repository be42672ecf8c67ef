//! Bytes in: parsing, Via stamping, sorting into transactions and dialogs.

use std::net::SocketAddr;
use std::time::Instant;

use super::call::ClientUse;
use super::timer::UaTimer;
use super::{ClientFailure, UserAgent};
use crate::dialog::DialogId;
use crate::message::{
    Message, Method, ParseError, Rejected, Request, Response, parse_datagram, parse_framed,
};
use crate::transaction::{Received, TransactionId};
use crate::transport::{Flow, TransportKind, stun};

impl UserAgent {
    /// One datagram, or one message cut out of a stream. `source` is the peer's address, `local` ours.
    pub fn handle_receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        local: SocketAddr,
        transport: TransportKind,
        bytes: &[u8],
    ) {
        let flow = Flow { transport, peer: source };
        // Keep-alives: CRLFs of RFC 5626, zero bytes of old devices.
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            if transport.is_reliable() {
                self.pong_received(flow, now);
            }
            return;
        }
        if transport == TransportKind::Udp && stun::is_stun(bytes) {
            self.stun_received(source, bytes, now);
            return;
        }
        self.counters.received += 1;
        self.note_received(now, flow, local, bytes);
        let parsed = match transport {
            TransportKind::Udp => parse_datagram(bytes),
            TransportKind::Tcp | TransportKind::Tls => parse_framed(bytes),
        };
        match parsed {
            Ok(Message::Request(request)) => self.receive_request(request, flow, now),
            Ok(Message::Response(response)) => {
                if self.layer.receive_response(response, now).is_some() {
                    self.counters.stray += 1;
                }
            }
            Err(error) => self.handle_malformed(now, flow, &error),
        }
        self.pump(now);
    }

    /// Bytes that are no message: counted, and answered where the RFC asks for it and a Via says where to. A stranger's
    /// count as its requests do.
    pub fn handle_malformed(&mut self, now: Instant, flow: Flow, error: &ParseError) {
        self.counters.malformed += 1;
        tracing::debug!(peer = %flow.peer, %error, "malformed message");
        let rejected = match error {
            ParseError::Rejected(rejected) => Some(rejected.as_ref()),
            ParseError::Unusable(_) => None,
        };
        if !self.knows(flow) {
            self.turn_away_malformed(rejected, flow, now);
            return;
        }
        let Some(mut response) = rejected.and_then(Rejected::response) else { return };
        let Ok(mut via) = response.headers.via() else { return };
        let reply = reply_flow(&mut via, flow);
        response.headers.replace_top_via(&via);
        let tag = self.random.tag();
        response.headers.set_to_tag(&tag);
        self.layer.send(reply, response.to_bytes());
    }

    fn receive_request(&mut self, mut request: Request, flow: Flow, now: Instant) {
        let Ok(mut via) = request.headers.via() else {
            self.counters.malformed += 1;
            return;
        };
        let reply = reply_flow(&mut via, flow);
        request.headers.replace_top_via(&via);
        if !self.may_talk(&request, flow) {
            self.turn_away(&request, flow, reply, now);
            return;
        }
        match self.layer.receive_request(&request, reply, now) {
            Received::New(id) => self.new_request(id, request, flow, now),
            Received::Absorbed => {}
            Received::Ack => self.ack_received(&request, now),
            Received::Overload => {
                self.counters.overload += 1;
                let mut response = self.response(&request, 503, "");
                response.headers.push(crate::message::HeaderName::RETRY_AFTER, "5");
                self.layer.send(reply, response.to_bytes());
            }
        }
    }

    fn new_request(&mut self, id: TransactionId, request: Request, flow: Flow, now: Instant) {
        if request.method == Method::Cancel {
            self.cancel_received(id, &request, now);
            return;
        }
        let dialog = dialog_id(&request);
        match dialog.as_ref().and_then(|dialog| self.dialogs.find(dialog)) {
            Some(call) => self.in_dialog_request(call, id, request, flow, now),
            None => self.out_of_dialog_request(id, request, flow, now),
        }
    }

    pub(crate) fn client_response(&mut self, id: TransactionId, response: Response, now: Instant) {
        self.authentication_info(id, &response);
        match self.uses.get(&id) {
            Some(ClientUse::Bye(_)) => self.bye_response(id, &response, now),
            Some(ClientUse::Invite(call)) => {
                let call = *call;
                self.timers.stop(UaTimer::NextTarget(call));
                let from =
                    self.calls.get(&call).and_then(|entry| Some((entry.account?, entry.answered_by()?)));
                if let Some((account, flow)) = from.filter(|_| response.code != 503) {
                    self.target_answered(account, flow, now);
                }
                self.invite_response(call, id, response, now);
            }
            Some(ClientUse::Orphan { .. }) => self.orphan_response(id, response, now),
            Some(ClientUse::Ping(account)) => {
                let account = *account;
                self.ping_response(id, account, &response, now);
            }
            Some(ClientUse::Register(account)) => {
                let account = *account;
                self.register_response(account, &response, now);
            }
            Some(ClientUse::Reinvite { call, .. }) => {
                let call = *call;
                self.reinvite_response(call, id, &response, now);
            }
            Some(ClientUse::Update { call, tag }) => {
                let (call, tag) = (*call, tag.clone());
                self.update_response(call, &tag, id, &response, now);
            }
            Some(ClientUse::Refer(call)) => {
                let call = *call;
                self.refer_response(call, id, &response, now);
            }
            Some(ClientUse::Notify(call)) => {
                let call = *call;
                self.notify_response(call, id, &response);
            }
            Some(ClientUse::Info(call)) => {
                let call = *call;
                self.info_response(call, id, &response, now);
            }
            Some(ClientUse::Prack(_)) => self.prack_response(id, &response, now),
            Some(ClientUse::Cancel) | None => {}
        }
    }

    pub(crate) fn client_failed(&mut self, id: TransactionId, failure: ClientFailure, now: Instant) {
        match self.uses.remove(&id) {
            Some(ClientUse::Invite(call)) => self.invite_unanswered(call, failure, now),
            Some(ClientUse::Register(account)) => self.register_unanswered(account, failure, now),
            Some(ClientUse::Reinvite { call, dialog }) => {
                self.reinvite_unanswered(call, &dialog.id.remote_tag, failure, now);
            }
            Some(ClientUse::Update { call, tag }) => self.update_unanswered(call, &tag, id, failure, now),
            Some(ClientUse::Ping(account)) => self.ping_failed(id, account, now),
            Some(ClientUse::Refer(call)) => self.refer_unanswered(call, id, failure),
            Some(ClientUse::Notify(call)) => self.notify_unanswered(call, id),
            Some(ClientUse::Info(call)) => self.info_unanswered(call, id),
            Some(ClientUse::Bye(_) | ClientUse::Cancel | ClientUse::Orphan { .. } | ClientUse::Prack(_))
            | None => {}
        }
    }
}

/// The dialog a received request names: only with a To tag (RFC 3261 12.2.2).
pub(crate) fn dialog_id(request: &Request) -> Option<DialogId> {
    let to = request.headers.to().ok()?;
    let from = request.headers.from().ok()?;
    Some(DialogId {
        call_id: request.headers.call_id()?.into_owned(),
        local_tag: to.tag()?.to_owned(),
        remote_tag: from.tag().unwrap_or_default().to_owned(),
    })
}

/// Stamps the Via and says where the answer goes: the source when `rport` asks for it, else the source's address
/// with the port of sent-by (RFC 3261 18.2.2, RFC 3581 4); on a stream always the connection.
pub(crate) fn reply_flow(via: &mut crate::message::Via, source: Flow) -> Flow {
    let rport = via.params.contains("rport");
    via.stamp(source.peer);
    if source.transport.is_reliable() || rport {
        return source;
    }
    let port = via.port.unwrap_or(crate::dialog::DEFAULT_PORT);
    Flow { peer: SocketAddr::new(source.peer.ip(), port), ..source }
}
