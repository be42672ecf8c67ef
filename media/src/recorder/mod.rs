//! Recording: one stereo WAV file per call, operator left, callee right.
//!
//! The media worker puts frames into a track (a bounded ring of [`QUEUE_SECONDS`] seconds) and never
//! touches a disk; the `recorder` thread drains it and writes `NAME.part`, and has the `recorder-disk` thread fsync it
//! once a second, header renewed. At the end the file is padded and sealed: fsynced, renamed to its final name, its
//! directory fsynced, its SHA-256 taken from what is on disk. A process killed in between leaves a `.part` that
//! [`repair`] turns into a sound file; it lacks at most the last second, however long the disk takes to sync.

mod file;
mod repair;
mod seal;
mod sealer;
mod thread;
mod track;

pub use repair::{Repaired, repair};

pub(crate) use thread::{Finish, Recorder, RecorderCommand, Target};
pub(crate) use track::{TrackWriter, track};

#[cfg(test)]
pub(crate) use track::TrackReader;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Depth of the queue between a media worker and the recorder thread, in seconds. When the disk stalls for
/// longer, frames are dropped, counted, and appear as silence of the same length.
pub const QUEUE_SECONDS: u32 = 2;

/// Why a recording could not be written, sealed or repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// The file system refused: full disk, permissions, missing folder.
    #[error("cannot {doing} recording {}", path.display())]
    File {
        /// What was being done, as a verb: create, write, seal, read.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A `.part` too short to carry a header, or with a header this recorder does not write.
    #[error("recording {} holds no audio of ours", path.display())]
    NoAudio {
        /// The file.
        path: PathBuf,
    },
    /// The final name is taken; neither file is touched.
    #[error("recording {} exists already", path.display())]
    Exists {
        /// The final name.
        path: PathBuf,
    },
}

impl RecorderError {
    /// Whether there is no room: the disk is full, or a quota is used up.
    pub(crate) fn is_disk_full(&self) -> bool {
        matches!(self.disk(), Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
    }

    /// What the file system said, where other recordings would hear the same of it. A name that is taken, or a file
    /// that somebody took away, is one recording's matter.
    pub(crate) fn disk(&self) -> Option<ErrorKind> {
        match self {
            Self::File { source, .. } => Some(source.kind())
                .filter(|kind| !matches!(kind, ErrorKind::AlreadyExists | ErrorKind::NotFound)),
            Self::NoAudio { .. } | Self::Exists { .. } => None,
        }
    }

    fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }

    /// The error with its causes on one line, for an event.
    pub(crate) fn reason(&self) -> String {
        crate::causes::on_one_line(self)
    }
}

/// The name of a recording while it is being written: `PATH.part`.
pub fn part_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
