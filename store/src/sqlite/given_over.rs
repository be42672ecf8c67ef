//! Open tasks (S4.20), or contacts (S3.8), that change hands at once: slice by slice, each with its row of audit. What takes several slices
//! is written down with the first of them until the last, so that a process that ends in the middle finishes it at its next start.
//!
//! It is written down among the changes of leads, as one that has no leads: a version that knows nothing of it takes it for one that was
//! never begun, and forgets it.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::hand_over::{SAME, give_contacts, open_tasks, over};
use super::{SqliteBackend, all, audit_by, exec, tasks, users};
use crate::error::{Doing, Error, Result};
use crate::id::{ListId, UserId};
use crate::model::{Actor, ContactHandOver, TaskHandOver};

/// What changes hands. Its name is in the row that is written down.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Given {
    Tasks(TaskHandOver),
    Contacts(ContactHandOver),
}

/// Where a hand-over goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenAt {
    /// As what it is written down; `None` before its first slice.
    pub(crate) id: Option<i64>,
    /// Behind this task, or this row of contacts.
    after: i64,
}

/// One that is written down.
struct Open {
    at: GivenAt,
    given: Given,
    by: Actor,
    began: i64,
}

impl Given {
    const fn from(&self) -> Option<UserId> {
        match self {
            Self::Tasks(over) => over.from,
            Self::Contacts(over) => over.from,
        }
    }

    const fn to(&self) -> Option<UserId> {
        match self {
            Self::Tasks(over) => over.to,
            Self::Contacts(over) => over.to,
        }
    }

    const fn list(&self) -> Option<ListId> {
        match self {
            Self::Tasks(over) => over.list,
            Self::Contacts(_) => None,
        }
    }

    /// For the log.
    const fn noun(&self) -> &'static str {
        match self {
            Self::Tasks(_) => "tasks",
            Self::Contacts(_) => "contacts",
        }
    }

    /// Tasks go to who calls; contacts are anybody's to have who is not deleted.
    fn may_take(&self, db: &Connection) -> Result<()> {
        match self {
            Self::Tasks(over) => users::callers(db, over.to.as_slice())?,
            Self::Contacts(over) => users::all_live(db, over.to.as_slice())?,
        }
        if self.from() == self.to() { Err(SAME) } else { Ok(()) }
    }

    /// A handful behind `after`; how many changed hands, and where to go on.
    fn step(&self, db: &Connection, after: i64) -> rusqlite::Result<(u64, Option<i64>)> {
        match self {
            Self::Tasks(over) => {
                let (open, behind) = open_tasks(db, over.from, over.list, after)?;
                for (task, lead) in &open {
                    tasks::give(db, *task, *lead, over.to)?;
                }
                Ok((open.len() as u64, behind))
            }
            Self::Contacts(over) => give_contacts(db, over.from, over.to, after),
        }
    }
}

/// Hands over until `deadline`; returns how many, and where to go on. Wherever it ends, the log says what went over. None that
/// there was has a row too.
pub(super) fn slice(
    db: &Connection,
    given: &Given,
    at: GivenAt,
    deadline: Instant,
    by: Actor,
    now: i64,
) -> Result<(u64, Option<GivenAt>)> {
    let doing = "hand over";
    given.may_take(db)?;
    let (mut done, mut next) = (0, Some(at.after));
    while let Some(after) = next {
        let (more, behind) = given.step(db, after).doing(doing)?;
        done += more;
        next = behind;
        if over(deadline) {
            break;
        }
    }
    let next = note(db, given, at.id, next, (by, now)).doing(doing)?;
    if done > 0 || at == GivenAt::default() {
        audit(db, given, (done, None), by, now)?;
    }
    Ok((done, next))
}

/// Keeps where it goes on, or forgets it at its end.
fn note(
    db: &Connection,
    given: &Given,
    id: Option<i64>,
    next: Option<i64>,
    (by, now): (Actor, i64),
) -> rusqlite::Result<Option<GivenAt>> {
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
            let (list, what) = (given.list().unwrap_or(ListId(0)), json!(given).to_string());
            exec(db, sql, (list, what, by.user, by.uid, now, after))?;
            Some(db.last_insert_rowid())
        }
    };
    Ok(next.map(|after| GivenAt { id, after }))
}

/// Ends one that failed and was told as failed. What went over stays, as the rows of audit say; `false` where it is another change.
pub(super) fn give_up(db: &Connection, id: i64, code: &str) -> Result<bool> {
    let found = open(db).doing("hand over")?.into_iter().find(|open| open.at.id == Some(id));
    let Some(Open { given, by, began, .. }) = found else { return Ok(false) };
    audit(db, &given, (0, Some(code)), by, began)?;
    forget(db, id).doing("hand over")?;
    Ok(true)
}

/// After a start: finishes what the last run did not.
pub(super) fn recover(backend: &mut SqliteBackend) -> Result<()> {
    let doing = "recover";
    for Open { at, given, by, began } in open(&backend.db).doing(doing)? {
        tracing::warn!("the last run did not finish handing {} over; finishing it", given.noun());
        let mut next = Some(at);
        while let Some(at) = next {
            match backend.transact(doing, |db, _| slice(db, &given, at, soon(), by, began)) {
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
    let sql = "SELECT id, looked, what, user_id, uid, at FROM lead_changes
               WHERE what ->> '$.tasks' IS NOT NULL OR what ->> '$.contacts' IS NOT NULL ORDER BY id";
    all(db, sql, [], |r| {
        let given = serde_json::from_str(&r.get::<_, String>(2)?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error)))?;
        Ok(Open {
            at: GivenAt { id: r.get(0)?, after: r.get(1)? },
            given,
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
    given: &Given,
    (done, ended): (u64, Option<&str>),
    by: Actor,
    now: i64,
) -> Result<()> {
    let (from, to) = (given.from(), given.to());
    let (action, mut detail) = match given {
        Given::Tasks(over) => {
            ("task.hand_over", json!({ "from": from, "to": to, "list": over.list, "tasks": done }))
        }
        Given::Contacts(_) => ("contact.hand_over", json!({ "from": from, "to": to, "contacts": done })),
    };
    if let (Some(code), Value::Object(fields)) = (ended, &mut detail) {
        fields.insert("ended".to_owned(), json!({ "code": code }));
    }
    let object = from.map_or_else(|| "nobody".to_owned(), |user| user.to_string());
    audit_by(db, now, by, action, &object, &detail).doing("hand over")
}

/// Nobody waits for it.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}
