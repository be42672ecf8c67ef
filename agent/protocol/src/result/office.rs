//! The office: users, the audit log, statuses, tasks, do-not-call, amendments and notes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{HistoryRow, ImportIssue};

/// `user.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// The users by login.
    pub users: Vec<UserRow>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// `MGR`, `SV`, `OP`, `BIZ`, `BY`.
    pub role: String,
    /// Unix user.
    pub uid: Option<u32>,
    /// There is a password.
    pub password: bool,
    /// Seats of the configuration this user works at.
    pub seats: Vec<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was deleted.
    pub deleted_at: Option<i64>,
}

/// `user.edit`, `user.delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChanged {
    /// The user.
    #[serde(flatten)]
    pub user: UserRow,
    /// What changed hands.
    pub handed_over: Holdings,
    /// Lists with leads or tasks of whoever took over that are not granted to them (X7): nobody is offered these until they are.
    pub ungranted: Vec<String>,
}

/// `user.me`: whom the daemon takes whoever asks for, so that a surface offers what they may do (S3.12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Login; `null` for who is nobody's user.
    pub login: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// What they may do: `MGR`, `SV`, `OP`, `BIZ`, `BY`.
    pub role: String,
    /// Root or the daemon's own user: may name paths.
    pub owner: bool,
    /// They see telephone numbers masked, write none and export none (S3.13, S3.14).
    pub masked: bool,
    /// They make and change no contacts (S3.11).
    pub reads_contacts: bool,
    /// Seats that are theirs: of these the only one, if it is one, is meant when none is named.
    #[serde(default)]
    pub seats: Vec<String>,
    /// Names that several users have, deleted ones too: beside these a surface shows the login.
    #[serde(default)]
    pub namesakes: Vec<String>,
}

/// `user.holds`: what nobody else is offered while it is theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Leads of the numbers they call (発信担当者), on every list.
    pub leads: u64,
    /// Contacts, those in the bin too.
    pub contacts: u64,
    /// Open tasks: 見込 and 再コール.
    pub tasks: u64,
}

/// `audit.list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Changes, newest first.
    pub rows: Vec<AuditRow>,
    /// What users, lists and projects that the rows name by their ids are called now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// `before` of the next page.
    pub next: Option<i64>,
}

/// An administrative change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Number.
    pub id: i64,
    /// When.
    pub at: i64,
    /// Login of who changed it.
    pub user: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Unix user who asked.
    pub uid: Option<u32>,
    /// `user.add`, `contact.delete`, …
    pub action: String,
    /// What was changed.
    pub object: String,
    /// How. Of what changed, `before` and `after`: a value each, or the fields that are different now.
    pub detail: Value,
}

/// `disposition.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispositions {
    /// The statuses in order.
    pub dispositions: Vec<DispositionRow>,
}

/// A result status with its row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispositionRow {
    /// Code.
    pub code: String,
    /// Label.
    pub label: String,
    /// Coupled to functions: cannot be changed.
    pub builtin: bool,
    /// 録音: the recording is kept.
    pub keep_recording: bool,
    /// Counts as コール.
    pub counts_call: bool,
    /// Counts as コネクト.
    pub counts_connect: bool,
    /// What becomes of the lead: `retry`, `never`, `task`, `done`.
    pub lead_next: String,
    /// Place in the order.
    pub position: i64,
    /// Only in this project.
    pub project: Option<String>,
    /// One key.
    pub hotkey: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Not offered any more since.
    pub archived_at: Option<i64>,
}

/// `task.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPage {
    /// The tasks, the most urgent first.
    pub rows: Vec<TaskRow>,
    /// How many are open, of the owners asked for; `past` is the badge.
    pub counts: TaskCounts,
    /// `after` of the next page.
    pub next: Option<i64>,
}

/// How many tasks are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// 過去.
    pub past: u64,
    /// 未来.
    pub future: u64,
    /// フリー.
    pub free: u64,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Number.
    pub id: i64,
    /// `prospect` or `callback`.
    pub kind: String,
    /// `open`, `done`, `cancelled`.
    pub state: String,
    /// `past`, `future`, `free`.
    pub folder: String,
    /// When to call.
    pub due_at: Option<i64>,
    /// Login of the owner.
    pub owner: Option<String>,
    /// Name of the owner.
    pub owner_name: Option<String>,
    /// The call it came from.
    pub attempt: String,
    /// When that call was made.
    pub called_at: Option<i64>,
    /// The lead.
    pub lead: Option<String>,
    /// The list's name.
    pub list: Option<String>,
    /// The lead's number on its list; `null` without a lead, and where it lies in the bin.
    #[serde(default)]
    pub position: Option<i64>,
    /// Number.
    pub number: String,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Label of the status.
    pub label: Option<String>,
    /// Memo of the call.
    pub memo: Option<String>,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// It is open, and its number stands on the do-not-call list: `call.dial` refuses it (`E-DNC`), and it is neither counted nor reminded
    /// of until the entry is cleared. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// With `task.assign`: lists with leads or tasks of the new owner that are not granted to them (X7). Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ungranted: Vec<String>,
    /// With `task.due` where no call may leave at `due_at`: from when on one may, UTC milliseconds; `null`: the settings never open the
    /// window. Absent where one may.
    #[serde(default, deserialize_with = "super::stands", skip_serializing_if = "Option::is_none")]
    pub recall_opens_at: Option<Option<i64>>,
}

/// `task.hand_over`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksHandedOver {
    /// How many changed hands.
    pub tasks: u64,
    /// Lists with leads or tasks of whoever took over that are not granted to them (X7).
    pub ungranted: Vec<String>,
}

/// `dnc.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncPage {
    /// The rows.
    pub rows: Vec<DncRow>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// A number nobody calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncRow {
    /// Number.
    pub number: String,
    /// Only in this project; `null` = everywhere.
    pub project: Option<String>,
    /// The project's id, by which `dnc.ls` and `dnc.clear` take it too. Absent without a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The project lies in the bin; the entry holds all the same. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub project_deleted: bool,
    /// Why.
    pub reason: Option<String>,
    /// `manual`, `status`, `import`, or what the file said that it came from.
    pub source: String,
    /// The call that is the evidence.
    pub attempt: Option<String>,
    /// Other evidence.
    pub evidence: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
    /// The Unix user, where that is no user's. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// When.
    pub at: i64,
    /// When it was cleared.
    pub cleared_at: Option<i64>,
    /// Who cleared it.
    pub cleared_by: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_by_name: Option<String>,
    /// The Unix user, where that is no user's. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_by_uid: Option<u32>,
    /// Why it was cleared.
    pub cleared_reason: Option<String>,
    /// Who imported it, where its file said how it was registered: then `source`, `by` and `at` are the file's. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_by: Option<String>,
    /// Likewise when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<i64>,
}

/// `dnc.add`: the entry as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncAdded {
    /// The entry; `at` and `by` say since when and by whom it stands.
    #[serde(flatten)]
    pub row: DncRow,
    /// Nothing is new: every number stood there already, in every project that was named.
    #[serde(default)]
    pub known: bool,
    /// What was given (reason, evidence, call) was written down beside what stood there.
    #[serde(default)]
    pub completed: bool,
    /// The other entries, of further numbers and projects. Absent where there is one only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<DncRow>,
}

/// `dnc.clear`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncCleared {
    /// Entries that held and do no more.
    pub cleared: u64,
    /// What still forbids to call the number: entries of other projects, or the one for everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<DncRow>,
}

/// `dnc.import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncImported {
    /// The file's name.
    pub file: String,
    /// Whether anything was changed.
    pub committed: bool,
    /// Rows read.
    pub rows: u64,
    /// Rows refused for their mistakes.
    pub refused: u64,
    /// Entries added or cleared.
    pub changed: u64,
    /// Entries that were so already.
    pub unchanged: u64,
    /// How many of these took in a reason or evidence that they did not have.
    #[serde(default)]
    pub completed: u64,
    /// Rows that say that they were cleared (解除日時): nothing becomes of them.
    #[serde(default)]
    pub past: u64,
    /// Encoding that was used.
    pub encoding: String,
    /// Word to fetch the refused rows with as a CSV file, where they were asked for and there are some.
    #[serde(default)]
    pub report: Option<String>,
    /// The same for all doubts, where they were asked for. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings_report: Option<String>,
    /// How often each code was met, mistakes and doubts, those beyond `errors` and `warnings` included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Mistakes, at most 1000.
    pub errors: Vec<ImportIssue>,
    /// Doubts about rows that are taken, at most 1000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ImportIssue>,
    /// With `dry_run`: the first rows as they would be taken, at most 20. Absent otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<DncPreviewRow>,
}

/// A row of a file of do-not-call numbers as an import would take it. A row that has several numbers, or counts for several projects,
/// comes once for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncPreviewRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The number as it would be entered; of a refused row the cell that is to blame, as it stands in the file.
    pub number: String,
    /// Only for this project.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Evidence in words.
    pub evidence: Option<String>,
    /// What would become of it: `new`, `known` (entered already, or by an earlier row) or `completed` (the same, and its entry takes in the
    /// row's reason or evidence), with `clear` `cleared` or `absent` (no entry, or an
    /// earlier row clears it), `past` (the row says that it was cleared: nothing becomes of it), or `refused`.
    pub effect: String,
    /// Why a row is refused: `E-…`.
    pub code: Option<String>,
}

/// `dnc.imports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncFiles {
    /// The imports.
    pub rows: Vec<DncFile>,
    /// `before` of the next page.
    pub next: Option<String>,
}

/// A file of do-not-call numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncFile {
    /// Id, by which it is taken back when it was interrupted.
    pub id: String,
    /// Name of the file.
    pub file: String,
    /// `staging` while it runs, `committed`, `undone`, or `interrupted`: what it added before it was cut short stays blocked until
    /// its file is imported again or somebody takes it back.
    pub state: String,
    /// Whether it clears numbers instead of adding them.
    pub clear: bool,
    /// Login of who imported.
    pub by: Option<String>,
    /// Their name now.
    pub by_name: Option<String>,
    /// The Unix user, where that is no user's. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// When it began, UTC milliseconds.
    pub at: i64,
    /// When it was found to have been cut short, UTC milliseconds.
    pub interrupted_at: Option<i64>,
    /// Rows of the file.
    pub rows: u64,
    /// Entries added so far, or cleared, which is 0 before its commit. Of one that was taken back those that it had added.
    pub changed: u64,
    /// Entries that stood already and took in a reason or evidence; they keep it when it is taken back.
    #[serde(default)]
    pub completed: u64,
    /// Rows refused.
    pub refused: u64,
}

/// `dnc.import_undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncImportUndone {
    /// The import.
    pub id: String,
    /// Entries that hold no more.
    pub cleared: u64,
    /// Entries that another file, a person or a call entered too, and stay.
    pub kept: u64,
}

/// `history.show`, `history.amend`, `history.report`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryCall {
    /// The call.
    pub call: HistoryRow,
    /// What it said before, oldest first.
    pub amendments: Vec<Amendment>,
    /// Notes about its number, oldest first.
    pub notes: Vec<NoteRow>,
    /// `history.amend` with a time to call again at which no call may leave: from when on one may, UTC milliseconds; `null`: the settings
    /// never open the window. Absent where one may.
    #[serde(default, deserialize_with = "super::stands", skip_serializing_if = "Option::is_none")]
    pub recall_opens_at: Option<Option<i64>>,
    /// `history.amend`: `W-DNC-STAYS`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One amended field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// When.
    pub at: i64,
    /// Who.
    pub by: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
    /// The Unix user, where that is no user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// `status`, `memo`, `recall_at`.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it became.
    pub after: Option<String>,
    /// Of a status: label of what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_label: Option<String>,
    /// Of a status: label of what it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_label: Option<String>,
    /// Why.
    pub reason: String,
}

/// `note.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The notes, oldest first.
    pub notes: Vec<NoteRow>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// Id.
    pub note: String,
    /// The call it was written at.
    pub attempt: Option<String>,
    /// The lead it was written at.
    pub lead: Option<String>,
    /// Number.
    pub number: String,
    /// Login of who wrote it.
    pub by: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
    /// The Unix user who wrote it, where no user did. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// The text.
    pub text: String,
    /// When.
    pub at: i64,
    /// When it was changed.
    pub edited_at: Option<i64>,
}
