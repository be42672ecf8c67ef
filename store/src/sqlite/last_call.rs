//! The last call with a number, whoever made it and from whatever list (S1.31-S1.33).

use rusqlite::Connection;

use super::{exec, lead_numbers, one};
use crate::id::{AttemptId, UserId};
use crate::model::CallKind;

/// What a lead shows of it.
#[derive(Default)]
pub(super) struct LastCall {
    pub(super) disposition: Option<String>,
    pub(super) user: Option<UserId>,
    pub(super) at: Option<i64>,
    pub(super) kind: Option<CallKind>,
    pub(super) memo: Option<String>,
}

/// Reads it: what earlier lists learned of a number shows on a new lead too.
pub(super) fn last_call(db: &Connection, phone: &str) -> rusqlite::Result<LastCall> {
    let sql = "SELECT disposition, user_id, dialed_at, direction = 'in', answered_at IS NOT NULL, memo FROM attempts
               WHERE phone = ?1 AND void = 0 AND ended_at IS NOT NULL ORDER BY dialed_at DESC LIMIT 1";
    let last = one(db, sql, [phone], |r| {
        Ok(LastCall {
            disposition: r.get(0)?,
            user: r.get(1)?,
            at: r.get(2)?,
            kind: Some(CallKind::of(r.get(3)?, r.get(4)?)),
            memo: r.get(5)?,
        })
    })?;
    Ok(last.unwrap_or_default())
}

/// Brings it up to date on every list that has the number.
pub(super) fn touch(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    let sql =
        "UPDATE leads SET last_disposition = a.disposition, last_user_id = a.user_id, last_at = a.dialed_at,
                 last_memo = a.memo, last_kind = a.kind
               FROM (SELECT phone, disposition, user_id, dialed_at, memo,
                       CASE WHEN answered_at IS NULL THEN direction || '_missed' ELSE direction END AS kind
                     FROM attempts WHERE id = ?1) AS a, lead_numbers AS n
               WHERE n.phone = a.phone AND leads.list_id = n.list_id AND leads.position = n.position
                 AND (leads.last_at IS NULL OR leads.last_at <= a.dialed_at)";
    exec(db, sql, [attempt])?;
    lead_numbers::touched_by(db, attempt)
}
