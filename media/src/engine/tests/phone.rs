//! A SIP phone as a seat's voice: who hears whom, by frequency.

use super::*;

const SEAT: SeatId = SeatId(0);

#[test]
fn phone_and_customer_hear_each_other_whatever_they_speak() {
    let pairs = [
        (Codec::Pcmu, Codec::Pcmu),
        (Codec::Pcmu, Codec::Pcma),
        (Codec::G722, Codec::G722),
        (Codec::G722, Codec::Pcmu),
        (Codec::Opus, Codec::Pcma),
        (Codec::Opus, Codec::Opus),
        (Codec::G722, Codec::Opus),
    ];
    for (of_phone, of_customer) in pairs {
        let mut world = World::new(1);
        world.phone_seat(SEAT, &[]);
        let phone = world.leg(Endpoint::Phone(SEAT), 600.0, of_phone);
        let customer = world.leg(Endpoint::Seat(SEAT), 1_000.0, of_customer);
        world.send(OWN, Command::Record { session: customer.ours, path: "call".into() });
        world.pass(1_500);
        let rate = |codec: Codec| if codec.sample_rate() == 8_000 { 8_000 } else { 16_000 };
        let heard = world.heard_by(phone);
        assert_tone(last(&heard, rate(of_phone), 1_000, 0), rate(of_phone), 1_000.0, -20.0);
        let heard = world.heard_by(customer);
        assert_tone(last(&heard, rate(of_customer), 1_000, 0), rate(of_customer), 600.0, -20.0);
        for (channel, hertz) in [(0, 600.0), (1, 1_000.0)] {
            let recorded = world.recorded(OWN, &"call".into(), channel);
            assert_tone(last(&recorded, rate(of_customer), 1_000, 0), rate(of_customer), hertz, -20.0);
        }
    }
}

#[test]
fn between_calls_a_phone_hears_the_idle_sound_and_an_alert_in_its_place() {
    let mut world = World::new(1);
    // The leg comes before its seat: nothing may depend on the order.
    let phone = world.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    world.phone_seat(SEAT, &sine(800.0, 1_000));
    world.pass(500);
    assert!(share(last(&world.heard_by(phone), 8_000, 300, 0), 8_000, 800.0) > 0.95, "no idle sound");
    world.send(OWN, Command::Ring { seat: SEAT, on: true });
    world.pass(700);
    let heard = world.heard_by(phone);
    // Ringback is modulated: a part of it lies beside its frequency.
    assert!(share(last(&heard, 8_000, 500, 0), 8_000, 400.0) > 0.5, "no alert");
    assert!(share(last(&heard, 8_000, 500, 0), 8_000, 800.0) < 0.05, "the idle sound goes on");
}

#[test]
fn a_customer_whose_operator_s_phone_is_lost_hears_the_idle_sound_until_it_is_back() {
    let mut world = World::new(1);
    world.phone_seat(SEAT, &sine(800.0, 1_000));
    let phone = world.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    let customer = world.leg(Endpoint::Seat(SEAT), 1_000.0, Codec::Pcmu);
    world.pass(500);
    assert!(share(last(&world.heard_by(customer), 8_000, 300, 0), 8_000, 600.0) > 0.95);
    world.send(OWN, Command::Close { session: phone.ours });
    world.pass(500);
    assert!(share(last(&world.heard_by(customer), 8_000, 300, 0), 8_000, 800.0) > 0.95, "silence meanwhile");
    let again = world.leg(Endpoint::Phone(SEAT), 700.0, Codec::Pcma);
    world.pass(500);
    assert!(share(last(&world.heard_by(customer), 8_000, 300, 0), 8_000, 700.0) > 0.95, "not heard again");
    assert!(share(last(&world.heard_by(again), 8_000, 300, 0), 8_000, 1_000.0) > 0.95, "does not hear");
}

#[test]
fn a_digit_of_the_phone_is_told() {
    let mut world = World::new(1);
    world.phone_seat(SEAT, &[]);
    let phone = world.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    world.pass(300);
    world.send(FAR, Command::Dtmf { session: phone.theirs, digits: "7".into() });
    world.pass(300);
    let told: Vec<_> =
        world.sides[OWN].heard.iter().filter(|event| matches!(event, MediaEvent::Dtmf { .. })).collect();
    assert_eq!(told, [&MediaEvent::Dtmf { session: phone.ours, digit: '7' }]);
}
