//! Taking an import back, slice by slice.

use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::bin::EMPTIED;
use super::super::{SqliteBackend, all, assignments, audit_by, exec, lead_numbers, one};
use super::category::{CategoryIds, keep};
use super::loader::Loader;
use super::replace::restore_row;
use super::row::AGAIN;
use super::{Import, NEW_LIST, SLICE, columns, end_session, read};
use crate::error::{Doing, Result};
use crate::id::{ContactId, ImportId, LeadId, ListId};
use crate::model::Actor;
use crate::staging::{UndoAt, Undone};

/// Takes a slice back; returns where to go on, `None` when nothing is left. New leads that were called stay.
#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(in crate::sqlite) fn undo_slice(
    backend: &mut SqliteBackend,
    import: ImportId,
    at: UndoAt,
    by: Actor,
    now: i64,
) -> Result<(Undone, Option<UndoAt>)> {
    let doing = "undo import";
    if let UndoAt::End { unused } = at {
        finish(backend, import, &unused, by, now)?;
        end_session(backend);
        return Ok((Undone::default(), None));
    }
    let deadline = Instant::now() + SLICE;
    let mut loader = match backend.loader.take() {
        Some(loader) => loader,
        None => Loader::open(backend).doing(doing)?,
    };
    let slice = loader.transact(doing, |db, known| {
        let context = read(db, import)?;
        if context.state == "undone" {
            return Ok((Undone::default(), Some(UndoAt::End { unused: Vec::new() })));
        }
        if at == UndoAt::START && context.state == "committed" {
            begin(db, import, by).doing(doing)?;
        }
        let mut undo = Undo { db, known, import, context: &context, undone: Undone::default(), live: 0 };
        let late = || Instant::now() >= deadline;
        let next = match at.clone() {
            UndoAt::Changes { before } => undo.restore(before, late).doing(doing)?,
            UndoAt::Leads { after } => undo.remove_leads(after, late).doing(doing)?,
            UndoAt::Contacts { after } => undo.remove_contacts(after, late).doing(doing)?,
            UndoAt::Categories => undo.remove_categories(late).doing(doing)?,
            UndoAt::Columns { after, unused } => undo.look_at_columns(after, unused, late).doing(doing)?,
            UndoAt::End { .. } => at,
        };
        if undo.live > 0 && context.state == "committed" {
            let sql = "UPDATE lists SET registered = max(registered - ?2, 0) WHERE id = ?1";
            exec(db, sql, (context.list, undo.live)).doing(doing)?;
        }
        Ok((undo.undone, Some(next)))
    });
    // After an error it is not put back: what it remembers may be gone.
    if slice.is_ok() {
        backend.loader = Some(loader);
    }
    slice
}

/// Notes who takes it back: whatever ends the process, the next start does the rest ([`unfinished`]).
fn begin(db: &Connection, import: ImportId, by: Actor) -> rusqlite::Result<()> {
    let sql = "UPDATE imports SET report = json_set(json_remove(ifnull(report, '{}'), '$.undo_ended'), '$.undoing', json_object('user', ?2, 'uid', ?3))
               WHERE id = ?1 AND report ->> '$.undoing' IS NULL";
    exec(db, sql, (import, by.user.map(|user| user.to_string()), by.uid)).map(|_| ())
}

/// An import that was taken back and left something is to be taken back again: it is as one of which that was begun.
pub(in crate::sqlite) fn begin_again(db: &Connection, import: ImportId, by: Actor) -> Result<()> {
    let doing = "undo import";
    let sql =
        "UPDATE imports SET state = 'committed', report = json_remove(report, '$.undoing') WHERE id = ?1
                 AND state = 'undone'";
    if exec(db, sql, [import]).doing(doing)? > 0 {
        begin(db, import, by).doing(doing)?;
    }
    Ok(())
}

/// Whether an import that was taken back left something that may go now, or that is kept for a reason.
pub(in crate::sqlite) fn left(db: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM imports WHERE id = ?1 AND report ->> '$.undoing' IS NOT NULL)
                 AND (EXISTS (SELECT 1 FROM import_changes WHERE import_id = ?1)
                   OR EXISTS (SELECT 1 FROM leads WHERE import_id = ?1 AND position >= (SELECT first_position FROM imports WHERE id = ?1)
                       AND list_id = (SELECT list_id FROM imports WHERE id = ?1))
                   OR EXISTS (SELECT 1 FROM contacts WHERE id > ?1 AND import_id = ?1))";
    Ok(one(db, sql, [import], |r| r.get(0))?.unwrap_or(false))
}

/// Ends one that failed and is told as failed: finished at the next start, it would take back what somebody did since. What it has
/// taken back stays so, as the row of audit says; it can be begun again.
pub(in crate::sqlite) fn give_up(
    db: &Connection,
    import: ImportId,
    by: Actor,
    code: &str,
    now: i64,
) -> Result<()> {
    let doing = "undo import";
    let sql = "UPDATE imports SET report = json_set(json_remove(report, '$.undoing'), '$.undo_ended', json_object('code', ?2, 'at', ?3))
               WHERE id = ?1 AND state = 'committed' AND report ->> '$.undoing' IS NOT NULL RETURNING list_id";
    let Some(list) = one(db, sql, (import, code, now), |r| r.get::<_, Option<ListId>>(0)).doing(doing)?
    else {
        return Ok(());
    };
    let detail = json!({ "list": list, "ended": { "code": code } });
    audit_by(db, now, by, "import.undo", &import.to_string(), &detail).doing(doing)
}

/// Committed imports that somebody began to take back, and who.
pub(in crate::sqlite) fn unfinished(db: &Connection) -> rusqlite::Result<Vec<(ImportId, Actor)>> {
    let sql = "SELECT id, report ->> '$.undoing.user', report ->> '$.undoing.uid' FROM imports
               WHERE state = 'committed' AND report ->> '$.undoing' IS NOT NULL";
    all(db, sql, [], |r| {
        let user = r.get::<_, Option<String>>(1)?.and_then(|user| user.parse().ok());
        Ok((r.get(0)?, Actor { user, uid: r.get(2)? }))
    })
}

/// Notes that nothing of a file is taken: what was staged of it goes, and it is told as refused.
pub(in crate::sqlite) fn refuse(db: &Connection, import: ImportId, report: &Value) -> Result<()> {
    let sql = "UPDATE imports SET report = json_set(json_patch(report, ?2), ?3, json('true')) WHERE id = ?1 AND state = 'staging'";
    exec(db, sql, (import, report.to_string(), format!("$.{NOT_TAKEN}"))).doing("refuse import").map(|_| ())
}

/// Says so, once nothing of it is left.
fn finish(
    backend: &mut SqliteBackend,
    import: ImportId,
    unused: &[String],
    by: Actor,
    now: i64,
) -> Result<()> {
    let doing = "undo import";
    backend.transact(doing, |db, _| {
        let context = read(db, import)?;
        let sql = "UPDATE imports SET state = 'undone', finished_at = ?2 WHERE id = ?1 AND state <> 'undone'";
        if exec(db, sql, (import, now)).doing(doing)? == 0 {
            return Ok(());
        }
        let sql = "UPDATE lists SET last_position = max(visible_position, ifnull(
                     (SELECT max(position) FROM leads WHERE list_id = ?1), 0)) WHERE id = ?1";
        exec(db, sql, [context.list]).doing(doing)?;
        if let Some(list) = context.list.filter(|_| !unused.is_empty()) {
            columns::remove(db, list, unused).doing(doing)?;
        }
        lead_numbers::settled(db).doing(doing)?;
        let mut detail = json!({ "list": context.list });
        if context.state == "staging" && remove_new_list(db, import).doing(doing)? {
            detail["list_removed"] = Value::from(true);
        }
        let sql = "SELECT report ->> '$.refused' FROM imports WHERE id = ?1 AND report ->> ?2";
        let refused: Option<Option<i64>> =
            one(db, sql, (import, format!("$.{NOT_TAKEN}")), |r| r.get(0)).doing(doing)?;
        let action = match refused {
            Some(refused) => {
                detail["refused"] = json!(refused);
                "import.refused"
            }
            None => "import.undo",
        };
        audit_by(db, now, by, action, &import.to_string(), &detail).doing(doing)
    })
}

/// A list that was made for an import which is not committed goes, and into no bin; the journal keeps its name.
fn remove_new_list(db: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    let sql = "UPDATE lists SET deleted_at = ?2 WHERE deleted_at IS NULL
                 AND id = (SELECT list_id FROM imports WHERE id = ?1 AND report ->> ?3)
                 AND NOT EXISTS (SELECT 1 FROM leads WHERE list_id = lists.id)";
    Ok(exec(db, sql, (import, EMPTIED, format!("$.{NEW_LIST}")))? > 0)
}

/// In the report of an import of which nothing was taken, since rows of its file are wrong.
const NOT_TAKEN: &str = "not_taken";

struct Undo<'a> {
    db: &'a Connection,
    known: &'a mut CategoryIds,
    import: ImportId,
    context: &'a Import,
    undone: Undone,
    /// Leads removed that were not in the bin.
    live: i64,
}

impl Undo<'_> {
    /// Puts back what updates overwrote, newest first. A row that somebody changed since keeps its newer state, and what it had
    /// before is kept: that change may be taken back too, and then this one again.
    fn restore(&mut self, mut before: i64, late: impl Fn() -> bool) -> rusqlite::Result<UndoAt> {
        let sql =
            "SELECT id, kind, row_id, version, before FROM import_changes WHERE import_id = ?1 AND id < ?2
                   ORDER BY id DESC LIMIT ?3";
        loop {
            let changes: Vec<(i64, String, Vec<u8>, i64, String)> =
                all(self.db, sql, (self.import, before, PIECE), |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
                })?;
            let Some(last) = changes.last() else {
                return Ok(UndoAt::Leads { after: self.context.first_position - 1 });
            };
            before = last.0;
            for (change, kind, row, version, was) in &changes {
                let was: Value = serde_json::from_str(was).unwrap_or_default();
                let restored = restore_row(self.db, self.known, self.import, (kind, row, *version), &was)?;
                // Each is told of once: with the first change of it, or, when the import made it, as one that was removed or stays.
                let told = was.get(AGAIN).is_none() && !(kind == "lead" && self.is_own(row)?);
                self.undone.restored += u64::from(told && restored);
                self.undone.changed_since += u64::from(told && !restored);
                if restored || self.context.state == "staging" {
                    exec(self.db, "DELETE FROM import_changes WHERE id = ?1", [change])?;
                }
            }
            if late() {
                return Ok(UndoAt::Changes { before });
            }
        }
    }

    fn is_own(&self, lead: &[u8]) -> rusqlite::Result<bool> {
        let sql = "SELECT 1 FROM leads WHERE id = ?1 AND import_id = ?2";
        Ok(one(self.db, sql, (lead, self.import), |_| Ok(()))?.is_some())
    }

    /// Removes new leads that no call was made to and nobody changed or wrote a note about. This connection checks no references:
    /// what refers to them goes first, or keeps them.
    fn remove_leads(&mut self, after: i64, late: impl Fn() -> bool) -> rusqlite::Result<UndoAt> {
        // What the import itself wrote on them is back at the first version; a file excludes leads at the time of its import, and one
        // that stays excluded since it lay in the bin was so before.
        let sql = "SELECT id, position, phone, deleted_at IS NULL,
                     state IN ('claimed', 'task') OR EXISTS (SELECT 1 FROM attempts WHERE lead_id = leads.id)
                       OR EXISTS (SELECT 1 FROM tasks WHERE lead_id = leads.id),
                     version > 1 OR excluded = 1 AND excluded_at > ?5
                       OR EXISTS (SELECT 1 FROM notes WHERE lead_id = leads.id)
                   FROM leads WHERE list_id = ?1 AND position > ?2 AND import_id = ?3 ORDER BY position LIMIT ?4";
        let mut after = after;
        loop {
            let key = (self.context.list, after, self.import, PIECE, self.context.now);
            let leads: Vec<(LeadId, i64, String, bool, bool, bool)> = all(self.db, sql, key, |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?))
            })?;
            let Some(last) = leads.last() else {
                return Ok(UndoAt::Contacts { after: ContactId(self.import.0) });
            };
            after = last.1;
            for (lead, position, phone, live, called, changed) in &leads {
                if *called || *changed {
                    keep(self.db, "lead", &lead.0.to_be_bytes())?;
                    self.undone.kept += u64::from(*called);
                    self.undone.changed_since += u64::from(!called);
                    continue;
                }
                exec(self.db, "DELETE FROM lead_categories WHERE lead_id = ?1", [lead])?;
                exec(self.db, "DELETE FROM lead_phones WHERE lead_id = ?1", [lead])?;
                exec(self.db, "DELETE FROM leads WHERE id = ?1", [lead])?;
                // No trigger does it on this connection. It may not be entered yet.
                let sql = "DELETE FROM lead_numbers WHERE phone = ?1 AND list_id = ?2 AND position = ?3";
                exec(self.db, sql, (phone, self.context.list, position))?;
                // On other lists too it is nobody's again.
                assignments::give_back(self.db, phone, self.import, &Value::Null)?;
                self.undone.removed += 1;
                self.live += i64::from(*live);
            }
            if late() {
                return Ok(UndoAt::Leads { after });
            }
        }
    }

    /// Removes new contacts that nobody changed, unless their number stays on a list.
    fn remove_contacts(&mut self, after: ContactId, late: impl Fn() -> bool) -> rusqlite::Result<UndoAt> {
        // Identifiers grow, so the import's contacts lie behind its own.
        let sql = "SELECT id, import_id IS ?2 AND version = 1 AND NOT EXISTS (
                     SELECT 1 FROM contact_phones p JOIN lead_numbers n ON n.phone = p.phone WHERE p.contact_id = contacts.id),
                     import_id IS ?2, version > 1
                   FROM contacts WHERE id > ?1 ORDER BY id LIMIT ?3";
        let mut after = after;
        loop {
            let contacts: Vec<(ContactId, bool, bool, bool)> =
                all(self.db, sql, (after, self.import, PIECE), |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
                })?;
            let Some(last) = contacts.last() else { return Ok(UndoAt::Categories) };
            after = last.0;
            for (contact, goes, own, changed) in contacts {
                if !goes {
                    if own {
                        keep(self.db, "contact", &contact.0.to_be_bytes())?;
                        self.undone.changed_since += u64::from(changed);
                        // Beside a lead that is counted it is not told.
                        self.undone.kept += u64::from(!changed && self.context.list.is_none());
                    }
                    continue;
                }
                exec(self.db, "DELETE FROM contact_categories WHERE contact_id = ?1", [contact])?;
                exec(self.db, "DELETE FROM contact_phones WHERE contact_id = ?1", [contact])?;
                exec(self.db, "DELETE FROM contacts WHERE id = ?1", [contact])?;
                self.undone.contacts_removed += 1;
            }
            if late() {
                return Ok(UndoAt::Contacts { after });
            }
        }
    }

    /// Removes the categories that the import made, but those that somebody else used or that rows carry which stay.
    fn remove_categories(&mut self, late: impl Fn() -> bool) -> rusqlite::Result<UndoAt> {
        // Another import may remember them, or that they were this one's.
        self.known.forget();
        let sql =
            "DELETE FROM categories WHERE id IN (SELECT id FROM categories WHERE import_id = ?1 LIMIT ?2)";
        while exec(self.db, sql, (self.import, PIECE))? > 0 {
            if late() {
                return Ok(UndoAt::Categories);
            }
        }
        let unused = match self.context.list {
            Some(list) => columns::only_of(self.db, list, self.import)?,
            None => Vec::new(),
        };
        Ok(if unused.is_empty() { UndoAt::End { unused } } else { UndoAt::Columns { after: 0, unused } })
    }

    /// Finds out which of its columns no lead of the list has.
    fn look_at_columns(
        &self,
        mut after: i64,
        mut unused: Vec<String>,
        late: impl Fn() -> bool,
    ) -> rusqlite::Result<UndoAt> {
        let Some(list) = self.context.list else { return Ok(UndoAt::End { unused: Vec::new() }) };
        while let Some(last) = columns::strike(self.db, list, after, PIECE, &mut unused)? {
            after = last;
            if late() {
                return Ok(UndoAt::Columns { after, unused });
            }
        }
        Ok(UndoAt::End { unused })
    }
}

/// Rows between two looks at the clock.
const PIECE: i64 = 64;
