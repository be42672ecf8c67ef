//! A person's word and the machine's judgement of the same call: the person's wins, whenever it comes.

use std::time::Duration;

use super::{Shift, busy, status};
use dialer::outcome::{Facts, Row};
use dialer::{Action, AttemptId, Next, Policy, Refusal, SaveIntent, SeatState};

/// A call that ended busy: the machine's judgement is on its way to the disk.
fn ending(policy: Policy) -> (Shift, AttemptId) {
    let mut shift = Shift::new(policy);
    let first = shift.start();
    shift.dialer.ended(first, busy());
    let Action::End(ended) = shift.want_one() else { panic!("no end") };
    assert_eq!(ended.auto, Some("no_contact"));
    (shift, first)
}

fn memo(text: &str) -> SaveIntent {
    SaveIntent { status: None, memo: Some(text.into()), recall_at: None }
}

/// S4.49.
#[test]
fn a_save_between_end_and_judgement_keeps_the_row_for_the_operator_s4_49() {
    let (mut shift, first) = ending(Policy::default());
    let now = shift.now();
    shift.dialer.save(status("callback"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { attempt, .. } if attempt == first));
    shift.dialer.stored(first, now);
    shift.dialer.saved(first, true);
    shift.pass(Duration::from_secs(3_600));
    assert!(shift.wants().is_empty(), "the row is the operator's to close");
    assert_eq!(shift.dialer.state(), &SeatState::WrapUp);
    let now = shift.now();
    shift.dialer.save(memo("16時に"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), save: Some(_), .. } if a == first));
}

#[test]
fn a_save_that_goes_on_takes_the_place_of_the_machines_seal() {
    let (mut shift, first) = ending(Policy::default());
    let now = shift.now();
    shift.dialer.save(status("callback"), Next::Dial, now).unwrap();
    assert!(shift.wants().is_empty(), "the end comes first");
    shift.dialer.stored(first, now);
    let Action::Advance { seal, save, claim } = shift.want_one() else { panic!("no advance") };
    assert_eq!((seal, save), (Some(first), Some(status("callback"))));
    assert!(claim.is_some());
}

#[test]
fn a_save_while_the_machine_breathes_ends_its_breathing() {
    let (mut shift, first) = ending(Policy { wrap_up: Duration::from_secs(5), ..Policy::default() });
    let now = shift.now();
    shift.dialer.stored(first, now);
    shift.pass(Duration::from_secs(4));
    let now = shift.now();
    shift.dialer.save(status("callback"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    assert_eq!((shift.dialer.state(), shift.dialer.poll_timeout()), (&SeatState::WrapUp, None));
    // Not even a wrong status gives the row back to the machine: somebody is at it.
    shift.dialer.saved(first, false);
    shift.pass(Duration::from_secs(3_600));
    assert!(shift.wants().is_empty());
    // The machine's own judgement counts as a status, if the operator leaves it at that.
    let now = shift.now();
    shift.dialer.save(memo("そのまま"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), .. } if a == first));
}

#[test]
fn a_memo_alone_leaves_the_judgement_to_the_machine() {
    let (mut shift, first) = ending(Policy { wrap_up: Duration::from_secs(5), ..Policy::default() });
    let now = shift.now();
    shift.dialer.save(memo("話中"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    shift.dialer.stored(first, now);
    shift.pass(Duration::from_secs(5));
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), save: None, .. } if a == first));
}

/// The row cannot be taken back any more, and the word is not lost: it is to follow the commit.
#[test]
fn a_save_during_the_machines_seal_is_told_from_a_second_command() {
    let (mut shift, first) = ending(Policy::default());
    let now = shift.now();
    shift.dialer.stored(first, now);
    assert!(matches!(shift.want_one(), Action::Advance { .. }));
    assert_eq!(shift.dialer.attempt(), Some(first));
    assert_eq!(shift.dialer.save(status("callback"), Next::Stay, now), Err(Refusal::Closing));
    // The disk was full: the row is open again and takes the word as ever.
    shift.dialer.advance_failed(now);
    shift.dialer.save(status("callback"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { save: Some(_), .. }));
    assert_eq!(shift.dialer.save(status("fax"), Next::Stay, now), Err(Refusal::Pending));
}

#[test]
fn the_machine_hangs_up_no_call_that_a_person_judged() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    shift.dialer.heard(Row::Fax);
    assert!(shift.wants().is_empty());
    shift.dialer.saved(first, true);
    shift.dialer.heard(Row::Fax);
    assert!(shift.wants().is_empty());
    let facts = Facts { answered: true, fax_heard: true, talked_ms: 2_000, ..Facts::default() };
    assert_eq!(shift.end(first, facts).auto, None);
}

/// C14: refused while the call was up, it is as if nothing had been said.
#[test]
fn a_wrong_status_in_the_call_leaves_the_judgement_to_the_machine() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    let now = shift.now();
    shift.dialer.save(status("no such status"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    shift.dialer.saved(first, false);
    assert_eq!(shift.end(first, busy()).auto, Some("no_contact"));
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(_), .. }));
}

/// The operator hangs up while it rings, and the next call is up before they have said why: S4.53 must not be of that one.
#[test]
fn a_word_after_a_hang_up_is_not_of_the_next_call() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.hang_up().unwrap();
    assert!(matches!(shift.want_one(), Action::HangUp(a) if a == first));
    let given_up = Facts { ringing: true, ended_by_us: true, sip_code: Some(487), ..Facts::default() };
    shift.end(first, given_up);
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), .. } if a == first));
    assert_eq!(shift.dialer.unsaid(true), None, "its own commit is under way");
    shift.store_claims(true);
    shift.wants();
    assert_eq!((shift.dialer.unsaid(false), shift.dialer.unsaid(true)), (Some(first), Some(first)));
    // Once somebody talks, a word is of that call, but for one that must not go wrong.
    shift.dialer.answered();
    assert_eq!((shift.dialer.unsaid(false), shift.dialer.unsaid(true)), (None, Some(first)));
    shift.dialer.said(AttemptId(9));
    assert_eq!(shift.dialer.unsaid(true), Some(first));
    // Whoever ends the talk knows which call is theirs.
    shift.dialer.hang_up().unwrap();
    assert_eq!(shift.dialer.unsaid(true), None);
}

/// What the machine ended nobody has to say anything of, and who begins a call themselves knows which it is.
#[test]
fn without_a_hang_up_a_word_needs_no_name() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.end(first, busy());
    shift.want_one();
    shift.store_claims(true);
    shift.wants();
    assert_eq!(shift.dialer.unsaid(true), None);
    shift.dialer.hang_up().unwrap();
    shift.want_one();
    let now = shift.now();
    shift.dialer.pause("lunch".into(), now);
    shift.end(AttemptId(2), Facts { ended_by_us: true, sip_code: Some(487), ..Facts::default() });
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(_), claim: None, .. }));
    let now = shift.now();
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.unsaid(false), Some(AttemptId(2)), "nothing is open: it says which");
    shift.dialer.ready(now).unwrap();
    shift.want_one();
    assert_eq!(shift.dialer.unsaid(true), None);
}

/// The ring time ends a call in the moment in which its operator hangs up, and the next one is up already: it is not hung up for that.
#[test]
fn a_hang_up_that_crosses_the_end_of_its_call_spares_the_next() {
    let given_up = Facts { ringing: true, ended_by_us: true, sip_code: Some(487), ..Facts::default() };
    for (late, spared) in [(0, true), (400, true), (1_499, true), (1_500, false)] {
        let mut shift = Shift::new(Policy::default());
        let first = shift.start();
        let now = shift.now();
        assert_eq!(shift.dialer.crosses(now), None, "no call was before it");
        shift.end(first, given_up.clone());
        shift.want_one();
        let now = shift.now();
        assert_eq!(shift.dialer.crosses(now), None, "none is up");
        shift.store_claims(true);
        shift.wants();
        shift.pass(Duration::from_millis(late));
        let now = shift.now();
        assert_eq!(shift.dialer.crosses(now), spared.then_some(first), "after {late} ms");
        // What is said next may be of the one that was to be hung up, and whoever hangs up again means the one that is up.
        assert_eq!(shift.dialer.unsaid(false), spared.then_some(first));
        assert_eq!(shift.dialer.crosses(now), None);
        shift.dialer.hang_up().unwrap();
    }
}

/// Whoever asked for the call that is up knows that it is.
#[test]
fn a_call_that_was_asked_for_is_hung_up_at_once() {
    // By a save.
    let mut shift = Shift::new(Policy { wrap_up: Duration::from_secs(5), ..Policy::default() });
    let first = shift.start();
    shift.end(first, busy());
    let now = shift.now();
    shift.dialer.save(status("callback"), Next::Dial, now).unwrap();
    shift.want_one();
    shift.store_claims(true);
    shift.wants();
    assert_eq!(shift.dialer.crosses(now), None);
    // By hand, after the list.
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.end(first, busy());
    shift.want_one();
    let now = shift.now();
    shift.dialer.claimed(None, None, now);
    shift.dialer.manual(now).unwrap();
    shift.dialed.insert(AttemptId(9));
    shift.dialer.opened(Some(AttemptId(9)), now);
    shift.wants();
    assert_eq!(shift.dialer.crosses(now), None);
    // A lead that was shown.
    let mut shift =
        Shift::new(Policy { mode: dialer::Mode::Preview { countdown: None }, ..Policy::default() });
    let now = shift.now();
    shift.dialer.start(super::LIST, now).unwrap();
    shift.want_one();
    for _ in 0..2 {
        let shown = shift.store_claims(false);
        shift.dialer.accept(now).unwrap();
        shift.want_one();
        shift.dialed.insert(shown);
        shift.dialer.marked(true, now);
        shift.wants();
        assert_eq!(shift.dialer.crosses(now), None);
        shift.end(shown, busy());
        shift.want_one();
    }
}

/// An incoming call that rings right after a call's end is not refused for a hang-up that was meant for that one.
#[test]
fn an_incoming_call_right_after_an_end_is_spared_too() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.end(first, busy());
    shift.want_one();
    let now = shift.now();
    shift.dialer.claimed(None, None, now);
    shift.dialer.ring(AttemptId(9)).unwrap();
    assert_eq!(shift.dialer.crosses(now), Some(first));
    shift.dialer.answered();
    assert_eq!(shift.dialer.crosses(now), None, "they took it up themselves");
}
