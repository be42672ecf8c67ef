//! A bridge between legs of the same codec: packets go through as they came, unless somebody changes what is heard.

use super::*;
use crate::NoticeTone;
use crate::types::Volume;

const SEAT: SeatId = SeatId(0);

struct Bridge {
    world: World,
    phone: Outside,
    customer: Outside,
}

impl Bridge {
    /// A phone that says 600 Hz, and a recorded customer who says 1,000, both with pauses.
    fn new(of_phone: Codec, of_customer: Codec) -> Self {
        let mut world = World::new(1);
        world.phone_seat(SEAT, &[]);
        let phone = world.call(Endpoint::Phone(SEAT), speech(600.0), of_phone);
        let customer = world.call(Endpoint::Seat(SEAT), speech(1_000.0), of_customer);
        world.send(OWN, Command::Record { session: customer.ours, path: "call".into() });
        world.pass(1_000);
        Self { world, phone, customer }
    }

    /// How many packets are encoded and passed on in 200 ms: to the phone, to the customer.
    fn coding(&mut self) -> [(u64, u64); 2] {
        let count =
            |this: &Self| [this.phone, this.customer].map(|leg| this.world.sides[OWN].coding(leg.ours));
        let before = count(self);
        self.world.pass(200);
        let after = count(self);
        std::array::from_fn(|index| (after[index].0 - before[index].0, after[index].1 - before[index].1))
    }
}

/// A tone of 200 ms at −20 dBm0 after each pause as long: packets begin to be passed on in a pause.
fn speech(hertz: f32) -> Endpoint {
    let tone = Segment::Tone(ToneSpec::sine(hertz, -20.0).for_ms(200));
    Endpoint::Clip(ClipPlan { segments: vec![Segment::Silence { ms: 200 }, tone], then_repeat: true })
}

/// Whether a tone sounds in a good part of the last two seconds, and nothing else there.
#[track_caller]
fn assert_speech(heard: &[i16], rate: u32, hertz: f32) {
    let mut shares: Vec<f32> = last(heard, rate, 2_000, 0)
        .chunks_exact(rate as usize / 40)
        .filter(|piece| level_dbm0(piece) > -21.0)
        .map(|piece| Bin::new(hertz, rate as f32).share_of(piece))
        .collect();
    shares.sort_by(f32::total_cmp);
    assert!(shares.len() > 20 && shares[shares.len() / 4] > 0.95, "{hertz} Hz: {shares:?}");
}

const ENCODED: (u64, u64) = (10, 0);
const PASSED: (u64, u64) = (0, 10);

#[test]
fn between_legs_of_one_codec_nothing_is_encoded() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut bridge = Bridge::new(codec, codec);
        for _ in 0..10 {
            assert_eq!(bridge.coding(), [PASSED, PASSED], "{codec:?}");
        }
        let rate = if codec.sample_rate() == 8_000 { 8_000 } else { 16_000 };
        let world = &bridge.world;
        let (by_phone, by_customer) = (world.heard_by(bridge.phone), world.heard_by(bridge.customer));
        assert_speech(&by_phone, rate, 1_000.0);
        assert_speech(&by_customer, rate, 600.0);
        // The recording has both, decoded once.
        for (channel, hertz) in [(0, 600.0), (1, 1_000.0)] {
            assert_speech(&world.recorded(OWN, &"call".into(), channel), rate, hertz);
        }
        bridge.world.send(OWN, Command::Close { session: bridge.customer.ours });
        bridge.world.pass(50);
        let stats = bridge.world.sides[OWN].stats(bridge.customer.ours);
        assert!(stats.packets_passed > 120 && stats.lost == 0, "{stats:?}");
        // The phone hears the idle sound again: nobody's packets, so they are encoded.
        assert_eq!(bridge.coding()[0], ENCODED);
    }
}

#[test]
fn between_codecs_everything_is_encoded() {
    // Opus to Opus too: see ADR 0006.
    for (of_phone, of_customer) in [
        (Codec::Pcmu, Codec::Pcma),
        (Codec::G722, Codec::Pcmu),
        (Codec::Opus, Codec::G722),
        (Codec::Opus, Codec::Opus),
    ] {
        assert_eq!(Bridge::new(of_phone, of_customer).coding(), [ENCODED, ENCODED]);
    }
}

/// Each change of what is heard takes the packets' place, in its direction, as long as it lasts.
#[test]
fn what_changes_the_voice_is_heard() {
    let volume = |capture, playback| Command::SetVolume {
        seat: SEAT,
        volume: Volume { capture, playback, ..Volume::default() },
    };
    let notice =
        |to_callee, to_operator| NoticeTone { to_callee, to_operator, every_ms: 1_000, level_dbm0: -24.0 };
    let mut bridge = Bridge::new(Codec::G722, Codec::G722);
    let session = bridge.customer.ours;
    let changes = [
        (volume(50, 100), volume(100, 100), [PASSED, ENCODED]),
        (volume(100, 50), volume(100, 100), [ENCODED, PASSED]),
        (Command::Mute { session, on: true }, Command::Mute { session, on: false }, [PASSED, ENCODED]),
        (
            Command::Notice { session, notice: Some(notice(true, false)) },
            Command::Notice { session, notice: None },
            [PASSED, ENCODED],
        ),
        (
            Command::Notice { session, notice: Some(notice(false, true)) },
            Command::Notice { session, notice: None },
            [ENCODED, PASSED],
        ),
    ];
    for (begin, end, expected) in changes {
        let what = format!("{begin:?}");
        bridge.world.send(OWN, begin);
        bridge.world.pass(100);
        assert_eq!(bridge.coding(), expected, "{what}");
        bridge.world.send(OWN, end);
        // Until the next pause.
        bridge.world.pass(600);
        assert_eq!(bridge.coding(), [PASSED, PASSED], "after {what}");
    }
}

#[test]
fn supervisors_who_speak_are_heard_and_those_who_listen_cost_nothing() {
    let mut bridge = Bridge::new(Codec::G722, Codec::G722);
    let boss = SeatId(1);
    bridge.world.headset(OWN, boss, Some(1_600.0));
    let tap = |tone| Command::Tap { seat: SEAT, by: boss, mode: TapMode::Listen, tone };
    let now = |mode| Command::SetTapMode { by: boss, mode };
    for (command, expected) in [
        (tap(false), [PASSED, PASSED]),
        (now(TapMode::Whisper), [ENCODED, PASSED]),
        (now(TapMode::Barge), [ENCODED, ENCODED]),
        (now(TapMode::Listen), [PASSED, PASSED]),
    ] {
        let what = format!("{command:?}");
        bridge.world.send(OWN, command);
        bridge.world.pass(800);
        assert_eq!(bridge.coding(), expected, "{what}");
    }
    // The tone that tells of a tap is heard, for 200 ms.
    bridge.world.send(OWN, tap(true));
    let [to_phone, to_customer] = bridge.coding();
    assert!(to_phone.0 >= 9 && to_customer == PASSED, "{to_phone:?} {to_customer:?}");
    bridge.world.pass(600);
    assert_eq!(bridge.coding(), [PASSED, PASSED]);
    bridge.world.send(OWN, Command::Untap { by: boss });
    bridge.world.pass(600);
    assert_eq!(bridge.coding(), [PASSED, PASSED]);
}

/// Digits that we send to the customer, as events beside the voice: the voice pauses, and goes on as it came.
#[test]
fn digits_of_ours_take_their_turn() {
    let mut bridge = Bridge::new(Codec::Pcmu, Codec::Pcmu);
    bridge.world.send(OWN, Command::Dtmf { session: bridge.customer.ours, digits: "5#".into() });
    bridge.world.pass(1_000);
    let told: String = bridge.world.sides[FAR]
        .heard
        .iter()
        .filter_map(|event| if let MediaEvent::Dtmf { digit, .. } = event { Some(*digit) } else { None })
        .collect();
    assert_eq!(told, "5#");
    assert_eq!(bridge.coding(), [PASSED, PASSED]);
}

/// The acoustic-shock limiter judges every packet before it is passed on; while it acts the samples are encoded. The phone is a
/// bare socket here, since an engine at its end would have a limiter of its own.
#[test]
fn a_screaming_modem_is_held_down_within_100_ms() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let mut world = World::new(1);
        world.phone_seat(SEAT, &[]);
        let ear = UdpSocket::bind((local(), 0)).unwrap();
        ear.set_nonblocking(true).unwrap();
        let phone = SessionId(7);
        let socket = RtpSocket::bind(local(), 48_002..=58_000).unwrap();
        world.send(OWN, Command::OpenSession { session: phone, socket, endpoint: Endpoint::Phone(SEAT) });
        let params = params(codec, ear.local_addr().unwrap().port());
        world.send(OWN, Command::Start { session: phone, params });
        let pause = Segment::Silence { ms: 500 };
        let quiet = Segment::Tone(ToneSpec::sine(440.0, -30.0).for_ms(1_300));
        let scream = Segment::Tone(ToneSpec::sine(2_100.0, -3.0).for_ms(2_000));
        let segments = vec![pause.clone(), quiet.clone(), scream, pause, quiet];
        let plan = ClipPlan { segments, then_repeat: false };
        world.call(Endpoint::Seat(SEAT), Endpoint::Clip(plan), codec);
        let mut decoder = crate::codec::Decoder::new(codec).unwrap();
        let (mut heard, mut passed) = (Vec::new(), Vec::new());
        for _ in 0..1_000 {
            world.pass(5);
            passed.push(world.sides[OWN].coding(phone).1);
            let mut datagram = [0; 2_048];
            while let Ok((length, _)) = ear.recv_from(&mut datagram) {
                let packet = crate::rtp::Packet::parse(&datagram[..length]).unwrap();
                let mut pcm = vec![0; codec.sample_rate() as usize / 50];
                assert_eq!(decoder.decode(packet.payload, &mut pcm), Ok(pcm.len()));
                heard.extend(pcm);
            }
        }
        // Before, while it screams, and after.
        for (from, to, expected) in [(200, 280, 20), (400, 720, 0), (890, 970, 20)] {
            assert_eq!(passed[to] - passed[from], expected, "{codec:?}: slots {from} to {to}");
        }
        let piece = codec.sample_rate() as usize / 100;
        let pieces: Vec<f32> = heard.chunks_exact(piece).map(level_dbm0).collect();
        let begin = pieces.iter().position(|level| *level > -12.0).unwrap();
        let loud = pieces.iter().filter(|level| **level > -24.5).count();
        assert!(loud <= 10, "{codec:?}: {loud} pieces of 10 ms: {:?}", &pieces[begin - 2..begin + 16]);
        // It is held down, not cut off.
        let held = level_dbm0(&heard[(begin + 12) * piece..(begin + 150) * piece]);
        assert!((-28.0..-24.5).contains(&held), "{codec:?}: {held}");
    }
}

/// Packets of another length than the phone is to get are encoded anew.
#[test]
fn another_packet_length_is_encoded() {
    let mut world = World::new(1);
    world.phone_seat(SEAT, &[]);
    let phone = world.call_with(SessionId(1), Endpoint::Phone(SEAT), tone(600.0), |port| StreamParams {
        ptime_ms: 30,
        ..params(Codec::Pcmu, port)
    });
    let customer = world.leg(Endpoint::Seat(SEAT), 1_000.0, Codec::Pcmu);
    world.pass(1_000);
    let (encoded, passed) = world.sides[OWN].coding(phone.ours);
    assert!(passed == 0 && encoded > 25, "{encoded} {passed}");
    // The other way packets of 30 ms come, and 20 ms are wanted.
    let (encoded, passed) = world.sides[OWN].coding(customer.ours);
    assert!(passed == 0 && encoded > 40, "{encoded} {passed}");
    assert_tone(last(&world.heard_by(customer), 8_000, 500, 0), 8_000, 600.0, -20.0);
}
