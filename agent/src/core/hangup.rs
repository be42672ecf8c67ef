//! Ends calls for whoever asks: the one that is up at a seat, or the one that they name.

use protocol::{Detail, ErrorCode, RpcError};
use store::AttemptId;

use super::refusal::refusal;
use super::save::whom;
use super::tap::TapEnd;
use super::{Core, SeatIndex};
use crate::clock::Now;

impl Core {
    /// Ends the call `named` and no other, or else the one that the seat's operator is with, or the listening.
    pub(super) fn call_hangup(
        &mut self,
        seat: SeatIndex,
        named: Option<&str>,
        now: Now,
    ) -> Result<(), RpcError> {
        if let Some(named) = named {
            return self.hang_up_named(seat, named, now);
        }
        if self.seats[seat].consult.as_ref().is_some_and(|consult| consult.talking) {
            return self.call_return(seat, now);
        }
        if self.end_tap(seat, TapEnd::Hangup, now) {
            return Ok(());
        }
        match self.seats[seat].dialer.crosses(now.into()) {
            Some(before) => Err(self.crossed(seat, AttemptId(before.0))),
            None => self.seats[seat].dialer.hang_up().map_err(refusal),
        }
    }

    fn hang_up_named(&mut self, seat: SeatIndex, named: &str, now: Now) -> Result<(), RpcError> {
        let meant = named.parse::<AttemptId>().ok();
        let runtime = &mut self.seats[seat];
        if meant.is_some() && runtime.consult.as_ref().map(|consult| consult.attempt) == meant {
            return self.call_return(seat, now);
        }
        let up = runtime.dialer.attempt().filter(|_| runtime.dialer.in_call());
        if meant.is_some() && up.map(|attempt| AttemptId(attempt.0)) == meant {
            return runtime.dialer.hang_up().map_err(refusal);
        }
        let detail = (format!("通話 {named} は続いていません"), format!("{named} is not up"));
        Err(RpcError::with_detail(ErrorCode::NoCall, detail))
    }

    /// Why it is not sure which call a hang-up that names none is to end: `before` ended by itself in the moment it was asked for, and the
    /// next began before anybody can have seen that. Whom that one reaches would be hung up on for nothing.
    fn crossed(&self, seat: SeatIndex, before: AttemptId) -> RpcError {
        let runtime = &self.seats[seat];
        let last = runtime.before.as_ref().filter(|last| last.attempt == before);
        let ended = last.and_then(|last| whom(&last.info)).unwrap_or_default();
        let mut facts = serde_json::Map::from_iter([(String::from("before"), before.to_string().into())]);
        let Some(now) = self.current_call(seat) else { return ErrorCode::Ambiguous.into() };
        let (attempt, with) = (&now.attempt, whom(&now).unwrap_or_default());
        let detail = Detail::from((
            format!(
                "前の通話{ended}はすでに終わり、次の通話{with}が始まっています。それも切るなら --attempt {attempt} を付けるか、もう一度切ってください"
            ),
            format!(
                "the call before{ended} has ended already, and the next one{with} has begun: to end that too, add --attempt {attempt} or hang up again"
            ),
        ));
        facts.insert(String::from("now"), attempt.clone().into());
        RpcError::with_detail(ErrorCode::Ambiguous, detail.with(facts))
    }
}
