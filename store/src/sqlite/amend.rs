//! Correcting a sealed call: the row shows the new result, its amendments the old one, with who and why.

use rusqlite::Connection;
use serde_json::json;

use super::audit_log::{Fields, shortened};
use super::typed::fits;
use super::{
    all, audit_by, dispositions, dnc, exec, history, leads, one, outbox, recall, recordings, saves, tasks,
};
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, UserId};
use crate::model::{Actor, Amend, Amended, AmendmentRow, AttemptRow, SetBy};
use crate::permission::Scope;

/// Amends a sealed call. Nothing different is nothing done.
pub(super) fn amend(db: &Connection, amend: &Amend) -> Result<Amended> {
    let doing = "amend call";
    let old = history::load(db, amend.attempt)?;
    allowed(&old, amend.scope, amend.by)?;
    if old.sealed_at.is_none() {
        return Err(Error::NotSealed { attempt: old.id });
    }
    if old.void {
        return Err(Error::State { attempt: old.id, is: "void", needs: "counted" });
    }
    let status = match amend.status.as_deref().map(str::trim).filter(|status| !status.is_empty()) {
        Some(status) => Some(dispositions::find(db, status, old.project)?.code),
        None => old.status.clone(),
    };
    fits("memo", amend.memo.as_deref())?;
    recall::may_be("recall_at", amend.recall_at.flatten(), old.recall_at, amend.now)?;
    let memo = amend.memo.clone().or_else(|| old.memo.clone());
    let was = old.status.as_deref().filter(|_| old.set_by != Some(SetBy::Auto));
    let recall_at = match amend.recall_at {
        Some(None) => None,
        given => recall::of_result(db, (was, status.as_deref()), given.flatten(), old.recall_at)?,
    };
    let text = |at: Option<i64>| at.map(|at| at.to_string());
    let changes = [
        ("status", old.status.clone(), status.clone()),
        ("memo", old.memo.clone(), memo.clone()),
        ("recall_at", text(old.recall_at), text(recall_at)),
    ];
    let changed = changes.iter().any(|(_, before, after)| before != after);
    if !changed {
        return Ok(Amended { row: old, discard_recording: None });
    }
    // Filling in what was left blank explains itself (X2).
    let fills = old.status.is_none() && status.is_some();
    let reason = match amend.reason.trim() {
        "" if fills => "blank",
        "" => return Err(Error::ReasonRequired),
        reason => reason,
    };
    for (field, before, after) in &changes {
        if before != after {
            put(db, amend, field, before.as_deref(), after.as_deref(), reason).doing(doing)?;
        }
    }
    let sql = "UPDATE attempts SET disposition = ?2, memo = ?3, recall_at = ?4, save_seq = save_seq + 1,
                 set_by = CASE WHEN disposition IS ?2 THEN set_by ELSE 'operator' END WHERE id = ?1";
    exec(db, sql, (old.id, &status, &memo, recall_at)).doing(doing)?;
    // A number that must not be called is blocked at once. Clearing is never a side effect (it needs a manager).
    if status.as_deref() == Some(DO_NOT_CALL)
        && old.status.as_deref() != Some(DO_NOT_CALL)
        && let Some(phone) = &old.phone
    {
        // Whoever runs the daemon may be nobody's user, and so may a call be that nobody took.
        let by = amend.by.user.or(old.user);
        dnc::add_from_call(db, phone, old.project, old.id, by, amend.now).doing(doing)?;
    }
    // The first judgement of the call: what it says of the recording holds as at the seal (S4.8). One that corrects another may be
    // wrong itself, so it leaves the recording, which the quota takes in time.
    let discards = match (&status, fills) {
        (Some(code), true) => !keeps_recording(db, code).doing(doing)?,
        _ => false,
    };
    let discard_recording = if discards { recordings::discard(db, old.id).doing(doing)? } else { None };
    if discards {
        outbox::recording_gone(db, old.id).doing(doing)?;
    }
    saves::touch_last(db, old.id).doing(doing)?;
    // A corrected memo is nothing to call about.
    let judged_anew = status != old.status || recall_at != old.recall_at;
    if judged_anew && is_latest(db, &old).doing(doing)? {
        follow(db, &old, status.as_deref(), recall_at, amend.now)?;
    }
    let row = history::load(db, old.id)?;
    outbox::push_amended(db, &row, amend.now).doing(doing)?;
    let mut detail = what_changed(&old, &row).detail();
    detail["reason"] = json!(reason);
    if discard_recording.is_some() {
        detail["recording"] = json!("discarded");
    }
    audit_by(db, amend.now, amend.by, "call.amend", &old.id.to_string(), &detail).doing(doing)?;
    Ok(Amended { row, discard_recording })
}

/// For the audit log, which keeps the beginning of a memo; the whole of it is with the call.
fn what_changed(old: &AttemptRow, new: &AttemptRow) -> Fields {
    let mut fields = Fields::default();
    fields.put("status", &old.status, &new.status);
    if old.memo != new.memo {
        let [before, after] = [old, new].map(|row| row.memo.as_deref().map(shortened));
        fields.changed("memo", before, after);
    }
    fields.put("recall_at", old.recall_at, new.recall_at);
    fields
}

/// Lead and task follow another result or time of the call.
fn follow(
    db: &Connection,
    old: &AttemptRow,
    status: Option<&str>,
    recall_at: Option<i64>,
    now: i64,
) -> Result<()> {
    let doing = "amend call";
    let before = tasks::Before { disposition: old.status.as_deref(), recall_at: old.recall_at };
    tasks::follow(db, old.id, before, now).doing(doing)?;
    let (Some(lead), Some(code)) = (old.lead, status) else { return Ok(()) };
    let next = dispositions::lead_next(db, code)?;
    // What was done about it stays done.
    let done =
        tasks::is_task(Some(next), recall_at) && tasks::is_open(db, old.id).doing(doing)? == Some(false);
    if !done {
        let round = old.round.unwrap_or(1);
        leads::settle_again(db, lead, next, recall_at, old.user, round).doing(doing)?;
        tasks::tell_lead(db, old.id).doing(doing)?;
    }
    Ok(())
}

/// Sets or takes away the mark 報告 (S4.4); `false` when it was so.
pub(super) fn report(
    db: &Connection,
    attempt: AttemptId,
    on: bool,
    scope: Scope,
    by: Actor,
    now: i64,
) -> Result<bool> {
    let doing = "mark call as reported";
    let old = history::load(db, attempt)?;
    allowed(&old, scope, by)?;
    if old.dialed_at.is_none() {
        return Err(Error::State { attempt, is: "claimed", needs: "dialed" });
    }
    if exec(db, "UPDATE attempts SET reported = ?2 WHERE id = ?1 AND reported <> ?2", (attempt, on))
        .doing(doing)?
        == 0
    {
        return Ok(false);
    }
    audit_by(db, now, by, "call.report", &attempt.to_string(), &json!({ "reported": on })).doing(doing)?;
    Ok(true)
}

/// Amendments of a call, oldest first.
pub(super) fn list(db: &Connection, attempt: AttemptId) -> rusqlite::Result<Vec<AmendmentRow>> {
    let sql = "SELECT m.at, m.user_id, u.login, m.field, m.before, m.after, m.reason, m.uid
               FROM amendments m LEFT JOIN users u ON u.id = m.user_id WHERE m.attempt_id = ?1 ORDER BY m.id";
    all(db, sql, [attempt], |r| {
        Ok(AmendmentRow {
            at: r.get(0)?,
            user: r.get(1)?,
            login: r.get(2)?,
            field: r.get(3)?,
            before: r.get(4)?,
            after: r.get(5)?,
            reason: r.get(6)?,
            uid: r.get(7)?,
        })
    })
}

fn allowed(row: &AttemptRow, scope: Scope, by: Actor) -> Result<()> {
    let own = |user: Option<UserId>| by.user.is_some() && user == by.user;
    match scope {
        Scope::All => Ok(()),
        Scope::Own if own(row.user) => Ok(()),
        Scope::Own | Scope::Lower | Scope::Reported | Scope::Nothing => Err(Error::Permission),
    }
}

fn keeps_recording(db: &Connection, status: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT keep_recording FROM dispositions WHERE code = ?1";
    Ok(one(db, sql, [status], |r| r.get(0))?.unwrap_or(true))
}

/// Whether no later call was made with the number in the project, or with the lead by another number: only then does it decide what comes next.
fn is_latest(db: &Connection, row: &AttemptRow) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM attempts WHERE (phone = ?1 OR lead_id = ?4) AND id > ?2 AND void = 0 AND project_id IS ?3
                 AND dialed_at IS NOT NULL LIMIT 1";
    Ok(one(db, sql, (&row.phone, row.id, row.project, row.lead), |_| Ok(()))?.is_none())
}

fn put(
    db: &Connection,
    amend: &Amend,
    field: &str,
    before: Option<&str>,
    after: Option<&str>,
    reason: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO amendments (attempt_id, at, user_id, uid, field, before, after, reason)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let Actor { user, uid } = amend.by;
    exec(db, sql, (amend.attempt, amend.now, user, uid, field, before, after, reason)).map(|_| ())
}

const DO_NOT_CALL: &str = "do_not_call";
