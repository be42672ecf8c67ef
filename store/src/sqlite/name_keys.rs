//! Search keys of leads that were there before there were any, or before keys were made as they are now.

use rusqlite::Connection;

use crate::name_key::name_key;
use crate::variants::{common, is_selector};

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

/// Makes the keys anew that hold another form of a character. Most hold none: of their leads nothing but the key is read.
pub(super) fn renew(db: &Connection) -> rusqlite::Result<()> {
    let mut read =
        db.prepare("SELECT rowid, name_key FROM leads WHERE rowid > ?1 ORDER BY rowid LIMIT 1000")?;
    let mut names = db.prepare("SELECT company, person FROM leads WHERE rowid = ?1")?;
    let mut write = db.prepare("UPDATE leads SET name_key = ?2 WHERE rowid = ?1")?;
    let mut after = i64::MIN;
    loop {
        let (mut last, mut old) = (None, Vec::new());
        let mut rows = read.query([after])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            last = Some(id);
            if row.get_ref(1)?.as_str()?.chars().any(|c| common(c) != c || is_selector(c)) {
                old.push(id);
            }
        }
        drop(rows);
        after = match last {
            Some(last) => last,
            None => return Ok(()),
        };
        for row in old {
            let (company, person): (Option<String>, Option<String>) =
                names.query_row([row], |r| Ok((r.get(0)?, r.get(1)?)))?;
            write.execute((row, name_key(company.as_deref(), person.as_deref())))?;
        }
    }
}
