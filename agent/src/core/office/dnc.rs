//! Do-not-call.

use protocol::params::{DncAdd, DncClear, DncExport, DncImport, DncImportUndo, DncImports, DncLs};
use protocol::result::{self, DncAdded, DncCleared, DncImported, DncPage, Exported, ImportResult};
use protocol::{ErrorCode, RpcError};
use store::import::Encoding;
use store::{DncEffect, DncQuery, Phone, Progress, ProjectId, Store};
use tokio::sync::watch;

use super::super::export;
use super::super::import::{self, Place};
use super::super::manage::{Register, Told, watched};
use super::super::project;
use super::super::rows::national;
use super::{Asker, Names, bad, id, projects, refused, rows};
use crate::said::one_of;

pub(super) async fn add(store: &Store, p: DncAdd, asker: Asker) -> Result<DncAdded, RpcError> {
    let mut names = p.projects;
    names.extend(p.project);
    let attempt = p.attempt.as_deref().map(|text| id(text, "attempt")).transpose()?;
    let mut scopes = scopes(store, &names).await?;
    let mut named = std::collections::HashSet::new();
    scopes.retain(|project| named.insert(*project));
    let entries = scopes.iter().map(|project| store::DncEntry {
        project: *project,
        attempt,
        evidence: p.evidence.clone(),
        ..store::DncEntry::by_hand(
            p.number.clone(),
            p.reason.clone().unwrap_or_default(),
            asker.actor(),
            asker.now,
        )
    });
    let done = store.dnc_add_all(entries.collect()).await.map_err(refused)?;
    let number = p.number;
    let query = DncQuery { phone: Some(number.clone()), limit: 1_000, ..DncQuery::default() };
    let rows = store.dnc_entries(query).await.map_err(refused)?;
    let names = Names::read(store).await?;
    // Each number by itself, in the order they were given, with its projects.
    let mut entered = Vec::new();
    for phone in Phone::all_reached(&number).unwrap_or_default() {
        for project in &scopes {
            let found = rows.iter().find(|row| row.phone == phone.expose() && row.project == *project);
            entered.extend(found.map(|row| rows::dnc(row, &names)));
        }
    }
    let mut entered = entered.into_iter();
    let row = entered.next().ok_or_else(|| RpcError::refused(ErrorCode::Internal))?;
    let more = entered.collect();
    Ok(DncAdded { row, known: done.added == 0, completed: done.completed > 0, more })
}

pub(super) async fn list(store: &Store, p: DncLs) -> Result<DncPage, RpcError> {
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = DncQuery {
        phone: p.number,
        project: project(store, p.project).await?,
        include_cleared: p.cleared,
        after: p.after.as_deref().map(|text| id(text, "after")).transpose()?,
        limit,
    };
    let found = store.dnc_entries(query).await.map_err(refused)?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| full).map(|row| row.id.to_string());
    let names = Names::read(store).await?;
    Ok(DncPage { rows: found.iter().map(|row| rows::dnc(row, &names)).collect(), next })
}

pub(super) async fn clear(store: &Store, p: DncClear, asker: Asker) -> Result<DncCleared, RpcError> {
    let entries = scopes_ever(store, &p.projects).await?.into_iter().map(|project| store::DncClear {
        phone: p.number.clone(),
        project,
        reason: p.reason.clone(),
        by: asker.actor(),
        now: asker.now,
    });
    let cleared = store.dnc_clear_all(entries.collect()).await.map_err(refused)?;
    let query = DncQuery { phone: Some(p.number), limit: 1_000, ..DncQuery::default() };
    let left = store.dnc_entries(query).await.map_err(refused)?;
    if cleared == 0 {
        return Err(RpcError::with_detail(ErrorCode::NotFound, nothing_cleared(&left)));
    }
    let names = Names::read(store).await?;
    Ok(DncCleared { cleared, left: left.iter().map(|row| rows::dnc(row, &names)).collect() })
}

/// There is no entry where one was to be cleared: where there are some.
fn nothing_cleared(left: &[store::DncRow]) -> (String, String) {
    if left.is_empty() {
        return ("架電禁止に登録されていません".into(), "no such entry".into());
    }
    let ja: Vec<_> = left.iter().map(|row| row.project_name.as_deref().unwrap_or("全社")).collect();
    let en = left.iter().map(|row| {
        row.project_name.as_deref().map_or("everywhere".into(), |name| format!("--project {name}"))
    });
    (
        format!("その範囲には登録がありません。登録されている範囲: {}", ja.join("、")),
        format!("no such entry; the number is blocked: {}", en.collect::<Vec<String>>().join(", ")),
    )
}

pub(super) async fn imports(store: &Store, p: DncImports) -> Result<result::DncFiles, RpcError> {
    let before = p.before.as_deref().map(|text| id(text, "before")).transpose()?;
    let limit = p.limit.unwrap_or(50).clamp(1, 1_000);
    let found = store.dnc_imports(before, limit).await.map_err(refused)?;
    let full = found.len() == limit as usize;
    let names = Names::read(store).await?;
    let rows: Vec<result::DncFile> = found.into_iter().map(|row| journal_row(row, &names)).collect();
    let next = rows.last().filter(|_| full).map(|row| row.id.clone());
    Ok(result::DncFiles { rows, next })
}

fn journal_row(import: store::ImportRecord, names: &Names) -> result::DncFile {
    let count = |name: &str| import.report.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let waits = import.state == "staging" && import.interrupted_at.is_some();
    result::DncFile {
        rows: count("rows"),
        changed: count("changed"),
        completed: count("completed"),
        refused: count("refused"),
        clear: import.report["clear"] == true,
        id: import.id.to_string(),
        file: import.source,
        state: if waits { "interrupted".to_owned() } else { import.state },
        by_name: names.of(import.login.as_deref()),
        by_uid: import.uid,
        by: import.login,
        at: import.created_at,
        interrupted_at: import.interrupted_at,
    }
}

/// Takes back what a file added that was cut short.
pub(super) async fn undo(
    store: &Store,
    told: &Told,
    p: DncImportUndo,
    asker: Asker,
) -> Result<result::DncImportUndone, RpcError> {
    let progress = Progress::default();
    let work = store.undo_dnc_import(&p.import, &p.reason, asker.actor(), asker.now, progress.clone());
    let look = || (progress.done(), progress.total());
    let undone = watched(told, ("undo", &p.import), look, work).await;
    let (import, undone) = undone.map_err(refused)?;
    Ok(result::DncImportUndone { id: import.to_string(), cleared: undone.cleared, kept: undone.kept })
}

/// Adds or clears the numbers of a file: all of it, or nothing, unless it is interrupted: then what was added so far.
pub(super) async fn import(place: Place, p: DncImport) -> Result<DncImported, RpcError> {
    let profile = import::profile(&place.store, p.profile.as_deref().unwrap_or("open"))?;
    let max_rows = profile.max_rows;
    let encoding = match p.encoding.as_deref() {
        None => profile.encoding,
        Some("auto") => None,
        Some(word) => {
            Some(word.parse::<Encoding>().map_err(|error| bad(one_of("encoding", error.expected)))?)
        }
    };
    let lang = import::language(p.lang.as_deref(), place.lang)?;
    let Place { store, hub, running, by, now, cancel, project: _, lang: _ } = place;
    let _running = (!p.dry_run).then(|| running.begin(Register::DoNotCall, cancel.clone()));
    let (sender, receiver) = watch::channel(Default::default());
    let job = store::DncImport {
        source: import::source(p.path, p.sent)?,
        file_name: p.file,
        encoding,
        max_rows,
        projects: projects(&store, &p.projects).await?,
        reason: p.reason.unwrap_or_default(),
        clear: p.clear,
        partial: p.partial,
        dry_run: p.dry_run,
        error_csv: p.report_path,
        warning_csv: p.warnings_path,
        lang,
        cancel,
        by,
        now: now.wall,
        progress: Some(sender),
    };
    let told_to = Told { hub, asker: by.uid };
    let done = import::followed(&told_to, (Register::DoNotCall, ""), receiver, store.import_dnc(job)).await;
    let store::DncImported { report, changed, unchanged, completed, past, preview } =
        done.map_err(refused)?;
    let names = if preview.is_empty() { Vec::new() } else { store.projects().await.map_err(refused)? };
    let whole = import::result("", &report);
    if report.applied {
        let (inserted, updated) = if p.clear { (0, changed) } else { (changed, 0) };
        let told = ImportResult { inserted, updated, unchanged, import: None, ..whole.clone() };
        import::finished(&told_to, (Register::DoNotCall, String::new()), &told);
    }
    Ok(DncImported {
        file: whole.file,
        committed: whole.committed,
        rows: whole.rows,
        refused: whole.refused,
        changed,
        unchanged,
        completed,
        past,
        encoding: whole.encoding,
        report: None,
        warnings_report: None,
        counts: whole.counts,
        errors: whole.errors,
        warnings: whole.warnings,
        preview: previewed(&names, preview),
    })
}

/// `names`: of the projects.
fn previewed(names: &[store::ProjectInfo], rows: Vec<store::DncPreviewRow>) -> Vec<result::DncPreviewRow> {
    let name = |id| names.iter().find(|project| project.id == id).map(|project| project.name.clone());
    let row = |row: store::DncPreviewRow| {
        let (effect, code) = match row.effect {
            DncEffect::New => ("new", None),
            DncEffect::Known => ("known", None),
            DncEffect::Completed => ("completed", None),
            DncEffect::Cleared => ("cleared", None),
            DncEffect::Absent => ("absent", None),
            DncEffect::Past => ("past", None),
            DncEffect::Refused(code) => ("refused", Some(code.as_str().to_owned())),
        };
        result::DncPreviewRow {
            line: row.line,
            number: if code.is_some() { row.phone } else { national(&row.phone) },
            project: row.project.and_then(name),
            reason: Some(row.reason.to_string()).filter(|reason| !reason.is_empty()),
            evidence: row.evidence,
            effect: effect.to_owned(),
            code,
        }
    };
    rows.into_iter().map(row).collect()
}

pub(super) async fn export(
    store: &Store,
    p: DncExport,
    asker: Asker,
    progress: Progress,
) -> Result<Exported, RpcError> {
    let reader = export::Reader::new(export::Of::Others, store, p.profile.as_deref())?;
    let cut = export::Cut { split: p.split, rows: p.split_rows, bytes: p.split_bytes };
    let taken = asker.takes("dnc.export", "dnc", export::said(&p, &[]));
    let options = reader.written(p.path, p.encoding.as_deref(), p.raw, progress)?;
    let options = reader.options(options, cut)?;
    let query = DncQuery {
        project: project(store, p.project).await?,
        include_cleared: p.cleared,
        ..DncQuery::default()
    };
    let report = store.export_dnc(query, options.clone()).await.map_err(refused)?;
    let written = export::exported(&options, report, reader)?;
    export::hand_out(store, taken, &options, written).await
}

/// The scopes that names stand for: the whole company when there are none.
async fn scopes(store: &Store, names: &[String]) -> Result<Vec<Option<ProjectId>>, RpcError> {
    if names.is_empty() {
        return Ok(vec![None]);
    }
    Ok(projects(store, names).await?.into_iter().map(Some).collect())
}

/// The same for what stands there already, which may be of a project that was deleted since.
async fn scopes_ever(store: &Store, names: &[String]) -> Result<Vec<Option<ProjectId>>, RpcError> {
    let mut scopes = Vec::with_capacity(names.len().max(1));
    for name in names {
        scopes.push(Some(project::named_ever(store, name).await?));
    }
    Ok(if scopes.is_empty() { vec![None] } else { scopes })
}

async fn project(store: &Store, name: Option<String>) -> Result<Option<ProjectId>, RpcError> {
    match name {
        Some(name) => Ok(Some(project::named_ever(store, &name).await?)),
        None => Ok(None),
    }
}
