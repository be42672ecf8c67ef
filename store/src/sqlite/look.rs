//! Looking for damage in a database that is too large to be looked at before the start.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::open::{BUSY_TIMEOUT, QUICK_CHECK_BYTES};
use super::{all, damaged};
use crate::error::{Doing, Result};
use crate::progress::Progress;

/// Looks through every table of the database at `path` and its indexes, on a connection of its own and slowly: most of the time it
/// rests. Ends early when `progress` is stopped; tables are counted there. A small database was looked at when it was opened.
///
/// # Errors
/// [`crate::Error::Corrupt`] for the first damage, storage errors.
pub(crate) fn look(path: &Path, progress: &Progress) -> Result<()> {
    if path.metadata().is_ok_and(|file| file.len() <= QUICK_CHECK_BYTES) {
        return Ok(());
    }
    match walk(path, progress) {
        // However the interruption came out.
        Err(_) if progress.is_stopped() => Ok(()),
        result => result,
    }
}

fn walk(path: &Path, progress: &Progress) -> Result<()> {
    let doing = "look for damage";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).doing(doing)?;
    db.busy_timeout(BUSY_TIMEOUT).doing(doing)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB).doing(doing)?;
    let (stop, mut pace) = (progress.clone(), Pace::begin());
    let rest = move || {
        pace.rest();
        stop.is_stopped()
    };
    db.progress_handler(STEPS, Some(rest)).doing(doing)?;
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage";
    let tables: Vec<String> = all(&db, sql, [], |row| row.get(0)).doing(doing)?;
    progress.set(0, tables.len() as u64);
    // Table by table: the log can be emptied between two.
    for table in std::iter::once("sqlite_schema").chain(tables.iter().map(String::as_str)) {
        let mut found = None;
        let looked = db.pragma(None, "quick_check", table, |row| {
            found.get_or_insert(row.get::<_, String>(0)?);
            Ok(())
        });
        looked.doing(doing)?;
        if let Some(line) = found.filter(|line| line != "ok") {
            return Err(damaged(&line));
        }
        progress.count(1);
    }
    Ok(())
}

/// Works a little, then rests four times as long.
struct Pace {
    began: Instant,
}

#[expect(clippy::disallowed_methods, reason = "the pace of a look that nothing is decided by")]
impl Pace {
    fn begin() -> Self {
        Self { began: Instant::now() }
    }

    fn rest(&mut self) {
        let worked = self.began.elapsed();
        if worked >= WORK {
            std::thread::park_timeout((worked * REST).min(LONGEST_REST));
            self.began = Instant::now();
        }
    }
}

const WORK: Duration = Duration::from_millis(5);
const REST: u32 = 4;
/// After work that a busy machine drew out.
const LONGEST_REST: Duration = Duration::from_millis(200);
/// Pages, or steps of SQLite's machine, between two looks at the time.
const STEPS: i32 = 100;
/// Each page is read once.
const CACHE_KIB: i64 = 64;
