//! Idleness, order and refusals of the workers.

use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use media::engine::{Engine, EngineConfig};
use media::{Codec, Command, Endpoint, MediaEvent, SeatId, VoiceSpec};

use crate::kit::{CALL, SEAT, Side, connect, eventually, params, pause};

/// In a process of its own, since other tests' engines are not idle.
#[test]
fn an_idle_engine_sleeps() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker::inside_idle", "--nocapture"])
        .env(IDLE, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const IDLE: &str = "KAKERU_TEST_IDLE";

#[test]
fn inside_idle() {
    if std::env::var_os(IDLE).is_none() {
        return;
    }
    let mut side = Side::start(2);
    side.send(Command::OpenSeat { seat: SEAT, voice: VoiceSpec::Null });
    side.wait_for("the seat", |event| matches!(event, MediaEvent::SeatOpened { .. }));
    // A finished call leaves nothing that ticks.
    side.open(Endpoint::Seat(SEAT));
    pause(50);
    side.hang_up();
    pause(50);
    let before = wakeups();
    assert_eq!(before.len(), 2, "no audio or recorder thread without need: {before:?}");
    pause(400);
    assert_eq!(wakeups(), before);
    side.engine.shutdown();
}

/// Times that each thread of the engines went to sleep, by name.
fn wakeups() -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        // Threads of other tests may end meanwhile.
        let Ok(name) = std::fs::read_to_string(task.path().join("comm")) else { continue };
        if !name.starts_with("media-") && !name.starts_with("audio") && !name.starts_with("recorder") {
            continue;
        }
        let Ok(status) = std::fs::read_to_string(task.path().join("status")) else { continue };
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        found.push((name.trim().to_owned(), count.trim().parse().unwrap()));
    }
    found.sort();
    found
}

#[test]
fn closed_comes_last_and_a_rejected_recording_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (dropped, kept) = (folder.path().join("dropped.wav"), folder.path().join("kept.wav"));
    let mut side = Side::start(1);
    side.open(Endpoint::Silence);
    side.send(Command::Record { session: CALL, path: dropped.clone() });
    pause(100);
    side.send(Command::StopRecording { session: CALL, keep: false });
    side.send(Command::Record { session: CALL, path: kept.clone() });
    pause(100);
    side.send(Command::Close { session: CALL });
    eventually("Closed", || side.listen().iter().any(|event| matches!(event, MediaEvent::Closed { .. })));
    let order: Vec<&str> = side
        .heard
        .iter()
        .filter_map(|event| match event {
            MediaEvent::RecordingClosed { kept, .. } => Some(if *kept { "kept" } else { "dropped" }),
            MediaEvent::Stats { .. } => Some("stats"),
            MediaEvent::Closed { .. } => Some("closed"),
            _ => None,
        })
        .collect();
    assert_eq!(order.last(), Some(&"closed"), "{order:?}");
    assert_eq!(order.iter().filter(|word| **word != "stats").count(), 3, "{order:?}");
    assert!(order.contains(&"stats") && kept.exists() && !dropped.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    side.engine.shutdown();
}

#[test]
fn a_recording_that_cannot_be_written_leaves_the_call_alone() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.wav");
    std::fs::write(&taken, b"precious").unwrap();
    let (mut caller, callee) = (Side::start(1), Side::start(1));
    let a = caller.open(Endpoint::Silence);
    let b = callee.open(Endpoint::Echo);
    connect((&caller, a), (&callee, b), Codec::Pcmu);
    caller.send(Command::Record { session: CALL, path: taken.clone() });
    caller.wait_for("the refusal", |event| matches!(event, MediaEvent::RecordingFailed { .. }));
    caller.send(Command::StopRecording { session: CALL, keep: true });
    caller.send(Command::Record { session: CALL, path: "/proc/none/call.wav".into() });
    caller.wait_for("the refusal", |event| matches!(event, MediaEvent::RecordingFailed { .. }));
    pause(300);
    let stats = caller.hang_up();
    assert!(stats.packets_received > 10 && stats.lost == 0, "{stats:?}");
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
    caller.engine.shutdown();
    callee.engine.shutdown();
}

#[test]
fn a_full_channel_says_busy_and_pings_are_answered() {
    let config = EngineConfig { workers: 3, event_capacity: 1, ..EngineConfig::default() };
    let (engine, mut events) = Engine::start(config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for id in 0..100 {
            engine.send(Command::Ping { id }).await.unwrap();
        }
        let mut answers = Vec::new();
        while answers.len() < 100 {
            match events.recv().await {
                Some(MediaEvent::Pong { id }) => answers.push(id),
                other => panic!("{other:?}"),
            }
        }
        // None is lost; which worker answers last, and so the order, is chance.
        answers.sort_unstable();
        assert!(answers.into_iter().eq(0..100));
    });
    engine.try_send(Command::CloseSeat { seat: SeatId(9) }).unwrap();
    let other = engine.clone();
    engine.shutdown();
    assert!(other.try_send(Command::Ping { id: 1 }).is_err());
    assert_eq!(events.blocking_recv(), None);
}

#[test]
fn devices_that_are_not_allowed_fail_with_a_reason() {
    let config = EngineConfig { workers: 1, audio: false, ..EngineConfig::default() };
    let (engine, mut events) = Engine::start(config).unwrap();
    let voice = VoiceSpec::Device { capture: vec![], playback: vec![], ring: vec![] };
    engine.try_send(Command::OpenSeat { seat: SEAT, voice }).unwrap();
    assert!(matches!(events.blocking_recv(), Some(MediaEvent::SeatFailed { .. })));
    let voice = VoiceSpec::File { play: Some("/nowhere.wav".into()), write: None };
    engine.try_send(Command::OpenSeat { seat: SEAT, voice }).unwrap();
    match events.blocking_recv() {
        Some(MediaEvent::SeatFailed { reason, .. }) => assert!(reason.contains("/nowhere.wav"), "{reason}"),
        other => panic!("{other:?}"),
    }
    engine.shutdown();
}

/// The octet that networks look at, as it arrives (RFC 2474 3).
fn traffic_class(ear: &UdpSocket) -> Option<u8> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg};
    let mut bytes = [0; 2_048];
    let mut parts = [std::io::IoSliceMut::new(&mut bytes)];
    let mut room = nix::cmsg_space!(u8);
    let message =
        recvmsg::<SockaddrIn>(ear.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::empty()).unwrap();
    message.cmsgs().unwrap().find_map(|part| match part {
        ControlMessageOwned::Ipv4Tos(octet) => Some(octet),
        _ => None,
    })
}

#[test]
fn voice_is_marked_with_the_configured_code_point() {
    for (dscp, octet) in [(46, 0xB8), (26, 0x68), (0, 0)] {
        let config = EngineConfig { workers: 1, audio: false, dscp, ..EngineConfig::default() };
        let (engine, _events) = Engine::start(config).unwrap();
        let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
        ear.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        nix::sys::socket::setsockopt(&ear, nix::sys::socket::sockopt::IpRecvTos, &true).unwrap();
        let socket = media::RtpSocket::bind(crate::kit::LOOPBACK, 40_000..=48_000).unwrap();
        engine.try_send(Command::OpenSession { session: CALL, socket, endpoint: Endpoint::Silence }).unwrap();
        let params = params(ear.local_addr().unwrap(), Codec::Pcmu);
        engine.try_send(Command::Start { session: CALL, params }).unwrap();
        assert_eq!(traffic_class(&ear), Some(octet), "{dscp}");
        engine.shutdown();
    }
}
