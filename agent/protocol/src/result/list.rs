use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Exported;

/// `list.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// The lists.
    pub lists: Vec<ListInfo>,
}

/// A list and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInfo {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Project (案件).
    pub project: String,
    /// Whether it may be dialed.
    pub enabled: bool,
    /// In which order: `position`, `random`, `newest`, `category`.
    pub order: String,
    /// The current round, from 1.
    pub round: u32,
    /// Rows.
    pub total: u64,
    /// Rows that may be called (発信対象).
    pub dialable: u64,
    /// Rows that nobody is offered, since their owner may not use the list (`W-OWNER-GRANT`); not among `dialable`.
    #[serde(default)]
    pub shut_out: u64,
    /// Rows of nobody, whom their project does not share: nobody is offered them; not among `dialable`.
    #[serde(default)]
    pub unassigned: u64,
    /// Rows that are not called since their numbers stand on the do-not-call list, or are of a kind that no list calls; not among
    /// `dialable`.
    #[serde(default)]
    pub blocked: u64,
    /// Rows called at least once.
    pub worked: u64,
    /// When it was made.
    pub created_at: Option<i64>,
}

/// `list.show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPage {
    /// The list.
    pub list: ListInfo,
    /// Its rows.
    pub rows: Vec<LeadRow>,
    /// `after` of the next page.
    pub next: Option<i64>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadRow {
    /// The lead's id.
    pub id: String,
    /// Position, from 1.
    pub position: i64,
    /// Number.
    pub number: String,
    /// Company (取引先会社名).
    pub company: Option<String>,
    /// Person (取引先担当者名).
    pub person: Option<String>,
    /// Categories (カテゴリー).
    pub categories: Vec<String>,
    /// Whether it may be called (発信対象): `false` where somebody excluded it (発信対象外).
    pub dialable: bool,
    /// Why it is passed over although it may be called (架電禁止): `E-DNC`, or `E-PHONE-FORBIDDEN` of a number that no list calls. Absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// Code of the last status.
    pub status: Option<String>,
    /// Label of the last status.
    pub label: Option<String>,
    /// Last attempt.
    pub last_at: Option<i64>,
    /// Not again before.
    pub due_at: Option<i64>,
}

/// `list.upload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Bytes received so far.
    pub bytes: u64,
}

/// `list.import`: what was done, or with `dry_run` would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportResult {
    /// The list's name; empty: the contact book.
    pub list: String,
    /// The file's name.
    pub file: String,
    /// Whether the rows are in the database now.
    pub committed: bool,
    /// Rows read, without header and blank lines.
    pub rows: u64,
    /// Rows without mistake.
    pub accepted: u64,
    /// Rows refused for their mistakes.
    pub refused: u64,
    /// Rows whose number stood in the file already.
    pub duplicates: u64,
    /// New rows of the list or book.
    pub inserted: u64,
    /// Rows whose number was there already and that changed something.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows whose number was there already and of which nothing was taken, as `dup_existing` `skip` asks: lead and contact are as they
    /// were.
    #[serde(default)]
    pub skipped: u64,
    /// Contacts made.
    pub contacts_created: u64,
    /// Contacts changed.
    pub contacts_updated: u64,
    /// Encoding that was used.
    pub encoding: String,
    /// Delimiter that was used.
    pub delimiter: String,
    /// Whether line 1 named the columns.
    pub header: bool,
    /// How often each code was met, mistakes and doubts, those beyond `errors` and `warnings` included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Mistakes, at most 1000; `refused` counts all.
    pub errors: Vec<ImportIssue>,
    /// Doubts, at most 1000, after `W-LIST-LARGE` and the first 100 further numbers that another contact has (`W-PHONE-TAKEN`).
    pub warnings: Vec<ImportIssue>,
    /// The import's id, by which it can be undone; `null` when nothing was kept.
    pub import: Option<String>,
    /// With `report`: the word to fetch the refused rows with `list.download`; `null` when there are none.
    pub report: Option<String>,
    /// With `report_warnings`: the word to fetch all doubts with; `null` when there are none. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings_report: Option<String>,
    /// With `dry_run`: the first good rows as they would be taken, at most 20. Absent otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preview: Vec<PreviewRow>,
}

/// A row of a file as an import would take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// Company (取引先会社名).
    pub company: Option<String>,
    /// Person (取引先担当者名).
    pub person: Option<String>,
    /// Number.
    pub number: String,
    /// How many further numbers.
    pub further: usize,
    /// Categories (カテゴリー).
    pub categories: Vec<String>,
    /// The other columns that have content, in the file's order.
    pub columns: serde_json::Map<String, serde_json::Value>,
}

/// A mistake or doubt in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportIssue {
    /// `E-…` or `W-…`.
    pub code: String,
    /// Line in the file, from 1; 0: of the file as a whole (`W-LIST-LARGE`).
    pub line: u64,
    /// Other lines it has to do with, such as the first of a repeated number.
    pub lines: Vec<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// The cell as it stands.
    pub value: Option<String>,
    /// What is wrong, in English.
    #[serde(default)]
    pub message: String,
    /// What to do about it, in English.
    #[serde(default)]
    pub hint: String,
    /// The contact that has the number, of `W-PHONE-TAKEN`. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// `list.export`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportResult {
    /// The list.
    pub list: String,
    /// Its file.
    #[serde(flatten)]
    pub file: Exported,
}

/// A cell that was written otherwise than it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedCell {
    /// The part that has it, from 1; `null` where the file was not to be cut.
    #[serde(default)]
    pub part: Option<u32>,
    /// Row of the file or of the part, from 1, the header included.
    pub row: u64,
    /// Name of the column.
    pub column: String,
    /// What it says, the beginning of it.
    pub value: String,
    /// What was written, the beginning of it.
    pub written: String,
}

/// `list.download`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloaded {
    /// The piece, base64.
    pub data: String,
    /// `offset` of the next piece; `null` at the end.
    pub next: Option<u64>,
}

/// `dial.why`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyResult {
    /// The leads asked about, in the order they would be called.
    pub rows: Vec<WhyRow>,
}

/// Why one lead is or is not eligible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyRow {
    /// The lead's id.
    pub lead: String,
    /// The list's name.
    pub list: String,
    /// Position, from 1.
    pub position: i64,
    /// Number.
    pub number: String,
    /// Company.
    pub company: Option<String>,
    /// Whether it would be called now.
    pub eligible: bool,
    /// Why: `eligible`, `later-round`, `not-due`, `claimed`, `task`, `done`, `interrupted`, `do-not-call`, `forbidden`, `trunk-rule`,
    /// `repeat`, `excluded`, `owner-grant`, `unassigned`, `list-disabled`, `importing`, or `E-HOURS`.
    pub reason: String,
    /// Further reasons, which would keep it from being called if that one did not. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// When it can be called at the earliest, a time at which the calling window is open: not before, UTC milliseconds.
    pub due_at: Option<i64>,
    /// Round it is due in.
    pub round: u32,
    /// Calls made.
    pub attempts: u32,
    /// Label of the last result.
    pub status: Option<String>,
    /// The seat that shows or calls it, while one does.
    pub seat: Option<String>,
    /// The call that holds it, where it has ended and has no result yet: `call.save` with `attempt` gives it one. Absent where there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
    /// When its task is to be called back, UTC milliseconds.
    pub recall_at: Option<i64>,
    /// Why somebody excluded it.
    pub excluded_reason: Option<String>,
    /// Login of whose number it is. Absent where it is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}
