//! Importing and exporting lists for clients.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use protocol::params::{ContactImport, ListExport, ListImport, SentFile};
use protocol::result::{ExportResult, ImportIssue, ImportResult, PreviewRow};
use protocol::{Detail, ErrorCode, Event, RpcError};
use store::export::ExportOptions;
use store::import::{
    Cancel, ColumnMap, ImportJob, ImportOptions, ImportProgress, ImportReport, ImportRow, ImportSource,
    Problem, Profile, UnknownWord,
};
use store::{Actor, Lang, ListId, ListSpec, Progress, ProjectId, Store, UserId};
use tokio::sync::watch;

use super::export::{self, Taken};
use super::manage::{Register, Running, Told};
use super::query::caller_named;
use super::refusal::store_error;
use crate::clock::Now;
use crate::control::EventHub;
use crate::said::one_of;

/// What an import needs besides its parameters.
pub(super) struct Place {
    /// Ends it; nothing of it is kept then.
    pub(super) cancel: Cancel,
    pub(super) store: Store,
    pub(super) hub: Arc<EventHub>,
    pub(super) running: Running,
    /// Where lists are made for which no project is named.
    pub(super) project: ProjectId,
    /// The daemon's language.
    pub(super) lang: Lang,
    pub(super) by: Actor,
    pub(super) now: Now,
}

/// The list that a file goes into.
struct Target {
    id: ListId,
    name: String,
    profile: String,
    /// It is made with the import.
    new: Option<ListSpec>,
    /// Its project was made for it.
    new_project: bool,
}

/// Finds the list of an import. What is not there is made where that is wanted: the project at once, but not for a look.
async fn target(place: &Place, p: &ListImport) -> Result<Target, RpcError> {
    let store = &place.store;
    let told = |error: store::Error| store_error(&error);
    let found = match (&p.project, p.create) {
        (None, false) => Some(store.list_by_name(&p.list).await.map_err(told)?),
        (project, _) => store.list_exactly(&p.list, project.as_deref()).await.map_err(told)?,
    };
    if let Some(list) = found {
        return Ok(Target {
            id: list.id,
            name: list.name,
            profile: list.profile,
            new: None,
            new_project: false,
        });
    }
    if !p.create {
        let list = format!("{}/{}", p.project.as_deref().unwrap_or_default(), p.list);
        return Err(RpcError::with_detail(ErrorCode::ListUnknown, Detail::name(list)));
    }
    let mut new_project = false;
    let spec = match &p.project {
        None => match store.list_place(&p.list).await.map_err(told)? {
            Some(spec) => spec,
            None => ListSpec { name: p.list.clone(), project: place.project },
        },
        Some(project) => {
            let id = match super::project::for_list(store, project, p.create_project).await? {
                Some(id) => id,
                // Nobody sees the trial's project.
                None if p.dry_run => place.project,
                None => {
                    new_project = true;
                    store.create_project(project, None, place.by, place.now.wall).await.map_err(told)?.id
                }
            };
            ListSpec { name: p.list.clone(), project: id }
        }
    };
    if spec.name.trim().is_empty() {
        return Err(ErrorCode::ReqListName.into());
    }
    Ok(Target {
        id: ListId::generate(place.now.wall),
        name: spec.name.trim().to_owned(),
        profile: "open".to_owned(),
        new: Some(spec),
        new_project,
    })
}

/// Puts a file into a list.
/// `contacts`: how many there may be (S0.23).
pub(super) async fn import(
    place: Place,
    p: ListImport,
    contacts: Option<u64>,
) -> Result<ImportResult, RpcError> {
    let mut assign = Vec::new();
    for login in &p.assign {
        assign.push(caller_named(&place.store, login).await?);
    }
    let target = target(&place, &p).await?;
    let imported = into_list(&place, &target, p, Limits { assign, contacts }).await;
    if target.new_project && !matches!(&imported, Ok(result) if result.committed) {
        // Best effort: an empty project does no harm.
        let project = target.new.map(|spec| spec.project).unwrap_or(place.project);
        let _ = place.store.delete_project(project, place.by, place.now.wall).await;
    }
    imported
}

/// What binds an import into a list besides its file.
struct Limits {
    assign: Vec<UserId>,
    contacts: Option<u64>,
}

async fn into_list(
    place: &Place,
    target: &Target,
    p: ListImport,
    limits: Limits,
) -> Result<ImportResult, RpcError> {
    let profile = profile(&place.store, p.profile.as_deref().unwrap_or(&target.profile))?;
    let mut options = options(&p, place.lang, ImportOptions::for_lists(profile))?;
    options.owners = true;
    options.max_contacts = options.max_contacts.min(limits.contacts.unwrap_or(u64::MAX));
    options.assign = limits.assign;
    options.new_list = target.new.clone();
    carry_out(place, Register::List(target.id), target.name.clone(), p, options).await
}

/// Puts a file into the contact book (S0.2); `rules` are the site's.
pub(super) async fn import_contacts(
    place: Place,
    p: ContactImport,
    rules: store::ContactRules,
) -> Result<ImportResult, RpcError> {
    let profile = profile(&place.store, p.profile.as_deref().unwrap_or("open"))?;
    let mut base = ImportOptions::for_contacts(profile);
    if p.profile.is_none() {
        base.required = rules.required;
    }
    base.max_contacts = base.max_contacts.min(rules.most.unwrap_or(u64::MAX));
    base.merge_categories = p.merge_categories;
    base.owners = true;
    let p = ListImport {
        path: p.path,
        file: p.file,
        encoding: p.encoding,
        delimiter: p.delimiter,
        header: p.header,
        map: p.map,
        dup_in_file: p.dup_in_file,
        dup_existing: p.dup_existing,
        partial: p.partial,
        dry_run: p.dry_run,
        overwrite_empty: p.overwrite_empty,
        sent: p.sent,
        lang: p.lang,
        report_path: p.report_path,
        warnings_path: p.warnings_path,
        ..ListImport::default()
    };
    let options = options(&p, place.lang, base)?;
    carry_out(&place, Register::Contacts, String::new(), p, options).await
}

/// Reads the file; progress and end become events.
async fn carry_out(
    place: &Place,
    into: Register,
    name: String,
    p: ListImport,
    mut options: ImportOptions,
) -> Result<ImportResult, RpcError> {
    let Place { store, hub, running, by, now, cancel, .. } = place;
    let dry_run = p.dry_run;
    let source = source(p.path, p.sent)?;
    options.cancel = Some(cancel.clone());
    let list = if let Register::List(list) = into { Some(list) } else { None };
    let (sender, receiver) = watch::channel(Default::default());
    let job = ImportJob { list, source, options, by: *by, now: now.wall, progress: Some(sender) };
    let told_to = Told { hub: Arc::clone(hub), asker: by.uid };
    if dry_run {
        let looked = followed(&told_to, (into, &name), receiver, store.preview_import(job)).await;
        let looked = looked.map_err(|error| store_error(&error))?;
        let rows = looked.rows.into_iter().map(previewed).collect();
        return Ok(ImportResult { preview: rows, ..result(&name, &looked.report) });
    }
    let _running = running.begin(into, cancel.clone());
    let report = followed(&told_to, (into, &name), receiver, store.import(job)).await;
    let report = report.map_err(|error| store_error(&error))?;
    let result = result(&name, &report);
    finished(&told_to, (into, name), &result);
    Ok(result)
}

/// What a client named: a file by its path, or one it sent.
pub(super) fn source(path: Option<String>, sent: Option<SentFile>) -> Result<ImportSource, RpcError> {
    match (path, sent) {
        (Some(path), None) => Ok(ImportSource::Path(PathBuf::from(path))),
        (None, Some(sent)) => Ok(ImportSource::File(sent.0)),
        _ => Err(bad(("path と upload のどちらか一方が必要です", "give exactly one of path and upload"))),
    }
}

/// Tells how far an import is until it is done.
pub(super) async fn followed<T>(
    told_to: &Told,
    (into, name): (Register, &str),
    mut receiver: watch::Receiver<ImportProgress>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            Ok(()) = receiver.changed() => {
                let progress = *receiver.borrow_and_update();
                told_to.hub.publish_to(told_to.asker, Event::ImportProgress {
                    into: into.as_str().to_owned(),
                    list: name.to_owned(),
                    rows: progress.rows,
                    refused: progress.refused,
                    bytes: progress.bytes,
                    bytes_total: progress.bytes_total,
                    phase: progress.phase.as_str().to_owned(),
                    percent: progress.percent,
                });
            }
        }
    }
}

/// Tells that an import is over.
pub(super) fn finished(told_to: &Told, (into, list): (Register, String), result: &ImportResult) {
    // Mistakes hold numbers of people: only the importer is told them.
    let told = ImportResult { errors: Vec::new(), warnings: Vec::new(), ..result.clone() };
    let into = into.as_str().to_owned();
    told_to.hub.publish_to(told_to.asker, Event::ImportFinished { into, list, result: Box::new(told) });
}

/// Writes a list with its results as CSV.
pub(super) async fn export(
    store: &Store,
    p: ListExport,
    (by, now): (Actor, i64),
    progress: Progress,
) -> Result<ExportResult, RpcError> {
    let list = store.list_by_name(&p.list).await.map_err(|error| store_error(&error))?;
    let reader = export::Reader::new(export::Of::Leads, store, p.profile.as_deref())?;
    let cut = export::Cut { split: p.split, rows: p.split_rows, bytes: p.split_bytes };
    let asked = export::said(&p, &["list"]);
    let options = reader.written(p.path, p.encoding.as_deref(), p.raw, progress)?;
    let options = ExportOptions { without_results: p.without_results, strict: p.strict, ..options };
    let options = reader.options(options, cut)?;
    let report = store.export_list(list.id, options.clone()).await.map_err(|error| store_error(&error))?;
    let written = export::exported(&options, report, reader)?;
    let taken = Taken { action: "list.export", object: list.id.to_string(), asked, by, now };
    let file = export::hand_out(store, taken, &options, written).await?;
    Ok(ExportResult { list: list.name, file })
}

pub(super) fn profile<'a>(store: &'a Store, name: &str) -> Result<&'a Profile, RpcError> {
    let profiles = store.profiles();
    profiles.named(name).ok_or_else(|| {
        let known: Vec<&str> = profiles.names().collect();
        let Detail { ja, en, .. } = one_of("profile", &known.join(", "));
        bad((format!("{name}: {ja}"), format!("{name}: {en}")))
    })
}

/// The profile's rules, then what was said; `lang` is the daemon's.
fn options(p: &ListImport, lang: Lang, profile: ImportOptions) -> Result<ImportOptions, RpcError> {
    let mut options = ImportOptions {
        file_name: p.file.clone(),
        error_csv: p.report_path.clone(),
        warning_csv: p.warnings_path.clone(),
        lang: language(p.lang.as_deref(), lang)?,
        ..profile
    };
    options.map = p.map.iter().map(|entry| column_map(entry)).collect::<Result<_, _>>()?;
    options.partial = p.partial;
    options.overwrite_empty = p.overwrite_empty;
    options.encoding = match p.encoding.as_deref() {
        None => options.encoding,
        Some("auto") => None,
        Some(word) => Some(parse(word, "encoding")?),
    };
    if let Some(word) = p.delimiter.as_deref() {
        options.delimiter = parse(word, "delimiter")?;
    }
    if let Some(word) = p.header.as_deref() {
        options.header = parse(word, "header")?;
    }
    if let Some(word) = p.dup_in_file.as_deref() {
        options.dup_in_file = parse(word, "dup_in_file")?;
    }
    if let Some(word) = p.dup_existing.as_deref() {
        options.dup_existing = parse(word, "dup_existing")?;
    }
    Ok(options)
}

/// The language that was asked for, else `usual`.
pub(super) fn language(word: Option<&str>, usual: Lang) -> Result<Lang, RpcError> {
    match word {
        None => Ok(usual),
        Some("ja") => Ok(Lang::Ja),
        Some("en") => Ok(Lang::En),
        Some(_) => Err(bad(one_of("lang", "ja, en"))),
    }
}

fn column_map(entry: &str) -> Result<ColumnMap, RpcError> {
    entry.parse().map_err(|error: UnknownWord| {
        let ja = "map は「列の名前=ファイルの列」の形です(例: 電話番号=TEL、会社名=#1)";
        bad((ja, format!("map: {error}")))
    })
}

fn parse<T: FromStr<Err = UnknownWord>>(word: &str, what: &str) -> Result<T, RpcError> {
    word.parse().map_err(|UnknownWord { expected }| bad(one_of(what, expected)))
}

fn bad(detail: impl Into<Detail>) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

pub(super) fn result(list: &str, report: &ImportReport) -> ImportResult {
    let (warnings, errors): (Vec<&Problem>, Vec<&Problem>) =
        report.problems.iter().partition(|problem| problem.code.as_str().starts_with('W'));
    ImportResult {
        list: list.to_owned(),
        file: report.file.to_string(),
        committed: report.applied,
        rows: report.rows,
        accepted: report.accepted,
        refused: report.refused,
        duplicates: report.duplicates,
        inserted: report.inserted,
        updated: report.updated,
        unchanged: report.unchanged,
        skipped: report.skipped,
        contacts_created: report.contacts_created,
        contacts_updated: report.contacts_updated,
        encoding: report.encoding.as_str().to_owned(),
        delimiter: report.delimiter.as_str().to_owned(),
        header: report.header,
        import: report.import.map(|import| import.to_string()),
        report: None,
        warnings_report: None,
        counts: report.counts.iter().map(|(code, count)| (code.as_str().to_owned(), *count)).collect(),
        errors: errors.into_iter().map(issue).collect(),
        warnings: warnings.into_iter().map(issue).collect(),
        preview: Vec::new(),
    }
}

fn previewed(row: ImportRow) -> PreviewRow {
    PreviewRow {
        line: row.line,
        company: row.company,
        person: row.person,
        number: row.phone.national(),
        further: row.extra_phones.len(),
        categories: row.categories,
        columns: row
            .attributes
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_string(), text.into()))
            .collect(),
    }
}

pub(super) fn issue(problem: &Problem) -> ImportIssue {
    let known = problem.code.as_str().parse::<ErrorCode>().ok();
    ImportIssue {
        code: problem.code.as_str().to_owned(),
        line: problem.line,
        lines: problem.lines.clone(),
        column: problem.column.as_deref().map(str::to_owned),
        value: Some(problem.value.clone()).filter(|value| !value.is_empty()),
        message: known.map_or("", |code| code.text().en).to_owned(),
        hint: known.map_or("", |code| code.hint().en).to_owned(),
        contact: problem.contact.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of refused rows speak with the store's texts, screens with the protocol's: they must say the same.
    #[test]
    fn every_code_of_the_store_is_one_of_the_protocol_with_the_same_texts() {
        for code in store::Code::ALL {
            let known: ErrorCode =
                code.as_str().parse().unwrap_or_else(|_| panic!("{code} is not in the protocol"));
            assert_eq!((code.ja(), code.en()), (known.text().ja, known.text().en), "{code}");
            assert_eq!(code.is_warning(), known.is_warning(), "{code}");
            assert_eq!((code.hint_ja(), code.hint_en()), (known.hint().ja, known.hint().en), "{code}");
        }
    }
}
