//! Commands on projects, lists, leads, imports, figures, recordings and the database.

mod figures;
mod lead;
mod list;
mod recording;

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::result::{BackupResult, Done as DoneResult, ExportResult, RoundResult, Verified};
use protocol::{Command, ErrorCode, RpcError};
use store::export::{ExportEncoding, ExportReport};
use store::import::Cancel;
use store::{ListId, Scope, StatsQuery, UserId};

use self::figures::{check, mismatch, tally};
use self::lead::{lead, lead_add, lead_change, lead_phone, view};
use self::list::{bin, grant, imports, list_change, list_restore, project, project_change, projects, undo};
use self::recording::{quota, recordings};
use super::Core;
use super::job::store_error;
use super::seat::Reply;
use crate::clock::Now;
use crate::control::Who;

type Answer<T> = Result<T, RpcError>;

/// Imports that run, by list, so that they can be cancelled.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<ListId, Cancel>>>);

impl Running {
    /// The switch of an import that begins; it is forgotten when the guard goes.
    pub(super) fn begin(&self, list: ListId) -> (Cancel, Guard) {
        let cancel = Cancel::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(list, cancel.clone());
        (cancel, Guard { running: self.clone(), list })
    }

    fn cancel(&self, list: ListId) -> bool {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&list).map(Cancel::cancel).is_some()
    }
}

/// An import under way.
pub(super) struct Guard {
    running: Running,
    list: ListId,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.list);
    }
}

/// Who asks, and when.
#[derive(Clone, Copy)]
struct By {
    user: Option<UserId>,
    now: i64,
}

impl Core {
    pub(super) fn manage(&mut self, command: Command, who: Who, scope: Scope, reply: Reply, now: Now) {
        let (store, by) = (self.store.clone(), By { user: who.user, now: now.wall });
        match command {
            Command::ProjectLs(_) => self.spawn(reply, async move { projects(&store).await }),
            Command::ProjectCreate(p) => self.spawn(reply, async move {
                let made = store.create_project(&p.name, p.caller_id.as_deref(), by.user, by.now).await;
                made.map(project).map_err(told)
            }),
            Command::ProjectChange(p) => {
                self.spawn(reply, async move { project_change(&store, p, by).await })
            }
            Command::ProjectDelete(p) => self.spawn(reply, async move {
                let id = store.project_by_name(&p.project).await.map_err(told)?;
                store.delete_project(id, by.user, by.now).await.map_err(told)?;
                Ok(DoneResult { of: p.project })
            }),
            Command::ProjectRestore(p) => self.spawn(reply, async move {
                store.restore_project(&p.name, by.user, by.now).await.map(project).map_err(told)
            }),
            Command::ListChange(p) => self.spawn(reply, async move { list_change(&store, p, by).await }),
            Command::ListDelete(p) => self.spawn(reply, async move {
                let list = store.list_by_name(&p.list).await.map_err(told)?;
                store.delete_list(list.id, by.user, by.now).await.map_err(told)?;
                Ok(DoneResult { of: list.name })
            }),
            Command::ListRestore(p) => self.spawn(reply, async move { list_restore(&store, p, by).await }),
            Command::ListBin(p) => self.spawn(reply, async move { bin(&store, p).await }),
            Command::ListRound(p) => self.spawn(reply, async move {
                let list = store.list_by_name(&p.list).await.map_err(told)?;
                let round = store.next_round(list.id, by.user, by.now).await.map_err(told)?;
                Ok(RoundResult { list: list.name, round })
            }),
            Command::ListGrant(p) => self.spawn(reply, async move { grant(&store, p, by).await }),
            Command::ListView(p) => self.spawn(reply, async move { view(&store, p).await }),
            Command::LeadShow(p) => self.spawn(reply, async move { lead(&store, &p.lead).await }),
            Command::LeadAdd(p) => self.spawn(reply, async move { lead_add(&store, p, by).await }),
            Command::LeadChange(p) => self.spawn(reply, async move { lead_change(&store, p, by).await }),
            Command::LeadPhone(p) => self.spawn(reply, async move { lead_phone(&store, p, by).await }),
            Command::ListImports(p) => self.spawn(reply, async move { imports(&store, p).await }),
            Command::ListImportUndo(p) => self.spawn(reply, async move { undo(&store, p, by).await }),
            Command::ListImportCancel(p) => {
                let running = self.running_imports.clone();
                self.spawn(reply, async move {
                    let list = store.list_by_name(&p.list).await.map_err(told)?;
                    match running.cancel(list.id) {
                        true => Ok(DoneResult { of: list.name }),
                        false => Err(RpcError::with_detail(ErrorCode::NotFound, "no import runs into it")),
                    }
                });
            }
            Command::StatsTally(p) => self.spawn(reply, async move { tally(&store, p, by.now).await }),
            Command::StatsVerify(_) => self.spawn(reply, async move {
                let found = store.verify(StatsQuery::default()).await.map_err(told)?;
                Ok(Verified { mismatches: found.into_iter().map(mismatch).collect() })
            }),
            Command::RecordingLs(p) => self.spawn(reply, async move { recordings(&store, p).await }),
            Command::RecordingHold(p) => self.spawn(reply, async move {
                let attempt = p.attempt.parse().map_err(|_| bad("attempt"))?;
                let held = match p.release {
                    true => store.release_recording(attempt, by.user, by.now).await,
                    false => store.hold_recording(attempt, p.reason.as_deref(), by.user, by.now).await,
                };
                held.map(|_| DoneResult { of: p.attempt }).map_err(told)
            }),
            Command::RecordingQuota(_) => self.spawn(reply, async move { quota(&store, by.now).await }),
            Command::StoreBackup(p) => self.spawn(reply, async move {
                let made = store.backup(PathBuf::from(p.path), None, None).await.map_err(told)?;
                let path = made.path.display().to_string();
                Ok(BackupResult { path, bytes: made.bytes, schema: made.schema })
            }),
            Command::StoreCheck(p) => self.spawn(reply, async move { check(&store, p.full).await }),
            other => self.office(other, who, scope, reply, now),
        }
    }
}

/// What an export came to; a file that would lose characters is refused with their places.
pub(super) fn exported(of: String, path: PathBuf, report: ExportReport) -> Answer<ExportResult> {
    if !report.written {
        let places: Vec<String> = report
            .unencodable
            .iter()
            .take(20)
            .map(|place| format!("row {} {}: {:?}", place.row, place.column, place.character))
            .collect();
        return Err(RpcError::with_detail(ErrorCode::ExportChar, places.join(", ")));
    }
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    let path = Some(path.display().to_string());
    Ok(ExportResult { list: of, rows: report.rows, bytes, path, download: None })
}

pub(super) fn encoding(word: Option<&str>) -> Answer<ExportEncoding> {
    match word {
        None => Ok(ExportEncoding::Utf8Bom),
        Some(word) => word_of(word, "encoding"),
    }
}

/// A word of a closed set.
fn word_of<T: FromStr>(word: &str, what: &str) -> Answer<T> {
    word.parse().map_err(|_| bad(&format!("{what}: unknown word {word:?}")))
}

fn bad(detail: &str) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn told(error: store::Error) -> RpcError {
    store_error(&error)
}
