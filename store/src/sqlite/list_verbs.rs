//! The verbs on projects, lists, leads, imports and recordings, each a transaction of the module of its noun.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::{
    BinAt, ExpireAt, InBin, SqliteBackend, SqliteReader, assignments, audit_by, bin, check, in_bin, journal,
    lead_changes, lead_edit, lead_fields, lead_new, lead_rows, list_edit, lists, mend, one, projects,
    recordings, retention, staging, stats, tally, tasks, turns, users,
};
use crate::backend::{ListReads, ListVerbs};
use crate::code::Code;
use crate::error::{Doing, Error, Result};
use crate::export::ListColumns;
use crate::id::{AttemptId, ContactId, ImportId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, ChangeSlice, CheckReport, ContactNumber, DeletedList, DialOrder, GrantRow, ImportRecord,
    LeadChange, LeadFields, LeadPhone, LeadPlace, LeadRow, LeadSelection, LeadSpec, LeadsChanged, ListEdit,
    ListInfo, ListWorked, Mended, Mismatch, ProjectEdit, ProjectRow, RecordingPause, RecordingQuery,
    RecordingRow, RecordingState, RecordingUsage, StatsQuery, TallyBy, TallyRow, ToMend, ViewFilter,
    ViewPage, ViewQuery,
};
use crate::phone::Phone;
use crate::progress::Progress;
use crate::staging::{UndoAt, Undone};

impl ListVerbs for SqliteBackend {
    fn create_project(
        &mut self,
        name: &str,
        caller_id: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow> {
        self.transact("create project", |db, _| projects::create(db, name, caller_id, by, now))
    }

    fn edit_project(
        &mut self,
        project: ProjectId,
        edit: &ProjectEdit,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow> {
        self.transact("change project", |db, _| projects::edit(db, project, edit, by, now))
    }

    fn delete_project(&mut self, project: ProjectId, by: Actor, now: i64) -> Result<()> {
        self.transact("delete project", |db, _| projects::delete(db, project, by, now))
    }

    fn restore_project(&mut self, name: &str, by: Actor, now: i64) -> Result<ProjectRow> {
        self.transact("restore project", |db, _| projects::restore(db, name, by, now))
    }

    fn edit_list(&mut self, list: ListId, edit: &ListEdit, by: Actor, now: i64) -> Result<()> {
        self.transact("change list", |db, _| list_edit::edit(db, list, edit, by, now))
    }

    fn reorder_list(&mut self, list: ListId, after: i64) -> Result<Option<i64>> {
        let doing = "order list";
        let sql = "SELECT dial_order FROM lists WHERE id = ?1";
        let order: Option<DialOrder> = one(&self.db, sql, [list], |r| r.get(0)).doing(doing)?;
        let Some(order) = order else { return Ok(None) };
        self.transact(doing, |db, _| turns::reorder(db, list, order, after, SLICE_ROWS).doing(doing))
    }

    fn delete_list(&mut self, list: ListId, by: Actor, now: i64) -> Result<()> {
        self.transact("delete list", |db, _| list_edit::delete(db, list, by, now))
    }

    fn restore_list(&mut self, key: &str, name: Option<&str>, by: Actor, now: i64) -> Result<ListId> {
        self.transact("restore list", |db, _| list_edit::restore(db, key, name, by, now))
    }

    fn grant_list(
        &mut self,
        list: ListId,
        users: &[UserId],
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        self.transact("grant list", |db, _| list_edit::grant(db, list, users, granted, by, now))
    }

    fn grant_project(
        &mut self,
        project: ProjectId,
        users: &[UserId],
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        self.transact("grant project", |db, _| projects::grant(db, project, users, granted, by, now))
    }

    fn add_lead(&mut self, spec: &LeadSpec, by: Actor, now: i64) -> Result<(LeadId, Vec<Code>)> {
        let profiles = Arc::clone(&self.profiles);
        self.transact("add lead", |db, _| lead_new::add(db, spec, &profiles, by, now))
    }

    fn add_lead_again(
        &mut self,
        spec: &LeadSpec,
        found: InBin,
        by: Actor,
        now: i64,
    ) -> Result<(LeadId, Vec<Code>)> {
        let profiles = Arc::clone(&self.profiles);
        self.transact("add lead", |db, _| {
            let (lead, mut warnings) = lead_new::add(db, spec, &profiles, by, now)?;
            in_bin::keep(db, lead, found.lead).doing("add lead")?;
            warnings.push(Code::InBin);
            Ok((lead, warnings))
        })
    }

    fn change_lead_fields(
        &mut self,
        lead: LeadId,
        fields: &LeadFields,
        by: Actor,
        now: i64,
    ) -> Result<Vec<Code>> {
        let profiles = Arc::clone(&self.profiles);
        self.transact("change lead", |db, _| lead_fields::change(db, lead, fields, &profiles, by, now))
    }

    fn change_leads(
        &mut self,
        list: ListId,
        leads: &LeadSelection,
        change: &LeadChange,
        by: Actor,
        now: i64,
    ) -> Result<LeadsChanged> {
        self.transact("change leads", |db, _| lead_changes::whole(db, list, leads, change, by, now))
    }

    fn begin_change(
        &mut self,
        list: ListId,
        change: (&LeadChange, Option<&serde_json::Value>),
        leads: u64,
        by: Actor,
        now: i64,
    ) -> Result<i64> {
        self.transact("change leads", |db, _| lead_changes::begin(db, list, change, leads, by, now))
    }

    fn add_to_change(&mut self, id: i64, part: i64, leads: &[LeadId]) -> Result<()> {
        self.in_bulk("change leads", |db| lead_changes::add(db, id, part, leads))
    }

    fn add_numbers_to_change(&mut self, id: i64, part: i64, numbers: &str) -> Result<()> {
        self.in_bulk("change leads", |db| lead_changes::add_numbers(db, id, part, numbers))
    }

    fn give_up_change(&mut self, id: i64, code: &str) -> Result<()> {
        self.end_bulk()?;
        self.transact("change leads", |db, _| lead_changes::give_up(db, id, code))
    }

    fn go_on_changing(&mut self, id: i64, deadline: Instant) -> Result<ChangeSlice> {
        let slice = self.in_bulk("change leads", |db| lead_changes::slice(db, id, deadline));
        match &slice {
            Ok(slice) if slice.is_last => self.end_bulk()?,
            Ok(_) => {}
            Err(_) => {
                // What failed is told, and not what its end says.
                let _ = self.end_bulk();
            }
        }
        slice
    }

    fn restore_leads(
        &mut self,
        list: ListId,
        deleted_at: i64,
        after: Option<LeadId>,
    ) -> Result<(LeadsChanged, Option<LeadId>)> {
        let doing = "restore leads";
        self.transact(doing, |db, _| {
            if staging::importing(db, list).doing(doing)? {
                return Err(Error::ListBusy);
            }
            lead_edit::restore(db, list, deleted_at, after, SLICE_ROWS as i64).doing(doing)
        })
    }

    fn audit_restore(
        &mut self,
        list: ListId,
        deleted_at: i64,
        done: &LeadsChanged,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        let doing = "restore leads";
        let detail = serde_json::json!({ "deleted_at": deleted_at, "done": done });
        self.transact(doing, |db, _| {
            audit_by(db, now, by, "lead.restore", &list.to_string(), &detail).doing(doing)
        })
    }

    fn add_lead_phone(
        &mut self,
        lead: LeadId,
        phone: &str,
        label: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<(Vec<LeadPhone>, Vec<Code>)> {
        self.transact("add number", |db, _| lead_new::add_phone(db, lead, phone, label, by, now))
    }

    fn remove_lead_phone(
        &mut self,
        lead: LeadId,
        phone: &str,
        by: Actor,
        now: i64,
    ) -> Result<Vec<LeadPhone>> {
        self.transact("remove number", |db, _| lead_new::remove_phone(db, lead, phone, by, now))
    }

    fn import_crowded(&mut self) -> bool {
        staging::crowded(self) || self.bulk.as_ref().is_some_and(|bulk| bulk.flusher.crowded())
    }

    fn assign_import(
        &mut self,
        import: ImportId,
        users: &[UserId],
        by: Actor,
        after: i64,
        now: i64,
    ) -> Result<Option<i64>> {
        let doing = "assign import";
        self.transact(doing, |db, _| {
            users::callers(db, users)?;
            let sql = "SELECT list_id, first_position FROM imports WHERE id = ?1 AND list_id IS NOT NULL";
            let found: Option<(ListId, i64)> =
                one(db, sql, [import], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
            let Some((list, first)) = found else { return Ok(None) };
            let after = after.max(first - 1);
            assignments::of_import(db, (import, list), users, after, (by.user, now), SLICE_ROWS as i64)
                .doing(doing)
        })
    }

    fn undo_import_again(&mut self, import: ImportId, by: Actor) -> Result<()> {
        self.transact("undo import", |db, _| staging::begin_again(db, import, by))
    }

    fn give_up_undo(&mut self, import: ImportId, by: Actor, code: &str, now: i64) -> Result<()> {
        self.transact("undo import", |db, _| staging::give_up_undo(db, import, by, code, now))
    }

    fn undo_import(
        &mut self,
        import: ImportId,
        at: UndoAt,
        by: Actor,
        now: i64,
    ) -> Result<(Undone, Option<UndoAt>)> {
        staging::undo_slice(self, import, at, by, now)
    }

    fn hold_recording(
        &mut self,
        attempt: AttemptId,
        reason: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<u64> {
        self.transact("hold recording", |db, _| retention::hold(db, attempt, reason, by, now))
    }

    fn recording_paused(&mut self, pause: &RecordingPause) -> Result<()> {
        self.transact("pause recording", |db, _| recordings::paused(db, pause))
    }

    fn release_recording(&mut self, attempt: AttemptId, by: Actor, now: i64) -> Result<u64> {
        self.transact("release recording", |db, _| retention::release(db, attempt, by, now))
    }

    fn delete_recording(&mut self, attempt: AttemptId, reason: &str, by: Actor, now: i64) -> Result<u64> {
        self.transact("delete recording", |db, _| retention::delete(db, attempt, reason, by, now))
    }

    fn expire_recordings(
        &mut self,
        bytes: u64,
        older_than: Option<i64>,
        at: ExpireAt,
        most: u32,
        now: i64,
    ) -> Result<(Vec<RecordingRow>, Option<ExpireAt>)> {
        self.transact("expire recordings", |db, _| {
            retention::expire(db, (bytes, older_than), at, most, now).doing("expire recordings")
        })
    }

    fn registered(&mut self, list: ListId) -> Result<u64> {
        let sql = "SELECT registered FROM lists WHERE id = ?1";
        let found = one(&self.db, sql, [list], |r| super::unsigned(r, 0)).doing("read list")?;
        found.ok_or_else(|| lists::missing(list))
    }

    fn recordings_exported(&mut self, recordings: &[i64], by: Actor, now: i64) -> Result<()> {
        self.transact("mark recordings exported", |db, _| retention::exported(db, recordings, by, now))
    }

    fn recordings_to_remove(&mut self, most: u32) -> Result<Vec<(i64, PathBuf)>> {
        retention::to_remove(&self.db, most).doing("read expired recordings")
    }

    fn recordings_removed(&mut self, recordings: &[i64], now: i64) -> Result<()> {
        let doing = "note removed recordings";
        self.transact(doing, |db, _| retention::removed(db, recordings, now).doing(doing))
    }

    fn purge_lists(&mut self, than: i64, now: i64, at: BinAt) -> Result<(u64, Option<BinAt>)> {
        self.transact("empty the bin", |db, _| bin::purge(db, than, now, at))
    }

    fn show_owners(&mut self, phones: &[String]) -> Result<u64> {
        let doing = "show owners";
        self.transact(doing, |db, _| assignments::show_again(db, phones).doing(doing))
    }

    fn note_mending(&mut self, (leads, lists): (u64, u64), by: Actor, now: i64) -> Result<()> {
        let doing = "mend figures";
        let detail = serde_json::json!({ "leads": leads, "lists": lists });
        self.transact(doing, |db, _| audit_by(db, now, by, "stats.mend", "", &detail).doing(doing))
    }

    fn mend(&mut self, some: &ToMend) -> Result<Mended> {
        let doing = "mend figures";
        self.transact(doing, |db, _| {
            let mut mended = mend::leads(db, &some.leads).doing(doing)?;
            mended.add(mend::lists(db, &some.lists).doing(doing)?);
            Ok(mended)
        })
    }
}

impl ListReads for SqliteReader {
    fn list_by_name(&mut self, name: &str) -> Result<ListInfo> {
        lists::by_name(&self.db, name)
    }

    fn list_ever(&mut self, name: &str) -> Result<ListId> {
        lists::ever(&self.db, name)
    }

    fn list_exactly(&mut self, name: &str, project: Option<&str>) -> Result<Option<ListInfo>> {
        lists::exactly(&self.db, name, project)
    }

    fn list_place(&mut self, text: &str) -> Result<Option<(ProjectId, String)>> {
        lists::place(&self.db, text)
    }

    fn project_rows(&mut self) -> Result<Vec<ProjectRow>> {
        projects::all(&self.db).doing("read projects")
    }

    fn project_ever(&mut self, word: &str) -> Result<ProjectId> {
        projects::ever(&self.db, word)
    }

    fn project_by_name(&mut self, name: &str) -> Result<ProjectId> {
        projects::by_name(&self.db, name)
    }

    fn deleted_lists(&mut self) -> Result<Vec<DeletedList>> {
        lists::bin(&self.db).doing("read the bin")
    }

    fn project_grants(&mut self, project: ProjectId) -> Result<Vec<GrantRow>> {
        projects::grants(&self.db, project).doing("read grants")
    }

    fn grants(&mut self, list: ListId) -> Result<Vec<GrantRow>> {
        list_edit::grants(&self.db, list).doing("read grants")
    }

    fn may_use(&mut self, list: ListId, user: UserId) -> Result<bool> {
        list_edit::may_use(&self.db, list, user).doing("read grants")
    }

    fn view(&mut self, query: &ViewQuery) -> Result<ViewPage> {
        self.views.page(&self.db, query)
    }

    fn find_leads(&mut self, list: ListId, filter: &ViewFilter) -> Result<Vec<LeadId>> {
        self.views.leads(&self.db, list, filter)
    }

    fn lead(&mut self, lead: LeadId) -> Result<LeadRow> {
        lead_rows::by_id(&self.db, lead)
            .doing("read lead")?
            .ok_or_else(|| Error::NotFound { what: "lead", key: lead.to_string() })
    }

    fn is_excluded(&mut self, phone: &str) -> Result<bool> {
        lead_rows::is_excluded(&self.db, phone).doing("read leads")
    }

    fn lead_places(&mut self, leads: &[LeadId]) -> Result<Vec<LeadPlace>> {
        lead_rows::places(&self.db, leads).doing("read leads")
    }

    fn numbers_in_order(&mut self, leads: &[LeadId]) -> Result<Vec<String>> {
        lead_changes::in_order(&self.db, leads).doing("read leads")
    }

    fn bin(&mut self, list: ListId) -> Result<Vec<(i64, u64)>> {
        lead_edit::bin(&self.db, list).doing("read the bin")
    }

    fn in_bin(&mut self, list: ListId, phone: &Phone) -> Result<Option<InBin>> {
        in_bin::of_number(&self.db, list, phone).doing("read the bin")
    }

    fn lead_tasks(&mut self, list: ListId) -> Result<Vec<LeadId>> {
        tasks::of_list(&self.db, list).doing("read tasks")
    }

    fn imports(
        &mut self,
        list: Option<ListId>,
        before: Option<ImportId>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>> {
        journal::imports(&self.db, list, before, limit).doing("read imports")
    }

    fn import(&mut self, key: &str) -> Result<ImportRecord> {
        journal::import(&self.db, key)
    }

    fn import_left(&mut self, import: ImportId) -> Result<bool> {
        staging::left(&self.db, import).doing("find import")
    }

    fn tally(&mut self, query: &StatsQuery, by: TallyBy) -> Result<Vec<TallyRow>> {
        tally::tally(&self.db, query, by).doing("count")
    }

    fn worked(&mut self, query: &StatsQuery) -> Result<Vec<ListWorked>> {
        stats::worked(&self.db, query).doing("count")
    }

    fn verify(&mut self, query: &StatsQuery) -> Result<Vec<Mismatch>> {
        // One state for both ways of counting, whatever calls write meanwhile.
        let doing = "recount";
        let tx = self.db.unchecked_transaction().doing(doing)?;
        tally::verify(&tx, query, true, &self.progress).doing(doing)
    }

    fn to_mend(&mut self) -> Result<ToMend> {
        let doing = "recount";
        let tx = self.db.unchecked_transaction().doing(doing)?;
        mend::look(&tx, &self.progress).doing(doing)
    }

    fn contact_rows(&mut self, after: Option<(ContactId, i64)>, limit: u32) -> Result<Vec<ContactNumber>> {
        check::contact_rows(&self.db, after, limit).doing("read contacts")
    }

    fn contact_columns(&mut self) -> Result<(bool, bool)> {
        check::contact_columns(&self.db).doing("read contacts")
    }

    fn check(&mut self, full: bool) -> Result<CheckReport> {
        check::check(&self.db, full, &self.progress).doing("check the database")
    }

    fn restorable(&mut self, list: ListId, deleted_at: i64) -> Result<(u64, u64)> {
        lead_edit::restorable(&self.db, list, deleted_at).doing("read the bin")
    }

    fn owners_astray(&mut self, after: i64) -> Result<(Vec<String>, Option<i64>)> {
        assignments::astray(&self.db, after).doing("look at owners")
    }

    fn visible_lists(&mut self, user: UserId, own: bool) -> Result<Vec<ListInfo>> {
        lists::visible(&self.db, user, own).doing("read lists")
    }

    fn list_columns(&mut self, list: ListId, labelled: bool) -> Result<ListColumns> {
        let live = "SELECT 1 FROM leads l WHERE l.list_id = ?1 AND l.deleted_at IS NULL";
        let sql = format!(
            "SELECT EXISTS ({live} AND EXISTS (SELECT 1 FROM lead_phones p
                      WHERE p.lead_id = l.id AND (p.label IS NOT NULL OR NOT ?2))),
                    EXISTS ({live} AND l.assigned_user_id IS NOT NULL), EXISTS ({live} AND l.excluded = 1)"
        );
        let found = one(&self.db, &sql, (list, labelled), |r| {
            Ok(ListColumns { further: r.get(0)?, owners: r.get(1)?, excluded: r.get(2)? })
        });
        Ok(found.doing("read leads")?.unwrap_or_default())
    }

    fn recording(&mut self, id: i64, of: Option<UserId>) -> Result<RecordingRow> {
        retention::recording(&self.db, id, of)
    }

    fn recordings(&mut self, query: &RecordingQuery) -> Result<Vec<RecordingRow>> {
        retention::recordings(&self.db, query).doing("read recordings")
    }

    fn recording_files(
        &mut self,
        attempts: &[AttemptId],
    ) -> Result<Vec<(AttemptId, PathBuf, RecordingState)>> {
        recordings::files(&self.db, attempts).doing("read files of recordings")
    }

    fn recording_usage(&mut self, now: i64) -> Result<RecordingUsage> {
        retention::usage(&self.db, now).doing("count recordings")
    }

    fn watch(&mut self, progress: &Progress) -> Result<()> {
        self.progress = progress.clone();
        let watched = progress.clone();
        // Statements that give no row for a while are ended too.
        self.db.progress_handler(STEPS, Some(move || watched.is_stopped())).doing("watch a read")
    }

    fn lingers(&self) -> Option<u64> {
        self.views.held()
    }
}

/// Steps of SQLite's machine between two looks: a millisecond at most.
const STEPS: i32 = 10_000;
/// Rows of one slice where each takes some microseconds.
const SLICE_ROWS: usize = 256;
