//! The log of administrative changes: written in the transaction of the change, never changed afterwards.

use rusqlite::{Connection, params, params_from_iter};
use serde::Serialize;
use serde_json::{Map, json};

use super::conditions::{Conditions, rows_of_page};
use super::{all, exec, one};
use crate::error::{Doing, Result};
use crate::model::{Actor, AuditQuery, AuditRow};

/// Writes an entry.
pub(super) fn audit_by(
    db: &Connection,
    at: i64,
    by: Actor,
    action: &str,
    object: &str,
    detail: &serde_json::Value,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit (at, user_id, uid, action, object, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    exec(db, sql, params![at, by.user, by.uid, action, object, detail.to_string()]).map(|_| ())
}

/// What nobody's user did: which row of the log tells of it.
pub(super) struct Done<'a> {
    /// Actions that may be meant, as a list of SQL.
    pub(super) actions: &'static str,
    /// What it was done to; `None`: all that is known is the moment.
    pub(super) object: Option<&'a str>,
    /// UTC milliseconds; not before.
    pub(super) at: i64,
}

/// The Unix user who did what no user did: the rows themselves name users only. The log has no index, and its rows come in the order of
/// time: the moment is looked for by halves, and some rows behind it are read. `None` where it is not there, as after the clock was set back.
pub(super) fn asker(db: &Connection, done: &Done<'_>) -> rusqlite::Result<Option<u32>> {
    let Done { actions, object, at } = *done;
    let last = "SELECT ifnull(max(id), 0) FROM audit";
    let (mut low, mut high) = (0, one(db, last, [], |r| r.get::<_, i64>(0))?.unwrap_or(0));
    while low < high {
        let middle = low + (high - low) / 2;
        let next = "SELECT id, at FROM audit WHERE id > ?1 ORDER BY id LIMIT 1";
        match one(db, next, [middle], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))? {
            Some((id, then)) if then < at => low = id,
            Some(_) | None => high = middle,
        }
    }
    let sql = format!(
        "SELECT uid FROM audit WHERE id BETWEEN ?1 AND ?1 + {NEAR} AND action IN ({actions})
           AND iif(?2 IS NULL, at = ?3, object = ?2) AND user_id IS NULL ORDER BY id LIMIT 1"
    );
    Ok(one(db, &sql, (low, object, at), |r| r.get(0))?.flatten())
}

/// Rows that are read behind a moment: an import has its row when it ends, others what they did meanwhile.
const NEAR: i64 = 2_000;

/// Which fields of something changed: each as it was and as it is.
#[derive(Default)]
pub(super) struct Fields {
    before: Map<String, serde_json::Value>,
    after: Map<String, serde_json::Value>,
}

impl Fields {
    /// Notes a field, unless it is as it was.
    pub(super) fn put(&mut self, field: &str, before: impl Serialize, after: impl Serialize) {
        let (before, after) = (json!(before), json!(after));
        if before != after {
            self.changed(field, before, after);
        }
    }

    /// Notes a field that is different, also where its beginning is not.
    pub(super) fn changed(&mut self, field: &str, before: impl Serialize, after: impl Serialize) {
        self.before.insert(field.to_owned(), json!(before));
        self.after.insert(field.to_owned(), json!(after));
    }

    /// Whether everything is as it was.
    pub(super) fn is_empty(&self) -> bool {
        self.after.is_empty()
    }

    /// `{"before": {…}, "after": {…}}`.
    pub(super) fn detail(self) -> serde_json::Value {
        json!({ "before": self.before, "after": self.after })
    }
}

/// A text as the log keeps it: its beginning, where it is long. The log is for what was done, not a second place for memos.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Entries, newest first.
pub(super) fn list(db: &Connection, query: &AuditQuery) -> Result<Vec<AuditRow>> {
    let mut conditions = Conditions::behind(
        "SELECT a.id, a.at, a.user_id, u.login, a.uid, a.action, a.object, a.detail
         FROM audit a LEFT JOIN users u ON u.id = a.user_id WHERE 1",
        Vec::new(),
    );
    if let Some(user) = query.user {
        conditions.and_with("a.user_id = #", user);
    }
    if let Some(action) = &query.action {
        conditions.and_with("substr(a.action, 1, length(#)) = #", action.clone());
    }
    if let Some(object) = &query.object {
        conditions.and_with("a.object = #", object.clone());
    }
    if let Some(from) = query.from {
        conditions.and_with("a.at >= #", from);
    }
    if let Some(to) = query.to {
        conditions.and_with("a.at < #", to);
    }
    if let Some(before) = query.before {
        conditions.and_with("a.id < #", before);
    }
    let limit = rows_of_page(query.limit);
    let (mut sql, values) = conditions.into_parts();
    sql.push_str(&format!(" ORDER BY a.id DESC LIMIT {limit}"));
    all(db, &sql, params_from_iter(values), |r| {
        let detail: String = r.get(7)?;
        Ok(AuditRow {
            id: r.get(0)?,
            at: r.get(1)?,
            user: r.get(2)?,
            login: r.get(3)?,
            uid: r.get(4)?,
            action: r.get(5)?,
            object: r.get(6)?,
            detail: serde_json::from_str(&detail).unwrap_or_default(),
        })
    })
    .doing("read the audit log")
}

/// Characters of a memo or a note that the log keeps.
const MOST_TEXT: usize = 200;
