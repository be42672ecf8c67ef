//! Keeps the disk awake while a save is expected (ADR 0008): one that rested, be it a drive that saves power or a virtual
//! machine's, takes several times as long over a commit as one that was asked for something a moment ago.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};

/// How much longer the disk is to be kept awake; shared with the thread that does it.
#[derive(Default)]
pub(crate) struct Awake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    turns: u32,
    closed: bool,
}

impl Awake {
    /// Asks for some further turns, which end by themselves.
    pub(crate) fn keep(&self) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.turns, TURNS) == 0 {
            self.changed.notify_all();
        }
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until a turn is asked for, and takes it; `false` when there will be none.
    fn turn(&self) -> bool {
        let mut state = self.lock();
        while state.turns == 0 && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.turns = state.turns.saturating_sub(1);
        !state.closed
    }

    /// Waits, unless it is closed meanwhile.
    fn rest(&self, pause: Duration) {
        let (state, open) = (self.lock(), |state: &mut State| !state.closed);
        drop(self.changed.wait_timeout_while(state, pause, open));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database past the kernel's cache.
///
/// Closing a descriptor of the database drops the locks of every connection of this process (fcntl(2), advisory record
/// locks): it may go only after they are closed.
pub(crate) struct Disk {
    file: File,
    page: Box<Page>,
}

/// What goes past the cache is aligned as the blocks of disks are.
#[repr(align(4096))]
struct Page([u8; PAGE]);

impl Disk {
    /// # Errors
    /// File systems in memory have no way past the cache: there is nothing to wake then.
    pub(crate) fn open(database: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
        let file = rustix::fs::open(database, flags, Mode::empty())?;
        Ok(Self { file: file.into(), page: Box::new(Page([0; PAGE])) })
    }

    /// One block read: it writes nothing and makes nothing durable.
    fn touch(&mut self) -> io::Result<()> {
        self.file.read_at(&mut self.page.0, 0).map(|_| ())
    }
}

/// Wakes the disk whenever asked, until closed.
pub(crate) fn run(awake: &Awake, mut disk: Disk) {
    while awake.turn() {
        #[expect(
            clippy::disallowed_methods,
            reason = "how long the disk takes is no input of what is stored"
        )]
        let began = Instant::now();
        if let Err(error) = disk.touch() {
            // Whoever writes says so; this goes on when the disk does.
            tracing::debug!(%error, "the disk was not kept awake");
        }
        awake.rest(EVERY.max(began.elapsed() * SHARE));
    }
}

/// Turns of one [`Awake::keep`]: longer than the next is away.
const TURNS: u32 = 20;
/// Between two turns. At 20 ms and more, more of the commits that follow are late again.
const EVERY: Duration = Duration::from_millis(10);
/// Of a slow disk's time, one part in so many at most.
const SHARE: u32 = 10;
const PAGE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_that_were_asked_for_end_by_themselves() {
        let awake = Awake::default();
        awake.keep();
        awake.keep();
        for _ in 0..TURNS {
            assert!(awake.turn());
        }
        assert_eq!(awake.lock().turns, 0, "nothing is left to do without another wrap-up");
        awake.close();
        assert!(!awake.turn());
    }

    #[test]
    fn a_database_is_read_past_the_cache_until_the_end() {
        // Beside the sources: folders for temporary files may be in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("kakeru.db");
        std::fs::write(&path, [7; 2 * PAGE]).unwrap();
        let mut disk = match Disk::open(&path) {
            Ok(disk) => disk,
            // The one refusal there is: of a file system that has no way past its cache.
            Err(error) => return assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}"),
        };
        disk.touch().unwrap();
        assert!(disk.page.0.iter().all(|&byte| byte == 7));
        let awake = std::sync::Arc::new(Awake::default());
        awake.keep();
        let asked = std::sync::Arc::clone(&awake);
        let keeper = std::thread::Builder::new().spawn(move || run(&asked, disk)).unwrap();
        awake.close();
        keeper.join().unwrap();
    }
}
