//! Do-not-call: scope, evidence, clearing.

use super::*;
use crate::error::Error;
use crate::model::{DncClear, DncEntry, DncQuery};

fn entry(world: &World, number: usize, project: Option<ProjectId>) -> DncEntry {
    DncEntry {
        phone: phone(number).national(),
        project,
        reason: "希望により".into(),
        attempt: None,
        evidence: Some("2026-11-01の書面".into()),
        source: "manual".into(),
        by: world.actor(),
        now: world.now,
    }
}

fn clear(world: &World, number: usize, project: Option<ProjectId>, reason: &str) -> DncClear {
    DncClear {
        phone: phone(number).national(),
        project,
        reason: reason.into(),
        by: world.actor(),
        now: world.now + 1,
    }
}

/// X6: per project, one or many, or for the whole company; S4.53: with who, why and on what evidence.
#[test]
fn an_entry_holds_for_a_project_or_for_all_and_says_why() {
    let mut world = World::new(2);
    let project = world.project;
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    let entries = [entry(&world, 0, Some(project)), entry(&world, 0, Some(other)), entry(&world, 1, None)];
    assert_eq!(world.db.dnc_add_all(&entries).unwrap(), 3);
    assert_eq!(world.db.dnc_add_all(&entries).unwrap(), 0, "there already");
    let rows = world.reader().dnc_entries(&DncQuery::default()).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].project_name.as_deref(), rows[0].by_login.as_deref()), (Some("案件"), Some("alice")));
    assert_eq!(rows[2].evidence.as_deref(), Some("2026-11-01の書面"));
    let of_project = DncQuery { project: Some(project), ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&of_project).unwrap().len(), 2, "its own and the company's");
    let page = DncQuery { after: Some(rows[0].id), limit: 1, ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&page).unwrap(), rows[1..2]);
    let one = DncQuery { phone: Some(phone(1).display_national()), ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&one).unwrap(), rows[2..]);
}

/// A bad row in a batch adds none of it; a call named as evidence must exist.
#[test]
fn a_batch_is_added_whole_or_not_at_all() {
    let mut world = World::new(1);
    let mut bad = entry(&world, 0, None);
    bad.phone = "abc".into();
    assert_eq!(world.db.dnc_add_all(&[entry(&world, 0, None), bad]).unwrap_err().code(), "E-PHONE-INVALID");
    let mut evidence = entry(&world, 0, None);
    evidence.attempt = Some(AttemptId(7));
    assert_eq!(world.db.dnc_add_all(&[evidence.clone()]).unwrap_err().code(), "E-NOT-FOUND");
    assert!(world.reader().dnc_entries(&DncQuery::default()).unwrap().is_empty());
    evidence.attempt = Some(world.call("通話済").attempt);
    assert_eq!(world.db.dnc_add_all(&[evidence]).unwrap(), 1);
}

/// X6: cleared with a reason; the row stays and says who, when, why. The lead has its turn again.
#[test]
fn an_entry_is_cleared_with_a_reason_and_never_deleted() {
    let mut world = World::new(1);
    let added = [entry(&world, 0, None)];
    world.db.dnc_add_all(&added).unwrap();
    assert!(world.dial().is_none());
    assert_eq!(world.states(), [LeadState::Skipped]);
    let silent = world.db.dnc_clear_all(&[clear(&world, 0, None, " ")]).unwrap_err();
    assert!(matches!(silent, Error::ReasonRequired));
    let cleared = [clear(&world, 0, None, "本人から再開の依頼")];
    assert_eq!(world.db.dnc_clear_all(&cleared).unwrap(), 1);
    assert_eq!(world.db.dnc_clear_all(&cleared).unwrap(), 0, "nothing left to clear");
    assert!(world.reader().dnc_entries(&DncQuery::default()).unwrap().is_empty());
    let all = DncQuery { include_cleared: true, ..DncQuery::default() };
    let row = world.reader().dnc_entries(&all).unwrap().remove(0);
    assert_eq!(row.revoked_at, Some(NOW + 1));
    assert_eq!(
        (row.revoked_by.as_deref(), row.revoked_reason.as_deref()),
        (Some("alice"), Some("本人から再開の依頼"))
    );
    assert!(world.dial().is_some());
    assert!(world.db.db.execute("DELETE FROM do_not_call", []).is_err(), "not in the database either");
    let audited = world.audited();
    assert!(audited.ends_with(&["dnc.add".to_owned(), "dnc.clear".to_owned()]), "{audited:?}");
}

#[test]
fn clearing_one_project_leaves_the_others() {
    let mut world = World::new(1);
    let project = world.project;
    let entries = [entry(&world, 0, None), entry(&world, 0, Some(project))];
    world.db.dnc_add_all(&entries).unwrap();
    assert_eq!(world.db.dnc_clear_all(&[clear(&world, 0, Some(project), "x")]).unwrap(), 1);
    assert!(world.dial().is_none(), "the company's entry still holds");
}

/// S4.23 for entries: who entered it is named after their account is deleted.
#[test]
fn an_entry_names_a_deleted_user() {
    let mut world = World::new(1);
    let added = [entry(&world, 0, None)];
    world.db.dnc_add_all(&added).unwrap();
    world.db.user_delete(world.user, Actor::default(), NOW).unwrap();
    let row = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0);
    assert_eq!(row.by_login.as_deref(), Some("alice"));
}
