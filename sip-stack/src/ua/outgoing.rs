//! Outgoing calls: the INVITE and its final answer (RFC 3261 13.2).

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::auth::AuthTries;
use super::build::{SDP, SUPPORTED, add_headers};
use super::call::{AckRecord, Call, Cancel, ClientUse, Early, Established, Outgoing, Phase};
use super::config::AccountConfig;
use super::event::{AccountId, CallEnd, CallId, EndedBy, Event, HangupReason, Invite, InviteError};
use super::registration::loose_route;
use super::session::Session;
use super::timer::UaTimer;
use super::usages::Usages;
use super::{ClientFailure, UserAgent};
use crate::dialog::{Dialog, uri_ip, uri_transport};
use crate::message::{CSeq, HeaderName, Headers, Method, NameAddr, Request, Response, Uri, body_of};
use crate::sdp::{Direction, Negotiator};
use crate::transaction::TransactionId;
use crate::transport::{Flow, TransportKind};

impl UserAgent {
    /// Calls `invite.target` from `account`. The INVITE is ready in `poll_transmit` when this returns.
    ///
    /// # Errors
    /// Nothing was sent: see [`InviteError`].
    pub fn invite(
        &mut self,
        account: AccountId,
        invite: Invite,
        now: Instant,
    ) -> Result<CallId, InviteError> {
        self.start_call(account, invite, true, now)
    }

    /// The same without an offer: the callee makes it in its 2xx or in a reliable provisional, and our ACK or PRACK
    /// answers (RFC 3261 13.2.1).
    ///
    /// # Errors
    /// Nothing was sent: see [`InviteError`].
    pub fn invite_without_offer(
        &mut self,
        account: AccountId,
        invite: Invite,
        now: Instant,
    ) -> Result<CallId, InviteError> {
        self.start_call(account, invite, false, now)
    }

    /// Goes through what [`Self::invite`] does up to the bytes of its INVITE, and drops them: nothing is sent, and no call,
    /// transaction, timer or used nonce count stays. Code and memory that have just been used are used again in a
    /// fraction of the time; call it while a call is about to be asked for.
    ///
    /// Returns the length of the INVITE in bytes.
    ///
    /// # Errors
    /// What [`Self::invite`] would answer.
    pub fn rehearse(&mut self, account: AccountId, invite: Invite) -> Result<usize, InviteError> {
        let call = self.draft(account, invite, true)?;
        let Some((mut request, flow, datagram_only)) = self.invite_of(&call) else {
            return Err(InviteError::UnknownAccount);
        };
        if let Some(entry) = self.accounts.get(account.0 as usize) {
            // A copy takes the nonce count: the peer never sees this one.
            entry.call_auth.clone().authorize(&mut request, &entry.config, "");
        }
        self.finish_request(&mut request, flow, !datagram_only);
        Ok(request.to_bytes().len())
    }

    fn start_call(
        &mut self,
        account: AccountId,
        invite: Invite,
        offer: bool,
        now: Instant,
    ) -> Result<CallId, InviteError> {
        let ring = invite.ring_timeout.min(LONGEST_RING);
        let call = self.draft(account, invite, offer)?;
        let id = CallId(self.fresh_serial());
        self.trace_call(&call.sip_call_id, Some(account));
        self.calls.insert(id, call);
        self.timers.set(UaTimer::RingTimeout(id), now + ring);
        self.send_invite(id, now);
        self.pump(now);
        Ok(id)
    }

    /// The call as it is before its first INVITE.
    fn draft(&mut self, account: AccountId, invite: Invite, offer: bool) -> Result<Call, InviteError> {
        let entry = self.accounts.get(account.0 as usize).ok_or(InviteError::UnknownAccount)?;
        let session = Session::new(entry.config.session);
        let flow = entry.flow().ok_or(InviteError::NoRoute)?;
        if self.calls.len() >= self.config.max_calls || self.layer.is_full() {
            return Err(InviteError::TooManyCalls);
        }
        if matches!(invite.target, Uri::Other { .. }) {
            return Err(InviteError::InvalidTarget);
        }
        // Never in the clear (RFC 3261 26.2.2).
        if invite.target.is_sips() && flow.transport != TransportKind::Tls {
            return Err(InviteError::InsecureRoute);
        }
        let from = caller(&entry.config, &invite.headers).ok_or(InviteError::InvalidTarget)?;
        let mut negotiator = Negotiator::new(self.random.next_u64() >> 2);
        let offer = if offer {
            let offer = negotiator.offer(&invite.capabilities, Direction::SendRecv);
            offer.map_err(|_| InviteError::InvalidTarget)?
        } else {
            Vec::new()
        };
        let outgoing = Outgoing {
            transaction: None,
            to: invite.target.clone(),
            visited: vec![invite.target.to_string()],
            target: invite.target,
            headers: invite.headers,
            from,
            local_tag: self.random.tag(),
            cseq: 1,
            offer,
            flow,
            hop: flow,
            tried: vec![flow],
            early: BTreeMap::new(),
            early_media: None,
            cancel: Cancel::No,
            hangup: HangupReason::Normal,
            ring_timeout: false,
            tries: AuthTries::default(),
            redirects: VecDeque::new(),
            upgraded: false,
            datagram_only: false,
        };
        Ok(Call {
            account: Some(account),
            sip_call_id: self.random.call_id(),
            capabilities: Some(invite.capabilities),
            negotiator,
            phase: Phase::Outgoing(Box::new(outgoing)),
            wish: Direction::SendRecv,
            session,
            peer_allows_update: false,
            usages: Usages::default(),
            answered: false,
            saw_t38: false,
            ended: false,
        })
    }

    /// Sends the call's INVITE as it stands now: the first one, with credentials, or to a new contact.
    pub(crate) fn send_invite(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get(&id) else { return };
        let account = call.account;
        let Some((mut request, flow, datagram_only)) = self.invite_of(call) else { return };
        self.authorize(account, &mut request);
        let (transaction, used) = self.send_sized(request, flow, !datagram_only, ClientUse::Invite(id), now);
        self.forget_early(id);
        if let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) {
            outgoing.transaction = Some(transaction);
            outgoing.upgraded = used.transport != flow.transport;
            outgoing.flow = used;
        }
        self.await_target(id, now);
    }

    /// The call's INVITE without credentials and Via, where it goes, and whether it may not leave the datagram.
    fn invite_of(&self, call: &Call) -> Option<(Request, Flow, bool)> {
        let (Some(account), Phase::Outgoing(outgoing)) = (call.account, &call.phase) else {
            return None;
        };
        let entry = self.accounts.get(account.0 as usize)?;
        // One target for all of a call: its challenge was answered by that server, and repeated requests must meet it.
        let mut flow = outgoing.hop;
        // A redirection to an address goes there; a name stays with the account's exchange (no look-up in the core).
        if outgoing.target != outgoing.to
            && entry.config.outbound_proxy.is_none()
            && let Some(ip) = uri_ip(&outgoing.target)
        {
            flow.transport = uri_transport(&outgoing.target).unwrap_or(flow.transport);
            let port = outgoing.target.port().unwrap_or(flow.transport.default_port());
            flow.peer = std::net::SocketAddr::new(ip, port);
        }
        let contact = self.contact(Some(account), None, flow);
        let mut headers = Headers::new();
        headers.push(HeaderName::MAX_FORWARDS, "70");
        let from = outgoing.from.clone();
        headers.push(HeaderName::FROM, from.with_tag(&outgoing.local_tag).to_string());
        headers.push(HeaderName::TO, NameAddr::new(outgoing.to.clone()).to_string());
        headers.push(HeaderName::CALL_ID, call.sip_call_id.clone());
        headers.push(HeaderName::CSEQ, CSeq::new(outgoing.cseq, Method::Invite).to_string());
        headers.push(HeaderName::CONTACT, contact);
        if let Some(proxy) = entry.config.outbound_proxy.as_ref().filter(|_| entry.service_route.is_empty()) {
            headers.push(HeaderName::ROUTE, loose_route(proxy));
        }
        for route in &entry.service_route {
            headers.push(HeaderName::ROUTE, route.clone());
        }
        headers.push(HeaderName::ALLOW, self.allow());
        headers.push(HeaderName::SUPPORTED, SUPPORTED);
        call.session.ask(&mut headers);
        add_headers(&mut headers, &outgoing.headers);
        let body = outgoing.offer.clone();
        if !body.is_empty() {
            headers.push(HeaderName::CONTENT_TYPE, SDP);
        }
        let request = Request { method: Method::Invite, uri: outgoing.target.clone(), headers, body };
        Some((request, flow, outgoing.datagram_only))
    }

    pub(crate) fn invite_response(
        &mut self,
        id: CallId,
        tx: TransactionId,
        response: Response,
        now: Instant,
    ) {
        match response.code {
            100..=199 => self.invite_provisional(id, tx, &response, now),
            200..=299 => self.invite_accepted(id, tx, &response, now),
            _ => self.invite_refused(id, &response, now),
        }
    }

    /// A 2xx: the first one makes the call, a repeated one repeats its ACK, one of another fork is acknowledged and
    /// hung up (13.2.2.4).
    pub(crate) fn invite_accepted(
        &mut self,
        id: CallId,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        let tag = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
        let records = self.acks.entry(tx).or_default();
        if let Some(record) = records.iter().find(|record| record.remote_tag == tag) {
            let (flow, bytes) = (record.flow, record.bytes.clone());
            self.layer.send(flow, bytes);
            return;
        }
        if records.len() >= MAX_FORKS {
            return;
        }
        let Some((invite, flow)) = self.layer.sent_request(tx) else { return };
        let invite = invite.clone();
        // TCP for the INVITE's size alone says nothing about the rest of the dialog.
        let upgraded = self.calls.get(&id).is_some_and(Call::is_upgraded);
        let flow = if upgraded { Flow { transport: TransportKind::Udp, ..flow } } else { flow };
        let Some(dialog) = Dialog::from_response(&invite, response, flow) else {
            return;
        };
        let first = self
            .calls
            .get_mut(&id)
            .and_then(Call::outgoing)
            .is_some_and(|outgoing| outgoing.transaction == Some(tx));
        if first {
            self.establish(id, tx, &invite, dialog, response, now);
            return;
        }
        let account = self.calls.get(&id).and_then(|call| call.account);
        let mut dialog = dialog;
        // PRACKs of this fork may have used numbers that nobody remembers; a gap does no harm (12.2.2).
        dialog.skip_cseq(FORK_CSEQ_GAP);
        self.acknowledge(tx, &invite, &dialog, None);
        self.send_bye(dialog, account, HangupReason::Normal, now);
    }

    fn establish(
        &mut self,
        id: CallId,
        tx: TransactionId,
        invite: &Request,
        mut dialog: Dialog,
        response: &Response,
        now: Instant,
    ) {
        self.timers.stop(UaTimer::RingTimeout(id));
        self.timers.stop(UaTimer::CancelGiveUp(id));
        let mut early = self.forget_early(id).remove(&dialog.id.remote_tag);
        if let Some(early) = &early {
            // The numbers that PRACK and UPDATE used go on (12.2.1.1).
            dialog.continue_early(&early.dialog);
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let mut end = call.end(EndedBy::Local);
        let capabilities = call.capabilities.clone();
        let mut negotiator = call.negotiator.clone();
        let Some(outgoing) = call.outgoing() else { return };
        let hangup = outgoing.hangup;
        if outgoing.cancel != Cancel::No {
            // The answer crossed our CANCEL (9.1): take it and hang up at once.
            end.sip_code = Some(response.code);
            end.reason_phrase = Some(response.reason.clone());
            self.acknowledge(tx, invite, &dialog, None);
            self.send_bye(dialog, account, hangup, now);
            self.finish_call(id, end);
            return;
        }
        let delayed = outgoing.offer.is_empty();
        let mut answer = None;
        let media = match sdp_body(&response.headers, &response.body) {
            Some(body) if !early.as_ref().is_some_and(|early| early.settled) => {
                if delayed {
                    let agreed = capabilities.and_then(|capabilities| {
                        negotiator.offer_received(body).ok()?;
                        negotiator.answer(&capabilities).ok()
                    });
                    agreed.map(|(bytes, media)| {
                        answer = Some(bytes);
                        media
                    })
                } else {
                    negotiator.answer_received(body).map_err(|error| end.mismatch = Some(error)).ok()
                }
            }
            // Nothing new: what the early dialog agreed on, UPDATE included.
            _ => early.as_mut().and_then(|early| {
                negotiator = early.negotiator.clone();
                early.media.clone()
            }),
        };
        self.acknowledge(tx, invite, &dialog, answer);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(media) = media else {
            end.answered = true;
            end.sip_code = Some(response.code);
            end.reason_phrase = Some("no usable answer to our offer".to_owned());
            end.saw_t38 |= negotiator.saw_t38();
            self.send_bye(dialog, account, HangupReason::Failure, now);
            self.finish_call(id, end);
            return;
        };
        call.answered = true;
        call.negotiator = negotiator;
        call.session.accepted(&response.headers);
        call.peer_allows_update = early.as_ref().is_some_and(|early| early.allows_update);
        call.take_allow(&response.headers);
        self.dialogs.insert(dialog.id.clone(), id);
        call.phase = Phase::Established(Box::new(Established {
            dialog,
            media: Some(media.clone()),
            unacked: None,
            own_offer: early.and_then(|early| early.own_offer),
            refresh: None,
            late_prack: None,
            bye_after_ack: None,
        }));
        self.watch_call(id, now);
        self.events.push_back(Event::Answered { call: id, media });
        self.referred_answered(id);
    }

    /// Sends the ACK of a 2xx and keeps it for repetitions. It carries the INVITE's credentials (13.2.2.4).
    /// `answer` is the one to an offer in the 2xx.
    pub(crate) fn acknowledge(
        &mut self,
        tx: TransactionId,
        invite: &Request,
        dialog: &Dialog,
        answer: Option<Vec<u8>>,
    ) {
        let number = invite.headers.cseq().map_or(1, |cseq| cseq.seq);
        let mut ack = dialog.numbered_request(Method::Ack, number);
        for name in [HeaderName::AUTHORIZATION, HeaderName::PROXY_AUTHORIZATION] {
            for value in invite.headers.get_all(&name) {
                ack.headers.push(name.clone(), value);
            }
        }
        if let Some(answer) = answer {
            ack.headers.push(HeaderName::CONTENT_TYPE, SDP);
            ack.body = answer;
        }
        let flow = self.finish_request(&mut ack, dialog.next_hop(), true);
        let bytes = ack.to_bytes();
        self.layer.send(flow, bytes.clone());
        let remote_tag = dialog.id.remote_tag.clone();
        self.acks.entry(tx).or_default().push(AckRecord { remote_tag, flow, bytes });
    }

    fn invite_refused(&mut self, id: CallId, response: &Response, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(outgoing) = call.outgoing() else { return };
        let cancelled = outgoing.cancel != Cancel::No;
        if !cancelled && matches!(response.code, 401 | 407) && outgoing.tries.may_retry(response) {
            let entry = account.and_then(|account| self.accounts.get_mut(account.0 as usize));
            if entry.is_some_and(|entry| entry.call_auth.learn(response, &entry.config)) {
                outgoing.cseq += 1;
                self.send_invite(id, now);
                return;
            }
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        // A proxy or the callee wants a longer session interval (RFC 4028 7.3).
        if !cancelled && response.code == 422 && call.session.too_small(&response.headers) {
            if let Some(outgoing) = call.outgoing() {
                outgoing.cseq += 1;
            }
            self.send_invite(id, now);
            return;
        }
        // 503 sends this call to the next target (RFC 3263 4.3). The target itself is left alone only where it asks for
        // it and there is another: exchanges say 503 also for a number that cannot be reached, and the caller decides how
        // often that may happen in a row.
        if !cancelled && response.code == 503 {
            if let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) {
                outgoing.cseq += 1;
                outgoing.tries = AuthTries::default();
            }
            let others = self
                .calls
                .get(&id)
                .and_then(|call| call.account)
                .is_some_and(|account| self.targets(account).len() > 1);
            let rest = response.headers.retry_after_wait().filter(|_| others);
            if self.try_next_target(id, rest, now) {
                return;
            }
        }
        if !cancelled && self.try_redirect(id, response, now) {
            return;
        }
        let Some(call) = self.calls.get(&id) else { return };
        // A 487 is the echo of our own CANCEL; any other code was the peer's word.
        let by = if cancelled && response.code == 487 { EndedBy::Local } else { EndedBy::Remote };
        let mut end = call.end(by);
        end.take_response(response);
        self.finish_call(id, end);
    }

    /// No answer at all (Timer B), or the request could not be sent.
    pub(crate) fn invite_unanswered(&mut self, id: CallId, failure: ClientFailure, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(outgoing) = call.outgoing() else { return };
        // TCP was our choice because of the size; a peer without TCP gets the datagram after all (18.1.1).
        if failure == ClientFailure::Transport && outgoing.upgraded && outgoing.cancel == Cancel::No {
            outgoing.datagram_only = true;
            outgoing.cseq += 1;
            self.send_invite(id, now);
            return;
        }
        outgoing.transaction = None;
        let cancelled = outgoing.cancel != Cancel::No;
        if self.try_next_target(id, Some(Duration::ZERO), now) {
            return;
        }
        // A contact that is silent or out of reach is one that failed (8.1.3.1, 8.1.3.4).
        if !cancelled && self.next_contact(id, now) {
            return;
        }
        let Some(call) = self.calls.get(&id) else { return };
        let mut end = call.end(EndedBy::Timeout);
        end.reason_phrase = Some(
            match failure {
                ClientFailure::Timeout => "no answer",
                ClientFailure::Transport => "transport failure",
            }
            .to_owned(),
        );
        self.finish_call(id, end);
    }

    /// Takes the early dialogs out of the call and the table.
    fn forget_early(&mut self, id: CallId) -> BTreeMap<String, Early> {
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else {
            return BTreeMap::new();
        };
        let early = std::mem::take(&mut outgoing.early);
        for early in early.values() {
            self.dialogs.remove(&early.dialog.id);
        }
        early
    }

    /// The end of a call: timers, dialogs and table entry go, the event comes (once).
    pub(crate) fn finish_call(&mut self, id: CallId, end: CallEnd) {
        for timer in UaTimer::of_call(id) {
            self.timers.stop(timer);
        }
        let Some(mut call) = self.calls.remove(&id) else { return };
        self.trace_call_end(&call.sip_call_id);
        if let Some(transfer) = call.usages.transfer.take() {
            self.transfer_cut_off(id, &transfer, &end);
        }
        self.orphans.extend(call.unanswered_refer());
        if let Some(referrer) = call.usages.referrer {
            self.referred_ended(referrer, &end);
        }
        for dialog in call.dialog_ids() {
            self.dialogs.remove(&dialog);
        }
        self.arrived.remove(&(call.sip_call_id, id));
        if !call.ended {
            self.events.push_back(Event::Ended { call: id, end });
        }
    }
}

/// The From of a call: the caller's own, else the account's address. `None` for one that is no address, since the
/// account's in its place could tell whom an anonymous caller hides.
fn caller(account: &AccountConfig, headers: &[(String, String)]) -> Option<NameAddr> {
    match headers.iter().find(|(name, _)| HeaderName::new(name) == HeaderName::FROM) {
        Some((_, own)) => {
            let mut from = NameAddr::parse(own)?;
            from.params.remove("tag");
            Some(from)
        }
        None => {
            Some(NameAddr { display: account.display_name.clone(), ..NameAddr::new(account.aor.clone()) })
        }
    }
}

/// The body or the part of it that is a session description. A body without Content-Type after an offer is taken for one.
pub(crate) fn sdp_body<'a>(headers: &Headers, body: &'a [u8]) -> Option<&'a [u8]> {
    if body.is_empty() {
        return None;
    }
    match headers.contains(&HeaderName::CONTENT_TYPE) {
        true => body_of(headers, body, SDP),
        false => Some(body),
    }
}

/// 端末設備等規則 32条の3: an unanswered call is given up within two minutes.
const LONGEST_RING: Duration = Duration::from_secs(120);
/// Forks of one INVITE that are kept apart.
pub(crate) const MAX_FORKS: usize = 32;
/// What a fork's sequence numbers are raised by before its BYE.
const FORK_CSEQ_GAP: u32 = 1000;
