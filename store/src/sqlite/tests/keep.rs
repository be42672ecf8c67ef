//! Figures that equal a recount, recordings that are kept.

use proptest::prelude::*;

use super::*;
use crate::model::{
    AuditQuery, LeadChange, RecordingFacts, RecordingQuery, RecordingState, StatsQuery, TallyBy, ViewFilter,
};

mod recordings;

/// Everything an import must not touch, of leads that were there before it.
fn untouchable(world: &World, last_row: i64) -> Vec<String> {
    let tables = [
        "SELECT * FROM attempts ORDER BY id",
        "SELECT * FROM do_not_call ORDER BY id",
        "SELECT id, excluded, excluded_reason, excluded_by, excluded_at, state, round, next_eligible_at, skip_reason,
           recall_at, owner_user_id, attempts, position, claim_attempt_id, last_disposition, last_at, last_memo, turn,
           assigned_user_id FROM leads WHERE rowid <= ?1 ORDER BY id",
        "SELECT * FROM recordings ORDER BY id",
    ];
    let mut lines = Vec::new();
    for sql in tables {
        let mut statement = world.db.db.prepare(sql).unwrap();
        let columns = statement.column_count();
        if sql.contains("?1") {
            statement.raw_bind_parameter(1, last_row).unwrap();
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> =
                (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
            lines.push(cells.join(" "));
        }
    }
    lines
}

/// One step of a shift.
#[derive(Clone, Debug)]
enum Step {
    Call {
        status: &'static str,
        answered: bool,
        void: bool,
    },
    NextRound,
    Exclude(usize),
    DoNotCall(usize),
    DeleteLead(usize),
    RestoreLeads,
    DeleteList,
    RestoreList,
    Amend(usize, &'static str),
    /// What the result `talked` counts as.
    Recount(bool),
    ByHand(usize),
    /// Saved twice before the seal: the last one holds.
    SavedAgain(&'static str, &'static str),
    Include(usize),
    /// A file into the list, numbers that are there and new ones.
    Import(usize, usize),
    /// The last file is taken back.
    UndoImport,
    Enable(bool),
    /// Somebody calls and is deleted; what they hold is the others'.
    Deleted(&'static str),
    /// The power goes in the middle of a call.
    Crash,
    Later,
}

fn step() -> impl Strategy<Value = Step> {
    let statuses = vec!["不通", "FAX", "現アナ", "見込", "再コール", "クレーム", "talked", ""];
    prop_oneof![
        6 => (prop::sample::select(statuses), any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(status, answered, void)| Step::Call { status, answered, void }),
        1 => Just(Step::NextRound),
        1 => (0..12_usize).prop_map(Step::Exclude),
        1 => (0..12_usize).prop_map(Step::DoNotCall),
        2 => (0..12_usize).prop_map(Step::DeleteLead),
        1 => Just(Step::RestoreLeads),
        1 => Just(Step::DeleteList),
        1 => Just(Step::RestoreList),
        1 => (0..9_usize, prop::sample::select(vec!["不通", "見込", "talked"]))
            .prop_map(|(at, status)| Step::Amend(at, status)),
        1 => any::<bool>().prop_map(Step::Recount),
        1 => (0..12_usize).prop_map(Step::ByHand),
        2 => (prop::sample::select(vec!["不通", "見込"]), prop::sample::select(vec!["FAX", "talked", "再コール"]))
            .prop_map(|(first, last)| Step::SavedAgain(first, last)),
        1 => (0..12_usize).prop_map(Step::Include),
        1 => (0..12_usize, 1..6_usize).prop_map(|(from, count)| Step::Import(from, count)),
        1 => Just(Step::UndoImport),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => prop::sample::select(vec!["見込", "talked", "不通"]).prop_map(Step::Deleted),
        1 => Just(Step::Crash),
        2 => Just(Step::Later),
    ]
}

/// One step of tidying up.
fn tidying() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..12_usize).prop_map(Step::DeleteLead),
        1 => Just(Step::RestoreLeads),
        1 => Just(Step::DeleteList),
        1 => Just(Step::RestoreList),
        1 => Just(Step::Later),
    ]
}

fn walk(world: &mut World, steps: &[Step], lists: [ListId; 2], users: [UserId; 2]) {
    let mut imports = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        world.now += 7 * MINUTE;
        world.list = lists[at % 2];
        world.user = users[at / 2 % 2];
        match step {
            Step::Call { status, answered, void } => {
                let Some(claimed) = world.dial() else { continue };
                let mut end = world.ended(claimed.attempt);
                end.answered_at = answered.then_some(world.now + 3_000);
                end.void = void.then(|| "503".to_owned());
                world.db.end_attempt(&end).unwrap();
                if !void {
                    if !status.is_empty() {
                        world.db.save(&world.save(claimed.attempt, status)).unwrap();
                    }
                    world.db.seal(claimed.attempt, world.now + 30_000).unwrap();
                }
            }
            // Refused of a list in the bin.
            Step::NextRound => drop(world.db.next_round(world.list, Actor::default(), world.now)),
            Step::DeleteLead(lead) => {
                if let Some(lead) = world.leads().get(*lead).map(|lead| lead.id) {
                    lists::change(world, &[lead], &LeadChange::Delete);
                }
            }
            Step::RestoreLeads => {
                for (moment, _) in world.reader().bin(world.list).unwrap() {
                    let _ = world.db.restore_leads(world.list, moment, None);
                }
            }
            Step::DeleteList => drop(world.db.delete_list(world.list, Actor::default(), world.now)),
            Step::RestoreList => {
                drop(world.db.restore_list(&world.list.to_string(), None, Actor::default(), world.now));
            }
            Step::Amend(at, status) => {
                let rows = world.reader().history(&Default::default()).unwrap();
                if let Some(row) = rows.get(*at) {
                    let amend = crate::model::Amend {
                        attempt: row.id,
                        status: Some((*status).into()),
                        memo: None,
                        recall_at: None,
                        reason: "聞き間違い".into(),
                        scope: crate::permission::Scope::All,
                        by: Actor::default(),
                        now: world.now,
                    };
                    // Refused of a void call and of one that is open.
                    let _ = world.db.amend(&amend);
                }
            }
            Step::Recount(counts) => {
                let flags = crate::model::DispositionFlags {
                    counts_call: Some(*counts),
                    counts_connect: Some(*counts),
                    ..Default::default()
                };
                let change = crate::model::DispositionChange { flags, ..Default::default() };
                world.db.disposition_change("talked", &change, Actor::default(), world.now).unwrap();
            }
            Step::ByHand(number) => {
                let call = rules::manual(world, &phone(*number).national());
                if let Ok(claimed) = world.db.open_manual(&call) {
                    world.finish(claimed.attempt, "talked");
                }
            }
            Step::Exclude(lead) => {
                if let Some(lead) = world.leads().get(*lead).map(|lead| lead.id) {
                    world.exclude(lead, None);
                }
            }
            Step::DoNotCall(number) => {
                let entry = crate::model::DncEntry::by_hand(
                    phone(*number).national(),
                    "x",
                    Actor::default(),
                    world.now,
                );
                world.db.dnc_add_all(&[entry]).unwrap();
            }
            Step::SavedAgain(first, last) => {
                let Some(claimed) = world.dial() else { continue };
                world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
                for status in [first, last] {
                    world.db.save(&world.save(claimed.attempt, status)).unwrap();
                }
                world.db.seal(claimed.attempt, world.now + 30_000).unwrap();
            }
            Step::Include(lead) => {
                if let Some(lead) = world.leads().get(*lead).map(|lead| lead.id) {
                    lists::change(world, &[lead], &LeadChange::Include);
                }
            }
            Step::Import(from, count) => {
                let start =
                    ImportStart { list: Some(world.list), source: "x".into(), user: None, now: world.now };
                // Refused of a list in the bin.
                let Ok(import) = world.db.begin_import(&start) else { continue };
                let rows: Vec<StagedRow> = (*from..from + count).map(row).collect();
                world.stage(import, &rows, StagePolicy::default()).unwrap();
                let by = Actor::default();
                world.db.commit_import(import, &serde_json::json!({}), by, world.now).unwrap();
                imports.push(import);
            }
            Step::UndoImport => {
                if let Some(import) = imports.pop() {
                    world.undo(import);
                }
            }
            Step::Enable(enabled) => {
                let edit = crate::model::ListEdit { enabled: Some(*enabled), ..Default::default() };
                let _ = world.db.edit_list(world.list, &edit, Actor::default(), world.now);
            }
            Step::Deleted(status) => {
                let login = format!("temp{at}");
                world.user = world.db.ensure_user(&login, &login, Role::Operator, world.now).unwrap();
                if let Some(claimed) = world.dial() {
                    world.finish(claimed.attempt, status);
                }
                let over = if at % 2 == 0 { HandOver::To(users[0]) } else { HandOver::Nobody };
                world.delete_user(world.user, over, Actor::default(), world.now).unwrap();
                world.user = users[0];
            }
            Step::Crash => {
                let _ = world.dial();
                world.db.recover(world.now + 1000).unwrap();
            }
            // Past midnight in Japan.
            Step::Later => world.now += 9 * 60 * MINUTE,
        }
    }
}

/// コール, コネクト and calls without result, by the words of S4.15 and S4.17 over the bare rows: no query of the product's.
fn counted(world: &World) -> (u64, u64, u64) {
    let flags = world.db.db.query_row(
        "SELECT counts_call, counts_connect FROM dispositions WHERE code = 'talked'",
        [],
        |r| Ok((r.get::<_, bool>(0)?, r.get::<_, bool>(1)?)),
    );
    let talked = flags.unwrap();
    let sql = "SELECT disposition FROM attempts WHERE origin = 'list' AND void = 0 AND ended_at IS NOT NULL";
    let mut statement = world.db.db.prepare(sql).unwrap();
    let (mut calls, mut connects, mut blank) = (0, 0, 0);
    for status in statement.query_map([], |r| r.get::<_, Option<String>>(0)).unwrap() {
        let (call, connect) = match status.unwrap().as_deref() {
            None => {
                blank += 1;
                (true, false)
            }
            Some("no_contact" | "fax" | "not_in_service") => (true, false),
            Some("prospect" | "callback" | "do_not_call") => (true, true),
            Some(_) => talked,
        };
        calls += u64::from(call);
        connects += u64::from(connect);
    }
    (calls, connects, blank)
}

/// 作業数, by the words of S4.14 over the bare rows.
fn leads_called(world: &World) -> u64 {
    let sql = "SELECT lead_id FROM attempts WHERE origin = 'list' AND void = 0 AND ended_at IS NOT NULL";
    let mut statement = world.db.db.prepare(sql).unwrap();
    let leads = statement.query_map([], |r| r.get::<_, Option<LeadId>>(0)).unwrap();
    leads.filter_map(|lead| lead.unwrap()).collect::<std::collections::HashSet<_>>().len() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// S4.14-S4.19, C9, D17: whatever happened, every figure by operator, list, project, hour and day is what a recount finds.
    #[test]
    fn every_figure_equals_a_recount(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new(8);
        let other = world.list("second");
        let lists = [world.list, other];
        world.import(other, &(4..12).map(row).collect::<Vec<_>>());
        let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        let users = [world.user, bob];
        walk(&mut world, &steps, lists, users);
        let mut reader = world.reader();
        prop_assert_eq!(reader.verify(&StatsQuery::default()).unwrap(), []);
        let today = StatsQuery { from: Some(crate::time::BusinessDate::of(world.now)), ..StatsQuery::default() };
        prop_assert_eq!(reader.verify(&today).unwrap(), []);
        // S4.19: an operator's numbers go on from list to list: they are the sum over lists.
        let all = reader.stats(&StatsQuery::default()).unwrap();
        let (calls, connects, blank) = counted(&world);
        prop_assert_eq!((all.calls, all.connects, all.blank), (calls, connects, blank), "as the rows say");
        for by in TallyBy::ALL {
            let rows = reader.tally(&StatsQuery::default(), by).unwrap();
            prop_assert_eq!(rows.iter().map(|row| row.stats.calls).sum::<u64>(), all.calls, "{:?}", by);
            prop_assert_eq!(rows.iter().map(|row| row.stats.connects).sum::<u64>(), all.connects, "{:?}", by);
            prop_assert!(rows.iter().all(|row| row.stats.connects <= row.stats.calls));
        }
        prop_assert_eq!(all.works, leads_called(&world), "the bin takes no work away");
        // C9: and the same wherever it is shown.
        for list in reader.lists().unwrap() {
            let of_list = StatsQuery { list: Some(list.id), ..StatsQuery::default() };
            let stats = reader.stats(&of_list).unwrap();
            prop_assert_eq!(stats.registered, list.total, "{}", list.name);
            prop_assert!(list.worked <= stats.works.min(list.total), "進捗 is at most 100 %: {}", list.name);
            let of_day = StatsQuery { list: Some(list.id), ..today.clone() };
            let progress = reader.worked(&of_day).unwrap()[0].worked;
            prop_assert_eq!((progress.worked, progress.registered), (list.worked, list.total), "{}", list.name);
        }
    }

    /// S4.14, S4.18: a day that is over keeps its figures, whatever is deleted, restored and emptied out of the bin afterwards.
    #[test]
    fn a_day_that_is_over_keeps_its_figures(
        steps in prop::collection::vec(step(), 1..30),
        tidying in prop::collection::vec(tidying(), 1..12),
    ) {
        let mut world = World::new(8);
        let other = world.list("second");
        let lists = [world.list, other];
        world.import(other, &(4..12).map(row).collect::<Vec<_>>());
        let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        let users = [world.user, bob];
        walk(&mut world, &steps, lists, users);
        let until = StatsQuery { to: Some(crate::time::BusinessDate::of(world.now)), ..StatsQuery::default() };
        let shown = |world: &World| {
            let mut reader = world.reader();
            let blank = |stats: crate::model::Stats| crate::model::Stats { registered: 0, ..stats };
            let mut days = Vec::new();
            for by in TallyBy::ALL {
                let rows = reader.tally(&until, by).unwrap();
                days.extend(rows.into_iter().map(|row| (by, row.key, row.name, blank(row.stats))));
            }
            (blank(reader.stats(&until).unwrap()), days)
        };
        let before = shown(&world);
        walk(&mut world, &tidying, lists, users);
        prop_assert_eq!(&shown(&world), &before);
        // In a year the bin is emptied.
        let than = world.now;
        world.empty_bins(than);
        prop_assert_eq!(&shown(&world), &before);
        prop_assert_eq!(world.reader().verify(&StatsQuery::default()).unwrap(), []);
    }

    /// S1.19, C11: an import touches no call, do-not-call entry, exclusion, task, position or owner, also when undone.
    #[test]
    fn an_import_touches_no_result(
        steps in prop::collection::vec(step(), 1..30),
        from in 0..10_usize,
        count in 1..12_usize,
        blank in any::<bool>(),
    ) {
        let mut world = World::new(8);
        let other = world.list("second");
        world.import(other, &(4..12).map(row).collect::<Vec<_>>());
        let (lists, users) = ([world.list, other], [world.user, world.user]);
        walk(&mut world, &steps, lists, users);
        world.list = lists[0];
        let _ = world.db.restore_list(&world.list.to_string(), None, Actor::default(), world.now);
        let last: i64 = world.db.db.query_row("SELECT max(rowid) FROM leads", [], |r| r.get(0)).unwrap();
        let before = untouchable(&world, last);
        let start = ImportStart { list: Some(world.list), source: "x".into(), user: None, now: world.now };
        let import = world.db.begin_import(&start).unwrap();
        let rows: Vec<StagedRow> = (from..from + count).map(|number| {
            let mut row = row(number);
            row.company = Some("改名".into());
            row.categories = Vec::new();
            row
        }).collect();
        let policy = StagePolicy { blanks: if blank { crate::staging::Blanks::ALL } else { crate::staging::Blanks::default() }, ..StagePolicy::default() };
        world.stage(import, &rows, policy).unwrap();
        prop_assert_eq!(&untouchable(&world, last), &before);
        world.db.commit_import(import, &serde_json::json!({}), Actor::default(), world.now).unwrap();
        prop_assert!(world.reader().verify(&StatsQuery::default()).unwrap().is_empty());
        prop_assert_eq!(&untouchable(&world, last), &before);
        world.undo(import);
        prop_assert_eq!(&untouchable(&world, last), &before);
        prop_assert!(world.reader().verify(&StatsQuery::default()).unwrap().is_empty());
    }
}

/// S4.18: the figures of a day begin anew at midnight in Japan, and yesterday's stay.
#[test]
fn a_day_begins_at_midnight_in_japan() {
    let mut world = World::new(4);
    // 23:59 in Japan.
    world.now = crate::time::BusinessDate::of(NOW).end() - MINUTE;
    world.call("talked");
    world.now += 2 * MINUTE;
    world.call("不通");
    let days = world.reader().tally(&StatsQuery::default(), TallyBy::Day).unwrap();
    let shown: Vec<_> =
        days.iter().map(|row| (row.name.as_str(), row.stats.calls, row.stats.connects)).collect();
    assert_eq!(shown, [("2026-11-21", 1, 1), ("2026-11-22", 1, 0)]);
    let hours = world.reader().tally(&StatsQuery::default(), TallyBy::Hour).unwrap();
    assert_eq!(hours.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["0", "23"]);
    let lists = world.reader().tally(&StatsQuery::default(), TallyBy::List).unwrap();
    assert_eq!((lists[0].name.as_str(), lists[0].stats.registered, lists[0].stats.works), ("リスト", 4, 2));
}

/// A figure that was tampered with is found.
#[test]
fn a_wrong_figure_is_found() {
    let mut world = World::new(3);
    world.call("talked");
    world.db.db.execute("UPDATE lists SET registered = 9", []).unwrap();
    world.db.db.execute("UPDATE leads SET attempts = attempts + 1 WHERE position = 1", []).unwrap();
    let found = world.reader().verify(&StatsQuery::default()).unwrap();
    let figures: Vec<&str> = found.iter().map(|wrong| wrong.what.as_str()).collect();
    assert!(figures.contains(&"registered") && figures.contains(&"attempts of lead"), "{figures:?}");
    assert!(!world.reader().check(true).unwrap().is_sound());
}

/// S1.40: a lead whose last result is not that of its calls is found where the whole database is looked at: 2回目 follows from it.
#[test]
fn a_wrong_last_result_is_found() {
    let mut world = World::new(3);
    world.call("talked");
    world.call("不通");
    world.db.db.execute("UPDATE leads SET last_disposition = 'prospect' WHERE position = 2", []).unwrap();
    world.db.db.execute("UPDATE leads SET last_disposition = 'prospect' WHERE position = 3", []).unwrap();
    let found = world.reader().verify(&StatsQuery::default()).unwrap();
    let leads = world.leads();
    let wrong: Vec<_> = found.iter().map(|wrong| (wrong.what.as_str(), wrong.key.clone())).collect();
    let expected = |at: usize| ("last result of lead", leads[at].id.to_string());
    assert_eq!(wrong, [expected(1), expected(2)]);
    assert!(!world.reader().check(true).unwrap().is_sound());
    assert!(world.reader().check(false).unwrap().is_sound(), "it is left to the full look, which says so");
}

/// S1.27, S1.28, C8: what lay in the bin of a list for 30 days goes; what belongs to calls stays as a number.
#[test]
fn the_bin_of_lists_is_emptied_after_thirty_days() {
    let mut world = World::new(3);
    let claimed = world.dial().unwrap();
    world.finish(claimed.attempt, "talked");
    let leads = world.reader().find_leads(world.list, &ViewFilter::default()).unwrap();
    let by = Actor::default();
    let gone = &leads[..2];
    world.db.change_leads(world.list, &gone.to_vec().into(), &LeadChange::Delete, by, world.now).unwrap();
    let deleted_at = world.now;
    let calls = |world: &World| -> i64 {
        world
            .db
            .db
            .query_row("SELECT count(*) FROM attempts WHERE lead_id IS NOT NULL", [], |r| r.get(0))
            .unwrap()
    };
    let left = |world: &World| -> i64 {
        world.db.db.query_row("SELECT count(*) FROM leads", [], |r| r.get(0)).unwrap()
    };
    assert_eq!(world.empty_bins(deleted_at), (0, 0), "not yet");
    assert_eq!(world.empty_bins(deleted_at + 1), (2, 1));
    assert_eq!((left(&world), calls(&world)), (2, 1), "the called one is a number now");
    let list = world.list;
    assert!(world.reader().bin(list).unwrap().is_empty());
    assert_eq!(world.db.restore_leads(list, 0, None).unwrap().0.changed, 0, "it cannot be brought back");
    let name: Option<String> =
        world.db.db.query_row("SELECT company FROM leads WHERE id = ?1", [leads[0]], |r| r.get(0)).unwrap();
    assert_eq!(name, None);

    world.db.delete_list(list, by, world.now).unwrap();
    // It may be half empty by then.
    let late = world.now + crate::model::TRASH_MS + 1;
    assert_eq!(world.db.restore_list("リスト", None, by, late).unwrap_err().code(), "E-NOT-FOUND");
    let than = world.now + 1;
    assert_eq!(world.empty_bins(than), (2, 2), "its last lead, and then itself");
    assert_eq!((left(&world), calls(&world)), (1, 1));
    assert!(world.reader().deleted_lists().unwrap().is_empty());
    assert!(world.reader().verify(&StatsQuery::default()).unwrap().is_empty());
    let broken: i64 =
        world.db.db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0)).unwrap();
    assert_eq!(broken, 0);
}

/// S1.28: however long a list was, and however often it was imported, no slice of emptying its bin takes longer than the first: leads that
/// were called stay as numbers, and what imports overwrote of other lists is none of it. What they overwrote of this one goes with it.
#[test]
fn emptying_a_bin_looks_at_nothing_twice() {
    let mut world = World::new(1_200);
    let (list, by, other) = (world.list, Actor::default(), world.list("二"));
    let import = ImportId::generate(NOW);
    let sql = "INSERT INTO imports (id, list_id, source, state, first_position, created_at) VALUES (?1, ?2, 'x', 'committed', 1, 1)";
    world.db.db.execute(sql, (import, other)).unwrap();
    let much = "
        CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n;
        INSERT INTO import_changes (import_id, kind, row_id, version, before)
          SELECT (SELECT id FROM imports ORDER BY id DESC LIMIT 1), 'lead', randomblob(16), 1, '{}' FROM n;
        INSERT INTO import_changes (import_id, kind, row_id, version, before)
          SELECT import_id, 'lead', id, 1, '{}' FROM leads;
        INSERT INTO attempts (id, box_id, seat, direction, origin, lead_id, phone, dial_string, business_day, claimed_at, dialed_at,
            ended_at, sealed_at, disposition)
          SELECT randomblob(16), 'box-1', 'a', 'out', 'list', id, phone, '03', 20260101, 1, 1, 2, 3, 'talked' FROM leads;";
    world.db.db.execute_batch(much).unwrap();
    world.db.delete_list(list, by, NOW).unwrap();
    let mut most = (0, 0);
    let mut at = Some(BinAt::default());
    while let Some(from) = at {
        let (_, steps) = world.steps(|world| at = world.db.purge_lists(NOW + 1, NOW + 1, from).unwrap().1);
        most = if matches!(from, BinAt::Leads { after: 0, .. }) {
            (steps, most.1)
        } else {
            (most.0, most.1.max(steps))
        };
    }
    assert!(
        most.1 <= most.0 * 2,
        "the first slice of leads takes {} hundred steps, others {}",
        most.0,
        most.1
    );
    let left = |sql: &str| -> i64 { world.db.db.query_row(sql, [], |r| r.get(0)).unwrap() };
    assert_eq!(left("SELECT count(*) FROM import_changes"), 20_000);
    assert_eq!(left("SELECT count(*) FROM leads WHERE deleted_at = 0 AND company IS NULL"), 1_200);
    assert_eq!(left("SELECT count(*) FROM lists WHERE deleted_at = 0"), 1);
}

/// A log that an import left long is cut in a quiet moment; a reader keeps it as it is, and is not waited for.
#[test]
fn a_long_log_is_cut_when_it_is_quiet() {
    let mut world = World::new(100);
    let mut log = world.path.clone().into_os_string();
    log.push("-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let long = 30 << 20;
    let reader = rusqlite::Connection::open(&world.path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM leads;").unwrap();
    world.call("talked");
    std::fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(long).unwrap();
    world.db.log_frames.store(1_000, Ordering::Relaxed);
    world.db.upkeep(std::time::Duration::from_millis(200));
    assert_eq!(length(), long, "somebody reads");
    reader.execute_batch("COMMIT").unwrap();
    world.call("talked");
    world.db.log_frames.store(1_000, Ordering::Relaxed);
    world.db.upkeep(std::time::Duration::from_millis(200));
    assert!(length() < 1 << 20, "{}", length());
    world.call("talked");
    assert_eq!(world.reader().history(&crate::model::HistoryQuery::default()).unwrap().len(), 3);
}
