//! One thing done to many leads, slice by slice, on a connection of its own: numbers are in no order, so each slice changes nearly a page
//! for each of its leads. After a power cut the change goes on at the next start, from where the disk has it.

use rusqlite::Connection;

use super::beside::Beside;
use super::{SqliteBackend, exec};
use crate::error::{Doing, Result};

impl SqliteBackend {
    /// Runs a slice in one transaction, which is on disk some time later.
    pub(super) fn in_bulk<T>(
        &mut self,
        doing: &'static str,
        slice: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let bulk = match self.bulk.take() {
            Some(bulk) => bulk,
            None => open(self).doing(doing)?,
        };
        // That of an import looks after the log already.
        let flusher = self.loader.as_ref().map_or(&bulk.flusher, |loader| &loader.beside.flusher);
        let result = bulk.transact(doing, flusher, slice);
        self.bulk = Some(bulk);
        result
    }

    /// All slices are written: what they did is on disk when this returns.
    pub(super) fn end_bulk(&mut self) -> Result<()> {
        if let Some(bulk) = self.bulk.take() {
            self.flusher = Some(bulk.retire());
        }
        let written = "UPDATE meta SET value = value + 1 WHERE key = 'checkpoints'";
        self.transact("change leads", |db, _| exec(db, written, []).map(drop).doing("change leads"))
    }
}

fn open(backend: &SqliteBackend) -> rusqlite::Result<Beside> {
    let bulk = Beside::open(backend, CACHE_KIB)?;
    // What brings leads back, or lets them in again, asks which of them no list calls.
    super::due::watch(&bulk.db)?;
    Ok(bulk)
}

/// Page cache while a change is under way: random numbers of two hundred thousand leads would read the file again and again without it.
const CACHE_KIB: u32 = 8192;
