use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::action::{Action, ClaimIntent, Claimed, Ended, Next, Refusal, SaveIntent, SeatChange};
use crate::ceilings::VOIDS_BEFORE_PAUSE;
use crate::outcome::{self, Facts, Row};
use crate::state::{Open, SeatState, Session, State, Waiting};
use crate::{AttemptId, ListId, Mode, Now, Policy};

/// The dialer of one seat. See the crate's page for the order of calls.
pub struct Dialer {
    policy: Policy,
    state: State,
    paused: Option<String>,
    session: Option<Session>,
    trunk_up: bool,
    store_ok: bool,
    voids: u32,
    shown: SeatState,
    actions: VecDeque<Action>,
}

impl Dialer {
    /// A seat that is paused with the code `start` until [`Dialer::ready`] or [`Dialer::start`].
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let paused = String::from("start");
        Self {
            policy: policy.clamped(),
            state: State::Idle,
            shown: SeatState::Paused(paused.clone()),
            paused: Some(paused),
            session: None,
            trunk_up: false,
            store_ok: true,
            voids: 0,
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
            State::Idle | State::Opening | State::Releasing => None,
            State::Advancing { back, .. } => back.as_ref().map(|o| o.attempt),
            State::Previewing { attempt, .. } | State::Marking(attempt) => Some(*attempt),
            State::Dialing(o)
            | State::Ringing(o)
            | State::InCall(o)
            | State::Ending(o, ..)
            | State::WrapUp(o)
            | State::Breathing(o, _) => Some(o.attempt),
        }
    }

    /// Whether a call is up or being set up.
    #[must_use]
    pub fn in_call(&self) -> bool {
        matches!(self.state, State::Dialing(_) | State::Ringing(_) | State::InCall(_))
    }

    /// Whether an incoming call may ring here.
    #[must_use]
    pub fn is_free(&self) -> bool {
        matches!(self.state, State::Idle | State::Breathing(..))
    }

    // ---- commands ----

    /// Begin to dial a list from the top. The seat becomes ready.
    ///
    /// # Errors
    /// [`Refusal::Busy`] while another list is being dialed.
    pub fn start(&mut self, list: ListId, now: Now) -> Result<(), Refusal> {
        if self.session.as_ref().is_some_and(|s| s.list != list) {
            return Err(Refusal::Busy);
        }
        self.session.get_or_insert(Session { list, waiting: None, retry_at: None });
        self.paused = None;
        self.voids = 0;
        self.go_on(now);
        self.show();
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
            State::Previewing { attempt, .. } => self.release(attempt, false),
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
            State::Previewing { attempt, .. } => self.release(attempt, false),
            State::Breathing(open, _) => self.advance(Some(open), None, false, now),
            _ => {}
        }
        self.show();
    }

    /// Take calls again; a shown lead is dialed.
    pub fn ready(&mut self, now: Now) {
        self.paused = None;
        self.voids = 0;
        if let State::Previewing { attempt, .. } = self.state {
            self.mark(attempt, now);
        } else {
            self.go_on(now);
        }
        self.show();
    }

    /// Pass over the shown lead without dialing it and show the next.
    ///
    /// # Errors
    /// [`Refusal::NoCall`] when no lead is shown.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        let State::Previewing { attempt, .. } = self.state else { return Err(Refusal::NoCall) };
        self.release(attempt, true);
        self.show();
        Ok(())
    }

    /// Reserve the seat for a call to a number that the operator typed. The shell opens its row, then calls
    /// [`Dialer::opened`].
    ///
    /// # Errors
    /// [`Refusal::Busy`] while anything is open; [`Refusal::Hours`] outside the window.
    pub fn manual(&mut self, now: Now) -> Result<(), Refusal> {
        if !matches!(self.state, State::Idle) {
            return Err(Refusal::Busy);
        }
        if !self.window_open(now) {
            return Err(Refusal::Hours);
        }
        self.state = State::Opening;
        self.show();
        Ok(())
    }

    /// The row of a manual call is on disk (`Some`), or it was refused (`None`).
    pub fn opened(&mut self, attempt: Option<AttemptId>, now: Now) {
        if let Some(attempt) = attempt {
            self.place(attempt, false);
        } else {
            self.state = State::Idle;
            self.go_on(now);
        }
        self.show();
    }

    /// An incoming call rings at this seat; its row is on disk.
    ///
    /// # Errors
    /// [`Refusal::Busy`].
    pub fn ring(&mut self, attempt: AttemptId, now: Now) -> Result<(), Refusal> {
        match self.state.clone() {
            State::Idle => {}
            // The closed row is sealed with the next advance; an incoming call may not lose it.
            State::Breathing(open, _) => {
                self.actions.push_back(Action::Advance { seal: Some(open.attempt), save: None, claim: None })
            }
            _ => return Err(Refusal::Busy),
        }
        let _ = now;
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
                let attempt = open.attempt;
                self.actions.push_back(Action::HangUp(attempt));
                Ok(())
            }
            _ => Err(Refusal::NoCall),
        }
    }

    /// Keep the result of the open attempt and go on as `next` says. During a call, `Dial` and `Skip` end it first.
    ///
    /// # Errors
    /// [`Refusal::NoCall`], [`Refusal::StatusRequired`], [`Refusal::Pending`] while a commit is under way.
    pub fn save(&mut self, save: SaveIntent, next: Next, now: Now) -> Result<(), Refusal> {
        let require = self.policy.require_status;
        let lacks_status = |open: &Open| require && save.status.is_none() && !open.has_status;
        match &mut self.state {
            State::Dialing(open) | State::InCall(open) => {
                let attempt = open.attempt;
                if next == Next::Stay {
                    open.has_status |= save.status.is_some();
                    self.actions.push_back(Action::Save { attempt, save });
                    return Ok(());
                }
                if lacks_status(open) {
                    return Err(Refusal::StatusRequired);
                }
                open.has_status = true;
                open.then = Some((next, save));
                if !open.hanging_up {
                    open.hanging_up = true;
                    self.actions.push_back(Action::HangUp(attempt));
                }
                Ok(())
            }
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
                    open.has_status |= save.status.is_some();
                    self.actions.push_back(Action::Save { attempt, save });
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
            State::Advancing { .. } => Err(Refusal::Pending),
            State::Idle
            | State::Opening
            | State::Previewing { .. }
            | State::Marking(_)
            | State::Releasing
            | State::Ringing(_) => Err(Refusal::NoCall),
        }
    }

    // ---- facts ----

    /// The trunk is registered (or needs no registration), or no longer.
    pub fn trunk(&mut self, up: bool, now: Now) {
        if self.trunk_up != up {
            self.trunk_up = up;
            self.go_on(now);
            self.show();
        }
    }

    /// The store can write, or no longer.
    pub fn store(&mut self, ok: bool, now: Now) {
        if self.store_ok != ok {
            self.store_ok = ok;
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

    /// Answer to [`Action::Advance`] without a claim: the row is sealed.
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

    /// Answer to [`Action::Release`].
    pub fn released(&mut self, now: Now) {
        if matches!(self.state, State::Releasing) {
            self.state = State::Idle;
            self.go_on(now);
            self.show();
        }
    }

    /// The callee answered, or our answer to an incoming call is out.
    pub fn answered(&mut self) {
        if let State::Dialing(open) | State::Ringing(open) = &self.state {
            self.state = State::InCall(open.clone());
            self.show();
        }
    }

    /// FAX tones, or a busy cadence in early media, were heard: a call whose row the machine may close ends now.
    pub fn heard(&mut self, row: Row) {
        if !self.policy.auto_disposition.contains(&row) {
            return;
        }
        if let State::Dialing(open) | State::InCall(open) = &mut self.state
            && open.from_list
            && !open.hanging_up
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
        if row == Row::Withdrawn {
            // Nothing was tried: the trunk is not to blame.
        } else if row.is_void() {
            self.voids += 1;
            if row == Row::OwnFault || self.voids >= VOIDS_BEFORE_PAUSE {
                self.paused.get_or_insert_with(|| String::from("trunk"));
            }
        } else {
            self.voids = 0;
        }
        let mut open = open;
        if let Some((next, save)) = open.then.take() {
            self.advance(Some(open), Some(save), next == Next::Skip, now);
        } else if auto || (row.is_void() && open.from_list) {
            open.has_status |= auto;
            self.state = State::Breathing(open, now.mono + self.policy.wrap_up);
            self.handle_timeout(now);
        } else {
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

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    // ---- steps ----

    /// From idle: claim if everything allows it, else say why not.
    fn go_on(&mut self, now: Now) {
        if matches!(self.state, State::Idle) && self.session.is_some() {
            self.advance(None, None, false, now);
        }
    }

    fn advance(&mut self, open: Option<Open>, save: Option<SaveIntent>, hold: bool, now: Now) {
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

    fn obstacle(&self, now: Now) -> Option<Waiting> {
        self.session.as_ref()?;
        if !self.store_ok {
            Some(Waiting::Store)
        } else if !self.trunk_up {
            Some(Waiting::Trunk)
        } else {
            let closed = self.policy.window.as_ref().filter(|window| !window.is_open(now.wall));
            closed.map(|window| Waiting::Hours(window.next_open(now.wall)))
        }
    }

    fn wait(&mut self, waiting: Option<Waiting>, now: Now) {
        let Some(session) = &mut self.session else { return };
        session.retry_at = match waiting {
            Some(Waiting::Hours(Some(at)) | Waiting::NotDue(at)) => Some(now.mono + until(at, now.wall)),
            Some(Waiting::Hours(None) | Waiting::Trunk | Waiting::Store | Waiting::WrapUp) | None => None,
        };
        if session.waiting != waiting {
            session.waiting = waiting;
            self.actions.push_back(Action::Changed(SeatChange::Waiting(waiting)));
        }
    }

    fn nothing_claimed(&mut self, next_due: Option<i64>, now: Now) {
        let Some(session) = &self.session else { return };
        let list = session.list;
        if let Some(due) = next_due {
            self.wait(Some(Waiting::NotDue(due)), now);
        } else {
            self.session = None;
            self.actions.push_back(Action::Changed(SeatChange::Exhausted(list)));
        }
    }

    fn mark(&mut self, attempt: AttemptId, now: Now) {
        if let Some(waiting) = self.obstacle(now) {
            self.wait(Some(waiting), now);
            self.release(attempt, false);
            return;
        }
        self.state = State::Marking(attempt);
        self.actions.push_back(Action::MarkDialing(attempt));
    }

    fn release(&mut self, attempt: AttemptId, skipped: bool) {
        self.state = State::Releasing;
        self.actions.push_back(Action::Release { attempt, skipped });
    }

    fn place(&mut self, attempt: AttemptId, from_list: bool) {
        self.state = State::Dialing(Open::new(attempt, from_list));
        self.actions.push_back(Action::PlaceCall { attempt, ring_timeout: self.policy.ring_timeout });
    }

    fn end(&mut self, open: Open, facts: Facts) {
        let row = outcome::judge(&facts);
        let by_machine = open.from_list && !open.has_status && open.then.is_none();
        let auto = row.disposition().filter(|_| by_machine && self.policy.auto_disposition.contains(&row));
        self.actions.push_back(Action::End(Ended { attempt: open.attempt, row, auto, facts }));
        self.state = State::Ending(open, row, auto.is_some());
    }

    fn window_open(&self, now: Now) -> bool {
        self.policy.window.as_ref().is_none_or(|w| w.is_open(now.wall))
    }

    fn may_dial(&self, now: Now) -> bool {
        self.paused.is_none() && self.session.is_some() && self.trunk_up && self.window_open(now)
    }

    fn show(&mut self) {
        let at_rest = || self.paused.clone().map_or(SeatState::Ready, SeatState::Paused);
        let shown = match &self.state {
            State::Idle | State::Releasing | State::Breathing(..) => at_rest(),
            State::Advancing { back: None, .. } => at_rest(),
            State::Advancing { back: Some(_), .. } | State::Ending(..) | State::WrapUp(_) => {
                SeatState::WrapUp
            }
            State::Previewing { .. } | State::Marking(_) => SeatState::Previewing,
            State::Opening | State::Dialing(_) => SeatState::Dialing,
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

/// Wait after a failed commit before the next claim.
const RETRY: Duration = Duration::from_secs(2);
