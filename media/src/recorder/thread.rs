//! The recorder thread: takes audio from the workers and hands it to the system, twice a second.
//!
//! It never waits for a disk, since what it has not handed over dies with the process: what waits (fsync, rename,
//! checksum, removal) is the [`Sealer`]'s.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::queue::{EventQueue, now};
use crate::recorder::file::GrowingFile;
use crate::recorder::sealer::{Job, Sealer, Syncing};
use crate::recorder::track::TrackReader;
use crate::recorder::{RecorderError, part_path};
use crate::types::{SeatId, SessionId, SessionStats};

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
    /// Answer [`MediaEvent::Closed`](crate::types::MediaEvent::Closed), after everything before it is answered.
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

    /// A recorder without a thread: whoever holds the other end does its work.
    #[cfg(test)]
    pub(crate) fn held() -> (Self, Receiver<RecorderCommand>) {
        let (sender, receiver) = sync_channel(256);
        let shared = Shared {
            sender: OnceLock::from(Some(sender)),
            thread: Mutex::new(None),
            events: Mutex::new(None),
        };
        (Self { shared: Arc::new(shared) }, receiver)
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
    sealer: Sealer,
    live: Vec<Live>,
    /// Calls whose file the disk did not take, and why: tried again while the call lasts.
    waiting: Vec<(Waiting, RecorderError)>,
    /// Of a chunk on its way from a queue to its file.
    bytes: Vec<u8>,
    /// Files whose second is over, with the device they lie on.
    due: Vec<Due>,
}

/// Device, file, name and state of a file that is to be synced.
type Due = (u64, Arc<File>, PathBuf, Syncing);

struct Live {
    target: Target,
    path: PathBuf,
    file: GrowingFile,
    reader: TrackReader,
    next_sync: Instant,
    syncing: Syncing,
    /// The disk took nothing: tried again from then on; what comes before is a gap.
    retry_at: Option<Instant>,
}

/// A recording without a file. What is said before it has one is a gap.
struct Waiting {
    target: Target,
    path: PathBuf,
    channels: u16,
    rate: u32,
    reader: TrackReader,
    retry_at: Instant,
}

impl Waiting {
    fn begin(self) -> Result<Live, Box<(Self, RecorderError)>> {
        let made = match self.target {
            Target::Call(_) if self.path.exists() => Err(RecorderError::Exists { path: self.path.clone() }),
            Target::Call(_) => GrowingFile::create(&part_path(&self.path), self.channels, self.rate, true),
            Target::Voice(_) => GrowingFile::create(&self.path, self.channels, self.rate, false),
        };
        let Self { target, path, reader, .. } = self;
        match made {
            Ok(file) => {
                // The first round syncs the header and the directory entry.
                let (next_sync, syncing) = (now(), Syncing::default());
                Ok(Live { target, path, file, reader, next_sync, syncing, retry_at: None })
            }
            Err(error) => {
                // A file that got its name and not its header would be in the way of the next try; one that was there before
                // is somebody's voice.
                if let (Target::Call(_), RecorderError::File { source, .. }) = (target, &error)
                    && source.kind() != std::io::ErrorKind::AlreadyExists
                {
                    let _ = std::fs::remove_file(part_path(&path));
                }
                let waiting = Self {
                    target,
                    path,
                    channels: self.channels,
                    rate: self.rate,
                    reader,
                    retry_at: self.retry_at,
                };
                Err(Box::new((waiting, error)))
            }
        }
    }
}

impl Work {
    fn new(events: EventQueue) -> Self {
        let sealer = Sealer::start(events);
        Self { sealer, live: Vec::new(), waiting: Vec::new(), bytes: Vec::new(), due: Vec::new() }
    }

    fn run(mut self, commands: &Receiver<RecorderCommand>) {
        loop {
            let nothing_waits = self.sealer.flush();
            let next = if self.live.is_empty() && self.waiting.is_empty() && nothing_waits {
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
        }
        for (waiting, error) in std::mem::take(&mut self.waiting) {
            self.sealer.report(waiting.target, &error, true);
        }
        for live in std::mem::take(&mut self.live) {
            let frames = 0;
            self.finish(live, Finish { frames, keep: true });
        }
        self.sealer.join();
    }

    fn handle(&mut self, command: RecorderCommand) {
        match command {
            RecorderCommand::Begin { target, path, channels, rate, reader } => {
                let retry_at = now() + RETRY_INTERVAL;
                match (Waiting { target, path, channels, rate, reader, retry_at }).begin() {
                    Ok(live) => self.live.push(live),
                    Err(waiting) => {
                        // A disk that is full, or away, may be back before the call ends.
                        let again =
                            matches!((target, &waiting.1), (Target::Call(_), RecorderError::File { .. }));
                        self.sealer.report(target, &waiting.1, !again);
                        self.waiting.extend(again.then_some(*waiting));
                    }
                }
            }
            RecorderCommand::Finish { target, finish } => {
                if let Some(index) = self.live.iter().position(|live| live.target == target) {
                    let live = self.live.remove(index);
                    self.finish(live, finish);
                } else if let Some(index) = self.waiting.iter().position(|(one, _)| one.target == target) {
                    // Without a file there is nothing to keep: it would be silence from end to end.
                    let (_, error) = self.waiting.remove(index);
                    self.sealer.report(target, &error, true);
                }
            }
            RecorderCommand::Closed { session, stats } => self.sealer.push(Job::Closed { session, stats }),
            RecorderCommand::End => {}
        }
    }

    /// Tries again to make the files that the disk did not take; nobody waits for what is said meanwhile.
    fn begin_waiting(&mut self, now: Instant) {
        for (mut waiting, error) in std::mem::take(&mut self.waiting) {
            self.bytes.clear();
            if waiting.retry_at > now {
                while waiting.reader.next(&mut self.bytes).is_some() {
                    self.bytes.clear();
                }
                self.waiting.push((waiting, error));
                continue;
            }
            waiting.retry_at = now + RETRY_INTERVAL;
            match waiting.begin() {
                Ok(live) => {
                    tracing::info!(whose = ?live.target, "the recording begins, the disk takes it now");
                    self.live.push(live);
                }
                Err(failed) if matches!(failed.1, RecorderError::File { .. }) => self.waiting.push(*failed),
                Err(failed) => self.sealer.report(failed.0.target, &failed.1, true),
            }
        }
    }

    fn drain_all(&mut self, now: Instant) {
        self.begin_waiting(now);
        for live in &mut self.live {
            let drained = drain(live, &mut self.bytes, now);
            if let Err(error) = drained.and_then(|()| write_round(live, &mut self.due, now)) {
                // Told once, however often it is tried.
                if live.retry_at.replace(now + RETRY_INTERVAL).is_none() {
                    self.sealer.report(live.target, &error, false);
                }
            }
        }
        self.sync_due();
    }

    /// Orders the disk to take what is due: file by file while they are few, in one go by file system when they are many.
    fn sync_due(&mut self) {
        while let Some((device, ..)) = self.due.first() {
            let device = *device;
            let together: Vec<_> = self.due.extract_if(.., |due| due.0 == device).collect();
            let together = together.into_iter().map(|(_, file, path, state)| (file, path, state));
            if together.len() >= MANY {
                self.sealer.push(Job::SyncAll { files: together.collect() });
            } else {
                together.for_each(|(file, path, state)| self.sealer.push(Job::Sync { file, path, state }));
            }
        }
    }

    fn finish(&mut self, mut live: Live, finish: Finish) {
        // A last try, also after a failure.
        let told = live.retry_at.take().is_some();
        let ended = drain(&mut live, &mut self.bytes, now());
        let Live { target, path, mut file, syncing, .. } = live;
        let Target::Call(session) = target else {
            // Best effort: it has been readable all the time.
            drop(ended.and_then(|()| file.write_out()).and_then(|()| file.renew_header()));
            let (file, path) = (file.share(), file.path().to_owned());
            return self.sealer.push(Job::Sync { file, path, state: syncing });
        };
        if !finish.keep {
            return self.sealer.push(Job::Delete { session, path, file });
        }
        let written = ended.and_then(|()| file.pad_to(finish.frames)).and_then(|()| file.write_out());
        if let Err(error) = written {
            file.cut_before(finish.frames);
            if !told {
                self.sealer.report(target, &error, false);
            }
        }
        // Even after a failure: what reached the disk becomes a sound file.
        self.sealer.push(Job::Seal { session, path, file });
    }
}

/// Empties the queue into the file, or into nothing while the disk takes nothing.
fn drain(live: &mut Live, bytes: &mut Vec<u8>, now: Instant) -> Result<(), RecorderError> {
    bytes.clear();
    while let Some(position) = live.reader.next(bytes) {
        if live.retry_at.is_none_or(|at| at <= now) {
            live.file.put(position, bytes)?;
        }
        bytes.clear();
    }
    Ok(())
}

/// Hands what was drained to the system at once (a killed process then loses only what was still queued) and, once a
/// second, to the disk. When the disk is slower than that, the next round waits for it, the audio does not.
fn write_round(live: &mut Live, due: &mut Vec<Due>, now: Instant) -> Result<(), RecorderError> {
    if live.retry_at.is_some() {
        if !live.file.is_pending() {
            return Ok(());
        }
        live.file.write_out()?;
        live.retry_at = None;
        tracing::info!(whose = ?live.target, "the recording goes on");
    }
    live.file.write_out()?;
    live.syncing.check(live.file.path())?;
    if now >= live.next_sync && live.syncing.begin() {
        live.next_sync = now + SYNC_INTERVAL;
        if let Err(error) = live.file.renew_header() {
            live.syncing.give_up();
            return Err(error);
        }
        due.push((live.file.device(), live.file.share(), live.file.path().to_owned(), live.syncing.clone()));
    } else if matches!(live.target, Target::Voice(_)) {
        live.file.renew_header()?;
    }
    Ok(())
}

/// How often the queues are emptied into the files: what a killed process loses of a recording, and half of what it may.
const DRAIN_INTERVAL: Duration = Duration::from_millis(500);
/// From so many files that are due at once they are synced together. Recordings begin at any time, so each round of 500 ms has
/// half of them.
const MANY: usize = 8;
/// How often a disk that took nothing is tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How often data and header are forced to the disk.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::track::track;
    use crate::types::MediaEvent;
    use crate::wav;

    /// A file stands where the folder is to be, as a disk that takes nothing; then it is gone.
    #[test]
    fn a_recording_begins_late_when_the_disk_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (day, session) = (folder.path().join("29"), SessionId(7));
        let path = day.join("a.wav");
        std::fs::write(&day, "in the way").unwrap();
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let mut work = Work::new(EventQueue::new(sender));
        let (mut writer, reader) = track(2, 8_000);
        let target = Target::Call(session);
        work.handle(RecorderCommand::Begin { target, path: path.clone(), channels: 2, rate: 8_000, reader });
        let start = now();
        writer.write(&[1; 16_000]);
        work.drain_all(start);
        assert!(work.live.is_empty() && work.waiting.len() == 1);
        std::fs::remove_file(&day).unwrap();
        // Tried again a second later: what was said before it is a gap.
        work.drain_all(start + 2 * RETRY_INTERVAL);
        writer.write(&[2; 16_000]);
        work.drain_all(start + 3 * RETRY_INTERVAL);
        work.handle(RecorderCommand::Finish { target, finish: Finish { frames: 16_000, keep: true } });
        work.sealer.join();
        let (_, channels) = wav::read_channels(&path).unwrap();
        assert_eq!(channels[0].len(), 16_000);
        assert!(channels[0][..8_000].iter().all(|sample| *sample == 0));
        assert!(channels[0][8_000..].iter().all(|sample| *sample == 2));
        let mut told = Vec::new();
        while let Ok(event) = events.try_recv() {
            told.push(event);
        }
        assert!(
            matches!(
                &told[..],
                [
                    MediaEvent::RecordingFailed { over: false, .. },
                    MediaEvent::RecordingClosed { gaps_ms: 1_000, .. }
                ]
            ),
            "{told:?}"
        );
    }

    #[test]
    fn a_call_that_ends_before_the_disk_takes_it_is_told_as_not_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("29");
        std::fs::write(&day, "in the way").unwrap();
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        let mut work = Work::new(EventQueue::new(sender));
        let (_writer, reader) = track(2, 8_000);
        let target = Target::Call(SessionId(7));
        work.handle(RecorderCommand::Begin {
            target,
            path: day.join("a.wav"),
            channels: 2,
            rate: 8_000,
            reader,
        });
        work.handle(RecorderCommand::Finish { target, finish: Finish { frames: 8_000, keep: true } });
        assert!(work.waiting.is_empty());
        work.sealer.join();
        let overs: Vec<bool> = std::iter::from_fn(|| events.try_recv().ok())
            .map(|event| matches!(event, MediaEvent::RecordingFailed { over: true, .. }))
            .collect();
        assert_eq!(overs, [false, true]);
    }
}
