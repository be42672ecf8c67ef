//! The sealer thread: everything of a recording that waits for a disk.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::queue::{EventQueue, now};
use crate::recorder::RecorderError;
use crate::recorder::file::GrowingFile;
use crate::recorder::seal::{Checksum, rename_durably, sync_folder};
use crate::recorder::thread::Target;
use crate::types::{MediaEvent, SessionId, SessionStats};

/// What is to be done, in order.
#[derive(Debug)]
pub(super) enum Job {
    /// Force what was written to the disk; the first time the file's name too.
    Sync { file: Arc<File>, path: PathBuf, state: Syncing },
    /// The same for all of these, which lie on one file system.
    SyncAll { files: Vec<(Arc<File>, PathBuf, Syncing)> },
    /// The end of a recording: `path` without `.part`, and its checksum.
    Seal { session: SessionId, path: PathBuf, file: GrowingFile },
    /// Nobody wants it.
    Delete { session: SessionId, path: PathBuf, file: GrowingFile },
    /// The session's last words.
    Closed { session: SessionId, stats: SessionStats },
    /// Something to tell, in its turn.
    Tell(MediaEvent),
}

/// How far the disk is with one file; shared by the recorder, which writes it, and the sealer.
#[derive(Debug, Clone, Default)]
pub(super) struct Syncing {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    under_way: AtomicBool,
    /// Whether the file's name is on disk.
    entered: AtomicBool,
    failed: Mutex<Option<std::io::Error>>,
}

impl Syncing {
    /// Whether a new round may begin: the last one is over.
    pub(super) fn begin(&self) -> bool {
        !self.shared.under_way.swap(true, Ordering::AcqRel)
    }

    /// The round that was begun is none after all.
    pub(super) fn give_up(&self) {
        self.shared.under_way.store(false, Ordering::Release);
    }

    /// What a round that is over failed with, once.
    pub(super) fn check(&self, path: &Path) -> Result<(), RecorderError> {
        let failed = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), |source| Err(RecorderError::file("write", path, source)))
    }

    /// One order to the disk for many files, names included: a hundred single ones a second are a hundred commits of the file
    /// system's journal. When it fails, each file is asked alone, so that the right ones are reported.
    fn run_all(files: &[(Arc<File>, PathBuf, Self)]) {
        let Some((first, _, _)) = files.first() else { return };
        let done = nix::unistd::syncfs(first.as_ref()).is_ok();
        for (file, path, state) in files {
            if done {
                state.shared.entered.store(true, Ordering::Release);
                state.shared.under_way.store(false, Ordering::Release);
            } else {
                state.run(file, path);
            }
        }
    }

    fn run(&self, file: &File, path: &Path) {
        let mut result = file.sync_data();
        if result.is_ok() && !self.shared.entered.swap(true, Ordering::AcqRel) {
            result = sync_folder(path).map_err(std::io::Error::other);
        }
        if let Err(error) = result {
            *self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        self.shared.under_way.store(false, Ordering::Release);
    }
}

/// The recorder thread's handle.
#[derive(Debug)]
pub(super) struct Sealer {
    /// `None` when the thread could not be started: jobs are then done by the caller.
    thread: Option<(SyncSender<Job>, JoinHandle<()>)>,
    own: Option<Work>,
    /// Jobs for which the thread has no room yet.
    waiting: VecDeque<Job>,
}

impl Sealer {
    /// Starts the thread; it reports to `events`.
    pub(super) fn start(events: EventQueue) -> Self {
        let spare = events.fork();
        // A job or two per call; what does not fit waits with the recorder.
        let (sender, receiver) = sync_channel(256);
        let thread = std::thread::Builder::new()
            .name("recorder-disk".into())
            .stack_size(256 * 1_024)
            .spawn(move || Work::new(events, true).run(&receiver));
        let (thread, own) = match thread {
            Ok(thread) => (Some((sender, thread)), None),
            Err(error) => {
                tracing::error!(%error, "cannot start the thread that waits for the disk, the recorder waits itself");
                (None, Some(Work::new(spare, false)))
            }
        };
        Self { thread, own, waiting: VecDeque::new() }
    }

    /// Appends a job.
    pub(super) fn push(&mut self, job: Job) {
        self.waiting.push_back(job);
        self.flush();
    }

    /// Tells of a failure, in its turn.
    ///
    /// `over`: nothing is kept of the recording.
    pub(super) fn report(&mut self, target: Target, error: &RecorderError, over: bool) {
        let event = failure(target, error, over);
        self.push(Job::Tell(event));
    }

    /// Hands over what waits; `true` when nothing is left.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(job) = self.waiting.pop_front() {
            if let Some(own) = &mut self.own {
                own.act(job);
            } else if let Some((sender, _)) = &self.thread
                && let Err(TrySendError::Full(job)) = sender.try_send(job)
            {
                self.waiting.push_front(job);
                return false;
            }
        }
        self.own.as_mut().is_none_or(|own| own.events.flush())
    }

    /// Waits until every job is done.
    pub(super) fn join(mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            for job in self.waiting {
                drop(sender.send(job));
            }
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("the thread that waits for the disk panicked");
            }
        } else if let Some(own) = self.own {
            own.events.drain();
        }
    }
}

#[derive(Debug)]
struct Work {
    events: EventQueue,
    /// Whether ends that find the disk full are tried again.
    patient: bool,
    /// Such ends, and when.
    later: Vec<(SessionId, PathBuf, GrowingFile)>,
    again_at: Instant,
}

impl Work {
    fn new(events: EventQueue, patient: bool) -> Self {
        Self { events, patient, later: Vec::new(), again_at: now() }
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = if !self.events.flush() {
                jobs.recv_timeout(EVENTS_AGAIN)
            } else if self.later.is_empty() {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                jobs.recv_timeout(SEAL_AGAIN)
            };
            match job {
                Ok(job) => self.act(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if !self.later.is_empty() && self.again_at <= now() {
                self.seal_later();
            }
        }
        self.patient = false;
        self.seal_later();
        self.events.drain();
    }

    fn seal_later(&mut self) {
        for (session, path, file) in std::mem::take(&mut self.later) {
            self.seal(session, path, file);
        }
    }

    fn act(&mut self, job: Job) {
        match job {
            Job::Sync { file, path, state } => state.run(&file, &path),
            Job::SyncAll { files } => Syncing::run_all(&files),
            Job::Seal { session, path, file } => {
                let waiting = self.later.len();
                self.seal(session, path, file);
                if self.later.len() > waiting {
                    tracing::warn!("the end of a recording waits for room on the disk");
                }
            }
            Job::Delete { session, path, file } => self.delete(session, path, &file),
            Job::Closed { session, stats } => self.events.push(MediaEvent::Closed { session, stats }),
            Job::Tell(event) => self.events.push(event),
        }
    }

    fn seal(&mut self, session: SessionId, path: PathBuf, mut file: GrowingFile) {
        let sealed = file
            .sync()
            .and_then(|()| rename_durably(file.path(), &path))
            .and_then(|()| Checksum::open(&path)?.finish());
        self.events.push(match sealed {
            Ok((bytes, sha256)) => {
                let (duration_ms, gaps_ms) = (file.duration_ms(), file.gaps_ms());
                MediaEvent::RecordingClosed { session, path, duration_ms, bytes, sha256, gaps_ms, kept: true }
            }
            Err(error) if self.patient && error.is_disk_full() => {
                self.again_at = now() + SEAL_AGAIN;
                return self.later.push((session, path, file));
            }
            Err(error) => failure(Target::Call(session), &error, true),
        });
    }

    fn delete(&mut self, session: SessionId, path: PathBuf, file: &GrowingFile) {
        let part = file.path();
        let deleted = std::fs::remove_file(part)
            .map_err(|source| RecorderError::file("delete", part, source))
            .and_then(|()| sync_folder(part));
        self.events.push(match deleted {
            Ok(()) => {
                let (duration_ms, gaps_ms) = (file.duration_ms(), file.gaps_ms());
                let (bytes, sha256) = (0, [0; 32]);
                MediaEvent::RecordingClosed {
                    session,
                    path,
                    duration_ms,
                    bytes,
                    sha256,
                    gaps_ms,
                    kept: false,
                }
            }
            Err(error) => failure(Target::Call(session), &error, true),
        });
    }
}

fn failure(target: Target, error: &RecorderError, over: bool) -> MediaEvent {
    let reason = error.reason();
    tracing::error!(?target, reason, "recording failed");
    match target {
        Target::Call(session) => MediaEvent::RecordingFailed { session, reason, disk: error.disk(), over },
        Target::Voice(seat) => MediaEvent::SeatFailed { seat, reason },
    }
}

/// When events find no room, they are offered again after this.
const EVENTS_AGAIN: Duration = Duration::from_millis(50);
/// When the end of a recording finds the disk full, it is tried again after this.
const SEAL_AGAIN: Duration = Duration::from_secs(1);
