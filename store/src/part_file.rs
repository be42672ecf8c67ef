//! Files that have another name, `NAME.part`, until they are whole: one at a time is written, and what a crash left gives way to the
//! next.
//!
//! Whoever writes one holds a lock on it (flock), which the end of the process takes away with everything else: a file that nobody
//! has locked is nobody's.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Begins a file under this name, in place of one that a crash left. Nobody else begins it until all copies of the handle are closed.
///
/// # Errors
/// [`io::ErrorKind::ResourceBusy`] while somebody else writes it; what the system says of it.
pub fn begin(part: &Path, mode: u32) -> io::Result<File> {
    clear(part)?;
    // Through no link that somebody puts there meanwhile.
    let created = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(part);
    let file = created.map_err(|error| match error.kind() {
        // Another one came before.
        io::ErrorKind::AlreadyExists if part.is_file() => busy(),
        _ => error,
    })?;
    match lock(&file)? {
        // Somebody who saw it before it was locked has taken it for one that was left.
        Lock::Taken => Err(busy()),
        Lock::Held if !is_at(&file, part)? => Err(busy()),
        Lock::Held | Lock::Unknown => Ok(file),
    }
}

/// The lock of a file that is being written, which copies share: it goes with the last of them.
#[derive(Clone, Debug, Default)]
pub struct Writing(Arc<Mutex<Option<File>>>);

impl Writing {
    /// Keeps the file's lock beyond the file, and lets go of that of an earlier one.
    pub(crate) fn keep(&self, file: &File) -> io::Result<()> {
        let kept = file.try_clone()?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(())
    }
}

/// No part of what is asked for, so all are equal.
impl PartialEq for Writing {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Writing {}

/// Takes away what was left under the name. What is no file stays.
fn clear(part: &Path) -> io::Result<()> {
    let there = match part.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there?,
    };
    if there.is_symlink() {
        return fs::remove_file(part);
    }
    if !there.is_file() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let left = match File::open(part) {
        // It got its name, or somebody took it away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        left => left?,
    };
    match lock(&left)? {
        Lock::Taken => Err(busy()),
        Lock::Held if !is_at(&left, part)? => Err(busy()),
        Lock::Held | Lock::Unknown => fs::remove_file(part),
    }
}

enum Lock {
    Held,
    /// By somebody else.
    Taken,
    /// A file system without locks.
    Unknown,
}

fn lock(file: &File) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(Lock::Held),
        Err(TryLockError::WouldBlock) => Ok(Lock::Taken),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => lock(file),
        Err(TryLockError::Error(_)) => Ok(Lock::Unknown),
    }
}

/// Whether it still has this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        there => there.map(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())),
    }
}

fn busy() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "somebody else is writing it; try again when that is done")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn one_at_a_time_writes_and_what_was_left_gives_way() {
        let dir = tempfile::tempdir().unwrap();
        let part = dir.path().join("a.csv.part");
        fs::write(&part, "of a process that was killed").unwrap();
        let mut first = begin(&part, 0o600).unwrap();
        first.write_all(b"first").unwrap();
        assert_eq!(begin(&part, 0o600).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(fs::read(&part).unwrap(), b"first", "the other one is left alone");
        let writing = Writing::default();
        writing.keep(&first).unwrap();
        drop(first);
        let copy = writing.clone();
        drop(writing);
        assert_eq!(begin(&part, 0o600).unwrap_err().kind(), io::ErrorKind::ResourceBusy, "a copy holds it");
        drop(copy);
        drop(begin(&part, 0o600).unwrap());
        assert_eq!(fs::read(&part).unwrap(), b"");
        // Once it has its name, the next begins.
        let placed = begin(&part, 0o600).unwrap();
        fs::rename(&part, dir.path().join("a.csv")).unwrap();
        assert!(begin(&part, 0o600).is_ok());
        drop(placed);
    }

    #[test]
    fn links_and_folders_are_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (part, other) = (dir.path().join("a.part"), dir.path().join("other"));
        fs::write(&other, "other").unwrap();
        std::os::unix::fs::symlink(&other, &part).unwrap();
        drop(begin(&part, 0o600).unwrap());
        assert_eq!(fs::read(&other).unwrap(), b"other");
        fs::remove_file(&part).unwrap();
        fs::create_dir(&part).unwrap();
        assert!(begin(&part, 0o600).is_err());
        assert!(part.is_dir());
    }
}
