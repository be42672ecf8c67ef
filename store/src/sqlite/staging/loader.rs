//! The connection that stages rows.
//!
//! It has a page cache of its own, so that an import does not push out what calls need, and no foreign keys: every row
//! it writes refers to rows written in the same transaction or found by it, so that eight look-ups a row prove nothing.
//! A test asks SQLite for broken references. It runs no triggers either: it keeps `lead_numbers` itself.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::writing::Writing;
use super::super::{SqliteBackend, exec};
use super::category::CategoryIds;
use super::flush::Flusher;
use super::many::MANY;
use super::reached::Reached;
use super::slice::Slice;
use super::{IMPORT_CACHE_KIB, ended, read};
use crate::changes::Changes;
use crate::error::{Doing, Error, Result};
use crate::id::ImportId;
use crate::phone::Phone;
use crate::staging::{NumberRow, Placed, StageCounts, StagePolicy, StagedRow};

/// Writes staged rows while an import runs.
pub(in crate::sqlite) struct Loader {
    pub(in crate::sqlite) db: Connection,
    pub(super) flusher: Flusher,
    known: CategoryIds,
    changes: Changes,
}

impl Loader {
    pub(super) fn open(backend: &SqliteBackend) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(backend.db.path().unwrap_or_default(), flags)?;
        super::super::open::prepare(&db, IMPORT_CACHE_KIB)?;
        db.pragma_update(None, "foreign_keys", false)?;
        // Numbers of leads are entered when all are staged, not with each.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        // Every value was checked where the file was read, by stricter rules than the schema's.
        db.pragma_update(None, "ignore_check_constraints", true)?;
        // Nothing of a statement goes through a file in the folder of temporary files.
        db.pragma_update(None, "temp_store", "MEMORY")?;
        // A power cut takes an import back that was not committed, so its slices need not reach the disk one by one: the
        // flusher writes the log out behind them, and the commit that makes the rows visible syncs what is left.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        super::super::open::watch_log(&mut db, &backend.log_frames)?;
        super::super::open::watch_leads(&mut db, &backend.changes)?;
        let path = backend.db.path().unwrap_or_default();
        let flusher = Flusher::start(Path::new(path), &backend.log_frames, &backend.file)?;
        Ok(Self { db, flusher, known: CategoryIds::default(), changes: backend.changes.clone() })
    }

    /// Writes as many leads as fit before `late`, in one transaction; returns what each did.
    pub(super) fn leads(
        &mut self,
        import: ImportId,
        rows: &[StagedRow],
        policy: StagePolicy,
        late: &dyn Fn() -> bool,
    ) -> Result<(Vec<Placed>, StageCounts)> {
        let mut placed = Vec::with_capacity(rows.len());
        let counts = self.slice(import, policy, |slice| {
            for rows in rows.chunks(MANY) {
                slice.write_leads(rows, &mut placed)?;
                if late() {
                    break;
                }
            }
            Ok(())
        })?;
        Ok((placed, counts))
    }

    /// Enters numbers and writes contacts likewise; returns how many rows it took.
    pub(super) fn numbers(
        &mut self,
        import: ImportId,
        rows: &[NumberRow],
        policy: StagePolicy,
        reached: &mut Reached,
        late: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)> {
        let mut consumed = 0;
        let counts = self.slice(import, policy, |slice| {
            for rows in chunks(rows) {
                slice.write_numbers(rows, reached)?;
                consumed += rows.len();
                if late() {
                    break;
                }
            }
            Ok(())
        })?;
        Ok((consumed, counts))
    }

    /// Somebody else wrote beside it.
    pub(in crate::sqlite) fn slice_written(&self) {
        self.flusher.slice_written();
    }

    /// One of those it remembers is gone.
    pub(in crate::sqlite) fn forget_categories(&mut self) {
        self.known.forget();
    }

    fn slice(
        &mut self,
        import: ImportId,
        policy: StagePolicy,
        write: impl FnOnce(&mut Slice<'_>) -> rusqlite::Result<()>,
    ) -> Result<StageCounts> {
        let doing = "stage rows";
        self.transact(doing, |tx, known| {
            let mut context = read(tx, import)?;
            if context.state != "staging" {
                return Err(Error::ImportStopped { reason: ended(&context.state) });
            }
            let mut slice = Slice::new(tx, known, import, &context, policy).doing(doing)?;
            write(&mut slice).doing(doing)?;
            let counts = slice.counts;
            drop(slice);
            if counts.inserted > 0 {
                context.last_position += counts.inserted.cast_signed();
                let sql = "UPDATE lists SET last_position = ?2 WHERE id = ?1";
                exec(tx, sql, (context.list, context.last_position)).doing(doing)?;
            }
            Ok(counts)
        })
    }

    /// Runs `work` in one transaction; the flusher writes it out.
    pub(super) fn transact<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection, &mut CategoryIds) -> Result<T>,
    ) -> Result<T> {
        let tx = Writing::begin(&self.db).doing(doing)?;
        let result =
            work(&self.db, &mut self.known).and_then(|value| tx.commit().doing(doing).map(|()| value));
        match result.is_ok() {
            true => self.changes.commit(),
            false => self.changes.rollback(),
        }
        self.flusher.slice_written();
        result
    }
}

/// Cuts rows, which are in the order of their numbers, into pieces of at most [`MANY`], none of which has a number twice or a
/// number that an earlier row of it brings as a further one: a later row has to find what an earlier one wrote.
fn chunks(mut rows: &[NumberRow]) -> impl Iterator<Item = &[NumberRow]> {
    std::iter::from_fn(move || {
        let mut end = rows.len().min(1);
        let mut further = false;
        while end < MANY
            && let Some([row, next]) = end.checked_sub(1).and_then(|at| rows.get(at..=end))
        {
            further |= !row.row.extra_phones.is_empty();
            let taken = row.row.phone == next.row.phone
                || further && rows.iter().take(end).any(|row| brings(row, &next.row.phone));
            if taken {
                break;
            }
            end += 1;
        }
        let (chunk, rest) = rows.split_at(end);
        rows = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn brings(row: &NumberRow, phone: &Phone) -> bool {
    row.row.extra_phones.iter().any(|further| further.phone == *phone)
}
