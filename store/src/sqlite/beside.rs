//! A connection beside that of calls, for what writes many rows, slice by slice.
//!
//! It has a page cache of its own, so that it does not push out what calls need, and commits without waiting for the disk: another thread
//! writes the log out behind it, and who asked is answered after a commit that waits for all of it. A power cut takes whole slices back, the
//! last ones first. It proves no foreign keys: every row that it writes refers to rows written in the same transaction or found by it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::SqliteBackend;
use super::staging::Flusher;
use super::writing::Writing;
use crate::changes::Changes;
use crate::error::{Doing, Result};

/// Exists while there is something to write.
pub(super) struct Beside {
    pub(super) db: Connection,
    pub(super) flusher: Flusher,
    changes: Changes,
}

impl Beside {
    pub(super) fn open(backend: &SqliteBackend, cache_kib: u32) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = backend.db.path().unwrap_or_default();
        let mut db = Connection::open_with_flags(path, flags)?;
        super::open::prepare(&db, cache_kib)?;
        db.pragma_update(None, "foreign_keys", false)?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        super::open::watch_log(&mut db, &backend.log_frames)?;
        super::open::watch_leads(&mut db, &backend.changes)?;
        let flusher = Flusher::start(Path::new(path), &backend.log_frames, &backend.file)?;
        Ok(Self { db, flusher, changes: backend.changes.clone() })
    }

    /// Runs `work` in one transaction, which is whole whatever happens; `flusher` writes it out.
    pub(super) fn transact<T>(
        &self,
        doing: &'static str,
        flusher: &Flusher,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let writing = Writing::begin(&self.db).doing(doing)?;
        let result = work(&self.db).and_then(|value| writing.commit().doing(doing).map(|()| value));
        match result.is_ok() {
            true => self.changes.commit(),
            false => self.changes.rollback(),
        }
        flusher.slice_written();
        result
    }

    /// Closes it. Its thread may be in the middle of its work, and is not waited for here, where calls wait.
    pub(super) fn retire(self) -> Flusher {
        self.flusher.retire();
        self.flusher
    }
}
