//! Lists, imports and exports.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Store;
use crate::dnc_import::{self, DncImport, DncImported};
use crate::error::{Error, Result};
use crate::export::{self, ExportOptions, ExportReport};
use crate::id::{LeadId, ListId};
use crate::import::{self, ImportJob, ImportOptions, ImportReport};
use crate::model::{Actor, DncQuery, HistoryQuery, LeadRow, ListInfo, ListQuery, ListSpec};
use crate::staging::Staging;

/// Lists.
impl Store {
    /// Creates an empty list.
    ///
    /// # Errors
    /// [`Error::ListName`], [`Error::ListDuplicate`], [`Error::NotFound`] (project).
    pub async fn create_list(&self, spec: ListSpec, by: Actor, now: i64) -> Result<ListInfo> {
        self.write(move |b| b.create_list(&spec, by, now)).await
    }

    /// All live lists by project and name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn lists(&self) -> Result<Vec<ListInfo>> {
        self.read(|r| r.lists()).await
    }

    /// The list of this name, of this `PROJECT/NAME`, or of an identifier that begins so.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`], [`crate::ListError::InSeveralProjects`].
    pub async fn list_by_name(&self, name: &str) -> Result<ListInfo> {
        let name = name.to_owned();
        self.read(move |r| r.list_by_name(&name)).await
    }

    /// The list of this name, of this `PROJECT/NAME` or of this identifier, one that was deleted too: its calls stay.
    ///
    /// # Errors
    /// Those of [`Self::list_by_name`]; [`Error::Ambiguous`] where several are deleted that are called so.
    pub async fn list_ever(&self, name: &str) -> Result<ListId> {
        let name = name.to_owned();
        self.read(move |r| r.list_ever(&name)).await
    }

    /// The list of exactly this name: of a project, or without one of any, also as `PROJECT/NAME`.
    ///
    /// # Errors
    /// [`crate::ListError::InSeveralProjects`].
    pub async fn list_exactly(&self, name: &str, project: Option<&str>) -> Result<Option<ListInfo>> {
        let (name, project) = (name.to_owned(), project.map(str::to_owned));
        self.read(move |r| r.list_exactly(&name, project.as_deref())).await
    }

    /// Where a list to be made goes that is called `PROJECT/NAME`; `None` where no live project is called so.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn list_place(&self, text: &str) -> Result<Option<ListSpec>> {
        let text = text.to_owned();
        let place = self.read(move |r| r.list_place(&text)).await?;
        Ok(place.map(|(project, name)| ListSpec { name, project }))
    }

    /// One page of a list in order of position.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Phone`].
    pub async fn show_list(&self, query: ListQuery) -> Result<Vec<LeadRow>> {
        self.read(move |r| r.show_list(&query)).await
    }

    /// The leads of a list that have open tasks, once for each: these go into the bin with them.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn lead_tasks(&self, list: ListId) -> Result<Vec<LeadId>> {
        self.read(move |r| r.lead_tasks(list)).await
    }

    /// Opens the next round: leads that may be retried and interrupted ones can be dialed again. Returns its number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn next_round(&self, list: ListId, by: Actor, now: i64) -> Result<u32> {
        self.write(move |b| b.next_round(list, by, now)).await
    }

    /// Imports a file into a list or the contact book, on a thread of its own. Row errors are in the report, not an `Err`.
    ///
    /// # Errors
    /// [`Error::ListBusy`], [`Error::NotFound`], [`Error::File`], [`Error::OwnFile`], [`Error::ContactsFull`], storage errors.
    pub async fn import(&self, job: ImportJob) -> Result<ImportReport> {
        let ImportOptions { error_csv, warning_csv, .. } = &job.options;
        error_csv.iter().chain(warning_csv).try_for_each(|path| self.not_own(path))?;
        let staging = Staging::new(Arc::clone(&self.inner.writes), &self.inner.path);
        let limited = job.options.max_contacts < u64::MAX;
        let contacts = if limited { self.read(|r| r.contact_count()).await? } else { 0 };
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name("store-import".to_owned())
            .spawn(move || {
                // The caller may have gone; the import is finished all the same.
                let _ = sender.send(import::run(job, contacts, &staging));
                staging.make_up();
            })
            .map_err(|source| Error::File { path: PathBuf::from("store-import"), source })?;
        let result = receiver.await.map_err(|_| Error::Closed)?;
        self.note(&result);
        self.rest_later();
        result
    }

    /// Adds the numbers of a file to the do-not-call list, or clears them, on a thread of its own: all of them or none, or, when it
    /// is interrupted, what was added so far until somebody decides ([`Self::undo_dnc_import`]). Row errors are in the report, not an
    /// `Err`.
    ///
    /// # Errors
    /// [`Error::Import`], [`Error::ImportStopped`], [`Error::NotFound`] for a project, [`Error::ReasonRequired`], storage errors.
    pub async fn import_dnc(&self, job: DncImport) -> Result<DncImported> {
        job.error_csv.iter().chain(&job.warning_csv).try_for_each(|path| self.not_own(path))?;
        let projects = self.projects().await?;
        let known = Arc::new(projects.into_iter().map(|project| (project.name, project.id)).collect());
        if job.dry_run {
            return self.preview_dnc(job, known).await;
        }
        let staging = Staging::new(Arc::clone(&self.inner.writes), &self.inner.path);
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name("store-import".to_owned())
            .spawn(move || {
                // The caller may have gone; the import is finished all the same.
                let _ = sender.send(dnc_import::run(&job, &known, &staging));
                staging.make_up();
            })
            .map_err(|source| Error::File { path: PathBuf::from("store-import"), source })?;
        let result = receiver.await.map_err(|_| Error::Closed)?;
        self.note(&result);
        self.rest_later();
        result
    }

    /// Writes a list into a file.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::File`], [`Error::OwnFile`], [`Error::ImportStopped`] after [`crate::Progress::stop`], storage errors.
    pub async fn export_list(&self, list: ListId, options: ExportOptions) -> Result<ExportReport> {
        self.not_own(&options.path)?;
        self.read_long(options.progress.clone(), move |reader| export::export_list(reader, list, &options))
            .await
    }

    /// Writes the contact book into a file, one row per number.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::OwnFile`], storage errors.
    pub async fn export_contacts(&self, options: ExportOptions) -> Result<ExportReport> {
        self.not_own(&options.path)?;
        self.read_long(options.progress.clone(), move |reader| export::export_contacts(reader, &options))
            .await
    }

    /// Writes calls into a file, newest first; `limit` and `before` of the query do not count.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::OwnFile`], [`Error::Phone`], [`Error::StatusUnknown`], storage errors.
    pub async fn export_history(&self, query: HistoryQuery, options: ExportOptions) -> Result<ExportReport> {
        self.not_own(&options.path)?;
        self.read_long(options.progress.clone(), move |reader| {
            export::export_history(reader, &query, &options)
        })
        .await
    }

    /// Writes do-not-call entries into a file that [`Self::import_dnc`] reads back; `after` and `limit` of the query do
    /// not count.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::OwnFile`], [`Error::Phone`], storage errors.
    pub async fn export_dnc(&self, query: DncQuery, options: ExportOptions) -> Result<ExportReport> {
        self.not_own(&options.path)?;
        self.read_long(options.progress.clone(), move |reader| export::export_dnc(reader, &query, &options))
            .await
    }
}
