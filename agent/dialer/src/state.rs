//! States of a seat: as people see them, and as the dialer keeps them.

use std::time::Instant;

use crate::action::{Next, SaveIntent};
use crate::outcome::Row;
use crate::{AttemptId, ListId};

/// State of a seat as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// Not taking calls; the code says why (離席).
    Paused(String),
    /// Waiting for the next call (待機).
    Ready,
    /// A lead is shown, not dialed yet.
    Previewing,
    /// INVITE sent, or about to be.
    Dialing,
    /// An incoming call rings.
    Ringing,
    /// Talking.
    InCall,
    /// The call is over, its row is open (後処理).
    WrapUp,
}

/// Why a running dialing session does not dial now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Outside the calling window; opens at this UTC millisecond, if ever.
    Hours(Option<i64>),
    /// The trunk is not registered or does not answer.
    Trunk,
    /// The store cannot write (disk full, locked).
    Store,
    /// The operator's desk phone is not up: nobody would hear the callee.
    Phone,
    /// Leads remain but none is due before this UTC millisecond.
    NotDue(i64),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Idle,
    /// An `Advance` is at the store; `back` is the row that stays open if it fails, `by_hand` says whose it is then.
    Advancing {
        back: Option<Open>,
        hold: bool,
        by_hand: bool,
    },
    /// A manual call waits for its row, whose commit seals the row before it; that one stays open if it is refused.
    Opening {
        back: Option<Open>,
    },
    Previewing {
        attempt: AttemptId,
        until: Option<Instant>,
    },
    /// The operator wants to call the shown lead, and the desk phone is being called first.
    Accepted(AttemptId),
    Marking(AttemptId),
    Releasing {
        /// The next lead is shown, not dialed.
        hold: bool,
    },
    Dialing(Open),
    Ringing(Open),
    InCall(Open),
    /// The end is being written.
    Ending(Open, Row, bool),
    WrapUp(Open),
    /// The machine closed the row and breathes until the instant.
    Breathing(Open, Instant),
}

/// An attempt whose row is open.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open {
    pub(crate) attempt: AttemptId,
    /// From the dial list (not manual, not incoming).
    pub(crate) from_list: bool,
    /// A status is on disk.
    pub(crate) has_status: bool,
    /// A status of the operator is on its way to the disk.
    pub(crate) saving: bool,
    /// Nobody has anything to judge: void, or a call that rang here in vain.
    pub(crate) closed: bool,
    /// The operator asked for this to follow the end of the call.
    pub(crate) then: Option<(Next, SaveIntent)>,
    /// The machine already asked for the hang-up.
    pub(crate) hanging_up: bool,
    /// The operator hung up, and said nothing.
    pub(crate) let_go: bool,
    /// Somebody answered.
    pub(crate) answered: bool,
    /// The operator gave it a status and left it open: the machine does not close it.
    pub(crate) kept_open: bool,
}

pub(crate) struct Session {
    pub(crate) list: ListId,
    pub(crate) waiting: Option<Waiting>,
    pub(crate) retry_at: Option<Instant>,
    /// Day in Japan on which a person last asked for calls: none leaves on another by itself.
    pub(crate) day: i32,
}

impl Open {
    pub(crate) const fn new(attempt: AttemptId, from_list: bool) -> Self {
        Self {
            attempt,
            from_list,
            has_status: false,
            saving: false,
            closed: false,
            then: None,
            hanging_up: false,
            let_go: false,
            answered: false,
            kept_open: false,
        }
    }

    /// A save that leaves the row open.
    pub(crate) fn keep(&mut self, save: &SaveIntent) {
        let judges = save.status.is_some();
        self.saving |= judges;
        self.kept_open |= judges;
    }

    /// A person gave it a status, or is about to: what the machine would do by itself it does not do.
    pub(crate) const fn is_judged(&self) -> bool {
        self.has_status || self.saving || self.kept_open || self.then.is_some()
    }
}
