//! Keeping data: recordings for a while, copies, checks.

use std::path::PathBuf;

use tokio::sync::watch;

use super::Store;
use crate::error::Result;
use crate::id::{AttemptId, UserId};
use crate::import::Cancel;
use crate::model::{
    Actor, Backup, CheckReport, Mended, RecordingPause, RecordingQuery, RecordingRow, RecordingState,
    RecordingUsage, TRASH_MS, ToMend,
};
use crate::progress::Progress;
use crate::sqlite::{BinAt, ExpireAt};

/// Recordings.
impl Store {
    /// Recordings with their calls.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recordings(&self, query: RecordingQuery) -> Result<Vec<RecordingRow>> {
        self.read(move |r| r.recordings(&query)).await
    }

    /// One recording that has a file, by [`RecordingRow::id`]; with `of`, only where the call was this user's.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] also when its file was deleted meanwhile.
    pub async fn recording(&self, id: i64, of: Option<UserId>) -> Result<RecordingRow> {
        self.read(move |r| r.recording(id, of)).await
    }

    /// Every file that rows name for these calls, with what became of it.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_files(
        &self,
        attempts: Vec<AttemptId>,
    ) -> Result<Vec<(AttemptId, PathBuf, RecordingState)>> {
        self.read(move |r| r.recording_files(&attempts)).await
    }

    /// How much is kept; `now` is UTC milliseconds.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_usage(&self, now: i64) -> Result<RecordingUsage> {
        self.read(move |r| r.recording_usage(now)).await
    }

    /// Keeps the recordings of a call whatever the quota says; returns how many there are.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn hold_recording(
        &self,
        attempt: AttemptId,
        reason: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<u64> {
        let reason = reason.map(str::to_owned);
        self.write(move |b| b.hold_recording(attempt, reason.as_deref(), by, now)).await
    }

    /// Keeps where a recording was paused, with who wanted it, at once: a call that dies later still tells of it.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn recording_paused(&self, pause: RecordingPause) -> Result<()> {
        self.write(move |b| b.recording_paused(&pause)).await
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn release_recording(&self, attempt: AttemptId, by: Actor, now: i64) -> Result<u64> {
        self.write(move |b| b.release_recording(attempt, by, now)).await
    }

    /// Marks the recordings of a call as expired although there is room for them; returns how many. The caller deletes the files;
    /// the call stays.
    ///
    /// # Errors
    /// [`crate::Error::ReasonRequired`], [`crate::Error::NotFound`] where none has a file, [`crate::Error::DeleteGuard`] for one
    /// that is on hold or still being written.
    pub async fn delete_recording(
        &self,
        attempt: AttemptId,
        reason: &str,
        by: Actor,
        now: i64,
    ) -> Result<u64> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(crate::Error::ReasonRequired);
        }
        self.write(move |b| b.delete_recording(attempt, &reason, by, now)).await
    }

    /// Marks the oldest recordings that may go as expired: those begun before `older_than`, and more until `bytes` are
    /// freed; looks at `most` behind `at`, and calls overtake it. Not those on hold, and none whose result has not left the box. The caller
    /// deletes the files. Returns where to go on, `None` at the end.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn expire_recordings(
        &self,
        bytes: u64,
        older_than: Option<i64>,
        at: ExpireAt,
        most: u32,
        now: i64,
    ) -> Result<(Vec<RecordingRow>, Option<ExpireAt>)> {
        self.slice(move |b| b.expire_recordings(bytes, older_than, at, most, now)).await
    }

    /// Marks recordings as exported.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recordings_exported(&self, recordings: Vec<i64>, by: Actor, now: i64) -> Result<()> {
        self.write(move |b| b.recordings_exported(&recordings, by, now)).await
    }

    /// Expired recordings whose files may still be there, at most `most`: number of the row and file.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recordings_to_remove(&self, most: u32) -> Result<Vec<(i64, PathBuf)>> {
        self.write(move |b| b.recordings_to_remove(most)).await
    }

    /// Says that files of expired recordings are gone.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recordings_removed(&self, recordings: Vec<i64>, now: i64) -> Result<()> {
        self.write(move |b| b.recordings_removed(&recordings, now)).await
    }
}

/// Bins.
impl Store {
    /// Empties the bins of lists of what was deleted more than 30 days before `now`, in slices that calls overtake; returns
    /// how many leads went. A lead that was called keeps its number for its calls, and nothing else.
    ///
    /// # Errors
    /// Storage errors; what went before stays gone.
    pub async fn purge_lists(&self, now: i64) -> Result<u64> {
        let (mut gone, mut at) = (0, Some(BinAt::default()));
        while let Some(from) = at {
            let (slice, next) = self.slice(move |b| b.purge_lists(now - TRASH_MS, now, from)).await?;
            gone += slice;
            at = next;
        }
        Ok(gone)
    }
}

/// Owners.
impl Store {
    /// Looks through all leads for those that show another owner than their number has (S1.13), and writes it on them again; returns
    /// on how many. Undoing an import left such leads behind once. Calls overtake it.
    ///
    /// # Errors
    /// Storage errors; what was written before stays.
    pub async fn mend_owners(&self) -> Result<u64> {
        let (mut mended, mut after) = (0, Some(0));
        while let Some(from) = after {
            let (phones, next) = self.read(move |r| r.owners_astray(from)).await?;
            for some in phones.chunks(OWNERS) {
                let some = some.to_vec();
                mended += self.slice(move |b| b.show_owners(&some)).await?;
            }
            after = next;
        }
        Ok(mended)
    }
}

/// Figures.
impl Store {
    /// Writes anew what is kept beside calls and leads and is not what they say, as [`Store::verify`] finds it: last results and numbers of calls
    /// of leads, due leads that no list calls, their owners, and 件数 of lists (D17). Calls overtake it. What somebody else has to decide, as
    /// what deleted users have, stays.
    ///
    /// # Errors
    /// [`crate::Error::ImportStopped`] after [`Progress::stop`] while it looks; storage errors. What was written before stays.
    pub async fn mend(&self, by: Actor, now: i64, progress: Progress) -> Result<Mended> {
        let found = self.read_long(progress, |r| r.to_mend()).await?;
        let counts = (found.leads.len() as u64, found.lists.len() as u64);
        self.write(move |b| b.note_mending(counts, by, now)).await?;
        let mut mended = Mended::default();
        let leads = found.leads.chunks(OWNERS).map(|some| ToMend { leads: some.to_vec(), lists: Vec::new() });
        let lists = found.lists.iter().map(|list| ToMend { leads: Vec::new(), lists: vec![*list] });
        for some in leads.chain(lists) {
            mended.add(self.slice(move |b| b.mend(&some)).await?);
        }
        mended.owners = self.mend_owners().await?;
        Ok(mended)
    }
}

/// Numbers whose leads are written in one transaction.
const OWNERS: usize = 64;

/// Copies and checks.
impl Store {
    /// Copies the database into a file while calls go on; `progress` is told pages done and pages in all. With `force` a file
    /// that stands there is replaced when the copy is whole.
    ///
    /// # Errors
    /// [`crate::Error::Exists`] without `force`, [`crate::Error::OwnFile`] whatever `force` says, [`crate::Error::File`],
    /// [`crate::Error::Corrupt`] when the copy is not whole, storage errors.
    pub async fn backup(
        &self,
        target: PathBuf,
        force: bool,
        progress: Option<watch::Sender<(u64, u64)>>,
        cancel: Option<Cancel>,
    ) -> Result<Backup> {
        let _turn = self.inner.copies.acquire().await.map_err(|_| crate::Error::Closed)?;
        let source = self.inner.path.clone();
        self.read_apart(move |_| {
            crate::sqlite::backup(&source, &target, force, &mut |done, all| {
                if let Some(progress) = &progress {
                    progress.send_replace((done, all));
                }
                !cancel.as_ref().is_some_and(Cancel::is_cancelled)
            })
        })
        .await
    }

    /// Looks at the whole database: pages, references, figures; `full` also compares indexes with their tables. `progress` counts what
    /// of the figures was counted anew, once the pages were looked at.
    ///
    /// # Errors
    /// Storage errors, [`crate::Error::Corrupt`] when it cannot even be looked at; [`crate::Error::ImportStopped`] after
    /// [`Progress::stop`].
    pub async fn check(&self, full: bool, progress: Progress) -> Result<CheckReport> {
        let report = self.read_long(progress, move |r| r.check(full)).await?;
        if let Some(line) = report.damage.first() {
            self.damaged(line.clone());
        }
        Ok(report)
    }

    /// Looks for damage in the background, in a database that was too large to be looked at by [`Store::open`]: slowly, with
    /// little memory, and until `progress` is stopped. What it finds is told by [`Store::damage`] too.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for the first damage, storage errors.
    pub async fn look_for_damage(&self, progress: Progress) -> Result<()> {
        let path = self.inner.path.clone();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Not among the long reads, of which only a few run at once: somebody waits for those.
        let thread = std::thread::Builder::new()
            .name("store-look".to_owned())
            .stack_size(super::STACK_BYTES)
            .spawn(move || sender.send(crate::sqlite::look(&path, &progress)));
        thread.map_err(|source| crate::Error::File { path: "store-look".into(), source })?;
        self.seen(receiver.await.map_err(|_| crate::Error::Closed)?)
    }
}

impl Store {
    /// The database file.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.inner.path
    }

    /// Refuses to write anything else over a file of the database.
    pub(super) fn not_own(&self, path: &std::path::Path) -> Result<()> {
        match crate::sqlite::is_own(&self.inner.path, path) {
            true => Err(crate::Error::OwnFile { path: path.to_owned() }),
            false => Ok(()),
        }
    }
}
