//! Sound devices for real: a private PulseAudio with null sinks. Where it is not installed these tests fail.
//!
//! The sound server is found by the environment, so each test runs its scenario in a child process of its
//! own (the test binary again) with a private `XDG_RUNTIME_DIR`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use media::tones::ToneSpec;
use media::{Codec, Command, Endpoint, MediaEvent, VoiceSpec};

use crate::kit::{CALL, SEAT, Side, assert_tone, connect, eventually, pause, tone_clip, write_tone};

const HOME: &str = "KAKERU_TEST_PULSE_HOME";

#[test]
fn a_tone_travels_from_the_microphone_and_to_the_ear() {
    in_private_pulse("both_ways");
}

#[test]
fn the_call_outlives_its_devices_and_their_server() {
    in_private_pulse("loss");
}

#[test]
fn the_reserve_takes_over_and_the_preferred_device_is_taken_back() {
    in_private_pulse("reserve");
}

#[test]
fn it_rings_on_a_device_of_its_own_while_the_call_is_in_the_headset() {
    in_private_pulse("ring");
}

#[test]
fn levels_are_told_while_they_are_asked_for() {
    in_private_pulse("levels");
}

#[test]
fn devices_are_listed_by_name() {
    in_private_pulse("listing");
}

#[test]
fn a_user_without_a_cookie_is_let_in() {
    in_private_pulse("cookie");
}

#[test]
fn a_machine_without_sound_still_calls() {
    in_private_pulse("silence");
}

/// Runs a scenario of [`inside`] in a process whose sound server is private.
fn in_private_pulse(scenario: &str) {
    let home = tempfile::tempdir().unwrap();
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("pulse::inside_{scenario}"), "--nocapture"])
        .env(HOME, home.path())
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("PULSE_SERVER")
        .env_remove("PULSE_RUNTIME_PATH")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn home() -> Option<PathBuf> {
    std::env::var_os(HOME).map(PathBuf::from)
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts the sound server with null sinks of these names, and a silent microphone that is no sink's monitor.
fn pulseaudio(home: &Path, sinks: &[&str]) -> Running {
    let mut server = Process::new("pulseaudio");
    server.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]);
    server.args(["-L", "module-native-protocol-unix auth-anonymous=1"]);
    server.args(["-L", "module-null-source source_name=silent"]);
    for sink in sinks {
        server.args(["-L", &null_sink(sink)]);
    }
    let log = File::create(home.join("pulse.log")).unwrap();
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let server =
        Running(server.spawn().expect("pulseaudio is needed: apt-get install pulseaudio pulseaudio-utils"));
    eventually("pulseaudio answers", || pactl(&["info"]).is_some());
    server
}

/// Without `norewinds` a null sink works in blocks of two seconds until somebody asks for less.
fn null_sink(name: &str) -> String {
    format!("module-null-sink sink_name={name} norewinds=1 sink_properties=device.description={name}")
}

fn pactl(arguments: &[&str]) -> Option<String> {
    let output = Process::new("pactl")
        .args(arguments)
        .output()
        .expect("pactl is needed: apt-get install pulseaudio-utils");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Plays a tone into a sink until dropped.
fn speak(home: &Path, sink: &str, hertz: f32, level: f32) -> Running {
    let file = home.join(format!("{sink}.wav"));
    write_tone(&file, hertz, level, 30_000);
    let player =
        Process::new("paplay").arg(format!("--device={sink}")).arg(file).stderr(Stdio::null()).spawn();
    Running(player.expect("paplay is needed: apt-get install pulseaudio-utils"))
}

/// What a sink plays for a while, mono at 8 kHz.
fn listen(home: &Path, sink: &str, ms: u64) -> Vec<i16> {
    let file = home.join("heard.raw");
    let recorder = Process::new("parec")
        .args([&format!("--device={sink}.monitor"), "--rate=8000", "--channels=1", "--format=s16le", "--raw"])
        .stdout(File::create(&file).unwrap())
        .stderr(Stdio::null())
        .spawn();
    let recorder = Running(recorder.expect("parec is needed: apt-get install pulseaudio-utils"));
    let bytes = ms as usize * 16;
    eventually("parec hears", || std::fs::metadata(&file).is_ok_and(|meta| meta.len() as usize >= bytes));
    drop(recorder);
    let raw = std::fs::read(&file).unwrap();
    raw.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn device(capture: &[&str], playback: &[&str]) -> VoiceSpec {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    VoiceSpec::Device { capture: own(capture), playback: own(playback), ring: Vec::new() }
}

fn is_opened(event: &MediaEvent) -> bool {
    matches!(event, MediaEvent::SeatOpened { .. })
}

#[test]
fn inside_both_ways() {
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["mic", "ear"]);
    let _voice = speak(&home, "mic", 700.0, -15.0);
    let (mut operator, mut callee) = (Side::start(1), Side::start(1));
    operator.send(Command::OpenSeat { seat: SEAT, voice: device(&["mic.monitor"], &["ear"]) });
    let opened = operator.wait_for("the devices", is_opened);
    let MediaEvent::SeatOpened { capture: Some(capture), playback: Some(playback), .. } = &opened else {
        panic!("{opened:?}")
    };
    assert!(capture.contains("mic") && playback.contains("ear"), "{opened:?}");
    let (heard, say) = (home.join("callee.wav"), home.join("say.wav"));
    write_tone(&say, 440.0, -12.0, 30_000);
    callee.open_file_seat(Some(&say), Some(&heard));
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(Endpoint::Seat(SEAT));
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    operator.send(Command::Answered { session: CALL });
    let recording = home.join("call.wav");
    operator.send(Command::Record { session: CALL, path: recording.clone() });
    pause(500);
    let ear = listen(&home, "ear", 1_800);
    let stats = operator.hang_up();
    callee.hang_up();
    operator.engine.shutdown();
    callee.engine.shutdown();
    assert_tone(&ear, 8_000, 440.0, -12.0);
    assert_steady(&ear[ear.len() - 10_000..], 440.0);
    let callee_heard = media::wav::read_mono(&heard).unwrap().samples;
    assert_tone(&callee_heard, 8_000, 700.0, -15.0);
    let (rate, channels) = media::wav::read_channels(&recording).unwrap();
    assert_tone(&channels[0], rate, 700.0, -15.0);
    assert_tone(&channels[1], rate, 440.0, -12.0);
    assert!(stats.lost == 0, "{stats:?}");
}

/// A tone without holes, but for what a busy machine may cost: at most a tenth of its blocks of 10 ms silent.
#[track_caller]
fn assert_steady(samples: &[i16], hertz: f32) {
    let silent = samples.chunks_exact(80).filter(|chunk| media::tones::level_dbm0(chunk) < -40.0).count();
    assert!(
        silent <= samples.len() / 800,
        "{silent} of {} blocks of {hertz} Hz are silent",
        samples.len() / 80
    );
}

#[test]
fn inside_loss() {
    let Some(home) = home() else { return };
    let server = pulseaudio(&home, &["ear"]);
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    operator.send(Command::OpenSeat { seat: SEAT, voice: device(&["silent"], &["ear", "spare"]) });
    operator.wait_for("the devices", is_opened);
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    operator.send(Command::Answered { session: CALL });
    assert_tone(&listen(&home, "ear", 800), 8_000, 440.0, -15.0);

    // The headset is unplugged, and there is nothing that the server could move the stream to.
    let modules = pactl(&["list", "short", "modules"]).unwrap();
    let ear = modules.lines().find(|line| line.contains("sink_name=ear")).unwrap();
    let pulled = Instant::now();
    pactl(&["unload-module", ear.split('\t').next().unwrap()]).unwrap();
    operator.wait_for("SeatLost", |event| matches!(event, MediaEvent::SeatLost { .. }));
    let noticed = pulled.elapsed();
    assert!(noticed < Duration::from_millis(1_000), "noticed after {noticed:?}");
    // The next name on the list turns up and takes over.
    let spare = null_sink("spare");
    let mut load = vec!["load-module"];
    load.extend(spare.split(' '));
    pactl(&load).unwrap();
    operator.wait_for(
        "SeatBack",
        |event| matches!(event, MediaEvent::SeatBack { playback: Some(name), .. } if name == "spare"),
    );
    assert_tone(&listen(&home, "spare", 800), 8_000, 440.0, -15.0);

    // The sound server dies: silence both ways, and the call goes on.
    drop(server);
    operator.wait_for("SeatLost", |event| matches!(event, MediaEvent::SeatLost { .. }));
    let during = last_stats(&mut operator);
    let after = last_stats(&mut operator);
    assert!(after.0 >= during.0 + 45 && after.1 >= during.1 + 45, "{during:?} {after:?}");

    // A new server comes: a new host, the same names.
    let _server = pulseaudio(&home, &["ear", "mic"]);
    operator.wait_for(
        "SeatBack",
        |event| matches!(event, MediaEvent::SeatBack { playback: Some(name), .. } if name.contains("ear")),
    );
    assert_tone(&listen(&home, "ear", 800), 8_000, 440.0, -15.0);
    let stats = operator.hang_up();
    assert_eq!(stats.lost, 0, "{stats:?}");
    operator.engine.shutdown();
    callee.engine.shutdown();
}

/// The callee's tone comes out of a sink; a busy machine may take a moment until it does.
#[track_caller]
fn hear(home: &Path, sink: &str) {
    let mut heard = listen(home, sink, 800);
    for _ in 0..5 {
        if (media::tones::level_dbm0(&heard) + 15.0).abs() < 1.0 {
            break;
        }
        heard = listen(home, sink, 800);
    }
    assert_tone(&heard, 8_000, 440.0, -15.0);
}

/// Unloads a sink's module.
fn pull(sink: &str) {
    let modules = pactl(&["list", "short", "modules"]).unwrap();
    let line =
        modules.lines().find(|line| format!("{line} ").contains(&format!("sink_name={sink} "))).unwrap();
    pactl(&["unload-module", line.split('\t').next().unwrap()]).unwrap();
}

fn plug(sink: &str) {
    let module = null_sink(sink);
    let mut load = vec!["load-module"];
    load.extend(module.split(' '));
    pactl(&load).unwrap();
}

fn is_back_on(name: &'static str) -> impl Fn(&MediaEvent) -> bool {
    move |event| matches!(event, MediaEvent::SeatBack { playback: Some(ear), .. } if ear == name)
}

/// The server moves the stream of a pulled sink to its default sink, which is not what was asked for: the reserve is
/// used, and the headset again when it is back.
#[test]
fn inside_reserve() {
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["speaker", "ear", "spare"]);
    pactl(&["set-default-sink", "speaker"]).unwrap();
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    operator.send(Command::OpenSeat { seat: SEAT, voice: device(&["silent"], &["ear", "spare"]) });
    operator.wait_for("the devices", is_opened);
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    operator.send(Command::Answered { session: CALL });
    hear(&home, "ear");
    eventually("the reserve is held open", || {
        let inputs = pactl(&["list", "short", "sink-inputs"]).unwrap();
        inputs.lines().count() >= 2
    });
    assert!(media::tones::level_dbm0(&listen(&home, "spare", 300)) < -80.0, "the reserve is silent");

    for _ in 0..2 {
        pull("ear");
        operator.wait_for("SeatLost", |event| matches!(event, MediaEvent::SeatLost { .. }));
        operator.wait_for("the reserve", is_back_on("spare"));
        hear(&home, "spare");
        let speaker = media::tones::level_dbm0(&listen(&home, "speaker", 300));
        assert!(speaker < -80.0, "nothing goes on where nobody wants it: {speaker}");
        operator.heard.clear();
        plug("ear");
        operator.wait_for("the headset", is_back_on("ear"));
        hear(&home, "ear");
        operator.listen();
        assert!(!operator.heard.iter().any(|event| matches!(event, MediaEvent::SeatLost { .. })));
        operator.heard.clear();
    }
    let stats = operator.hang_up();
    assert_eq!(stats.lost, 0, "{stats:?}");
    operator.engine.shutdown();
    callee.engine.shutdown();
}

#[test]
fn inside_ring() {
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["ear", "speaker"]);
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    let own = |name: &str| vec![name.to_owned()];
    let voice = VoiceSpec::Device { capture: own("silent"), playback: own("ear"), ring: own("speaker") };
    operator.send(Command::OpenSeat { seat: SEAT, voice });
    let opened = operator.wait_for("the devices", |event| {
        matches!(
            event,
            MediaEvent::SeatOpened { ring: Some(_), .. } | MediaEvent::SeatBack { ring: Some(_), .. }
        )
    });
    assert!(format!("{opened:?}").contains("speaker"), "{opened:?}");
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(tone_clip(ToneSpec::sine(440.0, -15.0)));
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    operator.send(Command::Answered { session: CALL });
    operator.send(Command::Ring { seat: SEAT, on: true });
    let ring = listen(&home, "speaker", 3_300);
    hear(&home, "ear");
    let loudest = ring.chunks_exact(400).map(media::tones::level_dbm0).fold(f32::MIN, f32::max);
    assert!((loudest + 10.0).abs() < 3.0, "it rings at {loudest} dBm0");
    operator.send(Command::Ring { seat: SEAT, on: false });
    operator.hang_up();
    pause(200);
    assert!(media::tones::level_dbm0(&listen(&home, "speaker", 500)) < -80.0, "it has ended");

    // Without a device of its own, and without a call, it rings in the ear piece; at the volume that was set.
    operator.send(Command::OpenSeat { seat: SEAT, voice: device(&["silent"], &["ear"]) });
    operator.heard.clear();
    operator.wait_for("the devices", is_opened);
    let volume = media::types::Volume { ring: 50, ..media::types::Volume::default() };
    operator.send(Command::SetVolume { seat: SEAT, volume });
    operator.send(Command::Ring { seat: SEAT, on: true });
    let ring = listen(&home, "ear", 3_300);
    let loudest = ring.chunks_exact(400).map(media::tones::level_dbm0).fold(f32::MIN, f32::max);
    assert!((loudest + 16.0).abs() < 3.0, "it rings at {loudest} dBm0");
    operator.engine.shutdown();
    callee.engine.shutdown();
}

#[test]
fn inside_levels() {
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["mic", "ear"]);
    let _voice = speak(&home, "mic", 700.0, -15.0);
    let mut operator = Side::start(1);
    operator.send(Command::OpenSeat { seat: SEAT, voice: device(&["mic.monitor"], &["ear"]) });
    operator.wait_for("the devices", is_opened);
    operator.send(Command::Meter { seat: SEAT, time: Duration::from_secs(5) });
    // Without a call: the operator looks at the microphone before the shift.
    operator.wait_for("a level", |event| {
        let MediaEvent::SeatLevel { capture: Some(capture), playback: Some(playback), .. } = event else {
            return false;
        };
        (capture.dbm0 + 15.0).abs() < 1.0
            && (11.0..14.0).contains(&capture.peak_percent)
            && playback.dbm0 < -80.0
    });
    operator.send(Command::Meter { seat: SEAT, time: Duration::ZERO });
    pause(200);
    operator.listen();
    operator.heard.clear();
    pause(500);
    operator.listen();
    assert!(!operator.heard.iter().any(|event| matches!(event, MediaEvent::SeatLevel { .. })));
    operator.engine.shutdown();
}

/// Packets sent and received by the newest report.
fn last_stats(side: &mut Side) -> (u64, u64) {
    side.listen();
    side.heard.retain(|event| !matches!(event, MediaEvent::Stats { .. }));
    match side.wait_for("Stats", |event| matches!(event, MediaEvent::Stats { .. })) {
        MediaEvent::Stats { stats, .. } => (stats.packets_sent, stats.packets_received),
        other => panic!("{other:?}"),
    }
}

#[test]
fn inside_listing() {
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["ear", "mic"]);
    let list = media::device::list().unwrap();
    let find = |id: &str, direction| list.iter().find(|info| info.id == id && info.direction == direction);
    let ear = find("ear", media::device::Direction::Playback).unwrap();
    assert_eq!(ear.host, "pulseaudio");
    assert!(find("mic.monitor", media::device::Direction::Capture).is_some());
    assert!(list.iter().any(|info| info.default));

    let mut side = Side::start(1);
    side.send(Command::OpenSeat {
        seat: SEAT,
        voice: device(&["no such microphone"], &["no such ear piece"]),
    });
    match side.wait_for("SeatFailed", |event| matches!(event, MediaEvent::SeatFailed { .. })) {
        MediaEvent::SeatFailed { reason, .. } => assert!(reason.contains("no such ear piece"), "{reason}"),
        other => panic!("{other:?}"),
    }
    side.engine.shutdown();
}

/// A server that knows the user by the socket, and no cookie: what the server and `pactl` made is taken away.
#[test]
fn inside_cookie() {
    use std::os::unix::fs::MetadataExt as _;
    let Some(home) = home() else { return };
    let _server = pulseaudio(&home, &["ear"]);
    let cookie = home.join(".config/pulse/cookie");
    for short in [false, true] {
        std::fs::remove_file(&cookie).unwrap();
        drop(std::fs::remove_file(home.join(".pulse-cookie")));
        if short {
            std::fs::write(&cookie, "short").unwrap();
        }
        let list = media::device::list().unwrap();
        assert!(list.iter().any(|info| info.id == "ear" && info.host == "pulseaudio"), "{list:?}");
        let made = cookie.metadata().unwrap();
        assert_eq!((made.len(), made.mode() & 0o777), (256, 0o600));
    }
}

#[test]
fn inside_silence() {
    if home().is_none() {
        return;
    }
    let (mut operator, callee) = (Side::start(1), Side::start(1));
    operator.send(Command::OpenSeat {
        seat: SEAT,
        voice: device(&["no such microphone"], &["no such ear piece"]),
    });
    operator.wait_for("SeatFailed", |event| matches!(event, MediaEvent::SeatFailed { .. }));
    let a = operator.open(Endpoint::Seat(SEAT));
    let b = callee.open(Endpoint::Echo);
    connect((&operator, a), (&callee, b), Codec::Pcmu);
    pause(500);
    let stats = operator.hang_up();
    assert!(stats.packets_received >= 20 && stats.lost == 0, "{stats:?}");
    operator.engine.shutdown();
    callee.engine.shutdown();
}
