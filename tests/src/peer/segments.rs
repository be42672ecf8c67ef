//! A wire that cuts TCP otherwise than its ends do: several messages in one segment, or one message in many.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::wait;

/// How the bytes towards the client are cut; those towards the target pass as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Everything that comes within this time of its first byte leaves in one piece.
    Together(Duration),
    /// Pieces of so many bytes, a millisecond apart.
    Pieces(usize),
}

/// A relay between TCP clients and one target; it ends when dropped.
#[derive(Debug)]
pub struct Segments {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl Segments {
    /// Relays to `target`. `to_client` cuts what the target says, `to_target` what the client says.
    ///
    /// # Panics
    /// When no port can be opened.
    pub fn start(target: SocketAddr, to_client: Option<Cut>, to_target: Option<Cut>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port is free");
        listener.set_nonblocking(true).expect("a listener can be polled");
        let address = listener.local_addr().expect("it is bound");
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let (flag, shared) = (stop.clone(), counts.clone());
        let thread = named(move || {
            let mut pumps = Vec::new();
            while !flag.load(Ordering::Relaxed) {
                if let Ok((client, _)) = listener.accept()
                    && let Ok(server) = TcpStream::connect(target)
                {
                    for (from, to, cut) in [(&server, &client, to_client), (&client, &server, to_target)] {
                        let twins = (from.try_clone(), to.try_clone());
                        let (Ok(from), Ok(to)) = twins else { continue };
                        let (flag, shared) = (flag.clone(), shared.clone());
                        pumps.push(named(move || pump(&from, &to, cut, &flag, &shared)));
                    }
                }
                wait::pass(TICK);
            }
            for pump in pumps {
                let _ = pump.join();
            }
        });
        Self { address, stop, counts, listener: Some(thread) }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many pieces came in a direction that is cut, and how many left.
    pub fn counts(&self) -> (usize, usize) {
        (self.counts.reads.load(Ordering::Relaxed), self.counts.writes.load(Ordering::Relaxed))
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.listener.take() {
            let _ = thread.join();
        }
    }
}

fn named(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new().name("segments".to_owned()).spawn(work).expect("a thread can be started")
}

fn pump(from: &TcpStream, to: &TcpStream, cut: Option<Cut>, stop: &AtomicBool, counts: &Counts) {
    let ready = from.set_read_timeout(Some(TICK)).and_then(|()| to.set_nodelay(true));
    let (mut from, mut to) = (from, to);
    let mut buffer = vec![0; 65_536];
    while ready.is_ok() && !stop.load(Ordering::Relaxed) {
        let mut length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        let mut pieces = (1, 1);
        let sent = match cut {
            None => to.write_all(&buffer[..length]),
            Some(Cut::Together(time)) => {
                let mut more = |buffer: &mut [u8]| from.read(buffer).ok().filter(|length| *length > 0);
                let _: Option<()> = wait::within(time, || {
                    if let Some(more) = buffer.get_mut(length..).and_then(&mut more) {
                        length += more;
                        pieces.0 += 1;
                    }
                    None
                });
                to.write_all(&buffer[..length])
            }
            Some(Cut::Pieces(size)) => {
                pieces.1 = length.div_ceil(size);
                buffer[..length].chunks(size).try_for_each(|piece| {
                    wait::pass(Duration::from_millis(1));
                    to.write_all(piece)
                })
            }
        };
        if cut.is_some() {
            counts.reads.fetch_add(pieces.0, Ordering::Relaxed);
            counts.writes.fetch_add(pieces.1, Ordering::Relaxed);
        }
        if sent.is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// How soon a pump sees that it is to end.
const TICK: Duration = Duration::from_millis(20);
