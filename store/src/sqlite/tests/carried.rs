//! Leads that a restored copy may not call, by what was done since it was made.

use super::rules::manual;
use super::*;
use crate::sqlite::Carried;

fn back(world: World, copy: &std::path::Path) -> (World, Carried) {
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    let carried =
        crate::sqlite::restore(copy, &path, &now.to_string(), Actor::default(), now).unwrap().carried;
    let db = open(&path, &OpenOptions::default()).unwrap();
    let mut world = World { _dir, path, db, project, user, list, now };
    world.db.recover(now).unwrap();
    (world, carried.unwrap())
}

fn copied(world: &World) -> std::path::PathBuf {
    let copy = world.path.with_file_name(format!("copy-{}.db", world.now));
    crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
    copy
}

/// S1.25: nobody who was called or excluded since the copy was made is called because it was put back.
#[test]
fn leads_called_or_excluded_since_are_not_called_again() {
    let mut world = World::new(8);
    let ids: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    assert_eq!(world.call("通話済").lead, Some(ids[0]));
    world.exclude(ids[7], Some("社内"));
    // Under way when the copy is made: it is closed by its operator, as after a crash.
    let open = world.dial().unwrap();
    assert_eq!(open.lead, Some(ids[1]));
    let copy = copied(&world);
    world.now += MINUTE;
    world.finish(open.attempt, "不通");
    assert_eq!(world.call("不通").lead, Some(ids[2]));
    // Without its end: the machine goes down.
    assert_eq!(world.dial().unwrap().lead, Some(ids[3]));
    world.exclude(ids[4], Some("本人希望"));
    world.include(ids[7]);
    let (mut world, carried) = back(world, &copy);
    assert_eq!(carried, Carried { excluded: 1, called_since: 2, calls_left_behind: 2, ..Carried::default() });
    let reason = |world: &World, at: usize| world.lead(Some(ids[at])).excluded_reason;
    assert_eq!(reason(&world, 4).as_deref(), Some("本人希望"));
    assert_eq!(reason(&world, 7).as_deref(), Some("社内"), "an exclusion is never taken off");
    let called = reason(&world, 2).unwrap();
    assert!(called.starts_with("復元: コピーの後に発信済 2026-11-21 10:01 不通"), "{called}");
    assert_eq!(reason(&world, 3).as_deref(), Some("復元: コピーの後に発信済 2026-11-21 10:01"));
    assert_eq!((reason(&world, 0), reason(&world, 1)), (None, None));
    world.now += 10 * MINUTE;
    assert_eq!(world.call("不通").lead, Some(ids[5]), "neither the second nor the third to fifth");
    // A supervisor looks, and takes one in again.
    world.include(ids[2]);
    world.now += 10 * MINUTE;
    assert_eq!(world.dial().unwrap().lead, Some(ids[2]));
    assert!(world.is_sound());
}

/// A claim of the copy that became a call later is one that the copy does not have.
#[test]
fn a_claim_that_was_dialed_since_is_a_call() {
    let mut world = World::new(3);
    let claim = ClaimSpec { dial_now: false, ..world.spec() };
    let step = world.step(None, None, Some(claim));
    let claimed = world.db.advance(&step).unwrap().claimed.unwrap();
    let copy = copied(&world);
    world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now + 1).unwrap();
    world.finish(claimed.attempt, "通話済");
    let (mut world, carried) = back(world, &copy);
    assert_eq!(carried, Carried { called_since: 1, calls_left_behind: 1, ..Carried::default() });
    world.now += 10 * MINUTE;
    assert_ne!(world.dial().unwrap().lead, claimed.lead);
}

/// A lead that was deleted and imported again since is, in the copy, the one that has its number on its list.
#[test]
fn a_lead_that_came_anew_is_found_by_its_number() {
    let mut world = World::new(3);
    let first = world.leads()[0].id;
    let copy = copied(&world);
    world.change(first, &crate::model::LeadChange::Delete);
    let list = world.list;
    world.import(list, &[row(0)]);
    let anew = world.leads().last().unwrap().id;
    assert_ne!(anew, first);
    world.exclude(anew, Some("本人希望"));
    let (world, carried) = back(world, &copy);
    assert_eq!(carried, Carried { excluded: 1, ..Carried::default() });
    assert_eq!(world.lead(Some(first)).excluded_reason.as_deref(), Some("本人希望"));
}

/// D24, X3: a number that was dialed moments before the copy was put back rests all the same, whoever dials it and however, and with it
/// the number that it reaches.
#[test]
fn a_number_that_was_dialed_since_rests_as_long_as_ever() {
    let mut world = World::new(1);
    let other = world.list("second");
    world.import(other, &[row(0)]);
    let copy = copied(&world);
    world.now += MINUTE;
    let (called, typed, longer) = (phone(0).national(), "090-1234-5678", "03-1111-00141");
    world.call("不通");
    for number in [typed, longer] {
        let call = manual(&world, number);
        let claimed = world.db.open_manual(&call).unwrap();
        world.finish(claimed.attempt, "通話済");
    }
    world.now += MINUTE;
    let last = world.now;
    let (mut world, _) = back(world, &copy);
    let refused = |world: &mut World, number: &str| {
        let call = manual(world, number);
        world.db.check_manual(&call).err().map(|error| error.code())
    };
    for number in [&called, typed, longer, "03-1111-0014"] {
        assert_eq!(refused(&mut world, number), Some("E-REPEAT"), "{number}");
    }
    assert_eq!(refused(&mut world, "03-1111-0015"), None);
    // On another list, by its turn, too.
    let spec = ClaimSpec { list: other, ..world.spec() };
    assert!(world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.is_none());
    world.now = last + 2 * MINUTE;
    for number in [&called, typed, longer] {
        assert_eq!(refused(&mut world, number), None, "{number}");
    }
}

/// D24: a copy that is put in the place of one that was put back itself knows what both know of; and every call of the day counts.
#[test]
fn what_was_dialed_is_known_after_a_second_copy_too() {
    let mut world = World::new(0);
    let (first, second) = (copied(&world), "090-1234-5678");
    let rules = DialRules { max_repeats_per_day: 2, ..DialRules::lawful() };
    for _ in 0..2 {
        world.now += 10 * MINUTE;
        let claimed = world.db.open_manual(&manual(&world, second)).unwrap();
        world.finish(claimed.attempt, "不通");
    }
    let (mut world, _) = back(world, &first);
    world.now += 1_000;
    let (mut world, _) = back(world, &first);
    let refused = |world: &mut World| {
        let call = crate::model::ManualCall { rules: rules.clone(), ..manual(world, second) };
        world.db.check_manual(&call).err().map(|error| error.code())
    };
    assert_eq!(refused(&mut world), Some("E-REPEAT"), "a moment ago");
    world.now += 10 * MINUTE;
    assert_eq!(refused(&mut world), None, "the second repeat of the day");
    let claimed = world.db.open_manual(&manual(&world, second)).unwrap();
    world.finish(claimed.attempt, "不通");
    world.now += 10 * MINUTE;
    assert_eq!(refused(&mut world), Some("E-REPEAT"), "three calls are enough for a day");
}

/// S1.25, S1.27: who left the list since the copy was made is not called because it was put back.
#[test]
fn leads_that_were_deleted_or_taken_back_since_are_not_called() {
    let mut world = World::new(4);
    let list = world.list;
    world.import(list, &[row(10), row(11)]);
    let import = world.reader().imports(None, None, 1).unwrap()[0].id;
    let ids: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    // In the bin before.
    world.change(ids[3], &crate::model::LeadChange::Delete);
    let copy = copied(&world);
    world.now += MINUTE;
    world.change(ids[0], &crate::model::LeadChange::Delete);
    world.exclude(ids[1], Some("本人希望"));
    world.change(ids[1], &crate::model::LeadChange::Delete);
    // Deleted, and there again: it is still to be called.
    world.change(ids[2], &crate::model::LeadChange::Delete);
    world.import(list, &[row(2), row(3)]);
    let mut at = Some(UndoAt::START);
    while let Some(from) = at {
        at = world.db.undo_import(import, from, Actor::default(), world.now).unwrap().1;
    }
    let (mut world, carried) = back(world, &copy);
    assert_eq!(carried, Carried { excluded: 4, ..Carried::default() });
    let reason = |world: &World, at: usize| world.lead(Some(ids[at])).excluded_reason;
    let reasons = [0, 1, 2, 4, 5].map(|at| reason(&world, at));
    let told = |reason: &str| Some(reason.to_owned());
    let (deleted, undone) = (told("復元: コピーの後に削除済"), told("復元: コピーの後に取り込みを取消済"));
    assert_eq!(reasons, [deleted, told("本人希望"), None, undone.clone(), undone]);
    assert_eq!(world.dial().unwrap().lead, Some(ids[2]));
    assert!(world.dial().is_none());
    assert!(world.is_sound());
}

/// X4: a task that was closed since the copy was made, by hand or by the customer's own call, is none any more.
#[test]
fn tasks_closed_since_stay_closed() {
    let mut world = World::new(3);
    for _ in 0..3 {
        world.call("見込");
    }
    let open = |world: &World| -> Vec<Option<LeadId>> {
        let tasks = world.reader().tasks(&crate::model::TaskQuery::default()).unwrap();
        tasks.iter().map(|task| task.lead).collect()
    };
    let ids = open(&world);
    let copy = copied(&world);
    world.now += 10 * MINUTE;
    let task = world.reader().tasks(&crate::model::TaskQuery::default()).unwrap()[0].id;
    let change = crate::model::TaskChange {
        task,
        what: crate::model::TaskStep::Close,
        by: world.actor(),
        scope: crate::permission::Scope::All,
        now: world.now,
    };
    world.db.task_change(&change).unwrap();
    let call = world.incoming_call(Some(phone(1).expose()));
    let arrived = world.db.open_incoming(&call).unwrap();
    world.finish(arrived.attempt, "通話済");
    assert_eq!(open(&world), [ids[2]]);
    let (world, _) = back(world, &copy);
    assert_eq!(open(&world), [ids[2]]);
    // In the place of a database that was begun empty nothing is closed.
    let empty = world.path.with_file_name("empty.db");
    drop(crate::sqlite::open(&empty, &OpenOptions::default()).unwrap());
    crate::sqlite::restore(&copy, &empty, "now", Actor::default(), world.now).unwrap();
    let db = crate::sqlite::open(&empty, &OpenOptions::default()).unwrap();
    let tasks = open_reader(&empty, db.changes()).unwrap().tasks(&crate::model::TaskQuery::default());
    assert_eq!(tasks.unwrap().len(), 3);
    let states = ids.iter().map(|id| world.lead(*id).state).collect::<Vec<_>>();
    assert_eq!(states, [LeadState::Done, LeadState::Done, LeadState::Task]);
    assert!(world.is_sound());
}

/// S1.25, D24: who was called since the copy was made, on a list that the copy does not have, is not called again when its file comes again.
#[test]
fn leads_of_a_file_that_the_copy_does_not_have_were_called_too() {
    let mut world = World::new(1);
    let copy = copied(&world);
    let list = world.list("second");
    world.import(list, &[row(1), row(2)]);
    let at = world.now;
    let spec = ClaimSpec { list, ..world.spec() };
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    world.finish(claimed.attempt, "不通");
    world.now += MINUTE;
    let (mut world, _) = back(world, &copy);
    world.now += 10 * MINUTE;
    let list = world.list("second");
    let mut known = crate::sqlite::Known::new(&world.path, Some(list));
    let again = |number: usize, known: &mut crate::sqlite::Known| {
        let row = row(number);
        StagedRow { rests: known.rests(&row.phone), ..row }
    };
    let rows = [again(1, &mut known), again(2, &mut known)];
    assert_eq!((rows[0].rests, rows[1].rests), (Some(at), None));
    known.check().unwrap();
    world.import(list, &rows);
    world.list = list;
    let leads = world.leads();
    assert_eq!(leads[0].excluded_reason.as_deref(), Some("復元: コピーの後に発信済 2026-11-21 10:00"));
    let sql = "SELECT excluded_at FROM leads WHERE list_id = ?1 AND position = 1";
    let since: i64 = world.db.db.query_row(sql, [list], |r| r.get(0)).unwrap();
    assert_eq!(
        since, at,
        "before the import: a later row of its file replaces the lead, and lets nobody in again"
    );
    assert_eq!(world.dial().unwrap().lead, Some(leads[1].id));
    assert!(world.is_sound());
}

/// S1.25, X4: a task that was answered since the copy was made is none any more, and its lead is not called again; nor are the leads of
/// a number that somebody typed since.
#[test]
fn tasks_answered_and_numbers_typed_since_are_not_called_again() {
    let mut world = World::new(4);
    let ids: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    world.call("見込");
    world.call("見込");
    let copy = copied(&world);
    world.now += 10 * MINUTE;
    let call = lead_call::by_hand(&world, ids[0], &phone(0).national());
    let attempt = world.db.open_manual(&call).unwrap().attempt;
    world.finish(attempt, "通話済");
    let typed = manual(&world, &phone(2).national());
    let attempt = world.db.open_manual(&typed).unwrap().attempt;
    world.finish(attempt, "通話済");
    let (mut world, carried) = back(world, &copy);
    assert_eq!((carried.called_since, carried.calls_left_behind), (2, 2));
    let reason = |world: &World, at: usize| world.lead(Some(ids[at])).excluded_reason.unwrap_or_default();
    for at in [0, 2] {
        assert!(reason(&world, at).starts_with("復元: コピーの後に発信済"), "{at}: {}", reason(&world, at));
    }
    let open = world.reader().tasks(&crate::model::TaskQuery::default()).unwrap();
    assert_eq!(
        open.iter().map(|task| task.lead).collect::<Vec<_>>(),
        [Some(ids[1])],
        "the other is still to be done"
    );
    assert_eq!(world.lead(Some(ids[1])).state, LeadState::Task);
    world.now += 10 * MINUTE;
    assert_eq!(world.dial().unwrap().lead, Some(ids[3]));
    assert!(world.is_sound());
}
