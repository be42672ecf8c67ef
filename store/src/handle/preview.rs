//! What an import would do (S1.14).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{OpenOptions, Store};
use crate::dnc_import::{self, DncImport, DncImported};
use crate::dnc_preview;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::import::{self, ImportJob, ImportOptions, ImportReport, ImportRow, Preview};
use crate::model::Actor;
use crate::phone::Phone;
use crate::sqlite::{Folder, Known, Trial};
use crate::staging::Staging;

impl Store {
    /// What [`Self::import`] of this job would say, with its first rows; nothing is kept but the file of refused rows. The rows
    /// are imported into a database of their own, beside copies of the leads and contacts that have their numbers, so
    /// that the counts are the import's. The job's progress is that of the second pass, which imports.
    ///
    /// # Errors
    /// As [`Self::import`]: a file that it would refuse as a whole is refused. Storage errors of the trial itself.
    pub async fn preview_import(&self, job: ImportJob) -> Result<Preview> {
        let limited = job.options.max_contacts < u64::MAX;
        let contacts = if limited { self.read(|r| r.contact_count()).await? } else { 0 };
        self.try_out(move |path| preview(job, contacts, path)).await
    }

    /// Carries out what goes into a database of its own. It reads and writes as much as a long read does, so it takes one's place.
    async fn try_out<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let path = self.inner.path.clone();
        self.apart("store-preview", move || work(&path)).await
    }
}

/// Do-not-call numbers.
impl Store {
    /// What [`Self::import_dnc`] of this job would say, with its first rows; as [`Self::preview_import`], its counts are those of the
    /// import itself, beside copies of the entries that hold. `known`: the projects by name.
    pub(super) async fn preview_dnc(
        &self,
        job: DncImport,
        known: Arc<HashMap<String, ProjectId>>,
    ) -> Result<DncImported> {
        let clear = job.clear;
        let mut done = self.try_out(move |path| look_at_dnc(job, &known, path)).await?;
        if !done.preview.is_empty() {
            let mut rows = std::mem::take(&mut done.preview);
            done.preview = self.read(move |r| dnc_preview::judge(r, &mut rows, clear).map(|()| rows)).await?;
        }
        Ok(done)
    }
}

fn look_at_dnc(job: DncImport, known: &Arc<HashMap<String, ProjectId>>, live: &Path) -> Result<DncImported> {
    let mut trial = Trial::begin(live, None, job.now)?;
    let mut phones: Vec<String> = Vec::with_capacity(BROUGHT);
    // It is told how far the second look is, which imports.
    let first = DncImport { progress: None, ..job.clone() };
    let mut looked = dnc_import::look(&first, known, |phone| {
        phones.push(phone.to_owned());
        if phones.len() >= BROUGHT {
            trial.bring_dnc(&phones)?;
            phones.clear();
        }
        Ok(())
    })?;
    // Of a file that would be refused nothing would become.
    if looked.report.may_apply(job.partial) {
        trial.bring_dnc(&phones)?;
        let folder = trial.ready();
        let path = folder.database();
        let failed = |error| Error::File { path: path.clone(), source: std::io::Error::other(error) };
        let store = Store::open(&path, OpenOptions::default()).map_err(failed)?;
        let staging = Staging::new(Arc::clone(&store.inner.writes), &path);
        let trial = DncImport { error_csv: None, warning_csv: None, by: Actor::default(), ..job };
        let done = dnc_import::run(&trial, known, &staging)?;
        (looked.changed, looked.unchanged, looked.completed) = (done.changed, done.unchanged, done.completed);
    }
    Ok(looked)
}

fn preview(job: ImportJob, contacts: u64, live: &Path) -> Result<Preview> {
    let partial = job.options.partial;
    let mut trial = Trial::begin(live, job.list, job.now)?;
    let mut phones: Vec<Phone> = Vec::with_capacity(BROUGHT);
    let known = Known::new(live, job.list);
    let mut looked = import::look(job.source.clone(), job.options.clone(), known, |row: &ImportRow| {
        phones.push(row.phone.clone());
        phones.extend(row.extra_phones.iter().map(|further| further.phone.clone()));
        if phones.len() >= BROUGHT {
            trial.bring(&phones)?;
            phones.clear();
        }
        Ok(())
    })?;
    if looked.report.may_apply(partial) && looked.report.accepted > 0 {
        trial.bring(&phones)?;
        let done = carry_out(job, contacts, &trial.ready())?;
        let report = &mut looked.report;
        // Of the same file, and of what the book says of it.
        (report.counts, report.problems) = (done.counts, done.problems);
        report.inserted = done.inserted;
        report.updated = done.updated;
        report.unchanged = done.unchanged;
        report.skipped = done.skipped;
        report.contacts_created = done.contacts_created;
        report.contacts_updated = done.contacts_updated;
    }
    Ok(looked)
}

/// Imports into the copies.
fn carry_out(job: ImportJob, contacts: u64, folder: &Folder) -> Result<ImportReport> {
    let path = folder.database();
    let failed = |error| Error::File { path: path.clone(), source: std::io::Error::other(error) };
    let store = Store::open(&path, OpenOptions::default()).map_err(failed)?;
    let staging = Staging::new(Arc::clone(&store.inner.writes), &path);
    let options = ImportOptions { error_csv: None, ..job.options };
    import::run(ImportJob { options, by: Actor::default(), ..job }, contacts, &staging)
}

/// Numbers that are copied at once: some milliseconds, in which the live log cannot be cut.
const BROUGHT: usize = 256;

#[cfg(test)]
mod foreseen;
#[cfg(test)]
mod tests;
