//! A private PulseAudio server with a headset made of null sinks.
//!
//! What is played into [`MIC_FEED`] comes out of the source [`MICROPHONE`], the operator's microphone; what a
//! program plays to the sink [`EARPHONE`] can be recorded: that is what the operator would hear.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{self, Process};
use crate::wait;
use crate::wav::Sound;

/// Source: the operator's microphone.
pub const MICROPHONE: &str = "headset_mic";
/// Sink: the operator's earphone.
pub const EARPHONE: &str = "headset_ear";
/// Sink: whatever plays here is what the microphone picks up.
pub const MIC_FEED: &str = "mic_feed";
/// Samples per second of all devices.
pub const RATE: u32 = 48_000;

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Pulse {
    process: Process,
    directory: TempDir,
}

impl Pulse {
    /// Starts a server of its own, apart from any of the user's.
    ///
    /// # Panics
    /// When it is missing or does not start.
    pub fn start() -> Self {
        let program = process::program("pulseaudio", "pulseaudio");
        process::program("pactl", "pulseaudio-utils");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path();
        std::fs::create_dir(path.join("pulse")).expect("the temporary folder is writable");
        // Anonymous clients are welcome, yet the protocol wants a cookie of this length from each.
        std::fs::write(path.join("cookie"), [0_u8; 256]).expect("the temporary folder is writable");
        let mut command = Command::new(program);
        apply(&mut command, &environment(path));
        command.args([
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
            "--disable-shm=yes",
        ]);
        command.args(["--realtime=no", "--high-priority=no", "--log-target=stderr"]);
        let socket = path.join("pulse/native");
        let modules = [
            format!(
                "module-native-protocol-unix auth-anonymous=1 auth-cookie-enabled=0 socket={}",
                socket.display()
            ),
            null_sink(MIC_FEED),
            format!(
                "module-remap-source source_name={MICROPHONE} master={MIC_FEED}.monitor \
                 source_properties=device.description={MICROPHONE}"
            ),
            null_sink(EARPHONE),
        ];
        for module in &modules {
            command.args(["-L", module]);
        }
        let mut process = Process::start("pulseaudio", &command, &path.join("output.log"));
        process.wait_until("socket", Duration::from_secs(10), || socket.exists());
        let pulse = Self { process, directory };
        wait::until_true("the headset's sink", Duration::from_secs(5), || {
            pulse.try_pactl(&["list", "short", "sinks"]).is_some_and(|list| list.contains(EARPHONE))
        });
        pulse.pactl(&["set-default-source", MICROPHONE]);
        pulse.pactl(&["set-default-sink", EARPHONE]);
        pulse
    }

    /// What a program needs in its environment to use this server and no other.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        environment(self.directory.path())
    }

    /// Runs `pactl`, for example to unload a module: a headset that is unplugged.
    ///
    /// # Panics
    /// When `pactl` fails.
    pub fn pactl(&self, arguments: &[&str]) -> String {
        process::output_of(self.client("pactl").args(arguments))
    }

    fn try_pactl(&self, arguments: &[&str]) -> Option<String> {
        let output = self.client("pactl").args(arguments).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Unplugs a device: removes the module that made it. Returns the module's line, for [`plug`](Self::plug).
    ///
    /// # Panics
    /// When no module made a device of that name.
    pub fn unplug(&self, device: &str) -> String {
        let list = self.pactl(&["list", "short", "modules"]);
        let made_by = [format!("sink_name={device} "), format!("source_name={device} ")];
        let line = list.lines().find(|line| made_by.iter().any(|name| format!("{line} ").contains(name)));
        let line = line.unwrap_or_else(|| panic!("no module made {device}:\n{list}"));
        let mut fields = line.split('\t');
        let index = fields.next().unwrap_or_default();
        self.pactl(&["unload-module", index]);
        fields.collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// Plugs a device in again that [`unplug`](Self::unplug) removed.
    pub fn plug(&self, module: &str) {
        let words: Vec<_> = std::iter::once("load-module").chain(module.split_whitespace()).collect();
        self.pactl(&words);
    }

    /// Plays a sound into a sink until it is dropped or the sound ends; [`MIC_FEED`] is the microphone.
    pub fn play(&self, sink: &str, sound: &Sound) -> Process {
        let path = self.directory.path().join(format!("play-{}.wav", ticket()));
        sound.write(&path).expect("the temporary folder is writable");
        let mut command = self.client("paplay");
        command.args(["--latency-msec=50", &format!("--device={sink}")]).arg(&path);
        Process::start("paplay", &command, &self.directory.path().join("paplay.log"))
    }

    /// Begins to record a source, or the monitor of a sink.
    pub fn record(&self, source: &str) -> Recording {
        let path = self.directory.path().join(format!("record-{}.raw", ticket()));
        File::create(&path).expect("the temporary folder is writable");
        let mut command = self.client("parec");
        // `--file-format` would buffer until the end; raw bytes are there at once. The shell only redirects.
        let rate = RATE.to_string();
        let device = format!("--device={source}");
        let parec =
            ["--raw", "--format=s16le", "--channels=1", "--latency-msec=50", "--rate", &rate, &device];
        let mut shell = Command::new("sh");
        shell.args(["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh"]).arg(&path);
        shell.arg(command.get_program()).args(parec);
        apply(&mut shell, &self.environment());
        command.args(parec);
        let process = Process::start("parec", &shell, &self.directory.path().join("parec.log"));
        Recording { process, path }
    }

    /// Records what the operator hears.
    pub fn record_earphone(&self) -> Recording {
        self.record(&format!("{EARPHONE}.monitor"))
    }

    /// The child process: kill it to see how a program takes the loss of its sound server.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(process::program(name, "pulseaudio-utils"));
        apply(&mut command, &self.environment());
        command
    }
}

/// A recording in progress, ended when dropped.
#[derive(Debug)]
pub struct Recording {
    process: Process,
    path: PathBuf,
}

impl Recording {
    /// What was recorded so far; it goes on.
    pub fn so_far(&self) -> Sound {
        Sound::from_raw(RATE, &std::fs::read(&self.path).unwrap_or_default())
    }

    /// Waits until so much was recorded, ends, and returns all of it.
    ///
    /// # Panics
    /// When nothing flows.
    pub fn take(mut self, length: Duration) -> Sound {
        wait::until_true("the recording", length + Duration::from_secs(10), || {
            self.so_far().length() >= length
        });
        self.process.stop(Duration::from_secs(2));
        self.so_far()
    }
}

fn environment(path: &Path) -> Vec<(&'static str, PathBuf)> {
    let server = PathBuf::from(format!("unix:{}", path.join("pulse/native").display()));
    vec![
        ("XDG_RUNTIME_DIR", path.to_owned()),
        ("PULSE_RUNTIME_PATH", path.join("pulse")),
        ("PULSE_SERVER", server),
        ("PULSE_COOKIE", path.join("cookie")),
        ("HOME", path.to_owned()),
        ("XDG_CONFIG_HOME", path.join("config")),
    ]
}

fn apply(command: &mut Command, environment: &[(&'static str, PathBuf)]) {
    // No session bus, no display: the server is nobody's but ours.
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("DISPLAY");
    command.envs(environment.iter().map(|(key, value)| (key, value)));
}

fn null_sink(name: &str) -> String {
    format!(
        "module-null-sink sink_name={name} rate={RATE} channels=1 sink_properties=device.description={name}"
    )
}

/// A number for a file name.
fn ticket() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
