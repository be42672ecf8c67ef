//! The store's two threads and the queues in front of them.
//!
//! Call writes overtake imports: the import lane is served only while the call lane is empty, and every import job is
//! one slice. When nothing is waiting and the log has grown, the loop checkpoints, so that no commit of a call pays
//! for it; only a log that has become long without a pause between two jobs is not kept waiting. Long reads wait in a queue of their own for a thread whose connection exists only while it is used.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tracing::Level;

use crate::backend::{Backend, Reader};
use crate::error::{Error, Result};

/// Work for the thread that owns a `W`.
pub(crate) type Job<W> = Box<dyn FnOnce(&mut W) + Send>;
/// What the store thread owns.
pub(crate) type Writer = Box<dyn Backend>;

/// Which queue a job waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Everything a call or an operator waits for.
    Call,
    /// Slices of imports.
    Import,
}

/// Both lanes. The call lane is bounded by permits that callers await ([`CALL_LANE`]); each import holds one slice.
pub(crate) struct Queue<W> {
    state: Mutex<State<W>>,
    changed: Condvar,
}

struct State<W> {
    calls: VecDeque<(Job<W>, Option<OwnedSemaphorePermit>)>,
    imports: VecDeque<Job<W>>,
    closed: bool,
}

enum Next<W> {
    Job(Job<W>, Option<OwnedSemaphorePermit>),
    Idle,
    Closed,
}

impl<W> Queue<W> {
    pub(crate) fn new() -> Self {
        let state = State { calls: VecDeque::new(), imports: VecDeque::new(), closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Appends a job.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Self::close`].
    pub(crate) fn push(&self, lane: Lane, job: Job<W>, permit: Option<OwnedSemaphorePermit>) -> Result<()> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        match lane {
            Lane::Call => state.calls.push_back((job, permit)),
            Lane::Import => state.imports.push_back(job),
        }
        self.changed.notify_one();
        Ok(())
    }

    /// No more jobs; waiting call writes are still done, import slices are dropped.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.imports.clear();
        self.changed.notify_all();
    }

    /// Whether a call's job waits: a slice of an import ends then.
    pub(crate) fn calls_wait(&self) -> bool {
        !self.lock().calls.is_empty()
    }

    /// The next job, calls first. `idle` bounds the wait.
    fn next(&self, idle: Option<Duration>) -> Next<W> {
        let mut state = self.lock();
        loop {
            if let Some((job, permit)) = state.calls.pop_front() {
                return Next::Job(job, permit);
            }
            if state.closed {
                return Next::Closed;
            }
            if let Some(job) = state.imports.pop_front() {
                return Next::Job(job, None);
            }
            match idle {
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(limit) => {
                    let (guard, timeout) =
                        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner);
                    state = guard;
                    let empty = state.calls.is_empty() && state.imports.is_empty() && !state.closed;
                    if timeout.timed_out() && empty {
                        return Next::Idle;
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        // Jobs run outside the lock, so a poisoned lock still guards consistent queues.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs jobs until the queue is closed and empty, then lets the backend finish.
pub(crate) fn run_writer(queue: &Queue<Writer>, mut backend: Writer) {
    loop {
        let quiet = backend.upkeep_after();
        if quiet == Some(Duration::ZERO) {
            backend.upkeep(Duration::ZERO);
            continue;
        }
        match queue.next(quiet) {
            Next::Job(job, permit) => {
                // The place in the lane is free as soon as the job is taken.
                drop(permit);
                told(|| job(&mut backend));
            }
            Next::Idle => backend.upkeep(quiet.unwrap_or_default()),
            Next::Closed => break,
        }
    }
    backend.finish();
}

/// Tells a trace how long the thread had a job, the disk included: who waited longer waited for other jobs or for its turn.
fn told(job: impl FnOnce()) {
    #[expect(clippy::disallowed_methods, reason = "how long a job takes is no input of it")]
    let now = Instant::now;
    let began = tracing::enabled!(Level::TRACE).then(now);
    job();
    if let Some(began) = began {
        let took_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        tracing::trace!(took_ns, "a verb of the store");
    }
}

/// Opens a reader.
pub(crate) type OpenReader = Box<dyn Fn() -> Result<Box<dyn Reader>> + Send>;

/// A reader that is opened by the first job and closed when idle, so that an idle daemon pays nothing for it.
pub(crate) struct LazyReader {
    open: OpenReader,
    reader: Option<Box<dyn Reader>>,
    /// When a list that it holds was last looked at, and how often until then: other reads do not keep it.
    looked: Option<(u64, Instant)>,
    /// Memory was used that is free now.
    used: bool,
}

impl LazyReader {
    pub(crate) fn new(open: OpenReader) -> Self {
        Self { open, reader: None, looked: None, used: false }
    }

    /// The reader, opened if it is not.
    pub(crate) fn reader(&mut self) -> Result<&mut dyn Reader> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => (self.open)()?,
        };
        self.used = true;
        Ok(&mut **self.reader.insert(reader))
    }

    /// Somebody else used memory that is free now.
    pub(crate) fn used(&mut self) {
        self.used = true;
    }

    /// After a job: notes whether a list was looked at, and lets go of one that nobody has looked at for long.
    pub(crate) fn note(&mut self, now: Instant) {
        let looks = self.reader.as_ref().and_then(|reader| reader.lingers());
        self.looked = match (looks, self.looked) {
            (None, _) => None,
            (Some(looks), Some((before, at))) if before == looks => Some((before, at)),
            (Some(looks), _) => Some((looks, now)),
        };
        if self.looked.is_some_and(|(_, at)| now.duration_since(at) >= FORGOTTEN_AFTER) {
            self.reader = None;
            self.looked = None;
        }
    }

    /// How much longer it stays open if nothing comes; `None`: nothing is open.
    pub(crate) fn stays(&self, now: Instant) -> Option<Duration> {
        match self.looked {
            Some((_, at)) => Some(FORGOTTEN_AFTER.saturating_sub(now.duration_since(at))),
            None => self.used.then_some(IDLE_BEFORE_CLOSE),
        }
    }
}

/// Runs read jobs until the queue is closed; `rested` is called whenever the connection was closed because nobody reads.
pub(crate) fn run_reader(queue: &Queue<LazyReader>, open: OpenReader, rested: fn()) {
    #[expect(clippy::disallowed_methods, reason = "how long nobody reads is no input of what is read")]
    let now = Instant::now;
    let mut lazy = LazyReader::new(open);
    loop {
        match queue.next(lazy.stays(now())) {
            Next::Job(job, permit) => {
                drop(permit);
                job(&mut lazy);
                lazy.note(now());
            }
            Next::Idle => {
                (lazy.reader, lazy.looked, lazy.used) = (None, None, false);
                rested();
            }
            Next::Closed => break,
        }
    }
}

/// Places in the call lane; a caller beyond waits for one (architecture: core -> store 64, await).
pub(crate) const CALL_LANE: usize = 64;
/// Quiet time after the last long read before its connection is closed.
const IDLE_BEFORE_CLOSE: Duration = Duration::from_secs(2);
/// A list is held for whoever looks at it: long enough to read a page.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn calls_overtake_waiting_import_slices() {
        let queue = Queue::<()>::new();
        let (sender, receiver) = mpsc::channel();
        let job = |name: &'static str| -> Job<()> {
            let sender = sender.clone();
            Box::new(move |_| sender.send(name).unwrap())
        };
        queue.push(Lane::Import, job("slice 1"), None).unwrap();
        queue.push(Lane::Import, job("slice 2"), None).unwrap();
        queue.push(Lane::Call, job("call"), None).unwrap();
        let mut order = Vec::new();
        while let Next::Job(job, _) = queue.next(Some(Duration::ZERO)) {
            job(&mut ());
            order.push(receiver.recv().unwrap());
        }
        assert_eq!(order, ["call", "slice 1", "slice 2"]);
    }

    #[test]
    fn a_closed_queue_finishes_calls_and_takes_no_more() {
        let queue = Queue::<()>::new();
        queue.push(Lane::Call, Box::new(|_| ()), None).unwrap();
        queue.push(Lane::Import, Box::new(|_| ()), None).unwrap();
        queue.close();
        assert!(matches!(queue.next(None), Next::Job(..)));
        assert!(matches!(queue.next(None), Next::Closed));
        assert!(matches!(queue.push(Lane::Call, Box::new(|_| ()), None), Err(Error::Closed)));
    }
}
