//! The first start: a whole database, or none.
//!
//! Where recordings are there already it is none: the database is lost, and with it the do-not-call list. That is written into the
//! new one, to be told until somebody accepts it; a copy that is put back does not have it.

use std::fs::{self, OpenOptions as FileOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::backup::sync_folder;
use super::migrate;
use super::open::{PRIVATE, blame};
use super::own_files::with_suffix;
use super::{audit_by, exec, one};
use crate::error::{Doing, OpenError};
use crate::model::Actor;

/// Makes an empty database where there is none, under another name first: killed at any moment, it leaves none. So a
/// file without a byte is what is left of a database, and not the beginning of one: to begin anew in it would call
/// whoever is on its do-not-call list. `recordings` is their folder.
pub(super) fn make(path: &Path, recordings: Option<&Path>) -> Result<(), OpenError> {
    let lost = |detail: &str| Err(OpenError::Corrupt { path: path.to_owned(), detail: detail.to_owned() });
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() == 0 => return lost("the file is empty"),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {}
        // A link to nowhere, a folder that may not be read: told as before, by whoever opens it.
        Err(_) => return Ok(()),
    }
    if bytes(&with_suffix(path, "-wal")) > 0 {
        // SQLite would write the old log into the new file.
        return lost("the file is gone, its -wal is still there");
    }
    let new = with_suffix(path, ".new");
    let failed = |source| OpenError::Io { path: new.clone(), source };
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = FileOptions::new().create_new(true).write(true).mode(PRIVATE).open(&new).map_err(failed)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(&new, flags).map_err(|e| blame(&new, "open", e))?;
    // No log and no journal: nothing but the file itself is renamed, and it is worth nothing before.
    db.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(())).map_err(|e| blame(&new, "set up", e))?;
    migrate::migrate(&mut db).map_err(|error| match error {
        migrate::MigrateError::Sqlite { doing, source } => blame(&new, doing, source),
        migrate::MigrateError::Newer { .. } | migrate::MigrateError::Foreign => {
            failed(io::Error::other("not a new database"))
        }
    })?;
    let has_files = |folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    if recordings.is_some_and(has_files) {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, unixepoch() * 1000)";
        exec(&db, sql, [BEGUN_EMPTY]).map_err(|e| blame(&new, "begin", e))?;
    }
    drop(db);
    file.sync_all().map_err(failed)?;
    fs::rename(&new, path).and_then(|()| sync_folder(path)).map_err(failed)
}

/// When the database was begun although recordings were there, UTC milliseconds; `None`: it was not, or somebody accepted it.
pub(super) fn begun_empty(db: &Connection) -> rusqlite::Result<Option<i64>> {
    one(db, "SELECT value FROM meta WHERE key = ?1", [BEGUN_EMPTY], |r| r.get(0))
}

/// Somebody accepts it, which is written down where there was anything to accept.
pub(super) fn accept(db: &Connection, by: Actor, now: i64) -> crate::error::Result<()> {
    let doing = "accept the empty database";
    if exec(db, "DELETE FROM meta WHERE key = ?1", [BEGUN_EMPTY]).doing(doing)? == 0 {
        return Ok(());
    }
    audit_by(db, now, by, "store.accept_empty", "database", &serde_json::json!({})).doing(doing)
}

/// Its key in `meta`.
const BEGUN_EMPTY: &str = "begun_empty_at";
