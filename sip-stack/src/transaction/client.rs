//! Non-INVITE client transaction: RFC 3261 17.1.2.
//!
//! ```text
//! Trying --1xx--> Proceeding --final--> Completed --K--> gone
//!    |----------------|--F--> Timeout to the user
//! ```

use std::time::Duration;

use super::TransactionEvent;
use super::step::{Fate, Step};
use super::timers::Timer;
use crate::message::{Request, Response};
use crate::transport::Flow;

#[derive(Debug)]
enum State {
    Trying { interval: Duration },
    Proceeding,
    Completed,
}

#[derive(Debug)]
pub(crate) struct NonInviteClient {
    state: State,
    request: Request,
    bytes: Vec<u8>,
    flow: Flow,
}

impl NonInviteClient {
    /// The timers that this machine sets.
    pub(crate) const TIMERS: [Timer; 3] = [Timer::E, Timer::F, Timer::K];

    pub(crate) fn start(request: Request, flow: Flow, step: &mut Step<'_>) -> Self {
        let bytes = request.to_bytes();
        step.send(flow, bytes.clone());
        let interval = step.duration(Timer::E, flow.transport);
        if !flow.transport.is_reliable() {
            step.set(Timer::E, interval);
        }
        step.start(Timer::F, flow.transport);
        Self { state: State::Trying { interval }, request, bytes, flow }
    }

    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn awaits_final(&self) -> bool {
        matches!(self.state, State::Trying { .. } | State::Proceeding)
    }

    pub(crate) fn on_response(&mut self, response: Response, step: &mut Step<'_>) -> Fate {
        match (&self.state, response.code) {
            (State::Trying { .. } | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                step.emit(TransactionEvent::Response { id: step.id, response });
                Fate::Alive
            }
            (State::Trying { .. } | State::Proceeding, _) => {
                step.stop(Timer::E);
                step.stop(Timer::F);
                self.state = State::Completed;
                step.emit(TransactionEvent::Response { id: step.id, response });
                step.start_or_end(Timer::K, self.flow.transport)
            }
            (State::Completed, _) => Fate::Alive,
        }
    }

    pub(crate) fn on_timer(&mut self, timer: Timer, step: &mut Step<'_>) -> Fate {
        match (timer, &mut self.state) {
            (Timer::E, State::Trying { interval }) => {
                *interval = step.timers.back_off(*interval);
                step.set(Timer::E, *interval);
                *step.retransmissions += 1;
                step.send(self.flow, self.bytes.clone());
                Fate::Alive
            }
            (Timer::E, State::Proceeding) => {
                step.set(Timer::E, step.timers.t2);
                *step.retransmissions += 1;
                step.send(self.flow, self.bytes.clone());
                Fate::Alive
            }
            (Timer::F, State::Trying { .. } | State::Proceeding) => {
                step.emit(TransactionEvent::Timeout { id: step.id });
                Fate::Terminated
            }
            (Timer::K, State::Completed) => Fate::Terminated,
            _ => Fate::Alive,
        }
    }

    pub(crate) fn on_transport_failure(&mut self, step: &mut Step<'_>) -> Fate {
        match self.state {
            State::Trying { .. } | State::Proceeding => {
                step.emit(TransactionEvent::TransportFailed { id: step.id });
                Fate::Terminated
            }
            State::Completed => Fate::Alive,
        }
    }
}
