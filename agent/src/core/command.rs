//! Commands of clients that act on seats.

use config::Dtmf;
use dialer::Refusal;
use media::types::Command as MediaCommand;
use protocol::params::{CallDial, CallDtmf, CallMute, DialStart};
use protocol::result::{SeatStatus, TapMode};
use protocol::{Command, Detail, ErrorCode, RpcError};
use serde::Serialize;
use sip_stack::ua::DtmfError;
use store::{AttemptId, ManualCall, Origin};

use super::callee::{Callee, callee};
use super::identity::plan;
use super::job::{Done, Unopened};
use super::reach::Bound;
use super::refusal::{hold_refusal, refusal, store_error};
use super::seat::{DialedList, Reply};
use super::tap::TapEnd;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::roles::resolve_seat;
use crate::control::{Incoming, Who};
use crate::permission;
use crate::said::voice_ja;

impl Core {
    pub(super) fn on_command(&mut self, incoming: Incoming, now: Now) {
        let Incoming { command, peer, reply } = incoming;
        let who = self.people.directory().who(peer.uid);
        // The one place: below every surface, before anything is done.
        let scope = match permission::check(&who, &command) {
            Ok(scope) => scope,
            Err(error) => return respond::<()>(reply, Err(error)),
        };
        let reply = if who.masked || !who.sees_taps { self.filtered(reply, &who) } else { reply };
        self.on_named(Bound { command, who, scope, reply }, now);
    }

    /// A command whose call is known, where it names one.
    pub(super) fn on_bound(&mut self, bound: Bound, now: Now) {
        let who = bound.who;
        let reach = if permission::is_bound(&who) { permission::reach(&bound.command) } else { Vec::new() };
        match reach.is_empty() {
            true => self.carry_out(bound, now),
            false => self.within_grants(bound, reach),
        }
    }

    /// The call that a command names was looked up.
    pub(super) fn named(&mut self, bound: Bound, result: Result<(), RpcError>, now: Now) {
        match result {
            Ok(()) => self.on_bound(bound, now),
            Err(error) => respond::<()>(bound.reply, Err(error)),
        }
    }

    /// A command may reach what it names, or not.
    pub(super) fn reached(&mut self, bound: Bound, result: Result<(), RpcError>, now: Now) {
        match result {
            Ok(()) => self.carry_out(bound, now),
            Err(error) => respond::<()>(bound.reply, Err(error)),
        }
    }

    fn carry_out(&mut self, bound: Bound, now: Now) {
        let Bound { mut command, who, scope, reply } = bound;
        let Some(named) = command.seat_mut() else { return self.query(command, who, scope, reply, now) };
        let named = named.take();
        let seat = match resolve_seat(&self.people.directory(), &who, named.as_deref()) {
            Ok(seat) => seat,
            Err(error) => return self.at_its_seat(Bound { command, who, scope, reply }, error),
        };
        let answer = match command {
            Command::DevicesShow(_)
            | Command::DevicesSet(_)
            | Command::DevicesVolume(_)
            | Command::DevicesMeter(_) => return self.devices(command, seat, reply),
            Command::CallDial(p) => {
                let reply = self.with_doubts(reply, None);
                return self.call_dial(seat, p, reply, now);
            }
            Command::CallTransfer(p) => {
                let reply = match &p.number {
                    Some(number) => self.with_doubts(reply, Some(number.clone())),
                    None => reply,
                };
                return self.call_transfer(seat, p.number, reply, now);
            }
            Command::CallConsult(p) => {
                let reply = self.with_doubts(reply, Some(p.number.clone()));
                return self.call_consult(seat, p.number, reply, now);
            }
            Command::CallSave(p) => {
                let reply = self.with_recall(reply, seat, &p);
                return self.call_save(seat, p, &who, reply, now);
            }
            Command::CallListen(p) => {
                return self.call_tap(seat, p.tapped, TapMode::Listen, &who, reply, now);
            }
            Command::CallWhisper(p) => {
                return self.call_tap(seat, p.tapped, TapMode::Whisper, &who, reply, now);
            }
            Command::CallBarge(p) => {
                return self.call_tap(seat, p.tapped, TapMode::Barge, &who, reply, now);
            }
            Command::DialStart(p) => return self.dial_start(seat, p, reply),
            Command::CallAnswer(_) => self.answer(seat, now),
            Command::CallSwap(_) => self.call_swap(seat, now),
            Command::CallReturn(_) => self.call_return(seat, now),
            Command::CallHangup(p) => self.call_hangup(seat, p.attempt.as_deref(), now),
            Command::CallUntap(_) if self.end_tap(seat, TapEnd::Client, now) => Ok(()),
            Command::CallUntap(_) => Err(ErrorCode::NoTap.into()),
            Command::CallHold(_) => self.hold(seat, true, now),
            Command::CallResume(_) => self.hold(seat, false, now),
            Command::CallMute(p) => self.mute(seat, &p, now),
            Command::CallDtmf(p) => self.dtmf(seat, &p, now),
            Command::RecordingPause(_) => self.pause_recording(seat, true, &who, now),
            Command::RecordingResume(_) => self.pause_recording(seat, false, &who, now),
            Command::SeatPause(p) => {
                let code = p.code.unwrap_or_else(|| String::from("away"));
                self.seats[seat].dialer.pause(code, now.into());
                Ok(())
            }
            Command::SeatReady(_) => return self.ready(seat, None, reply, now),
            Command::DialPause(_) => self.session(seat).map(|list| {
                self.seats[seat].dialer.pause(String::from(dialer::PAUSED_DIALING), now.into());
                let (seat, reason) = (self.seats[seat].name.clone(), String::from("operator"));
                self.publish(protocol::Event::DialPaused { seat, list, reason, until: None }, now);
            }),
            Command::DialResume(_) => match self.has_device(seat).and_then(|()| self.session(seat)) {
                Ok(list) => return self.ready(seat, Some(list), reply, now),
                Err(error) => Err(error),
            },
            Command::DialStop(_) => self.seats[seat].dialer.stop(now.into()).map_err(refusal),
            Command::DialSkip(_) => self.seats[seat].dialer.skip().map_err(|error| match error {
                Refusal::NoCall => RpcError::with_detail(
                    ErrorCode::NoCall,
                    (
                        "表示中の発信先がありません。かけている通話は `kakeru hangup` で切れます",
                        "no lead is shown; `kakeru hangup` ends a call that is made",
                    ),
                ),
                error => refusal(error),
            }),
            other => return self.query(other, who, scope, reply, now),
        };
        // What the command set off is carried out before its answer tells of it.
        self.settle();
        respond(reply, answer.map(|()| self.seat_status(seat)));
    }

    /// A place for an answer that loses on its way what its reader may not see: numbers (S3.14), who listens to whom.
    fn filtered(&mut self, reply: Reply, who: &Who) -> Reply {
        let (masked, sees_taps) = (who.masked, who.sees_taps);
        self.through(reply, move |mut value| async move {
            if masked {
                crate::mask::mask(&mut value);
            }
            if !sees_taps {
                crate::mask::hide_taps(&mut value);
            }
            value
        })
    }

    /// Takes calls again, those of the list `resumed` among them. What ends a wrap-up is answered when its row is sealed.
    fn ready(&mut self, seat: SeatIndex, resumed: Option<String>, reply: Reply, now: Now) {
        if let Err(error) = self.seats[seat].dialer.ready(now.into()) {
            return respond::<SeatStatus>(reply, Err(refusal(error)));
        }
        if let Some(list) = resumed {
            let seat = self.seats[seat].name.clone();
            self.publish(protocol::Event::DialResumed { seat, list }, now);
        }
        self.settle();
        self.answer_or_wait(seat, reply);
    }

    /// Answers a command, or lets it wait for the commit by which it closes the row of the last call, or calls the shown lead.
    fn answer_or_wait(&mut self, seat: SeatIndex, reply: Reply) {
        let runtime = &mut self.seats[seat];
        let closes = runtime.dialer.is_claiming() && runtime.dialer.attempt().is_some();
        let commits = closes || runtime.dialer.is_marking();
        if commits && runtime.waiting.is_none() {
            runtime.waiting = Some(reply);
        } else {
            respond(reply, Ok(self.seat_status(seat)));
        }
    }

    /// Name of the list that is being dialed.
    fn session(&self, seat: SeatIndex) -> Result<String, RpcError> {
        self.seats[seat].list_name().ok_or_else(|| ErrorCode::NoSession.into())
    }

    pub(super) fn call_dial(&mut self, seat: SeatIndex, p: CallDial, reply: Reply, now: Now) {
        if (p.lead.is_some() || p.task.is_some()) && p.project.is_some() {
            let detail =
                ("発信先はそのリストの案件で発信します", "a lead is called in the project of its list");
            return respond::<SeatStatus>(reply, Err(RpcError::with_detail(ErrorCode::BadRequest, detail)));
        }
        let callee = match callee(&p) {
            Ok(Some(callee)) => callee,
            Ok(None) => return self.call_shown(seat, reply, now),
            Err(error) => return respond::<SeatStatus>(reply, Err(error)),
        };
        if !self.voice_is_up(seat) && self.stopping.is_none() && !self.seats[seat].dialer.in_call() {
            // No phone rings for a call that the open row does not let through.
            return match self.seats[seat].dialer.may_call(now.into()) {
                Err(error @ (Refusal::StatusRequired | Refusal::Pending | Refusal::Hours)) => {
                    let error = self.call_refusal(error, now);
                    self.refuse_call(seat, (callee, p.project), error, reply, now)
                }
                _ => self.dial_after_phone(seat, p, reply),
            };
        }
        match self.may_dial(seat, now) {
            Ok(seal) => self.open_manual(seat, callee, p.project, seal, reply, now),
            Err(error) => self.refuse_call(seat, (callee, p.project), error, reply, now),
        }
    }

    /// Answers why somebody is not called: where the window is closed and they are called at no time, that.
    fn refuse_call(
        &mut self,
        seat: SeatIndex,
        (callee, project): (Callee, Option<String>),
        error: RpcError,
        reply: Reply,
        now: Now,
    ) {
        match error.error_code() {
            Some(ErrorCode::Hours) => self.refuse_out_of_hours(seat, callee, project, error, reply, now),
            _ => respond::<SeatStatus>(reply, Err(error)),
        }
    }

    /// Calls the lead that is shown. Answered when the store has let it pass, or says why it does not: who is excluded or on the
    /// do-not-call list meanwhile is passed over.
    fn call_shown(&mut self, seat: SeatIndex, reply: Reply, now: Now) {
        let accepted = self.seats[seat].free_for_command().and_then(|()| {
            self.preview_info(seat).ok_or(ErrorCode::NoCall)?;
            self.line_is_free(seat)?;
            self.seats[seat].dialer.accept(now.into()).map_err(|error| self.call_refusal(error, now))
        });
        match accepted {
            Err(error) if error.error_code() == Some(ErrorCode::Hours) => {
                return self.refuse_shown_out_of_hours(seat, error, reply, now);
            }
            Err(error) => return respond::<SeatStatus>(reply, Err(error)),
            Ok(()) => {}
        }
        self.settle();
        self.answer_or_wait(seat, reply);
    }

    /// Reserves the seat for a call by hand; returns the row that its commit seals.
    fn may_dial(&mut self, seat: SeatIndex, now: Now) -> Result<Option<AttemptId>, RpcError> {
        self.seats[seat].free_for_command()?;
        if self.stopping.is_some() {
            return Err(ErrorCode::Busy.into());
        }
        if self.seats[seat].consult.is_some() {
            return Err(ErrorCode::CallBusy.into());
        }
        self.line_is_free(seat)?;
        let shown = self.preview_info(seat).is_some();
        let seal = self.seats[seat].dialer.manual(now.into()).map_err(|error| match error {
            Refusal::Busy if shown => RpcError::with_detail(
                ErrorCode::CallBusy,
                (
                    "発信先を表示中です。`kakeru call` でその番号に発信し、`kakeru dial skip` で見送ります",
                    "a lead is shown: `kakeru call` calls it, `kakeru dial skip` passes over it",
                ),
            ),
            error => self.call_refusal(error, now),
        })?;
        Ok(seal.map(|attempt| AttemptId(attempt.0)))
    }

    /// Why a seat makes no call; outside of the calling window, until when.
    fn call_refusal(&self, error: Refusal, now: Now) -> RpcError {
        match error {
            Refusal::Hours => RpcError::with_detail(ErrorCode::Hours, self.opens(now)),
            error => refusal(error),
        }
    }

    /// When the calling window opens, for people.
    fn opens(&self, now: Now) -> (String, String) {
        match crate::run::window(&self.config.dialing.window).next_open(now.wall) {
            Some(at) => {
                let at = crate::clock::minute_jst(at);
                (format!("{at} から発信できます"), format!("it opens at {at}"))
            }
            None => ("発信できる日時が設定されていません".into(), "the settings never open it".into()),
        }
    }

    /// What the store said of a number that comes into a running call; outside of the calling window, until when.
    pub(super) fn second_refused(&self, error: &store::Error, now: Now) -> RpcError {
        match error {
            store::Error::Refused(store::DialRefusal::Hours) => {
                let (ja, en) = self.opens(now);
                let detail =
                    (format!("リストにある番号です。{ja}"), format!("the number is on a dial list; {en}"));
                RpcError::with_detail(ErrorCode::Hours, detail)
            }
            error => store_error(error),
        }
    }

    /// Whether the operator is heard: who answers a call that is made without a sound device hears nobody.
    fn has_device(&self, seat: SeatIndex) -> Result<(), RpcError> {
        let runtime = &self.seats[seat];
        match runtime.voice.trouble.as_deref().filter(|_| runtime.wanted.is_device()) {
            None => Ok(()),
            Some(why) => Err(RpcError::with_detail(ErrorCode::DeviceLost, (voice_ja(why), why))),
        }
    }

    /// Whether an INVITE may leave from this seat.
    pub(super) fn line_is_free(&self, seat: SeatIndex) -> Result<(), RpcError> {
        self.has_device(seat)?;
        if let Some(trouble) = &self.store_trouble {
            return Err(RpcError::refused_as(&trouble.code, trouble.detail.clone()));
        }
        let account = &self.accounts[self.seats[seat].account];
        if !account.target_is_lawful(&self.ua) {
            return Err(ErrorCode::PracticeOnlyLoopback.into());
        }
        if !account.is_up(&self.ua) {
            return Err(ErrorCode::TrunkDown.into());
        }
        match self.has_line(self.seats[seat].account) {
            true => Ok(()),
            false => Err(RpcError::with_detail(ErrorCode::LineFull, Detail::name(&account.config.name))),
        }
    }

    /// Whether one more call fits on an account's lines (S4.13, X5).
    pub(super) fn has_line(&self, account: usize) -> bool {
        let Some(lines) = self.accounts[account].config.lines else { return true };
        let on_it =
            |call: &&super::call::Call| call.sip.is_some() && self.seats[call.seat].account == account;
        self.calls.values().filter(on_it).count() < lines as usize
    }

    fn open_manual(
        &mut self,
        seat: SeatIndex,
        callee: Callee,
        project: Option<String>,
        seal: Option<AttemptId>,
        reply: Reply,
        now: Now,
    ) {
        let stub = self.config.contacts.create_on_dial && self.may_make_contacts(seat);
        let call = ManualCall { stub, ..self.manual_call(seat, String::new(), now) };
        self.seats[seat].waiting = Some(reply);
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let result = async {
                let call = super::out_of_hours::named(&store, callee, project, call).await?;
                let opened = match seal {
                    Some(open) => store.seal_and_open(open, call).await.map(|(s, c)| (Some(s), c)),
                    None => store.open_manual(call).await.map(|claimed| (None, claimed)),
                };
                opened.map_err(Unopened::Store)
            };
            Done::Opened { seat, result: Box::new(result.await) }
        });
    }

    /// A number that an operator typed, as the store is to check it.
    pub(super) fn manual_call(&self, seat: SeatIndex, number: String, now: Now) -> ManualCall {
        let runtime = &self.seats[seat];
        let account = &self.accounts[runtime.account].config;
        ManualCall {
            attempt: Some(AttemptId::generate(now.wall)),
            phone: number,
            plan: plan(account),
            seat: runtime.name.clone(),
            user: runtime.user,
            project: Some(self.project),
            named: false,
            account: account.name.clone(),
            caller_id: account.caller_id.clone(),
            origin: Origin::Manual,
            now: now.wall,
            rules: self.rules(seat),
            second: None,
            stub: false,
            lead: None,
        }
    }

    fn dial_start(&mut self, seat: SeatIndex, p: DialStart, reply: Reply) {
        let store = self.store.clone();
        self.jobs.spawn(async move {
            Done::ListFound { seat, result: store.list_by_name(&p.list).await.map(Box::new), reply }
        });
    }

    /// The list that a dialing session was asked for was found, or not.
    pub(super) fn list_found(
        &mut self,
        seat: SeatIndex,
        result: Result<Box<store::ListInfo>, store::Error>,
        reply: Reply,
        now: Now,
    ) {
        let without_device = self.has_device(seat);
        let started = result.map_err(|error| store_error(&error)).and_then(|list| {
            let runtime = &mut self.seats[seat];
            if self.stopping.is_some() {
                return Err(ErrorCode::Busy.into());
            }
            without_device?;
            if runtime.list.as_ref().is_some_and(|dialed| dialed.id != list.id) {
                return Err(RpcError::with_detail(
                    ErrorCode::ListBusy,
                    ("この席では別のリストを架電中です", "another list is being dialed here"),
                ));
            }
            runtime.dialer.start(dialer::ListId(list.id.0), now.into()).map_err(refusal)?;
            runtime.finished = None;
            if runtime.list.is_none() {
                let (id, name) = (list.id, list.name.clone());
                runtime.list = Some(DialedList { id, name: name.clone(), started_at: now.wall, calls: 0 });
                let seat = runtime.name.clone();
                self.hub.publish_at(protocol::Event::DialStarted { seat, list: name }, now.wall);
            }
            Ok(())
        });
        self.settle();
        match started {
            // Whether the list has anybody to call is known with the first claim.
            Ok(()) if self.seats[seat].dialer.is_claiming() && self.seats[seat].waiting.is_none() => {
                self.seats[seat].waiting = Some(reply);
            }
            started => respond(reply, started.map(|()| self.seat_status(seat))),
        }
    }

    pub(super) fn answer(&mut self, seat: SeatIndex, now: Now) -> Result<(), RpcError> {
        let attempt = self.seats[seat].dialer.attempt().map(|attempt| AttemptId(attempt.0));
        let call = attempt.and_then(|attempt| self.calls.get(&attempt)).filter(|call| {
            // A session means that our answer is on its way already.
            call.session.is_none()
                && self.voice_is_up(seat)
                && matches!(self.seats[seat].dialer.state(), dialer::SeatState::Ringing)
        });
        let (attempt, sip) = call
            .and_then(|call| Some((call.attempt, call.sip?)))
            .ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        self.answer_incoming(seat, attempt, sip, now)
    }

    pub(super) fn hold(&mut self, seat: SeatIndex, on: bool, now: Now) -> Result<(), RpcError> {
        if self.seats[seat].consult.is_some() {
            return Err(RpcError::with_detail(
                ErrorCode::State,
                (
                    "相談中です。swap で切り替えるか、相談を終えてください",
                    "somebody is being consulted: swap, or return",
                ),
            ));
        }
        let attempt = self.live_attempt(seat)?;
        let sip = self
            .calls
            .get(&attempt)
            .and_then(|call| call.sip)
            .ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        let result = if on { self.ua.hold(sip, now.mono) } else { self.ua.resume(sip, now.mono) };
        result.map_err(hold_refusal)?;
        if let Some(call) = self.calls.get_mut(&attempt) {
            call.hold_wanted = on;
        }
        Ok(())
    }

    pub(super) fn mute(&mut self, seat: SeatIndex, p: &CallMute, now: Now) -> Result<(), RpcError> {
        let attempt = self.talking_attempt(seat)?;
        let Some(call) = self.calls.get_mut(&attempt) else { return Err(ErrorCode::NoCall.into()) };
        call.muted = p.on;
        if let Some(session) = call.session {
            self.media(MediaCommand::Mute { session, on: p.on });
        }
        let event = protocol::Event::CallMuted {
            seat: self.seats[seat].name.clone(),
            attempt: attempt.to_string(),
            on: p.on,
        };
        self.publish(event, now);
        Ok(())
    }

    pub(super) fn dtmf(&mut self, seat: SeatIndex, p: &CallDtmf, now: Now) -> Result<(), RpcError> {
        let attempt = self.talking_attempt(seat)?;
        let valid = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D' | 'a'..='d');
        if p.digits.is_empty() || p.digits.len() > DTMF_MAX || !p.digits.chars().all(valid) {
            return Err(RpcError::with_detail(
                ErrorCode::BadRequest,
                ("番号は 0-9 * # A-D で64文字までです", "digits are 0-9 * # A-D, at most 64"),
            ));
        }
        let call = self.calls.get(&attempt).filter(|call| call.media_up);
        let Some((session, sip, events)) =
            call.and_then(|call| Some((call.session?, call.sip?, call.telephone_event)))
        else {
            return Err(ErrorCode::NoCall.into());
        };
        match self.accounts[self.seats[seat].account].config.dtmf {
            Dtmf::Info => self.ua.send_digits(sip, &p.digits, now.mono).map_err(|error| {
                let code = match error {
                    DtmfError::TooMany => ErrorCode::Busy,
                    _ => ErrorCode::NoCall,
                };
                RpcError::with_detail(code, Detail::log(error))
            }),
            Dtmf::Rfc4733 if !events => Err(RpcError::with_detail(
                ErrorCode::Dtmf,
                ("相手が telephone-event に対応していません", "the other side takes no telephone-event"),
            )),
            Dtmf::Auto | Dtmf::Rfc4733 | Dtmf::Inband => {
                self.media(MediaCommand::Dtmf { session, digits: p.digits.to_ascii_uppercase() });
                Ok(())
            }
        }
    }

    pub(super) fn live_attempt(&self, seat: SeatIndex) -> Result<AttemptId, RpcError> {
        let dialer = &self.seats[seat].dialer;
        let attempt = dialer.attempt().filter(|_| dialer.in_call());
        attempt.map(|attempt| AttemptId(attempt.0)).ok_or_else(|| ErrorCode::NoCall.into())
    }
}

/// Answers a client; it may have gone.
pub(super) fn respond<T: Serialize>(reply: Reply, result: Result<T, RpcError>) {
    let value = result.map(|value| serde_json::to_value(value).unwrap_or_default());
    let _ = reply.send(value);
}

const DTMF_MAX: usize = 64;
