//! Leads of a restored copy that are not to be called, by what the database knows of them in whose place it comes.
//!
//! Who was excluded since the copy was made stays excluded (S1.25). Who was called since is not called again by itself: neither the
//! call nor its result goes back, so the lead is excluded too, with a reason that says so, until a supervisor takes it in again.

use rusqlite::{Connection, Row};

use super::salvage::Salvage;
use super::{exec, one};
use crate::id::{LeadId, ListId, UserId};
use crate::time::format_jst;

/// How many leads were excluded.
#[derive(Default)]
pub(super) struct Excluded {
    /// As they were.
    pub(super) as_before: u64,
    /// Since they were called.
    pub(super) called: u64,
}

/// A lead, by its id; one that was deleted and imported again is the one of its number on its list.
pub(super) struct Which {
    pub(super) lead: LeadId,
    pub(super) list: Option<ListId>,
    pub(super) phone: Option<String>,
}

/// Writes it into the copy.
pub(super) struct Excluding<'a> {
    copy: &'a Connection,
    present: &'a Connection,
    /// Copies of the first versions have no register of numbers.
    by_number: bool,
    now: i64,
    pub(super) done: Excluded,
}

/// A lead as the copy has it.
struct Lead {
    row: i64,
    excluded: bool,
    /// A list may give it out in this round or a later one.
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
        let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'lead_numbers'";
        let by_number = one(copy, sql, [], |_| Ok(()))?.is_some();
        Ok(Self { copy, present, by_number, now, done: Excluded::default() })
    }

    /// Those that are excluded, and those that count more calls than in the copy. Returns whether every lead could be read.
    pub(super) fn all(&mut self) -> rusqlite::Result<bool> {
        let columns = "id, list_id, phone, excluded, excluded_reason, excluded_by, excluded_at, attempts, last_at, last_disposition";
        let of = "(excluded = 1 OR attempts > 0) AND deleted_at IS NULL";
        Salvage::new(self.present, "leads", columns, of).each(known, |known| {
            let Some(lead) = self.find(&known.which)? else { return Ok(true) };
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
        match self.find(which)? {
            Some(lead) => self.was_called(&lead, Some(at), result),
            None => Ok(()),
        }
    }

    fn was_called(&mut self, lead: &Lead, at: Option<i64>, result: Option<&str>) -> rusqlite::Result<()> {
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

    fn find(&self, which: &Which) -> rusqlite::Result<Option<Lead>> {
        let select = "SELECT l.rowid, l.excluded, l.state NOT IN ('done', 'task'), l.attempts
            + EXISTS (SELECT 1 FROM attempts a WHERE a.id = l.claim_attempt_id AND a.dialed_at IS NOT NULL)";
        let lead = |row: &Row<'_>| {
            Ok(Lead { row: row.get(0)?, excluded: row.get(1)?, due: row.get(2)?, attempts: row.get(3)? })
        };
        let sql = format!("{select} FROM leads l WHERE l.id = ?1 AND l.deleted_at IS NULL");
        let found = one(self.copy, &sql, [which.lead], lead)?;
        if found.is_some() || !self.by_number {
            return Ok(found);
        }
        let sql = format!(
            "{select} FROM lead_numbers n JOIN leads l ON l.list_id = n.list_id AND l.position = n.position
             WHERE n.phone = ?1 AND n.list_id = ?2"
        );
        one(self.copy, &sql, (&which.phone, which.list), lead)
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
