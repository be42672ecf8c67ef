//! Makes archives of sealed recordings, on a thread that gives way to everything else.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use media::archive::{ArchiveError, Archived};
use tokio::sync::oneshot;

/// The archiving thread's handle. Without a thread nothing is archived, and recordings stay as they are.
#[derive(Clone, Debug)]
pub(crate) struct Archivist {
    // 256: more recordings than that wait only on a box that is hours behind; those stay WAV.
    sender: Option<SyncSender<Job>>,
}

#[derive(Debug)]
struct Job {
    wav: PathBuf,
    reply: oneshot::Sender<Result<Archived, ArchiveError>>,
}

impl Archivist {
    /// Starts the thread, which ends with the last handle; `wanted` false makes a handle that archives nothing.
    pub(crate) fn start(wanted: bool) -> Self {
        if !wanted {
            return Self { sender: None };
        }
        let (sender, jobs) = sync_channel(256);
        let thread = std::thread::Builder::new().name("archive".into()).stack_size(STACK);
        match thread.spawn(move || work(&jobs)) {
            Ok(_) => Self { sender: Some(sender) },
            Err(error) => {
                tracing::error!(%error, "cannot start the archiving thread; recordings stay WAV");
                Self { sender: None }
            }
        }
    }

    pub(crate) const fn is_wanted(&self) -> bool {
        self.sender.is_some()
    }

    /// Archives a sealed recording beside itself. `None`: it stays what it is, which was logged.
    pub(crate) async fn archive(&self, wav: PathBuf) -> Option<Archived> {
        let (reply, archived) = oneshot::channel();
        let sender = self.sender.as_ref()?;
        if sender.try_send(Job { wav, reply }).is_err() {
            tracing::warn!("too many recordings wait for their archive; this one stays WAV");
            return None;
        }
        match archived.await.ok()? {
            Ok(archived) => Some(archived),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "a recording cannot be archived; it stays WAV");
                None
            }
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    // On Linux a thread has a niceness of its own: voice and calls go first.
    if let Err(error) = rustix::process::nice(LOWEST) {
        tracing::debug!(%error, "the archiving thread runs at the usual priority");
    }
    while let Ok(Job { wav, reply }) = jobs.recv() {
        // Nobody may wait any more at the end of the daemon; the next start finds the recording as it is.
        let _ = reply.send(media::archive::write(&wav, &wav.with_extension("opus")));
    }
}

/// nice(2): the least favoured.
const LOWEST: i32 = 19;
/// libopus works on its stack.
const STACK: usize = 512 * 1_024;
