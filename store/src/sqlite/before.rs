//! The database as it was before a migration: kept beside it for a while, so that one can go back to the older program.

use std::fs::{self, OpenOptions as FileOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use super::backup::{copy, sync_folder};
use super::migrate::{APPLICATION_ID, NEWEST};
use super::open::{PRIVATE, blame};
use super::own_files::with_suffix;
use crate::error::{Error, OpenError};

/// Copies a database that is about to be migrated, once there is room for the copy and for the migration. Returns where it is;
/// `None` where nothing is to be migrated.
pub(super) fn keep(path: &Path, db: &Connection) -> Result<Option<PathBuf>, OpenError> {
    let number = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| blame(path, "read the version", error))
    };
    let found = number("PRAGMA user_version")?;
    if number("PRAGMA application_id")? != APPLICATION_ID || found <= 0 || found >= NEWEST {
        return Ok(None);
    }
    // As large again is what a migration that touches every row writes to the log.
    let needed = 2 * (number("PRAGMA page_count")? * number("PRAGMA page_size")?).unsigned_abs();
    let kept = with_suffix(path, &format!("{KEPT}{found}"));
    let failed = |source| OpenError::Io { path: kept.clone(), source };
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(folder).map_err(|error| failed(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < needed {
        return Err(OpenError::NoRoom { path: path.to_owned(), needed, free });
    }
    let part = with_suffix(&kept, ".part");
    remove(&part);
    FileOptions::new().create_new(true).write(true).mode(PRIVATE).open(&part).map_err(failed)?;
    let made = copy(path, &part, &mut |_, _| true).map_err(|error| match error {
        Error::Corrupt(source) => OpenError::Corrupt { path: path.to_owned(), detail: source.to_string() },
        Error::DiskFull(source)
        | Error::Io(source)
        | Error::Locked(source)
        | Error::Internal { source, .. } => {
            OpenError::Sqlite { path: part.clone(), doing: "copy before the upgrade", source }
        }
        other => failed(io::Error::other(other)),
    });
    let made = made.and_then(|_| {
        fs::File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
        // One of an earlier upgrade from this version is older than the database.
        fs::rename(&part, &kept).and_then(|()| sync_folder(&kept)).map_err(failed)
    });
    made.inspect_err(|_| remove(&part))?;
    tracing::info!(
        kept = %kept.display(),
        "the database is kept as it was before the upgrade, for 30 days; to go back, install the older version and `kakeru restore` it"
    );
    Ok(Some(kept))
}

/// Removes copies that are older than 30 days, and what a copy that was cut short left.
pub(super) fn sweep(path: &Path) {
    for kept in copies(path) {
        remove(&with_suffix(&kept, ".part"));
        #[expect(
            clippy::disallowed_methods,
            reason = "the age of a file is told by the clock of the file system"
        )]
        let now = SystemTime::now();
        let made = kept.metadata().and_then(|file| file.modified());
        if made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > KEPT_FOR)) {
            match fs::remove_file(&kept) {
                Ok(()) => {
                    tracing::info!(kept = %kept.display(), "removed the copy from before an upgrade, 30 days later")
                }
                Err(error) => {
                    tracing::warn!(kept = %kept.display(), %error, "the copy from before an upgrade could not be removed");
                }
            }
        }
    }
}

/// Copies that lie beside a database, the oldest version first.
pub(super) fn copies(path: &Path) -> Vec<PathBuf> {
    (1..NEWEST)
        .map(|version| with_suffix(path, &format!("{KEPT}{version}")))
        .filter(|kept| kept.is_file())
        .collect()
}

fn remove(part: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        // Usually there is none.
        let _ = fs::remove_file(with_suffix(part, suffix));
    }
}

/// The version follows.
const KEPT: &str = ".v";
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
