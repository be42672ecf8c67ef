//! Leads: whose turn it is, moving them on, showing them.

use rusqlite::{Connection, Row, params_from_iter};

use super::conditions::{Conditions, rows_of_page};
use super::{all, exec, lead_rows, one};
use crate::error::{Doing, Error, Result};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{Assigned, LeadNext, LeadRow, ListQuery};
use crate::phone::{Clir, Phone};

/// A lead whose turn it is.
pub(super) struct Candidate {
    pub(super) id: LeadId,
    pub(super) position: i64,
    pub(super) round: u32,
    pub(super) phone: String,
    pub(super) clir: Option<Clir>,
    pub(super) company: Option<String>,
    pub(super) person: Option<String>,
    pub(super) attempts: u32,
    /// Put off before, due now.
    pub(super) waiting: bool,
    /// Its place in the order of dialing.
    pub(super) turn: i64,
}

/// The ready lead whose turn is the first behind `after`, of any round up to `round`, owned by `user` or by nobody (S1.37).
///
/// Rounds are few, so the index is asked twice per round that has ready leads; each answer is one seek.
pub(super) fn first_ready(
    db: &Connection,
    list: ListId,
    round: u32,
    after: i64,
    last: i64,
    user: UserId,
    pooled: bool,
) -> rusqlite::Result<Option<Candidate>> {
    let first =
        "SELECT id, position, round, phone, clir, company, person, attempts, state = 'waiting', turn FROM leads
                 WHERE list_id = ?1 AND round = ?2 AND turn > ?3 AND turn <= ?4 AND assigned_user_id IS ?5
                   AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL
                 ORDER BY turn LIMIT 1";
    let mut best: Option<Candidate> = None;
    for next in ready_rounds(db, list, round)? {
        for owner in [None, Some(user)].into_iter().skip(usize::from(!pooled)) {
            let limit = best.as_ref().map_or(last, |lead| lead.turn - 1);
            if let Some(lead) = one(db, first, (list, next, after, limit, owner), candidate)? {
                best = Some(lead);
            }
        }
    }
    Ok(best)
}

/// The rounds up to one of which leads are ready, the first first.
pub(super) fn ready_rounds(db: &Connection, list: ListId, last: u32) -> rusqlite::Result<Vec<u32>> {
    let sql = "SELECT min(round) FROM leads
               WHERE list_id = ?1 AND round > ?2 AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL";
    let mut rounds: Vec<u32> = Vec::new();
    loop {
        let seen = rounds.last().copied().unwrap_or(0);
        match one(db, sql, (list, seen), |r| r.get::<_, Option<u32>>(0))?.flatten() {
            Some(next) if next <= last => rounds.push(next),
            _ => return Ok(rounds),
        }
    }
}

/// The lead put off longest ago that is due, of `user` or of nobody, `skipped` of them left out. Those of others are not looked at.
pub(super) fn first_waiting(
    db: &Connection,
    list: ListId,
    round: u32,
    now: i64,
    skipped: u32,
    user: UserId,
    pooled: bool,
) -> rusqlite::Result<Option<Candidate>> {
    let of = |owner| {
        format!(
            "SELECT id, position, round, phone, clir, company, person, attempts, state = 'waiting', turn, next_eligible_at FROM leads
             WHERE list_id = ?1 AND assigned_user_id IS {owner} AND next_eligible_at <= ?2 AND round <= ?3
               AND state = 'waiting' AND excluded = 0 AND deleted_at IS NULL
             ORDER BY next_eligible_at LIMIT ?4 + 1"
        )
    };
    // Each in the order of its index; of nobody's only where they are everybody's.
    let nobody = if pooled { format!("UNION ALL SELECT * FROM ({})", of("NULL")) } else { String::new() };
    let sql = format!("SELECT * FROM ({}) {nobody} ORDER BY next_eligible_at LIMIT 1 OFFSET ?4", of("?5"));
    one(db, &sql, (list, now, round, skipped, user), candidate)
}

/// How many leads are put off, and when the first is due. A list that was called down twice in a day has all of its leads here, and a
/// seat asks each time it finds nothing: those due first are counted, [`MOST_WAITING`] at most. Where all of these are of later rounds,
/// it is time to look again when the last of them is due.
pub(super) fn waiting(db: &Connection, list: ListId, round: u32) -> rusqlite::Result<(u32, Option<i64>)> {
    let sql = "SELECT count(*) FILTER (WHERE round <= ?2), min(next_eligible_at) FILTER (WHERE round <= ?2),
                 count(*), max(next_eligible_at)
               FROM (SELECT round, next_eligible_at FROM leads
                     WHERE list_id = ?1 AND state = 'waiting' AND excluded = 0 AND deleted_at IS NULL
                     ORDER BY next_eligible_at LIMIT ?3)";
    let (waiting, first, looked, last): (u32, Option<i64>, u32, Option<i64>) =
        one(db, sql, (list, round, MOST_WAITING), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
            .unwrap_or_default();
    Ok((waiting, first.or(last.filter(|_| looked == MOST_WAITING))))
}

/// How many leads of the list open attempts hold.
pub(super) fn held(db: &Connection, list: ListId) -> rusqlite::Result<u32> {
    // Few are claimed, and a list may have two hundred thousand: the sign keeps SQLite from reading those.
    let sql = "SELECT count(*) FROM leads WHERE state = 'claimed' AND +list_id = ?1";
    Ok(one(db, sql, [list], |r| r.get(0))?.unwrap_or(0))
}

/// Categories of a lead in order.
pub(super) fn categories(db: &Connection, lead: LeadId) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
               WHERE m.lead_id = ?1 ORDER BY m.position";
    all(db, sql, [lead], |r| r.get(0))
}

/// Passed over for good: the reason stays with the lead.
pub(super) fn skip(db: &Connection, lead: LeadId, code: &str) -> rusqlite::Result<()> {
    let sql =
        "UPDATE leads SET state = 'skipped', skip_reason = ?2, claim_attempt_id = NULL, claim_seat = NULL,
                 claim_box = NULL, claim_until = NULL WHERE id = ?1";
    exec(db, sql, (lead, code)).map(|_| ())
}

/// Put off within its round.
pub(super) fn put_off(db: &Connection, lead: LeadId, until: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = 'waiting', next_eligible_at = ?2, claim_attempt_id = NULL,
                 claim_seat = NULL, claim_box = NULL, claim_until = NULL WHERE id = ?1";
    exec(db, sql, (lead, until)).map(|_| ())
}

/// Back where it was, next again; when positive, `rounds` behind the one its list has reached.
pub(super) fn give_back(db: &Connection, lead: LeadId, rounds: u32) -> rusqlite::Result<()> {
    let sql =
        "UPDATE leads SET state = 'ready', next_eligible_at = NULL,
                 round = CASE ?2 WHEN 0 THEN round ELSE max(round, (SELECT l.round FROM lists l WHERE l.id = leads.list_id)) + ?2 END,
                 claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL, claim_until = NULL WHERE id = ?1";
    exec(db, sql, (lead, rounds)).map(|_| ())
}

/// What a sealed call does to its lead. Only the call that holds the lead, or was the last to be interrupted with it, moves it: not an
/// earlier one, after whose seal the lead of a later interrupted call would be called again. One by hand to a lead that was not due
/// was interrupted where the lead stood before. One in the bin follows: when it comes back, it is as its call says.
pub(super) fn settle(
    db: &Connection,
    lead: LeadId,
    attempt: crate::id::AttemptId,
    next: LeadNext,
    recall_at: Option<i64>,
    user: Option<UserId>,
    round: u32,
) -> rusqlite::Result<()> {
    let (state, due) = outcome(next, recall_at, round);
    let sql = "UPDATE leads SET state = ?3, round = ?4, next_eligible_at = NULL, skip_reason = NULL, recall_at = ?5,
                 owner_user_id = CASE ?3 WHEN 'task' THEN ?6 END,
                 claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL, claim_until = NULL
               WHERE id = ?1 AND (claim_attempt_id = ?2
                 OR (state = 'interrupted' OR state IN ('done', 'task', 'skipped') AND (deleted_at IS NULL OR deleted_at > 0)
                     AND EXISTS (SELECT 1 FROM attempts WHERE id = ?2 AND interrupted = 1 AND evidence ->> '$.lead_was' IS NOT NULL))
                   AND NOT EXISTS (SELECT 1 FROM attempts
                     WHERE lead_id = ?1 AND id > ?2 AND void = 0 AND dialed_at IS NOT NULL))";
    exec(db, sql, (lead, attempt, state, due, recall_at, user)).map(|_| ())
}

/// What an amended call does to its lead: the same, unless a later call holds it. One that was put off, or passed over, since is not
/// called either when its turn comes; one in the bin follows too: when it comes back, it is as its call and its task say.
pub(super) fn settle_again(
    db: &Connection,
    lead: LeadId,
    next: LeadNext,
    recall_at: Option<i64>,
    user: Option<UserId>,
    round: u32,
) -> rusqlite::Result<()> {
    let (state, due) = outcome(next, recall_at, round);
    let sql = "UPDATE leads SET state = ?2, round = ?3, next_eligible_at = NULL, skip_reason = NULL, recall_at = ?4,
                 owner_user_id = CASE ?2 WHEN 'task' THEN ?5 END
               WHERE id = ?1 AND (state IN ('ready', 'waiting', 'task', 'done', 'interrupted') OR state = 'skipped' AND ?2 <> 'ready')
                 AND (deleted_at IS NULL OR deleted_at > 0)";
    exec(db, sql, (lead, state, due, recall_at, user)).map(|_| ())
}

/// State and round of a lead after a call of this outcome in `round`.
fn outcome(next: LeadNext, recall_at: Option<i64>, round: u32) -> (&'static str, u32) {
    match (next, recall_at) {
        (LeadNext::Never, _) => ("done", round),
        // Any status with a time to call back is a task (X4).
        (LeadNext::Task, _) | (_, Some(_)) => ("task", round),
        (LeadNext::Retry, None) => ("ready", round + 1),
        (LeadNext::Done, None) => ("done", round),
    }
}

/// One page of the list view.
pub(super) fn show(db: &Connection, query: &ListQuery) -> Result<Vec<LeadRow>> {
    let own = vec![query.list.into(), query.after.unwrap_or(0).into()];
    let mut conditions = Conditions::behind(lead_rows::OF_LIST, own);
    if let Some(state) = query.filter.state {
        conditions.and_with("l.state = #", state.as_str().to_owned());
    }
    if let Some(status) = &query.filter.status {
        conditions.and_with("l.last_disposition = #", status.clone());
    }
    if let Some(attempts) = query.filter.attempts {
        conditions.and_with("l.attempts = #", attempts);
    }
    if let Some(raw) = &query.filter.phone {
        let phone = Phone::parse(raw).map_err(Error::Phone)?.phone;
        let place = "l.position = (SELECT position FROM lead_numbers WHERE list_id = ?1 AND phone = #)";
        conditions.and_with(place, phone.expose().to_owned());
    }
    if !query.filter.include_excluded {
        conditions.and("l.excluded = 0");
    }
    match query.filter.assigned {
        None => {}
        Some(Assigned::To(user)) => conditions.and_with("l.assigned_user_id = #", user),
        Some(Assigned::ToOrNobody(user)) => {
            conditions.and_with("(l.assigned_user_id IS NULL OR l.assigned_user_id = #)", user);
        }
        Some(Assigned::Nobody) => conditions.and("l.assigned_user_id IS NULL"),
    }
    let limit = rows_of_page(query.limit);
    let (mut sql, values) = conditions.into_parts();
    sql.push_str(&format!(" ORDER BY l.position LIMIT {limit}"));
    all(db, &sql, params_from_iter(values), lead_rows::read).doing("show list")
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    let clir: Option<String> = row.get(4)?;
    Ok(Candidate {
        id: row.get(0)?,
        position: row.get(1)?,
        round: row.get(2)?,
        phone: row.get(3)?,
        clir: clir.as_deref().and_then(Clir::of_digits),
        company: row.get(5)?,
        person: row.get(6)?,
        attempts: row.get(7)?,
        waiting: row.get(8)?,
        turn: row.get(9)?,
    })
}

/// Leads put off that are counted: some milliseconds.
pub(super) const MOST_WAITING: u32 = 1_000;
