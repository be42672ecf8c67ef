//! Who owns numbers and contacts when what gave them to somebody is taken back.

use serde_json::json;

use super::lists::change;
use super::*;
use crate::model::{ContactQuery, LeadChange, NoteAbout, NoteDraft};

fn begin(world: &mut World, list: Option<ListId>) -> ImportId {
    let start = ImportStart { list, source: "x.csv".into(), user: Some(world.user), now: world.now };
    world.db.begin_import(&start).unwrap()
}

fn commit(world: &mut World, import: ImportId) {
    world.db.commit_import(import, &json!({}), Actor::default(), world.now).unwrap();
}

/// Gives the numbers of a staged import to one user, as `--assign` does.
fn give(world: &mut World, import: ImportId, user: UserId) {
    let mut after = Some(0);
    while let Some(from) = after {
        after = world.db.assign_import(import, &[user], Actor::default(), from, world.now).unwrap();
    }
}

fn owners(world: &World) -> Vec<Option<UserId>> {
    world.leads().iter().map(|lead| lead.assigned).collect()
}

/// S1.13, S1.37: who owns a number by an import owns it no more when that is taken back, on whatever list it stands; who was given
/// it by somebody does.
#[test]
fn an_owner_that_an_import_gave_goes_from_every_list_with_it() {
    let mut world = World::new(3);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let (alice, second) = (world.user, world.list("second"));
    let first: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    change(&mut world, &first[1..2], &LeadChange::Assign { users: vec![alice] });
    let rows: Vec<StagedRow> = [0, 1, 2, 10].map(row).into();
    // Cancelled, and taken back when it was done.
    for committed in [false, true] {
        let import = begin(&mut world, Some(second));
        world.stage(import, &rows, StagePolicy::default()).unwrap();
        give(&mut world, import, bob);
        if committed {
            commit(&mut world, import);
        }
        assert_eq!(owners(&world), [Some(bob), Some(alice), Some(bob)]);
        world.undo(import);
        assert_eq!(owners(&world), [None, Some(alice), None]);
        assert!(world.is_sound());
    }
    // Cut short.
    let import = begin(&mut world, Some(second));
    world.stage(import, &rows, StagePolicy::default()).unwrap();
    give(&mut world, import, bob);
    let mut world = world.reopen();
    world.db.recover(NOW).unwrap();
    assert_eq!(owners(&world), [None, Some(alice), None]);
    // Somebody gave it to the same user since.
    let import = begin(&mut world, Some(second));
    world.stage(import, &rows, StagePolicy::default()).unwrap();
    give(&mut world, import, bob);
    commit(&mut world, import);
    change(&mut world, &first[2..], &LeadChange::Assign { users: vec![bob] });
    world.undo(import);
    assert_eq!(owners(&world), [None, Some(alice), Some(bob)]);
    assert!(world.is_sound());
    assert!(world.dial().is_some_and(|claimed| claimed.lead == Some(first[0])), "it is anybody's");
}

/// Leads that an older version left with an owner are found, and told by the recount until they are mended.
#[test]
fn leads_that_show_another_owner_than_their_number_has_are_found_and_mended() {
    let mut world = World::new(3000);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let leads: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    let alice = world.user;
    change(&mut world, &[leads[1]], &LeadChange::Assign { users: vec![alice] });
    let sql = "UPDATE leads SET assigned_user_id = ?2 WHERE position IN (1, 2, 2999) AND list_id = ?1";
    world.db.db.execute(sql, (world.list, bob)).unwrap();
    let found = world.reader().check(false).unwrap().mismatches;
    assert_eq!((found.len(), found[0].shown, found[0].counted), (1, 3, 0), "{found:?}");
    let (mut mended, mut after, mut steps) = (0, Some(0), 0);
    while let Some(from) = after {
        let (phones, next) = world.reader().owners_astray(from).unwrap();
        mended += world.db.show_owners(&phones).unwrap();
        (after, steps) = (next, steps + 1);
    }
    assert_eq!((mended, steps > 1), (3, true));
    let shown = "SELECT count(assigned_user_id), max(assigned_user_id) FROM leads";
    let shown: (i64, UserId) = world.db.db.query_row(shown, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert_eq!(shown, (1, alice));
    assert!(world.is_sound());
}

/// Alice's contacts 0 and 1, and an import that renames the first and gives the second to bob.
fn book() -> (World, UserId, ImportId) {
    let mut world = World::new(0);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let policy = StagePolicy { leads: false, ..StagePolicy::default() };
    let import = begin(&mut world, None);
    world.stage(import, &[row(0), row(1)], policy).unwrap();
    commit(&mut world, import);
    let import = begin(&mut world, None);
    let renamed = StagedRow { company: Some("改名".into()), ..row(0) };
    let given = StagedRow { owner: Some(Some(bob)), ..row(1) };
    world.stage(import, &[renamed, given], policy).unwrap();
    commit(&mut world, import);
    (world, bob, import)
}

/// Companies and owners of the two contacts.
fn booked(world: &World) -> [(Option<String>, Option<UserId>); 2] {
    [0, 1].map(|number| {
        let contact = world.reader().contact_row(&phone(number).national()).unwrap();
        (contact.company, contact.owner)
    })
}

/// S3.8: what an import did not change of the owner, its undo does not either.
#[test]
fn an_owner_that_an_import_gave_a_contact_goes_with_it() {
    let (mut world, bob, import) = book();
    let alice = world.user;
    assert_eq!(booked(&world), [(Some("改名".into()), Some(alice)), (Some("会社1".into()), Some(bob))]);
    world.undo(import);
    assert_eq!(booked(&world), [0, 1].map(|n| (Some(format!("会社{n}")), Some(alice))));
}

/// S4.23: the contacts of somebody who is deleted stay with who got them, whatever import is taken back afterwards.
#[test]
fn no_contact_goes_back_to_somebody_who_is_deleted() {
    // `old`: as earlier versions kept what was there before, the owner always with it.
    for old in [false, true] {
        let (mut world, bob, import) = book();
        let (alice, carol) =
            (world.user, world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap());
        if old {
            let sql = "UPDATE import_changes SET before = json_set(before, '$.owner', ?1)";
            assert_eq!(world.db.db.execute(sql, [alice.to_string()]).unwrap(), 2);
        }
        world.delete_user(alice, HandOver::To(carol), Actor::default(), NOW).unwrap();
        let undone = world.undo(import);
        assert_eq!((undone.restored, undone.changed_since), (2, 0));
        assert_eq!(
            booked(&world),
            [(Some("会社0".into()), Some(carol)), (Some("会社1".into()), Some(bob))],
            "old: {old}"
        );
        let hers = ContactQuery { owner: Some(alice), ..ContactQuery::default() };
        assert!(world.reader().contacts(&hers).unwrap().is_empty());
    }
}

/// S1.13, S1.28, S4.23: numbers that stand only on lists in the bin are nobody's work, and are let go of with their owner.
#[test]
fn lists_in_the_bin_hold_nobody() {
    let mut world = World::new(2);
    let (alice, first, second) = (world.user, world.list, world.list("second"));
    world.import(second, &[row(0)]);
    let leads: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    let hers = LeadChange::Assign { users: vec![alice] };
    assert_eq!(change(&mut world, &leads, &hers).other_lists, 1);
    world.db.delete_list(second, Actor::default(), NOW).unwrap();
    assert_eq!(change(&mut world, &leads, &hers).other_lists, 0);
    assert_eq!(world.reader().holdings(alice).unwrap(), Holdings { leads: 2, ..Holdings::default() });
    world.db.delete_list(first, Actor::default(), NOW).unwrap();
    assert_eq!(world.reader().holdings(alice).unwrap(), Holdings::default());
    world.delete_user(alice, HandOver::Nothing, Actor::default(), NOW).unwrap();
    for (list, leads) in [("リスト", 2), ("second", 1)] {
        world.list = world.db.restore_list(list, None, Actor::default(), NOW).unwrap();
        assert_eq!(owners(&world), vec![None; leads], "they are not the deleted user's");
    }
    assert!(world.is_sound());
}

/// X7: nor does a list in the bin keep a number from who may not use it.
#[test]
fn lists_in_the_bin_keep_no_notes() {
    let mut world = World::new(1);
    let bob = world.db.ensure_user("bob", "Bob", Role::BackOffice, NOW).unwrap();
    let (list, alice) = (world.list, world.user);
    world.db.grant_list(list, &[alice], true, Actor::default(), NOW).unwrap();
    let by = Actor { user: Some(bob), uid: None };
    let about = NoteAbout::Number(phone(0).national());
    let note = NoteDraft { about, granted_to: Some(bob), text: "折り返しあり".into(), by, now: NOW };
    assert_eq!(world.db.note_add(&note).unwrap_err().code(), "E-LIST-GRANT");
    world.db.delete_list(list, Actor::default(), NOW).unwrap();
    world.db.note_add(&note).unwrap();
}
