//! Result statuses: seven to begin with, as many more as a site wants (S4.6–S4.8).

use serde::Serialize;

use super::word::LeadNext;
use crate::id::ProjectId;

/// A result status with its row of the matrix (S4.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DispositionInfo {
    /// Stable code.
    pub code: String,
    /// Label shown.
    pub label: String,
    /// Coupled to functions: cannot be renamed, changed or deleted (S4.6).
    pub builtin: bool,
    /// Kept in the history (履歴).
    pub keep_history: bool,
    /// Its recording is kept (録音).
    pub keep_recording: bool,
    /// Counts as コール.
    pub counts_call: bool,
    /// Counts as コネクト.
    pub counts_connect: bool,
    /// What becomes of the lead.
    pub lead_next: LeadNext,
    /// Place in the order shown, from 1.
    pub position: i64,
    /// Only in this project; `None` = in all.
    pub project: Option<ProjectId>,
    /// One key.
    pub hotkey: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// Not offered any more since, UTC milliseconds; old calls keep it.
    pub archived_at: Option<i64>,
}

/// A status to make.
#[derive(Clone, Debug)]
pub struct DispositionDraft {
    /// Stable code: lower-case letters, digits and `_`, at most 32; `None` makes one.
    pub code: Option<String>,
    /// Label, unique among the live ones of its project.
    pub label: String,
    /// Only in this project; `None` = in all.
    pub project: Option<ProjectId>,
    /// The rest.
    pub flags: DispositionFlags,
}

/// What a site may set of its own statuses; `None` leaves a field alone, or takes the default for a new one.
#[derive(Clone, Debug, Default)]
pub struct DispositionFlags {
    /// Its recording is kept. Default: yes.
    pub keep_recording: Option<bool>,
    /// Counts as コール. Default: yes.
    pub counts_call: Option<bool>,
    /// Counts as コネクト. Default: yes.
    pub counts_connect: Option<bool>,
    /// What becomes of the lead. Default: done.
    pub lead_next: Option<LeadNext>,
    /// One key; empty takes it away.
    pub hotkey: Option<String>,
    /// `#rrggbb`; empty takes it away.
    pub color: Option<String>,
    /// Place in the order, from 1; the others move. Default: the end.
    pub position: Option<i64>,
}

/// What to change of a status. Of a built-in one only hotkey, colour and place.
#[derive(Clone, Debug, Default)]
pub struct DispositionChange {
    /// Whose status is meant: this project's own. `None`: whichever has the code or label, and there must be one.
    pub of: Option<ProjectId>,
    /// New label.
    pub label: Option<String>,
    /// Offer it no more, or again.
    pub archived: Option<bool>,
    /// The rest.
    pub flags: DispositionFlags,
}
