//! Verbs on projects, lists, leads, imports and recordings.

use std::path::PathBuf;
use std::time::Instant;

use crate::code::Code;
use crate::error::Result;
use crate::export::ListColumns;
use crate::id::{AttemptId, ContactId, ImportId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, ChangeSlice, CheckReport, ContactNumber, DeletedList, GrantRow, ImportRecord, LeadChange,
    LeadFields, LeadPhone, LeadPlace, LeadRow, LeadSelection, LeadSpec, LeadsChanged, ListEdit, ListInfo,
    ListWorked, Mended, Mismatch, ProjectEdit, ProjectRow, RecordingPause, RecordingQuery, RecordingRow,
    RecordingState, RecordingUsage, StatsQuery, TallyBy, TallyRow, ToMend, ViewFilter, ViewPage, ViewQuery,
};
use crate::phone::Phone;
use crate::progress::Progress;
use crate::sqlite::{BinAt, ExpireAt, InBin};
use crate::staging::{UndoAt, Undone};

/// Writes.
pub(crate) trait ListVerbs {
    fn create_project(
        &mut self,
        name: &str,
        caller_id: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow>;
    fn edit_project(
        &mut self,
        project: ProjectId,
        edit: &ProjectEdit,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow>;
    fn delete_project(&mut self, project: ProjectId, by: Actor, now: i64) -> Result<()>;
    fn restore_project(&mut self, name: &str, by: Actor, now: i64) -> Result<ProjectRow>;

    fn edit_list(&mut self, list: ListId, edit: &ListEdit, by: Actor, now: i64) -> Result<()>;
    /// Puts a slice of leads into their turns; the last position, `None` at the end.
    fn reorder_list(&mut self, list: ListId, after: i64) -> Result<Option<i64>>;
    fn delete_list(&mut self, list: ListId, by: Actor, now: i64) -> Result<()>;
    fn restore_list(&mut self, key: &str, name: Option<&str>, by: Actor, now: i64) -> Result<ListId>;
    fn grant_list(
        &mut self,
        list: ListId,
        users: &[UserId],
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()>;

    fn grant_project(
        &mut self,
        project: ProjectId,
        users: &[UserId],
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()>;
    fn add_lead(&mut self, spec: &LeadSpec, by: Actor, now: i64) -> Result<(LeadId, Vec<Code>)>;
    /// The same of a number that lies in the list's bin.
    fn add_lead_again(
        &mut self,
        spec: &LeadSpec,
        found: InBin,
        by: Actor,
        now: i64,
    ) -> Result<(LeadId, Vec<Code>)>;
    fn change_lead_fields(
        &mut self,
        lead: LeadId,
        fields: &LeadFields,
        by: Actor,
        now: i64,
    ) -> Result<Vec<Code>>;
    /// Does one thing to a few leads.
    fn change_leads(
        &mut self,
        list: ListId,
        leads: &LeadSelection,
        change: &LeadChange,
        by: Actor,
        now: i64,
    ) -> Result<LeadsChanged>;
    /// Writes down one thing that is to be done to so many leads, which follow in parts, and what they were found by.
    fn begin_change(
        &mut self,
        list: ListId,
        change: (&LeadChange, Option<&serde_json::Value>),
        leads: u64,
        by: Actor,
        now: i64,
    ) -> Result<i64>;
    fn add_to_change(&mut self, id: i64, part: i64, leads: &[LeadId]) -> Result<()>;
    /// One of the parts of [`ListReads::numbers_in_order`], behind the leads that are given away.
    fn add_numbers_to_change(&mut self, id: i64, part: i64, numbers: &str) -> Result<()>;
    /// Does as much of it as fits before `deadline`.
    fn go_on_changing(&mut self, id: i64, deadline: Instant) -> Result<ChangeSlice>;
    /// It failed by this code, and stays undone.
    fn give_up_change(&mut self, id: i64, code: &str) -> Result<()>;
    /// Brings a slice of leads back that were deleted at one moment; the last lead looked at, `None` at the end.
    fn restore_leads(
        &mut self,
        list: ListId,
        deleted_at: i64,
        after: Option<LeadId>,
    ) -> Result<(LeadsChanged, Option<LeadId>)>;
    fn audit_restore(
        &mut self,
        list: ListId,
        deleted_at: i64,
        done: &LeadsChanged,
        by: Actor,
        now: i64,
    ) -> Result<()>;
    fn add_lead_phone(
        &mut self,
        lead: LeadId,
        phone: &str,
        label: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<(Vec<LeadPhone>, Vec<Code>)>;
    fn remove_lead_phone(&mut self, lead: LeadId, phone: &str, by: Actor, now: i64)
    -> Result<Vec<LeadPhone>>;

    /// Whether the running import should wait before it stages more: the disk is behind.
    fn import_crowded(&mut self) -> bool;
    /// Gives a slice of an import's new leads to users in turn; the last position, `None` at the end.
    fn assign_import(
        &mut self,
        import: ImportId,
        users: &[UserId],
        by: Actor,
        after: i64,
        now: i64,
    ) -> Result<Option<i64>>;
    /// Begins to take an import back that was taken back and left something.
    fn undo_import_again(&mut self, import: ImportId, by: Actor) -> Result<()>;
    /// Takes back a slice of an import; where to go on, `None` at the end.
    /// Ends an undo that failed, for good.
    fn give_up_undo(&mut self, import: ImportId, by: Actor, code: &str, now: i64) -> Result<()>;
    fn undo_import(
        &mut self,
        import: ImportId,
        at: UndoAt,
        by: Actor,
        now: i64,
    ) -> Result<(Undone, Option<UndoAt>)>;

    fn hold_recording(
        &mut self,
        attempt: AttemptId,
        reason: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<u64>;
    /// A recording is paused, or goes on: the stretches so far, and who wanted it.
    fn recording_paused(&mut self, pause: &RecordingPause) -> Result<()>;
    fn release_recording(&mut self, attempt: AttemptId, by: Actor, now: i64) -> Result<u64>;
    /// Marks the recordings of a call as expired, since somebody wants them gone; returns how many there were.
    fn delete_recording(&mut self, attempt: AttemptId, reason: &str, by: Actor, now: i64) -> Result<u64>;
    /// Marks the oldest recordings behind `at` that may go as expired, until `bytes` are freed or `most` were looked at; returns where to
    /// go on.
    fn expire_recordings(
        &mut self,
        bytes: u64,
        older_than: Option<i64>,
        at: ExpireAt,
        most: u32,
        now: i64,
    ) -> Result<(Vec<RecordingRow>, Option<ExpireAt>)>;
    /// Leads of a list that are committed and not deleted (登録数).
    fn registered(&mut self, list: ListId) -> Result<u64>;
    fn recordings_exported(&mut self, recordings: &[i64], by: Actor, now: i64) -> Result<()>;
    /// Files of expired recordings that are not known to be gone.
    fn recordings_to_remove(&mut self, most: u32) -> Result<Vec<(i64, PathBuf)>>;
    fn recordings_removed(&mut self, recordings: &[i64], now: i64) -> Result<()>;

    /// Empties a slice of what has lain in the bins of lists since before `than`; returns how many leads and lists went, and where to go on,
    /// `None` at the end.
    fn purge_lists(&mut self, than: i64, now: i64, at: BinAt) -> Result<(u64, Option<BinAt>)>;
    /// Writes the owners of numbers on their leads again; returns on how many.
    fn show_owners(&mut self, phones: &[String]) -> Result<u64>;
    /// Notes that somebody has figures written anew, and how many leads and lists were found.
    fn note_mending(&mut self, found: (u64, u64), by: Actor, now: i64) -> Result<()>;
    /// Writes the figures of some of these anew.
    fn mend(&mut self, some: &ToMend) -> Result<Mended>;
}

/// Long reads.
pub(crate) trait ListReads {
    fn list_by_name(&mut self, name: &str) -> Result<ListInfo>;
    /// The list of this name, one in the bin too.
    fn list_ever(&mut self, name: &str) -> Result<ListId>;
    /// The list of exactly this name, in a project or in any.
    fn list_exactly(&mut self, name: &str, project: Option<&str>) -> Result<Option<ListInfo>>;
    /// Project and name of a list to be made that is called `PROJECT/NAME`; `None`: no project is called so.
    fn list_place(&mut self, text: &str) -> Result<Option<(ProjectId, String)>>;
    fn project_rows(&mut self) -> Result<Vec<ProjectRow>>;
    fn project_by_name(&mut self, name: &str) -> Result<ProjectId>;
    /// By name or identifier, one of the bin too.
    fn project_ever(&mut self, word: &str) -> Result<ProjectId>;
    fn deleted_lists(&mut self) -> Result<Vec<DeletedList>>;
    fn visible_lists(&mut self, user: UserId, own: bool) -> Result<Vec<ListInfo>>;
    /// What an export of the list has columns for; of further numbers, with `labelled`, only where one has a label.
    fn list_columns(&mut self, list: ListId, labelled: bool) -> Result<ListColumns>;
    fn grants(&mut self, list: ListId) -> Result<Vec<GrantRow>>;
    fn project_grants(&mut self, project: ProjectId) -> Result<Vec<GrantRow>>;
    fn may_use(&mut self, list: ListId, user: UserId) -> Result<bool>;
    fn view(&mut self, query: &ViewQuery) -> Result<ViewPage>;
    fn find_leads(&mut self, list: ListId, filter: &ViewFilter) -> Result<Vec<LeadId>>;
    fn lead(&mut self, lead: LeadId) -> Result<LeadRow>;
    /// Whether a lead with this number, its main one or a further one, is excluded on some list.
    fn is_excluded(&mut self, phone: &str) -> Result<bool>;
    /// In this order; without those that are gone.
    fn lead_places(&mut self, leads: &[LeadId]) -> Result<Vec<LeadPlace>>;
    /// The numbers of leads in their order, in parts, as a change that gives them away needs them.
    fn numbers_in_order(&mut self, leads: &[LeadId]) -> Result<Vec<String>>;
    fn bin(&mut self, list: ListId) -> Result<Vec<(i64, u64)>>;
    /// What is known of a number by the list's bin.
    fn in_bin(&mut self, list: ListId, phone: &Phone) -> Result<Option<InBin>>;
    /// The leads of a list that have open tasks, once for each.
    fn lead_tasks(&mut self, list: ListId) -> Result<Vec<LeadId>>;
    fn imports(
        &mut self,
        list: Option<ListId>,
        before: Option<ImportId>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>>;
    fn import(&mut self, key: &str) -> Result<ImportRecord>;
    /// Whether an import that was taken back left something.
    fn import_left(&mut self, import: ImportId) -> Result<bool>;
    fn tally(&mut self, query: &StatsQuery, by: TallyBy) -> Result<Vec<TallyRow>>;
    /// 進捗 of each list asked for, over all days.
    fn worked(&mut self, query: &StatsQuery) -> Result<Vec<ListWorked>>;
    fn verify(&mut self, query: &StatsQuery) -> Result<Vec<Mismatch>>;
    fn to_mend(&mut self) -> Result<ToMend>;
    /// Live contacts, one row per number, behind one; in the order of identifiers.
    fn contact_rows(&mut self, after: Option<(ContactId, i64)>, limit: u32) -> Result<Vec<ContactNumber>>;
    /// Whether a contact has more than one number or a label, and whether one has a mail address.
    fn contact_columns(&mut self) -> Result<(bool, bool)>;
    /// Every setting that keeps the database whole, looked at.
    fn check(&mut self, full: bool) -> Result<CheckReport>;
    /// How many leads of a moment would come back from the bin, and how many leads the list has.
    fn restorable(&mut self, list: ListId, deleted_at: i64) -> Result<(u64, u64)>;
    /// Numbers of leads that show another owner than they have, among a few leads behind a row; and where to go on.
    fn owners_astray(&mut self, after: i64) -> Result<(Vec<String>, Option<i64>)>;
    fn recordings(&mut self, query: &RecordingQuery) -> Result<Vec<RecordingRow>>;
    /// With `of`, one of a call of this user.
    fn recording(&mut self, id: i64, of: Option<UserId>) -> Result<RecordingRow>;
    /// Every file that rows name for these calls, kept or not.
    fn recording_files(
        &mut self,
        attempts: &[AttemptId],
    ) -> Result<Vec<(AttemptId, PathBuf, RecordingState)>>;
    fn recording_usage(&mut self, now: i64) -> Result<RecordingUsage>;
    /// Tells how far what follows is, and ends it when nobody wants it any more.
    fn watch(&mut self, progress: &Progress) -> Result<()>;
    /// Where it holds what took long to read: how often anybody has looked at that.
    fn lingers(&self) -> Option<u64>;
}
