use std::time::{Duration, Instant};

use crate::action::{Action, Claimed, Next};
use crate::ceilings::VOIDS_BEFORE_PAUSE;
use crate::outcome::{Facts, Row};
use crate::state::{Open, State, Waiting};
use crate::{AttemptId, Dialer, Mode, Now};

/// What happened: answers of the store, of the trunk and of time.
impl Dialer {
    /// Answer to [`Action::Save`]: kept, and whether the row has a status now; or refused (`false`).
    pub fn saved(&mut self, attempt: AttemptId, has_status: bool) {
        // Refused during the call, it is as if nothing had been said; after it, somebody is at the row.
        let in_call = self.in_call();
        let (State::Dialing(open)
        | State::Ringing(open)
        | State::InCall(open)
        | State::Ending(open, ..)
        | State::WrapUp(open)
        | State::Breathing(open, _)
        | State::Advancing { back: Some(open), .. }) = &mut self.state
        else {
            return;
        };
        if open.attempt == attempt {
            open.saving = false;
            open.has_status |= has_status;
            open.kept_open &= has_status || !in_call;
        }
    }

    /// The clock jumped (the machine slept): what waits for an hour of the day looks at it again.
    pub fn clock_jumped(&mut self, now: Now) {
        self.go_on(now);
        self.show();
    }

    /// The trunk is registered (or needs no registration), or no longer.
    pub fn trunk(&mut self, up: bool, now: Now) {
        if self.trunk_up != up {
            self.trunk_up = up;
            self.go_on(now);
            self.show();
        }
    }

    /// The operator's voice is there, or no longer: a desk phone that is up. It is there unless told.
    pub fn voice(&mut self, up: bool, now: Now) {
        if self.voice_up != up {
            self.voice_up = up;
            match self.state {
                State::Accepted(attempt) if up => self.mark(attempt, now),
                _ => self.go_on(now),
            }
            self.show();
        }
    }

    /// The operator's sound device is there, or no longer; it is there unless told. Nobody is called without one: the next call of a
    /// session pauses it instead, and a device that is back lets nobody go on but who asks for it. A call that is up goes on.
    pub fn device(&mut self, up: bool) {
        self.device_up = up;
    }

    /// The store can write, or no longer.
    pub fn store(&mut self, ok: bool, now: Now) {
        if self.store_ok != ok {
            self.store_ok = ok;
            if !ok {
                // Said at once, also by a seat that has a call or a row open.
                self.wait(Some(Waiting::Store), now);
            }
            self.go_on(now);
            self.show();
        }
    }

    /// Answer to [`Action::Advance`]: a lead, or none with the time at which the next is due.
    pub fn claimed(&mut self, claimed: Option<Claimed>, next_due: Option<i64>, now: Now) {
        let State::Advancing { hold, .. } = self.state else { return };
        self.state = State::Idle;
        match claimed {
            Some(claimed) if claimed.dialed => {
                if self.may_dial(now) {
                    self.place(claimed.attempt, true);
                } else {
                    // Paused or closed between the claim and its commit: no INVITE leaves, the row is void.
                    self.end(Open::new(claimed.attempt, true), Facts { withdrawn: true, ..Facts::default() });
                }
            }
            Some(claimed) => {
                let countdown = match self.policy.mode {
                    Mode::Preview { countdown } if !hold => countdown,
                    Mode::Preview { .. } | Mode::Straight => None,
                };
                self.state =
                    State::Previewing { attempt: claimed.attempt, until: countdown.map(|c| now.mono + c) };
                if self.paused.is_some() || self.session.is_none() {
                    self.release(claimed.attempt, false);
                }
            }
            None => self.nothing_claimed(next_due, now),
        }
        self.show();
    }

    /// Answer to [`Action::Advance`]: leads were passed over and none was taken yet. Looks further.
    pub fn passed_over(&mut self, now: Now) {
        let State::Advancing { hold, .. } = self.state else { return };
        self.state = State::Idle;
        if self.session.is_some() {
            self.advance(None, None, hold, now);
        }
        self.show();
    }

    /// Answer to [`Action::Advance`] without a claim: the row is sealed, now or by somebody before.
    pub fn sealed(&mut self, now: Now) {
        if matches!(self.state, State::Advancing { .. }) {
            self.state = State::Idle;
            self.go_on(now);
            self.show();
        }
    }

    /// [`Action::Advance`] failed: the row stays open, nothing was claimed.
    pub fn advance_failed(&mut self, now: Now) {
        if let State::Advancing { back, by_hand, .. } = &mut self.state {
            let by_hand = *by_hand;
            self.state = match back.take() {
                None => State::Idle,
                Some(open) if by_hand => State::WrapUp(open),
                Some(open) => State::Breathing(open, now.mono + RETRY),
            };
            if let Some(session) = &mut self.session {
                session.retry_at = Some(now.mono + RETRY);
            }
            self.show();
        }
    }

    /// Answer to [`Action::MarkDialing`]: on disk, or refused for good (do-not-call, excluded, repeat floor).
    pub fn marked(&mut self, ok: bool, now: Now) {
        let State::Marking(attempt) = self.state else { return };
        if !ok {
            // The store has already passed over the lead in the refusing transaction.
            self.state = State::Idle;
            self.go_on(now);
        } else if self.may_dial(now) {
            self.place(attempt, true);
        } else {
            self.end(Open::new(attempt, true), Facts { withdrawn: true, ..Facts::default() });
        }
        self.show();
    }

    /// [`Action::MarkDialing`] failed, nothing is known of the lead: it is given back.
    pub fn mark_failed(&mut self) {
        if let State::Marking(attempt) = self.state {
            self.release(attempt, false);
            self.show();
        }
    }

    /// Answer to [`Action::Release`].
    pub fn released(&mut self, now: Now) {
        let State::Releasing { hold } = self.state else { return };
        self.state = State::Idle;
        if self.session.is_some() {
            self.advance(None, None, hold, now);
        }
        self.show();
    }

    /// The callee answered, or our answer to an incoming call is out.
    pub fn answered(&mut self) {
        if let State::Dialing(open) | State::Ringing(open) = &self.state {
            let open = Open { answered: true, ..open.clone() };
            if matches!(self.state, State::Ringing(_)) {
                // The operator took it up themselves.
                (self.unsaid, self.alone) = (None, None);
            }
            self.state = State::InCall(open);
            self.show();
        }
    }

    /// FAX tones, or a busy cadence in early media, were heard: a call whose row the machine may close ends now. One that the
    /// operator has judged does not.
    pub fn heard(&mut self, row: Row) {
        if !self.policy.auto_disposition.contains(&row) {
            return;
        }
        if let State::Dialing(open) | State::InCall(open) = &mut self.state
            && open.from_list
            && !open.hanging_up
            && !open.is_judged()
        {
            open.hanging_up = true;
            let attempt = open.attempt;
            self.actions.push_back(Action::HangUp(attempt));
        }
    }

    /// The call is over.
    pub fn ended(&mut self, attempt: AttemptId, facts: Facts) {
        if let State::Dialing(open) | State::Ringing(open) | State::InCall(open) = &self.state
            && open.attempt == attempt
        {
            let open = open.clone();
            self.end(open, facts);
            self.show();
        }
    }

    /// The end of the attempt is on disk.
    pub fn stored(&mut self, attempt: AttemptId, now: Now) {
        let State::Ending(open, row, auto) = self.state.clone() else { return };
        if open.attempt != attempt {
            return;
        }
        if matches!(row, Row::Withdrawn | Row::Shutdown) {
            // Nothing was tried to its end: the trunk is not to blame.
        } else if row.is_void() {
            self.voids += 1;
            if row == Row::OwnFault || self.voids >= VOIDS_BEFORE_PAUSE {
                self.paused.get_or_insert_with(|| String::from(PAUSED_BY_TRUNK));
            }
        } else {
            self.voids = 0;
        }
        let mut open = open;
        if let Some((next, save)) = open.then.take() {
            self.advance(Some(open), Some(save), next == Next::Skip, now);
        } else if open.closed || auto && !open.kept_open {
            if auto && open.let_go && !open.answered {
                self.unsaid = Some(attempt);
            }
            self.alone = Some((attempt, now.mono));
            open.has_status |= auto;
            self.state = State::Breathing(open, now.mono + self.policy.wrap_up);
            self.handle_timeout(now);
        } else {
            open.has_status |= auto;
            self.state = State::WrapUp(open);
        }
        self.show();
    }

    /// Call when the instant of [`Dialer::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Now) {
        match self.state.clone() {
            State::Previewing { attempt, until: Some(until) } if until <= now.mono => self.mark(attempt, now),
            State::Breathing(open, until) if until <= now.mono => self.advance(Some(open), None, false, now),
            State::Idle
                if self.session.as_ref().is_some_and(|s| s.retry_at.is_some_and(|t| t <= now.mono)) =>
            {
                self.go_on(now);
            }
            _ => {}
        }
        self.show();
    }

    /// When [`Dialer::handle_timeout`] wants to be called, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match &self.state {
            State::Previewing { until, .. } => until.map(|t| (t, "preview countdown")),
            State::Breathing(_, until) => Some((*until, "wrap-up")),
            State::Idle => self.session.as_ref().and_then(|s| s.retry_at).map(|t| (t, "next claim")),
            _ => None,
        }
    }
}

/// Pause code of a seat whose trunk does not carry calls: void calls in a row, or a fault of our own.
pub const PAUSED_BY_TRUNK: &str = "trunk";
/// Pause code of a seat with a session whose operator's sound device is gone: who answers would hear nobody.
pub const PAUSED_BY_DEVICE: &str = "device";
/// Pause code of a seat whose operator dials no further, and is there.
pub const PAUSED_DIALING: &str = "dial";
/// Pause code of a seat at which nobody has been ready yet.
pub const PAUSED_AT_START: &str = "start";

/// Pause code of a seat with a session over which the day's calling window closed, or the day changed: whether anybody is there the next day
/// is for them to say.
pub const PAUSED_AT_CLOSING: &str = "closing";

/// Wait after a failed commit before the next claim.
const RETRY: Duration = Duration::from_secs(2);
