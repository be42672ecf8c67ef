//! 対応タスク: what an operator has to come back to.

use serde::Serialize;

use super::people::Actor;
use super::view::Assigned;
use super::word::{TaskFolder, TaskKind, TaskState};
use crate::id::{AttemptId, LeadId, UserId};
use crate::permission::Scope;

/// Which tasks to read, the most urgent first: overdue and coming ones by time, then those without a time.
#[derive(Clone, Debug, Default)]
pub struct TaskQuery {
    /// Only those of this owner, or of nobody.
    pub owner: Option<Assigned>,
    /// Only tasks of lists that this user may use (X4, X7).
    pub granted_to: Option<UserId>,
    /// Only this folder (X4).
    pub folder: Option<TaskFolder>,
    /// Only those that fall due after this moment, UTC milliseconds.
    pub due_after: Option<i64>,
    /// Done and cancelled ones too; shown grey (X4).
    pub include_closed: bool,
    /// Without those whose number must not be called.
    pub callable: bool,
    /// Only this number, as a person writes it.
    pub phone: Option<String>,
    /// Continue behind this task.
    pub after: Option<i64>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
    /// What is past, UTC milliseconds.
    pub now: i64,
}

/// A task as the list of tasks shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskRow {
    /// Number.
    pub id: i64,
    /// 見込 or 再コール.
    pub kind: TaskKind,
    /// Where it stands.
    pub state: TaskState,
    /// Folder at the time of asking.
    pub folder: TaskFolder,
    /// When to call, UTC milliseconds.
    pub due_at: Option<i64>,
    /// Whose task it is.
    pub owner: Option<UserId>,
    /// Their login.
    pub owner_login: Option<String>,
    /// Their name now.
    pub owner_name: Option<String>,
    /// The call it came from.
    pub attempt: AttemptId,
    /// When that call was made, UTC milliseconds.
    pub called_at: Option<i64>,
    /// The lead, when it came from a list.
    pub lead: Option<LeadId>,
    /// The list's name.
    pub list_name: Option<String>,
    /// The lead's place on it, unless it lies in the bin.
    pub position: Option<i64>,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// Company, from the contact book, else as it was then.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Label of the status.
    pub status_label: Option<String>,
    /// Memo of the call.
    pub memo: Option<String>,
    /// When it was closed, UTC milliseconds.
    pub closed_at: Option<i64>,
    /// It is open, and its number must not be called (E-DNC): it waits until that is cleared, and is neither counted nor reminded of.
    pub blocked: bool,
}

/// How many tasks are open in each folder. The badge is `past` (X4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskCounts {
    /// 過去: the time is over.
    pub past: u64,
    /// 未来: the time is to come.
    pub future: u64,
    /// フリー: no time.
    pub free: u64,
}

/// A change of a task.
#[derive(Clone, Copy, Debug)]
pub struct TaskChange {
    /// The task.
    pub task: i64,
    /// What to do with it.
    pub what: TaskStep,
    /// On whose tasks the actor may act; [`Scope::Own`] reaches those of nobody too, on lists that are granted to them (X7).
    pub scope: Scope,
    /// Who.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// What to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStep {
    /// Done without a further call; its lead is done too.
    Close,
    /// Open it again.
    Reopen,
    /// Give it to another user, or to nobody.
    Reassign(Option<UserId>),
    /// Set or take away its time.
    Due(Option<i64>),
}
