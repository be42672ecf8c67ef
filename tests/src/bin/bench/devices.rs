//! From the loss of the ear piece to the moment in which it is noticed, and to the voice on the reserve.
//!
//! The engine runs in a process of its own on a private PulseAudio, in a call whose other side sends a tone. The sink in
//! use is removed (the server moves its streams elsewhere without a word) or stopped (its callbacks just cease); a
//! recorder behind the reserve's sink sees when the tone begins there. Times are upper bounds: they begin before `pactl`
//! is started.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use e2e::peer::pulse::{EARPHONE, MICROPHONE, Pulse, RATE};
use e2e::process;
use e2e::wav::Sound;
use media::engine::{Engine, EngineConfig};
use media::{Command as Order, Endpoint, MediaEvent, RtpSocket, SeatId, SessionId, VoiceSpec};

use crate::table::{Table, quantile};

const SPARE: &str = "spare_ear";
const SOON: Duration = Duration::from_secs(15);

/// The word that makes this program the one with the engine.
pub(crate) fn act(arguments: &[String]) -> bool {
    let [verb, port] = arguments else { return false };
    if verb == "devices-engine" {
        engine(port.parse().unwrap_or_else(|_| panic!("{port} is no port")));
    }
    verb == "devices-engine"
}

pub(crate) fn measure(table: &mut Table, quick: bool) {
    let rounds = if quick { 3 } else { 10 };
    let pulse = Pulse::start();
    pulse.plug(&format!("module-null-sink sink_name={SPARE} rate={RATE} channels=1"));
    let own = std::env::current_exe().unwrap_or_else(|error| panic!("no program: {error}"));
    let mut command = Command::new(own);
    command.args(["devices-engine", &tone().to_string()]).envs(pulse.environment());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start the engine: {error}"));
    let said = lines(child.stdout.take().unwrap_or_else(|| panic!("no output")));
    wait(&said, EARPHONE);
    let begins = onsets(&pulse);

    let removed = (0..rounds).map(|_| {
        let (from, module) = (Instant::now(), pulse.unplug(EARPHONE));
        let times = (wait(&said, "lost") - from, wait(&begins, "tone") - from);
        pulse.plug(&module);
        wait(&said, EARPHONE);
        e2e::wait::pass(Duration::from_secs(4));
        times
    });
    tell(table, "the sink in use is removed", removed.collect());
    let stopped = (0..rounds).map(|_| {
        let from = Instant::now();
        pulse.pactl(&["suspend-sink", EARPHONE, "1"]);
        let times = (wait(&said, "lost") - from, wait(&begins, "tone") - from);
        pulse.pactl(&["suspend-sink", EARPHONE, "0"]);
        wait(&said, EARPHONE);
        e2e::wait::pass(Duration::from_secs(4));
        times
    });
    tell(table, "the sink in use stands still", stopped.collect());
    drop(child.stdin.take());
    let _ = child.wait();
}

fn tell(table: &mut Table, what: &str, times: Vec<(Duration, Duration)>) {
    let ms = |time: &Duration| time.as_secs_f64() * 1_000.0;
    let mut noticed: Vec<f64> = times.iter().map(|(noticed, _)| ms(noticed)).collect();
    let mut back: Vec<f64> = times.iter().map(|(_, back)| ms(back)).collect();
    noticed.sort_by(f64::total_cmp);
    back.sort_by(f64::total_cmp);
    table.at_most(
        &format!("{what}: noticed, longest of {}", times.len()),
        quantile(&noticed, 1.0),
        500.0,
        "ms",
    );
    table.note("… median", format!("{:.0} ms", quantile(&noticed, 0.5)));
    table.at_most("… voice on the reserve, longest", quantile(&back, 1.0), 1_000.0, "ms");
    table.note("… median", format!("{:.0} ms", quantile(&back, 0.5)));
}

/// Waits for a line that contains a word; returns when it came.
fn wait(lines: &Receiver<(Instant, String)>, word: &str) -> Instant {
    let deadline = Instant::now() + SOON;
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((at, line)) if line.contains(word) => return at,
            Ok(_) => {}
            Err(error) => panic!("no {word}: {error}"),
        }
    }
}

fn lines(out: impl Read + Send + 'static) -> Receiver<(Instant, String)> {
    let (sender, receiver) = channel();
    let read = move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    };
    drop(Builder::new().spawn(read).unwrap_or_else(|error| panic!("no thread: {error}")));
    receiver
}

/// Tells when a tone begins on the reserve after silence.
fn onsets(pulse: &Pulse) -> Receiver<(Instant, String)> {
    let mut command = Command::new(process::program("parec", "pulseaudio-utils"));
    command.envs(pulse.environment()).env_remove("DBUS_SESSION_BUS_ADDRESS");
    command.args(["--raw", "--format=s16le", "--channels=1", "--latency-msec=5"]);
    command.args([format!("--rate={RATE}"), format!("--device={SPARE}.monitor")]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("no parec: {error}"));
    let (sender, receiver) = channel();
    let listen = move || {
        let Some(mut out) = child.stdout.take() else { return };
        let (mut chunk, mut silent) = ([0; 960], 100);
        // The server's end ends it.
        while out.read_exact(&mut chunk).is_ok() {
            if Sound::from_raw(RATE, &chunk).level() < -40.0 {
                silent += 1;
                continue;
            }
            if silent >= 50 && sender.send((Instant::now(), "tone".to_owned())).is_err() {
                break;
            }
            silent = 0;
        }
        let _ = child.kill();
        let _ = child.wait();
    };
    drop(Builder::new().spawn(listen).unwrap_or_else(|error| panic!("no thread: {error}")));
    receiver
}

/// A peer that answers every packet with one of a tone, for as long as the bench runs.
fn tone() -> u16 {
    let socket =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("no socket: {error}"));
    let port = socket.local_addr().map_or(0, |address| address.port());
    let voice = Sound::tone(8_000, 440.0, -15.0, Duration::from_millis(200)).to_ulaw();
    let answer = move || {
        let mut buffer = [0; 2_048];
        while let Ok((length, source)) = socket.recv_from(&mut buffer) {
            // The header with its numbers comes back as it is.
            let Some(packet) = buffer.get_mut(..length).filter(|packet| packet.len() == 172) else {
                continue;
            };
            let at = usize::from(packet[3]) % 10 * 160;
            packet[12..].copy_from_slice(&voice[at..at + 160]);
            let _ = socket.send_to(packet, source);
        }
    };
    drop(Builder::new().spawn(answer).unwrap_or_else(|error| panic!("no thread: {error}")));
    port
}

/// The engine in a call, telling what happens to its devices, until its input ends.
fn engine(port: u16) {
    let (engine, mut events) = Engine::start(EngineConfig { workers: 1, ..EngineConfig::default() })
        .unwrap_or_else(|error| panic!("no engine: {error}"));
    let (seat, session) = (SeatId(0), SessionId(1));
    let send = |order| engine.try_send(order).unwrap_or_else(|error| panic!("{error}"));
    let voice = VoiceSpec::Device {
        capture: vec![MICROPHONE.to_owned()],
        playback: vec![EARPHONE.to_owned(), SPARE.to_owned()],
        ring: Vec::new(),
    };
    send(Order::OpenSeat { seat, voice });
    let socket = RtpSocket::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000..=59_999)
        .unwrap_or_else(|error| panic!("no port: {error}"));
    send(Order::OpenSession { session, socket, endpoint: Endpoint::Seat(seat) });
    let params = crate::load::params(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    send(Order::Start { session, params });
    send(Order::Answered { session });
    let tell = move || {
        while let Some(event) = events.blocking_recv() {
            match event {
                MediaEvent::SeatLost { .. } => crate::print("lost"),
                MediaEvent::SeatOpened { playback, .. } | MediaEvent::SeatBack { playback, .. } => {
                    crate::print(&playback.unwrap_or_default());
                }
                _ => {}
            }
        }
    };
    drop(Builder::new().spawn(tell).unwrap_or_else(|error| panic!("no thread: {error}")));
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    engine.shutdown();
}
