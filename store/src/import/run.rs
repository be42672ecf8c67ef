use tokio::sync::watch;

use crate::error::{Error, ListError, Result};
use crate::id::{ImportId, ListId};
use crate::model::Actor;
use crate::name_key::name_key;
use crate::progress::{Progress, stopped};
use crate::staging::{
    ImportStart, LeadRows, NumberRow, OnExisting, Rows, StageCounts, StagePolicy, Staged, StagedRow, Staging,
};

use super::by_number::ByNumber;
use super::options::{Cancel, DupExisting, ImportOptions, ImportSource};
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
        overwrite_empty: options.overwrite_empty,
        merge_categories: options.merge_categories,
    };
    let most = options.max_contacts;
    let (partial, assign, cancel) = (options.partial, options.assign.clone(), options.cancel.clone());
    let max_leads = options.max_leads;
    // A file that cannot even be opened leaves no trace in the database.
    let mut reader = ImportReader::open(source, options).map_err(fatal)?;
    let start = ImportStart { list, source: reader.report().file.to_string(), user: by.user, now };
    let import = staging.begin(start)?;
    let mut counts = StageCounts::default();
    let room = Room { limit: max_leads, registered: list.map_or(Ok(0), |list| staging.registered(list))? };
    policy.new_list = room.registered == 0;
    let share = if policy.leads { READING_LEADS } else { READING_CONTACTS };
    // Of the rows to be entered, those that are; `None` while the file is read.
    let told = |reader: &ImportReader, entered: Option<(u64, u64)>| {
        if let Some(progress) = &progress {
            let seen = reader.progress();
            progress.send_replace(match entered {
                None => seen.at(ImportPhase::Reading, share, (seen.bytes, seen.bytes_total)),
                Some(entered) => seen.at(ImportPhase::Entering, share, entered),
            });
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
            return Ok(());
        }
        let all = rows.count();
        stage_numbers(rows, pipe, |entered| told(&reader, Some((entered, all))))
    });
    let finished = staged.and_then(|()| reader.finish().map_err(fatal));
    let mut report = match finished {
        Ok(report) => report,
        Err(error) => {
            take_back(staging, import, now);
            return Err(error);
        }
    };
    if !report.may_apply(partial) || report.accepted == 0 {
        staging.undo(import, by, now, &Progress::default())?;
        return Ok(report);
    }
    let free = most.saturating_sub(contacts);
    if counts.contacts_created > free {
        take_back(staging, import, now);
        return Err(Error::ContactsFull { most, needed: counts.contacts_created, free });
    }
    report.import = Some(import);
    report.applied = true;
    report.inserted = counts.inserted;
    report.updated = counts.updated;
    report.unchanged = counts.unchanged;
    report.skipped = counts.skipped;
    report.contacts_created = counts.contacts_created;
    report.contacts_updated = counts.contacts_updated;
    if list.is_none() {
        (report.inserted, report.updated) = (counts.contacts_created, counts.contacts_updated);
        report.unchanged = report.accepted.saturating_sub(report.inserted + report.updated + report.skipped);
    }
    let owned = if assign.is_empty() { Ok(()) } else { staging.assign(import, assign, by, now) };
    if let Err(error) = owned.and_then(|()| staging.commit(import, kept_report(&report), by, now)) {
        take_back(staging, import, now);
        return Err(error);
    }
    // The rows are there; where they come in the order of dialing follows at once.
    if let Some(list) = list {
        staging.reorder(list)?;
    }
    Ok(report)
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
        return read_all(reader, told, |rows| rows.iter().try_for_each(|row| sorted.push(row, None)));
    }
    let mut keep = |rows: Option<LeadRows>| {
        rows.iter().flat_map(LeadRows::placed).try_for_each(|(row, position)| sorted.push(row, position))
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

/// Enters the numbers of the leads and writes contacts, in the order of numbers.
fn stage_numbers(rows: ByNumber, mut pipe: Pipe<'_>, told: impl Fn(u64) -> Result<()>) -> Result<()> {
    if !pipe.policy.leads && !pipe.policy.create_contacts {
        return Ok(());
    }
    let mut sorted = rows.sorted()?;
    let (mut under_way, mut entered) = (None, 0);
    let staged = loop {
        let rows: Result<Vec<NumberRow>> = sorted.by_ref().take(WINDOW).collect();
        match rows.and_then(|rows| told(entered).map(|()| rows)) {
            Ok(rows) if rows.is_empty() => break Ok(()),
            Ok(rows) => match pipe.send(&mut under_way, rows) {
                // Those that were sent before these.
                Ok(before) => entered += before.map_or(0, |rows| rows.len() as u64),
                Err(error) => break Err(error),
            },
            Err(error) => break Err(error),
        }
    };
    pipe.settle(&mut under_way)?;
    staged.and_then(|()| told(u64::MAX))
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
        let row = staged(row);
        bytes += weight(&row);
        window.push(row);
        if window.len() == WINDOW || bytes >= WINDOW_BYTES {
            bytes = 0;
            stage(std::mem::replace(&mut window, Vec::with_capacity(WINDOW)))?;
        }
    }
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
        name_key: name_key(row.company.as_deref(), row.person.as_deref()),
        phone: row.phone,
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

/// Best effort: what cannot be taken back now is taken back at the next start.
fn take_back(staging: &Staging, import: ImportId, now: i64) {
    if let Err(error) = staging.undo(import, Actor::default(), now, &Progress::default()) {
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
mod tests {
    use std::path::Path;

    use super::super::{DupPolicy, Encoding};
    use super::*;
    use crate::export::{ExportEncoding, ExportOptions};
    use crate::handle::{OpenOptions, Store};
    use crate::model::{Actor, LeadFilter, LeadRow, ListQuery, ListSpec};

    const NOW: i64 = 1_780_000_000_000;

    async fn store(folder: &Path) -> (Store, ListId, ListId) {
        let store = Store::open(&folder.join("kakeru.db"), OpenOptions::default()).unwrap();
        let project = store.ensure_project("案件", None, NOW).await.unwrap();
        let list = async |name: &str| {
            store
                .create_list(ListSpec { name: name.to_owned(), project }, Actor::default(), NOW)
                .await
                .unwrap()
                .id
        };
        let (first, second) = (list("一").await, list("二").await);
        (store, first, second)
    }

    async fn import(
        store: &Store,
        list: ListId,
        source: ImportSource,
        options: ImportOptions,
    ) -> Result<ImportReport> {
        store
            .import(ImportJob {
                list: Some(list),
                source,
                options,
                by: Actor::default(),
                now: NOW,
                progress: None,
            })
            .await
    }

    async fn leads(store: &Store, list: ListId) -> Vec<LeadRow> {
        let query = ListQuery { list, after: None, limit: 1000, filter: LeadFilter::default() };
        store.show_list(query).await.unwrap()
    }

    fn bytes(text: &str) -> ImportSource {
        ImportSource::Bytes(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_list_survives_export_and_import() {
        let folder = tempfile::tempdir().unwrap();
        let (store, first, second) = store(folder.path()).await;
        let text = "会社名,氏名,電話番号,カテゴリー,住所\n\
            ㈱髙﨑〜,山田 太郎,312345678,製品A|製品B,東京\n\
            \"=A, \"\"B\"\"\",,090-1234-5678,,\n,山川緑,+81 6 1234 5678,製品A,\n";
        let report = import(&store, first, bytes(text), ImportOptions::default()).await.unwrap();
        assert!(report.applied);
        assert_eq!((report.inserted, report.contacts_created, report.encoding), (3, 3, Encoding::Utf8));

        let path = folder.path().join("out.csv");
        let options =
            ExportOptions { path: path.clone(), encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let exported = store.export_list(first, options).await.unwrap();
        assert_eq!((exported.rows, exported.written, exported.neutralised), (3, true, 1));
        let report =
            import(&store, second, ImportSource::Path(path), ImportOptions::default()).await.unwrap();
        assert_eq!((report.inserted, report.contacts_created, report.encoding), (3, 0, Encoding::Cp932));
        let (one, two) = (leads(&store, first).await, leads(&store, second).await);
        for (one, two) in one.iter().zip(&two) {
            // CP932 has one wave dash where Unicode has two.
            let company = one.company.as_ref().map(|name| name.replace('〜', "～"));
            assert_eq!((&company, &one.person), (&two.company, &two.person));
            assert_eq!(
                (&one.phone, &one.categories, one.position),
                (&two.phone, &two.categories, two.position)
            );
        }
        assert_eq!((two.len(), one[0].phone.as_str()), (3, "+81312345678"));
        assert_eq!(one[0].attrs["住所"], "東京");
    }

    /// The bar neither stands at its end while there is work nor goes back.
    #[tokio::test]
    async fn progress_counts_both_phases() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let text: String = (0..12_000).map(|row| format!("会社{row},,03{row:08}\n")).collect();
        let (source, options) = (bytes(&text), ImportOptions::default());
        let (sender, mut receiver) = watch::channel(ImportProgress::default());
        let by = Actor::default();
        let job = ImportJob { list: Some(list), source, options, by, now: NOW, progress: Some(sender) };
        let followed = async {
            let mut seen = Vec::new();
            while receiver.changed().await.is_ok() {
                seen.push(*receiver.borrow_and_update());
            }
            seen
        };
        let (report, seen) = tokio::join!(store.import(job), followed);
        assert_eq!(report.unwrap().inserted, 12_000);
        let steps: Vec<(bool, u8)> =
            seen.iter().map(|at| (at.phase == ImportPhase::Entering, at.percent)).collect();
        assert!(steps.is_sorted(), "{steps:?}");
        let of = |entering: bool| steps.iter().filter(move |step| step.0 == entering).map(|step| step.1);
        assert!(of(false).all(|percent| percent <= READING_LEADS) && of(false).count() > 3, "{steps:?}");
        assert!(of(true).any(|percent| percent > READING_LEADS && percent < 99), "{steps:?}");
        assert_eq!(steps.last(), Some(&(true, 99)), "100 is when it is over");
    }

    #[tokio::test]
    async fn a_refused_file_leaves_nothing_and_a_partial_import_keeps_the_good_rows() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let text = "A,,0312345678\nB,,abc\nC,,0612345678\n";
        let report = import(&store, list, bytes(text), ImportOptions::default()).await.unwrap();
        assert_eq!((report.applied, report.refused, report.inserted), (false, 1, 0));
        assert!(leads(&store, list).await.is_empty());
        let partial = ImportOptions { partial: true, ..ImportOptions::default() };
        let report = import(&store, list, bytes(text), partial).await.unwrap();
        assert_eq!((report.applied, report.refused, report.inserted), (true, 1, 2));
        let again =
            import(&store, list, bytes("C2,,06-1234-5678\n"), ImportOptions::default()).await.unwrap();
        assert_eq!((again.inserted, again.updated), (0, 1));
        assert_eq!(leads(&store, list).await[1].company.as_deref(), Some("C2"));
    }

    #[tokio::test]
    async fn a_file_that_breaks_off_late_is_taken_back_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let mut text: String = (0..1_200).map(|n| format!("会社{n},,0312{n:06}\n")).collect();
        text.push_str("\"開いたまま,,0612345678\n");
        let partial = ImportOptions { partial: true, ..ImportOptions::default() };
        let error = import(&store, list, bytes(&text), partial).await.unwrap_err();
        assert_eq!(error.code(), "E-CSV-QUOTE");
        assert!(error.to_string().contains("line 1201"), "{error}");
        assert!(leads(&store, list).await.is_empty());
        // The list is free again.
        assert!(
            import(&store, list, bytes("A,,0312345678\n"), ImportOptions::default()).await.unwrap().applied
        );
    }

    #[tokio::test]
    async fn the_last_of_repeated_rows_wins() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let options = ImportOptions { dup_in_file: DupPolicy::Last, ..ImportOptions::default() };
        let text = "A,,0312345678\nB,,0612345678\nC,,0312345678\n";
        let report = import(&store, list, bytes(text), options).await.unwrap();
        assert_eq!((report.accepted, report.duplicates), (2, 1));
        let names: Vec<_> = leads(&store, list).await.into_iter().map(|lead| lead.company.unwrap()).collect();
        assert_eq!(names, ["C", "B"]);
    }

    /// S1.12, S4.30: a list takes no more than its profile allows, and then nothing of the file; known numbers need no room.
    #[tokio::test]
    async fn a_full_list_takes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let (store, first, _) = store(folder.path()).await;
        let sheet = |rows: std::ops::Range<u32>| {
            let lines = rows.map(|row| format!("会社{row},03-3123-{row:04}\n"));
            ImportSource::Bytes(format!("会社名,電話番号\n{}", lines.collect::<String>()).into_bytes())
        };
        let options = || ImportOptions { max_leads: 2_000, ..ImportOptions::default() };
        import(&store, first, sheet(0..1_990), options()).await.unwrap();
        let refused = import(&store, first, sheet(1_980..2_001), options()).await.unwrap_err();
        assert_eq!(refused.code(), "E-LIST-FULL");
        assert!(refused.to_string().contains("10"), "it says how many more: {refused}");
        let total = async || store.list_by_name(&first.to_string()).await.unwrap().total;
        assert_eq!(total().await, 1_990, "nothing of it was kept");
        assert_eq!(import(&store, first, sheet(1_980..2_000), options()).await.unwrap().inserted, 10);
        assert_eq!(total().await, 2_000);
    }

    async fn into_the_book(store: &Store, text: &str, options: ImportOptions) -> Result<ImportReport> {
        let user = store.ensure_user("hanako", "花子", crate::Role::Manager, NOW).await.unwrap();
        let source = bytes(text);
        store
            .import(ImportJob {
                list: None,
                source,
                options,
                by: Actor { user: Some(user), uid: None },
                now: NOW,
                progress: None,
            })
            .await
    }

    async fn book(store: &Store) -> Vec<crate::ContactRow> {
        store.contacts(crate::ContactQuery::default()).await.unwrap()
    }

    /// S0.2, S0.20, S3.4, S3.8, S3.10: a file makes contacts and no leads; known numbers are overwritten, and no empty cell
    /// blanks one; taking it back leaves the book as it was.
    #[tokio::test]
    async fn a_file_goes_into_the_contact_book_and_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let options = || ImportOptions::for_contacts(super::super::Profile::named("open").unwrap());
        let first =
            into_the_book(&store, "A社,佐藤,03-1234-5678,既存\nB社,,0612345678\n", options()).await.unwrap();
        assert_eq!((first.inserted, first.updated, first.contacts_created), (2, 0, 2));
        assert!(leads(&store, list).await.is_empty());
        let before = book(&store).await;
        assert_eq!((before[0].owner_login.as_deref(), before[0].origin.as_str()), (Some("hanako"), "import"));
        let text = "会社名,担当者名,電話番号,携帯電話\nA改,,0312345678,09011112222\nB社,,0612345678,\nC社,,0522345678,\n";
        let map = ["電話番号=電話番号", "電話番号=携帯電話"].map(|word| word.parse().unwrap()).to_vec();
        let second = into_the_book(&store, text, ImportOptions { map, ..options() }).await.unwrap();
        assert_eq!((second.inserted, second.unchanged), (1, 1), "{second:?}");
        let after = book(&store).await;
        assert_eq!((after[0].company.as_deref(), after[0].person.as_deref()), (Some("A改"), Some("佐藤")));
        assert_eq!(after[0].categories, ["既存"]);
        let undone = store
            .undo_import(second.import.unwrap(), Actor::default(), NOW + 1, Progress::default())
            .await
            .unwrap();
        assert_eq!((undone.contacts_removed, undone.changed_since), (1, 0));
        let same = |rows: &[crate::ContactRow]| -> Vec<_> {
            rows.iter()
                .map(|row| (row.id, row.company.clone(), row.person.clone(), row.phones.clone()))
                .collect()
        };
        assert_eq!(same(&book(&store).await), same(&before));
        // A number more is a change too, told of once whatever else changed.
        let more =
            "会社名,担当者名,電話番号,携帯電話\nA社,,0312345678,09011112222\nB改,,0612345678,09033334444\n";
        let map = ["電話番号=電話番号", "電話番号=携帯電話"].map(|word| word.parse().unwrap()).to_vec();
        let grown =
            into_the_book(&store, more, ImportOptions { map: map.clone(), ..options() }).await.unwrap();
        assert_eq!((grown.inserted, grown.updated, grown.unchanged), (0, 2, 0), "{grown:?}");
        let again = into_the_book(&store, more, ImportOptions { map, ..options() }).await.unwrap();
        assert_eq!((again.updated, again.unchanged), (0, 2), "{again:?}");
        store
            .undo_import(grown.import.unwrap(), Actor::default(), NOW + 2, Progress::default())
            .await
            .unwrap();
        assert_eq!(same(&book(&store).await), same(&before));
        // What is known stays, when that is wished.
        let skip = ImportOptions { dup_existing: DupExisting::Skip, ..options() };
        let third = into_the_book(&store, "Z社,,0312345678\nD社,,0522345678\n", skip).await.unwrap();
        assert_eq!((third.inserted, third.updated, third.skipped), (1, 0, 1));
        assert_eq!(book(&store).await[0].company.as_deref(), Some("A社"));
    }

    /// S0.29, S1.9, S1.10, S1.23: lists of any project and the contact book read alike and share one book; long names are
    /// kept with a warning.
    #[tokio::test]
    async fn lists_and_contacts_have_one_reader_and_one_book() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        let long = "長".repeat(31);
        let text = format!("{long},佐藤,3-1234-5678,既存|新規\n");
        let of_list = import(&store, list, bytes(&text), ImportOptions::default()).await.unwrap();
        assert_eq!((of_list.contacts_created, of_list.counts[&crate::Code::Long]), (1, 1));
        let contact = book(&store).await.remove(0);
        assert_eq!((contact.company.as_deref(), contact.categories.len()), (Some(long.as_str()), 2));
        let options = ImportOptions::for_contacts(super::super::Profile::named("open").unwrap());
        let of_book = into_the_book(&store, &text, options).await.unwrap();
        assert_eq!((of_book.unchanged, &of_book.counts), (1, &of_list.counts));
        let other = store.ensure_project("別の案件", None, NOW).await.unwrap();
        let spec = ListSpec { name: "別".into(), project: other };
        let second = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
        import(&store, second, bytes("改,,0312345678\n"), ImportOptions::default()).await.unwrap();
        let rows = book(&store).await;
        assert_eq!((rows.len(), rows[0].company.as_deref(), rows[0].id), (1, Some("改"), contact.id));
    }

    /// S0.4, S0.23, S3.6, C2, C5: names are asked for by the profile, and a full book takes nothing of a file.
    #[tokio::test]
    async fn a_profile_judges_contacts_and_limits_the_book() {
        let folder = tempfile::tempdir().unwrap();
        let (store, ..) = store(folder.path()).await;
        let of = |name: &str| ImportOptions::for_contacts(super::super::Profile::named(name).unwrap());
        let text = "A社,佐藤,0312345678\nB社,,0612345678\n";
        let both = into_the_book(&store, text, of("miitel")).await.unwrap();
        assert_eq!((both.applied, both.counts[&crate::Code::ReqPerson]), (false, 1));
        let zoho = "会社名,担当者名,電話番号\nA社,佐藤,0312345678\nB社,,0612345678\n";
        assert_eq!(into_the_book(&store, zoho, of("zoho")).await.unwrap().refused, 1);
        into_the_book(&store, "A社,佐藤,0312345678\n", of("miitel")).await.unwrap();
        let full = ImportOptions { max_contacts: 2, ..of("open") };
        let error =
            into_the_book(&store, "A社,田中,0312345678\nB社,,0612345678\nC社,,0522345678\n", full.clone())
                .await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "E-CONTACTS-FULL");
        assert!(matches!(error, Error::ContactsFull { most: 2, needed: 2, free: 1 }), "{error}");
        let rows = book(&store).await;
        assert_eq!((rows.len(), rows[0].person.as_deref()), (1, Some("佐藤")));
        // Overwriting needs no room.
        assert!(into_the_book(&store, "A社,田中,0312345678\nB社,,0612345678\n", full).await.unwrap().applied);
    }

    #[tokio::test]
    async fn an_export_that_would_lose_characters_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (store, list, _) = store(folder.path()).await;
        import(&store, list, bytes("𠮷野家,,0312345678\n"), ImportOptions::default()).await.unwrap();
        let path = folder.path().join("out.csv");
        let options =
            ExportOptions { path: path.clone(), encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let report = store.export_list(list, options.clone()).await.unwrap();
        assert_eq!((report.written, report.unencodable[0].character), (false, '𠮷'));
        assert!(!path.exists() && !folder.path().join("out.csv.part").exists());
        let replaced = ExportOptions { replace_unencodable: true, ..options };
        assert!(store.export_list(list, replaced).await.unwrap().written);
        assert!(path.exists());
    }
}
