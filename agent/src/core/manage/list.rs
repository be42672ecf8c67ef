//! Projects, lists and their imports.

use protocol::Detail;
use protocol::params;
use protocol::result::{
    Bin, BinRow, Grants, ImportRow, ImportUndone, Imports, LeadsChanged, ListInfo, ProjectGrants, ProjectRow,
    Projects,
};
use store::{ListEdit, Progress, ProjectEdit, Store, is_restorable};

use super::lead::users_named;
use super::{Answer, By, Told, bad, told, watched, word_of};
use crate::core::import::profile;
use crate::core::office::Names;
use crate::core::query::list_named;
use crate::core::rows;
use crate::core::sight::Sight;

pub(super) async fn projects(store: &Store, sight: Sight) -> Answer<Projects> {
    let rows = sight.projects(store).await?;
    Ok(Projects { projects: rows.into_iter().map(project).collect() })
}

pub(super) fn project(row: store::ProjectRow) -> ProjectRow {
    ProjectRow {
        name: row.name,
        caller_id: row.caller_id,
        company_wide_dnc: row.company_wide_dnc,
        pooled: row.pooled,
        lists: row.lists,
    }
}

pub(super) async fn project_change(store: &Store, p: params::ProjectChange, by: By) -> Answer<ProjectRow> {
    let id = store.project_by_name(&p.project).await.map_err(told)?;
    let edit = ProjectEdit {
        name: p.name,
        caller_id: p.caller_id.map(|number| Some(number).filter(|number| !number.trim().is_empty())),
        company_wide_dnc: p.company_wide_dnc,
        pooled: p.pooled,
    };
    store.edit_project(id, edit, by.actor, by.now).await.map(project).map_err(told)
}

pub(super) async fn list_change(store: &Store, p: params::ListChange, by: By) -> Answer<ListInfo> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    if let Some(name) = &p.profile {
        profile(store, name)?;
    }
    let edit = ListEdit {
        name: p.name,
        enabled: p.enabled,
        order: p.order.as_deref().map(|word| word_of(word, "order")).transpose()?,
        profile: p.profile,
    };
    store.edit_list(list.id, edit, by.actor, by.now).await.map_err(told)?;
    let list = store.list_by_name(&list.id.to_string()).await.map_err(told)?;
    Ok(rows::list(&list))
}

pub(super) async fn list_restore(
    store: &Store,
    told_to: &Told,
    p: params::ListRestore,
    by: By,
) -> Answer<LeadsChanged> {
    let Some(at) = p.at else {
        let list = store.restore_list(&p.list, p.name, by.actor, by.now).await.map_err(told)?;
        return Ok(LeadsChanged { changed: list.total, ..LeadsChanged::default() });
    };
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let most = store.profiles().named(&list.profile).and_then(|profile| profile.max_leads);
    let progress = Progress::default();
    let work = store.restore_leads(list.id, at, most, by.actor, by.now, progress.clone());
    let look = || (progress.done(), progress.total());
    let done = watched(told_to, ("leads", &p.list), look, work).await.map_err(told)?;
    Ok(changed(done, None))
}

pub(super) fn changed(done: store::LeadsChanged, at: Option<i64>) -> LeadsChanged {
    let ungranted = Vec::new();
    let store::LeadsChanged { changed, held, other_lists, tasks } = done;
    LeadsChanged { changed, held, other_lists, tasks, at, ungranted }
}

/// What can still be brought back: what cannot is being emptied.
pub(super) async fn bin(store: &Store, p: params::ListBin, now: i64) -> Answer<Bin> {
    let mut rows: Vec<BinRow> = match p.list {
        Some(name) => {
            let list = store.list_by_name(&name).await.map_err(told)?;
            let bin = store.bin(list.id).await.map_err(told)?;
            let (id, project) = (list.id.to_string(), list.project_name);
            let row = |(at, leads)| BinRow {
                list: list.name.clone(),
                id: id.clone(),
                project: project.clone(),
                at,
                leads,
            };
            bin.into_iter().map(row).collect()
        }
        None => {
            let lists = store.deleted_lists().await.map_err(told)?;
            lists
                .into_iter()
                .map(|list| BinRow {
                    list: list.name,
                    id: list.id.to_string(),
                    project: list.project_name,
                    at: list.deleted_at,
                    leads: list.total,
                })
                .collect()
        }
    };
    rows.retain(|row| is_restorable(row.at, now));
    Ok(Bin { rows })
}

pub(super) async fn project_grant(store: &Store, p: params::ProjectGrant, by: By) -> Answer<ProjectGrants> {
    let project = store.project_by_name(&p.project).await.map_err(told)?;
    if !p.users.is_empty() {
        let users = users_named(store, &p.users).await?;
        store.grant_project(project, users, !p.revoke, by.actor, by.now).await.map_err(told)?;
    }
    let grants = store.project_grants(project).await.map_err(told)?;
    let (users, names) = grants.into_iter().map(|grant| (grant.login, grant.name)).unzip();
    Ok(ProjectGrants { project: p.project, users, names })
}

pub(super) async fn grant(store: &Store, p: params::ListGrant, by: By) -> Answer<Grants> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    if !p.users.is_empty() {
        let users = users_named(store, &p.users).await?;
        store.grant_list(list.id, users, !p.revoke, by.actor, by.now).await.map_err(told)?;
    }
    let grants = store.grants(list.id).await.map_err(told)?;
    let (users, names) = grants.into_iter().map(|grant| (grant.login, grant.name)).unzip();
    let of_project = store.project_grants(list.project).await.map_err(told)?;
    let (project_users, project_names) =
        of_project.into_iter().map(|grant| (grant.login, grant.name)).unzip();
    Ok(Grants { list: list.name, users, names, project_users, project_names })
}

pub(super) async fn imports(store: &Store, p: params::ListImports) -> Answer<Imports> {
    let list = list_named(store, p.list.as_deref()).await?;
    let before = p.before.map(|id| id.parse()).transpose().map_err(|_| bad(Detail::name("before")))?;
    let limit = p.limit.unwrap_or(50).clamp(1, 1_000);
    let found = store.imports(list, before, limit).await.map_err(told)?;
    let full = found.len() == limit as usize;
    let names = Names::read(store).await?;
    let rows: Vec<ImportRow> = found
        .into_iter()
        .map(|import| {
            let count = |name: &str| import.report.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            let half = import.state == "committed" && import.report["undo_ended"].is_object();
            let refused = import.report["not_taken"] == true;
            ImportRow {
                inserted: count("inserted"),
                updated: count("updated"),
                refused: count("refused"),
                id: import.id.to_string(),
                list: import.list_name,
                file: import.source,
                state: match (half, refused) {
                    (true, _) => "half_undone".to_owned(),
                    (_, true) => "refused".to_owned(),
                    _ => import.state,
                },
                by_name: names.of(import.login.as_deref()),
                by_uid: import.uid,
                by: import.login,
                at: import.created_at,
            }
        })
        .collect();
    let next = rows.last().filter(|_| full).map(|row| row.id.clone());
    Ok(Imports { rows, next })
}

pub(super) async fn undo(
    store: &Store,
    told_to: &Told,
    p: params::ListImportUndo,
    by: By,
) -> Answer<ImportUndone> {
    let import = store.find_import(&p.import).await.map_err(told)?;
    let progress = Progress::default();
    let work = store.undo_import(import.id, by.actor, by.now, progress.clone());
    let id = import.id.to_string();
    let undone =
        watched(told_to, ("undo", &id), || (progress.done(), progress.total()), work).await.map_err(told)?;
    Ok(ImportUndone {
        id,
        removed: undone.removed,
        kept: undone.kept,
        restored: undone.restored,
        changed_since: undone.changed_since,
        contacts_removed: undone.contacts_removed,
    })
}
