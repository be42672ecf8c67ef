//! Between the import reader and the store thread: rows are staged in short slices that call writes overtake.
//!
//! An import runs on a thread of its own ([`crate::import`]), parses there, and hands batches of rows to the store
//! thread through [`Staging`]. Staged leads lie behind the list's visible end and cannot be dialed until
//! [`Staging::commit`], which is one small write whatever the size of the file. [`Staging::undo`] takes everything back;
//! so does the next start when the process dies in between.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::id::{ContactId, ImportId, ListId, UserId};
use crate::import::ExtraPhone;
use crate::model::Actor;
use crate::phone::{Clir, Phone};
use crate::progress::Progress;
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
    pub(crate) extra_phones: Vec<ExtraPhone>,
    /// Other columns in the order of the file: name and text.
    pub(crate) attrs: Vec<(Arc<str>, String)>,
    /// Company and person folded for search: made where the row is read, not where it is written.
    pub(crate) name_key: String,
    /// Its categories are added to those that an earlier row of the same file gave.
    pub(crate) joins: bool,
}

/// What an import does with numbers that are there already. Attempts, do-not-call and 発信対象外 are never touched (C11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct StagePolicy {
    /// The rows are leads of a list; `false`: they are contacts only.
    pub(crate) leads: bool,
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
            leads: true,
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

/// How far taking an import back is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UndoAt {
    /// Puts back what was overwritten.
    Changes,
    /// Removes new leads behind this position.
    Leads { after: i64 },
    /// Removes new contacts behind this one.
    Contacts { after: ContactId },
    /// Closes it.
    End,
}

/// What taking an import back did; adds up over slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Undone {
    /// New leads removed.
    pub removed: u64,
    /// New leads that were called or are tasks meanwhile, and stay.
    pub kept: u64,
    /// Leads and contacts that have again what the import overwrote.
    pub restored: u64,
    /// Leads and contacts that somebody changed since, and keep that.
    pub changed_since: u64,
    /// New contacts removed.
    pub contacts_removed: u64,
}

impl Undone {
    /// Rows that were dealt with.
    fn done(&self) -> u64 {
        self.removed + self.kept + self.restored + self.changed_since + self.contacts_removed
    }
}

impl std::ops::AddAssign for Undone {
    fn add_assign(&mut self, other: Self) {
        self.removed += other.removed;
        self.kept += other.kept;
        self.restored += other.restored;
        self.changed_since += other.changed_since;
        self.contacts_removed += other.contacts_removed;
    }
}

/// What an import begins with.
#[derive(Clone, Debug)]
pub(crate) struct ImportStart {
    /// `None`: into the contact book only.
    pub(crate) list: Option<ListId>,
    /// File name for people; never a whole path.
    pub(crate) source: String,
    pub(crate) user: Option<UserId>,
    pub(crate) now: i64,
}

/// Rows that are staged together: leads in the order of the file, then contacts in the order of their numbers, so that
/// the tree of numbers is walked once per window instead of visited at random.
pub(crate) struct Window {
    rows: Vec<StagedRow>,
    /// Places of the rows, by number; equal numbers stay in the order of the file.
    by_number: Vec<u32>,
}

impl Window {
    /// Orders the rows; at most [`u32::MAX`] of them.
    pub(crate) fn new(rows: Vec<StagedRow>) -> Self {
        let mut by_number: Vec<u32> = (0..).take(rows.len()).collect();
        by_number.sort_by_key(|at| rows[*at as usize].phone.expose());
        Self { rows, by_number }
    }
}

/// What of a window is written now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Leads,
    Contacts,
}

/// Rows on their way; each slice is a job of its own that queues the next one.
struct Batch {
    queue: Arc<Queue<Writer>>,
    import: ImportId,
    policy: StagePolicy,
    window: Window,
    pass: Pass,
    from: usize,
    counts: StageCounts,
    /// Gives the rows back too: freeing them is left to the thread that made them.
    sender: SyncSender<Result<(StageCounts, Window)>>,
}

impl Batch {
    fn slice(mut self, backend: &mut Writer) {
        let Window { rows, by_number } = &self.window;
        let urgent = || self.queue.calls_wait();
        let staged = match self.pass {
            Pass::Leads => backend.stage_leads(
                self.import,
                rows.get(self.from..).unwrap_or_default(),
                self.policy,
                &urgent,
            ),
            Pass::Contacts => {
                let order = by_number.get(self.from..).unwrap_or_default();
                backend.stage_contacts(self.import, rows, order, self.policy, &urgent)
            }
        };
        let answer = match staged {
            Err(error) => Err(error),
            Ok((consumed, counts)) => {
                self.from += consumed.max(1);
                self.counts += counts;
                let all = self.window.rows.len();
                if self.from >= all && self.pass == Pass::Leads && self.policy.create_contacts {
                    (self.pass, self.from) = (Pass::Contacts, 0);
                }
                if self.from < all {
                    let queue = Arc::clone(&self.queue);
                    // A closed store drops the rest, and the waiting import learns it from the closed channel.
                    let _ = queue.push(Lane::Import, Box::new(move |backend| self.slice(backend)), None);
                    return;
                }
                Ok((self.counts, self.window))
            }
        };
        // The import thread may have gone; the writes stand.
        let _ = self.sender.send(answer);
    }
}

/// The answer to staged rows.
pub(crate) struct Staged {
    receiver: Receiver<Result<(StageCounts, Window)>>,
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

    /// Starts an import into a list, or into the contact book.
    ///
    /// # Errors
    /// [`Error::ListBusy`] while another import into it runs; [`Error::NotFound`].
    pub(crate) fn begin(&self, start: ImportStart) -> Result<ImportId> {
        self.run(move |backend| backend.begin_import(&start))
    }

    /// How many leads the list has already (登録数).
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) fn registered(&self, list: ListId) -> Result<u64> {
        self.run(move |backend| backend.registered(list))
    }

    /// Begins to stage rows, slice by slice; call writes come in between. Wait for the answer before the next rows, and
    /// before [`Self::commit`] and [`Self::undo`].
    ///
    /// # Errors
    /// [`Error::Closed`]; others come with the answer.
    pub(crate) fn stage(&self, import: ImportId, window: Window, policy: StagePolicy) -> Result<Staged> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let batch = Batch {
            queue: Arc::clone(&self.queue),
            import,
            policy,
            window,
            pass: if policy.leads { Pass::Leads } else { Pass::Contacts },
            from: 0,
            counts: StageCounts::default(),
            sender,
        };
        self.queue.push(Lane::Import, Box::new(move |backend| batch.slice(backend)), None)?;
        Ok(Staged { receiver })
    }

    /// Waits while the disk is behind, with calls going on, but not for ever: then the log grows instead.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) fn wait_for_disk(&self) -> Result<()> {
        for _ in 0..LONGEST_WAIT.as_millis() / PAUSE.as_millis() {
            if !self.run(|backend| Ok(backend.import_crowded()))? {
                break;
            }
            std::thread::park_timeout(PAUSE);
        }
        Ok(())
    }

    /// Makes the staged leads visible and dialable, all at once. `report` is kept with the import.
    ///
    /// # Errors
    /// Storage errors; the import stays staged.
    pub(crate) fn commit(
        &self,
        import: ImportId,
        report: serde_json::Value,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        self.run(move |backend| backend.commit_import(import, &report, by, now))
    }

    /// Takes an import back, staged or committed: new leads without attempts go, overwritten names return.
    ///
    /// # Errors
    /// Storage errors; calling it again continues.
    pub(crate) fn undo(&self, import: ImportId, by: Actor, now: i64, progress: &Progress) -> Result<Undone> {
        let (mut undone, mut at) = (Undone::default(), Some(UndoAt::Changes));
        while let Some(from) = at {
            self.wait_for_disk()?;
            let (slice, next) = self.run(move |backend| backend.undo_import(import, from, by, now))?;
            undone += slice;
            progress.set(undone.done(), 0);
            at = next;
        }
        Ok(undone)
    }

    /// Gives the numbers of a staged import that nobody owns to these users in turn (S1.6).
    ///
    /// # Errors
    /// Storage errors; the import stays staged.
    pub(crate) fn assign(&self, import: ImportId, users: Vec<UserId>, by: Actor, now: i64) -> Result<()> {
        let users: Arc<[UserId]> = users.into();
        let mut after = Some(0);
        while let Some(position) = after {
            let users = Arc::clone(&users);
            after = self.run(move |backend| backend.assign_import(import, &users, by, position, now))?;
        }
        Ok(())
    }

    /// Puts the leads of a list that is not dialed from the top into their turns.
    ///
    /// # Errors
    /// Storage errors; calling it again begins anew.
    pub(crate) fn reorder(&self, list: ListId) -> Result<()> {
        let mut after = Some(0);
        while let Some(position) = after {
            after = self.run(move |backend| backend.reorder_list(list, position))?;
        }
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

/// Longest time an import waits for the disk before it goes on all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(1);
