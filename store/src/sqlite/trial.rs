//! A database of its own for an import that is only looked at: copies of what its rows touch, and nothing else.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{exec, migrate, open};
use crate::error::{Doing, Error, Result};
use crate::id::{ImportId, ListId};
use crate::phone::Phone;

/// Copies of the leads and contacts, or of the do-not-call entries, that have certain numbers. The live database is only read.
pub(crate) struct Trial {
    db: Connection,
    folder: Folder,
    list: Option<ListId>,
}

/// The folder goes with everything in it.
pub(crate) struct Folder(PathBuf);

impl Trial {
    /// Makes it beside the live database, where there is room for it, with the list if it is there.
    ///
    /// # Errors
    /// [`Error::File`], storage errors.
    pub(crate) fn begin(live: &Path, list: Option<ListId>, now: i64) -> Result<Self> {
        let doing = "set up a trial";
        let folder = Folder(beside(live, &ImportId::generate(now).to_string()));
        let failed = |source| Error::File { path: folder.0.clone(), source };
        DirBuilder::new().mode(PRIVATE_FOLDER).create(&folder.0).map_err(failed)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(folder.database(), flags).doing(doing)?;
        open::prepare(&db, CACHE_KIB).doing(doing)?;
        migrate::migrate(&mut db).map_err(|error| match error {
            migrate::MigrateError::Sqlite { source, .. } => Error::Internal { doing, source },
            migrate::MigrateError::Newer { .. } | migrate::MigrateError::Foreign => {
                failed(io::Error::other("not a new database"))
            }
        })?;
        // Nothing of it has to outlive the process, and what the copies refer to is not copied.
        db.pragma_update(None, "synchronous", "OFF").doing(doing)?;
        db.pragma_update(None, "foreign_keys", false).doing(doing)?;
        exec(&db, "ATTACH DATABASE ?1 AS live", [read_only(live)]).doing(doing)?;
        let sql = "INSERT OR IGNORE INTO main.users (id, login, name, role, created_at, deleted_at)
                   SELECT id, login, name, role, created_at, deleted_at FROM live.users";
        exec(&db, sql, []).doing(doing)?;
        exec(&db, "INSERT OR IGNORE INTO main.projects SELECT * FROM live.projects", []).doing(doing)?;
        exec(&db, "INSERT OR IGNORE INTO main.categories SELECT * FROM live.categories", []).doing(doing)?;
        exec(&db, "INSERT OR IGNORE INTO main.lists SELECT * FROM live.lists WHERE id = ?1", [list])
            .doing(doing)?;
        exec(&db, "INSERT INTO main.list_grants SELECT * FROM live.list_grants WHERE list_id = ?1", [list])
            .doing(doing)?;
        exec(&db, "INSERT INTO main.project_grants SELECT * FROM live.project_grants", []).doing(doing)?;
        // What is asked of the list's bin: by number only a walk through it would find them.
        let sql = "INSERT INTO main.leads SELECT * FROM live.leads
                   WHERE list_id = ?1 AND deleted_at IS NOT NULL AND (excluded = 1 OR attempts > 0)";
        exec(&db, sql, [list]).doing(doing)?;
        exec(&db, "INSERT INTO main.rests SELECT * FROM live.rests", []).doing(doing)?;
        // And of lists in the bin in whose place it is.
        let former = "SELECT b.id FROM live.lists l JOIN live.projects p ON p.id = l.project_id JOIN live.projects q ON q.name = p.name
                      JOIN live.lists b ON b.project_id = q.id AND b.name = l.name AND b.deleted_at > 0 WHERE l.id = ?1";
        let sql = format!("INSERT OR IGNORE INTO main.lists SELECT * FROM live.lists WHERE id IN ({former})");
        exec(&db, &sql, [list]).doing(doing)?;
        let sql = format!(
            "INSERT INTO main.leads SELECT * FROM live.leads WHERE list_id IN ({former}) AND excluded = 1 AND deleted_at IS NULL"
        );
        exec(&db, &sql, [list]).doing(doing)?;
        // How a site calls its results; the built-in ones are there.
        let sql =
            "INSERT OR REPLACE INTO main.dispositions SELECT * FROM live.dispositions WHERE builtin = 0";
        exec(&db, sql, []).doing(doing)?;
        Ok(Self { db, folder, list })
    }

    /// Copies what has these numbers, in one short transaction.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn bring(&mut self, phones: &[Phone]) -> Result<()> {
        let doing = "copy for a trial";
        let tx = self.db.unchecked_transaction().doing(doing)?;
        for phone in phones {
            if let Some(list) = self.list {
                bring_lead(&tx, list, phone).doing(doing)?;
            }
            bring_contact(&tx, phone).doing(doing)?;
        }
        tx.commit().doing(doing)
    }

    /// Copies the do-not-call entries of these numbers that hold.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn bring_dnc(&mut self, phones: &[String]) -> Result<()> {
        let doing = "copy for a trial";
        let tx = self.db.unchecked_transaction().doing(doing)?;
        for phone in phones {
            let sql = "INSERT INTO main.do_not_call SELECT * FROM live.do_not_call n
                       WHERE phone = ?1 AND revoked_at IS NULL AND NOT EXISTS (SELECT 1 FROM main.do_not_call d WHERE d.id = n.id)";
            exec(&tx, sql, [phone]).doing(doing)?;
        }
        tx.commit().doing(doing)
    }

    /// Lets go of the live database; the copies are in [`Folder::database`].
    pub(crate) fn ready(self) -> Folder {
        self.folder
    }
}

fn bring_lead(db: &Connection, list: ListId, phone: &Phone) -> rusqlite::Result<()> {
    let of =
        "FROM live.lead_numbers n JOIN live.leads d ON d.list_id = n.list_id AND d.position = n.position";
    let with = "WHERE n.phone = ?1 AND n.list_id = ?2";
    let values = (phone.expose(), list);
    if exec(db, &format!("INSERT OR IGNORE INTO main.leads SELECT d.* {of} {with}"), values)? > 0 {
        for table in ["lead_phones", "lead_categories"] {
            let sql = format!(
                "INSERT OR IGNORE INTO main.{table} SELECT f.* {of} JOIN live.{table} f ON f.lead_id = d.id {with}"
            );
            exec(db, &sql, values)?;
        }
    }
    let sql = "INSERT OR IGNORE INTO main.assignments SELECT * FROM live.assignments WHERE phone = ?1";
    exec(db, sql, [phone.expose()])?;
    Ok(())
}

fn bring_contact(db: &Connection, phone: &Phone) -> rusqlite::Result<()> {
    let of = "FROM live.contact_phones n";
    let with = "WHERE n.phone = ?1 AND n.live = 1";
    let values = [phone.expose()];
    let sql = format!(
        "INSERT OR IGNORE INTO main.contacts SELECT c.* {of} JOIN live.contacts c ON c.id = n.contact_id {with}"
    );
    if exec(db, &sql, values)? > 0 {
        for table in ["contact_phones", "contact_categories"] {
            let sql = format!(
                "INSERT OR IGNORE INTO main.{table} SELECT f.* {of} JOIN live.{table} f ON f.contact_id = n.contact_id {with}"
            );
            exec(db, &sql, values)?;
        }
    }
    Ok(())
}

impl Folder {
    /// Where the copies are.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("trial.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays goes with the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a process left that was killed. Only whoever holds the lock of the database calls it.
pub(super) fn sweep(live: &Path) {
    let Some(parent) = live.parent() else { return };
    let begin = beside(live, "");
    let begin = begin.file_name().unwrap_or_default().as_bytes();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(begin) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn beside(live: &Path, id: &str) -> PathBuf {
    let mut name = live.as_os_str().to_owned();
    name.push(".trial-");
    name.push(id);
    PathBuf::from(name)
}

/// As SQLite's file names are written that may not be written to.
fn read_only(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?mode=ro"
}

/// Only the owner looks into it.
const PRIVATE_FOLDER: u32 = 0o700;
/// Copying is in the order of the file, so little of what was read is read again.
const CACHE_KIB: u32 = 2048;
