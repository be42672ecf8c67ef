//! Do-not-call.

use protocol::params::{DncAdd, DncClear, DncExport, DncImport, DncLs};
use protocol::result::{DncCleared, DncImported, DncPage, DncRow, Exported, ImportIssue};
use protocol::{ErrorCode, RpcError};
use store::dnc_file::{self, DncFile};
use store::import::Encoding;
use store::{DncQuery, ProjectId, Store};

use super::{Asker, bad, export_options, exported, id, projects, refused, rows};

pub(super) async fn add(store: &Store, p: DncAdd, asker: Asker) -> Result<DncRow, RpcError> {
    let mut names = p.projects;
    names.extend(p.project);
    let attempt = p.attempt.as_deref().map(|text| id(text, "attempt")).transpose()?;
    let scopes = scopes(store, &names).await?;
    let entries = scopes.iter().map(|project| store::DncEntry {
        phone: p.number.clone(),
        project: *project,
        reason: p.reason.clone().unwrap_or_default(),
        attempt,
        evidence: p.evidence.clone(),
        source: String::from("manual"),
        by: asker.actor(),
        now: asker.now,
    });
    store.dnc_add_all(entries.collect()).await.map_err(refused)?;
    let query = DncQuery { phone: Some(p.number), limit: 1_000, ..DncQuery::default() };
    let rows = store.dnc_entries(query).await.map_err(refused)?;
    let row = rows.iter().find(|row| scopes.contains(&row.project));
    row.map(rows::dnc).ok_or_else(|| RpcError::refused(ErrorCode::Internal))
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
    Ok(DncPage { rows: found.iter().map(rows::dnc).collect(), next })
}

pub(super) async fn clear(store: &Store, p: DncClear, asker: Asker) -> Result<DncCleared, RpcError> {
    let entries = scopes(store, &p.projects).await?.into_iter().map(|project| store::DncClear {
        phone: p.number.clone(),
        project,
        reason: p.reason.clone(),
        by: asker.actor(),
        now: asker.now,
    });
    match store.dnc_clear_all(entries.collect()).await.map_err(refused)? {
        0 => Err(RpcError::with_detail(ErrorCode::NotFound, "no such entry")),
        cleared => Ok(DncCleared { cleared }),
    }
}

/// Adds or clears the numbers of a file: first all of it is read and judged, then it is written in slices.
pub(super) async fn import(store: &Store, p: DncImport, asker: Asker) -> Result<DncImported, RpcError> {
    let (path, upload) = (p.path.clone(), p.bytes);
    let name = p.file.clone().or_else(|| p.upload.clone()).unwrap_or_else(|| String::from("-"));
    let encoding = match p.encoding.as_deref() {
        None | Some("auto") => None,
        Some(word) => Some(word.parse::<Encoding>().map_err(|error| bad(&format!("encoding: {error}")))?),
    };
    let read = tokio::task::spawn_blocking(move || {
        let bytes = match (path, upload) {
            (Some(path), None) => std::fs::read(&path)
                .map_err(|error| RpcError::with_detail(ErrorCode::File, error.to_string()))?,
            (None, Some(bytes)) => bytes,
            _ => return Err(bad("exactly one of path and upload is needed")),
        };
        dnc_file::read(bytes, &name, encoding, MOST_ROWS)
            .map_err(|error| RpcError::refused_as(error.code.as_str(), error.to_string()))
    });
    let file =
        read.await.map_err(|error| RpcError::with_detail(ErrorCode::Internal, error.to_string()))??;
    let mut done = DncImported {
        file: file.report.file.to_string(),
        committed: false,
        rows: file.report.rows,
        refused: file.report.refused,
        changed: 0,
        unchanged: 0,
        encoding: file.report.encoding.as_str().to_owned(),
        errors: errors(&file),
    };
    if p.dry_run || (file.report.refused > 0 && !p.partial) || file.rows.is_empty() {
        return Ok(done);
    }
    let entries = entries(store, file, &p.projects, p.reason, asker).await?;
    let total = entries.len() as u64;
    for slice in entries.chunks(SLICE) {
        done.changed += if p.clear {
            let clears = slice.iter().map(|entry| store::DncClear {
                phone: entry.phone.clone(),
                project: entry.project,
                reason: entry.reason.clone(),
                by: entry.by,
                now: entry.now,
            });
            store.dnc_clear_all(clears.collect()).await.map_err(refused)?
        } else {
            store.dnc_add_all(slice.to_vec()).await.map_err(refused)?
        };
    }
    done.committed = true;
    done.unchanged = total - done.changed;
    Ok(done)
}

pub(super) async fn export(store: &Store, p: DncExport) -> Result<Exported, RpcError> {
    let options = export_options(p.path, p.encoding.as_deref(), p.raw)?;
    let path = options.path.clone();
    let query = DncQuery {
        project: project(store, p.project).await?,
        include_cleared: p.cleared,
        ..DncQuery::default()
    };
    exported(&store.export_dnc(query, options).await.map_err(refused)?, &path)
}

/// One entry for each number and project.
async fn entries(
    store: &Store,
    file: DncFile,
    names: &[String],
    reason: Option<String>,
    asker: Asker,
) -> Result<Vec<store::DncEntry>, RpcError> {
    let default = scopes(store, names).await?;
    let mut named: std::collections::HashMap<String, ProjectId> = std::collections::HashMap::new();
    let mut entries = Vec::with_capacity(file.rows.len());
    for row in file.rows {
        let scopes = match row.project {
            None => default.clone(),
            Some(name) => {
                let project = match named.get(&name) {
                    Some(project) => *project,
                    None => {
                        let found = projects(store, std::slice::from_ref(&name)).await?;
                        let project = found.first().copied().ok_or_else(|| bad("project"))?;
                        named.insert(name, project);
                        project
                    }
                };
                vec![Some(project)]
            }
        };
        for project in scopes {
            entries.push(store::DncEntry {
                phone: row.phone.clone(),
                project,
                reason: row.reason.clone().or_else(|| reason.clone()).unwrap_or_default(),
                attempt: None,
                evidence: row.evidence.clone(),
                source: String::from("import"),
                by: asker.actor(),
                now: asker.now,
            });
        }
    }
    Ok(entries)
}

/// The scopes that names stand for: the whole company when there are none.
async fn scopes(store: &Store, names: &[String]) -> Result<Vec<Option<ProjectId>>, RpcError> {
    if names.is_empty() {
        return Ok(vec![None]);
    }
    Ok(projects(store, names).await?.into_iter().map(Some).collect())
}

async fn project(store: &Store, name: Option<String>) -> Result<Option<ProjectId>, RpcError> {
    match name {
        Some(name) => Ok(projects(store, &[name]).await?.first().copied()),
        None => Ok(None),
    }
}

fn errors(file: &DncFile) -> Vec<ImportIssue> {
    let bad = file.report.problems.iter().filter(|problem| !problem.code.is_warning());
    let issue = |problem: &store::import::Problem| ImportIssue {
        code: problem.code.as_str().to_owned(),
        line: problem.line,
        lines: problem.lines.clone(),
        column: problem.column.as_deref().map(str::to_owned),
        value: Some(problem.value.clone()).filter(|value| !value.is_empty()),
    };
    bad.map(issue).collect()
}

/// S4.27.
const MOST_ROWS: u64 = 50_000;
/// Entries written in one commit: a few milliseconds, so that a call's write does not wait longer.
const SLICE: usize = 100;
