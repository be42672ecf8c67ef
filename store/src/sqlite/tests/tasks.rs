//! 見込 and 再コール: folders, owners, what closes them, what the auto-dialer leaves alone.

use super::*;
use crate::error::Error;
use crate::model::{
    Amend, Assigned, DncClear, DncEntry, LeadChange, ListQuery, ProjectEdit, TaskChange, TaskCounts,
    TaskFolder, TaskKind, TaskQuery, TaskRow, TaskState, TaskStep, WhyContext, WhyQuery, WhyReason,
};
use crate::permission::Scope;

fn tasks(world: &World) -> Vec<TaskRow> {
    world.reader().tasks(&TaskQuery { include_closed: true, now: world.now, ..TaskQuery::default() }).unwrap()
}

fn call_with(world: &mut World, status: &str, recall_at: Option<i64>) -> Claimed {
    let claimed = world.dial().expect("a lead");
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let mut save = world.save(claimed.attempt, status);
    save.recall_at = recall_at;
    world.db.save(&save).unwrap();
    world.db.seal(claimed.attempt, world.now + 21_000).unwrap();
    claimed
}

fn manual(world: &mut World, number: usize, status: &str, recall_at: Option<i64>) -> AttemptId {
    let call = rules::manual(world, &phone(number).national());
    let attempt = world.db.open_manual(&call).unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let mut save = world.save(attempt, status);
    save.recall_at = recall_at;
    world.db.save(&save).unwrap();
    world.db.seal(attempt, world.now + 1).unwrap();
    attempt
}

fn change(world: &World, task: i64, what: TaskStep, scope: Scope) -> TaskChange {
    TaskChange { task, what, scope, by: world.actor(), now: world.now }
}

/// X4, D15: 見込, 再コール and any status with a time; 過去, 未来, フリー with counts.
#[test]
fn tasks_lie_in_three_folders() {
    let mut world = World::new(4);
    call_with(&mut world, "見込", None);
    call_with(&mut world, "再コール", Some(NOW));
    call_with(&mut world, "通話済", Some(NOW + MINUTE));
    call_with(&mut world, "通話済", None);
    let found: Vec<_> = tasks(&world).into_iter().map(|task| (task.kind, task.folder)).collect();
    assert_eq!(
        found,
        [
            (TaskKind::Callback, TaskFolder::Past),
            (TaskKind::Callback, TaskFolder::Future),
            (TaskKind::Prospect, TaskFolder::Free)
        ],
        "the most urgent first"
    );
    // What to call by.
    let places: Vec<_> = tasks(&world).iter().map(|task| (task.list_name.clone(), task.position)).collect();
    assert_eq!(places, [2, 3, 1].map(|place| (Some("リスト".to_owned()), Some(place))));
    let first = tasks(&world)[0].id;
    assert_eq!(world.reader().task(first, world.now).unwrap(), tasks(&world)[0]);
    assert_eq!(world.reader().task(99, world.now).unwrap_err().code(), "E-NOT-FOUND");
    let counts = |now| world.reader().task_counts(Some(Assigned::To(world.user)), None, now).unwrap();
    assert_eq!(counts(NOW), TaskCounts { past: 1, future: 1, free: 1 });
    assert_eq!(counts(NOW + MINUTE), TaskCounts { past: 2, future: 0, free: 1 }, "time moves them");
    let past = TaskQuery { folder: Some(TaskFolder::Past), now: NOW, ..TaskQuery::default() };
    assert_eq!(world.reader().tasks(&past).unwrap().len(), 1);
    let first = TaskQuery { limit: 1, now: NOW, ..TaskQuery::default() };
    let mut seen = Vec::new();
    let mut after = None;
    while let Some(task) = world.reader().tasks(&TaskQuery { after, ..first.clone() }).unwrap().pop() {
        after = Some(task.id);
        seen.push(task.folder);
    }
    assert_eq!(seen, [TaskFolder::Past, TaskFolder::Future, TaskFolder::Free], "page by page");
}

/// S4.49: until the call is sealed its task follows the saves.
#[test]
fn a_task_follows_the_saves_of_its_call() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    world.db.save(&world.save(attempt, "見込")).unwrap();
    assert_eq!(tasks(&world)[0].kind, TaskKind::Prospect);
    let mut again = world.save(attempt, "再コール");
    again.recall_at = Some(NOW + MINUTE);
    world.db.save(&again).unwrap();
    let one = tasks(&world);
    assert_eq!((one.len(), one[0].kind, one[0].due_at), (1, TaskKind::Callback, Some(NOW + MINUTE)));
    world.db.save(&world.save(attempt, "通話済")).unwrap();
    assert!(tasks(&world).is_empty());
    world.db.save(&world.save(attempt, "クレーム")).unwrap();
    assert!(tasks(&world).is_empty());
}

/// S4.49: a memo that is saved later leaves time and task as they are.
#[test]
fn a_later_memo_leaves_the_time_to_call_back() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let mut save = world.save(attempt, "再コール");
    save.recall_at = Some(NOW + MINUTE);
    world.db.save(&save).unwrap();
    let task = tasks(&world)[0].id;
    let due = Some(NOW + 9 * MINUTE);
    world.db.task_change(&change(&world, task, TaskStep::Due(due), Scope::Own)).unwrap();
    let mut memo = world.save(attempt, "");
    memo.memo = Some("折り返し".into());
    world.db.save(&memo).unwrap();
    assert_eq!(world.db.attempt(attempt).unwrap().recall_at, Some(NOW + MINUTE));
    assert_eq!((tasks(&world)[0].state, tasks(&world)[0].due_at), (TaskState::Open, due));
    world.db.task_change(&change(&world, task, TaskStep::Close, Scope::Own)).unwrap();
    world.db.save(&memo).unwrap();
    assert_eq!(tasks(&world)[0].state, TaskState::Done);
}

/// X4: a correction of the memo is nothing to call about, and one of the status leaves done what is done; another time to call
/// back makes it a task again.
#[test]
fn a_correction_leaves_a_task_that_is_done() {
    let mut world = World::new(1);
    let call = call_with(&mut world, "見込", Some(NOW + MINUTE));
    let task = tasks(&world)[0].id;
    let amend = |world: &mut World, status: Option<&str>, memo: Option<&str>, recall_at| {
        let amend = Amend {
            attempt: call.attempt,
            status: status.map(str::to_owned),
            memo: memo.map(str::to_owned),
            recall_at,
            reason: "誤字".into(),
            scope: Scope::All,
            by: world.actor(),
            now: world.now + 2 * MINUTE,
        };
        world.db.amend(&amend).unwrap();
        let task = tasks(world).remove(0);
        (task.state, task.kind, task.due_at, world.lead(call.lead).state)
    };
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let due = Some(NOW + 9 * MINUTE);
    for step in [TaskStep::Due(due), TaskStep::Reassign(Some(bob))] {
        world.db.task_change(&change(&world, task, step, Scope::All)).unwrap();
    }
    let open = (TaskState::Open, TaskKind::Prospect, due, LeadState::Task);
    assert_eq!(amend(&mut world, None, Some("資料"), None), open);
    let callback = (TaskState::Open, TaskKind::Callback, due, LeadState::Task);
    assert_eq!(amend(&mut world, Some("再コール"), None, None), callback);
    let sql = "SELECT recall_at, owner_user_id FROM leads";
    let held: (Option<i64>, Option<UserId>) =
        world.db.db.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert_eq!(held, (due, Some(bob)), "the lead goes by the task");
    world.db.task_change(&change(&world, task, TaskStep::Close, Scope::All)).unwrap();
    let done = |kind| (TaskState::Done, kind, due, LeadState::Done);
    assert_eq!(amend(&mut world, None, Some("資料送付"), None), done(TaskKind::Callback));
    assert_eq!(amend(&mut world, Some("見込"), None, None), done(TaskKind::Prospect));
    let again = Some(NOW + 5 * MINUTE);
    let anew = (TaskState::Open, TaskKind::Prospect, again, LeadState::Task);
    assert_eq!(amend(&mut world, None, None, Some(again)), anew);
    world.db.task_change(&change(&world, task, TaskStep::Close, Scope::All)).unwrap();
    assert_eq!(amend(&mut world, Some("通話済"), None, Some(None)).3, LeadState::Done);
    let anew = (TaskState::Open, TaskKind::Prospect, None, LeadState::Task);
    assert_eq!(amend(&mut world, Some("見込"), None, None), anew, "it had no task before");
    assert!(world.is_sound());
}

/// X4: what was corrected to a result without a callback is called back no more, unless a time is given with it, as in a save.
#[test]
fn a_correction_takes_the_time_of_the_callback_with_it() {
    for (status, recall_at, due) in [
        ("不通", None, None),
        ("クレーム", None, None),
        ("見込", None, Some(NOW + MINUTE)),
        ("不通", Some(Some(NOW + 2 * MINUTE)), Some(NOW + 2 * MINUTE)),
    ] {
        let mut world = World::new(1);
        let call = call_with(&mut world, "再コール", Some(NOW + MINUTE));
        let amend = Amend {
            attempt: call.attempt,
            status: Some(status.to_owned()),
            memo: None,
            recall_at,
            reason: "押し間違い".into(),
            scope: Scope::All,
            by: world.actor(),
            now: world.now + MINUTE,
        };
        let row = world.db.amend(&amend).unwrap().row;
        assert_eq!(row.recall_at, due, "{status}");
        assert_eq!(tasks(&world).first().and_then(|task| task.due_at), due, "{status}");
        assert_eq!(world.lead(call.lead).state == LeadState::Task, due.is_some(), "{status}");
        assert!(world.is_sound());
    }
}

/// X4: a later call with the number closes the task; it stays visible as done.
#[test]
fn a_later_call_closes_it_and_its_lead() {
    let mut world = World::new(1);
    let lead = call_with(&mut world, "見込", None).lead;
    assert_eq!(world.lead(lead).state, LeadState::Task);
    world.now += 10 * MINUTE;
    manual(&mut world, 0, "通話済", None);
    let task = tasks(&world).remove(0);
    assert_eq!((task.state, task.closed_at), (TaskState::Done, Some(world.now)));
    assert_eq!(world.lead(lead).state, LeadState::Done);
    assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty(), "open ones only");
}

#[test]
fn a_callback_by_hand_goes_on_with_the_lead() {
    let mut world = World::new(1);
    let lead = call_with(&mut world, "再コール", Some(NOW)).lead;
    world.now += 10 * MINUTE;
    let later = world.now + MINUTE;
    manual(&mut world, 0, "再コール", Some(later));
    let open = world.reader().tasks(&TaskQuery { now: world.now, ..TaskQuery::default() }).unwrap();
    assert_eq!((open.len(), open[0].lead, open[0].due_at), (1, lead, Some(world.now + MINUTE)));
    let row = world.lead(lead);
    assert_eq!((row.state, row.recall_at), (LeadState::Task, Some(world.now + MINUTE)));
}

/// X4: it disappears with its list, and comes back with it.
#[test]
fn a_disabled_list_hides_its_tasks() {
    let mut world = World::new(1);
    call_with(&mut world, "見込", None);
    world.enable(false);
    assert!(tasks(&world).is_empty());
    assert_eq!(world.reader().task_counts(None, None, NOW).unwrap(), TaskCounts::default());
    world.enable(true);
    assert_eq!(tasks(&world).len(), 1);
}

/// S4.20: the auto-dialer leaves another's 見込 and 再コール alone, on every list of the project, until they are closed.
#[test]
fn the_auto_dialer_skips_tasks_of_others() {
    let mut world = World::new(1);
    call_with(&mut world, "再コール", Some(NOW + 60 * MINUTE));
    let own = world.leads()[0].id;
    let second = world.list("second");
    world.import(second, &[row(0), row(1)]);
    world.list = second;
    world.now += 10 * MINUTE;
    let owner = world.user;
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let mut why = WhyContext { now: world.now, user: Some(bob), ..WhyContext::default() };
    let first = world.leads()[0].id;
    let reason = |why: &WhyContext| world.reader().why(&WhyQuery::Lead(first), why).unwrap().rows[0].reason;
    assert_eq!(reason(&why), WhyReason::Task);
    why.user = Some(owner);
    assert_eq!(reason(&why), WhyReason::Eligible, "their own may be dialed");
    // F2: for nobody in particular it is somebody's, and whatever else forbids it is told beside.
    why.user = None;
    assert_eq!(reason(&why), WhyReason::Task);
    let entry = DncEntry::by_hand(phone(0).national(), "断り", Actor::default(), world.now);
    world.db.dnc_add_all(&[entry]).unwrap();
    let of_task = WhyQuery::Lead(own);
    let row = world.reader().why(&of_task, &why).unwrap().rows.remove(0);
    assert_eq!((row.reason, row.also), (WhyReason::Task, vec![WhyReason::DoNotCall]));
    let off = DncClear {
        phone: phone(0).national(),
        project: None,
        reason: "誤登録".into(),
        by: Actor::default(),
        now: world.now,
    };
    assert!(world.db.dnc_clear_all(&[off]).is_ok());
    world.user = bob;
    let advanced = world.db.advance(&world.step(None, None, Some(world.spec()))).unwrap();
    assert_eq!(advanced.passed_over, [(first, "E-TASK")]);
    assert_eq!(advanced.claimed.unwrap().position, 2);
    // By hand anybody may call; that answers the task, and the row has its turn again.
    let step = TaskStep::Close;
    world.db.task_change(&change(&world, tasks(&world)[0].id, step, Scope::All)).unwrap();
    assert_eq!(world.lead(Some(first)).state, LeadState::Ready);
    let claimed = world.db.advance(&world.step(None, None, Some(world.spec()))).unwrap().claimed.unwrap();
    assert_eq!(claimed.lead, Some(first));
}

/// S1.37, S4.20: a lead that nobody's task kept from being dialed has its turn again when the project pools what is nobody's.
#[test]
fn a_pooled_task_leaves_no_lead_passed_over() {
    let mut world = World::new(1);
    let by = world.actor();
    let pool = |world: &mut World, pooled| {
        let edit = ProjectEdit { pooled: Some(pooled), ..ProjectEdit::default() };
        world.db.edit_project(world.project, &edit, by, world.now).unwrap();
    };
    let alice = world.user;
    let to_alice = LeadChange::Assign { users: vec![alice] };
    world.db.change_leads(world.list, &vec![world.leads()[0].id].into(), &to_alice, by, NOW).unwrap();
    manual(&mut world, 0, "再コール", None);
    let task = tasks(&world)[0].id;
    world.db.task_change(&change(&world, task, TaskStep::Reassign(None), Scope::All)).unwrap();
    pool(&mut world, false);
    world.now += 10 * MINUTE;
    assert!(world.dial().is_none());
    assert_eq!(world.states(), [LeadState::Skipped]);
    pool(&mut world, false);
    assert_eq!(world.states(), [LeadState::Skipped], "nothing changed");
    pool(&mut world, true);
    assert_eq!(world.states(), [LeadState::Ready]);
    assert!(world.dial().is_some());
}

/// S4.20: whatever ends a task, the lead that it kept from somebody else has its turn again: a correction, another status before the
/// seal, its contact's deletion.
#[test]
fn a_task_that_goes_leaves_no_lead_passed_over() {
    for end in ["amend", "save", "contact"] {
        let mut world = World::new(1);
        let alice = world.user;
        let open = if end == "contact" {
            manual(&mut world, 0, "再コール", None)
        } else {
            let attempt = world.dial().unwrap().attempt;
            world.db.end_attempt(&world.ended(attempt)).unwrap();
            world.db.save(&world.save(attempt, "再コール")).unwrap();
            attempt
        };
        if end == "amend" {
            world.db.seal(open, world.now).unwrap();
        }
        let second = world.list("second");
        world.import(second, &[row(0)]);
        world.list = second;
        world.now += 10 * MINUTE;
        world.user = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        assert!(world.dial().is_none(), "{end}");
        assert_eq!(world.states(), [LeadState::Skipped], "{end}");
        let bob = std::mem::replace(&mut world.user, alice);
        match end {
            "amend" => {
                let amend = Amend {
                    attempt: open,
                    status: Some("通話済".into()),
                    memo: None,
                    recall_at: None,
                    reason: "誤り".into(),
                    scope: Scope::All,
                    by: world.actor(),
                    now: world.now,
                };
                world.db.amend(&amend).unwrap();
            }
            "save" => {
                world.db.save(&world.save(open, "通話済")).unwrap();
            }
            _ => {
                let contact = world.reader().contact_row(&phone(0).national()).unwrap().id;
                let by = world.actor();
                assert_eq!(world.db.contacts_delete(&[contact], by, world.now).unwrap(), 1);
            }
        }
        world.user = bob;
        assert_eq!(world.states(), [LeadState::Ready], "{end}");
        assert!(world.dial().is_some(), "{end}");
    }
}

/// X4, S4.20, S4.23: what lies in the bin with its lead or its list is shown to nobody, so it keeps no lead from anybody, and nobody from
/// being deleted; it holds again when it comes back.
#[test]
fn a_task_in_the_bin_holds_nobody() {
    for whole in [true, false] {
        let mut world = World::new(1);
        let (alice, first) = (world.user, world.list);
        let lead = call_with(&mut world, "再コール", None).lead.unwrap();
        let second = world.list("second");
        world.import(second, &[row(0)]);
        world.list = second;
        world.now += 10 * MINUTE;
        world.user = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        assert!(world.dial().is_none());
        assert_eq!(world.states(), [LeadState::Skipped]);
        let by = Actor::default();
        let deleted_at = world.now;
        match whole {
            true => world.db.delete_list(first, by, deleted_at).unwrap(),
            false => {
                let delete = LeadChange::Delete;
                assert_eq!(world.reader().lead_tasks(first).unwrap(), [lead]);
                let done = world.db.change_leads(first, &vec![lead].into(), &delete, by, deleted_at);
                assert_eq!(done.unwrap().tasks, 1);
                assert_eq!(world.reader().lead_tasks(first).unwrap(), []);
            }
        }
        assert_eq!(world.states(), [LeadState::Ready], "{whole}");
        assert_eq!(world.reader().holdings(alice).unwrap().tasks, 0);
        // S3.21: it is told as cancelled where closed ones are asked for, and to nobody else.
        assert_eq!(tasks(&world)[0].state, TaskState::Cancelled);
        assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty());
        let claimed = world.dial().expect("nobody has it").attempt;
        let end = AttemptEnd { void: Some("shutdown".into()), ..world.ended(claimed) };
        world.db.end_attempt(&end).unwrap();
        match whole {
            true => drop(world.db.restore_list("リスト", None, by, world.now).unwrap()),
            false => drop(world.db.restore_leads(first, deleted_at, None).unwrap()),
        }
        assert_eq!(world.reader().holdings(alice).unwrap().tasks, 1);
        world.now += 10 * MINUTE;
        assert!(world.dial().is_none(), "it is alice's again");
    }
}

/// X7: a task of a call by hand is in the answers of those who may use its project, as that of a lead is of its list; one's own stays.
#[test]
fn a_task_of_a_project_of_others_is_not_shown() {
    let mut world = World::new(1);
    let alice = world.user;
    let [bob, carol] =
        ["bob", "carol"].map(|login| world.db.ensure_user(login, login, Role::Operator, NOW).unwrap());
    manual(&mut world, 0, "再コール", None);
    manual(&mut world, 1, "再コール", None);
    let [first, second] = [0, 1].map(|at| tasks(&world)[at].id);
    let give = |world: &World, task, to| change(world, task, TaskStep::Reassign(to), Scope::All);
    world.db.task_change(&give(&world, second, None)).unwrap();
    world.db.grant_project(world.project, &[bob], true, Actor::default(), NOW).unwrap();
    let seen = |world: &World, user| {
        let query = TaskQuery { granted_to: Some(user), now: world.now, ..TaskQuery::default() };
        let ids: Vec<i64> = world.reader().tasks(&query).unwrap().into_iter().map(|task| task.id).collect();
        let counts = world.reader().task_counts(None, Some(user), world.now).unwrap();
        assert_eq!(counts.free, ids.len() as u64);
        ids
    };
    assert_eq!(seen(&world, alice), [first], "their own");
    assert_eq!(seen(&world, bob), [first, second]);
    assert_eq!(seen(&world, carol), [0; 0]);
    for (user, may) in [(carol, false), (bob, true)] {
        let by = Actor { user: Some(user), uid: None };
        let close = TaskChange { by, ..change(&world, second, TaskStep::Close, Scope::Own) };
        assert_eq!(world.db.task_change(&close).is_ok(), may);
    }
}

/// A time that no screen shows, and nothing can be counted from, is refused wherever it is given.
#[test]
fn a_time_to_call_back_has_four_digits_of_a_year() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let save = |world: &World, recall_at| Save { recall_at, ..world.save(attempt, "再コール") };
    for nonsense in [7_258_118_400_000, i64::MAX] {
        assert_eq!(world.db.save(&save(&world, Some(nonsense))).unwrap_err().code(), "E-VALUE");
    }
    world.db.save(&save(&world, Some(NOW + MINUTE))).unwrap();
    world.db.seal(attempt, NOW).unwrap();
    for nonsense in [i64::MIN, -5, i64::MAX] {
        let amend = Amend {
            attempt,
            status: None,
            memo: None,
            recall_at: Some(Some(nonsense)),
            reason: "訂正".into(),
            scope: Scope::All,
            by: world.actor(),
            now: world.now,
        };
        assert_eq!(world.db.amend(&amend).unwrap_err().code(), "E-VALUE", "{nonsense}");
    }
}

/// S4.20: a task that comes up between claim and dial is seen too.
#[test]
fn a_task_of_another_between_claim_and_dial_is_seen() {
    let mut world = World::new(1);
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let alice = std::mem::replace(&mut world.user, bob);
    manual(&mut world, 0, "見込", None);
    world.user = alice;
    world.now += 10 * MINUTE;
    world.db.db.execute("UPDATE attempts SET claim_until = ?1", [world.now + MINUTE]).unwrap();
    world.db.db.execute("UPDATE leads SET claim_until = ?1", [world.now + MINUTE]).unwrap();
    let refused = world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now).unwrap_err();
    assert_eq!(refused.code(), "E-TASK");
}

/// Done, undone, handed over, moved; each audited, and only by whom it concerns.
#[test]
fn a_task_is_closed_reopened_and_handed_over() {
    let mut world = World::new(1);
    let lead = call_with(&mut world, "見込", None).lead;
    let task = tasks(&world)[0].id;
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let mut foreign = change(&world, task, TaskStep::Close, Scope::Own);
    foreign.by = Actor { user: Some(bob), uid: None };
    assert!(matches!(world.db.task_change(&foreign), Err(Error::Permission)));
    assert_eq!(
        world.db.task_change(&change(&world, task, TaskStep::Close, Scope::Own)).unwrap().state,
        TaskState::Done
    );
    assert_eq!(world.lead(lead).state, LeadState::Done);
    let twice = world.db.task_change(&change(&world, task, TaskStep::Close, Scope::Own));
    let twice = twice.unwrap_err();
    assert_eq!(twice.code(), "E-STALE");
    let said = twice.ja();
    assert!(said.contains("閉じています") && said.contains("task done 1 --undo"), "{said}");
    world.db.task_change(&change(&world, task, TaskStep::Reopen, Scope::Own)).unwrap();
    assert_eq!(world.lead(lead).state, LeadState::Task);
    let due =
        world.db.task_change(&change(&world, task, TaskStep::Due(Some(NOW + MINUTE)), Scope::Own)).unwrap();
    assert_eq!((due.due_at, due.folder), (Some(NOW + MINUTE), TaskFolder::Future));
    for nonsense in [i64::MIN, -5, 7_258_118_400_000, i64::MAX] {
        let refused = world.db.task_change(&change(&world, task, TaskStep::Due(Some(nonsense)), Scope::Own));
        assert_eq!(refused.unwrap_err().code(), "E-VALUE", "{nonsense}");
    }
    let given =
        world.db.task_change(&change(&world, task, TaskStep::Reassign(Some(bob)), Scope::All)).unwrap();
    assert_eq!(given.owner_login.as_deref(), Some("bob"));
    assert!(matches!(
        world.db.task_change(&change(&world, task, TaskStep::Close, Scope::Own)),
        Err(Error::Permission)
    ));
    let audited = world.audited();
    let ours: Vec<_> = audited.iter().filter(|action| action.starts_with("task.")).collect();
    assert_eq!(ours, ["task.done", "task.reopen", "task.due", "task.reassign"]);
    let query = ListQuery { list: world.list, after: None, limit: 1, filter: LeadFilter::default() };
    assert_eq!(world.reader().show_list(&query).unwrap()[0].recall_at, Some(NOW + MINUTE));
}

/// X4, D16: a task whose number must not be called is told as blocked, and is neither counted nor reminded of until that is cleared.
#[test]
fn a_blocked_number_is_nobodys_task() {
    let mut world = World::new(2);
    call_with(&mut world, "再コール", Some(NOW + MINUTE));
    let other = world.db.ensure_project("別", None, NOW).unwrap();
    let counts = |world: &World| world.reader().task_counts(None, None, NOW + 9 * MINUTE).unwrap().past;
    let callable = |world: &World| {
        let query = TaskQuery { callable: true, now: world.now, ..TaskQuery::default() };
        world.reader().tasks(&query).unwrap().len()
    };
    let seen = |world: &World| (tasks(world)[0].blocked, counts(world), callable(world));
    for (project, blocks) in [(Some(other), false), (Some(world.project), true), (None, true)] {
        let (phone, by, now) = (phone(0).national(), world.actor(), world.now);
        let entry = DncEntry { project, ..DncEntry::by_hand(phone.clone(), "断り", by, now) };
        world.db.dnc_add_all(&[entry]).unwrap();
        let expected = if blocks { (true, 0, 0) } else { (false, 1, 1) };
        assert_eq!(seen(&world), expected, "{project:?}");
        world.db.dnc_clear_all(&[DncClear { phone, project, reason: "同意".into(), by, now }]).unwrap();
        assert_eq!(seen(&world), (false, 1, 1), "{project:?}");
    }
}

/// X4, D23: the callee who is reached counts: behind a number with a digit too many it is the one without.
#[test]
fn a_task_of_a_number_that_reaches_a_blocked_one_is_nobodys() {
    let mut world = World::new(0);
    let long = rules::manual(&world, "03-1111-00140");
    let attempt = world.db.open_manual(&long).unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let save = Save { recall_at: Some(NOW + MINUTE), ..world.save(attempt, "再コール") };
    world.db.save(&save).unwrap();
    let counts = |world: &World| world.reader().task_counts(None, None, NOW + 9 * MINUTE).unwrap().past;
    assert_eq!((tasks(&world)[0].blocked, counts(&world)), (false, 1));
    let entry = DncEntry {
        phone: "03-1111-0014".into(),
        project: None,
        reason: "断り".into(),
        attempt: None,
        evidence: None,
        source: "manual".into(),
        by: world.actor(),
        now: world.now,
    };
    world.db.dnc_add_all(&[entry]).unwrap();
    assert_eq!((tasks(&world)[0].blocked, counts(&world)), (true, 0));
    let task = tasks(&world)[0].id;
    let due = TaskStep::Due(Some(NOW + 20 * MINUTE));
    assert!(world.db.task_change(&change(&world, task, due, Scope::Own)).unwrap().blocked);
}

/// X4: a time that is over is none to call back at, as with a save; the one that is there may be said again.
#[test]
fn a_task_gets_no_time_that_is_over() {
    let mut world = World::new(1);
    call_with(&mut world, "再コール", Some(NOW + MINUTE));
    let task = tasks(&world)[0].id;
    world.now = NOW + 10 * MINUTE + 30_000;
    let due = |at| TaskStep::Due(Some(at));
    let past = world.db.task_change(&change(&world, task, due(NOW + 9 * MINUTE), Scope::Own));
    assert_eq!(past.unwrap_err().code(), "E-VALUE");
    for fine in [NOW + MINUTE, NOW + 10 * MINUTE, NOW + 11 * MINUTE] {
        world.db.task_change(&change(&world, task, due(fine), Scope::Own)).unwrap();
    }
}
