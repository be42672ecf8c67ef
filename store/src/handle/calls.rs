//! Calls: advance, end, save, seal, count, explain.

use std::sync::Arc;

use super::Store;
use crate::error::Result;
use crate::id::AttemptId;
use crate::model::{
    Advance, Advanced, Arrived, AttemptEnd, AttemptProgress, AttemptRow, Claimed, DialRules, HistoryQuery,
    IncomingCall, ManualCall, Save, Saved, Sealed, Stats, StatsQuery, StatusCount, Target, WhyAnswer,
    WhyContext, WhyQuery,
};
use crate::progress::Progress;

/// Calls.
impl Store {
    /// The one commit between key press and INVITE: see [`Advance`]. Repeating it after a lost answer is harmless. The work
    /// begins with the call of this function, not when its future is first polled.
    ///
    /// # Errors
    /// [`crate::Error::Sealed`], [`crate::Error::State`], [`crate::Error::StatusUnknown`], [`crate::Error::NotFound`]; then nothing was done.
    pub fn advance(&self, step: Advance) -> impl Future<Output = Result<Advanced>> + Send + use<> {
        self.begin(move |b| b.advance(&step))
    }

    /// Goes through an advance and takes everything back: nothing is written, no lead is claimed. What it uses of code and
    /// data is at hand afterwards for the one that follows, and the disk is kept awake for a while. It waits behind every
    /// write of a call, and ends early when one comes. Returns what would have been claimed.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub async fn rehearse(&self, step: Advance) -> Result<Option<Claimed>> {
        self.inner.awake.keep();
        let queue = Arc::clone(&self.inner.writes);
        self.behind(move |b| b.rehearse(&step, &|| queue.calls_wait())).await
    }

    /// Preview mode: checks everything again on the final dial string and puts `dialed_at` on disk. Only then may the
    /// INVITE leave.
    ///
    /// # Errors
    /// [`crate::Error::Refused`]: the claim is gone, its lead passed over or put off. [`crate::Error::ClaimLost`].
    pub async fn mark_dialing(&self, attempt: AttemptId, rules: DialRules, now: i64) -> Result<()> {
        self.write(move |b| b.mark_dialing(attempt, &rules, now)).await
    }

    /// Gives a claim back that was not dialed; the lead is next again. A claim that is gone is no error.
    ///
    /// # Errors
    /// [`crate::Error::State`] when it was dialed.
    pub async fn release(&self, attempt: AttemptId, now: i64) -> Result<()> {
        self.write(move |b| b.release(attempt, now, false)).await
    }

    /// Gives a claim back that was not dialed and leaves its lead for the next round (SKIP).
    ///
    /// # Errors
    /// [`crate::Error::State`] when it was dialed.
    pub async fn skip(&self, attempt: AttemptId, now: i64) -> Result<()> {
        self.write(move |b| b.release(attempt, now, true)).await
    }

    /// Opens a manual call: same checks, `dialed_at` on disk.
    ///
    /// # Errors
    /// [`crate::Error::Phone`], [`crate::Error::Refused`].
    pub async fn open_manual(&self, call: ManualCall) -> Result<Claimed> {
        self.write(move |b| b.open_manual(&call)).await
    }

    /// Seals the row of the seat's last call and opens a manual one, in one commit: both, or neither where the call is
    /// refused (S4.49).
    ///
    /// # Errors
    /// As [`Self::open_manual`] and [`Self::seal`].
    pub async fn seal_and_open(&self, open: AttemptId, call: ManualCall) -> Result<(Sealed, Claimed)> {
        self.write(move |b| b.seal_and_open(open, &call)).await
    }

    /// The checks of [`Self::open_manual`] for a number that somebody else is to dial for us (a transfer's target), or of a call that is
    /// refused already, to know whether more than that forbids it; nothing is dialed.
    ///
    /// # Errors
    /// [`crate::Error::Phone`], [`crate::Error::Refused`].
    pub async fn check_manual(&self, call: ManualCall) -> Result<Target> {
        self.ask(move |b| b.check_manual(&call)).await
    }

    /// Opens the row of an incoming call, and says who calls.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn open_incoming(&self, call: IncomingCall) -> Result<Arrived> {
        self.write(move |b| b.open_incoming(&call)).await
    }

    /// Facts learned under way. A fact that is there already stays.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn progress(&self, progress: AttemptProgress) -> Result<()> {
        self.write(move |b| b.progress(&progress)).await
    }

    /// The end of a call, with an automatic disposition in the same commit; `true` if that was kept, `false` where a person
    /// had judged or nothing was to be kept. Ending twice changes nothing.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::State`] when it was never dialed, [`crate::Error::StatusUnknown`].
    pub async fn end_attempt(&self, end: AttemptEnd) -> Result<bool> {
        self.write(move |b| b.end_attempt(&end)).await
    }

    /// Saves a disposition; may be called before and after the end, until the attempt is sealed. Begins
    /// like [`Self::advance`] with the call of this function: what is asked for later comes later.
    ///
    /// # Errors
    /// [`crate::Error::Sealed`], [`crate::Error::StatusUnknown`], [`crate::Error::NotFound`], [`crate::Error::State`] for void attempts.
    pub fn save(&self, save: Save) -> impl Future<Output = Result<Saved>> + Send + use<> {
        self.begin(move |b| b.save(&save))
    }

    /// Seals an ended attempt: outbox row, recording policy, the lead's next state. Sealing twice is harmless.
    ///
    /// # Errors
    /// [`crate::Error::State`] while the call is under way, [`crate::Error::NotFound`].
    pub async fn seal(&self, attempt: AttemptId, now: i64) -> Result<Sealed> {
        self.write(move |b| b.seal(attempt, now)).await
    }

    /// Seals every call of this box that ended and has a result, by whomever, and every consultation: when nobody is at
    /// work, that is after [`Self::recover`] and before the end (S4.49). Calls without a result stay open.
    ///
    /// # Errors
    /// Storage errors; what was sealed before one stays sealed.
    pub async fn seal_judged(&self, now: i64) -> Result<Vec<Sealed>> {
        let (mut sealed, mut more) = (Vec::new(), true);
        while more {
            let (slice, left) = self.write(move |b| b.seal_judged(now)).await?;
            sealed.extend(slice);
            more = left;
        }
        Ok(sealed)
    }

    /// One attempt.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn attempt(&self, attempt: AttemptId) -> Result<AttemptRow> {
        self.ask(move |b| b.attempt(attempt)).await
    }

    /// Attempts whose identifier begins with `part`, else, of the latest, those whose identifier ends with four or more such characters;
    /// newest first, at most nine.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn attempts_like(&self, part: &str) -> Result<Vec<AttemptId>> {
        let part = part.to_owned();
        self.read(move |r| r.attempts_like(&part)).await
    }

    /// Attempts, newest first. A search ([`HistoryQuery::searches`]) may read all there are, a second or two for a million: use
    /// [`Self::search_history`] for one.
    ///
    /// # Errors
    /// [`crate::Error::Phone`], [`crate::Error::StatusUnknown`].
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<AttemptRow>> {
        self.read(move |r| r.history(&query)).await
    }

    /// The same beside the other reads, told of and ended by `progress`; its numbers are of attempts.
    ///
    /// # Errors
    /// Those of [`Self::history`]; [`crate::Error::ImportStopped`] after [`Progress::stop`].
    pub async fn search_history(&self, query: HistoryQuery, progress: Progress) -> Result<Vec<AttemptRow>> {
        self.read_long(progress, move |r| r.history(&query)).await
    }

    /// Counts.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats(&self, query: StatsQuery) -> Result<Stats> {
        self.read(move |r| r.stats(&query)).await
    }

    /// The counts again, row by row from the attempts, without the database's arithmetic: must equal [`Self::stats`].
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats_recount(&self, query: StatsQuery) -> Result<Stats> {
        self.read(move |r| r.stats_recount(&query)).await
    }

    /// [`Self::stats`], and how often each status was given among the counted calls, in the order of the statuses: in the time of the
    /// first alone.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn stats_with_results(&self, query: StatsQuery) -> Result<(Stats, Vec<StatusCount>)> {
        self.read(move |r| r.stats_with_results(&query)).await
    }

    /// Why leads are dialed or not.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Phone`].
    pub async fn why(&self, query: WhyQuery, context: WhyContext) -> Result<WhyAnswer> {
        self.read(move |r| r.why(&query, &context)).await
    }
}
