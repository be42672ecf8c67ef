//! Changes of many leads at once.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::model::{AuditQuery, HandOver, LeadChange, StatsQuery};
use crate::sqlite::PART;

/// The numbers of leads that are given away.
fn numbers(world: &mut World, id: i64, leads: &[LeadId]) {
    let parts = world.reader().numbers_in_order(leads).unwrap();
    for (part, numbers) in (0..).zip(parts) {
        world.db.add_numbers_to_change(id, part, &numbers).unwrap();
    }
}

/// S1.13: the register of owners is written in the order of its numbers, whatever order the list has, and the leads behind it; who
/// reads, calls or gives one away meanwhile finds nothing amiss.
#[test]
fn numbers_are_given_in_their_order_and_shown_in_that_of_the_list() {
    let count = PART + 10;
    let mut world = World::new(0);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let alice = world.user;
    let rows: Vec<StagedRow> = (0..count).rev().map(row).collect();
    let (list, other) = (world.list, world.list("second"));
    world.import(list, &rows);
    world.import(other, &[row(3)]);
    let of = |world: &World, list: ListId| -> Vec<LeadId> {
        let mut rows =
            world.db.db.prepare("SELECT id FROM leads WHERE list_id = ?1 ORDER BY position").unwrap();
        rows.query_map([list], |r| r.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    };
    let leads = of(&world, list);
    let change = LeadChange::Assign { users: vec![alice, bob] };
    let begun = |world: &mut World| {
        let id = world.db.begin_change(list, (&change, None), count as u64, Actor::default(), NOW).unwrap();
        for (part, ids) in (0..).zip(leads.chunks(PART)) {
            world.db.add_to_change(id, part, ids).unwrap();
        }
        id
    };
    let id = begun(&mut world);
    numbers(&mut world, id, &leads);
    for _ in 0..5 {
        world.db.go_on_changing(id, at_once()).unwrap();
    }
    let registered = |world: &World| -> Vec<String> {
        let mut rows = world.db.db.prepare("SELECT phone FROM assignments ORDER BY phone").unwrap();
        rows.query_map([], |r| r.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    };
    let lowest: Vec<String> = (0..5).map(|at| phone(at).expose().to_owned()).collect();
    assert_eq!(registered(&world), lowest);
    let shown = |world: &World, at: usize| world.reader().lead(leads[count - 1 - at]).unwrap().assigned;
    assert_eq!(shown(&world, 0), None, "a little later");
    assert_eq!(world.reader().verify(&StatsQuery::default()).unwrap(), []);
    // Taken back by hand meanwhile.
    let nobody = LeadChange::Assign { users: Vec::new() };
    world.db.change_leads(list, &vec![leads[count - 1]].into(), &nobody, Actor::default(), NOW).unwrap();
    let done = loop {
        let slice = world.db.go_on_changing(id, at_once() + Duration::from_millis(50)).unwrap();
        if slice.is_last {
            break slice;
        }
    };
    assert_eq!((done.done.changed, done.done.other_lists, done.looked), (count as u64, 1, count as u64));
    assert_eq!(shown(&world, 0), None);
    // In turn by the order of the list.
    assert!((1..count).all(|at| shown(&world, at) == Some([alice, bob][(count - 1 - at) % 2])));
    let twin = world.reader().lead(of(&world, other)[0]).unwrap().assigned;
    assert_eq!(twin, shown(&world, 3), "on whatever list it stands");
    assert_eq!(world.reader().verify(&StatsQuery::default()).unwrap(), []);
    // Written down by an earlier version, which knew no order of numbers.
    begun(&mut world);
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    let shown = world.reader().lead(leads[count - 1]).unwrap().assigned;
    assert_eq!(shown, Some([alice, bob][(count - 1) % 2]));
}

/// S1.24: many leads at once are all the other's or none, with one row of audit, wherever the process ends.
#[test]
fn a_change_of_many_leads_is_whole_wherever_it_is_cut() {
    let count = 3 * PART / 2;
    let mut world = World::new(count);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let by = Actor { user: Some(bob), uid: Some(1000) };
    let owned = |world: &World| -> Vec<(LeadId, Option<UserId>)> {
        let sql = "SELECT id, assigned_user_id FROM leads WHERE list_id = ?1 ORDER BY id";
        let mut rows = world.db.db.prepare(sql).unwrap();
        let rows = rows.query_map([world.list], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    };
    let leads: Vec<LeadId> = owned(&world).into_iter().map(|(lead, _)| lead).collect();
    assert_eq!(leads.chunks(PART).len(), 2);
    let change = LeadChange::Assign { users: vec![world.user, bob] };
    let filter = json!({ "number": "0312" });
    let begun = |world: &mut World, parts: usize| {
        let id =
            world.db.begin_change(world.list, (&change, Some(&filter)), leads.len() as u64, by, NOW).unwrap();
        for (part, ids) in (0..).zip(leads.chunks(PART)).take(parts) {
            world.db.add_to_change(id, part, ids).unwrap();
        }
        numbers(world, id, &leads);
        id
    };
    let rows = |world: &World| -> i64 {
        let sql = "SELECT (SELECT count(*) FROM lead_changes) + (SELECT count(*) FROM lead_change_parts)";
        world.db.db.query_row(sql, [], |r| r.get(0)).unwrap()
    };
    let log = |world: &World| {
        let query = AuditQuery { action: Some("lead.assign".into()), ..AuditQuery::default() };
        world.reader().audit_log(&query).unwrap()
    };
    // Not all of it was written down: nothing of it is done.
    begun(&mut world, 1);
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    assert!(owned(&world).iter().all(|(_, owner)| owner.is_none()));
    assert_eq!((rows(&world), log(&world).len()), (0, 0));
    // It was: the next start finishes what a few slices began.
    let id = begun(&mut world, 2);
    let mut looked = 0;
    for _ in 0..10 {
        looked = world.db.go_on_changing(id, at_once()).unwrap().looked;
    }
    assert_eq!(looked, 5, "a slice ends where its time does, and there are two of each lead");
    assert!(world.db.bulk.is_some(), "not on the connection of calls");
    // What somebody does meanwhile to what is done already stays.
    let first = LeadChange::Assign { users: Vec::new() };
    world.db.change_leads(world.list, &leads[..1].to_vec().into(), &first, by, NOW).unwrap();
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    let owners: Vec<_> = owned(&world).into_iter().map(|(_, owner)| owner).collect();
    assert_eq!(owners[0], None);
    assert!((1..count).all(|at| owners[at] == Some([world.user, bob][at % 2])));
    let told = log(&world);
    assert_eq!((rows(&world), told.len()), (0, 2));
    assert_eq!((told[0].at, told[0].login.as_deref(), told[0].uid), (NOW, Some("bob"), Some(1000)));
    assert_eq!(told[0].detail["done"]["changed"], count);
    // What they were found by, how many, and whose they were: nobody's, before and behind the crash.
    assert_eq!((&told[0].detail["filter"], &told[0].detail["leads"]), (&filter, &json!(count)));
    assert_eq!(told[0].detail["former"], json!([{ "user": null, "leads": count }]));
    assert_eq!(told[1].detail["ids"], json!([leads[0]]), "a few are named");
    let whose = json!([{ "user": world.user, "leads": 1 }]);
    assert_eq!((&told[1].detail["former"], told[1].detail.get("filter")), (&whose, None));
    // Who cannot have them any more ends it, and the log says how far it came.
    let id = begun(&mut world, 2);
    world.db.go_on_changing(id, at_once()).unwrap();
    world.delete_user(bob, HandOver::Nobody, Actor::default(), NOW).unwrap();
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    let ended = log(&world)[0].detail["ended"].clone();
    assert_eq!((&ended["code"], &ended["looked"]), (&"E-USER-TOMBSTONE".into(), &1.into()));
    assert_eq!(rows(&world), 0);
    // Nor is one finished later that failed and was told as failed.
    let to_me = LeadChange::Assign { users: vec![world.user] };
    let id = world.db.begin_change(world.list, (&to_me, None), leads.len() as u64, by, NOW).unwrap();
    for (part, ids) in (0..).zip(leads.chunks(PART)) {
        world.db.add_to_change(id, part, ids).unwrap();
    }
    numbers(&mut world, id, &leads);
    world.db.go_on_changing(id, at_once()).unwrap();
    world.db.give_up_change(id, "E-DISK-FULL").unwrap();
    world.db.give_up_change(id, "E-DISK-FULL").unwrap();
    let before = owned(&world);
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    // What was given away by then is shown so, and no more is.
    assert_eq!(owned(&world)[0].1, Some(world.user));
    assert_eq!(owned(&world)[1..], before[1..]);
    let ended = log(&world)[0].detail["ended"].clone();
    assert_eq!((&ended["code"], &ended["looked"], rows(&world)), (&"E-DISK-FULL".into(), &1.into(), 0));
    assert!(world.is_sound());
}
