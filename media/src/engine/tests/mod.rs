//! Engines whose workers are moved by hand, in simulated time: sockets on loopback are real, clocks, threads and disks are not.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

mod call;
mod pace;
mod passing;
mod phone;
mod tap;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;
use crate::device::{AudioFeed, CaptureFeed, FileTrack, Null, PlaybackFeed};
use crate::recorder::{RecorderCommand, Target, TrackReader, track};
use crate::tones::goertzel::Bin;
use crate::tones::{ToneSource, ToneSpec, level_dbm0};
use crate::types::{ClipPlan, Codec, Segment, StreamParams, TapMode, VoiceSpec};
use crate::{RtpSocket, wav};

/// A worker looks at its sessions this often.
const STEP: Duration = Duration::from_millis(5);

/// Who takes part, and the clock.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) sides: Vec<Side>,
    /// Both ends of a way for [`World::settle`].
    probe: [UdpSocket; 2],
}

/// An engine, what it has said, and what it has recorded.
pub(super) struct Side {
    engine: Engine,
    workers: Vec<Worker>,
    events: mpsc::Receiver<MediaEvent>,
    orders: std::sync::mpsc::Receiver<RecorderCommand>,
    tracks: Vec<Track>,
    pub(super) heard: Vec<MediaEvent>,
}

struct Track {
    name: PathBuf,
    channels: usize,
    reader: TrackReader,
    samples: Vec<i16>,
}

/// A leg of ours to somebody outside.
#[derive(Clone, Copy)]
pub(super) struct Outside {
    /// Ours, and the far end of it.
    pub(super) ours: SessionId,
    pub(super) theirs: SessionId,
}

/// Index of the engine under test, and of the one that plays phones and customers.
pub(super) const OWN: usize = 0;
pub(super) const FAR: usize = 1;

impl World {
    /// The box under test with so many workers, and the world outside.
    pub(super) fn new(workers: usize) -> Self {
        let sides = vec![Side::new(workers), Side::new(1)];
        let bind = || UdpSocket::bind((local(), 0)).unwrap();
        let probe = [bind(), bind()];
        probe[1].set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { now: Instant::now(), sides, probe }
    }

    pub(super) fn send(&mut self, side: usize, command: Command) {
        self.sides[side].engine.try_send(command).unwrap();
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 5 {
            self.now += STEP;
            for side in 0..self.sides.len() {
                self.step(side);
            }
        }
    }

    /// One side does what there is to do now, and what it sent arrives.
    pub(super) fn step(&mut self, side: usize) {
        self.sides[side].step(self.now);
        self.settle();
    }

    /// On a loaded machine the kernel hands datagrams over loopback on a little later, one after another: what was sent before this
    /// one is there when it is.
    fn settle(&self) {
        let [from, to] = &self.probe;
        from.send_to(&[0], to.local_addr().unwrap()).unwrap();
        to.recv(&mut [0]).unwrap();
    }

    /// Both ends of a call between the engines, with these voices, the far one recorded. The two have the same number.
    pub(super) fn call(&mut self, own: Endpoint, far: Endpoint, codec: Codec) -> Outside {
        let number = 1 + self.sides[FAR].tracks.len() as u64;
        self.call_with(SessionId(number), own, far, |remote| params(codec, remote))
    }

    /// Likewise, with what is negotiated by port of the other side.
    pub(super) fn call_with(
        &mut self,
        session: SessionId,
        own: Endpoint,
        far: Endpoint,
        params: impl Fn(u16) -> StreamParams,
    ) -> Outside {
        let bind = || RtpSocket::bind(local(), 48_002..=58_000).unwrap();
        let (mine, yours) = (bind(), bind());
        let ports: [u16; 2] = [mine.port(), yours.port()];
        self.send(OWN, Command::OpenSession { session, socket: mine, endpoint: own });
        self.send(FAR, Command::OpenSession { session, socket: yours, endpoint: far });
        self.send(OWN, Command::Start { session, params: params(ports[1]) });
        self.send(FAR, Command::Start { session, params: params(ports[0]) });
        self.send(OWN, Command::Answered { session });
        self.send(FAR, Command::Record { session, path: outside(session) });
        self.pass(5);
        Outside { ours: session, theirs: session }
    }

    /// A call with somebody outside who says a tone at −20 dBm0.
    pub(super) fn leg(&mut self, own: Endpoint, hertz: f32, codec: Codec) -> Outside {
        self.call(own, tone(hertz), codec)
    }

    /// A seat of ours whose voice is a phone.
    pub(super) fn phone_seat(&mut self, seat: SeatId, idle: &[i16]) {
        self.send(OWN, Command::OpenSeat { seat, voice: VoiceSpec::Phone { idle: idle.into() } });
        self.pass(5);
    }

    /// A seat whose voice is a tone at −20 dBm0, or silence; what it hears is kept.
    pub(super) fn headset(&mut self, side: usize, seat: SeatId, hertz: Option<f32>) {
        self.send(side, Command::OpenSeat { seat, voice: VoiceSpec::Null });
        self.pass(5);
        let side = &mut self.sides[side];
        let count = side.workers.len();
        let worker = &mut side.workers[seat.0 as usize % count];
        let opening = worker.openings;
        if let Some(hertz) = hertz {
            let samples = sine(hertz, 20_000);
            worker.feed(seat, opening, AudioFeed::Capture(CaptureFeed::Clip(samples.into())));
        }
        let (writer, reader) = track(1, wav::VOICE_RATE);
        worker.feed(seat, opening, AudioFeed::Playback(PlaybackFeed::Track(FileTrack(writer))));
        side.tracks.push(Track { name: ear(seat), channels: 1, reader, samples: Vec::new() });
    }

    /// One channel of what was recorded under a name, from its beginning until now.
    pub(super) fn recorded(&self, side: usize, name: &PathBuf, channel: usize) -> Vec<i16> {
        let track = self.sides[side].tracks.iter().find(|track| track.name == *name).unwrap();
        track.samples.iter().skip(channel).step_by(track.channels).copied().collect()
    }

    /// What somebody outside has heard.
    pub(super) fn heard_by(&self, who: Outside) -> Vec<i16> {
        self.recorded(FAR, &outside(who.theirs), 1)
    }

    /// What an operator of ours has heard.
    pub(super) fn heard_at(&self, side: usize, seat: SeatId) -> Vec<i16> {
        self.recorded(side, &ear(seat), 0)
    }
}

impl Side {
    fn new(workers: usize) -> Self {
        let config = EngineConfig {
            workers,
            audio: false,
            command_capacity: 64,
            event_capacity: 64,
            ..Default::default()
        };
        let (sender, events) = mpsc::channel(config.event_capacity);
        let (recorder, orders) = Recorder::held();
        let parts = Parts::build(&config, Arc::new(Null), EventQueue::new(sender), recorder).unwrap();
        let shared = Shared {
            workers: parts.mailboxes,
            routes: Mutex::new(HashMap::new()),
            threads: Mutex::new(None),
        };
        let engine = Engine { shared: Arc::new(shared) };
        Self { engine, workers: parts.workers, events, orders, tracks: Vec::new(), heard: Vec::new() }
    }

    fn step(&mut self, now: Instant) {
        for worker in &mut self.workers {
            worker.simulate(now);
        }
        while let Ok(order) = self.orders.try_recv() {
            match order {
                RecorderCommand::Begin { path, channels, reader, .. } => {
                    let channels = usize::from(channels);
                    self.tracks.push(Track { name: path, channels, reader, samples: Vec::new() });
                }
                RecorderCommand::Closed { session, stats } => {
                    self.heard.push(MediaEvent::Closed { session, stats });
                }
                RecorderCommand::Finish { target: Target::Call(_) | Target::Voice(_), .. }
                | RecorderCommand::End => {}
            }
        }
        let mut bytes = Vec::new();
        for track in &mut self.tracks {
            while let Some(position) = track.reader.next(&mut bytes) {
                track.samples.resize(position as usize * track.channels, 0);
                let samples = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
                track.samples.extend(samples);
                bytes.clear();
            }
        }
        while let Ok(event) = self.events.try_recv() {
            if !matches!(event, MediaEvent::Stats { .. }) {
                self.heard.push(event);
            }
        }
    }

    /// Packets that a session has encoded, and that it has passed on.
    pub(super) fn coding(&self, session: SessionId) -> (u64, u64) {
        self.workers.iter().find_map(|worker| worker.leg(session)).map_or((0, 0), crate::leg::Leg::coding)
    }

    /// How a session ended.
    pub(super) fn stats(&self, session: SessionId) -> crate::SessionStats {
        let found = self.heard.iter().find_map(|event| match event {
            MediaEvent::Closed { session: closed, stats } if *closed == session => Some(*stats),
            _ => None,
        });
        found.unwrap()
    }
}

/// An address of loopback that no other process of these tests has: what a closed session's peer still sends goes to nobody else.
pub(super) fn local() -> IpAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, a.saturating_add(1), b, c))
}

/// What was negotiated with a peer of this process.
pub(super) fn params(codec: Codec, port: u16) -> StreamParams {
    StreamParams { remote: SocketAddr::new(local(), port), ..crate::session::tests::params(codec, port) }
}

fn outside(session: SessionId) -> PathBuf {
    format!("outside {}", session.0).into()
}

fn ear(seat: SeatId) -> PathBuf {
    format!("ear {}", seat.0).into()
}

/// Somebody who says a tone at −20 dBm0 without end.
pub(super) fn tone(hertz: f32) -> Endpoint {
    clip(ToneSpec::sine(hertz, -20.0))
}

pub(super) fn clip(spec: ToneSpec) -> Endpoint {
    Endpoint::Clip(ClipPlan { segments: vec![Segment::Tone(spec)], then_repeat: true })
}

/// A tone of 8 kHz at −20 dBm0.
pub(super) fn sine(hertz: f32, ms: usize) -> Vec<i16> {
    let mut samples = vec![0; ms * 8];
    ToneSource::new(ToneSpec::sine(hertz, -20.0), 8_000).fill(&mut samples);
    samples
}

/// The samples between two moments, in milliseconds before the end; a rate is told by the length of what is asked for.
pub(super) fn last(samples: &[i16], rate: u32, from_ms: usize, to_ms: usize) -> &[i16] {
    let at = |ms: usize| samples.len().saturating_sub(ms * rate as usize / 1_000);
    &samples[at(from_ms)..at(to_ms)]
}

/// Share of a tone in the median piece of 50 ms.
pub(super) fn share(samples: &[i16], rate: u32, hertz: f32) -> f32 {
    let mut shares: Vec<f32> = samples
        .chunks_exact(rate as usize / 20)
        .map(|piece| Bin::new(hertz, rate as f32).share_of(piece))
        .collect();
    shares.sort_by(f32::total_cmp);
    shares.get(shares.len() / 2).copied().unwrap_or(0.0)
}

#[track_caller]
pub(super) fn assert_tone(samples: &[i16], rate: u32, hertz: f32, level: f32) {
    let (share, heard) = (share(samples, rate, hertz), level_dbm0(samples));
    assert!(
        share > 0.95 && (heard - level).abs() < 1.0,
        "{hertz} Hz at {level} dBm0: {share} of it, {heard} dBm0"
    );
}
