//! One thing done to many leads, whole whatever interrupts it (S1.24): what is wanted is written down first, then done slice by
//! slice, since two hundred thousand leads in one transaction would keep a call's write waiting for seconds. A process that ends in
//! the middle goes on at its next start.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lead_edit::Former;
use super::lead_owners::{self, Giving};
use super::{SqliteBackend, all, audit_by, exec, given_over, lead_edit, one, unsigned};
use crate::error::{Doing, Error, Result};
use crate::id::{LeadId, ListId};
use crate::model::{Actor, ChangeSlice, LeadChange, LeadSelection, LeadsChanged};

/// A change under way.
struct Open {
    list: ListId,
    wanted: Wanted,
    by: Actor,
    at: i64,
    leads: u64,
    /// Of [`Open::steps`].
    looked: u64,
    done: Done,
}

/// What is to be done, as it is written down.
#[derive(Serialize, Deserialize)]
struct Wanted {
    #[serde(flatten)]
    change: LeadChange,
    /// What the leads were found by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Value>,
    /// It ended early: leads still show whose their numbers are by then, and no more is given away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shows: bool,
}

/// What was done so far.
#[derive(Default, Serialize, Deserialize)]
struct Done {
    #[serde(flatten)]
    leads: LeadsChanged,
    /// Of leads that are given away.
    #[serde(default)]
    former: Former,
}

/// All of a few leads, with their row of audit.
pub(super) fn whole(
    db: &Connection,
    list: ListId,
    leads: &LeadSelection,
    change: &LeadChange,
    by: Actor,
    now: i64,
) -> Result<LeadsChanged> {
    let LeadSelection { ids, filter } = leads;
    let (mut looked, mut done) = (0, Done::default());
    while looked < ids.len() {
        let rest = ids.get(looked..).unwrap_or_default();
        let at = (looked, &mut done.former);
        let (more, slice) = lead_edit::change(db, rest, change, at, by, now, soon())?;
        looked += more;
        done.leads += slice;
    }
    let changed = done.leads;
    let wanted = Wanted { change: change.clone(), filter: filter.clone(), shows: false };
    let open = Open { list, wanted, by, at: now, leads: ids.len() as u64, looked: looked as u64, done };
    // So few are named, unless a filter says which they were.
    let named = if filter.is_none() { ids.as_slice() } else { &[] };
    audit(db, &open, named, None)?;
    Ok(changed)
}

/// Writes down what is to be done to so many leads, which follow in parts.
pub(super) fn begin(
    db: &Connection,
    list: ListId,
    (change, filter): (&LeadChange, Option<&Value>),
    leads: u64,
    by: Actor,
    now: i64,
) -> Result<i64> {
    lead_edit::allowed(db, change)?;
    let sql =
        "INSERT INTO lead_changes (list_id, what, user_id, uid, at, leads) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let wanted = Wanted { change: change.clone(), filter: filter.cloned(), shows: false };
    exec(db, sql, (list, json!(wanted).to_string(), by.user, by.uid, now, leads.cast_signed()))
        .doing("change leads")?;
    Ok(db.last_insert_rowid())
}

/// Its leads number `part` × [`PART`] and on.
pub(super) fn add(db: &Connection, id: i64, part: i64, leads: &[LeadId]) -> Result<()> {
    let bytes: Vec<u8> = leads.iter().flat_map(|lead| lead.0.to_be_bytes()).collect();
    let sql = "INSERT INTO lead_change_parts (change_id, part, leads) VALUES (?1, ?2, ?3)";
    exec(db, sql, (id, part, bytes)).doing("change leads").map(|_| ())
}

/// The numbers of leads that are to be given away, in their order, in texts of [`PART`] each: a line has a number and its lead's place
/// among `leads`. Those that are gone are left out.
pub(super) fn in_order(db: &Connection, leads: &[LeadId]) -> rusqlite::Result<Vec<String>> {
    let mut numbers: Vec<(String, usize)> = Vec::with_capacity(leads.len());
    for (place, lead) in leads.iter().enumerate() {
        let sql = "SELECT phone FROM leads WHERE id = ?1 AND deleted_at IS NULL";
        numbers.extend(one(db, sql, [lead], |r| r.get(0))?.map(|phone| (phone, place)));
    }
    numbers.sort_unstable();
    let text = |part: &[(String, usize)]| {
        part.iter().fold(String::with_capacity(part.len() * 20), |mut text, (phone, place)| {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{phone} {place}");
            text
        })
    };
    Ok(numbers.chunks(PART).map(text).collect())
}

/// One of these, which is needed behind the leads themselves.
pub(super) fn add_numbers(db: &Connection, id: i64, part: i64, numbers: &str) -> Result<()> {
    let sql = "INSERT INTO lead_change_parts (change_id, part, leads) VALUES (?1, ?2, ?3)";
    exec(db, sql, (id, -1 - part, numbers.as_bytes())).doing("change leads").map(|_| ())
}

/// The part that holds the lead number `looked`, and those behind it.
fn part(db: &Connection, id: i64, looked: u64) -> rusqlite::Result<Vec<LeadId>> {
    let bytes = bytes(db, id, (looked / PART as u64).cast_signed())?;
    let leads = bytes.as_chunks::<16>().0.iter().skip(usize::try_from(looked).unwrap_or(0) % PART);
    Ok(leads.map(|id| LeadId(u128::from_be_bytes(*id))).collect())
}

/// The same of numbers.
fn numbers(db: &Connection, id: i64, looked: u64) -> rusqlite::Result<Vec<(String, usize)>> {
    let text = bytes(db, id, -1 - (looked / PART as u64).cast_signed())?;
    let text = str::from_utf8(&text).unwrap_or_default();
    let lines = text.lines().skip(usize::try_from(looked).unwrap_or(0) % PART);
    Ok(lines
        .filter_map(|line| line.split_once(' '))
        .map(|(phone, place)| (phone.to_owned(), place.parse().unwrap_or(0)))
        .collect())
}

/// A part that is not there is the end.
fn bytes(db: &Connection, id: i64, part: i64) -> rusqlite::Result<Vec<u8>> {
    let sql = "SELECT leads FROM lead_change_parts WHERE change_id = ?1 AND part = ?2";
    Ok(one(db, sql, (id, part), |r| r.get(0))?.unwrap_or_default())
}

impl Open {
    /// How much there is to be looked at: its leads, and of those that are given away their numbers before.
    const fn steps(&self) -> u64 {
        match self.wanted.change {
            LeadChange::Assign { .. } => self.leads * 2,
            _ => self.leads,
        }
    }

    /// Goes on until `deadline`.
    fn step(&mut self, db: &Connection, id: i64, deadline: Instant) -> Result<()> {
        let doing = "change leads";
        let (looked, end) = match &self.wanted.change {
            LeadChange::Assign { users } if self.looked < self.leads => {
                lead_edit::allowed(db, &self.wanted.change)?;
                let numbers = numbers(db, id, self.looked).doing(doing)?;
                let giving = Giving { list: self.list, users, by: self.by.user, now: self.at };
                let former = &mut self.done.former;
                let (looked, done) =
                    lead_owners::give(db, &giving, &numbers, former, deadline).doing(doing)?;
                self.done.leads += done;
                (looked, self.leads)
            }
            LeadChange::Assign { .. } => {
                let leads = part(db, id, self.looked - self.leads).doing(doing)?;
                (lead_owners::show(db, &leads, deadline).doing(doing)?, self.steps())
            }
            change => {
                let leads = part(db, id, self.looked).doing(doing)?;
                let at = (usize::try_from(self.looked).unwrap_or(0), &mut self.done.former);
                let (looked, done) = lead_edit::change(db, &leads, change, at, self.by, self.at, deadline)?;
                self.done.leads += done;
                (looked, self.leads)
            }
        };
        self.looked = if looked == 0 { end } else { self.looked + looked as u64 };
        Ok(())
    }
}

/// Goes on until `deadline`. Behind the last lead come the row of audit and the end of it. Who may not have the leads any more ends
/// it too: what was done before stays, and the row of audit says so.
pub(super) fn slice(db: &Connection, id: i64, deadline: Instant) -> Result<ChangeSlice> {
    let doing = "change leads";
    let mut open = open(db, id)?;
    let ended = match open.step(db, id, deadline) {
        Ok(()) => None,
        Err(error @ (Error::UserTombstone { .. } | Error::NoCaller { .. } | Error::NotFound { .. })) => {
            Some(error)
        }
        Err(error) => return Err(error),
    };
    let is_last = match &ended {
        Some(error) => end(db, id, &mut open, error.code())?,
        None => open.looked >= open.steps(),
    };
    if is_last && ended.is_none() {
        if !open.wanted.shows {
            audit(db, &open, &[], None)?;
        }
        forget(db, id).doing(doing)?;
    } else if ended.is_none() {
        let sql = "UPDATE lead_changes SET looked = ?2, done = ?3 WHERE id = ?1";
        exec(db, sql, (id, open.looked.cast_signed(), json!(open.done).to_string())).doing(doing)?;
    }
    let looked = open.looked * open.leads / open.steps().max(1);
    Ok(ChangeSlice { looked, done: open.done.leads, ended, is_last })
}

/// Ends one that failed and was told as failed: done later, it would undo what somebody wanted since. What was done before stays, as
/// the row of audit says. One that has ended is none any more.
pub(super) fn give_up(db: &Connection, id: i64, code: &str) -> Result<()> {
    if given_over::give_up(db, id, code)? {
        return Ok(());
    }
    match open(db, id) {
        Ok(mut open) => end(db, id, &mut open, code).map(drop),
        Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Ends it by this code. Returns whether nothing of it is left: numbers that were given away by then are still to be shown so.
fn end(db: &Connection, id: i64, open: &mut Open, code: &str) -> Result<bool> {
    let doing = "change leads";
    if open.wanted.shows {
        return Ok(false);
    }
    audit(db, open, &[], Some(code))?;
    if open.looked == 0 || !matches!(open.wanted.change, LeadChange::Assign { .. }) {
        return forget(db, id).doing(doing).map(|()| true);
    }
    open.wanted.shows = true;
    open.looked = open.looked.max(open.leads);
    let sql = "UPDATE lead_changes SET what = ?2, looked = ?3 WHERE id = ?1";
    exec(db, sql, (id, json!(open.wanted).to_string(), open.looked.cast_signed())).doing(doing)?;
    Ok(false)
}

/// After a start: what was written down as a whole is done, what was not was not begun.
pub(super) fn recover(backend: &mut SqliteBackend) -> Result<()> {
    let doing = "recover";
    let sql = "SELECT c.id, c.leads, (SELECT ifnull(sum(length(p.leads)), 0) / 16 FROM lead_change_parts p
                 WHERE p.change_id = c.id AND p.part >= 0)
               FROM lead_changes c WHERE c.what ->> '$.tasks' IS NULL AND c.what ->> '$.contacts' IS NULL ORDER BY c.id";
    let open: Vec<(i64, u64, u64)> =
        all(&backend.db, sql, [], |r| Ok((r.get(0)?, unsigned(r, 1)?, unsigned(r, 2)?))).doing(doing)?;
    for (id, leads, there) in open {
        if there < leads {
            backend.transact(doing, |db, _| forget(db, id).doing(doing))?;
            continue;
        }
        tracing::warn!(leads, "the last run did not finish a change of leads; finishing it");
        backend.transact(doing, |db, _| order(db, id))?;
        loop {
            let slice = backend.transact(doing, |db, _| slice(db, id, soon()))?;
            if slice.is_last {
                break;
            }
        }
    }
    Ok(())
}

/// Its numbers, where they were not written down to the end, or not at all by an earlier version.
fn order(db: &Connection, id: i64) -> Result<()> {
    let (doing, open) = ("recover", open(db, id)?);
    let ordered = "SELECT 1 FROM lead_change_parts WHERE change_id = ?1 AND part < 0 LIMIT 1";
    let is_ordered = one(db, ordered, [id], |_| Ok(())).doing(doing)?.is_some();
    let is_begun = open.looked > 0 && is_ordered;
    if is_begun || !matches!(open.wanted.change, LeadChange::Assign { .. }) {
        return Ok(());
    }
    exec(db, "DELETE FROM lead_change_parts WHERE change_id = ?1 AND part < 0", [id]).doing(doing)?;
    let mut leads = Vec::new();
    loop {
        let more = part(db, id, leads.len() as u64).doing(doing)?;
        if more.is_empty() {
            break;
        }
        leads.extend(more);
    }
    for (part, numbers) in (0..).zip(in_order(db, &leads).doing(doing)?) {
        add_numbers(db, id, part, &numbers)?;
    }
    // An earlier version gave some away already, in the order of the leads: they are given once more, and counted once.
    let sql = "UPDATE lead_changes SET looked = 0, done = ?2 WHERE id = ?1";
    exec(db, sql, (id, json!(Done::default()).to_string())).doing(doing).map(drop)
}

/// One row for all of them: how many, what they were found by, and whose they were where they went to others.
fn audit(db: &Connection, open: &Open, ids: &[LeadId], ended: Option<&str>) -> Result<()> {
    let Open { list, wanted: Wanted { change, filter, .. }, by, at, leads, done, .. } = open;
    let mut detail = json!({ "list": list, "change": change, "leads": leads, "done": done.leads });
    if let Some(filter) = filter {
        detail["filter"] = filter.clone();
    }
    if !ids.is_empty() {
        detail["ids"] = json!(ids);
    }
    if !done.former.is_empty() {
        let mut former: Vec<_> = done.former.iter().collect();
        former.sort_by_key(|(_, leads)| std::cmp::Reverse(**leads));
        let user = |user: &str| if user.is_empty() { Value::Null } else { user.into() };
        let rows = former.into_iter().map(|(id, leads)| json!({ "user": user(id), "leads": leads }));
        detail["former"] = rows.collect();
    }
    if let Some(code) = ended {
        detail["ended"] = json!({ "code": code, "looked": open.looked.min(*leads), "of": leads });
    }
    audit_by(db, *at, *by, change.action(), &list.to_string(), &detail).doing("change leads")
}

fn forget(db: &Connection, id: i64) -> rusqlite::Result<()> {
    exec(db, "DELETE FROM lead_change_parts WHERE change_id = ?1", [id])?;
    exec(db, "DELETE FROM lead_changes WHERE id = ?1", [id]).map(|_| ())
}

fn open(db: &Connection, id: i64) -> Result<Open> {
    let sql = "SELECT list_id, what, user_id, uid, at, leads, looked, done FROM lead_changes WHERE id = ?1";
    let found = one(db, sql, [id], |r| {
        Ok(Open {
            list: r.get(0)?,
            wanted: read(&r.get::<_, String>(1)?)?,
            by: Actor { user: r.get(2)?, uid: r.get(3)? },
            at: r.get(4)?,
            leads: unsigned(r, 5)?,
            looked: unsigned(r, 6)?,
            done: read(&r.get::<_, String>(7)?)?,
        })
    });
    found.doing("change leads")?.ok_or_else(|| Error::NotFound { what: "change", key: id.to_string() })
}

fn read<T: DeserializeOwned>(json: &str) -> rusqlite::Result<T> {
    serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

/// Nobody waits for it.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}

/// Leads of one part: 16 KiB.
pub(crate) const PART: usize = 1024;
