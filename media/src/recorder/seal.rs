//! The end of a recording: final name and checksum.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::recorder::RecorderError;

/// Gives a finished file its final name and makes the name durable. An existing file is not replaced; the
/// check is enough because one thread of one process writes recordings.
pub(super) fn rename_durably(from: &Path, to: &Path) -> Result<(), RecorderError> {
    if to.exists() {
        return Err(RecorderError::Exists { path: to.to_owned() });
    }
    std::fs::rename(from, to).map_err(|source| RecorderError::file("seal", to, source))?;
    sync_folder(to)
}

/// Makes the folder's entry for `path` durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), RecorderError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| RecorderError::file("seal", path, source))
}

/// Takes a file's SHA-256 in steps, so that the recorder thread serves live recordings in between.
#[derive(Debug)]
pub(super) struct Checksum {
    file: File,
    path: PathBuf,
    hash: Sha256,
    bytes: u64,
}

impl Checksum {
    /// Opens `path` from its start.
    pub(super) fn open(path: &Path) -> Result<Self, RecorderError> {
        let file = File::open(path).map_err(|source| RecorderError::file("read", path, source))?;
        Ok(Self { file, path: path.to_owned(), hash: Sha256::new(), bytes: 0 })
    }

    /// Reads up to `limit` bytes more. `Some` with length and checksum at the end of the file.
    pub(super) fn step(&mut self, limit: u64) -> Result<Option<(u64, [u8; 32])>, RecorderError> {
        let mut buffer = [0; 16 * 1_024];
        let stop = self.bytes + limit;
        while self.bytes < stop {
            match self.file.read(&mut buffer) {
                Ok(0) => return Ok(Some((self.bytes, self.hash.clone().finalize().into()))),
                Ok(count) => {
                    self.hash.update(buffer.get(..count).unwrap_or_default());
                    self.bytes += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(RecorderError::file("read", &self.path, source)),
            }
        }
        Ok(None)
    }

    /// Reads to the end.
    pub(super) fn finish(mut self) -> Result<(u64, [u8; 32]), RecorderError> {
        loop {
            if let Some(done) = self.step(u64::MAX / 2)? {
                return Ok(done);
            }
        }
    }
}
