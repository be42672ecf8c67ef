use std::time::Duration;

use crate::outcome::{Facts, Row};
use crate::{AttemptId, ListId, SeatState};

/// What follows a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Seal, claim and dial the next lead (保存して次へ).
    Dial,
    /// Seal and show the next lead without dialing it (SKIP).
    Skip,
    /// Keep the row open.
    Stay,
}

/// A status that somebody or the machine gave an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveIntent {
    /// Status code or label; `None` keeps what was saved before.
    pub status: Option<String>,
    /// Free text; `None` keeps what was saved before.
    pub memo: Option<String>,
    /// When to call again, UTC milliseconds.
    pub recall_at: Option<i64>,
}

/// A claim that goes into the same commit as the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimIntent {
    /// The list to claim from, from the top.
    pub list: ListId,
    /// Mark the attempt as dialed in the same commit (straight mode).
    pub dial_now: bool,
}

/// A lead that the store claimed for this seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The attempt row made for it.
    pub attempt: AttemptId,
    /// `dialed_at` is already on disk.
    pub dialed: bool,
}

/// How an attempt ended, as judged here.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The attempt.
    pub attempt: AttemptId,
    /// Row of the decision table.
    pub row: Row,
    /// Status that the machine saves in the same commit.
    pub auto: Option<&'static str>,
    /// Void: in no count, and sealed by this end. A call that a person judged is never voided away.
    pub void: bool,
    /// The facts it was judged by.
    pub facts: Facts,
}

/// What the shell has to do. Drained in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// One commit: keep `save`, seal `seal`, claim the next lead. Answer with [`crate::Dialer::claimed`],
    /// [`crate::Dialer::passed_over`], [`crate::Dialer::sealed`] or [`crate::Dialer::advance_failed`].
    Advance {
        /// Attempt whose row closes now.
        seal: Option<AttemptId>,
        /// Last save of that attempt.
        save: Option<SaveIntent>,
        /// The claim, if a call may follow.
        claim: Option<ClaimIntent>,
    },
    /// Check and mark a previewed attempt as dialed. Answer with [`crate::Dialer::marked`] or
    /// [`crate::Dialer::mark_failed`].
    MarkDialing(AttemptId),
    /// Send the INVITE: the attempt is on disk.
    PlaceCall {
        /// The attempt.
        attempt: AttemptId,
        /// CANCEL after this long without an answer.
        ring_timeout: Duration,
    },
    /// End the call of the attempt (CANCEL or BYE).
    HangUp(AttemptId),
    /// Give a claimed, never dialed lead back. Answer with [`crate::Dialer::released`].
    Release {
        /// The attempt.
        attempt: AttemptId,
        /// The operator moved past it: not again in this round.
        skipped: bool,
    },
    /// Write the end of an attempt. Answer with [`crate::Dialer::stored`] once it is on disk.
    End(Ended),
    /// Save without sealing. Answer with [`crate::Dialer::saved`].
    Save {
        /// The attempt.
        attempt: AttemptId,
        /// What to keep.
        save: SaveIntent,
    },
    /// Something that operators and supervisors want to see.
    Changed(SeatChange),
}

/// Visible changes of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatChange {
    /// The seat is in a new state.
    State(SeatState),
    /// The dialing session waits or goes on.
    Waiting(Option<crate::Waiting>),
    /// The list has no lead left to dial.
    Exhausted(ListId),
    /// The dialing session ended.
    Stopped(ListId),
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no call or open attempt.
    #[error("there is no call")]
    NoCall,
    /// The seat is in a call.
    #[error("the seat is busy with a call")]
    Busy,
    /// There is no dialing session.
    #[error("no list is being dialed")]
    NoSession,
    /// The attempt needs a status before the next dial.
    #[error("the attempt has no status yet")]
    StatusRequired,
    /// Another command of this seat is being carried out.
    #[error("the last command is still being carried out")]
    Pending,
    /// The machine is closing the row. What a person says of it is to follow that commit.
    #[error("the machine is closing the call")]
    Closing,
    /// Outside the calling window.
    #[error("outside the calling window")]
    Hours,
}
