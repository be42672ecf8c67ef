//! Copies of the database, made while it is used.

use std::fs::{self, File, OpenOptions as FileOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::backup::{Backup as Copy, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::open::PRIVATE;
use super::own_files::{is_own, with_suffix};
use crate::error::{Doing, Error, Result, Said};
use crate::model::Backup;

/// Copies the database at `source` into `target` as it is at this moment; calls go on. `told` hears pages done and pages in
/// all, and stops the copy by answering `false`. The file appears under its name when it is whole, checked and on disk. A file
/// that stands there is replaced with `force` only, and then at once; a file of the database itself never.
pub(crate) fn backup(
    source: &Path,
    target: &Path,
    force: bool,
    told: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Backup> {
    let doing = "back up";
    let failed = |source: io::Error| Error::File { path: target.to_owned(), source };
    may_stand_at(source, target, force)?;
    let part = with_suffix(target, ".part");
    begin(source, &part).map_err(failed)?;
    let made = copy(source, &part, told).and_then(|schema| {
        let file = File::open(&part).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        // Much may have happened while pages were copied.
        may_stand_at(source, target, force)?;
        fs::rename(&part, target).map_err(failed)?;
        sync_folder(target).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Backup { path: target.to_owned(), bytes, schema })
    });
    // The disk of the copy is not the database's: which file it is is all that matters.
    let made = made.map_err(|error| match error {
        Error::DiskFull(_) => failed(io::ErrorKind::StorageFull.into()),
        other => other,
    });
    if made.is_err() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(with_suffix(&part, suffix));
        }
        tracing::debug!(doing, "an unfinished copy was removed");
    }
    made
}

/// Whether a copy may get this name.
fn may_stand_at(source: &Path, target: &Path, force: bool) -> Result<()> {
    let path = || target.to_owned();
    if is_own(source, target) {
        return Err(Error::OwnFile { path: path() });
    }
    match target.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) if !force => Err(Error::Exists { path: path() }),
        // A link is replaced, not what it leads to. A device or a folder is no place for a copy.
        Ok(found) if found.is_file() || found.is_symlink() => Ok(()),
        Ok(_) => Err(Error::File { path: path(), source: io::Error::other("it is not a plain file") }),
    }
}

/// An empty file to copy into. What lies there is of a copy that was cut short.
fn begin(source: &Path, part: &Path) -> io::Result<()> {
    if is_own(source, part) {
        return Err(io::Error::other(format!("{} is a file of the database", part.display())));
    }
    // Not written over: through a link that would go elsewhere.
    if part.symlink_metadata().is_ok() {
        fs::remove_file(part)?;
    }
    // Personal data: for the daemon's user only.
    FileOptions::new().create_new(true).write(true).mode(PRIVATE).open(part).map(drop)
}

/// Copies pages, and checks them; what is in the log of `source` comes along.
pub(super) fn copy(source: &Path, part: &Path, told: &mut dyn FnMut(u64, u64) -> bool) -> Result<i64> {
    let doing = "back up";
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(source, flags).doing(doing)?;
    // Reading holds one state of the database: without it every commit of a call would begin the copy anew.
    let reading = source.unchecked_transaction().doing(doing)?;
    let schema: i64 = reading.query_row("PRAGMA user_version", [], |r| r.get(0)).doing(doing)?;
    let mut target = Connection::open(part).doing(doing)?;
    {
        let copy = Copy::new(&reading, &mut target).doing(doing)?;
        loop {
            let step = copy.step(STEP_PAGES).doing(doing)?;
            let progress = copy.progress();
            let (left, all) = (i64::from(progress.remaining), i64::from(progress.pagecount));
            if !told((all - left).max(0).unsigned_abs(), all.max(0).unsigned_abs()) {
                return Err(Error::ImportStopped {
                    reason: Said::fixed("バックアップを中止しました", "the backup was cancelled"),
                });
            }
            match step {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => std::thread::park_timeout(PAUSE),
                _ => {}
            }
        }
    }
    // A file of its own, with nothing beside it, and known to be whole.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).doing(doing)?;
    let answer: String = target.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).doing(doing)?;
    target.close().map_err(|(_, source)| source).doing(doing)?;
    if answer == "ok" {
        return Ok(schema);
    }
    // Either the database is damaged, or the disk of the copy does not keep what it is given.
    let own: String = reading.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).doing(doing)?;
    if own == "ok" {
        let source = io::Error::new(io::ErrorKind::InvalidData, format!("the copy is damaged: {answer}"));
        return Err(Error::File { path: part.to_owned(), source });
    }
    Err(damaged(&own))
}

pub(super) fn damaged(answer: &str) -> Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Error::Corrupt(rusqlite::Error::SqliteFailure(code, Some(answer.to_owned())))
}

/// A name is on disk when its folder is.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Pages copied between two looks at the progress: 4 MiB.
const STEP_PAGES: i32 = 1024;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
