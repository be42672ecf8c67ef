//! The light RTP peer: one socket for all calls, speech-like sound out, arrival times in.
//!
//! It looks at its socket now and then, as a network does not wake anybody on the sender's machine: over loopback, to wake a
//! reader who sleeps in the socket is the work of the thread that sends, and was a quarter of all that was counted. Arrival times are
//! the kernel's. When asked to, it sleeps there after all, so that both can be told.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::codec::g711::mu_compress;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};

use super::{heard, tell};

/// Seconds of sound that every call repeats, each from another place.
const SECONDS: usize = 11;
/// A packet of 20 ms.
const FRAME: usize = 160;
/// Begin of the calls, which is not what is measured.
const SETTLE: Duration = Duration::from_secs(3);

/// How often the socket is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// With `sleeps`, every packet wakes it.
pub(super) fn run(sleeps: bool) {
    let ports: Vec<u16> = heard().split(' ').filter_map(|port| port.parse().ok()).collect();
    let socket =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("no socket: {error}"));
    // A thousand calls send 50,000 packets a second; a moment's wait for a processor must not lose them.
    let _ = setsockopt(&socket, sockopt::RcvBuf, &(32 << 20));
    // Beyond the system's usual limit, where it lets us.
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &(32 << 20));
    let _ = setsockopt(&socket, sockopt::ReceiveTimestampns, &true);
    let timed = socket.set_read_timeout(Some(Duration::from_millis(100)));
    timed.unwrap_or_else(|error| panic!("no time-out: {error}"));
    tell(&socket.local_addr().map_or(0, |address| address.port()).to_string());
    let (over, socket) = (Arc::new(AtomicBool::new(false)), Arc::new(socket));
    let (ears, done) = (Arc::clone(&socket), Arc::clone(&over));
    let ear = std::thread::Builder::new().spawn(move || listen(&ears, sleeps, &done));
    let voice = {
        let done = Arc::clone(&over);
        std::thread::Builder::new().spawn(move || speak(&socket, &ports, &done))
    };
    let (Ok(ear), Ok(voice)) = (ear, voice) else { panic!("no thread") };
    // Until the other side has what it wanted.
    heard();
    over.store(true, Ordering::Release);
    assert!(voice.join().is_ok(), "the sending thread panicked");
    let (mut gaps, missed) = ear.join().unwrap_or_else(|_| panic!("the receiving thread panicked"));
    gaps.sort_by(f64::total_cmp);
    let (p99, most) = (crate::table::quantile(&gaps, 0.99), crate::table::quantile(&gaps, 1.0));
    tell(&format!("{p99} {most} {missed}"));
}

/// Sends every call its packet each 20 ms, the calls spread over that time.
fn speak(socket: &UdpSocket, ports: &[u16], over: &AtomicBool) {
    let sound = sound();
    let start = Instant::now();
    let mut packet = [0; 12 + FRAME];
    packet[0] = 0x80;
    for round in 0_u32.. {
        for (call, &port) in ports.iter().enumerate() {
            let due = Duration::from_millis(20) * round
                + Duration::from_micros(20_000 * call as u64 / ports.len() as u64);
            if call % 16 == 0 || ports.len() < 100 {
                std::thread::sleep((start + due).saturating_duration_since(Instant::now()));
                if over.load(Ordering::Acquire) {
                    return;
                }
            }
            packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(round * FRAME as u32).to_be_bytes());
            packet[8..12].copy_from_slice(&(call as u32 + 1).to_be_bytes());
            let at = (round as usize * FRAME + call * 7_919) % (sound.len() - FRAME);
            packet[12..].copy_from_slice(&sound[at..at + FRAME]);
            let _ = socket.send_to(&packet, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
    }
}

/// Distances between the packets of each call in milliseconds, and how many packets were missed.
fn listen(socket: &UdpSocket, sleeps: bool, over: &AtomicBool) -> (Vec<f64>, u64) {
    let begun = Instant::now();
    let (mut buffer, mut space) = ([0; 2_048], nix::cmsg_space!(nix::sys::time::TimeSpec));
    let mut last: HashMap<u16, (f64, u16)> = HashMap::new();
    let (mut gaps, mut missed) = (Vec::new(), 0);
    while !over.load(Ordering::Acquire) {
        let mut parts = [std::io::IoSliceMut::new(&mut buffer)];
        let received = recvmsg::<SockaddrIn>(
            socket.as_raw_fd(),
            &mut parts,
            Some(space.as_mut_slice()),
            if sleeps { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT },
        );
        let Ok(received) = received else {
            if !sleeps {
                std::thread::sleep(LOOK);
            }
            continue;
        };
        let at = received.cmsgs().ok().and_then(|mut list| {
            list.find_map(|message| match message {
                ControlMessageOwned::ScmTimestampns(time) => {
                    Some(time.tv_sec() as f64 * 1_000.0 + time.tv_nsec() as f64 / 1e6)
                }
                _ => None,
            })
        });
        let (length, from) = (received.bytes, received.address.map_or(0, |address| address.port()));
        let Some(at) = at.filter(|_| length > 12 && begun.elapsed() > SETTLE) else { continue };
        let number = u16::from_be_bytes([buffer[2], buffer[3]]);
        if let Some((before, last)) = last.insert(from, (at, number)) {
            gaps.push(at - before);
            missed += u64::from(number.wrapping_sub(last).wrapping_sub(1));
        }
    }
    (gaps, missed)
}

/// Vowels of a gliding pitch, hisses, and pauses.
fn sound() -> Vec<u8> {
    let (mut phase, mut random) = (0.0_f64, netem::Random::new(1));
    (0..SECONDS * 8_000)
        .map(|sample| {
            let second = sample as f64 / 8_000.0;
            phase += (120.0 + 40.0 * (second * 1.7).sin()) / 8_000.0;
            let vowel: f64 =
                (1..20).map(|n| (std::f64::consts::TAU * phase * f64::from(n)).sin() / f64::from(n)).sum();
            let hiss = random.below(2_000) as f64 - 1_000.0;
            let part = (second * 4.0).fract();
            let value = match (second as usize % 4, part) {
                (3, _) => hiss / 100.0,
                (_, 0.0..0.7) => vowel * 3_500.0,
                (_, 0.7..0.85) => hiss,
                _ => hiss / 50.0,
            };
            mu_compress(value as i16)
        })
        .collect()
}
