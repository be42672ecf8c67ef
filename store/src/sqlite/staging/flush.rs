//! The disk work of an import, off the store's thread.
//!
//! Slices are committed without waiting for the disk, so somebody has to write the log out, lest a call's commit finds
//! megabytes before its own, and somebody has to move it into the database, lest it grows with the file. Both is done
//! here, in small steps, on a thread and a connection of its own: a passive checkpoint stops neither readers nor the writer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

/// Writes the log out and moves it into the database while an import runs; ends when dropped.
pub(in crate::sqlite) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Frames in the log after the last commit.
    log_frames: Arc<AtomicI32>,
    /// The log is longer than it should be: the import has to wait, calls need not.
    crowded: AtomicBool,
}

#[derive(Default)]
struct State {
    written: bool,
    closed: bool,
}

impl Flusher {
    /// Starts the thread for the database at `path`, which is `file`.
    pub(in crate::sqlite) fn start(
        path: &Path,
        log_frames: &Arc<AtomicI32>,
        file: &Arc<File>,
    ) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // The log reaches the disk before what it says does, and the database before the log is written over.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            log_frames: Arc::clone(log_frames),
            crowded: AtomicBool::new(false),
        });
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        // Without it every checkpoint still syncs the log.
        let log = File::open(PathBuf::from(log)).ok();
        let (its, file) = (Arc::clone(&shared), Arc::clone(file));
        let thread = std::thread::Builder::new()
            .name("store-flush".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || its.run(&db, log.as_ref(), &file))
            .ok();
        Ok(Self { shared, thread })
    }

    /// A slice was committed.
    pub(in crate::sqlite) fn slice_written(&self) {
        if self.shared.log_frames.load(Ordering::Relaxed) >= CROWDED_FRAMES && self.thread.is_some() {
            self.shared.crowded.store(true, Ordering::Relaxed);
        }
        self.shared.lock().written = true;
        self.shared.changed.notify_one();
    }

    /// Whether the import has to wait for the disk.
    pub(in crate::sqlite) fn crowded(&self) -> bool {
        self.shared.crowded.load(Ordering::Relaxed)
    }

    /// No more work; the thread ends by itself.
    pub(in crate::sqlite) fn retire(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.retire();
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, db: &Connection, log: Option<&File>, file: &File) {
        let mut moved = 0;
        while self.wait() {
            if let Some(Err(error)) = log.map(File::sync_data) {
                tracing::debug!(%error, "the log was not written out ahead");
            }
            let frames = self.log_frames.load(Ordering::Relaxed);
            // Fewer frames than were moved: the log has begun anew.
            let unmoved = if frames < moved { frames } else { frames - moved };
            let crowded = self.crowded.load(Ordering::Relaxed);
            if unmoved >= STEP_FRAMES || crowded {
                moved = self.checkpoint(db, crowded);
                // SQLite waits for the disk only when it has moved all there is. Without this that would be megabytes at
                // once, and a call's commit behind them.
                if let Err(error) = file.sync_data() {
                    tracing::debug!(%error, "the database was not written out ahead");
                }
            }
        }
    }

    /// `false` at the end.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.written && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.written = false;
        !state.closed
    }

    /// Moves what is in the log; while the import waits, also what calls wrote meanwhile, so that the next write finds
    /// all of it moved and begins a new log. Returns how many frames of the log are moved.
    fn checkpoint(&self, db: &Connection, crowded: bool) -> i32 {
        let mut moved = 0;
        for _ in 0..if crowded { TRIES } else { 1 } {
            let answer =
                db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)));
            let (frames, now): (i32, i32) = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::warn!(%error, "checkpoint failed; the log keeps growing until one succeeds");
                    break;
                }
            };
            // A long reader holds the rest: waiting for it would not help.
            let stuck = now == moved;
            moved = now;
            if frames == now || stuck {
                break;
            }
        }
        self.crowded.store(false, Ordering::Relaxed);
        moved
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes over the log while the import waits.
const TRIES: u32 = 4;
/// Frames (4 KiB each) worth a checkpoint: 1 MiB, which is what a call's commit may have to wait for.
const STEP_FRAMES: i32 = 256;
/// Frames at which the import waits: 16 MiB.
const CROWDED_FRAMES: i32 = 4096;
/// It reads nothing but the log.
const CACHE_KIB: i64 = 64;
const STACK_BYTES: usize = 256 << 10;
