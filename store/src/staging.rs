//! Between the import reader and the store thread: rows are staged in short slices that call writes overtake.
//!
//! An import runs on a thread of its own ([`crate::import`]), parses there, and hands batches of rows to the store
//! thread through [`Staging`]. Staged leads lie behind the list's visible end and cannot be dialed until
//! [`Staging::commit`], which is one small write whatever the size of the file. [`Staging::undo`] takes everything back;
//! so does the next start when the process dies in between.

mod batch;
mod doubts;
mod undone;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::backend::Backend;
use crate::error::{Blame, Error, Result};
use crate::id::{ImportId, LeadId, ListId, UserId};
use crate::import::ExtraPhone;
use crate::model::{Actor, AuditEntry, ListSpec};
use crate::phone::{Clir, Phone};
use crate::progress::Progress;
use crate::sqlite::Known;
use crate::thread::{Lane, Queue, Writer};

pub(crate) use batch::{LeadRows, NumberRows, Rows, Staged};
pub(crate) use doubts::{LateDoubt, LateDoubts};
pub(crate) use undone::UndoAt;
pub use undone::Undone;

/// One checked row of a file.
#[derive(Clone, Debug)]
pub(crate) struct StagedRow {
    /// Its line in the file.
    pub(crate) line: u64,
    /// The number, key of contact and lead.
    pub(crate) phone: Phone,
    /// Its extension, digits.
    pub(crate) ext: Option<String>,
    /// What it is, of a contact.
    pub(crate) label: Option<Arc<str>>,
    /// Mail address, of a contact; empty: takes it away.
    pub(crate) email: Option<String>,
    /// Whose it is, of a contact; `None` says nothing, `Some(None)` nobody's.
    pub(crate) owner: Option<Option<UserId>>,
    /// Who owns the number from now on, of a lead; `None` says nothing.
    pub(crate) assigned: Option<UserId>,
    /// A new lead of it is 発信対象外, and why; empty where nobody said.
    pub(crate) excluded: Option<String>,
    /// Lead of the list's bin that has the number and was 発信対象外: a new one stays so.
    pub(crate) kept: Option<LeadId>,
    /// When its number was dialed by a call that a restore left behind, UTC milliseconds: a new lead of it is not called by itself.
    pub(crate) rests: Option<i64>,
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
    /// An earlier row of the file has the same number: this one stands in its place, or adds to it.
    pub(crate) again: bool,
    /// It adds to it.
    pub(crate) joins: bool,
}

/// What an import does with numbers that are there already. Attempts, do-not-call and 発信対象外 are never touched (C11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct StagePolicy {
    /// The rows are leads of a list; `false`: they are contacts only.
    pub(crate) leads: bool,
    /// The list had no lead when the import began: none needs to be looked for.
    pub(crate) new_list: bool,
    /// A number already on the list (S1.19).
    pub(crate) existing: OnExisting,
    /// Numbers not yet in the contact book are registered there (S1.10).
    pub(crate) create_contacts: bool,
    /// Where an empty cell blanks what is there; nowhere by default (S1.11).
    pub(crate) blanks: Blanks,
    /// Categories of a known number: add instead of replace (S0.20).
    pub(crate) merge_categories: bool,
    /// A number is enough for a contact (S4.45). Else none is made of a row without a name: its lead has one.
    pub(crate) nameless: bool,
}

impl Default for StagePolicy {
    fn default() -> Self {
        Self {
            leads: true,
            new_list: false,
            existing: OnExisting::Update,
            create_contacts: true,
            blanks: Blanks::default(),
            merge_categories: false,
            nameless: true,
        }
    }
}

/// The columns whose empty cells blank what is there. A column that the file does not have says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blanks {
    pub(crate) company: bool,
    pub(crate) person: bool,
    pub(crate) categories: bool,
    pub(crate) owner: bool,
    /// An extension that the cell of the number does not have.
    pub(crate) ext: bool,
}

#[cfg(test)]
impl Blanks {
    /// A file that has them all.
    pub(crate) const ALL: Self =
        Self { company: true, person: true, categories: true, owner: true, ext: true };
}

/// What to do with a number that is on the list already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnExisting {
    /// Overwrite names, categories and columns; keep position, attempts and exclusion.
    Update,
    /// Leave it, and its contact: nothing of the row is written.
    Skip,
}

/// What staging rows did; adds up over batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StageCounts {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    /// Of the unchanged leads those that a later row of the same number changed after all.
    pub(crate) turned: u64,
    /// Of the updated leads those that are as they were, since the last row of the number says so.
    pub(crate) returned: u64,
    pub(crate) skipped: u64,
    /// Contacts that rows reached, each once, as in the counts of those that were made, changed or skipped.
    pub(crate) contacts: u64,
    pub(crate) contacts_created: u64,
    pub(crate) contacts_updated: u64,
}

impl std::ops::AddAssign for StageCounts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.turned += other.turned;
        self.returned += other.returned;
        self.skipped += other.skipped;
        self.contacts += other.contacts;
        self.contacts_created += other.contacts_created;
        self.contacts_updated += other.contacts_updated;
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

/// What a row did to the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Placed {
    /// A lead was made of it, at this position.
    New(i64),
    /// It changed a lead that was there, which is remembered under this number.
    Changed(i64),
    /// Its number was on the list, and nothing of it is taken, neither for the lead nor for a contact.
    Skipped,
    /// Nothing: its lead is as it was, an earlier row has its number, or it is no lead.
    #[default]
    Same,
}

/// A row once more, in the order of numbers: its lead's number is entered, its contact written.
#[derive(Clone, Debug)]
pub(crate) struct NumberRow {
    /// Of a row that is not [`StagedRow::again`] only what a contact has.
    pub(crate) row: StagedRow,
    /// What it did before.
    pub(crate) placed: Placed,
}

/// Of rows in the order of numbers those that count: where a later row of a number stands in the place of earlier ones, that alone,
/// with what the first did to the list.
pub(crate) fn last_ones(
    rows: impl Iterator<Item = Result<NumberRow>>,
) -> impl Iterator<Item = Result<NumberRow>> {
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        let mut row = match rows.next()? {
            Ok(row) => row,
            failed => return Some(failed),
        };
        let replaces = |row: &NumberRow, later: &Result<NumberRow>| {
            later
                .as_ref()
                .is_ok_and(|later| later.row.again && !later.row.joins && later.row.phone == row.row.phone)
        };
        while let Some(Ok(later)) = rows.next_if(|later| replaces(&row, later)) {
            row.row = later.row;
        }
        Some(Ok(row))
    })
}

/// A blocking client of the store thread for one import. Never call it from an async task.
#[derive(Clone)]
pub(crate) struct Staging {
    queue: Arc<Queue<Writer>>,
    database: PathBuf,
    /// What the disk did not take.
    owed: Arc<Mutex<Vec<Owed>>>,
}

/// Work that can be begun again as often as it takes.
type Owed = Box<dyn FnMut(&Staging) -> Result<()> + Send>;

impl Staging {
    /// `database`: its file.
    pub(crate) fn new(queue: Arc<Queue<Writer>>, database: &Path) -> Self {
        Self { queue, database: database.to_owned(), owed: Arc::default() }
    }

    /// Where the database lies, and there is room for as much again.
    pub(crate) fn folder(&self) -> &Path {
        self.database.parent().unwrap_or(Path::new("."))
    }

    /// What is asked of it while a file for the list, or for the contact book, is read.
    pub(crate) fn known(&self, list: Option<ListId>) -> Known {
        Known::new(&self.database, list)
    }

    /// Starts an import into a list, or into the contact book. `new_list`: the list is made with it, under the profile of this name
    /// and by this user, and goes with it unless it is committed.
    ///
    /// # Errors
    /// [`Error::ListBusy`] while another import into it runs; [`Error::NotFound`]; of a new list [`Error::ListName`] and
    /// [`Error::ListDuplicate`].
    pub(crate) fn begin(
        &self,
        start: ImportStart,
        new_list: Option<(ListSpec, Option<String>, Actor)>,
    ) -> Result<ImportId> {
        self.run(move |backend| match &new_list {
            Some((spec, profile, by)) => backend.begin_import_of_new(&start, spec, profile.as_deref(), *by),
            None => backend.begin_import(&start),
        })
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
    pub(crate) fn stage<R: Rows>(&self, import: ImportId, policy: StagePolicy, rows: R) -> Result<Staged<R>> {
        Staged::begin(&self.queue, (import, policy), rows)
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

    /// Writes into the audit log who cancelled an import; [`Self::undo`] comes next.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn note_cancel(&self, import: ImportId, by: Actor, now: i64) -> Result<()> {
        let (action, object, detail) = ("import.cancel", import.to_string(), serde_json::json!({}));
        let entry = AuditEntry { by, action, object, detail, now };
        self.run(move |backend| backend.audit(&entry))
    }

    /// Notes that nothing of its file is taken, and why: it is then taken back, and nobody undid it. `report`: what is kept of it.
    ///
    /// # Errors
    /// Storage errors.
    pub(crate) fn note_refused(&self, import: ImportId, report: serde_json::Value) -> Result<()> {
        self.run(move |backend| backend.refuse_import(import, &report))
    }

    /// Takes an import back, staged or committed: new leads without attempts go, overwritten names return.
    ///
    /// # Errors
    /// Storage errors; calling it again continues.
    pub(crate) fn undo(&self, import: ImportId, by: Actor, now: i64, progress: &Progress) -> Result<Undone> {
        let (mut undone, mut at) = (Undone::default(), Some(UndoAt::START));
        while let Some(from) = at {
            self.wait_for_disk()?;
            let (slice, next) = self.run(move |backend| backend.undo_import(import, from, by, now))?;
            undone += slice;
            progress.set(undone.done(), 0);
            at = next;
        }
        Ok(undone)
    }

    /// Does what an import that ends early has to do, now or, where the disk is full, in [`Self::make_up`].
    ///
    /// # Errors
    /// What only the next start puts in order.
    pub(crate) fn owe(&self, mut work: impl FnMut(&Self) -> Result<()> + Send + 'static) -> Result<()> {
        match work(self) {
            Err(error) if error.blame() == Blame::Resource => {
                tracing::warn!(code = error.code(), "an import is ended as soon as the disk takes it");
                self.owed().push(Box::new(work));
                Ok(())
            }
            done => done,
        }
    }

    /// Does what the disk did not take, as soon as it does; blocks until then, or until the store is closed. What is not done stays
    /// for the next start.
    pub(crate) fn make_up(&self) {
        let owed = std::mem::take(&mut *self.owed());
        for mut work in owed {
            let done = loop {
                std::thread::park_timeout(AGAIN);
                match work(self) {
                    Err(error) if error.blame() == Blame::Resource => {}
                    done => break done,
                }
            };
            match done {
                Ok(()) => {
                    tracing::info!("the disk takes something again: an import that it interrupted is ended")
                }
                Err(Error::Closed) => return,
                Err(error) => tracing::warn!(code = error.code(), "an import is ended at the next start"),
            }
        }
    }

    fn owed(&self) -> MutexGuard<'_, Vec<Owed>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the numbers of a staged import that nobody owns to whom the file names, or to these users in turn (S1.6).
    ///
    /// # Errors
    /// [`Error::UserTombstone`], [`Error::NoCaller`], storage errors; the import stays staged.
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

    /// One short job on the store thread, which calls overtake.
    ///
    /// # Errors
    /// [`Error::Closed`]; what the job says.
    pub(crate) fn run<T: Send + 'static>(
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
/// Between two looks at whether the disk takes anything again.
const AGAIN: Duration = Duration::from_secs(3);
