//! Files that have another name, `NAME.part`, until they are whole.
//!
//! One that fails is taken away, and so is one that is interrupted (SIGINT, SIGTERM). What a kill left is replaced by the next; while
//! somebody else writes one, the next is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, mpsc};

use store::part_file;
use tokio::signal::unix::{SignalKind, signal};

/// The name that a file has until it is whole, and the file with it. What still has that name when this goes is removed.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    part: PathBuf,
    /// Keeps others from beginning it, until it has its name or is gone.
    lock: File,
}

impl Unfinished {
    /// Begins a file that becomes `path`, in place of one that was not finished.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`] while somebody else writes it.
    pub(super) fn create(path: &Path, mode: u32) -> io::Result<(Self, File)> {
        let part = part_of(path);
        watch();
        // An interrupt waits until it is known whether the file is ours.
        let mut open = open();
        let file = part_file::begin(&part, mode)?;
        open.push(part.clone());
        drop(open);
        let unfinished = Self { path: path.to_path_buf(), part, lock: file.try_clone()? };
        Ok((unfinished, file))
    }

    /// The file itself: where many are filled, one handle of each is all that a process may have open.
    pub(super) const fn file(&self) -> &File {
        &self.lock
    }

    /// What it is called until then.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    /// What it becomes.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, over whatever file has it.
    pub(super) fn place(self) -> io::Result<()> {
        fs::rename(&self.part, &self.path)
    }

    fn close(&self) {
        let mut open = open();
        if let Some(at) = open.iter().position(|part| *part == self.part) {
            open.swap_remove(at);
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there any more where it got its name.
        let _ = fs::remove_file(&self.part);
        self.close();
    }
}

/// `NAME.part`.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Whether this is a device, a pipe or a socket: it gets the bytes as they come. Another file in its place would take it away
/// from everybody.
///
/// So is a link of the system to what this process has open, as `/dev/stdout` is, whatever that may be.
pub(super) fn is_stream(path: &Path) -> bool {
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return true;
    }
    let system = |folder: PathBuf| folder == Path::new("/dev") || folder.starts_with("/proc");
    path.is_symlink() && path.parent().and_then(|folder| folder.canonicalize().ok()).is_some_and(system)
}

/// Opens it, behind what it has already where it is a file after all.
pub(super) fn open_stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// The parts of this process.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn open() -> MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has an interrupt remove them first. Where the system gives no thread or no signals, it leaves them.
fn watch() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        // One word: signals are caught from now on.
        let (ready, begun) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("interrupted".to_owned());
        if thread.spawn(move || interrupted(&ready)).is_ok() {
            let _ = begun.recv();
        }
    });
}

fn interrupted(ready: &mpsc::SyncSender<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let _ = ready.send(());
        let number = tokio::select! {
            _ = term.recv() => SignalKind::terminate(),
            _ = int.recv() => SignalKind::interrupt(),
        };
        // Held until the end: no further one is begun, and none gets its name.
        let open = open();
        open.iter().for_each(|part| drop(fs::remove_file(part)));
        if let Some(line) = farewell().as_deref() {
            // Below the bar that shows how far it was.
            let _ = writeln!(io::stderr(), "\n{line}");
        }
        // As a shell tells of a process that a signal ended.
        std::process::exit(128 + number.as_raw_value());
    })
}

/// What an interrupt says at the end, while this lives: what becomes of work that the daemon does for this process.
#[derive(Debug)]
pub(super) struct Farewell(());

impl Farewell {
    pub(super) fn say(line: &str) -> Self {
        watch();
        *farewell() = Some(line.to_owned());
        Self(())
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        *farewell() = None;
    }
}

fn farewell() -> MutexGuard<'static, Option<String>> {
    static LINE: Mutex<Option<String>> = Mutex::new(None);
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_part_is_replaced_and_goes_or_gets_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("a.csv"), dir.path().join("other"));
        fs::write(&other, "other").unwrap();
        for left in ["a file", "a link"] {
            match left {
                "a link" => std::os::unix::fs::symlink(&other, part_of(&path)).unwrap(),
                _ => fs::write(part_of(&path), "of a process that was killed").unwrap(),
            }
            let (unfinished, mut file) = Unfinished::create(&path, 0o600).unwrap();
            assert_eq!(unfinished.part().metadata().unwrap().permissions().mode() & 0o777, 0o600);
            file.write_all(b"new").unwrap();
            drop(unfinished);
            assert!(!part_of(&path).exists() && !path.exists(), "{left}");
            let (unfinished, mut file) = Unfinished::create(&path, 0o600).unwrap();
            file.write_all(b"new").unwrap();
            unfinished.place().unwrap();
            assert_eq!(
                (fs::read(&path).unwrap(), fs::read(&other).unwrap()),
                (b"new".into(), b"other".into())
            );
            fs::remove_file(&path).unwrap();
        }
        // Two at once: the second is told, and the first goes on.
        let (first, mut file) = Unfinished::create(&path, 0o600).unwrap();
        let refused = Unfinished::create(&path, 0o600).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
        file.write_all(b"first").unwrap();
        drop(file);
        assert!(Unfinished::create(&path, 0o600).is_err(), "until it has its name");
        first.place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        fs::create_dir(part_of(&path)).unwrap();
        assert!(Unfinished::create(&path, 0o600).is_err());
        assert!(part_of(&path).is_dir(), "what is no file stays");
        assert!(open().iter().all(|part| !part.starts_with(dir.path())));
    }
}
