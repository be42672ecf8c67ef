use serde::{Deserialize, Serialize};

/// `project.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projects {
    /// The projects.
    pub projects: Vec<ProjectRow>,
}

/// A project (案件).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRow {
    /// Name.
    pub name: String,
    /// Number shown to callees.
    pub caller_id: Option<String>,
    /// Whether a クレーム holds for the whole company.
    pub company_wide_dnc: bool,
    /// Leads of nobody are seen and dialed by every operator; else by none.
    pub pooled: bool,
    /// Its lists.
    pub lists: u64,
}

/// What was done, where nothing else is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Of what, by name or id.
    pub of: String,
}

/// `list.delete`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDeleted {
    /// Its name.
    pub of: String,
    /// Its leads.
    pub leads: u64,
    /// Open tasks (見込, 再コール) of its leads, which wait in the bin with it.
    pub tasks: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// `list.bin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// What lies in it, the last deleted first.
    pub rows: Vec<BinRow>,
}

/// Something deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinRow {
    /// The list.
    pub list: String,
    /// Its id, which `list.restore` takes.
    pub id: String,
    /// Its project.
    pub project: String,
    /// When; of leads the `at` of `list.restore`.
    pub at: i64,
    /// Leads.
    pub leads: u64,
}

/// `list.round`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundResult {
    /// The list.
    pub list: String,
    /// Number of the round that was opened.
    pub round: u32,
}

/// `project.grant`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectGrants {
    /// The project.
    pub project: String,
    /// Logins of who may use all its lists; empty = nobody in particular.
    pub users: Vec<String>,
    /// Their names, in the same order.
    pub names: Vec<String>,
}

/// `list.grant`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// The list.
    pub list: String,
    /// Logins of those it is granted to itself.
    pub users: Vec<String>,
    /// Their names, in the same order.
    pub names: Vec<String>,
    /// Logins of those its project is granted to, who may use it too. Absent where there are none: with both empty everybody may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_users: Vec<String>,
    /// Their names, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_names: Vec<String>,
}

/// `list.view`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewPage {
    /// The list's name.
    pub list: String,
    /// The leads.
    pub rows: Vec<ViewRow>,
    /// Leads that pass the filter.
    pub total: u64,
    /// Number of the first of `rows` among them, from 0.
    pub first: u64,
    /// `after` of the next page; `null` at the end.
    pub next: Option<String>,
    /// `before` of the page before; `null` at the beginning.
    pub previous: Option<String>,
}

/// `lead.add`, `lead.edit`, `lead.phone`: the lead as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadSaved {
    /// The lead.
    #[serde(flatten)]
    pub lead: ViewRow,
    /// Doubts about what was given, as an import has them: `W-LONG`, `W-ZERO-RESTORED`, …
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A lead with everything the list view shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRow {
    /// The lead's id.
    pub id: String,
    /// Position, from 1.
    pub position: i64,
    /// Name of the owner (発信担当者).
    pub assigned: Option<String>,
    /// Their login.
    pub assigned_login: Option<String>,
    /// Company (会社名).
    pub company: Option<String>,
    /// Person (担当者名).
    pub person: Option<String>,
    /// Number (電話番号).
    pub number: String,
    /// Its extension (内線), digits. Absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// `184` or `186`, which is called before it: without or with the caller's number. Absent where neither is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clir: Option<String>,
    /// Further numbers.
    pub further: Vec<FurtherNumber>,
    /// Categories (カテゴリー).
    pub categories: Vec<String>,
    /// Further columns, in the file's order.
    pub columns: serde_json::Map<String, serde_json::Value>,
    /// What the last call was (最終通話種別): `out`, `out_missed`, `in`, `in_missed`.
    pub last_kind: Option<String>,
    /// Name of who made it (最終担当者).
    pub last_user: Option<String>,
    /// Their login.
    pub last_user_login: Option<String>,
    /// When (最終通話日時).
    pub last_at: Option<i64>,
    /// Code of its status (最終通話ステータス).
    pub status: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// Its memo.
    pub memo: Option<String>,
    /// Whether it may be called (発信対象): `false` where somebody excluded it (発信対象外).
    pub dialable: bool,
    /// Why it is passed over although it may be called (架電禁止): `E-DNC`, or `E-PHONE-FORBIDDEN` of a number that no list calls. Absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// Why not.
    pub excluded_reason: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// `ready`, `waiting`, `claimed`, `task`, `done`, `skipped`, `interrupted`.
    pub state: String,
    /// Not again before.
    pub due_at: Option<i64>,
    /// Counts its edits, for `lead.edit`.
    pub version: u64,
}

/// A further number of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherNumber {
    /// Number.
    pub number: String,
    /// What it is.
    pub label: Option<String>,
    /// Its extension, digits. Absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
    /// Somebody added it and may remove it.
    pub editable: bool,
}

/// `lead.change` and the leads' part of `list.restore`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadsChanged {
    /// Leads that are different now.
    pub changed: u64,
    /// Leads that stayed: a seat holds them, or their number is on the list again.
    pub held: u64,
    /// Leads of the same numbers on other lists that changed too.
    pub other_lists: u64,
    /// Open tasks of deleted leads, which wait in the bin with them. Absent where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tasks: u64,
    /// The `at` that brings deleted ones back.
    pub at: Option<i64>,
    /// Logins of those the leads were given to who may not use the list (X7): nobody is offered these leads. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ungranted: Vec<String>,
}

/// `list.imports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imports {
    /// The imports.
    pub rows: Vec<ImportRow>,
    /// `before` of the next page.
    pub next: Option<String>,
}

/// An import of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Id, by which it is undone.
    pub id: String,
    /// The list.
    pub list: Option<String>,
    /// Name of the file.
    pub file: String,
    /// `staging`, `committed`, `refused`, `undone`, `half_undone`.
    pub state: String,
    /// Login of who imported.
    pub by: Option<String>,
    /// Their name now.
    pub by_name: Option<String>,
    /// The Unix user, where that is no user's. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_uid: Option<u32>,
    /// When it began.
    pub at: i64,
    /// New leads.
    pub inserted: u64,
    /// Leads that changed.
    pub updated: u64,
    /// Rows refused.
    pub refused: u64,
}

/// `list.import_undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUndone {
    /// The import.
    pub id: String,
    /// New leads removed.
    pub removed: u64,
    /// New leads that were called or are tasks meanwhile, and of a file of contacts new contacts whose number is on a list: they stay.
    pub kept: u64,
    /// Leads and contacts that have again what the import overwrote.
    pub restored: u64,
    /// Leads and contacts that somebody, or a later import, changed since: those that were there before keep that, new ones stay.
    pub changed_since: u64,
    /// New contacts removed.
    pub contacts_removed: u64,
}

/// `stats.tally`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// What was counted by.
    pub by: String,
    /// The counts.
    pub rows: Vec<TallyRow>,
}

/// The counts of one operator, list, project, hour or day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TallyRow {
    /// Login, name of a list or project, hour or day; `null` = nobody's.
    pub name: Option<String>,
    /// By `user`: their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// 作業数.
    pub works: u64,
    /// コール数.
    pub calls: u64,
    /// コネクト数.
    pub connects: u64,
    /// コネクト率, 0 to 1; `null` without calls.
    pub connect_rate: Option<f64>,
    /// 登録数, per list and project.
    pub total: u64,
    /// Of them, those called at least once on any day; for one operator, by them.
    pub worked: u64,
    /// 進捗: `worked / total`, 0 to 1, whatever the days; `null` where nothing is registered.
    pub progress: Option<f64>,
    /// Calls without a status (未入力).
    pub blank: u64,
    /// Talk time.
    pub talk_ms: u64,
}

/// `stats.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Figures that differ from the rows: none, or a defect.
    pub mismatches: Vec<Mismatch>,
}

/// `stats.mend`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    /// Leads that showed another last result than their calls have.
    pub last_results: u64,
    /// Leads that counted other calls than were made.
    pub attempts: u64,
    /// Leads that were due although no list calls them.
    pub due: u64,
    /// Leads that were passed over for a do-not-call entry that does not hold any more; they have their turn again.
    #[serde(default)]
    pub blocked: u64,
    /// Leads that showed another owner than their number has.
    pub owners: u64,
    /// Lists that counted other leads than they have.
    pub registered: u64,
    /// What each of them was and is, the first 200; owners are counted only.
    pub rows: Vec<MendedRow>,
}

/// A figure that was written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MendedRow {
    /// Which, as in `stats.verify`; `due lead`, `blocked lead`.
    pub what: String,
    /// Name of the list.
    pub list: String,
    /// Position of the lead; `null`: the list's own figure.
    pub position: Option<i64>,
    /// What stood there: the label of a result, or a count; of a blocked lead the code of why it was passed over.
    pub before: String,
    /// What stands there now; of a due lead the code of why it is passed over.
    pub after: String,
}

/// A figure that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// Which figure.
    pub what: String,
    /// Of whom or what.
    pub key: String,
    /// What is shown.
    pub shown: i64,
    /// What the rows say.
    pub counted: i64,
}

/// `recording.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recordings {
    /// The recordings.
    pub rows: Vec<RecordingRow>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingRow {
    /// Its number, by which `recording.fetch` reads it.
    pub id: i64,
    /// The call.
    pub attempt: String,
    /// When it began.
    pub at: i64,
    /// The file.
    pub path: String,
    /// `final`, `exported`.
    pub state: String,
    /// Size.
    pub bytes: Option<u64>,
    /// Length.
    pub duration_ms: Option<u64>,
    /// Checksum.
    pub sha256: Option<String>,
    /// Kept whatever the quota says.
    pub hold: bool,
    /// Why.
    pub hold_reason: Option<String>,
    /// Whether the call's result has left the box.
    pub synced: bool,
    /// Number.
    pub number: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Login of the operator.
    pub operator: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// The list.
    pub list: Option<String>,
    /// Label of the result.
    pub label: Option<String>,
}

/// `recording.quota`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaResult {
    /// Recordings with a file.
    pub count: u64,
    /// Their size.
    pub bytes: u64,
    /// Their length.
    pub duration_ms: u64,
    /// How much may be kept, bytes; `null` = as much as the disk takes.
    pub quota: Option<u64>,
    /// How long they are kept, days; `null` = until the quota needs the room.
    pub max_age_days: Option<u64>,
    /// More is kept than the quota allows: until the next look, within a minute, or, with no `removable_bytes`, since none of it may
    /// go.
    pub over_quota: bool,
    /// Room on the disk that takes them, bytes.
    pub disk_free: Option<u64>,
    /// Size of those on hold.
    pub held_bytes: u64,
    /// Size of those whose result has not left the box.
    pub unsynced_bytes: u64,
    /// Size of those whose call is not sealed: nobody saved it yet.
    #[serde(default)]
    pub unsealed_bytes: u64,
    /// Size of those that go when the quota needs the room.
    #[serde(default)]
    pub removable_bytes: u64,
    /// When the oldest began.
    pub oldest_at: Option<i64>,
    /// Hours of talk that still fit into the quota or on the disk; `null` before the first recording.
    pub hours_left: Option<u64>,
    /// Days until it is full, at the pace of the last seven.
    pub days_left: Option<u64>,
}

/// `store.backup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupResult {
    /// The file; `null` for one that is fetched.
    pub path: Option<String>,
    /// Name to fetch it by (`list.download`). Absent where the daemon wrote it to a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Version of its schema.
    pub schema: i64,
}

/// `store.check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Nothing is wrong.
    pub sound: bool,
    /// Version of the schema.
    pub schema: i64,
    /// Size of the file.
    pub bytes: u64,
    /// Size of its log.
    pub log_bytes: u64,
    /// Room in it that is not used.
    pub free_bytes: u64,
    /// Lists.
    pub lists: u64,
    /// Leads.
    pub leads: u64,
    /// Contacts.
    pub contacts: u64,
    /// Attempts.
    pub attempts: u64,
    /// Damage, in SQLite's words.
    pub damage: Vec<String>,
    /// Rows that refer to rows that are not there.
    pub broken_references: u64,
    /// Figures that differ from the rows.
    pub mismatches: Vec<Mismatch>,
    /// Recordings that are kept and whose file is not there; `sound` is about the database only.
    #[serde(default)]
    pub missing_recordings: u64,
    /// Recordings whose file has not the size of what was recorded or, with `full`, another content.
    #[serde(default)]
    pub altered_recordings: u64,
    /// Recordings whose content was compared, with `full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summed_recordings: Option<u64>,
    /// Which they are, at most 200.
    #[serde(default)]
    pub wrong_recordings: Vec<WrongRecording>,
    /// Copies from before an upgrade beside the database; they go at a start after 30 days.
    #[serde(default)]
    pub upgrade_copies: Vec<String>,
    /// Files of recordings whose calls the database does not have.
    #[serde(default)]
    pub stray_recordings: StrayRecordings,
}

/// Files of recordings of calls that the database does not have: in no quota, export or deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrayRecordings {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The newest of them, ten at most.
    pub first: Vec<String>,
}

/// A recording whose file is not there, or not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongRecording {
    /// Whose it is.
    pub attempt: String,
    /// Where its file should be.
    pub path: String,
    /// Size of what was recorded, where it is known.
    pub bytes: Option<u64>,
    /// Size of what is there; `null`: nothing.
    pub found: Option<u64>,
    /// SHA-256 of what is there, where it has the size of what was recorded and another content; empty: it cannot be read. Lower-case
    /// hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
