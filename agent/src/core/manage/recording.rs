//! Recordings that are kept.

use protocol::params;
use protocol::result::{QuotaResult, RecordingRow, Recordings};
use store::{RecordingQuery, Store};

use super::{Answer, bad, told};
use crate::core::query::{list_named, operator_named};
use crate::core::rows;

pub(super) async fn recordings(store: &Store, p: params::RecordingLs) -> Answer<Recordings> {
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

pub(super) async fn quota(store: &Store, now: i64) -> Answer<QuotaResult> {
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

/// S4.32, S4.34: 50 GB of recordings are kept.
pub(crate) const QUOTA_BYTES: u64 = 50_000_000_000;
