//! Carries out what a seat's dialer asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use dialer::outcome::Facts;
use dialer::{Action, ClaimIntent, SaveIntent, SeatChange};
use media::RtpSocket;
use media::types::{Command as MediaCommand, Endpoint, SessionId};
use protocol::ErrorCode;
use sip_stack::ua::{CallId, EndedBy, HangupReason, Invite};
use store::{Advance, AttemptId, ClaimSpec, Claimed, DialRules, Save, SetBy};

use super::call::{Call, Closing, Origin, Party};
use super::identity::{self, plan};
use super::job::Done;
use super::{AccountRuntime, Core, SeatIndex, account};
use crate::clock::Now;

impl Core {
    pub(super) fn act(&mut self, seat: SeatIndex, action: Action, now: Now) {
        match action {
            Action::Advance { seal, save, claim } => self.advance(seat, seal, save, claim, now),
            Action::MarkDialing(attempt) => self.mark(seat, AttemptId(attempt.0), now),
            Action::PlaceCall { attempt, ring_timeout } => {
                self.place(seat, AttemptId(attempt.0), ring_timeout, now);
            }
            Action::HangUp(attempt) => self.hang_up(AttemptId(attempt.0), HangupReason::Normal, now),
            Action::Release { attempt, skipped } => self.release(seat, AttemptId(attempt.0), skipped, now),
            Action::End(ended) => self.write_end(seat, ended, now),
            Action::Save { attempt, save } => {
                let save = self.save_of(seat, AttemptId(attempt.0), save, now);
                let (attempt, memo) = (save.attempt, save.memo.clone());
                // Asked for here, so that no seal of the machine's comes before it.
                let saving = self.store.save(save);
                self.jobs.spawn(async move { Done::Saved { seat, attempt, memo, result: saving.await } });
            }
            Action::Changed(change) => self.seat_changed(seat, change, now),
        }
    }

    fn advance(
        &mut self,
        seat: SeatIndex,
        seal: Option<dialer::AttemptId>,
        save: Option<SaveIntent>,
        claim: Option<ClaimIntent>,
        now: Now,
    ) {
        // Whoever goes on to the next call has nobody to ask about the last.
        self.end_consult(seat, now);
        let seal = seal.map(|attempt| AttemptId(attempt.0));
        let save = save.and_then(|save| Some(self.save_of(seat, seal?, save, now)));
        let claim = claim.map(|intent| self.claim_of(seat, intent, now));
        let runtime = &self.seats[seat];
        let advance = Advance {
            now: now.wall,
            seat: runtime.name.clone(),
            user: runtime.user,
            save,
            seal_attempt: seal,
            claim,
        };
        let saved = advance.save.is_some();
        let dials = advance.claim.as_ref().is_some_and(|claim| claim.dial_now);
        let advancing = self.store.advance(advance);
        self.jobs
            .spawn(async move { Done::Advanced { seat, seal, saved, result: Box::new(advancing.await) } });
        if dials {
            self.bind_ahead(seat);
        }
    }

    /// Binds the sockets of the call to come while the disk takes its row.
    fn bind_ahead(&mut self, seat: SeatIndex) {
        let address = self.media_address(self.seats[seat].account);
        // Where this fails, it fails again when the call is placed, and is told then.
        let socket = address.and_then(|address| self.rtp_socket(address).ok());
        self.seats[seat].bound = socket;
    }

    pub(super) fn claim_of(&self, seat: SeatIndex, intent: ClaimIntent, now: Now) -> ClaimSpec {
        let account = &self.accounts[self.seats[seat].account].config;
        ClaimSpec {
            attempt: AttemptId::generate(now.wall),
            list: store::ListId(intent.list.0),
            plan: plan(account),
            dial_now: intent.dial_now,
            rules: self.rules(seat),
            claim_until: now.wall + CLAIM_LEASE_MS,
            skip: Vec::new(),
            account: account.name.clone(),
            caller_id: account.caller_id.clone(),
        }
    }

    pub(super) fn rules(&self, seat: SeatIndex) -> DialRules {
        let practice = self.accounts[self.seats[seat].account].config.kind == config::AccountKind::Practice;
        DialRules {
            practice,
            repeat_gap_ms: i64::try_from(self.config.dialing.repeat_gap.as_millis()).unwrap_or(i64::MAX),
            max_repeats_per_day: self.config.dialing.max_repeats_per_day,
            steps: self.clock_steps.clone(),
            ..DialRules::default()
        }
    }

    pub(super) fn save_of(&self, seat: SeatIndex, attempt: AttemptId, save: SaveIntent, now: Now) -> Save {
        Save {
            attempt,
            status: save.status.unwrap_or_default(),
            set_by: SetBy::Operator,
            memo: save.memo,
            recall_at: save.recall_at,
            save_seq: self.seats[seat].save_seq,
            now: now.wall,
            user: self.seats[seat].user,
        }
    }

    fn mark(&mut self, seat: SeatIndex, attempt: AttemptId, now: Now) {
        let (store, rules) = (self.store.clone(), self.rules(seat));
        self.jobs.spawn(async move {
            let result = store.mark_dialing(attempt, rules, now.wall).await;
            Done::Marked { seat, attempt, result: Box::new(result) }
        });
    }

    fn release(&mut self, seat: SeatIndex, attempt: AttemptId, skipped: bool, now: Now) {
        self.seats[seat].shown = None;
        self.spawn_release(seat, attempt, skipped, Duration::ZERO, now);
    }

    /// Also used to try again after trouble with the store.
    pub(super) fn spawn_release(
        &mut self,
        seat: SeatIndex,
        attempt: AttemptId,
        skipped: bool,
        after: Duration,
        now: Now,
    ) {
        let store = self.store.clone();
        self.jobs.spawn(async move {
            super::job::pause(after).await;
            let result = if skipped {
                store.skip(attempt, now.wall).await
            } else {
                store.release(attempt, now.wall).await
            };
            Done::Released { seat, attempt, skipped, result }
        });
    }

    /// The attempt is on disk: the INVITE leaves. What fails before it does ends the attempt as our own fault.
    fn place(&mut self, seat: SeatIndex, attempt: AttemptId, ring_timeout: Duration, now: Now) {
        let Some(shown) = self.seats[seat].shown.clone() else {
            tracing::error!(%attempt, "a call without its lead was asked for");
            return self.seats[seat].dialer.ended(dialer::AttemptId(attempt.0), super::ended::own_fault());
        };
        let origin = if shown.lead.is_some() { Origin::List } else { Origin::Manual };
        let call = Call::new(attempt, seat, origin, Party::of(&shown), now.wall);
        if self.stopping.is_some() {
            // The stop came while the row was being written.
            self.calls.insert(attempt, call);
            let facts = Facts { withdrawn: true, ..Facts::default() };
            return self.seats[seat].dialer.ended(dialer::AttemptId(attempt.0), facts);
        }
        self.dial_out(seat, call, &shown, ring_timeout, now);
    }

    /// The call's INVITE leaves; where it cannot, the call ends as our own fault.
    pub(super) fn dial_out(
        &mut self,
        seat: SeatIndex,
        mut call: Call,
        shown: &Claimed,
        ring_timeout: Duration,
        now: Now,
    ) {
        let attempt = call.attempt;
        match self.invite(seat, shown, ring_timeout, now) {
            Ok(Placed { sip, session, socket, rtp }) => {
                call.sip = Some(sip);
                call.rtp = Some(rtp);
                call.sip_call_id = self.ua.sip_call_id(sip).map(str::to_owned);
                call.session = Some(session);
                // The INVITE is on the wire before the media engine hears of the call.
                self.driver.flush(&mut self.ua);
                self.by_sip.insert(sip, attempt);
                self.by_session.insert(session, attempt);
                let endpoint = Endpoint::Seat(self.seats[seat].media);
                self.media(MediaCommand::OpenSession { session, socket, endpoint });
                self.report_dialing(&call, now);
                self.calls.insert(attempt, call);
            }
            Err(code) => {
                tracing::warn!(%attempt, seat = self.seats[seat].name, code = code.as_str(), "call not placed");
                call.times.ended = Some(now.wall);
                let reason = Some(code.as_str().to_owned());
                call.closing = Some(Closing { by: EndedBy::Local, reason, deadline: now.mono });
                self.calls.insert(attempt, call);
                self.judge(attempt, super::ended::own_fault(), now);
            }
        }
    }

    fn invite(
        &mut self,
        seat: SeatIndex,
        shown: &Claimed,
        ring_timeout: Duration,
        now: Now,
    ) -> Result<Placed, ErrorCode> {
        let bound = self.seats[seat].bound.take();
        let account = &self.accounts[self.seats[seat].account];
        if !account.target_is_lawful(&self.ua) {
            return Err(ErrorCode::PracticeOnlyLoopback);
        }
        if !self.has_line(self.seats[seat].account) {
            return Err(ErrorCode::LineFull);
        }
        let address = self.media_address(self.seats[seat].account).ok_or(ErrorCode::TrunkDown)?;
        let bound = bound.filter(|socket| socket.local_addr().ip() == self.bind_address(address));
        let socket = match bound {
            Some(socket) => socket,
            None => self.rtp_socket(address)?,
        };
        let rtp = self.advertised(address, socket.port());
        let invite = invite_to(account, shown, rtp, ring_timeout)?;
        let sip = self.ua.invite(account.id, invite, now.mono).map_err(|error| {
            tracing::warn!(%error, account = account.config.name, "INVITE refused");
            ErrorCode::TrunkDown
        })?;
        self.next_session += 1;
        Ok(Placed { sip, session: SessionId(self.next_session), socket, rtp })
    }

    /// Where peers are told to send voice to.
    pub(super) fn advertised(&self, address: IpAddr, port: u16) -> SocketAddr {
        SocketAddr::new(self.config.sip.advertise.unwrap_or(address), port)
    }

    /// The local address for RTP towards an account's exchange.
    pub(super) fn media_address(&self, account: usize) -> Option<IpAddr> {
        let listen = self.config.sip.listen.ip();
        if !listen.is_unspecified() {
            return Some(listen);
        }
        account::local_address(self.ua.trunk(self.accounts[account].id).active?.peer)
    }

    /// Sockets for voice: where signalling listens on every address of ours, so do they, and a call outlives a change of it.
    pub(super) fn rtp_socket(&self, address: IpAddr) -> Result<RtpSocket, ErrorCode> {
        RtpSocket::bind(self.bind_address(address), self.config.media.ports.clone()).map_err(|error| {
            tracing::error!(%error, "no RTP port");
            ErrorCode::LineFull
        })
    }

    fn bind_address(&self, address: IpAddr) -> IpAddr {
        match address {
            fixed if !self.config.sip.listen.ip().is_unspecified() => fixed,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    /// CANCEL or BYE, if the SIP side still lives.
    pub(super) fn hang_up(&mut self, attempt: AttemptId, reason: HangupReason, now: Now) {
        if let Some(sip) = self.calls.get(&attempt).and_then(|call| call.sip) {
            self.ua.hangup(sip, reason, now.mono);
        }
    }

    fn seat_changed(&mut self, seat: SeatIndex, change: SeatChange, now: Now) {
        match &change {
            SeatChange::State(dialer::SeatState::Ready | dialer::SeatState::Paused(_)) => {
                self.seats[seat].shown = None;
            }
            SeatChange::Exhausted(_) | SeatChange::Stopped(_) => {
                self.report_seat(seat, &change, now);
                let list = self.seats[seat].list.take().map(|list| list.name);
                self.seats[seat].finished = list.filter(|_| matches!(change, SeatChange::Exhausted(_)));
                return;
            }
            SeatChange::State(_) | SeatChange::Waiting(_) => {}
        }
        self.report_seat(seat, &change, now);
    }
}

/// The INVITE that calls `shown` from `account`, with our voice at `rtp`.
pub(super) fn invite_to(
    account: &AccountRuntime,
    shown: &Claimed,
    rtp: SocketAddr,
    ring_timeout: Duration,
) -> Result<Invite, ErrorCode> {
    let config = &account.config;
    let target = identity::target(config, &shown.dial_string, &shown.phone);
    let target = target.ok_or(ErrorCode::PhoneInvalid)?;
    let headers = identity::headers(config, shown.caller_id.as_deref(), shown.signalled);
    let headers = headers.ok_or(ErrorCode::CallerIdInvalid)?;
    Ok(Invite { target, capabilities: account.offer(rtp.ip(), rtp.port()), ring_timeout, headers })
}

/// An INVITE that is on its way, and what its media need.
struct Placed {
    sip: CallId,
    session: SessionId,
    socket: RtpSocket,
    /// Where our offer says that we receive.
    rtp: SocketAddr,
}

/// A claim is free again after this. A living seat gives its lead back itself and a start frees what a dead process
/// held, so this only has to be longer than anybody looks at a lead before calling it.
const CLAIM_LEASE_MS: i64 = 12 * 3_600_000;
