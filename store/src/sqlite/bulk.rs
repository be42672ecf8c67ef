//! The connection that does one thing to many leads, slice by slice.
//!
//! Numbers are in no order, so each slice changes nearly a page for each of its leads: on the connection of calls it would push out what
//! these need, and wait for the disk two hundred times a second. As with imports, slices are committed without waiting, another thread
//! writes the log out behind them, and who asked for the change is answered after a commit that waits for all of it. A power cut takes
//! whole slices back, the last ones first, and the change goes on from there at the next start.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::staging::Flusher;
use super::writing::Writing;
use super::{SqliteBackend, exec};
use crate::error::{Doing, Result};

/// Exists while a change is under way.
pub(super) struct Bulk {
    db: Connection,
    flusher: Flusher,
}

impl Bulk {
    fn open(backend: &SqliteBackend) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = backend.db.path().unwrap_or_default();
        let mut db = Connection::open_with_flags(path, flags)?;
        super::open::prepare(&db, CACHE_KIB)?;
        super::due::watch(&db)?;
        // Whoever gets leads is looked up with each slice, in its transaction.
        db.pragma_update(None, "foreign_keys", false)?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        super::open::watch_log(&mut db, &backend.log_frames)?;
        super::open::watch_leads(&mut db, &backend.changes)?;
        let flusher = Flusher::start(Path::new(path), &backend.log_frames, &backend.file)?;
        Ok(Self { db, flusher })
    }

    /// Whether the change should wait before it goes on: the disk is behind.
    pub(super) fn crowded(&self) -> bool {
        self.flusher.crowded()
    }
}

impl SqliteBackend {
    /// Runs a slice in one transaction, which is whole whatever happens, and on disk some time later.
    pub(super) fn in_bulk<T>(
        &mut self,
        doing: &'static str,
        slice: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let bulk = match self.bulk.take() {
            Some(bulk) => bulk,
            None => Bulk::open(self).doing(doing)?,
        };
        let writing = Writing::begin(&bulk.db).doing(doing)?;
        let result = slice(&bulk.db).and_then(|value| writing.commit().doing(doing).map(|()| value));
        match result.is_ok() {
            true => self.changes.commit(),
            false => self.changes.rollback(),
        }
        match &self.loader {
            // It looks after the log already.
            Some(loader) => loader.slice_written(),
            None => bulk.flusher.slice_written(),
        }
        self.bulk = Some(bulk);
        result
    }

    /// All slices are written: what they did is on disk when this returns.
    pub(super) fn end_bulk(&mut self) -> Result<()> {
        if let Some(bulk) = self.bulk.take() {
            // It may be in the middle of its work: not waited for here, where calls wait.
            bulk.flusher.retire();
            self.flusher = Some(bulk.flusher);
        }
        let written = "UPDATE meta SET value = value + 1 WHERE key = 'checkpoints'";
        self.transact("change leads", |db, _| exec(db, written, []).map(drop).doing("change leads"))
    }
}

/// Page cache while it exists: random numbers of two hundred thousand leads would read the file again and again without it.
const CACHE_KIB: u32 = 8192;
