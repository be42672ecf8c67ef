//! Registers: projects, callers, outbox.

use serde::Serialize;

use crate::id::{AttemptId, ContactId, ProjectId};

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
    /// Not before, UTC milliseconds: a recording whose checksum is not known yet.
    pub next_try_at: i64,
}
