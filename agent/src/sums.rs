//! Whether the files of recordings still are what was recorded: their SHA-256 is compared with the one on record (S4.36). Their sizes are
//! the store's to compare, which is quick.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::result::WrongRecording;
use sha2::{Digest as _, Sha256};
use store::{CheckReport, Progress, RecordingQuery, RecordingRow, RecordingState, Store};

use crate::clock;
use crate::keeping::pause;
use crate::off_thread::off_thread;

/// What a look at all files found.
#[derive(Default)]
pub(crate) struct Summed {
    /// How many were compared.
    pub(crate) files: u64,
    /// How many have the size of what was recorded, and another content or none that can be read.
    pub(crate) altered: u64,
    /// Which these are, the first [`CheckReport::MOST_RECORDINGS`].
    pub(crate) wrong: Vec<WrongRecording>,
}

/// Reads all files of recordings that are kept, the oldest first, and rests as long as that takes: calls go on. `progress` counts bytes, and
/// ends it. Files that are missing or have another size are left out: they are known.
///
/// # Errors
/// Storage errors.
pub(crate) async fn compare(store: &Store, progress: &Progress, now: i64) -> Result<Summed, store::Error> {
    let mut summed = Summed::default();
    progress.set(0, store.recording_usage(now).await?.bytes);
    let mut query = RecordingQuery { oldest_first: true, limit: PAGE, ..RecordingQuery::default() };
    loop {
        let rows = store.recordings(query.clone()).await?;
        let Some(last) = rows.last() else { return Ok(summed) };
        query.after = Some((last.opened_at, last.id));
        for row in rows {
            let Some(recorded) = recorded(&row) else { continue };
            let Some(found) = sum(row.path.clone(), row.bytes, progress).await else { continue };
            if progress.is_stopped() {
                return Ok(summed);
            }
            summed.files += 1;
            if found.as_deref() == Some(recorded) || !is_still(store, &row).await? {
                continue;
            }
            summed.altered += 1;
            if summed.wrong.len() < CheckReport::MOST_RECORDINGS {
                summed.wrong.push(WrongRecording {
                    attempt: row.attempt.to_string(),
                    path: row.path.display().to_string(),
                    bytes: row.bytes,
                    found: row.bytes,
                    sha256: Some(found.unwrap_or_default()),
                });
            }
        }
    }
}

/// The sum on record of one that is kept and complete.
fn recorded(row: &RecordingRow) -> Option<&str> {
    let kept = matches!(row.state, RecordingState::Final | RecordingState::Exported);
    row.sha256.as_deref().filter(|sum| kept && sum.len() == 64)
}

/// One that was deleted or became an archive since the page was read is none.
async fn is_still(store: &Store, row: &RecordingRow) -> Result<bool, store::Error> {
    match store.recording(row.id, None).await {
        Ok(now) => Ok(now.path == row.path && now.sha256 == row.sha256),
        Err(store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The sum of a file of this size, in lower-case hexadecimal; the inner `None`: it cannot be read. `None` for one that is not there, or has
/// another size.
async fn sum(path: PathBuf, bytes: Option<u64>, progress: &Progress) -> Option<Option<String>> {
    let mut reading = off_thread(move || open(&path, bytes)).await??;
    loop {
        let begun = clock::now().mono;
        reading = match off_thread(move || reading.piece()).await? {
            Piece::More(reading, count) => {
                progress.count(count);
                reading
            }
            Piece::End(sum) => return Some(sum),
        };
        if progress.is_stopped() {
            return Some(None);
        }
        pause(clock::now().mono.saturating_duration_since(begun).min(LONGEST_REST)).await;
    }
}

/// A file that is being summed.
struct Reading {
    file: File,
    sum: Sha256,
    piece: Vec<u8>,
}

enum Piece {
    More(Reading, u64),
    End(Option<String>),
}

fn open(path: &Path, bytes: Option<u64>) -> Option<Reading> {
    let size = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    if bytes.is_some_and(|bytes| bytes != size) {
        return None;
    }
    Some(Reading { file: File::open(path).ok()?, sum: Sha256::new(), piece: vec![0; PIECE] })
}

impl Reading {
    fn piece(mut self) -> Piece {
        match self.file.read(&mut self.piece) {
            Ok(0) => Piece::End(Some(store::hex(&self.sum.finalize()))),
            Ok(count) => {
                self.sum.update(self.piece.get(..count).unwrap_or_default());
                Piece::More(self, count as u64)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Piece::More(self, 0),
            Err(_) => Piece::End(None),
        }
    }
}

/// Read at a time.
const PIECE: usize = 1 << 20;
/// Rows of a page.
const PAGE: u32 = 200;
/// A disk that is busy with others is not waited for twice as long.
const LONGEST_REST: Duration = Duration::from_millis(200);
