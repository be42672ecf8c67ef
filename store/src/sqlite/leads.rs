//! Leads: whose turn it is, moving them on, showing them.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::{all, audit, exec, one, texts};
use crate::error::{Doing, Error, Result};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{LeadNext, LeadRow, ListQuery};
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
}

/// The first ready lead behind `after`, from the top, of any round up to `round`.
///
/// Rounds are few, so the index is asked once per round that has ready leads; each answer is one seek.
pub(super) fn first_ready(
    db: &Connection,
    list: ListId,
    round: u32,
    after: i64,
    visible: i64,
) -> rusqlite::Result<Option<Candidate>> {
    let rounds = "SELECT min(round) FROM leads
                  WHERE list_id = ?1 AND round > ?2 AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL";
    let first =
        "SELECT id, position, round, phone, clir, company, person, attempts, state = 'waiting' FROM leads
                 WHERE list_id = ?1 AND round = ?2 AND position > ?3 AND position <= ?4
                   AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL
                 ORDER BY position LIMIT 1";
    let mut best: Option<Candidate> = None;
    let mut seen = 0;
    loop {
        let next: Option<u32> = one(db, rounds, (list, seen), |r| r.get(0))?.flatten();
        let Some(next) = next.filter(|&next| next <= round) else { return Ok(best) };
        seen = next;
        let limit = best.as_ref().map_or(visible, |lead| lead.position - 1);
        if let Some(lead) = one(db, first, (list, next, after, limit), candidate)? {
            best = Some(lead);
        }
    }
}

/// The lead put off longest ago that is due, `skipped` of them left out.
pub(super) fn first_waiting(
    db: &Connection,
    list: ListId,
    round: u32,
    now: i64,
    skipped: u32,
) -> rusqlite::Result<Option<Candidate>> {
    let sql =
        "SELECT id, position, round, phone, clir, company, person, attempts, state = 'waiting' FROM leads
               WHERE list_id = ?1 AND next_eligible_at <= ?2 AND round <= ?3
                 AND state = 'waiting' AND excluded = 0 AND deleted_at IS NULL
               ORDER BY next_eligible_at LIMIT 1 OFFSET ?4";
    one(db, sql, (list, now, round, skipped), candidate)
}

/// How many leads are put off, and when the first is due.
pub(super) fn waiting(db: &Connection, list: ListId, round: u32) -> rusqlite::Result<(u32, Option<i64>)> {
    let sql = "SELECT count(*), min(next_eligible_at) FROM leads
               WHERE list_id = ?1 AND round <= ?2 AND state = 'waiting' AND excluded = 0 AND deleted_at IS NULL";
    Ok(one(db, sql, (list, round), |r| Ok((r.get(0)?, r.get(1)?)))?.unwrap_or((0, None)))
}

/// How many leads of the list open attempts hold.
pub(super) fn held(db: &Connection, list: ListId) -> rusqlite::Result<u32> {
    let sql = "SELECT count(*) FROM leads WHERE state = 'claimed' AND list_id = ?1";
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

/// Back where it was, next again; `rounds` later when positive.
pub(super) fn give_back(db: &Connection, lead: LeadId, rounds: u32) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = 'ready', round = round + ?2, next_eligible_at = NULL,
                 claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL, claim_until = NULL WHERE id = ?1";
    exec(db, sql, (lead, rounds)).map(|_| ())
}

/// What a sealed call does to its lead. Only the call that holds the lead, or was interrupted with it, moves it.
pub(super) fn settle(
    db: &Connection,
    lead: LeadId,
    attempt: crate::id::AttemptId,
    next: LeadNext,
    recall_at: Option<i64>,
    user: Option<UserId>,
    round: u32,
) -> rusqlite::Result<()> {
    let (state, due) = match (next, recall_at) {
        (LeadNext::Never, _) => ("done", round),
        // Any status with a time to call back is a task (X4).
        (LeadNext::Task, _) | (_, Some(_)) => ("task", round),
        (LeadNext::Retry, None) => ("ready", round + 1),
        (LeadNext::Done, None) => ("done", round),
    };
    let sql = "UPDATE leads SET state = ?3, round = ?4, next_eligible_at = NULL, recall_at = ?5,
                 owner_user_id = CASE ?3 WHEN 'task' THEN ?6 END,
                 claim_attempt_id = NULL, claim_seat = NULL, claim_box = NULL, claim_until = NULL
               WHERE id = ?1 AND (claim_attempt_id = ?2 OR state = 'interrupted')";
    exec(db, sql, (lead, attempt, state, due, recall_at, user)).map(|_| ())
}

/// Marks or unmarks 発信対象外. A claim that is not dialed yet is caught by the check before its INVITE.
pub(super) fn set_excluded(
    db: &Connection,
    lead: LeadId,
    excluded: bool,
    reason: Option<&str>,
    by: Option<UserId>,
    now: i64,
) -> Result<()> {
    let doing = "exclude lead";
    let sql = "UPDATE leads SET excluded = ?2, excluded_reason = ?3, excluded_by = ?4, excluded_at = ?5
               WHERE id = ?1 AND deleted_at IS NULL";
    if exec(db, sql, (lead, excluded, reason, by, excluded.then_some(now))).doing(doing)? == 0 {
        return Err(Error::NotFound { what: "lead", key: lead.to_string() });
    }
    // A lead that was passed over because of the mark has its turn again without it.
    if !excluded {
        let sql = "UPDATE leads SET state = 'ready', skip_reason = NULL
                   WHERE id = ?1 AND state = 'skipped' AND skip_reason = 'E-EXCLUDED'";
        exec(db, sql, [lead]).doing(doing)?;
    }
    let action = if excluded { "lead.exclude" } else { "lead.include" };
    audit(db, now, by, action, &lead.to_string(), &serde_json::json!({ "reason": reason })).doing(doing)
}

/// One page of the list view.
pub(super) fn show(db: &Connection, query: &ListQuery) -> Result<Vec<LeadRow>> {
    let mut sql = String::from(SHOW);
    let mut values: Vec<Value> =
        vec![Value::Blob(query.list.0.to_be_bytes().to_vec()), Value::Integer(query.after.unwrap_or(0))];
    let mut filter = |clause: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {clause} ?{}", values.len()));
    };
    if let Some(state) = query.filter.state {
        filter("l.state =", Value::Text(state.as_str().to_owned()));
    }
    if let Some(status) = &query.filter.status {
        filter("l.last_disposition =", Value::Text(status.clone()));
    }
    if let Some(attempts) = query.filter.attempts {
        filter("l.attempts =", Value::Integer(i64::from(attempts)));
    }
    if let Some(raw) = &query.filter.phone {
        let phone = Phone::parse(raw).map_err(Error::Phone)?.phone;
        filter("l.phone =", Value::Text(phone.expose().to_owned()));
    }
    if !query.filter.include_excluded {
        filter("l.excluded =", Value::Integer(0));
    }
    let limit = match query.limit {
        0 => 100,
        limit => limit.min(1000),
    };
    sql.push_str(&format!(" ORDER BY l.position LIMIT {limit}"));
    all(db, &sql, params_from_iter(values), lead_row).doing("show list")
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
    })
}

fn lead_row(row: &Row<'_>) -> rusqlite::Result<LeadRow> {
    let categories: String = row.get(7)?;
    let attrs: String = row.get(8)?;
    Ok(LeadRow {
        id: row.get(0)?,
        list: row.get(1)?,
        position: row.get(2)?,
        phone: row.get(3)?,
        raw_phone: row.get(4)?,
        company: row.get(5)?,
        person: row.get(6)?,
        categories: texts(&categories),
        attrs: serde_json::from_str(&attrs).unwrap_or_default(),
        state: row.get(9)?,
        skip_reason: row.get(10)?,
        dialable: !row.get::<_, bool>(11)?,
        round: row.get(12)?,
        attempts: row.get(13)?,
        next_eligible_at: row.get(14)?,
        recall_at: row.get(15)?,
        last_status: row.get(16)?,
        last_status_label: row.get(17)?,
        last_user: row.get(18)?,
        last_user_name: row.get(19)?,
        last_at: row.get(20)?,
        last_memo: row.get(21)?,
    })
}

const SHOW: &str = "
  SELECT l.id, l.list_id, l.position, l.phone, l.raw_phone, l.company, l.person,
    (SELECT json_group_array(name) FROM (
       SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
       WHERE m.lead_id = l.id ORDER BY m.position)),
    l.attrs, l.state, l.skip_reason, l.excluded, l.round, l.attempts, l.next_eligible_at, l.recall_at,
    l.last_disposition, d.label, l.last_user_id, u.name, l.last_at,
    CASE WHEN l.last_at IS NOT NULL THEN (
      SELECT memo FROM attempts WHERE phone = l.phone AND dialed_at = l.last_at AND void = 0 LIMIT 1) END
  FROM leads l
  LEFT JOIN dispositions d ON d.code = l.last_disposition
  LEFT JOIN users u ON u.id = l.last_user_id
  WHERE l.list_id = ?1 AND l.position > ?2
    AND l.position <= (SELECT visible_position FROM lists WHERE id = ?1) AND l.deleted_at IS NULL";
