//! What a killed process left behind.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::recorder::RecorderError;
use crate::recorder::seal::{Checksum, rename_durably};
use crate::wav;

/// A repaired recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// Its final name: the argument of [`repair`] without `.part`.
    pub path: PathBuf,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// File size in bytes.
    pub bytes: u64,
    /// Checksum of the whole file.
    pub sha256: [u8; 32],
}

/// Turns a torn `NAME.part` into the sound file `NAME`: cuts a half-written frame, sets the lengths in the
/// header to what is there, fsyncs, renames. Safe to repeat after being killed itself: a file that has its final name
/// already, sealed by a process that died before it could say so, is only read.
///
/// Call it before any recorder writes to the same name, with files of a process that is gone.
///
/// # Errors
/// [`RecorderError::NoAudio`] when the file has no header of ours or not one frame (the caller may delete
/// it), [`RecorderError::Exists`] when the final name is taken, [`RecorderError::File`] otherwise.
pub fn repair(path_part: &Path) -> Result<Repaired, RecorderError> {
    let failed = |source| RecorderError::file("repair", path_part, source);
    let no_audio = || RecorderError::NoAudio { path: path_part.to_owned() };
    if path_part.extension().is_none_or(|extension| extension != "part") {
        return Err(no_audio());
    }
    let path = path_part.with_extension("");
    let mut file = match OpenOptions::new().read(true).write(true).open(path_part) {
        Err(error) if error.kind() == ErrorKind::NotFound && path.exists() => return sealed(path),
        opened => opened.map_err(failed)?,
    };
    let mut header = [0; wav::HEADER_LEN];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(no_audio()),
        Err(error) => return Err(failed(error)),
    }
    let (rate, channels) = wav::parse_header(&header).ok_or_else(no_audio)?;
    let frame = u64::from(channels) * 2;
    let frames = (file.metadata().map_err(failed)?.len() - wav::HEADER_LEN as u64) / frame;
    if frames == 0 {
        return Err(no_audio());
    }
    file.set_len(wav::HEADER_LEN as u64 + frames * frame).map_err(failed)?;
    file.write_all_at(&wav::header(channels, rate, frames * frame), 0).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let (bytes, sha256) = Checksum::open(path_part)?.finish()?;
    rename_durably(path_part, &path)?;
    Ok(Repaired { path, duration_ms: frames * 1_000 / u64::from(rate), bytes, sha256 })
}

/// The facts of a recording that was ended in order.
fn sealed(path: PathBuf) -> Result<Repaired, RecorderError> {
    let failed = |source| RecorderError::file("read", &path, source);
    let mut header = [0; wav::HEADER_LEN];
    let read = File::open(&path).and_then(|mut file| file.read_exact(&mut header));
    let format = match read {
        Ok(()) => wav::parse_header(&header),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
        Err(error) => return Err(failed(error)),
    };
    let Some((rate, channels)) = format else { return Err(RecorderError::NoAudio { path }) };
    let (bytes, sha256) = Checksum::open(&path)?.finish()?;
    let frames = bytes.saturating_sub(wav::HEADER_LEN as u64) / (u64::from(channels) * 2);
    Ok(Repaired { path, duration_ms: frames * 1_000 / u64::from(rate), bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_file_keeps_every_whole_frame() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("call.wav.part");
        let mut bytes = wav::header(2, 8_000, 0).to_vec();
        bytes.extend((0..16_000i16).flat_map(i16::to_le_bytes));
        bytes.extend([1, 2, 3]);
        std::fs::write(&part, &bytes).unwrap();
        let repaired = repair(&part).unwrap();
        assert_eq!(repaired.path, folder.path().join("call.wav"));
        assert_eq!((repaired.duration_ms, repaired.bytes), (1_000, 44 + 32_000));
        assert!(!part.exists());
        let (rate, channels) = wav::read_channels(&repaired.path).unwrap();
        assert_eq!((rate, channels[0].len(), channels[1][7_999]), (8_000, 8_000, 15_999));
        assert_eq!(Checksum::open(&repaired.path).unwrap().finish().unwrap(), (32_044, repaired.sha256));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("x.wav.part");
        for content in [&b""[..], b"RIFF", &[0; 100], &wav::header(2, 8_000, 0)] {
            std::fs::write(&part, content).unwrap();
            assert!(matches!(repair(&part), Err(RecorderError::NoAudio { .. })), "{content:?}");
            assert_eq!(std::fs::read(&part).unwrap(), content);
        }
        assert!(matches!(repair(&folder.path().join("x.wav")), Err(RecorderError::NoAudio { .. })));
        assert!(matches!(repair(&folder.path().join("gone.part")), Err(RecorderError::File { .. })));
    }

    #[test]
    fn a_sealed_file_is_only_read() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("call.wav.part");
        let mut bytes = wav::header(2, 8_000, 0).to_vec();
        bytes.extend((0..16_000i16).flat_map(i16::to_le_bytes));
        std::fs::write(&part, &bytes).unwrap();
        let first = repair(&part).unwrap();
        assert_eq!(repair(&part).unwrap(), first);
    }

    #[test]
    fn a_taken_name_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("x.wav.part");
        let mut bytes = wav::header(2, 8_000, 0).to_vec();
        bytes.extend([0; 400]);
        std::fs::write(&part, bytes).unwrap();
        std::fs::write(folder.path().join("x.wav"), b"precious").unwrap();
        assert!(matches!(repair(&part), Err(RecorderError::Exists { .. })));
        assert_eq!(std::fs::read(folder.path().join("x.wav")).unwrap(), b"precious");
    }
}
