//! Room in the log: a commit that overwrites a block waits for the disk once; one that makes the file longer also waits
//! for the file system's journal, behind whatever other programs wrote.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Makes the log's file at least [`ROOM`] bytes long, with zeros behind what SQLite has written.
///
/// SQLite ends its reading at the first frame whose salt is not that of the header, and zeros have none; it writes from
/// the front again after each checkpoint and leaves the length alone. Closing this second descriptor drops no lock of
/// SQLite's: those are on the database and on the shared index.
pub(super) fn make_room(database: &Path) -> io::Result<()> {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    let file = OpenOptions::new().write(true).open(PathBuf::from(name))?;
    let mut end = file.metadata()?.len();
    while end < ROOM {
        let count = (ROOM - end).min(ZEROS.len() as u64);
        write_zeros(&file, end, count)?;
        end += count;
    }
    file.sync_all()
}

/// How long the log's file is, bytes.
pub(super) fn length(database: &Path) -> u64 {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(PathBuf::from(name)).map_or(0, |file| file.len())
}

fn write_zeros(file: &File, at: u64, count: u64) -> io::Result<()> {
    let count = usize::try_from(count).unwrap_or(ZEROS.len()).min(ZEROS.len());
    file.write_all_at(&ZEROS[..count], at)
}

static ZEROS: [u8; 16 * 1_024] = [0; 16 * 1_024];
/// A longer log is cut when it is quiet: an import lets it grow to 16 MiB and a little.
pub(super) const LONGEST: u64 = 24 << 20;
/// Twice of what makes an idle store checkpoint.
const ROOM: u64 = 2 << 20;
