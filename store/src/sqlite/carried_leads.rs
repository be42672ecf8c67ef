//! Leads of a restored copy that are not to be called, by what the database knows of them in whose place it comes.
//!
//! Who was excluded since the copy was made stays excluded (S1.25). Who was called since is not called again by itself: neither the
//! call nor its result goes back, so the lead is excluded too, with a reason that says so, until a supervisor takes it in again. So are
//! the leads of a number that somebody typed. Tasks that were closed since stay closed where the lead or the number was called.

use rusqlite::{Connection, Row, ToSql};

use super::salvage::Salvage;
use super::{all, exec, one};
use crate::id::{AttemptId, LeadId, ListId, UserId};
use crate::time::format_jst;

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
}

impl<'a> Excluding<'a> {
    pub(super) fn new(copy: &'a Connection, present: &'a Connection, now: i64) -> rusqlite::Result<Self> {
        let has = |table| one(copy, "SELECT 1 FROM sqlite_schema WHERE name = ?1", [table], |_| Ok(()));
        let (by_number, has_tasks) = (has("lead_numbers")?.is_some(), has("tasks")?.is_some());
        Ok(Self { copy, present, by_number, has_tasks, now, done: Excluded::default() })
    }

    /// Those that are excluded, and those that count more calls than in the copy. Returns whether every lead could be read.
    pub(super) fn all(&mut self) -> rusqlite::Result<bool> {
        let columns = "id, list_id, phone, excluded, excluded_reason, excluded_by, excluded_at, attempts, last_at, last_disposition";
        let of = "(excluded = 1 OR attempts > 0) AND deleted_at IS NULL";
        Salvage::new(self.present, "leads", columns, of).each(known, |known| {
            let Some(lead) = self.find(&known.which)?.pop() else { return Ok(true) };
            if known.excluded && !lead.excluded {
                let at = known.at.unwrap_or(self.now);
                self.done.as_before += self.exclude(&lead, known.reason.as_deref(), known.by, at)?;
            } else if known.attempts > lead.attempts {
                self.was_called(&lead, known.last_at, known.last.as_deref())?;
            }
            Ok(true)
        })
    }

    /// One that was called, as the call says.
    pub(super) fn called(&mut self, which: &Which, at: i64, result: Option<&str>) -> rusqlite::Result<()> {
        if which.lead.is_none() && self.has_tasks {
            self.close("phone = ?1 AND lead_id IS NULL", &which.phone)?;
        }
        self.find(which)?.iter().try_for_each(|lead| self.was_called(lead, Some(at), result))
    }

    /// Those open tasks of the copy that are not open any more: what they asked for was done by the call.
    fn close(&self, of: &str, key: &dyn ToSql) -> rusqlite::Result<()> {
        let sql = format!("SELECT id, attempt_id, lead_id FROM tasks WHERE {of} AND state = 'open'");
        let open: Vec<(i64, AttemptId, Option<LeadId>)> =
            all(self.copy, &sql, [key], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        for (task, attempt, lead) in open {
            let sql = "SELECT 1 FROM tasks WHERE attempt_id = ?1 AND state = 'open'";
            // What cannot be read is left as the copy has it.
            if !matches!(one(self.present, sql, [attempt], |_| Ok(())), Ok(None)) {
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
            self.close("lead_id = ?1", &lead.id)?;
        }
        if lead.excluded || !lead.due {
            return Ok(());
        }
        let sql = "SELECT label FROM dispositions WHERE code = ?1";
        let label: Option<String> = one(self.copy, sql, [result], |r| r.get(0))?;
        let when = at.map(format_jst).unwrap_or_default();
        let (day, time) = (when.get(..10).unwrap_or_default(), when.get(11..16).unwrap_or_default());
        let reason = format!("{CALLED} {day} {time} {}", label.unwrap_or_default());
        self.done.called += self.exclude(lead, Some(reason.trim_end()), None, self.now)?;
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
    Ok(Known {
        which: Which { lead: row.get(1)?, list: row.get(2)?, phone: row.get(3)? },
        excluded: row.get(4)?,
        reason: row.get(5)?,
        by: row.get(6)?,
        at: row.get(7)?,
        attempts: row.get(8)?,
        last_at: row.get(9)?,
        last: row.get(10)?,
    })
}

/// Begins the reason; when and with what result follow.
const CALLED: &str = "復元: コピーの後に発信済";
