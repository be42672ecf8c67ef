//! Wireshark's dissectors: what a program that is not ours finds in a capture.

use std::path::Path;
use std::process::Command;

use crate::process;

/// A packet of a capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// Seconds since 1970-01-01.
    pub time: f64,
    /// `raw:ip:udp:sip:sdp` and the like.
    pub protocols: String,
    /// Source and destination, address and port.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// Method of a request, code of a response.
    pub verb: String,
    /// The CSeq header.
    pub cseq: String,
    /// The Call-ID header.
    pub call_id: String,
}

/// Dissects a capture, with every checksum verified.
///
/// # Panics
/// When tshark is missing, cannot read the file, or finds a bad checksum, a malformed packet or a gap in a connection.
pub fn dissect(file: &Path) -> Vec<Packet> {
    let faults = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 \
                  || tcp.analysis.flags || _ws.expert.severity == error";
    assert_eq!(run(file, &["-Y", faults]), "", "faults in {}", file.display());
    // What could not be verified is no proof.
    let unproven = "!(udp.checksum.status == 1 || tcp.checksum.status == 1)";
    assert_eq!(run(file, &["-Y", unproven]), "", "checksums that were not verified");
    let fields = [
        "frame.time_epoch",
        "frame.protocols",
        "ip.src",
        "ipv6.src",
        "ip.dst",
        "ipv6.dst",
        "udp.port",
        "tcp.port",
        "sip.Method",
        "sip.Status-Code",
        "sip.CSeq",
        "sip.Call-ID",
    ];
    let mut arguments = vec!["-T", "fields"];
    arguments.extend(fields.iter().flat_map(|field| ["-e", field]));
    run(file, &arguments).lines().map(packet).collect()
}

fn packet(line: &str) -> Packet {
    let mut fields = line.split('\t').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    let (time, protocols) = (next(), next());
    // Of each pair one is empty.
    let (source, destination) = (next() + &next(), next() + &next());
    let ports = next() + &next();
    let (from, to) = ports.split_once(',').unwrap_or_default();
    Packet {
        time: time.parse().unwrap_or(f64::NAN),
        protocols,
        from: format!("{source}:{from}"),
        to: format!("{destination}:{to}"),
        verb: next() + &next(),
        cseq: next(),
        call_id: next(),
    }
}

fn run(file: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(process::program("tshark", "tshark"));
    // No preferences of whoever runs the test.
    command.env("HOME", "/nonexistent").env("XDG_CONFIG_HOME", "/nonexistent").arg("-n").arg("-r").arg(file);
    for layer in ["ip", "udp", "tcp"] {
        command.arg("-o").arg(format!("{layer}.check_checksum:TRUE"));
    }
    process::output_of(command.args(arguments))
}
