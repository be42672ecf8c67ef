//! A write transaction whose own words are prepared once: parsing `BEGIN` and `COMMIT` anew took a save through the whole
//! of SQLite's parser.

use rusqlite::{Connection, Result};

use super::exec;

/// An immediate transaction (<https://www.sqlite.org/lang_transaction.html>); rolled back when dropped, unless it was committed.
pub(super) struct Writing<'a> {
    db: &'a Connection,
}

impl<'a> Writing<'a> {
    /// Takes the lock for writing, which nobody else may have.
    pub(super) fn begin(db: &'a Connection) -> Result<Self> {
        exec(db, "BEGIN IMMEDIATE", [])?;
        Ok(Self { db })
    }

    /// Everything written is on disk when this returns, or nothing.
    pub(super) fn commit(self) -> Result<()> {
        exec(self.db, "COMMIT", []).map(drop)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        // After a commit, or where SQLite rolled back by itself (a full disk), there is none left.
        if !self.db.is_autocommit()
            && let Err(error) = exec(self.db, "ROLLBACK", [])
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}
