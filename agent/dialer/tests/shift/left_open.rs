//! A row that the operator saved and left open: whatever leads to the next call seals it (S4.49).

use super::{LIST, Shift, status, talk};
use dialer::{Action, AttemptId, Next, Policy, Refusal, SaveIntent, SeatState};

/// A talk that is over, its row open and without a status.
fn wrapping_up(policy: Policy) -> (Shift, AttemptId) {
    let mut shift = Shift::new(policy);
    let first = shift.start();
    shift.dialer.answered();
    shift.end(first, talk());
    shift.wants();
    (shift, first)
}

fn save(shift: &mut Shift, attempt: AttemptId) {
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Stay, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Save { .. }));
    shift.dialer.saved(attempt, true);
}

#[test]
fn ready_seals_it_and_goes_on() {
    let (mut shift, first) = wrapping_up(Policy::default());
    save(&mut shift, first);
    let now = shift.now();
    shift.dialer.ready(now).unwrap();
    let Action::Advance { seal, save, claim } = shift.want_one() else { panic!("no advance") };
    assert_eq!((seal, save), (Some(first), None));
    assert!(claim.is_some(), "the list is being dialed");
    // The disk is full: the row is the operator's still, not the machine's.
    shift.dialer.advance_failed(now);
    assert_eq!((shift.dialer.state(), shift.dialer.attempt()), (&SeatState::WrapUp, Some(first)));
    shift.pass(std::time::Duration::from_secs(3_600));
    assert!(shift.wants().is_empty());
}

#[test]
fn ready_without_a_list_seals_it_and_the_seat_is_free() {
    let (mut shift, first) = wrapping_up(Policy::default());
    save(&mut shift, first);
    let now = shift.now();
    shift.dialer.stop(now).unwrap();
    assert!(shift.wants().is_empty(), "a stop is no next dial");
    shift.dialer.ready(now).unwrap();
    assert!(
        matches!(shift.want_one(), Action::Advance { seal: Some(a), save: None, claim: None } if a == first)
    );
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &SeatState::Ready);
}

#[test]
fn a_list_that_is_begun_seals_it() {
    let (mut shift, first) = wrapping_up(Policy::default());
    let now = shift.now();
    shift.dialer.stop(now).unwrap();
    assert_eq!(shift.dialer.start(LIST, now), Err(Refusal::StatusRequired));
    assert_eq!(shift.dialer.list(), None, "nothing was begun");
    save(&mut shift, first);
    shift.dialer.start(LIST, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), claim: Some(_), .. } if a == first));
}

#[test]
fn a_call_by_hand_seals_it_or_leaves_it_open() {
    let (mut shift, first) = wrapping_up(Policy::default());
    let now = shift.now();
    assert_eq!(shift.dialer.manual(now), Err(Refusal::StatusRequired));
    save(&mut shift, first);
    assert_eq!(shift.dialer.manual(now), Ok(Some(first)));
    // The number was refused, and nothing was sealed.
    shift.dialer.opened(None, now);
    assert!(shift.wants().is_empty(), "nor is the list dialed over an open row");
    assert_eq!((shift.dialer.state(), shift.dialer.attempt()), (&SeatState::WrapUp, Some(first)));
    assert_eq!(shift.dialer.manual(now), Ok(Some(first)));
    shift.dialed.insert(AttemptId(99));
    shift.dialer.opened(Some(AttemptId(99)), now);
    assert!(matches!(shift.want_one(), Action::PlaceCall { attempt: AttemptId(99), .. }));
}

#[test]
fn a_row_without_a_status_wants_one_first() {
    let (mut shift, first) = wrapping_up(Policy::default());
    let now = shift.now();
    assert_eq!(shift.dialer.ready(now), Err(Refusal::StatusRequired));
    // A break is taken back all the same, and the row waits.
    shift.dialer.pause("break".into(), now);
    assert_eq!(shift.dialer.ready(now), Ok(()));
    assert!(!shift.dialer.is_paused() && shift.wants().is_empty());
    assert_eq!((shift.dialer.state(), shift.dialer.attempt()), (&SeatState::WrapUp, Some(first)));
    // A status is on its way to the disk: nobody knows yet whether it is one.
    shift.dialer.save(status("no such status"), Next::Stay, now).unwrap();
    shift.wants();
    assert_eq!(shift.dialer.ready(now), Err(Refusal::Pending));
    shift.dialer.saved(first, false);
    assert_eq!(shift.dialer.ready(now), Err(Refusal::StatusRequired));
}

/// C14: where the site lets rows stay blank, nothing is in the way of the next call.
#[test]
fn a_blank_row_is_sealed_where_no_status_is_required() {
    let (mut shift, first) = wrapping_up(Policy { require_status: false, ..Policy::default() });
    let now = shift.now();
    let memo = SaveIntent { status: None, memo: Some("留守".into()), recall_at: None };
    shift.dialer.save(memo, Next::Stay, now).unwrap();
    shift.wants();
    shift.dialer.saved(first, false);
    shift.dialer.ready(now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), claim: Some(_), .. } if a == first));
}
