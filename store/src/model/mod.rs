//! The words of the call centre as types. No SQL here: every backend speaks these.

mod attempt;
mod dialing;
mod list;
mod register;
mod report;
mod word;

pub use attempt::{
    AttemptEnd, AttemptProgress, AttemptRow, HistoryQuery, IncomingCall, RecordingFacts, RecordingInfo,
    Recovery, Save, Saved, Sealed, Transferred,
};
pub use dialing::{
    Advance, Advanced, ClaimSpec, Claimed, DialRules, Exhausted, MAX_REPEATS_PER_DAY, MIN_REPEAT_GAP_MS,
    ManualCall, PRACTICE_REQUEUE_MS, Round, SecondLeg, Target,
};
pub use list::{LeadFilter, LeadRow, ListInfo, ListQuery, ListSpec};
pub use register::{ContactInfo, DispositionInfo, DncEntry, DncRow, OutboxRow, ProjectInfo, UserInfo};
pub use report::{
    Stats, StatsQuery, StatsRow, StatusCount, WhyAnswer, WhyContext, WhyQuery, WhyReason, WhyRow,
};
pub use word::{
    Direction, HangupBy, LeadNext, LeadState, Origin, RecordingState, Role, SetBy, TransferWay, UnknownWord,
};
