//! Commands on projects, lists, leads, imports, figures, recordings and the database.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::params::{self, LeadWhat};
use protocol::result::{
    BackupResult, Bin, BinRow, CheckResult, Done as DoneResult, ExportResult, Grants, ImportRow,
    ImportUndone, Imports, LeadsChanged, ListInfo, Mismatch, ProjectRow, Projects, QuotaResult, RecordingRow,
    Recordings, RoundResult, Tally, TallyRow, Verified, ViewPage, ViewRow,
};
use protocol::{Command, ErrorCode, RpcError};
use store::export::{ExportEncoding, ExportReport};
use store::import::{Cancel, Profile};
use store::time::BusinessDate;
use store::{
    Assigned, LeadChange, LeadId, LeadSpec, ListEdit, ListId, PageAt, ProjectEdit, RecordingQuery, Scope,
    SortColumn, StatsQuery, Store, TallyBy, UserId, ViewFilter, ViewQuery,
};

use super::job::store_error;
use super::query::{find, list_named, operator_named};
use super::seat::Reply;
use super::{Core, rows};
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

async fn projects(store: &Store) -> Answer<Projects> {
    let rows = store.project_rows().await.map_err(told)?;
    Ok(Projects { projects: rows.into_iter().map(project).collect() })
}

fn project(row: store::ProjectRow) -> ProjectRow {
    ProjectRow {
        name: row.name,
        caller_id: row.caller_id,
        company_wide_dnc: row.company_wide_dnc,
        lists: row.lists,
    }
}

async fn project_change(store: &Store, p: params::ProjectChange, by: By) -> Answer<ProjectRow> {
    let id = store.project_by_name(&p.project).await.map_err(told)?;
    let edit = ProjectEdit {
        name: p.name,
        caller_id: p.caller_id.map(|number| Some(number).filter(|number| !number.trim().is_empty())),
        company_wide_dnc: p.company_wide_dnc,
    };
    store.edit_project(id, edit, by.user, by.now).await.map(project).map_err(told)
}

async fn list_change(store: &Store, p: params::ListChange, by: By) -> Answer<ListInfo> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    if let Some(profile) = &p.profile
        && Profile::named(profile).is_none()
    {
        return Err(bad("profile is one of open, miitel, calltree, zoho"));
    }
    let edit = ListEdit {
        name: p.name,
        enabled: p.enabled,
        order: p.order.as_deref().map(|word| word_of(word, "order")).transpose()?,
        profile: p.profile,
    };
    store.edit_list(list.id, edit, by.user, by.now).await.map_err(told)?;
    let list = store.list_by_name(&list.id.to_string()).await.map_err(told)?;
    Ok(rows::list(&list))
}

async fn list_restore(store: &Store, p: params::ListRestore, by: By) -> Answer<LeadsChanged> {
    let Some(at) = p.at else {
        let list = store.restore_list(&p.list, by.user, by.now).await.map_err(told)?;
        return Ok(LeadsChanged { changed: list.total, ..LeadsChanged::default() });
    };
    let list = find(store, &p.list).await?;
    let done = store.restore_leads(list, at).await.map_err(told)?;
    Ok(changed(done, None))
}

fn changed(done: store::LeadsChanged, at: Option<i64>) -> LeadsChanged {
    LeadsChanged { changed: done.changed, held: done.held, other_lists: done.other_lists, at }
}

async fn bin(store: &Store, p: params::ListBin) -> Answer<Bin> {
    let rows = match p.list {
        Some(name) => {
            let list = store.list_by_name(&name).await.map_err(told)?;
            let bin = store.bin(list.id).await.map_err(told)?;
            bin.into_iter().map(|(at, leads)| BinRow { list: list.name.clone(), at, leads }).collect()
        }
        None => {
            let lists = store.deleted_lists().await.map_err(told)?;
            lists
                .into_iter()
                .map(|list| BinRow { list: list.name, at: list.deleted_at, leads: list.total })
                .collect()
        }
    };
    Ok(Bin { rows })
}

async fn users_named(store: &Store, logins: &[String]) -> Answer<Vec<UserId>> {
    let mut users = Vec::with_capacity(logins.len());
    for login in logins {
        users.extend(operator_named(store, Some(login)).await?);
    }
    Ok(users)
}

async fn grant(store: &Store, p: params::ListGrant, by: By) -> Answer<Grants> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    if !p.users.is_empty() {
        let users = users_named(store, &p.users).await?;
        store.grant_list(list.id, users, !p.revoke, by.user, by.now).await.map_err(told)?;
    }
    let users = store.grants(list.id).await.map_err(told)?.into_iter().map(|grant| grant.login).collect();
    Ok(Grants { list: list.name, users })
}

async fn filter(store: &Store, filter: Option<params::ViewFilter>) -> Answer<ViewFilter> {
    let Some(f) = filter else { return Ok(ViewFilter::default()) };
    let assigned = match f.assigned.as_deref() {
        None => None,
        Some("") => Some(Assigned::Nobody),
        login => operator_named(store, login).await?.map(Assigned::To),
    };
    Ok(ViewFilter {
        name: f.name,
        number: f.number,
        memo: f.memo,
        status: f.status,
        kind: f.kind.as_deref().map(|word| word_of(word, "kind")).transpose()?,
        last_user: operator_named(store, f.last_user.as_deref()).await?,
        from: f.from,
        to: f.to,
        assigned,
        categories: f.categories,
        dialable: f.dialable,
        state: None,
        attempts: f.attempts,
        at_least: f.at_least,
    })
}

async fn view(store: &Store, p: params::ListView) -> Answer<ViewPage> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let page = match (p.after, p.before, p.row, p.last) {
        (None, None, None, false) => PageAt::First,
        (Some(place), None, None, false) => PageAt::After(place),
        (None, Some(place), None, false) => PageAt::Before(place),
        (None, None, Some(row), false) => PageAt::Row(row),
        (None, None, None, true) => PageAt::Last,
        _ => return Err(bad("give one of after, before, row and last")),
    };
    let sort = p.sort.as_deref().map_or(Ok(SortColumn::Position), |word| word_of(word, "sort"))?;
    let query = ViewQuery {
        list: list.id,
        filter: filter(store, p.filter).await?,
        sort,
        descending: p.descending,
        page,
        limit: p.limit.unwrap_or(100).clamp(1, 1_000),
    };
    let page = store.view(query).await.map_err(told)?;
    Ok(ViewPage {
        list: list.name,
        rows: page.rows.iter().map(rows::view_row).collect(),
        total: page.total,
        first: page.first,
        next: page.next,
        previous: page.previous,
    })
}

async fn lead(store: &Store, lead: &str) -> Answer<ViewRow> {
    let lead = lead.parse().map_err(|_| bad("lead"))?;
    store.lead(lead).await.map(|row| rows::view_row(&row)).map_err(told)
}

async fn lead_add(store: &Store, p: params::LeadAdd, by: By) -> Answer<ViewRow> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let spec = LeadSpec {
        list: list.id,
        phone: p.number,
        company: p.company,
        person: p.person,
        categories: p.categories,
        extra_phones: Vec::new(),
        attrs: p.columns.into_iter().collect(),
        max_leads: Profile::named(&list.profile).and_then(|profile| profile.max_leads).unwrap_or(u64::MAX),
    };
    let id = store.add_lead(spec, by.user, by.now).await.map_err(told)?;
    lead(store, &id.to_string()).await
}

async fn lead_change(store: &Store, p: params::LeadChange, by: By) -> Answer<LeadsChanged> {
    let list = find(store, &p.list).await?;
    let leads: Vec<LeadId> = match (p.leads.is_empty(), p.filter) {
        (false, None) => {
            p.leads.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(|_| bad("leads"))?
        }
        (true, Some(wanted)) => {
            let wanted = filter(store, Some(wanted)).await?;
            store.find_leads(list, wanted).await.map_err(told)?
        }
        _ => return Err(bad("give either leads or filter")),
    };
    let (what, at) = match p.what {
        LeadWhat::Exclude => (LeadChange::Exclude { reason: p.reason }, None),
        LeadWhat::Include => (LeadChange::Include, None),
        LeadWhat::Delete => (LeadChange::Delete, Some(by.now)),
        LeadWhat::Assign => (LeadChange::Assign { users: users_named(store, &p.users).await? }, None),
    };
    let done = store.change_leads(list, leads, what, by.user, by.now).await.map_err(told)?;
    Ok(changed(done, at))
}

async fn lead_phone(store: &Store, p: params::LeadPhone, by: By) -> Answer<ViewRow> {
    let id: LeadId = p.lead.parse().map_err(|_| bad("lead"))?;
    let numbers = match p.remove {
        true => store.remove_lead_phone(id, &p.number, by.user, by.now).await,
        false => store.add_lead_phone(id, &p.number, p.label.as_deref(), by.user, by.now).await,
    };
    numbers.map_err(told)?;
    lead(store, &p.lead).await
}

async fn imports(store: &Store, p: params::ListImports) -> Answer<Imports> {
    let list = list_named(store, p.list.as_deref()).await?;
    let before = p.before.map(|id| id.parse()).transpose().map_err(|_| bad("before"))?;
    let limit = p.limit.unwrap_or(50).clamp(1, 1_000);
    let found = store.imports(list, before, limit).await.map_err(told)?;
    let full = found.len() == limit as usize;
    let rows: Vec<ImportRow> = found
        .into_iter()
        .map(|import| {
            let count = |name: &str| import.report.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            ImportRow {
                inserted: count("inserted"),
                updated: count("updated"),
                refused: count("refused"),
                id: import.id.to_string(),
                list: import.list_name,
                file: import.source,
                state: import.state,
                by: import.login,
                at: import.created_at,
            }
        })
        .collect();
    let next = rows.last().filter(|_| full).map(|row| row.id.clone());
    Ok(Imports { rows, next })
}

async fn undo(store: &Store, p: params::ListImportUndo, by: By) -> Answer<ImportUndone> {
    let import = store.find_import(&p.import).await.map_err(told)?;
    let undone = store.undo_import(import.id, by.user, by.now).await.map_err(told)?;
    Ok(ImportUndone {
        id: import.id.to_string(),
        removed: undone.removed,
        kept: undone.kept,
        restored: undone.restored,
        changed_since: undone.changed_since,
        contacts_removed: undone.contacts_removed,
    })
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

async fn tally(store: &Store, p: params::StatsTally, now: i64) -> Answer<Tally> {
    let list = list_named(store, p.list.as_deref()).await?;
    let user = operator_named(store, p.operator.as_deref()).await?;
    let project = match &p.project {
        Some(name) => Some(store.project_by_name(name).await.map_err(told)?),
        None => None,
    };
    let by: TallyBy = word_of(&p.by, "by")?;
    let from = p.from.map(BusinessDate::of).or_else(|| list.is_none().then(|| BusinessDate::of(now)));
    let query = StatsQuery { from, to: p.to.map(BusinessDate::of), user, list, project };
    let rows = store.tally(query, by).await.map_err(told)?;
    let rows = rows.into_iter().map(|row| TallyRow {
        name: row.key.is_some().then_some(row.name),
        works: row.stats.works,
        calls: row.stats.calls,
        connects: row.stats.connects,
        connect_rate: row.stats.connect_rate(),
        total: row.stats.registered,
        progress: row.stats.progress(),
        blank: row.stats.blank,
        talk_ms: row.stats.talk_ms,
    });
    Ok(Tally { by: p.by, rows: rows.collect() })
}

fn mismatch(found: store::Mismatch) -> Mismatch {
    Mismatch { what: found.what, key: found.key, shown: found.shown, counted: found.counted }
}

async fn recordings(store: &Store, p: params::RecordingLs) -> Answer<Recordings> {
    let place = |text: String| -> Option<(i64, i64)> {
        let (at, id) = text.split_once('.')?;
        Some((at.parse().ok()?, id.parse().ok()?))
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = RecordingQuery {
        from: p.from,
        to: p.to,
        list: list_named(store, p.list.as_deref()).await?,
        user: operator_named(store, p.operator.as_deref()).await?,
        hold: p.held.then_some(true),
        after: p.after.map(|text| place(text).ok_or_else(|| bad("after"))).transpose()?,
        limit,
        ..RecordingQuery::default()
    };
    let found = store.recordings(query).await.map_err(told)?;
    let full = found.len() == limit as usize;
    let next = found.last().filter(|_| full).map(|row| format!("{}.{}", row.opened_at, row.id));
    let rows = found.into_iter().map(|row| RecordingRow {
        attempt: row.attempt.to_string(),
        at: row.opened_at,
        path: row.path.display().to_string(),
        state: row.state.as_str().to_owned(),
        bytes: row.bytes,
        duration_ms: row.duration_ms,
        sha256: row.sha256,
        hold: row.hold,
        hold_reason: row.hold_reason,
        synced: row.synced,
        number: row.phone.as_deref().map(rows::national),
        company: row.company,
        person: row.person,
        operator: row.login,
        list: row.list_name,
        label: row.status_label,
    });
    Ok(Recordings { rows: rows.collect(), next })
}

async fn quota(store: &Store, now: i64) -> Answer<QuotaResult> {
    let usage = store.recording_usage(now).await.map_err(told)?;
    Ok(QuotaResult {
        count: usage.count,
        bytes: usage.bytes,
        duration_ms: usage.duration_ms,
        quota: QUOTA_BYTES,
        held_bytes: usage.held_bytes,
        unsynced_bytes: usage.unsynced_bytes,
        oldest_at: usage.oldest_at,
        hours_left: usage.hours_left(QUOTA_BYTES),
        days_left: usage.days_left(QUOTA_BYTES),
    })
}

async fn check(store: &Store, full: bool) -> Answer<CheckResult> {
    let found = store.check(full).await.map_err(told)?;
    Ok(CheckResult {
        sound: found.is_sound(),
        schema: found.schema,
        bytes: found.bytes,
        log_bytes: found.log_bytes,
        free_bytes: found.free_bytes,
        lists: found.lists,
        leads: found.leads,
        contacts: found.contacts,
        attempts: found.attempts,
        damage: found.damage,
        broken_references: found.broken_references,
        mismatches: found.mismatches.into_iter().map(mismatch).collect(),
    })
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

/// S4.32, S4.34: 50 GB of recordings are kept.
pub(crate) const QUOTA_BYTES: u64 = 50_000_000_000;
