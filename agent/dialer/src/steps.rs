use std::time::Duration;

use crate::action::{Action, ClaimIntent, Ended, Refusal, SaveIntent, SeatChange};
use crate::facts::{PAUSED_AT_CLOSING, PAUSED_BY_DEVICE};
use crate::outcome::{self, Facts};
use crate::state::{Open, SeatState, State, Waiting};
use crate::{AttemptId, Dialer, Mode, Now, window};

/// Steps that commands and facts have in common.
impl Dialer {
    /// From idle: claim if everything allows it, else say why not.
    pub(crate) fn go_on(&mut self, now: Now) {
        if matches!(self.state, State::Idle) && self.session.is_some() {
            self.advance(None, None, false, now);
        } else if matches!(self.waiting(), Some(Waiting::Store | Waiting::Trunk | Waiting::Phone))
            && self.obstacle(now).is_none()
        {
            // The row that is open decides what comes next, and no longer the trouble.
            self.wait(None, now);
        }
    }

    pub(crate) fn advance(&mut self, open: Option<Open>, save: Option<SaveIntent>, hold: bool, now: Now) {
        self.close_the_day(now);
        self.miss_the_device();
        let waiting = self.obstacle(now);
        let free = self.paused.is_none() && waiting.is_none();
        let claim = self.session.as_mut().filter(|_| free).map(|session| ClaimIntent {
            list: session.list,
            dial_now: self.policy.mode == Mode::Straight && !hold,
        });
        self.wait(waiting, now);
        if open.is_none() && save.is_none() && claim.is_none() {
            self.state = State::Idle;
            return;
        }
        let seal = open.as_ref().map(|o| o.attempt);
        self.state = State::Advancing { back: open, hold, by_hand: save.is_some() };
        self.actions.push_back(Action::Advance { seal, save, claim });
    }

    /// The row of the last call, where the operator has saved it and left it open: whatever leads to the next call closes it.
    pub(crate) fn left_open(&self) -> Result<Option<Open>, Refusal> {
        match &self.state {
            State::WrapUp(open) if open.has_status || !self.policy.require_status && !open.saving => {
                Ok(Some(open.clone()))
            }
            State::WrapUp(open) if open.saving => Err(Refusal::Pending),
            State::WrapUp(_) => Err(Refusal::StatusRequired),
            _ => Ok(None),
        }
    }

    /// Seals it, and goes on.
    pub(crate) fn close(&mut self, open: Open, now: Now) {
        self.advance(Some(open), None, false, now);
        if let State::Advancing { by_hand, .. } = &mut self.state {
            *by_hand = true;
        }
    }

    pub(crate) fn obstacle(&self, now: Now) -> Option<Waiting> {
        self.session.as_ref()?;
        if !self.store_ok {
            Some(Waiting::Store)
        } else if !self.trunk_up {
            Some(Waiting::Trunk)
        } else {
            let closed = self.policy.window.as_ref().filter(|window| !window.is_open(now.wall));
            let closed = closed.map(|window| Waiting::Hours(window.next_open(now.wall)));
            // Last: no phone rings for a list that may not be dialed anyway.
            let lacks_voice = !self.voice_up && !self.policy.shows_before_voice();
            closed.or(lacks_voice.then_some(Waiting::Phone))
        }
    }

    /// A person is at the seat and wants calls.
    pub(crate) fn asked(&mut self, now: Now) {
        if let Some(session) = &mut self.session {
            session.day = window::day(now.wall);
        }
    }

    /// Pauses a session at the end of the day's calling window, and one over which the day changed: at nine the next morning nobody may be
    /// at the seat, and who answers would hear nobody. A window that opens later on the same day is only waited for.
    fn close_the_day(&mut self, now: Now) {
        let (Some(session), Some(window)) = (&self.session, &self.policy.window) else { return };
        let today = window::day(now.wall);
        let closed = window.next_open(now.wall).is_none_or(|opens| window::day(opens) != today);
        if closed || session.day != today {
            self.paused.get_or_insert_with(|| String::from(PAUSED_AT_CLOSING));
        }
    }

    /// Pauses a session that would call now, and whose operator would hear nothing.
    fn miss_the_device(&mut self) {
        if self.session.is_some() && !self.device_up {
            self.paused.get_or_insert_with(|| String::from(PAUSED_BY_DEVICE));
        }
    }

    pub(crate) fn wait(&mut self, waiting: Option<Waiting>, now: Now) {
        let Some(session) = &mut self.session else { return };
        session.retry_at = match waiting {
            Some(Waiting::Hours(Some(at)) | Waiting::NotDue(at)) => Some(now.mono + until(at, now.wall)),
            Some(Waiting::Hours(None) | Waiting::Trunk | Waiting::Store | Waiting::Phone) | None => None,
        };
        if session.waiting != waiting {
            session.waiting = waiting;
            self.actions.push_back(Action::Changed(SeatChange::Waiting(waiting)));
        }
    }

    pub(crate) fn nothing_claimed(&mut self, next_due: Option<i64>, now: Now) {
        let Some(session) = &self.session else { return };
        let list = session.list;
        if let Some(due) = next_due {
            self.wait(Some(Waiting::NotDue(due)), now);
        } else {
            self.session = None;
            self.actions.push_back(Action::Changed(SeatChange::Exhausted(list)));
        }
    }

    pub(crate) fn mark(&mut self, attempt: AttemptId, now: Now) {
        self.close_the_day(now);
        self.miss_the_device();
        let waiting = self.obstacle(now);
        if self.paused.is_some() || waiting.is_some() {
            self.wait(waiting, now);
            self.release(attempt, false);
            return;
        }
        if !self.voice_up {
            self.state = State::Accepted(attempt);
            return;
        }
        self.state = State::Marking(attempt);
        self.actions.push_back(Action::MarkDialing(attempt));
    }

    pub(crate) fn release(&mut self, attempt: AttemptId, skipped: bool) {
        // Whoever passes over a shown lead wants to see the next one, not to call it.
        self.state = State::Releasing { hold: skipped && self.policy.mode == Mode::Straight };
        self.actions.push_back(Action::Release { attempt, skipped });
    }

    pub(crate) fn place(&mut self, attempt: AttemptId, from_list: bool) {
        self.state = State::Dialing(Open::new(attempt, from_list));
        self.actions.push_back(Action::PlaceCall { attempt, ring_timeout: self.policy.ring_timeout });
    }

    pub(crate) fn end(&mut self, mut open: Open, mut facts: Facts) {
        // Whom the operator hung up on before the stop had rung as long as the operator wanted.
        facts.shutdown &= !open.hanging_up;
        let row = outcome::judge(&facts);
        let judged = open.is_judged();
        let by_machine = open.from_list && !judged;
        let auto = row.disposition().filter(|_| by_machine && self.policy.auto_disposition.contains(&row));
        let void = row.is_void() && !judged;
        open.closed = void || matches!(self.state, State::Ringing(_)) && !facts.answered;
        self.actions.push_back(Action::End(Ended { attempt: open.attempt, row, auto, void, facts }));
        self.state = State::Ending(open, row, auto.is_some());
    }

    pub(crate) fn may_dial(&self, now: Now) -> bool {
        self.paused.is_none()
            && self.session.is_some()
            && self.trunk_up
            && self.voice_up
            && self.device_up
            && self.window_open(now)
    }

    pub(crate) fn show(&mut self) {
        let at_rest = || self.paused.clone().map_or(SeatState::Ready, SeatState::Paused);
        let shown = match &self.state {
            State::Idle | State::Releasing { .. } | State::Breathing(..) => at_rest(),
            State::Advancing { back: None, .. } => at_rest(),
            State::Advancing { back: Some(_), .. } | State::Ending(..) | State::WrapUp(_) => {
                SeatState::WrapUp
            }
            State::Previewing { .. } | State::Accepted(_) | State::Marking(_) => SeatState::Previewing,
            State::Opening { .. } | State::Dialing(_) => SeatState::Dialing,
            State::Ringing(_) => SeatState::Ringing,
            State::InCall(_) => SeatState::InCall,
        };
        if shown != self.shown {
            self.shown = shown.clone();
            self.actions.push_back(Action::Changed(SeatChange::State(shown)));
        }
    }
}

fn until(at: i64, wall: i64) -> Duration {
    Duration::from_millis(u64::try_from(at - wall).unwrap_or(0))
}
