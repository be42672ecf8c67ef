//! Staging an import in slices, committing it in one small write, taking it back.
//!
//! New leads get positions behind the list's visible end, so that no claim can see them; committing moves that end.
//! Rows that were there already are updated at once, and what they were before is kept until the import is forgotten.
//! Attempts, do-not-call, exclusion, position and state are never touched (S1.19, C11).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{SqliteBackend, all, audit, exec, one, texts};
use crate::error::{Doing, Error, Result};
use crate::id::{ContactId, ImportId, LeadId, ListId, UserId};
use crate::phone::Clir;
use crate::staging::{ImportStart, OnExisting, StageCounts, StagePolicy, StagedRow};

/// Categories already looked up, by their folded name; forgotten when a slice fails, since its new ones are gone then.
#[derive(Default)]
pub(super) struct CategoryIds(HashMap<String, i64>);

struct Import {
    list: ListId,
    round: u32,
    state: String,
    first_position: i64,
    last_position: i64,
    now: i64,
}

pub(super) fn begin(backend: &mut SqliteBackend, start: &ImportStart) -> Result<ImportId> {
    let doing = "begin import";
    let id = backend.transact(doing, |db, _| {
        let sql = "SELECT last_position FROM lists WHERE id = ?1 AND deleted_at IS NULL";
        let last: i64 = one(db, sql, [start.list], |r| r.get(0))
            .doing(doing)?
            .ok_or_else(|| Error::NotFound { what: "list", key: start.list.to_string() })?;
        // Positions are handed out in order, so one list takes one import at a time.
        let sql = "SELECT 1 FROM imports WHERE list_id = ?1 AND state = 'staging'";
        if one(db, sql, [start.list], |_| Ok(())).doing(doing)?.is_some() {
            return Err(Error::ListBusy);
        }
        let id = ImportId::generate(start.now);
        let sql = "INSERT INTO imports (id, list_id, source, state, first_position, user_id, created_at)
                   VALUES (?1, ?2, ?3, 'staging', ?4, ?5, ?6)";
        exec(db, sql, (id, start.list, &start.source, last + 1, start.user, start.now)).doing(doing)?;
        Ok(id)
    })?;
    set_cache(backend, IMPORT_CACHE_KIB);
    Ok(id)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slice is bounded by real time, so that calls never wait longer"
)]
pub(super) fn stage(
    backend: &mut SqliteBackend,
    import: ImportId,
    rows: &[StagedRow],
    policy: StagePolicy,
) -> Result<(usize, StageCounts)> {
    let deadline = Instant::now() + SLICE;
    let mut known = std::mem::take(&mut backend.categories);
    // A power cut takes an import back that was not committed, so its slices need not reach the disk one by one; the
    // commit that makes it visible syncs the whole log. Some do, lest a call's commit has to write out all of them.
    backend.slices = backend.slices.wrapping_add(1);
    if !backend.slices.is_multiple_of(SYNC_EVERY) {
        set_synchronous(backend, "NORMAL").doing("stage rows")?;
    }
    let staged = backend.transact("stage rows", |db, _| {
        let mut context = read(db, import)?;
        if context.state != "staging" {
            return Err(Error::ImportStopped { reason: format!("it is {}", context.state) });
        }
        let mut counts = StageCounts::default();
        let mut consumed = 0;
        for row in rows.iter().take(SLICE_ROWS) {
            stage_row(db, &mut known, import, &mut context, row, policy, &mut counts).doing("stage rows")?;
            consumed += 1;
            if consumed >= SLICE_LEAST_ROWS && Instant::now() >= deadline {
                break;
            }
        }
        let sql = "UPDATE lists SET last_position = ?2 WHERE id = ?1";
        exec(db, sql, (context.list, context.last_position)).doing("stage rows")?;
        Ok((consumed, counts))
    });
    set_synchronous(backend, "FULL").doing("stage rows")?;
    let staged = staged?;
    backend.categories = known;
    if backend.log_frames.load(std::sync::atomic::Ordering::Relaxed) >= IMPORT_LOG_FRAMES {
        backend.checkpoint().doing("checkpoint")?;
    }
    Ok(staged)
}

pub(super) fn commit(backend: &mut SqliteBackend, import: ImportId, report: &Value, now: i64) -> Result<()> {
    let doing = "commit import";
    backend.transact(doing, |db, _| {
        let context = read(db, import)?;
        if context.state != "staging" {
            return Err(Error::ImportStopped { reason: format!("it is {}", context.state) });
        }
        let sql = "UPDATE imports SET state = 'committed', finished_at = ?2, report = ?3 WHERE id = ?1";
        exec(db, sql, (import, now, report.to_string())).doing(doing)?;
        // The one write that makes the rows visible and dialable, all at once.
        let sql = "UPDATE lists SET visible_position = last_position WHERE id = ?1";
        exec(db, sql, [context.list]).doing(doing)?;
        let detail =
            json!({ "list": context.list, "leads": context.last_position + 1 - context.first_position });
        audit(db, now, None, "import.commit", &import.to_string(), &detail).doing(doing)
    })?;
    end_session(backend);
    Ok(())
}

/// Takes a slice back; `true` when nothing is left. New leads that were called stay.
pub(super) fn undo_slice(backend: &mut SqliteBackend, import: ImportId, now: i64) -> Result<bool> {
    let doing = "undo import";
    let done = backend.transact(doing, |db, _| {
        let context = read(db, import)?;
        if context.state == "undone" {
            return Ok(true);
        }
        if restore(db, import).doing(doing)? || remove(db, import, &context).doing(doing)? {
            return Ok(false);
        }
        let sql = "UPDATE imports SET state = 'undone', finished_at = ?2 WHERE id = ?1";
        exec(db, sql, (import, now)).doing(doing)?;
        let sql = "UPDATE lists SET last_position = max(visible_position, ifnull(
                     (SELECT max(position) FROM leads WHERE list_id = ?1), 0)) WHERE id = ?1";
        exec(db, sql, [context.list]).doing(doing)?;
        audit(db, now, None, "import.undo", &import.to_string(), &json!({ "list": context.list }))
            .doing(doing)?;
        Ok(true)
    })?;
    if done {
        end_session(backend);
    }
    Ok(done)
}

fn read(db: &Connection, import: ImportId) -> Result<Import> {
    let sql = "SELECT i.list_id, l.round, i.state, i.first_position, l.last_position, i.created_at
               FROM imports i JOIN lists l ON l.id = i.list_id WHERE i.id = ?1";
    one(db, sql, [import], |r| {
        Ok(Import {
            list: r.get(0)?,
            round: r.get(1)?,
            state: r.get(2)?,
            first_position: r.get(3)?,
            last_position: r.get(4)?,
            now: r.get(5)?,
        })
    })
    .doing("read import")?
    .ok_or_else(|| Error::NotFound { what: "import", key: import.to_string() })
}

fn stage_row(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    context: &mut Import,
    row: &StagedRow,
    policy: StagePolicy,
    counts: &mut StageCounts,
) -> rusqlite::Result<()> {
    if policy.create_contacts {
        contact(db, known, import, context.now, row, policy, counts)?;
    }
    let sql = "SELECT id, company, person, attrs, version, raw_phone, clir,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.lead_id = leads.id ORDER BY m.position))
               FROM leads WHERE phone = ?1 AND list_id = ?2 AND deleted_at IS NULL";
    let found = one(db, sql, (row.phone.expose(), context.list), |r| {
        Ok(Old {
            id: r.get::<_, LeadId>(0)?.0,
            company: r.get(1)?,
            person: r.get(2)?,
            attrs: r.get(3)?,
            version: r.get(4)?,
            raw_phone: r.get(5)?,
            clir: r.get(6)?,
            categories: texts(&r.get::<_, String>(7)?),
        })
    })?;
    match found {
        None => {
            insert_lead(db, known, import, context, row)?;
            counts.inserted += 1;
        }
        Some(_) if policy.existing == OnExisting::Skip => counts.skipped += 1,
        Some(old) => {
            if update_lead(db, known, import, &old, row, policy)? {
                counts.updated += 1;
            } else {
                counts.unchanged += 1;
            }
        }
    }
    Ok(())
}

/// Status, user and time of the last call with a number.
type Last = (Option<String>, Option<UserId>, Option<i64>);

/// A row as it is before the import touches it.
struct Old {
    id: u128,
    company: Option<String>,
    person: Option<String>,
    attrs: String,
    version: i64,
    raw_phone: Option<String>,
    clir: Option<String>,
    categories: Vec<String>,
}

fn insert_lead(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    context: &mut Import,
    row: &StagedRow,
) -> rusqlite::Result<()> {
    let id = LeadId::generate(context.now);
    context.last_position += 1;
    // What an earlier list learned of the number shows here too (S1.31).
    let last: Last = one(
        db,
        "SELECT disposition, user_id, dialed_at FROM attempts
         WHERE phone = ?1 AND void = 0 AND ended_at IS NOT NULL ORDER BY dialed_at DESC LIMIT 1",
        [row.phone.expose()],
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )?
    .unwrap_or_default();
    let sql =
        "INSERT INTO leads (id, list_id, position, phone, raw_phone, clir, company, person, attrs, round,
                 import_id, last_disposition, last_user_id, last_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    exec(
        db,
        sql,
        params![
            id,
            context.list,
            context.last_position,
            row.phone.expose(),
            row.raw_phone,
            row.clir.map(Clir::digits),
            row.company,
            row.person,
            attrs(row),
            context.round,
            import,
            last.0,
            last.1,
            last.2,
        ],
    )?;
    for (at, phone) in (1_i64..).zip(&row.extra_phones) {
        let sql = "INSERT INTO lead_phones (lead_id, position, phone) VALUES (?1, ?2, ?3)";
        exec(db, sql, (id, at, phone.expose()))?;
    }
    link(db, known, "lead", id.0, &row.categories)
}

/// Overwrites what the row says; `false` when it says nothing new.
fn update_lead(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    old: &Old,
    row: &StagedRow,
    policy: StagePolicy,
) -> rusqlite::Result<bool> {
    let company = merged(&old.company, &row.company, policy);
    let person = merged(&old.person, &row.person, policy);
    let attrs = merged_attrs(&old.attrs, row, policy);
    let categories = merged_categories(&old.categories, &row.categories, policy);
    let changed =
        company != old.company || person != old.person || attrs != old.attrs || categories != old.categories;
    if !changed {
        return Ok(false);
    }
    let before = json!({ "company": old.company, "person": old.person, "attrs": old.attrs,
        "raw_phone": old.raw_phone, "clir": old.clir, "categories": old.categories });
    remember(db, import, "lead", old.id, old.version + 1, &before)?;
    let sql = "UPDATE leads SET company = ?2, person = ?3, attrs = ?4, raw_phone = ?5, version = version + 1
               WHERE id = ?1";
    exec(db, sql, (LeadId(old.id), company, person, attrs, &row.raw_phone))?;
    if categories != old.categories {
        unlink(db, "lead", old.id)?;
        link(db, known, "lead", old.id, &categories)?;
    }
    Ok(true)
}

/// Registers the number in the contact book, or overwrites what is there (S1.10, S1.11).
fn contact(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    now: i64,
    row: &StagedRow,
    policy: StagePolicy,
    counts: &mut StageCounts,
) -> rusqlite::Result<()> {
    let sql = "SELECT c.id, c.company, c.person, c.version,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.contact_id = c.id ORDER BY m.position))
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id WHERE p.phone = ?1 AND p.live = 1";
    let found = one(db, sql, [row.phone.expose()], |r| {
        let categories: String = r.get(4)?;
        Ok((
            r.get::<_, ContactId>(0)?,
            r.get::<_, Option<String>>(1)?,
            r.get::<_, Option<String>>(2)?,
            r.get::<_, i64>(3)?,
            texts(&categories),
        ))
    })?;
    let Some((id, old_company, old_person, version, old_categories)) = found else {
        let id = ContactId::generate(now);
        let sql = "INSERT INTO contacts (id, company, person, origin, import_id, created_at, updated_at)
                   VALUES (?1, ?2, ?3, 'import', ?4, ?5, ?5)";
        exec(db, sql, (id, &row.company, &row.person, import, now))?;
        let sql = "INSERT INTO contact_phones (contact_id, position, phone) VALUES (?1, 1, ?2)";
        exec(db, sql, (id, row.phone.expose()))?;
        counts.contacts_created += 1;
        return link(db, known, "contact", id.0, &row.categories);
    };
    let company = merged(&old_company, &row.company, policy);
    let person = merged(&old_person, &row.person, policy);
    let categories = merged_categories(&old_categories, &row.categories, policy);
    if company == old_company && person == old_person && categories == old_categories {
        return Ok(());
    }
    let before = json!({ "company": old_company, "person": old_person, "categories": old_categories });
    remember(db, import, "contact", id.0, version + 1, &before)?;
    let sql =
        "UPDATE contacts SET company = ?2, person = ?3, stub = 0, version = version + 1, updated_at = ?4
               WHERE id = ?1";
    exec(db, sql, (id, company, person, now))?;
    if categories != old_categories {
        unlink(db, "contact", id.0)?;
        link(db, known, "contact", id.0, &categories)?;
    }
    counts.contacts_updated += 1;
    Ok(())
}

/// An empty cell never blanks a value, unless told to.
fn merged(old: &Option<String>, new: &Option<String>, policy: StagePolicy) -> Option<String> {
    match new {
        None if !policy.overwrite_empty => old.clone(),
        _ => new.clone(),
    }
}

fn merged_categories(old: &[String], new: &[String], policy: StagePolicy) -> Vec<String> {
    if new.is_empty() && !policy.overwrite_empty {
        return old.to_vec();
    }
    let mut categories = if policy.merge_categories { old.to_vec() } else { Vec::new() };
    for name in new {
        // The first spelling of a category stays; its key decides.
        let spelled = old.iter().find(|known| key(known) == key(name)).unwrap_or(name);
        if !categories.contains(spelled) {
            categories.push(spelled.clone());
        }
    }
    categories
}

fn attrs(row: &StagedRow) -> String {
    let map: serde_json::Map<String, Value> =
        row.attrs.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
    Value::Object(map).to_string()
}

fn merged_attrs(old: &str, row: &StagedRow, policy: StagePolicy) -> String {
    let mut map: serde_json::Map<String, Value> = serde_json::from_str(old).unwrap_or_default();
    for (name, text) in &row.attrs {
        if !text.is_empty() || policy.overwrite_empty {
            map.insert(name.clone(), Value::from(text.as_str()));
        }
    }
    Value::Object(map).to_string()
}

fn remember(
    db: &Connection,
    import: ImportId,
    kind: &str,
    row: u128,
    version: i64,
    before: &Value,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO import_changes (import_id, kind, row_id, version, before) VALUES (?1, ?2, ?3, ?4, ?5)";
    exec(db, sql, (import, kind, row.to_be_bytes().as_slice(), version, before.to_string())).map(|_| ())
}

fn link(
    db: &Connection,
    known: &mut CategoryIds,
    kind: &str,
    row: u128,
    categories: &[String],
) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => "INSERT INTO lead_categories (lead_id, position, category_id) VALUES (?1, ?2, ?3)",
        _ => "INSERT INTO contact_categories (contact_id, position, category_id) VALUES (?1, ?2, ?3)",
    };
    for (at, name) in (1_i64..).zip(categories) {
        let category = category(db, known, name)?;
        exec(db, sql, (row.to_be_bytes().as_slice(), at, category))?;
    }
    Ok(())
}

fn unlink(db: &Connection, kind: &str, row: u128) -> rusqlite::Result<()> {
    let sql = match kind {
        "lead" => "DELETE FROM lead_categories WHERE lead_id = ?1",
        _ => "DELETE FROM contact_categories WHERE contact_id = ?1",
    };
    exec(db, sql, [row.to_be_bytes().as_slice()]).map(|_| ())
}

/// The category of this name, made when new.
fn category(db: &Connection, known: &mut CategoryIds, name: &str) -> rusqlite::Result<i64> {
    let key = key(name);
    if let Some(id) = known.0.get(&key) {
        return Ok(*id);
    }
    let found = one(db, "SELECT id FROM categories WHERE name_key = ?1", [&key], |r| r.get(0))?;
    let id = match found {
        Some(id) => id,
        None => {
            exec(db, "INSERT INTO categories (name, name_key) VALUES (?1, ?2)", (name, &key))?;
            db.last_insert_rowid()
        }
    };
    // A file with a different category in every row must not fill the memory.
    if known.0.len() >= MAX_KNOWN_CATEGORIES {
        known.0.clear();
    }
    known.0.insert(key, id);
    Ok(id)
}

/// ＡとA, ｱとア are one category.
fn key(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase()
}

/// Puts back what a slice of updates overwrote, newest first; `false` when there is nothing left.
/// A row that somebody changed since keeps its newer state.
fn restore(db: &Connection, import: ImportId) -> rusqlite::Result<bool> {
    let sql = "SELECT id, kind, row_id, version, before FROM import_changes WHERE import_id = ?1
               ORDER BY id DESC LIMIT ?2";
    let changes: Vec<(i64, String, Vec<u8>, i64, String)> = all(db, sql, (import, SLICE_ROWS as i64), |r| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
    })?;
    let mut known = CategoryIds::default();
    for (change, kind, row, version, before) in &changes {
        let before: Value = serde_json::from_str(before).unwrap_or_default();
        let text = |name: &str| before.get(name).and_then(Value::as_str);
        let restored = match kind.as_str() {
            "lead" => exec(
                db,
                "UPDATE leads SET company = ?3, person = ?4, attrs = ?5, raw_phone = ?6, clir = ?7,
                   version = version - 1 WHERE id = ?1 AND version = ?2",
                (
                    row,
                    version,
                    text("company"),
                    text("person"),
                    text("attrs").unwrap_or("{}"),
                    text("raw_phone"),
                    text("clir"),
                ),
            )?,
            _ => exec(
                db,
                "UPDATE contacts SET company = ?3, person = ?4, version = version - 1 WHERE id = ?1 AND version = ?2",
                (row, version, text("company"), text("person")),
            )?,
        };
        if restored > 0 {
            let id = row.as_slice().try_into().map(u128::from_be_bytes).unwrap_or_default();
            let names: Vec<String> = before
                .get("categories")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default();
            unlink(db, kind, id)?;
            link(db, &mut known, kind, id, &names)?;
        }
        exec(db, "DELETE FROM import_changes WHERE id = ?1", [change])?;
    }
    Ok(!changes.is_empty())
}

/// Removes a slice of new leads and contacts; `false` when there is nothing left that may go.
fn remove(db: &Connection, import: ImportId, context: &Import) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM leads WHERE id IN (
                 SELECT id FROM leads WHERE list_id = ?1 AND position >= ?2 AND import_id = ?3 AND state <> 'claimed'
                   AND NOT EXISTS (SELECT 1 FROM attempts WHERE lead_id = leads.id) LIMIT ?4)";
    let slice = SLICE_ROWS as i64;
    if exec(db, sql, (context.list, context.first_position, import, slice))? > 0 {
        return Ok(true);
    }
    // Contacts of numbers that stay on a list stay too. Identifiers grow, so the import's contacts lie behind its own.
    let sql = "DELETE FROM contacts WHERE id IN (
                 SELECT c.id FROM contacts c WHERE c.id > ?1 AND c.import_id = ?1 AND c.version = 1
                   AND NOT EXISTS (SELECT 1 FROM contact_phones p JOIN leads d ON d.phone = p.phone
                                   WHERE p.contact_id = c.id) LIMIT ?2)";
    Ok(exec(db, sql, (import, slice))? > 0)
}

fn end_session(backend: &mut SqliteBackend) {
    backend.categories = CategoryIds::default();
    set_cache(backend, backend.cache_kib);
    if let Err(error) = exec(&backend.db, "PRAGMA shrink_memory", []) {
        tracing::debug!(%error, "memory of the import was not given back");
    }
}

/// `FULL`: a commit is on disk when it returns. `NORMAL`: it survives a crash, but not yet a power cut.
fn set_synchronous(backend: &SqliteBackend, mode: &str) -> rusqlite::Result<()> {
    backend.db.pragma_update(None, "synchronous", mode)
}

/// The size of the cache is a matter of speed only.
fn set_cache(backend: &SqliteBackend, kib: u32) {
    if let Err(error) = backend.db.pragma_update(None, "cache_size", -i64::from(kib)) {
        tracing::debug!(%error, "cache size unchanged");
    }
}

/// Longest a slice keeps a call's write waiting, its commit apart.
const SLICE: Duration = Duration::from_millis(4);
/// Least rows of one slice, about 1 ms: a machine that is busy elsewhere must not make every row a commit of its own.
const SLICE_LEAST_ROWS: usize = 50;
/// One slice in so many is synced: about 1 MiB of log.
const SYNC_EVERY: u32 = 8;
/// Most rows of one slice.
const SLICE_ROWS: usize = 500;
/// Page cache while an import runs: random keys of a million rows would read the file again and again without it.
const IMPORT_CACHE_KIB: u32 = 8192;
/// Frames in the log that make an import checkpoint between slices: 16 MiB.
const IMPORT_LOG_FRAMES: i32 = 4096;
/// Categories remembered at once.
const MAX_KNOWN_CATEGORIES: usize = 4096;
