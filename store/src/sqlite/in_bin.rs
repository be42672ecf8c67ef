//! Numbers in the bin of a list, or of a list in the bin in whose place it is: whoever puts one back onto the list by a file or by hand
//! learns what was known of it. One that was excluded stays so (S1.19, C11), and one that was called would be called again at once.
//!
//! No index has the numbers of a bin, so it is walked: once by a file, on the thread that reads it.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::{exec, lead_numbers, one};
use crate::export::EXCLUDED;
use crate::id::{ImportId, LeadId, ListId};
use crate::phone::Phone;
use crate::time::format_jst;

macro_rules! keep {
    () => {
        "UPDATE leads SET excluded = 1, excluded_reason = b.excluded_reason, excluded_by = b.excluded_by,
           excluded_at = ifnull(b.excluded_at, 0)
         FROM leads b WHERE b.excluded = 1 AND leads.excluded = 0 AND"
    };
}

/// The excluded leads of lists in the bin that list `?1` comes in the place of: those of its name in its project, or in one of the same
/// name, which somebody deleted to import it anew. Of those that were called the view shows the last result.
macro_rules! of_former {
    ($columns:literal, $leads:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM lists l JOIN projects p ON p.id = l.project_id
              JOIN projects q ON q.name = p.name JOIN lists b ON b.project_id = q.id AND b.name = l.name AND b.deleted_at > 0 ",
            $leads,
            " WHERE l.id = ?1 AND d.excluded = 1 AND d.deleted_at IS NULL ORDER BY b.deleted_at"
        )
    };
}

/// A lead of the bin of which there is something to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InBin {
    pub(crate) lead: LeadId,
    /// It was 発信対象外; else it was called.
    pub(crate) excluded: bool,
}

/// By number ([`Phone::key`]); of one that lies there several times the one that was deleted last counts.
pub(super) fn of_list(db: &Connection, list: ListId) -> rusqlite::Result<HashMap<u64, InBin>> {
    let own = "SELECT id, excluded, attempts, phone FROM leads WHERE list_id = ?1 AND deleted_at IS NOT NULL ORDER BY deleted_at, id";
    let mut found = HashMap::new();
    for sql in [of_former!("d.id, d.excluded, d.attempts, d.phone", "JOIN leads d ON d.list_id = b.id"), own]
    {
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            let Ok(phone) = Phone::from_e164(row.get_ref(3)?.as_str()?) else { continue };
            match known(row)? {
                Some(known) => found.insert(phone.key(), known),
                None => found.remove(&phone.key()),
            };
        }
    }
    Ok(found)
}

/// The same of one number.
pub(super) fn of_number(db: &Connection, list: ListId, phone: &Phone) -> rusqlite::Result<Option<InBin>> {
    let sql = "SELECT id, excluded, attempts FROM leads WHERE list_id = ?1 AND deleted_at IS NOT NULL AND phone = ?2
               ORDER BY deleted_at DESC, id DESC LIMIT 1";
    if let Some(own) = one(db, sql, (list, phone.expose()), known)? {
        return Ok(own);
    }
    let sql = of_former!(
        "d.id, d.excluded, d.attempts",
        "JOIN lead_numbers n ON n.phone = ?2 AND n.list_id = b.id JOIN leads d ON d.list_id = n.list_id AND d.position = n.position"
    );
    Ok(one(db, sql, (list, phone.expose()), known)?.flatten())
}

/// Excludes a lead that an import staged as the one of the bin is: with who, when and why (S1.25). Nothing where that one is gone.
pub(super) fn keep_staged(
    db: &Connection,
    (list, position): (Option<ListId>, i64),
    import: ImportId,
    of: LeadId,
) -> rusqlite::Result<()> {
    let sql = concat!(
        keep!(),
        " leads.list_id = ?1 AND leads.position = ?2 AND leads.import_id = ?3 AND b.id = ?4"
    );
    exec(db, sql, (list, position, import, of))?;
    lead_numbers::exclude_further(db, list, position)
}

/// The same of a lead that somebody added.
pub(super) fn keep(db: &Connection, lead: LeadId, of: LeadId) -> rusqlite::Result<()> {
    exec(db, concat!(keep!(), " leads.id = ?1 AND b.id = ?2"), (lead, of)).map(|_| ())
}

/// What is told of it: why it was excluded, or what its last call came to and when.
pub(super) fn told(db: &Connection, known: InBin) -> rusqlite::Result<String> {
    let sql = "SELECT ifnull(l.excluded_reason, ''), ifnull(d.label, ''), l.last_at
               FROM leads l LEFT JOIN dispositions d ON d.code = l.last_disposition WHERE l.id = ?1";
    let found: Option<(String, String, Option<i64>)> =
        one(db, sql, [known.lead], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let (reason, label, at) = found.unwrap_or_default();
    Ok(match (known.excluded, reason.is_empty()) {
        (true, true) => EXCLUDED.to_owned(),
        (true, false) => format!("{EXCLUDED}({reason})"),
        (false, _) => {
            let day = at.map(format_jst).unwrap_or_default();
            format!("{} {label}", day.get(..10).unwrap_or_default()).trim().to_owned()
        }
    })
}

fn known(row: &Row<'_>) -> rusqlite::Result<Option<InBin>> {
    let (excluded, attempts): (bool, u32) = (row.get(1)?, row.get(2)?);
    let known = InBin { lead: row.get(0)?, excluded };
    Ok((excluded || attempts > 0).then_some(known))
}
