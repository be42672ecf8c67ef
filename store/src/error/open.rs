//! Why a database is not opened.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::Error;

/// Why a database could not be opened. Nothing in the file was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another daemon has it open.
    #[error("{} is in use by another kakeru; stop that one first", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A newer kakeru wrote it.
    #[error(
        "{} was written by a newer kakeru (schema {found}, this one knows {known}); install the newer version or restore a backup",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The last version known here.
        known: i64,
    },
    /// It is damaged or not a database.
    #[error(
        "{} is damaged or not a kakeru database ({detail}); it was left as it is: move it and its -wal file aside together, keep them, and restore a backup",
        path.display()
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What the check found.
        detail: String,
    },
    /// A copy that is to be restored is damaged or none. The database is as it was.
    #[error("{} is damaged or no copy of a kakeru database ({detail}); use another copy", path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// What the check found.
        detail: String,
    },
    /// A copy that is to be restored cannot be read. The database is as it was.
    #[error("cannot read {}", path.display())]
    CopyFile {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file or its folder cannot be used.
    #[error("cannot open {}; check that the folder exists and is writable", path.display())]
    Io {
        /// The database or its lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A database of an earlier version is kept as it was before it is brought to the newer schema, and there is no room for that.
    #[error(
        "no room beside {} to keep it as it was and bring it to the newer schema: {needed} bytes are needed, {free} are free",
        path.display()
    )]
    NoRoom {
        /// The database.
        path: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// SQLite refused.
    #[error("cannot open {} ({doing})", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "E-STORE-IN-USE",
            Self::NoRoom { .. } => "E-DISK-FULL",
            Self::Newer { .. } => "E-STORE-NEWER",
            Self::Corrupt { .. } => "E-STORE-CORRUPT",
            Self::Copy { .. } => "E-BACKUP-CORRUPT",
            Self::CopyFile { .. } => "E-FILE",
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "E-DISK-FULL",
                _ => "E-DISK-IO",
            },
            Self::Sqlite { source, .. } => match Error::from_sqlite_ref(source) {
                Some(code) => code,
                None => "E-STORE",
            },
        }
    }

    /// Which file it is and what exactly is wrong, without what to do about it: that goes with the code, in the reader's language.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::InUse { path } => path.display().to_string(),
            Self::Newer { path, found, known } => {
                format!("{}: schema {found}, this one knows {known}", path.display())
            }
            Self::Corrupt { path, detail } | Self::Copy { path, detail } => {
                format!("{}: {detail}", path.display())
            }
            Self::Io { path, source } | Self::CopyFile { path, source } => {
                format!("{}: {source}", path.display())
            }
            Self::Sqlite { path, doing, source } => format!("{}: {doing}: {source}", path.display()),
            Self::NoRoom { path, needed, free } => {
                format!("{}: {needed} bytes for a copy and the upgrade, {free} are free", path.display())
            }
        }
    }
}
