//! Random days: whatever operator, store and trunk do, the rules hold.

use proptest::prelude::*;

use super::{LIST, Shift, busy, status, talk};
use dialer::outcome::Facts;
use dialer::{Action, AttemptId, Mode, Next, Policy};

#[derive(Clone, Debug)]
enum Move {
    Start,
    Stop,
    Pause,
    Ready,
    Accept,
    Skip,
    Save(bool),
    HangUp,
    Trunk(bool),
    Store(bool),
    Voice(bool),
    Answer,
    End(u8),
    StoreAnswers(bool),
    Pass(u16),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => Just(Move::Start),
        1 => Just(Move::Stop),
        1 => Just(Move::Pause),
        2 => Just(Move::Ready),
        2 => Just(Move::Accept),
        1 => Just(Move::Skip),
        3 => any::<bool>().prop_map(Move::Save),
        1 => Just(Move::HangUp),
        1 => any::<bool>().prop_map(Move::Trunk),
        1 => any::<bool>().prop_map(Move::Store),
        2 => any::<bool>().prop_map(Move::Voice),
        3 => Just(Move::Answer),
        4 => any::<u8>().prop_map(Move::End),
        8 => prop::bool::weighted(0.9).prop_map(Move::StoreAnswers),
        2 => any::<u16>().prop_map(Move::Pass),
    ];
    prop::collection::vec(one, 1..200)
}

/// What the store owes an answer for, and the attempt whose row is open.
#[derive(Default)]
struct World {
    owed: Vec<Action>,
    open: Option<AttemptId>,
    live: Option<AttemptId>,
    paused: bool,
    sealed: Vec<AttemptId>,
    mute: bool,
    /// Rows that a person judged and left open.
    kept: Vec<AttemptId>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn one_row_at_a_time_one_invite_per_row_and_none_while_paused(script in moves(), per_call in any::<bool>()) {
        let preview = Mode::Preview { countdown: Some(std::time::Duration::from_secs(600)) };
        let mode = if per_call { preview } else { Mode::Straight };
        let mut shift = Shift::new(Policy { mode, voice_per_call: per_call, ..Policy::default() });
        let mut world = World { paused: true, ..World::default() };
        for step in script {
            let now = shift.now();
            let goes_on = matches!(step, Move::Start | Move::Ready);
            match step {
                Move::Start => if shift.dialer.start(LIST, now).is_ok() { world.paused = false; },
                Move::Stop => { let _ = shift.dialer.stop(now); }
                Move::Pause => { shift.dialer.pause("x".into(), now); world.paused = true; }
                Move::Ready => if shift.dialer.ready(now).is_ok() { world.paused = false; },
                Move::Accept => { let _ = shift.dialer.accept(now); }
                Move::Skip => { let _ = shift.dialer.skip(); }
                Move::Save(stay) => {
                    let next = if stay { Next::Stay } else { Next::Dial };
                    let saved = shift.dialer.save(status("prospect"), next, now).is_ok();
                    world.kept.extend(shift.dialer.attempt().filter(|_| saved && stay));
                }
                Move::HangUp => { let _ = shift.dialer.hang_up(); }
                Move::Trunk(up) => shift.dialer.trunk(up, now),
                Move::Store(ok) => shift.dialer.store(ok, now),
                Move::Voice(up) => { shift.dialer.voice(up, now); world.mute = !up; }
                Move::Answer => if world.live.is_some() { shift.dialer.answered() },
                Move::End(kind) => if let Some(live) = world.live.take() {
                    let facts = match kind % 3 {
                        0 => busy(),
                        1 => talk(),
                        _ => Facts { sip_code: Some(503), ..Facts::default() },
                    };
                    shift.dialer.ended(live, facts);
                },
                Move::StoreAnswers(ok) => if !world.owed.is_empty() {
                    match world.owed.remove(0) {
                        Action::Advance { .. } if !ok => shift.dialer.advance_failed(now),
                        Action::Advance { seal, claim, .. } => {
                            world.sealed.extend(seal);
                            world.open = None;
                            match claim {
                                Some(claim) => world.open = Some(shift.store_claims(claim.dial_now)),
                                None => shift.dialer.sealed(now),
                            }
                        }
                        Action::MarkDialing(attempt) => {
                            if ok { shift.dialed.insert(attempt); } else { world.open = None; }
                            shift.dialer.marked(ok, now);
                        }
                        Action::Release { .. } => { world.open = None; shift.dialer.released(now); }
                        Action::End(ended) => shift.dialer.stored(ended.attempt, now),
                        _ => {}
                    }
                },
                Move::Pass(s) => shift.pass(std::time::Duration::from_secs(u64::from(s))),
            }
            for action in shift.wants() {
                match &action {
                    Action::PlaceCall { attempt, .. } => {
                        prop_assert!(!world.paused, "INVITE while paused");
                        prop_assert!(!world.mute, "INVITE while nobody is at the phone");
                        prop_assert!(world.live.is_none(), "two calls at one seat");
                        world.live = Some(*attempt);
                    }
                    Action::Advance { seal, save, .. } => {
                        let kept = seal.is_some_and(|seal| world.kept.contains(&seal));
                        prop_assert!(save.is_some() || !kept || goes_on, "the machine closed what a person keeps open");
                        prop_assert!(!world.owed.iter().any(|a| matches!(a, Action::Advance { .. })), "two claims");
                        prop_assert!(world.live.is_none());
                        if let Some(open) = world.open {
                            prop_assert_eq!(*seal, Some(open), "a claim while another row is open");
                        }
                        if let Some(seal) = seal {
                            prop_assert!(!world.sealed.contains(seal), "sealed twice");
                        }
                        world.owed.push(action);
                    }
                    Action::End(ended) => {
                        let judged = world.kept.contains(&ended.attempt);
                        prop_assert!(!judged || ended.auto.is_none(), "judged over a person");
                        world.owed.push(action);
                    }
                    Action::MarkDialing(_) | Action::Release { .. } => world.owed.push(action),
                    Action::HangUp(_) | Action::Save { .. } | Action::Changed(_) => {}
                }
            }
        }
    }
}
