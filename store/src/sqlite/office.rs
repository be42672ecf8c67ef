//! The office's verbs on SQLite: each opens its transaction and hands over to the module of its noun.

use std::time::Instant;

use super::{
    Given, GivenAt, HandOverAt, Handing, SqliteBackend, SqliteReader, UnlinkAt, amend, audit_log, contacts,
    dispositions, dnc, dnc_import, given_over, hand_over, hand_overs, history, journal, notes, recall, tasks,
    users,
};
use crate::backend::{Office, OfficeReader};
use crate::dnc_import::{DncChange, DncStage, DncStart, DncUndo, DncUndone};
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, ContactId, ImportId, UserId};
use crate::model::{
    Actor, Amend, Amended, AmendmentRow, Assigned, AuditEntry, AuditQuery, AuditRow, CategoryInfo,
    ContactAdd, ContactChange, ContactQuery, ContactRow, ContactRules, ContactSaved, DispositionChange,
    DispositionDraft, DispositionInfo, DncAdded, DncClear, DncEntry, DncQuery, DncRow, HandOver,
    HistoryQuery, Holdings, ImportRecord, NoteAbout, NoteChange, NoteDraft, NoteRow, TaskChange, TaskCounts,
    TaskQuery, TaskRow, UserChange, UserDraft, UserInfo, UserScope,
};
use crate::permission::Scope;

impl Office for SqliteBackend {
    fn user_add(&mut self, draft: &UserDraft, by: Actor, within: UserScope, now: i64) -> Result<UserInfo> {
        self.transact("add user", |db, _| users::add(db, draft, by, within, now))
    }

    fn user_change(
        &mut self,
        user: UserId,
        change: &UserChange,
        moved: (HandOver, Holdings),
        by: Actor,
        within: UserScope,
        now: i64,
    ) -> Result<(UserInfo, Holdings)> {
        self.transact("change user", |db, _| users::change(db, user, change, moved, by, within, now))
    }

    fn user_may(&mut self, user: UserId, change: Option<&UserChange>) -> Result<()> {
        users::may(&self.db, user, change)
    }

    fn begin_hand_over(
        &mut self,
        handing: &Handing,
        change: Option<(&UserChange, UserScope)>,
        by: Actor,
    ) -> Result<()> {
        self.transact("hand over", |db, _| hand_overs::begin(db, handing, change, by))
    }

    fn give_up_hand_over(&mut self, handing: &Handing, code: &str, back: &UserChange) -> Result<()> {
        self.transact("hand over", |db, _| hand_overs::give_up(db, handing, code, back))
    }

    fn hand_over(
        &mut self,
        handing: &Handing,
        at: HandOverAt,
        deadline: Instant,
    ) -> Result<(Holdings, std::result::Result<HandOverAt, i64>)> {
        self.transact("hand over", |db, _| hand_over::slice(db, handing, at, deadline))
    }

    fn user_delete(
        &mut self,
        user: UserId,
        over: HandOver,
        moved: (Holdings, i64),
        by: Actor,
        now: i64,
    ) -> Result<(UserInfo, Holdings)> {
        self.transact("delete user", |db, _| users::delete(db, user, over, moved, by, now))
    }

    fn all_users(&mut self) -> Result<Vec<UserInfo>> {
        users::list(&self.db, true).doing("read users")
    }

    fn password_hash(&mut self, user: UserId) -> Result<Option<String>> {
        users::password_hash(&self.db, user)
    }

    fn disposition_add(&mut self, draft: &DispositionDraft, by: Actor, now: i64) -> Result<DispositionInfo> {
        self.transact("add status", |db, _| dispositions::add(db, draft, by, now))
    }

    fn disposition_change(
        &mut self,
        status: &str,
        change: &DispositionChange,
        by: Actor,
        now: i64,
    ) -> Result<DispositionInfo> {
        self.transact("change status", |db, _| dispositions::change(db, status, change, by, now))
    }

    fn all_dispositions(&mut self) -> Result<Vec<DispositionInfo>> {
        dispositions::list(&self.db, true).doing("read statuses")
    }

    fn task_change(&mut self, change: &TaskChange) -> Result<TaskRow> {
        self.transact("change task", |db, _| tasks::change(db, change))
    }

    fn recall_of(&mut self, attempt: AttemptId) -> Result<Option<i64>> {
        recall::stands(&self.db, attempt).doing("read call")
    }

    fn give_over(
        &mut self,
        given: &Given,
        at: GivenAt,
        deadline: Instant,
        by: Actor,
        now: i64,
    ) -> Result<(u64, Option<GivenAt>)> {
        self.transact("hand over", |db, _| given_over::slice(db, given, at, deadline, by, now))
    }

    fn contact_add(&mut self, add: &ContactAdd) -> Result<ContactSaved> {
        let most = self.profiles.most_categories(CONTACTS);
        self.transact("add contact", |db, _| contacts::add(db, add, most))
    }

    fn contact_change(
        &mut self,
        contact: ContactId,
        change: &ContactChange,
        rules: ContactRules,
        by: Actor,
        now: i64,
    ) -> Result<ContactSaved> {
        let most = self.profiles.most_categories(CONTACTS);
        self.transact("change contact", |db, _| contacts::change(db, contact, change, (rules, most), by, now))
    }

    fn contacts_delete(&mut self, contacts: &[ContactId], by: Actor, now: i64) -> Result<u64> {
        self.transact("delete contacts", |db, _| {
            contacts.iter().map(|contact| contacts::delete(db, *contact, by, now)).sum()
        })
    }

    fn contact_room(&mut self, most: u64) -> Result<()> {
        match contacts::count(&self.db).doing("count contacts")? < most {
            true => Ok(()),
            false => Err(Error::ContactsFull { most, needed: 1, free: 0 }),
        }
    }

    fn contact_undo(&mut self, contact: ContactId, by: Actor, now: i64) -> Result<ContactRow> {
        self.transact("restore contact", |db, _| contacts::undo(db, contact, by, now))
    }

    fn contacts_purge(&mut self, now: i64) -> Result<u32> {
        self.transact("empty the bin", |db, _| contacts::purge(db, now))
    }

    fn category_delete(&mut self, name: &str, by: Actor, now: i64) -> Result<i64> {
        let deleted =
            self.transact("delete category", |db, _| contacts::delete_category(db, name, by, now))?;
        // An undo that is under way remembers the categories it has met.
        if let Some(loader) = &mut self.loader {
            loader.forget_categories();
        }
        Ok(deleted)
    }

    fn category_unlink(&mut self, at: &mut UnlinkAt) -> Result<bool> {
        self.transact("unlink a category", |db, _| contacts::unlink_category(db, at))
    }

    fn dnc_add_all(&mut self, entries: &[DncEntry]) -> Result<DncAdded> {
        self.transact("add do-not-call", |db, _| {
            let mut done = DncAdded::default();
            for entry in entries {
                done += dnc::add(db, entry)?;
            }
            Ok(done)
        })
    }

    fn dnc_begin(&mut self, start: &DncStart) -> Result<DncStage> {
        dnc_import::begin(self, start)
    }

    fn dnc_stage(&mut self, stage: DncStage, rows: &[DncChange]) -> Result<(usize, DncAdded)> {
        dnc_import::stage(self, stage, rows)
    }

    fn dnc_commit(&mut self, stage: DncStage, rows: u64, refused: u64, changed: u64) -> Result<()> {
        dnc_import::commit(self, stage, rows, refused, changed)
    }

    fn dnc_undo(&mut self, undo: &DncUndo, after: i64) -> Result<(DncUndone, Option<i64>)> {
        dnc_import::undo_slice(self, undo, after)
    }

    fn dnc_interrupt(&mut self, import: ImportId, now: i64) -> Result<()> {
        let doing = "end import";
        self.transact(doing, |db, _| dnc_import::interrupt(db, import, now).doing(doing))
    }

    fn dnc_interrupted(&mut self) -> Result<Vec<ImportId>> {
        let sql = "SELECT id FROM imports WHERE state = 'staging' AND interrupted_at IS NOT NULL";
        super::all(&self.db, sql, [], |r| r.get(0)).doing("read imports")
    }

    fn dnc_clear_slice(&mut self, import: ImportId, after: i64) -> Result<Option<i64>> {
        dnc_import::clear_slice(self, import, after)
    }

    fn dnc_settle(&mut self, import: ImportId, after: i64, now: i64) -> Result<Option<i64>> {
        dnc_import::settle_slice(self, import, after, now)
    }

    fn dnc_forget(&mut self, after: i64) -> Result<Option<i64>> {
        dnc_import::forget_settled(self, after)
    }

    fn dnc_clear_all(&mut self, entries: &[DncClear]) -> Result<u64> {
        self.transact("clear do-not-call", |db, _| dnc::clear_all(db, entries))
    }

    fn amend(&mut self, amend: &Amend) -> Result<Amended> {
        self.transact("amend call", |db, _| amend::amend(db, amend))
    }

    fn report(&mut self, attempt: AttemptId, on: bool, scope: Scope, by: Actor, now: i64) -> Result<bool> {
        self.transact("mark call as reported", |db, _| amend::report(db, attempt, on, scope, by, now))
    }

    fn note_add(&mut self, draft: &NoteDraft) -> Result<NoteRow> {
        self.transact("add note", |db, _| notes::add(db, draft))
    }

    fn note_change(&mut self, change: &NoteChange) -> Result<NoteRow> {
        self.transact("change note", |db, _| notes::change(db, change))
    }

    fn audit(&mut self, entry: &AuditEntry) -> Result<()> {
        let AuditEntry { by, action, object, detail, now } = entry;
        let doing = "write the audit log";
        self.transact(doing, |db, _| audit_log::audit_by(db, *now, *by, action, object, detail).doing(doing))
    }
}

impl OfficeReader for SqliteReader {
    fn audit_log(&mut self, query: &AuditQuery) -> Result<Vec<AuditRow>> {
        audit_log::list(&self.db, query)
    }

    fn holdings(&mut self, user: UserId) -> Result<Holdings> {
        hand_over::count(&self.db, user).doing("count what a user holds")
    }

    fn out_of_reach(&mut self, user: UserId) -> Result<Vec<String>> {
        hand_over::out_of_reach(&self.db, user).doing("read grants")
    }

    fn tasks(&mut self, query: &TaskQuery) -> Result<Vec<TaskRow>> {
        tasks::list(&self.db, query)
    }

    fn task(&mut self, task: i64, now: i64) -> Result<TaskRow> {
        tasks::load(&self.db, task, now)
    }

    fn task_counts(
        &mut self,
        owner: Option<Assigned>,
        granted_to: Option<UserId>,
        now: i64,
    ) -> Result<TaskCounts> {
        tasks::counts(&self.db, owner, granted_to, now).doing("count tasks")
    }

    fn contacts(&mut self, query: &ContactQuery) -> Result<Vec<ContactRow>> {
        contacts::page(&self.db, query)
    }

    fn contact_numbers(&mut self) -> Result<u64> {
        contacts::numbers(&self.db).doing("count contacts")
    }

    fn countable(&mut self, status: &str, change: &DispositionChange) -> Result<()> {
        dispositions::countable(&self.db, status, change)
    }

    fn history_count(&mut self, query: &HistoryQuery) -> Result<u64> {
        history::count(&self.db, query, &self.progress)
    }

    fn dnc_count(&mut self, query: &DncQuery) -> Result<u64> {
        dnc::count(&self.db, query)
    }

    fn contact_count(&mut self) -> Result<u64> {
        contacts::count(&self.db).doing("count contacts")
    }

    fn contact_tasks(&mut self, contacts: &[ContactId]) -> Result<u64> {
        contacts.iter().map(|contact| contacts::tasks_of(&self.db, *contact)).sum()
    }

    fn contact_deleted(&mut self, word: &str) -> Result<ContactId> {
        contacts::find_deleted(&self.db, word)
    }

    fn contact_row(&mut self, word: &str) -> Result<ContactRow> {
        contacts::find(&self.db, word)
    }

    fn categories(&mut self) -> Result<Vec<CategoryInfo>> {
        contacts::categories(&self.db).doing("read categories")
    }

    fn dnc_entries(&mut self, query: &DncQuery) -> Result<Vec<DncRow>> {
        dnc::list(&self.db, query)
    }

    fn dnc_imports(&mut self, before: Option<ImportId>, limit: u32) -> Result<Vec<ImportRecord>> {
        journal::dnc_imports(&self.db, before, limit).doing("read imports")
    }

    fn dnc_import(&mut self, key: &str) -> Result<ImportRecord> {
        journal::dnc_import(&self.db, key)
    }

    fn amendments(&mut self, attempt: AttemptId) -> Result<Vec<AmendmentRow>> {
        amend::list(&self.db, attempt).doing("read amendments")
    }

    fn notes(&mut self, about: &NoteAbout, granted_to: Option<UserId>) -> Result<Vec<NoteRow>> {
        notes::list(&self.db, about, granted_to)
    }
}

/// The profile by which contacts are judged where nobody names another.
const CONTACTS: &str = "open";
