//! Supervisors: who hears whom, by frequency.

use super::*;

#[test]
fn a_supervisor_listens_whispers_and_barges() {
    // The supervisor's seat is served by the same worker as the operator's, then by another.
    for workers in [1, 2] {
        let mut world = World::new(workers);
        let (operator, supervisor) = (SeatId(0), SeatId(1));
        world.phone_seat(operator, &[]);
        world.phone_seat(supervisor, &[]);
        let phone = world.leg(Endpoint::Phone(operator), 600.0, Codec::Pcmu);
        let boss = world.leg(Endpoint::Phone(supervisor), 1_600.0, Codec::Pcmu);
        let customer = world.leg(Endpoint::Seat(operator), 1_000.0, Codec::Pcmu);
        world.send(OWN, Command::Record { session: customer.ours, path: "call".into() });
        world.pass(300);
        let tap = Command::Tap { seat: operator, by: supervisor, mode: TapMode::Listen, tone: false };
        let now = |mode| Command::SetTapMode { by: supervisor, mode };
        // Who hears the supervisor: operator, customer, the recording's operator; and whether the supervisor hears.
        for (command, expected) in [
            (tap, [false, false, false, true]),
            (now(TapMode::Whisper), [true, false, false, true]),
            (now(TapMode::Barge), [true, true, true, true]),
            (Command::Untap { by: supervisor }, [false, false, false, false]),
        ] {
            let what = format!("{workers} workers, {command:?}");
            world.send(OWN, command);
            world.pass(700);
            let sounds = |heard: &[i16], hertz| share(last(heard, 8_000, 400, 0), 8_000, hertz) > 0.1;
            let recorded = [0, 1].map(|channel| world.recorded(OWN, &"call".into(), channel));
            let (by_phone, by_customer, by_boss) =
                (world.heard_by(phone), world.heard_by(customer), world.heard_by(boss));
            let hear = [&by_phone, &by_customer, &recorded[0]].map(|heard| sounds(heard, 1_600.0));
            assert_eq!(hear, expected[..3], "{what}");
            for hertz in [600.0, 1_000.0] {
                assert_eq!(sounds(&by_boss, hertz), expected[3], "{what}: the supervisor hears {hertz} Hz");
            }
            // The two go on hearing each other, and the callee's channel is the callee's.
            assert!(sounds(&by_phone, 1_000.0) && sounds(&by_customer, 600.0), "{what}");
            assert!(sounds(&recorded[1], 1_000.0) && !sounds(&recorded[1], 1_600.0), "{what}");
        }
    }
}

/// The operator mutes himself and the supervisor takes over: the callee hears the one and not the other, as the recording says.
/// By headset and by a phone whose packets would be passed on.
#[test]
fn who_barges_in_is_heard_beside_a_muted_operator() {
    for by_phone in [false, true] {
        let mut world = World::new(1);
        let (operator, supervisor) = (SeatId(0), SeatId(1));
        if by_phone {
            world.phone_seat(operator, &[]);
            world.leg(Endpoint::Phone(operator), 600.0, Codec::Pcmu);
        } else {
            world.headset(OWN, operator, Some(600.0));
        }
        world.headset(OWN, supervisor, Some(1_600.0));
        let customer = world.leg(Endpoint::Seat(operator), 1_000.0, Codec::Pcmu);
        world.send(OWN, Command::Record { session: customer.ours, path: "call".into() });
        world.send(OWN, Command::Tap { seat: operator, by: supervisor, mode: TapMode::Barge, tone: false });
        world.pass(300);
        for muted in [false, true, false] {
            world.send(OWN, Command::Mute { session: customer.ours, on: muted });
            world.pass(700);
            for (who, heard) in [
                ("the callee", world.heard_by(customer)),
                ("the recording", world.recorded(OWN, &"call".into(), 0)),
            ] {
                let sounds = |hertz| share(last(&heard, 8_000, 400, 0), 8_000, hertz) > 0.1;
                assert!(
                    sounds(1_600.0),
                    "{who} does not hear the supervisor: by phone {by_phone}, muted {muted}"
                );
                assert_eq!(sounds(600.0), !muted, "{who} and the operator: by phone {by_phone}");
            }
        }
    }
}

#[test]
fn a_supervisor_with_a_headset_follows_the_operator_over_calls() {
    let mut world = World::new(2);
    let (operator, supervisor) = (SeatId(0), SeatId(1));
    world.phone_seat(operator, &[]);
    world.headset(OWN, supervisor, Some(1_600.0));
    let _phone = world.leg(Endpoint::Phone(operator), 600.0, Codec::Pcmu);
    world.send(OWN, Command::Tap { seat: operator, by: supervisor, mode: TapMode::Listen, tone: false });
    for hertz in [1_000.0, 1_300.0] {
        let customer = world.leg(Endpoint::Seat(operator), hertz, Codec::Pcmu);
        world.pass(600);
        let heard = world.heard_at(OWN, supervisor);
        assert!(share(last(&heard, 8_000, 300, 0), 8_000, hertz) > 0.2, "{hertz} Hz is not heard");
        world.send(OWN, Command::Close { session: customer.ours });
        world.pass(300);
        let heard = world.heard_at(OWN, supervisor);
        assert!(share(last(&heard, 8_000, 200, 0), 8_000, hertz) < 0.05, "{hertz} Hz after its end");
    }
}
