use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::action::{Action, ClaimIntent, Next, Refusal, SaveIntent, SeatChange};
use crate::facts::{PAUSED_AT_CLOSING, PAUSED_AT_START, PAUSED_BY_DEVICE, PAUSED_BY_TRUNK, PAUSED_DIALING};
use crate::state::{Open, SeatState, Session, State, Waiting};
use crate::{AttemptId, ListId, Mode, Now, Policy, window};

/// The dialer of one seat. See the crate's page for the order of calls.
pub struct Dialer {
    pub(crate) policy: Policy,
    pub(crate) state: State,
    pub(crate) paused: Option<String>,
    pub(crate) session: Option<Session>,
    pub(crate) trunk_up: bool,
    pub(crate) store_ok: bool,
    pub(crate) voice_up: bool,
    pub(crate) device_up: bool,
    pub(crate) voids: u32,
    pub(crate) unsaid: Option<AttemptId>,
    /// The last call whose row the machine closed, and when its end was on disk; none once a person has asked for the next.
    pub(crate) alone: Option<(AttemptId, Instant)>,
    /// Somebody called from here, and so is there.
    pub(crate) begun: bool,
    pub(crate) shown: SeatState,
    pub(crate) actions: VecDeque<Action>,
}

impl Dialer {
    /// A seat that is paused with the code `start` until [`Dialer::ready`] or [`Dialer::start`].
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let paused = String::from(PAUSED_AT_START);
        Self {
            policy: policy.clamped(),
            state: State::Idle,
            shown: SeatState::Paused(paused.clone()),
            paused: Some(paused),
            session: None,
            trunk_up: false,
            store_ok: true,
            voice_up: true,
            device_up: true,
            voids: 0,
            unsaid: None,
            alone: None,
            begun: false,
            actions: VecDeque::new(),
        }
    }

    /// State as people see it.
    #[must_use]
    pub fn state(&self) -> &SeatState {
        &self.shown
    }

    /// List of the dialing session.
    #[must_use]
    pub fn list(&self) -> Option<ListId> {
        self.session.as_ref().map(|s| s.list)
    }

    /// Why the session does not dial now.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        self.session.as_ref().and_then(|s| s.waiting)
    }

    /// The attempt whose row is open, if any.
    #[must_use]
    pub fn attempt(&self) -> Option<AttemptId> {
        match &self.state {
            State::Idle | State::Opening { .. } | State::Releasing { .. } => None,
            State::Advancing { back, .. } => back.as_ref().map(|o| o.attempt),
            State::Previewing { attempt, .. } | State::Accepted(attempt) | State::Marking(attempt) => {
                Some(*attempt)
            }
            State::Dialing(o)
            | State::Ringing(o)
            | State::InCall(o)
            | State::Ending(o, ..)
            | State::WrapUp(o)
            | State::Breathing(o, _) => Some(o.attempt),
        }
    }

    /// Why no further call is taken, even if one is still up.
    #[must_use]
    pub fn paused(&self) -> Option<&str> {
        self.paused.as_deref()
    }

    /// Whether no further call is taken, even if one is still up.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Whether a call is up or being set up.
    #[must_use]
    pub fn in_call(&self) -> bool {
        matches!(self.state, State::Dialing(_) | State::Ringing(_) | State::InCall(_))
    }

    /// Whether the store is about to say which lead is next, if any.
    #[must_use]
    pub const fn is_claiming(&self) -> bool {
        matches!(self.state, State::Advancing { .. })
    }

    /// Whether the store is about to say if the shown lead may be called.
    #[must_use]
    pub const fn is_marking(&self) -> bool {
        matches!(self.state, State::Marking(_))
    }

    /// What a save of the open row that goes on to the next call would ask for now: the row to seal and the claim.
    /// `None` while nothing is to be saved, or no call would follow.
    #[must_use]
    pub fn foresees(&self, now: Now) -> Option<(AttemptId, ClaimIntent)> {
        let State::WrapUp(open) = &self.state else { return None };
        if open.closed || self.paused.is_some() || !self.device_up || self.obstacle(now).is_some() {
            return None;
        }
        let list = self.session.as_ref()?.list;
        Some((open.attempt, ClaimIntent { list, dial_now: self.policy.mode == Mode::Straight }))
    }

    /// Whether an incoming call may ring here: somebody is there, and in no call.
    #[must_use]
    pub fn is_free(&self) -> bool {
        matches!(self.state, State::Idle | State::Breathing(..)) && !self.is_away()
    }

    /// Whether nobody is at the seat (S2.31): nobody has been ready yet nor called by hand, or its operator is on a break. Who only dials
    /// no further, or does not since the trunk carries no calls, their device is gone or the day is closed, is there.
    fn is_away(&self) -> bool {
        match self.paused.as_deref() {
            None | Some(PAUSED_DIALING | PAUSED_BY_TRUNK | PAUSED_BY_DEVICE | PAUSED_AT_CLOSING) => false,
            Some(PAUSED_AT_START) => !self.begun,
            Some(_) => true,
        }
    }

    /// Whether a call is up or about to be, so that the operator's voice is needed.
    #[must_use]
    pub fn wants_voice(&self) -> bool {
        match &self.state {
            State::Opening { .. }
            | State::Accepted(_)
            | State::Marking(_)
            | State::Dialing(_)
            | State::Ringing(_)
            | State::InCall(_) => true,
            State::Previewing { .. } | State::Advancing { .. } | State::Releasing { .. }
                if self.policy.shows_before_voice() =>
            {
                false
            }
            State::Previewing { .. } => true,
            State::Advancing { .. } => self.session.is_some() && self.paused.is_none() && self.voice_up,
            State::Idle => self.paused.is_none() && self.waiting() == Some(Waiting::Phone),
            State::Releasing { .. } => self.session.is_some() && self.paused.is_none(),
            State::Ending(..) | State::WrapUp(_) | State::Breathing(..) => false,
        }
    }

    /// Whether the calling window is open.
    #[must_use]
    pub fn window_open(&self, now: Now) -> bool {
        self.policy.window.as_ref().is_none_or(|window| window.is_open(now.wall))
    }

    /// Begin to dial a list from the top. The seat becomes ready; a row that was saved and left open is sealed (S4.49).
    ///
    /// # Errors
    /// [`Refusal::Busy`] while another list is being dialed; [`Refusal::StatusRequired`] while the row of the last call
    /// wants a status, [`Refusal::Pending`] while it gets one.
    pub fn start(&mut self, list: ListId, now: Now) -> Result<(), Refusal> {
        if self.session.as_ref().is_some_and(|s| s.list != list) {
            return Err(Refusal::Busy);
        }
        let open = self.left_open()?;
        let day = window::day(now.wall);
        self.session.get_or_insert(Session { list, waiting: None, retry_at: None, day });
        self.take_calls(open, now);
        Ok(())
    }

    /// End the dialing session; a call that is up goes on.
    ///
    /// # Errors
    /// [`Refusal::NoSession`].
    pub fn stop(&mut self, now: Now) -> Result<(), Refusal> {
        let session = self.session.take().ok_or(Refusal::NoSession)?;
        self.actions.push_back(Action::Changed(SeatChange::Stopped(session.list)));
        match self.state.clone() {
            State::Previewing { attempt, .. } | State::Accepted(attempt) => self.release(attempt, false),
            State::Breathing(open, _) => self.advance(Some(open), None, false, now),
            _ => {}
        }
        self.show();
        Ok(())
    }

    /// Take no further call; effective before the next INVITE. A call that is up goes on.
    pub fn pause(&mut self, code: String, now: Now) {
        self.paused = Some(code);
        match self.state.clone() {
            State::Previewing { attempt, .. } | State::Accepted(attempt) => self.release(attempt, false),
            State::Breathing(open, _) => self.advance(Some(open), None, false, now),
            _ => {}
        }
        self.show();
    }

    /// Take calls again; a shown lead stays shown, see [`Dialer::accept`]. A row that was saved and left open is
    /// sealed (S4.49). While it wants a status, only a pause is taken back.
    ///
    /// # Errors
    /// [`Refusal::StatusRequired`] while the row of the last call wants a status, [`Refusal::Pending`] while it gets one;
    /// neither where there was a pause to take back.
    pub fn ready(&mut self, now: Now) -> Result<(), Refusal> {
        let open = match self.left_open() {
            Err(_) if self.paused.is_some() => None,
            open => open?,
        };
        self.take_calls(open, now);
        Ok(())
    }

    fn take_calls(&mut self, open: Option<Open>, now: Now) {
        self.paused = None;
        self.voids = 0;
        (self.unsaid, self.alone) = (None, None);
        self.asked(now);
        if let Some(open) = open {
            self.close(open, now);
        } else {
            self.go_on(now);
        }
        self.show();
    }

    /// Call the shown lead, once the operator's voice is there. Nothing else does but its countdown: whoever is ready twice calls nobody.
    ///
    /// # Errors
    /// [`Refusal::NoCall`] when no lead is shown, [`Refusal::Hours`] outside the window.
    pub fn accept(&mut self, now: Now) -> Result<(), Refusal> {
        let attempt = match self.state {
            State::Previewing { attempt, .. } => attempt,
            State::Accepted(_) | State::Marking(_) => return Ok(()),
            _ => return Err(Refusal::NoCall),
        };
        if !self.window_open(now) {
            return Err(Refusal::Hours);
        }
        self.asked(now);
        self.alone = None;
        self.mark(attempt, now);
        self.show();
        Ok(())
    }

    /// Pass over the shown lead without dialing it and show the next.
    ///
    /// # Errors
    /// [`Refusal::NoCall`] when no lead is shown.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        let (State::Previewing { attempt, .. } | State::Accepted(attempt)) = self.state else {
            return Err(Refusal::NoCall);
        };
        self.release(attempt, true);
        self.show();
        Ok(())
    }

    /// Whether [`Dialer::manual`] would be granted, and the row that the call's own commit is to seal.
    ///
    /// # Errors
    /// As [`Dialer::manual`].
    pub fn may_call(&self, now: Now) -> Result<Option<AttemptId>, Refusal> {
        let open = match self.state {
            State::Idle | State::WrapUp(_) => self.left_open()?,
            _ => return Err(Refusal::Busy),
        };
        if !self.window_open(now) {
            return Err(Refusal::Hours);
        }
        Ok(open.map(|open| open.attempt))
    }

    /// Reserve the seat for a call to a number that the operator typed. The shell opens its row and, in the same commit,
    /// seals the row that is returned, one that was saved and left open (S4.49); then it calls [`Dialer::opened`].
    ///
    /// # Errors
    /// [`Refusal::Busy`] during a call and while a lead is shown; [`Refusal::StatusRequired`] while the row of the last
    /// call wants a status, [`Refusal::Pending`] while it gets one; [`Refusal::Hours`] outside the window.
    pub fn manual(&mut self, now: Now) -> Result<Option<AttemptId>, Refusal> {
        let seal = self.may_call(now)?;
        self.state = State::Opening { back: self.left_open()? };
        self.show();
        Ok(seal)
    }

    /// The row of a manual call is on disk and the one before it sealed (`Some`), or it was refused (`None`).
    pub fn opened(&mut self, attempt: Option<AttemptId>, now: Now) {
        let State::Opening { back } = &mut self.state else { return };
        match (attempt, back.take()) {
            (Some(attempt), _) => {
                (self.unsaid, self.alone) = (None, None);
                self.begun = true;
                self.place(attempt, false);
            }
            (None, Some(open)) => self.state = State::WrapUp(open),
            (None, None) => {
                self.state = State::Idle;
                self.go_on(now);
            }
        }
        self.show();
    }

    /// An incoming call rings at this seat; its row is on disk.
    ///
    /// # Errors
    /// [`Refusal::Busy`], also where nobody is at the seat.
    pub fn ring(&mut self, attempt: AttemptId) -> Result<(), Refusal> {
        match self.state.clone() {
            _ if self.is_away() => return Err(Refusal::Busy),
            State::Idle => {}
            // The closed row is sealed with the next advance; an incoming call may not lose it.
            State::Breathing(open, _) => {
                self.actions.push_back(Action::Advance { seal: Some(open.attempt), save: None, claim: None })
            }
            _ => return Err(Refusal::Busy),
        }
        self.state = State::Ringing(Open::new(attempt, false));
        self.show();
        Ok(())
    }

    /// End the call that is up.
    ///
    /// # Errors
    /// [`Refusal::NoCall`].
    pub fn hang_up(&mut self) -> Result<(), Refusal> {
        match &mut self.state {
            State::Dialing(open) | State::Ringing(open) | State::InCall(open) => {
                open.hanging_up = true;
                open.let_go = true;
                if open.answered {
                    // Whoever ends what they talk in knows which call is theirs now.
                    self.unsaid = None;
                }
                let attempt = open.attempt;
                self.actions.push_back(Action::HangUp(attempt));
                Ok(())
            }
            _ => Err(Refusal::NoCall),
        }
    }

    /// The call that a hang-up without a name may be meant for though another is up: it ended by itself, or was hung up already, less than
    /// [`CROSSES`] ago, and the next began before its operator can have seen that. What they say next may be of it, too.
    ///
    /// Told once: whoever asks again means the call that is up.
    pub fn crosses(&mut self, now: Now) -> Option<AttemptId> {
        let (State::Dialing(open) | State::Ringing(open) | State::InCall(open)) = &self.state else {
            return None;
        };
        let (before, ended) = self.alone?;
        if open.attempt == before || open.hanging_up || now.mono.duration_since(ended) >= CROSSES {
            return None;
        }
        (self.alone, self.unsaid) = (None, Some(before));
        Some(before)
    }

    /// Keep the result of the open attempt and go on as `next` says. During a call, `Dial` and `Skip` end it first.
    ///
    /// # Errors
    /// [`Refusal::NoCall`], [`Refusal::StatusRequired`], [`Refusal::Pending`] while a commit is under way,
    /// [`Refusal::Closing`] while that of the machine is.
    pub fn save(&mut self, save: SaveIntent, next: Next, now: Now) -> Result<(), Refusal> {
        if next != Next::Stay {
            self.asked(now);
        }
        self.save_open(save, next, now)?;
        (self.unsaid, self.alone) = (None, None);
        Ok(())
    }

    fn save_open(&mut self, save: SaveIntent, next: Next, now: Now) -> Result<(), Refusal> {
        let require = self.policy.require_status;
        let lacks_status = |open: &Open| require && save.status.is_none() && !open.has_status;
        match &mut self.state {
            State::Dialing(open) | State::InCall(open) => {
                let attempt = open.attempt;
                if next == Next::Stay {
                    open.keep(&save);
                    self.actions.push_back(Action::Save { attempt, save });
                    return Ok(());
                }
                if lacks_status(open) {
                    return Err(Refusal::StatusRequired);
                }
                open.then = Some((next, save));
                if !open.hanging_up {
                    open.hanging_up = true;
                    self.actions.push_back(Action::HangUp(attempt));
                }
                Ok(())
            }
            // Its end seals the row, or is about to.
            State::Ending(open, ..) | State::Breathing(open, _) if open.closed => Err(Refusal::NoCall),
            State::Ending(open, ..) if next != Next::Stay => {
                if lacks_status(open) {
                    return Err(Refusal::StatusRequired);
                }
                open.then = Some((next, save));
                Ok(())
            }
            State::WrapUp(open) | State::Breathing(open, _) | State::Ending(open, ..) => {
                if next == Next::Stay {
                    let attempt = open.attempt;
                    open.keep(&save);
                    self.actions.push_back(Action::Save { attempt, save });
                    if let State::Breathing(open, _) = &self.state
                        && open.kept_open
                    {
                        // It was the machine's to close, and is the operator's from now on.
                        self.state = State::WrapUp(open.clone());
                        self.show();
                    }
                    return Ok(());
                }
                if lacks_status(open) {
                    return Err(Refusal::StatusRequired);
                }
                let open = open.clone();
                self.advance(Some(open), Some(save), next == Next::Skip, now);
                self.show();
                Ok(())
            }
            State::Advancing { back: Some(open), by_hand: false, .. } if !open.closed => {
                Err(Refusal::Closing)
            }
            State::Advancing { .. } => Err(Refusal::Pending),
            State::Idle
            | State::Opening { .. }
            | State::Previewing { .. }
            | State::Accepted(_)
            | State::Marking(_)
            | State::Releasing { .. }
            | State::Ringing(_) => Err(Refusal::NoCall),
        }
    }

    /// The call that a save without a name may be meant for though its row is not the open one: the operator hung up while it rang, the
    /// machine closed it, and the next call began by itself before they had said anything. `grave`: what is to be saved must not be of
    /// the wrong call whatever happens, such as one that forbids a number.
    ///
    /// Anything else is of the open call once somebody has answered it or its row waits for the operator.
    #[must_use]
    pub fn unsaid(&self, grave: bool) -> Option<AttemptId> {
        let open = match &self.state {
            State::Dialing(open) | State::Ending(open, ..) | State::Breathing(open, _) => {
                Some(open).filter(|open| grave || !open.answered)
            }
            State::InCall(open) | State::WrapUp(open) | State::Advancing { back: Some(open), .. } => {
                Some(open).filter(|_| grave)
            }
            State::Idle
            | State::Advancing { back: None, .. }
            | State::Opening { .. }
            | State::Previewing { .. }
            | State::Accepted(_)
            | State::Marking(_)
            | State::Releasing { .. }
            | State::Ringing(_) => return self.unsaid,
        };
        self.unsaid.filter(|unsaid| open.is_some_and(|open| open.attempt != *unsaid))
    }

    /// The operator has said of a call what there was to say.
    pub fn said(&mut self, attempt: AttemptId) {
        self.unsaid.take_if(|unsaid| *unsaid == attempt);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }
}

/// For so long after the end of a call a hang-up may still be meant for it: what an operator needs to see that another is up.
pub const CROSSES: Duration = Duration::from_millis(1_500);
