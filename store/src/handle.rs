//! `Store`: the asynchronous handle over the store's threads.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, oneshot};

use crate::backend::{Backend, Reader};
use crate::error::{Error, OpenError, Result};
use crate::export::{self, ExportOptions, ExportReport};
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};
use crate::import::{self, ImportJob, ImportReport};
use crate::model::{
    Advance, Advanced, AttemptEnd, AttemptProgress, AttemptRow, Claimed, ContactInfo, DialRules,
    DispositionInfo, DncEntry, DncRow, HistoryQuery, IncomingCall, LeadFilter, LeadRow, ListInfo, ListQuery,
    ListSpec, ManualCall, OutboxRow, ProjectInfo, RecordingFacts, RecordingState, Recovery, Role, Save,
    Saved, Sealed, Stats, StatsQuery, StatsRow, StatusCount, UserInfo, WhyAnswer, WhyContext, WhyQuery,
};
use crate::sqlite;
use crate::staging::Staging;
use crate::thread::{self, CALL_LANE, Lane, LazyReader, Queue, Writer};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Name of this box; attempts carry it, and recovery touches only its own.
    pub box_id: String,
    /// Page cache of the writing connection, KiB. Claims need little; imports raise it while they run.
    pub cache_kib: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { box_id: "box-1".to_owned(), cache_kib: DEFAULT_CACHE_KIB }
    }
}

/// A handle over the database of one box; clones are cheap and share it.
///
/// Call [`Store::recover`] once after [`Store::open`], before anything is dialed. Every verb returns when its work is
/// on disk. Verbs run one at a time in the order of their calls; dropping the returned future does not undo a verb
/// that has begun. When the last handle goes, waiting writes are finished and the file is closed.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writes: Arc<Queue<Writer>>,
    reads: Arc<Queue<LazyReader>>,
    lane: Arc<Semaphore>,
    disk_full: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens or creates the database at `path`, migrates it and takes its lock.
    ///
    /// # Errors
    /// [`OpenError`]: in use, written by a newer version, damaged, or the disk. The file is left as it was.
    pub fn open(path: &Path, options: OpenOptions) -> std::result::Result<Self, OpenError> {
        let backend = sqlite::open(path, &options)?;
        let failed = |source| OpenError::Io { path: path.to_owned(), source };
        let writes = Arc::new(Queue::new());
        let reads = Arc::new(Queue::new());
        let queue = Arc::clone(&writes);
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || thread::run_writer(&queue, Box::new(backend)))
            .map_err(failed)?;
        let queue = Arc::clone(&reads);
        let file = path.to_owned();
        let reader = std::thread::Builder::new()
            .name("store-read".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || thread::run_reader(&queue, Box::new(move || sqlite::open_reader(&file))))
            .map_err(failed)?;
        let lane = Arc::new(Semaphore::new(CALL_LANE));
        let threads = Mutex::new(vec![writer, reader]);
        Ok(Self {
            inner: Arc::new(Inner { writes, reads, lane, disk_full: AtomicBool::new(false), threads }),
        })
    }

    /// Puts the database in order after a start: see [`Recovery`]. `now` is UTC milliseconds.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recover(&self, now: i64) -> Result<Recovery> {
        self.write(move |b| b.recover(now)).await
    }

    /// The first of `block` event numbers that were never handed out before and never will be again.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn reserve_event_seq(&self, block: u64) -> Result<u64> {
        self.write(move |b| b.reserve_event_seq(block)).await
    }

    /// Answers when the store thread is alive and the database readable. After a full disk it also tries to write, so
    /// that [`Self::disk_full`] becomes `false` again without a call.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn ping(&self) -> Result<()> {
        if self.disk_full() {
            return self.write(|b| b.probe()).await;
        }
        self.ask(|b| b.ping()).await
    }

    /// Whether the last write failed because the disk is full. Dialing must stop until a write succeeds.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        self.inner.disk_full.load(Ordering::Relaxed)
    }

    /// Finishes waiting writes and closes the file; handles that are left answer [`Error::Closed`].
    pub async fn close(self) {
        self.inner.writes.close();
        self.inner.reads.close();
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let (sender, receiver) = oneshot::channel();
        let joiner = std::thread::Builder::new().name("store-close".to_owned()).spawn(move || {
            join(threads);
            let _ = sender.send(());
        });
        if joiner.is_ok() {
            let _ = receiver.await;
        }
    }
}

/// Users, projects, contacts, statuses.
impl Store {
    /// The user of this login, created when new; a live user gets the name and role given.
    ///
    /// # Errors
    /// [`Error::UserTombstone`].
    pub async fn ensure_user(&self, login: &str, name: &str, role: Role, now: i64) -> Result<UserId> {
        let (login, name) = (login.to_owned(), name.to_owned());
        self.write(move |b| b.ensure_user(&login, &name, role, now)).await
    }

    /// All live users by login.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn users(&self) -> Result<Vec<UserInfo>> {
        self.ask(|b| b.users()).await
    }

    /// The project of this name, created when new; a caller number given replaces the old one.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn ensure_project(&self, name: &str, caller_id: Option<&str>, now: i64) -> Result<ProjectId> {
        let (name, caller_id) = (name.to_owned(), caller_id.map(str::to_owned));
        self.write(move |b| b.ensure_project(&name, caller_id.as_deref(), now)).await
    }

    /// All live projects by name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn projects(&self) -> Result<Vec<ProjectInfo>> {
        self.ask(|b| b.projects()).await
    }

    /// All result statuses in order.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn dispositions(&self) -> Result<Vec<DispositionInfo>> {
        self.ask(|b| b.dispositions()).await
    }

    /// Who a number belongs to, as a person or the network writes it; `None` when nobody or not a number.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn contact(&self, phone: &str) -> Result<Option<ContactInfo>> {
        let phone = phone.to_owned();
        self.ask(move |b| b.contact(&phone)).await
    }
}

/// Lists.
impl Store {
    /// Creates an empty list.
    ///
    /// # Errors
    /// [`Error::ListName`], [`Error::ListDuplicate`], [`Error::NotFound`] (project).
    pub async fn create_list(&self, spec: ListSpec, now: i64) -> Result<ListInfo> {
        self.write(move |b| b.create_list(&spec, now)).await
    }

    /// All live lists by project and name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn lists(&self) -> Result<Vec<ListInfo>> {
        self.read(|r| r.lists()).await
    }

    /// The list of this name or of an identifier that begins so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`].
    pub async fn list_by_name(&self, name: &str) -> Result<ListInfo> {
        let name = name.to_owned();
        self.ask(move |b| b.list_by_name(&name)).await
    }

    /// One page of a list in order of position.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Phone`].
    pub async fn show_list(&self, query: ListQuery) -> Result<Vec<LeadRow>> {
        self.read(move |r| r.show_list(&query)).await
    }

    /// Enables or disables dialing from a list.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_list_enabled(
        &self,
        list: ListId,
        enabled: bool,
        by: Option<UserId>,
        now: i64,
    ) -> Result<()> {
        self.write(move |b| b.set_list_enabled(list, enabled, by, now)).await
    }

    /// Opens the next round: leads that may be retried and interrupted ones can be dialed again. Returns its number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn next_round(&self, list: ListId, by: Option<UserId>, now: i64) -> Result<u32> {
        self.write(move |b| b.next_round(list, by, now)).await
    }

    /// Marks a lead 発信対象外; it counts even for a claim that is not dialed yet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn exclude_lead(
        &self,
        lead: LeadId,
        reason: Option<&str>,
        by: Option<UserId>,
        now: i64,
    ) -> Result<()> {
        let reason = reason.map(str::to_owned);
        self.write(move |b| b.exclude_lead(lead, reason.as_deref(), by, now)).await
    }

    /// Marks a lead 発信対象 again.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn include_lead(&self, lead: LeadId, by: Option<UserId>, now: i64) -> Result<()> {
        self.write(move |b| b.include_lead(lead, by, now)).await
    }

    /// Imports a file into a list, on a thread of its own. Row errors are in the report, not an `Err`.
    ///
    /// # Errors
    /// [`Error::ListBusy`], [`Error::NotFound`], [`Error::File`], storage errors.
    pub async fn import(&self, job: ImportJob) -> Result<ImportReport> {
        let staging = Staging::new(Arc::clone(&self.inner.writes));
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name("store-import".to_owned())
            .spawn(move || {
                // The caller may have gone; the import is finished all the same.
                let _ = sender.send(import::run(job, &staging));
            })
            .map_err(|source| Error::File { path: PathBuf::from("store-import"), source })?;
        let result = receiver.await.map_err(|_| Error::Closed)?;
        self.note(&result);
        result
    }

    /// Writes a list into a file.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::File`], storage errors.
    pub async fn export_list(&self, list: ListId, options: ExportOptions) -> Result<ExportReport> {
        self.read(move |reader| {
            export::run(&options, &mut |after| {
                let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
                reader.show_list(&ListQuery { list, after, limit: EXPORT_PAGE, filter })
            })
        })
        .await
    }
}

/// Calls.
impl Store {
    /// The one commit between key press and INVITE: see [`Advance`]. Repeating it after a lost answer is harmless.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::State`], [`Error::StatusUnknown`], [`Error::NotFound`]; then nothing was done.
    pub async fn advance(&self, step: Advance) -> Result<Advanced> {
        self.write(move |b| b.advance(&step)).await
    }

    /// Preview mode: checks everything again on the final dial string and puts `dialed_at` on disk. Only then may the
    /// INVITE leave.
    ///
    /// # Errors
    /// [`Error::Refused`]: the claim is gone, its lead passed over or put off. [`Error::ClaimLost`].
    pub async fn mark_dialing(&self, attempt: AttemptId, rules: DialRules, now: i64) -> Result<()> {
        self.write(move |b| b.mark_dialing(attempt, &rules, now)).await
    }

    /// Gives a claim back that was not dialed; the lead is next again. A claim that is gone is no error.
    ///
    /// # Errors
    /// [`Error::State`] when it was dialed.
    pub async fn release(&self, attempt: AttemptId, now: i64) -> Result<()> {
        self.write(move |b| b.release(attempt, now, false)).await
    }

    /// Gives a claim back that was not dialed and leaves its lead for the next round (SKIP).
    ///
    /// # Errors
    /// [`Error::State`] when it was dialed.
    pub async fn skip(&self, attempt: AttemptId, now: i64) -> Result<()> {
        self.write(move |b| b.release(attempt, now, true)).await
    }

    /// Opens a manual call: same checks, `dialed_at` on disk.
    ///
    /// # Errors
    /// [`Error::Phone`], [`Error::Refused`].
    pub async fn open_manual(&self, call: ManualCall) -> Result<Claimed> {
        self.write(move |b| b.open_manual(&call)).await
    }

    /// Opens the row of an incoming call.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn open_incoming(&self, call: IncomingCall) -> Result<AttemptId> {
        self.write(move |b| b.open_incoming(&call)).await
    }

    /// Facts learned under way. A fact that is there already stays.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn progress(&self, progress: AttemptProgress) -> Result<()> {
        self.write(move |b| b.progress(&progress)).await
    }

    /// The end of a call, with an automatic disposition in the same commit. Ending twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::State`] when it was never dialed, [`Error::StatusUnknown`].
    pub async fn end_attempt(&self, end: AttemptEnd) -> Result<()> {
        self.write(move |b| b.end_attempt(&end)).await
    }

    /// Saves a disposition; may be called before and after the end, until the attempt is sealed.
    ///
    /// # Errors
    /// [`Error::Sealed`], [`Error::StatusUnknown`], [`Error::NotFound`], [`Error::State`] for void attempts.
    pub async fn save(&self, save: Save) -> Result<Saved> {
        self.write(move |b| b.save(&save)).await
    }

    /// Seals an ended attempt: outbox row, recording policy, the lead's next state. Sealing twice is harmless.
    ///
    /// # Errors
    /// [`Error::State`] while the call is under way, [`Error::NotFound`].
    pub async fn seal(&self, attempt: AttemptId, now: i64) -> Result<Sealed> {
        self.write(move |b| b.seal(attempt, now)).await
    }

    /// One attempt.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn attempt(&self, attempt: AttemptId) -> Result<AttemptRow> {
        self.ask(move |b| b.attempt(attempt)).await
    }

    /// Attempts, newest first.
    ///
    /// # Errors
    /// [`Error::Phone`], [`Error::StatusUnknown`].
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<AttemptRow>> {
        self.read(move |r| r.history(&query)).await
    }

    /// Counts.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats(&self, query: StatsQuery) -> Result<Stats> {
        self.read(move |r| r.stats(&query)).await
    }

    /// Counts per day and operator, oldest first.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats_by_day(&self, query: StatsQuery) -> Result<Vec<StatsRow>> {
        self.read(move |r| r.stats_by_day(&query)).await
    }

    /// The counts again, row by row from the attempts, without the database's arithmetic: must equal [`Self::stats`].
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats_recount(&self, query: StatsQuery) -> Result<Stats> {
        self.read(move |r| r.stats_recount(&query)).await
    }

    /// How often each status was given among the counted calls, in the order of the statuses.
    ///
    /// # Errors
    /// Resource errors.
    pub async fn stats_by_status(&self, query: StatsQuery) -> Result<Vec<StatusCount>> {
        self.read(move |r| r.stats_by_status(&query)).await
    }

    /// Why leads are dialed or not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Phone`].
    pub async fn why(&self, query: WhyQuery, context: WhyContext) -> Result<WhyAnswer> {
        self.read(move |r| r.why(&query, &context)).await
    }
}

/// Recordings, do-not-call, outbox.
impl Store {
    /// A recording has begun. Repeating it is harmless.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_opened(&self, attempt: AttemptId, path: PathBuf, now: i64) -> Result<()> {
        self.write(move |b| b.recording_opened(attempt, path, now)).await
    }

    /// A recording was closed. Returns where it stands: for `Discarded` the caller deletes the file.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_closed(&self, facts: RecordingFacts) -> Result<RecordingState> {
        self.write(move |b| b.recording_closed(&facts)).await
    }

    /// Recordings that were never closed: to be repaired after a crash.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn open_recordings(&self) -> Result<Vec<(AttemptId, PathBuf)>> {
        self.ask(|b| b.open_recordings()).await
    }

    /// Puts a number on the do-not-call list; `false` when it was there.
    ///
    /// # Errors
    /// [`Error::Phone`].
    pub async fn dnc_add(&self, entry: DncEntry) -> Result<bool> {
        self.write(move |b| b.dnc_add(&entry)).await
    }

    /// The do-not-call list.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn dnc_list(&self) -> Result<Vec<DncRow>> {
        self.read(|r| r.dnc_list()).await
    }

    /// The oldest rows to deliver, due or not: look at `next_try_at`.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_next(&self, limit: u32) -> Result<Vec<OutboxRow>> {
        self.ask(move |b| b.outbox_next(None, limit)).await
    }

    /// The oldest rows that are due at `now`.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_due(&self, now: i64, limit: u32) -> Result<Vec<OutboxRow>> {
        self.ask(move |b| b.outbox_next(Some(now), limit)).await
    }

    /// Delivered: the row goes.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_ack(&self, seq: i64) -> Result<()> {
        self.write(move |b| b.outbox_ack(&[seq])).await
    }

    /// Delivered: all these rows go, in one commit.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_ack_all(&self, seqs: Vec<i64>) -> Result<()> {
        self.write(move |b| b.outbox_ack(&seqs)).await
    }

    /// Not delivered: try again at `next_at`, UTC milliseconds.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_retry(&self, seq: i64, next_at: i64) -> Result<()> {
        self.write(move |b| b.outbox_retry(seq, next_at)).await
    }

    /// Will never be delivered: kept apart with the reason.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_dead(&self, seq: i64, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        self.write(move |b| b.outbox_dead(seq, &reason)).await
    }

    /// Rows waiting and rows given up.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_counts(&self) -> Result<(u64, u64)> {
        self.ask(|b| b.outbox_counts()).await
    }
}

impl Store {
    /// Runs a writing verb and remembers whether the disk took it.
    async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let result = self.ask(verb).await;
        self.note(&result);
        result
    }

    /// Runs a verb on the store thread and waits for its answer.
    async fn ask<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.inner.lane).acquire_owned().await.map_err(|_| Error::Closed)?;
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move |backend: &mut Writer| {
            // The caller may have gone; the write stands.
            let _ = sender.send(verb(&mut **backend));
        });
        self.inner.writes.push(Lane::Call, job, Some(permit))?;
        receiver.await.map_err(|_| Error::Closed)?
    }

    /// Runs a long read on the read thread.
    async fn read<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move |lazy: &mut LazyReader| {
            let _ = sender.send(lazy.reader().and_then(verb));
        });
        self.inner.reads.push(Lane::Call, job, None)?;
        receiver.await.map_err(|_| Error::Closed)?
    }

    /// Remembers whether the disk is full.
    fn note<T>(&self, result: &Result<T>) {
        match result {
            Err(error) if error.is_disk_full() => self.inner.disk_full.store(true, Ordering::Relaxed),
            Ok(_) => self.inner.disk_full.store(false, Ordering::Relaxed),
            Err(_) => {}
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
        join(std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// Waits for threads. A thread that panicked has said so already.
fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        let _ = thread.join();
    }
}

/// Claims touch a handful of pages; measured against the default of 2 MiB this saves 2 MiB of idle memory.
const DEFAULT_CACHE_KIB: u32 = 256;
/// SQLite needs less than 100 KiB; the rest is margin. Only touched pages cost memory.
const STACK_BYTES: usize = 1 << 20;
const EXPORT_PAGE: u32 = 1000;
