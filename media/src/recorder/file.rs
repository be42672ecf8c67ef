//! A WAV file while it grows.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::recorder::RecorderError;
use crate::wav;

/// A WAV file being appended to. Its header is written before the first sample and renewed by
/// [`GrowingFile::sync`], so that whatever moment the process dies at, what is on disk is a WAV file whose
/// length is at worst understated.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: Arc<File>,
    path: PathBuf,
    /// Number of the file system it lies on.
    device: u64,
    channels: u16,
    rate: u32,
    frames: u64,
    /// Silence that stands for lost audio, in frames; of it, what is pending.
    gap_frames: u64,
    pending_gap: u64,
    /// Frames that the end of the file lacks, since the disk took no more.
    missing_frames: u64,
    /// Bytes not yet handed to the system, and how many those were the last time.
    pending: Vec<u8>,
    usual: usize,
}

impl GrowingFile {
    /// Creates `path` (and its folder), for nobody but the owner: what people say is personal data. With `fresh` it must not exist yet.
    pub(crate) fn create(path: &Path, channels: u16, rate: u32, fresh: bool) -> Result<Self, RecorderError> {
        let failed = |source| RecorderError::file("create", path, source);
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        if fresh {
            options.create_new(true);
        } else {
            options.create(true).truncate(true);
        }
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(&wav::header(channels, rate, 0)).map_err(failed)?;
        let (path, device) = (path.to_owned(), file.metadata().map_err(failed)?.dev());
        Ok(Self {
            file: Arc::new(file),
            path,
            device,
            channels,
            rate,
            frames: 0,
            gap_frames: 0,
            pending_gap: 0,
            missing_frames: 0,
            pending: Vec::new(),
            usual: 0,
        })
    }

    /// Puts interleaved samples, little-endian, at `position` (in frames); a hole before them becomes silence. Samples
    /// before the end of the file are ignored. Nothing reaches the disk before [`GrowingFile::write_out`]
    /// unless much is pending.
    pub(crate) fn put(&mut self, position: u64, interleaved: &[u8]) -> Result<(), RecorderError> {
        self.pad_to(position)?;
        let frame = self.frame_len() as u64;
        let overlap = self.frames.saturating_sub(position).saturating_mul(frame);
        let fresh = interleaved.get(usize::try_from(overlap).unwrap_or(usize::MAX)..).unwrap_or_default();
        if self.pending.is_empty() {
            self.pending.reserve(self.usual);
        }
        self.pending.extend_from_slice(fresh);
        self.frames += fresh.len() as u64 / frame;
        if self.pending.len() >= PENDING_LIMIT { self.write_out() } else { Ok(()) }
    }

    /// Fills with silence up to `position` frames and counts that as a gap.
    pub(crate) fn pad_to(&mut self, position: u64) -> Result<(), RecorderError> {
        while self.frames < position {
            let frames = (position - self.frames).min(PAD_FRAMES);
            let bytes = frames as usize * self.frame_len();
            self.pending.resize(self.pending.len() + bytes, 0);
            self.frames += frames;
            self.gap_frames += frames;
            self.pending_gap += frames;
            if self.pending.len() >= PENDING_LIMIT {
                self.write_out()?;
            }
        }
        Ok(())
    }

    /// Hands everything pending to the system. After an error the file is cut back to what it was, and what was
    /// pending is gone; the next [`GrowingFile::put`] leaves a hole for it, which is counted when it is written.
    pub(crate) fn write_out(&mut self) -> Result<(), RecorderError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let fresh = self.pending.len() as u64;
        self.usual = self.pending.len();
        let start = self.data_len() - fresh + wav::HEADER_LEN as u64;
        let result = self.file.write_all_at(&self.pending, start);
        // Given back: files are written one after another, and a thousand buffers would stand idle.
        self.pending = Vec::new();
        let gap = std::mem::take(&mut self.pending_gap);
        let Err(source) = result else { return Ok(()) };
        self.frames -= fresh / self.frame_len() as u64;
        self.gap_frames -= gap;
        // Best effort: the header and `repair` cope with a torn frame as well.
        drop(self.file.set_len(self.data_len() + wav::HEADER_LEN as u64));
        Err(RecorderError::file("write", &self.path, source))
    }

    /// Whether anything was put that the system does not have yet.
    pub(crate) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The recording ends at `frames`, but the disk takes no more: what is missing counts as lost.
    pub(crate) fn cut_before(&mut self, frames: u64) {
        self.missing_frames = frames.saturating_sub(self.frames);
    }

    /// Renews the header and waits until samples and header are on disk.
    pub(crate) fn sync(&mut self) -> Result<(), RecorderError> {
        self.write_out()?;
        self.renew_header()?;
        self.file.sync_data().map_err(|source| RecorderError::file("write", &self.path, source))
    }

    /// Renews the header without waiting for the disk.
    pub(crate) fn renew_header(&mut self) -> Result<(), RecorderError> {
        let header = wav::header(self.channels, self.rate, self.data_len());
        self.file.write_all_at(&header, 0).map_err(|source| RecorderError::file("write", &self.path, source))
    }

    /// The open file, to be synced elsewhere while it grows.
    pub(crate) fn share(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Number of the file system it lies on.
    pub(crate) fn device(&self) -> u64 {
        self.device
    }

    /// Length in milliseconds.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.frames * 1_000 / u64::from(self.rate)
    }

    /// Milliseconds of lost audio: silence that stands for it, and what is missing at the end.
    pub(crate) fn gaps_ms(&self) -> u64 {
        (self.gap_frames + self.missing_frames) * 1_000 / u64::from(self.rate)
    }

    /// The file's name on disk.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn data_len(&self) -> u64 {
        self.frames * self.frame_len() as u64
    }

    fn frame_len(&self) -> usize {
        usize::from(self.channels) * 2
    }
}

/// Pending bytes that are written without waiting for the next round: one second of 16 kHz stereo.
const PENDING_LIMIT: usize = 64 * 1_024;
const PAD_FRAMES: u64 = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[test]
    fn holes_become_silence_and_overlaps_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.wav");
        let mut file = GrowingFile::create(&path, 2, 8_000, true).unwrap();
        file.put(0, &bytes(&[1, 2, 3, 4])).unwrap();
        file.put(4, &bytes(&[5, 6])).unwrap();
        file.put(4, &bytes(&[9, 9, 7, 8])).unwrap();
        file.pad_to(8_000).unwrap();
        file.sync().unwrap();
        assert_eq!((file.duration_ms(), file.frames), (1_000, 8_000));
        // Two frames between the chunks and what was missing at the end.
        assert_eq!(file.gap_frames, 2 + 7_994);
        let (_, channels) = wav::read_channels(&path).unwrap();
        assert_eq!(channels[0][..7], [1, 3, 0, 0, 5, 7, 0]);
        assert_eq!(channels[1][..7], [2, 4, 0, 0, 6, 8, 0]);
        assert!(GrowingFile::create(&path, 2, 8_000, true).is_err(), "a fresh file replaces nothing");
    }

    #[test]
    fn a_full_disk_is_reported_and_the_file_stays_whole() {
        let path = Path::new("/dev/full");
        let refused = GrowingFile::create(path, 2, 8_000, false).unwrap_err();
        assert!(refused.reason().contains("No space left"), "{}", refused.reason());
        // It fills up in the middle of a call.
        let file = OpenOptions::new().write(true).open(path).unwrap();
        let path = path.to_owned();
        let mut file = GrowingFile {
            file: file.into(),
            path,
            device: 0,
            channels: 2,
            rate: 8_000,
            frames: 0,
            gap_frames: 0,
            pending_gap: 0,
            missing_frames: 0,
            pending: Vec::new(),
            usual: 0,
        };
        file.put(0, &bytes(&[1; 320])).unwrap();
        assert!(matches!(file.write_out(), Err(RecorderError::File { doing: "write", .. })));
        assert_eq!((file.frames, file.pending.len()), (0, 0));
        // Tried again with a hole for what is gone: nothing is counted that was not written.
        file.put(8_000, &bytes(&[1; 320])).unwrap();
        assert!(file.write_out().is_err());
        assert_eq!((file.frames, file.gaps_ms()), (0, 0));
        file.cut_before(16_000);
        assert_eq!((file.duration_ms(), file.gaps_ms()), (0, 2_000));
    }
}
