//! What a user holds and nobody else is offered: it changes hands before they are deleted.

use super::*;
use crate::error::Error;
use crate::model::{
    Assigned, AuditQuery, ContactHandOver, ContactQuery, LeadChange, ProjectEdit, TaskChange, TaskHandOver,
    TaskQuery, TaskRow, TaskState, TaskStep,
};
use crate::permission::Scope;

const MANAGER: UserScope = UserScope { scope: Scope::All, role: Role::Manager };

/// Alice calls the first two of four numbers, one of which is on another list too, has a 見込 and a 再コール, and made a contact.
pub(super) fn busy() -> (World, UserId) {
    let mut world = World::new(4);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let second = world.list("second");
    world.import(second, &[row(0), row(30)]);
    let alice = world.user;
    let mine: Vec<LeadId> = world.leads().iter().take(2).map(|lead| lead.id).collect();
    let to_alice = LeadChange::Assign { users: vec![alice] };
    world.db.change_leads(world.list, &mine.into(), &to_alice, Actor::default(), NOW).unwrap();
    for status in ["見込", "再コール"] {
        world.call(status);
        world.now += 10 * MINUTE;
    }
    let start = ImportStart { list: None, source: "book.csv".into(), user: Some(alice), now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let policy = StagePolicy { leads: false, ..StagePolicy::default() };
    world.stage(import, &[row(40)], policy).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    (world, bob)
}

pub(super) fn tasks(world: &World, owner: Option<Assigned>) -> Vec<TaskRow> {
    world.reader().tasks(&TaskQuery { owner, now: world.now, ..TaskQuery::default() }).unwrap()
}

fn owners(world: &mut World, list: &str) -> Vec<Option<UserId>> {
    let list = world.reader().list_by_name(list).unwrap().id;
    let before = std::mem::replace(&mut world.list, list);
    let owners = world.leads().iter().map(|lead| lead.assigned).collect();
    world.list = before;
    owners
}

pub(super) const HELD: Holdings = Holdings { leads: 3, contacts: 1, tasks: 2 };

/// S4.23, S1.7: who holds leads or tasks is not deleted before it is said whose they become.
#[test]
fn who_holds_something_is_not_deleted_without_a_word() {
    let (mut world, _) = busy();
    assert_eq!(world.reader().holdings(world.user).unwrap(), HELD);
    let refused = world.delete_user(world.user, HandOver::Nothing, world.actor(), NOW).unwrap_err();
    assert_eq!(refused.code(), "E-USER-HOLDS");
    let Error::UserHolds { login, held } = refused else { panic!("{refused}") };
    assert_eq!(
        (login.as_str(), held),
        ("alice", Holdings { contacts: 0, ..HELD }),
        "contacts are counted before"
    );
    assert_eq!(world.db.users().unwrap().len(), 2);
    assert_eq!(world.reader().holdings(world.user).unwrap(), HELD);
    // Numbers that stand on no list any more are no work.
    let carol = world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap();
    let sql = "INSERT INTO assignments (phone, user_id, at) VALUES ('+81399999999', ?1, 1)";
    world.db.db.execute(sql, [carol]).unwrap();
    world.delete_user(carol, HandOver::Nothing, Actor::default(), NOW).unwrap();
    assert_eq!(count(&world, "SELECT count(*) FROM assignments WHERE phone = '+81399999999'"), 0);
}

/// S1.13, S4.20, S3.8: leads, tasks and contacts are the other's, on every list; records keep the name.
#[test]
fn what_somebody_held_is_the_others() {
    let (mut world, bob) = busy();
    let alice = world.user;
    // One task is done: it stays a record of alice's.
    let done = tasks(&world, None)[0].id;
    let step = |what| TaskChange { task: done, what, scope: Scope::All, by: Actor::default(), now: NOW };
    world.db.task_change(&step(TaskStep::Close)).unwrap();
    let boss = world.db.ensure_user("boss", "Boss", Role::Manager, NOW).unwrap();
    let by = Actor { user: Some(boss), uid: Some(1000) };
    let (gone, moved) = world.delete_user(alice, HandOver::To(bob), by, NOW + 7).unwrap();
    assert_eq!((gone.deleted_at, moved), (Some(NOW + 7), Holdings { tasks: 1, ..HELD }));
    assert!(world.reader().holdings(alice).unwrap().is_empty());
    assert_eq!(world.reader().holdings(bob).unwrap(), moved);
    assert_eq!(owners(&mut world, "リスト"), [Some(bob), Some(bob), None, None]);
    assert_eq!(owners(&mut world, "second"), [Some(bob), None]);
    let open = tasks(&world, Some(Assigned::To(bob)));
    assert_eq!(open.iter().map(|task| task.owner_login.as_deref()).collect::<Vec<_>>(), [Some("bob")]);
    let all = TaskQuery { include_closed: true, ..TaskQuery::default() };
    let closed = world.reader().tasks(&all).unwrap().into_iter().find(|task| task.id == done).unwrap();
    assert_eq!((closed.state, closed.owner_login.as_deref()), (TaskState::Done, Some("alice")));
    let theirs = ContactQuery { owner: Some(bob), ..ContactQuery::default() };
    assert_eq!(world.reader().contacts(&theirs).unwrap().len(), 1);
    let query = AuditQuery { action: Some("user.delete".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    assert_eq!((log.len(), log[0].login.as_deref()), (1, Some("boss")));
    assert_eq!(
        log[0].detail["handed_over"],
        serde_json::json!({ "to": bob, "leads": 3, "contacts": 1, "tasks": 1 })
    );
    // Bob is offered what alice was: her number on the second list, whose task is his own now or done.
    world.user = bob;
    world.list = world.reader().list_by_name("second").unwrap().id;
    assert_eq!(world.dial().unwrap().position, 1);
    assert!(world.is_sound());
}

/// S1.37, S4.20: what is left to nobody is the project's. Its operators see the tasks among their own, may do them, and are
/// offered the numbers again; not where the project pools nothing.
#[test]
fn what_is_left_to_nobody_is_the_projects() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let (_, moved) = world.delete_user(alice, HandOver::Nobody, Actor::default(), NOW).unwrap();
    assert_eq!(moved, HELD);
    assert_eq!(owners(&mut world, "リスト"), [None; 4]);
    let his = Some(Assigned::ToOrNobody(bob));
    assert_eq!(tasks(&world, his).len(), 2);
    assert!(tasks(&world, Some(Assigned::To(bob))).is_empty());
    assert_eq!(tasks(&world, Some(Assigned::Nobody)).len(), 2);
    let counts = world.reader().task_counts(his, Some(bob), world.now).unwrap();
    assert_eq!(counts.free, 2);
    assert_eq!(world.reader().task_counts(Some(Assigned::Nobody), None, world.now).unwrap(), counts);
    // The number whose task is nobody's stands on the second list, and is anybody's to dial.
    world.user = bob;
    world.list = world.reader().list_by_name("second").unwrap().id;
    let project = world.project;
    let pooled = |world: &mut World, pooled| {
        let edit = ProjectEdit { pooled: Some(pooled), ..ProjectEdit::default() };
        world.db.edit_project(project, &edit, Actor::default(), NOW).unwrap();
    };
    pooled(&mut world, false);
    assert!(tasks(&world, his).is_empty());
    assert_eq!(world.reader().task_counts(his, None, world.now).unwrap().free, 0);
    let task = tasks(&world, None)[0].id;
    let own = Actor { user: Some(bob), uid: None };
    let close = TaskChange { task, what: TaskStep::Close, scope: Scope::Own, by: own, now: NOW };
    assert!(matches!(world.db.task_change(&close), Err(Error::Permission)));
    pooled(&mut world, true);
    // Nor on a list that is granted to others.
    let first = world.reader().list_by_name("リスト").unwrap().id;
    let boss = world.db.ensure_user("boss", "Boss", Role::Manager, NOW).unwrap();
    world.db.grant_list(first, &[boss], true, Actor::default(), NOW).unwrap();
    assert!(matches!(world.db.task_change(&close), Err(Error::Permission)));
    world.db.grant_list(first, &[boss], false, Actor::default(), NOW).unwrap();
    let dialed = world.dial().unwrap();
    assert_eq!(dialed.position, 1);
    world.finish(dialed.attempt, "通話済");
    assert_eq!(tasks(&world, his).len(), 1, "the call answered the task");
    let left = tasks(&world, his)[0].id;
    world.db.task_change(&TaskChange { task: left, ..close }).unwrap();
    assert!(tasks(&world, his).is_empty());
}

/// A machine that stops in the middle leaves a live user who holds less; deleting again goes on.
#[test]
fn a_hand_over_that_was_cut_short_goes_on() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let handing = Handing { from: alice, to: Some(bob), contacts: true, by: None, now: NOW };
    let (moved, next) = world.db.hand_over(&handing, HandOverAt::Numbers, at_once()).unwrap();
    assert_eq!((moved.leads, next), (3, Ok(HandOverAt::Numbers)), "a slice ends where its time does");
    let mut world = world.reopen();
    assert_eq!(world.reader().holdings(alice).unwrap(), Holdings { leads: 0, ..HELD });
    assert_eq!(world.db.users().unwrap().len(), 2);
    let (_, moved) = world.delete_user(alice, HandOver::To(bob), Actor::default(), NOW).unwrap();
    assert_eq!(moved, Holdings { leads: 0, ..HELD });
    // What came up between the last slice and the end goes too.
    let carol = world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap();
    let lead = world.leads()[2].id;
    let assign = LeadChange::Assign { users: vec![carol] };
    world.db.change_leads(world.list, &vec![lead].into(), &assign, Actor::default(), NOW).unwrap();
    let before = Holdings { leads: 10, ..Holdings::default() };
    let (_, moved) =
        world.db.user_delete(carol, HandOver::To(bob), (before, 0), Actor::default(), NOW).unwrap();
    assert_eq!(moved.leads, 11);
    assert_eq!(owners(&mut world, "リスト")[2], Some(bob));
}

/// What is corrected or opened again later is nobody's, when it was of somebody who was deleted since.
#[test]
fn a_task_of_a_deleted_user_does_not_come_back_as_theirs() {
    let (mut world, _) = busy();
    let task = tasks(&world, None)[0].clone();
    let change = |what| TaskChange { task: task.id, what, scope: Scope::All, by: Actor::default(), now: NOW };
    world.db.task_change(&change(TaskStep::Close)).unwrap();
    world.delete_user(world.user, HandOver::Nobody, Actor::default(), NOW).unwrap();
    let open = world.db.task_change(&change(TaskStep::Reopen)).unwrap();
    assert_eq!((open.state, open.owner), (TaskState::Open, None));
    // The call of the other task is no 見込 after all, and then it is.
    let other = tasks(&world, None).into_iter().find(|row| row.id != task.id).unwrap();
    for (status, left) in [("通話済", 1), ("見込", 2)] {
        let amend = crate::model::Amend {
            attempt: other.attempt,
            status: Some(status.into()),
            memo: None,
            recall_at: None,
            reason: "誤記".into(),
            scope: Scope::All,
            by: Actor::default(),
            now: world.now,
        };
        world.db.amend(&amend).unwrap();
        assert_eq!(tasks(&world, None).len(), left, "{status}");
    }
    assert!(tasks(&world, None).iter().all(|row| row.owner.is_none()));
}

/// S4.4, S4.5, S4.23: a task that opens again, or comes up late, is nobody's if who had it calls no more; its lead says the same.
#[test]
fn a_task_opens_for_nobody_who_calls_no_more() {
    for role in [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice] {
        let mut world = World::new(2);
        world.call("見込");
        let blank = world.dial().unwrap().attempt;
        world.db.end_attempt(&world.ended(blank)).unwrap();
        let task = tasks(&world, None)[0].id;
        let change = |what| TaskChange { task, what, scope: Scope::All, by: Actor::default(), now: NOW };
        world.db.task_change(&change(TaskStep::Close)).unwrap();
        let change_role = UserChange { role: Some(role), ..UserChange::default() };
        let by = Actor::default();
        let within = UserScope { scope: Scope::All, role: Role::Manager };
        world.change_user(world.user, &change_role, by, within, NOW).unwrap();
        let owner = Some(world.user).filter(|_| role.calls());
        assert_eq!(world.db.task_change(&change(TaskStep::Reopen)).unwrap().owner, owner, "{role}");
        world.db.save(&Save { recall_at: Some(NOW), ..world.save(blank, "再コール") }).unwrap();
        world.db.seal(blank, NOW).unwrap();
        let open: Vec<_> = tasks(&world, None).into_iter().map(|task| task.owner).collect();
        assert_eq!(open, [owner, owner], "{role}");
        let sql = "SELECT owner_user_id FROM leads ORDER BY position";
        let of_leads: Vec<Option<UserId>> = super::super::all(&world.db.db, sql, [], |r| r.get(0)).unwrap();
        assert_eq!(of_leads, [owner, owner], "{role}");
    }
}

/// S4.4, S4.5: leads and tasks go to who calls; nothing goes to who is deleted, or back.
#[test]
fn work_goes_to_who_calls() {
    let (mut world, bob) = busy();
    let by = Actor::default();
    let alice = world.user;
    let carol = world.db.ensure_user("carol", "Carol", Role::BackOffice, NOW).unwrap();
    let dave = world.db.ensure_user("dave", "Dave", Role::Operator, NOW).unwrap();
    world.delete_user(dave, HandOver::Nothing, by, NOW).unwrap();
    let lead = world.leads()[3].id;
    let task = tasks(&world, None)[0].id;
    for (to, code) in [(carol, "E-USER-ROLE"), (dave, "E-USER-TOMBSTONE"), (alice, "E-VALUE")] {
        let refused = world.delete_user(alice, HandOver::To(to), by, NOW).unwrap_err();
        assert_eq!(refused.code(), code);
        let over = Given::Tasks(TaskHandOver { from: Some(alice), to: Some(to), list: None });
        let refused = world.db.give_over(&over, GivenAt::default(), at_once(), by, NOW).unwrap_err();
        assert_eq!(refused.code(), code);
        if to == alice {
            continue;
        }
        let assign = LeadChange::Assign { users: vec![bob, to] };
        let refused = world.db.change_leads(world.list, &vec![lead].into(), &assign, by, NOW);
        assert_eq!(refused.unwrap_err().code(), code);
        let what = TaskStep::Reassign(Some(to));
        let refused = world.db.task_change(&TaskChange { task, what, scope: Scope::All, by, now: NOW });
        assert_eq!(refused.unwrap_err().code(), code);
    }
    assert_eq!(world.reader().holdings(alice).unwrap(), HELD);
    assert_eq!(world.leads()[3].assigned, None);
}

/// S4.4, S4.5, S4.20, S1.37: who calls no more keeps no lead and no task that nobody would be offered; contacts stay theirs.
#[test]
fn who_calls_no_more_leaves_leads_and_tasks() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let to = |role| UserChange { role: Some(role), ..UserChange::default() };
    let within = UserScope { scope: Scope::All, role: Role::Manager };
    for role in [Role::BackOffice, Role::Business] {
        let refused = world.change_user(alice, &to(role), Actor::default(), within, NOW).unwrap_err();
        let Error::UserHolds { login, held } = refused else { panic!("{refused}") };
        assert_eq!((login.as_str(), held), ("alice", Holdings { contacts: 0, ..HELD }));
    }
    assert_eq!(world.reader().holdings(alice).unwrap(), HELD);
    // Who goes on calling keeps all of it.
    world.change_user(alice, &to(Role::Supervisor), Actor::default(), within, NOW).unwrap();
    world.change_user(alice, &to(Role::Operator), Actor::default(), within, NOW).unwrap();
    assert_eq!(world.reader().holdings(alice).unwrap(), HELD);
    let carol = world.db.ensure_user("carol", "Carol", Role::BackOffice, NOW).unwrap();
    let mut hand = |over, role| {
        let before = (over, Holdings { leads: 10, ..Holdings::default() });
        world.db.user_change(alice, &to(role), before, Actor::default(), within, NOW)
    };
    assert_eq!(hand(HandOver::To(carol), Role::BackOffice).unwrap_err().code(), "E-USER-ROLE");
    assert_eq!(hand(HandOver::To(alice), Role::BackOffice).unwrap_err().code(), "E-VALUE");
    let (now, moved) = hand(HandOver::To(bob), Role::BackOffice).unwrap();
    assert_eq!((now.role, moved), (Role::BackOffice, Holdings { leads: 13, contacts: 0, tasks: 2 }));
    assert_eq!(hand(HandOver::Nobody, Role::Business).unwrap().0.role, Role::Business, "nothing is left");
    assert_eq!(world.reader().holdings(alice).unwrap(), Holdings { leads: 0, contacts: 1, tasks: 0 });
    assert_eq!(world.reader().holdings(bob).unwrap(), Holdings { contacts: 0, ..HELD });
    let query = AuditQuery { action: Some("user.role".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    let detail = serde_json::json!({ "before": "OP", "after": "BY", "handed_over": { "to": bob, "leads": 13, "tasks": 2 } });
    assert_eq!((log.len(), &log[1].detail), (4, &detail));
}

/// S4.20: open tasks change hands at once, of one list where it is named, nobody's too, with a row in the log.
#[test]
fn tasks_change_hands_at_once() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let second = world.reader().list_by_name("second").unwrap().id;
    let mut give = |from, to, list| {
        let over = Given::Tasks(TaskHandOver { from, to, list });
        let (mut tasks, mut next) = (0, Some(GivenAt::default()));
        while let Some(at) = next {
            let (slice, behind) = world.db.give_over(&over, at, at_once(), Actor::default(), NOW).unwrap();
            tasks += slice;
            next = behind;
        }
        tasks
    };
    assert_eq!(give(Some(alice), Some(bob), Some(second)), 0, "both came from the first list");
    assert_eq!(give(Some(alice), Some(bob), None), 2);
    assert_eq!(give(Some(bob), None, None), 2);
    assert_eq!(give(None, Some(alice), Some(second)), 0);
    assert_eq!(give(None, Some(alice), None), 2);
    assert_eq!(tasks(&world, Some(Assigned::To(alice))).len(), 2);
    let query = AuditQuery { action: Some("task.hand_over".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    let counts: Vec<_> = log.iter().rev().map(|row| row.detail["tasks"].clone()).collect();
    assert_eq!(counts, [0, 2, 2, 0, 2]);
}

/// S3.8, S4.23, D19: contacts change hands at once, those of a deleted user and of nobody too, with a row in the log for each slice.
#[test]
fn contacts_change_hands_at_once() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let start = ImportStart { list: None, source: "book.csv".into(), user: Some(alice), now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let rows: Vec<StagedRow> = (50..950).map(row).collect();
    world.stage(import, &rows, StagePolicy { leads: false, ..StagePolicy::default() }).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    let held = world.reader().holdings(alice).unwrap().contacts;
    assert_eq!(held, 901);
    // As versions before did not hand them over.
    world.db.db.execute("UPDATE users SET deleted_at = 1 WHERE login = 'alice'", []).unwrap();
    let mut give = |from, to| {
        let over = Given::Contacts(ContactHandOver { from, to });
        let (mut contacts, mut next) = (0, Some(GivenAt::default()));
        while let Some(at) = next {
            let by = Actor { user: Some(bob), uid: Some(1000) };
            let (slice, behind) = world.db.give_over(&over, at, at_once(), by, NOW)?;
            contacts += slice;
            next = behind;
        }
        Result::Ok(contacts)
    };
    assert_eq!(give(None, Some(alice)).unwrap_err().code(), "E-USER-TOMBSTONE");
    assert_eq!(give(Some(bob), Some(bob)).unwrap_err().code(), "E-VALUE");
    assert_eq!(give(Some(alice), None).unwrap(), held);
    assert!(give(None, Some(bob)).unwrap() >= held, "nobody's, those of calls among them");
    assert_eq!(world.reader().holdings(alice).unwrap().contacts, 0);
    let query = AuditQuery { action: Some("contact.hand_over".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    assert!(log.len() > 4, "it has several slices: {}", log.len());
    assert!(log.iter().all(|row| (row.login.as_deref(), row.uid) == (Some("bob"), Some(1000))));
    let from_alice = log.iter().filter(|row| row.object == alice.to_string());
    assert_eq!(from_alice.map(|row| row.detail["contacts"].as_u64().unwrap()).sum::<u64>(), held);
}

/// S4.23, D19: wherever the process ends while somebody's work changes hands, the next start finishes it: they are deleted, or have the
/// new role, all of it is the other's, and one row of audit says how much. What failed and was told as failed is not finished.
#[test]
fn a_hand_over_is_whole_wherever_it_is_cut() {
    for role in [None, Some(Role::BackOffice)] {
        let mut cut = 0;
        loop {
            let (mut world, bob) = busy();
            let alice = world.user;
            let by = Actor { user: Some(bob), uid: Some(1000) };
            let handing =
                Handing { from: alice, to: Some(bob), contacts: role.is_none(), by: by.user, now: NOW + 5 };
            let change = UserChange {
                name: Some("有栖".into()),
                uid: Some(Some(1005)),
                role,
                ..UserChange::default()
            };
            let change = role.map(|_| (&change, MANAGER));
            world.db.begin_hand_over(&handing, change, by).unwrap();
            let mut at = Ok(HandOverAt::Numbers);
            for _ in 0..cut {
                if let Ok(from) = at {
                    at = world.db.hand_over(&handing, from, at_once()).unwrap().1;
                }
            }
            let mut world = world.reopen();
            world.db.recover(NOW + MINUTE).unwrap();
            let held = if role.is_none() { HELD } else { Holdings { contacts: 0, ..HELD } };
            assert_eq!(world.reader().holdings(bob).unwrap(), held, "cut after {cut} slices");
            let user = world.db.all_users().unwrap().into_iter().find(|user| user.id == alice).unwrap();
            assert_eq!(
                (user.deleted_at, user.role),
                match role {
                    None => (Some(NOW + 5), Role::Operator),
                    Some(role) => (None, role),
                }
            );
            // What else was asked for is done with the role, or neither is.
            if role.is_some() {
                assert_eq!((user.name.as_str(), user.uid), ("有栖", Some(1005)), "cut after {cut} slices");
            }
            let action = if role.is_none() { "user.delete" } else { "user.role" };
            let query = AuditQuery { action: Some(action.into()), ..AuditQuery::default() };
            let log = world.reader().audit_log(&query).unwrap();
            assert_eq!(
                (log.len(), log[0].at, log[0].login.as_deref(), log[0].uid),
                (1, NOW + 5, Some("bob"), Some(1000))
            );
            let told = &log[0].detail["handed_over"];
            assert_eq!((&told["leads"], &told["tasks"]), (&held.leads.into(), &held.tasks.into()));
            assert_eq!(count(&world, "SELECT count(*) FROM hand_overs"), 0);
            assert!(world.is_sound());
            if at.is_err() {
                break;
            }
            cut += 1;
        }
        assert!(cut >= 3, "it has several slices: {cut}");
    }
    // One that failed stays undone, and the log says how far it came.
    let (mut world, bob) = busy();
    let alice = world.user;
    let handing = Handing { from: alice, to: Some(bob), contacts: true, by: None, now: NOW };
    world.db.begin_hand_over(&handing, None, Actor::default()).unwrap();
    let (_, next) = world.db.hand_over(&handing, HandOverAt::Numbers, at_once()).unwrap();
    assert!(next.is_ok());
    for _ in 0..2 {
        world.db.give_up_hand_over(&handing, "E-DISK-FULL", &UserChange::default()).unwrap();
    }
    let mut world = world.reopen();
    world.db.recover(NOW + MINUTE).unwrap();
    assert_eq!(world.db.users().unwrap().len(), 2);
    let query = AuditQuery { action: Some("user.".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    assert_eq!((log.len(), log[0].action.as_str()), (1, "user.hand_over"));
    assert_eq!(
        (&log[0].detail["ended"]["code"], &log[0].detail["handed_over"]["leads"]),
        (&"E-DISK-FULL".into(), &3.into())
    );
    // Nor does anything else of it stay.
    let wanted = UserChange {
        name: Some("有栖".into()),
        role: Some(Role::BackOffice),
        uid: Some(Some(1005)),
        ..UserChange::default()
    };
    let back = UserChange { name: Some("Alice".into()), uid: Some(None), ..UserChange::default() };
    world.db.begin_hand_over(&handing, Some((&wanted, MANAGER)), Actor::default()).unwrap();
    world.db.give_up_hand_over(&handing, "E-DISK-FULL", &back).unwrap();
    let user = world.db.users().unwrap().into_iter().find(|user| user.id == alice).unwrap();
    assert_eq!((user.name.as_str(), user.uid, user.role), ("Alice", None, Role::Operator));
    // Nor is it finished where who was to take over is gone by then.
    world.db.begin_hand_over(&handing, None, Actor::default()).unwrap();
    world.delete_user(bob, HandOver::Nobody, Actor::default(), NOW).unwrap();
    let mut world = world.reopen();
    world.db.recover(NOW + MINUTE).unwrap();
    let log = world.reader().audit_log(&query).unwrap();
    assert_eq!(
        (log[0].action.as_str(), &log[0].detail["ended"]["code"]),
        ("user.hand_over", &"E-USER-TOMBSTONE".into())
    );
    assert_eq!(world.db.users().unwrap().len(), 1, "alice stays");
}

/// S4.23, D19: a hand-over that is asked for again, to somebody else, takes the place of the first: the log has what went to each.
#[test]
fn a_hand_over_to_somebody_else_counts_anew() {
    let (mut world, bob) = busy();
    let alice = world.user;
    let carol = world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap();
    let mut at = HandOverAt::Numbers;
    for to in [bob, carol] {
        let handing = Handing { from: alice, to: Some(to), contacts: true, by: None, now: NOW };
        for _ in 0..2 {
            // Asked again for the same, it goes on.
            world.db.begin_hand_over(&handing, None, Actor::default()).unwrap();
        }
        if to == bob {
            at = world.db.hand_over(&handing, at, at_once()).unwrap().1.unwrap();
        }
    }
    let mut world = world.reopen();
    world.db.recover(NOW + MINUTE).unwrap();
    let query = AuditQuery { action: Some("user.".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&query).unwrap();
    let told: Vec<_> =
        log.iter().rev().map(|row| (row.action.as_str(), &row.detail["handed_over"])).collect();
    let each = |to: UserId, held: Holdings| serde_json::json!({ "to": to, "leads": held.leads, "contacts": held.contacts, "tasks": held.tasks });
    let to_bob = Holdings { leads: 3, contacts: 0, tasks: 0 };
    let to_carol = Holdings { leads: 0, contacts: 1, tasks: 2 };
    assert_eq!(told[0], ("user.hand_over", &each(bob, to_bob)));
    assert_eq!((told.len(), told[1].0), (2, "user.delete"));
    for (what, many) in
        [("leads", to_carol.leads), ("contacts", to_carol.contacts), ("tasks", to_carol.tasks)]
    {
        assert_eq!(told[1].1[what].as_u64().unwrap_or(0), many, "{what}: {}", told[1].1);
    }
}

/// S4.23: what a deleted user has all the same, in a database from before it changed hands, is told of.
#[test]
fn what_deleted_users_hold_is_found() {
    let (mut world, bob) = busy();
    let alice = world.user;
    world.delete_user(alice, HandOver::To(bob), Actor::default(), NOW).unwrap();
    let found = |world: &World| {
        let found = world.reader().verify(&Default::default()).unwrap();
        found.into_iter().map(|wrong| (wrong.what, wrong.key, wrong.shown)).collect::<Vec<_>>()
    };
    assert_eq!(found(&world), []);
    let mut expected = Vec::new();
    for (table, what) in [("assignments", "numbers"), ("tasks", "open tasks"), ("contacts", "contacts")] {
        let owner = if table == "assignments" { "user_id" } else { "owner_user_id" };
        let held = world.db.db.execute(&format!("UPDATE {table} SET {owner} = ?1"), [alice]).unwrap();
        expected.push((format!("{what} of deleted users"), "alice".to_owned(), i64::try_from(held).unwrap()));
    }
    let found = found(&world);
    assert!(expected.iter().all(|one| one.2 > 0 && found.contains(one)), "{expected:?}: {found:?}");
}

/// X7: who takes over is told of lists that they may not use.
#[test]
fn lists_out_of_reach_are_named() {
    let (mut world, bob) = busy();
    let by = Actor::default();
    let boss = world.db.ensure_user("boss", "Boss", Role::Supervisor, NOW).unwrap();
    world.db.grant_list(world.list, &[boss], true, by, NOW).unwrap();
    world.delete_user(world.user, HandOver::To(bob), by, NOW).unwrap();
    assert_eq!(world.reader().out_of_reach(bob).unwrap(), ["リスト"]);
    assert!(world.reader().out_of_reach(boss).unwrap().is_empty());
    world.db.grant_list(world.list, &[bob], true, by, NOW).unwrap();
    assert!(world.reader().out_of_reach(bob).unwrap().is_empty());
}

pub(super) fn count(world: &World, sql: &str) -> i64 {
    world.db.db.query_row(sql, [], |r| r.get(0)).unwrap()
}
