//! A SIP phone as a seat's voice, and supervisors' taps: who hears whom, by frequency.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use media::tones::{ToneSpec, goertzel::Bin};
use media::{Codec, Command, Endpoint, MediaEvent, RtpSocket, SeatId, SessionId, TapMode, VoiceSpec};

use crate::kit::{LOOPBACK, SEAT, Side, assert_tone, params, pause, tone_clip, write_tone};

/// The box under test, and an engine that plays the phones and customers.
struct Floor {
    own: Side,
    far: Side,
    next: u64,
    folder: tempfile::TempDir,
}

/// What somebody outside says and hears: a tone, and a file.
struct Outside {
    ours: SessionId,
    theirs: SessionId,
    heard: PathBuf,
}

impl Floor {
    fn new(workers: usize) -> Self {
        Self { own: Side::start(workers), far: Side::start(1), next: 0, folder: tempfile::tempdir().unwrap() }
    }

    /// A leg of ours to somebody outside who says a tone of `hertz`; what they hear is recorded.
    fn leg(&mut self, endpoint: Endpoint, hertz: f32, codec: Codec) -> Outside {
        self.next += 1;
        let (ours, theirs) = (SessionId(self.next), SessionId(self.next));
        let bind = || RtpSocket::bind(LOOPBACK, 40_000..=48_000).unwrap();
        let (mine, yours) = (bind(), bind());
        let (a, b): (SocketAddr, SocketAddr) = (mine.local_addr(), yours.local_addr());
        let heard = self.folder.path().join(format!("outside-{}.wav", self.next));
        self.own.send(Command::OpenSession { session: ours, socket: mine, endpoint });
        let tone = tone_clip(ToneSpec::sine(hertz, -20.0));
        self.far.send(Command::OpenSession { session: theirs, socket: yours, endpoint: tone });
        self.own.send(Command::Start { session: ours, params: params(b, codec) });
        self.far.send(Command::Start { session: theirs, params: params(a, codec) });
        self.own.send(Command::Answered { session: ours });
        self.far.send(Command::Record { session: theirs, path: heard.clone() });
        Outside { ours, theirs, heard }
    }

    fn phone_seat(&mut self, seat: SeatId, idle: &[i16]) {
        self.own.send(Command::OpenSeat { seat, voice: VoiceSpec::Phone { idle: idle.into() } });
        self.own.wait_for("the seat", |event| matches!(event, MediaEvent::SeatOpened { .. }));
    }

    /// Ends everything; then the files are complete.
    fn end(self) -> tempfile::TempDir {
        self.own.engine.shutdown();
        self.far.engine.shutdown();
        self.folder
    }
}

/// The middle second of what a file's right channel (what came in) holds, and its rate.
fn incoming(path: &Path) -> (Vec<i16>, u32) {
    let (rate, channels) = media::wav::read_channels(path).unwrap();
    (channels[1].clone(), rate)
}

/// Share of a tone in the last `ms` milliseconds but the very last, which the end may have cut.
fn share(samples: &[i16], rate: u32, hertz: f32, ms: usize) -> f32 {
    share_of_last(&samples[..samples.len().saturating_sub(rate as usize / 10)], rate, hertz, ms)
}

fn share_of_last(samples: &[i16], rate: u32, hertz: f32, ms: usize) -> f32 {
    let stretch = &samples[samples.len().saturating_sub(rate as usize / 1_000 * ms)..];
    // Whole pieces of 50 ms, so that a single gap does not spoil the whole.
    let piece = rate as usize / 20;
    let mut shares: Vec<f32> =
        stretch.chunks_exact(piece).map(|piece| Bin::new(hertz, rate as f32).share_of(piece)).collect();
    shares.sort_by(f32::total_cmp);
    shares.get(shares.len() / 2).copied().unwrap_or(0.0)
}

#[test]
fn phone_and_customer_hear_each_other_whatever_they_speak() {
    let pairs = [
        (Codec::Pcmu, Codec::Pcmu),
        (Codec::Pcmu, Codec::Pcma),
        (Codec::G722, Codec::Pcmu),
        (Codec::Opus, Codec::Pcma),
        (Codec::G722, Codec::Opus),
    ];
    for (of_phone, of_customer) in pairs {
        let mut floor = Floor::new(1);
        floor.phone_seat(SEAT, &[]);
        let phone = floor.leg(Endpoint::Phone(SEAT), 600.0, of_phone);
        let customer = floor.leg(Endpoint::Seat(SEAT), 1_000.0, of_customer);
        let recording = floor.folder.path().join("call.wav");
        floor.own.send(Command::Record { session: customer.ours, path: recording.clone() });
        pause(1_500);
        for outside in [&phone, &customer] {
            floor.far.send(Command::StopRecording { session: outside.theirs, keep: true });
        }
        pause(100);
        let folder = floor.end();
        let (heard, rate) = incoming(&phone.heard);
        assert_tone(&heard, rate, 1_000.0, -20.0);
        let (heard, rate) = incoming(&customer.heard);
        assert_tone(&heard, rate, 600.0, -20.0);
        let (rate, channels) = media::wav::read_channels(&recording).unwrap();
        assert_tone(&channels[0], rate, 600.0, -20.0);
        assert_tone(&channels[1], rate, 1_000.0, -20.0);
        drop(folder);
    }
}

#[test]
fn between_calls_a_phone_hears_the_idle_sound_and_an_alert_in_its_place() {
    let mut floor = Floor::new(1);
    let mut idle = vec![0; 8_000];
    media::tones::ToneSource::new(ToneSpec::sine(800.0, -25.0), 8_000).fill(&mut idle);
    // The leg comes before its seat: nothing may depend on the order.
    let phone = floor.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    floor.phone_seat(SEAT, &idle);
    pause(1_500);
    floor.own.send(Command::Alert { seat: SEAT, on: true });
    pause(900);
    floor.far.send(Command::StopRecording { session: phone.theirs, keep: true });
    pause(100);
    let _folder = floor.end();
    let (heard, rate) = incoming(&phone.heard);
    let early = &heard[..heard.len() - rate as usize];
    assert!(share(early, rate, 800.0, 800) > 0.95, "no idle sound");
    // Ringback is modulated: a part of it lies beside its frequency.
    assert!(share(&heard, rate, 400.0, 500) > 0.5, "no alert");
    assert!(share(&heard, rate, 800.0, 500) < 0.05, "the idle sound goes on");
}

#[test]
fn a_customer_whose_operator_s_phone_is_lost_hears_the_idle_sound_until_it_is_back() {
    let mut floor = Floor::new(1);
    let mut idle = vec![0; 8_000];
    media::tones::ToneSource::new(ToneSpec::sine(800.0, -25.0), 8_000).fill(&mut idle);
    floor.phone_seat(SEAT, &idle);
    let phone = floor.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    let customer = floor.leg(Endpoint::Seat(SEAT), 1_000.0, Codec::Pcmu);
    pause(700);
    floor.own.send(Command::Close { session: phone.ours });
    pause(1_000);
    let again = floor.leg(Endpoint::Phone(SEAT), 700.0, Codec::Pcma);
    pause(1_200);
    floor.far.send(Command::StopRecording { session: customer.theirs, keep: true });
    floor.far.send(Command::StopRecording { session: again.theirs, keep: true });
    pause(100);
    let _folder = floor.end();
    let (heard, rate) = incoming(&customer.heard);
    let without = &heard[..heard.len() - rate as usize * 13 / 10];
    assert!(share(without, rate, 800.0, 500) > 0.9, "silence while the phone is away");
    assert!(share(&heard, rate, 700.0, 600) > 0.95, "the new phone is not heard");
    let (heard, rate) = incoming(&again.heard);
    assert!(share(&heard, rate, 1_000.0, 600) > 0.95, "the new phone does not hear");
}

#[test]
fn a_supervisor_listens_whispers_and_barges() {
    // The supervisor's seat is served by the same worker as the operator's, then by another.
    for workers in [1, 2] {
        let mut floor = Floor::new(workers);
        let (operator, supervisor) = (SeatId(0), SeatId(1));
        floor.phone_seat(operator, &[]);
        floor.phone_seat(supervisor, &[]);
        let phone = floor.leg(Endpoint::Phone(operator), 600.0, Codec::Pcmu);
        let boss = floor.leg(Endpoint::Phone(supervisor), 1_600.0, Codec::Pcmu);
        let customer = floor.leg(Endpoint::Seat(operator), 1_000.0, Codec::Pcmu);
        let recording = floor.folder.path().join("call.wav");
        floor.own.send(Command::Record { session: customer.ours, path: recording.clone() });
        let mut middles = Vec::new();
        let mut stage = |command: Command| {
            floor.own.send(command);
            pause(900);
            middles.push(Instant::now());
            pause(500);
        };
        stage(Command::Tap { seat: operator, by: supervisor, mode: TapMode::Listen, tone: false });
        for mode in [TapMode::Whisper, TapMode::Barge] {
            stage(Command::SetTapMode { by: supervisor, mode });
        }
        stage(Command::Untap { by: supervisor });
        let end = Instant::now();
        for outside in [&phone, &boss, &customer] {
            floor.far.send(Command::StopRecording { session: outside.theirs, keep: true });
        }
        floor.own.send(Command::StopRecording { session: customer.ours, keep: true });
        pause(100);
        let _folder = floor.end();
        // Whether a tone sounds in most of the 400 ms around the middle of each stage.
        let stages = |heard: &[i16], rate: u32, hertz: f32| -> Vec<bool> {
            let back =
                |middle: &Instant| ((end - *middle).as_millis() as usize - 200) * rate as usize / 1_000;
            let until = |middle| heard.len().saturating_sub(back(middle));
            middles
                .iter()
                .map(|middle| share_of_last(&heard[..until(middle)], rate, hertz, 400) > 0.1)
                .collect()
        };
        let (by_phone, rate) = incoming(&phone.heard);
        let (by_customer, _) = incoming(&customer.heard);
        let (by_boss, _) = incoming(&boss.heard);
        // Listen, whisper, barge, nothing.
        assert_eq!(stages(&by_phone, rate, 1_600.0), [false, true, true, false], "the operator");
        assert_eq!(stages(&by_customer, rate, 1_600.0), [false, false, true, false], "the customer");
        assert_eq!(stages(&by_phone, rate, 1_000.0), [true; 4]);
        assert_eq!(stages(&by_customer, rate, 600.0), [true; 4]);
        assert_eq!(
            stages(&by_boss, rate, 600.0),
            [true, true, true, false],
            "the supervisor hears the operator"
        );
        assert_eq!(
            stages(&by_boss, rate, 1_000.0),
            [true, true, true, false],
            "the supervisor hears the customer"
        );
        // The recording: what the customer said, and what the customer could hear.
        let (rate, channels) = media::wav::read_channels(&recording).unwrap();
        let stages = |heard: &[i16]| stages(heard, rate, 1_600.0);
        assert_eq!(stages(&channels[0]), [false, false, true, false], "operator's channel");
        assert_eq!(stages(&channels[1]), [false; 4], "callee's channel");
    }
}

#[test]
fn a_supervisor_with_files_for_a_headset_follows_the_operator_over_calls() {
    let mut floor = Floor::new(2);
    let (operator, supervisor) = (SeatId(0), SeatId(1));
    let (voice, heard) = (floor.folder.path().join("boss.wav"), floor.folder.path().join("heard.wav"));
    write_tone(&voice, 1_600.0, -20.0, 20_000);
    floor.phone_seat(operator, &[]);
    let spec = VoiceSpec::File { play: Some(voice), write: Some(heard.clone()) };
    floor.own.send(Command::OpenSeat { seat: supervisor, voice: spec });
    floor.own.wait_for("the seat", |event| matches!(event, MediaEvent::SeatOpened { .. }));
    let _phone = floor.leg(Endpoint::Phone(operator), 600.0, Codec::Pcmu);
    floor.own.send(Command::Tap { seat: operator, by: supervisor, mode: TapMode::Listen, tone: false });
    for hertz in [1_000.0, 1_300.0] {
        let customer = floor.leg(Endpoint::Seat(operator), hertz, Codec::Pcmu);
        pause(1_000);
        floor.own.send(Command::Close { session: customer.ours });
        pause(300);
    }
    floor.own.send(Command::CloseSeat { seat: supervisor });
    pause(300);
    let _folder = floor.end();
    let heard = media::wav::read_mono(&heard).unwrap().samples;
    let first =
        |hertz: f32| heard.chunks_exact(400).position(|piece| share_of_last(piece, 8_000, hertz, 50) > 0.2);
    let (one, two) = (first(1_000.0), first(1_300.0));
    assert!(one.is_some() && one < two, "the first customer at {one:?}, the second at {two:?}");
}

#[test]
fn a_digit_of_the_phone_is_told() {
    let mut floor = Floor::new(1);
    floor.phone_seat(SEAT, &[]);
    let phone = floor.leg(Endpoint::Phone(SEAT), 600.0, Codec::Pcmu);
    pause(300);
    floor.far.send(Command::Dtmf { session: phone.theirs, digits: "7".into() });
    let told = floor.own.wait_for("the digit", |event| matches!(event, MediaEvent::Dtmf { .. }));
    assert_eq!(told, MediaEvent::Dtmf { session: phone.ours, digit: '7' });
    floor.end();
}
