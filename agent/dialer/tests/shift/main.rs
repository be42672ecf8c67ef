//! Scripts of a seat's day, in simulated time: an operator, a store and a trunk that the test plays.
#![expect(clippy::disallowed_methods, reason = "one instant is needed to start simulated time from")]
#![expect(clippy::unwrap_used, reason = "a test may stop at what should not be")]

use std::collections::HashSet;
use std::time::{Duration, Instant};

use dialer::outcome::Facts;
use dialer::window::CallingWindow;
use dialer::{
    Action, AttemptId, Claimed, Dialer, ListId, Mode, Next, Now, Policy, Refusal, SaveIntent, SeatChange,
    SeatState, Waiting,
};

mod device;
mod judged;
mod left_open;
mod phone;
mod random;
mod window;

const LIST: ListId = ListId(7);
/// 2026-11-20, a Friday, 12:00 JST.
const NOON: i64 = 1_795_143_600_000;

struct Shift {
    dialer: Dialer,
    start: Instant,
    elapsed: Duration,
    next_attempt: u128,
    placed: Vec<AttemptId>,
    dialed: HashSet<AttemptId>,
}

impl Shift {
    fn new(policy: Policy) -> Self {
        let mut shift = Self {
            dialer: Dialer::new(policy),
            start: Instant::now(),
            elapsed: Duration::ZERO,
            next_attempt: 1,
            placed: Vec::new(),
            dialed: HashSet::new(),
        };
        shift.dialer.trunk(true, shift.now());
        shift
    }

    fn now(&self) -> Now {
        let wall = NOON + i64::try_from(self.elapsed.as_millis()).unwrap();
        Now { mono: self.start + self.elapsed, wall }
    }

    fn pass(&mut self, time: Duration) {
        self.elapsed += time;
        let now = self.now();
        self.dialer.handle_timeout(now);
    }

    /// Everything the dialer wants, without the changes of state.
    fn wants(&mut self) -> Vec<Action> {
        let mut wanted = Vec::new();
        while let Some(action) = self.dialer.poll_action() {
            if let Action::PlaceCall { attempt, .. } = action {
                assert!(self.dialed.contains(&attempt), "INVITE before dialed_at was on disk");
                assert!(!self.placed.contains(&attempt), "two INVITEs for one attempt");
                self.placed.push(attempt);
            }
            if !matches!(action, Action::Changed(_)) {
                wanted.push(action);
            }
        }
        wanted
    }

    fn want_one(&mut self) -> Action {
        let mut wanted = self.wants();
        assert_eq!(wanted.len(), 1, "{wanted:?}");
        wanted.remove(0)
    }

    /// The store answers the advance with a new lead.
    fn store_claims(&mut self, dialed: bool) -> AttemptId {
        let attempt = AttemptId(self.next_attempt);
        self.next_attempt += 1;
        if dialed {
            self.dialed.insert(attempt);
        }
        let now = self.now();
        self.dialer.claimed(Some(Claimed { attempt, dialed }), None, now);
        attempt
    }

    fn start(&mut self) -> AttemptId {
        let now = self.now();
        self.dialer.start(LIST, now).unwrap();
        assert!(matches!(self.want_one(), Action::Advance { seal: None, save: None, claim: Some(_) }));
        let attempt = self.store_claims(true);
        assert!(matches!(self.want_one(), Action::PlaceCall { attempt: a, .. } if a == attempt));
        attempt
    }

    fn end(&mut self, attempt: AttemptId, facts: Facts) -> dialer::Ended {
        self.dialer.ended(attempt, facts);
        let Action::End(ended) = self.want_one() else { panic!("no end") };
        let now = self.now();
        self.dialer.stored(attempt, now);
        ended
    }
}

fn busy() -> Facts {
    Facts { sip_code: Some(486), q850: Some(17), ringing: true, ..Facts::default() }
}

fn talk() -> Facts {
    Facts { answered: true, talked_ms: 30_000, voice_heard: true, sip_code: Some(200), ..Facts::default() }
}

fn status(code: &str) -> SaveIntent {
    SaveIntent { status: Some(code.into()), memo: None, recall_at: None }
}

#[test]
fn busy_is_saved_by_the_machine_and_the_next_lead_is_dialed_in_one_commit() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    let ended = shift.end(first, busy());
    assert_eq!(ended.auto, Some("no_contact"));
    let Action::Advance { seal, save, claim } = shift.want_one() else { panic!() };
    assert_eq!((seal, save), (Some(first), None));
    assert!(claim.is_some_and(|c| c.dial_now));
    let second = shift.store_claims(true);
    assert!(matches!(shift.want_one(), Action::PlaceCall { attempt, .. } if attempt == second));
}

#[test]
fn a_talk_waits_in_wrap_up_until_it_is_saved() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    assert_eq!(shift.dialer.state(), &SeatState::InCall);
    let ended = shift.end(first, talk());
    assert_eq!(ended.auto, None);
    assert_eq!(shift.dialer.state(), &SeatState::WrapUp);
    shift.wants();
    shift.pass(Duration::from_secs(3_600));
    assert!(shift.wants().is_empty(), "the machine never saves a talk");
    let now = shift.now();
    let nothing = SaveIntent { status: None, memo: Some("memo".into()), recall_at: None };
    assert_eq!(shift.dialer.save(nothing, Next::Dial, now), Err(Refusal::StatusRequired));
    let foreseen = shift.dialer.foresees(now);
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    let Action::Advance { seal, save, claim } = shift.want_one() else { panic!() };
    assert_eq!(seal, Some(first));
    assert_eq!(save.unwrap().status.as_deref(), Some("prospect"));
    assert!(claim.is_some());
    assert_eq!(foreseen, seal.zip(claim), "what was foreseen is what is asked for");
    assert_eq!(shift.dialer.foresees(now), None, "it is asked for already");
}

#[test]
fn no_save_is_foreseen_where_no_call_would_follow() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    assert_eq!(shift.dialer.foresees(shift.now()), None, "the call is up");
    shift.end(first, talk());
    assert!(shift.dialer.foresees(shift.now()).is_some());
    shift.dialer.trunk(false, shift.now());
    assert_eq!(shift.dialer.foresees(shift.now()), None, "the trunk is down");
    shift.dialer.trunk(true, shift.now());
    shift.dialer.pause("break".into(), shift.now());
    assert_eq!(shift.dialer.foresees(shift.now()), None, "the operator takes a break");
}

#[test]
fn save_during_the_call_hangs_up_first_and_then_goes_on() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    let now = shift.now();
    shift.dialer.save(status("callback"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::HangUp(a) if a == first));
    let ended = shift.end(first, Facts { ended_by_us: true, ..talk() });
    assert_eq!(ended.auto, None, "the operator's status stands");
    assert!(matches!(shift.want_one(), Action::Advance { save: Some(_), claim: Some(_), .. }));
}

/// S4.47.
#[test]
fn skip_shows_the_next_lead_and_sends_no_invite_s4_47() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.end(first, talk());
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Skip, now).unwrap();
    let Action::Advance { claim, .. } = shift.want_one() else { panic!() };
    assert!(claim.is_some_and(|c| !c.dial_now));
    let second = shift.store_claims(false);
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.state(), &SeatState::Previewing);
    shift.pass(Duration::from_secs(600));
    assert!(shift.wants().is_empty(), "a skipped-to lead has no countdown");
    // Whoever is ready, once more too, calls nobody by it.
    let now = shift.now();
    shift.dialer.ready(now).unwrap();
    shift.dialer.start(LIST, now).unwrap();
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.state(), &SeatState::Previewing);
    shift.dialer.accept(now).unwrap();
    assert!(matches!(shift.want_one(), Action::MarkDialing(a) if a == second));
    shift.dialed.insert(second);
    shift.dialer.marked(true, now);
    assert!(matches!(shift.want_one(), Action::PlaceCall { .. }));
}

#[test]
fn pause_takes_effect_before_the_next_invite() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    shift.dialer.pause("lunch".into(), now);
    shift.store_claims(true);
    let Action::End(ended) = shift.want_one() else { panic!("no INVITE may leave") };
    assert!(ended.row.is_void());
    assert!(shift.placed.is_empty());
}

#[test]
fn voids_are_sealed_and_three_in_a_row_pause_the_seat() {
    let mut shift = Shift::new(Policy::default());
    let mut attempt = shift.start();
    for round in 1..=3 {
        let ended = shift.end(attempt, Facts { sip_code: Some(503), ..Facts::default() });
        assert_eq!(ended.auto, None);
        let Action::Advance { seal, claim, .. } = shift.want_one() else { panic!() };
        assert_eq!(seal, Some(attempt));
        assert_eq!(claim.is_some(), round < 3);
        if round < 3 {
            attempt = shift.store_claims(true);
            shift.wants();
        }
    }
    let now = shift.now();
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &SeatState::Paused("trunk".into()));
}

#[test]
fn nothing_is_claimed_while_the_trunk_or_the_store_is_down() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.trunk(false, now);
    shift.dialer.start(LIST, now).unwrap();
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.waiting(), Some(Waiting::Trunk));
    shift.dialer.store(false, now);
    shift.dialer.trunk(true, now);
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.waiting(), Some(Waiting::Store));
    shift.dialer.store(true, now);
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
}

#[test]
fn a_failed_commit_keeps_the_row_open_and_dials_nobody() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.end(first, talk());
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    shift.want_one();
    assert_eq!(shift.dialer.save(status("prospect"), Next::Dial, now), Err(Refusal::Pending));
    shift.dialer.advance_failed(now);
    assert_eq!(shift.dialer.state(), &SeatState::WrapUp);
    assert_eq!(shift.dialer.attempt(), Some(first));
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(_), save: Some(_), .. }));
}

#[test]
fn fax_ends_the_call_by_itself_and_a_beep_does_not() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.dialer.heard(dialer::outcome::Row::Voicemail);
    assert!(shift.wants().is_empty());
    shift.dialer.heard(dialer::outcome::Row::Fax);
    shift.dialer.heard(dialer::outcome::Row::Fax);
    assert!(matches!(shift.want_one(), Action::HangUp(a) if a == first), "once");
    let facts =
        Facts { answered: true, fax_heard: true, ended_by_us: true, talked_ms: 2_000, ..Facts::default() };
    assert_eq!(shift.end(first, facts).auto, Some("fax"));
}

#[test]
fn preview_waits_for_its_countdown_and_can_be_skipped() {
    let mode = Mode::Preview { countdown: Some(Duration::from_secs(10)) };
    let mut shift = Shift::new(Policy { mode, ..Policy::default() });
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    let Action::Advance { claim, .. } = shift.want_one() else { panic!() };
    assert!(claim.is_some_and(|c| !c.dial_now));
    let first = shift.store_claims(false);
    shift.dialer.skip().unwrap();
    assert_eq!(shift.want_one(), Action::Release { attempt: first, skipped: true });
    let now = shift.now();
    shift.dialer.released(now);
    shift.want_one();
    let second = shift.store_claims(false);
    shift.wants();
    shift.pass(Duration::from_secs(10));
    assert_eq!(shift.want_one(), Action::MarkDialing(second));
    let now = shift.now();
    shift.dialer.marked(false, now);
    assert!(
        matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }),
        "refused leads are passed over"
    );
}

#[test]
fn an_exhausted_list_ends_the_session_and_leads_not_due_wait() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    shift.dialer.claimed(None, Some(now.wall + 5_000), now);
    assert_eq!(shift.dialer.waiting(), Some(Waiting::NotDue(now.wall + 5_000)));
    shift.wants();
    shift.pass(Duration::from_secs(5));
    shift.want_one();
    let now = shift.now();
    shift.dialer.claimed(None, None, now);
    let mut changes = Vec::new();
    while let Some(action) = shift.dialer.poll_action() {
        changes.push(action);
    }
    assert!(changes.contains(&Action::Changed(SeatChange::Exhausted(LIST))));
    assert_eq!(shift.dialer.list(), None);
    assert_eq!(shift.dialer.poll_timeout(), None);
}

#[test]
fn an_incoming_call_rings_only_at_a_free_seat_and_blocks_the_dialing() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.ready(now).unwrap();
    shift.dialer.ring(AttemptId(99)).unwrap();
    assert_eq!(shift.dialer.state(), &SeatState::Ringing);
    shift.dialer.start(LIST, now).unwrap();
    assert!(shift.wants().is_empty(), "no dialing while it rings");
    assert_eq!(shift.dialer.ring(AttemptId(100)), Err(Refusal::Busy));
    shift.dialer.answered();
    let ended = shift.end(AttemptId(99), talk());
    assert_eq!(ended.auto, None);
    assert_eq!(shift.dialer.state(), &SeatState::WrapUp);
}

/// Answers with an opened row to a number that the operator typed.
fn manual(shift: &mut Shift, attempt: AttemptId) {
    let now = shift.now();
    shift.dialer.manual(now).unwrap();
    shift.dialed.insert(attempt);
    shift.dialer.opened(Some(attempt), now);
    assert!(matches!(shift.want_one(), Action::PlaceCall { .. }));
}

#[test]
fn a_void_call_to_a_typed_number_frees_the_seat() {
    let mut shift = Shift::new(Policy::default());
    manual(&mut shift, AttemptId(99));
    let ended = shift.end(AttemptId(99), Facts { sip_code: Some(503), ..Facts::default() });
    assert!(ended.void);
    assert!(matches!(
        shift.want_one(),
        Action::Advance { seal: Some(AttemptId(99)), save: None, claim: None }
    ));
    let now = shift.now();
    assert_eq!(shift.dialer.save(status("prospect"), Next::Dial, now), Err(Refusal::Pending));
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &SeatState::Paused("start".into()));
    manual(&mut shift, AttemptId(100));
}

#[test]
fn a_call_that_a_person_judged_is_never_voided_away() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    shift.wants();
    let ended = shift.end(first, Facts { sip_code: Some(503), ..Facts::default() });
    assert!(!ended.void, "the save follows and needs an open row");
    assert!(matches!(shift.want_one(), Action::Advance { save: Some(_), seal: Some(a), .. } if a == first));
}

/// C14.
#[test]
fn a_refused_status_is_no_status() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    let now = shift.now();
    shift.dialer.save(status("no such status"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    shift.dialer.saved(first, false);
    shift.end(first, talk());
    let nothing = SaveIntent { status: None, memo: None, recall_at: None };
    let now = shift.now();
    assert_eq!(shift.dialer.save(nothing.clone(), Next::Dial, now), Err(Refusal::StatusRequired));
    shift.dialer.save(status("prospect"), Next::Stay, now).unwrap();
    shift.wants();
    shift.dialer.saved(first, true);
    shift.dialer.save(nothing, Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(_), .. }));
}

#[test]
fn skip_passes_over_a_shown_lead_and_calls_nobody_s4_47() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.end(first, talk());
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Skip, now).unwrap();
    shift.want_one();
    let second = shift.store_claims(false);
    shift.dialer.skip().unwrap();
    assert_eq!(shift.want_one(), Action::Release { attempt: second, skipped: true });
    shift.dialer.released(now);
    let Action::Advance { claim, .. } = shift.want_one() else { panic!() };
    assert!(claim.is_some_and(|claim| !claim.dial_now), "the next is shown as well");
}

#[test]
fn a_row_of_blocked_numbers_does_not_end_the_list() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    shift.dialer.passed_over(now);
    assert!(matches!(shift.want_one(), Action::Advance { seal: None, claim: Some(_), .. }));
    shift.dialer.stop(now).unwrap();
    shift.wants();
    shift.dialer.passed_over(now);
    assert!(shift.wants().is_empty(), "nobody asked for more");
}

#[test]
fn a_lead_that_could_not_be_marked_is_given_back() {
    let mut shift = Shift::new(Policy { mode: Mode::Preview { countdown: None }, ..Policy::default() });
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    let first = shift.store_claims(false);
    shift.dialer.accept(now).unwrap();
    shift.wants();
    shift.dialer.store(false, now);
    shift.dialer.mark_failed();
    assert_eq!(shift.want_one(), Action::Release { attempt: first, skipped: false });
    shift.dialer.released(now);
    assert!(shift.wants().is_empty());
    shift.dialer.store(true, now);
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
}

#[test]
fn a_call_that_rang_in_vain_needs_no_wrap_up() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.ready(now).unwrap();
    shift.dialer.ring(AttemptId(99)).unwrap();
    let ended = shift.end(AttemptId(99), Facts { sip_code: Some(487), ..Facts::default() });
    assert_eq!((ended.auto, ended.void), (None, false));
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(AttemptId(99)), claim: None, .. }));
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &SeatState::Ready);
}

#[test]
fn trouble_that_is_over_is_no_reason_to_wait() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.end(first, busy());
    shift.want_one();
    let now = shift.now();
    shift.dialer.store(false, now);
    shift.dialer.advance_failed(now);
    shift.dialer.save(status("no_contact"), Next::Dial, now).unwrap();
    shift.want_one();
    shift.dialer.advance_failed(now);
    assert_eq!((shift.dialer.state(), shift.dialer.waiting()), (&SeatState::WrapUp, Some(Waiting::Store)));
    shift.dialer.store(true, now);
    assert_eq!((shift.dialer.state(), shift.dialer.waiting()), (&SeatState::WrapUp, None));
}

#[test]
fn a_stop_while_it_rings_is_void_unless_somebody_ended_the_call_before() {
    let stopped =
        Facts { ringing: true, ended_by_us: true, shutdown: true, sip_code: Some(487), ..Facts::default() };
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    let ended = shift.end(first, stopped.clone());
    assert!(ended.void && ended.auto.is_none(), "{ended:?}");
    // The operator gave up before the service did.
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.hang_up().unwrap();
    shift.wants();
    let ended = shift.end(first, stopped.clone());
    assert_eq!((ended.void, ended.auto), (false, Some("no_contact")), "{ended:?}");
    // The operator had judged it already.
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    let now = shift.now();
    shift.dialer.save(status("no_contact"), Next::Stay, now).unwrap();
    shift.wants();
    let ended = shift.end(first, stopped);
    assert!(!ended.void, "{ended:?}");
}

/// S2.31: before somebody is ready or has called from there, and during a break, nobody is there to be rung.
#[test]
fn no_call_rings_where_nobody_is() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    assert!(!shift.dialer.is_free());
    assert_eq!(shift.dialer.ring(AttemptId(99)), Err(Refusal::Busy));
    shift.dialer.ready(now).unwrap();
    assert!(shift.dialer.is_free());
    shift.dialer.pause("lunch".into(), now);
    assert!(!shift.dialer.is_free());
    shift.dialer.pause(dialer::PAUSED_DIALING.into(), now);
    assert!(shift.dialer.is_free(), "only the dialing rests");
    let mut shift = Shift::new(Policy::default());
    shift.dialer.manual(now).unwrap();
    shift.dialed.insert(AttemptId(1));
    shift.dialer.opened(Some(AttemptId(1)), now);
    shift.wants();
    shift.end(AttemptId(1), talk());
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    shift.wants();
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &SeatState::Paused("start".into()));
    assert!(shift.dialer.is_free(), "who calls by hand is there");
}
