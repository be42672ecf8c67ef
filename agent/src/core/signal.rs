//! SIP events become facts of calls.

use std::net::SocketAddr;

use media::types::{Command as MediaCommand, Endpoint, SessionId};
use protocol::result::EarlierCall;
use protocol::{ErrorCode, RpcError};
use sip_stack::identity::CallerId;
use sip_stack::message::Headers;
use sip_stack::sdp::{CodecName, Direction, Negotiated};
use sip_stack::ua::{CallEnd, CallId, EndedBy, Event, HangupReason, Rejection};
use store::{AttemptEnd, AttemptId, AttemptProgress, IncomingCall, Phone};

use super::call::{Closing, Origin, Recording};
use super::job::{Done, close_missed};
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::stream::stream_params;

/// An incoming call between its INVITE and its row on disk.
pub(crate) struct Arriving {
    pub(crate) seat: SeatIndex,
    pub(crate) caller: CallerId,
    pub(crate) sip_call_id: String,
}

impl Core {
    pub(super) fn on_sip(&mut self, event: Event, now: Now) {
        if self.phone_signalled(&event, now) {
            return;
        }
        match event {
            Event::Registration { account, status } => self.registration(account, status, now),
            Event::Incoming { call, replaces: Some(old), request, sip_call_id, .. } => {
                self.take_place(call, old, &request.headers, sip_call_id, now);
            }
            Event::Incoming { call, account, request, sip_call_id, source, own_exchange, .. } => {
                let account = account.filter(|_| own_exchange);
                self.incoming(call, account, &request.headers, sip_call_id, source, now);
            }
            Event::Stranger { source, method, requests, scanner } => {
                self.stranger(source, method.as_ref(), requests, scanner, now);
            }
            Event::Provisional { call, code, reason } if code > 100 => self.ringing(call, code, reason, now),
            Event::EarlyMedia { call, media } => self.early_media(call, &media, now),
            Event::AddressChanged { account } => self.address_changed(account, now),
            Event::Answered { call, media } => {
                self.answered(call, &media, now);
                self.move_waiting(call, now);
            }
            Event::MediaChanged { call, media } => {
                self.media_changed(call, &media, now);
                self.move_waiting(call, now);
            }
            Event::HoldFailed { call, code } => {
                if let Some(attempt) = self.by_sip.get(&call).copied() {
                    self.hold_failed(attempt, code, now);
                }
                self.move_waiting(call, now);
            }
            // Our 200 was out: no other offer could be.
            Event::Confirmed { call } => self.move_waiting(call, now),
            Event::TransferProgress { call, code, reason } => self.transfer_progress(call, code, reason, now),
            Event::Transferred { call, code } => self.transferred(call, code, now),
            Event::TransferFailed { call, code, reason } => self.transfer_failed(call, code, reason, now),
            Event::DtmfFailed { call, code } => self.digits_refused(call, code, now),
            Event::Dtmf { call, digit, .. } => self.digit_told(call, digit, now),
            Event::Ended { call, end } => self.sip_ended(call, &end, now),
            Event::Trunk { account, status } => self.trunk(account, status, now),
            Event::Provisional { .. } => {}
            // No method is handed out by this user agent, and later events are not ours to act on.
            _ => {}
        }
    }

    fn ringing(&mut self, sip: CallId, code: u16, reason: String, now: Now) {
        let Some(call) = self.by_sip.get(&sip).and_then(|a| self.calls.get_mut(a)) else { return };
        call.facts.ringing = true;
        let attempt = call.attempt;
        if call.times.ringing.is_none() {
            call.times.ringing = Some(now.wall);
            if let Some(session) = call.session.filter(|_| !call.media_up) {
                self.media(MediaCommand::LocalRingback { session, on: true });
            }
        }
        self.report_progress(attempt, code, reason, now);
    }

    fn early_media(&mut self, sip: CallId, media: &Negotiated, now: Now) {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.facts.ringing = true;
            call.times.early_media.get_or_insert(now.wall);
        }
        self.stream(attempt, media, now);
        self.report_early_media(attempt, now);
    }

    fn answered(&mut self, sip: CallId, media: &Negotiated, now: Now) {
        if self.took_place(sip, now) {
            return self.media_changed(sip, media, now);
        }
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        call.facts.answered = true;
        call.times.answered = Some(now.wall);
        let (seat, session, second) = (call.seat, call.session, call.parent.is_some());
        self.stream(attempt, media, now);
        if let Some(session) = session {
            self.media(MediaCommand::Answered { session });
        }
        if !second {
            self.seats[seat].dialer.answered();
        }
        let (store, at) = (self.store.clone(), now.wall);
        let mut progress = AttemptProgress::new(attempt);
        progress.answered_at = Some(at);
        self.jobs.spawn(async move { Done::Noted(store.progress(progress).await) });
        self.report_answered(attempt, now);
    }

    fn media_changed(&mut self, sip: CallId, media: &Negotiated, now: Now) {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let before = (call.held, call.held_by_peer);
        // Our direction after the answer: without `send` the peer holds, without `receive` we do.
        let receiving = matches!(media.direction, Direction::SendRecv | Direction::RecvOnly);
        let sending = matches!(media.direction, Direction::SendRecv | Direction::SendOnly);
        call.held = call.hold_wanted && !receiving;
        call.held_by_peer = !sending;
        let changed = before != (call.held, call.held_by_peer);
        self.stream(attempt, media, now);
        if changed {
            self.report_held(attempt, now);
        }
        self.offer_settled(attempt, true, now);
    }

    fn hold_failed(&mut self, attempt: AttemptId, code: Option<u16>, now: Now) {
        tracing::warn!(%attempt, code, "the peer refused hold or resume");
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.hold_wanted = call.held;
        }
        self.report_held(attempt, now);
        self.offer_settled(attempt, false, now);
    }

    /// No offer is under way any more: what waited for that goes on.
    fn offer_settled(&mut self, attempt: AttemptId, accepted: bool, now: Now) {
        if self.calls.get(&attempt).is_some_and(|call| call.take_back) {
            self.take_back(attempt, now);
        }
        self.transfer_held(attempt, accepted, now);
    }

    /// Answers an incoming call: sockets first, then 200 with our answer.
    pub(super) fn answer_incoming(
        &mut self,
        seat: SeatIndex,
        attempt: AttemptId,
        sip: CallId,
        now: Now,
    ) -> Result<(), RpcError> {
        let account = self.seats[seat].account;
        let address = self.media_address(account).ok_or_else(|| RpcError::from(ErrorCode::TrunkDown))?;
        let socket = self.rtp_socket(address)?;
        self.next_session += 1;
        let session = SessionId(self.next_session);
        let rtp = self.advertised(address, socket.port());
        let capabilities = self.accounts[account].capabilities(rtp.ip(), rtp.port());
        let endpoint = Endpoint::Seat(self.seats[seat].media);
        self.media(MediaCommand::OpenSession { session, socket, endpoint });
        self.by_session.insert(session, attempt);
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.session = Some(session);
            call.rtp = Some(rtp);
        }
        self.ua.answer(sip, &capabilities, now.mono);
        Ok(())
    }

    /// Starts or updates the voice of a call; the recording begins with its first voice, so that the announcement of a
    /// dead number is on it.
    fn stream(&mut self, attempt: AttemptId, media: &Negotiated, now: Now) {
        self.encryption_agreed(attempt, media, now);
        let recording = self.recording_path(attempt, now);
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let Some(session) = call.session else { return };
        call.codec = Some(codec_name(media.codec));
        call.telephone_event = media.dtmf_payload_type.is_some();
        let account = &self.accounts[self.seats[call.seat].account];
        let params = stream_params(media, account.config.opus_bitrate, account.identity.as_ref());
        if call.media_up {
            return self.media(MediaCommand::Update { session, params });
        }
        call.media_up = true;
        let record = recording.filter(|_| matches!(call.recording, Recording::None));
        if let Some(path) = &record {
            call.recording = Recording::Live(path.clone());
        }
        self.media(MediaCommand::LocalRingback { session, on: false });
        self.media(MediaCommand::Start { session, params });
        if let Some(path) = record {
            let store = self.store.clone();
            let file = path.clone();
            self.media(MediaCommand::Record { session, path });
            if let Some(notice) = self.config.recording.notice {
                let notice = media::NoticeTone {
                    to_callee: notice.to_callee,
                    to_operator: notice.to_operator,
                    every_ms: u32::try_from(notice.every.as_millis()).unwrap_or(u32::MAX),
                    level_dbm0: f32::from(notice.level_dbm0),
                };
                self.media(MediaCommand::Notice { session, notice: Some(notice) });
            }
            self.jobs
                .spawn(async move { Done::Noted(store.recording_opened(attempt, file, now.wall).await) });
        }
    }

    fn incoming(
        &mut self,
        sip: CallId,
        account: Option<sip_stack::ua::AccountId>,
        headers: &Headers,
        sip_call_id: String,
        source: SocketAddr,
        now: Now,
    ) {
        let account = account.and_then(|id| self.accounts.iter().position(|a| a.id == id));
        let Some(account) = account.filter(|_| self.stopping.is_none()) else {
            tracing::debug!(%source, "call to nobody refused");
            return self.ua.reject(sip, Rejection::new(404), now.mono);
        };
        // The source is the account's own exchange: that was asked above.
        let caller = CallerId::read(headers, self.accounts[account].config.identity.trusted);
        let seat = self.seats.iter().position(|s| s.account == account && s.is_free());
        let seat = seat.filter(|seat| self.arriving.values().all(|other| other.seat != *seat));
        let (Some(seat), true) = (seat, self.keeps_rows()) else {
            self.ua.reject(sip, Rejection::new(486), now.mono);
            return self.missed_while_busy(account, &caller, sip_call_id, now);
        };
        let number = caller.number.clone().unwrap_or_default();
        let row = self.incoming_row(account, Some(seat), &caller, &sip_call_id, now);
        self.arriving.insert(sip, Arriving { seat, caller, sip_call_id });
        let granted_to = self.people.directory().bound(self.seats[seat].user);
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let result = store.open_incoming(row).await;
            let earlier = match &result {
                Ok(arrived) => earlier(&store, number, arrived.attempt, granted_to).await,
                Err(_) => Vec::new(),
            };
            Done::Arrived { sip, earlier, result: result.map(Box::new) }
        });
    }

    /// The row of an incoming call, for the seat where it rings or, when none is free, for the account's first.
    fn incoming_row(
        &self,
        account: usize,
        seat: Option<SeatIndex>,
        caller: &CallerId,
        sip_call_id: &str,
        now: Now,
    ) -> IncomingCall {
        let withheld = caller.withheld.map(|reason| reason.as_str().to_owned());
        let at = seat.or_else(|| self.seats.iter().position(|seat| seat.account == account));
        IncomingCall {
            attempt: Some(AttemptId::generate(now.wall)),
            caller: caller.number.clone().or(withheld),
            called: None,
            seat: at.map(|at| self.seats[at].name.clone()).unwrap_or_default(),
            // Nobody in particular missed a call that rang nowhere.
            user: seat.map(|seat| self.seats[seat].user),
            project: Some(self.project),
            account: self.accounts[account].config.name.clone(),
            sip_call_id: Some(sip_call_id.to_owned()),
            stub: at.and_then(|at| self.stub_name(at, caller)),
            now: now.wall,
        }
    }

    /// A call that was refused because nobody is free: its row is all that tells of it (S2.31).
    fn missed_while_busy(&mut self, account: usize, caller: &CallerId, sip_call_id: String, now: Now) {
        if !self.keeps_rows() {
            return;
        }
        let row = self.incoming_row(account, None, caller, &sip_call_id, now);
        let (store, nudge) = (self.store.clone(), std::sync::Arc::clone(&self.outbox_nudge));
        self.jobs.spawn(async move {
            let result = async {
                let attempt = store.open_incoming(row).await?.attempt;
                close_missed(&store, refused_as_busy(attempt, now), &nudge).await
            };
            Done::Noted(result.await)
        });
    }

    /// The name of the stub contact that an unknown caller becomes, where the site wants one (S3.2).
    fn stub_name(&self, seat: SeatIndex, caller: &CallerId) -> Option<String> {
        let number = caller.number.as_deref().filter(|_| self.config.contacts.create_on_incoming)?;
        let phone = Phone::parse(number).ok()?.phone;
        if !self.may_make_contacts(seat) {
            return None;
        }
        let name = caller.display.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Some(name.map_or_else(|| phone.display_national(), str::to_owned))
    }

    /// Whether the operator of a seat may make contacts; who may not still calls, and no stub is made (S3.11).
    pub(super) fn may_make_contacts(&self, seat: SeatIndex) -> bool {
        let may = self.people.directory().may_make_contacts(self.seats[seat].user);
        if !may {
            let (seat, code) = (&self.seats[seat].name, ErrorCode::WarnNoCreatePerm);
            tracing::warn!(seat, %code, "no contact was made: {}", code.text().en);
        }
        may
    }

    fn sip_ended(&mut self, sip: CallId, end: &CallEnd, now: Now) {
        self.arriving.remove(&sip);
        if self.kept_place(sip) {
            return;
        }
        let Some(attempt) = self.by_sip.remove(&sip) else { return };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        call.sip = None;
        call.times.ended = Some(now.wall);
        let facts = &mut call.facts;
        facts.sip_code = end.sip_code;
        facts.q850 = end.q850;
        facts.ended_by_us = end.by == EndedBy::Local || end.ring_timeout;
        facts.ring_timeout = end.ring_timeout;
        facts.t38 = end.saw_t38;
        facts.unreachable = end.by == EndedBy::Timeout && !end.ring_timeout;
        // A call of ours that was answered without `Event::Answered`.
        facts.no_media = end.answered && !facts.answered && call.origin != Origin::Incoming;
        facts.talked_ms = call.times.answered.map_or(0, |at| u64::try_from(now.wall - at).unwrap_or(0));
        let required = self.accounts[self.seats[call.seat].account].config.srtp == config::Srtp::Required;
        call.trouble =
            call.trouble.or(super::secure::trouble(end, required && call.origin != Origin::Incoming));
        let deadline = now.mono + LAST_WORDS;
        let session = call.session;
        call.closing = Some(Closing { by: end.by, reason: end.reason_text.clone(), deadline });
        // Whoever was to be handed over has left before the exchange was asked.
        self.transfer_answer(attempt, Err(ErrorCode::NoCall.into()));
        match session {
            Some(session) => self.media(MediaCommand::Close { session }),
            None => self.finish(attempt),
        }
    }

    /// The daemon hangs up everything that is up: orderly shutdown.
    pub(super) fn hang_up_all(&mut self, now: Now) {
        for call in self.calls.values_mut().filter(|call| call.origin != Origin::Incoming) {
            call.facts.shutdown = !call.facts.answered && call.closing.is_none();
        }
        self.drop_phones(now);
        let up: Vec<CallId> = self.by_sip.keys().copied().collect();
        for sip in up {
            self.ua.hangup(sip, HangupReason::Normal, now.mono);
        }
    }
}

/// The last calls with the caller before this one, as far as the operator may see them (X7).
async fn earlier(
    store: &store::Store,
    number: String,
    now: AttemptId,
    granted_to: Option<store::UserId>,
) -> Vec<EarlierCall> {
    let query = store::HistoryQuery {
        phone: Some(number),
        include_manual: true,
        include_incoming: true,
        granted_to,
        before: Some(now),
        limit: EARLIER,
        ..store::HistoryQuery::default()
    };
    let rows = store.history(query).await.unwrap_or_default();
    let told = |row: store::AttemptRow| EarlierCall {
        attempt: row.id.to_string(),
        at: row.dialed_at.unwrap_or(row.claimed_at),
        direction: match row.direction {
            store::Direction::Out => protocol::result::Direction::Outgoing,
            store::Direction::In => protocol::result::Direction::Incoming,
        },
        operator: row.user_name,
        label: row.status_label,
        memo: row.memo,
    };
    rows.into_iter().map(told).collect()
}

/// Earlier calls that an incoming one shows.
const EARLIER: u32 = 3;

/// The end of a call that rang nowhere.
fn refused_as_busy(attempt: AttemptId, now: Now) -> AttemptEnd {
    AttemptEnd {
        hangup_by: Some(store::HangupBy::Local),
        sip_code: Some(486),
        sub: Some(String::from("busy")),
        ..AttemptEnd::new(attempt, now.wall)
    }
}

/// How long the media session may take to say its last words (a file's fsync, the last detector).
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(3);

const fn codec_name(codec: CodecName) -> &'static str {
    match codec {
        CodecName::Pcma => "PCMA",
        CodecName::G722 => "G722",
        CodecName::Opus => "opus",
        _ => "PCMU",
    }
}
