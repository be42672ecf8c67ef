use serde::{Deserialize, Serialize};

use super::CallQuality;
use super::seat::Direction;

/// `history.list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    /// Attempts, newest first.
    pub rows: Vec<HistoryRow>,
    /// `before` of the next page.
    pub next: Option<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// The attempt's id.
    pub attempt: String,
    /// The box it was made on.
    #[serde(rename = "box")]
    pub box_id: String,
    /// The seat.
    pub seat: Option<String>,
    /// Login of the operator.
    pub operator: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_name: Option<String>,
    /// The way it went.
    pub direction: Direction,
    /// `list` or `manual` or `incoming`.
    pub origin: String,
    /// Name of the project now.
    pub project: Option<String>,
    /// The list's name.
    pub list: Option<String>,
    /// The lead's id.
    pub lead: Option<String>,
    /// Number.
    pub number: String,
    /// Company, as it was at the call.
    pub company: Option<String>,
    /// Person, as they were at the call.
    pub person: Option<String>,
    /// Id of the contact that has the number now; `null`: 取引先名未登録.
    pub contact: Option<String>,
    /// The contact's company now.
    pub contact_company: Option<String>,
    /// The contact's person now.
    pub contact_person: Option<String>,
    /// INVITE sent or received.
    pub started_at: Option<i64>,
    /// First 180.
    pub ringing_at: Option<i64>,
    /// Answered.
    pub answered_at: Option<i64>,
    /// Ended.
    pub ended_at: Option<i64>,
    /// Who hung up: `local`, `remote`, `timeout`.
    pub hangup_by: Option<String>,
    /// Final SIP code.
    pub sip_code: Option<u16>,
    /// Q.850 cause.
    pub q850: Option<u16>,
    /// Row of the decision table, such as `busy`.
    pub outcome: Option<String>,
    /// Status code.
    pub status: Option<String>,
    /// Status label.
    pub label: Option<String>,
    /// `operator` or `auto`.
    pub set_by: Option<String>,
    /// Memo.
    pub memo: Option<String>,
    /// When to call again.
    pub recall_at: Option<i64>,
    /// Marked 報告.
    pub reported: bool,
    /// Something of it was filled in or corrected after it was sealed: `history.show` has what.
    pub amended: bool,
    /// Not counted: the network's or our own fault.
    pub void: bool,
    /// Why it is void.
    pub void_reason: Option<String>,
    /// A crash ended it.
    pub interrupted: bool,
    /// When the result was sealed; `null` while it may change.
    pub sealed_at: Option<i64>,
    /// The recording.
    pub recording: Option<RecordingInfo>,
    /// The Call-ID of the INVITE (RFC 3261, 8.1.1.4). Absent where none left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// Our number as it was shown to the callee. Absent where the account's own was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<String>,
    /// The account of the configuration it went through. Absent where none was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// First voice before the answer. Absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_media_at: Option<i64>,
    /// The codec. Absent where there was no voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// How the voice was encrypted, as in a call's `secure`. Absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<String>,
    /// Why the call could not be made or was ended by the daemon, as in a call's `trouble`. Absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How the voice fared. Absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<CallQuality>,
    /// Whom the call was handed to. Absent where to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transferred>,
    /// The attempt that this one was a consultation for. Absent where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// Whom a call was handed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transferred {
    /// `blind` or `attended`.
    pub way: String,
    /// The number.
    pub number: String,
    /// SIP code of the target as the exchange told it; `null` where it did not.
    pub code: Option<u16>,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// `open`, `final`, `discarded`, `failed`.
    pub state: String,
    /// The file.
    pub path: Option<String>,
    /// Length.
    pub duration_ms: Option<u64>,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: Option<String>,
    /// Audio lost on its way to the disk, milliseconds: silence in its place, or missing at the end when the disk was
    /// full. More than 0: the recording does not hold the whole call.
    #[serde(default)]
    pub gaps_ms: Option<u64>,
    /// Where it was paused (`recording.pause`) and holds silence. Absent where nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused: Vec<PausedSpan>,
}

/// A stretch of a recording that was paused. Places in the file, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedSpan {
    /// Where it begins.
    pub from_ms: u64,
    /// Where it ends; `null`: at the end of the recording.
    pub to_ms: Option<u64>,
}

/// `stats.get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatsResult {
    /// Not before.
    pub from: Option<i64>,
    /// Before.
    pub to: Option<i64>,
    /// 作業数: distinct leads worked.
    pub works: u64,
    /// コール数: calls made, void ones not counted.
    pub calls: u64,
    /// コネクト数: calls in which somebody was reached.
    pub connects: u64,
    /// コネクト率: `connects / calls`, 0 to 1; `null` without calls.
    pub connect_rate: Option<f64>,
    /// Rows of the list or lists.
    pub total: u64,
    /// Of them, those called at least once on any day; for one operator, by them.
    pub worked: u64,
    /// 進捗: `worked / total`, 0 to 1, whatever the days; `null` without rows (S4.16).
    pub progress: Option<f64>,
    /// Calls without a status (未入力), a part of `calls`; with the statuses that count as calls they make `calls` (S4.17).
    #[serde(default)]
    pub blank: u64,
    /// Void attempts.
    pub void: u64,
    /// Time talked.
    pub talk_ms: u64,
    /// Results by status.
    pub by_status: Vec<StatusCount>,
}

/// How often a status was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// Code.
    pub code: String,
    /// Label.
    pub label: String,
    /// How often.
    pub count: u64,
    /// Whether these are in コール数.
    #[serde(default = "yes")]
    pub counts_call: bool,
}

/// Of a daemon that does not say: every status it came with counts.
fn yes() -> bool {
    true
}
