//! From the byte of `save --next dial` on the control socket to the INVITE on the wire.

use std::collections::BTreeSet;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use e2e::boundary;
use e2e::daemon::{Account, Daemon, Operator};
use e2e::peer::sipp::{Scenario, Sipp};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use crate::table::{Table, quantile};
use crate::{leads, pages};

const LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn measure(table: &mut Table, state: &Path, calls: usize) {
    let exchange = callees(50);
    let relay = Relay::start(exchange.address());
    let line = Account::new("main", relay.address).unregistered();
    let mut daemon = leads::daemon(leads::setup(line), state);
    daemon.start();
    // Still quicker than any person, but what the last call left to write is on the disk by then.
    let think = |call: u64| Duration::from_millis(300 + call * 37 % 200);
    let mut times = work(&daemon, calls, think, Some(&relay.invites));
    times.sort_by(f64::total_cmp);
    let what = format!("`save --next dial` to INVITE, 100,000 leads, {calls} calls");
    table.note(&format!("{what}: p50"), format!("{:.2} ms", quantile(&times, 0.5)));
    table.note("… p95", format!("{:.2} ms", quantile(&times, 0.95)));
    table.at_most("… p99", quantile(&times, 0.99), 3.0, "ms");
    table.note("… slowest", format!("{:.2} ms", times.last().copied().unwrap_or(f64::NAN)));
    daemon.stop();
    let (middle, most) = machine(calls.min(200), think);
    table.note(
        "… the machine alone, three threads woken in turn after the same pauses: p50, p99",
        format!("{middle:.2} ms, {most:.2} ms"),
    );
    let (middle, most) = disk(state, calls.min(200), think);
    table.note(
        "… the disk alone, one fdatasync after the same pauses: p50, p99",
        format!("{middle:.2} ms, {most:.2} ms"),
    );
    pages::measure(table, state);
    commits(table, state);
}

/// What the disk takes of it whatever we do: the room of a commit, overwritten in a plain file and made durable after
/// the same pauses. Median and 99th percentile in milliseconds.
fn disk(state: &Path, probes: usize, think: impl Fn(u64) -> Duration) -> (f64, f64) {
    let path = state.join("probe");
    let result = (|| -> std::io::Result<Vec<f64>> {
        let file = std::fs::File::create(&path)?;
        file.write_all_at(&vec![1; COMMIT * 64], 0)?;
        file.sync_all()?;
        (0..probes)
            .map(|probe| {
                std::thread::sleep(think(probe as u64));
                file.write_all_at(&vec![probe as u8; COMMIT], (COMMIT * (probe % 64)) as u64)?;
                let from = Instant::now();
                file.sync_data()?;
                Ok(from.elapsed().as_secs_f64() * 1_000.0)
            })
            .collect()
    })();
    let _ = std::fs::remove_file(&path);
    let mut times = result.unwrap_or_else(|error| panic!("the disk cannot be probed: {error}"));
    times.sort_by(f64::total_cmp);
    (quantile(&times, 0.5), quantile(&times, 0.99))
}

/// What the machine takes of it whatever we do: a thread that waits for a byte, one that waits for it, and one that
/// waits for that one, each of which reads 256 KiB of its own. Median and 99th percentile in milliseconds.
fn machine(probes: usize, think: impl Fn(u64) -> Duration) -> (f64, f64) {
    let (first, mut next) = channel::<()>();
    for _ in 0..3 {
        let (sender, receiver) = channel::<()>();
        let waits = std::mem::replace(&mut next, receiver);
        let own = vec![1_u8; 256 * 1024];
        std::thread::spawn(move || {
            while waits.recv().is_ok() {
                let sum: usize = own.iter().step_by(64).map(|&byte| usize::from(byte)).sum();
                if std::hint::black_box(sum) == 0 || sender.send(()).is_err() {
                    return;
                }
            }
        });
    }
    let mut times: Vec<f64> = (0..probes)
        .map(|probe| {
            std::thread::sleep(think(probe as u64));
            let from = Instant::now();
            assert!(first.send(()).is_ok() && next.recv().is_ok(), "a thread ended");
            from.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (quantile(&times, 0.5), quantile(&times, 0.99))
}

/// Bytes of the log that a save with the next claim writes, about.
const COMMIT: usize = 64 * 1024;

/// What is made durable between the two, counted in a shorter run with a library that watches.
fn commits(table: &mut Table, state: &Path) {
    let exchange = callees(50);
    let mut daemon =
        leads::daemon(leads::setup(Account::new("main", exchange.address()).unregistered()), state);
    let log = daemon.path("points");
    let mut environment = boundary::environment(0, &log);
    environment.push(("BOUNDARY_WIRE".to_owned(), "1".into()));
    daemon.set_environment(environment);
    daemon.start();
    // Until nothing of the last call is still on its way to the disk.
    work(&daemon, COUNTED, |_| Duration::from_millis(400), None);
    daemon.stop();
    let points = boundary::points(&log);
    let mut counts = BTreeSet::new();
    let mut stages: [Vec<f64>; 4] = Default::default();
    for (at, _) in points.iter().enumerate().filter(|(_, point)| point.what == "save") {
        let window = &points[at..];
        let Some(end) = window.iter().position(|point| point.what == "invite") else { continue };
        let count = |what: &str| window[..end].iter().filter(|point| point.what == what).count();
        let others = window[..end]
            .iter()
            .filter(|point| point.what == "sync" && !point.file.ends_with("-wal"))
            .count();
        counts.insert((count("begin"), count("synced"), others));
        let time =
            |what: &str| window[..=end].iter().find(|point| point.what == what).map(|point| point.at_us);
        let marks = ["save", "begin", "sync", "synced", "invite"].map(|what| time(what).unwrap_or_default());
        for (stage, pair) in stages.iter_mut().zip(marks.windows(2)) {
            stage.push(pair[1].saturating_sub(pair[0]) as f64 / 1_000.0);
        }
    }
    let shown: Vec<String> =
        counts.iter().map(|(c, s, o)| format!("{c} commit, {s} fsync, {o} elsewhere")).collect();
    let met = counts.len() == 1 && counts.contains(&(1, 1, 0));
    let names = ["command, claim, checks", "writing the log", "fsync", "INVITE"];
    for (name, mut times) in names.into_iter().zip(stages) {
        times.sort_by(f64::total_cmp);
        let (middle, most) = (quantile(&times, 0.5), quantile(&times, 0.95));
        let what = format!("… of it {name}, {COUNTED} watched calls: p50, p95");
        table.note(&what, format!("{middle:.2} ms, {most:.2} ms"));
    }
    table.exactly(
        &format!("… between the two, {COUNTED} calls"),
        shown.join(" or "),
        "1 commit, 1 fsync",
        met,
    );
}

const COUNTED: usize = 60;

/// A real SIP peer whose callees hang up so many milliseconds after they answered.
pub(crate) fn callees(talk_ms: u32) -> Sipp {
    let now = "<pause milliseconds=\"200\"/>";
    Scenario::server("exchange")
        .edit("timeout=\"1000\"", &format!("timeout=\"{talk_ms}\""))
        .edit(now, "")
        .start()
}

/// Calls the list down; milliseconds from each save to its INVITE, as a relay saw it.
fn work(
    daemon: &Daemon,
    calls: usize,
    think: impl Fn(u64) -> Duration,
    invites: Option<&Mutex<Receiver<SystemTime>>>,
) -> Vec<f64> {
    let mut operator = Operator::begin(&daemon.socket(), None, "leads");
    let next = || {
        let receiver = invites?.lock().ok()?;
        receiver.recv_timeout(LIMIT).ok()
    };
    let mut times = Vec::new();
    next();
    for call in 0..calls {
        operator.wait_state("wrap_up");
        std::thread::sleep(think(call as u64));
        let (from, id) = operator.send_save(&format!("call {call}"), "dial");
        if invites.is_some() {
            let Some(at) = next() else { panic!("no INVITE followed save {call}: {}", daemon.log()) };
            times.push(at.duration_since(from).unwrap_or_default().as_secs_f64() * 1_000.0);
        }
        operator.answer(id);
    }
    times
}

/// Two sockets between the daemon and sipp that note when the kernel was given an INVITE.
struct Relay {
    address: SocketAddr,
    invites: Mutex<Receiver<SystemTime>>,
}

impl Relay {
    fn start(exchange: SocketAddr) -> Self {
        let bind = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("{error}"));
            Arc::new(socket)
        };
        let (front, back) = (bind(), bind());
        let stamped = setsockopt(&front, sockopt::ReceiveTimestampns, &true);
        stamped.unwrap_or_else(|error| panic!("no times of arrival: {error}"));
        let address = front.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let daemon = Arc::new(Mutex::new(None::<SocketAddr>));
        let (sender, invites) = channel();
        let (f, b, d) = (Arc::clone(&front), Arc::clone(&back), Arc::clone(&daemon));
        // Both end with the process.
        std::thread::spawn(move || outwards(&f, &b, exchange, &d, &sender));
        std::thread::spawn(move || inwards(&back, &front, &daemon));
        Self { address, invites: Mutex::new(invites) }
    }
}

fn outwards(
    front: &UdpSocket,
    back: &UdpSocket,
    exchange: SocketAddr,
    daemon: &Mutex<Option<SocketAddr>>,
    invites: &Sender<SystemTime>,
) {
    let (mut packet, mut control) = ([0; 65_536], nix::cmsg_space!(TimeSpec));
    let mut last = Vec::new();
    loop {
        let mut parts = [IoSliceMut::new(&mut packet)];
        let space = Some(control.as_mut_slice());
        let Ok(message) = recvmsg::<SockaddrIn>(front.as_raw_fd(), &mut parts, space, MsgFlags::empty())
        else {
            continue;
        };
        let stamp = message.cmsgs().ok().and_then(|mut list| {
            list.find_map(|control| match control {
                ControlMessageOwned::ScmTimestampns(time) => {
                    Some(SystemTime::UNIX_EPOCH + Duration::from(time))
                }
                _ => None,
            })
        });
        let Some(from) = message.address.map(|from| SocketAddr::from((from.ip(), from.port()))) else {
            continue;
        };
        // Over loopback the moment of `sendto`, not that at which this thread had its turn.
        let at = stamp.unwrap_or_else(SystemTime::now);
        let length = message.bytes;
        let bytes = &packet[..length];
        // A retransmission is the same bytes.
        if bytes.starts_with(b"INVITE ") && bytes != last {
            last = bytes.to_vec();
            let _ = invites.send(at);
        }
        if let Ok(mut daemon) = daemon.lock() {
            *daemon = Some(from);
        }
        let _ = back.send_to(bytes, exchange);
    }
}

fn inwards(back: &UdpSocket, front: &UdpSocket, daemon: &Mutex<Option<SocketAddr>>) {
    let mut packet = [0; 65_536];
    while let Ok((length, _)) = back.recv_from(&mut packet) {
        let to = daemon.lock().ok().and_then(|daemon| *daemon);
        if let Some(to) = to {
            let _ = front.send_to(&packet[..length], to);
        }
    }
}
