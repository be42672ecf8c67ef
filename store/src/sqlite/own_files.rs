//! The files of a database, which nothing else may be written over.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Whether `path` is the database at `database` or a file that stands beside it, there or not yet, and however it is spelled:
/// through links of either kind, dots or another mount.
pub(crate) fn is_own(database: &Path, path: &Path) -> bool {
    let whole = database.canonicalize();
    let bases = [Some(database), whole.as_deref().ok()];
    let mut own =
        bases.into_iter().flatten().flat_map(|base| SUFFIXES.map(|suffix| with_suffix(base, suffix)));
    own.any(|own| is_same(&own, path))
}

/// Whether two paths lead to one file, or will.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    match (number(one), number(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => spelled(one).is_some_and(|one| spelled(other) == Some(one)),
    }
}

/// The path without links and dots, also of a file that is not there yet.
fn spelled(path: &Path) -> Option<PathBuf> {
    if let Ok(whole) = path.canonicalize() {
        return Some(whole);
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The database, what SQLite puts beside it, our lock, the copy that a restore makes, and the beginning of a new one.
const SUFFIXES: [&str; 7] = ["", "-wal", "-shm", "-journal", ".lock", ".restore", ".new"];
