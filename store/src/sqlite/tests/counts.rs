//! Counters equal a recount after any history (S4.14-S4.19), and `why` says the truth.

use proptest::prelude::*;

use super::super::last_call::LastCall;
use super::*;
use crate::model::{
    Amend, CallKind, OpenResults, StatsQuery, TallyBy, ViewFilter, WhyContext, WhyQuery, WhyReason, Worked,
};
use crate::time::{BusinessDate, DAY_MS};

const STATUSES: [&str; 7] =
    ["no_contact", "fax", "not_in_service", "prospect", "callback", "do_not_call", "talked"];

/// Lead attempts counted again from the rows.
fn attempts_of_rows(world: &World) -> Vec<(LeadId, u32)> {
    let sql = "SELECT l.id, (SELECT count(*) FROM attempts a
                 WHERE a.lead_id = l.id AND a.void = 0 AND a.ended_at IS NOT NULL)
               FROM leads l ORDER BY l.list_id, l.position";
    let mut statement = world.db.db.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.map(|row| row.unwrap()).collect()
}

/// The last call and result that each number's leads show, beside what the rows say.
fn last_calls(world: &World) -> Vec<(LastCall, LastCall)> {
    let sql = "SELECT phone, last_disposition, last_user_id, last_at, last_kind, last_memo FROM leads";
    let mut statement = world.db.db.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| {
        let shown = LastCall {
            disposition: r.get(1)?,
            user: r.get(2)?,
            at: r.get(3)?,
            kind: r.get(4)?,
            memo: r.get(5)?,
        };
        Ok((r.get::<_, String>(0)?, shown))
    });
    rows.unwrap().map(|row| row.unwrap()).map(|(phone, shown)| (shown, last_of_rows(world, &phone))).collect()
}

/// S1.31-S1.33: kind, user and time of the last call. S1.40: the result of the last that was judged or of a list, with its memo or
/// that of a later call that has one.
fn last_of_rows(world: &World, phone: &str) -> LastCall {
    let sql = "SELECT disposition, user_id, dialed_at, direction, answered_at, ifnull(memo, ''), origin FROM attempts
               WHERE phone = ?1 AND void = 0 AND (ended_at IS NOT NULL OR save_seq > 0) ORDER BY dialed_at";
    let mut statement = world.db.db.prepare(sql).unwrap();
    let mut rows = statement.query([phone]).unwrap();
    let mut last = LastCall::default();
    while let Some(row) = rows.next().unwrap() {
        let (disposition, memo): (Option<String>, String) = (row.get(0).unwrap(), row.get(5).unwrap());
        let listed = row.get::<_, String>(6).unwrap() == "list";
        let incoming = row.get::<_, String>(3).unwrap() == "in";
        last.user = row.get(1).unwrap();
        last.at = row.get(2).unwrap();
        last.kind = Some(CallKind::of(incoming, row.get::<_, Option<i64>>(4).unwrap().is_some()));
        if disposition.is_some() || listed {
            last.disposition = disposition;
            last.memo = Some(memo).filter(|memo| !memo.is_empty());
        } else if !memo.is_empty() {
            last.memo = Some(memo);
        }
    }
    last
}

/// A call by hand with one of the numbers: `None` leaves it without a result.
fn by_hand(world: &mut World, number: usize, status: Option<&str>, memo: Option<&str>) -> Option<AttemptId> {
    let call = rules::manual(world, &phone(number).national());
    let attempt = world.db.open_manual(&call).ok()?.attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let mut save = world.save(attempt, status.unwrap_or_default());
    save.memo = memo.map(str::to_owned);
    world.db.save(&save).unwrap();
    world.db.seal(attempt, world.now + 21_000).unwrap();
    Some(attempt)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// S1.31-S1.33, S1.40, S4.38: whatever is called from lists and by hand, saved and amended in whatever order, leads show what a
    /// reading of the rows says, those that come to a list later too.
    #[test]
    fn leads_show_the_last_call_and_the_last_result(
        moves in prop::collection::vec((0_usize..9, 0_usize..6, 0_usize..3), 1..40)
    ) {
        let mut world = World::new(6);
        let other = world.list("second");
        world.import(other, &[row(3), row(40)]);
        let mut sealed = Vec::new();
        for (at, (action, pick, memo)) in moves.into_iter().enumerate() {
            world.now += 7 * 60 * MINUTE;
            world.list = [world.list, other][usize::from(at % 5 == 0)];
            let text = format!("memo {at}");
            let memo = [None, Some(""), Some(text.as_str())][memo];
            match action {
                0 | 1 => {
                    if let Some(claimed) = world.dial() {
                        world.finish(claimed.attempt, STATUSES[pick]);
                        sealed.push(claimed.attempt);
                    }
                }
                2 => {
                    if let Some(claimed) = world.dial() {
                        world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
                        world.db.seal(claimed.attempt, world.now + 21_000).unwrap();
                        sealed.push(claimed.attempt);
                    }
                }
                3 | 4 => sealed.extend(by_hand(&mut world, pick, None, memo)),
                5 => sealed.extend(by_hand(&mut world, pick, Some("prospect"), memo)),
                // Somebody calls in, and may leave nothing.
                6 => {
                    let call = world.incoming_call(Some(&phone(pick).national()));
                    let attempt = world.db.open_incoming(&call).unwrap().attempt;
                    world.db.end_attempt(&world.ended(attempt)).unwrap();
                    world.db.seal(attempt, world.now + 21_000).unwrap();
                    sealed.push(attempt);
                }
                // Saved while it runs, and void in the end.
                7 => {
                    if let Some(claimed) = world.dial() {
                        let mut save = world.save(claimed.attempt, "");
                        save.memo = Some(text.clone());
                        world.db.save(&save).unwrap();
                        let mut end = world.ended(claimed.attempt);
                        end.void = Some("503".into());
                        world.db.end_attempt(&end).unwrap();
                    }
                }
                _ => {
                    if let Some(&attempt) = sealed.get(pick * sealed.len() / 6) {
                        let amend = Amend {
                            attempt,
                            status: (at % 2 == 0).then(|| STATUSES[pick].to_owned()),
                            memo: memo.map(str::to_owned),
                            recall_at: None,
                            reason: "x".into(),
                            scope: crate::permission::Scope::All,
                            by: world.actor(),
                            now: world.now,
                        };
                        world.db.amend(&amend).unwrap();
                    }
                }
            }
        }
        let third = world.list("third");
        world.import(third, &(0..6).map(row).collect::<Vec<_>>());
        for (shown, rows) in last_calls(&world) {
            let memo = shown.memo.clone().filter(|memo| !memo.is_empty());
            prop_assert_eq!(LastCall { memo, ..shown }, rows);
        }
    }

    #[test]
    fn counters_equal_a_recount(moves in prop::collection::vec((0_usize..12, 0_i64..3), 1..50)) {
        let mut world = World::new(6);
        let second = world.list("second");
        world.import(second, &[row(3), row(40), row(41)]);
        let lists = [world.list, second];
        let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        let users = [world.user, bob];
        for (action, list) in moves {
            world.now += 7 * 60 * MINUTE;
            world.list = lists[usize::try_from(list).unwrap() % 2];
            world.user = users[action % 2];
            match action {
                0..=6 => {
                    if let Some(claimed) = world.dial() {
                        world.finish(claimed.attempt, STATUSES[action]);
                    }
                }
                7 => {
                    if let Some(claimed) = world.dial() {
                        let mut end = world.ended(claimed.attempt);
                        end.void = Some("503".into());
                        world.db.end_attempt(&end).unwrap();
                    }
                }
                // Left blank.
                8 => {
                    if let Some(claimed) = world.dial() {
                        let mut end = world.ended(claimed.attempt);
                        end.answered_at = Some(world.now + 5000);
                        world.db.end_attempt(&end).unwrap();
                        world.db.seal(claimed.attempt, world.now + 30_000).unwrap();
                    }
                }
                // A crash.
                9 => {
                    let _ = world.dial();
                    world.db.recover(world.now + 1000).unwrap();
                }
                10 => {
                    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
                }
                _ => {
                    let _ = world.dial();
                }
            }
        }
        let today = BusinessDate::of(NOW);
        let tomorrow = BusinessDate::of(NOW + DAY_MS);
        let mut queries = vec![StatsQuery::default()];
        for user in users {
            for list in lists {
                queries.push(StatsQuery { user: Some(user), list: Some(list), ..StatsQuery::default() });
            }
        }
        queries.push(StatsQuery { from: Some(today), to: Some(today), ..StatsQuery::default() });
        queries.push(StatsQuery { from: Some(tomorrow), project: Some(world.project), ..StatsQuery::default() });
        let mut reader = world.reader();
        for query in &queries {
            prop_assert_eq!(reader.stats(query).unwrap(), reader.stats_recount(query).unwrap(), "{:?}", query);
        }
        // The days add up to the whole, works apart: a lead called on two days is one.
        let whole = reader.stats(&StatsQuery::default()).unwrap();
        let days = reader.tally(&StatsQuery::default(), TallyBy::Day).unwrap();
        prop_assert_eq!(whole.calls, days.iter().map(|day| day.stats.calls).sum::<u64>());
        prop_assert_eq!(whole.connects, days.iter().map(|day| day.stats.connects).sum::<u64>());
        prop_assert!(whole.works <= whole.registered);
        // The copies on the leads say the same as the rows.
        let listed: Vec<(LeadId, u32)> = {
            let mut statement =
                world.db.db.prepare("SELECT id, attempts FROM leads ORDER BY list_id, position").unwrap();
            let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
            rows.map(|row| row.unwrap()).collect()
        };
        prop_assert_eq!(listed, attempts_of_rows(&world));
        let info = reader.lists().unwrap();
        prop_assert_eq!(info.iter().map(|list| list.total).sum::<u64>(), whole.registered);
        prop_assert_eq!(
            info.iter().map(|list| list.worked).sum::<u64>(),
            attempts_of_rows(&world).iter().filter(|(_, count)| *count > 0).count() as u64
        );
    }

    /// A lead is eligible by `why` exactly when the next claim would take it or one before it.
    #[test]
    fn why_agrees_with_the_claim(moves in prop::collection::vec(0_usize..10, 0..20)) {
        let mut world = World::new(5);
        for action in moves {
            world.now += 5 * MINUTE;
            match action {
                0..=6 => {
                    if let Some(claimed) = world.dial() {
                        world.finish(claimed.attempt, STATUSES[action]);
                    }
                }
                7 => {
                    let lead = world.leads()[3].id;
                    world.exclude(lead, None);
                }
                8 => {
                    let _ = world.dial();
                }
                _ => {
                    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
                }
            }
        }
        let context = WhyContext { now: world.now, limit: 100, ..WhyContext::default() };
        let answer = world.reader().why(&WhyQuery::List(world.list), &context).unwrap();
        let expected = answer.rows.iter().find(|row| row.eligible).map(|row| row.lead);
        prop_assert_eq!(answer.summary.iter().map(|(_, count)| count).sum::<u64>(), 5);
        let claimed = world.dial();
        prop_assert_eq!(claimed.is_some(), expected.is_some());
        if let Some(claimed) = claimed {
            let row = answer.rows.iter().find(|row| Some(row.lead) == claimed.lead).unwrap();
            prop_assert_eq!(row.reason, WhyReason::Eligible);
        }
    }
}

#[test]
fn why_names_the_reason_for_one_lead() {
    let mut world = World::new(4);
    let context = WhyContext { now: NOW, ..WhyContext::default() };
    world.call("no_contact");
    let held = world.dial().unwrap();
    let lead = world.leads()[2].id;
    world.exclude(lead, Some("契約済"));
    let mut reader = world.reader();
    // S1.25: whoever asks for the list is told of those that are excluded, in their place.
    let rows = reader.why(&WhyQuery::List(world.list), &context).unwrap().rows;
    let told: Vec<_> = rows.iter().map(|row| (row.position, row.reason == WhyReason::Excluded)).collect();
    assert_eq!(told, [(1, false), (3, true), (4, false)]);
    let mut reason = |query: WhyQuery| reader.why(&query, &context).unwrap().rows.remove(0);
    let later = reason(WhyQuery::Position(world.list, 1));
    assert_eq!((later.reason, later.round, later.attempts), (WhyReason::LaterRound, 2, 1));
    assert_eq!(later.status.as_deref(), Some("不通"), "the label, not the code");
    assert_eq!(later.phone, phone(0).expose());
    let claimed = reason(WhyQuery::Lead(held.lead.unwrap()));
    assert_eq!((claimed.reason, claimed.seat.as_deref()), (WhyReason::Claimed, Some("a")));
    assert_eq!(claimed.unjudged, None, "it is under way");
    let excluded = reason(WhyQuery::Phone(phone(2).national()));
    assert_eq!(excluded.reason, WhyReason::Excluded);
    assert_eq!(excluded.excluded_reason.as_deref(), Some("契約済"));
    assert!(reason(WhyQuery::Position(world.list, 4)).eligible);
    assert!(reader.why(&WhyQuery::Position(world.list, 5), &context).is_err());
    // It ended, and no seat shows it any more: its result is what is missing.
    world.db.end_attempt(&world.ended(held.attempt)).unwrap();
    let mut world = world.reopen();
    let why = world.reader().why(&WhyQuery::Lead(held.lead.unwrap()), &context).unwrap().rows.remove(0);
    assert_eq!(why.unjudged, Some(held.attempt));
    let open = world.db.open_results(&[]).unwrap();
    assert_eq!((open.interrupted, open.blank), (0, 1));
    assert_eq!(world.db.open_results(&[held.attempt]).unwrap().blank, 0, "a seat has it");
    world.db.save(&world.save(held.attempt, "talked")).unwrap();
    assert_eq!(world.db.open_results(&[]).unwrap(), OpenResults::default());
}

/// X7: a lead whose owner may not use the list is offered to nobody, and that is what is said of it.
#[test]
fn why_names_an_owner_who_may_not_use_the_list() {
    let mut world = World::new(2);
    let [bob, carol] =
        ["bob", "carol"].map(|login| world.db.ensure_user(login, login, Role::Operator, NOW).unwrap());
    let lead = world.leads()[0].id;
    lists::change(&mut world, &[lead], &crate::model::LeadChange::Assign { users: vec![bob] });
    world.db.grant_list(world.list, &[carol], true, Actor::default(), NOW).unwrap();
    let context = WhyContext { now: NOW, user: Some(carol), ..WhyContext::default() };
    let why = |world: &World| world.reader().why(&WhyQuery::List(world.list), &context).unwrap();
    let answer = why(&world);
    let row = answer.rows.iter().find(|row| row.lead == lead).unwrap();
    assert_eq!((row.reason, row.eligible, row.owner.as_deref()), (WhyReason::OwnerGrant, false, Some("bob")));
    assert_eq!(answer.summary.iter().find(|(reason, _)| *reason == WhyReason::OwnerGrant).unwrap().1, 1);
    // The list tells them apart from what is called.
    let figures = |world: &World| {
        let list = world.reader().lists().unwrap().remove(0);
        (list.total, list.dialable, list.shut_out)
    };
    assert_eq!(figures(&world), (2, 1, 1));
    world.user = carol;
    assert!(world.dial().is_some());
    assert!(world.dial().is_none(), "bob's is not carol's");
    assert_eq!(figures(&world), (2, 0, 1));
    world.db.grant_list(world.list, &[bob], true, Actor::default(), NOW).unwrap();
    assert_eq!(figures(&world), (2, 1, 0));
    assert!(why(&world).rows.iter().find(|row| row.lead == lead).unwrap().eligible);
}

/// S1.37, C9: what is nobody's is offered to nobody where the project does not share it. It is no 発信対象, and that is what is said of it.
#[test]
fn leads_of_nobody_are_called_where_they_are_shared() {
    let mut world = World::new(4);
    let leads: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    let to_alice = crate::model::LeadChange::Assign { users: vec![world.user] };
    lists::change(&mut world, &leads[..1], &to_alice);
    world.exclude(leads[3], None);
    let pooled = |world: &mut World, pooled| {
        let edit = crate::model::ProjectEdit { pooled: Some(pooled), ..Default::default() };
        world.db.edit_project(world.project, &edit, Actor::default(), NOW).unwrap();
    };
    let context = WhyContext { now: NOW, user: Some(world.user), ..WhyContext::default() };
    let told = |world: &World| {
        let list = world.reader().lists().unwrap().remove(0);
        let why = world.reader().why(&WhyQuery::List(list.id), &context).unwrap();
        let reasons: Vec<_> = why.rows.iter().map(|row| (row.reason, row.eligible)).collect();
        let unassigned = why.summary.iter().find(|(reason, _)| *reason == WhyReason::Unassigned);
        ((list.dialable, list.unassigned), unassigned.map_or(0, |(_, count)| *count), reasons)
    };
    let (yes, excluded) = ((WhyReason::Eligible, true), (WhyReason::Excluded, false));
    assert_eq!(told(&world), ((3, 0), 0, vec![yes, yes, yes, excluded]));
    pooled(&mut world, false);
    let no = (WhyReason::Unassigned, false);
    assert_eq!(told(&world), ((1, 2), 2, vec![yes, no, no, excluded]));
    // One of them is put off.
    world
        .db
        .db
        .execute("UPDATE leads SET state = 'waiting', next_eligible_at = 1 WHERE position = 2", [])
        .unwrap();
    assert_eq!(told(&world), ((1, 2), 2, vec![yes, no, no, excluded]));
    // What an import brings is not there before it is committed.
    let start = ImportStart { list: Some(world.list), source: "x".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    world.stage(import, &[row(9)], StagePolicy::default()).unwrap();
    assert_eq!(told(&world).0, (1, 2));
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    assert_eq!(told(&world).0, (1, 3));
    assert!(world.dial().is_some());
    assert!(world.dial().is_none(), "nobody's are not alice's");
    assert_eq!(told(&world).0, (0, 3));
    pooled(&mut world, true);
    assert_eq!(told(&world).0, (3, 0));
    assert!(world.dial().is_some());
}

/// S4.18.
#[test]
fn the_day_changes_at_midnight_in_japan() {
    let mut world = World::new(2);
    let midnight = BusinessDate::of(NOW).end();
    world.now = midnight - 1;
    world.call("talked");
    world.now = midnight;
    world.call("talked");
    let mut reader = world.reader();
    for day in [BusinessDate::of(NOW), BusinessDate::of(midnight)] {
        let query = StatsQuery { from: Some(day), to: Some(day), ..StatsQuery::default() };
        assert_eq!(reader.stats(&query).unwrap().calls, 1);
    }
    assert_eq!(reader.tally(&StatsQuery::default(), TallyBy::Day).unwrap().len(), 2);
    let whole = reader.stats(&StatsQuery::default()).unwrap();
    assert_eq!(whole.connect_rate(), Some(1.0));
    assert_eq!(whole.works, whole.registered);
}

/// S4.14, S4.16, C9: leads that were called and are deleted since are in neither figure of 進捗, which is never above 100 % and the
/// same everywhere; works and calls stay what they were.
#[test]
fn deleted_leads_are_no_part_of_the_progress() {
    let mut world = World::new(5);
    for _ in 0..4 {
        world.call("talked");
    }
    let leads = world.reader().find_leads(world.list, &ViewFilter::default()).unwrap();
    lists::change(&mut world, &leads[..2], &crate::model::LeadChange::Delete);
    let shown = |world: &World| {
        let mut reader = world.reader();
        let stats = reader.stats(&StatsQuery::default()).unwrap();
        for by in TallyBy::ALL {
            let tally = reader.tally(&StatsQuery::default(), by).unwrap()[0].stats;
            assert_eq!((tally.works, tally.calls), (4, 4), "{by:?}");
            let registered = if by.as_str() == "list" { stats.registered } else { tally.registered };
            assert_eq!(tally.registered, registered);
        }
        assert_eq!(reader.verify(&StatsQuery::default()).unwrap(), []);
        assert_eq!((stats.works, stats.calls), (4, 4), "what was done stays done");
        let progress: Worked =
            reader.worked(&StatsQuery::default()).unwrap().iter().map(|list| list.worked).sum();
        assert_eq!(progress.registered, stats.registered);
        let info = reader.lists().unwrap();
        assert!(info.iter().all(|list| (list.worked, list.total) == (progress.worked, progress.registered)));
        (progress.worked, progress.registered)
    };
    assert_eq!(shown(&world), (2, 3));
    world.db.restore_leads(world.list, world.now, None).unwrap();
    assert_eq!(shown(&world), (4, 5));
    world.db.delete_list(world.list, Actor::default(), world.now).unwrap();
    assert_eq!(shown(&world), (0, 0));
    world.db.restore_list(&world.list.to_string(), None, Actor::default(), world.now).unwrap();
    assert_eq!(shown(&world), (4, 5));
}

/// S4.16, S4.17: 進捗 is leads called at least once of those registered, excluded ones included; コネクト率 is connects of calls,
/// and a call whose result was left blank is a call.
#[test]
fn progress_and_rate_are_shares_of_leads_and_of_calls() {
    let mut world = World::new(4);
    let nothing = world.list("空");
    let stats = |world: &World, list| {
        world.reader().stats(&StatsQuery { list: Some(list), ..StatsQuery::default() }).unwrap()
    };
    let progress = |world: &World, list| {
        let query = StatsQuery { list: Some(list), ..StatsQuery::default() };
        world.reader().worked(&query).unwrap()[0].worked.share()
    };
    assert_eq!((progress(&world, nothing), stats(&world, nothing).connect_rate()), (None, None));
    world.call("talked");
    let claimed = world.dial().unwrap();
    let end = world.ended(claimed.attempt);
    world.db.end_attempt(&end).unwrap();
    world.db.seal(claimed.attempt, world.now + 21_000).unwrap();
    let lead = world.reader().find_leads(world.list, &ViewFilter::default()).unwrap()[3];
    world.exclude(lead, None);
    let stats = stats(&world, world.list);
    assert_eq!((stats.works, stats.calls, stats.connects, stats.registered), (2, 2, 1, 4));
    assert_eq!((progress(&world, world.list), stats.connect_rate()), (Some(0.5), Some(0.5)));
}

/// X7: figures are of lists that somebody may use, and of their own calls, however they are asked for.
#[test]
fn figures_leave_out_lists_of_others() {
    let mut world = World::new(2);
    let (alice, open) = (world.user, world.list);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let closed = world.list("他の人のリスト");
    world.import(closed, &[row(10), row(11), row(12)]);
    world.call("通話済");
    world.list = closed;
    world.call("見込");
    world.user = bob;
    world.call("見込");
    world.db.grant_list(closed, &[bob], true, Actor::default(), NOW).unwrap();
    let of = |world: &World, user| {
        let query = StatsQuery { granted_to: user, ..StatsQuery::default() };
        let mut reader = world.reader();
        let stats = reader.stats(&query).unwrap();
        assert_eq!(stats, reader.stats_recount(&query).unwrap());
        let by_user: u64 =
            reader.tally(&query, TallyBy::User).unwrap().iter().map(|row| row.stats.calls).sum();
        assert_eq!(by_user, stats.calls);
        let lists: Vec<ListId> = reader.worked(&query).unwrap().into_iter().map(|row| row.list).collect();
        (stats.calls, stats.registered, lists.contains(&open), lists.contains(&closed))
    };
    assert_eq!(of(&world, None), (3, 5, true, true));
    assert_eq!(of(&world, Some(alice)), (2, 2, true, false));
    assert_eq!(of(&world, Some(bob)), (3, 5, true, true));
    assert_eq!(of(&world, Some(UserId(0))), (1, 2, true, false), "nobody's user");
}

/// The rows of a list come in the order in which it is dialed.
#[test]
fn why_goes_by_the_order_of_the_list() {
    use crate::model::{DialOrder, ListEdit};
    let mut world = World::new(5);
    for (order, expected) in [
        (DialOrder::Newest, Some([5, 4, 3])),
        (DialOrder::Random, None),
        (DialOrder::Position, Some([1, 2, 3])),
    ] {
        let edit = ListEdit { order: Some(order), ..ListEdit::default() };
        world.db.edit_list(world.list, &edit, Actor::default(), NOW).unwrap();
        let mut after = Some(0);
        while let Some(from) = after {
            after = world.db.reorder_list(world.list, from).unwrap();
        }
        let context = WhyContext { now: world.now, limit: 3, ..WhyContext::default() };
        let rows = world.reader().why(&WhyQuery::List(world.list), &context).unwrap().rows;
        let told: Vec<i64> = rows.iter().map(|row| row.position).collect();
        if let Some(expected) = expected {
            assert_eq!(told, expected, "{order}");
        }
        let next = world.dial().unwrap();
        assert_eq!(next.position, told[0], "{order}");
        let end = AttemptEnd { void: Some("shutdown".into()), ..world.ended(next.attempt) };
        world.db.end_attempt(&end).unwrap();
        let sql = "UPDATE leads SET state = 'ready', next_eligible_at = NULL";
        world.db.db.execute(sql, []).unwrap();
        // No number was called just now.
        world.now += 10 * MINUTE;
    }
}
