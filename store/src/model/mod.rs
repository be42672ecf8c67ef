//! The words of the call centre as types. No SQL here: every backend speaks these.

mod attempt;
mod check;
mod dialing;
mod list;
mod recording;
mod register;
mod report;
mod tally;
mod view;
mod word;

pub use attempt::{
    AttemptEnd, AttemptProgress, AttemptRow, HistoryQuery, IncomingCall, RecordingFacts, RecordingInfo,
    Recovery, Save, Saved, Sealed, Transferred,
};
pub use check::{Backup, CheckReport, ContactNumber, RegisterNames};
pub use dialing::{
    Advance, Advanced, ClaimSpec, Claimed, DialRules, Exhausted, MAX_REPEATS_PER_DAY, MIN_REPEAT_GAP_MS,
    ManualCall, PRACTICE_REQUEUE_MS, Round, SecondLeg, Target,
};
pub use list::{
    DeletedList, GrantRow, ImportRecord, LeadChange, LeadFilter, LeadPhone, LeadRow, LeadSpec, LeadsChanged,
    ListEdit, ListInfo, ListQuery, ListSpec, ProjectEdit, ProjectRow,
};
pub use recording::{RecordingQuery, RecordingRow, RecordingUsage};
pub use register::{ContactInfo, DispositionInfo, DncEntry, DncRow, OutboxRow, ProjectInfo, UserInfo};
pub use report::{
    Stats, StatsQuery, StatsRow, StatusCount, WhyAnswer, WhyContext, WhyQuery, WhyReason, WhyRow,
};
pub use tally::{Mismatch, TallyBy, TallyRow};
pub use view::{Assigned, PageAt, ViewFilter, ViewPage, ViewQuery};
pub use word::{
    CallKind, DialOrder, Direction, HangupBy, LeadNext, LeadState, Origin, RecordingState, Role, SetBy,
    SortColumn, TransferWay, UnknownWord,
};
