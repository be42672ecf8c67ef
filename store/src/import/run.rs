use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::id::{ImportId, ListId, UserId};
use crate::staging::{ImportStart, OnExisting, StageCounts, StagePolicy, StagedRow, Staging};

use super::options::{DupExisting, ImportOptions, ImportSource};
use super::reader::ImportReader;
use super::report::{ImportError, ImportProgress, ImportReport};
use super::row::ImportRow;

/// One import of a file into a list.
#[derive(Debug)]
pub struct ImportJob {
    /// The list.
    pub list: ListId,
    /// The file.
    pub source: ImportSource,
    /// How it is read and judged.
    pub options: ImportOptions,
    /// Who imports.
    pub user: Option<UserId>,
    /// UTC milliseconds.
    pub now: i64,
    /// Told after every batch; the last value stays readable.
    pub progress: Option<watch::Sender<ImportProgress>>,
}

/// Reads the file and stages its rows batch by batch, on the import's own thread; commits or takes everything back.
pub(crate) fn run(job: ImportJob, staging: &Staging) -> Result<ImportReport> {
    let ImportJob { list, source, options, user, now, progress } = job;
    let policy = StagePolicy {
        existing: match options.dup_existing {
            DupExisting::Update => OnExisting::Update,
            DupExisting::Skip => OnExisting::Skip,
        },
        create_contacts: options.create_contacts,
        overwrite_empty: options.overwrite_empty,
        merge_categories: options.merge_categories,
    };
    let partial = options.partial;
    // A file that cannot even be opened leaves no trace in the database.
    let mut reader = ImportReader::open(source, options).map_err(fatal)?;
    let start = ImportStart { list, source: reader.report().file.to_string(), user, now };
    let import = staging.begin(start)?;
    let mut counts = StageCounts::default();
    let told = |reader: &ImportReader| {
        if let Some(progress) = &progress {
            progress.send_replace(reader.progress());
        }
    };
    let staged = stage_all(&mut reader, staging, import, policy, &mut counts, told);
    let finished = staged.and_then(|()| reader.finish().map_err(fatal));
    let mut report = match finished {
        Ok(report) => report,
        Err(error) => {
            take_back(staging, import, now);
            return Err(error);
        }
    };
    if !report.may_apply(partial) || report.accepted == 0 {
        staging.undo(import, now)?;
        return Ok(report);
    }
    report.applied = true;
    report.inserted = counts.inserted;
    report.updated = counts.updated;
    report.unchanged = counts.unchanged;
    report.skipped = counts.skipped;
    report.contacts_created = counts.contacts_created;
    report.contacts_updated = counts.contacts_updated;
    if let Err(error) = staging.commit(import, kept_report(&report), now) {
        take_back(staging, import, now);
        return Err(error);
    }
    Ok(report)
}

fn stage_all(
    reader: &mut ImportReader,
    staging: &Staging,
    import: ImportId,
    policy: StagePolicy,
    counts: &mut StageCounts,
    told: impl Fn(&ImportReader),
) -> Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut refused = false;
    while let Some(row) = reader.next_row().map_err(fatal)? {
        // Once the file is refused, the rest is only read for its report.
        refused = refused || (!reader.keeps_good_rows() && reader.report().refused > 0);
        if refused {
            batch.clear();
            if reader.report().rows.is_multiple_of(BATCH as u64) {
                told(reader);
            }
            continue;
        }
        batch.push(staged(row));
        if batch.len() == BATCH {
            *counts +=
                staging.stage(import, std::mem::replace(&mut batch, Vec::with_capacity(BATCH)), policy)?;
            told(reader);
        }
    }
    if !batch.is_empty() && !refused {
        *counts += staging.stage(import, batch, policy)?;
    }
    told(reader);
    Ok(())
}

fn staged(row: ImportRow) -> StagedRow {
    StagedRow {
        line: row.line,
        phone: row.phone,
        raw_phone: row.raw_phone,
        clir: row.clir,
        company: row.company,
        person: row.person,
        categories: row.categories,
        extra_phones: row.extra_phones,
        attrs: row.attributes.into_iter().map(|(name, text)| (name.to_string(), text)).collect(),
    }
}

/// Best effort: what cannot be taken back now is taken back at the next start.
fn take_back(staging: &Staging, import: ImportId, now: i64) {
    if let Err(error) = staging.undo(import, now) {
        tracing::warn!(code = error.code(), "staged rows stay until the next start");
    }
}

/// The report as kept with the import: without the long tail of problems.
fn kept_report(report: &ImportReport) -> serde_json::Value {
    let mut kept = report.clone();
    kept.problems.truncate(KEPT_PROBLEMS);
    serde_json::to_value(&kept).unwrap_or_default()
}

fn fatal(error: ImportError) -> Error {
    Error::Import(Box::new(error))
}

/// Rows handed over at a time; the store thread slices them further.
const BATCH: usize = 500;
/// Problems kept in the database per import.
const KEPT_PROBLEMS: usize = 100;
