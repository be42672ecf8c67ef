//! Leads of a restored copy that are not to be called, by what the database knows of them in whose place it comes.
//!
//! Who was excluded since the copy was made stays excluded (S1.25). Who was deleted since, came with an import that was taken back, or was
//! called since is not called by itself: none of that goes back, so the lead is excluded too, with a reason that says so, until a
//! supervisor takes it in again. So are the leads of a number that somebody typed. Tasks that were closed since stay closed.

use rusqlite::{Connection, Row, ToSql};

use super::bin::EMPTIED;
use super::rests::left_behind;
use super::salvage::Salvage;
use super::{all, exec, one};
use crate::id::{AttemptId, ImportId, LeadId, ListId, UserId};

/// How many leads were excluded.
#[derive(Default)]
pub(super) struct Excluded {
    /// As they were.
    pub(super) as_before: u64,
    /// Since they were called.
    pub(super) called: u64,
}

/// A lead, by its id; one that was deleted and imported again is the one of its number on its list. `lead` is `None` of a call to a
/// number, whatever lists have it.
pub(super) struct Which {
    pub(super) lead: Option<LeadId>,
    pub(super) list: Option<ListId>,
    pub(super) phone: Option<String>,
}

/// Writes it into the copy.
pub(super) struct Excluding<'a> {
    copy: &'a Connection,
    present: &'a Connection,
    /// Copies of the first versions have no register of numbers.
    by_number: bool,
    has_tasks: bool,
    now: i64,
    pub(super) done: Excluded,
}

/// A lead as the copy has it.
struct Lead {
    row: i64,
    id: LeadId,
    excluded: bool,
    /// A list may give it out in this round or a later one, or its task may.
    due: bool,
    /// Calls that were made, those included that were under way.
    attempts: i64,
}

/// The same as the database has it.
struct Known {
    which: Which,
    excluded: bool,
    reason: Option<String>,
    by: Option<UserId>,
    at: Option<i64>,
    attempts: i64,
    last_at: Option<i64>,
    last: Option<String>,
    deleted_at: Option<i64>,
}

impl<'a> Excluding<'a> {
    pub(super) fn new(copy: &'a Connection, present: &'a Connection, now: i64) -> rusqlite::Result<Self> {
        let has = |table| one(copy, "SELECT 1 FROM sqlite_schema WHERE name = ?1", [table], |_| Ok(()));
        let (by_number, has_tasks) = (has("lead_numbers")?.is_some(), has("tasks")?.is_some());
        Ok(Self { copy, present, by_number, has_tasks, now, done: Excluded::default() })
    }

    /// Those that are excluded or in the bin, and those that count more calls than in the copy. Returns whether every lead could be read.
    pub(super) fn all(&mut self) -> rusqlite::Result<bool> {
        let columns = "id, list_id, phone, excluded, excluded_reason, excluded_by, excluded_at, attempts, last_at, last_disposition,
            deleted_at";
        let of = "excluded = 1 OR attempts > 0 OR deleted_at IS NOT NULL";
        Salvage::new(self.present, "leads", columns, of).each(known, |known| {
            let Some(lead) = self.find(&known.which)?.pop() else { return Ok(true) };
            if known.excluded && !lead.excluded {
                let at = known.at.unwrap_or(self.now);
                self.done.as_before += self.exclude(&lead, known.reason.as_deref(), known.by, at)?;
            } else if known.attempts > lead.attempts {
                self.was_called(&lead, known.last_at, known.last.as_deref())?;
            } else if let Some(at) = known.deleted_at.filter(|at| *at != EMPTIED && !lead.excluded && lead.due) {
                // One that came back by a file is on the list all the same.
                let sql = "SELECT 1 FROM leads d JOIN lead_numbers n ON n.list_id = d.list_id AND n.phone = d.phone WHERE d.id = ?1";
                if matches!(one(self.present, sql, [lead.id], |_| Ok(())), Ok(None)) {
                    self.done.as_before += self.exclude(&lead, Some(DELETED), None, at)?;
                }
            }
            Ok(true)
        })
    }

    /// Those of imports that were taken back since: they are not there any more.
    pub(super) fn undone(&mut self) -> rusqlite::Result<()> {
        let sql = "SELECT id, list_id, first_position FROM imports WHERE state = 'committed' AND list_id IS NOT NULL";
        let imports: Vec<(ImportId, ListId, i64)> =
            all(self.copy, sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        for (import, list, first) in imports {
            let sql = "SELECT finished_at FROM imports WHERE id = ?1 AND state = 'undone'";
            // What cannot be read is left as the copy has it.
            let Ok(Some(at)) = one(self.present, sql, [import], |r| r.get::<_, Option<i64>>(0)) else {
                continue;
            };
            let sql = "SELECT id FROM leads WHERE list_id = ?1 AND position >= ?2 AND import_id = ?3 AND deleted_at IS NULL";
            let leads: Vec<LeadId> = all(self.copy, sql, (list, first, import), |r| r.get(0))?;
            for id in leads {
                if !matches!(
                    one(self.present, "SELECT 1 FROM leads WHERE id = ?1", [id], |_| Ok(())),
                    Ok(None)
                ) {
                    continue;
                }
                let which = Which { lead: Some(id), list: None, phone: None };
                for lead in self.find(&which)?.iter().filter(|lead| !lead.excluded) {
                    self.done.as_before += self.exclude(lead, Some(UNDONE), None, at.unwrap_or(self.now))?;
                }
            }
        }
        Ok(())
    }

    /// One that was called, as the call says.
    pub(super) fn called(&mut self, which: &Which, at: i64, result: Option<&str>) -> rusqlite::Result<()> {
        if which.lead.is_none() && self.has_tasks {
            self.close("phone = ?1 AND lead_id IS NULL", &which.phone, "1")?;
        }
        self.find(which)?.iter().try_for_each(|lead| self.was_called(lead, Some(at), result))
    }

    /// Every task that somebody closed, or that the customer's own call answered: nobody is asked to call again. One whose call the
    /// database does not know is left: it may have been begun empty.
    pub(super) fn tasks(&self) -> rusqlite::Result<()> {
        let known = "EXISTS (SELECT 1 FROM attempts WHERE id = ?1)";
        if self.has_tasks { self.close("?1", &true, known) } else { Ok(()) }
    }

    /// Those open tasks of the copy that are not open any more: what they asked for was done.
    fn close(&self, of: &str, key: &dyn ToSql, known: &str) -> rusqlite::Result<()> {
        let sql = format!("SELECT id, attempt_id, lead_id FROM tasks WHERE {of} AND state = 'open'");
        let open: Vec<(i64, AttemptId, Option<LeadId>)> =
            all(self.copy, &sql, [key], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        for (task, attempt, lead) in open {
            let sql = format!(
                "SELECT NOT EXISTS (SELECT 1 FROM tasks WHERE attempt_id = ?1 AND state = 'open') AND {known}"
            );
            // What cannot be read is left as the copy has it.
            if !matches!(one(self.present, &sql, [attempt], |r| r.get::<_, bool>(0)), Ok(Some(true))) {
                continue;
            }
            let sql = "UPDATE tasks SET state = 'done', closed_at = ?2 WHERE id = ?1";
            exec(self.copy, sql, (task, self.now))?;
            let sql = "UPDATE leads SET state = 'done', recall_at = NULL, owner_user_id = NULL
                       WHERE id = ?1 AND state = 'task'";
            exec(self.copy, sql, [lead])?;
        }
        Ok(())
    }

    fn was_called(&mut self, lead: &Lead, at: Option<i64>, result: Option<&str>) -> rusqlite::Result<()> {
        if self.has_tasks {
            self.close("lead_id = ?1", &lead.id, "1")?;
        }
        if lead.excluded || !lead.due {
            return Ok(());
        }
        let sql = "SELECT label FROM dispositions WHERE code = ?1";
        let label: Option<String> = one(self.copy, sql, [result], |r| r.get(0))?;
        let reason = left_behind(at, label.as_deref());
        self.done.called += self.exclude(lead, Some(&reason), None, self.now)?;
        Ok(())
    }

    /// One lead, or all that have the number of a call that was of none.
    fn find(&self, which: &Which) -> rusqlite::Result<Vec<Lead>> {
        let select = "SELECT l.rowid, l.id, l.excluded, l.state <> 'done', l.attempts
            + EXISTS (SELECT 1 FROM attempts a WHERE a.id = l.claim_attempt_id AND a.dialed_at IS NOT NULL)";
        let lead = |row: &Row<'_>| {
            let (due, attempts) = (row.get(3)?, row.get(4)?);
            Ok(Lead { row: row.get(0)?, id: row.get(1)?, excluded: row.get(2)?, due, attempts })
        };
        let sql = format!("{select} FROM leads l WHERE l.id = ?1 AND l.deleted_at IS NULL");
        let found = all(self.copy, &sql, [which.lead], lead)?;
        if !found.is_empty() || !self.by_number {
            return Ok(found);
        }
        let sql = format!(
            "{select} FROM lead_numbers n JOIN leads l ON l.list_id = n.list_id AND l.position = n.position
             WHERE n.phone = ?1 AND (?3 OR n.list_id = ?2)"
        );
        all(self.copy, &sql, (&which.phone, which.list, which.lead.is_none()), lead)
    }

    fn exclude(
        &self,
        lead: &Lead,
        reason: Option<&str>,
        by: Option<UserId>,
        at: i64,
    ) -> rusqlite::Result<u64> {
        let sql = "UPDATE leads SET excluded = 1, excluded_reason = ?2,
                     excluded_by = (SELECT id FROM users WHERE id = ?3), excluded_at = ?4 WHERE rowid = ?1";
        Ok(exec(self.copy, sql, (lead.row, reason, by, at))? as u64)
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let deleted_at: Option<i64> = row.get(11)?;
    // Of one in the bin nobody else is meant: its number may be another lead's.
    let (list, phone) = if deleted_at.is_none() { (row.get(2)?, row.get(3)?) } else { (None, None) };
    Ok(Known {
        which: Which { lead: row.get(1)?, list, phone },
        excluded: row.get(4)?,
        reason: row.get(5)?,
        by: row.get(6)?,
        at: row.get(7)?,
        attempts: row.get(8)?,
        last_at: row.get(9)?,
        last: row.get(10)?,
        deleted_at,
    })
}

/// Reasons of leads that were in the bin since, and of those whose import was taken back.
const DELETED: &str = "復元: コピーの後に削除済";
const UNDONE: &str = "復元: コピーの後に取り込みを取消済";
