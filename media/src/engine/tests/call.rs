//! What operator and callee hear of each other, and what the engine tells of a call.

use super::*;
use crate::NoticeTone;
use crate::types::{CallProgress, FaxSignal, Processing, Volume};

const SEAT: SeatId = SeatId(0);

/// Volume and processing of a seat, as the callee hears the operator: a steady tone is noise to the suppressor.
#[test]
fn a_seat_speaks_as_loud_and_as_clean_as_it_was_told() {
    let level = |volume: Volume, processing: Processing, ms: u64| {
        let mut world = World::new(1);
        world.send(OWN, Command::SetVolume { seat: SEAT, volume });
        world.send(OWN, Command::SetProcessing { seat: SEAT, processing });
        // Both are kept when the seat's voice is opened.
        world.headset(OWN, SEAT, Some(440.0));
        let call = world.call(Endpoint::Seat(SEAT), Endpoint::Silence, Codec::Pcmu);
        world.pass(ms);
        level_dbm0(last(&world.heard_by(call), 8_000, 500, 0))
    };
    let half = Volume { capture: 50, ..Volume::default() };
    let noise = Processing { noise: true, ..Processing::default() };
    let plain = level(Volume::default(), Processing::default(), 1_000);
    assert!((plain + 20.0).abs() < 0.5, "{plain}");
    let soft = level(half, Processing::default(), 1_000);
    assert!((soft + 26.0).abs() < 0.5, "{soft}");
    let clean = level(Volume::default(), noise, 4_000);
    assert!(clean < -26.0, "{clean}");
}

#[test]
fn an_echo_comes_back() {
    let mut world = World::new(1);
    world.headset(OWN, SEAT, Some(700.0));
    let _call = world.call(Endpoint::Seat(SEAT), Endpoint::Echo, Codec::Pcma);
    world.pass(1_000);
    assert_tone(last(&world.heard_at(OWN, SEAT), 8_000, 700, 0), 8_000, 700.0, -20.0);
}

#[test]
fn busy_is_heard_before_the_answer_and_a_fax_after_it() {
    let mut world = World::new(1);
    let bind = || RtpSocket::bind(local(), 48_002..=58_000).unwrap();
    let sockets = [bind(), bind()];
    let ports = [sockets[1].port(), sockets[0].port()];
    let session = SessionId(1);
    let endpoints = [Endpoint::Silence, clip(ToneSpec::busy())];
    for (side, (socket, endpoint)) in sockets.into_iter().zip(endpoints).enumerate() {
        world.send(side, Command::OpenSession { session, socket, endpoint });
        let params = params(Codec::Pcmu, ports[side]);
        world.send(side, Command::Start { session, params });
    }
    world.pass(6_000);
    let busy = MediaEvent::CallProgress { session, tone: CallProgress::Busy, early: true };
    assert!(world.sides[OWN].heard.contains(&busy), "{:?}", world.sides[OWN].heard);
    world.send(OWN, Command::Answered { session });
    world.send(FAR, Command::SetEndpoint { session, endpoint: clip(ToneSpec::ced()) });
    world.pass(2_000);
    let is_fax = |event: &MediaEvent| matches!(event, MediaEvent::Fax { signal: FaxSignal::Ced, .. });
    assert!(world.sides[OWN].heard.iter().any(is_fax), "{:?}", world.sides[OWN].heard);
}

#[test]
fn keys_arrive_once_and_mute_silences() {
    let mut world = World::new(1);
    world.headset(OWN, SEAT, Some(700.0));
    let call = world.call(Endpoint::Seat(SEAT), Endpoint::Silence, Codec::Pcmu);
    world.send(OWN, Command::Mute { session: call.ours, on: true });
    world.pass(200);
    world.send(OWN, Command::Dtmf { session: call.ours, digits: "1#".into() });
    world.pass(1_000);
    let keys: Vec<char> = world.sides[FAR]
        .heard
        .iter()
        .filter_map(|event| if let MediaEvent::Dtmf { digit, .. } = event { Some(*digit) } else { None })
        .collect();
    assert_eq!(keys, ['1', '#']);
    assert!(level_dbm0(last(&world.heard_by(call), 8_000, 1_000, 0)) < -60.0);
    world.send(OWN, Command::Mute { session: call.ours, on: false });
    world.pass(700);
    assert_tone(last(&world.heard_by(call), 8_000, 500, 0), 8_000, 700.0, -20.0);
    world.send(OWN, Command::Close { session: call.ours });
    world.pass(20);
    let stats = world.sides[OWN].stats(call.ours);
    assert!(stats.packets_sent >= 90, "silence keeps the stream alive: {stats:?}");
}

#[test]
fn the_operator_hears_a_local_ringback_until_the_peer_speaks() {
    let mut world = World::new(1);
    let session = SessionId(1);
    world.headset(OWN, SEAT, None);
    let bind = || RtpSocket::bind(local(), 48_002..=58_000).unwrap();
    let (mine, yours) = (bind(), bind());
    let [own, far] = [&yours, &mine].map(|to| params(Codec::Pcmu, to.port()));
    world.send(OWN, Command::OpenSession { session, socket: mine, endpoint: Endpoint::Seat(SEAT) });
    world.send(OWN, Command::Record { session, path: "call".into() });
    world.send(OWN, Command::LocalRingback { session, on: true });
    world.pass(1_100);
    let heard = world.heard_at(OWN, SEAT);
    assert!(level_dbm0(&heard[..1_400]) < -60.0, "it starts 200 ms after the order");
    assert!(share(last(&heard, 8_000, 800, 0), 8_000, 400.0) > 0.5);
    world.send(FAR, Command::OpenSession { session, socket: yours, endpoint: tone(700.0) });
    world.send(OWN, Command::Start { session, params: own });
    world.send(FAR, Command::Start { session, params: far });
    world.pass(800);
    assert_tone(last(&world.heard_at(OWN, SEAT), 8_000, 600, 0), 8_000, 700.0, -20.0);
    let callee = world.recorded(OWN, &"call".into(), 1);
    assert!(level_dbm0(&callee[..8_000]) < -60.0, "it is not the callee's voice");
}

#[test]
fn a_notice_tone_is_heard_and_not_recorded() {
    let mut world = World::new(1);
    world.headset(OWN, SEAT, None);
    let call = world.call(Endpoint::Seat(SEAT), Endpoint::Silence, Codec::Pcmu);
    // While muted, and while paused: the tone keeps to the recording.
    let notice = NoticeTone { to_callee: true, to_operator: true, every_ms: 1_000, level_dbm0: -24.0 };
    world.send(OWN, Command::Notice { session: call.ours, notice: Some(notice) });
    world.send(OWN, Command::Mute { session: call.ours, on: true });
    world.pass(300);
    let silent = [world.heard_at(OWN, SEAT), world.heard_by(call)];
    assert!(silent.iter().all(|heard| level_dbm0(heard) < -60.0), "nothing is recorded yet");
    world.send(OWN, Command::Record { session: call.ours, path: "call".into() });
    world.pass(1_900);
    world.send(OWN, Command::PauseRecording { session: call.ours, on: true });
    world.pass(1_500);
    for heard in [world.heard_at(OWN, SEAT), world.heard_by(call)] {
        let sounding = heard.chunks(160).filter(|frame| level_dbm0(frame) > -30.0).count();
        // Two tones of 200 ms, give or take the frames at their edges.
        assert!((18..=24).contains(&sounding), "{sounding} frames");
    }
    for channel in [0, 1] {
        assert!(level_dbm0(&world.recorded(OWN, &"call".into(), channel)) < -60.0);
    }
}
