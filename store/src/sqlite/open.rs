//! Opening: lock, checks, pragmas, migration.

use std::fs::{File, OpenOptions as FileOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Action;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::alive::Alive;
use super::view::Views;
use super::{Place, SqliteBackend, SqliteReader, before, due, fresh, migrate, restore, trial};
use crate::backend::Reader;
use crate::changes::Changes;
use crate::error::{Doing, OpenError, Result};
use crate::handle::OpenOptions;
use crate::id::{AttemptId, go_on_after};
use crate::progress::Progress;

/// Opens the writing connection.
pub(crate) fn open(path: &Path, options: &OpenOptions) -> std::result::Result<SqliteBackend, OpenError> {
    let lock = lock(path)?;
    if let Some(kept) = restore::finish(path)? {
        let kept = kept.display();
        tracing::warn!(%kept, "a restore was cut short and is finished now; what was there before is kept");
    }
    trial::sweep(path);
    fresh::make(path, options.recordings.as_deref())?;
    // Personal data: the file and what SQLite puts beside it are for the daemon's user only.
    let file = private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags).map_err(|e| blame(path, "open", e))?;
    prepare(&db, options.cache_kib).map_err(|e| blame(path, "set up", e))?;
    before::keep(path, &db)?;
    before::sweep(path);
    migrate::migrate(&mut db).map_err(|error| match error {
        migrate::MigrateError::Newer { found, known } => {
            OpenError::Newer { path: path.to_owned(), found, known }
        }
        migrate::MigrateError::Foreign => OpenError::Corrupt {
            path: path.to_owned(),
            detail: "the file belongs to another program".to_owned(),
        },
        migrate::MigrateError::Sqlite { doing, source } => blame(path, doing, source),
    })?;
    check(&db, path)?;
    due::teach(&db)
        .and_then(|()| due::watch(&db))
        .and_then(|()| due::judge(&mut db))
        .map_err(|e| blame(path, "judge numbers", e))?;
    let last = "SELECT max(id) FROM attempts WHERE length(id) = 16";
    let last: Option<AttemptId> =
        db.query_row(last, [], |r| r.get(0)).map_err(|e| blame(path, "look for the last call", e))?;
    go_on_after(last.map_or(0, |call| call.0));
    let place = Place::new(options.recordings.clone());
    place
        .teach(&db)
        .and_then(|()| place.adopt(&mut db))
        .map_err(|e| blame(path, "look for recordings", e))?;
    let log_frames = Arc::new(AtomicI32::new(0));
    watch_log(&mut db, &log_frames).map_err(|e| blame(path, "set up", e))?;
    let changes = Changes::default();
    watch_leads(&mut db, &changes).map_err(|e| blame(path, "set up", e))?;
    let mut backend = SqliteBackend {
        db,
        box_id: options.box_id.clone(),
        loader: None,
        bulk: None,
        flusher: None,
        log_frames,
        changes,
        stepped: Default::default(),
        profiles: Arc::new(options.profiles.clone()),
        place,
        log_tried: 0,
        log_has_room: false,
        file: Arc::new(file),
        alive: Alive::of(lock),
    };
    // Begins the log, so that the first call does not pay for its header.
    backend.checkpoint().map_err(|e| blame(path, "begin the log", e))?;
    Ok(backend)
}

/// Opens a read-only connection for long reads.
pub(crate) fn open_to_read(path: &Path, changes: &Changes, place: &Place) -> Result<Box<dyn Reader>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).doing("open for reading")?;
    db.busy_timeout(BUSY_TIMEOUT).doing("open for reading")?;
    place.teach(&db).doing("open for reading")?;
    due::teach(&db).doing("open for reading")?;
    db.pragma_update(None, "query_only", true).doing("open for reading")?;
    db.pragma_update(None, "cache_size", -READER_CACHE_KIB).doing("open for reading")?;
    steady_plans(&db).doing("open for reading")?;
    Ok(Box::new(SqliteReader { db, views: Views::new(changes), progress: Progress::default() }))
}

/// The same for a database whose recordings are nowhere in particular.
#[cfg(test)]
pub(crate) fn open_reader(path: &Path, changes: &Changes) -> Result<Box<dyn Reader>> {
    open_to_read(path, changes, &Place::default())
}

/// The file, made where there is none.
fn private(path: &Path) -> std::result::Result<File, OpenError> {
    FileOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(PRIVATE)
        .open(path)
        .map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

pub(super) fn lock(path: &Path) -> std::result::Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let failed = |source| OpenError::Io { path: lock_path.clone(), source };
    let file = private(&lock_path)?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                // A process that is just being started holds a copy of every open file until its program is loaded:
                // a lock given back a moment ago may seem taken.
                tries += 1;
                std::thread::park_timeout(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Tells which leads are changed; new ones are found by their position.
pub(super) fn watch_leads(db: &mut Connection, changes: &Changes) -> rusqlite::Result<()> {
    let changes = changes.clone();
    db.update_hook(Some(move |action: Action, _: &str, table: &str, row: i64| {
        if table == "leads" && action != Action::SQLITE_INSERT {
            changes.row(row);
        }
    }))
}

/// Keeps the number of frames in the log after each commit.
pub(super) fn watch_log(db: &mut Connection, frames: &Arc<AtomicI32>) -> rusqlite::Result<()> {
    let frames = Arc::clone(frames);
    // Replaces the automatic checkpoint, which would put a second sync into some unlucky call's commit.
    db.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        frames.store(pages, Ordering::Relaxed);
        Ok(())
    }))
}

/// Every pragma with its reason.
pub(super) fn prepare(db: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    // Readers beside the writer, and one sync per commit.
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // An acknowledged save survives a power cut, not only a crash.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // REPLACE fires the triggers that keep rows from being deleted.
    db.pragma_update(None, "recursive_triggers", true)?;
    // Checkpoints run while idle, see `SqliteBackend::checkpoint`.
    db.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    db.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    // Views and triggers of a tampered file may not call into us.
    db.pragma_update(None, "trusted_schema", false)?;
    steady_plans(db)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Plans must not look at bound values: with partial indexes SQLite would parse half of the cached statements anew at every use, which
/// made an import six times slower, and the rows of a page, each read by one statement, three times.
pub(super) fn steady_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// A quick look for damage. Small files are checked page by page; the start of a big one is not delayed, see
/// [`look`](super::look).
fn check(db: &Connection, path: &Path) -> std::result::Result<(), OpenError> {
    let bytes = path.metadata().map_or(0, |meta| meta.len());
    if bytes > QUICK_CHECK_BYTES {
        return Ok(());
    }
    let answer: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| blame(path, "check", source))?;
    if answer == "ok" {
        return Ok(());
    }
    Err(OpenError::Corrupt { path: path.to_owned(), detail: answer })
}

pub(super) fn blame(path: &Path, doing: &'static str, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Corrupt { path, detail: source.to_string() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse { path },
        Some(ErrorCode::CannotOpen) => OpenError::Io { path, source: io::Error::other(source) },
        _ => OpenError::Sqlite { path, doing, source },
    }
}

/// A daemon that is really there is told after this many pauses.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// Only the owner reads and writes.
pub(super) const PRIVATE: u32 = 0o600;
/// Nobody else should hold the file; backup programs may for a moment.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READER_CACHE_KIB: i64 = 512;
/// All statements of a day of calls fit, so that none is parsed twice; a test counts.
const STATEMENTS: usize = 64;
/// Checking this much takes about 10 ms.
pub(super) const QUICK_CHECK_BYTES: u64 = 4 << 20;
