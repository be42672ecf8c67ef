//! A lead that somebody calls by hand, by any of its numbers (S4.41, X3): the call is one of its list, as if its turn had come. What
//! is asked of a number before it is dialed is asked of the one that is.

use rusqlite::Connection;

use super::{attempts, exec, lead_new, leads, one};
use crate::error::{Doing, Error, Result};
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

/// The lead that a call names, unless another call has it.
pub(super) fn find(db: &Connection, lead: LeadId, call: &ManualCall) -> Result<CalledLead> {
    let doing = "find lead";
    attempts::expire_claims(db, call.now).doing(doing)?;
    let phone = Phone::parse(&call.phone).map_err(Error::Phone)?.phone;
    // A lead of the next round, whose turn of this one is over, is called in this one: it stays due in the next.
    let sql = "SELECT d.list_id, l.name, l.project_id, d.position, min(d.round, l.round), d.company, d.person, d.attempts,
                 d.state, iif(d.phone = ?2, ifnull(d.clir, ''), ''), d.claim_attempt_id
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
        Ok((called, r.get::<_, Option<AttemptId>>(10)?))
    })
    .doing(doing)?;
    let Some((mut called, held)) = found else {
        return Err(Error::NotFound { what: "lead", key: lead.to_string() });
    };
    if !lead_new::phones(db, lead).doing(doing)?.iter().any(|known| known.phone == phone.expose()) {
        return Err(Error::NotFound { what: "number of the lead", key: phone.to_string() });
    }
    if let Some(attempt) = held {
        // Perhaps at no seat any more, since a crash: only its result sets the lead free.
        let sql = "SELECT 1 FROM attempts WHERE id = ?1 AND ended_at IS NOT NULL AND disposition IS NULL";
        if one(db, sql, [attempt], |_| Ok(())).doing(doing)?.is_some() {
            return Err(Error::NotSealed { attempt });
        }
        return Err(Error::State { attempt, is: "under way", needs: "ended" });
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
    let sql = "UPDATE leads SET state = a.was, claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL,
                 claim_until = NULL
               FROM (SELECT evidence ->> '$.lead_was' AS was FROM attempts WHERE id = ?2) AS a
               WHERE leads.id = ?1 AND a.was IS NOT NULL";
    Ok(exec(db, sql, (lead, attempt))? > 0)
}
