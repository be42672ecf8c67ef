//! Between the import reader and the store thread: rows are staged in short slices that call writes overtake.
//!
//! An import runs on a thread of its own ([`crate::import`]), parses there, and hands batches of rows to the store
//! thread through [`Staging`]. Staged leads lie behind the list's visible end and cannot be dialed until
//! [`Staging::commit`], which is one small write whatever the size of the file. [`Staging::undo`] takes everything back;
//! so does the next start when the process dies in between.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::id::{ImportId, ListId, UserId};
use crate::phone::{Clir, Phone};
use crate::thread::{Lane, Queue, Writer};

/// One checked row of a file.
#[derive(Clone, Debug)]
pub(crate) struct StagedRow {
    /// The number, key of contact and lead.
    pub(crate) phone: Phone,
    /// As the file had it.
    pub(crate) raw_phone: String,
    /// 184 or 186 in front of it.
    pub(crate) clir: Option<Clir>,
    /// Company; `None` for an empty cell.
    pub(crate) company: Option<String>,
    /// Person; `None` for an empty cell.
    pub(crate) person: Option<String>,
    /// Categories in order, without repeats.
    pub(crate) categories: Vec<String>,
    /// Further numbers of the row, in order.
    pub(crate) extra_phones: Vec<Phone>,
    /// Other columns in the order of the file: name and text.
    pub(crate) attrs: Vec<(String, String)>,
}

/// What an import does with numbers that are there already. Attempts, do-not-call and 発信対象外 are never touched (C11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct StagePolicy {
    /// A number already on the list (S1.19).
    pub(crate) existing: OnExisting,
    /// Numbers not yet in the contact book are registered there (S1.10).
    pub(crate) create_contacts: bool,
    /// An empty cell blanks what is there; off by default (S1.11).
    pub(crate) overwrite_empty: bool,
    /// Categories of a known number: add instead of replace (S0.20).
    pub(crate) merge_categories: bool,
}

impl Default for StagePolicy {
    fn default() -> Self {
        Self {
            existing: OnExisting::Update,
            create_contacts: true,
            overwrite_empty: false,
            merge_categories: false,
        }
    }
}

/// What to do with a number that is on the list already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnExisting {
    /// Overwrite names, categories and columns; keep position, attempts and exclusion.
    Update,
    /// Leave it.
    Skip,
}

/// What staging rows did; adds up over batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StageCounts {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) skipped: u64,
    pub(crate) contacts_created: u64,
    pub(crate) contacts_updated: u64,
}

impl std::ops::AddAssign for StageCounts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.contacts_created += other.contacts_created;
        self.contacts_updated += other.contacts_updated;
    }
}

/// What an import begins with.
#[derive(Clone, Debug)]
pub(crate) struct ImportStart {
    pub(crate) list: ListId,
    /// File name for people; never a whole path.
    pub(crate) source: String,
    pub(crate) user: Option<UserId>,
    pub(crate) now: i64,
}

/// Rows on their way; each slice is a job of its own that queues the next one.
struct Batch {
    queue: Arc<Queue<Writer>>,
    import: ImportId,
    policy: StagePolicy,
    rows: Vec<StagedRow>,
    from: usize,
    counts: StageCounts,
    /// Gives the rows back too: freeing them is left to the thread that made them.
    sender: SyncSender<Result<(StageCounts, Vec<StagedRow>)>>,
}

impl Batch {
    fn slice(mut self, backend: &mut Writer) {
        let rows = self.rows.get(self.from..).unwrap_or_default();
        let answer = match backend.stage_rows(self.import, rows, self.policy) {
            Err(error) => Err(error),
            Ok((consumed, counts)) => {
                self.from += consumed.max(1);
                self.counts += counts;
                if self.from < self.rows.len() {
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
pub(crate) struct Staged {
    receiver: Receiver<Result<(StageCounts, Vec<StagedRow>)>>,
}

impl Staged {
    /// Blocks until all rows are written.
    ///
    /// # Errors
    /// Storage errors; rows staged before stay until [`Staging::undo`].
    pub(crate) fn wait(self) -> Result<StageCounts> {
        self.receiver.recv().map_err(|_| Error::Closed)?.map(|(counts, _)| counts)
    }
}

/// A blocking client of the store thread for one import. Never call it from an async task.
#[derive(Clone)]
pub(crate) struct Staging {
    queue: Arc<Queue<Writer>>,
}

impl Staging {
    pub(crate) fn new(queue: Arc<Queue<Writer>>) -> Self {
        Self { queue }
    }

    /// Starts an import into a list.
    ///
    /// # Errors
    /// [`Error::ListBusy`] while another import into it runs; [`Error::NotFound`].
    pub(crate) fn begin(&self, start: ImportStart) -> Result<ImportId> {
        self.run(move |backend| backend.begin_import(&start))
    }

    /// Begins to stage rows, slice by slice; call writes come in between. Wait for the answer before the next rows, and
    /// before [`Self::commit`] and [`Self::undo`].
    ///
    /// # Errors
    /// [`Error::Closed`]; others come with the answer.
    pub(crate) fn stage(
        &self,
        import: ImportId,
        rows: Vec<StagedRow>,
        policy: StagePolicy,
    ) -> Result<Staged> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let batch = Batch {
            queue: Arc::clone(&self.queue),
            import,
            policy,
            rows,
            from: 0,
            counts: StageCounts::default(),
            sender,
        };
        self.queue.push(Lane::Import, Box::new(move |backend| batch.slice(backend)), None)?;
        Ok(Staged { receiver })
    }

    /// Makes the staged leads visible and dialable, all at once. `report` is kept with the import.
    ///
    /// # Errors
    /// Storage errors; the import stays staged.
    pub(crate) fn commit(&self, import: ImportId, report: serde_json::Value, now: i64) -> Result<()> {
        self.run(move |backend| backend.commit_import(import, &report, now))
    }

    /// Takes an import back, staged or committed: new leads without attempts go, overwritten names return.
    ///
    /// # Errors
    /// Storage errors; calling it again continues.
    pub(crate) fn undo(&self, import: ImportId, now: i64) -> Result<()> {
        while !self.run(move |backend| backend.undo_import(import, now))? {}
        Ok(())
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let job = Box::new(move |backend: &mut Writer| {
            // The import thread may have gone; the write stands.
            let _ = sender.send(job(&mut **backend));
        });
        self.queue.push(Lane::Import, job, None)?;
        receiver.recv().map_err(|_| Error::Closed)?
    }
}
