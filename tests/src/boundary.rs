//! Kills the unmodified daemon at a chosen write, sync, rename or removal (every boundary of a commit), or fills its disk.
//!
//! A small library ([`boundary.c`](https://man7.org/linux/man-pages/man8/ld.so.8.html), preloaded) stands between the
//! daemon and the C library's `write`, `fdatasync`, `rename` and `unlink`. A switch in the product would have been the
//! other way; this one needs none, covers files besides the database, and hits inside a commit as well as around it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process;

/// What the library saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Number of the point, from 1; 0 for what is only logged.
    pub number: u64,
    /// The monotonic clock, in microseconds.
    pub at_us: u64,
    /// `begin`, `torn`, `sync`, `synced`, `rename`, `renamed`, `remove`, `removed`; `save` and `invite` on the wire.
    pub what: String,
    /// The file's name.
    pub file: String,
}

/// The compiled library, built once per process with the C compiler that builds SQLite.
///
/// # Panics
/// When there is no C compiler.
pub fn library() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path().join("boundary.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/boundary.c");
        let mut compiler = Command::new(process::program("cc", "build-essential"));
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&path).arg(source).arg("-ldl");
        process::output_of(&mut compiler);
        (directory, path)
    });
    path
}

/// The environment of a process that is to die at point `kill_at` (0: never) and to log its points.
pub fn environment(kill_at: u64, log: &Path) -> Vec<(String, PathBuf)> {
    let pair = |key: &str, value: PathBuf| (key.to_owned(), value);
    vec![
        pair("LD_PRELOAD", library().to_owned()),
        pair("BOUNDARY_KILL_AT", kill_at.to_string().into()),
        pair("BOUNDARY_LOG", log.to_owned()),
    ]
}

/// A disk that fills up and has room again, for the files below one folder of a daemon.
#[derive(Clone, Debug)]
pub struct Disk {
    switch: PathBuf,
    under: PathBuf,
}

impl Disk {
    /// The disk below `under`; `switch` names a file elsewhere that need not exist.
    ///
    /// # Panics
    /// When `under` does not exist.
    pub fn new(under: &Path, switch: &Path) -> Self {
        let under = under.canonicalize().expect("the folder exists");
        Self { switch: switch.to_owned(), under }
    }

    /// The environment of the daemon that writes there.
    pub fn environment(&self) -> Vec<(String, PathBuf)> {
        let pair = |key: &str, value: &Path| (key.to_owned(), value.to_owned());
        vec![
            pair("LD_PRELOAD", library()),
            pair("BOUNDARY_FULL", &self.switch),
            pair("BOUNDARY_FULL_UNDER", &self.under),
        ]
    }

    /// No file grows beyond `left` bytes from now on; with 0 nothing at all is written.
    ///
    /// # Panics
    /// When the switch cannot be written.
    pub fn fill(&self, left: u64) {
        // Under its name at once: half a number would be another one.
        let new = self.switch.with_extension("new");
        std::fs::write(&new, left.to_string()).expect("the temporary folder is writable");
        std::fs::rename(&new, &self.switch).expect("the temporary folder is writable");
    }

    /// There is room again.
    ///
    /// # Panics
    /// When it was not full.
    pub fn free(&self) {
        std::fs::remove_file(&self.switch).expect("the disk was full");
    }
}

/// Reads a log of points.
pub fn points(log: &Path) -> Vec<Point> {
    let text = process::read_lossy(log);
    let parse = |line: &str| {
        let mut words = line.split(' ');
        Some(Point {
            number: words.next()?.parse().ok()?,
            at_us: words.next()?.parse().ok()?,
            what: words.next()?.to_owned(),
            file: words.next()?.to_owned(),
        })
    };
    text.lines().filter_map(parse).collect()
}
