//! Counting, always from the attempt rows (S4.14-S4.19).

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::conditions::Conditions;
use super::counted::{COLUMNS, Counted, Statuses};
use super::{all, list_edit, one, unsigned};
use crate::id::{LeadId, ListId, ProjectId, UserId};
use crate::model::{ListWorked, Stats, StatsQuery, StatusCount, Worked};
use crate::progress::Progress;
use crate::time::BusinessDate;

/// The counts, and how often each status was given, in the order of the statuses. Both in one walk over the rows: to read them is most
/// of the work, and both are asked for together.
pub(super) fn stats(db: &Connection, query: &StatsQuery) -> rusqlite::Result<(Stats, Vec<StatusCount>)> {
    let statuses = Statuses::read(db)?;
    let (filter, values) = filter(db, query)?;
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM attempts a {filter}"))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut counted = Counted::default();
    while let Some(row) = rows.next()? {
        counted.take(row, 0, &statuses)?;
    }
    let stats = Stats { registered: registered(db, query)?, ..counted.stats() };
    Ok((stats, counted.given(statuses)))
}

/// How far each list asked for is worked, on whatever day and, unless a user is asked for, by whomever (S4.16).
pub(super) fn worked(db: &Connection, query: &StatsQuery) -> rusqlite::Result<Vec<ListWorked>> {
    let granted = list_edit::granted("l.id", "?3");
    let sql = |worked: &str| {
        format!(
            "SELECT l.id, l.project_id, ({worked}), l.registered FROM lists l
             WHERE (?1 IS NULL OR l.id = ?1) AND (?2 IS NULL OR l.project_id = ?2) AND l.deleted_at IS NULL
               AND (?3 IS NULL OR {granted})"
        )
    };
    let row = |r: &Row<'_>| {
        let worked = Worked { worked: unsigned(r, 2)?, registered: unsigned(r, 3)? };
        Ok(ListWorked { list: r.get(0)?, project: r.get(1)?, worked })
    };
    match query.user {
        // What `list ls` counts, in the same index.
        None => {
            let leads = "SELECT count(*) FROM leads d
                         WHERE d.list_id = l.id AND d.attempts > 0 AND d.deleted_at IS NULL";
            all(db, &sql(leads), (query.list, query.project, query.granted_to), row)
        }
        Some(user) => {
            let leads = "SELECT count(DISTINCT a.lead_id) FROM attempts a JOIN leads d ON d.id = a.lead_id
                         WHERE a.list_id = l.id AND a.user_id = ?4 AND a.origin = 'list' AND a.void = 0
                           AND a.ended_at IS NOT NULL AND d.deleted_at IS NULL";
            all(db, &sql(leads), (query.list, query.project, query.granted_to, user), row)
        }
    }
}

/// 登録数 of the lists asked for: excluded leads count, staged ones do not (S4.16).
fn registered(db: &Connection, query: &StatsQuery) -> rusqlite::Result<u64> {
    let granted = list_edit::granted("l.id", "?3");
    let sql = format!(
        "SELECT ifnull(sum(l.registered), 0) FROM lists l WHERE (?1 IS NULL OR l.id = ?1)
           AND (?2 IS NULL OR l.project_id = ?2) AND l.deleted_at IS NULL AND (?3 IS NULL OR {granted})"
    );
    Ok(one(db, &sql, (query.list, query.project, query.granted_to), |r| unsigned(r, 0))?.unwrap_or(0))
}

/// What a query asks for, behind `FROM attempts a`.
pub(super) fn filter(db: &Connection, query: &StatsQuery) -> rusqlite::Result<(String, Vec<Value>)> {
    let ended = "a.origin = 'list' AND a.ended_at IS NOT NULL";
    let mut conditions = match lie_together(db, query)? {
        // The rows by themselves, from the first to the last.
        Some((first, last)) => Conditions::behind(
            format!("NOT INDEXED WHERE a.rowid BETWEEN ?1 AND ?2 AND {ended}"),
            vec![first.into(), last.into()],
        ),
        None => Conditions::behind(format!("WHERE {ended}"), Vec::new()),
    };
    if let Some(from) = query.from {
        conditions.and_with("a.business_day >= #", stored(from));
    }
    if let Some(to) = query.to {
        conditions.and_with("a.business_day <= #", stored(to));
    }
    if let Some(user) = query.user {
        conditions.and_with("a.user_id = #", user);
    }
    if let Some(list) = query.list {
        conditions.and_with("a.list_id = #", list);
    }
    if let Some(project) = query.project {
        conditions.and_with("a.project_id = #", project);
    }
    if let Some(user) = query.granted_to {
        // The lists are looked up once, not with each call.
        let granted = list_edit::granted("l.id", "#");
        let lists = format!("(a.user_id IS # OR a.list_id IN (SELECT l.id FROM lists l WHERE {granted}))");
        conditions.and_with(&lists, user);
    }
    Ok(conditions.into_parts())
}

/// The stored form of a date: its number.
fn stored(date: BusinessDate) -> i64 {
    let (year, month, day) = date.parts();
    year * 10_000 + month * 100 + day
}

/// The first and the last row of the days asked for, where nearly all between them are of these days. Calls are written one behind the
/// other, but the index has those of a day by operator: with it the pages of a day would be read anew for each of twenty operators, from
/// a cache that does not hold them. `None`: few rows of them are asked for, or they lie apart (a clock that was set, a copy that was
/// brought back).
fn lie_together(db: &Connection, query: &StatsQuery) -> rusqlite::Result<Option<(i64, i64)>> {
    if query.user.is_some() || query.list.is_some() || (query.from.is_none() && query.to.is_none()) {
        return Ok(None);
    }
    let from = query.from.map_or(i64::MIN, stored);
    let to = query.to.map_or(i64::MAX, stored);
    // Read in the index alone.
    let sql = "SELECT ifnull(min(rowid), 0), ifnull(max(rowid), 0), count(*) FROM attempts
               WHERE business_day BETWEEN ?1 AND ?2";
    let found: Option<(i64, i64, i64)> = one(db, sql, (from, to), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let together = |(first, last, calls): &(i64, i64, i64)| last.saturating_sub(*first) <= calls * 2;
    Ok(found.filter(together).map(|(first, last, _)| (first, last)))
}

/// One attempt as the recount sees it.
pub(super) struct Plain {
    pub(super) lead: Option<LeadId>,
    /// The lead or its list is in the bin, or emptied out of it.
    pub(super) gone: bool,
    pub(super) list: Option<ListId>,
    pub(super) user: Option<UserId>,
    pub(super) project: Option<ProjectId>,
    pub(super) dialed_at: Option<i64>,
    answered_at: Option<i64>,
    ended_at: Option<i64>,
    origin: String,
    pub(super) void: bool,
    interrupted: bool,
    disposition: Option<String>,
}

/// Whether a status counts as コール and as コネクト; `None` for none.
pub(super) type Flag = Option<(bool, bool)>;

/// The same figures by plain arithmetic over every row, for `--verify`: another way to the same numbers.
pub(super) fn recount(db: &Connection, query: &StatsQuery, progress: &Progress) -> rusqlite::Result<Stats> {
    let mut stats = Stats::default();
    let mut worked = HashSet::new();
    each(db, query, progress, |row, flag| add(&mut stats, &mut worked, row, flag))?;
    stats.works = worked.len() as u64;
    let granted = granted(db, query)?;
    let mut leads = db.prepare(
        "SELECT d.list_id, l.project_id, d.position <= l.visible_position AND d.deleted_at IS NULL
           AND l.deleted_at IS NULL FROM leads d JOIN lists l ON l.id = d.list_id",
    )?;
    let rows = leads.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for row in rows {
        progress.count(1);
        let (list, project, counts): (ListId, ProjectId, bool) = row?;
        let wanted = query.list.is_none_or(|wanted| wanted == list)
            && query.project.is_none_or(|wanted| wanted == project)
            && granted.as_ref().is_none_or(|granted| granted.contains(&list));
        stats.registered += u64::from(counts && wanted);
    }
    Ok(stats)
}

/// The lists that the user of a query may use; `None`: every list is asked for.
fn granted(db: &Connection, query: &StatsQuery) -> rusqlite::Result<Option<HashSet<ListId>>> {
    let Some(user) = query.granted_to else { return Ok(None) };
    let lists: Vec<ListId> = all(db, "SELECT id FROM lists", [], |r| r.get(0))?;
    let sql = "SELECT count(*), ifnull(sum(user_id = ?2), 0) FROM grants WHERE list_id = ?1";
    let mut granted = HashSet::new();
    for list in lists {
        let (every, theirs): (u64, u64) =
            one(db, sql, (list, user), |r| Ok((unsigned(r, 0)?, unsigned(r, 1)?)))?.unwrap_or_default();
        if every == 0 || theirs > 0 {
            granted.insert(list);
        }
    }
    Ok(Some(granted))
}

/// Every attempt that a query asks for.
pub(super) fn each(
    db: &Connection,
    query: &StatsQuery,
    progress: &Progress,
    mut see: impl FnMut(&Plain, Flag),
) -> rusqlite::Result<()> {
    let flags: HashMap<String, (bool, bool)> =
        all(db, "SELECT code, counts_call, counts_connect FROM dispositions", [], |r| {
            let counts_call: bool = r.get(1)?;
            Ok((r.get(0)?, (counts_call, counts_call && r.get(2)?)))
        })?
        .into_iter()
        .collect();
    let gone: HashSet<LeadId> = all(
        db,
        "SELECT d.id FROM leads d JOIN lists l ON l.id = d.list_id
         WHERE d.deleted_at IS NOT NULL OR l.deleted_at IS NOT NULL",
        [],
        |r| r.get(0),
    )?
    .into_iter()
    .collect();
    let granted = granted(db, query)?;
    let mut statement = db.prepare(
        "SELECT lead_id, list_id, user_id, project_id, dialed_at, answered_at, ended_at, origin, void, interrupted,
           disposition FROM attempts",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(Plain {
            lead: r.get(0)?,
            gone: false,
            list: r.get(1)?,
            user: r.get(2)?,
            project: r.get(3)?,
            dialed_at: r.get(4)?,
            answered_at: r.get(5)?,
            ended_at: r.get(6)?,
            origin: r.get(7)?,
            void: r.get(8)?,
            interrupted: r.get(9)?,
            disposition: r.get(10)?,
        })
    })?;
    for row in rows {
        let mut row = row?;
        progress.count(1);
        row.gone = row.lead.is_some_and(|lead| gone.contains(&lead));
        let (Some(dialed_at), Some(_)) = (row.dialed_at, row.ended_at) else { continue };
        let day = BusinessDate::of(dialed_at);
        let wanted = row.origin == "list"
            && query.from.is_none_or(|from| day >= from)
            && query.to.is_none_or(|to| day <= to)
            && query.user.is_none_or(|user| row.user == Some(user))
            && query.list.is_none_or(|list| row.list == Some(list))
            && query.project.is_none_or(|project| row.project == Some(project))
            && granted.as_ref().is_none_or(|granted| {
                row.user == query.granted_to || row.list.is_some_and(|list| granted.contains(&list))
            });
        if wanted {
            let flag = row.disposition.as_ref().and_then(|code| flags.get(code)).copied();
            see(&row, flag);
        }
    }
    Ok(())
}

/// Adds one attempt; `works` is how many leads are in `worked` at the end.
pub(super) fn add(stats: &mut Stats, worked: &mut HashSet<LeadId>, row: &Plain, flag: Flag) {
    if row.void {
        stats.void += 1;
        return;
    }
    stats.calls += u64::from(flag.is_none_or(|(call, _)| call));
    stats.connects += u64::from(flag.is_some_and(|(_, connect)| connect));
    stats.blank += u64::from(row.disposition.is_none());
    stats.interrupted += u64::from(row.interrupted);
    let talk = row.answered_at.zip(row.ended_at).map_or(0, |(from, to)| (to - from).max(0));
    stats.talk_ms += talk.unsigned_abs();
    worked.extend(row.lead);
}
