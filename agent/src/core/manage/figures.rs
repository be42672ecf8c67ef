//! Figures, and whether they and the database are right.

use std::path::{Path, PathBuf};

use protocol::result::{
    BackupResult, CheckResult, Mended, MendedRow, Mismatch, StrayRecordings, Tally, TallyRow, Verified,
    WrongRecording,
};
use protocol::{Detail, params};
use serde_json::json;
use store::time::BusinessDate;
use store::{AuditEntry, CheckReport, ListWorked, Progress, StatsQuery, Store, TallyBy, UserId, Worked};

use super::{Answer, By, Told, bad, told, watched, word_of};
use crate::core::export::destination;
use crate::core::office::{Names, id};
use crate::core::query::{last_day, list_named, operator_ever_named};
use crate::core::sight::may_use_project;
use crate::{leftover, sums};

/// With `bound`, without lists and projects that are granted to others.
pub(super) async fn tally(
    store: &Store,
    p: params::StatsTally,
    bound: Option<UserId>,
    now: i64,
) -> Answer<Tally> {
    let list = list_named(store, p.list.as_deref()).await?;
    let user = operator_ever_named(store, p.operator.as_deref()).await?;
    let project = match &p.project {
        Some(name) => Some(store.project_by_name(name).await.map_err(told)?),
        None => None,
    };
    let by: TallyBy = word_of(&p.by, "by")?;
    let from = p.from.map(BusinessDate::of).or_else(|| list.is_none().then(|| BusinessDate::of(now)));
    let query = StatsQuery { from, to: p.to.map(last_day), user, list, project, granted_to: bound };
    let mut rows = store.tally(query.clone(), by).await.map_err(told)?;
    if let Some(user) = bound {
        let mut open = Vec::with_capacity(rows.len());
        for row in rows {
            if is_open(store, by, row.key.as_deref(), user).await? {
                open.push(row);
            }
        }
        rows = open;
    }
    let lists = match by {
        TallyBy::List | TallyBy::Project => store.worked(query).await.map_err(told)?,
        TallyBy::User | TallyBy::Hour | TallyBy::Day => Vec::new(),
    };
    let worked = |key: Option<&str>| -> Worked {
        let of = |list: &&ListWorked| match by {
            TallyBy::Project => key == Some(&list.project.to_string()),
            _ => key == Some(&list.list.to_string()),
        };
        lists.iter().filter(of).map(|list| list.worked).sum()
    };
    let names = if by == TallyBy::User { Names::read(store).await? } else { Names::default() };
    let rows = rows.into_iter().map(|row| (worked(row.key.as_deref()), row)).map(|(worked, row)| TallyRow {
        user_name: names.of(Some(&row.name)),
        name: row.key.is_some().then_some(row.name),
        works: row.stats.works,
        calls: row.stats.calls,
        connects: row.stats.connects,
        connect_rate: row.stats.connect_rate(),
        total: worked.registered,
        worked: worked.worked,
        progress: worked.share(),
        blank: row.stats.blank,
        talk_ms: row.stats.talk_ms,
    });
    Ok(Tally { by: p.by, rows: rows.collect() })
}

/// Whether a user may use the list or project whose row it is.
async fn is_open(store: &Store, by: TallyBy, key: Option<&str>, user: UserId) -> Answer<bool> {
    let Some(key) = key else { return Ok(true) };
    match by {
        TallyBy::List => store.may_use_list(id(key, "list")?, user).await.map_err(told),
        TallyBy::Project => may_use_project(store, id(key, "project")?, user).await,
        TallyBy::User | TallyBy::Hour | TallyBy::Day => Ok(true),
    }
}

pub(super) async fn verify(store: &Store, progress: Progress) -> Answer<Verified> {
    let found = store.verify(StatsQuery::default(), progress).await.map_err(told)?;
    Ok(Verified { mismatches: found.into_iter().map(mismatch).collect() })
}

pub(super) async fn mend(store: &Store, by: By, progress: Progress) -> Answer<Mended> {
    let done = store.mend(by.actor, by.now, progress).await.map_err(told)?;
    let store::Mended { last_results, attempts, due, blocked, owners, registered, rows } = done;
    let row = |row: store::MendedRow| {
        let store::MendedRow { what, list, position, before, after } = row;
        MendedRow { what: what.to_owned(), list, position, before, after }
    };
    let rows = rows.into_iter().map(row).collect();
    Ok(Mended { last_results, attempts, due, blocked, owners, registered, rows })
}

fn mismatch(found: store::Mismatch) -> Mismatch {
    Mismatch { what: found.what, key: found.key, shown: found.shown, counted: found.counted }
}

fn wrong(found: store::WrongRecording) -> WrongRecording {
    let store::WrongRecording { attempt, path, bytes, found } = found;
    WrongRecording { attempt: attempt.to_string(), path, bytes, found, sha256: None }
}

/// `recordings` is their folder, and since when this run writes there.
pub(super) async fn check(
    store: &Store,
    full: bool,
    (recordings, since): (PathBuf, i64),
    progress: Progress,
    now: i64,
) -> Answer<CheckResult> {
    let mut found = store.check(full, progress.clone()).await.map_err(told)?;
    let summed = match full && found.damage.is_empty() {
        true => Some(sums::compare(store, &progress, now).await.map_err(told)?),
        false => None,
    };
    let mut wrong_recordings: Vec<WrongRecording> =
        std::mem::take(&mut found.wrong_recordings).into_iter().map(wrong).collect();
    let (summed_recordings, altered) = summed.map_or((None, 0), |summed| {
        wrong_recordings.extend(summed.wrong);
        (Some(summed.files), summed.altered)
    });
    wrong_recordings.truncate(CheckReport::MOST_RECORDINGS);
    let stray_recordings = match found.damage.is_empty() {
        true => leftover::strays(store, recordings, since).await.map_err(told)?,
        false => StrayRecordings::default(),
    };
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
        missing_recordings: found.missing_recordings,
        altered_recordings: found.altered_recordings + altered,
        summed_recordings,
        wrong_recordings,
        stray_recordings,
        upgrade_copies: found.upgrade_copies.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// A copy of the database while calls go on; pages are told as they are copied. Who made it is in the audit log, but for one that
/// whoever runs the daemon makes of a database that takes nothing more: a full or failing disk is what copies are for.
pub(super) async fn backup(
    store: &Store,
    told_to: &Told,
    p: params::StoreBackup,
    by: By,
) -> Answer<BackupResult> {
    let path = p.path.ok_or_else(|| bad(Detail::name("path")))?;
    let to = destination(Path::new(&path));
    let of = if to == "path" { path.as_str() } else { "" };
    let (sender, pages) = tokio::sync::watch::channel((0, 0));
    let work = store.backup(PathBuf::from(&path), p.force, Some(sender), None);
    let made = watched(told_to, ("backup", of), || *pages.borrow(), work).await.map_err(told)?;
    let entry = AuditEntry {
        by: by.actor,
        action: "store.backup",
        object: "database".to_owned(),
        detail: json!({ "bytes": made.bytes, "to": to }),
        now: by.now,
    };
    match store.audit(entry).await {
        Ok(()) => {}
        Err(error) if to == "path" => {
            tracing::warn!(%error, "a copy of the database is not in the audit log");
        }
        Err(error) => return Err(told(error)),
    }
    let path = Some(made.path.display().to_string());
    Ok(BackupResult { path, download: None, bytes: made.bytes, schema: made.schema })
}
