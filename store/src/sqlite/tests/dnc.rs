//! Do-not-call: scope, evidence, clearing.

use super::*;
use crate::dnc_import::{DncChange, DncStage, DncStart};
use crate::error::Error;
use crate::model::{AuditQuery, DncClear, DncEntry, DncQuery};

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

fn begin(world: &mut World, clear: bool) -> DncStage {
    let start = DncStart { source: "x.csv".into(), clear, by: world.actor(), now: world.now };
    world.db.dnc_begin(&start).unwrap()
}

/// Writes the numbers of some leads, as an import does.
fn write(world: &mut World, stage: DncStage, numbers: std::ops::Range<usize>) -> u64 {
    let change = |number| DncChange {
        phone: phone(number).expose().to_owned(),
        project: None,
        reason: "名簿".into(),
        evidence: None,
    };
    let rows: Vec<DncChange> = numbers.map(change).collect();
    let (mut from, mut changed) = (0, 0);
    while from < rows.len() {
        let (written, more) = world.db.dnc_stage(stage, &rows[from..]).unwrap();
        (from, changed) = (from + written, changed + more);
    }
    changed
}

fn live(world: &World) -> Vec<(String, String)> {
    let rows = world.reader().dnc_entries(&DncQuery { limit: 1000, ..DncQuery::default() }).unwrap();
    rows.into_iter().map(|row| (row.phone, row.reason)).collect()
}

/// S4.27: what a crash leaves of a file is taken back at the next start, added or cleared; nothing of anybody else is touched.
#[test]
fn a_file_that_was_not_finished_is_taken_back() {
    let mut world = World::new(1);
    world.db.dnc_add_all(&[entry(&world, 0, None)]).unwrap();
    let before = live(&world);
    let stage = begin(&mut world, false);
    assert_eq!(write(&mut world, stage, 0..20), 19, "one is there already");
    assert_eq!(live(&world).len(), 20, "they hold at once");
    let by_hand = entry(&world, 30, None);
    world.db.dnc_add_all(&[by_hand]).unwrap();
    world = world.reopen();
    assert_eq!(world.db.recover(NOW + 9).unwrap().imports_undone, 1);
    assert_eq!(
        live(&world),
        [&before[..], &[(phone(30).expose().to_owned(), "希望により".to_owned())]].concat()
    );

    // Whole, and for good.
    let stage = begin(&mut world, false);
    let changed = write(&mut world, stage, 1..4);
    world.db.dnc_commit(stage, 3, 0, changed).unwrap();
    let all = live(&world);
    assert_eq!(all.len(), 5);
    let stage = begin(&mut world, true);
    assert_eq!(write(&mut world, stage, 0..4), 4);
    assert_eq!(live(&world).len(), 1);
    world = world.reopen();
    assert_eq!(world.db.recover(NOW + 9).unwrap().imports_undone, 1);
    assert_eq!(live(&world), all, "all of it holds again");
    assert_eq!(world.db.recover(NOW + 10).unwrap().imports_undone, 0);

    let log = world.reader().audit_log(&AuditQuery::default()).unwrap();
    let imports = log.iter().filter(|row| row.action == "dnc.import" || row.action == "import.undo");
    let actions: Vec<_> = imports.map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["import.undo", "dnc.import", "import.undo"]);
    // It is no import that can be undone: numbers are cleared with a reason.
    let journal = world.reader().imports(None, None, 100).unwrap();
    assert!(journal.iter().all(|import| import.source != "x.csv"));
}

/// Two files at once do not take each other's numbers back.
#[test]
fn two_files_at_once_are_apart() {
    let mut world = World::new(1);
    let (one, two) = (begin(&mut world, false), begin(&mut world, false));
    assert_ne!(one.at, two.at);
    write(&mut world, one, 0..3);
    write(&mut world, two, 3..5);
    let mut after = Some(0);
    while let Some(from) = after {
        after = world.db.dnc_undo(one.import, from, NOW).unwrap();
    }
    world.db.dnc_commit(two, 2, 0, 2).unwrap();
    assert_eq!(live(&world).len(), 2);
    assert_eq!(world.db.dnc_commit(one, 3, 0, 3).unwrap_err().code(), "E-IMPORT-STOPPED");
}
