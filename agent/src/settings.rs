//! What operators set at run time and find again after a restart: devices and processing per seat, volume per operator.
//! A file of its own in the state folder, `devices.json`: the start reads it before the database is open, and it is
//! nothing that a call waits for.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::result::VolumeRow;
use serde::{Deserialize, Serialize};

/// Everything that was set; what is absent is as the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// By seat.
    #[serde(default)]
    pub(crate) seats: BTreeMap<String, SeatSettings>,
    /// By operator's login.
    #[serde(default)]
    pub(crate) operators: BTreeMap<String, VolumeRow>,
}

/// What was set for a seat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeatSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capture: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) playback: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ring: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) echo: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) noise: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gain: Option<bool>,
}

/// The settings and their file.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) settings: Settings,
    path: PathBuf,
    version: u64,
    /// The version on disk; whoever writes holds it.
    written: Arc<Mutex<u64>>,
}

impl Kept {
    /// What is kept in `folder`. A file that cannot be read is told of and left; the next change replaces it.
    pub(crate) fn load(folder: &Path) -> Self {
        let path = folder.join("devices.json");
        let read = std::fs::read(&path).and_then(|text| Ok(serde_json::from_slice(&text)?));
        let settings = read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "device settings cannot be read and are as configured");
            }
            Settings::default()
        });
        Self { settings, path, version: 0, written: Arc::new(Mutex::new(0)) }
    }

    /// The work of writing what is set now, for a thread that may wait for the disk.
    pub(crate) fn writing(&mut self) -> impl FnOnce() -> io::Result<()> + Send + use<> {
        self.version += 1;
        let (version, path, written) = (self.version, self.path.clone(), Arc::clone(&self.written));
        let text = serde_json::to_vec_pretty(&self.settings).unwrap_or_default();
        move || {
            let mut on_disk = written.lock().unwrap_or_else(PoisonError::into_inner);
            // A later change may have been faster.
            if *on_disk < version {
                write(&path, &text)?;
                *on_disk = version;
            }
            Ok(())
        }
    }
}

/// Written aside and renamed: a crash leaves the old file or the new one.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("json.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_there_after_a_restart_and_a_torn_file_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::load(folder.path());
        assert_eq!(kept.settings, Settings::default());
        let volume = VolumeRow { capture: 120, playback: 70, ring: 50 };
        kept.settings.operators.insert("alice".into(), volume);
        let early = kept.writing();
        let seat =
            SeatSettings { ring: Some(vec!["Speaker".into()]), echo: Some(true), ..SeatSettings::default() };
        kept.settings.seats.insert("a".into(), seat);
        kept.writing()().unwrap();
        early().unwrap();
        assert_eq!(Kept::load(folder.path()).settings, kept.settings, "the later one wins");

        std::fs::write(folder.path().join("devices.json"), "{ \"seats\": [").unwrap();
        let mut kept = Kept::load(folder.path());
        assert_eq!(kept.settings, Settings::default());
        kept.writing()().unwrap();
        assert_eq!(Kept::load(folder.path()).settings, Settings::default());
    }
}
