//! An INVITE that a target does not answer goes to the next one (RFC 3263 4.3), and nobody is called twice.

use std::time::{Duration, Instant};

use super::UserAgent;
use super::call::{Call, Cancel, ClientUse};
use super::event::CallId;
use super::timer::UaTimer;
use crate::message::{Headers, Response};
use crate::transaction::TransactionId;
use crate::transport::Flow;

impl UserAgent {
    /// Arms the waiting time of an INVITE just sent, where there is another target to go to.
    pub(crate) fn await_target(&mut self, call: CallId, now: Instant) {
        let timer = UaTimer::NextTarget(call);
        self.timers.stop(timer);
        let Some(account) = self.calls.get(&call).and_then(|entry| entry.account) else { return };
        let Some(account) = self.accounts.get(account.0 as usize) else { return };
        if self.has_other_way(call) {
            self.timers.set(timer, now + account.config.failover_after);
        }
    }

    /// Whether an INVITE that stays without response can go another way: to a target not tried, or by UDP.
    fn has_other_way(&self, call: CallId) -> bool {
        let Some(entry) = self.calls.get(&call) else { return false };
        let Some(account) = entry.account.and_then(|account| self.accounts.get(account.0 as usize)) else {
            return false;
        };
        entry.outgoing_ref().is_some_and(|outgoing| {
            // A contact of a redirection is not one of our exchange's targets.
            let of_trunk = outgoing.target == outgoing.to;
            (of_trunk && account.trunk.has_alternative(&outgoing.tried))
                || (outgoing.upgraded && !outgoing.datagram_only)
        })
    }

    /// No response at all in time: this INVITE is silenced and another one goes to the next target.
    pub(crate) fn target_silent(&mut self, id: CallId, now: Instant) {
        // The targets may have changed since: an INVITE that is silenced without another leaves a call that never ends.
        if !self.has_other_way(id) {
            return;
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(outgoing) = call.outgoing() else { return };
        // Given up already: what is out may still be answered, nothing new goes out.
        let (Some(transaction), Cancel::No) = (outgoing.transaction, outgoing.cancel) else { return };
        outgoing.transaction = None;
        self.layer.silence(transaction);
        self.uses.insert(transaction, ClientUse::Orphan { call: id, cancelled: false });
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else { return };
        // TCP was our choice because of the size; a peer without TCP gets the datagram after all (18.1.1).
        if outgoing.upgraded && !outgoing.datagram_only {
            outgoing.datagram_only = true;
            outgoing.cseq += 1;
            self.send_invite(id, now);
            return;
        }
        self.try_next_target(id, Some(Duration::ZERO), now);
    }

    /// Sends the INVITE to the best target that this call has not tried. `down`: how long the present one is to be
    /// left alone; `None` where it is fine but refused this call. `false`: all were tried.
    pub(crate) fn try_next_target(&mut self, id: CallId, down: Option<Duration>, now: Instant) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        let Some(account) = call.account else { return false };
        let Some(outgoing) = call.outgoing() else { return false };
        // A contact of a redirection is not one of our exchange's targets.
        let of_trunk = outgoing.target == outgoing.to;
        let (hop, tried) = (outgoing.hop, outgoing.tried.clone());
        if !of_trunk {
            return false;
        }
        if let Some(rest) = down {
            self.target_failed(account, hop, rest, now);
        }
        let next = self.accounts.get(account.0 as usize).and_then(|entry| entry.trunk.next_besides(&tried));
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else { return false };
        let (Some(next), Cancel::No) = (next, outgoing.cancel) else { return false };
        outgoing.hop = next;
        outgoing.tried.push(next);
        self.send_invite(id, now);
        true
    }

    /// A target answers an INVITE that went elsewhere meanwhile: cancelled, or acknowledged and hung up.
    pub(crate) fn orphan_response(&mut self, tx: TransactionId, response: Response, now: Instant) {
        let Some(ClientUse::Orphan { call, cancelled }) = self.uses.get_mut(&tx) else { return };
        let call = *call;
        match response.code {
            100..=199 if !*cancelled => {
                *cancelled = true;
                if let Some(cancel) = self.layer.cancel(tx, &Headers::new(), now) {
                    self.uses.insert(cancel, ClientUse::Cancel);
                }
                self.timers.set(UaTimer::OrphanGiveUp(tx), now + self.config.timers.give_up());
            }
            100..=199 => {}
            code => {
                self.timers.stop(UaTimer::OrphanGiveUp(tx));
                if code < 300 {
                    self.invite_accepted(call, tx, &response, now);
                }
            }
        }
    }

    /// 64*T1 after the CANCEL of an orphan without a final answer (RFC 3261 9.1).
    pub(crate) fn orphan_gave_up(&mut self, tx: TransactionId) {
        self.layer.abandon(tx);
        self.uses.remove(&tx);
        self.acks.remove(&tx);
    }
}

impl Call {
    /// A response to this call's INVITE came from its target.
    pub(crate) fn answered_by(&self) -> Option<Flow> {
        self.outgoing_ref().filter(|outgoing| outgoing.target == outgoing.to).map(|outgoing| outgoing.hop)
    }
}
