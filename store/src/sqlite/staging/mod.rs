//! Staging an import in slices, committing it in one small write, taking it back.
//!
//! New leads get positions behind the list's visible end, so that no claim can see them; committing moves that end.
//! They are written in the order of the file; when all are there, their numbers are entered and contacts written in the
//! order of numbers, so that the trees of numbers are walked once instead of visited at random with every row.
//! New rows are written many at a time ([`slice`]); what needs a second look goes one at a time ([`row`]).
//! Rows that were there already are updated at once, and what they were before is kept until the import is forgotten.
//! Attempts, do-not-call, exclusion, position and state are never touched (S1.19, C11).

mod blocked;
pub(super) mod category;
pub(super) mod columns;
mod flush;
mod known;
mod loader;
mod many;
mod reached;
mod replace;
mod row;
mod said;
mod slice;
mod undo;

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{SqliteBackend, audit_by, exec, lead_numbers, lists, one};
use crate::error::{Doing, Error, Result, Said};
use crate::id::{ImportId, ListId, UserId};
use crate::model::{Actor, DialOrder, ListSpec};
use crate::staging::{ImportStart, NumberRow, Placed, StageCounts, StagePolicy, StagedRow};

pub(super) use category::{CategoryIds, Giver, link, unlink};
pub(super) use flush::Flusher;
pub(crate) use known::{HasNames, Known};
pub(super) use loader::Loader;
pub(crate) use reached::Reached;
pub(super) use row::remember_owner;
pub(super) use undo::{begin_again, give_up as give_up_undo, left, refuse, undo_slice, unfinished};

struct Import {
    /// `None`: the contact book only.
    list: Option<ListId>,
    user: Option<UserId>,
    round: u32,
    state: String,
    first_position: i64,
    last_position: i64,
    order: DialOrder,
    now: i64,
}

/// `new_list`: the list is made with it, under the profile of this name and by this user.
pub(super) fn begin(
    backend: &mut SqliteBackend,
    start: &ImportStart,
    new_list: Option<(&ListSpec, Option<&str>, Actor)>,
) -> Result<ImportId> {
    let doing = "begin import";
    backend.transact(doing, |db, _| {
        if let (Some(list), Some((spec, profile, by))) = (start.list, new_list) {
            lists::create_as(db, list, spec, by, start.now)?;
            if let Some(profile) = profile {
                // What the next file is held to (C5).
                exec(db, "UPDATE lists SET profile = ?2 WHERE id = ?1", (list, profile)).doing(doing)?;
            }
        }
        let last = match start.list {
            Some(list) => last_position(db, list)?,
            None => 0,
        };
        let id = ImportId::generate(start.now);
        let report = new_list.map_or(json!({}), |_| json!({ NEW_LIST: true }));
        let sql =
            "INSERT INTO imports (id, list_id, source, state, first_position, user_id, created_at, report)
                   VALUES (?1, ?2, ?3, 'staging', ?4, ?5, ?6, ?7)";
        let values = (id, start.list, &start.source, last + 1, start.user, start.now, report.to_string());
        exec(db, sql, values).doing(doing)?;
        Ok(id)
    })
}

/// The last position of a list that takes an import now. Positions are handed out in order, so it takes one at a time.
fn last_position(db: &Connection, list: ListId) -> Result<i64> {
    let doing = "begin import";
    let sql = "SELECT last_position FROM lists WHERE id = ?1 AND deleted_at IS NULL";
    let last = one(db, sql, [list], |r| r.get(0))
        .doing(doing)?
        .ok_or_else(|| Error::NotFound { what: "list", key: list.to_string() })?;
    if importing(db, list).doing(doing)? { Err(Error::ListBusy) } else { Ok(last) }
}

/// Whether an import into the list is under way. Numbers of its leads are not entered yet, so nobody else adds any.
pub(super) fn importing(db: &Connection, list: ListId) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM imports WHERE list_id = ?1 AND state = 'staging'";
    Ok(one(db, sql, [list], |_| Ok(()))?.is_some())
}

/// Stages leads, in the order of the file.
pub(super) fn leads(
    backend: &mut SqliteBackend,
    import: ImportId,
    rows: &[StagedRow],
    policy: StagePolicy,
    urgent: &dyn Fn() -> bool,
) -> Result<(Vec<Placed>, StageCounts)> {
    let rows = rows.get(..SLICE_ROWS).unwrap_or(rows);
    stage(backend, urgent, |loader, late| loader.leads(import, rows, policy, late))
}

/// Enters numbers of staged leads and writes contacts, in the order of numbers.
pub(super) fn numbers(
    backend: &mut SqliteBackend,
    import: ImportId,
    rows: &[NumberRow],
    policy: StagePolicy,
    reached: &mut Reached,
    urgent: &dyn Fn() -> bool,
) -> Result<(usize, StageCounts)> {
    let rows = rows.get(..SLICE_ROWS).unwrap_or(rows);
    stage(backend, urgent, |loader, late| loader.numbers(import, rows, policy, reached, late))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
fn stage<T>(
    backend: &mut SqliteBackend,
    urgent: &dyn Fn() -> bool,
    slice: impl FnOnce(&mut Loader, &dyn Fn() -> bool) -> Result<T>,
) -> Result<T> {
    let deadline = Instant::now() + SLICE;
    let mut loader = match backend.loader.take() {
        Some(loader) => loader,
        None => Loader::open(backend).doing("stage rows")?,
    };
    let staged = slice(&mut loader, &|| urgent() || Instant::now() >= deadline)?;
    // After an error it is not put back: what it remembers may be gone.
    backend.loader = Some(loader);
    Ok(staged)
}

/// Why nothing more goes into an import.
fn ended(state: &str) -> Said {
    let ja = match state {
        "committed" => "完了しています",
        "undone" => "取り消されています",
        _ => "取り込み中ではありません",
    };
    Said::new(ja.to_owned(), format!("it is {state}"))
}

pub(super) fn commit(
    backend: &mut SqliteBackend,
    import: ImportId,
    report: &Value,
    by: Actor,
    now: i64,
) -> Result<()> {
    let doing = "commit import";
    backend.transact(doing, |db, _| {
        let context = read(db, import)?;
        if context.state != "staging" {
            return Err(Error::ImportStopped { reason: ended(&context.state) });
        }
        let sql = "UPDATE imports SET state = 'committed', finished_at = ?2, report = ?3 WHERE id = ?1";
        exec(db, sql, (import, now, report.to_string())).doing(doing)?;
        // The one write that makes the rows visible and dialable, all at once.
        let sql = "UPDATE lists SET visible_position = last_position,
                     registered = registered + last_position - visible_position WHERE id = ?1";
        exec(db, sql, [context.list]).doing(doing)?;
        lead_numbers::settled(db).doing(doing)?;
        let detail = match context.list {
            Some(list) => {
                columns::bring(db, list, import, report).doing(doing)?;
                json!({ "list": list, "leads": context.last_position + 1 - context.first_position })
            }
            None => json!({ "contacts": report["contacts_created"], "changed": report["contacts_updated"] }),
        };
        audit_by(db, now, by, "import.commit", &import.to_string(), &detail).doing(doing)
    })?;
    end_session(backend);
    Ok(())
}

fn read(db: &Connection, import: ImportId) -> Result<Import> {
    let sql = "SELECT i.list_id, ifnull(l.round, 1), i.state, i.first_position, ifnull(l.last_position, 0),
                 ifnull(l.dial_order, 'position'), i.created_at, i.user_id
               FROM imports i LEFT JOIN lists l ON l.id = i.list_id WHERE i.id = ?1";
    one(db, sql, [import], |r| {
        Ok(Import {
            list: r.get(0)?,
            round: r.get(1)?,
            state: r.get(2)?,
            first_position: r.get(3)?,
            last_position: r.get(4)?,
            order: r.get(5)?,
            now: r.get(6)?,
            user: r.get(7)?,
        })
    })
    .doing("read import")?
    .ok_or_else(|| Error::NotFound { what: "import", key: import.to_string() })
}

/// Whether the running import should wait before it stages more: the disk is behind.
pub(super) fn crowded(backend: &SqliteBackend) -> bool {
    backend.loader.as_ref().is_some_and(|loader| loader.beside.flusher.crowded())
}

/// The staging connection goes, and its memory with it.
fn end_session(backend: &mut SqliteBackend) {
    if let Some(loader) = backend.loader.take() {
        backend.flusher = Some(loader.beside.retire());
    }
}

/// In the report of an import that is not committed: its list was made with it.
const NEW_LIST: &str = "new_list";
/// Longest time of a slice, its commit apart; it ends sooner when a call waits.
const SLICE: Duration = Duration::from_millis(4);
/// Most rows of one slice.
const SLICE_ROWS: usize = 512;
/// Page cache while an import runs: random keys of a million rows would read the file again and again without it.
const IMPORT_CACHE_KIB: u32 = 8192;
