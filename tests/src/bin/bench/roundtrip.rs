//! From the microphone over a peer that echoes to the ear piece, through PulseAudio null sinks.
//!
//! Bursts of noise are played into the microphone's sink. Two recorders of the same kind, one behind that sink and one behind
//! the ear piece's, see each burst twice; the time between is the round trip. The engine runs in a process of its own,
//! with the sound server in its environment. The same bursts through the same two devices without an engine, each piece of the
//! microphone handed to the ear piece at once, tell how much of it is the sound server's.

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::peer::pulse::{EARPHONE, MIC_FEED, MICROPHONE, Pulse, RATE};
use e2e::process;
use e2e::wav::Sound;
use media::device::{AudioBackend, CaptureFeed, Cpal, OpenParams, PlaybackFeed};
use media::engine::{Engine, EngineConfig};
use media::{Command as Order, Endpoint, MediaEvent, RtpSocket, SeatId, SessionId, SessionStats, VoiceSpec};

use crate::table::{Table, quantile};

/// Samples in a millisecond.
const MS: usize = RATE as usize / 1_000;
/// Time between two bursts, a little off the second so that they meet every phase of the clocks.
const PERIOD_MS: usize = 997;
const BURST_MS: usize = 60;

/// The words that make this program the one with the headset.
pub(crate) fn act(arguments: &[String]) -> bool {
    match arguments {
        [verb, port] if verb == ENGINE => {
            engine(port.parse().unwrap_or_else(|_| panic!("{port} is no port")));
            true
        }
        [verb] if verb == WIRE => {
            wire();
            true
        }
        _ => false,
    }
}

const ENGINE: &str = "roundtrip-engine";
const WIRE: &str = "roundtrip-wire";

pub(crate) fn measure(table: &mut Table, quick: bool) {
    let bursts = if quick { 10 } else { 40 };
    let over = Arc::new(AtomicBool::new(false));
    let (echo, port) = echo(Arc::clone(&over));
    let (trips, told) = run(&[ENGINE, &port.to_string()], bursts);
    over.store(true, Ordering::Release);
    assert!(echo.join().is_ok(), "the echo panicked");
    let shortest_longest = |trips: &[f64]| format!("{:.0} ms, {:.0} ms", trips[0], quantile(trips, 1.0));
    table.at_most("microphone, RTP echo, ear piece: round trip, median", quantile(&trips, 0.5), 80.0, "ms");
    table.note("… shortest, longest", shortest_longest(&trips));
    table.note("… at its end: jitter buffer's target; packets late, made up for", told);
    let (alone, _) = run(&[WIRE], bursts);
    let figure = format!("{:.0} ms; {}", quantile(&alone, 0.5), shortest_longest(&alone));
    table.note("… the devices without us, each piece passed on at once: median; shortest, longest", figure);
    table.note("… baresip, measured elsewhere, with its jitter buffer and without", "136 ms, 60 ms");
    table.note("… pjsua, measured elsewhere", "411 ms");
}

/// The bursts through this program with these words and a sound server of its own: times sorted, and what it said last.
fn run(words: &[&str], bursts: usize) -> (Vec<f64>, String) {
    let pulse = Pulse::start();
    let own = std::env::current_exe().unwrap_or_else(|error| panic!("no program: {error}"));
    let mut command = Command::new(own);
    command.args(words).envs(pulse.environment()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {words:?}: {error}"));
    // It says a line when the devices are open, and one at the end.
    let Some(out) = child.stdout.take() else { panic!("no output of {words:?}") };
    let mut lines = BufReader::new(out).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == OPEN), "{words:?} found no devices");
    e2e::wait::pass(Duration::from_secs(2));
    let (start, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let ears = [MIC_FEED, EARPHONE].map(|sink| listen(&pulse, sink, start, Arc::clone(&over)));
    e2e::wait::pass(Duration::from_secs(1));
    let length = Duration::from_millis(((bursts + 2) * PERIOD_MS) as u64);
    let playing = pulse.play(MIC_FEED, &noise(bursts));
    e2e::wait::pass(length);
    over.store(true, Ordering::Release);
    drop((playing, child.stdin.take()));
    let told = lines.last().unwrap_or_default();
    let [said, heard] = ears.map(|ear| ear.join().unwrap_or_else(|_| panic!("a recorder panicked")));
    let _ = child.wait();
    let mut trips = trips(&onsets(&said), &onsets(&heard));
    trips.sort_by(f64::total_cmp);
    assert!(trips.len() * 2 > bursts, "only {} of {bursts} bursts came back", trips.len());
    (trips, told)
}

/// The headset's two devices and nothing between, until its input ends.
fn wire() {
    let names = |name: &str| Some(vec![name.to_owned()]);
    let params =
        OpenParams { capture: names(MICROPHONE), playback: names(EARPHONE), ..OpenParams::default() };
    let devices = Cpal.open(&params).unwrap_or_else(|error| panic!("no devices: {error}"));
    let (Some(mut capture), Some(mut playback)) = (devices.capture, devices.playback) else {
        panic!("half a headset")
    };
    let (CaptureFeed::Ring { reader, rate }, PlaybackFeed::Ring { writer, rate: other }) =
        (&mut capture.feed, &mut playback.feed)
    else {
        panic!("no devices")
    };
    assert_eq!(rate, other, "two rates");
    crate::print(OPEN);
    let over = Arc::new(AtomicBool::new(false));
    let input = Arc::clone(&over);
    let watch = std::thread::Builder::new().spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        input.store(true, Ordering::Release);
    });
    assert!(watch.is_ok(), "no thread");
    let mut samples = Vec::new();
    while !over.load(Ordering::Acquire) {
        samples.resize(reader.level(), 0);
        reader.pop(&mut samples);
        // Two pieces at most, as the engine keeps: what a late moment heaps up would stay for ever.
        samples.truncate((*rate as usize / 100).saturating_sub(writer.level()));
        writer.push(&samples);
        e2e::wait::pass(Duration::from_millis(1));
    }
}

/// Told when the devices are open.
const OPEN: &str = "open";

/// The engine with the headset, until its input ends.
fn engine(port: u16) {
    let (engine, mut events) = Engine::start(EngineConfig { workers: 1, ..EngineConfig::default() })
        .unwrap_or_else(|error| panic!("no engine: {error}"));
    let (seat, session) = (SeatId(0), SessionId(1));
    let send = |order| engine.try_send(order).unwrap_or_else(|error| panic!("{error}"));
    let device = VoiceSpec::Device {
        capture: vec![MICROPHONE.to_owned()],
        playback: vec![EARPHONE.to_owned()],
        ring: Vec::new(),
    };
    send(Order::OpenSeat { seat, voice: device });
    e2e::wait::until_true("the devices", Duration::from_secs(15), || {
        events.try_recv().is_ok_and(|event| matches!(event, MediaEvent::SeatOpened { .. }))
    });
    let socket = RtpSocket::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000..=59_999)
        .unwrap_or_else(|error| panic!("no port: {error}"));
    send(Order::OpenSession { session, socket, endpoint: Endpoint::Seat(seat) });
    let params = crate::load::params(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    send(Order::Start { session, params });
    send(Order::Answered { session });
    crate::print(OPEN);
    let mut rest = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut rest);
    let mut newest = SessionStats::default();
    while let Ok(event) = events.try_recv() {
        if let MediaEvent::Stats { stats, .. } = event {
            newest = stats;
        }
    }
    crate::print(&format!("{} ms; {}, {}", newest.target_ms, newest.late, newest.missed));
    engine.shutdown();
}

/// Sends every packet back to where it came from.
fn echo(over: Arc<AtomicBool>) -> (std::thread::JoinHandle<()>, u16) {
    let socket =
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("no socket: {error}"));
    let timed = socket.set_read_timeout(Some(Duration::from_millis(100)));
    timed.unwrap_or_else(|error| panic!("no time-out: {error}"));
    let port = socket.local_addr().map_or(0, |address| address.port());
    let turn = move || {
        let mut buffer = [0; 2_048];
        while !over.load(Ordering::Acquire) {
            if let Ok((length, source)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], source);
            }
        }
    };
    let thread = std::thread::Builder::new().spawn(turn).unwrap_or_else(|error| panic!("no thread: {error}"));
    (thread, port)
}

/// Records what a sink plays; sample 0 is at `start`.
fn listen(
    pulse: &Pulse,
    sink: &str,
    start: Instant,
    over: Arc<AtomicBool>,
) -> std::thread::JoinHandle<Vec<i16>> {
    let mut command = Command::new(process::program("parec", "pulseaudio-utils"));
    command.envs(pulse.environment()).env_remove("DBUS_SESSION_BUS_ADDRESS");
    command.args(["--raw", "--format=s16le", "--channels=1", "--latency-msec=5"]);
    command.args([format!("--rate={RATE}"), format!("--device={sink}.monitor")]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("no parec: {error}"));
    let record = move || {
        let Some(mut out) = child.stdout.take() else { return Vec::new() };
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
        let mut begun = f64::INFINITY;
        while !over.load(Ordering::Acquire) {
            let Ok(count) = out.read(&mut chunk) else { break };
            bytes.extend_from_slice(&chunk[..count]);
            // The quickest chunk tells where the recording began; the others waited for a processor.
            let recorded = bytes.len() as f64 / 2.0 / f64::from(RATE);
            begun = begun.min(start.elapsed().as_secs_f64() - recorded);
            if count == 0 {
                break;
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        let mut pcm = vec![0; (begun.max(0.0) * f64::from(RATE)) as usize];
        pcm.extend(Sound::from_raw(RATE, &bytes).samples);
        pcm
    };
    std::thread::Builder::new().spawn(record).unwrap_or_else(|error| panic!("no thread: {error}"))
}

/// Bursts with silence between.
fn noise(bursts: usize) -> Sound {
    let mut random = netem::Random::new(7);
    let mut sound = Sound::silence(RATE, Duration::from_millis((bursts * PERIOD_MS) as u64));
    for burst in 0..bursts {
        let from = burst * PERIOD_MS * MS;
        // A tone would be as good but for the acoustic-shock limiter; the noise is a vowel's pitch with random heights.
        for (index, sample) in sound.samples[from..from + BURST_MS * MS].iter_mut().enumerate() {
            let tone = (index as f64 * std::f64::consts::TAU * 440.0 / f64::from(RATE)).sin();
            *sample = (tone * 9_000.0 + random.below(4_000) as f64 - 2_000.0) as i16;
        }
    }
    sound
}

/// Beginnings of bursts in milliseconds.
fn onsets(pcm: &[i16]) -> Vec<f64> {
    let loud = |frame: &[i16]| {
        frame.iter().map(|sample| f64::from(sample.unsigned_abs())).sum::<f64>() / frame.len() as f64
    };
    let levels: Vec<f64> = pcm.chunks(MS / 2).map(loud).collect();
    let most = levels.iter().copied().fold(0.0, f64::max);
    let (mut found, mut quiet) = (Vec::new(), 0);
    for (index, &level) in levels.iter().enumerate() {
        if level > most / 4.0 {
            if quiet > 400 {
                found.push(index as f64 / 2.0);
            }
            quiet = 0;
        } else {
            quiet += 1;
        }
    }
    found
}

/// Time from each burst to its return.
fn trips(said: &[f64], heard: &[f64]) -> Vec<f64> {
    let back =
        |at: &f64| heard.iter().find(|back| (0.0..600.0).contains(&(**back - at))).map(|back| back - at);
    said.iter().filter_map(back).collect()
}
