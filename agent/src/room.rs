//! Whether there is room on the disk, found out by taking it.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use protocol::ErrorCode;

use crate::off_thread::off_thread;

/// A folder that has no room for a file of [`ROOM_BYTES`].
#[derive(Debug, thiserror::Error)]
#[error("no room for {} MiB in {}: {source}", ROOM_BYTES >> 20, folder.display())]
pub(crate) struct NoRoom {
    folder: PathBuf,
    source: io::Error,
}

impl NoRoom {
    /// What the system said.
    pub(crate) const fn source(&self) -> &io::Error {
        &self.source
    }

    /// The stable code.
    pub(crate) fn code(&self) -> ErrorCode {
        match self.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
            _ => ErrorCode::DiskIo,
        }
    }
}

/// Writes a file of [`ROOM_BYTES`] in a folder and drops it. `folder` may look at the disk, which may hang.
///
/// The file has lost its name before its first byte is written, so that whatever happens leaves nothing behind. The
/// figures of the file system are not asked: a quota, a reserve or snapshots make them lie.
///
/// # Errors
/// [`NoRoom`] where it cannot.
pub(crate) async fn probe(folder: impl FnOnce() -> PathBuf + Send + 'static) -> Result<(), NoRoom> {
    let looked = off_thread(move || {
        let folder = folder();
        take(&folder, ROOM_BYTES).map_err(|source| NoRoom { folder, source })
    });
    // Only a runtime that ends refuses.
    looked.await.unwrap_or(Ok(()))
}

/// Whether a folder takes a file at all, for a start that waits for it: a block, which no disk is waited for.
///
/// # Errors
/// What the system says.
pub(crate) fn try_write(folder: &Path) -> io::Result<()> {
    take(folder, 0)
}

/// Whether a folder, or the one that is there of those above it, could be written to; nothing is made.
///
/// # Errors
/// What the system says.
pub(crate) fn look(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    // What an empty name stands for is this folder.
    let above = folder.ancestors().filter(|path| !path.as_os_str().is_empty());
    for path in above {
        match path.metadata() {
            Ok(meta) if meta.is_dir() => {
                return Ok(accessat(CWD, path, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?);
            }
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn take(folder: &Path, bytes: usize) -> io::Result<()> {
    crate::private::make(folder, crate::private::OWNER)?;
    let path = folder.join(".room");
    let mut file = File::create(&path)?;
    std::fs::remove_file(&path)?;
    // No zeros: a file system that compresses would find room for those on a full disk.
    let mut noise = 0x9E37_79B9_u32;
    let block: Vec<u8> = (0..BLOCK_BYTES)
        .map(|_| {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            noise.to_le_bytes()[0]
        })
        .collect();
    file.write_all(&block)?;
    for _ in 1..bytes / BLOCK_BYTES {
        file.write_all(&block)?;
    }
    if bytes == 0 { Ok(()) } else { file.sync_data() }
}

/// Two minutes of a recording and far more than a commit: less free space than this is a full disk.
const ROOM_BYTES: usize = 4 << 20;
const BLOCK_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_at_once() {
        let folder = tempfile::tempdir().unwrap();
        take(folder.path(), ROOM_BYTES).unwrap();
        try_write(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        assert!(look(&folder.path().join("a/b")).is_ok() && look(&file.join("a")).is_err());
        assert!(try_write(&file).is_err(), "a file is no folder");
    }

    #[test]
    fn a_full_disk_has_a_code_of_its_own() {
        let error = |kind| NoRoom { folder: PathBuf::from("/x"), source: io::Error::from(kind) };
        assert_eq!(error(ErrorKind::StorageFull).code(), ErrorCode::DiskFull);
        assert_eq!(error(ErrorKind::PermissionDenied).code(), ErrorCode::DiskIo);
        assert!(error(ErrorKind::StorageFull).to_string().starts_with("no room for 4 MiB in /x"));
    }
}
