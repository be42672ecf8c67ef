//! What the calling window does to a session.

use super::*;

#[test]
fn no_claim_outside_the_calling_window_and_one_when_it_opens_j8_6() {
    let opens_at_one = CallingWindow { from: 13 * 60, ..CallingWindow::default() };
    let mut shift = Shift::new(Policy { window: Some(opens_at_one), ..Policy::default() });
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    assert!(shift.wants().is_empty());
    let opens = NOON + 3_600_000;
    assert_eq!(shift.dialer.waiting(), Some(Waiting::Hours(Some(opens))));
    assert_eq!(shift.dialer.state(), &SeatState::Ready, "the same day, by itself");
    let (at, why) = shift.dialer.poll_timeout().unwrap();
    assert_eq!(why, "next claim");
    shift.pass(at - shift.now().mono);
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
}

/// D25: nobody may be at the seat the next morning.
#[test]
fn a_session_is_paused_when_the_day_closes_and_dials_no_other_day_by_itself() {
    let closing = SeatState::Paused(dialer::PAUSED_AT_CLOSING.into());
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.end(first, talk());
    // Saved after eight in the evening.
    shift.pass(Duration::from_secs(8 * 3_600 + 60));
    let now = shift.now();
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(_), claim: None, .. }));
    shift.dialer.sealed(now);
    let opens = NOON + 21 * 3_600_000;
    assert_eq!((shift.dialer.state(), shift.dialer.waiting()), (&closing, Some(Waiting::Hours(Some(opens)))));
    let (at, _) = shift.dialer.poll_timeout().unwrap();
    shift.pass(at - shift.now().mono);
    assert!(shift.wants().is_empty());
    assert_eq!((shift.dialer.state(), shift.dialer.list()), (&closing, Some(LIST)));
    let now = shift.now();
    shift.dialer.ready(now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));

    // Nor what waited over the change of day for something else.
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.trunk(false, now);
    shift.dialer.start(LIST, now).unwrap();
    shift.pass(Duration::from_secs(22 * 3_600));
    let now = shift.now();
    shift.dialer.trunk(true, now);
    assert!(shift.wants().is_empty());
    assert_eq!(shift.dialer.state(), &closing);
    // Asked for in the evening is asked for that day.
    let mut shift = Shift::new(Policy::default());
    shift.pass(Duration::from_secs(9 * 3_600));
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    assert_eq!(shift.dialer.state(), &closing);
    shift.pass(Duration::from_secs(12 * 3_600));
    assert!(shift.wants().is_empty());
}

#[test]
fn a_window_that_closes_during_the_commit_stops_the_invite() {
    let closes_at_one = CallingWindow { to: 13 * 60, ..CallingWindow::default() };
    let mut shift = Shift::new(Policy { window: Some(closes_at_one), ..Policy::default() });
    shift.elapsed = Duration::from_millis(3_599_999);
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    shift.elapsed = Duration::from_secs(3_600);
    shift.store_claims(true);
    assert!(matches!(shift.want_one(), Action::End(_)));
}

#[test]
fn an_hour_of_sleep_does_not_delay_the_opening_hour() {
    let opens_at_one = CallingWindow { from: 13 * 60, ..CallingWindow::default() };
    let mut shift = Shift::new(Policy { window: Some(opens_at_one), ..Policy::default() });
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    assert!(shift.wants().is_empty());
    // The monotonic clock stood still.
    let woken = Now { mono: now.mono, wall: NOON + 3_600_000 };
    shift.dialer.clock_jumped(woken);
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
    // A night of it is another day.
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.trunk(false, now);
    shift.dialer.start(LIST, now).unwrap();
    let woken = Now { mono: now.mono, wall: NOON + 22 * 3_600_000 };
    shift.dialer.clock_jumped(woken);
    shift.dialer.trunk(true, woken);
    assert!(shift.wants().is_empty());
}
