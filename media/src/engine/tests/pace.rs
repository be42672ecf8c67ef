//! The grid of the workers: packets keep their distance whatever the machine does, and sessions find their seats.

use super::*;
use crate::rtp::sender::mix;

/// A worker that is woken late, at other moments each time, sends its packets by the grid: as many as are due, none twice, with no
/// drift after a minute.
#[test]
fn packets_keep_their_distance_and_do_not_drift() {
    let mut world = World::new(1);
    let ear = UdpSocket::bind((local(), 0)).unwrap();
    ear.set_nonblocking(true).unwrap();
    let session = SessionId(1);
    let socket = RtpSocket::bind(local(), 48_002..=58_000).unwrap();
    world.send(OWN, Command::OpenSession { session, socket, endpoint: tone(440.0) });
    let params = params(Codec::Pcmu, ear.local_addr().unwrap().port());
    world.send(OWN, Command::Start { session, params });
    world.pass(5);
    let (start, mut sent) = (world.now, Vec::new());
    let mut buffer = [0; 2_048];
    for slot in 1..=60 * 200_u64 {
        let drawn = mix(slot);
        // Up to 4 ms late; now and then so late that the next turn is over too.
        let late = if drawn.is_multiple_of(500) { 37_000 } else { drawn % 4_000 };
        let now = (start + STEP * slot as u32 + Duration::from_micros(late)).max(world.now);
        world.now = now;
        world.step(OWN);
        while let Ok((length, _)) = ear.recv_from(&mut buffer) {
            assert_eq!(length, 12 + 160);
            sent.push((now - start, u16::from_be_bytes([buffer[2], buffer[3]])));
        }
    }
    assert!((2_999..=3_001).contains(&sent.len()), "{} packets in a minute", sent.len());
    assert!(sent.windows(2).all(|pair| pair[1].1 == pair[0].1.wrapping_add(1)), "numbers in a row");
    for (index, (at, _)) in sent.iter().enumerate() {
        let due = sent[0].0 + Duration::from_millis(20 * index as u64);
        // The first was late as well.
        let off = at.abs_diff(due);
        assert!(off < Duration::from_millis(42), "packet {index} is off by {off:?}");
    }
}

#[test]
fn a_session_follows_its_seat_to_another_worker() {
    let mut world = World::new(2);
    let seat = SeatId(0);
    // Session 1 is served by worker 1, seat 0 by worker 0.
    world.headset(OWN, seat, Some(1_000.0));
    let call = world.call(Endpoint::Silence, Endpoint::Echo, Codec::Pcmu);
    world.pass(200);
    world.send(OWN, Command::SetEndpoint { session: call.ours, endpoint: Endpoint::Seat(seat) });
    world.send(OWN, Command::Record { session: call.ours, path: "call".into() });
    world.pass(1_500);
    for channel in [0, 1] {
        assert_tone(
            last(&world.recorded(OWN, &"call".into(), channel), 8_000, 1_000, 0),
            8_000,
            1_000.0,
            -20.0,
        );
    }
    world.send(OWN, Command::Close { session: call.ours });
    world.pass(50);
    let stats = world.sides[OWN].stats(call.ours);
    assert!(stats.lost == 0 && stats.packets_received > 60, "{stats:?}");
}

#[test]
fn many_sessions_share_a_seat_but_one_has_it() {
    let mut world = World::new(1);
    let seat = SeatId(0);
    world.headset(OWN, seat, None);
    let _older = world.leg(Endpoint::Seat(seat), 440.0, Codec::Pcmu);
    let newer = world.leg(Endpoint::Seat(seat), 900.0, Codec::Pcmu);
    world.pass(700);
    assert_tone(last(&world.heard_at(OWN, seat), 8_000, 500, 0), 8_000, 900.0, -20.0);
    // When the newer one ends the older one is back.
    world.send(OWN, Command::Close { session: newer.ours });
    world.pass(700);
    assert_tone(last(&world.heard_at(OWN, seat), 8_000, 500, 0), 8_000, 440.0, -20.0);
}
