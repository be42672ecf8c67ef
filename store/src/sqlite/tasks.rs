//! Tasks (対応タスク): a saved 見込 or 再コール, or any status with a time to call back (X4).
//!
//! A task belongs to the call it came from and follows its saves. A later call with the number in the same project
//! closes it.

use rusqlite::{Connection, Row, params, params_from_iter};
use serde_json::json;

use super::conditions::{Conditions, rows_of_page};
use super::typed::single;
use super::{all, audit_by, exec, list_edit, one, recall, users};
use crate::error::{Doing, Error, ListError, Result};
use crate::id::{AttemptId, ContactId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, Assigned, LeadNext, TaskChange, TaskCounts, TaskFolder, TaskKind, TaskQuery, TaskRow, TaskState,
    TaskStep,
};
use crate::permission::Scope;

/// What is nobody's is everybody's in the task's project.
macro_rules! pooled {
    () => {
        "ifnull((SELECT p.pooled FROM projects p WHERE p.id = t.project_id), 1)"
    };
}

/// The condition that the number of task `t` must not be called: an entry of the do-not-call list holds, of it or of the complete one that
/// it reaches (D23). Of a task of no list those of every project do, as they do for the call.
macro_rules! blocked {
    () => {
        "EXISTS (SELECT 1 FROM do_not_call n WHERE n.phone IN (t.phone, number_reached(t.phone)) AND n.revoked_at IS NULL
           AND (n.project_id IS NULL OR n.project_id IS t.project_id OR t.lead_id IS NULL))"
    };
}

/// What a saved call says about tasks.
struct Call {
    phone: Option<String>,
    lead: Option<LeadId>,
    project: Option<ProjectId>,
    user: Option<UserId>,
    recall_at: Option<i64>,
    disposition: Option<String>,
    next: Option<LeadNext>,
}

/// What a call said of tasks before it was saved or amended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub(super) disposition: Option<&'a str>,
    pub(super) recall_at: Option<i64>,
}

/// Brings the tasks of a number in step with a call that was just saved or amended, as far as its result or its time to call
/// back changed: what was done about a task since stays done, and a time that a person gave it stays. A task of somebody who
/// was deleted since, or calls no more, is nobody's.
pub(super) fn follow(
    db: &Connection,
    attempt: AttemptId,
    before: Before<'_>,
    now: i64,
) -> rusqlite::Result<()> {
    let sql = "SELECT a.phone, a.lead_id, a.project_id, a.user_id, a.recall_at, a.disposition, d.lead_next
               FROM attempts a LEFT JOIN dispositions d ON d.code = a.disposition WHERE a.id = ?1";
    let call = one(db, sql, [attempt], |r| {
        Ok(Call {
            phone: r.get(0)?,
            lead: r.get(1)?,
            project: r.get(2)?,
            user: r.get(3)?,
            recall_at: r.get(4)?,
            disposition: r.get(5)?,
            next: r.get(6)?,
        })
    })?;
    let Some(Call { phone: Some(phone), lead, project, user, recall_at, disposition, next }) = call else {
        return Ok(());
    };
    // Nothing was judged yet: an earlier task is still to be done.
    let Some(disposition) = disposition else { return Ok(()) };
    let recall_changed = recall_at != before.recall_at;
    if before.disposition == Some(&disposition) && !recall_changed {
        return Ok(());
    }
    let is_task = is_task(next, recall_at);
    let was_task = match before.disposition {
        Some(code) => is_task_of(db, code, before.recall_at)?,
        None => false,
    };
    // The call's first word answers what was open; one that a person opened again since is theirs.
    let earlier = match before.disposition {
        None => close_earlier(db, attempt, (&phone, lead), project, user, now)?,
        Some(_) => None,
    };
    if !is_task {
        let gone = exec(db, "DELETE FROM tasks WHERE attempt_id = ?1 AND state = 'open'", [attempt])?;
        return if gone > 0 { release(db, &phone) } else { Ok(()) };
    }
    // A call by hand goes on with the lead of the task it answers.
    let lead = lead.or(earlier);
    let kind = if disposition == PROSPECT { TaskKind::Prospect } else { TaskKind::Callback };
    let sql = "INSERT INTO tasks (attempt_id, lead_id, project_id, phone, kind, due_at, owner_user_id, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6,
                 (SELECT id FROM users WHERE id = ?7 AND deleted_at IS NULL AND role IN ('MGR', 'SV', 'OP')), ?8)
               ON CONFLICT (attempt_id) DO UPDATE SET kind = excluded.kind, due_at = iif(?9, excluded.due_at, due_at),
                 state = iif(?10, 'open', state), closed_at = iif(?10, NULL, closed_at),
                 closed_by = iif(?10, NULL, closed_by)";
    let anew = !was_task || recall_changed && recall_at.is_some();
    let timed = !was_task || recall_changed;
    exec(db, sql, params![attempt, lead, project, phone, kind, recall_at, user, now, timed, anew])?;
    if let Some(lead) = earlier {
        let sql = "UPDATE leads SET state = 'task', recall_at = ?2, owner_user_id = t.owner_user_id
                   FROM tasks t WHERE t.attempt_id = ?3
                     AND leads.id = ?1 AND leads.state IN ('task', 'done') AND (deleted_at IS NULL OR deleted_at > 0)";
        exec(db, sql, (lead, recall_at, attempt))?;
    }
    Ok(())
}

/// Whether a result wants somebody to do something: a 見込 or 再コール, or any other that has a time to call back (X4).
pub(super) fn is_task(next: Option<LeadNext>, recall_at: Option<i64>) -> bool {
    next != Some(LeadNext::Never) && (next == Some(LeadNext::Task) || recall_at.is_some())
}

fn is_task_of(db: &Connection, code: &str, recall_at: Option<i64>) -> rusqlite::Result<bool> {
    let next = one(db, "SELECT lead_next FROM dispositions WHERE code = ?1", [code], |r| r.get(0))?;
    Ok(is_task(next, recall_at))
}

/// A call's own task as it stands: whether it is open.
pub(super) fn is_open(db: &Connection, attempt: AttemptId) -> rusqlite::Result<Option<bool>> {
    one(db, "SELECT state = 'open' FROM tasks WHERE attempt_id = ?1", [attempt], |r| r.get(0))
}

/// Gives the lead of a call's open task the task's time and owner, which a person may have changed.
pub(super) fn tell_lead(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET recall_at = t.due_at, owner_user_id = t.owner_user_id FROM tasks t
               WHERE t.attempt_id = ?1 AND t.state = 'open' AND leads.id = t.lead_id AND leads.state = 'task'";
    exec(db, sql, [attempt]).map(|_| ())
}

/// The same for a lead that is back where its task put it.
pub(super) fn tell_its_lead(db: &Connection, lead: LeadId) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET recall_at = t.due_at, owner_user_id = t.owner_user_id
               FROM (SELECT due_at, owner_user_id FROM tasks WHERE lead_id = ?1 AND state = 'open'
                     ORDER BY id DESC LIMIT 1) AS t
               WHERE leads.id = ?1 AND leads.state = 'task'";
    exec(db, sql, [lead]).map(|_| ())
}

/// Closes what was open for the number in the project, or for the lead by another number, and the leads that waited for it. Returns
/// the newest of them.
fn close_earlier(
    db: &Connection,
    attempt: AttemptId,
    (phone, lead): (&str, Option<LeadId>),
    project: Option<ProjectId>,
    user: Option<UserId>,
    now: i64,
) -> rusqlite::Result<Option<LeadId>> {
    // Each half has an index; with OR between them SQLite reads every task there ever was.
    let sql = "SELECT id, lead_id FROM tasks WHERE phone = ?1 AND state = 'open' AND project_id IS ?2 AND attempt_id < ?3
               UNION SELECT id, lead_id FROM tasks WHERE lead_id = ?4 AND state = 'open' AND project_id IS ?2 AND attempt_id < ?3
               ORDER BY id";
    let open: Vec<(i64, Option<LeadId>)> =
        all(db, sql, (phone, project, attempt, lead), |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut newest = None;
    for (task, lead) in open {
        close(db, task, lead, user, now)?;
        newest = lead.or(newest);
    }
    Ok(newest)
}

fn close(
    db: &Connection,
    task: i64,
    lead: Option<LeadId>,
    user: Option<UserId>,
    now: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE tasks SET state = 'done', closed_at = ?2, closed_by = ?3 WHERE id = ?1 RETURNING phone";
    let phone: Option<String> = one(db, sql, (task, now, user), |r| r.get(0))?;
    if let Some(lead) = lead {
        // A lead that a call holds, or that was put back into the round, is not ours to move.
        let sql = "UPDATE leads SET state = 'done', recall_at = NULL, owner_user_id = NULL
                   WHERE id = ?1 AND state = 'task'";
        exec(db, sql, [lead])?;
    }
    phone.map_or(Ok(()), |phone| release(db, &phone))
}

/// Leads of a number that were passed over because of its task have their turn again.
fn release(db: &Connection, phone: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = 'ready', skip_reason = NULL
               WHERE (list_id, position) IN (SELECT list_id, position FROM lead_numbers WHERE phone = ?1)
                 AND state = 'skipped' AND skip_reason = 'E-TASK'";
    exec(db, sql, [phone]).map(|_| ())
}

/// Leads of a project that were passed over because of tasks have their turn again: some of these went into the bin with
/// their list, or nobody's are pooled from now on. Whoever is still held by one is passed over again.
pub(super) fn release_project(db: &Connection, project: ProjectId) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = 'ready', skip_reason = NULL
               WHERE list_id IN (SELECT id FROM lists WHERE project_id = ?1 AND deleted_at IS NULL)
                 AND state = 'skipped' AND skip_reason = 'E-TASK' AND deleted_at IS NULL";
    exec(db, sql, [project]).map(|_| ())
}

/// The same of the numbers that a lead in the bin has tasks of. Returns how many tasks it has.
pub(super) fn release_lead(db: &Connection, lead: LeadId) -> rusqlite::Result<u64> {
    let sql = "SELECT phone FROM tasks WHERE lead_id = ?1 AND state = 'open'";
    let phones: Vec<String> = all(db, sql, [lead], |r| r.get(0))?;
    phones.iter().try_for_each(|phone| release(db, phone))?;
    Ok(phones.len() as u64)
}

/// The leads of a list that have open tasks, once for each: what goes with them into the bin.
pub(super) fn of_list(db: &Connection, list: ListId) -> rusqlite::Result<Vec<LeadId>> {
    // Open tasks are few beside leads: the sign keeps SQLite from looking at those of the list.
    let sql = "SELECT t.lead_id FROM tasks t CROSS JOIN leads l ON l.id = t.lead_id
               WHERE t.state = 'open' AND +l.list_id = ?1 AND l.deleted_at IS NULL";
    all(db, sql, [list], |r| r.get(0))
}

/// The condition that the lead of task `t` lies in the bin, or its list: nobody is shown the task (X4), so nobody is held by it.
macro_rules! in_bin {
    () => {
        "EXISTS (SELECT 1 FROM leads l JOIN lists i ON i.id = l.list_id
           WHERE l.id = t.lead_id AND (l.deleted_at IS NOT NULL OR i.deleted_at IS NOT NULL))"
    };
}
pub(super) use in_bin;

/// Whether the number is another user's task in the project: the auto-dialer leaves it to them (S4.20). A task of nobody is
/// anybody's where the project pools what is nobody's (S1.37).
pub(super) fn held_by_other(
    db: &Connection,
    phone: &str,
    project: Option<ProjectId>,
    user: Option<UserId>,
) -> rusqlite::Result<bool> {
    let sql = concat!(
        "SELECT 1 FROM tasks t WHERE t.phone = ?1 AND t.state = 'open' AND t.project_id IS ?2
           AND iif(t.owner_user_id IS NULL, NOT ",
        pooled!(),
        ", t.owner_user_id IS NOT ?3) AND NOT ",
        in_bin!(),
        " LIMIT 1"
    );
    Ok(one(db, sql, (phone, project, user), |_| Ok(()))?.is_some())
}

/// The open tasks of a number that go with its contact. One of a list's lead stays: the lead hangs on it (C8).
macro_rules! goes_with_contact {
    () => {
        "phone = ?1 AND state = 'open' AND lead_id IS NULL"
    };
}

/// How many tasks of a number go when its contact goes.
pub(super) fn of_contact(db: &Connection, phone: &str) -> rusqlite::Result<u64> {
    let sql = concat!("SELECT count(*) FROM tasks WHERE ", goes_with_contact!());
    Ok(one(db, sql, [phone], |r| super::unsigned(r, 0))?.unwrap_or(0))
}

/// Cancels the tasks of a number whose contact goes into the bin, but those of lists; returns how many.
pub(super) fn cancel_with_contact(
    db: &Connection,
    phone: &str,
    contact: ContactId,
    by: Actor,
    now: i64,
) -> rusqlite::Result<usize> {
    let sql = concat!(
        "UPDATE tasks SET state = 'cancelled', closed_at = ?3, closed_by = ?4, contact_id = ?2 WHERE ",
        goes_with_contact!()
    );
    let cancelled = exec(db, sql, (phone, contact, now, by.user))?;
    if cancelled > 0 {
        release(db, phone)?;
    }
    Ok(cancelled)
}

/// Opens the tasks again that went with a contact, unless a later call of the project has answered them: one that was judged, or
/// filled in, since they went.
pub(super) fn restore_with_contact(db: &Connection, contact: ContactId) -> rusqlite::Result<usize> {
    let sql = format!(
        "UPDATE tasks SET {OPENED} WHERE contact_id = ?1 AND state = 'cancelled'
           AND NOT EXISTS (SELECT 1 FROM attempts a
             WHERE (a.phone = tasks.phone OR a.lead_id = tasks.lead_id) AND a.project_id IS tasks.project_id
               AND a.id > tasks.attempt_id AND a.void = 0 AND a.disposition IS NOT NULL
               AND (a.saved_at >= tasks.closed_at OR EXISTS (SELECT 1 FROM amendments m
                 WHERE m.attempt_id = a.id AND m.field = 'status' AND m.before IS NULL AND m.at >= tasks.closed_at)))"
    );
    exec(db, &sql, [contact])
}

/// Whether somebody may act on a task of nobody as on their own: the list, or the project of one that is of no list, is granted to
/// them (X7), and the project pools what is nobody's.
fn is_anybodys(db: &Connection, task: i64, user: UserId) -> rusqlite::Result<bool> {
    let granted = granted("?2");
    let sql = format!(
        "SELECT {POOLED} AND {granted} FROM tasks t LEFT JOIN leads l ON l.id = t.lead_id LEFT JOIN lists i ON i.id = l.list_id
         WHERE t.id = ?1 AND t.owner_user_id IS NULL"
    );
    Ok(one(db, &sql, (task, user), |r| r.get(0))?.unwrap_or(false))
}

/// Gives an open task to somebody, or to nobody.
pub(super) fn give(
    db: &Connection,
    task: i64,
    lead: Option<LeadId>,
    owner: Option<UserId>,
) -> rusqlite::Result<()> {
    let sql = "UPDATE tasks SET owner_user_id = ?2 WHERE id = ?1 RETURNING phone";
    let phone: Option<String> = one(db, sql, (task, owner), |r| r.get(0))?;
    exec(db, "UPDATE leads SET owner_user_id = ?2 WHERE id = ?1 AND state = 'task'", (lead, owner))?;
    // Who does it now may auto-dial the number now.
    phone.map_or(Ok(()), |phone| release(db, &phone))
}

/// Carries out one change.
pub(super) fn change(db: &Connection, change: &TaskChange) -> Result<TaskRow> {
    let doing = "change task";
    let task = change.task;
    let row = load(db, task, change.now)?;
    match (change.scope, change.by.user) {
        (Scope::All, _) => {}
        (Scope::Own, Some(me)) if row.owner == Some(me) || is_anybodys(db, task, me).doing(doing)? => {}
        (Scope::Own | Scope::Lower | Scope::Reported | Scope::Nothing, _) => return Err(Error::Permission),
    }
    let open = row.state == TaskState::Open;
    let stands = || Error::from(ListError::TaskStands { task, closed: row.closed_at.filter(|_| !open) });
    let needs_open = || if open { Ok(()) } else { Err(stands()) };
    let detail = match change.what {
        TaskStep::Close => {
            needs_open()?;
            close(db, task, row.lead, change.by.user, change.now).doing(doing)?;
            json!({ "state": "done" })
        }
        TaskStep::Reopen => {
            if open {
                return Err(stands());
            }
            let sql = format!("UPDATE tasks SET {OPENED} WHERE id = ?1 RETURNING owner_user_id");
            let owner: Option<UserId> = one(db, &sql, [task], |r| r.get(0)).doing(doing)?.flatten();
            if let Some(lead) = row.lead {
                let sql = "UPDATE leads SET state = 'task', recall_at = ?2, owner_user_id = ?3
                           WHERE id = ?1 AND state = 'done' AND (deleted_at IS NULL OR deleted_at > 0)";
                exec(db, sql, (lead, row.due_at, owner)).doing(doing)?;
            }
            json!({ "state": "open" })
        }
        TaskStep::Reassign(owner) => {
            needs_open()?;
            users::callers(db, owner.as_slice())?;
            give(db, task, row.lead, owner).doing(doing)?;
            json!({ "before": row.owner, "after": owner })
        }
        TaskStep::Due(due_at) => {
            needs_open()?;
            recall::may_be("due_at", due_at, row.due_at, change.now)?;
            exec(db, "UPDATE tasks SET due_at = ?2 WHERE id = ?1", (task, due_at)).doing(doing)?;
            let sql = "UPDATE leads SET recall_at = ?2 WHERE id = ?1 AND state = 'task'";
            exec(db, sql, (row.lead, due_at)).doing(doing)?;
            json!({ "before": row.due_at, "after": due_at })
        }
    };
    let action = match change.what {
        TaskStep::Close => "task.done",
        TaskStep::Reopen => "task.reopen",
        TaskStep::Reassign(_) => "task.reassign",
        TaskStep::Due(_) => "task.due",
    };
    audit_by(db, change.now, change.by, action, &task.to_string(), &detail).doing(doing)?;
    load(db, task, change.now)
}

pub(super) fn load(db: &Connection, task: i64, now: i64) -> Result<TaskRow> {
    let sql = format!("{SELECT} WHERE t.id = ?1");
    one(db, &sql, [task], |r| row(r, now))
        .doing("read task")?
        .ok_or_else(|| Error::NotFound { what: "task", key: task.to_string() })
}

/// A page of tasks. Those whose list is deleted or disabled are not shown (X4); of the closed ones, those that wait in the bin with
/// their lead are, as cancelled.
pub(super) fn list(db: &Connection, query: &TaskQuery) -> Result<Vec<TaskRow>> {
    let visible = if query.include_closed { VISIBLE_OR_BINNED } else { VISIBLE };
    let mut conditions = Conditions::behind(format!("{SELECT} WHERE {visible}"), Vec::new());
    match query.owner {
        None => {}
        Some(Assigned::To(user)) => conditions.and_with("t.owner_user_id = #", user),
        Some(Assigned::ToOrNobody(user)) => conditions.and_with(&own_or_pooled("#"), user),
        Some(Assigned::Nobody) => conditions.and("t.owner_user_id IS NULL"),
    }
    if let Some(user) = query.granted_to {
        conditions.and_with(&granted("#"), user);
    }
    match query.folder {
        Some(TaskFolder::Past) => conditions.and_with("t.due_at <= #", query.now),
        Some(TaskFolder::Future) => conditions.and_with("t.due_at > #", query.now),
        Some(TaskFolder::Free) => conditions.and("t.due_at IS NULL"),
        None => {}
    }
    if let Some(moment) = query.due_after {
        conditions.and_with("t.due_at > #", moment);
    }
    if !query.include_closed {
        conditions.and("t.state = 'open'");
    }
    if query.callable {
        conditions.and(concat!("NOT ", blocked!()));
    }
    if let Some(raw) = &query.phone {
        let phone = single(raw)?.phone;
        conditions.and_with("t.phone = #", phone.expose().to_owned());
    }
    if let Some(after) = query.after {
        let clause = "(t.due_at IS NULL, ifnull(t.due_at, 0), t.id) > (SELECT o.due_at IS NULL, ifnull(o.due_at, 0), o.id
                      FROM tasks o WHERE o.id = #)";
        conditions.and_with(clause, after);
    }
    let limit = rows_of_page(query.limit);
    let (mut sql, values) = conditions.into_parts();
    sql.push_str(&format!(" ORDER BY t.due_at IS NULL, ifnull(t.due_at, 0), t.id LIMIT {limit}"));
    all(db, &sql, params_from_iter(values), |r| {
        let mut task = row(r, query.now)?;
        if task.state == TaskState::Open && r.get(19)? {
            (task.state, task.blocked) = (TaskState::Cancelled, false);
        }
        Ok(task)
    })
    .doing("read tasks")
}

/// Open tasks by folder, of one owner, of nobody, or of all; those whose number must not be called wait for nobody.
pub(super) fn counts(
    db: &Connection,
    owner: Option<Assigned>,
    granted_to: Option<UserId>,
    now: i64,
) -> rusqlite::Result<TaskCounts> {
    let granted = granted("?3");
    let (owned, user) = match owner {
        None => ("1".to_owned(), None),
        Some(Assigned::To(user)) => ("t.owner_user_id = ?1".to_owned(), Some(user)),
        Some(Assigned::ToOrNobody(user)) => (own_or_pooled("?1"), Some(user)),
        Some(Assigned::Nobody) => ("t.owner_user_id IS NULL".to_owned(), None),
    };
    let sql = format!(
        "SELECT ifnull(sum(t.due_at <= ?2), 0), ifnull(sum(t.due_at > ?2), 0), ifnull(sum(t.due_at IS NULL), 0)
         FROM tasks t LEFT JOIN leads l ON l.id = t.lead_id LEFT JOIN lists i ON i.id = l.list_id
         WHERE {VISIBLE} AND t.state = 'open' AND {owned} AND NOT {BLOCKED}
           AND (?3 IS NULL OR {granted})"
    );
    let counts = one(db, &sql, (user, now, granted_to), |r| {
        let count = |at| super::unsigned(r, at);
        Ok(TaskCounts { past: count(0)?, future: count(1)?, free: count(2)? })
    })?;
    Ok(counts.unwrap_or_default())
}

/// The condition that a user may use the list of a task, or the project of one that is of no list, unless it is their own.
fn granted(user: &str) -> String {
    let list = list_edit::granted("i.id", user);
    let project = list_edit::granted_project("t.project_id", user);
    format!("iif(t.lead_id IS NULL, t.owner_user_id IS {user} OR {project}, {list})")
}

/// The condition that a task is the user's, or nobody's and so anybody's.
fn own_or_pooled(user: &str) -> String {
    format!("(t.owner_user_id = {user} OR (t.owner_user_id IS NULL AND {POOLED}))")
}

fn row(row: &Row<'_>, now: i64) -> rusqlite::Result<TaskRow> {
    let due_at: Option<i64> = row.get(3)?;
    Ok(TaskRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        folder: match due_at {
            None => TaskFolder::Free,
            Some(due) if due <= now => TaskFolder::Past,
            Some(_) => TaskFolder::Future,
        },
        due_at,
        owner: row.get(4)?,
        owner_login: row.get(5)?,
        owner_name: row.get(6)?,
        attempt: row.get(7)?,
        called_at: row.get(8)?,
        lead: row.get(9)?,
        list_name: row.get(10)?,
        phone: row.get(11)?,
        company: row.get(12)?,
        person: row.get(13)?,
        status_label: row.get(14)?,
        memo: row.get(15)?,
        closed_at: row.get(16)?,
        position: row.get(17)?,
        blocked: row.get(18)?,
    })
}

const SELECT: &str = concat!(
    "
  SELECT t.id, t.kind, t.state, t.due_at, t.owner_user_id, u.login, u.name, t.attempt_id, a.dialed_at, t.lead_id,
    ifnull(i.name, a.list_name), t.phone, ifnull(c.company, a.company), ifnull(c.person, a.person), d.label, a.memo,
    t.closed_at, iif(l.deleted_at IS NULL AND i.deleted_at IS NULL, l.position, NULL), t.state = 'open' AND ",
    blocked!(),
    ",
    l.deleted_at IS NOT NULL OR i.deleted_at IS NOT NULL
  FROM tasks t
  JOIN attempts a ON a.id = t.attempt_id
  LEFT JOIN users u ON u.id = t.owner_user_id
  LEFT JOIN leads l ON l.id = t.lead_id
  LEFT JOIN lists i ON i.id = l.list_id
  LEFT JOIN dispositions d ON d.code = a.disposition
  LEFT JOIN contact_phones p ON p.phone = t.phone AND p.live = 1
  LEFT JOIN contacts c ON c.id = p.contact_id"
);
const POOLED: &str = pooled!();
const BLOCKED: &str = blocked!();
/// Open again; nobody's if its owner was deleted since, or calls no more ([`crate::Role::calls`]).
const OPENED: &str = "state = 'open', closed_at = NULL, closed_by = NULL, contact_id = NULL,
  owner_user_id = (SELECT u.id FROM users u
    WHERE u.id = owner_user_id AND u.deleted_at IS NULL AND u.role IN ('MGR', 'SV', 'OP'))";
const VISIBLE: &str =
    "(t.lead_id IS NULL OR (l.deleted_at IS NULL AND i.deleted_at IS NULL AND i.enabled = 1))";
const VISIBLE_OR_BINNED: &str =
    "(t.lead_id IS NULL OR (l.deleted_at IS NULL AND i.deleted_at IS NULL AND i.enabled = 1)
    OR t.state = 'open' AND (l.deleted_at > 0 OR i.deleted_at > 0))";
const PROSPECT: &str = "prospect";
