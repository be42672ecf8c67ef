//! INVITE server transaction: RFC 3261 17.2.1 as amended by RFC 6026 7.1.
//!
//! ```text
//! Proceeding --2xx--> Accepted --L--> gone
//!     |--300-699--> Completed --ACK--> Confirmed --I--> gone
//!                       |--H--> AckTimeout to the user
//! ```

use std::time::Duration;

use super::TransactionEvent;
use super::step::{Fate, Step};
use super::timers::Timer;
use crate::message::{Request, Response};
use crate::transport::Flow;

#[derive(Debug)]
enum State {
    Proceeding { last: Option<Vec<u8>> },
    Accepted,
    Completed { bytes: Vec<u8>, interval: Duration },
    Confirmed,
}

#[derive(Debug)]
pub(crate) struct InviteServer {
    state: State,
    // Until the final answer; a repetition is known by its key.
    request: Option<Request>,
    flow: Flow,
}

impl InviteServer {
    /// The timers that this machine sets.
    pub(crate) const TIMERS: [Timer; 4] = [Timer::G, Timer::H, Timer::I, Timer::L];

    pub(crate) fn start(request: Request, flow: Flow) -> Self {
        Self { state: State::Proceeding { last: None }, request: Some(request), flow }
    }

    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// The request, as long as it has no final answer.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted)
    }

    pub(crate) fn respond(&mut self, response: &Response, step: &mut Step<'_>) -> Fate {
        let bytes = response.to_bytes();
        match (&self.state, response.code) {
            (State::Proceeding { .. }, 100..=199) => {
                step.send(self.flow, bytes.clone());
                self.state = State::Proceeding { last: Some(bytes) };
            }
            (State::Proceeding { .. }, 200..=299) => {
                step.send(self.flow, bytes);
                step.start(Timer::L, self.flow.transport);
                self.state = State::Accepted;
                self.request = None;
            }
            (State::Proceeding { .. }, _) => {
                step.send(self.flow, bytes.clone());
                let interval = step.duration(Timer::G, self.flow.transport);
                if !self.flow.transport.is_reliable() {
                    step.set(Timer::G, interval);
                }
                step.start(Timer::H, self.flow.transport);
                self.state = State::Completed { bytes, interval };
                self.request = None;
            }
            // The user core repeats its 2xx until the ACK comes (13.3.1.4); the transaction only passes it on.
            (State::Accepted, 200..=299) => {
                *step.retransmissions += 1;
                step.send(self.flow, bytes);
            }
            (State::Accepted | State::Completed { .. } | State::Confirmed, _) => {}
        }
        Fate::Alive
    }

    /// The same INVITE again.
    pub(crate) fn on_retransmission(&self, step: &mut Step<'_>) {
        match &self.state {
            State::Proceeding { last: Some(bytes) } | State::Completed { bytes, .. } => {
                *step.retransmissions += 1;
                step.send(self.flow, bytes.clone());
            }
            State::Proceeding { last: None } | State::Accepted | State::Confirmed => {}
        }
    }

    /// The ACK of a non-2xx final; the ACK of a 2xx matches a dialog, not a transaction.
    pub(crate) fn on_ack(&mut self, step: &mut Step<'_>) -> Fate {
        match self.state {
            State::Completed { .. } => {
                step.stop(Timer::G);
                step.stop(Timer::H);
                self.state = State::Confirmed;
                step.start_or_end(Timer::I, self.flow.transport)
            }
            State::Proceeding { .. } | State::Accepted | State::Confirmed => Fate::Alive,
        }
    }

    pub(crate) fn on_timer(&mut self, timer: Timer, step: &mut Step<'_>) -> Fate {
        match (timer, &mut self.state) {
            (Timer::G, State::Completed { bytes, interval }) => {
                *interval = step.timers.back_off(*interval);
                step.set(Timer::G, *interval);
                *step.retransmissions += 1;
                let bytes = bytes.clone();
                step.send(self.flow, bytes);
                Fate::Alive
            }
            (Timer::H, State::Completed { .. }) => {
                step.emit(TransactionEvent::AckTimeout);
                Fate::Terminated
            }
            (Timer::I, State::Confirmed) | (Timer::L, State::Accepted) => Fate::Terminated,
            _ => Fate::Alive,
        }
    }
}
