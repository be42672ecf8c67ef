//! Projects, list views, leads, the journal of imports, counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::Store;
use crate::backend::Backend;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::id::{ImportId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, DeletedList, GrantRow, ImportRecord, LeadFields, LeadPhone, LeadPlace, LeadRow, LeadSpec,
    LeadsChanged, ListEdit, ListInfo, ListWorked, Mismatch, ProjectEdit, ProjectRow, StatsQuery, TallyBy,
    TallyRow, ViewFilter, ViewPage, ViewQuery, is_restorable,
};
use crate::phone::Phone;
use crate::progress::Progress;
use crate::staging::{Staging, Undone};
use crate::thread::{Lane, Writer};

/// Projects.
impl Store {
    /// A new project.
    ///
    /// # Errors
    /// [`crate::ListError::ProjectName`], [`crate::ListError::ProjectDuplicate`], [`Error::Phone`].
    pub async fn create_project(
        &self,
        name: &str,
        caller_id: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow> {
        let (name, caller_id) = (name.to_owned(), caller_id.map(str::to_owned));
        self.write(move |b| b.create_project(&name, caller_id.as_deref(), by, now)).await
    }

    /// Changes a project.
    ///
    /// # Errors
    /// As [`Self::create_project`], and [`Error::NotFound`].
    pub async fn edit_project(
        &self,
        project: ProjectId,
        edit: ProjectEdit,
        by: Actor,
        now: i64,
    ) -> Result<ProjectRow> {
        self.write(move |b| b.edit_project(project, &edit, by, now)).await
    }

    /// Moves a project without lists into the bin.
    ///
    /// # Errors
    /// [`crate::ListError::ProjectInUse`], [`Error::NotFound`].
    pub async fn delete_project(&self, project: ProjectId, by: Actor, now: i64) -> Result<()> {
        self.write(move |b| b.delete_project(project, by, now)).await
    }

    /// Brings the deleted project of this name or identifier back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`] where several are called so, [`crate::ListError::ProjectDuplicate`].
    pub async fn restore_project(&self, name: &str, by: Actor, now: i64) -> Result<ProjectRow> {
        let name = name.to_owned();
        self.write(move |b| b.restore_project(&name, by, now)).await
    }

    /// Grants every list of a project, later ones too, to users, or takes the grants back (X7).
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn grant_project(
        &self,
        project: ProjectId,
        users: Vec<UserId>,
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        self.write(move |b| b.grant_project(project, &users, granted, by, now)).await
    }

    /// Whom a project is granted to.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn project_grants(&self, project: ProjectId) -> Result<Vec<GrantRow>> {
        self.read(move |r| r.project_grants(project)).await
    }

    /// Live projects with what they hold, by name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn project_rows(&self) -> Result<Vec<ProjectRow>> {
        self.read(|r| r.project_rows()).await
    }

    /// The live project of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn project_by_name(&self, name: &str) -> Result<ProjectId> {
        let name = name.to_owned();
        self.read(move |r| r.project_by_name(&name)).await
    }

    /// The project of this name or identifier, one of the bin too: for what is left of it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Ambiguous`] where several of the bin have the name and no live one does.
    pub async fn project_ever(&self, word: &str) -> Result<ProjectId> {
        let word = word.to_owned();
        self.read(move |r| r.project_ever(&word)).await
    }
}

/// Lists.
impl Store {
    /// Changes a list. A new order of dialing holds when this returns; calls go on meanwhile.
    ///
    /// # Errors
    /// [`Error::ListName`], [`Error::ListDuplicate`], [`Error::NotFound`].
    pub async fn edit_list(&self, list: ListId, edit: ListEdit, by: Actor, now: i64) -> Result<()> {
        let reorder = edit.order.is_some();
        self.write(move |b| b.edit_list(list, &edit, by, now)).await?;
        let mut after = if reorder { Some(0) } else { None };
        while let Some(position) = after {
            after = self.slice(move |b| b.reorder_list(list, position)).await?;
        }
        Ok(())
    }

    /// Moves a list into the bin.
    ///
    /// # Errors
    /// [`Error::ListBusy`] while a call to one of its leads is open or an import runs, [`Error::NotFound`].
    pub async fn delete_list(&self, list: ListId, by: Actor, now: i64) -> Result<()> {
        self.write(move |b| b.delete_list(list, by, now)).await
    }

    /// Brings the list of this name, `PROJECT/NAME` or identifier back that was deleted last; under `name` where one is given.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::ListDuplicate`], [`crate::ListError::ProjectInBin`].
    pub async fn restore_list(
        &self,
        key: &str,
        name: Option<String>,
        by: Actor,
        now: i64,
    ) -> Result<ListInfo> {
        let key = key.to_owned();
        let list = self.write(move |b| b.restore_list(&key, name.as_deref(), by, now)).await?;
        self.read(move |r| r.list_by_name(&list.to_string())).await
    }

    /// Lists in the bin.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn deleted_lists(&self) -> Result<Vec<DeletedList>> {
        self.read(|r| r.deleted_lists()).await
    }

    /// Lists that a user sees: enabled, and granted to them or to nobody (X7); `own`: with leads of theirs, or of nobody where
    /// the project pools them (S1.36, S1.37). `None` is somebody who is no user and owns nothing.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn visible_lists(&self, user: Option<UserId>, own: bool) -> Result<Vec<ListInfo>> {
        let user = user.unwrap_or(UserId(0));
        self.read(move |r| r.visible_lists(user, own)).await
    }

    /// Grants a list to users, or takes the grants back. A list that is granted to nobody is open to everybody.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn grant_list(
        &self,
        list: ListId,
        users: Vec<UserId>,
        granted: bool,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        self.write(move |b| b.grant_list(list, &users, granted, by, now)).await
    }

    /// Who may use a list.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn grants(&self, list: ListId) -> Result<Vec<GrantRow>> {
        self.read(move |r| r.grants(list)).await
    }

    /// Whether a user may use a list (S1.36, X7).
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn may_use_list(&self, list: ListId, user: UserId) -> Result<bool> {
        self.read(move |r| r.may_use(list, user)).await
    }

    /// One page of the list view.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::StatusUnknown`], [`crate::ListError::Cursor`], [`crate::ListError::SearchEmpty`].
    pub async fn view(&self, query: ViewQuery) -> Result<ViewPage> {
        self.read(move |r| r.view(&query)).await
    }

    /// Every lead of a list that passes a filter, by position.
    ///
    /// # Errors
    /// As [`Self::view`].
    pub async fn find_leads(&self, list: ListId, filter: ViewFilter) -> Result<Vec<LeadId>> {
        self.read(move |r| r.find_leads(list, &filter)).await
    }
}

/// Leads.
impl Store {
    /// One lead.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn lead(&self, lead: LeadId) -> Result<LeadRow> {
        self.read(move |r| r.lead(lead)).await
    }

    /// Whether a lead with this number (E.164), its main one or a further one, is excluded from dialing on a list that is not in the
    /// bin.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn is_excluded(&self, phone: String) -> Result<bool> {
        self.read(move |r| r.is_excluded(&phone)).await
    }

    /// Where leads stand, in this order; without those that are gone.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn lead_places(&self, mut leads: Vec<LeadId>) -> Result<Vec<LeadPlace>> {
        let mut places = Vec::with_capacity(leads.len());
        while !leads.is_empty() {
            // Other reads have their turn between.
            let rest = leads.split_off(leads.len().min(AT_ONCE));
            let these = std::mem::replace(&mut leads, rest);
            places.extend(self.read(move |r| r.lead_places(&these)).await?);
        }
        Ok(places)
    }

    /// Puts a lead at the end of a list; also returns the doubts about it, as an import has them.
    ///
    /// # Errors
    /// [`Error::Phone`], [`Error::ListBusy`], [`Error::NotFound`], [`crate::ListError`]; [`Error::Invalid`] for what no file could hold.
    pub async fn add_lead(&self, spec: LeadSpec, by: Actor, now: i64) -> Result<(LeadId, Vec<Code>)> {
        let list = spec.list;
        let found = match Phone::parse(&spec.phone) {
            Ok(parsed) => self.read(move |r| r.in_bin(list, &parsed.phone)).await?,
            Err(_) => None,
        };
        match found {
            None => self.write(move |b| b.add_lead(&spec, by, now)).await,
            Some(found) => self.write(move |b| b.add_lead_again(&spec, found, by, now)).await,
        }
    }

    /// Changes names, categories and further columns of a lead; returns the doubts about them.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`crate::ListError::Value`] for a column that is called as one of ours; [`Error::Invalid`] for what no file
    /// could hold, and too many categories.
    pub async fn change_lead_fields(
        &self,
        lead: LeadId,
        fields: LeadFields,
        by: Actor,
        now: i64,
    ) -> Result<Vec<Code>> {
        self.write(move |b| b.change_lead_fields(lead, &fields, by, now)).await
    }

    /// Brings leads back that were deleted at one moment, within 30 days: [`Self::bin`]. `most`: how many leads the list may have (S1.12).
    ///
    /// # Errors
    /// [`crate::ListError::NotInBin`], also of what has lain there for longer and is being emptied; [`crate::ListError::Full`] where they are more than fit, and none comes back then.
    pub async fn restore_leads(
        &self,
        list: ListId,
        deleted_at: i64,
        most: Option<u64>,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<LeadsChanged> {
        // As of lists: the bin is emptied in slices, and half of what was deleted is none of it.
        if !is_restorable(deleted_at, now) {
            return Err(crate::error::ListError::NotInBin.into());
        }
        if let Some(limit) = most {
            let (back, there) = self.read_apart(move |r| r.restorable(list, deleted_at)).await?;
            let free = limit.saturating_sub(there);
            if back > free {
                return Err(crate::error::ListError::Full { limit, free }.into());
            }
        }
        let mut done = LeadsChanged::default();
        let mut after = None;
        loop {
            let (changed, next) = self.slice(move |b| b.restore_leads(list, deleted_at, after)).await?;
            done += changed;
            progress.count(changed.changed);
            if next.is_none() {
                break;
            }
            after = next;
        }
        if after.is_none() {
            return Err(crate::error::ListError::NotInBin.into());
        }
        self.write(move |b| b.audit_restore(list, deleted_at, &done, by, now).map(|()| done)).await
    }

    /// What lies in the bin of a list: moments, UTC milliseconds, and how many leads were deleted then.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn bin(&self, list: ListId) -> Result<Vec<(i64, u64)>> {
        self.read(move |r| r.bin(list)).await
    }

    /// Adds a number to a lead (S4.41); returns all its numbers.
    ///
    /// # Errors
    /// [`Error::Phone`], [`Error::NotFound`], [`crate::ListError::LeadDuplicate`].
    pub async fn add_lead_phone(
        &self,
        lead: LeadId,
        phone: &str,
        label: Option<&str>,
        by: Actor,
        now: i64,
    ) -> Result<(Vec<LeadPhone>, Vec<Code>)> {
        let (phone, label) = (phone.to_owned(), label.map(str::to_owned));
        self.write(move |b| b.add_lead_phone(lead, &phone, label.as_deref(), by, now)).await
    }

    /// Removes a number that somebody added.
    ///
    /// # Errors
    /// [`crate::ListError::PhoneReadOnly`] for those of the file (X3), [`Error::NotFound`].
    pub async fn remove_lead_phone(
        &self,
        lead: LeadId,
        phone: &str,
        by: Actor,
        now: i64,
    ) -> Result<Vec<LeadPhone>> {
        let phone = phone.to_owned();
        self.write(move |b| b.remove_lead_phone(lead, &phone, by, now)).await
    }
}

/// Imports and counts.
impl Store {
    /// Imports, newest first.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn imports(
        &self,
        list: Option<ListId>,
        before: Option<ImportId>,
        limit: u32,
    ) -> Result<Vec<ImportRecord>> {
        self.read(move |r| r.imports(list, before, limit)).await
    }

    /// The import whose identifier begins so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`].
    pub async fn find_import(&self, key: &str) -> Result<ImportRecord> {
        let key = key.to_owned();
        self.read(move |r| r.import(&key)).await
    }

    /// Takes a committed import back: new leads that were not called go, overwritten values return unless somebody changed
    /// them since. Once more, it takes back what stayed and may go now. Calls go on meanwhile; `progress` counts what was looked at. A
    /// process that ends in the middle goes on at its next start ([`Store::recover`]). What fails is not finished later, over what
    /// somebody did since: it can be begun again.
    ///
    /// # Errors
    /// [`crate::ListError::NotUndoable`], [`Error::NotFound`].
    pub async fn undo_import(
        &self,
        import: ImportId,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<Undone> {
        let record = self.find_import(&import.to_string()).await?;
        let undone = record.state == "undone";
        let left = undone && self.read_apart(move |r| r.import_left(import)).await?;
        crate::sqlite::may_undo(&record, left)?;
        if undone {
            self.write(move |b| b.undo_import_again(import, by)).await?;
        }
        let staging = Staging::new(Arc::clone(&self.inner.writes), &self.inner.path);
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            let undone = staging.undo(import, by, now, &progress);
            if let Err(error) = &undone {
                // Told as failed, it is not finished later, over what somebody did since.
                let code = error.code();
                let given_up =
                    staging.owe(move |staging| staging.run(move |b| b.give_up_undo(import, by, code, now)));
                if let Err(error) = given_up {
                    tracing::warn!(
                        code = error.code(),
                        "taking an import back failed; the next start finishes it"
                    );
                }
            }
            // The caller may have gone; it is finished all the same.
            let _ = sender.send(undone);
            staging.make_up();
        };
        let thread = std::thread::Builder::new().name("store-import".to_owned()).spawn(work);
        thread.map_err(|source| Error::File { path: "store-import".into(), source })?;
        let result = receiver.await.map_err(|_| Error::Closed)?;
        self.note(&result);
        result
    }

    /// Counts per operator, list, project, hour or day.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn tally(&self, query: StatsQuery, by: TallyBy) -> Result<Vec<TallyRow>> {
        self.read(move |r| r.tally(&query, by)).await
    }

    /// 進捗 of each list asked for, over all days, whatever days the query names: the figures of [`Store::lists`], or one operator's
    /// part in them.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn worked(&self, query: StatsQuery) -> Result<Vec<ListWorked>> {
        self.read(move |r| r.worked(&query)).await
    }

    /// Recounts row by row everything that is shown or kept as a number; returns what differs: nothing, or a defect.
    ///
    /// # Errors
    /// [`Error::ImportStopped`] after [`Progress::stop`]; storage errors.
    pub async fn verify(&self, query: StatsQuery, progress: Progress) -> Result<Vec<Mismatch>> {
        self.read_long(progress, move |r| r.verify(&query)).await
    }
}

impl Store {
    /// Runs a slice of long work: calls overtake it.
    pub(super) async fn slice<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let result = self.behind(verb).await;
        self.note(&result);
        result
    }

    /// Runs a verb when no call's waits.
    pub(super) async fn behind<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut dyn Backend) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move |backend: &mut Writer| {
            // The caller may have gone; the write stands.
            let _ = sender.send(verb(&mut **backend));
        });
        self.inner.writes.push(Lane::Import, job, None)?;
        receiver.await.map_err(|_| Error::Closed)?
    }
}

/// Leads that are looked up in one read: some milliseconds.
const AT_ONCE: usize = 1000;

/// When a slice that begins now has to end.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
pub(super) fn deadline() -> Instant {
    Instant::now() + SLICE
}

/// Longest a slice keeps a call's write waiting, its commit apart.
const SLICE: Duration = Duration::from_millis(3);
