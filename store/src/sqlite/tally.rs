//! Counting by operator, list, project, hour or day, and recounting everything that is kept as a number.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use super::counted::{COLUMNS, Counted, Statuses};
use super::stats::filter;
use super::{all, one, unsigned};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{Mismatch, Stats, StatsQuery, TallyBy, TallyRow};
use crate::phone::is_dialed_from_lists;
use crate::progress::Progress;
use crate::time::BusinessDate;

/// The counts per key, in the order of names, hours or days.
pub(super) fn tally(db: &Connection, query: &StatsQuery, by: TallyBy) -> rusqlite::Result<Vec<TallyRow>> {
    let (filter, values) = filter(db, query)?;
    let key = match by {
        TallyBy::User => "a.user_id",
        TallyBy::List => "a.list_id",
        TallyBy::Project => "a.project_id",
        TallyBy::Hour => HOUR,
        TallyBy::Day => "a.business_day",
    };
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS}, {key} FROM attempts a {filter}"))?;
    let mut calls = statement.query(params_from_iter(values))?;
    let statuses = Statuses::read(db)?;
    let mut groups: HashMap<Option<Key>, Counted> = HashMap::new();
    while let Some(call) = calls.next()? {
        let key = match call.get_ref(KEY)? {
            ValueRef::Integer(number) => Some(Key::Number(number)),
            ValueRef::Blob(_) => Some(Key::Id(call.get::<_, UserId>(KEY)?.0)),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) => None,
        };
        groups.entry(key).or_default().take(call, 0, &statuses)?;
    }
    let rows = groups.into_iter().map(|(key, counted)| (key, counted.stats()));
    let names = Names::read(db, by)?;
    let mut rows: Vec<TallyRow> = rows.map(|(key, stats)| names.row(by, key, stats)).collect();
    if matches!(by, TallyBy::Hour | TallyBy::Day) {
        // By number: hour 9 before hour 10.
        rows.sort_by_key(|row| row.key.as_ref().map(|key| (key.len(), key.clone())));
    } else {
        rows.sort_by(|one, other| place(one).cmp(&place(other)));
    }
    Ok(rows)
}

/// By name, those of nobody last; names of what was deleted may be alike.
fn place(row: &TallyRow) -> (bool, &str, Option<&str>) {
    (row.key.is_none(), &row.name, row.key.as_deref())
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Number(i64),
    Id(u128),
}

/// Names, and leads registered.
struct Names(HashMap<u128, (String, u64)>);

impl Names {
    fn read(db: &Connection, by: TallyBy) -> rusqlite::Result<Self> {
        let sql = match by {
            TallyBy::User => "SELECT id, login, 0 FROM users",
            TallyBy::List => "SELECT id, name, iif(deleted_at IS NULL, registered, 0) FROM lists",
            TallyBy::Project => {
                "SELECT id, name, (SELECT ifnull(sum(registered), 0) FROM lists l
                   WHERE l.project_id = projects.id AND l.deleted_at IS NULL) FROM projects"
            }
            TallyBy::Hour | TallyBy::Day => return Ok(Self(HashMap::new())),
        };
        let rows: Vec<(UserId, String, u64)> =
            all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?, unsigned(r, 2)?)))?;
        Ok(Self(rows.into_iter().map(|(id, name, registered)| (id.0, (name, registered))).collect()))
    }

    fn row(&self, by: TallyBy, key: Option<Key>, mut stats: Stats) -> TallyRow {
        let (key, name) = match (by, key) {
            (_, None) => (None, String::new()),
            (TallyBy::Day, Some(Key::Number(day))) => {
                let text = format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100);
                (Some(text.clone()), text)
            }
            (_, Some(Key::Number(number))) => (Some(number.to_string()), number.to_string()),
            (_, Some(Key::Id(id))) => {
                let (name, registered) = self.0.get(&id).cloned().unwrap_or_default();
                stats.registered = registered;
                (Some(UserId(id).to_string()), name)
            }
        };
        TallyRow { key, name, stats }
    }
}

/// Recounts, row by row and without the database's arithmetic, what is shown or kept as a number; returns what differs. With `results`
/// the last result of each lead is looked up in its calls too, from which 2回目 and 最終結果 are known.
pub(super) fn verify(
    db: &Connection,
    query: &StatsQuery,
    results: bool,
    progress: &Progress,
) -> rusqlite::Result<Vec<Mismatch>> {
    let rows = |sql| one(db, sql, [], |r| unsigned(r, 0)).map(Option::unwrap_or_default);
    let (attempts, leads) = (rows("SELECT count(*) FROM attempts")?, rows("SELECT count(*) FROM leads")?);
    // Every call is looked at once in all, once by each key, once for its list and once for its lead; every lead twice, and
    // a third time for its last result.
    let walks = if results { 3 } else { 2 };
    progress.set(0, attempts * (TallyBy::ALL.len() as u64 + 3) + leads * walks);
    let mut found = Vec::new();
    let (shown, _) = super::stats::stats(db, query)?;
    let counted = super::stats::recount(db, query, progress)?;
    compare(&mut found, "total", "", &shown, &counted);
    for by in TallyBy::ALL {
        let counted = recount_by(db, query, by, progress)?;
        let shown = tally(db, query, by)?;
        let keys: HashSet<Option<String>> =
            shown.iter().map(|row| row.key.clone()).chain(counted.keys().cloned()).collect();
        for key in keys {
            let of = |stats: Option<Stats>| Stats { registered: 0, ..stats.unwrap_or_default() };
            let shown = of(shown.iter().find(|row| row.key == key).map(|row| row.stats));
            let counted = of(counted.get(&key).copied());
            compare(&mut found, by.as_str(), key.as_deref().unwrap_or("-"), &shown, &counted);
        }
    }
    // 進捗 is of all days, whatever the query's.
    let ever = StatsQuery { from: None, to: None, ..query.clone() };
    let counted = recount_progress(db, &ever, progress)?;
    for list in super::stats::worked(db, query)? {
        let worked = counted.get(&list.list).map_or(0, |leads| leads.len() as u64);
        if worked != list.worked.worked {
            let (shown, counted) = (list.worked.worked.cast_signed(), worked.cast_signed());
            let key = list.list.to_string();
            found.push(Mismatch { what: "progress by list".to_owned(), key, shown, counted });
        }
    }
    kept(db, &mut found, progress)?;
    let wrong = if results { super::last_call::astray(db, MOST_FOUND, progress)? } else { Vec::new() };
    found.extend(wrong.into_iter().map(|lead| Mismatch {
        what: "last result of lead".to_owned(),
        key: lead.to_string(),
        shown: 1,
        counted: 0,
    }));
    let astray = super::assignments::count_astray(db)?.cast_signed();
    if astray > 0 {
        let what = "leads with another owner than their number".to_owned();
        found.push(Mismatch { what, key: String::new(), shown: astray, counted: 0 });
    }
    for (what, sql) in OF_DELETED_USERS {
        for (key, held) in all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))? {
            let what = format!("{what} of deleted users");
            found.push(Mismatch { what, key, shown: held, counted: 0 });
        }
    }
    Ok(found)
}

fn compare(found: &mut Vec<Mismatch>, by: &str, key: &str, shown: &Stats, counted: &Stats) {
    for (figure, shown, counted) in [
        ("works", shown.works, counted.works),
        ("calls", shown.calls, counted.calls),
        ("connects", shown.connects, counted.connects),
        ("blank", shown.blank, counted.blank),
        ("interrupted", shown.interrupted, counted.interrupted),
        ("void", shown.void, counted.void),
        ("registered", shown.registered, counted.registered),
        ("talk_ms", shown.talk_ms, counted.talk_ms),
    ] {
        if shown != counted {
            found.push(Mismatch {
                what: format!("{figure} by {by}"),
                key: key.to_owned(),
                shown: shown.cast_signed(),
                counted: counted.cast_signed(),
            });
        }
    }
}

fn recount_by(
    db: &Connection,
    query: &StatsQuery,
    by: TallyBy,
    progress: &Progress,
) -> rusqlite::Result<BTreeMap<Option<String>, Stats>> {
    let mut groups: BTreeMap<Option<String>, (Stats, HashSet<LeadId>)> = BTreeMap::new();
    super::stats::each(db, query, progress, |row, flag| {
        let id = |id: Option<u128>| id.map(|id| UserId(id).to_string());
        let key = match by {
            TallyBy::User => id(row.user.map(|id| id.0)),
            TallyBy::List => id(row.list.map(|id| id.0)),
            TallyBy::Project => id(row.project.map(|id| id.0)),
            TallyBy::Hour => row.dialed_at.map(|at| ((at + JST_MS).div_euclid(HOUR_MS) % 24).to_string()),
            TallyBy::Day => row.dialed_at.map(|at| BusinessDate::of(at).to_string()),
        };
        let (stats, worked) = groups.entry(key).or_default();
        super::stats::add(stats, worked, row, flag);
    })?;
    Ok(groups
        .into_iter()
        .map(|(key, (stats, worked))| (key, Stats { works: worked.len() as u64, ..stats }))
        .collect())
}

/// Leads of each list that were called and are on it still.
fn recount_progress(
    db: &Connection,
    query: &StatsQuery,
    progress: &Progress,
) -> rusqlite::Result<HashMap<ListId, HashSet<LeadId>>> {
    let mut lists: HashMap<ListId, HashSet<LeadId>> = HashMap::new();
    super::stats::each(db, query, progress, |row, _| {
        if let (Some(list), false, false) = (row.list, row.void, row.gone) {
            lists.entry(list).or_default().extend(row.lead);
        }
    })?;
    Ok(lists)
}

/// Numbers that are kept beside the rows they sum up.
fn kept(db: &Connection, found: &mut Vec<Mismatch>, progress: &Progress) -> rusqlite::Result<()> {
    // As `list.ls` shows them.
    let lists = super::lists::all(db)?;
    let mut counted: HashMap<ListId, Figures> = HashMap::new();
    let mut calls: HashMap<LeadId, i64> = HashMap::new();
    let mut attempts = db.prepare("SELECT lead_id, void, ended_at IS NOT NULL FROM attempts")?;
    let mut rows = attempts.query([])?;
    while let Some(row) = rows.next()? {
        progress.count(1);
        let (lead, void, ended): (Option<LeadId>, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(lead) = lead.filter(|_| ended && !void) {
            *calls.entry(lead).or_default() += 1;
        }
    }
    let mut leads = db.prepare(
        "SELECT d.id, d.list_id, d.attempts, d.position <= l.visible_position AND d.deleted_at IS NULL,
           CASE WHEN d.excluded = 0 AND (d.state IN ('ready', 'waiting') OR d.state = 'skipped' AND d.skip_reason = 'E-DNC')
             THEN EXISTS (SELECT 1 FROM do_not_call n WHERE n.phone = d.phone AND n.revoked_at IS NULL
               AND (n.project_id IS NULL OR n.project_id = l.project_id)) END,
           d.phone, d.state = 'skipped' AND d.excluded = 0 AND d.skip_reason IN ('E-DNC', 'E-PHONE-FORBIDDEN'), d.round <= l.round
         FROM leads d JOIN lists l ON l.id = d.list_id",
    )?;
    let mut rows = leads.query([])?;
    while let Some(row) = rows.next()? {
        progress.count(1);
        let (lead, list, shown): (LeadId, ListId, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let made = calls.get(&lead).copied().unwrap_or(0);
        let there = row.get::<_, bool>(3)?;
        let figures = counted.entry(list).or_default();
        figures.registered += i64::from(there);
        figures.worked += i64::from(there && made > 0);
        let forbidden: Option<bool> = row.get(4)?;
        // As the dialer looks at it before each call. One that is passed over for an entry has its turn when that is cleared.
        let may = forbidden == Some(false) && is_dialed_from_lists(row.get_ref(5)?.as_str()?);
        figures.due += i64::from(there && may && row.get::<_, bool>(7)?);
        figures.blocked += i64::from(there && !may && row.get::<_, bool>(6)?);
        if made != shown && found.len() < MOST_FOUND {
            found.push(Mismatch {
                what: "attempts of lead".to_owned(),
                key: lead.to_string(),
                shown,
                counted: made,
            });
        }
    }
    for list in lists {
        let figures = counted.get(&list.id).copied().unwrap_or_default();
        // Those that nobody is offered would be called if they were somebody's.
        let due = list.dialable + list.shut_out + list.unassigned;
        for (what, shown, counted) in [
            ("registered", list.total, figures.registered),
            ("worked", list.worked, figures.worked),
            ("due", due, figures.due),
            ("blocked", list.blocked, figures.blocked),
        ] {
            let shown = shown.cast_signed();
            if counted != shown {
                let (what, key) = (what.to_owned(), list.id.to_string());
                found.push(Mismatch { what, key, shown, counted });
            }
        }
    }
    Ok(())
}

/// What a list's leads add up to.
#[derive(Clone, Copy, Default)]
struct Figures {
    registered: i64,
    worked: i64,
    /// Those whose turn will come, and whose numbers may be called.
    due: i64,
    blocked: i64,
}

/// Place of the key behind [`COLUMNS`].
const KEY: usize = 6;
/// Hour in Japan of dialing.
const HOUR: &str = "(a.dialed_at + 32400000) / 3600000 % 24";
const JST_MS: i64 = 32_400_000;
const HOUR_MS: i64 = 3_600_000;
/// A defect shows in the first of them.
const MOST_FOUND: usize = 1_000;

/// What nobody can have any more, by login: it changes hands before a user is deleted.
const OF_DELETED_USERS: [(&str, &str); 3] = [
    (
        "numbers",
        "SELECT u.login, count(*) FROM users u JOIN assignments a ON a.user_id = u.id
         WHERE u.deleted_at IS NOT NULL GROUP BY u.id ORDER BY u.login",
    ),
    (
        "open tasks",
        "SELECT u.login, count(*) FROM users u JOIN tasks t ON t.owner_user_id = u.id AND t.state = 'open'
         WHERE u.deleted_at IS NOT NULL GROUP BY u.id ORDER BY u.login",
    ),
    (
        "contacts",
        "SELECT u.login, count(*) FROM contacts c JOIN users u ON u.id = c.owner_user_id
         WHERE u.deleted_at IS NOT NULL GROUP BY u.id ORDER BY u.login",
    ),
];
