//! Free loopback ports that parallel tests, in one process or many, never hand out twice.
//!
//! A thread, which is a test, leases blocks of ports by locking one file per block; the lock ends with the thread, or with
//! the process, however it ends.
//! Within a block ports go out in sequence, each after a trial bind, so that a stranger's socket is stepped over.
//! All blocks lie below the kernel's ephemeral range, which would otherwise give our numbers to outgoing sockets.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;

/// First port of the first block.
const FIRST: u16 = 20_000;
/// Ports per block.
const BLOCK: u16 = 200;
/// Number of blocks: up to 31 999.
const BLOCKS: u16 = 60;

struct Lease {
    next: u16,
    end: u16,
    /// Keeps the lock.
    _lock: File,
}

thread_local! {
    static LEASES: RefCell<Vec<Lease>> = const { RefCell::new(Vec::new()) };
}

/// A port on 127.0.0.1 that is free for UDP and TCP, for this thread alone.
///
/// # Panics
/// When no port is left.
pub fn free() -> u16 {
    *run(1).start()
}

/// An address on 127.0.0.1 with a [`free`] port.
pub fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free()))
}

/// `count` consecutive free ports that begin with an even one, for RTP.
///
/// # Panics
/// When no such run is left, or `count` is more than a block holds.
pub fn run(count: u16) -> RangeInclusive<u16> {
    assert!((1..=BLOCK / 2).contains(&count), "{count} ports at once");
    LEASES.with_borrow_mut(|leases| {
        loop {
            if let Some(lease) = leases.last_mut() {
                while lease.next + count + 1 < lease.end {
                    let first = lease.next + (lease.next & 1);
                    let range = first..=first + (count - 1);
                    lease.next = first + count;
                    if range.clone().all(is_free) {
                        return range;
                    }
                }
            }
            leases.push(lease());
        }
    })
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn lease() -> Lease {
    let directory = std::env::temp_dir().join("kakeru-e2e-ports");
    std::fs::create_dir_all(&directory).expect("the temporary folder is writable");
    for block in 0..BLOCKS {
        let path = directory.join(format!("{block}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if lock.try_lock().is_ok() {
            let next = FIRST + block * BLOCK;
            return Lease { next, end: next + BLOCK, _lock: lock };
        }
    }
    panic!("all {BLOCKS} blocks of test ports are taken");
}

/// Whether some process has bound this UDP port on any address, of IPv4 or IPv6, without disturbing it.
pub fn udp_bound(port: u16) -> bool {
    ["/proc/net/udp", "/proc/net/udp6"].iter().any(|table| bound(table, port, None))
}

/// Whether some process listens on this TCP port on any address, of IPv4 or IPv6.
pub fn tcp_listening(port: u16) -> bool {
    // 0A is TCP_LISTEN.
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| bound(table, port, Some("0A")))
}

/// Reads the kernel's socket table: local address is the second field, as hexadecimal `ADDRESS:PORT`.
fn bound(table: &str, port: u16, state: Option<&str>) -> bool {
    let wanted = format!(":{port:04X}");
    std::fs::read_to_string(table).is_ok_and(|text| {
        text.lines().skip(1).any(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1).is_some_and(|local| local.ends_with(&wanted));
            local && state.is_none_or(|state| fields.nth(1) == Some(state))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_distinct_and_runs_begin_even() {
        let first = free();
        let second = free();
        assert_ne!(first, second);
        let rtp = run(20);
        assert_eq!(rtp.start() % 2, 0);
        assert_eq!(rtp.count(), 20);
    }

    #[test]
    fn the_socket_table_shows_who_is_bound() {
        let port = free();
        assert!(!udp_bound(port));
        assert!(!tcp_listening(port));
        let _udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let _tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(udp_bound(port));
        assert!(tcp_listening(port));
    }
}
