//! Files that a crash, or somebody, left: a torn recording becomes one that plays and archives, or stays as it was; a
//! damaged archive is refused.

use std::fs;
use std::path::Path;

use media::recorder::repair;
use media::{archive, wav};

/// The first byte chooses what the rest is: a torn recording, a voice file, an archive.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&choice, content)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let path = folder.path().join(["call.wav.part", "voice.wav", "call.opus"][usize::from(choice) % 3]);
    fs::write(&path, content).expect("the temporary folder is writable");
    match choice % 3 {
        0 => torn(&path, content),
        1 => {
            let _ = wav::read_voice(&path);
        }
        _ => {
            let _ = archive::read(&path);
        }
    }
}

fn torn(part: &Path, content: &[u8]) {
    let Ok(repaired) = repair(part) else {
        assert_eq!(fs::read(part).ok().as_deref(), Some(content), "what is not ours is left alone");
        return;
    };
    assert!(!part.exists());
    let file = fs::read(&repaired.path).expect("it has its name");
    assert_eq!(file.len() as u64, repaired.bytes);
    assert!(file.len() <= content.len(), "nothing is made up");
    assert_eq!(&file[wav::HEADER_LEN..], &content[wav::HEADER_LEN..file.len()], "every whole frame is kept");
    assert_eq!(repair(part).expect("again").sha256, repaired.sha256, "once more changes nothing");
    let Ok((rate, channels)) = wav::read_channels(&repaired.path) else { return };
    if !matches!((rate, channels.len()), (8_000 | 16_000, 2)) {
        return;
    }
    let archived = folder_of(part).join("call.opus");
    archive::write(&repaired.path, &archived).expect("a recording of ours becomes an archive");
    let (_, sides) = archive::read(&archived).expect("our own archive");
    assert_eq!(sides[0].len(), channels[0].len(), "as long as it was");
}

fn folder_of(path: &Path) -> &Path {
    path.parent().expect("it is in a folder")
}
