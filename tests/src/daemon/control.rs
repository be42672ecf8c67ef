//! A client of the control socket: newline-delimited JSON-RPC 2.0, requests and events on one connection.
#![expect(clippy::disallowed_methods, reason = "end-to-end tests watch other processes on the real clock")]

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an answer may take before the test fails: a commit beside a busy disk has taken 10 s.
const ANSWER: Duration = Duration::from_secs(60);

/// A request that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stable code, `E-…`.
    pub code: String,
    /// The text that goes with it.
    pub message: String,
}

/// A connection to the daemon. It waits in reads, not between them, so that benchmarks may use it too.
#[derive(Debug)]
pub struct Control {
    reader: BufReader<UnixStream>,
    /// A line as far as it has come.
    line: Vec<u8>,
    events: VecDeque<Value>,
    next_id: u64,
    _relay: Option<Relay>,
}

/// The process that is somebody else at the socket; it ends with the connection.
#[derive(Debug)]
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Control {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(socket: &Path) -> io::Result<Self> {
        Ok(Self::over(UnixStream::connect(socket)?, None))
    }

    /// Connects through a process of another Unix user, whom the kernel names to the daemon. Only root may become somebody else.
    ///
    /// # Errors
    /// When that process cannot be started.
    pub(super) fn connect_as(uid: u32, socket: &Path, folder: &Path) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut relay = super::cli::program_as(uid, socket, folder, "relay");
        relay.arg(socket).stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)));
        let child = relay.stdout(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        Ok(Self::over(ours, Some(Relay(child))))
    }

    fn over(stream: UnixStream, relay: Option<Relay>) -> Self {
        let reader = BufReader::new(stream);
        Self { reader, line: Vec::new(), events: VecDeque::new(), next_id: 1, _relay: relay }
    }

    /// Sends a request and waits for its answer; events that come meanwhile are kept for [`event`](Self::event).
    ///
    /// # Errors
    /// When the daemon refuses, with its stable code.
    ///
    /// # Panics
    /// When it does not answer within a minute.
    #[track_caller]
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, Refused> {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Sends a request without waiting, and returns its id: for tests that kill the daemon at this moment.
    ///
    /// # Panics
    /// When the connection is gone.
    #[track_caller]
    pub fn send(&mut self, method: &str, params: &Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_raw(&format!(
            "{}\n",
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
        ));
        id
    }

    /// Sends bytes as they are: for clients that misbehave.
    ///
    /// # Panics
    /// When the connection is gone.
    #[track_caller]
    pub fn send_raw(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).expect("the control connection stands");
    }

    /// Waits for the answer to what was [sent](Self::send).
    ///
    /// # Errors
    /// When the daemon refuses, with its stable code.
    ///
    /// # Panics
    /// When it does not answer within a minute.
    #[track_caller]
    pub fn answer(&mut self, id: u64) -> Result<Value, Refused> {
        let until = Instant::now() + ANSWER;
        loop {
            let Some(mut message) = self.receive(until) else {
                panic!("no answer to request {id} within {ANSWER:?}, or the daemon is gone");
            };
            if message["id"].is_null() {
                self.events.push_back(message);
            } else if message["id"] == id {
                let Some(error) = message.get("error") else { return Ok(message["result"].take()) };
                let text =
                    |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
                let code = text(error.pointer("/data/code"));
                return Err(Refused { code, message: text(error.get("message")) });
            }
        }
    }

    /// Begins to receive events; from `seq` on, what is still kept is sent again.
    ///
    /// # Errors
    /// When the daemon refuses, for example with `E-EVENTS-GONE`.
    #[track_caller]
    pub fn subscribe(&mut self, from: Option<u64>) -> Result<Value, Refused> {
        let params = from.map_or_else(|| json!({}), |seq| json!({ "since": seq }));
        self.call("events.subscribe", &params)
    }

    /// The next event, or nothing within `limit`, or where the daemon is gone.
    pub fn event(&mut self, limit: Duration) -> Option<Value> {
        self.event_until(Instant::now() + limit)
    }

    /// Waits for an event as wanted; those before it are dropped.
    ///
    /// # Panics
    /// When `limit` is over, or the daemon is gone; the message shows the events that came.
    #[track_caller]
    pub fn wait_event(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + limit;
        let mut passed = Vec::new();
        while let Some(event) = self.event_until(until) {
            if wanted(&event) {
                return event;
            }
            passed.push(event.to_string());
        }
        panic!("no {what} within {limit:?}; the events were:\n{}", passed.join("\n"))
    }

    fn event_until(&mut self, until: Instant) -> Option<Value> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let message = self.receive(until)?;
            // An answer nobody waits for is dropped.
            if message["id"].is_null() {
                return Some(message);
            }
        }
    }

    /// The next message; nothing at `until`, or where the daemon is gone.
    fn receive(&mut self, until: Instant) -> Option<Value> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() && !self.reader.buffer().contains(&b'\n') {
            return None;
        }
        // Zero would mean for ever.
        let left = left.max(Duration::from_millis(1));
        self.reader.get_ref().set_read_timeout(Some(left)).expect("a time above zero");
        // Half a line is kept when the time is over, and is no message when the daemon died in it.
        self.reader.read_until(b'\n', &mut self.line).ok().filter(|_| self.line.ends_with(b"\n"))?;
        let line = std::mem::take(&mut self.line);
        Some(serde_json::from_slice(&line).unwrap_or_else(|error| {
            panic!("no JSON ({error}): {}", String::from_utf8_lossy(&line));
        }))
    }
}
