//! The rule of the media threads: once a call runs and has sent its first report, they allocate nothing.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::codec::g711::mu_compress;
use crate::socket::RtpSocket;
use crate::types::{Codec, StreamParams, VoiceSpec};

/// A worker on the test's own thread, since allocations are counted by thread.
struct Bench {
    worker: Worker,
    told: mpsc::Receiver<MediaEvent>,
    outside: Outside,
    next: u64,
}

impl Bench {
    fn new() -> Self {
        let (sender, told) = mpsc::channel(256);
        let events = EventQueue::new(sender);
        let recorder = Recorder::new(events.fork());
        let (worker, _) = Worker::new(64, 46, events, recorder).unwrap();
        Self { worker, told, outside: Outside::default(), next: 0 }
    }

    fn order(&mut self, command: Command) {
        self.worker.handle(Message::Command(command), now());
    }

    /// A leg to somebody outside who talks.
    fn leg(&mut self, endpoint: Endpoint, codec: Codec) -> SessionId {
        self.next += 1;
        let session = SessionId(self.next);
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let socket = RtpSocket::bind(local, 40_000..=48_000).unwrap();
        let remote = self.outside.add(socket.local_addr(), codec);
        self.order(Command::OpenSession { session, socket, endpoint });
        self.order(Command::Start { session, params: params(remote, codec) });
        self.order(Command::Answered { session });
        session
    }

    /// Lets time pass; what the core would take is taken.
    fn pass(&mut self, time: Duration) {
        let until = now() + time;
        while now() < until {
            self.outside.speak();
            self.worker.wake().unwrap();
            while self.told.try_recv().is_ok() {}
        }
    }

    /// The channel of events keeps its blocks once it has been through some.
    fn warm(&mut self) {
        for id in 0..500 {
            self.worker.handle(Message::Ping { id, left: Arc::new(AtomicUsize::new(1)) }, now());
            while self.told.try_recv().is_ok() {}
        }
    }
}

/// Those who send 20 ms of voice each 20 ms, and read nothing.
#[derive(Default)]
struct Outside {
    people: Vec<(UdpSocket, SocketAddr, u8)>,
    rounds: u32,
    due: Option<Instant>,
}

impl Outside {
    fn add(&mut self, to: SocketAddr, codec: Codec) -> SocketAddr {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        self.people.push((socket, to, payload_type(codec)));
        address
    }

    fn speak(&mut self) {
        let at = now();
        let due = *self.due.get_or_insert(at);
        if at < due {
            return;
        }
        self.due = Some(due + Duration::from_millis(20));
        self.rounds += 1;
        let mut packet = [0; 172];
        for (index, (socket, to, payload_type)) in self.people.iter().enumerate() {
            packet[..2].copy_from_slice(&[0x80, *payload_type]);
            packet[2..4].copy_from_slice(&(self.rounds as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(self.rounds * 160).to_be_bytes());
            packet[11] = index as u8;
            for (sample, byte) in packet[12..].iter_mut().enumerate() {
                // A voice is no tone: its pitch glides, and it pauses.
                let time = (self.rounds * 160) as f32 / 8_000.0 + sample as f32 / 8_000.0;
                let loud = if time % 1.0 < 0.7 { 6_000.0 } else { 10.0 };
                let pitch = 130.0 + 30.0 * (time * 1.7).sin();
                *byte = mu_compress(((time * pitch * std::f32::consts::TAU).sin() * loud) as i16);
            }
            let _ = socket.send_to(&packet, to);
        }
    }
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Pcmu | Codec::Opus => 0,
    }
}

fn params(remote: SocketAddr, codec: Codec) -> StreamParams {
    StreamParams {
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        dtmf_clock_rate: 8_000,
        ..StreamParams::new(remote, codec, payload_type(codec))
    }
}

/// What is allocated, once nothing waits longer than before: a machine that stalls for a moment lets more packets wait than ever,
/// and room is made for them, once.
fn settled(mut pass: impl FnMut()) -> allocation_counter::AllocationInfo {
    let mut tries = (0..3).map(|_| allocation_counter::measure(&mut pass));
    let first = tries.next().unwrap();
    if first.count_total == 0 { first } else { tries.find(|info| info.count_total == 0).unwrap_or(first) }
}

/// A plain call, calls bridged to phones of the same codec and of another, and a phone between calls, all recorded and
/// listened to by the detectors; then the phones after their calls. Long enough for reports to be sent and made.
#[test]
fn once_calls_run_nothing_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let music = crate::phone::hold_music();
    bench.order(Command::OpenSeat { seat: SeatId(0), voice: VoiceSpec::Null });
    let mut calls = vec![bench.leg(Endpoint::Seat(SeatId(0)), Codec::Pcmu)];
    for (seat, of_phone, of_customer) in
        [(1, Codec::Pcmu, Codec::Pcmu), (2, Codec::G722, Codec::Pcmu), (3, Codec::Pcma, Codec::G722)]
    {
        let seat = SeatId(seat);
        bench.order(Command::OpenSeat { seat, voice: VoiceSpec::Phone { idle: Arc::clone(&music) } });
        bench.leg(Endpoint::Phone(seat), of_phone);
        calls.push(bench.leg(Endpoint::Seat(seat), of_customer));
    }
    let idle = SeatId(4);
    bench.order(Command::OpenSeat { seat: idle, voice: VoiceSpec::Phone { idle: music } });
    bench.leg(Endpoint::Phone(idle), Codec::G722);
    for session in &calls {
        let path = folder.path().join(format!("{}.wav", session.0));
        bench.order(Command::Record { session: *session, path });
    }
    bench.warm();
    // The first report, 3.1 s after the begin at the latest (RFC 3550 6.3.1), makes room for two packets in one round.
    bench.pass(Duration::from_secs(4));
    let running = settled(|| bench.pass(Duration::from_secs(6)));
    assert_eq!(running.count_total, 0, "in calls: {running:?}");
    for session in calls {
        bench.order(Command::Close { session });
    }
    bench.pass(Duration::from_millis(500));
    let between = settled(|| bench.pass(Duration::from_secs(2)));
    assert_eq!(between.count_total, 0, "between calls: {between:?}");
    bench.worker.end();
}
