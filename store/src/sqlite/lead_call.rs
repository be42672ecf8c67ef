//! A lead that somebody calls by hand, by any of its numbers (S4.41, X3): the call is one of its list, as if its turn had come. What
//! is asked of a number before it is dialed is asked of the one that is.

use rusqlite::Connection;

use super::{attempts, exec, lead_new, leads, one, tasks};
use crate::error::{DialRefusal, Doing, Error, Result};
use crate::id::{AttemptId, LeadId, ListId, ProjectId};
use crate::model::ManualCall;
use crate::phone::Phone;

/// The lead as its call needs it.
pub(super) struct CalledLead {
    pub(super) id: LeadId,
    pub(super) list: ListId,
    pub(super) list_name: String,
    pub(super) project: ProjectId,
    pub(super) position: i64,
    pub(super) round: u32,
    pub(super) company: Option<String>,
    pub(super) person: Option<String>,
    pub(super) categories: Vec<String>,
    pub(super) attempts: u32,
    /// The number as it is to be dialed: the one of the file with the 184 or 186 that came with it.
    pub(super) phone: String,
    state: String,
}

/// The lead that a call names, unless another call has it, or somebody excluded it from dialing (S1.25): by hand it is not called
/// either, and a supervisor may include it again (S1.41).
pub(super) fn find(db: &Connection, lead: LeadId, call: &ManualCall) -> Result<CalledLead> {
    let doing = "find lead";
    attempts::expire_claims(db, call.now).doing(doing)?;
    let phone = Phone::parse(&call.phone).map_err(Error::Phone)?.phone;
    // A lead of the next round, whose turn of this one is over, is called in this one: it stays due in the next. So is one that was
    // left behind by the rounds before.
    let sql = "SELECT d.list_id, l.name, l.project_id, d.position, l.round, d.company, d.person, d.attempts,
                 d.state, iif(d.phone = ?2, ifnull(d.clir, ''), ''), d.claim_attempt_id, d.excluded
               FROM leads d JOIN lists l ON l.id = d.list_id
               WHERE d.id = ?1 AND d.deleted_at IS NULL AND l.deleted_at IS NULL AND d.position <= l.visible_position";
    let found = one(db, sql, (lead, phone.expose()), |r| {
        let clir: String = r.get(9)?;
        let called = CalledLead {
            id: lead,
            list: r.get(0)?,
            list_name: r.get(1)?,
            project: r.get(2)?,
            position: r.get(3)?,
            round: r.get(4)?,
            company: r.get(5)?,
            person: r.get(6)?,
            categories: Vec::new(),
            attempts: r.get(7)?,
            phone: format!("{clir}{}", phone.national()),
            state: r.get(8)?,
        };
        Ok((called, r.get::<_, Option<AttemptId>>(10)?, r.get(11)?))
    })
    .doing(doing)?;
    let Some((mut called, held, excluded)) = found else {
        return Err(Error::NotFound { what: "lead", key: lead.to_string() });
    };
    if !lead_new::phones(db, lead).doing(doing)?.iter().any(|known| known.phone == phone.expose()) {
        return Err(Error::NotFound { what: "number of the lead", key: phone.to_string() });
    }
    if let Some(attempt) = held {
        // Perhaps at no seat any more, since a crash: only its result sets the lead free.
        let sql = "SELECT disposition IS NULL FROM attempts WHERE id = ?1 AND ended_at IS NOT NULL";
        return Err(match one(db, sql, [attempt], |r| r.get(0)).doing(doing)? {
            Some(true) => Error::NotSealed { attempt },
            Some(false) => Error::State { attempt, is: "in wrap-up", needs: "sealed" },
            None => Error::State { attempt, is: "under way", needs: "ended" },
        });
    }
    if excluded {
        return Err(Error::Refused(DialRefusal::Excluded));
    }
    called.categories = leads::categories(db, lead).doing(doing)?;
    Ok(called)
}

/// Nobody else gets it until the call is over. Where it stood is kept with the call, in case it comes to nothing.
pub(super) fn hold(
    db: &Connection,
    box_id: &str,
    seat: &str,
    lead: &CalledLead,
    attempt: AttemptId,
) -> rusqlite::Result<()> {
    let sql =
        "UPDATE leads SET state = 'claimed', next_eligible_at = NULL, claim_attempt_id = ?2, claim_seat = ?3,
                 claim_box = ?4, claim_until = NULL WHERE id = ?1";
    exec(db, sql, (lead.id, attempt, seat, box_id))?;
    if !matches!(lead.state.as_str(), "ready" | "waiting") {
        let sql = "UPDATE attempts SET evidence = json_set(evidence, '$.lead_was', ?2) WHERE id = ?1";
        exec(db, sql, (attempt, &lead.state))?;
    }
    Ok(())
}

/// The call came to nothing: a lead that was not due is where it was before. `false`: it was due.
pub(super) fn put_back(db: &Connection, lead: LeadId, attempt: AttemptId) -> rusqlite::Result<bool> {
    let Some(state) = stood(db, lead, attempt)? else { return Ok(false) };
    put(db, lead, attempt, &state)?;
    Ok(true)
}

/// The same where the call is left blank: only its task still says what comes next (X2, X4). `false`: it had none, or none that is
/// still open.
pub(super) fn put_back_to_task(db: &Connection, lead: LeadId, attempt: AttemptId) -> rusqlite::Result<bool> {
    let task = stood(db, lead, attempt)?.filter(|state| state == "task");
    task.map_or(Ok(false), |state| put(db, lead, attempt, &state).map(|()| true))
}

/// The same after a crash: nobody is called again who was not due. One that was due is interrupted.
pub(super) fn interrupt(db: &Connection, lead: LeadId, attempt: AttemptId) -> rusqlite::Result<()> {
    let state = stood(db, lead, attempt)?;
    put(db, lead, attempt, state.as_deref().unwrap_or("interrupted"))
}

/// Where a lead stood before the call that holds it, by which it was not due. A task that was closed meanwhile is done: closing it leaves
/// alone what a call holds.
fn stood(db: &Connection, lead: LeadId, attempt: AttemptId) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT iif(evidence ->> '$.lead_was' = 'task'
                   AND NOT EXISTS (SELECT 1 FROM tasks WHERE lead_id = ?1 AND state = 'open'),
                 'done', evidence ->> '$.lead_was') FROM attempts WHERE id = ?2";
    Ok(one(db, sql, (lead, attempt), |r| r.get(0))?.flatten())
}

fn put(db: &Connection, lead: LeadId, attempt: AttemptId, state: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = ?3, recall_at = iif(?3 = 'done', NULL, recall_at),
                 owner_user_id = iif(?3 = 'done', NULL, owner_user_id),
                 claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL, claim_until = NULL
               WHERE id = ?1 AND claim_attempt_id = ?2";
    exec(db, sql, (lead, attempt, state))?;
    // What a person changed of the task meanwhile.
    tasks::tell_its_lead(db, lead)
}
