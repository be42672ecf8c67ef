//! baresip: a softphone that answers by itself, plays a tone to the caller and records what it hears.

use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::authority::{Authority, Identity};
use crate::process::{self, Process};
use crate::wav::Sound;
use crate::{ports, wait};

/// The audio codec it offers and accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law.
    #[default]
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722, 16 kHz with an RTP clock of 8 kHz.
    G722,
    /// Opus, 48 kHz stereo on the wire.
    Opus,
}

/// What carries its signalling.
#[derive(Clone, Debug, Default)]
enum Transport {
    #[default]
    Udp,
    Tcp,
    /// The authority it believes, and its own certificate.
    Tls(PathBuf, Identity),
}

/// What a baresip is to be; [`start`](Self::start) starts it.
#[derive(Debug)]
pub struct Phone {
    user: String,
    registrar: Option<(SocketAddr, String)>,
    transport: Transport,
    tone_hz: f64,
    tone_dbfs: f64,
    codec: Codec,
    echo: bool,
    jitter_buffer: &'static str,
    encryption: Option<&'static str>,
    rtcp_mux: bool,
}

impl Phone {
    /// A phone of that user name that registers nowhere: it is called at its own address.
    pub fn new(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            registrar: None,
            transport: Transport::default(),
            tone_hz: 1_000.0,
            tone_dbfs: -15.0,
            codec: Codec::default(),
            echo: false,
            jitter_buffer: "1-3",
            encryption: None,
            rtcp_mux: false,
        }
    }

    /// Registers there with that password.
    #[must_use]
    pub fn registrar(mut self, address: SocketAddr, password: &str) -> Self {
        self.registrar = Some((address, password.to_owned()));
        self
    }

    /// Registers over TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.transport = Transport::Tcp;
        self
    }

    /// Registers over TLS, at an exchange whose certificate is of that authority.
    #[must_use]
    pub fn tls(mut self, authority: &Authority) -> Self {
        self.transport = Transport::Tls(authority.file().to_owned(), authority.issue("phone"));
        self
    }

    /// The tone it plays to its caller, 1000 Hz at −15 dBFS unless set.
    #[must_use]
    pub fn tone(mut self, hertz: f64, dbfs: f64) -> Self {
        (self.tone_hz, self.tone_dbfs) = (hertz, dbfs);
        self
    }

    /// The one codec it speaks, µ-law unless set.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Speaks what it hears, 20 ms at a time as its player takes it, instead of a tone.
    #[must_use]
    pub fn echo(mut self) -> Self {
        self.echo = true;
        self
    }

    /// Least and longest delay of its jitter buffer in packets; its own default is `5-10`, ours here `1-3`.
    #[must_use]
    pub fn jitter_buffer(mut self, packets: &'static str) -> Self {
        self.jitter_buffer = packets;
        self
    }

    /// Encrypts voice: `srtp` where the other side can, `srtp-mand` always, `dtls_srtp` under keys of a handshake.
    #[must_use]
    pub fn encryption(mut self, word: &'static str) -> Self {
        self.encryption = Some(word);
        self
    }

    /// Has RTP and RTCP on one port where the other side agrees.
    #[must_use]
    pub fn rtcp_mux(mut self) -> Self {
        self.rtcp_mux = true;
        self
    }

    /// Starts it; waits until it is open, and registered where it has a registrar.
    ///
    /// # Panics
    /// When it is missing, does not start or does not register.
    pub fn start(self) -> Baresip {
        let program = process::program("baresip", "baresip-core");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path();
        // It takes the port after its SIP port for TLS.
        let own = ports::run(3);
        let (sip, control) = (*own.start(), *own.end());
        self.write_config(path, sip, control);
        let mut command = Command::new(program);
        command.current_dir(path).env("HOME", path).arg("-f").arg(path);
        let mut process = Process::start("baresip", &command, &path.join("output.log"));
        process.wait_until("open control port", Duration::from_secs(10), || {
            ports::udp_bound(sip) && ports::tcp_listening(control)
        });
        if self.registrar.is_some() {
            let log = path.join("output.log");
            process.wait_until("registration", Duration::from_secs(10), || {
                process::read_lossy(&log).contains("200 OK")
            });
        }
        Baresip { process, directory, user: self.user, port: sip, control }
    }

    fn write_config(&self, path: &Path, sip: u16, control: u16) {
        let rtp = ports::run(20);
        let (rate, channels, name) = match self.codec {
            Codec::Pcmu => (8_000, 1, "PCMU/8000/1"),
            Codec::Pcma => (8_000, 1, "PCMA/8000/1"),
            Codec::G722 => (16_000, 1, "G722/16000/1"),
            Codec::Opus => (48_000, 2, "opus/48000/2"),
        };
        let tone = Sound::tone(rate, self.tone_hz, self.tone_dbfs, Duration::from_secs(90));
        write_voice(&path.join("voice.wav"), &tone, channels);
        let mut text = String::new();
        let folder = path.display();
        // Player and source of one name are a loop.
        let (source, player) = if self.echo {
            ("aubridge,ear".to_owned(), "aubridge,ear")
        } else {
            (format!("aufile,{folder}/voice.wav"), "aubridge,nobody")
        };
        let jitter_buffer = self.jitter_buffer;
        let mux = if self.rtcp_mux { "yes" } else { "no" };
        let (first, last) = (rtp.start(), rtp.end());
        let _ = write!(
            text,
            "poll_method epoll\nnet_interface 127.0.0.1\nsip_listen 127.0.0.1:{sip}\ncall_local_timeout 120\n\
             call_max_calls 8\naudio_path {folder}\naudio_source {source}\n\
             audio_player {player}\naudio_alert aubridge,nobody\naudio_txmode poll\n\
             ausrc_srate {rate}\nauplay_srate {rate}\nausrc_channels {channels}\nauplay_channels {channels}\n\
             audio_buffer 20-160\nrtp_ports {first}-{last}\nrtcp_mux {mux}\njitter_buffer_delay {jitter_buffer}\n\
             module_path {}\nmodule g711.so\nmodule g722.so\nmodule opus.so\nmodule aufile.so\nmodule aubridge.so\nmodule srtp.so\nmodule dtls_srtp.so\n\
             module sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {folder}\n",
            modules().display()
        );
        let transport = match &self.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls(authority, identity) => {
                // Certificate and key in one file.
                let parts = [&identity.certificate, &identity.key].map(|file| process::read_lossy(file));
                std::fs::write(path.join("phone.pem"), parts.concat())
                    .expect("the temporary folder is writable");
                let _ =
                    write!(text, "sip_cafile {}\nsip_certificate {folder}/phone.pem\n", authority.display());
                "tls"
            }
        };
        let account = match &self.registrar {
            Some((address, password)) => format!(
                "<sip:{user}@{address};transport={transport}>;auth_user={user};auth_pass={password};regint=60",
                user = self.user
            ),
            None => format!("<sip:{}@127.0.0.1:{sip};transport={transport}>;regint=0", self.user),
        };
        let encryption = self.encryption.map_or_else(String::new, |word| format!(";mediaenc={word}"));
        let account = format!("{account};answermode=auto;audio_codecs={name}{encryption}\n");
        for (file, content) in [("config", text.as_str()), ("accounts", &account), ("contacts", "")] {
            std::fs::write(path.join(file), content).expect("the temporary folder is writable");
        }
    }
}

/// A running baresip, ended when dropped.
#[derive(Debug)]
pub struct Baresip {
    process: Process,
    directory: TempDir,
    user: String,
    port: u16,
    control: u16,
}

impl Baresip {
    /// Its own SIP address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Its user name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Runs a command of its menu, such as `hangup` or `dial`, and returns its answer.
    ///
    /// # Panics
    /// When the control port does not answer.
    pub fn command(&self, command: &str, parameters: &str) -> Value {
        let mut stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.control)).expect("the control port is open");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time-out can be set");
        let text = json!({ "command": command, "params": parameters, "token": "kit" }).to_string();
        // Netstrings: length, colon, bytes, comma. Events of running calls come between.
        write!(stream, "{}:{text},", text.len()).expect("the control port takes a command");
        let mut reader = BufReader::new(stream);
        loop {
            let message = netstring(&mut reader);
            if message.get("response").is_some() {
                return message;
            }
        }
    }

    /// Calls a number of its registrar.
    pub fn dial(&self, number: &str) {
        self.command("dial", number);
    }

    /// Hangs up the current call.
    pub fn hangup(&self) {
        self.command("hangup", "");
    }

    /// Whether it is in a call now.
    pub fn in_call(&self) -> bool {
        self.command("callstat", "")["data"].as_str().is_some_and(|said| said.contains("ESTABLISHED"))
    }

    /// How many calls it has established so far.
    pub fn established(&self) -> usize {
        self.process.output().matches("Call established").count()
    }

    /// Waits until so many calls were established.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_established(&self, count: usize, limit: Duration) {
        wait::until_true(&format!("{count} established calls"), limit, || self.established() >= count);
    }

    /// What it heard in its last ended call.
    ///
    /// # Panics
    /// When no recording is complete within 5 s.
    pub fn heard(&self) -> Sound {
        wait::until("baresip's recording", Duration::from_secs(5), || {
            let mut files: Vec<PathBuf> = std::fs::read_dir(self.directory.path())
                .ok()?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
                .collect();
            files.sort(); // the names carry date and time
            Sound::read(&files.pop()?, 0).ok().filter(|sound| !sound.samples.is_empty())
        })
    }

    /// The child process, for pid and signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn netstring(reader: &mut impl std::io::Read) -> Value {
    let mut length = 0_usize;
    let mut byte = [0_u8];
    loop {
        reader.read_exact(&mut byte).expect("baresip answers");
        match byte[0] {
            b':' => break,
            digit => length = length * 10 + usize::from(digit.wrapping_sub(b'0')),
        }
    }
    let mut text = vec![0; length + 1];
    reader.read_exact(&mut text).expect("a netstring is complete");
    text.pop();
    serde_json::from_slice(&text).expect("baresip speaks JSON")
}

/// The modules lie beside the libraries, in a folder that differs between releases.
fn modules() -> PathBuf {
    let multiarch = format!("/usr/lib/{}-linux-gnu/baresip/modules", std::env::consts::ARCH);
    let candidates = [Path::new("/usr/lib/baresip/modules"), Path::new(&multiarch)];
    let found = candidates.into_iter().find(|path| path.join("g711.so").is_file());
    found.unwrap_or_else(|| panic!("no baresip modules: apt-get install baresip-core")).to_owned()
}

fn write_voice(path: &Path, tone: &Sound, channels: u16) {
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels, sample_rate: tone.rate, bits_per_sample: 16, sample_format };
    let mut writer = hound::WavWriter::create(path, spec).expect("the temporary folder is writable");
    for &sample in &tone.samples {
        for _ in 0..channels {
            writer.write_sample(sample).expect("the temporary folder is writable");
        }
    }
    writer.finalize().expect("the temporary folder is writable");
}
