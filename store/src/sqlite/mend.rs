//! Figures that are kept beside the rows they sum up, written anew from these where they say something else (D17): what
//! [`super::tally::verify`] finds. Nothing is looked at by hand: which lead or list is meant, is found, and looked at again by whoever writes.

use rusqlite::Connection;

use super::{all, due, exec, last_call, one};
use crate::id::{LeadId, ListId};
use crate::model::{Mended, MendedRow, ToMend};
use crate::phone::is_dialed_from_lists;
use crate::progress::Progress;

/// What says something else than its rows, in one state of them.
pub(super) fn look(db: &Connection, progress: &Progress) -> rusqlite::Result<ToMend> {
    let leads = one(db, "SELECT count(*) FROM leads", [], |r| super::unsigned(r, 0))?.unwrap_or(0);
    progress.set(0, leads * 2);
    let mut found = ToMend { leads: last_call::astray(db, usize::MAX, progress)?, lists: Vec::new() };
    let mut statement = db.prepare(&LEADS.replace("@made", MADE).replace("@entered", ENTERED))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        progress.count(1);
        let (lead, counted, passed_over): (LeadId, bool, Option<bool>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let astray = match passed_over {
            None => false,
            Some(passed_over) => {
                let may = !row.get::<_, bool>(4)? && is_dialed_from_lists(row.get_ref(3)?.as_str()?);
                may == passed_over
            }
        };
        if counted || astray {
            found.leads.push(lead);
        }
    }
    found.leads.sort_unstable();
    found.leads.dedup();
    found.lists = all(db, &format!("SELECT l.id FROM lists l WHERE {}", astray()), [], |r| r.get(0))?;
    Ok(found)
}

/// Writes the figures of some leads anew.
pub(super) fn leads(db: &Connection, leads: &[LeadId]) -> rusqlite::Result<Mended> {
    let mut mended = Mended::default();
    for lead in leads {
        let sql = format!(
            "SELECT l.name, d.position, d.phone, d.last_disposition, d.attempts, ({MADE}), d.deleted_at IS NULL AND d.position <= l.visible_position,
               d.state IN ('ready', 'waiting'), d.state = 'skipped' AND d.skip_reason = 'E-DNC' AND NOT ({ENTERED})
             FROM leads d JOIN lists l ON l.id = d.list_id WHERE d.id = ?1"
        );
        let found = one(db, &sql, [lead], |r| {
            Ok(Lead {
                list: r.get(0)?,
                position: r.get(1)?,
                phone: r.get(2)?,
                result: r.get(3)?,
                attempts: r.get(4)?,
                made: r.get(5)?,
                there: r.get(6)?,
                due: r.get(7)?,
                freed: r.get(8)?,
            })
        })?;
        if let Some(found) = found {
            found.mend(db, *lead, &mut mended)?;
        }
    }
    Ok(mended)
}

/// A lead as it is kept, and what its calls say.
struct Lead {
    list: String,
    position: i64,
    phone: String,
    result: Option<String>,
    attempts: i64,
    made: i64,
    /// Neither in the bin nor being imported.
    there: bool,
    due: bool,
    /// Passed over for a do-not-call entry, of which there is none.
    freed: bool,
}

impl Lead {
    fn mend(&self, db: &Connection, lead: LeadId, mended: &mut Mended) -> rusqlite::Result<()> {
        if self.attempts != self.made {
            exec(db, "UPDATE leads SET attempts = ?2 WHERE id = ?1", (lead, self.made))?;
            mended.attempts += 1;
            self.tell(mended, "attempts of lead", self.attempts.to_string(), self.made.to_string());
        }
        if !self.there {
            return Ok(());
        }
        let said = last_call::last_call_of(db, lead, &self.phone)?;
        if said.disposition != self.result {
            last_call::renew_lead(db, lead, &self.phone)?;
            mended.last_results += 1;
            let label = |code: &Option<String>| {
                let sql = "SELECT label FROM dispositions WHERE code = ?1";
                one(db, sql, [code], |r| r.get(0)).map(Option::unwrap_or_default)
            };
            self.tell(mended, "last result of lead", label(&self.result)?, label(&said.disposition)?);
        }
        // As when it became due: triggers pass it over where no list calls it.
        if self.due {
            exec(db, "UPDATE leads SET state = state WHERE id = ?1", [lead])?;
            let sql = "SELECT skip_reason FROM leads WHERE id = ?1 AND state = 'skipped'";
            if let Some(reason) = one(db, sql, [lead], |r| r.get::<_, String>(0))? {
                mended.due += 1;
                self.tell(mended, "due lead", String::new(), reason);
            }
        }
        if self.freed && is_dialed_from_lists(&self.phone) {
            due::again(db, lead)?;
            mended.blocked += 1;
            self.tell(mended, "blocked lead", "E-DNC".to_owned(), String::new());
        }
        Ok(())
    }

    fn tell(&self, mended: &mut Mended, what: &'static str, before: String, after: String) {
        let (list, position) = (self.list.clone(), Some(self.position));
        mended.tell(MendedRow { what, list, position, before, after });
    }
}

/// Counts the leads of some lists anew.
pub(super) fn lists(db: &Connection, lists: &[ListId]) -> rusqlite::Result<Mended> {
    let mut mended = Mended::default();
    for list in lists {
        let sql = format!(
            "SELECT l.name, l.registered, ({REGISTERED}) FROM lists l WHERE l.id = ?1 AND {}",
            astray()
        );
        let found: Option<(String, i64, i64)> =
            one(db, &sql, [list], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        let Some((name, before, after)) = found else { continue };
        exec(db, "UPDATE lists SET registered = ?2 WHERE id = ?1", (list, after))?;
        mended.registered += 1;
        let (before, after) = (before.to_string(), after.to_string());
        mended.tell(MendedRow { what: "registered", list: name, position: None, before, after });
    }
    Ok(mended)
}

/// Calls of a lead `d`, as its own figure counts them.
const MADE: &str =
    "SELECT count(*) FROM attempts a WHERE a.lead_id = d.id AND a.ended_at IS NOT NULL AND a.void = 0";
/// Whether a do-not-call entry of its number holds for a lead `d` of the list `l`.
const ENTERED: &str = "EXISTS (SELECT 1 FROM do_not_call n WHERE n.phone = d.phone AND n.revoked_at IS NULL
      AND (n.project_id IS NULL OR n.project_id = l.project_id))";
/// Leads: whether they count other calls than were made ([`MADE`]); whether they are passed over for a do-not-call entry, `NULL` of those
/// that are neither that nor due; the number; and whether an entry holds ([`ENTERED`]).
const LEADS: &str = "SELECT d.id, d.attempts <> (@made),
    CASE WHEN d.deleted_at IS NOT NULL OR d.position > l.visible_position THEN NULL
      WHEN d.state IN ('ready', 'waiting') THEN 0 WHEN d.state = 'skipped' AND d.skip_reason = 'E-DNC' THEN 1 END,
    d.phone, @entered
  FROM leads d JOIN lists l ON l.id = d.list_id";
/// Leads of a list `l` that are committed and not deleted (登録数).
const REGISTERED: &str = "SELECT count(*) FROM leads d WHERE d.list_id = l.id AND d.position <= l.visible_position AND d.deleted_at IS NULL";
/// A live list that says another number.
fn astray() -> String {
    format!("l.deleted_at IS NULL AND l.registered <> ({REGISTERED})")
}
