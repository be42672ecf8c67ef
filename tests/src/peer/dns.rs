//! dnsmasq: a DNS server that knows one exchange of several servers.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::ports;
use crate::process::{self, Process};

/// The name under which the exchange is found.
pub const EXCHANGE: &str = "exchange.test";

/// A running dnsmasq, ended when dropped.
#[derive(Debug)]
pub struct Dns {
    process: Process,
    address: SocketAddr,
    _directory: TempDir,
}

impl Dns {
    /// Answers for `_sip._udp` of [`EXCHANGE`] with these servers, the preferred one first, each under a name of its
    /// own. Answers live for a second; everything else is refused, nobody else is asked.
    ///
    /// # Panics
    /// When it is missing or does not start.
    pub fn start(servers: &[SocketAddr]) -> Self {
        let records = servers.iter().enumerate();
        Self::run(records.flat_map(|(at, server)| service("_sip._udp", at, *server)).collect())
    }

    /// The same with NAPTR records that name these services, the preferred one first: RFC 3263's word, such as `SIP+D2T`,
    /// the SRV name, such as `_sip._tcp`, and the server behind it.
    ///
    /// # Panics
    /// When it is missing or does not start.
    pub fn choosing(services: &[(&str, &str, SocketAddr)]) -> Self {
        let mut records = Vec::new();
        for (at, (word, name, server)) in services.iter().enumerate() {
            records.push(format!("--naptr-record={EXCHANGE},10,{at},s,{word},,{name}.{EXCHANGE}"));
            records.extend(service(name, at, *server));
        }
        Self::run(records)
    }

    fn run(records: Vec<String>) -> Self {
        let program = process::program("dnsmasq", "dnsmasq-base");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let address = ports::free_address();
        let mut command = Command::new(program);
        // No daemon: it stays ours, keeps its user, and writes no pid file.
        command.args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-poll"]);
        command.args(["--bind-interfaces", "--local-ttl=1"]);
        command.arg(format!("--listen-address={}", address.ip())).arg(format!("--port={}", address.port()));
        command.arg(format!("--local=/{EXCHANGE}/")).args(records);
        let mut process = Process::start("dnsmasq", &command, &directory.path().join("log"));
        process.wait_until("open port", Duration::from_secs(10), || ports::udp_bound(address.port()));
        Self { process, address, _directory: directory }
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it takes questions and answers none.
    pub fn silence(&mut self) {
        self.process.signal("STOP");
    }
}

/// A server under a name of its own, and the SRV record that leads to it.
fn service(name: &str, at: usize, server: SocketAddr) -> [String; 2] {
    let host = format!("server{at}.{EXCHANGE}");
    [
        format!("--host-record={host},{}", server.ip()),
        format!("--srv-host={name}.{EXCHANGE},{host},{},{at},0", server.port()),
    ]
}

impl Drop for Dns {
    fn drop(&mut self) {
        // A stopped process does not hear that it should end.
        self.process.signal("CONT");
    }
}
