//! The connection that stages rows.
//!
//! It has a page cache of its own, so that an import does not push out what calls need, and no foreign keys: every row
//! it writes refers to rows written in the same transaction or found by it, so that eight look-ups a row prove nothing.
//! A test asks SQLite for broken references.

use std::collections::HashSet;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::{SqliteBackend, exec};
use super::category::CategoryIds;
use super::many::MANY;
use super::slice::Slice;
use super::{IMPORT_CACHE_KIB, SLICE_ROWS, read};
use crate::error::{Doing, Error, Result};
use crate::id::ImportId;
use crate::staging::{StageCounts, StagePolicy, StagedRow};

/// Writes staged rows while an import runs.
pub(in crate::sqlite) struct Loader {
    pub(in crate::sqlite) db: Connection,
    known: CategoryIds,
    slices: u32,
}

impl Loader {
    pub(super) fn open(backend: &SqliteBackend) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(backend.db.path().unwrap_or_default(), flags)?;
        super::super::open::prepare(&db, IMPORT_CACHE_KIB)?;
        db.pragma_update(None, "foreign_keys", false)?;
        // Nothing of a statement goes through a file in the folder of temporary files.
        db.pragma_update(None, "temp_store", "MEMORY")?;
        // A power cut takes an import back that was not committed, so its slices need not reach the disk one by one;
        // the commit that makes it visible syncs the whole log.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        super::super::open::watch_log(&mut db, &backend.log_frames)?;
        Ok(Self { db, known: CategoryIds::default(), slices: 0 })
    }

    /// Writes as many of `rows` as fit before `late`, in one transaction; returns how many.
    pub(super) fn slice(
        &mut self,
        import: ImportId,
        rows: &[StagedRow],
        policy: StagePolicy,
        late: impl Fn() -> bool,
    ) -> Result<(usize, StageCounts)> {
        let doing = "stage rows";
        // Some slices reach the disk, lest a call's commit has to write out all of them.
        self.slices = self.slices.wrapping_add(1);
        let synced = self.slices.is_multiple_of(SYNC_EVERY);
        if synced {
            self.db.pragma_update(None, "synchronous", "FULL").doing(doing)?;
        }
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
        let mut context = read(&tx, import)?;
        if context.state != "staging" {
            return Err(Error::ImportStopped { reason: format!("it is {}", context.state) });
        }
        let mut slice = Slice::new(&tx, &mut self.known, import, &context, policy).doing(doing)?;
        let mut consumed = 0;
        for rows in chunks(rows.get(..SLICE_ROWS).unwrap_or(rows)) {
            slice.write(rows).doing(doing)?;
            consumed += rows.len();
            if late() {
                break;
            }
        }
        let counts = slice.counts;
        drop(slice);
        context.last_position += counts.inserted.cast_signed();
        let sql = "UPDATE lists SET last_position = ?2 WHERE id = ?1";
        exec(&tx, sql, (context.list, context.last_position)).doing(doing)?;
        tx.commit().doing(doing)?;
        if synced {
            self.db.pragma_update(None, "synchronous", "NORMAL").doing(doing)?;
        }
        Ok((consumed, counts))
    }
}

/// Cuts rows into pieces of at most [`MANY`], no number twice in one: a later row has to find what an earlier one wrote.
fn chunks(mut rows: &[StagedRow]) -> impl Iterator<Item = &[StagedRow]> {
    let mut seen = HashSet::with_capacity(MANY);
    std::iter::from_fn(move || {
        seen.clear();
        let end = rows.iter().take(MANY).take_while(|row| seen.insert(row.phone.key())).count();
        let (chunk, rest) = rows.split_at(end);
        rows = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// One slice in so many is synced: about 1 MiB of log.
const SYNC_EVERY: u32 = 3;
