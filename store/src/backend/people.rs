//! Verbs of the office: users, contacts, statuses, tasks, do-not-call, amendments, notes, the audit log.

use std::time::Instant;

use crate::dnc_import::{DncChange, DncStage, DncStart, DncUndo, DncUndone};
use crate::error::Result;
use crate::id::{AttemptId, ContactId, ImportId, UserId};
use crate::model::{
    Actor, Amend, Amended, AmendmentRow, Assigned, AuditEntry, AuditQuery, AuditRow, CategoryInfo,
    ContactAdd, ContactChange, ContactQuery, ContactRow, ContactRules, ContactSaved, DispositionChange,
    DispositionDraft, DispositionInfo, DncAdded, DncClear, DncEntry, DncQuery, DncRow, HandOver,
    HistoryQuery, Holdings, ImportRecord, NoteAbout, NoteChange, NoteDraft, NoteRow, TaskChange, TaskCounts,
    TaskQuery, TaskRow, UserChange, UserDraft, UserInfo, UserScope,
};
use crate::permission::Scope;
use crate::sqlite::{Given, GivenAt, HandOverAt, Handing, UnlinkAt};

/// Changes, each in one transaction with its audit row.
pub(crate) trait Office {
    fn user_add(&mut self, draft: &UserDraft, by: Actor, within: UserScope, now: i64) -> Result<UserInfo>;
    /// Who calls no more leaves leads and tasks, behind what was `moved` before.
    fn user_change(
        &mut self,
        user: UserId,
        change: &UserChange,
        moved: (HandOver, Holdings),
        by: Actor,
        within: UserScope,
        now: i64,
    ) -> Result<(UserInfo, Holdings)>;
    /// Refuses what the change would be refused for, or the deletion where there is none, before anything of theirs changes hands.
    fn user_may(&mut self, user: UserId, change: Option<&UserChange>) -> Result<()>;
    /// Writes down that what a user holds is to change hands, before they have the role of `change` or, without one, are deleted. What
    /// else is in the change is done with it.
    fn begin_hand_over(
        &mut self,
        handing: &Handing,
        change: Option<(&UserChange, UserScope)>,
        by: Actor,
    ) -> Result<()>;
    /// It failed by this code, and is not gone on with; `back`: what was done with it, as it was before.
    fn give_up_hand_over(&mut self, handing: &Handing, code: &str, back: &UserChange) -> Result<()>;
    /// Hands over a slice of what a user holds; returns where to go on, or the last row of contacts that was looked at.
    fn hand_over(
        &mut self,
        handing: &Handing,
        at: HandOverAt,
        deadline: Instant,
    ) -> Result<(Holdings, std::result::Result<HandOverAt, i64>)>;
    /// With what is left behind `moved`: what was handed over before, and the last row of contacts that was looked at.
    fn user_delete(
        &mut self,
        user: UserId,
        over: HandOver,
        moved: (Holdings, i64),
        by: Actor,
        now: i64,
    ) -> Result<(UserInfo, Holdings)>;
    fn all_users(&mut self) -> Result<Vec<UserInfo>>;
    fn password_hash(&mut self, user: UserId) -> Result<Option<String>>;

    fn disposition_add(&mut self, draft: &DispositionDraft, by: Actor, now: i64) -> Result<DispositionInfo>;
    fn disposition_change(
        &mut self,
        status: &str,
        change: &DispositionChange,
        by: Actor,
        now: i64,
    ) -> Result<DispositionInfo>;
    fn all_dispositions(&mut self) -> Result<Vec<DispositionInfo>>;

    fn task_change(&mut self, change: &TaskChange) -> Result<TaskRow>;
    /// When the other end of a call is to be called again: at the time of its open task, else at that of its result.
    fn recall_of(&mut self, attempt: AttemptId) -> Result<Option<i64>>;
    /// A slice of tasks or contacts, with its row of audit; how many, and where to go on.
    fn give_over(
        &mut self,
        given: &Given,
        at: GivenAt,
        deadline: Instant,
        by: Actor,
        now: i64,
    ) -> Result<(u64, Option<GivenAt>)>;

    fn contact_add(&mut self, add: &ContactAdd) -> Result<ContactSaved>;
    fn contact_change(
        &mut self,
        contact: ContactId,
        change: &ContactChange,
        rules: ContactRules,
        by: Actor,
        now: i64,
    ) -> Result<ContactSaved>;
    /// All of them or none; how many tasks went with them.
    fn contacts_delete(&mut self, contacts: &[ContactId], by: Actor, now: i64) -> Result<u64>;
    /// Refused where there are so many contacts already.
    fn contact_room(&mut self, most: u64) -> Result<()>;
    fn contact_undo(&mut self, contact: ContactId, by: Actor, now: i64) -> Result<ContactRow>;
    /// Removes a slice of what lay in the bin too long; how many.
    fn contacts_purge(&mut self, now: i64) -> Result<u32>;
    fn category_delete(&mut self, name: &str, by: Actor, now: i64) -> Result<i64>;
    /// Unlinks a slice of what carries deleted categories; `true` when nothing is left.
    fn category_unlink(&mut self, at: &mut UnlinkAt) -> Result<bool>;

    /// All of them in one transaction; how many are new.
    fn dnc_add_all(&mut self, entries: &[DncEntry]) -> Result<DncAdded>;
    /// All of them in one transaction; how many there were.
    fn dnc_clear_all(&mut self, entries: &[DncClear]) -> Result<u64>;

    fn dnc_begin(&mut self, start: &DncStart) -> Result<DncStage>;
    /// A slice of the rows; how many, and how many entries they add, or are to clear, and complete.
    fn dnc_stage(&mut self, stage: DncStage, rows: &[DncChange]) -> Result<(usize, DncAdded)>;
    fn dnc_commit(&mut self, stage: DncStage, rows: u64, refused: u64, changed: u64) -> Result<()>;
    /// A slice behind a row; returns where to go on.
    fn dnc_undo(&mut self, undo: &DncUndo, after: i64) -> Result<(DncUndone, Option<i64>)>;
    /// It ends here; what it added stays blocked.
    fn dnc_interrupt(&mut self, import: ImportId, now: i64) -> Result<()>;
    /// Imports that were interrupted, and what they added stays blocked.
    fn dnc_interrupted(&mut self) -> Result<Vec<ImportId>>;
    /// Clears a slice of what a committed import clears; returns where to go on.
    fn dnc_clear_slice(&mut self, import: ImportId, after: i64) -> Result<Option<i64>>;
    /// Looks whether later files entered all that an interrupted import did, slice by slice; returns where to go on.
    fn dnc_settle(&mut self, import: ImportId, after: i64, now: i64) -> Result<Option<i64>>;
    /// Forgets a slice of what is remembered of such entries; returns where to go on.
    fn dnc_forget(&mut self, after: i64) -> Result<Option<i64>>;

    fn amend(&mut self, amend: &Amend) -> Result<Amended>;
    fn report(&mut self, attempt: AttemptId, on: bool, scope: Scope, by: Actor, now: i64) -> Result<bool>;
    fn note_add(&mut self, draft: &NoteDraft) -> Result<NoteRow>;
    fn note_change(&mut self, change: &NoteChange) -> Result<NoteRow>;

    /// What was done that changes no row.
    fn audit(&mut self, entry: &AuditEntry) -> Result<()>;
}

/// Reads that may take their time.
pub(crate) trait OfficeReader {
    fn audit_log(&mut self, query: &AuditQuery) -> Result<Vec<AuditRow>>;
    /// What a user holds.
    fn holdings(&mut self, user: UserId) -> Result<Holdings>;
    /// Lists with leads or open tasks of a user who may not use them.
    fn out_of_reach(&mut self, user: UserId) -> Result<Vec<String>>;
    fn tasks(&mut self, query: &TaskQuery) -> Result<Vec<TaskRow>>;
    fn task(&mut self, task: i64, now: i64) -> Result<TaskRow>;
    fn task_counts(
        &mut self,
        owner: Option<Assigned>,
        granted_to: Option<UserId>,
        now: i64,
    ) -> Result<TaskCounts>;
    fn contacts(&mut self, query: &ContactQuery) -> Result<Vec<ContactRow>>;
    /// Numbers of live contacts.
    fn contact_numbers(&mut self) -> Result<u64>;
    /// Whatever `before` and `limit` are.
    fn history_count(&mut self, query: &HistoryQuery) -> Result<u64>;
    /// Whether a status may count as the change says: as it does, or as anything while no call has it.
    fn countable(&mut self, status: &str, change: &DispositionChange) -> Result<()>;
    /// Whatever `after` and `limit` are.
    fn dnc_count(&mut self, query: &DncQuery) -> Result<u64>;
    /// Live ones.
    fn contact_count(&mut self) -> Result<u64>;
    /// Open tasks that would go with these.
    fn contact_tasks(&mut self, contacts: &[ContactId]) -> Result<u64>;
    /// By identifier or number.
    fn contact_row(&mut self, word: &str) -> Result<ContactRow>;
    /// One in the bin, by identifier or number.
    fn contact_deleted(&mut self, word: &str) -> Result<ContactId>;
    fn categories(&mut self) -> Result<Vec<CategoryInfo>>;
    fn dnc_entries(&mut self, query: &DncQuery) -> Result<Vec<DncRow>>;
    /// Imports of do-not-call numbers, newest first.
    fn dnc_imports(&mut self, before: Option<ImportId>, limit: u32) -> Result<Vec<ImportRecord>>;
    /// One of them, by the beginning of its identifier.
    fn dnc_import(&mut self, key: &str) -> Result<ImportRecord>;
    fn amendments(&mut self, attempt: AttemptId) -> Result<Vec<AmendmentRow>>;
    /// With `granted_to`: only those about lists that this user may use, and their own.
    fn notes(&mut self, about: &NoteAbout, granted_to: Option<UserId>) -> Result<Vec<NoteRow>>;
}
