//! A sound device that goes away.

use super::*;

fn lost() -> SeatState {
    SeatState::Paused(dialer::PAUSED_BY_DEVICE.into())
}

/// A call that is up goes on; the next one is not made until somebody goes on with the device there.
#[test]
fn nobody_is_called_without_a_device() {
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.answered();
    shift.dialer.device(false);
    assert_eq!((shift.wants(), shift.dialer.state()), (vec![], &SeatState::InCall));
    shift.end(first, talk());
    let now = shift.now();
    assert_eq!(shift.dialer.foresees(now), None);
    shift.dialer.save(status("prospect"), Next::Dial, now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { seal: Some(a), claim: None, .. } if a == first));
    shift.dialer.sealed(now);
    assert_eq!(shift.dialer.state(), &lost());
    assert!(shift.dialer.is_free(), "who calls is heard ringing all the same");
    // Neither by itself nor without it.
    shift.dialer.ready(now).unwrap();
    assert_eq!((shift.wants(), shift.dialer.state()), (vec![], &lost()));
    shift.dialer.device(true);
    shift.pass(Duration::from_secs(60));
    assert_eq!((shift.wants(), shift.dialer.state()), (vec![], &lost()));
    shift.dialer.ready(now).unwrap();
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
}

/// Gone while the store writes the claim down: no INVITE leaves. Back before the next call: nothing happened.
#[test]
fn a_device_that_goes_in_the_last_moment_is_missed_too() {
    let mut shift = Shift::new(Policy::default());
    let now = shift.now();
    shift.dialer.start(LIST, now).unwrap();
    shift.want_one();
    shift.dialer.device(false);
    shift.store_claims(true);
    let Action::End(ended) = shift.want_one() else { panic!("it is called") };
    assert!(ended.void, "{ended:?}");
    let mut shift = Shift::new(Policy::default());
    let first = shift.start();
    shift.dialer.device(false);
    shift.dialer.device(true);
    shift.end(first, busy());
    assert!(matches!(shift.want_one(), Action::Advance { claim: Some(_), .. }));
}
