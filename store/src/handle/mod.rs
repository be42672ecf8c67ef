//! `Store`: the asynchronous handle over the store's threads. Its verbs are in the files beside this one.

mod calls;
mod contacts;
mod keeping;
mod lead_changes;
mod leads;
mod lists;
mod office;
mod people;
mod preview;
mod registers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, oneshot, watch};

use crate::awake::{self, Awake, Disk};
use crate::backend::{Backend, Reader};
use crate::changes::Changes;
use crate::error::{Error, OpenError, Result};
use crate::id::AttemptId;
use crate::import::Profiles;
use crate::model::{Actor, OpenResults, Recovery, UserChange};
use crate::progress::{Progress, stopped};
use crate::sqlite::{self, Handing, Place};
use crate::thread::{self, CALL_LANE, Lane, LazyReader, Queue, Writer};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Name of this box; attempts carry it, and recovery touches only its own.
    pub box_id: String,
    /// Page cache of the writing connection, KiB. Claims need little; imports raise it while they run.
    pub cache_kib: u32,
    /// The folder of recordings. Their rows keep the place within it, so that it can be moved; only what lies below it is ever
    /// deleted. `None`: rows keep whole paths, and none are taken over.
    pub recordings: Option<PathBuf>,
    /// The profiles of this site, which [`Store::profiles`] gives back.
    pub profiles: Profiles,
    /// Called on the thread that reads, some seconds after what took memory is over (reads, a list that somebody looked at, an import): the
    /// moment to give what is free back to the system. It must not block.
    pub rested: fn(),
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            box_id: "box-1".to_owned(),
            cache_kib: DEFAULT_CACHE_KIB,
            recordings: None,
            profiles: Profiles::default(),
            rested: || (),
        }
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
    awake: Arc<Awake>,
    lane: Arc<Semaphore>,
    /// Long reads that have a connection and a thread of their own.
    apart: Arc<Semaphore>,
    /// One backup at a time: two to one place would write into each other.
    copies: Semaphore,
    path: PathBuf,
    place: Place,
    profiles: Profiles,
    disk_full: AtomicBool,
    /// Changes of many leads that failed, and why: given up before another one begins.
    failed_changes: Mutex<Vec<(i64, &'static str)>>,
    /// The same of users whose work was to change hands.
    failed_hand_overs: Mutex<Vec<(Handing, &'static str, UserChange)>>,
    /// The first sign that the database is damaged.
    damage: watch::Sender<Option<String>>,
    threads: Mutex<Threads>,
}

/// What ends with the store.
#[derive(Default)]
struct Threads {
    connections: Vec<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens or creates the database at `path`, migrates it and takes its lock.
    ///
    /// # Errors
    /// [`OpenError`]: in use, written by a newer version, damaged, or the disk. The file is left as it was.
    pub fn open(path: &Path, options: OpenOptions) -> std::result::Result<Self, OpenError> {
        let backend = sqlite::open(path, &options)?;
        let watched = backend.changes().clone();
        let place = Place::new(options.recordings);
        let shown = place.clone();
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
            .spawn(move || {
                let open = move || sqlite::open_to_read(&file, &watched, &shown);
                thread::run_reader(&queue, Box::new(open), options.rested);
            })
            .map_err(failed)?;
        let lane = Arc::new(Semaphore::new(CALL_LANE));
        let mut threads = Threads { connections: vec![writer, reader], keeper: None };
        let awake = Arc::new(Awake::default());
        if let Ok(disk) = Disk::open(path) {
            let asked = Arc::clone(&awake);
            let keeper = std::thread::Builder::new()
                .name("store-awake".to_owned())
                .stack_size(STACK_BYTES)
                .spawn(move || awake::run(&asked, disk))
                .map_err(failed)?;
            threads.keeper = Some(keeper);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                writes,
                reads,
                awake,
                lane,
                apart: Arc::new(Semaphore::new(APART)),
                copies: Semaphore::new(1),
                path: path.to_owned(),
                place,
                profiles: options.profiles,
                disk_full: AtomicBool::new(false),
                failed_changes: Mutex::default(),
                failed_hand_overs: Mutex::default(),
                damage: watch::Sender::new(None),
                threads: Mutex::new(threads),
            }),
        })
    }

    /// Puts the database in order after a start: see [`Recovery`]. `now` is UTC milliseconds.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recover(&self, now: i64) -> Result<Recovery> {
        self.write(move |b| b.recover(now)).await
    }

    /// Calls of this box that ended without a result, but for those in `shown`, which a seat still shows.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn open_results(&self, shown: Vec<AttemptId>) -> Result<OpenResults> {
        self.ask(move |b| b.open_results(&shown)).await
    }

    /// Writes down that calls go on at `now` (UTC milliseconds), where one does: a call that the daemon does not see end is believed to have
    /// lasted until then. To be called every few seconds; nothing is made durable, a full disk is no error.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn alive(&self, now: i64) -> Result<()> {
        self.ask(move |b| b.alive(now)).await
    }

    /// When the database was begun empty although recordings were there, UTC milliseconds: it was lost, and its do-not-call list too.
    /// `None`: it was not, or that was accepted.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn begun_empty(&self) -> Result<Option<i64>> {
        self.ask(|b| b.begun_empty()).await
    }

    /// Somebody accepts the empty database; the audit log says who.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn accept_empty(&self, by: Actor, now: i64) -> Result<()> {
        self.write(move |b| b.accept_empty(by, now)).await
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

    /// What the first verb that met damage in the database said, whichever it was; `None` as long as none did. It does not go
    /// away: dialing must stop until a backup is restored.
    #[must_use]
    pub fn damage(&self) -> watch::Receiver<Option<String>> {
        self.inner.damage.subscribe()
    }

    /// Finishes waiting writes and closes the file; handles that are left answer [`Error::Closed`].
    pub async fn close(self) {
        self.inner.writes.close();
        self.inner.reads.close();
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let (sender, receiver) = oneshot::channel();
        let awake = Arc::clone(&self.inner.awake);
        let joiner = std::thread::Builder::new().name("store-close".to_owned()).spawn(move || {
            threads.end(&awake);
            let _ = sender.send(());
        });
        if joiner.is_ok() {
            let _ = receiver.await;
        }
    }
}

impl Store {
    /// The profiles of this site: by which files are read and written, and lists and the contact book limited.
    #[must_use]
    pub fn profiles(&self) -> &Profiles {
        &self.inner.profiles
    }

    /// Runs a writing verb and remembers whether the disk took it.
    async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let result = self.ask(verb).await;
        self.note(&result);
        result
    }

    /// Hands a writing verb to the store thread at once, before anybody waits for its answer; where the lane is full, when
    /// there is room.
    fn begin<T: Send + 'static, V>(&self, verb: V) -> impl Future<Output = Result<T>> + Send + use<T, V>
    where
        V: FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: thread::Job<Writer> = Box::new(move |backend: &mut Writer| {
            // The caller may have gone; the write stands.
            let _ = sender.send(verb(&mut **backend));
        });
        let begun = match Arc::clone(&self.inner.lane).try_acquire_owned() {
            Ok(permit) => self.inner.writes.push(Lane::Call, job, Some(permit)).map(|()| None),
            Err(_) => Ok(Some(job)),
        };
        let store = self.clone();
        async move {
            if let Some(job) = begun? {
                let permit =
                    Arc::clone(&store.inner.lane).acquire_owned().await.map_err(|_| Error::Closed)?;
                store.inner.writes.push(Lane::Call, job, Some(permit))?;
            }
            let result = receiver.await.map_err(|_| Error::Closed)?;
            store.note(&result);
            result
        }
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
        self.seen(receiver.await.map_err(|_| Error::Closed)?)
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
        self.seen(receiver.await.map_err(|_| Error::Closed)?)
    }

    /// Runs a read that takes seconds on a connection and thread of its own, so that pages and counts need not wait for it.
    async fn read_apart<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (path, changes, place) = (self.inner.path.clone(), Changes::default(), self.inner.place.clone());
        let work =
            move || sqlite::open_to_read(&path, &changes, &place).and_then(|mut reader| verb(&mut *reader));
        self.seen(self.apart("store-long-read", work).await)
    }

    /// Does what takes seconds in a thread of its own, once one of the places for that is free.
    async fn apart<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.inner.apart).acquire_owned().await.map_err(|_| Error::Closed)?;
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _permit = permit;
            let _ = sender.send(work());
        });
        thread.map_err(|source| Error::File { path: name.into(), source })?;
        let result = receiver.await.map_err(|_| Error::Closed)?;
        self.rest_later();
        result
    }

    /// What took memory is over: see [`OpenOptions::rested`].
    fn rest_later(&self) {
        // A store that closes gives all back.
        let _ = self.inner.reads.push(Lane::Call, Box::new(LazyReader::used), None);
    }

    /// The same, told of and ended by `progress`.
    async fn read_long<T: Send + 'static>(
        &self,
        progress: Progress,
        verb: impl FnOnce(&mut dyn Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let watched = progress.clone();
        let read = self.read_apart(move |reader| {
            reader.watch(&watched)?;
            verb(reader)
        });
        match read.await {
            // However the interruption came out.
            Err(_) if progress.is_stopped() => Err(stopped()),
            result => result,
        }
    }

    /// Remembers the first sign of damage.
    fn seen<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(Error::Corrupt(source)) = &result {
            self.damaged(source.to_string());
        }
        result
    }

    fn damaged(&self, what: String) {
        self.inner.damage.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(what);
            first
        });
    }

    /// Remembers whether the disk is full, and the first sign of damage.
    fn note<T>(&self, result: &Result<T>) {
        match result {
            Err(Error::Corrupt(source)) => self.damaged(source.to_string()),
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
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner)).end(&self.awake);
    }
}

impl Threads {
    /// Waits for them: for the one that holds the database open past SQLite last, see [`Disk`]. One that panicked has said
    /// so already.
    fn end(self, awake: &Awake) {
        for thread in self.connections {
            let _ = thread.join();
        }
        awake.close();
        if let Some(keeper) = self.keeper {
            let _ = keeper.join();
        }
    }
}

/// Reads that may take seconds at once; a further one waits.
const APART: usize = 2;
/// Claims touch a handful of pages; measured against the default of 2 MiB this saves 2 MiB of idle memory.
const DEFAULT_CACHE_KIB: u32 = 256;
/// SQLite needs less than 100 KiB; the rest is margin. Only touched pages cost memory.
const STACK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod dnc_round_trip;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod tests;
