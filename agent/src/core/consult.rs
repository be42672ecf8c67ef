//! Asking somebody before a call is handed over (RFC 5589 7): the customer waits on hold while the operator calls a second
//! party from the same seat. That call has a row and a recording of its own, since it is an INVITE like any other and another
//! conversation; nobody has to judge it, so its end seals it. The operator's voice is with one of the two at a time: the media
//! engine gives it to the session that was put on the seat last.

use dialer::Ended;
use dialer::outcome::{self, Facts};
use media::types::{Command as MediaCommand, Endpoint};
use protocol::result::{CallInfo, SeatStatus};
use protocol::{ErrorCode, RpcError};
use sip_stack::ua::{HangupReason, HoldError};
use store::{AttemptId, Claimed};

use super::call::{Call, Origin, Party};
use super::command::respond;
use super::job::Done;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;

/// The second call of a seat.
pub(crate) struct Consult {
    /// Its row; on the disk once `reply` is answered.
    pub(crate) attempt: AttemptId,
    /// The call that it is for.
    pub(crate) parent: AttemptId,
    /// The parent is on hold for this, and is taken back at the end.
    pub(crate) holds: bool,
    /// The operator talks with the consulted party; else with the customer.
    pub(crate) talking: bool,
    /// The command that waits for the INVITE.
    reply: Option<Reply>,
}

impl Core {
    pub(super) fn call_consult(&mut self, seat: SeatIndex, number: String, reply: Reply, now: Now) {
        let parent = match self.may_consult(seat) {
            Ok(parent) => parent,
            Err(error) => return respond::<SeatStatus>(reply, Err(error)),
        };
        let call = self.second_leg(seat, parent, number, now);
        let attempt = call.attempt.unwrap_or_else(|| AttemptId::generate(now.wall));
        self.seats[seat].consult =
            Some(Consult { attempt, parent, holds: false, talking: true, reply: Some(reply) });
        let store = self.store.clone();
        self.jobs
            .spawn(async move { Done::Consulted { seat, result: Box::new(store.open_manual(call).await) } });
    }

    fn may_consult(&self, seat: SeatIndex) -> Result<AttemptId, RpcError> {
        let parent = self.transferable(seat)?;
        if self.seats[seat].consult.is_some() {
            return Err(RpcError::with_detail(
                ErrorCode::CallBusy,
                ("相談中です", "somebody is being consulted"),
            ));
        }
        self.line_is_free(seat)?;
        Ok(parent)
    }

    /// The row of the second call is on disk, or the rules refuse its number.
    pub(super) fn consult_opened(
        &mut self,
        seat: SeatIndex,
        result: Result<Claimed, store::Error>,
        now: Now,
    ) {
        let Some(consult) = &mut self.seats[seat].consult else { return };
        let (parent, Some(reply)) = (consult.parent, consult.reply.take()) else { return };
        let claimed = match result {
            Ok(claimed) => claimed,
            Err(error) => {
                self.seats[seat].consult = None;
                respond::<SeatStatus>(reply, Err(self.second_refused(&error, now)));
                return self.check(Some(error), now);
            }
        };
        let attempt = claimed.attempt;
        self.consultations.insert(attempt);
        let mut call = Call::new(attempt, seat, Origin::Manual, Party::of(&claimed), now.wall);
        call.parent = Some(parent);
        // The customer may have hung up while the row was being written.
        if self.stopping.is_some() || !self.calls.get(&parent).is_some_and(Call::is_talking) {
            self.calls.insert(attempt, call);
            self.consult_ended(seat, attempt, Facts { withdrawn: true, ..Facts::default() }, now);
            return respond::<SeatStatus>(reply, Err(ErrorCode::NoCall.into()));
        }
        let holds = self.put_on_hold(parent, now);
        if let Some(consult) = &mut self.seats[seat].consult {
            consult.holds = holds;
        }
        self.dial_out(seat, call, &claimed, self.config.dialing.ring_timeout, now);
        let placed = self.calls.contains_key(&attempt);
        let refused = || RpcError::from(ErrorCode::TrunkDown);
        respond(reply, if placed { Ok(self.seat_status(seat)) } else { Err(refused()) });
    }

    /// Asks the other side to wait. `true`: it is on hold for us, and was not before.
    pub(super) fn put_on_hold(&mut self, attempt: AttemptId, now: Now) -> bool {
        let Some(call) = self.calls.get_mut(&attempt) else { return false };
        let Some(sip) = call.sip.filter(|_| !call.held && !call.hold_wanted) else { return false };
        let asked = self.ua.hold(sip, now.mono).is_ok();
        call.hold_wanted = asked;
        asked
    }

    /// Takes a call off hold that was held for something that is over; at once, or when the offer under way is answered.
    pub(super) fn take_back(&mut self, attempt: AttemptId, now: Now) {
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        call.take_back = false;
        let Some(sip) = call.sip.filter(|_| call.hold_wanted) else { return };
        match self.ua.resume(sip, now.mono) {
            Ok(()) => call.hold_wanted = false,
            Err(HoldError::Pending) => call.take_back = true,
            // It stays on hold, and is shown so.
            Err(error) => tracing::warn!(%attempt, %error, "the call could not be taken off hold"),
        }
    }

    /// The second call is over: its row is written and sealed, and the operator is back with the customer.
    pub(super) fn consult_ended(&mut self, seat: SeatIndex, attempt: AttemptId, facts: Facts, now: Now) {
        let row = outcome::judge(&facts);
        let void = row.is_void();
        let attempt_of_dialer = dialer::AttemptId(attempt.0);
        self.write_end(seat, Ended { attempt: attempt_of_dialer, row, auto: None, void, facts }, now);
        let consult = self.seats[seat].consult.take_if(|consult| consult.attempt == attempt);
        let Some(consult) = consult.filter(|consult| consult.holds) else { return };
        match self.calls.get_mut(&consult.parent).map(|call| call.transfer.as_mut()) {
            // The outcome of the transfer decides: the consulted party may have been replaced already.
            Some(Some(transfer)) => transfer.hold_for_it(),
            Some(None) => self.take_back(consult.parent, now),
            None => {}
        }
    }

    /// The row of the second call is on disk: there is nothing to judge.
    pub(super) fn seal_consultation(&mut self, attempt: AttemptId, void: bool, now: Now) {
        if !self.consultations.remove(&attempt) || void {
            return;
        }
        let (store, nudge) = (self.store.clone(), std::sync::Arc::clone(&self.outbox_nudge));
        self.jobs.spawn(async move {
            let sealed = store.seal(attempt, now.wall).await;
            nudge.notify_one();
            Done::Noted(sealed.map(|_| ()))
        });
    }

    /// Ends the second call, in whatever state it is.
    pub(super) fn end_consult(&mut self, seat: SeatIndex, now: Now) {
        if let Some(consult) = &self.seats[seat].consult {
            self.hang_up(consult.attempt, HangupReason::Normal, now);
        }
    }

    /// `call.return`: the operator wants the customer back.
    pub(super) fn call_return(&mut self, seat: SeatIndex, now: Now) -> Result<(), RpcError> {
        let consult = self.seats[seat].consult.as_ref().ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        // Its row is still on its way to the disk.
        if !self.calls.contains_key(&consult.attempt) {
            return Err(ErrorCode::Busy.into());
        }
        let parent = self.calls.get(&consult.parent);
        if parent.is_some_and(|call| call.transfer.is_some()) {
            return Err(RpcError::with_detail(ErrorCode::Busy, ("転送中です", "a transfer is under way")));
        }
        self.end_consult(seat, now);
        Ok(())
    }

    /// `call.swap`: the operator talks with the other one of the two, and whom they talked with waits.
    pub(super) fn call_swap(&mut self, seat: SeatIndex, now: Now) -> Result<(), RpcError> {
        let consult = self.seats[seat].consult.as_ref().ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        let (second, first, talking) = (consult.attempt, consult.parent, consult.talking);
        let ready = |attempt| {
            let call =
                self.calls.get(&attempt).filter(|call| call.is_talking() && call.transfer.is_none())?;
            Some((call.sip?, call.session?))
        };
        let (Some(second_ids), Some(first_ids)) = (ready(second), ready(first)) else {
            return Err(RpcError::with_detail(
                ErrorCode::State,
                ("両方の通話がつながってから実行してください", "both calls must be answered"),
            ));
        };
        let (on, (sip, session), off) =
            if talking { (first, first_ids, second) } else { (second, second_ids, first) };
        if self.calls.get(&on).is_some_and(|call| call.held || call.hold_wanted) {
            self.ua.resume(sip, now.mono).map_err(super::refusal::hold_refusal)?;
            if let Some(call) = self.calls.get_mut(&on) {
                call.hold_wanted = false;
            }
        }
        self.put_on_hold(off, now);
        self.media(MediaCommand::SetEndpoint { session, endpoint: Endpoint::Seat(self.seats[seat].media) });
        if let Some(consult) = &mut self.seats[seat].consult {
            consult.talking = !talking;
            consult.holds = !talking;
        }
        Ok(())
    }

    /// Whom the operator talks with.
    pub(super) fn talking_attempt(&self, seat: SeatIndex) -> Result<AttemptId, RpcError> {
        let consult = self.seats[seat].consult.as_ref();
        match consult.filter(|consult| consult.talking && self.calls.contains_key(&consult.attempt)) {
            Some(consult) => Ok(consult.attempt),
            None => self.live_attempt(seat),
        }
    }

    /// The second call as clients see it.
    pub(super) fn consult_info(&self, seat: SeatIndex) -> Option<CallInfo> {
        let consult = self.seats[seat].consult.as_ref()?;
        self.calls.get(&consult.attempt).map(|call| call.info(None))
    }
}
