//! Recordings: listing, holds, and what may go when room is needed.

use std::path::PathBuf;

use rusqlite::{Connection, Row, params_from_iter};
use serde_json::json;

use super::conditions::{Conditions, rows_of_page};
use super::{all, audit_by, exec, one, outbox, unsigned};
use crate::error::{Doing, Error, Result, Said};
use crate::id::{AttemptId, UserId};
use crate::model::{Actor, RecordingQuery, RecordingRow, RecordingUsage};

pub(super) fn recordings(db: &Connection, query: &RecordingQuery) -> rusqlite::Result<Vec<RecordingRow>> {
    let mut conditions = Conditions::behind(format!("{SELECT} WHERE 1"), Vec::new());
    if !query.include_gone {
        conditions.and("r.state IN ('final', 'exported')");
    }
    if let Some(from) = query.from {
        conditions.and_with("r.opened_at >= #", from);
    }
    if let Some(to) = query.to {
        conditions.and_with("r.opened_at < #", to);
    }
    if let Some(list) = query.list {
        conditions.and_with("a.list_id = #", list);
    }
    if let Some(user) = query.user {
        conditions.and_with("a.user_id = #", user);
    }
    if let Some(attempt) = query.attempt {
        conditions.and_with("r.attempt_id = #", attempt);
    }
    if let Some(hold) = query.hold {
        conditions.and_with("r.hold = #", hold);
    }
    let (than, direction) = if query.oldest_first { (">", "ASC") } else { ("<", "DESC") };
    let (mut sql, mut values) = conditions.into_parts();
    if let Some((at, id)) = query.after {
        values.extend([at.into(), id.into()]);
        let count = values.len();
        sql.push_str(&format!(" AND (r.opened_at, r.id) {than} (?{}, ?{count})", count - 1));
    }
    let limit = rows_of_page(query.limit);
    sql.push_str(&format!(" ORDER BY r.opened_at {direction}, r.id {direction} LIMIT {limit}"));
    all(db, &sql, params_from_iter(values), row)
}

/// One recording whose file is kept; with `of`, of a call of this user.
pub(super) fn recording(db: &Connection, id: i64, of: Option<UserId>) -> Result<RecordingRow> {
    let sql = format!(
        "{SELECT} WHERE r.id = ?1 AND r.state IN ('final', 'exported') AND (?2 IS NULL OR a.user_id = ?2)"
    );
    one(db, &sql, (id, of), row)
        .doing("read recording")?
        .ok_or_else(|| Error::NotFound { what: "recording", key: id.to_string() })
}

pub(super) fn usage(db: &Connection, now: i64) -> rusqlite::Result<RecordingUsage> {
    let sql = "WITH outbox_keys AS MATERIALIZED (SELECT key FROM outbox),
                 unsealed AS MATERIALIZED (SELECT id FROM attempts WHERE sealed_at IS NULL)
               SELECT count(*), ifnull(sum(bytes), 0), ifnull(sum(duration_ms), 0),
                 ifnull(sum(CASE WHEN hold THEN bytes END), 0), min(opened_at),
                 ifnull(sum(CASE WHEN opened_at >= ?1 THEN bytes END), 0),
                 ifnull(sum(CASE WHEN opened_at >= ?1 THEN duration_ms END), 0),
                 ifnull(sum(CASE WHEN attempt_id IN outbox_keys THEN bytes END), 0),
                 ifnull(sum(CASE WHEN attempt_id IN unsealed THEN bytes END), 0),
                 ifnull(sum(CASE WHEN NOT hold AND attempt_id NOT IN outbox_keys AND attempt_id NOT IN unsealed THEN bytes END), 0)
               FROM recordings WHERE state IN ('final', 'exported') AND recording_own(path)";
    let usage = one(db, sql, [now - WEEK_MS], |r| {
        Ok(RecordingUsage {
            count: unsigned(r, 0)?,
            bytes: unsigned(r, 1)?,
            duration_ms: unsigned(r, 2)?,
            held_bytes: unsigned(r, 3)?,
            oldest_at: r.get(4)?,
            week_bytes: unsigned(r, 5)?,
            week_ms: unsigned(r, 6)?,
            week_days: r.get::<_, Option<i64>>(4)?.map_or(0, |oldest| days_of(now - oldest)),
            unsynced_bytes: unsigned(r, 7)?,
            unsealed_bytes: unsigned(r, 8)?,
            removable_bytes: unsigned(r, 9)?,
        })
    })?;
    Ok(usage.unwrap_or_default())
}

/// Days of the last seven that a time so long reaches into; the first days of a box are no week.
fn days_of(ms: i64) -> u64 {
    ms.clamp(1, WEEK_MS).unsigned_abs().div_ceil(DAY_MS)
}

/// Keeps the recordings of a call whatever the quota says; returns how many there are.
pub(super) fn hold(
    db: &Connection,
    attempt: AttemptId,
    reason: Option<&str>,
    by: Actor,
    now: i64,
) -> Result<u64> {
    let doing = "hold recording";
    let sql = "UPDATE recordings SET hold = 1, hold_reason = ?2, held_by = ?3, held_at = ?4
               WHERE attempt_id = ?1 AND state IN ('open', 'final', 'exported')";
    changed(exec(db, sql, (attempt, reason, by.user, now)).doing(doing)?, attempt)?;
    audit_by(db, now, by, "recording.hold", &attempt.to_string(), &json!({ "reason": reason }))
        .doing(doing)?;
    count(db, attempt).doing(doing)
}

pub(super) fn release(db: &Connection, attempt: AttemptId, by: Actor, now: i64) -> Result<u64> {
    let doing = "release recording";
    let sql = "UPDATE recordings SET hold = 0, hold_reason = NULL, held_by = NULL, held_at = NULL WHERE attempt_id = ?1";
    changed(exec(db, sql, [attempt]).doing(doing)?, attempt)?;
    audit_by(db, now, by, "recording.release", &attempt.to_string(), &json!({})).doing(doing)?;
    count(db, attempt).doing(doing)
}

fn changed(rows: usize, attempt: AttemptId) -> Result<()> {
    if rows > 0 {
        Ok(())
    } else {
        Err(Error::NotFound { what: "recording of the call", key: attempt.to_string() })
    }
}

fn count(db: &Connection, attempt: AttemptId) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM recordings WHERE attempt_id = ?1";
    Ok(one(db, sql, [attempt], |r| unsigned(r, 0))?.unwrap_or(0))
}

/// Looks at the oldest recordings behind `at`, `most` of them, and marks those that may go as expired, until `bytes` are freed or all are
/// younger than `older_than`; the caller deletes the files. Holds stay, and so does what has not left the box (S4.33); the row of the call
/// stays for ever. Returns where to go on, `None` at the end: of results that wait for a link that is down there may be any number.
pub(super) fn expire(
    db: &Connection,
    (bytes, older_than): (u64, Option<i64>),
    at: ExpireAt,
    most: u32,
    now: i64,
) -> rusqlite::Result<(Vec<RecordingRow>, Option<ExpireAt>)> {
    let kept = "SELECT id, opened_at FROM recordings WHERE state IN ('final', 'exported')
                  AND opened_at >= ?1 AND (opened_at > ?1 OR id > ?2) ORDER BY opened_at, id LIMIT ?3";
    let found: Vec<ExpireAt> =
        all(db, kept, (at.opened_at, at.id, most), |r| Ok(ExpireAt { id: r.get(0)?, opened_at: r.get(1)? }))?;
    let may_go = format!(
        "{SELECT} WHERE r.id = ?1 AND r.hold = 0 AND recording_own(r.path)
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE key = r.attempt_id) AND a.sealed_at IS NOT NULL"
    );
    let mut next = found.last().copied().filter(|_| found.len() >= most as usize);
    let (mut freed, mut expired) = (0, Vec::new());
    for ExpireAt { id, opened_at } in found {
        let old = older_than.is_some_and(|limit| opened_at < limit);
        if !old && freed >= bytes {
            next = None;
            break;
        }
        let Some(recording) = one(db, &may_go, [id], row)? else { continue };
        exec(db, "UPDATE recordings SET state = 'expired' WHERE id = ?1", [id])?;
        // Its result has left the box; an amendment may still wait.
        outbox::recording_gone(db, recording.attempt)?;
        freed += recording.bytes.unwrap_or(0);
        expired.push(recording);
    }
    if !expired.is_empty() {
        let detail = json!({ "count": expired.len(), "bytes": freed });
        audit_by(db, now, Actor::default(), "recording.expire", "", &detail)?;
    }
    Ok((expired, next))
}

/// Behind which recording the look for what may go goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpireAt {
    /// UTC milliseconds.
    opened_at: i64,
    id: i64,
}

impl Default for ExpireAt {
    /// At the oldest.
    fn default() -> Self {
        Self { opened_at: i64::MIN, id: i64::MIN }
    }
}

/// Somebody wants the recordings of a call gone, whatever the quota says: they are marked as expired, and the caller deletes the
/// files. One that is on hold or still being written stays, and then all of them do.
pub(super) fn delete(db: &Connection, attempt: AttemptId, reason: &str, by: Actor, now: i64) -> Result<u64> {
    let doing = "delete recording";
    let guards = [
        (on_hold(attempt), "r.hold = 1 AND r.state IN ('open', 'final', 'exported')"),
        (Said::fixed("録音中です", "it is still being written"), "r.state = 'open'"),
        (
            Said::fixed(
                "録音フォルダーの外にあります。録音フォルダーに移して起動し直してください",
                "it lies outside of the folder of recordings; move it there and start again",
            ),
            "r.state IN ('final', 'exported') AND NOT recording_own(r.path)",
        ),
    ];
    for (why, clause) in guards {
        let sql = format!("SELECT 1 FROM recordings r WHERE r.attempt_id = ?1 AND {clause} LIMIT 1");
        if one(db, &sql, [attempt], |_| Ok(())).doing(doing)?.is_some() {
            return Err(Error::DeleteGuard { why });
        }
    }
    let sql =
        "UPDATE recordings SET state = 'expired' WHERE attempt_id = ?1 AND state IN ('final', 'exported')";
    let gone = exec(db, sql, [attempt]).doing(doing)?;
    changed(gone, attempt)?;
    outbox::recording_gone(db, attempt).doing(doing)?;
    let detail = json!({ "reason": reason, "count": gone });
    audit_by(db, now, by, "recording.delete", &attempt.to_string(), &detail).doing(doing)?;
    Ok(gone as u64)
}

/// Why nothing of a call is deleted while its recordings are on hold, and what ends that.
pub(super) fn on_hold(attempt: AttemptId) -> Said {
    Said::new(
        format!(
            "通話 {attempt} の録音は保持されています。`kakeru recording release {attempt}` で保持をやめられます"
        ),
        format!(
            "the recording of call {attempt} is on hold, which `kakeru recording release {attempt}` ends"
        ),
    )
}

/// Files of expired recordings that may still be there: a crash came between the row and the file.
pub(super) fn to_remove(db: &Connection, most: u32) -> rusqlite::Result<Vec<(i64, PathBuf)>> {
    let sql = "SELECT id, recording_whole(path) FROM recordings
           WHERE state = 'expired' AND removed_at IS NULL AND recording_own(path) ORDER BY id LIMIT ?1";
    all(db, sql, [most], |r| Ok((r.get(0)?, PathBuf::from(r.get::<_, String>(1)?))))
}

/// Their files are gone.
pub(super) fn removed(db: &Connection, recordings: &[i64], now: i64) -> rusqlite::Result<()> {
    for id in recordings {
        exec(db, "UPDATE recordings SET removed_at = ?2 WHERE id = ?1 AND state = 'expired'", (id, now))?;
    }
    Ok(())
}

/// They were exported; the files are still here.
pub(super) fn exported(db: &Connection, recordings: &[i64], by: Actor, now: i64) -> Result<()> {
    let doing = "mark recordings exported";
    for id in recordings {
        let sql = "UPDATE recordings SET exported_at = ?2, state = iif(state = 'final', 'exported', state) WHERE id = ?1";
        exec(db, sql, (id, now)).doing(doing)?;
    }
    let detail = json!({ "recordings": recordings });
    audit_by(db, now, by, "recording.export", &recordings.len().to_string(), &detail).doing(doing)
}

fn row(row: &Row<'_>) -> rusqlite::Result<RecordingRow> {
    Ok(RecordingRow {
        id: row.get(0)?,
        attempt: row.get(1)?,
        path: row.get::<_, String>(2)?.into(),
        state: row.get(3)?,
        bytes: row.get::<_, Option<i64>>(4)?.map(i64::unsigned_abs),
        duration_ms: row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs),
        sha256: row.get(6)?,
        opened_at: row.get(7)?,
        hold: row.get(8)?,
        hold_reason: row.get(9)?,
        exported_at: row.get(10)?,
        synced: row.get(11)?,
        phone: row.get(12)?,
        company: row.get(13)?,
        person: row.get(14)?,
        login: row.get(15)?,
        list_name: row.get(16)?,
        status_label: row.get(17)?,
    })
}

const SELECT: &str = "
  SELECT r.id, r.attempt_id, recording_whole(r.path), r.state, r.bytes, r.duration_ms, r.sha256, r.opened_at, r.hold, r.hold_reason,
    r.exported_at, NOT EXISTS (SELECT 1 FROM outbox WHERE key = r.attempt_id), a.phone, a.company, a.person, u.login,
    a.list_name, d.label
  FROM recordings r JOIN attempts a ON a.id = r.attempt_id
  LEFT JOIN users u ON u.id = a.user_id
  LEFT JOIN dispositions d ON d.code = a.disposition";
const WEEK_MS: i64 = 7 * 86_400_000;
const DAY_MS: u64 = 86_400_000;
