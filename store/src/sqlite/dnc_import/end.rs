//! How an import of do-not-call numbers ends otherwise than by its commit, and what is to be done behind one. All in slices; each can
//! be repeated and goes on where a crash left it.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::{SqliteBackend, all, audit_by, exec, one};
use super::{RANGE, count, counted};
use crate::dnc_import::{DncUndo, DncUndone};
use crate::error::{Doing, ListError, Result, Said};
use crate::id::{ImportId, UserId};
use crate::model::{Actor, ImportRecord};

/// What is known of an import of do-not-call numbers.
struct Import {
    at: i64,
    user: Option<UserId>,
    /// Its new entries lie behind this one.
    first: i64,
    clear: bool,
    state: String,
}

fn read(db: &Connection, import: ImportId) -> rusqlite::Result<Option<Import>> {
    let sql = "SELECT created_at, user_id, first_position, report ->> '$.clear', state FROM imports
               WHERE id = ?1 AND report ->> '$.register' = 'dnc'";
    one(db, sql, [import], |r| {
        Ok(Import { at: r.get(0)?, user: r.get(1)?, first: r.get(2)?, clear: r.get(3)?, state: r.get(4)? })
    })
}

/// It ends here, and nobody decided that: its numbers stay blocked, and somebody is to decide. Nothing else of an import is kept.
pub(in super::super) fn interrupt(db: &Connection, import: ImportId, now: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE imports SET interrupted_at = ?2 WHERE id = ?1 AND state = 'staging' AND interrupted_at IS NULL";
    if exec(db, sql, (import, now))? == 0 {
        return Ok(());
    }
    let sql = "SELECT user_id, report ->> '$.register' FROM imports WHERE id = ?1";
    let found = one(db, sql, [import], |r| Ok((r.get(0)?, r.get::<_, Option<String>>(1)?)))?;
    let (user, register) = found.unwrap_or_default();
    let mut detail = json!({ "register": register });
    if register.is_some() {
        detail["changed"] = counted(db, import, "changed")?.into();
        detail["completed"] = counted(db, import, "completed")?.into();
    }
    audit_by(db, now, Actor { user, uid: None }, "import.interrupted", &import.to_string(), &detail)
}

/// Clears a slice of what a committed import clears, entries behind `after`. Returns where to go on, `None` at the end.
pub(in super::super) fn clear_slice(
    backend: &mut SqliteBackend,
    import: ImportId,
    after: i64,
) -> Result<Option<i64>> {
    let doing = "clear do-not-call";
    backend.transact(doing, |db, _| {
        let Some(found) = read(db, import).doing(doing)?.filter(|found| found.state == "committed") else {
            return Ok(None);
        };
        let sql =
            "SELECT entry_id, reason FROM dnc_to_clear WHERE entry_id > ?1 AND import_id = ?2 ORDER BY entry_id LIMIT ?3";
        let rows: Vec<(i64, String)> =
            all(db, sql, (after, import, PIECE), |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
        for (entry, reason) in &rows {
            let sql = "UPDATE do_not_call SET revoked_at = ?2, revoked_by = ?3, revoked_reason = ?4
                       WHERE id = ?1 AND revoked_at IS NULL";
            exec(db, sql, (entry, found.at, found.user, reason)).doing(doing)?;
            let sql = "DELETE FROM dnc_to_clear WHERE entry_id = ?1 AND import_id = ?2";
            exec(db, sql, (entry, import)).doing(doing)?;
        }
        Ok(rows.last().map(|row| row.0))
    })
}

/// Takes a slice of an import back that was not committed: entries up to some behind `after`. Returns where to go on, `None` at
/// the end. Entries that somebody else entered too stay.
pub(in super::super) fn undo_slice(
    backend: &mut SqliteBackend,
    undo: &DncUndo,
    after: i64,
) -> Result<(DncUndone, Option<i64>)> {
    let doing = "undo import";
    let (import, now) = (undo.import, undo.now);
    backend.transact(doing, |db, _| {
        let mut undone = DncUndone::default();
        let found = read(db, import).doing(doing)?;
        let Some(found) = found.filter(|found| found.state == "staging") else { return Ok((undone, None)) };
        let next = match found.clear {
            true => forget_clearing(db, import, after).doing(doing)?,
            false => take_back(db, &found, undo, after, &mut undone).doing(doing)?,
        };
        count(db, import, [("cleared", undone.cleared), ("kept", undone.kept)]).doing(doing)?;
        if next.is_some() {
            return Ok((undone, next));
        }
        let sql = "UPDATE imports SET state = 'undone', finished_at = ?2 WHERE id = ?1";
        exec(db, sql, (import, now)).doing(doing)?;
        let by = Actor { user: undo.by.user.or(found.user), uid: undo.by.uid };
        let of = |what| counted(db, import, what).doing(doing);
        let detail = json!({ "register": "dnc", "clear": found.clear, "reason": undo.reason,
            "cleared": of("cleared")?, "kept": of("kept")? });
        audit_by(db, now, by, "import.undo", &import.to_string(), &detail).doing(doing)?;
        Ok((undone, None))
    })
}

/// Nothing was cleared yet.
fn forget_clearing(db: &Connection, import: ImportId, after: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT max(entry_id) FROM (SELECT entry_id FROM dnc_to_clear WHERE entry_id > ?1 ORDER BY entry_id LIMIT ?2)";
    let upto: Option<i64> = one(db, sql, (after, RANGE), |r| r.get(0))?.flatten();
    if let Some(upto) = upto {
        let sql = "DELETE FROM dnc_to_clear WHERE entry_id > ?1 AND entry_id <= ?2 AND import_id = ?3";
        exec(db, sql, (after, upto, import))?;
    }
    Ok(upto)
}

/// Entries are cleared, never deleted.
fn take_back(
    db: &Connection,
    found: &Import,
    undo: &DncUndo,
    after: i64,
    undone: &mut DncUndone,
) -> rusqlite::Result<Option<i64>> {
    let after = after.max(found.first - 1);
    let upto = after + PIECE;
    let sql = "SELECT id, EXISTS (SELECT 1 FROM dnc_also a LEFT JOIN imports i ON i.id = a.import_id
                 WHERE a.entry_id = n.id AND ifnull(i.state, '') <> 'undone')
               FROM do_not_call n WHERE id > ?1 AND id <= ?2 AND source = 'import' AND at = ?3 AND by_user_id IS ?4
                 AND revoked_at IS NULL";
    let rows: Vec<(i64, bool)> =
        all(db, sql, (after, upto, found.at, found.user), |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (entry, stays) in &rows {
        if *stays {
            undone.kept += 1;
            continue;
        }
        let sql =
            "UPDATE do_not_call SET revoked_at = ?2, revoked_by = ?3, revoked_reason = ?4 WHERE id = ?1";
        exec(db, sql, (entry, undo.now, undo.by.user.or(found.user), &undo.reason))?;
        undone.cleared += 1;
    }
    let sql = "SELECT 1 FROM do_not_call WHERE id > ?1 LIMIT 1";
    Ok(one(db, sql, [upto], |_| Ok(()))?.map(|()| upto))
}

/// Looks whether an interrupted import is settled, since files that were committed later entered all of its entries too: then it counts
/// as committed. Looks at entries up to some behind `after`; returns where to go on, `None` at the end or when it is not settled.
pub(in super::super) fn settle_slice(
    backend: &mut SqliteBackend,
    import: ImportId,
    after: i64,
    now: i64,
) -> Result<Option<i64>> {
    let doing = "settle import";
    backend.transact(doing, |db, _| {
        let found = read(db, import).doing(doing)?;
        let Some(found) = found.filter(|found| found.state == "staging" && !found.clear) else {
            return Ok(None);
        };
        let after = after.max(found.first - 1);
        let upto = after + RANGE;
        let sql = "SELECT 1 FROM do_not_call n WHERE id > ?1 AND id <= ?2 AND source = 'import' AND at = ?3
                     AND by_user_id IS ?4 AND revoked_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM dnc_also a LEFT JOIN imports i ON i.id = a.import_id
                       WHERE a.entry_id = n.id AND ifnull(i.state, 'committed') = 'committed') LIMIT 1";
        if one(db, sql, (after, upto, found.at, found.user), |_| Ok(())).doing(doing)?.is_some() {
            return Ok(None);
        }
        let sql = "SELECT 1 FROM do_not_call WHERE id > ?1 LIMIT 1";
        if one(db, sql, [upto], |_| Ok(())).doing(doing)?.is_some() {
            return Ok(Some(upto));
        }
        let sql = "UPDATE imports SET state = 'committed', finished_at = ?2 WHERE id = ?1";
        exec(db, sql, (import, now)).doing(doing)?;
        let by = Actor { user: found.user, uid: None };
        let changed = counted(db, import, "changed").doing(doing)?;
        let detail = json!({ "register": "dnc", "settled": true, "changed": changed });
        audit_by(db, now, by, "dnc.import", &import.to_string(), &detail).doing(doing)?;
        Ok(None)
    })
}

/// Forgets a slice of what was remembered of entries that nothing can take back any more. Returns where to go on.
pub(in super::super) fn forget_settled(backend: &mut SqliteBackend, after: i64) -> Result<Option<i64>> {
    let doing = "settle import";
    backend.transact(doing, |db, _| {
        let sql =
            "SELECT max(entry_id) FROM (SELECT entry_id FROM dnc_also WHERE entry_id > ?1 ORDER BY entry_id LIMIT ?2)";
        let upto: Option<i64> = one(db, sql, (after, RANGE), |r| r.get(0)).doing(doing)?.flatten();
        let Some(upto) = upto else { return Ok(None) };
        let sql = "DELETE FROM dnc_also WHERE entry_id > ?1 AND entry_id <= ?2 AND NOT EXISTS (
                     SELECT 1 FROM do_not_call n WHERE n.id = dnc_also.entry_id AND n.revoked_at IS NULL
                       AND (n.source = 'import' AND EXISTS (SELECT 1 FROM imports i
                              WHERE i.state = 'staging' AND i.created_at = n.at)
                            OR n.source = 'status' AND EXISTS (SELECT 1 FROM attempts t
                              WHERE t.id = n.attempt_id AND t.sealed_at IS NULL)))";
        exec(db, sql, (after, upto)).doing(doing)?;
        Ok(Some(upto))
    })
}

/// Only what was interrupted can be taken back: of a file that was committed, numbers are cleared.
pub(crate) fn may_undo_dnc(record: &ImportRecord) -> Result<()> {
    let count = |what: &str| record.report[what].as_u64().unwrap_or(0);
    let reason = match (record.state.as_str(), record.interrupted_at) {
        ("staging", Some(_)) => return Ok(()),
        ("staging", None) => Said::fixed(
            "実行中です。kakeru dnc import-cancel で中止してください",
            "it is still running; cancel it instead with `kakeru dnc import-cancel`",
        ),
        ("committed", _) if !adds(&record.report) => Said::fixed(
            "すべて解除済みです。禁止に戻すには同じファイルを取り込んでください",
            "all of it was cleared; import the file to forbid its numbers again",
        ),
        ("committed", _) => Said::fixed(
            "すべて有効です。kakeru dnc import --clear --reason か dnc clear で、理由を付けて番号を解除してください",
            "all of it counts; clear its numbers instead, with a reason: `kakeru dnc import --clear --reason …` or `dnc clear`",
        ),
        _ if !adds(&record.report) => Said::fixed(
            "何も解除しないうちに中断しました。もう一度取り込んでください",
            "it ended before anything was cleared; import the file again",
        ),
        _ => {
            let (cleared, kept) = (count("cleared"), count("kept"));
            Said::new(
                format!("取り消し済みです(解除 {cleared} 件、ほかでも登録があり残した番号 {kept} 件)"),
                format!(
                    "it was undone before ({cleared} cleared, {kept} kept since somebody else entered them too)"
                ),
            )
        }
    };
    Err(ListError::NotUndoable { reason }.into())
}

/// Whether an import added anything that holds.
pub(in super::super) fn holds(db: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM imports i JOIN do_not_call n ON n.id >= i.first_position AND n.at = i.created_at
               WHERE i.id = ?1 AND n.source = 'import' AND n.revoked_at IS NULL LIMIT 1";
    Ok(one(db, sql, [import], |_| Ok(()))?.is_some())
}

/// Whether the journal's report says that an import adds do-not-call numbers: then its entries hold although it was interrupted.
pub(in super::super) fn adds(report: &Value) -> bool {
    report["register"] == "dnc" && report["clear"] != true
}

/// Entries that are cleared in one slice: each has several statements.
const PIECE: i64 = 256;
