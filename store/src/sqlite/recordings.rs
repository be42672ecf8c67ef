//! Recordings: where the file is and what is known of it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;

use super::{all, audit_by, exec, one, outbox};
use crate::error::{Doing, Error, Result};
use crate::hex::hex;
use crate::id::AttemptId;
use crate::model::{PausedSpan, RecordingFacts, RecordingPause, RecordingState};

/// `kept` is the place within the folder of recordings.
pub(super) fn opened(db: &Connection, attempt: AttemptId, kept: &str, now: i64) -> Result<()> {
    let sql =
        "INSERT OR IGNORE INTO recordings (attempt_id, path, state, opened_at) VALUES (?1, ?2, 'open', ?3)";
    exec(db, sql, (attempt, kept, now)).doing("open recording").map(|_| ())
}

/// Writes the facts. A recording that its status discarded meanwhile stays discarded: the caller deletes the file.
pub(super) fn closed(db: &Connection, facts: &RecordingFacts, kept: &str) -> Result<RecordingState> {
    let doing = "close recording";
    let path = kept;
    let sha256 = hex(&facts.sha256);
    let (duration, bytes, gaps) = (signed(facts.duration_ms), signed(facts.bytes), signed(facts.gaps_ms));
    // An archive takes the place of the WAV that the row was opened with.
    if facts.path.extension().is_some_and(|extension| extension == "opus") {
        let wav = Path::new(kept).with_extension("wav");
        let sql =
            "UPDATE OR IGNORE recordings SET path = ?2, codec = 'opus' WHERE attempt_id = ?1 AND path = ?3";
        exec(db, sql, (facts.attempt, path, wav.to_string_lossy())).doing(doing)?;
    }
    // Also when the opening row was lost: the file exists and belongs to this call.
    let sql =
        "INSERT INTO recordings (attempt_id, path, state, duration_ms, bytes, sha256, gaps_ms, opened_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT claimed_at FROM attempts WHERE id = ?1))
               ON CONFLICT (attempt_id, path) DO UPDATE SET
                 state = CASE WHEN recordings.state = 'open' THEN excluded.state ELSE recordings.state END,
                 duration_ms = excluded.duration_ms, bytes = excluded.bytes, sha256 = excluded.sha256,
                 gaps_ms = excluded.gaps_ms
               RETURNING state";
    let values = (facts.attempt, path, facts.state, duration, bytes, &sha256, gaps);
    let state = one(db, sql, values, |r| r.get(0)).doing(doing)?.unwrap_or(facts.state);
    // The call may be sealed already: its outbox row was waiting for this.
    outbox::recording_closed(
        db,
        facts.attempt,
        (state == RecordingState::Final).then_some((path, &sha256, duration, gaps)),
    )
    .doing(doing)?;
    Ok(state)
}

/// A recording that a crash had cut short is whole: its call lasted at least until its end, whenever the daemon was last known to run, and
/// never longer than until `now`.
pub(super) fn repaired(
    db: &Connection,
    attempt: AttemptId,
    kept: &str,
    duration: u64,
    now: i64,
) -> Result<()> {
    let doing = "repair recording";
    let sql = "UPDATE attempts SET ended_at = max(ended_at, min(?4, r.opened_at + ?3)) FROM recordings r
               WHERE r.attempt_id = attempts.id AND r.path = ?2 AND attempts.id = ?1
                 AND attempts.interrupted = 1 AND attempts.sealed_at IS NULL";
    exec(db, sql, (attempt, kept, signed(duration), now)).doing(doing)?;
    super::saves::touch_last(db, attempt).doing(doing)
}

/// A pause began or ended: the stretches go to the attempt's evidence, and the order to the audit log.
pub(super) fn paused(db: &Connection, pause: &RecordingPause) -> Result<()> {
    let doing = "pause recording";
    let spans = json!({ "recording_paused": pause.spans });
    let sql = "UPDATE attempts SET evidence = json_patch(evidence, ?2) WHERE id = ?1";
    if exec(db, sql, (pause.attempt, spans.to_string())).doing(doing)? == 0 {
        return Err(Error::NotFound { what: "attempt", key: pause.attempt.to_string() });
    }
    let (action, at_ms) = match pause.spans.last() {
        Some(&PausedSpan { from_ms, to_ms: None }) => ("recording.pause", Some(from_ms)),
        last => ("recording.resume", last.and_then(|span| span.to_ms)),
    };
    audit_by(db, pause.now, pause.by, action, &pause.attempt.to_string(), &json!({ "at_ms": at_ms }))
        .doing(doing)
}

pub(super) fn open(db: &Connection) -> rusqlite::Result<Vec<(AttemptId, PathBuf)>> {
    let sql = "SELECT attempt_id, recording_whole(path) FROM recordings WHERE state = 'open' ORDER BY id";
    all(db, sql, [], |r| Ok((r.get(0)?, PathBuf::from(r.get::<_, String>(1)?))))
}

/// Every file of this box that rows name for these calls, whatever became of it.
pub(super) fn files(
    db: &Connection,
    attempts: &[AttemptId],
) -> rusqlite::Result<Vec<(AttemptId, PathBuf, RecordingState)>> {
    let mut found = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        let sql = "SELECT recording_whole(path), state FROM recordings WHERE attempt_id = ?1 AND recording_own(path)";
        let rows: Vec<(String, RecordingState)> = all(db, sql, [attempt], |r| Ok((r.get(0)?, r.get(1)?)))?;
        found.extend(rows.into_iter().map(|(path, state)| (*attempt, PathBuf::from(path), state)));
    }
    Ok(found)
}

/// The status keeps no recording: all of the call's are discarded that are not on hold; returns the file to delete, which is this
/// box's own.
pub(super) fn discard(db: &Connection, attempt: AttemptId) -> rusqlite::Result<Option<PathBuf>> {
    let sql = "UPDATE recordings SET state = 'discarded' WHERE attempt_id = ?1
                 AND state IN ('open', 'final', 'exported') AND hold = 0
               RETURNING iif(recording_own(path), recording_whole(path), NULL)";
    let paths: Vec<Option<String>> = all(db, sql, [attempt], |r| r.get(0))?;
    Ok(paths.into_iter().flatten().next_back().map(PathBuf::from))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
