//! Open tasks that change hands at once (S4.20): slice by slice, each with its row of audit. One that takes several slices is written down
//! with the first of them until the last, so that a process that ends in the middle finishes it at its next start.
//!
//! It is written down among the changes of leads, as one that has no leads: a version that knows nothing of it takes it for one that was
//! never begun, and forgets it.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::Type;
use serde_json::{Value, json};

use super::hand_over::{SAME, open_tasks, over};
use super::{SqliteBackend, all, audit_by, exec, tasks, users};
use crate::error::{Doing, Error, Result};
use crate::id::ListId;
use crate::model::{Actor, TaskHandOver};

/// Where a hand-over goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TasksAt {
    /// As what it is written down; `None` before its first slice.
    pub(crate) id: Option<i64>,
    /// Behind this task.
    after: i64,
}

/// One that is written down.
struct Open {
    at: TasksAt,
    over: TaskHandOver,
    by: Actor,
    began: i64,
}

/// Hands open tasks over until `deadline`; returns how many, and where to go on. Wherever it ends, the log says what went over. None that
/// there was has a row too.
pub(super) fn slice(
    db: &Connection,
    over: &TaskHandOver,
    at: TasksAt,
    deadline: Instant,
    by: Actor,
    now: i64,
) -> Result<(u64, Option<TasksAt>)> {
    let doing = "hand tasks over";
    users::callers(db, over.to.as_slice())?;
    if over.from == over.to {
        return Err(SAME);
    }
    let (mut done, mut next) = (0, Some(at.after));
    while let Some(after) = next {
        let (open, behind) = open_tasks(db, over.from, over.list, after).doing(doing)?;
        for (task, lead) in &open {
            tasks::give(db, *task, *lead, over.to).doing(doing)?;
        }
        done += open.len() as u64;
        next = behind;
        if self::over(deadline) {
            break;
        }
    }
    let next = note(db, over, at.id, next, (by, now)).doing(doing)?;
    if done > 0 || at == TasksAt::default() {
        audit(db, over, (done, None), by, now)?;
    }
    Ok((done, next))
}

/// Keeps where it goes on, or forgets it at its end.
fn note(
    db: &Connection,
    over: &TaskHandOver,
    id: Option<i64>,
    next: Option<i64>,
    (by, now): (Actor, i64),
) -> rusqlite::Result<Option<TasksAt>> {
    let id = match (id, next) {
        (None, None) => None,
        (Some(id), None) => {
            forget(db, id)?;
            None
        }
        (Some(id), Some(after)) => {
            exec(db, "UPDATE lead_changes SET looked = ?2 WHERE id = ?1", (id, after))?;
            Some(id)
        }
        (None, Some(after)) => {
            let sql = "INSERT INTO lead_changes (list_id, what, user_id, uid, at, leads, looked)
                       VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)";
            let (list, what) = (over.list.unwrap_or(ListId(0)), json!({ "tasks": over }).to_string());
            exec(db, sql, (list, what, by.user, by.uid, now, after))?;
            Some(db.last_insert_rowid())
        }
    };
    Ok(next.map(|after| TasksAt { id, after }))
}

/// Ends one that failed and was told as failed. What went over stays, as the rows of audit say; `false` where it is another change.
pub(super) fn give_up(db: &Connection, id: i64, code: &str) -> Result<bool> {
    let found = open(db).doing("hand tasks over")?.into_iter().find(|open| open.at.id == Some(id));
    let Some(Open { over, by, began, .. }) = found else { return Ok(false) };
    audit(db, &over, (0, Some(code)), by, began)?;
    forget(db, id).doing("hand tasks over")?;
    Ok(true)
}

/// After a start: finishes what the last run did not.
pub(super) fn recover(backend: &mut SqliteBackend) -> Result<()> {
    let doing = "recover";
    for Open { at, over, by, began } in open(&backend.db).doing(doing)? {
        tracing::warn!("the last run did not finish handing tasks over; finishing it");
        let mut next = Some(at);
        while let Some(at) = next {
            match backend.transact(doing, |db, _| slice(db, &over, at, soon(), by, began)) {
                Ok((_, behind)) => next = behind,
                // Whoever was to take over is gone, or calls no more.
                Err(
                    error @ (Error::UserTombstone { .. } | Error::NoCaller { .. } | Error::NotFound { .. }),
                ) => {
                    let id = at.id.unwrap_or_default();
                    backend.transact(doing, |db, _| give_up(db, id, error.code()))?;
                    next = None;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn open(db: &Connection) -> rusqlite::Result<Vec<Open>> {
    let sql = "SELECT id, looked, what ->> '$.tasks', user_id, uid, at FROM lead_changes
               WHERE what ->> '$.tasks' IS NOT NULL ORDER BY id";
    all(db, sql, [], |r| {
        let over = serde_json::from_str(&r.get::<_, String>(2)?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error)))?;
        Ok(Open {
            at: TasksAt { id: r.get(0)?, after: r.get(1)? },
            over,
            by: Actor { user: r.get(3)?, uid: r.get(4)? },
            began: r.get(5)?,
        })
    })
}

fn forget(db: &Connection, id: i64) -> rusqlite::Result<()> {
    exec(db, "DELETE FROM lead_changes WHERE id = ?1", [id]).map(|_| ())
}

fn audit(
    db: &Connection,
    over: &TaskHandOver,
    (tasks, ended): (u64, Option<&str>),
    by: Actor,
    now: i64,
) -> Result<()> {
    let mut detail = json!({ "from": over.from, "to": over.to, "list": over.list, "tasks": tasks });
    if let (Some(code), Value::Object(fields)) = (ended, &mut detail) {
        fields.insert("ended".to_owned(), json!({ "code": code }));
    }
    let object = over.from.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
    audit_by(db, now, by, "task.hand_over", &object, &detail).doing("hand tasks over")
}

/// Nobody waits for it.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}
