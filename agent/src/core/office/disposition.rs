//! Result statuses.

use std::collections::HashMap;

use protocol::params::{DispositionAdd, DispositionEdit, DispositionLs};
use protocol::result::{DispositionRow, Dispositions};
use protocol::{ErrorCode, RpcError};
use store::{DispositionChange, DispositionDraft, DispositionFlags, LeadNext, ProjectId, Store};

use super::{Asker, nothing_to_change, projects, refused, rows};
use crate::core::project;
use crate::said::one_of;

pub(super) async fn list(store: &Store, p: &DispositionLs) -> Result<Dispositions, RpcError> {
    let statuses = if p.archived { store.all_dispositions().await } else { store.dispositions().await };
    let mut statuses = statuses.map_err(refused)?;
    if let Some(name) = &p.project {
        let project = projects(store, std::slice::from_ref(name)).await?.first().copied();
        statuses.retain(|status| status.project.is_none() || status.project == project);
    }
    let names = names(store).await?;
    Ok(Dispositions {
        dispositions: statuses.iter().map(|status| rows::disposition(status, &names)).collect(),
    })
}

pub(super) async fn add(store: &Store, p: DispositionAdd, asker: Asker) -> Result<DispositionRow, RpcError> {
    let project = match p.project {
        Some(name) => projects(store, &[name]).await?.first().copied(),
        None => None,
    };
    let flags = DispositionFlags {
        keep_recording: p.keep_recording,
        counts_call: p.counts_call,
        counts_connect: p.counts_connect,
        lead_next: p.lead_next.as_deref().map(lead_next).transpose()?,
        hotkey: p.hotkey,
        color: p.color,
        position: p.position,
    };
    let draft = DispositionDraft { code: p.code, label: p.label, project, flags };
    let made = store.disposition_add(draft, asker.actor(), asker.now).await.map_err(refused)?;
    Ok(rows::disposition(&made, &names(store).await?))
}

pub(super) async fn edit(
    store: &Store,
    p: DispositionEdit,
    asker: Asker,
) -> Result<DispositionRow, RpcError> {
    let flags = DispositionFlags {
        keep_recording: p.keep_recording,
        counts_call: p.counts_call,
        counts_connect: p.counts_connect,
        lead_next: p.lead_next.as_deref().map(lead_next).transpose()?,
        hotkey: p.hotkey,
        color: p.color,
        position: p.position,
    };
    let of = match p.project {
        Some(name) => Some(project::named_ever(store, &name).await?),
        None => None,
    };
    let changes = p.label.is_some()
        || p.archived.is_some()
        || flags.keep_recording.is_some()
        || flags.counts_call.is_some()
        || flags.counts_connect.is_some()
        || flags.lead_next.is_some()
        || flags.hotkey.is_some()
        || flags.color.is_some()
        || flags.position.is_some();
    if !changes {
        let fields = "label, keep-recording, counts-call, counts-connect, lead-next, hotkey, color, position";
        return Err(nothing_to_change(fields, fields));
    }
    let change = DispositionChange { of, label: p.label, archived: p.archived, flags };
    let changed =
        store.disposition_change(&p.status, change, asker.actor(), asker.now).await.map_err(refused)?;
    Ok(rows::disposition(&changed, &names(store).await?))
}

async fn names(store: &Store) -> Result<HashMap<ProjectId, String>, RpcError> {
    let projects = store.projects().await.map_err(refused)?;
    Ok(projects.into_iter().map(|project| (project.id, project.name)).collect())
}

fn lead_next(word: &str) -> Result<LeadNext, RpcError> {
    let bad = || RpcError::with_detail(ErrorCode::Value, one_of("lead_next", "retry, never, task, done"));
    word.parse().map_err(|_| bad())
}
