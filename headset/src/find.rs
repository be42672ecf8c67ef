//! Which hidraw devices are headsets, and opening one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::descriptor::parse;
use crate::layout::Layout;

/// The udev rule that lets the daemon open headsets.
pub const RULE: &str = "70-kakeru-headset.rules";

/// Where the system shows its devices.
#[derive(Clone, Debug)]
pub struct Roots {
    /// `/sys/class/hidraw`.
    pub class: PathBuf,
    /// `/dev`.
    pub dev: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { class: "/sys/class/hidraw".into(), dev: "/dev".into() }
    }
}

/// A headset with telephony controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name, such as `Jabra Engage 50`.
    pub name: String,
    /// Its device file.
    pub path: PathBuf,
    /// Its controls.
    pub layout: Layout,
}

/// Headsets with telephony controls whose names have `name` in them, case ignored; all of them where it is empty. What
/// cannot be read is none.
pub fn find(roots: &Roots, name: &str) -> Vec<Found> {
    let Ok(entries) = std::fs::read_dir(&roots.class) else { return Vec::new() };
    let wanted = name.to_lowercase();
    let mut found: Vec<Found> = entries
        .flatten()
        .take(MAX_DEVICES)
        .filter_map(|entry| look(&entry.path(), &roots.dev))
        .filter(|found| found.name.to_lowercase().contains(&wanted))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn look(entry: &Path, dev: &Path) -> Option<Found> {
    let device = entry.join("device");
    let layout = Layout::new(parse(&std::fs::read(device.join("report_descriptor")).ok()?).ok()?)?;
    let uevent = std::fs::read_to_string(device.join("uevent")).unwrap_or_default();
    let name = uevent.lines().find_map(|line| line.strip_prefix("HID_NAME="));
    let file = entry.file_name()?;
    let name = name.map_or_else(|| file.to_string_lossy().into_owned(), str::to_owned);
    Some(Found { name, path: dev.join(file), layout })
}

/// A headset that is there and cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The device file is not ours to open.
    #[error(
        "no permission for {path}: install the udev rule {RULE} (systemd/{RULE} to /etc/udev/rules.d/), \
         run `udevadm control --reload && udevadm trigger --subsystem-match=hidraw`, or plug the headset in again"
    )]
    Permission {
        /// The device file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("cannot open {path}")]
    Io {
        /// The device file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Opens a headset's device file for reading and writing, without ever waiting on it.
///
/// # Errors
/// [`OpenError::Permission`] names the udev rule.
pub(crate) fn open(path: &Path) -> Result<File, OpenError> {
    let flags = (OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY).bits();
    let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
    opened.map_err(|source| refused(path, source))
}

fn refused(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied => OpenError::Permission { path },
        _ => OpenError::Io { path, source },
    }
}

const MAX_DEVICES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_names_the_rule() {
        let text = refused(Path::new("/dev/hidraw3"), io::ErrorKind::PermissionDenied.into()).to_string();
        assert!(text.contains("/dev/hidraw3") && text.contains("systemd/70-kakeru-headset.rules"), "{text}");
        let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd").join(RULE);
        assert!(rule.is_file(), "the rule is shipped");
        assert!(matches!(open(Path::new("/nonexistent/hidraw0")), Err(OpenError::Io { .. })));
    }
}
