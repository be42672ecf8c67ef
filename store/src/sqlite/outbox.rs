//! What must leave the box: written when a call is sealed, deleted when delivered.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{all, exec, one};
use crate::id::AttemptId;
use crate::model::{AttemptRow, OutboxRow, RecordingState};
use crate::time::format_jst;

/// The payload as it is kept: with the place of the recording within its folder, so that the folder can be moved meanwhile.
macro_rules! kept {
    () => {
        "json_replace(?2, '$.recording_path', recording_inside(json_extract(?2, '$.recording_path')))"
    };
}

/// Queues a sealed attempt; returns its sequence number. A row whose recording is still being closed waits for it.
pub(super) fn push(db: &Connection, attempt: &AttemptRow, now: i64) -> rusqlite::Result<i64> {
    let next_try_at = first_try_at(attempt, now);
    let payload = payload(attempt, now);
    let sql = match payload.get("recording_path") {
        // Most calls have none, and this is part of every save.
        None | Some(Value::Null) => {
            "INSERT INTO outbox (key, kind, payload, next_try_at, created_at)
             VALUES (?1, 'attempt.sealed', ?2, ?3, ?4) RETURNING seq"
        }
        Some(_) => concat!(
            "INSERT INTO outbox (key, kind, payload, next_try_at, created_at)
             VALUES (?1, 'attempt.sealed', ",
            kept!(),
            ", ?3, ?4) RETURNING seq"
        ),
    };
    let values = (attempt.id, payload.to_string(), next_try_at, now);
    one(db, sql, values, |r| r.get(0)).map(|seq| seq.unwrap_or(0))
}

/// A recording that is still being closed or archived has another name, and its checksum, soon.
fn first_try_at(attempt: &AttemptRow, now: i64) -> i64 {
    let open = attempt.recording.as_ref().is_some_and(|recording| recording.state == RecordingState::Open);
    if open { now + RECORDING_WAIT_MS } else { now }
}

/// Queues a sealed attempt again after it was amended: the same fields and `id`, with the time of the amendment. It waits for the
/// recording as the first one does.
pub(super) fn push_amended(db: &Connection, attempt: &AttemptRow, now: i64) -> rusqlite::Result<()> {
    let mut payload = payload(attempt, attempt.sealed_at.unwrap_or(now));
    if let Value::Object(fields) = &mut payload {
        fields.insert("amended_at".to_owned(), json!(format_jst(now)));
    }
    let sql = concat!(
        "INSERT INTO outbox (key, kind, payload, next_try_at, created_at)
         VALUES (?1, 'attempt.amended', ",
        kept!(),
        ", ?3, ?4)"
    );
    let values = (AttemptId::generate(now), payload.to_string(), first_try_at(attempt, now), now);
    exec(db, sql, values).map(|_| ())
}

/// The rows of an attempt, those of its amendments too. These have keys of their own: all rows are looked through for them, but only
/// where there are any.
fn of_attempt(db: &Connection, attempt: AttemptId) -> rusqlite::Result<Vec<i64>> {
    let mut seqs: Vec<i64> = all(db, "SELECT seq FROM outbox WHERE key = ?1", [attempt], |r| r.get(0))?;
    let amended = "SELECT 1 FROM amendments WHERE attempt_id = ?1 LIMIT 1";
    if one(db, amended, [attempt], |_| Ok(()))?.is_some() {
        let sql = "SELECT seq FROM outbox WHERE kind = 'attempt.amended' AND payload ->> '$.id' = ?1";
        seqs.extend(all(db, sql, [attempt.to_string()], |r| r.get::<_, i64>(0))?);
    }
    Ok(seqs)
}

/// Completes the rows of a call that was sealed before its recording was closed, and lets them go.
pub(super) fn recording_closed(
    db: &Connection,
    attempt: AttemptId,
    file: Option<(&str, &str, i64, i64)>,
) -> rusqlite::Result<()> {
    let (path, sha256, ms, gaps) = match file {
        Some((path, sha256, ms, gaps)) => (Some(path), Some(sha256), Some(ms), Some(gaps)),
        None => (None, None, None, None),
    };
    let sql = "UPDATE outbox SET
                 next_try_at = min(next_try_at, created_at),
                 payload = json_set(payload, '$.recording_path', ?2, '$.recording_sha256', ?3,
                                    '$.recording_ms', ?4,
                                    '$.recording_gaps_ms', ?5,
                                    '$.recording_paused', CASE WHEN ?2 IS NOT NULL THEN json((
                                       SELECT json_extract(evidence, '$.recording_paused') FROM attempts WHERE id = ?1
                                    )) END)
               WHERE seq = ?6";
    let mut rows = of_attempt(db, attempt)?.into_iter();
    rows.try_for_each(|seq| exec(db, sql, (attempt, path, sha256, ms, gaps, seq)).map(|_| ()))
}

/// A recording of the call is gone, or about to go: rows that name no file which is kept name none.
pub(super) fn recording_gone(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    let sql = "UPDATE outbox SET
                 payload = json_set(payload, '$.recording_path', NULL, '$.recording_sha256', NULL, '$.recording_ms', NULL,
                                    '$.recording_gaps_ms', NULL, '$.recording_paused', NULL)
               WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.attempt_id = ?2
                 AND r.path = payload ->> '$.recording_path' AND r.state IN ('open', 'final', 'exported'))";
    of_attempt(db, attempt)?.into_iter().try_for_each(|seq| exec(db, sql, (seq, attempt)).map(|_| ()))
}

pub(super) fn next(db: &Connection, due: Option<i64>, limit: u32) -> rusqlite::Result<Vec<OutboxRow>> {
    let sql = "SELECT seq, key, kind, json_replace(payload, '$.recording_path',
                 recording_whole(payload ->> '$.recording_path')), next_try_at FROM outbox
               WHERE ?1 IS NULL OR next_try_at <= ?1 ORDER BY seq LIMIT ?2";
    all(db, sql, (due, limit), |r| {
        let payload: String = r.get(3)?;
        Ok(OutboxRow {
            seq: r.get(0)?,
            key: r.get(1)?,
            kind: r.get(2)?,
            payload: serde_json::from_str(&payload).unwrap_or_default(),
            next_try_at: r.get(4)?,
        })
    })
}

/// Results whose recording is not closed wait for it until then at the latest; closing it lets them go.
pub(super) fn wait_for_recordings(db: &Connection, until: i64) -> rusqlite::Result<()> {
    let open: Vec<AttemptId> =
        all(db, "SELECT DISTINCT attempt_id FROM recordings WHERE state = 'open'", [], |r| r.get(0))?;
    let sql = "UPDATE outbox SET next_try_at = max(next_try_at, ?2) WHERE seq = ?1";
    for attempt in open {
        of_attempt(db, attempt)?.into_iter().try_for_each(|seq| exec(db, sql, (seq, until)).map(|_| ()))?;
    }
    Ok(())
}

pub(super) fn ack(db: &Connection, seqs: &[i64]) -> rusqlite::Result<()> {
    for seq in seqs {
        exec(db, "DELETE FROM outbox WHERE seq = ?1", [seq])?;
    }
    Ok(())
}

pub(super) fn dead(db: &Connection, seq: i64, reason: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO outbox_dead (seq, key, kind, payload, attempts, created_at, reason)
               SELECT seq, key, kind, payload, attempts + 1, created_at, ?2 FROM outbox WHERE seq = ?1";
    exec(db, sql, (seq, reason))?;
    ack(db, &[seq])
}

pub(super) fn counts(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM outbox_dead)";
    one(db, sql, [], |r| Ok((super::unsigned(r, 0)?, super::unsigned(r, 1)?))).map(Option::unwrap_or_default)
}

/// The fields of a write-back row, in order. Times are Japanese, to the millisecond.
fn payload(attempt: &AttemptRow, sealed_at: i64) -> Value {
    let time = |millis: Option<i64>| millis.map(format_jst);
    let talk_ms = attempt.answered_at.zip(attempt.ended_at).map(|(from, to)| (to - from).max(0));
    let file = attempt.recording.as_ref().filter(|recording| {
        matches!(recording.state, RecordingState::Open | RecordingState::Final | RecordingState::Exported)
    });
    let fields = [
        ("id", json!(attempt.id)),
        ("box", json!(attempt.box_id)),
        ("project_id", json!(attempt.project)),
        ("list_id", json!(attempt.list)),
        ("list", json!(attempt.list_name)),
        ("lead_id", json!(attempt.lead)),
        ("position", json!(attempt.position)),
        ("round", json!(attempt.round)),
        ("direction", json!(attempt.direction)),
        ("origin", json!(attempt.origin)),
        ("practice", json!(attempt.practice)),
        ("number", json!(attempt.phone)),
        ("peer", json!(attempt.peer)),
        ("company", json!(attempt.company)),
        ("person", json!(attempt.person)),
        ("categories", json!(attempt.categories)),
        ("status", json!(attempt.status)),
        ("status_label", json!(attempt.status_label)),
        ("set_by", json!(attempt.set_by)),
        ("sub", json!(attempt.sub)),
        ("suggestion", json!(attempt.suggestion)),
        ("sip_code", json!(attempt.sip_code)),
        ("q850", json!(attempt.q850)),
        ("reason", json!(attempt.reason_text)),
        ("hangup_by", json!(attempt.hangup_by)),
        ("void", json!(attempt.void)),
        ("void_reason", json!(attempt.void_reason)),
        ("interrupted", json!(attempt.interrupted)),
        ("started_at", json!(time(attempt.dialed_at))),
        ("ringing_at", json!(time(attempt.ringing_at))),
        ("early_media_at", json!(time(attempt.early_media_at))),
        ("answered_at", json!(time(attempt.answered_at))),
        ("ended_at", json!(time(attempt.ended_at))),
        ("sealed_at", json!(format_jst(sealed_at))),
        ("talk_ms", json!(talk_ms)),
        ("memo", json!(attempt.memo)),
        ("recall_at", json!(time(attempt.recall_at))),
        ("user", json!(attempt.login)),
        ("user_name", json!(attempt.user_name)),
        ("seat", json!(attempt.seat)),
        ("caller_id", json!(attempt.caller_id)),
        ("account", json!(attempt.account)),
        ("sip_call_id", json!(attempt.sip_call_id)),
        ("recording_path", json!(file.map(|recording| recording.path.to_string_lossy().into_owned()))),
        ("recording_sha256", json!(file.and_then(|recording| recording.sha256.clone()))),
        ("recording_ms", json!(file.and_then(|recording| recording.duration_ms))),
        ("recording_gaps_ms", json!(file.map(|recording| recording.gaps_ms))),
        ("recording_paused", file.map_or(Value::Null, |_| attempt.evidence["recording_paused"].clone())),
        ("parent_id", json!(attempt.parent)),
        ("transfer", json!(attempt.transfer.as_ref().map(|transfer| transfer.way))),
        ("transferred_to", json!(attempt.transfer.as_ref().map(|transfer| &transfer.to))),
        ("transfer_code", json!(attempt.transfer.as_ref().and_then(|transfer| transfer.code))),
    ];
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Longest time a row waits for its recording to be closed.
const RECORDING_WAIT_MS: i64 = 10_000;
