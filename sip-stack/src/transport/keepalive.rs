//! Keeping one flow alive and noticing its death (RFC 5626 3.5, 4.4), without I/O.
//!
//! ```text
//!            interval over: ping                answered
//!   Resting ----------------------> Waiting ----------------> Resting
//!      ^                              |  no answer
//!      |  no answer, none owed        +-------------> Dead, where the peer is known to answer
//!      +------------------------------+
//! ```

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::stun;
use super::{Flow, TransportKind};

/// How an account keeps the way to its exchange open while it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepAlive {
    /// What is sent.
    pub method: KeepAliveMethod,
    /// The longest time between two; a fifth of it is drawn by lot. `None`: what the exchange asks for by
    /// `Flow-Timer`, else 24–29 s over UDP and 95–120 s over TCP and TLS (RFC 5626 4.4).
    pub interval: Option<Duration>,
}

/// What keeps a flow alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepAliveMethod {
    /// Over UDP, STUN where the registrar supports RFC 5626 and empty lines elsewhere; over TCP and TLS, empty lines.
    /// Nothing towards loopback.
    #[default]
    Auto,
    /// Nothing.
    Off,
    /// Empty lines (over TCP and TLS, RFC 5626 3.5.1).
    Crlf,
    /// STUN binding requests over UDP (RFC 5626 3.5.2); over TCP and TLS as `Crlf`.
    Stun,
}

/// What holds for one flow, from the policy and from what its registrar said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    stun: bool,
    /// The peer has promised to answer: silence is death.
    promised: bool,
    shortest: Duration,
    longest: Duration,
}

impl Terms {
    /// `None` where nothing is to be sent. `outbound`: the registrar does RFC 5626.
    pub(crate) fn of(
        policy: KeepAlive,
        flow: Flow,
        outbound: bool,
        flow_timer: Option<Duration>,
    ) -> Option<Self> {
        let stream = flow.transport.is_reliable();
        let outbound = outbound || flow_timer.is_some();
        let stun = match policy.method {
            KeepAliveMethod::Off => return None,
            KeepAliveMethod::Auto if flow.peer.ip().is_loopback() => return None,
            KeepAliveMethod::Auto => !stream && outbound,
            KeepAliveMethod::Crlf => false,
            KeepAliveMethod::Stun => !stream,
        };
        let asked = policy.interval.or(flow_timer).map(|time| time.clamp(LEAST_INTERVAL, MOST_INTERVAL));
        let (shortest, longest) = match asked {
            Some(time) => (time * 4 / 5, time),
            None if stream => (STREAM_INTERVAL.0, STREAM_INTERVAL.1),
            None => (DATAGRAM_INTERVAL.0, DATAGRAM_INTERVAL.1),
        };
        // An empty datagram line is answered by nobody.
        Some(Self { stun, promised: outbound && (stream || stun), shortest, longest })
    }

    /// What satisfies both of two accounts on one flow.
    pub(crate) fn and(self, other: Self) -> Self {
        let faster = if other.longest < self.longest { other } else { self };
        Self {
            stun: self.stun || other.stun,
            promised: self.promised || other.promised,
            shortest: faster.shortest,
            longest: faster.longest,
        }
    }
}

/// What is to be done after a deadline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Nothing now; look at the deadline again.
    Wait,
    /// The peer does not answer any more: the flow failed (RFC 5626 4.4).
    Dead,
}

/// One flow under watch. Order of use: `new`, then at every [`Watch::deadline`] `handle_timeout`.
#[derive(Debug)]
pub(crate) struct Watch {
    stream: bool,
    terms: Terms,
    /// The peer has answered before: from then on silence is death, promised or not.
    answers: bool,
    mapped: Option<SocketAddr>,
    state: State,
    deadline: Instant,
}

#[derive(Debug)]
enum State {
    Resting,
    /// A double CRLF is out.
    Pinged,
    /// A binding request is out, sent so many times.
    Asked {
        id: stun::TransactionId,
        sent: u32,
    },
}

impl Watch {
    /// `draw` is a random number.
    pub(crate) fn new(flow: Flow, terms: Terms, draw: u64, now: Instant) -> Self {
        let mut watch = Self {
            stream: flow.transport != TransportKind::Udp,
            terms,
            answers: false,
            mapped: None,
            state: State::Resting,
            deadline: now,
        };
        watch.rest(draw, now);
        watch
    }

    /// Other terms from the next ping on; an earlier deadline holds at once.
    pub(crate) fn set_terms(&mut self, terms: Terms, draw: u64, now: Instant) {
        if self.terms == terms {
            return;
        }
        self.terms = terms;
        if matches!(self.state, State::Resting) {
            let old = self.deadline;
            self.rest(draw, now);
            self.deadline = self.deadline.min(old);
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn handle_timeout(&mut self, draw: [u64; 2], now: Instant) -> Step {
        if now < self.deadline {
            return Step::Wait;
        }
        match self.state {
            State::Resting if self.terms.stun => {
                let mut id = [0; 12];
                id[..8].copy_from_slice(&draw[0].to_be_bytes());
                id[8..].copy_from_slice(&draw[1].to_be_bytes()[..4]);
                self.state = State::Asked { id, sent: 1 };
                self.deadline = now + STUN_RTO;
                Step::Send(stun::binding_request(id))
            }
            State::Resting => {
                if self.stream {
                    self.state = State::Pinged;
                    self.deadline = now + PONG_WITHIN;
                } else {
                    self.rest(draw[0], now);
                }
                Step::Send(PING.to_vec())
            }
            State::Asked { id, sent } if sent < STUN_RC => {
                self.state = State::Asked { id, sent: sent + 1 };
                // Doubling, and after the last request 16 times the first wait (RFC 5389 7.2.1).
                let wait = if sent + 1 < STUN_RC { STUN_RTO * (1 << sent) } else { STUN_RTO * STUN_RM };
                self.deadline = now + wait;
                Step::Send(stun::binding_request(id))
            }
            State::Pinged | State::Asked { .. } if self.terms.promised || self.answers => Step::Dead,
            // Nobody promised an answer: the ping kept the way open, which is all there is to have. A peer that
            // knows no STUN gets empty lines from now on.
            State::Pinged | State::Asked { .. } => {
                self.terms.stun = false;
                self.rest(draw[0], now);
                Step::Wait
            }
        }
    }

    /// A single CRLF came over the stream.
    pub(crate) fn pong(&mut self, draw: u64, now: Instant) {
        if matches!(self.state, State::Pinged) {
            self.answers = true;
            self.rest(draw, now);
        }
    }

    /// A STUN answer came. True when the peer sees us at another address than before: the binding it holds is
    /// useless (RFC 5626 4.4.2).
    pub(crate) fn binding_response(
        &mut self,
        response: stun::BindingResponse,
        draw: u64,
        now: Instant,
    ) -> bool {
        match self.state {
            State::Asked { id, .. } if id == response.id => {}
            _ => return false,
        }
        self.answers = true;
        self.rest(draw, now);
        let before = self.mapped;
        self.mapped = response.mapped.or(before);
        before.is_some() && before != self.mapped
    }

    fn rest(&mut self, draw: u64, now: Instant) {
        self.state = State::Resting;
        let span = u64::try_from((self.terms.longest - self.terms.shortest).as_millis()).unwrap_or(u64::MAX);
        let lot = Duration::from_millis(if span == 0 { 0 } else { draw % (span + 1) });
        self.deadline = now + self.terms.shortest + lot;
    }
}

/// RFC 5626 3.5.1.
const PING: &[u8] = b"\r\n\r\n";
/// RFC 5626 4.4.1: "if no pong is received within 10 seconds".
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// RFC 5626 4.4.1 without a Flow-Timer.
const STREAM_INTERVAL: (Duration, Duration) = (Duration::from_secs(95), Duration::from_secs(120));
/// RFC 5626 4.4.2 without a Flow-Timer.
const DATAGRAM_INTERVAL: (Duration, Duration) = (Duration::from_secs(24), Duration::from_secs(29));
/// A Flow-Timer below is taken for a mistake.
const LEAST_INTERVAL: Duration = Duration::from_millis(500);
const MOST_INTERVAL: Duration = Duration::from_secs(3600);
/// RTO, Rc and Rm of RFC 5389 7.2.1.
const STUN_RTO: Duration = Duration::from_millis(500);
const STUN_RC: u32 = 7;
const STUN_RM: u32 = 16;

#[cfg(test)]
mod tests;
