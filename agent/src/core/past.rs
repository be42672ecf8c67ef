//! Calls of this run that are over, as far as a trace wants to know of them.

use std::collections::VecDeque;

use media::types::SessionStats;
use protocol::result::Direction;
use store::AttemptId;

use super::SeatIndex;
use super::call::Call;

/// What is known of a call besides its messages.
#[derive(Clone, Debug)]
pub(crate) struct PastCall {
    pub(crate) attempt: AttemptId,
    pub(crate) seat: SeatIndex,
    pub(crate) direction: Direction,
    pub(crate) sip_call_id: String,
    /// The call that this one was a consultation for.
    pub(crate) parent: Option<AttemptId>,
    /// Every form of the number that is known.
    pub(crate) numbers: Vec<String>,
    pub(crate) codec: Option<&'static str>,
    pub(crate) stats: Option<SessionStats>,
}

impl PastCall {
    /// `None` for a call whose INVITE never left.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let diverted = call.party.diverted.iter().filter_map(|one| one.number.clone());
        let numbers = [call.party.dialed.clone(), call.party.number()].into_iter().chain(diverted);
        Some(Self {
            attempt: call.attempt,
            seat: call.seat,
            direction: call.direction(),
            sip_call_id: call.sip_call_id.clone()?,
            parent: call.parent,
            numbers: numbers.filter(|number| !number.is_empty()).collect(),
            codec: call.codec,
            stats: call.stats,
        })
    }
}

/// The latest of them, the oldest first. Full: the oldest goes; its messages went long before.
#[derive(Debug, Default)]
pub(crate) struct PastCalls(VecDeque<PastCall>);

impl PastCalls {
    pub(crate) fn push(&mut self, call: PastCall) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &PastCall> {
        self.0.iter()
    }
}

/// 8 MiB of messages are those of some 1,500 calls.
const MOST: usize = 4096;
