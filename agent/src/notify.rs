//! `sd_notify(3)` without a library: datagrams to the socket in `NOTIFY_SOCKET`.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The service manager's socket; does nothing when there is none.
#[derive(Debug)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    #[must_use]
    pub fn from_env() -> Self {
        let socket = std::env::var("NOTIFY_SOCKET").ok().and_then(|path| {
            let address = match path.strip_prefix('@') {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(path),
            };
            Some((UnixDatagram::unbound().ok()?, address.ok()?))
        });
        let ours = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let watchdog = std::env::var("WATCHDOG_USEC")
            .ok()
            .filter(|_| ours)
            .and_then(|us| us.parse().ok())
            .map(Duration::from_micros);
        Self { socket, watchdog }
    }

    /// Tells a socket of a test.
    #[cfg(test)]
    pub(crate) fn to(path: &std::path::Path) -> Self {
        let address = SocketAddr::from_pathname(path).expect("a short path");
        Self { socket: Some((UnixDatagram::unbound().expect("a socket"), address)), watchdog: None }
    }

    /// Half of the watchdog period, the interval at which to ping; `None` without a watchdog.
    #[must_use]
    pub fn ping_interval(&self) -> Option<Duration> {
        self.watchdog.map(|period| period / 2)
    }

    /// The daemon is up: socket open, database open.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, line: &str) {
        self.send(&format!("STATUS={}", line.replace('\n', " ")));
    }

    /// The start goes on and may take so much longer, counted from now.
    pub fn extend_start(&self, by: Duration) {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", by.as_micros()));
    }

    /// All parts answered.
    pub fn watchdog(&self) {
        self.send("WATCHDOG=1");
    }

    /// Orderly shutdown has begun.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(message.as_bytes(), address)
        {
            tracing::debug!(%error, "service manager not reached");
        }
    }
}
