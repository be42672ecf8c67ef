//! Numbers on lists: found by them are live leads, but not those that are being staged.
//!
//! Triggers keep the table `lead_numbers` for every write but those of imports, which enter numbers sorted
//! ([`super::staging`]). What happens to a number meanwhile is noted here, so that its staged leads learn it then.

use rusqlite::Connection;

use super::exec;
use crate::id::{AttemptId, ImportId, ListId};

/// A number got another owner. `import` looks after its own leads.
pub(super) fn touched(db: &Connection, phone: &str, import: Option<ImportId>) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO import_touched (phone)
               SELECT ?1 WHERE EXISTS (SELECT 1 FROM imports WHERE state = 'staging' AND interrupted_at IS NULL
                 AND id IS NOT ?2)";
    exec(db, sql, (phone, import)).map(|_| ())
}

/// Whether leads are being staged.
macro_rules! importing {
    () => {
        "EXISTS (SELECT 1 FROM imports WHERE state = 'staging' AND interrupted_at IS NULL)"
    };
}
pub(super) use importing;

/// A number was called, or what was written about the call changed.
pub(super) fn touched_by(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    let sql = concat!(
        "INSERT OR IGNORE INTO import_touched (phone) SELECT phone FROM attempts WHERE id = ?1 AND phone IS NOT NULL AND ",
        importing!()
    );
    exec(db, sql, [attempt]).map(|_| ())
}

/// Marks the further numbers of a lead that was excluded, on the connection that imports: triggers do it for every other.
pub(super) fn exclude_further(db: &Connection, list: Option<ListId>, position: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE lead_phones SET excluded = 1
               WHERE lead_id = (SELECT id FROM leads WHERE list_id = ?1 AND position = ?2 AND excluded = 1)";
    exec(db, sql, (list, position)).map(drop)
}

/// Forgets it all when no import is staging any more.
pub(super) fn settled(db: &Connection) -> rusqlite::Result<()> {
    let sql = "DELETE FROM import_touched WHERE NOT EXISTS (
                 SELECT 1 FROM imports WHERE state = 'staging' AND interrupted_at IS NULL)";
    exec(db, sql, []).map(|_| ())
}
