//! Non-INVITE server transaction: RFC 3261 17.2.2.
//!
//! ```text
//! Trying --1xx--> Proceeding --final--> Completed --J--> gone
//! ```

use super::step::{Fate, Step};
use super::timers::Timer;
use crate::message::{Request, Response};
use crate::transport::Flow;

#[derive(Debug)]
enum State {
    Trying,
    Proceeding { bytes: Vec<u8> },
    Completed { bytes: Vec<u8> },
}

#[derive(Debug)]
pub(crate) struct NonInviteServer {
    state: State,
    // Until the final answer; a repetition is known by its key.
    request: Option<Request>,
    flow: Flow,
}

impl NonInviteServer {
    /// The timers that this machine sets.
    pub(crate) const TIMERS: [Timer; 1] = [Timer::J];

    pub(crate) fn start(request: Request, flow: Flow) -> Self {
        Self { state: State::Trying, request: Some(request), flow }
    }

    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// The request, as long as it has no final answer.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    pub(crate) fn respond(&mut self, response: &Response, step: &mut Step<'_>) -> Fate {
        let bytes = response.to_bytes();
        match (&self.state, response.code) {
            (State::Trying | State::Proceeding { .. }, 100..=199) => {
                step.send(self.flow, bytes.clone());
                self.state = State::Proceeding { bytes };
                Fate::Alive
            }
            (State::Trying | State::Proceeding { .. }, _) => {
                step.send(self.flow, bytes.clone());
                self.state = State::Completed { bytes };
                self.request = None;
                step.start_or_end(Timer::J, self.flow.transport)
            }
            (State::Completed { .. }, _) => Fate::Alive,
        }
    }

    /// The same request again.
    pub(crate) fn on_retransmission(&self, step: &mut Step<'_>) {
        match &self.state {
            State::Proceeding { bytes } | State::Completed { bytes } => {
                *step.retransmissions += 1;
                step.send(self.flow, bytes.clone());
            }
            State::Trying => {}
        }
    }

    pub(crate) fn on_timer(&mut self, timer: Timer) -> Fate {
        match (timer, &self.state) {
            (Timer::J, State::Completed { .. }) => Fate::Terminated,
            _ => Fate::Alive,
        }
    }
}
