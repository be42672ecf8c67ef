//! Numbers that no list calls (C9, D23): judged where leads are written, by the rule of the dialer ([`is_dialed_from_lists`]), so that what is counted
//! as 発信対象 is what it calls.
//!
//! The triggers of the file know the entries of the do-not-call list; these here know this rule, and nothing else says it. They are
//! temporary, of each connection that moves leads (imports, which run no triggers, ask the rule itself): nobody who opens the file with
//! another program meets a function that it does not have. Leads that such a program made due are passed over when their turn comes.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};

use super::{all, audit_by, exec, one};
use crate::id::{LeadId, ListId, ProjectId};
use crate::model::Actor;
use crate::phone::{Phone, is_dialed_from_lists, reached};

/// Teaches SQL `number_reached`: the number that the network connects for one, as [`reached`].
pub(super) fn teach(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("number_reached", 1, flags, |call| {
        Ok(reached(call.get_raw(0).as_str()?).to_owned())
    })
}

/// Lets leads on this connection be judged as they are written, or as they are due again.
pub(super) fn watch(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("is_dialed_from_lists", 1, flags, |call| {
        Ok(is_dialed_from_lists(call.get_raw(0).as_str()?))
    })?;
    for (name, event) in
        [("leads_judged_insert", "INSERT"), ("leads_judged_update", "UPDATE OF state, deleted_at, phone")]
    {
        let sql = format!(
            "CREATE TEMP TRIGGER {name} AFTER {event} ON main.leads
             WHEN NEW.state IN ('ready', 'waiting') AND NEW.deleted_at IS NULL AND NOT is_dialed_from_lists(NEW.phone)
             BEGIN UPDATE leads SET state = 'skipped', skip_reason = '{NEVER}' WHERE id = NEW.id; END"
        );
        db.execute_batch(&sql)?;
    }
    Ok(())
}

/// A lead that was passed over for an entry of the do-not-call list has its turn again, as when the entry is cleared. Where one holds, it is
/// passed over anew.
pub(super) fn again(db: &Connection, lead: LeadId) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = iif(next_eligible_at IS NULL, 'ready', 'waiting'), skip_reason = NULL
               WHERE id = ?1 AND state = 'skipped' AND skip_reason = 'E-DNC'";
    exec(db, sql, [lead]).map(|_| ())
}

/// Judges what earlier versions wrote: leads once in the life of a file, and the do-not-call entries that came since the last start.
pub(super) fn judge(db: &mut Connection) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let leads = leads(&tx)?;
    let entries = entries(&tx)?;
    tx.commit()?;
    if leads > 0 {
        tracing::info!(leads, "leads whose numbers no list calls are counted as such now");
    }
    if entries > 0 {
        tracing::info!(
            entries,
            "do-not-call entries with digits too many are those of the numbers that are reached now"
        );
    }
    Ok(())
}

/// Passes over leads that are due and never called. All numbers are looked at: some hundred milliseconds for a million.
fn leads(db: &Connection) -> rusqlite::Result<usize> {
    if noted(db, LEADS)? >= RULE {
        return Ok(0);
    }
    let sql = "SELECT list_id, position FROM lead_numbers WHERE NOT is_dialed_from_lists(phone)";
    let never: Vec<(ListId, i64)> = all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let sql = "UPDATE leads SET state = 'skipped', skip_reason = ?3
               WHERE list_id = ?1 AND position = ?2 AND state IN ('ready', 'waiting') AND deleted_at IS NULL";
    let mut passed_over = 0;
    for (list, position) in never {
        passed_over += exec(db, sql, (list, position, NEVER))?;
    }
    note(db, LEADS, RULE)?;
    Ok(passed_over)
}

/// An entry with digits too many is one of the number that is reached: whoever entered it meant that callee. It is entered anew, with all
/// that it says, and the old one cleared.
fn entries(db: &Connection) -> rusqlite::Result<usize> {
    let after = noted(db, ENTRIES)?;
    let last: i64 = one(db, "SELECT ifnull(max(id), 0) FROM do_not_call", [], |r| r.get(0))?.unwrap_or(0);
    if last <= after {
        return Ok(0);
    }
    let sql = "SELECT id, phone, project_id, unixepoch() * 1000 FROM do_not_call
               WHERE id > ?1 AND revoked_at IS NULL AND length(phone) = 13 AND NOT is_dialed_from_lists(phone)";
    let rows = all(db, sql, [after], |r| {
        Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, Option<ProjectId>>(2)?, r.get(3)?))
    })?;
    let mut renewed = 0;
    for (id, phone, project, now) in rows {
        let whole = reached(&phone);
        let (true, Ok(shown)) = (whole != phone, Phone::from_e164(whole)) else { continue };
        let sql = "INSERT OR IGNORE INTO do_not_call (phone, project_id, reason, source, attempt_id, evidence, by_user_id, at,
                     said_source, said_by, said_at)
                   SELECT ?2, project_id, reason, source, attempt_id, evidence, by_user_id, at, said_source, said_by, said_at
                   FROM do_not_call WHERE id = ?1";
        exec(db, sql, (id, whole))?;
        let reason = format!("{RENEWED}: {}", shown.display_national());
        let sql = "UPDATE do_not_call SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1";
        exec(db, sql, (id, now, &reason))?;
        let detail = serde_json::json!({ "project": project, "reason": RENEWED });
        audit_by(db, now, Actor::default(), "dnc.add", &shown.to_string(), &detail)?;
        renewed += 1;
    }
    note(db, ENTRIES, last)?;
    Ok(renewed)
}

fn noted(db: &Connection, key: &str) -> rusqlite::Result<i64> {
    Ok(one(db, "SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0))?.unwrap_or(0))
}

fn note(db: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    exec(db, sql, (key, value)).map(|_| ())
}

/// Why a lead whose number no list calls is passed over.
pub(super) const NEVER: &str = "E-PHONE-FORBIDDEN";
/// In `meta`: the rule by which leads were judged, and the last entry that was looked at.
const LEADS: &str = "leads_judged";
const ENTRIES: &str = "dnc_judged";
/// Counts up with each change of what [`is_dialed_from_lists`] says of a number.
const RULE: i64 = 1;
/// Why an entry with digits too many was cleared, before the number that stands for it now.
const RENEWED: &str = "桁の多い番号(つながる番号で登録し直し)";
