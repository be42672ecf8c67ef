//! What a transaction may do while it handles one input: set timers, send, tell its user.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::timers::{Timer, TimerTable, Timers};
use super::{TransactionEvent, TransactionId};
use crate::transport::{Flow, Transmit, TransportKind};

/// Whether the transaction lives on after an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Alive,
    Terminated,
}

pub(crate) struct Step<'a> {
    pub(crate) id: TransactionId,
    pub(crate) now: Instant,
    pub(crate) timers: &'a Timers,
    pub(crate) table: &'a mut TimerTable<(TransactionId, Timer)>,
    pub(crate) transmits: &'a mut VecDeque<Transmit>,
    pub(crate) events: &'a mut VecDeque<TransactionEvent>,
    pub(crate) retransmissions: &'a mut u64,
}

impl Step<'_> {
    pub(crate) fn duration(&self, timer: Timer, transport: TransportKind) -> Duration {
        timer.duration(self.timers, transport.is_reliable())
    }

    pub(crate) fn set(&mut self, timer: Timer, after: Duration) {
        self.table.set((self.id, timer), self.now + after);
    }

    pub(crate) fn start(&mut self, timer: Timer, transport: TransportKind) {
        let after = self.duration(timer, transport);
        self.set(timer, after);
    }

    /// Starts a timer of a last state; where the transport makes it zero, the transaction ends here and now.
    pub(crate) fn start_or_end(&mut self, timer: Timer, transport: TransportKind) -> Fate {
        let after = self.duration(timer, transport);
        if after.is_zero() {
            return Fate::Terminated;
        }
        self.set(timer, after);
        Fate::Alive
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.table.stop((self.id, timer));
    }

    pub(crate) fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.transmits.push_back(Transmit { transport: flow.transport, destination: flow.peer, bytes });
    }

    pub(crate) fn emit(&mut self, event: TransactionEvent) {
        self.events.push_back(event);
    }
}
