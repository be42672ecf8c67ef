//! Claiming, dialing and moving on.

use serde::Serialize;

use super::attempt::{Save, Sealed};
use super::word::Origin;
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};
use crate::phone::{Clir, DialPlan, Phone};

/// One step of a seat: close the old call, open the next. Exactly one commit.
#[derive(Clone, Debug)]
pub struct Advance {
    /// UTC milliseconds.
    pub now: i64,
    /// The seat.
    pub seat: String,
    /// Its operator.
    pub user: UserId,
    /// A save to apply first (the final one); `None` when everything is saved already.
    pub save: Option<Save>,
    /// The attempt to seal, after the save. Sealing twice is harmless.
    pub seal_attempt: Option<AttemptId>,
    /// What to claim next; `None` seals only.
    pub claim: Option<ClaimSpec>,
}

/// What to claim and under which rules.
#[derive(Clone, Debug)]
pub struct ClaimSpec {
    /// Identifier of the new attempt, made by the caller: repeating an `advance` returns the same claim.
    pub attempt: AttemptId,
    /// The list.
    pub list: ListId,
    /// How the account wants numbers.
    pub plan: DialPlan,
    /// Straight mode: mark dialed in the same commit. `false`: preview, then [`crate::Store::mark_dialing`].
    pub dial_now: bool,
    /// The rules of dialing.
    pub rules: DialRules,
    /// A claim that was not dialed is free again after this UTC millisecond.
    pub claim_until: i64,
    /// Leads that this run passes over.
    pub skip: Vec<LeadId>,
    /// Account that will carry the call.
    pub account: String,
    /// The account's caller number; a number of the project goes before it.
    pub caller_id: Option<String>,
}

/// Ceilings. Values beyond the law's are pulled back to it (端末設備等規則 32条の3).
#[derive(Clone, Debug)]
pub struct DialRules {
    /// A practice account: lifts the repeat floor; never do-not-call, emergency numbers or exclusion.
    pub practice: bool,
    /// Least time between two dials of one number, milliseconds; at least [`MIN_REPEAT_GAP_MS`].
    pub repeat_gap_ms: i64,
    /// Repeats of one number per day in Japan, the first call not counted; at most [`MAX_REPEATS_PER_DAY`].
    pub max_repeats_per_day: u32,
    /// Which round may be dialed.
    pub round: Round,
    /// How the wall clock was set ahead in this run, oldest first: no time went by with it.
    pub steps: Vec<ClockStep>,
}

/// The wall clock was set ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// What it said then, UTC milliseconds.
    pub at: i64,
    /// By how much, milliseconds.
    pub by_ms: i64,
}

impl DialRules {
    /// The legal floor with the default of three repeats per day.
    #[must_use]
    pub fn lawful() -> Self {
        Self {
            practice: false,
            repeat_gap_ms: MIN_REPEAT_GAP_MS,
            max_repeats_per_day: DEFAULT_REPEATS_PER_DAY,
            round: Round::Current,
            steps: Vec::new(),
        }
    }

    /// When, by the clock as it is now, a dial was made that was written down by the clock as it was then.
    pub(crate) fn by_this_clock(&self, dialed_at: i64) -> i64 {
        let later = self.steps.iter().filter(|step| step.at > dialed_at);
        later.fold(dialed_at, |at, step| at.saturating_add(step.by_ms))
    }

    /// The earliest that a dial since `at`, by the clock as it is now, may have been written down.
    pub(crate) fn written_since(&self, at: i64) -> i64 {
        self.steps.iter().fold(at, |since, step| since.saturating_sub(step.by_ms))
    }

    pub(crate) fn gap_ms(&self) -> i64 {
        self.repeat_gap_ms.max(MIN_REPEAT_GAP_MS)
    }

    pub(crate) fn dials_per_day(&self) -> i64 {
        i64::from(self.max_repeats_per_day.min(MAX_REPEATS_PER_DAY)) + 1
    }
}

impl Default for DialRules {
    fn default() -> Self {
        Self::lawful()
    }
}

/// A pass over a list from the top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Round {
    /// The list's current round.
    #[default]
    Current,
    /// Leads that are due in this round or an earlier one, whatever the list says.
    UpTo(u32),
}

/// What an [`Advance`] did.
#[derive(Clone, Debug, Default)]
pub struct Advanced {
    /// The old attempt, when one was sealed.
    pub sealed: Option<Sealed>,
    /// The new one.
    pub claimed: Option<Claimed>,
    /// Set when a claim was asked for and nothing can be dialed now.
    pub exhausted: Option<Exhausted>,
    /// Leads passed over on the way, with the code of the reason.
    pub passed_over: Vec<(LeadId, &'static str)>,
}

/// Nothing can be dialed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exhausted {
    /// Leads put off that will be due later in this round; at most 1000 of them are counted.
    pub remaining_not_due: u32,
    /// When the first of them is due, or it is worth looking again, UTC milliseconds.
    pub next_due: Option<i64>,
    /// Leads of this round that other seats hold.
    pub held: u32,
    /// The bounded search passed over many leads and stopped; ask again at once.
    pub more: bool,
}

/// A lead (or a typed number) in hand.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The attempt, on disk.
    pub attempt: AttemptId,
    /// The lead; `None` for manual calls.
    pub lead: Option<LeadId>,
    /// Its list.
    pub list: Option<ListId>,
    /// Position on the list, from 1; 0 for manual calls.
    pub position: i64,
    /// The number.
    pub phone: Phone,
    /// What the account sends.
    pub dial_string: String,
    /// A 184 or 186 that the INVITE must tell by Privacy, since it is not dialed.
    pub signalled: Option<Clir>,
    /// Company, as the list or the contact has it.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories in order.
    pub categories: Vec<String>,
    /// Calls made to this lead before, void ones left out.
    pub attempts_before: u32,
    /// The round it is dialed in; 0 for manual calls.
    pub round: u32,
    /// Caller number to show.
    pub caller_id: Option<String>,
    /// `dialed_at` is on disk: the INVITE may leave.
    pub dialed: bool,
}

/// A number typed by an operator or given by another system, or one of a lead that is called by hand.
#[derive(Clone, Debug)]
pub struct ManualCall {
    /// Identifier of the attempt; `None` makes one.
    pub attempt: Option<AttemptId>,
    /// The number as typed.
    pub phone: String,
    /// How the account wants numbers.
    pub plan: DialPlan,
    /// The seat.
    pub seat: String,
    /// Its operator.
    pub user: UserId,
    /// Project whose do-not-call entries and caller number hold.
    pub project: Option<ProjectId>,
    /// Somebody said that the call is for this project: entries of other projects are not about it. Else those of every project
    /// forbid the number.
    pub named: bool,
    /// Account that will carry the call.
    pub account: String,
    /// The account's caller number; a number of the project goes before it.
    pub caller_id: Option<String>,
    /// What started it.
    pub origin: Origin,
    /// UTC milliseconds.
    pub now: i64,
    /// The rules of dialing.
    pub rules: DialRules,
    /// Set where the number is to come into a call that is up; `None`: a call of its own.
    pub second: Option<SecondLeg>,
    /// A number that is in no contact is registered as a stub (S3.9).
    pub stub: bool,
    /// The lead that is called by this number, its main one or a further one (S4.41): the call is one of its list, in its project,
    /// and nobody else is given the lead before it is closed.
    pub lead: Option<LeadId>,
}

/// What a number is for that comes into a running call: a consultation, or the target of a transfer.
///
/// Such a number is mostly a colleague's, called many times a day and by a person each time: the repeat floor, which bounds
/// what a machine does to people who do not answer, and the calling window, which bounds when they are bothered, are
/// not for it. Both hold all the same where the number stands on a dial list, so that nobody gets round them this way;
/// do-not-call, emergency and forbidden numbers and the account's dial rules hold always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondLeg {
    /// The call that is up.
    pub parent: AttemptId,
    /// Whether the calling window is open now.
    pub open: bool,
}

/// A number that every rule has let pass, as the account sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The number.
    pub phone: Phone,
    /// What the account sends.
    pub dial_string: String,
    /// A 184 or 186 that is told by Privacy, since it is not dialed.
    pub signalled: Option<Clir>,
}

/// 端末設備等規則 32条の3: repeats within three minutes are limited; after them it is a new call.
pub const MIN_REPEAT_GAP_MS: i64 = 180_000;
/// 端末設備等規則 32条の3: at most fifteen automatic repeats.
pub const MAX_REPEATS_PER_DAY: u32 = 15;
/// Repeats per day unless configured.
const DEFAULT_REPEATS_PER_DAY: u32 = 3;
/// A void attempt of a practice account is tried again this soon, milliseconds.
pub const PRACTICE_REQUEUE_MS: i64 = 5_000;
