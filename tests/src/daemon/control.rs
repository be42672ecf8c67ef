//! A client of the control socket: newline-delimited JSON-RPC 2.0, requests and events on one connection.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wait;

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

/// A connection to the daemon.
#[derive(Debug)]
pub struct Control {
    stream: UnixStream,
    buffer: Vec<u8>,
    events: VecDeque<Value>,
    next_id: u64,
}

impl Control {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        Ok(Self { stream, buffer: Vec::new(), events: VecDeque::new(), next_id: 1 })
    }

    /// Sends a request and waits for its answer; events that come meanwhile are kept for [`event`](Self::event).
    ///
    /// # Errors
    /// When the daemon refuses, with its stable code.
    ///
    /// # Panics
    /// When it does not answer within a minute.
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value, Refused> {
        let id = self.send(method, params);
        let answer =
            wait::within(ANSWER, || self.receive().filter(|message| message.get("id") == Some(&id.into())));
        let mut answer = answer.unwrap_or_else(|| panic!("no answer to {method} within {ANSWER:?}"));
        if let Some(error) = answer.get("error") {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
            let code = text(error.pointer("/data/code"));
            return Err(Refused { code, message: text(error.get("message")) });
        }
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    /// Sends a request without waiting, and returns its id: for tests that kill the daemon at this moment.
    ///
    /// # Panics
    /// When the connection is gone.
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
    pub fn send_raw(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("the control connection stands");
    }

    /// Begins to receive events; from `seq` on, what is still kept is sent again.
    ///
    /// # Errors
    /// When the daemon refuses, for example with `E-EVENTS-GONE`.
    pub fn subscribe(&mut self, from: Option<u64>) -> Result<Value, Refused> {
        let params = from.map_or_else(|| json!({}), |seq| json!({ "since": seq }));
        self.call("events.subscribe", &params)
    }

    /// The next event, or nothing within `limit`.
    pub fn event(&mut self, limit: Duration) -> Option<Value> {
        wait::within(limit, || {
            self.receive();
            self.events.pop_front()
        })
    }

    /// Waits for an event as wanted; those before it are dropped.
    ///
    /// # Panics
    /// When `limit` is over; the message shows the events that came.
    #[track_caller]
    pub fn wait_event(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut passed = Vec::new();
        let found = wait::within(limit, || {
            self.receive();
            while let Some(event) = self.events.pop_front() {
                if wanted(&event) {
                    return Some(event);
                }
                passed.push(event.to_string());
            }
            None
        });
        found.unwrap_or_else(|| panic!("no {what} within {limit:?}; the events were:\n{}", passed.join("\n")))
    }

    /// Reads what is there; returns an answer, puts an event aside.
    fn receive(&mut self) -> Option<Value> {
        if let Some(line) = self.line() {
            let message: Value =
                serde_json::from_str(&line).unwrap_or_else(|e| panic!("no JSON ({e}): {line}"));
            if message.get("id").is_some_and(|id| !id.is_null()) {
                return Some(message);
            }
            self.events.push_back(message);
        }
        None
    }

    fn line(&mut self) -> Option<String> {
        if !self.buffer.contains(&b'\n') {
            let mut chunk = [0; 65_536];
            // A time-out is "nothing yet"; so is the end of a killed daemon: the wait above this then ends.
            let count = self.stream.read(&mut chunk).unwrap_or(0);
            self.buffer.extend_from_slice(&chunk[..count]);
        }
        let end = self.buffer.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim().to_owned())
    }
}
