//! After a start: what was under way when the last process ended.

use super::{
    SqliteBackend, all, attempts, dnc_import, exec, given_over, hand_overs, history, journal, lead_call,
    lead_changes, left_uids, rests, staging,
};
use crate::dnc_import::DncUndo;
use crate::error::{Doing, Result};
use crate::id::{AttemptId, ImportId, LeadId};
use crate::model::{Actor, ImportRecord, Recovery};
use crate::staging::UndoAt;

/// One transaction for the calls, slices for imports that were never committed.
///
/// A claim that was never dialed is free again. A call that was dialed ended when the last daemon is known to have run and is marked
/// interrupted: its lead is listed and not dialed again in the round, since nobody knows whether the callee's phone rang.
pub(super) fn recover(backend: &mut SqliteBackend, now: i64) -> Result<Recovery> {
    let doing = "recover";
    let last_alive = backend.alive.last();
    let mut recovery = backend.transact(doing, |db, box_id| {
        rests::forget(db, now).doing(doing)?;
        for (login, uid) in left_uids::learn(db).doing(doing)? {
            tracing::warn!(
                login,
                uid,
                "the Unix user of a user whom an earlier version deleted may nothing any more; `kakeru user uid` or `kakeru user add --uid` gives it to another user"
            );
        }
        let mut recovery = Recovery::default();
        let sql =
            "SELECT id, lead_id FROM attempts WHERE box_id = ?1 AND sealed_at IS NULL AND dialed_at IS NULL";
        let claims: Vec<(AttemptId, Option<LeadId>)> =
            all(db, sql, [box_id], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
        for (attempt, lead) in claims {
            attempts::drop_claim(db, attempt, lead, 0).doing(doing)?;
            recovery.released += 1;
        }
        let mut interrupted = history::of_box(db, box_id, "a.dialed_at IS NOT NULL AND a.ended_at IS NULL")?;
        for row in &mut interrupted {
            let ended_at = last_alive.end_of(row.answered_at.max(row.dialed_at).unwrap_or(now), now);
            let sql = "UPDATE attempts SET ended_at = ?2, interrupted = 1 WHERE id = ?1";
            exec(db, sql, (row.id, ended_at)).doing(doing)?;
            attempts::count(db, row.lead).doing(doing)?;
            super::saves::touch_last(db, row.id).doing(doing)?;
            // One that was not due when somebody called it by hand (done, a task) is not due for that.
            row.lead.map_or(Ok(()), |lead| lead_call::interrupt(db, lead, row.id)).doing(doing)?;
            row.ended_at = Some(ended_at);
            row.interrupted = true;
        }
        recovery.cut = interrupted.len();
        let known: Vec<AttemptId> = interrupted.iter().map(|row| row.id).collect();
        let mut unsealed = history::of_box(db, box_id, "a.ended_at IS NOT NULL")?;
        unsealed.retain(|row| !known.contains(&row.id));
        // Interrupted by an earlier crash and never closed: still the same list for the operator.
        let (again, unsealed) = unsealed.into_iter().partition(|row| row.interrupted);
        interrupted.extend::<Vec<_>>(again);
        recovery.interrupted = interrupted;
        recovery.unsealed = unsealed;
        Ok(recovery)
    })?;
    recovery.imports = imports(backend, now)?;
    lead_changes::recover(backend)?;
    hand_overs::recover(backend)?;
    given_over::recover(backend)?;
    Ok(recovery)
}

/// What imports were doing. One that adds do-not-call numbers stays as it is; of every other nothing is kept, or, when it was committed, the
/// rest is done.
fn imports(backend: &mut SqliteBackend, now: i64) -> Result<Vec<ImportRecord>> {
    let doing = "recover";
    let open: Vec<ImportId> = backend.transact(doing, |db, _| {
        let open: Vec<ImportId> =
            all(db, "SELECT id FROM imports WHERE state = 'staging'", [], |r| r.get(0)).doing(doing)?;
        for import in &open {
            dnc_import::interrupt(db, *import, now).doing(doing)?;
        }
        Ok(open)
    })?;
    for record in journal::found(&backend.db, &open).doing(doing)? {
        let import = record.id;
        if dnc_import::adds(&record.report) && dnc_import::holds(&backend.db, import).doing(doing)? {
            continue;
        }
        if record.report["register"] == "dnc" {
            let reason = "the import was not finished".to_owned();
            let undo = DncUndo { import, by: Actor::default(), reason, now };
            let mut after = Some(0);
            while let Some(from) = after {
                after = dnc_import::undo_slice(backend, &undo, from)?.1;
            }
            continue;
        }
        let mut at = Some(UndoAt::START);
        while let Some(from) = at {
            at = staging::undo_slice(backend, import, from, Actor::default(), now)?.1;
        }
    }
    // Committed, and taken back in part.
    let halves = staging::unfinished(&backend.db).doing(doing)?;
    for (import, by) in &halves {
        let mut at = Some(UndoAt::START);
        while let Some(from) = at {
            at = staging::undo_slice(backend, *import, from, *by, now)?.1;
        }
    }
    let open: Vec<ImportId> = open.into_iter().chain(halves.into_iter().map(|(import, _)| import)).collect();
    // Committed, and not all of it cleared yet. Each has one turn: of one whose journal says no more what it is, nothing is cleared.
    let sql = "SELECT DISTINCT c.import_id FROM dnc_to_clear c JOIN imports i ON i.id = c.import_id WHERE i.state = 'committed'";
    let unclear: Vec<ImportId> = all(&backend.db, sql, [], |r| r.get(0)).doing(doing)?;
    for import in unclear {
        let mut after = Some(0);
        while let Some(from) = after {
            after = dnc_import::clear_slice(backend, import, from)?;
        }
    }
    journal::found(&backend.db, &open).doing(doing)
}
