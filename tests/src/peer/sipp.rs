//! sipp runs the scenarios of `tests/scenarios`, as callee, registrar or caller.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use media::Codec;
use media::codec::Encoder;
use media::dtmf::{DIGIT_MS, Digit, PAUSE_MS};
use media::tones::ToneSource;
use tempfile::TempDir;

use super::parts;
use super::trace::{self, Invite, Message};
use crate::process::{self, Process};
use crate::wav::Sound;
use crate::{ports, wait};

/// The tone that `uas_answer_tone` and number 01 of `exchange` play, in Hz.
pub const TONE_HZ: f64 = 1_000.0;
/// The level of that tone in dBFS: below what an acoustic-shock limiter would touch.
pub const TONE_DBFS: f64 = -20.0;
/// The tone of the early announcement of `uas_404_q850` and number 03 of `exchange`, in Hz.
pub const ANNOUNCEMENT_HZ: f64 = 700.0;

/// The digits that `uas_digits_as_tones` plays.
pub const DIGITS: &str = "0159#";

/// Captured RTP that comes with sipp. To send it sipp needs a raw socket, so root.
const CAPTURES: [&str; 4] = ["g711a.pcap", "dtmf_2833_1.pcap", "dtmf_2833_5.pcap", "dtmf_2833_9.pcap"];

/// What a sipp is to do; [`start`](Self::start) starts it.
#[derive(Debug)]
pub struct Scenario {
    name: String,
    target: Option<SocketAddr>,
    calls: Option<u32>,
    edits: Vec<(String, String)>,
    arguments: Vec<String>,
    host: IpAddr,
    port: Option<u16>,
    tcp: bool,
}

impl Scenario {
    /// Waits for requests. Without [`calls`](Self::calls) it serves until it is dropped.
    pub fn server(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            target: None,
            calls: None,
            edits: Vec::new(),
            arguments: Vec::new(),
            host: Ipv4Addr::LOCALHOST.into(),
            port: None,
            tcp: false,
        }
    }

    /// Sends requests for the number `to` at `target`, one call unless [`calls`](Self::calls) says more.
    pub fn client(name: &str, target: SocketAddr, to: &str) -> Self {
        Self::server(name).target(target, to)
    }

    /// Makes it a [`client`](Self::client).
    #[must_use]
    pub fn target(self, target: SocketAddr, to: &str) -> Self {
        Self { target: Some(target), calls: Some(1), ..self }.argument("-s").argument(to)
    }

    /// Ends by itself after so many calls.
    #[must_use]
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Speaks TCP, one connection per peer.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Stands at another address of this machine than 127.0.0.1, such as 127.0.0.2: another source to its peers.
    #[must_use]
    pub fn at(mut self, address: [u8; 4]) -> Self {
        self.host = IpAddr::from(address);
        self
    }

    /// A port known beforehand, for peers that name each other.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Speaks IPv6, at `::1`.
    #[must_use]
    pub fn ipv6(mut self) -> Self {
        self.host = Ipv6Addr::LOCALHOST.into();
        self
    }

    /// Takes every message as it comes: nothing is repeated, and what the peer repeats is for the scenario to receive.
    #[must_use]
    pub fn counting(self) -> Self {
        self.argument("-nr")
    }

    /// User name and password of [`client`](Self::client) scenarios that are challenged.
    #[must_use]
    pub fn credentials(self, user: &str, password: &str) -> Self {
        self.argument("-au").argument(user).argument("-ap").argument(password)
    }

    /// A further argument of sipp's own.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Replaces text in the scenario, such as a time-out or a `Retry-After`.
    ///
    /// # Panics
    /// At start, when the scenario does not contain `from`.
    #[must_use]
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Starts it and waits until its port is open (of a server).
    ///
    /// # Panics
    /// When sipp is missing or does not start.
    pub fn start(self) -> Sipp {
        let program = process::program("sipp", "sip-tester");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path();
        let port = self.port.unwrap_or_else(ports::free);
        let media = ports::run(60);
        let echoes = self.write_files(path, *media.start());
        let mut command = Command::new(program);
        let host = self.host.to_string();
        command.current_dir(path).args(["-sf", "scenario.xml", "-nostdin", "-i", &host, "-mi", &host]);
        command.args(["-p", &port.to_string(), "-mp", &media.start().to_string()]);
        if echoes {
            command.arg("-rtp_echo");
        }
        command.args(["-t", if self.tcp { "t1" } else { "u1" }]);
        // A Call-ID that comes back, as a REGISTER's does, is a new call and no straggler.
        command.args(["-deadcall_wait", "0", "-recv_timeout", "60000"]);
        command.args(["-trace_msg", "-message_file", "messages.log", "-message_overwrite", "false"]);
        command.args(["-trace_err", "-error_file", "errors.log", "-trace_logs", "-log_file", "log.log"]);
        if let Some(calls) = self.calls {
            command.args(["-m", &calls.to_string()]);
        }
        command.args(&self.arguments);
        if let Some(target) = self.target {
            command.arg(target.to_string());
        }
        let name = format!("sipp {}", self.name);
        let mut process = Process::start(&name, &command, &path.join("output.log"));
        if self.target.is_none() {
            process.wait_until("open port", Duration::from_secs(5), || {
                if self.tcp { ports::tcp_listening(port) } else { ports::udp_bound(port) }
            });
        }
        Sipp { process, directory, address: SocketAddr::new(self.host, port) }
    }

    /// Writes the scenario and the sounds; returns whether the scenario is to echo what it hears.
    ///
    /// sipp echoes on the first media port, and streams from there upwards: a scenario does one or the other, unless its
    /// descriptions name the one for the echo as `[echo_port]`.
    fn write_files(&self, directory: &Path, echo: u16) -> bool {
        let source = scenarios().join(format!("{}.xml", self.name));
        let mut text =
            std::fs::read_to_string(&source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        for (from, to) in &self.edits {
            assert!(text.contains(from), "{} does not contain {from}", source.display());
            text = text.replace(from, to);
        }
        let both = text.contains("[echo_port]");
        let text = parts::written_out(&text).replace("[echo_port]", &echo.to_string());
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(directory.join(name), bytes).expect("the temporary folder is writable");
        };
        write("scenario.xml", text.as_bytes());
        let second = Duration::from_secs(1);
        write("tone.ulaw", &Sound::tone(8_000, TONE_HZ, TONE_DBFS, second).to_ulaw());
        // An announcement speaks, pauses, speaks: no steady tone that could be taken for a fax or a ringback.
        let word = Sound::tone(8_000, ANNOUNCEMENT_HZ, -15.0, second / 2);
        let gap = Sound::silence(8_000, second / 4);
        write("announcement.ulaw", &gap.clone().then(&word).then(&gap).then(&word).then(&word).to_ulaw());
        // ITU-T T.30 4.1.1: CED is 2100 Hz for 2.6 s to 4 s, some time after the answer.
        let ced = Sound::silence(8_000, second / 2).then(&Sound::tone(8_000, 2_100.0, -12.0, second * 3));
        write("ced.ulaw", &ced.then(&Sound::silence(8_000, second)).to_ulaw());
        let digits = digits();
        write("digits.ulaw", &coded(Codec::Pcmu, &digits));
        write("digits.alaw", &coded(Codec::Pcma, &digits));
        for capture in CAPTURES.iter().filter(|name| text.contains(**name)) {
            let path = Path::new("/usr/share/sip-tester").join(capture);
            let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            write(capture, &bytes);
        }
        both || !text.contains("rtp_stream=") && !text.contains("play_pcap_audio=")
    }
}

/// Two seconds of silence, the digits as tones, and silence again.
fn digits() -> Vec<i16> {
    let mut pcm = vec![0; 16_000];
    for digit in DIGITS.chars().filter_map(Digit::from_char) {
        let start = pcm.len();
        pcm.resize(start + (DIGIT_MS + PAUSE_MS) as usize * 8, 0);
        ToneSource::new(digit.tone(), 8_000).fill(&mut pcm[start..]);
    }
    pcm.resize(pcm.len() + 8_000, 0);
    pcm
}

fn coded(codec: Codec, pcm: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; pcm.len()];
    let mut encoder = Encoder::new(codec, None, None).expect("G.711 needs nothing");
    let length = encoder.encode(pcm, &mut bytes).expect("a byte a sample");
    bytes.truncate(length);
    bytes
}

impl From<&str> for Scenario {
    fn from(name: &str) -> Self {
        Self::server(name)
    }
}

/// A running sipp, ended when dropped.
#[derive(Debug)]
pub struct Sipp {
    process: Process,
    directory: TempDir,
    address: SocketAddr,
}

impl Sipp {
    /// Its SIP address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for its own end; fails unless every call went as the scenario says.
    ///
    /// # Panics
    /// When it does not end within `limit` or a call failed.
    #[track_caller]
    pub fn succeed(mut self, limit: Duration) {
        let status = self.process.wait(limit);
        assert!(status.success(), "sipp ended with {status}\n{}", self.account());
    }

    /// The child process, for pid and signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Every SIP message sent and received so far, in order.
    pub fn messages(&self) -> Vec<Message> {
        trace::parse(&process::read_lossy(&self.file("messages.log")))
    }

    /// Every INVITE received that begins a dialog, retransmissions left out.
    pub fn invites(&self) -> Vec<Invite> {
        trace::invites(&self.messages())
    }

    /// How many calls (distinct Call-IDs) each number got.
    pub fn calls_by_number(&self) -> BTreeMap<String, usize> {
        trace::calls_by_number(&self.invites())
    }

    /// Requests of a method received so far, retransmissions left out.
    pub fn received(&self, method: &str) -> Vec<Message> {
        trace::requests(&self.messages(), method)
    }

    /// Waits until so many requests of a method have come.
    ///
    /// # Panics
    /// When `limit` is over.
    #[track_caller]
    pub fn wait_received(&self, method: &str, count: usize, limit: Duration) -> Vec<Message> {
        let found = wait::within(limit, || Some(self.received(method)).filter(|found| found.len() >= count));
        found.unwrap_or_else(|| panic!("no {count} {method} within {limit:?}\n{}", self.account()))
    }

    /// What the scenario's `<log>` actions wrote.
    pub fn logged(&self) -> String {
        process::read_lossy(&self.file("log.log"))
    }

    /// What sipp found unexpected.
    pub fn errors(&self) -> String {
        process::read_lossy(&self.file("errors.log"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// All that is known of the run, for the message of a failed test.
    fn account(&self) -> String {
        let mut text = format!("errors:\n{}\nmessages:\n", self.errors());
        for message in self.messages() {
            let _ =
                writeln!(text, "  {} {}", if message.received { "->" } else { "<-" }, message.start_line());
        }
        text
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), self.account().as_bytes());
        }
    }
}

/// The folder of the scenario files.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}
