//! INVITE client transaction: RFC 3261 17.1.1 as amended by RFC 6026 7.2.
//!
//! ```text
//! Calling --1xx--> Proceeding --2xx--> Accepted --M--> gone
//!    |                 |----300-699--> Completed --D--> gone
//!    |--B--> Timeout     |--C--> Timeout to the user
//! ```

use std::time::Duration;

use super::TransactionEvent;
use super::build::{ack_for_final, cancel_for};
use super::step::{Fate, Step};
use super::timers::Timer;
use crate::message::{Headers, Request, Response};
use crate::transport::Flow;

#[derive(Debug)]
enum State {
    Calling { interval: Duration },
    Proceeding,
    Accepted,
    Completed { ack: Vec<u8> },
}

#[derive(Debug)]
pub(crate) struct InviteClient {
    state: State,
    request: Request,
    bytes: Vec<u8>,
    flow: Flow,
}

impl InviteClient {
    /// The timers that this machine sets.
    pub(crate) const TIMERS: [Timer; 5] = [Timer::A, Timer::B, Timer::C, Timer::D, Timer::M];

    pub(crate) fn start(request: Request, flow: Flow, step: &mut Step<'_>) -> Self {
        let bytes = request.to_bytes();
        step.send(flow, bytes.clone());
        let interval = step.duration(Timer::A, flow.transport);
        if !flow.transport.is_reliable() {
            step.set(Timer::A, interval);
        }
        step.start(Timer::B, flow.transport);
        Self { state: State::Calling { interval }, request, bytes, flow }
    }

    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    pub(crate) fn awaits_final(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding)
    }

    /// True between the first provisional and the final response: when a CANCEL may be sent (9.1).
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding)
    }

    /// The CANCEL of this INVITE (9.1). It runs in a non-INVITE transaction of its own with the same branch.
    pub(crate) fn cancel(&self, reason: &Headers) -> Request {
        cancel_for(&self.request, reason)
    }

    pub(crate) fn on_response(&mut self, response: Response, step: &mut Step<'_>) -> Fate {
        match (&self.state, response.code) {
            (State::Calling { .. } | State::Proceeding, 100..=199) => {
                step.stop(Timer::A);
                step.stop(Timer::B);
                // 17.1.1.2 lets a peer that only ever sends 1xx hold the transaction for good. The limit of a proxy
                // (16.6) bounds it here too, and is longer than any ringing of ours with its CANCEL.
                if !matches!(self.state, State::Proceeding) {
                    step.start(Timer::C, self.flow.transport);
                }
                self.state = State::Proceeding;
                step.emit(TransactionEvent::Response { id: step.id, response });
            }
            (State::Calling { .. } | State::Proceeding, 200..=299) => {
                step.stop(Timer::A);
                step.stop(Timer::B);
                step.stop(Timer::C);
                step.start(Timer::M, self.flow.transport);
                self.state = State::Accepted;
                step.emit(TransactionEvent::Response { id: step.id, response });
            }
            (State::Calling { .. } | State::Proceeding, _) => {
                step.stop(Timer::A);
                step.stop(Timer::B);
                step.stop(Timer::C);
                let ack = ack_for_final(&self.request, &response).to_bytes();
                step.send(self.flow, ack.clone());
                self.state = State::Completed { ack };
                step.emit(TransactionEvent::Response { id: step.id, response });
                return step.start_or_end(Timer::D, self.flow.transport);
            }
            // Every 2xx is the user's: a retransmission repeats the ACK, a fork gets ACK and BYE (13.2.2.4).
            (State::Accepted, 200..=299) => {
                step.emit(TransactionEvent::Response { id: step.id, response });
            }
            (State::Completed { ack }, 300..=699) => {
                *step.retransmissions += 1;
                step.send(self.flow, ack.clone());
            }
            (State::Accepted | State::Completed { .. }, _) => {}
        }
        Fate::Alive
    }

    pub(crate) fn on_timer(&mut self, timer: Timer, step: &mut Step<'_>) -> Fate {
        match (timer, &mut self.state) {
            (Timer::A, State::Calling { interval }) => {
                *interval *= 2;
                step.set(Timer::A, *interval);
                *step.retransmissions += 1;
                step.send(self.flow, self.bytes.clone());
                Fate::Alive
            }
            (Timer::B, State::Calling { .. }) | (Timer::C, State::Proceeding) => {
                step.emit(TransactionEvent::Timeout { id: step.id });
                Fate::Terminated
            }
            (Timer::D, State::Completed { .. }) | (Timer::M, State::Accepted) => Fate::Terminated,
            _ => Fate::Alive,
        }
    }

    /// The transport could not deliver. Once a response came, the peer may still answer over a new connection.
    pub(crate) fn on_transport_failure(&mut self, step: &mut Step<'_>) -> Fate {
        match self.state {
            State::Calling { .. } => {
                step.emit(TransactionEvent::TransportFailed { id: step.id });
                Fate::Terminated
            }
            State::Proceeding | State::Accepted | State::Completed { .. } => Fate::Alive,
        }
    }
}
