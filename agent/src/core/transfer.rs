//! Handing a seat's call to a number (RFC 5589 6): the number is checked as any that is dialed, the other side is held
//! and asked to call it (REFER), and what it tells of that call is told to the clients.

use protocol::result::{SeatStatus, TransferInfo, TransferState};
use protocol::{Detail, ErrorCode, Event, RpcError};
use sip_stack::message::Uri;
use sip_stack::ua::{CallId, TransferError};
use store::phone::Phone;
use store::{AttemptId, ManualCall, SecondLeg, Target, TransferWay, Transferred};

use super::call::Call;
use super::command::respond;
use super::identity;
use super::job::Done;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;

/// A transfer of one call, from the command to its outcome.
#[derive(Debug)]
pub(crate) struct Transfer {
    way: TransferWay,
    /// The number and how the other side is sent there; known once the rules have let it pass.
    to: Option<(Phone, Aim)>,
    stage: Stage,
    /// The call is on hold for this, and is taken back if it comes to nothing.
    holds: bool,
    /// The command that waits for the outcome.
    reply: Option<Reply>,
}

/// Where the other side is sent.
#[derive(Clone, Debug)]
enum Aim {
    /// To a number.
    Number(Uri),
    /// Into our place in this attempt's call (Replaces, RFC 3891).
    Call(AttemptId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The store looks at the number.
    Checking,
    /// Our offer to hold is out.
    Holding,
    /// The REFER is out.
    Asked,
    /// The other side said that it tries.
    Accepted,
}

impl Transfer {
    const fn new(way: TransferWay, reply: Reply) -> Self {
        Self { way, to: None, stage: Stage::Checking, holds: false, reply: Some(reply) }
    }

    /// The hold of a consultation that is over is ours from now on.
    pub(crate) const fn hold_for_it(&mut self) {
        self.holds = true;
    }

    /// The transfer as clients see it.
    pub(crate) fn info(&self) -> Option<TransferInfo> {
        let state = match self.stage {
            Stage::Checking | Stage::Holding => return None,
            Stage::Asked => TransferState::Asked,
            Stage::Accepted => TransferState::Accepted,
        };
        self.info_as(state)
    }

    fn info_as(&self, state: TransferState) -> Option<TransferInfo> {
        let (phone, _) = self.to.as_ref()?;
        Some(TransferInfo { way: self.way.as_str().to_owned(), number: phone.national(), state })
    }
}

impl Core {
    pub(super) fn call_transfer(&mut self, seat: SeatIndex, number: Option<String>, reply: Reply, now: Now) {
        let attempt = match self.transferable(seat) {
            Ok(attempt) => attempt,
            Err(error) => return respond::<SeatStatus>(reply, Err(error)),
        };
        let asked = self.seats[seat].consult.as_ref().map(|consult| consult.attempt);
        match (number, asked) {
            (Some(number), None) => self.transfer_to_number(seat, attempt, number, reply, now),
            (None, Some(asked)) => self.transfer_to_asked(attempt, asked, reply, now),
            (Some(_), Some(_)) => {
                let detail = (
                    "相談中です。番号を付けずに転送するか、先に相談を終えてください",
                    "somebody is being consulted: transfer without a number, or return first",
                );
                respond::<SeatStatus>(reply, Err(RpcError::with_detail(ErrorCode::CallBusy, detail)));
            }
            (None, None) => {
                let detail = (
                    "番号を指定するか、先に相談を始めてください",
                    "name a number, or consult somebody first",
                );
                respond::<SeatStatus>(reply, Err(RpcError::with_detail(ErrorCode::BadRequest, detail)));
            }
        }
    }

    /// Hands the call to whom the operator has asked.
    fn transfer_to_asked(&mut self, attempt: AttemptId, asked: AttemptId, reply: Reply, now: Now) {
        let second = self.calls.get(&asked).filter(|call| call.is_talking());
        let Some(phone) = second.and_then(|call| call.party.phone.clone()) else {
            let detail = ("相談先がまだ応答していません", "whom you ask has not answered yet");
            return respond::<SeatStatus>(reply, Err(RpcError::with_detail(ErrorCode::State, detail)));
        };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let transfer = Transfer::new(TransferWay::Attended, reply);
        call.transfer = Some(Transfer { to: Some((phone, Aim::Call(asked))), ..transfer });
        self.hold_for_transfer(attempt, now);
    }

    fn transfer_to_number(
        &mut self,
        seat: SeatIndex,
        attempt: AttemptId,
        number: String,
        reply: Reply,
        now: Now,
    ) {
        let call = self.second_leg(seat, attempt, number, now);
        if let Some(entry) = self.calls.get_mut(&attempt) {
            entry.transfer = Some(Transfer::new(TransferWay::Blind, reply));
        }
        let store = self.store.clone();
        self.jobs.spawn(async move {
            Done::TransferChecked { attempt, result: Box::new(store.check_manual(call).await) }
        });
    }

    /// The seat's answered call, if it can be handed over now.
    pub(super) fn transferable(&self, seat: SeatIndex) -> Result<AttemptId, RpcError> {
        let attempt = self.live_attempt(seat)?;
        let call = self.calls.get(&attempt).filter(|call| call.is_talking());
        let call = call.ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        if call.transfer.is_some() {
            return Err(RpcError::with_detail(ErrorCode::Busy, ("転送中です", "a transfer is under way")));
        }
        if self.stopping.is_some() { Err(ErrorCode::Busy.into()) } else { Ok(attempt) }
    }

    /// A number that is to come into the call that is up.
    pub(super) fn second_leg(
        &self,
        seat: SeatIndex,
        parent: AttemptId,
        number: String,
        now: Now,
    ) -> ManualCall {
        let open = self.seats[seat].dialer.window_open(now.into());
        ManualCall { second: Some(SecondLeg { parent, open }), ..self.manual_call(seat, number, now) }
    }

    /// The rules have spoken about the number.
    pub(super) fn transfer_checked(
        &mut self,
        attempt: AttemptId,
        result: Result<Target, store::Error>,
        now: Now,
    ) {
        let Some(seat) = self.calls.get(&attempt).map(|call| call.seat) else { return };
        let target = result.map_err(|error| self.second_refused(&error, now)).and_then(|target| {
            let uri = self.refer_target(seat, &target)?;
            Ok((target.phone, Aim::Number(uri)))
        });
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let Some(transfer) = call.transfer.as_mut().filter(|one| one.stage == Stage::Checking) else {
            return;
        };
        match target {
            Ok(to) => {
                transfer.to = Some(to);
                self.hold_for_transfer(attempt, now);
            }
            Err(error) => self.transfer_answer(attempt, Err(error)),
        }
    }

    /// The URI that the other side is to call.
    fn refer_target(&self, seat: SeatIndex, target: &Target) -> Result<Uri, RpcError> {
        // The INVITE to the target is not ours: nobody would withhold the number there.
        if target.signalled.is_some() {
            return Err(RpcError::with_detail(
                ErrorCode::TrunkRule,
                (
                    "Privacy による番号の通知・非通知は転送ではできません",
                    "a transfer cannot withhold or show a number by Privacy",
                ),
            ));
        }
        let account = &self.accounts[self.seats[seat].account].config;
        identity::target(account, &target.dial_string, &target.phone)
            .ok_or_else(|| ErrorCode::PhoneInvalid.into())
    }

    /// Whoever is handed over should hear the exchange's music and not the operator's room; a side that takes no hold is
    /// asked all the same.
    fn hold_for_transfer(&mut self, attempt: AttemptId, now: Now) {
        let holds = self.put_on_hold(attempt, now);
        let Some(transfer) = self.calls.get_mut(&attempt).and_then(|call| call.transfer.as_mut()) else {
            return;
        };
        if holds {
            transfer.holds = true;
            transfer.stage = Stage::Holding;
        } else {
            self.refer(attempt, now);
        }
    }

    /// Our hold was answered, or refused.
    pub(super) fn transfer_held(&mut self, attempt: AttemptId, held: bool, now: Now) {
        let transfer = self.calls.get_mut(&attempt).and_then(|call| call.transfer.as_mut());
        let Some(transfer) = transfer.filter(|transfer| transfer.stage == Stage::Holding) else { return };
        transfer.holds = held;
        self.refer(attempt, now);
    }

    fn refer(&mut self, attempt: AttemptId, now: Now) {
        let Some(call) = self.calls.get(&attempt) else { return };
        let aim = call.transfer.as_ref().and_then(|transfer| transfer.to.as_ref());
        let (Some(sip), Some((_, aim))) = (call.sip, aim) else { return };
        let asked = match aim {
            Aim::Number(uri) => self.ua.transfer(sip, uri, now.mono),
            Aim::Call(second) => match self.calls.get(second).and_then(|call| call.sip) {
                Some(second) => self.ua.transfer_to(sip, second, now.mono),
                None => Err(TransferError::NotEstablished),
            },
        };
        match asked {
            Ok(()) => {
                if let Some(transfer) = self.calls.get_mut(&attempt).and_then(|call| call.transfer.as_mut()) {
                    transfer.stage = Stage::Asked;
                }
                self.report_transfer(attempt, TransferState::Asked, None, None, now);
            }
            Err(error) => {
                let code = match error {
                    TransferError::Pending => ErrorCode::Busy,
                    _ => ErrorCode::NoCall,
                };
                self.transfer_over(attempt, Err(RpcError::with_detail(code, Detail::log(error))), now);
            }
        }
    }

    /// The other side accepted the REFER, or tells of its new call.
    pub(super) fn transfer_progress(&mut self, sip: CallId, code: u16, reason: String, now: Now) {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        let transfer = self.calls.get_mut(&attempt).and_then(|call| call.transfer.as_mut());
        let Some(transfer) = transfer else { return };
        transfer.stage = Stage::Accepted;
        let state = if code >= 200 { TransferState::Accepted } else { TransferState::Progress };
        self.report_transfer(attempt, state, Some(code), Some(reason), now);
    }

    /// The other side has arrived, as far as is known; our leg ends.
    pub(super) fn transferred(&mut self, sip: CallId, code: Option<u16>, now: Now) {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        self.handed_over(attempt, code, None, now);
    }

    pub(super) fn transfer_failed(&mut self, sip: CallId, code: Option<u16>, reason: String, now: Now) {
        let Some(attempt) = self.by_sip.get(&sip).copied() else { return };
        let Some(call) = self.calls.get(&attempt) else { return };
        let Some(transfer) = &call.transfer else { return };
        let accepted = transfer.stage == Stage::Accepted;
        // We left while the exchange was at it, which does not stop it (RFC 5589 6.1).
        if accepted && self.ua.sip_call_id(sip).is_none() {
            return self.handed_over(attempt, None, Some(reason), now);
        }
        let refused = !accepted && code.is_some();
        let error = if refused { ErrorCode::TransferRefused } else { ErrorCode::TransferFailed };
        tracing::warn!(%attempt, code, reason, "the transfer failed, the call goes on");
        self.report_transfer(attempt, TransferState::Failed, code, Some(reason.clone()), now);
        let detail = match code {
            // The phrase beside a code is the exchange's, in whatever language (RFC 3261 7.2).
            Some(code) => Detail::from((format!("SIP {code}"), format!("{code} {reason}"))),
            None => Detail::log(reason),
        };
        self.transfer_over(attempt, Err(RpcError::with_detail(error, detail)), now);
    }

    fn handed_over(&mut self, attempt: AttemptId, code: Option<u16>, reason: Option<String>, now: Now) {
        self.report_transfer(attempt, TransferState::Done, code, reason, now);
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let Some(transfer) = &call.transfer else { return };
        let to = transfer.to.as_ref().map(|(phone, _)| phone.expose().to_owned()).unwrap_or_default();
        call.transferred = Some(Transferred { way: transfer.way, to, code });
        let seat = call.seat;
        // Whom we asked has the other side now; their own BYE may be on its way (RFC 3891 3).
        self.end_consult(seat, now);
        self.transfer_answer(attempt, Ok(()));
    }

    /// The transfer came to nothing: the call is as it was before.
    fn transfer_over(&mut self, attempt: AttemptId, result: Result<(), RpcError>, now: Now) {
        let transfer = self.calls.get(&attempt).and_then(|call| call.transfer.as_ref());
        if transfer.is_some_and(|transfer| transfer.holds) {
            self.take_back(attempt, now);
        }
        self.transfer_answer(attempt, result);
    }

    /// Answers the command that waits for the transfer, which is over.
    pub(super) fn transfer_answer(&mut self, attempt: AttemptId, result: Result<(), RpcError>) {
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let seat = call.seat;
        if let Some(reply) = call.transfer.take().and_then(|transfer| transfer.reply) {
            respond(reply, result.map(|()| self.seat_status(seat)));
        }
    }

    fn report_transfer(
        &self,
        attempt: AttemptId,
        state: TransferState,
        code: Option<u16>,
        reason: Option<String>,
        now: Now,
    ) {
        let Some(call) = self.calls.get(&attempt) else { return };
        let Some(transfer) = call.transfer.as_ref().and_then(|transfer| transfer.info_as(state)) else {
            return;
        };
        let (seat, attempt) = (self.seats[call.seat].name.clone(), attempt.to_string());
        self.publish(Event::CallTransfer { seat, attempt, transfer, code, reason }, now);
    }
}

impl Call {
    /// The transfer that is under way, or was carried out.
    pub(crate) fn transfer_info(&self) -> Option<TransferInfo> {
        let done = self.transferred.as_ref().map(|transferred| TransferInfo {
            way: transferred.way.as_str().to_owned(),
            number: super::rows::national(&transferred.to),
            state: TransferState::Done,
        });
        done.or_else(|| self.transfer.as_ref()?.info())
    }
}
