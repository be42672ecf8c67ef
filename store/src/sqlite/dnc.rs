//! Do-not-call: who must not be called, for one project or for the whole company.
//!
//! Triggers pass over the leads of a number with its entry, and give them their turn again with the clearing: what is counted as due
//! is what will be called.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use serde_json::json;

use super::audit_log::{Done, asker};
use super::conditions::{Conditions, rows_of_page};
use super::typed::fits;
use super::{all, audit_by, exec, one, unsigned};
use crate::dnc_text::{beside, named, taken_in};
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, ImportId, ProjectId, UserId};
use crate::model::{Actor, DncAdded, DncClear, DncEntry, DncQuery, DncRow};
use crate::phone::{Phone, reached};

/// Is the number blocked for the project, or the complete one that it reaches? Judged inside the transaction that precedes the INVITE.
pub(super) fn blocked(db: &Connection, phone: &str, project: Option<ProjectId>) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM do_not_call WHERE phone IN (?1, ?3) AND revoked_at IS NULL
                 AND (project_id IS NULL OR project_id = ?2) LIMIT 1";
    Ok(one(db, sql, (phone, project, reached(phone)), |_| Ok(()))?.is_some())
}

/// The entry that forbids a call by hand.
pub(super) struct Holder {
    /// Name of its project; `None`: it is the company's.
    pub(super) project: Option<String>,
    /// The project lies in the bin.
    pub(super) deleted: bool,
    /// Since when, as the entry says; UTC milliseconds.
    pub(super) since: i64,
    pub(super) reason: String,
    /// It is of the number that is reached, and not of the one that was dialed.
    pub(super) of_reached: bool,
}

impl Holder {
    /// What a refused call is told. `may_name`: another project may be named for it.
    pub(super) fn refusal(self, phone: &str, may_name: bool) -> Error {
        let Self { project, deleted, since, reason, of_reached } = self;
        let whole = of_reached.then(|| reached(phone)).and_then(|whole| Phone::from_e164(whole).ok());
        let number = whole.map(|whole| whole.last_four().to_owned());
        Error::DoNotCall { project, since, reason, deleted, may_name, number }
    }
}

/// The entry that forbids a call by hand. A call that is for no project that somebody named is forbidden by those of every project,
/// those of the bin too: the customer asked for it, and nobody has cleared it.
pub(super) fn holder(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    named: bool,
) -> rusqlite::Result<Option<Holder>> {
    let sql = "SELECT p.name, p.deleted_at IS NOT NULL, ifnull(n.said_at, n.at), n.reason, n.phone <> ?1
               FROM do_not_call n LEFT JOIN projects p ON p.id = n.project_id
               WHERE n.phone IN (?1, ?4) AND n.revoked_at IS NULL AND (n.project_id IS NULL OR n.project_id = ?2 OR NOT ?3)
               ORDER BY n.project_id IS NOT NULL, n.project_id IS NOT ?2, n.id LIMIT 1";
    one(db, sql, (phone, project, named, reached(phone)), |r| {
        let (since, reason) = (r.get(2)?, r.get(3)?);
        Ok(Holder { project: r.get(0)?, deleted: r.get(1)?, since, reason, of_reached: r.get(4)? })
    })
}

/// How many of these entries hold.
pub(super) fn holding(db: &Connection, numbers: &[(String, Option<ProjectId>)]) -> rusqlite::Result<u64> {
    let sql =
        "SELECT 1 FROM do_not_call WHERE phone = ?1 AND project_id IS ?2 AND revoked_at IS NULL LIMIT 1";
    let mut holding = 0;
    for (phone, project) in numbers {
        holding += u64::from(one(db, sql, (phone, *project), |_| Ok(()))?.is_some());
    }
    Ok(holding)
}

/// Adds every number of the text by hand, or what is new to the entries that hold already.
pub(super) fn add(db: &Connection, entry: &DncEntry) -> Result<DncAdded> {
    let mut done = DncAdded::default();
    for phone in Phone::all_reached(&entry.phone).map_err(Error::Phone)? {
        match put(db, entry, &phone)? {
            Put::Added => done.added += 1,
            Put::Completed => done.completed += 1,
            Put::Known => {}
        }
    }
    Ok(done)
}

fn put(db: &Connection, entry: &DncEntry, phone: &Phone) -> Result<Put> {
    let doing = "add do-not-call";
    for (what, text) in [("reason", Some(&entry.reason)), ("evidence", entry.evidence.as_ref())] {
        fits(what, text.map(String::as_str))?;
    }
    // Somebody will want to know why (D16): a call says it itself, and what stands there said it.
    if entry.reason.trim().is_empty()
        && entry.attempt.is_none()
        && holding(db, &[(phone.expose().to_owned(), entry.project)]).doing(doing)? == 0
    {
        return Err(Error::ReasonRequired);
    }
    if let Some(attempt) = entry.attempt {
        let sql = "SELECT 1 FROM attempts WHERE id = ?1";
        one(db, sql, [attempt], |_| Ok(()))
            .doing(doing)?
            .ok_or_else(|| Error::NotFound { what: "call", key: attempt.to_string() })?;
    }
    let sql = "INSERT OR IGNORE INTO do_not_call
                 (phone, project_id, reason, source, attempt_id, evidence, by_user_id, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        phone.expose(),
        entry.project,
        entry.reason.trim(),
        entry.source,
        entry.attempt,
        entry.evidence,
        entry.by.user,
        entry.now,
    ];
    if exec(db, sql, values).doing(doing)? == 0 {
        again(db, phone.expose(), entry.project, Again::Somebody).doing(doing)?;
        return Ok(if complete(db, entry, phone)? { Put::Completed } else { Put::Known });
    }
    let detail = json!({ "reason": entry.reason, "source": entry.source, "project": entry.project,
        "attempt": entry.attempt, "evidence": entry.evidence });
    audit_by(db, entry.now, entry.by, "dnc.add", &phone.to_string(), &detail).doing(doing)?;
    Ok(Put::Added)
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Added,
    /// It held already, and took in what was new.
    Completed,
    /// It held already and said all of it.
    Known,
}

/// Writes down beside what an entry says already what is given with it once more: neither is lost. The call that the entry came
/// from stays its call, another one is evidence. `false`: it says all of it.
pub(super) fn complete(db: &Connection, entry: &DncEntry, phone: &Phone) -> Result<bool> {
    let doing = "add do-not-call";
    let sql = "SELECT id, reason, evidence, attempt_id FROM do_not_call
               WHERE phone = ?1 AND project_id IS ?2 AND revoked_at IS NULL";
    type Held = (i64, String, Option<String>, Option<AttemptId>);
    let old: Option<Held> =
        one(db, sql, (phone.expose(), entry.project), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .doing(doing)?;
    let Some((id, reason, evidence, attempt)) = old else { return Ok(false) };
    let another = entry.attempt.filter(|new| attempt.is_some_and(|old| old != *new));
    let old_evidence = evidence.clone().unwrap_or_default();
    let given = (entry.reason.as_str(), entry.evidence.as_deref().unwrap_or_default());
    let (new_reason, mut new_evidence) = taken_in((&reason, &old_evidence), attempt, given);
    if let Some(call) = another {
        new_evidence = beside(&new_evidence, &named(call), None);
    }
    let call = attempt.or(entry.attempt);
    if (&new_reason, &new_evidence, call) == (&reason, &old_evidence, attempt) {
        return Ok(false);
    }
    fits("reason", Some(&new_reason))?;
    fits("evidence", Some(&new_evidence))?;
    let new_evidence = Some(new_evidence).filter(|text| !text.is_empty());
    let sql = "UPDATE do_not_call SET reason = ?2, evidence = ?3 WHERE id = ?1";
    exec(db, sql, (id, &new_reason, &new_evidence)).doing(doing)?;
    // Apart: of a copy in a trial the call is not there, and nothing asks for it as long as it stays.
    if call != attempt {
        exec(db, "UPDATE do_not_call SET attempt_id = ?2 WHERE id = ?1", (id, call)).doing(doing)?;
    }
    let detail = json!({ "project": entry.project, "reason": [reason, new_reason],
        "evidence": [evidence, new_evidence], "attempt": [attempt, entry.attempt] });
    audit_by(db, entry.now, entry.by, "dnc.complete", &phone.to_string(), &detail).doing(doing)?;
    Ok(true)
}

/// Clears the entries of every number of the texts; how many there were. Of several numbers each must have one: whoever reads that it was
/// done takes it for all of them.
pub(super) fn clear_all(db: &Connection, entries: &[DncClear]) -> Result<u64> {
    let mut cleared: Vec<(Phone, u64)> = Vec::new();
    for entry in entries {
        for phone in Phone::all_reached(&entry.phone).map_err(Error::Phone)? {
            let done = u64::from(clear(db, entry, &phone)?);
            match cleared.iter_mut().find(|(known, _)| *known == phone) {
                Some((_, before)) => *before += done,
                None => cleared.push((phone, done)),
            }
        }
    }
    match cleared.iter().find(|(_, done)| *done == 0) {
        Some((phone, _)) if cleared.len() > 1 => {
            Err(Error::NotFound { what: "do-not-call entry", key: phone.to_string() })
        }
        _ => Ok(cleared.iter().map(|(_, done)| done).sum()),
    }
}

/// Clears an entry: the row stays and says who, when and why. `false` when there was none.
fn clear(db: &Connection, clear: &DncClear, phone: &Phone) -> Result<bool> {
    let doing = "clear do-not-call";
    let reason = clear.reason.trim();
    if reason.is_empty() {
        return Err(Error::ReasonRequired);
    }
    if !clear_entry(db, phone.expose(), clear.project, reason, clear.by.user, clear.now)? {
        return Ok(false);
    }
    let detail = json!({ "reason": reason, "project": clear.project });
    audit_by(db, clear.now, clear.by, "dnc.clear", &phone.to_string(), &detail).doing(doing)?;
    Ok(true)
}

/// Clears an entry without a word in the audit log; `false` when there was none.
pub(super) fn clear_entry(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    reason: &str,
    by: Option<UserId>,
    now: i64,
) -> Result<bool> {
    let doing = "clear do-not-call";
    let sql = "UPDATE do_not_call SET revoked_at = ?3, revoked_by = ?4, revoked_reason = ?5
               WHERE phone = ?1 AND project_id IS ?2 AND revoked_at IS NULL";
    Ok(exec(db, sql, (phone, project, now, by, reason)).doing(doing)? > 0)
}

/// Who enters what may hold already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Again {
    File(ImportId),
    Call(AttemptId),
    Somebody,
}

/// An entry that holds was entered once more: it stays when another file or call that brought it takes it back, and no file under way
/// clears it.
pub(super) fn again(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    by: Again,
) -> rusqlite::Result<()> {
    let (import, call) = match by {
        Again::File(import) => (Some(import), None),
        Again::Call(call) => (None, Some(call)),
        Again::Somebody => (None, None),
    };
    let sql = "SELECT n.id,
                 n.source = 'import' AND EXISTS (SELECT 1 FROM imports i
                   WHERE i.state = 'staging' AND i.created_at = n.at AND i.id IS NOT ?3)
                 OR n.source = 'status' AND n.attempt_id IS NOT ?4 AND EXISTS (SELECT 1 FROM attempts t
                   WHERE t.id = n.attempt_id AND t.sealed_at IS NULL)
               FROM do_not_call n WHERE n.phone = ?1 AND n.project_id IS ?2 AND n.revoked_at IS NULL";
    let key = (phone, project, import, call);
    let found = one(db, sql, key, |r| Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?)))?;
    let Some((entry, unsettled)) = found else { return Ok(()) };
    if unsettled {
        let sql = "INSERT OR IGNORE INTO dnc_also (entry_id, import_id) VALUES (?1, ifnull(?2, x''))";
        exec(db, sql, (entry, import))?;
    }
    exec(db, "DELETE FROM dnc_to_clear WHERE entry_id = ?1", [entry]).map(|_| ())
}

/// Adds a number because its call was saved as クレーム: the one that was reached. The project decides how far it reaches.
pub(super) fn add_from_call(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    attempt: AttemptId,
    by: Option<UserId>,
    now: i64,
) -> rusqlite::Result<bool> {
    let sql = "SELECT id FROM projects WHERE id = ?1 AND dnc_scope = 'project'";
    let project: Option<ProjectId> = one(db, sql, [project], |r| r.get(0))?;
    let phone = reached(phone);
    let sql =
        "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, attempt_id, by_user_id, at)
               VALUES (?1, ?2, 'クレーム', 'status', ?3, ?4, ?5)";
    let added = exec(db, sql, (phone, project, attempt, by, now))? > 0;
    if !added {
        again(db, phone, project, Again::Call(attempt))?;
    }
    Ok(added)
}

/// Takes back what this very call had registered, and nobody else: its operator chose another status before the call was closed.
pub(super) fn retract_from_call(
    db: &Connection,
    attempt: AttemptId,
    by: UserId,
    now: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE do_not_call SET revoked_at = ?2, revoked_by = ?3,
                 revoked_reason = ?4
               WHERE attempt_id = ?1 AND source = 'status' AND revoked_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM dnc_also a LEFT JOIN imports i ON i.id = a.import_id
                   WHERE a.entry_id = do_not_call.id AND ifnull(i.state, '') <> 'undone')";
    if exec(db, sql, (attempt, now, by, RETRACTED))? > 0 {
        let by = Actor { user: Some(by), uid: None };
        audit_by(db, now, by, "dnc.retract", &attempt.to_string(), &json!({}))?;
    }
    Ok(())
}

/// A page of entries, oldest first.
pub(super) fn list(db: &Connection, query: &DncQuery) -> Result<Vec<DncRow>> {
    let (filter, values) = matching(query)?;
    let limit = rows_of_page(query.limit);
    let sql = format!("{SELECT} {filter} ORDER BY n.id LIMIT {limit}");
    let doing = "read do-not-call";
    let mut rows = all(db, &sql, params_from_iter(values), row).doing(doing)?;
    // The rows of a file have one moment: the log is searched for it once.
    let mut known: HashMap<(&str, i64), Option<u32>> = HashMap::new();
    let mut uid = |actions: &'static str, at: i64| match known.entry((actions, at)) {
        Entry::Occupied(found) => Ok(*found.get()),
        Entry::Vacant(place) => asker(db, &Done { actions, object: None, at }).map(|uid| *place.insert(uid)),
    };
    for row in &mut rows {
        if row.by.is_none() {
            row.by_uid = uid("'dnc.add', 'dnc.import'", row.imported_at.unwrap_or(row.at)).doing(doing)?;
        }
        if let Some(at) = row.revoked_at.filter(|_| row.revoked_by.is_none()) {
            row.revoked_by_uid = uid("'dnc.clear', 'dnc.import', 'import.undo'", at).doing(doing)?;
        }
    }
    Ok(rows)
}

/// How many there are on all pages.
pub(super) fn count(db: &Connection, query: &DncQuery) -> Result<u64> {
    let (filter, values) = matching(&DncQuery { after: None, ..query.clone() })?;
    let sql = format!("SELECT count(*) FROM do_not_call n {filter}");
    let counted = one(db, &sql, params_from_iter(values), |r| unsigned(r, 0)).doing("count do-not-call")?;
    Ok(counted.unwrap_or(0))
}

/// What a query asks for, as a condition on `do_not_call n`.
fn matching(query: &DncQuery) -> Result<(String, Vec<Value>)> {
    let mut conditions = Conditions::behind("WHERE n.id > ?1", vec![query.after.unwrap_or(0).into()]);
    if let Some(raw) = &query.phone {
        let mut keys: Vec<String> = Vec::new();
        for phone in Phone::all_of(raw).map_err(Error::Phone)? {
            let typed = phone.expose();
            // What earlier versions entered with a digit too many stands there cleared.
            keys.extend([typed, reached(typed)].map(str::to_owned));
        }
        conditions.and_with("n.phone IN (SELECT value FROM json_each(#))", json!(keys).to_string());
    }
    if let Some(project) = query.project {
        conditions.and_with("(n.project_id IS NULL OR n.project_id = #)", project);
    }
    if !query.include_cleared {
        conditions.and("n.revoked_at IS NULL");
    }
    Ok(conditions.into_parts())
}

fn row(row: &Row<'_>) -> rusqlite::Result<DncRow> {
    Ok(DncRow {
        id: row.get(0)?,
        phone: row.get(1)?,
        project: row.get(2)?,
        project_name: row.get(3)?,
        reason: row.get(4)?,
        source: row.get(5)?,
        attempt: row.get(6)?,
        evidence: row.get(7)?,
        by: row.get(8)?,
        by_uid: None,
        by_login: row.get(9)?,
        at: row.get(10)?,
        revoked_at: row.get(11)?,
        revoked_by: row.get(12)?,
        revoked_by_uid: None,
        revoked_reason: row.get(13)?,
        imported_by: row.get(14)?,
        imported_at: row.get(15)?,
        project_deleted: row.get(16)?,
    })
}

const SELECT: &str = "
  SELECT n.id, n.phone, n.project_id, p.name, n.reason, ifnull(n.said_source, n.source), n.attempt_id, n.evidence, n.by_user_id,
    iif(n.said, n.said_by, u.login), ifnull(n.said_at, n.at), n.revoked_at, r.login, n.revoked_reason,
    iif(n.said, u.login, NULL), iif(n.said, n.at, NULL), p.deleted_at IS NOT NULL
  FROM (SELECT *, coalesce(said_source, said_by, said_at) IS NOT NULL AS said FROM do_not_call) n
  LEFT JOIN projects p ON p.id = n.project_id
  LEFT JOIN users u ON u.id = n.by_user_id
  LEFT JOIN users r ON r.id = n.revoked_by";
/// Why an entry was cleared that came from a call which got another result before it was closed, as tables and files have it.
const RETRACTED: &str = "確定前に結果を変更";
