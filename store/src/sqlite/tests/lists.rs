//! Projects, lists and leads: whose they are, in which order they are dialed, and the way back.

use super::*;
use crate::error::{Error, ListError};
use crate::model::{
    Assigned, DialOrder, LeadChange, LeadSpec, LeadsChanged, ListEdit, ProjectEdit, TRASH_MS,
};

pub(super) fn change(world: &mut World, leads: &[LeadId], what: &LeadChange) -> LeadsChanged {
    let by = Actor { user: Some(world.user), uid: None };
    world.db.change_leads(world.list, &leads.to_vec().into(), what, by, world.now).unwrap()
}

fn reorder(world: &mut World, order: DialOrder) {
    let edit = ListEdit { order: Some(order), ..ListEdit::default() };
    world.db.edit_list(world.list, &edit, Actor::default(), world.now).unwrap();
    let mut after = Some(0);
    while let Some(position) = after {
        after = world.db.reorder_list(world.list, position).unwrap();
    }
}

pub(super) fn dialed(world: &mut World, calls: usize) -> Vec<i64> {
    (0..calls).map_while(|_| world.dial()).map(|claimed| claimed.position).collect()
}

pub(super) fn spec(world: &World, phone: &str) -> LeadSpec {
    LeadSpec::new(world.list, phone)
}

pub(super) fn ids(world: &World) -> Vec<LeadId> {
    world.leads().iter().map(|lead| lead.id).collect()
}

/// S1.2, D11: from the top unless the list says otherwise; every order dials every lead once, and new leads join it.
#[test]
fn a_list_is_dialed_in_its_order() {
    let mut rows: Vec<StagedRow> = (0..6).map(row).collect();
    for (at, category) in [(0, "乙"), (1, "甲"), (2, ""), (3, "甲"), (4, "丙"), (5, "乙")] {
        rows[at].categories =
            Some(category).filter(|name| !name.is_empty()).map(str::to_owned).into_iter().collect();
    }
    for (order, expected) in [
        (DialOrder::Position, vec![1, 2, 3, 4, 5, 6]),
        (DialOrder::Newest, vec![6, 5, 4, 3, 2, 1]),
        // By the names' code points: 丙 乙 甲, those without a category last.
        (DialOrder::Category, vec![5, 1, 6, 2, 4, 3]),
    ] {
        let mut world = World::new(0);
        let list = world.list;
        world.import(list, &rows);
        reorder(&mut world, order);
        assert_eq!(dialed(&mut world, 9), expected, "{order}");
    }
    // So many that no chance keeps them all in their places.
    let mut world = World::new(14);
    reorder(&mut world, DialOrder::Random);
    let mut order = dialed(&mut world, 20);
    let from_the_top: Vec<i64> = (1..=14).collect();
    assert_ne!(order, from_the_top);
    order.sort_unstable();
    assert_eq!(order, from_the_top, "every lead once");
}

/// A list that is not dialed from the top: leads that an import adds come behind until their turns are given.
#[test]
fn new_leads_of_a_list_with_another_order_wait_for_their_turn() {
    let mut world = World::new(2);
    reorder(&mut world, DialOrder::Newest);
    let start = ImportStart { list: Some(world.list), source: "x".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    world.stage(import, &[row(7), row(8)], StagePolicy::default()).unwrap();
    assert_eq!(dialed(&mut world, 1), [2], "what is staged is not dialed");
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    reorder(&mut world, DialOrder::Newest);
    let mut after = Some(0);
    while let Some(position) = after {
        after = world.db.reorder_list(world.list, position).unwrap();
    }
    assert_eq!(dialed(&mut world, 9), [4, 3, 1]);
}

/// S1.7, S1.13, S1.37, C10, D21: the owner belongs to the number, on every list; a seat dials its own leads and nobody's.
#[test]
fn a_number_has_one_owner_on_every_list() {
    let mut world = World::new(4);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let other = world.list("other");
    world.import(other, &[row(0)]);
    let leads = ids(&world);
    let done = change(&mut world, &leads[..2], &LeadChange::Assign { users: vec![bob] });
    assert_eq!((done.changed, done.other_lists), (2, 1));
    let first = world.list;
    world.list = other;
    assert_eq!(world.leads()[0].assigned, Some(bob), "the same number on another list");
    world.list = first;
    assert_eq!(dialed(&mut world, 9), [3, 4], "alice dials nobody's leads, not Bob's");
    world.user = bob;
    assert_eq!(dialed(&mut world, 9), [1, 2]);
    // A list that gets the number later knows the owner.
    let third = world.list("third");
    world.import(third, &[row(1), row(30)]);
    world.list = third;
    assert_eq!(world.leads().iter().map(|lead| lead.assigned).collect::<Vec<_>>(), [Some(bob), None]);
    change(&mut world, &leads[..2], &LeadChange::Assign { users: Vec::new() });
    assert_eq!(world.leads()[0].assigned, None);
}

/// S1.6, S1.24: several owners take turns; an import gives its new numbers to users in turn and leaves owned ones alone.
#[test]
fn owners_take_turns() {
    let mut world = World::new(4);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let users = vec![world.user, bob];
    let leads = ids(&world);
    change(&mut world, &leads, &LeadChange::Assign { users: users.clone() });
    let owners: Vec<_> = world.leads().iter().map(|lead| lead.assigned).collect();
    assert_eq!(owners, [Some(world.user), Some(bob), Some(world.user), Some(bob)]);
    let other = world.list("other");
    let start = ImportStart { list: Some(other), source: "x".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    world.stage(import, &[row(1), row(50), row(51)], StagePolicy::default()).unwrap();
    let mut after = Some(0);
    while let Some(position) = after {
        after = world.db.assign_import(import, &users, Actor::default(), position, NOW).unwrap();
    }
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    world.list = other;
    let owners: Vec<_> = world.leads().iter().map(|lead| lead.assigned).collect();
    assert_eq!(owners, [Some(bob), Some(bob), Some(world.user)]);
    // Undone with the import, except what was there before it.
    world.undo(import);
    let left: i64 = world.db.db.query_row("SELECT count(*) FROM assignments", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 4);
}

/// X7, S1.36, S4.5b, D20: a list that is granted to somebody is for them and for supervisors only.
#[test]
fn a_granted_list_is_dialed_by_those_it_is_granted_to() {
    let mut world = World::new(3);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let boss = world.db.ensure_user("boss", "Boss", Role::Supervisor, NOW).unwrap();
    let alice = world.user;
    assert!(world.reader().may_use(world.list, alice).unwrap(), "granted to nobody: open to everybody");
    world.db.grant_list(world.list, &[bob], true, Actor { user: Some(boss), uid: Some(1000) }, NOW).unwrap();
    let step = world.step(None, None, Some(world.spec()));
    let refused = world.db.advance(&step).unwrap_err();
    assert_eq!(refused.code(), "E-LIST-GRANT");
    world.user = boss;
    assert!(world.dial().is_some());
    world.user = bob;
    assert!(world.dial().is_some());
    assert_eq!(world.reader().grants(world.list).unwrap()[0].login, "bob");
    // Disabling keeps the grants.
    world.enable(false);
    assert!(world.dial().is_none());
    assert_eq!(world.reader().grants(world.list).unwrap().len(), 1);
    world.db.grant_list(world.list, &[bob], false, Actor { user: Some(boss), uid: Some(1000) }, NOW).unwrap();
    assert!(world.reader().may_use(world.list, alice).unwrap());
    let nobody = UserId(7);
    assert!(matches!(
        world.db.grant_list(world.list, &[nobody], true, Actor::default(), NOW),
        Err(Error::NotFound { .. })
    ));
}

/// S1.36, S1.37, X7, C10: somebody sees enabled lists that are granted to them or to nobody; who sees own leads only, those with
/// such leads, and with leads of nobody where the project pools them. What is not pooled is not dialed either.
#[test]
fn an_operator_sees_lists_with_leads_to_call() {
    let mut world = World::new(2);
    let alice = world.user;
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let names = |world: &World, user, own| -> Vec<String> {
        world.reader().visible_lists(user, own).unwrap().into_iter().map(|list| list.name).collect()
    };
    world.list("空");
    assert_eq!(names(&world, alice, true), ["リスト"], "nothing is to be called on the other");
    assert_eq!(names(&world, alice, false).len(), 2);
    let lead = ids(&world)[0];
    change(&mut world, &[lead], &LeadChange::Assign { users: vec![bob] });
    let edit = ProjectEdit { pooled: Some(false), ..ProjectEdit::default() };
    world.db.edit_project(world.project, &edit, Actor::default(), NOW).unwrap();
    assert!(names(&world, alice, true).is_empty(), "nobody's leads are nobody's now");
    assert!(world.dial().is_none(), "and are not dialed");
    assert_eq!(names(&world, bob, true), ["リスト"]);
    world.user = bob;
    assert_eq!(world.dial().unwrap().lead, Some(lead));
    world.db.grant_list(world.list, &[alice], true, Actor::default(), NOW).unwrap();
    assert!(names(&world, bob, true).is_empty(), "it is granted to somebody else");
    world.db.grant_list(world.list, &[bob], true, Actor::default(), NOW).unwrap();
    assert_eq!(names(&world, bob, true), ["リスト"]);
    world.enable(false);
    assert!(names(&world, bob, true).is_empty());
    // The plain page narrows in the same way.
    let filter = LeadFilter { assigned: Some(Assigned::ToOrNobody(alice)), ..LeadFilter::default() };
    let query = ListQuery { list: world.list, after: None, limit: 9, filter };
    assert_eq!(world.reader().show_list(&query).unwrap().len(), 1);
}

/// S1.25, S1.26, S1.41: who, when and why stay with an excluded lead; it has its turn again when included.
#[test]
fn excluded_leads_are_not_dialed_and_say_why() {
    let mut world = World::new(3);
    let leads = ids(&world);
    let what = LeadChange::Exclude { reason: Some("取引先".into()) };
    assert_eq!(change(&mut world, &leads[..2], &what).changed, 2);
    assert_eq!(change(&mut world, &leads[..2], &what).changed, 0, "nothing is excluded twice");
    assert_eq!(world.leads()[0].excluded_reason.as_deref(), Some("取引先"));
    let by: (Option<UserId>, Option<i64>) = world
        .db
        .db
        .query_row("SELECT excluded_by, excluded_at FROM leads WHERE id = ?1", [leads[0]], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    assert_eq!(by, (Some(world.user), Some(NOW)));
    assert_eq!(world.reader().list_by_name("リスト").unwrap().excluded, 2);
    assert_eq!(dialed(&mut world, 9), [3]);
    assert_eq!(change(&mut world, &leads[..1], &LeadChange::Include).changed, 1);
    assert_eq!(dialed(&mut world, 9), [1]);
}

/// S1.25: a blank reason is none.
#[test]
fn a_blank_reason_is_none() {
    let mut world = World::new(2);
    let leads = ids(&world);
    for (lead, reason, kept) in [(leads[0], "　 ", None), (leads[1], " 取引先　", Some("取引先"))] {
        change(&mut world, &[lead], &LeadChange::Exclude { reason: Some(reason.into()) });
        assert_eq!(world.lead(Some(lead)).excluded_reason.as_deref(), kept);
    }
}

/// S1.27: deleting leads keeps contacts and calls, and can be taken back; a lead in a call stays.
#[test]
fn deleted_leads_come_back_from_the_bin() {
    let mut world = World::new(4);
    world.call("talked");
    let held = world.dial().unwrap();
    let leads = ids(&world);
    world.now += MINUTE;
    let done = change(&mut world, &leads, &LeadChange::Delete);
    assert_eq!((done.changed, done.held), (3, 1));
    assert_eq!(ids(&world), [held.lead.unwrap()]);
    assert_eq!(world.reader().list_by_name("リスト").unwrap().total, 1);
    let contacts: i64 = world.db.db.query_row("SELECT count(*) FROM contacts", [], |r| r.get(0)).unwrap();
    assert_eq!((contacts, world.reader().bin(world.list).unwrap()), (4, vec![(world.now, 3)]));
    // The number is on the list again meanwhile: its old lead stays in the bin.
    let list = world.list;
    world.import(list, &[row(3)]);
    let deleted_at = world.now;
    let back = restored(&mut world, list, deleted_at);
    assert_eq!((back.changed, back.held), (2, 1));
    let info = world.reader().list_by_name("リスト").unwrap();
    assert_eq!((info.total, info.worked), (4, 1));
    assert!(world.reader().verify(&Default::default()).unwrap().is_empty());
}

/// Brings back what was deleted at a moment.
fn restored(world: &mut World, list: ListId, deleted_at: i64) -> LeadsChanged {
    let (mut back, mut after) = (LeadsChanged::default(), None);
    loop {
        let (done, next) = world.db.restore_leads(list, deleted_at, after).unwrap();
        back += done;
        if next.is_none() {
            return back;
        }
        after = next;
    }
}

/// S1.31-S1.33, S1.40: what was learned of a number while its lead lay in the bin shows on it.
#[test]
fn a_lead_from_the_bin_shows_the_last_call() {
    let mut world = World::new(1);
    let (list, lead) = (world.list, ids(&world)[0]);
    world.call("不通");
    world.now += MINUTE;
    let deleted_at = world.now;
    change(&mut world, &[lead], &LeadChange::Delete);
    world.list = world.list("second");
    let second = world.list;
    world.import(second, &[row(0)]);
    world.now += 60 * MINUTE;
    world.user = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    world.call("クレーム");
    let called = world.leads().remove(0);
    world.list = list;
    assert_eq!(restored(&mut world, list, deleted_at).changed, 1);
    let back = world.lead(Some(lead));
    let shown =
        |lead: LeadRow| (lead.last_status, lead.last_user, lead.last_at, lead.last_kind, lead.last_memo);
    assert_eq!(back.last_user, Some(world.user));
    assert_eq!(back.last_at, Some(world.now));
    assert_eq!(shown(back), shown(called));
}

/// S1.28: a list goes with its leads and comes back with them, unless somebody is in a call of it or took its name.
#[test]
fn a_deleted_list_comes_back() {
    let mut world = World::new(2);
    let claimed = world.dial().unwrap();
    assert_eq!(world.db.delete_list(world.list, Actor::default(), NOW).unwrap_err().code(), "E-LIST-BUSY");
    world.finish(claimed.attempt, "talked");
    world.db.delete_list(world.list, Actor { user: Some(world.user), uid: None }, NOW).unwrap();
    assert!(world.dial().is_none());
    assert_eq!(world.reader().lists().unwrap().len(), 0);
    assert_eq!(world.reader().deleted_lists().unwrap()[0].total, 2);
    let taken = world.list("リスト");
    assert_eq!(
        world.db.restore_list("リスト", None, Actor::default(), NOW).unwrap_err().code(),
        "E-LIST-DUP"
    );
    // Under another name it comes back all the same, and goes again.
    let other = Some("戻した");
    assert_eq!(world.db.restore_list("リスト", other, Actor::default(), NOW).unwrap(), world.list);
    assert_eq!(world.reader().list_by_name("戻した").unwrap().total, 2);
    world.db.delete_list(world.list, Actor::default(), NOW).unwrap();
    let edit = ListEdit { name: Some("別".into()), ..ListEdit::default() };
    world.db.edit_list(taken, &edit, Actor::default(), NOW).unwrap();
    let own = Some("リスト");
    assert_eq!(world.db.restore_list("戻した", own, Actor::default(), NOW).unwrap(), world.list);
    assert_eq!(world.dial().unwrap().position, 2);
    let rows = world.reader().history(&Default::default()).unwrap();
    assert_eq!(rows.len(), 2, "calls were never gone");
}

/// S1.28, S1.5: of several deleted lists of one name none is taken by chance; a list is found by its id, and for its calls whatever
/// became of it.
#[test]
fn deleted_lists_of_one_name_are_told_apart() {
    let mut world = World::new(1);
    let older = world.list;
    let by = Actor::default();
    let refused = |world: &World| world.reader().list_ever("リスト").unwrap_err().code();
    world.db.delete_list(older, by, NOW).unwrap();
    assert_eq!(world.reader().list_ever("リスト").unwrap(), older);
    let newer = world.list("リスト");
    assert_eq!(world.reader().list_ever("リスト").unwrap(), newer, "one that is there comes first");
    world.db.delete_list(newer, by, NOW + 1).unwrap();
    assert_eq!(refused(&world), "E-AMBIGUOUS");
    let error = world.db.restore_list("リスト", None, by, NOW).unwrap_err();
    assert_eq!(error.code(), "E-AMBIGUOUS");
    assert!([older, newer].iter().all(|list| error.ja().contains(&list.to_string())), "{error}");
    assert_eq!(world.db.restore_list(&older.to_string(), None, by, NOW).unwrap(), older);
    assert_eq!(world.reader().list_ever(&newer.to_string()).unwrap(), newer);
    world.db.delete_list(older, by, NOW + 2).unwrap();
    world.empty_bins(NOW + 3);
    assert_eq!(world.reader().list_ever(&older.to_string()).unwrap(), older, "its name stays with its calls");
}

/// S4.53: a project has its caller number; it is deleted when it has no lists, and comes back.
#[test]
fn projects_are_made_changed_deleted_and_brought_back() {
    let mut world = World::new(1);
    let project = world.db.create_project(" 夏 ", Some("03-1234-5678"), Actor::default(), NOW).unwrap();
    assert_eq!((project.name.as_str(), project.caller_id.as_deref()), ("夏", Some("0312345678")));
    assert_eq!(
        world.db.create_project("夏", None, Actor::default(), NOW).unwrap_err().code(),
        "E-PROJECT-DUP"
    );
    assert_eq!(
        world.db.create_project(" ", None, Actor::default(), NOW).unwrap_err().code(),
        "E-REQ-PROJECTNAME"
    );
    assert_eq!(
        world.db.create_project("x", Some("abc"), Actor::default(), NOW).unwrap_err().code(),
        "E-PHONE-INVALID"
    );
    let edit = ProjectEdit { caller_id: Some(Some("06-1234-5678".into())), ..ProjectEdit::default() };
    world.db.edit_project(world.project, &edit, Actor::default(), NOW).unwrap();
    assert_eq!(world.dial().unwrap().caller_id.as_deref(), Some("0612345678"));
    assert_eq!(
        world.db.delete_project(world.project, Actor::default(), NOW).unwrap_err().code(),
        "E-PROJECT-BUSY"
    );
    world.db.delete_project(project.id, Actor::default(), NOW).unwrap();
    assert_eq!(world.reader().project_rows().unwrap().len(), 1);
    assert_eq!(world.db.restore_project("夏", Actor::default(), NOW).unwrap().id, project.id);
    assert_eq!(world.reader().project_by_name("夏").unwrap(), project.id);
    // Of several of one name nobody can know which is meant: they are named, and the identifier says.
    world.db.delete_project(project.id, Actor::default(), NOW + 1).unwrap();
    let later = world.db.create_project("夏", None, Actor::default(), NOW + 2).unwrap().id;
    world.db.delete_project(later, Actor::default(), NOW + 3).unwrap();
    let refused = world.db.restore_project(" 夏 ", Actor::default(), NOW + 4).unwrap_err();
    assert!(
        matches!(&refused, Error::Ambiguous { key, .. } if key.contains(&project.id.to_string())
        && key.contains(&later.to_string())),
        "{refused}"
    );
    let back = world.db.restore_project(&project.id.to_string(), Actor::default(), NOW + 4).unwrap();
    assert_eq!((back.id, back.name.as_str()), (project.id, "夏"));
    assert_eq!(
        world.db.restore_project("夏", Actor::default(), NOW + 5).unwrap_err().code(),
        "E-PROJECT-DUP",
        "the name is taken"
    );
    // As lists and leads, within thirty days.
    world.db.delete_project(project.id, Actor::default(), NOW + 6).unwrap();
    let key = project.id.to_string();
    let late = world.db.restore_project(&key, Actor::default(), NOW + 7 + TRASH_MS).unwrap_err();
    assert!(matches!(&late, Error::NotFound { what: "project in the bin", .. }), "{late}");
    assert_eq!(late.ja(), format!("ごみ箱の案件 {key}"));
    world.db.restore_project(&key, Actor::default(), NOW + 6 + TRASH_MS).unwrap();
}

/// Nobody may begin what the journal says cannot be undone.
#[test]
fn only_committed_imports_are_undone() {
    let mut world = World::new(0);
    let start =
        ImportStart { list: Some(world.list), source: "x.csv".into(), user: Some(world.user), now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let record = |world: &World| world.reader().import(&import.to_string().to_lowercase()).unwrap();
    let refused =
        |world: &World| crate::sqlite::may_undo(&record(world), false).map_err(|error| error.code());
    assert_eq!(refused(&world), Err("E-IMPORT-UNDO"));
    world.stage(import, &[row(1)], StagePolicy::default()).unwrap();
    world
        .db
        .commit_import(
            import,
            &serde_json::json!({ "rows": 1, "attributes": ["備考"] }),
            Actor::default(),
            NOW,
        )
        .unwrap();
    assert_eq!(refused(&world), Ok(()));
    assert_eq!(
        (record(&world).report["rows"].as_i64(), record(&world).login.as_deref()),
        (Some(1), Some("alice"))
    );
    assert_eq!(world.reader().list_by_name("リスト").unwrap().columns, ["備考"]);
    assert_eq!(world.undo(import).removed, 1);
    assert_eq!(refused(&world), Err("E-IMPORT-UNDO"));
    assert!(matches!(world.reader().import("0ZZZ"), Err(Error::NotFound { .. })));
    assert_eq!(Error::from(ListError::Cursor).code(), "E-BAD-REQUEST");
}

/// Where leads stand is read at once, in the order they are asked for; those that are gone are left out.
#[test]
fn where_leads_stand_is_read_at_once() {
    let mut world = World::new(3);
    let second = world.list("second");
    world.import(second, &[row(40)]);
    let leads = ids(&world);
    let assign = LeadChange::Assign { users: vec![world.user] };
    change(&mut world, &leads[..1], &assign);
    change(&mut world, &leads[1..2], &LeadChange::Delete);
    let first = std::mem::replace(&mut world.list, second);
    let other = world.leads()[0].id;
    let places = world.reader().lead_places(&[other, leads[1], leads[2], leads[0]]).unwrap();
    let place = |id, list, assigned| crate::model::LeadPlace { id, list, assigned };
    let wanted =
        [place(other, second, None), place(leads[2], first, None), place(leads[0], first, Some(world.user))];
    assert_eq!(places, wanted);
}

/// X7, S4.5, D20: a project's grant holds for its lists beside their own, for later ones too, and for calls that are of no list.
#[test]
fn a_granted_project_is_used_by_those_it_is_granted_to() {
    let mut world = World::new(1);
    let carol = world.db.ensure_user("carol", "Carol", Role::BackOffice, NOW).unwrap();
    let dave = world.db.ensure_user("dave", "Dave", Role::Business, NOW).unwrap();
    let by = Actor::default();
    world.db.grant_project(world.project, &[carol], true, by, NOW).unwrap();
    let later = world.list("後");
    let may = |world: &World, list, user| world.reader().may_use(list, user).unwrap();
    assert!(may(&world, later, carol) && !may(&world, later, dave));
    world.db.grant_list(later, &[dave], true, by, NOW).unwrap();
    assert!(may(&world, later, carol) && may(&world, later, dave));
    assert!(!may(&world, world.list, dave) && !may(&world, world.list, world.user));
    let call = world.incoming_call(Some("0312345678"));
    world.db.open_incoming(&call).unwrap();
    let seen = |world: &World, user| {
        let query = crate::model::HistoryQuery {
            include_incoming: true,
            granted_to: Some(user),
            ..crate::model::HistoryQuery::default()
        };
        world.reader().history(&query).unwrap().len()
    };
    assert_eq!((seen(&world, carol), seen(&world, dave), seen(&world, world.user)), (1, 0, 1));
    world.db.grant_project(world.project, &[carol], false, by, NOW).unwrap();
    assert_eq!(seen(&world, dave), 1, "granted to nobody is open to everybody");
    assert!(world.reader().project_grants(world.project).unwrap().is_empty());
}
