//! Every UDP datagram of the machine, as a listener on the wire has it. Wants a network of its own (`unshare -rn`).

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

/// What was on the wire.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// From where.
    pub from: SocketAddrV4,
    /// Whom to.
    pub to: SocketAddrV4,
    /// What UDP carried.
    pub bytes: Vec<u8>,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Wire {
    seen: Arc<Mutex<Vec<Datagram>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Begins to listen.
    ///
    /// # Panics
    /// Without the right to, which root of a network has.
    pub fn tap() -> Self {
        let raw = socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Udp)
            .expect("root of a network may listen to it");
        setsockopt(&raw, sockopt::ReceiveTimeout, &TimeVal::new(0, 100_000)).expect("a time-out can be set");
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (sink, stopped) = (seen.clone(), stop.clone());
        let listen = move || {
            let mut buffer = [0; 65_536];
            while !stopped.load(Ordering::Relaxed) {
                match recv(raw.as_raw_fd(), &mut buffer, MsgFlags::empty()).map_err(io::Error::from) {
                    Ok(length) => {
                        sink.lock().expect("nobody panics with it").extend(datagram(&buffer[..length]))
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => panic!("the wire: {error}"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("wire".to_owned()).spawn(listen).expect("a thread");
        Self { seen, stop, thread: Some(thread) }
    }

    /// What was seen since the last time.
    ///
    /// # Panics
    /// When the listening thread has.
    pub fn take(&self) -> Vec<Datagram> {
        std::mem::take(&mut *self.seen.lock().expect("nobody panics with it"))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The payloads of RTP packets of that type (RFC 3550 5.1), one after another: of a direction by its source port.
pub fn rtp_payload(datagrams: &[Datagram], payload_type: u8) -> std::collections::BTreeMap<u16, Vec<u8>> {
    let mut streams = std::collections::BTreeMap::<u16, Vec<u8>>::new();
    for Datagram { from, bytes, .. } in datagrams {
        if bytes.len() > 100 && bytes[0] == 0x80 && bytes[1] & 0x7F == payload_type {
            // Without the longest tag.
            streams.entry(from.port()).or_default().extend(&bytes[12..bytes.len() - 16]);
        }
    }
    streams
}

/// Shannon's entropy in bits per byte: 8 for noise, far less for a voice or a tone.
pub fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let share = |count: &u32| f64::from(*count) / bytes.len() as f64;
    counts.iter().filter(|count| **count > 0).map(share).map(|p| -p * p.log2()).sum()
}

fn datagram(packet: &[u8]) -> Option<Datagram> {
    let header = usize::from(packet.first()? & 0x0F) * 4;
    let (ip, udp) = packet.split_at_checked(header)?;
    let address = |at: usize| <[u8; 4]>::try_from(ip.get(at..at + 4)?).ok();
    let port = |at: usize| Some(u16::from_be_bytes([*udp.get(at)?, *udp.get(at + 1)?]));
    Some(Datagram {
        from: SocketAddrV4::new(address(12)?.into(), port(0)?),
        to: SocketAddrV4::new(address(16)?.into(), port(2)?),
        bytes: udp.get(8..)?.to_vec(),
    })
}
