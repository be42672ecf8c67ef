//! How lists are called, and the law's limits.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::window::CallingWindow;

/// The longest an unanswered call may ring: 端末設備等規則 32条の3 (1), two minutes after the call-setup message.
pub const MAX_RING_TIMEOUT: Duration = Duration::from_secs(120);

/// The shortest time between two automatic calls to one number: 端末設備等規則 32条の3 (2), three minutes.
pub const MIN_REPEAT_GAP: Duration = Duration::from_secs(180);

/// The most automatic repeats of one number per day, from the same clause.
pub const MAX_REPEATS_PER_DAY: u32 = 15;

/// `[dialing]`: how lists are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialing {
    /// Whether the operator sees a row before it is called.
    pub mode: DialMode,
    /// Preview: how long until the call starts by itself; zero waits for `dial` or `skip`.
    pub preview: Duration,
    /// How long a call rings before it is cancelled, at most [`MAX_RING_TIMEOUT`].
    pub ring_timeout: Duration,
    /// Breathing time between a call whose result the machine saved and the next call.
    pub wrap_up: Duration,
    /// Outcomes whose result is saved without asking.
    pub auto_disposition: BTreeSet<AutoOutcome>,
    /// Whether the next call needs a result for the last one.
    pub require_status: bool,
    /// Least time between automatic calls to one number, at least [`MIN_REPEAT_GAP`].
    pub repeat_gap: Duration,
    /// Most automatic repeats of one number per day, at most [`MAX_REPEATS_PER_DAY`].
    pub max_repeats_per_day: u32,
    /// When calling is allowed.
    pub window: CallingWindow,
}

/// Whether the operator looks before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialMode {
    /// The next call starts at once.
    Straight,
    /// The row is shown first.
    Preview,
}

/// An outcome certain enough that the machine may save it: the rows marked "yes" that count as a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AutoOutcome {
    /// Answered by a FAX: FAX.
    Fax,
    /// Rang out: 不通.
    NoAnswer,
    /// Busy: 不通.
    Busy,
    /// Number not in use: 現アナ.
    Vacant,
    /// A mobile out of reach or switched off: 不通.
    OutOfReach,
}

impl AutoOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Fax, Self::NoAnswer, Self::Busy, Self::Vacant, Self::OutOfReach];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fax => "fax",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Vacant => "vacant",
            Self::OutOfReach => "out_of_reach",
        }
    }

    /// Code of the result status it saves.
    pub fn status(self) -> &'static str {
        match self {
            Self::Fax => "fax",
            Self::NoAnswer | Self::Busy | Self::OutOfReach => "no_contact",
            Self::Vacant => "not_in_service",
        }
    }
}
