//! Putting a copy in the place of the database, so that a crash at any moment leaves one of the two, whole.
//!
//! The copy is made beside the database first. Once it is whole and on disk it gets a name that says so, and with that the restore
//! is decided: a crash from then on is made up for by whoever opens the database next ([`finish`]). The database keeps its name
//! until the copy takes it in one step, so that nobody finds none and begins an empty one. What may not go back with the rest is
//! taken over from the database that is there ([`carried`](super::carried)).

use std::fs::{self, File, OpenOptions as FileOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use super::alive::Alive;
use super::audit_log::audit_by;
use super::backup::{copy as copy_pages, sync_folder};
use super::carried::{self, Carried};
use super::migrate::{APPLICATION_ID, NEWEST};
use super::open::{self, PRIVATE};
use super::own_files::{Owner, is_same, with_suffix};
use crate::error::{Error, OpenError};
use crate::model::Actor;

type Result<T> = std::result::Result<T, OpenError>;

/// What [`restore`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the database that was there is now; `None` when there was none.
    pub kept: Option<PathBuf>,
    /// Version of the schema that the copy had; it has the newest now.
    pub schema: i64,
    /// What it has of the database that was there; `None` where there was none, or nothing of it can be read.
    pub carried: Option<Carried>,
}

/// Puts a copy in the place of the database at `database`. What was there is moved aside under a name with `stamp`, never
/// deleted, nor is one that has that name already. Nothing is changed unless the copy is whole and not of a newer version; killed at any moment it leaves the old
/// database or the restored one, whose audit log has who restored it, when (UTC milliseconds) and from which file. Numbers that
/// are on the do-not-call list now stay there, and what leaves the box is numbered on.
///
/// # Errors
/// [`OpenError::InUse`] while a daemon has the database open; [`OpenError::Copy`], [`OpenError::CopyFile`] and
/// [`OpenError::Newer`] for the copy; [`OpenError::Io`] and [`OpenError::Sqlite`] for the place.
pub fn restore(copy: &Path, database: &Path, stamp: &str, by: Actor, now: i64) -> Result<Restored> {
    restore_told(copy, database, stamp, (by, now), &mut |_, _| {})
}

/// [`restore`], which tells how many pages of how many are copied; of none while the copy is looked at, which comes first.
///
/// # Errors
/// Those of [`restore`].
pub fn restore_told(
    copy: &Path,
    database: &Path,
    stamp: &str,
    (by, now): (Actor, i64),
    told: &mut dyn FnMut(u64, u64),
) -> Result<Restored> {
    let owner = Owner::of(&whole_name(database));
    let lock = open::lock(database)?;
    owner.has(&lock, &with_suffix(database, ".lock")).map_err(failed(database))?;
    let part = with_suffix(&whole_name(database), UNFINISHED);
    if is_same(copy, &part) {
        let source = io::Error::other("a restore writes there; give the copy another name");
        return Err(OpenError::CopyFile { path: copy.to_owned(), source });
    }
    // One that was cut short comes before this one.
    finish(database)?;
    let database = &whole_name(database);
    told(0, 0);
    let schema = inspect(copy)?;
    let noted = fill(copy, &part, owner, told).and_then(|()| note(copy, &part, database, by, now));
    let (last, carried) = noted.inspect_err(|_| remove(&part))?;
    let decided = with_suffix(database, &format!("{DECIDED}{}", free_stamp(database, stamp)));
    fs::rename(&part, &decided).and_then(|()| sync_folder(database)).map_err(failed(&decided))?;
    let kept = finish(database)?;
    // A call that was under way when the copy was made did not last until the daemon last ran.
    Alive::of(lock).write(last);
    Ok(Restored { kept, schema, carried })
}

/// Finishes what was decided, and removes the copy of a restore that was not. Returns where the old database is if there was
/// something to finish. The caller holds the lock.
pub(super) fn finish(database: &Path) -> Result<Option<PathBuf>> {
    let database = &whole_name(database);
    remove(&with_suffix(database, UNFINISHED));
    let mut kept = None;
    for (decided, stamp) in decided(database).map_err(failed(database))? {
        let aside = |suffix: &str| with_suffix(database, &format!("{ASIDE}{stamp}{suffix}"));
        let there = |path: &Path| path.symlink_metadata().is_ok();
        if there(database) && !there(&aside("")) {
            // A second name, or a second file where the file system has none: the database keeps its own meanwhile. Only where
            // there is no room for that it is missing until the copy takes its place.
            fs::hard_link(database, aside(""))
                .or_else(|_| twin(database, &aside("")))
                .or_else(|_| fs::rename(database, aside("")))
                .map_err(failed(&aside("")))?;
        }
        // The log is the old database's, and must never be read into the copy.
        for suffix in ["-wal", "-shm", "-journal"] {
            let old = with_suffix(database, suffix);
            if there(&old) {
                fs::rename(&old, aside(suffix)).map_err(failed(&old))?;
            }
        }
        sync_folder(database).map_err(failed(database))?;
        fs::rename(&decided, database).map_err(failed(database))?;
        sync_folder(database).map_err(failed(database))?;
        kept = Some(aside("")).filter(|aside| there(aside));
    }
    Ok(kept)
}

/// The stamp, with a number behind it where a database that was moved aside has it already: none takes the place of another.
fn free_stamp(database: &Path, stamp: &str) -> String {
    let taken = |stamp: &str| {
        let there = |name: String| with_suffix(database, &name).symlink_metadata().is_ok();
        ["", "-wal"].iter().any(|end| there(format!("{ASIDE}{stamp}{end}")))
            || there(format!("{DECIDED}{stamp}"))
    };
    let mut free = stamp.to_owned();
    let mut number = 2_u32;
    while taken(&free) {
        free = format!("{stamp}_{number}");
        number += 1;
    }
    free
}

/// A copy of a file, which gets its name when it is whole and on disk.
fn twin(file: &Path, aside: &Path) -> io::Result<()> {
    let part = with_suffix(aside, UNFINISHED);
    let made = fs::copy(file, &part)
        .and_then(|_| {
            let made = File::open(&part)?;
            Owner::of(file).has(&made, &part)?;
            made.sync_all()
        })
        .and_then(|()| fs::rename(&part, aside));
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made
}

/// Copies that only wait for their name, with their stamps, the oldest first.
fn decided(database: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let Some(name) = database.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let prefix = format!("{name}{DECIDED}");
    let folder = database.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if let Some(stamp) = file.file_name().to_str().and_then(|name| name.strip_prefix(&prefix)) {
            found.push((file.path(), stamp.to_owned()));
        }
    }
    found.sort();
    Ok(found)
}

/// Copies the pages, with what stands in a log beside the copy: a database that was moved aside has one.
fn fill(copy: &Path, part: &Path, owner: Owner, told: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let file =
        FileOptions::new().create_new(true).write(true).mode(PRIVATE).open(part).map_err(failed(part))?;
    // What SQLite makes beside it for root is of the same owner.
    owner.has(&file, part).map_err(failed(part))?;
    drop(file);
    let mut copied = |done, total| {
        told(done, total);
        true
    };
    copy_pages(copy, part, &mut copied).map_err(|error| match error {
        Error::Corrupt(source) => OpenError::Copy { path: copy.to_owned(), detail: source.to_string() },
        Error::File { source, .. } => OpenError::Io { path: part.to_owned(), source },
        Error::DiskFull(source)
        | Error::Io(source)
        | Error::Locked(source)
        | Error::Internal { source, .. } => {
            OpenError::Sqlite { path: part.to_owned(), doing: "copy the backup", source }
        }
        other => OpenError::Io { path: part.to_owned(), source: io::Error::other(other) },
    })?;
    Ok(())
}

/// The audit log's row: of a restore that is decided, since nobody sees the copy before. Whoever opens the database next brings it
/// to the newest version, so this has to know the older ones. Returns the last moment that the copy knows of (UTC milliseconds), and
/// what was taken over from `present`.
fn note(copy: &Path, part: &Path, present: &Path, by: Actor, now: i64) -> Result<(i64, Option<Carried>)> {
    let sqlite = |source| OpenError::Sqlite { path: part.to_owned(), doing: "note the restore", source };
    let db = Connection::open(part).map_err(sqlite)?;
    let last = "SELECT max((SELECT ifnull(max(at), 0) FROM audit), (SELECT ifnull(max(claimed_at), 0) FROM attempts),
                  (SELECT ifnull(max(ended_at), 0) FROM attempts), (SELECT ifnull(max(answered_at), 0) FROM attempts))";
    let last: i64 = db.query_row(last, [], |r| r.get(0)).map_err(sqlite)?;
    let carried = carried::over(&db, present, now).map_err(sqlite)?;
    let carry = carried.as_ref().map_or_else(|| json!({}), Carried::json);
    let from = std::path::absolute(copy).unwrap_or_else(|_| copy.to_owned()).display().to_string();
    let has_uid = "SELECT count(*) FROM pragma_table_info('audit') WHERE name = 'uid'";
    let has_uid: i64 = db.query_row(has_uid, [], |r| r.get(0)).map_err(sqlite)?;
    let noted = if has_uid > 0 {
        audit_by(&db, now, by, RESTORE, &from, &carry)
    } else {
        let sql = "INSERT INTO audit (at, user_id, action, object, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
        let detail = json!({ "uid": by.uid }).to_string();
        db.execute(sql, (now, by.user, RESTORE, &from, detail)).map(drop)
    };
    noted.map_err(sqlite)?;
    db.close().map_err(|(_, source)| sqlite(source))?;
    File::open(part).and_then(|file| file.sync_all()).map_err(failed(part))?;
    Ok((last, carried))
}

/// Whose file it is, of which version, and whether it is whole; returns the version.
fn inspect(copy: &Path) -> Result<i64> {
    let path = || copy.to_owned();
    let meta = fs::metadata(copy).map_err(|source| OpenError::CopyFile { path: path(), source })?;
    let corrupt = |detail: String| OpenError::Copy { path: path(), detail };
    if !meta.is_file() || meta.len() == 0 {
        return Err(corrupt("not a database".to_owned()));
    }
    let read = |error| match open::blame(copy, "read the backup", error) {
        OpenError::Corrupt { path, detail } => OpenError::Copy { path, detail },
        OpenError::Io { path, source } => OpenError::CopyFile { path, source },
        other => other,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(copy, flags).map_err(read)?;
    let number = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).map_err(read);
    if number("PRAGMA application_id")? != APPLICATION_ID {
        return Err(corrupt("the file belongs to another program".to_owned()));
    }
    let found = number("PRAGMA user_version")?;
    if found > NEWEST {
        return Err(OpenError::Newer { path: path(), found, known: NEWEST });
    }
    let answer: String = db.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0)).map_err(read)?;
    if answer == "ok" { Ok(found) } else { Err(corrupt(answer)) }
}

/// SQLite keeps its log beside the file itself, wherever links lead from.
fn whole_name(database: &Path) -> PathBuf {
    database.canonicalize().unwrap_or_else(|_| database.to_owned())
}

fn remove(part: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        // Usually there is none.
        let _ = fs::remove_file(with_suffix(part, suffix));
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}

/// What the audit log calls it.
const RESTORE: &str = "store.restore";
/// What was there; the stamp follows.
const ASIDE: &str = ".before-";
/// The copy while it is made.
const UNFINISHED: &str = ".restore";
/// The copy when it is whole and on disk; the stamp follows.
const DECIDED: &str = ".restored-";
