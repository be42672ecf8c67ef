//! A supervisor's ear, and voice, at an operator's seat: who may begin, what ends it, who is told.
//!
//! ```text
//!  listen, whisper, barge ─> rules ─> audit log ─> rules again ─> media engine, event ─┐
//!                                                                                      v
//!            end <── asked for, hung up, a call of their own, another seat, role ── running, over all
//!                                                                                   calls of the seat
//! ```
//! Nobody listens before the audit log says so. A tap belongs to the seat and not to one call, so that a supervisor follows an
//! operator down a list; each call that is heard has its own row in the log.

use media::MAX_TAPS;
use media::types::Command as MediaCommand;
use protocol::result::{SeatStatus, TapInfo, TapMode};
use protocol::{Detail, ErrorCode, Event, RpcError};
use serde_json::{Value, json};
use store::{Action, Actor, AttemptId, AuditEntry, permits};

use super::command::respond;
use super::job::Done;
use super::manage::actor;
use super::refusal::store_error;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::Who;

/// What a seat listens to.
#[derive(Debug)]
pub(crate) struct Tap {
    /// The seat that is listened to.
    seat: SeatIndex,
    mode: TapMode,
    /// UTC milliseconds.
    since: i64,
    by: Actor,
    /// The last calls that were heard, the newest last.
    heard: Vec<AttemptId>,
}

/// A tap, or another mode of one, that was asked for and allowed.
pub(crate) struct TapOrder {
    /// The supervisor's seat.
    by: SeatIndex,
    seat: SeatIndex,
    mode: TapMode,
    actor: Actor,
}

/// Why a tap ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TapEnd {
    /// It was asked for.
    Client,
    /// The supervisor hung up.
    Hangup,
    /// The supervisor has a call of their own.
    Call,
    /// The supervisor goes on to another seat.
    Moved,
    /// The supervisor's phone was not answered.
    Phone,
    /// The supervisor's role no longer allows it.
    Permission,
    /// The daemon stops.
    Shutdown,
}

impl TapEnd {
    fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Hangup => "hangup",
            Self::Call => "call",
            Self::Moved => "moved",
            Self::Phone => "phone",
            Self::Permission => "permission",
            Self::Shutdown => "shutdown",
        }
    }
}

/// What decides whether a seat may listen to another.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The supervisor's seat.
    own: SeatIndex,
    /// The seat to listen to; `None`: the one that is listened to now.
    seat: Option<SeatIndex>,
    mode: TapMode,
    /// The supervisor's seat is in a call.
    engaged: bool,
    /// What the supervisor's seat listens to now.
    current: Option<(SeatIndex, TapMode)>,
    /// Others who listen to the seat.
    others: usize,
}

/// What follows from what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Listen to this seat, and no longer to another.
    Begin(SeatIndex),
    /// The same seat, another mode.
    Change { seat: SeatIndex, before: TapMode },
    /// It is so already.
    Keep,
}

fn plan(asked: Asked) -> Result<Plan, ErrorCode> {
    let seat = asked.seat.or(asked.current.map(|(seat, _)| seat)).ok_or(ErrorCode::NoTap)?;
    if seat == asked.own {
        return Err(ErrorCode::TapOwn);
    }
    if asked.engaged {
        return Err(ErrorCode::CallBusy);
    }
    match asked.current {
        Some((current, mode)) if current == seat && mode == asked.mode => Ok(Plan::Keep),
        Some((current, before)) if current == seat => Ok(Plan::Change { seat, before }),
        _ if asked.others >= MAX_TAPS => Err(ErrorCode::TapFull),
        _ => Ok(Plan::Begin(seat)),
    }
}

impl Core {
    /// `call.listen`, `call.whisper`, `call.barge`.
    pub(super) fn call_tap(
        &mut self,
        by: SeatIndex,
        tapped: Option<String>,
        mode: TapMode,
        who: &Who,
        reply: Reply,
        now: Now,
    ) {
        let planned = self.seat_named(tapped).and_then(|seat| self.plan_tap(by, seat, mode));
        let (seat, before) = match planned {
            Ok(Plan::Keep) => return respond(reply, Ok(self.seat_status(by))),
            Ok(Plan::Begin(seat)) => (seat, None),
            Ok(Plan::Change { seat, before }) => (seat, Some(before)),
            Err(error) => return respond::<SeatStatus>(reply, Err(error)),
        };
        let order = TapOrder { by, seat, mode, actor: actor(who) };
        let action = if before.is_some() { "tap.mode" } else { "tap.start" };
        let detail = json!({ "before": before, "attempt": self.heard_attempt(seat) });
        let entry = self.tap_entry(&order, action, detail, now);
        self.seats[by].tap_asked = true;
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let result = store.audit(entry).await;
            Done::TapNoted { order: Box::new(order), result, reply }
        });
    }

    /// The audit log has it: carried out, unless something has happened meanwhile that forbids it.
    pub(super) fn tap_noted(
        &mut self,
        order: TapOrder,
        result: Result<(), store::Error>,
        reply: Reply,
        now: Now,
    ) {
        let by = order.by;
        self.seats[by].tap_asked = false;
        if let Err(error) = result {
            respond::<SeatStatus>(reply, Err(store_error(&error)));
            return self.check(Some(error), now);
        }
        match self.plan_tap(by, Some(order.seat), order.mode) {
            Ok(Plan::Begin(_)) => self.begin_tap(&order, now),
            Ok(Plan::Change { before, .. }) => self.change_tap(&order, before, now),
            Ok(Plan::Keep) => {}
            Err(error) => {
                let code = error.error_code().unwrap_or(ErrorCode::Internal).as_str();
                self.note_tap(self.tap_entry(&order, "tap.end", json!({ "reason": code }), now));
                return respond::<SeatStatus>(reply, Err(error));
            }
        }
        self.settle();
        respond(reply, Ok(self.seat_status(by)));
    }

    fn plan_tap(&self, by: SeatIndex, seat: Option<SeatIndex>, mode: TapMode) -> Result<Plan, RpcError> {
        if self.stopping.is_some() || self.seats[by].tap_asked {
            return Err(ErrorCode::Busy.into());
        }
        let current = self.seats[by].tap.as_ref().map(|tap| (tap.seat, tap.mode));
        let others = seat.map_or(0, |seat| self.taps_at(seat).filter(|other| *other != by).count());
        let engaged = self.is_engaged(by);
        plan(Asked { own: by, seat, mode, engaged, current, others }).map_err(RpcError::from)
    }

    fn seat_named(&self, name: Option<String>) -> Result<Option<SeatIndex>, RpcError> {
        let Some(name) = name else { return Ok(None) };
        match self.seats.iter().position(|seat| seat.name == name) {
            Some(seat) => Ok(Some(seat)),
            None => Err(RpcError::with_detail(ErrorCode::SeatUnknown, Detail::name(name))),
        }
    }

    fn begin_tap(&mut self, order: &TapOrder, now: Now) {
        let &TapOrder { by, seat, mode, actor } = order;
        self.end_tap(by, TapEnd::Moved, now);
        self.seats[by].tap = Some(Tap { seat, mode, since: now.wall, by: actor, heard: Vec::new() });
        let tone = self.config.people.tap_notice == config::TapNotice::Tone;
        let (tapped, own) = (self.seats[seat].media, self.seats[by].media);
        self.media(MediaCommand::Tap { seat: tapped, by: own, mode: of_media(mode), tone });
        let [seat_name, by_name] = [seat, by].map(|seat| self.seats[seat].name.clone());
        tracing::info!(seat = seat_name, by = by_name, mode = mode.as_str(), "a supervisor listens");
        let event = Event::TapStarted {
            seat: seat_name,
            by: by_name,
            operator: self.seats[by].operator.clone(),
            mode,
            attempt: self.heard_attempt(seat),
        };
        self.publish(event, now);
    }

    fn change_tap(&mut self, order: &TapOrder, before: TapMode, now: Now) {
        let &TapOrder { by, seat, mode, actor } = order;
        let Some(tap) = &mut self.seats[by].tap else { return };
        (tap.mode, tap.by) = (mode, actor);
        self.media(MediaCommand::SetTapMode { by: self.seats[by].media, mode: of_media(mode) });
        let event = Event::TapChanged {
            seat: self.seats[seat].name.clone(),
            by: self.seats[by].name.clone(),
            operator: self.seats[by].operator.clone(),
            mode,
            before,
            attempt: self.heard_attempt(seat),
        };
        self.publish(event, now);
    }

    /// Ends what a seat listens to. `false`: it listened to nobody.
    pub(super) fn end_tap(&mut self, by: SeatIndex, why: TapEnd, now: Now) -> bool {
        let Some(tap) = self.seats[by].tap.take() else { return false };
        self.media(MediaCommand::Untap { by: self.seats[by].media });
        let order = TapOrder { by, seat: tap.seat, mode: tap.mode, actor: tap.by };
        let attempt = self.heard_attempt(tap.seat);
        let detail = json!({ "reason": why.word(), "attempt": attempt });
        self.note_tap(self.tap_entry(&order, "tap.end", detail, now));
        let event = Event::TapEnded {
            seat: self.seats[tap.seat].name.clone(),
            by: self.seats[by].name.clone(),
            operator: self.seats[by].operator.clone(),
            mode: tap.mode,
            reason: why.word().to_owned(),
            attempt,
        };
        self.publish(event, now);
        true
    }

    /// Orderly shutdown.
    pub(super) fn end_taps(&mut self, now: Now) {
        for by in 0..self.seats.len() {
            self.end_tap(by, TapEnd::Shutdown, now);
        }
    }

    /// Ends a tap that may not go on, and notes the calls that are heard. `true`: something was done.
    pub(super) fn drive_tap(&mut self, by: SeatIndex, now: Now) -> bool {
        let Some(tap) = &self.seats[by].tap else { return false };
        let (seat, mode, actor) = (tap.seat, tap.mode, tap.by);
        let may = |uid| permits(self.people.directory().who(uid).role, Action::Tap).any();
        if !actor.uid.is_none_or(may) {
            return self.end_tap(by, TapEnd::Permission, now);
        }
        if self.is_engaged(by) {
            return self.end_tap(by, TapEnd::Call, now);
        }
        let heard = self.talking_attempt(seat).ok().filter(|attempt| !tap.heard.contains(attempt));
        let voice = |attempt: &AttemptId| self.calls.get(attempt).is_some_and(|call| call.session.is_some());
        let Some(attempt) = heard.filter(voice) else { return false };
        let order = TapOrder { by, seat, mode, actor };
        let entry = self.tap_entry(&order, "tap.call", json!({ "seat": self.seats[seat].name }), now);
        self.note_tap(AuditEntry { object: attempt.to_string(), ..entry });
        if let Some(tap) = &mut self.seats[by].tap {
            tap.heard.push(attempt);
            if tap.heard.len() > HEARD {
                tap.heard.remove(0);
            }
        }
        true
    }

    /// Seats that listen to this one.
    pub(super) fn taps_at(&self, seat: SeatIndex) -> impl Iterator<Item = SeatIndex> + '_ {
        (0..self.seats.len())
            .filter(move |by| self.seats[*by].tap.as_ref().is_some_and(|tap| tap.seat == seat))
    }

    /// What a seat listens to, as clients see it.
    pub(super) fn tap_info(&self, by: SeatIndex) -> Option<TapInfo> {
        let runtime = &self.seats[by];
        runtime.tap.as_ref().map(|tap| TapInfo {
            seat: self.seats[tap.seat].name.clone(),
            by: runtime.name.clone(),
            operator: runtime.operator.clone(),
            mode: tap.mode,
            since: tap.since,
        })
    }

    fn is_engaged(&self, seat: SeatIndex) -> bool {
        self.seats[seat].dialer.in_call() || self.seats[seat].consult.is_some()
    }

    /// The call that is heard at a seat.
    fn heard_attempt(&self, seat: SeatIndex) -> Option<String> {
        self.talking_attempt(seat).ok().map(|attempt| attempt.to_string())
    }

    /// A row of the audit log, with who listens and how added to `detail`.
    fn tap_entry(&self, order: &TapOrder, action: &'static str, mut detail: Value, now: Now) -> AuditEntry {
        let by = &self.seats[order.by];
        if let Value::Object(fields) = &mut detail {
            fields.retain(|_, value| !value.is_null());
            fields.insert("by".into(), by.name.clone().into());
            fields.insert("operator".into(), by.operator.clone().into());
            fields.insert("mode".into(), order.mode.as_str().into());
        }
        let object = self.seats[order.seat].name.clone();
        AuditEntry { by: order.actor, action, object, detail, now: now.wall }
    }

    fn note_tap(&mut self, entry: AuditEntry) {
        let store = self.store.clone();
        self.jobs.spawn(async move { Done::Noted(store.audit(entry).await) });
    }
}

fn of_media(mode: TapMode) -> media::TapMode {
    match mode {
        TapMode::Listen => media::TapMode::Listen,
        TapMode::Whisper => media::TapMode::Whisper,
        TapMode::Barge => media::TapMode::Barge,
    }
}

/// So many calls are remembered as noted: more than go to and fro between an operator's two calls.
const HEARD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Asked =
        Asked { own: 2, seat: Some(0), mode: TapMode::Listen, engaged: false, current: None, others: 0 };

    #[test]
    fn a_supervisor_begins_changes_and_moves() {
        assert_eq!(plan(NOBODY), Ok(Plan::Begin(0)));
        let listening = Asked { current: Some((0, TapMode::Listen)), ..NOBODY };
        assert_eq!(plan(listening), Ok(Plan::Keep));
        for seat in [Some(0), None] {
            let whisper = Asked { mode: TapMode::Whisper, seat, ..listening };
            assert_eq!(plan(whisper), Ok(Plan::Change { seat: 0, before: TapMode::Listen }));
        }
        let other = Asked { seat: Some(1), mode: TapMode::Barge, ..listening };
        assert_eq!(plan(other), Ok(Plan::Begin(1)), "one seat at a time");
    }

    #[test]
    fn nobody_listens_to_himself_or_from_within_a_call() {
        assert_eq!(plan(Asked { seat: Some(2), ..NOBODY }), Err(ErrorCode::TapOwn));
        assert_eq!(plan(Asked { engaged: true, ..NOBODY }), Err(ErrorCode::CallBusy));
        assert_eq!(plan(Asked { seat: None, ..NOBODY }), Err(ErrorCode::NoTap));
    }

    #[test]
    fn a_seat_has_as_many_supervisors_as_the_engine_mixes() {
        assert_eq!(plan(Asked { others: MAX_TAPS - 1, ..NOBODY }), Ok(Plan::Begin(0)));
        let full = Asked { others: MAX_TAPS, ..NOBODY };
        assert_eq!(plan(full), Err(ErrorCode::TapFull));
        let inside = Asked { current: Some((0, TapMode::Listen)), mode: TapMode::Barge, ..full };
        assert!(plan(inside).is_ok(), "who is in changes the mode");
    }

    #[test]
    fn every_end_has_a_word_of_its_own() {
        let ends = [
            TapEnd::Client,
            TapEnd::Hangup,
            TapEnd::Call,
            TapEnd::Moved,
            TapEnd::Phone,
            TapEnd::Permission,
            TapEnd::Shutdown,
        ];
        let words: std::collections::BTreeSet<_> = ends.iter().map(|end| end.word()).collect();
        assert_eq!(words.len(), ends.len());
    }
}
