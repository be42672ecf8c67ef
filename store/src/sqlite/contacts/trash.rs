//! The bin: a deleted contact can be brought back for 30 days. Calls, recordings and do-not-call rows never go with it.

use rusqlite::Connection;
use serde_json::json;

use super::super::retention::on_hold;
use super::super::{all, audit_by, exec, one, tasks};
use super::show::load;
use crate::error::{Doing, Error, Result, Said};
use crate::id::ContactId;
use crate::model::{Actor, ContactRow, TRASH_MS};
use crate::phone::Phone;

/// Puts a contact into the bin; its open tasks are cancelled with it (S3.21), but those of leads (C8). Returns how many.
pub(in crate::sqlite) fn delete(db: &Connection, contact: ContactId, by: Actor, now: i64) -> Result<u64> {
    let doing = "delete contact";
    let row = load(db, contact)?;
    if row.deleted_at.is_some() {
        return Err(Error::NotFound { what: "contact", key: contact.to_string() });
    }
    for phone in &row.phones {
        guard(db, &phone.phone)?;
    }
    let sql = "UPDATE contacts SET deleted_at = ?2, version = version + 1, updated_at = ?2 WHERE id = ?1";
    exec(db, sql, (contact, now)).doing(doing)?;
    exec(db, "UPDATE contact_phones SET live = 0 WHERE contact_id = ?1", [contact]).doing(doing)?;
    let mut cancelled = 0;
    for phone in &row.phones {
        cancelled += tasks::cancel_with_contact(db, &phone.phone, contact, by, now).doing(doing)?;
    }
    let detail = json!({ "company": row.company, "person": row.person, "tasks": cancelled });
    audit_by(db, now, by, "contact.delete", &contact.to_string(), &detail).doing(doing)?;
    Ok(cancelled as u64)
}

/// How many open tasks would be cancelled with a contact.
pub(in crate::sqlite) fn tasks_of(db: &Connection, contact: ContactId) -> Result<u64> {
    let row = load(db, contact)?;
    let counts = row.phones.iter().map(|phone| tasks::of_contact(db, &phone.phone).doing("count tasks"));
    counts.sum()
}

/// Takes a contact out of the bin, with the tasks that went with it.
pub(in crate::sqlite) fn undo(
    db: &Connection,
    contact: ContactId,
    by: Actor,
    now: i64,
) -> Result<ContactRow> {
    let doing = "restore contact";
    let row = load(db, contact)?;
    let restorable = row.deleted_at.is_some_and(|at| now - at < TRASH_MS);
    if !restorable {
        return Err(Error::NotFound { what: "deleted contact", key: contact.to_string() });
    }
    for phone in &row.phones {
        let sql = "SELECT contact_id FROM contact_phones WHERE phone = ?1 AND live = 1";
        if let Some(other) = one(db, sql, [&phone.phone], |r| r.get(0)).doing(doing)? {
            let phone = Phone::from_e164(&phone.phone).map_or_else(|_| "****".to_owned(), |p| p.to_string());
            return Err(Error::ContactDuplicate { phone, contact: other });
        }
    }
    exec(db, "UPDATE contact_phones SET live = 1 WHERE contact_id = ?1", [contact]).doing(doing)?;
    let sql = "UPDATE contacts SET deleted_at = NULL, version = version + 1, updated_at = ?2 WHERE id = ?1";
    exec(db, sql, (contact, now)).doing(doing)?;
    let tasks = tasks::restore_with_contact(db, contact).doing(doing)?;
    audit_by(db, now, by, "contact.undo", &contact.to_string(), &json!({ "tasks": tasks })).doing(doing)?;
    load(db, contact)
}

/// Removes for good what has lain in the bin for 30 days, a slice of it; returns how many.
pub(in crate::sqlite) fn purge(db: &Connection, now: i64) -> Result<u32> {
    let doing = "empty the bin";
    let sql = "SELECT id FROM contacts WHERE deleted_at IS NOT NULL AND deleted_at <= ?1 LIMIT ?2";
    let gone: Vec<ContactId> = all(db, sql, (now - TRASH_MS, PURGE_SLICE), |r| r.get(0)).doing(doing)?;
    for contact in &gone {
        exec(db, "UPDATE tasks SET contact_id = NULL WHERE contact_id = ?1", [contact]).doing(doing)?;
        exec(db, "DELETE FROM contacts WHERE id = ?1", [contact]).doing(doing)?;
    }
    if !gone.is_empty() {
        let detail = json!({ "contacts": gone.len() });
        audit_by(db, now, Actor::default(), "contact.purge", "trash", &detail).doing(doing)?;
    }
    Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
}

/// What must not lose its name: a call under way, a claimed lead, a recording kept for the law, evidence of a
/// do-not-call entry (S3.22).
fn guard(db: &Connection, phone: &str) -> Result<()> {
    let guards = [
        (
            Said::fixed("この番号と通話中です", "a call with it is under way"),
            "SELECT 1 FROM attempts WHERE phone = ?1 AND dialed_at IS NOT NULL AND ended_at IS NULL LIMIT 1",
        ),
        (
            Said::fixed("席が発信先として確保しています", "a seat holds it"),
            "SELECT 1 FROM leads WHERE phone = ?1 AND state = 'claimed' LIMIT 1",
        ),
        (
            Said::fixed("架電禁止の証跡です", "it is evidence of a do-not-call entry"),
            "SELECT 1 FROM do_not_call WHERE phone = ?1 AND revoked_at IS NULL
               AND (attempt_id IS NOT NULL OR evidence IS NOT NULL) LIMIT 1",
        ),
    ];
    let doing = "look for what needs the contact";
    for (why, sql) in guards {
        if one(db, sql, [phone], |_| Ok(())).doing(doing)?.is_some() {
            return Err(Error::DeleteGuard { why });
        }
    }
    let held = "SELECT a.id FROM attempts a JOIN recordings r ON r.attempt_id = a.id
                WHERE a.phone = ?1 AND r.hold = 1 LIMIT 1";
    match one(db, held, [phone], |r| r.get(0)).doing(doing)? {
        Some(attempt) => Err(Error::DeleteGuard { why: on_hold(attempt) }),
        None => Ok(()),
    }
}

/// Contacts removed in one transaction.
const PURGE_SLICE: u32 = 200;
