//! The words of the call centre as types. No SQL here: every backend speaks these.
//!
//! Where a field does not say otherwise, times are UTC milliseconds, `…_ms` is a length in milliseconds, and `bytes` and `…_bytes` are
//! sizes in bytes.

mod amend;
mod attempt;
mod check;
mod contact;
mod dialing;
mod disposition;
mod dnc;
mod list;
mod people;
mod recording;
mod register;
mod report;
mod tally;
mod task;
mod view;
mod word;

pub use amend::{Amend, Amended, AmendmentRow, NoteAbout, NoteChange, NoteDraft, NoteEdit, NoteRow};
pub use attempt::{
    Arrived, AttemptEnd, AttemptProgress, AttemptRow, HistoryQuery, HistoryScope, IncomingCall, OpenResults,
    RecordingFacts, RecordingInfo, Recovery, Save, Saved, Sealed, Transferred,
};
pub use check::{Backup, CheckReport, ContactNumber, Mended, MendedRow, ToMend, WrongRecording};
pub(crate) use contact::is_mail_address;
pub use contact::{
    CategoryInfo, ContactAdd, ContactChange, ContactDraft, ContactPhone, ContactQuery, ContactRow,
    ContactRules, ContactSaved, ContactSource, PhoneDraft, TRASH_MS, is_restorable,
};
pub use dialing::{
    Advance, Advanced, ClaimSpec, Claimed, ClockStep, DialRules, Exhausted, MAX_REPEATS_PER_DAY,
    MIN_REPEAT_GAP_MS, ManualCall, PRACTICE_REQUEUE_MS, Round, SecondLeg, Target,
};
pub use disposition::{DispositionChange, DispositionDraft, DispositionFlags, DispositionInfo};
pub use dnc::{DncAdded, DncClear, DncEntry, DncQuery, DncRow};
pub(crate) use list::{ChangeSlice, is_of_number};
pub use list::{
    DeletedList, GrantRow, ImportRecord, LeadChange, LeadFields, LeadFilter, LeadPhone, LeadPlace, LeadRow,
    LeadSelection, LeadSpec, LeadsChanged, ListEdit, ListInfo, ListQuery, ListSpec, ProjectEdit, ProjectRow,
};
pub use people::{
    Actor, AuditEntry, AuditQuery, AuditRow, ContactHandOver, HandOver, Holdings, TaskHandOver, UserChange,
    UserDraft, UserInfo, UserScope,
};
pub use recording::{PausedSpan, RecordingPause, RecordingQuery, RecordingRow, RecordingUsage};
pub use register::{ContactInfo, OutboxRow, ProjectInfo};
pub use report::{
    ListWorked, Stats, StatsQuery, StatusCount, WhyAnswer, WhyContext, WhyQuery, WhyRow, Worked,
};
pub use tally::{Mismatch, TallyBy, TallyRow};
pub use task::{TaskChange, TaskCounts, TaskQuery, TaskRow, TaskStep};
pub use view::{Assigned, ColumnTest, PageAt, ViewFilter, ViewPage, ViewQuery};
pub use word::{
    CallKind, DialOrder, Direction, HangupBy, LeadNext, LeadState, Origin, RecordingState, Role, SetBy,
    SortColumn, TaskFolder, TaskKind, TaskState, TransferWay, UnknownWord, WhyReason,
};
