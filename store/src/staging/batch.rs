//! Batches of rows on their way through the store thread, one slice after the other.

use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use super::{NumberRow, Placed, StageCounts, StagePolicy, StagedRow};
use crate::error::{Error, Result};
use crate::id::ImportId;
use crate::sqlite::Reached;
use crate::thread::{Lane, Queue, Writer};

/// Rows that are staged one slice after the other.
pub(crate) trait Rows: Sized + Send + 'static {
    /// Writes rows from `from` on as far as the slice lasts; returns how many and what they did.
    fn slice(
        &mut self,
        backend: &mut Writer,
        import: (ImportId, StagePolicy),
        from: usize,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)>;

    /// How many there are.
    fn count(&self) -> usize;
}

/// Rows in the order of the file, to be written as leads.
pub(crate) struct LeadRows {
    rows: Vec<StagedRow>,
    /// What became of those that are written.
    placed: Vec<Placed>,
}

impl LeadRows {
    pub(crate) fn new(rows: Vec<StagedRow>) -> Self {
        Self { placed: Vec::with_capacity(rows.len()), rows }
    }

    /// Each with what it did.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (&StagedRow, Placed)> {
        self.rows.iter().zip(self.placed.iter().copied())
    }
}

impl Rows for LeadRows {
    fn slice(
        &mut self,
        backend: &mut Writer,
        (import, policy): (ImportId, StagePolicy),
        from: usize,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)> {
        let rows = self.rows.get(from..).unwrap_or_default();
        let (placed, counts) = backend.stage_leads(import, rows, policy, urgent)?;
        self.placed.extend(&placed);
        Ok((placed.len(), counts))
    }

    fn count(&self) -> usize {
        self.rows.len()
    }
}

/// Rows in the order of their numbers, to be entered.
pub(crate) struct NumberRows {
    rows: Vec<NumberRow>,
    /// The contacts that the import reached so far. Its rows are written one batch after the other.
    reached: Arc<Mutex<Reached>>,
}

impl NumberRows {
    pub(crate) fn new(rows: Vec<NumberRow>, reached: &Arc<Mutex<Reached>>) -> Self {
        Self { rows, reached: Arc::clone(reached) }
    }
}

impl Rows for NumberRows {
    fn slice(
        &mut self,
        backend: &mut Writer,
        (import, policy): (ImportId, StagePolicy),
        from: usize,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)> {
        let rows = self.rows.get(from..).unwrap_or_default();
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        backend.stage_numbers(import, rows, policy, &mut reached, urgent)
    }

    fn count(&self) -> usize {
        self.rows.len()
    }
}

/// Rows on their way; each slice is a job of its own that queues the next one.
struct Batch<R> {
    queue: Arc<Queue<Writer>>,
    import: (ImportId, StagePolicy),
    rows: R,
    from: usize,
    counts: StageCounts,
    /// Gives the rows back too: freeing them is left to the thread that made them.
    sender: SyncSender<Result<(StageCounts, R)>>,
}

impl<R: Rows> Batch<R> {
    fn slice(mut self, backend: &mut Writer) {
        let urgent = || self.queue.calls_wait();
        let answer = match self.rows.slice(backend, self.import, self.from, &urgent) {
            Err(error) => Err(error),
            Ok((consumed, counts)) => {
                self.from += consumed.max(1);
                self.counts += counts;
                if self.from < self.rows.count() {
                    let queue = Arc::clone(&self.queue);
                    // A closed store drops the rest, and the waiting import learns it from the closed channel.
                    let _ = queue.push(Lane::Import, Box::new(move |backend| self.slice(backend)), None);
                    return;
                }
                Ok((self.counts, self.rows))
            }
        };
        // The import thread may have gone; the writes stand.
        let _ = self.sender.send(answer);
    }
}

/// The answer to staged rows.
pub(crate) struct Staged<R> {
    receiver: Receiver<Result<(StageCounts, R)>>,
}

impl<R: Rows> Staged<R> {
    /// Queues the first slice.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(super) fn begin(
        queue: &Arc<Queue<Writer>>,
        import: (ImportId, StagePolicy),
        rows: R,
    ) -> Result<Self> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let own = Arc::clone(queue);
        let batch = Batch { queue: own, import, rows, from: 0, counts: StageCounts::default(), sender };
        queue.push(Lane::Import, Box::new(move |backend| batch.slice(backend)), None)?;
        Ok(Self { receiver })
    }

    /// Blocks until all rows are written; gives them back.
    ///
    /// # Errors
    /// Storage errors; rows staged before stay until [`super::Staging::undo`].
    pub(crate) fn wait(self) -> Result<(StageCounts, R)> {
        self.receiver.recv().map_err(|_| Error::Closed)?
    }
}
