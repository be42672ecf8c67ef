//! Do-not-call numbers of a file, of any size: read twice, first to judge all of it, then to write it slice by slice.
//!
//! Whatever ends an import early, nobody is called for it. A number that the file adds is blocked from the moment it is written, and
//! stays so after a crash, a full disk, a client that is gone: the import is then *interrupted*, and somebody imports the file again
//! or takes it back ([`crate::Store::undo_dnc_import`]). Only somebody's cancel takes it back by itself. A number that the file
//! clears is blocked until all of the file was read and committed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::code::Lang;
use crate::dnc_file::{DncFile, DncFileRow, DncSaid};
use crate::dnc_preview::{DncEffect, DncPreviewRow, Looked};
use crate::dnc_text::beside;
use crate::error::{Error, Result};
use crate::id::{ImportId, ProjectId};
use crate::import::{
    Cancel, Encoding, ImportError, ImportOptions, ImportPhase, ImportProgress, ImportReport, ImportSource,
};
use crate::model::{Actor, DncAdded};
use crate::progress::stopped;
use crate::staging::Staging;

/// One import of do-not-call numbers, or of numbers to clear.
#[derive(Clone, Debug)]
pub struct DncImport {
    /// The file; one in memory is copied.
    pub source: ImportSource,
    /// Its name in the report.
    pub file_name: Option<String>,
    /// Its encoding; `None` detects it.
    pub encoding: Option<Encoding>,
    /// Most rows; `None`: any number (S4.27 is a product's limit).
    pub max_rows: Option<u64>,
    /// Only in these projects, where the file names none; empty: everywhere.
    pub projects: Vec<ProjectId>,
    /// Why, where the file does not say.
    pub reason: String,
    /// The numbers are cleared instead.
    pub clear: bool,
    /// Good rows count although others are refused.
    pub partial: bool,
    /// Nothing is written.
    pub dry_run: bool,
    /// Where refused rows are written, ready to be corrected and imported again.
    pub error_csv: Option<PathBuf>,
    /// Where doubts are written, all of them, to be read.
    pub warning_csv: Option<PathBuf>,
    /// The language of these two files.
    pub lang: Lang,
    /// Ends it. Nothing of it is kept when somebody wants that ([`Cancel::cancel`]).
    pub cancel: Cancel,
    /// Who imports.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
    /// Told now and then; each of the two readings counts as half of the file, and a single one as all of it.
    pub progress: Option<watch::Sender<ImportProgress>>,
}

/// What an import of do-not-call numbers did.
#[derive(Clone, Debug)]
pub struct DncImported {
    /// What was found in the file; `applied` says whether it was written.
    pub report: ImportReport,
    /// Entries added, or cleared; where nothing was to be written, those that would be.
    pub changed: u64,
    /// Entries that were so already.
    pub unchanged: u64,
    /// How many of these took in a reason or evidence that they did not have, or would.
    pub completed: u64,
    /// Rows that say that they were cleared: they block nothing, clear nothing, and leave no entry.
    pub past: u64,
    /// Where nothing was to be written: the first rows as they would be taken, at most [`PREVIEW_ROWS`](crate::import::PREVIEW_ROWS).
    pub preview: Vec<DncPreviewRow>,
}

/// What taking an interrupted import back did; adds up over slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DncUndone {
    /// Entries that hold no more.
    pub cleared: u64,
    /// Entries that another file, a person or a call entered too, and stay.
    pub kept: u64,
}

impl std::ops::AddAssign for DncUndone {
    fn add_assign(&mut self, other: Self) {
        self.cleared += other.cleared;
        self.kept += other.kept;
    }
}

/// An import that is to be taken back.
#[derive(Clone, Debug)]
pub(crate) struct DncUndo {
    pub(crate) import: ImportId,
    pub(crate) by: Actor,
    pub(crate) reason: String,
    pub(crate) now: i64,
}

/// What begins an import.
#[derive(Clone, Debug)]
pub(crate) struct DncStart {
    pub(crate) source: String,
    pub(crate) clear: bool,
    /// Rows of the file, and those of them that are refused: it was judged before.
    pub(crate) rows: u64,
    pub(crate) refused: u64,
    pub(crate) by: Actor,
    pub(crate) now: i64,
}

/// An import under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DncStage {
    pub(crate) import: ImportId,
    /// The time of all its rows, by which they are told from those of others: no two imports share one.
    pub(crate) at: i64,
    pub(crate) clear: bool,
    pub(crate) by: Actor,
}

/// An entry to be added or cleared.
#[derive(Clone, Debug)]
pub(crate) struct DncChange {
    /// E.164.
    pub(crate) phone: String,
    pub(crate) project: Option<ProjectId>,
    pub(crate) reason: Arc<str>,
    pub(crate) evidence: Option<String>,
    pub(crate) said: DncSaid,
}

/// Carries it out, on the import's own thread. `known` are the projects by name.
pub(crate) fn run(
    job: &DncImport,
    known: &Arc<HashMap<String, ProjectId>>,
    staging: &Staging,
) -> Result<DncImported> {
    let Judged { mut report, entries, past } = judge(job, known, |_, _, _| Ok(()))?;
    if !report.may_apply(job.partial) || entries + past == 0 {
        return Ok(DncImported { report, changed: 0, unchanged: 0, completed: 0, past, preview: Vec::new() });
    }
    let scopes = Scopes { known, usual: &job.projects };
    let reason: Arc<str> = job.reason.trim().into();
    let (rows, refused) = (report.rows, report.refused);
    let source = report.file.to_string();
    let start = DncStart { source, clear: job.clear, rows, refused, by: job.by, now: job.now };
    let stage = staging.run(move |b| b.dnc_begin(&start))?;
    let written = write(job, &scopes, &reason, stage, staging).and_then(|done| {
        staging.run(move |b| b.dnc_commit(stage, rows, refused, done.added))?;
        Ok(done)
    });
    let DncAdded { added: changed, completed } = match written {
        Ok(done) => done,
        Err(error) => {
            end_early(job, staging, stage);
            return Err(error);
        }
    };
    follow_up(staging, stage)?;
    report.import = Some(stage.import);
    report.applied = true;
    let unchanged = entries.saturating_sub(changed);
    Ok(DncImported { report, changed, unchanged, completed, past, preview: Vec::new() })
}

/// What an import would find, with its first rows; nothing is written. `see` is shown each number that would be, in the order of the
/// file. What would become of them is not known here: [`crate::Store::import_dnc`] tells it.
pub(crate) fn look(
    job: &DncImport,
    known: &Arc<HashMap<String, ProjectId>>,
    mut see: impl FnMut(&str) -> Result<()>,
) -> Result<DncImported> {
    let mut looked = Looked::default();
    let Judged { report, past, .. } = judge(job, known, |row, projects, why| {
        if row.cleared {
            looked.take(row, projects, why, DncEffect::Past);
            return Ok(());
        }
        looked.take(row, projects, why, DncEffect::New);
        see(&row.phone)
    })?;
    let preview = looked.rows(&report.problems);
    Ok(DncImported { report, changed: 0, unchanged: 0, completed: 0, past, preview })
}

/// What the first reading found.
struct Judged {
    report: ImportReport,
    /// Entries that its good rows are, each for its project.
    entries: u64,
    past: u64,
}

/// The first reading: all of it is judged, and every good row shown to `see`, with its projects and why.
fn judge(
    job: &DncImport,
    known: &Arc<HashMap<String, ProjectId>>,
    mut see: impl FnMut(&DncFileRow, &[Option<ProjectId>], &Arc<str>) -> Result<()>,
) -> Result<Judged> {
    let scopes = Scopes { known, usual: &job.projects };
    let reason: Arc<str> = job.reason.trim().into();
    let (mut entries, mut past) = (0_u64, 0_u64);
    let mut file = open(job, known, (job.error_csv.clone(), job.warning_csv.clone()))?;
    while let Some(row) = file.next_row().map_err(Error::Import)? {
        if row.cleared {
            past += 1;
            let projects = scopes.of(&row).unwrap_or_else(|_| vec![None]);
            see(&row, &projects, &why(&row, &reason, job.clear))?;
            if past.is_multiple_of(TOLD_EVERY) {
                job.tell(&file, 0)?;
            }
            continue;
        }
        let projects = scopes.of(&row)?;
        entries += projects.len() as u64;
        if job.clear && why(&row, &reason, true).is_empty() {
            return Err(Error::ReasonRequired);
        }
        see(&row, &projects, &why(&row, &reason, job.clear))?;
        if entries.is_multiple_of(TOLD_EVERY) {
            job.tell(&file, 0)?;
        }
    }
    job.tell(&file, 0)?;
    Ok(Judged { report: file.finish().map_err(Error::Import)?, entries, past })
}

/// Writes all of it; how many entries were added, or are to be cleared, and completed.
fn write(
    job: &DncImport,
    scopes: &Scopes<'_>,
    reason: &Arc<str>,
    stage: DncStage,
    staging: &Staging,
) -> Result<DncAdded> {
    let mut file = open(job, scopes.known, (None, None))?;
    let (mut window, mut done) = (Vec::with_capacity(WINDOW), DncAdded::default());
    loop {
        let row = file.next_row().map_err(Error::Import)?;
        let last = row.is_none();
        if let Some(row) = row.filter(|row| !row.cleared) {
            let why = why(&row, reason, job.clear);
            for project in scopes.of(&row)? {
                let (phone, evidence, said) = (row.phone.clone(), row.evidence.clone(), row.said.clone());
                window.push(DncChange { phone, project, reason: Arc::clone(&why), evidence, said });
            }
        }
        if window.len() >= WINDOW || last {
            job.tell(&file, 1)?;
            staging.wait_for_disk()?;
            done += write_window(std::mem::take(&mut window), stage, staging)?;
        }
        if last {
            return Ok(done);
        }
    }
}

/// Why, by the row, or by what holds where it says nothing. A row that says how its entry was registered says why that was (理由), and
/// nothing of why it is to be cleared. To clear, what is given counts, and what the row says stands behind it: either may be why.
fn why(row: &DncFileRow, reason: &Arc<str>, clear: bool) -> Arc<str> {
    let registered = clear && row.said != DncSaid::default();
    let own = row.reason.as_deref().map(str::trim).filter(|text| !text.is_empty() && !registered);
    match own {
        None => Arc::clone(reason),
        Some(own) if clear => beside(reason, own, None).into(),
        Some(own) => own.into(),
    }
}

/// Slice after slice, so that a call's write never waits long.
fn write_window(window: Vec<DncChange>, stage: DncStage, staging: &Staging) -> Result<DncAdded> {
    let window: Arc<[DncChange]> = window.into();
    let (mut from, mut done) = (0, DncAdded::default());
    while from < window.len() {
        let rows = Arc::clone(&window);
        let (written, more) =
            staging.run(move |b| b.dnc_stage(stage, rows.get(from..).unwrap_or_default()))?;
        from += written.max(1);
        done += more;
    }
    Ok(done)
}

/// Nothing was cleared, so that is forgotten; what was added stays blocked unless somebody wanted it to end. What a full disk does
/// not take is done once it has room, anything else at the next start, and an import that stays is found then too.
fn end_early(job: &DncImport, staging: &Staging, stage: DncStage) {
    let (import, now) = (stage.import, stage.at);
    let wanted = job.cancel.wanted();
    let ended = if stage.clear || wanted.is_some() {
        let reason = "the import was cancelled".to_owned();
        let mut noted = wanted.is_none();
        let (by, now) = wanted.unwrap_or((stage.by, now));
        let undo = DncUndo { import, by, reason, now };
        staging.owe(move |staging| {
            if !noted {
                staging.note_cancel(import, by, now)?;
                noted = true;
            }
            in_slices(|from| {
                let undo = undo.clone();
                staging.run(move |b| b.dnc_undo(&undo, from)).map(|(_, next)| next)
            })
        })
    } else {
        tracing::warn!(%import, "an import of do-not-call numbers was interrupted; they stay blocked: {ADVICE}");
        staging.owe(move |staging| staging.run(move |b| b.dnc_interrupt(import, now)))
    };
    if let Err(error) = ended {
        tracing::warn!(code = error.code(), %import, "an import of do-not-call numbers is ended at the next start");
    }
}

/// What is left to do when all of it is committed.
fn follow_up(staging: &Staging, stage: DncStage) -> Result<()> {
    if stage.clear {
        // A crash in here is followed by the rest at the next start.
        return in_slices(|from| staging.run(move |b| b.dnc_clear_slice(stage.import, from)));
    }
    // Perhaps it was the same file as one that was interrupted.
    let settled = staging.run(|b| b.dnc_interrupted()).and_then(|interrupted| {
        for import in interrupted {
            in_slices(|from| staging.run(move |b| b.dnc_settle(import, from, stage.at)))?;
        }
        in_slices(|from| staging.run(move |b| b.dnc_forget(from)))
    });
    if let Err(error) = settled {
        tracing::warn!(code = error.code(), "interrupted imports are looked at again after the next file");
    }
    Ok(())
}

/// Goes on until there is no next.
fn in_slices(mut slice: impl FnMut(i64) -> Result<Option<i64>>) -> Result<()> {
    let mut after = Some(0);
    while let Some(from) = after {
        after = slice(from)?;
    }
    Ok(())
}

fn open(
    job: &DncImport,
    known: &Arc<HashMap<String, ProjectId>>,
    (error_csv, warning_csv): (Option<PathBuf>, Option<PathBuf>),
) -> Result<DncFile> {
    let options = ImportOptions {
        projects: Some(Arc::clone(known)),
        encoding: job.encoding,
        max_rows: job.max_rows.unwrap_or(u64::MAX),
        file_name: job.file_name.clone(),
        partial: job.partial,
        error_csv,
        warning_csv,
        lang: job.lang,
        ..ImportOptions::default()
    };
    let opened: std::result::Result<_, Box<ImportError>> = DncFile::open(job.source.clone(), options);
    opened.map_err(Error::Import)
}

impl DncImport {
    /// Tells how far it is, in the first or the second reading.
    fn tell(&self, file: &DncFile, reading: u64) -> Result<()> {
        if let Some(progress) = &self.progress {
            let seen = file.progress();
            // It is only judged first, and read once more to be written; not if nothing of it is.
            let phase = if reading == 0 { ImportPhase::Reading } else { ImportPhase::Entering };
            let (share, bytes) = match !file.report().may_apply(self.partial) {
                true => (100, seen.bytes),
                false => (JUDGING, (seen.bytes + reading * seen.bytes_total) / 2),
            };
            let told = seen.at(phase, share, (seen.bytes, seen.bytes_total));
            progress.send_replace(ImportProgress { bytes, ..told });
        }
        if self.cancel.is_cancelled() { Err(stopped()) } else { Ok(()) }
    }
}

/// Where a row counts.
struct Scopes<'a> {
    known: &'a Arc<HashMap<String, ProjectId>>,
    usual: &'a [ProjectId],
}

impl Scopes<'_> {
    fn of(&self, row: &DncFileRow) -> Result<Vec<Option<ProjectId>>> {
        match row.project.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            None if self.usual.is_empty() => Ok(vec![None]),
            None => Ok(self.usual.iter().copied().map(Some).collect()),
            Some(name) => match self.known.get(name) {
                Some(project) => Ok(vec![Some(*project)]),
                // A typing error must not make a project.
                None => Err(Error::NotFound { what: "project", key: name.to_owned() }),
            },
        }
    }
}

/// What to do about an interrupted import.
pub(crate) const ADVICE: &str = "import the file again, or `kakeru dnc imports` and `kakeru dnc import-undo`";
/// Entries that are handed over at once: some 100 KiB.
const WINDOW: usize = 1024;
/// Percent of the work that the first reading is.
const JUDGING: u8 = 25;
/// Entries between two looks at whether to go on.
const TOLD_EVERY: u64 = 1024;
