//! Saving a disposition and sealing a call.

use rusqlite::Connection;

use super::typed::fits;
use super::{
    all, dispositions, dnc, exec, history, lead_call, leads, one, outbox, recall, recordings, tasks,
};
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, ProjectId};
use crate::model::{LeadNext, Save, Saved, Sealed, SetBy};

/// What a save needs to know of its attempt.
struct Open {
    save_seq: i64,
    sealed: bool,
    dialed: bool,
    disposition: Option<String>,
    recall_at: Option<i64>,
    set_by: Option<SetBy>,
    phone: Option<String>,
    project: Option<ProjectId>,
}

/// Applies a save. The last one wins; a repeat of an old one changes nothing, even after sealing.
pub(super) fn apply(db: &Connection, save: &Save) -> Result<Saved> {
    let doing = "save";
    let open = open(db, save.attempt)?;
    let by_machine = save.set_by == SetBy::Auto;
    let seq = match save.save_seq {
        // The numbers are the operator's: one taken by the machine would make their first save a repeat.
        _ if by_machine => open.save_seq,
        Some(seq) => i64::try_from(seq).unwrap_or(i64::MAX),
        None => open.save_seq + 1,
    };
    if seq <= open.save_seq && !by_machine {
        return answer(db, save.attempt, open.disposition, open.save_seq, false, false);
    }
    if open.sealed {
        return Err(Error::Sealed { attempt: save.attempt });
    }
    if !open.dialed {
        return Err(Error::State { attempt: save.attempt, is: "claimed", needs: "dialed" });
    }
    let stands = if by_machine { save.recall_at } else { open.recall_at };
    recall::may_be("recall_at", save.recall_at, stands, save.now)?;
    // A person's judgement is never overwritten by the machine's.
    if by_machine && open.set_by == Some(SetBy::Operator) {
        return answer(db, save.attempt, open.disposition, open.save_seq, false, false);
    }
    fits("memo", save.memo.as_deref())?;
    let chosen = match save.status.trim() {
        "" => None,
        status => Some(dispositions::find(db, status, open.project)?.code),
    };
    let status = chosen.clone().or_else(|| open.disposition.clone());
    let recall_at = match by_machine {
        true => open.recall_at,
        false => {
            let was = open.disposition.as_deref().filter(|_| open.set_by == Some(SetBy::Operator));
            recall::of_result(db, (was, status.as_deref()), save.recall_at, open.recall_at)?
        }
    };
    let sql = "UPDATE attempts SET disposition = ifnull(?2, disposition),
                 set_by = CASE WHEN ?2 IS NULL THEN set_by ELSE ?3 END,
                 memo = ifnull(?4, memo), recall_at = ?5, save_seq = ?6, saved_at = ?7 WHERE id = ?1";
    let row = (save.attempt, &chosen, save.set_by, &save.memo, recall_at, seq, save.now);
    exec(db, sql, row).doing(doing)?;
    let mut blocked = false;
    match (status.as_deref(), &open.phone) {
        (Some(DO_NOT_CALL), Some(phone)) => {
            blocked = dnc::add_from_call(db, phone, open.project, save.attempt, Some(save.user), save.now)
                .doing(doing)?;
        }
        _ if open.disposition.as_deref() == Some(DO_NOT_CALL) => {
            dnc::retract_from_call(db, save.attempt, save.user, save.now).doing(doing)?;
        }
        _ => {}
    }
    touch_last(db, save.attempt).doing(doing)?;
    let before = tasks::Before { disposition: open.disposition.as_deref(), recall_at: open.recall_at };
    tasks::follow(db, save.attempt, before, save.now).doing(doing)?;
    answer(db, save.attempt, status, seq, true, blocked)
}

/// Seals an ended attempt: recording policy, outbox row, the lead's next state; each exactly once.
pub(super) fn seal(db: &Connection, attempt: AttemptId, now: i64) -> Result<Sealed> {
    let doing = "seal";
    let keeps: Option<bool> = one(
        db,
        "SELECT d.keep_recording FROM attempts a JOIN dispositions d ON d.code = a.disposition
         WHERE a.id = ?1 AND a.sealed_at IS NULL AND a.ended_at IS NOT NULL",
        [attempt],
        |r| r.get(0),
    )
    .doing(doing)?;
    // Before the row is read for the outbox, which must not name a file that is about to go.
    let discard_recording = match keeps {
        Some(false) => recordings::discard(db, attempt).doing(doing)?,
        _ => None,
    };
    let row = history::load(db, attempt)?;
    if row.sealed_at.is_some() {
        return Ok(Sealed {
            attempt,
            seat: row.seat,
            already: true,
            status: row.status,
            outbox_seq: None,
            discard_recording: None,
        });
    }
    if row.ended_at.is_none() {
        let is = if row.dialed_at.is_some() { "under way" } else { "claimed" };
        return Err(Error::State { attempt, is, needs: "ended" });
    }
    exec(db, "UPDATE attempts SET sealed_at = ?2 WHERE id = ?1", (attempt, now)).doing(doing)?;
    let seq = outbox::push(db, &row, now).doing(doing)?;
    if let Some(lead) = row.lead {
        let next = match &row.status {
            Some(code) => Some(dispositions::lead_next(db, code)?),
            // Interrupted and left blank: stays listed as interrupted.
            None if row.interrupted => None,
            None if lead_call::put_back_to_task(db, lead, attempt).doing(doing)? => None,
            // Blank: can be filled in later (X2), is not dialed again by itself.
            None => Some(LeadNext::Done),
        };
        if let Some(next) = next {
            leads::settle(db, lead, attempt, next, row.recall_at, row.user, row.round.unwrap_or(1))
                .doing(doing)?;
            // What a person changed of it since the save, and nobody's if whoever saved it calls no more.
            tasks::tell_lead(db, attempt).doing(doing)?;
        }
    }
    let status = row.status;
    Ok(Sealed { attempt, seat: row.seat, already: false, status, outbox_seq: Some(seq), discard_recording })
}

/// Seals calls of this box that ended and have nothing to wait for when nobody is at work: those with a result, whoever
/// gave it (S4.49), and consultations, which want none. At most [`SLICE`] of them, the oldest first. A blank row stays
/// open, for somebody to judge (X2).
pub(super) fn seal_judged(db: &Connection, box_id: &str, now: i64) -> Result<Vec<Sealed>> {
    let sql = "SELECT id FROM attempts WHERE box_id = ?1 AND sealed_at IS NULL AND ended_at IS NOT NULL
                 AND (disposition IS NOT NULL OR parent_attempt_id IS NOT NULL) ORDER BY id LIMIT ?2";
    let rows: Vec<AttemptId> = all(db, sql, (box_id, SLICE), |r| r.get(0)).doing("read open calls")?;
    rows.into_iter().map(|attempt| seal(db, attempt, now)).collect()
}

/// Rows that one commit of [`seal_judged`] seals.
pub(super) const SLICE: u32 = 200;

pub(super) use super::last_call::touch as touch_last;

fn open(db: &Connection, attempt: AttemptId) -> Result<Open> {
    let sql = "SELECT save_seq, sealed_at IS NOT NULL, dialed_at IS NOT NULL, disposition, set_by, phone, project_id, recall_at
               FROM attempts WHERE id = ?1";
    one(db, sql, [attempt], |r| {
        Ok(Open {
            save_seq: r.get(0)?,
            sealed: r.get(1)?,
            dialed: r.get(2)?,
            disposition: r.get(3)?,
            set_by: r.get(4)?,
            phone: r.get(5)?,
            project: r.get(6)?,
            recall_at: r.get(7)?,
        })
    })
    .doing("read call")?
    .ok_or_else(|| Error::NotFound { what: "call", key: attempt.to_string() })
}

fn answer(
    db: &Connection,
    attempt: AttemptId,
    status: Option<String>,
    seq: i64,
    applied: bool,
    do_not_call: bool,
) -> Result<Saved> {
    let label = match &status {
        Some(code) => {
            one(db, "SELECT label FROM dispositions WHERE code = ?1", [code], |r| r.get(0)).doing("save")?
        }
        None => None,
    };
    Ok(Saved { attempt, save_seq: seq.unsigned_abs(), applied, status, label, do_not_call })
}

const DO_NOT_CALL: &str = "do_not_call";
