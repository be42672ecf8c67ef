//! An operator who calls a list down and hangs up nothing: what benchmarks watch.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Control;

/// How long a call may take to come to where it should be; under callgrind it takes seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// A seat's operator at the control socket. Whatever is refused is a panic.
#[derive(Debug)]
pub struct Operator {
    control: Control,
    /// `None` where there is only one.
    seat: Option<String>,
}

impl Operator {
    /// Begins to call the list down.
    ///
    /// # Panics
    /// When nobody listens on the socket, or the list is not dialed.
    pub fn begin(socket: &Path, seat: Option<&str>, list: &str) -> Self {
        let control = Control::connect(socket).unwrap_or_else(|error| panic!("{error}"));
        let mut operator = Self { control, seat: seat.map(str::to_owned) };
        operator.call("events.subscribe", &json!({}));
        operator.call("dial.start", &json!({ "seat": seat, "list": list }));
        operator
    }

    /// Waits until the seat is `in_call`, or in `wrap_up`; what it was before is dropped.
    ///
    /// # Panics
    /// When it is not within a minute.
    pub fn wait_state(&mut self, state: &str) {
        let Self { control, seat } = self;
        control.wait_event(state, LIMIT, |event| {
            let event = &event["params"];
            let ours = seat.as_ref().is_none_or(|seat| event["seat"] == **seat);
            ours && event["kind"] == "seat.changed" && event["state"] == state
        });
    }

    /// Sends a save, `next` being `dial`, `skip` or `stay`: the moment before it leaves, and what to wait for.
    ///
    /// # Panics
    /// When the connection is gone.
    pub fn send_save(&mut self, memo: &str, next: &str) -> (SystemTime, u64) {
        let words = json!({ "seat": self.seat, "status": "prospect", "memo": memo, "next": next });
        #[expect(clippy::disallowed_methods, reason = "benchmarks compare it with what the kernel stamps")]
        let from = SystemTime::now();
        (from, self.control.send("call.save", &words))
    }

    /// Waits for the answer to what was sent.
    ///
    /// # Panics
    /// When it is a refusal, or none comes.
    pub fn answer(&mut self, id: u64) {
        self.control.answer(id).unwrap_or_else(|refused| panic!("{refused:?}"));
    }

    /// Saves and waits for the answer.
    ///
    /// # Panics
    /// When it is refused.
    pub fn save(&mut self, memo: &str, next: &str) {
        let (_, id) = self.send_save(memo, next);
        self.answer(id);
    }

    /// Ends the call.
    ///
    /// # Panics
    /// When there is none.
    pub fn hang_up(&mut self) {
        self.call("call.hangup", &json!({ "seat": self.seat }));
    }

    fn call(&mut self, method: &str, params: &Value) {
        self.control.call(method, params).unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
    }
}
