//! The process that is measured.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use e2e::wait;
use media::engine::{Engine, EngineConfig};
use media::{
    Codec, Command, Endpoint, MediaEvent, RtpSocket, SeatId, SessionId, SessionStats, StreamParams, VoiceSpec,
};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::sync::mpsc::Receiver;

use super::{heard, tell};

/// Buffers fill, files are opened, memory settles.
const SETTLE: Duration = Duration::from_secs(3);

/// Sessions of the calls have the numbers from 0, those of their phones the numbers after.
pub(super) fn run(calls: usize, detectors: bool, bridged: bool, seconds: usize) {
    // Two sockets a leg and the file, and a hundred for the rest.
    let (legs, files) = (if bridged { 2 * calls } else { calls }, calls);
    let most =
        media::limits::raise_open_files().unwrap_or_else(|error| panic!("too few open files: {error}"));
    let needed = (2 * legs + files + 100) as u64;
    assert!(needed <= most, "{calls} calls take {needed} open files, the system allows {most}");
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let config = EngineConfig { audio: false, detectors, ..EngineConfig::default() };
    let (engine, mut events) = Engine::start(config).unwrap_or_else(|error| panic!("no engine: {error}"));
    let mut ports = String::new();
    let music = bridged.then(media::hold_music);
    for leg in 0..legs {
        let (session, seat) = (SessionId(leg as u64), SeatId((leg % calls) as u32));
        let endpoint = if leg < calls {
            let voice =
                music.as_ref().map_or(VoiceSpec::Null, |music| VoiceSpec::Phone { idle: Arc::clone(music) });
            send(&engine, &mut events, Command::OpenSeat { seat, voice });
            Endpoint::Seat(seat)
        } else {
            Endpoint::Phone(seat)
        };
        let socket = RtpSocket::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000..=59_999)
            .unwrap_or_else(|error| panic!("no port: {error}"));
        ports.push_str(&format!("{} ", socket.port()));
        send(&engine, &mut events, Command::OpenSession { session, socket, endpoint });
    }
    tell(&ports);
    let peer = heard().parse().unwrap_or_else(|_| panic!("the peer has no port"));
    let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, peer));
    for leg in 0..legs {
        let session = SessionId(leg as u64);
        send(&engine, &mut events, Command::Start { session, params: params(remote) });
        send(&engine, &mut events, Command::Answered { session });
        if leg >= calls {
            continue;
        }
        let path = folder.path().join(format!("{leg}.wav"));
        send(&engine, &mut events, Command::Record { session, path });
    }
    pass(&mut events, SETTLE, legs);
    let from = pass(&mut events, Duration::from_millis(1_100), legs);
    let (before, length) = (processor_ms(), Duration::from_secs(seconds as u64));
    let until = pass(&mut events, length, legs);
    // Reading events costs this process too; it is the daemon's work as well.
    let cost = processor_ms() - before;
    let resident = resident_mib();
    let missed: u64 = from.iter().zip(&until).map(|(from, until)| missed(from, until)).sum();
    tell(&format!("{cost} {resident} {missed}"));
    engine.shutdown();
}

/// Lets time pass, taking events when they come, as the daemon's core does; the newest statistics of every leg.
fn pass(events: &mut Receiver<MediaEvent>, time: Duration, legs: usize) -> Vec<SessionStats> {
    let mut newest = vec![SessionStats::default(); legs];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let take = async {
        while let Some(event) = events.recv().await {
            match event {
                MediaEvent::Stats { session, stats } => newest[session.0 as usize] = stats,
                MediaEvent::RecordingFailed { reason, .. } => panic!("a recording failed: {reason}"),
                _ => {}
            }
        }
    };
    let over = runtime.block_on(async { tokio::time::timeout(time, take).await });
    assert!(over.is_err(), "the engine has ended");
    newest
}

/// Packets that did not come, came too late or were made up for between two reports.
fn missed(from: &SessionStats, until: &SessionStats) -> u64 {
    (until.lost - from.lost) + (until.late - from.late)
}

fn send(engine: &Engine, events: &mut Receiver<MediaEvent>, command: Command) {
    let mut command = Some(command);
    wait::until("room for a command", Duration::from_secs(20), || {
        while events.try_recv().is_ok() {}
        match engine.try_send(command.take()?) {
            Ok(()) => Some(()),
            Err(busy) => {
                command = Some(*busy.0);
                None
            }
        }
    });
}

/// User and system time of this process so far.
fn processor_ms() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap_or_else(|error| panic!("no account: {error}"));
    (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1_000.0
}

fn resident_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1_024.0
}

pub(crate) fn params(remote: SocketAddr) -> StreamParams {
    StreamParams {
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        ..StreamParams::new(remote, Codec::Pcmu, 0)
    }
}
