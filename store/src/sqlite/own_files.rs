//! The files of a database, which nothing else may be written over.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
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

/// Whose the files of a database are: root puts a copy back for the user whose daemon is to open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// That of the file; of its folder where there is none, or where root left it in somebody else's folder.
    pub(super) fn of(file: &Path) -> Self {
        let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let of =
            |path: &Path| fs::metadata(path).ok().map(|found| Self { user: found.uid(), group: found.gid() });
        let file = of(file).filter(|owner| owner.user != 0);
        file.or_else(|| of(folder)).unwrap_or_else(|| Self {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
        })
    }

    /// Makes a file theirs that was opened by this name. Who is not root keeps their own. A link that leads elsewhere is nobody's here
    /// to give away: whoever owns the folder may have put it there.
    pub(super) fn has(self, file: &File, name: &Path) -> io::Result<()> {
        let (found, named) = (file.metadata()?, name.symlink_metadata()?);
        let is = Self { user: found.uid(), group: found.gid() };
        let same = (found.dev(), found.ino()) == (named.dev(), named.ino());
        if is == self || !same || !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        fchown(file, Some(self.user), Some(self.group))
    }
}

/// The database, what SQLite puts beside it, our lock, the copy that a restore makes, and the beginning of a new one.
const SUFFIXES: [&str; 7] = ["", "-wal", "-shm", "-journal", ".lock", ".restore", ".new"];
