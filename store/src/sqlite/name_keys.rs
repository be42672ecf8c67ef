//! Search keys of leads that were there before there were any.

use rusqlite::Connection;

use crate::name_key::name_key;

/// Gives every lead without a key its key. Walks the table once, in pieces, so that memory stays small.
pub(super) fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut read = db.prepare(
        "SELECT rowid, company, person FROM leads WHERE rowid > ?1 AND name_key = '' ORDER BY rowid LIMIT 1000",
    )?;
    let mut write = db.prepare("UPDATE leads SET name_key = ?2 WHERE rowid = ?1")?;
    let mut after = i64::MIN;
    loop {
        let rows: Vec<(i64, Option<String>, Option<String>)> = read
            .query_map([after], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (row, company, person) in &rows {
            write.execute((row, name_key(company.as_deref(), person.as_deref())))?;
        }
    }
}
