//! Hand-overs that are cut short, or meet another.

use super::hand_over::{HELD, busy, count, tasks};
use super::*;
use crate::model::{Assigned, AuditQuery, ContactHandOver, TaskHandOver};

/// S4.23, D19: of two hand-overs of one user at once the later goes on; the first is told so, and what it did is in the log by itself,
/// also after a crash.
#[test]
fn of_two_hand_overs_of_one_user_the_later_goes_on() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let carol = world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap();
    let of = |to, now| Handing { from: alice, to: Some(to), contacts: true, by: None, now };
    let (first, second) = (of(bob, NOW), of(carol, NOW + 1));
    world.db.begin_hand_over(&first, None, Actor::default()).unwrap();
    let (moved, next) = world.db.hand_over(&first, HandOverAt::Numbers, at_once()).unwrap();
    assert_eq!(moved, Holdings { leads: 3, ..Holdings::default() });
    world.db.begin_hand_over(&second, None, Actor::default()).unwrap();
    assert_eq!(world.db.hand_over(&first, next.unwrap(), at_once()).unwrap_err().code(), "E-STALE");
    let deleted = world.db.user_delete(alice, HandOver::To(bob), (moved, 0), Actor::default(), NOW);
    assert_eq!(deleted.unwrap_err().code(), "E-STALE");
    // It failed, and the other does not end with it.
    world.db.give_up_hand_over(&first, "E-STALE", &UserChange::default()).unwrap();
    assert_eq!(count(&world, "SELECT count(*) FROM hand_overs"), 1);
    let mut world = world.reopen();
    world.db.recover(NOW + MINUTE).unwrap();
    let held = |world: &World, user| world.reader().holdings(user).unwrap();
    assert_eq!(held(&world, bob), Holdings { leads: 3, ..Holdings::default() });
    assert_eq!(held(&world, carol), Holdings { leads: 0, ..HELD });
    let query = AuditQuery { action: Some("user.".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    let told: Vec<_> =
        log.iter().rev().map(|row| (row.action.as_str(), &row.detail["handed_over"])).collect();
    assert_eq!((told.len(), told[0].0, &told[0].1["leads"]), (2, "user.hand_over", &3.into()));
    assert_eq!((told[1].0, &told[1].1["tasks"], &told[1].1["leads"]), ("user.delete", &2.into(), &0.into()));
}

/// S4.20, D19: wherever the process ends while tasks change hands, the next start finishes it; the log says how many went over, and who
/// wanted it. What failed and was told as failed is not finished.
#[test]
fn tasks_change_hands_wherever_it_is_cut() {
    let busy = || {
        let mut world = World::new(40);
        let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        for _ in 0..40 {
            world.call("見込");
            world.now += 10 * MINUTE;
        }
        (world, bob)
    };
    let logged = |world: &World| {
        let query = AuditQuery { action: Some("task.hand_over".into()), ..AuditQuery::default() };
        let log = world.reader().audit_log(&query).unwrap();
        assert!(log.iter().all(|row| (row.login.as_deref(), row.uid) == (Some("bob"), Some(1000))));
        log.iter().map(|row| row.detail["tasks"].as_u64().unwrap()).sum::<u64>()
    };
    let open = |world: &World| count(world, "SELECT count(*) FROM lead_changes");
    let mut cut = 0;
    loop {
        let (mut world, bob) = busy();
        let by = Actor { user: Some(bob), uid: Some(1000) };
        let over = Given::Tasks(TaskHandOver { from: Some(world.user), to: Some(bob), list: None });
        let (mut next, mut moved) = (Some(GivenAt::default()), 0);
        for _ in 0..=cut {
            if let Some(at) = next {
                let (more, behind) = world.db.give_over(&over, at, at_once(), by, world.now).unwrap();
                (next, moved) = (behind, moved + more);
            }
        }
        assert_eq!((logged(&world), open(&world)), (moved, i64::from(next.is_some())));
        let mut world = world.reopen();
        world.db.recover(world.now).unwrap();
        let theirs = tasks(&world, Some(Assigned::To(bob))).len();
        assert_eq!((logged(&world), theirs, open(&world)), (40, 40, 0), "cut after {cut} slices");
        if next.is_none() {
            break;
        }
        cut += 1;
    }
    assert!(cut >= 2, "it has several slices: {cut}");
    // One that failed ends where it is, and so does one whose receiver is gone.
    for told in [true, false] {
        let (mut world, bob) = busy();
        let by = Actor { user: Some(bob), uid: Some(1000) };
        let over = Given::Tasks(TaskHandOver { from: Some(world.user), to: Some(bob), list: None });
        let (moved, next) = world.db.give_over(&over, GivenAt::default(), at_once(), by, NOW).unwrap();
        let id = next.unwrap().id.unwrap();
        match told {
            true => (0..2).for_each(|_| world.db.give_up_change(id, "E-DISK-FULL").unwrap()),
            false => drop(world.delete_user(bob, HandOver::To(world.user), Actor::default(), NOW).unwrap()),
        }
        let mut world = world.reopen();
        world.db.recover(world.now).unwrap();
        assert_eq!((logged(&world), open(&world)), (moved, 0));
        let query = AuditQuery { action: Some("task.hand_over".into()), ..AuditQuery::default() };
        let code = if told { "E-DISK-FULL" } else { "E-USER-TOMBSTONE" };
        assert_eq!(world.reader().audit_log(&query).unwrap()[0].detail["ended"]["code"], code);
    }
}

/// S3.8, D19: the same of contacts, of which a slice looks at some hundreds.
#[test]
fn contacts_change_hands_wherever_it_is_cut() {
    let full = || {
        let mut world = World::new(1);
        let alice = world.user;
        let bob = world.db.ensure_user("bob", "Bob", Role::BackOffice, NOW).unwrap();
        let start = ImportStart { list: None, source: "book.csv".into(), user: Some(alice), now: NOW };
        let import = world.db.begin_import(&start).unwrap();
        let rows: Vec<StagedRow> = (50..950).map(row).collect();
        world.stage(import, &rows, StagePolicy { leads: false, ..StagePolicy::default() }).unwrap();
        world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
        let held = world.reader().holdings(alice).unwrap().contacts;
        (world, alice, bob, held)
    };
    let logged = |world: &World| {
        let query = AuditQuery { action: Some("contact.hand_over".into()), ..AuditQuery::default() };
        let log = world.reader().audit_log(&query).unwrap();
        assert!(log.iter().all(|row| (row.login.as_deref(), row.uid) == (Some("bob"), Some(1000))));
        log.iter().map(|row| row.detail["contacts"].as_u64().unwrap()).sum::<u64>()
    };
    let open = |world: &World| count(world, "SELECT count(*) FROM lead_changes");
    for cut in 0.. {
        let (mut world, alice, bob, held) = full();
        let by = Actor { user: Some(bob), uid: Some(1000) };
        let over = Given::Contacts(ContactHandOver { from: Some(alice), to: Some(bob) });
        let (mut next, mut moved) = (Some(GivenAt::default()), 0);
        for _ in 0..=cut {
            if let Some(at) = next {
                let (more, behind) = world.db.give_over(&over, at, at_once(), by, NOW).unwrap();
                (next, moved) = (behind, moved + more);
            }
        }
        assert_eq!((logged(&world), open(&world)), (moved, i64::from(next.is_some())));
        let mut world = world.reopen();
        world.db.recover(NOW + MINUTE).unwrap();
        let theirs = world.reader().holdings(bob).unwrap().contacts;
        assert_eq!((logged(&world), theirs, open(&world)), (held, held, 0), "cut after {cut} slices");
        if next.is_none() {
            assert!(cut >= 2, "it has several slices: {cut}");
            break;
        }
    }
    // One whose receiver is gone ends where it is.
    let (mut world, alice, bob, _) = full();
    let by = Actor { user: Some(bob), uid: Some(1000) };
    let over = Given::Contacts(ContactHandOver { from: Some(alice), to: Some(bob) });
    let (moved, _) = world.db.give_over(&over, GivenAt::default(), at_once(), by, NOW).unwrap();
    world.db.db.execute("UPDATE users SET deleted_at = 1 WHERE login = 'bob'", []).unwrap();
    let mut world = world.reopen();
    world.db.recover(NOW + MINUTE).unwrap();
    assert_eq!((logged(&world), open(&world)), (moved, 0));
}
