//! The archive of a recording: one Ogg Opus file (RFC 7845) of at most 120,000 bytes a minute.
//!
//! Operator and callee are two uncoupled mono streams (channel mapping family 1, 2 streams, 0 coupled), since joint
//! stereo collapses to mono at such rates: with the left side speaking and the right one silent, the coupled form was
//! measured to put both on both sides. Every player of Ogg Opus plays the two as left and right.
//!
//! [`write()`] is work for a thread of low priority: a minute costs about a tenth of a second of processor time. It reads
//! the sealed WAV, leaves it alone, and gives the archive its name when it is complete and on disk. [`read()`] is the way back, [`look()`] says what one is.

mod framing;
mod head;
mod look;
mod read;
mod write;

use std::path::{Path, PathBuf};

pub use look::look;
pub use read::read;
pub use write::{Archived, write};

/// Bytes that a minute of archive takes at most, pages of the container included.
pub const BYTES_PER_MINUTE: u64 = 120_000;

/// Length of a packet: 60 ms, the longest single SILK frame, since each packet costs a byte or two of framing.
const FRAME_MS: u32 = 60;

/// The clock that Ogg Opus counts in, whatever the audio's rate (RFC 7845 4).
const GRANULE_RATE: u32 = 48_000;

/// Why a recording could not be archived, or an archive not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file system refused: full disk, permissions, missing file.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was being done, as a verb: read, write, seal.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The recording is no stereo WAV of ours, or of a rate that Opus has not.
    #[error("{} is no recording that can be archived", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
    },
    /// The archive is damaged, or none of ours.
    #[error("{} is no archive of ours, or damaged: {reason}", path.display())]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// libopus refused, for want of memory.
    #[error("Opus failed")]
    Opus(#[from] opus::Error),
}

impl ArchiveError {
    fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }
}

#[cfg(test)]
mod tests;
