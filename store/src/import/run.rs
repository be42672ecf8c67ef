use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::error::{Error, ListError, Result};
use crate::id::{ImportId, ListId};
use crate::model::Actor;
use crate::name_key::name_key;
use crate::progress::{Progress, stopped};
use crate::sqlite::Reached;
use crate::staging::{
    Blanks, ImportStart, LateDoubt, LateDoubts, LeadRows, NumberRow, NumberRows, OnExisting, Placed, Rows,
    StageCounts, StagePolicy, Staged, StagedRow, Staging, last_ones,
};

use super::by_number::ByNumber;
use super::options::{Cancel, DupExisting, ImportOptions, ImportSource, RequiredNames};
use super::reader::ImportReader;
use super::report::{ImportError, ImportPhase, ImportProgress, ImportReport};
use super::row::ImportRow;

/// One import of a file.
#[derive(Debug)]
pub struct ImportJob {
    /// The list; `None`: into the contact book only (S0.2).
    pub list: Option<ListId>,
    /// The file.
    pub source: ImportSource,
    /// How it is read and judged.
    pub options: ImportOptions,
    /// Who imports.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
    /// Told after every batch; the last value stays readable.
    pub progress: Option<watch::Sender<ImportProgress>>,
}

impl ImportJob {
    /// A file for a list, by the rules of no product, by nobody; whatever else is wanted is set on it.
    #[must_use]
    pub fn into_list(list: ListId, source: ImportSource, now: i64) -> Self {
        let (options, by) = (ImportOptions::default(), Actor::default());
        Self { list: Some(list), source, options, by, now, progress: None }
    }

    /// The same for the contact book.
    #[must_use]
    pub fn into_contacts(source: ImportSource, now: i64) -> Self {
        let options = ImportOptions { contacts: true, ..ImportOptions::default() };
        Self { list: None, source, options, by: Actor::default(), now, progress: None }
    }
}

/// Reads the file and stages its rows, leads first and then numbers, on the import's own thread; commits or takes everything
/// back.
///
/// `contacts` is how many there were before it; only asked where the options limit them.
pub(crate) fn run(job: ImportJob, contacts: u64, staging: &Staging) -> Result<ImportReport> {
    let ImportJob { list, source, options, by, now, progress } = job;
    let mut policy = StagePolicy {
        leads: list.is_some(),
        new_list: false,
        existing: match options.dup_existing {
            DupExisting::Update => OnExisting::Update,
            DupExisting::Skip => OnExisting::Skip,
        },
        create_contacts: options.create_contacts || list.is_none(),
        blanks: Blanks::default(),
        merge_categories: options.merge_categories,
        nameless: options.required == RequiredNames::None,
    };
    let most = options.max_contacts;
    let (partial, assign, cancel) = (options.partial, options.assign.clone(), options.cancel.clone());
    let (max_leads, warn_leads) = (options.max_leads, options.warn_leads);
    let new_list = options.new_list.clone().map(|spec| (spec, options.profile.clone(), by));
    // A file that cannot even be opened leaves no trace in the database.
    let mut reader = ImportReader::open(source, options).map_err(fatal)?;
    reader.ask(staging.known(list));
    policy.blanks = reader.blanks();
    let start = ImportStart { list, source: reader.report().file.to_string(), user: by.user, now };
    let import = staging.begin(start, new_list)?;
    let mut counts = StageCounts::default();
    let room = Room { limit: max_leads, registered: list.map_or(Ok(0), |list| staging.registered(list))? };
    policy.new_list = room.registered == 0;
    let usual = if policy.leads { READING_LEADS } else { READING_CONTACTS };
    // Of the rows to be entered, those that are; `None` while the file is read.
    let told = |reader: &ImportReader, entered: Option<(u64, u64)>| {
        if let Some(progress) = &progress {
            let (seen, share) = (reader.progress(), reading_share(usual, reader.report(), partial));
            let before = progress.borrow().percent;
            let now = match entered {
                None => seen.at(ImportPhase::Reading, share, (seen.bytes, seen.bytes_total)),
                Some(entered) => seen.at(ImportPhase::Entering, share, entered),
            };
            // The share may shrink while good rows follow bad ones.
            progress.send_replace(ImportProgress { percent: now.percent.max(before), ..now });
        }
        if cancel.as_ref().is_some_and(Cancel::is_cancelled) { Err(stopped()) } else { Ok(()) }
    };
    let mut rows = ByNumber::new(staging.folder(), import);
    let pipe = Pipe { staging, import, policy, counts: &mut counts };
    let reading = |reader: &ImportReader| told(reader, None);
    let staged = stage_leads(&mut reader, pipe, room, &mut rows, &reading).and_then(|()| {
        let pipe = Pipe { staging, import, policy, counts: &mut counts };
        // A file that is refused is only read for its report.
        if !reader.report().may_apply(partial) {
            return Ok(LateDoubts::default());
        }
        let all = rows.count();
        stage_numbers(rows, &mut reader, pipe, |reader, entered| told(reader, Some((entered, all))))
    });
    let named = reader.names_owners();
    let leads = room.registered + counts.inserted;
    let finished = staged.and_then(|taken| {
        reader.add_late(taken);
        if counts.inserted > 0 && leads > warn_leads && reader.report().may_apply(partial) {
            reader.add_large(leads);
        }
        reader.close().map_err(fatal)
    });
    let (mut report, mut doubts) = match finished {
        Ok(closed) => closed,
        Err(error) => {
            take_back(staging, import, cancel.as_ref(), now);
            return Err(error);
        }
    };
    if !report.may_apply(partial) || report.accepted == 0 {
        if let Err(error) = doubts.finish(&report) {
            take_back(staging, import, cancel.as_ref(), now);
            return Err(fatal(error));
        }
        let mut kept = Some(kept_report(&report));
        staging.owe(move |staging| {
            if let Some(report) = &kept {
                staging.note_refused(import, report.clone())?;
                kept = None;
            }
            staging.undo(import, by, now, &Progress::default()).map(drop)
        })?;
        return Ok(report);
    }
    let free = most.saturating_sub(contacts);
    if counts.contacts_created > free {
        take_back(staging, import, cancel.as_ref(), now);
        return Err(Error::ContactsFull { most, needed: counts.contacts_created, free });
    }
    report.import = Some(import);
    report.applied = true;
    report.inserted = counts.inserted;
    report.updated = (counts.updated + counts.turned).saturating_sub(counts.returned);
    report.unchanged = (counts.unchanged + counts.returned).saturating_sub(counts.turned);
    report.skipped = counts.skipped;
    report.contacts_created = counts.contacts_created;
    report.contacts_updated = counts.contacts_updated;
    if list.is_none() {
        (report.inserted, report.updated) = (counts.contacts_created, counts.contacts_updated);
        report.unchanged = counts.contacts.saturating_sub(report.inserted + report.updated + report.skipped);
    }
    let owned = if assign.is_empty() && !named { Ok(()) } else { staging.assign(import, assign, by, now) };
    let owned = owned.and_then(|()| staging.known(list).shut_out(import));
    let committed = owned.and_then(|shut_out| {
        doubts.write(report.add_shut_out(shut_out));
        doubts.finish(&report).map_err(fatal)?;
        staging.commit(import, kept_report(&report), by, now)
    });
    if let Err(error) = committed {
        take_back(staging, import, cancel.as_ref(), now);
        return Err(error);
    }
    // The rows are there; where they come in the order of dialing follows at once.
    if let Some(list) = list {
        staging.reorder(list)?;
    }
    Ok(report)
}

/// Percent of the work that reading is, by the rows that were read so far and those of them that are to be entered: `usual` where
/// these are all, the more the fewer they are, and everything once the file is refused.
fn reading_share(usual: u8, report: &ImportReport, partial: bool) -> u8 {
    let entered = if report.may_apply(partial) { report.accepted } else { 0 };
    let reading = u64::from(usual) * report.rows;
    let entering = u64::from(100 - usual) * entered;
    let share = (100 * reading).checked_div(reading + entering);
    share.and_then(|share| u8::try_from(share).ok()).unwrap_or(usual)
}

/// Where rows go, and what they did there.
struct Pipe<'a> {
    staging: &'a Staging,
    import: ImportId,
    policy: StagePolicy,
    counts: &'a mut StageCounts,
}

impl Pipe<'_> {
    /// Sends rows after those that are under way; gives these back.
    fn send<R: Rows>(&mut self, under_way: &mut Option<Staged<R>>, rows: R) -> Result<Option<R>> {
        let before = self.settle(under_way)?;
        self.staging.wait_for_disk()?;
        *under_way = Some(self.staging.stage(self.import, self.policy, rows)?);
        Ok(before)
    }

    /// Waits for the rows that are under way. Nothing may be when the import is committed or taken back.
    fn settle<R: Rows>(&mut self, under_way: &mut Option<Staged<R>>) -> Result<Option<R>> {
        let Some((counts, rows)) = under_way.take().map(Staged::wait).transpose()? else { return Ok(None) };
        *self.counts += counts;
        Ok(Some(rows))
    }
}

/// Writes the leads in the order of the file and keeps the rows to be sorted by number. While rows are written, the next
/// ones are read.
fn stage_leads(
    reader: &mut ImportReader,
    mut pipe: Pipe<'_>,
    room: Room,
    sorted: &mut ByNumber,
    told: &impl Fn(&ImportReader) -> Result<()>,
) -> Result<()> {
    if !pipe.policy.leads {
        return read_all(reader, told, |rows| rows.iter().try_for_each(|row| sorted.push(row, Placed::Same)));
    }
    let mut keep = |rows: Option<LeadRows>| {
        rows.iter().flat_map(LeadRows::placed).try_for_each(|(row, placed)| sorted.push(row, placed))
    };
    let mut under_way = None;
    let read = read_all(reader, told, |rows| {
        let before = pipe.send(&mut under_way, LeadRows::new(rows))?;
        room.check(pipe.counts)?;
        keep(before)
    });
    let last = pipe.settle(&mut under_way)?;
    read?;
    room.check(pipe.counts)?;
    keep(last)
}

/// Enters the numbers of the leads and writes contacts, in the order of numbers. Yields the further numbers that others have; the reader
/// takes each of them down as it is met.
fn stage_numbers(
    rows: ByNumber,
    reader: &mut ImportReader,
    mut pipe: Pipe<'_>,
    told: impl Fn(&ImportReader, u64) -> Result<()>,
) -> Result<LateDoubts> {
    if !pipe.policy.leads && !pipe.policy.create_contacts {
        return Ok(LateDoubts::default());
    }
    let mut sorted = last_ones(rows.sorted()?);
    let (mut under_way, mut entered) = (None, 0);
    let reached: Arc<Mutex<Reached>> = Arc::default();
    let mut out_of_bin = LateDoubts::default();
    let staged = loop {
        let rows: Result<Vec<NumberRow>> = sorted.by_ref().take(WINDOW).collect();
        reader.out_of_bin(rows.as_deref().unwrap_or_default(), &mut out_of_bin);
        reader.doubt_late(out_of_bin.since());
        match rows.and_then(|rows| told(reader, entered).map(|()| rows)) {
            Ok(rows) if rows.is_empty() => break Ok(()),
            Ok(rows) => match pipe.send(&mut under_way, NumberRows::new(rows, &reached)) {
                // Those that were sent before these.
                Ok(before) => {
                    entered += before.map_or(0, |rows| rows.count() as u64);
                    reader.doubt_late(since(&reached));
                }
                Err(error) => break Err(error),
            },
            Err(error) => break Err(error),
        }
    };
    pipe.settle(&mut under_way)?;
    reader.doubt_late(since(&reached));
    staged.and_then(|()| told(reader, u64::MAX))?;
    reader.check_answers()?;
    let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
    let mut doubts = std::mem::take(&mut reached.doubts);
    doubts.append(out_of_bin);
    Ok(doubts)
}

fn since(reached: &Mutex<Reached>) -> Vec<LateDoubt> {
    reached.lock().unwrap_or_else(PoisonError::into_inner).doubts.since()
}

/// How many leads the list may have (S1.12, S4.30).
#[derive(Clone, Copy)]
struct Room {
    limit: u64,
    registered: u64,
}

impl Room {
    /// Refuses the import as soon as it is known to be too large; only numbers that were not on the list count.
    fn check(self, counts: &StageCounts) -> Result<()> {
        let free = self.limit.saturating_sub(self.registered);
        if counts.inserted > free {
            return Err(ListError::Full { limit: self.limit, free }.into());
        }
        Ok(())
    }
}

fn read_all(
    reader: &mut ImportReader,
    told: &impl Fn(&ImportReader) -> Result<()>,
    mut stage: impl FnMut(Vec<StagedRow>) -> Result<()>,
) -> Result<()> {
    let (mut bytes, mut refused) = (0, false);
    let mut window = Vec::with_capacity(WINDOW);
    while let Some(row) = reader.next_row().map_err(fatal)? {
        if reader.report().rows.is_multiple_of(TOLD_EVERY) {
            told(reader)?;
        }
        // Once the file is refused, the rest is only read for its report.
        refused = refused || (!reader.keeps_good_rows() && reader.report().refused > 0);
        if refused {
            window = Vec::new();
            continue;
        }
        let mut row = staged(row);
        row.kept = reader.kept(&row.phone);
        row.rests = reader.rests(&row.phone);
        bytes += weight(&row);
        window.push(row);
        if window.len() == WINDOW || bytes >= WINDOW_BYTES {
            bytes = 0;
            stage(std::mem::replace(&mut window, Vec::with_capacity(WINDOW)))?;
        }
    }
    reader.check_answers()?;
    if !window.is_empty() && !refused {
        stage(window)?;
    }
    told(reader)
}

/// Bytes of text of a row.
fn weight(row: &StagedRow) -> usize {
    let names = row.company.as_ref().map_or(0, String::len) + row.person.as_ref().map_or(0, String::len);
    let cells: usize = row.attrs.iter().map(|(_, text)| text.len()).sum();
    let categories: usize = row.categories.iter().map(String::len).sum();
    names + cells + categories + row.raw_phone.len() + row.name_key.len()
}

fn staged(row: ImportRow) -> StagedRow {
    StagedRow {
        line: row.line,
        name_key: name_key(row.company.as_deref(), row.person.as_deref()),
        phone: row.phone,
        ext: row.ext,
        label: row.label,
        email: row.email,
        owner: row.owner,
        assigned: row.assigned,
        excluded: row.excluded,
        kept: None,
        rests: None,
        raw_phone: row.raw_phone,
        clir: row.clir,
        company: row.company,
        person: row.person,
        categories: row.categories,
        extra_phones: row.extra_phones,
        attrs: row.attributes,
        again: row.replaces.is_some(),
        joins: row.joins,
    }
}

/// Best effort: what a full disk does not take is taken back once it has room, anything else at the next start. Whoever cancelled
/// it is in the log; a fault is nobody's act.
fn take_back(staging: &Staging, import: ImportId, cancel: Option<&Cancel>, now: i64) {
    let wanted = cancel.and_then(Cancel::wanted);
    let (by, at) = wanted.unwrap_or((Actor::default(), now));
    let mut noted = wanted.is_none();
    let taken_back = staging.owe(move |staging| {
        if !noted {
            staging.note_cancel(import, by, at)?;
            noted = true;
        }
        staging.undo(import, by, at, &Progress::default()).map(drop)
    });
    if let Err(error) = taken_back {
        tracing::warn!(code = error.code(), "staged rows stay until the next start");
    }
}

/// The report as kept with the import: without the long tail of problems.
fn kept_report(report: &ImportReport) -> serde_json::Value {
    let mut kept = report.clone();
    kept.problems.sort_by_key(|problem| problem.code.is_warning());
    kept.problems.truncate(KEPT_PROBLEMS);
    serde_json::to_value(&kept).unwrap_or_default()
}

fn fatal(error: ImportError) -> Error {
    Error::Import(Box::new(error))
}

/// Rows on their way at once. Reading them takes 4 ms or so without a pause, and what the system does after a write has come
/// to its end on the disk waits behind that, and a call's commit with it: it took 17 ms with four times as many.
const WINDOW: usize = 2048;
/// Text of these at most, where rows are long.
const WINDOW_BYTES: usize = 2 * 1024 * 1024;
/// Percent of the work of an import into a list that reading is, and writing the leads with it: about, as imports of a million rows went.
const READING_LEADS: u8 = 65;
/// The same where only contacts are written, all of them in the second phase.
const READING_CONTACTS: u8 = 35;
/// Rows between two looks at the progress and at whether to go on.
const TOLD_EVERY: u64 = 1024;
/// Problems kept in the database per import.
const KEPT_PROBLEMS: usize = 100;

#[cfg(test)]
mod binned;
#[cfg(test)]
mod counted;
#[cfg(test)]
mod extension;
#[cfg(test)]
mod further;
#[cfg(test)]
mod last;
#[cfg(test)]
mod names;
#[cfg(test)]
mod overwritten;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
