//! Recordings that are kept: listed, listened to, deleted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::params;
use protocol::result::{Done, Downloaded, RecordingRow, Recordings};
use protocol::{Detail, ErrorCode, RpcError};
use serde_json::json;
use store::{AuditEntry, RecordingQuery, Store, UserId};

use super::{Answer, By, bad, told};
use crate::control::base64;
use crate::core::office::{Names, id};
use crate::core::query::{list_named, operator_ever_named};
use crate::core::rows;
use crate::keeping::{Kept, Limits, remove_expired};
use crate::off_thread::off_thread_for_client;

/// With `own`: only calls of this user, who may hear no others.
pub(super) async fn recordings(
    store: &Store,
    p: params::RecordingLs,
    own: Option<UserId>,
) -> Answer<Recordings> {
    let place = |text: String| -> Option<(i64, i64)> {
        let (at, id) = text.split_once('.')?;
        Some((at.parse().ok()?, id.parse().ok()?))
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = RecordingQuery {
        from: p.from,
        to: p.to,
        list: list_named(store, p.list.as_deref()).await?,
        user: own.or(operator_ever_named(store, p.operator.as_deref()).await?),
        attempt: p.attempt.as_deref().map(|text| id(text, "attempt")).transpose()?,
        hold: p.held.then_some(true),
        oldest_first: p.oldest_first,
        after: p.after.map(|text| place(text).ok_or_else(|| bad(Detail::name("after")))).transpose()?,
        limit,
        ..RecordingQuery::default()
    };
    let found = store.recordings(query).await.map_err(told)?;
    let full = found.len() == limit as usize;
    let next = found.last().filter(|_| full).map(|row| format!("{}.{}", row.opened_at, row.id));
    let names = Names::read(store).await?;
    let rows = found.into_iter().map(|row| RecordingRow {
        id: row.id,
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
        operator_name: names.of(row.login.as_deref()),
        operator: row.login,
        list: row.list_name,
        label: row.status_label,
    });
    Ok(Recordings { rows: rows.collect(), next })
}

/// Recordings that are being fetched: by which Unix user, and where the next piece begins.
#[derive(Clone, Default)]
pub(in crate::core) struct Fetches(Arc<Mutex<VecDeque<Fetch>>>);

type Fetch = (Option<u32>, i64, u64);

impl Fetches {
    /// Whether it is the next piece of one that was begun; it is no more then.
    fn goes_on(&self, wanted: Fetch) -> bool {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = begun.iter().position(|fetch| *fetch == wanted);
        found.and_then(|at| begun.remove(at)).is_some()
    }

    fn expect(&self, next: Fetch) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= MOST_FETCHES {
            begun.pop_front();
        }
        begun.push_back(next);
    }
}

/// A piece of a recording's file (S4.36). A file may go between two pieces; then there is no recording any more. One that is kept and
/// whose file is not there is told as that. Who takes one is in the audit log before anything of it leaves: whatever is not the next piece
/// of one that was begun begins one. With `own`: only of calls of this user.
pub(super) async fn fetch(
    store: &Store,
    p: &params::RecordingFetch,
    own: Option<UserId>,
    (fetches, by): (&Fetches, By),
) -> Answer<Downloaded> {
    let recording = store.recording(p.recording, own).await.map_err(told)?;
    let uid = by.actor.uid;
    if !fetches.goes_on((uid, p.recording, p.offset)) {
        let entry = AuditEntry {
            by: by.actor,
            action: "recording.fetch",
            object: recording.attempt.to_string(),
            detail: json!({ "recording": recording.id }),
            now: by.now,
        };
        store.audit(entry).await.map_err(told)?;
    }
    let (path, offset) = (recording.path, p.offset);
    let (bytes, size) = match piece(path.clone(), offset).await? {
        Ok(piece) => piece,
        Err(error) => {
            // Deleted since, or its archive took its place.
            let now = store.recording(p.recording, own).await.map_err(told)?.path;
            let again = if now == path { Err(error) } else { piece(now.clone(), offset).await? };
            again.map_err(|error| RpcError::with_detail(ErrorCode::File, unreadable(&now, &error)))?
        }
    };
    let end = offset.saturating_add(bytes.len() as u64);
    let next = (!bytes.is_empty() && end < size).then_some(end);
    if let Some(next) = next {
        fetches.expect((uid, p.recording, next));
    }
    Ok(Downloaded { data: base64::encode(&bytes), next })
}

/// Deletes the recordings of a call, and their files at once.
pub(super) async fn delete(
    store: &Store,
    p: params::RecordingDelete,
    (limits, kept): (&Limits, &Kept),
    by: By,
) -> Answer<Done> {
    let attempt = id(&p.attempt, "attempt")?;
    let reason = p.reason.unwrap_or_default();
    store.delete_recording(attempt, &reason, by.actor, by.now).await.map_err(told)?;
    kept.changed();
    // Should a file resist, the next look after recordings tries again.
    remove_expired(store, limits, by.now).await.map_err(told)?;
    Ok(Done { of: p.attempt })
}

async fn piece(path: PathBuf, offset: u64) -> Answer<io::Result<(Vec<u8>, u64)>> {
    off_thread_for_client(move || read_piece(&path, offset)).await
}

fn unreadable(path: &Path, error: &io::Error) -> (String, String) {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => (
            format!("録音のファイルがありません: {path}"),
            format!("the recording's file is missing: {path}"),
        ),
        _ => (format!("{path}: {}", store::os(error)), format!("{path}: {error}")),
    }
}

fn read_piece(path: &Path, offset: u64) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let mut bytes = Vec::new();
    let size = file.metadata()?.len();
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.take(PIECE).read_to_end(&mut bytes)?;
    Ok((bytes, size))
}

/// Bytes of one piece; base64 makes it a third longer.
const PIECE: u64 = 384 * 1024;
/// Somebody who was forgotten is in the audit log once more.
const MOST_FETCHES: usize = 256;
