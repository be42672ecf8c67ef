//! Seats whose voice is a desk phone.

use std::time::Duration;

use dialer::{Action, Mode, Policy, SeatState, Waiting};

use super::{LIST, Shift};

const PREVIEW: Mode = Mode::Preview { countdown: None };

/// A seat without its phone, and a list that was started.
fn started(mode: Mode, voice_per_call: bool) -> Shift {
    let mut shift = Shift::new(Policy { mode, voice_per_call, ..Policy::default() });
    let now = shift.now();
    shift.dialer.voice(false, now);
    shift.dialer.start(LIST, now).unwrap();
    shift
}

#[test]
fn a_straight_call_needs_the_phone_before_a_lead_is_claimed() {
    for voice_per_call in [false, true] {
        let mut shift = started(Mode::Straight, voice_per_call);
        assert!(shift.wants().is_empty());
        assert_eq!(shift.dialer.waiting(), Some(Waiting::Phone));
        assert!(shift.dialer.wants_voice(), "the phone is called");
        let now = shift.now();
        shift.dialer.voice(true, now);
        assert!(matches!(shift.want_one(), Action::Advance { claim: Some(claim), .. } if claim.dial_now));
    }
}

#[test]
fn a_phone_that_is_kept_up_is_there_before_a_lead_is_shown() {
    let mut shift = started(PREVIEW, false);
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.waiting(), Some(Waiting::Phone));
}

#[test]
fn a_phone_of_each_call_rings_when_the_shown_lead_is_accepted_and_not_before() {
    let mut shift = started(PREVIEW, true);
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
    assert!(!shift.dialer.wants_voice());
    let first = shift.store_claims(false);
    assert!(!shift.dialer.wants_voice(), "a lead is shown, no phone rings");
    shift.dialer.skip().unwrap();
    assert_eq!(shift.want_one(), Action::Release { attempt: first, skipped: true });
    assert!(!shift.dialer.wants_voice(), "nor for one that was passed over");
    let now = shift.now();
    shift.dialer.released(now);
    shift.want_one();
    let second = shift.store_claims(false);
    shift.dialer.accept(now).unwrap();
    assert!(shift.wants().is_empty(), "the phone comes before the callee");
    assert!(shift.dialer.wants_voice());
    assert_eq!((shift.dialer.state(), shift.dialer.attempt()), (&SeatState::Previewing, Some(second)));
    shift.dialer.accept(now).unwrap();
    assert!(shift.wants().is_empty(), "twice is once");
    shift.dialer.voice(true, now);
    assert_eq!(shift.want_one(), Action::MarkDialing(second));
    shift.dialed.insert(second);
    shift.dialer.marked(true, now);
    assert!(matches!(shift.want_one(), Action::PlaceCall { attempt, .. } if attempt == second));
    assert!(shift.dialer.wants_voice());
}

#[test]
fn an_accepted_lead_whose_phone_does_not_come_is_given_back() {
    let accepted = || {
        let mut shift = started(Mode::Preview { countdown: Some(Duration::from_secs(10)) }, true);
        shift.wants();
        let attempt = shift.store_claims(false);
        shift.pass(Duration::from_secs(10));
        assert!(shift.wants().is_empty() && shift.dialer.wants_voice(), "the countdown accepts it");
        (shift, attempt)
    };
    let (mut shift, attempt) = accepted();
    let now = shift.now();
    shift.dialer.pause("phone".into(), now);
    assert_eq!(shift.want_one(), Action::Release { attempt, skipped: false });
    shift.dialer.released(now);
    shift.wants();
    assert_eq!(shift.dialer.state(), &SeatState::Paused("phone".into()));
    assert!(!shift.dialer.wants_voice());

    let (mut shift, attempt) = accepted();
    shift.dialer.stop(shift.now()).unwrap();
    assert_eq!(shift.want_one(), Action::Release { attempt, skipped: false });

    let (mut shift, attempt) = accepted();
    shift.dialer.skip().unwrap();
    assert_eq!(shift.want_one(), Action::Release { attempt, skipped: true });

    // The line went down while the phone rang.
    let (mut shift, attempt) = accepted();
    let now = shift.now();
    shift.dialer.trunk(false, now);
    shift.dialer.voice(true, now);
    assert_eq!(shift.want_one(), Action::Release { attempt, skipped: false });
    assert_eq!(shift.dialer.waiting(), Some(Waiting::Trunk));
}
