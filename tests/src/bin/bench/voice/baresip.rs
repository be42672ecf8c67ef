//! The same packets at the same distances to baresip, in real time, one instance for each seed.
//!
//! Each is called by SIP, plays what it hears into its own microphone (its `aubridge` module), and so sends back what its
//! ear piece got, 20 ms at a time: the moment of arrival is the moment at which its player took the samples.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::peer::baresip::{Baresip, Phone};
use e2e::{process, wait};
use media::codec::g711::Law;

use super::profile::Profile;
use super::speech::{Clip, RATE};
use super::{clip_of, path};

/// Packets that came back, with the moment of each.
type Echo = Arc<Mutex<Vec<(Instant, Vec<u8>)>>>;

/// Longest delay that is waited for after the last packet.
const TAIL: Duration = Duration::from_millis(1_200);
/// Bytes of an RTP header without extras.
const HEADER: usize = 12;

/// What is said of it in the table.
pub(super) fn version() -> String {
    // Its help counts as a failure.
    let said = Command::new(process::program("baresip", "baresip-core")).arg("-h").output();
    let said = said.map_or(String::new(), |said| {
        String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr)
    });
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with("v1") || word.starts_with("v2") || word.starts_with("v3"))
        .unwrap_or_default()
        .to_owned();
    format!("baresip {version}, jitter_buffer_delay 5-10 (its default), no loss concealment (its default)")
}

/// What was heard with each seed, for each profile.
pub(super) fn heard(profiles: &[Profile], clips: &[Clip], seeds: u64) -> Vec<Vec<Vec<i16>>> {
    profiles.iter().map(|profile| one_profile(profile, clips, seeds)).collect()
}

fn one_profile(profile: &Profile, clips: &[Clip], seeds: u64) -> Vec<Vec<i16>> {
    let calls: Vec<Call> = (0..seeds).map(|_| Call::start()).collect();
    let packets: Vec<Vec<Vec<u8>>> =
        (0..seeds).map(|seed| path::packets(path::Line::Narrow, &clip_of(clips, seed).pcm)).collect();
    let mut schedule: Vec<(Duration, usize, usize)> = Vec::new();
    for (call, packets) in packets.iter().enumerate() {
        let arrivals = profile.arrivals(packets.len(), call as u64);
        schedule.extend(arrivals.into_iter().map(|(at, index)| (at, call, index)));
    }
    schedule.sort_unstable();
    let start = Instant::now() + Duration::from_millis(200);
    for (at, call, index) in schedule {
        std::thread::sleep((start + at).saturating_duration_since(Instant::now()));
        calls[call].send(&packets[call][index]);
    }
    wait::pass(TAIL);
    calls.into_iter().map(|call| call.end(start)).collect()
}

/// A call with one baresip.
struct Call {
    phone: Baresip,
    sip: UdpSocket,
    rtp: Arc<UdpSocket>,
    to: SocketAddr,
    dialog: String,
    echo: Echo,
    over: Arc<AtomicBool>,
    ear: std::thread::JoinHandle<()>,
}

impl Call {
    fn start() -> Self {
        let phone = Phone::new("200").echo().jitter_buffer("5-10").start();
        let sip = bound();
        let rtp = Arc::new(bound());
        let (own, own_rtp) = (port(&sip), port(&rtp));
        let target = phone.address();
        let dialog = format!(
            "Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{own}\r\nFrom: <sip:bench@127.0.0.1:{own}>;tag={own}\r\n\
             Call-ID: voice-{own}-{own_rtp}\r\nContact: <sip:bench@127.0.0.1:{own}>\r\nMax-Forwards: 70\r\n"
        );
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {own_rtp} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        );
        let uri = format!("sip:200@{target}");
        let invite = format!(
            "INVITE {uri} SIP/2.0\r\n{dialog}To: <{uri}>\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        say(&sip, target, &invite);
        let answer = wait::until("baresip's answer", Duration::from_secs(10), || {
            let mut buffer = [0; 4_096];
            let (length, _) = sip.recv_from(&mut buffer).ok()?;
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            text.starts_with("SIP/2.0 200").then_some(text)
        });
        let line = |key: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_else(|| panic!("no {key} in {answer}")).trim().to_owned()
        };
        let dialog = format!("{dialog}To: {}\r\n", line("To:"));
        let audio = line("m=audio ");
        let audio: u16 = audio.split(' ').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let ack = dialog.replace(&format!("branch=z9hG4bK{own}"), &format!("branch=z9hG4bK{own}a"));
        say(&sip, target, &format!("ACK {uri} SIP/2.0\r\n{ack}CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"));
        let (echo, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let ear = listen(Arc::clone(&rtp), Arc::clone(&echo), Arc::clone(&over));
        Self { phone, sip, rtp, to: SocketAddr::from((Ipv4Addr::LOCALHOST, audio)), dialog, echo, over, ear }
    }

    fn send(&self, packet: &[u8]) {
        // A lost packet would be the peer's fault, and heard.
        let _ = self.rtp.send_to(packet, self.to);
    }

    /// Hangs up and lays out what came back from `start` on.
    fn end(self, start: Instant) -> Vec<i16> {
        let uri = format!("sip:200@{}", self.phone.address());
        let bye = self.dialog.replace("branch=z9hG4bK", "branch=z9hG4bKb");
        let bye = format!("BYE {uri} SIP/2.0\r\n{bye}CSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n");
        say(&self.sip, self.phone.address(), &bye);
        self.over.store(true, Ordering::Release);
        assert!(self.ear.join().is_ok(), "the listening thread panicked");
        let echo = std::mem::take(&mut *self.echo.lock().unwrap_or_else(PoisonError::into_inner));
        lay_out(&echo, start)
    }
}

/// Receives until it is over; every packet with its moment.
fn listen(socket: Arc<UdpSocket>, echo: Echo, over: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let ear = move || {
        let mut buffer = [0; 2_048];
        while !over.load(Ordering::Acquire) {
            if let Ok((length, _)) = socket.recv_from(&mut buffer) {
                let packet = (Instant::now(), buffer[..length].to_vec());
                echo.lock().unwrap_or_else(PoisonError::into_inner).push(packet);
            }
        }
    };
    std::thread::Builder::new()
        .name("ear".into())
        .spawn(ear)
        .unwrap_or_else(|error| panic!("no thread: {error}"))
}

/// Samples by the clock: a packet holds what was played from its moment on.
fn lay_out(echo: &[(Instant, Vec<u8>)], start: Instant) -> Vec<i16> {
    let voice: Vec<_> = echo
        .iter()
        .filter(|(at, packet)| *at >= start && packet.len() > HEADER && packet[1] & 0x7F == 0)
        .collect();
    let Some((_, first)) = voice.first() else { return Vec::new() };
    let number = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
    let base = number(first);
    let frames = |packet: &[u8]| f64::from(number(packet).wrapping_sub(base));
    // The quickest of them tells where the stream began; the others waited for a processor.
    let begun = voice
        .iter()
        .map(|(at, packet)| at.duration_since(start).as_secs_f64() - frames(packet) * 0.02)
        .fold(f64::INFINITY, f64::min);
    let mut heard = vec![0; (begun.max(0.0) * f64::from(RATE)) as usize];
    for (_, packet) in voice {
        let mut pcm = vec![0; packet.len() - HEADER];
        Law::Mu.decode(&packet[HEADER..], &mut pcm);
        heard.extend(pcm);
    }
    heard
}

fn bound() -> UdpSocket {
    let socket =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("no socket: {error}"));
    let set = socket.set_read_timeout(Some(Duration::from_millis(100)));
    set.unwrap_or_else(|error| panic!("no time-out: {error}"));
    socket
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().map_or(0, |address| address.port())
}

fn say(socket: &UdpSocket, to: SocketAddr, text: &str) {
    socket.send_to(text.as_bytes(), to).unwrap_or_else(|error| panic!("cannot send to baresip: {error}"));
}
