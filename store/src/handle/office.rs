//! The office: users, statuses, tasks, do-not-call, amendments, notes, the audit log.

use std::sync::{MutexGuard, PoisonError};

use super::Store;
use super::leads::deadline;
use crate::dnc_import::{DncUndo, DncUndone};
use crate::error::Result;
use crate::id::{AttemptId, ImportId, UserId};
use crate::model::{
    Actor, Amend, Amended, AmendmentRow, Assigned, AuditEntry, AuditQuery, AuditRow, ContactHandOver,
    DispositionChange, DispositionDraft, DispositionInfo, DncAdded, DncClear, DncEntry, DncQuery, DncRow,
    HandOver, Holdings, ImportRecord, NoteAbout, NoteChange, NoteDraft, NoteRow, TaskChange, TaskCounts,
    TaskHandOver, TaskQuery, TaskRow, UserChange, UserDraft, UserInfo, UserScope,
};
use crate::permission::Scope;
use crate::progress::Progress;
use crate::sqlite::{Given, GivenAt, HandOverAt, Handing};

/// Users. Every change is in the audit log, written with it.
impl Store {
    /// Makes a user.
    ///
    /// # Errors
    /// [`crate::Error::UserTombstone`] (S4.24), [`crate::Error::UserDuplicate`], also where the logins differ in case or width only, [`crate::Error::UserLimit`] (S4.25),
    /// [`crate::Error::UidTaken`], [`crate::Error::Value`], [`crate::Error::Permission`] outside `within`.
    pub async fn user_add(
        &self,
        draft: UserDraft,
        by: Actor,
        within: UserScope,
        now: i64,
    ) -> Result<UserInfo> {
        self.write(move |b| b.user_add(&draft, by, within, now)).await
    }

    /// Changes a live user. Anybody may change their own password; the rest needs `within`. Leads and open tasks of whoever calls no
    /// more in the new role change hands before, as when they are [deleted](Self::user_delete); contacts stay theirs. Returns what
    /// changed hands.
    ///
    /// # Errors
    /// As [`Self::user_add`], [`crate::Error::NotFound`], [`crate::Error::LastManager`], and of leads and tasks those of
    /// [`Self::user_delete`].
    pub async fn user_change(
        &self,
        user: UserId,
        change: UserChange,
        over: HandOver,
        (by, within): (Actor, UserScope),
        now: i64,
        progress: Progress,
    ) -> Result<(UserInfo, Holdings)> {
        let none = Holdings::default();
        if let Some(role) = change.role.filter(|role| !role.calls()) {
            let users = self.users().await?;
            if let Some(before) = users.iter().find(|info| info.id == user && info.role != role) {
                // The transaction at the end looks again; nothing changes hands for who may not do this, nor for what is refused then.
                within.check(before.role, Some(role))?;
                let looked = change.clone();
                self.ask(move |b| b.user_may(user, Some(&looked))).await?;
                if let Some(to) = over.receiver() {
                    let handing = Handing { from: user, to, contacts: false, by: by.user, now };
                    let back = UserChange {
                        name: change.name.as_ref().map(|_| before.name.clone()),
                        uid: change.uid.map(|_| before.uid),
                        ..UserChange::default()
                    };
                    self.begin_hand_over(handing, Some((change.clone(), within)), by).await?;
                    let done = async {
                        let (moved, _) = self.hand_all_over(handing, progress).await?;
                        self.write(move |b| b.user_change(user, &change, (over, moved), by, within, now))
                            .await
                    };
                    return self.or_give_up(handing, back, done.await).await;
                }
                // Contacts stay theirs.
                let held = Holdings { contacts: 0, ..self.holdings(user).await? };
                if !held.is_empty() {
                    return Err(crate::Error::UserHolds { login: before.login.clone(), held });
                }
                self.let_go(user, false, by, now).await?;
            }
        }
        self.write(move |b| b.user_change(user, &change, (over, none), by, within, now)).await
    }

    /// Deletes a user; records keep the name (S4.23), the login is never given out again (S4.24). What they hold changes hands
    /// before, in slices that calls overtake; a process that ends in the middle finishes it at its next start ([`Store::recover`]), with
    /// its row of audit. What failed and was told as failed is not finished later: it leaves a user who holds less, never a deleted one who
    /// holds something. Returns what changed hands.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::UserTombstone`] when deleted before, [`crate::Error::LastManager`],
    /// [`crate::Error::UserHolds`] with
    /// [`HandOver::Nothing`]; of whoever takes over [`crate::Error::UserTombstone`], [`crate::Error::NoCaller`], and
    /// [`crate::Error::Value`] when it is the same user; [`crate::Error::Stale`] where another hand-over of theirs took its place meanwhile.
    pub async fn user_delete(
        &self,
        user: UserId,
        over: HandOver,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<(UserInfo, Holdings)> {
        let Some(to) = over.receiver() else {
            self.ask(move |b| b.user_may(user, None)).await?;
            let held = self.holdings(user).await?;
            if !held.is_empty() {
                let users = self.users().await?;
                let login = users.into_iter().find(|info| info.id == user).map(|info| info.login);
                return Err(crate::Error::UserHolds { login: login.unwrap_or_default(), held });
            }
            let seen = self.let_go(user, true, by, now).await?;
            // What came since is looked for in the transaction.
            return self
                .write(move |b| b.user_delete(user, over, (Holdings::default(), seen), by, now))
                .await;
        };
        let handing = Handing { from: user, to, contacts: true, by: by.user, now };
        self.begin_hand_over(handing, None, by).await?;
        let done = async {
            let moved = self.hand_all_over(handing, progress).await?;
            self.write(move |b| b.user_delete(user, over, moved, by, now)).await
        };
        self.or_give_up(handing, UserChange::default(), done.await).await
    }

    async fn begin_hand_over(
        &self,
        handing: Handing,
        change: Option<(UserChange, UserScope)>,
        by: Actor,
    ) -> Result<()> {
        self.give_up_hand_overs().await?;
        self.write(move |b| {
            let change = change.as_ref().map(|(change, within)| (change, *within));
            b.begin_hand_over(&handing, change, by)
        })
        .await
    }

    /// What failed is told as failed, so it is not finished at the next start either; `back`: what was changed with it.
    async fn or_give_up<T>(&self, handing: Handing, back: UserChange, done: Result<T>) -> Result<T> {
        if let Err(error) = &done {
            self.failed_hand_overs().push((handing, error.code(), back));
            // Where nothing can be written now, it is given up before the next one.
            let _ = self.give_up_hand_overs().await;
        }
        done
    }

    async fn give_up_hand_overs(&self) -> Result<()> {
        loop {
            let Some((handing, code, back)) = self.failed_hand_overs().pop() else { return Ok(()) };
            let again = back.clone();
            if let Err(error) = self.write(move |b| b.give_up_hand_over(&handing, code, &back)).await {
                self.failed_hand_overs().push((handing, code, again));
                return Err(error);
            }
        }
    }

    fn failed_hand_overs(&self) -> MutexGuard<'_, Vec<(Handing, &'static str, UserChange)>> {
        self.inner.failed_hand_overs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who holds nothing may still own numbers of lists in the bin, a whole list of them: they are nobody's, in slices too. So the contacts
    /// are looked through; returns the last row of them.
    async fn let_go(&self, user: UserId, contacts: bool, by: Actor, now: i64) -> Result<i64> {
        let handing = Handing { from: user, to: None, contacts, by: by.user, now };
        self.hand_all_over(handing, Progress::default()).await.map(|(_, seen)| seen)
    }

    /// Slice by slice, which calls overtake; what changed hands, and the last row of contacts that was looked at.
    async fn hand_all_over(&self, handing: Handing, progress: Progress) -> Result<(Holdings, i64)> {
        let held = self.holdings(handing.from).await?;
        let total = if handing.contacts { held.total() } else { held.leads + held.tasks };
        let (mut moved, mut at) = (Holdings::default(), HandOverAt::Numbers);
        loop {
            let (slice, next) = self.slice(move |b| b.hand_over(&handing, at, deadline())).await?;
            moved += slice;
            progress.set(moved.total(), total);
            match next {
                Ok(next) => at = next,
                Err(seen) => return Ok((moved, seen)),
            }
        }
    }

    /// What a user holds, deleted or not.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn holdings(&self, user: UserId) -> Result<Holdings> {
        self.read(move |r| r.holdings(user)).await
    }

    /// Names of lists with leads or open tasks of a user who may not use them (X7): somebody has to grant them.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn out_of_reach(&self, user: UserId) -> Result<Vec<String>> {
        self.read(move |r| r.out_of_reach(user)).await
    }

    /// Every user by login, tombstones too.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn all_users(&self) -> Result<Vec<UserInfo>> {
        self.ask(|b| b.all_users()).await
    }

    /// The password of a live user as a PHC string; mind where it goes.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn password_hash(&self, user: UserId) -> Result<Option<String>> {
        self.ask(move |b| b.password_hash(user)).await
    }

    /// Keeps what was done that changes no row; on disk when this returns.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn audit(&self, entry: AuditEntry) -> Result<()> {
        self.write(move |b| b.audit(&entry)).await
    }

    /// Administrative changes, newest first.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn audit_log(&self, query: AuditQuery) -> Result<Vec<AuditRow>> {
        self.read(move |r| r.audit_log(&query)).await
    }
}

/// Result statuses.
impl Store {
    /// Makes a status; there is no limit (S4.7).
    ///
    /// # Errors
    /// [`crate::Error::StatusDuplicate`], [`crate::Error::Value`].
    pub async fn disposition_add(
        &self,
        draft: DispositionDraft,
        by: Actor,
        now: i64,
    ) -> Result<DispositionInfo> {
        self.write(move |b| b.disposition_add(&draft, by, now)).await
    }

    /// Changes, moves, archives or brings back the status of this code or label. What it counts as is fixed once a call has it,
    /// so that no figure of the past changes.
    ///
    /// # Errors
    /// [`crate::Error::StatusBuiltin`] (S4.6), [`crate::Error::StatusUsed`], [`crate::Error::StatusUnknown`], [`crate::Error::StatusDuplicate`],
    /// [`crate::ListError::StatusInSeveral`], [`crate::Error::Value`].
    pub async fn disposition_change(
        &self,
        status: &str,
        change: DispositionChange,
        by: Actor,
        now: i64,
    ) -> Result<DispositionInfo> {
        let status = status.to_owned();
        if change.flags.counts_call.is_some() || change.flags.counts_connect.is_some() {
            // A long read, and not in the way of calls: without an index it looks at every call there is.
            let (status, change) = (status.clone(), change.clone());
            self.read(move |r| r.countable(&status, &change)).await?;
        }
        self.write(move |b| b.disposition_change(&status, &change, by, now)).await
    }

    /// Every status in order, archived ones behind.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn all_dispositions(&self) -> Result<Vec<DispositionInfo>> {
        self.ask(|b| b.all_dispositions()).await
    }
}

/// Tasks (対応タスク, X4).
impl Store {
    /// A page of tasks, the most urgent first.
    ///
    /// # Errors
    /// [`crate::Error::Phone`].
    pub async fn tasks(&self, query: TaskQuery) -> Result<Vec<TaskRow>> {
        self.read(move |r| r.tasks(&query)).await
    }

    /// One task; its folder is that at `now`.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn task(&self, task: i64, now: i64) -> Result<TaskRow> {
        self.read(move |r| r.task(task, now)).await
    }

    /// Open tasks by folder at `now`, of one owner, of nobody or of all; of lists that a user may use, or of all.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn task_counts(
        &self,
        owner: Option<Assigned>,
        granted_to: Option<UserId>,
        now: i64,
    ) -> Result<TaskCounts> {
        self.read(move |r| r.task_counts(owner, granted_to, now)).await
    }

    /// When the other end of a call is to be called again, UTC milliseconds: at the time of its open task, which somebody may have changed,
    /// else at that of its result. Asked behind a save, so where it is written: nobody's search is waited for.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn recall_of(&self, attempt: AttemptId) -> Result<Option<i64>> {
        self.ask(move |b| b.recall_of(attempt)).await
    }

    /// Closes, reopens, hands over or moves a task.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Permission`] for another's task, [`crate::ListError::TaskStands`] when it is
    /// closed or open already.
    pub async fn task_change(&self, change: TaskChange) -> Result<TaskRow> {
        self.write(move |b| b.task_change(&change)).await
    }

    /// Hands open tasks over, in slices that calls overtake, each with its row of audit; returns how many. A process that ends in the middle
    /// finishes it at its next start ([`Store::recover`]).
    ///
    /// # Errors
    /// Of whoever takes over [`crate::Error::UserTombstone`], [`crate::Error::NoCaller`], and [`crate::Error::Value`] when it is
    /// the same user. What was handed over before stays, and the rest is not finished later.
    pub async fn hand_tasks_over(
        &self,
        over: TaskHandOver,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<u64> {
        self.give_over(Given::Tasks(over), by, now, progress).await
    }

    async fn give_over(&self, given: Given, by: Actor, now: i64, progress: Progress) -> Result<u64> {
        self.give_up_failed().await?;
        let (mut done, mut next) = (0, Some(GivenAt::default()));
        while let Some(at) = next {
            let slice = self.slice(move |b| b.give_over(&given, at, deadline(), by, now)).await;
            if let (Err(error), Some(id)) = (&slice, at.id) {
                self.failed_changes().push((id, error.code()));
                // Where nothing can be written now, it is given up before the next one.
                let _ = self.give_up_failed().await;
            }
            let (more, behind) = slice?;
            done += more;
            progress.count(more);
            next = behind;
        }
        Ok(done)
    }
}

/// Contacts that change hands.
impl Store {
    /// Hands contacts over, those of the bin too, in slices that calls overtake, each with its row of audit; returns how many. A process that
    /// ends in the middle finishes it at its next start ([`Store::recover`]).
    ///
    /// # Errors
    /// [`crate::Error::UserTombstone`] of whoever takes over, [`crate::Error::Value`] when it is the same user. What was handed over
    /// before stays, and the rest is not finished later.
    pub async fn hand_contacts_over(
        &self,
        over: ContactHandOver,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<u64> {
        self.give_over(Given::Contacts(over), by, now, progress).await
    }
}

/// Do-not-call (架電禁止).
impl Store {
    /// Puts numbers on the list, all or none. An entry that holds already keeps what it says, and takes in beside it what is new.
    ///
    /// # Errors
    /// [`crate::Error::Phone`]; [`crate::Error::NotFound`] for a call that is to be the evidence; [`crate::Error::Value`] for more
    /// than 64 KiB of reasons or of evidence.
    pub async fn dnc_add_all(&self, entries: Vec<DncEntry>) -> Result<DncAdded> {
        self.write(move |b| b.dnc_add_all(&entries)).await
    }

    /// Clears entries, all or none; how many there were. The rows stay and say who, when and why.
    ///
    /// # Errors
    /// [`crate::Error::Phone`], [`crate::Error::ReasonRequired`]; [`crate::Error::NotFound`] where one of several numbers has no entry.
    pub async fn dnc_clear_all(&self, entries: Vec<DncClear>) -> Result<u64> {
        self.write(move |b| b.dnc_clear_all(&entries)).await
    }

    /// A page of entries, oldest first.
    ///
    /// # Errors
    /// [`crate::Error::Phone`].
    pub async fn dnc_entries(&self, query: DncQuery) -> Result<Vec<DncRow>> {
        self.read(move |r| r.dnc_entries(&query)).await
    }

    /// Imports of do-not-call numbers, newest first. One that is `staging` and interrupted waits for somebody's decision.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn dnc_imports(&self, before: Option<ImportId>, limit: u32) -> Result<Vec<ImportRecord>> {
        self.read(move |r| r.dnc_imports(before, limit)).await
    }

    /// Takes an interrupted import of do-not-call numbers back, named by the beginning of its identifier: what it added may be called
    /// again, for `reason`, unless another file, a person or a call entered it too. Calls go on meanwhile.
    ///
    /// # Errors
    /// [`crate::ListError::NotUndoable`] when it was not interrupted, [`crate::Error::ReasonRequired`], [`crate::Error::NotFound`],
    /// [`crate::Error::Ambiguous`].
    pub async fn undo_dnc_import(
        &self,
        key: &str,
        reason: &str,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<(ImportId, DncUndone)> {
        let key = key.to_owned();
        let record = self.read(move |r| r.dnc_import(&key)).await?;
        crate::sqlite::may_undo_dnc(&record)?;
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(crate::Error::ReasonRequired);
        }
        let (import, mut undone, mut after) = (record.id, DncUndone::default(), Some(0));
        let undo = DncUndo { import, by, reason, now };
        while let Some(from) = after {
            let undo = undo.clone();
            let (slice, next) = self.slice(move |b| b.dnc_undo(&undo, from)).await?;
            progress.count(slice.cleared + slice.kept);
            undone += slice;
            after = next;
        }
        let mut after = Some(0);
        while let Some(from) = after {
            after = self.slice(move |b| b.dnc_forget(from)).await?;
        }
        Ok((import, undone))
    }
}

/// What is said about a call after it was sealed.
impl Store {
    /// Corrects a sealed call, or fills in what was left blank (S4.49, X2). The lead and its task follow if no later
    /// call was made; the outbox hands the row out again.
    ///
    /// # Errors
    /// [`crate::Error::Permission`] for another's call, [`crate::Error::NotSealed`] for an open one, [`crate::Error::State`] for a void one,
    /// [`crate::Error::ReasonRequired`], [`crate::Error::StatusUnknown`], [`crate::Error::NotFound`].
    /// A blank result that is filled in with a status that keeps no recording discards it (S4.8): the row's recording says
    /// [`crate::RecordingState::Discarded`], and the caller deletes [`Amended::discard_recording`], which no other call gives away.
    pub async fn amend(&self, amend: Amend) -> Result<Amended> {
        self.write(move |b| b.amend(&amend)).await
    }

    /// Sets or takes away the mark 報告 (S4.4); `false` when it was so.
    ///
    /// # Errors
    /// [`crate::Error::Permission`] for another's call, [`crate::Error::NotFound`].
    pub async fn report(
        &self,
        attempt: AttemptId,
        on: bool,
        scope: Scope,
        by: Actor,
        now: i64,
    ) -> Result<bool> {
        self.write(move |b| b.report(attempt, on, scope, by, now)).await
    }

    /// What a call said before it was corrected, oldest first.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn amendments(&self, attempt: AttemptId) -> Result<Vec<AmendmentRow>> {
        self.read(move |r| r.amendments(attempt)).await
    }

    /// Adds a note to a customer's history (S4.5).
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Phone`], [`crate::Error::Value`].
    pub async fn note_add(&self, draft: NoteDraft) -> Result<NoteRow> {
        self.write(move |b| b.note_add(&draft)).await
    }

    /// Changes a note or takes it back.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Permission`] for another's note, [`crate::Error::Value`].
    pub async fn note_change(&self, change: NoteChange) -> Result<NoteRow> {
        self.write(move |b| b.note_change(&change)).await
    }

    /// The notes about a customer, oldest first; with `granted_to` those about lists that this user may use, and their own.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Phone`].
    pub async fn notes(&self, about: NoteAbout, granted_to: Option<UserId>) -> Result<Vec<NoteRow>> {
        self.read(move |r| r.notes(&about, granted_to)).await
    }
}
