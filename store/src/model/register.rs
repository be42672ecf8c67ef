//! Registers: users, projects, contacts, statuses, do-not-call, outbox.

use serde::Serialize;

use super::word::{LeadNext, Role};
use crate::id::{AttemptId, ContactId, ProjectId, UserId};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// Identifier.
    pub id: UserId,
    /// Login, never given out twice.
    pub login: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectInfo {
    /// Identifier.
    pub id: ProjectId,
    /// Name.
    pub name: String,
    /// Caller number shown.
    pub caller_id: Option<String>,
}

/// Who a number belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactInfo {
    /// Identifier.
    pub id: ContactId,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories in order.
    pub categories: Vec<String>,
}

/// A result status with its row of the matrix (S4.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DispositionInfo {
    /// Stable code.
    pub code: String,
    /// Label shown.
    pub label: String,
    /// Coupled to functions: cannot be changed.
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
}

/// A number that must not be called.
#[derive(Clone, Debug)]
pub struct DncEntry {
    /// As a person writes it.
    pub phone: String,
    /// Only for this project; `None` for the whole company.
    pub project: Option<ProjectId>,
    /// Why.
    pub reason: String,
    /// Where it came from: `manual`, `import`, ...
    pub source: String,
    /// Who entered it.
    pub by: Option<UserId>,
    /// UTC milliseconds.
    pub now: i64,
}

/// A do-not-call row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DncRow {
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// Only for this project.
    pub project: Option<ProjectId>,
    /// Why.
    pub reason: String,
    /// Where it came from.
    pub source: String,
    /// The call that is the evidence.
    pub attempt: Option<AttemptId>,
    /// Who entered it.
    pub by: Option<UserId>,
    /// When, UTC milliseconds.
    pub at: i64,
}

/// Something that must leave the box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutboxRow {
    /// Grows; deliver in this order.
    pub seq: i64,
    /// Idempotency key.
    pub key: AttemptId,
    /// `attempt.sealed`.
    pub kind: String,
    /// The fields, in the order of the write-back file.
    pub payload: serde_json::Value,
    /// Failed deliveries so far.
    pub attempts: u32,
    /// Not before, UTC milliseconds: back-off, or a recording whose checksum is not known yet.
    pub next_try_at: i64,
}
