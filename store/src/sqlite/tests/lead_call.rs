//! Leads called by hand, by any of their numbers (S4.41, X3).

use super::rules::manual;
use super::*;
use crate::error::{DialRefusal, Error};
use crate::model::{
    DncEntry, HistoryQuery, LeadChange, ManualCall, Origin, ProjectEdit, StatsQuery, TaskChange, TaskQuery,
    TaskStep,
};
use crate::permission::Scope;

const MOBILE: &str = "09011112222";

/// A lead with a further number.
fn with_mobile(world: &mut World) -> LeadId {
    let lead = world.leads()[0].id;
    let by = world.actor();
    world.db.add_lead_phone(lead, MOBILE, Some("携帯"), by, NOW).unwrap();
    lead
}

pub(super) fn by_hand(world: &World, lead: LeadId, number: &str) -> ManualCall {
    ManualCall { lead: Some(lead), project: None, ..manual(world, number) }
}

/// S4.14, S4.41, S1.31: the call is the lead's: in the counts, in the list's history, in its last result; nobody else is given it
/// meanwhile.
#[test]
fn a_call_by_a_further_number_is_a_call_of_its_lead() {
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    let call = by_hand(&world, lead, MOBILE);
    let (claimed, commits) = world.commits(|db| db.open_manual(&call));
    assert_eq!(commits, 1);
    assert_eq!((claimed.lead, claimed.list, claimed.position), (Some(lead), Some(world.list), 1));
    assert_eq!((claimed.phone.national(), claimed.company.as_deref()), (MOBILE.to_owned(), Some("会社0")));
    assert_eq!(claimed.caller_id.as_deref(), Some("0312340000"), "the project's");
    assert!(world.dial().is_none(), "nobody is given a lead that is on the phone");
    let again = world.db.open_manual(&by_hand(&world, lead, phone(0).expose())).unwrap_err();
    assert!(matches!(again, Error::State { is: "under way", .. }), "{again}");
    world.finish(claimed.attempt, "見込");
    let row = world.lead(Some(lead));
    assert_eq!((row.state, row.attempts, row.last_at), (LeadState::Task, 1, Some(NOW)));
    assert_eq!((row.last_status.as_deref(), row.last_user), (Some("prospect"), Some(world.user)));
    let history = world.reader().history(&HistoryQuery::default()).unwrap();
    assert_eq!((history.len(), history[0].origin, history[0].lead), (1, Origin::List, Some(lead)));
    assert_eq!(history[0].phone.as_deref(), Some("+819011112222"), "what was dialed");
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.works, stats.calls, stats.connects), (1, 1, 1));
    assert_eq!(stats, world.reader().stats_recount(&StatsQuery::default()).unwrap());
    // The next call of the lead answers its task, whichever number it is made to.
    world.now += 10 * MINUTE;
    let next = world.db.open_manual(&by_hand(&world, lead, &phone(0).national())).unwrap();
    world.finish(next.attempt, "通話済");
    assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty());
    assert_eq!((world.lead(Some(lead)).state, world.lead(Some(lead)).attempts), (LeadState::Done, 2));
    assert!(world.is_sound());
}

/// Do-not-call and the repeat floor are asked of the number that is dialed, with the project of the lead's list.
#[test]
fn the_number_that_is_dialed_is_judged() {
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    let block = |world: &mut World, number: &str| {
        let entry = DncEntry {
            project: Some(world.project),
            ..DncEntry::by_hand(number, "断り", Actor::default(), world.now)
        };
        world.db.dnc_add_all(&[entry]).unwrap();
    };
    block(&mut world, &phone(0).national());
    let main = world.db.open_manual(&by_hand(&world, lead, &phone(0).national())).unwrap_err();
    // Another project may not be named for a lead.
    assert!(matches!(main, Error::DoNotCall { may_name: false, .. }), "{main}");
    assert_eq!(world.lead(Some(lead)).state, LeadState::Skipped, "by itself it is not called");
    let first = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap();
    world.finish(first.attempt, "不通");
    assert_eq!((world.lead(Some(lead)).state, world.lead(Some(lead)).round), (LeadState::Skipped, 2));
    world.now += MINUTE;
    let soon = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap_err();
    assert!(matches!(soon, Error::Refused(DialRefusal::RepeatGap { .. })), "{soon}");
    world.now += 10 * MINUTE;
    let second = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap();
    world.finish(second.attempt, "不通");
    assert_eq!(world.lead(Some(lead)).round, 2, "two calls in a round leave it due in the next");
    block(&mut world, MOBILE);
    world.now += 10 * MINUTE;
    let blocked = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap_err();
    assert!(matches!(blocked, Error::DoNotCall { .. }), "{blocked}");
    let foreign = world.db.open_manual(&by_hand(&world, lead, "0399990000")).unwrap_err();
    assert!(matches!(foreign, Error::NotFound { what: "number of the lead", .. }), "{foreign}");
    assert!(!foreign.to_string().contains("99990000"), "{foreign}");
}

/// S1.25: by which numbers past calls lead to somebody who is excluded: each that the lead has, while its list is not in the bin.
#[test]
fn a_number_is_excluded_with_its_lead() {
    let mut world = World::new(2);
    let lead = with_mobile(&mut world);
    let excluded = |world: &World| {
        [phone(0).expose(), "+819011112222", phone(1).expose()]
            .map(|number| world.reader().is_excluded(number).unwrap())
    };
    assert_eq!(excluded(&world), [false; 3]);
    world.exclude(lead, Some("契約済"));
    assert_eq!(excluded(&world), [true, true, false]);
    world.include(lead);
    assert_eq!(excluded(&world), [false; 3]);
    world.exclude(lead, None);
    let (list, by) = (world.list, world.actor());
    world.db.delete_list(list, by, NOW).unwrap();
    assert_eq!(excluded(&world), [false; 3], "it is on no list any more");
    // The same where many are excluded, which are not gone through.
    let list = world.list("many");
    let rows: Vec<StagedRow> = (10..1_020).map(row).collect();
    world.import(list, &rows);
    let sql = "UPDATE leads SET excluded = 1 WHERE list_id = ?1";
    world.db.db.execute(sql, [list]).unwrap();
    assert_eq!(excluded(&world), [false; 3]);
    world.db.restore_list(&world.list.to_string(), None, by, NOW).unwrap();
    assert_eq!(excluded(&world), [true, true, false]);
    assert!(world.reader().is_excluded(phone(10).expose()).unwrap());
}

/// S1.25: the numbers that a file brings too, whether it excludes their lead or somebody did before; and each by an index.
#[test]
fn further_numbers_of_files_lead_to_who_is_excluded() {
    let mut world = World::new(1);
    let list = world.list;
    let with = |number: usize, further: usize, excluded: Option<&str>| StagedRow {
        extra_phones: vec![crate::import::ExtraPhone {
            phone: phone(further),
            ext: None,
            label: None,
            column: 0,
        }],
        excluded: excluded.map(str::to_owned),
        ..row(number)
    };
    let by = world.leads()[0].id;
    world.exclude(by, None);
    // The first is on the list and excluded already; the file excludes the third, and brings the fourth twice.
    let rows = [with(0, 50, None), with(1, 51, None), with(2, 52, Some("契約済")), with(3, 53, Some(""))];
    world.import(list, &rows);
    let excluded = |world: &World| -> Vec<usize> {
        (50..56).filter(|number| world.reader().is_excluded(phone(*number).expose()).unwrap()).collect()
    };
    assert_eq!(excluded(&world), [50, 52, 53]);
    assert!(world.is_sound());
    // Deleted and there again by a file, which says nothing of it: the one of the bin was excluded (S1.19).
    let third = world.leads()[2].id;
    world.change(third, &LeadChange::Delete);
    assert_eq!(excluded(&world), [50, 53]);
    let kept = crate::sqlite::InBin { lead: third, excluded: true };
    world.import(list, &[StagedRow { kept: Some(kept.lead), ..with(2, 55, None) }]);
    assert_eq!(excluded(&world), [50, 53, 55]);
    let fourth = world.leads().iter().find(|lead| lead.phone == phone(3).expose()).unwrap().id;
    world.include(fourth);
    assert_eq!(excluded(&world), [50, 55]);
    assert!(world.is_sound());
    let sql = format!("EXPLAIN QUERY PLAN {}", super::super::lead_rows::EXCLUDED_BY);
    let plan: Vec<String> = super::super::all(&world.db.db, &sql, ["x"], |r| r.get(3)).unwrap();
    assert!(plan.iter().all(|step| !step.starts_with("SCAN")), "{plan:?}");
    assert!(plan.iter().any(|step| step.contains("lead_phones_excluded")), "{plan:?}");
}

/// S1.19: a list that somebody deletes and imports anew under its name excludes whom it excluded.
#[test]
fn a_list_in_the_place_of_a_deleted_one_keeps_who_was_excluded() {
    let mut world = World::new(3);
    let ids: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    world.exclude(ids[1], Some("本人希望"));
    let name = world.reader().list_by_name(&world.list.to_string()).unwrap().name;
    let by = world.actor();
    let kept = |world: &World, list: ListId, number: usize| {
        let mut known = crate::sqlite::Known::new(&world.path, Some(list));
        let kept = known.in_bin(&phone(number)).filter(|known| known.excluded).map(|known| known.lead);
        known.check().unwrap();
        let by_hand = world.reader().in_bin(list, &phone(number)).unwrap();
        assert_eq!(by_hand.map(|known| known.lead), kept, "{number}");
        kept
    };
    world.db.delete_list(world.list, by, NOW).unwrap();
    let (other, anew) = (world.list("別"), world.list(&name));
    assert_eq!([0, 1].map(|number| kept(&world, anew, number)), [None, Some(ids[1])]);
    assert_eq!(kept(&world, other, 1), None, "another list is none of its business");
    // Nor is one of another project, but that of a project that takes the name of a deleted one is.
    let name_of = |world: &World| world.reader().list_by_name(&anew.to_string()).unwrap().project_name;
    let project = name_of(&world);
    for (name_of_project, found) in [("別件", None), (project.as_str(), Some(ids[1]))] {
        let sql = "UPDATE projects SET deleted_at = 1 WHERE id = ?1";
        world.db.db.execute(sql, [world.project]).unwrap();
        let project = world.db.create_project(name_of_project, None, by, NOW).unwrap().id;
        let spec = ListSpec { name: name.clone(), project };
        let list = world.db.create_list(&spec, by, NOW).unwrap().id;
        assert_eq!(kept(&world, list, 1), found, "{name_of_project}");
        world.db.db.execute("UPDATE projects SET deleted_at = 1 WHERE id = ?1", [project]).unwrap();
    }
    world.db.db.execute("UPDATE projects SET deleted_at = NULL WHERE id = ?1", [world.project]).unwrap();
    let rows = [0, 1].map(|number| StagedRow { kept: kept(&world, anew, number), ..row(number) });
    world.import(anew, &rows);
    world.list = anew;
    let reasons: Vec<_> = world.leads().into_iter().map(|lead| lead.excluded_reason).collect();
    assert_eq!(reasons, [None, Some("本人希望".to_owned())]);
    assert!(world.is_sound());
}

/// A call that came to nothing (the program was stopped while it rang) leaves the lead where it was.
#[test]
fn a_void_call_leaves_a_lead_that_was_not_due_where_it_was() {
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    let void = |world: &mut World| {
        world.now += 10 * MINUTE;
        let call = world.db.open_manual(&by_hand(world, lead, MOBILE)).unwrap();
        let end = AttemptEnd { void: Some("shutdown".into()), ..world.ended(call.attempt) };
        world.db.end_attempt(&end).unwrap();
        world.lead(Some(lead))
    };
    assert_eq!(void(&mut world).state, LeadState::Waiting, "it was due, and is soon");
    world.now += 10 * MINUTE;
    world.call("見込");
    let row = void(&mut world);
    assert_eq!((row.state, row.attempts), (LeadState::Task, 1));
    assert_eq!(world.reader().tasks(&TaskQuery::default()).unwrap().len(), 1);
    assert!(world.is_sound());
}

/// S1.31-S1.33, S1.40: what a lead shows is of its last call, to whichever of its numbers that was, and of the last one that was
/// judged; what becomes of an older call changes nothing of it.
#[test]
fn the_last_result_is_that_of_the_last_call_of_any_number() {
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    let first = world.call("不通");
    world.now += 10 * MINUTE;
    let second = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
    world.finish(second, "見込");
    let row = world.lead(Some(lead));
    let last = |row: &LeadRow| (row.last_status.clone(), row.last_at, row.last_memo.clone());
    assert_eq!(last(&row), (Some("prospect".into()), Some(world.now), None));
    let amend = |world: &World, attempt, status: Option<&str>, memo: Option<&str>| crate::model::Amend {
        attempt,
        status: status.map(str::to_owned),
        memo: memo.map(str::to_owned),
        recall_at: None,
        reason: "訂正".into(),
        scope: Scope::All,
        by: world.actor(),
        now: world.now + MINUTE,
    };
    world.db.amend(&amend(&world, first.attempt, Some("FAX"), Some("古い通話"))).unwrap();
    assert_eq!(last(&world.lead(Some(lead))), last(&row));
    world.db.amend(&amend(&world, second, None, Some("折り返し待ち"))).unwrap();
    assert_eq!(world.lead(Some(lead)).last_memo.as_deref(), Some("折り返し待ち"));
    // A call by hand to its own number, without a result, takes nothing away.
    world.now += 10 * MINUTE;
    let typed = world.db.open_manual(&manual(&world, &phone(0).national())).unwrap().attempt;
    world.db.end_attempt(&world.ended(typed)).unwrap();
    world.db.save(&Save { memo: Some("不在".into()), ..world.save(typed, "") }).unwrap();
    let shown = last(&world.lead(Some(lead)));
    assert_eq!(shown, (Some("prospect".into()), Some(world.now), Some("不在".into())));
    // Nor does one that came to nothing.
    world.now += 10 * MINUTE;
    let void = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
    world.db.save(&Save { memo: Some("鳴っている".into()), ..world.save(void, "") }).unwrap();
    assert_eq!(world.lead(Some(lead)).last_memo.as_deref(), Some("鳴っている"));
    world.db.end_attempt(&AttemptEnd { void: Some("shutdown".into()), ..world.ended(void) }).unwrap();
    assert_eq!(last(&world.lead(Some(lead))), shown);
    assert!(world.is_sound());
}

/// A crash in a call by hand makes no lead due that was not: nobody is called again who had been done with before.
#[test]
fn a_crash_leaves_a_lead_that_was_not_due_where_it_was() {
    for (result, state) in [("通話済", LeadState::Done), ("見込", LeadState::Task)] {
        let mut world = World::new(1);
        let lead = with_mobile(&mut world);
        world.call(result);
        world.now += 10 * MINUTE;
        let cut = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
        let mut world = world.reopen();
        world.now += MINUTE;
        let found = world.db.recover(world.now).unwrap().interrupted;
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [cut]);
        assert_eq!(world.lead(Some(lead)).state, state, "{result}");
        world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        world.now += 24 * 60 * MINUTE;
        assert!(world.dial().is_none(), "{result}");
    }
}

/// S1.25: a lead that is excluded is called by nobody, by hand neither, whichever of its numbers; included again, it is as it was.
#[test]
fn an_excluded_lead_is_not_called_by_hand() {
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    world.exclude(lead, Some("断り"));
    for number in [MOBILE.to_owned(), phone(0).national()] {
        let refused = world.db.open_manual(&by_hand(&world, lead, &number)).unwrap_err();
        assert_eq!(refused.code(), "E-EXCLUDED", "{number}");
    }
    let all = HistoryQuery { include_manual: true, ..HistoryQuery::default() };
    assert!(world.reader().history(&all).unwrap().is_empty(), "no INVITE, no row");
    assert_eq!(world.lead(Some(lead)).state, LeadState::Ready);
    world.include(lead);
    world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap();
}

/// S4.46, X4: what is said of a call by hand after a crash holds for its lead, which stood where it was before; a later call decides.
#[test]
fn the_result_of_a_call_that_a_crash_cut_short_moves_its_lead() {
    let recall = Some(NOW + 24 * 60 * MINUTE);
    for before in ["通話済", "見込"] {
        for (status, state) in
            [("再コール", LeadState::Task), ("通話済", LeadState::Done), ("不通", LeadState::Ready)]
        {
            let mut world = World::new(1);
            let lead = with_mobile(&mut world);
            world.call(before);
            world.now += 10 * MINUTE;
            let cut = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
            let mut world = world.reopen();
            world.now += MINUTE;
            world.db.recover(world.now).unwrap();
            let recall_at = recall.filter(|_| status == "再コール");
            world.db.save(&Save { recall_at, ..world.save(cut, status) }).unwrap();
            world.db.seal(cut, world.now).unwrap();
            let row = world.lead(Some(lead));
            assert_eq!((row.state, row.recall_at), (state, recall_at), "{before}, {status}");
            let open = world.reader().tasks(&TaskQuery::default()).unwrap();
            assert_eq!(open.len(), usize::from(state == LeadState::Task), "{before}, {status}");
        }
    }
    let mut world = World::new(1);
    let lead = with_mobile(&mut world);
    world.call("通話済");
    world.now += 10 * MINUTE;
    let cut = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
    let mut world = world.reopen();
    world.db.recover(world.now).unwrap();
    world.now += 10 * MINUTE;
    let later = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
    world.finish(later, "通話済");
    world.db.save(&world.save(cut, "不通")).unwrap();
    world.db.seal(cut, world.now).unwrap();
    assert_eq!(world.lead(Some(lead)).state, LeadState::Done);
}

/// S1.27, S4.46: a lead that goes to the bin while a call of it has no result yet comes back as that result and its task say: a call by
/// hand or one of the list that a crash cut short, and one by its number alone that answers its task.
#[test]
fn a_result_counts_for_a_lead_that_lies_in_the_bin() {
    let recall = Some(NOW + 24 * 60 * MINUTE);
    let results = [("再コール", LeadState::Task), ("通話済", LeadState::Done), ("不通", LeadState::Ready)];
    for (before, (status, state)) in ["通話済", "見込", ""].into_iter().flat_map(|b| results.map(|r| (b, r)))
    {
        let mut world = World::new(1);
        let lead = with_mobile(&mut world);
        let cut = match before {
            "" => world.dial().unwrap().attempt,
            before => {
                world.call(before);
                world.now += 10 * MINUTE;
                world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt
            }
        };
        let mut world = world.reopen();
        world.now += MINUTE;
        world.db.recover(world.now).unwrap();
        let attempts = world.lead(Some(lead)).attempts;
        lists::change(&mut world, &[lead], &LeadChange::Delete);
        let recall_at = recall.filter(|_| status == "再コール");
        world.db.save(&Save { recall_at, ..world.save(cut, status) }).unwrap();
        world.db.seal(cut, world.now).unwrap();
        world.db.restore_leads(world.list, world.now, None).unwrap();
        let row = world.lead(Some(lead));
        assert_eq!(
            (row.state, row.recall_at, row.attempts),
            (state, recall_at, attempts),
            "{before}, {status}"
        );
        assert_eq!(row.last_status_label.as_deref(), Some(status));
        let open = world.reader().tasks(&TaskQuery::default()).unwrap();
        assert_eq!(open.len(), usize::from(state == LeadState::Task), "{before}, {status}");
        assert!(world.is_sound());
    }
    let mut world = World::new(1);
    let lead = world.call("見込").lead.unwrap();
    world.now += 10 * MINUTE;
    let typed = world.db.open_manual(&manual(&world, &phone(0).national())).unwrap().attempt;
    world.db.end_attempt(&world.ended(typed)).unwrap();
    lists::change(&mut world, &[lead], &LeadChange::Delete);
    let deleted_at = world.now;
    world.db.save(&Save { recall_at: recall, ..world.save(typed, "再コール") }).unwrap();
    world.db.seal(typed, world.now).unwrap();
    let sql = "SELECT id FROM tasks WHERE attempt_id = ?1";
    let task = world.db.db.query_row(sql, [typed], |row| row.get(0)).unwrap();
    for what in [TaskStep::Close, TaskStep::Reopen] {
        let change = TaskChange { task, what, scope: Scope::All, by: world.actor(), now: world.now };
        world.db.task_change(&change).unwrap();
    }
    world.db.restore_leads(world.list, deleted_at, None).unwrap();
    let row = world.lead(Some(lead));
    assert_eq!((row.state, row.recall_at), (LeadState::Task, recall));
    assert!(world.is_sound());
}

/// A lead that is due in the next round is called by hand in this one, and a crash cuts the call short: what is said of it holds, and
/// nobody is called again who was talked to.
#[test]
fn the_result_of_a_cut_call_to_a_lead_of_the_next_round_moves_it() {
    for (status, state) in
        [("通話済", LeadState::Done), ("見込", LeadState::Task), ("不通", LeadState::Ready)]
    {
        let mut world = World::new(1);
        let lead = with_mobile(&mut world);
        world.call("不通");
        assert_eq!(world.lead(Some(lead)).round, 2);
        world.now += 10 * MINUTE;
        let cut = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
        let mut world = world.reopen();
        world.now += MINUTE;
        world.db.recover(world.now).unwrap();
        assert_eq!(world.lead(Some(lead)).state, LeadState::Interrupted);
        world.db.save(&world.save(cut, status)).unwrap();
        world.db.seal(cut, world.now).unwrap();
        assert_eq!(world.lead(Some(lead)).state, state, "{status}");
        world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        world.now += 24 * 60 * MINUTE;
        assert_eq!(world.dial().is_some(), status == "不通", "{status}");
    }
}

/// Of two calls that crashes cut short in one round the later one decides, whichever gets its result first.
#[test]
fn the_last_of_two_cut_calls_decides() {
    for last_first in [true, false] {
        let mut world = World::new(1);
        let lead = with_mobile(&mut world);
        let mut cut = Vec::new();
        for _ in 0..2 {
            world.now += 10 * MINUTE;
            cut.push(world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt);
            world = world.reopen();
            world.db.recover(world.now).unwrap();
        }
        let mut results = vec![(cut[1], "通話済"), (cut[0], "不通")];
        if !last_first {
            results.reverse();
        }
        for (attempt, status) in results {
            world.db.save(&world.save(attempt, status)).unwrap();
            world.db.seal(attempt, world.now).unwrap();
        }
        assert_eq!(world.lead(Some(lead)).state, LeadState::Done, "{last_first}");
    }
}

/// X2, X4: a call by hand without a result leaves a task and its lead as they were; of a task that was closed, or given another time,
/// meanwhile the lead knows.
#[test]
fn a_blank_call_by_hand_leaves_the_task_of_its_lead() {
    let due = NOW + 24 * 60 * MINUTE;
    let moved = due + MINUTE;
    let what = [
        (None, LeadState::Task, Some(due)),
        (Some(TaskStep::Due(Some(moved))), LeadState::Task, Some(moved)),
        (Some(TaskStep::Close), LeadState::Done, None),
    ];
    for (step, state, recall_at) in what {
        for end in ["blank", "void", "crash"] {
            let mut world = World::new(1);
            let lead = with_mobile(&mut world);
            let first = world.dial().unwrap().attempt;
            world.db.end_attempt(&world.ended(first)).unwrap();
            world.db.save(&Save { recall_at: Some(due), ..world.save(first, "再コール") }).unwrap();
            world.db.seal(first, world.now).unwrap();
            let task = world.reader().tasks(&TaskQuery::default()).unwrap()[0].id;
            world.now += 10 * MINUTE;
            let call = world.db.open_manual(&by_hand(&world, lead, MOBILE)).unwrap().attempt;
            if let Some(what) = step {
                let change = TaskChange { task, what, scope: Scope::All, by: world.actor(), now: world.now };
                world.db.task_change(&change).unwrap();
            }
            match end {
                "blank" => {
                    world.db.end_attempt(&world.ended(call)).unwrap();
                    world.db.seal(call, world.now + MINUTE).unwrap();
                }
                "void" => {
                    let end = AttemptEnd { void: Some("shutdown".into()), ..world.ended(call) };
                    world.db.end_attempt(&end).unwrap();
                }
                _ => {
                    world = world.reopen();
                    world.db.recover(world.now).unwrap();
                }
            }
            let row = world.lead(Some(lead));
            assert_eq!((row.state, row.recall_at), (state, recall_at), "{step:?}, {end}");
            let open = world.reader().tasks(&TaskQuery::default()).unwrap();
            assert_eq!(open.len(), usize::from(state == LeadState::Task));
            assert!(world.is_sound());
        }
    }
}

/// Which of two numbers is meant nobody can tell: none is called, shown to callees, or looked up.
#[test]
fn one_number_is_named_at_a_time() {
    let mut world = World::new(1);
    let two = "03-5555-0000 / 03-5555-0001";
    let call = manual(&world, two);
    let refused = world.db.open_manual(&call).unwrap_err();
    assert_eq!((refused.code(), refused.ja()), ("E-VALUE", "電話番号: 1件ずつ".to_owned()));
    let edit = ProjectEdit { caller_id: Some(Some(two.into())), ..ProjectEdit::default() };
    let (project, by) = (world.project, world.actor());
    let refused = world.db.edit_project(project, &edit, by, NOW).unwrap_err();
    assert_eq!(refused.code(), "E-VALUE");
    let query = HistoryQuery { phone: Some(two.into()), ..HistoryQuery::default() };
    assert_eq!(world.reader().history(&query).unwrap_err().code(), "E-VALUE");
    let same = ManualCall { phone: "03-5555-0000/0355550000".into(), ..call };
    assert!(world.db.open_manual(&same).is_ok(), "it is one");
}
