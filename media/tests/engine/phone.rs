//! A SIP phone as a seat's voice, and a supervisor at another worker's seat, through threads and sockets as they are.

use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint, MediaEvent, RtpSocket, SeatId, SessionId, TapMode, VoiceSpec};

use crate::kit::{LOOPBACK, SEAT, Side, assert_tone, params, pause, tone_clip};

/// A leg of `own` to somebody outside who says a tone of `hertz`.
fn leg(own: &Side, far: &Side, number: u64, endpoint: Endpoint, hertz: f32, codec: Codec) -> SessionId {
    let session = SessionId(number);
    let bind = || RtpSocket::bind(LOOPBACK, 40_000..=48_000).unwrap();
    let (mine, yours) = (bind(), bind());
    let (a, b) = (mine.local_addr(), yours.local_addr());
    own.send(Command::OpenSession { session, socket: mine, endpoint });
    let endpoint = tone_clip(ToneSpec::sine(hertz, -20.0));
    far.send(Command::OpenSession { session, socket: yours, endpoint });
    own.send(Command::Start { session, params: params(b, codec) });
    far.send(Command::Start { session, params: params(a, codec) });
    own.send(Command::Answered { session });
    session
}

#[test]
fn phone_and_customer_hear_each_other_and_a_supervisor_hears_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (mut own, far) = (Side::start(2), Side::start(1));
    let boss = SeatId(1);
    own.send(Command::OpenSeat { seat: SEAT, voice: VoiceSpec::Phone { idle: [].into() } });
    own.send(Command::OpenSeat {
        seat: boss,
        voice: VoiceSpec::File { play: None, write: Some(path("boss.wav")) },
    });
    for _ in 0..2 {
        own.wait_for("a seat", |event| matches!(event, MediaEvent::SeatOpened { .. }));
    }
    let phone = leg(&own, &far, 1, Endpoint::Phone(SEAT), 600.0, Codec::G722);
    let customer = leg(&own, &far, 2, Endpoint::Seat(SEAT), 1_000.0, Codec::Pcma);
    own.send(Command::Tap { seat: SEAT, by: boss, mode: TapMode::Listen, tone: false });
    far.send(Command::Record { session: phone, path: path("phone.wav") });
    own.send(Command::Record { session: customer, path: path("call.wav") });
    pause(1_800);
    own.engine.shutdown();
    far.engine.shutdown();
    let (rate, heard) = media::wav::read_channels(&path("phone.wav")).unwrap();
    assert_tone(&heard[1], rate, 1_000.0, -20.0);
    let (rate, call) = media::wav::read_channels(&path("call.wav")).unwrap();
    assert_tone(&call[0], rate, 600.0, -20.0);
    assert_tone(&call[1], rate, 1_000.0, -20.0);
    let heard = media::wav::read_mono(&path("boss.wav")).unwrap().samples;
    // Two tones of −20 dBm0 together.
    let level = media::tones::level_dbm0(&heard[heard.len() - 8_000..]);
    assert!((level + 17.0).abs() < 1.5, "{level}");
}
