//! Engines, calls between them, and ears.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use media::engine::{Engine, EngineConfig};
use media::tones::ToneSpec;
use media::{
    ClipPlan, Codec, Command, Endpoint, MediaEvent, RtpSocket, SeatId, Segment, SessionId, StreamParams,
    VoiceSpec,
};
use tokio::sync::mpsc::Receiver;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// An engine under test has one seat and one session.
pub(crate) const SEAT: SeatId = SeatId(0);
pub(crate) const CALL: SessionId = SessionId(1);

/// An engine with what it has said so far.
pub(crate) struct Side {
    pub(crate) engine: Engine,
    receiver: Receiver<MediaEvent>,
    pub(crate) heard: Vec<MediaEvent>,
}

impl Side {
    pub(crate) fn start(workers: usize) -> Self {
        let (engine, receiver) = Engine::start(EngineConfig { workers, ..EngineConfig::default() }).unwrap();
        Self { engine, receiver, heard: Vec::new() }
    }

    pub(crate) fn send(&self, command: Command) {
        self.engine.try_send(command).unwrap();
    }

    pub(crate) fn open(&self, endpoint: Endpoint) -> SocketAddr {
        let socket = RtpSocket::bind(LOOPBACK, 40_000..=48_000).unwrap();
        let address = socket.local_addr();
        self.send(Command::OpenSession { session: CALL, socket, endpoint });
        address
    }

    pub(crate) fn open_file_seat(&mut self, play: Option<&Path>, write: Option<&Path>) {
        let own = |path: Option<&Path>| path.map(Path::to_owned);
        self.send(Command::OpenSeat {
            seat: SEAT,
            voice: VoiceSpec::File { play: own(play), write: own(write) },
        });
        self.wait_for("the file seat", |event| matches!(event, MediaEvent::SeatOpened { .. }));
    }

    /// Waits for an event, or finds it among those that came before; each is found once.
    pub(crate) fn wait_for(&mut self, what: &str, wanted: impl Fn(&MediaEvent) -> bool) -> MediaEvent {
        let deadline = Instant::now() + Duration::from_secs(15);
        let mut seen = 0;
        loop {
            if let Some(index) = self.heard.iter().skip(seen).position(&wanted) {
                return self.heard.remove(seen + index);
            }
            seen = self.heard.len();
            match self.receiver.try_recv() {
                Ok(event) => self.heard.push(event),
                Err(_) => {
                    assert!(Instant::now() < deadline, "no {what}; only {:#?}", self.heard);
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    /// Everything said until now.
    pub(crate) fn listen(&mut self) -> &[MediaEvent] {
        while let Ok(event) = self.receiver.try_recv() {
            self.heard.push(event);
        }
        &self.heard
    }

    pub(crate) fn hang_up(&mut self) -> media::SessionStats {
        self.send(Command::Close { session: CALL });
        match self.wait_for("Closed", |event| matches!(event, MediaEvent::Closed { .. })) {
            MediaEvent::Closed { stats, .. } => stats,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn params(remote: SocketAddr, codec: Codec) -> StreamParams {
    let payload_type = match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        _ => 111,
    };
    StreamParams {
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        ..StreamParams::new(remote, codec, payload_type)
    }
}

/// Connects two sides that opened their sessions at these addresses.
pub(crate) fn connect(a: (&Side, SocketAddr), b: (&Side, SocketAddr), codec: Codec) {
    a.0.send(Command::Start { session: CALL, params: params(b.1, codec) });
    b.0.send(Command::Start { session: CALL, params: params(a.1, codec) });
}

pub(crate) fn tone_clip(spec: ToneSpec) -> Endpoint {
    Endpoint::Clip(ClipPlan { segments: vec![Segment::Tone(spec)], then_repeat: true })
}

/// Writes a tone file of 8 kHz.
pub(crate) fn write_tone(path: &Path, hertz: f32, level: f32, ms: u32) {
    let mut samples = vec![0; ms as usize * 8];
    media::tones::ToneSource::new(ToneSpec::sine(hertz, level), 8_000).fill(&mut samples);
    media::wav::write_mono(path, 8_000, &samples).unwrap();
}

pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Waits until `ready`, at most 15 s.
pub(crate) fn eventually(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !ready() {
        assert!(Instant::now() < deadline, "never: {what}");
        pause(5);
    }
}

/// Level in dBm0 and frequency in hertz of the second around the middle. The frequency is the median distance
/// of rising zero crossings, so that a click of a busy machine does not count.
pub(crate) fn measure(samples: &[i16], rate: u32) -> (f32, f32) {
    let second = rate as usize;
    assert!(samples.len() >= second / 2, "only {} samples", samples.len());
    let start = samples.len().saturating_sub(second) / 2;
    let stretch = &samples[start..(start + second).min(samples.len())];
    let crossings: Vec<f32> = (1..stretch.len())
        .filter(|index| stretch[index - 1] < 0 && stretch[*index] >= 0)
        .map(|index| {
            let (before, after) = (f32::from(stretch[index - 1]), f32::from(stretch[index]));
            index as f32 - after / (after - before)
        })
        .collect();
    let mut periods: Vec<f32> = crossings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    periods.sort_by(f32::total_cmp);
    let hertz = periods.get(periods.len() / 2).map_or(0.0, |period| rate as f32 / period);
    (media::tones::level_dbm0(stretch), hertz)
}

#[track_caller]
pub(crate) fn assert_tone(samples: &[i16], rate: u32, hertz: f32, level: f32) {
    let (heard_level, heard_hertz) = measure(samples, rate);
    assert!(
        (heard_hertz - hertz).abs() < hertz * 0.02 && (heard_level - level).abs() < 1.5,
        "expected {hertz} Hz at {level} dBm0, heard {heard_hertz} Hz at {heard_level} dBm0"
    );
}
