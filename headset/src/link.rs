//! The thread that serves one seat's headset.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::buttons::{Buttons, Press};
use crate::find::{OpenError, Roots, find, open};
use crate::layout::{Lamps, Layout};

/// What happens at a headset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A headset is there.
    Here {
        /// Its name.
        name: String,
    },
    /// It is gone; it is looked for again.
    Gone,
    /// It is there and cannot be used; it is tried again. Told once until the reason changes.
    Trouble {
        /// Why, and what to do.
        reason: String,
        /// Its device file.
        path: PathBuf,
        /// Whether it is a permission that is missing: the udev rule [`crate::RULE`] gives it.
        permission: bool,
    },
    /// The operator pressed a button.
    Press(Press),
}

/// Handle to a headset's thread. Dropping it darkens the lamps and ends the thread.
#[derive(Debug)]
pub struct Link {
    shared: Arc<Mutex<Wish>>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    lamps: Lamps,
    /// How often the lamps were to be told again.
    repeats: u64,
    end: bool,
}

/// Why there is no thread for a headset.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the thread of a headset")]
pub struct LinkError(#[from] io::Error);

impl Link {
    /// Looks for a headset with `name` in its name, any where it is empty, and serves it whenever it is there. `tell` is
    /// called on the thread and must not wait.
    ///
    /// # Errors
    /// [`LinkError`] when the system gives no thread or no descriptors.
    pub fn start(
        roots: Roots,
        name: String,
        tell: impl FnMut(Notice) + Send + 'static,
    ) -> Result<Self, LinkError> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let shared = Arc::new(Mutex::new(Wish::default()));
        let wish = Arc::clone(&shared);
        let thread = Builder::new()
            .name("headset".into())
            .stack_size(STACK)
            .spawn(move || look(&roots, &name, &wish, &woken, tell))?;
        Ok(Self { shared, wake, thread: Some(thread) })
    }

    /// What the lamps are to show from now on. Never waits; only the newest wish counts.
    pub fn show(&self, lamps: Lamps) {
        self.change(|wish| wish.lamps = lamps);
    }

    /// Tells the headset once more what its lamps show, though nothing has changed: it went on hook for a press that was not heeded.
    pub fn repeat(&self) {
        self.change(|wish| wish.repeats += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Wish)) {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner));
        // A full pipe wakes as well.
        let _ = (&self.wake).write(&[0]);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.change(|wish| *wish = Wish { end: true, ..Wish::default() });
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a headset panicked");
        }
    }
}

fn look(roots: &Roots, name: &str, wish: &Mutex<Wish>, woken: &UnixStream, mut tell: impl FnMut(Notice)) {
    let mut trouble = None;
    while !wished(wish).end {
        for found in find(roots, name) {
            match open(&found.path) {
                Ok(file) => {
                    trouble = None;
                    tell(Notice::Here { name: found.name.clone() });
                    tracing::info!(headset = found.name, lamps = found.layout.has_lamps(), "headset found");
                    if let Err(error) = attend(file, found.layout, wish, woken, &mut tell) {
                        tracing::debug!(%error, "headset lost");
                    }
                    tell(Notice::Gone);
                    break;
                }
                Err(error) => {
                    let reason = reason(&error);
                    if trouble.as_ref() != Some(&reason) {
                        let permission = matches!(error, OpenError::Permission { .. });
                        tell(Notice::Trouble {
                            reason: reason.clone(),
                            path: found.path.clone(),
                            permission,
                        });
                        trouble = Some(reason);
                    }
                }
            }
        }
        // Lamps of a headset that is not there wait with it.
        rest(woken, LOOK_AGAIN);
    }
}

fn reason(error: &OpenError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn wished(wish: &Mutex<Wish>) -> Wish {
    *wish.lock().unwrap_or_else(PoisonError::into_inner)
}

fn rest(woken: &UnixStream, time: Duration) {
    let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
    // An interrupted rest is a shorter one.
    let _ = poll(&mut [PollFd::new(woken.as_fd(), PollFlags::POLLIN)], timeout);
    drain(woken);
}

fn drain(mut woken: &UnixStream) {
    let mut bytes = [0; 64];
    while woken.read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
}

/// Serves an open headset until it is gone or an end is wished.
///
/// # Errors
/// What the system says when the headset is pulled out.
fn attend(
    file: File,
    layout: Layout,
    wish: &Mutex<Wish>,
    woken: &UnixStream,
    tell: &mut impl FnMut(Notice),
) -> io::Result<()> {
    serve(
        file,
        layout,
        woken,
        || {
            let Wish { lamps, repeats, end } = wished(wish);
            (lamps, repeats, end)
        },
        tell,
    )
}

/// Reads reports, writes lamps. `wish` says what the lamps are to show, how often that was to be told again, and whether to end; it is
/// asked whenever `woken` has something to read. [`Link`] is this with a headset that comes and goes.
///
/// # Errors
/// What the system says when the device is gone; an end of the file counts as such.
pub fn serve(
    mut file: File,
    layout: Layout,
    woken: &UnixStream,
    wish: impl Fn() -> (Lamps, u64, bool),
    tell: &mut impl FnMut(Notice),
) -> io::Result<()> {
    let mut report = vec![0; layout.longest().max(MIN_REPORT)];
    let mut buttons = Buttons::new(layout);
    let mut repeated = wish().1;
    loop {
        let (lamps, repeats, end) = wish();
        let mut reports = buttons.show(lamps, now());
        if std::mem::replace(&mut repeated, repeats) != repeats && reports.is_empty() {
            reports = buttons.repeat(now());
        }
        for bytes in reports {
            // A lamp that stays dark ends no call.
            if let Err(error) = file.write_all(&bytes) {
                tracing::debug!(%error, "a lamp report was refused");
            }
        }
        if end {
            return Ok(());
        }
        let mut waiting =
            [PollFd::new(file.as_fd(), PollFlags::POLLIN), PollFd::new(woken.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [device, wake] = waiting.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
        if !wake.is_empty() {
            drain(woken);
        }
        if device.is_empty() {
            continue;
        }
        match file.read(&mut report) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                for press in buttons.take(report.get(..count).unwrap_or_default(), now()) {
                    tell(Notice::Press(press));
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the link is the buttons' clock")]
fn now() -> Instant {
    Instant::now()
}

const STACK: usize = 256 * 1_024;
/// How often a headset that is not there is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// The longest report of a full-speed interrupt endpoint.
const MIN_REPORT: usize = 64;
