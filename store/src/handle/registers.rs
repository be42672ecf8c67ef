//! Recordings, do-not-call, outbox.

use std::path::PathBuf;

use super::Store;
use crate::error::Result;
use crate::id::AttemptId;
use crate::model::{DncEntry, OutboxRow, RecordingFacts, RecordingState};

/// Recordings, do-not-call, outbox.
impl Store {
    /// A recording has begun. Repeating it is harmless.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_opened(&self, attempt: AttemptId, path: PathBuf, now: i64) -> Result<()> {
        self.write(move |b| b.recording_opened(attempt, path, now)).await
    }

    /// A recording that a crash had cut short is whole again, so many milliseconds long: its call, whose end nobody saw, lasted as long.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recording_repaired(
        &self,
        attempt: AttemptId,
        path: PathBuf,
        duration_ms: u64,
        now: i64,
    ) -> Result<()> {
        self.write(move |b| b.recording_repaired(attempt, &path, duration_ms, now)).await
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
    /// As [`Self::dnc_add_all`].
    pub async fn dnc_add(&self, entry: DncEntry) -> Result<bool> {
        Ok(self.dnc_add_all(vec![entry]).await?.added > 0)
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

    /// Results whose recording is open wait for it until `until` (UTC milliseconds) at the latest; [`Store::recording_closed`] lets them
    /// go. For a start, which repairs recordings and archives them while calls are made again.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn outbox_wait_for_recordings(&self, until: i64) -> Result<()> {
        self.write(move |b| b.outbox_wait_for_recordings(until)).await
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
