//! New leads that no list will call are no due ones: triggers see to it elsewhere, and the connection of imports runs none.

use rusqlite::Connection;

use super::super::{all, exec, one};
use super::many::{self, MANY, Sql};
use crate::id::ListId;
use crate::staging::{NumberRow, Placed};

/// Whether some number is not to be called.
pub(super) fn any(db: &Connection) -> rusqlite::Result<bool> {
    Ok(one(db, "SELECT 1 FROM do_not_call WHERE revoked_at IS NULL LIMIT 1", [], |_| Ok(()))?.is_some())
}

/// Passes over a new lead.
pub(super) fn pass_over(
    db: &Connection,
    list: Option<ListId>,
    position: i64,
    code: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE leads SET state = 'skipped', skip_reason = ?3
               WHERE list_id = ?1 AND position = ?2 AND state = 'ready'";
    exec(db, sql, (list, position, code)).map(|_| ())
}

/// Passes over those new leads of at most [`MANY`] rows whose numbers are not to be called. Numbers come in their order: mostly no entry
/// lies between the first and the last of a few.
pub(super) fn look(db: &Connection, list: Option<ListId>, rows: &[NumberRow]) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
    let (first, last) = (first.row.phone.expose(), last.row.phone.expose());
    let mut between: Vec<String> = all(db, BETWEEN, (first, last, list), |r| r.get(0))?;
    if between.len() > MANY {
        between.clear();
        many::look(db, &AMONG, &[&list], rows.iter().map(|row| &row.row.phone), |at, _| {
            between.push(rows[at].row.phone.expose().to_owned());
            Ok(())
        })?;
    }
    for row in rows {
        if let Placed::New(position) = row.placed
            && between.binary_search_by(|phone| phone.as_str().cmp(row.row.phone.expose())).is_ok()
        {
            pass_over(db, list, position, "E-DNC")?;
        }
    }
    Ok(())
}

/// Numbers of a stretch that the list's project may not call, in order; one more than [`MANY`] says that they are many.
const BETWEEN: &str = "SELECT phone FROM do_not_call
  WHERE revoked_at IS NULL AND phone >= ?1 AND phone <= ?2
    AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = ?3)) ORDER BY phone LIMIT 65";
static AMONG: Sql = Sql::new(|| {
    let sql = "SELECT v.column1 FROM (VALUES {rows}) v WHERE EXISTS (
                 SELECT 1 FROM do_not_call WHERE phone = v.column2 AND revoked_at IS NULL
                   AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = ?1)))";
    many::sql(sql, 1, "@, #")
});
