//! Lists and leads.

use serde::Serialize;

use super::word::LeadState;
use crate::id::{LeadId, ListId, ProjectId, UserId};

/// A list to create.
#[derive(Clone, Debug)]
pub struct ListSpec {
    /// Its name, unique within the project.
    pub name: String,
    /// Its project.
    pub project: ProjectId,
}

/// A list with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListInfo {
    /// Identifier.
    pub id: ListId,
    /// Name.
    pub name: String,
    /// Project.
    pub project: ProjectId,
    /// Name of the project.
    pub project_name: String,
    /// Disabled lists are not dialed (X7).
    pub enabled: bool,
    /// The current round, from 1.
    pub round: u32,
    /// Leads registered (登録数), excluded ones included.
    pub total: u64,
    /// Leads that this round may still dial.
    pub dialable: u64,
    /// Leads called at least once (作業数).
    pub worked: u64,
    /// Leads marked 発信対象外.
    pub excluded: u64,
    /// Leads passed over with a reason.
    pub skipped: u64,
    /// When it was created, UTC milliseconds.
    pub created_at: i64,
}

/// Which leads to show, in order of position.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The list.
    pub list: ListId,
    /// Continue behind this position.
    pub after: Option<i64>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
    /// Which ones.
    pub filter: LeadFilter,
}

/// A filter on leads; the default shows all that are not excluded.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Only leads in this state.
    pub state: Option<LeadState>,
    /// Only leads whose last status is this code.
    pub status: Option<String>,
    /// Only leads with exactly this many attempts.
    pub attempts: Option<u32>,
    /// Only this number, as a person writes it.
    pub phone: Option<String>,
    /// Show 発信対象外 too (S1.38: hidden by default).
    pub include_excluded: bool,
}

/// A lead as the list view shows it (S1.30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeadRow {
    /// Identifier.
    pub id: LeadId,
    /// Its list.
    pub list: ListId,
    /// Position, from 1.
    pub position: i64,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// As the file had it.
    pub raw_phone: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories in order.
    pub categories: Vec<String>,
    /// Further columns of the file, in order, as a JSON object.
    pub attrs: serde_json::Value,
    /// Where it stands.
    pub state: LeadState,
    /// Code of the reason, when passed over.
    pub skip_reason: Option<String>,
    /// 発信対象 (`false`: 発信対象外).
    pub dialable: bool,
    /// Round it is due in.
    pub round: u32,
    /// Calls made, void ones left out.
    pub attempts: u32,
    /// Put off until, UTC milliseconds.
    pub next_eligible_at: Option<i64>,
    /// Callback asked for, UTC milliseconds.
    pub recall_at: Option<i64>,
    /// Status code of the last call with this number, whoever made it (S1.31).
    pub last_status: Option<String>,
    /// Its label.
    pub last_status_label: Option<String>,
    /// Who made it.
    pub last_user: Option<UserId>,
    /// That user's name.
    pub last_user_name: Option<String>,
    /// When, UTC milliseconds.
    pub last_at: Option<i64>,
    /// Memo of that call, for the export.
    pub last_memo: Option<String>,
}
