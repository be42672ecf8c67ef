//! linphone-daemon: Linphone without a window and without a sound card, told what to do over a socket.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{self, Process};
use crate::wav::Sound;
use crate::{ports, wait};

/// A running Linphone, ended when dropped. It answers by itself.
#[derive(Debug)]
pub struct Linphone {
    process: Process,
    // One connection for its life: it drops a command whose sender has gone.
    stream: Mutex<UnixStream>,
    directory: TempDir,
}

impl Linphone {
    /// Starts one that registers as `user` at an exchange, over UDP; waits until it is registered.
    ///
    /// # Panics
    /// When it is missing, does not start or does not register.
    pub fn start(user: &str, exchange: SocketAddr, password: &str) -> Self {
        let program = process::program("linphone-daemon", "linphone-cli");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path();
        // It does not make the folders of its data base itself.
        std::fs::create_dir_all(path.join(".local/share/linphone"))
            .expect("the temporary folder is writable");
        let (sip, rtp) = (ports::free(), *ports::run(20).start());
        let mut text = String::new();
        let _ = write!(
            text,
            "[sip]\nsip_port={sip}\nsip_tcp_port=0\nsip_tls_port=0\nbind_address=127.0.0.1\nuse_ipv6=0\n\
             guess_hostname=0\ncontact=sip:{user}@127.0.0.1:{sip}\ndefault_proxy=0\nmedia_encryption=none\n\
             [rtp]\naudio_rtp_port={rtp}\n\
             [proxy_0]\nreg_proxy=<sip:{exchange}>\nreg_identity=sip:{user}@{exchange}\nreg_expires=60\n\
             reg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={user}\npasswd={password}\n"
        );
        std::fs::write(path.join("linphonerc"), text).expect("the temporary folder is writable");
        // An announcement for whoever it talks to.
        Sound::tone(8_000, TONE_HZ, -15.0, Duration::from_secs(30))
            .write(&path.join("voice.wav"))
            .expect("the temporary folder is writable");
        let mut command = Command::new(program);
        command.current_dir(path).env("HOME", path).env("PULSE_SERVER", path.join("nobody"));
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DISPLAY"] {
            command.env_remove(variable);
        }
        // Sockets are named below /tmp, wherever they are to be.
        command.arg("--pipe").arg(format!("..{}", path.join("socket").display()));
        command.arg("--config").arg(path.join("linphonerc")).arg("--log").arg(path.join("linphone.log"));
        command.args(["--disable-stats-events", "--auto-answer"]);
        let mut process = Process::start("linphone-daemon", &command, &path.join("output.log"));
        let limit = Duration::from_secs(10);
        let mut stream = None;
        process.wait_until("socket", limit, || {
            stream = UnixStream::connect(path.join("socket")).ok();
            stream.is_some()
        });
        let stream = stream.expect("connected");
        stream.set_read_timeout(Some(QUIET)).expect("a time-out can be set");
        let phone = Self { process, stream: Mutex::new(stream), directory };
        wait::until_true("Linphone's registration", limit, || {
            phone.command("register-status ALL").contains("RegistrationOk")
        });
        phone
    }

    /// Gives it a command, such as `call sip:100@…` or `call-pause 1`, and returns what it says. Its calls are numbered
    /// from 1.
    ///
    /// # Panics
    /// When its socket does not answer.
    pub fn command(&self, command: &str) -> String {
        let mut stream = self.stream.lock().expect("no command panics");
        writeln!(stream, "{command}").expect("it takes a command");
        let mut answer = String::new();
        let mut buffer = [0; 4_096];
        // It marks no end: an answer is over when nothing more comes.
        wait::within(Duration::from_secs(5), || match stream.read(&mut buffer) {
            Ok(length) if length > 0 => {
                answer.push_str(&String::from_utf8_lossy(&buffer[..length]));
                None
            }
            _ => (!answer.is_empty()).then_some(()),
        });
        assert!(!answer.is_empty(), "Linphone says nothing to {command}");
        answer
    }

    /// Waits until a call is in a state, such as `StreamsRunning` or `PausedByRemote`.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_call(&self, call: u32, state: &str, limit: Duration) {
        wait::until_true(&format!("Linphone's call {state}"), limit, || {
            self.command(&format!("call-status {call}")).contains(&format!("LinphoneCall{state}\n"))
        });
    }

    /// Plays its tone to the other side of a call.
    pub fn speak(&self, call: u32) {
        let voice = self.directory.path().join("voice.wav");
        self.command(&format!("incall-player-start {} {call}", voice.display()));
    }

    /// What it has logged, every SIP message included.
    pub fn log(&self) -> String {
        process::read_lossy(&self.directory.path().join("linphone.log"))
    }

    /// The child process, for pid and signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// How long an answer that goes on may pause.
const QUIET: Duration = Duration::from_millis(200);

/// The tone that it plays, in Hz.
pub const TONE_HZ: f64 = 600.0;
