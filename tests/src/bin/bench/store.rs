//! What the store does at its sizes: 200,000 leads in a list, 1,000,000 calls. No daemon: the library itself.

use std::fmt::{Debug, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ::store::import::{ImportJob, ImportSource};
use ::store::time::BusinessDate;
use ::store::{
    Actor, Assigned, CallKind, ColumnTest, ListId, ListSpec, OpenOptions, PageAt, Role, SortColumn,
    StatsQuery, Store, TallyBy, UserId, ViewFilter, ViewQuery,
};

use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::table::{Table, quantile};

const LEADS: u32 = 200_000;
const CONTACTS: u32 = 500_000;
const CALLS: u32 = 1_000_000;
const DAYS: u32 = 100;
const USERS: u32 = 20;
/// Asks this program to fill a database.
const FILL: &str = "store-fill";
/// 2026-07-01 10:00 in Japan.
const BEGIN: i64 = 1_782_867_600_000;

pub(crate) fn measure(table: &mut Table, quick: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let path = folder.path().join("bench.db");
    // Another process: what an import leaves of this one's memory would be room for the list that is looked at.
    let calls = if quick { CALLS / 10 } else { CALLS };
    let filled = std::env::current_exe()
        .and_then(|bench| Command::new(bench).arg(FILL).arg(&path).arg(calls.to_string()).status());
    assert!(filled.is_ok_and(|status| status.success()), "the database could not be filled");
    runtime.block_on(async {
        let store = Store::open(&path, OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let (list, users) = filled_with(&store).await;
        lookup(&store, table).await;
        view(&store, list, &users, table).await;
        day(&store, table).await;
        store.close().await;
    });
}

/// The part of [`measure`] that fills the database; `false` where another is asked for.
pub(crate) fn act(arguments: &[String]) -> bool {
    let [what, path, calls] = arguments else { return false };
    if what != FILL {
        return false;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let calls = calls.parse().unwrap_or_else(|error| panic!("{calls}: {error}"));
    runtime.block_on(fill(Path::new(path), calls));
    true
}

/// The list and the users, in the order of their logins' numbers.
async fn filled_with(store: &Store) -> (ListId, Vec<UserId>) {
    let list = store.list_by_name("bench").await.unwrap_or_else(|error| panic!("{error}")).id;
    let mut users = Vec::new();
    for user in 0..USERS {
        let login = format!("user{user}");
        let found = store.ensure_user(&login, &format!("担当{user:02}"), Role::Operator, BEGIN).await;
        users.push(found.unwrap_or_else(|error| panic!("{error}")));
    }
    (list, users)
}

/// A list of which a third was called, and calls over many days, written past the verbs: they would take an hour.
async fn fill(path: &Path, calls: u32) {
    let store = Store::open(path, OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let work = async {
        let project = store.ensure_project("bench", None, BEGIN).await?;
        let mut users = Vec::new();
        for user in 0..USERS {
            let login = format!("user{user}");
            users.push(store.ensure_user(&login, &format!("担当{user:02}"), Role::Operator, BEGIN).await?);
        }
        let list =
            store.create_list(ListSpec { name: "bench".into(), project }, Actor::default(), BEGIN).await?.id;
        let mut sheet = String::from("会社名,氏名,電話番号,カテゴリー,支店,備考\n");
        for row in 0..LEADS {
            // Numbers and names in no order: a step that is prime to the range visits each once.
            let number = u64::from(row) * 7_654_321 % 10_000_000;
            let _ = writeln!(
                sheet,
                "株式会社{:05x},担当{number},090{:08},地域{},支店{},火曜の午後に{number}まで",
                number * 31 % 99_991,
                10_000_000 + number,
                row % 47,
                row % 53
            );
        }
        let source = ImportSource::Bytes(sheet.into_bytes());
        store.import(ImportJob::into_list(list, source, BEGIN)).await?;
        // The rest of the contact book, on a list of its own.
        let other = ListSpec { name: "others".into(), project };
        let other = store.create_list(other, Actor::default(), BEGIN).await?.id;
        let mut sheet = String::from("会社名,氏名,電話番号\n");
        for row in LEADS..CONTACTS {
            let number = u64::from(row) * 7_654_321 % 10_000_000;
            let _ = writeln!(sheet, "有限会社{number},担当{number},090{:08}", 10_000_000 + number);
        }
        let source = ImportSource::Bytes(sheet.into_bytes());
        store.import(ImportJob::into_list(other, source, BEGIN)).await?;
        Ok::<_, ::store::Error>(users)
    };
    let users = work.await.unwrap_or_else(|error| panic!("{error}"));
    store.close().await;
    calls_by_sql(path, calls, &users).unwrap_or_else(|error| panic!("{error}"));
}

/// The caller's name among half a million contacts, and of numbers that nobody has. An incoming call reads it in the
/// store's thread, with its row: the goal is for that. Who asks by the handle waits for two threads to be woken besides.
async fn lookup(store: &Store, table: &mut Table) {
    let inside = Inside::watch();
    let mut times = Vec::new();
    let mut found = 0;
    inside.lock().clear();
    for at in 0..4_000_u64 {
        // Every fourth number is in no contact.
        let number = 10_000_000 + at * 7_919 % 666_667 * 7_654_321 % 10_000_000;
        let phone = format!("+8190{number:08}");
        let contact = timed(&mut times, async { store.contact(&phone).await }).await;
        found += usize::from(contact.unwrap_or_else(|error| panic!("{error}")).is_some());
    }
    assert!(found > 100, "{found} callers were known");
    let mut own = std::mem::take(&mut *inside.lock());
    assert!(times.len() - own.len() <= 1, "{} of {} look-ups were told of", own.len(), times.len());
    times.sort_by(f64::total_cmp);
    own.sort_by(f64::total_cmp);
    let what = format!("caller among 500,000 contacts, {found} of 4,000 known");
    table.note(&format!("{what}: p50"), format!("{:.3} ms", quantile(&own, 0.5)));
    table.at_most("… p99", quantile(&own, 0.99), 0.2, "ms");
    table.note(
        "… asked by the store's handle, from another thread: p50, p99",
        format!("{:.3} ms, {:.2} ms", quantile(&times, 0.5), quantile(&times, 0.99)),
    );
}

/// How long the store's thread had each job, in milliseconds, as its trace tells.
#[derive(Clone, Default)]
struct Inside(Arc<Mutex<Vec<f64>>>);

impl Inside {
    /// From now on, for the life of the process. To be called once.
    fn watch() -> Self {
        let inside = Self::default();
        let only = filter_fn(|of| of.target() == "store::thread");
        let told = tracing_subscriber::registry().with(inside.clone().with_filter(only));
        told.try_init().unwrap_or_else(|error| panic!("somebody else watches: {error}"));
        inside
    }

    fn lock(&self) -> MutexGuard<'_, Vec<f64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Inside {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "took_ns"
                && let Ok(took_ns) = format!("{value:?}").parse::<f64>()
            {
                self.lock().push(took_ns / 1e6);
            }
        });
    }
}

fn calls_by_sql(path: &Path, calls: u32, users: &[UserId]) -> rusqlite::Result<()> {
    let mut db = rusqlite::Connection::open(path)?;
    let tx = db.transaction()?;
    let statuses = ["no_contact", "no_contact", "no_contact", "talked", "prospect", "fax", "not_in_service"];
    {
        let mut leads = tx.prepare(
            "SELECT id, list_id, phone FROM leads WHERE list_id = (SELECT id FROM lists WHERE name = 'bench')
               ORDER BY position LIMIT ?1",
        )?;
        let leads: Vec<(Vec<u8>, Vec<u8>, String)> = leads
            .query_map([LEADS / 3], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut insert = tx.prepare(
            "INSERT INTO attempts (id, box_id, project_id, user_id, seat, direction, origin, list_id, list_name, lead_id, position,
               round, phone, dial_string, business_day, claimed_at, dialed_at, answered_at, ended_at, sealed_at, disposition,
               set_by, memo)
             VALUES (?1, 'box-1', (SELECT id FROM projects WHERE name = 'bench'), ?2, 'a', 'out', 'list', ?3, 'bench', ?4, 1, 1,
               ?5, '0', ?6, ?7, ?7, ?8, ?9, ?9, ?10, 'operator', 'メモ')",
        )?;
        for call in 0..calls {
            let (lead, list, phone) = &leads[call as usize % leads.len()];
            let day = i64::from(call / (calls / DAYS).max(1));
            let at = BEGIN + day * 86_400_000 + i64::from(call % (calls / DAYS).max(1)) * 2_500;
            let id = (u128::from(at.unsigned_abs()) << 80) | u128::from(call);
            let user = users[call as usize % users.len()].0.to_be_bytes();
            let (year, month, date) = BusinessDate::of(at).parts();
            let answered = (call % 3 == 0).then_some(at + 8_000);
            insert.execute(rusqlite::params![
                id.to_be_bytes(),
                user,
                list,
                lead,
                phone,
                year * 10_000 + month * 100 + date,
                at,
                answered,
                at + 40_000,
                statuses[call as usize % statuses.len()],
            ])?;
        }
    }
    tx.execute_batch(
        "UPDATE leads SET attempts = (SELECT count(*) FROM attempts a WHERE a.lead_id = leads.id),
           (last_disposition, last_user_id, last_at, last_kind, last_memo) = (
             SELECT disposition, user_id, dialed_at, iif(answered_at IS NULL, 'out_missed', 'out'), memo FROM attempts a
             WHERE a.lead_id = leads.id ORDER BY dialed_at DESC LIMIT 1)
         WHERE id IN (SELECT DISTINCT lead_id FROM attempts);
         UPDATE leads SET excluded = 1 WHERE position % 50 = 0;
         INSERT INTO assignments (phone, user_id, at)
           SELECT l.phone, u.id, 0 FROM leads l JOIN users u ON u.login = 'user' || (l.position / 2 % 20) WHERE l.position % 2 = 0;
         UPDATE leads SET assigned_user_id = (SELECT user_id FROM assignments o WHERE o.phone = leads.phone);",
    )?;
    tx.commit()
}

/// First, next and previous page under each sort with one filter at a time; a search; a jump.
async fn view(store: &Store, list: ListId, users: &[UserId], table: &mut Table) {
    let none = ViewFilter::default;
    let own = |column: &str, text: &str, part| ColumnTest { column: column.into(), text: text.into(), part };
    let filters = [
        none(),
        ViewFilter { status: Some("prospect".into()), ..none() },
        ViewFilter { assigned: Some(Assigned::To(users[3])), ..none() },
        ViewFilter { last_user: Some(users[7]), ..none() },
        ViewFilter { kind: Some(CallKind::Out), ..none() },
        ViewFilter { categories: vec!["地域7".into()], ..none() },
        ViewFilter { dialable: Some(false), ..none() },
        ViewFilter { attempts: Some(15), ..none() },
        ViewFilter { columns: vec![own("支店", "支店7", false)], ..none() },
    ];
    let ask = |filter: &ViewFilter, sort, descending, page| ViewQuery {
        list,
        filter: filter.clone(),
        sort,
        descending,
        page,
        limit: 100,
        opaque: false,
    };
    let before = resident();
    let begun = Instant::now();
    page(store, ask(&filters[0], SortColumn::Position, false, PageAt::First)).await;
    table.note(
        "list of 200,000 leads, the very first page after it was not looked at",
        millis(begun.elapsed().as_secs_f64() * 1e3),
    );
    let (mut pages, mut sorts) = (Vec::new(), Vec::new());
    for sort in SortColumn::ALL {
        for descending in [false, true] {
            for (at, filter) in filters.iter().enumerate() {
                let mut times = Vec::new();
                let first =
                    timed(&mut times, page(store, ask(filter, sort, descending, PageAt::First))).await;
                if let Some(next) = first.next {
                    let second =
                        timed(&mut times, page(store, ask(filter, sort, descending, PageAt::After(next))))
                            .await;
                    if let Some(previous) = second.previous {
                        timed(
                            &mut times,
                            page(store, ask(filter, sort, descending, PageAt::Before(previous))),
                        )
                        .await;
                    }
                }
                // The first page of a sort puts the list in order.
                if at == 0 && !descending {
                    sorts.push(times.remove(0))
                };
                pages.append(&mut times);
            }
        }
    }
    pages.sort_by(f64::total_cmp);
    sorts.sort_by(f64::total_cmp);
    let what = format!("… page under each of the eleven sorts with one filter, {} pages", pages.len());
    table.note(&format!("{what}: p50"), millis(quantile(&pages, 0.5)));
    table.at_most(&format!("{what}: p99"), quantile(&pages, 0.99), 20.0, "ms");
    table.note(
        "… the first page of a sort, which puts the list in order: slowest of eleven",
        millis(quantile(&sorts, 1.0)),
    );
    let mut searches = Vec::new();
    for sort in SortColumn::ALL {
        for (name, number, memo) in [
            (Some("かぶしき"), None, None),
            (Some("0a1"), None, None),
            (None, Some("4567"), None),
            (None, None, Some("メモ")),
        ] {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let filter = ViewFilter { name: owned(name), number: owned(number), memo: owned(memo), ..none() };
            timed(&mut searches, page(store, ask(&filter, sort, false, PageAt::First))).await;
        }
        let filter = ViewFilter { columns: vec![own("備考", "ごごに4", true)], ..none() };
        timed(&mut searches, page(store, ask(&filter, sort, false, PageAt::First))).await;
        timed(&mut searches, page(store, ask(&filters[0], sort, true, PageAt::Row(150_000)))).await;
    }
    searches.sort_by(f64::total_cmp);
    // Kept while somebody looks at it, with every order, name, memo and column that was asked for.
    table.note("… memory of the list while it is looked at", format!("{:.1} MiB", resident() - before));
    table.at_most(
        "… search of a part of name, number, memo or own column, or jump to a page, any sort: p99",
        quantile(&searches, 0.99),
        150.0,
        "ms",
    );
    table.note(
        "… slowest, which reads names, memos or a column for the first time",
        millis(quantile(&searches, 1.0)),
    );
}

/// The counters of one day among all calls, and how far the lists are.
async fn day(store: &Store, table: &mut Table) {
    let (mut times, mut progress) = (Vec::new(), Vec::new());
    for day in [10, 50, 90] {
        let day = Some(BusinessDate::of(BEGIN + day * 86_400_000));
        let query = StatsQuery { from: day, to: day, ..StatsQuery::default() };
        for _ in 0..5 {
            let stats = timed(&mut times, async { store.stats(query.clone()).await }).await;
            assert!(stats.is_ok_and(|stats| stats.calls > 0));
            let rows = timed(&mut times, async { store.tally(query.clone(), TallyBy::User).await }).await;
            assert!(rows.is_ok_and(|rows| rows.len() == 20));
            let lists = timed(&mut progress, async { store.worked(query.clone()).await }).await;
            assert!(lists.is_ok_and(|lists| lists.iter().any(|list| list.worked.worked > 0)));
        }
    }
    times.sort_by(f64::total_cmp);
    table.at_most(
        "counters of a day, in all and per operator, of 1,000,000 calls over 100 days: p99",
        quantile(&times, 0.99),
        20.0,
        "ms",
    );
    progress.sort_by(f64::total_cmp);
    table.note("… and 進捗 of all lists, of every day: p99", millis(quantile(&progress, 0.99)));
}

/// Resident memory of this process, MiB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

async fn page(store: &Store, query: ViewQuery) -> ::store::ViewPage {
    store.view(query).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn timed<T>(times: &mut Vec<f64>, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let value = work.await;
    times.push(begun.elapsed().as_secs_f64() * 1e3);
    value
}

fn millis(time: f64) -> String {
    format!("{time:.2} ms")
}
