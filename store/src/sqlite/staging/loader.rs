//! The connection that stages rows.
//!
//! Eight look-ups of foreign keys a row would prove nothing; a test asks SQLite for broken references. It runs no triggers either: it keeps
//! `lead_numbers` itself. A power cut takes an import back that was not committed; the commit that makes its rows visible syncs what is left.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::super::beside::Beside;
use super::super::{SqliteBackend, exec};
use super::category::CategoryIds;
use super::many::MANY;
use super::reached::Reached;
use super::slice::Slice;
use super::{IMPORT_CACHE_KIB, ended, read};
use crate::error::{Doing, Error, Result};
use crate::id::ImportId;
use crate::phone::Phone;
use crate::staging::{NumberRow, Placed, StageCounts, StagePolicy, StagedRow};

/// Writes staged rows while an import runs.
pub(in crate::sqlite) struct Loader {
    pub(in crate::sqlite) beside: Beside,
    known: CategoryIds,
}

impl Loader {
    pub(super) fn open(backend: &SqliteBackend) -> rusqlite::Result<Self> {
        let beside = Beside::open(backend, IMPORT_CACHE_KIB)?;
        let db = &beside.db;
        // Numbers of leads are entered when all are staged, not with each.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        // Every value was checked where the file was read, by stricter rules than the schema's.
        db.pragma_update(None, "ignore_check_constraints", true)?;
        // Nothing of a statement goes through a file in the folder of temporary files.
        db.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(Self { beside, known: CategoryIds::default() })
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
        let Self { beside, known } = self;
        beside.transact(doing, &beside.flusher, |db| work(db, known))
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
