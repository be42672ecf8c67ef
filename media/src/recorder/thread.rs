//! The recorder thread: the only one of `media` that touches a disk while calls are up.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::queue::{EventQueue, now};
use crate::recorder::file::GrowingFile;
use crate::recorder::seal::{Checksum, rename_durably, sync_folder};
use crate::recorder::track::TrackReader;
use crate::recorder::{RecorderError, part_path};
use crate::types::{MediaEvent, SeatId, SessionId, SessionStats};

/// Whose audio a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A call's stereo recording: `.part` while it grows, sealed at the end.
    Call(SessionId),
    /// What an operator of a `file` voice hears: written in place, readable at any time.
    Voice(SeatId),
}

/// How a track ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finish {
    /// Length of the track in frames; what is missing at its end is silence.
    pub(crate) frames: u64,
    /// `false`: the file is deleted.
    pub(crate) keep: bool,
}

/// What media workers ask for.
#[derive(Debug)]
pub(crate) enum RecorderCommand {
    /// Create the file and drain `reader` into it.
    Begin { target: Target, path: PathBuf, channels: u16, rate: u32, reader: TrackReader },
    /// Drain the rest and end the file.
    Finish { target: Target, finish: Finish },
    /// Answer [`MediaEvent::Closed`], after everything before it is answered.
    Closed { session: SessionId, stats: SessionStats },
    /// End every file and the thread.
    End,
}

/// Handle to the recorder thread, which starts with the first recording.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sender: OnceLock<Option<SyncSender<RecorderCommand>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    events: Mutex<Option<EventQueue>>,
}

impl Recorder {
    /// A recorder that reports to `events`.
    pub(crate) fn new(events: EventQueue) -> Self {
        Self {
            shared: Arc::new(Shared {
                sender: OnceLock::new(),
                thread: Mutex::new(None),
                events: Mutex::new(Some(events)),
            }),
        }
    }

    /// Hands a command over without waiting, or gives it back when the thread is that far behind.
    ///
    /// # Errors
    /// The command, to be tried again.
    #[expect(clippy::result_large_err, reason = "the command goes back to the sender, who keeps it")]
    pub(crate) fn try_send(&self, command: RecorderCommand) -> Result<(), RecorderCommand> {
        match self.shared.sender.get_or_init(|| self.start()) {
            Some(sender) => match sender.try_send(command) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
                Err(TrySendError::Full(command)) => Err(command),
            },
            None => Err(command),
        }
    }

    /// Hands a command over, waiting for the thread. Only for workers about to end.
    pub(crate) fn send(&self, command: RecorderCommand) {
        if let Some(sender) = self.shared.sender.get_or_init(|| self.start()) {
            drop(sender.send(command));
        }
    }

    /// Ends every recording properly and waits for it. Call it after the workers ended.
    pub(crate) fn join(self) {
        let thread = self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some() {
            self.send(RecorderCommand::End);
        }
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the recorder thread panicked");
        }
    }

    fn start(&self) -> Option<SyncSender<RecorderCommand>> {
        let events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // Commands come a few per call; when 256 wait, workers keep theirs and retry every tick.
        let (sender, receiver) = sync_channel(256);
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .stack_size(512 * 1_024)
            .spawn(move || Work::new(events).run(&receiver));
        match thread {
            Ok(thread) => {
                *self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
                Some(sender)
            }
            Err(error) => {
                tracing::error!(%error, "cannot start the recorder thread");
                None
            }
        }
    }
}

struct Work {
    events: EventQueue,
    live: Vec<Live>,
    ending: VecDeque<Ending>,
    samples: Vec<i16>,
}

struct Live {
    target: Target,
    path: PathBuf,
    file: GrowingFile,
    reader: TrackReader,
    next_sync: Instant,
    /// Whether the file's name is on disk.
    entered: bool,
    failed: bool,
}

enum Ending {
    Checksum { session: SessionId, path: PathBuf, file: GrowingFile, checksum: Checksum },
    Closed { session: SessionId, stats: SessionStats },
}

impl Work {
    fn new(events: EventQueue) -> Self {
        Self { events, live: Vec::new(), ending: VecDeque::new(), samples: Vec::new() }
    }

    fn run(mut self, commands: &Receiver<RecorderCommand>) {
        loop {
            let nothing_waits = self.events.flush();
            let next = if !self.ending.is_empty() {
                commands.recv_timeout(Duration::ZERO)
            } else if self.live.is_empty() && nothing_waits {
                commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                commands.recv_timeout(DRAIN_INTERVAL)
            };
            match next {
                Ok(RecorderCommand::End) => break,
                Ok(command) => self.handle(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.drain_all(now());
            self.step_ending(CHECKSUM_STEP);
        }
        for live in std::mem::take(&mut self.live) {
            let frames = 0;
            self.finish(live, Finish { frames, keep: true });
        }
        while !self.ending.is_empty() {
            self.step_ending(u64::MAX / 2);
        }
        self.events.drain();
    }

    fn handle(&mut self, command: RecorderCommand) {
        match command {
            RecorderCommand::Begin { target, path, channels, rate, reader } => {
                let created = match target {
                    Target::Call(_) if path.exists() => Err(RecorderError::Exists { path: path.clone() }),
                    Target::Call(_) => GrowingFile::create(&part_path(&path), channels, rate, true),
                    Target::Voice(_) => GrowingFile::create(&path, channels, rate, false),
                };
                match created {
                    Ok(file) => {
                        // The first round syncs the header and the directory entry.
                        self.live.push(Live {
                            target,
                            path,
                            file,
                            reader,
                            next_sync: now(),
                            entered: false,
                            failed: false,
                        });
                    }
                    Err(error) => self.report(target, &error),
                }
            }
            RecorderCommand::Finish { target, finish } => {
                if let Some(index) = self.live.iter().position(|live| live.target == target) {
                    let live = self.live.remove(index);
                    self.finish(live, finish);
                }
            }
            RecorderCommand::Closed { session, stats } => {
                self.ending.push_back(Ending::Closed { session, stats });
            }
            RecorderCommand::End => {}
        }
    }

    fn drain_all(&mut self, now: Instant) {
        let mut live = std::mem::take(&mut self.live);
        for live in &mut live {
            let result = drain(live, &mut self.samples).and_then(|()| write_round(live, now));
            if let Err(error) = result {
                live.failed = true;
                self.report(live.target, &error);
            }
        }
        self.live = live;
    }

    fn finish(&mut self, mut live: Live, finish: Finish) {
        let drained = drain(&mut live, &mut self.samples);
        let Target::Call(session) = live.target else {
            drop(drained.and_then(|()| live.file.sync()));
            return;
        };
        if !finish.keep {
            let (bytes, duration_ms, gaps_ms) = (0, live.file.duration_ms(), live.file.gaps_ms());
            match delete(live.file.path()) {
                Ok(()) => self.events.push(MediaEvent::RecordingClosed {
                    session,
                    path: live.path,
                    duration_ms,
                    bytes,
                    sha256: [0; 32],
                    gaps_ms,
                    kept: false,
                }),
                Err(error) => self.report(live.target, &error),
            }
            return;
        }
        if !live.failed {
            let padded = drained.and_then(|()| live.file.pad_to(finish.frames));
            if let Err(error) = padded.and_then(|()| live.file.write_out()) {
                self.report(live.target, &error);
            }
        }
        // Even after a failure: what reached the disk becomes a sound file.
        let sealed = live
            .file
            .sync()
            .and_then(|()| rename_durably(live.file.path(), &live.path))
            .and_then(|()| Checksum::open(&live.path));
        match sealed {
            Ok(checksum) => {
                let Live { path, file, .. } = live;
                self.ending.push_back(Ending::Checksum { session, path, file, checksum });
            }
            Err(error) => self.report(live.target, &error),
        }
    }

    fn step_ending(&mut self, limit: u64) {
        let Some(mut ending) = self.ending.pop_front() else { return };
        match &mut ending {
            Ending::Checksum { session, path, file, checksum } => match checksum.step(limit) {
                Ok(None) => self.ending.push_front(ending),
                Ok(Some((bytes, sha256))) => self.events.push(MediaEvent::RecordingClosed {
                    session: *session,
                    path: std::mem::take(path),
                    duration_ms: file.duration_ms(),
                    bytes,
                    sha256,
                    gaps_ms: file.gaps_ms(),
                    kept: true,
                }),
                Err(error) => {
                    let target = Target::Call(*session);
                    self.report(target, &error);
                }
            },
            Ending::Closed { session, stats } => {
                self.events.push(MediaEvent::Closed { session: *session, stats: *stats });
            }
        }
    }

    fn report(&mut self, target: Target, error: &RecorderError) {
        let reason = error.reason();
        tracing::error!(?target, reason, "recording failed");
        self.events.push(match target {
            Target::Call(session) => MediaEvent::RecordingFailed { session, reason },
            Target::Voice(seat) => MediaEvent::SeatFailed { seat, reason },
        });
    }
}

fn drain(live: &mut Live, samples: &mut Vec<i16>) -> Result<(), RecorderError> {
    while let Some(position) = live.reader.next(samples) {
        if !live.failed {
            live.file.put(position, samples)?;
        }
    }
    Ok(())
}

/// Hands what was drained to the system at once (a killed process then loses only what was still queued)
/// and waits for the disk once a second.
fn write_round(live: &mut Live, now: Instant) -> Result<(), RecorderError> {
    if live.failed {
        return Ok(());
    }
    live.file.write_out()?;
    if now >= live.next_sync {
        live.next_sync = now + SYNC_INTERVAL;
        live.file.sync()?;
        if !std::mem::replace(&mut live.entered, true) {
            sync_folder(live.file.path())?;
        }
    } else if matches!(live.target, Target::Voice(_)) {
        live.file.renew_header()?;
    }
    Ok(())
}

fn delete(path: &Path) -> Result<(), RecorderError> {
    std::fs::remove_file(path).map_err(|source| RecorderError::file("delete", path, source))?;
    sync_folder(path)
}

/// How often the queues are emptied into the files.
const DRAIN_INTERVAL: Duration = Duration::from_millis(200);
/// How often data and header are forced to the disk.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes hashed between two looks at the live recordings; about 5 ms.
const CHECKSUM_STEP: u64 = 1 << 20;
